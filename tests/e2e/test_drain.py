"""SIGTERM, when it comes at a bad time: who reads slowly, what is under way, and what must not be lost by it."""
import hashlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from house.case import Alone, add_wheel, file_path, with_key
from house.killing import Load
from house.service import BIN, free_port

GATEWAYS_S = 20  # they may take so long to finish what they are sending


class Reader:
    """A download, at so many bytes a second; `whole` is what came, without its head."""

    def __init__(self, service, path, rate):
        self.rate, self.data, self.ended_at, self.quit = rate, bytearray(), None, threading.Event()
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", service.port))
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        started = time.monotonic()
        try:
            while not self.quit.is_set():
                piece = self.socket.recv(65536)
                if not piece:
                    break
                self.data += piece
                self.quit.wait(min(1, max(0, started + len(self.data) / self.rate - time.monotonic())))
        except OSError:
            pass  # cut
        self.ended_at = time.monotonic()
        self.socket.close()

    def status(self):
        return int(self.data.split(b" ", 2)[1]) if self.data else None

    def whole(self):
        return bytes(self.data.partition(b"\r\n\r\n")[2])


class Ending(Alone):
    def terminate(self, service, within, status=0):
        """SIGTERM, and all has ended within so many seconds. How long it took."""
        started = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        return self.has_ended(service, started, within, status)

    def has_ended(self, service, since, within, status=0):
        try:
            code = service.process.wait(max(0, since + within - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.fail(f"not ended within {within} s: {service.log()[-3000:]}")
        self.assertEqual(code, status, service.log()[-3000:])
        took = time.monotonic() - since
        service.reader.join(5)
        self.assertEqual([pid for pid in service.left_over() if os.path.exists(f"/proc/{pid}")], [])
        return took

    def young(self, name):
        """A file in cool-down, which only an approval lets out."""
        return add_wheel(self.up, name, "1.0", days=1)

    def approve(self, service, name):
        return service.command("approve", f"pypi:{name}==1.0", "--reason", "seen", "--expires", "14d")

    def is_served(self, service, name, seconds=30):
        self.eventually(lambda: service.ask(file_path(name, "1.0")).status == 200, seconds)

    def in_thread(self, work):
        """(thread, list that gets what `work` returns)"""
        got = []
        thread = threading.Thread(target=lambda: got.append(work()), daemon=True)
        thread.start()
        return thread, got

    def whole_again(self, service):
        status, out, err = service.command("audit", "verify")
        self.assertEqual(status, 0, out + err)


class SlowReaders(Ending):
    def test_who_can_be_finished_is_and_the_rest_is_cut(self):
        """A download of 30 MB, a file that is still fetched and inspected for somebody, an approval that waits
        for its inspection: all end well. Who would take for ever is cut, after 20 s."""
        large = add_wheel(self.up, "large", "1.0", files={"large/data.bin": os.urandom(30 << 20)})
        late, early = add_wheel(self.up, "late", "1.0"), self.young("early")
        service = self.service().start()
        self.assertEqual(service.ask(file_path("large", "1.0")).status, 200)
        idle = socket.create_connection(("127.0.0.1", service.port))
        idle.sendall(b"GET /-/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        self.assertIn(b" 200 ", idle.recv(65536))
        moderate = Reader(service, file_path("large", "1.0"), 8 << 20)
        slow = Reader(service, file_path("large", "1.0"), 20000)
        self.eventually(lambda: moderate.data and slow.data)
        self.up.trickle_s = 3.0
        waiting = Reader(service, file_path("late", "1.0"), 8 << 20)
        command, approved = self.in_thread(lambda: self.approve(service, "early"))
        for f in (late, early):
            self.eventually(lambda f=f: f"/files/{f.name}" in self.up.asked)
        since = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        idle.settimeout(5)
        self.assertEqual(idle.recv(1), b"")  # who has asked for nothing holds nothing up
        idle.close()
        for reader, f in ((moderate, large), (waiting, late)):
            reader.thread.join(GATEWAYS_S)
            self.assertEqual(reader.status(), 200)
            self.assertEqual(hashlib.sha256(reader.whole()).hexdigest(), f.sha256)
            self.assertLess(reader.ended_at - since, GATEWAYS_S)
        command.join(GATEWAYS_S)
        self.assertEqual(approved[0][0], 0, approved)
        self.assertLess(time.monotonic() - since, GATEWAYS_S - 2)  # else this has seen nothing
        self.assertIsNone(service.process.poll())
        took = self.has_ended(service, since, GATEWAYS_S + 15)
        self.assertGreaterEqual(took, GATEWAYS_S - 0.5)
        slow.rate = 1 << 40  # what the kernel had taken for it still comes
        slow.thread.join(30)
        self.assertLess(len(slow.data), len(large.data))
        self.assertIn("event=drain-late of=gateway", service.log())
        self.up.trickle_s = 0.0
        service.start()
        self.is_served(service, "early")
        self.whole_again(service)


class Drain(Ending):
    def test_what_is_inspected_is_inspected_after_the_next_start(self):
        f = add_wheel(self.up, "slow", "1.0")
        service = self.service().start()
        scanners = [pid for pid, name in service.processes().items() if name == "scanner"]
        self.assertEqual(service.ask("/pypi/simple/slow/").status, 200)
        for pid in scanners:
            os.kill(pid, signal.SIGSTOP)
        reader = Reader(service, file_path("slow", "1.0"), 1 << 20)

        def inspecting():
            status, out, err = service.command("queue", "--json")
            self.assertEqual(status, 0, out + err)
            return any(e["state"] == "inspecting" for e in json.loads(out))
        self.eventually(inspecting)
        reader.socket.shutdown(socket.SHUT_RDWR)  # nobody waits for it any more
        self.terminate(service, 15)
        self.assertEqual(reader.whole(), b"")
        for folder, _, names in os.walk(service.path("served/sha256")):
            for name in names:
                self.assertNotEqual(os.path.basename(folder) + name, f.sha256)
        service.start()
        self.is_served(service, "slow")
        self.assertEqual(self.up.asked.count(f"/files/{f.name}"), 1)  # the bytes were here
        self.whole_again(service)

    def test_a_command_that_waits_is_told(self):
        """Its inspection cannot end: nothing was approved, and nobody is told otherwise."""
        f = self.young("stuck")
        done = threading.Event()
        self.addCleanup(done.set)
        self.up.behave = lambda path: (lambda h: done.wait(60) and False) if path == f"/files/{f.name}" else None
        service = self.service().start()
        command, got = self.in_thread(lambda: self.approve(service, "stuck"))
        self.eventually(lambda: f"/files/{f.name}" in self.up.asked)
        self.terminate(service, 15)
        command.join(10)
        status, out, err = got[0]
        self.assertEqual(status, 1, got)
        self.assertIn("the server is ending, and this is not done: run it again", err)
        done.set()
        service.start()
        self.assertEqual(service.ask(file_path("stuck", "1.0")).status, 403)
        status, out, err = self.approve(service, "stuck")
        self.assertEqual(status, 0, out + err)
        self.is_served(service, "stuck")

    def test_a_second_signal_ends_it_at_once(self):
        add_wheel(self.up, "large", "1.0", files={"large/data.bin": os.urandom(16 << 20)})
        self.young("early")
        service = self.service().start()
        self.assertEqual(service.ask(file_path("large", "1.0")).status, 200)
        reader = Reader(service, file_path("large", "1.0"), 20000)
        self.eventually(lambda: reader.data)
        status, out, err = self.approve(service, "early")
        self.assertEqual(status, 0, out + err)
        service.process.send_signal(signal.SIGTERM)
        self.eventually(lambda: "event=draining" in service.log())
        self.terminate(service, 5)
        self.assertIn('event=killed reason="second signal"', service.log())
        service.start()
        self.is_served(service, "early")
        self.whole_again(service)

    def test_during_a_start(self):
        """Also during the first one, which makes the folder. What it leaves starts as if nothing had been."""
        add_wheel(self.up, "some", "1.0")
        folder = tempfile.mkdtemp(prefix="ch-e2e-")
        self.addCleanup(subprocess.run, ["rm", "-rf", folder])
        port = free_port()
        args = ["--listen", f"127.0.0.1:{port}", "--admin-listen", "none", "--pypi-upstream", self.up.url]
        serve = [os.path.join(BIN, "customhouse"), "serve", "--state", folder + "/state", *args]
        for delay in (0.0, 0.01, 0.03, 0.06, 0.1, 0.2, 0.4, 0.8):
            with self.subTest(delay=delay):
                with open(folder + "/log", "w+") as log:
                    process = subprocess.Popen(serve, stdout=log, stderr=subprocess.STDOUT)
                    time.sleep(delay)
                    process.send_signal(signal.SIGTERM)
                    try:
                        status = process.wait(15)
                    finally:
                        process.kill()
                        log.seek(0)
                        said = log.read()
                self.assertIn(status, (0, -signal.SIGTERM), said)  # before it takes signals, they end it
                started = re.findall(r"event=started of=\S+ pid=(\d+)", said)
                self.assertEqual([pid for pid in started if os.path.exists(f"/proc/{pid}")], [], said)
        service = self.service()
        service.state, service.args = folder + "/state", args
        service.port, service.url = port, f"http://127.0.0.1:{port}"
        service.start()
        self.is_served(service, "some")
        self.whole_again(service)

    def test_during_a_reload(self):
        """All of the new policy is in force after the next start, and an acknowledged one is."""
        self.young("new")
        service = self.service().start()
        for days, delay in ((0, 0.0), (7, 0.005), (0, 0.02), (7, 0.08)):
            with self.subTest(delay=delay):
                service.edit("policy.yaml", lambda t: with_key(t, "cool_down_days", days))
                service.process.send_signal(signal.SIGHUP)
                time.sleep(delay)
                self.terminate(service, 15)
                service.start()
                expected = 200 if days == 0 else 403
                self.eventually(lambda: service.ask(file_path("new", "1.0")).status == expected, 30)
        for days, delay in ((1, 0.02), (2, 0.1), (3, 0.3)):
            with self.subTest(set=days, delay=delay):
                with open(service.path("policy.yaml")) as f:
                    before = f.read()
                path = os.path.join(service.dir, "next.yaml")
                with open(path, "w") as f:
                    f.write(with_key(before, "cool_down_days", days))
                command, got = self.in_thread(lambda: service.command("policy", "set", path))
                time.sleep(delay)
                self.terminate(service, 15)
                command.join(40)
                with open(service.path("policy.yaml")) as f:
                    after = f.read()
                self.assertIn(after, (before, with_key(before, "cool_down_days", days)))
                if got[0][0] == 0:
                    self.assertNotEqual(after, before, got)
                service.start()
                self.assertEqual(service.command("check")[0], 0)
                status, out, err = service.command("policy", "show")
                self.assertEqual(status, 0, out + err)
                self.assertIn(re.search(r"(?m)^cool_down_days: \d+", after).group(0), out)

    def test_while_the_disk_is_full(self):
        folder = self.tmpfs("64m")
        for name in ("early", "fallen"):
            add_wheel(self.up, name, "1.0")
        self.young("young")
        add_wheel(self.up, "bulky", "1.0", files={"bulky/data.bin": os.urandom(4 << 20)})
        service = self.service(folder=folder).start()
        for name in ("early", "fallen"):
            self.is_served(service, name)
        status, out, err = self.approve(service, "young")
        self.assertEqual(status, 0, out + err)
        status, out, err = service.command("deny", "pypi:fallen", "--reason", "found out")
        self.assertEqual(status, 0, out + err)
        filler = self.fill_disk(folder, 0)
        denied = service.command("deny", "pypi:early", "--reason", "found out")
        approved = service.command("approve", "pypi:bulky==1.0", "--reason", "seen", "--expires", "14d")
        self.assertNotEqual(approved[0], 0, approved)
        a = service.ask(file_path("bulky", "1.0"))
        self.assertNotEqual(a.status, 200, a)
        self.terminate(service, 15)
        os.unlink(filler)
        service.start()
        self.is_served(service, "young")
        self.assertEqual(service.ask(file_path("fallen", "1.0")).status, 403)
        if denied[0] == 0:
            self.assertEqual(service.ask(file_path("early", "1.0")).status, 403, denied)
        else:
            self.assertIn("not stored", denied[1] + denied[2])
        self.is_served(service, "bulky", 60)
        self.whole_again(service)

    def test_under_load(self):
        """As kill -9 is tested: nothing unapproved is served, and no acknowledged decision is lost."""
        seed = int(os.environ.get("CUSTOMHOUSE_E2E_SEED", random.randrange(1 << 32)))
        print(f"seed {seed}")
        choose = random.Random(seed)
        service = self.service().start()
        status, out, err = service.command("deny", "pypi:banned", "--reason", "not here")
        self.assertEqual(status, 0, out + err)
        load = Load(self.up, service, seed)
        load.start()
        try:
            for _ in range(2):
                time.sleep(0.5 + choose.random())
                self.terminate(service, 30)
                load.check_blobs()
                service.start()
                load.check_decisions(2)
                self.assertEqual(load.book.wrong, [], service.log()[-3000:])
        finally:
            load.stop()
        load.check_decisions(4)
        load.check_good(60)
        self.assertEqual(load.book.wrong, [], service.log()[-3000:])
        self.assertGreater(load.book.counts.get("good files served", 0), 20)
        self.assertGreater(len(load.book.approved) + len(load.book.denied), 3)
        self.whole_again(service)


if __name__ == "__main__":
    unittest.main()
