/* What names a member that lies among tests, or an archive of data, and what comes near and does not. */
#include <stdio.h>
#include <string.h>

#include "tests/ch_test.h"
#include "customhouse/limits.h"
#include "scanner/content/reach.h"

/* Members: two packages' tests, one of which another imports, an archive, a script, a text. */
static const struct {
    const char *path;
    enum reach_kind kind;
} members[] = {
    {"a/tests/__init__.py", REACH_TESTS},     {"a/tests/evil.py", REACH_TESTS},
    {"a/tests/deep/x.py", REACH_TESTS},       {"a/tests/_fast.cpython-312-x86_64-linux-gnu.so", REACH_TESTS},
    {"tests/evil.py", REACH_TESTS},           {"a/tests/data/pack.tar.xz", REACH_TESTS},
    {"a/data/pack.bin", REACH_DATA},          {"a/run.sh", REACH_DATA},
    {"a/notes.txt", REACH_TEXT},              {"a/tests/__pycache__/old.cpython-312.pyc", REACH_TESTS},
};

static const struct row {
    const char *label;
    const char *site;
    const char *source;
    const char *reached; /* paths, with a blank between, as above */
} rows[] = {
    /* imports */
    {"relative", "a/b.py", "from .tests import evil\n", "a/tests/__init__.py a/tests/evil.py"},
    {"absolute", "c.py", "import a.tests.evil as e\n", "a/tests/__init__.py a/tests/evil.py"},
    {"second of a list", "c.py", "import os, a.tests.deep.x\n", "a/tests/__init__.py a/tests/deep/x.py"},
    {"the folder on top", "a/b.py", "import tests.evil\n", "tests/evil.py"},
    {"over a line's end", "a/b.py", "from . \\\n  import (os,\n    tests)\n", "a/tests/__init__.py"},
    {"in a function", "a/b.py", "def f():\n    from a.tests import evil\n", "a/tests/__init__.py a/tests/evil.py"},
    {"behind a semicolon", "a/b.py", "x = 1; import tests.evil\n", "tests/evil.py"},
    {"native", "a/b.py", "from .tests import _fast\n",
     "a/tests/__init__.py a/tests/_fast.cpython-312-x86_64-linux-gnu.so"},
    {"compiled", "a/b.py", "from .tests import old\n",
     "a/tests/__init__.py a/tests/__pycache__/old.cpython-312.pyc"},
    {"letters that pass for others", "a/b.py", "import \xef\xbd\x94" "ests.evil\n", "tests/evil.py"},
    /* by name */
    {"a text that is a module", "a/b.py", "import_module('a.tests.evil')\n", "a/tests/__init__.py a/tests/evil.py"},
    {"a relative one", "a/b.py", "import_module('.tests.evil', 'a')\n", "a/tests/__init__.py a/tests/evil.py"},
    {"a path", "c.py", "open('a/tests/evil.py')\n", "a/tests/evil.py tests/evil.py"},
    {"the name of an archive", "c.py", "open(join(here, 'pack.tar.xz'))\n", "a/tests/data/pack.tar.xz"},
    {"an archive of data", "c.py", "open(f'{here}/data/pack.bin')\n", "a/data/pack.bin"},
    {"a script", "c.py", "run(['sh', join(here, 'run.sh')])\n", "a/run.sh"},
    {"a folder and a name", "a/b.py", "import_module(f'.tests.deep.{name}', 'a')\n", "a/tests/deep/x.py"},
    {"a folder on the path", "a/b.py", "import sys\nsys.path.insert(0, join(here, 'deep', 'tests'))\n",
     "a/tests/__init__.py a/tests/evil.py a/tests/deep/x.py a/tests/_fast.cpython-312-x86_64-linux-gnu.so "
     "tests/evil.py a/tests/data/pack.tar.xz a/tests/__pycache__/old.cpython-312.pyc"},
    /* near */
    {"in a comment", "a/b.py", "x = 1  # from .tests import evil\n", ""},
    {"in prose", "a/b.py", "'''See the tests, and evil.'''\n", ""},
    {"an attribute", "a/b.py", "self.tests.evil()\n", ""},
    {"another package's", "b/c.py", "from .tests import evil\nimport b.tests.evil\n", ""},
    {"a folder's name alone", "a/b.py", "names = ['tests', 'deep']\n", ""},
    {"a text that is opened", "c.py", "open('a/notes.txt')\n", ""},
    {"a text that is looked for", "a/b.py", "if '.tests.' not in m.name and 'a.tests.evil' in x:\n    f(m)\n", ""},
    {"a longer word", "a/b.py", "import latests.evil\n", ""},
    {"outside of the top", "b.py", "from ..a.tests import evil\n", ""},
};

