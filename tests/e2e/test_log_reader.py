"""Whoever was to read the event log does not: a pipe nobody reads, a terminal that Ctrl-S has stopped, a journal's socket,
a reader that is gone. Files are served on, `deny` acts, SIGTERM ends it, and the log says how much it has lost."""
import concurrent.futures
import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import time
import unittest

from house.case import add_wheel, file_path
from house.service import Service, wait_for_end
from house.upstream import Upstream

FILES = 300
LINE = re.compile(r"(time=\S+ process=supervisor|keeper|gateway|fetcher:|egress:|scanner-\w+:|admin|admission) ?(event=\S+ )?.*|"
                  r"(pip|pypi:|configuration:|policy:).*")


def name_of(i):
    """Long: so are the lines that name it."""
    return f"q{i:03}" + "x" * 190


class Pipe:
    """The smallest there is, for the log of a process."""

    def __init__(self):
        self.reads, self.writes = os.pipe()
        fcntl.fcntl(self.writes, fcntl.F_SETPIPE_SZ, 4096)

    def stop(self):
        pass  # nobody reads, unless told to

    def go_on(self):
        pass

    def close(self):
        for fd in {self.reads, self.writes}:
            with contextlib.suppress(OSError):
                os.close(fd)


class Socket(Pipe):
    """As a service manager gives: it cannot be opened a second time."""

    def __init__(self):
        ends = socket.socketpair()
        ends[1].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.reads, self.writes = (s.detach() for s in ends)


class Terminal(Pipe):
    def __init__(self):
        self.reads, self.writes = pty.openpty()

    def stop(self):
        os.write(self.reads, b"\x13")  # Ctrl-S

    def go_on(self):
        os.write(self.reads, b"\x11")  # Ctrl-Q


