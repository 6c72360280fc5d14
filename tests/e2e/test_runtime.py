"""What a cluster was told may run is remembered, and found again when its approval ends: by the keeper what and where, by the
cluster's API server which pods still run it."""
import json
import os
import re
import shutil
import tempfile
import unittest
import urllib.error
import urllib.request

from house import cluster, images, kube_api
from house.cluster import ApiServer, pod_spec, review
from house.containers import OfRegistry
from house.kube_api import KubeApi, pod
from house.receivers import Hook
from house.service import free_port


class Runtime(OfRegistry):
    admin = True

    @classmethod
    def fill(cls):
        cls.make_registry()
        cls.folder = tempfile.mkdtemp(prefix="ch-runtime-")
        os.chmod(cls.folder, 0o755)
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.certificates = cluster.Certificates(cls.folder)
        cls.admission_port = free_port()
        cls.hook = Hook()
        cls.addClassCleanup(cls.hook.close)
        cls.kube = KubeApi(cls.certificates)
        cls.addClassCleanup(cls.kube.close)
        for name, text in (("token", kube_api.TOKEN), ("wrong", "another"), ("empty", ""), ("two", "a b"), ("url", cls.hook.url), ("secret", cls.hook.secret)):
            with open(os.path.join(cls.folder, name), "w", opener=lambda p, flags: os.open(p, flags, 0o600)) as f:
                f.write(text + "\n")

    @classmethod
    def configure(cls, text):
        keys = (f"admission:\n  address: 127.0.0.1:{cls.admission_port}\n  tls_certificate: {cls.certificates.pem('server')}\n"
                f"  tls_key: {cls.certificates.key('server')}\n  client_ca: {cls.certificates.pem('client-ca')}\n"
                f"  client_name: {cluster.API_SERVER}\n  namespaces: [{{name: lab, environment: preprod}}]\n")
        text = re.sub(r"(?m)^admission:$\n", keys, super().configure(text), count=1)
        return text + f"webhooks:\n  - name: hook\n    url_file: {cls.folder}/url\n    secret_file: {cls.folder}/secret\n"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api = ApiServer(cls.certificates, cls.admission_port)

    def setUp(self):
        self.kube.pods, self.kube.refuse = [], {}
        self.kube.asked.clear()

    def image_at(self, name, image):
        return f"127.0.0.1:{self.service.port}/mcr/{name}@{image.digest}"

    def admitted(self, name, image, *namespaces):
        self.registry.push(name, "1.0", image)
        self.assertEqual(self.service.command("gate", f"{name}:1.0", "--wait", "60")[0], 0)
        for namespace in namespaces:
            response = self.api.ask(review("Pod", pod_spec(self.image_at(name, image)), namespace=namespace))
            self.assertTrue(response["allowed"], response)

    def denied(self, name, image):
        status, out, err = self.service.command("deny", f"oci:{name}=={image.digest}", "--reason", "it was stolen")
        self.assertEqual(status, 0, out + err)

    def listed(self, *args):
        status, out, err = self.service.command("runtime", "list", "--json", *args)
        self.assertEqual((status, err), (0, ""), out)
        return json.loads(out)

    def of(self, name, *args):
        return [(r["namespace"], r["state"], r["withdrawn"]) for r in self.listed(*args) if r["image"].startswith(name + "@")]

    def sweep(self, *args, token="token", ca="server-ca"):
        return self.service.command("runtime", "sweep", "--kubernetes", self.kube.url, "--kubernetes-ca", self.certificates.pem(ca),
                                    "--kubernetes-token", os.path.join(self.folder, token), *args)

    def test_what_is_withdrawn_is_listed_and_told(self):
        name, image = "team/listed", images.simple("listed")
        self.admitted(name, image, "web", "shop", "web")
        dry = review("Pod", pod_spec(self.image_at(name, image)), namespace="dry", dryRun=True)
        self.assertTrue(self.api.ask(dry)["allowed"])
        self.assertTrue(self.api.ask(review("Pod", pod_spec(self.image_at(name, image)), namespace="mutated"), path="/k8s/mutate")["allowed"])
        half = pod_spec(self.image_at(name, image), {"initContainers": [{"name": "x", "image": "nginx"}]})
        self.assertFalse(self.api.ask(review("Pod", half, namespace="half"))["allowed"])
        self.assertEqual(self.of(name), [])
        self.assertEqual(self.of(name, "--all"), [("web", "allowed", False), ("shop", "allowed", False)])
        self.denied(name, image)
        told = self.listed("--namespace", "web")
        told = [r for r in told if r["image"] == f"{name}@{image.digest}"]
        self.assertEqual(len(told), 1, told)
        self.assertEqual((told[0]["state"], told[0]["environment"], told[0]["repository"]), ("denied", "prod", "mcr"))
        self.assertIn("it was stolen", told[0]["reason"])
        self.assertEqual(told[0]["digests"][0], image.digest)
        self.assertIn(image.config.digest, told[0]["digests"])
        self.assertEqual(self.of(name), [("web", "denied", True), ("shop", "denied", True)])
        self.assertEqual(self.of(name, "--environment", "preprod"), [])
        status, out, _err = self.service.command("runtime", "list")
        self.assertEqual(status, 0)
        self.assertIn(f"denied   {name}@{image.digest} in mcr (prod), namespace web\n", out)
        alarm = self.eventually(lambda: [b for b in self.hook.of("alarm.admitted") if b["data"]["project"] == f"{name}@{image.digest}"], 30)[0]
        self.assertEqual((alarm["data"]["places"], alarm["data"]["verdict"]), (2, "deny"))
        self.assertNotIn("shop", json.dumps(alarm))  # T26: a cluster's names stay here
        status, out, err = self.service.command("audit", "search", "--kind", "admitted", "--what", image.digest[7:])
        self.assertEqual((status, out.count('"kind":"admitted"')), (0, 2), out + err)
        self.assertEqual(self.service.command("audit", "verify")[0], 0)

    def test_pods_are_found_by_image_id_and_deleted_when_told(self):
        name, image, fine = "team/swept", images.simple("swept"), images.simple("fine")
        self.admitted(name, image, "web", "shop")
        self.admitted("team/fine", fine, "web")
        bad, good = self.image_at(name, image), self.image_at("team/fine", fine)
        self.kube.pods = [pod("web", "early", bad)]
        status, out, err = self.sweep("--delete")
        self.assertEqual((status, out, err), (0, "0 pods found that run what is not allowed any more, 0 deleted\n", ""))
        self.denied(name, image)
        kept = [pod("web", "fine", good), pod("web", "done", bad, phase="Succeeded"), pod("other", "not-admitted", bad), pod("web", "starts", "")]
        swept = [pod("web", "a", good, "docker-pullable://" + bad), pod("web", "init", bad, where="initContainerStatuses"),
                 pod("web", "debug", bad, where="ephemeralContainerStatuses"), pod("shop", "by-config", image.config.digest), pod("web", "z", bad)]
        self.kube.pods = [*kept, *swept]
        status, out, err = self.sweep()
        self.assertEqual((status, err), (1, ""), out)
        for p in swept:
            self.assertIn(f"{p['metadata']['namespace']}/{p['metadata']['name']}: container ", out)
        self.assertIn("5 pods found that run what is not allowed any more, 0 deleted\n", out)
        self.assertIn("it was stolen", out)
        self.assertEqual({m for m, _p, _b in self.kube.asked}, {"GET"})
        self.assertEqual(len(self.kube.pods), 9)
        status, out, err = self.sweep("--json")
        told = json.loads(out)
        self.assertEqual((status, told["complete"], [p["deleted"] for p in told["pods"]]), (1, True, [False] * 5), err)
        self.assertEqual({(p["namespace"], p["pod"]) for p in told["pods"]}, {(p["metadata"]["namespace"], p["metadata"]["name"]) for p in swept})
        status, out, err = self.sweep("--delete", "--namespace", "shop")
        self.assertEqual((status, err), (0, ""), out)
        self.assertEqual(len(self.kube.pods), 8)
        status, out, err = self.sweep("--delete")
        self.assertEqual((status, err), (0, ""), out)
        self.assertIn("4 pods found that run what is not allowed any more, 4 deleted\n", out)
        self.assertEqual(self.kube.pods, kept)
        for method, _path, body in self.kube.asked:
            self.assertEqual(method == "DELETE", body is not None)
            if body is not None:
                self.assertEqual(body["kind"], "DeleteOptions")
                self.assertIn("uid", body["preconditions"])

    def test_what_another_name_still_allows_runs_on(self):
        """The same bytes in the same namespace, of which one name is denied and the other is not."""
        image = images.simple("twice")
        self.admitted("team/first", image, "both")
        self.admitted("team/second", image, "both")
        self.kube.pods = [pod("both", "a", self.image_at("team/second", image))]
        row = [r for r in self.listed("--all", "--namespace", "both")]
        self.assertEqual(len(row), 2)
        self.denied("team/first", image)
        states = {r["image"].split("@")[0]: r["state"] for r in self.listed("--all", "--namespace", "both")}
        self.assertEqual(states, {"team/first": "denied", "team/second": "allowed"})
        status, out, _err = self.sweep("--delete", "--namespace", "both")
        self.assertEqual((status, len(self.kube.pods)), (0, 1), out)
        self.denied("team/second", image)
        status, out, _err = self.sweep("--delete", "--namespace", "both")
        self.assertEqual((status, self.kube.pods), (0, []), out)

    def test_what_is_not_complete_says_so(self):
        name, image = "team/partly", images.simple("partly")
        self.admitted(name, image, "ns-a", "ns-b")
        self.denied(name, image)
        bad = self.image_at(name, image)
        self.kube.pods = [pod("ns-a", "a", bad), pod("ns-b", "b", bad)]
        self.kube.refuse["GET", "/api/v1/namespaces/ns-a/pods"] = 403
        status, out, err = self.sweep("--delete", "--repository", "mcr")
        self.assertEqual(status, 1, out + err)
        self.assertIn("ns-a: the API server has answered 403", err)
        self.assertIn("not all could be looked at", out)
        self.assertEqual([p["metadata"]["name"] for p in self.kube.pods], ["a"])
        self.kube.refuse = {("DELETE", "/api/v1/namespaces/ns-a/pods/a"): 403}
        status, out, err = self.sweep("--delete", "--namespace", "ns-a")
        self.assertEqual(status, 1, out + err)
        self.assertIn("ns-a/a: not deleted: the API server has answered 403", err)
        self.kube.refuse = {}
        self.assertNotEqual(self.sweep("--delete", "--namespace", "ns-a", ca="client-ca")[0], 0)  # another authority's
        status, out, err = self.sweep("--delete", "--namespace", "ns-a", token="wrong")
        self.assertEqual(status, 1, out + err)
        self.assertEqual(len(self.kube.pods), 1)
        self.assertEqual(self.sweep("--delete", "--namespace", "ns-a")[0], 0)
        self.assertEqual(self.kube.pods, [])

    def test_mistakes(self):
        for args in (("list", "--delete"), ("list", "--kubernetes", "https://127.0.0.1:1"), ("sweep", "--all"), ("sweep",), ("wash",), (),
                     ("sweep", "--kubernetes", self.kube.url), ("list", "sweep", "x")):
            with self.subTest(args):
                status, out, err = self.service.command("runtime", *args)
                self.assertEqual((status, out), (2, ""), err)
        for more in (("--kubernetes", self.kube.url.replace("https", "http")), ("--kubernetes-token", os.path.join(self.folder, "empty")),
                     ("--kubernetes-token", os.path.join(self.folder, "two")), ("--kubernetes-token", "/nonexistent")):
            with self.subTest(more):
                given = {"--kubernetes": self.kube.url, "--kubernetes-ca": self.certificates.pem("server-ca"),
                         "--kubernetes-token": os.path.join(self.folder, "token"), more[0]: more[1]}
                status, out, err = self.service.command("runtime", "sweep", *[w for pair in given.items() for w in pair])
                self.assertEqual((status, out), (2, ""), err)
        self.assertEqual(self.kube.asked, [])

    @unittest.skipUnless(os.geteuid() == 0, "needs root: a person's token is made by that person")
    def test_by_the_interface_for_operators(self):
        name, image = "team/over-http", images.simple("over-http")
        self.admitted(name, image, "far")
        self.denied(name, image)
        tokens = {}
        for who, role, uid in (("op", "operator", 64501), ("looker", "reviewer", 64502)):
            for words in (("user", "add", who, "--uid", str(uid)), ("group", "add", who + "s", "--role", role), ("group", "add", who + "s", who)):
                self.assertEqual(self.service.command(*words)[0], 0, words)
            status, out, err = self.service.command("token", "add", "--user", who, "--audience", "admin", uid=uid)
            tokens[who] = re.search("chp_[0-9a-f]{64}", out + err)[0]

        def get(who, query=""):
            token = tokens[who]
            request = urllib.request.Request(f"http://127.0.0.1:{self.service.admin_port}/api/v1/runtime{query}",
                                             headers={"Authorization": f"Bearer {token}"})
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as e:
                return e.code, json.load(e)
        status, body = get("op", "?namespace=far")
        self.assertEqual((status, len(body)), (200, 1), body)
        self.assertEqual(body[0]["digests"][0], image.digest)
        with urllib.request.urlopen(f"http://127.0.0.1:{self.service.admin_port}/api/v1/openapi.json", timeout=60) as answer:
            described = json.load(answer)["paths"]["/api/v1/runtime"]["get"]
        item = described["responses"]["200"]["content"]["application/json"]["schema"]["items"]
        self.assertEqual((described["operationId"], set(item["required"]), set(item["properties"])), ("listRuntime", set(body[0]), set(body[0])))
        status, body = get("looker")
        self.assertEqual(status, 403, body)
