/* T17: when the members of a conda package run, by where they will lie. */
#include "tests/ch_test.h"
#include "scanner/eco/conda/package/package_int.h"

static const struct {
    const char *path;
    enum ch_installed_root root;
    enum ch_code_place place;
    const char *site;
} rows[] = {
    /* noarch: python */
    {"site-packages/foo/x.py", CH_INSTALLED_SITE, CH_PLACE_IMPORT, "foo/x.py"},
    {"site-packages/foo.pth", CH_INSTALLED_SITE, CH_PLACE_START, "foo.pth"},
    {"site-packages/sitecustomize.py", CH_INSTALLED_SITE, CH_PLACE_START, "sitecustomize.py"},
    {"site-packages/foo/tests/x.py", CH_INSTALLED_SITE, CH_PLACE_TEST, "foo/tests/x.py"},
    {"site-packages/foo-1.dist-info/x.py", CH_INSTALLED_NOWHERE, CH_PLACE_NONE,
     "site-packages/foo-1.dist-info/x.py"},
    {"site-packages/foo-1.dist-info", CH_INSTALLED_SITE, CH_PLACE_NONE, "foo-1.dist-info"},
    {"python-scripts/foo", CH_INSTALLED_SCRIPTS, CH_PLACE_IMPORT, "foo"},
    /* of a platform */
    {"lib/python3.12/site-packages/foo/x.py", CH_INSTALLED_SITE, CH_PLACE_IMPORT, "foo/x.py"},
    {"lib/pypy3.9/site-packages/foo/x.py", CH_INSTALLED_SITE, CH_PLACE_IMPORT, "foo/x.py"},
    {"lib64/python3.12/site-packages/foo.start", CH_INSTALLED_SITE, CH_PLACE_START, "foo.start"},
    {"Lib/site-packages/foo/x.py", CH_INSTALLED_SITE, CH_PLACE_IMPORT, "foo/x.py"},
    {"lib/SITE-PACKAGES/foo.pth", CH_INSTALLED_SITE, CH_PLACE_START, "foo.pth"},
    {"lib/python3.12/x/site-packages/foo.pth", CH_INSTALLED_PREFIX, CH_PLACE_START, "foo.pth"},
    {"lib/python3.12/json/__init__.py", CH_INSTALLED_PREFIX, CH_PLACE_IMPORT, "json/__init__.py"},
    {"lib/libfoo.so.1", CH_INSTALLED_PREFIX, CH_PLACE_NONE, "lib/libfoo.so.1"},
    {"bin/foo", CH_INSTALLED_SCRIPTS, CH_PLACE_IMPORT, "foo"},
    {"Scripts/foo.exe", CH_INSTALLED_SCRIPTS, CH_PLACE_IMPORT, "foo.exe"},
    {"share/foo/x.py", CH_INSTALLED_PREFIX, CH_PLACE_NONE, "share/foo/x.py"},
    {"x.pth", CH_INSTALLED_PREFIX, CH_PLACE_START, "x.pth"},
    /* conda's own */
    {"etc/conda/activate.d/foo.sh", CH_INSTALLED_PREFIX, CH_PLACE_START,
     "etc/conda/activate.d/foo.sh"},
    {"etc/conda/deactivate.d/foo.sh", CH_INSTALLED_PREFIX, CH_PLACE_START,
     "etc/conda/deactivate.d/foo.sh"},
    {"bin/.foo-post-link.sh", CH_INSTALLED_SCRIPTS, CH_PLACE_INSTALL, ".foo-post-link.sh"},
    {"Scripts/.foo-PRE-unlink.BAT", CH_INSTALLED_SCRIPTS, CH_PLACE_INSTALL, ".foo-PRE-unlink.BAT"},
    {"bin/x/.foo-post-link.sh", CH_INSTALLED_SCRIPTS, CH_PLACE_IMPORT, "x/.foo-post-link.sh"},
    {"share/.foo-post-link.sh", CH_INSTALLED_PREFIX, CH_PLACE_NONE, "share/.foo-post-link.sh"},
    /* no part of an environment */
    {"info/recipe/x.py", CH_INSTALLED_NOWHERE, CH_PLACE_NONE, "info/recipe/x.py"},
    {"info/test/run_test.py", CH_INSTALLED_NOWHERE, CH_PLACE_TEST, "info/test/run_test.py"},
    {"", CH_INSTALLED_PREFIX, CH_PLACE_NONE, ""},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_str path = ch_str_of(rows[i].path);
        struct ch_installed where = conda_installed(path);
        struct ch_str site = ch_installed_site(where);
        if (where.root != rows[i].root || conda_place(path) != rows[i].place ||
            !ch_str_eq(site, ch_str_of(rows[i].site))) {
            fail_msg("%s: root %d, place %d, \"%.*s\"", rows[i].path, (int)where.root,
                     (int)conda_place(path), CH_STR_ARG(site));
        }
    }
}

static void test_join(void **state)
{
    (void)state;
    static const struct {
        const char *folder, *relative, *expected; /* NULL: leads out */
    } joins[] = {
        {"lib/", "libfoo.so", "lib/libfoo.so"},
        {"lib", "../bin/x", "bin/x"},
        {"", "./a//b/./c", "a/b/c"},
        {"a/b/", "../../c", "c"},
        {"a/b/", "../../../c", NULL},
        {"", "..", NULL},
        {"a/", "..", NULL},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(joins); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 64);
        bool ok = conda_join(ch_str_of(joins[i].folder), ch_str_of(joins[i].relative), &b);
        assert_int_equal(ok, joins[i].expected != NULL);
        if (ok) {
            assert_true(ch_str_eq(ch_buf_str(&b), ch_str_of(joins[i].expected)));
        }
        ch_buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_join)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
