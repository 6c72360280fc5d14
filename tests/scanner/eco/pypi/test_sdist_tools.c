/* What version tools and back ends that compile run of the tree, where packages lie that are not where their names
 * say, and entry points: each attack, and the nearest that is honest. */
#include <stdlib.h>

#include "tests/ch_test.h"
#include "scan_run.h"
#include "scanner/eco/pypi/sdist/sdist.h"
#include "sdist_build.h"

#define GETS "import urllib.request\ndef go():\n    urllib.request.urlopen('http://example.org/')\n"
#define STARTS GETS "go()\n"
#define LEGACY "build-backend setuptools.build_meta"
#define HATCH "[build-system]\nbuild-backend = 'hatchling.build'\n"
#define MESON "[build-system]\nbuild-backend = 'mesonpy'\n"
#define SCIKIT "[build-system]\nbuild-backend = 'scikit_build_core.build'\n"
#define MATURIN "[build-system]\nbuild-backend = 'maturin'\n"
#define POETRY "[build-system]\nbuild-backend = 'poetry.core.masonry.api'\n"
#define SETUP(arguments) "from setuptools import setup\nsetup(" arguments ")\n"

#define A32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
/* base64 of the beginning of native code */
#define ELF_TEXT "x = 1\nf0VMRgIB" A32 A32 A32 A32 A32 A32 A32 A32 A32 "\n"

