"""Exceptions from end to end: what pip is refused is asked for by one, approved by another, installed, and leaves
the index by itself; nobody is two; kill -9 around the approving step."""
import datetime
import json
import os
import random
import re
import signal
import subprocess
import threading
import time
import unittest
import urllib.parse

from house.case import Quarantine, add_wheel, file_path
from house.clients import Client

# uids of nobody on this host: ann asks, bob and cid approve, cid with two uids
UIDS = {"ann": 64101, "bob": 64102, "cid": 64103, "cid again": 64104}
KILLS = int(os.environ.get("CUSTOMHOUSE_E2E_EXCEPTION_KILLS", "12"))


def in_seconds(n):
    t = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=n)
    return t.strftime("%Y-%m-%dT%H:%M:%SZ")


def refusal_id(answer):
    return re.search(r"/-/x/(\w+)", answer.reason).group(1)


class Exceptions(Quarantine):
    @classmethod
    def fill(cls):
        for name in ("formed", "asked", "self", "twice", "json", "csrf", "page"):
            add_wheel(cls.up, name, "1.0")
            add_wheel(cls.up, name, "2.0", days=1)

    def ok(self, *args):
        status, out, err = self.service.command(*args)
        self.assertEqual(status, 0, out + err)
        return out

    def as_(self, who, *args):
        """(exit status, everything it said) of a person's command; as root only: who else can be somebody else?"""
        status, out, err = self.service.command(*args, uid=UIDS[who])
        return status, out + err

    def people(self):
        """Once an approver is there, root is an operator only."""
        if os.geteuid() != 0:
            self.skipTest("only root can run commands as other persons")
        if "bob" in self.ok("user", "list"):
            return
        for name, uid in UIDS.items():
            self.ok("user", "add", name.split()[0], "--uid", str(uid))
        self.ok("group", "add", "asking", "ann", "--role", "requester")
        self.ok("group", "add", "deciding", "bob", "cid", "--role", "approver")

    def listed(self, *args):
        return {e["exception"]: e for e in json.loads(self.ok("exceptions", "list", "--json", *args))}

    def test_a_command_asks_another_approves_pip_installs_and_it_ends(self):
        self.people()
        with Client("pip-newest") as client:
            self.is_refused(client, "asked==2.0", "the policy asks for 7")
            status, text = self.as_("ann", "exceptions", "request", "asked==2.0", "--reason", "fixes a bug we hit",
                                    "--expires", in_seconds(25))
            self.assertEqual(status, 0, text)
            number = re.search(r"exception (\d+)", text).group(1)
            status, text = self.as_("ann", "approve", number)
            self.assertEqual(status, 1, text)
            self.assertIn("it needs exception.approve", text)
            self.is_refused(client, "asked==2.0", "the policy asks for 7")
            status, text = self.as_("bob", "approve", number)
            self.assertEqual(status, 0, text)
            self.assertIn("now: allow", text)
            self.assertIsNone(self.page("asked")["asked-2.0-py3-none-any.whl"].get("yanked") or None)
            self.installs(client, "asked==2.0", "asked", "2.0")
        explained = self.explained("asked==2.0")["asked-2.0-py3-none-any.whl"]
        self.assertEqual([(e["requester"], e["approvers"], e["state"]) for e in explained["exceptions"]],
                         [("user:ann", "user:bob", "in force")])
        self.eventually(lambda: self.service.ask(file_path("asked", "2.0")).status == 403, 40)
        entry = self.page("asked").get("asked-2.0-py3-none-any.whl")
        self.assertTrue(entry is None or entry["yanked"], entry)
        with Client("pip-newest") as client:
            self.is_refused(client, "asked==2.0", "the policy asks for 7")
        self.assertNotIn(int(number), self.listed())
        self.assertEqual(self.listed("--all")[int(number)]["state"], "ended")
        shown = json.loads(self.ok("exceptions", "show", number, "--json"))
        self.assertEqual([s["step"] for s in shown["steps"]], ["requested", "approved", "in force", "ended"])
        self.assertEqual([s["by"] for s in shown["steps"]], ["user:ann", "user:bob", "user:bob", "time"])

    def test_the_form_of_a_refusal_asks(self):
        self.people()
        id = refusal_id(self.refused("formed", "2.0", "the policy asks for 7"))
        page = self.service.ask(f"/-/x/{id}", {"Accept": "text/html"})
        self.assertEqual(page["Content-Type"], "text/html; charset=utf-8")
        self.assertIn("default-src 'none'", page["Content-Security-Policy"])
        self.assertIn(b'<form method="post">', page.body)
        body = urllib.parse.urlencode({"reason": "fixes a bug & more", "expires": "14d"}).encode()
        a = self.service.post(f"/-/x/{id}", body, headers=[f"Origin: {self.service.url}", "Sec-Fetch-Site: same-origin"])
        self.assertEqual((a.status, a["Location"]), (303, f"/-/x/{id}"))
        self.refused("formed", "2.0", "the policy asks for 7")  # asking grants nothing
        page = self.service.ask(f"/-/x/{id}", {"Accept": "text/html"}).body
        self.assertRegex(page, rb"exception \d+ is requested")
        self.assertNotIn(b"<form", page)
        asked = [e for e in self.listed().values() if e.get("refusal") == id]
        self.assertEqual([(e["requester"], e["address"], e["reason"]) for e in asked],
                         [("anonymous", "127.0.0.1", "fixes a bug & more")])
        self.assertEqual(self.service.post(f"/-/x/{id}", body).status, 303)  # the same again is the same
        self.assertEqual(len([e for e in self.listed().values() if e.get("refusal") == id]), 1)
        self.assertIn(b"2 persons have to approve it: no user here is known to have asked for it", page)
        status, text = self.as_("bob", "approve", str(asked[0]["exception"]))  # who may be who asked
        self.assertEqual(status, 0, text)
        self.assertIn("1 more person has to approve exception", text)
        self.refused("formed", "2.0", "the policy asks for 7")
        page = self.service.ask(f"/-/x/{id}", {"Accept": "text/html"}).body
        self.assertIn(b"1 more person has to approve it: no user here is known to have asked for it", page)
        status, text = self.as_("cid", "approve", str(asked[0]["exception"]))
        self.assertEqual(status, 0, text)
        self.assertIn("now: allow", text)
        with Client("pip-newest") as client:
            self.installs(client, "formed==2.0", "formed", "2.0")
        status, text = self.as_("bob", "exceptions", "revoke", str(asked[0]["exception"]), "--reason", "enough")
        self.assertEqual(status, 0, text)
        self.refused("formed", "2.0", "the policy asks for 7")

    def test_a_program_asks_in_json(self):
        id = refusal_id(self.refused("json", "2.0", "the policy asks for 7"))
        a = self.service.post(f"/-/x/{id}", b'{"reason": "needed"}', "application/json")
        self.assertEqual((a.status, json.loads(a.body)["joined"]), (201, False))
        again = self.service.post(f"/-/x/{id}", b'{"reason": "needed"}', "application/json")
        self.assertEqual((again.status, json.loads(again.body)["joined"]), (200, True))
        self.assertEqual(json.loads(again.body)["exception"], json.loads(a.body)["exception"])
        self.refused("json", "2.0", "the policy asks for 7")

    def test_who_asks_on_the_page_with_a_token_is_that_person(self):
        self.people()
        status, text = self.as_("bob", "token", "add", "--user", "bob", "--audience", "pull")
        self.assertEqual(status, 0, text)
        token = re.search("chp_[0-9a-f]{64}", text)[0]
        id = refusal_id(self.refused("page", "2.0", "the policy asks for 7"))
        body, kind = b'{"reason": "needed"}', "application/json"
        wrong = self.service.post(f"/-/x/{id}", body, kind, ["Authorization: Bearer chp_" + 64 * "0"])
        self.assertEqual(wrong.status, 401, wrong)
        a = self.service.post(f"/-/x/{id}", body, kind, [f"Authorization: Bearer {token}"])
        self.assertEqual(a.status, 201, a)
        number = str(json.loads(a.body)["exception"])
        self.assertIn("user:bob", self.ok("exceptions", "show", number))
        status, text = self.as_("bob", "approve", number)
        self.assertEqual(status, 1, text)
        self.assertIn("you asked for it yourself", text)
        status, text = self.as_("cid", "approve", number)
        self.assertEqual(status, 0, text)

    def test_another_site_does_not_ask(self):
        id = refusal_id(self.refused("csrf", "2.0", "the policy asks for 7"))
        for headers in (["Origin: http://evil.example.org"], ["Sec-Fetch-Site: cross-site"], ["Origin: null"]):
            with self.subTest(headers=headers):
                self.assertEqual(self.service.post(f"/-/x/{id}", b"reason=a", headers=headers).status, 403)
        self.assertEqual(self.service.post(f"/-/x/{id}", b"reason=a", "text/plain").status, 415)
        self.assertEqual([e for e in self.listed().values() if e.get("refusal") == id], [])

    def test_nobody_is_two(self):
        self.people()
        status, text = self.as_("bob", "approve", "self==2.0", "--reason", "mine", "--expires", "3d")
        self.assertEqual(status, 1, text)
        self.assertIn("another person has to approve it", text)
        number = re.search(r"exception (\d+)", text).group(1)
        status, text = self.as_("bob", "approve", number)
        self.assertEqual(status, 1, text)
        self.assertIn("you asked for it yourself", text)
        self.refused("self", "2.0", "the policy asks for 7")
        status, out, err = self.service.command("approve", number)
        self.assertEqual(status, 1, out + err)  # nor is root anybody
        status, text = self.as_("cid", "exceptions", "request", "self==2.0", "--reason", "me too")
        self.assertEqual(status, 0, text)
        status, text = self.as_("cid again", "approve", number)
        self.assertEqual(status, 1, text)
        self.assertIn("you asked for it yourself", text)
        self.refused("self", "2.0", "the policy asks for 7")


