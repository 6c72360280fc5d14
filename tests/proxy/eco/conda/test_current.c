/* current_repodata.json: of each name the newest that can be had, and what these need. */
#include "customhouse/ecosystem.h"
#include "customhouse/limits.h"
#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 16

struct row {
    const char *file_name;
    const char *depends; /* as it stands in the list */
    const char *more;    /* further keys, before "name" */
    bool held;
};

/* Which of the rows are shown: "x" or ".", in their order. */
static void shows(const struct row *rows, size_t count, const char *expected)
{
    const struct ch_ecosystem *e = ch_ecosystem_find(CH_STR("conda"));
    struct ch_page_file files[FILES_MAX] = {{.size_bytes = 0}};
    char records[FILES_MAX][400], projects[FILES_MAX][100], found[FILES_MAX + 1] = "";
    struct ch_buf out;
    struct ch_err err;
    for (size_t i = 0; i < count; i++) {
        assert_true(e->project_of(ch_str_of(rows[i].file_name), projects[i], sizeof(projects[i])));
        snprintf(records[i], sizeof(records[i]),
                 "{\"build_number\":%zu,\"depends\":[%s]%s,\"zz\":\"%s\"}", i, rows[i].depends,
                 rows[i].more != NULL ? rows[i].more : "", rows[i].file_name);
        files[i] = (struct ch_page_file){.file_name = ch_str_of(rows[i].file_name),
                                         .project = ch_str_of(projects[i]),
                                         .record = ch_str_of(records[i]),
                                         .listing = rows[i].held ? CH_LIST_HELD : CH_LIST_PLAIN};
        assert_true(ch_index_record_ok(files[i].record));
    }
    struct ch_page page = {.project = CH_STR("noarch"), .files = files, .file_count = count};
    ch_buf_init(&out, 100000);
    struct ch_target target;
    struct ch_str segments[] = {CH_STR("noarch"), CH_STR("current_repodata.json")};
    e->classify(CH_STR("chan"), segments, 2, false, &target);
    assert_int_equal(target.kind, CH_TARGET_PROJECT);
    assert_ch_ok(&err,
                 e->formats[target.document - 1].render_page(&page, CH_STR("/chan"), &out, &err));
    assert_true(ch_str_starts(ch_buf_str(&out),
                              CH_STR("{\"info\":{\"subdir\":\"noarch\"},\"packages\":{")));
    for (size_t i = 0; i < count; i++) {
        found[i] = ch_str_find(ch_buf_str(&out), ch_str_of(records[i]), NULL)
                       ? 'x'
                       : '.'; /* it has the name in it */
    }
    assert_string_equal(found, expected);
    ch_buf_done(&out);
}

static void test_the_newest_of_each_name(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {.file_name = "a-1.9-0.conda", .depends = ""},
        {.file_name = "a-1.10-0.conda", .depends = ""},
        {.file_name = "a-1.10-1.conda", .depends = ""},
        {.file_name = "a-1.10.0-2.tar.bz2", .depends = ""},
        {.file_name = "a-b-0.1-0.conda", .depends = ""},
        {.file_name = "a-2.0-0.conda", .depends = "", .held = true},
        {.file_name = "b-1.0-0.conda", .depends = "", .held = true},
    };
    shows(rows, CH_ARRAY_LEN(rows), ".xxxx..");
    shows(rows, 0, "");
}

static void test_what_is_needed(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {.file_name = "a-1.0-0.conda", .depends = "\"b <2\",\"gone\",\"__unix\""},
        {.file_name = "b-2.0-0.conda", .depends = ""},
        {.file_name = "b-1.1-0.conda",
         .depends = "\"c 1.*\""}, /* the newest that will do, and its own needs */
        {.file_name = "b-1.1-1.conda", .depends = ""},
        {.file_name = "b-1.0-0.conda", .depends = "\"d <2\""},
        {.file_name = "c-3.0-0.conda", .depends = ""},
        {.file_name = "c-1.5-0.conda", .depends = "\"a\""}, /* in a ring */
        {.file_name = "d-2.0-0.conda", .depends = ""},
        {.file_name = "d-1.0-0.conda", .depends = ""}, /* nobody's who is kept */
    };
    shows(rows, CH_ARRAY_LEN(rows), "xxxx.xxx.");
}

static void test_builds(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {.file_name = "a-1.0-0.conda", .depends = "\"b * *_cpython\",\"c[build_number=4]\""},
        {.file_name = "b-2.0-1_pypy.conda", .depends = ""},
        {.file_name = "b-1.0-1_cpython.conda", .depends = ""},
        {.file_name = "b-0.9-1_cpython.conda", .depends = ""},
        {.file_name = "c-1.0-x.conda", .depends = ""}, /* number 4 */
        {.file_name = "c-2.0-x.conda", .depends = ""},
    };
    shows(rows, CH_ARRAY_LEN(rows), "xxx.xx");
}

/* A version that only a feature asks for is not the only one. */
static void test_features(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {.file_name = "a-2.0-0.conda", .depends = "", .more = ",\"track_features\":\"debug\""},
        {.file_name = "a-1.0-0.conda", .depends = "", .more = ",\"track_features\":\"\""},
        {.file_name = "a-0.9-0.conda", .depends = ""},
        {.file_name = "b-2.0-0.conda", .depends = "", .more = ",\"track_features\":\"debug\""},
        {.file_name = "b-2.0-1.conda", .depends = ""},
        {.file_name = "b-1.0-0.conda", .depends = ""},
    };
    shows(rows, CH_ARRAY_LEN(rows), "xx.xx.");
}

/* What we would not read in a policy is not passed over: all of that name may be meant. */
static void test_a_need_that_cannot_be_read(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {.file_name = "a-1.0-0.conda", .depends = "\"b ^1.*$\",\"c \\\"\",\"^\",\"\",\"\\\\\""},
        {.file_name = "b-2.0-0.conda", .depends = ""},
        {.file_name = "b-1.0-0.conda", .depends = ""},
        {.file_name = "c-2.0-0.conda", .depends = ""},
        {.file_name = "c-1.0-0.conda", .depends = ""},
        {.file_name = "d-1.0-0.conda", .depends = ""},
        {.file_name = "d-0.1-0.conda", .depends = ""},
    };
    shows(rows, CH_ARRAY_LEN(rows), "xxxxxx.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_newest_of_each_name),
        cmocka_unit_test(test_what_is_needed),
        cmocka_unit_test(test_builds),
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_a_need_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
