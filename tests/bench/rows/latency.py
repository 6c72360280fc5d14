"""p99 of 4 KiB pages while 10 clients read blobs that are not in the page cache."""
import os
import statistics
import subprocess
import threading
import urllib.request

from lib import wrk
from lib.result import Skip, limit
from lib.site import MIB, random_wheel

NAME = "latency"
READERS = 10
BLOB_BYTES = 24 * MIB


def evict(folder):
    """Drops the page cache of all large files below; which share stays resident."""
    files = [os.path.join(at, n) for at, _dirs, names in os.walk(folder) for n in names]
    files = [f for f in files if os.path.isfile(f) and os.path.getsize(f) > BLOB_BYTES // 2]
    for path in files:
        fd = os.open(path, os.O_RDONLY)
        os.fsync(fd)  # dirty pages cannot be dropped
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)
    out = subprocess.run(["fincore", "--bytes", "--noheadings", "--output", "RES,SIZE", *files],
                         capture_output=True, text=True, check=True).stdout
    sizes = [tuple(map(int, line.split())) for line in out.splitlines()]
    return sum(r for r, _ in sizes) / sum(s for _, s in sizes)


def read_all(urls):
    """Ten readers take the blobs one after the other, each once; ends when none is left to take."""
    left, problems = iter(urls), []
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
            if done.returncode != 0:
                problems.append(f"curl {url}: exit {done.returncode}")

    threads = [threading.Thread(target=reader) for _ in range(READERS)]
    for t in threads:
        t.start()
    return threads, emptied, problems


def p99_while_reading(page, urls):
    """(p99 in ms, pages per second)"""
    urllib.request.urlopen(page).read()
    threads, emptied, problems = read_all(urls)
    load = wrk.Latency(page, 60)
    emptied.wait(60)
    try:
        return load.stop()
    finally:
        for t in threads:
            t.join()
        if problems:
            raise RuntimeError("; ".join(problems))


def run(bench):
    site = bench.site
    page = site.url + site.page_path(bench.page_project)
    cold, warm = [], []
    for n in range(bench.options.latency_rounds):
        projects = [f"cold{n}x{i}" for i in range(bench.options.cold_blobs)]
        urls = [site.url + site.file_path(p) for p in projects]
        for p in projects:
            site.upstream.add_wheel(p, random_wheel(p, BLOB_BYTES))
        site.bring_in(projects)  # the gateway maps them, but touches only their beginning
        resident = evict(site.service.state) if os.geteuid() == 0 else 1.0
        if resident > 0.2:
            raise Skip(f"{resident:.0%} of the blobs stay in the page cache")
        cold.append(p99_while_reading(page, urls))
        warm.append(p99_while_reading(page, urls))
        for p in projects:  # memory of this process, not of the service
            del site.upstream.projects[p]
    p99s = [p99_ms for p99_ms, _ in cold]
    yield limit("p99 of pages during cold reads", statistics.median(p99s), 10, "ms",
                f"median of {len(cold)} rounds [{min(p99s):.2f}, {max(p99s):.2f}], "
                f"{statistics.median(r for _, r in cold):.0f} pages/s; the same reads from memory: "
                f"{statistics.median(p for p, _ in warm):.2f} ms")
