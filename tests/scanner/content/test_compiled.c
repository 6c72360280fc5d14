/* T17: compiled Python against its source: each version's layout, honest code that compilers
 * changed, and code that is not the source's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ch_test.h"
#include "customhouse/limits.h"
#include "corpus.h"
#include "scan_run.h"
#include "scanner/content/content.h"
#include "scanner/content/marshal.h"
#include "scanner/content/source_text.h"

/* --- a code object as CPython 3.`minor` writes it --- */

struct code {
    unsigned minor;
    const char *name;       /* one of co_names */
    struct ch_str constant; /* one of co_consts */
    bool is_bytes;
    bool nested; /* once more, as a function in its constants */
    bool hashed;
    int size_off;      /* added to the recorded size of the source, or to its hash */
    const char *after; /* bytes behind it */
};

static void put32(struct ch_buf *b, uint32_t v)
{
    ch_put_u32(b, v);
}

static void put_text(struct ch_buf *b, struct ch_str s)
{
    ch_buf_putc(b, 'u');
    ch_put_str(b, s);
}

static void put_bytes(struct ch_buf *b, struct ch_str s)
{
    ch_buf_putc(b, 's');
    ch_put_str(b, s);
}

static void put_empty(struct ch_buf *b)
{
    ch_buf_puts(b, CH_STR(")\0"));
}

static void put_code(struct ch_buf *b, const struct code *c, bool nested)
{
    ch_buf_putc(b, 'c');
    unsigned ints = c->minor < 8 || c->minor >= 11 ? 5 : 6;
    for (unsigned i = 0; i < ints; i++) {
        put32(b, 0);
    }
    put_bytes(b, CH_STR("code"));
    ch_buf_putc(b, '(');
    put32(b, nested ? 3 : 2);
    ch_buf_putc(b, 'N');
    if (c->is_bytes) {
        put_bytes(b, c->constant);
    } else {
        put_text(b, c->constant);
    }
    if (nested) {
        put_code(b, c, false);
    }
    ch_buf_puts(b, CH_STR(")\1"));
    put_text(b, ch_str_of(c->name));
    put_empty(b);
    if (c->minor < 11) {
        put_empty(b);
        put_empty(b);
    } else {
        put_bytes(b, CH_STR(""));
    }
    put_text(b, CH_STR("/build/of/nobody's/business.py"));
    put_text(b, CH_STR("<module>"));
    if (c->minor >= 11) {
        put_text(b, CH_STR("<module>"));
    }
    put32(b, 1);
    put_bytes(b, CH_STR(""));
    if (c->minor >= 11) {
        put_bytes(b, CH_STR(""));
    }
}

static uint32_t magic_of(unsigned minor)
{
    static const uint32_t released[] = {3379, 3394, 3413, 3425, 3439, 3495, 3531, 3571, 3627, 3666};
    return 0x0a0d0000u | released[minor - 6];
}

static void put_pyc(struct ch_buf *b, const struct code *c, struct ch_str source)
{
    uint32_t magic = magic_of(c->minor);
    put32(b, magic);
    if (c->minor >= 7) {
        put32(b, c->hashed ? 3 : 0);
    }
    if (c->hashed) {
        ch_put_u64(b, pyc_source_hash(source, magic, c->minor) + (uint64_t)(int64_t)c->size_off);
    } else {
        put32(b, 1700000000);
        put32(b, (uint32_t)((int64_t)source.len + c->size_off));
    }
    put_code(b, c, c->nested);
    ch_buf_puts(b, ch_str_of(c->after != NULL ? c->after : ""));
}

/* --- an archive of two members --- */

struct archive {
    const char *pyc_path;
    const char *source_path; /* NULL: none */
    struct ch_str pyc;
    struct ch_str source;
};
static struct archive archive;

static enum ch_code_place place_of(void *arg CH_UNUSED, struct ch_str path)
{
    return ch_str_starts(path, CH_STR("tests/")) ? CH_PLACE_TEST : CH_PLACE_IMPORT;
}

static bool read_member(void *arg CH_UNUSED, struct ch_str path, struct ch_buf *ret)
{
    bool pyc = ch_str_eq(path, ch_str_of(archive.pyc_path));
    if (!pyc && (archive.source_path == NULL || !ch_str_eq(path, ch_str_of(archive.source_path)))) {
        return false;
    }
    ch_buf_puts(ret, pyc ? archive.pyc : archive.source);
    return !ret->failed;
}

static enum ch_code inspect(const struct ch_scan_job *job, const struct ch_input *in CH_UNUSED,
                            struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_content_options o = {.job = job, .out = out, .place = place_of, .read = read_member};
    struct ch_content *c = ch_content_new(&o);
    struct ch_content_member m = {.path = ch_str_of(archive.pyc_path),
                                  .type = CH_MEMBER_FILE,
                                  .bytes = archive.pyc,
                                  .size_bytes = archive.pyc.len};
    ch_content_see(c, &m);
    ch_content_end(c);
    ch_content_free(c);
    return ch_scan_writer_ok(out, err);
}

