/* What people rule, what a reload changes, and what outlives the keeper. */
#include "said.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/keeper/rulings/rulings.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"
#define NEXT  "pkg-1.1-py3-none-any.whl"

static char hex[CH_SHA256_HEX + 1];

static void set_wheel(struct house *h, const char *bytes, unsigned days)
{
    char text[512];
    snprintf(text, sizeof(text), WHEEL " %s %zu %u\n", house_hex(bytes, hex), strlen(bytes), days);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", bytes);
}

#define COMMAND(h, status, ...) assert_int_equal(status, house_command(h, __VA_ARGS__))

static void t4_deny_takes_a_served_file_away_at_once(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "bytes", 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_true(house_serves(h, "bytes"));
    uint64_t epoch = h->epoch.epoch;
    COMMAND(h, 0, false, "deny", "pypi:pkg==1.0", "malware", NULL, &out);
    assert_false(house_serves(h, "bytes"));
    assert_true(h->epoch.epoch > epoch);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    house_restart(h);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    assert_false(house_serves(h, "bytes"));
    ch_buf_done(&out);
    house_free(h);
}

static void deny_before_any_file_is_known(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    COMMAND(h, 0, false, "deny", "pypi:pkg>=0.5", "not here", NULL, &out);
    assert_int_equal(h->fetches, 0);
    set_wheel(h, "bytes", 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    assert_int_equal(h->scans[1], 0);
    ch_buf_done(&out);
    house_free(h);
}

/* A file's name alone says which project it is of, as far as it does; what it is denied as does not
 * depend on that. */
static void a_file_is_denied_before_its_page_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *page, *project, *file;
        const char *denied; /* NULL: the file's name */
    } rows[] = {
        {PAGE_URL("my-pkg"), "my-pkg", "my-pkg-1.0.tar.gz", NULL},
        {PAGE_URL("a-b"), "a-b", "a-b-2004d.tar.gz", NULL}, /* no version of PEP 440 */
        {PAGE_URL("foo"), "foo", "foo-1-2.tar.gz", NULL},   /* it could be of foo-1 as well */
        {PAGE_URL("old"), "old", "old-1.0.tgz", NULL},
        {PAGE_URL("older"), "older", "older-1.0.tar",
         "http://127.0.0.1:8080/pypi/files/older/older-1.0.tar"},
        {PAGE_URL("other"), "other", "other-1.0.tar.lzma", NULL},
    };
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char text[512];
        snprintf(text, sizeof(text), "%s - 5 30\n", rows[i].file);
        house_site(h, rows[i].page, 200, PAGE_TYPE, text);
        COMMAND(h, 0, false, "deny", rows[i].denied != NULL ? rows[i].denied : rows[i].file,
                "malware", NULL, &out);
    }
    for (int again = 0; again < 2; again++) {
        for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
            house_ask_file(h, rows[i].project, rows[i].file);
            if (h->file.outcome != CH_FILE_REFUSED || h->file.refusal.verdict != CH_VERDICT_DENY) {
                fail_msg("%s is not denied", rows[i].file);
            }
        }
        house_restart(h);
    }
    ch_buf_done(&out);
    house_free(h);
}

/* Whichever project it was denied as: bytes that another one's listing had served go, too. */
static void t4_a_denied_file_goes_wherever_it_is_listed(void **state)
{
    (void)state;
    static const char file[] = "my-pkg-1.0.tar.gz"; /* of "my", it would be version pkg-1.0 */
    struct house *h = house_new();
    struct ch_buf out;
    char text[512];
    ch_buf_init(&out, 1u << 20);
    snprintf(text, sizeof(text), "%s %s 5 30\n", file, house_hex("bytes", hex));
    house_site(h, PAGE_URL("my-pkg"), 200, PAGE_TYPE, text);
    house_site(h, FILE_URL("my-pkg-1.0.tar.gz"), 200, "application/gzip", "bytes");
    house_site(h, PAGE_URL("my"), 200, PAGE_TYPE, text);
    house_ask_file(h, "my-pkg", file);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(house_serves(h, "bytes"));
    house_ask_page(h, "my");
    COMMAND(h, 0, false, "deny", file, "malware", NULL, &out);
    assert_false(house_serves(h, "bytes"));
    ch_buf_done(&out);
    house_free(h);
}

