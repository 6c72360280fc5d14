#include "tests/ch_test.h"

#include <stdlib.h>

#include "base/toml/toml.h"
#include "customhouse/limits.h"

static struct ch_toml *parse(const char *text)
{
    struct ch_toml *toml = NULL;
    struct ch_err err;
    assert_ch_ok(&err, ch_toml_parse(ch_str_of(text), "f", &toml, &err));
    return toml;
}

/* --- what is read --- */

/* The tree in one line: {key=value ...}, [value ...]; strings in <>, dates and floats as they
 * stand. */
static void show(const struct ch_toml_node *n, struct ch_buf *b)
{
    switch (n->kind) {
    case CH_TOML_STRING:
        ch_buf_putc(b, '<');
        ch_buf_put_escaped(b, n->text);
        ch_buf_putc(b, '>');
        break;
    case CH_TOML_INTEGER:
        ch_buf_printf(b, "%lld", (long long)n->integer);
        break;
    case CH_TOML_BOOLEAN:
        ch_buf_puts(b, n->boolean ? CH_STR("yes") : CH_STR("no"));
        break;
    case CH_TOML_FLOAT:
    case CH_TOML_DATE:
        ch_buf_putc(b, n->kind == CH_TOML_FLOAT ? '~' : '@');
        ch_buf_put_escaped(b, n->text);
        break;
    case CH_TOML_ARRAY:
    case CH_TOML_TABLE:
        ch_buf_putc(b, n->kind == CH_TOML_ARRAY ? '[' : '{');
        for (const struct ch_toml_node *c = n->child; c != NULL; c = c->next) {
            if (n->kind == CH_TOML_TABLE) {
                ch_buf_put_escaped(b, c->key);
                ch_buf_putc(b, '=');
            }
            show(c, b);
            ch_buf_puts(b, c->next != NULL ? CH_STR(" ") : CH_STR(""));
        }
        ch_buf_putc(b, n->kind == CH_TOML_ARRAY ? ']' : '}');
        break;
    }
}

