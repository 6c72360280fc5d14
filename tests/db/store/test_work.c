/* Rulings, decisions, intake, servings, refusals, blobs, groups. */
#include "tests/db/store/temp_store.h"

#include "customhouse/limits.h"
#include "customhouse/store_intake.h"
#include "db/store/store_int.h"

static const struct ch_str everywhere = {NULL, 0};

static struct ch_sha256 digest(const char *text)
{
    return ch_sha256_of(text, strlen(text));
}

static void gather_ruling(void *ctx, const struct ch_ruling_row *r)
{
    ch_buf_printf(ctx, "%llu %s %.*s %.*s %s %zu %s;", (unsigned long long)r->id,
                  r->deny ? "deny" : "approve", CH_STR_ARG(r->project), CH_STR_ARG(r->reason),
                  r->repository.ptr == NULL ? "all" : "one", r->fingerprint_count,
                  r->expires_at_us == CH_TIME_UNKNOWN ? "never" : "ends");
    for (size_t i = 0; i < r->fingerprint_count; i++) {
        struct ch_sha256 expected = digest(i == 0 ? "f0" : "f1");
        assert_true(ch_sha256_eq(&r->fingerprints[i], &expected));
    }
}

static void test_rulings(void **state)
{
    (void)state;
    struct ch_sha256 fingerprints[] = {digest("f0"), digest("f1")};
    struct ch_ruling_row approve = {.repository = CH_STR("pypi"),
                                    .project = CH_STR("numpy"),
                                    .lifts = 12,
                                    .fingerprints = fingerprints,
                                    .fingerprint_count = 2,
                                    .reason = CH_STR("seen"),
                                    .by = CH_STR("ann"),
                                    .at_us = 5,
                                    .expires_at_us = 50};
    struct ch_ruling_row deny = {.deny = true,
                                 .project = CH_STR("evil"),
                                 .reason = CH_STR("bad"),
                                 .by = CH_STR("ann"),
                                 .at_us = 6,
                                 .expires_at_us = CH_TIME_UNKNOWN};
    struct ch_buf b;
    uint64_t first = 0;
    uint64_t second = 0;
    ch_buf_init(&b, 1000);
    assert_ch_ok(&err, ch_store_add_ruling(store, &approve, &first, &err));
    assert_ch_ok(&err, ch_store_add_ruling(store, &deny, &second, &err));
    assert_ch_ok(&err, ch_store_rulings(store, gather_ruling, &b, &err));
    assert_str_eq(ch_buf_str(&b), "1 approve numpy seen one 2 ends;2 deny evil bad all 0 never;");
    assert_ch_ok(&err, ch_store_end_ruling(store, first, CH_STR("bob"), CH_STR("why"), 7, &err));
    assert_ch_code(CH_E_EXISTS,
                   ch_store_end_ruling(store, first, CH_STR("bob"), CH_STR("why"), 8, &err));
    assert_ch_code(CH_E_NOT_FOUND,
                   ch_store_end_ruling(store, 99, CH_STR("bob"), CH_STR("why"), 8, &err));
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_rulings(store, gather_ruling, &b, &err));
    assert_str_eq(ch_buf_str(&b), "2 deny evil bad all 0 never;");
    ch_buf_done(&b);
}

static void gather_decision(void *ctx, const struct ch_decision_row *d)
{
    ch_buf_printf(ctx, "%.*s/%.*s %d %.*s %.*s%s;", CH_STR_ARG(d->upstream),
                  CH_STR_ARG(d->file_name), (int)d->verdict, CH_STR_ARG(d->rule),
                  CH_STR_ARG(d->reason), ch_sha256_is_zero(&d->sha256) ? "" : " bytes");
}

static void decide(const char *file, enum ch_verdict verdict, int64_t at_us)
{
    struct ch_decision_row d = {.repository = CH_STR("pypi"),
                                .upstream = CH_STR("u"),
                                .project = CH_STR("numpy"),
                                .file_name = ch_str_of(file),
                                .verdict = verdict,
                                .rule = CH_STR("rule"),
                                .at_us = at_us};
    if (verdict == CH_VERDICT_ALLOW) {
        d.sha256 = digest(file);
    }
    assert_ch_ok(&err, ch_store_add_decision(store, &d, &err));
}

