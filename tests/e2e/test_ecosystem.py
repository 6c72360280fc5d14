"""A second ecosystem beside PyPI, the one that only trees with tests have (proxy/eco/test, scanner/eco/test): its files go
the same way from a generated upstream to the client, and commands work on them, though nothing else knows it."""
import hashlib
import http.server
import io
import re
import tarfile
import threading
import unittest

from house.case import Quarantine, add_wheel, days_ago, file_path


def bag(about, files=()):
    """A TAR archive as this ecosystem has it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as t:
        for name, data in (("about", about.encode()), *files):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            t.addfile(member, io.BytesIO(data))
    return out.getvalue()


class Bags:
    """An upstream of it: /list/NAME/ and the files beside each page."""

    def __init__(self):
        self.files, self.asked, self.pages = {}, [], {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                outer.asked.append(self.path)
                _, folder, name, *rest = self.path.split("/")
                body = None
                if folder == "list" and rest == [""]:
                    body = outer.pages.get(name) or outer.page(name)
                elif folder == "list" and len(rest) == 1:
                    body = outer.files.get(name, {}).get(rest[0], (None,))[0]
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/list"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def add(self, name, version, data=None, days=400):
        data = data if data is not None else bag(f"{name} {version}\n")
        self.files.setdefault(name, {})[f"{name}-{version}.bag"] = (data, days_ago(days))
        return data

    def page(self, name):
        if name not in self.files:
            return None
        return "".join(f"{file} {hashlib.sha256(data).hexdigest()} {len(data)} {at}\n"
                       for file, (data, at) in self.files[name].items()).encode()


class SecondEcosystem(Quarantine):
    @classmethod
    def fill(cls):
        cls.bags = Bags()
        cls.addClassCleanup(cls.bags.close)
        cls.wheel = add_wheel(cls.up, "beside", "1.0")
        cls.good = cls.bags.add("good", "1.0", bag("good 1.0\n", [("content", b"x" * 100000)]))
        cls.bags.add("good", "2.0", days=1)
        cls.bags.add("leaves", "1.0", bag("leaves 1.0\n", [("../outside", b"x")]))
        cls.bags.add("lies", "1.0", bag("good 1.0\n"))
        cls.bags.add("other", "1.0", b"no archive at all")
        cls.bags.add("fresh", "1.0", days=1)
        cls.gone = cls.bags.add("unwanted", "1.0")

    @classmethod
    def configure(cls, text):
        text = re.sub(r"(?m)^repositories:\n", "  - name: bags\n    ecosystem: test\n"
                      f"    url: {cls.bags.url}\n    trust_times: true\n\nrepositories:\n"
                      "  - name: bag\n    ecosystem: test\n    upstreams: [bags]\n", text, count=1)
        return text

    def fetch(self, name, version="1.0"):
        """The file's last answer: redirects say "wait"."""
        a = self.service.ask(f"/bag/get/{name}/{name}-{version}.bag")
        while a.status == 307:
            a = self.service.ask(a["Location"])
        return a

    def listed(self, name):
        a = self.service.ask(f"/bag/list/{name}/")
        self.assertEqual((a.status, a["Content-Type"]), (200, "text/plain; charset=utf-8"), a)
        return dict(line.split(" ", 1) for line in a.body.decode().splitlines())

    def test_a_file_is_inspected_and_served_as_it_is(self):
        sha256 = hashlib.sha256(self.good).hexdigest()
        self.assertEqual(self.listed("good")["good-1.0.bag"], sha256)
        a = self.fetch("good")
        self.assertEqual((a.status, a.body), (200, self.good), a)
        self.assertIn("/list/good/good-1.0.bag", self.bags.asked)
        self.assertIn(b"good\n", self.service.ask("/bag/list/").body)
        # found by file, by URL, by digest and by name, as files of PyPI are
        for what in ("good-1.0.bag", f"{self.service.url}/bag/get/good/good-1.0.bag", "test:good==1.0"):
            status, out, err = self.service.command("explain", what, "--repository", "bag")
            self.assertEqual(status, 0, out + err)
            self.assertIn("good-1.0.bag", out)
        status, out, err = self.service.command("fetched-by", f"sha256:{sha256}")
        self.assertEqual(status, 0, out + err)
        self.assertIn("good-1.0.bag", out)
        # what is signed about it lies beside it, as about every file
        self.assertEqual(self.service.ask("/bag/get/good/good-1.0.bag.metadata").status, 404)

    def test_what_either_reader_finds_is_refused(self):
        for name, reason in (("leaves", "tar-unsafe-path"), ("lies", "names another project"),
                             ("other", "is not a readable TAR archive")):
            with self.subTest(name):
                a = self.fetch(name)
                self.assertEqual(a.status, 403, a)
                status, out, err = self.service.command("explain", f"{name}-1.0.bag", "--repository", "bag")
                self.assertIn(reason, a.reason + out, err)

    def test_one_that_is_too_young_waits_until_it_is_approved(self):
        a = self.fetch("fresh")
        self.assertEqual(a.status, 403, a)
        self.assertIn("cool-down", a.reason)
        status, out, err = self.service.command("approve", "test:fresh==1.0", "--reason", "looked at it")
        self.assertEqual(status, 0, out + err)
        a = self.fetch("fresh")
        self.assertEqual((a.status, a.body), (200, self.bags.files["fresh"]["fresh-1.0.bag"][0]), a)

    def test_the_held_one_gives_way_in_the_list(self):
        self.assertEqual(self.fetch("good").status, 200)
        self.assertIn(" held: ", self.listed("good")["good-2.0.bag"])
        self.assertNotIn("held", self.listed("good")["good-1.0.bag"])

    def test_deny_is_effective_at_once(self):
        self.assertEqual(self.fetch("unwanted").body, self.gone)
        status, out, err = self.service.command("deny", "unwanted-1.0.bag", "--repository", "bag", "--reason", "no")
        self.assertEqual(status, 0, out + err)
        a = self.fetch("unwanted")
        self.assertEqual(a.status, 403, a)
        self.assertEqual(a["Cache-Control"], "no-store")
        self.assertIn("denied", a.reason)

    def test_a_page_that_is_none_says_where(self):
        self.bags.pages["broken"] = b"broken-1.0.bag 00 7 yesterday\n"
        a = self.service.ask("/bag/list/broken/")
        self.assertEqual(a.status, 502, a)
        self.assertIn("line 1: expected FILE SHA256 BYTES TIME", a.reason + a.body.decode())

    def test_the_first_goes_on_beside_it(self):
        self.assertEqual(self.service.ask(file_path("beside", "1.0")).body, self.wheel.data)
        self.assertEqual(self.service.ask("/pypi/list/good/").status, 404)
        self.assertEqual(self.service.ask("/bag/simple/beside/").status, 404)
        self.assertEqual(self.service.ask("/bag/list/beside/").status, 404)


if __name__ == "__main__":
    unittest.main()
