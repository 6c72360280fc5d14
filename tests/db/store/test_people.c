/* Persons and what they may do, as rows. */
#include "tests/db/store/temp_store.h"

static uint64_t add(struct ch_people_row row)
{
    uint64_t id = 0;
    assert_ch_ok(&err, ch_store_add_people(store, &row, &id, &err));
    return id;
}

static void gather(void *ctx, const struct ch_people_row *r)
{
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(&r->sha256, hex);
    ch_buf_printf(ctx, "%llu:%d", (unsigned long long)r->id, (int)r->kind);
    struct ch_str all[] = {r->person,      r->full_name, r->group, r->role, r->repository,
                           r->environment, r->audience,  r->label, r->by};
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        ch_buf_printf(ctx, " %.*s", CH_STR_ARG(all[i].ptr != NULL ? all[i] : CH_STR("-")));
    }
    ch_buf_printf(ctx, " %d %u %.2s %lld@%lld", r->service, r->uid, hex,
                  r->expires_at_us == CH_TIME_UNKNOWN ? -1LL : (long long)r->expires_at_us,
                  (long long)r->at_us);
    if (r->ended_at_us != CH_TIME_UNKNOWN) {
        ch_buf_printf(ctx, " ended %.*s %.*s@%lld", CH_STR_ARG(r->ended_by),
                      CH_STR_ARG(r->ended_why), (long long)r->ended_at_us);
    }
    ch_buf_putc(ctx, '\n');
}

static void test_all_kinds(void **state)
{
    (void)state;
    struct ch_buf b;
    ch_buf_init(&b, 4096);
    struct ch_sha256 sha = {{0xab}};
    add((struct ch_people_row){.kind = CH_PEOPLE_PERSON,
                               .person = CH_STR("alice"),
                               .full_name = CH_STR("A"),
                               .by = CH_STR("b"),
                               .at_us = 1});
    add((struct ch_people_row){.kind = CH_PEOPLE_PERSON,
                               .person = CH_STR("ci"),
                               .service = true,
                               .by = CH_STR("b"),
                               .at_us = 2});
    add((struct ch_people_row){.kind = CH_PEOPLE_UID,
                               .person = CH_STR("alice"),
                               .uid = 4294967294u,
                               .by = CH_STR("b"),
                               .at_us = 3});
    add((struct ch_people_row){.kind = CH_PEOPLE_MEMBER,
                               .person = CH_STR("alice"),
                               .group = CH_STR("g"),
                               .by = CH_STR("b"),
                               .at_us = 4});
    add((struct ch_people_row){.kind = CH_PEOPLE_GRANT,
                               .group = CH_STR("g"),
                               .role = CH_STR("reader"),
                               .environment = CH_STR("prod"),
                               .by = CH_STR("b"),
                               .at_us = 5});
    uint64_t token = add((struct ch_people_row){.kind = CH_PEOPLE_TOKEN,
                                                .person = CH_STR("ci"),
                                                .audience = CH_STR("pull"),
                                                .label = CH_STR("l"),
                                                .sha256 = sha,
                                                .expires_at_us = 9,
                                                .by = CH_STR("b"),
                                                .at_us = 6});
    assert_ch_ok(&err, ch_store_end_people(store, token, CH_STR("x"), CH_STR("why"), 7, &err));
    assert_ch_ok(&err, ch_store_people(store, gather, &b, &err));
    assert_str_eq(ch_buf_str(&b), "1:1 alice A - - - - - - b 0 0 00 -1@1\n"
                                  "2:1 ci  - - - - - - b 1 0 00 -1@2\n"
                                  "3:2 alice - - - - - - - b 0 4294967294 00 -1@3\n"
                                  "4:3 alice - g - - - - - b 0 0 00 -1@4\n"
                                  "5:4 - - g reader - prod - - b 0 0 00 -1@5\n"
                                  "6:5 ci - - - - - pull l b 0 0 ab 9@6 ended x why@7\n");
    int64_t newest = 0;
    assert_ch_ok(&err, ch_store_newest_time(store, &newest, &err));
    assert_int_equal(newest, 7);
    ch_buf_done(&b);
}

static size_t count(void)
{
    struct ch_buf b;
    size_t n = 0;
    ch_buf_init(&b, 65536);
    assert_ch_ok(&err, ch_store_people(store, gather, &b, &err));
    for (size_t i = 0; i < b.len; i++) {
        n += b.ptr[i] == '\n';
    }
    ch_buf_done(&b);
    return n;
}

