"""A 1 GiB image pulled by 1 and by 100 clients, warm and cold, beside Debian's docker-registry as a pull-through cache of
the same upstream."""
import json
import os
import re
import shutil
import time

from house.service import Service
from house.upstream import Upstream

from lib import images, sinks
from lib.pairs import alternate
from lib.processes import Server, free_port
from lib.result import Result, Skip, compare, limit

NAME = "image-pull"
LAYERS, CLIENTS = 8, 100
MIB = 1 << 20


class Timed(Service):
    """Knows when it said what (time.monotonic)."""

    def _read(self, process):
        self.said = []
        for line in process.stdout:
            self.log_lines.append(line)
            self.said.append((time.monotonic(), line))

    def decided(self):
        """When the last part of an image was, and so the image. A line may come later than its reader's first byte."""
        end = time.monotonic() + 10
        while not (found := [at for at, line in self.said if "event=decided" in line and "verdict=allow" in line]):
            if time.monotonic() > end:
                raise RuntimeError(f"nothing was allowed: {self.log()[-2000:]}")
            time.sleep(0.01)
        return max(found)


def configured(url):
    return lambda text: re.sub(
        r"(?m)^repositories:\n", f"  - name: registry\n    ecosystem: oci\n    url: {url}\n    states_times: never\n\n"
        "repositories:\n  - name: mcr\n    ecosystem: oci\n    upstreams: [registry]\n", text, count=1)


class PullThrough:
    """docker-registry with its cache in `folder`."""

    def __init__(self, folder, url):
        program = shutil.which("docker-registry")
        if program is None:
            raise Skip("no docker-registry (tests/run installs it)")
        port = free_port()
        self.url, config = f"http://127.0.0.1:{port}", os.path.join(folder, "config.yml")
        with open(config, "w") as f:  # JSON is YAML
            json.dump({"version": "0.1", "log": {"level": "error", "accesslog": {"disabled": True}},
                       "http": {"addr": f"127.0.0.1:{port}"}, "proxy": {"remoteurl": url},
                       "storage": {"filesystem": {"rootdirectory": os.path.join(folder, "data")}}}, f)
        self.server = Server([program, "serve", config], port, os.path.join(folder, "log"))

    def close(self):
        self.server.close()


def fetched(upstream, image):
    """How often the upstream was asked for a layer, at most and at least."""
    counts = [upstream.asked.get(d, 0) for d in image.blobs]
    upstream.asked.clear()
    return f"{max(counts)}" if max(counts) == min(counts) else f"{min(counts)} to {max(counts)}"


def cold(bench, image, count):
    """Both from nothing: a fresh installation, a fresh cache. Three rows."""
    what = f"image of {image.size / MIB:.0f} MiB, cold, {count} client{'s' if count > 1 else ''}"
    upstream = bench.start(images.Registry(image))
    with Timed(bench.start(Upstream()).url, configure=configured(upstream.url)) as service:
        took, first = sinks.pull(f"{service.url}/v2/mcr/team/image", "1.0", image.blobs, count)
        decided = service.decided()
    ours = fetched(upstream, image)
    peer = PullThrough(bench.folder(f"registry-cold-{count}"), upstream.url)
    try:
        peer_took, _ = sinks.pull(f"{peer.url}/v2/team/image", "1.0", image.blobs, count)
    finally:
        peer.close()
    theirs = fetched(upstream, image)
    yield Result(what, f"{took:.1f} s", f"{peer_took:.1f} s", f"{peer_took / took:.2f}",
                 note="inspection is in ours; ratio of speeds, one pair")
    yield Result(f"{what}: fetched each blob", ours, theirs, target="1", reached="yes" if ours == "1" else "NO",
                 note="times")
    yield limit(f"{what}: first byte after the verdict", (first - decided) * 1000, 5, "ms", "the verdict as the log says it")


def warm(bench, image):
    upstream = bench.start(images.Registry(image))
    service = Service(bench.start(Upstream()).url, configure=configured(upstream.url))
    with service:
        peer = PullThrough(bench.folder("registry-warm"), upstream.url)
        try:
            sides = (f"{service.url}/v2/mcr/team/image", f"{peer.url}/v2/team/image")
            for base in sides:
                sinks.pull(base, "1.0", image.blobs, 1)
            for count, pairs in ((1, bench.options.wrk_pairs), (CLIENTS, min(bench.options.wrk_pairs, 3))):
                def rate(base, count=count):
                    return count * image.size / MIB / sinks.pull(base, "1.0", image.blobs, count)[0]
                runs = alternate(pairs, *(lambda base=base: rate(base) for base in sides), bench.options.verbose)
                yield compare(f"image of {image.size / MIB:.0f} MiB, warm, {count} client{'s' if count > 1 else ''}, docker-registry",
                              runs, at_least=2, unit=" MiB/s", digits=0)
        finally:
            peer.close()


def run(bench):
    image = images.Image(bench.folder("image"), LAYERS, (16 if bench.options.quick else 128) * MIB)
    yield from warm(bench, image)
    for count in (1, CLIENTS):
        yield from cold(bench, image, count)
