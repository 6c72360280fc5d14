"""What goes out that is no fetch: notifications by webhook and mail, the audit log to syslog; to real receivers,
with kill -9 in between."""
import json
import os
import re
import shutil
import signal
import tempfile
import unittest

from house import wheels
from house.case import Quarantine, add_wheel, file_path
from house.receivers import Hook, Mail, Rsyslog, Syslog, make_certificates
from house.service import free_port

KILLS = int(os.environ.get("CUSTOMHOUSE_E2E_EGRESS_KILLS", "6"))
ORDERED = 5
PASSWORD = "open sesame"
QUERY = "?key=s3same&thread=a%2Fb"


class Egress(Quarantine):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="ch-egress-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        certificates = make_certificates(cls.folder)
        cls.hook, cls.late = Hook(), Hook()
        cls.mail, cls.syslog = Mail(certificates, "house", PASSWORD), Syslog(certificates)
        cls.direct = Mail(certificates, "house", PASSWORD, at_once=True)
        for receiver in (cls.hook, cls.late, cls.mail, cls.direct, cls.syslog):
            cls.addClassCleanup(receiver.close)
        cls.secret("hook", cls.hook.secret)
        cls.secret("post", cls.hook.url + QUERY)
        cls.secret("late", cls.late.secret)
        cls.secret("mail", PASSWORD)
        super().setUpClass()

    @classmethod
    def secret(cls, name, text):
        path = os.path.join(cls.folder, name)
        with open(path, "w", opener=lambda p, flags: os.open(p, flags, 0o600)) as f:
            f.write(text + "\n")

    @classmethod
    def configure(cls, text):
        ca = f"{cls.folder}/ca.pem"
        return text + f"""
webhooks:
  - name: hook
    url_file: {cls.folder}/post
    secret_file: {cls.folder}/hook
mail:
  - name: people
    address: 127.0.0.1:{cls.mail.port}
    from: house@example.org
    to: [a@example.org, b@example.org]
    user: house
    secret_file: {cls.folder}/mail
    ca_file: {ca}
    events: [requests, alarms]
  - name: direct
    address: 127.0.0.1:{cls.direct.port}
    from: house@example.org
    to: [c@example.org]
    tls: tls
    user: house
    secret_file: {cls.folder}/mail
    ca_file: {ca}
    events: [requests]
  - name: untrusted
    address: 127.0.0.1:{cls.direct.port}
    from: house@example.org
    to: [nobody@example.org]
    tls: tls
    events: [requests]
syslog:
  - name: siem
    address: 127.0.0.1:{cls.syslog.port}
    ca_file: {ca}
"""

    @classmethod
    def fill(cls):
        for name in ("young", "again", "later", *(f"kill{i}" for i in range(KILLS)),
                     *(f"queued{i}" for i in range(ORDERED))):
            add_wheel(cls.up, name, "1.0", days=1)
        add_wheel(cls.up, "evil", "1.0", data=wheels.forged_directory("evil", "1.0"))

    def tearDown(self):
        super().tearDown()
        for receiver in (self.hook, self.late, self.mail, self.direct, self.syslog):
            self.assertEqual(receiver.wrong, [], type(receiver).__name__)

    def ok(self, *args):
        status, out, err = self.service.command(*args)
        self.assertEqual(status, 0, out + err)
        return out

    def pid_of(self, name):
        return next((pid for pid, n in self.service.processes().items() if n == name), None)

    def kill(self, name):
        pid = self.pid_of(name)
        os.kill(pid, signal.SIGKILL)
        self.eventually(lambda: self.pid_of(name) not in (None, pid), 30)
        self.eventually(lambda: self.service.get("/-/ready")[0] == 200, 30)

    def ask(self, name, reason="we hit bug 4711, says Ann"):
        return int(self.service.ask_exception(file_path(name, "1.0"), reason))

    def told(self, hook, kind, exception):
        return [b for b in hook.of(kind) if b["data"].get("exception") == exception]

    def destination(self, name):
        state = json.loads(self.ok("status", "--json"))
        return next(d for d in state["destinations"] if d["name"] == name)

    def test_a_request_is_told_without_persons(self):
        number = self.ask("young")
        body = self.eventually(lambda: self.told(self.hook, "exception.requested", number), 20)[0]
        self.assertEqual({k: body["data"][k] for k in ("project", "repository", "environment", "file")},
                         {"project": "young", "repository": "pypi", "environment": "prod",
                          "file": "young-1.0-py3-none-any.whl"})
        self.assertTrue(body["data"]["url"].startswith(self.service.url + "/-/x/"), body)
        at = body["data"]["entry"]  # durable in the store: in the log's files a moment later
        lines = self.eventually(lambda: len(a := self.ok("audit", "export").splitlines()) > at and a)
        entry = json.loads(lines[at])
        self.assertIn("exception", json.dumps(entry))
        sender, to, mail = self.eventually(
            lambda: [m for m in self.mail.got if f"Exception {number} for young" in m[2]], 20)[0]
        self.assertEqual((sender, to), ("house@example.org", ["a@example.org", "b@example.org"]))
        self.assertEqual(self.eventually(lambda: [m[1] for m in self.direct.got if f"Exception {number} for young" in m[2]],
                                         20)[0], ["c@example.org"])
        # whom nobody vouches for gets nothing
        self.eventually(lambda: re.search("(?i)certificate", self.destination("untrusted")["error"]), 20)
        self.assertFalse([m for m in self.direct.got if "nobody@example.org" in m[1]])
        for header in ("From: house@example.org\n", "Subject: Customhouse: ", "Message-ID: <msg_", "Date: "):
            self.assertIn(header, mail)
        for text in (json.dumps(body), mail):  # T26
            self.assertNotIn("4711", text)
            self.assertNotIn("Ann", text)
            self.assertNotIn("anonymous", text)
        self.ok("exceptions", "reject", str(number), "--reason", "not before Ann is back")
        body = self.eventually(lambda: self.told(self.hook, "exception.rejected", number), 20)[0]
        self.assertNotIn("Ann", json.dumps(body))
        self.assertFalse([m for m in self.mail.got if "rejected" in m[2]])  # it did not want those

    def test_an_attack_is_an_alarm(self):
        self.service.ask(file_path("evil", "1.0"))
        alarm = self.eventually(lambda: [b for b in self.hook.of("alarm.attack") if b["data"]["project"] == "evil"],
                                40)[0]["data"]
        self.assertEqual((alarm["verdict"], alarm["was_allowed"]), ("deny", False))
        self.assertRegex(alarm["rule"], "^finding ")
        self.eventually(lambda: [m for m in self.mail.got if "evil-1.0-py3-none-any.whl" in m[2]], 20)

    def test_what_fails_is_tried_again_and_nothing_is_lost(self):
        self.hook.status = 503
        self.addCleanup(setattr, self.hook, "status", 204)
        number = self.ask("again")
        self.eventually(lambda: self.hook.refused, 20)
        state = self.destination("hook")
        self.assertGreaterEqual(state["waiting"], 1)
        self.eventually(lambda: "503" in self.destination("hook")["error"], 10)
        self.assertRegex(self.ok("status"), r"(?m)^webhooks/hook: .*; failed \d+ times in a row, .*503")
        self.kill("egress")
        self.kill("keeper")
        self.hook.status = 204
        self.eventually(lambda: self.told(self.hook, "exception.requested", number), 60)
        self.eventually(lambda: self.destination("hook")["waiting"] == 0, 60)
        self.assertLessEqual(set(self.hook.refused), set(self.hook.ids()))  # the same again, and known as such

    def test_what_waited_comes_once_and_in_order(self):
        """Its server is down, keeper and egress are killed meanwhile: afterwards each comes, signed, none twice."""
        told, before = [], self.hook.ids()
        self.hook.close()
        numbers = []
        for i in range(ORDERED):
            numbers.append(self.ask(f"queued{i}"))
            if i % 2 == 0:
                self.kill("keeper" if i % 4 == 0 else "egress")
        self.eventually(lambda: self.destination("hook")["waiting"] >= ORDERED, 20)
        self.hook.open()
        self.eventually(lambda: self.destination("hook")["waiting"] == 0, 90)
        for id, body in self.hook.got:
            if body["data"].get("exception") in numbers:
                told.append(body["data"]["exception"])
        self.assertEqual(told, numbers)
        self.assertEqual(len(set(self.hook.ids()) - set(before)), len(self.hook.ids()) - len(before))

    def test_a_destination_is_added_by_a_reload(self):
        text = f"  - name: late\n    url: {self.late.url}\n    secret_file: {self.folder}/late\n    events: [requests]\n"
        self.service.edit("customhouse.yaml", lambda t: t.replace("\nmail:\n  - name: people", f"\n{text}mail:\n  - name: people"))
        self.service.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: [d for d in json.loads(self.ok("status", "--json"))["destinations"]
                                 if d["name"] == "late"], 20)
        number = self.ask("later")
        self.eventually(lambda: self.told(self.late, "exception.requested", number), 40)

    def test_the_log_arrives_whole_and_in_order(self):
        self.syslog.slow = True
        for i in range(KILLS):
            self.ok("exceptions", "request", f"kill{i}==1.0", "--reason", "for the log")
            for _ in range(3):
                self.service.ask(file_path(f"kill{i}", "1.0"))
            if i % 3 == 0:
                self.kill("egress")
            elif i % 3 == 1:
                self.kill("keeper")
            else:
                self.syslog.kill()
                self.service.ask(file_path("young", "1.0"))
                self.syslog.start()
        self.syslog.slow = False

        def size():
            text = self.service.get("/-/audit/checkpoint")[3].decode()
            return int(text.split("\n")[1])
        self.eventually(lambda: set(range(size())) <= set(self.syslog.numbers()), 60)
        seen, last = set(), -1
        for n in self.syslog.numbers():  # each after all before it; what was sent twice begins again further back
            self.assertTrue(n in seen or n == last + 1, (n, last))
            seen.add(n)
            last = max(last, n)
        kinds = {r["kind"] for _, r in self.syslog.got}
        self.assertLessEqual({"genesis", "exception"}, kinds)

    def check_fails(self, change, message):
        text = open(self.service.path("customhouse.yaml")).read()
        try:
            self.service.edit("customhouse.yaml", change)
            status, out, err = self.service.command("check")
            self.assertEqual(status, 2, out)
            self.assertRegex(err, message)
        finally:
            self.service.edit("customhouse.yaml", lambda _: text)

    def test_check_names_what_is_wrong(self):
        at = r"customhouse\.yaml:\d+:\d+: "
        self.check_fails(lambda t: t.replace(f"{self.folder}/hook", f"{self.folder}/none"),
                         at + r"webhooks\[0\]\.secret_file: .*/none: No such file")
        self.check_fails(lambda t: t.replace(f"{self.folder}/hook", f"{self.folder}/mail"),
                         at + r"webhooks\[0\]\.secret_file: its file does not hold whsec_")
        self.check_fails(lambda t: t.replace(f"{self.folder}/ca.pem", f"{self.folder}/mail"),
                         at + r"mail\[0\]\.ca_file: .*/mail: no certificate in it")
        self.check_fails(lambda t: t.replace(f"{self.folder}/post", f"{self.folder}/late"),
                         at + r"webhooks\[0\]\.url_file: .*/late:1: what it holds does not start with http")
        open_to_all = os.path.join(self.folder, "open")
        self.secret("open", self.hook.secret)
        os.chmod(open_to_all, 0o644)
        self.check_fails(lambda t: t.replace(f"{self.folder}/hook", open_to_all),
                         at + r"webhooks\[0\]\.secret_file: .*others may read it \(mode 0644\)")
        self.check_fails(lambda t: t.replace("events: [requests, alarms]", "events: [alarm]"), r"is not one of requests")
        self.assertEqual(self.service.command("check")[0], 0)

    def test_no_secret_is_told(self):
        """Neither in the log, nor in what processes show, nor in what goes out."""
        number = self.ask("young")
        self.eventually(lambda: self.told(self.hook, "exception.requested", number), 40)
        texts = [self.service.log(), self.ok("status"), json.dumps([b for _, b in self.hook.got]),
                 *(m[2] for m in self.mail.got)]
        for pid in (self.service.process.pid, *self.service.processes()):
            with open(f"/proc/{pid}/cmdline") as f:
                texts.append(f.read())
        for text in texts:
            self.assertNotIn(self.hook.secret, text)
            self.assertNotIn(PASSWORD, text)
            self.assertNotIn(self.hook.url, text)
            self.assertNotIn("s3same", text)
        self.assertEqual(self.hook.paths, {"/hook" + QUERY})


