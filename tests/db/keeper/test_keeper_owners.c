/* T12: who owns a name, what becomes of its files when it is given away, and an owner that counts anew. */
#include "said.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "db/keeper/intake/intake.h"
#include "db/keeper/rulings/rulings.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"
#define NEXT  "pkg-1.1-py3-none-any.whl"
#define PLAIN " - 10 30\n"

static bool fail_rulings;
enum ch_code __real_ch_store_rulings(struct ch_store *s, ch_store_ruling_fn *each, void *ctx,
                                     struct ch_err *err);
enum ch_code __wrap_ch_store_rulings(struct ch_store *s, ch_store_ruling_fn *each, void *ctx,
                                     struct ch_err *err);
enum ch_code __wrap_ch_store_rulings(struct ch_store *s, ch_store_ruling_fn *each, void *ctx,
                                     struct ch_err *err)
{
    return fail_rulings ? ch_fail(err, CH_E_IO, "disk error")
                        : __real_ch_store_rulings(s, each, ctx, err);
}

static struct page *page_of(struct house *h)
{
    return page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
}

/* Makes the next ask look upstream again. */
static void expire(struct house *h)
{
    struct page *p = page_of(h);
    page_load(h->k, p);
    p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
    p->failed_at_us = 0;
}

/* "pkg" of the upstream "up", with one wheel that was served. */
static struct site *served(struct house *h)
{
    char text[256], hex[CH_SHA256_HEX + 1];
    snprintf(text, sizeof(text), WHEEL " %s 5 30\n", house_hex("bytes", hex));
    struct site *s = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(house_serves(h, "bytes"));
    return s;
}

static uint32_t give(struct house *h, const char *name, const char *upstream, struct ch_buf *out)
{
    h->upstream = upstream;
    uint32_t status = house_command(h, false, "own", name, "moved", NULL, out);
    h->upstream = NULL;
    return status;
}

static void words_that_are_wrong_change_nothing(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    served(h);
    assert_int_equal(give(h, "pkg", "nosuch", &out), 2);
    assert_true(says(&out, "up, other"));
    assert_int_equal(give(h, "pkg==1.0", "other", &out), 2);
    assert_int_equal(give(h, NULL, "other", &out), 2);
    h->upstream = "other";
    assert_int_equal(house_command(h, false, "own", "pkg", NULL, NULL, &out), 2); /* no reason */
    h->flag = "accept-older";
    assert_int_equal(house_command(h, false, "own", "pkg", "both", NULL, &out), 2);
    h->upstream = NULL;
    assert_int_equal(house_command(h, false, "own", "unseen", "why", NULL, &out), 1);
    h->flag = NULL;
    assert_int_equal(house_command(h, false, "own", "unseen", NULL, NULL, &out), 1);
    assert_true(house_serves(h, "bytes"));
    assert_int_equal(house_command(h, false, "own", "pkg", NULL, NULL, &out), 0);
    assert_true(says(&out, "pkg in pypi: owned by upstream up since"));
    assert_false(says(&out, "given to"));
    ch_buf_done(&out);
    house_free(h);
}

/* The former owner's files are gone at once, under all that was remembered of them. */
static void t12_a_name_is_given_away_in_one_step(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    char text[256], hex[CH_SHA256_HEX + 1];
    ch_buf_init(&out, 1u << 20);
    struct site *up = served(h);
    snprintf(text, sizeof(text), WHEEL " %s 9 30\n" NEXT PLAIN, house_hex("different", hex));
    struct site *other = house_site(h, OTHER_URL("pkg"), 200, PAGE_TYPE, text);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "different");
    size_t asked = up->asked;
    uint64_t epoch = h->epoch.epoch;
    assert_int_equal(give(h, "pypi:pkg", "other", &out), 0);
    assert_true(says(&out, "owned by upstream other since"));
    assert_true(says(&out, "given to other, was up's, by local:1000: moved"));
    assert_false(house_serves(h, "bytes"));
    assert_true(h->epoch.epoch > epoch);
    assert_int_equal(other->asked, 0);
    for (int round = 0; round < 2; round++) {
        house_ask_page(h, "pkg");
        assert_non_null(house_listed(h, NEXT));
        house_ask_file(h, "pkg", WHEEL);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        assert_true(house_serves(h, "different"));
        assert_false(house_serves(h, "bytes"));
        assert_int_equal(up->asked, asked);
        assert_int_equal(house_command(h, true, "own", NULL, NULL, NULL, &out), 0);
        json_error_t e;
        json_t *j = json_loadb(out.ptr, out.len, JSON_REJECT_DUPLICATES, &e);
        assert_int_equal(json_array_size(j), 1);
        json_t *name = json_array_get(j, 0), *changes = json_object_get(name, "changes");
        assert_string_equal(json_string_value(json_object_get(name, "upstream")), "other");
        assert_int_equal(json_array_size(changes), 1);
        assert_string_equal(json_string_value(json_object_get(json_array_get(changes, 0), "former")),
                            "up");
        json_decref(j);
        assert_int_equal(house_command(h, false, "explain", "pkg", NULL, NULL, &out), 0);
        assert_true(says(&out, "owned by upstream other"));
        house_restart(h);
    }
    other->status = 404; /* T12: never "next" */
    expire(h);
    house_ask_page(h, "pkg");
    assert_int_equal(up->asked, asked);
    ch_buf_done(&out);
    house_free(h);
}

