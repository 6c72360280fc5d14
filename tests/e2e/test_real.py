"""The real index of this host's pip configuration, through quarantine, with real clients.

CUSTOMHOUSE_E2E_REAL names what the newest pip and uv install (default: flask pandas scikit-learn); empty skips
this. Every client installs SMALL, which takes few seconds each.
"""
import os
import subprocess
import sys
import tempfile
import time
import unittest

from house.clients import KINDS, Client
from house.service import Service
from house.through import installed, not_through

WANTED = os.environ.get("CUSTOMHOUSE_E2E_REAL", "flask pandas scikit-learn").split()
SMALL = "flask"  # and what it needs: seven small wheels, one of them compiled
MODULES = {"scikit-learn": "sklearn"}
INSTALL_S = 900


def unreachable():
    """Why the host's own pip gets nothing, None: it does."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, "-m", "pip", "download", "--no-deps", "--quiet",
                               "--disable-pip-version-check", "--dest", folder, "flask"],
                              capture_output=True, text=True, timeout=120)
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["pip failed"])[-1]


class Real(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not WANTED:
            raise unittest.SkipTest("CUSTOMHOUSE_E2E_REAL is empty")
        why = unreachable()
        if why:
            raise unittest.SkipTest(f"the index of this host's pip cannot be reached: {why}")
        cls.service = Service()
        cls.addClassCleanup(cls.service.remove)
        cls.service.start()

    def install(self, service, kind, what):
        """Installs into a new environment; all that is in it then came through the service, to this client."""
        with Client(kind) as client:
            before = len(service.access_log())
            started = time.monotonic()
            status, text = client.install(service.url + "/pypi/simple/", *what, timeout=INSTALL_S)
            took = time.monotonic() - started
            self.assertEqual(status, 0, text + service.log()[-3000:])
            for name in what:
                self.assertTrue(client.imports(MODULES.get(name, name)), name)
            lines = service.access_log()[before:]
            self.assertGreaterEqual(len(installed(client)), len(what))
            self.assertEqual(not_through(client, service, lines), [])
            self.assertTrue(any(r["path"].endswith(".metadata") for r in lines) or kind == "pip-debian")
            return took

    def test_every_client_installs_and_all_of_it_came_through(self):
        for kind in KINDS:
            with self.subTest(kind=kind):
                print(f"{kind} {SMALL}: {self.install(self.service, kind, [SMALL]):.1f} s")

    def test_cold_and_warm(self):
        """pip pays for the first load, uv and a second pip take what is there."""
        kinds = ("pip-newest", "uv", "pip-newest", "uv")
        for i, kind in enumerate(kinds):
            with self.subTest(kind=kind, i=i):
                took = self.install(self.service, kind, WANTED)
                print(f"{kind} {'warm' if i > 1 else 'first'}: {took:.1f} s")

    def test_uv_cold(self):
        service = Service()
        self.addCleanup(service.remove)
        service.start()
        print(f"uv cold: {self.install(service, 'uv', WANTED):.1f} s")

    def test_the_upstream_is_written_down_without_credentials(self):
        with open(self.service.path("customhouse.yaml")) as f:
            lines = [line.strip() for line in f]
        url = next(line for line in lines if line.startswith("url:"))
        self.assertNotIn("@", url)
        self.assertTrue(any(line.startswith("file_hosts:") for line in lines) or
                        any(line.startswith("# file_hosts:") for line in lines))

    def test_a_project_that_does_not_exist(self):
        self.assertEqual(self.service.ask("/pypi/simple/customhouse-no-such-project-zq9/").status, 404)


if __name__ == "__main__":
    unittest.main()
