"""Who may have what: real pip and uv with tokens from where they keep them, and without; tokens that are
wrong, over, revoked or for something else; what stays open to everybody."""
import base64
import http.client
import json
import os
import re
import sqlite3
import time
import unittest
import urllib.error
import urllib.request

from house import people, wheels
from house.case import Quarantine, add_wheel, file_path
from house.clients import KINDS, Client, tool
from house.service import Service
from house.upstream import Upstream

NOBODYS = "chp_" + "0" * 64


def basic(token, user="__token__"):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()}


def bearer(token):
    return {"Authorization": "Bearer " + token}


class SignIn(Quarantine):
    @classmethod
    def configure(cls, text):
        text = re.sub(r"(?m)^anonymous_pull: .*$", "anonymous_pull: false", text)
        assert "anonymous_pull: false" in text
        return text.replace("\nrepositories:\n", "\nrepositories:\n  - name: lab\n    ecosystem: pypi\n"
                            "    environment: preprod\n    upstreams: [pypi]\n"
                            "  - name: open\n    ecosystem: pypi\n    upstreams: [pypi]\n    anonymous_pull: true\n")

    @classmethod
    def fill(cls):
        cls.good = add_wheel(cls.up, "good", "1.0")
        add_wheel(cls.up, "young", "1.0", days=1)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        s = cls.service
        people.person(s, "anna", "reader/pypi")
        people.person(s, "ci", "reader/pypi", service_account=True)
        people.person(s, "otto", "auditor")
        cls.anna, _ = people.token(s, "anna")
        cls.ci, _ = people.token(s, "ci")
        cls.otto, _ = people.token(s, "otto")
        cls.admin, _ = people.token(s, "ci", "admin")  # a person's makes only that person
        assert s.ask(file_path("good", "1.0"), bearer(cls.anna)).status == 200

    def netrc(self, client, token, login="__token__"):
        path = os.path.join(client.home, ".netrc")
        with open(path, "w") as f:
            f.write(f"machine 127.0.0.1\nlogin {login}\npassword {token}\n")
        os.chmod(path, 0o600)

    def index_with(self, token, user="__token__"):
        return self.index.replace("http://", f"http://{user}:{token}@")

    def challenged(self, a, words="A token is needed"):
        self.assertEqual(a.status, 401, a)
        self.assertIn(words, a.reason)
        challenges = [v for k, v in a.headers if k.lower() == "www-authenticate"]
        self.assertEqual(challenges[0], 'Basic realm="customhouse"')
        self.assertTrue(challenges[1].startswith('Bearer realm="customhouse"'))
        self.assertEqual(a["Cache-Control"], "no-store")
        self.assertNotIn("chp_", str(a.headers) + a.reason + a.body.decode())

    # --- every route ---

    def test_every_route_asks_who_it_is(self):
        path = file_path("good", "1.0")
        sha256 = self.good.sha256
        for way in ({}, {"method": "HEAD"}, {"headers": {"Range": "bytes=0-9"}},
                    {"headers": {"If-None-Match": f'"sha256-{sha256}"'}}, {"headers": {"If-None-Match": "*"}}):
            for p in ("/pypi/simple/", "/pypi/simple/good/", "/pypi/simple/Good", path, path + ".metadata",
                      path + "?wait=3", path + ".vsa.json", path + ".approval.sigstore.json", "/lab/simple/good/",
                      f"/-/attestations/sha256/{sha256}/1.vsa.json", "/-/metrics", "/-/audit/tile/entries/000.p/1"):
                if p.startswith("/-/attestations"):
                    continue  # of the repository that is open: below
                with self.subTest(path=p, **way):
                    self.challenged(self.service.ask(p, **way))
        for p in ("/-/health", "/-/ready", "/-/keys/", "/-/withdrawals/prod.json", "/-/audit/checkpoint",
                  "/-/audit/tile/0/000.p/1", "/-/policies/rights"):
            with self.subTest(path=p):
                self.assertEqual(self.service.ask(p).status, 200)

    def test_a_right_that_is_missing_is_no_missing_credential(self):
        a = self.service.ask(file_path("good", "1.0", "lab"), bearer(self.anna))
        self.assertEqual(a.status, 403, a)
        self.assertIn("lab denied by rights: user:anna may not do this", a.reason)
        self.assertIsNone(a["WWW-Authenticate"])
        self.assertEqual(self.service.ask("/-/metrics", bearer(self.anna)).status, 403)
        # policy is 403 for who may pull, with or without credentials
        self.assertEqual(self.service.ask(file_path("young", "1.0"), bearer(self.anna)).status, 403)
        self.assertEqual(self.service.ask(file_path("young", "1.0", "open")).status, 403)

    def test_basic_and_bearer(self):
        for headers in (basic(self.anna), basic(self.anna, ""), basic(self.anna, "anna"), bearer(self.anna),
                        {"Authorization": "bearer " + self.anna}):
            a = self.service.ask(file_path("good", "1.0"), headers)
            self.assertEqual((a.status, a.body), (200, self.good.data))
            self.assertTrue(a["Cache-Control"].startswith("private"))

    def test_wrong_is_never_anonymous(self):
        """Where nobody needs a token, too."""
        bad = [bearer(NOBODYS), basic(NOBODYS), bearer(self.admin), basic(self.admin), bearer("x"),
               {"Authorization": "Basic"}, {"Authorization": "Basic !"}, {"Authorization": f"Token {self.anna}"},
               {"Authorization": f"Bearer {self.anna} "}, {"Authorization": f"Bearer {self.anna}, x"},
               {"Authorization": "Basic " + base64.b64encode(f"{self.anna}:".encode()).decode()}]
        self.assertEqual(self.service.ask(file_path("good", "1.0", "open")).status, 200)
        for headers in bad:
            if headers["Authorization"].endswith(" "):
                continue  # blanks at the end are no part of a header
            for path in (file_path("good", "1.0", "open"), "/open/simple/good/", "/"):
                with self.subTest(path=path, **headers):
                    self.challenged(self.service.ask(path, headers), "not valid here")

    def test_attestations_are_of_where_one_may_pull(self):
        path = f"/-/attestations/sha256/{self.good.sha256}/"
        self.assertEqual(self.service.ask(file_path("good", "1.0", "open")).status, 200)
        seen = [{e["repository"] for e in json.loads(self.service.ask(path, h).body)["attestations"]}
                for h in ({}, bearer(self.anna))]
        self.assertEqual(seen, [{"open"}, {"open", "pypi"}])

    def test_what_an_auditor_reads(self):
        self.assertEqual(self.service.ask("/-/metrics", bearer(self.otto)).status, 200)
        self.assertEqual(self.service.ask(file_path("good", "1.0"), bearer(self.otto)).status, 403)
        for token, status in ((self.anna, 403), (self.admin, 401), (self.otto, 200)):
            a = self.service.ask("/-/audit/tile/entries/000.p/2", bearer(token))
            self.assertEqual(a.status, status, a)
        first = a.body[2:2 + int.from_bytes(a.body[:2], "big")]
        self.assertEqual(json.loads(first)["kind"], "genesis")

    # --- clients ---

    def is_told(self, client, index, words, shown):
        """Nothing is installed. pip is silent about an index that asks who it is, but says it all with
        -vvv; uv says that it was 401."""
        status, text = client.install(index, "good==1.0", *quiet(client))
        self.assertNotEqual(status, 0, text)
        self.assertRegex(text, r"No matching distribution|401|[Uu]nauthorized", text)
        if client.kind != "uv":
            status, text = client.install(index, "good==1.0", "-vvv", *quiet(client))
            self.assertNotEqual(status, 0, text)
            self.assertIn(words, text)
        for word in shown:
            self.assertIn(word, text)
        self.assertNotIn("chp_", text)
        self.assertIsNone(client.imports("good"))

    def test_who_may_not_pull_without_a_name_asks_for_nothing_without_one(self):
        refused = self.service.ask(file_path("young", "1.0"), bearer(self.anna))
        self.assertEqual(refused.status, 403)
        page = re.search(r"/-/x/\w+", refused.reason)[0]
        ask = (page, b'{"reason": "needed"}', "application/json")
        asked = self.service.post(*ask)
        self.assertEqual(asked.status, 401, asked)
        self.assertEqual(self.service.post(*ask, [f"Authorization: Bearer {self.anna}"]).status, 403)  # a reader
        self.assertEqual(people.command(self.service, "exceptions", "list"), "")
        refused = self.service.ask(file_path("young", "1.0").replace("/pypi/", "/open/", 1))
        self.assertEqual(refused.status, 403)
        page = re.search(r"/-/x/\w+", refused.reason)[0]
        self.assertEqual(self.service.post(page, *ask[1:]).status, 201)

    def test_clients_without_a_token(self):
        def check(client):
            self.is_told(client, self.index, "401 Client Error: A token is needed",
                         ["~/.netrc, pip.conf or the index URL"] if client.kind != "uv" else ["401"])
        self.with_clients(check)

    def test_token_in_the_index_url(self):
        def check(client):
            status, text = client.install(self.index_with(self.ci), "good==1.0", *quiet(client))
            self.assertEqual(status, 0, text)
            self.assertEqual(client.imports("good"), "1.0")
            self.assertNotIn(self.ci, text)
        self.with_clients(check)

    def test_token_in_netrc(self):
        def check(client):
            self.netrc(client, self.ci)
            self.installs(client, "good==1.0", "good", "1.0")
        self.with_clients(check)

    def test_token_in_the_environment_of_uv(self):
        with Client("uv") as client:
            client.env.update(UV_INDEX_CUSTOMHOUSE_USERNAME="__token__", UV_INDEX_CUSTOMHOUSE_PASSWORD=self.ci,
                              UV_DEFAULT_INDEX=f"customhouse={self.index}")
            done = client.run_tool([tool("uv"), "pip", "install", "--python", client.python, "--no-config",
                                    "good==1.0"])
            self.assertEqual(done[0], 0, done[1])
            self.assertEqual(client.imports("good"), "1.0")

    def test_clients_with_a_wrong_token(self):
        """Never as anonymous; what they show names where to look."""
        def check(client):
            for token in (NOBODYS, self.admin):
                self.is_told(client, self.index_with(token), "401 Client Error: The token that was sent is not valid",
                             ["~/.netrc, pip.conf or the index URL"] if client.kind != "uv" else ["401"])
        self.with_clients(check)

    def test_pip_shows_where_to_look(self):
        """Of a file itself: the reason reaches the terminal."""
        def check(client):
            url = self.service.url + file_path("good", "1.0")
            status, text = client.install(self.index, url, *quiet(client))
            self.assertNotEqual(status, 0)
            self.assertIn("A token is needed", text)
            self.assertIn("~/.netrc", text)
            self.netrc(client, NOBODYS)
            status, text = client.install(self.index, url, *quiet(client))
            self.assertNotEqual(status, 0)
            self.assertIn("not valid here", text)
            self.assertIn("~/.netrc", text)
        self.with_clients(check, [k for k in KINDS if k.startswith("pip")])

    # --- the end of a token ---

    def connection(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=30)
        self.addCleanup(connection.close)
        return connection

    @staticmethod
    def status_on(connection, path, token):
        connection.request("GET", path, headers=bearer(token))
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def test_revoked_while_a_connection_is_open(self):
        token, number = people.token(self.service, "anna")
        connection = self.connection()

        def status(path):
            return self.status_on(connection, path, token)
        self.assertEqual([status("/pypi/simple/good/"), status(file_path("good", "1.0"))], [200, 200])
        opened = connection.sock
        people.command(self.service, "token", "revoke", str(number))
        self.assertEqual([status("/pypi/simple/good/"), status(file_path("good", "1.0"))], [401, 401])
        self.assertIs(connection.sock, opened)

    def test_a_group_left_is_a_right_lost(self):
        people.person(self.service, "uta", "reader/pypi")
        token, _ = people.token(self.service, "uta")
        self.assertEqual(self.service.ask("/pypi/simple/good/", bearer(token)).status, 200)
        people.command(self.service, "group", "revoke", "reader-pypi", "uta")
        self.assertEqual(self.service.ask("/pypi/simple/good/", bearer(token)).status, 403)
        people.command(self.service, "user", "revoke", "uta")
        self.assertEqual(self.service.ask("/pypi/simple/good/", bearer(token)).status, 401)

    def test_expired(self):
        token = people.short_token(self.service, "anna", 6)
        began = time.monotonic()
        self.assertEqual(self.service.ask("/pypi/simple/good/", bearer(token)).status, 200)
        self.eventually(lambda: self.service.ask("/pypi/simple/good/", bearer(token)).status == 401)
        self.assertLess(time.monotonic() - began, 8)

    def test_guessing_is_slow(self):
        connection = self.connection()  # one connection, one gateway

        def status(token):
            return self.status_on(connection, "/pypi/simple/good/", token)
        self.assertEqual(status(self.anna), 200)
        tried = [status("chp_" + f"{n:064x}") for n in range(1, 150)]
        self.assertEqual(set(tried), {401, 429})
        self.assertEqual(status(self.anna), 200)  # who is known already does not wait
        self.eventually(lambda: status("chp_" + "e" * 64) == 401)

    # --- what is recorded ---

    def test_who_fetched_it_and_nothing_of_the_token(self):
        self.assertEqual(self.service.ask(file_path("good", "1.0"), basic(self.ci)).status, 200)
        self.assertEqual(self.service.ask(file_path("young", "1.0"), bearer(self.ci)).status, 403)
        self.service.ask("/pypi/simple/good/", bearer(NOBODYS))
        self.service.ask(f"/t/{self.ci}/pypi/simple/good/")

        def fetched():
            status, out, err = self.service.command("fetched-by", "good==1.0", "--repository", "pypi", "--json")
            self.assertEqual(status, 0, err)
            return {row["principal"] for row in json.loads(out)}
        self.eventually(lambda: "service:ci" in fetched())
        lines = self.service.access_log()
        self.assertIn("service:ci", {line.get("principal") for line in lines})
        metrics = self.service.ask("/-/metrics", bearer(self.otto)).body.decode()
        problem = json.loads(self.service.ask(file_path("young", "1.0"), bearer(self.ci)).body)
        page = self.service.ask(problem["instance"])
        self.assertEqual(page.status, 200)  # by its number alone
        for text in (json.dumps(lines), metrics, json.dumps(problem), page.body.decode(), self.service.log()):
            self.assertNotRegex(text, "chp_[0-9a-f]{4}")
            self.assertNotIn(base64.b64encode(f"__token__:{self.ci}".encode()).decode()[:40], text)

    def test_check_says_who_needs_a_token(self):
        status, out, err = self.service.command("check")
        self.assertEqual(status, 0, err)
        self.assertIn("pypi: only clients with a token may pull (127.0.0.1:", out)
        self.assertIn("open: anyone may pull, without a token (127.0.0.1:", out)


