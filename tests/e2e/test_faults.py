"""The machine and its people at fault: full disks, broken files, wrong configuration, signals."""
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import tempfile
import threading
import time
import unittest

from house.case import Alone, add_wheel, file_path, with_key
from house.clients import Client
from house.service import BIN, free_port


class Faults(Alone):
    def serve_fails(self, service, *args):
        """serve ends by itself, soon. (status, what it printed)"""
        done = subprocess.run([os.path.join(BIN, "customhouse"), "serve", "--state", service.state, *args],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.returncode, done.stdout

    # --- disks ---

    def test_disk_full(self):
        folder = self.tmpfs("64m")
        add_wheel(self.up, "early", "1.0")
        add_wheel(self.up, "bulky", "1.0", files={"bulky/data.bin": os.urandom(8 << 20)})
        add_wheel(self.up, "later", "1.0")
        service = self.service(folder=folder).start()
        self.assertEqual(service.ask(file_path("early", "1.0")).status, 200)
        filler = self.fill_disk(folder, 1 << 20)
        a = service.ask(file_path("bulky", "1.0"))
        self.assertGreaterEqual(a.status, 500, a)
        self.assertNotEqual(a.body[:2], b"PK")
        self.assertEqual(service.ask(file_path("early", "1.0")).status, 200)
        # T4: revocation never waits for the disk
        os.truncate(filler, 0)
        self.fill_disk(folder, 0)
        service.command("deny", "pypi:early", "--reason", "found out")
        self.assertEqual(service.ask(file_path("early", "1.0")).status, 403)
        os.unlink(filler)
        self.eventually(lambda: service.ask(file_path("bulky", "1.0")).status == 200, 60)
        self.assertEqual(service.ask(file_path("later", "1.0")).status, 200)
        self.assertEqual(service.ask(file_path("early", "1.0")).status, 403)

    def test_log_disk_full(self):
        """The audit log lies on a disk of its own, which is full: nothing new is allowed, and that is told."""
        for name in ("early", "young"):
            add_wheel(self.up, name, "1.0", days=1)
        service = self.service()
        os.makedirs(service.path("audit"), mode=0o700, exist_ok=True)
        folder = self.tmpfs("9m", service.path("audit"))  # less than the log reserves in advance
        service.start()
        self.assertEqual(service.ask(file_path("early", "1.0")).status, 403)
        self.assertEqual(service.ask(file_path("young", "1.0")).status, 403)
        status, out, err = service.command("approve", "pypi:early==1.0", "--reason", "read", "--expires", "3d")
        self.assertEqual(status, 0, out + err)
        self.assertEqual(service.ask(file_path("early", "1.0")).status, 200)
        filler = self.fill_disk(folder, 0)
        for i in range(100):  # the last blocks that it has take some entries yet
            if service.ask("/-/ready").body != b"ready\n":
                break
            service.command("deny", f"pypi:other{i}", "--reason", "unwanted")

        status, out, err = service.command("approve", "pypi:young==1.0", "--reason", "read", "--expires", "3d")
        self.assertEqual(status, 1, out + err)
        self.assertNotIn("now: allow", out)
        self.assertIn("now: hold, the audit log does not have it yet", out)
        self.assertIn("is recorded, and takes effect by itself once the audit log has it", err)
        a = service.ask("/-/ready")
        self.assertEqual(a.status, 200, a)  # it serves what was allowed: who balances load must not take it out
        self.assertIn("ready, but the audit log cannot be written", a.body.decode())
        self.assertIn("customhouse_audit_writable 0", service.ask("/-/metrics").body.decode())
        status, out, err = service.command("status")
        self.assertEqual(status, 1, out + err)
        self.assertIn("the audit log CANNOT be written", out)
        self.assertNotEqual(service.ask(file_path("young", "1.0") + "?wait=99").status, 200)
        self.assertEqual(service.ask(file_path("early", "1.0")).status, 200)
        status, out, err = service.command("exceptions", "revoke", "1", "--reason", "found out")
        self.assertEqual(status, 0, out + err)
        self.assertEqual(service.ask(file_path("early", "1.0")).status, 403)

        os.unlink(filler)
        self.eventually(lambda: service.ask("/-/ready").body == b"ready\n", 30)
        self.assertEqual(service.ask(file_path("young", "1.0")).status, 200)
        self.assertEqual(service.ask(file_path("early", "1.0")).status, 403)
        self.assertEqual(service.command("status")[0], 0)
        status, out, err = service.command("audit", "verify")
        self.assertEqual(status, 0, out + err)

    def test_corrupt_database(self):
        service = self.service().start()
        add_wheel(self.up, "some", "1.0")
        self.assertEqual(service.ask(file_path("some", "1.0")).status, 200)
        service.stop()
        path = service.path("db/customhouse.db")
        for what, spoil in (("no database at all", lambda f: f.write(b"not a database" * 100)),
                            ("pages overwritten", lambda f: (f.seek(4096), f.write(os.urandom(1 << 16))))):
            with self.subTest(what=what):
                with open(path, "rb") as f:
                    whole = f.read()
                with open(path, "r+b") as f:
                    spoil(f)
                status, text = self.serve_fails(service)
                self.assertIn("customhouse.db", text)
                with open(path, "wb") as f:
                    f.write(whole)
        service.start()
        self.assertEqual(service.ask(file_path("some", "1.0")).status, 200)

    def test_a_database_that_was_lost_is_missed(self):
        """T4, T7, T12: what is denied, and seen first when, is there alone."""
        for name in ("some", "bad"):
            add_wheel(self.up, name, "1.0")
        service = self.service().start()
        for name in ("some", "bad"):
            self.assertEqual(service.ask(file_path(name, "1.0")).status, 200)
        service.stop()
        shutil.copytree(service.path("db"), service.path("older"))
        service.start()
        status, out, err = service.command("deny", "pypi:bad", "--reason", "found out")
        self.assertEqual(status, 0, out + err)
        service.stop()
        os.rename(service.path("db"), service.path("newest"))
        for what, lost in (("empty", lambda: os.mkdir(service.path("db"))), ("gone", lambda: None),
                           ("older", lambda: shutil.copytree(service.path("older"), service.path("db"))),
                           ("gone, with the log", lambda: os.rename(service.path("audit"), service.path("log2")))):
            with self.subTest(what=what):
                lost()
                _, text = self.serve_fails(service)
                self.assertIn("db/customhouse.db of the state folder is ", text)
                self.assertIn("Restore the newest backup of db/", text)
                shutil.rmtree(service.path("db"))
        shutil.rmtree(service.path("audit"))
        os.rename(service.path("log2"), service.path("audit"))
        os.rename(service.path("newest"), service.path("db"))
        shutil.rmtree(service.path("served"))  # is made anew of what is allowed
        service.start()
        self.assertEqual(service.ask(file_path("some", "1.0")).status, 200)
        self.assertEqual(service.ask(file_path("bad", "1.0")).status, 403)
        self.assertEqual(service.command("status")[0], 0)
        service.stop()
        shutil.rmtree(service.path("keys"))
        add_wheel(self.up, "later", "1.0")
        service.start(log=False)
        self.assertEqual(service.ask(file_path("bad", "1.0")).status, 403)
        self.assertNotEqual(service.ask(file_path("later", "1.0") + "?wait=29").status, 200)
        status, out, err = service.command("status")
        self.assertEqual(status, 1, out + err)
        self.assertIn("the audit log CANNOT be written, so nothing new is allowed: ", out)

    def test_a_newer_schema_is_refused(self):
        service = self.service().start()
        service.stop()
        db = sqlite3.connect(service.path("db/customhouse.db"))
        db.execute("PRAGMA user_version = 1000")
        db.commit()
        db.close()
        status, text = self.serve_fails(service)
        self.assertRegex(text, "newer|1000")

    def test_database_locked_by_another_process(self):
        add_wheel(self.up, "calm", "1.0")
        add_wheel(self.up, "fresh", "1.0")
        service = self.service().start()
        self.assertEqual(service.ask(file_path("calm", "1.0")).status, 200)
        db = sqlite3.connect(service.path("db/customhouse.db"), isolation_level=None, timeout=5)
        db.execute("BEGIN IMMEDIATE")
        a = service.ask(file_path("fresh", "1.0"))
        self.assertNotEqual(a.status, 200, a)
        status, out, err = service.command("deny", "pypi:calm", "--reason", "at once")
        self.assertEqual(service.ask(file_path("calm", "1.0")).status, 403, out + err)
        db.execute("ROLLBACK")
        db.close()
        self.eventually(lambda: service.ask(file_path("fresh", "1.0")).status == 200, 60)

    # --- configuration ---

    def reload(self, service):
        before = len(service.log_lines)
        service.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: len(service.log_lines) > before)
        time.sleep(1)
        return "".join(service.log_lines[before:])

    def test_sighup_with_a_mistake_keeps_the_old(self):
        add_wheel(self.up, "new", "1.0", days=3)
        service = self.service().start()
        self.assertEqual(service.ask(file_path("new", "1.0")).status, 403)
        for name, text, found in (("policy.yaml", "version: 1\ncool_down_days: soon\n", ":2:17"),
                                  ("policy.yaml", "version: 1\ncooldown_days: 0\n", ":2:1:"),
                                  ("customhouse.yaml", "listen: nowhere\n", ":1:"),
                                  ("policy.yaml", "version: 1\n\tcool_down_days: 0\n", ":2:")):
            with self.subTest(text=text):
                with open(service.path(name)) as f:
                    old = f.read()
                service.edit(name, lambda _old: text)
                said = self.reload(service)
                self.assertIn(name + found, said)
                status, out, err = service.command("check")
                self.assertEqual(status, 2, out)
                self.assertIn(name + found, err)
                self.assertEqual(service.ask(file_path("new", "1.0")).status, 403)
                service.edit(name, lambda _old: old)
        self.assertEqual(service.command("check")[0], 0)

    def test_sighup_with_another_address_says_when(self):
        service = self.service().start()
        other = f"127.0.0.1:{free_port()}"
        service.edit("customhouse.yaml", lambda t: with_key(t.replace(f"127.0.0.1:{service.port}", other), "gateways", 1))
        service.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: "listen changes with the next start" in service.log())
        self.assertIn('key=processes.gateways note="changes with the next start"', service.log())
        self.assertIn(other, service.log())
        self.assertEqual(service.ask("/-/ready").status, 200)

    def test_sighup_takes_a_new_policy_over(self):
        add_wheel(self.up, "new", "1.0", days=3)
        service = self.service().start()
        self.assertEqual(service.ask(file_path("new", "1.0")).status, 403)
        service.edit("policy.yaml", lambda t: with_key(t, "cool_down_days", 1))
        self.reload(service)
        self.eventually(lambda: service.ask(file_path("new", "1.0")).status == 200)
        service.edit("policy.yaml", lambda t: with_key(t, "cool_down_days", 7))
        self.reload(service)
        self.eventually(lambda: service.ask(file_path("new", "1.0")).status == 403)

    def test_configuration_mistakes_end_serve_with_2(self):
        rows = [("customhouse.yaml", lambda t: t + "\nunknown_key: 1\n", "unknown_key"),
                ("customhouse.yaml", lambda t: t.replace("environment: prod", "environment: moon", 1), "preprod"),
                ("customhouse.yaml", lambda t: with_key(t, "index_refresh_seconds", "often"), "often"),
                ("policy.yaml", lambda t: t + "\nversion: 1\n", "version"),
                ("policy.yaml", lambda t: "", "policy.yaml")]
        for name, change, found in rows:
            with self.subTest(name=name, found=found):
                service = self.service()
                service.edit(name, change)
                status, text = self.serve_fails(service)
                self.assertEqual(status, 2, text)
                self.assertIn(found, text)
                self.assertRegex(text, name + r":\d+:\d+" if found != "policy.yaml" else name)

    def test_listening_elsewhere_needs_tls(self):
        service = self.service()
        service.edit("customhouse.yaml", lambda t: t.replace("127.0.0.1:" + str(service.port),
                                                             f"0.0.0.0:{service.port}"))
        status, text = self.serve_fails(service)
        self.assertEqual(status, 2, text)
        self.assertRegex(text, "insecure")
        status, text = self.serve_fails(self.service(), "--listen", f"0.0.0.0:{free_port()}")
        self.assertEqual(status, 2, text)

    def test_no_upstream_is_said(self):
        folder = tempfile.mkdtemp(prefix="ch-e2e-")
        self.addCleanup(subprocess.run, ["rm", "-rf", folder])
        env = {"PATH": "/nonexistent", "HOME": folder}
        done = subprocess.run([os.path.join(BIN, "customhouse"), "serve", "--state", folder + "/state"],
                              capture_output=True, text=True, env=env, timeout=60)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("--pypi-upstream", done.stdout + done.stderr)

    def test_credentials_that_others_may_read(self):
        service = self.service()
        os.chmod(service.path("credentials.yaml"), 0o644)
        status, text = self.serve_fails(service)
        self.assertIn("credentials.yaml", text)

    # --- the state folder ---

    def test_second_serve_on_the_same_state(self):
        service = self.service().start()
        status, text = self.serve_fails(service, "--listen", f"127.0.0.1:{free_port()}")
        self.assertEqual(status, 2, text)
        self.assertEqual(service.ask("/-/ready").status, 200)

    def test_state_path_too_long_for_its_socket(self):
        folder = tempfile.mkdtemp(prefix="ch-e2e-")
        self.addCleanup(subprocess.run, ["rm", "-rf", folder])
        long = os.path.join(folder, "x" * 60, "y" * 60)
        done = subprocess.run([os.path.join(BIN, "customhouse"), "serve", "--state", long, "--listen",
                               f"127.0.0.1:{free_port()}", "--pypi-upstream", self.up.url],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("path", done.stdout)
        self.assertEqual(os.listdir(folder), [])  # nothing was made

    def test_state_behind_a_link(self):
        """A folder that was moved to a larger disk, the way to it open to everybody."""
        service = self.service()
        os.chmod(service.dir, 0o755)
        os.rename(service.state, service.state + ".moved")
        os.symlink(service.state + ".moved", service.state)
        add_wheel(self.up, "some", "1.0")
        service.start()
        self.assertEqual(service.ask(file_path("some", "1.0")).status, 200)
        self.assertEqual(service.command("status")[0], 0)

    def test_permissions(self):
        service = self.service().start()
        at = [os.path.join(d, f) for d, _, fs in os.walk(service.state) for f in fs + [""]]
        sockets = [p for p in at if stat.S_ISSOCK(os.lstat(p).st_mode)]
        self.assertEqual(len(sockets), 1)
        self.assertEqual(sockets[0], service.path("run/control.sock"))
        self.assertEqual(stat.S_IMODE(os.stat(sockets[0]).st_mode), 0o666)  # the keeper asks who it is
        # the way to the socket; and a gateway walks through audit/ to its public part before it is in its group
        walked = [os.path.join(service.state, d, "") if d else os.path.join(service.state, "")
                  for d in ("", "run", "audit")]
        for path in at:
            mode = os.lstat(path).st_mode
            if path not in sockets:
                self.assertFalse(mode & (0o006 if path in walked else 0o007), f"{path} {stat.filemode(mode)}")

    def test_the_mask_of_who_starts_it_changes_nothing(self):
        modes = []
        for mask in (0o022, 0o777, 0o000):
            folder = tempfile.mkdtemp(prefix="ch-e2e-mask-")
            self.addCleanup(shutil.rmtree, folder)
            state = os.path.join(folder, "state")
            done = subprocess.run([os.path.join(BIN, "customhouse"), "init", "--state", state, "--pypi-upstream", self.up.url],
                                  capture_output=True, text=True, timeout=60, preexec_fn=lambda mask=mask: os.umask(mask))
            self.assertEqual(done.returncode, 0, done.stderr)
            modes.append({re.sub("[0-9a-f]{16}", "KEY", os.path.relpath(os.path.join(d, f), state)): stat.filemode(os.lstat(os.path.join(d, f)).st_mode)
                          for d, _, files in os.walk(state) for f in files + [""]})
        self.assertEqual(modes[1], modes[0])
        self.assertEqual(modes[2], modes[0])

    def test_status_for_programs(self):
        service = self.service().start()
        status, out, err = service.command("status", "--json")
        self.assertEqual(status, 0, out + err)
        told = json.loads(out)
        self.assertEqual([(r["name"], r["ecosystem"], r["environment"]) for r in told["repositories"]],
                         [("pypi", "pypi", "prod")])
        self.assertLessEqual({p["pid"] for p in told["processes"]}, set(service.processes()))
        self.assertLessEqual({"keeper/0", "gateway/0", "fetcher/0", "scanner-strict/0", "scanner-second/0"},
                             {p["name"] for p in told["processes"]})
        for p in told["processes"]:
            self.assertEqual(p["restarts"], 0)
            self.assertIn("seccomp", p["confinement"])

    def test_another_user_is_not_heard(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to be another user")
        service = self.service().start()
        status, out, err = service.command("deny", "pypi:x", "--reason", "mine", uid=65534, timeout=30)
        self.assertEqual(status, 1, out + err)
        self.assertIn("not permitted: uid 65534 is no user here", out + err)

    def test_bytes_changed_on_the_disk_are_not_taken_for_the_file(self):
        f = add_wheel(self.up, "rotten", "1.0")
        service = self.service().start()
        self.assertEqual(service.ask(file_path("rotten", "1.0")).status, 200)
        service.stop()
        for d, _, names in os.walk(service.path("served")):
            for name in names:
                os.unlink(os.path.join(d, name))
        blob = service.path(f"blobs/sha256/{f.sha256[:2]}/{f.sha256[2:]}")
        os.unlink(blob)
        service.start()
        self.assertEqual(service.ask(file_path("rotten", "1.0")).body, f.data)  # fetched again

    # --- signals ---

    def test_sigterm_drains(self):
        add_wheel(self.up, "large", "1.0", files={"large/data.bin": os.urandom(32 << 20)})
        service = self.service().start()
        self.assertEqual(service.ask(file_path("large", "1.0")).status, 200)
        size = len(self.up.projects["large"][0].data)
        got = []

        def slowly():
            with socket.create_connection(("127.0.0.1", service.port)) as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
                s.sendall(f"GET {file_path('large', '1.0')} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                          "Connection: close\r\n\r\n".encode())
                while True:
                    piece = s.recv(1 << 20)
                    if not piece:
                        return
                    got.append(len(piece))
                    time.sleep(0.01)
        thread = threading.Thread(target=slowly)
        thread.start()
        self.eventually(lambda: got)
        service.process.send_signal(signal.SIGTERM)
        self.eventually(lambda: "event=draining" in service.log())

        def refused():
            try:
                socket.create_connection(("127.0.0.1", service.port)).close()
                return False
            except ConnectionRefusedError:
                return True
        self.eventually(refused)
        self.assertTrue(thread.is_alive())  # the port is closed though somebody is still served
        self.assertEqual(service.process.wait(30), 0, service.log())  # a second signal would hurry it
        thread.join(10)
        self.assertGreater(sum(got), size)
        self.assertFalse(service.processes())

    def test_everything_ends_with_the_supervisor(self):
        service = self.service().start()
        pids = list(service.processes())
        self.assertGreaterEqual(len(pids), 5)
        service.kill()
        self.eventually(lambda: not any(os.path.exists(f"/proc/{p}") for p in pids))
        service.start()
        with Client("uv") as client:
            add_wheel(self.up, "again", "1.0")
            status, text = client.install(service.url + "/pypi/simple/", "again")
            self.assertEqual(status, 0, text)


if __name__ == "__main__":
    unittest.main()