/* What was decided for one owner's file is nothing that the other's is served by, or taken away with. */
static void t12_decisions_stay_with_their_owner(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    served(h);
    house_site(h, OTHER_URL("pkg"), 200, PAGE_TYPE, WHEEL " - - 30\n");
    assert_int_equal(give(h, "pkg", "other", &out), 0);
    house_ask_page(h, "pkg");
    struct page *p = page_of(h);
    ptrdiff_t at = page_find_file(p, CH_STR(WHEEL));
    assert_true(at >= 0);
    assert_int_equal(p->files[at].recorded_verdict, -1);
    assert_true(ch_sha256_is_zero(&p->files[at].artifact));
    assert_true(p->files[at].allowed_at_us == CH_TIME_UNKNOWN);
    /* given back: what was known of the first owner's files still is */
    assert_int_equal(give(h, "pkg", "up", &out), 0);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(house_serves(h, "bytes"));
    assert_int_equal(house_command(h, false, "own", "pkg", NULL, NULL, &out), 0);
    assert_true(says(&out, "given to other, was up's"));
    assert_true(says(&out, "given to up, was other's"));
    ch_buf_done(&out);
    house_free(h);
}

/* What was approved of a name without naming bytes does not reach another owner's (T9). */
static void t12_approvals_of_a_name_end_with_its_owner(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL " - - 1\n");
    house_site(h, OTHER_URL("pkg"), 200, PAGE_TYPE, WHEEL " - - 1\n");
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
    house_ask_page(h, "pkg");
    assert_int_equal(house_command(h, false, "approve", "pkg<2", "trusted", "7d", &out), 0);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(give(h, "pkg", "other", &out), 0);
    for (int round = 0; round < 2; round++) {
        house_ask_page(h, "pkg");
        house_ask_file(h, "pkg", WHEEL);
        assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
        house_restart(h);
    }
    ch_buf_done(&out);
    house_free(h);
}

/* While rulings are in the store and cannot be read, what was denied stays so, and nothing is approved. */
static void rulings_that_cannot_be_read_approve_nothing(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL " - - 1\n");
    house_site(h, PAGE_URL("bad"), 200, PAGE_TYPE, "bad-1.0-py3-none-any.whl - - 30\n");
    house_site(h, OTHER_URL("third"), 404, PAGE_TYPE, "");
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
    assert_int_equal(house_command(h, false, "deny", "bad", "malware", NULL, &out), 0);
    assert_int_equal(house_command(h, false, "approve", "pkg<2", "trusted", "7d", &out), 0);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    fail_rulings = true;
    assert_int_equal(give(h, "third", "other", &out), 0); /* which is done */
    fail_rulings = false;
    house_ask_file(h, "bad", "bad-1.0-py3-none-any.whl");
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    ch_buf_done(&out);
    house_free(h);
}

/* The same bytes need not be fetched again, but are inspected as the other owner's. */
static void t12_the_same_file_is_the_same_file(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    char text[256], hex[CH_SHA256_HEX + 1];
    ch_buf_init(&out, 1u << 20);
    served(h);
    snprintf(text, sizeof(text), WHEEL " %s 5 30\n", house_hex("bytes", hex));
    house_site(h, OTHER_URL("pkg"), 200, PAGE_TYPE, text);
    assert_int_equal(give(h, "pkg", "other", &out), 0);
    assert_false(house_serves(h, "bytes"));
    size_t scans = h->scans[1], fetches = h->fetches;
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(h->scans[1], scans + 1);
    assert_int_equal(h->fetches, fetches + 1); /* the page alone */
    ch_buf_done(&out);
    house_free(h);
}

