/* Which policy was in force since when, and the texts that decisions name by digest. */
#include "db/store/store_int.h"

enum ch_code ch_store_add_policy(struct ch_store *s, const struct ch_policy_row *row,
                                 struct ch_str bundle, struct ch_err *err)
{
    enum ch_code rc = ch_step_begin(s, err);
    if (rc != CH_OK) {
        return rc;
    }
    rc = ch_sql_run(s, CH_SQL_PUT_POLICY_TEXT,
                    CH_ARGS(ch_arg_sha(&row->digest), ch_arg_blob(bundle)), NULL, err);
    rc = rc == CH_OK ? ch_sql_run(s, CH_SQL_ADD_POLICY,
                                  CH_ARGS(ch_arg_sha(&row->digest), ch_arg_text(row->by),
                                          ch_arg_text(row->reason), ch_arg_int(row->at_us)),
                                  NULL, err)
                     : rc;
    return ch_step_end(s, rc, err);
}

enum ch_code ch_store_policies(struct ch_store *s, size_t max, ch_store_policy_fn *each, void *ctx,
                               struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_POLICIES, CH_ARGS(ch_arg_u64(max)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_policy_row row = {
            .id = ch_col_u64(&c, 0),
            .digest = ch_col_sha(&c, 1),
            .by = ch_col_str(&c, 2),
            .reason = ch_col_str(&c, 3),
            .at_us = ch_col_int(&c, 4),
            .size_bytes = ch_col_u64(&c, 5),
        };
        each(ctx, &row);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_policy_text(struct ch_store *s, const struct ch_sha256 *digest,
                                  struct ch_buf *ret_bundle, struct ch_err *err)
{
    struct ch_cursor c;
    ch_buf_clear(ret_bundle);
    enum ch_code rc =
        ch_cursor_open(s, CH_SQL_GET_POLICY_TEXT, CH_ARGS(ch_arg_sha(digest)), &c, err);
    if (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        ch_buf_puts(ret_bundle, ch_col_str(&c, 0));
        rc = ch_buf_ok(ret_bundle, err);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? ch_fail(err, rc, "no policy of this digest was ever in force")
                                : rc;
}

/* --- what is proposed --- */

enum ch_code ch_store_add_policy_proposal(struct ch_store *s,
                                          const struct ch_policy_proposal_row *row,
                                          struct ch_str bundle, uint64_t *ret_id,
                                          struct ch_err *err)
{
    int64_t id = 0;
    enum ch_code rc = ch_step_begin(s, err);
    if (rc != CH_OK) {
        return rc;
    }
    rc = ch_sql_run(s, CH_SQL_PUT_POLICY_TEXT,
                    CH_ARGS(ch_arg_sha(&row->policy), ch_arg_blob(bundle)), NULL, err);
    rc = rc == CH_OK ? ch_sql_number(s, CH_SQL_ADD_POLICY_PROPOSAL,
                                     CH_ARGS(ch_arg_sha(&row->policy), ch_arg_sha(&row->base),
                                             ch_arg_text(row->by), ch_arg_text(row->reason),
                                             ch_arg_int(row->at_us)),
                                     &id, err)
                     : rc;
    *ret_id = (uint64_t)id;
    return ch_step_end(s, rc, err);
}

enum ch_code ch_store_end_policy_proposal(struct ch_store *s, uint64_t id, struct ch_str how,
                                          struct ch_str by, int64_t at_us, struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_END_POLICY_PROPOSAL,
                      CH_ARGS(ch_arg_u64(id), ch_arg_text(how), ch_arg_text(by), ch_arg_int(at_us)),
                      NULL, err);
}

enum ch_code ch_store_policy_proposals(struct ch_store *s, ch_store_policy_proposal_fn *each,
                                       void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_OPEN_POLICY_PROPOSALS, NULL, 0, &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_policy_proposal_row row = {
            .id = ch_col_u64(&c, 0),
            .policy = ch_col_sha(&c, 1),
            .base = ch_col_sha(&c, 2),
            .by = ch_col_str(&c, 3),
            .reason = ch_col_str(&c, 4),
            .at_us = ch_col_int(&c, 5),
        };
        each(ctx, &row);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}
