import json
import os
import shutil
import tempfile
import unittest

from house import images, raw, cosign
from house.containers import OfRegistry
from house.container_clients import Oras


class Signed(OfRegistry):
    @classmethod
    def fill(cls):
        cls.make_registry()
        cls.good = images.simple("good", images.FORMS)
        cls.registry.push("team/good", "1.0", cls.good)
        cls.many = images.index([images.simple("many", architecture=a) for a in ("amd64", "arm64")])
        cls.registry.push("team/many", "1.0", cls.many)

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="ch-signed-")
        self.addCleanup(shutil.rmtree, self.dir)

    def saved(self, name, address):
        a = self.service.ask(address)
        self.assertEqual(a.status, 200, (address, a))
        path = os.path.join(self.dir, name)
        with open(path, "wb") as f:
            f.write(a.body)
        return path

    def test_cosign(self):
        self.assertEqual(self.ask("team/good", "manifests", "1.0").status, 200)
        key = self.saved("k.pem", "/-/keys/approve-prod-image.pem")
        ev = self.saved("e.pem", "/-/keys/evidence.pem")
        fk = self.saved("f.pem", "/-/keys/approve-prod-file.pem")
        for v in ("2.5.3", "3.1.2"):
            for kk in (key, ev, fk):
              for opts in ((), ("--new-bundle-format=false",), ("--new-bundle-format",)):
                for ref in (":1.0", "@" + self.good.digest):
                    print(v, os.path.basename(kk), opts, ref, cosign.run(v, self.dir, "verify", "--key", kk, "--insecure-ignore-tlog", "--allow-http-registry", *opts, f"{self.host}/team/good{ref}"))
        for v in ("2.5.3", "3.1.2"):
            print(v, cosign.run(v, self.dir, "verify-attestation", "--key", key, "--insecure-ignore-tlog", "--allow-http-registry", "--type", "https://slsa.dev/verification_summary/v1", f"{self.host}/team/good:1.0"))
            print(v, cosign.run(v, self.dir, "verify-attestation", "--key", ev, "--insecure-ignore-tlog", "--allow-http-registry", "--type", "https://in-toto.io/attestation/test-result/v0.1", f"{self.host}/team/good:1.0"))
        with Oras() as o:
            print(o.oras("discover", f"{self.host}/team/good:1.0"))

    def test_many(self):
        a = self.ask("team/many", "manifests", "1.0")
        self.assertEqual(a.status, 200)
        for i in range(3):
            s = self.ask("team/many", "manifests", self.many.digest.replace(":", "-") + ".sig")
            print(s.status, s.body)
            if i < 2:
                m = self.many.images[i]
                self.assertEqual(self.ask("team/many", "manifests", m.digest).status, 200)


if __name__ == "__main__":
    unittest.main()
