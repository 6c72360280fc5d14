/* The audit log's side of the store. */
#include "db/store/store_int.h"

#include <string.h>

enum ch_code ch_store_add_log(struct ch_store *s, const struct ch_log_row *row, struct ch_str entry,
                              const struct ch_log_clear *clear, size_t clear_count,
                              struct ch_err *err)
{
    enum ch_code rc = ch_step_begin(s, err);
    if (rc != CH_OK) {
        return rc;
    }
    rc = ch_sql_run(s, CH_SQL_ADD_LOG,
                    CH_ARGS(ch_arg_u64(row->index), ch_arg_text(row->kind), ch_arg_u64(row->source),
                            ch_arg_text(row->repository), ch_arg_text(row->project),
                            ch_arg_text(row->file_name), ch_arg_sha(&row->leaf),
                            ch_arg_int(row->at_us)),
                    NULL, err);
    if (rc == CH_OK) {
        rc = ch_sql_run(s, CH_SQL_ADD_LOG_PENDING,
                        CH_ARGS(ch_arg_u64(row->index), ch_arg_blob(entry)), NULL, err);
    }
    for (size_t i = 0; rc == CH_OK && i < clear_count; i++) {
        struct ch_str salt = {(const char *)clear[i].salt, sizeof(clear[i].salt)};
        rc = ch_sql_run(s, CH_SQL_ADD_LOG_CLEAR,
                        CH_ARGS(ch_arg_u64(row->index), ch_arg_text(clear[i].field),
                                ch_arg_blob(salt), ch_arg_text(clear[i].text)),
                        NULL, err);
    }
    return ch_step_end(s, rc, err);
}

enum ch_code ch_store_log_ends(struct ch_store *s, uint64_t *ret_next, uint64_t *ret_written,
                               struct ch_err *err)
{
    int64_t next = 0, written = 0;
    enum ch_code rc = ch_sql_number(s, CH_SQL_LOG_NEXT, NULL, 0, &next, err);
    rc = rc == CH_OK
             ? ch_sql_number(s, CH_SQL_LOG_WRITTEN, CH_ARGS(ch_arg_int(next)), &written, err)
             : rc;
    if (rc == CH_OK) {
        *ret_next = (uint64_t)next;
        *ret_written = (uint64_t)written;
    }
    return rc;
}

enum ch_code ch_store_log_pending(struct ch_store *s, uint64_t from, ch_store_log_pending_fn *each,
                                  void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_LOG_PENDING, CH_ARGS(ch_arg_u64(from)), &c, err);
    bool more = true;
    while (rc == CH_OK && more && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        more = each(ctx, ch_col_u64(&c, 0), ch_col_str(&c, 1));
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_log_is_written(struct ch_store *s, uint64_t below, struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_DROP_LOG_PENDING, CH_ARGS(ch_arg_u64(below)), NULL, err);
}

enum ch_code ch_store_log_seal(struct ch_store *s, struct ch_log_seal *ret, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_LOG_SEAL, NULL, 0, &c, err);
    rc = rc == CH_OK ? ch_cursor_next(&c, err) : rc;
    if (rc == CH_OK) {
        struct ch_str signature = ch_col_str(&c, 5);
        *ret = (struct ch_log_seal){.base = ch_col_u64(&c, 0),
                                    .base_chain = ch_col_sha(&c, 1),
                                    .size = ch_col_u64(&c, 2),
                                    .chain = ch_col_sha(&c, 3),
                                    .written = ch_col_u64(&c, 4)};
        if (signature.len == sizeof(ret->signature)) { /* else it is by nobody */
            memcpy(ret->signature, signature.ptr, sizeof(ret->signature));
        }
    }
    ch_cursor_close(&c);
    return rc;
}

enum ch_code ch_store_set_log_seal(struct ch_store *s, const struct ch_log_seal *seal,
                                   struct ch_err *err)
{
    struct ch_str signature = {(const char *)seal->signature, sizeof(seal->signature)};
    return ch_sql_run(s, CH_SQL_SET_LOG_SEAL,
                      CH_ARGS(ch_arg_u64(seal->base), ch_arg_sha(&seal->base_chain),
                              ch_arg_u64(seal->size), ch_arg_sha(&seal->chain),
                              ch_arg_u64(seal->written), ch_arg_blob(signature)),
                      NULL, err);
}

void ch_log_row_read(const struct ch_cursor *c, struct ch_log_row *ret)
{
    *ret = (struct ch_log_row){
        .index = ch_col_u64(c, 0),
        .kind = ch_col_str(c, 1),
        .source = ch_col_u64(c, 2),
        .repository = ch_col_str(c, 3),
        .project = ch_col_str(c, 4),
        .file_name = ch_col_str(c, 5),
        .leaf = ch_col_sha(c, 6),
        .at_us = ch_col_int(c, 7),
    };
}

