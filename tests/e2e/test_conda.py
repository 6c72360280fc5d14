"""Conda channels through the gateway, with rattler: solved from our repodata, installed from our files, refused with our
reason. The channel is generated, on loopback."""
import datetime
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from house import clients, conda, people
from house.case import Quarantine, add_wheel, with_key


class OfChannel(Quarantine):
    """A service with a channel "chan" beside its index."""
    reserved = ""
    trust_times = "true"

    @classmethod
    def make_channel(cls):
        cls.channel = conda.Channel()
        cls.addClassCleanup(cls.channel.close)

    @classmethod
    def configure(cls, text):
        return conda.with_channel(text, cls.channel.url, cls.trust_times, cls.reserved)

    def repodata(self, subdir="noarch"):
        a = self.service.ask(f"/chan/{subdir}/repodata.json")
        self.assertEqual((a.status, a["Content-Type"]), (200, "application/json"), a)
        return json.loads(a.body)

    def records(self, subdir="noarch"):
        d = self.repodata(subdir)
        return {**d["packages"], **d["packages.conda"]}

    def fetch(self, file, subdir="noarch"):
        """The file's last answer: redirects say "wait"."""
        a = self.service.ask(f"/chan/{subdir}/{file}")
        while a.status == 307:
            a = self.service.ask(a["Location"])
        return a

    def command(self, *words):
        status, out, err = self.service.command(*words, "--repository", "chan")
        self.assertEqual(status, 0, out + err)
        return out

    def rattler(self, *specs, url=None, install=True, folder=None, packages=None, shards=True):
        """What rattler says, in an environment of its own unless `folder` is another's. `packages`: these, by their
        URLs, without asking what there is."""
        if "rattler" in clients.missing:
            self.skipTest(clients.missing["rattler"])
        if folder is None:
            folder = tempfile.mkdtemp(prefix="ch-rattler-")
            self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        job = {"channels": [url or f"{self.service.url}/chan/"], "specs": specs, "install": install, "shards": shards,
               "prefix": os.path.join(folder, "prefix"), "cache": os.path.join(folder, "cache"),
               **({"packages": packages} if packages else {})}
        done = subprocess.run([os.path.join(clients.tool("rattler-env"), "bin", "python"),
                               os.path.join(os.path.dirname(clients.__file__), "rattler_client.py")],
                              input=json.dumps(job) + "\n", capture_output=True, text=True, timeout=300,
                              env=clients.clean_env(folder))
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout.splitlines()[-1]), folder


