/* T1: what is shown of a file before its verdict, from the upstream's sidecar or the file's own
 * end. */
#include "house.h"

#include "db/keeper/pages/sidecar.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"

#define WHEEL   "pkg-1.0-py3-none-any.whl"
#define META    "Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n"
#define SIDECAR FILE_URL(WHEEL) ".metadata"

static char hex[CH_SHA256_HEX + 1];

static void set_wheel(struct house *h, const char *bytes, const char *more)
{
    char text[512];
    snprintf(text, sizeof(text), WHEEL " %s %zu 30 %s\n", house_hex(bytes, hex), strlen(bytes),
             more);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", bytes);
}

static void ask_metadata(struct house *h)
{
    house_ask_part(h, "pkg", WHEEL, CH_PART_METADATA, 8000);
}

static void t1_the_checked_sidecar_goes_out(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "good meta:" META, "sidecar");
    house_site(h, SIDECAR, 200, "text/plain", META);
    ask_metadata(h);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(h->file.size_bytes, strlen(META));
    assert_true(house_serves(h, META));
    assert_int_equal(h->scans[1], 0); /* the file itself was not needed */
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    ask_metadata(h);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

static void the_sidecar_is_there_before_the_resolver_asks(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "good meta:" META, "sidecar");
    struct site *sidecar = house_site(h, SIDECAR, 200, "text/plain", META);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "good meta:" META)->mute = true;
    h->user_agent = "pip/23.2.1 {\"implementation\":{\"name\":\"CPython\"},\"python\":\"3.11.7\","
                    "\"cpu\":\"x86_64\",\"system\":{\"name\":\"Linux\"}}";
    house_ask_page(h, "pkg");
    house_settle(h);
    assert_int_equal(sidecar->asked, 1);
    ask_metadata(h);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(sidecar->asked, 1);
    house_free(h);
}

/* An upstream may be slower to say that it has no sidecar than the whole file takes. */
static void a_slow_sidecar_is_overtaken_by_the_file(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "good meta:" META, "");
    house_site(h, SIDECAR, 200, "text/plain", META)->mute = true;
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_METADATA, 8000, false);
    house_settle(h);
    assert_false(h->file_here);
    uint64_t metadata = h->asks;
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 8000, false);
    uint64_t file = h->asks;
    until_told(h, metadata);
    until_told(h, file); /* it waits for the audit log besides, which is written by a thread */
    assert_int_equal(h->file_answers, 2);
    assert_int_equal(house_told(h, metadata), CH_FILE_ALLOW);
    assert_int_equal(house_told(h, file), CH_FILE_ALLOW);
    assert_true(house_serves(h, META));
    assert_true(house_serves(h, "good meta:" META));
    house_free(h);
}

/* Metadata count against the quota of undecided bytes; what was evicted is found again. */
static void evicted_metadata_come_back(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_sha256 meta = ch_sha256_of(META, strlen(META));
    enum ch_blob_place place = CH_BLOB_EVICTED;
    struct ch_err err;
    set_wheel(h, "good meta:" META, "sidecar");
    struct site *sidecar = house_site(h, SIDECAR, 200, "text/plain", META);
    for (int inspected = 0; inspected < 2; inspected++) {
        if (inspected) {
            house_ask_file(h, "pkg", WHEEL);
            assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        }
        ask_metadata(h);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        assert_ch_ok(&err, ch_store_get_blob(h->k->store, &meta, &place, &err));
        assert_int_equal(place, CH_BLOB_UNDECIDED);
        assert_ch_ok(&err, ch_blobs_evict(h->k->blobs, &meta, &err));
        assert_ch_ok(&err,
                     ch_store_put_blob(h->k->store, &meta, strlen(META), CH_BLOB_EVICTED, 1, &err));
        size_t scans = h->scans[1];
        ask_metadata(h);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        assert_true(house_serves(h, META));
        assert_int_equal(h->scans[1], scans + (inspected ? 1 : 0));
        assert_int_equal(sidecar->asked, 2);
    }
    house_free(h);
}

