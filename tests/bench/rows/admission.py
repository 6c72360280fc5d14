"""How long a cluster waits before it may run something: what the keeper takes to answer a review of 20 images, of ten files
each, that all are allowed, at 1,000 reviews a second and with a million digests known. Without TLS and the review itself."""
import subprocess

from lib import stats
from lib.result import limit

NAME = "admission"


def run(bench):
    known, seconds = (10_000, 1) if bench.options.quick else (1_000_000, 10)
    out = subprocess.run([bench.bin("bench_admission"), str(1000 * seconds), "1000", str(known)], capture_output=True, text=True,
                         check=True).stdout
    ms = [int(line) / 1000 for line in out.split()]
    yield limit("p99 of admission of 20 images, 1,000 a second", stats.quantile(ms, 0.99), 5, "ms",
                f"{known:,} digests known; median {stats.quantile(ms, 0.5):.2f} ms")
