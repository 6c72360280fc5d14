/* From stored inspections to the facts that policy judges by: of the file, of its page, and of the
 * release that was approved before it. */
#include "house.h"

#include <stdio.h>
#include <stdlib.h>

#define W1     "pkg-1.0-py3-none-any.whl"
#define W2     "pkg-2.0-py3-none-any.whl"
#define W3     "pkg-3.0-py3-none-any.whl"
#define S2     "pkg-2.0.tar.gz"
#define LINUX2 "pkg-2.0-cp311-cp311-manylinux_2_17_x86_64.whl"
#define WIN3   "pkg-3.0-cp311-cp311-win_amd64.whl"
#define LINUX3 "pkg-3.0-cp311-cp311-manylinux_2_17_x86_64.whl"

static struct house *open_house(void)
{
    struct house *h = house_new();
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE,
               W1 " - - 90\n" W2 " - - 60\n" W3 " - - 30\n" S2 " - - 60\n" LINUX2 " - - 60\n" WIN3
                  " - - 30\n" LINUX3 " - - 30\n");
    house_site(h, FILE_URL(W1), 200, "application/zip", "one fact:capability=network;");
    house_site(h, FILE_URL(W2), 200, "application/zip", "two fact:capability=process;");
    house_site(h, FILE_URL(W3), 200, "application/zip", "three fact:licence=MIT;fact:native=elf x86-64;");
    house_site(h, FILE_URL(LINUX2), 200, "application/zip", "linux two");
    house_site(h, FILE_URL(WIN3), 200, "application/zip", "win three");
    house_site(h, FILE_URL(LINUX3), 200, "application/zip", "linux three");
    return h;
}

static void facts_of(struct house *h, const char *file, struct ch_facts *ret)
{
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    assert_true(page_load(h->k, p));
    ptrdiff_t at = page_find_file(p, ch_str_of(file));
    assert_true(at >= 0);
    judge_facts(h->k, p, (size_t)at, ret);
}

static void allow(struct house *h, const char *file)
{
    house_ask_file(h, "pkg", file);
    if (h->file.outcome != CH_FILE_ALLOW) {
        fail_msg("%s: %.*s", file, CH_STR_ARG(h->file.refusal.reason));
    }
}

static void facts_are_those_of_the_inspection(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_facts f;
    allow(h, W3);
    for (int round = 0; round < 2; round++) { /* also out of the store */
        facts_of(h, W3, &f);
        assert_int_equal(f.inspected_count, 2);
        assert_str_eq(f.inspected[0].name, "licence");
        assert_str_eq(f.inspected[0].value, "MIT");
        assert_str_eq(f.environment, "prod");
        assert_true(f.version_has_wheel);
        assert_true(f.project_since_us < ch_now_unix_us() - 89 * 86400 * 1000000LL);
        assert_int_equal(f.previous_version.len, 0);
        house_restart(h);
    }
    facts_of(h, W2, &f); /* not inspected: none, and nothing to compare */
    assert_int_equal(f.inspected_count, 0);
    facts_of(h, S2, &f);
    assert_true(f.version_has_wheel);
    house_free(h);
}

/* What is gone is no reason to hold an sdist; but no rule about wheels without a wheel meets one. */
static void a_wheel_is_one_also_when_it_is_gone(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_facts f;
    allow(h, W2);
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    static const char *const gone[] = {W2, LINUX2};
    for (size_t i = 0; i < CH_ARRAY_LEN(gone); i++) {
        ptrdiff_t at = page_find_file(p, ch_str_of(gone[i]));
        assert_true(at >= 0);
        p->facts.files[at].removed_at_us = ch_now_unix_us();
    }
    page_index_build(p);
    facts_of(h, W2, &f);
    assert_true(f.version_has_wheel);
    facts_of(h, S2, &f);
    assert_false(f.version_has_wheel);
    house_free(h);
}

