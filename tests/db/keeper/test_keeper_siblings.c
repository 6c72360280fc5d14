/* What an attack in one file says about the others of its version (T10), and what is no attack. */
#include "house.h"

#include <stdio.h>

#include "db/keeper/intake/faults.h"
#include "db/keeper/intake/intake.h"
#include "db/keeper/pages/page.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"
#define NEXT  "pkg-1.1-py3-none-any.whl"

/* T10: an attack in one file holds its siblings, also those that were allowed. */
static void t10_siblings_of_an_attack_are_held(void **state)
{
    (void)state;
    struct house *h = house_new();
    const char *other = "pkg-1.0-py2-none-any.whl";
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE,
               WHEEL " - - 30\npkg-1.0-py2-none-any.whl - - 30\n" NEXT " - - 30\n");
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "clean");
    house_site(h, FILE_URL("pkg-1.0-py2-none-any.whl"), 200, "application/zip", "attack");
    house_site(h, FILE_URL(NEXT), 200, "application/zip", "newer");
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_ask_file(h, "pkg", other);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    assert_false(house_serves(h, "clean"));
    house_ask_file(h, "pkg", WHEEL);
    assert_str_eq(h->file.refusal.rule, "sibling");
    house_ask_file(h, "pkg", NEXT); /* another version is not meant */
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

#define SIBLING "pkg-1.0-py2-none-any.whl"

/* The page states the hashes of both (of the wheel, unless NULL); `comes` is what is had for the
 * wheel. */
static void set_pair(struct house *h, const char *wheel, const char *sibling, const char *comes)
{
    char text[512], hash[CH_SHA256_HEX + 1], other[CH_SHA256_HEX + 1];
    snprintf(text, sizeof(text), WHEEL " %s - 30\n" SIBLING " %s - 30\n",
             wheel == NULL ? "-" : house_hex(wheel, hash), house_hex(sibling, other));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", comes);
    house_site(h, FILE_URL(SIBLING), 200, "application/zip", sibling);
}

static void ask_page_anew(struct house *h)
{
    house_ask_page(h, "pkg"); /* after a restart it has to be there first */
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    for (size_t i = 0; i < p->fault_count; i++) {
        p->faults[i].at_us -= 10 * 1000000; /* it was found out a while ago */
    }
    /* before what comes was released: it is not held for its age (T7) */
    p->checked_at_us -= 60 * 86400 * 1000000LL;
    house_ask_page(h, "pkg");
}

static void expect(struct house *h, const char *file, const char *rule)
{
    house_ask_file(h, "pkg", file);
    if (rule == NULL && h->file.outcome != CH_FILE_ALLOW) {
        fail_msg("%s: %.*s", file, CH_STR_ARG(h->file.refusal.reason));
    } else if (rule != NULL) {
        assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
        assert_str_eq(h->file.refusal.rule, rule);
    }
}

/* The verdicts on both files are these, and are the same out of the store alone (T10). */
static void expect_both(struct house *h, const char *wheel, const char *sibling)
{
    for (int round = 0; round < 2; round++) {
        expect(h, WHEEL, wheel);
        expect(h, SIBLING, sibling);
        house_restart(h);
    }
}

/* Bytes other than those that the index states say nothing about the version. */
static void t10_a_broken_transfer_holds_nothing(void **state)
{
    (void)state;
    const char *const broken[] = {"good, a bit flipped", "good, and an attack"};
    for (size_t i = 0; i < CH_ARRAY_LEN(broken); i++) {
        struct house *h = house_new();
        set_pair(h, "good", "sibling", broken[i]);
        expect_both(h, "finding hash-mismatch", NULL);
        set_pair(h, "good", "sibling", "good");
        ask_page_anew(h); /* which is as before: now the file is fetched anew */
        expect_both(h, NULL, NULL);
        house_free(h);
    }
}

/* The index states later what came too early. */
static void t10_bytes_that_were_a_mismatch_are_judged_as_what_they_are(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_pair(h, "old", "sibling", "new");
    expect(h, WHEEL, "finding hash-mismatch");
    set_pair(h, "new", "sibling", "new");
    ask_page_anew(h);
    expect_both(h, NULL, NULL);
    house_free(h);
}

