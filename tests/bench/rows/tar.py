"""CPU time of both jails over TAR archives packed with gzip, against unpacking and hashing each of them
twice with tar and sha256sum. The archives have the members of the real wheels of the other rows."""
import os
import resource
import subprocess
import tarfile
import zipfile

from lib.pairs import alternate
from lib.result import compare

NAME = "tar"


def repack(wheel, path):
    with zipfile.ZipFile(wheel) as source, tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as out:
        for info in source.infolist():
            if not info.is_dir():
                member = tarfile.TarInfo("repacked-1.0/" + info.filename)
                member.size = info.file_size
                with source.open(info) as content:
                    out.addfile(member, content)


def children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(bench):
    wheels, folder = bench.locked[1], bench.folder("tar")
    files = []
    for name in sorted(n for n in os.listdir(wheels) if n.endswith(".whl")):
        files.append(os.path.join(folder, name[:-4] + ".tar.gz"))
        repack(os.path.join(wheels, name), files[-1])
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
    yield compare("TAR inspection CPU, tar | sha256sum twice", pairs, at_least=1, unit=" s", digits=2, seconds=True,
                  note=f"{len(files)} archives, {total / 1e6:.0f} MB, ratio of speeds")
