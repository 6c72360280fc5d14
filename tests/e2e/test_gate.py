"""The gate of a pipeline: passes what is ALLOW by its digest, in its environment, and in the log; says of everything else why
not, for people, for programs that read SARIF and JUnit's XML, and with a proof that others verify."""
import hashlib
import json
import os
import re
import subprocess
import tempfile
import threading
import time
import unittest

from house import images, verifiers
from house.containers import OfRegistry
from house.service import BIN


class Gate(OfRegistry):
    @classmethod
    def fill(cls):
        cls.make_registry()
        cls.good = images.simple("good")
        cls.evil = images.simple("evil", evil=True)
        cls.arm = images.simple("arm", architecture="arm64", evil=True)
        cls.registry.push("team/good", "1.0", cls.good)
        cls.registry.push("team/evil", "1.0", cls.evil)
        cls.many = images.index([cls.good, cls.arm])
        cls.registry.push("team/many", "1.0", cls.many)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def gate(self, *args):
        return self.service.command("gate", *args)

    def told(self, *args):
        status, out, err = self.gate(*args, "--json")
        self.assertIn(status, (0, 1), out + err)
        told = json.loads(out)
        self.assertEqual(told["passed"], status == 0, out)
        self.assertEqual(out.count("\n"), 1)
        return told

    def one(self, *args):
        told = self.told(*args)
        self.assertEqual(len(told["images"]), 1, told)
        return told["images"][0]

    def test_what_is_allowed_passes(self):
        """By each of its names, and its digest is printed."""
        good = images.simple("named")
        self.registry.push("team/named", "1.0", good)
        status, out, err = self.gate("team/named:1.0", "--wait", "60")
        self.assertEqual((status, err), (0, ""), out)
        self.assertIn(f"team/named:1.0 in mcr (prod): passed, for linux/amd64, as team/named@{good.digest}\n", out)
        self.assertEqual(out.count("\n"), 2, out)  # nothing more is to be said of it
        for name in (f"team/named@{good.digest}", f"team/named:moved@{good.digest}", good.digest,
                     f"oci:team/named=={good.digest}", f"{self.host}/team/named:1.0", f"localhost:{self.service.port}/mcr/team/named:1.0",
                     f"{self.host}/team/named@{good.digest}", f"{self.upstream_host}/team/named:1.0",
                     f"{self.service.url}/v2/mcr/team/named/manifests/1.0",
                     f"{self.service.url}/v2/mcr/team/named/manifests/{good.digest}"):
            with self.subTest(name):
                image = self.one(name, "--environment", "prod")
                self.assertEqual((image["passed"], image["digest"], image["repository"], image["state"]),
                                 (True, good.digest, "mcr", "allowed"), image)
        with self.subTest("several"):
            told = self.told("team/named:1.0", good.digest, f"{self.host}/team/named:1.0")
            self.assertEqual([i["passed"] for i in told["images"]], [True] * 3)

    def test_a_digest_of_two_names(self):
        """It says which, for what holds may be another thing by another name."""
        image = images.simple("twice")
        for name in ("team/one", "team/two"):
            self.registry.push(name, "1.0", image)
            self.assertTrue(self.one(f"{name}:1.0", "--wait", "60")["passed"])
        status, out, err = self.gate(image.digest)
        self.assertEqual((status, out), (2, ""), err)
        self.assertIn(f"team/one@{image.digest} in mcr, team/two@{image.digest} in mcr", err)

    def test_what_nobody_has_asked_for(self):
        """Unknown is not passed, and nothing is fetched for it unless it is waited for."""
        image = images.simple("cold")
        self.registry.push("team/cold", "1.0", image)
        told = self.one("team/cold:1.0")
        self.assertEqual((told["passed"], told["state"], told["digest"]), (False, "undecided", image.digest))
        self.assertEqual([p for p in self.registry.paths() if "/blobs/" in p and image.layers[0].digest in p], [])
        self.assertFalse(self.one(images.digest_of(b"never seen"))["passed"])
        self.assertEqual(self.one("team/nowhere:1.0", "--wait", "5")["state"], "unknown")
        self.assertTrue(self.one("team/cold:1.0", "--wait", "60")["passed"])
        self.assertTrue(self.one("team/cold:1.0")["passed"])

    def test_what_is_refused_is_traced(self):
        status, out, err = self.gate("team/evil:1.0", "team/good:1.0", "--wait", "60")
        self.assertEqual((status, err), (1, ""), out)
        self.assertIn("team/evil:1.0 in mcr (prod): NOT PASSED, held: ", out)
        self.assertIn(f"team/evil@{self.evil.digest}", out)
        self.assertIn("team/good:1.0 in mcr (prod): passed", out)
        self.assertIn("2 images: 1 passed\n", out)
        for blob in self.evil.blobs:  # each of its files, with finding and rule
            self.assertIn(f"sha256-{blob.digest[7:]}", out)
        for words in ("hidden-code", "greeter/run.py line 2", "  policy: ", "what would change it: ",
                      "proof that it is in the log:\n    c2sp.org/tlog-proof@v1\n"):
            self.assertIn(words, out)

    def leaf(self, entry):
        return hashlib.sha256(b"\0" + entry.encode()).digest()

    def check_proof(self, log):
        """C2SP tlog-proof by RFC 9162 2.1.3.2, written here anew; and that the entry is what it says."""
        import base64
        lines = log["proof"].split("\n")
        self.assertEqual(lines[0], "c2sp.org/tlog-proof@v1")
        at = next(i for i, line in enumerate(lines) if line.startswith("index "))
        index = int(lines[at].split()[1])
        end = lines.index("", at)
        hashes = [base64.b64decode(line) for line in lines[at + 1:end]]
        size, root = int(lines[end + 2]), base64.b64decode(lines[end + 3])
        self.assertEqual(index, log["entry"])
        node = bytes.fromhex(log["leaf"])
        self.assertEqual(self.leaf(log["text"]), node)
        fn, sn = index, size - 1
        for sibling in hashes:
            self.assertNotEqual(sn, 0)
            if fn & 1 or fn == sn:
                node = hashlib.sha256(b"\1" + sibling + node).digest()
                while not fn & 1 and fn:
                    fn, sn = fn >> 1, sn >> 1
            else:
                node = hashlib.sha256(b"\1" + node + sibling).digest()
            fn, sn = fn >> 1, sn >> 1
        self.assertEqual((sn, node), (0, root))
        return json.loads(log["text"])

    def test_each_decision_is_proved_by_the_log(self):
        for word, image, verdict in (("team/good:1.0", self.good, "allow"), ("team/evil:1.0", self.evil, "hold")):
            with self.subTest(word):
                told = self.one(word, "--wait", "60")
                files = told["manifests"][0]["files"]
                self.assertEqual(len(files), 1 + len(image.blobs))
                for f in files:
                    entry = self.check_proof(f["log"])
                    self.assertEqual((entry["kind"], entry["verdict"], entry["sha256"], entry["repository"]),
                                     ("decision", verdict, f["sha256"], "mcr"), entry)
                    self.assertEqual(f["verdict"], verdict)

    def test_of_an_index_the_platform(self):
        """One image of two is evil: what is asked for decides."""
        told = self.one("team/many:1.0", "--wait", "60")
        self.assertEqual((told["passed"], told["digest"]), (True, self.many.digest), told["reason"])
        self.assertEqual([m["manifest"] for m in told["manifests"]], [f"team/many@{self.many.digest}", f"team/many@{self.good.digest}"])
        for platform in ("linux/arm64", "linux/arm64/v8", "all"):
            with self.subTest(platform):
                told = self.one("team/many:1.0", "--platform", platform, "--wait", "60")
                self.assertEqual((told["passed"], told["state"]), (False, "held"), told["reason"])
                self.assertIn(self.arm.digest, told["reason"])
        told = self.one("team/many:1.0", "--platform", "linux/s390x")
        self.assertFalse(told["passed"])
        self.assertIn("no image for the platform", told["reason"])

    def test_who_hides_a_platform(self):
        """The image that a node takes for amd64 is looked at: by other spellings, and where nothing is said and nothing else fits."""
        arm = images.simple("of-arm", architecture="arm64")
        for at, (platform, others) in enumerate((({"os": "linux", "architecture": "x86_64"}, [arm]), ({"os": "Linux", "architecture": "AMD64"}, [self.good]),
                                                 ({"os": "linux", "architecture": "386"}, [arm]), (None, [arm]))):
            with self.subTest(platform):
                bad = images.simple(f"hidden{at}", evil=True)
                bad.platform = platform
                index = images.index([bad, *others])
                if platform is None:
                    document = json.loads(index.manifest.data)
                    del document["manifests"][0]["platform"]
                    index = images.Index(images.document(images.OCI_INDEX, document), [bad, *others])
                self.registry.push(f"team/hidden{at}", "1.0", index)
                told = self.one(f"team/hidden{at}:1.0", "--wait", "60")
                self.assertEqual((told["passed"], told["state"]), (False, "held"), told)

    def test_what_no_node_takes_is_no_matter(self):
        bad = images.simple("other-variant", evil=True)
        bad.platform = {"os": "linux", "architecture": "amd64", "variant": "v3"}
        index = images.index([bad, self.good])
        self.registry.push("team/variants", "1.0", index)
        told = self.one("team/variants:1.0", "--wait", "60")
        self.assertTrue(told["passed"], told)
        self.assertEqual([m["manifest"] for m in told["manifests"]], [f"team/variants@{d}" for d in (index.digest, self.good.digest)])
        for platform in ("linux/amd64/v3", "all"):
            self.assertFalse(self.one("team/variants:1.0", "--platform", platform, "--wait", "60")["passed"], platform)

    def test_an_environment_of_its_own(self):
        """It is the repository's, whatever the command says (T23)."""
        self.assertTrue(self.one("team/good:1.0", "--wait", "60", "--environment", "prod")["passed"])
        told = self.one(f"{self.host}/team/good:1.0", "--environment", "preprod")
        self.assertEqual((told["passed"], told["state"]), (False, "held"))
        self.assertIn("its repository mcr is for prod, not for preprod", told["reason"])
        status, out, err = self.gate("team/good:1.0", "--environment", "preprod")
        self.assertEqual((status, out), (2, ""), err)
        self.assertIn("no repository of images for environment preprod", err)

    def test_another_server_is_not_vouched_for(self):
        """Not for its tags, and not for the same words on another port."""
        self.assertTrue(self.one("team/good:1.0", "--wait", "60")["passed"])
        for name in ("registry.example.org/mcr/team/good:1.0", "127.0.0.1:1/mcr/team/good:1.0", "localhost/mcr/team/good:1.0",
                     f"127.0.0.2:{self.service.port}/mcr/team/good:1.0", "http://registry.example.org/v2/mcr/team/good/manifests/1.0",
                     f"{self.host[:-4]}/none/team/good:1.0", "docker.io/team/good:1.0"):
            with self.subTest(name):
                told = self.one(name)
                self.assertEqual((told["passed"], told["state"]), (False, "unknown"), told)

    def test_a_denial_and_an_approval_count_at_once(self):
        image = images.simple("judged", evil=True)
        self.registry.push("team/judged", "1.0", image)
        self.assertEqual(self.one("team/judged:1.0", "--wait", "60")["state"], "held")
        words = ("approve", f"oci:team/judged=={image.digest}", "--reason", "read it", "--expires", "14d")
        _status, out, err = self.service.command(*words)
        status, out, err = self.service.command(*words, *re.search(r"--evidence \S+", out + err).group(0).split())
        self.assertEqual(status, 0, out + err)
        self.assertTrue(self.one("team/judged:1.0")["passed"])
        status, out, err = self.service.command("deny", image.layers[-1].digest, "--reason", "stolen")
        self.assertEqual(status, 0, out + err)
        told = self.one("team/judged:1.0")
        self.assertEqual((told["passed"], told["state"]), (False, "denied"))
        self.assertIn("stolen", self.gate("team/judged:1.0")[1])

    def test_it_waits_no_longer_than_told(self):
        """A layer that does not come; then it does, and the wait ends at once."""
        image = images.simple("late")
        self.registry.push("team/late", "1.0", image)
        asked, go_on = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)
        self.addCleanup(setattr, self.registry, "behave", self.registry.behave)

        def late(_h):
            asked.set()
            return not go_on.wait(100)
        self.registry.behave = lambda method, path: late if path.endswith(image.layers[-1].digest) else None
        began = time.monotonic()
        told = self.one("team/late:1.0", "--wait", "2")
        self.assertEqual((told["passed"], told["state"]), (False, "undecided"))
        self.assertGreaterEqual(time.monotonic() - began, 2)
        self.assertTrue(asked.is_set())
        heard = {}
        waits = threading.Thread(target=lambda: heard.update(self.one("team/late:1.0", "--wait", "90")))
        waits.start()
        go_on.set()
        waits.join()
        self.assertTrue(heard["passed"], heard)

    def test_mistakes_and_no_answer_are_codes_of_their_own(self):
        for args in ((), ("--wait", "x", "a:1"), ("--wait", "99999", "a:1"), ("--platform", "linux", "a:1"), ("--platform", "a/b/c/d", "a:1"),
                     ("--environment", "test", "a:1"), ("team/Good:1.0",), ("team/good:",), ("team/good@sha256:12",), ("team/good@sha512:12",),
                     ("--repository", "none", "team/good:1.0"), ("--repository", "pypi", "team/good:1.0"), ("sha256:zz",),
                     ("team/good:1.0", "team/../good:1.0"), ("team/good:1.0", ""), ("--sarif", "/nonexistent/x", "team/good:1.0"),
                     (f"{self.service.url}/pypi/simple/a/",), ("x" * 2000,), ["team/good:1.0"] * 70):
            with self.subTest(args):
                status, out, err = self.gate(*args)
                self.assertEqual((status, out), (2, ""), err)
                self.assertNotEqual(err, "")
        done = subprocess.run([os.path.join(BIN, "customhouse"), "gate", "--state", self.folder, "team/good:1.0"], capture_output=True,
                              text=True)
        self.assertEqual((done.returncode, done.stdout), (3, ""), done.stderr)
        done = subprocess.run([os.path.join(BIN, "customhouse"), "gate", "--server", "http://127.0.0.1:1", "team/good:1.0"],
                              capture_output=True, text=True, env=dict(os.environ, CUSTOMHOUSE_TOKEN="chp_" + "0" * 64))
        self.assertEqual((done.returncode, done.stdout), (3, ""), done.stderr)
        with open("/dev/full", "w") as full:
            done = subprocess.run([os.path.join(BIN, "customhouse"), "gate", "--state", self.service.state, "team/good:1.0", "--wait", "60"],
                                  stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 3, done.stderr)
        status, _out, err = self.gate("team/good:1.0", "--wait", "60", "--junit", "/dev/full")
        self.assertEqual(status, 3, err)

    def test_reports(self):
        """SARIF of what was found, JUnit's XML by another people's reader."""
        sarif, junit = os.path.join(self.folder, "out.sarif"), os.path.join(self.folder, "out.xml")
        status, out, _err = self.gate("team/evil:1.0", "team/good:1.0", "nowhere:1.0", "--wait", "60", "--sarif", sarif, "--junit", junit)
        self.assertEqual(status, 1, out)
        with open(sarif) as f:
            log = json.load(f)
        self.assertEqual(verifiers.sarif_faults(sarif), [])
        results = log["runs"][0]["results"]
        refusals = [r for r in results if r["ruleId"] == "not-allowed"]
        self.assertEqual(len(refusals), 2, results)
        self.assertIn("team/evil:1.0: held: ", refusals[0]["message"]["text"])
        found = [r for r in results if r["ruleId"] == "hidden-code"]
        self.assertTrue(found and all(r["level"] == "error" for r in found), results)
        location = found[0]["locations"][0]
        self.assertRegex(location["physicalLocation"]["artifactLocation"]["uri"], r"^team/evil%40sha256%3A[0-9a-f]{64}/sha256-[0-9a-f]{64}")
        self.assertIn("greeter/run.py", location["logicalLocations"][0]["fullyQualifiedName"])
        cases = verifiers.junit_cases(junit)
        self.assertEqual([(c["name"], c["result"]) for c in cases],
                         [("team/evil:1.0", "held"), ("team/good:1.0", None), ("nowhere:1.0", "unknown")], cases)
        self.assertIn("hidden-code", cases[0]["text"])


