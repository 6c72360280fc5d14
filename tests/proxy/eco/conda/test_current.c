/* current_repodata.json: of each name the newest that can be had, and what these need. */
#include "customhouse/ecosystem.h"
#include "customhouse/limits.h"
#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 16
#define BUILDS    2000 /* each of which asks for NEEDS things of all of them */
#define NEEDS     20

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

static enum ch_code render(const char *document, const struct ch_page *page, struct ch_buf *out,
                           struct ch_err *err)
{
    const struct ch_ecosystem *e = ch_ecosystem_find(CH_STR("conda"));
    struct ch_str segments[] = {CH_STR("noarch"), ch_str_of(document)};
    struct ch_target target;
    e->classify(CH_STR("chan"), segments, 2, false, &target);
    assert_int_equal(target.kind, CH_TARGET_PROJECT);
    return e->formats[target.document - 1].render_page(page, CH_STR("/chan"), out, err);
}

/* What packages need is told by who makes them: where trying all of it would take a gateway minutes
 * (of these 40 s), it is what repodata.json is, with what nobody needs. */
static void test_more_than_can_be_looked_through(void **state)
{
    (void)state;
    static struct ch_page_file files[BUILDS];
    char *names = malloc((size_t)BUILDS * 32), *records = malloc((size_t)BUILDS * NEEDS * 64);
    struct ch_page page = {.project = CH_STR("noarch"), .files = files, .file_count = BUILDS};
    struct ch_buf current, all;
    struct ch_err err;
    char *name = names, *record = records;
    for (size_t i = 0; i < BUILDS; i++) {
        int n = sprintf(record, "{\"build_number\":0,\"depends\":[");
        for (size_t need = 0; need < NEEDS; need++) {
            n += sprintf(record + n, "%s\"a >=2.%zu.%zu\"", need > 0 ? "," : "", i, need);
        }
        n += sprintf(record + n, "]}");
        int len = sprintf(name, i == 0 ? "a-0.9-%zu.conda" : "a-1.0-%zu.conda", i);
        files[i] = (struct ch_page_file){.file_name = {name, (size_t)len},
                                         .project = CH_STR("a"),
                                         .record = {record, (size_t)n},
                                         .listing = CH_LIST_PLAIN};
        name += len + 1;
        record += n + 1;
    }
    ch_buf_init(&current, 1u << 22);
    ch_buf_init(&all, 1u << 22);
    assert_ch_ok(&err, render("current_repodata.json", &page, &current, &err));
    assert_ch_ok(&err, render("repodata.json", &page, &all, &err));
    assert_true(ch_str_find(ch_buf_str(&current), CH_STR("a-0.9-0.conda"), NULL));
    assert_true(ch_str_eq(ch_buf_str(&current), ch_buf_str(&all)));
    ch_buf_done(&current);
    ch_buf_done(&all);
    free(names);
    free(records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_newest_of_each_name),
        cmocka_unit_test(test_what_is_needed),
        cmocka_unit_test(test_builds),
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_a_need_that_cannot_be_read),
        cmocka_unit_test(test_more_than_can_be_looked_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