static void gather_allow(void *ctx, struct ch_str file_name, const struct ch_sha256 *sha256,
                         int64_t at_us)
{
    ch_buf_printf(ctx, "%.*s %s%lld;", CH_STR_ARG(file_name),
                  ch_sha256_is_zero(sha256) ? "none " : "", (long long)at_us);
}

static void test_audited_and_allows(void **state)
{
    (void)state;
    struct ch_buf b;
    struct ch_decision_row d = {.repository = CH_STR("pypi"),
                                .upstream = CH_STR("u"),
                                .project = CH_STR("numpy"),
                                .file_name = CH_STR("x"),
                                .sha256 = digest("x"),
                                .verdict = CH_VERDICT_ALLOW,
                                .rule = CH_STR("cool-down"),
                                .reason = CH_STR("young"),
                                .at_us = 7,
                                .audited = true};
    ch_buf_init(&b, 1000);
    decide("b", CH_VERDICT_ALLOW, 3);
    decide("b", CH_VERDICT_HOLD, 4);
    decide("b", CH_VERDICT_ALLOW, 5);
    assert_ch_ok(&err, ch_store_add_decision(store, &d, &err));
    assert_ch_ok(&err,
                 ch_store_decisions_audited(store, CH_STR("other"), 10, gather_decision, &b, &err));
    assert_int_equal(b.len, 0);
    assert_ch_ok(&err,
                 ch_store_decisions_audited(store, CH_STR("pypi"), 10, gather_decision, &b, &err));
    assert_str_eq(ch_buf_str(&b), "u/x 1 cool-down young bytes;");
    ch_buf_clear(&b);
    assert_ch_ok(&err,
                 ch_store_decisions_audited(store, everywhere, 10, gather_decision, &b, &err));
    assert_str_eq(ch_buf_str(&b), "u/x 1 cool-down young bytes;");
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_allows(store, CH_STR("pypi"), CH_STR("numpy"), CH_STR("u"),
                                       gather_allow, &b, &err));
    assert_str_eq(ch_buf_str(&b), "b 3;b 5;x 7;");
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_allows(store, CH_STR("pypi"), CH_STR("numpy"), CH_STR("v"),
                                       gather_allow, &b, &err));
    d.audited = false;
    assert_ch_ok(&err, ch_store_add_decision(store, &d, &err));
    assert_ch_ok(&err,
                 ch_store_decisions_audited(store, everywhere, 10, gather_decision, &b, &err));
    assert_int_equal(b.len, 0); /* the newest counts */
    ch_buf_done(&b);
}

static void gather_rescan(void *ctx, const struct ch_rescan_row *row)
{
    ch_buf_printf(ctx, "%.*s/%.*s/%.*s %llu;", CH_STR_ARG(row->upstream), CH_STR_ARG(row->project),
                  CH_STR_ARG(row->file_name), (unsigned long long)row->times_served);
}

