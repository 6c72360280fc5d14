"""What is signed about conda packages lies beside them, as beside wheels: by their URLs, for anybody's verifier and for our
own."""
import base64
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import unittest

from house import cosign
from house.service import BIN
from test_conda import OfChannel

VSA = "https://slsa.dev/verification_summary/v1"
ENDINGS = (".vsa.json", ".vsa.sigstore.json", ".approval.sigstore.json")


class Signed(OfChannel):
    @classmethod
    def fill(cls):
        cls.make_channel()
        cls.names = [cls.channel.add("demo", "1.2", build="py_0"), cls.channel.add("old", "1.0", ending=".tar.bz2")]
        cls.native = cls.channel.add("native", "2.0", subdir="linux-64", build="h1_3")
        cls.channel.add("ended", "1.0")
        cls.held = cls.channel.add("young", "1.0", days=1)

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="ch-signed-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.records(), self.records("linux-64")

    def saved(self, name, address):
        a = self.service.ask(address)
        while a.status == 307:
            a = self.service.ask(a["Location"])
        self.assertEqual(a.status, 200, (address, a))
        path = os.path.join(self.dir, name)
        with open(path, "wb") as f:
            f.write(a.body)
        return path

    def all_saved(self, file, subdir="noarch"):
        path = self.saved(file, f"/chan/{subdir}/{file}")
        for ending in ENDINGS:
            self.saved(file + ending, f"/chan/{subdir}/{file}{ending}")
        return path

    def verify(self, *args):
        done = subprocess.run([os.path.join(BIN, "customhouse"), "verify", *args], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def test_what_it_says(self):
        for file, subdir, uri in ((self.names[0], "noarch", "pkg:conda/demo@1.2?build=py_0&environment=prod&file_name="
                                   "demo-1.2-py_0.conda&subdir=noarch&type=conda"),
                                  (self.names[1], "noarch", "pkg:conda/old@1.0?build=0&environment=prod&file_name="
                                   "old-1.0-0.tar.bz2&subdir=noarch&type=tar.bz2"),
                                  (self.native, "linux-64", "pkg:conda/native@2.0?build=h1_3&environment=prod&file_name="
                                   "native-2.0-h1_3.conda&subdir=linux-64&type=conda")):
            with self.subTest(file):
                path = self.all_saved(file, subdir)
                with open(path + ".vsa.json") as f:
                    envelope = json.load(f)
                with open(path + ".vsa.sigstore.json") as f:
                    self.assertEqual(json.load(f)["dsseEnvelope"], envelope)
                said = json.loads(base64.b64decode(envelope["payload"]))
                with open(path, "rb") as f:
                    digest = hashlib.sha256(f.read()).hexdigest()
                self.assertEqual(said["subject"], [{"name": file, "digest": {"sha256": digest}}])
                self.assertEqual(said["predicate"]["resourceUri"], uri)
                self.assertEqual(said["predicate"]["verificationResult"], "PASSED")

    def test_our_own_check(self):
        key = self.saved("prod.pem", "/-/keys/approve-prod-file.pem")
        listed = self.saved("withdrawals.json", "/-/withdrawals/prod.json")
        for file in self.names:
            with self.subTest(file):
                path = self.all_saved(file)
                ask = ("--key", key, "--environment", "prod", "--withdrawals", listed)
                self.assertEqual(self.verify(path, *ask)[0], 0, self.verify(path, *ask))
                self.assertEqual(self.verify(path, "--key", key, "--environment", "preprod")[0], 1)
                with open(path, "r+b") as f:
                    f.seek(30)
                    byte = f.read(1)
                    f.seek(30)
                    f.write(bytes([byte[0] ^ 1]))
                self.assertEqual(self.verify(path, *ask)[0], 1)
        # withdrawn: what was kept is no longer good, and nothing lies beside it any more
        ended = "ended-1.0-0.conda"
        path = self.all_saved(ended)
        self.command("deny", "conda:ended==1.0", "--reason", "not any more")
        listed = self.saved("withdrawals.json", "/-/withdrawals/prod.json")
        self.assertEqual(self.verify(path, "--key", key, "--environment", "prod", "--withdrawals", listed)[0], 1)
        for ending in ENDINGS:
            self.assertEqual(self.service.ask(f"/chan/noarch/{ended}{ending}").status, 403)

    def test_cosign(self):
        cosign.need("3.1.2")
        key = self.saved("prod.pem", "/-/keys/approve-prod-file.pem")
        path, other = self.all_saved(self.names[1]), self.all_saved(self.native, "linux-64")
        for command, ending, kind in (("verify-blob", ".approval.sigstore.json", ()),
                                      ("verify-blob-attestation", ".vsa.sigstore.json", ("--type", VSA))):
            for file, good in ((path, True), (other, False)):
                with self.subTest(command=command, good=good):
                    status, text = cosign.run("3.1.2", self.dir, command, "--key", key, "--bundle", path + ending,
                                              "--insecure-ignore-tlog", *kind, file)
                    self.assertEqual(status == 0, good, text)

    def test_nothing_of_what_is_held_or_is_no_package(self):
        self.assertEqual(self.fetch(self.held).status, 403)
        for ending in ENDINGS:
            with self.subTest(ending):
                a = self.service.ask(f"/chan/noarch/{self.held}{ending}")
                self.assertEqual(a.status, 403, a)
                self.assertIn("young 1.0 held by cool-down", a.reason)
                for path in (f"noarch/repodata.json{ending}", f"notices.json{ending}", f"noarch/x.txt{ending}"):
                    self.assertEqual(self.service.ask(f"/chan/{path}").status, 404, path)


if __name__ == "__main__":
    unittest.main()
