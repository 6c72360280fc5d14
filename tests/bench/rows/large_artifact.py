"""Memory that each jail takes for a wheel and an sdist of 2.5 GiB unpacked: one member of 1.5 GiB, and smaller ones.

What the kernel counts has the pages of the artifact itself, which is mapped; packed it is small, so that these do
not hide what the readers take."""
import io
import json
import os
import random
import subprocess
import tarfile
import zipfile

from house import sdists, wheels

from lib.result import limit

NAME = "large-artifact"

BLOCK = 16 << 10
REPEATED = 30  # each block so often: not yet what is taken for a bomb
SIZES = (1536 << 20, *(64 << 20 for _ in range(16)))


class Content(io.RawIOBase):
    """So many bytes that compress like data, made as they are read."""

    def __init__(self, size):
        self.left, self.random, self.part = size, random.Random(size), b""

    def readable(self):
        return True

    def readinto(self, into):
        if not self.part:
            self.part = self.random.randbytes(BLOCK) * REPEATED
        n = min(len(into), len(self.part), self.left)
        into[:n], self.part = self.part[:n], self.part[n:]
        self.left -= n
        return n


def wheel(folder):
    """As wheels.py packs it, but for RECORD, which then lists no large member: a finding, and the same work."""
    path = os.path.join(folder, wheels.file_name("large", "1"))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        for name, data in wheels.members("large", "1").items():
            out.writestr(name, data)
        for i, size in enumerate(SIZES):
            info = zipfile.ZipInfo(f"large/data{i}.bin")
            info.compress_type = zipfile.ZIP_DEFLATED
            info.file_size = size  # so that ZIP64 is used only where it is needed
            with out.open(info, "w") as to:
                content = io.BufferedReader(Content(size), 1 << 20)
                while data := content.read(1 << 20):
                    to.write(data)
    return path


def sdist(folder):
    path = os.path.join(folder, sdists.file_name("large", "1"))
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT, compresslevel=1) as out:
        members = [("PKG-INFO", io.BytesIO(wheels.metadata("large", "1")), len(wheels.metadata("large", "1")))]
        members += [(f"large/data{i}.bin", Content(size), size) for i, size in enumerate(SIZES)]
        for name, content, size in members:
            member = tarfile.TarInfo(f"large-1/{name}")
            member.size = size
            out.addfile(member, io.BufferedReader(content, 1 << 20))
    return path


def run(bench):
    folder = bench.folder("large-artifact")
    for make in (wheel, sdist):
        path = make(folder)
        out = subprocess.run([bench.bin("customhouse"), "inspect", "--json", path], capture_output=True, text=True).stdout
        told = json.loads(out)["files"][0]
        if not told["readable"] or not told["complete"]:
            raise RuntimeError(f"inspect: {out[:2000]}")
        most = max(told["memory_bytes"].values()) / (1 << 20)
        yield limit(f"memory of a jail, large {make.__name__}", most, 256, "MiB",
                    f"{sum(SIZES) / (1 << 30):.1f} GiB in {told['members']} members, {os.path.getsize(path) >> 20} MiB "
                    f"packed, {told['cpu_us'] / 1e6:.0f} s of CPU")
        os.remove(path)