static struct reach *made(void)
{
    struct reach *r = reach_new();
    for (size_t i = 0; i < CH_ARRAY_LEN(members); i++) {
        struct ch_str path = ch_str_of(members[i].path);
        reach_add(r, path, path, members[i].kind);
        assert_false(reach_judged(r, path));
    }
    return r;
}

static void put_reached(const struct reach *r, struct ch_buf *b)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(members); i++) {
        if (reach_of(r, ch_str_of(members[i].path)) != 0) {
            ch_buf_puts(b, b->len > 0 ? CH_STR(" ") : CH_STR(""));
            ch_buf_puts(b, ch_str_of(members[i].path));
        }
    }
}

static bool is_reached(const struct reach *r, const char *label, const char *expected)
{
    struct ch_buf b;
    ch_buf_init(&b, 4096);
    put_reached(r, &b);
    bool ok = ch_str_eq(ch_buf_str(&b), ch_str_of(expected));
    if (!ok) {
        print_error("%s: \"%.*s\", expected \"%s\"\n", label, CH_STR_ARG(ch_buf_str(&b)), expected);
    }
    ch_buf_done(&b);
    return ok;
}

/* Each row twice: the second time with the expected members reached already, which must change nothing. */
static void test_rows(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct reach *r = made();
        struct ch_str site = ch_str_of(rows[i].site);
        for (int pass = 0; pass < 2; pass++) {
            reach_source(r, site, site, ch_str_of(rows[i].source), 0);
            wrong += !is_reached(r, rows[i].label, rows[i].reached);
        }
        assert_false(reach_over(r));
        reach_free(r);
    }
    assert_int_equal(wrong, 0);
}

static void test_ways(void **state)
{
    (void)state;
    struct reach *r = made();
    reach_object(r, CH_STR("a.tests.evil : main"));
    assert_true(is_reached(r, "entry point", "a/tests/__init__.py a/tests/evil.py"));
    reach_free(r);
    r = made();
    reach_folder(r, CH_STR("./a/tests/deep/"));
    assert_true(is_reached(r, ".pth", "a/tests/deep/x.py"));
    assert_int_equal(reach_of(r, CH_STR("a/tests/deep/x.py")), REACH_NAMED | REACH_START);
    reach_free(r);
    r = made();
    reach_started(r, CH_STR("a/b.py"), CH_STR("data/notes.txt"), REACH_RUN); /* the folder is another */
    assert_true(is_reached(r, "started elsewhere", ""));
    reach_started(r, CH_STR("a/b.py"), CH_STR("a/notes.txt"), REACH_RUN);
    reach_started(r, CH_STR("a/b.py"), CH_STR("tests"), 0);
    assert_true(is_reached(r, "started", "a/notes.txt"));
    assert_int_equal(reach_of(r, CH_STR("a/notes.txt")), REACH_NAMED | REACH_RUN);
    reach_free(r);
}

