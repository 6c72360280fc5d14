/* Persons, their uids, groups, grants and tokens, and how each ends. */
#include "customhouse/store_people.h"

#include "db/store/store_int.h"

static enum ch_code add_details(struct ch_store *s, int64_t id, const struct ch_people_row *row,
                                struct ch_err *err)
{
    struct ch_arg fact = ch_arg_int(id);
    switch (row->kind) {
    case CH_PEOPLE_PERSON:
        return ch_sql_run(s, CH_SQL_ADD_PERSON,
                          CH_ARGS(fact, ch_arg_text(row->person), ch_arg_int(row->service),
                                  ch_arg_text(row->full_name)),
                          NULL, err);
    case CH_PEOPLE_UID:
        return ch_sql_run(s, CH_SQL_ADD_PERSON_UID,
                          CH_ARGS(fact, ch_arg_text(row->person), ch_arg_int(row->uid)), NULL, err);
    case CH_PEOPLE_MEMBER:
        return ch_sql_run(s, CH_SQL_ADD_GROUP_MEMBER,
                          CH_ARGS(fact, ch_arg_text(row->group), ch_arg_text(row->person)), NULL,
                          err);
    case CH_PEOPLE_GRANT:
        return ch_sql_run(s, CH_SQL_ADD_GROUP_GRANT,
                          CH_ARGS(fact, ch_arg_text(row->group), ch_arg_text(row->role),
                                  ch_arg_opt(row->repository), ch_arg_opt(row->environment)),
                          NULL, err);
    case CH_PEOPLE_TOKEN:
        return ch_sql_run(s, CH_SQL_ADD_TOKEN,
                          CH_ARGS(fact, ch_arg_text(row->person), ch_arg_text(row->audience),
                                  ch_arg_text(row->label), ch_arg_sha(&row->sha256),
                                  ch_arg_int(row->expires_at_us)),
                          NULL, err);
    }
    return ch_fail(err, CH_E_USAGE, "no such kind of fact about people: %d", (int)row->kind);
}

enum ch_code ch_store_add_people(struct ch_store *s, const struct ch_people_row *row,
                                 uint64_t *ret_id, struct ch_err *err)
{
    int64_t id = 0;
    enum ch_code rc = ch_step_begin(s, err);
    if (rc != CH_OK) {
        return rc;
    }
    rc = ch_sql_number(s, CH_SQL_ADD_PEOPLE_FACT,
                       CH_ARGS(ch_arg_int(row->kind), ch_arg_text(row->by), ch_arg_int(row->at_us)),
                       &id, err);
    rc = rc == CH_OK ? add_details(s, id, row, err) : rc;
    rc = ch_step_end(s, rc, err);
    if (rc == CH_OK) {
        *ret_id = (uint64_t)id;
    }
    return rc;
}

enum ch_code ch_store_end_people(struct ch_store *s, uint64_t id, struct ch_str by,
                                 struct ch_str why, int64_t at_us, struct ch_err *err)
{
    enum ch_code rc = ch_sql_run(
        s, CH_SQL_END_PEOPLE_FACT,
        CH_ARGS(ch_arg_u64(id), ch_arg_text(by), ch_arg_text(why), ch_arg_int(at_us)), NULL, err);
    if (rc == CH_E_USAGE) {
        return ch_fail(err, CH_E_NOT_FOUND, "nothing has the number %llu", (unsigned long long)id);
    }
    return rc == CH_E_EXISTS
               ? ch_fail(err, rc, "number %llu is ended already", (unsigned long long)id)
               : rc;
}

enum ch_code ch_store_people(struct ch_store *s, ch_store_people_fn *each, void *ctx,
                             struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_PEOPLE, NULL, 0, &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_people_row row = {
            .id = ch_col_u64(&c, 0),
            .kind = (enum ch_people_kind)ch_col_int(&c, 1),
            .by = ch_col_str(&c, 2),
            .at_us = ch_col_int(&c, 3),
            .person = ch_col_str(&c, 4),
            .service = ch_col_int(&c, 5) != 0,
            .full_name = ch_col_str(&c, 6),
            .uid = (uint32_t)ch_col_int(&c, 7),
            .group = ch_col_str(&c, 8),
            .role = ch_col_str(&c, 9),
            .repository = ch_col_str(&c, 10),
            .environment = ch_col_str(&c, 11),
            .audience = ch_col_str(&c, 12),
            .label = ch_col_str(&c, 13),
            .sha256 = ch_col_sha(&c, 14),
            .expires_at_us = ch_col_time(&c, 15),
            .ended_by = ch_col_str(&c, 16),
            .ended_why = ch_col_str(&c, 17),
            .ended_at_us = ch_col_time(&c, 18),
        };
        each(ctx, &row);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

/* --- what waits for a second person --- */

enum ch_code ch_store_add_proposal(struct ch_store *s, const struct ch_proposal_row *row,
                                   uint64_t *ret_id, struct ch_err *err)
{
    int64_t id = 0;
    enum ch_code rc = ch_sql_number(s, CH_SQL_ADD_PROPOSAL,
                                    CH_ARGS(ch_arg_sha(&row->what), ch_arg_text(row->change),
                                            ch_arg_text(row->by), ch_arg_int(row->at_us)),
                                    &id, err);
    if (rc == CH_OK) {
        *ret_id = (uint64_t)id;
    }
    return rc;
}

enum ch_code ch_store_end_proposal(struct ch_store *s, uint64_t id, struct ch_str how,
                                   struct ch_str by, int64_t at_us, struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_END_PROPOSAL,
                      CH_ARGS(ch_arg_u64(id), ch_arg_text(how), ch_arg_text(by), ch_arg_int(at_us)),
                      NULL, err);
}

