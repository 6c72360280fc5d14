/* What conda's clients write: every form, and what is refused. pixi, conda and conda-lock cannot be
 * had here: the texts are of the form that their documentation has. */
#include "tests/ch_test.h"

#include "base/lockfile/lockfile.h"

#define SHA "08695f5cb7ed6e0531a20572697297273c47b8cae5a63ffc6d6ed5c201be6e44"
#define MD5 "0123456789abcdef0123456789abcdef"
#define URL "https://conda.example.org/chan/"

/* A line each: "ECOSYSTEM NAME VERSION SPECIFIER|SOURCE hashes LINE:COLUMN". */
static void print(const struct ch_lockfile *f, struct ch_buf *out)
{
    for (size_t i = 0; i < f->package_count; i++) {
        const struct ch_locked *p = &f->packages[i];
        ch_buf_printf(out, "%.*s %.*s %.*s %.*s%.*s", CH_STR_ARG(p->ecosystem), CH_STR_ARG(p->name),
                      CH_STR_ARG(p->version), CH_STR_ARG(p->specifier), CH_STR_ARG(p->source));
        for (size_t k = 0; k < p->hash_count; k++) {
            ch_buf_printf(out, " %.*s", CH_STR_ARG(ch_str_sub(p->hashes[k], 0, 8)));
        }
        ch_buf_printf(out, " %u:%u\n", p->line, p->column);
    }
    for (size_t i = 0; i < f->include_count; i++) {
        ch_buf_printf(out, "-r %.*s %u:%u\n", CH_STR_ARG(f->includes[i].path), f->includes[i].line,
                      f->includes[i].column);
    }
}

static const struct row {
    enum ch_lockfile_format format;
    const char *text;
    const char *expect; /* the list; or, of what is refused, the message */
} rows[] = {
    /* environment.yml */
    {CH_LOCKFILE_CONDA_ENVIRONMENT,
     "name: x\nchannels: [conda-forge]\ndependencies:\n  - python=3.12\n  - conda-forge::numpy "
     ">=1,<2\n"
     "  - scipy\n  - mkl[build=\"*_intel\"]\n  - pip:\n    - requests==2.0\n    - -r more.txt\n",
     "conda python  python=3.12 4:5\n"
     "conda numpy  numpy >=1,<2 5:5\n"
     "conda scipy  scipy 6:5\n"
     "conda mkl  mkl[build=\"*_intel\"] 7:5\n"
     "pypi requests 2.0 ==2.0 9:7\n"
     "-r more.txt 10:7\n"},
    {CH_LOCKFILE_CONDA_ENVIRONMENT, "name: x\n",
     "f:1:1: expected a list \"dependencies\", found nothing"},
    {CH_LOCKFILE_CONDA_ENVIRONMENT, "dependencies: [numpy, 'scipy >=']\n",
     "f:1:23: expected a match spec (column 9: a version was expected), found \"scipy >=\""},
    {CH_LOCKFILE_CONDA_ENVIRONMENT, "dependencies:\n  - {npm: [x]}\n",
     "f:2:5: expected a match spec, or a list \"pip\", found nothing"},
    {CH_LOCKFILE_CONDA_ENVIRONMENT, "dependencies:\n  - pip: [ok, '= bad =']\n",
     "f:2:15: expected a requirement (PEP 508), found \"= bad =\""},
    {CH_LOCKFILE_CONDA_ENVIRONMENT, "- x\n",
     "f:1:1: a list is given where a map (lines of \"key: value\") is expected"},
    /* explicit lists */
    {CH_LOCKFILE_CONDA_EXPLICIT,
     "# platform: linux-64\n@EXPLICIT\n" URL "noarch/foo-bar-1.0-py_0.conda#" MD5 "\n" URL
     "linux-64/b-2!1.0-h1_3.tar.bz2#sha256:" SHA "\r\n" URL "noarch/c-1-0.conda",
     "conda noarch/foo-bar 1.0 foo-bar[fn=\"foo-bar-1.0-py_0.conda\"] md5:0123 3:1\n"
     "conda linux-64/b 2!1.0 b[fn=\"b-2!1.0-h1_3.tar.bz2\"] sha256:0 4:1\n"
     "conda noarch/c 1 c[fn=\"c-1-0.conda\"] 5:1\n"},
    {CH_LOCKFILE_CONDA_EXPLICIT, "@EXPLICIT\nnumpy=1.0\n",
     "f:2:1: expected the address of a package, .../SUBDIR/NAME-VERSION-BUILD.conda, found "
     "\"numpy=1.0\""},
    {CH_LOCKFILE_CONDA_EXPLICIT, "@EXPLICIT\n" URL "noarch/foo-1.0.conda\n",
     "f:2:1: expected the address of a package, .../SUBDIR/NAME-VERSION-BUILD.conda, found \"" URL
     "noarch/foo-1.0.conda\""},
    /* pixi.lock */
    {CH_LOCKFILE_PIXI,
     "version: 6\nenvironments:\n  default:\n    channels:\n    - url: " URL
     "\n    packages:\n      linux-64:\n"
     "      - conda: " URL "noarch/a-1.0-py_0.conda\npackages:\n- conda: " URL
     "noarch/a-1.0-py_0.conda\n  sha256: " SHA "\n  md5: " MD5
     "\n  depends:\n  - python >=3.9\n- pypi: https://index.example.org/x-1.0.whl\n  name: x\n"
     "  version: '1.0'\n  sha256: " SHA "\n- conda: ./local\n",
     "conda noarch/a 1.0 a[fn=\"a-1.0-py_0.conda\"] sha256:0 md5:0123 10:3\n"
     "pypi x 1.0  sha256:0 15:3\n"
     "conda   ./local 19:3\n"},
    {CH_LOCKFILE_PIXI,
     "version: 5\npackages:\n- kind: conda\n  name: a\n  version: 1.0\n  url: " URL
     "linux-64/a-1.0-h_0.conda\n  sha256: " SHA
     "\n- kind: pypi\n  name: My.Proj\n  version: 2.0\n  url: https://x\n",
     "conda linux-64/a 1.0 a[fn=\"a-1.0-h_0.conda\"] sha256:0 3:3\n"
     "pypi my-proj 2.0  8:3\n"},
    {CH_LOCKFILE_PIXI, "version: 9\npackages: []\n",
     "f:1:10: expected a version of this format that is known, found \"9\""},
    {CH_LOCKFILE_PIXI, "version: 6\npackages:\n- {deb: x}\n",
     "f:3:3: expected a package, \"conda\" or \"pypi\", found nothing"},
    {CH_LOCKFILE_PIXI, "version: 6\n", "f:1:1: expected a list \"packages\", found nothing"},
    /* conda-lock.yml */
    {CH_LOCKFILE_CONDA_LOCK,
     "version: 1\nmetadata:\n  content_hash:\n    linux-64: abc\npackage:\n- name: a\n  version: "
     "'1.0'\n  manager: conda\n"
     "  platform: linux-64\n  dependencies:\n    __glibc: '>=2.17'\n  url: " URL
     "noarch/a-1.0-py_0.conda\n  hash:\n    md5: " MD5 "\n    sha256: " SHA
     "\n  category: main\n  optional: false\n- name: x\n  version: '1.0'\n  manager: pip\n  url: "
     "https://x\n"
     "  hash:\n    sha256: " SHA "\n",
     "conda noarch/a 1.0 a[fn=\"a-1.0-py_0.conda\"] sha256:0 md5:0123 6:3\n"
     "pypi x 1.0  sha256:0 18:3\n"},
    {CH_LOCKFILE_CONDA_LOCK, "version: 1\npackage:\n- {name: a, manager: apt}\n",
     "f:3:3: expected a package of the manager conda or pip, with \"url\", found nothing"},
};