class Failures(unittest.TestCase):
    """What the log says of sign-ins that failed, at both doors, after a minute."""

    def setUp(self):
        self.up = Upstream()
        self.addCleanup(self.up.close)
        add_wheel(self.up, "good", "1.0")
        self.service = Service(self.up.url, admin=True)
        self.addCleanup(self.service.remove)
        self.service.start()

    def at_admin(self, headers, path="/api/v1/status"):
        request = urllib.request.Request(f"http://127.0.0.1:{self.service.admin_port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as refused:
            return refused.code

    def counted(self):
        """A row for each, without the minute: they may have come in two."""
        with sqlite3.connect(f"file:{self.service.path('db/customhouse.db')}?mode=ro", uri=True) as db:
            rows = db.execute("SELECT principal, address, via, path, why, sum(times) FROM log_sign_in"
                              " GROUP BY 1, 2, 3, 4, 5").fetchall()
        db.close()
        return set(rows)

    def test_each_is_counted(self):
        s = self.service
        people.person(s, "ci", "reader", service_account=True)
        good, _ = people.token(s, "ci")
        revoked, number = people.token(s, "ci")
        admin, _ = people.token(s, "ci", "admin")
        people.command(s, "token", "revoke", str(number))
        path = file_path("good", "1.0")
        self.assertEqual(s.ask(path, bearer(good)).status, 200)
        self.assertEqual(self.at_admin(bearer(admin)), 403)  # a right, not a sign-in
        for headers, times in ((bearer(NOBODYS), 7), (bearer(revoked), 5), (basic(admin), 3), (basic("guess"), 11)):
            for _ in range(times):
                self.assertEqual(s.ask(path + "?key=" + NOBODYS[4:], headers).status, 401)
        for headers, times in ((bearer(NOBODYS), 2), (bearer(good), 4), ({"Authorization": "Basic"}, 3)):
            for _ in range(times):
                self.assertEqual(self.at_admin(headers), 401)
        expected = {("", "127.0.0.1", "gateway", path, "unknown", 7), ("", "127.0.0.1", "gateway", path, "malformed", 11),
                    ("service:ci", "127.0.0.1", "gateway", path, "revoked", 5),
                    ("service:ci", "127.0.0.1", "gateway", path, "audience", 3),
                    ("", "127.0.0.1", "admin", "/api/v1/status", "unknown", 2),
                    ("", "127.0.0.1", "admin", "/api/v1/status", "malformed", 3),
                    ("service:ci", "127.0.0.1", "admin", "/api/v1/status", "audience", 4)}
        deadline = time.monotonic() + 20
        while self.counted() != expected:
            self.assertLess(time.monotonic(), deadline, self.counted())
            time.sleep(0.1)
        self.assertEqual(s.ask(path, bearer(NOBODYS)).status, 401)
        s.stop()  # what was counted last is handed over
        self.assertIn(("", "127.0.0.1", "gateway", path, "unknown", 8), self.counted())
        with sqlite3.connect(s.path("db/customhouse.db")) as db:  # the minute is over
            db.execute("UPDATE log_sign_in SET minute = 5")
        db.close()
        s.start()

        def entries():
            return [json.loads(line) for line in people.command(s, "audit", "search", "--kind", "sign-in-failed").splitlines()]
        while len(entries()) < 7:
            self.assertLess(time.monotonic(), deadline, entries())
            time.sleep(0.1)
        of_revoked = [e for e in entries() if e["entry"]["why"] == "revoked"]
        self.assertEqual([(e["entry"]["times"], e["entry"]["via"], e["entry"]["minute"], e["clear"]) for e in of_revoked],
                         [(5, "gateway", 5, {"principal": "service:ci", "address": "127.0.0.1", "path": path})])
        for entry in entries():
            self.assertNotRegex(json.dumps(entry["entry"]), "service:ci|127.0.0.1|good")  # T26
            self.assertNotRegex(json.dumps(entry), "chp_|" + NOBODYS[4:20])


def quiet(client):
    """pip asks at a terminal; here is none, but it says so in fewer words."""
    return [] if client.kind == "uv" else ["--no-input"]
