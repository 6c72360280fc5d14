/* T5: what is evicted can be fetched again. Of what was approved and its upstream no longer has,
 * nobody may have another copy. */
#include "house.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/keeper/intake/quota.h"
#include "log_seen.h"

#define W1 "pkg-1.0-py3-none-any.whl"
#define W2 "pkg-2.0-py3-none-any.whl"
#define W3 "pkg-3.0-py3-none-any.whl"

static struct ch_err err;

/* The linker puts these before the store's and the blobs' own (CMakeLists.txt): a commit that the disk
 * refuses, and what the store says durably when bytes go for good. */
static bool fail_commits;
enum ch_code __real_ch_store_commit(struct ch_store *s, struct ch_err *e);
enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *e);
enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *e)
{
    if (!fail_commits) {
        return __real_ch_store_commit(s, e);
    }
    ch_store_rollback(s); /* as the real one does */
    return ch_fail(e, CH_E_FULL, "no space left");
}

static struct house *watched; /* whose files go: what others read in its store is looked at before */
static uint64_t said_lost, evicted;
static bool power_fails; /* just then */
enum ch_code __real_ch_blobs_evict(struct ch_blobs *b, const struct ch_sha256 *sha256,
                                   struct ch_err *e);
enum ch_code __wrap_ch_blobs_evict(struct ch_blobs *b, const struct ch_sha256 *sha256,
                                   struct ch_err *e);
enum ch_code __wrap_ch_blobs_evict(struct ch_blobs *b, const struct ch_sha256 *sha256,
                                   struct ch_err *e)
{
    if (watched != NULL) {
        char folder[128];
        struct ch_store *other;
        struct ch_buf value;
        snprintf(folder, sizeof(folder), "%s/db", watched->folder);
        ch_buf_init(&value, 64);
        assert_ch_ok(e, ch_store_open_read(folder, &other, e));
        if (ch_store_get_value(other, CH_STR("last-copies-lost"), &value, e) == CH_OK) {
            struct ch_rd r = ch_rd_of(value.ptr, value.len);
            said_lost = ch_get_u64(&r);
        }
        ch_store_close(other);
        ch_buf_done(&value);
        evicted++;
        if (power_fails) {
            return ch_fail(e, CH_E_IO, "no power");
        }
    }
    return __real_ch_blobs_evict(b, sha256, e);
}

static void set_answer(struct house *h, uint32_t status, const char *text)
{
    house_site(h, PAGE_URL("pkg"), status, PAGE_TYPE, text);
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    assert_true(page_load(h->k, p));
    p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
    p->failed_at_us = 0;
    house_ask_page(h, "pkg");
}

static void set_page(struct house *h, const char *text)
{
    set_answer(h, 200, text);
}

static void allow(struct house *h, const char *file)
{
    house_ask_file(h, "pkg", file);
    if (h->file.outcome != CH_FILE_ALLOW) {
        fail_msg("%s: %.*s", file, CH_STR_ARG(h->file.refusal.reason));
    }
}

static bool has(struct house *h, const char *bytes)
{
    struct ch_sha256 d = ch_sha256_of(bytes, strlen(bytes));
    return ch_blobs_has(h->k->blobs, &d);
}

/* As if nothing had gone out for a while. */
static enum ch_code make_room(struct house *h, enum ch_blob_place place, uint64_t more)
{
    quota_flush(h->k);
    quota_free(h->k);
    enum ch_code rc = quota_make_room(h->k, place, more, &err);
    struct ch_err failed;
    enum ch_code kept = keeper_commit(h->k, &failed);
    return rc == CH_OK ? kept : rc;
}

static struct house *two_approved_in(struct house *h, const char *one, const char *two)
{
    char text[512];
    snprintf(text, sizeof(text), "%s%s" W3 " - 10 30\n", one, two);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    house_site(h, FILE_URL(W1), 200, "application/zip", "first file");
    house_site(h, FILE_URL(W2), 200, "application/zip", "second one");
    house_site(h, FILE_URL(W3), 200, "application/zip", "third file");
    allow(h, W1);
    allow(h, W2);
    house_settle(h);
    return h;
}

/* W1 and W2 were approved, W1 longer ago. */
static struct house *two_approved(const char *one, const char *two)
{
    return two_approved_in(house_new(), one, two);
}

/* Most of what is tried here is larger than half of its quota. */
static void keep_all(struct house *h)
{
    h->k->child.config->last_copies_percent = 100;
}

