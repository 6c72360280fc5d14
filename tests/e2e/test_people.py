"""Users, groups, tokens and rights, by the real command line, as several users of this host."""
import hashlib
import json
import os
import re
import sqlite3
import subprocess
import tempfile
import time
import unittest

from house import wheels
from house.case import Quarantine, add_wheel, file_path
from house.service import BIN, Service
from house.upstream import Upstream

ALICE, OSCAR, BOB, NOBODY = 61001, 61002, 61003, 61004
GATEWAY = 65101  # uid_base and one
TOKEN = re.compile(r"chp_[0-9a-f]{64}")


def run_as(service, uid, *args):
    """(exit status, stdout, stderr) of a command by who has this uid on this host."""
    return service.command(*args, uid=uid)


class Base(Quarantine):
    @classmethod
    def fill(cls):
        for i in range(4):
            add_wheel(cls.up, f"young{i}", "2.0", days=1)

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root, to be several users")
        super().setUpClass()

    def ok(self, *args):
        status, out, err = self.service.command(*args)
        self.assertEqual(status, 0, out + err)
        return out

    def refuses(self, words, *args, uid=0):
        status, out, err = run_as(self.service, uid, *args)
        self.assertEqual(status, 1, out + err)
        self.assertIn(words, err)

    def approve(self, name, uid=0):
        args = ("approve", f"{name}==2.0", "--reason", "looked at it", "--expires", "3d")
        return run_as(self.service, uid, *args)

    def listed(self, what):
        return json.loads(self.ok(what, "list", "--json"))

    def restart(self, kill=False):
        if kill:
            self.service.kill()
        else:
            self.service.stop()
        self.service.start()


