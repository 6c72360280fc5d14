#!/usr/bin/env python3
"""Real packages through the real service: how many of them are held or denied, and why.

For each project of tests/corpus/real-packages.txt the newest wheel that fits this machine and the newest
sdist are fetched through a gateway of its own, whose upstream is the index that this host's pip uses: one
project after the other, each file once. It is a program to run by hand; tests/run does not."""
import argparse
import http.client
import json
import os
import shutil
import signal
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from house.service import ROOT, Service  # noqa: E402
from pip._vendor.packaging import specifiers, tags, utils, version  # noqa: E402

LIST = os.path.join(ROOT, "tests", "corpus", "real-packages.txt")
JSON = "application/vnd.pypi.simple.v1+json"
PATIENCE_S = 600
TOTAL_MB = 2000
# The holds of the default policy that say nothing about what inspection found.
OF_AGE = ("cool-down",)
HAS_WHEEL = "has a wheel"
NOT_LISTED = "the upstream lists nothing like that"
# Under this policy only what inspection found holds a file: findings, and code that runs at build time.
JUDGING = (("cool_down_days: 7", "cool_down_days: 0"), ("sdists: when-no-wheel", "sdists: always"))


def judging(text):
    for before, after in JUDGING:
        if before not in text:
            raise SystemExit(f"the default policy has no {before!r} any more: see JUDGING")
        text = text.replace(before, after)
    return text


def projects(path):
    with open(path) as f:
        return [line.split("#")[0].strip() for line in f if line.split("#")[0].strip()]


# --- what to fetch ---

def fits(entry):
    wanted = entry.get("requires-python")
    try:
        return not wanted or specifiers.SpecifierSet(wanted).contains(".".join(map(str, sys.version_info[:3])))
    except specifiers.InvalidSpecifier:
        return False


def newest(files, sdists, supported):
    """The entry that pip would take: the newest release, of its wheels the one whose tag comes first."""
    best, entry = None, None
    for f in files:
        name = f["filename"]
        if f.get("yanked") or not fits(f):
            continue
        try:
            if sdists:
                if not name.endswith((".tar.gz", ".zip")):
                    continue
                number, rank = utils.parse_sdist_filename(name)[1], 0
            else:
                _project, number, _build, of = utils.parse_wheel_filename(name)
                rank = min((supported[t] for t in of if t in supported), default=None)
        except (utils.InvalidWheelFilename, utils.InvalidSdistFilename, version.InvalidVersion):
            continue
        if rank is None or number.is_prerelease:
            continue
        if best is None or (number, -rank) > best:
            best, entry = (number, -rank), f
    return entry


# --- fetching ---

def fetch(service, project, name, keep):
    """(status, reason, bytes): waits as long as the gateway says it is being inspected."""
    path = f"/pypi/files/{project}/{name}"
    end = time.monotonic() + PATIENCE_S
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE_S)
        connection.request("GET", path)
        answer = connection.getresponse()
        waiting = answer.status in (307, 503) or "being inspected" in answer.reason
        if not waiting or time.monotonic() > end:
            size = drain(answer, os.path.join(keep, name) if keep and answer.status == 200 else os.devnull)
            connection.close()
            return answer.status, answer.reason, size
        answer.read()
        connection.close()
        if answer.status == 307:
            path = urllib.parse.urljoin(path, answer.getheader("Location"))
        else:
            time.sleep(1)


def keep_held(service, row, folder):
    """What is not served lies under its digest in the state folder."""
    digest = row.judged.get("sha256")
    for top, _folders, names in os.walk(service.path("blobs")):
        for name in names:
            if digest and (name == digest or os.path.basename(top) + name == digest):
                shutil.copyfile(os.path.join(top, name), os.path.join(folder, row.name))
                return


def drain(answer, path):
    size = 0
    with open(path, "wb") as out:
        while data := answer.read(1 << 20):
            out.write(data)
            size += len(data)
    return size


def sdist_of(service, files, wheel, supported):
    """The newest sdist. Pages do not list those of a version that has a wheel; explain does."""
    listed = newest(files, True, supported)
    if wheel is None:
        return listed
    number = utils.parse_wheel_filename(wheel["filename"])[1]
    if listed and utils.parse_sdist_filename(listed["filename"])[1] > number:
        return listed
    beside = [n for n in explain(service, wheel["project"], str(number)) if n.endswith((".tar.gz", ".zip"))]
    return {"filename": beside[0]} if beside else listed


def explain(service, project, number):
    """What is known of each file; nothing of a release that the upstream does not list, or not any more: then what
    its file was answered with counts."""
    code, out, err = service.command("explain", f"{project}=={number}", "--json")
    if code == 1 and NOT_LISTED in out + err:
        return {}
    if code != 0:
        raise RuntimeError(f"explain {project}=={number}: {out}{err}")
    return {e["file"]: e for e in json.loads(out)}


# --- one run ---

class Row:
    def __init__(self, project, kind, entry):
        self.project, self.kind, self.name = project, kind, entry["filename"]
        self.size = entry.get("size", 0)
        parse = utils.parse_sdist_filename if kind == "sdist" else utils.parse_wheel_filename
        self.version = str(parse(self.name)[1])
        self.judged = self.default = None

    def record(self):
        return {"project": self.project, "version": self.version, "file": self.name, "kind": self.kind,
                "size": self.size, "judged": self.judged, "default": self.default}


