"""HTTP without help: what a client library would follow, repair or hide is what tests look at."""
import socket
import urllib.parse


class Answer:
    def __init__(self, version, status, reason, headers, body):
        self.version, self.status, self.reason = version, status, reason
        self.headers, self.body = headers, body

    def __getitem__(self, name):
        """A header's value, None: not there; several of the same name are an error."""
        values = [v for k, v in self.headers if k.lower() == name.lower()]
        if len(values) > 1:
            raise AssertionError(f"{name} is there {len(values)} times")
        return values[0] if values else None

    def __repr__(self):
        return f"<{self.status} {self.reason!r} {self.headers} {self.body[:500]!r}>"


def ask(port, path, headers=None, method="GET", timeout=60):
    head = {"Host": f"127.0.0.1:{port}"}
    head.update(headers or {})
    lines = [f"{method} {path} HTTP/1.1"]
    for name, value in head.items():
        if value is not None:
            lines.append(f"{name}: {value}")
    lines += ["Connection: close", "", ""]
    return send(port, "\r\n".join(lines).encode("latin-1"), method, timeout)


def send(port, request, method="GET", timeout=60):
    with socket.create_connection(("127.0.0.1", port), timeout) as s:
        s.sendall(request)
        data = bytearray()
        while True:
            piece = s.recv(262144)
            if not piece:
                break
            data += piece
    answer = parse(bytes(data), method)
    at = request.split(b" ", 2)[1].decode("latin-1")
    # relative, so that it holds behind a proxy, too; where it leads is what tests ask
    answer.headers = [(k, urllib.parse.urljoin(at, v) if k == "Location" else v) for k, v in answer.headers]
    return answer


def parse(data, method):
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        raise ConnectionError(f"no whole answer: {data[:200]!r}")
    status_line, *lines = head.split(b"\r\n")
    version, status, reason = (status_line + b" ").split(b" ", 2)
    for b in reason.strip():
        if not 0x20 <= b <= 0x7e:
            raise AssertionError(f"reason phrase is not printable: {reason!r}")
    headers = []
    for line in lines:
        name, found, value = line.partition(b":")
        if not found:
            raise AssertionError(f"no header: {line!r}")
        headers.append((name.decode("latin-1"), value.strip().decode("latin-1")))
    answer = Answer(version.decode(), int(status), reason.strip().decode(), headers, body)
    length = answer["Content-Length"]
    if method != "HEAD" and length is not None and int(length) != len(body):
        raise ConnectionError(f"{len(body)} of {length} bytes")
    return answer
