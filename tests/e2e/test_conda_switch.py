"""A subdir of a channel changes, and everything is killed (kill -9) at some point of it: what is known after is all of
the old page or all of the new one, in each of its documents.

CUSTOMHOUSE_E2E_SWITCHES sets how often."""
import json
import os
import random
import threading

from house import conda
from house.case import with_key
from test_conda import OfChannel

SWITCHES = int(os.environ.get("CUSTOMHOUSE_E2E_SWITCHES", "8"))
RECORDS = 3000
SHARDS = 12  # of them, that are looked into


def page(generation):
    """Records that name their generation in the version and in a dependency: one that mixes them shows."""
    files, old = {}, conda.now_ms() - 400 * conda.DAY_MS
    for i in range(RECORDS):
        version = f"{generation}.{i}"
        index = conda.index_of(f"p{i:04d}", version, depends=[f"generation =={generation}"], timestamp=old)
        files[f"p{i:04d}-{version}-0.conda"] = {**index, "size": 1000, "sha256": f"{generation * RECORDS + i:064x}"}
    return files


class Switch(OfChannel):
    @classmethod
    def fill(cls):
        cls.make_channel()

    @classmethod
    def configure(cls, text):
        return with_key(super().configure(text), "index_refresh_seconds", "1")

    def generation_of(self, document):
        """The one that all of its records are of."""
        return self.generation_in(json.loads(document), RECORDS)

    def generation_in(self, d, count):
        records = {**d["packages"], **d["packages.conda"]}
        found = {r["version"].partition(".")[0] for r in records.values()} | {r["depends"][0].partition("==")[2] for r in records.values()}
        self.assertEqual((len(found), len(records)), (1, count), found)
        return int(found.pop())

    def some_shards(self, subdir):
        index = self.service.ask(f"/chan/{subdir}/repodata_shards.msgpack.zst")
        self.assertEqual(index.status, 200, index)
        found, shards = {"packages": {}, "packages.conda": {}}, conda.shards_of(index.body)
        self.assertEqual(len(shards), RECORDS)
        for digest in list(shards.values())[::RECORDS // SHARDS]:
            a = self.service.ask(f"/chan/{subdir}/{digest}.msgpack.zst")
            self.assertEqual(a.status, 200, a)
            shard = conda.unmsgpack(conda.unzstd(a.body))
            for group in found:
                found[group].update({f: {k: r[k] for k in ("version", "depends")} for f, r in shard[group].items()})
        return found

    def documents(self, subdir="noarch"):
        zst, plain = (self.service.ask(f"/chan/{subdir}/repodata.json{e}") for e in (".zst", ""))
        self.assertEqual((zst.status, plain.status), (200, 200), (zst, plain))
        generations = {self.generation_of(conda.unzstd(zst.body)), self.generation_of(plain.body),
                       self.generation_in(self.some_shards(subdir), SHARDS)}
        self.assertEqual(len(generations), 1, generations)
        return generations.pop()

    def test_kill_9_during_a_switch(self):
        rng, seen = random.Random(5), set()
        self.channel.records["noarch"] = page(1)
        self.assertEqual(self.documents(), 1)
        known = 1
        for generation in range(2, 2 + SWITCHES):
            self.service.stop()  # the next one has not just asked, and asks at once
            self.channel.records["noarch"] = page(generation)
            self.service.start()
            asking = threading.Thread(target=self.ask_and_lose)
            asking.start()
            asking.join(rng.uniform(0, 1.0))
            self.service.kill()
            asking.join()
            self.channel.documents = {f"/chan/noarch/{form}": b"?" for form in self.channel.forms}  # so what is known answers
            self.service.start()
            now = self.documents()
            self.channel.documents = {}
            self.assertIn(now, (known, generation))
            seen.add(now == generation)
            known = now
        print(f"{SWITCHES} switches, {'old and new' if len(seen) > 1 else 'one of both'} found after", flush=True)

    def test_an_upstream_that_changes_between_its_forms(self):
        """One of them is read, and all of ours are made of it."""
        for form, generation in (("repodata.json.zst", 1), ("repodata.json", 2)):
            text = json.dumps({"info": {"subdir": "linux-64"}, "packages": {}, "packages.conda": {
                f: {**r, "subdir": "linux-64"} for f, r in page(generation).items()}}).encode()
            self.channel.documents[f"/chan/linux-64/{form}"] = conda.zstd(text) if form.endswith(".zst") else text
        self.assertEqual(self.documents("linux-64"), 1)
        self.assertEqual({path for path in self.channel.asked if "linux-64" in path}, {"/chan/linux-64/repodata.json.zst"})

    def ask_and_lose(self):
        try:
            self.service.ask("/chan/noarch/repodata.json.zst", timeout=10)
        except OSError:
            pass


del OfChannel
