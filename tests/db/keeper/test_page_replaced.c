/* Other bytes under a known name, and what is known of those that they replaced (T7). */
#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/keeper/pages/page_replaced.h"
#include "page_answers.h"

/* Bytes whose sha256 nobody stated: by their other hash, or as those that came. */
static void test_T7_bytes_that_are_back_by_another_hash(void **state)
{
    enum { SHA512, MD5, RECEIVED };
    const struct ch_sha256 one = {{1}}, none = {{0}};
    const struct ch_index_head head = {.states_times = true};
    (void)state;
    for (int by = 0; by < 3; by++) {
        struct page_facts page = {0};
        struct ch_err err;
        struct ch_alias alias[2] = {
            {.kind = by == SHA512 ? CH_HASH_SHA512 : CH_HASH_MD5, .byte = {1}},
            {.kind = by == SHA512 ? CH_HASH_SHA512 : CH_HASH_MD5, .byte = {2}}};
        for (int n = 0; n < 3; n++) { /* these, others, these */
            if (by == RECEIVED) {
                assert_ch_ok(&err, answer_hashed(&page, &head, false,
                                                 n == 0   ? 0
                                                 : n == 1 ? 2
                                                          : 1,
                                                 n == 1 ? &one : &none, &err));
            } else {
                assert_ch_ok(&err, answer_alias(&page, &head, &alias[n % 2], &err));
            }
            if (n == 0) {
                page.files[0].first_seen_at_us = 50;
            }
            bool theirs = n == 0 || (n == 2 && by != MD5);
            assert_int_equal(page.files[0].first_seen_at_us, theirs ? 50 : 200);
            assert_int_equal(page.files[0].baseline, theirs);
        }
        page_facts_done(&page);
    }
}

/* T7: the bytes' age is theirs. A page is read at 100, 200 ...; `hash` is what stands for "a" then.
 */
static void test_T7_bytes_that_are_back_are_as_old_as_they_were(void **state)
{
    static const struct {
        const char *label;
        uint8_t hash[6];
        int64_t uploaded[6];
        bool baseline[6];
        int64_t first_seen[6], counts[6];
        size_t replaced;
    } rows[] = {
        {"one lie",
         {1, 2, 1, 1},
         {5, 5, 5, 5},
         {1, 0, 1, 1},
         {100, 200, 100, 100},
         {5, 5, 5, 5},
         1},
        {"of those of a moment, too",
         {1, 2, 1, 2, 3, 2},
         {5, 5, 5, 5, 5, 5},
         {1, 0, 1, 0, 0, 0},
         {100, 200, 100, 200, 500, 200},
         {5, 5, 5, 5, 5, 5},
         2},
        {"what was stated of them counts",
         {1, 2, 1, 2, 1},
         {50, 1, 5, 1, 70},
         {1, 0, 1, 0, 1},
         {100, 200, 100, 200, 100},
         {50, 1, 50, 1, 70},
         1},
        {"without a hash they are those before",
         {1, 2, 0, 1},
         {5, 5, 5, 5},
         {1, 0, 0, 1},
         {100, 200, 200, 100},
         {5, 5, 5, 5},
         1},
        {"gone meanwhile",
         {1, 99, 2, 99, 1},
         {5, 5, 5, 5, 5},
         {1, 1, 0, 0, 1},
         {100, 100, 300, 300, 100},
         {5, 5, 5, 5, 5},
         1},
    };
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct page_facts page;
        for (int n = 0; n < 6 && (n < 4 || rows[i].first_seen[n] != 0); n++) {
            const struct line a = {"a", rows[i].hash[n], rows[i].uploaded[n], 9, NULL};
            struct seen seen =
                answer(&page, n == 0, 100 * n, 100 * (n + 1), &a, a.hash == 99 ? 0 : 1);
            const struct page_fact_file *f = &page.files[0];
            if (f->baseline != rows[i].baseline[n] ||
                f->first_seen_at_us != rows[i].first_seen[n] ||
                f->index.uploaded_at_us != rows[i].counts[n] || page.file_count != 1) {
                fail_msg("%s: answer %d: %lld %lld", rows[i].label, n,
                         (long long)f->first_seen_at_us, (long long)f->index.uploaded_at_us);
            }
            assert_int_equal(seen.returned, n > 1 && rows[i].hash[n] != 0 &&
                                                rows[i].hash[n] != 99 &&
                                                f->first_seen_at_us < 100 * (n + 1) &&
                                                rows[i].hash[n - 1] != rows[i].hash[n]);
        }
        assert_int_equal(page.replaced_count, rows[i].replaced);
        page_facts_done(&page);
    }
}

/* However often others are listed: those that stood for long stay known, and the page no larger. */
static void test_T7_a_flood_of_other_bytes_pushes_none_out(void **state)
{
    struct page_facts page;
    size_t bytes = 0;
    (void)state;
    for (int n = 0; n < 60; n++) {
        const struct line a = {"a", (uint8_t)(n + 1), 5, 9, NULL};
        answer(&page, n == 0, 100000 + n, 100001 + n, &a, 1);
        if (n == 0) {
            page.files[0].first_seen_at_us = 7; /* it stood for a while */
        }
        assert_true(page.replaced_count <= PAGE_REPLACED_OF_NAME);
        if (n == 10) {
            bytes = page.content.buf.len;
        }
    }
    assert_int_equal(page.content.buf.len, bytes);
    const struct line back = {"a", 30, 5, 9, NULL}; /* not kept: new */
    answer(&page, false, 200000, 200001, &back, 1);
    assert_int_equal(page.files[0].first_seen_at_us, 200001);
    assert_int_equal(page.files[0].last_absent_at_us, 200000);
    const struct line first = {"a", 1, 5, 9, NULL};
    answer(&page, false, 200100, 200101, &first, 1);
    assert_int_equal(page.files[0].first_seen_at_us, 7);
    assert_true(page.files[0].baseline);
    page_facts_done(&page);
}

