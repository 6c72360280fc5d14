"""Load for the kill tests: clients, people and newcomers, and the book of what was promised them."""
import hashlib
import json
import os
import random
import threading
import time

from . import raw, wheels
from .case import add_wheel, file_path

WHOLE = {"keeper": 1, "fetcher": 1, "egress": 1, "admin": 1, "scanner": 2}  # and one gateway per core


class Book:
    """What must never be served, what was served rightly, and which decisions were acknowledged."""

    def __init__(self):
        self.lock = threading.Lock()
        self.good = {}       # path -> sha256 of the one right answer
        self.forbidden = {}  # path -> (why, sha256 of the bytes)
        self.approved = {}   # project -> path; acknowledged
        self.denied = {}     # project -> path; acknowledged
        self.wrong = []      # what should never have happened
        self.counts = {}

    def count(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def forbid(self, path, why, sha256):
        with self.lock:
            self.forbidden[path] = (why, sha256)

    def some(self, table):
        with self.lock:
            return random.choice(list(table.items())) if table else (None, None)


class Load:
    """Threads that go on, whatever dies. `stop` ends them."""

    def __init__(self, up, service, seed):
        self.up, self.service, self.book = up, service, Book()
        self.ended, self.threads, self.next = threading.Event(), [], 0
        self.random = random.Random(seed)
        for i in range(3):
            f = add_wheel(up, f"steady{i}", "1.0", files={f"steady{i}/data.bin": os.urandom(200000)})
            self.book.good[file_path(f"steady{i}", "1.0")] = f.sha256
        f = add_wheel(up, "held", "1.0", days=1)
        self.book.forbid(file_path("held", "1.0"), "in cool-down", f.sha256)
        f = add_wheel(up, "evil", "1.0", data=wheels.forged_directory("evil", "1.0"))
        self.book.forbid(file_path("evil", "1.0"), "an attack", f.sha256)
        f = add_wheel(up, "banned", "1.0")
        self.book.forbid(file_path("banned", "1.0"), "denied", f.sha256)

    def start(self):
        for work in (self.fetch_good, self.fetch_good, self.fetch_forbidden, self.fetch_forbidden,
                     self.bring_new, self.bring_new, self.decide):
            t = threading.Thread(target=self.forever, args=(work,), daemon=True)
            t.start()
            self.threads.append(t)

    def stop(self):
        self.ended.set()
        for t in self.threads:
            t.join(60)

    def forever(self, work):
        while not self.ended.is_set():
            try:
                work()
            except (OSError, ValueError):  # no connection, or it broke: part of the test
                self.book.count("broken connections")
                self.ended.wait(0.02)
            except Exception as e:
                self.book.wrong.append(f"{work.__name__}: {e!r}")
            self.ended.wait(0.005)

    def ask(self, path, **kw):
        return raw.ask(self.service.port, path, timeout=30, **kw)

    def fetch_good(self):
        path, sha256 = self.book.some(self.book.good)
        self.look(path, sha256, self.ask(path))

    def look(self, path, sha256, a):
        if a.status != 200:
            self.book.count(f"good files answered {a.status}")
        elif hashlib.sha256(a.body).hexdigest() != sha256:
            self.book.wrong.append(f"{path}: other bytes, {len(a.body)} of them")
        else:
            self.book.count("good files served")

    def fetch_forbidden(self):
        path, (why, _) = self.book.some(self.book.forbidden)
        kind = random.choice(("", ".metadata", "?wait=2", "range", "head"))
        if kind == "range":
            a = self.ask(path, headers={"Range": "bytes=0-9"})
        elif kind == "head":
            a = self.ask(path, method="HEAD")
        else:
            a = self.ask(path + kind)
        self.book.count("forbidden files asked for")
        # Before an attack is known to be one, its checked metadata and its HEAD may go out (T1, T11).
        early = why == "an attack" and kind in (".metadata", "head")
        if a.status in (200, 206, 304) and not early:
            self.book.wrong.append(f"{path} ({why}, {kind}): {a!r}")

    def name(self, what):
        with self.book.lock:
            self.next += 1
            return f"{what}{self.next}"

    def bring_new(self):
        """A file that nobody has asked for, one in three of them bad."""
        if self.random.random() < 0.33:
            name = self.name("bad")
            f = add_wheel(self.up, name, "1.0", data=wheels.forged_directory(name, "1.0"), sidecar=False)
            path = file_path(name, "1.0")
            self.book.forbid(path, "an attack", f.sha256)
            a = self.ask(path)
            if a.status == 200:
                self.book.wrong.append(f"{path} (an attack): {a!r}")
            return
        name = self.name("new")
        f = add_wheel(self.up, name, "1.0", files={f"{name}/data.bin": os.urandom(self.random.randrange(100000))})
        path = file_path(name, "1.0")
        self.look(path, f.sha256, self.ask(path))
        with self.book.lock:
            self.book.good[path] = f.sha256

    def decide(self):
        """What a command acknowledged stands from then on."""
        if self.random.random() < 0.5:
            name = self.name("young")
            f = add_wheel(self.up, name, "1.0", days=1)
            if self.command("approve", f"pypi:{name}==1.0", "--reason", "seen", "--expires", "14d"):
                self.book.approved[name] = file_path(name, "1.0")
                self.book.good[file_path(name, "1.0")] = f.sha256
        else:
            self.deny_one()

    def deny_one(self):
        name = self.name("fallen")
        f = add_wheel(self.up, name, "1.0")
        path = file_path(name, "1.0")
        self.ask(path)  # allowed, served, and then taken back
        if self.command("deny", f"pypi:{name}", "--reason", "found out"):
            self.book.forbid(path, "denied", f.sha256)
            self.book.denied[name] = path

    def acknowledged(self):
        """What people were told is done -> how often."""
        return {"approved": len(self.book.approved), "denied": len(self.book.denied)}

    def check_steps(self):
        """Each step of an exception that was acknowledged is there: of several steps there is none here."""

    def command(self, *args):
        status, _, _ = self.service.command(*args, timeout=60)
        self.book.count(f"{args[0]} ended {status}")
        return status == 0

    # --- what must hold whenever one looks ---

    def check_good(self, within_s):
        """What honest files met on their way is no fault of theirs: none is held for it."""
        end, left = time.monotonic() + within_s, dict(self.book.good)
        while left and time.monotonic() < end:
            for path, sha256 in list(left.items()):
                a = self.ask(path)
                while a.status == 307:
                    a = self.ask(a["Location"])
                if a.status == 200:
                    self.look(path, sha256, a)
                    del left[path]
                elif a.status == 403 and "try again in about" not in a.reason:
                    self.book.wrong.append(f"{path} is good: {a!r}")
                    del left[path]
            time.sleep(0.1)
        for path in left:
            self.book.wrong.append(f"{path} is good, and not served within {within_s} s")

    def check_blobs(self):
        """Every blob and every served file is whole, and nothing forbidden is served."""
        with self.book.lock:
            bad = {sha256: (path, why) for path, (why, sha256) in self.book.forbidden.items()}
        found = 0
        for tree in ("blobs/sha256", "served/sha256"):
            for folder, _, names in os.walk(self.service.path(tree)):
                for name in names:
                    with open(os.path.join(folder, name), "rb") as f:
                        digest = hashlib.file_digest(f, "sha256").hexdigest()
                    if digest != os.path.basename(folder) + name:
                        self.book.wrong.append(f"{tree}: {folder}/{name} is not whole")
                    if tree.startswith("served") and digest in bad:
                        self.book.wrong.append(f"served on disk: {bad[digest]}")
                    found += 1
        return found

    def check_decision(self, table, status, verdict):
        """One acknowledged decision still stands."""
        name, path = self.book.some(table)
        if name is None:
            return
        a = self.ask(path)
        # Neither served nor blocked is no lost decision, while it says so and ends.
        undecided, end = "try again in about", time.monotonic() + 60
        while a.status == 307 or (undecided in a.reason and time.monotonic() < end):
            if a.status != 307:
                time.sleep(0.05)
            a = self.ask(a["Location"] if a.status == 307 else path)
        if a.status != status or undecided in a.reason:
            self.book.wrong.append(f"lost: {name} should be {verdict}: {a!r}")
        code, out, err = self.service.command("explain", f"pypi:{name}", "--json")
        if code != 0 or json.loads(out)[0]["verdict"] != verdict:
            self.book.wrong.append(f"lost: {name} should be {verdict}: {out}{err}")

    def check_decisions(self, times=2):
        for _ in range(times):
            self.check_decision(self.book.approved, 200, "allow")
            self.check_decision(self.book.denied, 403, "deny")