/* Replacing an attack frees nothing of its version, whether or not the index stated hashes. */
static void t10_a_replaced_attack_holds_its_version(void **state)
{
    (void)state;
    for (int stated = 0; stated < 2; stated++) {
        struct house *h = house_new();
        set_pair(h, stated ? "attack" : NULL, "sibling", "attack");
        expect_both(h, "finding direct-reference", "sibling");
        set_pair(h, "honest", "sibling", "honest");
        ask_page_anew(h);
        expect_both(h, "sibling", "sibling");
        expect(h, WHEEL, "sibling");
        assert_true(ch_str_find(h->file.refusal.reason, CH_STR("other bytes that came"), NULL));
        house_free(h);
    }
}

/* Bytes that take the place of an attack while the keeper runs: it is not forgotten until the
 * restart. */
static void t10_an_attack_replaced_on_arrival_holds_its_version(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_sha256 attack = ch_sha256_of("attack", 6);
    struct ch_err err;
    set_pair(h, NULL, "sibling", "attack");
    expect(h, WHEEL, "finding direct-reference");
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    assert_ch_ok(&err, ch_blobs_evict(h->k->blobs, &attack, &err));
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "honest");
    assert_true(intake_rescan(h->k, p, (size_t)page_find_file(p, CH_STR(WHEEL))));
    house_settle(h);
    expect_both(h, "sibling", "sibling"); /* which its bytes-changed does not hide */
    house_free(h);
}

#define MD5_ATTACK "fc7e987f23de5bd6562b7c0063cad659"
#define MD5_HONEST "eeaf118e5d97270acfc4cd8da9555891"

/* As set_pair; of the wheel the page states this md5 as well, unless NULL. */
static void set_pair_md5(struct house *h, const char *wheel, const char *md5, const char *sibling)
{
    char text[512], hash[CH_SHA256_HEX + 1], other[CH_SHA256_HEX + 1];
    snprintf(text, sizeof(text), WHEEL " %s - 30 %s%s\n" SIBLING " %s - 30\n",
             house_hex(wheel, hash), md5 != NULL ? "md5:" : "", md5 != NULL ? md5 : "",
             house_hex(sibling, other));
    set_pair(h, wheel, sibling, wheel);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
}

/* An inspection is one of the hashes that the index stated; that an attack came is so whatever it
 * states since, of the bytes that take its place or of the same ones. */
static void t10_another_hash_stated_frees_no_sibling(void **state)
{
    (void)state;
    const struct {
        const char *former, *then, *then_md5;
    } ways[] = {
        {MD5_ATTACK, "honest", MD5_HONEST}, {MD5_ATTACK, "honest", NULL},
        {NULL, "honest", MD5_HONEST},       {NULL, "attack", MD5_ATTACK},
        {MD5_ATTACK, "attack", MD5_HONEST},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(ways); i++) {
        struct house *h = house_new();
        set_pair_md5(h, "attack", ways[i].former, "sibling");
        expect_both(h, "finding direct-reference", "sibling");
        set_pair_md5(h, ways[i].then, ways[i].then_md5, "sibling");
        ask_page_anew(h);
        expect_both(h, "sibling", "sibling");
        house_free(h);
    }
}

/* T15: the right sha256 beside another md5 is a mismatch, found once: it is not inspected for ever.
 */
static void t15_an_md5_that_differs_is_a_mismatch_once(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_pair_md5(h, "honest", MD5_ATTACK, "sibling");
    expect(h, WHEEL, "finding hash-mismatch");
    size_t scans = h->scans[0];
    expect_both(h, "finding hash-mismatch", NULL);
    expect(h, WHEEL, "finding hash-mismatch");
    assert_int_equal(h->scans[0], scans + 1); /* the sibling's */
    set_pair_md5(h, "honest", MD5_HONEST, "sibling");
    ask_page_anew(h);
    expect_both(h, NULL, NULL);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t10_siblings_of_an_attack_are_held),
        cmocka_unit_test(t10_a_broken_transfer_holds_nothing),
        cmocka_unit_test(t10_bytes_that_were_a_mismatch_are_judged_as_what_they_are),
        cmocka_unit_test(t10_a_replaced_attack_holds_its_version),
        cmocka_unit_test(t10_an_attack_replaced_on_arrival_holds_its_version),
        cmocka_unit_test(t10_another_hash_stated_frees_no_sibling),
        cmocka_unit_test(t15_an_md5_that_differs_is_a_mismatch_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