static bool says(struct house *h, bool json, const char *text)
{
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(house_command(h, json, "status", NULL, NULL, NULL, &out), 0);
    bool found = ch_str_find(ch_buf_str(&out), ch_str_of(text), NULL);
    ch_buf_done(&out);
    return found;
}

/* Held since it is gone, it lies among the undecided; who approves it finds it there. */
static void t5_the_last_copy_stays(void **state)
{
    (void)state;
    char hex[CH_SHA256_HEX + 1], stated[512], other[512];
    snprintf(stated, sizeof(stated), W1 " %s 10 30\n", house_hex("first file", hex));
    snprintf(other, sizeof(other), W1 " %s 10 30\n" W2 " - 10 30\n", house_hex("other file", hex));
    const struct {
        const char *listed, *then;
    } all[] = {
        {stated, W2 " - 10 30\n"},          /* gone */
        {W1 " - 10 30\n", W2 " - 10 30\n"}, /* the same without a hash */
        {stated, other},                    /* its name stands for other bytes */
        {W1 " - 10 30\n", other},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        struct house *h = two_approved(all[i].listed, W2 " - 10 30\n");
        set_page(h, all[i].then);
        assert_false(house_serves(h, "first file"));
        keep_all(h);
        h->k->child.config->undecided_max_bytes = 15;
        assert_ch_code(CH_E_FULL, make_room(h, CH_BLOB_UNDECIDED, 10));
        assert_non_null(
            strstr(err.msg, "10 of it stay, as last copies of what upstreams no longer have"));
        assert_non_null(strstr(err.msg, "store.undecided_max_bytes"));
        assert_true(has(h, "first file"));
        assert_true(says(h, false, "undecided 1 files, 10 bytes\n"));
        assert_true(says(h, true,
                         "\"undecided\":{\"bytes\":10,\"files\":1,\"last_copies\":1,"
                         "\"last_copies_bytes\":10}"));
        house_restart(h);
        keep_all(h);
        h->k->child.config->undecided_max_bytes = 15;
        assert_ch_code(CH_E_FULL, make_room(h, CH_BLOB_UNDECIDED, 10));
        assert_true(has(h, "first file"));
        house_free(h);
    }
}

static void expect_last_copies(struct house *h, enum ch_blob_place place, uint64_t expected)
{
    uint64_t bytes = 0, files = 0;
    assert_ch_ok(&err, ch_store_last_copies(h->k->store, place, &bytes, &files, &err));
    assert_int_equal(files, expected);
    assert_int_equal(bytes, expected * 10);
}

/* Until a second "not found" makes it a fact, its files are served on: and cannot be had again. */
static void t5_the_first_404_makes_last_copies(void **state)
{
    (void)state;
    static const uint32_t gone[] = {404, 410};
    for (size_t i = 0; i < CH_ARRAY_LEN(gone); i++) {
        struct house *h = two_approved(W1 " - 10 30\n", W2 " - 10 30\n");
        set_answer(h, gone[i], "");
        assert_true(page_get(h->k, CH_STR("pypi"), CH_STR("pkg"))->gone_at_us != 0);
        for (int restarted = 0; restarted < 2; restarted++) {
            keep_all(h);
            expect_last_copies(h, CH_BLOB_SERVED, 2);
            h->k->child.config->served_max_bytes = 25;
            assert_ch_code(CH_E_FULL, make_room(h, CH_BLOB_SERVED, 10));
            assert_non_null(strstr(err.msg, "last copies"));
            assert_true(has(h, "first file") && has(h, "second one"));
            house_restart(h);
        }
        set_page(h, W1 " - 10 30\n" W2 " - 10 30\n" W3 " - 10 30\n"); /* as it was: not modified */
        expect_last_copies(h, CH_BLOB_SERVED, 0);
        set_answer(h, gone[i], "");
        expect_last_copies(h, CH_BLOB_SERVED, 2);
        set_page(h, W1 " - 10 30\n" W2 " - 10 30\n"); /* with another content */
        expect_last_copies(h, CH_BLOB_SERVED, 0);
        h->k->child.config->served_max_bytes = 25;
        assert_ch_ok(&err, make_room(h, CH_BLOB_SERVED, 10));
        assert_int_equal(has(h, "first file") + has(h, "second one"), 1);
        house_free(h);
    }
}