/* A page that makes room for another takes its metadata out of served/, and what gateways remember of
 * it ends with that: nobody would tell them of a later verdict. */
static void t4_what_is_forgotten_is_no_longer_remembered(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_limits before = ch_limits;
    set_wheel(h, "good meta:" META, "sidecar");
    house_site(h, SIDECAR, 200, "text/plain", META);
    ask_metadata(h);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(house_serves(h, META));
    house_settle(h);
    uint64_t epoch = h->epoch.epoch;
    page_get(h->k, CH_STR("pypi"), CH_STR("another")); /* there is room */
    assert_true(house_serves(h, META));
    assert_int_equal(h->epoch.epoch, epoch);
    ch_limits.keeper_page_bytes = 0;
    page_get(h->k, CH_STR("pypi"), CH_STR("one-more"));
    ch_limits = before;
    assert_false(house_serves(h, META));
    assert_true(h->epoch.epoch > epoch);
    ask_metadata(h);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

/* One that could not be used is not asked for again and again, nor is it forgotten for good that it may
 * have been mended. */
static void an_unusable_sidecar_is_tried_again_later(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "good meta:" META, "sidecar");
    struct site *sidecar = house_site(h, SIDECAR, 404, "text/plain", "no");
    house_site(h, FILE_URL(WHEEL), 500, "text/plain", "no");
    ask_metadata(h);
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    ask_metadata(h);
    assert_int_equal(sidecar->asked, 1);
    sidecar = house_site(h, SIDECAR, 200, "text/plain", META);
    size_t asked = sidecar->asked;
    sidecars_forget(h->k, ch_loop_now_ms(h->loop) + 60000);
    ask_metadata(h);
    assert_int_equal(sidecar->asked, asked);
    sidecars_forget(h->k, ch_loop_now_ms(h->loop) + 3600000);
    assert_int_equal(ch_map_count(h->k->sidecars), 0);
    ask_metadata(h);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

static void t1_a_sidecar_that_differs_from_the_wheel_denies(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "good meta:" META "Requires-Dist: other\n", "sidecar");
    house_site(h, SIDECAR, 200, "text/plain", META);
    ask_metadata(h);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    uint64_t epoch = h->epoch.epoch;
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_str_eq(h->file.refusal.rule, "finding metadata-differs");
    assert_false(house_serves(h, META)); /* it is shown no more, nor remembered */
    assert_true(h->epoch.epoch > epoch);
    ask_metadata(h);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    house_free(h);
}

/* The page is old, and asked for again. */
static void ask_page_anew(struct house *h)
{
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    /* before what comes was released: it is not held for its age (T7) */
    p->checked_at_us -= 60 * 86400 * 1000000LL;
    house_ask_page(h, "pkg");
}

static void set_sidecar(struct house *h, const char *bytes, const char *metadata, bool hashed)
{
    char more[CH_SHA256_HEX + 16] = "sidecar";
    if (hashed) {
        snprintf(more, sizeof(more), "sidecar:%s", house_hex(metadata, hex));
    }
    set_wheel(h, bytes, more);
    house_site(h, SIDECAR, 200, "text/plain", metadata);
}

/* What was shown was shown of the bytes that the index stated then. */
static void t1_replaced_bytes_do_not_inherit_what_was_shown(void **state)
{
    (void)state;
    const char *meta = META "Requires-Dist: other\n";
    for (int way = 0; way < 4; way++) {
        bool hashed = way & 1, restart = way & 2;
        struct house *h = house_new();
        set_sidecar(h, "good meta:" META, META, hashed);
        ask_metadata(h);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        uint64_t epoch = h->epoch.epoch;
        set_sidecar(h, "good, and others meta:" META "Requires-Dist: other\n", meta, hashed);
        ask_page_anew(h);
        assert_true(h->epoch.epoch > epoch); /* gateways remember the former */
        assert_false(house_serves(h, META));
        if (restart) {
            house_restart(h);
        }
        ask_metadata(h);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        assert_int_equal(h->file.size_bytes, strlen(meta));
        assert_true(house_serves(h, meta));
        house_ask_file(h, "pkg", WHEEL);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        house_free(h);
    }
}

