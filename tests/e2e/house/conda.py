"""Conda packages, and a channel on loopback that has them: builds .conda and .tar.bz2, honest or not."""
import bz2
import ctypes
import ctypes.util
import hashlib
import http.server
import io
import json
import re
import tarfile
import threading
import time
import zipfile

DAY_MS = 86400 * 1000


def now_ms():
    return int(time.time() * 1000)


def zstd(data):
    """One frame with its size: Python has no zstd of its own before 3.14."""
    lib = ctypes.CDLL(ctypes.util.find_library("zstd"))
    lib.ZSTD_compressBound.restype = lib.ZSTD_compress.restype = ctypes.c_size_t
    lib.ZSTD_compressBound.argtypes = [ctypes.c_size_t]
    lib.ZSTD_compress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int]
    room = lib.ZSTD_compressBound(len(data))
    out = ctypes.create_string_buffer(room)
    n = lib.ZSTD_compress(out, room, data, len(data), 3)
    if n > room:
        raise RuntimeError("zstd")
    return out.raw[:n]


def unzstd(data, room=1 << 26):
    lib = ctypes.CDLL(ctypes.util.find_library("zstd"))
    lib.ZSTD_decompress.restype = ctypes.c_size_t
    lib.ZSTD_decompress.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    lib.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
    size = lib.ZSTD_getFrameContentSize(data, ctypes.c_size_t(len(data)))
    if size > room:
        raise RuntimeError("the frame states no size, or a large one")
    out = ctypes.create_string_buffer(size + 1)
    n = lib.ZSTD_decompress(out, size, data, len(data))
    if n != size:
        raise RuntimeError("zstd")
    return out.raw[:n]


def unmsgpack(data):
    """MessagePack as the service writes it: bytes stay bytes."""
    at = 0

    def take(n):
        nonlocal at
        if at + n > len(data):
            raise ValueError("msgpack ends early")
        at += n
        return data[at - n:at]

    def number(n):
        return int.from_bytes(take(n), "big")

    def value():
        t = number(1)
        if t < 0x80 or t >= 0xe0:
            return t if t < 0x80 else t - 256
        if 0xa0 <= t < 0xc0:
            return take(t & 31).decode()
        if t in (0xc0, 0xc2, 0xc3):
            return {0xc0: None, 0xc2: False, 0xc3: True}[t]
        if t == 0xc4:
            return take(number(1))
        if 0xcc <= t <= 0xcf:
            return number(1 << (t - 0xcc))
        if t == 0xd3:
            return int.from_bytes(take(8), "big", signed=True)
        if 0xd9 <= t <= 0xdb:
            return take(number(1 << (t - 0xd9))).decode()
        if t == 0xdd:
            return [value() for _ in range(number(4))]
        if t == 0xdf:
            n, found = number(4), {}
            for _ in range(n):
                key = value()
                found[key] = value()
            if len(found) != n:
                raise ValueError("a key twice")
            return found
        raise ValueError(f"msgpack type {t:#x}")

    whole = value()
    if at != len(data):
        raise ValueError("more than one value")
    return whole


def shards_of(index):
    """{name: digest in hex} of an index of shards (CEP 16), as it was sent."""
    return {name: digest.hex() for name, digest in unmsgpack(unzstd(index))["shards"].items()}


def window_of(frame):
    """Bytes of the window that a zstd frame asks its reader for. Spec: RFC 8878 3.1.1.1."""
    if frame[:4] != b"\x28\xb5\x2f\xfd":
        raise ValueError("no zstd frame")
    head = frame[4]
    if head & 32:  # a single segment: its size
        n = (1, 2, 4, 8)[head >> 6]
        return int.from_bytes(frame[5 + (0, 1, 2, 4)[head & 3]:][:n], "little") + (256 if n == 2 else 0)
    exponent, mantissa = frame[5] >> 3, frame[5] & 7
    return (1 << (10 + exponent)) * (8 + mantissa) // 8


