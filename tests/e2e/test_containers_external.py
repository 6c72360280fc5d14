"""An external scanner, as it speaks to Azure's registry: it is told that an image waits, looks, and says Passed or Failed
(T8). Failed holds, at once and with its words; Passed lets nothing pass that anything else holds."""
import http.client
import json
import os
import re
import shutil
import tempfile
import threading

from house import images, people
from house.container_clients import Podman, Skopeo
from house.hosted import Hosted
from house.receivers import Hook

DETAILS = json.dumps({"state": "scan failed", "link": "https://scanner.example.org/1", "result": {
    "version": "0.0.1", "summary": [{"severity": "Critical", "count": 2}], "description": "two critical ones"}})
WORDS = "2 Critical; two critical ones"


class External(Hosted):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="ch-external-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.hook = Hook()
        cls.addClassCleanup(cls.hook.close)
        with open(os.path.join(cls.folder, "hook"), "w", opener=lambda p, flags: os.open(p, flags, 0o600)) as f:
            f.write(cls.hook.secret + "\n")
        super().setUpClass()
        for name, role in (("scan", "scanner/apps"), ("look", "scanner-reader/apps"), ("other", "scanner/pypi")):
            people.person(cls.service, name, role, service_account=True)
        cls.writer, cls.reader, cls.elsewhere = (people.token(cls.service, n, "scanner")[0]
                                                 for n in ("scan", "look", "other"))

    @classmethod
    def configure(cls, text):
        return super().configure(text) + (f"webhooks:\n  - {{name: scanner, url: '{cls.hook.url}', secret_file: "
                                          f"{cls.folder}/hook, format: acr}}\n")

    def acr(self, method, name, image, body=None, token="", digest=None):
        token = self.writer if token == "" else token
        body = json.dumps(body).encode() if isinstance(body, dict) else body
        return self.send(method, f"/acr/v1/apps/{name}/_manifests/{digest or image.digest}", body, token=token)

    def says(self, name, image, state, details=None):
        a = self.acr("PATCH", name, image, {"quarantineState": state, **({"quarantineDetails": details} if details else {})})
        self.assertEqual(a.status, 200, a)
        return json.loads(a.body)

    def state(self, name, image):
        a = self.acr("GET", name, image, token=self.reader)
        self.assertEqual(a.status, 200, a)
        return json.loads(a.body)

    def clients(self, name):
        with Skopeo() as client:
            yield "skopeo", client.copy(f"{self.host}/{name}:1", "to")
        with Podman() as client:
            yield "podman", client.pull(f"{self.host}/{name}:1")