/* A name may be given before anybody has asked for it: then only that upstream is. */
static void t12_a_name_is_given_before_it_is_known(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    struct site *up = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN);
    struct site *other = house_site(h, OTHER_URL("pkg"), 404, "text/plain", "no");
    assert_int_equal(give(h, "pkg", "other", &out), 0);
    for (int round = 0; round < 2; round++) {
        house_ask_page(h, "pkg");
        assert_int_equal(h->page_reply.outcome, CH_PAGE_NOT_FOUND);
        house_restart(h);
    }
    assert_int_equal(up->asked, 0);
    assert_int_equal(other->asked, 2);
    other = house_site(h, OTHER_URL("pkg"), 200, PAGE_TYPE, NEXT PLAIN);
    house_ask_page(h, "pkg");
    assert_non_null(house_listed(h, NEXT));
    assert_int_equal(up->asked, 0);
    ch_buf_done(&out);
    house_free(h);
}

/* A scan that is under way gets its answer now. */
static void answer_scans(struct house *h)
{
    static const enum ch_role roles[] = {CH_ROLE_SCANNER_STRICT, CH_ROLE_SCANNER_SECOND};
    h->mute_scans = false;
    for (size_t i = 0; i < CH_ARRAY_LEN(roles); i++) {
        house_disconnect(h, roles[i]);
        house_connect(h, roles[i]);
    }
}

/* Who waits for a file, or asks for one, while the former owner's is on its way goes on with the
 * new one. */
static void t12_who_waits_goes_on_with_the_new_owner(void **state)
{
    (void)state;
    static const struct {
        bool file;   /* asked for; else the page */
        bool before; /* the name is given */
    } rows[] = {{true, true}, {true, false}, {false, false}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct house *h = house_new();
        struct ch_buf out;
        char text[256], hex[CH_SHA256_HEX + 1];
        ch_buf_init(&out, 1u << 20);
        house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL " - - 30\n");
        house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
        snprintf(text, sizeof(text), WHEEL " %s - 30\n", house_hex("different", hex));
        struct site *other = house_site(h, OTHER_URL("pkg"), 200, PAGE_TYPE, text);
        house_ask_page(h, "pkg");
        h->mute_scans = true;
        if (rows[i].before) {
            house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 8000, false);
        } else {
            house_ask_part(h, "pkg", WHEEL, CH_PART_FILE, 50);
        }
        house_settle(h);
        assert_int_equal(give(h, "pkg", "other", &out), 0);
        if (!rows[i].before && rows[i].file) {
            house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 8000, false);
        } else if (!rows[i].file) {
            house_send_page_ask(h, "pkg", 0);
        }
        house_settle(h);
        assert_int_equal(other->asked, 0);
        house_site(h, FILE_URL(WHEEL), 200, "application/zip", "different");
        answer_scans(h);
        if (rows[i].file) {
            house_until(h, &h->file_here);
            assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
            assert_true(house_serves(h, "different"));
        } else {
            house_until(h, &h->page_here);
            assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
        }
        assert_int_equal(other->asked, 1);
        assert_false(house_serves(h, "bytes"));
        ch_buf_done(&out);
        house_free(h);
    }
}

/* What has not begun of the former owner's does not begin any more. */
static void t12_a_file_that_waits_for_its_turn_is_let_go(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL " - - 30\n");
    struct site *s = house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
    house_site(h, OTHER_URL("pkg"), 200, PAGE_TYPE, NEXT " - - 30\n");
    house_ask_page(h, "pkg");
    struct ch_config *config = (struct ch_config *)(uintptr_t)h->k->config;
    config->fetch_parallel = 0; /* as if all that may run at once did */
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 8000, false);
    house_settle(h);
    assert_int_equal(give(h, "pkg", "other", &out), 0);
    config->fetch_parallel = 16;
    intakes_run(h->k);
    house_until(h, &h->file_here);
    assert_int_equal(h->file.outcome, CH_FILE_NOT_FOUND); /* the new owner has none of that name */
    assert_int_equal(s->asked, 0);
    ch_buf_done(&out);
    house_free(h);
}

