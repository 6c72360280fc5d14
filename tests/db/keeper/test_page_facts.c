/* What is known of a page: merged, never forgotten (T5, T7). */
#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/keeper/pages/page_unread.h"
#include "page_answers.h"
#include "tests/scanner/unpack/corpus.h"

static void test_T7_first_load_is_the_baseline(void **state)
{
    static const struct line lines[] = {{"a", 1, 5, 9, NULL}, {"b", 2, 6, 9, NULL}};
    struct page_facts page;
    (void)state;
    struct seen seen = answer(&page, true, 0, 100, lines, 2);
    assert_int_equal(seen.appeared, 0);
    assert_int_equal(page.file_count, 2);
    assert_true(page.files[0].baseline && page.files[1].baseline);
    assert_int_equal(page.files[0].first_seen_at_us, 100);
    page_facts_done(&page);
}

static void test_T7_age_runs_from_the_last_page_without_the_file(void **state)
{
    static const struct line lines[] = {{"a", 1, 5, 9, NULL}, {"b", 2, 6, 9, NULL}};
    struct page_facts page;
    (void)state;
    answer(&page, true, 0, 100, lines, 1);
    struct seen seen = answer(&page, false, 150, 200, lines, 2);
    assert_int_equal(seen.appeared, 1);
    assert_int_equal(seen.last_absent, 150);
    assert_true(page.files[0].baseline);
    assert_false(page.files[1].baseline);
    assert_int_equal(page.files[1].last_absent_at_us, 150);
    assert_int_equal(page.files[1].first_seen_at_us, 200);
    page_facts_done(&page);
}

static void test_an_answer_that_says_less_takes_nothing_away(void **state)
{
    static const struct line full[] = {{"a", 1, 5, 9, ">=3.8"}};
    static const struct line bare[] = {{"a", 0, CH_TIME_UNKNOWN, CH_SIZE_UNKNOWN, NULL}};
    static const struct line other[] = {{"a", 1, 5, 9, ">=3.9"}};
    struct page_facts page;
    (void)state;
    answer(&page, true, 0, 100, full, 1);
    struct seen seen = answer(&page, false, 100, 200, bare, 1);
    assert_int_equal(seen.appeared + seen.removed, 0);
    assert_int_equal(page.files[0].index.sha256.byte[0], 1);
    assert_int_equal(page.files[0].index.uploaded_at_us, 5);
    assert_str_eq(page.files[0].index.requires_python, ">=3.8");
    assert_int_equal(page.files[0].index.size_bytes, 9);
    assert_true(page.files[0].baseline);
    answer(&page, false, 200, 300, other, 1);
    assert_str_eq(page.files[0].index.requires_python, ">=3.9"); /* what it says counts */
    page_facts_done(&page);
}

static void test_T5_what_is_listed_unreadably_has_not_vanished(void **state)
{
    static const struct line full[] = {{"a", 1, 5, 9, ">=3.8"}, {"b", 2, 6, 9, NULL}};
    static const struct line unreadable[] = {{"!a", 0, 0, 0, NULL}, {"!c", 0, 0, 0, NULL}};
    static const struct line others[] = {{"!a", 0, 0, 0, NULL}, {"a", 3, 5, 9, NULL}};
    struct page_facts page;
    (void)state;
    answer(&page, true, 0, 100, full, 2);
    struct seen seen = answer(&page, false, 150, 200, unreadable, 2);
    assert_int_equal(seen.removed, 1); /* "b" has */
    assert_int_equal(page.file_count, 2);
    assert_int_equal(page.left_out, 2);
    struct ch_buf told;
    ch_buf_init(&told, 256);
    assert_true(page_unread_tell(&page, CH_STR("c"), &told));
    assert_str_eq(ch_buf_str(&told), "The index has an entry of this name that could not be read");
    assert_false(page_unread_tell(&page, CH_STR("b"), &told));
    ch_buf_done(&told);
    assert_str_eq(page.files[0].index.file_name, "a");
    assert_int_equal(page.files[0].removed_at_us, CH_TIME_UNKNOWN);
    assert_str_eq(page.files[0].index.requires_python, ">=3.8");
    assert_true(page.files[0].baseline);
    assert_int_equal(page.files[1].removed_at_us, 200);
    seen = answer(&page, false, 200, 300, others, 2); /* but bytes that are readably others are */
    assert_int_equal(seen.appeared, 1);
    assert_int_equal(page.files[0].index.sha256.byte[0], 3);
    assert_int_equal(page.files[0].last_absent_at_us, 200);
    page_facts_done(&page);
}