@unittest.skipUnless(os.geteuid() == 0, "needs root: a person's token is made by that person")
class ByToken(OfRegistry):
    """A pipeline elsewhere: a service account with a token, and the rights that its groups give it."""
    admin = True
    UIDS = {"pipeline": 64401, "checker": 64402, "reader": 64403, "other": 64404}

    @classmethod
    def fill(cls):
        cls.make_registry()
        cls.good, cls.evil = images.simple("good"), images.simple("evil", evil=True)
        cls.registry.push("team/good", "1.0", cls.good)
        cls.registry.push("team/evil", "1.0", cls.evil)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tokens = {}
        for name, uid in cls.UIDS.items():
            cls.must("user", "add", name, "--uid", str(uid))
        for group, role, *where in (("pipelines", "reviewer", "--repository", "mcr"), ("checkers", "auditor"), ("readers", "reader"),
                                    ("others", "reviewer", "--repository", "pypi")):
            cls.must("group", "add", group, "--role", role, *where)
            cls.must("group", "add", group, group[:-1])
        for name, uid in cls.UIDS.items():
            status, out, err = cls.service.command("token", "add", "--user", name, "--audience", "admin", uid=uid)
            cls.tokens[name] = re.search("chp_[0-9a-f]{64}", out + err)[0]

    @classmethod
    def must(cls, *args):
        status, out, err = cls.service.command(*args)
        if status != 0:
            raise AssertionError(f"{args}: {out}{err}")

    def gate(self, who, *args):
        done = subprocess.run([os.path.join(BIN, "customhouse"), "gate", "--server", f"http://127.0.0.1:{self.service.admin_port}", *args],
                              capture_output=True, text=True, timeout=120, env=dict(os.environ, CUSTOMHOUSE_TOKEN=self.tokens[who]))
        return done.returncode, done.stdout, done.stderr

    def test_as_by_the_socket(self):
        for name, expected in (("team/good:1.0", 0), ("team/evil:1.0", 1)):
            status, out, err = self.gate("pipeline", name, "--wait", "60", "--environment", "prod")
            self.assertEqual((status, err), (expected, ""), out)
            here = self.service.command("gate", name)
            self.assertEqual(here[0], expected)
            self.assertEqual(out.splitlines()[0], here[1].splitlines()[0])

    def test_entries_are_for_who_may_read_the_log(self):
        """The proof is everybody's, what the entry says is not."""
        for who, may in (("pipeline", False), ("checker", True)):
            status, out, err = self.gate(who, "team/evil:1.0", "--wait", "60", "--json")
            self.assertEqual(status, 1, err)
            for f in json.loads(out)["images"][0]["manifests"][0]["files"]:
                self.assertEqual(("text" in f["log"], "proof" in f["log"]), (may, True))

    def test_without_the_right_there_is_no_answer(self):
        for name in ("team/good:1.0", "team/nowhere:1.0", f"{self.host}/team/good:1.0", self.good.digest):
            status, out, err = self.gate("reader", name, "--wait", "60")
            self.assertEqual((status, out), (3, ""), err)
            self.assertIn("queue.read", err)

    def test_what_may_not_be_seen_is_not_there(self):
        """Who has the right elsewhere is told nothing of it: neither that it is there nor where."""
        self.assertEqual(self.gate("pipeline", "team/good:1.0", "--wait", "60")[0], 0)
        nowhere = f"{self.host[:-4]}/none"
        for there, absent in (("team/good:1.0", "team/good:1.0"), (f"{self.host}/team/good:1.0", f"{nowhere}/team/good:1.0"),
                              (self.good.digest, images.digest_of(b"never seen")), (f"{self.upstream_host}/team/good:1.0", "127.0.0.1:1/team/good:1.0")):
            with self.subTest(there):
                status, out, err = self.gate("other", there)
                told = (status, out.replace(there, "NAME"), err.replace(there, "NAME"))
                status, out, err = self.gate("other", absent)
                self.assertEqual(told[0], status)
                self.assertIn("queue.read", told[1] + told[2])
                if self.good.digest == there or there == absent:
                    self.assertEqual(told, (status, out.replace(absent, "NAME"), err.replace(absent, "NAME")))
                self.assertNotIn("mcr", told[1] + told[2])


