"""What lock files have of a release is its hash: explain, approve and deny take it, whether or not the file was ever fetched."""
import hashlib
import json

from house.case import Quarantine, add_wheel, file_path


class ByDigest(Quarantine):
    @classmethod
    def fill(cls):
        cls.digests = {}
        for name, version, days in (("young", "1.0", 400), ("young", "2.0", 1), ("good", "1.0", 400)):
            data = add_wheel(cls.up, name, version, days=days).data
            cls.digests[name, version] = "sha256:" + hashlib.sha256(data).hexdigest()

    def test_of_no_page_at_hand(self):
        status, out, err = self.service.command("explain", "sha256:" + "0" * 64)
        self.assertEqual((status, out), (1, ""))
        self.assertIn("no file with this sha256 was ever fetched, and no page at hand lists it", err)

    def test_what_is_held_is_explained_and_approved(self):
        self.page("young")
        held = self.digests["young", "2.0"]
        status, out, err = self.service.command("explain", held)
        self.assertEqual(status, 0, err)
        self.assertIn("hold (cool-down)", out)
        self.assertIn("young-2.0-py3-none-any.whl", out)
        [told] = json.loads(self.service.command("explain", held, "--json")[1])
        [same] = json.loads(self.service.command("explain", "young-2.0-py3-none-any.whl", "--json")[1])
        self.assertEqual(told, same)
        self.assertEqual(self.service.ask(file_path("young", "2.0")).status, 403)
        status, out, err = self.service.command("approve", held, "--reason", "read it")
        self.assertEqual(status, 0, out + err)
        self.assertEqual(self.service.ask(file_path("young", "2.0")).status, 200)

    def test_what_is_denied_before_anybody_has_it_is_named(self):
        self.page("good")
        digest = self.digests["good", "1.0"]
        self.assertEqual(self.service.command("deny", digest, "--reason", "stolen")[0], 0)
        self.assertEqual(self.service.ask(file_path("good", "1.0")).status, 403)
        status, out, err = self.service.command("explain", digest)
        self.assertEqual(status, 0, err)
        self.assertIn("good-1.0-py3-none-any.whl", out)
        self.assertIn("stolen", out)
