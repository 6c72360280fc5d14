"""What a release can do that the approved one before it could not: computed from both, and shown by explain."""
import random

from house import sdists, wheels
from house.case import Quarantine, days_ago, file_path
from house.upstream import File

ELF = (b"\x7fELF\x02\x01\x01" + b"\0" * 9 + bytes.fromhex("03003e0001000000") + b"\0" * 24 +
       bytes.fromhex("00000000400038000000400000000000"))
LINUX = "py3-none-manylinux_2_17_x86_64"
NETWORK = b"import urllib.request\n\n\ndef get(url):\n    return urllib.request.urlopen(url).read()\n"
PROCESS = b"import subprocess\n\n\ndef column(text):\n    return subprocess.run(['column'], input=text)\n"
SETUP = b"import subprocess\n\nfrom setuptools import setup\n\nsubprocess.run(['true'])\nsetup(name='x', version='2.0')\n"


def by(*people):
    return "".join(f"Author-email: {p}\n" for p in [", ".join(people)])


def authored(name, version, people, files=None):
    """A wheel whose METADATA names people."""
    members = wheels.members(name, version, files=files)
    module = name.replace("-", "_")
    info, record = (f"{module}-{version}.dist-info/{part}" for part in ("METADATA", "RECORD"))
    members[info] = wheels.metadata(name, version, extra=by(*people))
    lines = [f"{p},{wheels.record_hash(d)},{len(d)}" for p, d in members.items() if p != record]
    members[record] = ("\n".join([*lines, f"{record},,"]) + "\n").encode()
    return wheels.pack(members)


def sdist(name, version, setup=False):
    members = sdists.members(name, version)
    top = f"{name}-{version}"
    if setup:
        del members[f"{top}/pyproject.toml"]
        members[f"{top}/setup.py"] = SETUP
    return sdists.pack(members)


class Changes(Quarantine):
    @classmethod
    def wheels(cls, name, before, after, days=(400, 30), tag="py3-none-any"):
        cls.up.add(name, File(wheels.file_name(name, "1.0"), before, uploaded=days_ago(days[0])))
        cls.up.add(name, File(wheels.file_name(name, "2.0", tag), after, uploaded=days_ago(days[1])))

    @classmethod
    def with_files(cls, name, **files):
        """1.0 of nothing but itself, 2.0 with more modules."""
        more = {f"{name}/{module}.py": data for module, data in files.items()}
        cls.wheels(name, wheels.wheel(name, "1.0"), wheels.wheel(name, "2.0", files=more), days=(200, 30))

    @classmethod
    def fill(cls):
        cls.with_files("unchanged", more=b"def add(a, b):\n    return a + b\n")
        cls.with_files("reaching", web=NETWORK)
        cls.with_files("starting", show=PROCESS)
        cls.wheels("compiled", wheels.wheel("compiled", "1.0"), tag=LINUX, days=(200, 30), after=wheels.wheel(
            "compiled", "2.0", files={"compiled/core.so": ELF}, tag=LINUX))
        noise = random.Random(1).randbytes(2 << 20)
        cls.wheels("grown", wheels.wheel("grown", "1.0"), days=(200, 30), after=wheels.wheel(
            "grown", "2.0", files={"grown/table.bin": noise}))
        cls.wheels("silent", wheels.wheel("silent", "1.0"), wheels.wheel("silent", "2.0"), days=(800, 30))
        cls.wheels("handed-over", authored("handed-over", "1.0", ["ada@example.org"]), days=(200, 30), after=authored(
            "handed-over", "2.0", ["Ada <ada@example.org>", "Bob <bob@example.net>"]))
        cls.wheels("taken-over", authored("taken-over", "1.0", ["ada@example.org"]), days=(200, 30), after=authored(
            "taken-over", "2.0", ["bob@example.net"], {"taken_over/web.py": NETWORK}))
        for version, days, setup in (("1.0", 200, False), ("2.0", 30, True)):
            cls.up.add("building", File(sdists.file_name("building", version), sdist("building", version, setup),
                                        uploaded=days_ago(days)))

    def compared(self, name, file_name=None, status=200):
        """The second release after the first was approved: its entry, and the lines of explain about it."""
        first = file_name("1.0") if file_name else wheels.file_name(name, "1.0")
        second = file_name("2.0") if file_name else wheels.file_name(name, "2.0")
        for file, expected in ((first, 200), (second, status)):
            answer = self.service.ask(f"/pypi/files/{name}/{file}")
            self.assertEqual(answer.status, expected, answer)
        entry = self.explained(f"{name}==2.0")[second]
        self.assertEqual(entry["previous_version"], "1.0")
        code, out, err = self.service.command("explain", f"{name}==2.0")
        self.assertEqual(code, 0, out + err)
        lines = out.splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith("  against 1.0, approved before it:"))
        shown = [line.strip() for line in lines[at + 1:]]
        return entry, lines[at], [s for s, line in zip(shown, lines[at + 1:]) if line.startswith("    ")]

    def test_nothing_new(self):
        entry, head, _ = self.compared("unchanged")
        self.assertEqual((entry["changes"], head.split(": ")[1]), ([], "nothing new"))

    def test_each_kind_is_told(self):
        native = lambda v: wheels.file_name("compiled", v, "py3-none-any" if v == "1.0" else LINUX)
        built = lambda v: sdists.file_name("building", v)
        for name, said, file_name, status in (
                ("reaching", "new capability: network", None, 200),
                ("starting", "new capability: process", None, 200),
                ("compiled", "new capability: native elf x86-64", native, 200),
                ("grown", "size: ", None, 200),
                ("silent", "first release after 770 days", None, 200),
                ("handed-over", "new maintainer: author bob@example.net", None, 200),
                ("building", "new capability: install-code setup.py beyond declarations", built, 403)):
            with self.subTest(name=name):
                entry, _, shown = self.compared(name, file_name, status)
                self.assertTrue([s for s in shown if s.startswith(said)], shown)
                self.assertEqual(entry["change_count"], len(entry["changes"]))

    def test_a_size_is_told_with_the_one_before(self):
        entry, _, _ = self.compared("grown")
        change, = entry["changes"]
        before, after = (len(f.data) for f in self.up.projects["grown"])
        self.assertEqual(change, {"kind": "size", "before": before, "after": after})

    def test_a_new_maintainer_who_brings_a_capability_is_held(self):
        entry, _, shown = self.compared("taken-over", status=403)
        self.assertEqual((entry["verdict"], entry["rule"]), ("hold", "change"))
        self.assertIn("new capability: network", shown)
        self.assertIn("new maintainer: author bob@example.net", shown)
        self.refused("taken-over", "2.0", "new since the approved 1.0: capability")


if __name__ == "__main__":
    import unittest
    unittest.main()
