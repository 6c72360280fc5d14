/* Names and their owners, page snapshots, sightings. */
#include <stdlib.h>

#include "customhouse/limits.h"
#include "db/store/store_int.h"

/* --- owners (T12) --- */

enum ch_code ch_store_owner(struct ch_store *s, struct ch_str repository, struct ch_str project,
                            struct ch_buf *ret_upstream, struct ch_err *err)
{
    struct ch_cursor c;
    ch_buf_clear(ret_upstream);
    enum ch_code rc = ch_cursor_open(
        s, CH_SQL_GET_OWNER, CH_ARGS(ch_arg_text(repository), ch_arg_text(project)), &c, err);
    if (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        ch_buf_puts(ret_upstream, ch_col_str(&c, 0));
        rc = ch_buf_ok(ret_upstream, err);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? ch_fail(err, rc, "the name has no owner yet") : rc;
}

static enum ch_code same_owner(struct ch_store *s, struct ch_str repository, struct ch_str project,
                               struct ch_str upstream, struct ch_err *err)
{
    struct ch_buf owner;
    ch_buf_init(&owner, ch_limits.text_bytes);
    enum ch_code rc = ch_store_owner(s, repository, project, &owner, err);
    if (rc == CH_OK && !ch_str_eq(ch_buf_str(&owner), upstream)) {
        rc = ch_fail(err, CH_E_CONFLICT, "the name belongs to upstream \"%.*s\", not \"%.*s\"",
                     CH_STR_ARG(ch_buf_str(&owner)), CH_STR_ARG(upstream));
    }
    ch_buf_done(&owner);
    return rc;
}

enum ch_code ch_store_pin_owner(struct ch_store *s, struct ch_str repository, struct ch_str project,
                                struct ch_str upstream, int64_t at_us, bool *ret_first,
                                struct ch_err *err)
{
    uint64_t changed = 0;
    enum ch_code rc = ch_sql_run(s, CH_SQL_ADD_OWNER,
                                 CH_ARGS(ch_arg_text(repository), ch_arg_text(project),
                                         ch_arg_text(upstream), ch_arg_int(at_us)),
                                 &changed, err);
    rc = rc == CH_OK && changed == 0 ? same_owner(s, repository, project, upstream, err) : rc;
    if (rc == CH_OK && ret_first != NULL) {
        *ret_first = changed > 0;
    }
    return rc;
}

enum ch_code ch_store_owners(struct ch_store *s, struct ch_str repository, ch_store_owner_fn *each,
                             void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_OWNERS, CH_ARGS(ch_arg_text(repository)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        each(ctx, ch_col_str(&c, 0), ch_col_str(&c, 1), ch_col_int(&c, 2));
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

/* What was approved of a name without naming bytes was about the former owner's files. */
static enum ch_code end_rulings(struct ch_store *s, const struct ch_owner_change *row,
                                ch_store_ended_fn *ended, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    struct ch_buf why; /* the same of all */
    uint64_t *ids = NULL;
    size_t count = 0;
    ch_buf_init(&why, 4096);
    enum ch_code rc = ch_cursor_open(s, CH_SQL_END_RULINGS_OF_NAME,
                                     CH_ARGS(ch_arg_text(row->by), ch_arg_text(row->reason),
                                             ch_arg_int(row->at_us), ch_arg_text(row->project),
                                             ch_arg_text(row->repository)),
                                     &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        ids = ch_realloc_array(ids, count + 1, sizeof(*ids));
        ids[count++] = ch_col_u64(&c, 0);
        ch_buf_clear(&why);
        ch_buf_puts(&why, ch_col_str(&c, 1));
    }
    ch_cursor_close(&c); /* `ended` may write, which an open statement that writes forbids */
    rc = rc == CH_E_NOT_FOUND ? ch_buf_ok(&why, err) : rc;
    for (size_t i = 0; rc == CH_OK && ended != NULL && i < count; i++) {
        rc = ended(ctx, ids[i], ch_buf_str(&why), err);
    }
    free(ids);
    ch_buf_done(&why);
    return rc;
}

/* A name that nobody owned yet is pinned, too. */
static enum ch_code give_name(struct ch_store *s, const struct ch_owner_change *row,
                              ch_store_ended_fn *ended, void *ctx, struct ch_err *err)
{
    enum ch_code rc = ch_sql_run(s, CH_SQL_ADD_OWNER,
                                 CH_ARGS(ch_arg_text(row->repository), ch_arg_text(row->project),
                                         ch_arg_text(row->upstream), ch_arg_int(row->at_us)),
                                 NULL, err);
    return rc == CH_OK ? end_rulings(s, row, ended, ctx, err) : rc;
}

enum ch_code ch_store_add_owner_change(struct ch_store *s, const struct ch_owner_change *row,
                                       uint64_t *ret_id, ch_store_ended_fn *ended, void *ctx,
                                       struct ch_err *err)
{
    int64_t id = 0;
    enum ch_code rc = ch_step_begin(s, err);
    if (rc != CH_OK) {
        return rc;
    }
    rc = row->kind == CH_OWNER_GIVEN ? give_name(s, row, ended, ctx, err) : CH_OK;
    rc = rc == CH_OK
             ? ch_sql_number(s, CH_SQL_ADD_OWNER_CHANGE,
                             CH_ARGS(ch_arg_text(row->repository), ch_arg_text(row->project),
                                     ch_arg_int((int64_t)row->kind), ch_arg_text(row->upstream),
                                     ch_arg_text(row->former), ch_arg_text(row->reason),
                                     ch_arg_text(row->by), ch_arg_int(row->at_us)),
                             &id, err)
             : rc;
    rc = ch_step_end(s, rc, err);
    if (rc == CH_OK && ret_id != NULL) {
        *ret_id = (uint64_t)id;
    }
    return rc;
}

enum ch_code ch_store_owner_changes(struct ch_store *s, struct ch_str repository,
                                    struct ch_str project, ch_store_owner_change_fn *each,
                                    void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(
        s, CH_SQL_OWNER_CHANGES, CH_ARGS(ch_arg_text(repository), ch_arg_text(project)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_owner_change row = {
            .repository = repository,
            .project = project,
            .kind = (enum ch_owner_change_kind)ch_col_int(&c, 0),
            .upstream = ch_col_str(&c, 1),
            .former = ch_col_str(&c, 2),
            .reason = ch_col_str(&c, 3),
            .by = ch_col_str(&c, 4),
            .at_us = ch_col_int(&c, 5),
        };
        each(ctx, &row);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_projects(struct ch_store *s, struct ch_str repository, ch_store_name_fn *each,
                               void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_PROJECTS, CH_ARGS(ch_arg_text(repository)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        each(ctx, ch_col_str(&c, 0));
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

/* The first text after all that begin with this one, which may not end with the highest byte. */
static void put_end(struct ch_str prefix, struct ch_buf *ret)
{
    CH_ASSERT(prefix.len > 0 && (uint8_t)prefix.ptr[prefix.len - 1] < UINT8_MAX);
    ch_buf_init(ret, prefix.len + 1);
    ch_buf_puts(ret, ch_str_sub(prefix, 0, prefix.len - 1));
    ch_buf_putc(ret, (char)(prefix.ptr[prefix.len - 1] + 1));
}

enum ch_code ch_store_pages_with_file(struct ch_store *s, struct ch_str repository,
                                      struct ch_str project, struct ch_str file,
                                      ch_store_name_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    struct ch_buf project_end, file_end;
    put_end(project, &project_end);
    put_end(file, &file_end);
    enum ch_code rc = ch_cursor_open(s, CH_SQL_PAGES_WITH_FILE,
                                     CH_ARGS(ch_arg_text(repository), ch_arg_text(project),
                                             ch_arg_text(ch_buf_str(&project_end)),
                                             ch_arg_text(file), ch_arg_text(ch_buf_str(&file_end))),
                                     &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        each(ctx, ch_col_str(&c, 0));
    }
    ch_cursor_close(&c);
    ch_buf_done(&project_end);
    ch_buf_done(&file_end);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

/* --- snapshots --- */

static enum ch_code unpack(struct ch_store *s, struct ch_str packed, uint64_t size_bytes,
                           struct ch_buf *ret_content, struct ch_err *err)
{
    if (size_bytes > ch_limits.store_snapshot_bytes || size_bytes > ret_content->max) {
        return ch_fail(err, CH_E_LIMIT, "%s: snapshot of %llu bytes", s->path,
                       (unsigned long long)size_bytes);
    }
    char *at = ch_buf_reserve(ret_content, (size_t)size_bytes);
    CH_ASSERT(at != NULL);
    size_t n = ZSTD_decompressDCtx(s->decompress, at, (size_t)size_bytes, packed.ptr, packed.len);
    if (ZSTD_isError(n) || n != size_bytes) {
        return ch_fail(err, CH_E_FORMAT, "%s: a page snapshot is damaged: %s", s->path,
                       ZSTD_isError(n) ? ZSTD_getErrorName(n) : "it ends early");
    }
    ret_content->len = n;
    return CH_OK;
}

static enum ch_code read_info(struct ch_cursor *c, struct ch_snapshot_info *ret_info,
                              struct ch_buf *ret_strings, struct ch_err *err)
{
    struct ch_str etag = ch_col_str(c, 3);
    struct ch_str modified = ch_col_str(c, 4);
    ch_buf_puts(ret_strings, etag);
    ch_buf_puts(ret_strings, modified);
    enum ch_code rc = ch_buf_ok(ret_strings, err);
    if (rc == CH_OK) {
        struct ch_str all = ch_buf_str(ret_strings);
        *ret_info = (struct ch_snapshot_info){
            .first_loaded_at_us = ch_col_int(c, 0),
            .fetched_at_us = ch_col_int(c, 1),
            .checked_at_us = ch_col_int(c, 2),
            .etag = ch_str_sub(all, 0, etag.len),
            .last_modified = ch_str_sub(all, etag.len, modified.len),
            .body_sha256 = ch_col_sha(c, 5),
        };
    }
    return rc;
}

/* The cursor, to be closed in any case, stands on its row. */
static enum ch_code open_snapshot(struct ch_store *s, enum ch_sql sql, struct ch_str upstream,
                                  struct ch_str project, struct ch_cursor *c,
                                  struct ch_snapshot_info *ret_info, struct ch_buf *ret_strings,
                                  struct ch_err *err)
{
    ch_buf_clear(ret_strings);
    enum ch_code rc =
        ch_cursor_open(s, sql, CH_ARGS(ch_arg_text(upstream), ch_arg_text(project)), c, err);
    if (rc == CH_OK && (rc = ch_cursor_next(c, err)) == CH_OK) {
        rc = read_info(c, ret_info, ret_strings, err);
    } else if (rc == CH_E_NOT_FOUND) {
        rc = ch_fail(err, rc, "the page was never loaded");
    }
    return rc;
}

enum ch_code ch_store_get_snapshot(struct ch_store *s, struct ch_str upstream,
                                   struct ch_str project, struct ch_snapshot_info *ret_info,
                                   struct ch_buf *ret_content, struct ch_buf *ret_strings,
                                   struct ch_err *err)
{
    struct ch_cursor c;
    ch_buf_clear(ret_content);
    enum ch_code rc =
        open_snapshot(s, CH_SQL_GET_SNAPSHOT, upstream, project, &c, ret_info, ret_strings, err);
    if (rc == CH_OK) {
        rc = unpack(s, ch_col_str(&c, 7), ch_col_u64(&c, 6), ret_content, err);
    }
    ch_cursor_close(&c);
    return rc;
}

enum ch_code ch_store_find_snapshot(struct ch_store *s, struct ch_str upstream,
                                    struct ch_str project, struct ch_snapshot_info *ret_info,
                                    uint64_t *ret_content_bytes, struct ch_buf *ret_strings,
                                    struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc =
        open_snapshot(s, CH_SQL_FIND_SNAPSHOT, upstream, project, &c, ret_info, ret_strings, err);
    if (rc == CH_OK) {
        *ret_content_bytes = ch_col_u64(&c, 6);
    }
    ch_cursor_close(&c);
    return rc;
}

/* Level 1: pages are text that packs to a fifth, and the keeper waits for it. The frame's checksum
 * finds a damaged page, which SQLite itself does not. */
static enum ch_code pack(ZSTD_CCtx *with, struct ch_str content, struct ch_buf *ret,
                         struct ch_err *err)
{
    if (content.len > ch_limits.store_snapshot_bytes) {
        return ch_fail(err, CH_E_LIMIT, "a page's snapshot of %zu bytes, at most %llu", content.len,
                       (unsigned long long)ch_limits.store_snapshot_bytes);
    }
    ch_buf_clear(ret);
    size_t room = ZSTD_compressBound(content.len);
    char *at = ch_buf_reserve(ret, room);
    CH_ASSERT(at != NULL);
    CH_ASSERT(!ZSTD_isError(ZSTD_CCtx_setParameter(with, ZSTD_c_compressionLevel, 1)));
    CH_ASSERT(!ZSTD_isError(ZSTD_CCtx_setParameter(with, ZSTD_c_checksumFlag, 1)));
    size_t n = ZSTD_compress2(with, at, room, content.ptr, content.len);
    CH_ASSERT(!ZSTD_isError(n));
    ret->len = n;
    return CH_OK;
}

enum ch_code ch_snapshot_pack(struct ch_str content, struct ch_buf *ret, struct ch_err *err)
{
    ZSTD_CCtx *with = ZSTD_createCCtx();
    CH_ASSERT(with != NULL);
    ch_buf_init(ret, ZSTD_compressBound((size_t)ch_limits.store_snapshot_bytes));
    enum ch_code rc = pack(with, content, ret, err);
    ZSTD_freeCCtx(with);
    return rc;
}

static enum ch_code put_both(struct ch_store *s, struct ch_str upstream, struct ch_str project,
                             const struct ch_snapshot_info *info, uint64_t content_bytes,
                             struct ch_str packed, struct ch_err *err)
{
    int64_t id = 0;
    enum ch_code rc =
        ch_sql_number(s, CH_SQL_PUT_SNAPSHOT,
                      CH_ARGS(ch_arg_text(upstream), ch_arg_text(project),
                              ch_arg_int(info->first_loaded_at_us), ch_arg_int(info->fetched_at_us),
                              ch_arg_int(info->checked_at_us), ch_arg_text(info->etag),
                              ch_arg_text(info->last_modified), ch_arg_sha_opt(&info->body_sha256)),
                      &id, err);
    if (rc == CH_OK) {
        rc = ch_sql_run(s, CH_SQL_PUT_SNAPSHOT_CONTENT,
                        CH_ARGS(ch_arg_int(id), ch_arg_u64(content_bytes), ch_arg_blob(packed)),
                        NULL, err);
    }
    return rc;
}

static enum ch_code put_found(struct ch_store *s, struct ch_str upstream, struct ch_str project,
                              const struct ch_snapshot_info *info, uint64_t content_bytes,
                              struct ch_str packed, struct ch_err *err)
{
    enum ch_code rc = put_both(s, upstream, project, info, content_bytes, packed, err);
    return rc == CH_OK ? ch_store_found(s, upstream, project, CH_STR(""), err) : rc;
}

enum ch_code ch_store_put_packed_snapshot(struct ch_store *s, struct ch_str upstream,
                                          struct ch_str project,
                                          const struct ch_snapshot_info *info,
                                          uint64_t content_bytes, struct ch_str packed,
                                          struct ch_err *err)
{
    enum ch_code rc = ch_step_begin(s, err);
    return rc != CH_OK
               ? rc
               : ch_step_end(s, put_found(s, upstream, project, info, content_bytes, packed, err),
                             err);
}

enum ch_code ch_store_rewrite_snapshot(struct ch_store *s, struct ch_str upstream,
                                       struct ch_str project, const struct ch_snapshot_info *info,
                                       struct ch_str content, struct ch_err *err)
{
    struct ch_buf packed;
    enum ch_code rc = ch_snapshot_pack(content, &packed, err);
    rc = rc == CH_OK ? ch_step_begin(s, err) : rc;
    if (rc == CH_OK) {
        rc = put_both(s, upstream, project, info, content.len, ch_buf_str(&packed), err);
        rc = ch_step_end(s, rc, err);
    }
    ch_buf_done(&packed);
    return rc;
}

enum ch_code ch_store_put_snapshot(struct ch_store *s, struct ch_str upstream,
                                   struct ch_str project, const struct ch_snapshot_info *info,
                                   struct ch_str content, struct ch_err *err)
{
    enum { SCRATCH_KEPT = 4 << 20 };
    enum ch_code rc = pack(s->compress, content, &s->scratch, err);
    if (rc == CH_OK) {
        rc = ch_store_put_packed_snapshot(s, upstream, project, info, content.len,
                                          ch_buf_str(&s->scratch), err);
    }
    if (s->scratch.cap > SCRATCH_KEPT) { /* one huge page must not stay in memory for good */
        ch_buf_done(&s->scratch);
    }
    return rc;
}

enum ch_code ch_store_snapshot_checked(struct ch_store *s, struct ch_str upstream,
                                       struct ch_str project, int64_t checked_at_us,
                                       uint64_t *ret_id, struct ch_err *err)
{
    int64_t id = 0;
    enum ch_code rc = ch_sql_number(
        s, CH_SQL_CONFIRM_SNAPSHOT,
        CH_ARGS(ch_arg_int(checked_at_us), ch_arg_text(upstream), ch_arg_text(project)), &id, err);
    if (rc == CH_OK && ret_id != NULL) {
        *ret_id = (uint64_t)id;
    }
    return rc == CH_E_NOT_FOUND ? ch_fail(err, rc, "the page was never loaded") : rc;
}

enum ch_code ch_store_confirm_snapshot(struct ch_store *s, struct ch_str upstream,
                                       struct ch_str project, int64_t checked_at_us,
                                       uint64_t *ret_id, struct ch_err *err)
{
    enum ch_code rc = ch_store_snapshot_checked(s, upstream, project, checked_at_us, ret_id, err);
    return rc == CH_OK ? ch_store_found(s, upstream, project, CH_STR(""), err) : rc;
}

enum ch_code ch_store_add_sighting(struct ch_store *s, struct ch_str upstream,
                                   struct ch_str project, struct ch_str file_name,
                                   const struct ch_sha256 *stated_sha256, enum ch_sighting kind,
                                   int64_t at_us, int64_t last_absent_at_us, struct ch_err *err)
{
    /* T5: that a file vanished holds it, and must be written even when little else can be. */
    if (kind != CH_SIGHTING_REMOVED) {
        enum ch_code room = ch_store_room(s, "sighting", err);
        if (room != CH_OK) {
            return room;
        }
    }
    enum ch_code rc =
        ch_sql_run(s, CH_SQL_ADD_SIGHTING,
                   CH_ARGS(ch_arg_text(upstream), ch_arg_text(project), ch_arg_text(file_name),
                           ch_arg_sha_opt(stated_sha256), ch_arg_int((int64_t)kind),
                           ch_arg_int(at_us), ch_arg_time(last_absent_at_us)),
                   NULL, err);
    if (rc == CH_OK) {
        ch_facts_added(s, CH_FACTS_SIGHTINGS);
    }
    return rc;
}

/* ------------------------------------------------------------------ as the audit log has them */

static struct ch_sha256 digest_of(struct ch_str s)
{
    return ch_sha256_of(s.ptr != NULL ? s.ptr : "", s.len);
}

enum ch_code ch_store_snapshots_stored(struct ch_store *s, struct ch_str upstream,
                                       struct ch_str project, ch_store_stored_fn *each, void *ctx,
                                       struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc =
        upstream.ptr == NULL
            ? ch_cursor_open(s, CH_SQL_SNAPSHOTS_STORED, NULL, 0, &c, err)
            : ch_cursor_open(s, CH_SQL_SNAPSHOT_STORED,
                             CH_ARGS(ch_arg_text(upstream), ch_arg_text(project)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_snapshot_stored row = {
            .id = ch_col_u64(&c, 0),
            .upstream = ch_col_str(&c, 1),
            .project = ch_col_str(&c, 2),
            .first_loaded_at_us = ch_col_int(&c, 3),
            .fetched_at_us = ch_col_int(&c, 4),
            .body = ch_col_sha(&c, 5),
            .content_bytes = ch_col_u64(&c, 6),
            .content = digest_of(ch_col_str(&c, 7)),
            .validators = digest_of(ch_col_str(&c, 8)),
        };
        rc = each(ctx, &row, err);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}
