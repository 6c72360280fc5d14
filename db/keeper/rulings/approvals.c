#include "approvals_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/keeper/audit/audit.h"
#include "customhouse/limits.h"
#include "db/signing/bundle.h"
#include "db/signing/dsse.h"
#include "db/signing/withdrawals.h"
#include "db/keeper/audit/keyring.h"
#include "db/keeper/signing/images.h"

/* ------------------------------------------------------------------ what stands */

struct ch_attestation_row approvals_place(const struct page *p, size_t file)
{
    return (struct ch_attestation_row){
        .repository = ch_str_of(p->repository),
        .upstream = ch_str_of(p->upstream->name),
        .project = page_name(p),
        .file_name = p->facts.files[file].index.file_name,
        .sha256 = p->files[file].artifact,
        .environment = ch_str_of(p->config->environment),
    };
}

static void on_standing(void *ctx, const struct ch_attestation_row *row)
{
    struct page_file *f = ctx;
    f->approved = row->sha256;
}

bool approvals_stand(struct keeper *k, struct page *p, size_t file)
{
    if (p->eco->whole_versions && !images_sign_all_of(p, file)) {
        return !ch_sha256_is_zero(&p->files[file].artifact); /* it is not signed for itself */
    }
    return approvals_are_there(k, p, file);
}

bool approvals_are_there(struct keeper *k, struct page *p, size_t file)
{
    struct page_file *f = &p->files[file];
    struct ch_err err;
    if (ch_sha256_is_zero(&f->artifact)) {
        return false;
    }
    if (!f->approval_known || !ch_sha256_eq(&f->approved, &f->artifact)) {
        struct ch_attestation_row of = approvals_place(p, file);
        f->approved = (struct ch_sha256){{0}};
        enum ch_code rc = ch_store_get_approval(k->store, &of, on_standing, f, &err);
        f->approval_known = rc == CH_OK || rc == CH_E_NOT_FOUND;
        if (!f->approval_known) {
            keeper_log("store", "error=\"%s\"", err.msg);
        }
    }
    return ch_sha256_eq(&f->approved, &f->artifact);
}

/* ------------------------------------------------------------------ what ends */

struct ending {
    struct keeper *k;
    int64_t at_us;
    enum ch_code (*end)(struct ending *e, ch_store_withdrawn_fn *each, struct ch_err *err);
    const struct ch_attestation_row *place; /* of a file, or */
    const struct ch_repository *repository; /* all of another environment's */
};

static enum ch_code on_ended(void *ctx, const struct ch_attestation_row *row, struct ch_err *err)
{
    const struct ending *e = ctx;
    return audit_attestation_end(e->k, row, e->at_us, err);
}