class LogReader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.up = Upstream()
        cls.addClassCleanup(cls.up.close)
        for i in range(FILES):
            add_wheel(cls.up, name_of(i), "1.0")

    def started(self, to, out=None):
        service = Service(self.up.url)
        self.addCleanup(service.remove)
        service.process = subprocess.Popen(service.serve_words(), stdout=out or to.writes, stderr=to.writes, env=service.env)
        self.addCleanup(self.ended, service)
        return service

    def ended(self, service):
        """Service.stop would read."""
        if service.process.poll() is None:
            service.process.kill()
            service.process.wait()

    def wait_ready(self, service):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                if service.ask("/-/ready").status == 200:
                    return
            time.sleep(0.05)
        self.fail("not ready in 30 s")

    def read_on(self, to, until=None, timeout=20):
        """What comes until this line, or until nothing comes for a second."""
        got, end = b"", time.monotonic() + timeout
        while time.monotonic() < end and select.select([to.reads], [], [], timeout if until else 1)[0]:
            piece = os.read(to.reads, 65536)
            got += piece
            if not piece or (until and re.search(until, got) and got.endswith(b"\n")):
                break
        return got.replace(b"\r\n", b"\n").decode()

    def are_whole(self, text):
        self.assertTrue(text.endswith("\n"), text[-200:])
        for line in text.splitlines():
            self.assertTrue(LINE.fullmatch(line), line)

    def serves_all(self, service, numbers):
        def serves(i):
            self.assertEqual(service.ask(f"/pypi/simple/{name_of(i)}/", timeout=30).status, 200)
            answer = service.ask(file_path(name_of(i), "1.0"), timeout=30)
            self.assertEqual(answer.status, 200, answer.reason)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(serves, numbers))

    def goes_on(self, service, i):
        """Ready, and a decision is in force at once."""
        self.assertEqual(service.ask("/-/ready", timeout=12).status, 200)
        self.assertEqual(service.command("deny", f"{name_of(i)}==1.0", "--reason", "malware", timeout=15)[0], 0)
        self.assertEqual(service.ask(file_path(name_of(i), "1.0"), timeout=12).status, 403)

    def ends(self, service):
        children = list(service.processes())
        started = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        self.assertEqual(service.process.wait(30), 0)
        self.assertLess(time.monotonic() - started, 10)
        for pid in children:
            wait_for_end(pid, 1)

    def check(self, to):
        self.addCleanup(to.close)
        service = self.started(to)
        self.wait_ready(service)
        text = self.read_on(to, rb"(?m)^policy: ")
        self.assertIn("pip install --index-url", text)
        to.stop()
        half = 260  # more than the pipe between holds
        self.serves_all(service, range(half))
        self.goes_on(service, 0)
        to.go_on()
        text += self.read_on(to)
        self.assertEqual(service.command("deny", f"{name_of(1)}==1.0", "--reason", "malware")[0], 0)
        text += self.read_on(to)
        self.are_whole(text)
        lost = sum(int(n) for n in re.findall(r"(?m)^keeper event=log-lost lines=(\d+)\n", text))
        told = re.findall(r"(?m)^keeper event=decided .*file=(q\d{3})x+-1.0-py3-none-any.whl verdict=allow", text)
        self.assertEqual(len(told), len(set(told)))
        self.assertGreater(lost, 10)
        metrics = service.ask("/-/metrics").body.decode()
        self.assertIn(f"\ncustomhouse_keeper_log_lines_lost_total {lost}\n", metrics)
        self.assertRegex(metrics, r"\ncustomhouse_gateway_log_lines_lost_total \d+\n")
        self.assertIn(len(told) + lost - half, range(10))  # what else was said meanwhile may be among the lost
        to.stop()
        self.serves_all(service, range(half, FILES))
        self.goes_on(service, half)
        self.ends(service)
        to.go_on()
        text = self.read_on(to)
        if not isinstance(to, Terminal):  # which has taken nothing since it was stopped
            self.assertGreater(len(text), 0)
        if text:
            self.are_whole(text)

    def test_a_pipe_that_nobody_reads(self):
        self.check(Pipe())

    def test_a_journal_that_hangs(self):
        self.check(Socket())

    def test_a_terminal_that_is_stopped(self):
        self.check(Terminal())

    def test_a_reader_that_is_gone(self):
        to = Pipe()
        self.addCleanup(to.close)
        service = self.started(to)
        self.wait_ready(service)
        os.close(to.reads)
        os.close(to.writes)
        to.reads = to.writes = -1
        before = set(service.processes())
        self.serves_all(service, range(3))
        self.goes_on(service, 0)
        self.assertEqual(set(service.processes()), before)  # none has died of it
        self.ends(service)

    def test_a_full_log_before_the_start(self):
        """The line that users need is on stdout, and comes; the descriptor's own mode stays what it was for who shares it."""
        to = Pipe()
        self.addCleanup(to.close)
        os.write(to.writes, b"x" * 4096)
        reads, writes = os.pipe()
        self.addCleanup(os.close, reads)
        service = self.started(to, writes)
        os.close(writes)
        self.assertTrue(select.select([reads], [], [], 30)[0])
        self.assertIn(b"pip install --index-url", os.read(reads, 65536))
        self.wait_ready(service)
        self.assertTrue(os.get_blocking(to.writes))
        self.ends(service)
        self.assertTrue(os.get_blocking(to.writes))

    def test_the_process_that_writes_it_is_started_again(self):
        to = Pipe()
        self.addCleanup(to.close)
        service = self.started(to)
        self.wait_ready(service)
        self.read_on(to, rb"(?m)^policy: ")
        for i in range(3):
            [pid] = [p for p, name in service.processes().items() if name == "log"]
            os.kill(pid, signal.SIGKILL)
            self.serves_all(service, [i])
            text = self.read_on(to, rb"event=log-ended pid=%d" % pid)
            self.assertIn(f"event=log-ended pid={pid}\n", text)
        status, out, err = service.command("status", "--json")
        self.assertEqual(status, 0, err)
        log, = [p for p in json.loads(out)["processes"] if p["name"] == "log"]
        self.assertIn(log["restarts"], (2, 3))  # the last may yet come
        if log["pid"]:
            self.assertIn("seccomp", log["confinement"])
        self.goes_on(service, 0)
        self.ends(service)
        self.assertIn("process=supervisor event=ended status=0\n", self.read_on(to))

    def test_an_access_log_that_is_no_file(self):
        service = Service(self.up.url)
        self.addCleanup(service.remove)
        os.makedirs(service.path("log"), exist_ok=True)
        os.mkfifo(service.path("log/access.log"))
        done = subprocess.run(service.serve_words(), capture_output=True, text=True, timeout=20, env=service.env)
        self.assertEqual(done.returncode, 2)
        self.assertIn("log/access.log: expected a regular file", done.stderr)


if __name__ == "__main__":
    unittest.main()
