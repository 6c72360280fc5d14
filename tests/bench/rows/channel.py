"""A conda subdir of 650,000 records and 360 MB (lib/channel.py): from a client's first request to its documents, and to
its shards, what that takes of memory, how long others wait meanwhile, and beside it yajl and rattler with the same bytes."""
import os
import re
import subprocess
import threading
import time

from house import conda
from house.service import Service
from house.upstream import Upstream

from lib import channel, wrk
from lib.pairs import alternate
from lib.processes import descendants, memory_kib
from lib.result import Result, Skip, compare, limit

NAME = "channel"

RATTLER = """import sys, time
from rattler import Channel, SparseRepoData
start = time.process_time()
SparseRepoData(Channel("https://example.org/chan"), sys.argv[2], sys.argv[1]).load_all_records()
print(time.process_time() - start)"""


def configured(url):
    return lambda text: re.sub(
        r"(?m)^repositories:\n", f"  - name: channel\n    ecosystem: conda\n    url: {url}\n    trust_times: true\n\n"
        "repositories:\n  - name: chan\n    ecosystem: conda\n    upstreams: [channel]\n", text, count=1)


class Watch:
    """Peaks of memory, and the longest that another client waited, until `stop`."""

    def __init__(self, service):
        self.service, self.ended = service, threading.Event()
        self.jail_kib, self.all_kib, self.longest_s = 0, 0, 0.0
        self.threads = [threading.Thread(target=f, daemon=True) for f in (self._memory, self._others)]
        for t in self.threads:
            t.start()

    def _memory(self):
        while not self.ended.wait(0.05):
            total, jails = 0, {pid for pid, name in self.service.processes().items() if name == "scanner"}
            for pid in descendants(self.service.process.pid):
                try:
                    total += memory_kib(pid)[1]
                    with open(f"/proc/{pid}/status") as f:
                        text = f.read()
                except OSError:
                    continue  # ended meanwhile
                if int(re.search(r"PPid:\s+(\d+)", text)[1]) in jails:
                    anon = re.search(r"RssAnon:\s+(\d+)", text)
                    self.jail_kib = max(self.jail_kib, int(anon[1]) if anon else 0)
            self.all_kib = max(self.all_kib, total)

    def _others(self):
        while not self.ended.wait(0.02):
            start = time.monotonic()
            self.service.get("/-/ready")
            self.longest_s = max(self.longest_s, time.monotonic() - start)

    def stop(self):
        self.ended.set()
        for t in self.threads:
            t.join()


def processor_s(service):
    """{name: seconds} of the service's processes, with those of the jails that ended."""
    found = {}
    for pid, name in service.processes().items():
        with open(f"/proc/{pid}/stat") as f:
            own = sum(int(n) for n in f.read().rpartition(")")[2].split()[11:15]) / 100
        found[name] = found.get(name, 0) + own
    return found


def first(service, path):
    """Seconds until the document is there; who is told to come again does."""
    start = time.monotonic()
    while (status := service.ask(path, timeout=300).status) in (503, 504):
        if time.monotonic() - start > 600:
            raise RuntimeError(service.log()[-2000:])
        time.sleep(0.05)
    if status != 200:
        raise RuntimeError(f"{path}: {status}\n{service.log()[-2000:]}")
    return time.monotonic() - start


