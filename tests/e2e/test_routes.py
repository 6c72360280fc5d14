"""One decision for every route to a file, and what each address of the gateway answers."""
import base64
import gzip
import hashlib
import json
import re
import signal
import time
import unittest

from house import wheels
from house.case import Quarantine, add_wheel, file_path, with_key
from house.raw import send
from house.service import Service, free_port
from house.upstream import Upstream

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
PRINTABLE = re.compile(r"^[ -~]{1,200}$")


class Routes(Quarantine):
    @classmethod
    def fill(cls):
        cls.good = add_wheel(cls.up, "good", "1.0")
        add_wheel(cls.up, "good", "2.0", days=1)
        add_wheel(cls.up, "good-name", "1.0")
        add_wheel(cls.up, "held", "1.0", days=1)
        add_wheel(cls.up, "evil", "1.0", data=wheels.forged_directory("evil", "1.0"))
        add_wheel(cls.up, "banned", "1.0")
        add_wheel(cls.up, "asleep", "1.0")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        assert cls.service.ask(file_path("good", "1.0")).status == 200
        assert cls.service.ask(file_path("evil", "1.0")).status == 403
        assert cls.service.command("deny", "pypi:banned", "--reason", "not here")[0] == 0

    # --- files ---

    def test_a_file_is_the_upstreams_bytes(self):
        a = self.service.ask(file_path("good", "1.0"))
        self.assertEqual((a.status, a.body), (200, self.good.data))
        self.assertEqual(a["Content-Type"], "application/octet-stream")
        self.assertEqual(a["X-Content-Type-Options"], "nosniff")
        self.assertEqual(a["Content-Security-Policy"], "sandbox")
        self.assertEqual(a["Cache-Control"], "private, no-cache")
        self.assertIsNone(a["Content-Encoding"])
        self.assertIn(hashlib.sha256(self.good.data).hexdigest(), a["ETag"])

    def test_artifacts_are_never_encoded(self):
        a = self.service.ask(file_path("good", "1.0"), {"Accept-Encoding": "gzip, zstd, br"})
        self.assertIsNone(a["Content-Encoding"])
        self.assertEqual(a.body, self.good.data)

    def test_head_is_get_without_bytes(self):
        get = self.service.ask(file_path("good", "1.0"))
        head = self.service.ask(file_path("good", "1.0"), method="HEAD")
        self.assertEqual((head.status, head.body), (200, b""))
        for name in ("Content-Length", "ETag", "Content-Type", "Accept-Ranges", "Cache-Control"):
            self.assertEqual(head[name], get[name], name)

    def test_ranges(self):
        path, data = file_path("good", "1.0"), self.good.data
        etag = self.service.ask(path)["ETag"]
        rows = [("bytes=0-9", 206, data[:10]), ("bytes=-7", 206, data[-7:]), ("bytes=5-", 206, data[5:]),
                (f"bytes={len(data)}-", 416, None), ("bytes=0-1,4-5", 200, data), ("lines=1-2", 200, data),
                ("bytes=9-2", 200, data)]
        for value, status, body in rows:
            with self.subTest(range=value):
                a = self.service.ask(path, {"Range": value})
                self.assertEqual(a.status, status, a)
                if body is not None:
                    self.assertEqual(a.body, body)
        a = self.service.ask(path, {"Range": "bytes=0-9", "If-Range": etag})
        self.assertEqual((a.status, a.body), (206, data[:10]))
        self.assertEqual(a["Content-Range"], f"bytes 0-9/{len(data)}")
        a = self.service.ask(path, {"Range": "bytes=0-9", "If-Range": '"another"'})
        self.assertEqual((a.status, a.body), (200, data))

    def test_conditional_requests(self):
        path = file_path("good", "1.0")
        etag = self.service.ask(path)["ETag"]
        for value, status in ((etag, 304), (f'"x", {etag}', 304), ("*", 304), ('"x"', 200)):
            with self.subTest(value=value):
                self.assertEqual(self.service.ask(path, {"If-None-Match": value}).status, status)

    def test_the_sidecar_is_the_wheels_metadata(self):
        a = self.service.ask(file_path("good", "1.0") + ".metadata")
        self.assertEqual((a.status, a.body), (200, wheels.metadata("good", "1.0")))
        self.assertEqual(a["X-Content-Type-Options"], "nosniff")

    def test_what_is_refused_is_refused_on_every_route(self):
        for name, reason in (("held", "the policy asks for 7"), ("evil", "zip-"), ("banned", "not here")):
            path = file_path(name, "1.0")
            f = self.up.find(wheels.file_name(name, "1.0"))
            ways = {"GET": {}, "HEAD": {"method": "HEAD"},
                    "range": {"headers": {"Range": "bytes=0-9"}},
                    "range beyond": {"headers": {"Range": "bytes=99999999-"}},
                    "known": {"headers": {"If-None-Match": f'"sha256-{f.sha256}"'}},
                    "any": {"headers": {"If-None-Match": "*"}}}
            for way, kw in ways.items():
                for part in ("", ".metadata", "?wait=3", "?x=y"):
                    with self.subTest(name=name, way=way, part=part):
                        a = self.service.ask(path + part, **kw)
                        self.assertEqual(a.status, 403, a)
                        self.assertIn(reason, a.reason)
                        self.assertEqual(a["Cache-Control"], "no-store")
                        self.assertIsNone(a["ETag"])

    def test_spellings_that_reach_no_file(self):
        name = wheels.file_name("good", "1.0")
        for path in (f"/pypi/files/Good/{name}", f"/pypi/files/good/{name}/", f"/pypi/files/good//{name}",
                     f"/pypi/files/good/x/../{name}", f"/pypi/files/good/%2e%2e/{name}",
                     f"/pypi//files/good/{name}", f"/pypi/files/other/{name}",
                     "/pypi/files/good/good%2F1.0", "/pypi/files/good/", "/pypi/files/"):
            with self.subTest(path=path):
                self.assertIn(self.service.ask(path).status, (301, 400, 404))

    # --- a refusal ---

    def test_a_refusal_explains_itself(self):
        a = self.refused("held", "1.0", "the policy asks for 7")
        self.assertRegex(a.reason, PRINTABLE)
        self.assertEqual(a["Content-Type"], "application/problem+json")
        self.assertEqual(int(a["Content-Length"]), len(a.body))
        problem = json.loads(a.body)
        self.assertEqual(problem["status"], 403)
        for key in ("type", "title", "instance", "detail", "message", "error", "reason"):
            self.assertTrue(problem[key], key)
        self.assertIn("(policy.yaml:", problem["detail"])
        self.assertIn(problem["instance"], a.reason)

    def test_the_refusals_own_page(self):
        problem = json.loads(self.refused("evil", "1.0", "zip-").body)
        text = self.service.ask(problem["instance"])
        self.assertEqual(text.status, 200, text)
        self.assertTrue(text["Content-Type"].startswith("text/plain"))
        self.assertIn(b"denied", text.body)
        for accept in ("text/plain", "text/html", "application/json"):
            body = self.service.ask(problem["instance"], {"Accept": accept}).body.decode()
            self.assertNotIn(self.service.state, body)  # where its files lie is nobody's business
        a = self.service.ask(problem["instance"], {"Accept": "application/json"})
        page = json.loads(a.body)
        self.assertEqual((page["verdict"], page["repository"]), ("deny", "pypi"))
        self.assertIn("zip-", page["rule"])
        # the reason, not the evidence
        self.assertNotIn("evil.py", text.body.decode() + a.body.decode())

    def test_an_id_that_was_never_given(self):
        for path in ("/-/x/0000000000000000", "/-/x/", "/-/x/..", "/-/x/" + "a" * 300, "/-/x/a/b"):
            with self.subTest(path=path):
                self.assertIn(self.service.ask(path).status, (400, 404))

    # --- indexes ---

    def test_html_and_json_say_the_same(self):
        files = self.page("good")
        a = self.service.ask("/pypi/simple/good/", {"Accept": HTML})
        text = a.body.decode()
        self.assertTrue(a["Content-Type"].startswith(HTML), a)
        for name, f in files.items():
            self.assertIn(f'>{name}</a>', text)
            self.assertIn(f["url"], text)
            self.assertIn(f["hashes"]["sha256"], text)
        self.assertIn("data-yanked", text)
        self.assertEqual(files[wheels.file_name("good", "1.0")]["yanked"], False)
        self.assertIn("the policy asks for 7", files[wheels.file_name("good", "2.0")]["yanked"])

    def test_index_entries(self):
        a = self.service.ask("/pypi/simple/good/", {"Accept": JSON})
        doc = json.loads(a.body)
        self.assertEqual(a["Content-Type"], JSON)
        self.assertEqual((doc["name"], doc["versions"]), ("good", ["1.0", "2.0"]))
        entry = {f["filename"]: f for f in doc["files"]}[wheels.file_name("good", "1.0")]
        self.assertEqual(entry["size"], len(self.good.data))
        self.assertEqual(entry["hashes"], {"sha256": self.good.sha256})
        self.assertTrue(entry["core-metadata"])
        self.assertEqual(entry["url"], "../../files/good/" + wheels.file_name("good", "1.0"))
        self.assertEqual(entry["upload-time"][:10], self.good.uploaded[:10])

    def test_negotiation(self):
        rows = [("", HTML_OR_TEXT), ("*/*", HTML_OR_TEXT), (JSON, JSON), ("text/html", "text/html"),
                (f"{JSON}, {HTML};q=0.2, text/html;q=0.01", JSON),
                (f"{JSON};q=0.1, {HTML};q=0.9", HTML)]
        for accept, kind in rows:
            with self.subTest(accept=accept):
                a = self.service.ask("/pypi/simple/good/", {"Accept": accept or None})
                self.assertEqual(a.status, 200, a)
                self.assertRegex(a["Content-Type"], "^" + kind if kind is HTML_OR_TEXT
                                 else "^" + re.escape(kind))
        self.assertEqual(self.service.ask("/pypi/simple/good/", {"Accept": "image/png"}).status, 406)

    def test_indexes_in_codings(self):
        plain = self.service.ask("/pypi/simple/good/", {"Accept": JSON})
        a = self.service.ask("/pypi/simple/good/", {"Accept": JSON, "Accept-Encoding": "gzip"})
        self.assertEqual(a["Content-Encoding"], "gzip")
        self.assertEqual(gzip.decompress(a.body), plain.body)
        self.assertNotEqual(a["ETag"], plain["ETag"])
        z = self.service.ask("/pypi/simple/good/", {"Accept": JSON, "Accept-Encoding": "zstd"})
        self.assertEqual((z["Content-Encoding"], z.body[:4]), ("zstd", b"\x28\xb5\x2f\xfd"))
        for answer in (plain, a, z):
            self.assertIn("Accept-Encoding", answer["Vary"])
        again = self.service.ask("/pypi/simple/good/", {"Accept": JSON, "If-None-Match": plain["ETag"]})
        self.assertEqual(again.status, 304)

    def test_the_list_of_projects(self):
        a = self.service.ask("/pypi/simple/", {"Accept": JSON})
        self.assertEqual(a.status, 200, a)
        self.assertIn({"name": "good"}, [{"name": p["name"]} for p in json.loads(a.body)["projects"]])
        a = self.service.ask("/pypi/simple/", {"Accept": "text/html"})
        self.assertIn(b'<a href="good/">good</a>', a.body)

    def test_unnormalised_names_move(self):
        for given, to in (("Good", "good"), ("good", "good"), ("GOOD_name", "good-name"),
                          ("good...name", "good-name"), ("good_-.name/", "good-name")):
            with self.subTest(name=given):
                a = self.service.ask(f"/pypi/simple/{given}")
                self.assertEqual((a.status, a["Location"]), (301, f"/pypi/simple/{to}/"))
        self.assertEqual(self.service.ask("/pypi/simple")["Location"], "/pypi/simple/")

    def test_unknown_projects_and_addresses(self):
        for path in ("/pypi/simple/nobody-has-it/", "/pypi/pypi/good/json", "/pypi/good/json", "/pypi/",
                     "/nothere/simple/good/", "/pypi/files/good/good-9-py3-none-any.whl", "/-/nothing",
                     "/pypi/simple/good/good-1.0-py3-none-any.whl"):
            with self.subTest(path=path):
                self.assertEqual(self.service.ask(path).status, 404)

    def test_reserved_first_parts_are_no_repositories(self):
        for part in ("-", "v2", "t", "acr", "oauth2", "api", "hf", "nuget", "models"):
            with self.subTest(part=part):
                self.assertEqual(self.service.ask(f"/{part}/simple/good/").status, 404)

    # --- the gateway itself ---

    def test_host_must_be_ours(self):
        for host, status in ((f"127.0.0.1:{self.service.port}", 200), ("127.0.0.1", 200),
                             ("evil.example.org", 421), ("127.0.0.2", 421), ("[::1]", 421),
                             (f"evil.example.org:{self.service.port}", 421)):
            for path in ("/pypi/simple/good/", file_path("good", "1.0"), "/-/health"):
                with self.subTest(host=host, path=path):
                    self.assertEqual(self.service.ask(path, {"Host": host}).status, status)
        a = send(self.service.port, b"GET /-/health HTTP/1.1\r\nConnection: close\r\n\r\n")
        self.assertEqual(a.status, 400)

    def test_the_host_header_reaches_no_answer(self):
        a = self.service.ask(file_path("held", "1.0"), {"Host": "127.0.0.1:1"})
        self.assertNotIn("127.0.0.1:1/", a.reason + a.body.decode())

    def test_other_methods(self):
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            with self.subTest(method=method):
                a = self.service.ask(file_path("good", "1.0"), {"Content-Length": "0"}, method)
                self.assertIn(a.status, (405, 501))
        self.assertEqual(self.service.ask("/-/health", {"Content-Length": "0"}, "POST")["Allow"],
                         "GET, HEAD")

    def test_health_ready_and_usage(self):
        self.assertEqual(self.service.ask("/-/health").status, 200)
        self.assertEqual(self.service.ask("/-/ready").status, 200)
        a = self.service.ask("/")
        self.assertIn(f"http://127.0.0.1:{self.service.port}/pypi/simple/", a.body.decode())

    def test_metrics(self):
        a = self.service.ask("/-/metrics")
        self.assertTrue(a["Content-Type"].startswith("application/openmetrics-text"))
        text = a.body.decode()
        self.assertTrue(text.endswith("# EOF\n"))
        self.assertIn("customhouse_keeper_up 1", text)
        for word in ("requests", "bytes", "seconds_bucket", "decisions", "intake", "scan", "upstream",
                     "store"):
            self.assertRegex(text, rf"(?m)^customhouse_\w*{word}", word)
        names = [line.split("{")[0].split(" ")[0] for line in text.splitlines() if line[0] != "#"]
        for name in names:
            self.assertRegex(name, r"^customhouse_[a-z0-9_]+$")

    def test_the_access_log_is_json_without_secrets(self):
        self.service.ask("/pypi/simple/good/?token=topsecret", {"Authorization": "Basic c2VjcmV0"})
        lines = self.service.access_log()
        self.assertTrue(any(r["path"] == "/pypi/simple/good/" for r in lines))
        with open(self.service.path("log/access.log")) as f:
            text = f.read()
        for secret in ("topsecret", "c2VjcmV0"):
            self.assertNotIn(secret, text)

    # --- before the verdict ---

    def test_an_eligible_file_has_head_and_sidecar_before_the_verdict(self):
        self.up.delay_s = 3
        self.addCleanup(setattr, self.up, "delay_s", 0)
        entry = self.page("asleep")[wheels.file_name("asleep", "1.0")]
        self.assertEqual(entry["yanked"], False)
        self.assertEqual(self.explained("pypi:asleep")[entry["filename"]]["verdict"], "eligible")
        a = self.service.ask(file_path("asleep", "1.0"), method="HEAD")
        self.assertEqual((a.status, a["Content-Length"], a.body), (200, str(entry["size"]), b""))
        a = self.service.ask(file_path("asleep", "1.0") + ".metadata")
        self.assertEqual((a.status, a.body), (200, wheels.metadata("asleep", "1.0")))
        self.assertEqual(self.explained("pypi:asleep")[entry["filename"]]["verdict"], "eligible")


