/* What names a member that lies among tests, or an archive of data, and what comes near and does not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native_build.h"
#include "tests/ch_test.h"
#include "customhouse/limits.h"
#include "scan_run.h"
#include "scanner/content/content.h"
#include "scanner/content/reach.h"
#include "zip_build.h"

/* Members: two packages' tests, one of which another imports, an archive, a script, a text. */
static const struct {
    const char *path;
    enum reach_kind kind;
} members[] = {
    {"a/tests/__init__.py", REACH_TESTS},
    {"a/tests/evil.py", REACH_TESTS},
    {"a/tests/deep/x.py", REACH_TESTS},
    {"a/tests/_fast.cpython-312-x86_64-linux-gnu.so", REACH_TESTS},
    {"tests/evil.py", REACH_TESTS},
    {"a/tests/data/pack.tar.xz", REACH_TESTS},
    {"a/data/pack.bin", REACH_DATA},
    {"a/run.sh", REACH_DATA},
    {"a/notes.txt", REACH_TEXT},
    {"a/tests/__pycache__/old.cpython-312.pyc", REACH_TESTS},
    {"share/a/tool.py", REACH_DATA},
    {"a/utils_test.py", REACH_TESTS},
    {"a/__main__.py", REACH_PROGRAM},         {"a/c/doc/conf.py", REACH_TESTS},
    {"a/c/.ci/x.py", REACH_TESTS},            {"my-b/b/c/main.py", REACH_TESTS},
    {"my-b/b/x.sh", REACH_TESTS},
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
    {"second of a list", "c.py", "import os, a.tests.deep.x\n",
     "a/tests/__init__.py a/tests/deep/x.py"},
    {"the folder on top", "a/b.py", "import tests.evil\n", "tests/evil.py"},
    {"over a line's end", "a/b.py", "from . \\\n  import (os,\n    tests)\n",
     "a/tests/__init__.py"},
    {"behind a comment in a list", "a/b.py", "from . import (  # all\n    # of\n    tests)\n",
     "a/tests/__init__.py"},
    {"behind a name and a comment", "a/b.py", "from . import (os,  # one\n    tests)\n",
     "a/tests/__init__.py"},
    {"without a blank", "a/b.py", "from.tests import evil\n",
     "a/tests/__init__.py a/tests/evil.py"},
    {"with one more", "a/b.py", "from . tests import evil\n",
     "a/tests/__init__.py a/tests/evil.py"},
    {"within the name", "c.py", "import a . tests . evil\n", "a/tests/__init__.py a/tests/evil.py"},
    {"over lines before the keyword", "a/b.py", "from .\\\n tests import evil\n",
     "a/tests/__init__.py a/tests/evil.py"},
    {"over lines within the name", "c.py", "import a\\\n  .tests.evil\n",
     "a/tests/__init__.py a/tests/evil.py"},
    {"behind a form feed", "c.py", "import os,\f\ftests.evil\n", "tests/evil.py"},
    {"in a function", "a/b.py", "def f():\n    from a.tests import evil\n",
     "a/tests/__init__.py a/tests/evil.py"},
    {"behind a semicolon", "a/b.py", "x = 1; import tests.evil\n", "tests/evil.py"},
    {"native", "a/b.py", "from .tests import _fast\n",
     "a/tests/__init__.py a/tests/_fast.cpython-312-x86_64-linux-gnu.so"},
    {"compiled", "a/b.py", "from .tests import old\n",
     "a/tests/__init__.py a/tests/__pycache__/old.cpython-312.pyc"},
    {"letters that pass for others", "a/b.py",
     "import \xef\xbd\x94"
     "ests.evil\n",
     "tests/evil.py"},
    /* by name */
    {"a text that is a module", "a/b.py", "import_module('a.tests.evil')\n",
     "a/tests/__init__.py a/tests/evil.py"},
    {"a relative one", "a/b.py", "import_module('.tests.evil', 'a')\n",
     "a/tests/__init__.py a/tests/evil.py"},
    {"a path", "c.py", "open('a/tests/evil.py')\n", "a/tests/evil.py tests/evil.py"},
    {"the name of an archive", "c.py", "open(join(here, 'pack.tar.xz'))\n",
     "a/tests/data/pack.tar.xz"},
    {"an archive of data", "c.py", "open(f'{here}/data/pack.bin')\n", "a/data/pack.bin"},
    {"a script that lies where nothing is imported", "c.py",
     "run_path(join(prefix, 'share/a/tool.py'))\n", "share/a/tool.py"},
    {"a script", "c.py", "run(['sh', join(here, 'run.sh')])\n", "a/run.sh"},
    {"a folder and a name", "a/b.py", "import_module(f'.tests.deep.{name}', 'a')\n",
     "a/tests/deep/x.py"},
    {"a folder on the path", "a/b.py",
     "import sys\nsys.path.insert(0, join(here, 'deep', 'tests'))\n",
     "a/tests/__init__.py a/tests/evil.py a/tests/deep/x.py "
     "a/tests/_fast.cpython-312-x86_64-linux-gnu.so "
     "tests/evil.py a/tests/data/pack.tar.xz a/tests/__pycache__/old.cpython-312.pyc"},
    /* of tests by its name alone */
    {"a module of tests", "a/b.py", "from .utils_test import f\n", "a/utils_test.py"},
    {"... among modules", "c.py", "from a import x, utils_test\n", "a/utils_test.py"},
    {"... by name", "a/b.py", "__import__('utils_test', globals(), level=1)\n", "a/utils_test.py"},
    {"... of a list", "a/__init__.py", "__all__ = ['b', 'utils_test']\n", "a/utils_test.py"},
    {"... by its folder", "a/b.py", "sys.path.append(here)\nimport utils_test\n",
     "a/utils_test.py"},
    {"... by its path", "c.py", "open(join(here, 'utils_test.py'))\n", "a/utils_test.py"},
    {"a longer name", "a/b.py", "from .more_utils_test import f\n", ""},
    {"another module of tests in a comment", "a/b.py", "x = 1  # utils_test\n", ""},
    /* a package's program */
    {"a program", "c.py", "import a.__main__\n", "a/__main__.py"},
    {"... of its own package", "a/b.py", "from . import __main__\n", "a/__main__.py"},
    {"... whose function is imported", "a/b.py", "from .__main__ import main\n", "a/__main__.py"},
    {"... by name", "a/b.py", "import_module('.__main__', 'a')\n", "a/__main__.py"},
    {"... by its path", "c.py", "open('a/__main__.py')\n", "a/__main__.py"},
    {"whether it is the program", "a/b.py", "if __name__ == '__main__':\n    f()\n", ""},
    {"its package", "c.py", "import a\nfrom a import b\n", ""},
    /* of tests by the kind of archive */
    {"a package and a name", "a/b.py", "import_module(f'a.{name}')\n", ""},
    {"a package and a folder", "a/b.py", "f('a/')\nf('a/c/')\nf('a.c.')\n", ""},
    {"a folder of documentation", "a/b.py", "import_module(f'a.c.doc.{name}')\n", "a/c/doc/conf.py"},
    {"a module there", "b.py", "import a.c.doc.conf\n", "a/c/doc/conf.py"},
    {"a folder that is put on the path", "b.py", "sys.path.append(join('my-b', 'b'))\n",
     "my-b/b/c/main.py my-b/b/x.sh"},
    {"a program's own name", "my-b/b/c/main.py", "import sys\nsys.path.append(x)\nArgumentParser(prog='b')\n", ""},
    {"the folders around it", "my-b/b/c/main.py", "sys.path.append(join(here, 'my-b', 'b', 'c'))\n", ""},
    /* near */
    {"in a comment", "a/b.py", "x = 1  # from .tests import evil\n", ""},
    {"in prose", "a/b.py", "'''See the tests, and evil.'''\n", ""},
    {"an attribute", "a/b.py", "self.tests.evil()\n", ""},
    {"another package's", "b/c.py", "from .tests import evil\nimport b.tests.evil\n", ""},
    {"a folder's name alone", "a/b.py", "names = ['tests', 'deep']\n", ""},
    {"a text that is opened", "c.py", "open('a/notes.txt')\n", ""},
    {"a text that is looked for", "a/b.py",
     "if '.tests.' not in m.name and 'a.tests.evil' in x:\n    f(m)\n", ""},
    {"a beginning that is looked for", "a/b.py",
     "if x.startswith('a/tests/') or x.endswith('a.tests.evil'):\n    f(x)\n", ""},
    {"one of several", "a/b.py",
     "if x.startswith(('b/', 'a/tests/', 'a/tests/deep/')):\n    f(x)\n", ""},
    {"what comes behind it", "a/b.py", "f(x.startswith('b/') and 'a.tests.evil')\n",
     "a/tests/__init__.py a/tests/evil.py"},
    {"what is given to a call in it", "a/b.py", "x.startswith(f('a.tests.evil'))\n",
     "a/tests/__init__.py a/tests/evil.py"},
    {"a function of that name", "a/b.py", "startswith('a.tests.evil')\n",
     "a/tests/__init__.py a/tests/evil.py"},
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

/* What asking a text does, another file may say itself: it comes before, or behind. */
static void test_asking(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        const char *asks;
        const char *says;
        const char *reached;
    } asking[] = {
        {"a method of that name", "m.startswith('a.tests.evil')\n", "class M:\n    def startswith(s, n):\n        f(n)\n",
         "a/tests/__init__.py a/tests/evil.py"},
        {"a beginning", "m.endswith('a/tests/deep/')\n", "M.endswith = f; setattr(M, 'endswith', f)\n", "a/tests/deep/x.py"},
        {"an attribute of that name", "m.endswith('a/tests/deep/')\n", "M.endswith = f\n", "a/tests/deep/x.py"},
        {"a target of that name", "m.endswith('a/tests/deep/')\n", "for M.endswith in (f,):\n    pass\n", "a/tests/deep/x.py"},
        {"an operator", "'a.tests.evil' in m\n", "class M:\n    def __contains__(s, n):\n        f(n)\n",
         "a/tests/__init__.py a/tests/evil.py"},
        {"a beginning of which the operator asks", "'.tests.' in m\n", "class M:\n    def __contains__(s, n):\n        f(n)\n", ""},
        {"another method", "m.startswith('a.tests.evil')\n", "class M:\n    def __contains__(s, n):\n        f(n)\n", ""},
        {"a text's method", "m.startswith('a.tests.evil')\n", "f(x.startswith('b'))\n", ""},
    };
    int wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(asking); i++) {
        for (int pass = 0; pass < 2; pass++) {
            struct reach *r = made();
            if (pass == 1) {
                reach_source(r, CH_STR("a/c.py"), CH_STR("a/c.py"), ch_str_of(asking[i].says), 0);
            }
            reach_source(r, CH_STR("a/b.py"), CH_STR("a/b.py"), ch_str_of(asking[i].asks), 0);
            if (pass == 0) {
                reach_source(r, CH_STR("a/c.py"), CH_STR("a/c.py"), ch_str_of(asking[i].says), 0);
            }
            wrong += !is_reached(r, asking[i].label, asking[i].reached);
            reach_free(r);
        }
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
    reach_started(r, CH_STR("c.py"), CH_STR("a"), REACH_RUN); /* python -m a */
    assert_true(is_reached(r, "a package started", "a/notes.txt a/__main__.py"));
    assert_int_equal(reach_of(r, CH_STR("a/notes.txt")), REACH_NAMED | REACH_RUN);
    reach_free(r);
}

