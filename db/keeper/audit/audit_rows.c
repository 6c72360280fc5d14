/* Rows without a number, or that are replaced: an entry says all of them as they come to be, so
 * that who has the row can write it again. */
#include "audit_int.h"

#include "db/log/entry_row.h"

/* ------------------------------------------------------------------ one */

static enum ch_code enter_owner(struct keeper *k, const struct ch_entry_owner *owner,
                                struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin_about(k, &a, CH_ENTRY_FIRST_OWNER, owner->repository, owner->project,
                            (struct ch_str){NULL, 0});
    a.row.at_us = owner->at_us;
    ch_log_entry_put_owner(&a.e, owner);
    return audit_add(k, &a, err);
}

static enum ch_code enter_value(struct keeper *k, struct ch_str name, struct ch_str bytes,
                                struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin(k, &a, CH_ENTRY_VALUE);
    a.row.project = name; /* to find it by */
    ch_log_entry_put_value(&a.e, name, bytes, a.row.at_us);
    return audit_add(k, &a, err);
}

static enum ch_code enter_confirmation(struct keeper *k, const struct ch_confirmation *row,
                                       struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin_about(k, &a, "snapshot-confirmed", (struct ch_str){NULL, 0}, row->project,
                            (struct ch_str){NULL, 0});
    a.row.source = row->snapshot;
    a.row.at_us = row->checked_at_us;
    ch_log_entry_int(&a.e, "at_us", row->checked_at_us);
    ch_log_entry_int(&a.e, "id", (int64_t)row->snapshot);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_str(&a.e, "project", row->project);
    ch_log_entry_str(&a.e, "upstream", row->upstream);
    audit_entry_end(&a);
    return audit_add(k, &a, err);
}

/* ------------------------------------------------------------------ with what it is about */

enum ch_code audit_pin_owner(struct keeper *k, const struct ch_entry_owner *owner,
                             struct ch_err *err)
{
    bool first = false;
    enum ch_code rc = audit_step(k, err);
    if (rc != CH_OK) {
        return rc;
    }
    rc = ch_store_pin_owner(k->store, owner->repository, owner->project, owner->upstream,
                            owner->at_us, &first, err);
    rc = rc == CH_OK && first ? enter_owner(k, owner, err) : rc;
    return audit_step_end(k, rc, err);
}

enum ch_code audit_first_owner(struct keeper *k, const struct ch_entry_owner *owner,
                               struct ch_err *err)
{
    return enter_owner(k, owner, err);
}

enum ch_code audit_confirmed_before(struct keeper *k, struct ch_str upstream, struct ch_str project,
                                    int64_t at_us, struct ch_err *err)
{
    struct ch_confirmation row = {.upstream = upstream, .project = project, .checked_at_us = at_us};
    enum ch_code rc = audit_step(k, err);
    if (rc != CH_OK) {
        return rc;
    }
    rc = ch_store_snapshot_checked(k->store, upstream, project, at_us, &row.snapshot, err);
    rc = rc == CH_OK ? enter_confirmation(k, &row, err) : rc;
    return audit_step_end(k, rc, err);
}

enum ch_code audit_confirm_snapshot(struct keeper *k, struct ch_str upstream, struct ch_str project,
                                    int64_t at_us, struct ch_err *err)
{
    struct ch_confirmation row = {.upstream = upstream, .project = project, .checked_at_us = at_us};
    enum ch_code rc = audit_step(k, err);
    if (rc != CH_OK) {
        return rc;
    }
    rc = ch_store_confirm_snapshot(k->store, upstream, project, at_us, &row.snapshot, err);
    rc = rc == CH_OK ? enter_confirmation(k, &row, err) : rc;
    return audit_step_end(k, rc, err);
}

enum ch_code audit_put_value(struct keeper *k, struct ch_str name, struct ch_str bytes,
                             struct ch_err *err)
{
    struct ch_buf now;
    ch_buf_init(&now, bytes.len + 1); /* what is longer is another one */
    bool same = ch_store_get_value(k->store, name, &now, NULL) == CH_OK &&
                ch_str_eq(ch_buf_str(&now), bytes);
    ch_buf_done(&now);
    if (same) {
        return CH_OK;
    }
    enum ch_code rc = ch_store_set_value(k->store, name, bytes, err);
    return rc == CH_OK ? enter_value(k, name, bytes, err) : rc;
}

enum ch_code audit_set_value(struct keeper *k, struct ch_str name, struct ch_str bytes,
                             struct ch_err *err)
{
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? audit_step(k, err) : rc;
    return rc == CH_OK ? audit_step_end(k, audit_put_value(k, name, bytes, err), err) : rc;
}

/* ------------------------------------------------------------------ what is older */

static enum ch_code older_owner(void *ctx, const struct ch_owner_entered *row, struct ch_err *err)
{
    struct ch_entry_owner owner = {row->repository, row->project, row->upstream, row->at_us};
    return enter_owner(ctx, &owner, err);
}

static enum ch_code older_value(void *ctx, const struct ch_value_entered *row, struct ch_err *err)
{
    return ch_store_value_is_entered(row->name) ? enter_value(ctx, row->name, row->value, err)
                                                : CH_OK;
}

static enum ch_code older_confirmation(void *ctx, const struct ch_confirmation *row,
                                       struct ch_err *err)
{
    return enter_confirmation(ctx, row, err);
}

enum ch_code audit_older_rows(struct keeper *k, uint64_t bound, struct ch_err *err)
{
    if (bound >= CH_LOGGED_ROWS_SINCE) {
        return CH_OK;
    }
    enum ch_code rc = ch_store_owners_entered(k->store, older_owner, k, err);
    rc = rc == CH_OK ? ch_store_values_entered(k->store, older_value, k, err) : rc;
    return rc == CH_OK ? ch_store_odd_confirmations(k->store, older_confirmation, k, err) : rc;
}
