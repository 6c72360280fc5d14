"""Upstreams that lie, dawdle, break off or say less than they should."""
import hashlib
import json
import socket
import struct
import threading
import time

from house.case import Moody, add_wheel, days_ago, file_path, in_parallel
from house import wheels
from house.clients import Client
from house.upstream import Upstream

JSON = "application/vnd.pypi.simple.v1+json"
AT_ONCE_S = 5  # on a busy machine; who waits for an upstream that says nothing waits 8


def page_of(name, **changes):
    """A correct JSON page of one wheel that nobody has, to be spoiled."""
    f = {"filename": wheels.file_name(name, "1.0"), "url": f"../../files/{wheels.file_name(name, '1.0')}",
         "hashes": {"sha256": "ab" * 32}, "size": 100, "upload-time": days_ago(400), "yanked": False}
    f.update(changes)
    return {"meta": {"api-version": "1.1"}, "name": name, "versions": ["1.0"], "files": [f]}


class Upstreams(Moody):
    # --- pages that are wrong ---

    def test_bad_pages(self):
        good = page_of("bad0")
        text = json.dumps(good)
        rows = {
            "cut off": text[:-20].encode(),
            "empty": b"",
            "not JSON": b"<html></html>",
            "trailing": (text + "{}").encode(),
            "duplicate key": text.replace('"size": 100', '"size": 100, "size": 200').encode(),
            "duplicate file list": text.replace('"versions"', '"files": [], "versions"').encode(),
            "not UTF-8": text.replace("files/", "files/\udcff").encode("utf-8", "surrogateescape"),
            "UTF-16": text.encode("utf-16"),
            "BOM": b"\xef\xbb\xbf" + text.encode(),
            "NUL": text.replace("files/", "files/\\u0000").encode(),
            "lone surrogate": text.replace("files/", "files/\\ud800").encode(),
            "deep": (text[:-1] + ', "x": ' + "[" * 5000 + "]" * 5000 + "}").encode(),
            "no files": b'{"meta": {"api-version": "1.1"}, "name": "bad0"}',
            "wrong major version": text.replace('"1.1"', '"2.0"').encode(),
            "an array": b"[]",
            "hash too short": text.replace("ab" * 32, "ab" * 31).encode(),
            "hash no text": text.replace('"' + "ab" * 32 + '"', "17").encode(),
            "negative size": text.replace("100", "-1").encode(),
            "huge size": text.replace("100", "1" * 30).encode(),
            "two files of one name": json.dumps(dict(good, files=[
                good["files"][0], dict(good["files"][0], hashes={"sha256": "cd" * 32})])).encode(),
        }
        for i, (what, body) in enumerate(rows.items()):
            with self.subTest(what=what):
                name = f"bad{i}"
                self.page_is(name, JSON, body.replace(b"bad0", name.encode()))
                a = self.service.ask(f"/pypi/simple/{name}/")
                self.assertEqual(a.status, 502, a)
                self.assertNotEqual(a.reason, "Bad Gateway")
                self.assertIn(self.service.ask(file_path(name, "1.0")).status, (404, 502))

    def test_file_names_that_leave_their_place_are_left_out(self):
        for i, name in enumerate(("../../up-1.0-py3-none-any.whl", "a/up-1.0-py3-none-any.whl", "..", "",
                                  "up\\1.0-py3-none-any.whl", ".hidden", "up-1.0-py3-none-any.whl\n")):
            with self.subTest(name=name):
                self.page_is(f"up{i}", JSON, page_of(f"up{i}", filename=name))
                a = self.service.ask(f"/pypi/simple/up{i}/", {"Accept": JSON})
                self.assertIn(a.status, (200, 502))
                if a.status == 200:
                    self.assertEqual(json.loads(a.body)["files"], [])

    def test_a_page_of_another_project(self):
        self.page_is("mine", JSON, page_of("yours"))
        self.assertEqual(self.service.ask("/pypi/simple/mine/").status, 502)

    def test_media_types_that_are_no_page(self):
        for kind in ("text/plain", "application/octet-stream", "image/png", "application/json; charset=latin1"):
            with self.subTest(kind=kind):
                name = "kind" + hashlib.sha256(kind.encode()).hexdigest()[:8]
                self.page_is(name, kind, page_of(name))
                self.assertEqual(self.service.ask(f"/pypi/simple/{name}/").status, 502)

    def test_html_in_another_charset(self):
        self.page_is("latin", "text/html; charset=iso-8859-1", b"<a href='x'>\xe4</a>")
        self.assertEqual(self.service.ask("/pypi/simple/latin/").status, 502)

    def test_oversized_pages(self):
        def endless(h):
            h.send_response(200)
            h.send_header("Content-Type", JSON)
            h.end_headers()
            h.close_connection = True
            h.wfile.write(b'{"meta": {"api-version": "1.1"}, "name": "endless", "x": "')
            for _ in range(100):
                h.wfile.write(b"a" * (1 << 20))
            return True

        def boasting(h):
            h.send_response(200)
            h.send_header("Content-Type", JSON)
            h.send_header("Content-Length", str(1 << 40))
            h.end_headers()
            h.close_connection = True
            return True
        self.up.behave = lambda path: {"/simple/endless/": endless, "/simple/boasting/": boasting}.get(path)
        for name in ("endless", "boasting"):
            with self.subTest(name=name):
                started = time.monotonic()
                self.assertEqual(self.service.ask(f"/pypi/simple/{name}/").status, 502)
                self.assertLess(time.monotonic() - started, 20)

    def test_requires_python_that_is_none_fails_no_client(self):
        """Whatever stands there, one version that clients can read is installed by all."""
        for i, spec in enumerate(("garbage", ">=3.x", "^3.6", ">" + "3" * 4000, "<" + "9" * 19)):
            name = f"unspecific{i}"
            add_wheel(self.up, name, "1.0")
            add_wheel(self.up, name, "2.0").requires_python = spec
        with_new = {}
        for kind in ("pip-newest", "uv"):
            with self.subTest(client=kind), Client(kind) as client:
                for i in range(5):
                    status, text = client.install(self.service.url + "/pypi/simple/", f"unspecific{i}")
                    self.assertEqual(status, 0, text)
                    with_new[kind, i] = client.imports(f"unspecific{i}")
        self.assertEqual(with_new["uv", 0], "1.0")
        self.assertEqual({with_new[kind, i] for kind in ("pip-newest", "uv") for i in (3, 4)}, {"1.0"})

    def test_hostile_text_stays_text(self):
        nasty = "\u001b[31m<script>alert(1)</script>\r\nX: y https://evil.example.org"
        doc = page_of("nasty", yanked=nasty, **{"upload-time": days_ago(1)})
        self.page_is("nasty", JSON, doc)
        html = self.service.ask("/pypi/simple/nasty/", {"Accept": "text/html"})
        self.assertNotIn(b"<script>", html.body)
        self.assertNotIn(b"\x1b", html.body)
        a = self.service.ask(file_path("nasty", "1.0"))
        self.assertEqual(a.status, 403)
        self.assertNotIn(b"\x1b", a.body)
        self.assertIsNone(a["X"])

    # --- transfers that go wrong ---

    def test_a_file_that_breaks_off_is_taken_up_again(self):
        f = add_wheel(self.up, "broken", "1.0", files={"broken/data.bin": bytes(300000)})
        times = []

        def reset(h):
            times.append(h.headers.get("Range"))
            if len(times) > 2:
                return False
            h.send_response(200)
            h.send_header("Content-Length", str(len(f.data)))
            h.end_headers()
            h.wfile.write(f.data[:len(f.data) // 2])
            h.wfile.flush()
            h.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            h.connection.close()
            h.close_connection = True
            return True
        self.up.behave = lambda path: reset if path == f"/files/{f.name}" else None
        a = self.service.ask(file_path("broken", "1.0"))
        self.assertEqual((a.status, a.body), (200, f.data), a)

    def test_a_file_that_is_cut_short_is_not_served(self):
        f = add_wheel(self.up, "short", "1.0")

        def cut(h):
            h.send_response(200)
            h.send_header("Connection", "close")
            h.end_headers()
            h.wfile.write(f.data[:-50])
            h.close_connection = True
            return True
        self.up.behave = lambda path: cut if path == f"/files/{f.name}" else None
        a = self.service.ask(file_path("short", "1.0"))
        self.assertIn(a.status, (403, 502), a)

    def test_redirects_to_other_hosts_are_not_followed(self):
        other = Upstream()
        self.addCleanup(other.close)
        f = add_wheel(self.up, "moved", "1.0")
        add_wheel(other, "moved", "1.0")

        def move(h):
            Upstream.send(h, 302, "text/plain", b"", [("Location", f"http://127.0.0.1:{other.port}{h.path}")])
            return True
        self.up.behave = lambda path: move if f.name in path else None
        a = self.service.ask(file_path("moved", "1.0"))
        self.assertEqual(a.status, 403, a)  # in vain to try again
        self.assertEqual(other.asked, [])

    def test_file_urls_on_other_hosts_are_not_asked(self):
        other = Upstream()
        self.addCleanup(other.close)
        f = add_wheel(other, "elsewhere", "1.0")
        for i, url in enumerate((f"http://127.0.0.1:{other.port}/files/{f.name}",
                                 f"http://localhost:{other.port}/files/{f.name}",
                                 "http://169.254.169.254/latest", "file:///etc/passwd")):
            with self.subTest(url=url):
                name = f"elsewhere{i}"
                self.page_is(name, JSON, page_of(name, url=url))
                self.assertIn(self.service.ask(file_path(name, "1.0")).status, (403, 404, 502))
        self.assertEqual(other.asked, [])

    def test_redirects_within_the_host_are_followed(self):
        f = add_wheel(self.up, "within", "1.0")

        def move(h):
            Upstream.send(h, 307, "text/plain", b"", [("Location", h.path + "?again")])
            return True
        self.up.behave = lambda path: move if path.endswith(f.name) else None
        self.assertEqual(self.service.ask(file_path("within", "1.0")).body, f.data)

    def test_endless_redirects_end(self):
        def move(h):
            Upstream.send(h, 302, "text/plain", b"", [("Location", h.path)])
            return True
        self.up.behave = lambda path: move if path == "/simple/round/" else None
        self.assertEqual(self.service.ask("/pypi/simple/round/").status, 502)

    def test_a_slow_page_holds_up_nobody_who_knows_it(self):
        self.known("sluggish", "1.0")

        def slow(h):
            time.sleep(8)
            return False
        self.up.behave = lambda path: slow if path == "/simple/sluggish/" else None
        time.sleep(1.5)
        started = time.monotonic()
        self.assertEqual(self.service.ask("/pypi/simple/sluggish/").status, 200)
        self.assertLess(time.monotonic() - started, 5)

    def test_one_slow_project_does_not_hold_up_others(self):
        add_wheel(self.up, "brisk", "1.0")
        gate = threading.Event()
        self.addCleanup(gate.set)

        def slow(h):
            gate.wait(20)
            return False
        self.up.behave = lambda path: slow if path == "/simple/stuck/" else None
        thread = threading.Thread(target=lambda: self.service.ask("/pypi/simple/stuck/"))
        thread.start()
        started = time.monotonic()
        self.assertEqual(self.service.ask(file_path("brisk", "1.0")).status, 200)
        self.assertLess(time.monotonic() - started, 5)
        gate.set()
        thread.join()

    def test_404_of_a_project_is_404(self):
        self.assertEqual(self.service.ask("/pypi/simple/no-such-thing/").status, 404)

    def test_500_of_a_project_is_no_404(self):
        def error(h):
            Upstream.send(h, 500, "text/plain", b"oops")
            return True
        self.up.behave = lambda path: error if path == "/simple/failing/" else None
        self.assertEqual(self.service.ask("/pypi/simple/failing/").status, 502)


class Silent(Moody):
    """An upstream that takes connections and says nothing. A service of its own: any answer, also a late one
    to what another test asked, ends what these tests bring about."""

    def setUp(self):
        """It answers, and that is known: after the test before, probes find it out within 5 s."""
        super().setUp()
        name = "absent-" + self._testMethodName.replace("_", "-")
        self.eventually(lambda: self.service.ask(f"/pypi/simple/{name}/").status == 404, 20)

    def test_an_upstream_that_hangs_is_waited_for_once(self):
        def hang(_handler):
            time.sleep(30)
            return True
        self.up.behave = lambda path: hang if path.startswith("/simple/") else None
        begin = time.monotonic()
        a = self.service.ask("/pypi/simple/silent/")
        self.assertEqual((a.status, a["Retry-After"]), (503, "1"), a)  # it may be this name alone that is slow
        self.assertLess(time.monotonic() - begin, 11)
        self.assertEqual(self.service.ask("/pypi/simple/silent/").status, 504)
        self.assertLess(time.monotonic() - begin, 18)  # 11 s, or 16 where nothing else was ever answered
        begin = time.monotonic()
        for path in ("/pypi/simple/silent/", file_path("silent", "1.0")):
            self.assertEqual(self.service.ask(path).status, 504)
        self.assertLess(time.monotonic() - begin, AT_ONCE_S)

    def says_why(self, name, why):
        """Each client does, of a page that cannot be had."""
        def fails(client):
            status, text = client.install(self.index, name)
            self.assertNotEqual(status, 0, text)
            self.assertRegex(text, why)
        self.with_clients(fails)

    def test_clients_say_why_a_page_hangs(self):
        gate = threading.Event()
        self.addCleanup(gate.set)

        def hang(_handler):
            gate.wait(120)
            return False
        self.up.behave = lambda path: hang if path.startswith("/simple/") else None
        # as one name that is slow, or once it is known that the upstream answers nobody
        self.says_why("speechless", "the upstream( pypi)? (has not answered for [0-9]+ s|does not answer)")
        self.up.behave = lambda path: None
        gate.set()
        add_wheel(self.up, "back-soon", "1.0")
        self.eventually(lambda: self.service.ask("/pypi/simple/back-soon/").status == 200, 20)

    def test_clients_say_why_a_page_fails(self):
        self.page_is("wrong", "text/plain", b"no page")
        self.says_why("wrong", "the upstream answered 200 with text/plain")

    def test_names_that_are_slow_shut_no_others(self):
        """Anybody can ask for such names; others get theirs meanwhile, and afterwards."""
        add_wheel(self.up, "witness", "1.0")
        self.assertEqual(self.service.ask("/pypi/simple/witness/").status, 200)
        before = len(self.service.log())  # of the other tests of this class
        gate = threading.Event()
        self.addCleanup(gate.set)

        def hang(_handler):
            gate.wait(60)
            return False
        for i in range(4):
            add_wheel(self.up, f"prompt-{i}", "1.0")
        self.up.behave = lambda path: hang if path.startswith("/simple/sleepy-") else None
        threads = [threading.Thread(target=lambda i=i: self.service.ask(f"/pypi/simple/sleepy-{i}/"))
                   for i in range(6)]
        for t in threads:
            t.start()
        for i in range(4):
            began = time.monotonic()
            self.assertEqual(self.service.ask(f"/pypi/simple/prompt-{i}/").status, 200)
            self.assertLess(time.monotonic() - began, AT_ONCE_S)
            time.sleep(4)
        gate.set()
        for t in threads:
            t.join()
        self.assertNotIn("event=upstream name=pypi down=1", self.service.log()[before:])

    def test_an_upstream_that_hangs_is_known_to(self):
        """3 s after the first ask what it knew is asked for again, and 8 s later nobody waits any more."""
        add_wheel(self.up, "voucher", "1.0")
        self.assertEqual(self.service.ask("/pypi/simple/voucher/").status, 200)
        gate = threading.Event()
        self.addCleanup(gate.set)

        def hang(_handler):
            gate.wait(60)
            return False
        add_wheel(self.up, "back-again", "1.0")
        self.up.behave = lambda path: hang if path.startswith("/simple/") else None
        begin = time.monotonic()
        ended = in_parallel({name: lambda name=name: self.assertEqual(
            self.service.ask(f"/pypi/simple/{name}/").status, 503) for name in ("mute-1", "mute-2", "mute-3")})
        self.assertEqual([e for e in ended.values() if e], [])
        self.assertLess(time.monotonic() - begin, 11)  # pip gives up after 15 s
        begin = time.monotonic()
        for name in ("mute-4", "mute-5", "back-again"):
            self.assertEqual(self.service.ask(f"/pypi/simple/{name}/").status, 504)
        self.assertLess(time.monotonic() - begin, 7)  # the first of them waits for the rest of the 11 s
        begin = time.monotonic()
        for name in ("mute-6", "mute-7"):
            self.assertEqual(self.service.ask(f"/pypi/simple/{name}/").status, 504)
        self.assertLess(time.monotonic() - begin, AT_ONCE_S)
        self.up.behave = lambda path: None
        gate.set()
        self.eventually(lambda: self.service.ask("/pypi/simple/back-again/").status == 200, 20)


if __name__ == "__main__":
    import unittest
    unittest.main()
