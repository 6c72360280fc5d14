/* A manifest or an index of a registry: what it names by digest, and whether every client reads it
 * alike. Pure; allocates.
 *
 * Spec: OCI image 1.1, "Image Manifest", "Image Index", "Descriptors"; Docker's schema 2. Rules:
 * T18 (layers and manifests at once, mediaType, data, tables of contents). One without mediaType,
 * as OCI image 1.0 has them, is what the registry says of it, where nothing in it could be taken
 * for something else. The bytes are read, never written anew: their digest is what everything else
 * hangs on. */
#ifndef CH_SCANNER_OCI_MANIFEST_H
#define CH_SCANNER_OCI_MANIFEST_H

#include "base/oci/media_type.h"
#include "base/oci/reference.h"
#include "customhouse/scan.h"

enum ch_oci_role {
    CH_OCI_ROLE_CONFIG = 1,
    CH_OCI_ROLE_LAYER,
    CH_OCI_ROLE_CHILD,   /* of an index */
    CH_OCI_ROLE_SUBJECT, /* what the whole is about, which may be nowhere */
};

/* Texts are those of the document: borrowed from it. */
struct ch_oci_descriptor {
    enum ch_oci_role role;
    enum ch_oci_type type;
    struct ch_str media_type;    /* never empty */
    struct ch_str artifact_type; /* absent: none */
    struct ch_oci_digest digest;
    uint64_t size_bytes;
    /* Of a CHILD; absent where the index has none. Without a platform it is for any, and with one
     * that says nothing ("{}") for none: no client takes that. */
    bool has_platform;
    struct ch_str os;
    struct ch_str architecture;
    struct ch_str variant;
    char *os_options; /* os.version and os.features as containerd's FormatAll has them,
                       * "10.0.17763.1+win32k"; NULL: none */
};

struct ch_oci_manifest {
    enum ch_oci_type type;          /* INDEX, MANIFEST; or SCHEMA1, of which nothing else is read */
    struct ch_str artifact_type;    /* absent: none */
    struct ch_oci_descriptor *list; /* configuration, layers or children in their order, subject */
    size_t count;
    void *document; /* holds the texts */
};

/* `media_type` is what the registry says of it (Content-Type, or the descriptor that led here).
 * Writes what is wrong with it as FINDING to `out`: oci-... . True: it was read, and *ret, which
 * has to be done, holds all that it names; false: it was not, and a finding says why. */
bool ch_oci_manifest_read(struct ch_str bytes, struct ch_str media_type, struct ch_scan_writer *out,
                          struct ch_oci_manifest *ret) CH_MUST_CHECK;
void ch_oci_manifest_done(struct ch_oci_manifest *m); /* accepts zeroed memory */

/* "linux/arm64/v8", "windows(10.0.17763.1+win32k)/amd64": `os_options` as in the descriptor. What
 * could be taken for what stands around it is escaped, as containerd does it with versions and
 * features: an architecture "amd64/v1", which no node takes for amd64, is none here either (T19).
 */
void ch_oci_put_platform(struct ch_buf *b, struct ch_str os, const char *os_options,
                         struct ch_str architecture, struct ch_str variant);

#endif
