/* What fetches find out that trying again at once would not change: it is refused like all else
 * that is, known after a restart, and ends when the file comes or its index says something else of
 * it. */
#include "house.h"

#include "db/keeper/intake/faults.h"
#include "db/keeper/pages/page.h"

#include <stdio.h>

#define OLD       "pkg-1.0-py3-none-any.whl"
#define NEW       "pkg-2.0-py3-none-any.whl"
#define NEW_LINE  NEW " - 4 30\n"
#define TRY_AGAIN "fetching it again, which starts when somebody asks for it"

static const struct row {
    const char *label;
    uint32_t status;
    enum ch_code code; /* of the fetcher */
    uint64_t told_bytes;
    bool told_empty;
    const char *rule, *reason, *change;
} rows[] = {
    {.label = "404",
     .status = 404,
     .rule = "finding file-missing",
     .reason = "is listed by the index, and its upstream does not have it: it answered 404",
     .change = "the upstream having it again; else " TRY_AGAIN},
    {.label = "410", .status = 410, .rule = "finding file-missing", .reason = "it answered 410"},
    {.label = "403",
     .status = 403,
     .rule = "upstream-refuses",
     .reason = "its upstream does not give it: it answered 403",
     .change =
         "the upstream giving it, to the credentials that customhouse.yaml has for it; else "},
    {.label = "401", .status = 401, .rule = "upstream-refuses", .reason = "it answered 401"},
    {.label = "451", .status = 451, .rule = "upstream-refuses", .reason = "it answered 451"},
    {.label = "denied (T13)",
     .code = CH_E_DENIED,
     .rule = "fetch-denied",
     .reason = "it may not be fetched from where its upstream has it: connection reset",
     .change = "whoever runs this gateway: `file_hosts` of the upstream in customhouse.yaml"},
    {.label = "ranges",
     .code = CH_E_MISMATCH,
     .rule = "upstream-answer",
     .reason = "what its upstream answers cannot be taken for it: connection reset",
     .change = TRY_AGAIN},
    {.label = "204", .status = 204, .rule = "upstream-answer", .reason = "for it: it answered 204"},
    {.label = "302", .status = 302, .rule = "upstream-answer", .reason = "for it: it answered 302"},
    {.label = "header too long", .code = CH_E_LIMIT, .rule = "upstream-answer", .reason = "reset"},
    {.label = "longer",
     .code = CH_E_MISMATCH,
     .told_bytes = 11,
     .rule = "finding size-mismatch",
     .reason = "4 bytes stated, 11 received",
     .change = TRY_AGAIN},
    {.label = "empty",
     .code = CH_E_MISMATCH,
     .told_empty = true,
     .rule = "finding size-mismatch",
     .reason = "4 bytes stated, 0 received",
     .change = TRY_AGAIN},
};

static void behave(struct site *s, const struct row *r)
{
    s->status = r != NULL && r->status != 0 ? r->status : 200;
    s->code = r != NULL ? r->code : CH_OK;
    s->told_bytes = r != NULL ? r->told_bytes : 0;
    s->told_empty = r != NULL && r->told_empty;
}

static bool says(struct ch_str text, const char *what)
{
    return ch_str_find(text, ch_str_of(what), NULL);
}

static void assert_refused(struct house *h, const struct row *r)
{
    house_ask_file(h, "pkg", NEW);
    if (h->file.outcome != CH_FILE_REFUSED ||
        !ch_str_eq(h->file.refusal.rule, ch_str_of(r->rule)) ||
        !says(h->file.refusal.reason, r->reason) || h->file.refusal.id.len == 0 ||
        (r->change != NULL && !says(h->file.refusal.change, r->change)) ||
        !says(h->file.refusal.change, "no approval can")) {
        fail_msg("%s: %d %.*s: %.*s (%.*s)", r->label, (int)h->file.outcome,
                 CH_STR_ARG(h->file.refusal.rule), CH_STR_ARG(h->file.refusal.reason),
                 CH_STR_ARG(h->file.refusal.change));
    }
}