def collect(service, options):
    supported = {t: i for i, t in enumerate(tags.sys_tags())}
    rows, missing, total = [], [], 0
    for project in options.projects or projects(options.list):
        status, reason, _h, body = service.get(f"/pypi/simple/{project}/", {"Accept": JSON}, timeout=120)
        if status != 200:
            missing.append((project, f"page: {status} {reason}"))
            continue
        files = json.loads(body)["files"]
        wheel = newest(files, False, supported)
        if wheel:
            wheel["project"] = project
        for kind in ("wheel", "sdist"):
            entry = wheel if kind == "wheel" else sdist_of(service, files, wheel, supported)
            if entry is None:
                missing.append((project, f"no {kind} that fits"))
                continue
            row = Row(project, kind, entry)
            if (total + row.size) / 1e6 > options.total_mb:
                missing.append((project, f"{row.name}: {row.size / 1e6:.0f} MB would exceed --total-mb"))
                continue
            started = time.monotonic()
            status, reason, size = fetch(service, project, row.name, options.keep)
            row.size = row.size or (size if status == 200 else 0)
            total += row.size
            row.judged = explain(service, project, row.version).get(row.name) or {
                "verdict": "unknown", "reason": f"{status} {reason}", "rule": "", "findings": []}
            if options.keep and status != 200:
                keep_held(service, row, options.keep)
            rows.append(row)
            print(f"{row.judged['verdict']:8} {row.name} ({row.size / 1e6:.1f} MB, "
                  f"{time.monotonic() - started:.1f} s) "
                  f"{'' if row.judged['verdict'] == 'allow' else row.judged['rule'] + ': ' + row.judged['reason']}",
                  file=sys.stderr, flush=True)
    return rows, missing


def judge_by_default(service, rows, text):
    """The same files under the policy that init wrote."""
    service.edit("policy.yaml", lambda _old: text)
    service.process.send_signal(signal.SIGHUP)
    time.sleep(3)
    for row in rows:
        row.default = explain(service, row.project, row.version).get(row.name)


# --- report ---

def place(row):
    """How a file counts under the default policy."""
    judged, default = row.judged, row.default or {}
    if "deny" in (judged["verdict"], default.get("verdict")):
        return "denied"
    if judged["verdict"] != "allow":
        return "held by " + (judged["rule"].split()[0] if judged["rule"] else "?")
    if default.get("verdict") == "allow":
        return "allowed"
    rule, reason = default.get("rule", "?"), default.get("reason", "")
    if rule in OF_AGE:
        return "held by cool-down alone"
    if HAS_WHEEL in reason:
        return "sdist of a version that has a wheel"
    return f"held by {rule}"


def cell(text):
    return str(text).replace("|", "\\|").replace("\n", " ")


def report(rows, missing, out):
    kinds = ("wheel", "sdist")
    print(f"Files: {len(rows)} of {len({r.project for r in rows})} projects, "
          f"{sum(r.size for r in rows) / 1e6:.0f} MB, {time.strftime('%Y-%m-%d', time.gmtime())}\n", file=out)
    print("| under the default policy | wheels | sdists |\n| --- | --- | --- |", file=out)
    places = [place(r) for r in rows]
    for p in sorted(set(places)):
        counts = [sum(1 for r, q in zip(rows, places) if q == p and r.kind == k) for k in kinds]
        print(f"| {p} | {counts[0]} | {counts[1]} |", file=out)
    held = [r for r in rows if r.judged["verdict"] != "allow"]
    found = [r for r in held if r.judged["rule"] != "build-code"]
    print(f"\nHeld or denied by findings: {len(found)} of {len(rows)} "
          f"({100 * len(found) / max(1, len(rows)):.1f} %)\n", file=out)
    if held:
        print("| file | verdict | rule | reason |\n| --- | --- | --- | --- |", file=out)
    for r in held:
        print(f"| {cell(r.name)} | {r.judged['verdict']} | {cell(r.judged['rule'])} | "
              f"{cell(r.judged['reason'])} |", file=out)
    codes(rows, out)
    for project, why in missing:
        print(f"\nNot fetched: {project}: {why}", end="", file=out)
    print(file=out)


def codes(rows, out):
    low = {}
    for r in rows:
        for f in r.judged.get("findings", []):
            key = (f.get("class"), f.get("code"))
            low.setdefault(key, set()).add(r.name)
    print("\n| finding | class | files | for example |\n| --- | --- | --- | --- |", file=out)
    for (cls, code), names in sorted(low.items(), key=lambda i: (-len(i[1]), i[0])):
        print(f"| {code} | {cls} | {len(names)} | {cell(sorted(names)[0])} |", file=out)


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("projects", nargs="*", help="instead of the list")
    p.add_argument("--list", default=LIST)
    p.add_argument("--total-mb", type=int, default=TOTAL_MB, help="fetch no more than this")
    p.add_argument("--keep", metavar="DIR", help="keep what was served there")
    p.add_argument("--json", metavar="FILE", help="all that explain said")
    options = p.parse_args()
    if options.keep:
        os.makedirs(options.keep, exist_ok=True)
    service = Service()
    try:
        with open(service.path("policy.yaml")) as f:
            default = f.read()
        service.edit("policy.yaml", judging)
        service.start()
        rows, missing = collect(service, options)
        judge_by_default(service, rows, default)
    finally:
        service.remove()
    if options.json:
        with open(options.json, "w") as f:
            json.dump([r.record() for r in rows], f, indent=1)
    report(rows, missing, sys.stdout)
    return 0 if not any(place(r) == "denied" for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
