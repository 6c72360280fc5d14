"""p99 of 4 KiB pages while 10 clients read blobs that are not in the page cache; nginx for comparison."""
import os
import stat
import statistics
import subprocess
import threading
import time
import urllib.request

from lib import wrk
from lib.result import Skip, limit
from lib.site import MIB, random_wheel
from lib.standstill import Standstill

NAME = "latency"
READERS = 10
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


def read_all(urls):
    """Ten readers take the blobs one after the other, each once, as fast as they come: (threads, set when none is left
    to take, when each blob was there, problems)"""
    left, ends, problems = iter(urls), [], []
    lock = threading.Lock()
    emptied = threading.Event()

    def reader():
        while True:
            with lock:
                url = next(left, None)
            if url is None:
                emptied.set()
                return
            # a program of its own: ten readers in one Python would be one
            done = subprocess.run(["curl", "--silent", "--fail", "--output", "/dev/null", url])
            ends.append(time.monotonic())
            if done.returncode != 0:
                problems.append(f"curl {url}: exit {done.returncode}")

    threads = [threading.Thread(target=reader) for _ in range(READERS)]
    for t in threads:
        t.start()
    return threads, emptied, ends, problems


def p99_while_reading(page, urls):
    """(p99 in ms, pages per second, share of the time in which the machine stood still, blobs' MB/s)"""
    urllib.request.urlopen(page).read()
    with Standstill() as still:  # it is awake before the reading begins, which may be over in a second
        load = wrk.Latency(page, 60)
        began = time.monotonic()
        threads, emptied, ends, problems = read_all(urls)
        try:
            emptied.wait(60)
            result = load.stop()
        finally:
            for t in threads:
                t.join()
            if problems:
                raise RuntimeError("; ".join(problems))
    return *result, still.share, len(urls) * BLOB_BYTES / (max(ends) - began) / 1e6


def run(bench):
    if os.geteuid() != 0:
        raise Skip("only root may drop the service's files from the page cache")
    site, nginx = bench.site, bench.nginx
    path = site.page_path(bench.page_project)
    nginx.put("/page.html", site.get(path))
    cold, warm, peer = [], [], []
    known = {}
    for n in range(bench.options.latency_rounds):
        projects = [f"cold{n}x{i}" for i in range(bench.options.cold_blobs)]
        for p in projects:
            site.upstream.add_wheel(p, random_wheel(p, BLOB_BYTES))
        site.bring_in(projects)  # the gateway maps them, but touches only their beginning
        for p in projects:
            nginx.put(f"/{p}", site.upstream.projects.pop(p)[0].data)
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
            into.append(p99_while_reading(page, urls))
            if into is cold:
                warm.append(p99_while_reading(page, urls))
    p99s, rates, stills, speeds = zip(*cold)
    shares = [s for s in stills if s is not None]
    stood = f"{statistics.median(shares):.1%}" if shares else "an unknown part"
    result = limit("p99 of pages during cold reads", statistics.median(p99s), 10, "ms",
                   f"median of {len(cold)} rounds [{min(p99s):.2f}, {max(p99s):.2f}], "
                   f"{statistics.median(rates):.0f} pages/s (nginx "
                   f"{statistics.median(r for _, r, *_ in peer):.0f}) beside "
                   f"{statistics.median(speeds):.0f} MB/s of blobs (nginx {statistics.median(m for *_, m in peer):.0f}); "
                   f"the same reads from memory: {statistics.median(p for p, *_ in warm):.2f} ms; the machine stood still for "
                   f"{stood} of the time")
    if result.reached == "NO" and shares and statistics.median(shares) > 0.01:
        result.reached = "NO (machine stood still)"
    result.peer = f"{statistics.median(p for p, *_ in peer):.2f} ms"
    yield result
