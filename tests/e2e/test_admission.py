"""Admission: what a cluster asks before it runs an image. Only its API server is answered; whatever is not known to be allowed, or
not understood, is denied, with a message that whoever reads it can act on."""
import base64
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading

from house import cluster, images
from house.cluster import ApiServer, pod_spec, review
from house.containers import OfRegistry
from house.service import free_port


class Admission(OfRegistry):
    @classmethod
    def fill(cls):
        cls.make_registry()
        cls.good, cls.other, cls.evil = images.simple("good"), images.simple("other"), images.simple("evil", evil=True)
        cls.many = images.index([cls.good, images.simple("arm", architecture="arm64", evil=True)])
        for name, image in (("good", cls.good), ("other", cls.other), ("evil", cls.evil), ("many", cls.many)):
            cls.registry.push(f"team/{name}", "1.0", image)
        cls.folder = tempfile.mkdtemp(prefix="ch-cluster-")
        os.chmod(cls.folder, 0o755)
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.certificates = cluster.Certificates(cls.folder)
        cls.admission_port = free_port()

    @classmethod
    def configure(cls, text):
        keys = (f"admission:\n  address: 127.0.0.1:{cls.admission_port}\n  tls_certificate: {cls.certificates.pem('server')}\n"
                f"  tls_key: {cls.certificates.key('server')}\n  client_ca: {cls.certificates.pem('client-ca')}\n"
                f"  client_name: {cluster.API_SERVER}\n  namespaces: [{{name: lab, environment: preprod}}]\n")
        return re.sub(r"(?m)^admission:$\n", keys, super().configure(text), count=1)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api = ApiServer(cls.certificates, cls.admission_port)
        status, out, err = cls.service.command("gate", "team/good:1.0", "team/other:1.0", "team/evil:1.0", "team/many:1.0", "--wait", "120")
        if status != 1 or "4 images: 3 passed" not in out:
            raise AssertionError(out + err)

    def image(self, name, reference):
        return f"127.0.0.1:{self.service.port}/mcr/team/{name}{reference}"

    @property
    def fine(self):
        return self.image("good", "@" + self.good.digest)

    @property
    def bad(self):
        return self.image("evil", "@" + self.evil.digest)

    def allows(self, body, **kw):
        response = self.api.ask(body, **kw)
        self.assertTrue(response["allowed"], response)
        self.assertNotIn("status", response)
        return response

    def denies(self, body, *words, **kw):
        response = self.api.ask(body, **kw)
        self.assertIs(response["allowed"], False, response)
        self.assertEqual((response["status"]["code"], response["status"]["reason"]), (403, "Forbidden"))
        for word in words:
            self.assertIn(word, response["status"]["message"])
        self.assertNotIn("patch", response)
        return response["status"]["message"]

    def test_every_kind_of_workload(self):
        for kind in cluster.KINDS:
            with self.subTest(kind):
                self.allows(review(kind, pod_spec(self.fine)))
                self.denies(review(kind, pod_spec(self.bad)), self.bad, "held", "hidden-code",
                            f"customhouse exceptions request oci:team/evil=={self.evil.digest} --reason TEXT")

    def test_every_place_of_an_image(self):
        for more in ({"initContainers": [{"name": "first", "image": self.bad}]},
                     {"initContainers": [{"name": "side", "image": self.bad, "restartPolicy": "Always"}]},
                     {"ephemeralContainers": [{"name": "debug", "image": self.bad}]},
                     {"volumes": [{"name": "model", "image": {"reference": self.bad, "pullPolicy": "Always"}}]},
                     {"containers": [{"name": "a", "image": self.fine}, {"name": "b", "image": self.bad}]}):
            with self.subTest(more):
                self.denies(review("Pod", pod_spec(self.fine, more)), self.bad)
        self.allows(review("Pod", pod_spec(self.fine, {
            "initContainers": [{"name": "first", "image": self.image("other", "@" + self.other.digest)}], "ephemeralContainers": None,
            "volumes": [{"name": "model", "image": {"reference": self.fine}}, {"name": "tmp", "emptyDir": {}}]})))

    def test_names_of_images(self):
        """As a cluster reads them: where no registry is named, or another one, it is not ours."""
        for name in (f"team/good@{self.good.digest}", f"mcr/team/good@{self.good.digest}", self.good.digest, "nginx", "nginx:1.25",
                     f"docker.io/team/good@{self.good.digest}", f"oci:team/good=={self.good.digest}",
                     f"127.0.0.1:1/mcr/team/good@{self.good.digest}", f"{self.service.url}/v2/mcr/team/good/manifests/{self.good.digest}",
                     f"registry.example.org/team/good@{self.good.digest}", self.image("good", "@sha256:12"), self.image("Good", ":1.0"),
                     self.image("good", f"@{self.evil.digest}"), self.image("good", "@" + images.digest_of(b"nothing")), "..", "/", "a/b/", "-"):
            with self.subTest(name):
                message = self.denies(review("Pod", pod_spec(name)))
                self.assertIn(f"image {name}: ", message)
        self.allows(review("Pod", pod_spec(f"{self.upstream_host}/team/good@{self.good.digest}")))
        self.allows(review("Pod", pod_spec(self.image("good", f":latest@{self.good.digest}"))))
        self.assertIn("customhouse gate --wait 600", self.denies(review("Pod", pod_spec(self.image("nowhere", "@" + images.digest_of(b"n"))))))

    def test_a_tag_is_pinned_by_mutation(self):
        tag, pinned = self.image("good", ":1.0"), self.fine
        self.denies(review("Pod", pod_spec(tag)), "a tag", pinned, "/k8s/mutate")
        for kind in cluster.KINDS:
            with self.subTest(kind):
                body = review(kind, pod_spec(tag, {"initContainers": [{"name": "i", "image": pinned}],
                                                   "volumes": [{"name": "v"}, {"name": "m", "image": {"reference": tag}}]}))
                response = self.allows(body, path="/k8s/mutate?timeout=10s")
                self.assertEqual(response["patchType"], "JSONPatch")
                patch = json.loads(base64.b64decode(response["patch"]))
                self.assertEqual(len(patch), 2)
                for operation in patch:
                    self.assertEqual((operation["op"], operation["value"]), ("replace", pinned))
                    at = body["request"]["object"]
                    for part in operation["path"].split("/")[1:-1]:
                        at = at[int(part)] if isinstance(at, list) else at[part]
                    self.assertEqual(at[operation["path"].split("/")[-1]], tag)
                    at[operation["path"].split("/")[-1]] = operation["value"]
                self.allows(body)  # as validation sees it afterwards
        self.assertNotIn("patch", self.allows(review("Pod", pod_spec(pinned)), path="/k8s/mutate"))
        self.denies(review("Pod", pod_spec(self.image("evil", ":1.0"))), "hidden-code", path="/k8s/mutate")

    def test_an_index_becomes_the_platform_s_image(self):
        response = self.allows(review("Pod", pod_spec(self.image("many", ":1.0"))), path="/k8s/mutate")
        patch = json.loads(base64.b64decode(response["patch"]))
        self.assertEqual([p["value"] for p in patch], [self.image("many", "@" + self.good.digest)])
        self.allows(review("Pod", pod_spec(self.image("many", "@" + self.many.digest))))

    def test_the_environment_is_the_namespace_s(self):
        self.allows(review("Pod", pod_spec(self.fine), namespace="web"))
        message = self.denies(review("Pod", pod_spec(self.fine), namespace="lab"), "its repository mcr is for prod, and this is preprod")
        self.assertNotIn("exceptions request", message)
        body = review("Pod", pod_spec(self.fine), namespace="lab")
        body["request"]["object"]["metadata"]["namespace"] = "web"  # whoever made the object wrote that
        body["request"]["object"]["metadata"]["labels"] = {"kubernetes.io/metadata.name": "web"}
        self.denies(body, "preprod")

    def test_an_update_is_asked_about_what_is_new(self):
        """What runs already is not stopped by who takes a finalizer off; another image is."""
        old = pod_spec(self.bad)
        self.allows(review("Pod", old, "UPDATE", old_spec=old))
        self.denies(review("Pod", pod_spec(self.bad), "UPDATE", old_spec=pod_spec(self.fine)), self.bad)
        self.denies(review("Pod", {**old, "ephemeralContainers": [{"name": "d", "image": self.image("evil", ":1.0")}]}, "UPDATE", old_spec=old,
                           subResource="ephemeralcontainers"), "evil:1.0")
        self.denies(review("Pod", pod_spec(self.bad), "UPDATE", old_spec={"containers": "none"}), self.bad)
        self.denies(review("Pod", pod_spec(self.bad), "CREATE", old_spec=pod_spec(self.bad)), self.bad)

    def test_what_is_not_understood_is_denied(self):
        good = pod_spec(self.fine)
        for what, body in (
                ("kind", review("Scale", good, group="autoscaling")), ("group", review("Deployment", good, group="extensions")),
                ("version", review("Deployment", good, version="v1beta1")), ("no kind", review("", good)),
                ("operation", review("Pod", good, "DELETE")), ("connect", review("Pod", good, "CONNECT")),
                ("no namespace", review("Pod", good, namespace="")), ("no object", review("Pod", None)),
                ("no containers", review("Pod", {"containers": []})), ("containers", review("Pod", {"containers": {"image": self.fine}})),
                ("container", review("Pod", {"containers": [self.fine]})), ("no image", review("Pod", {"containers": [{"name": "a"}]})),
                ("image", review("Pod", pod_spec(["a"]))), ("empty image", review("Pod", pod_spec(""))), ("blank", review("Pod", pod_spec(self.fine + " "))),
                ("long", review("Pod", pod_spec("a.b/" + "x" * 2000))), ("volume", review("Pod", {**good, "volumes": ["x"]})),
                ("volume image", review("Pod", {**good, "volumes": [{"name": "x", "image": "y"}]})),
                ("reference", review("Pod", {**good, "volumes": [{"name": "x", "image": {}}]})),
                ("init", review("Pod", {**good, "initContainers": 7})), ("spec", review("Deployment", good, object={"spec": {}})),
                ("images", review("Pod", {"containers": [{"name": f"c{i}", "image": self.fine} for i in range(200)]}))):
            with self.subTest(what):
                self.assertGreater(len(self.denies(body)), 20)
        v1beta1 = review("Pod", good)
        v1beta1["apiVersion"] = "admission.k8s.io/v1beta1"
        status, text = self.api.post("/k8s/validate", v1beta1)
        self.assertEqual((status, json.loads(text)["response"]["allowed"]), (200, False), text)

    def test_what_cannot_be_answered_is_an_error(self):
        """The API server takes each for a denial (failurePolicy: Fail), and shows the text."""
        good = json.dumps(review("Pod", pod_spec(self.fine))).encode()
        twice = good.replace(b'"uid":', b'"uid": "x", "uid":', 1)
        for what, body, expected in (("nothing", b"", 400), ("no JSON", b"{", 400), ("a list", b"[]", 400), ("cut", good[:-10], 400),
                                     ("behind it", good + b"x", 400), ("a key twice", twice, 400), ("no request", b"{}", 400),
                                     ("uid", good.replace(b'"uid": "', b'"uid": "\\n', 1), 400), ("deep", b"[" * 100000, 400),
                                     ("deep objects", b'{"a":' * 50000, 400), ("no UTF-8", good.replace(b"alice", b"\xff\xfe"), 400),
                                     ("NUL", good.replace(b"alice", b"\\u0000"), 400),
                                     ("huge", good[:-1] + b" " * (9 << 20) + b"}", 413)):
            with self.subTest(what):
                try:
                    status, text = self.api.post("/k8s/validate", body)
                except (ConnectionError, ssl.SSLError):  # it need not read what is too long
                    self.assertEqual(expected, 413)
                    continue
                self.assertEqual(status, expected, text[:300])
                self.assertNotIn("allowed\":true", text)
        self.allows(review("Pod", pod_spec(self.fine)))
        for path, status in (("/k8s/validate/", 404), ("/k8s", 404), ("/", 404), ("/k8s/external-data/test", 404), ("/k8s/external-data/test/pin", 404),
                             ("/k8s/external-data/prod/x", 404), ("/k8s/external-data/prod/pin/", 404), ("/api/v1/commands", 404),
                             ("/v2/", 404), ("/mcr/", 404), ("/-/metrics", 404)):
            self.assertEqual(self.api.post(path, good)[0], status, path)

    def test_only_the_api_server_is_answered(self):
        """Neither without certificate, nor with another's, nor with one of the same authority and another name."""
        good = review("Pod", pod_spec(self.fine))
        for who in (None, "kubelet", "imitation", "wrong-use", "two-names", "long-name", "server"):
            with self.subTest(who), self.assertRaises((ssl.SSLError, ConnectionError)):
                ApiServer(self.certificates, self.admission_port, who).post("/k8s/validate", good)
        self.allows(good)
        with self.assertRaises((ssl.SSLError, ConnectionError, OSError)):
            plain = ApiServer(self.certificates, self.service.port)  # the gateway has no such routes, and no TLS here
            plain.post("/k8s/validate", good)
        self.assertIn(self.service.post("/k8s/validate", json.dumps(good).encode(), "application/json").status, (404, 405))

    def test_external_data_of_gatekeeper(self):
        def provide(keys, environment="prod", pin="", **more):
            body = {"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderRequest", "request": {"keys": keys}, **more}
            status, text = self.api.post(f"/k8s/external-data/{environment}{pin}?timeout=3s", body)
            self.assertEqual(status, 200, text)
            answer = json.loads(text)
            self.assertEqual((answer["apiVersion"], answer["kind"]), ("externaldata.gatekeeper.sh/v1beta1", "ProviderResponse"))
            return answer["response"]
        tag = self.image("good", ":1.0")
        for pin in ("", "/pin"):
            with self.subTest(pin):
                told = provide([self.fine, tag, self.bad, "nginx"], pin=pin)
                self.assertEqual((told["idempotent"], told["systemError"], [i["key"] for i in told["items"]]),
                                 (True, "", [self.fine, tag, self.bad, "nginx"]))
                self.assertEqual([i.get("value") for i in told["items"]], [self.fine, self.fine if pin else None, None, None])
                self.assertIn("hidden-code", told["items"][2]["error"])
                self.assertIn("names no registry", told["items"][3]["error"])
                if not pin:  # a constraint lets the object pass as it is: what the tag is when it is pulled nobody knows
                    self.assertIn(f"a tag, which may stand for something else when it is pulled: name {self.fine}", told["items"][1]["error"])
        self.assertIn("preprod", provide([self.fine], "preprod")["items"][0]["error"])
        self.assertEqual(provide([])["items"], [])
        for broken in (provide(["a"] * 200), provide([7]), provide("a"), provide([""]), provide(["a"], kind="Other")):
            self.assertEqual(broken["items"], [])
            self.assertGreater(len(broken["systemError"]), 10)

    def test_what_is_withdrawn_is_denied_at_once(self):
        image = images.simple("withdrawn")
        self.registry.push("team/withdrawn", "1.0", image)
        name = self.image("withdrawn", "@" + image.digest)
        self.assertIn("unknown", self.denies(review("Pod", pod_spec(name))))
        self.assertEqual(self.service.command("gate", "team/withdrawn:1.0", "--wait", "60")[0], 0)
        self.allows(review("Pod", pod_spec(name)))
        status, out, err = self.service.command("deny", f"oci:team/withdrawn=={image.digest}", "--reason", "stolen")
        self.assertEqual(status, 0, out + err)
        self.denies(review("Pod", pod_spec(name)), "denied", "stolen")

    def test_hostile_text_is_shown_escaped(self):
        message = self.denies(review("Pod\x1b[31m", pod_spec(self.fine)))
        self.assertNotIn("\x1b", message)
        self.assertNotIn("\x1b", self.denies(review("Pod", pod_spec("a.b/\x1b[31m"))))

    def test_many_at_once(self):
        failures = []

        def one():
            try:
                for _ in range(20):
                    self.allows(review("Deployment", pod_spec(self.fine)))
                    self.denies(review("Pod", pod_spec(self.bad)))
            except BaseException as e:
                failures.append(e)
        threads = [threading.Thread(target=one) for _ in range(6)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(failures, [])

    def test_curl(self):
        body = os.path.join(self.folder, "review.json")
        with open(body, "w") as f:
            json.dump(review("Pod", pod_spec(self.bad)), f)
        done = subprocess.run(["curl", "-sS", "--cacert", self.certificates.pem("server-ca"), "--cert", self.certificates.pem("api-server"),
                               "--key", self.certificates.key("api-server"), "-H", "Content-Type: application/json", "--data-binary",
                               f"@{body}", f"https://127.0.0.1:{self.admission_port}/k8s/validate"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(json.loads(done.stdout)["response"]["allowed"])

    def test_a_check_refuses_half_of_it(self):
        """Without client certificates it would answer anybody."""
        status, out, err = self.service.command("check")
        self.assertEqual(status, 0, out + err)
        with open(self.service.path("customhouse.yaml")) as f:
            good = f.read()
        self.addCleanup(self.service.edit, "customhouse.yaml", lambda _text: good)
        for key in ("client_ca", "client_name", "tls_key", "tls_certificate", "address"):
            with self.subTest(key):
                self.service.edit("customhouse.yaml", lambda _text: re.sub(rf"(?m)^(admission:\n(?:  .*\n)*?)  {key}: .*\n", r"\1", good, count=1))
                status, out, err = self.service.command("check")
                self.assertNotEqual(status, 0)
                self.assertIn("go together", out + err)
        self.service.edit("customhouse.yaml", lambda _text: good.replace(self.certificates.pem("client-ca"), self.certificates.key("client-ca")))
        status, out, err = self.service.command("check")
        self.assertNotEqual(status, 0)
        self.assertIn("client_ca", out + err)

    def test_without_the_keeper_nothing_is_allowed(self):
        """It is killed while it is asked; who asks then is denied, and told to try again."""
        keeper = next(pid for pid, name in self.service.processes().items() if name == "keeper")
        answers = set()

        def seen():
            try:
                response = self.api.ask(review("Pod", pod_spec(self.fine)))
            except (AssertionError, OSError) as e:
                raise AssertionError("no review was answered") from e
            answers.add((response["allowed"], response.get("status", {}).get("message", "")[:10]))
            return response["allowed"]
        self.assertTrue(seen())
        os.kill(keeper, signal.SIGSTOP)
        try:
            response = self.api.ask(review("Pod", pod_spec(self.fine)))
            self.assertIs(response["allowed"], False, response)
            self.assertIn("has not answered in time", response["status"]["message"])
            os.kill(keeper, signal.SIGKILL)
        finally:
            try:
                os.kill(keeper, signal.SIGCONT)
            except ProcessLookupError:
                pass
        self.eventually(seen, 30)
        self.denies(review("Pod", pod_spec(self.bad)))

    def test_another_authority_is_in_force_after_a_reload(self):
        """And the former one is not: connections that are made from then on show their certificate anew."""
        good = review("Pod", pod_spec(self.fine))
        with open(self.certificates.pem("client-ca")) as f:
            former = f.read()

        def put(text):
            with open(self.certificates.pem("client-ca") + ".new", "w") as f:
                f.write(text)
            os.rename(self.certificates.pem("client-ca") + ".new", self.certificates.pem("client-ca"))
            self.service.process.send_signal(signal.SIGHUP)

        def answered(who):
            try:
                return ApiServer(self.certificates, self.admission_port, who).post("/k8s/validate", good)[0] == 200
            except (ssl.SSLError, ConnectionError):
                return False
        with open(self.certificates.pem("other-ca")) as f:
            put(f.read())
        try:
            self.eventually(lambda: answered("imitation"), 30)
            self.assertFalse(answered("api-server"))
        finally:
            put(former)
        self.eventually(lambda: answered("api-server"), 30)
        self.assertFalse(answered("imitation"))
