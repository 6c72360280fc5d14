"""Real pip and uv, each in an environment of its own, with nothing of the host's configuration."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

TOOLS = os.environ.get("CUSTOMHOUSE_E2E_TOOLS",
                       os.path.join(os.path.dirname(__file__), "..", "..", "..", "build-test", "e2e-tools"))


def clean_env(home):
    """Hosts set PIP_* time-outs, find-links and extra indexes that would hide failures."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("PIP_", "UV_", "PYTHON")) and k.lower() not in
           ("http_proxy", "https_proxy", "all_proxy", "requests_ca_bundle", "curl_ca_bundle",
            "ssl_cert_file", "ssl_cert_dir")}
    env.update(HOME=home, XDG_CONFIG_HOME=os.path.join(home, "config"),
               XDG_CACHE_HOME=os.path.join(home, "cache"), PIP_CONFIG_FILE="/dev/null",
               PIP_DISABLE_PIP_VERSION_CHECK="1", NO_PROXY="127.0.0.1")
    return env


# {kind: why it could not be had}; filled by prepare()
missing = {}


class Client:
    """A virtual environment that installs through one index."""

    def __init__(self, kind):
        self.kind = kind
        self.home = tempfile.mkdtemp(prefix="ch-client-")
        self.venv = os.path.join(self.home, "venv")
        self.env = clean_env(self.home)
        if kind in missing:
            self.remove()
            raise unittest.SkipTest(f"{kind}: {missing[kind]}")
        run([system_python(), "-m", "venv", "--without-pip", self.venv], self.env)
        if kind != "uv":
            site = tool("site-of-" + kind)
            for name in os.listdir(site):
                if name.startswith("pip"):
                    os.symlink(os.path.join(site, name), os.path.join(site_of(self.venv), name))

    @property
    def python(self):
        return os.path.join(self.venv, "bin", "python")

    def install(self, index, *what, timeout=300):
        """(exit status, all that was printed)"""
        if self.kind == "uv":
            argv = [tool("uv"), "pip", "install", "--python", self.python, "--index-url", index,
                    "--no-config", *what]
        else:
            argv = [self.python, "-m", "pip", "--isolated", "install", "--index-url", index, *what]
        return self.run_tool(argv, timeout)

    def run_tool(self, argv, timeout=300):
        """(exit status, all that was printed)"""
        done = subprocess.run(argv, capture_output=True, text=True, env=self.env, timeout=timeout)
        return done.returncode, done.stdout + done.stderr

    def imports(self, module):
        done = subprocess.run([self.python, "-c", f"import {module}; print({module}.__version__)"],
                              capture_output=True, text=True, env=self.env)
        return done.stdout.strip() if done.returncode == 0 else None

    def remove(self):
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.remove()


def run(argv, env=None):
    done = subprocess.run(argv, capture_output=True, text=True, env=env)
    if done.returncode != 0:
        raise RuntimeError(f"{argv}: {done.stdout}{done.stderr}")
    return done.stdout


def site_of(venv):
    lib = os.path.join(venv, "lib")
    return os.path.join(lib, next(d for d in os.listdir(lib) if d.startswith("python")), "site-packages")


def system_python():
    return "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable


# The pips: Debian's (what python3-venv puts into an environment), the host's own version, the newest.
KINDS = ("pip-debian", "pip-host", "pip-newest", "uv")


def tool(name):
    return os.path.join(TOOLS, "uv-env", "bin", "uv") if name == "uv" else os.path.join(TOOLS, name)


def have_uv():
    if os.path.exists(tool("uv")):
        return
    env = os.path.join(TOOLS, "uv-env")
    shutil.rmtree(env, ignore_errors=True)
    run([system_python(), "-m", "venv", env])
    run([os.path.join(env, "bin", "pip"), "install", "-q", "uv"])


def have_rattler():
    """py-rattler: another implementation of conda's versions and match specs, solver and installer."""
    env = tool("rattler-env")
    if os.path.isdir(os.path.join(site_of(env), "rattler") if os.path.isdir(env) else env):
        return
    shutil.rmtree(env, ignore_errors=True)
    run([system_python(), "-m", "venv", env])
    run([os.path.join(env, "bin", "pip"), "install", "-q", "py-rattler"])


def have_pip(kind, requirement):
    site = tool("site-of-" + kind)
    if os.path.isdir(os.path.join(site, "pip")):
        return
    env = os.path.join(TOOLS, "make-" + kind)
    shutil.rmtree(env, ignore_errors=True)
    try:
        run([system_python(), "-m", "venv", env])
        if requirement:
            run([os.path.join(env, "bin", "python"), "-m", "pip", "install", "-q", "-U", requirement])
        shutil.rmtree(site, ignore_errors=True)
        shutil.copytree(site_of(env), site)
    finally:
        shutil.rmtree(env, ignore_errors=True)


def hosts_pip():
    """The version that `pip` is on this host, whoever's Python runs it."""
    pip = shutil.which("pip") or shutil.which("pip3")
    argv = [pip] if pip else [sys.executable, "-m", "pip"]
    return "pip==" + run(argv + ["--version"]).split()[1]


def prepare():
    """Fetches the clients, by the host's own pip and configuration; nothing when they are there.
    What cannot be had is in `missing` afterwards."""
    os.makedirs(TOOLS, exist_ok=True)
    wanted = {"uv": have_uv, "rattler": have_rattler, "pip-debian": lambda: have_pip("pip-debian", None),
              "pip-host": lambda: have_pip("pip-host", hosts_pip()),
              "pip-newest": lambda: have_pip("pip-newest", "pip")}
    for kind, have in wanted.items():
        try:
            have()
        except (RuntimeError, OSError) as e:
            missing[kind] = str(e).strip().splitlines()[-1]
