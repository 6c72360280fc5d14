"""The audit log of a real service: verified over HTTP by a program of other people's code, by `customhouse audit`
without the server, after kill -9, and after somebody altered it."""
import glob
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
import unittest

from house.case import Quarantine, add_wheel, file_path
from house.service import BIN, Service

OUTSIDE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "db", "log", "outside")
FILES = 12


def outside_modules():
    """go, when it has the modules of that program; a test that needs it is skipped, with the reason, where it has not."""
    go = shutil.which("go")
    if go is None:
        raise unittest.SkipTest("there is no go (Debian: golang)")
    have = subprocess.run([go, "mod", "download"], cwd=OUTSIDE, capture_output=True, text=True)
    if have.returncode != 0:
        raise unittest.SkipTest("Go modules cannot be had: " + have.stderr.strip().splitlines()[-1])
    return go


def outside_program():
    """Built once."""
    program = os.path.join(os.path.dirname(os.path.abspath(BIN)), "outside", "outside")
    subprocess.run([outside_modules(), "build", "-o", program, "."], cwd=OUTSIDE, check=True)
    return program


class Log(Quarantine):
    @classmethod
    def fill(cls):
        for i in range(FILES):
            add_wheel(cls.up, f"pkg{i}", "1.0")
        add_wheel(cls.up, "young", "1.0", days=1)

    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)

    def other_service(self):
        """One of its own, for a test that kills or alters it."""
        service = Service(self.up.url)
        self.addCleanup(service.remove)
        return service.start()

    def export(self, service):
        """(file with an entry a line, the key that the first one names)"""
        status, out, err = service.command("audit", "export")
        self.assertEqual(status, 0, err)
        path = os.path.join(self.dir, "entries")
        with open(path, "w") as f:
            f.write(out)
        return path, json.loads(out.splitlines()[0])["vkey"]

    def snapshot(self, service, name):
        """The public half as it is now, in a folder as C2SP lays it out."""
        def save(path):
            a = service.ask("/-/audit/" + path)
            self.assertEqual(a.status, 200, path)
            full = os.path.join(self.dir, name, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as f:
                f.write(a.body)
            return a.body
        size = int(save("checkpoint").split(b"\n")[1])
        self.assertLess(size, 256)
        save(f"tile/0/000.p/{size}")
        return os.path.join(self.dir, name), size

    def verified_outside(self, service, *before, vkeys=()):
        program = outside_program()
        entries, vkey = self.export(service)
        vkey = ",".join(vkeys) or vkey
        now, size = self.snapshot(service, "now")
        done = subprocess.run([program, "-entries", entries, vkey, *before, now], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"{len(before) + 1} trees, the last of {size} entries", done.stdout)
        done = subprocess.run([program, "-entries", entries, vkey, service.url + "/-/audit"], capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"[1-9][0-9]* proof files")
        self.assertIn(f"{max(len(vkeys) - 1, 0)} new keys verified", done.stdout)
        return now

    def fetch(self, service, *names):
        for name in names:
            self.assertEqual(service.ask(file_path(name, "1.0")).status, 200)

    def found(self, service, *query):
        status, out, err = service.command("audit", "search", *query)
        self.assertEqual(status, 0, err)
        return [json.loads(line) for line in out.splitlines()]

    def test_other_peoples_code_verifies_it_while_it_grows(self):
        self.fetch(self.service, "pkg0", "pkg1")
        first, _ = self.snapshot(self.service, "first")
        self.fetch(self.service, "pkg2", "pkg3")
        second, _ = self.snapshot(self.service, "second")
        self.assertEqual(self.service.ask(file_path("young", "1.0")).status, 403)
        self.verified_outside(self.service, first, second)

    def refused_outside(self, entries, vkey, *trees):
        done = subprocess.run([outside_program(), "-entries", entries, vkey, *trees], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)

    def test_other_peoples_code_refuses_what_was_altered_or_forked(self):
        service = self.other_service()
        self.fetch(service, "pkg0", "pkg1")
        service.stop()
        shutil.copytree(service.state, os.path.join(self.dir, "state"))
        service.start()
        self.fetch(service, "pkg2")
        one = self.verified_outside(service)
        entries, vkey = self.export(service)
        tile = glob.glob(os.path.join(one, "tile/0/000.p/*"))[0]
        for path in (os.path.join(one, "checkpoint"), tile, entries):
            with open(path, "rb") as f:
                good = f.read()
            # not the last digit of a signature in base64, of which readers do not look at each bit
            for at in (len(good) // 3, len(good) - 4):
                with self.subTest(path=os.path.basename(path), at=at):
                    with open(path, "wb") as f:
                        f.write(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
                    self.refused_outside(entries, vkey, one)
            with open(path, "wb") as f:
                f.write(good)
        self.verified_outside(service, one)
        os.rename(one, os.path.join(self.dir, "one"))
        service.stop()  # its past is set back, and the same key signs another one
        shutil.rmtree(service.state)
        shutil.copytree(os.path.join(self.dir, "state"), service.state)
        service.start()
        self.fetch(service, "pkg3", "pkg4", "pkg5")
        two = self.verified_outside(service)
        entries, _ = self.export(service)
        self.refused_outside(entries, vkey, os.path.join(self.dir, "one"), two)

    def test_what_was_served_is_in_it(self):
        self.fetch(self.service, "pkg4")
        decisions = self.found(self.service, "--kind", "decision", "--what", "pkg4")
        self.assertEqual([d["entry"]["verdict"] for d in decisions], ["allow"])
        served = self.eventually(lambda: self.found(self.service, "--kind", "served", "--what", "pkg4"))
        self.assertEqual(served[0]["clear"]["address"], "127.0.0.1")
        self.assertNotIn("127.0.0.1", json.dumps(served[0]["entry"]))  # T26
        of = ("--kind", "served", "--what", "pkg4")
        for outside in (("--to", "2020-01-01"), ("--from", "2100-01-01"), ("--from", "2100-01-01T12:00:00Z"),
                        ("--who", "192.0.2.1"), ("--what", "ecision")):
            among = of[:2] if outside[0] == "--what" else of
            self.assertEqual(self.found(self.service, *among, *outside), [], outside)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(served[0]["entry"]["at_us"] // 1000000 + 1))
        for inside in (("--to", stamp), ("--from", stamp[:10], "--to", stamp[:10]), ("--who", "127.0.0.1")):
            self.assertEqual(self.found(self.service, *of, *inside), served, inside)
        digest = served[0]["entry"]["sha256"]
        for what in (digest, "sha256:" + digest, digest[:16]):
            self.assertEqual(self.found(self.service, *of[:2], "--what", what), served, what)
        self.assertEqual(self.service.command("audit", "search", "--from", "yesterday")[0], 2)

    def test_entries_are_not_public(self):
        self.fetch(self.service, "pkg5")
        for path in ("tile/entries/000.p/1", "entry/0", "../entries/data"):
            self.assertIn(self.service.ask("/-/audit/" + path).status, (400, 401, 404), path)

    def test_the_auditor_agrees(self):
        self.fetch(self.service, "pkg6")
        status, out, err = self.service.command("audit", "verify")
        self.assertEqual((status, err), (0, ""), out)
        self.assertIn(": as logged", out)
        status, out, _ = self.service.command("audit", "verify", "--key", self.export(self.service)[1])
        self.assertEqual(status, 0, out)

    def test_kill_9_contradicts_nothing(self):
        service = self.other_service()
        seen = []
        for i in range(0, FILES, 3):
            self.fetch(service, f"pkg{i}", f"pkg{i + 1}")
            seen.append(self.snapshot(service, f"seen{i}")[0])
            service.kill()
            service.start()
        self.fetch(service, "pkg2")
        self.verified_outside(service, *seen)
        status, out, err = service.command("audit", "verify")
        self.assertEqual(status, 0, out + err)
        for i in range(0, FILES, 3):  # what was acknowledged is there
            self.assertEqual(len(self.found(service, "--kind", "decision", "--what", f"pkg{i}-")), 1)

    def vkey(self, service, name="log"):
        a = service.ask(f"/-/keys/{name}.vkey")
        self.assertEqual(a.status, 200)
        return a.body.decode().rstrip("\n")

    def log_keys(self, service):
        return [k for k in json.loads(service.ask("/-/keys/").body)["keys"] if k["purpose"] == "log"]

    def handed_over(self, service, former):
        return service.ask(self.log_keys(service)[former]["checkpoint"]).status == 200

    def test_another_key_goes_on_with_the_log(self):
        service = self.other_service()
        self.fetch(service, "pkg0")
        first, _ = self.snapshot(service, "first")
        old = self.vkey(service)
        self.assertEqual(old, self.export(service)[1])
        status, out, err = service.command("keys", "rotate", "log", "--reason", "it is time")
        self.assertEqual(status, 0, out + err)
        self.fetch(service, "pkg1")
        self.eventually(lambda: self.handed_over(service, 0))
        second, _ = self.snapshot(service, "second")
        status, out, err = service.command("keys", "rotate", "log", "--reason", "once more")
        self.assertEqual(status, 0, out + err)
        service.kill()  # what hands over goes on by itself
        service.start()
        self.fetch(service, "pkg2")
        self.eventually(lambda: self.handed_over(service, 1))
        self.eventually(lambda: len([f for f in os.listdir(service.path("keys")) if f.startswith("log-")]) == 1)
        self.fetch(service, "pkg3")
        keys = self.log_keys(service)
        vkeys = [self.vkey(service, k["vkey"].split("/")[-1].removesuffix(".vkey")) for k in keys]
        self.assertEqual((len(set(vkeys)), vkeys[0], vkeys[2]), (3, old, self.vkey(service)))
        self.verified_outside(service, first, second, vkeys=vkeys)
        for vkey in vkeys:
            status, out, err = service.command("audit", "verify", "--key", vkey)
            self.assertEqual(status, 0, out + err)
        self.assertEqual([k["entry"]["purpose"] for k in self.found(service, "--kind", "key", "--who", "local:")],
                         ["log", "log"])

    def test_t26_who_is_erased_is_in_no_file_of_the_log(self):
        service = self.other_service()
        self.fetch(service, "pkg0")
        self.eventually(lambda: self.found(service, "--kind", "served", "--who", "127.0.0.1"))
        for wrong in (["--reason", "why"], ["--who", "127.0.0.1"], ["--entry", "x", "--reason", "why"]):
            self.assertEqual(service.command("audit", "erase", *wrong)[0], 2, wrong)
        status, out, err = service.command("audit", "erase", "--who", "127.0.0.1", "--reason", "was asked to")
        self.assertEqual((status, out), (
            0, "1 text erased; the log says that, by whom and why\ntexts that have it among other words stay: customhouse "
               "audit search --who finds them, --entry NUMBER erases one\n"), err)
        self.assertEqual(self.found(service, "--who", "127.0.0.1"), [])
        self.eventually(lambda: self.found(service, "--kind", "erased"))
        status, out, err = service.command("audit", "verify")
        self.assertEqual(status, 0, out + err)
        self.assertIn("; 1 texts were erased", out)
        self.assertEqual(service.command("audit", "erase", "--who", "127.0.0.1", "--reason", "again")[0], 1)

    def test_what_was_altered_is_named(self):
        service = self.other_service()
        self.fetch(service, "pkg0", "pkg1")
        service.stop()
        with sqlite3.connect(service.path("db/customhouse.db")) as db:
            db.execute("DROP TRIGGER decision_kept_u")
            db.execute("UPDATE decision SET verdict = 2 WHERE file_name LIKE 'pkg1-%'")
        db.close()
        status, out, _ = service.command("audit", "verify")
        self.assertEqual(status, 1, out)
        self.assertRegex(out, r"ALTERED database: decision [0-9]+: verdict is not what was logged \(entry [0-9]+: "
                              r'"allow"\)')
        with sqlite3.connect(service.path("db/customhouse.db")) as db:
            db.execute("UPDATE decision SET verdict = 1 WHERE file_name LIKE 'pkg1-%'")
        db.close()
        self.assertEqual(service.command("audit", "verify")[0], 0)
        with open(service.path("audit/entries/data"), "r+b") as f:
            f.seek(20)
            byte = f.read(1)[0]
            f.seek(20)
            f.write(bytes([byte ^ 1]))
        status, out, _ = service.command("audit", "verify")
        self.assertEqual(status, 1, out)
        self.assertIn("ALTERED entry 0 (genesis): its bytes are not those that were logged", out)
        self.assertNotIn("ALTERED database", out)
