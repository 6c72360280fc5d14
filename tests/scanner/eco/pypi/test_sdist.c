/* The sdist inspector: an honest sdist without findings, one per rule with exactly its own, and what it
 * says of the code that a build runs. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/ch_test.h"
#include "corpus.h"
#include "customhouse/limits.h"
#include "scan_run.h"
#include "scanner/eco/pypi/sdist/sdist.h"
#include "scanner/eco/pypi/sdist/setup_cfg.h"
#include "sdist_build.h"

#define META "Metadata-Version: 2.1\nName: foo-bar\nVersion: 1.0\n"
#define GETS "import urllib.request\ndef go():\n    urllib.request.urlopen('http://example.org/')\n"
#define MINE {"pyproject.toml", "[build-system]\nrequires = []\nbuild-backend = 'mine.api'\n" \
      "backend-path = ['src']\n", NULL}
#define IN_SRC "backend-path|build-backend mine.api"
#define LISTS(packages) "from setuptools import setup\na = dict(name='foo-bar', packages=" packages ")\na.update(x())\nsetup(**a)\n"
#define BEYOND "setup.py|setup.py beyond declarations|" LEGACY
#define LEGACY "build-backend setuptools.build_meta"

/* clang-format off */
static const struct sdist_row rows[] = {
    {"honest", {.version = NULL}, "", LEGACY},
    {"gzip", {.gzip = true}, "", LEGACY},
    {"zip", {.zip = true}, "", LEGACY},
    {"names and versions spelt otherwise", {.file_name = "Foo.Bar-1.0.0.tar", .top = "foo-bar-1.0",
     .metadata = "Metadata-Version: 1.1\nName: FOO_bar\nVersion: 1.0.0\n"}, "", LEGACY},
    {"expected by the job", {.project = "foo-bar", .version = "1.0"}, "", LEGACY},
    {"a version with dashes", {.file_name = "foo-bar-1.0-1.tar", .project = "foo-bar", .version = "1.0-1",
     .top = "foo-bar-1.0-1", .metadata = "Metadata-Version: 1.1\nName: foo-bar\nVersion: 1.0-1\n"}, "", LEGACY},
    /* names */
    {"no sdist's name", {.file_name = "foo_bar.tar"}, "sdist-name", LEGACY},
    {"no sdist's ending", {.file_name = "foo_bar-1.0.rpm"}, "sdist-name", LEGACY},
    {"file name of another project", {.project = "foo", .version = "1.0"},
     "sdist-name sdist-name-differs", LEGACY},
    {"file name of another version", {.project = "foo-bar", .version = "1.1"},
     "sdist-name sdist-version-differs", LEGACY},
    {"PKG-INFO of another project", {.metadata = "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n"},
     "sdist-name-differs", LEGACY},
    {"PKG-INFO of another version", {.metadata = "Metadata-Version: 2.1\nName: foo-bar\nVersion: 2.0\n"},
     "sdist-version-differs", LEGACY},
    {"no PKG-INFO", {.metadata = ""}, "sdist-metadata", LEGACY},
    {"PKG-INFO without version", {.metadata = "Metadata-Version: 2.1\nName: foo-bar\n"},
     "sdist-metadata", LEGACY},
    {"PKG-INFO only in egg-info", {.metadata = "", .more = {{"foo_bar.egg-info/PKG-INFO", META, NULL}}},
     "sdist-metadata", LEGACY},
    {"PKG-INFO is a link", {.metadata = "", .more = {{"x/PKG-INFO", META, NULL},
     {"PKG-INFO", NULL, "x/PKG-INFO"}}}, "sdist-metadata symlink", LEGACY},
    {"zip named tar", {.zip = true, .file_name = "foo_bar-1.0.tar.gz"}, "sdist-packing", LEGACY},
    {"tar named zip", {.file_name = "foo_bar-1.0.zip"}, "sdist-packing", LEGACY},
    {"gzip named bzip2", {.gzip = true, .file_name = "foo_bar-1.0.tar.bz2"}, "sdist-packing", LEGACY},
    {"gzip named tar", {.gzip = true, .file_name = "foo_bar-1.0.tar"}, "sdist-packing", LEGACY},
    /* the folder */
    {"folder of another name", {.top = "foo_baz-1.0"}, "sdist-folder", LEGACY},
    {"folder without version", {.top = "foo_bar"}, "sdist-folder", LEGACY},
    {"folder of another version", {.top = "foo_bar-1.1"}, "sdist-folder", LEGACY},
    {"a second folder", {.more = {{"/evil/x.txt", "x", NULL}}}, "sdist-folder", LEGACY},
    {"a file beside the folder", {.more = {{"/x.txt", "x", NULL}}}, "sdist-folder", LEGACY},
    {"a setup.py beside the folder is not the tree's", {.more = {{"/setup.py", "import evil", NULL}}},
     "sdist-folder", LEGACY},
    /* T1 */
    {"T1: PKG-INFO", {.metadata = META "Requires-Dist: x @ https://example.org/x.whl\n"},
     "direct-reference", LEGACY},
    {"T1: build-system.requires", {.more = {{"pyproject.toml",
      "[build-system]\nrequires = ['x @ https://example.org/x.whl']\nbuild-backend = 'hatchling.build'\n", NULL}}},
     "direct-reference", "build-backend hatchling.build"},
    {"T1: project.dependencies", {.more = {{"pyproject.toml",
      "[project]\nname = 'foo-bar'\ndependencies = ['y', 'x @ git+https://example.org/x']\n", NULL}}},
     "direct-reference", LEGACY},
    {"T1: project.optional-dependencies", {.more = {{"pyproject.toml",
      "[project.optional-dependencies]\na = ['x @ https://example.org/x']\n", NULL}}},
     "direct-reference", LEGACY},
    {"T1: a file of requirements", {.more = {{"pyproject.toml",
      "[tool.setuptools.dynamic]\ndependencies = {file = ['a/req.txt']}\n", NULL},
      {"a/req.txt", "# c\nx @ https://example.org/x.whl\n", NULL}}}, "direct-reference", LEGACY},
    {"a file of plain requirements", {.more = {{"pyproject.toml",
      "[tool.setuptools.dynamic]\ndependencies = {file = 'req.txt'}\n", NULL},
      {"req.txt", "# https://example.org\nx>=1 # see https://example.org\n", NULL}}}, "", LEGACY},
    {"T1: setup_requires of setup.cfg", {.more = {{"setup.cfg",
      "[options]\nsetup-requires =\n  y\n  x @ https://example.org/x\n", NULL}}}, "direct-reference", LEGACY},
    {"T1: install_requires of setup.cfg, in one line", {.more = {{"setup.cfg",
      "[options]\ninstall_requires = y; git+https://example.org/x\n", NULL}}}, "direct-reference", LEGACY},
    {"install_requires from a file", {.more = {{"setup.cfg",
      "[options]\ninstall_requires = file: req.txt\n", NULL}, {"req.txt", "y>=1\n", NULL}}}, "", LEGACY},
    {"T1: install_requires from a file", {.more = {{"setup.cfg",
      "[options]\ninstall_requires = file: req.txt\n", NULL},
      {"req.txt", "y>=1\nx @ https://example.org/x\n", NULL}}}, "direct-reference", LEGACY},
    {"T1: from a file in a spelling of its own", {.more = {{"setup.cfg",
      "[options]\ninstall_requires = file: a.txt,\n  ./req.txt\n", NULL}, {"a.txt", "y\n", NULL},
      {"req.txt", "x @ https://example.org/x\n", NULL}}}, "direct-reference", LEGACY},
    {"T1: from a file that is not read", {.more = {{"setup.cfg",
      "[options]\ninstall_requires = file: deps\n", NULL},
      {"deps", "x @ https://example.org/x\n", NULL}}}, "sdist-build", LEGACY},
    {"T1: extras of setup.cfg", {.more = {{"setup.cfg",
      "[options.extras_require]\na =\n  x @ https://example.org/x\n", NULL}}}, "direct-reference", LEGACY},
    {"T1: dependency_links of setup.cfg", {.more = {{"setup.cfg",
      "[options]\ndependency_links = https://example.org/\n", NULL}}}, "direct-reference", LEGACY},
    {"T1: find_links of easy_install", {.more = {{"setup.cfg",
      "[easy_install]\nfind_links = https://example.org/\n", NULL}}}, "direct-reference", LEGACY},
    {"markers are no addresses", {.more = {{"setup.cfg",
      "[options]\ninstall_requires =\n  x>=1; python_version < '3.8'\n  y[z]\n", NULL}}}, "", LEGACY},
    {"T1: requires.txt", {.more = {{"foo_bar.egg-info/requires.txt",
      "y\n\n[a:python_version<'3']\nx @ https://example.org/x\n", NULL}}}, "direct-reference", LEGACY},
    {"requires.txt", {.more = {{"src/foo_bar.egg-info/requires.txt", "y>=1\n\n[a]\nz\n", NULL}}}, "", LEGACY},
    {"T1: dependency_links.txt", {.more = {{"src/foo_bar.egg-info/dependency_links.txt",
      "https://example.org/\n", NULL}}}, "direct-reference", LEGACY},
    {"empty dependency_links.txt", {.more = {{"foo_bar.egg-info/dependency_links.txt", "\r\n\n", NULL}}}, "",
     LEGACY},
    {"T1: setup.py", {.more = {{"setup.py", "from setuptools import setup\n"
      "setup(name='x', install_requires=['y', 'x @ https://example.org/x'])\n", NULL}}},
     "direct-reference", "setup.py|" LEGACY},
    {"T1: setup.py, not in its place", {.more = {{"setup.py", "from setuptools import setup\n"
      "r = ['x@https://example.org/x']\nsetup(name='x', install_requires=r)\n", NULL}}},
     "direct-reference", "setup.py|" LEGACY},
    {"T1: dependency_links of setup.py", {.more = {{"setup.py", "from setuptools import setup\n"
      "setup(name='x', dependency_links=['https://example.org/'])\n", NULL}}},
     "direct-reference", "setup.py|" LEGACY},
    {"addresses of people and homes", {.more = {{"setup.py", "from setuptools import setup\n"
      "setup(name='x', author_email='me@example.org', url='https://me@example.org/x',\n"
      "      extras_require={':python_version<\"3\"': ['y'], 'z': []})\n", NULL}}}, "", "setup.py|" LEGACY},
    /* what runs when */
    {"T4: a module that setup.py calls", {.more = {{"setup.py", "from setuptools import setup\nimport helper\nhelper.go()\nsetup()\n", NULL},
     {"helper.py", GETS, NULL}}}, "install-network", "setup.py|setup.py beyond declarations|" LEGACY},
    {"a module that is imported further down", {.more = {{"setup.py", "from setuptools import setup\nimport helper\nsetup()\n", NULL},
     {"helper.py", "import pkg\n", NULL}, {"pkg/__init__.py", GETS, NULL}}}, "", "setup.py|setup.py beyond declarations|" LEGACY},
    /* tests that something else runs */
    {"tests that act", {.more = {{"pkg/tests/x.py", GETS "go()\n", NULL},
     {"pkg/tests/test_a.py", "from . import x\n", NULL}}}, "", LEGACY},
    {"tests that the package imports", {.more = {{"src/pkg/__init__.py", "from .tests import x\n", NULL},
     {"src/pkg/tests/x.py", "from . import y\n", NULL}, {"src/pkg/tests/y.py", GETS "go()\n", NULL}}},
     "import-network", LEGACY},
    {"native code among tests", {.more = {{"pkg/tests/test_a.py", "from . import x\n", NULL},
     {"pkg/tests/x.so", "\x7f" "ELF", NULL}}}, "test-content", LEGACY},
    {"native code among tests that the package imports", {.more = {{"pkg/__init__.py", "from .tests import x\n", NULL},
     {"pkg/tests/x.so", "\x7f" "ELF", NULL}}}, "native-in-source native-malformed test-content", LEGACY},
    {"a package that acts", {.more = {{"pkg/__init__.py", GETS "go()\n", NULL}}}, "import-network", LEGACY},
    {"a tool of its makers", {.more = {{"scripts/pictures.py", GETS "go()\n", NULL}}}, "", LEGACY},
    {"a package named like one", {.more = {{"scripts/__init__.py", GETS "go()\n", NULL}}}, "import-network", LEGACY},
    {"no name of a module", {.more = {{".circleci/logs.py", GETS "go()\n", NULL}}}, "", LEGACY},
    {"no name of a module, but mapped to one", {.more = {{"setup.cfg", "[options]\npackage_dir =\n  pkg = my-src\n", NULL},
     {"my-src/m.py", GETS "go()\n", NULL}}}, "import-network", LEGACY},
    {"... in words", {.more = {{"pyproject.toml", "[tool.x]\n# better than the sources.\nm = 'my-src/m.py'\n", NULL},
     {"my-src/m.py", GETS "go()\n", NULL}}}, "", LEGACY},
    {"... by a table", {.more = {{"pyproject.toml", "[tool.hatch.build.sources]\n'my-src' = 'pkg'\n", NULL},
     {"my-src/m.py", GETS "go()\n", NULL}}}, "import-network", LEGACY},
    /* how it is built */
    {"broken pyproject.toml", {.more = {{"pyproject.toml", "[build-system]\n[build-system]\n", NULL}}},
     "sdist-build", LEGACY},
    {"broken setup.cfg", {.more = {{"setup.cfg", "[a]\nx = 1\nx = 2\n", NULL}}}, "sdist-build", LEGACY},
    {"malformed build requirement", {.more = {{"pyproject.toml", "[build-system]\nrequires = ['x y']\n", NULL}}},
     "sdist-build", LEGACY},
    {"pyproject.toml is a link", {.more = {{"x.toml", "", NULL}, {"pyproject.toml", NULL, "x.toml"}}},
     "sdist-build symlink", LEGACY},
    {"setup.py is a link", {.more = {{"x.py", "", NULL}, {"setup.py", NULL, "x.py"}}}, "sdist-build symlink",
     "setup.py|setup.py beyond declarations|" LEGACY},
    {"cmdclass of setup.cfg", {.more = {{"setup.cfg", "[options]\ncmdclass =\n  build_py = a.B\n  sdist = a.C\n",
      NULL}}}, "", "setup.cfg cmdclass build_py|setup.cfg cmdclass sdist|" LEGACY},
    {"hooks of setup.cfg", {.more = {{"setup.cfg", "[global]\nsetup-hooks = a.b\n", NULL}}}, "",
     "setup.cfg setup-hooks a.b|" LEGACY},
    {"cmdclass of pyproject.toml", {.more = {{"pyproject.toml",
      "[tool.setuptools.cmdclass]\nbuild_py = 'a.B'\n", NULL}}}, "", "pyproject cmdclass build_py|" LEGACY},
    {"T10: a back end in the tree", {.more = {{"pyproject.toml",
      "[build-system]\nrequires = []\nbuild-backend = 'mine'\nbackend-path = ['.']\n", NULL},
      {"mine.py", "x = 1\n", NULL}}}, "", "backend-path|build-backend mine"},
    {"a back end outside of the tree", {.more = {{"pyproject.toml",
      "[build-system]\nrequires = []\nbuild-backend = 'mine'\nbackend-path = ['a/../../x']\n", NULL}}},
     "sdist-backend-path", "backend-path|build-backend mine"},
    {"a back end of an absolute path", {.more = {{"pyproject.toml",
      "[build-system]\nrequires = []\nbuild-backend = 'mine'\nbackend-path = ['/tmp']\n", NULL}}},
     "sdist-backend-path", "backend-path|build-backend mine"},
    /* what setup.py lists, and what lies beside that */
    {"a script beside packages that are listed", {.more = {{"setup.py", LISTS("['foo_bar']"), NULL},
      {"lab/x.py", GETS "go()\n", NULL}}}, "", BEYOND},
    {"a package that is listed, too", {.more = {{"setup.py", LISTS("['foo_bar', 'lab']"), NULL},
      {"lab/x.py", GETS "go()\n", NULL}}}, "import-network", BEYOND},
    {"packages that are added", {.more = {{"setup.py", LISTS("['foo_bar'] + more()"), NULL},
      {"lab/x.py", GETS "go()\n", NULL}}}, "import-network", BEYOND},
    {"packages that are added later", {.more = {{"setup.py", LISTS("['foo_bar']") "a['packages'].append(b)\n", NULL},
      {"lab/x.py", GETS "go()\n", NULL}}}, "import-network", BEYOND},
    {"a folder with __init__.py", {.more = {{"setup.py", LISTS("['foo_bar']"), NULL},
      {"lab/__init__.py", "", NULL}, {"lab/x.py", GETS "go()\n", NULL}}}, "import-network", BEYOND},
    {"a folder that settings name", {.more = {{"setup.py", LISTS("['foo_bar']"), NULL},
      {"lab/x.py", GETS "go()\n", NULL}, {"setup.cfg", "[options.package_data]\nfoo_bar = ../lab/x.py\n", NULL}}},
     "import-network", BEYOND},
    {"packages that setup.cfg looks for, too", {.more = {{"setup.py", LISTS("[]"), NULL},
      {"lab/x.py", GETS "go()\n", NULL}, {"setup.cfg", "[options]\npackages = find_namespace:\n", NULL}}},
     "import-network", BEYOND},
    {"... and pyproject.toml", {.more = {{"setup.py", LISTS("['foo_bar']"), NULL}, {"lab/x.py", GETS "go()\n", NULL},
      {"pyproject.toml", "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n"
       "[tool.setuptools.packages.find]\n", NULL}}}, "import-network", BEYOND},
    {"a list that the back end does not read", {.more = {{"setup.py", LISTS("['foo_bar']"), NULL},
      {"lab/x.py", GETS "go()\n", NULL},
      {"pyproject.toml", "[build-system]\nrequires = []\nbuild-backend = 'mesonpy'\n", NULL}}},
     "import-network", "setup.py|setup.py beyond declarations|build-backend mesonpy"},
    {"a list beside a back end in the tree", {.more = {{"setup.py", LISTS("['foo_bar']"), NULL},
      {"lab/x.py", GETS "go()\n", NULL}, {"mine.py", "from flit_core.buildapi import *\n", NULL},
      {"pyproject.toml", "[build-system]\nrequires = ['flit_core']\nbuild-backend = 'mine'\nbackend-path = ['.']\n", NULL}}},
     "import-network", "setup.py|setup.py beyond declarations|backend-path|build-backend mine"},
    {"... that is called like that of setuptools", {.more = {{"setup.py", LISTS("['foo_bar']"), NULL},
      {"lab/x.py", GETS "go()\n", NULL}, {"setuptools/build_meta.py", "from flit_core.buildapi import *\n", NULL},
      {"pyproject.toml", "[build-system]\nrequires = ['flit_core']\nbuild-backend = 'setuptools.build_meta'\n"
       "backend-path = ['.']\n", NULL}}},
     "import-network", "setup.py|setup.py beyond declarations|backend-path|" LEGACY},
    {"tools of those who build", {.more = {{"setup.py", LISTS("['foo_bar'], ext_modules=[E(sources=['a.c'])]"), NULL},
      {"tools/x.py", GETS "go()\n", NULL}}}, "", BEYOND},
    {"tools that are a package", {.more = {{"setup.py", LISTS("['foo_bar'], package_dir={'foo_bar': 'tools'}"), NULL},
      {"tools/x.py", GETS "go()\n", NULL}}}, "import-network", BEYOND},
    /* of a back end in the tree: what its hooks call, over modules; what nobody calls does not count */
    {"a back end whose package has a function that fetches", {.more = {MINE, {"src/mine/api.py",
      "from . import a\ndef build_wheel(*x): return a.build()\n", NULL},
      {"src/mine/a.py", "from . import b\ndef build(): return b.name()\n", NULL},
      {"src/mine/b.py", "def name(): return 'x'\n" GETS, NULL}}}, "", IN_SRC},
    {"a back end that calls it", {.more = {MINE, {"src/mine/api.py",
      "from . import a\ndef build_wheel(*x): return a.build()\n", NULL},
      {"src/mine/a.py", "from . import b\ndef build(): return b.go()\n", NULL},
      {"src/mine/b.py", GETS, NULL}}}, "install-network", IN_SRC},
    {"a back end that calls a method of another module", {.more = {MINE, {"src/mine/api.py",
      "from . import a\ndef build_wheel(*x): return a.build()\n", NULL},
      {"src/mine/a.py", "from .b import B\ndef build(): return B().go()\n", NULL},
      {"src/mine/b.py", "import urllib.request\nclass B:\n    def go(self):\n"
       "        urllib.request.urlopen('http://example.org/')\n", NULL}}}, "install-network", IN_SRC},
    {"a hook that is defined two modules away", {.more = {MINE, {"src/mine/api.py",
      "from .a import *\n", NULL}, {"src/mine/a.py", "from .b import *\n", NULL},
      {"src/mine/b.py", GETS "build_wheel = go\n", NULL}}}, "install-network", IN_SRC},
    {"a hook that another module has under another name", {.more = {MINE, {"src/mine/api.py",
      "from .a import go as build_wheel\n", NULL}, {"src/mine/a.py", GETS, NULL}}}, "install-network", IN_SRC},
    {"... given a name", {.more = {MINE, {"src/mine/api.py",
      "from . import a\nbuild_wheel = a.go\n", NULL}, {"src/mine/a.py", GETS, NULL}}}, "install-network", IN_SRC},
    {"hooks whatever they are called", {.more = {MINE, {"src/mine/api.py",
      "from .a import __getattr__\n", NULL},
      {"src/mine/a.py", GETS "def __getattr__(name): return go\n", NULL}}}, "install-network", IN_SRC},
    {"... of an object", {.more = {{"pyproject.toml",
      "[build-system]\nrequires = []\nbuild-backend = 'mine.api:it'\nbackend-path = ['src']\n", NULL},
      {"src/mine/api.py", "from .a import it\n", NULL}, {"src/mine/a.py", GETS
       "class A:\n    def __getattr__(self, name): return go\nit = A()\n", NULL}}}, "install-network",
     IN_SRC ":it"},
    {"a back end whose folder takes the place of a library", {.more = {MINE, {"src/mine/api.py",
      "from setuptools.build_meta import *\n", NULL}, {"src/tomllib.py", "loads = 1\n" GETS, NULL}}},
     "install-network", IN_SRC},
    {"a folder without the back end that is named", {.more = {MINE, {"src/setuptools/x.py", GETS, NULL}}},
     "install-network", IN_SRC},
};
/* clang-format on */

