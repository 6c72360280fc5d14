#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "conda_build.h"
#include "corpus.h"
#include "scan_run.h"
#include "scanner/eco/conda/package/package.h"

#define INDEX(name, version, build, more)                                                          \
    "{\"name\": \"" name "\", \"version\": \"" version "\", \"build\": \"" build "\", " more "}"
#define USUAL "\"build_number\": 0, \"depends\": []"
#define TEN(x) x x x x x x x x x x

static const struct row {
    const char *label;
    struct conda_spec spec;
    const char *findings; /* their names, sorted, separated by blanks */
} rows[] = {
    {"honest", {.project = "foo", .version = "1.0"}, ""},
    {"honest-bzip2", {.bzip2 = true}, ""},
    {"honest-link",
     {.more = {{"lib/libfoo.so.1", "x", NULL}, {"lib/libfoo.so.0", NULL, "libfoo.so.1"}}},
     ""},
    /* names */
    {"name-two-parts", {.file_name = "foo-1.0.conda", .outer_stem = "foo-1.0"}, "conda-name"},
    {"name-ending", {.file_name = "foo-1.0-py_0.zip"}, "conda-members conda-name"},
    {"name-project", {.project = "bar"}, "conda-name"},
    {"name-version", {.version = "1.0.0"}, "conda-name"},
    /* the outer archive */
    {"outer-more", {.outer_more = "evil.txt"}, "conda-members"},
    {"outer-third-tar", {.outer_more = "x.tar.zst"}, "conda-members stream-unreadable"},
    {"outer-stem", {.outer_stem = "bar-1.0-py_0"}, "conda-members"},
    {"outer-deflate", {.outer_deflate = true}, "zip-method"},
    {"outer-no-pkg", {.outer_no_pkg = true}, "conda-members conda-unlisted"},
    {"inner-wrong-archive", {.more = {{"lib/x", "x", NULL, .in_info = true}}}, "conda-members"},
    {"inner-collision", {.more = {{"Info/Index.json", "{}", NULL}}}, "conda-collision"},
    {"inner-collision-honest", {.more = {{"Info2/index.json", "{}", NULL}}}, ""},
    /* info/index.json */
    {"index-missing", {.index = ""}, "conda-index"},
    {"index-no-json", {.index = "{"}, "conda-index"},
    {"index-list", {.index = "[]"}, "conda-index"},
    {"index-twice",
     {.index = INDEX("foo", "1.0", "py_0", USUAL ", \"name\": \"foo\"")},
     "conda-index"},
    {"index-deep",
     {.index = INDEX("foo", "1.0", "py_0", USUAL ", \"x\": " TEN("[[[") "[[" TEN("]]]") "]]")},
     "conda-index"},
    {"index-nearly-deep",
     {.index = INDEX("foo", "1.0", "py_0", USUAL ", \"x\": " TEN("[[[") "[" TEN("]]]") "]")},
     ""},
    {"index-name", {.index = INDEX("bar", "1.0", "py_0", USUAL)}, "conda-index"},
    {"index-version", {.index = INDEX("foo", "1.0.0", "py_0", USUAL)}, "conda-index"},
    {"index-build", {.index = INDEX("foo", "1.0", "py_1", USUAL)}, "conda-index"},
    {"index-old", {.index = INDEX("foo", "1.0", "py_0", USUAL)}, ""},
    {"index-number",
     {.index = INDEX("foo", "1.0", "py_0", "\"build_number\": -1, \"depends\": []")},
     "conda-index"},
    {"index-depends",
     {.index = INDEX("foo", "1.0", "py_0", "\"build_number\": 0, \"depends\": [1]")},
     "conda-index"},
    {"index-subdir",
     {.index = INDEX("foo", "1.0", "py_0", USUAL ", \"subdir\": 1")},
     "conda-index"},
    {"index-site-packages",
     {.index = INDEX("foo", "1.0", "py_0",
                     USUAL ", \"python_site_packages_path\": \"../site-packages\"")},
     "conda-outside"},
    {"index-site-packages-inside",
     {.index = INDEX("foo", "1.0", "py_0",
                     USUAL ", \"python_site_packages_path\": \"lib/python3.12/site-packages\"")},
     ""},
    /* info/paths.json */
    {"paths-missing", {.paths = ""}, "conda-paths"},
    {"paths-version", {.paths = "{\"paths\": [], \"paths_version\": 2}"}, "conda-paths"},
    {"paths-none", {.paths = "{\"paths\": [], \"paths_version\": 1}"}, "conda-unlisted"},
    {"paths-unlisted",
     {.more = {{"site-packages/evil.py", "x", NULL, .unlisted = true}}},
     "conda-unlisted"},
    {"paths-unlisted-bzip2",
     {.bzip2 = true, .more = {{"site-packages/evil.py", "x", NULL, .unlisted = true}}},
     "conda-unlisted"},
    {"paths-hash", {.more = {{"lib/x", "x", NULL, .wrong_hash = true}}}, "conda-differs"},
    {"paths-size", {.more = {{"lib/x", "x", NULL, .wrong_size = true}}}, "conda-differs"},
    {"paths-type",
     {.more = {{"lib/y", "x", NULL}, {"lib/x", NULL, "y", .unlisted = true}},
      .paths_more = "{\"_path\": \"lib/x\", \"path_type\": \"hardlink\", \"size_in_bytes\": 1}"},
     "conda-differs"},
    {"paths-twice",
     {.more = {{"lib/y", "x", NULL}, {"lib/x", NULL, "y"}},
      .paths_more = "{\"_path\": \"lib/x\", \"path_type\": \"softlink\"}"},
     "conda-differs"},
    {"paths-not-there",
     {.paths_more = "{\"_path\": \"lib/x\", \"path_type\": \"softlink\"}"},
     "conda-unlisted"},
    {"paths-info",
     {.paths_more = "{\"_path\": \"info/index.json\", \"path_type\": \"hardlink\"}"},
     "conda-unlisted"},
    {"paths-outside",
     {.paths_more = "{\"_path\": \"../x\", \"path_type\": \"softlink\"}"},
     "conda-outside"},
    {"paths-absolute",
     {.paths_more = "{\"_path\": \"/x\", \"path_type\": \"softlink\"}"},
     "conda-outside"},
    {"paths-backslash", {.paths_more = "{\"_path\": \"a\\\\..\\\\x\"}"}, "conda-outside"},
    {"paths-drive", {.paths_more = "{\"_path\": \"C:/x\"}"}, "conda-outside"},
    {"paths-no-path", {.paths_more = "{}"}, "conda-paths"},
    {"placeholder",
     {.more = {{"lib/x", "x", NULL}},
      .placeholder = "\"prefix_placeholder\": \"/opt/placehold\", \"file_mode\": \"text\", "},
     ""},
    {"placeholder-relative",
     {.more = {{"lib/x", "x", NULL}},
      .placeholder = "\"prefix_placeholder\": \"import os\", \"file_mode\": \"text\", "},
     "conda-placeholder"},
    {"placeholder-mode",
     {.more = {{"lib/x", "x", NULL}},
      .placeholder = "\"prefix_placeholder\": \"/opt/placehold\", "},
     "conda-placeholder"},
    /* links: what leads out of the prefix is the TAR reader's */
    {"link-outside", {.more = {{"lib/x", NULL, "../../etc/passwd"}}}, "tar-unsafe-link"},
    {"link-absolute", {.more = {{"lib/x", NULL, "/etc/passwd"}}}, "tar-unsafe-link"},
    /* what runs */
    {"link-json",
     {.link =
          "{\"noarch\": {\"type\": \"python\", \"entry_points\": [\"foo-x = foo.m:main.run\"]}}"},
     ""},
    {"entry-point-parent",
     {.link = "{\"noarch\": {\"entry_points\": [\"../../x = foo:main\"]}}"},
     "conda-entry-point"},
    {"entry-point-dots",
     {.link = "{\"noarch\": {\"entry_points\": [\".. = foo:main\"]}}"},
     "conda-entry-point"},
    {"entry-point-module",
     {.link = "{\"noarch\": {\"entry_points\": [\"x = os;os.system('id')#:main\"]}}"},
     "conda-entry-point"},
    {"entry-point-function",
     {.link = "{\"noarch\": {\"entry_points\": [\"x = foo:main() or exit\"]}}"},
     "conda-entry-point"},
    {"entry-point-no-text", {.link = "{\"noarch\": {\"entry_points\": [1]}}"}, "conda-entry-point"},
    {"entry-point-no-list", {.link = "{\"noarch\": {\"entry_points\": {}}}"}, "conda-entry-point"},
    {"post-link", {.more = {{"bin/.foo-post-link.sh", "id", NULL}}}, "conda-link-script"},
    {"pre-unlink", {.more = {{"Scripts/.foo-pre-unlink.bat", "id", NULL}}}, "conda-link-script"},
    {"post-link-elsewhere", {.more = {{"share/.foo-post-link.sh", "id", NULL}}}, ""},
    {"activate", {.more = {{"etc/conda/activate.d/foo.sh", "id", NULL}}}, "conda-activate"},
    {"menu", {.more = {{"Menu/foo.json", "{}", NULL}}}, "conda-menu"},
    /* as where case does not count */
    {"post-link-in-Bin", {.more = {{"Bin/.foo-post-link.sh", "id", NULL}}}, "conda-link-script"},
    {"post-link-in-scripts",
     {.more = {{"scripts/.foo-Post-Link.BAT", "id", NULL}}},
     "conda-link-script"},
    {"activate-in-Etc", {.more = {{"Etc/Conda/Activate.D/foo.bat", "id", NULL}}}, "conda-activate"},
    {"menu-in-lower-case", {.more = {{"menu/foo.JSON", "{}", NULL}}}, "conda-menu"},
    {"another-Info",
     {.more = {{"Info/link.json", "{\"noarch\": {\"entry_points\": [\"a=b:c\\nimport os\"]}}",
                NULL}}},
     "conda-collision"},
};

