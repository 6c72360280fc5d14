#!/usr/bin/env python3
"""Serves every attack from a generated upstream through the real service, with the policy that init writes,
asks for each file as pip would, and says which were held, denied or let through.

usage: run.py [--json FILE] [NAME...]     NAME: a part of an attack's name

CUSTOMHOUSE_BIN names the folder of programs (default: build-test/bin). Exit 0: the rates asked for are met.
"""
import collections
import json
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

from attacks import ATTACKS, HONEST  # noqa: E402
from house.case import days_ago  # noqa: E402
from house.service import ROOT, Service  # noqa: E402
from house.upstream import File, Upstream  # noqa: E402

RATE, STRUCTURE_RATE = 0.95, 1.0
Outcome = collections.namedtuple("Outcome", "attack status verdict rule reason findings")


def holding_findings():
    """Names of the findings that hold or deny by the default policy, of policy/FINDINGS.md."""
    with open(os.path.join(ROOT, "policy", "FINDINGS.md")) as f:
        rows = re.findall(r"(?m)^\| `([a-z0-9-]+)` \| \d+ \| (\w+) \| (\w+) \|", f.read())
    return {name for name, cls, severity in rows if cls == "attack" or (cls, severity) == ("irregular", "high")}


def ask(service, project, file_name):
    """As pip would: follows redirects, and asks again while the file is being inspected. The status."""
    path, end = f"/pypi/files/{project}/{file_name}", time.monotonic() + 120
    while True:
        answer = service.ask(path)
        if answer.status in (301, 302, 303, 307, 308):
            path = re.sub(r"^https?://[^/]+", "", answer["Location"])
        elif answer.status in (429, 503) and time.monotonic() < end:
            time.sleep(0.5)
        else:
            return answer


def publish(up, attack):
    files = attack.files()
    for name, data, days in files:
        up.add(attack.project, File(name, data, uploaded=days_ago(days), **(attack.index if days == attack.days else {})))
    return [name for name, _, _ in files]


def measure(attacks):
    """One Outcome per attack, in order."""
    up = Upstream()
    try:
        names = {a: publish(up, a) for a in attacks}
        with Service(up.url) as service:
            for a in attacks:
                for name in names[a][:-1]:  # what the site approved before
                    before = ask(service, a.project, name)
                    if before.status != 200:
                        raise AssertionError(f"{a.name}: the release before it did not pass: {before}")
                yield outcome(service, a, names[a][-1])
    finally:
        up.close()


def outcome(service, attack, name):
    answer = ask(service, attack.project, name)
    code, out, err = service.command("explain", f"pypi:{attack.project}", "--json")
    if code != 0:
        raise AssertionError(f"explain {attack.project}: {out}{err}")
    entry = {e["file"]: e for e in json.loads(out)}[name]
    if (answer.status == 200) != (entry["verdict"] == "allow"):
        raise AssertionError(f"{attack.name}: status {answer.status}, but {entry['verdict']}")
    found = sorted({f["code"] for f in entry.get("findings", entry.get("inspection", {}).get("findings", []))})
    return Outcome(attack, answer.status, entry["verdict"], entry["rule"], entry["reason"], found)


def rate(outcomes):
    return sum(o.status != 200 for o in outcomes) / len(outcomes) if outcomes else 1.0


def report(outcomes, honest, out=sys.stdout):
    strong = holding_findings()
    for group in sorted({o.attack.group for o in outcomes}):
        some = [o for o in outcomes if o.attack.group == group]
        print(f"\n{group}: {sum(o.status != 200 for o in some)} of {len(some)}", file=out)
        for o in some:
            word = {"hold": "held", "deny": "denied", "allow": "ALLOWED"}.get(o.verdict, o.verdict)
            seen = ", ".join(f if f in strong else f"({f})" for f in o.findings) or "no finding"
            print(f"  {word:8} {o.attack.name:34} {o.rule:14} {seen}", file=out)
    forged = [o for o in outcomes if o.attack.structure]
    count = collections.Counter(f for o in outcomes for f in o.findings if f in strong)
    rules = collections.Counter(o.rule for o in outcomes if o.status != 200 and not set(o.findings) & strong)
    print("\nattacks by finding: " + ", ".join(f"{f} {n}" for f, n in count.most_common()), file=out)
    print("by policy alone: " + ", ".join(f"{r} {n}" for r, n in rules.most_common()), file=out)
    for o in honest:
        if o.status != 200:
            print(f"HONEST, BUT {o.verdict}: {o.attack.name}: {o.reason}", file=out)
    for o in outcomes:
        if o.status == 200:
            print(f"missed: {o.attack.name} ({o.attack.group}): {o.attack.doc}", file=out)
    if forged:
        print(f"forged archives: {sum(o.status != 200 for o in forged)} of {len(forged)}", file=out)
    print(f"attacks: {sum(o.status != 200 for o in outcomes)} of {len(outcomes)} held or denied "
          f"({100 * rate(outcomes):.1f} %); honest neighbours: {sum(o.status == 200 for o in honest)} of {len(honest)} passed", file=out)


def main():
    args = sys.argv[1:]
    to = args.pop(args.index("--json") + 1) if "--json" in args else None
    names = [a for a in args if a != "--json"]
    attacks, honest = ([a for a in some if not names or any(n in a.name for n in names)] for some in (ATTACKS, HONEST))
    outcomes = list(measure(attacks + honest))
    bad, good = outcomes[:len(attacks)], outcomes[len(attacks):]
    report(bad, good)
    if to:
        with open(to, "w") as f:
            json.dump([{"attack": o.attack.name, "group": o.attack.group, "project": o.attack.project, "verdict": o.verdict,
                        "rule": o.rule, "reason": o.reason, "findings": o.findings} for o in outcomes], f, indent=1)
    met = rate(bad) >= RATE and rate([o for o in bad if o.attack.structure]) >= STRUCTURE_RATE
    return 0 if met and all(o.status == 200 for o in good) else 1


if __name__ == "__main__":
    sys.exit(main())