/* Without an ask for the file. */
static void assert_known(struct house *h, const struct row *r)
{
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_ask_page(h, "pkg");
    assert_int_equal(house_listed(h, NEW)->listing, CH_LIST_YANKED);
    assert_true(says(house_listed(h, NEW)->yanked_reason, r->reason));
    assert_int_equal(house_command(h, false, "explain", "pypi:pkg==2.0", NULL, NULL, &out), 0);
    assert_true(says(ch_buf_str(&out), "hold ("));
    assert_true(says(ch_buf_str(&out), r->rule));
    assert_true(says(ch_buf_str(&out), r->reason));
    assert_true(says(ch_buf_str(&out), "  fetched in vain: 20"));
    ch_buf_clear(&out);
    assert_int_equal(house_command(h, true, "explain", NEW, NULL, NULL, &out), 0);
    assert_true(says(ch_buf_str(&out), "\"fetch_failed\":\"20"));
    ch_buf_done(&out);
}

static struct house *house_of(const struct row *r, struct site **ret)
{
    struct house *h = house_new();
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - 10 30\n" NEW_LINE);
    house_site(h, FILE_URL(OLD), 200, "application/zip", "old  bytes");
    *ret = house_site(h, FILE_URL(NEW), 200, "application/zip", "good");
    behave(*ret, r);
    return h;
}

/* As if what is known had been found out a while ago, its index is read again. */
static void read_index_again(struct house *h)
{
    house_ask_page(h, "pkg");
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    for (size_t i = 0; i < p->fault_count; i++) {
        p->faults[i].at_us -= 10 * 1000000;
    }
    p->checked_at_us = 0;
    house_ask_page(h, "pkg");
    house_settle(h);
    house_ask_page(h, "pkg");
}

static void each_is_refused_and_known_until_it_comes(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct site *s;
        struct house *h = house_of(&rows[i], &s);
        assert_refused(h, &rows[i]);
        assert_refused(h, &rows[i]);
        char id[32];
        snprintf(id, sizeof(id), "%.*s", CH_STR_ARG(h->file.refusal.id));
        house_ask_refusal(h, id);
        assert_true(h->refusal.found && !h->refusal.may_ask);
        assert_true(says(h->refusal.refusal.reason, rows[i].reason));
        assert_known(h, &rows[i]);
        house_restart(h);
        if (rows[i].code ==
            CH_E_DENIED) { /* the configuration may be another one now: looked at below */
            house_free(h);
            continue;
        }
        assert_known(h, &rows[i]);
        assert_refused(h, &rows[i]);
        assert_int_equal(s->asked, 1); /* nobody asks for it again in vain */
        /* once its index was read again it is asked for, and until it comes it is what it is */
        read_index_again(h);
        assert_known(h, &rows[i]);
        assert_int_equal(s->asked, 1);
        assert_refused(h, &rows[i]);
        assert_int_equal(s->asked, 2);
        behave(s, NULL);
        assert_refused(h, &rows[i]);
        page_get(h->k, CH_STR("pypi"), CH_STR("pkg"))->checked_at_us = 0;
        assert_refused(h, &rows[i]); /* not over and over while somebody waits */
        assert_int_equal(s->asked, 2);
        read_index_again(h);
        house_ask_file(h, "pkg", NEW);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        assert_int_equal(s->asked, 3);
        house_restart(h);
        house_ask_page(h, "pkg");
        assert_int_equal(house_listed(h, NEW)->listing, CH_LIST_PLAIN);
        house_free(h);
    }
}

/* Who runs the gateway has changed what may be fetched, and need not wait for the index. */
static void another_configuration_is_tried_at_once(void **state)
{
    (void)state;
    const struct row *denied = &rows[5];
    struct site *s;
    struct house *h = house_of(denied, &s);
    assert_refused(h, denied);
    assert_refused(h, denied);
    assert_int_equal(s->asked, 1);
    house_restart(h); /* it is read at the start, too */
    assert_known(h, denied);
    behave(s, NULL);
    house_ask_file(h, "pkg", NEW);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

static void rescan_fetches_it_at_once(void **state)
{
    (void)state;
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct site *s;
        struct house *h = house_of(&rows[i], &s);
        h->flag = "wait";
        assert_refused(h, &rows[i]);
        house_command(h, false, "rescan", NEW, NULL, NULL, &out);
        assert_refused(h, &rows[i]);
        assert_int_equal(s->asked, 2);
        behave(s, NULL);
        assert_int_equal(house_command(h, false, "rescan", NEW, NULL, NULL, &out), 0);
        house_ask_file(h, "pkg", NEW);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        house_free(h);
    }
    ch_buf_done(&out);
}

