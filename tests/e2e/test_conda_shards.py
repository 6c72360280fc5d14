"""A subdir in shards (CEP 16): the same records as repodata.json, in parts that change by themselves. With rattler, which
asks for shards first, and without."""
import hashlib
import json
import re
import time

from house import conda, people
from test_conda import OfChannel

LIMIT, WINDOW = 16 << 20, 8 << 20  # what conda unpacks, and how much of it at once


class Shards(OfChannel):
    @classmethod
    def fill(cls):
        cls.make_channel()
        add = cls.channel.add
        cls.base = add("base", "1.0")
        cls.base2 = add("base", "2.0", days=1)  # held by cool-down
        cls.app = add("app", "1.0", ending=".tar.bz2", depends=["base"])
        cls.bad = add("bad", "1.0")
        add("native", "1.0", subdir="linux-64", depends=["base"])
        cls.weak = add("weak", "1.0", hashes=("md5",))

    def shard_index(self, subdir="noarch", headers=None):
        return self.service.ask(f"/chan/{subdir}/repodata_shards.msgpack.zst", headers)

    def shard(self, digest, subdir="noarch"):
        return self.service.ask(f"/chan/{subdir}/{digest}.msgpack.zst")

    def shown(self, subdir="noarch"):
        """All records of all shards, hashes as repodata.json has them."""
        found = {"packages": {}, "packages.conda": {}}
        for name, digest in conda.shards_of(self.shard_index(subdir).body).items():
            a = self.shard(digest, subdir)
            self.assertEqual((a.status, a["Content-Type"]), (200, "application/zstd"), a)
            self.assertEqual(hashlib.sha256(a.body).hexdigest(), digest)
            self.assertLessEqual(conda.window_of(a.body), WINDOW)
            shard = conda.unmsgpack(conda.unzstd(a.body, LIMIT))
            self.assertEqual(set(shard), {"packages", "packages.conda", "removed"})
            for group in found:
                for file, record in shard[group].items():
                    self.assertEqual(record["name"], name)
                    found[group][file] = {k: v.hex() if isinstance(v, bytes) else v for k, v in record.items()}
        return found

    def processor_s(self):
        """Of the service's processes so far."""
        ns = 0
        for pid in self.service.processes():
            with open(f"/proc/{pid}/schedstat") as f:
                ns += int(f.read().split()[0])
        return ns / 1e9

    def test_they_say_what_repodata_says(self):
        for subdir in "noarch", "linux-64":
            d = self.repodata(subdir)
            self.assertEqual(self.shown(subdir), {g: d[g] for g in ("packages", "packages.conda")})
        held = self.shown()["packages.conda"][self.base2]
        self.assertTrue(held["depends"][-1].startswith("__held-by-policy-released-1-day-ago"), held)
        digest = conda.shards_of(self.shard_index().body)["base"]
        raw = conda.unmsgpack(conda.unzstd(self.shard(digest).body))["packages.conda"][self.base]
        self.assertEqual(raw["sha256"], bytes.fromhex(self.channel.records["noarch"][self.base]["sha256"]))
        self.assertIsInstance(raw["md5"], bytes)

    def test_the_index(self):
        a = self.shard_index()
        self.assertEqual((a.status, a["Content-Type"], a["Content-Encoding"]), (200, "application/zstd", None), a)
        self.assertEqual(a["Cache-Control"], "private, max-age=0, must-revalidate")
        self.assertLessEqual(conda.window_of(a.body), WINDOW)
        index = conda.unmsgpack(conda.unzstd(a.body))
        self.assertEqual(index["info"], {"base_url": "", "shards_base_url": "", "subdir": "noarch"})
        self.assertEqual((index["version"], set(index["shards"])), (1, {"app", "bad", "base", "weak"}))
        self.assertEqual(self.shard_index(headers={"If-None-Match": a["ETag"]}).status, 304)
        shard = self.shard(index["shards"]["app"].hex())
        self.assertIn("immutable", shard["Cache-Control"])
        self.assertEqual(self.shard_index("osx-64").status, 404)
        self.assertEqual(self.shard("0" * 64).status, 404)
        self.assertEqual(self.shard(index["shards"]["app"].hex(), "linux-64").status, 404)  # another page's
        self.assertEqual(self.shard(index["shards"]["app"].hex().upper()).status, 404)

    def test_a_change_is_in_its_shard_at_once_and_in_no_other(self):
        before = conda.shards_of(self.shard_index().body)
        self.command("deny", "conda:noarch/bad==1.0", "--reason", "unwanted here")
        spent, told = self.processor_s(), time.monotonic()
        index = self.shard_index()
        took, spent = time.monotonic() - told, self.processor_s() - spent
        after = conda.shards_of(index.body)
        body = conda.unmsgpack(conda.unzstd(self.shard(after["bad"]).body))
        self.assertIn("__denied-by-policy", body["packages.conda"][self.bad]["depends"][-1])
        self.assertEqual({n for n in before if before[n] != after[n]}, {"bad"})
        self.assertLess(spent, 0.1)  # of a processor: how long it waits for one is the machine's
        print(f"a denial is in its shard after {took * 1000:.0f} ms, {spent * 1000:.0f} ms of a processor", flush=True)
        # who has the former index asks for what it names; the file is refused all the same
        old = conda.unmsgpack(conda.unzstd(self.shard(before["bad"]).body))
        self.assertEqual(old["packages.conda"][self.bad]["depends"], [])
        self.assertEqual(self.fetch(self.bad).status, 403)
        self.assertEqual(self.shown(), {g: self.repodata()[g] for g in ("packages", "packages.conda")})

    def test_the_same_is_called_the_same_by_the_next_run(self):
        before = self.shard_index()
        self.service.stop()
        self.service.start()
        after = self.shard_index()
        self.assertEqual((after.status, after["ETag"], after.body), (200, before["ETag"], before.body))