static void test_rows(void **state)
{
    (void)state;
    int bad = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_lockfile *f = NULL;
        struct ch_err err = {.msg = ""};
        struct ch_buf out;
        ch_buf_init(&out, 1 << 16);
        if (ch_lockfile_parse(ch_str_of(rows[i].text), "f", rows[i].format, &f, &err) == CH_OK) {
            print(f, &out);
        } else {
            ch_buf_puts(&out, ch_str_of(err.msg));
        }
        if (!ch_str_eq(ch_buf_str(&out), ch_str_of(rows[i].expect))) {
            print_error("row %zu:\n%.*s\nexpected:\n%s\n", i, CH_STR_ARG(ch_buf_str(&out)),
                        rows[i].expect);
            bad++;
        }
        ch_lockfile_free(f);
        ch_buf_done(&out);
    }
    assert_int_equal(bad, 0);
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum ch_lockfile_format format;
    } names[] = {{"environment.yml", CH_LOCKFILE_CONDA_ENVIRONMENT},
                 {"ci/py312.yaml", CH_LOCKFILE_CONDA_ENVIRONMENT},
                 {"pixi.lock", CH_LOCKFILE_PIXI},
                 {"conda-lock.yml", CH_LOCKFILE_CONDA_LOCK},
                 {"gpu.conda-lock.yml", CH_LOCKFILE_CONDA_LOCK}};
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        enum ch_lockfile_format format;
        assert_true(ch_lockfile_format_of(ch_str_of(names[i].path), &format));
        assert_int_equal(format, names[i].format);
    }
}

/* Locks are larger than a configuration may be. */
static void test_many(void **state)
{
    (void)state;
    struct ch_buf text;
    struct ch_lockfile *f;
    struct ch_err err;
    ch_buf_init(&text, 16u << 20);
    ch_buf_puts(&text, CH_STR("version: 6\npackages:\n"));
    for (int i = 0; i < 12000; i++) {
        ch_buf_printf(&text,
                      "- conda: " URL "noarch/p%d-1.0-py_0.conda\n  sha256: " SHA
                      "\n  depends:\n  - python >=3.9\n",
                      i);
    }
    assert_ch_ok(&err, ch_lockfile_parse(ch_buf_str(&text), "f", CH_LOCKFILE_PIXI, &f, &err));
    assert_int_equal(f->package_count, 12000);
    ch_lockfile_free(f);
    ch_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_names),
                                       cmocka_unit_test(test_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