/* Who asks for such a file is told why, also once the page was read back; but of so many only. */
static void test_what_cannot_be_read_is_known_by_name_and_field(void **state)
{
    struct page_facts page, again;
    struct stream s;
    struct seen seen = {0};
    struct ch_err err;
    struct ch_index_head head = {.project = CH_STR("p")};
    struct ch_buf content, told;
    char name[16];
    (void)state;
    stream_open(&s);
    ch_scan_write_index_head(s.writer, &head);
    for (unsigned i = 0; i < PAGE_UNREAD_KEPT + 9; i++) {
        snprintf(name, sizeof(name), "f%u", i);
        ch_scan_write_fact(s.writer, CH_STR("skipped"), ch_str_of(name));
        ch_scan_write_fact(s.writer, CH_STR("skipped-for"),
                           i == 1 ? CH_STR("\x1b[2J") : CH_STR("requires-python"));
    }
    stream_end(&s, &answer_input, 1);
    assert_ch_ok(&err, page_facts_merge(NULL, 0, NULL, false, ch_buf_str(&s.bytes), 100, on_change,
                                        &seen, NULL, &page, &err));
    stream_done(&s);
    ch_buf_init(&content, 1u << 20);
    ch_buf_puts(&content, ch_buf_str(&page.content.buf));
    assert_ch_ok(&err, page_facts_decode(&content, &again, &err));
    assert_int_equal(again.left_out, PAGE_UNREAD_KEPT + 9);
    assert_int_equal(again.unread_count, PAGE_UNREAD_KEPT);
    ch_buf_init(&told, 1024);
    assert_true(page_unread_tell(&again, CH_STR("f63"), &told));
    assert_str_eq(ch_buf_str(&told),
                  "The index has an entry of this name that could not be read: its "
                  "requires-python");
    ch_buf_clear(&told);
    assert_true(page_unread_tell(&again, CH_STR("f1"), &told));
    assert_true(ch_str_find(ch_buf_str(&told), CH_STR(": its \\x1b[2J"), NULL));
    assert_false(page_unread_tell(&again, CH_STR("f64"), &told));
    ch_buf_done(&told);
    page_facts_done(&again);
    page_facts_done(&page);
}

/* A page is read at 100, 200 ...; what it states of "a", and what counts. */
static void test_T7_of_the_times_stated_the_latest_counts(void **state)
{
    static const struct {
        const char *label;
        int64_t stated[4], counts[4];
    } rows[] = {
        {"taken back", {50, 5, 5, CH_TIME_UNKNOWN}, {50, 50, 50, 50}},
        {"later", {5, 50, 5, 60}, {5, 50, 50, 60}},
        {"late", {CH_TIME_UNKNOWN, 5, 4, 6}, {CH_TIME_UNKNOWN, 5, 5, 6}},
        {"in the future, and mended", {900, 900, 5, 5}, {900, 900, 100, 100}},
        {"after it was seen first", {5, 150, 5, 150}, {5, 150, 100, 150}},
    };
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct page_facts page;
        for (int n = 0; n < 4; n++) {
            /* also where an answer states no hash */
            const struct line a = {"a", n == 2 ? 0 : 1, rows[i].stated[n], 9, NULL};
            answer(&page, n == 0, 100 * n, 100 * (n + 1), &a, 1);
            if (page.files[0].index.uploaded_at_us != rows[i].counts[n]) {
                fail_msg("%s: answer %d: %lld", rows[i].label, n,
                         (long long)page.files[0].index.uploaded_at_us);
            }
        }
        page_facts_done(&page);
    }
}

/* One more answer that has a head and the file "a". */
static void test_T7_a_hash_stated_late_is_compared_with_what_came(void **state)
{
    const struct ch_sha256 one = {{1}}, none = {{0}};
    const struct ch_index_head head = {.states_times = true};
    (void)state;
    for (int other = 0; other < 3; other++) { /* the same, others, nothing had come */
        struct page_facts page = {0};
        struct ch_err err;
        assert_ch_ok(&err, answer_hashed(&page, &head, false, 0, NULL, &err));
        assert_true(page.files[0].baseline);
        page.files[0].first_seen_at_us = 50;
        assert_ch_ok(&err, answer_hashed(&page, &head, false, other == 1 ? 2 : 1,
                                         other == 2 ? &none : &one, &err));
        assert_int_equal(page.file_count, 1);
        assert_int_equal(page.files[0].baseline, other != 1);
        assert_int_equal(page.files[0].first_seen_at_us, other == 1 ? 200 : 50);
        page_facts_done(&page);
    }
}

