"""Images too large for memory: their blobs are files, made once and the same each time, and a registry that serves these
and counts what it is asked for."""
import contextlib
import gzip
import hashlib
import http.server
import io
import json
import os
import random
import sys
import tarfile
import threading

from house import images

MIB = 1 << 20


class Digest:
    """A file that is written, and what its bytes are called."""

    def __init__(self, out):
        self.out, self.sha256, self.size = out, hashlib.sha256(), 0

    def write(self, data):
        self.sha256.update(data)
        self.size += len(data)
        return self.out.write(data)

    def flush(self):
        self.out.flush()

    @property
    def name(self):
        return "sha256:" + self.sha256.hexdigest()


def layer(folder, number, size):
    """(digest, size, diff_id) of a layer of files of 4 MiB that do not compress; it lies in the folder by its digest."""
    path, content = os.path.join(folder, f"layer-{number}"), random.Random(number)
    with open(path, "wb") as f:
        packed = Digest(f)
        with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1, mtime=0) as z:
            plain = Digest(z)
            with tarfile.open(fileobj=plain, mode="w|", format=tarfile.PAX_FORMAT) as t:
                for i in range(size // (4 * MIB)):
                    member = tarfile.TarInfo(f"srv/data-{number}/{i:04d}.bin")
                    member.size, member.mode, member.mtime = 4 * MIB, 0o644, 1700000000
                    t.addfile(member, io.BytesIO(content.randbytes(4 * MIB)))
    os.rename(path, os.path.join(folder, packed.name.replace(":", "-")))
    return packed.name, packed.size, plain.name


class Image:
    """`blobs`: {digest: size} of the configuration and `count` layers of `size` bytes each; the manifest's bytes."""

    def __init__(self, folder, count, size, first=0):
        self.folder = folder
        layers = [layer(folder, first + i, size) for i in range(count)]
        config = images.image([]).config
        value = json.loads(config.data)
        value["rootfs"]["diff_ids"] = [diff_id for _, _, diff_id in layers]
        value["history"] = [{"created": "2024-01-01T00:00:00Z", "created_by": "COPY"} for _ in layers]
        config = images.Blob(images.OCI_CONFIG, json.dumps(value).encode())
        with open(self.path(config.digest), "wb") as f:
            f.write(config.data)
        self.manifest = images.document(images.OCI_MANIFEST, {
            "schemaVersion": 2, "mediaType": images.OCI_MANIFEST, "config": config.descriptor(),
            "layers": [{"mediaType": images.OCI_LAYER + "+gzip", "digest": d, "size": s} for d, s, _ in layers]})
        self.blobs = {config.digest: len(config.data), **{d: s for d, s, _ in layers}}

    def path(self, digest):
        return os.path.join(self.folder, digest.replace(":", "-"))

    @property
    def size(self):
        return sum(self.blobs.values())


class Registry:
    """Serves one image, under any name, by the tag 1.0 and by its digest. `asked`: {digest: how often its bytes}."""

    def __init__(self, image):
        registry = self
        self.image, self.asked, self.lock = image, {}, threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_HEAD(self):
                registry.answer(self, False)

            def do_GET(self):
                registry.answer(self, True)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, request_queue_size = True, 256

            def handle_error(self, request, client_address):
                if not isinstance(sys.exception(), ConnectionError):  # who asked has gone
                    super().handle_error(request, client_address)

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, h, body):
        reference, manifest = h.path.rpartition("/")[2], self.image.manifest
        h.send_response(200 if h.path == "/v2/" or reference in ("1.0", manifest.digest, *self.image.blobs) else 404)
        if reference in ("1.0", manifest.digest):
            self.head(h, manifest.media_type, manifest.digest, len(manifest.data))
            if body:
                h.wfile.write(manifest.data)
        elif reference in self.image.blobs:
            self.head(h, "application/octet-stream", reference, self.image.blobs[reference])
            if body:
                self.send(h, reference)
        else:
            self.head(h, "application/json", "", 2)
            if body:
                h.wfile.write(b"{}")

    def head(self, h, kind, digest, length):
        h.send_header("Content-Type", kind)
        h.send_header("Content-Length", str(length))
        if digest:
            h.send_header("Docker-Content-Digest", digest)
        h.end_headers()

    def send(self, h, digest):
        with self.lock:
            self.asked[digest] = self.asked.get(digest, 0) + 1
        h.wfile.flush()
        with open(self.image.path(digest), "rb") as f, contextlib.suppress(ConnectionError):  # it may be given up
            h.connection.sendfile(f)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
