/* Lists of tags, and what is no such list. */
#include "tests/scanner/scan_text.h"

#include "scanner/eco/oci/tags.h"

#define ADDRESS "https://example.org/x/v2/team/app/tags/list"

static const struct row {
    const char *document;
    const char *expected; /* "!...": of the error */
} rows[] = {
    {"{\"name\":\"team/app\",\"tags\":[\"1.0\",\"latest\"]}",
     "head (team/app)\n"
     "file 1.0 <https://example.org/x/v2/team/app/manifests/1.0> of (team/app) (1.0) () \n"
     "file latest <https://example.org/x/v2/team/app/manifests/latest> of (team/app) (latest) () "
     "\n"},
    {"{\"name\":\"team/app\",\"tags\":null}", "head (team/app)\n"},
    {"{\"name\":\"team/app\"}", "head (team/app)\n"},
    {"{\"name\":\"team/other\",\"tags\":[]}", "!name: expected the name that was asked for"},
    {"{\"tags\":[]}", "!name"},
    {"{\"name\":\"team/app\",\"tags\":[\"1.0\",\"1.0\"]}",
     "!tags[1]: a tag that was listed before"},
    {"{\"name\":\"team/app\",\"tags\":[\"../x\"]}", "!tags[0]: expected a tag"},
    {"{\"name\":\"team/app\",\"tags\":[\"\"]}", "!tags[0]: expected a tag"},
    {"{\"name\":\"team/app\",\"tags\":[7]}", "!tags[0]"},
    {"{\"name\":\"team/app\",\"tags\":\"1.0\"}", "!tags"},
    {"{\"name\":\"team/app\",\"name\":\"team/app\",\"tags\":[]}", "!duplicate"},
    {"{\"name\":\"team/app\",\"tags\":[", "!tags"},
    {"[]", "!expected"},
    {"", "!tags"},
};

static enum ch_code parse(const char *document, const char *page, const char *address,
                          struct ch_buf *ret, struct ch_err *err)
{
    struct ch_scan_job job = {.profile = CH_STR("page-oci-tags"),
                              .project = ch_str_of(page),
                              .base_url = ch_str_of(address)};
    return scan_text(ch_oci_tags_parse, &job, ch_str_of(document), ret, err);
}

static void documents(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_err err = {.msg = ""};
        struct ch_buf text;
        ch_buf_init(&text, 1 << 20);
        enum ch_code rc = parse(rows[i].document, "team/app", ADDRESS, &text, &err);
        ch_buf_putc(&text, '\0');
        bool bad = rows[i].expected[0] == '!';
        if (bad ? rc == CH_OK || strstr(err.msg, rows[i].expected + 1) == NULL
                : rc != CH_OK || strcmp(text.ptr, rows[i].expected) != 0) {
            fail_msg("%s\n%s\n%s", rows[i].document, err.msg, text.ptr);
        }
        ch_buf_done(&text);
    }
}

static void jobs(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"team/app:1.0", ADDRESS},
        {"team/other", ADDRESS},
        {"team/app", "https://example.org/v2/team/app/manifests/1.0"},
        {"", ADDRESS},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(bad); i++) {
        struct ch_err err;
        struct ch_buf text;
        ch_buf_init(&text, 1 << 20);
        assert_int_equal(
            parse("{\"name\":\"team/app\",\"tags\":[]}", bad[i][0], bad[i][1], &text, &err),
            CH_E_USAGE);
        ch_buf_done(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents),
        cmocka_unit_test(jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
