/* Who got what, and what a refusal's id stands for. */
#include "customhouse/limits.h"
#include "db/store/store_int.h"

static enum ch_code count_served(struct ch_store *s, const struct ch_served_row *row,
                                 uint64_t *ret_times, uint64_t *ret_id, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(
        s, CH_SQL_ADD_SERVED,
        CH_ARGS(ch_arg_text(row->repository), ch_arg_text(row->project),
                ch_arg_text(row->file_name), ch_arg_sha(&row->sha256), ch_arg_text(row->address),
                ch_arg_text(row->user_agent), ch_arg_text(row->principal),
                ch_arg_int(row->first_at_us), ch_arg_int(row->last_at_us), ch_arg_u64(row->times)),
        &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        *ret_times = ch_col_u64(&c, 0);
        *ret_id = ch_col_u64(&c, 1);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_add_served(struct ch_store *s, struct ch_served_row *row, bool *ret_first,
                                 struct ch_err *err)
{
    uint64_t times = 0;
    int64_t rows = 0;
    enum ch_code rc = count_served(s, row, &times, &row->id, err);
    if (rc == CH_OK && times == row->times) { /* a new row: is it the only one? */
        rc = ch_sql_number(s, CH_SQL_SERVED_TO,
                           CH_ARGS(ch_arg_sha(&row->sha256), ch_arg_text(row->address),
                                   ch_arg_text(row->principal)),
                           &rows, err);
    }
    if (rc == CH_OK) {
        *ret_first = rows == 1;
    }
    return rc;
}

static bool wanted(const struct ch_served_row *row, const struct ch_sha256 *sha256,
                   struct ch_str project, struct ch_str file_name)
{
    return (sha256 == NULL || ch_sha256_is_zero(sha256) || ch_sha256_eq(sha256, &row->sha256)) &&
           (project.ptr == NULL || ch_str_eq(project, row->project)) &&
           (file_name.ptr == NULL || ch_str_eq(file_name, row->file_name));
}

enum ch_code ch_store_served(struct ch_store *s, const struct ch_sha256 *sha256,
                             struct ch_str project, struct ch_str file_name,
                             ch_store_served_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc;
    if (sha256 != NULL && !ch_sha256_is_zero(sha256)) {
        rc = ch_cursor_open(s, CH_SQL_SERVED_BYTES, CH_ARGS(ch_arg_sha(sha256)), &c, err);
    } else if (project.ptr != NULL) {
        rc = ch_cursor_open(s, CH_SQL_SERVED_PROJECT, CH_ARGS(ch_arg_text(project)), &c, err);
    } else {
        rc = ch_cursor_open(s, CH_SQL_SERVED_ALL, NULL, 0, &c, err);
    }
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_served_row row = {
            .repository = ch_col_str(&c, 0),
            .project = ch_col_str(&c, 1),
            .file_name = ch_col_str(&c, 2),
            .sha256 = ch_col_sha(&c, 3),
            .address = ch_col_str(&c, 4),
            .user_agent = ch_col_str(&c, 5),
            .principal = ch_col_str(&c, 6),
            .first_at_us = ch_col_int(&c, 7),
            .last_at_us = ch_col_int(&c, 8),
            .times = ch_col_u64(&c, 9),
        };
        if (wanted(&row, sha256, project, file_name)) {
            each(ctx, &row);
        }
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

/* --- refusals --- */

enum ch_code ch_store_put_refusal(struct ch_store *s, const struct ch_refusal_row *row,
                                  struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_PUT_REFUSAL,
                      CH_ARGS(ch_arg_text(row->id), ch_arg_text(row->repository),
                              ch_arg_text(row->project), ch_arg_text(row->file_name),
                              ch_arg_int(row->at_us)),
                      NULL, err);
}

enum ch_code ch_store_get_refusal(struct ch_store *s, struct ch_str id, struct ch_refusal_row *ret,
                                  struct ch_buf *ret_strings, struct ch_err *err)
{
    struct ch_cursor c;
    ch_buf_clear(ret_strings);
    enum ch_code rc = ch_cursor_open(s, CH_SQL_GET_REFUSAL, CH_ARGS(ch_arg_text(id)), &c, err);
    if (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        size_t len[4] = {0};
        for (int i = 0; i < 4; i++) {
            len[i] = ch_col_str(&c, i).len;
            ch_buf_puts(ret_strings, ch_col_str(&c, i));
        }
        rc = ch_buf_ok(ret_strings, err);
        struct ch_str all = ch_buf_str(ret_strings);
        if (rc == CH_OK) {
            *ret = (struct ch_refusal_row){
                .id = ch_str_sub(all, 0, len[0]),
                .repository = ch_str_sub(all, len[0], len[1]),
                .project = ch_str_sub(all, len[0] + len[1], len[2]),
                .file_name = ch_str_sub(all, len[0] + len[1] + len[2], len[3]),
                .at_us = ch_col_int(&c, 4),
            };
        }
    } else if (rc == CH_E_NOT_FOUND) {
        rc = ch_fail(err, rc, "there is no refusal of this id");
    }
    ch_cursor_close(&c);
    return rc;
}

/* --- what may go --- */

/* By their numbers, not by how many there are: rows that were taken out otherwise do not count. */
static enum ch_code trim_served(struct ch_store *s, uint64_t *ret_kept_from, struct ch_err *err)
{
    int64_t kept_from = 0;
    uint64_t dropped = 0;
    enum ch_code rc =
        ch_sql_number(s, CH_SQL_SERVED_TO_KEEP,
                      CH_ARGS(ch_arg_u64(ch_limits.served_rows), ch_arg_u64(ch_limits.trim_rows)),
                      &kept_from, err);
    if (rc == CH_OK) {
        rc = ch_sql_run(s, CH_SQL_TRIM_SERVED, CH_ARGS(ch_arg_int(kept_from)), &dropped, err);
    }
    *ret_kept_from = rc == CH_OK && dropped > 0 ? (uint64_t)kept_from : 0;
    return rc;
}

enum ch_code ch_store_trim(struct ch_store *s, int64_t now_us, uint64_t *ret_served_from,
                           struct ch_err *err)
{
    uint64_t part = ch_limits.trim_rows;
    int64_t keep_us = (int64_t)ch_limits.refusal_keep_days * 86400 * 1000000;
    enum ch_code rc =
        ch_sql_run(s, CH_SQL_TRIM_REFUSALS, CH_ARGS(ch_arg_int(now_us - keep_us), ch_arg_u64(part)),
                   NULL, err);
    if (rc == CH_OK) {
        rc = ch_sql_run(s, CH_SQL_TRIM_FETCHES,
                        CH_ARGS(ch_arg_u64(ch_limits.fetch_rows), ch_arg_u64(part)), NULL, err);
    }
    return rc == CH_OK ? trim_served(s, ret_served_from, err) : rc;
}
