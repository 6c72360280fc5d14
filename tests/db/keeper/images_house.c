#include "images_house.h"

#include <stdio.h>

static void put_file(char ret[128], const char *bytes, const char *ending)
{
    char hex[CH_SHA256_HEX + 1];
    snprintf(ret, 128, "sha256-%s%s", house_hex(bytes, hex), ending);
}

static size_t put_line(char *text, size_t size, const struct image *m, int file, const char *bytes)
{
    char hex[CH_SHA256_HEX + 1];
    size_t length = file == 2 && m->layer_size > 0 ? m->layer_size : strlen(bytes);
    return (size_t)snprintf(text, size, "%s %s %zu - of:" NAME "=%s\n", m->file[file],
                            house_hex(bytes, hex), length, m->digest);
}

static void set_bytes(struct house *h, const struct image *m, int file, const char *bytes)
{
    char url[256];
    snprintf(url, sizeof(url), FILE_URL("%s"), m->file[file]);
    house_site(h, url, 200, "application/octet-stream", bytes);
}

void set_image_at(struct house *h, struct image *m, const char *tag, const char *host)
{
    char hex[CH_SHA256_HEX + 1], url[256], text[2000];
    snprintf(m->digest, sizeof(m->digest), "sha256:%s", house_hex(m->manifest, hex));
    snprintf(m->page, sizeof(m->page), NAME "@%s", m->digest);
    snprintf(m->layer_digest, sizeof(m->layer_digest), "sha256:%s", house_hex(m->layer, hex));
    snprintf(m->config_digest, sizeof(m->config_digest), "sha256:%s", house_hex(m->config, hex));
    put_file(m->file[0], m->manifest, ".oci-manifest.json");
    put_file(m->file[1], m->config, ".config.json");
    put_file(m->file[2], m->layer, ".layer.tar.gz");
    size_t n = put_line(text, sizeof(text), m, 0, m->manifest);
    snprintf(url, sizeof(url), "https://%s/v2/" NAME "/manifests/%s", host, tag);
    house_site(h, url, 200, MANIFEST_TYPE, text);
    n += put_line(text + n, sizeof(text) - n, m, 1, m->config);
    put_line(text + n, sizeof(text) - n, m, 2, m->layer);
    snprintf(url, sizeof(url), "https://%s/v2/" NAME "/manifests/%s", host, m->digest);
    house_site(h, url, 200, MANIFEST_TYPE, text);
    set_bytes(h, m, 0, m->manifest);
    set_bytes(h, m, 1, m->config);
    set_bytes(h, m, 2, m->layer);
}

void set_image(struct house *h, struct image *m, const char *tag)
{
    set_image_at(h, m, tag, "up.example.org");
}

struct house *new_house(void)
{
    struct house *h = house_new_with(NULL, IMAGES_CONFIG);
    h->asked = "img";
    return h;
}

void ask_tag(struct house *h, const char *tag)
{
    char page[100];
    snprintf(page, sizeof(page), NAME ":%s", tag);
    h->any_page = false;
    house_ask_file(h, page, "manifest");
}

void ask_manifest(struct house *h, const struct image *m)
{
    h->any_page = false;
    house_ask_file(h, m->page, m->digest);
}

void ask_blob(struct house *h, const char *digest)
{
    h->any_page = true;
    house_ask_file(h, NAME, digest);
}

void assert_refused(const struct house *h, enum ch_verdict verdict, const char *rule)
{
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(h->file.refusal.verdict, verdict);
    assert_str_eq(h->file.refusal.rule, rule);
}

void image_refresh(struct house *h, const char *page)
{
    struct page *p = page_get(h->k, CH_STR("img"), ch_str_of(page));
    p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
}
