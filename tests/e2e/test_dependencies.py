"""A release whose requirement is held as well: who approves it is told, and what they are told works."""
import json
import re
import shlex

from house.case import Quarantine, add_wheel, file_path
from house.clients import Client
from house.upstream import Upstream

HELD = "no version that fits can be had now; 2.1 is held (cool-down, policy.yaml:"


class Dependencies(Quarantine):
    @classmethod
    def fill(cls):
        for name in ("sdk", "told"):
            add_wheel(cls.up, name, "1.0", requires=[f"{name}-core>=1,<2"])
            add_wheel(cls.up, name, "2.0", days=1,
                      requires=[f"{name}-core>=2,<3", f"{name}-core>=0.1", f"{name}-win>=2; sys_platform == 'win32'",
                                f"{name}-fast==2.0; extra == 'fast'"])
            for version in ("1.0", "2.0", "2.1"):
                add_wheel(cls.up, f"{name}-core", version, days=400 if version == "1.0" else 1)
            for part in ("win", "fast"):
                add_wheel(cls.up, f"{name}-{part}", "1.0")
                add_wheel(cls.up, f"{name}-{part}", "2.0", days=1)

        add_wheel(cls.up, "pinning", "1.0", requires=["sdk-core==2.0"])
        add_wheel(cls.up, "ready", "1.0", requires=["told-core>=2"])

    def ok(self, *args):
        status, out, err = self.service.command(*args)
        self.assertEqual(status, 0, out + err)
        return out

    def approve(self, what, *more):
        return self.ok("approve", what, "--reason", "read the diff", "--expires", "14d", *more)

    def told(self, out):
        """The command lines that approve printed, as a shell takes them."""
        return [shlex.split(line) for line in re.findall(r"to let it pass as well: customhouse (.*)", out)]

    def test_what_approve_prints_makes_the_same_install_succeed(self):
        before = self.approve("pypi:sdk==2.0")
        self.assertIn(f"needs sdk-core>=2,<3: {HELD}", before)
        self.assertIn("of 1 other requirement a version can be had", before)
        self.assertIn("needs sdk-win>=2 if sys_platform == 'win32': no version that fits", before)
        self.assertNotIn("sdk-fast", before)
        said = {}

        def fails(client):
            status, said[client.kind] = client.install(self.index, "sdk==2.0")
            self.assertNotEqual(status, 0, said[client.kind])
            self.assertIn("sdk-core", said[client.kind])
            self.assertIsNone(client.imports("sdk"))
        self.with_clients(fails)
        for kind, text in said.items():  # uv says why; pip has no place for it, and only that there is none
            self.assertIn("held by policy: released 1 day ago" if kind == "uv" else "No matching distribution found", text)
        self.refused("sdk-core", "2.1", "the policy asks for 7")  # nothing but what was named was approved
        commands = self.told(before)
        self.assertEqual([c[:2] for c in commands], [["approve", "pypi:sdk-core==2.1"], ["approve", "pypi:sdk-win==2.0"]])
        self.assertEqual(commands[0][2:], ["--reason", "TEXT"])
        self.ok(*commands[0])
        self.with_clients(lambda client: self.installs(client, "sdk==2.0", "sdk", "2.0"))
        self.refused("sdk-core", "2.0", "the policy asks for 7")
        self.refused("sdk-win", "2.0", "the policy asks for 7")

    def test_a_pinned_requirement_says_why_in_every_client(self):
        """A pin is taken where it is yanked, and is refused at the file: there pip has a place for the reason."""
        self.with_clients(lambda client: self.is_refused(client, "pinning", "the policy asks for 7"))

    def test_what_pip_does_not_say_explain_does(self):
        """Nothing holds the release. Its metadata were shown, and say it whether or not the file itself ever comes."""
        wheel = file_path("ready", "1.0").split("/")[-1]
        self.up.behave = lambda path: (lambda h: Upstream.send(h, 503, "text/plain", b"not now") or True) \
            if path.endswith(wheel) else None
        with Client("pip-newest") as client:
            self.is_refused(client, "ready", "No matching distribution found for told-core>=2")
        out = self.ok("explain", "pypi:ready==1.0")
        self.assertIn("not inspected yet", out)
        self.assertIn(f"needs told-core>=2: {HELD}", out)
        told = json.loads(self.ok("explain", "pypi:ready==1.0", "--json"))[0]["dependencies"]
        self.assertEqual([(d["project"], d["state"]) for d in told], [("told-core", "held")])

    def test_explain_says_it_and_programs_are_told(self):
        told = json.loads(self.approve("pypi:told==2.0", "--json"))[0]["dependencies"]
        self.assertEqual([(d["project"], d["state"]) for d in told],
                         [("told-core", "held"), ("told-core", "passes"), ("told-win", "held")])
        self.assertEqual((told[0]["version"], told[0]["rule"], told[0]["policy"]), ("2.1", "cool-down", "policy.yaml"))
        self.assertGreater(told[0]["policy_line"], 0)
        self.assertEqual(told[2]["if"], "sys_platform == 'win32'")
        self.assertEqual(shlex.split(told[0]["command"]), ["customhouse", "approve", "pypi:told-core==2.1", "--reason",
                                                           "TEXT"])
        again = json.loads(self.ok("explain", "pypi:told[fast]==2.0", "--json"))[0]["dependencies"]
        self.assertEqual([d["project"] for d in again], ["told-core", "told-core", "told-win", "told-fast"])
        self.assertEqual([d for d in again if d["project"] == "told-core"], told[:2])
        out = self.ok("explain", "pypi:told==2.0")
        self.assertIn(f"needs told-core>=2,<3: {HELD}", out)