/* It is another file then, of which nothing was found out. */
static void what_the_index_says_otherwise_is_asked_for_at_once(void **state)
{
    (void)state;
    char hex[CH_SHA256_HEX + 1], stated[256];
    snprintf(stated, sizeof(stated), OLD " - 10 30\n" NEW " %s 4 30\n", house_hex("good", hex));
    const char *pages[] = {OLD " - 10 30\n" NEW " - 5 30\n", stated};
    for (size_t i = 0; i < CH_ARRAY_LEN(pages); i++) {
        struct site *s;
        struct house *h = house_of(&rows[0], &s);
        assert_refused(h, &rows[0]);
        house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, pages[i]);
        read_index_again(h);
        house_ask_page(h, "pkg");
        assert_int_equal(house_listed(h, NEW)->listing, CH_LIST_PLAIN);
        house_free(h);
    }
}

/* What may pass by itself is no fact of the file. */
static void what_may_pass_is_told_as_that(void **state)
{
    (void)state;
    static const struct row passing[] = {{.status = 500},         {.status = 503},
                                         {.status = 429},         {.status = 408},
                                         {.code = CH_E_UPSTREAM}, {.code = CH_E_CLOSED}};
    for (size_t i = 0; i < CH_ARRAY_LEN(passing); i++) {
        struct site *s;
        struct house *h = house_of(&passing[i], &s);
        house_ask_file(h, "pkg", NEW);
        assert_int_equal(h->file.outcome, CH_FILE_FAILED);
        assert_int_equal(h->file.http_status, 502);
        house_ask_page(h, "pkg");
        assert_int_equal(house_listed(h, NEW)->listing, CH_LIST_PLAIN);
        house_free(h);
    }
}

/* Of bytes with another hash nothing is kept but that they came. */
static void another_hash_is_known_after_a_restart(void **state)
{
    (void)state;
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    char hex[CH_SHA256_HEX + 1], page[256];
    struct house *h = house_new();
    snprintf(page, sizeof(page), OLD " - 10 30\n" NEW " %s 4 30\n", house_hex("good", hex));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page);
    house_site(h, FILE_URL(OLD), 200, "application/zip", "old  bytes");
    struct site *s = house_site(h, FILE_URL(NEW), 200, "application/zip", "evil");
    const char *const why = "is not the file whose hash the index stated; fetched again once";
    house_ask_file(h, "pkg", NEW);
    assert_str_eq(h->file.refusal.rule, "finding hash-mismatch");
    for (int i = 0; i < 2; i++) {
        house_ask_page(h, "pkg");
        if (house_listed(h, NEW)->listing != CH_LIST_YANKED) {
            house_command(h, false, "explain", "pypi:pkg", NULL, NULL, &out);
            fail_msg("%.*s", CH_STR_ARG(ch_buf_str(&out)));
        }
        assert_true(says(house_listed(h, NEW)->yanked_reason, why));
        ch_buf_clear(&out);
        assert_int_equal(house_command(h, false, "explain", NEW, NULL, NULL, &out), 0);
        assert_true(says(ch_buf_str(&out), "deny (finding hash-mismatch): is not"));
        house_ask_file(h, "pkg", NEW);
        assert_str_eq(h->file.refusal.rule, "finding hash-mismatch");
        assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
        assert_int_equal(s->asked, 1);
        house_restart(h);
    }
    read_index_again(h);
    assert_int_equal(house_listed(h, NEW)->listing, CH_LIST_YANKED);
    house_ask_file(h, "pkg", NEW);
    assert_str_eq(h->file.refusal.rule, "finding hash-mismatch");
    assert_int_equal(s->asked, 2);
    ch_buf_clear(&s->body);
    ch_buf_puts(&s->body, CH_STR("good"));
    h->flag = "wait"; /* whoever runs it need not wait for the index */
    assert_int_equal(house_command(h, false, "rescan", NEW, NULL, NULL, &out), 0);
    assert_int_equal(s->asked, 3);
    house_ask_file(h, "pkg", NEW);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    ch_buf_done(&out);
    house_free(h);
}

