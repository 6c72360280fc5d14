"""The audit log on this disk: entries in group commit, the proof of one among ten million, and the whole of a million
verified against their database; what a start reads back of it."""
import statistics
import subprocess
import time

from lib.result import Result, limit

NAME = "log"

AT_LEAST = 50000  # entries a second
BIG = 10_000_000
VERIFIED = 1_000_000
VERIFY_S = 3
RECALLED = 100_000
RECALL_MS = 250
RUNS = 3


def verify_seconds(bench, state, entries):
    began = time.monotonic()
    done = subprocess.run([bench.bin("audit"), state, "verify"], capture_output=True, text=True)
    spent = time.monotonic() - began
    if done.returncode != 0 or not done.stdout.startswith(f"{entries} entries, {entries - 1} rows"):
        raise RuntimeError("audit verify: " + done.stdout[:500] + done.stderr)
    return spent


def recall_ms(bench, state):
    """What a start takes to read the log back, without the start of a process."""
    out = subprocess.run([bench.bin("bench_recall"), state], capture_output=True, text=True, check=True).stdout
    return float(out.split()[1])


def run(bench):
    part = 10 if bench.options.quick else 1
    big, verified = BIG // part, VERIFIED // part
    out = subprocess.run([bench.bin("bench_log"), bench.folder("log"), str(big)], capture_output=True, text=True,
                         check=True).stdout
    values = {name: float(value) for name, value in (line.split() for line in out.splitlines())}
    yield Result("log, entries in group commit", f"{values['append']:.0f}/s", "", "", f">= {AT_LEAST}/s",
                 "yes" if values["append"] >= AT_LEAST else "NO",
                 f"batches of 2048, fdatasync and signed checkpoint each, median {values['batch']:.1f} ms")
    yield limit(f"log, inclusion proof at {big:,}", values["proof"] / 1e3, 1, "ms", "median of 2001, by pread")
    state = bench.folder("audit")
    subprocess.run([bench.bin("bench_audit"), state, str(verified)], check=True)
    spent = [verify_seconds(bench, state, verified) for _ in range(RUNS)]
    yield limit(f"audit verify of {verified:,} entries", statistics.median(spent), VERIFY_S / part, "s",
                f"median of {RUNS}: tree, checkpoint, and each decision in the database")
    state = bench.folder("recall")
    subprocess.run([bench.bin("bench_audit"), state, str(RECALLED // part)], check=True)
    spent = [recall_ms(bench, state) for _ in range(RUNS)]
    yield limit(f"start, a log of {RECALLED // part:,} entries read back", statistics.median(spent), RECALL_MS / part, "ms",
                f"median of {RUNS}: what it says of approvals and denials, each entry by its published hash, all by the root")
