"""Registries on loopback: Debian's docker-registry, filled through its own API, and one of ours that lies on demand."""
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.parse
import urllib.request

from . import service
from .loopback import Loopback


def json_error(code, message, detail=None):
    return json.dumps({"errors": [{"code": code, "message": message, **({"detail": detail} if detail else {})}]}).encode()


class Debian:
    """Debian's docker-registry on a folder of its own."""

    def __init__(self):
        program = shutil.which("docker-registry")
        if program is None:
            raise unittest.SkipTest("no docker-registry: apt-get install docker-registry")
        self.dir = tempfile.mkdtemp(prefix="ch-registry-")
        self.port = service.free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}"
        config = os.path.join(self.dir, "config.yml")
        with open(config, "w") as f:  # JSON is YAML
            json.dump({"version": "0.1", "log": {"level": "error"}, "http": {"addr": self.host},
                       "storage": {"filesystem": {"rootdirectory": os.path.join(self.dir, "data")},
                                   "delete": {"enabled": True}}}, f)
        self.log_path = os.path.join(self.dir, "log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([program, "serve", config], stdout=log, stderr=log)
        end = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    self.close()
                    raise RuntimeError("docker-registry did not start") from None
                time.sleep(0.05)

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.dir, ignore_errors=True)

    def ask(self, method, path, body=None, kind=None):
        url = path if path.startswith("http") else self.url + path
        request = urllib.request.Request(url, data=body, method=method, headers={"Content-Type": kind} if kind else {})
        with urllib.request.urlopen(request, timeout=60) as r:
            return r.status, r.headers, r.read()

    def push_blob(self, name, blob):
        _, headers, _ = self.ask("POST", f"/v2/{name}/blobs/uploads/")
        at = urllib.parse.urljoin(self.url, headers["Location"])
        at += ("&" if "?" in at else "?") + urllib.parse.urlencode({"digest": blob.digest})
        status, _, _ = self.ask("PUT", at, blob.data, "application/octet-stream")
        if status != 201:
            raise RuntimeError(f"PUT of a blob: {status}")

    def push(self, name, tag, image):
        """Blobs, manifests by digest, and the tag."""
        for blob in image.blobs:
            self.push_blob(name, blob)
        for manifest in image.manifests:
            self.put_manifest(name, manifest.digest, manifest)
        self.put_manifest(name, tag, image.manifest)

    def put_manifest(self, name, reference, manifest):
        status, headers, _ = self.ask("PUT", f"/v2/{name}/manifests/{reference}", manifest.data, manifest.media_type)
        if status != 201 or headers["Docker-Content-Digest"] != manifest.digest:
            raise RuntimeError(f"PUT of a manifest: {status} {headers['Docker-Content-Digest']}")