class OtherAddress(unittest.TestCase):
    def test_what_listen_names_is_a_host(self):
        """Of an installation that is there, whose own addresses are others: links and statements name what
        is open, and nothing is fetched from there (T13)."""
        up = Upstream()
        self.addCleanup(up.close)
        add_wheel(up, "held", "1.0", days=1)
        add_wheel(up, "good", "1.0")
        service = Service(up.url)
        self.addCleanup(service.remove)
        own = f"127.0.0.1:{service.port}"
        service.edit("customhouse.yaml", lambda text: with_key(text, "insecure_http", "true").replace(
            own, f"127.0.0.3:{free_port()}").replace(
                "\nupstreams:\n", f"\nupstreams:\n  - {{name: self, ecosystem: pypi, url: 'http://{own}/x/simple'}}\n")
            .replace("\nrepositories:\n", "\nrepositories:\n  - {name: loop, ecosystem: pypi, upstreams: [self]}\n"))
        service.args += ["--listen", own]
        service.start()
        for host, status in (("localhost", 200), (f"localhost:{service.port}", 200), ("evil.example.org", 421),
                             ("127.0.0.3", 421)):  # configured, but not open
            with self.subTest(host=host):
                self.assertEqual(service.ask("/-/health", {"Host": host}).status, status)
        self.assertIn(f" http://{own}/pypi/simple/ ", service.ask("/").body.decode())
        self.assertIn(f" http://{own}/-/x/", service.ask(file_path("held", "1.0")).reason)
        path = file_path("good", "1.0")
        self.assertEqual(service.ask(path).status, 200)
        statement = json.loads(base64.b64decode(json.loads(service.ask(path + ".vsa.json").body)["payload"]))
        self.assertEqual(statement["predicate"]["verifier"]["id"], f"http://{own}/-/verifier")
        a = service.ask("/loop/simple/good/")
        self.assertEqual(a.status, 502)
        self.assertIn(f"is at {own}, where this gateway itself listens", a.reason + a.body.decode())


