"""A second ecosystem beside PyPI, the one that only trees with tests have (proxy/eco/test, scanner/eco/test): its files go
the same way from a generated upstream to the client, and commands work on them, though nothing else knows it."""
import hashlib
import http.server
import io
import json
import re
import tarfile
import threading
import unittest

from house.case import Quarantine, add_wheel, days_ago, file_path, with_key


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
    """An upstream of it: /list/PAGE/ and the files beside each page."""

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

    def add(self, name, version, data=None, days=400, page=None, record=None):
        """On its project's page, or with a record on one of many."""
        data = data if data is not None else bag(f"{name} {version}\n")
        text = "" if record is None else " " + json.dumps(record, sort_keys=True, separators=(",", ":"))
        self.files.setdefault(page or name, {})[f"{name}-{version}.bag"] = (data, days_ago(days), text)
        return data

    def page(self, name):
        if name not in self.files:
            return None
        return "".join(f"{file} {hashlib.sha256(data).hexdigest()} {len(data)} {at}{record}\n"
                       for file, (data, at, record) in self.files[name].items()).encode()


class OfBags(Quarantine):
    reserved = ""

    @classmethod
    def configure(cls, text):
        return re.sub(r"(?m)^repositories:\n", "  - name: bags\n    ecosystem: test\n"
                      f"    url: {cls.bags.url}\n    trust_times: true\n\nrepositories:\n"
                      f"  - name: bag\n    ecosystem: test\n    upstreams: [bags]\n{cls.reserved}", text, count=1)

    def fetch(self, name, version="1.0", page=None):
        """The file's last answer: redirects say "wait"."""
        a = self.service.ask(f"/bag/get/{page or name}/{name}-{version}.bag")
        while a.status == 307:
            a = self.service.ask(a["Location"])
        return a


class SecondEcosystem(OfBags):
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


class PageOfManyProjects(OfBags):
    """One document of an upstream that lists files of many projects, as channels have it: each file is judged as its
    own project's, and a record that is held says so itself."""
    reserved = "    reserved: [ours]\n"
    policy = staticmethod(lambda text: with_key(
        text, "rules", "[{name: not-here, project: theta, then: deny}, {name: not-all, project: all, then: deny}]"))

    @classmethod
    def fill(cls):
        cls.bags = Bags()
        cls.addClassCleanup(cls.bags.close)
        add_wheel(cls.up, "beside", "1.0")
        cls.records = {}
        for name, version, data, days in (("alpha", "1.0", None, 400), ("beta", "1.0", bag("alpha 1.0\n"), 400),
                                          ("beta", "2.0", None, 400), ("gamma", "1.0", None, 1),
                                          ("gamma", "0.9", None, 400), ("delta", "1.0", None, 400),
                                          ("epsilon", "1.0", None, 400), ("epsilon", "2.0", None, 400),
                                          ("theta", "1.0", None, 400), ("ours", "1.0", None, 400)):
            record = {"depends": ["alpha >=1"] if name == "gamma" else [], "name": name, "version": version}
            cls.records[f"{name}-{version}.bag"] = record
            cls.bags.add(name, version, data, days, "all", record)

    def listed(self):
        a = self.service.ask("/bag/list/all/records")
        self.assertEqual((a.status, a["Content-Type"]), (200, "application/json"), a)
        return json.loads(a.body)

    def of(self, file):
        return self.bags.files["all"][file][0]

    def test_each_file_is_its_own_projects(self):
        for name in ("alpha", "delta"):
            a = self.fetch(name, page="all")
            self.assertEqual((a.status, a.body), (200, self.of(f"{name}-1.0.bag")), a)
        self.assertEqual(self.service.ask("/bag/list/alpha/").status, 404)
        # another form of the same page, by what the client accepts
        a = self.service.ask("/bag/list/all/")
        self.assertIn(f"alpha-1.0.bag {hashlib.sha256(self.of('alpha-1.0.bag')).hexdigest()}\n", a.body.decode())

    def test_a_denied_one_holds_its_own_version_alone(self):  # T10
        a = self.fetch("beta", page="all")
        self.assertEqual(a.status, 403, a)
        self.assertIn("beta 1.0 denied", a.reason)
        self.assertEqual(self.fetch("beta", "2.0", page="all").status, 200)
        self.assertEqual(self.fetch("alpha", page="all").status, 200)

    def test_a_held_record_explains_itself(self):
        listed = self.listed()
        self.assertEqual(listed["gamma-0.9.bag"], self.records["gamma-0.9.bag"])
        held = listed["gamma-1.0.bag"]
        self.assertEqual(held["depends"][0], "alpha >=1")
        self.assertIn("held by policy: released 1 day ago", held["depends"][1])
        self.assertEqual({**held, "depends": held["depends"][:1]}, self.records["gamma-1.0.bag"])
        a = self.fetch("gamma", page="all")
        self.assertEqual(a.status, 403, a)
        self.assertIn("gamma 1.0 held by cool-down", a.reason)
        # an exception for the file itself, found by the number of the refusal
        link = re.search(r"/-/x/(\S+)", a.reason).group(1)
        status, out, err = self.service.command("approve", link, "--reason", "looked at it")
        self.assertEqual(status, 0, out + err)
        self.assertEqual(self.fetch("gamma", page="all").status, 200)
        self.assertEqual(self.listed()["gamma-1.0.bag"], self.records["gamma-1.0.bag"])

    def test_a_denial_is_of_one_project(self):
        self.assertEqual(self.fetch("epsilon", page="all").status, 200)
        status, out, err = self.service.command("deny", "test:epsilon==1.0", "--repository", "bag", "--reason", "no")
        self.assertEqual(status, 0, out + err)
        a = self.fetch("epsilon", page="all")
        self.assertEqual(a.status, 403, a)
        self.assertIn("epsilon 1.0 denied", a.reason)
        self.assertEqual(self.fetch("epsilon", "2.0", page="all").status, 200)
        self.assertEqual(self.fetch("delta", page="all").status, 200)
        self.assertIn("denied by policy", self.listed()["epsilon-1.0.bag"]["depends"][0])

    def test_policy_speaks_of_projects_not_of_the_page(self):
        a = self.fetch("theta", page="all")
        self.assertEqual(a.status, 403, a)
        self.assertIn("rule not-here", a.reason)
        self.assertEqual(self.fetch("delta", page="all").status, 200)

    def test_a_reserved_name_is_not_passed_on(self):  # T12
        self.assertNotIn("ours-1.0.bag", self.listed())
        a = self.fetch("ours", page="all")
        self.assertEqual(a.status, 403, a)
        self.assertIn("reserved", a.reason)
        self.assertNotIn("/list/all/ours-1.0.bag", self.bags.asked)

    def test_a_record_that_could_be_read_in_two_ways_is_no_page(self):  # T16
        data = bag("zeta 1.0\n")
        line = f"zeta-1.0.bag {hashlib.sha256(data).hexdigest()} {len(data)} {days_ago(400)}"
        self.bags.pages["twice"] = f'{line} {{"depends":[],"depends":["x"]}}\n'.encode()
        a = self.service.ask("/bag/list/twice/")
        self.assertEqual(a.status, 502, a)
        self.assertIn("line 1: expected NAME-VERSION.bag and a record", a.reason + a.body.decode())


if __name__ == "__main__":
    unittest.main()