static const struct {
    const char *text;
    const char *tree;
} good_rows[] = {
    {"", "{}"},
    {"# only a comment", "{}"},
    {" \t\r\n\n", "{}"},
    /* keys */
    {"a = 1", "{a=1}"},
    {"a-b_C9 = 1 # why\r\n1234 = 2\n- = 3", "{a-b_C9=1 1234=2 -=3}"},
    {"\"a b\" = 1\n'c\"d' = 2\n\"\" = 3\n'\\u' = 4\n\"\\u00e9\" = 5",
     "{a b=1 c\"d=2 =3 \\\\u=4 \\xc3\\xa9=5}"},
    {"a.b.c = 1\na . b . \"d.e\" = 2\n3.14 = 3", "{a={b={c=1 d.e=2}} 3={14=3}}"},
    {"true = 1\ninf = 2\n2020-01-01 = 3", "{true=1 inf=2 2020-01-01=3}"},
    /* strings */
    {"a = \"x\\b\\t\\n\\f\\r\\\"\\\\\"", "{a=<x\\x08\\x09\\x0a\\x0c\\x0d\"\\\\>}"},
    {"a = \"\\u0041\\u00E9\\u20ac\\U0001F600\"",
     "{a=<A\\xc3\\xa9\\xe2\\x82\\xac\\xf0\\x9f\\x98\\x80>}"},
    {"a = 'C:\\x\\n'", "{a=<C:\\\\x\\\\n>}"},
    {"a = \"\"\nb = ''\nc = \"\"\"\"\"\"\nd = ''''''", "{a=<> b=<> c=<> d=<>}"},
    {"a = \"\"\"\nx\r\ny\"\"\"", "{a=<x\\x0ay>}"},
    {"a = '''\r\nx\\\ny'''", "{a=<x\\\\\\x0ay>}"},
    {"a = \"\"\"x \\\n   \n\t y\\  \r\n z\"\"\"", "{a=<x yz>}"},
    {"a = \"\"\"\"\"x\"\"\"\"\"", "{a=<\"\"x\"\">}"},
    {"a = ''''x'''''", "{a=<'x''>}"},
    {"a = \"\"\"x\"y\"\"z\\\"\"\"\"", "{a=<x\"y\"\"z\">}"},
    {"a = \"tab\there \xc3\xa9 # no comment\"", "{a=<tab\\x09here \\xc3\\xa9 # no comment>}"},
    /* numbers */
    {"a = [0, +0, -0, +99, 42, -17, 1_000, 5_3_4]", "{a=[0 0 0 99 42 -17 1000 534]}"},
    {"a = [9223372036854775807, -9223372036854775808]",
     "{a=[9223372036854775807 -9223372036854775808]}"},
    {"a = [0xDEAD_beef, 0o755, 0b1101, 0x7fffffffffffffff, 0x00]",
     "{a=[3735928559 493 13 9223372036854775807 0]}"},
    {"a = [1.0, +3.14, -0.01, 5e+22, 1e06, -2E-2, 6.6_2e-3_4, 0e0, 0.0]",
     "{a=[~1.0 ~+3.14 ~-0.01 ~5e+22 ~1e06 ~-2E-2 ~6.6_2e-3_4 ~0e0 ~0.0]}"},
    {"a = [inf, +inf, -inf, nan, -nan]", "{a=[~inf ~+inf ~-inf ~nan ~-nan]}"},
    {"a = [true, false]", "{a=[yes no]}"},
    /* dates */
    {"a = 1979-05-27T07:32:00Z\nb = 1979-05-27 07:32:00.999-07:00\nc = 1979-05-27t00:32:00z",
     "{a=@1979-05-27T07:32:00Z b=@1979-05-27 07:32:00.999-07:00 c=@1979-05-27t00:32:00z}"},
    {"a = 2000-02-29\nb = 07:32:00\nc = 2020-01-31 # 10:00:00\nd = 2020-01-31T23:59:59.123456789",
     "{a=@2000-02-29 b=@07:32:00 c=@2020-01-31 d=@2020-01-31T23:59:59.123456789}"},
    /* arrays and inline tables */
    {"a = [ ]\nb = [1, 2, ]\nc = [ # why\n 1,\n\n 'x' # so\n , [[]]\n]",
     "{a=[] b=[1 2] c=[1 <x> [[]]]}"},
    {"a = {}\nb = { x = 1, y.z = 2, y.w = [ {}, { u = 1 } ] }",
     "{a={} b={x=1 y={z=2 w=[{} {u=1}]}}}"},
    {"a = { x = [ 1,\n 2 ] }", "{a={x=[1 2]}}"},
    /* tables */
    {"[a]\nx = 1\n[ b . 'c' ]\n[d]\n", "{a={x=1} b={c={}} d={}}"},
    {"[a.b.c]\nx = 1\n[a]\ny = 2\n[a.b]\nz = 3", "{a={b={c={x=1} z=3} y=2}}"},
    {"[fruit]\napple.color = 1\napple.taste.sweet = 2\n[fruit.apple.texture]\nsmooth = 3",
     "{fruit={apple={color=1 taste={sweet=2} texture={smooth=3}}}}"},
    {"[[p]]\nn = 1\n[[p]]\n[p.q]\nx = 1\n[[p.r]]\n[[p.r]]\ny = 2\n[[p]]",
     "{p=[{n=1} {q={x=1} r=[{} {y=2}]} {}]}"},
    {"[a.b.c]\n[a]\nb.d = 1", "{a={b={c={} d=1}}}"},
    {"[[a.b]]\n[a]\nx = 1", "{a={b=[{}] x=1}}"},
};

static void test_trees(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(good_rows); i++) {
        struct ch_toml *toml = parse(good_rows[i].text);
        struct ch_buf b;
        ch_buf_init(&b, 4096);
        show(ch_toml_root(toml), &b);
        if (!ch_str_eq(ch_buf_str(&b), ch_str_of(good_rows[i].tree))) {
            fail_msg("%s: %.*s", good_rows[i].text, CH_STR_ARG(ch_buf_str(&b)));
        }
        ch_buf_done(&b);
        ch_toml_free(toml);
    }
}

