/* The search for many literals against a naive one. */
#include "tests/ch_test.h"

#include <stdlib.h>
#include <string.h>

#include "scanner/literals.h"

enum { LITERALS = 30, ENDS = 256 };

struct found {
    size_t times[LITERALS];
    bool ends[LITERALS][ENDS];
    size_t enough; /* ends the search at so many in all */
    size_t all;
};

static bool on_literal(void *arg, uint32_t index, size_t end)
{
    struct found *f = arg;
    assert_true(index < LITERALS && end < ENDS);
    assert_false(f->ends[index][end]);
    f->ends[index][end] = true;
    f->times[index]++;
    return ++f->all == f->enough;
}

static bool stands(struct ch_str text, size_t end, const struct ch_literal *l)
{
    if (end < l->bytes.len || end > text.len) {
        return false;
    }
    struct ch_str at = ch_str_sub(text, end - l->bytes.len, l->bytes.len);
    return l->nocase ? ch_str_eq_nocase(at, l->bytes) : ch_str_eq(at, l->bytes);
}

static void at_every_place(void **state)
{
    (void)state;
    const struct ch_literal list[] = {
        {CH_STR("exec("), false, false},
        {CH_STR("eval("), false, false},
        {CH_STR("PowerShell"), true, false},
        {CH_STR("://w"), false, false},
        {CH_STR("\xff\xfe\0\1"), false, false},
        {CH_STR(""), false, false},
        {CH_STR("0123456789012345678901234567890"), false, false},
    };
    struct ch_literals *l = ch_literals_new(list, CH_ARRAY_LEN(list));
    for (size_t len = 0; len < 80; len++) {
        for (size_t w = 0; w < CH_ARRAY_LEN(list); w++) {
            size_t size = list[w].bytes.len;
            for (size_t at = 0; size > 0 && at + size <= len; at++) {
                char *text = ch_calloc(len, 1); /* of its own size, for the sanitizer */
                struct found f = {.enough = 0};
                memset(text, ' ', len);
                memcpy(text + at, list[w].bytes.ptr, size);
                assert_false(ch_literals_search(l, (struct ch_str){text, len}, on_literal, &f));
                assert_int_equal(f.all, 1);
                assert_true(f.ends[w][at + size]);
                text[at] = '#';
                f = (struct found){.enough = 0};
                assert_false(ch_literals_search(l, (struct ch_str){text, len}, on_literal, &f));
                assert_int_equal(f.all, 0);
                free(text);
            }
        }
    }
    ch_literals_free(l);
}

static void case_counts_where_it_should(void **state)
{
    (void)state;
    const struct ch_literal list[] = {{CH_STR("Token["), false, true},
                                      {CH_STR("Token["), true, true}};
    static const struct {
        const char *text;
        size_t times[2];
    } rows[] = {
        {"Token[", {1, 1}}, {"TOKEN[", {0, 1}},       {"token[", {0, 1}},       {"token{", {0, 0}},
        {"Token{", {0, 0}}, {"tOKEN[Token[", {1, 1}}, {"Token[Token[", {1, 1}}, /* once */
    };
    struct ch_literals *l = ch_literals_new(list, CH_ARRAY_LEN(list));
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct found f = {.enough = 0};
        assert_false(ch_literals_search(l, ch_str_of(rows[i].text), on_literal, &f));
        assert_memory_equal(f.times, rows[i].times, sizeof(rows[i].times));
    }
    ch_literals_free(l);
}

static void ends_when_it_is_told(void **state)
{
    (void)state;
    const struct ch_literal one = {CH_STR("word"), false, false};
    struct ch_literals *l = ch_literals_new(&one, 1);
    struct found f = {.enough = 2};
    assert_true(ch_literals_search(l, CH_STR("word word word"), on_literal, &f));
    assert_int_equal(f.all, 2);
    ch_literals_free(l);
}

static void nothing_in_nothing(void **state)
{
    (void)state;
    const struct ch_literal none = {CH_STR(""), false, false};
    struct found f = {.enough = 0};
    for (size_t count = 0; count < 2; count++) {
        struct ch_literals *l = ch_literals_new(&none, count);
        assert_false(ch_literals_search(l, CH_STR("word"), on_literal, &f));
        assert_false(ch_literals_search(l, CH_STR(""), on_literal, &f));
        ch_literals_free(l);
    }
    assert_int_equal(f.all, 0);
}

/* Literals and texts over few letters: they overlap, share their bytes, and end with the text. */
static void as_a_naive_search(void **state)
{
    (void)state;
    uint64_t x = 1;
    for (size_t round = 0; round < 400; round++) {
        char bytes[LITERALS][8];
        char text[200];
        struct ch_literal list[LITERALS];
        for (size_t i = 0; i < LITERALS; i++) {
            size_t len = 1 + i % 7;
            for (size_t k = 0; k < len; k++) {
                x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
                bytes[i][k] = "abAB"[x >> 62];
            }
            list[i] = (struct ch_literal){{bytes[i], len}, i % 2 == 1, i % 3 == 1};
        }
        for (size_t k = 0; k < sizeof(text); k++) {
            x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
            text[k] = "abAB"[x >> 62];
        }
        struct ch_str t = {text, round % sizeof(text)};
        struct found f = {.enough = 0};
        struct ch_literals *l = ch_literals_new(list, LITERALS);
        assert_false(ch_literals_search(l, t, on_literal, &f));
        for (size_t i = 0; i < LITERALS; i++) {
            bool first = true;
            for (size_t end = 1; end < ENDS; end++) {
                bool is = stands(t, end, &list[i]);
                assert_int_equal(f.ends[i][end], is && (first || !list[i].once));
                first = first && !is;
            }
        }
        ch_literals_free(l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_every_place),       cmocka_unit_test(case_counts_where_it_should),
        cmocka_unit_test(ends_when_it_is_told), cmocka_unit_test(nothing_in_nothing),
        cmocka_unit_test(as_a_naive_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