static void test_rows(void **state)
{
    (void)state;
    assert_int_equal(sdist_rows_wrong(rows, CH_ARRAY_LEN(rows)), 0);
}

/* --- setup.py --- */

#define IMPORT "from setuptools import setup\n"

static const struct {
    const char *source;
    const char *beyond; /* the fact setup-beyond, or its beginning; NULL: only declarations */
} setups[] = {
    {"", NULL},
    {"#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n'''doc'''\n" IMPORT "setup()\n", NULL},
    {IMPORT "setup(name='x', version='1.0', packages=['x'], install_requires=['y>=1'], zip_safe=False)\n",
     NULL},
    {"import setuptools\n\nsetuptools.setup(\n    name='x',\n    package_dir={'': 'src'},\n"
     "    packages=setuptools.find_packages(where='src', exclude=('tests',)),\n)\n", NULL},
    {"from distutils.core import setup, Extension\n"
     "setup(name='x', ext_modules=[Extension('x.y', sources=['y.c'])])\n", NULL},
    {"import os\nfrom setuptools import (find_packages,\n    setup,)\n"
     "here = os.path.abspath(os.path.dirname(__file__))\n"
     "with open(os.path.join(here, 'README.md'), encoding='utf-8') as f:\n    text = f.read()\n"
     "setup(name='x', long_description=text, packages=find_packages())\n", NULL},
    {"import io, re\n" IMPORT "v = re.search(r'v = \"(.*?)\"', io.open('x.py', 'r').read(), re.M).group(1)\n"
     "setup(name='x', version=v)\n", NULL},
    {"from pathlib import Path\n" IMPORT "d = Path(__file__).parent\n"
     "setup(name='x', long_description=(d / 'README').read_text())\n", NULL},
    {IMPORT "r = [line.strip() for line in open('r.txt') if not line.startswith('#')]\n"
     "setup(name='x', install_requires=r)\n", NULL},
    {IMPORT "if __name__ == '__main__':\n    setup(name='x', version='%d.%d' % (1, 2))\n", NULL},
    {IMPORT "v = '1'\nsetup(name='x', version=f'{v}.0', url='https://example.org/{}'.format(v))\n", NULL},
    {IMPORT "setup(name='x', entry_points={'console_scripts': ['x=x:main']})\n", NULL},
    /* beyond */
    {IMPORT "print('x')\nsetup()\n", "line 2: uses print"},
    {"import os\n" IMPORT "os.system('x')\nsetup()\n", "line 3: uses os.system"},
    {"import subprocess\n" IMPORT "setup()\n", "line 1: imports subprocess"},
    {"from os import system\n" IMPORT "setup()\n", "line 1: imports system"},
    {"from os import *\n", "line 1: imports *"},
    {"import os as o\n" IMPORT "setup()\n", "line 1: renames os"},
    {"from os.path import join as open\n" IMPORT "setup()\n", "line 1: uses as"},
    {IMPORT "exec(open('x.py').read())\nsetup()\n", "line 2: uses exec"},
    {IMPORT "eval('1')\n", "line 2: uses eval"},
    {IMPORT "__import__('os').system('x')\n", "line 2: uses __import__"},
    {IMPORT "def f():\n    pass\nsetup()\n", "line 2: uses def"},
    {IMPORT "class A(object):\n    pass\n", "line 2: uses class"},
    {IMPORT "for x in [1]:\n    setup()\n", "line 2: uses for"},
    {IMPORT "while True:\n    setup()\n", "line 2: uses while"},
    {IMPORT "try:\n    setup()\nexcept X:\n    pass\n", "line 2: uses try"},
    {"import sys\n" IMPORT "if sys.argv[1] == 'x':\n    setup()\n", "line 3: has a condition"},
    {IMPORT "f = lambda: 1\nsetup()\n", "line 2: uses lambda"},
    {IMPORT "setup(cmdclass={'install': 1})\n", "line 2: has the argument cmdclass"},
    {IMPORT "setup(cffi_modules=['b.py:ffi'])\n", "line 2: has the argument cffi_modules"},
    {IMPORT "setup(script_args=['x'])\n", "line 2: has the argument script_args"},
    {IMPORT "setup(**{'cmdclass': 1})\n", "line 2: uses **"},
    {IMPORT "x = {'a': 1}\nsetup(**x)\n", "line 3: uses **"},
    {IMPORT "open('x', 'w').write('y')\n", "line 2: opens to write"},
    {IMPORT "open('x', mode='w')\n", "line 2: has the argument mode"},
    {IMPORT "m = 'w'\nopen('x', m)\n", "line 3: opens to write, or in an unknown mode"},
    {IMPORT "open('x', 'r' 'w')\n", "line 2: computes the mode of open"},
    {IMPORT "open(*['x', 'w'])\n", "line 2: uses *"},
    {IMPORT "open('x').write('y')\n", "line 2: calls write"},
    {IMPORT "x = open\n", "line 2: uses as a value: open"},
    {IMPORT "open = 1\n", "line 2: gives another meaning to open"},
    {IMPORT "[open('x') for open in [1]]\n", "line 2: gives another meaning to open"},
    {IMPORT "[f('x') for f in [1]]\n", "line 2: calls f"},
    {IMPORT "x = [1]\nx[0]('y')\n", "line 3: calls a result"},
    {IMPORT "(1)('y')\n", "line 2: calls a result"},
    {IMPORT "x = 1\nx('y')\n", "line 3: calls x"},
    {IMPORT "''('y')\n", "line 2: calls a literal"},
    {IMPORT "().__class__\n", "line 2: uses __class__"},
    {IMPORT "__builtins__ = 1\n", "line 2: gives another meaning to __builtins__"},
    {IMPORT "@x\n", "line 2: uses @"},
    {IMPORT "(x := 1)\n", "line 2: uses x"},
    {IMPORT "a = b = 1\n", "line 2: uses b"},
    {IMPORT "a, b = 1, 2\n", "line 2: uses a"},
    {"import os\nos.environ['X'] = '1'\n", "line 2: uses os.environ"},
    {"from x import y\n", "line 1: imports x"},
    {"import foo_bar\n", "line 1: imports from the tree: foo_bar"},
    {"from foo_bar import x\n", "line 1: imports from the tree: foo_bar"},
    {"from . import x\n", "line 1: imports ."},
    {IMPORT "setup(", "line "},
    {IMPORT "setup(name='\n", "line "},
    {"# -*- coding: rot13 -*-\nvzcbeg bf\n", "line "},
    {IMPORT "if __name__ == '__main__': exec('x')\n", "line 2: uses exec"},
    {IMPORT "with open('x') as f: exec(f.read())\n", "line 2: uses exec"},
    {IMPORT "with open('x') as f, open('y') as g:\n    setup()\n", "line 2: uses ,"},
    {IMPORT "setup(name=f'{exec(\"x\")}')\n", "line 2: uses exec"},
    {IMPORT "setup(); exec('x')\n", "line 2: uses exec"},
    {"from setuptools import setup; import subprocess\n", "line 1: imports subprocess"},
};