class Listing(OfChannel):
    """What of a channel is shown, and how."""
    reserved = "    reserved: [ours]\n"

    @classmethod
    def fill(cls):
        cls.make_channel()
        add = cls.channel.add
        cls.good = add("good", "1.0")
        cls.old = add("old", "1.0", ending=".tar.bz2", depends=["good >=1"])
        add("young", "1.0")
        cls.young = add("young", "2.0", days=1, depends=["good"])
        cls.weak = add("weak", "1.0", hashes=("md5",))
        add("ours", "1.0")
        add("__held-by-policy", "1.0")
        add("unwanted", "1.0")
        add("scikit-learn", "1.0")  # which a subdir might be called
        add("native", "1.0", subdir="linux-64")
        add("twice", "1.0", subdir="linux-64")
        add("twice", "1.0")
        add("twice", "2.0")
        cls.channel.extra = {"v3": {"whl": {"evil-1.0.whl": {}}}, "signatures": {cls.good: {}}}

    def test_a_subdir_as_the_upstream_has_it(self):
        d = self.repodata()
        self.assertEqual(d["info"], {"subdir": "noarch"})
        self.assertEqual(set(d), {"info", "packages", "packages.conda", "removed", "repodata_version"})
        self.assertEqual(d["packages.conda"][self.good], self.channel.records["noarch"][self.good])
        self.assertEqual(d["packages"][self.old], self.channel.records["noarch"][self.old])
        self.assertEqual(list(self.records("linux-64")), ["native-1.0-0.conda", "twice-1.0-0.conda"])
        self.assertEqual(self.service.ask("/chan/osx-64/repodata.json").status, 404)

    def test_serve_says_how_to_use_it(self):
        line = f"conda install --override-channels --channel {self.service.url}/chan/ PACKAGE\n"
        self.assertIn(line, self.service.log_lines)

    def test_zst_is_a_document_of_the_same(self):
        plain = self.service.ask("/chan/noarch/repodata.json")
        packed = self.service.ask("/chan/noarch/repodata.json.zst", {"Accept-Encoding": "gzip, zstd"})
        self.assertEqual((packed.status, packed["Content-Type"], packed["Content-Encoding"]),
                         (200, "application/zstd", None), packed)
        self.assertEqual(conda.unzstd(packed.body), plain.body)
        self.assertNotEqual(packed["ETag"], plain["ETag"])
        head = self.service.ask("/chan/noarch/repodata.json.zst", method="HEAD")
        self.assertEqual((head.status, head["Content-Length"]), (200, str(len(packed.body))))
        again = self.service.ask("/chan/noarch/repodata.json.zst", {"If-None-Match": packed["ETag"]})
        self.assertEqual(again.status, 304)

    def test_what_we_have_not_is_not_found(self):
        """403 would end rattler's solve where it asks for another form at 404."""
        self.records()
        for path in ("noarch/repodata.json.bz2", f"noarch/{'0' * 64}.msgpack.zst", "noarch/run_exports.json",
                     "noarch/repodata_from_packages.json", "channeldata.json",
                     "label/dev/noarch/repodata.json", "noarch/", "noarch", "noarch/repodata.json/",
                     "NOARCH/repodata.json"):
            with self.subTest(path):
                self.assertEqual(self.service.ask(f"/chan/{path}").status, 404)

    def test_notices_sum_up_what_is_held(self):
        """Spec: CEP 6; read as conda does, which takes the end by another name."""
        self.records()

        def notices():
            a = self.service.ask("/chan/notices.json")
            self.assertEqual((a.status, a["Content-Type"]), (200, "application/json"), a)
            return json.loads(a.body)["notices"]
        n, = self.eventually(notices)
        self.assertEqual(set(n), {"id", "message", "level", "created_at", "expires_at", "expired_at"})
        self.assertEqual(n["level"], "info")
        self.assertRegex(n["message"], r"\Anoarch: 2 packages are held by policy, 0 denied: ")
        for file in (self.young, self.weak):
            self.assertIn(file, n["message"])
        created, ends = (datetime.datetime.fromisoformat(n[k]) for k in ("created_at", "expired_at"))
        now = datetime.datetime.now(datetime.timezone.utc)
        self.assertTrue(created <= now < ends, n)
        self.assertEqual(n["expires_at"], n["expired_at"])
        self.command("deny", "conda:unwanted==1.0", "--reason", "not in this house")
        self.records()
        m, = self.eventually(lambda: (now := notices()) and now[0]["id"] != n["id"] and now)
        self.assertRegex(m["message"], r"\Anoarch: 2 packages are held by policy, 1 denied: ")

    def test_a_held_record_says_so(self):
        records = self.records()
        was = self.channel.records["noarch"][self.young]
        held = records[self.young]
        self.assertEqual(held["depends"][0], "good")
        self.assertRegex(held["depends"][1], r"\A__held-by-policy-released-1-day-ago[a-z0-9_.-]+\Z")
        self.assertEqual({**held, "depends": was["depends"]}, was)
        self.assertEqual(records["young-1.0-0.conda"], self.channel.records["noarch"]["young-1.0-0.conda"])
        a = self.fetch(self.young)
        self.assertEqual((a.status, a["Content-Type"]), (403, "application/problem+json"), a)
        self.assertIn("young 2.0 held by cool-down", a.reason)
        self.assertIsInstance(json.loads(a.body)["detail"], str)

    def asked_in_turn(self, sequence, etag=None):
        """Each (method, path, expected status), with the validators of the answer before it."""
        for method, path, status in sequence:
            headers = {"If-None-Match": etag, "If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"} if etag else {}
            a = self.service.ask(f"/chan/noarch/{path}", headers, method=method)
            self.assertEqual(a.status, status, (method, path, a))
            etag = a["ETag"] if status in (200, 304) and method == "GET" else etag
        return etag

    def test_replayed_conda_26_5(self):
        """Shards, and again with their validators; who has them turned off the packed form, likewise."""
        for form in "repodata_shards.msgpack.zst", "repodata.json.zst":
            etag = self.asked_in_turn([("GET", form, 200)])
            self.asked_in_turn([("GET", form, 304)], etag)

    def test_replayed_conda_classic(self):
        self.asked_in_turn([("GET", "current_repodata.json", 200)])
        self.asked_in_turn([("GET", "repodata.json", 200)])

    def test_current_repodata_has_the_newest_that_can_be_had(self):
        a = self.service.ask("/chan/noarch/current_repodata.json")
        self.assertEqual((a.status, a["Content-Type"]), (200, "application/json"), a)
        d, whole = json.loads(a.body), self.repodata()
        self.assertEqual(set(d), set(whole))
        shown = {**d["packages"], **d["packages.conda"]}
        self.assertEqual(set(shown), {self.good, self.old, "young-1.0-0.conda", "unwanted-1.0-0.conda", "scikit-learn-1.0-0.conda",
                                      "twice-2.0-0.conda"})
        self.assertLessEqual(shown.items(), self.records().items())
        packed = self.service.ask("/chan/noarch/current_repodata.json.zst")
        self.assertEqual(conda.unzstd(packed.body), a.body)

    def test_replayed_mamba(self):
        self.asked_in_turn([("HEAD", "repodata.json.zst", 200), ("GET", "repodata.json.zst", 200)])

    def test_replayed_pixi(self):
        self.asked_in_turn([("GET", "repodata_shards.msgpack.zst", 200)])
        self.asked_in_turn([("HEAD", "repodata.json.zst", 200), ("HEAD", "repodata.json.bz2", 404),
                            ("GET", "repodata.json.zst", 200)])

    def test_only_an_md5_is_held(self):  # T15
        self.assertIn("only-an-md5-hash", self.records()[self.weak]["depends"][0])
        a = self.fetch(self.weak)
        self.assertEqual(a.status, 403, a)
        self.assertIn("md5", a.reason)

    def test_a_reserved_name_and_one_that_nobody_provides(self):  # T12
        names = {r["name"] for r in self.records().values()}
        self.assertEqual(names & {"ours", "__held-by-policy"}, set())
        a = self.fetch("ours-1.0-0.conda")
        self.assertEqual(a.status, 403, a)
        self.assertIn("reserved", a.reason)
        self.assertNotIn("/chan/noarch/ours-1.0-0.conda", self.channel.asked)
        self.assertEqual(self.fetch("__held-by-policy-1.0-0.conda").status, 404)

    def test_commands_know_it(self):
        self.records()
        for what in ("conda:old", "conda:old==1.0", "conda:old>=1,<2", self.old, "conda:noarch/old==1.0",
                     f"noarch/{self.old}", f"{self.service.url}/chan/noarch/{self.old}"):
            with self.subTest(what):
                out = self.command("explain", what)
                self.assertIn(self.old, out)
                self.assertNotIn(self.good, out)
        for what in ("conda:scikit-learn==1.0", "scikit-learn-1.0-0.conda"):
            self.assertIn("scikit-learn-1.0-0.conda", self.command("explain", what))
        self.assertEqual([path for path in self.channel.asked if "scikit" in path and "repodata" in path], [])
        self.records("linux-64")
        self.assertIn("native-1.0-0.conda", self.command("explain", "conda:native"))
        self.assertIn("twice-1.0-0.conda", self.command("explain", "conda:linux-64/twice"))
        for what, says in (("conda:nobody", "nobody: no page that somebody asked for in repository chan lists it"),
                           ("nobody-1.0-0.conda", "nobody-1.0-0.conda: no page that somebody asked for"),
                           ("linux-64/twice-2.0-0.conda", "twice-2.0-0.conda: no page that somebody asked for"),
                           ("conda:linux-64/old", "old: no page that somebody asked for"),
                           ("conda:twice", "twice: several pages list it: name a file, or say which page, as in "
                                           "noarch/twice (linux-64, noarch)")):
            with self.subTest(what):
                status, out, err = self.service.command("explain", what, "--repository", "chan")
                self.assertNotEqual(status, 0, out)
                self.assertIn(says, err)

    def test_rattler_passes_over_the_held_one(self):
        said, _ = self.rattler("young", install=False)
        self.assertEqual(said.get("solved"), ["young-1.0-0.conda"], said)
        said, _ = self.rattler("young ==2.0", install=False)
        self.assertEqual(said.get("at"), "solve", said)
        self.assertRegex(said["error"], r"young 2\.0 would require[^_]*__held-by-policy-released-1-day-ago")
        said, _ = self.rattler("old", install=False)
        self.assertEqual(said.get("solved"), ["good-1.0-0.conda", self.old], said)


