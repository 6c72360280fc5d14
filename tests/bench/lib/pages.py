"""Pages asked for at a steady rate over 32 connections, each timed from the moment it was due. wrk asks for the next
page only when it has the one before: whatever is late delays one page of each connection, not all that fell due
meanwhile, and a server that has time left is only asked for more."""
import collections
import selectors
import signal
import socket
import subprocess
import sys
import time
import urllib.parse

CONNECTIONS = 32


class Pages:
    """Asks from now on; `stop` gives [(due, there)] of all that fell due, in times of time.monotonic."""

    def __init__(self, url, per_second):
        self.url = url
        self.process = subprocess.Popen([sys.executable, __file__, url, str(per_second)], stdout=subprocess.PIPE,
                                        text=True)
        self.process.stdout.readline()  # it has its connections

    def stop(self):
        self.process.terminate()
        out = self.process.communicate(timeout=60)[0]
        if self.process.returncode != 0:
            raise RuntimeError(f"{self.url}: pages failed")
        return [tuple(map(float, line.split())) for line in out.splitlines()]


class Connection:
    def __init__(self, url, request):
        self.socket = socket.create_connection((url.hostname, url.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = request
        self.due = None
        self.got = b""

    def ask(self, due):
        self.due, self.got = due, b""
        self.socket.sendall(self.request)

    def take(self):
        """Whether the answer is whole now."""
        more = self.socket.recv(65536)
        self.got += more
        head, found, body = self.got.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        lengths = [int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")]
        if not more or (found and (b" 200 " not in head[:15] or not lengths or len(body) > lengths[0])):
            raise RuntimeError(f"not a page: {self.got[:100]}")
        return bool(found) and len(body) == lengths[0]


def main():
    url, gap = urllib.parse.urlsplit(sys.argv[1]), 1 / float(sys.argv[2])
    request = f"GET {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nAccept: text/html\r\n\r\n".encode()
    running = True

    def stop(_number, _frame):
        nonlocal running
        running = False
    signal.signal(signal.SIGTERM, stop)
    poll = selectors.DefaultSelector()
    free = [Connection(url, request) for _ in range(CONNECTIONS)]
    for c in free:
        c.ask(None)  # the page is warm in each process that answers
        while not c.take():
            pass
        poll.register(c.socket, selectors.EVENT_READ, c)
    print("begun", flush=True)
    due, waiting, there = time.monotonic(), collections.deque(), []
    while running or waiting or len(free) < CONNECTIONS:
        now = time.monotonic()
        while running and due <= now:
            waiting.append(due)
            due += gap
        while waiting and free:
            free.pop().ask(waiting.popleft())
        for key, _events in poll.select(max(0.0, due - time.monotonic()) if running else 1):
            if key.data.take():
                there.append((key.data.due, time.monotonic()))
                free.append(key.data)
    for pair in there:
        print(*pair)


if __name__ == "__main__":
    main()
