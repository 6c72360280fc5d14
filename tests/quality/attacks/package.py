"""What an attack is, and the builders that attacks are written with.

An attack is a function that gets a Package and returns the file that a client would ask for. Nothing
here is ever run: payloads would touch a marker file, addresses are of example networks.
"""
import base64
import hashlib
import importlib.util
import marshal
import os
import struct
import sys
import textwrap

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "e2e"))

from house import sdists, wheels  # noqa: E402

MARK = 'open("/tmp/customhouse-marker", "w").close()'

ATTACKS, HONEST = [], []


def project_of(function_name):
    """A name that says nothing and that no rule can know: pronounceable, made of the function's name."""
    bits = int.from_bytes(hashlib.sha256(function_name.encode()).digest()[:8], "big")
    out = ""
    for _ in range(4):
        bits, consonant = divmod(bits, 16)
        bits, vowel = divmod(bits, 5)
        out += "bdfghklmnprstvwz"[consonant] + "aeiou"[vowel]
    return out + "x"


class Attack:
    def __init__(self, make, project=None, days=400, structure=False, earlier=None, index=None):
        """`days` since its release. `structure`: a forged archive, of which none may pass. `earlier`: makes
        the release 1.0 that the site has approved before. `index`: what the index says of the file that
        is not so (arguments of File)."""
        self.name = make.__name__
        self.group = make.__module__.rsplit(".", 1)[-1]
        self.doc = " ".join(make.__doc__.split())
        self.project = project or project_of(self.name)
        self.make, self.days, self.structure, self.earlier = make, days, structure, earlier
        self.index = index or {}

    def files(self):
        """[(name, bytes, days)], the one that counts last."""
        out = []
        if self.earlier:
            out.append((*self.earlier(Package(self.project, "1.0")), 400 + self.days))
        made = self.make(Package(self.project, "2.0" if self.earlier else "1.0"))
        return out + [(*made, self.days)]


def attack(make=None, **kw):
    def register(function):
        ATTACKS.append(Attack(function, **kw))
        return function
    return register(make) if make else register


def honest(make=None, **kw):
    def register(function):
        HONEST.append(Attack(function, **kw))
        return function
    return register(make) if make else register


def source(text):
    return textwrap.dedent(text).lstrip("\n").encode()


def b64(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


def pyc(code, flags=0, stamp=b"\0" * 8, name="x.py"):
    """Compiled code of this interpreter."""
    return (importlib.util.MAGIC_NUMBER + struct.pack("<I", flags) + stamp
            + marshal.dumps(compile(code, name, "exec")))


def elf(text=b"", machine=62, flags=5):
    """A 64-bit program with one loadable segment: headers, and `text`."""
    head = b"\x7fELF\x02\x01\x01" + b"\0" * 9 + struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0x400078, 64, 0,
                                                            0, 64, 56, 1, 64, 0, 0)
    size = 120 + len(text)
    return head + struct.pack("<IIQQQQQQ", 1, flags, 0, 0x400000, 0x400000, size, size, 4096) + text


def pe(text=b""):
    """A 64-bit Windows program with one section."""
    dos = b"MZ" + b"\0" * 58 + struct.pack("<I", 64)
    coff = struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, 240, 0x22)
    optional = struct.pack("<HBBIIIII", 0x20b, 14, 0, 512, 0, 0, 0x1000, 0x1000)
    optional += struct.pack("<QIIHHHHHHIIIIHH", 0x140000000, 0x1000, 512, 6, 0, 0, 0, 6, 0, 0, 0x2000, 512, 0, 3, 0)
    optional += struct.pack("<QQQQII", 1 << 20, 4096, 1 << 20, 4096, 0, 16) + b"\0" * 128
    section = b".text\0\0\0" + struct.pack("<IIIIIIHHI", 512, 0x1000, 512, 512, 0, 0, 0, 0, 0x60000020)
    head = dos + b"PE\0\0" + coff + optional + section
    return head.ljust(512, b"\0") + text.ljust(512, b"\0")


HELPERS = source('''
    """Small helpers for tables."""


    def columns(rows):
        """The widths of the columns of some rows of text."""
        return [max(len(cell) for cell in column) for column in zip(*rows)]


    def line(cells, widths):
        return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip()
''')


class Package:
    """Builds files of one release. Each has an honest module beside what is added to it."""

    def __init__(self, project, version):
        self.project, self.version = project, version
        self.module = project.replace("-", "_")
        self.info = f"{self.module}-{version}.dist-info"

    def _module(self, init, files):
        out = {f"{self.module}/tables.py": HELPERS}
        head = f'"""Tables in plain text."""\n__version__ = "{self.version}"\n\n'.encode()
        out[f"{self.module}/__init__.py"] = head + (source(init) if isinstance(init, str) else init)
        for path, data in (files or {}).items():
            out[path.format(m=self.module)] = source(data) if isinstance(data, str) else data
        return out

    def members(self, init="from .tables import columns, line\n", files=None, entry_points=None, **kw):
        """Members of a wheel. In the paths of `files` {m} is the module; text is dedented."""
        inside = self._module(init, files)
        if entry_points:
            inside[f"{self.info}/entry_points.txt"] = source(entry_points.replace("{m}", self.module))
        out = wheels.members(self.project, self.version, files=inside, **kw)
        first = f"{self.module}/__init__.py"
        assert out[first] == inside[first]
        return out

    def wheel(self, init="from .tables import columns, line\n", files=None, **kw):
        return self.packed(wheels.pack(self.members(init, files, **kw)))

    def packed(self, data):
        return wheels.file_name(self.project, self.version), data

    def sdist_members(self, init="from .tables import columns, line\n", files=None, setup=None,
                      pyproject=None):
        """Members of an sdist of setuptools. `setup`: its setup.py; `pyproject`: text after [build-system]."""
        inside = {path: data for path, data in self._module(init, files).items()}
        backend = pyproject or '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        inside["pyproject.toml"] = source(backend)
        if setup is not None:
            inside["setup.py"] = source(setup.replace("{m}", self.module).replace("{n}", self.project))
            if pyproject is None:
                del inside["pyproject.toml"]
        top = f"{self.module}-{self.version}"
        out = {f"{top}/PKG-INFO": wheels.metadata(self.project, self.version)}
        out.update({f"{top}/{path}": data for path, data in inside.items()})
        return out

    def sdist(self, init="from .tables import columns, line\n", files=None, **kw):
        return self.tarball(sdists.pack(self.sdist_members(init, files, **kw)))

    def tarball(self, data):
        return sdists.file_name(self.project, self.version), data
