/* The tokenizer on what the standard library has not: PEP 701 f-strings, encodings, broken text.
 * Ordinary source is compared with CPython's own tokens in test_tokens.py. */
#include "tests/ch_test.h"

#include <stdio.h>

#include "scanner/source/token.h"

/* All tokens as "KIND:text KIND:text ..."; errors as a number at the end, when there were some. */
static void assert_tokens(const char *source, size_t len, const char *expected)
{
    static const char *const kinds[] = {"END", "NL", "IN", "DE", "N", "#", "S",
                                        "F(",  "M",  "F)", "O",  "ERR"};
    struct ch_buf out;
    struct ch_tokenizer t;
    struct ch_token tok;
    struct ch_str text = {source, len};
    ch_buf_init(&out, 1 << 20);
    ch_tokenizer_init(&t, text);
    uint32_t at = 0;
    while (ch_token_next(&t, &tok), tok.type != CH_TOKEN_END) {
        assert_true(tok.at >= at && tok.at + tok.len <= len);
        at = tok.at;
        ch_buf_puts(&out, ch_str_of(kinds[tok.type]));
        if (tok.type >= CH_TOKEN_NAME) {
            ch_buf_putc(&out, ':');
            ch_buf_puts(&out, ch_token_str(text, &tok));
        }
        ch_buf_putc(&out, ' ');
    }
    if (t.errors > 0) {
        ch_buf_printf(&out, "!%u", t.errors);
    }
    assert_str_eq(ch_str_trim(ch_buf_str(&out)), expected);
    ch_buf_done(&out);
}

static void gives_tokens(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        const char *expected;
    } rows[] = {
        {"", ""},
        {"\n # c\n\n", ""},
        {"a", "N:a NL"},
        {"if a:\n  b\nc", "N:if N:a O:: NL IN N:b NL DE N:c NL"},
        {"if a:\n\tb\n        c\n", "N:if N:a O:: NL IN N:b NL N:c NL DE"},
        {"if a:\n  b\n c\n", "N:if N:a O:: NL IN N:b NL N:c NL DE !1"},
        {"\f  \f\na", "N:a NL"},
        {"a\rb\r\nc", "N:a NL N:b NL N:c NL"},
        {"a = \\\n b", "N:a O:= N:b NL"},
        {"\\\n\n\\\n", ""},
        {"a \\ b", "N:a ERR:\\ N:b NL !1"},
        {"(a\n,\n# c\nb)", "O:( N:a O:, N:b O:) NL"},
        {"a)", "N:a O:) NL !1"},
        {"(a", "O:( N:a NL !1"},
        {"0x1f 0o17 0b11 1_0 1.e-5j .5 1if", "#:0x1f #:0o17 #:0b11 #:1_0 #:1.e-5j #:.5 #:1 N:if NL"},
        {"1..a", "#:1. O:. N:a NL"},
        {"0x", "#:0 N:x NL !1"},
        {"a**=b//c->d:=e...", "N:a O:**= N:b O:// N:c O:-> N:d O::= N:e O:... NL"},
        {"rb'\\'' BR\"\" u'x' ur'x'", "S:rb'\\'' S:BR\"\" S:u'x' N:ur S:'x' NL"},
        {"'''a\n'b''c'''d", "S:'''a\n'b''c''' N:d NL"},
        {"'a\nb", "ERR:'a NL N:b NL !1"},
        {"'''a\nb", "ERR:'''a\nb NL !1"},
        {"'a\\\nb'", "S:'a\\\nb' NL"},
        {"f'a{b}c'", "F(:f' M:a O:{ N:b O:} M:c F):' NL"},
        {"f'{{}}'", "F(:f' M:{{}} F):' NL"},
        {"f'{a!r:>{w}}'", "F(:f' O:{ N:a O:! N:r O:: M:> O:{ N:w O:} O:} F):' NL"},
        {"f'{a != b}'", "F(:f' O:{ N:a O:!= N:b O:} F):' NL"},
        {"f'{a:=5}{(b:=5)}'", "F(:f' O:{ N:a O:: M:=5 O:} O:{ O:( N:b O::= #:5 O:) O:} F):' NL"},
        {"f'{d['k']}'", "F(:f' O:{ N:d O:[ S:'k' O:] O:} F):' NL"},
        {"f'{f'{f'x'}'}'", "F(:f' O:{ F(:f' O:{ F(:f' M:x F):' O:} F):' O:} F):' NL"},
        {"f'''{\na # }\n}'''", "F(:f''' O:{ N:a O:} F):''' NL"},
        {"f'\\N{DASH}\\{a}'", "F(:f' M:\\N{DASH}\\ O:{ N:a O:} F):' NL"},
        {"rf'\\N{a}'", "F(:rf' M:\\N O:{ N:a O:} F):' NL"},
        {"f'{ {1:2}[1] }'", "F(:f' O:{ O:{ #:1 O:: #:2 O:} O:[ #:1 O:] O:} F):' NL"},
        {"Tr'{a}'", "F(:Tr' O:{ N:a O:} F):' NL"},
        {"f'a\nb", "F(:f' M:a F): NL N:b NL !1"},
        {"f'}'", "F(:f' ERR:} F):' NL !1"},
        {"f'{a:'b", "F(:f' O:{ N:a O:: F):' N:b NL !1"},
        {"a $ b ? c", "N:a ERR:$ N:b ERR:? N:c NL !2"},
        {"\xd0\xbe\x63", "N:\xd0\xbe\x63 NL"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        assert_tokens(rows[i].source, strlen(rows[i].source), rows[i].expected);
    }
    struct ch_tokenizer t;
    struct ch_token tok;
    ch_tokenizer_init(&t, CH_STR("a\0b"));
    ch_token_next(&t, &tok);
    ch_token_next(&t, &tok);
    assert_int_equal(tok.type, CH_TOKEN_ERROR);
    ch_token_next(&t, &tok);
    assert_int_equal(tok.type, CH_TOKEN_NAME); /* what follows a NUL byte is seen as well */
}