static void test_setup(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(setups); i++) {
        struct ch_buf b;
        struct scan_run r;
        struct sdist_spec spec = {.more = {{"setup.py", setups[i].source, NULL}}};
        struct ch_scan_job job = sdist_job(&spec);
        sdist_build(&b, &spec);
        scan_run(&r, ch_sdist_inspect, &job, ch_buf_str(&b));
        char *code = sdist_codes(&r);
        struct ch_str why = scan_run_fact(&r, "setup-beyond");
        const char *beyond = setups[i].beyond;
        bool as_told = (beyond != NULL) == (strstr(code, "beyond declarations") != NULL);
        if (!as_told || (beyond != NULL && !ch_str_starts(why, ch_str_of(beyond)))) {
            print_error("%s: %s: \"%.*s\"\n", setups[i].source, code, CH_STR_ARG(why));
            wrong++;
        }
        free(code);
        scan_run_done(&r);
        ch_buf_done(&b);
    }
    assert_int_equal(wrong, 0);
}

/* A module of the tree takes the place of the library's. */
static void test_setup_shadowed(void **state)
{
    (void)state;
    static const char *const shadows[] = {"setuptools.py", "setuptools/__init__.py"};
    for (size_t i = 0; i < CH_ARRAY_LEN(shadows); i++) {
        struct ch_buf b;
        struct scan_run r;
        struct sdist_spec spec = {.more = {{"setup.py", IMPORT "setup()\n", NULL},
                                           {shadows[i], "x = 1\n", NULL}}};
        struct ch_scan_job job = sdist_job(&spec);
        sdist_build(&b, &spec);
        scan_run(&r, ch_sdist_inspect, &job, ch_buf_str(&b));
        assert_str_eq(scan_run_fact(&r, "setup-beyond"),
                      "line 1: imports from the tree: setuptools");
        scan_run_done(&r);
        ch_buf_done(&b);
    }
}

