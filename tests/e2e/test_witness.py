"""The audit log cosigned by witnesses, which are processes of their own: kill -9 of each of them and of the service in
between, and a log that was forked."""
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request

from house.case import Quarantine, add_wheel, file_path
from house.receivers import Hook, make_certificates
from house.service import BIN, Service
from house.witnesses import SUBMIT, Witness
from test_log import outside_program

FILES = 24
DASH = "\u2014 "


class Witnessed(Quarantine):
    @classmethod
    def fill(cls):
        for i in range(FILES):
            add_wheel(cls.up, f"pkg{i}", "1.0")

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="ch-witness-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.hook = Hook()
        self.addCleanup(self.hook.close)
        secret = os.path.join(self.dir, "secret")
        with open(secret, "w", opener=lambda p, flags: os.open(p, flags, 0o600)) as f:
            f.write(self.hook.secret + "\n")
        hooks = f"\nwebhooks:\n  - {{name: hook, url: '{self.hook.url}', secret_file: {secret}, events: [log]}}\n"
        self.next = 0
        self.log = Service(self.up.url, configure=lambda text: text + hooks)
        self.addCleanup(self.log.remove)
        self.log.start()
        vkey = self.log.ask("/-/keys/log.vkey").body.decode().strip()
        self.witnesses = [Witness(self.dir, name, [vkey]).start() for name in ("w0", "w1")]
        for w in self.witnesses:
            self.addCleanup(w.stop)
        # the order of a real site: they need the log's key, and the log theirs
        entries = "".join(f"  - {{name: {w.name}, url: '{w.url}', vkey: '{w.vkey}'}}\n" for w in self.witnesses)
        self.log.edit("customhouse.yaml", lambda text: text + "witnesses:\n" + entries)
        self.log.process.send_signal(signal.SIGHUP)

    def grow(self, files=1):
        for _ in range(files):
            self.assertEqual(self.log.ask(file_path(f"pkg{self.next}", "1.0")).status, 200)
            self.next += 1

    def note(self, name):
        """(size, root, names of those who signed) of a published checkpoint; None: there is none."""
        a = self.log.ask("/-/audit/" + name)
        if a.status == 404:
            return None
        self.assertEqual(a.status, 200, a)
        text, lines = a.body.decode().rsplit("\n\n", 1)
        _origin, size, root = text.split("\n")[:3]
        return int(size), root, [line.split(" ")[1] for line in lines.splitlines() if line.startswith(DASH)]

    def names(self):
        return {w.vkey.split("+")[0] for w in self.witnesses}

    def cosigned_all(self):
        """The newest checkpoint, once both have cosigned it."""
        newest = self.note("checkpoint")
        return newest if self.names() <= set(newest[2]) and self.note("cosigned") == newest else None

    def status_of(self, name):
        status, out, err = self.log.command("status", "--json")
        self.assertEqual(status, 0, err)
        return next(d for d in json.loads(out)["destinations"] if (d["kind"], d["name"]) == ("witnesses", name))

    def snapshot(self, name):
        """What is public, in a folder as C2SP lays it out."""
        size = int(self.log.ask("/-/audit/checkpoint").body.split(b"\n")[1])
        self.assertLess(size, 256)
        for path in ("checkpoint", "cosigned", f"tile/0/000.p/{size}"):
            a = self.log.ask("/-/audit/" + path)
            full = os.path.join(self.dir, name, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            if path == "checkpoint" and int(a.body.split(b"\n")[1]) != size:
                return self.snapshot(name)
            with open(full, "wb") as f:
                f.write(a.body)
        return os.path.join(self.dir, name)

    def verified(self, *before):
        """By other people's code, and by `customhouse audit`."""
        status, entries, err = self.log.command("audit", "export")
        self.assertEqual(status, 0, err)
        path = os.path.join(self.dir, "entries")
        with open(path, "w") as f:
            f.write(entries)
        vkeys = ",".join(w.vkey for w in self.witnesses)
        log = json.loads(entries.splitlines()[0])["vkey"]
        now = self.snapshot("now")
        done = subprocess.run([outside_program(), "-entries", path, "-witness", vkeys, log, *before, now],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"2 witnesses have cosigned \d+ entries")
        status, out, err = self.log.command("audit", "verify")
        self.assertEqual(status, 0, out + err)
        self.assertRegex(out, r"; cosigned by 2 of 2 witnesses at \d+ entries, .*: as logged")
        return log, now

    def test_two_cosign_each_checkpoint(self):
        self.grow(2)
        self.eventually(self.cosigned_all, 20)
        log, now = self.verified()
        for w in self.witnesses:
            self.assertEqual(self.status_of(w.name)["error"], "")
            self.assertEqual(len(w.said("contradiction") + w.said("no-growth")), 0)
        _status, out, _err = self.log.command("status")
        self.assertRegex(out, r"(?m)^witnesses/w0: cosigned \d+ of \d+ entries, ")
        both = [word for w in self.witnesses for word in ("--witness", w.vkey)]
        status, out, err = self.log.command("audit", "verify", *both)
        self.assertEqual(status, 0, out + err)
        # one that has not cosigned is missed, by both
        stranger = Witness(self.dir, "w9", [log]).start()
        self.addCleanup(stranger.stop)
        status, out, err = self.log.command("audit", "verify", *both, "--witness", stranger.vkey)
        self.assertEqual(status, 1, out + err)
        self.assertIn("the cosigned checkpoint: not by witness " + stranger.vkey.split("+")[0], out)
        done = subprocess.run([outside_program(), "-entries", os.path.join(self.dir, "entries"), "-witness",
                               stranger.vkey, log, now], capture_output=True, text=True)
        self.assertEqual((done.returncode, "cosigned by 0 of 1 witnesses" in done.stderr), (1, True), done)
        # a forged cosignature is none
        path = self.log.path("audit/public/cosigned")
        self.log.stop()
        with open(path) as f:
            text = f.read()
        at = text.rindex("=") - 12
        with open(path, "w") as f:
            f.write(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:])
        status, out, err = self.log.command("audit", "verify")
        self.assertEqual(status, 1, out + err)
        self.assertRegex(out, "ALTERED the cosigned checkpoint: witness .* is wrong")

    def test_kill_9_contradicts_nothing(self):
        seen, cosigned = [], []
        for i in range(3):
            self.grow(2)
            cosigned.append(self.eventually(self.cosigned_all, 30))
            seen.append(self.snapshot(f"seen{i}"))
            w = self.witnesses[i % 2]
            w.kill()
            self.grow()
            before, vkey = self.note("cosigned"), w.vkey
            if i >= 1:  # both at once
                self.log.kill()
                self.log.start()
                self.assertGreaterEqual(self.note("cosigned")[0], before[0])
                self.grow()
            w.start()
            self.assertEqual(w.vkey, vkey)
        self.eventually(self.cosigned_all, 30)
        self.verified(*seen)
        self.assertEqual(sorted(cosigned), cosigned)
        for w in self.witnesses:
            self.assertEqual(w.said("contradiction") + w.said("no-growth"), [])
            self.assertEqual(self.eventually(lambda w=w: w.stop() == 0), True)

    def test_a_forked_log_is_refused_and_said(self):
        self.grow()
        self.eventually(self.cosigned_all, 20)
        self.log.stop()
        fork = os.path.join(self.dir, "fork")
        shutil.copytree(self.log.state, fork, symlinks=True, ignore=shutil.ignore_patterns("control.sock"))
        self.log.start()
        self.grow(3)
        honest = self.eventually(self.cosigned_all, 20)
        self.log.stop()
        kept = os.path.join(self.dir, "kept")
        os.rename(self.log.state, kept)
        os.rename(fork, self.log.state)
        # the copy has the same keys, and grows differently: fewer entries at first, then more
        self.log.start()
        told = self.eventually(lambda: self.hook.of("checkpoint.trouble"), 30)
        self.assertEqual(told[0]["data"]["fault"], "contradiction")
        self.assertRegex(self.status_of("w0")["error"], r"it has cosigned (\d+ entries, where this|another tree)")
        self.grow(4)
        self.assertGreater(self.note("checkpoint")[0], honest[0])
        self.eventually(lambda: all(w.said("no-growth") + w.said("contradiction") for w in self.witnesses), 60)
        self.eventually(lambda: "another tree" in self.status_of("w1")["error"], 60)
        self.assertNotEqual(self.note("cosigned"), honest)
        self.assertLess(self.note("cosigned")[0], honest[0])  # what both histories have
        status, out, err = self.log.command("audit", "verify")  # by itself it is in order: that is what witnesses are for
        self.assertEqual(status, 0, out + err)
        told = [json.loads(line)["entry"] for line in self.log.command("audit", "search", "--kind", "witness")[1].splitlines()]
        self.assertEqual({(e["name"], e["fault"], e["over"]) for e in told},
                         {("w0", "contradiction", False), ("w1", "contradiction", False)})
        # the honest one goes on where it was
        self.log.stop()
        shutil.rmtree(self.log.state)
        os.rename(kept, self.log.state)
        self.log.start()
        self.grow()
        self.eventually(self.cosigned_all, 60)
        self.verified()

    def test_what_it_takes_and_what_not(self):
        w = self.witnesses[0]
        self.eventually(self.cosigned_all, 20)
        size = self.note("cosigned")[0]
        note = self.log.ask("/-/audit/checkpoint").body
        def submit(body):
            try:
                with urllib.request.urlopen(urllib.request.Request(w.url + SUBMIT, data=body), timeout=10) as r:
                    return r.status, r.headers["Content-Type"], r.read()
            except urllib.error.HTTPError as e:
                return e.code, e.headers["Content-Type"], e.read()
        status, kind, body = submit(b"old 0\n\n" + note)
        self.assertEqual((status, kind), (409, "text/x.tlog.size"))
        self.assertGreaterEqual(int(body), size)
        self.assertEqual(submit(b"old 0\n\n" + note.replace(b"customhouse/audit", b"customhouse/other"))[0], 404)
        self.assertEqual(submit(b"old 0\n\n" + re.sub(rb"\n\d+\n", b"\n999\n", note, count=1))[0], 403)
        self.assertEqual(submit(b"old 0\n" + note)[0], 400)
        self.assertEqual(submit(b"\0" * 100)[0], 400)
        # what it needs to start, and what it may do then
        for words, expected in ((["--listen", "0.0.0.0:0"], "other than loopback needs TLS"),
                                (["--state", self.log.state, "--listen", "127.0.0.1:0"], "a folder of its own"),
                                (["--state", w.state, "--listen", "127.0.0.1:0"], "another witness runs on it"),
                                (["--log", "nonsense", "--listen", "127.0.0.1:0"], "expected NAME+ID+BASE64")):
            if "--state" not in words:
                words = ["--state", os.path.join(self.dir, "none"), *words]
            if "--log" not in words:
                words = ["--log", w.logs[0], *words]
            done = subprocess.run([os.path.join(BIN, "customhouse"), "witness", *words], capture_output=True, text=True,
                                  timeout=20)
            self.assertIn(done.returncode, (1, 2), done)
            self.assertIn(expected, done.stderr)
        with open(f"/proc/{w.process.pid}/status") as f:
            text = f.read()
        self.assertRegex(text, r"(?m)^NoNewPrivs:\s+1$")
        self.assertRegex(text, r"(?m)^Seccomp:\s+2$")
        self.assertRegex(text, r"(?m)^CapEff:\s+0+$")
        keys = os.path.join(w.state, "keys")
        self.assertEqual([oct(os.stat(os.path.join(keys, f)).st_mode & 0o777) for f in os.listdir(keys)], ["0o600"])
        # it outlives the shell that started it
        w = Witness(self.dir, "alone", w.logs)
        quoted = " ".join("'" + word + "'" for word in w.words())
        out = os.path.join(self.dir, "out")
        pid = int(subprocess.run(["sh", "-c", f"{quoted} >{out} 2>&1 & echo $!"], capture_output=True, text=True,
                                 check=True).stdout)
        self.addCleanup(lambda: os.kill(pid, signal.SIGKILL))
        self.eventually(lambda: "event=serving" in open(out).read(), 20)
        with urllib.request.urlopen(urllib.request.Request(
                w.url + SUBMIT, data=b"old 0\n\n" + self.log.ask("/-/audit/checkpoint").body), timeout=10) as r:
            self.assertEqual(r.status, 200)

    def test_what_is_renewed_it_takes_while_it_runs(self):
        def make(name):
            folder = os.path.join(self.dir, name)
            os.mkdir(folder)
            return make_certificates(folder)

        def shown():
            return ssl.get_server_certificate(("127.0.0.1", w.port))

        def submit():
            note = self.log.ask("/-/audit/checkpoint").body
            request = urllib.request.Request(f"https://127.0.0.1:{w.port}{SUBMIT}", data=b"old 0\n\n" + note)
            try:
                with urllib.request.urlopen(request, timeout=10, context=ssl._create_unverified_context()) as r:
                    return r.status
            except urllib.error.HTTPError as e:
                return e.code
        # another key has the log, and nobody has told the witness yet
        old = self.log.ask("/-/keys/log.vkey").body.decode()
        status, out, err = self.log.command("keys", "rotate", "log", "--reason", "it is time")
        self.assertEqual(status, 0, out + err)
        self.grow()
        self.eventually(lambda: len([f for f in os.listdir(self.log.path("keys")) if f.startswith("log-")]) == 1)
        self.grow()
        logs, first, second = os.path.join(self.dir, "logs"), make("first"), make("second")
        with open(logs, "w") as f:
            f.write("# the log here\n" + old)
        w = Witness(self.dir, "renewed", [], ["--logs", logs, "--tls-certificate", first["server.pem"], "--tls-key",
                                              first["server.key"]]).start()
        self.addCleanup(w.stop)
        self.assertEqual(submit(), 403)
        before = shown()
        # all of it or nothing
        for name in ("server.pem", "server.key"):
            os.replace(second[name], first[name])
        with open(logs, "a") as f:
            f.write("nonsense\n")
        w.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: w.said("not-reloaded"))
        self.assertIn("line 3: ", w.said("not-reloaded")[0])
        self.assertEqual((shown(), submit()), (before, 403))
        with open(logs, "w") as f:
            f.write(old + self.log.ask("/-/keys/log.vkey").body.decode())
        w.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: w.said("reloaded"))
        self.assertNotEqual(shown(), before)
        self.assertEqual(submit(), 200)
        self.assertEqual(w.stop(), 0)
