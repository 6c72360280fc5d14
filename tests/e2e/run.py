#!/usr/bin/env python3
"""Runs the end-to-end tests: run.py [--jobs N] [NAME...], each a part of a test's name (file.Class.test).

Tests wait more than they compute, so N classes (default 4) run side by side, each in a process of its own
with its own ports; what one printed is shown whole when it has ended. The tests of one class share a
service and run one after the other. With --jobs 1 all run in this process, and print as they go.

Ends with the classes that took longest, and one line "N passed, N failed, N skipped". A test is one of these; clients that
cannot be had are skipped beside them, each with its reason.
"""
import argparse
import concurrent.futures
import json
import os
import queue
import re
import resource
import signal
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from house import clients, service  # noqa: E402


class Result(unittest.TextTestResult):
    """Counts tests; a skipped subtest is told, and its test counts by the rest of it."""

    def __init__(self, *args, **kw):
        super().__init__(*args, **kw)
        self.whole_skipped, self.started = set(), 0.0

    def startTest(self, test):
        self.started = time.monotonic()
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        self.stream.writeln(f"    {time.monotonic() - self.started:.1f} s")
        self.stream.flush()

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if not hasattr(test, "test_case"):
            self.whole_skipped.add(test)

    def counts(self):
        bad = {getattr(t, "test_case", t) for t, _ in self.failures + self.errors}
        bad |= set(self.unexpectedSuccesses)
        skipped = self.whole_skipped - bad
        # A class that could not be set up stands for its tests without having been run as one.
        outside = {t for t in bad | skipped if not isinstance(t, unittest.TestCase)}
        return (self.testsRun - len(bad - outside) - len(skipped - outside), len(bad), len(skipped))


def select(suite, names):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from select(item, names)
        elif not names or any(name in item.id() for name in names):
            yield item


def run_here(tests):
    """In this process: the result."""
    result = unittest.TextTestRunner(sys.stdout, verbosity=2, resultclass=Result).run(unittest.TestSuite(tests))
    for test, reason in result.skipped:
        print(f"skipped {test}: {reason}")
    return result.counts()


# What a process of its own says at its end: how long processors worked for it and what it started; and its sum.
LAST_LINES = re.compile(r"\nseconds of a processor: ([\d.]+)\n(\d+) passed, (\d+) failed, (\d+) skipped\n*\Z")


def of_processor():
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in both)


def run_apart(name, tests, slots, took):
    """In a process of its own: what run_here() would return. Each has a slot, hence ports, for itself. `took`: class ->
    seconds, and those of a processor."""
    slot = slots.get()
    started = time.monotonic()
    try:
        done = subprocess.run([sys.executable, os.path.abspath(__file__), "--exactly", *(t.id() for t in tests)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              env=dict(os.environ, CUSTOMHOUSE_E2E_SLOT=str(slot),
                                       CUSTOMHOUSE_E2E_MISSING=json.dumps(clients.missing)))
    finally:
        slots.put(slot)
    last = LAST_LINES.search(done.stdout)
    body = done.stdout[:last.start()] if last else done.stdout
    counts = tuple(int(n) for n in last.groups()[1:]) if last else (0, 0, 0)
    took[name] = time.monotonic() - started, float(last[1]) if last else 0.0
    if sum(counts) == 0 or done.returncode != (1 if counts[1] else 0):
        body = f"{done.stdout}\nERROR: {name} (its process ended with status {done.returncode})"
        counts = counts[0], counts[1] + 1, counts[2]
    sys.stdout.write(body + "\n")  # in one piece: others write, too
    sys.stdout.flush()
    return counts


SHOWN = 20
# Those that take longest start first, in this order, or they would be what is left at the end: see what a run ends with.
LONGEST = ("test_kill.Kill", "test_real.Real", "test_tour.Tour", "test_waiting.Waiting", "test_budgets.Crowd", "test_slow.Slow",
           "test_upstream.Silent", "test_attacks.Attacks", "test_budgets.Hanging", "test_store_faults.StoreFaults",
           "test_faults.Faults", "test_admin.Description", "test_install.Installing", "test_attacks.Names", "test_inspect.Inspecting",
           "test_sign_in.SignIn", "test_drain.Drain", "test_drain.SlowReaders", "test_down.Dripping", "test_down.Late")
PLACES = {name: i for i, name in enumerate(LONGEST)}


def run_all(tests, jobs):
    """(passed, failed, skipped)"""
    classes, unloaded = {}, []
    for test in tests:
        if type(test).__module__ == "unittest.loader":  # stands for a file, and says why; has no name to load it by
            unloaded.append(test)
        else:
            classes.setdefault(type(test).__module__ + "." + type(test).__qualname__, []).append(test)
    if jobs == 1 or len(classes) < 2:
        return run_here(tests)
    first = run_here(unloaded) if unloaded else (0, 0, 0)
    slots = queue.SimpleQueue()
    for slot in range(jobs):
        slots.put(slot)
    # Who ends this by time ends the others with it: what those had said by then is told.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    names = sorted(classes, key=lambda name: (PLACES.get(name, len(PLACES)), name))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        took = {}
        counts = list(pool.map(lambda name: run_apart(name, classes[name], slots, took), names))
    print(f"{len(took)} classes, longest first; seconds, of these of a processor: "
          f"{sum(s for s, _ in took.values()):.0f}, {sum(s for _, s in took.values()):.0f}")
    for name, (seconds, processor) in sorted(took.items(), key=lambda item: -item[1][0])[:SHOWN]:
        print(f"{seconds:7.1f} {processor:7.1f}  {name}")
    return tuple(sum(column) for column in zip(first, *counts))


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--jobs", type=int, default=4, metavar="N", choices=range(1, 9))  # each has 2000 ports of 16000
    words.add_argument("--exactly", action="store_true", help=argparse.SUPPRESS)
    words.add_argument("name", nargs="*")
    words = words.parse_args()
    if not os.access(os.path.join(service.BIN, "customhouse"), os.X_OK):
        print(f"no executable customhouse in {service.BIN} (CUSTOMHOUSE_BIN)", file=sys.stderr)
        return 2
    if words.exactly:  # once is enough, and side by side they would take the folders away from each other
        clients.missing.update(json.loads(os.environ["CUSTOMHOUSE_E2E_MISSING"]))
        counts = run_here(list(unittest.TestLoader().loadTestsFromNames(words.name)))
        print(f"\nseconds of a processor: {of_processor():.1f}")
        print("{} passed, {} failed, {} skipped".format(*counts))
        return 0 if counts[1] == 0 else 1
    clients.prepare()
    for kind, why in clients.missing.items():
        print(f"skipped client {kind}: {why}")
    loaded = unittest.TestLoader().discover(HERE, "test_*.py", HERE)
    tests = list(select(loaded, words.name))
    if not tests:
        print(f"no test has a name with {' or '.join(words.name)} in it", file=sys.stderr)
        return 2
    started = time.monotonic()
    passed, failed, skipped = run_all(tests, words.jobs)
    print(f"{time.monotonic() - started:.0f} s")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if failed == 0 and passed + skipped > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