static void test_rescans(void **state)
{
    (void)state;
    struct ch_buf b;
    uint64_t newest = 9;
    struct ch_rescan_query q = {.up_to = 1000, .repository = CH_STR("pypi"), .ecosystem = CH_STR("pypi"),
                                .inspector_version = 2, .ruleset = digest("rules")};
    struct ch_inspection_key key = {.sha256 = digest("b"), .profile = CH_STR("wheel"),
                                    .inspector_version = 2, .ruleset = digest("rules"),
                                    .context = CH_STR("pypi/u/numpy/a")};
    struct ch_inspection_row row = {.outcome = CH_INSPECTION_COMPLETE, .at_us = 7};
    struct ch_served_row served = {.repository = CH_STR("pypi"), .project = CH_STR("numpy"),
                                   .file_name = CH_STR("b"), .sha256 = digest("b"),
                                   .address = CH_STR("192.0.2.1"), .times = 3};
    bool first = false;
    ch_buf_init(&b, 1000);
    assert_ch_ok(&err, ch_store_newest_decision(store, &newest, &err));
    assert_int_equal(newest, 0);
    decide("b", CH_VERDICT_ALLOW, 3);
    decide("c", CH_VERDICT_ALLOW, 4);
    decide("c", CH_VERDICT_DENY, 5); /* without bytes: nothing to inspect */
    assert_ch_ok(&err, ch_store_add_served(store, &served, &first, &err));
    served.address = CH_STR("192.0.2.2");
    assert_ch_ok(&err, ch_store_add_served(store, &served, &first, &err));
    /* the same bytes, but under another name */
    assert_ch_ok(&err, ch_store_add_inspection(store, &key, &row, &err));
    assert_ch_ok(&err, ch_store_rescans(store, &q, gather_rescan, &b, &err));
    assert_str_eq(ch_buf_str(&b), "u/numpy/b 6;");
    key.context = CH_STR("pypi/u/numpy/b");
    key.inspector_version = 1;
    assert_ch_ok(&err, ch_store_add_inspection(store, &key, &row, &err));
    key.inspector_version = 2;
    key.ruleset = digest("other rules");
    assert_ch_ok(&err, ch_store_add_inspection(store, &key, &row, &err));
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_rescans(store, &q, gather_rescan, &b, &err));
    assert_str_eq(ch_buf_str(&b), "u/numpy/b 6;");
    key.ruleset = q.ruleset;
    assert_ch_ok(&err, ch_store_add_inspection(store, &key, &row, &err));
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_rescans(store, &q, gather_rescan, &b, &err));
    assert_int_equal(b.len, 0);
    q.all = true;
    assert_ch_ok(&err, ch_store_rescans(store, &q, gather_rescan, &b, &err));
    assert_str_eq(ch_buf_str(&b), "u/numpy/b 6;");
    assert_ch_ok(&err, ch_store_newest_decision(store, &newest, &err));
    ch_buf_clear(&b);
    for (q.after = 0; q.after < newest; q.after++) { /* part by part it is the same */
        q.up_to = q.after + 1;
        assert_ch_ok(&err, ch_store_rescans(store, &q, gather_rescan, &b, &err));
    }
    assert_str_eq(ch_buf_str(&b), "u/numpy/b 6;");
    q.after = 0;
    q.repository = CH_STR("other");
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_rescans(store, &q, gather_rescan, &b, &err));
    assert_int_equal(b.len, 0);
    ch_buf_done(&b);
}

static void count_served(void *ctx, const struct ch_served_row *row)
{
    (void)row;
    (*(size_t *)ctx)++;
}

static int rows(const char *table)
{
    char sql[64];
    sqlite3_stmt *stmt;
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", table);
    assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int count = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return count;
}

/* What is bounded: the newest rows stay, the oldest go part by part. */
static void test_trim(void **state)
{
    (void)state;
    struct ch_limits saved = ch_limits;
    int64_t day_us = 86400 * 1000000LL, now = 1000 * day_us;
    struct ch_refusal_row r = {.id = CH_STR("old"), .at_us = now - 401 * day_us};
    struct ch_refusal_row got;
    struct ch_buf b;
    uint64_t from = 9;
    size_t left = 0;
    ch_buf_init(&b, 1000);
    ch_limits.served_rows = 3;
    ch_limits.fetch_rows = 4;
    ch_limits.trim_rows = 2;
    assert_ch_ok(&err, ch_store_trim(store, now, &from, &err));
    assert_int_equal(from, 0);
    assert_ch_ok(&err, ch_store_put_refusal(store, &r, &err));
    r = (struct ch_refusal_row){.id = CH_STR("new"), .at_us = now - 399 * day_us};
    assert_ch_ok(&err, ch_store_put_refusal(store, &r, &err));
    for (unsigned i = 0; i < 6; i++) {
        char file[] = {(char)('a' + i), '\0'};
        struct ch_served_row s = {.project = CH_STR("p"), .file_name = ch_str_of(file),
                                  .sha256 = digest(file), .times = 1};
        bool first = false;
        struct ch_fetch_row f = {.upstream = CH_STR("u"), .at_us = 1};
        assert_ch_ok(&err, ch_store_add_served(store, &s, &first, &err));
        assert_ch_ok(&err, ch_store_add_fetch(store, &f, &err));
    }
    assert_ch_ok(&err, ch_store_trim(store, now, &from, &err));
    assert_int_equal(from, 3);
    assert_int_equal(rows("refusal"), 1);
    assert_int_equal(rows("fetch"), 4);
    assert_int_equal(rows("served"), 4);
    assert_ch_ok(&err, ch_store_trim(store, now, &from, &err));
    assert_int_equal(from, 4); /* served had one more */
    assert_ch_ok(&err, ch_store_trim(store, now, &from, &err));
    assert_int_equal(from, 0);
    struct ch_sha256 any = {{0}};
    struct ch_str all = {NULL, 0};
    assert_ch_ok(&err, ch_store_served(store, &any, all, all, count_served, &left, &err));
    assert_int_equal(left, 3);
    left = 0;
    assert_ch_ok(&err, ch_store_served(store, &any, all, CH_STR("f"), count_served, &left, &err));
    assert_int_equal(left, 1);
    assert_ch_code(CH_E_NOT_FOUND, ch_store_get_refusal(store, CH_STR("old"), &got, &b, &err));
    assert_ch_ok(&err, ch_store_get_refusal(store, CH_STR("new"), &got, &b, &err));
    ch_limits = saved;
    ch_buf_done(&b);
}

