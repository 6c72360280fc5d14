"""CPU time of both jails over a layer of an image, against what one would run by hand: gzip, sha256sum, bsdtar and yara one
after the other, yara with our own rules."""
import glob
import hashlib
import os
import resource
import subprocess
import tarfile

from house import service

from lib.pairs import alternate
from lib.result import Skip, compare, limit

NAME = "layer"
FOLDERS = ("usr/bin", "usr/lib/python3", "usr/lib/x86_64-linux-gnu", "usr/lib/git-core", "usr/share")
MIB = 1 << 20


def pack(folder, most):
    """This machine's programs, libraries and texts, up to so many bytes; the path, the size unpacked."""
    plain, size = os.path.join(folder, "layer.tar"), 0
    with tarfile.open(plain, "w", format=tarfile.PAX_FORMAT) as t:
        for top in FOLDERS:
            left = most * (FOLDERS.index(top) + 1) // len(FOLDERS)
            for where, folders, names in os.walk("/" + top):
                folders.sort()
                for name in sorted(names):
                    path = os.path.join(where, name)
                    if os.path.isfile(path) and not os.path.islink(path) and size + os.path.getsize(path) < left:
                        size += os.path.getsize(path)
                        member = tarfile.TarInfo(path[1:])
                        member.size, member.mtime, member.mode = os.path.getsize(path), 1700000000, 0o644
                        with open(path, "rb") as f:
                            t.addfile(member, f)
    subprocess.run(["gzip", "-nf", plain], check=True)
    with open(plain + ".gz", "rb") as f:
        digest = hashlib.file_digest(f, "sha256").hexdigest()
    path = os.path.join(folder, f"sha256-{digest}.layer.tar.gz")
    os.rename(plain + ".gz", path)
    return path, size


def children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(bench):
    folder = bench.folder("layer")
    path, size = pack(folder, (40 if bench.options.quick else 400) * MIB)
    files, plain, rules = (os.path.join(folder, name) for name in ("files", "layer.tar", "rules.yarac"))
    os.mkdir(files)
    with open(plain, "wb") as f:
        subprocess.run(["gzip", "-dc", path], stdout=f, check=True)
    subprocess.run(["tar", "-xf", plain, "-C", files], check=True)
    try:
        subprocess.run(["yarac", *glob.glob(os.path.join(service.ROOT, "scanner/rules/shipped/*.yar")), rules], check=True,
                       capture_output=True)
    except FileNotFoundError as e:
        raise Skip("yarac is not there (yara)") from e
    program, times = bench.bin("bench_scanner"), []

    def ours():
        out = subprocess.run([program, os.environ["CUSTOMHOUSE_BIN"], "1", path], capture_output=True, text=True,
                             check=True).stdout
        times.append(sum(int(line.split()[2]) for line in out.splitlines()) / 1e6)
        return times[-1]

    def peer():
        before = children()
        for argv in (["gzip", "-dc", path], ["sha256sum", plain], ["bsdtar", "-tf", plain],
                     ["yara", "-C", "-w", "-p", "1", "-r", rules, files]):
            subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
        return children() - before
    pairs = alternate(bench.options.wrk_pairs, ours, peer, bench.options.verbose)
    what = f"{size / 1e6:.0f} MB unpacked, {os.path.getsize(path) / 1e6:.0f} MB packed"
    yield compare("layer scan CPU; gzip, sha256sum, bsdtar, yara", pairs, at_least=1, unit=" s", digits=2, seconds=True,
                  note=f"{what}, ratio of speeds")
    yield limit("layer scan, a core's time for 100 MB unpacked", min(times) / (size / 1e8), 1, "s", "100 MB/s a core")
