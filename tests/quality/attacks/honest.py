"""Honest neighbours: what comes near an attack and must pass, or else "everything is held" would be a
perfect score."""
from .package import b64, honest, pyc, source


@honest
def plain_wheel(p):
    """Pure functions."""
    return p.wheel()


@honest
def plain_sdist(p):
    """A source distribution that declares everything."""
    return p.sdist()


@honest
def declaring_setup(p):
    """A setup.py that only declares."""
    return p.sdist(setup='from setuptools import setup\n\nsetup(name="{n}", version="1.0", packages=["{m}"])\n')


@honest
def http_client(p):
    """Functions that fetch and post, with a token from one environment variable."""
    return p.wheel(files={"{m}/client.py": '''
        import os
        import requests


        def post(rows, url=None):
            token = os.environ.get("TABLES_TOKEN")
            answer = requests.post(url or "https://api.example.org/v1/tables", json=rows, headers={"Authorization": f"Bearer {token}"}, timeout=30)
            answer.raise_for_status()
            return answer.json()
        '''})


@honest
def command_runner(p):
    """Starts the user's own tools."""
    return p.wheel(files={"{m}/shell.py": '''
        import shutil
        import subprocess


        def pager(text):
            less = shutil.which("less")
            if less is None:
                print(text)
            else:
                subprocess.run([less, "-R"], input=text.encode(), check=False)
        '''})


@honest
def decodes_pictures(p):
    """base64 for an inline picture, zlib for a cache: data, not code."""
    return p.wheel(files={"{m}/icons.py": f'''
        import base64
        import zlib

        ICON = base64.b64decode("{b64(b"GIF89a" + bytes(300))}")


        def pack(text):
            return base64.b64encode(zlib.compress(text.encode()))


        def unpack(data):
            return zlib.decompress(base64.b64decode(data)).decode()
        '''})


@honest
def makes_classes(p):
    """exec of a template, as named tuples and data classes do."""
    return p.wheel(files={"{m}/record.py": '''
        def make(name, fields):
            args = ", ".join(fields)
            lines = [f"def __init__(self, {args}):"] + [f"    self.{f} = {f}" for f in fields]
            scope = {}
            exec("\\n".join(lines), scope)
            return type(name, (), {"__init__": scope["__init__"], "__slots__": tuple(fields)})
        '''})


@honest
def imports_optional_parts(p):
    """importlib and getattr with names that are written out."""
    return p.wheel(init='''
        import importlib


        def __getattr__(name):
            if name in ("columns", "line"):
                return getattr(importlib.import_module(".tables", __name__), name)
            raise AttributeError(name)
        ''')


@honest
def compiled_beside_source(p):
    """A .pyc that is that of its source."""
    import struct
    text = b"def width(row):\n    return len(row)\n"
    return p.wheel(files={"{m}/core.py": text,
                          "{m}/__pycache__/core.cpython-311.pyc": pyc(text.decode(), stamp=struct.pack("<II", 1700000000, len(text)))})


@honest
def asks_for_updates(p):
    """A function, never called by itself, that asks whether there is a newer version."""
    return p.wheel(files={"{m}/update.py": '''
        import json
        import urllib.request


        def newest(name):
            with urllib.request.urlopen(f"https://index.example.org/{name}/json", timeout=5) as answer:
                return json.load(answer)["info"]["version"]
        '''})


@honest
def console_script(p):
    """A script of its own name."""
    return p.wheel(files={"{m}/cli.py": "def main():\n    return 0\n"}, entry_points="[console_scripts]\n{m} = {m}.cli:main\n")


@honest
def downloads_models(p):
    """Downloads weights into a cache and checks their hash."""
    return p.wheel(files={"{m}/hub.py": '''
        import hashlib
        import os
        import urllib.request


        def fetch(url, sha256, folder="~/.cache/tables"):
            path = os.path.join(os.path.expanduser(folder), os.path.basename(url))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if not os.path.exists(path):
                urllib.request.urlretrieve(url, path)
            with open(path, "rb") as f:
                if hashlib.sha256(f.read()).hexdigest() != sha256:
                    os.remove(path)
                    raise ValueError("another file than expected")
            return path
        '''})


@honest
def text_in_russian(p):
    """Comments and texts in other scripts."""
    return p.wheel(init=source('''
        # \u0422\u0430\u0431\u043b\u0438\u0446\u044b \u0432 \u0442\u0435\u043a\u0441\u0442\u0435
        TITLE = "\u0417\u0430\u0433\u043e\u043b\u043e\u0432\u043e\u043a"
        \u0448\u0438\u0440\u0438\u043d\u0430 = 80
        '''))