static void test_T5_only_an_answer_that_states_a_status_ends_one(void **state)
{
    struct page_facts page = {0};
    struct ch_err err;
    (void)state;
    const struct ch_index_head quarantined = {.status = CH_STATUS_QUARANTINED,
                                              .status_reason = CH_STR("looked at"),
                                              .states_status = true};
    const struct ch_index_head silent = {.status = CH_STATUS_ACTIVE};
    const struct ch_index_head active = {.status = CH_STATUS_ACTIVE, .states_status = true};
    assert_ch_ok(&err, answer_head(&page, &quarantined, true, &err));
    for (int i = 0; i < 2; i++) {
        assert_ch_ok(&err, answer_head(&page, &silent, false, &err));
        assert_int_equal(page.head.status, CH_STATUS_QUARANTINED);
        assert_str_eq(page.head.status_reason, "looked at");
        assert_false(page.files[0].index.yanked); /* every form states that */
    }
    assert_ch_ok(&err, answer_head(&page, &active, false, &err));
    assert_int_equal(page.head.status, CH_STATUS_ACTIVE);
    assert_int_equal(page.head.status_reason.len, 0);
    page_facts_done(&page);
}

static void test_T5_a_serial_never_goes_down(void **state)
{
    struct page_facts page = {0};
    struct ch_err err;
    (void)state;
    assert_ch_ok(&err, answer_head(&page, &(struct ch_index_head){.serial = 7}, false, &err));
    assert_ch_code(CH_E_CONFLICT,
                   answer_head(&page, &(struct ch_index_head){.serial = 6}, false, &err));
    assert_ch_ok(&err, answer_head(&page, &(struct ch_index_head){.serial = 0}, false, &err));
    assert_ch_code(CH_E_CONFLICT,
                   answer_head(&page, &(struct ch_index_head){.serial = 6}, false, &err));
    assert_ch_ok(&err, answer_head(&page, &(struct ch_index_head){.serial = 7}, false, &err));
    assert_ch_ok(&err, answer_head(&page, &(struct ch_index_head){.serial = 8}, false, &err));
    assert_int_equal(page.head.serial, 8);
    page_facts_done(&page);
}

static void test_T5_a_file_that_vanished_is_a_fact_and_may_return(void **state)
{
    static const struct line lines[] = {{"a", 1, 5, 9, NULL}, {"b", 2, 6, 9, NULL}};
    struct page_facts page;
    (void)state;
    answer(&page, true, 0, 100, lines, 2);
    assert_int_equal(answer(&page, false, 100, 200, lines, 1).removed, 1);
    assert_int_equal(page.file_count, 2);
    assert_int_equal(page.files[1].removed_at_us, 200);
    assert_int_equal(answer(&page, false, 200, 300, lines, 1).removed, 0);
    assert_int_equal(page.files[1].removed_at_us, 200);
    assert_int_equal(answer(&page, false, 300, 400, lines, 2).returned, 1);
    assert_true(page.files[1].removed_at_us == CH_TIME_UNKNOWN);
    assert_true(page.files[1].baseline);
    page_facts_done(&page);
}

static void test_T5_a_page_that_vanished_takes_all_its_files_along(void **state)
{
    static const struct line lines[] = {{"a", 1, 5, 9, NULL}, {"b", 2, 6, 9, NULL}};
    struct page_facts page, gone;
    struct seen seen = {0};
    struct ch_err err;
    (void)state;
    answer(&page, true, 0, 100, lines, 2);
    assert_ch_ok(&err, page_facts_vanish(&page, 200, on_change, &seen, &gone, &err));
    page_facts_done(&page);
    assert_int_equal(seen.removed, 2);
    assert_int_equal(gone.file_count, 2);
    assert_int_equal(gone.files[0].removed_at_us, 200);
    assert_int_equal(gone.files[1].removed_at_us, 200);
    seen = answer(&gone, false, 200, 300, lines, 2);
    assert_int_equal(seen.returned, 2);
    assert_int_equal(gone.files[0].removed_at_us, CH_TIME_UNKNOWN);
    assert_true(gone.files[0].baseline);
    page_facts_done(&gone);
}

