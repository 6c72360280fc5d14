/* What a channel has beside its subdirs: what is taken, what is left out, and what is no answer. */
#include "tests/scanner/scan_text.h"

#include <stdio.h>
#include <zstd.h>

#include "customhouse/limits.h"
#include "scanner/eco/conda/page/beside.h"

struct row {
    const char *label;
    const char *text;
    const char *expected; /* the records; "!...": part of the error */
};

static enum ch_code parse(ch_inspect_fn *fn, struct ch_str bytes, struct ch_buf *ret,
                          struct ch_err *err)
{
    struct ch_scan_job job = {.project = CH_STR("noarch")};
    ch_buf_init(ret, 1 << 20);
    enum ch_code rc = scan_text(fn, &job, bytes, ret, err);
    ch_buf_putc(ret, '\0');
    return rc;
}

static void run_rows(ch_inspect_fn *fn, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        struct ch_err err = {.msg = ""};
        struct ch_buf text;
        enum ch_code rc = parse(fn, ch_str_of(row->text), &text, &err);
        bool bad = row->expected[0] == '!';
        if (bad ? rc == CH_OK || strstr(err.msg, row->expected + 1) == NULL
                : rc != CH_OK || strcmp(text.ptr, row->expected) != 0) {
            fail_msg("%s: %s\n%s", row->label, err.msg, text.ptr);
        }
        ch_buf_done(&text);
    }
}

#define A    "\"a-1.0-0.conda\":"
#define WEAK "{\"run_exports\":{\"weak\":[\"a >=1\"]}}"
#define DOC(entries)                                                                               \
    "{\"info\":{\"subdir\":\"noarch\",\"version\":1},\"packages.conda\":{" entries "}}"

static void run_exports(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"one", DOC(A WEAK), "entry a-1.0-0.conda () " WEAK "\n"},
        {"none", DOC(""), ""},
        {"the five lists, in order, and nothing else (T16)",
         DOC(A " {\"more\":[1.5], \"run_exports\": {\"weak_constrains\":[\"e\"],\"weak\":[\"d\"],"
               "\"url\":\"https://elsewhere.example.org\",\"strong_constrains\":[\"c\"],"
               "\"strong\":[\"b\"],\"noarch\":[\"\\u0061\"]}}"),
         "skipped=1\n"}, /* a number that readers differ about */
        {"the five lists, in order, and no other key (T16)",
         DOC(A " {\"more\":[1], \"run_exports\": {\"weak_constrains\":[\"e\"],\"weak\":[\"d\"],"
               "\"url\":\"https://elsewhere.example.org\",\"strong_constrains\":[\"c\"],"
               "\"strong\":[\"b\"],\"noarch\":[\"\\u0061\"]}}"),
         "entry a-1.0-0.conda () {\"run_exports\":{\"noarch\":[\"a\"],\"strong\":[\"b\"],"
         "\"strong_constrains\":[\"c\"],\"weak\":[\"d\"],\"weak_constrains\":[\"e\"]}}\n"},
        {"both groups, and others",
         "{\"packages\":{\"a-1.0-0.tar.bz2\":{\"run_exports\":{}}},\"v3\":{\"whl\":{}},"
         "\"packages.conda\":{" A WEAK "}}",
         "entry a-1.0-0.tar.bz2 () {\"run_exports\":{}}\nentry a-1.0-0.conda () " WEAK "\n"},
        {"a list in a word", DOC(A "{\"run_exports\":{\"weak\":\"a\"}}"), "skipped=1\n"},
        {"a list of others", DOC(A "{\"run_exports\":{\"weak\":[1]}}"), "skipped=1\n"},
        {"a list instead", DOC(A "{\"run_exports\":[\"a\"]}"), "skipped=1\n"},
        {"no record", DOC(A "null"), "skipped=1\n"},
        {"nothing of them", DOC(A "{}"), "skipped=1\n"},
        {"the ending of the other group", DOC("\"a-1.0-0.tar.bz2\":" WEAK), "skipped=1\n"},
        {"no name of a file", DOC("\"../a-1.0-0.conda\":" WEAK), "skipped=1\n"},
        {"a file twice", DOC(A WEAK "," A WEAK), "!expected no key twice"},
        {"a file in both groups", "{\"packages\":{" A WEAK "},\"packages.conda\":{" A WEAK "}}",
         "!expected no file twice"},
        {"a key twice in a record", DOC(A "{\"run_exports\":{},\"run_exports\":{}}"),
         "!expected no key twice"},
        {"a group twice", "{\"packages\":{},\"packages\":{}}", "!expected no key twice"},
        {"a key twice in info", "{\"info\":{\"version\":1,\"version\":1},\"packages\":{}}",
         "!expected no key twice"},
        {"another subdir", "{\"info\":{\"subdir\":\"linux-64\"},\"packages\":{}}",
         "!it is another subdir's"},
        {"another version", "{\"info\":{\"version\":2},\"packages\":{}}",
         "!info: expected version 1"},
        {"nothing of it", "{\"info\":{}}", "!expected \"packages\""},
        {"another document", "[]", "!run_exports: expected an object at byte 0"},
        {"cut short", "{\"packages.conda\":{" A "{\"run_exports\":{\"weak\":[\"a\"", "!expected"},
        {"more behind it", DOC("") "x", "!expected the end"},
        {"not UTF-8", DOC(A "{\"run_exports\":{\"weak\":[\"\xff\"]}}"), "!expected UTF-8"},
    };
    run_rows(ch_run_exports_parse, rows, CH_ARRAY_LEN(rows));
}