def tar(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as t:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(data), 0o644, 1700000000
            t.addfile(member, io.BytesIO(data))
    return out.getvalue()


def index_of(name, version, build="0", subdir="noarch", depends=(), constrains=(), timestamp=None):
    index = {"build": build, "build_number": int(build.rsplit("_", 1)[-1]) if build[-1].isdigit() else 0,
             "depends": list(depends), "constrains": list(constrains), "license": "MIT", "name": name,
             "subdir": subdir, "version": version}
    if subdir == "noarch":
        index["noarch"] = "generic"
    if timestamp is not None:
        index["timestamp"] = timestamp
    return index


def parts(index, files):
    """(info/..., the rest), as a builder writes them."""
    paths = {"paths": [{"_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(data).hexdigest(),
                        "size_in_bytes": len(data)} for path, data in sorted(files.items())], "paths_version": 1}
    info = {"info/index.json": json.dumps(index).encode(), "info/paths.json": json.dumps(paths).encode(),
            "info/files": "".join(f"{p}\n" for p in sorted(files)).encode(), "info/about.json": b"{}"}
    return info, files


def package(index, files=None, ending=".conda"):
    """The bytes of a package; by default it brings one text."""
    if files is None:
        files = {f"share/{index['name']}/version": f"{index['version']}\n".encode()}
    info, rest = parts(index, files)
    stem = f"{index['name']}-{index['version']}-{index['build']}"
    if ending == ".tar.bz2":
        return bz2.compress(tar({**info, **rest}))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as z:
        z.writestr("metadata.json", json.dumps({"conda_pkg_format_version": 2}))
        z.writestr(f"pkg-{stem}.tar.zst", zstd(tar(rest)))
        z.writestr(f"info-{stem}.tar.zst", zstd(tar(info)))
    return out.getvalue()


def with_channel(text, url, trust_times="true", more=""):
    """customhouse.yaml with a repository "chan" beside the index; `more`: further keys of it."""
    return re.sub(r"(?m)^repositories:\n", f"  - name: channel\n    ecosystem: conda\n    url: {url}\n"
                  f"    trust_times: {trust_times}\n\nrepositories:\n"
                  f"  - name: chan\n    ecosystem: conda\n    upstreams: [channel]\n{more}", text, count=1)


class Channel:
    """/SUBDIR/repodata.json[.zst] and packages beside it; lists what it was asked."""

    def __init__(self):
        self.files, self.records, self.asked, self.forms = {}, {}, [], ("repodata.json.zst", "repodata.json")
        self.documents = {}  # path -> bytes that are said instead
        self.extra = {}      # further top-level keys of each repodata
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                outer.asked.append(self.path)
                body = outer.document(self.path)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", "application/json" if self.path.endswith(".json")
                                 else "application/octet-stream")
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/chan"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def document(self, path):
        if path in self.documents:
            return self.documents[path]
        if not path.startswith("/chan/"):
            return None
        subdir, _, name = path[len("/chan/"):].partition("/")
        if name in self.forms and subdir in ("noarch", *self.records):
            text = json.dumps(self.repodata(subdir)).encode()
            return zstd(text) if name.endswith(".zst") else text
        return self.files.get(subdir, {}).get(name)

    def repodata(self, subdir):
        groups = {"packages": {}, "packages.conda": {}}
        for name, record in self.records.get(subdir, {}).items():
            groups["packages.conda" if name.endswith(".conda") else "packages"][name] = record
        return {"info": {"subdir": subdir}, **groups, "removed": [], "repodata_version": 1, **self.extra}

    def add(self, name, version, build="0", subdir="noarch", days=400, ending=".conda", data=None, files=None,
            hashes=("md5", "sha256"), **more):
        """Returns the file's name."""
        index = index_of(name, version, build, subdir, timestamp=now_ms() - days * DAY_MS, **more)
        data = data if data is not None else package(index, files, ending)
        file = f"{name}-{version}-{build}{ending}"
        record = {**index, "size": len(data), **{h: getattr(hashlib, h)(data).hexdigest() for h in hashes}}
        self.files.setdefault(subdir, {})[file] = data
        self.records.setdefault(subdir, {})[file] = record
        return file

    def remove(self, file, subdir="noarch"):
        del self.files[subdir][file], self.records[subdir][file]
