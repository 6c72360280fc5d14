"""A conda subdir of the size and shape of the largest public one, the same bytes on every machine, and a server that has it.

650,000 records, 25,000 projects, about 360 MB. Names, versions, builds, dependencies and digests are made up; how many of
each and how long they are is modelled on conda-forge's linux-64. It packs to 65 MB, theirs to 47: our names repeat less."""
import contextlib
import hashlib
import http.server
import os
import random
import subprocess
import threading

RECORDS = 650000
SUBDIR = "linux-64"
OLD_MS = 1600000000000

LICENSES = ("MIT", "BSD-3-Clause", "Apache-2.0", "GPL-3.0-or-later", "LGPL-2.1-or-later", "BSD-2-Clause")
SYLLABLES = ("ab", "cor", "dex", "fin", "gra", "hy", "in", "jor", "kel", "lib", "mor", "net", "op", "py", "qua", "ros", "sci",
             "ten", "ul", "vis", "wel", "xar", "yt", "zen")
PYTHONS = ("38", "39", "310", "311", "312", "313")


def _names(rng, count):
    names = set()
    while len(names) < count:
        name = "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 4)))
        names.add(name + rng.choice(("", "", "", f"-{rng.choice(SYLLABLES)}", f"_{rng.choice(SYLLABLES)}", str(rng.randint(2, 9)))))
    return sorted(names)


def records(count):
    """(file name, its record as JSON text), sorted by file name within each project."""
    rng = random.Random(20261127)
    names = _names(rng, max(1, count // 26))
    made = 0
    for i, name in enumerate(names):
        left = len(names) - i
        here = (count - made) if left == 1 else min(count - made - (left - 1), max(1, int(rng.expovariate(left / (count - made))) or 1))
        depends = [rng.choice(names) for _ in range(rng.randint(2, 9))]
        license_name, python = rng.choice(LICENSES), rng.random() < 0.6
        for n in range(here):
            version = f"{1 + n // 60}.{n // 6 % 10}.{n % 6}"
            py = PYTHONS[n % 6]
            build = (f"py{py}h" if python else "h") + f"{rng.getrandbits(28):07x}_{n % 3}"
            wants = [f"{d} >={version[0]}.{k},<{int(version[0]) + 1}.0a0" if k % 2 else d for k, d in enumerate(depends)]
            if python:
                wants += [f"python >=3.{py[1:]},<3.{int(py[1:]) + 1}.0a0", f"python_abi 3.{py[1:]}.* *_cp{py}"]
            wants += ["__glibc >=2.17,<3.0.a0", "libgcc >=13", "libstdcxx >=13"]
            digest = rng.getrandbits(384).to_bytes(48, "big").hex()
            yield (f"{name}-{version}-{build}" + (".tar.bz2" if n % 4 == 0 else ".conda"),
                   f'{{"build":"{build}","build_number":{n % 3},"constrains":[],"depends":["' + '","'.join(wants) +
                   f'"],"license":"{license_name}","md5":"{digest[:32]}","name":"{name}","sha256":"{digest[32:]}",'
                   f'"size":{rng.randint(9000, 90000000)},"subdir":"{SUBDIR}","timestamp":{OLD_MS + made * 200000},"version":"{version}"}}')
            made += 1


def write(folder, count=RECORDS):
    """repodata.json and .zst in `folder`, as the upstream has them; (bytes, sha256) of the JSON."""
    groups = {".tar.bz2": [], ".conda": []}
    for name, text in records(count):
        groups[".conda" if name.endswith(".conda") else ".tar.bz2"].append(f'"{name}":{text}')
    path = os.path.join(folder, "repodata.json")
    with open(path, "w") as f:
        f.write(f'{{"info":{{"subdir":"{SUBDIR}"}},"packages":{{' + ",\n".join(groups[".tar.bz2"]) +
                '},\n"packages.conda":{' + ",\n".join(groups[".conda"]) + '},"removed":[],"repodata_version":1}\n')
    subprocess.run(["zstd", "-q", "-f", "-3", path], check=True)
    with open(path, "rb") as f:
        digest = hashlib.file_digest(f, "sha256").hexdigest()
    return os.path.getsize(path), digest


class ChannelServer:
    """/chan/linux-64/repodata.json.zst and .json from `folder`, with ETags; every other subdir is not there."""

    def __init__(self, folder):
        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                path = os.path.join(folder, os.path.basename(self.path))
                there = self.path.startswith(f"/chan/{SUBDIR}/repodata.json") and os.path.exists(path)
                tag = f'"{os.stat(path).st_mtime_ns:x}"' if there else None
                same = there and self.headers.get("If-None-Match") == tag
                self.send_response(304 if same else 200 if there else 404)
                if there:
                    self.send_header("ETag", tag)
                self.send_header("Content-Type", "application/octet-stream")
                self.send_header("Content-Length", str(os.path.getsize(path) if there and not same else 0))
                self.end_headers()
                if there and not same:
                    with open(path, "rb") as f, contextlib.suppress(ConnectionError):  # it may be given up
                        while block := f.read(1 << 20):
                            self.wfile.write(block)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/chan"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
