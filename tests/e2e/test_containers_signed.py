"""What is signed of images: cosign verifies it, by the tag of its second version and by the bundles of its third; other
clients find it as referrers. What is not approved, or no longer, has no signature, and nothing of that kind comes from an
upstream (T19, T23)."""
import base64
import json
import os
import re
import shutil
import tempfile
import unittest

from house import cosign, images, raw
from house.container_clients import Crane, Oras, Podman, Skopeo
from house.containers import OfRegistry

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNED = "https://sigstore.dev/cosign/sign/v1"
VSA = "https://slsa.dev/verification_summary/v1"
SCAN = "https://in-toto.io/attestation/test-result/v0.1"
CYCLONEDX = "https://cyclonedx.org/bom"
SPDX = "https://spdx.dev/Document"
FORMS = (("2.5.3", ()), ("3.1.2", ()), ("3.1.2", ("--new-bundle-format=false",)))


def of_bundles(version, options):
    return version.startswith("3.") and not options


class OfSigned(OfRegistry):
    """A repository of production and one of preproduction, of the same upstream."""

    @classmethod
    def configure(cls, text):
        return re.sub(r"(?m)^repositories:\n", "repositories:\n  - name: lab\n    ecosystem: oci\n"
                      "    upstreams: [registry]\n    environment: preprod\n", super().configure(text), count=1)

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="ch-signed-")
        self.addCleanup(shutil.rmtree, self.dir)

    def key(self, purpose):
        a = self.service.ask(f"/-/keys/{purpose}.pem")
        self.assertEqual(a.status, 200, a)
        path = os.path.join(self.dir, purpose + ".pem")
        with open(path, "wb") as f:
            f.write(a.body)
        return path

    def pulled(self, name, image, reference="1.0"):
        for manifest in [image.manifest, *getattr(image, "images", [])]:
            found = getattr(manifest, "manifest", manifest)
            self.assertEqual(self.ask(name, "manifests", found.digest).status, 200)
        self.assertEqual(self.ask(name, "manifests", reference).status, 200)

    def tag(self, image, ending=".sig"):
        return image.digest.replace(":", "-") + ending

    def signature(self, name, image):
        return self.ask(name, "manifests", self.tag(image))

    def referrers(self, name, image, query=""):
        a = self.ask(name, "referrers", image.digest + query)
        self.assertEqual((a.status, a["Content-Type"]), (200, INDEX), a)
        return json.loads(a.body)["manifests"]

    def cosign(self, version, command, key, reference, *options):
        cosign.need(version)
        return cosign.run(version, self.dir, command, "--key", key, "--insecure-ignore-tlog", "--allow-http-registry",
                          *options, f"{self.host}/{reference}")

    def unsigned(self, name, image, words, reference=None):
        """Each cosign, with each of its forms: by digest, so that nothing but the signature is missing."""
        for version, options in FORMS:
            with self.subTest(cosign=version, options=options):
                status, text = self.cosign(version, "verify", self.key("approve-prod-image"),
                                           reference or f"{name}@{image.digest}", *options)
                self.assertNotEqual(status, 0, text)
                self.assertIn(words, text)


