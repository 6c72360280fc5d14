/* What is listed how; and what a large page costs. */
#include "house.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "db/keeper/intake/quota.h"
#include "db/keeper/rulings/rulings.h"

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Slice by slice, without turns between them. */
static void all_judged(struct keeper *k, struct page *p)
{
    struct ch_err err;
    enum listing_state state;
    do {
        state = listing_work(k, p, &err);
    } while (state == LISTING_LATER);
    assert_int_equal(state, LISTING_THERE);
}

/* 2,500 versions of 4 files, the newest 100 versions in cool-down: none may make a listing crawl.
 */
static void a_large_page_is_listed_fast(void **state)
{
    (void)state;
    static const char *const kinds[] = {"cp311-cp311-manylinux_2_17_x86_64.whl",
                                        "cp312-cp312-win_amd64.whl",
                                        "cp312-cp312-macosx_11_0_arm64.whl", "tar.gz"};
    struct house *h = house_new();
    struct ch_buf text;
    ch_buf_init(&text, 16u << 20);
    for (unsigned v = 0; v < 2500; v++) {
        for (unsigned i = 0; i < 4; i++) {
            ch_buf_printf(&text, "big-1.%u%s%s - 1000 %u\n", v, i < 3 ? "-" : ".", kinds[i],
                          v >= 2400 ? 1 : 100);
        }
    }
    ch_buf_putc(&text, '\0');
    house_site(h, PAGE_URL("big"), 200, PAGE_TYPE, text.ptr);
    house_ask_page(h, "big");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("big"));
    uint64_t first = 0, again = 0;
    for (int i = 0; i < 5; i++) {
        uint64_t t = now_ns();
        if (i == 0) {
            listing_touch(p);
        }
        all_judged(h->k, p);
        listing_ask_ahead(h->k, p, &(struct ch_client){.user_agent = CH_STR("pip/24 {\"python\":\"3.11.2\"}")});
        t = now_ns() - t;
        first = i == 0 ? t : first;
        again = t;
    }
    print_message("listing of 10,000 files: %.3f ms, again %.3f ms\n", (double)first / 1e6,
                  (double)again / 1e6);
    /* generous: the squares that were here took half a second even on a fast machine */
    assert_true(again < 1000000);
    assert_true(again * 20 < first);
    ch_buf_done(&text);
    house_free(h);
}

#define OLD    "pkg-1.0-py3-none-any.whl"
#define NEW    "pkg-2.0-py3-none-any.whl"
#define SOURCE "pkg-2.0.tar.gz"

static void held_files_are_yanked_where_another_version_can_be_had(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - 10 30\n" NEW " - 10 1\n");
    house_ask_page(h, "pkg");
    assert_int_equal(house_listed(h, OLD)->listing, CH_LIST_PLAIN);
    assert_int_equal(house_listed(h, NEW)->listing, CH_LIST_YANKED);
    assert_true(ch_str_starts(house_listed(h, NEW)->yanked_reason,
                              CH_STR("held by policy: released 1 day")));
    assert_int_equal(h->page.version_count, 2);
    house_free(h);
}

/* What the upstream yanked without a reason says none here. */
static void what_the_upstream_yanked_stays_yanked(void **state)
{
    (void)state;
    struct house *h = house_new_with("version: 1\nrelease_yanked: true\n", NULL);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - 10 30 yanked\n");
    house_ask_page(h, "pkg");
    assert_int_equal(house_listed(h, OLD)->listing, CH_LIST_YANKED);
    assert_int_equal(house_listed(h, OLD)->yanked_reason.len, 0);
    house_free(h);
}

static void held_files_are_plain_where_none_can_be_had(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE,
               "pkg-1.0-cp311-cp311-win_amd64.whl - 10 30\n"
               "pkg-2.0-cp312-cp312-win_amd64.whl - 10 1\n"
               "pkg-2.0-cp311-cp311-win_amd64.whl - 10 1\n");
    house_ask_page(h, "pkg");
    assert_int_equal(house_listed(h, "pkg-2.0-cp312-cp312-win_amd64.whl")->listing, CH_LIST_PLAIN);
    assert_int_equal(house_listed(h, "pkg-2.0-cp311-cp311-win_amd64.whl")->listing, CH_LIST_YANKED);
    house_free(h);
}

