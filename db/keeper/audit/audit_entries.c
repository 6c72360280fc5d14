/* What entries say. Each builder writes its fields in the order of their keys. README.md lists the
 * kinds. */
#include "audit_int.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "customhouse/limits.h"
#include "db/exceptions/exception.h"
#include "db/signing/public_key.h"
#include "db/keeper/egress/notices.h"

static const struct ch_sha256 none = {{0}};

void audit_entry_begin(struct keeper *k, struct audit_entry *a, const char *kind)
{
    *a = (struct audit_entry){.row = {.kind = ch_str_of(kind), .at_us = keeper_now_us(k)}};
    ch_buf_init(&a->text, CH_ENTRY_MAX);
    ch_log_entry_begin(&a->e, &a->text);
}

void audit_entry_begin_of(struct keeper *k, struct audit_entry *a, const char *kind,
                          uint64_t source, int64_t at_us)
{
    audit_entry_begin(k, a, kind);
    a->row.source = source;
    a->row.at_us = at_us;
    ch_log_entry_int(&a->e, "at_us", at_us);
}

void audit_entry_begin_about(struct keeper *k, struct audit_entry *a, const char *kind,
                             struct ch_str repository, struct ch_str project,
                             struct ch_str file_name)
{
    audit_entry_begin(k, a, kind);
    a->row.repository = repository;
    a->row.project = project;
    a->row.file_name = file_name;
}

void audit_entry_commit(struct audit_entry *a, const char *field, struct ch_str text)
{
    if (text.len == 0) {
        return;
    }
    CH_ASSERT(a->clear_count < AUDIT_CLEAR_MAX);
    struct ch_log_clear *c = &a->clear[a->clear_count++];
    c->field = ch_str_of(field);
    c->text = text;
    CH_ASSERT(getrandom(c->salt, sizeof(c->salt), 0) == sizeof(c->salt));
    struct ch_sha256 hmac = ch_log_entry_commit(c->salt, text);
    ch_log_entry_commitment(&a->e, field, &hmac);
}

void audit_entry_put_address(struct audit_entry *a, struct ch_str address)
{
    audit_entry_commit(a, "address", address);
    ch_log_entry_int(&a->e, "at_us", a->row.at_us);
    ch_log_entry_str(&a->e, "file", a->row.file_name);
    if (a->row.source != 0) {
        ch_log_entry_int(&a->e, "id", (int64_t)a->row.source);
    }
    ch_log_entry_str(&a->e, "kind", a->row.kind);
}

void audit_entry_put_rule(struct audit_entry *a, struct ch_str rule)
{
    if (ch_str_starts(rule, CH_STR("person ")) || ch_str_starts(rule, CH_STR("approved by "))) {
        audit_entry_commit(a, "rule", rule);
    } else {
        ch_log_entry_str(&a->e, "rule", rule);
    }
}

void audit_entry_end(struct audit_entry *a)
{
    ch_log_entry_int(&a->e, "v", CH_ENTRY_VERSION);
}

/* ------------------------------------------------------------------ decisions and people's acts */

enum ch_code audit_decision(struct keeper *k, const struct page *p,
                            const struct ch_decision_row *row, uint64_t *ret_end,
                            struct ch_err *err)
{
    struct audit_entry a;
    uint64_t id = 0;
    enum ch_code rc = ch_store_newest_decision(k->store, &id, err);
    if (rc != CH_OK) {
        return rc;
    }
    audit_entry_begin_about(k, &a, "decision", row->repository, row->project, row->file_name);
    a.row.source = id;
    a.row.at_us = row->at_us;
    ch_log_entry_int(&a.e, "at_us", row->at_us);
    ch_log_entry_bool(&a.e, "audited", row->audited);
    ch_log_entry_str(&a.e, "environment", ch_str_of(p->config->environment));
    ch_log_entry_str(&a.e, "file", row->file_name);
    ch_log_entry_int(&a.e, "id", (int64_t)id);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_sha(&a.e, "policy", &row->policy);
    ch_log_entry_str(&a.e, "project", row->project);
    audit_entry_commit(&a, "reason", row->reason); /* may quote what a person wrote */
    ch_log_entry_str(&a.e, "repository", row->repository);
    audit_entry_put_rule(&a, row->rule);
    ch_log_entry_sha(&a.e, "sha256", &row->sha256);
    ch_log_entry_str(&a.e, "upstream", row->upstream);
    audit_entry_end(&a);
    ch_log_entry_str(&a.e, "verdict", ch_str_of(ch_verdict_name(row->verdict)));
    rc = audit_add(k, &a, err);
    if (rc == CH_OK) {
        *ret_end = a.row.index + 1;
    }
    return rc;
}

