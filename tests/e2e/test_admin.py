"""The administrative interface: rights, audiences, what it is not, and its description against what it does."""
import base64
import errno
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import unittest

from house import verifiers
from house.case import Quarantine, add_wheel, file_path
from house.service import Service, free_port
from house.upstream import Upstream

CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
          "negative_data_rejection,unsupported_method,use_after_free")

# uids of nobody on this host
UIDS = {"alice": 64201, "bob": 64202, "carol": 64203, "rita": 64204, "erin": 64205}


class Persons(Quarantine):
    """Five of them, and how they ask."""
    answered = set()  # operations that answered with something

    @classmethod
    def fill(cls):
        add_wheel(cls.up, "described-1", "2.0", days=1)
        add_wheel(cls.up, "young", "2.0", days=1)
        add_wheel(cls.up, "wanted", "2.0", days=1)
        add_wheel(cls.up, "wanted2", "2.0", days=1)
        add_wheel(cls.up, "old", "1.0")

    @classmethod
    def serve(cls):
        return Service(cls.up.url, admin=True)

    @classmethod
    def setUpClass(cls):
        cls.up = Upstream()
        cls.addClassCleanup(cls.up.close)
        cls.fill()
        cls.answered = set()
        cls.service = cls.serve()
        cls.addClassCleanup(cls.service.remove)
        cls.service.start()
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root: a person's token for administration is made by that person")
        for name, uid in UIDS.items():
            cls.command("user", "add", name, "--uid", str(uid))
        for role, *who in (("operator", "alice"), ("reviewer", "bob"), ("requester", "rita"),
                           ("approver", "carol", "erin")):
            cls.command("group", "add", role + "s", *who, "--role", role)

    @classmethod
    def command(cls, *args):
        status, out, err = cls.service.command(*args)
        if status != 0:
            raise AssertionError(f"{args}: {out}{err}")
        return out

    @classmethod
    def token(cls, who, audience="admin"):
        """Made by the person: nobody else makes one for administration."""
        status, out, err = cls.service.command("token", "add", "--user", who, "--audience", audience, uid=UIDS[who])
        if status != 0:
            raise AssertionError(out + err)
        return re.search("chp_[0-9a-f]{64}", out)[0]

    def ask(self, method, path, token=None, body=None, headers=None, port=None):
        """(status, document)"""
        conn = http.client.HTTPConnection("127.0.0.1", port or self.service.admin_port, timeout=60)
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (bytes, str)) else json.dumps(body)
        conn.request(method, path if path.startswith("/") else "/api/v1/" + path, body, headers)
        answer = conn.getresponse()
        text = answer.read()
        conn.close()
        self.headers = answer.headers
        is_json = text and "json" in answer.headers.get("Content-Type", "")  # HEAD has no body
        said = json.loads(text) if is_json else text
        if port in (None, self.service.admin_port) and 200 <= answer.status < 300:
            self.is_as_described(method, path, said)
        return answer.status, said

    def is_as_described(self, method, path, said):
        """Each answer of each test: all of its fields are in the document, those that are always there are, and of
        the type that it says."""
        path = "/" + path.split("?")[0].lstrip("/")
        path = path if path.startswith("/api/v1/") else "/api/v1" + path
        if path.endswith("openapi.json") or method == "HEAD":
            return
        conn = http.client.HTTPConnection("127.0.0.1", self.service.admin_port, timeout=60)
        conn.request("GET", "/api/v1/openapi.json")
        document = json.loads(conn.getresponse().read())
        conn.close()
        fitting = [ways[method.lower()] for template, ways in document["paths"].items() if method.lower() in ways and
                   re.fullmatch(re.sub(r"\\\{[a-z]+\\\}", "[^/]+", re.escape(template)), path)]
        self.assertEqual(len(fitting), 1, path)
        operation = fitting[0]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        rows = [said]
        if schema["type"] == "array":
            self.assertIsInstance(said, list, operation["operationId"])
            schema, rows = schema["items"], said
        types = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}
        self.assertIs(schema["additionalProperties"], False)
        for row in rows:
            where = f"{operation['operationId']}: {row}"
            self.assertIsInstance(row, dict, where)
            self.assertLessEqual(set(row), set(schema["properties"]), where)
            self.assertLessEqual(set(schema.get("required", [])), set(row), where)
            for name, value in row.items():
                if "type" in schema["properties"][name]:
                    self.assertIs(type(value), types[schema["properties"][name]["type"]], f"{where}: {name}")
        if rows:
            self.answered.add(operation["operationId"])
        return operation["operationId"]


