"""What repodata says of a package otherwise than the package does, field by field; and a record that changes while its
file is served."""
import unittest

from house import conda
from house.case import with_key
from test_conda import OfChannel

BUILT = conda.now_ms() - 400 * conda.DAY_MS
FORGED = {  # what the record says instead, and what it is refused with
    "build_number": ({"build_number": 7}, 'build_number: "7" in the index, "0" in the file'),
    "subdir": ({}, 'subdir: "noarch" in the index, "linux-64" in the file'),
    "depends": ({"depends": ["evil"]}, 'depends: "evil" in the index, nothing in the file'),
    "noarch": ({"noarch": "python"}, 'noarch: "python" in the index, "generic" in the file'),
    "license": ({"license": "GPL-3.0-only"}, 'license: "GPL-3.0-only" in the index, "MIT" in the file'),
    "timestamp": ({"timestamp": BUILT - conda.DAY_MS},
                  f'timestamp: "{BUILT - conda.DAY_MS}" in the index, "{BUILT}" in the file'),
}
PATCHED = {  # what channels may say otherwise
    "versions": {"depends": ["base <2"]},
    "less": {"depends": []},
    "constrains": {"constrains": ["other <1"]},
    "younger": {"timestamp": BUILT + conda.DAY_MS},
}


class Records(OfChannel):
    @classmethod
    def add_with(cls, name, more, **index):
        index = {**conda.index_of(name, "1.0", timestamp=BUILT), "depends": ["base"], **index}
        file = cls.channel.add(name, "1.0", data=conda.package(index), depends=["base"])
        record = cls.channel.records["noarch"][file]
        record["timestamp"] = BUILT
        record.update(more)
        return file

    @classmethod
    def fill(cls):
        cls.make_channel()
        cls.channel.add("base", "1.0")
        cls.channel.add("evil", "1.0")
        cls.honest = cls.add_with("honest", {})
        cls.forged = {f: cls.add_with(f"forged-{f}", more) for f, (more, _) in FORGED.items() if f != "subdir"}
        cls.forged["subdir"] = cls.add_with("forged-subdir", {}, subdir="linux-64", noarch=None)
        cls.channel.records["noarch"][cls.forged["subdir"]].pop("noarch")
        cls.patched = {p: cls.add_with(f"patched-{p}", more) for p, more in PATCHED.items()}
        cls.approved = cls.add_with("approved", FORGED["license"][0])
        # name, version and build stand in the file's name: a record that says another has none
        cls.other = {f: cls.add_with(f"other-{f}", {f: "2.0"}) for f in ("name", "version", "build")}

    def test_forged_is_held(self):
        self.records()
        for field, file in self.forged.items():
            with self.subTest(field):
                a = self.fetch(file)
                self.assertEqual(a.status, 403, a)
                self.assertIn("finding record-differs", a.body.decode())
                self.assertIn(FORGED[field][1], self.command("explain", file))

    def test_what_is_in_the_name_of_the_file(self):
        records = self.records()
        for field, file in self.other.items():
            with self.subTest(field):
                self.assertNotIn(file, records)
                self.assertEqual(self.fetch(file).status, 404)

    def test_patched_is_served_and_said(self):
        self.records()
        for name, file in {"honest": self.honest, **self.patched}.items():
            with self.subTest(name):
                a = self.fetch(file)
                self.assertEqual(a.status, 200, a)
                self.assertEqual("record-patched" in self.command("explain", file), name != "honest")

    def test_a_person_approves_what_it_says(self):
        self.records()
        file = self.approved
        self.assertEqual(self.fetch(file).status, 403)
        status, out, err = self.service.command("approve", f"noarch/{file}", "--reason", "read", "--repository", "chan")
        self.assertEqual(status, 1, out)
        self.assertIn("record-differs", out)
        token = err.split("--evidence ")[1].split()[0]
        self.assertIn("now: allow", self.command("approve", f"noarch/{file}", "--reason", "read", "--evidence", token))
        self.assertEqual(self.fetch(file).status, 200)


class Changing(OfChannel):
    @classmethod
    def configure(cls, text):
        return with_key(super().configure(text), "index_refresh_seconds", "1")

    @classmethod
    def fill(cls):
        cls.make_channel()
        cls.file = cls.channel.add("good", "1.0", depends=["base"])
        cls.channel.add("base", "1.0")

    def test_a_record_that_is_forged_later(self):
        self.records()
        self.assertEqual(self.fetch(self.file).status, 200)
        record = self.channel.records["noarch"][self.file]
        self.channel.records["noarch"][self.file] = {**record, "depends": ["base", "evil"]}
        listed = self.eventually(lambda: (d := self.records()[self.file]["depends"])[1:2] == ["evil"] and d)
        self.assertRegex(listed[2], "__held-by-policy-.*")
        a = self.fetch(self.file)
        self.assertEqual(a.status, 403, a)
        self.assertIn("record-differs", self.command("explain", self.file))
        self.channel.records["noarch"][self.file] = record
        self.eventually(lambda: self.records()[self.file]["depends"] == ["base"])
        self.assertEqual(self.fetch(self.file).status, 200)


if __name__ == "__main__":
    unittest.main()
