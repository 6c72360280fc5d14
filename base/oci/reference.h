/* Names, tags and digests of OCI registries. Pure, allocates nothing.
 *
 * Spec: OCI distribution 1.1, "Pulling manifests" (<name>, <reference>); OCI image 1.1, "Digests".
 * A text is taken as it is or not at all: nothing is decoded, folded or trimmed, since two
 * spellings of one image would be two decisions (T24). */
#ifndef CH_BASE_OCI_REFERENCE_H
#define CH_BASE_OCI_REFERENCE_H

#include "customhouse/digest.h"

#define CH_OCI_NAME_MAX   255 /* clients count their registry's host in; so many bytes without it */
#define CH_OCI_TAG_MAX    128
#define CH_OCI_DIGEST_MAX 135 /* "sha512:" and 128 digits */

/* "dotnet/sdk": parts of [a-z0-9]+, joined inside by '.', '_', "__" or any number of '-', separated
 * by '/'. */
bool ch_oci_is_name(struct ch_str text);
/* [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127} */
bool ch_oci_is_tag(struct ch_str text);

/* By which a registry knows bytes. Only sha256 identifies here; sha512 is an alias of it (T15). */
struct ch_oci_digest {
    struct ch_sha256 sha256; /* zero: it is by the alias */
    struct ch_alias alias;   /* sha512; NONE: it is by sha256 */
};
/* "sha256:" and 64 digits in lower case, or "sha512:" and 128. CH_E_UNSUPPORTED: well formed, of
 * another algorithm. CH_E_FORMAT: no digest; the text says what was expected. */
enum ch_code ch_oci_digest_parse(struct ch_str text, struct ch_oci_digest *ret,
                                 struct ch_err *err) CH_MUST_CHECK;
void ch_oci_digest_put(struct ch_buf *b, const struct ch_oci_digest *d);
bool ch_oci_digest_eq(const struct ch_oci_digest *a, const struct ch_oci_digest *b);
/* Whether the bytes are those. CH_E_MISMATCH: they are not; the text has both digests. */
enum ch_code ch_oci_digest_check(const struct ch_oci_digest *d, struct ch_str bytes,
                                 struct ch_err *err) CH_MUST_CHECK;

/* What a path says after "manifests/": a digest where there is a colon, else a tag. */
struct ch_oci_reference {
    struct ch_str tag; /* absent: it is by digest */
    struct ch_oci_digest digest;
};
enum ch_code ch_oci_reference_parse(struct ch_str text, struct ch_oci_reference *ret,
                                    struct ch_err *err) CH_MUST_CHECK;

/* The tag under which clients look for what refers to a digest, where a registry has no referrers:
 * algorithm, '-', at most 64 digits (distribution 1.1, "Referrers Tag Schema"). Appended. */
void ch_oci_referrer_tag_put(struct ch_buf *b, const struct ch_oci_digest *subject);
/* Whether a tag is one of these, or has a '.' and more behind it, as cosign writes signatures
 * (".sig", ".att", ".sbom"; trust.md 1.1): nobody but the keeper writes those (T23). */
bool ch_oci_is_referrer_tag(struct ch_str tag);

#endif
