/* What is signed about release files: approvals of what becomes ALLOW, statements on what does not,
 * and the list of what was withdrawn. */
#ifndef KEEPER_APPROVALS_H
#define KEEPER_APPROVALS_H

#include "db/keeper/keeper_int.h"

/* Whether an approval of exactly these bytes stands, in the store or the open group: nothing is
 * served without. */
bool approvals_stand(struct keeper *k, struct page *p, size_t file);
/* Signs statement and bytes for the repository's environment, into the open group of writes:
 * durable with the decision `d`, an ALLOW. CH_OK without any where the bytes are not here
 * (evicted): what brings them back signs. CH_E_DENIED: bytes that could be taken for something else
 * that is signed (T23). */
enum ch_code approvals_sign(struct keeper *k, struct page *p, size_t file,
                            const struct ch_decision *d, struct ch_err *err) CH_MUST_CHECK;
/* A step away from ALLOW, which waits for nothing: what stands of this file is withdrawn, with the
 * open group. Failing is logged. */
void approvals_withdraw(struct keeper *k, const struct page *p, struct ch_str file_name);
/* An inspection ended in this decision, a hold or deny: says so, by the evidence key. Nothing
 * depends on it; failing is logged. */
void approvals_say_failed(struct keeper *k, struct page *p, size_t file,
                          const struct ch_decision *d);
/* After a change of configuration and at start: what was approved for an environment that the
 * repository is not of is withdrawn. */
void approvals_environments(struct keeper *k);

/* --- what is published --- */

/* The attestation of a file that is ALLOW, as `part` asks for it. CH_E_NOT_FOUND: none stands. */
enum ch_code approvals_of_file(struct keeper *k, struct page *p, size_t file, enum ch_part part,
                               struct ch_buf *out, struct ch_err *err) CH_MUST_CHECK;
/* Whether its signature is over the file's own bytes: of an image it is over cosign's payload. */
bool approvals_of_bytes(const struct ch_attestation_row *row);
/* The same of a row of the store; false: it has no such part. */
bool approvals_put(const struct ch_attestation_row *row, enum ch_part part, struct ch_buf *out);
/* The signed list of one environment (db/signing/withdrawals.h). CH_E_NOT_FOUND: it has no key. */
enum ch_code approvals_withdrawals(struct keeper *k, const char *environment, struct ch_buf *out,
                                   struct ch_err *err) CH_MUST_CHECK;

#endif
