#include "tests/ch_test.h"

#include "base/config/yaml.h"
#include "customhouse/limits.h"

static void test_positions(void **state)
{
    (void)state;
    struct ch_yaml *y = NULL;
    struct ch_err err;
    assert_ch_ok(&err, ch_yaml_parse(CH_STR("# c\na:\n  - x: 1\n    y: 'two'\nb: \"\\u00e9\"\n"),
                                     "f", &y, &err));
    const struct ch_yaml_node *root = ch_yaml_root(y);
    assert_int_equal(root->count, 2);
    const struct ch_yaml_node *item = ch_yaml_find(root, "a")->child;
    assert_int_equal(item->kind, CH_YAML_MAP);
    const struct ch_yaml_node *two = ch_yaml_find(item, "y");
    assert_int_equal(two->line, 4);
    assert_int_equal(two->column, 8);
    assert_int_equal(two->key_column, 5);
    assert_false(two->plain);
    assert_true(ch_yaml_find(item, "x")->plain);
    assert_str_eq(ch_yaml_find(root, "b")->text, "\xc3\xa9");
    assert_null(ch_yaml_find(root, "c"));
    ch_yaml_fail(y, two, &err, "is %d", 2);
    assert_string_equal(err.msg, "f:4:8: a[0].y: is 2");
    ch_yaml_free(y);
    ch_yaml_free(NULL);
}

/* A section that is no list has no items: its keys are not counted instead. */
static void test_found_later(void **state)
{
    (void)state;
    static const struct {
        const char *section;
        size_t item;
        const char *says;
    } rows[] = {
        {"listen", 1, "f:1:13: listen[1]: is late"},
        {"listen", 2, "f:1:9: listen: is late"},
        {"admin", 0, "f:2:8: admin: is late"},
        {"admin", 1, "f:2:8: admin: is late"},
        {"other", 0, "f:1:1: is late"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_err err = {.msg = "is late"};
        assert_int_equal(ch_yaml_fail_in(CH_STR("listen: [a, b]\nadmin: {x: 1, y: 2}\n"), "f",
                                         rows[i].section, rows[i].item, &err, err.msg),
                         CH_E_USAGE);
        assert_string_equal(err.msg, rows[i].says);
    }
}

static const struct {
    const char *label;
    const char *text;
    const char *says;
} bad_rows[] = {
    {"anchor", "a: &x 1\n", "f:1:4: an anchor (\"&name\") is not taken"},
    {"anchor on a map", "a: &x {b: 1}\n", "f:1:4: an anchor"},
    {"anchor on a key", "&x a: 1\n", "f:1:1: an anchor"},
    {"alias", "a: *x\n", "f:1:4: an alias (\"*name\") is not taken"},
    {"alias as key", "*x : 1\n", "f:1:1: an alias"},
    {"tag", "a: !!str 1\n", "f:1:4: a tag (\"!name\") is not taken"},
    {"tag on a list", "a: !x [1]\n", "f:1:4: a tag"},
    {"key twice", "a: 1\nb: 2\na: 3\n", "f:3:1: a: given twice, first in line 1"},
    {"inner key twice", "a: {b: 1, b: 2}\n", "f:1:11: a.b: given twice, first in line 1"},
    {"list as key", "[a]: 1\n", "f:1:1: a key has to be a single word"},
    {"two documents", "a: 1\n---\nb: 1\n", "f:2:1: a second document is not taken"},
    {"not a map", "text\n", "f:1:1: \"text\" is given where a map"},
    {"only comments", "# a\n", "holds nothing but comments"},
    {"unclosed", "a: [1\n", "not readable as YAML: did not find expected ',' or ']'"},
    {"indentation", "a: 1\n  b: 2\n", "f:2:4: not readable as YAML"},
    {"tab", "a:\n\tb: 1\n", "f:2:1: not readable as YAML"},
    {"control character", "a: \"\\x07\"\n", "f:1:4: a text with control characters"},
    {"NUL", "a: \"x\\0y\"\n", "f:1:4: a text with control characters"},
    {"bad UTF-8", "a: \xff\n", "f:1:4: not readable as YAML: invalid leading UTF-8 octet"},
    {"bad UTF-8 further on", "a: 1\nb: \xc3\xa9\xc3\xa9\xff\n", "f:2:6: not readable as YAML"},
    {"Latin-1 in a comment", "a: 1\r\n\r\nb: 2 # caf\xe9\nc: 3\n", "f:3:11: not readable as YAML"},
    {"UTF-8 cut off", "a: 1\nb: \xe2\x82", "f:2:4: not readable as YAML"},
    {"after other line breaks", "a: 1\xc2\x85# \xe2\x80\xa8# \xe2\x80\xa9# \r#\x01\n",
     "f:5:2: not readable as YAML: control characters are not allowed"},
    {"control byte", "a: 1\nb:\n  - \x01\n", "f:3:5: not readable as YAML: control characters"},
    {"deep", "a: [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]\n", "nested too deeply"},
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(bad_rows); i++) {
        struct ch_yaml *y = NULL;
        struct ch_err err = {.msg = ""};
        enum ch_code rc = ch_yaml_parse(ch_str_of(bad_rows[i].text), "f", &y, &err);
        if (rc != CH_E_USAGE || strstr(err.msg, bad_rows[i].says) == NULL) {
            fail_msg("%s: %s: %s", bad_rows[i].label, ch_code_name(rc), err.msg);
        }
    }
}

static void test_bounds(void **state)
{
    (void)state;
    struct ch_yaml *y = NULL;
    struct ch_err err;
    struct ch_buf b;
    ch_buf_init(&b, (size_t)ch_limits.yaml_bytes + 1);
    ch_buf_puts(&b, CH_STR("a: ["));
    for (uint64_t i = 0; i < ch_limits.yaml_nodes; i++) {
        ch_buf_puts(&b, CH_STR("1,"));
    }
    ch_buf_puts(&b, CH_STR("]\n"));
    assert_ch_code(CH_E_USAGE, ch_yaml_parse(ch_buf_str(&b), "f", &y, &err));
    assert_non_null(strstr(err.msg, "too many values"));
    while (b.len <= ch_limits.yaml_bytes) {
        ch_buf_putc(&b, '#');
    }
    assert_ch_code(CH_E_USAGE, ch_yaml_parse(ch_buf_str(&b), "f", &y, &err));
    assert_string_equal(err.msg, "f:1:1: longer than 1048576 bytes");
    ch_buf_done(&b);
}

static void test_nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"listen", "upstreams", "a", NULL};
    assert_string_equal(ch_yaml_nearest(CH_STR("lisen"), names), "listen");
    assert_string_equal(ch_yaml_nearest(CH_STR("upstream"), names), "upstreams");
    assert_null(ch_yaml_nearest(CH_STR("zzzzzz"), names));
    assert_null(ch_yaml_nearest(CH_STR("b"), names));
    assert_null(ch_yaml_nearest(CH_STR("0123456789012345678901234567890123456789012345"), names));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_positions), cmocka_unit_test(test_found_later),
        cmocka_unit_test(test_errors),    cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
