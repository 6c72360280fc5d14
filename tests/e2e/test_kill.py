"""kill -9 of every process, and of jails at their work, at random points under load: nothing unapproved served, no acknowledged
decision lost, no half blob left, the audit log and the database of one mind, and the service comes
back each time.

CUSTOMHOUSE_E2E_SEED repeats a run's choices, CUSTOMHOUSE_E2E_KILLS sets their number.
"""
import os
import random
import signal
import time

from house.case import Quarantine
from house.killing import WHOLE, Load
from house.killing_people import PeopleLoad

KILLS = int(os.environ.get("CUSTOMHOUSE_E2E_KILLS", "200"))
WHOLE_EVERY = 12
JAILS = 0.2  # so many of the kills
COME_BACK_S = 30


class Kill(Quarantine):
    admin = True

    def is_whole(self, killed):
        """All are there again, and it is not the dead that are counted."""
        processes = self.service.processes()
        names = list(processes.values())
        if killed in processes:
            return False
        return names.count("gateway") >= 1 and all(names.count(n) == c for n, c in WHOLE.items()) and \
            len(names) == self.process_count

    def wait_until_back(self, what, pid):
        end = time.monotonic() + COME_BACK_S
        while True:
            try:
                if self.is_whole(pid) and self.service.ask("/-/ready", timeout=5).status == 200:
                    return
            except OSError:
                pass
            status = self.service.process.poll()
            self.assertIsNone(status, f"killing {what} ended the service: {self.service.log()[-3000:]}")
            self.assertLess(time.monotonic(), end,
                            f"not back {COME_BACK_S} s after killing {what}: {self.service.processes()}"
                            f"{self.service.log()[-3000:]}")
            time.sleep(0.02)

    def jails(self):
        """Pids of the children of scanners: each works on one page or file, for some milliseconds."""
        found = []
        for pid, name in self.service.processes().items():
            if name == "scanner":
                try:
                    with open(f"/proc/{pid}/task/{pid}/children") as f:
                        found += f.read().split()
                except (OSError, ProcessLookupError):
                    pass
        return [int(pid) for pid in found]

    def kill_jail(self, choose):
        """One at work, as the host's memory killer does; None: there was none within a while."""
        end = time.monotonic() + 2
        while time.monotonic() < end:
            for pid in self.jails():
                time.sleep(choose.random() * 0.01)
                try:
                    os.kill(pid, signal.SIGKILL)
                    return "jail", pid
                except ProcessLookupError:
                    pass
        return None, 0

    def kill_one(self, choose):
        if choose.random() < JAILS:
            return self.kill_jail(choose)
        processes = self.service.processes()
        pid = choose.choice(sorted(processes))
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return None, pid
        return processes[pid], pid

    def kill_all(self, choose, load):
        """The supervisor, by itself or with all others at the same moment; and a new start."""
        pids = list(self.service.processes()) if choose.random() < 0.5 else []
        for pid in [self.service.process.pid, *pids]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.service.kill()
        self.blobs = load.check_blobs()
        self.verify_log()
        self.service.start()

    def verify_log(self):
        """An entry of what was never committed would stay, and no other could have its place."""
        status, out, err = self.service.command("audit", "verify")
        self.assertEqual(status, 0, out + err + self.service.log()[-3000:])
        self.verified += 1

    def test_kill_9_at_random_points(self):
        seed = int(os.environ.get("CUSTOMHOUSE_E2E_SEED", random.randrange(1 << 32)))
        print(f"seed {seed}")
        choose = random.Random(seed)
        status, out, err = self.service.command("deny", "pypi:banned", "--reason", "not here")
        self.assertEqual(status, 0, out + err)
        # Only root can run commands as other persons; anybody else approves in one step.
        load = (PeopleLoad if os.geteuid() == 0 else Load)(self.up, self.service, seed)
        self.process_count = len(self.service.processes())
        killed, started, self.blobs, self.verified = {}, time.monotonic(), 0, 0
        load.start()
        try:
            while sum(killed.values()) < KILLS:
                time.sleep(choose.random() * 0.8)
                if (sum(killed.values()) + 1) % WHOLE_EVERY == 0:
                    self.kill_all(choose, load)
                    name, pid = "everything", 0
                else:
                    name, pid = self.kill_one(choose)
                if name:
                    killed[name] = killed.get(name, 0) + 1
                    self.wait_until_back(name, pid)
                if name in ("everything", "keeper"):
                    load.check_decisions(1)
                self.assertEqual(load.book.wrong, [], self.service.log()[-3000:])
        finally:
            load.stop()
        print(f"{sum(killed.values())} kills in {time.monotonic() - started:.0f} s: {killed}; "
              f"acknowledged: {load.acknowledged()}; "
              f"{self.blobs} files on disk checked, the audit log {self.verified} times; {load.book.counts}")
        load.check_blobs()
        load.check_decisions(20)
        load.check_good(120)
        load.check_steps()
        self.assertEqual(load.book.wrong, [], self.service.log()[-3000:])
        # The run was no empty one.
        self.assertGreater(load.book.counts.get("good files served", 0), 100)
        self.assertGreater(load.book.counts.get("forbidden files asked for", 0), 100)
        self.assertGreater(min(load.acknowledged().values()), 3, load.acknowledged())
        for name in (*WHOLE, "gateway", "jail", "everything"):
            self.assertIn(name, killed)


if __name__ == "__main__":
    import unittest
    unittest.main()