class Signed(OfSigned):
    @classmethod
    def fill(cls):
        cls.make_registry()
        cls.good = images.simple("good", images.FORMS)
        cls.evil = images.simple("evil", evil=True)
        cls.ended = images.simple("ended")
        cls.many = images.index([images.simple("many", architecture=a) for a in ("amd64", "arm64")])
        cls.half = images.index([images.simple("half"), images.simple("half", architecture="arm64", evil=True)])
        for name in ("good", "evil", "ended", "many", "half"):
            cls.registry.push(f"team/{name}", "1.0", getattr(cls, name))

    def test_the_keys(self):
        names = {k["purpose"] for k in json.loads(self.service.ask("/-/keys/").body)["keys"]}
        self.assertEqual(names, {"approve-prod-file", "approve-preprod-file", "approve-prod-image", "approve-preprod-image",
                                 "token", "evidence", "log"})
        status, out, err = self.service.command("keys", "list")
        self.assertEqual(status, 0, err)
        for name in names:
            self.assertIn(name, out)

    def test_every_byte(self):
        self.pulled("team/good", self.good)
        a = self.signature("team/good", self.good)
        self.assertEqual((a.status, a["Content-Type"]), (200, MANIFEST), a)
        self.assertEqual(a["Docker-Content-Digest"], images.digest_of(a.body))
        head = self.ask("team/good", "manifests", self.tag(self.good), method="HEAD")
        self.assertEqual((head.status, head["Content-Length"], head["Docker-Content-Digest"]),
                         (200, str(len(a.body)), a["Docker-Content-Digest"]))
        layer, = json.loads(a.body)["layers"]
        self.assertEqual((layer["mediaType"], list(layer["annotations"])),
                         (PAYLOAD, ["dev.cosignproject.cosign/signature"]))
        payload = json.loads(self.same_everywhere("blobs", layer))
        self.assertEqual(payload, {"critical": {"identity": {"docker-reference": f"{self.host}/team/good"},
                                                "image": {"docker-manifest-digest": self.good.digest},
                                                "type": "cosign container image signature"}, "optional": None})
        config = json.loads(self.same_everywhere("blobs", json.loads(a.body)["config"]))
        self.assertEqual(config["rootfs"]["diff_ids"], [layer["digest"]])
        again = self.ask("team/good", "manifests", a["Docker-Content-Digest"])
        self.assertEqual((again.status, again.body), (200, a.body))

        listed = self.referrers("team/good", self.good)
        kinds = [m["annotations"]["dev.sigstore.bundle.predicateType"] for m in listed]
        self.assertEqual(kinds, [SIGNED, VSA, SCAN, CYCLONEDX, SPDX])
        fallback = self.ask("team/good", "manifests", self.tag(self.good, ""))
        self.assertEqual((fallback.status, fallback["Content-Type"]), (200, INDEX))
        self.assertEqual(json.loads(fallback.body)["manifests"], listed)
        for m, kind in zip(listed, kinds):
            self.assertEqual(m["artifactType"], BUNDLE)
            manifest = json.loads(self.same_everywhere("manifests", m))
            self.assertEqual(manifest["artifactType"], BUNDLE)
            self.assertEqual(manifest["subject"], {"mediaType": MANIFEST, "digest": self.good.digest,
                                                   "size": len(self.good.manifest.data)})
            self.assertEqual(self.same_everywhere("blobs", manifest["config"]), b"{}")
            bundle = json.loads(self.same_everywhere("blobs", manifest["layers"][0]))
            statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
            self.assertEqual(statement["predicateType"], kind)
            self.assertEqual([s["digest"]["sha256"] for s in statement["subject"]], [self.good.digest.removeprefix("sha256:")])
        self.assertEqual(self.referrers("team/good", self.good, "?artifactType=" + BUNDLE.replace("+", "%2B")), listed)
        a = self.ask("team/good", "referrers", self.good.digest + "?artifactType=application/spdx%2Bjson")
        self.assertEqual((a.status, json.loads(a.body)["manifests"], a["OCI-Filters-Applied"]), (200, [], "artifactType"))
        self.assertEqual(self.referrers("team/nobody", self.good), [])

    def same_everywhere(self, kind, descriptor):
        """By GET and HEAD under its digest; under another name it is not there (T24)."""
        a = self.ask("team/good", kind, descriptor["digest"])
        self.assertEqual((a.status, len(a.body), images.digest_of(a.body)), (200, descriptor["size"], descriptor["digest"]), a)
        head = self.ask("team/good", kind, descriptor["digest"], method="HEAD")
        self.assertEqual((head.status, head["Content-Length"]), (200, str(descriptor["size"])))
        self.assertEqual(head["Docker-Content-Digest"], descriptor["digest"])
        self.assertEqual(self.ask("team/other", kind, descriptor["digest"]).status, 404)
        return a.body

    def test_what_the_statements_say(self):
        self.pulled("team/good", self.good)
        said = {}
        for m in self.referrers("team/good", self.good):
            manifest = json.loads(self.ask("team/good", "manifests", m["digest"]).body)
            bundle = json.loads(self.ask("team/good", "blobs", manifest["layers"][0]["digest"]).body)
            statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
            said[statement["predicateType"]] = (bundle["verificationMaterial"]["publicKey"]["hint"], statement)
        hint, vsa = said[VSA]
        self.assertTrue(hint.startswith("approve-prod-image-"), hint)
        self.assertEqual(vsa["predicate"]["resourceUri"],
                         f"pkg:oci/good@{self.good.digest.replace(':', '%3A')}?environment=prod&repository_url="
                         + f"{self.host}/team/good".replace(":", "%3A").replace("/", "%2F"))
        self.assertEqual((vsa["predicate"]["verificationResult"], vsa["predicate"]["verifiedLevels"]),
                         ("PASSED", ["GW_SCANNED", "GW_ENV_PROD"]))
        hint, scan = said[SCAN]
        self.assertTrue(hint.startswith("evidence-"), hint)
        self.assertEqual(scan["predicate"]["result"], "PASSED")
        tests = [t.split() for t in scan["predicate"]["passedTests"]]
        self.assertEqual({t[1] for t in tests}, {self.good.digest, *(b.digest for b in self.good.blobs)})
        for _, _, _, evidence in tests:
            a = self.service.ask(f"/-/evidence/sha256/{evidence.removeprefix('sha256:')}")
            self.assertEqual((a.status, images.digest_of(a.body)), (200, evidence))
        # beside other attestations of these bytes: one for each repository that has it
        a = self.service.ask(f"/-/attestations/sha256/{self.good.digest.removeprefix('sha256:')}/")
        files = [x["files"] for x in json.loads(a.body)["attestations"] if x["environment"] == "prod"]
        self.assertEqual([[f.split(".", 1)[1] for f in x] for x in files], [["vsa.json", "vsa.sigstore.json", "cdx.json", "spdx.json", "cdx.sigstore.json",
                                                                             "spdx.sigstore.json"]])

    def test_cosign_verifies(self):
        self.pulled("team/good", self.good)
        key = self.key("approve-prod-image")
        for version, options in FORMS:
            for reference in ("team/good:1.0", f"team/good@{self.good.digest}"):
                with self.subTest(cosign=version, options=options, reference=reference):
                    status, text = self.cosign(version, "verify", key, reference, *options)
                    self.assertEqual(status, 0, text)
                    bundles = of_bundles(version, options)
                    self.assertIn(f"\nVerification for {self.host}/{reference} --\n"
                                  "The following checks were performed on each of these signatures:\n"
                                  "  - The cosign claims were validated\n"
                                  + ("  - Existence of the claims in the transparency log was verified offline\n" if bundles else "")
                                  + "  - The signatures were verified against the specified public key\n", text)
                    told = json.loads(re.search(r"(?m)^\[.*\]$", text).group(0))
                    self.assertEqual({t["critical"]["image"]["docker-manifest-digest"] for t in told}, {self.good.digest})
                    self.assertEqual([t["critical"]["type"] for t in told],
                                     [SIGNED, VSA] if bundles else ["cosign container image signature"])

    def test_no_other_key_verifies(self):
        self.pulled("team/good", self.good)
        for purpose in ("approve-preprod-image", "approve-prod-file", "approve-preprod-file", "evidence"):
            for version, options in FORMS:
                with self.subTest(key=purpose, cosign=version, options=options):
                    status, text = self.cosign(version, "verify", self.key(purpose), "team/good:1.0", *options)
                    if purpose == "evidence" and of_bundles(version, options):
                        # cosign 3 takes any statement for a signature (README): these say what was found, no more
                        told = json.loads(re.search(r"(?m)^\[.*\]$", text).group(0))
                        self.assertEqual([t["critical"]["type"] for t in told], [SCAN, CYCLONEDX, SPDX])
                        continue
                    self.assertNotEqual(status, 0, text)
                    self.assertIn("Error: no matching attestations: failed to verify signature: could not verify envelope: "
                                  "accepted signatures do not match threshold, Found: 0, Expected 1"
                                  if of_bundles(version, options) else
                                  "Error: no matching signatures: invalid signature when validating ASN.1 encoded signature",
                                  text)

    def test_another_environment_has_its_own(self):
        self.assertEqual(raw.ask(self.service.port, "/v2/lab/team/good/manifests/1.0", {}, timeout=60).status, 200)
        for version, options in FORMS:
            with self.subTest(cosign=version, options=options):
                for purpose, good in (("approve-preprod-image", True), ("approve-prod-image", False)):
                    cosign.need(version)
                    status, text = cosign.run(version, self.dir, "verify", "--key", self.key(purpose), "--insecure-ignore-tlog",
                                              "--allow-http-registry", *options,
                                              f"127.0.0.1:{self.service.port}/lab/team/good:1.0")
                    self.assertEqual(status == 0, good, text)

    def test_attestations(self):
        self.pulled("team/good", self.good)
        for version, purpose, name, kind in (
                ("2.5.3", "approve-prod-image", VSA, VSA), ("3.1.2", "approve-prod-image", VSA, VSA), ("3.1.2", "evidence", SCAN, SCAN),
                ("2.5.3", "evidence", "cyclonedx", CYCLONEDX), ("3.1.2", "evidence", "cyclonedx", CYCLONEDX),
                ("2.5.3", "evidence", "spdxjson", SPDX), ("3.1.2", "evidence", "spdxjson", SPDX)):
            with self.subTest(cosign=version, kind=kind):
                status, text = self.cosign(version, "verify-attestation", self.key(purpose), "team/good:1.0", "--type", name)
                self.assertEqual(status, 0, text)
                envelope = json.loads(re.search(r'(?m)^\{"payload.*\}$', text).group(0))
                statement = json.loads(base64.b64decode(envelope["payload"]))
                self.assertEqual(statement["predicateType"], kind)
                other = self.key("approve-preprod-image")
                self.assertNotEqual(self.cosign(version, "verify-attestation", other, "team/good:1.0", "--type", name)[0], 0)

    def test_a_refused_image_has_none(self):
        self.assertEqual(self.ask("team/evil", "manifests", "1.0").status, 403)
        a = self.signature("team/evil", self.evil)
        self.assertEqual(a.status, 404, a)
        self.assertIn("It is not signed: part: its layer sha256:", json.loads(a.body)["errors"][0]["message"])
        self.assertEqual(self.referrers("team/evil", self.evil), [])
        self.unsigned("team/evil", self.evil, "Error: no signatures found")
        # what the evidence key says of it is no signature either, by whichever key
        layer = self.evil.layers[-1].digest.removeprefix("sha256:")
        found = json.loads(self.service.ask(f"/-/attestations/sha256/{layer}/").body)
        self.assertEqual({x["result"] for x in found["attestations"]}, {"FAILED"})
        for version, options in FORMS:
            status, text = self.cosign(version, "verify", self.key("evidence"), f"team/evil@{self.evil.digest}", *options)
            self.assertNotEqual(status, 0, text)
            self.assertIn("Error: no signatures found", text)
        # by its tag cosign says why
        self.unsigned("team/evil", self.evil, "DENIED: team/evil", "team/evil:1.0")

    def test_a_withdrawn_image_has_none(self):
        self.pulled("team/ended", self.ended)
        a = self.signature("team/ended", self.ended)
        listed = self.referrers("team/ended", self.ended)
        self.assertEqual((a.status, len(listed)), (200, 5))
        gone = [("manifests", images.digest_of(a.body)), ("blobs", json.loads(a.body)["layers"][0]["digest"]),
                *(("manifests", m["digest"]) for m in listed)]
        for kind, digest in gone:
            self.assertEqual(self.ask("team/ended", kind, digest).status, 200)
        status, text = self.cosign("2.5.3", "verify", self.key("approve-prod-image"), f"team/ended@{self.ended.digest}")
        self.assertEqual(status, 0, text)
        status, _, err = self.service.command("deny", f"oci:team/ended@{self.ended.digest}", "--repository", "mcr", "--reason",
                                              "not any more")
        self.assertEqual(status, 0, err)
        self.assertEqual(self.signature("team/ended", self.ended).status, 404)
        self.assertEqual(self.referrers("team/ended", self.ended), [])
        for kind, digest in gone:
            self.assertEqual(self.ask("team/ended", kind, digest).status, 404, (kind, digest))
        self.unsigned("team/ended", self.ended, "Error: no signatures found")
        listed = json.loads(self.service.ask("/-/withdrawals/prod.json").body)
        withdrawn = json.loads(base64.b64decode(listed["payload"]))["withdrawn"]
        self.assertIn(self.ended.digest.removeprefix("sha256:"), [w["sha256"] for w in withdrawn])
        self.assertEqual(self.registry_asked(gone), [])
        status, out, err = self.service.command("audit", "verify")
        self.assertEqual(status, 0, out + err)

    def registry_asked(self, gone):
        """Bytes of ours that the upstream was asked for while they were ours."""
        return [p for p in self.registry.paths() if p.endswith(".sig") or p.endswith(gone[1][1])]

    def test_an_index_once_all_it_lists_is(self):
        self.assertEqual(self.ask("team/many", "manifests", "1.0").status, 200)
        self.assertIn(b"which nobody has asked for here", self.signature("team/many", self.many).body)
        self.pulled("team/many", self.many)
        for version, options in FORMS:
            for reference in ("team/many:1.0", f"team/many@{self.many.images[1].digest}"):
                with self.subTest(cosign=version, options=options, reference=reference):
                    status, text = self.cosign(version, "verify", self.key("approve-prod-image"), reference, *options)
                    self.assertEqual(status, 0, text)
        with Skopeo() as skopeo:
            status, text = skopeo.copy(f"{self.host}/team/many:1.0", "to", "--all")
            self.assertEqual(status, 0, text)

    def test_an_index_with_a_refused_image_is_not(self):
        self.assertEqual(self.ask("team/half", "manifests", "1.0").status, 200)
        self.assertEqual(self.ask("team/half", "manifests", self.half.images[0].digest).status, 200)
        self.assertEqual(self.ask("team/half", "manifests", self.half.images[1].digest).status, 403)
        self.assertIn(b"which is not approved here: part", self.signature("team/half", self.half).body)
        self.unsigned("team/half", self.half, "Error: no signatures found")
        status, text = self.cosign("3.1.2", "verify", self.key("approve-prod-image"),
                                   f"team/half@{self.half.images[0].digest}")
        self.assertEqual(status, 0, text)

    def test_other_clients(self):
        self.pulled("team/good", self.good)
        with Oras() as oras:
            status, text = oras.oras("discover", "--format", "json", f"{self.host}/team/good:1.0")
            self.assertEqual(status, 0, text)
            found = json.loads(text[text.index("{"):])
            listed = found.get("referrers", found.get("manifests"))
            self.assertEqual({(m["artifactType"], m["digest"]) for m in listed},
                             {(BUNDLE, m["digest"]) for m in self.referrers("team/good", self.good)})
            status, text = oras.oras("discover", f"{self.host}/team/good:1.0")
            self.assertEqual(status, 0, text)
            for kind in (SIGNED, VSA, SCAN):
                self.assertIn(f"dev.sigstore.bundle.predicateType: {kind}", text)
            status, text = oras.oras("discover", "--distribution-spec", "v1.1-referrers-tag", f"{self.host}/team/good:1.0")
            self.assertEqual((status, text.count("sha256:")), (0, 6), text)
        with Crane() as crane:
            status, text = crane.crane("manifest", f"{self.host}/team/good:{self.tag(self.good)}")
            self.assertEqual((status, json.loads(text)["layers"][0]["mediaType"]), (0, PAYLOAD), text)
        with Skopeo() as skopeo:
            status, text = skopeo.copy(f"{self.host}/team/good:1.0", "to")
            self.assertEqual(status, 0, text)
            status, text = skopeo.copy(f"{self.host}/team/good:{self.tag(self.good)}", "oci:sig")
            self.assertEqual(status, 0, text)
        with Podman() as podman:
            status, text = podman.pull(f"{self.host}/team/good:1.0")
            self.assertEqual(status, 0, text)