/* Clients pass over it, so nobody would find out that it came. */
static void who_asks_for_the_page_has_it_tried_behind(void **state)
{
    (void)state;
    struct site *s;
    struct house *h = house_of(&rows[0], &s);
    h->user_agent = "pip/24.0 {\"python\":\"3.11.2\"}";
    assert_refused(h, &rows[0]);
    house_ask_page(h, "pkg");
    house_settle(h);
    assert_int_equal(s->asked, 1); /* it would be in vain */
    read_index_again(h);
    house_ask_page(h, "pkg");
    house_settle(h);
    assert_int_equal(s->asked, 2);
    assert_int_equal(house_listed(h, NEW)->listing, CH_LIST_YANKED);
    behave(s, NULL);
    read_index_again(h);
    house_ask_page(h, "pkg");
    house_settle(h);
    assert_int_equal(s->asked, 3);
    house_ask_page(h, "pkg");
    assert_int_equal(house_listed(h, NEW)->listing, CH_LIST_PLAIN);
    house_ask_file(h, "pkg", NEW);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(s->asked, 3);
    house_free(h);
}

/* What was allowed, and went for want of room, cannot be had again: that holds it, too. */
static void what_went_and_does_not_come_again_is_refused(void **state)
{
    (void)state;
    struct site *s;
    struct ch_err err;
    struct house *h = house_of(NULL, &s);
    house_ask_file(h, "pkg", NEW);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    struct ch_sha256 sha256 = ch_sha256_of("good", 4);
    assert_ch_ok(&err, ch_blobs_evict(h->k->blobs, &sha256, &err));
    behave(s, &rows[0]);
    assert_refused(h, &rows[0]);
    assert_known(h, &rows[0]);
    behave(s, NULL);
    read_index_again(h);
    house_ask_file(h, "pkg", NEW);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

static void count_row(void *ctx, int64_t id, const struct ch_sha256 *digest)
{
    (void)id;
    (void)digest;
    ++*(size_t *)ctx;
}

static size_t rows_stored(struct house *h)
{
    struct ch_err err;
    size_t count = 0;
    assert_ch_ok(&err, ch_store_facts(h->k->store, CH_FACTS_FAULTS, 0, count_row, &count, &err));
    return count;
}

/* Rows are never deleted: what is asked for again and again, or answers otherwise each time, makes
 * no more of them. But what holds more than the last row is stored, and so is that the file came.
 */
static void repetitions_are_not_stored(void **state)
{
    static const struct row *const found[] = {&rows[0], &rows[0],  &rows[2], &rows[0], &rows[10],
                                              &rows[0], &rows[10], &rows[0], NULL};
    static const size_t stored[] = {1, 1, 1, 1, 2, 2, 2, 2, 3};
    (void)state;
    struct site *s;
    struct house *h = house_of(NULL, &s);
    house_ask_page(h, "pkg");
    for (size_t i = 0; i < CH_ARRAY_LEN(found); i++) {
        behave(s, found[i]);
        if (i > 0) {
            read_index_again(h);
        }
        if (found[i] != NULL) {
            assert_refused(h, found[i]);
        } else {
            house_ask_file(h, "pkg", NEW);
            assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        }
        if (rows_stored(h) != stored[i]) {
            fail_msg("%zu: %zu rows", i, rows_stored(h));
        }
    }
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_refused_and_known_until_it_comes),
        cmocka_unit_test(repetitions_are_not_stored),
        cmocka_unit_test(another_configuration_is_tried_at_once),
        cmocka_unit_test(rescan_fetches_it_at_once),
        cmocka_unit_test(what_the_index_says_otherwise_is_asked_for_at_once),
        cmocka_unit_test(what_may_pass_is_told_as_that),
        cmocka_unit_test(another_hash_is_known_after_a_restart),
        cmocka_unit_test(who_asks_for_the_page_has_it_tried_behind),
        cmocka_unit_test(what_went_and_does_not_come_again_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
