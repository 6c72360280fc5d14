"""A repository in audit mode serves what would be held, and says so; what nobody may have is refused."""
import json
import signal

from house import wheels
from house.case import Quarantine, add_wheel, file_path
from house.clients import KINDS, Client


class Audit(Quarantine):
    @classmethod
    def policy(cls, text):
        return text + "\nrepositories:\n  pypi: {mode: audit}\n"

    @classmethod
    def fill(cls):
        add_wheel(cls.up, "young", "1.0", days=400)
        add_wheel(cls.up, "young", "2.0", days=1)
        add_wheel(cls.up, "forged", "1.0", data=wheels.forged_directory("forged", "1.0"))

    def audited(self):
        status, out, err = self.service.command("queue", "--audited", "--json")
        self.assertEqual(status, 0, out + err)
        return {e["file"]: e for e in json.loads(out)}

    def test_what_would_be_held_is_served_and_shown(self):
        with Client(KINDS[0]) as client:
            self.installs(client, "young", "young", "2.0")
        name = wheels.file_name("young", "2.0")
        entry = self.audited()[name]
        self.assertEqual((entry["state"], entry["rule"], entry["audited"]), ("allow", "cool-down", True))
        self.assertIn("released 1 day ago", entry["reason"])
        explained = self.explained("young==2.0")[name]
        self.assertEqual((explained["verdict"], explained["audited"]), ("allow", True))
        status, out, err = self.service.command("explain", "young==2.0")
        self.assertIn("it would be held (cool-down)", out)
        self.assertNotIn(wheels.file_name("young", "1.0"), self.audited())
        # an attack is none of the holds that an audit lifts
        self.assertEqual(self.service.ask(file_path("forged", "1.0")).status, 403)

    def test_zz_the_end_of_the_audit_withdraws(self):
        self.assertEqual(self.service.ask(file_path("young", "2.0")).status, 200)
        self.service.edit("policy.yaml", lambda t: t.replace("mode: audit", "mode: quarantine"))
        self.service.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: self.service.ask(file_path("young", "2.0")).status == 403)
        self.assertNotIn(wheels.file_name("young", "2.0"), self.audited())
