/* Subdirs of conda channels: what is taken, what is left out, and what is no answer at all. */
#include "tests/scanner/scan_text.h"

#include <bzlib.h>
#include <stdio.h>
#include <zstd.h>

#include "customhouse/limits.h"
#include "scanner/eco/conda/page/names.h"
#include "scanner/eco/conda/page/repodata.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define MD5 "00112233445566778899aabbccddeeff"
#define URL "<https://example.org/c/noarch/"
#define KEYS                                                                                       \
    "\"build\":\"h1_0\",\"build_number\":0,\"depends\":[\"b >=1\"],\"md5\":\"" MD5                 \
    "\",\"name\":\"a\",\"sha256\":\"" HEX "\",\"size\":7,\"subdir\":\"noarch\","                   \
    "\"timestamp\":1700000000123,\"version\":\"1.0\""
#define RECORD "{" KEYS "}"
#define FILE1  "\"a-1.0-h1_0.conda\":"
#define DOC(entries)                                                                               \
    "{\"info\":{\"subdir\":\"noarch\"},\"packages\":{},\"packages.conda\":{" entries "},"          \
    "\"repodata_version\":1}"
#define SAID(record)                                                                               \
    "file a-1.0-h1_0.conda " URL "a-1.0-h1_0.conda> sha256=00 md5=00 size=7 "                      \
    "at=2023-11-14T22:13:20.123000Z of (a) (1.0) (h1_0) " record "\n"
#define HEAD     "head (noarch) times\n"
#define LEFT_OUT HEAD "skipped=a-1.0-h1_0.conda\n"

struct row {
    const char *label;
    struct ch_str text;
    const char *expected; /* the records; "!...": part of the error */
};

static void run(const struct row *row, struct ch_str bytes)
{
    struct ch_scan_job job = {.profile = CH_STR("repodata"),
                              .project = CH_STR("noarch"),
                              .base_url = CH_STR("https://example.org/c/noarch/repodata.json.zst")};
    struct ch_err err = {.msg = ""};
    struct ch_buf text;
    ch_buf_init(&text, 1 << 20);
    enum ch_code rc = scan_text(ch_repodata_parse, &job, bytes, &text, &err);
    ch_buf_putc(&text, '\0');
    bool bad = row->expected[0] == '!';
    if (bad ? rc == CH_OK || strstr(err.msg, row->expected + 1) == NULL
            : rc != CH_OK || strcmp(text.ptr, row->expected) != 0) {
        fail_msg("%s: %s\n%s", row->label, err.msg, text.ptr);
    }
    ch_buf_done(&text);
}

static void run_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        run(&rows[i], rows[i].text);
    }
}

static void what_is_taken(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"one", CH_STR(DOC(FILE1 RECORD)), HEAD SAID(RECORD)},
        {"none", CH_STR(DOC("")), HEAD},
        {"blanks and another order",
         CH_STR(" {\"packages.conda\" : {\n " FILE1
                " { \"version\":\"1.0\", \"subdir\":\"noarch\",\"size\": 7 ,"
                "\"timestamp\":1700000000123,\"name\":\"\\u0061\",\"build\":\"h1_0\",\"depends\":[ "
                "\"b >=1\" ],"
                "\"sha256\":\"" HEX "\",\"md5\":\"" MD5 "\",\"build_number\":0}}, \"info\":{}}\n"),
         HEAD SAID(RECORD)},
        {"the older form",
         CH_STR(
             "{\"packages\":{\"a-1.0-h1_0.tar.bz2\":{\"build\":\"h1_0\",\"md5\":\"" MD5
             "\",\"name\":\"a\",\"version\":\"1.0\",\"license\":null,\"timestamp\":1700000000}}}"),
         HEAD "file a-1.0-h1_0.tar.bz2 " URL
              "a-1.0-h1_0.tar.bz2> md5=00 at=2023-11-14T22:13:20.000000Z of (a) (1.0) "
              "(h1_0) {\"build\":\"h1_0\",\"depends\":[],\"license\":null,\"md5\":\"" MD5
              "\",\"name\":\"a\",\"timestamp\":1700000000,\"version\":\"1.0\"}\n"},
        {"T16: keys that are not known, and groups, are dropped",
         CH_STR("{\"info\":{\"subdir\":\"noarch\",\"relations\":[{\"a\":1}]},\"signatures\":{\"a\":"
                "{\"b\":[1.5e3]}},"
                "\"v3\":{\"whl\":{" FILE1 RECORD "}},\"removed\":[\"x\"],\"packages.conda\":{" FILE1
                "{" KEYS ",\"url\":\"https://elsewhere.example.org/a\",\"more\":{\"x\":[]}}}}"),
         HEAD SAID(RECORD)},
        {"packages elsewhere",
         CH_STR(
             "{\"info\":{\"base_url\":\"https://files.example.org/x\"},\"packages.conda\":{" FILE1
                 RECORD "}}"),
         HEAD "file a-1.0-h1_0.conda <https://files.example.org/x/a-1.0-h1_0.conda> sha256=00 "
              "md5=00 size=7 "
              "at=2023-11-14T22:13:20.123000Z of (a) (1.0) (h1_0) " RECORD "\n"},
    };
    run_rows(rows, CH_ARRAY_LEN(rows));
}