static void test_decisions(void **state)
{
    (void)state;
    struct ch_buf b;
    ch_buf_init(&b, 1000);
    decide("b", CH_VERDICT_HOLD, 1);
    decide("a", CH_VERDICT_HOLD, 2);
    decide("b", CH_VERDICT_ALLOW, 3);
    decide("c", CH_VERDICT_ALLOW, 4);
    decide("c", CH_VERDICT_DENY, 5);
    assert_ch_ok(&err, ch_store_decisions_of(store, CH_STR("pypi"), CH_STR("numpy"),
                                             gather_decision, &b, &err));
    assert_str_eq(ch_buf_str(&b), "u/a 0 rule ;u/b 1 rule  bytes;u/c 2 rule ;");
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_decisions_of(store, CH_STR("other"), CH_STR("numpy"),
                                             gather_decision, &b, &err));
    assert_int_equal(b.len, 0);
    assert_ch_ok(&err, ch_store_decisions_by_verdict(store, everywhere, CH_VERDICT_ALLOW, 10,
                                                     gather_decision, &b, &err));
    assert_str_eq(ch_buf_str(&b), "u/b 1 rule  bytes;");
    decide("d", CH_VERDICT_ALLOW, 6);
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_decisions_by_verdict(store, everywhere, CH_VERDICT_ALLOW, 1,
                                                     gather_decision, &b, &err));
    assert_str_eq(ch_buf_str(&b), "u/d 1 rule  bytes;");
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_decisions_by_verdict(store, CH_STR("pypi"), CH_VERDICT_ALLOW, 1,
                                                     gather_decision, &b, &err));
    assert_str_eq(ch_buf_str(&b), "u/d 1 rule  bytes;");
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_decisions_by_verdict(store, CH_STR("other"), CH_VERDICT_ALLOW, 1,
                                                     gather_decision, &b, &err));
    assert_int_equal(b.len, 0);
    ch_buf_done(&b);
}

static void gather_intake(void *ctx, const struct ch_intake_row *r)
{
    ch_buf_printf(ctx, "%llu %.*s state %d attempts %u%s%s %.*s;", (unsigned long long)r->id,
                  CH_STR_ARG(r->file_name), (int)r->state, r->attempts, r->ahead ? " ahead" : "",
                  ch_sha256_is_zero(&r->sha256) ? "" : " bytes", CH_STR_ARG(r->error));
}

