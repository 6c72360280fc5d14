#include "customhouse/ecosystem.h"
#include "tests/ch_test.h"

#define RECORD(name, depends)                                                                      \
    "{\"build\":\"0\",\"depends\":[" depends "],\"name\":\"" name "\",\"version\":\"1.0\"}"
#define FILE_OF(name, ending, record_text, ...)                                                    \
    {                                                                                              \
        .file_name = CH_STR_INIT(name "-1.0-0" ending), .project = CH_STR_INIT(name),              \
        .record = CH_STR_INIT(record_text), __VA_ARGS__                                            \
    }
#define CH_STR_INIT(literal)                                                                       \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static void renders(struct ch_page_file *files, size_t count, const char *expected)
{
    const struct ch_ecosystem *e = ch_ecosystem_find(CH_STR("conda"));
    struct ch_page page = {.project = CH_STR("noarch"), .files = files, .file_count = count};
    struct ch_buf out;
    struct ch_err err;
    ch_buf_init(&out, 10000);
    assert_ch_ok(&err, e->formats[0].render_page(&page, CH_STR("/chan"), &out, &err));
    ch_buf_putc(&out, '\0');
    assert_string_equal(out.ptr, expected);
    ch_buf_done(&out);
}

#define DOC(packages, conda)                                                                       \
    "{\"info\":{\"subdir\":\"noarch\"},\"packages\":{" packages "},\"packages.conda\":{" conda     \
    "},\"removed\":[],\"repodata_version\":1}\n"

static void test_groups(void **state)
{
    (void)state;
    struct ch_page_file files[] = {
        FILE_OF("a", ".conda", RECORD("a", ""), .listing = CH_LIST_PLAIN),
        FILE_OF("b", ".tar.bz2", RECORD("b", "\"a\""), .listing = CH_LIST_PLAIN),
        FILE_OF("c", ".conda", RECORD("c", ""), .listing = CH_LIST_PLAIN),
    };
    renders(files, 0, DOC("", ""));
    renders(files, 3,
            DOC("\"b-1.0-0.tar.bz2\":" RECORD("b", "\"a\""),
                "\"a-1.0-0.conda\":" RECORD("a", "") ",\"c-1.0-0.conda\":" RECORD("c", "")));
}

static void test_held(void **state)
{
    (void)state;
    struct ch_page_file files[] = {
        FILE_OF("a", ".conda", RECORD("a", ""), .listing = CH_LIST_HELD,
                .yanked_reason = CH_STR_INIT("held by policy: \"x\", 7 days (until 2026-11-28)")),
        FILE_OF("b", ".conda", RECORD("b", "\"c >=1\""), .listing = CH_LIST_HELD),
        FILE_OF("c", ".conda", "{\"name\":\"c\"}", .listing = CH_LIST_HELD), /* nowhere to say it */
    };
    renders(files, 3,
            DOC("",
                "\"a-1.0-0.conda\":" RECORD(
                    "a",
                    "\"__held-by-policy-x-7-days-until-2026-11-28\"") ","
                                                                      "\"b-1.0-0.conda\":" RECORD(
                                                                          "b",
                                                                          "\"c >=1\",\"__held\"")));
}

static void test_what_is_not_shown(void **state)
{
    (void)state;
    struct ch_page_file files[] = {
        FILE_OF("__held-by-policy", ".conda", RECORD("__held-by-policy", ""),
                .listing = CH_LIST_PLAIN),
        FILE_OF("a", ".whl", RECORD("a", ""), .listing = CH_LIST_PLAIN),
        FILE_OF("a", ".conda", "", .listing = CH_LIST_PLAIN),
    };
    renders(files, 3, DOC("", ""));
}

static void test_long_reason(void **state)
{
    (void)state;
    char reason[4000];
    for (size_t i = 0; i < sizeof(reason); i++) {
        reason[i] = (char)(i % 2 == 0 ? 'A' : '!');
    }
    struct ch_page_file file = FILE_OF("a", ".conda", RECORD("a", ""), .listing = CH_LIST_HELD);
    file.yanked_reason = (struct ch_str){reason, sizeof(reason)};
    struct ch_page page = {.project = CH_STR("noarch"), .files = &file, .file_count = 1};
    struct ch_buf out;
    struct ch_err err;
    ch_buf_init(&out, 1000);
    const struct ch_ecosystem *e = ch_ecosystem_find(CH_STR("conda"));
    assert_ch_ok(&err, e->formats[0].render_page(&page, CH_STR("/chan"), &out, &err));
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("[\"__a-a-a-a"), NULL));
    assert_true(out.len < 400);
    ch_buf_done(&out);
    ch_buf_init(&out, 100);
    assert_int_equal(e->formats[0].render_page(&page, CH_STR("/chan"), &out, &err), CH_E_LIMIT);
    ch_buf_done(&out);
}

static void test_channel(void **state)
{
    (void)state;
    const struct ch_ecosystem *e = ch_ecosystem_find(CH_STR("conda"));
    struct ch_str names[] = {CH_STR("linux-64"), CH_STR("noarch")};
    struct ch_root_page page = {.names = names, .name_count = 2};
    struct ch_buf out;
    struct ch_err err;
    ch_buf_init(&out, 1000);
    assert_ch_ok(&err, e->formats[0].render_root(&page, CH_STR("/chan"), &out, &err));
    assert_str_eq(ch_buf_str(&out), "{\"subdirs\":[\"linux-64\",\"noarch\"]}\n");
    ch_buf_clear(&out);
    assert_ch_ok(&err, e->formats[2].render_root(&page, CH_STR("/chan"), &out, &err));
    assert_str_eq(ch_buf_str(&out), "{\"notices\":[]}\n");
    struct ch_root_note notes[] = {
        {CH_STR("linux-64"), 1, 0, CH_STR("a-1.0-0.conda"), INT64_C(1700000000000000)},
        {CH_STR("noarch"), 6, 1, CH_STR("b, c, d, e, f"), INT64_C(1700000000000000)}};
    page.notes = notes;
    page.note_count = 2;
    ch_buf_clear(&out);
    assert_ch_ok(&err, e->formats[2].render_root(&page, CH_STR("/chan"), &out, &err));
#define TIMES                                                                                      \
    "\"level\":\"info\",\"created_at\":\"2023-11-14T22:13:20+00:00\",\"expires_at\":"                  \
    "\"2023-11-15T22:13:20+00:00\",\"expired_at\":\"2023-11-15T22:13:20+00:00\"}"
    assert_str_eq(ch_buf_str(&out),
                  "{\"notices\":[{\"id\":\"adf1b64f16929bf6\",\"message\":\"linux-64: 1 package is held by "
                  "policy, 0 denied: a-1.0-0.conda. Asked for, each says why\"," TIMES
                  ",{\"id\":\"ca05d7fd015bbe7d\",\"message\":\"noarch: 6 packages are held by policy, 1 "
                  "denied: b, c, d, e, f, .... Asked for, each says why\"," TIMES "]}\n");
    ch_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_what_is_not_shown),
        cmocka_unit_test(test_long_reason),
        cmocka_unit_test(test_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
