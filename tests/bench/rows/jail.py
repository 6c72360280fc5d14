"""From the fork of a jail to the first byte read. Measured is the whole job on the smallest wheel, from
before the fork until its end was seen: an upper bound."""
import os
import subprocess

from house import wheels

from lib import stats
from lib.result import limit

NAME = "jail"


def run(bench):
    path = os.path.join(bench.folder("jail"), wheels.file_name("tiny", "1"))
    with open(path, "wb") as f:
        f.write(wheels.wheel("tiny", "1"))
    out = subprocess.run([bench.bin("bench_scanner"), os.environ["CUSTOMHOUSE_BIN"], "200", path],
                         capture_output=True, text=True, check=True).stdout
    times = {}
    for line in out.splitlines():
        role, wall_us = line.split()[:2]
        times.setdefault(role, []).append(int(wall_us) / 1000)
    for role, ms in times.items():
        yield limit(f"jail start, {role}", stats.quantile(ms, 0.5), 3, "ms",
                    f"median of 200 whole jobs on the smallest wheel; p95 {stats.quantile(ms, 0.95):.2f} ms")