static void goes_deep_without_growing(void **state)
{
    (void)state;
    static char text[40000];
    memset(text, '(', sizeof(text));
    struct ch_tokenizer t;
    struct ch_token tok;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; round == 1 && i + 3 <= sizeof(text); i += 3) {
            memcpy(text + i, "f'{", 3);
        }
        for (size_t i = 0, n = 0; round == 2 && i + n + 2 < sizeof(text); i += n + 2, n++) {
            memset(text + i, ' ', n); /* each line deeper than the one before */
            text[i + n] = 'a';
            text[i + n + 1] = '\n';
        }
        size_t count = 0;
        ch_tokenizer_init(&t, (struct ch_str){text, sizeof(text)});
        while (ch_token_next(&t, &tok), tok.type != CH_TOKEN_END) {
            count++;
        }
        assert_true(t.errors > 0 && count <= 2 * sizeof(text));
    }
}

static void reads_encodings(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        enum ch_text_problem problem;
        const char *text; /* NULL: the bytes */
    } rows[] = {
        {"a = '\xc3\xa9'", CH_TEXT_FINE, NULL},
        {"\xef\xbb\xbf" "a", CH_TEXT_FINE, "a"},
        {"\xef\xbb\xbf# coding: latin-1\n", CH_TEXT_REFUSED, "# coding: latin-1\n"},
        {"'\xe9'", CH_TEXT_REFUSED, NULL},
        {"# -*- coding: latin-1 -*-\n'\xe9'", CH_TEXT_FINE, "# -*- coding: latin-1 -*-\n'\xc3\xa9'"},
        {"#!x\n# vim: fileencoding=CP1252\n\x80", CH_TEXT_FINE,
         "#!x\n# vim: fileencoding=CP1252\n\xe2\x82\xac"},
        {"#!x\n#\n# coding: latin-1\n\xe9", CH_TEXT_REFUSED, NULL}, /* line 3 says nothing */
        {"a\n# coding: latin-1\n\xe9", CH_TEXT_REFUSED, NULL},
        {"# coding: utf-8-unix\n", CH_TEXT_FINE, NULL},
        {"# coding: ascii\n\xc3\xa9", CH_TEXT_REFUSED, NULL},
        {"# coding: koi8-r\n", CH_TEXT_FINE, NULL},
        {"# coding: iso-8859-15\n\xa4", CH_TEXT_FINE, "# coding: iso-8859-15\n\xc2\xa4"},
        {"# coding: gbk\n", CH_TEXT_FINE, NULL},
        {"# coding: gbk\n\x81\x5c", CH_TEXT_UNKNOWN, NULL},
        {"# coding: unicode_escape\n", CH_TEXT_UNKNOWN, NULL},
        {"# coding=utf-7\n", CH_TEXT_UNKNOWN, NULL},
        {"# coding: rot13\n", CH_TEXT_UNKNOWN, NULL},
        {"# encoding: utf-16\n", CH_TEXT_REFUSED, NULL},
        {"\xff\xfe" "a", CH_TEXT_REFUSED, NULL},
        {"x = 'coding: rot13'\n", CH_TEXT_FINE, NULL},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_source_text src;
        ch_source_text_init(&src, ch_str_of(rows[i].bytes));
        if (src.problem != rows[i].problem) {
            fail_msg("%s: problem %d", rows[i].bytes, src.problem);
        }
        assert_str_eq(src.text, rows[i].text != NULL ? rows[i].text : rows[i].bytes);
        ch_source_text_done(&src);
    }
}

