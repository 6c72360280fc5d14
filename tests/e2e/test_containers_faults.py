"""What registries get wrong, on purpose or not: no byte passes that is not what its digest says, and the fetcher goes nowhere
that the configuration does not name."""
import json

from house import images, registry
from house.container_clients import Skopeo
from house.containers import OfRegistry


class Lies(OfRegistry):
    @classmethod
    def fill(cls):
        cls.make_registry()
        cls.control = images.simple("control")
        cls.registry.push("team/control", "1.0", cls.control)

    def setUp(self):
        """What does not lie is served: else nothing here would say anything."""
        self.registry.behave = lambda method, path: None
        a = self.ask("team/control", "manifests", "1.0")
        self.assertEqual((a.status, a.body), (200, self.control.manifest.data), a)

    def tearDown(self):
        self.registry.behave = lambda method, path: None
        super().tearDown()

    def pushed(self, name, **kw):
        image = images.simple(name, **kw)
        self.registry.push(f"team/{name}", "1.0", image)
        return image

    def answers(self, ending, answer):
        self.registry.behave = lambda method, path: answer if path.partition("?")[0].endswith(ending) else None

    def never_served(self, name, image, words, status=(403, 404, 502, 503)):
        """By no route, tag or digest; the manifest's refusal says what is wrong."""
        a = self.ask(f"team/{name}", "manifests", "1.0")
        self.assertIn(words, a.reason + a.body.decode())
        for kind, reference in [("manifests", "1.0"), ("manifests", image.digest),
                                *(("blobs", blob.digest) for blob in image.blobs)]:
            with self.subTest(reference):
                a = self.ask(f"team/{name}", kind, reference)
                self.assertIn(a.status, status, a)
        with Skopeo() as skopeo:
            code, text = skopeo.copy(f"{self.host}/team/{name}:1.0", "to")
            self.assertNotEqual(code, 0, text)

    def test_a_blob_of_other_bytes(self):
        image = self.pushed("otherbytes")
        other = images.layer({"etc/other": b"x" * 300})[0].data
        self.answers(image.layers[0].digest, lambda h: registry.send(h, 200, "application/octet-stream", other))
        self.never_served("otherbytes", image, "finding size-mismatch")

    def test_a_blob_of_the_size_but_other_bytes(self):
        image = self.pushed("samesize")
        data = bytearray(image.layers[0].data)
        data[-1] ^= 1
        self.answers(image.layers[0].digest, lambda h: registry.send(h, 200, "application/octet-stream", bytes(data)))
        self.never_served("samesize", image, "hash-mismatch")

    def test_a_blob_that_is_cut(self):
        image = self.pushed("cut")
        self.answers(image.layers[0].digest, lambda h: registry.cut(h, image.layers[0].data))
        self.never_served("cut", image, "bytes remaining to read")

    def test_a_blob_that_is_gone(self):
        image = self.pushed("gone")
        self.answers(image.layers[0].digest, lambda h: registry.send(h, 404, "application/json",
                                                                     registry.json_error("BLOB_UNKNOWN", "gone")))
        self.never_served("gone", image, "answered 404")

    def test_a_manifest_of_another_digest(self):
        """Asked for by digest, it says another document, with a header that says otherwise."""
        image, other = self.pushed("wrongdigest"), images.simple("other")
        self.answers(image.digest, lambda h: registry.send(h, 200, other.media_type, other.manifest.data,
                                                           [("Docker-Content-Digest", image.digest)]))
        self.never_served("wrongdigest", image, "was expected, the bytes are sha256:")

    def test_a_manifest_of_the_wrong_type(self):
        """It is read as what who sends it calls it, and refused when it says something else itself."""
        for i, (kind, words) in enumerate(((images.OCI_INDEX, "oci-ambiguous"), (images.DOCKER_MANIFEST, "oci-ambiguous"),
                                           ("text/html", "answered 200 with text/html"), ("application/json", "tags"))):
            with self.subTest(kind):
                image = self.pushed(f"wrongtype{i}")
                self.answers(f"/wrongtype{i}/manifests/" + image.digest,
                             lambda h: registry.send(h, 200, kind, image.manifest.data))
                self.never_served(f"wrongtype{i}", image, words)

    def test_a_layer_of_another_size(self):
        """The manifest states a size that the blob has not."""
        good = images.simple("stated")
        text = json.loads(good.manifest.data)
        text["layers"][0]["size"] += 1
        bad = images.Image(images.document(images.OCI_MANIFEST, text), good.config, good.layers, good.platform)
        self.registry.push("team/stated", "1.0", bad)
        self.never_served("stated", bad, "finding size-mismatch")

    def test_without_a_digest_header(self):
        image = self.pushed("silent")
        self.registry.says_digest = False
        self.addCleanup(setattr, self.registry, "says_digest", True)
        self.is_served("team/silent", "1.0", image)

    def test_schema_1(self):
        """Dead, and without digests of its own."""
        body = json.dumps({"schemaVersion": 1, "name": "team/first", "tag": "1.0", "fsLayers": [], "history": []}).encode()
        self.answers("/team/first/manifests/1.0", lambda h: registry.send(
            h, 200, "application/vnd.docker.distribution.manifest.v1+prettyjws", body))
        a = self.ask("team/first", "manifests", "1.0")
        self.assertIn(a.status, (403, 404, 502), a)

    def test_too_many_requests(self):
        """A registry's 429 is not the client's: it would wait in silence (protocols 7.1)."""
        image = self.pushed("busy")
        self.answers("/team/busy/manifests/1.0", lambda h: registry.send(
            h, 429, "application/json", registry.json_error("TOOMANYREQUESTS", "slow down"), [("Retry-After", "3600")]))
        a = self.ask("team/busy", "manifests", "1.0")
        self.assertIn(a.status, (403, 502, 503), a)
        self.assertIn("429", a.reason)
        self.registry.behave = lambda method, path: None
        del image


