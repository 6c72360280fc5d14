/* What goes out to people and other servers, until it is there. */
#include "db/store/store_int.h"

enum ch_code ch_store_add_notice(struct ch_store *s, const struct ch_notice_row *row,
                                 struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_ADD_NOTICE,
                      CH_ARGS(ch_arg_int(row->kind), ch_arg_text(row->destination),
                              ch_arg_text(row->message), ch_arg_text(row->event),
                              ch_arg_text(row->body), ch_arg_int(row->at_us),
                              ch_arg_int(row->due_at_us)),
                      NULL, err);
}

static enum ch_code each_notice(struct ch_store *s, enum ch_sql sql, const struct ch_arg *args,
                                size_t count, ch_store_notice_fn *each, void *ctx,
                                struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, sql, args, count, &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_notice_row row = {
            .id = ch_col_u64(&c, 0),
            .kind = (uint32_t)ch_col_int(&c, 1),
            .destination = ch_col_str(&c, 2),
            .message = ch_col_str(&c, 3),
            .event = ch_col_str(&c, 4),
            .body = ch_col_str(&c, 5),
            .at_us = ch_col_int(&c, 6),
            .tries = (uint32_t)ch_col_int(&c, 7),
            .due_at_us = ch_col_int(&c, 8),
        };
        each(ctx, &row);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_notices_due(struct ch_store *s, uint32_t kind, struct ch_str destination,
                                  int64_t until_us, size_t max, ch_store_notice_fn *each, void *ctx,
                                  struct ch_err *err)
{
    return each_notice(
        s, CH_SQL_NOTICES_DUE,
        CH_ARGS(ch_arg_int(kind), ch_arg_text(destination), ch_arg_int(until_us), ch_arg_u64(max)),
        each, ctx, err);
}

enum ch_code ch_store_notices_oldest(struct ch_store *s, uint32_t kind, struct ch_str destination,
                                     size_t max, ch_store_notice_fn *each, void *ctx,
                                     struct ch_err *err)
{
    return each_notice(s, CH_SQL_NOTICES_OLDEST,
                       CH_ARGS(ch_arg_int(kind), ch_arg_text(destination), ch_arg_u64(max)), each,
                       ctx, err);
}

enum ch_code ch_store_notices_before(struct ch_store *s, int64_t before_us, size_t max,
                                     ch_store_notice_fn *each, void *ctx, struct ch_err *err)
{
    return each_notice(s, CH_SQL_NOTICES_BEFORE, CH_ARGS(ch_arg_int(before_us), ch_arg_u64(max)),
                       each, ctx, err);
}

enum ch_code ch_store_notice_failed(struct ch_store *s, uint64_t id, int64_t due_at_us,
                                    struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_NOTICE_FAILED, CH_ARGS(ch_arg_int(due_at_us), ch_arg_u64(id)), NULL,
                      err);
}

enum ch_code ch_store_drop_notice(struct ch_store *s, uint64_t id, struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_DROP_NOTICE, CH_ARGS(ch_arg_u64(id)), NULL, err);
}

enum ch_code ch_store_notice_backlog(struct ch_store *s, uint32_t kind, struct ch_str destination,
                                     struct ch_notice_backlog *ret, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_NOTICE_BACKLOG,
                                     CH_ARGS(ch_arg_int(kind), ch_arg_text(destination)), &c, err);
    if (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        *ret =
            (struct ch_notice_backlog){ch_col_u64(&c, 0), ch_col_time(&c, 1), ch_col_time(&c, 2)};
    }
    ch_cursor_close(&c);
    return rc;
}

enum ch_code ch_store_tell_end(struct ch_store *s, uint64_t exception, int64_t expires_at_us,
                               struct ch_err *err)
{
    uint64_t changed = 0;
    enum ch_code rc =
        ch_sql_run(s, CH_SQL_TELL_END, CH_ARGS(ch_arg_u64(exception), ch_arg_int(expires_at_us)),
                   &changed, err);
    return rc == CH_OK && changed == 0 ? ch_fail(err, CH_E_EXISTS, "people were told of this end")
                                       : rc;
}

enum ch_code ch_store_forwarded(struct ch_store *s, struct ch_str destination, uint64_t *ret_next,
                                struct ch_err *err)
{
    int64_t next = 0;
    enum ch_code rc =
        ch_sql_number(s, CH_SQL_FORWARDED, CH_ARGS(ch_arg_text(destination)), &next, err);
    if (rc == CH_OK || rc == CH_E_NOT_FOUND) {
        *ret_next = rc == CH_OK ? (uint64_t)next : 0;
        rc = CH_OK;
    }
    return rc;
}

enum ch_code ch_store_set_forwarded(struct ch_store *s, struct ch_str destination, uint64_t next,
                                    int64_t at_us, struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_SET_FORWARDED,
                      CH_ARGS(ch_arg_text(destination), ch_arg_u64(next), ch_arg_int(at_us)), NULL,
                      err);
}
