/* A record against what its file says of itself: a row per field, forged, and the nearest honest
 * one. */
#include "customhouse/ecosystem.h"
#include "tests/ch_test.h"

#include <string.h>

/* What inspection found, "name=value" each. */
#define USUAL                                                                                      \
    "build=py_0", "build-number=3", "constrains=zlib >=1", "depends=python >=3.9",                 \
        "depends=numpy  >=1,<2", "license=MIT", "noarch=python", "subdir=noarch",                  \
        "timestamp=1700000000000"
/* The record of the same, keys in their order. */
#define RECORD(number, constrains, depends, license, noarch, timestamp)                            \
    "{\"build\":\"py_0\"," number "\"constrains\":[" constrains "],\"depends\":[" depends          \
    "]," license "\"name\":\"foo\"," noarch "\"subdir\":\"noarch\"" timestamp                      \
    ",\"version\":\"1.0\"}"
#define NUMBER     "\"build_number\":3,"
#define CONSTRAINS "\"zlib >=1\""
#define DEPENDS    "\"python >=3.9\",\"numpy >=1,<2\""
#define LICENSE    "\"license\":\"MIT\","
#define NOARCH     "\"noarch\":\"python\","
#define TIME       ",\"timestamp\":1700000000000"

static const struct row {
    const char *label;
    const char *record;
    const char *facts[12];
    const char *differences; /* "d ..." record-differs, "p ..." record-patched; each ends in ';' */
    const char *page;
} rows[] = {
    {"honest", RECORD(NUMBER, CONSTRAINS, DEPENDS, LICENSE, NOARCH, TIME), {USUAL}, "", NULL},
    {"build_number",
     RECORD("\"build_number\":4,", CONSTRAINS, DEPENDS, LICENSE, NOARCH, TIME),
     {USUAL},
     "d build_number: \"4\" in the index, \"3\" in the file;",
     NULL},
    {"build_number left out",
     RECORD("", CONSTRAINS, DEPENDS, LICENSE, NOARCH, TIME),
     {USUAL},
     "d build_number: nothing in the index, \"3\" in the file;",
     NULL},
    {"build_number 0 left out", "{\"depends\":[]}", {"build-number=0"}, "", NULL},
    {"subdir",
     RECORD(NUMBER, CONSTRAINS, DEPENDS, LICENSE, NOARCH, TIME),
     {USUAL},
     "d subdir: \"linux-64\" in the index, \"noarch\" in the file;",
     "linux-64"},
    {"subdir that older packages have not", "{\"depends\":[]}", {"build-number=0"}, "", "linux-64"},
    {"noarch: another",
     RECORD(NUMBER, CONSTRAINS, DEPENDS, LICENSE, "\"noarch\":\"generic\",", TIME),
     {USUAL},
     "d noarch: \"generic\" in the index, \"python\" in the file;",
     NULL},
    {"noarch: left out",
     RECORD(NUMBER, CONSTRAINS, DEPENDS, LICENSE, "", TIME),
     {USUAL},
     "d noarch: nothing in the index, \"python\" in the file;",
     NULL},
    {"noarch: null is none", "{\"depends\":[],\"noarch\":null}", {"build-number=0"}, "", NULL},
    {"noarch: that it is not",
     "{\"depends\":[],\"noarch\":\"python\"}",
     {"build-number=0"},
     "d noarch: \"python\" in the index, nothing in the file;",
     NULL},
    {"site-packages",
     "{\"depends\":[],\"python_site_packages_path\":\"share/x\"}",
     {"build-number=0", "python-site-packages-path=lib/python3.12/site-packages"},
     "d python_site_packages_path: \"share/x\" in the index, \"lib/python3.12/site-packages\" in "
     "the file;",
     NULL},
    {"license",
     RECORD(NUMBER, CONSTRAINS, DEPENDS, "\"license\":\"GPL-3.0-only\",", NOARCH, TIME),
     {USUAL},
     "d license: \"GPL-3.0-only\" in the index, \"MIT\" in the file;",
     NULL},
    {"license in another case",
     RECORD(NUMBER, CONSTRAINS, DEPENDS, "\"license\":\"mit \",", NOARCH, TIME),
     {USUAL},
     "",
     NULL},
    {"license left out", RECORD(NUMBER, CONSTRAINS, DEPENDS, "", NOARCH, TIME), {USUAL}, "", NULL},
    {"license with escapes",
     "{\"depends\":[],\"license\":\"\\\"own\\\"\\n\\u0001\"}",
     {"build-number=0", "license=\"own\"\n\x01"},
     "",
     NULL},
    {"license that would write on a terminal",
     "{\"depends\":[],\"license\":\"\\u001b[2J\\n\\\\\"}",
     {"build-number=0", "license=\xc3\xbc"},
     "d license: \"\\x1b[2J\\x0a\\\\\" in the index, \"\\xc3\\xbc\" in the file;",
     NULL},
    {"timestamp: older than it is",
     RECORD(NUMBER, CONSTRAINS, DEPENDS, LICENSE, NOARCH, ",\"timestamp\":1500000000000"),
     {USUAL},
     "d timestamp: \"1500000000000\" in the index, \"1700000000000\" in the file;",
     NULL},
    {"timestamp: younger",
     RECORD(NUMBER, CONSTRAINS, DEPENDS, LICENSE, NOARCH, ",\"timestamp\":1700000000001"),
     {USUAL},
     "p timestamp: \"1700000000001\" in the index, \"1700000000000\" in the file;",
     NULL},
    {"timestamp in seconds",
     RECORD(NUMBER, CONSTRAINS, DEPENDS, LICENSE, NOARCH, ",\"timestamp\":1700000000"),
     {USUAL},
     "",
     NULL},
    {"timestamp left out",
     RECORD(NUMBER, CONSTRAINS, DEPENDS, LICENSE, NOARCH, ""),
     {USUAL},
     "",
     NULL},
    {"depends: one more",
     RECORD(NUMBER, CONSTRAINS, DEPENDS ",\"evil\"", LICENSE, NOARCH, TIME),
     {USUAL},
     "d depends: \"evil\" in the index, nothing in the file;",
     NULL},
    {"depends: one more, of another channel",
     RECORD(NUMBER, CONSTRAINS, DEPENDS ",\"other::evil>=1\"", LICENSE, NOARCH, TIME),
     {USUAL},
     "d depends: \"other::evil>=1\" in the index, nothing in the file;",
     NULL},
    {"depends: a name that begins like one of its own",
     RECORD(NUMBER, CONSTRAINS, DEPENDS ",\"python-evil\"", LICENSE, NOARCH, TIME),
     {USUAL},
     "d depends: \"python-evil\" in the index, nothing in the file;",
     NULL},
    {"depends: another name in brackets, which some clients take",
     RECORD(NUMBER, CONSTRAINS, DEPENDS ",\"python[name=evil]\"", LICENSE, NOARCH, TIME),
     {USUAL},
     "d depends: \"python[name=evil]\" in the index, nothing in the file;",
     NULL},
    {"depends: one more, what looks like its channel in brackets",
     RECORD(NUMBER, CONSTRAINS, DEPENDS ",\"evil[license='x::python ']\"", LICENSE, NOARCH, TIME),
     {USUAL},
     "d depends: \"evil[license='x::python ']\" in the index, nothing in the file;",
     NULL},
    {"depends: of the platform by its name alone",
     RECORD(NUMBER, CONSTRAINS, DEPENDS ",\"__glibc[name=evil]\"", LICENSE, NOARCH, TIME),
     {USUAL},
     "d depends: \"__glibc[name=evil]\" in the index, nothing in the file;",
     NULL},
    {"depends: brackets that nobody reads, as they are in the file",
     "{\"build_number\":0,\"depends\":[\"a[name=b]\"]}",
     {"build-number=0", "depends=a[name=b]"},
     "",
     NULL},
    {"depends: other versions, in brackets",
     "{\"depends\":[\"x::a[version='>=1,<2', build=py*]\"]}",
     {"build-number=0", "depends=a >=1"},
     "p depends: \"x::a[version='>=1,<2', build=py*]\" in the index, \"a >=1\" in the file;",
     NULL},
    {"depends: what the platform has",
     RECORD(NUMBER, CONSTRAINS, DEPENDS ",\"__glibc >=2.17\"", LICENSE, NOARCH, TIME),
     {USUAL},
     "p depends: \"__glibc >=2.17\" in the index, nothing in the file;",
     NULL},
    {"depends: other versions",
     RECORD(NUMBER, CONSTRAINS, "\"python >=3.9,<3.13\",\"numpy >=1,<2\"", LICENSE, NOARCH, TIME),
     {USUAL},
     "p depends: \"python >=3.9,<3.13\" in the index, \"python >=3.9\" in the file;",
     NULL},
    {"depends: one less",
     RECORD(NUMBER, CONSTRAINS, "\"python >=3.9\"", LICENSE, NOARCH, TIME),
     {USUAL},
     "p depends: nothing in the index, \"numpy  >=1,<2\" in the file;",
     NULL},
    {"depends: of a file that has none",
     "{\"depends\":[\"a\",\"b\"]}",
     {"build-number=0"},
     "d depends: \"a\" in the index, nothing in the file;"
     "d depends: \"b\" in the index, nothing in the file;",
     NULL},
    {"constrains: one more, which brings nothing in",
     RECORD(NUMBER, CONSTRAINS ",\"other <1\"", DEPENDS, LICENSE, NOARCH, TIME),
     {USUAL},
     "p constrains: \"other <1\" in the index, nothing in the file;",
     NULL},
    {"constrains: one less",
     RECORD(NUMBER, "", DEPENDS, LICENSE, NOARCH, TIME),
     {USUAL},
     "p constrains: nothing in the index, \"zlib >=1\" in the file;",
     NULL},
    {"a file of which nothing is known",
     "{\"depends\":[]}",
     {NULL},
     "d build_number: nothing in the index, nothing in the file;",
     NULL},
};