static void test_intake(void **state)
{
    (void)state;
    struct ch_intake_row row = {.repository = CH_STR("pypi"),
                                .upstream = CH_STR("u"),
                                .project = CH_STR("p"),
                                .file_name = CH_STR("f"),
                                .state = CH_INTAKE_WANTED,
                                .ahead = true,
                                .created_at_us = 1,
                                .not_before_us = CH_TIME_UNKNOWN};
    struct ch_buf b;
    struct ch_sha256 sha = digest("f");
    uint64_t id = 0;
    uint64_t again = 0;
    ch_buf_init(&b, 1000);
    assert_ch_ok(&err, ch_store_add_intake(store, &row, &id, &err));
    row.ahead = false; /* now somebody waits */
    assert_ch_ok(&err, ch_store_add_intake(store, &row, &again, &err));
    row.ahead = true;
    assert_ch_ok(&err, ch_store_add_intake(store, &row, &again, &err));
    assert_int_equal(id, again);
    struct ch_str none = {NULL, 0};
    assert_ch_ok(&err, ch_store_move_intake(store, id, CH_INTAKE_FETCHING, NULL, none,
                                            CH_TIME_UNKNOWN, &err));
    assert_ch_code(CH_E_USAGE, ch_store_move_intake(store, id, CH_INTAKE_FETCHED, NULL, none,
                                                    CH_TIME_UNKNOWN, &err)); /* of which bytes? */
    assert_ch_ok(&err, ch_store_move_intake(store, id, CH_INTAKE_FETCHED, &sha, none,
                                            CH_TIME_UNKNOWN, &err));
    assert_ch_ok(&err, ch_store_move_intake(store, id, CH_INTAKE_SCANNING, NULL, CH_STR("late"),
                                            CH_TIME_UNKNOWN, &err));
    assert_ch_ok(&err, ch_store_intakes(store, gather_intake, &b, &err));
    assert_str_eq(ch_buf_str(&b), "1 f state 4 attempts 1 bytes late;");
    assert_ch_ok(&err, ch_store_uncount_intake(store, id, &err));
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_intakes(store, gather_intake, &b, &err));
    assert_str_eq(ch_buf_str(&b), "1 f state 3 attempts 0 bytes ;");
    assert_ch_ok(&err, ch_store_end_intake(store, id, &err));
    assert_ch_code(CH_E_NOT_FOUND, ch_store_end_intake(store, id, &err));
    assert_ch_code(CH_E_NOT_FOUND, ch_store_uncount_intake(store, id, &err));
    assert_ch_code(CH_E_NOT_FOUND, ch_store_move_intake(store, id, CH_INTAKE_WANTED, NULL, none,
                                                        CH_TIME_UNKNOWN, &err));
    assert_ch_ok(&err, ch_store_add_intake(store, &row, &again, &err));
    assert_true(again > id); /* an id never comes back */
    ch_buf_done(&b);
}

static void gather_served(void *ctx, const struct ch_served_row *r)
{
    ch_buf_printf(ctx, "%.*s %.*s %lld-%lld %llu;", CH_STR_ARG(r->file_name),
                  CH_STR_ARG(r->address), (long long)r->first_at_us, (long long)r->last_at_us,
                  (unsigned long long)r->times);
}

static void expect_served(const struct ch_sha256 *sha, struct ch_str project, struct ch_str file,
                          const char *expected)
{
    struct ch_buf b;
    ch_buf_init(&b, 1000);
    assert_ch_ok(&err, ch_store_served(store, sha, project, file, gather_served, &b, &err));
    assert_str_eq(ch_buf_str(&b), expected);
    ch_buf_done(&b);
}

static void test_served(void **state)
{
    (void)state;
    bool first = false;
    struct ch_served_row row = {.repository = CH_STR("pypi"),
                                .project = CH_STR("p"),
                                .file_name = CH_STR("f"),
                                .sha256 = digest("f"),
                                .address = CH_STR("192.0.2.1"),
                                .user_agent = CH_STR("pip/23"),
                                .first_at_us = 10,
                                .last_at_us = 10,
                                .times = 1};
    struct ch_str any = {NULL, 0};
    struct ch_sha256 zero = {{0}};
    assert_ch_ok(&err, ch_store_add_served(store, &row, &first, &err));
    assert_true(first);
    row.first_at_us = 20;
    row.last_at_us = 25;
    row.times = 2;
    assert_ch_ok(&err, ch_store_add_served(store, &row, &first, &err));
    assert_false(first);
    row.last_at_us = 5; /* out of order */
    assert_ch_ok(&err, ch_store_add_served(store, &row, &first, &err));
    row.file_name = CH_STR("g");
    row.address = CH_STR("192.0.2.2");
    row.times = 1;
    assert_ch_ok(&err, ch_store_add_served(store, &row, &first, &err));
    assert_true(first); /* the same bytes, to somebody else */
    row.user_agent = CH_STR("uv/1");
    row.file_name = CH_STR("h");
    row.project = CH_STR("other");
    assert_ch_ok(&err, ch_store_add_served(store, &row, &first, &err));
    assert_false(first);
    expect_served(&zero, CH_STR("p"), any, "f 192.0.2.1 10-25 5;g 192.0.2.2 20-5 1;");
    expect_served(&row.sha256, CH_STR("p"), any, "f 192.0.2.1 10-25 5;g 192.0.2.2 20-5 1;");
    expect_served(&row.sha256, any, CH_STR("g"), "g 192.0.2.2 20-5 1;");
    expect_served(NULL, CH_STR("p"), CH_STR("f"), "f 192.0.2.1 10-25 5;");
    expect_served(NULL, any, CH_STR("f"), "f 192.0.2.1 10-25 5;");
    expect_served(NULL, CH_STR("q"), any, "");
    row.principal = CH_STR("user:anna"); /* somebody else from the same address */
    assert_ch_ok(&err, ch_store_add_served(store, &row, &first, &err));
    assert_true(first);
    assert_ch_ok(&err, ch_store_add_served(store, &row, &first, &err));
    assert_false(first);
    expect_served(NULL, CH_STR("other"), any, "h 192.0.2.2 20-5 1;h 192.0.2.2 20-5 2;");
}

