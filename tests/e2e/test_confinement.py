"""What the host permits and forbids: no namespaces, as in containers; other users on the control socket."""
import contextlib
import os
import re
import socket
import time
import unittest

from house import container, wheels
from house.case import add_wheel, file_path
from house.service import Service
from house.upstream import Upstream

NOBODY = 65534


class InAContainer(unittest.TestCase):
    @unittest.skipUnless(container.supported(), "no filter was written for this processor")
    def test_without_namespaces_it_serves_and_says_so(self):
        with contextlib.closing(Upstream()) as up:
            add_wheel(up, "good", "1.0")
            add_wheel(up, "evil", "1.0", data=wheels.forged_directory("evil", "1.0"))
            service = Service(up.url, before_start=container.forbid_namespaces)
            os.chmod(service.dir, 0o755)  # without mounts, other uids have to get there by themselves
            with service:
                self.assertEqual(service.ask(file_path("good", "1.0")).status, 200)
                self.assertEqual(service.ask(file_path("evil", "1.0")).status, 403)
                code, out, _err = service.command("status")
                self.assertEqual(code, 0)
                for line in [l for l in out.splitlines() if "landlock abi" in l]:
                    self.assertIn("namespaces none", line)
                    self.assertIn("seccomp", line)
                self.assertGreaterEqual(len(re.findall("namespaces none", out)), 5)


def told_of(pid):
    """/proc/PID/status"""
    with open(f"/proc/{pid}/status") as f:
        return dict(re.findall(r"(?m)^(\w+):\s*(.*)$", f.read()))


class EachProcess(unittest.TestCase):
    @unittest.skipUnless(os.geteuid() == 0, "only root gives processes uids of their own, by which is seen what cannot be dumped")
    def test_it_is_as_the_table_says(self):
        """What no self-test can try: rights that are gone for good, no memory to be read by others, no core."""
        with contextlib.closing(Upstream()) as up, Service(up.url, admin=True) as service:
            processes = service.processes()
            self.assertLessEqual({"keeper", "gateway", "fetcher", "admin", "scanner"}, set(processes.values()))
            self.assertGreaterEqual(len(processes), 7)
            for pid, name in processes.items():
                with self.subTest(f"{name} {pid}"):
                    told = told_of(pid)
                    self.assertNotIn("0", told["Uid"].split())
                    self.assertEqual([int(told[kind], 16) for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb")], [0] * 4)
                    self.assertEqual((told["NoNewPrivs"], told["Seccomp"]), ("1", "2"))
                    # proc(5): files of a process that cannot be dumped are root's
                    self.assertEqual(os.stat(f"/proc/{pid}/maps").st_uid, 0)
                    with open(f"/proc/{pid}/limits") as f:
                        self.assertRegex(f.read(), r"(?m)^Max core file size\s+0\s+0\s")


class OtherUsers(unittest.TestCase):
    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_only_root_and_the_one_who_started_it_command(self):
        with contextlib.closing(Upstream()) as up, Service(up.url) as service:
            path = service.path("run/control.sock")
            reached, said = as_nobody(lambda: talk(path))
            self.assertFalse(reached, "the folder is closed to others")
            folders = [service.dir, service.state, service.path("run")]
            for folder in folders:
                os.chmod(folder, 0o755)
            os.chmod(path, 0o666)  # as if the file system's part had failed
            reached, said = as_nobody(lambda: talk(path))
            self.assertTrue(reached)
            self.assertIn("not permitted", said)
            self.assertEqual(service.command("status")[0], 0)
            service.stop()  # its log is read whole then
            self.assertIn(f"uid={NOBODY}", service.log())

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_many_tries_are_few_lines(self):
        """Who is nobody here can try as often as he likes; the log says how often, and not each time."""
        with contextlib.closing(Upstream()) as up, Service(up.url) as service:
            os.chmod(service.dir, 0o711)
            tries, began = 200, time.monotonic()
            for _ in range(tries):
                self.assertTrue(as_nobody(lambda: talk(service.path("run/control.sock")))[0])
            seconds = time.monotonic() - began
            time.sleep(1.1)  # what was left out is told with the next line, or by the keeper's tick
            self.assertTrue(as_nobody(lambda: talk(service.path("run/control.sock")))[0])
            service.stop()
            said = service.log().count("keeper event=control refused uid=65534 ")
            more = sum(int(n) for n in re.findall(r"keeper event=control refused-more=(\d+)", service.log()))
            self.assertEqual(said + more, tries + 1)
            self.assertLessEqual(said, 5 * (seconds + 2) + 1)


def talk(path):
    """Connects and reads what comes until the end."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        try:
            s.connect(path)
        except OSError:
            return False, ""
        said = b""
        while True:
            try:
                piece = s.recv(4096)
            except ConnectionResetError:
                piece = b""
            if not piece:
                return True, said.decode("latin-1")
            said += piece


def as_nobody(what):
    os.seteuid(NOBODY)
    try:
        return what()
    finally:
        os.seteuid(0)


if __name__ == "__main__":
    unittest.main()
