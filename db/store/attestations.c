/* Keys, and what was signed with them about release files. */
#include <stdlib.h>

#include "db/store/store_int.h"

/* ------------------------------------------------------------------ keys */

enum ch_code ch_store_add_key(struct ch_store *s, const struct ch_key_row *row, struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_ADD_KEY,
                      CH_ARGS(ch_arg_sha(&row->id), ch_arg_text(row->purpose),
                              ch_arg_int(row->kind), ch_arg_text(row->public_pem),
                              ch_arg_int(row->at_us)),
                      NULL, err);
}

enum ch_code ch_store_replace_key(struct ch_store *s, const struct ch_key_row *row,
                                  const struct ch_sha256 *former, struct ch_str by,
                                  struct ch_str reason, struct ch_err *err)
{
    enum ch_code rc = ch_step_begin(s, err);
    if (rc != CH_OK) {
        return rc;
    }
    rc = ch_sql_run(
        s, CH_SQL_END_KEY,
        CH_ARGS(ch_arg_sha(former), ch_arg_text(by), ch_arg_text(reason), ch_arg_int(row->at_us)),
        NULL, err);
    rc = rc == CH_OK ? ch_store_add_key(s, row, err) : rc;
    return ch_step_end(s, rc, err);
}

enum ch_code ch_store_keys(struct ch_store *s, ch_store_key_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_KEYS, NULL, 0, &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_key_row row = {
            .id = ch_col_sha(&c, 0),
            .purpose = ch_col_str(&c, 1),
            .kind = (uint32_t)ch_col_int(&c, 2),
            .public_pem = ch_col_str(&c, 3),
            .at_us = ch_col_int(&c, 4),
            .ended_at_us = ch_col_time(&c, 5),
            .ended_by = ch_col_str(&c, 6),
            .ended_reason = ch_col_str(&c, 7),
        };
        each(ctx, &row);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

/* ------------------------------------------------------------------ evidence */

enum ch_code ch_store_put_evidence(struct ch_store *s, const struct ch_sha256 *digest,
                                   struct ch_str text, struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_PUT_EVIDENCE, CH_ARGS(ch_arg_sha(digest), ch_arg_blob(text)), NULL,
                      err);
}

enum ch_code ch_store_get_evidence(struct ch_store *s, const struct ch_sha256 *digest,
                                   struct ch_buf *ret_text, struct ch_err *err)
{
    struct ch_cursor c;
    ch_buf_clear(ret_text);
    enum ch_code rc = ch_cursor_open(s, CH_SQL_GET_EVIDENCE, CH_ARGS(ch_arg_sha(digest)), &c, err);
    if (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        ch_buf_puts(ret_text, ch_col_str(&c, 0));
        rc = ch_buf_ok(ret_text, err);
    }
    ch_cursor_close(&c);
    return rc;
}

/* ------------------------------------------------------------------ attestations */

enum ch_code ch_store_add_attestation(struct ch_store *s, const struct ch_attestation_row *row,
                                      uint64_t *ret_id, struct ch_err *err)
{
    int64_t id = 0;
    enum ch_code rc = ch_sql_number(
        s, CH_SQL_ADD_ATTESTATION,
        CH_ARGS(ch_arg_text(row->repository), ch_arg_text(row->upstream), ch_arg_text(row->project),
                ch_arg_text(row->file_name), ch_arg_sha(&row->sha256),
                ch_arg_text(row->environment), ch_arg_int(row->passed), ch_arg_sha(&row->key),
                ch_arg_blob(row->statement), ch_arg_blob(row->statement_sig),
                ch_arg_blob_opt(row->file_sig), ch_arg_int(row->at_us),
                ch_arg_sha_opt(&row->evidence)),
        &id, err);
    if (rc == CH_OK) {
        *ret_id = (uint64_t)id;
    }
    return rc;
}

static enum ch_code each_attestation(struct ch_cursor *c, enum ch_code rc,
                                     ch_store_attestation_fn *each, void *ctx, size_t *ret_count,
                                     struct ch_err *err)
{
    *ret_count = 0;
    while (rc == CH_OK && (rc = ch_cursor_next(c, err)) == CH_OK) {
        struct ch_attestation_row row = {
            .id = ch_col_u64(c, 0),
            .repository = ch_col_str(c, 1),
            .upstream = ch_col_str(c, 2),
            .project = ch_col_str(c, 3),
            .file_name = ch_col_str(c, 4),
            .sha256 = ch_col_sha(c, 5),
            .environment = ch_col_str(c, 6),
            .passed = ch_col_int(c, 7) != 0,
            .key = ch_col_sha(c, 8),
            .statement = ch_col_str(c, 9),
            .statement_sig = ch_col_str(c, 10),
            .file_sig = ch_col_str(c, 11),
            .at_us = ch_col_int(c, 12),
            .purpose = ch_col_str(c, 13),
        };
        (*ret_count)++;
        each(ctx, &row);
    }
    ch_cursor_close(c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

static enum ch_code one_attestation(struct ch_cursor *c, enum ch_code rc,
                                    ch_store_attestation_fn *each, void *ctx, struct ch_err *err)
{
    size_t count;
    rc = each_attestation(c, rc, each, ctx, &count, err);
    return rc == CH_OK && count == 0 ? ch_fail(err, CH_E_NOT_FOUND, "no such attestation") : rc;
}

enum ch_code ch_store_get_approval(struct ch_store *s, const struct ch_attestation_row *of,
                                   ch_store_attestation_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_GET_APPROVAL,
                                     CH_ARGS(ch_arg_text(of->repository), ch_arg_text(of->project),
                                             ch_arg_text(of->upstream), ch_arg_text(of->file_name),
                                             ch_arg_sha(&of->sha256), ch_arg_text(of->environment)),
                                     &c, err);
    return one_attestation(&c, rc, each, ctx, err);
}

enum ch_code ch_store_get_attestation(struct ch_store *s, uint64_t id,
                                      const struct ch_sha256 *sha256, ch_store_attestation_fn *each,
                                      void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_GET_ATTESTATION,
                                     CH_ARGS(ch_arg_u64(id), ch_arg_sha(sha256)), &c, err);
    return one_attestation(&c, rc, each, ctx, err);
}