/* One held file, always the newest, and what else the page has (the policy asks for 7 days): yanked
 * only where every client that could take it can take something else. */
static void held_files_are_yanked_where_all_their_clients_have_another(void **state)
{
    (void)state;
#define PURE  "pkg-9.0-py3-none-any.whl"
#define BUILT "pkg-9.0-cp311-cp311-manylinux_2_17_x86_64.whl"
    static const struct {
        const char *held, *said, *others;
        enum ch_listing listing;
    } all[] = {
        /* Requires-Python: what the other one asks for has to take them all */
        {PURE, "", "pkg-1.0-py3-none-any.whl - 10 30 python:<3\n", CH_LIST_PLAIN},
        {PURE, "", "pkg-1.0-py3-none-any.whl - 10 30 python:>=3.8\n", CH_LIST_PLAIN},
        {PURE, "python:>=3.9", "pkg-1.0-py3-none-any.whl - 10 30 python:>=3.8\n", CH_LIST_YANKED},
        {PURE, "python:>=3.8", "pkg-1.0-py3-none-any.whl - 10 30 python:>=3.8,<3.13\n",
         CH_LIST_PLAIN},
        {PURE, "python:>=3.8", "pkg-1.0-py3-none-any.whl - 10 30 python:>=3.8,!=3.11.2\n",
         CH_LIST_PLAIN},
        {PURE, "python:~=3.8", "pkg-1.0-py3-none-any.whl - 10 30 python:>=3.8.0rc1,<4\n",
         CH_LIST_YANKED},
        {BUILT, "python:>=3.8", "pkg-1.0-py3-none-any.whl - 10 30 python:>=3.8,<3.13\n",
         CH_LIST_YANKED},
        {PURE, "python:>=3.8", "pkg-1.0-py3-none-any.whl - 10 30 python:what\n", CH_LIST_PLAIN},
        {PURE, "python:what", "pkg-1.0-py3-none-any.whl - 10 30\n", CH_LIST_YANKED},
        {PURE, "python:what", "pkg-1.0-py3-none-any.whl - 10 30 python:>=3.7\n", CH_LIST_PLAIN},
        {PURE, "python:>=3.8", "pkg-1.0-py3-none-any.whl - 10 30 python:!=3.4000\n", CH_LIST_PLAIN},
        /* several together */
        {PURE, "python:>=3.8",
         "pkg-1.0-py3-none-any.whl - 10 30 python:<3.10\n"
         "pkg-2.0-py3-none-any.whl - 10 30 python:>=3.10\n", CH_LIST_YANKED},
        {PURE, "python:>=3.8",
         "pkg-1.0-py3-none-any.whl - 10 30 python:<3.10\n"
         "pkg-2.0-py3-none-any.whl - 10 30 python:>=3.10.1\n", CH_LIST_PLAIN},
        /* one of the two is of the held one's own version */
        {"pkg-2.0-1-py3-none-any.whl", "python:>=3.8",
         "pkg-1.0-py3-none-any.whl - 10 30 python:<3.10\n"
         "pkg-2.0-py3-none-any.whl - 10 30 python:>=3.10\n", CH_LIST_PLAIN},
        /* platforms */
        {PURE, "", "pkg-1.0-cp311-cp311-win_amd64.whl - 10 30\n", CH_LIST_PLAIN},
        {BUILT, "", "pkg-1.0-cp311-cp311-win_amd64.whl - 10 30\n", CH_LIST_PLAIN},
        {BUILT, "",
         "pkg-1.0-cp311-cp311-win_amd64.whl - 10 30\n"
         "pkg-1.1-cp311-cp311-manylinux2014_x86_64.whl - 10 30\n", CH_LIST_YANKED},
        /* who takes wheels alone, and who may have to build */
        {PURE, "", "pkg-1.0.tar.gz - 10 30\n", CH_LIST_PLAIN},
        {BUILT, "", "pkg-1.0.tar.gz - 10 30\n", CH_LIST_PLAIN},
        {"pkg-9.0.tar.gz", "", "pkg-1.0.tar.gz - 10 30\n", CH_LIST_YANKED},
        {"pkg-9.0.tar.gz", "python:>=3.8", "pkg-1.0-py3-none-any.whl - 10 30\n", CH_LIST_YANKED},
        /* Python 2 is nobody's, nor what is older than 3.6 */
        {"pkg-9.0.tar.gz", "", "pkg-1.0-py3-none-any.whl - 10 30\n", CH_LIST_YANKED},
        {"pkg-9.0.tar.gz", "python:>=2.7", "pkg-1.0-py3-none-any.whl - 10 30 python:>=3.6\n",
         CH_LIST_YANKED},
        {"pkg-9.0-py2.py3-none-any.whl", "", "pkg-1.0-py3-none-any.whl - 10 30\n", CH_LIST_YANKED},
        {PURE, "", "pkg-1.0-py3-none-any.whl - 10 30 python:>=3.7\n", CH_LIST_PLAIN},
        {"pkg-9.0-py2-none-any.whl", "", "pkg-1.0-py3-none-any.whl - 10 30\n", CH_LIST_PLAIN},
        {"pkg-9.0.tar.gz", "python:<3", "pkg-1.0-py3-none-any.whl - 10 30\n", CH_LIST_PLAIN},
        {"pkg-9.0.tar.gz", "", "pkg-1.0-py2.py3-none-any.whl - 10 30\n", CH_LIST_YANKED},
        /* what resolvers take only when nothing else fits, and what the upstream yanked */
        {PURE, "", "pkg-1.0a1-py3-none-any.whl - 10 30\n", CH_LIST_PLAIN},
        {"pkg-9.0rc1-py3-none-any.whl", "", "pkg-1.0a1-py3-none-any.whl - 10 30\n", CH_LIST_YANKED},
        {PURE, "", "pkg-1.0-py3-none-any.whl - 10 30 yanked\n", CH_LIST_PLAIN},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        struct house *h = house_new();
        char text[1024];
        snprintf(text, sizeof(text), "%s%s - 10 1 %s\n", all[i].others, all[i].held, all[i].said);
        house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
        house_ask_page(h, "pkg");
        if (house_listed(h, all[i].held)->listing != all[i].listing) {
            fail_msg("row %zu: expected %d", i, all[i].listing);
        }
        house_free(h);
    }
}

