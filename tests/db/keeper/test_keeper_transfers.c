/* What the upstream's bytes are asked for again: a release by time where the index states no hash
 * (T5), and a transfer that was not what the index states, by whatever hash (T7, T14, T15). */
#include "house.h"

#include "db/keeper/intake/faults.h"
#include "db/keeper/intake/intake.h"
#include "db/keeper/pages/page.h"

#include <openssl/evp.h>
#include <stdio.h>

#define WHEEL  "pkg-1.0-py3-none-any.whl"
#define DAY_US (86400 * 1000000LL)

static struct page *page_of(struct house *h)
{
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    page_load(h->k, p);
    return p;
}

static struct page_file *wheel_of(struct house *h)
{
    struct page *p = page_of(h);
    return &p->files[page_find_file(p, CH_STR(WHEEL))];
}

/* Makes the next ask look upstream again. */
static void expire(struct house *h)
{
    struct page *p = page_of(h);
    int64_t ago_us = (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
    p->checked_at_us -= ago_us;
    for (size_t i = 0; i < p->fault_count; i++) {
        p->faults[i].at_us -= ago_us;
    }
    p->failed_at_us = 0;
}

static struct site *set_bytes(struct house *h, const char *bytes)
{
    return house_site(h, FILE_URL(WHEEL), 200, "application/zip", bytes);
}

/* A page of one wheel without a sha256; `hashes` is the rest of its line. */
static struct site *set_wheel(struct house *h, const char *bytes, unsigned days, const char *hashes)
{
    char text[512];
    snprintf(text, sizeof(text), WHEEL " - - %u %s\n", days, hashes);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    return set_bytes(h, bytes);
}

static const char *sha512_of(const char *bytes, char ret[160])
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    int n = snprintf(ret, 160, "sha512:");
    assert_int_equal(EVP_Digest(bytes, strlen(bytes), md, &len, EVP_sha512(), NULL), 1);
    for (unsigned i = 0; i < len; i++) {
        n += snprintf(ret + n, 160 - (size_t)n, "%02x", md[i]);
    }
    return ret;
}

static void expect(struct house *h, const char *rule) /* NULL: allowed */
{
    house_ask_file(h, "pkg", WHEEL);
    if (rule == NULL) {
        if (h->file.outcome != CH_FILE_ALLOW) {
            fail_msg("%d: %.*s by %.*s", (int)h->file.outcome, CH_STR_ARG(h->file.refusal.reason),
                     CH_STR_ARG(h->file.refusal.rule));
        }
        return;
    }
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_str_eq(h->file.refusal.rule, rule);
}

/* In the store alone. */
static void age_stored(struct house *h, const char *bytes, int days)
{
    struct ch_err err;
    struct ch_release_file row = {.upstream = CH_STR("up"),
                                  .project = CH_STR("pkg"),
                                  .file_name = CH_STR(WHEEL),
                                  .sha256 = ch_sha256_of(bytes, strlen(bytes)),
                                  .at_us = ch_now_unix_us() - days * DAY_US};
    assert_ch_ok(&err, keeper_write(h->k, &err));
    assert_ch_ok(&err, ch_store_confirm_bytes(h->k->store, &row, &err));
    assert_ch_ok(&err, keeper_commit(h->k, &err));
}

/* As if the bytes of the wheel had come so long ago. */
static void age_bytes(struct house *h, const char *bytes, int days)
{
    age_stored(h, bytes, days);
    wheel_of(h)->confirmed_known = false;
}

/* --- T5 --- */

/* Public for 30 days, so that its cool-down ended 23 days ago. */
static void t5_without_hashes_old_bytes_are_fetched_again(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *s = set_wheel(h, "bytes", 30, "");
    expect(h, NULL);
    assert_int_equal(s->asked, 1);
    expect(h, NULL);
    age_bytes(h, "bytes", 22); /* after the end: released then, it stays released */
    expect(h, NULL);
    house_restart(h);
    expect(h, NULL);
    assert_int_equal(s->asked, 1);
    age_bytes(h, "bytes", 24);
    struct ch_decision d;
    struct page *p = page_of(h);
    judge(h->k, p, 0, &d);
    assert_true(d.verdict == CH_VERDICT_HOLD && d.eligible && d.refetch);
    house_ask_page(h, "pkg");
    assert_int_equal(house_listed(h, WHEEL)->listing,
                     CH_LIST_PLAIN); /* or nobody would ask for it */
    expect(h, NULL);
    assert_int_equal(s->asked, 2);
    assert_true(house_serves(h, "bytes"));
    assert_true(wheel_of(h)->confirmed_at_us > ch_now_unix_us() - DAY_US);
    expect(h, NULL);
    house_restart(h);
    expect(h, NULL);
    assert_int_equal(s->asked, 2);
    house_free(h);
}