class Verdicts(External):
    def test_failed_and_passed(self):
        image = images.simple("ext")
        self.push("ext/good", "1", image)
        told = self.eventually(lambda: [b["target"] for _, b in self.hook.got if b["action"] == "quarantine"
                                        and b["target"]["repository"] == "apps/ext/good"])
        self.assertEqual(told[0]["digest"], image.digest)
        self.is_pulled("ext/good", "1", image)
        self.assertEqual(self.state("ext/good", image)["manifest"]["changeableAttributes"],
                         {"quarantineState": "Passed", "quarantineDetails": ""})
        failed = self.says("ext/good", image, "Failed", DETAILS)
        self.assertEqual(failed["manifest"]["changeableAttributes"],
                         {"quarantineState": "Failed", "quarantineDetails": DETAILS})
        self.assertEqual((failed["external"]["state"], failed["external"]["by"]), ("Failed", "service:scan"))
        self.is_refused("ext/good", "1", image, "external-failed")
        self.assertIn(WORDS, self.pull("ext/good", "manifests", "1").body.decode())
        for name, (status, text) in self.clients("ext/good"):
            with self.subTest(name):
                self.assertNotEqual(status, 0, text)
                self.assertIn("did not pass an external scanner", text)
                self.assertIn(WORDS, text)
        self.service.stop()
        self.service.start()
        self.is_refused("ext/good", "1", image, "external-failed")
        self.assertEqual(self.says("ext/good", image, "Passed")["manifest"]["changeableAttributes"]["quarantineState"],
                         "Passed")
        self.is_pulled("ext/good", "1", image)
        status, out, err = self.service.command("audit", "search", "--kind", "external-verdict")
        self.assertEqual(status, 0, err)
        self.assertEqual(re.findall(r'"state":"(\w+)"', out), ["Failed", "Passed"], out)

    def test_what_was_answered_survives_kill_9(self):
        """Failed that has been answered holds after kill -9, at whatever time it comes; one whose answer never came holds or does
        not, and what the log has is what is told."""
        answered = 0
        for turn in range(6):
            name, image = f"ext/kill{turn}", images.simple(f"ext-kill{turn}")
            self.push(name, "1", image)
            self.is_pulled(name, "1", image)
            got = []

            def say(name=name, image=image, got=got):
                try:
                    got.append(self.acr("PATCH", name, image, {"quarantineState": "Failed", "quarantineDetails": DETAILS}).status)
                except (OSError, http.client.HTTPException):
                    pass  # it was killed meanwhile
            speaker = threading.Thread(target=say)
            speaker.start()
            if turn % 2 == 0:
                speaker.join()  # and nothing more is waited for
            self.service.kill()
            speaker.join()
            self.service.start()
            if got == [200]:
                answered += 1
                self.is_refused(name, "1", image, "external-failed")
                self.assertIn(WORDS, self.pull(name, "manifests", "1").body.decode())
            said = self.state(name, image)["manifest"]["changeableAttributes"]["quarantineState"] == "Failed"
            self.assertTrue(said or got != [200])
            self.assertEqual(self.pull(name, "manifests", "1").status, 403 if said else 200)
            _, out, _ = self.service.command("audit", "search", "--kind", "external-verdict")
            self.assertEqual(image.digest.partition(":")[2] in out, said, out)
        self.assertGreaterEqual(answered, 3)
        status, text, err = self.service.command("audit", "verify")
        self.assertEqual(status, 0, text + err)

    def test_passed_lets_nothing_pass(self):
        image = images.simple("ext-evil", evil=True)
        self.push("ext/evil", "1", image)
        self.is_refused("ext/evil", "1", image, "hidden-code")
        said = self.says("ext/evil", image, "Passed")
        self.assertNotEqual(said["manifest"]["changeableAttributes"]["quarantineState"], "Passed")
        self.is_refused("ext/evil", "1", image, "hidden-code")

    def test_the_same_bytes_by_another_name(self):
        image = images.simple("ext-two")
        for name in ("ext/one", "ext/two"):
            self.push(name, "1", image)
            self.is_pulled(name, "1", image)
        self.says("ext/one", image, "Failed")
        self.is_refused("ext/two", "1", image, "external-failed")

    def test_who_may(self):
        image = images.simple("ext-who")
        self.push("ext/who", "1", image)
        passed = {"quarantineState": "Passed"}
        for method, body in (("GET", None), ("PATCH", passed)):
            self.assertEqual(self.acr(method, "ext/who", image, body, token=None).status, 401)
            self.assertEqual(self.acr(method, "ext/who", image, body, token="chp_" + 64 * "0").status, 401)
            for token in (self.token, self.elsewhere):
                self.is_error(self.acr(method, "ext/who", image, body, token=token), 403, "DENIED")
        self.is_error(self.acr("PATCH", "ext/who", image, passed, token=self.reader), 403, "DENIED", "verdict.write")
        self.assertEqual(self.acr("GET", "ext/who", image, token=self.reader).status, 200)
        # it opens nothing else
        self.assertEqual(self.pull("ext/who", "manifests", "1", token=self.writer).status, 401)
        self.assertEqual(self.send("GET", "/pypi/simple/", token=self.writer).status, 401)

    def test_what_is_wrong_is_named(self):
        image = images.simple("ext-wrong")
        self.push("ext/wrong", "1", image)
        self.is_error(self.acr("PATCH", "ext/wrong", image, {"quarantineState": "Failed"}, digest="sha256:" + 64 * "0"),
                      404, "MANIFEST_UNKNOWN")
        self.is_error(self.acr("GET", "ext/none", image), 404, "MANIFEST_UNKNOWN")
        self.is_error(self.acr("GET", "ext/wrong", image, digest="sha256:0"), 400, "DIGEST_INVALID")
        for body, field in ((b"", "JSON"), (b"[]", "JSON"), (b'{"quarantineState":"Passed","quarantineState":"Failed"}', "once"),
                            ({"quarantineState": "passed"}, "quarantineState"), ({}, "quarantineState"),
                            ({"quarantineState": "Passed", "more": 1}, "quarantineDetails"),
                            ({"quarantineState": "Failed", "quarantineDetails": {}}, "quarantineDetails"),
                            ({"quarantineState": "Failed", "quarantineDetails": "{"}, "quarantineDetails"),
                            ({"quarantineState": "Failed", "quarantineDetails": '{"x":1}'}, "quarantineDetails"),
                            ({"quarantineState": "Failed", "quarantineDetails": '{"result":{"summary":[]}}'}, "result.version"),
                            ({"quarantineState": "Failed", "quarantineDetails":
                              '{"result":{"version":"1","summary":[{"severity":"Bad","count":1}]}}'}, "result.summary")):
            with self.subTest(body):
                self.is_error(self.acr("PATCH", "ext/wrong", image, body), 400, "BODY_INVALID", field)
        self.assertEqual(self.acr("PATCH", "ext/wrong", image, b"x" * 9000).status, 413)
        self.assertNotIn("external", self.state("ext/wrong", image))
        self.is_pulled("ext/wrong", "1", image)


class Demanded(External):
    """Where the policy asks for it, an image waits for its scanner."""

    def test_it_waits_for_its_scanner(self):
        status, _, err = self.service.command("policy", "set", self.demanding(),
                                              "--reason", "a scanner stands beside it")
        self.assertEqual(status, 0, err)
        image, evil = images.simple("dem"), images.simple("dem-evil", evil=True)
        for name, one in (("dem/good", image), ("dem/evil", evil)):
            self.push(name, "1", one)
            a = self.pull(name, "manifests", "1")
            self.assertEqual(a.status, 403, a)
            self.assertIn("external-verdict", a.reason)
        self.assertEqual(self.state("dem/good", image)["manifest"]["changeableAttributes"]["quarantineState"], "Quarantined")
        self.says("dem/good", image, "Quarantined")
        self.is_refused("dem/good", "1", image, "external-verdict")
        self.says("dem/good", image, "Passed")
        self.is_pulled("dem/good", "1", image)
        self.says("dem/evil", evil, "Passed")
        self.is_refused("dem/evil", "1", evil, "hidden-code")

    def demanding(self):
        with open(self.service.path("policy.yaml")) as f:
            text, count = re.subn(r"(?m)^require_external_verdict: .*$", "require_external_verdict: true", f.read())
        self.assertEqual(count, 1)
        path = os.path.join(self.folder, "policy.yaml")
        with open(path, "w") as f:
            f.write(text)
        return path
