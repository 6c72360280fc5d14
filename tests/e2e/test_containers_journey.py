"""What the containers' parts are for, in one go: an image is pushed, passes, is signed, verified, let through by the gate and
admitted by the cluster's webhook; a bad one is refused by each of them, taken away, and the log has all of it."""
import base64
import json
import os
import re
import shutil
import subprocess
import tempfile

from house import cluster, cosign, images, people
from house.cluster import ApiServer, pod_spec, review
from house.container_clients import Crane, Skopeo
from house.hosted import Hosted, basic
from house.service import BIN, free_port
from test_containers_push_clients import layout


class Journey(Hosted):
    admin = True

    @classmethod
    def fill(cls):
        cls.folder = tempfile.mkdtemp(prefix="ch-journey-")
        os.chmod(cls.folder, 0o755)
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.certificates = cluster.Certificates(cls.folder)
        cls.admission_port = free_port()

    @classmethod
    def configure(cls, text):
        keys = (f"admission:\n  address: 127.0.0.1:{cls.admission_port}\n  tls_certificate: {cls.certificates.pem('server')}\n"
                f"  tls_key: {cls.certificates.key('server')}\n  client_ca: {cls.certificates.pem('client-ca')}\n"
                f"  client_name: {cluster.API_SERVER}\n")
        return re.sub(r"(?m)^admission:$\n", keys, super().configure(text), count=1)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api = ApiServer(cls.certificates, cls.admission_port)

    def pushed(self, name, image):
        with Skopeo() as client:
            status, text = client.run([client.program, *client.options, "copy", "--retry-times", "0", "--dest-tls-verify=false",
                                       "--preserve-digests", "--dest-creds", f"ci:{self.token}", f"oci:{layout(client, image)}:1",
                                       f"docker://{self.host}/{name}:1.0"])
        self.assertEqual(status, 0, text)

    def pulled(self, name):
        with Skopeo() as client:
            return client.copy(f"{self.host}/{name}:1.0", "to")

    def verified(self, version, name, image):
        return cosign.verify_image(version, self.service, f"{self.host}/{name}@{image.digest}")

    def crane_delete(self, name, reference):
        """skopeo would read the manifest before, which nobody may."""
        with Crane() as client:
            client.write(".docker/config.json", json.dumps({"auths": {f"127.0.0.1:{self.service.port}": {"auth": basic(self.token)[6:]}}}))
            client.env["DOCKER_CONFIG"] = client.path(".docker")
            return client.crane("delete", f"{self.host}/{name}{'@' if ':' in reference else ':'}{reference}")

    def admitted(self, name, image):
        return self.api.ask(review("Deployment", pod_spec(f"{self.host}/{name}@{image.digest}")))

    def logged(self, *query):
        status, out, err = self.service.command("audit", "search", *query)
        self.assertEqual(status, 0, err)
        return out

    def test_a_good_one_arrives(self):
        name, image = "team/app", images.simple("app", images.FORMS)
        self.pushed(name, image)
        status, out, err = self.service.command("gate", f"{name}:1.0", "--wait", "120")
        self.assertEqual((status, err), (0, ""), out)
        self.assertIn(f"{name}:1.0 in apps (prod): passed, for linux/amd64, as {name}@{image.digest}\n", out)
        status, text = self.pulled(name)
        self.assertEqual(status, 0, text)
        response = self.admitted(name, image)
        self.assertTrue(response["allowed"], response)
        for kind in ("pushed", "decision", "attestation"):
            self.assertIn(image.digest[7:], self.logged("--kind", kind), kind)
        self.assertEqual(self.logged("--kind", "image-signature").count('"form":"cosign"'), 1)
        self.assertEqual(self.service.command("audit", "verify")[0], 0)
        for version in ("2.5.3", "3.1.2"):
            with self.subTest(cosign=version):
                status, text = self.verified(version, name, image)
                self.assertEqual(status, 0, text)
                self.assertIn("The signatures were verified against the specified public key", text)
        # and what is denied later is nowhere any more
        status, out, err = self.service.command("deny", f"oci:{name}=={image.digest}", "--reason", "it was built of the wrong branch")
        self.assertEqual(status, 0, out + err)
        self.assertEqual(self.service.command("gate", f"{name}:1.0")[0], 1)
        self.assertIn("it was built of the wrong branch", self.admitted(name, image)["status"]["message"])
        self.assertNotEqual(self.pulled(name)[0], 0)
        for version in ("2.5.3", "3.1.2"):
            with self.subTest(cosign=version):
                self.assertNotEqual(self.verified(version, name, image)[0], 0)

    def test_a_bad_one_does_not(self):
        name, image = "team/bad", images.simple("bad", evil=True)
        self.pushed(name, image)
        status, out, err = self.service.command("gate", f"{name}:1.0", "--wait", "120")
        self.assertEqual((status, err), (1, ""), out)
        for words in (f"{name}:1.0 in apps (prod): NOT PASSED", "hidden-code", "  policy: ", "proof that it is in the log:"):
            self.assertIn(words, out)
        status, text = self.pulled(name)
        self.assertNotEqual(status, 0)
        self.assertIn("hidden-code", text)
        response = self.admitted(name, image)
        self.assertIs(response["allowed"], False, response)
        self.assertIn(f"image {self.host}/{name}@{image.digest}: ", response["status"]["message"])
        for reference in ("1.0", image.digest):
            status, text = self.crane_delete(name, reference)
            self.assertEqual(status, 0, text)
        self.assertEqual(status, 0, text)
        for kind, reference, _ in self.routes("1.0", image):
            with self.subTest(f"{kind} {reference}"):
                self.assertEqual(self.pull(name, kind, reference).status, 404)
        response = self.admitted(name, image)
        self.assertIs(response["allowed"], False, response)
        self.assertEqual(self.logged("--kind", "pushed").count(image.digest[7:]), 3)  # that it came, and tag and manifest went
        self.assertIn(image.digest[7:], self.logged("--kind", "decision"))
        self.assertEqual(self.service.command("audit", "verify")[0], 0)

    def by_token(self, token, *args):
        done = subprocess.run([os.path.join(BIN, "customhouse"), "gate", "--server", f"http://127.0.0.1:{self.service.admin_port}", *args],
                              capture_output=True, text=True, timeout=180, env=dict(os.environ, CUSTOMHOUSE_TOKEN=token))
        return done.returncode, done.stdout + done.stderr

    def admin_token(self, name, uid, *roles):
        people.person(self.service, name, *roles, uid=uid)
        status, out, err = self.service.command("token", "add", "--user", name, "--audience", "admin", uid=uid)
        self.assertEqual(status, 0, err)
        return re.search("chp_[0-9a-f]{64}", out + err)[0]

    def test_what_is_denied_is_discarded(self):
        """By the pipeline that had it judged; what is only held stays, and so does what is known of both."""
        pipeline = self.admin_token("pipeline", 64421, "reviewer/apps", "publisher/apps")
        looker = self.admin_token("looker", 64422, "reviewer/apps")
        name, image = "team/doomed", images.simple("doomed")
        self.push(name, "1.0", image)
        self.push(name, "latest", image)
        status, text = self.by_token(pipeline, f"{name}:1.0", "--wait", "120", "--discard")
        self.assertEqual(status, 0, text)  # what passes stays
        self.assertNotIn("discarded", text)
        self.assertEqual(self.service.command("deny", f"oci:{name}=={image.digest}", "--reason", "built of the wrong branch")[0], 0)
        with self.subTest("who has no right to"):
            status, text = self.by_token(looker, f"{name}:1.0", "--discard")
            self.assertEqual(status, 3, text)
            self.assertIn("image.delete", text)
        self.assertEqual(self.send("HEAD", f"{name}/manifests/1.0").status, 200)
        status, text = self.by_token(pipeline, f"{name}:1.0", "--discard")
        self.assertEqual(status, 1, text)
        for words in (f"{name}:1.0 in apps (prod): NOT PASSED, denied", "built of the wrong branch", "proof that it is in the log:",
                      f"discarded: {name}@{image.digest} is gone from apps, with all tags of it"):
            self.assertIn(words, text)
        for reference in ("1.0", "latest", image.digest):
            self.assertEqual(self.send("HEAD", f"{name}/manifests/{reference}").status, 404, reference)
        self.assertEqual(json.loads(self.send("GET", f"{name}/tags/list").body)["tags"], [])
        [entry] = [json.loads(line[line.index("{"):]) for line in self.logged("--kind", "pushed").splitlines() if "denied_by" in line]
        self.assertEqual((entry["entry"]["change"], entry["entry"]["sha256"], entry["clear"]["by"]),
                         ("manifest-gone", image.digest[7:], "user:pipeline"))
        self.assertIn(f'"index":{entry["entry"]["denied_by"]},', self.logged("--kind", "decision"))
        self.assertIn(image.digest[7:], self.logged("--kind", "decision"))
        status, text = self.by_token(pipeline, f"{name}:1.0", "--discard", "--json")
        self.assertEqual((status, json.loads(text)["images"][0]["discarded"]), (1, []), text)
        with self.subTest("what is held stays"):
            held = images.simple("onlyheld", evil=True)
            self.push("team/onlyheld", "1.0", held)
            status, text = self.by_token(pipeline, "team/onlyheld:1.0", "--wait", "120", "--discard")
            self.assertEqual(status, 1, text)
            self.assertIn("not discarded: it is held, and only what is denied is discarded", text)
            self.assertEqual(self.send("HEAD", "team/onlyheld/manifests/1.0").status, 200)
        with self.subTest("an index goes with the image in it that is denied, and no other"):
            good, bad = images.simple("goodchild"), images.simple("badchild", architecture="arm64")
            both = images.index([good, bad])
            self.push("team/both", "1.0", both)
            self.assertEqual(self.by_token(pipeline, "team/both:1.0", "--platform", "all", "--wait", "120")[0], 0)
            self.assertEqual(self.service.command("deny", f"oci:team/both=={bad.digest}", "--reason", "no")[0], 0)
            status, text = self.by_token(pipeline, "team/both:1.0", "--platform", "all", "--discard", "--json")
            self.assertEqual(status, 1, text)
            self.assertEqual(json.loads(text)["images"][0]["discarded"], [f"team/both@{both.digest}", f"team/both@{bad.digest}"], text)
            for digest, expected in ((both.digest, 404), (bad.digest, 404), (good.digest, 200)):
                self.assertEqual(self.send("HEAD", f"team/both/manifests/{digest}").status, expected)
        self.assertEqual(self.service.command("audit", "verify")[0], 0)

    def test_a_tag_is_what_was_pushed_last(self):
        """A cluster that asks as soon as a push has ended is told of what was pushed, and of nothing before it."""
        name, first = "team/moved", images.simple("moved")
        self.push(name, "1.0", first)
        self.assertEqual(self.service.command("gate", f"{name}:1.0", "--wait", "120")[0], 0)
        tag = f"{self.host}/{name}:1.0"

        def pinned():
            response = self.api.ask(review("Pod", pod_spec(tag)), path="/k8s/mutate")
            return base64.b64decode(response["patch"]).decode() if response["allowed"] else ""
        self.assertIn(first.digest, pinned())
        for at in range(5):
            self.push(name, "1.0", images.simple(f"moved{at}"))
            self.assertNotIn(first.digest, pinned())
        status, text = self.crane_delete(name, "1.0")
        self.assertEqual(status, 0, text)
        self.assertEqual(pinned(), "")
        self.assertTrue(self.admitted(name, first)["allowed"])
        status, text = self.crane_delete(name, first.digest)
        self.assertEqual(status, 0, text)
        self.assertIs(self.admitted(name, first)["allowed"], False)