/* Files that are executed, by as much as is known of their paths. */
static void test_executed(void **state)
{
    (void)state;
    static const char *const all = "a/tests/__init__.py a/tests/evil.py a/tests/deep/x.py";
    static const struct {
        const char *site;
        const char *path;
        const char *reached;
    } paths[] = {
        {"a/b.py", "notes.txt", "a/notes.txt"},
        {"a/b.py", "../a/notes.txt", "a/notes.txt"},
        {"a/b.py", "src/a/notes.txt", "a/notes.txt"},
        {"a/b.py", "b/notes.txt", ""},
        {"a/b.py", "*.txt", "a/notes.txt"},
        {"c.py", "*.txt", ""}, /* beside it there is none */
        {"a/b.py", "*otes.txt", "a/notes.txt"},
        {"a/b.py", "tests/*.py", "a/tests/__init__.py a/tests/evil.py tests/evil.py"},
        {"a/b.py", "*/*.py", "a/tests/__init__.py a/tests/evil.py"},
        {"a/b.py", "**/*.py", all},
        {"b/c.py", "**/*.py", ""},
        {"a/b.py", "*", ""}, /* any at all */
        {"a/b.py", "*/*", ""},
        {"a/b.py", "", ""},
    };
    int wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(paths); i++) {
        struct reach *r = made();
        reach_executed(r, ch_str_of(paths[i].site), ch_str_of(paths[i].path), REACH_CODE);
        wrong += !is_reached(r, paths[i].path, paths[i].reached);
        reach_free(r);
    }
    assert_int_equal(wrong, 0);
    struct reach *r = made();
    reach_executed(r, CH_STR("a/b.py"), CH_STR("notes.txt"), REACH_CODE | REACH_START);
    assert_int_equal(reach_of(r, CH_STR("a/notes.txt")), REACH_NAMED | REACH_CODE | REACH_START);
    reach_free(r);
    r = made();
    reach_listed(r, CH_STR("a/b.py"), CH_STR(""), 0);
    assert_true(is_reached(r, "all below", all));
    reach_free(r);
    r = made();
    reach_listed(r, CH_STR("a/b.py"), CH_STR("tests/deep"), 0);
    assert_true(is_reached(r, "a folder", "a/tests/deep/x.py"));
    reach_free(r);
    /* source among data, for who changes the path */
    r = made();
    reach_add(r, CH_STR("d/share/mod.py"), CH_STR("share/mod.py"), REACH_SCRIPT);
    reach_source(r, CH_STR("a/b.py"), CH_STR("a/b.py"), CH_STR("import mod\n"), 0);
    assert_int_equal(reach_of(r, CH_STR("d/share/mod.py")), 0);
    reach_source(r, CH_STR("a/b.py"), CH_STR("a/b.py"),
                 CH_STR("import sys\nsys.path.insert(0, x)\nimport mod\n"), 0);
    assert_int_equal(reach_of(r, CH_STR("d/share/mod.py")), REACH_NAMED);
    reach_free(r);
}

/* What was judged before it was reached comes again, once for each thing that is learned. */
static void test_again(void **state)
{
    (void)state;
    struct reach *r = made();
    struct ch_str path;
    struct ch_str evil = CH_STR("a/tests/evil.py");
    assert_false(reach_next(r, &path));
    reach_source(r, CH_STR("c.py"), CH_STR("c.py"), CH_STR("import a.tests.evil\n"), 0);
    assert_true(reach_next(r, &path) && ch_str_eq(path, CH_STR("a/tests/__init__.py")));
    assert_true(reach_next(r, &path) && ch_str_eq(path, evil));
    assert_true(reach_judged(r, evil));
    assert_false(reach_next(r, &path));
    /* what lies among tests and is reached names what lies beside it, without the word */
    reach_source(r, evil, evil, CH_STR("from .deep import x\n"), 0);
    assert_true(reach_next(r, &path) && ch_str_eq(path, CH_STR("a/tests/deep/x.py")));
    reach_source(r, CH_STR("a.pth"), CH_STR("a.pth"), CH_STR("import a.tests.evil\n"), REACH_START);
    assert_true(reach_next(r, &path) && ch_str_eq(path, CH_STR("a/tests/__init__.py")));
    assert_true(reach_next(r, &path) && ch_str_eq(path, evil));
    assert_false(reach_next(r, &path));
    reach_free(r);
}

/* More words than the gate has room for: then every source is read. */
static void test_many(void **state)
{
    (void)state;
    struct reach *r = made();
    for (int i = 0; i < 9000; i++) {
        char path[64];
        snprintf(path, sizeof(path), "a/tests/data/pack%d.dat", i);
        reach_add(r, ch_str_of(path), ch_str_of(path), REACH_TESTS);
    }
    reach_source(r, CH_STR("c.py"), CH_STR("c.py"), CH_STR("open('pack8999.dat')\n"), 0);
    assert_int_equal(reach_of(r, CH_STR("a/tests/data/pack8999.dat")), REACH_NAMED);
    assert_int_equal(reach_of(r, CH_STR("a/tests/data/pack8998.dat")), 0);
    reach_free(r);
    struct ch_limits before = ch_limits;
    ch_limits.content_names = 2;
    r = made();
    assert_true(reach_over(r));
    reach_free(r);
    ch_limits = before;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_ways),
        cmocka_unit_test(test_executed),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
