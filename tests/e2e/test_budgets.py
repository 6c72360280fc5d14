"""What one client may cause upstream (T14), and file hosts that take a question and do not answer it."""
import http.client
import re
import threading
import time

from house.case import Quarantine, add_wheel, file_path, in_parallel, with_key
from house import wheels
from house.clients import Client
from house.upstream import Upstream

COLD = 300


class Gate:
    """Files whose name begins so are held back; how many are being asked for at once is counted."""

    def __init__(self, up, prefix, hold_s):
        self.up, self.prefix, self.hold_s = up, prefix, hold_s
        self.lock, self.now, self.most, self.all = threading.Lock(), 0, 0, 0

    def behave(self, path):
        return self.answer if path.startswith(f"/files/{self.prefix}") else None

    def answer(self, h):
        with self.lock:
            self.now += 1
            self.all += 1
            self.most = max(self.most, self.now)
        try:
            time.sleep(self.hold_s)
            self.up.answer(h)
        finally:
            with self.lock:
                self.now -= 1
        return True


class Budgets(Quarantine):
    @classmethod
    def fill(cls):
        for i in range(COLD):
            add_wheel(cls.up, "many", f"1.{i}", sidecar=False)
        for i in range(3):
            add_wheel(cls.up, "few", f"1.{i}")

    def ask_from(self, address, path, timeout=120):
        """As another client: status, reason, seconds."""
        c = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=timeout,
                                       source_address=(address, 0))
        started = time.monotonic()
        c.request("GET", path, headers={"User-Agent": "uv/0.5"})
        a = c.getresponse()
        a.read()
        c.close()
        return a.status, a.reason, time.monotonic() - started

    def test_300_cold_files_of_one_client(self):
        self.assertEqual(self.service.ask("/pypi/simple/many/").status, 200)
        self.assertEqual(self.service.ask("/pypi/simple/few/").status, 200)
        gate = Gate(self.up, "many-", 0.3)
        self.up.behave = gate.behave
        answers, others = {}, []

        def one(i):
            path = file_path("many", f"1.{i}")
            while True:  # a client that follows what it is told
                answers[i] = self.ask_from("127.0.0.1", path)
                if answers[i][0] != 307:
                    return

        def another():
            time.sleep(2)  # all 300 are asked for by then
            for i in range(3):
                others.append(self.ask_from("127.0.0.2", file_path("few", f"1.{i}")))
        in_parallel({**{str(i): (lambda i=i: one(i)) for i in range(COLD)}, "another": another})
        self.assertEqual({a[0] for a in answers.values()}, {200})
        self.assertEqual(gate.all, COLD)
        self.assertLessEqual(gate.most, 12)
        self.assertGreater(gate.most, 6)
        self.assertEqual([a[0] for a in others], [200] * 3)
        # Behind all 300 they would have come when these did.
        self.assertLess(max(a[2] for a in others), max(a[2] for a in answers.values()) / 2)


