"""What the tests of containers share: a service with a registry's images beside its index."""
import re

from . import images, raw, registry
from .case import Quarantine

ACCEPT = ", ".join(images.MANIFESTS)
# What clients send: skopeo, containerd and crane ask for all of them at once, docker in lines of their own.
AS_CLIENTS = {"Accept": ACCEPT}


class OfRegistry(Quarantine):
    """`cls.registry` has what is upstream: one of ours, or Debian's."""
    debian = False
    file_hosts = ()

    @classmethod
    def make_registry(cls):
        cls.registry = registry.Debian() if cls.debian else registry.Registry()
        cls.addClassCleanup(cls.registry.close)

    @classmethod
    def configure(cls, text):
        hosts = f"    file_hosts: [{', '.join(repr(h) for h in cls.file_hosts)}]\n" if cls.file_hosts else ""
        return re.sub(r"(?m)^repositories:\n", "  - name: registry\n    ecosystem: oci\n"
                      f"    url: {cls.registry.url}\n    states_times: never\n{hosts}\nrepositories:\n"
                      "  - name: mcr\n    ecosystem: oci\n    upstreams: [registry]\n", text, count=1)

    @property
    def host(self):
        """The gateway as clients of registries name it, with the repository."""
        return f"127.0.0.1:{self.service.port}/mcr"

    @property
    def upstream_host(self):
        return self.registry.url.partition("://")[2]

    def ask(self, name, kind, reference, headers=(), method="GET", ns=False):
        """/v2/mcr/NAME/KIND/REFERENCE, or with ?ns= and without the repository."""
        path = f"/v2/{'' if ns else 'mcr/'}{name}/{kind}/{reference}" + (f"?ns={self.upstream_host}" if ns else "")
        return raw.ask(self.service.port, path, {**AS_CLIENTS, **dict(headers)}, method, timeout=120)

    def routes(self, name, tag, image):
        """All addresses of an image's bytes: {what it is: (blob, kind, reference, ns)}."""
        found = {}
        for ns in (False, True):
            how = "by ns" if ns else "by repository"
            for manifest in image.manifests:
                found[f"{how}: {manifest.digest}"] = (manifest, "manifests", manifest.digest, ns)
            found[f"{how}: {tag}"] = (image.manifest, "manifests", tag, ns)
            for blob in image.blobs:
                found[f"{how}: blob {blob.digest}"] = (blob, "blobs", blob.digest, ns)
        return found

    def is_served(self, name, tag, image):
        """Every route, HEAD too: the bytes of the upstream, and what clients read beside them."""
        for what, (blob, kind, reference, ns) in self.routes(name, tag, image).items():
            with self.subTest(what):
                a = self.ask(name, kind, reference, ns=ns)
                self.assertEqual((a.status, a.body), (200, blob.data), a)
                self.assertEqual(a["Docker-Content-Digest"], blob.digest)
                self.assertEqual(a["Content-Length"], str(len(blob.data)))
                self.assertIsNone(a["Content-Encoding"])
                if kind == "manifests":
                    self.assertEqual(a["Content-Type"], blob.media_type)
                head = self.ask(name, kind, reference, method="HEAD", ns=ns)
                self.assertEqual((head.status, head.body), (200, b""), head)
                for field in ("Docker-Content-Digest", "Content-Length", "Content-Type"):
                    self.assertEqual(head[field], a[field], field)

    def is_refused_everywhere(self, name, tag, image, words):
        """403 by every route, none of the bytes, and the reason in what clients show of it."""
        for what, (blob, kind, reference, ns) in self.routes(name, tag, image).items():
            with self.subTest(what):
                a = self.ask(name, kind, reference, ns=ns)
                self.assertEqual(a.status, 403, a)
                self.assertIn(words, a.reason)
                self.assertNotIn(blob.data[:40], a.body)
                self.assertEqual(a["Content-Type"], "application/json")
                head = self.ask(name, kind, reference, method="HEAD", ns=ns)
                self.assertIn(head.status, (403, 405), head)
                self.assertIn(words, head.reason)
                part = self.ask(name, kind, reference, {"Range": "bytes=0-9"}, ns=ns)
                self.assertEqual(part.status, 403, part)
                known = self.ask(name, kind, reference, {"If-None-Match": f'"sha256:{blob.digest[7:]}"'}, ns=ns)
                self.assertEqual(known.status, 403, known)