class Installing(OfChannel):
    @classmethod
    def fill(cls):
        cls.make_channel()
        add = cls.channel.add
        cls.base = add("base", "1.0", ending=".tar.bz2")
        cls.app = add("app", "1.0", depends=["base >=1"])
        add("young", "1.0")
        cls.young = add("young", "2.0", days=1, depends=["base"])
        cls.denied = add("denied", "1.0")
        cls.lies = add("lies", "1.0", data=conda.package(conda.index_of("good", "1.0")))
        cls.other = add("other", "1.0")
        cls.files = {**cls.channel.files["noarch"]}
        cls.channel.files["noarch"][cls.other] = cls.files[cls.other][:-1] + b"x"  # not what the record states
        add("native", "2.0", subdir="linux-64", build="h1_3")
        add_wheel(cls.up, "beside", "1.0")

    def says(self, folder, name):
        with open(os.path.join(folder, "prefix", "share", name, "version")) as f:
            return f.read().strip()

    def test_installed_with_what_it_needs(self):
        said, folder = self.rattler("app", "native")
        self.assertTrue(said.get("installed"), said)
        self.assertEqual(said["solved"], [self.app, self.base, "native-2.0-h1_3.conda"])
        self.assertEqual([self.says(folder, n) for n in ("app", "base", "native")], ["1.0", "1.0", "2.0"])
        for url in said["urls"]:
            self.assertTrue(url.startswith(f"{self.service.url}/chan/"), said)
        for file in (self.app, self.base):
            a = self.fetch(file)
            self.assertEqual((a.status, a.body), (200, self.files[file]), a)  # as they were

    def test_held_passed_over_refused_approved_installed(self):
        said, folder = self.rattler("young")
        self.assertTrue(said.get("installed"), said)
        self.assertEqual(self.says(folder, "young"), "1.0")
        said, _ = self.rattler("young ==2.0")
        self.assertEqual(said.get("at"), "solve", said)
        self.assertIn("__held-by-policy-released-1-day-ago", said["error"])
        out = self.command("approve", "conda:young==2.0", "--reason", "fixes a bug we hit")
        self.assertIn("now: allow", out)
        said, folder = self.rattler("young")
        self.assertTrue(said.get("installed"), said)
        self.assertEqual(said["solved"], [self.base, self.young])
        self.assertEqual(self.says(folder, "young"), "2.0")
        self.assertEqual(self.records()[self.young], self.channel.records["noarch"][self.young])

    def test_denied_is_refused_with_the_reason(self):
        """By who solved before it was denied: a lock file, an explicit list."""
        said, _ = self.rattler("denied", install=False)
        self.assertEqual(said.get("solved"), [self.denied], said)
        self.command("deny", "conda:denied==1.0", "--reason", "not in this house")
        said, _ = self.rattler(packages=said["urls"])
        self.assertEqual(said.get("at"), "install", said)
        self.assertRegex(said["error"], r"403 denied 1\.0 denied by [^\n]*not in this house")
        said, _ = self.rattler("denied")
        self.assertEqual(said.get("at"), "solve", said)
        self.assertIn("__denied-by-policy-", said["error"])

    def test_what_inspection_finds_is_refused(self):
        for file, reason in ((self.lies, "conda-"), (self.other, "hash-mismatch")):
            with self.subTest(file):
                a = self.fetch(file)
                self.assertEqual(a.status, 403, a)
                out = self.command("explain", file)
                self.assertIn(reason, out)

    def test_who_fetched_and_what_waits(self):
        self.assertEqual(self.fetch(self.app).status, 200)
        for what in ("conda:app", "conda:app==1.0", "conda:app>=1,<2", self.app, "conda:noarch/app==1.0",
                     f"{self.service.url}/chan/noarch/{self.app}"):
            with self.subTest(what):
                out = self.command("fetched-by", what)
                self.assertIn(f"{self.app} (chan)", out)
                self.assertNotIn(self.base, out)
        self.assertEqual(self.fetch(self.lies).status, 403)
        status, out, err = self.service.command("queue")
        self.assertRegex(out, rf"{re.escape(self.lies)} \(chan\)", err)

    def test_the_index_goes_on_beside_it(self):
        self.assertIn("beside-1.0-py3-none-any.whl", self.page("beside"))
        self.assertEqual(self.service.ask("/chan/simple/beside/").status, 404)
        self.assertEqual(self.service.ask("/pypi/noarch/repodata.json").status, 404)


