"""Clusters that verify signatures instead of asking, or as well: the examples of deploy/kubernetes are what the API of
policy-controller and of Kyverno takes, and policy-controller admits by them what is approved, and nothing else."""
import os
import tempfile
import unittest

from house import images, policy_controller
from house.webhook_client import DEPLOY
from test_containers_signed import OfSigned

PLACE = "KEY OF approve-prod-image"


class Files(unittest.TestCase):
    def test_they_keep_to_the_schemas(self):
        for name in policy_controller.SCHEMAS:
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                self.assertEqual(policy_controller.faults(name, os.path.join(DEPLOY, name)), [])
                with open(os.path.join(DEPLOY, name)) as f:
                    text = f.read()
                wrong = os.path.join(folder, name)
                with open(wrong, "w") as f:
                    f.write(text.replace("spec:\n", "spec:\n  nosuchfield: 1\n", 1))
                fault, = policy_controller.faults(name, wrong)
                self.assertIn("nosuchfield", fault)


class PolicyController(OfSigned):
    @classmethod
    def fill(cls):
        cls.make_registry()
        cls.good, cls.evil, cls.ended = images.simple("good"), images.simple("evil", evil=True), images.simple("ended")
        for name in ("good", "evil", "ended"):
            cls.registry.push(f"team/{name}", "1.0", getattr(cls, name))

    @classmethod
    def setUpClass(cls):
        policy_controller.need()
        super().setUpClass()

    def verify(self, reference, purpose="approve-prod-image", host=None):
        """By the file of deploy/kubernetes with this service's key in its place."""
        with open(self.key(purpose)) as f:
            lines = f.read().strip().splitlines()[1:-1]
        with open(os.path.join(DEPLOY, "policy-controller.yaml")) as f:
            text = f.read()
        line = next(l for l in text.splitlines() if l.strip() == PLACE)
        indent = line[:len(line) - len(PLACE)]
        policy = os.path.join(self.dir, "policy.yaml")
        with open(policy, "w") as f:
            f.write(text.replace(line, "\n".join(indent + l for l in lines)))
        return policy_controller.verify(policy, f"{host or self.host}/{reference}", self.dir)

    def refused(self, *args, **kw):
        status, text = self.verify(*args, **kw)
        self.assertEqual(status, 1, text)
        self.assertIn("errors", text)
        return text

    def test_what_is_approved_passes_and_nothing_else(self):
        self.is_served("team/good", "1.0", self.good)
        for reference in ("team/good:1.0", f"team/good@{self.good.digest}"):
            status, text = self.verify(reference)
            self.assertEqual(status, 0, text)
            self.assertIn("Verification was successful", text)
        self.refused(f"team/good@{self.good.digest}", "approve-preprod-image")
        self.refused(f"team/good@{self.good.digest}", "evidence")
        self.refused(f"team/good@{self.good.digest}", host=self.upstream_host)  # the same image where nobody has signed it
        self.assertEqual(self.ask("team/evil", "manifests", "1.0").status, 403)
        self.refused(f"team/evil@{self.evil.digest}")

    def test_it_ends_with_the_approval(self):
        self.is_served("team/ended", "1.0", self.ended)
        self.assertEqual(self.verify(f"team/ended@{self.ended.digest}")[0], 0)
        status, out, err = self.service.command("deny", f"oci:team/ended=={self.ended.digest}", "--repository", "mcr",
                                              "--reason", "stolen")
        self.assertEqual(status, 0, out + err)
        self.refused(f"team/ended@{self.ended.digest}")


del OfSigned