static void test_other_bytes_under_a_known_name_are_a_new_file(void **state)
{
    static const struct line before[] = {{"a", 1, 5, 9, NULL}};
    static const struct line after[] = {{"a", 2, 5, 9, NULL}};
    struct page_facts page;
    (void)state;
    answer(&page, true, 0, 100, before, 1);
    struct seen seen = answer(&page, false, 150, 200, after, 1);
    assert_int_equal(seen.appeared, 1);
    assert_int_equal(seen.removed, 1);
    assert_int_equal(page.file_count, 1);
    assert_int_equal(page.files[0].index.sha256.byte[0], 2);
    assert_false(page.files[0].baseline);
    assert_int_equal(page.files[0].last_absent_at_us, 150);
    page_facts_done(&page);
}

static void test_details_fill_in_and_must_not_contradict(void **state)
{
    static const struct line bare[] = {{"a", 1, CH_TIME_UNKNOWN, CH_SIZE_UNKNOWN, NULL}};
    static const struct line full[] = {{"a", 1, 7, 11, NULL}, {"unknown", 3, 1, 1, NULL}};
    static const struct line other[] = {{"a", 9, 7, 11, NULL}};
    struct page_facts page;
    struct stream s;
    struct ch_err err;
    (void)state;
    answer(&page, true, 0, 100, bare, 1);
    assert_true(page_facts_lack_details(&page));
    stream_open(&s);
    write_lines(&s, other, 1);
    assert_ch_code(CH_E_MISMATCH, page_facts_fill(&page, ch_buf_str(&s.bytes), &err));
    stream_done(&s);
    assert_true(page_facts_lack_details(&page));
    stream_open(&s);
    write_lines(&s, full, 2);
    assert_ch_ok(&err, page_facts_fill(&page, ch_buf_str(&s.bytes), &err));
    stream_done(&s);
    assert_false(page_facts_lack_details(&page));
    assert_int_equal(page.file_count, 1);
    assert_int_equal(page.files[0].index.uploaded_at_us, 7);
    page_facts_done(&page);
}

static void test_snapshot_survives_its_encoding_and_nothing_less(void **state)
{
    static const struct line lines[] = {{"a", 1, 5, 9, NULL}, {"b", 2, 6, 9, NULL}};
    struct page_facts page, again;
    struct ch_buf copy;
    struct ch_err err;
    (void)state;
    answer(&page, true, 0, 100, lines, 2);
    for (size_t cut = 0; cut < page.content.buf.len; cut++) {
        ch_buf_init(&copy, 1u << 20);
        ch_buf_put(&copy, page.content.buf.ptr, cut);
        assert_ch_code(CH_E_FORMAT, page_facts_decode(&copy, &again, &err));
        ch_buf_done(&copy);
    }
    ch_buf_init(&copy, 1u << 20);
    ch_buf_puts(&copy, ch_buf_str(&page.content.buf));
    assert_ch_ok(&err, page_facts_decode(&copy, &again, &err));
    assert_int_equal(again.file_count, 2);
    assert_str_eq(again.files[1].index.file_name, "b");
    ch_buf_done(&copy);
    page_facts_done(&again);
    ch_buf_init(&copy, 1u << 20);
    ch_buf_puts(&copy, ch_buf_str(&page.content.buf));
    copy.ptr[copy.len - 1 - 3 * 8] = 2; /* baseline of the last file: yes and no are 1 and 0 */
    assert_ch_code(CH_E_FORMAT, page_facts_decode(&copy, &again, &err));
    ch_buf_done(&copy);
    page_facts_done(&page);
    answer(&page, true, 0, 100, lines, 0);
    ch_buf_init(&copy, 1u << 20);
    ch_buf_puts(&copy, ch_buf_str(&page.content.buf));
    for (size_t i = 1; i <= 4; i++) { /* more files than a page has, and none of them */
        copy.ptr[copy.len - i] = (char)0xff;
    }
    assert_ch_code(CH_E_FORMAT, page_facts_decode(&copy, &again, &err));
    ch_buf_done(&copy);
    page_facts_done(&page);
}

/* A snapshot and an answer that differs, as fuzz_page_facts takes them. */
static bool write_input(const char *dir, const char *label, bool dated_before,
                        const struct line *old, size_t old_count, const struct line *now,
                        size_t count)
{
    struct page_facts page;
    struct stream s;
    struct ch_buf b;
    ch_buf_init(&b, 1u << 20);
    answer(&page, true, 0, 100, old, old_count);
    stream_open(&s);
    write_lines(&s, now, count);
    ch_put_u8(&b, dated_before);
    ch_put_u8(&b, (uint8_t)(page.content.buf.len >> 8));
    ch_put_u8(&b, (uint8_t)page.content.buf.len);
    ch_buf_puts(&b, ch_buf_str(&page.content.buf));
    ch_buf_puts(&b, ch_buf_str(&s.bytes));
    bool written = !b.failed && corpus_write(dir, label, ch_buf_str(&b));
    ch_buf_done(&b);
    stream_done(&s);
    page_facts_done(&page);
    return written;
}

