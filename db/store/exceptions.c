/* Exceptions: what was asked for, each step of it, and the rulings that came of it. */
#include "db/store/store_int.h"

/* Up to this step it may come to let something pass; all later ones end it, and go on into the reserve
 * (T4). enum exception_event of db/exceptions/exception.h: in force. */
#define LAST_TOWARDS 4

enum ch_code ch_store_add_exception(struct ch_store *s, const struct ch_exception_row *row,
                                    uint64_t *ret_id, struct ch_err *err)
{
    int64_t id = 0;
    enum ch_code rc = ch_store_room(s, "ask for an exception", err);
    rc = rc == CH_OK
             ? ch_sql_number(
                   s, CH_SQL_ADD_EXCEPTION,
                   CH_ARGS(ch_arg_text(row->repository), ch_arg_text(row->environment),
                           ch_arg_text(row->ecosystem), ch_arg_text(row->project),
                           ch_arg_opt(row->version_spec), ch_arg_opt(row->file_name),
                           ch_arg_sha_opt(&row->sha256), ch_arg_text(row->overrides),
                           ch_arg_text(row->reason), ch_arg_text(row->requester),
                           ch_arg_text(row->address), ch_arg_text(row->refusal),
                           ch_arg_u64(row->renews), ch_arg_int(row->at_us),
                           ch_arg_int(row->expires_at_us)),
                   &id, err)
             : rc;
    if (rc == CH_OK) {
        *ret_id = (uint64_t)id;
    }
    return rc;
}

enum ch_code ch_store_add_exception_step(struct ch_store *s, const struct ch_exception_step_row *row,
                                         uint64_t *ret_id, struct ch_err *err)
{
    int64_t id = 0;
    enum ch_code rc =
        row->event <= LAST_TOWARDS ? ch_store_room(s, "go on with an exception", err) : CH_OK;
    rc = rc == CH_OK ? ch_sql_number(s, CH_SQL_ADD_EXCEPTION_STEP,
                                     CH_ARGS(ch_arg_u64(row->exception), ch_arg_int(row->event),
                                             ch_arg_text(row->by), ch_arg_int(row->alone),
                                             ch_arg_text(row->reason), ch_arg_sha_opt(&row->bytes),
                                             ch_arg_sha_opt(&row->evidence),
                                             ch_arg_sha_opt(&row->policy), ch_arg_int(row->at_us),
                                             ch_arg_time(row->expires_at_us)),
                                     &id, err)
                     : rc;
    if (rc == CH_OK) {
        *ret_id = (uint64_t)id;
    }
    return rc;
}

enum ch_code ch_store_add_exception_ruling(struct ch_store *s, uint64_t exception, uint64_t ruling,
                                           struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_ADD_EXCEPTION_RULING,
                      CH_ARGS(ch_arg_u64(exception), ch_arg_u64(ruling)), NULL, err);
}

static enum ch_code each_exception(struct ch_store *s, enum ch_sql sql, const struct ch_arg *args,
                                   size_t arg_count, ch_store_exception_fn *each, void *ctx,
                                   size_t *ret_count, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, sql, args, arg_count, &c, err);
    *ret_count = 0;
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_exception_row row = {
            .id = ch_col_u64(&c, 0),
            .repository = ch_col_str(&c, 1),
            .environment = ch_col_str(&c, 2),
            .ecosystem = ch_col_str(&c, 3),
            .project = ch_col_str(&c, 4),
            .version_spec = ch_col_str(&c, 5),
            .file_name = ch_col_str(&c, 6),
            .sha256 = ch_col_sha(&c, 7),
            .overrides = ch_col_str(&c, 8),
            .reason = ch_col_str(&c, 9),
            .requester = ch_col_str(&c, 10),
            .address = ch_col_str(&c, 11),
            .refusal = ch_col_str(&c, 12),
            .renews = ch_col_u64(&c, 13),
            .at_us = ch_col_int(&c, 14),
            .expires_at_us = ch_col_int(&c, 15),
        };
        each(ctx, &row);
        (*ret_count)++;
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_open_exceptions(struct ch_store *s, ch_store_exception_fn *each, void *ctx,
                                      struct ch_err *err)
{
    size_t count;
    return each_exception(s, CH_SQL_OPEN_EXCEPTIONS, NULL, 0, each, ctx, &count, err);
}

enum ch_code ch_store_exceptions(struct ch_store *s, size_t max, ch_store_exception_fn *each, void *ctx,
                                 struct ch_err *err)
{
    size_t count;
    return each_exception(s, CH_SQL_EXCEPTIONS, CH_ARGS(ch_arg_u64(max)), each, ctx, &count, err);
}

enum ch_code ch_store_get_exception(struct ch_store *s, uint64_t id, ch_store_exception_fn *each,
                                    void *ctx, struct ch_err *err)
{
    size_t count;
    enum ch_code rc =
        each_exception(s, CH_SQL_GET_EXCEPTION, CH_ARGS(ch_arg_u64(id)), each, ctx, &count, err);
    return rc == CH_OK && count == 0
               ? ch_fail(err, CH_E_NOT_FOUND, "there is no exception %llu", (unsigned long long)id)
               : rc;
}

enum ch_code ch_store_exception_steps(struct ch_store *s, uint64_t exception,
                                      ch_store_exception_step_fn *each, void *ctx,
                                      struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc =
        ch_cursor_open(s, CH_SQL_EXCEPTION_STEPS, CH_ARGS(ch_arg_u64(exception)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_exception_step_row row = {
            .id = ch_col_u64(&c, 0),
            .exception = ch_col_u64(&c, 1),
            .event = (uint32_t)ch_col_u64(&c, 2),
            .by = ch_col_str(&c, 3),
            .alone = ch_col_int(&c, 4) != 0,
            .reason = ch_col_str(&c, 5),
            .bytes = ch_col_sha(&c, 6),
            .evidence = ch_col_sha(&c, 7),
            .policy = ch_col_sha(&c, 8),
            .at_us = ch_col_int(&c, 9),
            .expires_at_us = ch_col_time(&c, 10),
        };
        each(ctx, &row);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_exception_rulings(struct ch_store *s, uint64_t exception,
                                        ch_store_number_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc =
        ch_cursor_open(s, CH_SQL_EXCEPTION_RULINGS, CH_ARGS(ch_arg_u64(exception)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        each(ctx, ch_col_u64(&c, 0));
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}
