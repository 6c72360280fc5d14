"""Inspection that takes longer than a client's patience: hops of waiting, HEAD, and the last hop."""
import os
import time

from house.case import Quarantine, add_wheel, file_path, in_parallel
from house.clients import KINDS

SLOW_S = 40


class Waiting(Quarantine):
    @classmethod
    def fill(cls):
        """Files that come slowly, but never so slowly that the fetcher gives them up."""
        cls.up.trickle_s = SLOW_S
        for name in [*KINDS, "hops", "left"]:
            name = "slow-" + name
            add_wheel(cls.up, name, "1.0", files={name.replace("-", "_") + "/data.bin": os.urandom(200000)})

    def test_clients_wait_through_hops(self):
        """pip gives up after 15 s without a byte, uv after 30 s."""
        def check(client):
            started = time.monotonic()
            project = "slow-" + client.kind
            self.installs(client, project, project.replace("-", "_"), "1.0")
            self.assertGreater(time.monotonic() - started, SLOW_S - 1)
        self.with_clients(check)
        hops = [r for r in self.service.access_log() if r["status"] == 307]
        agents = {r["agent"].split("/")[0] for r in hops if "slow-" in r["path"]}
        self.assertLessEqual({"pip", "uv"}, agents)

    def test_hops(self):
        path = file_path("slow-hops", "1.0")

        def after(agent, patience, what):
            started = time.monotonic()
            a = self.service.ask(path + what, {"User-Agent": agent})
            took = time.monotonic() - started
            self.assertLess(took, patience, a)
            self.assertGreater(took, patience / 2, a)
            self.assertEqual(a["Cache-Control"], "no-store")
            return a

        def pip_hop():
            a = after("pip/23.0", 15, "")
            self.assertEqual((a.status, a["Location"]), (307, path + "?wait=1"))

        def uv_hop():
            a = after("uv/0.5", 30, "?wait=4")
            self.assertEqual((a.status, a["Location"]), (307, path + "?wait=5"))

        def last_hop():
            a = after("pip/23.0", 15, "?wait=1000")
            self.assertEqual(a.status, 403, a)
            self.assertRegex(a.reason, r"being inspected, try again in about \d+ s")

        def nonsense():
            a = after("pip/23.0", 15, "?wait=-1")
            self.assertEqual((a.status, a["Location"]), (307, path + "?wait=1"))

        def head():
            time.sleep(1)
            started = time.monotonic()
            a = self.service.ask(path, method="HEAD")
            self.assertLess(time.monotonic() - started, 2)
            size = len(self.up.projects["slow-hops"][0].data)
            self.assertEqual((a.status, a["Content-Length"], a.body), (200, str(size), b""))

        def in_range():
            a = after("pip/23.0", 15, "?wait=2")
            self.assertEqual(a.status, 307, a)
        jobs = (pip_hop, uv_hop, last_hop, nonsense, head, in_range)
        for name, e in in_parallel({j.__name__: j for j in jobs}).items():
            with self.subTest(name=name):
                if e:
                    raise e

    def test_a_client_that_goes_away_does_not_end_the_intake(self):
        path = file_path("slow-left", "1.0")
        with self.assertRaises(OSError):
            self.service.ask(path, timeout=2)
        status, out, err = self.service.command("queue", "--json")
        self.assertEqual(status, 0, err)
        self.assertIn("slow_left", out)
        self.eventually(lambda: self.service.ask(path, timeout=60).status == 200, SLOW_S + 20)
        self.assertEqual(sum(1 for p in self.up.asked if p.endswith("slow_left-1.0-py3-none-any.whl")), 1)


if __name__ == "__main__":
    import unittest
    unittest.main()
