/* What is taken from a rule's text as its needs. */
#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/rules/needs.h"

/* --- needs --- */

static void put_need(const struct needs *n, int32_t need, struct ch_buf *b)
{
    if (need == NEED_NOTHING) {
        ch_buf_printf(b, "-");
        return;
    }
    const struct need *at = &n->all[need];
    if (at->word >= 0) {
        const struct ch_literal *w = &n->words[at->word];
        ch_buf_printf(b, w->nocase ? "~" : "");
        ch_buf_put_escaped(b, w->bytes);
        return;
    }
    ch_buf_printf(b, "%u(", at->least);
    for (int32_t i = at->part; i >= 0; i = n->all[i].next) {
        put_need(n, i, b);
        ch_buf_printf(b, n->all[i].next >= 0 ? "|" : "");
    }
    ch_buf_printf(b, ")");
}

static void check_need(const struct needs *n, int32_t need, const char *given, const char *expected)
{
    struct ch_buf b;
    ch_buf_init(&b, 65536);
    put_need(n, need, &b);
    if (!ch_str_eq(ch_buf_str(&b), ch_str_of(expected))) {
        fail_msg("%s\nneeds    %.*s\nexpected %s", given, CH_STR_ARG(ch_buf_str(&b)), expected);
    }
    ch_buf_done(&b);
}