/* Files that are executed, by as much as is known of their paths. */
static void test_executed(void **state)
{
    (void)state;
    static const char *const all =
        "a/tests/__init__.py a/tests/evil.py a/tests/deep/x.py a/utils_test.py "
        "a/__main__.py a/c/doc/conf.py a/c/.ci/x.py";
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

/* However much stands between the keyword and the name. */
static void test_far(void **state)
{
    (void)state;
    static const char *const rows_of[][3] = {{"import (", "other, ", "tests)\n"},
                                             {"import (", "other, # x\n", "tests)\n"},
                                             {"import a", " ", ".tests.evil\n"},
                                             {"import ", "a.", "tests.evil, tests.evil\n"}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows_of); i++) {
        struct ch_buf b;
        struct reach *r = made();
        ch_buf_init(&b, 1 << 20);
        ch_buf_puts(&b, CH_STR("from . "));
        b.len = i < 2 ? b.len : 0;
        ch_buf_puts(&b, ch_str_of(rows_of[i][0]));
        for (int n = 0; n < 5000; n++) {
            ch_buf_puts(&b, ch_str_of(rows_of[i][1]));
        }
        ch_buf_puts(&b, ch_str_of(rows_of[i][2]));
        reach_source(r, CH_STR("a/b.py"), CH_STR("a/b.py"), ch_buf_str(&b), 0);
        assert_int_equal(reach_of(r, CH_STR("a/tests/__init__.py")), i < 3 ? REACH_NAMED : 0);
        assert_int_equal(reach_of(r, CH_STR("tests/evil.py")), i < 3 ? 0 : REACH_NAMED);
        reach_free(r);
        ch_buf_done(&b);
    }
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

/* What lies in an archive inside is judged again with that. */
static void test_inside(void **state)
{
    (void)state;
    struct reach *r = made();
    struct ch_str path;
    struct ch_str key = {"w.whl\0b/tests/x.py", sizeof("w.whl\0b/tests/x.py") - 1};
    struct ch_str site = CH_STR("b/tests/x.py");
    assert_false(reach_add_inside(r, key, site, CH_STR("w.whl")));
    reach_add(r, CH_STR("w.whl"), CH_STR("w.whl"), REACH_DATA);
    assert_true(reach_add_inside(r, key, site, CH_STR("w.whl")));
    assert_false(reach_judged(r, CH_STR("w.whl")));
    assert_false(reach_judged(r, key));
    reach_source(r, CH_STR("c.py"), CH_STR("c.py"), CH_STR("import a.tests\n"), 0);
    while (reach_next(r, &path)) {
        assert_false(ch_str_eq(path, CH_STR("w.whl")));
    }
    reach_source(r, CH_STR("c.py"), CH_STR("c.py"), CH_STR("import b.tests.x\n"), 0);
    assert_int_equal(reach_of(r, key), REACH_NAMED);
    assert_int_equal(reach_of(r, CH_STR("w.whl")), 0);
    assert_true(reach_next(r, &path) && ch_str_eq(path, CH_STR("w.whl")));
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

/* --- an archive of data, with native code among its tests, and the source that opens it --- */

static enum ch_code_place place_of(void *arg CH_UNUSED, struct ch_str path)
{
    return ch_str_ends(path, CH_STR(".py")) ? CH_PLACE_IMPORT : CH_PLACE_NONE;
}

static bool read_none(void *arg CH_UNUSED, struct ch_str path CH_UNUSED, struct ch_buf *ret CH_UNUSED)
{
    return false;
}

static struct ch_str site_of(void *arg CH_UNUSED, struct ch_str path)
{
    return path;
}

static bool source_first;

static void see(struct ch_content *c, const char *path, struct ch_str bytes)
{
    ch_content_see(c, &(struct ch_content_member){.path = ch_str_of(path),
                                                  .type = CH_MEMBER_FILE,
                                                  .bytes = bytes,
                                                  .size_bytes = bytes.len});
}

static enum ch_code inspect(const struct ch_scan_job *job, const struct ch_input *in,
                            struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_content_options o = {
        .job = job, .out = out, .place = place_of, .read = read_none, .site = site_of};
    struct ch_content *c = ch_content_new(&o);
    const struct ch_str source = CH_STR("open('a/pack.zip')\n");
    struct ch_str zip = {(const char *)in->ptr, in->len};
    struct ch_str path;
    ch_content_expect(c, CH_STR("a/pack.zip"));
    if (source_first) {
        see(c, "a/b.py", source);
    }
    see(c, "a/pack.zip", zip);
    if (!source_first) {
        see(c, "a/b.py", source);
    }
    while (ch_content_next(c, &path)) {
        assert_str_eq(path, "a/pack.zip");
        see(c, "a/pack.zip", zip);
    }
    ch_content_end(c);
    ch_content_free(c);
    return ch_scan_writer_ok(out, err);
}

/* Whichever comes first in the archive. */
static void test_archive(void **state)
{
    (void)state;
    static const struct native_spec spec = {.library = NULL};
    struct ch_scan_job job = {.kind = CH_SCAN_ARTIFACT};
    struct ch_buf native;
    struct zb z;
    ch_buf_init(&native, 1 << 16);
    native_elf(&native, &spec);
    zb_init(&z);
    zb_add(&z, &(struct zb_member){.name = CH_STR("tests/x.txt"), .content = ch_buf_str(&native)});
    zb_end(&z, NULL);
    for (int first = 0; first < 2; first++) {
        struct scan_run r;
        source_first = first == 1;
        scan_run(&r, inspect, &job, ch_buf_str(&z.bytes));
        char *found = scan_run_findings(&r);
        assert_string_equal(found, source_first ? "native-disguised" : "native-disguised test-content");
        free(found);
        scan_run_done(&r);
    }
    zb_done(&z);
    ch_buf_done(&native);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_far),
        cmocka_unit_test(test_asking),
        cmocka_unit_test(test_ways),
        cmocka_unit_test(test_executed),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_inside),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_archive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
