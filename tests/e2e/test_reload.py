"""A reload is in force in all processes or in none: for each of them something that only it refuses, or its
death meanwhile, leaves everywhere what was in force, also in what starts afterwards."""
import contextlib
import json
import os
import re
import shutil
import signal
import time
import unittest

from house.case import add_wheel, file_path, with_key
from house.service import Service, free_port
from house.upstream import Upstream
from test_rescan import RULE
from test_tls import make_authority, make_certificate

OTHER = "other.example"


class Reload(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.up = Upstream()
        cls.addClassCleanup(cls.up.close)
        add_wheel(cls.up, "young", "1.0", days=3)
        add_wheel(cls.up, "old", "1.0", days=30)
        cls.tls_port = free_port()
        cls.service = Service(cls.up.url, configure=cls.configure, admin=True)
        cls.addClassCleanup(cls.service.remove)
        cls.ca = make_authority(cls.service.dir)
        cls.cert, cls.key = make_certificate(cls.service.dir, 1)
        os.mkdir(cls.path("rules"))
        with open(cls.path("rules/site.yar"), "w") as f:
            f.write(RULE)
        cls.tls = f'\n    tls_certificate: "{cls.cert}"\n    tls_key: "{cls.key}"'
        cls.admin_tls = cls.tls.replace("\n    ", "\n  ")
        cls.service.edit("customhouse.yaml", cls.with_tls)
        cls.service.start()
        cls.kept = {}
        for name in ("state/customhouse.yaml", "state/policy.yaml", "rules/site.yar"):
            with open(cls.path(name)) as f:
                cls.kept[name] = f.read()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.service.dir, name)

    @classmethod
    def configure(cls, text):
        return with_key(text, "rules", "['RULES']")

    @classmethod
    def with_tls(cls, text):
        first = next(line for line in text.splitlines() if line.lstrip().startswith("- address:"))
        text = text.replace(first, f'{first}\n  - address: "127.0.0.1:{cls.tls_port}"{cls.tls}', 1)
        return text.replace("\nadmin:", "\nadmin:" + cls.admin_tls, 1).replace("'RULES'", f"'{cls.path('rules')}'")

    def setUp(self):
        self.addCleanup(self.put_back)

    def put_back(self):
        for name, text in self.kept.items():
            with open(self.path(name), "w") as f:
                f.write(text)

    def change(self, name, change):
        with open(self.path(name)) as f:
            text = f.read()
        changed = change(text)
        self.assertTrue(changed != text, name)
        with open(self.path(name), "w") as f:
            f.write(changed)

    def improve(self):
        """What alone would be right: others may call, and the young file could be had."""
        self.change("state/policy.yaml", lambda t: with_key(t, "cool_down_days", 1))
        self.change("state/customhouse.yaml", lambda t: with_key(t, "host_names", f"['{OTHER}:8443']").replace(
            "\nanonymous_pull: loopback\n", "\nanonymous_pull: true\n"))

    def said(self, event, since, seconds=20):
        end = time.monotonic() + seconds
        while True:
            found = [line for line in self.service.log_lines[since:] if f"event={event} " in line]
            if found:
                return found[0]
            self.assertLess(time.monotonic(), end, "".join(self.service.log_lines[since:]))
            time.sleep(0.02)

    def reload(self):
        """From which line of the log on it is told."""
        lines = len(self.service.log_lines)
        self.service.process.send_signal(signal.SIGHUP)
        return lines

    def pids(self, name):
        """Of all that are of this kind, once each of them runs."""
        end = time.monotonic() + 20
        while True:
            status = self.service.command("status")[1]
            pids = [int(n) for n in re.findall(rf"(?m)^\W*{name}/\d+ pid (\d+)", status)]
            if pids and 0 not in pids:
                return pids
            self.assertLess(time.monotonic(), end, status)
            time.sleep(0.05)

    def kill(self, name):
        for pid in self.pids(name):
            lines = len(self.service.log_lines)
            os.kill(pid, signal.SIGKILL)
            self.said("ended", lines)
            self.said("ready", lines)

    def in_force(self):
        """(who may call, whether the young file can be had, policy, rules): of gateways, keeper, scanner."""
        self.pids("keeper")
        young = self.eventually(file_path("young", "1.0")).status
        told = json.loads(self.service.command("status", "--json")[1])
        return self.eventually("/-/health", {"Host": OTHER}).status, young, told["policy_sha256"], told["ruleset"]

    def eventually(self, path, headers=None):
        """The answer of a gateway that has a keeper again."""
        end = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError):
                a = self.service.ask(path, headers)
                if a.status < 500:
                    return a
            self.assertLess(time.monotonic(), end)
            time.sleep(0.05)

    def refused(self, log, who, place, before):
        """All is as it was, also in what starts from now on."""
        line = self.said("reload-failed", log)
        self.assertRegex(line, f'error="{who}: .*{place}')
        self.assertIn("what was in force stays in force, in all processes", line)
        self.assertNotIn("event=reloaded", "".join(self.service.log_lines[log:]))
        self.assertEqual(self.in_force(), before)
        for name in sorted({who.split("/")[0], "keeper"}):
            self.kill(name)
        self.assertEqual(self.in_force(), before)

    def test_what_one_refuses_none_has(self):
        before = self.in_force()
        self.assertEqual(before[1], 403)
        self.assertNotEqual(before[0], 200)
        config = "state/customhouse.yaml"
        rows = [(r"gateway/\d", r"customhouse.yaml:\d+:\d+: .*speaks TLS until the next start", config,
                 lambda t: t.replace(self.tls, "", 1)),
                ("admin/0", r"customhouse.yaml:\d+:\d+: .*speaks TLS until the next start", config,
                 lambda t: t.replace(self.admin_tls, "", 1)),
                ("scanner-second/0", r"rules/site.yar:\d+: ", "rules/site.yar",
                 lambda t: t + "rule broken\n{\n    condition:\n        $nothing }\n")]
        for who, place, name, change in rows:
            with self.subTest(who=who):
                self.put_back()
                self.improve()
                self.change(name, change)
                self.refused(self.reload(), who, place, before)
        self.put_back()
        self.improve()  # and what all can work with is in force in all
        self.said("reloaded", self.reload())
        after = self.in_force()
        self.assertEqual(after[:2], (200, 200))
        self.assertNotEqual(after[2], before[2])
        self.kill("keeper")
        self.kill("gateway")
        self.assertEqual(self.in_force(), after)
        self.put_back()
        self.said("reloaded", self.reload())
        self.assertEqual(self.in_force(), before)

    def test_what_a_file_held_when_it_was_read_is_in_force(self):
        """Not what lies there when a process starts anew."""
        ca = self.path("upstream.pem")
        shutil.copy(self.ca, ca)
        self.change("state/customhouse.yaml", lambda t: t.replace(
            "\n  - name: pypi\n", f'\n  - name: pypi\n    ca_file: "{ca}"\n', 1))
        self.said("reloaded", self.reload())
        with open(ca, "w") as f:
            f.write("no authority\n")
        self.kill("fetcher")
        log = self.reload()
        self.assertRegex(self.said("reload-failed", log), r"upstreams\[0\].ca_file: .*no certificate in it")
        self.put_back()
        self.change("state/customhouse.yaml", lambda t: with_key(t, "rules", "[/nowhere]"))
        self.assertRegex(self.said("reload-failed", self.reload()), r"yaml:\d+:\d+: rules: /nowhere: No such file")
        self.put_back()
        self.change("state/customhouse.yaml", lambda t: t.replace(
            "\n  - name: pypi\n", f'\n  - name: pypi\n    ca_file: "{ca}"\n', 1))
        self.kill("fetcher")
        self.assertEqual(self.service.ask("/pypi/simple/old/").status, 200)
        self.put_back()
        self.said("reloaded", self.reload())

    def test_what_dies_before_it_has_answered(self):
        before = self.in_force()
        for who in ("egress", "scanner-strict", "keeper"):
            with self.subTest(who=who):
                self.put_back()
                self.improve()
                pid = self.pids(who)[0]
                os.kill(pid, signal.SIGSTOP)
                log = self.reload()
                self.said("reload", log)
                self.assertEqual(self.service.ask("/-/health").status, 200)  # nobody waits for it
                os.kill(pid, signal.SIGKILL)
                self.refused(log, f"{who}/0", "ended before all processes could work with it", before)

    def test_policy_set_goes_the_same_way(self):
        """Its policy is right, but the rules on the disk are not: it says who refused, and puts back."""
        before = self.in_force()
        self.change("rules/site.yar", lambda t: t + "rule broken\n{\n    condition:\n        $nothing }\n")
        with open(self.path("new.yaml"), "w") as f:
            f.write(with_key(self.kept["state/policy.yaml"], "cool_down_days", 1))
        log = len(self.service.log_lines)
        status, out, err = self.service.command("policy", "set", self.path("new.yaml"))
        self.assertEqual(status, 1, out + err)
        self.assertRegex(out + err, r"refused: scanner-second/0: .*rules/site.yar:\d+: ")
        self.assertIn("the former policy was put back", err)
        with open(self.path("state/policy.yaml")) as f:
            self.assertEqual(f.read(), self.kept["state/policy.yaml"])
        self.refused(log, "scanner-second/0", "site.yar", before)

    def test_a_second_signal_takes_what_is_there_then(self):
        before = self.in_force()
        pid = self.pids("egress")[0]
        os.kill(pid, signal.SIGSTOP)
        self.improve()
        log = self.reload()
        self.said("reload", log)
        self.put_back()
        self.reload()
        os.kill(pid, signal.SIGCONT)
        self.said("reloaded", log)
        self.assertEqual(self.in_force(), before)


class Unspoken(unittest.TestCase):
    said, reload = Reload.said, Reload.reload

    def test_a_certificate_that_no_address_shows_may_go(self):
        """--listen opens other addresses than the configuration: its certificate is nobody's then."""
        up = Upstream()
        self.addCleanup(up.close)
        self.service = Service(up.url)
        self.addCleanup(self.service.remove)
        make_authority(self.service.dir)
        cert, key = make_certificate(self.service.dir, 1)
        self.service.args += ["--listen", f"127.0.0.1:{self.service.port}"]
        spoken = f'  - address: "127.0.0.1:{free_port()}"\n    tls_certificate: "{cert}"\n    tls_key: "{key}"\n'
        self.service.edit("customhouse.yaml", lambda t: t.replace("\nlisten:\n", "\nlisten:\n" + spoken, 1))
        with open(self.service.path("customhouse.yaml")) as f:
            self.assertIn(cert, f.read())
        self.service.start()
        self.service.edit("customhouse.yaml", lambda t: t.replace(spoken, "", 1))
        self.said("reloaded", self.reload())


if __name__ == "__main__":
    unittest.main()
