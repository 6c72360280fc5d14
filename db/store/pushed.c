/* What people pushed to hosted repositories. */
#include "customhouse/store_pushed.h"

#include "db/store/store_int.h"

enum ch_code ch_store_add_pushed(struct ch_store *s, struct ch_pushed_row *row, struct ch_err *err)
{
    int64_t id = 0;
    enum ch_code rc = ch_sql_number(
        s, CH_SQL_ADD_PUSHED,
        CH_ARGS(ch_arg_int((int64_t)row->kind), ch_arg_text(row->repository),
                ch_arg_text(row->project), ch_arg_text(row->tag), ch_arg_sha(&row->sha256),
                ch_arg_text(row->media_type), ch_arg_u64(row->size_bytes), ch_arg_text(row->by),
                ch_arg_int(row->at_us)),
        &id, err);
    if (rc == CH_OK) {
        row->id = (uint64_t)id;
    }
    return rc;
}

static void read_row(const struct ch_cursor *c, struct ch_pushed_row *ret)
{
    *ret = (struct ch_pushed_row){
        .kind = (enum ch_pushed_kind)ch_col_int(c, 0),
        .repository = ch_col_str(c, 1),
        .project = ch_col_str(c, 2),
        .tag = ch_col_str(c, 3),
        .sha256 = ch_col_sha(c, 4),
        .media_type = ch_col_str(c, 5),
        .size_bytes = ch_col_u64(c, 6),
        .by = ch_col_str(c, 7),
        .at_us = ch_col_int(c, 8),
        .id = ch_col_u64(c, 9),
    };
}

/* `strings` has its room already, so that what was kept before does not move. */
static struct ch_str keep(struct ch_buf *strings, struct ch_str s)
{
    size_t at = strings->len;
    ch_buf_puts(strings, s);
    return strings->failed ? (struct ch_str){NULL, 0} : (struct ch_str){strings->ptr + at, s.len};
}

enum ch_code ch_store_pushed(struct ch_store *s, struct ch_str repository, struct ch_str project,
                             struct ch_str tag, const struct ch_sha256 *sha256,
                             struct ch_pushed_row *ret, struct ch_buf *strings, struct ch_err *err)
{
    struct ch_cursor c;
    struct ch_pushed_row row;
    enum ch_code rc =
        tag.len > 0
            ? ch_cursor_open(
                  s, CH_SQL_PUSHED_TAG,
                  CH_ARGS(ch_arg_text(repository), ch_arg_text(project), ch_arg_text(tag)), &c, err)
            : ch_cursor_open(
                  s, CH_SQL_PUSHED_MANIFEST,
                  CH_ARGS(ch_arg_text(repository), ch_arg_text(project), ch_arg_sha(sha256)), &c,
                  err);
    if (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        read_row(&c, &row);
        struct ch_str *texts[] = {&row.repository, &row.project, &row.tag, &row.media_type,
                                  &row.by};
        size_t all = 1;
        for (size_t i = 0; i < CH_ARRAY_LEN(texts); i++) {
            all += texts[i]->len;
        }
        CH_IGNORE(ch_buf_reserve(strings, all) == NULL);
        for (size_t i = 0; i < CH_ARRAY_LEN(texts); i++) {
            *texts[i] = keep(strings, *texts[i]);
        }
        rc = ch_buf_ok(strings, err);
    }
    ch_cursor_close(&c);
    if (rc == CH_OK) {
        *ret = row;
    }
    return rc;
}

static void find_gone(void *ctx, const struct ch_pushed_row *row)
{
    int64_t *at_us = ctx;
    *at_us = row->kind == CH_PUSHED_GONE ? row->at_us : *at_us;
}

enum ch_code ch_store_pushed_gone(struct ch_store *s, struct ch_str repository,
                                  struct ch_str project, struct ch_str tag,
                                  const struct ch_sha256 *sha256, int64_t *ret_at_us,
                                  struct ch_sha256 *ret_sha256, struct ch_err *err)
{
    struct ch_cursor c;
    struct ch_sha256 is = *sha256;
    int64_t at_us = CH_TIME_UNKNOWN;
    enum ch_code rc = CH_OK;
    if (tag.len > 0) {
        struct ch_pushed_row row;
        rc = ch_cursor_open(
            s, CH_SQL_PUSHED_TAG_NEWEST,
            CH_ARGS(ch_arg_text(repository), ch_arg_text(project), ch_arg_text(tag)), &c, err);
        if (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
            read_row(&c, &row);
            is = row.sha256;
            at_us = row.kind == CH_PUSHED_TAG_GONE ? row.at_us : at_us;
        }
        ch_cursor_close(&c);
    }
    if (rc == CH_OK && at_us == CH_TIME_UNKNOWN) { /* of a tag, too, which went with its manifest */
        rc = ch_store_pushes_of(s, repository, project, &is, find_gone, &at_us, err);
    }
    if (rc == CH_OK && at_us == CH_TIME_UNKNOWN) {
        rc = ch_fail(err, CH_E_NOT_FOUND, "it was never taken away");
    }
    if (rc == CH_OK) {
        *ret_at_us = at_us;
        *ret_sha256 = is;
    }
    return rc;
}