/* A page made to be compared for long is given up, and then nothing is yanked. */
static void comparing_has_an_end(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf text;
    ch_buf_init(&text, 4u << 20);
    for (unsigned i = 0; i < 1200; i++) {
        ch_buf_printf(&text,
                      "pkg-%u.0-cp30.cp31.cp32.cp33.cp34.cp35.cp36-cp36m.abi3.none-linux_a.linux_b."
                      "linux_c.linux_d.linux_e.linux_f.linux_g.linux_h.linux_%u.whl - 10 %u "
                      "python:>3.%u\n", i, i, i % 2 == 0 ? 1 : 30, i % 50);
    }
    ch_buf_puts(&text, CH_STR(OLD " - 10 30\n"));
    ch_buf_putc(&text, '\0');
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text.ptr);
    house_ask_page(h, "pkg");
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    listing_touch(p);
    uint64_t t = now_ns();
    all_judged(h->k, p);
    t = now_ns() - t;
    print_message("listing of a page made to be compared: %.0f ms\n", (double)t / 1e6);
    assert_true(t < UINT64_C(5000000000)); /* without an end: minutes */
    ch_buf_done(&text);
    house_free(h);
}

/* Another spelling of a version is no other version. */
static void equal_versions_are_no_replacement(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE,
               "pkg-1.0-py3-none-any.whl - 10 30\npkg-1.0.0-1-py3-none-any.whl - 10 1\n");
    house_ask_page(h, "pkg");
    assert_int_equal(house_listed(h, "pkg-1.0.0-1-py3-none-any.whl")->listing, CH_LIST_PLAIN);
    house_free(h);
}