/* What it says cannot be passed on, or is not what its name says: the file is left out, the others
 * stay. */
static void what_is_left_out(void **state)
{
    (void)state;
#define CHANGED(label, from_to)                                                                    \
    {                                                                                              \
        label, CH_STR(DOC(FILE1 "{" from_to "}")), LEFT_OUT                                        \
    }
#define BASE "\"build\":\"h1_0\",\"name\":\"a\",\"version\":\"1.0\""
    const struct row rows[] = {
        CHANGED("no hash (T15)", BASE),
        CHANGED("another name",
                "\"build\":\"h1_0\",\"name\":\"b\",\"version\":\"1.0\",\"md5\":\"" MD5 "\""),
        CHANGED("another version",
                "\"build\":\"h1_0\",\"name\":\"a\",\"version\":\"1.1\",\"md5\":\"" MD5 "\""),
        CHANGED("another build",
                "\"build\":\"h1_1\",\"name\":\"a\",\"version\":\"1.0\",\"md5\":\"" MD5 "\""),
        CHANGED("another subdir", BASE ",\"md5\":\"" MD5 "\",\"subdir\":\"linux-64\""),
        CHANGED("no name", "\"build\":\"h1_0\",\"version\":\"1.0\",\"md5\":\"" MD5 "\""),
        CHANGED("a short hash", BASE ",\"md5\":\"0011\""),
        CHANGED("a hash that is null", BASE ",\"md5\":\"" MD5 "\",\"sha256\":null"),
        CHANGED("a size in words", BASE ",\"md5\":\"" MD5 "\",\"size\":\"7\""),
        CHANGED("a size below nothing", BASE ",\"md5\":\"" MD5 "\",\"size\":-7"),
        CHANGED("T16: a size that readers differ about", BASE ",\"md5\":\"" MD5 "\",\"size\":7.0"),
        CHANGED("T16: an absurd size", BASE ",\"md5\":\"" MD5 "\",\"size\":9007199254740992"),
        CHANGED("a time that is none", BASE ",\"md5\":\"" MD5 "\",\"timestamp\":253402300800000"),
        CHANGED("dependencies that are none", BASE ",\"md5\":\"" MD5 "\",\"depends\":[\"b\",1]"),
        CHANGED("dependencies in a text", BASE ",\"md5\":\"" MD5 "\",\"depends\":\"b\""),
        {"a name in capitals",
         CH_STR(DOC("\"A-1.0-h1_0.conda\":{\"build\":\"h1_0\",\"name\":\"A\",\"version\":\"1.0\","
                    "\"md5\":\"" MD5 "\"}")),
         HEAD "skipped=A-1.0-h1_0.conda\n"},
        {"the name of a virtual package",
         CH_STR(
             DOC("\"__a-1.0-h1_0.conda\":{\"build\":\"h1_0\",\"name\":\"__a\",\"version\":\"1.0\","
                 "\"md5\":\"" MD5 "\"}")),
         HEAD "skipped=__a-1.0-h1_0.conda\n"},
        {"a separator in the name",
         CH_STR(DOC("\"../a-1.0-h1_0.conda\":{\"build\":\"h1_0\",\"name\":\"../"
                    "a\",\"version\":\"1.0\",\"md5\":\"" MD5 "\"}")),
         HEAD "skipped=../a-1.0-h1_0.conda\n"},
        {"the ending of the other group", CH_STR("{\"packages\":{" FILE1 RECORD "}}"), LEFT_OUT},
    };
    run_rows(rows, CH_ARRAY_LEN(rows));
}