enum ch_code ch_store_attestations_of(struct ch_store *s, const struct ch_sha256 *sha256,
                                      size_t max, ch_store_attestation_fn *each, void *ctx,
                                      struct ch_err *err)
{
    struct ch_cursor c;
    size_t count;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_ATTESTATIONS_OF,
                                     CH_ARGS(ch_arg_sha(sha256), ch_arg_u64(max)), &c, err);
    return each_attestation(&c, rc, each, ctx, &count, err);
}

enum ch_code ch_store_approvals_between(struct ch_store *s, struct ch_str repository,
                                        struct ch_str from, struct ch_str to,
                                        ch_store_attestation_fn *each, void *ctx,
                                        struct ch_err *err)
{
    struct ch_cursor c;
    size_t count;
    enum ch_code rc = ch_cursor_open(
        s, CH_SQL_APPROVALS_BETWEEN,
        CH_ARGS(ch_arg_text(repository), ch_arg_text(from), ch_arg_text(to)), &c, err);
    return each_attestation(&c, rc, each, ctx, &count, err);
}

struct ended {
    uint64_t *ids;
    size_t count, cap;
};

/* All rows are there before the first is told. */
static enum ch_code end_some(struct ch_store *s, enum ch_sql sql, const struct ch_arg *args,
                             size_t arg_count, struct ended *ret, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, sql, args, arg_count, &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        if (ret->count == ret->cap) {
            ret->cap = ret->cap == 0 ? 16 : ret->cap * 2;
            ret->ids = ch_realloc_array(ret->ids, ret->cap, sizeof(*ret->ids));
        }
        ret->ids[ret->count++] = ch_col_u64(&c, 0);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

struct telling {
    ch_store_withdrawn_fn *each;
    void *ctx;
    enum ch_code rc;
    struct ch_err *err;
};

static void tell_one(void *ctx, const struct ch_attestation_row *row)
{
    struct telling *t = ctx;
    t->rc = t->each(t->ctx, row, t->err);
}

static enum ch_code end_and_tell(struct ch_store *s, enum ch_sql sql, const struct ch_arg *args,
                                 size_t arg_count, ch_store_withdrawn_fn *each, void *ctx,
                                 struct ch_err *err)
{
    struct ended ended = {NULL, 0, 0};
    enum ch_code rc = end_some(s, sql, args, arg_count, &ended, err);
    for (size_t i = 0; rc == CH_OK && each != NULL && i < ended.count; i++) {
        struct telling t = {each, ctx, CH_OK, err};
        struct ch_cursor c;
        rc = ch_cursor_open(s, CH_SQL_ENDED_APPROVAL, CH_ARGS(ch_arg_u64(ended.ids[i])), &c, err);
        rc = one_attestation(&c, rc, tell_one, &t, err);
        rc = rc == CH_OK ? t.rc : rc;
    }
    free(ended.ids);
    return rc;
}

enum ch_code ch_store_end_approvals(struct ch_store *s, struct ch_str repository,
                                    struct ch_str upstream, struct ch_str project,
                                    struct ch_str file_name, int64_t at_us,
                                    ch_store_withdrawn_fn *each, void *ctx, struct ch_err *err)
{
    return end_and_tell(s, CH_SQL_END_APPROVALS,
                        CH_ARGS(ch_arg_int(at_us), ch_arg_text(repository), ch_arg_text(project),
                                ch_arg_text(upstream), ch_arg_text(file_name)),
                        each, ctx, err);
}

enum ch_code ch_store_end_approvals_elsewhere(struct ch_store *s, struct ch_str repository,
                                              struct ch_str environment, int64_t at_us,
                                              ch_store_withdrawn_fn *each, void *ctx,
                                              struct ch_err *err)
{
    return end_and_tell(
        s, CH_SQL_END_APPROVALS_ELSEWHERE,
        CH_ARGS(ch_arg_int(at_us), ch_arg_text(repository), ch_arg_text(environment)), each, ctx,
        err);
}

enum ch_code ch_store_attested_repositories(struct ch_store *s, ch_store_repository_fn *each,
                                            void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_ATTESTED_REPOSITORIES, NULL, 0, &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        each(ctx, ch_col_str(&c, 0));
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_withdrawals(struct ch_store *s, struct ch_str environment,
                                  ch_store_withdrawal_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc =
        ch_cursor_open(s, CH_SQL_WITHDRAWALS, CH_ARGS(ch_arg_text(environment)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_sha256 sha256 = ch_col_sha(&c, 0);
        each(ctx, &sha256, ch_col_str(&c, 1), ch_col_int(&c, 2));
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}