def shards(bench, service):
    """Rows of what is served in parts, beside the documents that are there already."""
    base, before, start = f"/chan/{channel.SUBDIR}", processor_s(service), time.monotonic()
    watch = Watch(service)
    first(service, f"{base}/repodata_shards.msgpack.zst")
    took = time.monotonic() - start
    watch.stop()
    index = service.ask(f"{base}/repodata_shards.msgpack.zst")
    names = conda.shards_of(index.body)
    spent = processor_s(service)["keeper"] - before["keeper"]
    yield limit("shards of it, from the same rows", took, 4, "s",
                f"{len(names):,} and an index of {len(index.body) / 1e6:.1f} MB; keeper {spent:.1f} s; another client waits "
                f"{watch.longest_s * 1000:.0f} ms at most")
    yield Result("all processes at most, with shards", f"{watch.all_kib / 1024:.0f} MiB")
    name = min(names)
    status, out, err = service.command("deny", f"conda:{name}", "--reason", "bench", "--repository", "chan")
    if status != 0:
        raise RuntimeError(out + err)
    start = time.monotonic()
    now = conda.shards_of(service.ask(f"{base}/repodata_shards.msgpack.zst", timeout=300).body)
    took = time.monotonic() - start
    if [n for n in names if now[n] != names[n]] != [name]:
        raise RuntimeError(f"a denial of {name} changed others, or nothing")
    yield limit("a denial is in its shard", took * 1000, 100, "ms")
    path = f"{base}/{now[name]}.msgpack.zst"
    rates = [wrk.rate(service.url + path, bench.options.seconds) for _ in range(2)]
    yield Result("one shard", f"{max(rates):,.0f} a second", note=f"{len(service.ask(path).body)} bytes")


def rattler(bench, path):
    pythons = [os.path.join(os.environ.get("CUSTOMHOUSE_E2E_TOOLS", ""), "rattler-env/bin/python"), bench.tools.path("python")]
    for python in filter(os.path.exists, pythons):
        done = subprocess.run([python, "-c", RATTLER, path, channel.SUBDIR], capture_output=True, text=True)
        if done.returncode == 0:
            return float(done.stdout)
    raise Skip("py-rattler is not there (tests/run installs it)")


def yajl(path):
    start = os.times()
    with open(path, "rb") as f:
        try:
            subprocess.run(["json_verify", "-q"], stdin=f, check=True)
        except FileNotFoundError as e:
            raise Skip("json_verify is not there (yajl-tools)") from e
    end = os.times()
    return end.children_user + end.children_system - start.children_user - start.children_system


def run(bench):
    count = channel.RECORDS // (10 if bench.options.quick else 1)
    folder = bench.folder("channel")
    path = os.path.join(folder, "repodata.json")
    size, _digest = channel.write(folder, count)
    row = f"channel, {count:,} records, {size / 1e6:.0f} MB"
    upstream = bench.start(channel.ChannelServer(folder))
    with Service(bench.start(Upstream()).url, configure=configured(upstream.url)) as service:
        watch = Watch(service)
        zst = f"/chan/{channel.SUBDIR}/repodata.json.zst"
        took = first(service, zst)
        whole = took + first(service, f"/chan/{channel.SUBDIR}/repodata.json")
        watch.stop()
        spent = processor_s(service)
        note = ", ".join(f"{name} {s:.1f}" for name, s in sorted(spent.items(), key=lambda e: -e[1]) if s > 0.05)
        yield limit(f"{row}: both documents", whole, 4, "s", f"the first after {took:.2f} s; processor s: {note}")
        yield limit("its jail, beyond its input", watch.jail_kib / 1024, 64, "MiB")
        yield limit("all processes at most", watch.all_kib / 1024, 256, "MiB")
        yield Result("another client waits at most", f"{watch.longest_s * 1000:.0f} ms")
        yield from shards(bench, service)
        pairs = alternate(bench.options.wrk_pairs, lambda: wrk.mib_rate(service.url + zst, bench.options.seconds),
                          lambda: wrk.mib_rate(bench.site.url + bench.site.file_path("large"), bench.options.seconds),
                          bench.options.verbose)
        yield compare("repodata.json.zst, our own large file", pairs, at_least=0.9, unit=" MiB/s", digits=0)
        for name, peer in (("yajl parses it", yajl), ("rattler loads it", lambda p: rattler(bench, p))):
            try:
                peer_s = peer(path)
            except Skip as e:
                yield Result(f"the jail, {name}", f"{spent['scanner']:.2f} s", note=f"skipped: {e}")
                continue
            yield Result(f"the jail, {name}", f"{spent['scanner']:.2f} s", f"{peer_s:.2f} s", f"{peer_s / spent['scanner']:.2f}",
                         note="processor time")