enum ch_code ch_store_proposals(struct ch_store *s, ch_store_proposal_fn *each, void *ctx,
                                struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_OPEN_PROPOSALS, NULL, 0, &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_proposal_row row = {
            .id = ch_col_u64(&c, 0),
            .what = ch_col_sha(&c, 1),
            .change = ch_col_str(&c, 2),
            .by = ch_col_str(&c, 3),
            .at_us = ch_col_int(&c, 4),
        };
        each(ctx, &row);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

/* --- failed sign-ins, by the minute --- */

enum ch_code ch_store_count_sign_ins(struct ch_store *s, const struct ch_sign_in_row *row,
                                     uint64_t rows, uint64_t rows_of_one, struct ch_err *err)
{
    uint64_t changed = 0;
    enum ch_code rc =
        ch_sql_run(s, CH_SQL_COUNT_SIGN_INS,
                   CH_ARGS(ch_arg_u64(row->times), ch_arg_int(row->minute),
                           ch_arg_text(row->principal), ch_arg_text(row->address),
                           ch_arg_text(row->via), ch_arg_text(row->path), ch_arg_text(row->why)),
                   &changed, err);
    if (rc != CH_OK || changed > 0) {
        return rc;
    }
    rc = ch_sql_run(s, CH_SQL_ADD_SIGN_INS,
                    CH_ARGS(ch_arg_int(row->minute), ch_arg_text(row->principal),
                            ch_arg_text(row->address), ch_arg_text(row->via),
                            ch_arg_text(row->path), ch_arg_text(row->why), ch_arg_u64(row->times),
                            ch_arg_u64(rows), ch_arg_u64(rows_of_one)),
                    &changed, err);
    return rc == CH_OK && changed == 0
               ? ch_fail(err, CH_E_LIMIT, "failed sign-ins of minute %lld: enough rows",
                         (long long)row->minute)
               : rc;
}

enum ch_code ch_store_sign_ins_before(struct ch_store *s, int64_t minute, ch_store_sign_in_fn *each,
                                      void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc =
        ch_cursor_open(s, CH_SQL_SIGN_INS_BEFORE, CH_ARGS(ch_arg_int(minute)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_sign_in_row row = {
            .minute = ch_col_int(&c, 0),
            .principal = ch_col_str(&c, 1),
            .address = ch_col_str(&c, 2),
            .via = ch_col_str(&c, 3),
            .path = ch_col_str(&c, 4),
            .why = ch_col_str(&c, 5),
            .times = ch_col_u64(&c, 6),
        };
        rc = each(ctx, &row, err);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_drop_sign_ins_before(struct ch_store *s, int64_t minute, struct ch_err *err)
{
    return ch_sql_run_overwriting(s, CH_SQL_DROP_SIGN_INS_BEFORE, CH_ARGS(ch_arg_int(minute)), NULL,
                                  err);
}

/* --- refused commands, by the minute --- */

enum ch_code ch_store_count_command_refusal(struct ch_store *s,
                                            const struct ch_command_refusal_row *row, uint64_t rows,
                                            uint64_t rows_of_one, struct ch_err *err)
{
    const struct ch_arg args[] = {ch_arg_int(row->minute), ch_arg_text(row->principal),
                                  ch_arg_text(row->via),   ch_arg_text(row->command),
                                  ch_arg_text(row->what),  ch_arg_text(row->why),
                                  ch_arg_u64(rows),        ch_arg_u64(rows_of_one)};
    uint64_t changed = 0;
    enum ch_code rc =
        ch_sql_run(s, CH_SQL_COUNT_COMMAND_REFUSAL, args, CH_ARRAY_LEN(args) - 2, &changed, err);
    if (rc == CH_OK && changed == 0) {
        rc = ch_sql_run(s, CH_SQL_ADD_COMMAND_REFUSAL, args, CH_ARRAY_LEN(args), &changed, err);
    }
    return rc == CH_OK && changed == 0
               ? ch_fail(err, CH_E_LIMIT, "refused commands of minute %lld: enough rows",
                         (long long)row->minute)
               : rc;
}

enum ch_code ch_store_command_refusals_before(struct ch_store *s, int64_t minute,
                                              ch_store_command_refusal_fn *each, void *ctx,
                                              struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc =
        ch_cursor_open(s, CH_SQL_COMMAND_REFUSALS_BEFORE, CH_ARGS(ch_arg_int(minute)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_command_refusal_row row = {
            .minute = ch_col_int(&c, 0),
            .principal = ch_col_str(&c, 1),
            .via = ch_col_str(&c, 2),
            .command = ch_col_str(&c, 3),
            .what = ch_col_str(&c, 4),
            .why = ch_col_str(&c, 5),
            .times = ch_col_u64(&c, 6),
        };
        rc = each(ctx, &row, err);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_drop_command_refusals_before(struct ch_store *s, int64_t minute,
                                                   struct ch_err *err)
{
    return ch_sql_run_overwriting(s, CH_SQL_DROP_COMMAND_REFUSALS_BEFORE,
                                  CH_ARGS(ch_arg_int(minute)), NULL, err);
}
