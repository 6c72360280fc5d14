"""policy show, test, set, history, diff: trying a policy, putting it in force, and looking back."""
import json
import os
import signal
import subprocess
import unittest

from house import wheels
from house.case import Quarantine, add_wheel, file_path, with_key
from house.clients import Client, clean_env, missing, tool

STRICT = """version: 1
cool_down_days: 100
lists:
  projects:
    unwanted: {file: unwanted.txt}
rules:
  - {name: unwanted, project: $unwanted, then: deny, reason: not in this house}
"""


class Commands(Quarantine):
    @classmethod
    def fill(cls):
        for version, days in (("1.0", 400), ("1.5", 50)):
            add_wheel(cls.up, "lib", version, days=days)
        add_wheel(cls.up, "app", "1.0", requires=["lib"])
        add_wheel(cls.up, "bad", "1.0")
        add_wheel(cls.up, "never-asked", "1.0", days=50)

    def setUp(self):
        for path in (file_path("lib", "1.5"), file_path("app", "1.0"), file_path("bad", "1.0")):
            self.assertEqual(self.service.ask(path).status, 200)
        self.folder = os.path.join(self.service.dir, "user")
        os.makedirs(self.folder, exist_ok=True)
        self.new = self.write("new.yaml", STRICT)
        self.write("unwanted.txt", "bad\n")
        with open(self.service.path("policy.yaml")) as f:
            self.before = f.read()
        self.addCleanup(self.put_back)

    def put_back(self):
        old = self.write("old.yaml", self.before)
        status, out, err = self.service.command("policy", "set", old)
        self.assertEqual(status, 0, out + err)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def run_json(self, *args, status=0):
        got, out, err = self.service.command("policy", *args, "--json")
        self.assertEqual(got, status, out + err)
        return json.loads(out)

    def uv_lock(self):
        if "uv" in missing:
            self.skipTest(f"uv: {missing['uv']}")
        project = os.path.join(self.folder, "project")
        os.makedirs(project, exist_ok=True)
        with open(os.path.join(project, "pyproject.toml"), "w") as f:
            f.write('[project]\nname = "mine"\nversion = "1"\nrequires-python = ">=3.9"\n'
                    'dependencies = ["app"]\n')
        done = subprocess.run([tool("uv"), "lock", "--index-url", self.index, "--no-config"], cwd=project,
                              capture_output=True, text=True, env=clean_env(self.folder), timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return os.path.join(project, "uv.lock")

    def test_show_says_what_is_in_force(self):
        status, out, err = self.service.command("policy", "show")
        self.assertEqual(status, 0, out + err)
        self.assertIn("cool_down_days: 7", out)
        self.assertIn("# repository pypi (pypi, ", out)
        told = self.run_json("show")
        self.assertEqual(told["repositories"][0]["mode"], "quarantine")
        days = [e for e in told["effective"] if e["key"] == "cool_down_days"]
        self.assertEqual([e["value"] for e in days], [7])
        self.assertEqual(told["sha256"], json.loads(self.service.command("status", "--json")[1])["policy_sha256"])

    def test_a_trial_names_what_changes_and_changes_nothing(self):
        told = self.run_json("test", self.new, status=1)
        then = {c["file"]: c for c in told["changes"]}
        lib = then[wheels.file_name("lib", "1.5")]
        self.assertEqual((lib["change"], lib["now"]["verdict"], lib["then"]["verdict"]), ("stricter", "allow", "hold"))
        self.assertEqual((lib["then"]["rule"], lib["then"]["policy_line"]), ("cool-down", 2))
        bad = then[wheels.file_name("bad", "1.0")]
        self.assertEqual((bad["then"]["verdict"], bad["then"]["policy_line"]), ("deny", 7))
        self.assertNotIn(wheels.file_name("app", "1.0"), then)
        self.assertEqual(told["looked_at"]["files"], 3)
        self.assertEqual(self.service.ask(file_path("bad", "1.0")).status, 200)
        self.assertEqual(self.service.command("policy", "test", self.service.path("policy.yaml"))[0], 0)

    def test_a_uv_lock(self):
        lock = self.uv_lock()
        status, out, err = self.service.command("policy", "test", "--against", lock)
        self.assertEqual(status, 0, out + err)  # made under the policy in force
        told = self.run_json("test", self.new, "--against", lock, status=1)
        lines = {e["name"]: e for e in told["lines"]}
        self.assertEqual(lines["app"]["state"], "passes")
        self.assertEqual(lines["mine"]["state"], "not-asked")
        self.assertEqual((lines["lib"]["state"], lines["lib"]["version"]), ("held", "1.5"))
        self.assertEqual((lines["lib"]["then"]["rule"], lines["lib"]["version_then"]), ("cool-down", "1.0"))
        with open(lock) as f:
            text = f.read()
        other = self.write("uv.lock", "".join(self.other_hash(line) for line in text.splitlines(True)))
        told = self.run_json("test", "--against", other, status=1)
        self.assertEqual({e["name"]: e["state"] for e in told["lines"]}["lib"], "hashes")

    @staticmethod
    def other_hash(line):
        at = line.find("sha256:")
        return line if at < 0 else line[:at + 7] + "0" * 16 + line[at + 23:]

    def test_a_requirements_file(self):
        self.write("more.txt", "bad==1.0\nnever-asked\n")
        needs = self.write("requirements.txt", "lib\napp==1.0  # ours\nlib==1.5\nnowhere==1\n-r more.txt\n")
        status, out, err = self.service.command("policy", "test", self.new, "--against", needs)
        self.assertEqual(status, 1, out + err)
        self.assertIn(f"{needs}:1  lib  older (cool-down, line 2)", out)
        self.assertIn("a resolver would get 1.0 instead of 1.5", out)
        self.assertIn(f"{needs}:3  lib==1.5  held", out)
        self.assertIn(f"{needs}:4  nowhere==1  missing", out)
        self.assertIn("more.txt:1  bad==1.0  denied (rule unwanted, line 7): not in this house", out)
        self.assertIn("more.txt:2  never-asked  held (cool-down, line 2)", out)
        frozen = self.write("frozen", "lib==1.0\napp==1.0\n")
        told = self.run_json("test", self.new, "--against", frozen, status=1)  # of the known files, some
        self.assertEqual([e["state"] for e in told["lines"]], ["passes", "passes"])

    def test_mistakes_are_told_with_their_place(self):
        bad = self.write("bad.yaml", "version: 1\ncool_down_days: soon\n")
        lists = self.write("lists.yaml", STRICT.replace("unwanted.txt", "words.txt"))
        self.write("words.txt", "one\na b\n")
        nul = self.write("nul.yaml", "version: 1\n\0mode: audit\n")
        nowhere = self.write("nowhere.yaml", "version: 1\nrules:\n  - {name: x, repository: no, then: deny}\n")
        lines = self.write("requirements.txt", "lib==1.0\nlib ==\n")
        gone = self.write("gone.yaml", "version: 1\nlists: {projects: {a: {file: gone.txt}}}\n")
        rows = [(("test", gone), "gone.yaml:2:30: names a file: "), (("set", gone), "gone.txt: No such file"),
                (("test", bad), "bad.yaml:2:17: "), (("set", bad), "bad.yaml:2:17: "),
                (("test", lists), "words.txt:2:1: "), (("set", lists), "words.txt:2:1: "),
                (("set", nul), "nul.yaml:1:1: "), (("test", nowhere), "can never match"),
                (("set", nowhere), "can never match"), (("test", "--against", lines), "requirements.txt:2:"),
                (("test", os.path.join(self.folder, "none.yaml")), "none.yaml"),
                (("test",), "expected a policy"), (("set",), "expected a policy"), (("show", "x"), "takes 0"),
                (("shew",), "expected show"), (("show", "--reason", "x"), "goes with set"),
                (("test", self.new, "uv.lock"), "behind --against"),
                (("test", self.new, "--repository", "no"), "no repository"), (("diff", "77"), "history")]
        for args, found in rows:
            with self.subTest(args=args):
                status, out, err = self.service.command("policy", *args)
                self.assertEqual(status, 2, out + err)
                self.assertIn(found, err)
        with open(self.service.path("policy.yaml")) as f:
            self.assertEqual(f.read(), self.before)

    def test_set_is_one_step_that_pip_sees(self):
        os.chmod(self.service.path("policy.yaml"), 0o640)
        status, out, err = self.service.command("policy", "set", self.new, "--reason", "ticket 12")
        self.assertEqual(status, 0, out + err)
        self.assertIn("2 stricter", out)
        self.assertIn("in force: sha256 ", out)
        self.assertEqual(os.stat(self.service.path("policy.yaml")).st_mode & 0o777, 0o640)
        with open(self.service.path("policy.yaml")) as f:
            self.assertEqual(f.read(), STRICT)
        self.assertEqual(self.service.command("check")[0], 0)
        self.assertFalse([n for n in os.listdir(self.service.state) if n.endswith(".new")])
        with Client("pip-newest") as client:
            self.is_refused(client, "bad==1.0", "not in this house")
            self.installs(client, "lib", "lib", "1.0")
        entry = self.explained("bad==1.0")[wheels.file_name("bad", "1.0")]
        history = self.run_json("history")
        self.assertEqual((history[0]["reason"], history[0]["by"]), ("ticket 12", f"local:{os.getuid()}"))
        self.assertEqual(entry["since_under_policy"], history[0]["sha256"])
        status, out, err = self.service.command("policy", "diff")
        self.assertEqual(status, 0, out + err)
        self.assertIn("changed  cool_down_days: 7", out)
        self.assertIn("added    rules.unwanted.then: deny", out)
        self.assertIn("+cool_down_days: 100\n", out)
        # an edit by hand and SIGHUP is the same step
        self.service.edit("unwanted.txt", lambda text: text + "app\n")
        self.service.process.send_signal(signal.SIGHUP)
        self.assertTrue(self.eventually(lambda: len(self.run_json("history")) == len(history) + 1))
        newest = self.run_json("history")[0]
        self.assertEqual((newest["by"], newest["reason"]), ("reload", ""))
        self.assertIn("+app", self.service.command("policy", "diff")[1])

    def test_set_tells_in_json(self):
        told = self.run_json("set", self.new)
        self.assertTrue(told["in_force"])
        self.assertEqual(told["counts"]["stricter"], 2)
        self.assertEqual(told["sha256"], self.run_json("show")["sha256"])
        self.assertEqual(told["number"], self.run_json("history")[0]["number"])

    def test_without_a_server_nothing_is_replaced(self):
        self.service.stop()
        status, out, err = self.service.command("policy", "set", self.new)
        self.assertEqual(status, 1, out + err)
        self.assertIn("no `customhouse serve` runs there", err)
        with open(self.service.path("policy.yaml")) as f:
            self.assertEqual(f.read(), self.before)
        self.service.start()

    def test_what_is_refused_replaces_nothing(self):
        """The configuration has become wrong meanwhile: a reload would refuse it as a whole."""
        with open(self.service.path("customhouse.yaml")) as f:
            config = f.read()
        self.service.edit("customhouse.yaml", lambda text: text + "unknown_key: 1\n")
        status, out, err = self.service.command("policy", "set", self.new)
        self.service.edit("customhouse.yaml", lambda _text: config)
        self.assertEqual(status, 2, out + err)
        self.assertIn("unknown_key", err)
        with open(self.service.path("policy.yaml")) as f:
            self.assertEqual(f.read(), self.before)
        self.assertFalse(os.path.exists(self.service.path("unwanted.txt.new")))


class Audited(Quarantine):
    policy = staticmethod(lambda text: with_key(text, "mode", "audit"))

    @classmethod
    def fill(cls):
        add_wheel(cls.up, "young", "2.0", days=1)

    def test_shows_what_would_have_been_held(self):
        self.assertEqual(self.service.ask(file_path("young", "2.0")).status, 200)
        path = os.path.join(self.service.dir, "new.yaml")
        with open(path, "w") as f:
            f.write("version: 1\ncool_down_days: 7\n")
        status, out, err = self.service.command("policy", "test", path)
        self.assertEqual(status, 1, out + err)
        self.assertIn("allow in audit (cool-down", out)
        self.assertIn("-> hold (cool-down, line 2)", out)
        self.assertIn("young-2.0", self.service.command("queue", "--audited")[1])


if __name__ == "__main__":
    unittest.main()