class Registry(Loopback):
    """What is there is in `manifests` and `blobs`; `behave(method, path)`: see Loopback. Lists what it was asked, with the headers."""

    methods = ("GET", "HEAD")

    def __init__(self, tls=None, host="127.0.0.1"):
        super().__init__(tls, host)
        self.manifests, self.blobs = {}, {}  # (name, reference) -> Blob; (name, digest) -> Blob
        self.behave = lambda method, path: None
        self.says_digest = True  # Docker-Content-Digest
        self.content_type = {}   # reference -> what is said instead of the manifest's own
        self.redirect = None     # blobs: this base instead
        self.token_realm = None  # 401 with a Bearer challenge to this realm, until a token it gave comes
        self.tokens = set()
        self.start()

    def handle(self, h):
        self.asked.append((h.command, h.path, h.headers))
        if not self.is_answered(h, h.command, h.path):
            self.answer(h)

    def push(self, name, tag, image):
        for blob in image.blobs:
            self.blobs[name, blob.digest] = blob
        for manifest in image.manifests:
            self.manifests[name, manifest.digest] = manifest
        self.manifests[name, tag] = image.manifest

    def paths(self, ending=""):
        return [path for _, path, _ in self.asked if path.endswith(ending)]

    def answer(self, h):
        url = urllib.parse.urlsplit(h.path)
        if self.token_realm is not None and not self.authorized(h):
            return
        if url.path == "/v2/":
            return send(h, 200, "application/json", b"{}")
        m = re.fullmatch(r"/v2/(.+)/(manifests|blobs)/([^/]+)", url.path)
        if m is None:
            return send(h, 404, "application/json", json_error("NAME_UNKNOWN", "no such route"))
        name, kind, reference = m.groups()
        if kind == "manifests":
            return self.manifest(h, name, reference)
        blob = self.blobs.get((name, reference))
        if blob is None:
            return send(h, 404, "application/json", json_error("BLOB_UNKNOWN", "blob unknown to registry"))
        if self.redirect is not None:
            return send(h, 307, "text/plain", b"", [("Location", f"{self.redirect}/data/{reference}?sig=s3cret")])
        return send(h, 200, "application/octet-stream", blob.data, [("Docker-Content-Digest", reference)])

    def manifest(self, h, name, reference):
        found = self.manifests.get((name, reference))
        if found is None:
            return send(h, 404, "application/json", json_error("MANIFEST_UNKNOWN", "manifest unknown"))
        more = [("Docker-Content-Digest", found.digest)] if self.says_digest else []
        return send(h, 200, self.content_type.get(reference, found.media_type), found.data, more)

    # ---------------------------------------------------------------- tokens

    def authorized(self, h):
        scheme, _, token = h.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer" and token in self.tokens:
            return True
        m = re.match(r"/v2/(.+)/(?:manifests|blobs)/", h.path)
        scope = f',scope="repository:{m.group(1)}:pull"' if m else ""
        send(h, 401, "application/json", json_error("UNAUTHORIZED", "authentication required"),
             [("WWW-Authenticate", f'Bearer realm="{self.token_realm}",service="house registry"{scope}')])
        return False


class Files(Loopback):
    """Another host: blobs by digest under /data/, and tokens at /token."""

    methods = ("GET", "HEAD")

    def __init__(self, registry, tls=None, host="localhost"):
        super().__init__(tls, host)
        self.registry, self.expires_in = registry, 300
        self.answer_token = None  # bytes that are said instead of a token's document
        self.start()

    def handle(self, h):
        self.asked.append((h.command, h.path, h.headers))
        url = urllib.parse.urlsplit(h.path)
        if url.path == "/token":
            return self.token(h)
        data = self.find(url.path.removeprefix("/data/"))
        if data is None:
            return send(h, 404, "text/plain", b"no")
        return send(h, 200, "application/octet-stream", data)

    def find(self, digest):
        return next((b.data for (_, d), b in self.registry.blobs.items() if d == digest), None)

    def token(self, h):
        token = hashlib.sha256(f"{len(self.registry.tokens)} {h.path}".encode()).hexdigest()
        self.registry.tokens.add(token)
        body = self.answer_token
        if body is None:
            body = json.dumps({"token": token, "access_token": token, "expires_in": self.expires_in}).encode()
        return send(h, 200, "application/json", body)


def send(h, status, kind, body, headers=(), reason=None, length=None):
    """True. With HEAD the headers alone; a Range of one part is answered with that part."""
    m = re.fullmatch(r"bytes=(\d+)-(\d*)", h.headers.get("Range") or "")
    if status == 200 and m and int(m.group(1)) < len(body):
        first, last = int(m.group(1)), min(int(m.group(2) or len(body)), len(body) - 1)
        headers = [*headers, ("Content-Range", f"bytes {first}-{last}/{len(body)}")]
        status, body = 206, body[first:last + 1]
    h.send_response(status, reason)
    h.send_header("Content-Type", kind)
    h.send_header("Content-Length", str(len(body) if length is None else length))
    for name, value in headers:
        h.send_header(name, value)
    h.end_headers()
    if h.command != "HEAD":
        h.wfile.write(body)
    return True


def cut(h, body):
    """The first half, and then the connection ends."""
    h.send_response(200)
    h.send_header("Content-Type", "application/octet-stream")
    h.send_header("Content-Length", str(len(body)))
    h.end_headers()
    h.wfile.write(body[:len(body) // 2])
    h.close_connection = True
    return True
