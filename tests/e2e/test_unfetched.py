"""Files that the index lists and that cannot be had: each is a refusal like all others, in pip and uv, on its page, in explain and after
kill -9, and is fetched once it can be."""
import json
import re
import socket

from house import wheels
from house.case import Moody, add_wheel, file_path
from house.clients import Client
from house.upstream import Upstream


def answers(status, body=b"no", headers=()):
    return lambda h: Upstream.send(h, status, "text/plain", body, headers) or True


def nothing_in_chunks(h):
    h.send_response(200)
    h.send_header("Transfer-Encoding", "chunked")
    h.end_headers()
    h.wfile.write(b"0\r\n\r\n")
    return True


def nothing_until_the_end(h):
    h.send_response(200)
    h.send_header("Connection", "close")
    h.end_headers()
    h.close_connection = True
    return True


def unlisted():
    with socket.socket() as s:  # nobody listens there
        s.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{s.getsockname()[1]}"


ELSEWHERE = unlisted()
MISSING, SIZE = "finding file-missing: is listed by the index, and its upstream does not have it: ", "finding size-mismatch: "
# name: what the upstream does, what the refusal says, what would change it
WAYS = {
    "gone": (answers(404), MISSING + "it answered 404", "the upstream having it again"),
    "removed": (answers(410), MISSING + "it answered 410", "the upstream having it again"),
    "forbidden": (answers(403), "upstream-refuses: its upstream does not give it: it answered 403", "customhouse.yaml has for it"),
    "censored": (answers(451), "upstream-refuses: its upstream does not give it: it answered 451", "customhouse.yaml has for it"),
    "moved": (answers(302, headers=[("Location", ELSEWHERE + "/x")]), "fetch-denied: it may not be fetched from where its upstream has it",
              "`file_hosts` of the upstream in customhouse.yaml"),
    "ranged": (answers(206, headers=[("Content-Range", "bytes 0-1/2")]),
               "upstream-answer: what its upstream answers cannot be taken for it", "fetching it again"),
    "nothing": (lambda h: h.send_response(204) or h.end_headers() or True,
                "upstream-answer: what its upstream answers cannot be taken for it: it answered 204", "fetching it again"),
    "empty": (answers(200, b""), SIZE, "fetching it again"),
    "empty-chunks": (nothing_in_chunks, SIZE, "fetching it again"),
    "empty-end": (nothing_until_the_end, SIZE, "fetching it again"),
}