enum ch_code audit_attestation(struct keeper *k, const struct ch_attestation_row *row,
                               uint64_t *ret_end, struct ch_err *err)
{
    struct audit_entry a;
    struct ch_sha256 statement = ch_sha256_of(row->statement.ptr, row->statement.len);
    struct ch_sha256 statement_sig = ch_sha256_of(row->statement_sig.ptr, row->statement_sig.len);
    struct ch_sha256 file_sig =
        row->file_sig.ptr != NULL ? ch_sha256_of(row->file_sig.ptr, row->file_sig.len) : none;
    audit_entry_begin_about(k, &a, "attestation", row->repository, row->project, row->file_name);
    a.row.source = row->id;
    a.row.at_us = row->at_us;
    ch_log_entry_int(&a.e, "at_us", row->at_us);
    ch_log_entry_str(&a.e, "environment", row->environment);
    ch_log_entry_sha(&a.e, "evidence", &row->evidence);
    ch_log_entry_str(&a.e, "file", row->file_name);
    ch_log_entry_sha(&a.e, "file_sig", &file_sig);
    ch_log_entry_int(&a.e, "id", (int64_t)row->id);
    ch_log_entry_sha(&a.e, "key", &row->key);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_bool(&a.e, "passed", row->passed);
    ch_log_entry_str(&a.e, "project", row->project);
    ch_log_entry_str(&a.e, "repository", row->repository);
    ch_log_entry_sha(&a.e, "sha256", &row->sha256);
    ch_log_entry_sha(&a.e, "statement", &statement);
    ch_log_entry_sha(&a.e, "statement_sig", &statement_sig);
    ch_log_entry_str(&a.e, "upstream", row->upstream);
    audit_entry_end(&a);
    enum ch_code rc = audit_add(k, &a, err);
    if (rc == CH_OK) {
        *ret_end = a.row.index + 1;
    }
    return rc;
}

enum ch_code audit_image_signature(struct keeper *k, const struct ch_image_signature_row *row,
                                   uint64_t *ret_end, struct ch_err *err)
{
    struct audit_entry a;
    struct ch_sha256 manifest = ch_sha256_of(row->manifest.ptr, row->manifest.len);
    struct ch_sha256 layer = ch_sha256_of(row->layer.ptr, row->layer.len);
    struct ch_sha256 config =
        row->config.ptr != NULL ? ch_sha256_of(row->config.ptr, row->config.len) : none;
    audit_entry_begin(k, &a, "image-signature");
    a.row.source = row->id;
    a.row.at_us = row->at_us;
    ch_log_entry_int(&a.e, "at_us", row->at_us);
    ch_log_entry_int(&a.e, "attestation", (int64_t)row->attestation);
    ch_log_entry_sha(&a.e, "config", &config);
    ch_log_entry_str(&a.e, "form", row->form);
    ch_log_entry_int(&a.e, "id", (int64_t)row->id);
    ch_log_entry_sha(&a.e, "key", &row->key);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_sha(&a.e, "layer", &layer);
    ch_log_entry_sha(&a.e, "manifest", &manifest);
    audit_entry_end(&a);
    enum ch_code rc = audit_add(k, &a, err);
    if (rc == CH_OK) {
        *ret_end = a.row.index + 1;
    }
    return rc;
}

enum ch_code audit_attestation_end(struct keeper *k, const struct ch_attestation_row *row,
                                   int64_t at_us, struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin_about(k, &a, "attestation-end", row->repository, row->project,
                            row->file_name);
    a.row.source = row->id;
    a.row.at_us = at_us;
    ch_log_entry_int(&a.e, "at_us", at_us);
    ch_log_entry_str(&a.e, "environment", row->environment);
    ch_log_entry_str(&a.e, "file", row->file_name);
    ch_log_entry_int(&a.e, "id", (int64_t)row->id);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_str(&a.e, "project", row->project);
    ch_log_entry_str(&a.e, "repository", row->repository);
    ch_log_entry_sha(&a.e, "sha256", &row->sha256);
    audit_entry_end(&a);
    return audit_add(k, &a, err);
}

