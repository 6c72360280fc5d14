"""Who else has an account on this host: may ask the keeper, as everybody, and keeps nobody else from it."""
import os
import resource
import signal
import subprocess
import time
import unittest

from house.case import Alone, add_wheel, file_path
from house.clients import system_python

# Connects for some seconds as fast as it can, and keeps what it has open for a while.
FLOOD = """
import socket, sys, time
end, kept, count = time.monotonic() + float(sys.argv[2]), [], 0
while time.monotonic() < end:
    s = socket.socket(socket.AF_UNIX)
    s.setblocking(False)
    try:
        s.connect(sys.argv[1])
        count += 1
    except OSError:
        pass
    kept.append(s)
    if len(kept) > 200:
        for one in kept[:150]:
            one.close()
        del kept[:150]
print(count)
"""


class LocalUsers(Alone):
    def set_up(self, **kw):
        for i in range(8):
            add_wheel(self.up, f"q{i}", "1.0")
        return self.service(**kw).start()

    def test_who_connects_without_end_ends_no_keeper(self):
        """T22. With the 1024 descriptors that a login has."""
        if os.geteuid() != 0:
            self.skipTest("needs root, to be another user")
        service = self.set_up(before_start=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024)))
        keeper = [pid for pid, name in service.processes().items() if "keeper" in name]
        os.chmod(service.dir, 0o711)
        floods = [subprocess.Popen([system_python(), "-c", FLOOD, service.path("run/control.sock"), "6"], user=uid, group=uid,
                                   extra_groups=[], cwd="/", stdout=subprocess.PIPE, text=True) for uid in (65534, 65533)]
        try:
            for i in range(8):
                self.assertEqual(service.ask(file_path(f"q{i}", "1.0")).status, 200)
                status, out, err = service.command("deny", f"pypi:q{i}==1.0", "--reason", "found out")
                self.assertEqual(status, 0, out + err)
                self.assertEqual(service.ask(file_path(f"q{i}", "1.0")).status, 403)
        finally:
            counts = [int(f.communicate(timeout=60)[0]) for f in floods]
        self.assertGreater(min(counts), 500, "no flood")
        self.assertEqual([pid for pid, name in service.processes().items() if "keeper" in name], keeper)
        text = service.log()
        self.assertIn("event=control-waits uid=65534", text)
        self.assertLess(text.count("uid=65534"), 200)  # nor do they fill the log
        status, out, err = service.command("status", uid=65534)
        self.assertEqual(status, 1, out + err)
        self.assertIn("not permitted: uid 65534 is no user here", out + err)

    def test_a_fifo_instead_of_a_file_stops_nobody(self):
        """What SIGHUP reads might never end."""
        service = self.set_up()
        for name in ("policy.yaml", "customhouse.yaml", "credentials.yaml"):
            with self.subTest(name):
                path = service.path(name)
                os.rename(path, path + ".kept")
                os.mkfifo(path, 0o600)
                status, out, err = service.command("check", timeout=20)
                self.assertEqual(status, 2, out + err)
                self.assertIn(f"{path}: is no regular file", out + err)
                before = service.log().count("is no regular file")
                service.process.send_signal(signal.SIGHUP)
                self.eventually(lambda before=before: service.log().count("is no regular file") > before, 20)
                self.assertEqual(service.ask(file_path("q0", "1.0")).status, 200)
                os.rename(path + ".kept", path)
        begun = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        service.process.wait(timeout=30)
        self.assertLess(time.monotonic() - begun, 30)


if __name__ == "__main__":
    unittest.main()