/* --- setup.cfg --- */

static void show_option(void *arg, struct ch_str section, struct ch_str option, struct ch_str value,
                        size_t line)
{
    struct ch_buf *b = arg;
    ch_buf_puts(b, section);
    ch_buf_putc(b, '.');
    ch_buf_puts(b, option);
    ch_buf_printf(b, "@%zu=", line);
    ch_buf_put_escaped(b, value);
    ch_buf_putc(b, ';');
}

static const struct {
    const char *text;
    const char *options; /* or, of an error, a part of its message */
} cfgs[] = {
    {"", ""},
    {"# c\n; c\n\n[a]\n", ""},
    {"[a]\nx = 1\ny: 2\nz=a=b:c\n  [b]\nw =\n", "a.x@2=1;a.y@3=2;a.z@4=a=b:c\\x0a[b];a.w@6=;"},
    {"[a]\nx =\n  1\n# c\n\n  2 ; no comment\n \nY = 3\n", "a.x@2=\\x0a1\\x0a\\x0a2 ; no comment;a.Y@8=3;"},
    {"[a]\r\nx = 1\r\n", "a.x@2=1;"},
    {"[a]]b] c\nx = 1\n", "a]]b.x@2=1;"},
    {"  [a]\n  x = 1\n   y = 2\n  z = 3\n", "a.x@2=1\\x0ay = 2;a.z@4=3;"},
    {"[a]\nx = 1\n[b]\nx = 2\n", "a.x@2=1;b.x@4=2;"},
    /* errors */
    {"x = 1\n", "line 1: expected \"[section]\" first"},
    {"[a]\nx\n", "line 2: expected"},
    {"[a]\n= 1\n", "line 2: expected"},
    {"[]\nx = 1\n", "line 1: expected"},
    {"[a\n", "line 1: expected"},
    {"[a]\nx = 1\nx = 2\n", "line 3: an option given twice"},
    {"[a]\n[a]\n", "line 2: a section given twice"},
    {"[a]\nx = 1\x0b\n", "line 2: expected UTF-8 text"},
    {"[a]\nx = 1\r\ry = 2\n", "line 2: expected UTF-8 text"},
    {"[a]\nx = \xff\n", "line 2: expected UTF-8 text"},
    {"[a]\nx = 1\n\xc2\xa0y = 2\n", "line 3: expected UTF-8 text"},
    {"\xef\xbb\xbf[a]\n", "line 1: expected"},
};

