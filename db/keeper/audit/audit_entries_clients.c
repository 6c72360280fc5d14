/* What entries say of clients and persons: what they got and did not, who they are, who failed to
 * sign in. */
#include "audit_int.h"

#include <stdio.h>

#include "customhouse/limits.h"
#include "db/keeper/egress/notices.h"

enum ch_code audit_served(struct keeper *k, const struct ch_served_row *row, struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin_about(k, &a, "served", row->repository, row->project, row->file_name);
    a.row.source = row->id;
    a.row.at_us = row->first_at_us;
    audit_entry_put_address(&a, row->address);
    audit_entry_commit(&a, "principal", row->principal);
    ch_log_entry_str(&a.e, "project", row->project);
    ch_log_entry_str(&a.e, "repository", row->repository);
    ch_log_entry_sha(&a.e, "sha256", &row->sha256);
    audit_entry_end(&a);
    return audit_add(k, &a, err);
}

enum ch_code audit_served_dropped(struct keeper *k, uint64_t kept_from, struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin(k, &a, "served-dropped");
    a.row.source = kept_from;
    ch_log_entry_int(&a.e, "at_us", a.row.at_us);
    ch_log_entry_int(&a.e, "id", (int64_t)kept_from);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    audit_entry_end(&a);
    return audit_add(k, &a, err);
}

/* ------------------------------------------------------------------ refusals */

enum ch_code audit_refused(struct keeper *k, const struct page *p, size_t file,
                           const struct ch_client *client, const char *rule, struct ch_err *err)
{
    struct ch_refusals_row row = {.minute = keeper_now_us(k) / 60000000,
                                  .repository = ch_str_of(p->repository),
                                  .project = page_name(p),
                                  .file_name = p->facts.files[file].index.file_name,
                                  .address = client->address,
                                  .principal = client->principal,
                                  .rule = ch_str_of(rule)};
    const struct ch_str many = {NULL, 0};
    uint64_t rows = ch_limits.refusal_rows, of_one = ch_limits.refusal_rows_of_one;
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? ch_store_count_refusal(k->store, &row, rows, of_one, err) : rc;
    if (rc == CH_E_LIMIT) { /* then a row for each principal, repository and rule */
        row.project = row.file_name = many;
        rc = ch_store_count_refusal(k->store, &row, rows, rows, err);
    }
    if (rc == CH_E_LIMIT) {
        row.address = many;
        rc = ch_store_count_refusal(k->store, &row, 2 * rows, rows, err);
    }
    if (rc == CH_E_LIMIT) { /* who asks a gateway says, and who conquers one may say anything */
        row.principal = many;
        rc = ch_store_count_refusal(k->store, &row, INT64_MAX, INT64_MAX, err);
    }
    return rc;
}

static enum ch_code one_refusal(void *ctx, const struct ch_refusals_row *row, struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin_about(ctx, &a, "refused", row->repository, row->project, row->file_name);
    audit_entry_put_address(&a, row->address);
    ch_log_entry_int(&a.e, "minute", row->minute);
    if (row->file_name.len == 0) {
        ch_log_entry_bool(&a.e, "others", true);
    }
    audit_entry_commit(&a, "principal", row->principal);
    ch_log_entry_str(&a.e, "project", row->project);
    ch_log_entry_str(&a.e, "repository", row->repository);
    audit_entry_put_rule(&a, row->rule);
    ch_log_entry_int(&a.e, "times", (int64_t)row->times);
    audit_entry_end(&a);
    return audit_add(ctx, &a, err);
}

enum ch_code audit_refusals(struct keeper *k, int64_t minute, struct ch_err *err)
{
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? ch_store_refusals_before(k->store, minute, one_refusal, k, err) : rc;
    return rc == CH_OK ? ch_store_drop_refusals_before(k->store, minute, err) : rc;
}

/* ------------------------------------------------------------------ people */

static const char *const people_kinds[] = {[CH_PEOPLE_PERSON] = "person",
                                           [CH_PEOPLE_UID] = "uid",
                                           [CH_PEOPLE_MEMBER] = "member",
                                           [CH_PEOPLE_GRANT] = "grant",
                                           [CH_PEOPLE_TOKEN] = "token"};

/* Fields that the kind has not are absent in the row, and left out. Of a token only the digest of
 * its digest: it says which one it is to who has that, and opens nothing. */
