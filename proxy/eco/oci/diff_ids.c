#include "diff_ids.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/oci/file_name.h"

#define NONE SIZE_MAX

static bool kind_of(const struct ch_parts *w, size_t file, struct ch_sha256 *ret_sha256,
                    enum ch_oci_file_kind *ret)
{
    return ch_oci_file_name_parse(w->file_name(w->ctx, file), ret_sha256, ret);
}

/* The first file of such a kind. */
static size_t find(const struct ch_parts *w, bool (*is)(enum ch_oci_file_kind kind))
{
    for (size_t i = 0; i < w->count; i++) {
        struct ch_sha256 sha256;
        enum ch_oci_file_kind kind;
        if (kind_of(w, i, &sha256, &kind) && is(kind)) {
            return i;
        }
    }
    return NONE;
}

static bool is_config(enum ch_oci_file_kind kind)
{
    return kind == CH_OCI_FILE_CONFIG;
}

static bool is_layer(enum ch_oci_file_kind kind)
{
    return kind == CH_OCI_FILE_LAYER || kind == CH_OCI_FILE_LAYER_GZIP ||
           kind == CH_OCI_FILE_LAYER_ZSTD;
}

/* The next fact of this name from *at on, which moves past it. */
static bool next(const struct ch_fact *facts, size_t count, struct ch_str name, size_t *at,
                 struct ch_str *ret)
{
    while (*at < count) {
        const struct ch_fact *f = &facts[(*at)++];
        if (ch_str_eq(f->name, name)) {
            *ret = f->value;
            return true;
        }
    }
    return false;
}

static size_t count_of(const struct ch_fact *facts, size_t count, struct ch_str name)
{
    size_t at = 0, n = 0;
    struct ch_str value;
    while (next(facts, count, name, &at, &value)) {
        n++;
    }
    return n;
}

static void differs(ch_differs_fn *fn, void *arg, const char *fmt, ...) CH_PRINTF(3, 4);
static void differs(ch_differs_fn *fn, void *arg, const char *fmt, ...)
{
    char text[200];
    va_list va;
    va_start(va, fmt);
    CH_ASSERT(vsnprintf(text, sizeof(text), fmt, va) >= 0);
    va_end(va);
    fn(arg, CH_F_OCI_DIFF_ID, ch_str_of(text));
}

/* At each place that the manifest has it; said once. */
static void compare_layer(const struct ch_parts *w, size_t layer, const struct ch_fact *manifest,
                          size_t manifest_count, const struct ch_fact *config, size_t config_count,
                          ch_differs_fn *fn, void *arg)
{
    const struct ch_str name = CH_STR("diff-id");
    struct ch_sha256 sha256;
    enum ch_oci_file_kind kind;
    char hex[CH_SHA256_HEX + 1];
    size_t count = 0, at = 0, m = 0, c = 0;
    const struct ch_fact *facts = w->facts(w->ctx, layer, &count);
    struct ch_str own, digest, stated;
    if (facts == NULL || !next(facts, count, name, &at, &own) ||
        !kind_of(w, layer, &sha256, &kind)) {
        return; /* what it unpacks to is not known: other findings hold it */
    }
    ch_sha256_hex(&sha256, hex);
    for (size_t place = 1; next(manifest, manifest_count, CH_STR("layer"), &m, &digest) &&
                           next(config, config_count, name, &c, &stated);
         place++) {
        if (!ch_str_starts(digest, CH_STR("sha256:"))) { /* which one it is nobody has said */
            differs(fn, arg, "layer %zu is named by no digest that is known", place);
            return;
        }
        if (ch_str_ends(digest, ch_str_of(hex)) && !ch_str_eq(own, stated)) {
            differs(fn, arg, "layer %zu is %.*s there", place,
                    CH_STR_ARG(ch_str_sub(stated, 0, 140)));
            return;
        }
    }
}

void oci_compare_parts(const struct ch_parts *w, size_t file, ch_differs_fn *fn, void *arg)
{
    struct ch_sha256 sha256;
    enum ch_oci_file_kind kind;
    size_t manifest = find(w, ch_oci_file_is_manifest), config = find(w, is_config);
    if (manifest == NONE || config == NONE || !kind_of(w, file, &sha256, &kind) ||
        (file != config && !is_layer(kind))) {
        return;
    }
    size_t manifest_count = 0, config_count = 0;
    const struct ch_fact *of_manifest = w->facts(w->ctx, manifest, &manifest_count);
    const struct ch_fact *of_config = w->facts(w->ctx, config, &config_count);
    if (of_manifest == NULL || of_config == NULL) {
        return; /* compared once they are inspected */
    }
    if (file != config) {
        compare_layer(w, file, of_manifest, manifest_count, of_config, config_count, fn, arg);
        return;
    }
    size_t layers = count_of(of_manifest, manifest_count, CH_STR("layer"));
    size_t stated = count_of(of_config, config_count, CH_STR("diff-id"));
    if (layers != stated) {
        differs(fn, arg, "%zu layers, the manifest has %zu", stated, layers);
    }
}