static void t10_a_source_is_listed_only_where_nothing_is_built(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE,
               NEW " - 10 30\n" SOURCE " - 10 30\npkg-1.5.tar.gz - 10 30\npkg-1.4.tar.Z - 10 30\n");
    house_ask_page(h, "pkg");
    assert_null(house_listed(h, SOURCE));
    assert_int_equal(house_listed(h, "pkg-1.5.tar.gz")->listing, CH_LIST_PLAIN);
    assert_int_equal(house_listed(h, "pkg-1.4.tar.Z")->listing, CH_LIST_YANKED); /* no inspector */
    house_free(h);
}

/* What is not listed stands in for nothing: the source that is there beside a held wheel does not
 * make its version one that can be had. */
static void t10_a_source_that_is_not_listed_replaces_nothing(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE,
               OLD " - 10 1\npkg-1.0.tar.gz - 10 1\n" NEW " - 10 1\n" SOURCE " - 10 30\n");
    house_ask_page(h, "pkg");
    assert_null(house_listed(h, SOURCE));
    assert_int_equal(house_listed(h, OLD)->listing, CH_LIST_PLAIN);
    assert_int_equal(house_listed(h, NEW)->listing, CH_LIST_PLAIN);
    assert_int_equal(house_listed(h, NEW)->sidecar, CH_SIDECAR_YES);
    house_free(h);
}

/* The kept listing follows what decides: rulings, inspections, time. */
static void the_kept_listing_follows_its_inputs(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_err err;
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - 30\n" NEW " - - 30\n");
    house_site(h, FILE_URL(NEW), 200, "application/zip", "attack");
    house_ask_page(h, "pkg");
    assert_int_equal(house_listed(h, NEW)->listing, CH_LIST_PLAIN);
    uint64_t generation = h->page_reply.generation;
    house_ask_file(h, "pkg", NEW); /* inspected and denied */
    house_ask_page(h, "pkg");
    assert_int_equal(house_listed(h, NEW)->listing, CH_LIST_YANKED);
    assert_int_not_equal(h->page_reply.generation, generation);
    struct ch_ruling_row row = {.deny = true,
                                .project = CH_STR("pkg"),
                                .version_spec = CH_STR("==1.0"),
                                .reason = CH_STR("no"),
                                .by = CH_STR("uid:1"),
                                .at_us = 1,
                                .expires_at_us = ch_now_unix_us() + 600000};
    assert_ch_ok(&err, rulings_add(h->k, &row, &err));
    house_ask_page(h, "pkg");
    generation = h->page_reply.generation;
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    assert_true(p->listing.changes_at_us == row.expires_at_us);
    assert_false(p->listing.rows[0].available);
    while (ch_now_unix_us() <= row.expires_at_us) {
        house_turn(h, 100);
    }
    house_ask_page(h, "pkg");
    assert_true(page_get(h->k, CH_STR("pypi"), CH_STR("pkg"))->listing.rows[0].available);
    assert_int_not_equal(h->page_reply.generation, generation);
    house_free(h);
}