class EachOther(unittest.TestCase):
    def test_a_loop_of_two_is_seen(self):
        """Two gateways, each the other's upstream (T13): who asks hears of the loop, and does not wait for its end."""
        up = Upstream()
        self.addCleanup(up.close)
        add_wheel(up, "good", "1.0")
        first = Service(up.url)
        self.addCleanup(first.remove)
        second = Service(first.url + "/pypi/simple/")
        self.addCleanup(second.remove)
        first.start()
        second.start()
        a = second.ask("/pypi/simple/good/")
        self.assertEqual((a.status, b"good-1.0" in a.body), (200, True), a)  # one behind the other is no loop
        first.edit("customhouse.yaml", lambda text: text.replace(up.url, second.url + "/pypi/simple").replace(
            up.url.split("/")[2], second.url.split("/")[2]))
        first.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 20
        while "event=reloaded " not in first.log():
            self.assertLess(time.monotonic(), end, first.log())
            time.sleep(0.05)
        for service, name in ((first, "round"), (second, "and-round"), (first, "a"), (first, "b"), (first, "c"), (first, "d")):
            with self.subTest(name=name):
                began = time.monotonic()
                a = service.ask(f"/pypi/simple/{name}/")
                self.assertEqual(a.status, 508, a)
                self.assertIn("answered 508: it is this gateway, or leads back to it", a.reason)
                self.assertLess(time.monotonic() - began, 4)
                self.assertEqual(service.ask(file_path(name, "1.0")).status, 508)


HTML_OR_TEXT = "(text/html|application/vnd.pypi.simple.v1.html)"

if __name__ == "__main__":
    unittest.main()