/* The index states a hash of metadata that are not there, and the file's end has others: they are not
 * shown, nor asked for again and again. */
static void t1_an_end_that_is_not_as_stated_is_read_once(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_sidecar(h, "good meta:TAIL:" META, META "Requires-Dist: other\n", true);
    struct site *sidecar = house_site(h, SIDECAR, 404, "text/plain", "no");
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "good meta:TAIL:" META)->ranges = true;
    ask_metadata(h);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_str_eq(h->file.refusal.rule, "finding metadata-differs");
    assert_int_equal(sidecar->asked, 1);
    assert_false(house_serves(h, META));
    house_free(h);
}

/* The same bytes, for which the index states another hash of the metadata. */
static void t1_metadata_restated_are_asked_for_anew(void **state)
{
    (void)state;
    const char *bytes = "good meta:" META "Requires-Dist: other\n";
    const char *meta = META "Requires-Dist: other\n";
    struct house *h = house_new();
    set_sidecar(h, bytes, META, true);
    ask_metadata(h);
    assert_int_equal(h->file.size_bytes, strlen(META));
    set_sidecar(h, bytes, meta, true);
    ask_page_anew(h);
    assert_false(house_serves(h, META));
    ask_metadata(h);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(h->file.size_bytes, strlen(meta));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

/* Going to other bytes and back does not make an upstream's word about a file undone, nor does it help to
 * state the hash only later. */
static void t1_what_was_shown_of_these_bytes_counts(void **state)
{
    (void)state;
    const char *bytes = "good meta:" META "Requires-Dist: other\n";
    for (int late = 0; late < 2; late++) {
        struct house *h = house_new();
        set_sidecar(h, bytes, META, false);
        if (late) {
            house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL " - - 30 sidecar\n");
        }
        ask_metadata(h);
        assert_int_equal(h->file.size_bytes, strlen(META));
        if (!late) {
            set_sidecar(h, "good meta:" META, META, false);
            ask_page_anew(h);
        }
        set_sidecar(h, bytes, META, false);
        ask_page_anew(h);
        house_ask_file(h, "pkg", WHEEL);
        assert_str_eq(h->file.refusal.rule, "finding metadata-differs");
        house_free(h);
    }
}

/* Metadata under way for the former bytes are not taken for those of the new ones. */
static void t1_a_fetch_overtaken_by_a_replacement_does_not_count(void **state)
{
    (void)state;
    const char *meta = META "Requires-Dist: other\n";
    struct house *h = house_new();
    set_sidecar(h, "good meta:" META, META, false);
    house_site(h, SIDECAR, 200, "text/plain", META)->mute = true;
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_METADATA, 8000, false);
    house_settle(h);
    assert_false(h->file_here);
    set_sidecar(h, "good, and others meta:" META "Requires-Dist: other\n", meta, false);
    house_site(h, SIDECAR, 200, "text/plain", meta)->mute = false;
    ask_page_anew(h);
    ask_metadata(h); /* does not wait for the one that never answers */
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(h->file.size_bytes, strlen(meta));
    house_free(h);
}

static void t1_a_direct_reference_is_never_shown(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "attack meta:" META "direct\n", "sidecar");
    house_site(h, SIDECAR, 200, "text/plain", META "direct\n");
    ask_metadata(h);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    assert_false(house_serves(h, META "direct\n"));
    house_free(h);
}

static void t1_without_sidecar_the_wheel_answers(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "good meta:" META, "");
    ask_metadata(h);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(house_serves(h, META));
    assert_int_equal(h->scans[1], 1);
    house_free(h);
}

