/* An index that contradicts what it said before, what our own page of it was without, or the bytes
 * that have come: what was known stands (T7), at the file route at once and after a restart. */
#include "house.h"

#include "db/keeper/pages/page.h"

#include <stdio.h>

#define FILE_1 "pkg-1.0-py3-none-any.whl"
#define FILE_2 "pkg-2.0-py3-none-any.whl"
#define DAY_US (86400 * 1000000LL)

/* The index says this from now on, and is read; what it said before was confirmed so many days ago.
 */
static void index_says(struct house *h, int64_t confirmed_days_ago, const char *text)
{
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    house_ask_page(h, "pkg"); /* it is in memory */
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    p->checked_at_us = ch_now_unix_us() - confirmed_days_ago * DAY_US;
    house_ask_page(h, "pkg");
    house_settle(h);
    house_ask_page(h, "pkg");
}

static const char *line(const char *file, const char *bytes, long long size, unsigned days)
{
    static char text[512];
    char hex[CH_SHA256_HEX + 1];
    snprintf(text, sizeof(text), "%s %s %lld %u\n", file, house_hex(bytes, hex), size, days);
    return text;
}

static void assert_held(struct house *h, const char *file, const char *rule, const char *reason)
{
    house_ask_file(h, "pkg", file);
    if (h->file.outcome != CH_FILE_REFUSED || !ch_str_eq(h->file.refusal.rule, ch_str_of(rule)) ||
        !ch_str_find(h->file.refusal.reason, ch_str_of(reason), NULL)) {
        fail_msg("%s: %d %.*s: %.*s", file, (int)h->file.outcome, CH_STR_ARG(h->file.refusal.rule),
                 CH_STR_ARG(h->file.refusal.reason));
    }
}

static void assert_served(struct house *h, const char *file)
{
    house_ask_file(h, "pkg", file);
    if (h->file.outcome != CH_FILE_ALLOW) {
        fail_msg("%s: %d %.*s", file, (int)h->file.outcome, CH_STR_ARG(h->file.refusal.reason));
    }
}

static void T7_a_time_that_was_stated_is_not_taken_back(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "good", 1);
    assert_held(h, FILE_1, "cool-down", "released 1 day ago");
    index_says(h, 1, line(FILE_1, "good", 4, 4000));
    assert_held(h, FILE_1, "cool-down", "released 1 day ago");
    house_restart(h);
    assert_held(h, FILE_1, "cool-down", "released 1 day ago");
    index_says(h, 1, line(FILE_1, "good", 4, 4000)); /* nor by repeating it */
    assert_held(h, FILE_1, "cool-down", "released 1 day ago");
    house_free(h);
}

static void T7_a_later_time_counts_at_once(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "good", 400);
    assert_served(h, FILE_1);
    index_says(h, 1, line(FILE_1, "good", 4, 2));
    assert_held(h, FILE_1, "cool-down", "released 2 days ago");
    house_free(h);
}

/* Other bytes under an old name, or an old file that nobody has seen: the page of two days ago was
 * complete, and without them. */
static void T7_a_file_is_not_older_than_our_page_without_it(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    char both[1024];
    ch_buf_init(&out, 1u << 20);
    house_wheel(h, "good", 400);
    assert_served(h, FILE_1);
    house_site(h, FILE_URL(FILE_1), 200, "application/octet-stream", "evil");
    house_site(h, FILE_URL(FILE_2), 200, "application/octet-stream", "late");
    snprintf(both, sizeof(both), "%s", line(FILE_1, "evil", 4, 400));
    snprintf(both + strlen(both), sizeof(both) - strlen(both), "%s", line(FILE_2, "late", 4, 400));
    index_says(h, 2, both);
    for (int restarted = 0; restarted < 2; restarted++) {
        assert_held(h, FILE_1, "cool-down", "the index states ");
        assert_held(h, FILE_1, "cool-down", ", but did not list it on ");
        assert_held(h, FILE_1, "cool-down", "; the policy asks for 7 days (until ");
        assert_held(h, FILE_2, "cool-down", "; the policy asks for 7 days (until ");
        assert_false(house_serves(h, "evil"));
        assert_int_equal(house_command(h, false, "explain", FILE_1, NULL, NULL, &out), 0);
        assert_true(
            ch_str_find(ch_buf_str(&out), CH_STR(", but its index did not list it on 20"), NULL));
        assert_true(ch_str_find(ch_buf_str(&out), CH_STR(": that counts\n"), NULL));
        house_restart(h);
    }
    /* what was listed, and is not, and is again: the same bytes are as old as they were (T5) */
    index_says(h, 1, line(FILE_1, "evil", 4, 400));
    assert_held(h, FILE_2, "removed-upstream", "gone from the upstream index since");
    index_says(h, 1, both);
    assert_held(h, FILE_2, "cool-down", "; the policy asks for 7 days (until ");
    ch_buf_done(&out);
    house_free(h);
}

static void T7_a_page_of_long_ago_says_nothing_of_what_came_since(void **state)
{
    (void)state;
    struct house *h = house_new();
    char both[1024];
    house_wheel(h, "good", 400);
    assert_served(h, FILE_1);
    house_site(h, FILE_URL(FILE_2), 200, "application/octet-stream", "late");
    snprintf(both, sizeof(both), "%s", line(FILE_1, "good", 4, 400));
    snprintf(both + strlen(both), sizeof(both) - strlen(both), "%s", line(FILE_2, "late", 4, 30));
    index_says(h, 60, both);
    assert_served(h, FILE_1);
    assert_served(h, FILE_2);
    house_free(h);
}

/* The same as if it had stated that size before they came. */
static void a_size_stated_later_is_compared_with_what_came(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    char bare[512], hex[CH_SHA256_HEX + 1];
    ch_buf_init(&out, 1u << 20);
    for (int stated = 0; stated < 2; stated++) {
        snprintf(bare, sizeof(bare), FILE_1 " %s - 400\n", house_hex("good", hex));
        house_wheel(h, "good", 400);
        if (stated == 0) {
            house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, bare);
        }
        assert_served(h, FILE_1);
        assert_true(house_serves(h, "good"));
        index_says(h, 1, line(FILE_1, "good", 5, 400));
        assert_false(house_serves(h, "good")); /* before anybody asks for it */
        assert_held(h, FILE_1, "finding size-mismatch", "5 bytes stated, 4 received");
        assert_true(ch_str_find(h->file.refusal.change,
                                CH_STR("the upstream's index stating the size of its bytes, 4; no "
                                       "approval can"),
                                NULL));
        assert_int_equal(house_command(h, false, "approve", FILE_1, "needed", "7d", &out), 1);
        house_restart(h);
        assert_held(h, FILE_1, "finding size-mismatch", "5 bytes stated, 4 received");
        index_says(h, 1, line(FILE_1, "good", 4, 400));
        assert_served(h, FILE_1);
        house_free(h);
        h = house_new();
    }
    ch_buf_done(&out);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(T7_a_time_that_was_stated_is_not_taken_back),
        cmocka_unit_test(T7_a_later_time_counts_at_once),
        cmocka_unit_test(T7_a_file_is_not_older_than_our_page_without_it),
        cmocka_unit_test(T7_a_page_of_long_ago_says_nothing_of_what_came_since),
        cmocka_unit_test(a_size_stated_later_is_compared_with_what_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