/* What was withdrawn with its entries; T4: without them when they cannot be written. */
static enum ch_code end_with_entries(struct ending *e, struct ch_err *err)
{
    struct ch_err why;
    enum ch_code rc = keeper_write(e->k, err);
    rc = rc == CH_OK ? audit_step(e->k, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    rc = audit_step_end(e->k, e->end(e, on_ended, &why), &why);
    if (rc != CH_OK) {
        keeper_log("audit", "withdrawal=without-entry error=\"%s\"", why.msg);
        rc = e->end(e, NULL, err);
    }
    return rc;
}

static enum ch_code end_file(struct ending *e, ch_store_withdrawn_fn *each, struct ch_err *err)
{
    return ch_store_end_approvals(e->k->store, e->place->repository, e->place->upstream,
                                  e->place->project, e->place->file_name, e->at_us, each, e, err);
}

enum ch_code approvals_end(struct keeper *k, const struct ch_attestation_row *place,
                           struct ch_err *err)
{
    struct ending e = {.k = k, .at_us = keeper_now_us(k), .end = end_file, .place = place};
    return end_with_entries(&e, err);
}

static enum ch_code end_of_file(struct keeper *k, const struct page *p, struct ch_str file_name,
                                struct ch_err *err)
{
    return approvals_end(k,
                         &(struct ch_attestation_row){
                             .repository = ch_str_of(p->repository),
                             .upstream = ch_str_of(p->upstream->name),
                             .project = page_name(p),
                             .file_name = file_name,
                         },
                         err);
}

/* ------------------------------------------------------------------ signing */

/* T23: a plain signature over bytes that begin as an envelope's encoding does would be one over the
 * statement in them, and one over JSON one over a manifest or an image's payload. No archive begins
 * so. */
static enum ch_code check_signable(int blob_fd, struct ch_err *err)
{
    char begin[64];
    ssize_t n = pread(blob_fd, begin, sizeof(begin), 0);
    struct ch_str s = {begin, n > 0 ? (size_t)n : 0};
    size_t at = 0;
    while (at < s.len && strchr(" \t\r\n", s.ptr[at]) != NULL) {
        at++;
    }
    if (at == s.len || strchr("{[\"", s.ptr[at]) != NULL || ch_dsse_is_pae(s)) {
        return ch_fail(err, CH_E_DENIED, "the bytes could be taken for a statement: not signed");
    }
    return CH_OK;
}

/* With its entry: neither is there without the other. An approval counts once the log has it. */
static enum ch_code keep_attestation(struct keeper *k, struct page_file *f,
                                     struct ch_attestation_row *row, struct ch_str evidence,
                                     const struct image_signing *image, struct ch_err *err)
{
    uint64_t log_end = f->log_end;
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? audit_step(k, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    if (evidence.len > 0) {
        rc = ch_store_put_evidence(k->store, &row->evidence, evidence, err);
    }
    rc = rc == CH_OK ? ch_store_add_attestation(k->store, row, &row->id, err) : rc;
    rc = rc == CH_OK ? audit_attestation(k, row, &log_end, err) : rc;
    rc = rc == CH_OK && image != NULL ? images_keep(k, image, row, &log_end, err) : rc;
    rc = audit_step_end(k, rc, err);
    if (rc == CH_OK && row->passed) {
        f->log_end = log_end;
    }
    return rc;
}

/* Evidence and attestation, in the open group. */
enum ch_code approvals_attest(struct keeper *k, struct page *p, size_t file,
                              const struct ch_decision *d, struct ch_signer *signer,
                              const struct image_signing *image, struct ch_err *err)
{
    struct page_file *f = &p->files[file];
    const struct ch_inspection_result *in = inspection_of(k, p, file);
    bool passed = d->verdict == CH_VERDICT_ALLOW;
    struct ch_sha256 evidence = {{0}};
    struct ch_buf text, statement, statement_sig, file_sig;
    int64_t now = keeper_now_us(k);
    ch_buf_init(&statement_sig, CH_SIGNATURE_BYTES);
    ch_buf_init(&file_sig, CH_SIGNATURE_BYTES);
    approvals_put_evidence(p, file, in, &text);
    if (text.len > 0) {
        evidence = ch_sha256_of(text.ptr, text.len);
    }
    approvals_put_statement(k, p, file, in, d, &evidence, now, &statement);
    enum ch_code rc = ch_buf_ok(&statement, err);
    rc = rc == CH_OK ? ch_buf_ok(&text, err) : rc;
    rc = rc == CH_OK ? approvals_sign_statement(signer, ch_buf_str(&statement), &statement_sig, err)
                     : rc;
    if (rc == CH_OK && passed) {
        rc = image != NULL ? images_sign_payload(image, signer, &file_sig, err)
                           : ch_signer_sign_sha256(signer, &f->artifact, &file_sig, err);
    }
    struct ch_attestation_row row = {
        .repository = ch_str_of(p->repository),
        .upstream = ch_str_of(p->upstream->name),
        .project = page_name(p),
        .file_name = p->facts.files[file].index.file_name,
        .sha256 = f->artifact,
        .environment = ch_str_of(p->config->environment),
        .passed = passed,
        .key = ch_public_key_id(ch_signer_public(signer)),
        .evidence = evidence,
        .statement = ch_buf_str(&statement),
        .statement_sig = ch_buf_str(&statement_sig),
        .file_sig = passed ? ch_buf_str(&file_sig) : (struct ch_str){NULL, 0},
        .at_us = now,
    };
    rc = rc == CH_OK ? keep_attestation(k, f, &row, ch_buf_str(&text), image, err) : rc;
    ch_buf_done(&text);
    ch_buf_done(&statement);
    ch_buf_done(&statement_sig);
    ch_buf_done(&file_sig);
    return rc;
}

enum ch_code approvals_sign(struct keeper *k, struct page *p, size_t file,
                            const struct ch_decision *d, struct ch_err *err)
{
    struct page_file *f = &p->files[file];
    char purpose[CH_PURPOSE_BYTES];
    struct ch_signer *signer;
    uint64_t size;
    int fd;
    CH_ASSERT(d->verdict == CH_VERDICT_ALLOW);
    if (p->eco->whole_versions) {
        return images_sign_all_of(p, file) ? images_sign(k, p, file, d, err) : CH_OK;
    }
    if (!ch_blobs_has(k->blobs, &f->artifact)) {
        return CH_OK;
    }
    enum ch_code rc = ch_blobs_open_read(k->blobs, &f->artifact, &fd, &size, err);
    if (rc == CH_OK) {
        rc = check_signable(fd, err);
        close(fd);
    }
    ch_purpose_approve_file(p->config->environment, purpose);
    rc = rc == CH_OK ? keyring_signer(k, purpose, &signer, err) : rc;
    if (rc == CH_OK && !approvals_stand(k, p, file)) { /* other bytes of this name are it no more */
        rc = end_of_file(k, p, p->facts.files[file].index.file_name, err);
    }
    rc = rc == CH_OK ? approvals_attest(k, p, file, d, signer, NULL, err) : rc;
    if (rc == CH_OK) {
        approvals_note_signed(k, p, file);
    }
    return rc;
}

void approvals_note_signed(struct keeper *k, struct page *p, size_t file)
{
    struct page_file *f = &p->files[file];
    f->approved = f->artifact;
    f->approval_known = true;
    k->approvals_changed++;
    k->uncommitted_allows++;
    page_wrote(p);
}

void approvals_say_failed(struct keeper *k, struct page *p, size_t file,
                          const struct ch_decision *d)
{
    struct ch_signer *signer;
    struct ch_err err;
    if (inspection_of(k, p, file) == NULL) {
        return;
    }
    enum ch_code rc = keyring_signer(k, CH_PURPOSE_EVIDENCE, &signer, &err);
    rc = rc == CH_OK ? approvals_attest(k, p, file, d, signer, NULL, &err) : rc;
    if (rc != CH_OK) {
        keeper_log("evidence", "file=%s error=\"%s\"", p->project, err.msg);
    }
}

/* ------------------------------------------------------------------ withdrawing */

void approvals_withdraw(struct keeper *k, const struct page *p, struct ch_str file_name)
{
    struct ch_err err;
    ptrdiff_t at = page_find_file(p, file_name);
    enum ch_code rc = end_of_file(k, p, file_name, &err);
    if (rc != CH_OK) {
        keeper_log("store", "withdrawal=unrecorded error=\"%s\"", err.msg);
    }
    if (at >= 0) {
        p->files[at].approved = (struct ch_sha256){{0}};
        p->files[at].approval_known = false;
    }
    k->approvals_changed++;
    if (p->eco->whole_versions && at >= 0) {
        images_withdraw_lists(k, p, (size_t)at);
    }
}

static void forget_all(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->pages, &cursor, NULL, &value)) {
        struct page *p = value;
        for (size_t i = 0; p->files != NULL && i < p->facts.file_count; i++) {
            p->files[i].approval_known = false;
            p->files[i].approved = (struct ch_sha256){{0}};
        }
    }
}