enum ch_code ch_store_pushed_tags(struct ch_store *s, struct ch_str repository,
                                  struct ch_str project, struct ch_buf *ret_tags,
                                  struct ch_err *err)
{
    struct ch_cursor c;
    bool any = false;
    enum ch_code rc = ch_cursor_open(
        s, CH_SQL_PUSHED_TAGS, CH_ARGS(ch_arg_text(repository), ch_arg_text(project)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_str tag = ch_col_str(&c, 0);
        any = true;
        if (tag.len > 0 && ch_col_int(&c, 1) != 0) {
            ch_buf_puts(ret_tags, tag);
            ch_buf_putc(ret_tags, '\0');
        }
    }
    ch_cursor_close(&c);
    rc = rc == CH_E_NOT_FOUND && any ? CH_OK : rc;
    return rc == CH_OK ? ch_buf_ok(ret_tags, err) : rc;
}

enum ch_code ch_store_pushes_of(struct ch_store *s, struct ch_str repository, struct ch_str project,
                                const struct ch_sha256 *sha256, ch_store_pushed_fn *each, void *ctx,
                                struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(
        s, CH_SQL_PUSHES_OF,
        CH_ARGS(ch_arg_text(repository), ch_arg_text(project), ch_arg_sha(sha256)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_pushed_row row;
        read_row(&c, &row);
        each(ctx, &row);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

/* ------------------------------------------------------------------ bytes */

enum ch_code ch_store_link_pushed(struct ch_store *s, struct ch_str repository,
                                  struct ch_str project, const struct ch_sha256 *sha256,
                                  uint64_t size_bytes, struct ch_str by, int64_t at_us,
                                  struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_LINK_PUSHED,
                      CH_ARGS(ch_arg_text(repository), ch_arg_text(project), ch_arg_sha(sha256),
                              ch_arg_u64(size_bytes), ch_arg_int(at_us), ch_arg_text(by)),
                      NULL, err);
}

enum ch_code ch_store_pushed_undecided(struct ch_store *s, struct ch_str by, uint64_t *ret_bytes,
                                       struct ch_err *err)
{
    int64_t bytes = 0;
    enum ch_code rc =
        ch_sql_number(s, CH_SQL_PUSHED_UNDECIDED, CH_ARGS(ch_arg_text(by)), &bytes, err);
    if (rc == CH_OK) {
        *ret_bytes = (uint64_t)bytes;
    }
    return rc;
}

enum ch_code ch_store_pushed_link(struct ch_store *s, struct ch_str repository,
                                  struct ch_str project, const struct ch_sha256 *sha256,
                                  uint64_t *ret_size_bytes, struct ch_err *err)
{
    int64_t size = 0;
    enum ch_code rc = ch_sql_number(
        s, CH_SQL_PUSHED_LINK,
        CH_ARGS(ch_arg_text(repository), ch_arg_text(project), ch_arg_sha(sha256)), &size, err);
    if (rc == CH_OK) {
        *ret_size_bytes = (uint64_t)size;
    }
    return rc;
}

enum ch_code ch_store_pushed_names(struct ch_store *s, struct ch_str repository,
                                   struct ch_str project, const struct ch_sha256 *manifest,
                                   const struct ch_sha256 *sha256, struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_PUSHED_NAMES,
                      CH_ARGS(ch_arg_text(repository), ch_arg_text(project), ch_arg_sha(manifest),
                              ch_arg_sha(sha256)),
                      NULL, err);
}

enum ch_code ch_store_pushed_names_none(struct ch_store *s, struct ch_str repository,
                                        struct ch_str project, const struct ch_sha256 *manifest,
                                        int64_t at_us, struct ch_err *err)
{
    const struct ch_arg args[] = {ch_arg_text(repository), ch_arg_text(project),
                                  ch_arg_sha(manifest)};
    enum ch_code rc = ch_sql_run(s, CH_SQL_PUSHED_NAMED_UNTIL,
                                 CH_ARGS(ch_arg_int(at_us), ch_arg_text(repository),
                                         ch_arg_text(project), ch_arg_sha(manifest)),
                                 NULL, err);
    rc = rc == CH_OK ? ch_sql_run(s, CH_SQL_PUSHED_NAMES_NONE, args, CH_ARRAY_LEN(args), NULL, err)
                     : rc;
    return rc == CH_OK
               ? ch_sql_run(s, CH_SQL_PUSHED_REFERS_NONE, args, CH_ARRAY_LEN(args), NULL, err)
               : rc;
}

enum ch_code ch_store_pushed_refers(struct ch_store *s, struct ch_str repository,
                                    struct ch_str project, const struct ch_sha256 *manifest,
                                    const struct ch_sha256 *subject, struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_PUSHED_REFERS,
                      CH_ARGS(ch_arg_text(repository), ch_arg_text(project), ch_arg_sha(subject),
                              ch_arg_sha(manifest)),
                      NULL, err);
}

enum ch_code ch_store_pushed_referrers(struct ch_store *s, struct ch_str repository,
                                       struct ch_str project, const struct ch_sha256 *subject,
                                       ch_store_referrer_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(
        s, CH_SQL_PUSHED_REFERRERS,
        CH_ARGS(ch_arg_text(repository), ch_arg_text(project), ch_arg_sha(subject)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_sha256 manifest = ch_col_sha(&c, 0);
        each(ctx, &manifest);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_unlink_pushed_one(struct ch_store *s, struct ch_str repository,
                                        struct ch_str project, const struct ch_sha256 *sha256,
                                        struct ch_err *err)
{
    uint64_t ended = 0, size;
    enum ch_code rc = ch_sql_run(
        s, CH_SQL_UNLINK_PUSHED_ONE,
        CH_ARGS(ch_arg_text(repository), ch_arg_text(project), ch_arg_sha(sha256)), &ended, err);
    if (rc == CH_OK && ended == 0) {
        rc = ch_store_pushed_link(s, repository, project, sha256, &size, err);
        rc = rc == CH_OK ? ch_fail(err, CH_E_BUSY, "a manifest names these bytes") : rc;
    }
    return rc;
}

enum ch_code ch_store_unlink_pushed(struct ch_store *s, int64_t before_us, uint64_t *ret_ended,
                                    struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_UNLINK_PUSHED, CH_ARGS(ch_arg_int(before_us)), ret_ended, err);
}