class Crowd(Quarantine):
    """One client asks for much that does not come; what others wait for is not its to hold up."""

    @classmethod
    def fill(cls):
        cls.gate = threading.Event()
        cls.addClassCleanup(cls.gate.set)
        for name in ("witness", "next-pip-newest", "next-uv", "shared-pip-newest", "shared-uv", "prompt"):
            add_wheel(cls.up, name, "1.0")
        cls.before = {}  # path -> what is to be done before it is answered
        cls.crowded = threading.Event()  # when it is done
        for kind in ("pip-newest", "uv"):
            add_wheel(cls.up, f"calm-{kind}", "1.0", requires=(f"next-{kind}",))
        for i in range(30):
            add_wheel(cls.up, "silent", f"1.{i}")
        for i in range(60):
            add_wheel(cls.up, "heap", f"1.{i}", sidecar=False)

        def wait(h):
            cls.gate.wait(60)
            h.close_connection = True
            return True

        def slow(h):
            time.sleep(2)
            return False

        def first(h):
            cls.before.pop(h.path)()
            cls.crowded.set()
            return False

        def later(h):  # the whole file, asked for ahead: it would tell its metadata before there is a crowd
            cls.crowded.wait(60)
            return False
        cls.up.behave = lambda path: (wait if path.startswith(("/simple/mute-", "/files/silent-"))
                                      else slow if path.startswith("/files/heap-")
                                      else first if path in cls.before
                                      else later if path.startswith("/files/calm") else None)

    def setUp(self):
        self.assertEqual(self.service.ask("/pypi/simple/witness/").status, 200)

    def ask_from(self, address, *paths, settle_s=1.0):
        """As another client, all at once, and left to itself."""
        def one(path):
            c = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=120,
                                           source_address=(address, 0))
            try:
                c.request("GET", path, headers={"User-Agent": "uv/0.5"})
                c.getresponse().read()
            except OSError:
                pass
            c.close()
        threads = [threading.Thread(target=one, args=(p,)) for p in paths]
        for t in threads:
            t.start()
        self.addCleanup(lambda: [t.join() for t in threads])
        time.sleep(settle_s)

    def test_a_page_that_another_waits_for_in_its_queue(self):
        def check(client):
            name = f"shared-{client.kind}"
            other = "127.0.0.2" if client.kind == "uv" else "127.0.0.3"
            self.ask_from(other, *[f"/pypi/simple/mute-{client.kind}-{i}/" for i in range(24)])
            self.ask_from(other, f"/pypi/simple/{name}/")
            self.installs(client, name, name.replace("-", "_"), "1.0")
            # What it waited for the page, whatever it takes to start it: a place among those is free after 8 s.
            waited = [r["us"] / 1e6 for r in self.service.access_log()
                      if r["path"] == f"/pypi/simple/{name}/" and r["peer"] == "127.0.0.1"]
            self.assertTrue(waited)
            self.assertLess(max(waited), 7)
        for kind in ("uv", "pip-newest"):
            self.with_clients(check, (kind,))

    def test_over_budget_they_come_again_by_themselves(self):
        """The clients' own address asks for 40 pages that do not come: theirs is told to wait for its turn.
        A page that does not come takes one of 20 places for 8 s, and one that is over budget waits for 6. So the 40
        are asked for when the client needs but one more page, whatever it takes to start one; and the latter
        20 some seconds later, so that they still wait, before it, for the places of the former."""
        def check(client):
            name, after = f"calm-{client.kind}", f"next-{client.kind}"
            mute = f"/simple/mute-again-{client.kind}-"

            def crowd():
                self.ask_from("127.0.0.1", *[f"/pypi{mute}{i}/" for i in range(20)], settle_s=0)
                self.eventually(lambda: sum(p.startswith(mute) for p in self.up.asked) == 20)
                time.sleep(4)
                self.ask_from("127.0.0.1", *[f"/pypi{mute}{i}/" for i in range(20, 40)])
            self.crowded.clear()
            self.before[f"/files/{wheels.file_name(name, '1.0')}.metadata"] = crowd
            self.installs(client, name, after.replace("-", "_"), "1.0")
            self.assertEqual(self.before, {})
            asked = [r for r in self.service.access_log() if r["path"] == f"/pypi/simple/{after}/"]
            print(f"{client.kind}: {[(r['status'], round(r['us'] / 1e6, 1)) for r in asked]}")
            self.assertEqual(asked[-1]["status"], 200)
            self.assertIn(503, [r["status"] for r in asked])
        for kind in ("uv", "pip-newest"):
            self.with_clients(check, (kind,))

    def test_a_file_that_another_waits_for_in_its_queue(self):
        self.assertEqual(self.service.ask("/pypi/simple/heap/").status, 200)
        self.ask_from("127.0.0.2", *[file_path("heap", f"1.{i}") for i in range(60)])
        began = time.monotonic()
        self.assertEqual(self.service.ask(file_path("heap", "1.59"), {"User-Agent": "uv/0.5"}).status, 200)
        self.assertLess(time.monotonic() - began, 7)  # 60 files, 12 at once, take 10 s and more

    def test_metadata_that_do_not_come_hold_up_no_page(self):
        self.assertEqual(self.service.ask("/pypi/simple/silent/").status, 200)
        self.ask_from("127.0.0.2", *[file_path("silent", f"1.{i}") + ".metadata" for i in range(15)])
        self.ask_from("127.0.0.3", *[file_path("silent", f"1.{i}") + ".metadata" for i in range(15, 30)])
        began = time.monotonic()
        self.assertEqual(self.service.ask("/pypi/simple/prompt/").status, 200)
        self.assertLess(time.monotonic() - began, 2)