/* Bytes are denied before anybody has them: where the index states their hash before they are
 * fetched, else when they arrive; in every project and repository. */
static void bytes_are_denied_before_they_are_known(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    char digest[CH_SHA256_HEX + 8] = "sha256:", other[CH_SHA256_HEX + 8] = "sha256:";
    ch_buf_init(&out, 1u << 20);
    house_hex("bytes", digest + 7);
    house_hex("others", other + 7);
    COMMAND(h, 1, false, "explain", digest, NULL, NULL, &out);
    assert_true(says(&out, "nobody denied it"));
    COMMAND(h, 0, false, "deny", digest, "on a list of malware", NULL, &out);
    assert_true(says(&out, "in all repositories"));
    COMMAND(h, 0, true, "deny", other, "short", "1d", &out);
    assert_true(says(&out, "\"sha256\":\""));
    assert_false(says(&out, "\"project\""));
    for (int round = 0; round < 2; round++) {
        COMMAND(h, 0, false, "explain", digest, NULL, NULL, &out);
        assert_true(says(&out, "was ever fetched"));
        assert_true(says(&out, "on a list of malware"));
        COMMAND(h, 0, true, "explain", digest, NULL, NULL, &out);
        assert_true(says(&out, "\"fetched\":false"));
        assert_true(says(&out, "\"reason\":\"on a list of malware\""));
        house_restart(h);
    }
    set_wheel(h, "bytes", 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    assert_int_equal(h->scans[1], 0); /* not even fetched */
    house_site(h, PAGE_URL("second"), 200, PAGE_TYPE, "second-1.0-py3-none-any.whl - - 30\n");
    house_site(h, FILE_URL("second-1.0-py3-none-any.whl"), 200, "application/zip", "others");
    house_ask_file(h, "second", "second-1.0-py3-none-any.whl");
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    assert_false(house_serves(h, "others"));
    set_wheel(h, "innocent", 30); /* the name itself is not denied */
    house_restart(h);
    house_site(h, PAGE_URL("third"), 200, PAGE_TYPE, "third-1.0-py3-none-any.whl - - 30\n");
    house_site(h, FILE_URL("third-1.0-py3-none-any.whl"), 200, "application/zip", "innocent");
    house_ask_file(h, "third", "third-1.0-py3-none-any.whl");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    COMMAND(h, 2, false, "deny", "sha256:12", "why", NULL, &out);
    h->repository = "nosuch";
    COMMAND(h, 2, false, "deny", digest, "why", NULL, &out);
    ch_buf_done(&out);
    house_free(h);
}

/* Known bytes are denied under every name that has them, at once. */
static void denied_bytes_are_denied_under_every_name(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    char digest[CH_SHA256_HEX + 8] = "sha256:";
    ch_buf_init(&out, 1u << 20);
    house_hex("bytes", digest + 7);
    set_wheel(h, "bytes", 30);
    house_site(h, PAGE_URL("second"), 200, PAGE_TYPE, "second-1.0-py3-none-any.whl - - 30\n");
    house_site(h, FILE_URL("second-1.0-py3-none-any.whl"), 200, "application/zip", "bytes");
    house_ask_file(h, "pkg", WHEEL);
    house_ask_file(h, "second", "second-1.0-py3-none-any.whl");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    COMMAND(h, 0, false, "deny", digest, "malware", NULL, &out);
    assert_false(house_serves(h, "bytes"));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    house_ask_file(h, "second", "second-1.0-py3-none-any.whl");
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    ch_buf_done(&out);
    house_free(h);
}

static void t8_approve_inspects_first_and_ends(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "irregular", 1);
    COMMAND(h, 2, false, "approve", "pypi:pkg==1.0", "needed", "never", &out); /* without end */
    COMMAND(h, 2, false, "approve", "pypi:pkg==1.0", NULL, "14d", &out);
    /* Nobody approves findings unseen: the first run shows them and their digest. */
    COMMAND(h, 1, false, "approve", "pypi:pkg==1.0", "needed", "14d", &out);
    assert_true(says(&out, "zip-crc-differs"));
    size_t at = 0;
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("--evidence "), &at));
    char *evidence = ch_str_dup(ch_str_sub(ch_buf_str(&out), at + 11, 50));
    h->evidence = "0123456789abcdef";
    COMMAND(h, 1, false, "approve", "pypi:pkg==1.0", "needed", "14d", &out);
    assert_true(says(&out, "conflict"));
    h->evidence = evidence;
    COMMAND(h, 0, false, "approve", "pypi:pkg==1.0", "needed", "14d", &out);
    free(evidence);
    h->evidence = NULL;
    assert_int_equal(h->scans[1], 1);
    assert_true(says(&out, "now: allow"));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_restart(h);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    ch_buf_done(&out);
    house_free(h);
}