class Unfetched(Moody):
    @classmethod
    def fill(cls):
        for name in WAYS:
            add_wheel(cls.up, name, "1.0", sidecar=False)
            add_wheel(cls.up, name, "2.0", sidecar=False)
        add_wheel(cls.up, "abroad", "1.0", sidecar=False)

    @staticmethod
    def wheel(name):
        return wheels.file_name(name, "2.0")

    def badly(self):
        bad = {f"/files/{self.wheel(name)}": way for name, (way, _, _) in WAYS.items()}
        self.up.behave = lambda path: bad.get(path)

    def setUp(self):
        super().setUp()
        self.badly()

    def is_told(self, name, rule, change):
        """Without an ask for the file."""
        entry = self.explained(f"pypi:{name}==2.0")[self.wheel(name)]
        self.assertEqual(entry["verdict"], "hold")
        self.assertIn(rule, f"{entry['rule']}: {entry['reason']}")
        self.assertIn(change, entry["what_would_change_it"])
        self.assertIn("no approval can", entry["what_would_change_it"])
        self.assertRegex(entry["fetch_failed"], "^20")
        self.assertIn(rule.split(": ")[-1], str(self.page(name)[self.wheel(name)]["yanked"]))

    def test_each_is_a_refusal_like_all_others(self):
        pages = {}
        for name, (_, rule, change) in WAYS.items():
            with self.subTest(name=name):
                a = self.refused(name, "2.0", rule)
                headers = {name.lower(): value for name, value in a.headers}
                self.assertIn("no-store", headers["cache-control"])
                pages[name] = re.search(r"/-/x/\w+", a.reason).group()
                text = self.service.ask(pages[name])
                self.assertEqual(text.status, 200)
                self.assertIn(rule.split(": ")[1].strip().encode(), text.body)
                self.assertIn(change.encode(), text.body)
                told = json.loads(self.service.ask(pages[name], {"Accept": "application/json"}).body)
                self.assertIn(rule.split(":")[0], json.dumps(told))
                self.assertEqual(headers["content-type"], "application/problem+json")
                self.is_told(name, rule, change)
                status, out, err = self.service.command("approve", f"pypi:{name}==2.0", "--reason", "needed", "--expires", "7d")
                self.assertEqual(status, 1, out + err)
                self.assertIn(rule.split(": ")[1].strip(), out + err)
        self.with_clients(lambda client: [self.is_refused(client, f"{name}==2.0", rule.split(":")[0])
                                          for name, (_, rule, _) in WAYS.items()], ("pip-newest", "uv"))
        self.service.kill()
        self.service.start()
        self.index = self.service.url + "/pypi/simple/"
        for name, (_, rule, change) in WAYS.items():
            with self.subTest(name=name, after="kill -9"):
                before = self.up.asked.count(f"/files/{self.wheel(name)}")
                self.is_told(name, rule, change)
                self.assertEqual(self.up.asked.count(f"/files/{self.wheel(name)}"), before)
                self.assertIn(rule.split(": ")[1].strip().encode(), self.service.ask(pages[name]).body)
        # a resolver takes what there is, and what comes again once it does
        with Client("uv") as client:
            self.installs(client, "gone", "gone", "1.0")
        self.up.behave = lambda path: None
        for name in WAYS:
            with self.subTest(name=name, after="it came"):
                f = self.up.find(self.wheel(name))
                self.refreshed(name, lambda: self.service.ask(file_path(name, "2.0")).body == f.data)
                self.assertEqual(self.explained(f"pypi:{name}==2.0")[self.wheel(name)]["verdict"], "allow")

    def test_a_host_that_the_configuration_does_not_name(self):
        """T13: its index says that it lies there; whoever runs the gateway may add the host, and need not wait."""
        name = wheels.file_name("abroad", "1.0")
        f = self.up.find(name)
        self.page_is("abroad", "application/vnd.pypi.simple.v1+json", {
            "meta": {"api-version": "1.1"}, "name": "abroad", "versions": ["1.0"],
            "files": [{"filename": name, "url": f"{ELSEWHERE}/{name}", "hashes": {"sha256": f.sha256}, "size": len(f.data),
                       "upload-time": f.uploaded}]})
        a = self.refused("abroad", "1.0", "fetch-denied: it may not be fetched from where its upstream has it: ")
        self.assertIn("not among file_hosts", a.reason)
        self.assertIn("`file_hosts` of the upstream in customhouse.yaml", self.explained("pypi:abroad")[name]["what_would_change_it"])
        self.with_clients(lambda client: self.is_refused(client, "abroad==1.0", "fetch-denied"), ("pip-newest", "uv"))

    def test_rescan_fetches_it_at_once(self):
        add_wheel(self.up, "hidden", "2.0", sidecar=False)
        name = self.wheel("hidden")
        self.up.behave = lambda path: WAYS["removed"][0] if path == f"/files/{name}" else None
        self.refused("hidden", "2.0", MISSING + "it answered 410")
        status, out, err = self.service.command("rescan", name, "--wait")
        self.assertIn("it answered 410", out + err)
        self.up.behave = lambda path: None
        status, out, err = self.service.command("rescan", name, "--wait")
        self.assertEqual(status, 0, out + err)
        self.assertEqual(self.explained(name)[name]["verdict"], "allow")


if __name__ == "__main__":
    import unittest
    unittest.main()
