/* T17: what runs when any Python or shell starts, what that imports and calls, and what comes near.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/ch_test.h"
#include "customhouse/limits.h"
#include "scan_run.h"
#include "scanner/content/content_int.h"
#include "scanner/eco/pypi/wheel/wheel.h"
#include "wheel_build.h"
#include "zip_build.h"

#define GETS "import urllib.request\ndef go():\n    urllib.request.urlopen('http://example.org/')\n"
#define TASK                                                                                       \
    "import requests\nfrom airflow.sdk import task\n@task\ndef f():\n"                             \
    "    requests.get('http://example.org/')\nf()\n"
#define DATA "foo_bar-1.0.data/data/"

/* clang-format off */
static const struct {
    const char *label;
    struct wheel_spec spec;
    const char *findings;
    const char *facts; /* values of auto-load, in order, with "; " between */
} rows[] = {
    /* PEP 829 */
    {"an entry point at start", {.files = {{"foo.start", "foo_bar.boot:go\n"}, {"foo_bar/boot.py", GETS}}},
     "start-code", "start foo.start"},
    {"... of a class", {.files = {{"foo.start", "foo_bar.boot:Go\n"},
      {"foo_bar/boot.py", "import os\nclass Go:\n    def __init__(self):\n        os.system('x')\n"}}},
     "start-code", "start foo.start"},
    {"... behind a byte order mark, a comment and another separator",
     {.files = {{"foo.start", "\xef\xbb\xbf# x\n\xe2\x80\xa8  foo_bar.boot:go  \n"}, {"foo_bar/boot.py", GETS}}},
     "start-code", "start foo.start"},
    {"... of a method", {.files = {{"foo.start", "foo_bar.boot:Boot.go\n"},
      {"foo_bar/boot.py", "import os\nclass Boot:\n    @staticmethod\n    def go():\n        os.system('x')\n"}}},
     "start-code", "start foo.start"},
    {"... in the folder of data", {.files = {{DATA "lib/python3.15/site-packages/foo.start", "foo_bar.boot:go\n"},
      {"foo_bar/boot.py", GETS}}}, "start-code", "start foo.start; data lib/python3.15/site-packages"},
    {"no entry point", {.files = {{"foo.start", "import foo_bar.boot\n# foo_bar.boot:go\nfoo bar:go\n:go\na.:b\n"},
      {"foo_bar/boot.py", GETS}}}, "", ""},
    {"not at the top", {.files = {{"foo_bar/foo.start", "foo_bar.boot:go\n"}, {"foo_bar/boot.py", GETS}}}, "", ""},
    {"another function than what acts", {.files = {{"foo.start", "foo_bar.boot:stay\n"},
      {"foo_bar/boot.py", GETS "def stay():\n    pass\n"}}}, "", "start foo.start"},
    /* by another name, or none */
    {"a lambda", {.files = {{"foo.start", "foo_bar.boot:go\n"}, {"foo_bar/boot.py", "import os\ngo = lambda: os.system('x')\n"}}},
     "start-code", "start foo.start"},
    {"another name of a function", {.files = {{"foo.start", "foo_bar.boot:go\n"},
      {"foo_bar/boot.py", "import os\ndef _x():\n    os.system('x')\ngo = _x\n"}}}, "start-code", "start foo.start"},
    {"... that a function gives it", {.files = {{"foo.start", "foo_bar.boot:go\n"},
      {"foo_bar/boot.py", "import os\ndef _x():\n    os.system('x')\ndef begin():\n    global go\n    go = _x\nbegin()\n"}}},
     "start-code", "start foo.start"},
    {"a partial", {.files = {{"foo.start", "foo_bar.boot:go\n"},
      {"foo_bar/boot.py", "import os, functools\ngo = functools.partial(os.system, 'x')\n"}}}, "start-code", "start foo.start"},
    {"an instance", {.files = {{"foo.start", "foo_bar.boot:go\n"},
      {"foo_bar/boot.py", "import os\nclass Go:\n    def __call__(self):\n        os.system('x')\ngo = Go()\n"}}},
     "start-code", "start foo.start"},
    {"what a module has of another", {.files = {{"foo.start", "foo_bar.a:begin\n"},
      {"foo_bar/a.py", "from .boot import go as begin\n"}, {"foo_bar/boot.py", GETS}}}, "start-code", "start foo.start"},
    {"... under another name there", {.files = {{"foo_bar/boot.py", GETS "run = go\n"},
      {"foo_bar/a.py", "from . import boot\ndef begin():\n    boot.run()\n"}, {"foo.start", "foo_bar.a:begin\n"}}},
     "start-code", "start foo.start"},
    {"... for a thread", {.files = {{"foo.start", "foo_bar.a:begin\n"},
      {"foo_bar/a.py", "from . import boot\nimport threading\ndef begin():\n    threading.Thread(target=boot.go).start()\n"},
      {"foo_bar/boot.py", GETS}}}, "start-code", "start foo.start"},
    {"another module's class, in with", {.files = {{"foo.start", "foo_bar.a:begin\n"},
      {"foo_bar/a.py", "from . import boot\ndef begin():\n    with boot.C():\n        pass\n"},
      {"foo_bar/boot.py", "import os\nclass C:\n    def __enter__(self):\n        os.system('x')\n"}}}, "start-code", "start foo.start"},
    {"... as a base", {.files = {{"foo.start", "foo_bar.a:begin\n"},
      {"foo_bar/a.py", "from . import boot\ndef begin():\n    class X(boot.B):\n        pass\n"},
      {"foo_bar/boot.py", "import os\nclass B:\n    def __init_subclass__(cls):\n        os.system('x')\n"}}},
     "start-code", "start foo.start"},
    {"names that nobody calls", {.files = {{"foo.start", "foo_bar.a:begin\n"},
      {"foo_bar/a.py", "from . import boot\ndef begin():\n    boot.stay\n"},
      {"foo_bar/boot.py", GETS "run = go\nget = lambda: go()\nclass C:\n    def __enter__(self):\n        go()\ndef stay():\n    pass\n"}}},
     "", "start foo.start"},
    /* .pth and sitecustomize */
    {"a .pth file that calls", {.files = {{"foo.pth", "import foo_bar.boot; foo_bar.boot.go()\n"},
      {"foo_bar/boot.py", GETS}}}, "start-code", "pth foo.pth"},
    {"... by other means", {.files = {{"foo.pth", "import os; getattr(__import__('foo_bar.boot').boot, 'go')()\n"},
      {"foo_bar/boot.py", GETS}}}, "start-code", "pth foo.pth"},
    {"... by a name alone", {.files = {{"foo.pth", "import foo_bar.boot, operator; operator.methodcaller('go')(foo_bar.boot)\n"},
      {"foo_bar/boot.py", GETS}}}, "start-code", "pth foo.pth"},
    {"... of all that it has", {.files = {{"foo.pth", "import foo_bar.boot; [f() for n, f in vars(foo_bar.boot).items() if n == 'go']\n"},
      {"foo_bar/boot.py", GETS}}}, "start-code", "pth foo.pth"},
    {"... of all, behind", {.files = {{"foo_bar/boot.py", GETS}, {"foo.pth", "import foo_bar.boot; [f() for n, f in vars(foo_bar.boot).items() if n == 'go']\n"},
      }}, "start-code", "pth foo.pth"},
    {"... and comes behind its module", {.files = {{"foo_bar/boot.py", GETS},
      {"foo.pth", "import foo_bar.boot, operator; operator.methodcaller('go')(foo_bar.boot)\n"}}}, "start-code", "pth foo.pth"},
    {"... whose module starts a program", {.files = {{"foo.pth", "import foo_bar.boot\n"},
      {"foo_bar/boot.py", "import os\nos.system('x')\n"}}}, "start-code", "pth foo.pth"},
    {"... whose module comes first in the archive", {.files = {{"foo_bar/boot.py", GETS},
      {"foo.pth", "import foo_bar.boot; foo_bar.boot.go()\n"}}}, "start-code", "pth foo.pth"},
    {"a .pth file that only imports", {.files = {{"foo.pth", "import foo_bar.boot\n"}, {"foo_bar/boot.py", GETS}}},
     "", "pth foo.pth"},
    {"a .pth file that imports another", {.files = {{"foo.pth", "import foo_bar.other\n"},
      {"foo_bar/boot.py", "import os\nos.system('x')\n"}}}, "import-process", "pth foo.pth"},
    {"sitecustomize that calls", {.files = {{"sitecustomize.py", "from foo_bar import boot\nboot.go()\n"},
      {"foo_bar/boot.py", GETS}}}, "start-code", "sitecustomize"},
    {"a function that calls another module's", {.files = {{"foo.start", "foo_bar.a:begin\n"},
      {"foo_bar/a.py", "from .boot import go\ndef begin():\n    go()\n"}, {"foo_bar/boot.py", GETS}}},
     "start-code", "start foo.start"},
    {"... which comes before it", {.files = {{"foo_bar/a.py", GETS},
      {"foo_bar/b.py", "from . import a\ndef begin():\n    a.go()\n"}, {"foo.start", "foo_bar.b:begin\n"}}},
     "start-code", "start foo.start"},
    {"... over two more", {.files = {{"foo_bar/a.py", GETS}, {"foo_bar/b.py", "from .a import go\ndef b():\n    go()\n"},
      {"foo_bar/c.py", "from . import b\ndef c():\n    b.b()\n"}, {"foo.start", "foo_bar.c:c\n"}}},
     "start-code", "start foo.start"},
    {"... that nobody calls", {.files = {{"foo.start", "foo_bar.a:begin\n"},
      {"foo_bar/a.py", "from .boot import go\ndef begin():\n    pass\ndef end():\n    go()\n"},
      {"foo_bar/boot.py", GETS}}}, "", "start foo.start"},
    {"among tests", {.files = {{"foo.start", "foo_bar.tests.boot:go\n"}, {"foo_bar/tests/boot.py", GETS}}},
     "start-code", "start foo.start"},
    /* a package's program, which only who starts it runs */
    {"a program", {.files = {{"foo_bar/__main__.py", GETS "go()\n"}}}, "", ""},
    {"... that is imported", {.files = {{"foo_bar/__main__.py", GETS "go()\n"},
      {"foo_bar/a.py", "from .__main__ import go\n"}}}, "import-network", ""},
    {"... that comes behind its import", {.files = {{"foo_bar/a.py", "from . import __main__\n"},
      {"foo_bar/__main__.py", GETS "go()\n"}}}, "import-network", ""},
    {"... that is started", {.files = {{"foo_bar/__main__.py", GETS "go()\n"},
      {"foo_bar/a.py", "import runpy\nrunpy.run_module('foo_bar')\n"}}}, "import-network", ""},
    {"... by another Python", {.files = {{"foo_bar/__main__.py", GETS "go()\n"},
      {"foo_bar/a.py", "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'foo_bar'])\n"}}},
     "import-network import-process", ""},
    {"... under a name that is not told", {.files = {{"foo_bar/__main__.py", GETS "go()\n"},
      {"foo_bar/a.py", "import runpy\nrunpy.run_module(__name__.split('.')[0])\n"}}}, "import-network", ""},
    {"... or by another Python", {.files = {{"foo_bar/__main__.py", GETS "go()\n"},
      {"foo_bar/a.py", "import subprocess, sys\nc = [sys.executable, '-m']\nc.append(__package__)\nsubprocess.run(c)\n"}}},
     "import-network import-process", ""},
    {"... or by a shell", {.files = {{"foo_bar/__main__.py", GETS "go()\n"},
      {"foo_bar/a.py", "import os, sys\nos.system(f'{sys.executable} -m {__package__}')\n"}}},
     "import-network import-process", ""},
    {"... as a module, under a name that is put together", {.files = {{"foo_bar/__main__.py", GETS "go()\n"},
      {"foo_bar/a.py", "import importlib\nimportlib.import_module(f'{__package__}.__main__')\n"}}},
     "computed-import import-network", ""},
    {"... of two pieces", {.files = {{"foo_bar/__main__.py", GETS "go()\n"},
      {"foo_bar/a.py", "import importlib\nx = '__main__'\nimportlib.import_module(__package__ + '.' + x)\n"}}},
     "computed-import import-network", ""},
    {"... that is executed", {.files = {{"foo_bar/__main__.py", GETS "go()\n"},
      {"foo_bar/a.py", "import os\nexec(open(os.path.join(os.path.dirname(__file__), '__main__.py')).read())\n"}}},
     "import-network", ""},
    {"... at start", {.files = {{"foo.pth", "import foo_bar.__main__\n"},
      {"foo_bar/__main__.py", GETS "go()\n"}}}, "start-code", "pth foo.pth"},
    {"... through another module", {.files = {{"foo_bar/__main__.py", "from .a import go\ngo()\n"},
      {"foo_bar/a.py", GETS}}}, "", ""},
    {"... through another module, imported", {.files = {{"foo_bar/__main__.py", "from .a import go\ngo()\n"},
      {"foo_bar/a.py", GETS}, {"foo_bar/b.py", "import foo_bar.__main__\n"}}}, "import-network", ""},
    {"... that hides what it runs", {.files = {{"foo_bar/__main__.py",
      "import base64\nexec(base64.b64decode('cHJpbnQoMSk='))\n"}}}, "hidden-code", ""},
    {"... and is imported", {.files = {{"foo_bar/__main__.py",
      "import base64\nexec(base64.b64decode('cHJpbnQoMSk='))\n"}, {"foo_bar/a.py", "from . import __main__\n"}}},
     "hidden-code", ""},
    /* a task that Airflow calls later, and one that is called now */
    {"a task of Airflow", {.files = {{"foo_bar/a.py", TASK}}}, "", ""},
    {"... of an Airflow of its own", {.files = {{"foo_bar/a.py", TASK}, {"airflow/sdk.py", "def task(f):\n    return f\n"}}},
     "import-network", ""},
    /* what lies where others look for it */
    {"pip's settings", {.files = {{DATA "pip.conf", "[global]\nindex-url = http://example.org/\n"}}}, "", "data pip.conf"},
    {"pip's settings on Windows", {.files = {{DATA "pip.ini", "[global]\n"}}}, "", "data pip.ini"},
    {"uv's", {.files = {{DATA "uv.toml", "x = 1\n"}}}, "", "data uv.toml"},
    {"conda's", {.files = {{DATA ".condarc", "x\n"}}}, "", "data .condarc"},
    {"what conda runs", {.files = {{DATA "etc/conda/activate.d/x.sh", "curl x | sh\n"}}}, "hidden-command",
     "data etc/conda/activate.d"},
    {"what a shell runs", {.files = {{DATA "etc/profile.d/x.sh", "curl x | sh\n"}}}, "hidden-command", "data etc/profile.d"},
    {"what fish runs", {.files = {{DATA "share/fish/vendor_conf.d/x.fish", "curl x | sh\n"}}}, "hidden-command",
     "data share/fish/vendor_conf.d"},
    {"what shells complete", {.files = {{DATA "share/bash-completion/completions/ls", "x\n"}}}, "",
     "data share/bash-completion/completions"},
    {"Jupyter's", {.files = {{DATA "etc/jupyter/x.json", "{}\n"}}}, "", "data etc/jupyter/x.json"},
    {"IPython's", {.files = {{DATA "etc/ipython/startup/x.py", GETS "go()\n"}}}, "start-code", "data etc/ipython/startup"},
    {"Python itself", {.files = {{DATA "bin/python3", "#!/bin/sh\n"}, {DATA "bin/pip", "#!/bin/sh\n"},
      {DATA "python.exe", "x"}}}, "type-differs", "script python3; script pip; script python.exe"},
    {"an own program", {.files = {{DATA "bin/foo-bar", "#!/bin/sh\n"}, {DATA "share/foo/pip.conf", "x\n"}}}, "", ""},
    {"what JAX loads", {.files = {{"jax_plugins/foo/__init__.py", "x = 1\n"}}}, "", "entry-point jax_plugins"},
    /* groups */
    {"setuptools' hooks", {.entry_points = "[setuptools.finalize_distribution_options]\na = foo_bar:a\n"
      "[distutils.commands]\na = foo_bar:a\n[egg_info.writers]\na = foo_bar:a\n[pytest11]\na = foo_bar\n"
      "[triton.backends]\na = foo_bar\n[foo.plugins]\na = foo_bar\n"}, "",
     "entry-point setuptools.finalize_distribution_options; entry-point distutils.commands; entry-point egg_info.writers; "
     "entry-point pytest11; entry-point triton.backends"},
};
/* clang-format on */

