#include "images_house.h"

#include <stdio.h>

#define INDEX_TYPE "application/vnd.oci.image.index.v1+json"

struct house *images_house_with(const char *config)
{
    struct house *h = house_new_with(NULL, config);
    h->asked = "img";
    return h;
}

struct house *images_house(void)
{
    return images_house_with(IMAGES_CONFIG);
}

static void put_digest(char ret[80], const char *bytes)
{
    char hex[CH_SHA256_HEX + 1];
    snprintf(ret, 80, "sha256:%s", house_hex(bytes, hex));
}

/* Its name and a line of the page, and the bytes where it says that they are. */
static void add_file(struct house *h, struct images_image *m, int file, const char *bytes,
                     const char *ending, struct ch_buf *text)
{
    char hex[CH_SHA256_HEX + 1], url[256];
    size_t length = file == 2 && m->layer_size > 0 ? m->layer_size : strlen(bytes);
    snprintf(m->file[file], sizeof(m->file[file]), "sha256-%s%s", house_hex(bytes, hex), ending);
    snprintf(url, sizeof(url), FILE_URL("%s"), m->file[file]);
    house_site(h, url, 200, "application/octet-stream", bytes);
    ch_buf_printf(text, "%s %s %zu - of:" IMAGES_NAME "=%s\n", m->file[file], hex, length,
                  m->digest);
}

static void set_page(struct house *h, const char *host, const char *reference, const char *type,
                     const struct ch_buf *text)
{
    char url[256], page[2000];
    snprintf(url, sizeof(url), "https://%s/v2/" IMAGES_NAME "/manifests/%s", host, reference);
    snprintf(page, sizeof(page), "%.*s", CH_STR_ARG(ch_buf_str(text)));
    house_site(h, url, 200, type, page);
}

void images_set_at(struct house *h, struct images_image *m, const char *tag, const char *host)
{
    bool index = m->config == NULL;
    const char *type = index ? INDEX_TYPE : IMAGES_MANIFEST_TYPE;
    const char *ending = m->ending != NULL ? m->ending
                         : index           ? ".oci-index.json"
                                           : ".oci-manifest.json";
    struct ch_buf text;
    ch_buf_init(&text, 2000);
    put_digest(m->digest, m->manifest);
    snprintf(m->page, sizeof(m->page), IMAGES_NAME "@%s", m->digest);
    add_file(h, m, 0, m->manifest, ending, &text);
    set_page(h, host, tag, type, &text); /* of a tag the document alone */
    if (!index) {
        put_digest(m->layer_digest, m->layer);
        put_digest(m->config_digest, m->config);
        add_file(h, m, 1, m->config, ".config.json", &text);
        add_file(h, m, 2, m->layer, m->layer_ending != NULL ? m->layer_ending : ".layer.tar.gz",
                 &text);
    }
    set_page(h, host, m->digest, type, &text);
    ch_buf_done(&text);
}

void images_set(struct house *h, struct images_image *m, const char *tag)
{
    images_set_at(h, m, tag, "up.example.org");
}

void images_ask_tag(struct house *h, const char *tag)
{
    char page[100];
    snprintf(page, sizeof(page), IMAGES_NAME ":%s", tag);
    h->any_page = false;
    house_ask_file(h, page, "manifest");
}

void images_ask(struct house *h, const struct images_image *m)
{
    images_ask_manifest(h, m->digest);
}

void images_ask_part(struct house *h, const struct images_image *m, enum ch_part part)
{
    h->any_page = false;
    house_ask_part(h, m->page, m->digest, part, 8000);
}

void images_ask_blob(struct house *h, const char *digest)
{
    h->any_page = true;
    house_ask_file(h, IMAGES_NAME, digest);
}

void images_ask_manifest(struct house *h, const char *digest)
{
    char page[128];
    snprintf(page, sizeof(page), IMAGES_NAME "@%s", digest);
    h->any_page = false;
    house_ask_file(h, page, digest);
}

void images_refused(const struct house *h, enum ch_verdict verdict, const char *rule)
{
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(h->file.refusal.verdict, verdict);
    assert_str_eq(h->file.refusal.rule, rule);
}

void images_refresh(struct house *h, const char *page)
{
    struct page *p = page_get(h->k, CH_STR("img"), ch_str_of(page));
    p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
}