/* clang-format off */
static const struct sdist_row tools[] = {
    {"versioningit calls the tree", {.more = {{"pyproject.toml", "[tool.versioningit.next-version]\n"
      "method = {module = 'z', value = 'f', module-dir = 'tests'}\n", NULL}, {"tests/z.py", STARTS, NULL}}},
     "install-network", "build-hook z|" LEGACY},
    {"versioningit calls its own", {.more = {{"pyproject.toml", "[tool.versioningit.vcs]\nmethod = 'git'\n"
      "[tool.versioningit.write]\nfile = 'pkg/_version.py'\n", NULL}}}, "", LEGACY},
    {"versioningit writes code", {.more = {{"pyproject.toml", "[tool.versioningit.write]\nfile = 'pkg/v.py'\n"
      "template = 'import os; os.system(\"x\")'\n", NULL}}}, "", "build-hook pkg/v.py|" LEGACY},
    {"versioningit replaces", {.more = {{"pyproject.toml", "[tool.versioningit.onbuild]\nbuild-file = 'pkg/v.py'\n"
      "regex = 'x'\nreplacement = 'y'\n", NULL}}}, "", "build-hook pkg/v.py|" LEGACY},
    {"git-versioning calls the tree", {.more = {{"pyproject.toml", "[tool.setuptools-git-versioning]\n"
      "version_callback = 'tests.z:f'\n", NULL}, {"tests/z.py", GETS "f = go\n", NULL}}}, "install-network",
     "build-hook tests.z:f|" LEGACY},
    {"git-versioning has a pattern", {.more = {{"pyproject.toml", "[tool.setuptools-git-versioning]\n"
      "branch_formatter = '^(?:x/)?(?P<branch>.*)'\n", NULL}}}, "", LEGACY},
    {"git-versioning of setup.py", {.more = {{"setup.py", SETUP("setuptools_git_versioning={'version_callback': 'tests.z:f'}"),
      NULL}, {"tests/z.py", GETS "f = go\n", NULL}}}, "install-network",
     "setup.py|setup.py beyond declarations|build-hook tests.z:f|" LEGACY},
    {"a builder of Jupyter's in the tree", {.more = {{"pyproject.toml", HATCH "[tool.hatch.build.hooks.jupyter-builder]\n"
      "build-function = 'tests.z.go'\n", NULL}, {"tests/z.py", GETS, NULL}}}, "install-network",
     "build-hook tests.z.go|build-backend hatchling.build"},
    {"a builder of Jupyter's own, which runs npm", {.more = {{"pyproject.toml", HATCH
      "[tool.hatch.build.targets.wheel.hooks.jupyter-builder]\nbuild-function = 'hatch_jupyter_builder.npm_builder'\n", NULL}}},
     "", "build-hook hatch_jupyter_builder.npm_builder|build-backend hatchling.build"},
    {"a factory of jupyter-packaging", {.more = {{"pyproject.toml", "[build-system]\nbuild-backend = 'jupyter_packaging.build_api'\n"
      "[tool.jupyter-packaging.builder]\nfactory = 'z.go'\n", NULL}, {"z.py", GETS, NULL}}}, "install-network",
     "build-hook z.go|build-backend jupyter_packaging.build_api"},
    {"Meson runs Python of the tree", {.more = {{"pyproject.toml", MESON, NULL},
      {"meson.build", "project('x')\nv = run_command('tests/z.py', check: true)\n", NULL}, {"tests/z.py", STARTS, NULL}}},
     "install-network", "build-hook meson.build run_command|build-backend mesonpy"},
    {"Meson runs in a folder", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build", "project('x')\nsubdir('a')\n", NULL},
      {"a/meson.build", "custom_target('x', command: [py, files('z.py')])\n", NULL}, {"a/z.py", STARTS, NULL}}},
     "install-network", "build-hook meson.build custom_target|build-backend mesonpy"},
    {"Meson only compiles", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build", "project('x', 'c')\n"
      "py.extension_module('x', 'x.c')  # my_run_command_not\n", NULL}}}, "", "build-backend mesonpy"},
    {"meson.build of no back end", {.more = {{"pyproject.toml", HATCH, NULL}, {"meson.build", "run_command('x')\n", NULL}}}, "",
     "build-backend hatchling.build"},
    {"compilers of a native file", {.more = {{"pyproject.toml", MESON "[tool.meson-python.args]\nsetup = ['--native-file=a.ini']\n",
      NULL}}}, "", "build-hook --native-file=a.ini|build-backend mesonpy"},
    {"CMake runs Python of the tree", {.more = {{"pyproject.toml", SCIKIT, NULL},
      {"CMakeLists.txt", "Execute_Process(COMMAND ${PYTHON} \"${CMAKE_CURRENT_SOURCE_DIR}/tests/z.py\")\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "install-network",
     "build-hook CMakeLists.txt execute_process|build-backend scikit_build_core.build"},
    {"CMake in a file of its own", {.more = {{"pyproject.toml", SCIKIT, NULL}, {"CMakeLists.txt", "include(a/b.cmake)\n", NULL},
      {"a/b.cmake", "install (\n SCRIPT x)\n", NULL}}}, "",
     "build-hook b.cmake install(script|build-backend scikit_build_core.build"},
    {"comments", {.more = {{"pyproject.toml", SCIKIT, NULL}, {"CMakeLists.txt", "# execute_process(COMMAND tests/z.py)\n"
      "add_custom_command(OUTPUT \"#x\")  # as tests/z.py does\n", NULL}, {"tests/z.py", STARTS, NULL}}}, "",
     "build-hook CMakeLists.txt add_custom_command|build-backend scikit_build_core.build"},
    {"what is no comment", {.more = {{"pyproject.toml", SCIKIT, NULL}, {"CMakeLists.txt",
      "set(x \"\\\"#\")\n#[[ x ]] execute_process(COMMAND \"#\" tests/z.py)\n", NULL}, {"tests/z.py", STARTS, NULL}}}, "install-network",
     "build-hook CMakeLists.txt execute_process|build-backend scikit_build_core.build"},
    {"CMake only compiles", {.more = {{"pyproject.toml", SCIKIT, NULL}, {"CMakeLists.txt", "project(x LANGUAGES C)\n"
      "python_add_library(_x MODULE x.c)\ninstall(TARGETS _x DESTINATION x)\n", NULL}}}, "",
     "build-backend scikit_build_core.build"},
    {"CMake is told the compiler", {.more = {{"pyproject.toml", SCIKIT "[tool.scikit-build.cmake.define]\nCMAKE_C_COMPILER = 'x.sh'\n",
      NULL}}}, "", "build-hook CMAKE_C_COMPILER|build-backend scikit_build_core.build"},
    {"a build script of Rust", {.more = {{"pyproject.toml", MATURIN, NULL}, {"a/build.rs", "fn main() {}\n", NULL}}}, "",
     "build-hook build.rs|build-backend maturin"},
    {"one under another name", {.more = {{"pyproject.toml", MATURIN, NULL}, {"Cargo.toml", "[package]\nbuild = 'x.rs'\n", NULL}}},
     "", "build-hook build.rs|build-backend maturin"},
    {"Rust without one", {.more = {{"pyproject.toml", MATURIN, NULL}, {"Cargo.toml", "[package]\nname = 'x'\nbuild = false\n"
      "[build-dependencies]\n", NULL}, {"src/lib.rs", "\n", NULL}}}, "", "build-backend maturin"},
    {"Cargo is told the compiler", {.more = {{"pyproject.toml", MATURIN, NULL},
      {".cargo/config.toml", "[build]\nrustc-wrapper = './x.sh'\n", NULL}}}, "",
     "build-hook config.toml rustc-wrapper|build-backend maturin"},
    {"Meson only installs", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nlist = [\n  'tests/z.py',\n]\nlist += files('tests/y.py')\npy.install_sources(list, subdir: 'x')\n"
      "py.install_sources(['tests/x.py'], install_tag: 'tests')\n", NULL}, {"tests/z.py", STARTS, NULL},
      {"tests/x.py", STARTS, NULL}}}, "", "build-backend mesonpy"},
    {"Meson runs what it installs", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nlist = ['tests/z.py']\npy.install_sources(list)\nforeach f : list\n  run_command(py, f)\nendforeach\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "install-network", "build-hook meson.build run_command|build-backend mesonpy"},
    {"... in another folder", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nlist = ['tests/z.py']\npy.install_sources(list)\nsubdir('a')\n", NULL}, {"a/meson.build",
      "custom_target('x', output: 'x', command: [py, list])\n", NULL}, {"tests/z.py", STARTS, NULL}}}, "install-network",
     "build-hook meson.build custom_target|build-backend mesonpy"},
    {"... got by its name", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nlist = ['tests/z.py']\npy.install_sources(list)\nrun_command(py, get_variable('list'))\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "install-network", "build-hook meson.build run_command|build-backend mesonpy"},
    {"... got by a computed name", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nlist = ['tests/z.py']\npy.install_sources(list)\nrun_command(py, get_variable('li' + 'st'))\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "install-network", "build-hook meson.build run_command|build-backend mesonpy"},
    {"Meson's files that nothing leads to", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build", "project('x')\n"
      "py.install_sources('x.py', subdir: 'a')\n", NULL}, {"a/meson.build", "run_command('tests/z.py')\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "", "build-backend mesonpy"},
    {"... but for a computed folder", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build", "project('x')\n"
      "subdir('@0@'.format('a'))\n", NULL}, {"a/meson.build", "run_command('tests/z.py')\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "install-network", "build-hook meson.build run_command|build-backend mesonpy"},
    {"... and subprojects", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build", "project('x')\ndependency('y')\n", NULL},
      {"subprojects/y/meson.build", "run_command('z.py')\n", NULL}, {"subprojects/y/z.py", STARTS, NULL}}}, "install-network",
     "build-hook meson.build run_command|build-backend mesonpy"},
    {"Meson downloads", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build", "project('x')\n", NULL},
      {"subprojects/y.wrap", "[wrap-git]\nurl = https://example.org/y.git\n", NULL}}}, "",
     "build-hook y.wrap url|build-backend mesonpy"},
    {"Meson asks a program of the tree for its version", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nfind_program('./z.sh', version: '>1')\nfind_program('ninja', version: '>1')\n", NULL}}}, "",
     "build-hook meson.build find_program|build-backend mesonpy"},
    {"Meson by way of CMake", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nimport( 'cmake' ).subproject('y')\n", NULL}}}, "",
     "build-hook meson.build import('cmake'|build-backend mesonpy"},
    {"a Meson of the tree", {.more = {{"pyproject.toml", MESON "[tool.meson-python]\nmeson = 'tests/z.py'\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "install-network", "build-hook tests/z.py|build-backend mesonpy"},
    {"another file for ninja", {.more = {{"pyproject.toml", MESON "[tool.meson-python.args]\nsetup = ['-Dx=y']\n"
      "compile = ['-j4', '-f', 'x.ninja']\ndist = ['--include-subprojects']\n", NULL}}}, "",
     "build-hook -f|build-backend mesonpy"},
    {"Meson runs behind a text that looks like a comment", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nx = ['''a' # ''', run_command('tests/z.py')]\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "install-network",
     "build-hook meson.build run_command|build-backend mesonpy"},
    {"... behind a comment with a quote", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\n#[ it's\nx = ['#', run_command('tests/z.py')]\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "install-network",
     "build-hook meson.build run_command|build-backend mesonpy"},
    {"... behind a line that goes on in a comment", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nx = 1 + \\  # it's\n  2\ny = ['#', run_command('tests/z.py')]\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "install-network",
     "build-hook meson.build run_command|build-backend mesonpy"},
    {"... behind a text of two lines", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nx = 'a\nb'\ny = run_command('tests/z.py')\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "install-network",
     "build-hook meson.build run_command|build-backend mesonpy"},
    {"... in brackets, for a variable that nobody reads", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nx = run_command(('tests/z.py'))\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "install-network",
     "build-hook meson.build run_command|build-backend mesonpy"},
    {"... with its bracket in another line", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nx = run_command \\\n('tests/z.py')\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "install-network",
     "build-hook meson.build run_command|build-backend mesonpy"},
    {"... one of two lists", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nlist = ['tests/z.py']\npy.install_sources(list)\nrun_command(true ? list : 'a')\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "install-network",
     "build-hook meson.build run_command|build-backend mesonpy"},
    {"... in a text with a variable", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nlist = 'tests/z.py'\npy.install_sources(list)\nrun_command(f'@list@')\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "install-network",
     "build-hook meson.build run_command|build-backend mesonpy"},
    {"... in a folder, its name in another line", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nsubdir \\\n('a')\n", NULL}, {"a/meson.build", "run_command('tests/z.py')\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "install-network",
     "build-hook meson.build run_command|build-backend mesonpy"},
    {"... in a folder, in a list", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nx = [subdir\n('a')]\n", NULL}, {"a/meson.build", "run_command('tests/z.py')\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "install-network",
     "build-hook meson.build run_command|build-backend mesonpy"},
    {"... in a folder with an escape", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nsubdir('\\x61')\n", NULL}, {"a/meson.build", "run_command('tests/z.py')\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "install-network",
     "build-hook meson.build run_command|build-backend mesonpy"},
    {"... in another folder of subprojects", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x', subproject_dir: 'b')\nsubproject('a')\n", NULL}, {"b/a/meson.build", "run_command('tests/z.py')\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "install-network",
     "build-hook meson.build run_command|build-backend mesonpy"},
    {"... in one that a dictionary names", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x', kwargs: {'subproject' + '_dir': 'b'})\nsubproject('a')\n", NULL}, {"b/a/meson.build", "run_command('tests/z.py')\n", NULL},
      {"tests/z.py", STARTS, NULL}}}, "install-network",
     "build-hook meson.build run_command|build-backend mesonpy"},
    {"Meson runs what it compiles", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\ncc = meson.get_compiler('c')\nrc = cc.run(files('x.c'), name: 'run')\n", NULL}}}, "",
     "build-hook meson.build run|build-backend mesonpy"},
    {"Meson runs configure", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nimport('unstable-external_project').add_project('configure')\n", NULL}}}, "",
     "build-hook meson.build import('unstable-external_project'|build-backend mesonpy"},
    {"Meson takes a program for another", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nmeson.override_find_program('msgfmt', files('x.sh'))\n", NULL}}}, "",
     "build-hook meson.build override_find_program|build-backend mesonpy"},
    {"Meson's plug-in of a compiler", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x')\nshared_library('x', 'x.rs', rust_crate_type: 'proc-macro')\n", NULL}}}, "",
     "build-hook meson.build 'proc-macro'|build-backend mesonpy"},
    {"CMake runs behind a comment in brackets", {.more = {{"pyproject.toml", SCIKIT, NULL},
      {"CMakeLists.txt", "execute_process(COMMAND python #[=[ # \" ]] ]=] tests/z.py)\n", NULL}, {"tests/z.py", STARTS, NULL}}},
     "install-network", "build-hook CMakeLists.txt execute_process|build-backend scikit_build_core.build"},
    {"CMake runs behind a text in brackets", {.more = {{"pyproject.toml", SCIKIT, NULL},
      {"CMakeLists.txt", "set(x [[ \" ]])\nexecute_process(COMMAND \"#\" tests/z.py)\n", NULL}, {"tests/z.py", STARTS, NULL}}},
     "install-network", "build-hook CMakeLists.txt execute_process|build-backend scikit_build_core.build"},
    {"flags of Meson's compiler", {.more = {{"pyproject.toml", MESON, NULL}, {"meson.build",
      "project('x', 'c', default_options: ['c_args=-Bt'])\n", NULL}}}, "",
     "build-hook meson.build compiler flag|build-backend mesonpy"},
    {"... given to it by meson-python", {.more = {{"pyproject.toml", MESON "[tool.meson-python.args]\n"
      "setup = ['-Dc_args=-O2,-fplugin=x.so']\n", NULL}}}, "",
     "build-hook -Dc_args=-O2,-fplugin=x.so|build-backend mesonpy"},
    {"Cargo's linker behind a quote", {.more = {{"pyproject.toml", MATURIN, NULL},
      {".cargo/config.toml", "target.x = {a = '\"', b = \"#\", linker = 'x.sh'}\n", NULL}}}, "",
     "build-hook config.toml linker|build-backend maturin"},
    {"... with an escape", {.more = {{"pyproject.toml", MATURIN, NULL},
      {".cargo/config.toml", "[target.x]\n\"l\\u0069nker\" = 'x.sh'\n", NULL}}}, "",
     "build-hook config.toml linker|build-backend maturin"},
    {"CMake includes what is not called so", {.more = {{"pyproject.toml", SCIKIT, NULL},
      {"CMakeLists.txt", "include(CMakeParseArguments)\nInclude ( \"${CMAKE_CURRENT_LIST_DIR}/x.txt\")\n", NULL}}}, "",
     "build-hook CMakeLists.txt include|build-backend scikit_build_core.build"},
    {"CMake sets the compiler", {.more = {{"pyproject.toml", SCIKIT, NULL},
      {"CMakeLists.txt", "if(CMAKE_C_COMPILER)\nset( CMAKE_C_COMPILER x.sh)\nendif()\n", NULL}}}, "",
     "build-hook CMakeLists.txt set(cmake_c_compiler|build-backend scikit_build_core.build"},
    {"CMake reads the compiler", {.more = {{"pyproject.toml", SCIKIT, NULL},
      {"CMakeLists.txt", "if(CMAKE_C_COMPILER)\nset(x ${CMAKE_C_COMPILER})\nset(CMAKE_C_COMPILER_X y)\nendif()\n", NULL}}}, "",
     "build-backend scikit_build_core.build"},
    {"a link to a build file", {.more = {{"pyproject.toml", SCIKIT, NULL}, {"CMakeLists.txt", "", "x.txt"},
      {"x.txt", "execute_process(COMMAND x)\n", NULL}}}, "symlink",
     "build-hook x.txt execute_process|build-backend scikit_build_core.build"},
    {"arguments of CMake", {.more = {{"pyproject.toml", SCIKIT "[tool.scikit-build]\n"
      "cmake.args = ['-GNinja', '-DX=Y', '-DCMAKE_TOOLCHAIN_FILE=x']\nbuild.tool-args = ['-f', 'x']\n", NULL}}}, "",
     "build-hook -DCMAKE_TOOLCHAIN_FILE|build-hook build.tool-args|build-backend scikit_build_core.build"},
    {"a file that CMake reads first, by an override", {.more = {{"pyproject.toml", SCIKIT "[[tool.scikit-build.overrides]]\n"
      "cmake.define.CMAKE_PROJECT_INCLUDE = 'x'\n", NULL}}}, "",
     "build-hook CMAKE_PROJECT_INCLUDE|build-backend scikit_build_core.build"},
    {"macros that the compiler of Rust runs", {.more = {{"pyproject.toml", MATURIN, NULL},
      {"m/Cargo.toml", "[lib]\nproc-macro = true\n", NULL}, {"n/Cargo.toml", "[lib]\nproc-macro = false\n", NULL}}}, "",
     "build-hook Cargo.toml proc-macro|build-backend maturin"},
    {"a compiler of Rust in the tree", {.more = {{"pyproject.toml", MATURIN, NULL},
      {"rust-toolchain.toml", "[toolchain]\npath = 'x'\n", NULL}}}, "",
     "build-hook rust-toolchain.toml path|build-backend maturin"},
    {"settings of Cargo in pyproject.toml", {.more = {{"pyproject.toml", MATURIN "[tool.maturin]\nconfig = ['x']\n"
      "rustc-args = ['-Ctarget-cpu=native', '-Clinker=x']\n", NULL}}}, "",
     "build-hook maturin.config|build-hook -Clinker=x|build-backend maturin"},
    {"flags that load something into the compiler", {.more = {{"pyproject.toml", "[[tool.setuptools.ext-modules]]\nname = 'x'\n"
      "sources = ['x.c']\nextra-compile-args = ['-O2', '-fplugin=./x.so']\n", NULL}}}, "",
     "build-hook -fplugin=./x.so|" LEGACY},
    {"a SWIG of the tree", {.more = {{"setup.cfg", "[build_ext]\nswig = ./x.sh\n", NULL}}}, "",
     "build-hook ./x.sh|" LEGACY},
    {"a script of old poetry", {.more = {{"pyproject.toml", POETRY "[tool.poetry]\nbuild = 'build.py'\n", NULL},
      {"build.py", STARTS, NULL}}}, "install-network", "build-hook build.py|build-backend poetry.core.masonry.api"},
};

static const struct sdist_row roots[] = {
    {"tests that setup.py makes a package", {.more = {{"setup.py", SETUP("package_dir={'m': 'tests/m'}, packages=['m']"), NULL},
      {"tests/m/__init__.py", STARTS, NULL}}}, "import-network", "setup.py|" LEGACY},
    {"tests that it makes the top", {.more = {{"setup.py", "from setuptools import setup\nwhere = {'': './tests/'}\n"
      "setup(package_dir=where, packages=['m'])\n", NULL}, {"tests/m/__init__.py", STARTS, NULL}}}, "import-network",
     "setup.py|" LEGACY},
    {"put together of parts", {.more = {{"setup.py", "import os\nfrom setuptools import setup\n"
      "setup(package_dir=dict(m=os.path.join('tests', 'm')), packages=['m'])\n", NULL},
      {"tests/m/__init__.py", STARTS, NULL}}}, "import-network", "setup.py|" LEGACY},
    {"computed", {.more = {{"setup.py", SETUP("package_dir={'m': 'te' + 'sts/m'}, packages=['m']"), NULL}}}, "",
     "setup.py|build-hook package_dir|" LEGACY},
    {"tests of a mapped top", {.more = {{"setup.py", SETUP("package_dir={'': 'src'}"), NULL},
      {"src/m/tests/x.py", STARTS, NULL}}}, "", "setup.py|" LEGACY},
    {"tests of setup.cfg", {.more = {{"setup.cfg", "[options]\npackage_dir =\n  m = tests/m\n", NULL},
      {"tests/m/__init__.py", STARTS, NULL}}}, "import-network", LEGACY},
    {"tests of poetry", {.more = {{"pyproject.toml", POETRY "[[tool.poetry.packages]]\ninclude = 'm'\nfrom = 'tests'\n", NULL},
      {"tests/m/__init__.py", STARTS, NULL}}}, "import-network", "build-backend poetry.core.masonry.api"},
    {"tests of hatch", {.more = {{"pyproject.toml", HATCH "[tool.hatch.build.targets.wheel]\npackages = ['tests/m']\n", NULL},
      {"tests/m/__init__.py", STARTS, NULL}}}, "import-network", "build-backend hatchling.build"},
    {"what lies beside packages that are listed", {.more = {{"pyproject.toml", HATCH
      "[tool.hatch.build.hooks.vcs]\n[tool.hatch.build.targets.wheel]\npackages = ['src/m', './n/']\n", NULL},
      {"lab/x.py", STARTS, NULL}}}, "", "build-backend hatchling.build"},
    {"... and the tree itself is", {.more = {{"pyproject.toml", HATCH
      "[tool.hatch.build.targets.wheel]\npackages = ['m', '.']\n", NULL}, {"lab/x.py", STARTS, NULL}}}, "import-network",
     "build-backend hatchling.build"},
    {"... on a way around", {.more = {{"pyproject.toml", HATCH
      "[tool.hatch.build.targets.wheel]\nonly-include = ['m/../lab']\n", NULL}, {"lab/x.py", STARTS, NULL}}}, "import-network",
     "build-backend hatchling.build"},
    {"... and a wider setting says otherwise", {.more = {{"pyproject.toml", HATCH "[tool.hatch.build]\nonly-include = ['lab']\n"
      "[tool.hatch.build.targets.wheel]\npackages = ['m']\n", NULL}, {"lab/x.py", STARTS, NULL}}}, "import-network",
     "build-backend hatchling.build"},
    {"... and a hook adds to them", {.more = {{"pyproject.toml", HATCH "[tool.hatch.build.hooks.more]\n"
      "[tool.hatch.build.targets.wheel]\npackages = ['m']\n", NULL}, {"lab/x.py", STARTS, NULL}}}, "import-network",
     "build-backend hatchling.build"},
    {"tests that hatch.toml includes", {.more = {{"pyproject.toml", HATCH, NULL}, {"hatch.toml",
      "[build.targets.wheel.force-include]\n'docs/m' = 'm'\n", NULL}, {"docs/m/__init__.py", STARTS, NULL}}}, "import-network",
     "build-backend hatchling.build"},
    {"a start file of another name", {.more = {{"pyproject.toml", HATCH
      "[tool.hatch.build.targets.wheel.force-include]\n'a/x.txt' = 'x.pth'\n", NULL}}}, "",
     "build-hook x.pth|build-backend hatchling.build"},
    {"tests of maturin", {.more = {{"pyproject.toml", MATURIN "[tool.maturin]\npython-source = 'tests'\n", NULL},
      {"tests/m/__init__.py", STARTS, NULL}}}, "import-network", "build-backend maturin"},
    {"tests of uv", {.more = {{"pyproject.toml", "[build-system]\nbuild-backend = 'uv_build'\n"
      "[tool.uv.build-backend]\nmodule-root = 'tests'\n", NULL}, {"tests/m/__init__.py", STARTS, NULL}}}, "import-network",
     "build-backend uv_build"},
    {"a start file at a mapped top", {.more = {{"setup.py", SETUP("package_dir={'': 'a/b'}"), NULL},
      {"a/b/sitecustomize.py", STARTS, NULL}}}, "start-code", "setup.py|" LEGACY},
    {"a .pth file that is put somewhere", {.more = {{"setup.py",
      SETUP("data_files=[('lib/python3.12/site-packages', ['a/b/x.pth'])]"), NULL},
      {"a/b/x.pth", "import urllib.request; urllib.request.urlopen('http://example.org/')\n", NULL}}}, "start-code",
     "setup.py|" LEGACY},
    {"where setup.py looks for packages", {.more = {{"setup.py", "from setuptools import setup, find_packages\n"
      "setup(packages=find_packages('tests'))\n", NULL}, {"tests/m/__init__.py", STARTS, NULL}}}, "import-network", "setup.py|" LEGACY},
    {"... by name", {.more = {{"setup.py", "from setuptools import setup, find_packages\n"
      "setup(packages=find_packages(where='tests'))\n", NULL}, {"tests/m/__init__.py", STARTS, NULL}}}, "import-network",
     "setup.py|" LEGACY},
    {"... behind another argument", {.more = {{"setup.py", "from setuptools import setup, find_packages\n"
      "setup(packages=find_packages(exclude=['a', ('b')], where='tests'))\n", NULL}, {"tests/m/__init__.py", STARTS, NULL}}},
     "import-network", "setup.py|" LEGACY},
    {"... computed", {.more = {{"setup.py", "from setuptools import setup, find_packages\n"
      "setup(packages=find_packages('te' + 'sts'))\n", NULL}}}, "", "setup.py|build-hook find_packages|" LEGACY},
    {"... by a variable", {.more = {{"setup.py", "from setuptools import setup, find_packages\nx = 'tests'\n"
      "setup(packages=find_packages(exclude=['a'], where=x))\n", NULL}}}, "", "setup.py|build-hook find_packages|" LEGACY},
    {"... by a dictionary", {.more = {{"setup.py", "from setuptools import setup, find_packages\n"
      "setup(packages=find_packages(exclude=['a'], **{'where': 'tests'}))\n", NULL}}}, "",
     "setup.py|setup.py beyond declarations|build-hook find_packages|" LEGACY},
    {"... here", {.more = {{"setup.py", "from setuptools import setup, find_packages\n"
      "setup(packages=find_packages() + find_packages(include=['a', 'b']) + find_packages('.', exclude=['c']))\n", NULL}}}, "",
     "setup.py|" LEGACY},
    {"what it leaves out", {.more = {{"setup.py", "from setuptools import setup, find_packages\n"
      "setup(packages=find_packages(exclude=['tests', 'tests.*']))\n", NULL}, {"tests/__init__.py", STARTS, NULL}}}, "",
     "setup.py|" LEGACY},
    {"where setup.cfg looks", {.more = {{"setup.cfg", "[options]\npackages = find:\n[options.packages.find]\nwhere = tests\n", NULL},
      {"tests/m/__init__.py", STARTS, NULL}}}, "import-network", LEGACY},
    {"where pyproject.toml looks", {.more = {{"pyproject.toml", "[tool.setuptools.packages.find]\nwhere = ['a', 'tests']\n", NULL},
      {"tests/m/__init__.py", STARTS, NULL}}}, "import-network", LEGACY},
    {"what pyproject.toml leaves out", {.more = {{"pyproject.toml", "[tool.setuptools.packages.find]\nexclude = ['tests']\n", NULL},
      {"tests/m/__init__.py", STARTS, NULL}}}, "", LEGACY},
    {"tests as a package", {.more = {{"setup.py", SETUP("packages=['m', 'tests']"), NULL}, {"tests/x.py", STARTS, NULL}}},
     "import-network", "setup.py|" LEGACY},
    {"... below a mapped top", {.more = {{"setup.py", SETUP("package_dir={'': 'src'}, packages=['tests']"), NULL},
      {"src/tests/x.py", STARTS, NULL}}}, "import-network", "setup.py|" LEGACY},
    {"... below a top that is told elsewhere", {.more = {{"setup.py", SETUP("packages=['tests']"), NULL},
      {"setup.cfg", "[options]\npackage_dir =\n  = src\n", NULL}, {"src/tests/x.py", STARTS, NULL}}}, "import-network",
     "setup.py|" LEGACY},
    {"a module there", {.more = {{"setup.py", SETUP("py_modules=['test_m']"), NULL},
      {"setup.cfg", "[options]\npackage_dir =\n  = src\n", NULL}, {"src/test_m.py", STARTS, NULL}}}, "import-network",
     "setup.py|" LEGACY},
    {"a package of tests alone", {.more = {{"setup.py", SETUP("packages=['tests.a']"), NULL}, {"tests/a/x.py", STARTS, NULL}}},
     "import-network", "setup.py|" LEGACY},
    {"... of setup.cfg", {.more = {{"setup.cfg", "[options]\npackages = m, tools\n", NULL}, {"tools/x.py", STARTS, NULL}}},
     "import-network", LEGACY},
    {"... of pyproject.toml", {.more = {{"pyproject.toml", "[tool.setuptools]\npackages = ['tests']\n", NULL},
      {"tests/x.py", STARTS, NULL}}}, "import-network", LEGACY},
    {"... of poetry", {.more = {{"pyproject.toml", POETRY "[[tool.poetry.packages]]\ninclude = 'tests'\n", NULL},
      {"tests/x.py", STARTS, NULL}}}, "import-network", "build-backend poetry.core.masonry.api"},
    {"... by a pattern", {.more = {{"pyproject.toml", POETRY "[[tool.poetry.packages]]\ninclude = 'tests/**/*.py'\n", NULL},
      {"tests/x.py", STARTS, NULL}}}, "import-network", "build-backend poetry.core.masonry.api"},
    {"... of poetry's sdist alone", {.more = {{"pyproject.toml", POETRY
      "[[tool.poetry.packages]]\ninclude = 'tests'\nformat = 'sdist'\n", NULL}, {"tests/x.py", STARTS, NULL}}}, "",
     "build-backend poetry.core.masonry.api"},
    {"... of hatch", {.more = {{"pyproject.toml", HATCH "[tool.hatch.build.targets.wheel]\nonly-include = ['tests']\n", NULL},
      {"tests/x.py", STARTS, NULL}}}, "import-network", "build-backend hatchling.build"},
    {"... of hatch's sdist alone", {.more = {{"pyproject.toml", HATCH "[tool.hatch.build.targets.sdist]\nonly-include = ['tests']\n",
      NULL}, {"tests/x.py", STARTS, NULL}}}, "", "build-backend hatchling.build"},
    {"tests of a package", {.more = {{"setup.py", SETUP("packages=['m', 'm.tests']"), NULL}, {"m/tests/x.py", STARTS, NULL}}}, "",
     "setup.py|" LEGACY},
    {"a module called like a test", {.more = {{"setup.py", SETUP("py_modules=['test_m']"), NULL}, {"test_m.py", STARTS, NULL}}},
     "import-network", "setup.py|" LEGACY},
    {"... of pyproject.toml", {.more = {{"pyproject.toml", "[tool.setuptools]\npy-modules = ['test_m']\n", NULL},
      {"test_m.py", STARTS, NULL}}}, "import-network", LEGACY},
    {"... of setup.cfg", {.more = {{"setup.cfg", "[options]\npy_modules =\n  m\n  conftest\n", NULL}, {"conftest.py", STARTS, NULL}}},
     "import-network", LEGACY},
    /* links */
    {"a module that is a link to a test", {.more = {{"tests/test_x.py", STARTS, NULL}, {"m/a.py", NULL, "../tests/test_x.py"}}},
     "import-network symlink", LEGACY},
    {"... a hard one", {.more = {{"tests/test_x.py", STARTS, NULL}, {"m/a.py", NULL, "=foo_bar-1.0/tests/test_x.py"}}},
     "import-network", LEGACY},
    {"... over another", {.more = {{"tests/x.py", STARTS, NULL}, {"tests/y.py", NULL, "x.py"}, {"m/a.py", NULL, "../tests/y.py"}}},
     "import-network symlink", LEGACY},
    {"... to a text", {.more = {{"m/a.txt", STARTS, NULL}, {"m/a.py", NULL, "a.txt"}}}, "import-network symlink", LEGACY},
    {"a package that is a link to tests", {.more = {{"tests/x.py", STARTS, NULL}, {"m", NULL, "tests"}}}, "import-network symlink",
     LEGACY},
    {"a package in it that is one, too", {.more = {{"docs/x.py", STARTS, NULL}, {"tests/a", NULL, "../docs"}, {"m", NULL, "tests"}}},
     "import-network symlink", LEGACY},
    {"... by other names", {.more = {{"docs/x.py", STARTS, NULL}, {"tests/b", NULL, "../docs"}, {"n", NULL, "tests"}}},
     "import-network symlink", LEGACY},
    {"compiled Python that is a link", {.more = {{"tests/x.py", "x = 1\n", NULL}, {"tests/x.pyc", "x", NULL},
      {"m/x.pyc", NULL, "=foo_bar-1.0/tests/x.pyc"}}}, "pyc-without-source test-content", LEGACY},
    {"native code that is a link", {.more = {{"tests/x.so", ELF_TEXT, NULL}, {"m/x.so", NULL, "=foo_bar-1.0/tests/x.so"}}},
     "native-disguised test-content type-differs", LEGACY},
    {"what setup.py imports is a link", {.more = {{"setup.py", "import helper\n" SETUP(""), NULL}, {"tests/x.py", STARTS, NULL},
      {"helper.py", NULL, "tests/x.py"}}}, "install-network symlink", "setup.py|setup.py beyond declarations|" LEGACY},
    {"what it imports lies below one", {.more = {{"setup.py", "import h.x\n" SETUP(""), NULL}, {"tests/x.py", STARTS, NULL},
      {"h", NULL, "tests"}}}, "install-network symlink", "setup.py|setup.py beyond declarations|" LEGACY},
    {"a start file that is a link", {.more = {{"a/x.txt", "import os\n", NULL}, {"x.pth", NULL, "a/x.txt"}}}, "sdist-build symlink",
     LEGACY},
    {"a test that is a link", {.more = {{"docs/x.py", STARTS, NULL}, {"tests/x.py", NULL, "../docs/x.py"}}}, "symlink", LEGACY},
    {"a circle", {.more = {{"m/a.py", NULL, "b.py"}, {"m/b.py", NULL, "a.py"}}}, "symlink", LEGACY},
    {"one that is not", {.more = {{"setup.py", SETUP("name='x'"), NULL},
      {"a/b/x.pth", "import urllib.request; urllib.request.urlopen('http://example.org/')\n", NULL}}}, "", "setup.py|" LEGACY},
};

static const struct sdist_row points[] = {
    {"setuptools loads it while it builds", {.more = {{"x.egg-info/entry_points.txt",
      "[setuptools.finalize_distribution_options]\nx = tests.z:go\n", NULL}, {"tests/z.py", GETS, NULL}}}, "install-network",
     "build-hook tests.z:go|" LEGACY},
    {"a command of distutils'", {.more = {{"src/x.egg-info/entry_points.txt", "[distutils.commands]\nx = tests.z:go\n", NULL},
      {"tests/z.py", GETS, NULL}}}, "install-network", "build-hook tests.z:go|" LEGACY},
    {"one that is not on sys.path", {.more = {{"a/b/x.egg-info/entry_points.txt", "[distutils.commands]\nx = tests.z:go\n", NULL},
      {"tests/z.py", GETS, NULL}}}, "", LEGACY},
    {"scripts", {.more = {{"x.egg-info/entry_points.txt", "[console_scripts]\nfoo = foo_bar:main\n", NULL}}}, "", LEGACY},
    {"malformed", {.more = {{"x.egg-info/entry_points.txt", "foo = foo_bar:main\n", NULL}}}, "entry-points", LEGACY},
    {"computed in setup.py", {.more = {{"setup.py", SETUP("entry_points={'pytest' + '11': ['x = y']}"), NULL}}}, "",
     "setup.py|build-hook entry_points|" LEGACY},
    {"tests that are loaded by themselves", {.more = {{"pyproject.toml", HATCH
      "[project.entry-points.pytest11]\nx = 'foo_bar.tests.z'\n", NULL}, {"foo_bar/tests/z.py", STARTS, NULL}}},
     "import-network", "build-backend hatchling.build"},
};
/* clang-format on */

static void test_tools(void **state)
{
    (void)state;
    assert_int_equal(sdist_rows_wrong(tools, CH_ARRAY_LEN(tools)), 0);
}

static void test_roots(void **state)
{
    (void)state;
    assert_int_equal(sdist_rows_wrong(roots, CH_ARRAY_LEN(roots)), 0);
}

static void test_entry_points(void **state)
{
    (void)state;
    assert_int_equal(sdist_rows_wrong(points, CH_ARRAY_LEN(points)), 0);
}

/* Wherever they are declared, those of groups that load by themselves are told. */
static void test_auto_load(void **state)
{
    (void)state;
    static const char *const ways[][2] = {
        {"setup.py", SETUP("entry_points={'pytest11': ['x = foo_bar.p']}")},
        {"setup.py", SETUP("entry_points={'console_scripts': [], 'pytest11': 'x = foo_bar.p'}")},
        {"setup.py", SETUP("entry_points='''\n[pytest11]\nx = foo_bar.p\n'''")},
        {"setup.cfg", "[options.entry_points]\npytest11 =\n  x = foo_bar.p\n"},
        {"pyproject.toml", "[project.entry-points.pytest11]\nx = 'foo_bar.p'\n"},
        {"pyproject.toml", POETRY "[tool.poetry.plugins.pytest11]\nx = 'foo_bar.p'\n"},
        {"foo_bar.egg-info/entry_points.txt", "[pytest11]\nx = foo_bar.p\n"}};
    for (size_t i = 0; i < CH_ARRAY_LEN(ways); i++) {
        struct sdist_spec spec = {.more = {{ways[i][0], ways[i][1], NULL}}};
        struct ch_scan_job job = sdist_job(&spec);
        struct ch_buf b;
        struct scan_run r;
        size_t told = 0;
        sdist_build(&b, &spec);
        scan_run(&r, ch_sdist_inspect, &job, ch_buf_str(&b));
        for (size_t n = 0; n < r.count; n++) {
            told += r.records[n].type == CH_REC_FACT &&
                    ch_str_eq(r.records[n].u.fact.name, CH_STR("auto-load")) &&
                    ch_str_eq(r.records[n].u.fact.value, CH_STR("entry-point pytest11"));
        }
        if (told != 1) {
            scan_run_print(&r);
            fail_msg("row %zu: told %zu times", i, told);
        }
        scan_run_done(&r);
        ch_buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tools), cmocka_unit_test(test_roots),
                                       cmocka_unit_test(test_entry_points),
                                       cmocka_unit_test(test_auto_load)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
