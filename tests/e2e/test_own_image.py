"""Our own image: made of this tree and Debian's packages, it passes the gate of a Customhouse that runs, under the policy
that everybody starts with, and serves as a cluster would run it: without root, and on a root that nobody can write to."""
import json
import os
import re
import shutil
import subprocess
import tempfile

from house import clients, cosign
from house.case import add_wheel, file_path
from house.contained import Contained
from house.container_clients import Skopeo
from house.hosted import Hosted
from house.service import BIN, ROOT


class OwnImage(Hosted):
    @classmethod
    def fill(cls):
        cls.folder = tempfile.mkdtemp(prefix="ch-own-image-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.layout = os.path.join(cls.folder, "layout")
        made = subprocess.run([os.path.join(ROOT, "deploy", "container", "build"), cls.layout, os.path.dirname(BIN)],
                              capture_output=True, text=True, timeout=300)
        if made.returncode != 0:
            raise AssertionError(made.stdout + made.stderr)
        add_wheel(cls.up, "fine", "1.0")

    @classmethod
    def document(cls, digest):
        with open(os.path.join(cls.layout, "blobs", *digest.split(":")), "rb") as f:
            return json.load(f)

    @classmethod
    def manifest(cls):
        with open(os.path.join(cls.layout, "index.json")) as f:
            [entry] = json.load(f)["manifests"]
        return entry["digest"], cls.document(entry["digest"])

    def test_passes_its_own_gate(self):
        with Skopeo() as client:
            status, text = client.run([client.program, *client.options, "copy", "--dest-tls-verify=false", "--preserve-digests",
                                       "--dest-creds", f"ci:{self.token}", f"oci:{self.layout}:customhouse",
                                       f"docker://{self.host}/customhouse:1.0"])
        self.assertEqual(status, 0, text)
        digest, _ = self.manifest()
        status, out, err = self.service.command("gate", "customhouse:1.0", "--wait", "120")
        self.assertEqual((status, err), (0, ""), out)
        self.assertIn(f"passed, for linux/amd64, as customhouse@{digest}\n", out)
        with self.subTest("nothing is found in it, no note either"):
            status, out, err = self.service.command("gate", "customhouse:1.0", "--json")
            [image] = json.loads(out)["images"]
            findings = [f for manifest in image["manifests"] for file in manifest["files"] for f in file["findings"]]
            self.assertEqual(findings, [], out)
        with self.subTest("what it is made of"):
            status, out, err = self.service.command("sbom", f"customhouse@{digest}")
            self.assertEqual(status, 0, err)
            names = {c["name"] for c in json.loads(out)["components"]}
            self.assertLessEqual({"customhouse", "libc6", "libssl3", "ca-certificates"}, names)
        with self.subTest("signature"):
            status, out = cosign.verify_image("3.1.2", self.service, f"{self.host}/customhouse@{digest}")
            self.assertEqual(status, 0, out)

    def test_serves_without_root(self):
        _, manifest = self.manifest()
        config = self.document(manifest["config"]["digest"])["config"]
        root = os.path.join(self.folder, "root")
        os.mkdir(root)
        for layer in manifest["layers"]:
            subprocess.run(["tar", "-xzf", os.path.join(self.layout, "blobs", *layer["digest"].split(":")), "-C", root], check=True)
        with Contained(root, config, ["--pypi-upstream", self.up.url]) as service:
            with clients.Client("pip-newest") as client:
                status, text = client.install(service.url + "/pypi/simple/", "fine==1.0")
                self.assertEqual(status, 0, text)
            self.assertEqual(service.ask(file_path("fine", "1.0")).status, 200)
            with open(f"/proc/{service.first()}/status") as f:
                told = dict(re.findall(r"(?m)^(\w+):\s+(.*)$", f.read()))
            uid = config["User"].split(":")[0]
            self.assertNotEqual(uid, "0")
            self.assertEqual((told["Uid"].split(), int(told["CapEff"], 16)), ([uid] * 4, 0))
            self.assertEqual(service.end(), 0, service.log())
            self.assertRegex(service.log(), r"(?s)event=draining.*event=ended status=0\n$")