/* Of a page that changed the store is asked anew when the bytes came last. */
static void t5_a_page_that_changed_remembers_no_coming(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *s = set_wheel(h, "bytes", 30, "");
    expect(h, NULL);
    expect(h, NULL);
    assert_true(wheel_of(h)->confirmed_known);
    age_stored(h, "bytes", 24);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL " - - 30\npkg-0.9-py3-none-any.whl - - 30\n");
    expire(h);
    house_ask_page(h, "pkg");
    expect(h, NULL);
    assert_int_equal(s->asked, 2);
    house_free(h);
}

/* What waits for that is not served meanwhile, nor when the upstream fails. */
static void t5_nothing_is_served_until_they_came(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    struct site *s = set_wheel(h, "bytes", 30, "");
    expect(h, NULL);
    age_bytes(h, "bytes", 24);
    s->status = 500;
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_int_equal(h->file.http_status, 502);
    assert_false(house_serves(h, "bytes"));
    assert_int_equal(wheel_of(h)->recorded_verdict, CH_VERDICT_HOLD);
    house_ask_file(h, "pkg", WHEEL); /* and not asked for again at once (T14) */
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_int_equal(s->asked, 2);
    assert_int_equal(house_command(h, false, "explain", WHEEL, NULL, NULL, &out), 0);
    struct ch_str text = ch_buf_str(&out);
    assert_true(
        ch_str_find(text, CH_STR("the upstream states no hash, so it is fetched again"), NULL));
    assert_true(ch_str_find(text, CH_STR("what would change it: fetching its bytes again"), NULL));
    assert_true(ch_str_find(text, CH_STR("fetched last: "), NULL));
    ch_buf_done(&out);
    house_free(h);
}

/* The bytes of an older fetch, allowed or not, are no ground for those that the upstream has now.
 */
static void t5_bytes_that_changed_meanwhile_are_held(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "bytes", 30, "");
    expect(h, NULL);
    assert_true(house_serves(h, "bytes"));
    age_bytes(h, "bytes", 24);
    set_bytes(h, "others");
    expect(h, "finding bytes-changed");
    assert_false(house_serves(h, "bytes"));
    assert_false(house_serves(h, "others"));
    house_restart(h);
    expect(h, "finding bytes-changed");
    house_free(h);
}

/* The same, begun by nobody's ask for the file: what was served of it goes at once. */
static void t5_asked_ahead_takes_old_bytes_away(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "bytes", 30, "");
    expect(h, NULL);
    age_bytes(h, "bytes", 24);
    set_bytes(h, "others");
    assert_non_null(intake_want(h->k, page_of(h), 0, true, NULL));
    uint64_t epoch = h->epoch.epoch;
    house_settle(h);
    assert_true(h->epoch.epoch > epoch);
    assert_false(house_serves(h, "bytes"));
    assert_false(house_serves(h, "others"));
    house_free(h);
}

/* Bytes that are here anyway, inspected again, are none that came. */
static void t5_a_rescan_confirms_nothing(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *s = set_wheel(h, "bytes", 30, "");
    expect(h, NULL);
    age_bytes(h, "bytes", 22);
    assert_true(intake_rescan(h->k, page_of(h), 0));
    house_settle(h);
    assert_int_equal(s->asked, 1);
    expect(h, NULL);
    assert_true(wheel_of(h)->confirmed_at_us < ch_now_unix_us() - 21 * DAY_US);
    struct ch_err err; /* evicted, they have to come */
    struct ch_sha256 sha256 = ch_sha256_of("bytes", 5);
    assert_ch_ok(&err, ch_blobs_evict(h->k->blobs, &sha256, &err));
    expect(h, NULL);
    assert_int_equal(s->asked, 2);
    assert_true(wheel_of(h)->confirmed_at_us > ch_now_unix_us() - DAY_US);
    house_free(h);
}

/* Of a transfer that takes long only its beginning is known to be after the end of a cool-down. */
static void t5_bytes_count_from_when_they_were_asked_for(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "bytes", 30, "");
    house_ask_page(h, "pkg");
    h->mute_fetches = true;
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 8000, false);
    house_settle(h);
    int64_t under_way_us = keeper_now_us(h->k);
    h->mute_fetches = false;
    house_disconnect(h, CH_ROLE_FETCHER); /* asked once more */
    house_connect(h, CH_ROLE_FETCHER);
    house_until(h, &h->file_here);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(wheel_of(h)->confirmed_known);
    assert_true(wheel_of(h)->confirmed_at_us < under_way_us);
    house_free(h);
}

