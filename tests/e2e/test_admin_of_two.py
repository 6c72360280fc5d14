"""What the administrative interface answers where there are two upstreams, and where two persons have to agree."""
import re

from house.case import add_wheel, file_path, with_key, with_second_upstream
from house.service import Service
from house.upstream import Upstream
from test_admin import Persons


class OfTwo(Persons):
    @classmethod
    def fill(cls):
        cls.other = Upstream()
        cls.addClassCleanup(cls.other.close)
        cls.mine = add_wheel(cls.up, "shared", "1.0")
        cls.theirs = add_wheel(cls.other, "shared", "1.0", files={"shared/more.py": b"# theirs\n"})

    @classmethod
    def serve(cls):
        return Service(cls.up.url, admin=True, configure=lambda text: with_second_upstream(text, cls.other.url),
                       policy=lambda text: with_key(text, "two_approvers", "always"))

    def test_a_name_is_given_to_another_upstream(self):
        path, alice = file_path("shared", "1.0"), self.token("alice")
        self.assertEqual(self.service.ask(path).body, self.mine.data)
        former = self.ask("GET", "owners?name=shared", alice)[1][0]["upstream"]
        body = {"name": "shared", "upstream": "second", "reason": "they publish it now"}
        self.assertEqual(self.ask("POST", "owners", self.token("rita"), body)[0], 403)
        status, said = self.ask("POST", "owners", alice, body)
        self.assertEqual(status, 200, said)
        self.assertIn("changeOwner", self.answered)
        self.assertEqual([(n["project"], n["upstream"], n["changes"][0]["former"], n["changes"][0]["reason"]) for n in said],
                         [("shared", "second", former, "they publish it now")])
        a = self.service.ask(path)
        while a.status == 307:
            a = self.service.ask(a["Location"])
        self.assertEqual((a.status, a.body), (200, self.theirs.data), a)
        self.assertEqual(self.ask("POST", "owners", alice, dict(body, upstream="nowhere"))[0], 400)

    def test_another_person_agrees_to_a_policy(self):
        carol, erin = self.token("carol"), self.token("erin")
        with open(self.service.path("policy.yaml")) as f:
            policy = re.sub("(?m)^cool_down_days:.*$", "", f.read()) + "\ncool_down_days: 11\n"
        status, proposal = self.ask("POST", "policy/proposals", carol, {"policy": policy, "reason": "slower"})
        self.assertEqual(status, 200, proposal)
        agreements = f"policy/proposals/{proposal['proposal']}/agreements"
        self.assertEqual(self.ask("POST", agreements, self.token("alice"), {})[0], 403)
        self.assertEqual(self.ask("POST", agreements, carol, {})[0], 409)  # the one who has said so already
        status, said = self.ask("POST", agreements, erin, {"reason": "yes, slower"})
        self.assertEqual(status, 200, said)
        self.assertIn("agreeToPolicy", self.answered)
        self.assertIn("cool_down_days", str(said["diff"]))