enum ch_code audit_people(struct keeper *k, const struct ch_people_row *row, struct ch_err *err)
{
    struct audit_entry a;
    bool token = row->kind == CH_PEOPLE_TOKEN;
    char uid[16] = "";
    if (row->kind == CH_PEOPLE_UID) {
        snprintf(uid, sizeof(uid), "%u", row->uid);
    }
    audit_entry_begin_of(k, &a, people_kinds[row->kind], row->id, row->at_us);
    ch_log_entry_str(&a.e, "audience", row->audience);
    audit_entry_commit(&a, "by", row->by);
    ch_log_entry_str(&a.e, "environment", row->environment);
    if (token) {
        ch_log_entry_int(&a.e, "expires_us", row->expires_at_us);
    }
    audit_entry_commit(&a, "full_name", row->full_name);
    audit_entry_commit(&a, "group", row->group);
    ch_log_entry_int(&a.e, "id", (int64_t)row->id);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    audit_entry_commit(&a, "label", row->label);
    audit_entry_commit(&a, "person", row->person);
    ch_log_entry_str(&a.e, "repository", row->repository);
    ch_log_entry_str(&a.e, "role", row->role);
    if (row->kind == CH_PEOPLE_PERSON) {
        ch_log_entry_bool(&a.e, "service", row->service);
    }
    if (token) {
        struct ch_sha256 digest = ch_sha256_of(row->sha256.byte, sizeof(row->sha256.byte));
        ch_log_entry_sha(&a.e, "token", &digest);
    }
    audit_entry_commit(&a, "uid", ch_str_of(uid));
    audit_entry_end(&a);
    return audit_add(k, &a, err);
}

enum ch_code audit_people_end(struct keeper *k, const struct ch_people_row *row, struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin_of(k, &a, "people-end", row->id, row->ended_at_us);
    audit_entry_commit(&a, "by", row->ended_by);
    audit_entry_commit(&a, "group", row->group);
    ch_log_entry_int(&a.e, "id", (int64_t)row->id);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_str(&a.e, "of", ch_str_of(people_kinds[row->kind]));
    audit_entry_commit(&a, "person", row->person);
    audit_entry_commit(&a, "reason", row->ended_why);
    audit_entry_end(&a);
    return audit_add(k, &a, err);
}

/* There need not be a row: this is of no source. */
enum ch_code audit_people_settled(struct keeper *k, uint64_t id, struct ch_str by,
                                  struct ch_str why, int64_t at_us, struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin(k, &a, "people-settled");
    ch_log_entry_int(&a.e, "at_us", at_us);
    audit_entry_commit(&a, "by", by);
    ch_log_entry_int(&a.e, "id", (int64_t)id);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    audit_entry_commit(&a, "reason", why);
    audit_entry_end(&a);
    return audit_add(k, &a, err);
}

/* ------------------------------------------------------------------ what two have to say */

enum ch_code audit_proposal(struct keeper *k, const struct ch_proposal_row *row, struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin_of(k, &a, "proposal", row->id, row->at_us);
    audit_entry_commit(&a, "by", row->by);
    audit_entry_commit(&a, "change", row->change);
    ch_log_entry_int(&a.e, "id", (int64_t)row->id);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    audit_entry_end(&a);
    ch_log_entry_sha(&a.e, "what", &row->what);
    return audit_add(k, &a, err);
}

static enum ch_code enter_end(struct keeper *k, const char *kind, uint64_t id, const char *how,
                              struct ch_str by, int64_t at_us, struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin_of(k, &a, kind, id, at_us);
    audit_entry_commit(&a, "by", by);
    ch_log_entry_str(&a.e, "how", ch_str_of(how));
    ch_log_entry_int(&a.e, "id", (int64_t)id);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    audit_entry_end(&a);
    return audit_add(k, &a, err);
}

enum ch_code audit_proposal_end(struct keeper *k, uint64_t id, const char *how, struct ch_str by,
                                int64_t at_us, struct ch_err *err)
{
    return enter_end(k, "proposal-end", id, how, by, at_us, err);
}

enum ch_code audit_policy_proposal(struct keeper *k, const struct ch_policy_proposal_row *row,
                                   struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin_of(k, &a, "policy-proposal", row->id, row->at_us);
    ch_log_entry_sha(&a.e, "base", &row->base);
    audit_entry_commit(&a, "by", row->by);
    ch_log_entry_int(&a.e, "id", (int64_t)row->id);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_sha(&a.e, "policy", &row->policy);
    audit_entry_commit(&a, "reason", row->reason);
    audit_entry_end(&a);
    enum ch_code rc = audit_add(k, &a, err);
    return rc == CH_OK ? notices_policy(k, row, a.row.index, err) : rc;
}

