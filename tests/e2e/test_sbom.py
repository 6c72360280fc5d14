"""Bills of materials of release files: beside the file, under the same decision; valid by what CycloneDX and SPDX publish."""
import base64
import hashlib
import json
import os
import shutil
import tempfile
import unittest

from house import cosign, sdists, verifiers, wheels
from house.case import Quarantine, add_wheel, days_ago, file_path
from house.upstream import File
from test_conda import OfChannel

TYPES = {".cdx.json": "application/vnd.cyclonedx+json", ".spdx.json": "application/spdx+json"}
ENDINGS = (*TYPES, ".cdx.sigstore.json", ".spdx.sigstore.json")
# Stated licences, and what is an expression of them.
LICENCES = {
    "expression": ("License-Expression: mit OR apache-2.0", "MIT OR Apache-2.0"),
    "own": ("License-Expression: LicenseRef-Ours AND (LicenseRef-Ours-2 OR MIT)",
            "LicenseRef-Ours AND (LicenseRef-Ours-2 OR MIT)"),
    "words": ('License: The "Great" licence </b> \\u0000 \u2603', None),
    "none": ("Summary: says nothing", None),
}


def stating(name, version, line, requires=()):
    """A wheel with one more line of metadata."""
    files = wheels.members(name, version, requires)
    info = f"{name}-{version}.dist-info"
    files[f"{info}/METADATA"] = wheels.metadata(name, version, requires, extra=line + "\n").replace(b"Version: 2.1", b"Version: 2.4")
    del files[f"{info}/RECORD"]
    record = "".join(f"{path},{wheels.record_hash(data)},{len(data)}\n" for path, data in files.items())
    files[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    return wheels.pack(files)


class Saving:
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="ch-sbom-")
        self.addCleanup(shutil.rmtree, self.dir)

    def saved(self, name, address):
        a = self.service.ask(address)
        while a.status == 307:
            a = self.service.ask(a["Location"])
        self.assertEqual(a.status, 200, (address, a))
        path = os.path.join(self.dir, name)
        with open(path, "wb") as f:
            f.write(a.body)
        return path, a

    def both(self, name, address):
        """{ending: the document}; each is valid."""
        paths = {ending: self.saved(name + ending, address + ending)[0] for ending in TYPES}
        self.assertEqual(verifiers.cyclonedx_faults(paths[".cdx.json"]), [[]])
        self.assertEqual(verifiers.spdx_faults(paths[".spdx.json"]), [[]])
        found = {}
        for ending, path in paths.items():
            with open(path, encoding="utf-8") as f:
                found[ending] = json.load(f)
        return found


class OfFiles(Saving, Quarantine):
    @classmethod
    def fill(cls):
        cls.up.add("sourced", File(sdists.file_name("sourced", "1.0"), sdists.sdist("sourced", "1.0"), uploaded=days_ago(400)))
        add_wheel(cls.up, "demo", "1.2", requires=["Requests[socks]>=2", "requests<3; python_version < '3'", "zope.interface==5",
                                                   "rich; extra == 'x'"])
        add_wheel(cls.up, "two", "1.0")
        cls.up.add("two", File(sdists.file_name("two", "1.0"), sdists.sdist("two", "1.0"), uploaded=days_ago(400)))
        for name, (line, _) in LICENCES.items():
            add_wheel(cls.up, name, "1.0", stating(name, "1.0", line), sidecar=False)
        add_wheel(cls.up, "broken", "1.0", requires=["x @ https://attacker.example.org/x.whl"])
        add_wheel(cls.up, "ended", "1.0")

    def of(self, name, version, ending):
        return json.loads(self.saved(name + ending, file_path(name, version) + ending)[1].body)