static void test_refusal(void **state)
{
    (void)state;
    struct ch_refusal_row row = {CH_STR("id1"), CH_STR("pypi"), CH_STR("numpy"), CH_STR("f.whl"),
                                 5};
    struct ch_refusal_row got;
    struct ch_buf b;
    ch_buf_init(&b, 1000);
    assert_ch_code(CH_E_NOT_FOUND, ch_store_get_refusal(store, CH_STR("id1"), &got, &b, &err));
    assert_ch_ok(&err, ch_store_put_refusal(store, &row, &err));
    assert_ch_ok(&err, ch_store_put_refusal(store, &row, &err));
    assert_ch_ok(&err, ch_store_get_refusal(store, CH_STR("id1"), &got, &b, &err));
    assert_str_eq(got.id, "id1");
    assert_str_eq(got.repository, "pypi");
    assert_str_eq(got.project, "numpy");
    assert_str_eq(got.file_name, "f.whl");
    assert_int_equal(got.at_us, 5);
    ch_buf_done(&b);
}

static void gather_blob(void *ctx, const struct ch_sha256 *sha, uint64_t size)
{
    (void)sha;
    ch_buf_printf(ctx, "%llu ", (unsigned long long)size);
}

static void test_blobs(void **state)
{
    (void)state;
    struct ch_sha256 a = digest("a");
    struct ch_sha256 c = digest("c");
    struct ch_sha256 d = digest("d");
    enum ch_blob_place place;
    uint64_t bytes = 9;
    uint64_t count = 9;
    struct ch_buf b;
    ch_buf_init(&b, 1000);
    assert_ch_code(CH_E_NOT_FOUND, ch_store_get_blob(store, &a, &place, &err));
    assert_ch_ok(&err, ch_store_blob_bytes(store, CH_BLOB_SERVED, &bytes, &count, &err));
    assert_int_equal(bytes + count, 0);
    assert_ch_ok(&err, ch_store_put_blob(store, &a, 10, CH_BLOB_UNDECIDED, 30, &err));
    assert_ch_ok(&err, ch_store_put_blob(store, &c, 20, CH_BLOB_SERVED, 20, &err));
    assert_ch_ok(&err, ch_store_put_blob(store, &d, 40, CH_BLOB_SERVED, 10, &err));
    assert_ch_ok(&err, ch_store_put_blob(store, &a, 10, CH_BLOB_SERVED, 15, &err));
    assert_ch_ok(&err, ch_store_get_blob(store, &a, &place, &err));
    assert_int_equal(place, CH_BLOB_SERVED);
    assert_ch_ok(&err, ch_store_blob_bytes(store, CH_BLOB_SERVED, &bytes, &count, &err));
    assert_int_equal(bytes, 70);
    assert_int_equal(count, 3);
    assert_ch_ok(&err, ch_store_oldest_blobs(store, CH_BLOB_SERVED, 2, gather_blob, &b, &err));
    assert_str_eq(ch_buf_str(&b), "40 10 ");
    ch_buf_done(&b);
}

