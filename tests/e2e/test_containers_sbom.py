"""Bills of materials of images: what each layer has, as attestations that cosign verifies; of an image of five thousand packages, too."""
import base64
import json
import os
import re
import unittest

from house import images, verifiers
from test_containers_signed import BUNDLE, CYCLONEDX, SPDX, OfSigned

DPKG = ("Package: {0}\nStatus: install ok installed\nMaintainer: Nobody <nobody@example.org>\nArchitecture: amd64\n"
        "Version: {1}\nDescription: {0}\n\n")
OS_RELEASE = b'ID=debian\nVERSION_ID="12"\n'
PACKAGES = 5000


def dpkg(packages):
    return "".join(DPKG.format(*p) for p in packages).encode()


class OfImages(OfSigned):
    def bundle(self, name, image, kind):
        """(statement, hint) of the referrer with this predicate."""
        m, = [m for m in self.referrers(name, image)
              if m["annotations"]["dev.sigstore.bundle.predicateType"] == kind]
        self.assertEqual(m["artifactType"], BUNDLE)
        manifest = json.loads(self.ask(name, "manifests", m["digest"]).body)
        layer = manifest["layers"][0]
        a = self.ask(name, "blobs", layer["digest"])
        self.assertEqual((a.status, len(a.body), images.digest_of(a.body)), (200, layer["size"], layer["digest"]))
        bundle = json.loads(a.body)
        return (json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"])), bundle["verificationMaterial"]["publicKey"]["hint"])

    def saved(self, name, document):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as f:
            json.dump(document, f)
        return path

    def both(self, name, image, check=True):
        """(CycloneDX, SPDX), by the evidence key and of this image; each is valid, which takes long to see of a large one."""
        found = []
        for kind, ending, faults in ((CYCLONEDX, ".cdx.json", verifiers.cyclonedx_faults), (SPDX, ".spdx.json", verifiers.spdx_faults)):
            statement, hint = self.bundle(name, image, kind)
            self.assertTrue(hint.startswith("evidence-"), hint)
            self.assertEqual((statement["predicateType"], [s["digest"]["sha256"] for s in statement["subject"]]),
                             (kind, [image.digest.removeprefix("sha256:")]))
            found.append(statement["predicate"])
            if check:
                self.assertEqual(faults(self.saved("image" + ending, found[-1])), [[]])
        return found


class Sboms(OfImages):
    @classmethod
    def fill(cls):
        cls.make_registry()
        base = {"etc/os-release": OS_RELEASE, "bin/hello": b"#!/bin/sh\n",
                "var/lib/dpkg/status": dpkg([("curl", "7.88.1-10+deb12u5"), ("libc6", "2.36-9")])}
        above = {**images.python_package("greeter", "1.0"), "var/lib/dpkg/status": dpkg([("curl", "7.88.1-10+deb12u5"), ("jq", "1.6-2.1")]),
                 "app/node_modules/@a/b/package.json": b'{"name":"@a/b","version":"2.0.0","license":"mit"}',
                 "lib/apk/db/installed": "P:own\nV:1-r0\nL:Ours \u2603 \"only\"\n\n".encode()}
        cls.good = images.image([images.layer(base), images.layer(above, "zstd")])
        cls.ended = images.simple("ended")
        cls.left = images.image([images.layer({**base, "var/lib/rpm/Packages": b"\0" * 100})])
        cls.many = images.index([images.simple("many", architecture=a) for a in ("amd64", "arm64")])
        cls.registry.push("team/many", "1.0", cls.many)
        cls.registry.push("team/good", "1.0", cls.good)
        cls.registry.push("team/ended", "1.0", cls.ended)
        cls.registry.push("team/left", "1.0", cls.left)

    def test_by_layer(self):
        self.pulled("team/good", self.good)
        cdx, spdx = self.both("team/good", self.good)
        subject = cdx["metadata"]["component"]
        self.assertEqual(subject["type"], "container")
        self.assertEqual(subject["purl"], f"pkg:oci/good@{self.good.digest}?repository_url={self.host.replace('/', '%2F')}%2Fteam%2Fgood")
        layers = [blob.digest for blob in self.good.layers]
        found = {c["purl"]: [p["value"] for p in c["properties"] if p["name"] == "customhouse:layer"]
                 for c in cdx["components"] if "purl" in c}
        self.assertEqual(found, {
            "pkg:deb/debian/curl@7.88.1-10%2Bdeb12u5?arch=amd64&distro=debian-12": layers,
            "pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12": layers[:1],
            "pkg:deb/debian/jq@1.6-2.1?arch=amd64&distro=debian-12": layers[1:],
            "pkg:npm/%40a/b@2.0.0": layers[1:],
            "pkg:apk/debian/own@1-r0?distro=debian-12": layers[1:],
            "pkg:pypi/greeter@1.0": layers[1:]})
        self.assertEqual([c["name"] for c in cdx["components"] if c["type"] == "file"], layers)
        needs = {d["ref"]: d["dependsOn"] for d in cdx["dependencies"]}
        self.assertEqual(needs["subject"], ["layer-1", "layer-2"])
        self.assertEqual((len(needs["layer-1"]), len(needs["layer-2"])), (2, 5))
        self.assertEqual([c["aggregate"] for c in cdx["compositions"]], ["unknown"])
        names = {p["SPDXID"]: p["name"] for p in spdx["packages"]}
        contained = [(names[r["spdxElementId"]], names[r["relatedSpdxElement"]]) for r in spdx["relationships"]
                     if r["relationshipType"] == "CONTAINS" and r["spdxElementId"].startswith("SPDXRef-Layer")]
        self.assertEqual(sorted(contained), sorted([(layers[0], "curl"), (layers[0], "libc6"), (layers[1], "curl"), (layers[1], "jq"),
                                                    (layers[1], "@a/b"), (layers[1], "greeter"), (layers[1], "own")]))
        licences = {c["name"]: c["licenses"][0] for c in cdx["components"] if "licenses" in c}
        self.assertEqual(licences["@a/b"], {"expression": "MIT", "acknowledgement": "declared"})
        self.assertEqual(licences["own"], {"license": {"name": 'Ours \u2603 "only"', "acknowledgement": "declared"}})

    def test_printed(self):
        self.pulled("team/good", self.good)
        for kind, options in ((CYCLONEDX, ()), (SPDX, ("--format", "spdx"))):
            expected = self.bundle("team/good", self.good, kind)[0]["predicate"]
            for what in ("team/good:1.0", f"team/good@{self.good.digest}", f"oci:team/good=={self.good.digest}", self.good.digest):
                with self.subTest(what=what, kind=kind):
                    status, out, err = self.service.command("sbom", what, "--repository", "mcr", *options)
                    self.assertEqual(status, 0, out + err)
                    self.assertEqual(json.loads(out), expected)
        status, out, err = self.service.command("sbom", self.good.layers[0].digest, "--repository", "mcr")
        self.assertEqual(status, 1, out + err)
        self.assertIn("of its own", out + err)

    def test_of_an_index(self):
        """The images that it lists; what is in each it says itself."""
        self.pulled("team/many", self.many)
        cdx, spdx = self.both("team/many", self.many)
        place = f"{self.host.replace('/', '%2F')}%2Fteam%2Fmany"
        self.assertEqual({c["purl"] for c in cdx["components"]},
                         {f"pkg:oci/many@{i.digest}?arch={i.platform['architecture']}&repository_url={place}" for i in self.many.images})
        self.assertEqual(len(spdx["packages"]), 3)
        for child in self.many.images:
            self.both("team/many", child, check=False)
        for version, kind in (("2.5.3", "cyclonedx"), ("3.1.2", "spdxjson")):
            with self.subTest(cosign=version):
                status, text = self.cosign(version, "verify-attestation", self.key("evidence"), "team/many:1.0", "--type", kind)
                self.assertEqual(status, 0, text)

    def test_what_is_not_read_is_said(self):
        self.pulled("team/left", self.left)
        cdx, spdx = self.both("team/left", self.left)
        self.assertEqual([c["aggregate"] for c in cdx["compositions"]], ["incomplete"])
        self.assertIn("More packages", spdx["packages"][0]["comment"])

    def test_gone_with_the_approval(self):
        self.pulled("team/ended", self.ended)
        digests = [m["digest"] for m in self.referrers("team/ended", self.ended)]
        att = self.tag(self.ended, ".att")
        manifest = json.loads(self.ask("team/ended", "manifests", att).body)
        digests += [layer["digest"] for layer in manifest["layers"]]
        self.assertEqual([layer["annotations"]["predicateType"] for layer in manifest["layers"]][1:], [CYCLONEDX, SPDX])
        for layer in manifest["layers"]:
            a = self.ask("team/ended", "blobs", layer["digest"])
            self.assertEqual((a.status, images.digest_of(a.body)), (200, layer["digest"]))
        digest = self.ended.digest.removeprefix("sha256:")
        listed, = [x for x in json.loads(self.service.ask(f"/-/attestations/sha256/{digest}/").body)["attestations"]
                   if x["environment"] == "prod"]
        raw = [f"/-/attestations/sha256/{digest}/{f}" for f in listed["files"] if f.endswith((".cdx.json", ".spdx.json"))]
        for path, kind in zip(raw, (CYCLONEDX, SPDX)):  # unsigned, it is the same document
            self.assertEqual(json.loads(self.service.ask(path).body), self.bundle("team/ended", self.ended, kind)[0]["predicate"])
        for f, kind in ((f, kind) for kind, ending in ((CYCLONEDX, ".cdx.sigstore.json"), (SPDX, ".spdx.sigstore.json"))
                        for f in listed["files"] if f.endswith(ending)):  # and the referrer's bundle
            raw.append(f"/-/attestations/sha256/{digest}/{f}")
            envelope = json.loads(self.service.ask(raw[-1]).body)["dsseEnvelope"]
            self.assertEqual(json.loads(base64.b64decode(envelope["payload"])), self.bundle("team/ended", self.ended, kind)[0])
        self.assertEqual(len(raw), 4)
        status, out, err = self.service.command("deny", self.ended.digest, "--reason", "stolen")
        self.assertEqual(status, 0, out + err)
        self.assertEqual(self.referrers("team/ended", self.ended), [])
        self.assertEqual(self.ask("team/ended", "manifests", att).status, 404)
        for kind in ("manifests", "blobs"):
            for d in digests:
                self.assertNotEqual(self.ask("team/ended", kind, d).status, 200)
        for path in raw:
            self.assertEqual(self.service.ask(path).status, 403)

    def test_the_log_has_their_digests(self):
        self.pulled("team/good", self.good)
        status, out, err = self.service.command("audit", "verify")
        self.assertEqual(status, 0, out + err)
        status, out, err = self.service.command("audit", "search", "--kind", "image-signature")
        self.assertEqual(status, 0, err)
        for form in ("cyclonedx", "spdx", "attestation-cyclonedx", "attestation-spdx"):
            self.assertIn(f'"form":"{form}"', out)
        self.assertNotIn("greeter", out)


class Large(OfImages):
    @classmethod
    def fill(cls):
        cls.make_registry()
        status = dpkg((f"package-{i}", f"1.{i}-1") for i in range(PACKAGES))
        cls.large = images.image([images.layer({"etc/os-release": OS_RELEASE, "var/lib/dpkg/status": status})])
        cls.registry.push("team/large", "1.0", cls.large)

    def test_all_of_them(self):
        self.pulled("team/large", self.large)
        cdx, spdx = self.both("team/large", self.large, check=False)
        self.assertEqual(len(cdx["components"]), PACKAGES + 1)
        self.assertEqual(len(spdx["packages"]), PACKAGES + 2)
        status, out, err = self.service.command("sbom", "team/large:1.0", "--repository", "mcr")
        self.assertEqual((status, json.loads(out)), (0, cdx), err)
        for version, kind in (("2.5.3", "cyclonedx"), ("3.1.2", "spdxjson")):
            with self.subTest(cosign=version, kind=kind):
                status, text = self.cosign(version, "verify-attestation", self.key("evidence"), "team/large:1.0", "--type", kind)
                self.assertEqual(status, 0, text[-2000:])
                envelope = json.loads(re.search(r'(?m)^\{"payload.*\}$', text).group(0))
                predicate = json.loads(base64.b64decode(envelope["payload"]))["predicate"]
                self.assertEqual(predicate, cdx if kind == "cyclonedx" else spdx)


if __name__ == "__main__":
    unittest.main()
