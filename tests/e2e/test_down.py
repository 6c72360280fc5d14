"""Upstreams that refuse, break off, answer errors, send a byte now and then, or say when to ask again: what
clients wait for then, what they are told, and what the upstream is asked meanwhile."""
import socket
import struct
import time

from house.case import Moody, add_wheel, file_path, in_parallel
from house.upstream import Upstream

AT_ONCE_S = 1.0  # nothing is waited for; on a busy machine


def refuse(h):
    """As a proxy before a server that is not there."""
    h.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    h.connection.close()
    h.close_connection = True
    return True


def status(code, *headers):
    def answer(h):
        Upstream.send(h, code, "text/plain", b"not now", headers)
        return True
    return answer


def drip(h):
    """A byte each second, and never the last."""
    try:
        h.send_response(200)
        h.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
        h.send_header("Content-Length", "1000")
        h.end_headers()
        for _ in range(60):
            h.wfile.write(b" ")
            time.sleep(1)
    except OSError:
        pass
    h.close_connection = True
    return True


def late(h):
    """The whole header comes slowly."""
    try:
        for c in b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.pypi.simple.v1+json\r\n":
            h.wfile.write(bytes([c]))
            time.sleep(1)
    except OSError:
        pass
    h.close_connection = True
    return True


def short(h):
    """Less than it states, each time."""
    h.send_response(200)
    h.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
    h.send_header("Content-Length", "5000")
    h.end_headers()
    h.wfile.write(b'{"meta": {"api-version": "1.1"}, ')
    h.close_connection = True
    return True


class Down:
    """A service of its own for each way of being down: they wait, side by side."""
    found_s = 3  # from the first page that fails, until it is known

    def asked(self, path, **kw):
        """The answer, and the seconds that it took."""
        began = time.monotonic()
        a = self.service.ask(path, **kw)
        return a, time.monotonic() - began

    def test_it_is_found_out_once(self):
        files = [self.known(name, "1.0")[0] for name in ("lasting", "second", "third")]
        add_wheel(self.up, "never-asked", "1.0")
        time.sleep(1.5)  # what is known is old enough to be asked for again
        way = type(self).way
        self.up.behave = lambda path: way if path.startswith("/simple/") else None
        a, took = self.asked("/pypi/simple/never-asked/")
        self.assertIn(a.status, (502, 503, 504), a)
        self.assertLess(took, 10.5)  # pip gives up after 15 s
        time.sleep(self.found_s)
        for _ in range(2):  # known pages at once, and the files
            for name, f in zip(("lasting", "second", "third"), files):
                a, took = self.asked(f"/pypi/simple/{name}/")
                self.assertEqual(a.status, 200, a)
                self.assertLess(took, AT_ONCE_S, name)
                self.assertEqual(self.service.ask(file_path(name, "1.0")).body, f.data)
        for path in ("/pypi/simple/never-asked/", "/pypi/simple/nor-this/", file_path("or-this", "1.0")):
            a, took = self.asked(path)
            self.assertIn(a.status, (502, 503, 504), a)
            self.assertLess(took, AT_ONCE_S, path)
            self.assertIn("does not answer at the moment", a.reason)
            self.assertLessEqual(int(a["Retry-After"]), 30)
        self.while_down()
        self.up.behave = lambda path: None
        self.eventually(lambda: self.service.ask("/pypi/simple/never-asked/").status == 200, 15)

    def while_down(self):
        pass


class Refusing(Down, Moody):
    way = staticmethod(refuse)

    def test_a_connection_that_is_reset_is_no_silence(self):
        """It is tried again, three times within 2.1 s, and then said as it is."""
        self.up.behave = lambda path: refuse if path == "/simple/reset/" else None
        a, took = self.asked("/pypi/simple/reset/")
        self.assertEqual((a.status, a.reason), (502, "127.0.0.1: Recv failure: Connection reset by peer"))
        self.assertLess(took, 3.5)
        self.assertEqual(self.up.asked.count("/simple/reset/"), 4)


class Erring(Down, Moody):
    way = staticmethod(status(500))


class Shorting(Down, Moody):
    way = staticmethod(short)


class Circling(Down, Moody):
    """Each page leads back to itself."""
    @staticmethod
    def way(h):
        Upstream.send(h, 302, "text/plain", b"", [("Location", h.path)])
        return True


class Dripping(Down, Moody):
    way = staticmethod(drip)
    found_s = 4  # it was suspected after 3 s, and 8 s later that is proven


class Late(Down, Moody):
    way = staticmethod(late)
    found_s = 4


class Busy(Down, Moody):
    """It says when to ask again, and is left alone until then."""
    way = staticmethod(status(503, ("Retry-After", "8")))

    def while_down(self):
        asked = len(self.up.asked)
        for name in ("lasting", "nor-this", "but-this"):
            self.service.ask(f"/pypi/simple/{name}/")
        self.assertEqual(self.up.asked[asked:], [])


class Limited(Busy):
    way = staticmethod(status(429, ("Retry-After", "8")))


class Clients(Moody):
    """What is known is installed while the upstream is down, and no slower; what is not fails soon."""

    def test_installs(self):
        add_wheel(self.up, "leaf", "1.0")
        add_wheel(self.up, "known-here", "1.0", requires=("leaf",))
        add_wheel(self.up, "unknown-here", "1.0")
        self.with_clients(lambda c: self.installs(c, "known-here"), ("pip-newest", "uv"))
        time.sleep(1.5)
        self.up.behave = lambda path: refuse if path.startswith("/simple/") else None
        self.service.ask("/pypi/simple/unknown-here/")

        def check(client):
            began = time.monotonic()
            self.installs(client, "known-here", "known_here", "1.0")
            print(f"{client.kind}: known {time.monotonic() - began:.1f} s")
            began = time.monotonic()
            status, text = client.install(self.index, "unknown-here")
            took = time.monotonic() - began
            print(f"{client.kind}: unknown {took:.1f} s")
            self.assertNotEqual(status, 0, text)
            self.assertLess(took, 25)
        self.with_clients(check, ("pip-newest", "uv"))


class Unsized(Moody):
    def test_head_waits_as_get_does(self):
        """The index does not state the size: HEAD is told the same as GET, and not that it is refused."""
        for i in range(2):
            add_wheel(self.up, "unsized", f"1.{i}").stated_size = False
        self.assertEqual(self.service.ask("/pypi/simple/unsized/").status, 200)
        self.up.delay_s = 2
        a = self.service.ask(file_path("unsized", "1.0"), method="HEAD")
        size = str(len(self.up.find("unsized-1.0-py3-none-any.whl").data))
        self.assertEqual((a.status, a["Content-Length"]), (200, size), a)
        self.up.delay_s = 13
        ways = {}

        def ask(method):
            path = file_path("unsized", "1.1")
            ways[method] = self.service.ask(path, {"User-Agent": "pip/23.0"}, method=method)
        ended = in_parallel({m: lambda m=m: ask(m) for m in ("HEAD", "GET")})
        self.assertEqual([e for e in ended.values() if e], [])
        self.assertEqual(ways["HEAD"].status, ways["GET"].status)
        self.assertEqual(ways["HEAD"]["Location"], ways["GET"]["Location"])


if __name__ == "__main__":
    import unittest
    unittest.main()