class ToRsyslog(Quarantine):
    """The log's entries at the syslog server that others wrote, with both of its kinds of TLS: each as it stands in
    the log, none missing, also when that server is away for a while."""
    drivers = ("gtls", "ossl")

    @classmethod
    def setUpClass(cls):
        cls.missing = {driver: Rsyslog.missing(driver) for driver in cls.drivers}
        if all(cls.missing.values()):
            raise unittest.SkipTest("; ".join(cls.missing.values()))
        cls.folder = tempfile.mkdtemp(prefix="ch-rsyslog-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        certificates = make_certificates(cls.folder)
        cls.servers = {}
        for driver in cls.drivers:
            if not cls.missing[driver]:
                folder = os.path.join(cls.folder, driver)
                os.mkdir(folder)
                cls.servers[driver] = Rsyslog(certificates, driver, folder, free_port())
                cls.addClassCleanup(cls.servers[driver].close)
        super().setUpClass()

    @classmethod
    def configure(cls, text):
        return text + "syslog:\n" + "".join(
            f"  - name: {driver}\n    address: 127.0.0.1:{server.port}\n    ca_file: {cls.folder}/ca.pem\n"
            for driver, server in cls.servers.items())

    @classmethod
    def fill(cls):
        for name in ("young", "other"):
            add_wheel(cls.up, name, "1.0", days=1)
        add_wheel(cls.up, "good", "1.0")

    def ok(self, *args):
        status, out, err = self.service.command(*args)
        self.assertEqual(status, 0, out + err)
        return out

    def entries(self):
        return [json.loads(line) for line in self.ok("audit", "export").splitlines()]

    def arrived(self, server):
        """Whether all that the log has by now is there, as it is there; the same entry may have come twice."""
        wanted = self.entries()
        got = {}
        for pri, version, host, app, kind, meta, message in server.lines():
            body = json.loads(message.removeprefix("\ufeff"))
            n = body["entry"]
            self.assertEqual((version, app, kind, meta), ("1", "customhouse", body["record"]["kind"],
                                                          f'[meta sequenceId="{n + 1}"]'))
            self.assertIn(pri, ("107", "108", "109"))
            self.assertTrue(host)
            self.assertEqual(got.setdefault(n, body["record"]), body["record"])
        return all(got.get(n) == entry for n, entry in enumerate(wanted)) and len(wanted)

    def act(self, name):
        self.assertEqual(self.service.ask(file_path("good", "1.0")).status, 200)
        self.service.ask(file_path(name, "1.0"))
        self.ok("exceptions", "request", f"{name}==1.0", "--reason", "Gr\u00fc\u00dfe|{}")

    def test_all_of_it_arrives(self):
        for driver in self.drivers:
            with self.subTest(driver=driver):
                if self.missing[driver]:
                    self.skipTest(self.missing[driver])
        self.act("young")
        before = {d: self.eventually(lambda: self.arrived(server), 30) for d, server in self.servers.items()}
        for server in self.servers.values():
            server.stop()
        self.act("other")
        for driver in self.servers:
            self.eventually(lambda: f"syslog/{driver}: 0 entries" not in self.ok("status"), 20)
        for server in self.servers.values():
            server.start()
        for driver, server in self.servers.items():
            with self.subTest(driver=driver):
                self.assertGreater(self.eventually(lambda: self.arrived(server), 60), before[driver])


if __name__ == "__main__":
    unittest.main()