static void test_cfg(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(cfgs); i++) {
        struct ch_buf b;
        struct ch_err err = {.msg = ""};
        ch_buf_init(&b, 4096);
        bool ok = setup_cfg_parse(ch_str_of(cfgs[i].text), show_option, &b, &err) == CH_OK;
        bool as_told = ok ? ch_str_eq(ch_buf_str(&b), ch_str_of(cfgs[i].options)) ||
                                (b.len == 0 && cfgs[i].options[0] == '\0')
                          : cfgs[i].options[0] != '\0' && strstr(err.msg, cfgs[i].options) != NULL;
        if (!as_told) {
            fail_msg("%s: %.*s %s", cfgs[i].text, CH_STR_ARG(ch_buf_str(&b)), err.msg);
        }
        ch_buf_done(&b);
    }
    assert_true(setup_cfg_same_option(CH_STR("Setup-Requires"), CH_STR("setup_requires")));
    assert_false(setup_cfg_same_option(CH_STR("setup_requires"), CH_STR("setup_require")));
}

/* --- bounds --- */

static void test_bounds(void **state)
{
    (void)state;
    struct ch_limits saved = ch_limits;
    struct sdist_spec spec = {.version = NULL};
    struct ch_scan_job job = sdist_job(&spec);
    struct ch_buf b;
    sdist_build(&b, &spec);
    static const char *const expected[] = {"limit sdist-metadata", "limit", ""};
    static const uint64_t limits[] = {10, 100, 1 << 20};
    for (size_t i = 0; i < CH_ARRAY_LEN(limits); i++) {
        struct scan_run r;
        ch_limits.sdist_kept_bytes = limits[i];
        scan_run(&r, ch_sdist_inspect, &job, ch_buf_str(&b));
        char *found = scan_run_findings(&r);
        assert_string_equal(found, expected[i]);
        free(found);
        scan_run_done(&r);
    }
    ch_limits = saved;
    ch_buf_done(&b);
}