static void test_places(void **state)
{
    (void)state;
    struct ch_toml *toml =
        parse("# x\n[a]\n  \"\xc3\xa9\" = [ 1, {b = 2} ]\nc.d = 3\n[[e]]\n[[e]]\n");
    const struct ch_toml_node *root = ch_toml_root(toml);
    const struct ch_toml_node *a = ch_toml_find(root, "a");
    assert_int_equal(a->line, 2);
    assert_int_equal(a->column, 2);
    const struct ch_toml_node *list = ch_toml_find(a, "\xc3\xa9");
    assert_int_equal(list->line, 3);
    assert_int_equal(list->column, 3);
    assert_int_equal(list->child->column, 11); /* in characters */
    assert_int_equal(ch_toml_find(list->child->next, "b")->column, 15);
    assert_int_equal(ch_toml_find(ch_toml_find(a, "c"), "d")->column, 3);
    const struct ch_toml_node *e = ch_toml_find(root, "e");
    assert_int_equal(e->count, 2);
    assert_int_equal(e->child->next->line, 6);
    assert_null(ch_toml_find(e, "x"));
    assert_null(ch_toml_find(ch_toml_find(root, "no"), "x"));
    ch_toml_free(toml);
    ch_toml_free(NULL);
}

/* --- what is refused --- */