/* The page lists it, and its host has it no more: so it says when it is fetched again. What the
 * next try may bring is no such word. */
static void t5_nor_can_a_file_be_had_again_that_its_host_refuses(void **state)
{
    (void)state;
    static const struct {
        uint32_t status;
        bool last;
    } all[] = {{404, true}, {410, true}, {403, true}, {451, true}, {500, false}, {429, false}};
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        struct house *h = two_approved(W1 " - 10 30\n", W2 " - 10 30\n");
        struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
        struct ch_release_file row = {.upstream = CH_STR("up"),
                                      .project = CH_STR("pkg"),
                                      .file_name = CH_STR(W1),
                                      .sha256 = ch_sha256_of("first file", 10),
                                      .at_us = ch_now_unix_us() - 24 * INT64_C(86400000000)};
        assert_ch_ok(&err, keeper_write(h->k, &err));
        assert_ch_ok(&err, ch_store_confirm_bytes(h->k->store, &row, &err));
        assert_ch_ok(&err, keeper_commit(h->k, &err));
        p->files[page_find_file(p, CH_STR(W1))].confirmed_known = false;
        struct site *s = house_site(h, FILE_URL(W1), all[i].status, "application/zip", "");
        size_t asked = s->asked;
        house_ask_file(h, "pkg", W1);
        assert_int_equal(s->asked, asked + 1);
        assert_int_not_equal(h->file.outcome, CH_FILE_ALLOW);
        expect_last_copies(h, CH_BLOB_UNDECIDED, all[i].last);
        house_restart(h);
        keep_all(h);
        h->k->child.config->undecided_max_bytes = 15;
        assert_int_equal(make_room(h, CH_BLOB_UNDECIDED, 10), all[i].last ? CH_E_FULL : CH_OK);
        assert_int_equal(has(h, "first file"), all[i].last);
        expect_last_copies(h, CH_BLOB_SERVED, 0); /* W2 */
        row.at_us = ch_now_unix_us();             /* it came */
        assert_ch_ok(&err, keeper_write(h->k, &err));
        assert_ch_ok(&err, ch_store_confirm_bytes(h->k->store, &row, &err));
        expect_last_copies(h, CH_BLOB_UNDECIDED, 0);
        house_free(h);
    }
}

/* What is listed goes before it, though it was used later; the refusal says what takes the room. */
static void t5_others_go_first(void **state)
{
    (void)state;
    struct house *h = two_approved(W1 " - 10 30\n", W2 " - 10 30\n");
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    keep_all(h);
    set_page(h, W2 " - 10 30\n" W3 " - 10 30\n");
    assert_int_equal(house_command(h, false, "approve", W1, "needed", "14d", &out), 0);
    allow(h, W1);
    allow(h, W2);
    h->k->child.config->served_max_bytes = 25;
    assert_ch_ok(&err, make_room(h, CH_BLOB_SERVED, 10));
    assert_true(has(h, "first file"));
    assert_false(has(h, "second one"));
    h->k->child.config->served_max_bytes = 15;
    quota_flush(h->k);
    quota_free(h->k);
    house_ask_part(h, "pkg", W3, CH_PART_FILE, 60000);
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_int_equal(h->file.http_status, 507);
    assert_true(ch_str_find(h->file.text, CH_STR("last copies"), NULL));
    assert_true(has(h, "first file"));
    ch_buf_done(&out);
    house_free(h);
}

