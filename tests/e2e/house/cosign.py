"""cosign, as its makers build it: from source, six minutes each. So it is kept outside of the tree, and built
only when asked for:

    python3 tests/e2e/house/cosign.py

CUSTOMHOUSE_E2E_BUILD_COSIGN=1 has a run of the tests build it first, where it is not there.
Without it the tests that need it are skipped, and say so."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

MODULES = {"3.1.2": "github.com/sigstore/cosign/v3/cmd/cosign", "2.5.3": "github.com/sigstore/cosign/v2/cmd/cosign"}
FOLDER = os.environ.get("CUSTOMHOUSE_COSIGN", os.path.join(
    os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "customhouse-tests"))
# Debian's go is too old and cannot fetch a newer toolchain by itself; this one can be had as a module.
TOOLCHAIN = "golang.org/toolchain@v0.0.1-go1.26.0.linux-amd64"


def path(version):
    return os.path.join(FOLDER, "cosign-" + version)


def need(version):
    if not os.path.exists(path(version)) and os.environ.get("CUSTOMHOUSE_E2E_BUILD_COSIGN"):
        main()
    if not os.path.exists(path(version)):
        raise unittest.SkipTest(f"no {path(version)}: python3 tests/e2e/house/cosign.py "
                                "(or CUSTOMHOUSE_E2E_BUILD_COSIGN=1) builds it, in six minutes")


def run(version, folder, *args):
    """(exit status, what it said); it knows nothing of the host, and reaches nothing."""
    env = {"PATH": os.environ["PATH"], "HOME": folder, "TUF_ROOT": os.path.join(folder, "tuf"),
           "HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1"}
    done = subprocess.run([path(version), *args], capture_output=True, text=True, env=env, cwd=folder, timeout=120)
    return done.returncode, done.stdout + done.stderr


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


def main():
    os.makedirs(FOLDER, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        go = find_go(scratch)
        for version, module in MODULES.items():
            if not os.path.exists(path(version)):
                print(f"building {path(version)}", flush=True)
                env = dict(os.environ, GOBIN=scratch, GOTOOLCHAIN="local", GOFLAGS="-modcacherw")
                subprocess.run([go, "install", f"{module}@v{version}"], check=True, env=env)
                os.rename(os.path.join(scratch, "cosign"), path(version))
    return 0


if __name__ == "__main__":
    sys.exit(main())
