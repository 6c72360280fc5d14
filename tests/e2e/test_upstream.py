"""Upstreams that lie, dawdle, break off or say less than they should."""
import hashlib
import json
import socket
import struct
import threading
import time

from house import wheels
from house.case import Quarantine, add_wheel, days_ago, file_path, with_key
from house.upstream import File, Upstream

JSON = "application/vnd.pypi.simple.v1+json"


def page_of(name, **changes):
    """A correct JSON page of one wheel that nobody has, to be spoiled."""
    f = {"filename": wheels.file_name(name, "1.0"), "url": f"../../files/{wheels.file_name(name, '1.0')}",
         "hashes": {"sha256": "ab" * 32}, "size": 100, "upload-time": days_ago(400), "yanked": False}
    f.update(changes)
    return {"meta": {"api-version": "1.1"}, "name": name, "versions": ["1.0"], "files": [f]}


class Upstreams(Quarantine):
    @classmethod
    def configure(cls, text):
        return with_key(text, "index_refresh_seconds", 1)

    def setUp(self):
        self.up.behave = lambda path: None
        self.up.form, self.up.down, self.up.delay_s = "json", False, 0

    def page_is(self, project, kind, body, headers=()):
        """From now on this is the project's page."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()

        def answer(h):
            Upstream.send(h, 200, kind, body, headers)
            return True
        before = self.up.behave
        self.up.behave = lambda path: answer if path == f"/simple/{project}/" else before(path)

    def known(self, name, *versions):
        """Files that have been served once."""
        files = [add_wheel(self.up, name, version) for version in versions]
        for version in versions:
            self.assertEqual(self.service.ask(file_path(name, version)).status, 200)
        return files

    def refreshed(self, project, check):
        """Asks for the page until the service has seen the upstream's new state."""
        def look():
            self.service.ask(f"/pypi/simple/{project}/")
            return check()
        return self.eventually(look, 15)

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

    # --- pages that say less ---

    def test_html_where_json_was_asked_for(self):
        self.up.form = "html"
        f = add_wheel(self.up, "markup", "1.0", requires_python=">=3.6")
        entry = self.page("markup")[f.name]
        self.assertEqual(entry["hashes"], {"sha256": f.sha256})
        self.assertEqual(entry["requires-python"], ">=3.6")
        self.assertEqual(self.service.ask(file_path("markup", "1.0")).body, f.data)

    def test_T7_a_time_that_is_not_stated_counts_from_first_sight_until_it_is(self):
        f = add_wheel(self.up, "undated", "1.0", days=None)
        self.refused("undated", "1.0", "first seen")
        f.uploaded = days_ago(400)
        self.refreshed("undated", lambda: self.service.ask(file_path("undated", "1.0")).status == 200)

    def test_a_page_that_is_json_now_and_html_then(self):
        f, = self.known("moody", "1.0")
        for form in ("html", "json", "html"):
            self.up.form = form
            before = self.up.asked.count("/simple/moody/")
            self.refreshed("moody", lambda: self.up.asked.count("/simple/moody/") > before + 1)
            self.assertEqual(self.service.ask(file_path("moody", "1.0")).body, f.data)
            entry = self.page("moody")[f.name]
            self.assertEqual((entry["size"], entry["upload-time"][:10]), (len(f.data), f.uploaded[:10]))

    def test_no_hashes_and_no_sizes(self):
        f = add_wheel(self.up, "bare", "1.0", sidecar=False)
        f.stated_hash = f.stated_size = False
        a = self.service.ask(file_path("bare", "1.0"))
        self.assertEqual((a.status, a.body), (200, f.data))
        # what was inspected is what the page says from then on
        self.refreshed("bare", lambda: self.page("bare")[f.name]["hashes"] == {"sha256": f.sha256})

    def test_without_hashes_other_bytes_are_another_file(self):
        f = add_wheel(self.up, "swapped", "1.0", sidecar=False)
        f.stated_hash = f.stated_size = False
        self.assertEqual(self.service.ask(file_path("swapped", "1.0")).status, 200)
        f.data = wheels.forged_directory("swapped", "1.0")
        time.sleep(2.5)
        a = self.service.ask(file_path("swapped", "1.0"))
        self.assertNotEqual(a.body, f.data)

    # --- files that are not what the page said ---

    def test_another_hash_is_denied(self):
        f = add_wheel(self.up, "altered", "1.0")
        f.data = wheels.wheel("altered", "1.0", files={"altered/more.py": b"x = 1\n"})
        f.stated_size = False
        self.refused("altered", "1.0", "hash-mismatch")
        self.assertEqual(self.explained("pypi:altered")[f.name]["verdict"], "deny")

    def test_another_size_is_held(self):
        f = add_wheel(self.up, "longer", "1.0")
        f.stated_hash = False

        class Lying(bytes):
            def __len__(self):
                return super().__len__() + 5
        real, f.data = f.data, Lying(f.data)

        def honest(h):
            Upstream.send(h, 200, "application/octet-stream", real)
            return True
        self.up.behave = lambda path: honest if path == f"/files/{f.name}" else None
        a = self.service.ask(file_path("longer", "1.0"))
        self.assertIn(a.status, (403, 502), a)
        self.assertNotIn("being inspected", a.reason)

    def test_another_name_inside_is_denied(self):
        add_wheel(self.up, "outside", "1.0", data=wheels.wheel("inside", "1.0"), sidecar=False)
        self.refused("outside", "1.0", "wheel-")

    def test_another_version_inside_is_denied(self):
        add_wheel(self.up, "renumbered", "1.0", data=wheels.wheel("renumbered", "6.6"), sidecar=False)
        self.refused("renumbered", "1.0", "wheel-")

    def test_T1_a_sidecar_that_differs_from_the_wheel_denies_it(self):
        f = add_wheel(self.up, "twofaced", "1.0")
        f.sidecar = wheels.metadata("twofaced", "1.0", requires=["other-thing"])
        a = self.service.ask(file_path("twofaced", "1.0") + ".metadata")
        self.assertEqual(a.status, 200, a)  # nothing contradicts it yet
        self.refused("twofaced", "1.0", "metadata-differs")
        self.assertEqual(self.service.ask(file_path("twofaced", "1.0") + ".metadata").status, 403)

    def test_T1_a_sidecar_with_a_direct_reference_never_goes_out(self):
        f = add_wheel(self.up, "pointing", "1.0",
                      data=wheels.direct_reference("pointing", "1.0", "https://evil.example.org/x.whl"))
        f.sidecar = wheels.metadata("pointing", "1.0", ["colourful @ https://evil.example.org/x.whl"])
        a = self.service.ask(file_path("pointing", "1.0") + ".metadata")
        self.assertEqual(a.status, 403, a)
        self.assertNotIn(b"evil.example.org", a.body)
        self.refused("pointing", "1.0", "direct-reference")

    def test_T1_a_sidecar_of_another_project_never_goes_out(self):
        f = add_wheel(self.up, "borrowed", "1.0")
        f.sidecar = wheels.metadata("somebody-else", "1.0")
        a = self.service.ask(file_path("borrowed", "1.0") + ".metadata")
        self.assertNotEqual(a.body, f.sidecar)

    def test_a_sidecar_of_another_hash_never_goes_out(self):
        f = add_wheel(self.up, "patched", "1.0")
        honest, shown = f.sidecar, wheels.metadata("patched", "1.0", requires=["malware"])

        def lie(h):
            Upstream.send(h, 200, "application/octet-stream", shown)
            return True
        self.up.behave = lambda path: lie if path == f"/files/{f.name}.metadata" else None
        a = self.service.ask(file_path("patched", "1.0") + ".metadata")
        self.assertEqual((a.status, a.body), (200, honest))  # the wheel's own

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
        self.assertEqual(a.status, 502, a)
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

    # --- upstreams that are gone ---

    def test_down_known_content_is_served_and_unknown_fails_fast(self):
        f, = self.known("lasting", "1.0")
        add_wheel(self.up, "never-asked", "1.0")
        self.up.down = True
        time.sleep(1.5)
        self.assertEqual(self.service.ask("/pypi/simple/lasting/").status, 200)
        self.assertEqual(self.service.ask(file_path("lasting", "1.0")).body, f.data)
        for path in ("/pypi/simple/never-asked/", file_path("never-asked", "1.0")):
            with self.subTest(path=path):
                started = time.monotonic()
                self.assertIn(self.service.ask(path).status, (502, 504))
                self.assertLess(time.monotonic() - started, 8)

    def test_404_of_a_project_is_404(self):
        self.assertEqual(self.service.ask("/pypi/simple/no-such-thing/").status, 404)

    def test_500_of_a_project_is_no_404(self):
        def error(h):
            Upstream.send(h, 500, "text/plain", b"oops")
            return True
        self.up.behave = lambda path: error if path == "/simple/failing/" else None
        self.assertEqual(self.service.ask("/pypi/simple/failing/").status, 502)

    # --- facts that upstreams withdraw ---

    def test_T5_a_file_that_vanished_is_held(self):
        f, _ = self.known("taken-down", "1.0", "1.1")
        self.up.projects["taken-down"] = [x for x in self.up.projects["taken-down"] if x is not f]
        self.refreshed("taken-down", lambda: self.service.ask(file_path("taken-down", "1.0")).status == 403)
        self.refused("taken-down", "1.0", "gone from the upstream index")
        self.assertEqual(self.service.ask(file_path("taken-down", "1.1")).status, 200)
        self.assertNotIn(f.name, self.page("taken-down"))

    def test_T5_a_project_that_vanished_is_held(self):
        self.known("wiped-out", "1.0")
        del self.up.projects["wiped-out"]
        self.refreshed("wiped-out", lambda: self.service.ask(file_path("wiped-out", "1.0")).status == 403)

    def test_T5_other_bytes_under_a_known_name_are_new(self):
        f, = self.known("replaced", "1.0")
        f.data = wheels.wheel("replaced", "1.0", files={"replaced/new.py": b"x = 2\n"})
        f.sha256, f.uploaded = hashlib.sha256(f.data).hexdigest(), days_ago(0.01)
        self.refreshed("replaced", lambda: self.service.ask(file_path("replaced", "1.0")).status == 403)

    def test_quarantined_projects_are_held(self):
        self.known("suspect", "1.0")
        self.up.status["suspect"] = {"status": "quarantined", "reason": "reported"}
        self.refreshed("suspect", lambda: self.service.ask(file_path("suspect", "1.0")).status == 403)
        self.refused("suspect", "1.0", "quarantine")

    def test_yanked_upstream_is_yanked_here(self):
        _, f = self.known("withdrawn", "1.0", "1.1")
        f.yanked = "eats data"
        self.refreshed("withdrawn", lambda: self.page("withdrawn")[f.name]["yanked"])
        self.assertIn("eats data", self.page("withdrawn")[f.name]["yanked"])

    def test_an_upload_time_in_the_future_holds(self):
        f = add_wheel(self.up, "tomorrow", "1.0", days=-3)
        self.refused("tomorrow", "1.0", "future")
        self.assertEqual(self.explained("pypi:tomorrow")[f.name]["verdict"], "hold")

    def test_file_types_without_inspector_are_held(self):
        for name in ("sources-1.0.tar.gz", "sources-1.0.zip", "sources-1.0-py3.8.egg", "sources-1.0.exe"):
            self.up.add("sources", File(name, b"x" * 100, uploaded=days_ago(400)))
        for f in self.up.projects["sources"]:
            with self.subTest(name=f.name):
                a = self.service.ask(f"/pypi/files/sources/{f.name}")
                self.assertEqual(a.status, 403, a)
                self.assertIn("no inspector", a.reason)
        self.assertFalse([p for p in self.up.asked if p.startswith("/files/sources-")])


if __name__ == "__main__":
    import unittest
    unittest.main()
