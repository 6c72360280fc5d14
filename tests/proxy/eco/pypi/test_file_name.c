#include "tests/ch_test.h"

#include "customhouse/limits.h"
#include "proxy/eco/pypi/file_name.h"

/* A NULL in `got` stands for a name that must not be split. */
static const struct file_row {
    const char *file;
    const char *of;
    enum ch_pypi_type type;
    const char *project;
    const char *version;
    const char *build;
    const char *python;
    const char *abi;
    const char *platform;
} file_rows[] = {
    {"numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "numpy",
     CH_PYPI_WHEEL, "numpy", "1.26.4", NULL, "cp311", "cp311",
     "manylinux_2_17_x86_64.manylinux2014_x86_64"},
    {"scikit_learn-1.4-1_local-py2.py3-none-any.whl", "scikit-learn", CH_PYPI_WHEEL, "scikit_learn",
     "1.4", "1_local", "py2.py3", "none", "any"},
    {"torch-2.5.1+cu124-cp311-cp311-linux_x86_64.whl", NULL, CH_PYPI_WHEEL, "torch", "2.5.1+cu124",
     NULL, "cp311", "cp311", "linux_x86_64"},
    {"zope.interface-6.0-py3-none-any.whl", "zope-interface", CH_PYPI_WHEEL, "zope.interface",
     "6.0", NULL, "py3", "none", "any"},
    {"other-1.0-py3-none-any.whl", "foo", CH_PYPI_WHEEL, NULL, NULL, NULL, NULL, NULL, NULL},
    {"foo-1.0-py3-none.whl", "foo", CH_PYPI_WHEEL, NULL, NULL, NULL, NULL, NULL, NULL},
    {"foo-bar-1.0-py3-none-any.whl", "foo-bar", CH_PYPI_WHEEL, NULL, NULL, NULL, NULL, NULL, NULL},
    {"foo-1.0-x-py3-none-any.whl", "foo", CH_PYPI_WHEEL, NULL, NULL, NULL, NULL, NULL, NULL},
    {"foo-1.0-1-2-py3-none-any.whl", "foo", CH_PYPI_WHEEL, NULL, NULL, NULL, NULL, NULL, NULL},
    {"foo--py3-none-any.whl", "foo", CH_PYPI_WHEEL, NULL, NULL, NULL, NULL, NULL, NULL},
    {"foo-1.0-py3-no+ne-any.whl", "foo", CH_PYPI_WHEEL, NULL, NULL, NULL, NULL, NULL, NULL},
    {"foo_bar-1.0.tar.gz", "foo-bar", CH_PYPI_SDIST, "foo_bar", "1.0", NULL, NULL, NULL, NULL},
    {"foo-bar-1.0.tar.gz", "foo-bar", CH_PYPI_SDIST, "foo-bar", "1.0", NULL, NULL, NULL, NULL},
    {"foo-bar-1.0.tar.gz", NULL, CH_PYPI_SDIST, "foo-bar", "1.0", NULL, NULL, NULL, NULL},
    {"foo-1.0-1.zip", "foo", CH_PYPI_SDIST, "foo", "1.0-1", NULL, NULL, NULL, NULL},
    {"Foo.Bar-1.0rc1.tar.bz2", "foo-bar", CH_PYPI_SDIST, "Foo.Bar", "1.0rc1", NULL, NULL, NULL,
     NULL},
    {"python-dateutil-2.9.0.post0.tgz", "python-dateutil", CH_PYPI_SDIST, "python-dateutil",
     "2.9.0.post0", NULL, NULL, NULL, NULL},
    {"foo-0.1dev-r1234.tar.gz", "foo", CH_PYPI_SDIST, "foo", "0.1dev-r1234", NULL, NULL, NULL,
     NULL},
    {"foo-1.0.linux-x86_64.tar.gz", "foo", CH_PYPI_OTHER, "foo", "1.0", NULL, NULL, NULL,
     "linux-x86_64"},
    {"bar-1.0.tar.gz", "foo", CH_PYPI_SDIST, NULL, NULL, NULL, NULL, NULL, NULL},
    {"nodash.tar.gz", "nodash", CH_PYPI_SDIST, NULL, NULL, NULL, NULL, NULL, NULL},
    {"setuptools-0.6c11-py2.7.egg", "setuptools", CH_PYPI_EGG, "setuptools", "0.6c11", NULL,
     "py2.7", NULL, NULL},
    {"lxml-2.3-py2.7-win-amd64.egg", "lxml", CH_PYPI_EGG, "lxml", "2.3", NULL, "py2.7", NULL,
     "win-amd64"},
    {"lxml-2.3.win-amd64-py2.7.exe", "lxml", CH_PYPI_OTHER, "lxml", "2.3", NULL, "py2.7", NULL,
     "win-amd64"},
    {"foo-1.0.win32.msi", "foo", CH_PYPI_OTHER, "foo", "1.0", NULL, NULL, NULL, "win32"},
    {"foo-1.0-py3-none-any.whl.metadata", "foo", CH_PYPI_OTHER, NULL, NULL, NULL, NULL, NULL, NULL},
    {"foo-1.0.tar.gz.asc", "foo", CH_PYPI_OTHER, NULL, NULL, NULL, NULL, NULL, NULL},
    {"../foo-1.0.tar.gz", "foo", CH_PYPI_OTHER, NULL, NULL, NULL, NULL, NULL, NULL},
    {"foo-1.0\n.tar.gz", "foo", CH_PYPI_OTHER, NULL, NULL, NULL, NULL, NULL, NULL},
    {".tar.gz", "foo", CH_PYPI_SDIST, NULL, NULL, NULL, NULL, NULL, NULL},
    {"", "foo", CH_PYPI_OTHER, NULL, NULL, NULL, NULL, NULL, NULL},
};

static void check(const struct file_row *row, const char *what, struct ch_str got, const char *want)
{
    if (!ch_str_eq(got, ch_str_of(want))) {
        fail_msg("%s: %s is \"%.*s\", not \"%s\"", row->file, what, CH_STR_ARG(got),
                 want == NULL ? "" : want);
    }
}

static void test_file_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(file_rows); i++) {
        const struct file_row *row = &file_rows[i];
        struct ch_pypi_file f;
        bool split = ch_pypi_file_split(ch_str_of(row->file), ch_str_of(row->of), &f);
        if (split != (row->project != NULL)) {
            fail_msg("%s: %s", row->file, split ? "was split" : "was not split");
        }
        if (f.type != row->type) {
            fail_msg("%s: is %s", row->file, ch_pypi_type_name(f.type));
        }
        check(row, "project", f.project, row->project);
        check(row, "version", f.version, row->version);
        check(row, "build", f.build, row->build);
        check(row, "python", f.python, row->python);
        check(row, "abi", f.abi, row->abi);
        check(row, "platform", f.platform, row->platform);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
