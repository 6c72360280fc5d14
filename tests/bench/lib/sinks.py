"""Clients that pull an image as those on other machines would, as far as this one's processors can tell: one
connection each, and the kernel throws away what comes (MSG_TRUNC), so that a hundred of them take little of the
processors that the servers are measured on. All of them are in one process of their own."""
import json
import selectors
import socket
import subprocess
import sys
import time
import urllib.parse

MOST = 1 << 20  # taken at once
ACCEPT = "application/vnd.oci.image.manifest.v1+json"


def pull(base, reference, blobs, count, timeout=900):
    """(seconds, first): in which `count` clients have pulled the manifest `reference` and then each of `blobs`
    ({digest: size}) below `base`, http://HOST:PORT/v2/NAME; and when the first answer began (time.monotonic)."""
    request = json.dumps({"base": base, "reference": reference, "blobs": blobs, "count": count})
    done = subprocess.run([sys.executable, __file__], input=request, capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        raise RuntimeError(f"{base}: {done.stderr.strip() or done.returncode}")
    answer = json.loads(done.stdout)
    return answer["seconds"], answer["first"]


class Client:
    """What is left to ask for, and of the answer that comes."""

    def __init__(self, url, paths):
        self.host, self.paths = url.netloc, list(paths)
        self.socket = socket.create_connection((url.hostname, url.port))
        self.room, self.first = bytearray(MOST), None
        self.next()

    def next(self):
        self.path, self.size = self.paths.pop(0)
        self.head, self.left = b"", None
        self.socket.sendall(f"GET {self.path} HTTP/1.1\r\nHost: {self.host}\r\nAccept: {ACCEPT}\r\n\r\n".encode())

    def read(self):
        """False: all is there."""
        if self.left is None:
            self.read_head()
        else:
            got = self.socket.recv_into(self.room, min(self.left, MOST), socket.MSG_TRUNC)
            if got == 0:
                raise RuntimeError(f"{self.path}: closed {self.left} bytes before the end")
            self.left -= got
        if self.left == 0:
            if not self.paths:
                return False
            self.next()
        return True

    def read_head(self):
        self.first = self.first or time.monotonic()
        seen = self.socket.recv(65536, socket.MSG_PEEK)
        end = seen.find(b"\r\n\r\n")
        if not seen:
            raise RuntimeError(f"{self.path}: closed without an answer")
        if end < 0:
            return  # more comes
        head = self.socket.recv(end + 4).decode("latin-1").split("\r\n")
        lengths = [int(line.partition(":")[2]) for line in head if line.lower().startswith("content-length:")]
        if " 200 " not in head[0] or not lengths or (self.size is not None and lengths[0] != self.size):
            raise RuntimeError(f"{self.path}: {head[0]}, {lengths} bytes")
        self.left = lengths[0]


def main():
    asked = json.load(sys.stdin)
    url = urllib.parse.urlsplit(asked["base"])
    paths = [(f"{url.path}/manifests/{asked['reference']}", None),
             *((f"{url.path}/blobs/{digest}", size) for digest, size in asked["blobs"].items())]
    started = time.monotonic()
    clients = [Client(url, paths) for _ in range(asked["count"])]
    with selectors.DefaultSelector() as ready:
        for c in clients:
            ready.register(c.socket, selectors.EVENT_READ, c)
        while ready.get_map():
            for key, _ in ready.select():
                if not key.data.read():
                    ready.unregister(key.fileobj)
    json.dump({"seconds": time.monotonic() - started, "first": min(c.first for c in clients)}, sys.stdout)


if __name__ == "__main__":
    try:
        main()
    except (OSError, RuntimeError) as e:
        sys.exit(str(e))