static void gives_values(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        const char *value;
    } rows[] = {
        {"'a\\n\\x41\\101\\u00e9\\U0001F600'", "a\nAA\xc3\xa9\xf0\x9f\x98\x80"},
        {"b'\\xff\\u0041'", "\xff\\u0041"},
        {"r'\\n\\''", "\\n\\'"},
        {"'\\q\\\nx'", "\\qx"},
        {"'''a\r\nb'''", "a\nb"},
        {"'\\N{DASH}x{{'", "\xef\xbf\xbdx{{"},
        {"'\\ud800'", "\xef\xbf\xbd"},
        {"''", ""},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_tokenizer t;
        struct ch_token tok;
        struct ch_buf out;
        struct ch_str text = ch_str_of(rows[i].source);
        ch_buf_init(&out, 1000);
        ch_tokenizer_init(&t, text);
        ch_token_next(&t, &tok);
        assert_int_equal(tok.type, CH_TOKEN_STRING);
        ch_token_value(text, &tok, &out);
        assert_str_eq(ch_buf_str(&out), rows[i].value);
        ch_buf_done(&out);
    }
}

static void folds_names(void **state)
{
    (void)state;
    struct ch_buf out;
    ch_buf_init(&out, 1000);
    /* mathematical italic "exec", fullwidth "ev", the ligature fi; a Cyrillic o stays one */
    assert_true(ch_token_name(CH_STR("\xf0\x9d\x91\x92\xf0\x9d\x91\xa5\xf0\x9d\x91\x92\xf0\x9d\x91\x90 "
                                     "\xef\xbd\x85\xef\xbd\x96 \xef\xac\x81 \xd0\xbe"),
                              &out));
    assert_str_eq(ch_buf_str(&out), "exec ev fi \xd0\xbe");
    ch_buf_clear(&out);
    assert_false(ch_token_name(CH_STR("plain_1"), &out));
    ch_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_tokens),    cmocka_unit_test(goes_deep_without_growing),
        cmocka_unit_test(reads_encodings), cmocka_unit_test(gives_values),
        cmocka_unit_test(folds_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