static enum ch_code end_elsewhere(struct ending *e, ch_store_withdrawn_fn *each, struct ch_err *err)
{
    return ch_store_end_approvals_elsewhere(e->k->store, ch_str_of(e->repository->name),
                                            ch_str_of(e->repository->environment), e->at_us, each,
                                            e, err);
}

struct unconfigured {
    const struct ch_config *config;
    char **names;
    size_t count;
};

static void take_unconfigured(void *ctx, struct ch_str name)
{
    struct unconfigured *u = ctx;
    for (size_t i = 0; i < u->config->repository_count; i++) {
        if (ch_str_eq(ch_str_of(u->config->repositories[i].name), name)) {
            return;
        }
    }
    u->names = ch_realloc_array(u->names, u->count + 1, sizeof(*u->names));
    u->names[u->count++] = ch_str_dup(name);
}

/* T4: that one could not be told does not keep the others standing. */
static void end_of_repository(struct keeper *k, const struct ch_repository *repository)
{
    struct ch_err err;
    struct ending e = {
        .k = k, .at_us = keeper_now_us(k), .end = end_elsewhere, .repository = repository};
    if (end_with_entries(&e, &err) != CH_OK) {
        keeper_log("store", "withdrawal=unrecorded repository=%s error=\"%s\"", repository->name,
                   err.msg);
    }
}

/* Of a repository that is there no more nothing is served: nothing of it stands for any
 * environment. */
static void end_unconfigured(struct keeper *k)
{
    struct unconfigured u = {.config = k->config};
    struct ch_err err;
    char none[] = "";
    if (ch_store_attested_repositories(k->store, take_unconfigured, &u, &err) != CH_OK) {
        keeper_log("store", "withdrawal=unrecorded error=\"%s\"", err.msg);
    }
    for (size_t i = 0; i < u.count; i++) {
        end_of_repository(k, &(struct ch_repository){.name = u.names[i], .environment = none});
        free(u.names[i]);
    }
    free(u.names);
}

