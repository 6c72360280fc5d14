"""Tools of others that are Go modules, as their makers build them: from source. They are kept outside of the tree, so
that a machine builds each once:

    python3 tests/e2e/house/go_tools.py

CUSTOMHOUSE_E2E_BUILD_GO=0 has a run of the tests do without those that are not there: their tests are skipped, and say so."""
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

FOLDER = os.environ.get("CUSTOMHOUSE_GO_TOOLS", os.path.join(
    os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "customhouse-tests"))
# Debian's go is too old and cannot fetch a newer toolchain by itself; this one can be had as a module.
TOOLCHAIN = "golang.org/toolchain@v0.0.1-go1.26.0.linux-amd64"
# Half a minute each.
TOOLS = {"crane": ("github.com/google/go-containerregistry/cmd/crane", "0.22.1"),
         "oras": ("oras.land/oras/cmd/oras", "1.3.6"),
         "conformance": ("github.com/opencontainers/distribution-spec/conformance", "0.0.0-20260831232431-97274622c111")}


def path(name):
    return os.path.join(FOLDER, f"{name}-{TOOLS[name][1]}")


def need(name):
    """The program; built now when it is not there."""
    if not os.path.exists(path(name)) and os.environ.get("CUSTOMHOUSE_E2E_BUILD_GO") != "0":
        try:
            build({path(name): TOOLS[name]})
        except (SystemExit, OSError, subprocess.SubprocessError) as e:
            raise unittest.SkipTest(f"{name} could not be built: {e}") from e
    if not os.path.exists(path(name)):
        raise unittest.SkipTest(f"no {path(name)}: python3 tests/e2e/house/go_tools.py builds it")
    return path(name)


def go_new_enough(go):
    out = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True).stdout
    numbers = out.strip().removeprefix("go").split(".")
    return len(numbers) > 1 and numbers[0] == "1" and int("".join(c for c in numbers[1] if c.isdigit()) or 0) >= 26


def find_go(scratch):
    """A go of 1.26 or later: the host's, or that of a toolchain module."""
    go = shutil.which("go")
    if go is None:
        raise SystemExit("needs go (golang)")
    if go_new_enough(go):
        return go
    env = dict(os.environ, GOFLAGS="-modcacherw", GO111MODULE="on")
    done = subprocess.run([go, "mod", "download", "-json", TOOLCHAIN], capture_output=True, text=True, cwd=scratch, env=env)
    if done.returncode != 0:
        raise SystemExit(f"the toolchain {TOOLCHAIN} could not be had: {done.stdout}{done.stderr}")
    folder = next(line.split('"')[3] for line in done.stdout.splitlines() if '"Dir"' in line)
    for root in ("bin", os.path.join("pkg", "tool")):
        for where, _, names in os.walk(os.path.join(folder, root)):
            for name in names:
                os.chmod(os.path.join(where, name), 0o755)
    return os.path.join(folder, "bin", "go")


def build(wanted):
    """{where it is to lie: (module, version)}; what is there already is left alone."""
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, ".lock"), "w") as lock, tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run's build of the same
        go = find_go(scratch)
        for target, (module, version) in wanted.items():
            if not os.path.exists(target):
                print(f"building {target}", flush=True)
                env = dict(os.environ, GOBIN=scratch, GOTOOLCHAIN="local", GOFLAGS="-modcacherw")
                done = subprocess.run([go, "install", f"{module}@v{version}"], stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, env=env)
                if done.returncode != 0:
                    raise SystemExit(done.stdout[-2000:])
                os.makedirs(os.path.dirname(target), exist_ok=True)
                os.rename(os.path.join(scratch, os.path.basename(module)), target)


def fetch(module, version):
    """The folder with a module's sources, as its makers published them."""
    with tempfile.TemporaryDirectory() as scratch:
        env = dict(os.environ, GOTOOLCHAIN="local", GOFLAGS="-modcacherw")
        done = subprocess.run([find_go(scratch), "mod", "download", "-json", f"{module}@v{version}"], capture_output=True, text=True,
                              env=env, cwd=scratch)
    if done.returncode != 0:
        raise SystemExit(f"{module} could not be had: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)["Dir"]


def build_own(source, target, package="."):
    """A program of ours whose go.mod names what it needs directly; what that needs in turn follows from it, and is checked
    against the checksum database like all that is installed here."""
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, ".lock"), "w") as lock, tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(target):
            return
        print(f"building {target}", flush=True)
        copy, made = os.path.join(scratch, "source"), os.path.join(scratch, "made")
        shutil.copytree(source, copy)
        subprocess.run(["chmod", "-R", "u+w", copy], check=True)  # modules are kept read-only
        env = dict(os.environ, GOTOOLCHAIN="local", GOFLAGS="-modcacherw -mod=mod -buildvcs=false")
        done = subprocess.run([find_go(scratch), "build", "-o", made, package], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=env, cwd=copy)
        if done.returncode != 0:
            raise SystemExit(done.stdout[-2000:])
        os.rename(made, target)


def main():
    build({path(name): tool for name, tool in TOOLS.items()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
