/* Pages of any format: how large and deep they may be, and where they are from. */
#include "page_rows.h"

static void limits_hold(void **state)
{
    (void)state;
    struct ch_limits saved = ch_limits;
    const struct page_row deep[] = {
        {"too deep", CH_STR("{" META ",\"files\":[],\"x\":[[[[[[]]]]]]}"), "!nested deeper than 4"},
        {"too deep, in objects",
         CH_STR("{" META ",\"files\":[],\"x\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}"),
         "!nested deeper than 4"},
        {"too deep, with blanks", CH_STR("{" META ",\"files\":[],\"x\":[ [ [ [ [ [ ] ] ] ] ] ]}"),
         "!nested deeper than 4"},
        {"as deep, one beside the other",
         CH_STR("{" META ",\"files\":[],\"x\":[[],[],[],[],[],{},{},{},{},{}]}"), "head (foo)\n"},
        {"more ends than beginnings", CH_STR("]]{"), "!JSON: line 1"},
        {"brackets in strings do not count",
         CH_STR("{" META ",\"x\":\"[[[[[[[\\\"{{{{{{\",\"files\":[]}"), "head (foo)\n"},
    };
    ch_limits.json_depth = 4;
    page_rows_run(ch_page_parse, "page-json", deep, CH_ARRAY_LEN(deep));
    ch_limits = saved;
    ch_limits.page_files = 1;
    const struct page_row many[] = {
        {"too many", CH_STR("<a href='a.zip'>a.zip</a><a href='b.zip'>b.zip</a>"),
         "!more than 1 files"},
    };
    page_rows_run(ch_page_parse, "page-html", many, CH_ARRAY_LEN(many));
    ch_limits = saved;
    ch_limits.page_bytes = 10;
    const struct page_row large[] = {
        {"too large", CH_STR("<html></html>"), "!13 bytes, at most 10"}};
    page_rows_run(ch_page_parse, "page-html", large, CH_ARRAY_LEN(large));
    ch_limits = saved;
    struct ch_buf page;
    ch_buf_init(&page, 1 << 20);
    for (size_t over = 0; over < 2; over++) {
        ch_buf_clear(&page);
        ch_buf_puts(&page, CH_STR("{" META ",\"files\":[{" FILE1 ",\"requires-python\":\"\\u007f"));
        for (size_t i = 0; i < ch_limits.text_bytes - 1 + over; i++) {
            ch_buf_putc(&page, ' ');
        }
        ch_buf_puts(&page, CH_STR("\"}]}"));
        const struct page_row longer[] = {
            {"a long requires-python", ch_buf_str(&page),
             over == 0 ? "head (foo)\nskipped=foo-1.tar.gz\nskipped-for=requires-python\n"
                       : "!longer than allowed"}};
        page_rows_run(ch_page_parse, "page-json", longer, 1);
        ch_buf_clear(&page);
        ch_buf_puts(&page, CH_STR("<a href='foo-1.zip' data-requires-python='\x7f"));
        for (size_t i = 0; i < ch_limits.text_bytes - 1 + over; i++) {
            ch_buf_putc(&page, 'x');
        }
        ch_buf_puts(&page, CH_STR("'>foo-1.zip</a>"));
        const struct page_row html[] = {
            {"a long requires-python", ch_buf_str(&page),
             over == 0 ? "head ()\nskipped=foo-1.zip\nskipped-for=requires-python\n"
                       : "!less text"}};
        page_rows_run(ch_page_parse, "page-html", html, 1);
    }
    struct ch_buf clipped;
    ch_buf_init(&clipped, 1 << 20);
    ch_buf_clear(&page);
    ch_buf_puts(&page, CH_STR("{" META ",\"files\":[{" FILE1 ",\"yanked\":\""));
    ch_buf_puts(&clipped, CH_STR("head (foo)\nfile foo-1.tar.gz " URL1 " yanked=("));
    for (size_t i = 0; i < ch_limits.text_bytes - 1; i++) {
        ch_buf_putc(&page, 'x');
        ch_buf_putc(&clipped, 'x');
    }
    ch_buf_puts(&page, CH_STR("\xc3\xa9\"}]}")); /* a letter of which one byte would fit */
    ch_buf_puts(&clipped, CH_STR(")\n"));
    ch_buf_putc(&clipped, '\0');
    const struct page_row reasons[] = {{"a long reason", ch_buf_str(&page), clipped.ptr}};
    page_rows_run(ch_page_parse, "page-json", reasons, 1);
    ch_buf_done(&clipped);
    ch_buf_done(&page);
    const struct page_row profile[] = {
        {"profile", CH_STR("{}"), "!no parser for pages of profile"}};
    page_rows_run(ch_page_parse, "wheel", profile, CH_ARRAY_LEN(profile));
}

/* T5: an absent file is a fact, so a page whose links cannot be resolved must not seem empty. */
static void t5_a_page_without_address_is_no_answer(void **state)
{
    (void)state;
    static const char *const profiles[] = {"page-html", "page-json"};
    for (size_t i = 0; i < CH_ARRAY_LEN(profiles); i++) {
        struct ch_scan_job job = {.profile = ch_str_of(profiles[i]), .project = CH_STR("foo")};
        struct ch_err err;
        struct ch_buf text;
        ch_buf_init(&text, 1024);
        assert_ch_code(CH_E_USAGE,
                       scan_text(ch_page_parse, &job, CH_STR("<a href='foo-1.zip'>foo-1.zip</a>"),
                                 &text, &err));
        ch_buf_done(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(t5_a_page_without_address_is_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
