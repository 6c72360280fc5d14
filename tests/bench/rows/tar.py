"""CPU time of the whole inspection of sdists in both jails, against unpacking and hashing each of them twice
with tar and sha256sum. The sdists have the members of the real wheels of the other rows."""
import os
import resource
import subprocess
import tarfile
import zipfile

from lib.pairs import alternate
from lib.result import compare

NAME = "tar"


def repack(wheel, folder):
    """NAME-VERSION.tar.gz; the path"""
    top = "-".join(os.path.basename(wheel).split("-")[:2])
    path = os.path.join(folder, top + ".tar.gz")
    with zipfile.ZipFile(wheel) as source, tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as out:
        for info in source.infolist():
            names = [info.filename] if not info.is_dir() else []
            if info.filename.endswith(".dist-info/METADATA"):
                names.append("PKG-INFO")
            for name in names:
                member = tarfile.TarInfo(f"{top}/{name}")
                member.size = info.file_size
                with source.open(info) as content:
                    out.addfile(member, content)
    return path


def children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(bench):
    wheels, folder = bench.locked[1], bench.folder("tar")
    files = []
    for name in sorted(n for n in os.listdir(wheels) if n.endswith(".whl")):
        files.append(repack(os.path.join(wheels, name), folder))
    program = bench.bin("bench_scanner")

    def ours():
        out = subprocess.run([program, os.environ["CUSTOMHOUSE_BIN"], "1", *files], capture_output=True, text=True,
                             check=True).stdout
        return sum(int(line.split()[2]) for line in out.splitlines()) / 1e6

    def peer():
        before = children()
        for path in files:
            for _ in range(2):
                subprocess.run(["sh", "-c", 'tar -xzOf "$0" | sha256sum', path], capture_output=True, check=True)
        return children() - before
    pairs = alternate(bench.options.wrk_pairs, ours, peer, bench.options.verbose)
    total = sum(os.path.getsize(f) for f in files)
    yield compare("sdist inspection CPU, tar | sha256sum twice", pairs, at_least=1, unit=" s", digits=2, seconds=True,
                  note=f"{len(files)} sdists, {total / 1e6:.0f} MB, ratio of speeds")
