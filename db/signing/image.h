/* What is said of an image, and the documents by which a registry has that: what cosign 2 looks for
 * under a tag (a payload, its signature in a manifest), and what cosign 3 finds as a referrer (a
 * Sigstore bundle in a manifest). Pure: the same input gives the same bytes.
 *
 * Spec: sigstore/cosign specs/SIGNATURE_SPEC.md and BUNDLE_SPEC.md; OCI image 1.1, "Image Manifest"
 * (artifactType, subject) and distribution 1.1, "Listing Referrers"; in-toto/attestation,
 * spec/predicates/test-result.md. */
#ifndef CUSTOMHOUSE_SIGNING_IMAGE_H
#define CUSTOMHOUSE_SIGNING_IMAGE_H

#include "customhouse/bytes.h"
#include "customhouse/digest.h"

#define CH_IMAGE_PAYLOAD_TYPE  "application/vnd.dev.cosign.simplesigning.v1+json"
#define CH_IMAGE_APPROVAL_TYPE "https://sigstore.dev/cosign/sign/v1"
#define CH_IMAGE_SCAN_TYPE     "https://in-toto.io/attestation/test-result/v0.1"

/* The bytes that cosign's signature is over. `reference`: "gw.example/mcr/team/app", without tag or
 * digest, as clients name it. */
void ch_image_put_payload(struct ch_buf *b, struct ch_str reference, const struct ch_sha256 *image);
/* "It is signed", as an in-toto statement. */
void ch_image_put_approval(struct ch_buf *b, const struct ch_sha256 *image);

/* "It is made of this": `document` is the predicate, a JSON object. `reference` as above. */
void ch_image_put_document(struct ch_buf *b, struct ch_str reference, const struct ch_sha256 *image,
                           struct ch_str predicate_type, struct ch_str document);

/* What inspection of the image and of each of its parts came to. */
enum ch_image_part_result { CH_IMAGE_PART_FAILED = 0, CH_IMAGE_PART_WARNED, CH_IMAGE_PART_PASSED };
struct ch_image_part {
    struct ch_str type; /* "layer" */
    struct ch_sha256 sha256;
    struct ch_sha256 evidence;
    enum ch_image_part_result result;
};
struct ch_image_scan {
    struct ch_str reference;
    struct ch_sha256 image;
    struct ch_str url;      /* of the image's own evidence */
    struct ch_str verifier; /* URI */
    uint32_t inspector_version;
    struct ch_sha256 rules;
    const struct ch_image_part *parts;
    size_t part_count;
};
/* The worst of its parts is its result; without parts it has failed. */
void ch_image_put_scan(struct ch_buf *b, const struct ch_image_scan *scan);

/* The manifests under cosign's tags DIGEST.sig, of one layer, and DIGEST.att, of one for each
 * statement, and their configuration. `signature` is as it was made: DER; `envelope` that of
 * ch_dsse_put_envelope. */
void ch_image_put_config(struct ch_buf *b, const struct ch_str *layers, size_t count);
void ch_image_put_signature_manifest(struct ch_buf *b, struct ch_str config, struct ch_str payload,
                                     struct ch_str signature);
struct ch_image_attestation {
    struct ch_str envelope;
    struct ch_str predicate_type;
};
void ch_image_put_attestation_manifest(struct ch_buf *b, struct ch_str config,
                                       const struct ch_image_attestation *of, size_t count);

/* What a referrer is about. */
struct ch_image_subject {
    struct ch_str media_type;
    struct ch_sha256 sha256;
    uint64_t size_bytes;
};
/* The manifest of a bundle; its configuration is "{}". */
void ch_image_put_bundle_manifest(struct ch_buf *b, struct ch_str bundle,
                                  const struct ch_image_subject *subject,
                                  struct ch_str predicate_type, int64_t at_us);

/* The index of referrers, in this order: begin, each (the manifest that
 * ch_image_put_bundle_manifest wrote), end. */
void ch_image_referrers_begin(struct ch_buf *b);
void ch_image_put_referrer(struct ch_buf *b, struct ch_str manifest, struct ch_str predicate_type,
                           int64_t at_us);
void ch_image_referrers_end(struct ch_buf *b);

#endif