enum ch_code ch_store_log_list(struct ch_store *s, uint64_t from, ch_store_log_list_fn *each,
                               void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_LOG_ROWS,
                                     CH_ARGS(ch_arg_u64(from), ch_arg_u64(INT64_MAX)), &c, err);
    bool more = true;
    while (rc == CH_OK && more && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_log_row row;
        ch_log_row_read(&c, &row);
        more = each(ctx, &row);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_decision_entry(struct ch_store *s, struct ch_str repository,
                                     struct ch_str project, struct ch_str file_name,
                                     struct ch_log_row *ret, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(
        s, CH_SQL_DECISION_ENTRY,
        CH_ARGS(ch_arg_text(project), ch_arg_text(repository), ch_arg_text(file_name)), &c, err);
    rc = rc == CH_OK ? ch_cursor_next(&c, err) : rc;
    if (rc == CH_OK) {
        struct ch_log_row row;
        ch_log_row_read(&c, &row);
        *ret = (struct ch_log_row){
            .index = row.index, .source = row.source, .leaf = row.leaf, .at_us = row.at_us};
    }
    ch_cursor_close(&c);
    return rc;
}

enum ch_code ch_store_log_place(struct ch_store *s, struct ch_str kind, uint64_t source,
                                uint64_t *ret, struct ch_err *err)
{
    int64_t place = -1;
    enum ch_code rc = ch_sql_number(s, CH_SQL_LOG_PLACE,
                                    CH_ARGS(ch_arg_text(kind), ch_arg_u64(source)), &place, err);
    if (rc == CH_OK && place < 0) {
        return ch_fail(err, CH_E_NOT_FOUND, "no entry of the audit log is about it");
    }
    *ret = (uint64_t)place;
    return rc;
}

enum ch_code ch_store_has_log(struct ch_store *s, struct ch_str kind, uint64_t source,
                              bool *ret_has, struct ch_err *err)
{
    int64_t count = 0;
    enum ch_code rc = ch_sql_number(s, CH_SQL_LOG_HAS,
                                    CH_ARGS(ch_arg_text(kind), ch_arg_u64(source)), &count, err);
    if (rc == CH_OK) {
        *ret_has = count > 0;
    }
    return rc;
}

enum ch_code ch_store_log_clear(struct ch_store *s, uint64_t index, ch_store_log_clear_fn *each,
                                void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_LOG_CLEAR, CH_ARGS(ch_arg_u64(index)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_log_clear clear = {.field = ch_col_str(&c, 0), .text = ch_col_str(&c, 2)};
        struct ch_rd salt = ch_rd_of(ch_col_str(&c, 1).ptr, ch_col_str(&c, 1).len);
        for (size_t i = 0; i < sizeof(clear.salt); i++) {
            clear.salt[i] = ch_get_u8(&salt);
        }
        each(ctx, &clear);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_log_erased(struct ch_store *s, uint64_t index, ch_store_log_erased_fn *each,
                                 void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_LOG_ERASED,
                                     CH_ARGS(ch_arg_u64(index), ch_arg_u64(index + 1)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_str salt = ch_col_str(&c, 3);
        struct ch_log_erased one = {.field = ch_col_str(&c, 1),
                                    .act = ch_col_u64(&c, 2),
                                    .has_hmac = salt.len == CH_LOG_SALT_BYTES,
                                    .hmac = ch_col_sha(&c, 4)};
        struct ch_rd bytes = ch_rd_of(salt.ptr, salt.len);
        for (size_t i = 0; i < sizeof(one.salt); i++) {
            one.salt[i] = ch_get_u8(&bytes);
        }
        each(ctx, &one);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

/* --- refusals, by the minute --- */

enum ch_code ch_store_count_refusal(struct ch_store *s, const struct ch_refusals_row *row,
                                    uint64_t rows, uint64_t rows_of_one, struct ch_err *err)
{
    const struct ch_arg args[] = {ch_arg_int(row->minute),   ch_arg_text(row->repository),
                                  ch_arg_text(row->project), ch_arg_text(row->file_name),
                                  ch_arg_text(row->address), ch_arg_text(row->principal),
                                  ch_arg_text(row->rule),    ch_arg_u64(rows),
                                  ch_arg_u64(rows_of_one)};
    uint64_t changed = 0;
    enum ch_code rc =
        ch_sql_run(s, CH_SQL_COUNT_REFUSAL, args, CH_ARRAY_LEN(args) - 2, &changed, err);
    if (rc == CH_OK && changed == 0) {
        rc = ch_sql_run(s, CH_SQL_ADD_REFUSAL, args, CH_ARRAY_LEN(args), &changed, err);
    }
    return rc == CH_OK && changed == 0
               ? ch_fail(err, CH_E_LIMIT, "refusals of minute %lld: enough rows",
                         (long long)row->minute)
               : rc;
}

enum ch_code ch_store_refusals_before(struct ch_store *s, int64_t minute,
                                      ch_store_refusals_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc =
        ch_cursor_open(s, CH_SQL_REFUSALS_BEFORE, CH_ARGS(ch_arg_int(minute)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_refusals_row row = {
            .minute = ch_col_int(&c, 0),
            .repository = ch_col_str(&c, 1),
            .project = ch_col_str(&c, 2),
            .file_name = ch_col_str(&c, 3),
            .address = ch_col_str(&c, 4),
            .principal = ch_col_str(&c, 5),
            .rule = ch_col_str(&c, 6),
            .times = ch_col_u64(&c, 7),
        };
        rc = each(ctx, &row, err);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_drop_refusals_before(struct ch_store *s, int64_t minute, struct ch_err *err)
{
    return ch_sql_run_overwriting(s, CH_SQL_DROP_REFUSALS_BEFORE, CH_ARGS(ch_arg_int(minute)), NULL,
                                  err);
}