/* While a file of the former owner is on its way in, nothing is answered from either. */
static void t12_what_is_under_way_is_not_answered(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL " - - 30\n");
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
    struct site *other = house_site(h, OTHER_URL("pkg"), 200, PAGE_TYPE, NEXT " - - 30\n");
    house_ask_page(h, "pkg");
    h->mute_scans = true;
    house_ask_part(h, "pkg", WHEEL, CH_PART_FILE, 50);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    assert_int_equal(give(h, "pkg", "other", &out), 0);
    house_ask_part(h, "pkg", WHEEL, CH_PART_FILE, 50);
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_int_equal(h->file.http_status, 503);
    assert_true(ch_str_find(h->file.text, CH_STR("given to another upstream just now"), NULL));
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 8000, true); /* HEAD does not wait */
    house_until(h, &h->file_here);
    assert_int_equal(h->file.http_status, 503);
    house_ask_page(h, "pkg"); /* with the patience of a page that nothing is known of */
    assert_int_equal(h->page_reply.outcome, CH_PAGE_FAILED);
    assert_int_equal(h->page_reply.http_status, 503);
    assert_int_equal(other->asked, 0);
    h->mute_scans = false;
    house_restart(h); /* also the row that would go on is the former owner's */
    house_settle(h);
    house_ask_page(h, "pkg");
    assert_non_null(house_listed(h, NEXT));
    assert_null(house_listed(h, WHEEL));
    assert_false(house_serves(h, "bytes"));
    assert_int_equal(ch_map_count(h->k->intakes), 0);
    ch_buf_done(&out);
    house_free(h);
}

/* A failed intake, which the queue still shows, does not keep the name with its former owner. */
static void t12_a_failed_file_holds_nothing_up(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL " - - 30\n");
    house_site(h, FILE_URL(WHEEL), 500, "text/plain", "no");
    house_site(h, OTHER_URL("pkg"), 200, PAGE_TYPE, NEXT " - - 30\n");
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_int_equal(give(h, "pkg", "other", &out), 0);
    house_ask_page(h, "pkg");
    assert_non_null(house_listed(h, NEXT));
    ch_buf_done(&out);
    house_free(h);
}

/* An upstream that was set up anew counts from one again: refused until somebody says that it may. */
static void an_owner_that_counts_anew_is_accepted_by_command(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after; /* serial of the page */
        const char *dated, *dated_after;
    } rows[] = {
        {"serial 900\n" WHEEL PLAIN, "serial 3\n" WHEEL PLAIN NEXT PLAIN, NULL, NULL},
        {WHEEL PLAIN, WHEEL PLAIN NEXT PLAIN, "Tue, 02 Jan 2024 10:00:00 GMT",
         "Mon, 01 Jan 2024 10:00:00 GMT"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct house *h = house_new();
        struct ch_buf out;
        ch_buf_init(&out, 1u << 20);
        struct site *s = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, rows[i].before);
        s->last_modified = rows[i].dated;
        house_ask_page(h, "pkg");
        int64_t first_seen = page_of(h)->facts.files[0].first_seen_at_us;
        s = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, rows[i].after);
        s->last_modified = rows[i].dated_after;
        expire(h);
        house_ask_page(h, "pkg");
        assert_null(house_listed(h, NEXT));
        assert_int_equal(house_command(h, false, "explain", "pkg", NULL, NULL, &out), 0);
        assert_true(says(&out, "customhouse own NAME --accept-older"));
        h->flag = "accept-older";
        assert_int_equal(house_command(h, false, "own", "pkg", NULL, NULL, &out), 2);
        assert_int_equal(house_command(h, false, "own", "pkg", "set up anew", NULL, &out), 0);
        h->flag = NULL;
        assert_true(says(&out, "an older answer is accepted from up, by local:1000: set up anew"));
        if (i == 0) {
            house_restart(h); /* the store knows it, too */
        }
        expire(h);
        house_ask_page(h, "pkg");
        assert_non_null(house_listed(h, NEXT));
        assert_int_equal(page_of(h)->facts.files[0].first_seen_at_us, first_seen);
        /* from here on it counts again */
        s = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, "serial 2\n" WHEEL PLAIN);
        s->last_modified = "Sun, 31 Dec 2023 10:00:00 GMT";
        expire(h);
        house_ask_page(h, "pkg");
        assert_non_null(house_listed(h, NEXT));
        ch_buf_done(&out);
        house_free(h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_that_are_wrong_change_nothing),
        cmocka_unit_test(t12_a_name_is_given_away_in_one_step),
        cmocka_unit_test(t12_decisions_stay_with_their_owner),
        cmocka_unit_test(t12_approvals_of_a_name_end_with_its_owner),
        cmocka_unit_test(rulings_that_cannot_be_read_approve_nothing),
        cmocka_unit_test(t12_the_same_file_is_the_same_file),
        cmocka_unit_test(t12_a_name_is_given_before_it_is_known),
        cmocka_unit_test(t12_who_waits_goes_on_with_the_new_owner),
        cmocka_unit_test(t12_a_file_that_waits_for_its_turn_is_let_go),
        cmocka_unit_test(t12_what_is_under_way_is_not_answered),
        cmocka_unit_test(t12_a_failed_file_holds_nothing_up),
        cmocka_unit_test(an_owner_that_counts_anew_is_accepted_by_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