/* Of a page so many, those that stood the longest; and an answer in which all is other costs no
 * more. */
/* What was shown for a moment is not old because of that. */
static void test_T7_bytes_that_were_away_for_long_are_new(void **state)
{
    static const struct line a = {"a", 1, 5, 9, NULL}, b = {"a", 2, 5, 9, NULL};
    (void)state;
    for (int64_t late = 0; late <= 1; late++) {
        struct page_facts page;
        int64_t back_us = 200 + PAGE_REPLACED_AWAY_US + late;
        answer(&page, true, 0, 100, &a, 1);
        answer(&page, false, 100, 200, &b, 1);
        answer(&page, false, 200, 300, &b, 1);
        answer(&page, false, 300, back_us, &a, 1);
        assert_int_equal(page.files[0].first_seen_at_us, late ? back_us : 100);
        assert_int_equal(page.files[0].last_absent_at_us, late ? 300 : CH_TIME_UNKNOWN);
        assert_int_equal(page.files[0].baseline, !late);
        assert_int_equal(page.replaced_count, 1); /* those of "b" */
        page_facts_done(&page);
    }
}

static void test_T7_a_page_keeps_so_many_that_were_replaced(void **state)
{
    enum { FILES = PAGE_REPLACED_OF_PAGE + 7, LONGEST = PAGE_REPLACED_OF_PAGE - 1 };
    struct line *lines = ch_calloc(FILES, sizeof(*lines));
    char(*names)[12] = ch_calloc(FILES, sizeof(*names));
    struct page_facts page;
    (void)state;
    for (size_t i = 0; i < FILES; i++) {
        snprintf(names[i], sizeof(names[i]), "a%zu", i);
        lines[i] = (struct line){names[i], 1, 5, 9, NULL};
    }
    answer(&page, true, 0, 100, lines, FILES);
    for (size_t i = 0; i < FILES; i++) {
        page.files[i].first_seen_at_us = i >= FILES - LONGEST ? 50 : 90;
        lines[i].hash = 2;
    }
    answer(&page, false, 100, 200, lines, FILES);
    assert_int_equal(page.replaced_count, PAGE_REPLACED_OF_PAGE);
    for (size_t i = 0; i < FILES; i++) {
        lines[i].hash = 1;
    }
    answer(&page, false, 200, 300, lines, FILES);
    size_t old = 0;
    for (size_t i = 0; i < FILES; i++) {
        old += page.files[i].first_seen_at_us == 90;
        if (i >= FILES - LONGEST) {
            assert_int_equal(page.files[i].first_seen_at_us, 50);
        }
    }
    assert_int_equal(old, 1);
    page_facts_done(&page);
    free(names);
    free(lines);
}

static void test_snapshot_has_what_was_replaced(void **state)
{
    static const struct line before[] = {{"a", 1, 5, 9, NULL}}, after[] = {{"a", 2, 6, 9, NULL}};
    struct page_facts page, again;
    struct ch_buf copy;
    struct ch_err err;
    (void)state;
    answer(&page, true, 0, 100, before, 1);
    size_t without = page.content.buf.len;
    answer(&page, false, 100, 200, after, 1);
    for (size_t cut = without + 1; cut < page.content.buf.len; cut++) {
        ch_buf_init(&copy, 1u << 20);
        ch_buf_put(&copy, page.content.buf.ptr, cut);
        assert_ch_code(CH_E_FORMAT, page_facts_decode(&copy, &again, &err));
        ch_buf_done(&copy);
    }
    assert_ch_ok(&err, page_facts_forget_serial(&page, &again, &err));
    assert_int_equal(again.replaced_count, 1);
    assert_int_equal(again.replaced[0].index.sha256.byte[0], 1);
    assert_int_equal(again.replaced[0].first_seen_at_us, 100);
    assert_int_equal(again.replaced[0].removed_at_us, 200);
    assert_true(again.replaced[0].baseline);
    page_facts_done(&again);
    page_facts_done(&page);
    ch_buf_init(&copy, 1u << 20);
    answer(&page, true, 0, 100, before, 1);
    ch_buf_puts(&copy, ch_buf_str(&page.content.buf));
    ch_put_u32(&copy, 0); /* none is not said */
    assert_ch_code(CH_E_FORMAT, page_facts_decode(&copy, &again, &err));
    ch_buf_done(&copy);
    page_facts_done(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T7_bytes_that_are_back_by_another_hash),
        cmocka_unit_test(test_T7_bytes_that_are_back_are_as_old_as_they_were),
        cmocka_unit_test(test_T7_a_flood_of_other_bytes_pushes_none_out),
        cmocka_unit_test(test_T7_bytes_that_were_away_for_long_are_new),
        cmocka_unit_test(test_T7_a_page_keeps_so_many_that_were_replaced),
        cmocka_unit_test(test_snapshot_has_what_was_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
