"""Connections that nobody uses keep nobody out, whatever they use up."""
import resource
import socket
import unittest

from house import raw
from house.case import add_wheel, file_path, with_key
from house.service import Service
from house.upstream import Upstream

FILES = 256  # descriptors that a process may have
HELD = 700   # more than those of all gateways together


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))


class Descriptors(unittest.TestCase):
    def test_idle_connections_give_way(self):
        if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < HELD + 100:
            self.skipTest(f"this process may not open {HELD} connections")
        up = Upstream()
        self.addCleanup(up.close)
        add_wheel(up, "old", "1.0")
        service = Service(up.url, before_start=few_descriptors,
                          configure=lambda text: with_key(text, "gateways", 2))
        self.addCleanup(service.remove)
        service.start()
        for _ in range(HELD):
            s = socket.create_connection(("127.0.0.1", service.port), 20)
            self.addCleanup(s.close)
            s.sendall(b"GET /-/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        for _ in range(8):  # of both gateways
            answer = raw.ask(service.port, file_path("old", "1.0"), timeout=20)
            self.assertEqual(answer.status, 200, answer)
        self.assertIn('event=descriptors what="connections.max" why="4096 wanted, the limit of descriptors '
                      '(RLIMIT_NOFILE) leaves 128"', service.log())
        for line in service.log_lines:
            self.assertNotIn("Too many open files", line)
