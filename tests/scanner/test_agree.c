/* T2: one jail alone cannot say "clean". */
#include "tests/ch_test.h"

#include "customhouse/agree.h"
#include "tests/db/keeper/streams.h"

static const struct ch_sha256 INPUT = {{1, 2, 3}};

struct second { /* how the second opinion deviates */
    const char *label;
    const char *path;
    uint64_t size;
    uint8_t hash;
    bool extra;
    enum ch_inspection outcome;
    enum ch_finding_code finding; /* CH_F_NONE: none */
};

static void write_member(struct stream *s, const char *path, uint64_t size, uint8_t hash)
{
    struct ch_member m = {
        .path = ch_str_of(path), .type = CH_MEMBER_FILE, .size_bytes = size, .sha256 = {{hash}}};
    ch_scan_write_member(s->writer, &m);
}

static void run(struct ch_agreed *a, struct stream *strict, struct stream *second,
                enum ch_scan_outcome second_outcome)
{
    static const struct ch_scanned done = {.outcome = CH_SCAN_DONE};
    struct ch_scanned other = {.outcome = second_outcome, .signal = 11};
    struct ch_agree_input in = {.strict = &done,
                                .second = &other,
                                .strict_stream = ch_buf_str(&strict->bytes),
                                .second_stream = ch_buf_str(&second->bytes),
                                .sha256 = INPUT,
                                .size_bytes = 10};
    ch_agree(&in, a);
}

static void test_member_lists(void **state)
{
    const struct second *row = *state;
    struct stream strict, second;
    struct ch_agreed a;
    stream_open(&strict);
    stream_open(&second);
    write_member(&strict, "a.py", 5, 7);
    stream_end(&strict, &INPUT, 10);
    write_member(&second, row->path, row->size, row->hash);
    if (row->extra) {
        write_member(&second, "b.py", 1, 1);
    }
    stream_end(&second, &INPUT, 10);
    run(&a, &strict, &second, CH_SCAN_DONE);
    assert_int_equal(a.row.outcome, row->outcome);
    assert_int_equal(a.finding_count, row->finding == CH_F_NONE ? 0 : 1);
    if (row->finding != CH_F_NONE) {
        assert_int_equal(a.findings[0].code, row->finding);
    }
    ch_agreed_done(&a);
    stream_done(&strict);
    stream_done(&second);
}

static void test_T2_a_jail_that_died_is_no_answer(void **state)
{
    struct stream strict, second;
    struct ch_agreed a;
    (void)state;
    stream_open(&strict);
    stream_open(&second);
    stream_end(&strict, &INPUT, 10);
    run(&a, &strict, &second, CH_SCAN_KILLED);
    assert_int_equal(a.row.outcome, CH_INSPECTION_FAILED);
    assert_int_equal(a.finding_count, 1);
    assert_int_equal(a.findings[0].code, CH_F_INSPECTION_FAILED);
    assert_true(ch_str_find(a.row.error, CH_STR("signal 11"), NULL));
    ch_agreed_done(&a);
    stream_done(&strict);
    stream_done(&second);
}

