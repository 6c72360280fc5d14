"""Images by sha512 (T15): another name of the same bytes, which are what they are by sha256. One decision is for both names."""
import hashlib
import json

from house import images
from house.containers import OfRegistry
from house.hosted import Hosted


def sha512(data):
    return "sha512:" + hashlib.sha512(data).hexdigest()


class Named:
    """A manifest whose parts are named by sha512, all of them, or those of these numbers."""

    def __init__(self, image, which=None, config=True):
        document = json.loads(image.manifest.data)
        self.by = {b.digest: b for b in image.blobs}
        parts = [*([document["config"]] if config else []), *document["layers"]]
        for i, part in enumerate(parts):
            if which is None or i in which:
                part["digest"] = sha512(self.by[part["digest"]].data)
        self.data = json.dumps(document).encode()
        self.media_type = image.manifest.media_type
        self.digest = "sha256:" + hashlib.sha256(self.data).hexdigest()


class Sha512(Hosted):
    def put(self, name, data, digest):
        location = self.begin(name)
        return self.send("PUT", location + "?digest=" + digest, data)

    def push_by_sha512(self, name, image, reference="", named=None):
        """As a client does for whom sha512 is the algorithm; the manifest by it, too, or as a tag."""
        named = named or Named(image)
        for blob in image.blobs:
            a = self.put(name, blob.data, sha512(blob.data))
            self.assertEqual(a.status, 201, a)
            self.assertEqual(a["Docker-Content-Digest"], sha512(blob.data))
            self.assertTrue(a["Location"].endswith(sha512(blob.data)), a)
        a = self.put_manifest(name, reference or sha512(named.data), named)
        self.assertEqual(a.status, 201, a)
        return named, a

    def test_pushed_and_pulled_by_it(self):
        image = images.simple("all")
        named, a = self.push_by_sha512("team/all", image)
        self.assertEqual(a["Docker-Content-Digest"], sha512(named.data))
        for kind, data in (("manifests", named.data), *(("blobs", b.data) for b in image.blobs)):
            for digest in (sha512(data), "sha256:" + hashlib.sha256(data).hexdigest()):
                for method in ("GET", "HEAD"):
                    a = self.pull("team/all", kind, digest, method)
                    self.assertEqual(a.status, 200, (kind, digest, a))
                    self.assertEqual(a["Docker-Content-Digest"], digest)  # in the words of who asks
                    self.assertEqual(a.body, data if method == "GET" else b"")
                    if kind == "manifests":
                        self.assertEqual(a["Content-Type"], named.media_type)
                self.assertEqual(self.send("HEAD", f"team/all/{kind}/{digest}").status, 200)
        a = self.pull("team/all", "blobs", sha512(image.blobs[0].data), headers={"Range": "bytes=0-3"})
        self.assertEqual((a.status, a.body), (206, image.blobs[0].data[:4]), a)

    def test_one_decision(self):
        """What is held is so by either name, for the same reason."""
        image = images.simple("evil", evil=True)
        named, _ = self.push_by_sha512("team/evil", image, "1.0")
        for kind, reference in (("manifests", "1.0"), ("manifests", named.digest),
                                *(("blobs", d(b.data)) for b in image.blobs
                                  for d in (sha512, lambda data: "sha256:" + hashlib.sha256(data).hexdigest()))):
            a = self.pull("team/evil", kind, reference)
            self.assertEqual(a.status, 403, (reference, a))
            self.assertIn("hidden-code", a.reason)

    def test_one_blob(self):
        """A layer that was pushed by sha256 and by sha512 is one, and so is one that a manifest names by both."""
        image = images.simple("both")
        for blob in image.blobs:
            self.push_blob("team/both", blob)
        layer = json.loads(image.manifest.data)["layers"][0]
        by_both = json.loads(image.manifest.data)
        data = next(b.data for b in image.blobs if b.digest == layer["digest"])
        a = self.put_manifest("team/both", "early", Named(image))
        self.is_error(a, 404, "MANIFEST_BLOB_UNKNOWN", "no bytes are known here by that digest")
        self.assertEqual(self.put("team/both", data, sha512(data)).status, 201)
        by_both["layers"].append({**layer, "digest": sha512(data)})
        named = Named(image, which=[])
        named.data = json.dumps(by_both).encode()
        self.assertEqual(self.put_manifest("team/both", "1", named).status, 201)
        a = self.pull("team/both", "manifests", "1")
        # that a layer stands there twice its configuration does not say
        self.assertEqual(a.status, 403, a)
        self.assertIn("oci-diff-id", a.reason + a.body.decode())
        named = Named(image, which=[1], config=True)
        self.assertEqual(self.put_manifest("team/both", "2", named).status, 201)
        self.assertEqual(self.pull("team/both", "manifests", "2").status, 200)
        other = {**json.loads(named.data)}
        other["layers"] = [other["layers"][0], {**layer, "mediaType": "application/vnd.oci.image.layer.v1.tar+zstd"}]
        named.data = json.dumps(other).encode()
        self.is_error(self.put_manifest("team/both", "3", named), 400, "MANIFEST_INVALID", "two media types")

    def test_a_diff_id_that_is_none(self):
        """A layer by sha512 is compared with what the configuration says of it as any other is."""
        image = images.simple("lies")
        wrong = images.simple("other")
        config = next(b for b in wrong.blobs if b.digest == json.loads(wrong.manifest.data)["config"]["digest"])
        document = json.loads(image.manifest.data)
        document["config"] = {**document["config"], "digest": sha512(config.data), "size": len(config.data)}
        for layer in document["layers"]:
            blob = next(b for b in image.blobs if b.digest == layer["digest"])
            self.assertEqual(self.put("team/lies", blob.data, sha512(blob.data)).status, 201)
            layer["digest"] = sha512(blob.data)
        self.assertEqual(self.put("team/lies", config.data, sha512(config.data)).status, 201)
        named = Named(image)
        named.data = json.dumps(document).encode()
        self.assertEqual(self.put_manifest("team/lies", "1", named).status, 201)
        a = self.pull("team/lies", "manifests", "1")
        self.assertEqual(a.status, 403, a)
        self.assertIn("oci-diff-id", a.reason + a.body.decode())

    def test_what_is_not_it(self):
        data = b"what it is not"
        a = self.put("team/wrong", data, sha512(b"another"))
        self.is_error(a, 400, "DIGEST_INVALID", sha512(data))
        self.assertEqual(self.send("HEAD", f"team/wrong/blobs/{sha512(data)}").status, 404)
        self.assertEqual(self.send("HEAD", f"team/wrong/blobs/{sha512(b'another')}").status, 404)
        image = images.simple("wrong")
        a = self.put_manifest("team/wrong", sha512(b"another"), image.manifest)
        self.is_error(a, 400, "DIGEST_INVALID")
        for digest in (sha512(data)[:-1], sha512(data).upper(), "sha512:" + "g" * 128, "blake3:" + "0" * 64):
            self.assertEqual(self.put("team/wrong", data, digest).status, 400, digest)

    def test_whose_it_is(self):
        """T24: an alias opens nothing: bytes are had where they are linked, and by who may."""
        image = images.simple("mine")
        self.push_by_sha512("team/mine", image, "1")
        for blob in image.blobs:
            a = self.pull("team/another", "blobs", sha512(blob.data))
            self.is_error(a, 404, "BLOB_UNKNOWN")
            self.assertEqual(self.send("HEAD", f"team/another/blobs/{sha512(blob.data)}").status, 404)
        a = self.put_manifest("team/another", "1", Named(image))
        self.is_error(a, 404, "MANIFEST_BLOB_UNKNOWN", "was not pushed under this name before")
        for data in (b"alone", b"", b"{}"):
            self.assertEqual(self.put("team/unlinked", data, sha512(data)).status, 201)
            for token in (None, self.token):
                self.is_error(self.pull("team/unlinked", "blobs", sha512(data), token=token), 404, "BLOB_UNKNOWN")
            self.assertEqual(self.send("HEAD", f"team/unlinked/blobs/{sha512(data)}").status, 200)

    def test_mounted_and_deleted(self):
        image = images.simple("moved")
        self.push_by_sha512("team/from", image, "1")
        self.assertEqual(self.pull("team/from", "manifests", "1").status, 200)
        digest = sha512(image.blobs[0].data)
        a = self.send("POST", f"team/to/blobs/uploads/?mount={digest}&from=apps/team/from", b"")
        self.assertEqual(a.status, 201, a)
        self.assertEqual(a["Docker-Content-Digest"], digest)
        a = self.send("POST", f"team/to/blobs/uploads/?mount={sha512(b'never')}&from=apps/team/from", b"")
        self.assertEqual(a.status, 202, a)
        self.assertEqual(self.send("DELETE", f"team/to/blobs/{digest}").status, 202)
        self.assertEqual(self.send("HEAD", f"team/to/blobs/{digest}").status, 404)
        named, _ = self.push_by_sha512("team/gone", image)
        self.assertEqual(self.send("DELETE", f"team/gone/manifests/{sha512(named.data)}").status, 202)
        self.assertEqual(self.pull("team/gone", "manifests", named.digest).status, 404)
        self.assertEqual(self.pull("team/gone", "manifests", sha512(named.data)).status, 404)

    def test_it_outlives_a_restart(self):
        image = images.simple("kept")
        named, _ = self.push_by_sha512("team/kept", image)
        self.assertEqual(self.pull("team/kept", "manifests", sha512(named.data)).status, 200)
        self.service.stop()
        self.service.start()
        self.assertEqual(self.pull("team/kept", "manifests", sha512(named.data)).status, 200)


class Mirrored(OfRegistry):
    """Of bytes that nobody pushed here by sha512 nothing is known by it: an image of an upstream that names its parts so is
    refused, in words, and is nobody's by sha256 either."""
    @classmethod
    def fill(cls):
        cls.make_registry()
        cls.image = images.simple("theirs")
        named = Named(cls.image)
        cls.image.manifest = images.Blob(cls.image.media_type, named.data)
        cls.registry.push("team/theirs", "1", cls.image)

    def test_refused_in_words(self):
        for reference in ("1", self.image.digest):
            a = self.ask("team/theirs", "manifests", reference)
            self.assertIn(a.status, (502, 503, 504), a)
            self.assertIn("no bytes are known here by that digest", a.body.decode())
        for blob in self.image.blobs:
            self.assertEqual(self.ask("team/theirs", "blobs", sha512(blob.data)).status, 404)
            self.assertNotEqual(self.ask("team/theirs", "blobs", blob.digest).status, 200)