static const struct {
    const char *text;
    const char *says;
} bad_rows[] = {
    /* keys */
    {"a", "f:1:2: expected \"=\" after the key, found the end"},
    {"= 1", "f:1:1: expected a key, found \"= 1\""},
    {"a = ", "f:1:5: expected a value, found the end"},
    {"a = \nb = 1", "f:1:5: expected a value, found \"\\x0a"},
    {"a.\n = 1", "expected a key"},
    {".a = 1", "expected a key"},
    {"a..b = 1", "expected a key"},
    {"a b = 1", "f:1:3: expected \"=\" after the key, found \"b = 1\""},
    {"\"\"\"a\"\"\" = 1", "expected \"=\""},
    {"\xc3\xa9 = 1", "f:1:1: expected a key, found \"\\xc3\\xa9 = 1\""},
    {"a = 1 b = 2", "f:1:7: expected the end of the line"},
    {"[a] b = 1", "f:1:5: expected the end of the line"},
    {"a = 1\nb = 2\na = 3", "f:3:1: a: given twice, first in line 1"},
    {"a = 1\n'a' = 2", "a: given twice"},
    {"a = 1\na.b = 2", "a: given already, as what dotted keys cannot add to, first in line 1"},
    {"a.b = 1\na.b = 2", "f:2:3: b: given twice"},
    {"a.b = 1\na = 2", "a: given twice"},
    {"\"\\u001b[2J\" = 1\n\"\\u001b[2J\" = 2", "\\x1b[2J: given twice"},
    /* strings */
    {"a = \"x", "expected the end of the string, found the end"},
    {"a = \"x\ny\"", "f:1:7: expected the end of the string"},
    {"a = 'x", "expected the end of the string"},
    {"a = \"\"\"x\"\"", "expected the end of the string"},
    {"a = \"\"\"x\"\"\"\"\"\"", "expected the end of the line"},
    {"a = \"\\q\"", "f:1:6: expected an escape"},
    {"a = \"\\e\"", "expected an escape"},
    {"a = \"\\x41\"", "expected an escape"},
    {"a = \"\\u00\"", "expected an escape of a Unicode scalar value"},
    {"a = \"\\ud800\"", "expected an escape of a Unicode scalar value"},
    {"a = \"\\U00110000\"", "expected an escape of a Unicode scalar value"},
    {"a = \"\"\"\\ x\"\"\"", "expected an escape"},
    {"a = \"x\\\n y\"", "expected an escape"},
    {"a = \"\x01\"", "without control characters"},
    {"a = '\x7f'", "without control characters"},
    {"a = \"\"\"\rx\"\"\"", "without control characters"},
    {"a = 1 # \x01", "a comment without control characters"},
    {"a = 1\rb = 2", "f:1:6: expected the end of the line"},
    /* numbers */
    {"a = 01", "f:1:5: expected a value, found \"01\""},
    {"a = +01", "expected a value"},
    {"a = 1__0", "expected a value"},
    {"a = _1", "expected a value"},
    {"a = 1_", "expected a value"},
    {"a = +0x1", "expected a value"},
    {"a = 0X1", "expected a value"},
    {"a = 0x", "expected a value"},
    {"a = 0x_1", "expected a value"},
    {"a = 0xg", "expected a value"},
    {"a = 0o8", "expected a value"},
    {"a = 0b2", "expected a value"},
    {"a = .5", "expected a value"},
    {"a = 5.", "expected a value"},
    {"a = 5.e1", "expected a value"},
    {"a = 5_.1", "expected a value"},
    {"a = 5._1", "expected a value"},
    {"a = 1e", "expected a value"},
    {"a = 1e1.5", "expected a value"},
    {"a = 03.14", "expected a value"},
    {"a = Inf", "expected a value"},
    {"a = ++1", "expected a value"},
    {"a = -", "expected a value"},
    {"a = 9223372036854775808", "f:1:5: expected an integer of 64 bits"},
    {"a = -9223372036854775809", "expected an integer of 64 bits"},
    {"a = 0x8000000000000000", "expected an integer of 64 bits"},
    {"a = 99999999999999999999999999999", "expected an integer of 64 bits"},
    {"a = True", "expected a value"},
    {"a = truex", "expected a value"},
    {"a = x", "expected a value"},
    /* dates */
    {"a = 1979-13-27", "expected a value"},
    {"a = 1979-00-27", "expected a value"},
    {"a = 1979-02-30", "expected a value"},
    {"a = 1900-02-29", "expected a value"},
    {"a = 1979-04-31", "expected a value"},
    {"a = 1979-5-27", "expected a value"},
    {"a = 79-05-27", "expected a value"},
    {"a = 24:00:00", "expected a value"},
    {"a = 07:60:00", "expected a value"},
    {"a = 07:32:60", "expected a value"},
    {"a = 07:32", "expected a value"},
    {"a = 07:32:00.", "expected a value"},
    {"a = 07:32:00Z", "expected a value"},
    {"a = 1979-05-27T", "expected a value"},
    {"a = 1979-05-27T07:32:00+24:00", "expected a value"},
    {"a = 1979-05-27T07:32:00+0700", "expected a value"},
    {"a = 1979-05-27T07:32:00ZZ", "expected a value"},
    {"a = 1979-05-27  07:32:00", "expected the end of the line"},
    /* arrays and inline tables */
    {"a = [1 2]", "f:1:8: expected \",\" or \"]\" in an array"},
    {"a = [,]", "expected a value"},
    {"a = [1,,2]", "expected a value"},
    {"a = [1", "expected \",\" or \"]\" in an array, found the end"},
    {"a = {x = 1,}", "expected a key"},
    {"a = {x = 1\n}", "expected \",\" or \"}\" in an inline table"},
    {"a = {\nx = 1}", "expected a key"},
    {"a = {x = 1 y = 2}", "expected \",\" or \"}\""},
    {"a = {x = 1 # c\n}", "expected \",\" or \"}\""},
    {"a = {x = 1, x = 2}", "f:1:13: x: given twice, first in line 1"},
    {"a = {x = 1}\na.y = 2", "dotted keys cannot add to"},
    {"a = {x = {}, x.y = 2}", "dotted keys cannot add to"},
    {"a = {x = 1}\n[a.b]", "given a value already"},
    {"a = {x = 1}\n[a]", "given twice"},
    {"[a.b]\n[a]\nb = {}", "given twice"},
    {"a = [{x = 1}]\n[a.y]", "given a value already"},
    {"a = [{x = 1}]\n[[a]]", "and not as an array of tables"},
    {"a = []\n[[a]]", "and not as an array of tables"},
    /* tables */
    {"[a", "expected \"]\" after the key"},
    {"[a]]", "expected the end of the line"},
    {"[]", "expected a key"},
    {"[[a]", "expected \"]]\" after the key"},
    {"[[a] ]", "expected \"]]\" after the key"},
    {"[ [a]]", "expected a key"},
    {"[a]\n[a]", "f:2:2: a: given twice, first in line 1"},
    {"a = 1\n[a]", "given twice"},
    {"a = 1\n[a.b]", "given a value already"},
    {"[a.b]\n[a.b]", "given twice"},
    {"[a]\n[[a]]", "and not as an array of tables"},
    {"[[a]]\n[a]", "given twice"},
    {"[a.b]\n[[a]]", "and not as an array of tables"},
    {"[[a.b]]\n[a]\nb.x = 1", "dotted keys cannot add to"},
    {"[a.b.c]\n[a]\nb.c.x = 1", "c: given already, as what dotted keys cannot add to"},
    {"[a]\nb.c = 1\n[a.b]", "given twice"},
    {"[a.b.c]\n[a]\nb.d = 1\n[a.b]", "given twice"},
    {"[a]\nb.c.d = 1\n[a.b.c]", "given twice"},
    {"[a]\nb = 1\n[a.b.c]", "given a value already"},
    /* the text */
    {"\xef\xbb\xbf"
     "a = 1",
     "f:1:1: expected a key"},
    {"a = 1\nb = '\xff'\n", "f:2:1: expected UTF-8 in this line"},
    {"a = '\xed\xa0\x80'", "expected UTF-8"},
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(bad_rows); i++) {
        struct ch_toml *toml = NULL;
        struct ch_err err = {.msg = ""};
        enum ch_code rc = ch_toml_parse(ch_str_of(bad_rows[i].text), "f", &toml, &err);
        if (rc != CH_E_FORMAT || strstr(err.msg, bad_rows[i].says) == NULL || toml != NULL) {
            fail_msg("%s: %s: %s", bad_rows[i].text, ch_code_name(rc), err.msg);
        }
    }
    struct ch_toml *toml = NULL;
    assert_ch_code(CH_E_FORMAT, ch_toml_parse(CH_STR("a = \"\0\""), "f", &toml, NULL));
    assert_ch_code(CH_E_FORMAT, ch_toml_parse(CH_STR("a = 1\0"), "f", &toml, NULL));
}