class Tight(Quarantine):
    @classmethod
    def configure(cls, text):
        text = re.sub(r"(?m)^(?:# )?fetching:$", "fetching:", text)
        return with_key(with_key(text, "per_minute_per_address", 1), "burst_per_address", 3)

    @classmethod
    def fill(cls):
        for i in range(6):
            add_wheel(cls.up, "tight", f"1.{i}", sidecar=False)

    def test_over_budget_waits_and_says_so(self):
        self.assertEqual(self.service.ask("/pypi/simple/tight/").status, 200)
        for i in range(3):
            self.assertEqual(self.service.ask(file_path("tight", f"1.{i}")).status, 200)
        asked, started = len(self.up.asked), time.monotonic()
        path = file_path("tight", "1.5")
        a = self.service.ask(path, {"User-Agent": "pip/23.0"})
        self.assertEqual((a.status, a["Location"]), (307, path + "?wait=1"), a)
        self.assertGreater(time.monotonic() - started, 5)
        a = self.service.ask(path + "?wait=1000", {"User-Agent": "pip/23.0"})
        self.assertEqual(a.status, 403, a)
        self.assertRegex(a.reason, r"it waits for its turn, .* try again in about \d+ s")
        self.assertEqual(len(self.up.asked), asked)
        self.assertEqual(self.service.ask(file_path("tight", "1.0")).status, 200)  # what is here costs nothing


class Hanging(Quarantine):
    """The index answers, the file host takes the connection and is silent, or nearly so."""
    @classmethod
    def fill(cls):
        cls.quiet = threading.Event()
        cls.addClassCleanup(cls.quiet.set)
        for client in ("pip-debian", "pip-newest", "uv"):
            add_wheel(cls.up, f"mute-{client}", "1.0")
        for name in ("mute", "trickling", "headed", "later"):
            add_wheel(cls.up, name, "1.0", files={f"{name}/data.bin": bytes(range(256)) * 400})

        def silent(h):
            cls.quiet.wait(120)
            h.close_connection = True
            return True

        def trickling(h):
            f = cls.up.find(h.path.rsplit("/", 1)[1])
            h.send_response(200)
            h.send_header("Content-Length", str(len(f.data)))
            h.end_headers()
            for i in range(120):
                h.wfile.write(f.data[i:i + 1])
                if cls.quiet.wait(1):
                    break
            h.close_connection = True
            return True

        def headed(h):
            h.send_response(200)
            h.send_header("Content-Length", str(len(cls.up.find(h.path.rsplit("/", 1)[1]).data)))
            h.end_headers()
            h.wfile.flush()
            return silent(h)

        def later(h):
            time.sleep(18)  # longer than pip waits for a first byte
            return False

        def behave(path):
            for start, what in (("mute", silent), ("trickling", trickling), ("headed", headed), ("later", later)):
                if path.startswith("/files/" + start) and not (what is later and path.endswith(".metadata")):
                    return what
            return None
        cls.up.behave = behave

    def test_files(self):
        def one(name):
            def job():
                started = time.monotonic()
                a = self.service.ask(file_path(name, "1.0"), {"User-Agent": "uv/0.5"})
                took = time.monotonic() - started
                self.assertEqual(a.status, 504, a)
                self.assertIn("the upstream does not send it", a.reason)
                self.assertLess(took, 20, name)  # 16 s, a little more than pip gives it
                started = time.monotonic()
                a = self.service.ask(file_path(name, "1.0"), {"User-Agent": "uv/0.5"})
                self.assertEqual(a.status, 504, a)
                self.assertLess(time.monotonic() - started, 1, name)
            return job
        for name, e in in_parallel({n: one(n) for n in ("mute", "trickling", "headed")}).items():
            with self.subTest(name=name):
                if e:
                    raise e

    def test_a_late_answer_is_used(self):
        """Who asks first is told that it does not come; it comes, and who asks then has it."""
        path = file_path("later", "1.0")
        a = self.service.ask(path, {"User-Agent": "uv/0.5"})
        self.assertEqual(a.status, 504, a)
        self.eventually(lambda: self.service.ask(path, {"User-Agent": "uv/0.5"}).status == 200, 30)
        self.assertEqual(sum(1 for p in self.up.asked if p.endswith("later-1.0-py3-none-any.whl")), 1)

    def test_clients_end_soon(self):
        took = {}

        def check(client):
            started = time.monotonic()
            status, text = client.install(self.index, f"mute-{client.kind}")
            took[client.kind] = time.monotonic() - started
            self.assertNotEqual(status, 0, text)
            self.assertIn("504", text)
        self.with_clients(check, ("pip-debian", "pip-newest", "uv"))
        print(f"a mute file host, until the client gave up: { {k: round(v, 1) for k, v in took.items()} }")
        for client in took:
            waits = [r["us"] / 1e6 for r in self.service.access_log() if f"/mute-{client}/" in r["path"]]
            self.assertLess(max(waits), 20)
            self.assertLess(sum(waits), 24)  # once, whatever the client tries again


if __name__ == "__main__":
    import unittest
    unittest.main()
