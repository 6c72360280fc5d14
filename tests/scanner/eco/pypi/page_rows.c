#include "page_rows.h"

void page_rows_run(ch_page_parse_fn *parse, const char *profile, const struct page_row *rows,
                   size_t count)
{
    struct ch_scan_job job = {.ecosystem = CH_STR("pypi"),
                              .profile = ch_str_of(profile),
                              .project = CH_STR("foo"),
                              .base_url = CH_STR("https://example.org/simple/foo/")};
    for (size_t i = 0; i < count; i++) {
        struct ch_buf text;
        struct ch_err err = {.msg = ""};
        ch_buf_init(&text, 1 << 20);
        enum ch_code rc = scan_text(parse, &job, rows[i].input, &text, &err);
        if (rows[i].expect[0] == '!') {
            if (rc == CH_OK || strstr(err.msg, rows[i].expect + 1) == NULL) {
                fail_msg("%s: %s, \"%s\", expected \"%s\"", rows[i].label, ch_code_name(rc),
                         err.msg, rows[i].expect + 1);
            }
        } else if (rc != CH_OK || !ch_str_eq(ch_buf_str(&text), ch_str_of(rows[i].expect))) {
            fail_msg("%s: %s %s\n%.*sexpected\n%s", rows[i].label, ch_code_name(rc), err.msg,
                     CH_STR_ARG(ch_buf_str(&text)), rows[i].expect);
        }
        ch_buf_done(&text);
    }
}
