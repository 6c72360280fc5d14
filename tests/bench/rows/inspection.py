"""CPU time of both jails over real wheels, against Python's zipfile reading and hashing every member."""
import os
import subprocess
import sys

from lib.pairs import alternate
from lib.result import compare

NAME = "inspection"

ZIPFILE = """
import hashlib, sys, time, zipfile
for path in sys.argv[1:]:
    with zipfile.ZipFile(path) as z:
        for info in z.infolist():
            hashlib.sha256(z.read(info)).digest()
print(time.process_time())
"""


def run(bench):
    folder = bench.locked[1]
    files = [os.path.join(folder, n) for n in sorted(os.listdir(folder))]
    program = bench.bin("bench_scanner")

    def ours():
        out = subprocess.run([program, os.environ["CUSTOMHOUSE_BIN"], "1", *files], capture_output=True, text=True,
                             check=True).stdout
        return sum(int(line.split()[2]) for line in out.splitlines()) / 1e6

    def peer():
        out = subprocess.run([sys.executable, "-c", ZIPFILE, *files], capture_output=True, text=True,
                             check=True).stdout
        return float(out)
    pairs = alternate(bench.options.wrk_pairs, ours, peer, bench.options.verbose)
    total = sum(os.path.getsize(f) for f in files)
    yield compare("inspection CPU, zipfile", pairs, at_least=0.8, unit=" s", digits=2, seconds=True,
                  note=f"{len(files)} wheels, {total / 1e6:.0f} MB, ratio of speeds")
