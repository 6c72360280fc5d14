"""The audit log's entries on facts (what a page states, which files it showed, what bytes came, what inspection found):
what they cost of the keeper's work on a page of 30,000 files, and on one file's approval."""
import concurrent.futures
import subprocess

from house import wheels
from house.service import Service
from house.upstream import File

from lib.result import Result
from lib.site import LocalUpstream, VERSION

NAME = "facts"

FILES = 30000
WHEELS = 200
SHARE = 0.05


def keeper_us(service):
    """Processor time of the keeper's threads so far."""
    pid = next(pid for pid, name in service.processes().items() if name == "keeper")
    with open(f"/proc/{pid}/stat") as f:
        ticks = f.read().rpartition(")")[2].split()[11:13]
    return sum(int(n) for n in ticks) * 1e4


def share(row, cost_us, whole_us, note):
    part = cost_us / whole_us
    return Result(row, f"{cost_us / 1000:.2f} ms", f"{whole_us / 1000:.2f} ms", f"{part:.3f}", f"<= {SHARE:g} of it",
                  "yes" if part <= SHARE else "NO", note)


def fill(upstream, files, count):
    for i in range(files):
        name = f"many-{i // 30}.{i % 30}-py3-none-any.whl"
        upstream.add("many", File(name, b"", sha256=f"{i + 1:064x}"))
    for i in range(count):
        upstream.add_wheel(f"one{i}", wheels.wheel(f"one{i}", VERSION))


def run(bench):
    part = 10 if bench.options.quick else 1
    files, count = FILES // part, WHEELS // part
    upstream = bench.start(LocalUpstream())
    fill(upstream, files, count)
    with Service(upstream.url) as service:
        def get(path):
            status, _reason, _headers, _body = service.get(path, timeout=120)
            if status != 200:
                raise RuntimeError(f"{path}: {status}\n{service.log()[-2000:]}")
        before = keeper_us(service)
        get("/pypi/simple/many/")
        page_us = keeper_us(service) - before
        for i in range(count):
            get(f"/pypi/simple/one{i}/")
        before = keeper_us(service)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda i: get(f"/pypi/files/one{i}/{wheels.file_name(f'one{i}', VERSION)}"), range(count)))
        approval_us = (keeper_us(service) - before) / count
        service.stop()
        out = subprocess.run([bench.bin("bench_facts"), service.state], capture_output=True, text=True, check=True).stdout
    cost = {name: float(value) for name, value in (line.split() for line in out.splitlines())}
    yield share(f"facts of a page of {files:,} files, of the keeper's work on it",
                (cost["facts"] + cost["snapshots"]) * 1000, page_us, f"processor time, {cost['rows']:.0f} rows in one entry")
    yield share("facts of an approval, of the keeper's work on it", cost["entry"], approval_us,
                f"processor time, {count} files")
