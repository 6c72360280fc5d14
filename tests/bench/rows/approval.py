"""One approval, from the decision to what verifiers fetch: each durable by itself, where the keeper puts many
into one group."""
import subprocess

from lib import stats
from lib.result import limit

NAME = "approval"


def run(bench):
    out = subprocess.run([bench.bin("bench_signing"), bench.folder("approval"), "300"], capture_output=True, text=True,
                         check=True).stdout
    ms = [int(line) / 1000 for line in out.split()]
    yield limit("sign and publish one approval", stats.quantile(ms, 0.5), 5, "ms",
                f"median of 300, each with its own fdatasync; p95 {stats.quantile(ms, 0.95):.2f} ms")