/* What is listed again, what was never approved, and what a person denies for good. */
static void what_can_be_had_or_nobody_wants_goes(void **state)
{
    (void)state;
    char hex[CH_SHA256_HEX + 8] = "sha256:";
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    struct house *h = two_approved(W1 " - 10 30\n", W2 " - 10 30\n");
    keep_all(h);
    set_page(h, W2 " - 10 30\n");
    h->k->child.config->undecided_max_bytes = 15;
    assert_ch_code(CH_E_FULL, make_room(h, CH_BLOB_UNDECIDED, 10));
    set_page(h, W1 " - 10 30\n" W2 " - 10 30\n"); /* it is back, and still held: clients may wait */
    assert_true(says(h, true, "\"undecided\":{\"bytes\":10,\"files\":1,\"last_copies\":0,"));
    assert_ch_ok(&err, make_room(h, CH_BLOB_UNDECIDED, 10));
    assert_false(has(h, "first file"));
    set_page(h, W1 " - 10 30\n");
    h->k->child.config->undecided_max_bytes = 15;
    assert_ch_code(CH_E_FULL, make_room(h, CH_BLOB_UNDECIDED, 10));
    house_hex("second one", hex + 7);
    assert_int_equal(house_command(h, false, "deny", hex, "a while", "1d", &out), 0);
    assert_ch_code(CH_E_FULL, make_room(h, CH_BLOB_UNDECIDED, 10));
    assert_int_equal(house_command(h, false, "deny", hex, "not needed any more", NULL, &out), 0);
    assert_ch_ok(&err, make_room(h, CH_BLOB_UNDECIDED, 10));
    assert_false(has(h, "second one"));
    house_free(h);
    h = house_new();
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, W1 " - 10 30\n" W2 " - 10 30\n");
    house_site(h, FILE_URL(W1), 200, "application/zip", "attack one");
    house_ask_file(h, "pkg", W1);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    set_page(h, W2 " - 10 30\n");
    h->k->child.config->undecided_max_bytes = 15;
    assert_ch_ok(&err, make_room(h, CH_BLOB_UNDECIDED, 10));
    assert_false(has(h, "attack one"));
    ch_buf_done(&out);
    house_free(h);
}

/* T14: or what an upstream takes back would fill the disk. Those longest unused go, when nothing
 * else can, until the rest takes no more than its part. */
static void t14_last_copies_have_their_part_of_the_quota(void **state)
{
    (void)state;
    struct house *h = two_approved(W1 " - 10 30\n", W2 " - 10 30\n");
    set_page(h, W3 " - 10 30\n");
    assert_true(says(h, false, "undecided 2 files, 20 bytes\n"));
    assert_true(says(h, false, "up to 50 % of a quota (store.last_copies_percent)"));
    h->k->child.config->undecided_max_bytes = 25;
    assert_ch_ok(&err, make_room(h, CH_BLOB_UNDECIDED, 5)); /* there is room */
    assert_true(has(h, "first file") && has(h, "second one"));
    keep_all(h);
    assert_ch_code(CH_E_FULL, make_room(h, CH_BLOB_UNDECIDED, 10));
    assert_true(has(h, "first file") && has(h, "second one"));
    h->k->child.config->last_copies_percent = 50;
    assert_ch_ok(&err, make_room(h, CH_BLOB_UNDECIDED, 10));
    assert_false(has(h, "first file"));
    assert_true(has(h, "second one"));
    assert_ch_code(CH_E_FULL, make_room(h, CH_BLOB_UNDECIDED, 16)); /* its part */
    assert_non_null(strstr(err.msg, "10 of it stay, as last copies"));
    assert_true(has(h, "second one"));
    h->k->child.config->last_copies_percent = 0;
    assert_ch_ok(&err, make_room(h, CH_BLOB_UNDECIDED, 16));
    assert_false(has(h, "second one"));
    house_free(h);
}

static size_t entries(struct house *h, const char *kind)
{
    struct ch_buf kinds = log_kinds(h);
    struct ch_str rest = ch_buf_str(&kinds), one;
    size_t n = 0;
    while (ch_str_split(&rest, ' ', &one)) {
        n += ch_str_eq(one, ch_str_of(kind));
    }
    ch_buf_done(&kinds);
    return n;
}

static void take_body(void *ctx, const struct ch_notice_row *row)
{
    char **body = ctx;
    assert_null(*body); /* what one act loses is told once */
    assert_str_eq(row->event, "alarm.last-copies");
    *body = ch_str_dup(row->body);
}

/* What was lost for good is in the log, file by file; people are told, and status has the number.
 */
