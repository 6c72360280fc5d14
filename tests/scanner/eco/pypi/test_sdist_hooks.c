/* What back ends run of the tree by their own settings, and what they read: each attack, and the nearest that is
 * honest. */
#include <stdlib.h>

#include "tests/ch_test.h"
#include "customhouse/limits.h"
#include "scan_run.h"
#include "scanner/eco/pypi/sdist/sdist.h"
#include "sdist_build.h"

#define GETS "import urllib.request\ndef go():\n    urllib.request.urlopen('http://example.org/')\n"
#define LEGACY "build-backend setuptools.build_meta"
#define HATCH "[build-system]\nbuild-backend = 'hatchling.build'\n"
#define PDM "[build-system]\nbuild-backend = 'pdm.backend'\n"
#define SCIKIT "[build-system]\nbuild-backend = 'scikit_build_core.build'\n"
#define FLIT "[build-system]\nbuild-backend = 'flit_core.buildapi'\n[project]\nname = 'foo-bar'\n"

/* clang-format off */
static const struct sdist_row rows[] = {
    {"imported for its version", {.more = {{"setup.cfg", "[metadata]\nversion = attr: pkg.v\n", NULL},
     {"pkg/__init__.py", "from .x import v\n" GETS, NULL}}}, "", "build-hook pkg.v|" LEGACY},
    {"read for its version", {.more = {{"setup.cfg", "[metadata]\nversion = attr: pkg.v\n", NULL},
     {"src/pkg/__init__.py", "'''doc'''\nimport os\n__all__ = ['v']\nv = '1.0'  # c\n", NULL}}}, "", LEGACY},
    {"T4: read for its version, and acts", {.more = {{"setup.cfg", "[metadata]\nversion = attr: pkg.v\n", NULL},
     {"pkg/__init__.py", "v = '1'\n" GETS "go()\n", NULL}}}, "install-network", LEGACY},
    {"T4: imported for its version, and acts", {.more = {{"setup.cfg", "[metadata]\nversion = attr: pkg.v\n", NULL},
     {"pkg/__init__.py", GETS "v = go()\n", NULL}}}, "install-network", "build-hook pkg.v|" LEGACY},
    {"T4: a value of a test", {.more = {{"pyproject.toml", "[tool.setuptools.dynamic]\nversion = {attr = 'tests.z.v'}\n", NULL},
     {"tests/z.py", GETS "v = go()\n", NULL}}}, "install-network", "build-hook tests.z.v|" LEGACY},
    {"a literal of pyproject's attr", {.more = {{"pyproject.toml",
      "[tool.setuptools.dynamic]\nversion = {attr = 'pkg.v.version'}\n", NULL},
     {"python/pkg/v.py", "version: str = '1.0'\ninfo = (1, -2, None, {'a': [1]})\n", NULL}}}, "", LEGACY},
    {"what only looks like a literal", {.more = {{"setup.cfg", "[metadata]\nversion = attr: pkg.v\n", NULL},
     {"pkg/__init__.py", GETS "go()\nv = {[]: 1}\n", NULL}}}, "install-network", "build-hook pkg.v|" LEGACY},
    {"a literal beside the folder that is mapped", {.more = {{"setup.cfg",
      "[metadata]\nversion = attr: pkg.v\n[options]\npackage_dir =\n  pkg = tests/m\n", NULL},
     {"pkg/__init__.py", "v = '1'\n", NULL}, {"tests/m/__init__.py", GETS "v = go()\n", NULL}}}, "install-network",
     "build-hook pkg.v|" LEGACY},
    {"the same in pyproject.toml", {.more = {{"pyproject.toml", "[tool.setuptools]\npackage-dir = {pkg = 'tests/m'}\n"
      "[tool.setuptools.dynamic]\nversion = {attr = 'pkg.v'}\n", NULL},
     {"pkg/__init__.py", "v = '1'\n", NULL}, {"tests/m/__init__.py", GETS "v = go()\n", NULL}}}, "install-network",
     "build-hook pkg.v|" LEGACY},
    {"a literal of a mapped folder", {.more = {{"setup.cfg",
      "[metadata]\nversion = attr: pkg.v\n[options]\npackage_dir =\n  = src\n", NULL},
     {"src/pkg/__init__.py", "v = '1'\n", NULL}}}, "", LEGACY},
    {"a literal tuple", {.more = {{"setup.cfg", "[metadata]\nversion = attr: pkg.v\n", NULL},
     {"pkg/__init__.py", "v = (1, -2,\n     'a')\n", NULL}}}, "", LEGACY},
    {"a module that is not there", {.more = {{"setup.cfg", "[metadata]\nversion = attr: pkg.v\n", NULL}}}, "",
     "build-hook pkg.v|" LEGACY},
    {"first assigned by a call", {.more = {{"setup.cfg", "[metadata]\nversion = attr: pkg.v\n", NULL},
     {"pkg/__init__.py", "x = v = str(1)\nv = '1'\n", NULL}}}, "", "build-hook pkg.v|" LEGACY},
    {"first assigned under another spelling", {.more = {{"setup.cfg", "[metadata]\nversion = attr: pkg.v\n", NULL},
     {"pkg/__init__.py", "\xef\xbd\x96 = str(1)\nv = '1'\n", NULL}}}, "", "build-hook pkg.v|" LEGACY},
    {"assigned in a block", {.more = {{"setup.cfg", "[metadata]\nversion = attr: pkg.v\n", NULL},
     {"pkg/__init__.py", "if 1:\n    v = '1'\n", NULL}}}, "", "build-hook pkg.v|" LEGACY},
    {"a subscript is no literal", {.more = {{"setup.cfg", "[metadata]\nversion = attr: pkg.v\n", NULL},
     {"pkg/__init__.py", "v = ['1'][0]\n", NULL}}}, "", "build-hook pkg.v|" LEGACY},
    {"one literal of two files of that name", {.more = {{"setup.cfg", "[metadata]\nversion = attr: pkg.v\n", NULL},
     {"pkg/__init__.py", "v = '1'\n", NULL}, {"src/pkg/__init__.py", "v = str(1)\n", NULL}}}, "",
     "build-hook pkg.v|" LEGACY},
    {"hook of hatch", {.more = {{"pyproject.toml", "[build-system]\nbuild-backend = 'hatchling.build'\n"
      "[tool.hatch.build.hooks.custom]\n", NULL}}}, "",
     "build-hook hatch_build.py|build-backend hatchling.build"},
    {"hook of hatch.toml", {.more = {{"pyproject.toml", HATCH, NULL},
     {"hatch.toml", "[build.hooks.custom]\npath = 'tests/z.py'\n", NULL}, {"tests/z.py", GETS "go()\n", NULL}}},
     "install-network", "build-hook tests/z.py|build-backend hatchling.build"},
    {"hook of hatch.toml, which comes first", {.more = {{"hatch.toml", "[metadata.hooks.custom]\n", NULL},
     {"pyproject.toml", HATCH, NULL}}}, "", "build-hook hatch_build.py|build-backend hatchling.build"},
    {"hook of a target in hatch.toml", {.more = {{"pyproject.toml", HATCH, NULL},
     {"hatch.toml", "[build.targets.any.hooks.custom]\n", NULL}}}, "",
     "build-hook hatch_build.py|build-backend hatchling.build"},
    {"version code of hatch.toml", {.more = {{"pyproject.toml", HATCH, NULL},
     {"hatch.toml", "[version]\nsource = 'code'\npath = 'tests/z.py'\n", NULL}}}, "",
     "build-hook tests/z.py|build-backend hatchling.build"},
    {"version code of no path", {.more = {{"pyproject.toml", HATCH "[tool.hatch.version]\nsource = 'code'\n", NULL}}}, "",
     "build-hook .|build-backend hatchling.build"},
    {"plain hatch.toml", {.more = {{"pyproject.toml", HATCH, NULL}, {"hatch.toml", "[envs.test]\nscripts.a = 'pytest'\n"
      "[version]\npath = 'pkg/a.py'\n[build.hooks.vcs]\nversion-file = 'pkg/_version.py'\n", NULL}}}, "",
     "build-backend hatchling.build"},
    {"hatch.toml elsewhere", {.more = {{"pyproject.toml", HATCH, NULL}, {"a/hatch.toml", "[build.hooks.custom]\n", NULL}}},
     "", "build-backend hatchling.build"},
    {"broken hatch.toml", {.more = {{"pyproject.toml", HATCH, NULL}, {"hatch.toml", "[a\n", NULL}}}, "sdist-build",
     "build-backend hatchling.build"},
    {"hatch.toml is a link", {.more = {{"x.toml", "", NULL}, {"hatch.toml", NULL, "x.toml"}}}, "sdist-build symlink", LEGACY},
    {"commands of hatch", {.more = {{"pyproject.toml", HATCH "[[tool.hatch.build.hooks.build-scripts.scripts]]\n"
      "commands = ['x']\n", NULL}}}, "", "build-hook build-scripts|build-backend hatchling.build"},
    {"version call of pdm", {.more = {{"pyproject.toml", PDM "[tool.pdm.version]\nsource = 'call'\ngetter = 'tests.z:f'\n",
      NULL}, {"tests/z.py", "import os\ndef f():\n    os.system('x')\n", NULL}}}, "install-process",
     "build-hook tests.z:f|build-backend pdm.backend"},
    {"version file of pdm", {.more = {{"pyproject.toml", PDM "[tool.pdm.version]\nsource = 'file'\npath = 'a.py'\n", NULL}}},
     "", "build-backend pdm.backend"},
    {"version format of pdm", {.more = {{"pyproject.toml", PDM "[tool.pdm.version]\nsource = 'scm'\nversion_format = 'a:f'\n",
      NULL}}}, "", "build-hook a:f|build-backend pdm.backend"},
    {"setup script of pdm", {.more = {{"pyproject.toml", PDM "[tool.pdm.build]\nsetup-script = 'b.py'\nrun-setuptools = true\n",
      NULL}}}, "", "build-hook b.py|build-backend pdm.backend"},
    {"setuptools of pdm", {.more = {{"pyproject.toml", PDM "[tool.pdm.build]\nrun-setuptools = true\n", NULL}}}, "",
     "build-hook setup.py|build-backend pdm.backend"},
    {"no setuptools of pdm", {.more = {{"pyproject.toml", PDM "[tool.pdm.build]\nrun-setuptools = false\n", NULL}}}, "",
     "build-backend pdm.backend"},
    {"provider of scikit-build-core in the tree", {.more = {{"pyproject.toml", SCIKIT "[tool.scikit-build.metadata.version]\n"
      "provider = 'z'\nprovider-path = 'tests'\n", NULL}, {"tests/z.py", GETS "go()\n", NULL}}}, "install-network",
     "build-hook z|build-backend scikit_build_core.build"},
    {"provider of an override", {.more = {{"pyproject.toml", SCIKIT "[[tool.scikit-build.overrides]]\nif.state = 'sdist'\n"
      "metadata.version.provider = 'z'\nmetadata.version.provider-path = '.'\n", NULL}}}, "",
     "build-hook z|build-backend scikit_build_core.build"},
    {"provider of scikit-build-core", {.more = {{"pyproject.toml", SCIKIT "[tool.scikit-build.metadata.version]\n"
      "provider = 'scikit_build_core.metadata.setuptools_scm'\n", NULL}}}, "", "build-backend scikit_build_core.build"},
    {"flit imports", {.more = {{"pyproject.toml", FLIT "dynamic = ['version']\n[tool.flit.module]\nname = 'm'\n", NULL},
     {"m/__init__.py", "'''doc'''\n" GETS "__version__ = go()\n", NULL}}}, "install-network",
     "build-hook m|build-backend flit_core.buildapi"},
    {"flit reads", {.more = {{"pyproject.toml", FLIT "dynamic = ['version', 'description']\n[tool.flit.module]\nname = 'm'\n", NULL},
     {"m/__init__.py", "'''doc'''\n__version__ = '1.0'\n", NULL}}}, "", "build-backend flit_core.buildapi"},
    {"flit needs a summary", {.more = {{"pyproject.toml", FLIT "dynamic = ['version', 'description']\n[tool.flit.module]\nname = 'm'\n", NULL},
     {"m.py", "__version__ = '1.0'\n", NULL}}}, "", "build-hook m|build-backend flit_core.buildapi"},
    {"flit needs a version that is a text", {.more = {{"pyproject.toml", FLIT "dynamic = ['version']\n[tool.flit.module]\nname = 'm'\n", NULL},
     {"m.py", "'''doc'''\n" GETS "go()\n__version__ = ('1', '0')\n", NULL}}}, "install-network",
     "build-hook m|build-backend flit_core.buildapi"},
    {"flit needs a version that is not empty", {.more = {{"pyproject.toml", FLIT "dynamic = ['version']\n[tool.flit.module]\nname = 'm'\n", NULL},
     {"m.py", "'''doc'''\n__version__ = ''\n__version__ = '1'\n", NULL}}}, "",
     "build-hook m|build-backend flit_core.buildapi"},
    {"old flit needs one without annotation", {.more = {{"pyproject.toml", FLIT "dynamic = ['version']\n[tool.flit.module]\nname = 'm'\n", NULL},
     {"m.py", "'''doc'''\n__version__: str = '1'\n", NULL}}}, "",
     "build-hook m|build-backend flit_core.buildapi"},
    {"flit needs a summary that is not blank", {.more = {{"pyproject.toml", FLIT "dynamic = ['version', 'description']\n[tool.flit.module]\nname = 'm'\n", NULL},
     {"m.py", "''' \xc2\xa0\n'''\n__version__ = '1.0'\n", NULL}}}, "",
     "build-hook m|build-backend flit_core.buildapi"},
    {"flit is told", {.more = {{"pyproject.toml", FLIT "version = '1.0'\n[tool.flit.module]\nname = 'm'\n", NULL},
     {"m.py", "__version__ = str(1)\n", NULL}}}, "", "build-backend flit_core.buildapi"},
    {"scm writes", {.more = {{"pyproject.toml", "[tool.setuptools_scm]\nversion_file = 'pkg/_version.py'\n"
      "version_file_template = '''# c\n__version__ = \"{version}\"\nt = {version_tuple}\n'''\n", NULL}}}, "", LEGACY},
    {"scm writes code", {.more = {{"pyproject.toml", "[tool.setuptools_scm]\nwrite_to = 'pkg/_version.py'\n"
      "write_to_template = 'import os; os.system(\"x\")'\n", NULL}}}, "", "build-hook pkg/_version.py|" LEGACY},
    {"scm writes elsewhere", {.more = {{"pyproject.toml", "[tool.setuptools_scm]\nwrite_to = '../x.txt'\n", NULL}}}, "",
     "build-hook ../x.txt|" LEGACY},
    {"scm's schemes", {.more = {{"pyproject.toml", "[tool.setuptools_scm]\nversion_scheme = 'tests.z:f'\n"
      "local_scheme = 'no-local-version'\ngit_describe_command = ['git', 'describe', '--tags']\n", NULL}}}, "",
     "build-hook tests.z:f|" LEGACY},
    {"scm's command", {.more = {{"pyproject.toml", "[tool.setuptools_scm]\ngit_describe_command = 'sh x'\n", NULL}}}, "",
     "build-hook git_describe_command|" LEGACY},
    {"project.py of sip", {.more = {{"pyproject.toml", "[build-system]\nbuild-backend = 'sipbuild.api'\n", NULL},
     {"project.py", "x = 1\n", NULL}}}, "", "build-hook project.py|build-backend sipbuild.api"},
    {"hooks of setup.cfg, one per line", {.more = {{"setup.cfg", "[global]\nsetup-hooks =\n  a.b\n", NULL}}}, "",
     "setup.cfg setup-hooks a.b|" LEGACY},
    {"a command of no name", {.more = {{"pyproject.toml", "[tool.setuptools.cmdclass]\n'' = 'a.B'\n", NULL}}}, "",
     "pyproject cmdclass .|" LEGACY},
    {"script of poetry", {.more = {{"pyproject.toml", "[build-system]\nbuild-backend = 'poetry.core.masonry.api'\n"
      "[tool.poetry.build]\nscript = 'b.py'\n", NULL}}}, "",
     "build-hook b.py|build-backend poetry.core.masonry.api"},
    {"hook of pdm", {.more = {{"pyproject.toml", "[build-system]\nbuild-backend = 'pdm.backend'\n"
      "[tool.pdm]\n", NULL}, {"pdm_build.py", "x = 1\n", NULL}}}, "",
     "build-hook pdm_build.py|build-backend pdm.backend"},
    {"hook of pdm without its table", {.more = {{"pyproject.toml", "[build-system]\nbuild-backend = 'pdm.backend'\n",
      NULL}, {"pdm_build.py", "x = 1\n", NULL}}}, "", "build-hook pdm_build.py|build-backend pdm.backend"},
    {"a module of that name with another back end", {.more = {{"pyproject.toml",
      "[build-system]\nbuild-backend = 'flit_core.buildapi'\n", NULL}, {"pdm_build.py", "x = 1\n", NULL}}}, "",
     "build-backend flit_core.buildapi"},
};
/* clang-format on */

static void test_rows(void **state)
{
    (void)state;
    assert_int_equal(sdist_rows_wrong(rows, CH_ARRAY_LEN(rows)), 0);
}

/* What is too large to be read says nothing of the build: it must not count as absent. */
static void test_unread(void **state)
{
    (void)state;
    static const char *const names[] = {"pyproject.toml", "setup.cfg", "hatch.toml"};
    struct ch_limits saved = ch_limits;
    ch_limits.sdist_text_bytes = 100;
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        char text[200] = {'#'};
        memset(text, '#', sizeof(text) - 1);
        for (int large = 0; large < 2; large++) {
            struct sdist_spec spec = {.more = {{names[i], large ? text : "#", NULL}}};
            struct ch_scan_job job = sdist_job(&spec);
            struct ch_buf b;
            struct scan_run r;
            sdist_build(&b, &spec);
            scan_run(&r, ch_sdist_inspect, &job, ch_buf_str(&b));
            char *found = scan_run_findings(&r);
            assert_string_equal(found, large ? "limit" : "");
            free(found);
            scan_run_done(&r);
            ch_buf_done(&b);
        }
    }
    ch_limits = saved;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_unread)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