static void test_facts(void **state)
{
    (void)state;
    struct ch_buf b;
    struct scan_run r;
    struct sdist_spec spec = {.metadata = META "Requires-Python: >=3.8\nRequires-Dist: y>=1\n"};
    struct ch_scan_job job = sdist_job(&spec);
    sdist_build(&b, &spec);
    scan_run(&r, ch_sdist_inspect, &job, ch_buf_str(&b));
    assert_str_eq(scan_run_fact(&r, "name"), "foo-bar");
    assert_str_eq(scan_run_fact(&r, "requires-dist"), "y>=1");
    assert_str_eq(scan_run_metadata(&r), spec.metadata);
    assert_int_equal(scan_run_members(&r), 2);
    scan_run_done(&r);
    ch_buf_done(&b);
}

/* Of fuzz_setup: a letter for the reader, then the text. */
static bool write_text(const char *dir, char letter, size_t i, const char *text)
{
    struct ch_buf b;
    char label[] = "c000";
    label[0] = letter;
    label[2] = (char)('0' + i / 10);
    label[3] = (char)('0' + i % 10);
    ch_buf_init(&b, 4096);
    ch_buf_putc(&b, letter);
    ch_buf_puts(&b, ch_str_of(text));
    bool ok = corpus_write(dir, label, ch_buf_str(&b));
    ch_buf_done(&b);
    return ok;
}

static int write_setup_corpus(const char *dir)
{
    bool ok = true;
    for (size_t i = 0; ok && i < CH_ARRAY_LEN(setups); i++) {
        ok = write_text(dir, 's', i, setups[i].source);
    }
    for (size_t i = 0; ok && i < CH_ARRAY_LEN(cfgs); i++) {
        ok = write_text(dir, 'c', i, cfgs[i].text);
    }
    return ok ? 0 : 1;
}

static int write_corpus(const char *dir)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        sdist_build(&b, &rows[i].spec);
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
        cmocka_unit_test(test_rows),   cmocka_unit_test(test_setup), cmocka_unit_test(test_setup_shadowed),
        cmocka_unit_test(test_cfg),    cmocka_unit_test(test_facts), cmocka_unit_test(test_bounds),
    };
    if (argc > 2) { /* CORPUS_DIR SETUP_CORPUS_DIR */
        return write_corpus(argv[1]) + write_setup_corpus(argv[2]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