class Files(OfFiles):
    def test_valid(self):
        """By the published schemas, whatever people write into their metadata."""
        paths = {ending: [self.saved(name + ending, file_path(name, version) + ending)[0]
                          for name, version in [("demo", "1.2"), *((name, "1.0") for name in LICENCES)]] for ending in TYPES}
        self.assertEqual(verifiers.cyclonedx_faults(*paths[".cdx.json"]), [[]] * (1 + len(LICENCES)))
        self.assertEqual(verifiers.spdx_faults(*paths[".spdx.json"]), [[]] * (1 + len(LICENCES)))
        for ending, faults, change in ((".cdx.json", verifiers.cyclonedx_faults, ("bomFormat", "other")),
                                       (".spdx.json", verifiers.spdx_faults, ("dataLicense", "MIT"))):
            with open(paths[ending][0], encoding="utf-8") as f:
                doc = json.load(f)
            doc[change[0]] = change[1]
            wrong = os.path.join(self.dir, "wrong" + ending)
            with open(wrong, "w", encoding="utf-8") as f:
                json.dump(doc, f)
            self.assertNotEqual(faults(wrong), [[]])  # they do look

    def test_cyclonedx(self):
        digest = hashlib.sha256(self.service.ask(file_path("demo", "1.2")).body).hexdigest()
        doc = self.of("demo", "1.2", ".cdx.json")
        subject = doc["metadata"]["component"]
        self.assertEqual((subject["name"], subject["version"], subject["purl"]),
                         ("demo", "1.2", "pkg:pypi/demo@1.2?file_name=demo-1.2-py3-none-any.whl"))
        self.assertEqual(subject["hashes"], [{"alg": "SHA-256", "content": digest}])
        found = {c["name"]: c for c in doc["components"]}
        self.assertEqual({name: c["scope"] for name, c in found.items()},
                         {"requests": "required", "zope-interface": "required", "rich": "optional"})
        self.assertEqual(found["requests"]["purl"], "pkg:pypi/requests")
        self.assertEqual({p["value"] for p in found["requests"]["properties"]},
                         {"Requests[socks]>=2", "requests<3; python_version < '3'"})
        self.assertEqual([(d["ref"], len(d["dependsOn"])) for d in doc["dependencies"]], [("subject", 3)])

    def test_spdx(self):
        doc = self.of("demo", "1.2", ".spdx.json")
        subject, *others = doc["packages"]
        self.assertEqual((subject["name"], subject["versionInfo"], subject["packageFileName"]),
                         ("demo", "1.2", "demo-1.2-py3-none-any.whl"))
        self.assertEqual({p["name"] for p in others}, {"requests", "zope-interface", "rich"})
        self.assertEqual(sorted(r["relationshipType"] for r in doc["relationships"]),
                         ["DEPENDS_ON", "DEPENDS_ON", "DESCRIBES", "OPTIONAL_DEPENDENCY_OF"])
        self.assertTrue(doc["documentNamespace"].startswith(self.service.url + "/-/"), doc["documentNamespace"])

    def test_licences(self):
        for name, (line, expression) in LICENCES.items():
            with self.subTest(line):
                stated = line.split(": ", 1)[1] if name == "words" else None
                cdx = self.of(name, "1.0", ".cdx.json")["metadata"]["component"].get("licenses")
                spdx = self.of(name, "1.0", ".spdx.json")
                declared = spdx["packages"][0]["licenseDeclared"]
                if expression:
                    self.assertEqual((cdx, declared), ([{"expression": expression, "acknowledgement": "declared"}], expression))
                elif stated:
                    self.assertEqual(cdx, [{"license": {"name": stated, "acknowledgement": "declared"}}])
                    self.assertEqual([(e["licenseId"], e["extractedText"]) for e in spdx["hasExtractedLicensingInfos"]],
                                     [(declared, stated)])
                else:
                    self.assertEqual((cdx, declared), (None, "NOASSERTION"))

    def test_an_sdist(self):
        name = sdists.file_name("sourced", "1.0")
        found = self.both(name, f"/pypi/files/sourced/{name}")
        self.assertEqual(found[".cdx.json"]["metadata"]["component"]["purl"], f"pkg:pypi/sourced@1.0?file_name={name}")
        self.assertEqual(found[".spdx.json"]["packages"][0]["packageFileName"], name)

    def test_same_bytes(self):
        """By either address, each time."""
        path = file_path("demo", "1.2")
        digest = hashlib.sha256(self.service.ask(path).body).hexdigest()
        listed, = json.loads(self.service.ask(f"/-/attestations/sha256/{digest}/").body)["attestations"]
        for ending, kind in TYPES.items():
            with self.subTest(ending):
                a = self.service.ask(path + ending)
                self.assertEqual((a.status, a["content-type"], a["x-content-type-options"]), (200, kind, "nosniff"))
                name, = [f for f in listed["files"] if f.endswith(ending)]
                b = self.service.ask(f"/-/attestations/sha256/{digest}/{name}")
                self.assertEqual((b.status, b["content-type"], b.body), (200, kind, a.body))
                head = self.service.ask(path + ending, method="HEAD")
                self.assertEqual((head.status, head["content-length"]), (200, str(len(a.body))))

    def test_attested(self):
        """Each as a statement by the key of evidence, which cosign verifies; the same one, whoever asks, and after a restart."""
        path = file_path("demo", "1.2")
        wheel = self.saved(wheels.file_name("demo", "1.2"), path)[0]
        with open(wheel, "rb") as f:
            digest = hashlib.sha256(f.read()).hexdigest()
        keys = {name: self.saved(name + ".pem", f"/-/keys/{name}.pem")[0] for name in ("evidence", "approve-prod-file")}
        root = os.path.join(self.dir, "root.json")
        with open(root, "w", encoding="utf-8") as f:
            f.write('{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}')
        bundles = {}
        for ending, kind in ((".cdx", "cyclonedx"), (".spdx", "spdxjson")):
            bundles[ending], a = self.saved("demo" + ending, path + ending + ".sigstore.json")
            self.assertEqual(a["content-type"], "application/vnd.dev.sigstore.bundle.v0.3+json")
            statement = json.loads(base64.b64decode(json.loads(a.body)["dsseEnvelope"]["payload"]))
            self.assertEqual(statement["subject"], [{"name": os.path.basename(wheel), "digest": {"sha256": digest}}])
            self.assertEqual(statement["predicate"], self.of("demo", "1.2", ending + ".json"))
            for version, more in (("3.1.2", ()), ("2.5.3", ("--new-bundle-format", "--trusted-root", root))):
                for key, good in (("evidence", True), ("approve-prod-file", False)):
                    with self.subTest(cosign=version, kind=kind, key=key):
                        cosign.need(version)
                        status, text = cosign.run(version, self.dir, "verify-blob-attestation", "--key", keys[key], "--bundle",
                                                  bundles[ending], "--insecure-ignore-tlog", "--type", kind, *more, wheel)
                        self.assertEqual(status == 0, good, text)
        self.service.stop()
        self.service.start()
        listed, = json.loads(self.service.ask(f"/-/attestations/sha256/{digest}/").body)["attestations"]
        for ending, bundle in bundles.items():
            name, = [f for f in listed["files"] if f.endswith(ending + ".sigstore.json")]
            with open(bundle, "rb") as f:
                body = f.read()
            self.assertEqual(self.service.ask(path + ending + ".sigstore.json").body, body)
            self.assertEqual(self.service.ask(f"/-/attestations/sha256/{digest}/{name}").body, body)
        status, out, err = self.service.command("audit", "verify")
        self.assertEqual(status, 0, out + err)
        status, out, err = self.service.command("audit", "search", "--kind", "image-signature")
        for form in ("file-cyclonedx", "file-spdx"):
            self.assertEqual(out.count(f'"form":"{form}"'), 1, out)

    def printed(self, *args):
        status, out, err = self.service.command("sbom", *args)
        self.assertEqual(status, 0, out + err)
        return out.encode()

    def test_printed(self):
        """The same document, by each name of the file; of what is held, too."""
        path = file_path("demo", "1.2")
        self.assertEqual(self.service.ask(path).status, 200)
        digest = hashlib.sha256(self.service.ask(path).body).hexdigest()
        for ending, options in ((".cdx.json", ()), (".cdx.json", ("--format", "cyclonedx")), (".spdx.json", ("--format", "spdx"))):
            expected = self.service.ask(path + ending).body + b"\n"
            for what in ("demo==1.2", os.path.basename(path), "sha256:" + digest, self.service.url + path):
                with self.subTest(what=what, options=options):
                    self.assertEqual(self.printed(what, *options), expected)
        self.assertEqual(self.service.ask(file_path("broken", "1.0")).status, 403)
        self.assertEqual(json.loads(self.printed("broken==1.0"))["metadata"]["component"]["name"], "broken")

    def test_not_printed(self):
        self.assertEqual(self.service.ask("/pypi/simple/two/").status, 200)
        for args, expected, words in ((("two==1.0",), 2, "name one of them"), (("two==1.0", "--format", "xml"), 2, "expected cyclonedx or spdx"),
                                      (("two",), 2, "name one of them"), (("two==2.0",), 1, "lists nothing like that"),
                                      ((wheels.file_name("two", "1.0"),), 1, "not inspected")):
            with self.subTest(args):
                status, out, err = self.service.command("sbom", *args)
                self.assertEqual(status, expected, out + err)
                self.assertIn(words, out + err)

    def test_under_the_decision(self):
        """As the file: refused with it, and gone with its approval."""
        path = file_path("ended", "1.0")
        digest = hashlib.sha256(self.service.ask(path).body).hexdigest()
        listed, = json.loads(self.service.ask(f"/-/attestations/sha256/{digest}/").body)["attestations"]
        for ending in ENDINGS:
            self.assertEqual(self.service.ask(path + ending).status, 200)
            self.assertEqual(self.service.ask(file_path("broken", "1.0") + ending).status, 403)
            self.assertEqual(self.service.ask(file_path("nothing", "1.0") + ending).status, 404)
            self.assertEqual(self.service.ask(path + ".metadata" + ending).status, 404)
        status, out, err = self.service.command("deny", "ended==1.0", "--reason", "stolen")
        self.assertEqual(status, 0, out + err)
        for ending in ENDINGS:
            self.assertEqual(self.service.ask(path + ending).status, 403)
            name, = [f for f in listed["files"] if f.endswith(ending)]
            self.assertEqual(self.service.ask(f"/-/attestations/sha256/{digest}/{name}").status, 403)


class CondaPackages(Saving, OfChannel):
    @classmethod
    def fill(cls):
        cls.make_channel()
        cls.name = cls.channel.add("demo", "1.2", subdir="linux-64", build="h1_3", depends=["numpy >=1.20,<2", "conda-forge::zlib", "zlib=1"])

    def test_both(self):
        self.records("linux-64")
        found = self.both(self.name, f"/chan/linux-64/{self.name}")
        cdx = found[".cdx.json"]
        self.assertEqual(cdx["metadata"]["component"]["purl"],
                         f"pkg:conda/demo@1.2?build=h1_3&file_name={self.name}&subdir=linux-64&type=conda")
        self.assertEqual({c["purl"]: [p["value"] for p in c["properties"]] for c in cdx["components"]},
                         {"pkg:conda/numpy": ["numpy >=1.20,<2"], "pkg:conda/zlib": ["conda-forge::zlib", "zlib=1"]})
        self.assertEqual([r["relationshipType"] for r in found[".spdx.json"]["relationships"]], ["DESCRIBES", "DEPENDS_ON", "DEPENDS_ON"])


if __name__ == "__main__":
    unittest.main()