/* A file of two million bytes, the end of which says what the rest does. */
static char *large(const char *metadata)
{
    size_t filler = 2000000, n = strlen(metadata);
    char *bytes = ch_calloc(filler + n + 32, 1);
    memset(bytes, 'x', filler);
    snprintf(bytes + filler, n + 32, "meta:%s", metadata);
    return bytes;
}

static void metadata_of_a_large_file_come_from_its_end(void **state)
{
    (void)state;
    struct house *h = house_new();
    char *bytes = large("TAIL:" META);
    set_wheel(h, bytes, "");
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", bytes)->ranges = true;
    ask_metadata(h);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(house_serves(h, META));
    assert_int_equal(h->scans[1], 0);
    /* the whole file says something else ("TAIL:..."): denied */
    house_ask_file(h, "pkg", WHEEL);
    assert_str_eq(h->file.refusal.rule, "finding metadata-differs");
    free(bytes);
    house_free(h);
}

/* A sidecar that the index does not announce is asked for only where the end cannot be had. */
static void an_unannounced_sidecar_comes_after_the_end(void **state)
{
    (void)state;
    for (int ranges = 0; ranges < 2; ranges++) {
        struct house *h = house_new();
        set_wheel(h, "good TAIL:" META, "");
        house_site(h, FILE_URL(WHEEL), 200, "application/zip", "good TAIL:" META)->ranges = ranges;
        struct site *sidecar = house_site(h, SIDECAR, 200, "text/plain", META);
        ask_metadata(h);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        assert_true(house_serves(h, META));
        assert_int_equal(h->scans[1], 0); /* the file itself was not needed */
        assert_int_equal(sidecar->asked, ranges ? 0 : 1);
        house_free(h);
    }
}

static void t1_a_direct_reference_at_the_end_is_not_shown(void **state)
{
    (void)state;
    struct house *h = house_new();
    char *bytes = large("TAIL:" META "direct\n");
    set_wheel(h, bytes, "");
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", bytes)->ranges = true;
    ask_metadata(h);
    assert_false(house_serves(h, META "direct\n"));
    assert_int_equal(h->scans[1], 1); /* the whole file had to answer */
    free(bytes);
    house_free(h);
}

static void without_ranges_the_whole_file_answers(void **state)
{
    (void)state;
    struct house *h = house_new();
    char *bytes = large(META);
    set_wheel(h, bytes, "");
    ask_metadata(h);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(house_serves(h, META));
    assert_int_equal(h->scans[1], 1);
    free(bytes);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t1_the_checked_sidecar_goes_out),
        cmocka_unit_test(evicted_metadata_come_back),
        cmocka_unit_test(t4_what_is_forgotten_is_no_longer_remembered),
        cmocka_unit_test(the_sidecar_is_there_before_the_resolver_asks),
        cmocka_unit_test(an_unusable_sidecar_is_tried_again_later),
        cmocka_unit_test(a_slow_sidecar_is_overtaken_by_the_file),
        cmocka_unit_test(t1_a_sidecar_that_differs_from_the_wheel_denies),
        cmocka_unit_test(t1_replaced_bytes_do_not_inherit_what_was_shown),
        cmocka_unit_test(t1_an_end_that_is_not_as_stated_is_read_once),
        cmocka_unit_test(t1_metadata_restated_are_asked_for_anew),
        cmocka_unit_test(t1_what_was_shown_of_these_bytes_counts),
        cmocka_unit_test(t1_a_fetch_overtaken_by_a_replacement_does_not_count),
        cmocka_unit_test(t1_a_direct_reference_is_never_shown),
        cmocka_unit_test(t1_without_sidecar_the_wheel_answers),
        cmocka_unit_test(metadata_of_a_large_file_come_from_its_end),
        cmocka_unit_test(an_unannounced_sidecar_comes_after_the_end),
        cmocka_unit_test(t1_a_direct_reference_at_the_end_is_not_shown),
        cmocka_unit_test(without_ranges_the_whole_file_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
