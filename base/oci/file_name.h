/* What a part of an image is called where files have names: "sha256-HEX" and an ending that says
 * what kind of document it is, as a registry says it by its media type. Pure, allocates nothing.
 *
 * The name is all that is kept of the media type: whoever serves the bytes says it again from here
 * (ch_oci_file_media_type), so that no two places can differ about it. */
#ifndef CH_BASE_OCI_FILE_NAME_H
#define CH_BASE_OCI_FILE_NAME_H

#include "customhouse/digest.h"

enum ch_oci_file_kind {
    CH_OCI_FILE_BLOB = 0, /* of a type that nothing is known of, or a layer from elsewhere */
    CH_OCI_FILE_OCI_MANIFEST,
    CH_OCI_FILE_DOCKER_MANIFEST,
    CH_OCI_FILE_OCI_INDEX,
    CH_OCI_FILE_DOCKER_LIST,
    CH_OCI_FILE_CONFIG,
    CH_OCI_FILE_EMPTY, /* "{}" */
    CH_OCI_FILE_LAYER,
    CH_OCI_FILE_LAYER_GZIP,
    CH_OCI_FILE_LAYER_ZSTD,
    CH_OCI_FILE_IN_TOTO,
    CH_OCI_FILE_SIGNATURE, /* a manifest that is somebody's signature or attestation: never had
                              (T23) */
    CH_OCI_FILE_KIND_COUNT
};

/* Of a descriptor's media type, as it is written. */
enum ch_oci_file_kind ch_oci_file_kind_of(struct ch_str media_type);
/* As a registry names it in Content-Type; NULL: of a blob, which has none of its own. */
const char *ch_oci_file_media_type(enum ch_oci_file_kind kind);
const char *ch_oci_file_ending(enum ch_oci_file_kind kind); /* ".layer.tar.gz" */
/* Stands under "manifests/", not under "blobs/". */
bool ch_oci_file_is_manifest(enum ch_oci_file_kind kind);

/* "sha256-HEX.layer.tar.gz", appended. */
void ch_oci_file_name_put(struct ch_buf *b, const struct ch_sha256 *sha256,
                          enum ch_oci_file_kind kind);
/* False: it is no such name. Digits are in lower case. */
bool ch_oci_file_name_parse(struct ch_str name, struct ch_sha256 *ret,
                            enum ch_oci_file_kind *ret_kind) CH_MUST_CHECK;

#endif
