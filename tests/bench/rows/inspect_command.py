"""`customhouse inspect` over local files: against the same wheels asked of a service that has none of them
yet, and what a file costs in a long list of small ones."""
import concurrent.futures
import os
import re
import subprocess
import time

from house import wheels
from house.service import Service
from house.upstream import File

from lib.pairs import alternate
from lib.result import compare, limit
from lib.site import LocalUpstream

NAME = "inspect-command"

SMALL_FILES = 10000
NO_COOL_DOWN = "version: 1\ncool_down_days: 0\nhold_findings: high\n"


def inspect(bench, *args):
    """Seconds from start to end."""
    started = time.monotonic()
    done = subprocess.run([bench.bin("customhouse"), "inspect", *args], capture_output=True, text=True)
    seconds = time.monotonic() - started
    if done.returncode == 2:
        raise RuntimeError(f"inspect: {done.stderr}{done.stdout[-2000:]}")
    return seconds


def run(bench):
    yield from against_the_service(bench)
    yield many_small_files(bench)


def against_the_service(bench):
    folder = bench.locked[1]
    files = sorted(os.listdir(folder))
    upstream = bench.start(LocalUpstream())
    paths = []
    for name in files:
        project = re.sub(r"[-_.]+", "-", name.split("-")[0]).lower()
        with open(os.path.join(folder, name), "rb") as f:
            upstream.add(project, File(name, f.read()))
        paths.append(f"/pypi/files/{project}/{name}")

    def ours():
        return inspect(bench, *[os.path.join(folder, n) for n in files])

    def service():
        with Service(upstream.url, policy=NO_COOL_DOWN) as s:
            started = time.monotonic()
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                answers = list(pool.map(lambda p: s.get(p, {"Range": "bytes=0-0"})[0], paths))
            seconds = time.monotonic() - started
        if any(a not in (206, 403) for a in answers):
            raise RuntimeError(f"the service answered {sorted(set(answers))}")
        return seconds
    pairs = alternate(bench.options.cold_pairs, ours, service, bench.options.verbose)
    yield compare("inspect command, service", pairs, at_least=0.9, unit=" s", digits=2, seconds=True,
                  note=f"{len(files)} wheels; the service fetches them from loopback, too")


def many_small_files(bench):
    folder = bench.folder("small")
    data = wheels.wheel("tiny", "1")
    for i in range(SMALL_FILES):
        os.mkdir(os.path.join(folder, str(i)))
        with open(os.path.join(folder, str(i), wheels.file_name("tiny", "1")), "wb") as f:
            f.write(data)
    listed = os.path.join(folder, "list")
    with open(listed, "w") as f:
        f.writelines(f"{folder}/{i}/{wheels.file_name('tiny', '1')}\n" for i in range(SMALL_FILES))
    seconds = inspect(bench, "--files-from", listed)
    jobs = 2 * SMALL_FILES / (os.cpu_count() or 1)  # two jails a file, as many at once as cores
    return limit("inspect command, a fork", seconds * 1000 / jobs, 3, "ms",
                 f"{SMALL_FILES} small wheels in {seconds:.1f} s, two jails each")