enum ch_code audit_ruling(struct keeper *k, const struct ch_ruling_row *row, struct ch_err *err)
{
    struct audit_entry a;
    struct ch_buf prints;
    struct ch_sha256 digest = {{0}};
    ch_buf_init(&prints, row->fingerprint_count * CH_SHA256_BYTES + 1);
    for (size_t i = 0; i < row->fingerprint_count; i++) {
        ch_put_sha256(&prints, &row->fingerprints[i]);
    }
    if (prints.len > 0) {
        digest = ch_sha256_of(prints.ptr, prints.len);
    }
    ch_buf_done(&prints);
    audit_entry_begin_about(k, &a, "ruling", row->repository, row->project, row->file_name);
    a.row.source = row->id;
    a.row.at_us = row->at_us;
    ch_log_entry_int(&a.e, "at_us", row->at_us);
    audit_entry_commit(&a, "by", row->by);
    ch_log_entry_bool(&a.e, "deny", row->deny);
    ch_log_entry_str(&a.e, "ecosystem", row->ecosystem);
    ch_log_entry_sha(&a.e, "evidence", &row->evidence);
    if (row->expires_at_us != CH_TIME_UNKNOWN) {
        ch_log_entry_int(&a.e, "expires_us", row->expires_at_us);
    }
    ch_log_entry_str(&a.e, "file", row->file_name);
    ch_log_entry_sha(&a.e, "findings", &digest); /* of their fingerprints, one after the other */
    ch_log_entry_int(&a.e, "id", (int64_t)row->id);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_int(&a.e, "lifts", (int64_t)row->lifts);
    ch_log_entry_sha(&a.e, "policy", &row->policy);
    ch_log_entry_str(&a.e, "project", row->project);
    audit_entry_commit(&a, "reason", row->reason);
    ch_log_entry_str(&a.e, "repository", row->repository);
    ch_log_entry_sha(&a.e, "sha256", &row->sha256);
    audit_entry_end(&a);
    ch_log_entry_str(&a.e, "versions", row->version_spec);
    return audit_add(k, &a, err);
}

#define EXCEPTION_VERSION 2 /* the first step says all of the exception's row */
static const struct ch_str nothing = {NULL, 0};

enum ch_code audit_exception(struct keeper *k, const struct ch_exception_row *of,
                             const struct ch_exception_step_row *step, struct ch_str rulings,
                             struct ch_str address, struct ch_err *err)
{
    struct audit_entry a;
    bool first = step->event == EXCEPTION_REQUESTED; /* it says what the exception is */
    audit_entry_begin(k, &a, "exception");
    a.row.source = step->id;
    a.row.at_us = step->at_us;
    a.row.repository = of->repository;
    a.row.project = of->project;
    a.row.file_name = of->file_name;
    audit_entry_commit(&a, "address", address);
    ch_log_entry_bool(&a.e, "alone", step->alone);
    ch_log_entry_int(&a.e, "at_us", step->at_us);
    audit_entry_commit(&a, "by", step->by);
    ch_log_entry_sha(&a.e, "bytes", &step->bytes);
    ch_log_entry_str(&a.e, "ecosystem", of->ecosystem);
    ch_log_entry_str(&a.e, "environment", of->environment);
    ch_log_entry_sha(&a.e, "evidence", &step->evidence);
    ch_log_entry_int(&a.e, "exception", (int64_t)step->exception);
    if (step->expires_at_us != CH_TIME_UNKNOWN) {
        ch_log_entry_int(&a.e, "expires_us", step->expires_at_us);
    }
    ch_log_entry_str(&a.e, "file", of->file_name);
    ch_log_entry_int(&a.e, "id", (int64_t)step->id);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    audit_entry_commit(&a, "overrides", first ? of->overrides : nothing); /* may name a person */
    ch_log_entry_sha(&a.e, "policy", &step->policy);
    ch_log_entry_str(&a.e, "project", of->project);
    audit_entry_commit(&a, "reason", step->reason);
    ch_log_entry_str(&a.e, "refusal", first ? of->refusal : nothing);
    if (first && of->renews != 0) {
        ch_log_entry_int(&a.e, "renews", (int64_t)of->renews);
    }
    ch_log_entry_str(&a.e, "repository", of->repository);
    ch_log_entry_str(&a.e, "rulings", rulings);
    ch_log_entry_sha(&a.e, "sha256", first ? &of->sha256 : &none);
    ch_log_entry_str(&a.e, "step",
                     ch_str_of(exception_event_name((enum exception_event)step->event)));
    ch_log_entry_int(&a.e, "v", EXCEPTION_VERSION);
    ch_log_entry_str(&a.e, "versions", of->version_spec);
    enum ch_code rc = audit_add(k, &a, err);
    return rc == CH_OK ? notices_exception(k, of, step, a.row.index, err) : rc;
}

