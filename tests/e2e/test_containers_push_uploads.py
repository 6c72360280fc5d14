"""Uploads to a hosted repository: whole, in pieces, cut off and gone on with, wrong; nothing is kept that is not what its
client says."""
import os
import signal
import socket
import time

from house import images, people
from house.case import with_key
from house.hosted import Hosted, basic


def blob_of(data):
    return images.Blob("application/octet-stream", data)


class Uploads(Hosted):
    def is_there(self, name, blob):
        a = self.pull(name, "blobs", blob.digest, "HEAD", self.token)
        return a.status == 200 and a["Content-Length"] == str(len(blob.data))

    def test_in_one_request(self):
        blob = blob_of(b"one request" * 50000)
        for chunked in (False, True):
            with self.subTest(chunked=chunked):
                name = f"up/whole{int(chunked)}"
                a = self.send("POST", f"{name}/blobs/uploads/?digest={blob.digest}", blob.data, chunked=chunked)
                self.assertEqual((a.status, a["Docker-Content-Digest"]), (201, blob.digest), a)
                self.assertTrue(a["Location"].endswith(f"/v2/apps/{name}/blobs/{blob.digest}"), a)
                self.assertTrue(self.is_there(name, blob))

    def test_begun_and_put(self):
        for what, data in (("some", b"put whole"), ("none", b"")):
            blob = blob_of(data)
            with self.subTest(what):
                a = self.send("PUT", self.begin(f"up/{what}") + "?digest=" + blob.digest, blob.data)
                self.assertEqual(a.status, 201, a)
                self.assertTrue(self.is_there(f"up/{what}", blob))

    def test_in_pieces(self):
        blob = blob_of(bytes(range(256)) * 1000)
        location, size = self.begin("up/pieces"), 100000
        for at in range(0, len(blob.data), size):
            piece = blob.data[at:at + size]
            a = self.send("PATCH", location, piece, {"Content-Range": f"{at}-{at + len(piece) - 1}"})
            self.assertEqual((a.status, a["Range"]), (202, f"0-{at + len(piece) - 1}"), a)
            state = self.send("GET", location)
            self.assertEqual((state.status, state["Range"], state.body), (204, a["Range"], b""), state)
            location = a["Location"]
        a = self.send("PUT", location + "?digest=" + blob.digest, b"")
        self.assertEqual(a.status, 201, a)
        self.assertTrue(self.is_there("up/pieces", blob))
        self.is_error(self.send("GET", location), 404, "BLOB_UPLOAD_UNKNOWN")

    def test_the_last_piece_comes_with_put(self):
        blob = blob_of(b"first and last")
        location = self.begin("up/last")
        self.assertEqual(self.send("PATCH", location, b"first ").status, 202)
        a = self.send("PUT", location + "?digest=" + blob.digest, b"and last", {"Content-Range": "6-13"})
        self.assertEqual(a.status, 201, a)
        self.assertTrue(self.is_there("up/last", blob))

    def test_pieces_out_of_order(self):
        location = self.begin("up/order")
        self.assertEqual(self.send("PATCH", location, b"0123", {"Content-Range": "0-3"}).status, 202)
        for wrong in ("5-8", "0-3", "3-6", "100-103"):
            a = self.send("PATCH", location, b"4567", {"Content-Range": wrong})
            self.is_error(a, 416, "BLOB_UPLOAD_INVALID")
            self.assertEqual(a["Range"], "0-3")
        for wrong in ("4-8", "4-6", "8-4", "4", "x-y", "-4", "4-"):
            a = self.send("PATCH", location, b"4567", {"Content-Range": wrong})
            self.is_error(a, 400, "BLOB_UPLOAD_INVALID", "Content-Range")
        self.assertEqual(self.send("PATCH", location, b"4567", {"Content-Range": "4-7"}).status, 202)
        blob = blob_of(b"01234567")
        self.assertEqual(self.send("PUT", location + "?digest=" + blob.digest, b"").status, 201)

    def test_another_digest_keeps_nothing(self):
        blob, other = blob_of(b"what comes"), blob_of(b"what was said")
        for way in ("put", "post", "patch"):
            with self.subTest(way):
                name = "up/other" + way
                if way == "post":
                    a = self.send("POST", f"{name}/blobs/uploads/?digest={other.digest}", blob.data)
                else:
                    location = self.begin(name)
                    if way == "patch":
                        self.send("PATCH", location, blob.data)
                    a = self.send("PUT", location + "?digest=" + other.digest, b"" if way == "patch" else blob.data)
                    self.is_error(self.send("GET", location), 404, "BLOB_UPLOAD_UNKNOWN")
                self.is_error(a, 400, "DIGEST_INVALID", blob.digest)
                for one in (blob, other):
                    self.assertFalse(self.is_there(name, one))
        kept = [f for _, _, files in os.walk(self.service.path("blobs")) for f in files]
        for one in (blob, other):
            self.assertNotIn(one.digest[9:], kept)

    def test_digests_that_are_none(self):
        for digest in ("sha256:12", "md5:" + 32 * "0", "sha256:" + 64 * "g", "", "x" * 3000):
            location = self.begin("up/nodigest")
            a = self.send("PUT", location + "?digest=" + digest, b"")
            self.assertEqual(a.status, 400, (digest, a))
            self.send("DELETE", location)

    def test_cancel(self):
        location = self.begin("up/cancel")
        self.send("PATCH", location, b"bytes")
        self.assertEqual(self.send("DELETE", location).status, 204)
        for method in ("GET", "PATCH", "DELETE"):
            a = self.send(method, location, b"x" if method == "PATCH" else None)
            self.is_error(a, 404, "BLOB_UPLOAD_UNKNOWN")

    def test_uploads_are_of_who_began_them(self):
        people.person(self.service, "dev", "publisher/apps")
        other = people.token(self.service, "dev", "push")[0]
        location = self.begin("up/mine")
        for method in ("GET", "PATCH", "PUT", "DELETE"):
            a = self.send(method, location + ("?digest=" + blob_of(b"").digest if method == "PUT" else ""), b"", token=other)
            self.is_error(a, 404, "BLOB_UPLOAD_UNKNOWN")
        self.is_error(self.send("GET", location.replace("up/mine", "up/yours")), 404, "BLOB_UPLOAD_UNKNOWN")
        self.assertEqual(self.send("GET", location).status, 204)

    def cut(self, location, data, at, whole):
        """The connection ends in the middle of the body, once `data` has come."""
        head = (f"PATCH {location} HTTP/1.1\r\nHost: 127.0.0.1:{self.service.port}\r\n"
                f"Authorization: {basic(self.token)}\r\nContent-Length: {whole - at}\r\n\r\n")
        there = f"0-{at + len(data) - 1}"
        with socket.create_connection(("127.0.0.1", self.service.port)) as s:
            s.sendall(head.encode() + data)
            self.eventually(lambda: self.send("GET", location)["Range"] == there, 60)
            self.is_error(self.send("PATCH", location, b"another"), 409, "BLOB_UPLOAD_INVALID")

    def test_cut_off_and_gone_on_with(self):
        blob = blob_of(os.urandom(3_000_000))
        location, at, size = self.begin("up/cut"), 0, 3_000_000
        for n in (2, 16384, 700_001, 1_000_000):
            self.cut(location, blob.data[at:at + n], at, size)
            at += n
            # the gateway has to see that the connection is gone
            a = self.eventually(lambda: self.taken(location), 60)
            self.assertEqual(a["Range"], f"0-{at - 1}")
        a = self.send("PATCH", location, blob.data[at:], {"Content-Range": f"{at}-{size - 1}"})
        self.assertEqual((a.status, a["Range"]), (202, f"0-{size - 1}"), a)
        self.assertEqual(self.send("PUT", location + "?digest=" + blob.digest, b"").status, 201)
        self.assertTrue(self.is_there("up/cut", blob))

    def taken(self, location):
        """The answer to a piece of nothing, once nobody else sends one."""
        a = self.send("PATCH", location, b"")
        self.assertIn(a.status, (202, 409), a)
        return a if a.status == 202 else None

    def test_mount(self):
        """T24: from where it may be pulled, of what is ALLOW; else it is uploaded."""
        good, evil = images.simple("mounted"), images.simple("mountevil", evil=True)
        self.push("up/from", "1", good)
        self.is_pulled("up/from", "1", good)
        self.push("up/evil", "1", evil)
        self.assertEqual(self.pull("up/evil", "manifests", "1").status, 403)
        a = self.send("POST", f"up/to/blobs/uploads/?mount={good.layers[0].digest}&from=apps/up/from", b"")
        self.assertEqual((a.status, a["Docker-Content-Digest"]), (201, good.layers[0].digest), a)
        self.assertTrue(self.is_there("up/to", good.layers[0]))
        for what, query in (("held", f"{evil.layers[0].digest}&from=apps/up/evil"), ("unknown", f"{blob_of(b'?').digest}&from=apps/up/from"),
                            ("elsewhere", f"{good.layers[1].digest}&from=apps/up/nowhere"),
                            ("no repository", f"{good.layers[1].digest}&from=nowhere/up/from"), ("no place", good.layers[1].digest)):
            with self.subTest(what):
                a = self.send("POST", f"up/to/blobs/uploads/?mount={query}", b"")
                self.assertEqual(a.status, 202, a)
                self.assertTrue(a["Location"].startswith("/v2/apps/up/to/blobs/uploads/"), a)
        self.assertFalse(self.is_there("up/to", evil.layers[0]))

    def test_a_gateway_that_is_killed(self):
        """Another one goes on from what came."""
        blob = blob_of(os.urandom(500_000))
        location = self.begin("up/killed")
        self.assertEqual(self.send("PATCH", location, blob.data[:200_000]).status, 202)
        for pid, name in self.service.processes().items():
            if name == "gateway":
                os.kill(pid, signal.SIGKILL)
        a = self.eventually(lambda: self.answered("GET", location), 60)
        self.assertEqual((a.status, a["Range"]), (204, "0-199999"), a)
        a = self.eventually(lambda: self.answered("PATCH", location, blob.data[200_000:], {"Content-Range": "200000-499999"}), 60)
        self.assertEqual(a.status, 202, a)
        a = self.eventually(lambda: self.answered("PUT", location + "?digest=" + blob.digest, b""), 60)
        self.assertEqual(a.status, 201, a)
        self.eventually(lambda: self.is_there("up/killed", blob), 60)

    def answered(self, *request):
        """By a gateway that is at work again; there is one for each core, and each begins for itself."""
        try:
            a = self.send(*request)
        except OSError:
            return None
        return None if a.status == 503 else a


