"""p99 of 4 KiB pages while 10 clients read blobs that are not in the page cache; nginx for comparison."""
import dataclasses
import os
import stat
import subprocess
import time

from lib import stats
from lib.pages import Pages
from lib.readers import Readers
from lib.result import Skip, limit
from lib.site import MIB, random_wheel
from lib.standstill import Standstill, overlap

NAME = "latency"
READERS = 10
PAGES_PER_S = 1000
MOST_MS = 10
BLOB_BYTES = 24 * MIB


def blobs(folder):
    """{inode: path} of the large files below: one blob may lie under two names."""
    found = {}
    for at, _dirs, names in os.walk(folder):
        for path in (os.path.join(at, n) for n in names):
            st = os.lstat(path)
            if stat.S_ISREG(st.st_mode) and st.st_size > BLOB_BYTES // 2:
                found[st.st_ino] = path
    return found


def evict(paths):
    """Drops files from the page cache; which share stays."""
    for path in paths:
        fd = os.open(path, os.O_RDONLY)
        os.fsync(fd)  # dirty pages cannot be dropped
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)
    out = subprocess.run(["fincore", "--bytes", "--noheadings", "--output", "RES,SIZE", *paths],
                         capture_output=True, text=True, check=True).stdout
    sizes = [tuple(map(int, line.split())) for line in out.splitlines()]
    return sum(r for r, _ in sizes) / sum(s for _, s in sizes)


@dataclasses.dataclass
class Times:
    """What one side's rounds took, together."""
    whole: list = dataclasses.field(default_factory=list)  # ms of each page
    awake: list = dataclasses.field(default_factory=list)  # less what the machine stood still of them
    stood: list = dataclasses.field(default_factory=list)  # each round's share of time
    speeds: list = dataclasses.field(default_factory=list)  # MB/s of blobs

    def p99(self):
        return stats.quantile(self.whole, 0.99)

    def p99_awake(self):
        return stats.quantile(self.awake, 0.99)


def measure(page, urls, into):
    readers = Readers(READERS)
    try:
        with Standstill() as still:
            pages = Pages(page, PAGES_PER_S)
            began = time.monotonic()
            readers.read(urls)
            readers.emptied.wait(60)  # after that they are fewer than ten
            took = pages.stop()
            ended = readers.join()
    finally:
        readers.close()
    into.speeds.append(len(urls) * BLOB_BYTES / (ended - began) / 1e6)
    into.stood.append(still.share)
    into.whole += [(there - due) * 1000 for due, there in took]
    into.awake += [(there - due - overlap(due, there, still.spans or [])) * 1000 for due, there in took]


def run(bench):
    if os.geteuid() != 0:
        raise Skip("only root may drop the service's files from the page cache")
    site, nginx = bench.site, bench.nginx
    path = site.page_path(bench.page_project)
    nginx.put("/page.html", site.get(path))
    cold, warm, peer = Times(), Times(), Times()
    known = set()
    for n in range(bench.options.latency_rounds):
        projects = [f"cold{n}x{i}" for i in range(bench.options.cold_blobs)]
        for p in projects:
            site.upstream.add_wheel(p, random_wheel(p, BLOB_BYTES))
        site.bring_in(projects)  # the gateway maps them, but touches only their beginning
        for p in projects:
            nginx.put(f"/{p}", site.upstream.projects.pop(p)[0].data)
        os.sync()  # or the disk writes what is to be read from it now
        # those of earlier rounds are mapped and stay
        fresh = {inode: path for inode, path in blobs(site.service.state).items() if inode not in known}
        known.update(fresh)
        for where, files, urls, page, into in (
                ("ours", fresh.values(), [site.url + site.file_path(p) for p in projects], site.url + path, cold),
                ("nginx", [os.path.join(nginx.www, p) for p in projects], [f"{nginx.url}/{p}" for p in projects],
                 nginx.url + "/page.html", peer)):
            resident = evict(files)
            if resident > 0.05:
                raise Skip(f"{where}: {resident:.0%} of the blobs stay in the page cache")
            measure(page, urls, into)
            if into is cold:
                measure(page, urls, warm)
    yield from results(cold, warm, peer)


def mean(shares):
    return "an unknown part" if None in shares else f"{sum(shares) / len(shares):.0%}"


def results(cold, warm, peer):
    """The p99 as it is, and of the time in which the machine ran."""
    row = "p99 of pages during cold reads"
    p50s = [stats.quantile(side.whole, 0.5) for side in (cold, peer)]
    speeds = [sum(side.speeds) / len(side.speeds) for side in (cold, peer)]
    whole = limit(row, cold.p99(), MOST_MS, "ms",
                  f"{len(cold.whole)} pages at {PAGES_PER_S}/s beside {speeds[0]:.0f} MB/s of blobs "
                  f"(nginx {speeds[1]:.0f}); p50 {p50s[0]:.2f} ms (nginx {p50s[1]:.2f}); "
                  f"the same reads from memory: {warm.p99():.2f} ms; "
                  f"the machine stood still for {mean(cold.stood)} of the time (nginx {mean(peer.stood)}, "
                  f"from memory {mean(warm.stood)})")
    whole.peer = f"{peer.p99():.2f} ms"
    if whole.reached == "NO" and None not in cold.stood and cold.p99_awake() <= MOST_MS:
        whole.reached = "NO (machine stood still)"
    yield whole
    if None not in cold.stood + peer.stood:
        awake = limit(f"{row}, while the machine ran", cold.p99_awake(), MOST_MS, "ms",
                      "the same pages, each less the time in which all processors stood still")
        awake.peer = f"{peer.p99_awake():.2f} ms"
        yield awake