class Rattler(OfChannel):
    """Solving and installing, with shards and without."""
    @classmethod
    def fill(cls):
        cls.make_channel()
        add = cls.channel.add
        add("base", "1.0")
        add("base", "2.0", days=1)
        add("app", "1.0", ending=".tar.bz2", depends=["base"])
        add("other", "1.0")

    def asked(self, since):
        return [e["path"] for e in self.service.access_log()[since:] if e["path"].endswith(".zst")]

    def test_installed_with_shards_and_without(self):
        for shards in True, False:
            since = len(self.service.access_log())
            told, _ = self.rattler("app", shards=shards)
            self.assertTrue(told.get("installed"), told)
            self.assertEqual(told["solved"], ["app-1.0-0.tar.bz2", "base-1.0-0.conda"])
            paths = self.asked(since)
            used = [p for p in paths if p.startswith("/chan/noarch/") and len(p.split("/")[-1]) == 64 + len(".msgpack.zst")]
            self.assertEqual(len(used), 2 if shards else 0, paths)  # of "app" and "base", and not of "other"
            self.assertEqual("/chan/noarch/repodata.json.zst" in paths, not shards, paths)

    def test_the_reason_is_printed(self):
        said = [self.rattler("base ==2.0", shards=shards)[0] for shards in (True, False)]
        for told in said:
            self.assertEqual(told["at"], "solve")
            self.assertIn("__held-by-policy-released-1-day-ago", told["error"])
        self.assertEqual(said[0]["error"], said[1]["error"])

    def test_an_exception_is_in_the_next_solve(self):
        self.channel.add("later", "1.0", days=1)
        self.service.stop()  # it asks its upstream anew
        self.service.start()
        told, folder = self.rattler("later", install=False)
        self.assertIn("__held-by-policy", told.get("error", ""), told)
        self.command("approve", "conda:noarch/later==1.0", "--reason", "wanted")
        told, _ = self.rattler("later", folder=folder)
        self.assertTrue(told.get("installed"), told)


class Tokens(OfChannel):
    @classmethod
    def configure(cls, text):
        return super().configure(re.sub(r"(?m)^anonymous_pull: .*$", "anonymous_pull: false", text))

    @classmethod
    def fill(cls):
        cls.make_channel()
        cls.channel.add("app", "1.0")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        people.person(cls.service, "ci", "reader/chan", service_account=True)
        cls.token, _ = people.token(cls.service, "ci")

    def test_rattler_with_a_token_in_the_path(self):
        told, _ = self.rattler("app", url=f"{self.service.url}/t/{self.token}/chan/")
        self.assertTrue(told.get("installed"), told)
        self.assertIn(f"/t/{self.token}/chan/noarch/", told["urls"][0])
        self.assertNotIn(self.token, json.dumps(self.service.access_log()))
        told, _ = self.rattler("app", install=False)
        self.assertIn("error", told)


del OfChannel
