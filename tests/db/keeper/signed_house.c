#include "signed_house.h"

#include <stdio.h>

#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define INDEX_TYPE    "application/vnd.oci.image.index.v1+json"

struct house *images_house(void)
{
    struct house *h = house_new_with(NULL, IMAGES_CONFIG);
    h->asked = "img";
    return h;
}

static void put_digest(char ret[80], const char *bytes)
{
    char hex[CH_SHA256_HEX + 1];
    snprintf(ret, 80, "sha256:%s", house_hex(bytes, hex));
}

/* A line of the page, and the bytes where it says that they are. */
static size_t add_file(struct house *h, const struct images_image *m, const char *bytes,
                       const char *ending, char *text, size_t size)
{
    char hex[CH_SHA256_HEX + 1], url[256], name[128];
    snprintf(name, sizeof(name), "sha256-%s%s", house_hex(bytes, hex), ending);
    snprintf(url, sizeof(url), FILE_URL("%s"), name);
    house_site(h, url, 200, "application/octet-stream", bytes);
    return (size_t)snprintf(text, size, "%s %s %zu - of:" IMAGES_NAME "=%s\n", name, hex,
                            strlen(bytes), m->digest);
}

void images_set(struct house *h, struct images_image *m, const char *tag)
{
    bool index = m->config == NULL;
    const char *type = index ? INDEX_TYPE : MANIFEST_TYPE;
    const char *ending = m->ending != NULL ? m->ending
                         : index           ? ".oci-index.json"
                                           : ".oci-manifest.json";
    char url[256], text[2000];
    put_digest(m->digest, m->manifest);
    snprintf(m->page, sizeof(m->page), IMAGES_NAME "@%s", m->digest);
    size_t n = add_file(h, m, m->manifest, ending, text, sizeof(text));
    snprintf(url, sizeof(url), "https://up.example.org/v2/" IMAGES_NAME "/manifests/%s", tag);
    house_site(h, url, 200, type, text);
    if (!index) {
        put_digest(m->layer_digest, m->layer);
        put_digest(m->config_digest, m->config);
        n += add_file(h, m, m->config, ".config.json", text + n, sizeof(text) - n);
        add_file(h, m, m->layer, ".layer.tar.gz", text + n, sizeof(text) - n);
    }
    snprintf(url, sizeof(url), "https://up.example.org/v2/" IMAGES_NAME "/manifests/%s", m->digest);
    house_site(h, url, 200, type, text);
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