static void test_rows(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        struct scan_run first;
        struct scan_run second;
        struct ch_scan_job job = conda_job(&rows[i].spec);
        conda_build(&b, &rows[i].spec);
        scan_run(&first, ch_conda_package_inspect, &job, ch_buf_str(&b));
        scan_run(&second, ch_conda_package_second, &job, ch_buf_str(&b));
        char *found = scan_run_findings(&first);
        if (strcmp(found, rows[i].findings) != 0) {
            scan_run_print(&first);
            print_error("%s: found \"%s\", expected \"%s\"\n", rows[i].label, found,
                        rows[i].findings);
            wrong++;
        }
        if (rows[i].findings[0] == '\0' && !scan_run_same_members(&first, &second)) {
            print_error("%s: the two opinions differ: %zu and %zu members\n", rows[i].label,
                        scan_run_members(&first), scan_run_members(&second));
            scan_run_print(&second);
            wrong++;
        }
        free(found);
        scan_run_done(&first);
        scan_run_done(&second);
        ch_buf_done(&b);
    }
    assert_int_equal(wrong, 0);
}

/* All members are in both lists: the three outer ones and those of both archives. */
static void test_members(void **state)
{
    (void)state;
    struct ch_buf b;
    struct scan_run r;
    const struct conda_spec spec = {.bzip2 = false};
    struct ch_scan_job job = conda_job(&spec);
    conda_build(&b, &spec);
    scan_run(&r, ch_conda_package_inspect, &job, ch_buf_str(&b));
    assert_int_equal(scan_run_members(&r), 6);
    scan_run_done(&r);
    scan_run(&r, ch_conda_package_second, &job, ch_buf_str(&b));
    assert_int_equal(scan_run_members(&r), 6);
    scan_run_done(&r);
    ch_buf_done(&b);
}

static int write_corpus(const char *dir)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        conda_build(&b, &rows[i].spec);
        if (!corpus_write(dir, rows[i].label, ch_buf_str(&b))) {
            perror(rows[i].label);
            return 1;
        }
        ch_buf_done(&b);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_members),
    };
    if (argc > 1) {
        return write_corpus(argv[1]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
