#!/usr/bin/env python3
"""Measures the rows and prints the table. Started by tests/bench/run, which installs and builds."""
import argparse
import signal
import sys
import time
import traceback

import lib  # noqa: F401 (makes the end-to-end tests' house importable)
from lib.bench import Bench
from lib.result import Result, Skip, show
from rows import ROWS


def options():
    p = argparse.ArgumentParser(prog="tests/bench/run", description=__doc__)
    p.add_argument("--tools", metavar="DIR", help="where the Python peers are or will be installed")
    p.add_argument("--quick", action="store_true", help="few pairs: to see that it works, not to quote")
    p.add_argument("--only", action="append", metavar="NAME",
                   help="rows whose name contains NAME, of: " + ", ".join(r.NAME for r in ROWS))
    p.add_argument("--wrk-pairs", type=int, help="default 5")
    p.add_argument("--client-pairs", type=int, help="default 15")
    p.add_argument("--cold-pairs", type=int, help="default 15; each fetches the files from the upstream twice")
    p.add_argument("--seconds", type=int, help="of one wrk run, default 4")
    p.add_argument("--no-upstream", action="store_true", help="leave the real upstream alone")
    p.add_argument("--minutes", type=int, default=60, help="give up after this time (default %(default)s)")
    p.add_argument("--verbose", action="store_true", help="each pair on stderr")
    o = p.parse_args()
    quick = o.quick
    o.wrk_pairs = o.wrk_pairs or (2 if quick else 5)
    o.client_pairs = o.client_pairs or (2 if quick else 15)
    o.cold_pairs = o.cold_pairs or (1 if quick else 15)
    o.seconds = o.seconds or (1 if quick else 4)
    o.latency_rounds = 1 if quick else 3
    o.cold_blobs = 20 if quick else 40
    return o


def give_up(number, _frame):
    raise SystemExit("given up: out of time" if number == signal.SIGALRM else "ended by a signal")


def main():
    o = options()
    rows = [r for r in ROWS if not o.only or any(name in r.NAME for name in o.only)]
    if not rows or not o.tools:
        print("no row has such a name" if o.tools else "started by tests/bench/run", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, give_up)
    signal.alarm(o.minutes * 60)
    results, bench = [], Bench(o)
    try:
        for row in rows:
            started = time.monotonic()
            try:
                for result in row.run(bench):
                    results.append(result)
                    print(f"{result.row}: {result.ours} {result.ratio} {result.reached}", file=sys.stderr, flush=True)
            except Skip as e:
                results.append(Result(row.NAME, "", reached="skipped", note=str(e)))
            except Exception as e:  # one row's trouble is not the others'
                traceback.print_exc()
                results.append(Result(row.NAME, "", reached="FAILED", note=(str(e).splitlines() or [repr(e)])[0]))
            print(f"({row.NAME}: {time.monotonic() - started:.0f} s)", file=sys.stderr, flush=True)
    finally:
        bench.close()
    print(f"{bench.workers} cores and workers; wrk: 1 thread, 32 connections, {o.seconds} s a run"
          + ("; QUICK: not to be quoted" if o.quick else ""))
    show(results)
    return 1 if any(r.reached.startswith(("NO", "FAILED")) for r in results) else 0


if __name__ == "__main__":
    sys.exit(main())
