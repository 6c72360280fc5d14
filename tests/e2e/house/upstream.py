"""A package index on loopback that can also behave badly, and keeps a list of what was asked."""
import hashlib
import html
import json
import os
import time
import urllib.parse

from .loopback import Loopback


class File:
    def __init__(self, name, data, uploaded="2020-01-01T00:00:00.000000Z", yanked=False,
                 requires_python=None, sidecar=None, stated_hash=True, stated_size=True,
                 sha256=None, path=None):
        """`path`: where the bytes lie when they are too many for `data`. `hashes`, set later: what is
        stated instead of the sha256, by algorithm."""
        self.hashes = None
        self.size = None  # set later: stated instead of what it has
        self.path = path
        self.name, self.data, self.uploaded, self.yanked = name, data, uploaded, yanked
        self.requires_python, self.sidecar = requires_python, sidecar
        self.stated_hash, self.stated_size = stated_hash, stated_size
        self.sha256 = sha256 or hashlib.sha256(data).hexdigest()

    def stated(self):
        if self.hashes is not None:
            return self.hashes
        return {"sha256": self.sha256} if self.stated_hash else {}


class Upstream(Loopback):
    """`projects` maps a normalised name to a list of File. `behave(path)`: see Loopback."""

    def __init__(self):
        super().__init__()
        self.url += "/simple"
        self.projects, self.form = {}, "json"
        self.status = {}  # project -> PEP 792 status object
        self.behave = lambda path: None
        self.delay_s = 0.0  # before a file's first byte
        self.trickle_s = 0.0  # from a file's first byte to its last
        self.start()

    def handle(self, h):
        self.asked.append(h.path)
        if self.is_answered(h, h.path):
            return
        if self.delay_s and h.path.startswith("/files/") and not h.path.endswith(".metadata"):
            time.sleep(self.delay_s)
        self.answer(h)

    def add(self, project, *files):
        self.projects.setdefault(project, []).extend(files)

    def find(self, name):
        for files in self.projects.values():
            for f in files:
                if f.name == name:
                    return f
        return None

    def answer(self, h):
        parts = urllib.parse.unquote(urllib.parse.urlsplit(h.path).path).strip("/").split("/")
        if parts[0] == "simple" and len(parts) == 2 and parts[1] in self.projects:
            self.page(h, parts[1])
        elif parts[0] == "files" and len(parts) == 2:
            name = parts[1]
            if name.endswith(".metadata"):
                f = self.find(name[:-9])
                data = f.sidecar if f else None
            else:
                f = self.find(name)
                data = f.data if f else None
            if f and f.path and data is f.data:
                self.stream(h, f.path)
            elif data is None:
                self.send(h, 404, "text/plain", b"no")
            elif self.trickle_s and not name.endswith(".metadata"):
                self.trickle(h, data)
            else:
                self.send(h, 200, "application/octet-stream", data)
        else:
            self.send(h, 404, "text/plain", b"no")

    @staticmethod
    def stream(h, path):
        with open(path, "rb") as f:
            size = os.fstat(f.fileno()).st_size
            h.send_response(200)
            h.send_header("Content-Length", str(size))
            h.end_headers()
            h.wfile.flush()
            at = 0
            while at < size:
                at += os.sendfile(h.connection.fileno(), f.fileno(), at, size - at)

    def trickle(self, h, data):
        h.send_response(200)
        h.send_header("Content-Length", str(len(data)))
        h.end_headers()
        pieces, started, at = 40, time.monotonic(), 0
        for i in range(pieces):
            end = len(data) * (i + 1) // pieces
            h.wfile.write(data[at:end])
            at = end
            time.sleep(max(0, started + self.trickle_s * (i + 1) / pieces - time.monotonic()))

    @staticmethod
    def send(h, status, kind, body, headers=()):
        h.send_response(status)
        h.send_header("Content-Type", kind)
        h.send_header("Content-Length", str(len(body)))
        for k, v in headers:
            h.send_header(k, v)
        h.end_headers()
        h.wfile.write(body)

    def page(self, h, project):
        files = self.projects[project]
        if self.form == "json":
            doc = {"meta": {"api-version": "1.1"}, "name": project,
                   "versions": sorted({f.name.split("-")[1] for f in files}), "files": []}
            if project in self.status:
                doc["meta"] = {"api-version": "1.4"}
                doc["project-status"] = self.status[project]
            for f in files:
                entry = {"filename": f.name, "url": f"../../files/{urllib.parse.quote(f.name)}",
                         "hashes": f.stated(),
                         "requires-python": f.requires_python, "yanked": f.yanked}
                if f.stated_size:
                    entry["size"] = f.size or (os.path.getsize(f.path) if f.path else len(f.data))
                if f.uploaded:
                    entry["upload-time"] = f.uploaded
                if f.sidecar is not None:
                    entry["core-metadata"] = {"sha256": hashlib.sha256(f.sidecar).hexdigest()}
                doc["files"].append(entry)
            self.send(h, 200, "application/vnd.pypi.simple.v1+json", json.dumps(doc).encode())
        else:
            out = ["<!DOCTYPE html><html><head><title>Links</title></head><body>"]
            for f in files:
                attrs = ""
                if f.requires_python:
                    attrs += f' data-requires-python="{html.escape(f.requires_python)}"'
                if f.yanked:
                    attrs += f' data-yanked="{html.escape(f.yanked if isinstance(f.yanked, str) else "")}"'
                if f.uploaded:
                    attrs += f' data-upload-time="{f.uploaded}"'
                frag = "".join(f"{'&' if i else '#'}{k}={v}" for i, (k, v) in enumerate(f.stated().items()))
                out.append(f'<a href="../../files/{urllib.parse.quote(f.name)}{frag}"{attrs}>{html.escape(f.name)}</a><br/>')
            out.append("</body></html>")
            self.send(h, 200, "text/html; charset=utf-8", "\n".join(out).encode())
