"""`policy test --against` with what conda's clients write: pixi, conda and conda-lock cannot be had, so files of their form."""
import hashlib
import json

from test_conda import OfChannel


class Locks(OfChannel):
    @classmethod
    def fill(cls):
        cls.make_channel()
        add = cls.channel.add
        add("lib", "1.0")
        add("lib", "1.5", days=50)
        add("bad", "1.0", subdir="linux-64", build="h_0")
        add("both", "1.0", subdir="linux-64", build="h_0", days=50)
        add("both", "1.0", build="py_0")
        cls.stricter = """version: 1
cool_down_days: 100
rules:
  - {name: unwanted, match: "bad <2", then: deny, reason: not in this house}
"""

    def written(self, name, text):
        path = self.service.path(name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def url(self, file, subdir="noarch"):
        return f"https://upstream.example.org/chan/{subdir}/{file}"

    def sha256(self, file, subdir="noarch"):
        return hashlib.sha256(self.channel.files[subdir][file]).hexdigest()

    def against(self, lock):
        self.records(), self.records("linux-64")
        policy = self.written("new.yaml", self.stricter)
        status, out, err = self.service.command("policy", "test", policy, "--against", lock, "--repository", "chan", "--json")
        self.assertEqual(status, 1, out + err)
        return {(line["name"], line["version"] or line["specifier"]): line["state"] for line in json.loads(out)["lines"]}, out

    def test_environment(self):
        lock = self.written("environment.yml", "name: x\nchannels: [conda-forge]\ndependencies:\n  - conda-forge::lib\n"
                            "  - lib >=1.5\n  - bad\n  - both\n  - both[build=\"h*\"]\n  - nowhere\n"
                            "  - pip: [both==1.0]\n")  # which is no package of the channel
        told, out = self.against(lock)
        self.assertEqual(told, {("lib", "lib"): "older", ("lib", "lib >=1.5"): "held", ("bad", "bad"): "denied",
                                ("both", "both"): "passes", ("both", "both[build=\"h*\"]"): "held",
                                ("nowhere", "nowhere"): "unknown", ("both", "1.0"): "unknown"}, out)

    def test_pinned(self):
        expected = {("noarch/lib", "1.0"): "passes", ("noarch/lib", "1.5"): "held", ("linux-64/bad", "1.0"): "denied",
                    ("linux-64/both", "1.0"): "held", ("noarch/both", "1.0"): "passes"}
        files = [("lib-1.0-0.conda", "noarch"), ("lib-1.5-0.conda", "noarch"), ("bad-1.0-h_0.conda", "linux-64"),
                 ("both-1.0-h_0.conda", "linux-64"), ("both-1.0-py_0.conda", "noarch")]
        forms = {
            "explicit.txt": "# platform: linux-64\n@EXPLICIT\n" + "".join(
                f"{self.url(*f)}#sha256:{self.sha256(*f)}\n" for f in files),
            "pixi.lock": "version: 6\nenvironments: {}\npackages:\n" + "".join(
                f"- conda: {self.url(*f)}\n  sha256: {self.sha256(*f)}\n" for f in files),
            "conda-lock.yml": "version: 1\nmetadata: {}\npackage:\n" + "".join(
                f"- name: {f[0].split('-')[0]}\n  version: x\n  manager: conda\n  platform: linux-64\n  url: {self.url(*f)}\n"
                f"  hash:\n    sha256: {self.sha256(*f)}\n" for f in files),
        }
        for name, text in forms.items():
            with self.subTest(name):
                told, out = self.against(self.written(name, text))
                self.assertEqual(told, expected, out)

    def test_other_bytes_and_builds_are_told(self):
        lock = self.written("explicit.txt", f"@EXPLICIT\n{self.url('lib-1.0-0.conda')}#sha256:{'0' * 64}\n"
                            f"{self.url('lib-1.0-1.conda')}\n{self.url('gone-1.0-0.conda')}\n")
        told, out = self.against(lock)
        self.assertNotEqual(told["noarch/lib", "1.0"], "passes", out)
        self.assertNotEqual(told["noarch/gone", "1.0"], "passes", out)
        self.assertEqual([line["state"] for line in json.loads(out)["lines"]].count("passes"), 0, out)

    def test_text(self):
        lock = self.written("environment.yaml", "dependencies:\n  - bad\n  - numpy >=\n")
        policy = self.written("new.yaml", self.stricter)
        status, out, err = self.service.command("policy", "test", policy, "--against", lock)
        self.assertEqual(status, 2, out)
        self.assertIn("environment.yaml:3:5: expected a match spec (column 9: a version was expected)", err)