enum ch_code audit_policy_proposal_end(struct keeper *k, uint64_t id, const char *how,
                                       struct ch_str by, int64_t at_us, struct ch_err *err)
{
    return enter_end(k, "policy-proposal-end", id, how, by, at_us, err);
}

/* ------------------------------------------------------------------ failed sign-ins */

/* In the end there is a row for each person, process and cause, whatever strangers do. */
enum ch_code audit_sign_ins_failed(struct keeper *k, struct ch_sign_in_row row, struct ch_err *err)
{
    const struct ch_str many = {NULL, 0};
    uint64_t rows = ch_limits.sign_in_rows, of_one = ch_limits.sign_in_rows_of_one;
    row.minute = keeper_now_us(k) / 60000000;
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? ch_store_count_sign_ins(k->store, &row, rows, of_one, err) : rc;
    if (rc == CH_E_LIMIT) {
        row.path = many;
        rc = ch_store_count_sign_ins(k->store, &row, rows, rows, err);
    }
    if (rc == CH_E_LIMIT) {
        row.address = many;
        rc = ch_store_count_sign_ins(k->store, &row, INT64_MAX, INT64_MAX, err);
    }
    return rc;
}

static enum ch_code one_sign_in(void *ctx, const struct ch_sign_in_row *row, struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin(ctx, &a, "sign-in-failed");
    audit_entry_put_address(&a, row->address);
    ch_log_entry_int(&a.e, "minute", row->minute);
    if (row->path.len == 0) {
        ch_log_entry_bool(&a.e, "others", true);
    }
    audit_entry_commit(&a, "path", row->path);
    audit_entry_commit(&a, "principal", row->principal);
    ch_log_entry_int(&a.e, "times", (int64_t)row->times);
    audit_entry_end(&a);
    ch_log_entry_str(&a.e, "via", row->via);
    ch_log_entry_str(&a.e, "why", row->why);
    return audit_add(ctx, &a, err);
}

enum ch_code audit_sign_ins(struct keeper *k, int64_t minute, struct ch_err *err)
{
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? ch_store_sign_ins_before(k->store, minute, one_sign_in, k, err) : rc;
    return rc == CH_OK ? ch_store_drop_sign_ins_before(k->store, minute, err) : rc;
}

/* ------------------------------------------------------------------ refused commands */

/* In the end there is a row for each principal and way in: also the command has what somebody says,
 * the first word behind it. */
enum ch_code audit_command_refused(struct keeper *k, struct ch_command_refusal_row row,
                                   struct ch_err *err)
{
    row.minute = keeper_now_us(k) / 60000000;
    uint64_t rows = ch_limits.refusal_rows, of_one = ch_limits.refusal_rows_of_one;
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? ch_store_count_command_refusal(k->store, &row, rows, of_one, err) : rc;
    if (rc == CH_E_LIMIT) {
        row.what = row.why = (struct ch_str){NULL, 0};
        rc = ch_store_count_command_refusal(k->store, &row, 2 * rows, 2 * of_one, err);
    }
    if (rc == CH_E_LIMIT) {
        row.command = (struct ch_str){NULL, 0};
        rc = ch_store_count_command_refusal(k->store, &row, INT64_MAX, INT64_MAX, err);
    }
    return rc;
}

static enum ch_code one_command(void *ctx, const struct ch_command_refusal_row *row,
                                struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin(ctx, &a, "command-refused");
    ch_log_entry_int(&a.e, "at_us", a.row.at_us);
    ch_log_entry_str(&a.e, "command", row->command);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_int(&a.e, "minute", row->minute);
    if (row->why.len == 0) {
        ch_log_entry_bool(&a.e, "others", true);
    }
    audit_entry_commit(&a, "principal", row->principal);
    ch_log_entry_int(&a.e, "times", (int64_t)row->times);
    audit_entry_end(&a);
    ch_log_entry_str(&a.e, "via", row->via);
    audit_entry_commit(&a, "what", row->what); /* it may name a person, and so may why */
    audit_entry_commit(&a, "why", row->why);
    return audit_add(ctx, &a, err);
}

enum ch_code audit_command_refusals(struct keeper *k, int64_t minute, struct ch_err *err)
{
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? ch_store_command_refusals_before(k->store, minute, one_command, k, err) : rc;
    return rc == CH_OK ? ch_store_drop_command_refusals_before(k->store, minute, err) : rc;
}
