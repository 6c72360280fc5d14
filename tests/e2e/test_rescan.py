"""T6: a new rule reaches what is served already, by itself: it is withdrawn, and who has it is named."""
import json
import os
import shutil
import signal
import tempfile
import time

from house.case import Quarantine, add_wheel, file_path, with_key
from house.clients import KINDS, Client

MARKER = "only the new rule knows this marker"
RULE = """rule the_new_one
{
    meta:
        id = "SITE-1"
        message = "has the marker of the new rule"
        class = "irregular"
        severity = "high"
    strings:
        $marker = "%s"
    condition:
        $marker
}
""" % MARKER


class Rescan(Quarantine):
    @classmethod
    def setUpClass(cls):
        cls.rules = tempfile.mkdtemp(prefix="ch-rules-")
        cls.addClassCleanup(shutil.rmtree, cls.rules, ignore_errors=True)
        with open(os.path.join(cls.rules, "other.yar"), "w") as f:  # a folder without rules is a mistake
            f.write(RULE.replace("the_new_one", "the_old_one").replace(MARKER, "in no file of these tests"))
        super().setUpClass()

    @classmethod
    def configure(cls, text):
        return with_key(text, "rules", f"['{cls.rules}']")

    @classmethod
    def fill(cls):
        marked = {"marked/more.py": f"# {MARKER}\n".encode()}
        add_wheel(cls.up, "marked", "1.0", days=500)
        add_wheel(cls.up, "marked", "2.0", files=marked)
        add_wheel(cls.up, "unmarked", "1.0")

    def state(self):
        status, out, err = self.service.command("rescan", "--json")
        self.assertEqual(status, 0, out + err)
        return json.loads(out)

    def ruleset(self):
        status, out, err = self.service.command("status", "--json")
        self.assertEqual(status, 0, out + err)
        return json.loads(out)["ruleset"]

    def test_a_broken_rule_leaves_the_old_in_force(self):
        before = self.eventually(lambda: (r := self.ruleset()).strip("0") and r)
        path = os.path.join(self.rules, "site.yar")
        for text, said in ((RULE + "rule broken\n{\n    condition:\n        $nothing }\n", "site.yar:16: "),
                           (RULE.replace('"irregular"', '"deny"'), "site.yar:1: rule the_new_one: class is"),
                           ('import "pe"\n' + RULE, "site.yar:1: modules are not available")):
            with self.subTest(said=said):
                with open(path, "w") as f:
                    f.write(text)
                lines = len(self.service.log_lines)
                self.service.process.send_signal(signal.SIGHUP)
                log = self.eventually(lambda: "reload-refused" in (
                    new := "".join(self.service.log_lines[lines:])) and new)
                self.assertIn(said, log)
                self.assertEqual(self.ruleset(), before)
                status, out, err = self.service.command("check")
                self.assertEqual(status, 2, out + err)
                self.assertIn(said, err)
                os.remove(path)
        status, out, err = self.service.command("check")
        self.assertEqual(status, 0, out + err)
        self.assertEqual(self.ruleset(), before)
        self.assertEqual(self.service.ask(file_path("unmarked", "1.0")).status, 200)

    def test_one_added_rule_withdraws_a_served_package(self):
        with Client(KINDS[0]) as client:
            self.installs(client, "marked", "marked", "2.0")
        with Client(KINDS[0]) as client:
            self.installs(client, "unmarked", "unmarked", "1.0")
        before = self.ruleset()
        with open(os.path.join(self.rules, "site.yar"), "w") as f:
            f.write(RULE)
        self.service.process.send_signal(signal.SIGHUP)
        # by itself, without anybody asking
        self.eventually(lambda: self.ruleset() != before, 60)
        state = self.eventually(lambda: (s := self.state())["total"] == s["done"] > 0 and s, 60)
        self.assertEqual((state["withdrawn"], state["failed"]), (1, 0))
        self.assertIn("event=withdrawn project=marked", self.service.log())
        self.assertIn("event=fetched-by address=127.0.0.1", self.service.log())
        self.assertEqual(self.service.ask(file_path("unmarked", "1.0")).status, 200)
        # pip sees it on its next request
        with Client(KINDS[0]) as client:
            self.is_refused(client, "marked==2.0", "held by finding rule-malicious")
            self.installs(client, "marked", "marked", "1.0")
        status, out, err = self.service.command("fetched-by", "marked==2.0")
        self.assertIn("127.0.0.1", out + err)
        entry = list(self.explained("marked==2.0").values())[0]
        self.assertEqual((entry["verdict"], entry["served"], entry["clients"] > 0), ("hold", False, True))
        self.assertEqual(entry["inspection"]["ruleset"], self.ruleset())
        self.assertTrue(entry["inspection"]["strict"]["memory_bytes"] > 0)
        # by hand: the same again, and it can be had when the rule goes
        os.remove(os.path.join(self.rules, "site.yar"))
        self.service.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: self.ruleset() == before, 60)
        status, out, err = self.service.command("rescan", "marked", "--wait")
        self.assertEqual(status, 0, out + err)
        self.assertIn("marked-2.0-py3-none-any.whl (pypi): allow", out)
        self.assertEqual(self.service.ask(file_path("marked", "2.0")).status, 200)