/* Quotas (T14): what nobody used goes first, what has just gone out stays. */
static void eviction_takes_what_is_used_least(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_err err;
    static const char *const names[] = {"pkg-1.0-py3-none-any.whl", "pkg-2.0-py3-none-any.whl",
                                        "pkg-3.0-py3-none-any.whl"};
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE,
               "pkg-1.0-py3-none-any.whl - - 30\npkg-2.0-py3-none-any.whl - - 30\n"
               "pkg-3.0-py3-none-any.whl - - 30\n");
    house_site(h, FILE_URL("pkg-1.0-py3-none-any.whl"), 200, "application/zip", "first file");
    house_site(h, FILE_URL("pkg-2.0-py3-none-any.whl"), 200, "application/zip", "second one");
    house_site(h, FILE_URL("pkg-3.0-py3-none-any.whl"), 200, "application/zip", "third file");
    house_ask_file(h, "pkg", names[0]);
    house_ask_file(h, "pkg", names[1]);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    struct ch_config *config = h->k->child.config;
    config->served_max_bytes = 25;
    house_ask_part(h, "pkg", names[2], CH_PART_FILE, 400); /* all that is there goes out just now */
    assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    assert_true(h->file.retry_after_s > 0);
    assert_true(house_serves(h, "first file"));
    assert_true(house_serves(h, "second one"));
    quota_flush(h->k);
    quota_free(h->k); /* a minute later */
    struct ch_sha256 first = ch_sha256_of("first file", 10);
    quota_touch(h->k, &first);
    quota_flush(h->k);
    quota_free(h->k);
    uint64_t epoch = keeper_epoch(h->k);
    house_ask_file(h, "pkg", names[2]);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    /* or with each file that needs room, those just allowed to others would be refused on their way */
    assert_int_equal(keeper_epoch(h->k), epoch);
    assert_true(house_serves(h, "first file"));
    assert_false(house_serves(h, "second one"));
    uint64_t bytes, count;
    assert_ch_ok(&err, ch_store_blob_bytes(h->k->store, CH_BLOB_SERVED, &bytes, &count, &err));
    assert_int_equal(bytes, 20);
    quota_free(h->k);
    house_ask_file(h, "pkg", names[1]); /* what was evicted is fetched again */
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

/* A set of files larger than the quota can be had in one go: what was sent makes room. */
static void what_was_sent_makes_room(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_err err;
    char text[512], hex[CH_SHA256_HEX + 1];
    snprintf(text, sizeof(text), "pkg-1.0-py3-none-any.whl %s 10 30\n", house_hex("0123456789", hex));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    house_site(h, FILE_URL("pkg-1.0-py3-none-any.whl"), 200, "application/zip", "0123456789");
    house_ask_file(h, "pkg", "pkg-1.0-py3-none-any.whl");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    struct ch_config *config = (struct ch_config *)(uintptr_t)h->k->config;
    config->served_max_bytes = 15;
    assert_ch_code(CH_E_FULL, quota_make_room(h->k, CH_BLOB_SERVED, 10, &err)); /* promised */
    house_tell_served(h, "pkg", "pkg-1.0-py3-none-any.whl", "0123456789", "192.0.2.1");
    house_settle(h);
    assert_ch_ok(&err, quota_make_room(h->k, CH_BLOB_SERVED, 10, &err));
    house_free(h);
}

/* What would have been refused a moment ago waits until what is being sent has been sent. */
static void a_full_quota_is_waited_for(void **state)
{
    (void)state;
    struct house *h = house_new();
    static const char *const names[] = {"pkg-1.0-py3-none-any.whl", "pkg-2.0-py3-none-any.whl"};
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE,
               "pkg-1.0-py3-none-any.whl - - 30\npkg-2.0-py3-none-any.whl - - 30\n");
    house_site(h, FILE_URL("pkg-1.0-py3-none-any.whl"), 200, "application/zip", "first file");
    house_site(h, FILE_URL("pkg-2.0-py3-none-any.whl"), 200, "application/zip", "second one");
    struct ch_config *config = h->k->child.config;
    config->served_max_bytes = 15;
    house_ask_file(h, "pkg", names[0]);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    uint64_t begin = ch_now_boot_ms();
    house_send_file_ask(h, "pkg", names[1], CH_PART_FILE, 60000, false);
    house_settle(h);
    assert_false(h->file_here);
    house_tell_served(h, "pkg", names[0], "first file", "192.0.2.1"); /* now it has been sent */
    house_until(h, &h->file_here);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_in_range(ch_now_boot_ms() - begin, 0, 1900); /* not by a time that was over */
    assert_true(house_serves(h, "second one"));
    assert_false(house_serves(h, "first file"));
    /* one that nobody says anything about any more holds its place for a moment alone */
    house_ask_part(h, "pkg", names[0], CH_PART_FILE, 60000);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    /* what can never fit is refused at once, and says why */
    config->served_max_bytes = 5;
    quota_free(h->k);
    house_ask_part(h, "pkg", names[1], CH_PART_FILE, 60000);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_true(ch_str_find(h->file.refusal.reason, CH_STR("has 5 (store.max_bytes)"), NULL));
    house_free(h);
}