class Killed(Quarantine):
    """kill -9 of the whole service at random moments around the approving step: what is served is in force, in the
    store and in the log; what was acknowledged stands."""

    def approve(self, service, name, results):
        try:
            results[name] = service.command("approve", f"pypi:{name}==1.0", "--reason", "seen", "--expires", "3d")[0]
        except (subprocess.TimeoutExpired, OSError) as e:
            results[name] = e

    def test_in_force_only_when_durable_and_logged(self):
        seed = int(os.environ.get("CUSTOMHOUSE_E2E_SEED", random.randrange(1 << 32)))
        print(f"seed {seed}")
        choose = random.Random(seed)
        service, results, served = self.service, {}, set()
        for i in range(KILLS):
            name = f"killed{i}"
            add_wheel(self.up, name, "1.0", days=1)
            self.assertEqual(service.ask(file_path(name, "1.0")).status, 403)
            asking = threading.Thread(target=self.approve, args=(service, name, results))
            asking.start()
            end = time.monotonic() + choose.random() * 0.6
            while time.monotonic() < end:
                try:
                    if service.ask(file_path(name, "1.0")).status == 200:
                        served.add(name)
                except OSError:
                    pass
            for pid in [service.process.pid, *service.processes()]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            service.kill()
            asking.join()
            status, out, err = service.command("audit", "verify")  # as it was left
            self.assertEqual(status, 0, out + err)
            service.start()
        status, out, err = service.command("audit", "export")
        self.assertEqual(status, 0, err)
        entries = [json.loads(line) for line in out.splitlines()]
        forced = {e["project"] for e in entries if e["kind"] == "exception" and e["step"] == "in force"}
        status, out, err = service.command("exceptions", "list", "--json")
        self.assertEqual(status, 0, err)
        in_force = {e["project"] for e in json.loads(out) if e["state"] == "in force"}
        acknowledged = {name for name, status in results.items() if status == 0}
        print(f"{len(acknowledged)} acknowledged, {len(served)} served before the kill, {len(in_force)} in force")
        self.assertEqual(forced, in_force)
        self.assertLessEqual(acknowledged, in_force)
        self.assertLessEqual(served, in_force)
        for i in range(KILLS):
            name = f"killed{i}"
            expected = 200 if name in in_force else 403
            self.eventually(lambda: service.ask(file_path(name, "1.0")).status == expected, 20)
        status, out, err = service.command("audit", "verify")
        self.assertEqual(status, 0, out + err)


if __name__ == "__main__":
    unittest.main()