/* Ended from outside is nobody's finding; what the bytes did to the other jail, or are, is. */
static void test_interrupted_is_no_fault_of_the_bytes(void **state)
{
    static const struct {
        enum ch_scan_outcome strict, second;
        enum ch_finding_code found; /* by the strict jail */
        bool interrupted;
        const char *error;
    } rows[] = {
        {CH_SCAN_INTERRUPTED, CH_SCAN_DONE, CH_F_NONE, true,
         "inspection was killed from outside (signal 9)"},
        {CH_SCAN_DONE, CH_SCAN_INTERRUPTED, CH_F_NONE, true,
         "second opinion was killed from outside"},
        {CH_SCAN_INTERRUPTED, CH_SCAN_INTERRUPTED, CH_F_NONE, true,
         "inspection was killed from outside"},
        {CH_SCAN_DONE, CH_SCAN_INTERRUPTED, CH_F_ZIP_CRC, true,
         "second opinion was killed from outside"},
        {CH_SCAN_DONE, CH_SCAN_INTERRUPTED, CH_F_ZIP_OVERLAP, false,
         "second opinion was killed from outside"},
        {CH_SCAN_KILLED, CH_SCAN_INTERRUPTED, CH_F_NONE, false,
         "inspection was killed by signal 9"},
        {CH_SCAN_INTERRUPTED, CH_SCAN_KILLED, CH_F_NONE, false,
         "second opinion was killed by signal 9"},
        {CH_SCAN_INTERRUPTED, CH_SCAN_FAILED, CH_F_NONE, false, "second opinion failed"},
        {CH_SCAN_TIMEOUT, CH_SCAN_INTERRUPTED, CH_F_NONE, false, "inspection stood still"},
        {CH_SCAN_STARVED, CH_SCAN_DONE, CH_F_NONE, true,
         "inspection got 12 s of CPU time in 900 s"},
        {CH_SCAN_DONE, CH_SCAN_STARVED, CH_F_ZIP_OVERLAP, false, "second opinion got 12 s"},
        {CH_SCAN_STARVED, CH_SCAN_TIMEOUT, CH_F_NONE, false, "second opinion stood still"},
        {CH_SCAN_KILLED, CH_SCAN_DONE, CH_F_NONE, false, "inspection was killed by signal 9"},
    };
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct stream strict, second;
        struct ch_agreed a;
        struct ch_scanned answers[] = {{.outcome = rows[i].strict, .signal = 9},
                                       {.outcome = rows[i].second, .signal = 9}};
        for (size_t jail = 0; jail < 2; jail++) {
            answers[jail].cpu_us = 12300000;
            answers[jail].wall_us = 900400000;
        }
        stream_open(&strict);
        stream_open(&second);
        if (rows[i].found != CH_F_NONE) {
            ch_scan_write_finding(strict.writer, rows[i].found, CH_STR("a"), CH_STR("b"));
        }
        stream_end(&strict, &INPUT, 10);
        stream_end(&second, &INPUT, 10);
        struct ch_agree_input in = {.strict = &answers[0],
                                    .second = &answers[1],
                                    .strict_stream = ch_buf_str(&strict.bytes),
                                    .second_stream = ch_buf_str(&second.bytes),
                                    .sha256 = INPUT,
                                    .size_bytes = 10};
        ch_agree(&in, &a);
        if (a.row.outcome != CH_INSPECTION_FAILED || a.interrupted != rows[i].interrupted ||
            !ch_str_starts(a.row.error, ch_str_of(rows[i].error)) ||
            a.findings[a.finding_count - 1].code !=
                (rows[i].interrupted ? CH_F_INSPECTION_INTERRUPTED : CH_F_INSPECTION_FAILED)) {
            fail_msg("row %zu: interrupted %d, \"%.*s\"", i, a.interrupted, CH_STR_ARG(a.row.error));
        }
        ch_agreed_done(&a);
        stream_done(&strict);
        stream_done(&second);
    }
}

static void test_T2_an_answer_about_other_bytes_is_none(void **state)
{
    static const struct ch_sha256 other = {{9}};
    struct stream strict, second;
    struct ch_agreed a;
    (void)state;
    stream_open(&strict);
    stream_open(&second);
    stream_end(&strict, &INPUT, 10);
    stream_end(&second, &other, 10);
    run(&a, &strict, &second, CH_SCAN_DONE);
    assert_int_equal(a.row.outcome, CH_INSPECTION_FAILED);
    ch_agreed_done(&a);
    stream_done(&strict);
    stream_done(&second);
}

static void test_a_truncated_stream_is_no_answer(void **state)
{
    struct stream strict, second;
    struct ch_agreed a;
    (void)state;
    stream_open(&strict);
    stream_open(&second);
    write_member(&strict, "a.py", 5, 7);
    stream_end(&strict, &INPUT, 10);
    write_member(&second, "a.py", 5, 7);
    stream_end(&second, &INPUT, 10);
    for (size_t cut = 0; cut < second.bytes.len; cut++) {
        size_t whole = second.bytes.len;
        second.bytes.len = cut;
        run(&a, &strict, &second, CH_SCAN_DONE);
        assert_int_equal(a.row.outcome, CH_INSPECTION_FAILED);
        ch_agreed_done(&a);
        second.bytes.len = whole;
    }
    stream_done(&strict);
    stream_done(&second);
}

int main(void)
{
    static struct second rows[] = {
        {"agreeing", "a.py", 5, 7, false, CH_INSPECTION_COMPLETE, CH_F_NONE},
        {"T2 other name", "A.py", 5, 7, false, CH_INSPECTION_COMPLETE, CH_F_DIFFERENTIAL},
        {"T2 other size", "a.py", 6, 7, false, CH_INSPECTION_COMPLETE, CH_F_DIFFERENTIAL},
        {"T2 other content", "a.py", 5, 8, false, CH_INSPECTION_COMPLETE, CH_F_DIFFERENTIAL},
        {"T2 one more member", "a.py", 5, 7, true, CH_INSPECTION_COMPLETE, CH_F_DIFFERENTIAL},
    };
    struct CMUnitTest tests[CH_ARRAY_LEN(rows)];
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        tests[i] = (struct CMUnitTest){
            .name = rows[i].label, .test_func = test_member_lists, .initial_state = &rows[i]};
    }
    const struct CMUnitTest others[] = {
        cmocka_unit_test(test_T2_a_jail_that_died_is_no_answer),
        cmocka_unit_test(test_interrupted_is_no_fault_of_the_bytes),
        cmocka_unit_test(test_T2_an_answer_about_other_bytes_is_none),
        cmocka_unit_test(test_a_truncated_stream_is_no_answer),
    };
    return _cmocka_run_group_tests("member lists", tests, CH_ARRAY_LEN(rows), NULL, NULL) +
           cmocka_run_group_tests_name("answers", others, NULL, NULL);
}
