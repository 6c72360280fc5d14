#!/usr/bin/env python3
"""The log against golang.org/x/mod, and what must not verify. usage: run.py GROW_LOG BUILD_FOLDER

The Go program is built once in BUILD_FOLDER. Exit 77: there is no Go, or its modules cannot be had."""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SKIP = 77


def skip(why):
    print("skipped: " + why)
    sys.exit(SKIP)


def build(folder):
    go = shutil.which("go")
    if go is None:
        skip("there is no go (Debian: golang)")
    os.makedirs(folder, exist_ok=True)
    program = os.path.join(folder, "outside")
    newest = max(os.path.getmtime(os.path.join(HERE, n)) for n in ("main.go", "go.mod", "go.sum"))
    if not os.path.exists(program) or os.path.getmtime(program) < newest:
        have = subprocess.run([go, "mod", "download"], cwd=HERE, capture_output=True, text=True)
        if have.returncode != 0:
            skip("Go modules cannot be had: " + have.stderr.strip().splitlines()[-1])
        subprocess.run([go, "build", "-o", program, "."], cwd=HERE, check=True)
    return program


class Log:
    def __init__(self, grow, folder, *more):
        os.makedirs(folder)
        out = subprocess.run([grow, folder, *more], capture_output=True, text=True, check=True).stdout.splitlines()
        self.vkey, self.witness = out[:2]
        self.steps = [os.path.join(folder, name) for name in out[2:]]


class Checks:
    def __init__(self, program):
        self.program = program
        self.failed = 0

    def run(self, what, good, vkey, bases, expected="", witness=None):
        words = ["-witness", witness] if witness else []
        done = subprocess.run([self.program, *words, vkey, *bases], capture_output=True, text=True)
        said = (done.stdout + done.stderr).strip()
        ok = done.returncode == (0 if good else 1) and expected in said
        self.failed += not ok
        print(f"{'ok' if ok else 'FAILED'}: {what}: {said}")


def flipped(folder, step, name, at, bit=1):
    """A copy of the step with one bit of one file changed."""
    copy = tempfile.mkdtemp(dir=folder)
    shutil.copytree(step, copy, dirs_exist_ok=True)
    path = os.path.join(copy, name)
    with open(path, "r+b") as f:
        f.seek(at)
        byte = f.read(1)[0]
        f.seek(at)
        f.write(bytes([byte ^ bit]))
    return copy


def main():
    grow, build_folder = sys.argv[1:]
    checks = Checks(build(build_folder))
    with tempfile.TemporaryDirectory() as folder:
        log = Log(grow, os.path.join(folder, "log"))
        fork = Log(grow, os.path.join(folder, "fork"), "--entry", "300")
        other = Log(grow, os.path.join(folder, "other"), "--key", "2")
        last = log.steps[-1]
        checks.run("every step", True, log.vkey, log.steps, f"{len(log.steps)} trees")
        checks.run("the fork for itself", True, fork.vkey, fork.steps)
        checks.run("a forked log", False, log.vkey, [log.steps[-2], fork.steps[-1]], "from ")
        checks.run("a log that shrank", False, log.vkey, [last, log.steps[-2]])
        checks.run("another key's signature", False, other.vkey, [last])
        checks.run("cosigned", True, log.vkey, [last], "1 witnesses have cosigned 700 entries", log.witness)
        checks.run("not by another witness", False, log.vkey, [last], "0 of 1 witnesses", other.witness)
        checks.run("nor by one twice", False, log.vkey, [last], "0 of 1", other.witness + "," + other.witness)
        checks.run("a log's key is no witness's", False, log.vkey, [last], "not a key of cosignature", log.vkey)
        grafted = flipped(folder, last, "checkpoint", 0, 0)
        shutil.copy(os.path.join(fork.steps[-1], "cosigned"), grafted)
        checks.run("cosigned is another history", False, log.vkey, [grafted], "", log.witness)
        with open(os.path.join(last, "cosigned")) as f:
            size = len(f.read().encode())
        for at in (30, size - 94, size - 20):  # its text, its time, its signature
            checks.run(f"byte {at} of cosigned", False, log.vkey, [flipped(folder, last, "cosigned", at)], "",
                       log.witness)
        for name, at in (("checkpoint", 30), ("checkpoint", 20), ("checkpoint", 110), ("tile/0/000", 0),
                         ("tile/0/000", 8191), ("tile/0/003.p/232", 100), ("tile/1/000.p/3", 40),
                         ("tile/entries/000", 30), ("tile/entries/003.p/232", 1000), ("proof/7.tlog-proof", 60),
                         ("proof/999.tlog-proof", 36)):
            checks.run(f"byte {at} of {name}", False, log.vkey, [flipped(folder, last, name, at)])
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