static int write_corpus(const char *dir)
{
    static const struct line full[] = {{"a", 1, 5, 9, NULL}, {"b", 2, 6, 9, NULL}};
    static const struct line bare[] = {{"a", 0, CH_TIME_UNKNOWN, CH_SIZE_UNKNOWN, NULL}};
    static const struct line other[] = {{"b", 3, 6, 9, NULL}, {"c", 4, 7, 9, NULL}};
    if (!write_input(dir, "the same", false, full, 2, full, 2) ||
        !write_input(dir, "less is said", true, full, 2, bare, 1) ||
        !write_input(dir, "more is said", false, bare, 1, full, 2) ||
        !write_input(dir, "other files", false, full, 2, other, 2) ||
        !write_input(dir, "nothing before", false, full, 0, other, 2)) {
        perror(dir);
        return 1;
    }
    return 0;
}

/* On a page of many projects a name that another project has now is another file, with an age of
 * its own, and the record of a file is the newest one. */
static void test_T7_another_projects_file_is_another(void **state)
{
    static const struct {
        const char *project, *record;
    } answers[] = {{"a", "{\"n\":1}"}, {"a", "{\"n\":2}"}, {"b", "{\"n\":3}"}};
    struct page_facts page = {0};
    struct ch_err err;
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(answers); i++) {
        struct page_facts merged;
        struct seen seen = {0};
        struct stream s;
        struct ch_index_head head = {.project = CH_STR("noarch")};
        struct ch_index_file file = {.file_name = CH_STR("x-1-0.conda"),
                                     .url = CH_STR("http://up.example/x"),
                                     .sha256 = {{1}},
                                     .size_bytes = 1,
                                     .uploaded_at_us = CH_TIME_UNKNOWN,
                                     .project = ch_str_of(answers[i].project),
                                     .version = CH_STR("1"),
                                     .build = CH_STR("0"),
                                     .record = ch_str_of(answers[i].record)};
        stream_open(&s);
        ch_scan_write_index_head(s.writer, &head);
        ch_scan_write_index_file(s.writer, &file);
        stream_end(&s, &answer_input, 1);
        assert_ch_ok(&err,
                     page_facts_merge(i == 0 ? NULL : &page, 100, NULL, false, ch_buf_str(&s.bytes),
                                      200 + (int64_t)i, on_change, &seen, NULL, &merged, &err));
        stream_done(&s);
        page_facts_done(&page);
        page = merged;
        assert_int_equal(page.file_count, 1);
        assert_str_eq(page.files[0].index.project, answers[i].project);
        assert_str_eq(page.files[0].index.record, answers[i].record);
        assert_int_equal(page.files[0].baseline, i < 2);
        assert_int_equal(page.files[0].first_seen_at_us, i < 2 ? 200 : 202);
        assert_int_equal(seen.appeared, i == 2);
    }
    page_facts_done(&page);
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        return write_corpus(argv[1]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T7_first_load_is_the_baseline),
        cmocka_unit_test(test_T5_only_an_answer_that_states_a_status_ends_one),
        cmocka_unit_test(test_T7_a_hash_stated_late_is_compared_with_what_came),
        cmocka_unit_test(test_T5_a_serial_never_goes_down),
        cmocka_unit_test(test_T7_of_the_times_stated_the_latest_counts),
        cmocka_unit_test(test_T7_age_runs_from_the_last_page_without_the_file),
        cmocka_unit_test(test_an_answer_that_says_less_takes_nothing_away),
        cmocka_unit_test(test_T5_what_is_listed_unreadably_has_not_vanished),
        cmocka_unit_test(test_what_cannot_be_read_is_known_by_name_and_field),
        cmocka_unit_test(test_T5_a_file_that_vanished_is_a_fact_and_may_return),
        cmocka_unit_test(test_T5_a_page_that_vanished_takes_all_its_files_along),
        cmocka_unit_test(test_other_bytes_under_a_known_name_are_a_new_file),
        cmocka_unit_test(test_details_fill_in_and_must_not_contradict),
        cmocka_unit_test(test_snapshot_survives_its_encoding_and_nothing_less),
        cmocka_unit_test(test_T7_another_projects_file_is_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