enum ch_code audit_ruling_end(struct keeper *k, uint64_t ruling, struct ch_str by,
                              struct ch_str why, int64_t at_us, struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin_of(k, &a, "ruling-end", ruling, at_us);
    audit_entry_commit(&a, "by", by);
    ch_log_entry_int(&a.e, "id", (int64_t)ruling);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    audit_entry_end(&a);
    audit_entry_commit(&a, "why", why);
    return audit_add(k, &a, err);
}

enum ch_code audit_ruling_expired(struct keeper *k, const struct ch_ruling_row *row,
                                  struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin_about(k, &a, "ruling-expired", row->repository, row->project, row->file_name);
    a.row.source = row->id;
    ch_log_entry_int(&a.e, "at_us", a.row.at_us);
    ch_log_entry_bool(&a.e, "deny", row->deny);
    ch_log_entry_int(&a.e, "expires_us", row->expires_at_us);
    ch_log_entry_str(&a.e, "file", row->file_name);
    ch_log_entry_int(&a.e, "id", (int64_t)row->id);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_str(&a.e, "project", row->project);
    ch_log_entry_str(&a.e, "repository", row->repository);
    audit_entry_end(&a);
    return audit_add(k, &a, err);
}

enum ch_code audit_owner(struct keeper *k, const struct ch_owner_change *row, uint64_t id,
                         struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin_about(k, &a, "owner", row->repository, row->project,
                            (struct ch_str){NULL, 0});
    a.row.source = id;
    a.row.at_us = row->at_us;
    ch_log_entry_int(&a.e, "at_us", row->at_us);
    audit_entry_commit(&a, "by", row->by);
    ch_log_entry_str(&a.e, "change",
                     row->kind == CH_OWNER_GIVEN ? CH_STR("given") : CH_STR("older-accepted"));
    ch_log_entry_str(&a.e, "former", row->former);
    ch_log_entry_int(&a.e, "id", (int64_t)id);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_str(&a.e, "project", row->project);
    audit_entry_commit(&a, "reason", row->reason);
    ch_log_entry_str(&a.e, "repository", row->repository);
    ch_log_entry_str(&a.e, "upstream", row->upstream);
    audit_entry_end(&a);
    return audit_add(k, &a, err);
}

/* ------------------------------------------------------------------ what nobody asked for */

#define LISTING_VERSION 2 /* says which approvals were in force */

enum ch_code audit_listing(struct keeper *k, struct page *p, const struct ch_sha256 *verdicts,
                           struct ch_err *err)
{
    struct audit_entry a;
    struct ch_sha256 policy = ch_policy_digest(k->policy);
    enum ch_code rc = keeper_write(k, err);
    if (rc != CH_OK) {
        return rc;
    }
    const struct ch_sha256 *exceptions;
    audit_entry_begin_about(k, &a, "listing", ch_str_of(p->repository), page_name(p),
                            (struct ch_str){NULL, 0});
    rc = audit_in_force(k, a.row.at_us, &exceptions, err);
    if (rc != CH_OK) {
        ch_buf_done(&a.text);
        return rc;
    }
    ch_log_entry_int(&a.e, "at_us", a.row.at_us);
    ch_log_entry_sha(&a.e, "exceptions", exceptions);
    ch_log_entry_int(&a.e, "files", (int64_t)p->facts.file_count);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_sha(&a.e, "policy", &policy);
    ch_log_entry_str(&a.e, "project", page_name(p));
    ch_log_entry_str(&a.e, "repository", ch_str_of(p->repository));
    ch_log_entry_sha(&a.e, "snapshot", &p->info.body_sha256);
    ch_log_entry_str(&a.e, "upstream", ch_str_of(p->upstream->name));
    ch_log_entry_int(&a.e, "v", LISTING_VERSION);
    ch_log_entry_sha(&a.e, "verdicts", verdicts);
    return audit_add(k, &a, err);
}
