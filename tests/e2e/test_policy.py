"""What the site's policy makes of the same files: audit, allow-list, settings by repository, lists beside it."""
import os

from house import wheels
from house.case import Quarantine, add_wheel, file_path, with_key
from house.service import Service
from house.upstream import Upstream


class Auditing(Quarantine):
    """Holds are notes: what would have been held passes, and is told as it would have been."""
    policy = staticmethod(lambda text: with_key(text, "mode", "audit"))

    @classmethod
    def fill(cls):
        add_wheel(cls.up, "young", "2.0", days=1)
        add_wheel(cls.up, "aged", "1.0")
        add_wheel(cls.up, "forged", "1.0", data=wheels.forged_directory("forged", "1.0"))

    def test_serves_what_would_be_held(self):
        self.with_clients(lambda client: self.installs(client, "young", "young", "2.0"),
                          kinds=["pip-newest"])
        told = self.explained("young==2.0")[wheels.file_name("young", "2.0")]
        self.assertEqual(told["verdict"], "allow")
        self.assertIn("cool-down", told["rule"])
        self.assertIn("the policy asks for 7", told["reason"])

    def test_says_nothing_of_what_would_pass(self):
        self.assertEqual(self.service.ask(file_path("aged", "1.0")).status, 200)
        told = self.explained("aged==1.0")[wheels.file_name("aged", "1.0")]
        self.assertEqual((told["verdict"], told["rule"]), ("allow", "mode audit"))

    def test_still_denies_attacks_and_what_people_deny(self):
        self.refused("forged", "1.0", "zip-")
        add_wheel(self.up, "unwanted", "1.0")
        self.assertEqual(self.service.ask(file_path("unwanted", "1.0")).status, 200)
        status, out, err = self.service.command("deny", "unwanted", "--reason", "not here")
        self.assertEqual(status, 0, out + err)
        self.refused("unwanted", "1.0", "not here")


LISTED = """version: 1
mode: allow-list
lookup: never
lists:
  projects:
    stack: {file: stack.txt}
rules:
  - {name: stack, project: $stack, then: allow}
"""


class Listing(Quarantine):
    """Only named projects; the names stand in a file beside the policy."""

    @classmethod
    def setUpClass(cls):
        cls.up = Upstream()
        cls.addClassCleanup(cls.up.close)
        for name in ("listed", "acme-tool", "stranger"):
            add_wheel(cls.up, name, "1.0")
        cls.service = Service(cls.up.url, policy=LISTED)
        cls.addClassCleanup(cls.service.remove)
        cls.list("listed\nacme-*  # ours\n")
        cls.service.start()
        cls.index = cls.service.url + "/pypi/simple/"

    @classmethod
    def list(cls, text):
        with open(cls.service.path("stack.txt"), "w") as f:
            f.write(text)

    def test_only_listed_names_are_asked_upstream(self):
        for name in ("listed", "acme-tool"):
            self.assertEqual(self.service.ask(file_path(name, "1.0")).status, 200)
        self.assertIn(self.service.ask("/pypi/simple/stranger/").status, (403, 404))
        self.assertFalse([p for p in self.up.asked if "stranger" in p])

    def test_mistakes_are_told_with_their_place(self):
        rows = [("stack.txt", "listed\nacme-*\na b\n", "stack.txt:3:1: "),
                ("policy.yaml", LISTED.replace("stack.txt", "../stack.txt"), "policy.yaml:6:19: "),
                ("policy.yaml", LISTED + "  - {name: x, project: listed, then: deny}\n"
                                         "  - {name: y, project: listed, then: hold}\n",
                 "can never be reached"),
                ("policy.yaml", LISTED + "  - {name: x, repository: pipy, then: deny}\n",
                 "can never match"),
                ("policy.yaml", LISTED + "\0mode: audit\n", "policy.yaml:1:1: ")]
        for name, text, found in rows:
            with self.subTest(found=found):
                with open(self.service.path(name)) as f:
                    old = f.read()
                self.service.edit(name, lambda _old, text=text: text)
                status, out, err = self.service.command("check")
                self.service.edit(name, lambda _old, old=old: old)
                self.assertEqual(status, 2, out + err)
                self.assertIn(found, err)
        os.rename(self.service.path("stack.txt"), self.service.path("gone.txt"))
        status, out, err = self.service.command("check")
        os.rename(self.service.path("gone.txt"), self.service.path("stack.txt"))
        self.assertNotEqual(status, 0, out + err)
        self.assertIn("stack.txt", err)
        self.assertEqual(self.service.command("check")[0], 0)


if __name__ == "__main__":
    import unittest
    unittest.main()