class Admin(Persons):
    # --- who ---

    def test_whoever_has_no_token_for_it_is_nobody(self):
        for token in (None, self.token("alice", "pull"), "chp_" + 64 * "0"):
            status, why = self.ask("GET", "status", token)
            self.assertEqual(status, 401, why)
            self.assertIn("Basic", self.headers["WWW-Authenticate"])
        status, _ = self.ask("GET", "status", headers={"Authorization": "Bearer x y"})
        self.assertEqual(status, 401)

    def test_a_token_opens_the_one_door_it_is_for(self):
        """Each audience at each door, of somebody whose groups would let him through all of them."""
        doors = {
            "pull": [(path, self.service.port) for path in (
                "/", "/pypi/simple/", "/pypi/simple/old/", file_path("old", "1.0"), file_path("old", "1.0") + ".metadata",
                file_path("old", "1.0") + ".vsa.json", "/-/metrics")],
            "admin": [(path, self.service.admin_port) for path in (
                "/api/v1/status", "/api/v1/queue", "/api/v1/users", "/api/v1/explain?what=old")],
        }
        self.assertEqual(self.service.ask(file_path("old", "1.0")).status, 200)
        for audience in ("pull", "push", "scanner", "admin"):
            token = self.token("alice", audience)
            for door, places in doors.items():
                for path, port in places:
                    for method in ("GET", "HEAD") if door == "pull" else ("GET",):  # wrong ones are counted here
                        status, why = self.ask(method, path, token, port=port)
                        wanted = 200 if audience == door else 401
                        self.assertEqual(status, wanted, f"{audience}: {method} {path}: {why}")
            for path, body in (("denials", {"what": "absent==1.0", "reason": "no"}),
                               ("commands", {"command": "user", "words": ["list"]})):
                status, why = self.ask("POST", path, token, body)
                self.assertEqual(status, 200 if audience == "admin" else 401, f"{audience}: POST {path}: {why}")

    def test_basic_does_as_well(self):
        word = base64.b64encode(f"__token__:{self.token('alice')}".encode()).decode()
        self.assertEqual(self.ask("GET", "status", headers={"Authorization": "Basic " + word})[0], 200)

    def test_each_may_what_his_groups_give(self):
        alice, bob, carol = (self.token(n) for n in ("alice", "bob", "carol"))
        self.assertEqual(self.ask("GET", "queue", bob)[0], 200)
        status, why = self.ask("GET", "status", bob)
        self.assertEqual(status, 403)
        self.assertIn("metrics.read", why["detail"])
        deny = {"what": "young==2.0", "reason": "not today"}
        self.assertEqual(self.ask("POST", "denials", bob, deny)[0], 403)
        status, done = self.ask("POST", "denials", carol, deny)
        self.assertEqual((status, done["project"]), (200, "young"))
        shown = self.ask("GET", "explain?what=young", bob)[1]
        self.assertIn("not today", json.dumps(shown))
        self.assertEqual(self.ask("POST", "users", bob, {"name": "mallory"})[0], 403)
        status, why = self.ask("POST", "groups/operators/members", alice, {"users": ["carol"]})
        self.assertEqual(status, 409)
        self.assertIn("approver", why["detail"])

    def test_an_operator_touches_no_approver(self):
        alice, carol, erin = (self.token(n) for n in ("alice", "carol", "erin"))
        for method, path, body in (("POST", "groups/approvers/members", {"users": ["bob"]}),
                                   ("POST", "users", {"name": "carol", "uid": 64299}),
                                   ("DELETE", "groups/approvers/members/carol", None),
                                   ("DELETE", "groups/approvers", None), ("DELETE", "users/carol", None),
                                   ("POST", "tokens", {"user": "carol", "audience": "pull"}),
                                   ("POST", "tokens", {"user": "bob", "audience": "admin"})):
            status, why = self.ask(method, path, alice, body)
            self.assertEqual(status, 403, (method, path, why))
        status, why = self.ask("POST", "groups/approvers/members", carol, {"users": ["bob"]})
        self.assertEqual(status, 409)
        self.assertIn("not done yet", why["detail"])
        self.assertEqual(self.ask("POST", "groups/approvers/members", carol, {"users": ["bob"]})[0], 409)
        self.assertEqual(self.ask("POST", "groups/approvers/members", erin, {"users": ["bob"]})[0], 200)
        self.assertEqual(self.ask("DELETE", "groups/approvers/members/bob", carol)[0], 200)

    def test_a_token_that_ends_is_nobody_at_once(self):
        alice = self.token("alice")
        status, made = self.ask("POST", "tokens", self.token("bob"), {"user": "bob", "audience": "admin", "label": "desk"})
        self.assertEqual(status, 200)
        bob = made["token"]
        self.assertEqual(self.ask("GET", "queue", bob)[0], 200)
        self.assertNotIn(bob, json.dumps(self.ask("GET", "tokens", alice)[1]))
        self.assertEqual(self.ask("DELETE", f"tokens/{made['id']}", alice)[0], 200)
        self.assertEqual(self.ask("GET", "queue", bob)[0], 401)
        self.assertEqual(self.ask("DELETE", f"tokens/{made['id']}", alice)[0], 404)

    def test_users_and_groups(self):
        alice = self.token("alice")
        self.assertEqual(self.ask("POST", "users", alice, {"name": "dave", "full_name": "Dave"})[0], 200)
        self.assertEqual(self.ask("POST", "users", alice, {"name": "dave"})[0], 409)
        self.assertEqual(self.ask("POST", "groups/readers/grants", alice,
                                  {"role": "reader", "repository": "pypi", "environment": "prod"})[0], 200)
        self.assertEqual(self.ask("POST", "groups/readers/members", alice, {"users": ["dave"]})[0], 200)
        users = {u["name"]: u for u in self.ask("GET", "users", alice)[1]}
        self.assertEqual(users["dave"]["groups"], ["readers"])
        self.assertEqual(self.ask("DELETE", "groups/readers/members/dave", alice)[0], 200)
        self.assertEqual(self.ask("DELETE", "users/dave?reason=left", alice)[0], 200)
        self.assertEqual(self.ask("DELETE", "users/dave", alice)[0], 404)

    def test_an_exception_from_request_to_its_end(self):
        rita, carol, erin = (self.token(n) for n in ("rita", "carol", "erin"))
        wanted = {"what": "wanted==2.0", "reason": "the fix is in it", "expires": "3d"}
        self.assertEqual(self.service.get(file_path("wanted", "2.0"))[0], 403)
        status, asked = self.ask("POST", "exceptions", rita, wanted)
        self.assertEqual(status, 200, asked)
        number = asked["exception"]
        self.assertEqual(self.ask("POST", f"exceptions/{number}/approvals", rita, {})[0], 403)
        status, own = self.ask("POST", "exceptions", carol, dict(wanted, what="wanted2==2.0"))
        self.assertEqual(status, 200, own)
        status, why = self.ask("POST", f"exceptions/{own['exception']}/approvals", carol, {})
        self.assertEqual(status, 409, why)
        status, shown = self.ask("GET", f"exceptions/{number}", erin)
        self.assertEqual(status, 200, shown)
        approval = f"exceptions/{number}/approvals"
        status, why = self.ask("POST", approval, erin, {"evidence": shown["shown"]})
        self.assertEqual(status, 409, why)  # nothing had been fetched yet that could be shown
        status, shown = self.ask("GET", f"exceptions/{number}", erin)
        self.assertIn(shown["shown"], why["detail"])
        status, done = self.ask("POST", approval, erin, {"evidence": shown["shown"]})
        self.assertEqual(status, 200, done)
        self.assertEqual(self.service.get(file_path("wanted", "2.0"))[0], 200)
        self.assertIn(number, [x["exception"] for x in self.ask("GET", "exceptions", erin)[1]])
        self.assertEqual(self.ask("POST", f"exceptions/{number}/revocation", carol, {"reason": "no longer"})[0], 200)
        self.assertEqual(self.service.get(file_path("wanted", "2.0"))[0], 403)
        self.assertEqual(self.ask("POST", f"exceptions/{number}/revocation", carol, {"reason": "again"})[0], 409)
        self.assertEqual(self.ask("GET", "exceptions/999999", erin)[0], 404)

    def test_a_policy_is_tried_and_proposed(self):
        alice, bob, carol = (self.token(n) for n in ("alice", "bob", "carol"))
        self.ask("GET", "explain?what=young", bob)
        with open(self.service.path("policy.yaml")) as f:
            other = f.read().replace("cool_down_days: 7", "cool_down_days: 900")
        status, tried = self.ask("POST", "policy/test", bob, {"policy": other})
        self.assertEqual(status, 200, tried)
        self.assertIn("changes", tried)
        status, why = self.ask("POST", "policy/test", bob, {"policy": "cool_down_days: many\n"})
        self.assertEqual(status, 400)
        self.assertIn("expected", why["detail"])
        self.assertEqual(self.ask("POST", "policy/proposals", alice, {"policy": other})[0], 403)
        status, proposed = self.ask("POST", "policy/proposals", carol, {"policy": other, "reason": "slower"})
        self.assertEqual(status, 200, proposed)
        number = proposed["proposal"]
        self.assertEqual(self.ask("POST", f"policy/proposals/{number}/agreements", carol, {})[0], 409)
        self.assertEqual(self.ask("POST", f"policy/proposals/{number}/agreements", alice, {})[0], 403)
        os.kill(next(pid for pid, name in self.service.processes().items() if name == "keeper"), signal.SIGKILL)
        self.eventually(lambda: self.ask("GET", "policy/proposals", bob)[0] == 200, 30)
        listed = self.ask("GET", "policy/proposals", bob)[1]
        self.assertEqual([(p["proposal"], p["by"], p["reason"]) for p in listed], [(number, "user:carol", "slower")])
        status, shown = self.ask("GET", f"policy/proposals/{number}", bob)
        self.assertEqual((status, shown["sha256"], shown["persons_needed"]), (200, proposed["sha256"], 1), shown)
        self.assertIn("900", json.dumps(shown["diff"]))
        self.assertEqual(self.ask("POST", f"policy/proposals/{number}/withdrawal", alice)[0], 403)
        self.assertEqual(self.ask("POST", f"policy/proposals/{number}/withdrawal", carol)[0], 200)
        self.assertEqual(self.ask("GET", f"policy/proposals/{number}", bob)[0], 404)
        self.assertEqual(self.ask("GET", "policy/proposals", bob), (200, []))

    # --- form ---

    def test_what_is_wrong_is_named(self):
        alice = self.token("alice")
        for method, path, body, status, words in (
                ("GET", "queue?audited=maybe", None, 400, "audited: expected true or false"),
                ("GET", "queue?color=red", None, 400, "color: no parameter"),
                ("GET", "queue?audited=true&audited=true", None, 400, "audited: given twice"),
                ("GET", "explain", None, 400, "what: is needed"),
                ("POST", "denials", {"what": "x==1"}, 400, "reason: is needed"),
                ("POST", "denials", {"what": "x==1", "reason": 5}, 400, "reason: expected a text"),
                ("POST", "denials", {"what": "x==1", "reason": "a\nb"}, 400, "reason: a control character"),
                ("POST", "denials", {"what": "x", "reason": "y", "why": "z"}, 400, "why: no parameter"),
                ("POST", "denials", '{"what":"x","what":"y","reason":"z"}', 400, "duplicate"),
                ("POST", "denials", "[", 400, "body:1:"),
                ("POST", "denials", "", 400, "expected a JSON object"),
                ("DELETE", "tokens/none", None, 400, "id: expected a number"),
                ("GET", "nothing", None, 404, "openapi.json"),
                ("PUT", "queue", None, 405, "Allow")):
            got, problem = self.ask(method, path, alice, body)
            self.assertEqual(got, status, f"{method} {path}: {problem}")
            self.assertIn(words, problem["detail"])
        self.assertEqual(self.headers["Allow"], "GET, HEAD")
        self.assertEqual(self.ask("GET", "explain?what=%zz", alice)[0], 400)
        self.assertEqual(self.ask("POST", "denials", alice, "{}", {"Content-Type": "text/plain"})[0], 415)
        self.assertEqual(self.ask("POST", "denials", alice, "x" * (600 << 10))[0], 413)

    def test_a_whole_command(self):
        alice, bob = self.token("alice"), self.token("bob")

        def run(token, **body):
            status, said = self.ask("POST", "commands", token, body)
            self.assertEqual(status, 200, said)
            self.assertEqual(sorted(said), ["exit_status", "message", "output"])
            return said["exit_status"], said["output"], said["message"]
        status, out, _ = run(alice, command="user", words=["list"])
        self.assertEqual(status, 0)
        self.assertIn("alice", out)
        status, out, _ = run(alice, command="user", words=["list"], json=True)
        self.assertIn("alice", [u["name"] for u in json.loads(out)])
        self.assertEqual(run(bob, command="queue", options={"audited": "true"})[0], 0)
        status, _, why = run(bob, command="explain", words=["nothing-of-this-name"])
        self.assertEqual(status, 1)
        self.assertIn("nothing-of-this-name", why)
        self.assertEqual(run(bob, command="explain")[0], 2)
        self.assertEqual(run(bob, command="no-such-command"), (2, "", "no such command"))
        # the right is asked for as elsewhere, and the log has no other door
        status, why = self.ask("POST", "commands", bob, {"command": "user", "words": ["list"]})
        self.assertEqual(status, 403)
        self.assertIn("people.admin", why["detail"])
        self.assertEqual(self.ask("POST", "commands", None, {"command": "queue"})[0], 401)
        self.assertEqual(self.ask("GET", "audit/entries", bob)[0], 403)
        for body, words in (({}, "command: is needed"), ({"command": "Queue"}, "expected the name of a command"),
                            ({"command": "queue "}, "expected the name"), ({"command": "x" * 33}, "expected the name"),
                            ({"command": "queue", "words": "x"}, "words: expected a list"),
                            ({"command": "queue", "words": [""]}, "words: expected 1 to 500"),
                            ({"command": "queue", "options": []}, "options: expected an object"),
                            ({"command": "queue", "options": {"A": "b"}}, "options: expected names"),
                            ({"command": "queue", "options": {"a": 1}}, "options: expected names"),
                            ({"command": "queue", "options": {"a": "b\n"}}, "a: a control character"),
                            ({"command": "queue", "options": {"a": alice}}, "a: a token stands in it"),
                            ({"command": "queue", "json": "yes"}, "json: expected true or false"),
                            ({"command": "policy test", "input": "%"}, "input: expected base64"),
                            ({"command": "queue", "words": ["a"] * 32, "options": {"a" * i: "b" for i in range(1, 33)},
                              "json": True}, ""),
                            ({"command": "queue", "words": ["a"] * 33}, "a list of 1 to 32")):
            status, why = self.ask("POST", "commands", bob, body)
            self.assertEqual(status, 400 if words else 200, why)
            self.assertIn(words, why.get("detail", ""))

    # --- bounds ---

    def test_wrong_tokens_are_bounded_and_whoever_had_a_good_one_is_not_kept_out(self):
        alice = self.token("alice")
        self.assertEqual(self.ask("GET", "status", alice)[0], 200)
        statuses = [self.ask("GET", "status", "chp_" + f"{i:064x}")[0] for i in range(60)]
        self.assertEqual(statuses[0], 401)
        self.assertIn(429, statuses)
        self.assertEqual(self.headers["Retry-After"], "2")
        self.assertEqual(self.ask("GET", "status", alice)[0], 200)
        with open(self.service.path("log/access.log")) as f:
            self.assertNotIn(alice, f.read())
        # time gives the others back
        self.eventually(lambda: self.ask("GET", "status", "chp_" + 64 * "f")[0] == 401)

    def test_connections_that_are_only_held_keep_nobody_out(self):
        alice = self.token("alice")
        held = []
        try:
            for i in range(700):  # more than there are for one address, and than for all
                s = socket.create_connection(("127.0.0.1", self.service.admin_port), timeout=10)
                s.sendall(b"GET /api/v1/status HTTP/1.1\r\n" if i % 2 else
                          b"POST /api/v1/denials HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                          b"Authorization: Bearer chp_" + 64 * b"0" + b"\r\nContent-Length: 9\r\n\r\n")
                held.append(s)
            self.assertEqual(self.ask("GET", "status", alice)[0], 200)
        finally:
            for s in held:
                s.close()

    def test_bodies_of_whoever_do_not_fill_the_memory(self):
        """A token is looked at when the body is whole: one that never is has cost memory by then."""
        alice, held = self.token("alice"), []
        pid = next(p for p, name in self.service.processes().items() if name == "admin")

        def resident():
            with open(f"/proc/{pid}/status") as f:
                return int(re.search(r"VmRSS:\s+(\d+) kB", f.read())[1]) >> 10
        before = resident()
        try:
            for i in range(400):  # of several addresses, less than each may have
                s = socket.socket()
                held.append(s)
                s.bind((f"127.0.1.{i // 100 + 1}", 0))
                s.connect(("127.0.0.1", self.service.admin_port))
                s.sendall(b"POST /api/v1/denials HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                          b"Authorization: Bearer chp_" + 64 * b"0" + b"\r\nContent-Length: 524000\r\n\r\n" +
                          500000 * b"x")
            self.assertEqual(self.ask("GET", "status", alice)[0], 200)
            self.assertEqual(self.ask("POST", "commands", alice, {"command": "user", "words": ["list"]})[0], 200)
            self.assertLess(resident() - before, 60)  # MiB; 190 were sent
            held[0].settimeout(10)
            self.assertIn(b"others send too much", held[0].recv(4096))
        finally:
            for s in held:
                s.close()

    def test_whoever_asks_a_busy_keeper_too_much_keeps_nobody_out(self):
        """What it has not read yet is bounded: not by the end of the channel, which all share."""
        alice = self.token("alice")
        keeper = next(p for p, name in self.service.processes().items() if name == "keeper")
        body = json.dumps({"command": "user", "input": base64.b64encode(390000 * b"x").decode()}).encode()
        ask = (b"POST /api/v1/commands HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
               b"Authorization: Bearer chp_" + 64 * b"0" + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        held = []
        os.kill(keeper, signal.SIGSTOP)
        try:
            for i in range(60):  # one after the other, so that none gives way while it is received
                s = socket.socket()
                held.append(s)
                s.bind((f"127.0.2.{i // 20 + 1}", 0))
                s.connect(("127.0.0.1", self.service.admin_port))
                s.sendall(ask)
            held[-1].settimeout(10)
            self.assertIn(b" 503 ", held[-1].recv(4096))
        finally:
            os.kill(keeper, signal.SIGCONT)
            for s in held:
                s.close()
        self.eventually(lambda: self.ask("GET", "status", alice)[0] == 200)

    def test_a_token_in_the_wrong_place_is_in_no_log(self):
        alice = self.token("alice")
        digits = alice[4:]
        hidden = "%63hp_" + digits
        for path in (f"/pypi/simple/{alice}/", f"/pypi/simple/{hidden}/", f"/pypi/files/x/{alice}-1.0.tar.gz",
                     f"/pypi/simple/old/?key={alice}"):
            a = self.service.ask(path)
            self.assertEqual(a.status, 400, a)
            self.assertIn("A token stands in this address", a.reason)
        self.assertEqual(self.service.ask(file_path("old", "1.0"), {"User-Agent": "tool/1 " + alice}).status, 200)
        self.assertEqual(self.ask("GET", f"queue?audited={alice}", alice)[0], 400)
        self.assertEqual(self.ask("GET", f"users/{alice}", alice)[0], 405)
        status, why = self.ask("POST", "denials", alice, {"what": "old", "reason": "see " + alice})
        self.assertEqual(status, 400)
        self.assertIn("a token stands in it", why["detail"])
        status, _, err = self.service.command("deny", "old", "--reason", alice)
        self.assertEqual(status, 2)
        self.assertIn("a token stands in the command", err)
        self.service.access_log()
        self.assertIn("tool/1 chp_...", open(self.service.path("log/access.log")).read())
        # in no file of the state folder, nor in what the processes have said
        for folder, _, names in os.walk(self.service.state):
            for name in names:
                if not os.path.isfile(os.path.join(folder, name)):
                    continue  # the control socket
                with open(os.path.join(folder, name), "rb") as f:
                    self.assertNotIn(digits.encode(), f.read(), name)
        self.assertNotIn(digits, self.service.log())

    # --- apart ---

    def test_clients_have_none_of_it_and_it_has_no_packages(self):
        alice = self.token("alice")
        for path in ("/api/v1/status", "/api/v1/openapi.json"):
            self.assertEqual(self.ask("GET", path, alice, port=self.service.port)[0] // 100, 4)
        for path in ("/pypi/simple/old/", file_path("old", "1.0"), "/-/audit/checkpoint"):
            self.assertEqual(self.ask("GET", path, alice)[0], 404)
        self.assertEqual(self.ask("GET", "status", alice, headers={"Host": "elsewhere.example"})[0], 421)

    def test_a_keeper_that_was_killed_answers_again(self):
        alice = self.token("alice")
        pid = re.search(r"keeper/0 pid (\d+)", self.command("status"))[1]
        os.kill(int(pid), 9)
        self.eventually(lambda: self.ask("GET", "status", alice)[0] == 200)


class Description(Persons):
    """A service of its own: what tries all that the document describes ends users, too."""

    def test_each_operation_answers_as_described(self):
        """`ask` compares; here each of them is asked for once."""
        alice, carol, rita, erin = (self.token(n) for n in ("alice", "carol", "rita", "erin"))

        def ok(method, path, token, body=None):
            status, said = self.ask(method, path, token, body)
            self.assertEqual(status, 200, f"{method} {path}: {said}")
            return said
        type(self).answered = set()
        self.assertEqual(self.service.ask(file_path("old", "1.0")).status, 200)
        self.service.ask(file_path("described-1", "2.0"))  # held
        self.eventually(lambda: ok("GET", "fetched-by?what=old", carol))
        self.eventually(lambda: ok("GET", "queue", carol))
        for path in ("status", "queue", "explain?what=old", "owners", "keys", "keys/log", "policy", "policy/history",
                     "policy/proposals", "users", "groups", "tokens", "exceptions?all=true"):
            ok("GET", path, alice)
        ok("GET", "audit/entries", carol)
        ok("POST", "denials", carol, {"what": "described==1.0", "reason": "for the document"})
        ok("POST", "rescans", alice, {"what": "old"})
        ok("POST", "keys", alice, {"purpose": "evidence", "reason": "for the document"})
        ok("POST", "users", alice, {"name": "described"})
        ok("POST", "groups/described/grants", alice, {"role": "reader"})
        ok("POST", "groups/described/members", alice, {"users": ["described"]})
        ok("GET", "groups", alice)
        token = ok("POST", "tokens", alice, {"user": "described", "audience": "pull"})
        ok("DELETE", f"tokens/{token['id']}?reason=over", alice)
        ok("DELETE", "groups/described/members/described?reason=over", alice)
        ok("DELETE", "groups/described/grants/reader?reason=over", alice)
        ok("POST", "groups/described/grants", alice, {"role": "reader"})
        ok("DELETE", "groups/described?reason=over", alice)
        ok("DELETE", "users/described?reason=over", alice)
        ok("POST", "commands", alice, {"command": "user", "words": ["list"]})
        policy = open(self.service.path("policy.yaml")).read()
        ok("POST", "policy/test", carol, {"policy": policy})
        proposal = ok("POST", "policy/proposals", carol, {"policy": policy + "\n# another\n", "reason": "for the document"})
        ok("GET", "policy/diff?from=1", carol)
        ok("GET", "policy/proposals", carol)
        ok("GET", f"policy/proposals/{proposal['proposal']}", carol)
        ok("POST", f"policy/proposals/{proposal['proposal']}/withdrawal", carol)
        for end in "rejection", "revocation":
            asked = ok("POST", "exceptions", rita, {"what": "described-1==2.0", "reason": "for the document"})
            number = asked["exception"]
            ok("GET", f"exceptions/{number}", erin)
            ok("GET", "exceptions?all=true", erin)
            if end == "revocation":
                ok("POST", f"exceptions/{number}/approvals", erin, {})
                ok("POST", f"exceptions/{number}/renewals", rita, {"reason": "still needed"})
            ok("POST", f"exceptions/{number}/{end}", erin, {"reason": "over"})
        conn = http.client.HTTPConnection("127.0.0.1", self.service.admin_port, timeout=60)
        conn.request("GET", "/api/v1/openapi.json")
        document = json.loads(conn.getresponse().read())
        conn.close()
        all_of_them = {o["operationId"] for ways in document["paths"].values() for o in ways.values()}
        # the first two need a second upstream and a policy that asks for two persons: OfTwo; the last a cluster: test_runtime.py
        self.assertEqual(all_of_them - self.answered, {"changeOwner", "agreeToPolicy", "listRuntime"})

    def test_schemathesis(self):
        program = verifiers.schemathesis()
        for _ in range(40):  # so that what it revokes by small numbers is not what it comes with
            self.token("bob", "pull")
        self.ask("GET", "explain?what=old", self.token("bob"))
        # what ends users comes last: it finds alice among the answers, and then nobody is asked any more
        for which in "--exclude-operation-id", "--include-operation-id":
            done = subprocess.run(
                [program, "run", f"{self.service.admin_url}/openapi.json", "-H",
                 f"Authorization: Bearer {self.token('alice')}", "--max-examples", "12", "--seed", "7", "--checks", CHECKS,
                 "--phases", "examples,coverage,fuzzing", which, "endUser"],
                capture_output=True, text=True, timeout=600, env=dict(os.environ, NO_COLOR="1"),
                cwd=self.service.dir)  # it leaves a cache where it runs
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertRegex(done.stdout, r"[1-9]\d\d+ generated" if which.startswith("--ex") else r"[1-9]\d* generated")
        self.assertEqual(self.service.get("/-/ready")[0], 200)
        self.command("status")


class Address(unittest.TestCase):
    """Where it listens, when somebody else is there already."""

    def setUp(self):
        self.up = Upstream()
        self.addCleanup(self.up.close)
        self.service = Service(self.up.url)
        self.addCleanup(self.service.remove)

    def taken(self, port):
        s = socket.socket()
        self.addCleanup(s.close)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server: a port of a closed connection is free
        try:
            s.bind(("127.0.0.1", port))
            s.listen()
        except OSError as e:  # another test's service was quicker: taken it is
            self.assertEqual(e.errno, errno.EADDRINUSE)

    def test_a_default_that_is_taken_is_done_without_and_said(self):
        self.service.args = []  # the house says "none" for services that need none
        self.taken(self.service.port + 1)
        self.service.start()
        self.assertRegex(self.service.log(), r"(?m)^warning: there is no administrative interface: cannot listen on "
                                             rf"127\.0\.0\.1:{self.service.port + 1}: Address already in use; admin: ")

    def test_a_configured_one_that_is_taken_ends_the_start(self):
        port = free_port()
        self.taken(port)
        self.service.args = ["--admin-listen", f"127.0.0.1:{port}"]
        with self.assertRaises(RuntimeError) as raised:
            self.service.start()
        self.assertIn(f"the administrative interface (admin: address:): cannot listen on 127.0.0.1:{port}",
                      str(raised.exception))
        self.assertEqual(self.service.process.wait(), 2)


if __name__ == "__main__":
    unittest.main()
