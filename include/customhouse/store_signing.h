/* The store's side of what is signed (part of store.h): the keys that sign, and the attestations and
 * evidence that were signed with them. */
#ifndef CUSTOMHOUSE_STORE_SIGNING_H
#define CUSTOMHOUSE_STORE_SIGNING_H

#include "customhouse/bytes.h"
#include "customhouse/digest.h"

struct ch_store;

/* --- keys by purpose: public halves and validity --- */
struct ch_key_row {
    struct ch_sha256 id;       /* of the public key (db/signing/public_key.h) */
    struct ch_str purpose;
    uint32_t kind;             /* enum ch_key_kind */
    struct ch_str public_pem;
    int64_t at_us;             /* signs from here on */
    int64_t ended_at_us;       /* CH_TIME_UNKNOWN: signs still; what it signed before stands */
    struct ch_str ended_by;    /* read only, as the two above */
    struct ch_str ended_reason;
};
enum ch_code ch_store_add_key(struct ch_store *s, const struct ch_key_row *row, struct ch_err *err) CH_MUST_CHECK;
/* Ends `former` as the new one begins. CH_E_EXISTS: it is ended already, or the new one is there; CH_E_USAGE:
 * there is no such key. */
enum ch_code ch_store_replace_key(struct ch_store *s, const struct ch_key_row *row,
                                  const struct ch_sha256 *former, struct ch_str by,
                                  struct ch_str reason, struct ch_err *err) CH_MUST_CHECK;
typedef void ch_store_key_fn(void *ctx, const struct ch_key_row *row);
/* By purpose, of each the oldest first. */
enum ch_code ch_store_keys(struct ch_store *s, ch_store_key_fn *each, void *ctx,
                           struct ch_err *err) CH_MUST_CHECK;