class OfTheUpstream(OfSigned):
    """An upstream that has signatures of its own, under tags, as referrers, and as manifests like any other."""

    @classmethod
    def fill(cls):
        cls.make_registry()
        cls.good = images.simple("good")
        cls.registry.push("team/good", "1.0", cls.good)
        blob = images.Blob("text/plain", b"somebody's payload")
        cls.others = {}
        for name, artifact, layer in (("cosign", None, PAYLOAD), ("attestation", None, "application/vnd.dsse.envelope.v1+json"),
                                      ("bundle", BUNDLE, BUNDLE),
                                      ("notation", "application/vnd.cncf.notary.signature", "application/jose+json")):
            config = images.Blob("application/vnd.oci.empty.v1+json", b"{}")
            body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": cls.descriptor(config, config.media_type),
                    "layers": [cls.descriptor(blob, layer)],
                    "subject": cls.descriptor(cls.good.manifest, MANIFEST)}
            if artifact:
                body["artifactType"] = artifact
            cls.others[name] = manifest = images.Blob(MANIFEST, json.dumps(body).encode())
            cls.registry.manifests["team/good", manifest.digest] = manifest
            cls.registry.manifests["team/good", name] = manifest
            for b in (blob, config):
                cls.registry.blobs["team/good", b.digest] = b
        tag = cls.good.digest.replace(":", "-")
        for ending in ("", ".sig", ".att", ".sbom"):
            cls.registry.manifests["team/good", tag + ending] = cls.others["cosign"]
        cls.tags = ["1.0", "cosign", tag, tag + ".sig", tag + ".att", tag + ".sbom"]
        cls.blob = blob

        def behave(method, path):
            if path.endswith("/tags/list"):
                def answer(h):
                    body = json.dumps({"name": "team/good", "tags": cls.tags}).encode()
                    h.send_response(200)
                    h.send_header("Content-Type", "application/json")
                    h.send_header("Content-Length", str(len(body)))
                    h.end_headers()
                    h.wfile.write(body)
                    return True
                return answer
            return None
        cls.registry.behave = behave

    @staticmethod
    def descriptor(blob, media_type):
        return {"mediaType": media_type, "digest": blob.digest, "size": len(blob.data)}

    def test_none_is_relayed(self):
        for name, manifest in self.others.items():
            for reference in (name, manifest.digest):
                with self.subTest(reference):
                    a = self.ask("team/good", "manifests", reference)
                    self.assertEqual(a.status, 404, a)
                    self.assertIn("it is a signature or an attestation: signatures, attestations and SBOMs of an upstream are "
                                  "not relayed", json.loads(a.body)["errors"][0]["message"])
        self.assertEqual(self.ask("team/good", "blobs", self.blob.digest).status, 404)
        asked = self.registry.paths()
        self.assertFalse([p for p in asked if p.endswith("/blobs/" + self.blob.digest)])

    def test_tags_of_signatures_are_ours(self):
        for ending in ("", ".sig", ".att", ".sbom"):
            a = self.ask("team/good", "manifests", self.tag(self.good, ending))
            self.assertEqual(a.status, 404, a)
        self.assertIn("are not relayed", json.loads(a.body)["errors"][0]["message"])
        self.pulled("team/good", self.good)
        a = self.signature("team/good", self.good)
        self.assertEqual(a.status, 200)
        self.assertNotEqual(a.body, self.others["cosign"].data)
        self.assertEqual(len(self.referrers("team/good", self.good)), 5)
        self.assertFalse([p for p in self.registry.paths() if "/sha256-" in p or "/referrers/" in p])
        for version, options in FORMS:
            status, text = self.cosign(version, "verify", self.key("approve-prod-image"), "team/good:1.0", *options)
            self.assertEqual(status, 0, text)

    def test_they_are_not_listed(self):
        a = self.ask("team/good", "tags", "list")
        self.assertEqual(a.status, 200, a)
        listed = json.loads(a.body)["tags"]
        self.assertFalse([t for t in listed if t.startswith("sha256-")], listed)


if __name__ == "__main__":
    unittest.main()
