/* What changes: intake, and where blobs lie. */
#include "db/store/store_int.h"

#include "customhouse/store_intake.h"

_Static_assert(CH_INTAKE_WANTED == 1 && CH_INTAKE_FETCHED == 3 && CH_INTAKE_DECIDED == 6 &&
                   CH_INTAKE_FAILED == 7,
               "as in the schema");
_Static_assert(CH_BLOB_UNDECIDED == 1 && CH_BLOB_SERVED == 2 && CH_BLOB_EVICTED == 3,
               "as in the schema");

/* --- intake --- */

enum ch_code ch_store_add_intake(struct ch_store *s, const struct ch_intake_row *row,
                                 uint64_t *ret_id, struct ch_err *err)
{
    int64_t id = 0;
    enum ch_code rc = ch_sql_number(
        s, CH_SQL_ADD_INTAKE,
        CH_ARGS(ch_arg_text(row->repository), ch_arg_text(row->upstream), ch_arg_text(row->project),
                ch_arg_text(row->file_name), ch_arg_int((int64_t)row->state),
                ch_arg_sha_opt(&row->sha256), ch_arg_int(row->attempts), ch_arg_int(row->ahead),
                ch_arg_int(row->created_at_us), ch_arg_time(row->not_before_us),
                ch_arg_text(row->error)),
        &id, err);
    if (rc == CH_OK) {
        *ret_id = (uint64_t)id;
    }
    return rc;
}

static enum ch_code need_intake(enum ch_code rc, uint64_t changed, uint64_t id, struct ch_err *err)
{
    return rc == CH_OK && changed == 0
               ? ch_fail(err, CH_E_NOT_FOUND, "there is no intake %llu", (unsigned long long)id)
               : rc;
}

enum ch_code ch_store_move_intake(struct ch_store *s, uint64_t id, enum ch_intake_state state,
                                  const struct ch_sha256 *sha256, struct ch_str error,
                                  int64_t not_before_us, struct ch_err *err)
{
    uint64_t changed = 0;
    enum ch_code rc =
        ch_sql_run(s, CH_SQL_MOVE_INTAKE,
                   CH_ARGS(ch_arg_int((int64_t)state), ch_arg_sha_opt(sha256),
                           ch_arg_int(state == CH_INTAKE_SCANNING ? 1 : 0), ch_arg_text(error),
                           ch_arg_time(not_before_us), ch_arg_u64(id)),
                   &changed, err);
    return need_intake(rc, changed, id, err);
}

enum ch_code ch_store_uncount_intake(struct ch_store *s, uint64_t id, struct ch_err *err)
{
    uint64_t changed = 0;
    enum ch_code rc = ch_sql_run(s, CH_SQL_MOVE_INTAKE,
                                 CH_ARGS(ch_arg_int(CH_INTAKE_FETCHED), ch_arg_sha_opt(NULL),
                                         ch_arg_int(-1), ch_arg_text((struct ch_str){NULL, 0}),
                                         ch_arg_time(CH_TIME_UNKNOWN), ch_arg_u64(id)),
                                 &changed, err);
    return need_intake(rc, changed, id, err);
}

enum ch_code ch_store_end_intake(struct ch_store *s, uint64_t id, struct ch_err *err)
{
    uint64_t changed = 0;
    enum ch_code rc = ch_sql_run(s, CH_SQL_END_INTAKE, CH_ARGS(ch_arg_u64(id)), &changed, err);
    return need_intake(rc, changed, id, err);
}

