"""What the tests of pushing share: a service with a hosted repository, who may push to it, and requests as they are."""
import base64
import json
import re
import select
import socket

from . import images, people, raw
from .case import Quarantine

ACCEPT = ", ".join(images.MANIFESTS)


def basic(token):
    return "Basic " + base64.b64encode(f"anyone:{token}".encode()).decode()


class Hosted(Quarantine):
    """`apps` is hosted; `ci` may push to it, and has `cls.token`."""
    anonymous = True

    @classmethod
    def configure(cls, text):
        """`anonymous` False: nobody is let in without a token, so that clients are asked for theirs at once."""
        if not cls.anonymous:
            text = re.sub(r"(?m)^anonymous_pull: .*$", "anonymous_pull: false", text)
        return re.sub(r"(?m)^repositories:\n", "repositories:\n  - name: apps\n    ecosystem: oci\n    hosted: true\n",
                      text, count=1)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        people.person(cls.service, "ci", "publisher/apps", service_account=True)
        cls.token = people.token(cls.service, "ci", "push")[0]

    @property
    def host(self):
        return f"127.0.0.1:{self.service.port}/apps"

    def send(self, method, path, body=None, headers=(), token="", chunked=False):
        """One request; `token` None: without one. `path` is absolute, or behind /v2/apps/."""
        path = path if path.startswith("/") else "/v2/apps/" + path
        token = self.token if token == "" else token
        head = {"Host": f"127.0.0.1:{self.service.port}", "Connection": "close", "Accept": ACCEPT}
        if token is not None:
            head["Authorization"] = basic(token)
        if body is not None and not chunked:
            head["Content-Length"] = str(len(body))
        if chunked:
            head["Transfer-Encoding"] = "chunked"
            body = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 70000]), body[i:i + 70000])
                            for i in range(0, len(body), 70000)) + b"0\r\n\r\n"
        head.update(dict(headers))
        lines = [f"{method} {path} HTTP/1.1"] + [f"{k}: {v}" for k, v in head.items() if v is not None]
        return raw.parse(self.exchange("\r\n".join(lines).encode() + b"\r\n\r\n", body or b""), method)

    def exchange(self, head, body):
        """Sends the body until it is answered, as clients do that look: who refuses it early need not read it all."""
        with socket.create_connection(("127.0.0.1", self.service.port), 120) as s:
            s.sendall(head)
            while body and not select.select([s], [], [], 0)[0]:
                s.sendall(body[:16384])
                body = body[16384:]
            answer = bytearray()
            while piece := s.recv(262144):
                answer += piece
        return bytes(answer)

    def is_error(self, a, status, code, words=""):
        self.assertEqual(a.status, status, a)
        self.assertEqual(a["Content-Type"], "application/json")
        error = json.loads(a.body)["errors"][0]
        self.assertEqual(error["code"], code, a)
        self.assertIn(words, error["message"])
        return error["message"]

    def begin(self, name):
        a = self.send("POST", f"{name}/blobs/uploads/", b"")
        self.assertEqual(a.status, 202, a)
        self.assertEqual(a["Range"], "0-0")
        self.assertTrue(a["Location"].endswith(a["Docker-Upload-UUID"]), a)
        return a["Location"]

    def push_blob(self, name, blob):
        location = self.begin(name)
        a = self.send("PATCH", location, blob.data, chunked=True)
        self.assertEqual(a.status, 202, a)
        a = self.send("PUT", a["Location"] + "?digest=" + blob.digest, b"")
        self.assertEqual(a.status, 201, a)
        self.assertEqual(a["Docker-Content-Digest"], blob.digest)

    def put_manifest(self, name, reference, manifest):
        return self.send("PUT", f"{name}/manifests/{reference}", manifest.data, {"Content-Type": manifest.media_type})

    def push(self, name, tag, image):
        """As clients do: blobs, then manifests, the whole last."""
        for blob in {b.digest: b for b in image.blobs}.values():
            self.push_blob(name, blob)
        for manifest in image.manifests:
            a = self.put_manifest(name, tag if manifest is image.manifest else manifest.digest, manifest)
            self.assertEqual(a.status, 201, a)
            self.assertEqual(a["Docker-Content-Digest"], manifest.digest)

    def pull(self, name, kind, reference, method="GET", token=None, headers=()):
        """As whoever pulls."""
        return self.send(method, f"{name}/{kind}/{reference}", headers=headers, token=token)

    def routes(self, tag, image):
        yield "manifests", tag, image.manifest
        for manifest in image.manifests:
            yield "manifests", manifest.digest, manifest
        for blob in image.blobs:
            yield "blobs", blob.digest, blob

    def is_pulled(self, name, tag, image):
        for kind, reference, blob in self.routes(tag, image):
            with self.subTest(f"{kind} {reference}"):
                a = self.pull(name, kind, reference)
                self.assertEqual((a.status, a.body), (200, blob.data), a)
                self.assertEqual(a["Docker-Content-Digest"], blob.digest)
                if kind == "manifests":
                    self.assertEqual(a["Content-Type"], blob.media_type)

    def is_refused(self, name, tag, image, words):
        """By every route, to who pushed it, too: the reason, and none of the bytes."""
        for kind, reference, blob in self.routes(tag, image):
            for token in (None, self.token):
                with self.subTest(f"{kind} {reference} {token is None}"):
                    a = self.pull(name, kind, reference, token=token)
                    self.assertEqual(a.status, 403, a)
                    self.assertIn(words, a.reason)
                    self.assertNotIn(blob.data[:40], a.body)
