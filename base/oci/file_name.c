#include "base/oci/file_name.h"

#include "base/oci/media_type.h"

#define PREFIX "sha256-"

static const struct {
    const char *ending;
    const char *media_type;
} kinds[CH_OCI_FILE_KIND_COUNT] = {
    [CH_OCI_FILE_BLOB] = {".blob", NULL},
    [CH_OCI_FILE_OCI_MANIFEST] = {".oci-manifest.json",
                                  "application/vnd.oci.image.manifest.v1+json"},
    [CH_OCI_FILE_DOCKER_MANIFEST] = {".docker-manifest.json",
                                     "application/vnd.docker.distribution.manifest.v2+json"},
    [CH_OCI_FILE_OCI_INDEX] = {".oci-index.json", "application/vnd.oci.image.index.v1+json"},
    [CH_OCI_FILE_DOCKER_LIST] = {".docker-list.json",
                                 "application/vnd.docker.distribution.manifest.list.v2+json"},
    [CH_OCI_FILE_CONFIG] = {".config.json", NULL},
    [CH_OCI_FILE_EMPTY] = {".empty.json", NULL},
    [CH_OCI_FILE_LAYER] = {".layer.tar", NULL},
    [CH_OCI_FILE_LAYER_GZIP] = {".layer.tar.gz", NULL},
    [CH_OCI_FILE_LAYER_ZSTD] = {".layer.tar.zst", NULL},
    [CH_OCI_FILE_IN_TOTO] = {".in-toto.json", NULL},
    [CH_OCI_FILE_SIGNATURE] = {".signature.json", NULL},
};

enum ch_oci_file_kind ch_oci_file_kind_of(struct ch_str media_type)
{
    for (int i = 0; i < CH_OCI_FILE_KIND_COUNT; i++) {
        if (kinds[i].media_type != NULL && ch_str_eq(media_type, ch_str_of(kinds[i].media_type))) {
            return (enum ch_oci_file_kind)i;
        }
    }
    switch (ch_oci_type_of(media_type)) {
    case CH_OCI_CONFIG:
        return CH_OCI_FILE_CONFIG;
    case CH_OCI_EMPTY:
        return CH_OCI_FILE_EMPTY;
    case CH_OCI_LAYER:
        return CH_OCI_FILE_LAYER;
    case CH_OCI_LAYER_GZIP:
        return CH_OCI_FILE_LAYER_GZIP;
    case CH_OCI_LAYER_ZSTD:
        return CH_OCI_FILE_LAYER_ZSTD;
    case CH_OCI_IN_TOTO:
        return CH_OCI_FILE_IN_TOTO;
    case CH_OCI_OTHER:
    case CH_OCI_INDEX:
    case CH_OCI_MANIFEST:
    case CH_OCI_SCHEMA1:
    case CH_OCI_LAYER_FOREIGN:
        break;
    }
    return CH_OCI_FILE_BLOB;
}

const char *ch_oci_file_media_type(enum ch_oci_file_kind kind)
{
    return kinds[kind].media_type;
}

const char *ch_oci_file_ending(enum ch_oci_file_kind kind)
{
    return kinds[kind].ending;
}

bool ch_oci_file_is_manifest(enum ch_oci_file_kind kind)
{
    return kinds[kind].media_type != NULL || kind == CH_OCI_FILE_SIGNATURE;
}

void ch_oci_file_name_put(struct ch_buf *b, const struct ch_sha256 *sha256,
                          enum ch_oci_file_kind kind)
{
    ch_buf_puts(b, CH_STR(PREFIX));
    ch_buf_put_hex(b, sha256->byte, CH_SHA256_BYTES);
    ch_buf_puts(b, ch_str_of(kinds[kind].ending));
}

bool ch_oci_file_name_parse(struct ch_str name, struct ch_sha256 *ret,
                            enum ch_oci_file_kind *ret_kind)
{
    const struct ch_str prefix = CH_STR(PREFIX);
    size_t digits_end = prefix.len + CH_SHA256_HEX;
    if (name.len <= digits_end || !ch_str_starts(name, prefix) ||
        !ch_sha256_from_hex(ch_str_sub(name, prefix.len, CH_SHA256_HEX), ret)) {
        return false;
    }
    struct ch_str ending = ch_str_sub(name, digits_end, name.len);
    for (int i = 0; i < CH_OCI_FILE_KIND_COUNT; i++) {
        if (ch_str_eq(ending, ch_str_of(kinds[i].ending))) {
            *ret_kind = (enum ch_oci_file_kind)i;
            return true;
        }
    }
    return false;
}