/* However many there are, and whatever has ended: each one counts. */
static void t8_no_ruling_is_lost_among_many(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_err err;
    set_wheel(h, "bytes", 1); /* young: held */
    house_ask_page(h, "pkg");
    struct ch_ruling_row row = {.project = CH_STR("pkg"),
                                .lifts = 1ull << CH_HOLD_AGE,
                                .reason = CH_STR("needed"),
                                .by = CH_STR("a person"),
                                .policy = ch_policy_digest(h->k->policy)};
    int64_t now = keeper_now_us(h->k);
    for (int i = 0; i < 40; i++) { /* ended ones */
        row.at_us = now - 2000000;
        row.expires_at_us = now - 1000000;
        assert_ch_ok(&err, rulings_add(h->k, &row, &err));
    }
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    row.at_us = now;
    row.expires_at_us = now + 3600 * 1000000LL;
    assert_ch_ok(&err, rulings_add(h->k, &row, &err));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    for (int i = 0; i < 40; i++) {
        assert_ch_ok(&err, rulings_add(h->k, &row, &err));
    }
    row.deny = true;
    row.lifts = 0;
    row.expires_at_us = CH_TIME_UNKNOWN;
    assert_ch_ok(&err, rulings_add(h->k, &row, &err));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    row.expires_at_us = now - 1000000; /* one that has ended takes no place of the other */
    assert_ch_ok(&err, rulings_add(h->k, &row, &err));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    house_free(h);
}

static void t8_no_approval_lifts_an_attack(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "attack", 30);
    COMMAND(h, 1, false, "approve", WHEEL, "please", "14d", &out);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    ch_buf_done(&out);
    house_free(h);
}

/* T8, T9: of a range only age is lifted; each file still needs its own clean inspection. */
static void t9_a_range_lifts_age_only(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL " - - 1\n" NEXT " - - 1\n");
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "clean");
    house_site(h, FILE_URL(NEXT), 200, "application/zip", "irregular");
    COMMAND(h, 0, false, "approve", "pypi:pkg>=1.0", "team", "14d", &out);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_ask_file(h, "pkg", NEXT);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    ch_buf_done(&out);
    house_free(h);
}