static void test_what_is_refused_leaves_nothing(void **state)
{
    (void)state;
    struct ch_people_row alice = {.kind = CH_PEOPLE_PERSON, .person = CH_STR("alice"), .at_us = 1};
    struct ch_people_row token = {.kind = CH_PEOPLE_TOKEN,
                                  .person = CH_STR("alice"),
                                  .audience = CH_STR("pull"),
                                  .sha256 = {{1}}};
    uint64_t id = add(alice);
    add(token);
    assert_ch_code(CH_E_EXISTS, ch_store_add_people(store, &alice, &id, &err));
    assert_ch_code(CH_E_EXISTS, ch_store_add_people(store, &token, &id, &err));
    struct ch_people_row rows[] = {
        {.kind = CH_PEOPLE_TOKEN,
         .person = CH_STR("alice"),
         .audience = CH_STR("all"),
         .sha256 = {{2}}},
        {.kind = CH_PEOPLE_TOKEN,
         .person = CH_STR("bob"),
         .audience = CH_STR("pull"),
         .sha256 = {{3}}},
        {.kind = CH_PEOPLE_UID, .person = CH_STR("alice"), .uid = 0},
        {.kind = CH_PEOPLE_UID, .person = CH_STR("bob"), .uid = 1},
        {.kind = CH_PEOPLE_MEMBER, .person = CH_STR("bob"), .group = CH_STR("g")},
        {.kind = (enum ch_people_kind)6},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        assert_int_not_equal(ch_store_add_people(store, &rows[i], &id, &err), CH_OK);
        assert_int_equal(count(), 2);
    }
    assert_ch_code(CH_E_NOT_FOUND,
                   ch_store_end_people(store, 99, CH_STR("x"), CH_STR(""), 1, &err));
    assert_ch_ok(&err, ch_store_end_people(store, id, CH_STR("x"), CH_STR(""), 1, &err));
    assert_ch_code(CH_E_EXISTS, ch_store_end_people(store, id, CH_STR("x"), CH_STR(""), 1, &err));
}

static enum ch_code gather_sign_ins(void *ctx, const struct ch_sign_in_row *r, struct ch_err *e)
{
    (void)e;
    ch_buf_printf(ctx, "%lld %.*s %.*s %.*s %.*s %.*s %llu\n", (long long)r->minute,
                  CH_STR_ARG(r->principal), CH_STR_ARG(r->address), CH_STR_ARG(r->via),
                  CH_STR_ARG(r->path), CH_STR_ARG(r->why), (unsigned long long)r->times);
    return CH_OK;
}

static void test_sign_ins_by_minute(void **state)
{
    (void)state;
#define ROW(minute, principal, path, why, times)                                                   \
    {                                                                                              \
        (minute), {(principal), sizeof(principal) - 1}, {"::1", 3}, {"admin", 5},                  \
            {(path), sizeof(path) - 1}, {(why), sizeof(why) - 1}, (times)                          \
    }
    static const struct ch_sign_in_row rows[] = {
        ROW(5, "alice", "/a", "expired", 1), ROW(5, "alice", "/a", "expired", 40),
        ROW(5, "alice", "/a", "revoked", 1), ROW(5, "", "/a", "unknown", 1),
        ROW(5, "alice", "", "revoked", 7),   ROW(6, "alice", "/a", "expired", 1),
    };
    const struct ch_sign_in_row one_more = ROW(5, "alice", "/b", "expired", 1);
    const struct ch_sign_in_row of_another = ROW(5, "bob", "/b", "expired", 1);
    struct ch_buf b;
    ch_buf_init(&b, 4096);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        assert_ch_ok(&err, ch_store_count_sign_ins(store, &rows[i], 100, 100, &err));
    }
    /* no further row, by either bound; those that are there go on */
    assert_ch_code(CH_E_LIMIT, ch_store_count_sign_ins(store, &one_more, 100, 3, &err));
    assert_ch_code(CH_E_LIMIT, ch_store_count_sign_ins(store, &of_another, 4, 3, &err));
    assert_ch_ok(&err, ch_store_count_sign_ins(store, &rows[0], 0, 0, &err));
    assert_ch_ok(&err, ch_store_count_sign_ins(store, &of_another, 5, 3, &err));
    assert_ch_ok(&err, ch_store_sign_ins_before(store, 6, gather_sign_ins, &b, &err));
    assert_str_eq(ch_buf_str(&b), "5  ::1 admin /a unknown 1\n"
                                  "5 alice ::1 admin  revoked 7\n"
                                  "5 alice ::1 admin /a expired 42\n"
                                  "5 alice ::1 admin /a revoked 1\n"
                                  "5 bob ::1 admin /b expired 1\n");
    assert_ch_ok(&err, ch_store_drop_sign_ins_before(store, 6, &err));
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_sign_ins_before(store, 7, gather_sign_ins, &b, &err));
    assert_str_eq(ch_buf_str(&b), "6 alice ::1 admin /a expired 1\n");
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_all_kinds),
        T(test_what_is_refused_leaves_nothing),
        T(test_sign_ins_by_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
