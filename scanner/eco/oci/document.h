/* Documents of registries as artifacts: manifests, indexes, configurations, "{}" and statements
 * about builds, by profile.
 *
 * Members are what a document names by digest: path = the digest as it is written, size = as it is
 * stated. Manifest and index: each descriptor, in the order of ch_oci_manifest_read. Configuration:
 * each of rootfs.diff_ids (no size: 0). Statement: each subject (no size: 0). "{}": none. One that
 * is by sha512 is of type OTHER, as it has no SHA-256.
 *
 * The two opinions share no JSON reader: the first is jansson's, the second yajl's. */
#ifndef CH_SCANNER_OCI_DOCUMENT_H
#define CH_SCANNER_OCI_DOCUMENT_H

#include "customhouse/inspector.h"

enum ch_oci_document {
    CH_OCI_DOCUMENT_NONE = 0,
    CH_OCI_DOCUMENT_MANIFEST,  /* profile "oci-manifest" */
    CH_OCI_DOCUMENT_INDEX,     /* "oci-index" */
    CH_OCI_DOCUMENT_EMPTY,     /* "oci-empty" */
    CH_OCI_DOCUMENT_CONFIG,    /* "oci-config" */
    CH_OCI_DOCUMENT_STATEMENT, /* "oci-statement" */
};
enum ch_oci_document ch_oci_document_of(struct ch_str profile);

/* Writes MEMBER, FINDING and FACT: "platform" ("linux/arm64/v8"), "predicate-type", of an
 * index "child" ("sha256:HEX linux/arm64/v8", "sha256:HEX windows(VERSION+FEATURE)/amd64"), each in its order
 * (as ch_oci_put_platform has them); of what refers to something else "subject", "artifact-type"
 * and "annotation" ("KEY", line feed, value).
 * CH_E_UNSUPPORTED: another profile. */
ch_inspect_fn ch_oci_document_inspect;
ch_inspect_fn ch_oci_document_second;

/* Before a jail: a library would otherwise ask the system for a seed. */
void ch_oci_document_warm_up(void);

#endif