/* --- attestations: what was signed about a release file --- */
struct ch_attestation_row {
    uint64_t id; /* given by the store */
    struct ch_str repository;
    struct ch_str upstream;
    struct ch_str project;
    struct ch_str file_name;
    struct ch_sha256 sha256;
    struct ch_str environment;
    bool passed; /* an approval */
    struct ch_sha256 key;
    struct ch_sha256 evidence; /* that the statement names; zero: none, or not told */
    struct ch_str statement;
    struct ch_str statement_sig;
    struct ch_str file_sig; /* of an approval: over the file's bytes, of an image over cosign's payload; else absent */
    int64_t at_us;
    struct ch_str purpose; /* of the key; read only */
};
/* Idempotent by digest. */
enum ch_code ch_store_put_evidence(struct ch_store *s, const struct ch_sha256 *digest, struct ch_str text,
                                   struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_get_evidence(struct ch_store *s, const struct ch_sha256 *digest,
                                   struct ch_buf *ret_text, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_add_attestation(struct ch_store *s, const struct ch_attestation_row *row,
                                      uint64_t *ret_id, struct ch_err *err) CH_MUST_CHECK;
typedef void ch_store_attestation_fn(void *ctx, const struct ch_attestation_row *row);
/* The newest approval that stands of this file (all names but `passed`, key and what is signed are asked
 * for), as one call of `each`. CH_E_NOT_FOUND: none does. */
enum ch_code ch_store_get_approval(struct ch_store *s, const struct ch_attestation_row *of,
                                   ch_store_attestation_fn *each, void *ctx,
                                   struct ch_err *err) CH_MUST_CHECK;
/* The one of this number, if it is about these bytes; withdrawn ones too. */
enum ch_code ch_store_get_attestation(struct ch_store *s, uint64_t id, const struct ch_sha256 *sha256,
                                      ch_store_attestation_fn *each, void *ctx,
                                      struct ch_err *err) CH_MUST_CHECK;
/* All about these bytes but withdrawn approvals, newest first, at most `max`. */
enum ch_code ch_store_attestations_of(struct ch_store *s, const struct ch_sha256 *sha256, size_t max,
                                      ch_store_attestation_fn *each, void *ctx,
                                      struct ch_err *err) CH_MUST_CHECK;

/* --- of an approval of an image: what registries have of it --- */
struct ch_image_signature_row {
    uint64_t id; /* given by the store */
    uint64_t attestation;
    struct ch_str form; /* "cosign", "attestation", "approval", ...: db/keeper/signing/ */
    struct ch_sha256 key;
    struct ch_str manifest;
    struct ch_str layer;
    struct ch_str config; /* absent: "{}" */
    int64_t at_us;        /* of the approval; read only, as what follows is */
    struct ch_sha256 manifest_sha256;
    struct ch_sha256 layer_sha256;
    struct ch_sha256 config_sha256; /* zero: it is absent */
};
enum ch_code ch_store_add_image_signature(struct ch_store *s, const struct ch_image_signature_row *row,
                                          uint64_t *ret_id, struct ch_err *err) CH_MUST_CHECK;
typedef void ch_store_image_signature_fn(void *ctx, const struct ch_image_signature_row *row);
/* Those of one approval, in their order. */
enum ch_code ch_store_image_signatures(struct ch_store *s, uint64_t attestation,
                                       ch_store_image_signature_fn *each, void *ctx,
                                       struct ch_err *err) CH_MUST_CHECK;
/* Which images of the repository have, of an approval that stands, a manifest, layer or configuration of this digest:
 * the page and the digest of each. */
typedef void ch_store_image_fn(void *ctx, struct ch_str project, const struct ch_sha256 *sha256);
enum ch_code ch_store_images_signed_by(struct ch_store *s, const struct ch_sha256 *digest,
                                       struct ch_str repository, ch_store_image_fn *each, void *ctx,
                                       struct ch_err *err) CH_MUST_CHECK;
/* Approvals that stand of files on pages from `from` on and before `to`, by page. */
enum ch_code ch_store_approvals_between(struct ch_store *s, struct ch_str repository, struct ch_str from,
                                        struct ch_str to, ch_store_attestation_fn *each, void *ctx,
                                        struct ch_err *err) CH_MUST_CHECK;
/* Withdraws what stands of this file; goes on into the reserve. CH_OK also when nothing does. Once all
 * are withdrawn, `each` (NULL: nobody asks) is called with every one; its failure is returned. */
typedef enum ch_code ch_store_withdrawn_fn(void *ctx, const struct ch_attestation_row *row, struct ch_err *err);
enum ch_code ch_store_end_approvals(struct ch_store *s, struct ch_str repository, struct ch_str upstream,
                                    struct ch_str project, struct ch_str file_name, int64_t at_us,
                                    ch_store_withdrawn_fn *each, void *ctx, struct ch_err *err) CH_MUST_CHECK;
/* Names of the repositories that anything was ever signed for. */
typedef void ch_store_repository_fn(void *ctx, struct ch_str name);
enum ch_code ch_store_attested_repositories(struct ch_store *s, ch_store_repository_fn *each, void *ctx,
                                            struct ch_err *err) CH_MUST_CHECK;
/* Withdraws what stands of this repository for any other environment than the one it is of now. */
enum ch_code ch_store_end_approvals_elsewhere(struct ch_store *s, struct ch_str repository,
                                              struct ch_str environment, int64_t at_us,
                                              ch_store_withdrawn_fn *each, void *ctx,
                                              struct ch_err *err) CH_MUST_CHECK;
/* Bytes whose approval for this environment was withdrawn and stands in none of its repositories,
 * sorted by digest. */
typedef void ch_store_withdrawal_fn(void *ctx, const struct ch_sha256 *sha256, struct ch_str file_name,
                                    int64_t at_us);
enum ch_code ch_store_withdrawals(struct ch_store *s, struct ch_str environment,
                                  ch_store_withdrawal_fn *each, void *ctx,
                                  struct ch_err *err) CH_MUST_CHECK;

#endif