class Down(OfRegistry):
    """A registry that fails between a tag and what it stands for."""
    @classmethod
    def fill(cls):
        cls.make_registry()

    def test_it_is_told_and_nothing_ends(self):
        image = images.simple("down")
        self.registry.push("team/down", "1.0", image)
        failed = [False]
        self.registry.behave = lambda method, path: (
            (lambda h: registry.send(h, 500, "application/json", b"{}")) if failed[0] or image.digest in path else None)
        self.addCleanup(setattr, self.registry, "behave", lambda method, path: None)
        self.assertIn(self.ask("team/down", "manifests", "1.0").status, (502, 504))
        failed[0] = True
        names = iter(range(12))
        while not any("down=1" in line for line in self.service.log_lines):
            self.assertGreaterEqual(self.ask(f"team/other{next(names)}", "manifests", "1").status, 500)
        for _ in range(3):
            a = self.ask("team/down", "manifests", "1.0")
            self.assertIn(a.status, (502, 504), a)
            self.assertIn("500", a.reason)
        self.assertFalse([line for line in self.service.log_lines if "signal=" in line])

    def test_a_head_is_no_decision(self):
        """What GET would wait for, HEAD does not say before."""
        image = images.simple("refused", evil=True)
        self.registry.push("team/refused", "1.0", image)
        self.assertEqual(self.ask("team/refused", "manifests", "1.0", method="HEAD").status, 403)


class Elsewhere(OfRegistry):
    """Blobs by a redirect to another host, and tokens from there."""
    @classmethod
    def fill(cls):
        cls.make_registry()
        cls.files = registry.Files(cls.registry)
        cls.addClassCleanup(cls.files.close)
        cls.strange = registry.Files(cls.registry)
        cls.addClassCleanup(cls.strange.close)
        cls.file_hosts = (f"localhost:{cls.files.port}",)

    def setUp(self):
        self.registry.redirect = self.registry.token_realm = None
        self.files.asked.clear()
        self.strange.asked.clear()
        self.registry.asked.clear()

    def test_a_listed_host(self):
        image = images.simple("elsewhere")
        self.registry.push("team/elsewhere", "1.0", image)
        self.registry.redirect = self.files.url
        self.is_served("team/elsewhere", "1.0", image)
        self.assertEqual(sorted(path.partition("?")[0] for _, path, _ in self.files.asked),
                         sorted("/data/" + blob.digest for blob in image.blobs))
        self.assertEqual([h["Authorization"] for _, _, h in self.files.asked], [None] * len(image.blobs))
        for _, _, headers, _ in [self.service.get("/v2/mcr/team/elsewhere/blobs/" + image.layers[0].digest)]:
            self.assertIsNone(headers["Location"])

    def test_a_host_that_is_not_listed(self):
        image = images.simple("strange")
        self.registry.push("team/strange", "1.0", image)
        self.registry.redirect = self.strange.url
        a = self.ask("team/strange", "manifests", "1.0")
        self.assertIn(a.status, (403, 502, 503), a)
        self.assertEqual(self.strange.asked, [])
        self.assertNotIn("s3cret", self.service.log() + a.reason)

    def test_a_token(self):
        image = images.simple("token")
        self.registry.push("team/token", "1.0", image)
        self.registry.redirect, self.registry.token_realm = self.files.url, self.files.url + "/token"
        self.is_served("team/token", "1.0", image)
        tokens = [path for _, path, _ in self.files.asked if path.startswith("/token?")]
        self.assertEqual(tokens, ["/token?service=house%20registry&scope=repository%3Ateam%2Ftoken%3Apull"])
        self.assertEqual([h["Authorization"] for _, path, h in self.files.asked], [None] * len(self.files.asked))
        kept = self.registry.tokens | {"Bearer"}
        everything = self.service.log() + json.dumps(self.service.access_log())
        for token in kept:
            self.assertNotIn(token, everything)

    def test_a_token_of_a_strange_host(self):
        self.registry.push("team/stranger", "1.0", images.simple("stranger"))
        self.registry.token_realm = self.strange.url + "/token"
        a = self.ask("team/stranger", "manifests", "1.0")
        self.assertIn(a.status, (403, 502, 503), a)
        self.assertEqual(self.strange.asked, [])