static void put_facts(struct ch_buf *b, const struct scan_run *r)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->records[i].type == CH_REC_FACT &&
            ch_str_eq(r->records[i].u.fact.name, CH_STR("auto-load"))) {
            ch_buf_puts(b, b->len > 0 ? CH_STR("; ") : CH_STR(""));
            ch_buf_puts(b, r->records[i].u.fact.value);
        }
    }
}

static void test_rows(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct zb b;
        struct scan_run r;
        struct ch_buf facts;
        struct ch_scan_job job = wheel_job(&rows[i].spec);
        ch_buf_init(&facts, 1 << 16);
        wheel_build(&b, &rows[i].spec);
        scan_run(&r, ch_wheel_inspect, &job, ch_buf_str(&b.bytes));
        char *found = scan_run_findings(&r);
        put_facts(&facts, &r);
        if (strcmp(found, rows[i].findings) != 0 ||
            !ch_str_eq(ch_buf_str(&facts), ch_str_of(rows[i].facts))) {
            scan_run_print(&r);
            print_error("%s: found \"%s\" and \"%.*s\", expected \"%s\" and \"%s\"\n",
                        rows[i].label, found, CH_STR_ARG(ch_buf_str(&facts)), rows[i].findings,
                        rows[i].facts);
            wrong++;
        }
        free(found);
        scan_run_done(&r);
        zb_done(&b);
        ch_buf_done(&facts);
    }
    assert_int_equal(wrong, 0);
}

