/* T6: findings are of an inspector and of rules. What is new needs those in force; what is served
 * is inspected again by itself, and is withdrawn when its verdict turns bad (T4). */
#include "house.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/keeper/intake/rescan.h"
#include "db/keeper/rulings/rulings.h"
#include "db/log/bundle.h"
#include "log_seen.h"

#define OLD  "pkg-1.0-py3-none-any.whl"
#define NEW  "pkg-2.0-py3-none-any.whl"

#define BAD  "bytes attack-under:two;"
#define GOOD "other bytes"

static const char CONFIG[] =
    "listen:\n  - {address: '127.0.0.1:8080'}\n"
    "rescan_grace_days: %d\n"
    "upstreams:\n"
    "  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true}\n"
    "repositories:\n"
    "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n"
    "  - {name: more, ecosystem: pypi, upstreams: [up]}\n";

static char config[1024];

/* A house under the rules "one" in which both files are served. */
static struct house *open_house(int grace_days)
{
    snprintf(config, sizeof(config), CONFIG, grace_days);
    struct house *h = house_new_with(NULL, config);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - 60\n" NEW " - - 40\n");
    house_site(h, FILE_URL(OLD), 200, "application/zip", BAD);
    house_site(h, FILE_URL(NEW), 200, "application/zip", GOOD);
    h->repository = "pypi";
    house_rules(h, "one");
    house_ask_file(h, "pkg", OLD);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_ask_file(h, "pkg", NEW);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_settle(h);
    return h;
}

static bool says(const struct ch_buf *out, const char *text)
{
    return ch_str_find(ch_buf_str(out), ch_str_of(text), NULL);
}

static void new_rules_rescan_what_is_served_and_withdraw(void **state)
{
    (void)state;
    struct house *h = open_house(7);
    size_t fetches = h->fetches, scans = h->scans[1];
    house_tell_served(h, "pkg", OLD, BAD, "192.0.2.7");
    uint64_t epoch = keeper_epoch(h->k);
    house_rules(h, "two");
    house_settle(h);
    assert_int_equal(h->scans[1], scans + 2);
    assert_int_equal(h->fetches, fetches); /* the bytes are here */
    assert_true(keeper_epoch(h->k) > epoch);
    assert_false(house_serves(h, BAD));
    assert_true(house_serves(h, GOOD));
    struct rescan_state s = rescan_state(h->k);
    assert_int_equal(s.total, 2);
    assert_int_equal(s.done, 2);
    assert_int_equal(s.withdrawn, 1);
    house_ask_file(h, "pkg", OLD);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    house_ask_file(h, "pkg", NEW);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(h->scans[1], scans + 2);
    house_free(h);
}

