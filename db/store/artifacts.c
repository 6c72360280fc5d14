/* Artifacts, their aliases, release files, fetches, sidecars. */
#include "db/store/store_int.h"

enum ch_code ch_store_get_artifact(struct ch_store *s, const struct ch_sha256 *sha256,
                                   struct ch_artifact *ret, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_GET_ARTIFACT, CH_ARGS(ch_arg_sha(sha256)), &c, err);
    if (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        *ret = (struct ch_artifact){*sha256, ch_col_u64(&c, 0), ch_col_int(&c, 1)};
    } else if (rc == CH_E_NOT_FOUND) {
        char hex[CH_SHA256_HEX + 1];
        ch_sha256_hex(sha256, hex);
        rc = ch_fail(err, rc, "no artifact sha256:%s was ever fetched", hex);
    }
    ch_cursor_close(&c);
    return rc;
}

enum ch_code ch_store_add_artifact(struct ch_store *s, const struct ch_artifact *a,
                                   struct ch_err *err)
{
    uint64_t changed = 0;
    enum ch_code rc = ch_sql_run(
        s, CH_SQL_ADD_ARTIFACT,
        CH_ARGS(ch_arg_sha(&a->sha256), ch_arg_u64(a->size_bytes), ch_arg_int(a->fetched_at_us)),
        &changed, err);
    if (rc != CH_OK || changed > 0) {
        return rc;
    }
    struct ch_artifact known;
    rc = ch_store_get_artifact(s, &a->sha256, &known, err);
    if (rc == CH_OK && known.size_bytes != a->size_bytes) {
        char hex[CH_SHA256_HEX + 1];
        ch_sha256_hex(&a->sha256, hex);
        return ch_fail(err, CH_E_MISMATCH, "artifact sha256:%s: has %llu bytes, not %llu", hex,
                       (unsigned long long)known.size_bytes, (unsigned long long)a->size_bytes);
    }
    return rc;
}

enum ch_code ch_store_add_alias(struct ch_store *s, struct ch_str algorithm, struct ch_str hex,
                                const struct ch_sha256 *sha256, struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_ADD_ALIAS,
                      CH_ARGS(ch_arg_text(algorithm), ch_arg_text(hex), ch_arg_sha(sha256)), NULL,
                      err);
}

enum ch_code ch_store_find_alias(struct ch_store *s, struct ch_str algorithm, struct ch_str hex,
                                 struct ch_sha256 *ret, struct ch_err *err)
{
    struct ch_cursor c;
    struct ch_sha256 sha256 = {{0}};
    enum ch_code rc = ch_cursor_open(s, CH_SQL_FIND_ALIAS,
                                     CH_ARGS(ch_arg_text(algorithm), ch_arg_text(hex)), &c, err);
    if (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        sha256 = ch_col_sha(&c, 0);
        rc = ch_cursor_next(&c, err);
        rc = rc == CH_OK ? ch_fail(err, CH_E_MISMATCH, "several artifacts have this alias")
             : rc == CH_E_NOT_FOUND ? CH_OK
                                    : rc;
    }
    ch_cursor_close(&c);
    if (rc == CH_OK) {
        *ret = sha256;
    }
    return rc;
}

/* --- release files --- */

