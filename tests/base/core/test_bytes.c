/* Slices: how far a text is ASCII, and whether it is UTF-8. */
#include "tests/ch_test.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/bytes.h"

static void plain_ends_at_every_place(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        bool control = byte < 0x20 || byte == 0x7f;
        for (size_t len = 1; len <= 20; len++) {
            for (size_t at = 0; at < len; at++) {
                char *own =
                    malloc(len); /* of this length, so that a sanitizer sees a byte too many */
                memset(own, at % 2 == 0 ? 0x20 : 0xff, len);
                own[at] = (char)byte;
                assert_int_equal(ch_str_plain((struct ch_str){own, len}), control ? at : len);
                free(own);
            }
        }
    }
    assert_int_equal(ch_str_plain((struct ch_str){NULL, 0}), 0);
}

static void ascii_ends_at_every_place(void **state)
{
    (void)state;
    for (size_t len = 0; len < 40; len++) {
        for (size_t at = 0; at <= len; at++) {
            char *text = ch_calloc(len + 1, 1);
            char *own = ch_alloc(len > 0 ? len : 1); /* of its own size, for the sanitizer */
            memset(text, 0x7f, len);
            text[at] = '\x80'; /* beyond the end when there is none */
            memcpy(own, text, len);
            assert_int_equal(ch_str_ascii((struct ch_str){own, len}), at);
            free(own);
            free(text);
        }
    }
    assert_int_equal(ch_str_ascii((struct ch_str){NULL, 0}), 0);
}

static void utf8_at_every_place(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        bool valid;
    } rows[] = {
        {"", true},
        {"\xc3\xa9", true},
        {"\xe2\x80\xae", true},
        {"\xf0\x9f\x98\x80", true},
        {"\x80", false},
        {"\xc3", false},
        {"\xc0\x80", false},
        {"\xe2\x80", false},
        {"\xed\xa0\x80", false},
        {"\xf4\x90\x80\x80", false},
        {"\xff", false},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        for (size_t before = 0; before < 20; before++) {
            for (size_t after = 0; after < 20; after++) {
                char text[64];
                size_t n = strlen(rows[i].bytes);
                memset(text, 'a', sizeof(text));
                memcpy(text + before, rows[i].bytes, n);
                struct ch_str s = {text, before + n + after};
                assert_int_equal(ch_str_is_utf8(s), rows[i].valid);
            }
        }
    }
}

/* What went through the encoder once may go through the second function as often as it likes. */
static void escaped_once_stays(void **state)
{
    (void)state;
    struct ch_buf b, again;
    ch_buf_init(&b, 1000);
    ch_buf_init(&again, 1000);
    ch_buf_put_escaped(&b, CH_STR("caf\xc3\xa9 \\ & <b> \x1b"));
    assert_str_eq(ch_buf_str(&b), "caf\\xc3\\xa9 \\\\ & <b> \\x1b");
    ch_buf_put_printable(&again, ch_buf_str(&b));
    assert_str_eq(ch_buf_str(&again), "caf\\xc3\\xa9 \\\\ & <b> \\x1b");
    ch_buf_clear(&again);
    ch_buf_put_printable(&again, CH_STR("\x1b\xff\n")); /* which it was not told the truth about */
    assert_str_eq(ch_buf_str(&again), "\\x1b\\xff\\x0a");
    ch_buf_done(&again);
    ch_buf_done(&b);
}

static void test_code_points(void **state)
{
    static const struct {
        uint32_t c;
        const char *bytes;
    } rows[] = {
        {0x7f, "\x7f"},
        {0x80, "\xc2\x80"},
        {0x7ff, "\xdf\xbf"},
        {0x800, "\xe0\xa0\x80"},
        {0xd800, "\xed\xa0\x80"},
        {0xffff, "\xef\xbf\xbf"},
        {0x10000, "\xf0\x90\x80\x80"},
        {0x10ffff, "\xf4\x8f\xbf\xbf"},
    };
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 16);
        ch_buf_put_code_point(&b, rows[i].c);
        assert_str_eq(ch_buf_str(&b), rows[i].bytes);
        ch_buf_done(&b);
    }
}

static void copied_with_its_end_or_not_at_all(void **state)
{
    (void)state;
    char field[4] = "xyz";
    assert_true(ch_str_copy(CH_STR("abc"), field, sizeof(field)));
    assert_string_equal(field, "abc");
    assert_false(ch_str_copy(CH_STR("defg"), field, sizeof(field)));
    assert_string_equal(field, "");
    assert_true(ch_str_copy((struct ch_str){NULL, 0}, field, 1));
    assert_string_equal(field, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ascii_ends_at_every_place),
        cmocka_unit_test(copied_with_its_end_or_not_at_all),
        cmocka_unit_test(test_code_points),
        cmocka_unit_test(plain_ends_at_every_place),
        cmocka_unit_test(utf8_at_every_place),
        cmocka_unit_test(escaped_once_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
