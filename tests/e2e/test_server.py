"""Commands to a server elsewhere (--server): the words and exit status of the control socket, as the token's person,
with TLS verified, and nothing shown to whoever should not see it."""
import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import time
import unittest

from house.case import Quarantine, add_wheel, file_path
from house.service import BIN, Service, free_port
from house.upstream import Upstream
from test_tls import make_authority, make_certificate

# uids of nobody on this host
UIDS = {"olga": 64301, "ruth": 64302, "rolf": 64303, "anna": 64304, "axel": 64305, "arno": 64306}
ROLES = (("operator", "olga"), ("reviewer", "ruth"), ("requester", "rolf"), ("approver", "anna", "axel"),
         ("auditor", "arno"))


class House(Quarantine):
    """Persons with an account on this host and a token, who can do the same on both ways."""
    tls = False

    @classmethod
    def fill(cls):
        add_wheel(cls.up, "young", "2.0", days=1)
        add_wheel(cls.up, "wanted", "2.0", days=1)
        add_wheel(cls.up, "old", "1.0")

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root: a person's token for administration is made by that person")
        cls.up = Upstream()
        cls.addClassCleanup(cls.up.close)
        cls.fill()
        cls.service = Service(cls.up.url, admin=True)
        cls.addClassCleanup(cls.service.remove)
        scheme = "http"
        if cls.tls:
            scheme = "https"
            cls.ca = make_authority(cls.service.dir)
            cert, key = make_certificate(cls.service.dir, 1)
            cls.service.edit("customhouse.yaml", lambda text: re.sub(
                r"(?m)^admin:$", f'admin:\n  tls_certificate: "{cert}"\n  tls_key: "{key}"', text, count=1))
        cls.service.start()
        cls.server = f"{scheme}://127.0.0.1:{cls.service.admin_port}"
        for name, uid in UIDS.items():
            cls.must("user", "add", name, "--uid", str(uid))
        for role, *who in ROLES:
            cls.must("group", "add", role + "s", *who, "--role", role)
        cls.tokens = {}
        for name, uid in UIDS.items():
            cls.tokens[name] = os.path.join(cls.service.dir, "token-of-" + name)
            status, out, err = cls.by_socket(name, "token", "add", "--user", name, "--audience", "admin")
            if status != 0:
                raise AssertionError(out + err)
            with open(cls.tokens[name], "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
                f.write(re.search("chp_[0-9a-f]{64}", out)[0] + "\n")

    @classmethod
    def must(cls, *args):
        status, out, err = cls.service.command(*args)
        if status != 0:
            raise AssertionError(f"{args}: {out}{err}")
        return out

    @staticmethod
    def run_it(argv, **kw):
        done = subprocess.run([os.path.join(BIN, "customhouse"), *argv], capture_output=True, text=True, timeout=120, **kw)
        return done.returncode, done.stdout, done.stderr

    @classmethod
    def by_socket(cls, who, command, *args):
        return cls.service.command(command, *args, uid=UIDS[who])

    @classmethod
    def by_server(cls, who, command, *args, server=None):
        return cls.run_it([command, "--server", server or cls.server, "--token-file", cls.tokens[who], *args])


class Commands(House):
    def test_both_ways_say_the_same(self):
        self.by_server("ruth", "explain", "old")
        with open(os.path.join(self.service.dir, "lock.txt"), "w") as f:
            f.write("old==1.0\nyoung==2.0\n")
        with open(self.service.path("policy.yaml")) as f:
            text = f.read()
        with open(os.path.join(self.service.dir, "new.yaml"), "w") as f:
            f.write(text.replace("cool_down_days: 7", "cool_down_days: 900"))
        lock, new = f.name.replace("new.yaml", "lock.txt"), f.name
        for who, *command in (
                ("ruth", "queue"), ("ruth", "queue", "--audited"), ("ruth", "explain", "old"),
                ("ruth", "explain", "young==2.0"), ("ruth", "explain", "nothing-of-this-name"),
                ("ruth", "explain", "file:///etc"), ("ruth", "status"), ("ruth", "deny", "old", "--reason", "no"),
                ("ruth", "exceptions", "list"), ("ruth", "exceptions", "show", "99"), ("ruth", "own"),
                ("ruth", "own", "old"), ("ruth", "keys", "list"), ("ruth", "keys", "show", "evidence"),
                ("ruth", "policy", "show"), ("ruth", "policy", "history"), ("ruth", "policy", "diff", "5"),
                ("ruth", "policy", "test", "--against", lock), ("ruth", "policy", "test", new),
                ("olga", "rescan"), ("olga", "user", "list"), ("olga", "group", "list"), ("olga", "token", "list"),
                ("olga", "user", "add", "olga"), ("olga", "token", "revoke", "999999"),
                ("arno", "fetched-by", "old"), ("rolf", "fetched-by", "old"), ("arno", "queue"),
                ("rolf", "approve", "young==2.0", "--reason", "x"), ("ruth", "explain"),
                ("ruth", "explain", "old", "--color")):
            for form in ((), ("--json",)):
                with self.subTest(command=command, form=form):
                    here, there = self.by_socket(who, *command, *form), self.by_server(who, *command, *form)
                    self.assertEqual(here, there)
                    self.assertTrue(here[1] or here[2] or command[1:] == ["list"])

    def test_a_person_is_that_person(self):
        path = file_path("wanted", "2.0")
        self.assertEqual(self.service.get(path)[0], 403)
        status, out, err = self.by_server("rolf", "exceptions", "request", "wanted==2.0", "--reason", "é is in it")
        self.assertEqual((status, err), (0, ""), out)
        number = re.search(r"exception (\d+)", out)[1]
        status, _, err = self.by_server("rolf", "approve", number)
        self.assertEqual(status, 1)
        self.assertIn("user:rolf may not do this: it needs exception.approve", err)
        status, out, err = self.by_server("anna", "approve", number)
        self.assertEqual(status, 0, out + err)
        self.assertEqual(self.service.get(path)[0], 200)
        shown = json.loads(self.by_server("ruth", "exceptions", "show", number, "--json")[1])
        self.assertIn("user:rolf", json.dumps(shown))
        self.assertIn("user:anna", json.dumps(shown))
        status, out, err = self.by_server("axel", "exceptions", "revoke", number, "--reason", "no longer")
        self.assertEqual(status, 0, out + err)
        self.assertEqual(self.service.get(path)[0], 403)

    def test_what_changes_something(self):
        for who, *command in (("anna", "deny", "young", "--reason", "not today"),
                              ("olga", "user", "add", "bot", "--service"),
                              ("olga", "group", "add", "pullers", "bot", "--role", "reader"),
                              ("olga", "token", "add", "--user", "bot", "--audience", "pull"),
                              ("olga", "rescan", "old", "--wait"), ("olga", "keys", "rotate", "evidence", "--reason", "x"),
                              ("olga", "user", "revoke", "bot")):
            status, out, err = self.by_server(who, *command)
            self.assertEqual(status, 0, f"{command}: {out}{err}")
        self.assertIn("not today", self.must("explain", "young"))
        self.assertNotIn('"bot"', self.must("user", "list", "--json"))

    def refusals(self):
        with sqlite3.connect(f"file:{self.service.path('db/customhouse.db')}?mode=ro", uri=True) as db:
            rows = db.execute("SELECT principal, via, command, what, why, sum(times) FROM log_command_refusal"
                              " WHERE command NOT LIKE 'policy%' GROUP BY 1, 2, 3, 4, 5").fetchall()
        db.close()
        return set(rows)

    def test_what_is_refused_is_entered_whichever_way_it_came(self):
        before, needed = self.refusals(), "it needs exception.approve"
        for _ in range(3):
            self.assertEqual(self.by_socket("rolf", "approve", "nothing==9.9", "--reason", "x")[0], 1)
            self.assertEqual(self.by_server("rolf", "approve", "nothing==9.9", "--reason", "x")[0], 1)
        self.assertEqual(self.by_server("rolf", "group", "add", "approvers", "rolf")[0], 1)
        self.assertEqual(self.by_server("rolf", "queue", "--audited")[0], 1)
        self.assertEqual(self.by_socket("axel", "exceptions", "approve", "4711")[0], 1)
        self.assertEqual(self.by_socket("axel", "exceptions", "show", "4711")[0], 1)  # only looks, and may
        self.assertEqual(self.refusals() - before, {
            ("user:rolf", "socket", "approve", "nothing==9.9", needed, 3),
            ("user:rolf", "admin", "approve", "nothing==9.9", needed, 3),
            ("user:rolf", "admin", "group add", "approvers rolf", "it needs people.admin", 1),
            ("user:rolf", "admin", "queue", "", "it needs queue.read", 1),
            ("user:axel", "socket", "exceptions approve", "4711", "there is no exception 4711", 1)})
        os.kill(next(pid for pid, name in self.service.processes().items() if name == "keeper"), signal.SIGKILL)
        self.eventually(lambda: self.by_server("olga", "status")[0] == 0, 30)
        self.assertIn(("user:rolf", "admin", "queue", "", "it needs queue.read", 1), self.refusals())

    def test_a_policy_is_proposed_from_afar_and_set_on_the_host(self):
        with open(self.service.path("policy.yaml")) as f:
            former = f.read()
        new = os.path.join(self.service.dir, "slow.yaml")
        with open(new, "w") as f:
            f.write(former.replace("cool_down_days: 7", "cool_down_days: 8"))
        status, _, err = self.by_server("olga", "policy", "propose", new, "--reason", "slower")
        self.assertEqual(status, 1)
        self.assertIn("policy.write", err)
        status, out, err = self.by_server("anna", "policy", "propose", new, "--reason", "slower")
        self.assertEqual(status, 0, out + err)
        self.assertIn("proposed: sha256", out)
        self.must("policy", "set", new)
        newest = json.loads(self.by_server("ruth", "policy", "history", "--json")[1])[0]
        self.assertIn("user:anna", newest["by"])
        with open(new, "w") as f:
            f.write("cool_down_days: many\n")
        status, _, err = self.by_server("anna", "policy", "propose", new, "--reason", "x")
        self.assertNotEqual(status, 0)
        self.assertIn("expected", err)
        with open(new, "w") as f:
            f.write(former)
        self.by_server("anna", "policy", "propose", new, "--reason", "back")
        self.must("policy", "set", new)

    def test_a_long_log_in_parts(self):
        """A keeper looks at a thousand entries for one command: whoever asks goes on."""
        self.by_server("olga", "user", "add", "maker", "--service")
        with open(self.tokens["olga"]) as f:
            headers = {"Authorization": "Bearer " + f.read().strip(), "Content-Type": "application/json"}
        conn = http.client.HTTPConnection("127.0.0.1", self.service.admin_port, timeout=60)

        def ask(method, path, body=None):
            conn.request(method, "/api/v1/" + path, json.dumps(body) if body else None, headers)
            answer = conn.getresponse()
            text = answer.read()
            self.assertEqual(answer.status, 200, text)
            return json.loads(text)
        for _ in range(600):  # two entries each
            made = ask("POST", "tokens", {"user": "maker", "audience": "pull"})
            ask("DELETE", f"tokens/{made['id']}")
        conn.close()
        local = self.must("audit", "search", "--what", "nothing")
        self.assertEqual(local, "")
        local = self.must("audit", "export")
        self.assertGreater(local.count("\n"), 1200)
        status, out, err = self.by_server("arno", "audit", "export")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out[:len(local)], local)
        with open("/dev/full", "w") as full:  # what is lost on the way out is no success
            for way in (["--server", self.server, "--token-file", self.tokens["arno"]], ["--state", self.service.state]):
                done = subprocess.run([os.path.join(BIN, "customhouse"), "audit", "export", *way], stdout=full,
                                      stderr=subprocess.PIPE, text=True, timeout=120)
                self.assertNotEqual(done.returncode, 0, way)
                self.assertNotEqual(done.stderr, "")
        status, out, err = self.by_server("arno", "audit", "search", "--who", "user:olga")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(out, self.must("audit", "search", "--who", "user:olga"))
        places = [json.loads(line)["index"] for line in out.splitlines()]
        self.assertGreater(len(places), 1200)
        self.assertEqual(places, sorted(set(places)))
        self.check_answers_that_wait()

    def check_answers_that_wait(self):
        """What the interface does not read is bounded: whoever's answer does not fit any more is told so, and the
        channel, which is everybody's, stays."""
        pids = {name: pid for pid, name in self.service.processes().items()}

        def work():
            with open(f"/proc/{pids['keeper']}/stat") as f:
                return f.read().rsplit(") ", 1)[1].split()[11:13]
        with open(self.tokens["arno"]) as f:
            search = (f"GET /api/v1/audit/entries HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                      f"Authorization: Bearer {f.read().strip()}\r\n\r\n").encode()
        held = []
        os.kill(pids["keeper"], signal.SIGSTOP)
        try:
            for i in range(450):  # a thousand entries each
                s = socket.socket()
                held.append(s)
                s.bind((f"127.0.3.{i // 100 + 1}", 0))
                s.connect(("127.0.0.1", self.service.admin_port))
                s.settimeout(60)
                s.sendall(search)
            time.sleep(1)
            os.kill(pids["admin"], signal.SIGSTOP)
            os.kill(pids["keeper"], signal.SIGCONT)
            before = None
            while before != work():
                before = work()
                time.sleep(2)
            os.kill(pids["admin"], signal.SIGCONT)
            statuses = {s.recv(12) for s in held}
        finally:
            for name in ("keeper", "admin"):
                os.kill(pids[name], signal.SIGCONT)
            for s in held:
                s.close()
        self.assertEqual(statuses, {b"HTTP/1.1 200", b"HTTP/1.1 400"})
        self.assertEqual(self.by_server("arno", "queue")[0], 0)

    def test_the_log(self):
        self.service.get(file_path("old", "1.0"))
        # entered after it was served
        self.eventually(lambda: '"kind":"served"' in self.by_server("arno", "audit", "search", "--what", "old")[1])
        local = self.must("audit", "export")
        status, out, err = self.by_server("arno", "audit", "export")
        self.assertEqual((status, err), (0, ""))
        self.assertTrue(out.startswith(local), "not byte for byte")
        for more in ((), ("--kind", "served"), ("--what", "old"), ("--who", "user:anna")):
            with self.subTest(more=more):
                local = self.must("audit", "search", *more)
                status, out, err = self.by_server("arno", "audit", "search", *more)
                self.assertEqual((status, err), (0, ""))
                self.assertNotEqual(local, "")
                self.assertTrue(out.startswith(local))
        self.assertEqual(self.by_server("arno", "audit", "search", "--to", "2020-01-01"), (0, "", ""))
        status, out, err = self.by_server("ruth", "audit", "search")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("audit.read", err)
        status, _, err = self.by_server("arno", "audit", "search", "--from", "yesterday")
        self.assertEqual(status, 2)
        self.assertIn("expected a date", err)
        status, _, err = self.by_server("arno", "audit", "verify")
        self.assertEqual(status, 2)
        self.assertIn("verify reads the state folder", err)

    # --- the way there ---

    def test_a_token_that_is_none(self):
        self.assertEqual(self.run_it(["queue", "--server", self.server])[0], 2)
        for text, why in (("", "has no token"), ("x" * 68, "has no token"), ("chp_" + 64 * "0" + "0", "has no token")):
            status, _, err = self.run_it(["queue", "--server", self.server], env=dict(os.environ, CUSTOMHOUSE_TOKEN=text))
            self.assertEqual(status, 2)
            self.assertIn(why, err)
        status, _, err = self.run_it(["queue", "--server", self.server],
                                     env=dict(os.environ, CUSTOMHOUSE_TOKEN="chp_" + 64 * "0"))
        self.assertEqual(status, 1)
        self.assertIn("the token is unknown", err)
        with open(self.tokens["ruth"]) as f:
            token = f.read().strip()
        status, out, err = self.run_it(["queue", "--server", self.server], env=dict(os.environ, CUSTOMHOUSE_TOKEN=token))
        self.assertEqual((status, err), (0, ""))
        self.assertNotIn(token, out)

    def test_a_token_that_others_can_read_is_not_used(self):
        path = os.path.join(self.service.dir, "open")
        with open(self.tokens["ruth"]) as f, open(path, "w") as g:
            g.write(f.read())
        for mode in (0o644, 0o640, 0o602):
            os.chmod(path, mode)
            status, _, err = self.run_it(["queue", "--server", self.server, "--token-file", path])
            self.assertEqual(status, 2)
            self.assertIn("chmod 600", err)
        os.chmod(path, 0o400)
        self.assertEqual(self.run_it(["queue", "--server", self.server, "--token-file", path])[0], 0)

    def test_plain_http_stays_on_this_host(self):
        for server in ("http://198.51.100.7:8081", "http://gateway.example.org:8081", "http://127.0.0.1.example.org"):
            status, _, err = self.by_server("ruth", "queue", server=server)
            self.assertEqual(status, 2, err)
            self.assertIn("shows the token to the network", err)
        for server in ("ftp://127.0.0.1/", "127.0.0.1:8081", "http://user@127.0.0.1:8081", "http://"):
            self.assertEqual(self.by_server("ruth", "queue", server=server)[0], 2)
        # no proxy of the environment gets it
        with open(self.tokens["ruth"]) as f:
            env = dict(os.environ, CUSTOMHOUSE_TOKEN=f.read().strip(), http_proxy=self.up.url, ALL_PROXY=self.up.url)
        asked = len(self.up.asked)
        self.assertEqual(self.run_it(["queue", "--server", self.server], env=env)[0], 0)
        self.assertEqual(len(self.up.asked), asked)

    def test_what_is_there_is_something_else(self):
        status, _, err = self.by_server("ruth", "queue", server=f"http://127.0.0.1:{free_port()}")
        self.assertEqual(status, 1)
        self.assertRegex(err, "(?i)connect")
        status, _, err = self.by_server("ruth", "queue", server=self.service.url)
        self.assertEqual(status, 1)
        self.assertIn("not as an administrative interface does", err)

    def test_options_that_do_not_go_together(self):
        status, _, err = self.run_it(["queue", "--server", self.server, "--state", self.service.state])
        self.assertEqual(status, 2)
        status, _, err = self.run_it(["queue", "--state", self.service.state, "--ca", "x"])
        self.assertEqual(status, 2)
        self.assertIn("--ca: goes with --server", err)
        status, _, err = self.by_server("olga", "policy", "set", "x.yaml")
        self.assertEqual(status, 2)
        self.assertIn("run there", err)


class Tls(House):
    tls = True

    def test_only_whom_one_trusts_gets_the_token(self):
        status, out, err = self.by_server("ruth", "explain", "old", "--ca", self.ca)
        self.assertEqual((status, err), (0, ""), out)
        self.assertIn("old", out)
        status, _, err = self.by_server("ruth", "explain", "old")
        self.assertEqual(status, 1)
        self.assertRegex(err, "(?i)certificate")
        other = os.path.join(self.service.dir, "other")
        os.mkdir(other)
        status, _, err = self.by_server("ruth", "explain", "old", "--ca", make_authority(other))
        self.assertEqual(status, 1)
        self.assertRegex(err, "(?i)certificate")
        name = self.server.replace("127.0.0.1", "localhost")  # the certificate has not this name
        status, _, err = self.by_server("ruth", "explain", "old", "--ca", self.ca, server=name)
        self.assertEqual(status, 1)
        self.assertRegex(err, "(?i)subject name|host")


if __name__ == "__main__":
    unittest.main()