static void what_is_no_answer(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"nothing", CH_STR(""), "!expected a JSON object at byte 0"},
        {"a list", CH_STR("[]"), "!expected a JSON object at byte 0"},
        {"no packages", CH_STR("{\"info\":{}}"), "!expected \"packages\""},
        {"another subdir", CH_STR("{\"info\":{\"subdir\":\"linux-64\"}}"),
         "!it is another subdir's"},
        {"cut short", CH_STR("{\"packages.conda\":{" FILE1 RECORD), "!expected ',' or '}' at byte"},
        {"cut short, inside", CH_STR("{\"packages.conda\":{" FILE1 "{\"build\":\"h"),
         "!the end of a string"},
        {"something behind it", CH_STR("{\"packages\":{}}{}"), "!expected the end at byte 15"},
        {"a group twice", CH_STR("{\"packages\":{},\"packages\":{}}"),
         "!expected no key twice at byte"},
        {"info twice", CH_STR("{\"info\":{},\"info\":{}}"), "!expected no key twice at byte"},
        {"a key of info twice", CH_STR("{\"info\":{\"a\":1,\"a\":1}}"),
         "!expected no key twice in info"},
        {"a file twice", CH_STR(DOC(FILE1 RECORD "," FILE1 RECORD)), "!expected no file twice"},
        {"a file twice, spelled otherwise",
         CH_STR(DOC(FILE1 RECORD ",\"\\u0061-1.0-h1_0.conda\":{}")), "!expected no file twice"},
        {"a file in both groups",
         CH_STR("{\"packages\":{" FILE1 RECORD "},\"packages.conda\":{" FILE1 RECORD "}}"),
         "!expected no file twice"},
        {"a key of a record twice", CH_STR(DOC(FILE1 "{" KEYS ",\"size\":8}")),
         "!expected no key twice in a record"},
        {"a key twice, deeper", CH_STR(DOC(FILE1 "{\"x\":{\"b\":1,\"a\":1,\"b\":1}}")),
         "!no key twice in an object"},
        {"a comma too many", CH_STR("{\"packages\":{},}"), "!expected a string at byte"},
        {"a record that is none", CH_STR(DOC(FILE1 "[]")), "!expected a record at byte"},
        {"a leading zero", CH_STR(DOC(FILE1 "{\"size\":07}")), "!expected a value"},
        {"no number", CH_STR(DOC(FILE1 "{\"size\":-}")), "!expected a value"},
        {"other words", CH_STR(DOC(FILE1 "{\"size\":nil}")), "!expected a value"},
        {"half a character", CH_STR(DOC(FILE1 "{\"x\":\"\\ud800\"}")), "!an escape of JSON"},
        {"the other half", CH_STR(DOC(FILE1 "{\"x\":\"\\udc00\"}")), "!an escape of JSON"},
        {"no UTF-8", CH_STR(DOC(FILE1 "{\"x\":\"\xff\"}")), "!expected UTF-8"},
        {"a control character", CH_STR(DOC(FILE1 "{\"x\":\"\x01\"}")), "!the end of a string"},
        {"packages elsewhere, told afterwards",
         CH_STR("{\"packages\":{},\"info\":{\"base_url\":\"https://x.example.org/\"}}"),
         "!before all packages"},
        {"packages elsewhere, not by HTTP", CH_STR("{\"info\":{\"base_url\":\"file:///etc/\"}}"),
         "!an absolute URL"},
        {"a broken stream", CH_STR("\x28\xb5\x2f\xfd\x00\x00"), "!after byte 0"},
    };
    run_rows(rows, CH_ARRAY_LEN(rows));
}

/* Each of very many is found again, and none that was not there. */
static void names_are_found_again(void **state)
{
    (void)state;
    enum { NAMES = 20000 };
    struct ch_conda_names n;
    char text[32];
    ch_conda_names_init(&n);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < NAMES; i++) {
            snprintf(text, sizeof(text), "name-%d", i);
            assert_int_equal(ch_conda_names_add(&n, ch_str_of(text)), round == 0);
        }
    }
    assert_int_equal(n.count, NAMES);
    ch_conda_names_done(&n);
}

static void limits_hold(void **state)
{
    (void)state;
    const struct ch_limits saved = ch_limits;
    const struct row two = {"two files", CH_STR(DOC(FILE1 RECORD ",\"b-1-0.conda\":{}")),
                            HEAD SAID(RECORD) "skipped=b-1-0.conda\n"};
    run(&two, two.text);
    ch_limits.channel_files = 1;
    run(&(struct row){"too many", two.text, "!more than 1 files"}, two.text);
    ch_limits = saved;
    ch_limits.channel_bytes = two.text.len - 1;
    run(&(struct row){"too large", two.text, "!it unpacks to more than"}, two.text);
    ch_limits = saved;
    ch_limits.record_bytes = sizeof(RECORD) - 2;
    run(&(struct row){"a long record", two.text, LEFT_OUT "skipped=b-1-0.conda\n"}, two.text);
    ch_limits.record_bytes = 20;
    run(&(struct row){"a value that is longer", two.text, "!a value is too long"}, two.text);
    ch_limits = saved;
}

/* The same bytes say the same, however they are packed. */
static void packed_ones_say_the_same(void **state)
{
    (void)state;
    const struct row row = {"packed", CH_STR(DOC(FILE1 RECORD)), HEAD SAID(RECORD)};
    char packed[4096];
    size_t n = ZSTD_compress(packed, sizeof(packed), row.text.ptr, row.text.len, 3);
    assert_false(ZSTD_isError(n));
    run(&row, (struct ch_str){packed, n});
    for (size_t len = 1; len < n; len++) {
        run(&(struct row){"a part", row.text, "!"}, (struct ch_str){packed, len});
    }
    unsigned len = sizeof(packed);
    assert_int_equal(BZ2_bzBuffToBuffCompress(packed, &len, (char *)(uintptr_t)row.text.ptr,
                                              (unsigned)row.text.len, 9, 0, 0),
                     BZ_OK);
    run(&row, (struct ch_str){packed, len});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_taken),
        cmocka_unit_test(what_is_left_out),
        cmocka_unit_test(what_is_no_answer),
        cmocka_unit_test(names_are_found_again),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(packed_ones_say_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
