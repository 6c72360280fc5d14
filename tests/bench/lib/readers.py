"""Clients that read large files as those on other machines would, as far as this one's processors can tell: as
fast as the bytes come, which the kernel then throws away (MSG_TRUNC). curl on the same two processors would copy
them, and take more of these than the server does."""
import queue
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

MOST = 1 << 20  # taken at once


class Readers:
    """`count` programs, awake but idle until `read`; to be closed."""

    def __init__(self, count):
        self.programs = [subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                          text=True) for _ in range(count)]
        for p in self.programs:
            p.stdout.readline()

    def read(self, urls):
        """Begins to read each of them once; `emptied` is set when none is left to begin."""
        self.emptied, self.ends, self.problems = threading.Event(), [], []
        left = queue.SimpleQueue()
        for url in urls:
            left.put(url)
        self.threads = [threading.Thread(target=self._feed, args=(p, left)) for p in self.programs]
        for t in self.threads:
            t.start()

    def _feed(self, program, left):
        while True:
            try:
                url = left.get_nowait()
            except queue.Empty:
                self.emptied.set()
                return
            program.stdin.write(url + "\n")
            program.stdin.flush()
            answer = program.stdout.readline().strip()
            if not answer.startswith("read "):
                self.problems.append(f"{url}: {answer or 'the reader ended'}")
                self.emptied.set()
                return
            self.ends.append(float(answer.split()[1]))

    def join(self):
        """When the last byte was there (time.monotonic)."""
        for t in self.threads:
            t.join()
        if self.problems:
            raise RuntimeError("; ".join(self.problems))
        return max(self.ends)

    def close(self):
        for p in self.programs:
            p.stdin.close()
            p.stdout.close()
            p.wait(30)


def take(connection, path):
    """Reads one file to its end."""
    host = "{}:{}".format(*connection.getpeername())
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    while b"\r\n\r\n" not in (seen := connection.recv(65536, socket.MSG_PEEK)):
        if not seen:
            raise RuntimeError("closed without an answer")
    head = connection.recv(seen.index(b"\r\n\r\n") + 4).decode("latin-1").split("\r\n")
    lengths = [int(line.partition(":")[2]) for line in head if line.lower().startswith("content-length:")]
    if " 200 " not in head[0] or not lengths:
        raise RuntimeError(head[0])
    left, room = lengths[0], bytearray(MOST)
    while left > 0:
        got = connection.recv_into(room, min(left, MOST), socket.MSG_TRUNC)
        if got == 0:
            raise RuntimeError(f"closed {left} bytes before the end")
        left -= got


def main():
    connection = None
    print("ready", flush=True)
    for line in sys.stdin:
        url = urllib.parse.urlsplit(line.strip())
        try:
            if connection is None:
                connection = socket.create_connection((url.hostname, url.port))
            take(connection, url.path)
            print("read", time.monotonic(), flush=True)
        except (OSError, RuntimeError) as e:
            connection = None
            print(e, flush=True)


if __name__ == "__main__":
    main()
