"""Names between two upstreams: whose they are, and giving them away (T12); bytes denied by their digest."""
import hashlib
import json
import re
import unittest

from house import wheels
from house.case import Quarantine, add_wheel, file_path, in_parallel, with_second_upstream
from house.clients import Client
from house.upstream import Upstream


class Owners(Quarantine):
    """Two upstreams that both have `shared`, with different bytes."""
    @classmethod
    def fill(cls):
        cls.other = Upstream()
        cls.addClassCleanup(cls.other.close)
        cls.mine = add_wheel(cls.up, "shared", "1.0")
        cls.theirs = add_wheel(cls.other, "shared", "1.0", files={"shared/more.py": b"# theirs\n"})
        add_wheel(cls.other, "shared", "2.0")

    @classmethod
    def configure(cls, text):
        cls.first = re.search(r"(?m)^upstreams:\n(?:\s*#.*\n)*\s*- name: (\S+)", text).group(1)
        return with_second_upstream(text, cls.other.url)

    def own(self, *args):
        return self.service.command("own", *args)

    def test_a_name_changes_hands_in_one_step(self):
        path = file_path("shared", "1.0")
        self.assertEqual(self.service.ask(path).body, self.mine.data)
        self.assertEqual(self.own("shared", "--upstream", "nowhere", "--reason", "x")[0], 2)
        asked = len(self.up.asked)
        status, out, err = self.own("shared", "--upstream", "second", "--reason", "they publish it now")
        self.assertEqual(status, 0, out + err)
        self.assertIn("owned by upstream second", out)
        a = self.service.ask(path)
        while a.status == 307:
            a = self.service.ask(a["Location"])
        self.assertEqual((a.status, a.body), (200, self.theirs.data), a)
        self.assertEqual(set(self.page("shared")), {wheels.file_name("shared", v) for v in ("1.0", "2.0")})
        self.assertEqual(len(self.up.asked), asked)
        self.with_clients(lambda client: self.installs(client, "shared", "shared", "2.0"), ("pip-newest", "uv"))
        listed = json.loads(self.own("--json")[1])
        self.assertEqual([(n["project"], n["upstream"], n["changes"][0]["former"]) for n in listed
                          if n["project"] == "shared"], [("shared", "second", self.first)])
        self.assertIn("upstream second", self.service.command("explain", "shared")[1])

    def test_who_waits_goes_on_with_the_new_owner(self):
        """The former owner's file is on its way when the name changes hands: pip, which has read the former
        owner's page, gets the same file, and who asks for the file alone gets the new owner's."""
        add_wheel(self.up, "moving", "1.0", sidecar=False)
        add_wheel(self.other, "moving", "1.0", sidecar=False)
        add_wheel(self.up, "parting", "1.0", sidecar=False)
        theirs = add_wheel(self.other, "parting", "1.0", files={"parting/more.py": b"# theirs\n"},
                           sidecar=False)
        self.up.delay_s = 8
        self.addCleanup(setattr, self.up, "delay_s", 0)
        for name in ("moving", "parting"):
            self.service.ask(f"/pypi/simple/{name}/")

        def give():
            for name in ("moving", "parting"):
                self.eventually(lambda: f"/files/{wheels.file_name(name, '1.0')}" in self.up.asked, 60)
                self.assertNotIn(f"/simple/{name}/", self.other.asked)
                status, out, err = self.own(name, "--upstream", "second", "--reason", "theirs now")
                self.assertEqual(status, 0, out + err)

        def install():
            with Client("pip-newest") as client:
                self.installs(client, "moving==1.0", "moving", "1.0")
            self.assertIn("/simple/moving/", self.other.asked)

        def ask():
            a = self.service.ask(file_path("parting", "1.0"))
            while a.status == 307:
                a = self.service.ask(a["Location"])
            self.assertEqual((a.status, a.body), (200, theirs.data), a)
        for name, e in in_parallel({"give": give, "install": install, "ask": ask}).items():
            with self.subTest(name):
                if e is not None:
                    raise e

    def test_bytes_are_denied_before_they_are_known(self):
        f = add_wheel(self.up, "unlucky", "1.0")
        digest = "sha256:" + hashlib.sha256(f.data).hexdigest()
        status, out, _ = self.service.command("explain", digest)
        self.assertEqual(status, 1, out)
        self.assertEqual(self.service.command("deny", digest, "--reason", "on a list of malware")[0], 0)
        self.assertIn("on a list of malware", self.service.command("explain", digest)[1])
        self.refused("unlucky", "1.0", "on a list of malware")
        self.assertNotIn(f"/files/{f.name}", self.up.asked)
        self.with_clients(lambda client: self.is_refused(client, "unlucky", "on a list of malware"),
                          ("pip-newest", "uv"))


if __name__ == "__main__":
    unittest.main()