class AfterAll(OfRegistry):
    """Out of the store alone, and after what takes an approval back."""
    @classmethod
    def fill(cls):
        cls.make_registry()
        cls.good = images.simple("good")
        cls.registry.push("team/good", "1.0", cls.good)

    def gate(self, *args):
        status, out, _err = self.service.command("gate", "team/good:1.0", "--json", *args)
        return status, json.loads(out)["images"][0]

    def test_it_is_the_same_after_a_restart(self):
        before = self.gate("--wait", "60")
        self.assertEqual(before[0], 0)
        self.service.stop()
        self.service.start()
        self.assertEqual(self.service.command("gate", self.good.digest)[0], 0)
        after = self.gate()
        self.assertEqual((after[0], after[1]["digest"]), (0, self.good.digest))
        entries = [[f["log"]["entry"] for f in told[1]["manifests"][0]["files"]] for told in (before, after)]
        self.assertEqual(*entries)
        status, out, err = self.service.command("deny", f"oci:team/good=={self.good.digest}", "--reason", "no more")
        self.assertEqual(status, 0, out + err)
        status, told = self.gate()
        self.assertEqual((status, told["state"]), (1, "denied"))
        self.assertNotEqual([f["log"]["entry"] for f in told["manifests"][0]["files"]], entries[0])