void approvals_environments(struct keeper *k)
{
    end_unconfigured(k);
    for (size_t i = 0; i < k->config->repository_count; i++) {
        end_of_repository(k, &k->config->repositories[i]);
    }
    forget_all(k);
    k->approvals_changed++;
}

/* ------------------------------------------------------------------ what is published */

bool approvals_of_bytes(const struct ch_attestation_row *row)
{
    char purpose[CH_PURPOSE_BYTES], environment[CH_PURPOSE_BYTES];
    snprintf(environment, sizeof(environment), "%.*s", CH_STR_ARG(row->environment));
    ch_purpose_approve_file(environment, purpose);
    return row->passed && ch_str_eq(row->purpose, ch_str_of(purpose));
}

bool approvals_put(const struct ch_attestation_row *row, enum ch_part part, struct ch_buf *out)
{
    char hint[KEYRING_NAME_BYTES];
    struct ch_buf envelope;
    keyring_name(row->purpose, &row->key, hint);
    if (part == CH_PART_APPROVAL) {
        bool of_bytes = approvals_of_bytes(row);
        if (of_bytes) {
            ch_bundle_put_message(out, ch_str_of(hint), &row->sha256, row->file_sig);
        }
        return of_bytes;
    }
    ch_buf_init(&envelope, 2 * APPROVALS_STATEMENT_BYTES);
    ch_dsse_put_envelope(&envelope, CH_STR(CH_DSSE_IN_TOTO), row->statement, row->statement_sig);
    if (part == CH_PART_VSA_BUNDLE) {
        ch_bundle_put_dsse(out, ch_str_of(hint), ch_buf_str(&envelope));
    } else {
        ch_buf_puts(out, ch_buf_str(&envelope));
    }
    ch_buf_done(&envelope);
    return true;
}

struct wanted {
    enum ch_part part;
    struct ch_buf *out;
};

static void on_wanted(void *ctx, const struct ch_attestation_row *row)
{
    const struct wanted *w = ctx;
    approvals_put(row, w->part, w->out);
}

enum ch_code approvals_of_file(struct keeper *k, struct page *p, size_t file, enum ch_part part,
                               struct ch_buf *out, struct ch_err *err)
{
    struct ch_attestation_row of = approvals_place(p, file);
    struct wanted w = {part, out};
    enum ch_code rc = ch_store_get_approval(k->store, &of, on_wanted, &w, err);
    return rc == CH_OK ? ch_buf_ok(out, err) : rc;
}

static void on_withdrawal(void *ctx, const struct ch_sha256 *sha256, struct ch_str file_name,
                          int64_t at_us)
{
    ch_withdrawals_put(ctx, sha256, file_name, at_us);
}

enum ch_code approvals_withdrawals(struct keeper *k, const char *environment, struct ch_buf *out,
                                   struct ch_err *err)
{
    char purpose[CH_PURPOSE_BYTES];
    struct ch_signer *signer;
    struct ch_buf list, pae, sig;
    int64_t now = keeper_now_us(k);
    ch_purpose_approve_file(environment, purpose);
    enum ch_code rc = keyring_signer(k, purpose, &signer, err);
    if (rc != CH_OK) {
        return rc;
    }
    ch_buf_init(&list,
                (size_t)ch_limits.withdrawals_bytes / 2); /* base64 makes a third more of it */
    ch_buf_init(&pae, (size_t)ch_limits.withdrawals_bytes);
    ch_buf_init(&sig, CH_SIGNATURE_BYTES);
    ch_withdrawals_begin(&list, ch_str_of(environment), now,
                         now + (int64_t)ch_limits.withdrawals_valid_hours * 3600 * 1000000);
    rc = ch_store_withdrawals(k->store, ch_str_of(environment), on_withdrawal, &list, err);
    ch_withdrawals_end(&list);
    rc = rc == CH_OK ? ch_buf_ok(&list, err) : rc; /* a shorter list would let something pass */
    if (rc == CH_OK) {
        ch_dsse_put_pae(&pae, CH_STR(CH_WITHDRAWALS_TYPE), ch_buf_str(&list));
        rc = ch_signer_sign(signer, ch_buf_str(&pae), &sig, err);
    }
    if (rc == CH_OK) {
        ch_dsse_put_envelope(out, CH_STR(CH_WITHDRAWALS_TYPE), ch_buf_str(&list), ch_buf_str(&sig));
        rc = ch_buf_ok(out, err);
    }
    ch_buf_done(&list);
    ch_buf_done(&pae);
    ch_buf_done(&sig);
    return rc;
}
