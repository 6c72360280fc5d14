/* What is signed of container images: each for the whole of it, manifest, configuration and layers,
 * by a key that signs nothing else (T23); an index once all that it lists is (T19). The signature
 * is durable, and in the log, before anybody sees it; no longer ALLOW, no signature. */
#ifndef KEEPER_IMAGES_H
#define KEEPER_IMAGES_H

#include "db/keeper/keeper_int.h"
#include "db/signing/signer.h"

struct ch_ask_file;

/* --- signing; approvals.c calls it for files of versions that are had whole --- */

/* What the file is of its version; PART where versions are not had whole. */
enum ch_whole images_role(const struct page *p, size_t file);
/* Whether the file is signed for all of its version, so that it is not served without a signature:
 * manifests. An index is served without (T19). */
bool images_sign_all_of(const struct page *p, size_t file);
/* Signs the image that this file stands for, ALLOW by `d`, in the open group. CH_E_NOT_FOUND: there
 * is no key. */
enum ch_code images_sign(struct keeper *k, struct page *p, size_t file, const struct ch_decision *d,
                         struct ch_err *err) CH_MUST_CHECK;

/* One image as it is signed, between the two calls from approvals_attest. */
struct image_signing {
    struct keeper *k;
    struct page *p;
    size_t file;
    struct ch_signer *signer, *evidence; /* evidence NULL: its key cannot be used */
    struct ch_str payload;               /* cosign's */
};
enum ch_code images_sign_payload(const struct image_signing *image, struct ch_signer *signer,
                                 struct ch_buf *sig, struct ch_err *err) CH_MUST_CHECK;
/* What registries have of it, with its entries; *ret_end as of audit_attestation. */
enum ch_code images_keep(struct keeper *k, const struct image_signing *image,
                         const struct ch_attestation_row *row, uint64_t *ret_end,
                         struct ch_err *err) CH_MUST_CHECK;

/* --- images_lists.c --- */

/* Whether all that an index lists is ALLOW and signed; else `why` says what is not. *ret_later: the
 * log is yet to have something of it. Pages that are not in memory are loaded. */
#define IMAGES_WHY_BYTES 200
bool images_list_complete(struct keeper *k, struct page *p, size_t file, char why[IMAGES_WHY_BYTES],
                          bool *ret_later);
/* This file is ALLOW no more: nor is any index signed that lists its version (T4, T19). */
void images_withdraw_lists(struct keeper *k, const struct page *p, size_t file);

/* --- images_signed.c: is it signed --- */

struct image_signed {
    uint64_t attestation; /* of the approval */
    struct ch_sha256 key;
    int64_t at_us;
    char repository[128];
    char page[256];             /* "team/app@sha256:HEX" */
    char why[IMAGES_WHY_BYTES]; /* why it is not */
    bool waits_for_log;         /* that is all it wants */
};
/* Whether the image NAME of this digest is approved and signed for the environment, in any of its
 * repositories; an index that has become complete is signed for that. CH_OK: *ret says by what.
 * CH_E_NOT_FOUND: it is not, and ret->why says why not. CH_E_BUSY: the log is yet to have it
 * (waits_for_log). Else the store fails. Nothing is fetched for it. Loads pages: not from within a
 * walk over them. */
enum ch_code images_signed_in(struct keeper *k, struct ch_str environment, struct ch_str name,
                              const struct ch_sha256 *image, struct image_signed *ret,
                              struct ch_err *err) CH_MUST_CHECK;
/* The same of a file of a page, in its repository. */
enum ch_code images_signed(struct keeper *k, struct page *p, size_t file, struct image_signed *ret,
                           struct ch_err *err) CH_MUST_CHECK;

/* --- images_answer.c: what registries' clients ask for --- */

/* What is asked for by a digest may be a signature of ours, and not the upstream's: then the waiter
 * asks for that, of the image it belongs to. */
void images_meant(struct keeper *k, struct waiter *w);
/* The answer to an ask with one of the parts of signatures; the waiter is taken over. */
void images_answer(struct keeper *k, struct page *p, size_t file, struct waiter *w,
                   const struct ch_ask_file *ask);
/* What refers to an image of a hosted repository: ours, and what was pushed. `file` -1: it is not
 * there itself. The waiter is taken over. */
void images_answer_referrers(struct keeper *k, struct page *p, ptrdiff_t file, struct waiter *w,
                             const struct ch_ask_file *ask);
/* "{}", the configuration of our referrers, which has no link of its own. False: it is not that. */
bool images_answer_empty(struct keeper *k, struct waiter *w, const struct ch_ask_file *ask);

#endif
