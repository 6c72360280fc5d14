"""Counts what tests/run ran: CTest's JUnit files (by the cases of each cmocka program) and the log of
the end-to-end run. Names what failed, says why what was skipped was skipped, ends with the sum."""
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

CMOCKA = re.compile(r"^\[ +(OK|FAILED|SKIPPED) +\] (\S+)$", re.MULTILINE)
# "skipped TEST (file.Class.test): why", as run.py tells each; with parameters behind it: a part of a test
SKIPPED = re.compile(r"^skipped (\S+ \([\w.]+\)): (.*)$", re.MULTILINE)
MISSING = re.compile(r"^skipped (client .*: .*|\S+ \([\w.]+\) [\[(].*: .*)$", re.MULTILINE)
SUMS = re.compile(r"^(\d+) passed, \d+ failed, \d+ skipped$", re.MULTILINE)
UNITTEST_FAIL = re.compile(r"^(?:FAIL|ERROR): (\S.*)$", re.MULTILINE)


class Sum:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []  # (name, reason)
        self.notes = []

    def program(self, name, status, output):
        """One CTest test: its cmocka cases where it has some, else itself."""
        cases = {}
        for outcome, case in CMOCKA.findall(output):
            cases.setdefault(case, set()).add(outcome)
        failed = [c for c, outcomes in cases.items() if "FAILED" in outcomes]
        skipped = [c for c, outcomes in cases.items() if outcomes == {"SKIPPED"}]
        passed = len(cases) - len(failed) - len(skipped)
        if status == "fail" and not failed:
            failed = ["(the program itself)"]  # crashed, timed out, or failed outside of a case
        if status == "skipped" and not cases:
            self.skipped.append((name, last_line(output)))
        elif not cases and not failed:
            passed = 1
        self.passed += passed
        self.failed += [f"{name} {c}" for c in failed]
        self.skipped += [(f"{name} {c}", line_before(output, "SKIPPED", c)) for c in skipped]

    def junit(self, path):
        part = os.path.basename(os.path.dirname(path))
        try:
            cases = ElementTree.parse(path).getroot().iter("testcase")
        except (OSError, ElementTree.ParseError) as error:
            self.failed.append(f"{part}: no report ({error}): the run was cut off")
            return
        for case in cases:
            status = {"run": "pass", "fail": "fail"}.get(case.get("status"), "skipped")
            output = case.findtext("system-out") or ""
            self.program(f"{part}: {case.get('name')}", status, output)

    def log(self, path):
        """unittest's own words, and the runner's line of sums where it came to that."""
        with open(path, encoding="utf-8", errors="replace") as f:
            text = f.read()
        failed = [f"end to end: {name}" for name in UNITTEST_FAIL.findall(text)]
        skipped = [(f"end to end: {n}", why) for n, why in SKIPPED.findall(text)]
        if "exit status 0" not in text.splitlines()[-1] and not failed:
            failed = [last_line(text.rsplit("\nexit status", 1)[0])]
            if os.path.basename(path) == "e2e.log":
                failed = ["end to end: " + failed[0]]
        sums = SUMS.findall(text)
        ran = sum(int(n) for n in re.findall(r"^Ran (\d+) tests?", text, re.MULTILINE))
        self.passed += int(sums[-1]) if sums else max(0, ran - len(failed) - len(skipped))
        self.failed += failed
        self.skipped += skipped
        # What no test stands for: clients that could not be had, and parts of tests.
        self.notes += MISSING.findall(text)


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def line_before(text, outcome, case):
    """A skipped case says why on the line before its outcome."""
    lines = text.splitlines()
    for before, line in zip(lines, lines[1:]):
        if line.startswith("[") and outcome in line and line.endswith(" " + case):
            return before.strip() if not before.startswith("[") else "no reason given"
    return "no reason given"


def main(paths):
    total = Sum()
    for path in paths:
        (total.junit if path.endswith(".xml") else total.log)(path)
    print()
    for name in total.failed:
        print(f"failed: {name}")
    for note in total.notes:
        print(f"skipped: end to end: {note}")
    for name, reason in total.skipped:
        print(f"skipped: {name}: {reason}")
    print(f"{total.passed} passed, {len(total.failed)} failed, {len(total.skipped)} skipped")
    if total.failed:
        return 1
    if total.passed + len(total.skipped) == 0:
        print("no test has a name that matches", file=sys.stderr)
        return 2
    return 0


sys.exit(main(sys.argv[1:]))