#define CHANNEL(packages)                                                                          \
    "{\"channeldata_version\":1,\"packages\":{" packages "},\"subdirs\":[\"x\"]}"

static void channeldata(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"one",
         CHANNEL("\"a\":{\"version\":\"2.0\",\"summary\":\"it\\u0020is\",\"activate.d\":false,"
                 "\"subdirs\":[\"noarch\"],\"timestamp\":1700000000,\"icon_url\":\"i/a.png\","
                 "\"run_exports\":{\"1.0\":{\"weak\":[\"a\"]},\"2.0\":{\"strong\":[\"a\"]}}}"),
         "entry a (1.0) {\"weak\":[\"a\"]}\nentry a (2.0) {\"strong\":[\"a\"]}\n"
         "entry a () {\"activate.d\":false,\"summary\":\"it is\",\"timestamp\":1700000000,"
         "\"version\":\"2.0\"}\n"},
        {"none", CHANNEL(""), ""},
        {"other types are left out",
         CHANNEL("\"a\":{\"version\":2,\"summary\":null,\"tags\":[1],\"keywords\":[\"k\"],"
                 "\"timestamp\":-1,\"pre_link\":null,\"run_exports\":null}"),
         "entry a () {\"keywords\":[\"k\"]}\n"},
        {"no run exports", CHANNEL("\"a\":{\"run_exports\":{\"1\":[],\"\":{}}}"),
         "entry a () {}\nskipped=2\n"},
        {"names that nothing may have", CHANNEL("\"__a\":{},\"A\":{},\"a/b\":{},\"\":[]"),
         "skipped=4\n"},
        {"a package twice", CHANNEL("\"a\":{},\"a\":{}"), "!expected no key twice"},
        {"a key twice", CHANNEL("\"a\":{\"home\":\"x\",\"home\":\"y\"}"), "!expected no key twice"},
        {"a version twice", CHANNEL("\"a\":{\"run_exports\":{\"1\":{},\"1\":{}}}"),
         "!expected no key twice"},
        {"no object", CHANNEL("\"a\":[]"), "!expected an object"},
        {"another version", "{\"channeldata_version\":2,\"packages\":{}}",
         "!channeldata_version: expected version 1"},
        {"no version", "{\"packages\":{}}", "!expected \"channeldata_version\""},
        {"no packages", "{\"channeldata_version\":1}", "!expected \"packages\""},
    };
    run_rows(ch_channeldata_parse, rows, CH_ARRAY_LEN(rows));
}

static void bounds(void **state)
{
    (void)state;
    struct ch_err err = {.msg = ""};
    struct ch_buf text, doc;
    uint64_t record = ch_limits.record_bytes, files = ch_limits.channel_files,
             depth = ch_limits.json_depth, bytes = ch_limits.channel_bytes;
    struct ch_str two = CH_STR(DOC(A WEAK ",\"b-1.0-0.conda\":" WEAK));
    ch_limits.channel_files = 2;
    assert_int_equal(parse(ch_run_exports_parse, two, &text, &err), CH_OK);
    ch_buf_done(&text);
    ch_limits.channel_files = 1;
    assert_int_equal(parse(ch_run_exports_parse, two, &text, &err), CH_E_LIMIT);
    ch_buf_done(&text);
    ch_limits.channel_files = files;
    ch_limits.record_bytes = sizeof(WEAK); /* and a comma, while it is read */
    assert_int_equal(parse(ch_run_exports_parse, two, &text, &err), CH_OK);
    ch_buf_done(&text);
    ch_limits.record_bytes = sizeof(WEAK) - 2;
    assert_int_equal(parse(ch_run_exports_parse, two, &text, &err), CH_E_LIMIT);
    ch_buf_done(&text);
    ch_limits.record_bytes = record;
    ch_limits.json_depth = 5;
    assert_int_equal(parse(ch_run_exports_parse, two, &text, &err), CH_OK);
    ch_buf_done(&text);
    ch_limits.json_depth = 4;
    assert_int_equal(parse(ch_run_exports_parse, two, &text, &err), CH_E_FORMAT);
    ch_buf_done(&text);
    ch_limits.json_depth = depth;
    ch_limits.channel_bytes = two.len - 1;
    assert_int_equal(parse(ch_run_exports_parse, two, &text, &err), CH_E_LIMIT);
    ch_buf_done(&text);
    ch_limits.channel_bytes = bytes;
    ch_buf_init(&doc, 1 << 16);
    size_t n = ZSTD_compress(ch_buf_reserve(&doc, 1 << 12), 1 << 12, two.ptr, two.len, 3);
    assert_false(ZSTD_isError(n));
    assert_int_equal(parse(ch_run_exports_parse, (struct ch_str){doc.ptr, n}, &text, &err), CH_OK);
    assert_true(ch_str_find(ch_buf_str(&text), CH_STR("entry b-1.0-0.conda"), NULL));
    ch_buf_done(&text);
    assert_int_not_equal(parse(ch_run_exports_parse, (struct ch_str){doc.ptr, n - 1}, &text, &err),
                         CH_OK);
    ch_buf_done(&text);
    ch_buf_done(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_exports),
        cmocka_unit_test(channeldata),
        cmocka_unit_test(bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