static void the_previous_is_the_last_approved_before(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_facts f;
    allow(h, W1);
    allow(h, W2);
    allow(h, W3);
    for (int round = 0; round < 2; round++) {
        facts_of(h, W3, &f);
        assert_str_eq(f.previous_version, "2.0");
        assert_int_equal(f.previous_size_bytes, strlen("two fact:capability=process;"));
        assert_str_eq(f.previous[0].value, "process");
        assert_true(f.previous_uploaded_at_us != CH_TIME_UNKNOWN);
        facts_of(h, W2, &f);
        assert_str_eq(f.previous_version, "1.0");
        facts_of(h, W1, &f);
        assert_int_equal(f.previous_version.len, 0);
        house_restart(h);
    }
    house_free(h);
}

/* Who asks for an old version later does not throw doubt on what has passed already. */
static void an_older_one_approved_later_is_not_previous(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_facts f;
    allow(h, W2);
    allow(h, W1);
    for (int round = 0; round < 2; round++) {
        facts_of(h, W2, &f);
        assert_int_equal(f.previous_version.len, 0);
        house_restart(h);
    }
    allow(h, W3);
    facts_of(h, W3, &f);
    assert_str_eq(f.previous_version, "2.0");
    house_free(h);
}

static void the_previous_is_of_the_same_kind_where_there_is_one(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_facts f;
    allow(h, W1);
    allow(h, LINUX2);
    allow(h, WIN3);
    allow(h, LINUX3);
    facts_of(h, LINUX3, &f);
    assert_str_eq(f.previous_version, "2.0");
    facts_of(h, WIN3, &f); /* none for its platform: a wheel at least */
    assert_str_eq(f.previous_version, "2.0");
    allow(h, W3);
    facts_of(h, W3, &f);
    assert_str_eq(f.previous_version, "1.0");
    house_free(h);
}

static void what_was_denied_is_no_previous(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_facts f;
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    allow(h, W1);
    allow(h, W2);
    allow(h, W3);
    assert_int_equal(house_command(h, false, "deny", W2, "bad", NULL, &out), 0);
    facts_of(h, W3, &f);
    assert_str_eq(f.previous_version, "1.0");
    ch_buf_done(&out);
    house_free(h);
}

/* Each jail's cost is kept with the inspection, and whose it is. */
static void an_inspection_says_what_it_cost(void **state)
{
    (void)state;
    struct house *h = open_house();
    house_rules(h, "some rules");
    allow(h, W1);
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    const struct ch_inspection_result *in =
        inspection_of(h->k, p, (size_t)page_find_file(p, CH_STR(W1)));
    assert_non_null(in);
    assert_int_equal(in->row.strict.cpu_us, 1000);
    assert_int_equal(in->row.second.cpu_us, 2000);
    assert_int_equal(in->row.cpu_us, 3000);
    assert_int_equal(in->row.strict.memory_bytes, 1 << 20);
    assert_int_equal(in->row.second.memory_bytes, 2 << 20);
    assert_int_equal(in->inspector_version, CH_INSPECTOR_VERSION);
    struct ch_sha256 rules = ch_sha256_of("some rules", 10);
    assert_true(ch_sha256_eq(&in->ruleset, &rules));
    house_free(h);
}

/* Of an upstream that does state times, that key changes nothing, so it is not named. */
static void t7_where_others_have_times_one_is_awaited(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE,
               "pkg-1.0-py3-none-any.whl - 10 -\n"
               "pkg-1.1-py3-none-any.whl - 10 30\n");
    assert_int_equal(house_command(h, false, "explain", "pkg==1.0", NULL, NULL, &out), 0);
    assert_true(ch_str_find(
        ch_buf_str(&out),
        CH_STR("what would change it: the upstream stating when it was released; or:"), NULL));
    ch_buf_done(&out);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_are_those_of_the_inspection),
        cmocka_unit_test(a_wheel_is_one_also_when_it_is_gone),
        cmocka_unit_test(t7_where_others_have_times_one_is_awaited),
        cmocka_unit_test(the_previous_is_the_last_approved_before),
        cmocka_unit_test(an_older_one_approved_later_is_not_previous),
        cmocka_unit_test(the_previous_is_of_the_same_kind_where_there_is_one),
        cmocka_unit_test(what_was_denied_is_no_previous),
        cmocka_unit_test(an_inspection_says_what_it_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