static void t14_what_is_lost_is_logged_and_told(void **state)
{
    (void)state;
    struct house *h =
        two_approved_in(house_new_with(NULL, "listen:\n  - {address: '127.0.0.1:8080'}\n"
                                             "anonymous_pull: true\n"
                                             "upstreams:\n"
                                             "  - {name: up, ecosystem: pypi, trust_times: true,\n"
                                             "     url: 'https://up.example.org/simple'}\n"
                                             "repositories:\n"
                                             "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n"
                                             "webhooks:\n"
                                             "  - {name: hook, url: 'https://hooks.example.org/',\n"
                                             "     secret_file: /etc/hook}\n"),
                        W1 " - 10 30\n", W2 " - 10 30\n");
    struct ch_buf entry;
    char hex[CH_SHA256_HEX + 1];
    char *body = NULL;
    uint64_t index = 0;
    int64_t number = 0;
    ch_buf_init(&entry, 65536);
    set_page(h, W3 " - 10 30\n");
    assert_true(says(h, true, "\"last_copies_lost\":0,"));
    assert_false(says(h, false, "lost for good"));
    h->k->child.config->last_copies_percent = 0;
    h->k->child.config->undecided_max_bytes = 25;
    assert_ch_ok(&err, make_room(h, CH_BLOB_UNDECIDED, 20));
    assert_false(has(h, "first file") || has(h, "second one"));
    log_until_written(h);
    struct ch_log_entry_fields f = log_newest(h, "last-copy-lost", &entry, &index);
    assert_field(&f, "sha256", house_hex("second one", hex));
    assert_field(&f, "place", "undecided");
    assert_true(ch_log_entry_get_int(&f, "bytes", &number));
    assert_int_equal(number, 10);
    assert_true(ch_log_entry_get_int(&f, "percent", &number));
    assert_int_equal(number, 0);
    assert_int_equal(entries(h, "last-copy-lost"), 2);
    assert_ch_ok(&err, ch_store_notices_oldest(h->k->store, CH_DESTINATION_WEBHOOK, CH_STR("hook"),
                                               9, take_body, &body, &err));
    assert_non_null(body);
    assert_non_null(strstr(body, "\"files\":2,\"bytes\":20,"));
    char where[64];
    snprintf(where, sizeof(where), "\"entry\":%llu,", (unsigned long long)index - 2); /* each has one of their count behind it */
    assert_non_null(strstr(body, where)); /* of the first of them */
    house_restart(h);
    assert_true(says(h, true, "\"last_copies_lost\":2,"));
    assert_true(says(h, false, "2 last copies were lost for good"));
    free(body);
    ch_buf_done(&entry);
    house_free(h);
}

/* T14: not before its entry is durable; and where that fails, or the machine does in between, the
 * entry and the file say the same after the next start. */
static void nothing_is_lost_before_its_entry_is_durable(void **state)
{
    (void)state;
    struct house *h = two_approved(W1 " - 10 30\n", W2 " - 10 30\n");
    set_page(h, W3 " - 10 30\n");
    h->k->child.config->last_copies_percent = 0;
    h->k->child.config->undecided_max_bytes = 25;
    house_settle(h);
    watched = h;
    said_lost = evicted = 0;
    fail_commits = true; /* nothing of it has happened */
    assert_ch_code(CH_E_FULL, make_room(h, CH_BLOB_UNDECIDED, 20));
    fail_commits = false;
    assert_true(has(h, "first file") && has(h, "second one"));
    assert_int_equal(evicted, 0);
    expect_last_copies(h, CH_BLOB_UNDECIDED, 2);
    assert_ch_ok(&err, make_room(h, CH_BLOB_UNDECIDED, 10));
    assert_int_equal(evicted, 1);
    assert_int_equal(said_lost, 1);
    assert_false(has(h, "first file"));
    assert_true(has(h, "second one"));
    expect_last_copies(h, CH_BLOB_UNDECIDED, 1);
    power_fails = true;
    assert_ch_ok(&err, make_room(h, CH_BLOB_UNDECIDED, 20));
    assert_int_equal(evicted, 2);
    assert_int_equal(said_lost, 2);
    assert_true(has(h, "second one"));
    watched = NULL;
    power_fails = false;
    house_restart(h); /* goes on with it */
    assert_false(has(h, "second one"));
    log_until_written(h);
    assert_int_equal(entries(h, "last-copy-lost"), 2);
    assert_true(says(h, true, "\"last_copies_lost\":2,"));
    house_free(h);
}

/* What could not be taken away is not forgotten for what is lost after it. */
static void what_stays_on_the_disk_goes_at_the_next_start(void **state)
{
    (void)state;
    struct house *h = two_approved(W1 " - 10 30\n", W2 " - 10 30\n");
    set_page(h, W3 " - 10 30\n");
    h->k->child.config->last_copies_percent = 0;
    h->k->child.config->undecided_max_bytes = 25;
    house_settle(h);
    watched = h;
    evicted = 0;
    power_fails = true;
    assert_ch_ok(&err, make_room(h, CH_BLOB_UNDECIDED, 10));
    assert_int_equal(evicted, 1);
    power_fails = false;
    assert_ch_ok(&err, make_room(h, CH_BLOB_UNDECIDED, 20));
    assert_int_equal(evicted, 2); /* it is not tried with each commit */
    watched = NULL;
    assert_true(has(h, "first file"));
    assert_false(has(h, "second one"));
    house_restart(h);
    assert_false(has(h, "first file"));
    house_free(h);
}