class Bounds(Hosted):
    @classmethod
    def configure(cls, text):
        text = with_key(text, "artifact_max_bytes", "1MiB")
        text = with_key(text, "upload_idle_minutes", "1")
        text = with_key(text, "pushed_percent", "100")
        return super().configure(with_key(text, "undecided_max_bytes", "64MiB"))

    def test_one_file(self):
        small, large = blob_of(b"s" * (1 << 20)), blob_of(b"l" * ((1 << 20) + 1))
        for chunked in (False, True):
            with self.subTest(chunked=chunked):
                a = self.send("POST", f"up/size/blobs/uploads/?digest={small.digest}", small.data, chunked=chunked)
                self.assertEqual(a.status, 201, a)
                a = self.send("POST", f"up/size/blobs/uploads/?digest={large.digest}", large.data, chunked=chunked)
                self.assertEqual(a.status, 413, a)
        location = self.begin("up/size")
        self.assertEqual(self.send("PATCH", location, small.data).status, 202)
        self.is_error(self.send("PATCH", location, b"x"), 413, "SIZE_INVALID")

    def test_the_quota(self):
        """What does not fit is refused before it comes, and a cancelled upload makes room again."""
        full = []
        for i in range(80):
            blob = blob_of(os.urandom(1 << 20))
            a = self.send("POST", f"quota/all/blobs/uploads/?digest={blob.digest}", blob.data)
            if a.status != 201:
                self.is_error(a, 507, "UNAVAILABLE", "no room")
                full.append(i)
                break
        self.assertTrue(full and full[0] > 40, full)
        self.assertTrue(self.pull("quota/all", "blobs", blob.digest, "HEAD", self.token).status == 404)

    def test_too_many_uploads(self):
        people.person(self.service, "many", "publisher/apps")
        token = people.token(self.service, "many", "push")[0]
        begun = [self.send("POST", "up/many/blobs/uploads/", b"", token=token) for _ in range(65)]
        self.assertEqual([a.status for a in begun], [202] * 64 + [429])
        self.is_error(begun[-1], 429, "TOOMANYREQUESTS")
        self.assertEqual(self.send("DELETE", begun[0]["Location"], token=token).status, 204)
        self.assertEqual(self.send("POST", "up/many/blobs/uploads/", b"", token=token).status, 202)

    def test_idle_uploads_go(self):
        location = self.begin("up/idle")
        self.assertEqual(self.send("PATCH", location, b"bytes").status, 202)
        spool = self.service.path("blobs/spool")
        before = set(os.listdir(spool))
        self.assertTrue(before)
        end = time.monotonic() + 120  # a minute, and the look that finds it
        while set(os.listdir(spool)) & before and time.monotonic() < end:
            time.sleep(1)
        self.is_error(self.send("GET", location), 404, "BLOB_UPLOAD_UNKNOWN")


class Share(Hosted):
    @classmethod
    def configure(cls, text):
        text = with_key(text, "undecided_max_bytes", "64MiB")
        return super().configure(with_key(text, "pushed_percent", "5"))

    def test_one_fills_no_more_than_its_share(self):
        """3.2 MiB of it; it is told why, and others go on."""
        people.person(self.service, "few", "publisher/apps")
        token = people.token(self.service, "few", "push")[0]
        for who in token, self.token:
            said = []
            for _ in range(5):
                blob = blob_of(os.urandom(1 << 20))
                said.append(self.send("POST", f"quota/share/blobs/uploads/?digest={blob.digest}", blob.data, token=who))
            self.assertEqual([a.status for a in said], [201, 201, 201, 403, 403])
            self.is_error(said[-1], 403, "DENIED", "store.pushed_percent")
