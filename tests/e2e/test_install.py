"""Installing through quarantine, against a generated upstream: what works, and what is refused."""
import datetime
import json
import unittest

from house import wheels
from house.clients import KINDS, Client
from house.service import Service
from house.upstream import File, Upstream


def days_ago(n):
    t = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=n)
    return t.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def add_wheel(up, name, version, data=None, days=400, sidecar=True, **kw):
    data = data if data is not None else wheels.wheel(name, version, **kw)
    meta = None
    if sidecar:
        meta = wheels.metadata(name, version, kw.get("requires", ()), kw.get("requires_python"))
    f = File(wheels.file_name(name, version), data, uploaded=days_ago(days), sidecar=meta,
             requires_python=kw.get("requires_python"))
    up.add(name, f)
    return f


class Installing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.up = Upstream()
        add_wheel(cls.up, "leaf", "1.0")
        add_wheel(cls.up, "leaf", "1.1", sidecar=False)
        add_wheel(cls.up, "tree", "2.0", requires=["leaf>=1.0"])
        add_wheel(cls.up, "young", "1.0")
        add_wheel(cls.up, "young", "2.0", days=1)
        add_wheel(cls.up, "only-young", "1.0", days=2)
        add_wheel(cls.up, "forged", "1.0", data=wheels.forged_directory("forged", "1.0"))
        add_wheel(cls.up, "referrer", "1.0", sidecar=False,
                  data=wheels.direct_reference("referrer", "1.0", "https://evil.example/x.whl"))
        add_wheel(cls.up, "compiled", "1.0", data=wheels.unchecked_pyc("compiled", "1.0"))
        lying = add_wheel(cls.up, "lying", "1.0")
        lying.sha256 = "0" * 64
        cls.service = Service(cls.up.url).start()
        cls.index = cls.service.url + "/pypi/simple/"

    @classmethod
    def tearDownClass(cls):
        cls.service.remove()
        cls.up.close()

    def each(self):
        for kind in KINDS:
            with self.subTest(client=kind), Client(kind) as client:
                yield client

    def test_installs_with_dependencies(self):
        for client in self.each():
            status, text = client.install(self.index, "tree")
            self.assertEqual(status, 0, text)
            self.assertEqual(client.imports("tree"), "2.0")
            self.assertEqual(client.imports("leaf"), "1.1")

    def test_every_file_came_through_the_gateway(self):
        with Client("pip-newest") as client:
            client.install(self.index, "tree")
        log = [json.loads(line) for line in self.service.access_log().splitlines()]
        served = {r["path"] for r in log if r["status"] == 200}
        self.assertIn("/pypi/files/tree/tree-2.0-py3-none-any.whl", served)
        self.assertIn("/pypi/files/leaf/leaf-1.1-py3-none-any.whl", served)

    def test_a_young_version_is_passed_over(self):
        for client in self.each():
            status, text = client.install(self.index, "young")
            self.assertEqual(status, 0, text)
            self.assertEqual(client.imports("young"), "1.0")

    def test_a_pin_of_a_young_version_explains_itself(self):
        for client in self.each():
            status, text = client.install(self.index, "young==2.0")
            self.assertNotEqual(status, 0, text)
            self.assertIn("the policy asks for 7", text)

    def test_where_nothing_is_allowed_the_reason_is_seen(self):
        for client in self.each():
            status, text = client.install(self.index, "only-young")
            self.assertNotEqual(status, 0, text)
            self.assertIn("the policy asks for 7", text)

    def test_attacks_are_refused_by_name(self):
        for project, finding in (("forged", "zip-"), ("referrer", "direct-reference"),
                                 ("compiled", "pyc-unchecked"), ("lying", "hash-mismatch")):
            for client in self.each():
                with self.subTest(project=project):
                    status, text = client.install(self.index, project)
                    self.assertNotEqual(status, 0, text)
                    self.assertIn(finding, text)

    def test_approve_makes_the_same_command_succeed(self):
        add_wheel(self.up, "wanted", "1.0", days=400)
        add_wheel(self.up, "wanted", "2.0", days=1)
        with Client("pip-newest") as pip, Client("uv") as uv:
            for client in (pip, uv):
                status, text = client.install(self.index, "wanted==2.0")
                self.assertNotEqual(status, 0, text)
            status, out, err = self.service.command("approve", "pypi:wanted==2.0", "--reason",
                                                    "reviewed by hand", "--expires", "14d")
            self.assertEqual(status, 0, out + err)
            for client in (pip, uv):
                status, text = client.install(self.index, "wanted==2.0")
                self.assertEqual(status, 0, text)
                self.assertEqual(client.imports("wanted"), "2.0")

    def test_deny_acts_at_once_and_approve_does_not_lift_an_attack(self):
        add_wheel(self.up, "fallen", "1.0")
        with Client("pip-newest") as client:
            status, text = client.install(self.index, "fallen")
            self.assertEqual(status, 0, text)
        path = "/pypi/files/fallen/fallen-1.0-py3-none-any.whl"
        self.assertEqual(self.service.get(path)[0], 200)
        status, out, err = self.service.command("deny", "pypi:fallen", "--reason", "compromised")
        self.assertEqual(status, 0, out + err)
        self.assertEqual(self.service.get(path)[0], 403)
        status, out, err = self.service.command("approve", "forged==1.0", "--reason", "no", "--expires", "1d")
        self.assertEqual(status, 1, out + err)

    def test_explain_and_fetched_by(self):
        with Client("pip-newest") as client:
            client.install(self.index, "leaf==1.0")
        status, out, err = self.service.command("explain", "pypi:young")
        self.assertEqual(status, 0, err)
        self.assertIn("the policy asks for 7", out)
        status, out, err = self.service.command("explain", "forged-1.0-py3-none-any.whl", "--json")
        self.assertEqual(status, 0, err)
        self.assertIn("deny", json.loads(out)[0]["verdict"])
        status, out, err = self.service.command("fetched-by", "leaf-1.0-py3-none-any.whl")
        self.assertEqual(status, 0, err)
        self.assertIn("127.0.0.1", out)


if __name__ == "__main__":
    unittest.main()