static void test_newest_time(void **state) /* T7 */
{
    (void)state;
    int64_t at_us = -1;
    struct ch_snapshot_info info = {.checked_at_us = 500};
    assert_ch_ok(&err, ch_store_newest_time(store, &at_us, &err));
    assert_int_equal(at_us, 0);
    decide("a", CH_VERDICT_HOLD, 900);
    decide("a", CH_VERDICT_HOLD, 700);
    assert_ch_ok(&err,
                 ch_store_put_snapshot(store, CH_STR("u"), CH_STR("p"), &info, CH_STR("x"), &err));
    assert_ch_ok(&err, ch_store_newest_time(store, &at_us, &err));
    assert_int_equal(at_us, 900);
    assert_ch_ok(&err, ch_store_confirm_snapshot(store, CH_STR("u"), CH_STR("p"), 1000, NULL, &err));
    assert_ch_ok(&err, ch_store_newest_time(store, &at_us, &err));
    assert_int_equal(at_us, 1000);
}

static void test_groups(void **state)
{
    (void)state;
    struct ch_buf b;
    ch_buf_init(&b, 1000);
    assert_ch_ok(&err, ch_store_begin(store, &err));
    assert_true(ch_store_in_group(store));
    decide("a", CH_VERDICT_HOLD, 1);
    ch_store_rollback(store);
    assert_ch_ok(&err, ch_store_begin(store, &err));
    decide("b", CH_VERDICT_HOLD, 1);
    /* A step that fails is undone alone: the group goes on without it. */
    struct ch_inspection_key key = {.profile = CH_STR("wheel")};
    struct ch_inspection_result got;
    struct ch_finding finding = {CH_F_LIMIT, {NULL, 0}, {NULL, 0}};
    struct ch_inspection_row row = {
        .outcome = CH_INSPECTION_COMPLETE, .findings = &finding, .finding_count = 1};
    assert_int_equal(sqlite3_exec(store->db,
                                  "CREATE TEMP TRIGGER no BEFORE INSERT ON finding"
                                  " BEGIN SELECT RAISE(ABORT, 'no'); END",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_ch_code(CH_E_DENIED, ch_store_add_inspection(store, &key, &row, &err));
    assert_ch_ok(&err, ch_store_commit(store, &err));
    assert_false(ch_store_in_group(store));
    assert_ch_code(CH_E_NOT_FOUND, ch_store_get_inspection(store, &key, &got, &err));
    /* Outside a group it is undone as well. */
    assert_ch_code(CH_E_DENIED, ch_store_add_inspection(store, &key, &row, &err));
    assert_ch_code(CH_E_NOT_FOUND, ch_store_get_inspection(store, &key, &got, &err));
    assert_ch_ok(&err, ch_store_decisions_of(store, CH_STR("pypi"), CH_STR("numpy"),
                                             gather_decision, &b, &err));
    assert_str_eq(ch_buf_str(&b), "u/b 0 rule ;");
    ch_buf_done(&b);
}

static void ask_again(void *ctx, const struct ch_decision_row *d)
{
    (void)d;
    assert_ch_ok(&err, ch_store_decisions_of(store, CH_STR("pypi"), CH_STR("numpy"),
                                             gather_decision, ctx, &err));
    decide("z", CH_VERDICT_HOLD, 5);
}

static void test_callback_may_ask_the_store(void **state)
{
    (void)state;
    struct ch_buf b;
    ch_buf_init(&b, 1000);
    decide("a", CH_VERDICT_HOLD, 1);
    assert_ch_ok(&err, ch_store_decisions_by_verdict(store, everywhere, CH_VERDICT_HOLD, 1,
                                                     ask_again, &b, &err));
    assert_ch_ok(&err, ch_store_decisions_of(store, CH_STR("pypi"), CH_STR("numpy"),
                                             gather_decision, &b, &err));
    assert_str_eq(ch_buf_str(&b), "u/a 0 rule ;u/a 0 rule ;u/z 0 rule ;");
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_rulings),     T(test_decisions), T(test_intake),
        T(test_served),      T(test_refusal),   T(test_blobs),
        T(test_newest_time), T(test_groups),    T(test_callback_may_ask_the_store),
        T(test_rescans),     T(test_trim),      T(test_audited_and_allows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
