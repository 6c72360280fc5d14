"""What lock files have of a release is its hash: explain, approve and deny take it, whether or not the file was ever fetched."""
import hashlib
import json
import re

from house.case import Quarantine, add_wheel, file_path
from house.upstream import Upstream


class ByDigest(Quarantine):
    @classmethod
    def fill(cls):
        cls.digests = {}
        for name, version, days in (("young", "1.0", 400), ("young", "2.0", 1), ("good", "1.0", 400)):
            data = add_wheel(cls.up, name, version, days=days).data
            cls.digests[name, version] = "sha256:" + hashlib.sha256(data).hexdigest()

    def test_of_no_page_at_hand(self):
        status, out, err = self.service.command("explain", "sha256:" + "1" * 64)
        self.assertEqual((status, out), (1, ""))
        self.assertIn("no file with this sha256 was ever fetched, and none of the ", err)
        self.assertIn("pages of indexes that are known here lists it: ask for its project's page first", err)

    def test_after_a_restart(self):
        """Its page is in the store alone until somebody asks for it."""
        self.page("young")
        self.service.stop()
        self.service.start()
        status, out, err = self.service.command("explain", self.digests["young", "1.0"])
        self.assertEqual(status, 0, err)
        self.assertIn("young-1.0-py3-none-any.whl", out)

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
        self.assertEqual("sha256:" + told["sha256"], held)  # nothing came, and it is known what is to come
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


class OfTwo(Quarantine):
    """Two repositories of one index."""

    @classmethod
    def fill(cls):
        cls.digest = "sha256:" + hashlib.sha256(add_wheel(cls.up, "young", "2.0", days=1).data).hexdigest()

    @classmethod
    def configure(cls, text):
        name = re.search(r"(?m)^upstreams:\n(?:\s*#.*\n)*\s*- name: (\S+)", text).group(1)
        return re.sub(r"(?m)^repositories:\n", f"repositories:\n  - {{name: lab, ecosystem: pypi, upstreams: [{name}]}}\n", text, count=1)

    def test_zeros_are_no_digest(self):
        self.page("young")
        for word in ("explain", "approve", "deny", "fetched-by"):
            with self.subTest(word):
                reason = ["--reason", "x"] if word in ("approve", "deny") else []
                status, out, err = self.service.command(word, "sha256:" + "0" * 64, *reason)
                self.assertEqual((status, out), (2, ""), err)
                self.assertIn("nothing has a digest of zeros alone", err)

    def test_which_repository_is_not_left_to_an_order(self):
        self.page("young")  # of one of them alone
        for word in ("explain", "approve"):
            reason = ["--reason", "x"] if word == "approve" else []
            status, out, err = self.service.command(word, self.digest, *reason)
            self.assertEqual((status, out), (2, ""), err)
            self.assertIn("several repositories have it: say which with --repository", err)
        status, out, err = self.service.command("approve", self.digest, "--reason", "x", "--repository", "pypi")
        self.assertEqual(status, 0, err)
        self.assertEqual(self.service.ask(file_path("young", "2.0")).status, 200)
        self.assertEqual(self.service.ask(file_path("young", "2.0", "lab")).status, 403)


class OfTwoUpstreams(Quarantine):
    """Two repositories, each of an index of its own; both list the same bytes, one of them as a young file."""

    @classmethod
    def fill(cls):
        cls.other = Upstream()
        cls.addClassCleanup(cls.other.close)
        cls.digests = {}
        for name in ("same", "denied"):
            data = add_wheel(cls.up, name, "1.0").data
            add_wheel(cls.other, name, "1.0", data=data, days=1)
            cls.digests[name] = "sha256:" + hashlib.sha256(data).hexdigest()

    @classmethod
    def configure(cls, text):
        second = f"  - {{name: second, ecosystem: pypi, url: '{cls.other.url}', trust_times: true}}\n"
        return re.sub(r"(?m)^repositories:\n", second + "\nrepositories:\n  - {name: two, ecosystem: pypi, upstreams: [second]}\n", text, count=1)

    def test_that_they_came_in_one_says_nothing_of_the_other(self):
        digest = self.digests["same"]
        self.page("same")
        self.assertEqual(self.service.ask("/two/simple/same/").status, 200)

        def undecided():
            for words in (("explain",), ("explain", "--json"), ("approve", "--reason", "x"), ("rescan",)):
                with self.subTest(words):
                    status, out, err = self.service.command(words[0], digest, *words[1:])
                    self.assertEqual((status, out), (2, ""), err)
                    self.assertRegex(err, r"several repositories list it: say which with --repository \((pypi, two|two, pypi)\)")
        undecided()
        self.assertEqual(self.service.ask(file_path("same", "1.0")).status, 200)
        undecided()
        self.service.stop()  # then the pages are in the store alone
        self.service.start()
        undecided()
        two = file_path("same", "1.0", "two")
        self.assertEqual(self.service.ask(two).status, 403)
        for repository, verdict in (("pypi", "allow"), ("two", "hold")):
            status, out, err = self.service.command("explain", digest, "--json", "--repository", repository)
            self.assertEqual(status, 0, err)
            [e] = json.loads(out)
            self.assertEqual((e["repository"], e["verdict"], "sha256:" + e["sha256"]), (repository, verdict, digest))
        status, out, err = self.service.command("approve", digest, "--reason", "x", "--repository", "two")
        self.assertEqual(status, 0, out + err)
        self.assertEqual(self.service.ask(two).status, 200)

    def test_a_denial_of_bytes_is_of_all_repositories(self):
        for repository in ("pypi", "two"):
            self.assertEqual(self.service.ask(f"/{repository}/simple/denied/").status, 200)
        self.assertEqual(self.service.ask(file_path("denied", "1.0")).status, 200)
        status, out, err = self.service.command("deny", self.digests["denied"], "--reason", "stolen")
        self.assertEqual(status, 0, out + err)
        for repository in ("pypi", "two"):
            a = self.service.ask(file_path("denied", "1.0", repository))
            self.assertEqual(a.status, 403)
            self.assertIn("stolen", a.reason)