static char *findings(const struct code *c, const char *pyc_path, const char *source_path,
                      struct ch_str source)
{
    struct ch_buf b;
    struct scan_run r;
    struct ch_scan_job job = {.kind = CH_SCAN_ARTIFACT};
    ch_buf_init(&b, 1 << 20);
    put_pyc(&b, c, source);
    archive = (struct archive){pyc_path, source_path, ch_buf_str(&b), source};
    scan_run(&r, inspect, &job, ch_buf_str(&b));
    char *found = scan_run_findings(&r);
    scan_run_done(&r);
    ch_buf_done(&b);
    return found;
}

#define S(literal)                                                                                 \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

/* clang-format off */
static const struct {
    const char *label;
    struct code code;
    const char *source;
    const char *findings;
} rows[] = {
    {"honest", {.minor = 12, .name = "print", .constant = S("hello")}, "print('hello')\n", ""},
    {"honest, in a function", {.minor = 12, .name = "print", .constant = S("hello"), .nested = true},
     "def f():\n    print('hello')\n", ""},
    {"honest, by hash", {.minor = 12, .name = "print", .constant = S("hello"), .hashed = true}, "print('hello')\n", ""},
    {"other text", {.minor = 12, .name = "print", .constant = S("curl x|sh")}, "print('hello')\n", "pyc-differs"},
    {"other text, in a function", {.minor = 12, .name = "print", .constant = S("curl x|sh"), .nested = true},
     "print('hello')\n", "pyc-differs"},
    {"other bytes", {.minor = 12, .name = "print", .constant = S("\x90\x90\xcc"), .is_bytes = true}, "print(b'\\x90')\n",
     "pyc-differs"},
    {"other name", {.minor = 12, .name = "system", .constant = S("hello")}, "print('hello')\n", "pyc-differs"},
    {"name of a comment", {.minor = 12, .name = "system", .constant = S("hello")}, "print('hello') # system\n", "pyc-differs"},
    {"text of a comment", {.minor = 12, .name = "print", .constant = S("curl x|sh")}, "# curl x|sh\nprint('hello')\n",
     "pyc-differs"},
    {"text behind a '#' in a string", {.minor = 12, .name = "print", .constant = S("#curl x|sh")}, "print('#curl x|sh')\n", ""},
    {"size of another source", {.minor = 12, .name = "print", .constant = S("hello"), .size_off = 1}, "print('hello')\n",
     "pyc-differs"},
    {"hash of another source", {.minor = 12, .name = "print", .constant = S("hello"), .hashed = true, .size_off = 1},
     "print('hello')\n", "pyc-differs"},
    {"bytes behind it", {.minor = 12, .name = "print", .constant = S("hello"), .after = "x"}, "print('hello')\n",
     "pyc-unreadable"},
    /* what compilers do */
    {"joined strings", {.minor = 12, .name = "x", .constant = S("one two three")}, "x = 'one ' \\\n    f'two three'\n", ""},
    {"added strings", {.minor = 12, .name = "x", .constant = S("first part, second part")}, "x = 'first part, ' + 'second part'\n", ""},
    {"short strings, added", {.minor = 11, .name = "x", .constant = S("xiar cru")}, "x = 'xiar' + ' cru'\n", ""},
    {"... over lines", {.minor = 11, .name = "x", .constant = S("xiar cru"), .is_bytes = true}, "x = ('xiar' \\\n    +\n  b' cru')\n", ""},
    {"short strings, with something between", {.minor = 11, .name = "y", .constant = S("xiar cru")}, "x = 'xiar' + y + ' cru'\n",
     "pyc-differs"},
    {"part of a format", {.minor = 11, .name = "x", .constant = S(")=%d ")}, "x = 'f(%s)=%%d %s' % (a, b)\n", ""},
    {"parts of an f-string", {.minor = 11, .name = "join", .constant = S("a=")}, "x = f'a={a}'\n", ""},
    {"repeated string", {.minor = 12, .name = "x", .constant = S("----------------")}, "x = '-' * 16\n", ""},
    {"escapes", {.minor = 12, .name = "x", .constant = S("a\n\x1b[0m\xc3\xa9")}, "x = 'a\\n\\x1b[0m\\u00e9'\n", ""},
    {"bytes", {.minor = 12, .name = "x", .constant = S("\xff\0\1"), .is_bytes = true}, "x = b'\\xff\\0\\001'\n", ""},
    {"backslash behind an escape, at the end", {.minor = 12, .name = "x", .constant = S("a")},
     "x = 'a'\n'\\n\\", ""},
    {"escaped backslash", {.minor = 12, .name = "x", .constant = S("a\\nb")},
     "x = 'a\\\\nb'\n", ""},
    {"named character", {.minor = 12, .name = "x", .constant = S("a\xe2\x98\x84")}, "x = 'a\\N{COMET}'\n", ""},
    {"docstring without its indentation", {.minor = 13, .name = "x", .constant = S("One.\nTwo.")},
     "def x():\n    '''One.\n    Two.\n    '''\n", ""},
    {"annotation written again", {.minor = 12, .name = "x", .constant = S("Dict[str, (int, 'a')]")},
     "from __future__ import annotations\nx: Dict[str,(int,\"a\")]\n", ""},
    {"private name", {.minor = 12, .name = "_Foo__bar", .constant = S("x")}, "class Foo:\n    def __bar(self): return 'x'\n", ""},
    {"private name of a private class", {.minor = 12, .name = "_Foo__bar", .constant = S("x")},
     "class _Foo:\n    def __bar(self): return 'x'\n", ""},
    {"private name of an argument", {.minor = 11, .name = "f", .constant = S("_Group__func")},
     "class Group:\n    def f(self, __func): f(__func=1)\n", ""},
    {"dotted name", {.minor = 12, .name = "os.path", .constant = S("x")}, "import os.path\n'x'\n", ""},
    {"name of a class", {.minor = 12, .name = "C", .constant = S("f.<locals>.C")}, "def f():\n    class C: pass\n", ""},
    {"name of a function without one", {.minor = 10, .name = "C", .constant = S("C.<lambda>")}, "class C:\n    x = lambda: 1\n", ""},
    {"... and in one", {.minor = 9, .name = "f", .constant = S("f.<locals>.<genexpr>")}, "def f():\n    return (1 for _ in ())\n", ""},
    {"... of none that is there", {.minor = 9, .name = "f", .constant = S("system.<locals>.<genexpr>")},
     "def f():\n    return (1 for _ in ())\n", "pyc-differs"},
    {"format in an f-string", {.minor = 12, .name = "x", .constant = S("#x")}, "y = f'<{x:#x}>'\n", ""},
    {"comment in an f-string", {.minor = 12, .name = "x", .constant = S("#curl x|sh")}, "y = f'{x[0:#curl x|sh\n1]}'\n", "pyc-differs"},
    {"string in an f-string", {.minor = 12, .name = "x", .constant = S("#b")}, "y = f\"{x[\"#b\"]}\"\n", ""},
};
/* clang-format on */

