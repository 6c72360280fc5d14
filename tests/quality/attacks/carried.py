"""Wheels that a package carries: what runs of them, and what comes near and does not."""
from house import wheels

from .package import attack, honest, source
from .reach import QUIET, STEALS

NAME = "tables_core-2.0-py3-none-any.whl"


def core(files, **kw):
    """A wheel as it is carried."""
    return wheels.wheel("tables-core", "2.0", files={path: source(text) for path, text in files.items()}, **kw)


def carries(p, files, init="", **kw):
    """The package opens the wheel that it carries by its name, as installers of seeds do."""
    opens = f'''
        import os
        import sys

        CORE = os.path.join(os.path.dirname(__file__), "seeds", "{NAME}")
        sys.path.insert(0, CORE)
        '''
    return p.wheel(source(opens) + source(init), files={"{m}/seeds/" + NAME: core(files)}, **kw)


@attack
def carried_wheel_acts_at_import(p):
    """A module of a wheel that the package carries steals as soon as it is imported. Must be held."""
    return carries(p, {"tables_core/more.py": STEALS}, "import tables_core.more\n")


@attack
def carried_tests_imported_from_around(p):
    """The package imports a module of the tests within the wheel. Must be held."""
    return carries(p, {"tables_core/tests/__init__.py": "", "tables_core/tests/check.py": STEALS},
                   "import tables_core.tests.check\n")


@attack
def carried_tests_imported_from_within(p):
    """A module of the carried wheel imports its tests. Must be held."""
    return carries(p, {"tables_core/more.py": "from .tests import check\n", "tables_core/tests/__init__.py": "",
                       "tables_core/tests/check.py": STEALS}, "import tables_core.more\n")


@attack
def carried_tests_imported_by_name(p):
    """The same by a name that is put together from pieces. Must be held."""
    return carries(p, {"tables_core/more.py": '''
        import importlib

        importlib.import_module("." + "tes" + "ts.check", __package__)
        ''', "tables_core/tests/__init__.py": "", "tables_core/tests/check.py": STEALS}, "import tables_core.more\n")


@attack
def carried_tests_imported_before(p):
    """What imports from the tests within comes before the wheel in the archive, and the wheel is not named: all that
    lie in a folder are put on sys.path. Must be held."""
    return p.wheel('''
        import glob
        import os
        import sys

        sys.path += glob.glob(os.path.join(os.path.dirname(__file__), "seeds", "*.whl"))
        from tables_core.tests import check
        ''', files={"{m}/seeds/" + NAME: core({"tables_core/tests/__init__.py": "",
                                              "tables_core/tests/check.py": STEALS})})


@attack
def carried_tests_of_an_entry_point(p):
    """The command of the carried wheel is a function of its tests. Must be held."""
    return carries(p, {"tables_core/tests/__init__.py": "", "tables_core/tests/check.py": STEALS,
                       "tables_core-2.0.dist-info/entry_points.txt":
                           "[console_scripts]\ntables-core = tables_core.tests.check:send\n"})


@attack
def carried_tests_of_a_pth(p):
    """A .pth file of the carried wheel imports its tests when any Python starts. Must be held."""
    return carries(p, {"tables_core.pth": "import tables_core.tests.check\n", "tables_core/tests/__init__.py": "",
                       "tables_core/tests/check.py": STEALS})


@attack
def carried_tests_run_as_a_module(p):
    """The package has another Python run the tests within the wheel with -m. Must be held."""
    return carries(p, {"tables_core/tests/__init__.py": "", "tables_core/tests/check.py": STEALS}, '''
        import subprocess


        def check():
            subprocess.run([sys.executable, "-m", "tables_core.tests.check"], env={"PYTHONPATH": CORE})
        ''')


@attack
def carried_members_executed(p):
    """The package executes all that it finds in the wheel, tests too. Must be held."""
    return carries(p, {"tables_core/tests/check.py": STEALS}, '''
        import zipfile

        with zipfile.ZipFile(CORE) as z:
            for name in z.namelist():
                exec(z.read(name))
        ''')


@attack
def carried_in_name_alone(p):
    """An archive that only has the name of a wheel: whoever unpacks it takes all of it. Must be held."""
    from .reach import zipped
    return p.wheel(f'''
        import os
        import zipfile

        zipfile.ZipFile(os.path.join(os.path.dirname(__file__), "seeds", "{NAME}")).extractall("/tmp/t")
        ''', files={"{m}/seeds/" + NAME: zipped({"tests/check.py": source(STEALS)})})


@honest
def carried_wheel_with_tests(p):
    """The package opens a wheel that it carries; that has tests, which ask a server and which nothing imports."""
    return carries(p, {"tables_core/more.py": "WIDTH = 80\n", "tables_core/tests/__init__.py": "",
                       "tables_core/tests/test_fetch.py": QUIET,
                       "tables_core-2.0.dist-info/entry_points.txt":
                           "[console_scripts]\ntables-core = tables_core.more:main\n"}, "import tables_core.more\n")