/* The same for what comes in: undecided bytes that are being inspected go on by themselves. */
static void a_full_quota_of_undecided_is_waited_for(void **state)
{
    (void)state;
    struct house *h = house_new();
    static const char *const names[] = {"pkg-1.0-py3-none-any.whl", "pkg-2.0-py3-none-any.whl"};
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE,
               "pkg-1.0-py3-none-any.whl - 10 30\npkg-2.0-py3-none-any.whl - 10 30\n");
    house_site(h, FILE_URL("pkg-1.0-py3-none-any.whl"), 200, "application/zip", "first file");
    house_site(h, FILE_URL("pkg-2.0-py3-none-any.whl"), 200, "application/zip", "second one");
    struct ch_config *config = h->k->child.config;
    config->undecided_max_bytes = 15;
    house_ask_page(h, "pkg");
    h->mute_scans = true;
    house_send_file_ask(h, "pkg", names[0], CH_PART_FILE, 500, false);
    house_settle(h); /* until it is being inspected */
    house_until(h, &h->file_here);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    house_ask_part(h, "pkg", names[1], CH_PART_FILE, 400);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    assert_int_equal(h->fetches, 2); /* the page, and the first file */
    house_send_file_ask(h, "pkg", names[1], CH_PART_FILE, 60000, false);
    h->mute_scans = false;
    house_disconnect(h, CH_ROLE_SCANNER_STRICT);
    house_disconnect(h, CH_ROLE_SCANNER_SECOND);
    house_connect(h, CH_ROLE_SCANNER_STRICT);
    house_connect(h, CH_ROLE_SCANNER_SECOND);
    house_until(h, &h->file_here);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    config->undecided_max_bytes = 5; /* never */
    house_site(h, PAGE_URL("big"), 200, PAGE_TYPE, "big-1.0-py3-none-any.whl - 10 30\n");
    house_ask_part(h, "big", "big-1.0-py3-none-any.whl", CH_PART_FILE, 60000);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_true(
        ch_str_find(h->file.refusal.reason, CH_STR("has 5 (store.undecided_max_bytes)"), NULL));
    house_free(h);
}

/* explain lists by version, not as the upstream sorts its page: 1.10 is newer than 1.9. */
static void explain_shows_the_newest_first(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE,
               "pkg-1.10.zip - - 30\npkg-1.2.zip - - 30\npkg-1.9.zip - - 30\n");
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(house_command(h, false, "explain", "pypi:pkg", NULL, NULL, &out), 0);
    size_t ten = 0, nine = 0, two = 0;
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("pkg-1.10"), &ten));
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("pkg-1.9"), &nine));
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("pkg-1.2"), &two));
    assert_true(ten < nine && nine < two);
    ch_buf_done(&out);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(held_files_are_yanked_where_another_version_can_be_had),
        cmocka_unit_test(what_the_upstream_yanked_stays_yanked),
        cmocka_unit_test(held_files_are_plain_where_none_can_be_had),
        cmocka_unit_test(held_files_are_yanked_where_all_their_clients_have_another),
        cmocka_unit_test(comparing_has_an_end),
        cmocka_unit_test(equal_versions_are_no_replacement),
        cmocka_unit_test(t10_a_source_is_listed_only_where_nothing_is_built),
        cmocka_unit_test(t10_a_source_that_is_not_listed_replaces_nothing),
        cmocka_unit_test(the_kept_listing_follows_its_inputs),
        cmocka_unit_test(eviction_takes_what_is_used_least),
        cmocka_unit_test(what_was_sent_makes_room),
        cmocka_unit_test(a_full_quota_is_waited_for),
        cmocka_unit_test(a_full_quota_of_undecided_is_waited_for),
        cmocka_unit_test(a_large_page_is_listed_fast),
        cmocka_unit_test(explain_shows_the_newest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