static void a_reload_ends_what_the_policy_allowed(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_err err;
    set_wheel(h, "bytes", 30);
    house_ask_file(h, "pkg", WHEEL);
    house_ask_page(h, "pkg");
    assert_null(house_listed(h, WHEEL)->yanked_reason.ptr);
    struct ch_setup texts = {
        .policy_name = CH_STR("policy.yaml"),
        .policy_text = CH_STR("version: 1\ncool_down_days: 60\n"),
        .config_name = CH_STR("customhouse.yaml"),
        .config_text = CH_STR("listen:\n  - {address: '127.0.0.1:8080'}\n"
                              "upstreams:\n  - {name: up, ecosystem: pypi, trust_times: true, "
                              "url: 'https://up.example.org/simple'}\n"
                              "repositories:\n  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n")};
    assert_ch_ok(&err, house_reload_texts(h, &texts, &err));
    assert_false(house_serves(h, "bytes"));
    house_ask_file(h, "pkg", WHEEL);
    assert_str_eq(h->file.refusal.rule, "cool-down");
    texts.policy_text = CH_STR("nonsense: 1\n"); /* leaves the old one in force */
    assert_int_not_equal(house_reload_texts(h, &texts, &err), CH_OK);
    house_ask_file(h, "pkg", WHEEL);
    assert_str_eq(h->file.refusal.rule, "cool-down");
    house_free(h);
}

/* ------------------------------------------------------------------ restarts */

static void resume_while(bool fetching)
{
    struct house *h = house_new();
    set_wheel(h, "bytes", 30);
    house_ask_page(h, "pkg");
    h->mute_fetches = fetching;
    h->mute_scans = !fetching;
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 8000, false);
    house_settle(h);
    assert_false(h->file_here);
    struct site *s = house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
    size_t asked = s->asked;
    h->mute_fetches = h->mute_scans = false;
    house_restart(h); /* nobody asks: the work goes on by itself */
    house_settle(h);
    assert_int_equal(s->asked, asked + (fetching ? 1 : 0));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(s->asked, asked + (fetching ? 1 : 0));
    house_free(h);
}

static void a_fetch_goes_on_after_a_restart(void **state)
{
    (void)state;
    resume_while(true);
}

static void a_scan_goes_on_after_a_restart_without_a_fetch(void **state)
{
    (void)state;
    resume_while(false);
}

static void decided_files_are_served_after_a_restart(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "bytes", 30);
    house_ask_file(h, "pkg", WHEEL);
    house_settle(h);
    size_t fetches = h->fetches;
    house_restart(h);
    assert_true(house_serves(h, "bytes"));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(h->fetches, fetches);
    house_free(h);
}

/* A link in served/ that no decision stands behind is gone after start-up (T3). */
static void t3_a_stray_link_is_removed_at_start(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_err err;
    struct ch_sha256 d;
    assert_ch_ok(&err, ch_blobs_put(h->k->blobs, CH_STR("stray"), &d, &err));
    assert_ch_ok(&err, ch_blobs_serve(h->k->blobs, &d, &err));
    assert_true(house_serves(h, "stray"));
    house_restart(h);
    assert_false(house_serves(h, "stray"));
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t4_deny_takes_a_served_file_away_at_once),
        cmocka_unit_test(deny_before_any_file_is_known),
        cmocka_unit_test(a_file_is_denied_before_its_page_is_known),
        cmocka_unit_test(t4_a_denied_file_goes_wherever_it_is_listed),
        cmocka_unit_test(bytes_are_denied_before_they_are_known),
        cmocka_unit_test(denied_bytes_are_denied_under_every_name),
        cmocka_unit_test(t8_approve_inspects_first_and_ends),
        cmocka_unit_test(t8_no_ruling_is_lost_among_many),
        cmocka_unit_test(t8_no_approval_lifts_an_attack),
        cmocka_unit_test(t9_a_range_lifts_age_only),
        cmocka_unit_test(a_reload_ends_what_the_policy_allowed),
        cmocka_unit_test(a_fetch_goes_on_after_a_restart),
        cmocka_unit_test(a_scan_goes_on_after_a_restart_without_a_fetch),
        cmocka_unit_test(decided_files_are_served_after_a_restart),
        cmocka_unit_test(t3_a_stray_link_is_removed_at_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
