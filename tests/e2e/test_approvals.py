"""Approvals that other people's tools verify: openssl, securesystemslib, cosign, and our own offline check."""
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from house import cosign, verifiers, wheels
from house.case import Quarantine, add_wheel, file_path
from house.clients import Client
from house.service import BIN, Service

VSA = "https://slsa.dev/verification_summary/v1"
IN_TOTO = "application/vnd.in-toto+json"
ENDINGS = (".vsa.json", ".vsa.sigstore.json", ".approval.sigstore.json")


def pae(kind, body):
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(body), body)


class Signed(Quarantine):
    """A folder with one approved wheel, what lies beside it, and the public keys."""

    @classmethod
    def configure(cls, text):
        # a second environment, with a key of its own
        lab = "\n  - {name: lab, ecosystem: pypi, environment: preprod, upstreams: [pypi]}\n"
        return text.replace("\nrepositories:\n", "\nrepositories:" + lab)

    @classmethod
    def fill(cls):
        add_wheel(cls.up, "demo", "1.2")
        add_wheel(cls.up, "other", "3.0")
        add_wheel(cls.up, "broken", "1.0", requires=["x @ https://attacker.example.org/x.whl"])

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="ch-signed-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.wheel = self.fetched("demo", "1.2")
        self.key = self.saved("prod.pem", "/-/keys/approve-prod-file.pem")

    def path(self, name):
        return os.path.join(self.dir, name)

    def saved(self, name, address):
        a = self.service.ask(address)
        self.assertEqual(a.status, 200, (address, a))
        with open(self.path(name), "wb") as f:
            f.write(a.body)
        return self.path(name)

    def fetched(self, name, version, repository="pypi", beside=ENDINGS):
        """The file and what is signed about it, saved beside each other. Returns the file's path."""
        address = file_path(name, version, repository)
        for ending in ("",) + tuple(beside):
            path = self.saved(os.path.basename(address) + ending, address + ending)
        return path[:-len(beside[-1])] if beside else path

    def json_of(self, path):
        with open(path) as f:
            return json.load(f)

    def statement(self, path):
        return json.loads(base64.b64decode(self.json_of(path)["payload"]))

    def flipped(self, path, at=None):
        """A copy with one bit of one byte changed."""
        with open(path, "rb") as f:
            data = bytearray(f.read())
        data[len(data) // 2 if at is None else at] ^= 1
        with open(path + ".flipped", "wb") as f:
            f.write(data)
        return path + ".flipped"

    def changed(self, path, change):
        """A copy of the JSON with something changed."""
        j = self.json_of(path)
        change(j)
        with open(path + ".changed", "w") as f:
            json.dump(j, f)
        return path + ".changed"

    def verify(self, *args):
        done = subprocess.run([os.path.join(BIN, "customhouse"), "verify", *args], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def withdrawals(self, environment="prod"):
        return self.saved(f"{environment}.withdrawals.json", f"/-/withdrawals/{environment}.json")


class Approvals(Signed):
    def test_approvals(self):
        """One wheel, from the index to pip, and all that is said of it."""
        with Client("pip-newest") as client:
            self.installs(client, "demo", "demo", "1.2")
        with open(self.wheel, "rb") as f:
            digest = hashlib.sha256(f.read()).hexdigest()
        s = self.statement(self.wheel + ".vsa.json")
        self.assertEqual(s["_type"], "https://in-toto.io/Statement/v1")
        self.assertEqual(s["predicateType"], VSA)
        self.assertEqual(s["subject"], [{"name": "demo-1.2-py3-none-any.whl", "digest": {"sha256": digest}}])
        p = s["predicate"]
        self.assertEqual(p["resourceUri"],
                         "pkg:pypi/demo@1.2?environment=prod&file_name=demo-1.2-py3-none-any.whl")
        self.assertEqual(p["verificationResult"], "PASSED")
        self.assertEqual(p["verifiedLevels"], ["GW_SCANNED", "GW_ENV_PROD"])
        self.assertEqual(p["verifier"]["id"], self.service.url + "/-/verifier")
        status, out, err = self.service.command("status", "--json")
        self.assertEqual(p["policy"]["digest"]["sha256"], json.loads(out)["policy_sha256"])
        evidence = p["inputAttestations"][0]
        a = self.service.ask(evidence["uri"][len(self.service.url):])
        self.assertEqual(hashlib.sha256(a.body).hexdigest(), evidence["digest"]["sha256"])
        self.assertEqual(json.loads(a.body)["artifact"], digest)
        bundle = self.json_of(self.wheel + ".vsa.sigstore.json")
        self.assertEqual(bundle["dsseEnvelope"], self.json_of(self.wheel + ".vsa.json"))
        self.assertNotIn("tlogEntries", bundle["verificationMaterial"])
        listed = json.loads(self.service.ask(f"/-/attestations/sha256/{digest}/").body)["attestations"]
        self.assertEqual([x["environment"] for x in listed], ["prod"])
        for name, ending in zip(listed[0]["files"], ENDINGS):
            a = self.service.ask(f"/-/attestations/sha256/{digest}/{name}")
            with open(self.wheel + ending, "rb") as f:
                self.assertEqual(a.body, f.read())
        # a digest in an address is written in one way; who types one into a command may write it in two
        self.assertEqual(self.service.ask(f"/-/attestations/sha256/{digest.upper()}/").status, 404)
        status, out, err = self.service.command("explain", "sha256:" + digest.upper(), "--repository", "pypi")
        self.assertEqual(status, 0, err)
        self.assertIn("demo-1.2-py3-none-any.whl", out)

    def test_routes(self):
        """Beside the file, and nowhere else; under the decision on the file."""
        base = file_path("demo", "1.2")
        for path in (base + ".vsa.json/", base + ".vsa.jsonx", base + ".metadata.vsa.json", "/pypi/simple/demo.vsa.json",
                     "/-/keys", "/-/keys/nobody.pem", "/-/keys/approve-prod-file", "/-/withdrawals/nowhere.json",
                     "/-/attestations/sha256/00/", "/-/attestations/sha256/" + "0" * 64 + "/",
                     "/-/attestations/sha256/" + "0" * 64 + "/1.vsa.json", "/-/evidence/sha256/" + "0" * 64,
                     file_path("nothing", "1.0") + ".vsa.json"):
            with self.subTest(path=path):
                self.assertEqual(self.service.ask(path).status, 404)
        for ending in ENDINGS:
            a = self.service.ask(base + ending, method="HEAD")
            self.assertEqual(a.status, 200, a)
            a = self.service.ask(base + ending)
            self.assertEqual(a["x-content-type-options"], "nosniff")
            self.assertIn("no-cache", a["cache-control"])
            a = self.service.ask(file_path("broken", "1.0") + ending)
            self.assertEqual(a.status, 403, a)

    def test_openssl(self):
        with open(self.path("sig"), "wb") as f:
            bundle = self.json_of(self.wheel + ".approval.sigstore.json")
            f.write(base64.b64decode(bundle["messageSignature"]["signature"]))
        with open(self.path("pae"), "wb") as f:
            envelope = self.json_of(self.wheel + ".vsa.json")
            f.write(pae(IN_TOTO, base64.b64decode(envelope["payload"])))
        with open(self.path("pae.sig"), "wb") as f:
            f.write(base64.b64decode(envelope["signatures"][0]["sig"]))
        evidence = self.saved("evidence.pem", "/-/keys/evidence.pem")

        def check(key, signature, path):
            return subprocess.run(["openssl", "dgst", "-sha256", "-verify", key, "-signature", signature, path],
                                  capture_output=True).returncode == 0
        self.assertTrue(check(self.key, self.path("sig"), self.wheel))
        self.assertTrue(check(self.key, self.path("pae.sig"), self.path("pae")))
        self.assertFalse(check(evidence, self.path("sig"), self.wheel))
        self.assertFalse(check(self.key, self.path("pae.sig"), self.wheel))
        self.assertFalse(check(self.key, self.path("sig"), self.flipped(self.wheel)))
        self.assertFalse(check(self.key, self.path("pae.sig"), self.flipped(self.path("pae"))))

    def test_securesystemslib(self):
        """The DSSE reference of the in-toto and TUF people."""
        check = verifiers.securesystemslib()
        vsa = self.wheel + ".vsa.json"
        self.assertEqual(json.loads(check(self.key, vsa)), self.statement(vsa))
        self.assertIsNone(check(self.saved("evidence.pem", "/-/keys/evidence.pem"), vsa))
        self.assertIsNone(check(self.saved("lab.pem", "/-/keys/approve-preprod-file.pem"), vsa))

        def other_payload(j):
            body = base64.b64decode(j["payload"]).replace(b"demo", b"nope")
            j["payload"] = base64.b64encode(body).decode()
        self.assertIsNone(check(self.key, self.changed(vsa, other_payload)))
        self.assertIsNotNone(check(self.key, self.withdrawals()))

    def test_environments(self):
        """The same bytes in another environment are approved by another key, in other words (T23)."""
        lab_key = self.saved("lab.pem", "/-/keys/approve-preprod-file.pem")
        self.fetched("demo", "1.2", "lab")  # over what the first one said
        for ending in ENDINGS:
            with self.subTest(ending=ending):
                bundle = ("--bundle", self.wheel + ending)
                self.assertEqual(self.verify(self.wheel, "--key", lab_key, "--environment", "preprod", *bundle)[0], 0)
                for key, environment in ((self.key, "prod"), (self.key, "preprod"), (lab_key, "prod")):
                    status, text = self.verify(self.wheel, "--key", key, "--environment", environment, *bundle)
                    self.assertEqual(status, 1, text)
                    self.assertIn("NOT approved", text)

    def test_verify(self):
        say = ("--key", self.key, "--environment", "prod")
        status, text = self.verify(self.wheel, *say)
        self.assertEqual(status, 0, text)
        self.assertIn("not checked whether it was withdrawn", text)
        status, text = self.verify(self.wheel, *say, "--withdrawals", self.withdrawals())
        self.assertEqual(status, 0, text)
        self.assertIn("not withdrawn, says the list of", text)
        status, text = self.verify(self.wheel, *say, "--json")
        self.assertEqual((status, json.loads(text)["approved"], json.loads(text)["withdrawals_checked"]),
                         (0, True, False))
        other = self.fetched("other", "3.0")
        for ending in ENDINGS:
            with self.subTest(ending=ending):
                mine, theirs = self.wheel + ending, other + ending
                self.assertEqual(self.verify(self.wheel, *say, "--bundle", mine)[0], 0)
                self.assertEqual(self.verify(self.wheel, *say, "--bundle", theirs)[0], 1)
                self.assertEqual(self.verify(self.flipped(self.wheel), *say, "--bundle", mine)[0], 1)
                self.assertEqual(self.verify(self.wheel, *say, "--bundle", self.flipped(mine))[0], 1)
        self.assertEqual(self.verify(self.wheel, *say, "--withdrawals", self.flipped(self.withdrawals()))[0], 1)
        self.assertEqual(self.verify(self.wheel, *say, "--withdrawals", self.withdrawals("preprod"))[0], 1)
        self.assertEqual(self.verify(self.wheel, "--key", self.path("nothing"), "--environment", "prod")[0], 2)
        self.assertEqual(self.verify(self.wheel, "--key", self.key)[0], 2)
        os.remove(self.wheel + ".vsa.sigstore.json")
        self.assertEqual(self.verify(self.wheel, *say)[0], 0)
        for ending in ENDINGS[::2]:
            os.remove(self.wheel + ending)
        self.assertEqual(self.verify(self.wheel, *say)[0], 2)

    def test_withdrawn(self):
        """Denied: what was signed is published no more, and the list says so to who has it."""
        other = self.fetched("other", "3.0")
        say = (other, "--key", self.key, "--environment", "prod")
        self.assertEqual(self.verify(*say, "--withdrawals", self.withdrawals())[0], 0)
        status, out, err = self.service.command("deny", "pypi:other", "--repository", "pypi", "--reason", "trojan")
        self.assertEqual(status, 0, out + err)
        for ending in ENDINGS:
            self.assertEqual(self.service.ask(file_path("other", "3.0") + ending).status, 403)
        status, text = self.verify(*say, "--withdrawals", self.withdrawals())
        self.assertEqual(status, 1, text)
        self.assertIn("withdrawn at", text)
        self.assertEqual(self.verify(self.wheel, *say[1:], "--withdrawals", self.withdrawals())[0], 0)

    def test_evidence_is_no_approval(self):
        """What is held gets a statement too: FAILED, by a key that approves nothing."""
        self.refused("broken", "1.0", "broken 1.0")
        with open(self.path("broken.whl"), "wb") as f:
            f.write(self.up.find(wheels.file_name("broken", "1.0")).data)
        with open(self.path("broken.whl"), "rb") as f:
            digest = hashlib.sha256(f.read()).hexdigest()
        listed = json.loads(self.service.ask(f"/-/attestations/sha256/{digest}/").body)["attestations"]
        self.assertEqual({x["result"] for x in listed}, {"FAILED"})
        for name in listed[0]["files"]:
            with self.subTest(name=name):
                bundle = self.saved(name, f"/-/attestations/sha256/{digest}/{name}")
                for key in (self.key, self.saved("evidence.pem", "/-/keys/evidence.pem")):
                    status, text = self.verify(self.path("broken.whl"), "--key", key, "--environment", "prod",
                                               "--bundle", bundle)
                    self.assertEqual(status, 1, text)
        status, text = self.verify(self.path("broken.whl"), "--key", self.key, "--environment", "prod",
                                   "--bundle", self.wheel + ".vsa.json")
        self.assertEqual(status, 1, text)


class Keys(Signed):
    def test_keys_of_init(self):
        """Made by init, each of its own, of the keeper alone."""
        fresh = Service(self.up.url)
        self.addCleanup(fresh.remove)
        self.assertEqual(sorted(n.rsplit("-", 1)[0] for n in os.listdir(fresh.path("keys"))),
                         ["approve-prod-file", "evidence", "log"])
        folder = self.service.path("keys")  # one purpose came with the configuration's second environment
        names = sorted(n.rsplit("-", 1)[0] for n in os.listdir(folder))
        self.assertEqual(names, ["approve-preprod-file", "approve-prod-file", "evidence", "log"])
        self.assertEqual(os.stat(folder).st_mode & 0o777, 0o700)
        for name in os.listdir(folder):
            self.assertEqual(os.stat(os.path.join(folder, name)).st_mode & 0o777, 0o600)
        published = json.loads(self.service.ask("/-/keys/").body)["keys"]
        self.assertEqual(len({k["id"] for k in published}), 4)
        for k in published:
            with self.subTest(purpose=k["purpose"]):
                pem = self.saved("k.pem", k["pem"])
                der = subprocess.run(["openssl", "pkey", "-pubin", "-in", pem, "-outform", "DER"], capture_output=True,
                                     check=True).stdout
                self.assertEqual(hashlib.sha256(der).hexdigest(), k["id"])

    def test_rotation(self):
        """What the former key signed verifies on; what comes then is the new one's."""
        self.withdrawals()  # what was answered a moment ago is not what counts now
        status, out, err = self.service.command("keys", "rotate", "approve-prod-file", "--reason", "it is time")
        self.assertEqual(status, 0, out + err)
        status, out, err = self.service.command("keys", "list", "--json")
        mine = [k for k in json.loads(out) if k["purpose"] == "approve-prod-file"]
        self.assertEqual([k["signs"] for k in mine], [False, True])
        self.assertEqual((mine[0]["reason"], "not_after" in mine[0], "not_after" in mine[1]), ("it is time", True, False))
        new = self.saved("new.pem", "/-/keys/approve-prod-file.pem")
        old = self.saved("old.pem", f"/-/keys/approve-prod-file-{mine[0]['id'][:16]}.pem")
        with open(old) as f, open(self.key) as g:
            self.assertEqual(f.read(), g.read())
        self.assertEqual(self.verify(self.wheel, "--key", old, "--environment", "prod")[0], 0)
        self.assertEqual(self.verify(self.wheel, "--key", new, "--environment", "prod")[0], 1)
        say = (self.wheel, "--key", old, "--environment", "prod", "--withdrawals", self.withdrawals())
        self.assertEqual(self.verify(*say)[0], 1)
        self.assertEqual(self.verify(*say, "--withdrawals-key", new)[0], 0)
        other = self.fetched("other", "3.0")
        self.assertEqual(self.verify(other, "--key", new, "--environment", "prod")[0], 0)
        self.assertEqual(self.verify(other, "--key", old, "--environment", "prod")[0], 1)
        self.assertFalse([n for n in os.listdir(self.service.path("keys")) if mine[0]["id"][:16] in n])
        self.service.stop()
        self.service.start()
        again = self.fetched("demo", "1.2")
        self.assertEqual(self.verify(again, "--key", old, "--environment", "prod")[0], 0)


class Cosign(Signed):
    """v3 reads bundles by itself; v2.5.3 needs to be told, and a trusted root, if an empty one."""
    V2 = ("--new-bundle-format", "--trusted-root")

    def setUp(self):
        super().setUp()
        self.root = self.path("root.json")
        with open(self.root, "w") as f:
            f.write('{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}')
        self.evidence = self.saved("evidence.pem", "/-/keys/evidence.pem")
        self.lab = self.saved("lab.pem", "/-/keys/approve-preprod-file.pem")
        self.other = self.fetched("other", "3.0")
        with open(self.path("vsa.sig"), "wb") as f, open(self.wheel + ".vsa.json", "rb") as g:
            f.write(g.read())

    def by_bundle(self, version, command, key, bundle, file):
        more = [*self.V2, self.root] if version.startswith("2") else []
        kind = ["--type", VSA] if command == "verify-blob-attestation" else []
        return cosign.run(version, self.dir, command, "--key", key, "--bundle", bundle, "--insecure-ignore-tlog",
                          *kind, *more, file)

    def check_version(self, version):
        cosign.need(version)
        message, vsa = self.wheel + ".approval.sigstore.json", self.wheel + ".vsa.sigstore.json"
        for command, bundle, ending in (("verify-blob", message, ".approval.sigstore.json"),
                                        ("verify-blob-attestation", vsa, ".vsa.sigstore.json")):
            ok = (version, command, self.key, bundle, self.wheel)
            with self.subTest(command=command):
                status, text = self.by_bundle(*ok)
                self.assertEqual(status, 0, text)

            def other_payload(j):
                e = j["dsseEnvelope"]
                e["payload"] = base64.b64encode(base64.b64decode(e["payload"]).replace(b"1.2", b"1.3")).decode()

            def other_signature(j):
                m = j["messageSignature"]
                s = bytearray(base64.b64decode(m["signature"]))
                s[-1] ^= 1
                m["signature"] = base64.b64encode(s).decode()
            change = other_payload if "attestation" in command else other_signature
            for name, bad in {"other file": (version, command, self.key, bundle, self.other),
                              "flipped byte of the file": (version, command, self.key, bundle, self.flipped(self.wheel)),
                              "other file's bundle": (version, command, self.key, self.other + ending, self.wheel),
                              "evidence key": (version, command, self.evidence, bundle, self.wheel),
                              "other environment": (version, command, self.lab, bundle, self.wheel),
                              "changed bundle": (version, command, self.key, self.changed(bundle, change), self.wheel),
                              }.items():
                with self.subTest(command=command, bad=name):
                    status, text = self.by_bundle(*bad)
                    self.assertNotEqual(status, 0, text)
        # by signature: the envelope itself
        old = ("--new-bundle-format=false",) if version.startswith("3") else ()
        for key, file, good in ((self.key, self.wheel, True), (self.key, self.other, False),
                                (self.evidence, self.wheel, False), (self.lab, self.wheel, False)):
            with self.subTest(by="signature", key=os.path.basename(key), file=os.path.basename(file)):
                status, text = cosign.run(version, self.dir, "verify-blob-attestation", "--key", key, "--signature",
                                          self.path("vsa.sig"), "--insecure-ignore-tlog", "--type", VSA, *old, file)
                self.assertEqual(status == 0, good, text)

    def test_v3(self):
        self.check_version("3.1.2")

    def test_v2(self):
        self.check_version("2.5.3")

    def test_evidence_signed(self):
        """A FAILED statement verifies by its own key, and never by the one of approvals."""
        cosign.need("3.1.2")
        self.refused("broken", "1.0", "broken 1.0")
        with open(self.path("broken.whl"), "wb") as f:
            f.write(self.up.find(wheels.file_name("broken", "1.0")).data)
        with open(self.path("broken.whl"), "rb") as f:
            digest = hashlib.sha256(f.read()).hexdigest()
        listed = json.loads(self.service.ask(f"/-/attestations/sha256/{digest}/").body)["attestations"]
        name = next(n for n in listed[0]["files"] if n.endswith(".vsa.sigstore.json"))
        bundle = self.saved("failed.json", f"/-/attestations/sha256/{digest}/{name}")
        run = ("3.1.2", "verify-blob-attestation")
        self.assertEqual(self.by_bundle(*run, self.evidence, bundle, self.path("broken.whl"))[0], 0)
        self.assertNotEqual(self.by_bundle(*run, self.key, bundle, self.path("broken.whl"))[0], 0)


class Renamed(Quarantine):
    """A repository that the configuration has no more."""

    @classmethod
    def configure(cls, text):
        lab = "\n  - {name: lab, ecosystem: pypi, environment: preprod, upstreams: [pypi]}\n"
        return text.replace("\nrepositories:\n", "\nrepositories:" + lab)

    @classmethod
    def fill(cls):
        add_wheel(cls.up, "demo", "1.2")

    def withdrawn(self):
        envelope = json.loads(self.service.ask("/-/withdrawals/preprod.json").body)
        return [w["file"] for w in json.loads(base64.b64decode(envelope["payload"]))["withdrawn"]]

    def test_what_it_had_approved_is_withdrawn(self):
        self.assertEqual(self.service.ask(file_path("demo", "1.2", "lab")).status, 200)
        self.assertEqual(self.withdrawn(), [])
        self.service.stop()
        self.service.edit("customhouse.yaml", lambda text: text.replace("{name: lab,", "{name: bench,"))
        self.service.start()
        self.assertEqual(self.service.ask(file_path("demo", "1.2", "lab")).status, 404)
        self.assertEqual(self.withdrawn(), ["demo-1.2-py3-none-any.whl"])


class Last(Renamed):
    """The last one of its environment."""

    def test_what_it_had_approved_is_withdrawn(self):
        self.assertEqual(self.service.ask("/-/withdrawals/nowhere.json").status, 404)
        self.assertEqual(self.service.ask(file_path("demo", "1.2", "lab")).status, 200)
        self.service.stop()
        self.service.edit("customhouse.yaml", lambda text: re.sub(r"(?m)^  - \{name: lab,.*\n", "", text))
        self.service.start()
        self.assertEqual(self.service.ask(file_path("demo", "1.2", "lab")).status, 404)
        self.assertEqual(self.withdrawn(), ["demo-1.2-py3-none-any.whl"])
        self.assertEqual(self.service.ask("/-/withdrawals/nowhere.json").status, 404)


if __name__ == "__main__":
    unittest.main()