/* However many older ones are in use, a younger one that is not goes. */
static void what_is_in_use_stands_before_nothing(void **state)
{
    (void)state;
    struct house *h = two_approved(W1 " - 10 30\n", W2 " - 10 30\n");
    quota_flush(h->k);
    quota_free(h->k);
    for (size_t i = 0; i < 200; i++) {
        struct ch_sha256 d = ch_sha256_of(&i, sizeof(i));
        assert_ch_ok(&err,
                     ch_store_put_blob(h->k->store, &d, 10, CH_BLOB_SERVED, (int64_t)i, &err));
        quota_touch(h->k, &d); /* it is on its way to a client */
    }
    h->k->child.config->served_max_bytes = 2015;
    assert_ch_ok(&err, quota_make_room(h->k, CH_BLOB_SERVED, 0, &err));
    assert_int_equal(has(h, "first file") + has(h, "second one"), 1);
    h->k->child.config->served_max_bytes = 1995;
    assert_ch_code(CH_E_FULL, quota_make_room(h->k, CH_BLOB_SERVED, 0, &err));
    assert_false(has(h, "first file") || has(h, "second one"));
    assert_true(quota_frees_soon(h->k, CH_BLOB_SERVED, 0));
    house_free(h);
}

/* A kill between the publication of bytes and the commit of their row. */
static void what_was_published_and_never_stored_counts_from_the_next_start(void **state)
{
    (void)state;
    struct house *h = two_approved(W1 " - 10 30\n", W2 " - 10 30\n");
    const char *lost = "published, and then the power went";
    struct ch_sha256 sha256;
    uint64_t bytes, files, before;
    enum ch_blob_place place;
    assert_ch_ok(&err, ch_blobs_put(h->k->blobs, ch_str_of(lost), &sha256, &err));
    assert_ch_ok(&err, ch_store_blob_bytes(h->k->store, CH_BLOB_UNDECIDED, &before, &files, &err));
    assert_ch_code(CH_E_NOT_FOUND, ch_store_get_blob(h->k->store, &sha256, &place, &err));
    house_restart(h);
    assert_ch_ok(&err, ch_store_get_blob(h->k->store, &sha256, &place, &err));
    assert_int_equal(place, CH_BLOB_UNDECIDED);
    assert_ch_ok(&err, ch_store_blob_bytes(h->k->store, CH_BLOB_UNDECIDED, &bytes, &files, &err));
    assert_int_equal(bytes, before + strlen(lost));
    assert_true(has(h, lost) && has(h, "first file") && house_serves(h, "first file"));
    h->k->child.config->undecided_max_bytes = 15;
    assert_ch_ok(&err, make_room(h, CH_BLOB_UNDECIDED, 10)); /* and goes as any other */
    assert_false(has(h, lost));
    house_restart(h); /* what was evicted and is there nevertheless is counted again, too */
    assert_ch_ok(&err, ch_blobs_put(h->k->blobs, ch_str_of(lost), &sha256, &err));
    house_restart(h);
    assert_ch_ok(&err, ch_store_get_blob(h->k->store, &sha256, &place, &err));
    assert_int_equal(place, CH_BLOB_UNDECIDED);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t5_the_last_copy_stays),
        cmocka_unit_test(t5_the_first_404_makes_last_copies),
        cmocka_unit_test(t5_nor_can_a_file_be_had_again_that_its_host_refuses),
        cmocka_unit_test(t5_others_go_first),
        cmocka_unit_test(t14_last_copies_have_their_part_of_the_quota),
        cmocka_unit_test(t14_what_is_lost_is_logged_and_told),
        cmocka_unit_test(nothing_is_lost_before_its_entry_is_durable),
        cmocka_unit_test(what_stays_on_the_disk_goes_at_the_next_start),
        cmocka_unit_test(what_is_in_use_stands_before_nothing),
        cmocka_unit_test(what_can_be_had_or_nobody_wants_goes),
        cmocka_unit_test(what_was_published_and_never_stored_counts_from_the_next_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
