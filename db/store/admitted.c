/* What clusters were told may run. */
#include "customhouse/store_admitted.h"

#include "db/store/store_int.h"

enum ch_code ch_store_add_admitted(struct ch_store *s, struct ch_admitted_row *row,
                                   struct ch_err *err)
{
    int64_t id = 0;
    enum ch_code rc = ch_sql_number(
        s, CH_SQL_ADD_ADMITTED,
        CH_ARGS(ch_arg_text(row->repository), ch_arg_text(row->project), ch_arg_sha(&row->sha256),
                ch_arg_sha(&row->runs), ch_arg_text(row->environment), ch_arg_text(row->name_space),
                ch_arg_int(row->at_us), ch_arg_int(row->last_at_us)),
        &id, err);
    row->id = rc == CH_OK ? (uint64_t)id : row->id;
    return rc;
}

enum ch_code ch_store_find_admitted(struct ch_store *s, struct ch_admitted_row *row,
                                    struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc =
        ch_cursor_open(s, CH_SQL_FIND_ADMITTED,
                       CH_ARGS(ch_arg_sha(&row->sha256), ch_arg_text(row->repository),
                               ch_arg_text(row->project), ch_arg_text(row->environment),
                               ch_arg_text(row->name_space), ch_arg_sha(&row->runs)),
                       &c, err);
    if (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        row->id = ch_col_u64(&c, 0);
        row->last_at_us = ch_col_int(&c, 1);
    }
    ch_cursor_close(&c);
    return rc;
}

enum ch_code ch_store_admitted_again(struct ch_store *s, uint64_t id, int64_t at_us,
                                     struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_ADMITTED_AGAIN, CH_ARGS(ch_arg_int(at_us), ch_arg_u64(id)), NULL,
                      err);
}

enum ch_code ch_store_count_admitted(struct ch_store *s, struct ch_str repository,
                                     const struct ch_sha256 *sha256, uint64_t *ret_count,
                                     struct ch_err *err)
{
    int64_t count = 0;
    enum ch_code rc =
        ch_sql_number(s, CH_SQL_COUNT_ADMITTED,
                      CH_ARGS(ch_arg_sha(sha256), ch_arg_text(repository)), &count, err);
    *ret_count = rc == CH_OK ? (uint64_t)count : *ret_count;
    return rc;
}

enum ch_code ch_store_admitted(struct ch_store *s, uint64_t after, uint64_t max,
                               ch_store_admitted_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc =
        ch_cursor_open(s, CH_SQL_ADMITTED, CH_ARGS(ch_arg_u64(after), ch_arg_u64(max)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_admitted_row row = {
            .id = ch_col_u64(&c, 0),
            .repository = ch_col_str(&c, 1),
            .project = ch_col_str(&c, 2),
            .sha256 = ch_col_sha(&c, 3),
            .runs = ch_col_sha(&c, 4),
            .environment = ch_col_str(&c, 5),
            .name_space = ch_col_str(&c, 6),
            .at_us = ch_col_int(&c, 7),
            .last_at_us = ch_col_int(&c, 8),
        };
        each(ctx, &row);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}