class Rights(Base):
    """In order: each goes on where the one before ended."""

    def test_1_until_somebody_approves_root_does_all(self):
        self.assertEqual(self.service.ask(file_path("young0", "2.0")).status, 403)
        status, out, err = self.approve("young0")
        self.assertEqual(status, 0, out + err)
        self.assertEqual(self.service.ask(file_path("young0", "2.0")).status, 200)
        self.refuses(f"uid {ALICE} is no user here", "queue", uid=ALICE)
        # T22: a conquered gateway commands nothing, and cannot be made somebody
        self.refuses("the server's own processes command nothing", "queue", uid=GATEWAY)
        status, out, err = self.service.command("user", "add", "gate", "--uid", str(GATEWAY))
        self.assertEqual(status, 2, out + err)

    def test_2_named_people_take_over(self):
        self.ok("user", "add", "alice", "--name", "Alice Ångström", "--uid", str(ALICE))
        self.ok("user", "add", "oscar", "--uid", str(OSCAR))
        self.ok("user", "add", "bob", "--uid", str(BOB))
        self.ok("group", "add", "approvers", "alice", "--role", "approver")
        self.ok("group", "add", "ops", "oscar", "--role", "operator")
        self.ok("group", "add", "readers", "bob", "--role", "requester", "--repository", "pypi")
        self.assertEqual({u["name"]: (u["uids"], u["groups"]) for u in self.listed("user")},
                         {"alice": ([ALICE], ["approvers"]), "oscar": ([OSCAR], ["ops"]),
                          "bob": ([BOB], ["readers"])})
        status, out, err = self.approve("young1")
        self.assertEqual(status, 1, out + err)
        self.assertIn("local:0 may not do this: it needs exception.approve, which role approver gives", err)
        self.assertIn("Who may: alice", err)
        for uid, name in ((OSCAR, "oscar"), (BOB, "bob")):
            status, out, err = self.approve("young1", uid)
            self.assertEqual(status, 1, out + err)
            self.assertIn(f"user:{name} may not do this: it needs exception.approve", err)
        self.assertEqual(self.service.ask(file_path("young1", "2.0")).status, 403)
        status, out, err = run_as(self.service, BOB, "exceptions", "request", "young1==2.0", "--reason", "needed")
        self.assertEqual(status, 0, out + err)
        status, out, err = self.approve("young1", ALICE)
        self.assertEqual(status, 0, out + err)
        self.assertEqual(self.service.ask(file_path("young1", "2.0")).status, 200)
        entry = self.explained("young1==2.0")[wheels.file_name("young1", "2.0")]
        self.assertEqual(entry["rule"], "approved by user:alice")

    def test_3_each_does_what_is_his(self):
        self.refuses("user:alice may not do this: it needs people.admin, which role operator gives. "
                     "Who can give it: root, oscar", "user", "add", "mallory", uid=ALICE)
        self.refuses("needs people.admin", "user", "list", uid=BOB)
        status, out, err = run_as(self.service, OSCAR, "user", "list")
        self.assertEqual(status, 0, out + err)
        self.refuses("needs queue.read", "queue", uid=BOB)
        self.refuses("needs policy.write", "policy", "set", self.service.path("policy.yaml"), "--reason", "x")
        # a step away from ALLOW anybody on duty may take
        self.assertEqual(run_as(self.service, OSCAR, "deny", "young1==2.0", "--reason", "on fire")[0], 0)
        self.assertEqual(self.service.ask(file_path("young1", "2.0")).status, 403)

    def test_4_nobody_holds_both(self):
        before = self.listed("group")
        self.refuses("alice would hold operator (group ops) and approver (group approvers): nobody holds both",
                     "group", "add", "ops", "alice")
        self.refuses("oscar would hold operator (group ops) and approver (group ops)",
                     "group", "add", "ops", "--role", "approver", "--environment", "preprod")
        self.assertEqual(self.listed("group"), before)

    def test_4_of_approvers_only_approvers_change_anything(self):
        before = self.listed("user"), self.listed("group"), self.listed("token")
        words = "of approvers only approvers change groups, uids and tokens. Who may: alice"
        for args in (("user", "add", "alice", "--uid", str(NOBODY)), ("user", "revoke", "alice"),
                     ("group", "add", "approvers", "bob"), ("group", "revoke", "approvers", "alice"),
                     ("group", "add", "mine", "bob", "--role", "approver")):
            for uid in (0, OSCAR):
                self.refuses(words, *args, uid=uid)
        for uid in (0, OSCAR):
            self.refuses("only alice makes", "token", "add", "--user", "alice", "--audience", "pull", uid=uid)
            self.refuses("only bob makes", "token", "add", "--user", "bob", "--audience", "admin", uid=uid)
        self.assertEqual((self.listed("user"), self.listed("group"), self.listed("token")), before)

    def test_5_a_restart_keeps_all(self):
        before = self.listed("user"), self.listed("group")
        for kill in (False, True):
            self.restart(kill)
            self.assertEqual((self.listed("user"), self.listed("group")), before)
            self.assertEqual(self.approve("young2")[0], 1)
            self.refuses("user:bob may not do this", "queue", uid=BOB)
        status, out, err = run_as(self.service, BOB, "exceptions", "request", "young2==2.0", "--reason", "needed")
        self.assertEqual(status, 0, out + err)
        number = re.search(r"exception (\d+)", out).group(1)
        self.assertEqual(run_as(self.service, ALICE, "approve", number)[0], 0)
        self.assertEqual(self.service.ask(file_path("young2", "2.0")).status, 200)

    def test_6_what_is_taken_is_gone_at_once(self):
        self.ok("group", "revoke", "readers", "bob", "--reason", "left")
        self.ok("group", "add", "watchers", "bob", "--role", "auditor")
        self.assertEqual(run_as(self.service, BOB, "queue")[0], 0)
        self.ok("user", "revoke", "bob", "--reason", "left for good")
        self.refuses(f"uid {BOB} is no user here", "queue", uid=BOB)
        self.refuses("a name is given once", "user", "add", "bob")
        self.refuses(f"uid {BOB} was bob's: it is one person's for good", "user", "add", "rob", "--uid", str(BOB))
        self.restart(kill=True)
        self.refuses(f"uid {BOB} is no user here", "queue", uid=BOB)

    def test_6_one_agrees_to_a_policy_and_another_sets_it(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            new, other = os.path.join(folder, "new.yaml"), os.path.join(folder, "other.yaml")
            for path, days in ((new, 1000), (other, 0)):
                with open(path, "w") as f:
                    f.write(f"version: 1\ncool_down_days: {days}\n")
            self.refuses("What one of them has agreed to (customhouse policy propose) may be set by root",
                         "policy", "set", new, "--reason", "x")
            self.refuses("needs policy.write", "policy", "propose", new, "--reason", "x", uid=OSCAR)
            status, out, err = run_as(self.service, ALICE, "policy", "propose", new, "--reason", "slower")
            self.assertEqual(status, 0, out + err)
            self.assertIn("proposed: sha256", out)
            self.refuses("needs policy.write", "policy", "set", other)
            status, out, err = self.service.command("policy", "set", new)
            self.assertEqual(status, 0, out + err)
            self.assertIn("in force", out)
        newest = json.loads(self.ok("policy", "history", "--json"))[0]
        self.assertEqual((newest["by"], newest["reason"]), ("user:alice, local:0", "slower"))

    def test_7_the_log_says_so_and_names_nobody(self):
        exported = self.ok("audit", "export")
        kinds = [json.loads(line)["kind"] for line in exported.splitlines()]
        for kind in ("person", "uid", "member", "grant", "people-end"):
            self.assertIn(kind, kinds)
        for word in ("alice", "oscar", "bob", "approvers", "Ångström", "left", str(ALICE)):
            self.assertNotIn(word, exported)
        found = self.ok("audit", "search", "--who", "alice", "--kind", "member").splitlines()
        self.assertEqual(json.loads(found[0])["clear"], {"by": "local:0", "group": "approvers", "person": "alice"})
        self.ok("audit", "verify")


class Tokens(Base):
    def search_state(self, needle):
        """Files of the state folder that have these bytes."""
        found = []
        for folder, _, names in os.walk(self.service.state):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as f:
                        if needle in f.read():
                            found.append(os.path.relpath(path, self.service.state))
        return found

    def add_token(self, *args):
        status, out, err = self.service.command("token", "add", *args)
        self.assertEqual(status, 0, out + err)
        self.assertRegex(out, rf"^{TOKEN.pattern}\n$")
        return out.strip(), int(re.search(r"token (\d+) of", err).group(1))

    def test_a_token_is_shown_once(self):
        self.ok("user", "add", "ci", "--service")
        token, number = self.add_token("--user", "ci", "--audience", "pull", "--expires", "30d", "--label", "build farm")
        listed = self.ok("token", "list") + self.ok("token", "list", "--json")
        self.assertIn("build farm", listed)
        self.assertNotRegex(listed, TOKEN)
        self.assertNotIn(hashlib.sha256(token.encode()).hexdigest(), listed)
        one = [t for t in json.loads(self.ok("token", "list", "--json", "--user", "ci")) if t["id"] == number][0]
        self.assertEqual((one["user"], one["audience"], one["expired"]), ("ci", "pull", False))
        status, out, err = self.service.command("token", "add", "--user", "ci", "--audience", "pull", "--json")
        self.assertRegex(json.loads(out)["token"], rf"^{TOKEN.pattern}$")
        self.service.stop()  # all is in the files
        self.assertEqual(self.search_state(token.encode()), [])
        self.assertEqual(self.search_state(token[4:].encode()), [])
        digest = hashlib.sha256(token.encode())
        self.assertEqual(self.search_state(digest.hexdigest().encode()), [])
        self.assertTrue(all(p.startswith("db/") for p in self.search_state(digest.digest())))
        self.assertNotEqual(self.search_state(digest.digest()), [])  # or else the search finds nothing
        self.service.start()

    def test_what_was_acknowledged_outlives_kill_9(self):
        self.ok("user", "add", "robot", "--service")
        there = set()
        for i in range(6):
            _, number = self.add_token("--user", "robot", "--audience", ("pull", "push", "scanner")[i % 3])
            there.add(number)
            if i % 2 == 1:
                gone = min(there)
                self.ok("token", "revoke", str(gone))
                there.remove(gone)
            self.restart(kill=True)
            self.assertEqual({t["id"] for t in json.loads(self.ok("token", "list", "--user", "robot", "--json"))},
                             there)
        self.ok("audit", "verify")

    def test_own_tokens_need_no_right(self):
        self.ok("user", "add", "carol", "--uid", str(ALICE))
        self.ok("user", "add", "dave")
        _, daves = self.add_token("--user", "dave", "--audience", "pull")
        status, out, err = run_as(self.service, ALICE, "token", "add", "--audience", "pull")
        self.assertEqual(status, 0, out + err)
        self.refuses("user:carol may not do this: it needs people.admin", "token", "add", "--user", "dave",
                     "--audience", "pull", uid=ALICE)
        self.refuses("there is no token", "token", "revoke", str(daves), uid=ALICE)
        status, out, err = run_as(self.service, ALICE, "token", "list", "--json")
        self.assertEqual({t["user"] for t in json.loads(out)}, {"carol"})

    def test_usage_is_told(self):
        self.ok("user", "add", "eve")
        for args in (("token", "add", "--user", "eve", "--audience", "everything"),
                     ("token", "add", "--user", "eve", "--audience", "pull", "--expires", "10y"),
                     ("token", "add", "--audience", "pull"), ("user", "add", "Eve Mallory"),
                     ("user", "add", "root", "--uid", "0"), ("group", "add", "g", "eve", "--role", "king")):
            status, out, err = self.service.command(*args)
            self.assertEqual((status, out), (2, ""), err)


class Tampering(Base):
    def edited(self, *statements):
        """What `audit verify` says of a database that somebody edited; it is put back afterwards."""
        self.service.stop()
        path = self.service.path("db/customhouse.db")
        with open(path, "rb") as f:
            before = f.read()
        with sqlite3.connect(path) as db:
            for s in statements:
                db.execute(s)
        db.close()
        status, out, err = self.service.command("audit", "verify")
        with open(path, "wb") as f:
            f.write(before)
        for end in ("-wal", "-shm"):
            if os.path.exists(path + end):
                os.unlink(path + end)
        self.assertEqual(status, 1, out + err)
        return out + err

    def test_rights_that_nobody_gave_are_named(self):
        self.ok("user", "add", "mallory", "--uid", str(NOBODY))
        self.ok("token", "add", "--user", "mallory", "--audience", "pull")
        self.ok("group", "add", "readers", "mallory", "--role", "reader")
        self.ok("audit", "verify")
        said = self.edited(
            "INSERT INTO people_fact (kind, by_person, at_us) VALUES (4, 'local:0', "
            f"{int(time.time() * 1e6)})",
            "INSERT INTO group_grant SELECT max(id), 'readers', 'approver', NULL, NULL FROM people_fact")
        self.assertRegex(said, r"people_fact \d+ was never logged")
        said = self.edited("DROP TRIGGER group_grant_kept_u", "UPDATE group_grant SET role = 'approver'")
        self.assertRegex(said, r"group_grant \d+: role is not what was logged")
        said = self.edited("DROP TRIGGER token_kept_u", "UPDATE token SET sha256 = randomblob(32)")
        self.assertRegex(said, r"token \d+: sha256 is not what was logged")
        said = self.edited("DROP TRIGGER person_uid_kept_u", "UPDATE person_uid SET uid = 61001")
        self.assertRegex(said, r"person_uid \d+: uid is not what was logged")
        self.service.start()


class Init(unittest.TestCase):
    def init(self, *args):
        up = Upstream()
        self.addCleanup(up.close)
        add_wheel(up, "young", "2.0", days=1)
        service = Service(up.url, init_args=args)
        self.addCleanup(service.remove)
        return service

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to be several users")
    def test_the_approver_of_init_is_the_only_one(self):
        service = self.init("--approver", f"alice:{ALICE}").start()
        approve = ("approve", "young==2.0", "--reason", "x", "--expires", "3d")
        status, out, err = service.command(*approve)
        self.assertEqual(status, 1, out + err)
        self.assertIn("Who may: alice", err)
        number = service.ask_exception(file_path("young", "2.0"), "needed")
        status, out, err = run_as(service, ALICE, "approve", number)
        self.assertEqual(status, 0, out + err)
        self.assertIn("1 more person has to approve exception 1", out + err)  # it could be hers
        self.assertEqual(service.ask(file_path("young", "2.0")).status, 403)
        for args in (("user", "add", "bob", "--uid", str(BOB)), ("group", "add", "asking", "bob", "--role", "requester")):
            status, out, err = service.command(*args)
            self.assertEqual(status, 0, out + err)
        status, out, err = run_as(service, BOB, "exceptions", "request", file_path("young", "2.0").split("/")[-1],
                                  "--reason", "me too")
        self.assertEqual(status, 0, out + err)
        self.assertIn("asked for already, as exception 1", out)
        self.assertEqual(service.ask(file_path("young", "2.0")).status, 403)
        status, out, err = run_as(service, ALICE, "approve", number)
        self.assertEqual(status, 0, out + err)
        self.assertEqual(service.ask(file_path("young", "2.0")).status, 200)
        status, out, err = service.command("group", "revoke", "approvers", "alice")
        self.assertEqual(status, 1, out + err)
        self.assertIn("of approvers only approvers", err)
        status, out, err = run_as(service, ALICE, "group", "revoke", "approvers", "alice")
        self.assertEqual(status, 0, out + err)
        service.stop()
        service.start()
        status, out, err = service.command(*approve)  # who configured one does not get it back by her going
        self.assertEqual(status, 1, out + err)
        self.assertEqual(service.command("check")[0], 0)

    @unittest.skipUnless(os.geteuid() == 0, "needs root, to be another user")
    def test_who_starts_the_server_is_no_approver(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chown(folder, ALICE, ALICE)
            done = subprocess.run([os.path.join(BIN, "customhouse"), "init", "--state", folder + "/state",
                                   "--pypi-upstream", "http://127.0.0.1:1/simple", "--approver", f"alice:{ALICE}"],
                                  capture_output=True, text=True, timeout=60, user=ALICE, group=ALICE,
                                  extra_groups=[], env=dict(os.environ, HOME=folder))
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
            self.assertIn("nobody does both", done.stderr)
            self.assertEqual(os.listdir(folder), [])

    def test_words_that_are_no_approver(self):
        for word in ("Alice", "alice:0", "alice:x", ":5", "alice:", "alice:4294967295", "alice:65534"):
            with self.assertRaises(RuntimeError, msg=word):
                self.init("--approver", word)