static void regular_expressions(void **state)
{
    (void)state;
    static const struct {
        const char *regex;
        const char *need;
    } rows[] = {
        {"import os", "import os"},
        {"abc", "-"},
        {"", "-"},
        {"\\bos\\.dup2\\(", "os.dup2("},
        {"(exec|eval)\\(", "2-of"},
        {"curl[^\\n]{0,9}wget", "2(curl|wget)"},
        {"curl.*wg", "curl"},
        {"foo(bar)?", "-"},
        {"food(bar)?", "1(foodbar|food)"},
        {"food(bar)*", "food"},
        {"food(bar)+", "foodbar"},
        {"food(ba.r)+", "food"},
        {"_{4,}", "____"},
        {"_{3,}", "-"},
        {"x{2}y{2}", "xxyy"},
        {"(ab){0,3}cdef", "cdef"},
        {"ab{,3}cdef", "cdef"},
        {"ab??cdef", "1(abcdef|acdef)"},
        {"a\\x62c\\/d", "abc/d"},
        {"[\\/\\\\]home", "1(/home|\\\\home)"},
        {"[^a]home", "home"},
        {"[a-c]home", "1(ahome|bhome|chome)"},
        {"\\dhome", "home"},
        {"\\whome\\s", "1(home |home\\x09|home\\x0a|home\\x0d|home\\x0c|home\\x0b)"},
        {"a[0-3]{2}", "-"},
        {"token(a|.)next", "2(token|next)"},
        {"token(longer|.)next", "2(token|next)"},
        {"^home$", "home"},
        {"(?:home)", "-"}, /* not in libyara */
        {"home)", "-"},
        {"(home", "-"},
        {"[home", "-"},
        {"[]home]", "-"},
        {"home\\1", "-"},
        {"*home", "-"},
        {"home{2,1}", "-"},
        {"long|x", "-"},
        {"long|xxxx", "1(long|xxxx)"},
        {"long|xx.xx", "-"},
        {"long|xxxx.*yyyy", "1(long|2(xxxx|yyyy))"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct needs n = {.all = NULL};
        int32_t need = needs_regex(&n, ch_str_of(rows[i].regex), false);
        check_need(&n, need, rows[i].regex,
                   strcmp(rows[i].need, "2-of") == 0 ? "1(exec(|eval()" : rows[i].need);
        needs_done(&n);
    }
}

struct told {
    char names[64];
    int32_t need;
};

static void on_rule(void *user, struct ch_str rule, int32_t need)
{
    struct told *t = user;
    size_t len = strlen(t->names);
    snprintf(t->names + len, sizeof(t->names) - len, "%.*s ", CH_STR_ARG(rule));
    t->need = need;
}

static void conditions(void **state)
{
    (void)state;
    static const char strings[] =
        "$a1 = \"aaaa\" $a2 = \"AA\\\"\\\\\\x41\" nocase $b = /bb+b\\/b/i\n"
        "$short = \"cc\" $wide = \"wide\" wide ascii $hex = { 41 42 43 44 }\n"
        "$nul = \"\\x00\\x00nulls\" $x = \"xxxx\" xor(1-2) // $y = \"yyyy\"\n";
    static const struct {
        const char *condition;
        const char *need;
    } rows[] = {
        {"$a1", "aaaa"},
        {"$a2", "~AA\"\\\\A"},
        {"$b", "-"},
        {"$nul", "nulls"},
        {"$short", "-"},
        {"$wide", "-"},
        {"$hex", "-"},
        {"$x", "-"},
        {"$a1 and $a2", "2(aaaa|~AA\"\\\\A)"},
        {"$a1 and $short", "aaaa"},
        {"$a1 or $short", "-"},
        {"$a1 or $a2 and $short", "1(aaaa|~AA\"\\\\A)"},
        {"($a1 or $a2) and $short", "1(aaaa|~AA\"\\\\A)"},
        {"not $a1", "-"},
        {"not $a1 and $a2", "~AA\"\\\\A"},
        {"not ($a1 and $a2) or $a1", "-"},
        {"any of ($a*)", "1(aaaa|~AA\"\\\\A)"},
        {"all of ($a*)", "2(aaaa|~AA\"\\\\A)"},
        {"2 of ($a*, $short)", "1(aaaa|~AA\"\\\\A)"},
        {"3 of ($a1, $a2, $short)", "2(aaaa|~AA\"\\\\A)"},
        {"1 of them", "-"},
        {"none of them", "-"},
        {"0 of ($a*)", "-"},
        {"50% of ($a*)", "-"},
        {"all of them", "3(aaaa|~AA\"\\\\A|nulls)"},
        {"#a1 > 0", "aaaa"},
        {"#a1 >= 3", "aaaa"},
        {"#a1 >= 0", "-"},
        {"#a1 < 3", "-"},
        {"#a1 == 0", "-"},
        {"#a1 > #a2", "-"},
        {"#a1 + 1 > 0", "-"},
        {"$a1 at 0", "aaaa"},
        {"$a1 in (0..filesize) and $a2", "2(aaaa|~AA\"\\\\A)"},
        {"uint32(0) == 0x41 and $a1", "aaaa"},
        {"(1 + 2) * 3 == 9 and $a1", "aaaa"},
        {"for any i in (1..#a1) : ( @a1[i] < 100 and $a2 )", "-"},
        {"for all of ($a*) : ( # > 3 ) and $a1", "aaaa"},
        {"filesize < 100", "-"},
        {"true", "-"},
        {"other", "-"},
        {"/* or */ $a1 // or $b", "aaaa"},
        {"$a1 and ($a1 or $a2)", "2(aaaa|1(aaaa|~AA\"\\\\A))"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char text[2048];
        struct needs n = {.all = NULL};
        struct told t = {.need = -2};
        snprintf(text, sizeof(text),
                 "private rule before { condition: true }\n"
                 "rule it : tag { meta: a = \"strings: }\" b = 1 c = true strings:\n%s condition: "
                 "%s\n}\n"
                 "rule after { strings: $ = \"zzzz\" condition: all of them }\n",
                 strings, rows[i].condition);
        char *end = strstr(text, "rule after");
        needs_read(&n, (struct ch_str){text, (size_t)(end - text)}, on_rule, &t);
        check_need(&n, t.need, rows[i].condition, rows[i].need);
        assert_string_equal(t.names, "before it ");
        t = (struct told){.need = -2};
        needs_read(&n, ch_str_of(text), on_rule, &t);
        check_need(&n, t.need, "after", "zzzz");
        assert_string_equal(t.names, "before it after ");
        needs_done(&n);
    }
}

static void needs_hold_by_count(void **state)
{
    (void)state;
    struct needs n = {.all = NULL};
    int32_t w[3] = {needs_word(&n, CH_STR("aaaa"), false), needs_word(&n, CH_STR("bbbb"), false),
                    needs_word(&n, CH_STR("cccc"), false)};
    int32_t two = needs_group(&n, 2, w, 3);
    for (unsigned bits = 0; bits < 8; bits++) {
        bool seen[3] = {(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0};
        assert_int_equal(needs_hold(&n, two, seen), __builtin_popcount(bits) >= 2);
    }
    int32_t never[2] = {needs_again(&n, w[0]), needs_again(&n, w[1])};
    bool all[3] = {true, true, true};
    assert_false(needs_hold(&n, needs_group(&n, 3, never, 2), all));
    assert_true(needs_hold(&n, NEED_NOTHING, all));
    needs_done(&n);
}

/* Whatever holds has one of the words that are looked for first. */
static void check_first(const struct needs *n, int32_t need)
{
    bool *first = ch_calloc(n->word_count + 1, sizeof(*first));
    bool *seen = ch_calloc(n->word_count + 1, sizeof(*seen));
    assert_true(n->word_count < 16);
    needs_first(n, need, first);
    for (unsigned bits = 0; bits < 1U << n->word_count; bits++) {
        bool any = false;
        for (size_t i = 0; i < n->word_count; i++) {
            seen[i] = (bits >> i & 1) != 0;
            any = any || (seen[i] && first[i]);
        }
        assert_true(any || !needs_hold(n, need, seen));
    }
    free(first);
    free(seen);
}

static void what_is_looked_for_first(void **state)
{
    (void)state;
    static const char *const conditions[] = {
        "$a",
        "$a and $b",
        "$a or $b",
        "($a or $b) and ($c or $d)",
        "$a and $b or $c and $d",
        "2 of ($a, $b, $c)",
        "3 of ($a, $b, $c, $d)",
        "3 of ($*) and ($a or $d)",
        "(2 of ($a, $b, $e) and $d) or (2 of ($b, $c, $d) and $e)",
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(conditions); i++) {
        char text[512];
        struct needs n = {.all = NULL};
        struct told t = {.need = NEED_NOTHING};
        snprintf(text, sizeof(text),
                 "rule it { strings: $a = \"aaaa\" $b = \"import os\" $c = \"https:\" nocase "
                 "$d = \"subprocess\" $e = \"eeeeeeeeee\" condition: %s }",
                 conditions[i]);
        needs_read(&n, ch_str_of(text), on_rule, &t);
        assert_int_not_equal(t.need, NEED_NOTHING);
        check_first(&n, t.need);
        needs_done(&n);
    }
    struct needs n = {.all = NULL};
    int32_t both[] = {needs_word(&n, CH_STR("import os"), false),
                      needs_word(&n, CH_STR("rarely seen"), false)};
    bool first[2] = {false, false};
    needs_first(&n, needs_group(&n, 2, both, 2), first);
    assert_true(first[1] && !first[0]);
    needs_done(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regular_expressions),
        cmocka_unit_test(conditions),
        cmocka_unit_test(needs_hold_by_count),
        cmocka_unit_test(what_is_looked_for_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
