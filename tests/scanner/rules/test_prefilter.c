/* The prefilter against a naive search. */
#include "tests/ch_test.h"

#include <stdlib.h>
#include <string.h>

#include "naive.h"

static void words_are_found_at_every_place(void **state)
{
    (void)state;
    const struct prefilter_word words[] = {
        {CH_STR("exec("), false}, {CH_STR("eval("), false},        {CH_STR("PowerShell"), true},
        {CH_STR("://w"), false},  {CH_STR("\xff\xfe\0\1"), false},
    };
    struct prefilter *p = prefilter_new(words, CH_ARRAY_LEN(words));
    for (size_t len = 0; len < 40; len++) {
        for (size_t w = 0; w < CH_ARRAY_LEN(words); w++) {
            for (size_t at = 0; at + words[w].bytes.len <= len; at++) {
                char *text = ch_calloc(len + 1, 1); /* of its own size, for the sanitizer */
                bool seen[CH_ARRAY_LEN(words)] = {false};
                memset(text, ' ', len);
                memcpy(text + at, words[w].bytes.ptr, words[w].bytes.len);
                assert_true(prefilter_scan(p, (struct ch_str){text, len}, seen));
                for (size_t i = 0; i < CH_ARRAY_LEN(words); i++) {
                    assert_int_equal(seen[i], i == w);
                }
                text[at] = '#';
                seen[w] = false;
                assert_false(prefilter_scan(p, (struct ch_str){text, len}, seen));
                assert_false(seen[w]);
                free(text);
            }
        }
    }
    prefilter_free(p);
}

static void case_counts_where_it_should(void **state)
{
    (void)state;
    const struct prefilter_word words[] = {{CH_STR("Token["), false}, {CH_STR("Token["), true}};
    static const struct {
        const char *text;
        bool seen[2];
    } rows[] = {
        {"Token[", {true, true}},   {"TOKEN[", {false, true}}, {"token[", {false, true}},
        {"token{", {false, false}}, /* folding takes { for [: the comparison does not */
        {"Token{", {false, false}},
    };
    struct prefilter *p = prefilter_new(words, CH_ARRAY_LEN(words));
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        bool seen[2] = {false, false};
        (void)prefilter_scan(p, ch_str_of(rows[i].text), seen);
        assert_memory_equal(seen, rows[i].seen, sizeof(seen));
    }
    prefilter_free(p);
}

/* Words and texts over few letters: they overlap, share their bytes, and end with the text. */
static void as_a_naive_search(void **state)
{
    (void)state;
    uint64_t x = 1;
    for (size_t round = 0; round < 400; round++) {
        char bytes[30][8];
        char text[200];
        struct prefilter_word words[30];
        bool seen[30] = {false};
        for (size_t i = 0; i < 30; i++) {
            size_t len = 4 + i % 4;
            for (size_t k = 0; k < len; k++) {
                x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
                bytes[i][k] = "abAB"[x >> 62];
            }
            words[i] = (struct prefilter_word){{bytes[i], len}, i % 2 == 1};
        }
        for (size_t k = 0; k < sizeof(text); k++) {
            x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
            text[k] = "abAB"[x >> 62];
        }
        struct ch_str t = {text, round % sizeof(text)};
        struct prefilter *p = prefilter_new(words, 30);
        (void)prefilter_scan(p, t, seen);
        for (size_t i = 0; i < 30; i++) {
            assert_int_equal(seen[i], naive_has(t, &words[i]));
        }
        prefilter_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_found_at_every_place),
        cmocka_unit_test(case_counts_where_it_should),
        cmocka_unit_test(as_a_naive_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
