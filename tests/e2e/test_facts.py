"""What an upstream's page says against what it gives, leaves out, and takes back."""
import hashlib
import html.parser
import json
import re
import time
import zlib

from house import wheels
from house.case import Moody, add_wheel, days_ago, file_path
from house.clients import Client
from house.upstream import File, Upstream


class Facts(Moody):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        add_wheel(cls.up, "wiped-out", "1.0")
        assert cls.service.ask(file_path("wiped-out", "1.0")).status == 200
        del cls.up.projects["wiped-out"]
        time.sleep(1.5)
        cls.service.ask("/pypi/simple/wiped-out/")

    # --- pages that say less ---

    def test_html_where_json_was_asked_for(self):
        self.up.form = "html"
        f = add_wheel(self.up, "markup", "1.0", requires_python=">=3.6")
        entry = self.page("markup")[f.name]
        self.assertEqual(entry["hashes"], {"sha256": f.sha256})
        self.assertEqual(entry["requires-python"], ">=3.6")
        self.assertEqual(self.service.ask(file_path("markup", "1.0")).body, f.data)

    def test_T7_a_time_that_is_not_stated_holds_until_it_is(self):
        f = add_wheel(self.up, "undated", "1.0", days=None)
        self.refused("undated", "1.0", "the upstream has not said when it was released; held until it does")
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

    def test_T15_every_stated_hash_is_verified(self):
        """Of whatever algorithm, in both forms: what pip refuses from upstream, it refuses here."""
        for form in ("json", "html"):
            self.up.form = form
            for algorithm in ("sha512", "sha384", "md5"):
                f = add_wheel(self.up, f"{form}-{algorithm}", "1.0")
                f.hashes = {algorithm: "0" * 2 * hashlib.new(algorithm).digest_size}
                if algorithm == "md5":  # alone it holds, whatever the bytes are
                    f.hashes["sha256"] = f.sha256
                self.refused(f"{form}-{algorithm}", "1.0", "hash-mismatch")
            f = add_wheel(self.up, f"{form}-good", "1.0")
            f.hashes = {"sha512": hashlib.sha512(f.data).hexdigest()}
            a = self.service.ask(file_path(f"{form}-good", "1.0"))
            self.assertEqual((a.status, a.body), (200, f.data))
            f = add_wheel(self.up, f"{form}-weak", "1.0")
            f.hashes = {"md5": hashlib.md5(f.data).hexdigest()}
            self.refused(f"{form}-weak", "1.0", "the upstream states only an md5 hash")
        with Client("pip-newest") as client:
            self.is_refused(client, "json-sha512==1.0", "hash-mismatch")
            self.installs(client, "json-good==1.0", "json_good", "1.0")

    def test_another_size_is_refused_until_it_is_right(self):
        """Longer or shorter, with a length or without: the finding, both sizes and the page of the refusal, wherever one looks."""
        def chunked(data):
            def answer(h):
                h.send_response(200)
                h.send_header("Transfer-Encoding", "chunked")
                h.end_headers()
                h.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))
                return True
            return answer
        wrong = {}
        for name, more in (("longer", -5), ("shorter", 5)):
            for framing in ("length", "chunks"):
                f = wrong[f"{name}-{framing}"] = add_wheel(self.up, f"{name}-{framing}", "1.0")
                f.size = len(f.data) + more
        self.up.behave = lambda path: next((chunked(f.data) for name, f in wrong.items()
                                            if path == f"/files/{f.name}" and name.endswith("-chunks")), None)
        for name, f in wrong.items():
            a = self.refused(name, "1.0", f"finding size-mismatch: is not of the size the index stated: {f.size} bytes stated, ")
            self.assertIn(f" {len(f.data)} received" if "longer-chunks" != name else " or more received", a.reason)
            page = re.search(r"/-/x/\w+", a.reason)
            self.assertIn(b"size-mismatch", self.service.ask(page.group()).body)
        self.with_clients(lambda client: [self.is_refused(client, f"{name}==1.0", "size-mismatch") for name in wrong])
        for name, f in wrong.items():
            f.size = None
            self.refreshed(name, lambda: self.service.ask(file_path(name, "1.0")).body == f.data)
        with Client("pip-newest") as client:
            self.installs(client, "longer-chunks==1.0", "longer_chunks", "1.0")

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

    # --- facts that upstreams withdraw ---

    def test_T5_a_file_that_vanished_is_held(self):
        f, _ = self.known("taken-down", "1.0", "1.1")
        self.up.projects["taken-down"] = [x for x in self.up.projects["taken-down"] if x is not f]
        self.refreshed("taken-down", lambda: self.service.ask(file_path("taken-down", "1.0")).status == 403)
        self.refused("taken-down", "1.0", "gone from the upstream index")
        self.assertEqual(self.service.ask(file_path("taken-down", "1.1")).status, 200)
        self.assertNotIn(f.name, self.page("taken-down"))

    def test_T5_a_page_whose_gzip_stream_is_cut_takes_no_file_away(self):
        """Of the length that it states, and cut where a page without <html> could end."""
        first, second = self.known("squeezed", "1.0", "2.0")
        links = [f'<a href="../../files/{f.name}#sha256={f.sha256}">{f.name}</a><br/>\n' for f in (first, second)]
        z = zlib.compressobj(9, zlib.DEFLATED, 31)
        cut = z.compress(links[0].encode()) + z.flush(zlib.Z_SYNC_FLUSH)
        said = 'project=squeezed error="127.0.0.1: the answer\'s gzip stream is cut"'
        self.page_is("squeezed", "text/html", cut, [("Content-Encoding", "gzip")])
        self.refreshed("squeezed", lambda: said in self.service.log())
        self.assertEqual(set(self.page("squeezed")), {first.name, second.name})
        self.assertEqual(self.service.ask(file_path("squeezed", "2.0")).body, second.data)
        # the same bytes with their end are a page, and what it leaves out is gone
        z = zlib.compressobj(9, zlib.DEFLATED, 31)
        whole = z.compress(links[0].encode()) + z.flush()
        self.page_is("squeezed", "text/html", whole, [("Content-Encoding", "gzip")])
        self.refreshed("squeezed", lambda: self.service.ask(file_path("squeezed", "2.0")).status == 403)
        self.refused("squeezed", "2.0", "gone from the upstream index")

    def test_T5_a_file_whose_entry_cannot_be_read_any_more_has_not_vanished(self):
        first, second = self.known("unreadable", "1.0", "2.0")
        first.requires_python = "\u22653.6"
        self.refreshed("unreadable", lambda: "project=unreadable left-out=1" in self.service.log())
        self.assertEqual(set(self.page("unreadable")), {first.name, second.name})
        self.assertEqual(self.service.ask(file_path("unreadable", "1.0")).body, first.data)
        self.assertNotIn(f"file={first.name} what=\"gone", self.service.log())
        self.assertIn("left out of its page: 1, which cannot be read", self.service.command("explain", "unreadable")[1])

    def test_a_file_that_was_never_known_and_whose_entry_cannot_be_read_is_told_as_that(self):
        add_wheel(self.up, "misspelled", "1.0")
        bad = add_wheel(self.up, "misspelled", "2.0")
        bad.requires_python = "\u22653.6"
        why = "The index has an entry of this name that could not be read: its requires-python"
        for _ in range(2):  # and after a restart
            a = self.service.ask(file_path("misspelled", "2.0"))
            self.assertEqual((a.status, a.body.decode().strip()), (404, why))
            status, out, err = self.service.command("explain", bad.name)
            self.assertEqual(status, 1)
            self.assertIn(f"{bad.name}: {why}", out + err)
            self.assertEqual(self.service.ask(file_path("misspelled", "3.0")).body.decode().strip(),
                             "The index lists no file of this name")
            self.service.kill()
            self.service.start()

    def test_T5_a_project_that_vanished_is_held(self):
        """The upstream has to say so twice; setUpClass took the project away."""
        self.refreshed("wiped-out", lambda: self.service.ask(file_path("wiped-out", "1.0")).status == 403, 90)
        self.refused("wiped-out", "1.0", "gone from the upstream index")

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

    def test_T20_the_reason_of_a_status_is_marked_and_encoded(self):
        add_wheel(self.up, "retired", "1.0")
        self.up.status["retired"] = {"status": "archived", "reason": "\x1b[2Jheld by policy: \u202e<b>"}
        said = "upstream says: \\x1b[2Jheld by policy: \\xe2\\x80\\xae<b>"
        a = self.service.ask("/pypi/simple/retired/", {"Accept": "application/vnd.pypi.simple.v1+json"})
        self.assertEqual(json.loads(a.body)["project-status"]["reason"], said)
        a = self.service.ask("/pypi/simple/retired/", {"Accept": "text/html"})
        self.assertIn(b'content="upstream says: ', a.body)
        self.assertTrue(all(c == 0x0a or 0x20 <= c <= 0x7e for c in a.body) and b"<b>" not in a.body)

    def test_reasons_say_the_same_in_html_and_json(self):
        """Escaped once, where they come in: what a browser or pip shows of the HTML page is the text of the
        JSON page."""
        class Reader(html.parser.HTMLParser):
            def handle_starttag(self, tag, attrs):
                attrs = dict(attrs)
                name = attrs.get("name", attrs.get("href", tag).split("#")[0].rsplit("/", 1)[-1])
                found[name] = attrs.get("content", attrs.get("data-yanked"))
        words = 'caf\u00e9 & <b> "quoted" \'single\' back\\slash &amp; \u202e'
        said = "upstream says: " + words.replace("\\", "\\\\").replace("\u00e9", "\\xc3\\xa9").replace(
            "\u202e", "\\xe2\\x80\\xae")
        add_wheel(self.up, "quoting", "1.0")
        f = add_wheel(self.up, "quoting", "1.1")
        f.yanked = words
        self.up.status["quoting"] = {"status": "deprecated", "reason": words}
        a = self.service.ask("/pypi/simple/quoting/", {"Accept": "application/vnd.pypi.simple.v1+json"})
        page, found = json.loads(a.body), {}
        yanked = {file["filename"]: file["yanked"] for file in page["files"]}[f.name]
        self.assertIn('caf\\xc3\\xa9 & <b> "quoted" \'single\' back\\\\slash', yanked)
        self.assertEqual(page["project-status"]["reason"], said)
        Reader().feed(self.service.ask("/pypi/simple/quoting/", {"Accept": "text/html"}).body.decode())
        self.assertEqual((found[f.name], found["pypi:project-status-reason"]), (yanked, said))

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
        for name in ("sources-1.0.tar.Z", "sources-1.0.tar.lz", "sources-1.0-py3.8.egg", "sources-1.0.exe"):
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