class Tokens(OfChannel):
    """A token in front of the path, as conda's clients send it."""
    @classmethod
    def configure(cls, text):
        text = re.sub(r"(?m)^anonymous_pull: .*$", "anonymous_pull: false", text)
        return super().configure(text)

    @classmethod
    def fill(cls):
        cls.make_channel()
        cls.good = cls.channel.add("good", "1.0")
        cls.whole = cls.channel.add("whole", "1.0")
        cls.young = cls.channel.add("young", "1.0", days=1)
        add_wheel(cls.up, "beside", "1.0")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        people.person(cls.service, "ci", "reader/chan", service_account=True)
        people.person(cls.service, "else", "reader/pypi", service_account=True)
        cls.token, _ = people.token(cls.service, "ci")
        cls.other, _ = people.token(cls.service, "else")

    def status(self, path, headers=None):
        return self.service.ask(path, headers).status

    def test_who_it_is(self):
        good = f"/t/{self.token}/chan/noarch"
        self.assertEqual(self.status("/chan/noarch/repodata.json"), 401)
        for path in ("repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst"):
            self.assertEqual(self.status(f"{good}/{path}"), 200)
        shard = next(iter(conda.shards_of(self.service.ask(f"{good}/repodata_shards.msgpack.zst").body).values()))
        self.assertEqual(self.status(f"{good}/{shard}.msgpack.zst"), 200)
        self.assertEqual(self.status(f"/chan/noarch/{shard}.msgpack.zst"), 401)
        self.assertEqual(self.status(f"/t/{self.other}/chan/noarch/{shard}.msgpack.zst"), 403)
        self.assertEqual(self.status(f"/t/{self.token}/chan/"), 200)
        self.assertEqual(self.status(f"/t/{self.token}/chan/notices.json"), 200)
        a = self.service.ask(f"{good}/{self.young}")
        self.assertEqual(a.status, 403, a)
        self.assertIn("young 1.0 held by cool-down", a.reason)
        # wrong ones never count as none, and two are one too many
        for token in ("chp_" + "0" * 64, self.token[:-1], "x", self.token.upper()):
            self.assertEqual(self.status(f"/t/{token}/chan/noarch/repodata.json"), 401, token)
        bearer = {"Authorization": f"Bearer {self.token}"}
        self.assertEqual(self.status(f"{good}/repodata.json", bearer), 401)
        self.assertEqual(self.status("/chan/noarch/repodata.json", bearer), 200)
        self.assertEqual(self.status(f"/t/{self.other}/chan/noarch/repodata.json"), 403)
        self.assertEqual(self.status(f"/t/{self.token}/t/{self.token}/chan/noarch/repodata.json"), 400)
        # only where clients know no better
        self.assertEqual(self.status(f"/t/{self.other}/pypi/simple/beside/"), 404)
        self.assertEqual(self.status("/t/"), 401)

    def test_rattler_waits_and_is_refused_with_it(self):
        url = f"{self.service.url}/t/{self.token}/chan/"
        said, folder = self.rattler("good", url=url, install=False)
        self.assertEqual(said.get("solved"), [self.good], said)
        said, _ = self.rattler("young", url=url, install=False)
        self.assertIn("__held-by-policy-released-1-day-ago", said.get("error", ""), said)
        # a hop of waiting keeps the token: it names the file beside where the client is
        a = self.service.ask(f"/t/{self.token}/chan/noarch/{self.good}")
        if a.status == 307:
            self.assertEqual(a["Location"].split("?")[0], f"./{self.good}")

    def test_a_file_to_its_end_and_nothing_of_the_token_is_written(self):
        """Fetched by its path as rattler and conda do, over hops of waiting; then everything that the service has
        written is looked through for it."""
        url = f"{self.service.url}/t/{self.token}/chan/"
        said, folder = self.rattler("whole", url=url)
        self.assertTrue(said.get("installed"), said)
        a = self.service.ask(f"/t/{self.token}/chan/noarch/{self.whole}")
        self.assertEqual((a.status, a.body), (200, self.channel.files["noarch"][self.whole]), a)
        part = self.service.ask(f"/t/{self.token}/chan/noarch/{self.whole}", {"Range": "bytes=0-3"})
        self.assertEqual((part.status, part.body), (206, a.body[:4]), part)
        head = self.service.ask(f"/t/{self.token}/chan/noarch/{self.whole}", method="HEAD")
        self.assertEqual((head.status, head["Content-Length"]), (200, str(len(a.body))), head)
        for ending in (".vsa.json", ".approval.sigstore.json"):
            self.assertEqual(self.status(f"/t/{self.token}/chan/noarch/{self.whole}{ending}"), 200)
        lines = [line for line in self.service.access_log() if line["path"].endswith(self.whole)]
        self.assertIn(("service:ci", 200), {(line.get("principal"), line["status"]) for line in lines})
        self.assertEqual({line["path"] for line in lines}, {f"/chan/noarch/{self.whole}"})
        out = self.command("fetched-by", f"noarch/{self.whole}")
        self.assertIn("service:ci", out)
        self.assertNotIn(self.token, "".join(self.channel.asked))
        looked = 0
        for top, _, names in os.walk(self.service.dir):
            for name in names:
                path = os.path.join(top, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as f:
                        data = f.read()
                    looked += 1
                    for secret in (self.token, self.token[4:]):
                        self.assertNotIn(secret.encode(), data, path)
        self.assertGreater(looked, 10)
        self.assertNotIn(self.token[4:], self.service.log())

    def test_nothing_of_it_is_written(self):
        self.assertEqual(self.status(f"/t/{self.token}/chan/noarch/repodata.json"), 200)
        self.status(f"/t/{self.token}x/chan/noarch/repodata.json")
        self.status(f"/t/{self.token}/nowhere/")
        a = self.service.ask(f"/t/{self.token}/chan/noarch/{self.young}")
        lines = self.service.access_log()
        mine = [line for line in lines if line["path"] == "/chan/noarch/repodata.json"]
        self.assertIn("service:ci", {line.get("principal") for line in mine})
        for text in (json.dumps(lines), self.service.log(), a.reason, a.body.decode()):
            self.assertNotIn("/t/", text)
            self.assertNotRegex(text, "chp_[0-9a-f]{4}")


class Forms(OfChannel):
    """The upstream has the page in one form or the other."""
    @classmethod
    def fill(cls):
        cls.make_channel()
        cls.file = cls.channel.add("good", "1.0")
        cls.channel.add("native", "1.0", subdir="linux-64")

    def test_plain_where_there_is_no_packed_one(self):
        self.channel.forms = ("repodata.json",)
        self.assertEqual(list(self.records()), [self.file])
        self.assertEqual(self.channel.asked[:2], ["/chan/noarch/repodata.json.zst", "/chan/noarch/repodata.json"])
        self.channel.forms = ("repodata.json.zst",)
        self.assertEqual(list(self.records("linux-64")), ["native-1.0-0.conda"])
        self.assertNotIn("/chan/linux-64/repodata.json", self.channel.asked)
        self.channel.forms = ()
        self.assertEqual(self.service.ask("/chan/win-64/repodata.json").status, 404)
        self.assertEqual(self.channel.asked[-2:], ["/chan/win-64/repodata.json.zst", "/chan/win-64/repodata.json"])


class TimesOfBuilders(OfChannel):
    """A channel whose timestamps are its builders' word, as they are by default (T7)."""
    trust_times = "false"

    @classmethod
    def configure(cls, text):
        return with_key(super().configure(text), "index_refresh_seconds", "1")

    @classmethod
    def fill(cls):
        cls.make_channel()
        cls.first = cls.channel.add("first", "1.0", days=1)

    def test_age_counts_from_when_it_was_listed(self):
        self.assertEqual(self.records()[self.first]["depends"], [])  # of the first load
        later = self.channel.add("first", "2.0", days=4000)
        self.eventually(lambda: later in self.records())
        self.assertRegex(self.records()[later]["depends"][0], r"\A__held-by-policy-[a-z0-9_.-]+\Z")
        a = self.fetch(later)
        self.assertEqual(a.status, 403, a)
        self.assertIn("first 2.0 held by cool-down", a.reason)
        said, _ = self.rattler("first", install=False)
        self.assertEqual(said.get("solved"), [self.first], said)


class Omitting(OfChannel):
    """The other way to list what is held: not at all. The file still says why."""
    reserved = "    held_listing: omit\n"

    @classmethod
    def fill(cls):
        cls.make_channel()
        cls.channel.add("young", "1.0")
        cls.young = cls.channel.add("young", "2.0", days=1)

    def test_not_listed_and_still_refused(self):
        self.assertEqual(list(self.records()), ["young-1.0-0.conda"])
        said, _ = self.rattler("young ==2.0", install=False)
        self.assertEqual(said.get("at"), "solve", said)
        self.assertNotIn("__held", said["error"])
        a = self.fetch(self.young)
        self.assertEqual(a.status, 403, a)
        self.assertIn("young 2.0 held by cool-down", a.reason)


class Changing(OfChannel):
    """An upstream that changes its mind, and a service that looks every second."""
    @classmethod
    def configure(cls, text):
        return with_key(super().configure(text), "index_refresh_seconds", "1")

    @classmethod
    def fill(cls):
        cls.make_channel()
        cls.channel.add("first", "1.0")

    def refreshed(self, check):
        """The records, once what the upstream has by now was seen."""
        return self.refreshed_in("noarch", check)

    def refreshed_in(self, subdir, check):
        return self.eventually(lambda: check(self.records(subdir)) and self.records(subdir))

    def last_copies(self):
        """Of served files, that the service would not evict like others."""
        status = json.loads(self.service.command("status", "--json")[1])
        return status["served"]["last_copies"]

    def says(self, words):
        self.eventually(lambda: self.records() is not None and words in self.service.log())

    def test_what_comes_and_goes(self):
        self.assertEqual(list(self.records()), ["first-1.0-0.conda"])
        added = self.channel.add("second", "1.0", days=1)
        records = self.refreshed(lambda r: added in r)
        self.assertIn("__held-by-policy", records[added]["depends"][0])
        self.channel.remove(added)
        self.refreshed(lambda r: added not in r)
        a = self.fetch(added)
        self.assertEqual(a.status, 403, a)
        self.assertIn("gone", a.reason)  # T5

    def test_nearly_nothing_is_kept_back(self):
        many = [self.channel.add(f"many{i}", "1.0", subdir="linux-64", data=b"x") for i in range(120)]
        many.append(self.channel.add("real", "1.0", subdir="linux-64"))
        self.refreshed_in("linux-64", lambda r: sorted(r) == sorted(many))
        self.assertEqual(self.fetch(many[-1], "linux-64").status, 200)
        self.assertEqual(self.last_copies(), 0)
        kept = dict(self.channel.records["linux-64"])
        self.channel.records["linux-64"] = {}
        self.eventually(lambda: self.records("linux-64") and "kept back" in self.service.log())
        self.assertEqual(sorted(self.records("linux-64")), sorted(many))
        self.assertEqual(self.last_copies(), 1)  # from the first such answer on
        # a tenth of them is a channel that was tidied up
        self.channel.records["linux-64"] = dict(list(kept.items())[:12])
        self.eventually(lambda: len(self.records("linux-64")) == 12)

    def test_what_cannot_be_read_changes_nothing(self):
        good = self.channel.add("good", "1.0", subdir="osx-64", data=b"x")
        path = "/chan/osx-64/repodata.json.zst"
        self.assertEqual(list(self.records("osx-64")), [good])
        text = json.dumps(self.channel.repodata("osx-64"))
        record = self.channel.records["osx-64"][good]
        for label, body, words in (
                ("truncated", conda.zstd(text.encode())[:-9], "osx-64 error=\"the upstream's page could not be read"),
                ("no JSON", conda.zstd(b"<html>"), "expected a JSON object"),
                ("a key twice", conda.zstd(text.replace('"name"', '"name": "x", "name"').encode()), "no key twice"),
                ("another subdir", conda.zstd(text.replace('{"subdir": "osx-64"}', '{"subdir": "win-64"}').encode()),
                 "subdir")):
            with self.subTest(label):
                self.channel.documents[path] = body
                since = len(self.service.log())
                self.eventually(lambda: self.records("osx-64") and words in self.service.log()[since:])
                self.assertEqual(self.records("osx-64"), {good: record})

    def test_packages_elsewhere_are_asked_there_and_shown_here(self):  # T13
        good = self.channel.add("good", "1.0", subdir="win-64", data=b"x")
        d = self.channel.repodata("win-64")
        d["info"]["base_url"] = "http://packages.example.org/win-64/"
        self.channel.documents["/chan/win-64/repodata.json.zst"] = conda.zstd(json.dumps(d).encode())
        self.assertEqual(self.repodata("win-64")["info"], {"subdir": "win-64"})
        self.assertIn(good, self.records("win-64"))
        a = self.fetch(good, "win-64")
        self.assertEqual(a.status, 403, a)
        self.assertNotIn(f"/chan/win-64/{good}", self.channel.asked)


if __name__ == "__main__":
    unittest.main()
