"""Memory of all processes together while a 5 GB image is pushed and scanned."""
import http.client
import threading
import time
import urllib.parse

from house import people
from house.hosted import Hosted, basic
from house.service import Service
from house.upstream import Upstream

from lib import images
from lib.processes import descendants, memory_kib
from lib.result import Result, limit

NAME = "image-push"
LAYERS = 5
MIB = 1 << 20


class Peak:
    """Of the sum of Pss without file pages, until `stop`; `parts`: what it was made of."""

    def __init__(self, pid):
        self.kib, self.parts, self.ended = 0, [], threading.Event()
        self.thread = threading.Thread(target=self._watch, args=(pid,), daemon=True)
        self.thread.start()

    def _watch(self, pid):
        while not self.ended.wait(0.05):
            parts = []
            for process in descendants(pid):
                try:
                    parts.append(memory_kib(process))
                except OSError:
                    continue  # ended meanwhile
            if (total := sum(kib for _, kib in parts)) > self.kib:
                self.kib, self.parts = total, sorted(parts, key=lambda part: -part[1])

    def stop(self):
        self.ended.set()
        self.thread.join()


def send(service, token, method, target, body=b"", length=None, **headers):
    """The answer, read; `body` may be a file."""
    url = urllib.parse.urlsplit(target)
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=300)
    try:
        connection.request(method, url.path + (f"?{url.query}" if url.query else ""), body,
                           {"Authorization": basic(token), "Content-Length": str(len(body) if length is None else length), **headers})
        answer = connection.getresponse()
        answer.body = answer.read()
        return answer
    finally:
        connection.close()


def must(answer, status):
    if answer.status != status:
        raise RuntimeError(f"{answer.status} {answer.reason}: {answer.body[:500]}")
    return answer


def push(service, token, image):
    for digest, size in image.blobs.items():
        at = must(send(service, token, "POST", "/v2/apps/team/large/blobs/uploads/"), 202).headers["Location"]
        with open(image.path(digest), "rb") as f:
            must(send(service, token, "PUT", f"{at}?digest={digest}", f, size, **{"Content-Type": "application/octet-stream"}), 201)
    must(send(service, token, "PUT", "/v2/apps/team/large/manifests/1.0", image.manifest.data,
              **{"Content-Type": image.manifest.media_type}), 201)


def until_decided(service, token, image):
    """Whoever asks for the manifest waits; who is told that it takes longer asks again."""
    while True:
        a = send(service, token, "GET", "/v2/apps/team/large/manifests/1.0", Accept=image.manifest.media_type)
        if a.status == 200:
            return
        if a.status != 403 or b"inspected" not in a.body:
            raise RuntimeError(f"{a.status} {a.reason}: {a.body[:500]}")
        time.sleep(0.2)


def run(bench):
    image = images.Image(bench.folder("image-push"), LAYERS, (32 if bench.options.quick else 1000) * MIB, first=100)
    with Service(bench.start(Upstream()).url, configure=Hosted.configure) as service:
        people.person(service, "ci", "publisher/apps", service_account=True)
        token = people.token(service, "ci", "push")[0]
        peak, started = Peak(service.process.pid), time.monotonic()
        push(service, token, image)
        pushed = time.monotonic() - started
        until_decided(service, token, image)
        took = time.monotonic() - started
        peak.stop()
        usage = ", ".join(f"{name} {kib / 1024:.0f}" for name, kib in peak.parts[:5])
    what = f"image of {image.size / 1e9:.1f} GB"
    yield limit(f"memory while an {what} is pushed and scanned", peak.kib / 1024, 256, "MiB", f"at most: {usage}, ...")
    yield Result(f"{what}, pushed and allowed", f"{took:.1f} s", note=f"pushed after {pushed:.1f} s")
