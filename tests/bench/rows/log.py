"""The audit log on this disk: entries in group commit, and the proof of one among ten million."""
import subprocess

from lib.result import Result, limit

NAME = "log"

AT_LEAST = 50000  # entries a second
BIG = 10_000_000


def run(bench):
    big = BIG if not bench.options.quick else BIG // 10
    out = subprocess.run([bench.bin("bench_log"), bench.folder("log"), str(big)], capture_output=True, text=True,
                         check=True).stdout
    values = {name: float(value) for name, value in (line.split() for line in out.splitlines())}
    yield Result("log, entries in group commit", f"{values['append']:.0f}/s", "", "", f">= {AT_LEAST}/s",
                 "yes" if values["append"] >= AT_LEAST else "NO",
                 f"batches of 2048, fdatasync and signed checkpoint each, median {values['batch']:.1f} ms")
    yield limit(f"log, inclusion proof at {big:,}", values["proof"] / 1e3, 1, "ms", "median of 2001, by pread")
