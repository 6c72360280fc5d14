/* What signing of files and of images (db/keeper/signing/) shares. */
#ifndef KEEPER_APPROVALS_INT_H
#define KEEPER_APPROVALS_INT_H

#include "approvals.h"
#include "db/signing/signer.h"
#include "db/signing/statement.h"

struct image_signing;

#define APPROVALS_STATEMENT_BYTES (64u << 10)

/* --- approvals_statement.c --- */

/* What links begin with. */
void approvals_put_origin(const struct keeper *k, struct ch_buf *b);
/* ORIGIN/-/WHAT/sha256/HEX */
void approvals_put_uri(const struct keeper *k, struct ch_buf *b, const char *what,
                       const struct ch_sha256 *digest);
/* How clients name an image's place, without tag or digest: "gw.example/mcr/team/app". */
void approvals_put_reference(const struct keeper *k, const struct page *p, struct ch_buf *b);
/* Each inits `b`; the evidence is empty when nothing was inspected. */
void approvals_put_evidence(const struct page *p, size_t file,
                            const struct ch_inspection_result *in, struct ch_buf *b);
void approvals_put_statement(struct keeper *k, struct page *p, size_t file,
                             const struct ch_inspection_result *in, const struct ch_decision *d,
                             const struct ch_sha256 *evidence, int64_t at_us, struct ch_buf *b);
/* What it is called, as package URLs have it. `reference`: of an image, its place. */
struct ch_resource approvals_resource(const struct page *p, size_t file, struct ch_str reference);
/* Of an in-toto statement, as its envelope has it. */
enum ch_code approvals_sign_statement(struct ch_signer *signer, struct ch_str statement,
                                      struct ch_buf *sig, struct ch_err *err) CH_MUST_CHECK;

/* --- approvals.c --- */

/* The place of a file, as ch_store_get_approval asks for it. */
struct ch_attestation_row approvals_place(const struct page *p, size_t file);
/* Whether an approval of these bytes stands, in the store or the open group. */
bool approvals_are_there(struct keeper *k, struct page *p, size_t file);
/* What stands of the file of this place is withdrawn. */
enum ch_code approvals_end(struct keeper *k, const struct ch_attestation_row *place,
                           struct ch_err *err) CH_MUST_CHECK;
/* Signs what `d` is, in the open group; of an image (else NULL) what goes with it, too. */
enum ch_code approvals_attest(struct keeper *k, struct page *p, size_t file,
                              const struct ch_decision *d, struct ch_signer *signer,
                              const struct image_signing *image, struct ch_err *err) CH_MUST_CHECK;
/* It is signed: what that is for the file and those who look at approvals. */
void approvals_note_signed(struct keeper *k, struct page *p, size_t file);

#endif
