/* Target: ch_sbom_read_package, ch_cyclonedx_put, ch_spdx_put. Each line is a fact of a layer; the
 * first one is name, licence and what the image's distribution is called. */
#include <stdint.h>
#include <stdlib.h>

#include <jansson.h>

#include "db/sbom/sbom.h"

#define PACKAGES_MAX 200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make(void (*put)(struct ch_buf *b, struct ch_sbom *s), struct ch_sbom *s)
{
    struct ch_buf b, again;
    struct ch_err err;
    ch_buf_init(&b, 16u << 20);
    ch_buf_init(&again, 16u << 20);
    put(&b, s);
    if (ch_buf_ok(&b, &err) == CH_OK) {
        json_t *doc = json_loadb(b.ptr, b.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        CH_ASSERT(doc != NULL);
        json_decref(doc);
        put(&again, s);
        CH_ASSERT(ch_str_eq(ch_buf_str(&b), ch_buf_str(&again)));
    }
    ch_buf_done(&b);
    ch_buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ch_sbom_component components[PACKAGES_MAX];
    struct ch_sbom_layer layers[2] = {{.size_bytes = 1}, {.size_bytes = CH_SIZE_UNKNOWN}};
    struct ch_str rest = {(const char *)data, size}, line;
    struct ch_buf texts;
    size_t count = 0;
    ch_buf_init(&texts, size + 1);
    CH_ASSERT(ch_buf_reserve(&texts, size + 1) != NULL);
    struct ch_str head = {NULL, 0};
    CH_IGNORE(!ch_str_split(&rest, '\n', &head));
    while (count < PACKAGES_MAX && ch_str_split(&rest, '\n', &line)) {
        if (ch_sbom_read_package(line, &texts, &components[count])) {
            components[count].layer = count % 2;
            count++;
        }
    }
    struct ch_sbom s = {.image = size % 2 == 0,
                        .type = "oci",
                        .name = head,
                        .licence = head,
                        .stated_licence = head,
                        .distribution = head,
                        .origin = CH_STR("https://gw.example"),
                        .layers = layers,
                        .layer_count = 2,
                        .components = components,
                        .component_count = count};
    make(ch_cyclonedx_put, &s);
    make(ch_spdx_put, &s);
    ch_buf_done(&texts);
    return 0;
}
