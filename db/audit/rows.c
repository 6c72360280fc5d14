/* Rows without a number, or that are replaced: an entry says all of them, so it is written again
 * from the row, and its leaf compared. */
#include "auditor.h"

#include "db/log/bundle.h"
#include "db/log/entry_row.h"

/* ------------------------------------------------------------------ the entry that it should be */

struct again {
    struct ch_buf text;
    struct ch_log_entry e;
};

static void begin(struct again *a)
{
    ch_buf_init(&a->text, CH_ENTRY_MAX);
    ch_log_entry_begin(&a->e, &a->text);
}

static bool is_entry(struct audit_verify *v, struct again *a, const struct ch_sha256 *logged)
{
    ch_log_entry_end(&a->e);
    bool whole = ch_log_entry_ok(&a->e, NULL) == CH_OK;
    struct ch_sha256 leaf = ch_tree_leaf(v->hash, ch_buf_str(&a->text));
    ch_buf_done(&a->text);
    v->compared++;
    return whole && ch_sha256_eq(&leaf, logged);
}

/* ------------------------------------------------------------------ beside those that are */

static enum ch_code on_owner(void *ctx, const struct ch_owner_entered *row, struct ch_err *err)
{
    struct audit_verify *v = ctx;
    struct ch_entry_owner owner = {row->repository, row->project, row->upstream, row->at_us};
    struct again again;
    (void)err;
    if (ch_sha256_is_zero(&row->leaf)) {
        audit_problem(v, "database: owner of %.*s in %.*s was never logged",
                      CH_STR_ARG(row->project), CH_STR_ARG(row->repository));
        return CH_OK;
    }
    begin(&again);
    ch_log_entry_put_owner(&again.e, &owner);
    if (!is_entry(v, &again, &row->leaf)) {
        audit_problem(v, "database: owner of %.*s in %.*s is not what was logged",
                      CH_STR_ARG(row->project), CH_STR_ARG(row->repository));
    }
    return CH_OK;
}

static enum ch_code on_value(void *ctx, const struct ch_value_entered *row, struct ch_err *err)
{
    struct audit_verify *v = ctx;
    struct again again;
    (void)err;
    if (!ch_store_value_is_entered(row->name)) {
        return CH_OK;
    }
    if (ch_sha256_is_zero(&row->leaf)) {
        audit_problem(v, "database: value \"%.*s\" was never logged", CH_STR_ARG(row->name));
        return CH_OK;
    }
    begin(&again);
    ch_log_entry_put_value(&again.e, row->name, row->value, row->at_us);
    if (!is_entry(v, &again, &row->leaf)) {
        audit_problem(v, "database: value \"%.*s\" is not what was logged", CH_STR_ARG(row->name));
    }
    return CH_OK;
}

static void on_value_gone(void *ctx, struct ch_str name)
{
    audit_problem(ctx, "database: value \"%.*s\" is gone, which entries are about",
                  CH_STR_ARG(name));
}

static enum ch_code on_confirmation(void *ctx, const struct ch_confirmation *row,
                                    struct ch_err *err)
{
    (void)err;
    audit_problem(ctx, "database: snapshot %llu: checked_at_us is not what was logged",
                  (unsigned long long)row->snapshot);
    return CH_OK;
}

/* T7: what the clock is watched by has seen each entry's time. */
static enum ch_code check_newest(struct audit_verify *v, struct ch_err *err)
{
    int64_t newest_us = 0;
    enum ch_code rc = ch_store_newest_time(v->store, &newest_us, err);
    if (rc == CH_E_NOT_FOUND) {
        audit_problem(v, "database: newest: it is gone");
        return CH_OK;
    }
    if (rc == CH_OK && newest_us < v->newest_us) {
        audit_problem(v, "database: newest: it is before an entry that was logged");
    }
    return rc;
}

enum ch_code audit_check_rows(struct audit_verify *v, struct ch_err *err)
{
    enum ch_code rc = check_newest(v, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (v->bound < CH_LOGGED_ROWS_SINCE) {
        fprintf(v->out,
                "not covered: whose names were first, what the keeper keeps for itself, and "
                "when pages were confirmed; entries are about these once a keeper of this "
                "version has begun\n");
        return CH_OK;
    }
    rc = ch_store_owners_entered(v->store, on_owner, v, err);
    rc = rc == CH_OK ? ch_store_values_entered(v->store, on_value, v, err) : rc;
    rc = rc == CH_OK ? ch_store_values_gone(v->store, on_value_gone, v, err) : rc;
    return rc == CH_OK ? ch_store_odd_confirmations(v->store, on_confirmation, v, err) : rc;
}
