"""A wheel of 1 GiB installs under the default limits, and the service stays small meanwhile."""
import os
import shutil
import tempfile
import threading

from house import wheels
from house.case import Quarantine, days_ago
from house.upstream import File

GIB = 1 << 30
MEMORY_MAX = 256 << 20
ROOM = 8 * GIB  # upstream's file, our blob, and what each client downloads, caches and unpacks


class Big(Quarantine):
    @classmethod
    def setUpClass(cls):
        if shutil.disk_usage(tempfile.gettempdir()).free < ROOM:
            import unittest
            raise unittest.SkipTest(f"less than {ROOM >> 30} GiB free in {tempfile.gettempdir()}")
        super().setUpClass()

    @classmethod
    def fill(cls):
        folder = tempfile.mkdtemp(prefix="ch-e2e-big-")
        cls.addClassCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "big.whl")
        sha256 = wheels.big(path, "enormous", "1.0", GIB)
        cls.up.add("enormous", File(wheels.file_name("enormous", "1.0"), b"", uploaded=days_ago(400),
                                    sidecar=wheels.metadata("enormous", "1.0"), sha256=sha256, path=path))

    def test_a_wheel_of_1_GiB_installs_in_little_memory(self):
        most, done = [0], threading.Event()

        def watch():
            while not done.wait(0.2):
                most[0] = max(most[0], self.service.memory())
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            for kind in ("pip-newest", "uv"):  # one after the other: disk, not time, is short
                self.with_clients(lambda client: self.installs(client, "enormous", "enormous", "1.0"), [kind])
        finally:
            done.set()
            watcher.join()
        print(f"most memory of all processes together: {most[0] / (1 << 20):.0f} MiB")
        self.assertGreater(most[0], 0)
        self.assertLessEqual(most[0], MEMORY_MAX)


if __name__ == "__main__":
    import unittest
    unittest.main()