enum ch_code ch_store_find_release_file(struct ch_store *s, struct ch_str upstream,
                                        struct ch_str project, struct ch_str file_name,
                                        struct ch_sha256 *ret_sha256, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(
        s, CH_SQL_FIND_RELEASE,
        CH_ARGS(ch_arg_text(upstream), ch_arg_text(project), ch_arg_text(file_name)), &c, err);
    if (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        *ret_sha256 = ch_col_sha(&c, 0);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? ch_fail(err, rc, "the file was never fetched") : rc;
}

static enum ch_code add_release(struct ch_store *s, const struct ch_release_file *f,
                                struct ch_err *err)
{
    struct ch_sha256 newest;
    enum ch_code rc =
        ch_store_find_release_file(s, f->upstream, f->project, f->file_name, &newest, err);
    if (rc == CH_OK && ch_sha256_eq(&newest, &f->sha256)) {
        return CH_OK; /* fetched again, the same bytes: nothing new to say */
    }
    if (rc != CH_OK && rc != CH_E_NOT_FOUND) {
        return rc;
    }
    rc = ch_sql_run(s, CH_SQL_ADD_RELEASE,
                    CH_ARGS(ch_arg_text(f->upstream), ch_arg_text(f->project),
                            ch_arg_text(f->file_name), ch_arg_sha(&f->sha256), ch_arg_text(f->url),
                            ch_arg_int(f->at_us)),
                    NULL, err);
    if (rc == CH_OK) {
        ch_facts_added(s, CH_FACTS_RELEASES);
    }
    return rc;
}

enum ch_code ch_store_add_release_file(struct ch_store *s, const struct ch_release_file *f,
                                       struct ch_err *err)
{
    enum ch_code rc = ch_step_begin(s, err);
    return rc == CH_OK ? ch_step_end(s, add_release(s, f, err), err) : rc;
}

static enum ch_code each_release(struct ch_cursor *c, enum ch_code rc, ch_store_release_fn *each,
                                 void *ctx, struct ch_err *err)
{
    while (rc == CH_OK && (rc = ch_cursor_next(c, err)) == CH_OK) {
        struct ch_release_file f = {
            .upstream = ch_col_str(c, 0),
            .project = ch_col_str(c, 1),
            .file_name = ch_col_str(c, 2),
            .sha256 = ch_col_sha(c, 3),
            .url = ch_col_str(c, 4),
            .at_us = ch_col_int(c, 5),
        };
        each(ctx, &f);
    }
    ch_cursor_close(c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_releases_of(struct ch_store *s, const struct ch_sha256 *sha256,
                                  ch_store_release_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_RELEASES_OF, CH_ARGS(ch_arg_sha(sha256)), &c, err);
    return each_release(&c, rc, each, ctx, err);
}

enum ch_code ch_store_releases_of_project(struct ch_store *s, struct ch_str upstream,
                                          struct ch_str project, ch_store_release_fn *each,
                                          void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_RELEASES_OF_PROJECT,
                                     CH_ARGS(ch_arg_text(upstream), ch_arg_text(project)), &c, err);
    return each_release(&c, rc, each, ctx, err);
}

enum ch_code ch_store_confirm_bytes(struct ch_store *s, const struct ch_release_file *f,
                                    struct ch_err *err)
{
    enum ch_code rc =
        ch_sql_run(s, CH_SQL_CONFIRM_BYTES,
                   CH_ARGS(ch_arg_text(f->upstream), ch_arg_text(f->project),
                           ch_arg_text(f->file_name), ch_arg_sha(&f->sha256), ch_arg_int(f->at_us)),
                   NULL, err);
    if (rc == CH_OK) {
        ch_facts_added(s, CH_FACTS_CONFIRMED);
    }
    return rc == CH_OK ? ch_store_found(s, f->upstream, f->project, f->file_name, err) : rc;
}

enum ch_code ch_store_bytes_confirmed(struct ch_store *s, struct ch_release_file *f,
                                      struct ch_err *err)
{
    int64_t at_us = 0;
    enum ch_code rc = ch_sql_number(s, CH_SQL_BYTES_CONFIRMED,
                                    CH_ARGS(ch_arg_text(f->upstream), ch_arg_text(f->project),
                                            ch_arg_text(f->file_name), ch_arg_sha(&f->sha256)),
                                    &at_us, err);
    if (rc == CH_OK) {
        f->at_us = at_us;
    }
    return rc;
}

enum ch_code ch_store_add_fetch(struct ch_store *s, const struct ch_fetch_row *f,
                                struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_ADD_FETCH,
                      CH_ARGS(ch_arg_text(f->upstream), ch_arg_text(f->url),
                              ch_arg_int(f->http_status),
                              ch_arg_text(ch_str_of(ch_code_name(f->code))), ch_arg_u64(f->bytes),
                              ch_arg_int(f->elapsed_ms), ch_arg_int(f->at_us)),
                      NULL, err);
}

/* --- sizes that fetches found out --- */

enum ch_code ch_store_add_file_size(struct ch_store *s, const struct ch_file_size *f,
                                    struct ch_err *err)
{
    enum ch_code rc = ch_sql_run(s, CH_SQL_ADD_FILE_SIZE,
                                 CH_ARGS(ch_arg_text(f->upstream), ch_arg_text(f->project),
                                         ch_arg_text(f->file_name), ch_arg_sha(&f->stated_sha256),
                                         ch_arg_u64(f->size_bytes), ch_arg_int(f->at_least),
                                         ch_arg_int(f->at_us)),
                                 NULL, err);
    if (rc == CH_OK) {
        ch_facts_added(s, CH_FACTS_SIZES);
    }
    return rc;
}

enum ch_code ch_store_file_sizes(struct ch_store *s, struct ch_str upstream, struct ch_str project,
                                 ch_store_file_size_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_FILE_SIZES,
                                     CH_ARGS(ch_arg_text(upstream), ch_arg_text(project)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_file_size f = {
            .upstream = upstream,
            .project = project,
            .file_name = ch_col_str(&c, 0),
            .stated_sha256 = ch_col_sha(&c, 1),
            .size_bytes = ch_col_u64(&c, 2),
            .at_least = ch_col_int(&c, 3) != 0,
            .at_us = ch_col_int(&c, 4),
        };
        each(ctx, &f);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

/* --- sidecars --- */

enum ch_code ch_store_put_sidecar(struct ch_store *s, const struct ch_sidecar_row *row,
                                  struct ch_err *err)
{
    enum ch_code rc = ch_sql_run(s, CH_SQL_PUT_SIDECAR,
                                 CH_ARGS(ch_arg_text(row->upstream), ch_arg_text(row->project),
                                         ch_arg_text(row->file_name),
                                         ch_arg_sha(&row->stated_sha256), ch_arg_sha(&row->sha256),
                                         ch_arg_u64(row->size_bytes), ch_arg_int(row->at_us)),
                                 NULL, err);
    if (rc == CH_OK) {
        ch_facts_added(s, CH_FACTS_SIDECARS);
    }
    return rc;
}

enum ch_code ch_store_get_sidecar(struct ch_store *s, struct ch_sidecar_row *row,
                                  struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc =
        ch_cursor_open(s, CH_SQL_GET_SIDECAR,
                       CH_ARGS(ch_arg_text(row->upstream), ch_arg_text(row->project),
                               ch_arg_text(row->file_name), ch_arg_sha(&row->stated_sha256)),
                       &c, err);
    if (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        row->sha256 = ch_col_sha(&c, 0);
        row->size_bytes = ch_col_u64(&c, 1);
        row->at_us = ch_col_int(&c, 2);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? ch_fail(err, rc, "the file has no checked sidecar") : rc;
}