@honest(days=30, earlier=lambda p: p.wheel())
def next_release(p):
    """A second release of an approved project that does a little more of the same."""
    return p.wheel(files={"{m}/csv.py": "import csv\n\n\ndef rows(f):\n    return list(csv.reader(f))\n"})


@honest
def starts_with_python(p):
    """A .start file whose function sets a variable; the package also has one that fetches, which nobody calls."""
    return p.wheel(files={f"{p.module}.start": f"{p.module}.boot:begin\n".encode(), "{m}/boot.py": '''
        import os
        import urllib.request


        def begin():
            os.environ.setdefault("TABLES_STARTED", "1")


        def newest():
            return urllib.request.urlopen("https://index.example.org/tables").read()
        '''})


@honest
def completes_its_own_command(p):
    """A completion of its own script, for three shells."""
    data = f"{p.module}-1.0.data/data/share"
    return p.wheel(files={f"{data}/bash-completion/completions/{p.module}": f"complete -W list {p.module}\n".encode(),
                          f"{data}/zsh/site-functions/_{p.module}": f"#compdef {p.module}\n".encode(),
                          f"{data}/fish/vendor_completions.d/{p.module}.fish": f"complete -c {p.module} -a list\n".encode()})


@honest
def shows_what_bidirectional_controls_do(p):
    """A docstring with the letters that the function looks for, as bandit has one."""
    return p.wheel(files={"{m}/look.py": source('''
        def look(text):
            """Finds what reorders letters, as in

                if level != 'none\u202e\u2066': # admin \u2069\u2066' and level

            and tells where."""
            return [i for i, c in enumerate(text) if 0x202a <= ord(c) <= 0x202e]
        ''')})


@honest
def starts_programs_elsewhere(p):
    """Encodes the program that it is given, for an interpreter on another machine, as ipyparallel does."""
    return p.wheel(files={"{m}/remote.py": '''
        import base64


        def command(python, code):
            encoded = base64.b64encode(code.encode())
            return [python, "-c", f"import base64;exec(base64.b64decode({encoded}).decode())"]
        '''})


@honest
def loads_tensors_from_a_server(p):
    """torch.load of what a server gave, of tensors alone; logs in with a browser; names a sample of a webhook."""
    return p.wheel(files={"{m}/hub.py": '''
        import io
        import webbrowser

        import requests
        import torch

        SAMPLE = "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"


        def weights(url):
            return torch.load(io.BytesIO(requests.get(url, timeout=9).content), weights_only=True)


        def log_in(url):
            webbrowser.open(requests.get(url, timeout=9).json()["verification_uri"])
        '''})


@honest
def runs_scripts_of_users(p):
    """A profiler that runs a script as the program, in a module that it makes, as kernprof does."""
    return p.wheel(files={"{m}/prof.py": '''
        import sys
        import types


        def execfile(name, scope):
            with open(name, "rb") as f:
                exec(compile(f.read(), name, "exec"), scope)


        def main():
            scope = vars(types.ModuleType("__main__"))
            scope.update({"__name__": "__main__", "__file__": sys.argv[1]})
            execfile(sys.argv[1], scope)


        if __name__ == "__main__":
            main()
        '''})


@honest
def slip_of_the_keyboard(p):
    """A method of its own with a letter of another alphabet."""
    return p.wheel(files={"{m}/plot.py": source('''
        class Plot:
            def _data_for_\u0441ontour(self):
                return []

            def draw(self):
                return self._data_for_\u0441ontour()
        ''')})


@honest
def told_the_environment(p):
    """Looks into the environment it is told, and asks a server with another of its arguments, as litellm's launcher does."""
    return p.wheel(files={"{m}/agents.py": '''
        import os
        import requests


        def listing(url, key, *, get=requests.get):
            return get(url.rstrip("/") + "/v1/models", headers={"Authorization": f"Bearer {key}"}, timeout=10).json()


        def model_sync(binary, env, url, key, *, get=requests.get):
            if "AGENT_CONFIG" in env:
                return {}
            return {"AGENT_CONFIG": str(listing(url, key, get=get))}


        def run(command, url, key, env=None, sync=model_sync):
            env = env if env is not None else os.environ
            synced = sync(command[0], env, url, key)
            os.execvpe(command[0], command, {**env, **synced})
        '''})
