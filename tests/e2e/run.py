#!/usr/bin/env python3
"""Runs the end-to-end tests: run.py [NAME...], each a part of a test's name (file.Class.test).

Ends with one line "N passed, N failed, N skipped". A test is one of these; clients that cannot be had
are skipped beside them, each with its reason.
"""
import os
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


def main():
    names = sys.argv[1:]
    if not os.access(os.path.join(service.BIN, "customhouse"), os.X_OK):
        print(f"no executable customhouse in {service.BIN} (CUSTOMHOUSE_BIN)", file=sys.stderr)
        return 2
    clients.prepare()
    for kind, why in clients.missing.items():
        print(f"skipped client {kind}: {why}")
    loaded = unittest.TestLoader().discover(HERE, "test_*.py", HERE)
    suite = unittest.TestSuite(select(loaded, names))
    if suite.countTestCases() == 0:
        print(f"no test has a name with {' or '.join(names)} in it", file=sys.stderr)
        return 2
    started = time.monotonic()
    result = unittest.TextTestRunner(sys.stdout, verbosity=2, resultclass=Result).run(suite)
    for test, reason in result.skipped:
        print(f"skipped {test}: {reason}")
    print(f"{time.monotonic() - started:.0f} s")
    passed, failed, skipped = result.counts()
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if failed == 0 and passed + skipped > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
