/* Decisions: a row whenever the decision on a release file changes. */
#include "db/store/store_int.h"

_Static_assert(CH_VERDICT_HOLD == 0 && CH_VERDICT_ALLOW == 1 && CH_VERDICT_DENY == 2,
               "as in the schema");

enum ch_code ch_store_add_decision(struct ch_store *s, const struct ch_decision_row *d,
                                   struct ch_err *err)
{
    if (d->verdict == CH_VERDICT_ALLOW) {
        enum ch_code rc = ch_store_room(s, "allow", err);
        if (rc != CH_OK) {
            return rc;
        }
    }
    return ch_sql_run(
        s, CH_SQL_ADD_DECISION,
        CH_ARGS(ch_arg_text(d->repository), ch_arg_text(d->upstream), ch_arg_text(d->project),
                ch_arg_text(d->file_name), ch_arg_sha_opt(&d->sha256),
                ch_arg_int((int64_t)d->verdict), ch_arg_text(d->rule), ch_arg_text(d->reason),
                ch_arg_sha_opt(&d->policy), ch_arg_int(d->at_us), ch_arg_int(d->audited)),
        NULL, err);
}

static enum ch_code each_decision(struct ch_cursor *c, enum ch_code rc, ch_store_decision_fn *each,
                                  void *ctx, struct ch_err *err)
{
    while (rc == CH_OK && (rc = ch_cursor_next(c, err)) == CH_OK) {
        struct ch_decision_row d = {
            .repository = ch_col_str(c, 0),
            .upstream = ch_col_str(c, 1),
            .project = ch_col_str(c, 2),
            .file_name = ch_col_str(c, 3),
            .sha256 = ch_col_sha(c, 4),
            .verdict = (enum ch_verdict)ch_col_int(c, 5),
            .rule = ch_col_str(c, 6),
            .reason = ch_col_str(c, 7),
            .policy = ch_col_sha(c, 8),
            .at_us = ch_col_int(c, 9),
            .audited = ch_col_int(c, 10) != 0,
        };
        each(ctx, &d);
    }
    ch_cursor_close(c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_decisions_of(struct ch_store *s, struct ch_str repository,
                                   struct ch_str project, ch_store_decision_fn *each, void *ctx,
                                   struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(
        s, CH_SQL_DECISIONS_OF, CH_ARGS(ch_arg_text(repository), ch_arg_text(project)), &c, err);
    return each_decision(&c, rc, each, ctx, err);
}

enum ch_code ch_store_decisions_by_verdict(struct ch_store *s, struct ch_str repository,
                                           enum ch_verdict verdict, size_t max,
                                           ch_store_decision_fn *each, void *ctx,
                                           struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(
        s, CH_SQL_DECISIONS_BY_VERDICT,
        CH_ARGS(ch_arg_int((int64_t)verdict), ch_arg_text(repository), ch_arg_u64(max)), &c, err);
    return each_decision(&c, rc, each, ctx, err);
}

enum ch_code ch_store_decisions_audited(struct ch_store *s, struct ch_str repository, size_t max,
                                        ch_store_decision_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_DECISIONS_AUDITED,
                                     CH_ARGS(ch_arg_text(repository), ch_arg_u64(max)), &c, err);
    return each_decision(&c, rc, each, ctx, err);
}

enum ch_code ch_store_allows(struct ch_store *s, struct ch_str repository, struct ch_str project,
                             struct ch_str upstream, ch_store_allow_fn *each, void *ctx,
                             struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(
        s, CH_SQL_ALLOWS,
        CH_ARGS(ch_arg_text(repository), ch_arg_text(project), ch_arg_text(upstream)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_sha256 sha256 = ch_col_sha(&c, 1);
        each(ctx, ch_col_str(&c, 0), &sha256, ch_col_int(&c, 2));
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_newest_decision(struct ch_store *s, uint64_t *ret_id, struct ch_err *err)
{
    int64_t id = 0;
    enum ch_code rc = ch_sql_number(s, CH_SQL_NEWEST_DECISION, NULL, 0, &id, err);
    if (rc == CH_OK) {
        *ret_id = (uint64_t)id;
    }
    return rc;
}

enum ch_code ch_store_decided_pages(struct ch_store *s, uint64_t after, uint64_t up_to, int verdict,
                                    ch_store_page_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc =
        ch_cursor_open(s, CH_SQL_DECIDED_PAGES,
                       CH_ARGS(ch_arg_u64(after), ch_arg_u64(up_to), ch_arg_int(verdict)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        each(ctx, ch_col_str(&c, 0), ch_col_str(&c, 1));
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_rescans(struct ch_store *s, const struct ch_rescan_query *query,
                              ch_store_rescan_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(
        s, CH_SQL_RESCANS,
        CH_ARGS(ch_arg_u64(query->after), ch_arg_u64(query->up_to), ch_arg_text(query->repository),
                ch_arg_text(query->ecosystem), ch_arg_int(query->inspector_version),
                ch_arg_sha(&query->ruleset), ch_arg_int(query->all)),
        &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_rescan_row row = {
            .upstream = ch_col_str(&c, 0),
            .project = ch_col_str(&c, 1),
            .file_name = ch_col_str(&c, 2),
            .sha256 = ch_col_sha(&c, 3),
            .decided_at_us = ch_col_int(&c, 4),
            .times_served = ch_col_u64(&c, 5),
        };
        each(ctx, &row);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}
