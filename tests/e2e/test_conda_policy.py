"""A policy names conda packages by match specs: which of a channel's records each is about, as rattler says."""
import json
import os
import re
import subprocess
import unittest

from house import clients, conda
from test_conda import OfChannel

SPECS = ["numpy", "numpy >=1.26,<2", "numpy=1.26", "numpy==1.26", "numpy 1.26.*", "numpy 1.26.4 py311*", "numpy=1.26.4=py312_0",
         "numpy !=2.0", "numpy ~=1.26.0", "numpy >1.26.4", "numpy <=1.26|2.*", "numpy 2.0.0rc1", "numpy * py312_*",
         "numpy[build=*_1]", "numpy[version='<2', build=py3*]", "numpy[build_number='>=1']", "numpy[subdir=noarch]",
         "numpy[subdir=linux-64, version=1.26.4]", "openssl 1.1.1a", "openssl >1.1.1", "openssl <=1.1.1w"]
PACKAGES = [("numpy", v, b, s) for v in ("1.25.0", "1.26", "1.26.4", "2.0.0rc1", "2.0", "2.1.3+cuda", "1!0.1")
            for b, s in (("py311_0", "linux-64"), ("py312_0", "linux-64"), ("py311_1", "noarch"))] + \
           [("openssl", v, "h1_0", "linux-64") for v in ("1.1.1", "1.1.1a", "1.1.1w", "3.0")] + \
           [("numpy-evil", "1.26.4", "py311_0", "noarch")]
CHECK = """
import json, sys
from rattler import BuildString, MatchSpec, PackageRecord, VersionWithSource
specs, packages = json.load(sys.stdin)
def spec_of(text):  # as rattler_answers.py has it
    try:
        return MatchSpec(text, strict=True)
    except Exception:
        return MatchSpec(text, strict=False)
def is_about(spec, name, version, build, subdir):
    return spec_of(spec).matches(PackageRecord(name, VersionWithSource(version), BuildString(build),
                                                              int(build[-1]), subdir))
print(json.dumps([[is_about(s, *p) for p in packages] for s in specs]))
"""


class Specs(OfChannel):
    @classmethod
    def fill(cls):
        cls.make_channel()
        cls.files = [cls.channel.add(n, v, build=b, subdir=s, data=b"x") for n, v, b, s in PACKAGES]

    def test_each_is_about_what_rattler_says(self):
        if "rattler" in clients.missing:
            self.skipTest(clients.missing["rattler"])
        done = subprocess.run([os.path.join(clients.tool("rattler-env"), "bin", "python"), "-c", CHECK],
                              input=json.dumps([SPECS, PACKAGES]), capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(done.stdout)
        self.records(), self.records("linux-64")
        compared = 0
        for spec, expected in zip(SPECS, told):
            asked = re.search(r"subdir=([^],]+)", spec)  # which rattler leaves to who asks for a subdir
            expected = [e and (not asked or s == asked[1]) for e, (_, _, _, s) in zip(expected, PACKAGES)]
            with self.subTest(spec):
                path = self.service.path("spec.yaml")
                with open(path, "w") as f:
                    f.write(f"version: 1\nrules:\n  - {{name: spec, match: {json.dumps(spec)}, then: deny}}\n")
                status, out, err = self.service.command("policy", "set", path, "--reason", "tried")
                self.assertEqual(status, 0, out + err)
                records = {s: self.eventually(lambda: self.records(s)) for s in ("linux-64", "noarch")}
                denied = [any(d.startswith("__denied-by-policy") for d in records[s][file]["depends"])
                          for file, (_, _, _, s) in zip(self.files, PACKAGES)]
                self.assertEqual(denied, expected)
                self.assertIn(True, denied)
                self.assertIn(False, denied)
                compared += len(denied)
        self.assertEqual(compared, len(SPECS) * len(PACKAGES))

    def test_unreadable_ones_are_errors_with_line_and_column(self):
        path = self.service.path("bad.yaml")
        with open(path, "w") as f:
            f.write("version: 1\nrules:\n  - name: a\n    match: [numpy, \"numpy >=1 <2\"]\n    then: deny\n")
        status, out, err = self.service.command("policy", "test", path)
        self.assertEqual(status, 2, out)
        self.assertIn("bad.yaml:4:20: rules[0].match[1]: \"numpy >=1 <2\" is no match spec: column 11: ", err)


class Commands(OfChannel):
    """Denials and exceptions by match specs, as conda writes versions."""
    @classmethod
    def fill(cls):
        cls.make_channel()
        add = cls.channel.add
        for version in ("1.26.4", "1.26.5", "2.0"):
            add("numpy", version, days=1)

    def held(self):
        return {r["version"] for r in self.records().values() if any(d.startswith("__held") for d in r["depends"])}

    def denied(self):
        return {r["version"] for r in self.records().values() if any(d.startswith("__denied") for d in r["depends"])}

    def test_by_version(self):
        self.assertEqual(self.held(), {"1.26.4", "1.26.5", "2.0"})
        self.command("approve", "conda:numpy 1.26.4", "--reason", "a bug")
        self.assertEqual(self.eventually(lambda: (h := self.held()) != {"1.26.4", "1.26.5", "2.0"} and h), {"1.26.5", "2.0"})
        self.command("deny", "conda:numpy 1.26.*", "--reason", "not here")
        self.assertEqual(self.eventually(self.denied), {"1.26.4", "1.26.5"})
        for what in ("conda:numpy 1.26.4 py311_0", "conda:numpy 1.*.4", "conda:numpy >=1 <2", "conda:numpy[build=0]"):
            status, out, err = self.service.command("deny", what, "--reason", "x", "--repository", "chan")
            self.assertEqual(status, 2, (what, out))


if __name__ == "__main__":
    unittest.main()