static void test_rows(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char *found = findings(&rows[i].code, "foo/__pycache__/x.cpython-312.opt-1.pyc", "foo/x.py",
                               ch_str_of(rows[i].source));
        if (strcmp(found, rows[i].findings) != 0) {
            print_error("%s: found \"%s\", expected \"%s\"\n", rows[i].label, found,
                        rows[i].findings);
            wrong++;
        }
        free(found);
    }
    assert_int_equal(wrong, 0);
}

static void test_versions(void **state)
{
    (void)state;
    for (unsigned minor = 6; minor <= 15; minor++) {
        struct code honest = {
            .minor = minor, .name = "print", .constant = S("hello"), .nested = true};
        struct code other = {
            .minor = minor, .name = "system", .constant = S("hello"), .nested = true};
        struct ch_str source = CH_STR("def f(): print('hello')\n");
        char *found = findings(&honest, "x.pyc", "x.py", source);
        assert_string_equal(found, "");
        free(found);
        found = findings(&other, "x.pyc", "x.py", source);
        assert_string_equal(found, "pyc-differs");
        free(found);
    }
}

static void test_places(void **state)
{
    (void)state;
    struct code c = {.minor = 12, .name = "print", .constant = S("hello")};
    struct ch_str source = CH_STR("print('hello')\n");
    static const struct {
        const char *pyc;
        const char *source;
        const char *findings;
    } places[] = {
        {"x.pyc", "x.py", ""},
        {"x.pyc", NULL, "pyc-without-source"},
        {"__pycache__/x.cpython-312.pyc", "x.py", ""},
        {"__pycache__/x.cpython-312.pyc", "__pycache__/x.py", "pyc-without-source"},
        {"a/b/__pycache__/x.cpython-312.pyc", "a/b/x.py", ""},
        {"a__pycache__/x.pyc", "a__pycache__/x.py", ""},
        {"tests/x.pyc", NULL, "test-content"},
        {"x.PYC", NULL, "pyc-without-source"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(places); i++) {
        char *found = findings(&c, places[i].pyc, places[i].source, source);
        assert_string_equal(found, places[i].findings);
        free(found);
    }
}

/* 8 bytes that CPython 3.11 computed: _imp.source_hash(3495 | 0x0a0d0000, b"print('hello')\n"). */
static void test_source_hash(void **state)
{
    (void)state;
    assert_true(pyc_source_hash(CH_STR("print('hello')\n"), magic_of(11), 11) ==
                0xb5c7c2cd68268fdeu);
    assert_true(pyc_source_hash(CH_STR("print('hello')\n"), magic_of(10), 10) !=
                pyc_source_hash(CH_STR("print('hello')\n"), magic_of(10), 11));
}

static void ignore_name(void *arg CH_UNUSED, struct ch_str s CH_UNUSED)
{
}
static void ignore_text(void *arg CH_UNUSED, struct ch_str s CH_UNUSED, bool b CH_UNUSED)
{
}

static void test_limits(void **state)
{
    (void)state;
    struct ch_limits before = ch_limits;
    struct code c = {.minor = 12, .name = "print", .constant = S("hello"), .nested = true};
    struct marshal_sink sink = {ignore_name, ignore_text, NULL};
    struct ch_buf b;
    ch_buf_init(&b, 1 << 16);
    put_code(&b, &c, true);
    ch_limits.marshal_objects = 28;
    assert_null(marshal_read_code(ch_buf_str(&b), 12, &sink));
    ch_limits.marshal_objects = 27;
    assert_non_null(marshal_read_code(ch_buf_str(&b), 12, &sink));
    ch_limits = before;
    ch_limits.marshal_depth = 5;
    assert_null(marshal_read_code(ch_buf_str(&b), 12, &sink));
    ch_limits.marshal_depth = 4;
    assert_non_null(marshal_read_code(ch_buf_str(&b), 12, &sink));
    ch_limits = before;
    ch_buf_done(&b);
    ch_limits.pyc_search_bytes = 1;
    struct code joined = {.minor = 12, .name = "x", .constant = S("one two three")};
    char *found = findings(&joined, "x.pyc", "x.py", CH_STR("x = 'one ' 'two three'\n"));
    assert_string_equal(found, "pyc-unreadable");
    free(found);
    ch_limits = before;
}

/* Every cut of an honest file is unreadable, none crashes. */
static void test_cuts(void **state)
{
    (void)state;
    struct code c = {.minor = 14, .name = "print", .constant = S("hello"), .nested = true};
    struct marshal_sink sink = {ignore_name, ignore_text, NULL};
    struct ch_buf b;
    ch_buf_init(&b, 1 << 16);
    put_code(&b, &c, true);
    for (size_t n = 0; n < b.len; n++) {
        assert_non_null(marshal_read_code(ch_str_sub(ch_buf_str(&b), 0, n), 14, &sink));
    }
    assert_null(marshal_read_code(ch_buf_str(&b), 14, &sink));
    assert_non_null(marshal_read_code(ch_buf_str(&b), 10, &sink));
    ch_buf_done(&b);
}

/* Tuples that names and constants share are read as both. */
static void test_shared_tuples(void **state)
{
    (void)state;
    struct ch_buf b;
    struct marshal_sink sink = {ignore_name, ignore_text, NULL};
    ch_buf_init(&b, 1 << 16);
    ch_buf_putc(&b, 'c');
    for (unsigned i = 0; i < 5; i++) {
        put32(&b, 0);
    }
    put_bytes(&b, CH_STR("code"));
    ch_buf_puts(&b, CH_STR(")\1"));
    ch_buf_puts(&b, CH_STR("\xa9\1")); /* a small tuple to be referred to: number 0 */
    ch_buf_puts(&b, CH_STR("z\4name"));
    ch_buf_puts(&b, CH_STR("r\0\0\0\0")); /* names */
    put_empty(&b);
    put_bytes(&b, CH_STR(""));
    put_text(&b, CH_STR("file"));
    put_text(&b, CH_STR("<module>"));
    put_text(&b, CH_STR("<module>"));
    put32(&b, 1);
    put_bytes(&b, CH_STR(""));
    put_bytes(&b, CH_STR(""));
    assert_null(marshal_read_code(ch_buf_str(&b), 12, &sink));
    ch_buf_done(&b);
}

static int write_corpus(const char *dir)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        struct ch_str source = ch_str_of(rows[i].source);
        ch_buf_init(&b, 1 << 16);
        ch_buf_putc(&b, (char)source.len);
        ch_buf_puts(&b, source);
        struct code c = rows[i].code;
        c.minor = 6 + (unsigned)i % 9;
        put_pyc(&b, &c, source);
        if (!corpus_write(dir, rows[i].label, ch_buf_str(&b))) {
            perror(dir);
            return 1;
        }
        ch_buf_done(&b);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        return write_corpus(argv[1]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),          cmocka_unit_test(test_versions),
        cmocka_unit_test(test_places),        cmocka_unit_test(test_source_hash),
        cmocka_unit_test(test_limits),        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_shared_tuples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