static void note(void *arg, enum ch_finding_code code, struct ch_str evidence)
{
    assert_true(code == CH_F_RECORD_DIFFERS || code == CH_F_RECORD_PATCHED);
    ch_buf_printf(arg, "%c %.*s;", code == CH_F_RECORD_DIFFERS ? 'd' : 'p', CH_STR_ARG(evidence));
}

static void test_differences(void **state)
{
    (void)state;
    const struct ch_ecosystem *conda = ch_ecosystem_find(CH_STR("conda"));
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct ch_fact facts[CH_ARRAY_LEN(row->facts)];
        struct ch_buf said;
        size_t count = 0;
        for (; count < CH_ARRAY_LEN(row->facts) && row->facts[count] != NULL; count++) {
            struct ch_str name, value = ch_str_of(row->facts[count]);
            assert_true(ch_str_split(&value, '=', &name));
            facts[count] = (struct ch_fact){name, value};
        }
        assert_true(ch_index_record_ok(ch_str_of(row->record)));
        ch_buf_init(&said, 4096);
        conda->compare_record(ch_str_of(row->page != NULL ? row->page : "noarch"),
                              ch_str_of(row->record), facts, count, note, &said);
        if (!ch_str_eq(ch_buf_str(&said), ch_str_of(row->differences))) {
            fail_msg("%s: \"%.*s\"", row->label, CH_STR_ARG(ch_buf_str(&said)));
        }
        ch_buf_done(&said);
    }
}

/* Clipped, not beyond what evidence may have, and so long that a caller sees that it was. */
static void test_long_text(void **state)
{
    (void)state;
    static char record[4096];
    struct ch_buf said;
    static const char fills[] = {'x', '\x7f'};
    struct ch_fact number = {CH_STR("build-number"), CH_STR("0")};
    for (size_t i = 0; i < CH_ARRAY_LEN(fills); i++) {
        memset(record, fills[i], sizeof(record) - 1);
        memcpy(record, "{\"depends\":[\"", 13);
        memcpy(record + sizeof(record) - 4, "\"]}", 4);
        ch_buf_init(&said, 4096);
        ch_ecosystem_find(CH_STR("conda"))
            ->compare_record(CH_STR("noarch"), ch_str_of(record), &number, 1, note, &said);
        assert_in_range(said.len, 180 + 3, CH_EVIDENCE_MAX + 3);
        ch_buf_done(&said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_long_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