#define CORE "core-2.0-py3-none-any.whl"
#define SEED "foo_bar/seeds/" CORE

/* A wheel that the package carries, and puts on sys.path or installs: what lies among its tests
 * counts when it is named, and what it installs elsewhere than it has it by where that is. */
static void test_carried(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        const char *module; /* of the carried wheel: source that is imported */
        const char *place;  /* of its tests */
        const char *carrier;
        bool behind; /* source that names its tests */
        const char *findings;
    } carried[] = {
        {"tests that nothing names", "x = 1\n", "core/tests/check.py", SEED, false, ""},
        {"tests that are named", "from core.tests import check\n", "core/tests/check.py", SEED,
         false, "import-network"},
        {"... and installed from elsewhere", "from core.tests import check\n",
         "core-2.0.data/purelib/core/tests/check.py", SEED, false, "import-network"},
        {"... below sys.prefix", "from .tests import check\n",
         "core-2.0.data/data/lib/python3.12/site-packages/core/tests/check.py", SEED, false,
         "import-network"},
        {"tests that source before the wheel names", "x = 1\n", "core/tests/check.py", SEED, true,
         "import-network"},
        {"... in a folder for commands", "x = 1\n", "core/tests/check.py",
         "foo_bar-1.0.data/scripts/" CORE, true, "import-network"},
    };
    int wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(carried); i++) {
        struct zb inner;
        struct zb outer;
        struct scan_run r;
        zb_init(&inner);
        zb_file(&inner, "core/more.py", carried[i].module);
        zb_file(&inner, carried[i].place, GETS "go()\n");
        zb_file(&inner, "core-2.0.dist-info/WHEEL", "Wheel-Version: 1.0\n");
        zb_end(&inner, NULL);
        struct wheel_spec spec = {
            .more_name = ch_str_of(carried[i].carrier),
            .more = ch_buf_str(&inner.bytes),
            .more_last = carried[i].behind,
            .files = {
                {"foo.pth", "import os\n"},
                {"foo_bar/open.py", "import sys\nsys.path.insert(0, 'seeds/" CORE "')\n"},
                {carried[i].behind ? "foo_bar/use.py" : NULL, "from core.tests import check\n"}}};
        struct ch_scan_job job = wheel_job(&spec);
        wheel_build(&outer, &spec);
        scan_run(&r, ch_wheel_inspect, &job, ch_buf_str(&outer.bytes));
        char *found = scan_run_findings(&r);
        if (strcmp(found, carried[i].findings) != 0) {
            scan_run_print(&r);
            print_error("%s: found \"%s\", expected \"%s\"\n", carried[i].label, found,
                        carried[i].findings);
            wrong++;
        }
        free(found);
        scan_run_done(&r);
        zb_done(&outer);
        zb_done(&inner);
    }
    assert_int_equal(wrong, 0);
}

/* A line keeps its number, and what is no entry point gives none. */
static void test_source(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"", ""},
        {"a:b", "import a; a.b()\n"},
        {"# a:b\n\na.b:c.d\n", "\n\nimport a.b; a.b.c.d()\n"},
        {"a:b:c\na:\na:b()\na b:c\n1a:b\n a :b\n..a:b\n", "\n\n\n\n\n\n\n"},
        {"a:b\rc:d\r\n", "import a; a.b()\nimport c; c.d()\n"},
        {"\xc3\xa4:b\n", "import \xc3\xa4; \xc3\xa4.b()\n"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(texts); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 4096);
        content_start_source(ch_str_of(texts[i][0]), &b);
        if (!ch_str_eq(ch_buf_str(&b), ch_str_of(texts[i][1]))) {
            fail_msg("row %zu: \"%.*s\"", i, CH_STR_ARG(ch_buf_str(&b)));
        }
        ch_buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_carried),
                                       cmocka_unit_test(test_source)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