/* Until its own rescan has ended, what is served keeps the findings that it was allowed on. */
static void served_files_keep_replaced_findings_for_their_grace(void **state)
{
    (void)state;
    struct house *h = open_house(7);
    h->mute_scans = true;
    house_rules(h, "two");
    house_settle(h);
    house_ask_file(h, "pkg", NEW);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    /* a gateway may not believe it beyond the grace */
    assert_true(h->file.not_after_boot_ms <= ch_now_boot_ms() + 600000);
    house_restart(h); /* grace does not begin anew, and does not end with a restart */
    house_ask_file(h, "pkg", NEW);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

static void without_grace_they_are_held(void **state)
{
    (void)state;
    struct house *h = open_house(0);
    h->mute_scans = true;
    house_rules(h, "two");
    house_settle(h);
    house_ask_part(h, "pkg", NEW, CH_PART_FILE, 30);
    assert_int_not_equal(h->file.outcome, CH_FILE_ALLOW);
    h->mute_scans = false;
    house_restart(h); /* takes up what was under way */
    house_ask_file(h, "pkg", NEW);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

/* What was never allowed needs the rules in force at once. */
static void new_files_need_the_rules_in_force(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - 60\n");
    house_site(h, FILE_URL(OLD), 200, "application/zip", "x irregular-under:one;");
    house_rules(h, "one");
    house_ask_file(h, "pkg", OLD);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    size_t scans = h->scans[1];
    house_rules(h, "two");
    house_settle(h);
    assert_int_equal(h->scans[1], scans); /* nobody is served it: no rescan by itself */
    house_ask_file(h, "pkg", OLD);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(h->scans[1], scans + 1);
    house_free(h);
}

/* An attack that older rules found stands until newer ones have looked. */
static void an_old_attack_stands(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE,
               OLD " - - 60\npkg-1.0-cp311-cp311-win_amd64.whl - - 60\n");
    house_site(h, FILE_URL(OLD), 200, "application/zip", "x attack-under:one;");
    house_rules(h, "one");
    house_ask_file(h, "pkg", OLD);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    house_rules(h, "two");
    house_settle(h);
    house_ask_file(h, "pkg", OLD);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    house_ask_file(h, "pkg", "pkg-1.0-cp311-cp311-win_amd64.whl"); /* T10 */
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    h->flag = "wait";
    assert_int_equal(house_command(h, false, "rescan", OLD, NULL, NULL, &out), 0);
    assert_true(says(&out, OLD " (pypi): allow"));
    house_ask_file(h, "pkg", OLD);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    ch_buf_done(&out);
    house_free(h);
}

/* An answer made with other rules than those in force is none: the jail is asked again. */
static void an_answer_of_other_rules_does_not_count(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - 60\n");
    house_site(h, FILE_URL(OLD), 200, "application/zip", GOOD);
    house_rules(h, "one");
    house_settle(h);
    h->answered_rules =
        ch_sha256_of("zero", 4); /* and it stays so: it says one thing, does another */
    house_ask_file(h, "pkg", OLD);
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_false(house_serves(h, GOOD));
    assert_int_equal(h->scans[1], 5); /* so often, then it fails */
    house_free(h);
}

static void a_rescan_goes_on_after_a_crash(void **state)
{
    (void)state;
    struct house *h = open_house(7);
    h->mute_scans = true;
    house_rules(h, "two");
    house_settle(h);
    assert_true(house_serves(h, BAD));
    h->mute_scans = false;
    house_restart(h);
    house_settle(h);
    assert_false(house_serves(h, BAD));
    house_ask_file(h, "pkg", NEW);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

/* What was evicted is fetched again, and must be the same. */
static void evicted_bytes_are_fetched_again(void **state)
{
    (void)state;
    struct house *h = open_house(7);
    struct ch_sha256 bad = ch_sha256_of(BAD, strlen(BAD));
    struct ch_err err;
    assert_ch_ok(&err, ch_blobs_evict(h->k->blobs, &bad, &err));
    assert_ch_ok(&err, ch_store_put_blob(h->k->store, &bad, strlen(BAD), CH_BLOB_EVICTED, 1, &err));
    size_t fetches = h->fetches;
    house_rules(h, "two");
    house_settle(h);
    assert_int_equal(h->fetches, fetches + 1);
    assert_int_equal(rescan_state(h->k).withdrawn, 1);
    house_ask_file(h, "pkg", OLD);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    house_free(h);
}

static void by_hand_it_says_what_became_of_it_and_who_has_it(void **state)
{
    (void)state;
    struct house *h = open_house(7);
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_tell_served(h, "pkg", OLD, BAD, "192.0.2.7");
    h->rules = "two"; /* the jail finds more than before, and does not say why: nothing is due */
    h->flag = "wait";
    assert_int_equal(house_command(h, false, "rescan", NULL, NULL, NULL, &out), 0);
    assert_true(says(&out, "inspecting 0 files again"));
    assert_int_equal(house_command(h, false, "rescan", "pkg", NULL, NULL, &out), 1);
    assert_true(says(&out, OLD " (pypi): deny, withdrawn"));
    assert_true(says(&out, "fetched by 192.0.2.7"));
    assert_true(says(&out, NEW " (pypi): allow"));
    assert_int_equal(house_command(h, true, "rescan", OLD, NULL, NULL, &out),
                     0); /* was withdrawn */
    assert_true(says(&out, "\"verdict\":\"deny\""));
    h->flag = NULL;
    assert_int_equal(house_command(h, false, "rescan", OLD, NULL, NULL, &out), 0);
    assert_true(says(&out, "inspecting 1 file again"));
    assert_int_equal(house_command(h, false, "rescan", "pkg==9", NULL, NULL, &out), 1);
    assert_int_equal(house_command(h, false, "rescan", NULL, NULL, NULL, &out), 0);
    assert_true(says(&out, "inspected again by itself"));
    h->flag = "all";
    assert_int_equal(house_command(h, false, "rescan", NULL, NULL, NULL, &out), 0);
    assert_true(says(&out, "inspecting 2 files again"));
    house_settle(h);
    ch_buf_done(&out);
    house_free(h);
}

static size_t rescans_entered(struct house *h)
{
    struct ch_buf kinds;
    log_until_written(h);
    kinds = log_kinds(h);
    struct ch_str rest = ch_buf_str(&kinds), word;
    size_t n = 0;
    while (ch_str_split(&rest, ' ', &word)) {
        n += ch_str_eq(word, CH_STR("rescan"));
    }
    ch_buf_done(&kinds);
    return n;
}

/* The newest such entry. */
static void assert_rescan(struct house *h, const char *scope, int64_t files, const char *file,
                          const char *versions)
{
    struct ch_buf entry, text;
    uint64_t index;
    int64_t count = 0;
    ch_buf_init(&entry, CH_ENTRY_MAX);
    ch_buf_init(&text, 512);
    struct ch_log_entry_fields f = log_newest(h, "rescan", &entry, &index);
    assert_field(&f, "scope", scope);
    assert_true(ch_log_entry_get_int(&f, "files", &count));
    assert_int_equal(count, files);
    assert_int_equal(ch_log_entry_get_str(&f, "file", &text), file != NULL);
    assert_str_eq(ch_buf_str(&text), file != NULL ? file : "");
    ch_buf_clear(&text);
    assert_int_equal(ch_log_entry_get_str(&f, "versions", &text), versions != NULL);
    assert_str_eq(ch_buf_str(&text), versions != NULL ? versions : "");
    assert_int_equal(ch_log_entry_get(&f, "project").len > 0, file != NULL || versions != NULL);
    log_assert_hidden(h, index, &f, ch_buf_str(&entry), "local:1000");
    ch_buf_done(&entry);
    ch_buf_done(&text);
}

/* Who had what inspected again is in the log; who only looks is not. */
static void who_has_what_inspected_again_is_entered(void **state)
{
    (void)state;
    struct house *h = open_house(7);
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(house_command(h, false, "rescan", NULL, NULL, NULL, &out), 0);
    assert_int_equal(house_command(h, false, "rescan", "pkg==9", NULL, NULL, &out), 1);
    assert_int_equal(rescans_entered(h), 0);
    h->flag = "wait"; /* it is run again each time that something was inspected */
    assert_int_equal(house_command(h, false, "rescan", "pkg==2.0", NULL, NULL, &out), 0);
    assert_int_equal(rescans_entered(h), 1);
    assert_rescan(h, "named", 1, NULL, "==2.0");
    assert_int_equal(house_command(h, false, "rescan", OLD, NULL, NULL, &out), 0);
    assert_int_equal(rescans_entered(h), 2);
    assert_rescan(h, "named", 1, OLD, NULL);
    assert_int_equal(house_command(h, false, "rescan", NULL, NULL, NULL, &out), 0);
    assert_int_equal(rescans_entered(h), 3);
    assert_rescan(h, "due", 0, NULL, NULL);
    h->flag = "all";
    assert_int_equal(house_command(h, false, "rescan", NULL, NULL, NULL, &out), 0);
    assert_int_equal(rescans_entered(h), 4);
    assert_rescan(h, "all", 2, NULL, NULL);
    house_settle(h);
    ch_buf_done(&out);
    house_free(h);
}

/* One inspection for both repositories; each judges for itself, and both withdraw. */
static void repositories_with_one_upstream_share_a_rescan(void **state)
{
    (void)state;
    struct house *h = open_house(7);
    struct ch_ask_file ask = {.ask = ++h->asks,
                              .repository = CH_STR("more"),
                              .project = CH_STR("pkg"),
                              .file_name = CH_STR(OLD),
                              .patience_ms = 8000};
    struct ch_buf b;
    ch_buf_init(&b, 16u << 10);
    ch_ask_file_put(&b, &ask);
    h->file_here = false;
    assert_true(ch_channel_send(h->gateway, CH_MSG_ASK_FILE, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
    house_until(h, &h->file_here);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_settle(h);
    size_t scans = h->scans[1];
    house_rules(h, "two");
    house_settle(h);
    struct rescan_state s = rescan_state(h->k);
    assert_int_equal(s.total, 3);
    assert_int_equal(s.done, 3);
    assert_true(h->scans[1] <= scans + 3);
    assert_false(house_serves(h, BAD));
    struct page *p = page_get(h->k, CH_STR("more"), CH_STR("pkg"));
    ptrdiff_t at = page_find_file(p, CH_STR(OLD));
    assert_int_equal(p->files[at].recorded_verdict, CH_VERDICT_DENY);
    house_free(h);
}

/* The key of its inspection has the md5 that the index states: that is not another inspection to be made. */
static void a_file_of_two_hashes_is_inspected_once(void **state)
{
    (void)state;
    struct house *h = house_new();
    char text[256], digest[CH_SHA256_HEX + 1];
    snprintf(text, sizeof(text), "pkg-1.0-py3-none-any.whl %s 6 30 md5:eeaf118e5d97270acfc4cd8da9555891\n",
             house_hex("honest", digest));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    house_site(h, FILE_URL("pkg-1.0-py3-none-any.whl"), 200, "application/zip", "honest");
    house_rules(h, "one");
    house_ask_file(h, "pkg", "pkg-1.0-py3-none-any.whl");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_restart(h);
    house_settle(h);
    assert_int_equal(rescan_state(h->k).total, 0);
    house_rules(h, "two");
    house_settle(h);
    assert_int_equal(rescan_state(h->k).total, 1);
    assert_int_equal(rescan_state(h->k).done, 1);
    house_free(h);
}

static void store_clock(struct house *h, const char *run, const char *boot, bool stopped)
{
    struct ch_buf b;
    struct ch_err err;
    ch_buf_init(&b, 256);
    ch_put_str(&b, ch_str_of(run));
    ch_put_u64(&b, (uint64_t)(h->k->clock_offset_us - 2 * 3600 * 1000000LL));
    ch_put_str(&b, ch_str_of(boot));
    ch_put_u8(&b, stopped);
    assert_ch_ok(&err, ch_store_set_value(h->k->store, CH_STR("clock"), ch_buf_str(&b), &err));
    ch_buf_done(&b);
}

/* T7: what the clock was when the service was started outlives keepers and crashes; not that somebody
 * stopped it, nor another boot, whose clocks count from elsewhere. */
static void a_clock_that_jumped_has_jumped_after_a_restart(void **state)
{
    (void)state;
    struct house *h = open_house(7);
    char boot[40];
    assert_false(h->k->clock_jumped);
    house_restart(h);
    assert_false(h->k->clock_jumped);
    assert_int_equal(strlen(h->k->boot_id) > 30, 1);
    snprintf(boot, sizeof(boot), "%s", h->k->boot_id);
    const struct {
        const char *run, *boot;
        bool stopped, jumped;
    } rows[] = {
        {"", "another boot", false, true}, /* the run goes on: its keeper alone was started again */
        {"another run", boot, false, true},
        {"another run", boot, true, false},
        {"another run", "another boot", false, false},
        {"another run", "", false, false},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        house_settle(h);
        store_clock(h, rows[i].run, rows[i].boot, rows[i].stopped);
        int64_t offset = h->k->clock_offset_us;
        house_restart(h);
        assert_int_equal(h->k->clock_jumped, rows[i].jumped);
        h->k->clock_offset_us = offset;
    }
    struct ch_buf b;
    struct ch_err err;
    ch_buf_init(&b, 256);
    assert_ch_ok(&err, ch_store_get_value(h->k->store, CH_STR("clock"), &b, &err));
    assert_int_equal(b.ptr[b.len - 1], false);
    h->k->child.on_drain(h->k); /* a drained service was stopped */
    assert_ch_ok(&err, ch_store_get_value(h->k->store, CH_STR("clock"), &b, &err));
    assert_int_equal(b.ptr[b.len - 1], true);
    ch_buf_done(&b);
    house_free(h);
}

/* T7: a denial with an end does not end by a clock that jumped; one that had ended before has. */
static void a_denial_does_not_end_by_a_jump(void **state)
{
    (void)state;
    const int64_t hour = 3600 * 1000000LL;
    for (int ago = 1; ago <= 3; ago += 2) {
        struct house *h = house_new();
        struct ch_err err;
        house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, "pkg-1.0-py3-none-any.whl - - 30\n");
        house_site(h, FILE_URL("pkg-1.0-py3-none-any.whl"), 200, "application/zip", "bytes");
        house_ask_file(h, "pkg", "pkg-1.0-py3-none-any.whl");
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        struct ch_ruling_row row = {.deny = true,
                                    .project = CH_STR("pkg"),
                                    .reason = CH_STR("until it is mended"),
                                    .by = CH_STR("uid:0"),
                                    .at_us = ch_now_unix_us() - 9 * hour,
                                    .expires_at_us = ch_now_unix_us() - ago * hour};
        assert_ch_ok(&err, rulings_add(h->k, &row, &err));
        house_ask_file(h, "pkg", "pkg-1.0-py3-none-any.whl");
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        h->k->clock_offset_us -= 2 * hour; /* so it was an hour before it, or had been for an hour */
        h->k->clock_jumped = true;
        h->k->rules++;
        house_ask_file(h, "pkg", "pkg-1.0-py3-none-any.whl");
        assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
        assert_int_equal(h->file.refusal.verdict,
                         ago == 1 ? CH_VERDICT_DENY : CH_VERDICT_HOLD); /* else "clock" holds it */
        house_free(h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_rules_rescan_what_is_served_and_withdraw),
        cmocka_unit_test(served_files_keep_replaced_findings_for_their_grace),
        cmocka_unit_test(without_grace_they_are_held),
        cmocka_unit_test(new_files_need_the_rules_in_force),
        cmocka_unit_test(an_old_attack_stands),
        cmocka_unit_test(an_answer_of_other_rules_does_not_count),
        cmocka_unit_test(a_rescan_goes_on_after_a_crash),
        cmocka_unit_test(evicted_bytes_are_fetched_again),
        cmocka_unit_test(by_hand_it_says_what_became_of_it_and_who_has_it),
        cmocka_unit_test(a_file_of_two_hashes_is_inspected_once),
        cmocka_unit_test(a_clock_that_jumped_has_jumped_after_a_restart),
        cmocka_unit_test(a_denial_does_not_end_by_a_jump),
        cmocka_unit_test(who_has_what_inspected_again_is_entered),
        cmocka_unit_test(repositories_with_one_upstream_share_a_rescan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
