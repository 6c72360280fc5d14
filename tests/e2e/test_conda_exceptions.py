"""Exceptions of a channel: what is asked for of one page is approved of that page, and rattler installs it in its next
solve."""
import json
import os
import re
import unittest

from test_conda import OfChannel


class Exceptions(OfChannel):
    @classmethod
    def fill(cls):
        cls.make_channel()
        add = cls.channel.add
        for name in ("named", "formed"):
            for subdir in ("noarch", "linux-64"):
                add(name, "1.0", subdir=subdir, build=f"{subdir[:2]}_0")
                add(name, "2.0", subdir=subdir, build=f"{subdir[:2]}_0", days=1)
        add("later", "1.0")
        add("later", "2.0", days=1)
        add("later", "2.0", subdir="osx-64", build="os_0", days=1)

    def asked(self, out):
        return re.search(r"asked for, as exception (\d+)\n", out).group(1)

    def solved(self, spec):
        said, _ = self.rattler(spec)
        self.assertTrue(said.get("installed"), said)
        return said["solved"]

    def test_asked_for_by_page_and_approved_by_its_number(self):
        self.records(), self.records("linux-64")
        status, out, err = self.service.command("exceptions", "request", "conda:named==2.0", "--reason", "a bug",
                                                "--repository", "chan")
        self.assertEqual(status, 2, out)
        self.assertIn("several pages list it", err)
        number = self.asked(self.command("exceptions", "request", "conda:noarch/named==2.0", "--reason", "a bug"))
        again = self.command("exceptions", "request", "conda:noarch/named==2.0", "--reason", "the same")
        self.assertIn(f"asked for already, as exception {number}", again)
        other = self.asked(self.command("exceptions", "request", "conda:linux-64/named==2.0", "--reason", "a bug"))
        self.assertNotEqual(number, other)
        self.assertEqual(self.solved("named"), ["named-1.0-li_0.conda"])
        status, out, err = self.service.command("exceptions", "show", number)
        self.assertIn("noarch/named==2.0", out + err)
        self.assertIn("named-2.0-no_0.conda", out)
        self.assertNotIn("named-2.0-li_0.conda", out)
        status, out, err = self.service.command("approve", number)
        self.assertEqual(status, 0, out + err)
        self.assertIn("now: allow", out)
        self.assertEqual(self.solved("named"), ["named-2.0-no_0.conda"])
        self.assertEqual(self.fetch("named-2.0-li_0.conda", "linux-64").status, 403)
        explained = json.loads(self.command("explain", "conda:linux-64/named==2.0", "--json"))
        self.assertEqual([e["exception"] for e in explained[0]["exceptions"]], [int(other)])
        # what ends it is effective at once, on its page
        status, out, err = self.service.command("exceptions", "revoke", number, "--reason", "no more")
        self.assertEqual(status, 0, out + err)
        self.assertEqual(self.fetch("named-2.0-no_0.conda").status, 403)

    def test_a_page_that_lists_it_later_does_not_matter(self):
        self.records()
        number = self.asked(self.command("exceptions", "request", "conda:later==2.0", "--reason", "a bug"))
        self.records("osx-64")
        status, out, err = self.service.command("approve", number)
        self.assertEqual(status, 0, out + err)
        self.assertEqual(self.solved("later"), ["later-2.0-0.conda"])
        self.assertEqual(self.fetch("later-2.0-os_0.conda", "osx-64").status, 403)

    def test_a_range_is_of_every_page(self):
        self.records()
        for words in (("exceptions", "request"), ("approve",)):
            status, out, err = self.service.command(*words, "conda:noarch/named>=2", "--reason", "a bug",
                                                    "--repository", "chan")
            self.assertEqual(status, 2, out)
            self.assertIn("named>=2 holds on every page that lists it: leave noarch/ away", err)

    def test_the_form_of_a_refusal(self):
        self.records(), self.records("linux-64")
        a = self.fetch("formed-2.0-li_0.conda", "linux-64")
        self.assertEqual(a.status, 403, a)
        ref = re.search(r"/-/x/(\w+)", a.reason).group(1)
        a = self.service.post(f"/-/x/{ref}", b'{"reason": "needed"}', "application/json")
        self.assertEqual(a.status, 201, a)
        number = str(json.loads(a.body)["exception"])
        status, out, err = self.service.command("approve", number)
        if status != 0:  # nobody who is known asked: whoever approves asks again
            self.assertIn("no user here is known", out + err)
        self.assertEqual(status, 0, out + err)
        self.assertEqual(self.solved("formed"), ["formed-2.0-li_0.conda"])
        self.assertEqual(self.fetch("formed-2.0-no_0.conda").status, 403)


def of_the_standard_library(*names):
    """{path in a package: bytes} of the host's own."""
    folder = os.path.dirname(os.__file__)
    found = {}
    for name in names:
        with open(os.path.join(folder, name), "rb") as f:
            found[f"lib/python3.11/{name}"] = f.read()
    return found


class Interpreter(OfChannel):
    """What the standard library does by itself holds the package "python" as it would hold any other: a person who has
    read it approves these bytes, and no others."""
    @classmethod
    def fill(cls):
        cls.make_channel()
        files = of_the_standard_library("antigravity.py", "zipimport.py", "json/decoder.py")
        cls.file = cls.channel.add("python", "3.11.2", build="h1_0", subdir="linux-64", files=files)
        cls.next = cls.channel.add("python", "3.11.2", build="h1_1", subdir="linux-64", files={
            **files, "lib/python3.11/zipimport.py": files["lib/python3.11/zipimport.py"] + b"import os\nos.system('id')\n"})

    def test_approved_by_file_once_it_was_read(self):
        self.records("linux-64")
        for file in (self.file, self.next):
            a = self.fetch(file, "linux-64")
            self.assertEqual(a.status, 403, a)
            self.assertIn("finding ", a.body.decode())
        what = ("approve", f"linux-64/{self.file}", "--reason", "read its findings", "--repository", "chan")
        status, out, err = self.service.command(*what)
        self.assertEqual(status, 1, out)
        self.assertIn("hidden-code", out)
        self.assertIn("lib/python3.11/zipimport.py", out)
        evidence = re.search(r"run it again with --evidence (\S+)", err)[1]
        status, out, err = self.service.command(*what, "--evidence", evidence)
        self.assertEqual(status, 0, out + err)
        self.assertIn("now: allow", out)
        self.assertEqual(self.fetch(self.file, "linux-64").status, 200)
        said, _ = self.rattler("python")
        self.assertEqual(said.get("solved"), [self.file], said)
        self.assertEqual(self.fetch(self.next, "linux-64").status, 403)
        status, out, err = self.service.command("approve", f"linux-64/{self.next}", "--reason", "x", "--evidence", evidence,
                                                "--repository", "chan")
        self.assertEqual(status, 1, out)


if __name__ == "__main__":
    unittest.main()