enum ch_code ch_store_intakes(struct ch_store *s, ch_store_intake_fn *each, void *ctx,
                              struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_INTAKES, NULL, 0, &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_intake_row row = {
            .id = ch_col_u64(&c, 0),
            .repository = ch_col_str(&c, 1),
            .upstream = ch_col_str(&c, 2),
            .project = ch_col_str(&c, 3),
            .file_name = ch_col_str(&c, 4),
            .state = (enum ch_intake_state)ch_col_int(&c, 5),
            .sha256 = ch_col_sha(&c, 6),
            .attempts = (uint32_t)ch_col_u64(&c, 7),
            .ahead = ch_col_int(&c, 8) != 0,
            .created_at_us = ch_col_int(&c, 9),
            .not_before_us = ch_col_time(&c, 10),
            .error = ch_col_str(&c, 11),
        };
        each(ctx, &row);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

/* --- blobs --- */

enum ch_code ch_store_put_blob(struct ch_store *s, const struct ch_sha256 *sha256,
                               uint64_t size_bytes, enum ch_blob_place place, int64_t used_at_us,
                               struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_PUT_BLOB,
                      CH_ARGS(ch_arg_sha(sha256), ch_arg_u64(size_bytes),
                              ch_arg_int((int64_t)place), ch_arg_int(used_at_us)),
                      NULL, err);
}

enum ch_code ch_store_get_blob(struct ch_store *s, const struct ch_sha256 *sha256,
                               enum ch_blob_place *ret_place, struct ch_err *err)
{
    int64_t place = 0;
    enum ch_code rc = ch_sql_number(s, CH_SQL_GET_BLOB, CH_ARGS(ch_arg_sha(sha256)), &place, err);
    if (rc == CH_OK) {
        *ret_place = (enum ch_blob_place)place;
    }
    return rc;
}

static enum ch_code count_blobs(struct ch_store *s, enum ch_sql which, enum ch_blob_place place,
                                uint64_t *ret_bytes, uint64_t *ret_count, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, which, CH_ARGS(ch_arg_int((int64_t)place)), &c, err);
    if (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        *ret_bytes = ch_col_u64(&c, 0);
        *ret_count = ch_col_u64(&c, 1);
    }
    ch_cursor_close(&c);
    return rc;
}

enum ch_code ch_store_blob_bytes(struct ch_store *s, enum ch_blob_place place, uint64_t *ret_bytes,
                                 uint64_t *ret_count, struct ch_err *err)
{
    return count_blobs(s, CH_SQL_BLOB_BYTES, place, ret_bytes, ret_count, err);
}

enum ch_code ch_store_not_found(struct ch_store *s, struct ch_str upstream, struct ch_str project,
                                struct ch_str file_name, int64_t at_us, struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_SET_NOT_FOUND,
                      CH_ARGS(ch_arg_text(upstream), ch_arg_text(project), ch_arg_text(file_name),
                              ch_arg_int(at_us)),
                      NULL, err);
}

enum ch_code ch_store_found(struct ch_store *s, struct ch_str upstream, struct ch_str project,
                            struct ch_str file_name, struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_DROP_NOT_FOUND,
                      CH_ARGS(ch_arg_text(upstream), ch_arg_text(project), ch_arg_text(file_name)),
                      NULL, err);
}

enum ch_code ch_store_last_copies(struct ch_store *s, enum ch_blob_place place, uint64_t *ret_bytes,
                                  uint64_t *ret_count, struct ch_err *err)
{
    return count_blobs(s, CH_SQL_LAST_COPIES, place, ret_bytes, ret_count, err);
}

static enum ch_code list_blobs(struct ch_store *s, enum ch_sql which, enum ch_blob_place place,
                               size_t max, ch_store_blob_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(
        s, which, CH_ARGS(ch_arg_int((int64_t)place), ch_arg_u64(max)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_sha256 sha256 = ch_col_sha(&c, 0);
        each(ctx, &sha256, ch_col_u64(&c, 1));
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_oldest_blobs(struct ch_store *s, enum ch_blob_place place, size_t max,
                                   ch_store_blob_fn *each, void *ctx, struct ch_err *err)
{
    return list_blobs(s, CH_SQL_OLDEST_BLOBS, place, max, each, ctx, err);
}

enum ch_code ch_store_oldest_last_copies(struct ch_store *s, enum ch_blob_place place, size_t max,
                                         ch_store_blob_fn *each, void *ctx, struct ch_err *err)
{
    return list_blobs(s, CH_SQL_OLDEST_LAST_COPIES, place, max, each, ctx, err);
}