/* --- bounds: one below, one above --- */

static enum ch_code parse_code(const char *text)
{
    struct ch_toml *toml = NULL;
    enum ch_code rc = ch_toml_parse(ch_str_of(text), "f", &toml, NULL);
    ch_toml_free(toml);
    return rc;
}

static void test_bounds(void **state)
{
    (void)state;
    struct ch_limits saved = ch_limits;
    ch_limits.toml_bytes = 7;
    assert_ch_code(CH_OK, parse_code("a = 100"));
    assert_ch_code(CH_E_LIMIT, parse_code("a = 1000"));
    ch_limits = saved;
    ch_limits.toml_nodes = 4; /* the root is one */
    assert_ch_code(CH_OK, parse_code("a = [1, 2]"));
    assert_ch_code(CH_E_LIMIT, parse_code("a = [1, 2, 3]"));
    assert_ch_code(CH_E_LIMIT, parse_code("a.b.c.d = 1"));
    ch_limits = saved;
    ch_limits.toml_depth = 3;
    assert_ch_code(CH_OK, parse_code("a = [[1]]"));
    assert_ch_code(CH_E_LIMIT, parse_code("a = [[[1]]]"));
    assert_ch_code(CH_OK, parse_code("a.b.c = 1"));
    assert_ch_code(CH_E_LIMIT, parse_code("a.b.c.d = 1"));
    assert_ch_code(CH_OK, parse_code("[a.b.c]"));
    assert_ch_code(CH_E_LIMIT, parse_code("[a.b.c]\nd = 1"));
    ch_limits = saved;
}

/* Many keys of one table, and many values in one line, cost no more than their number. */
static void test_large(void **state)
{
    (void)state;
    enum { KEYS = 200000 };
    struct ch_buf b;
    struct ch_err err;
    struct ch_toml *toml = NULL;
    ch_buf_init(&b, (size_t)ch_limits.toml_bytes);
    for (unsigned i = 0; i < KEYS; i++) {
        ch_buf_printf(&b, "key%u = %u\n", i, i);
    }
    ch_buf_puts(&b, CH_STR("list = ["));
    for (unsigned i = 0; i < KEYS; i++) {
        ch_buf_printf(&b, "%u,", i);
    }
    ch_buf_puts(&b, CH_STR("]"));
    assert_ch_ok(&err, ch_toml_parse(ch_buf_str(&b), "f", &toml, &err));
    assert_int_equal(ch_toml_root(toml)->count, KEYS + 1);
    assert_int_equal(ch_toml_find(ch_toml_root(toml), "key199999")->integer, 199999);
    assert_int_equal(ch_toml_find(ch_toml_root(toml), "list")->count, KEYS);
    ch_toml_free(toml);
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trees),  cmocka_unit_test(test_places), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_bounds), cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