/* A strong hash names the bytes as a sha256 does; it was verified with them. */
static void t5_a_strong_hash_needs_no_second_fetch(void **state)
{
    (void)state;
    struct house *h = house_new();
    char sha512[160];
    struct site *s = set_wheel(h, "bytes", 30, sha512_of("bytes", sha512));
    expect(h, NULL);
    age_bytes(h, "bytes", 24);
    expect(h, NULL);
    assert_int_equal(s->asked, 1);
    house_free(h);
}

/* --- broken transfers --- */

/* One of them does not deny an honest file for good: it is tried again when the index was
 * confirmed, once. */
static void t14_a_broken_transfer_is_tried_again(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct house *h = house_new();
        struct ch_buf out;
        char sha512[160];
        ch_buf_init(&out, 1u << 20);
        struct site *s = set_wheel(h, "byt", 30, sha512_of("bytes", sha512));
        expect(h, "finding hash-mismatch");
        assert_true(ch_str_find(h->file.refusal.reason,
                                CH_STR("; fetched again once the index states the same again"),
                                NULL));
        expect(h, "finding hash-mismatch");
        assert_int_equal(s->asked, 1);
        assert_int_equal(house_command(h, false, "explain", WHEEL, NULL, NULL, &out), 0);
        assert_true(
            ch_str_find(ch_buf_str(&out), CH_STR("what would change it: fetching it again"), NULL));
        if (way == 0) { /* broken in the same way once more */
            expire(h);
            expect(h, "finding hash-mismatch");
            expect(h, "finding hash-mismatch");
            assert_int_equal(s->asked, 2);
        }
        set_bytes(h, "bytes");
        if (way == 2) { /* what is known is so after a restart, too */
            house_restart(h);
            expect(h, "finding hash-mismatch");
            assert_int_equal(s->asked, 1);
        }
        expire(h);
        expect(h, NULL);
        assert_true(house_serves(h, "bytes"));
        house_restart(h); /* the newest bytes are the right ones */
        expect(h, NULL);
        ch_buf_done(&out);
        house_free(h);
    }
}

/* T7: bytes that were inspected before any hash was stated are no broken transfer, and others than
 * those do not take their place. */
static void t7_a_hash_stated_since_frees_no_other_bytes(void **state)
{
    (void)state;
    struct house *h = house_new();
    char sha512[160];
    set_wheel(h, "bytes", 30, "");
    expect(h, NULL);
    set_wheel(h, "others", 30, sha512_of("others", sha512));
    expire(h);
    for (int round = 0; round < 3; round++) {
        house_ask_file(h, "pkg", WHEEL);
        assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
        assert_false(house_serves(h, "others"));
        expire(h);
    }
    assert_str_eq(h->file.refusal.rule, "finding bytes-changed");
    house_free(h);
}

/* T15: hashes of different files are no broken transfer: fetching again would mend nothing. */
static void t15_hashes_that_contradict_are_not_tried_again(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    char text[512], hex[CH_SHA256_HEX + 1], sha512[160];
    ch_buf_init(&out, 1u << 20);
    snprintf(text, sizeof(text), WHEEL " %s - 30 %s\n", house_hex("bytes", hex),
             sha512_of("others", sha512));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    struct site *s = set_bytes(h, "bytes");
    for (int round = 0; round < 3; round++) {
        expect(h, "finding hash-mismatch");
        assert_false(ch_str_find(h->file.refusal.reason, CH_STR("fetched again"), NULL));
        expire(h);
    }
    assert_int_equal(s->asked, 1);
    assert_int_equal(house_command(h, false, "explain", WHEEL, NULL, NULL, &out), 0);
    assert_true(
        ch_str_find(ch_buf_str(&out), CH_STR("which states hashes of different files"), NULL));
    ch_buf_done(&out);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t5_without_hashes_old_bytes_are_fetched_again),
        cmocka_unit_test(t5_a_page_that_changed_remembers_no_coming),
        cmocka_unit_test(t5_nothing_is_served_until_they_came),
        cmocka_unit_test(t5_bytes_that_changed_meanwhile_are_held),
        cmocka_unit_test(t5_asked_ahead_takes_old_bytes_away),
        cmocka_unit_test(t5_a_rescan_confirms_nothing),
        cmocka_unit_test(t5_bytes_count_from_when_they_were_asked_for),
        cmocka_unit_test(t5_a_strong_hash_needs_no_second_fetch),
        cmocka_unit_test(t14_a_broken_transfer_is_tried_again),
        cmocka_unit_test(t7_a_hash_stated_since_frees_no_other_bytes),
        cmocka_unit_test(t15_hashes_that_contradict_are_not_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
