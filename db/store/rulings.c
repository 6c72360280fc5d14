/* What people said: rulings and their ends. */
#include <stdlib.h>

#include "db/store/store_int.h"

static enum ch_code add_all(struct ch_store *s, const struct ch_ruling_row *row, int64_t *ret_id,
                            struct ch_err *err)
{
    enum ch_code rc = ch_sql_number(
        s, CH_SQL_ADD_RULING,
        CH_ARGS(ch_arg_int(row->deny), ch_arg_opt(row->repository), ch_arg_opt(row->ecosystem),
                ch_arg_opt(row->project), ch_arg_opt(row->version_spec), ch_arg_opt(row->file_name),
                ch_arg_sha_opt(&row->sha256), ch_arg_sha_opt(&row->evidence),
                ch_arg_sha_opt(&row->policy), ch_arg_u64(row->lifts), ch_arg_text(row->reason),
                ch_arg_text(row->by), ch_arg_int(row->at_us), ch_arg_time(row->expires_at_us)),
        ret_id, err);
    for (size_t i = 0; rc == CH_OK && i < row->fingerprint_count; i++) {
        rc = ch_sql_run(
            s, CH_SQL_ADD_FINGERPRINT,
            CH_ARGS(ch_arg_int(*ret_id), ch_arg_u64(i), ch_arg_sha(&row->fingerprints[i])), NULL,
            err);
    }
    return rc;
}

enum ch_code ch_store_add_ruling(struct ch_store *s, const struct ch_ruling_row *row,
                                 uint64_t *ret_id, struct ch_err *err)
{
    int64_t id = 0;
    enum ch_code rc = row->deny ? CH_OK : ch_store_room(s, "approve", err);
    if (rc == CH_OK) {
        rc = ch_step_begin(s, err);
    }
    if (rc == CH_OK) {
        rc = ch_step_end(s, add_all(s, row, &id, err), err);
    }
    if (rc == CH_OK) {
        *ret_id = (uint64_t)id;
    }
    return rc;
}

enum ch_code ch_store_end_ruling(struct ch_store *s, uint64_t id, struct ch_str by,
                                 struct ch_str why, int64_t at_us, struct ch_err *err)
{
    enum ch_code rc = ch_sql_run(
        s, CH_SQL_END_RULING,
        CH_ARGS(ch_arg_u64(id), ch_arg_text(by), ch_arg_text(why), ch_arg_int(at_us)), NULL, err);
    if (rc == CH_E_USAGE) {
        return ch_fail(err, CH_E_NOT_FOUND, "there is no ruling %llu", (unsigned long long)id);
    }
    if (rc == CH_E_EXISTS) {
        return ch_fail(err, CH_E_EXISTS, "ruling %llu is ended already", (unsigned long long)id);
    }
    return rc;
}

static enum ch_code read_fingerprints(struct ch_store *s, uint64_t id,
                                      struct ch_sha256 **fingerprints, size_t *ret_count,
                                      struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_FINGERPRINTS, CH_ARGS(ch_arg_u64(id)), &c, err);
    size_t n = 0;
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        *fingerprints = ch_realloc_array(*fingerprints, n + 1, sizeof(**fingerprints));
        (*fingerprints)[n++] = ch_col_sha(&c, 0);
    }
    ch_cursor_close(&c);
    *ret_count = n;
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_approvals_logged(struct ch_store *s, ch_store_approval_logged_fn *each,
                                       void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_APPROVALS_LOGGED, NULL, 0, &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        int64_t to = ch_col_time(&c, 3);
        each(ctx, &(struct ch_approval_logged){
                      .id = ch_col_u64(&c, 0),
                      .from = ch_col_u64(&c, 2),
                      .to = to != CH_TIME_UNKNOWN ? (uint64_t)to : UINT64_MAX,
                      .expires_at_us = ch_col_time(&c, 1),
                  });
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_rulings(struct ch_store *s, ch_store_ruling_fn *each, void *ctx,
                              struct ch_err *err)
{
    struct ch_cursor c;
    struct ch_sha256 *fingerprints = NULL;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_RULINGS, NULL, 0, &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_ruling_row row = {
            .id = ch_col_u64(&c, 0),
            .deny = ch_col_int(&c, 1) != 0,
            .repository = ch_col_str(&c, 2),
            .ecosystem = ch_col_str(&c, 3),
            .project = ch_col_str(&c, 4),
            .version_spec = ch_col_str(&c, 5),
            .file_name = ch_col_str(&c, 6),
            .sha256 = ch_col_sha(&c, 7),
            .evidence = ch_col_sha(&c, 8),
            .policy = ch_col_sha(&c, 9),
            .lifts = ch_col_u64(&c, 10),
            .reason = ch_col_str(&c, 11),
            .by = ch_col_str(&c, 12),
            .at_us = ch_col_int(&c, 13),
            .expires_at_us = ch_col_time(&c, 14),
            .environment = ch_col_str(&c, 15),
            .over = ch_col_int(&c, 16) != 0,
        };
        rc = read_fingerprints(s, row.id, &fingerprints, &row.fingerprint_count, err);
        row.fingerprints = fingerprints;
        if (rc == CH_OK) {
            each(ctx, &row);
        }
    }
    ch_cursor_close(&c);
    free(fingerprints);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}
