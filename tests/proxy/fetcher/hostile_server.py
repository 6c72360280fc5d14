"""An HTTP server that misbehaves on request: each path is one fault.

With a PEM file (certificate and key) and one of its anchor as arguments it speaks TLS and takes, but
does not want, client certificates. Prints the ports of its three listeners (the upstream, a file host, and a host that nobody may reach)
and serves until its standard input closes. /-/seen answers with what was asked so far, one line per
request, and forgets it.
"""
import gzip
import socket
import ssl
import struct
import sys
import threading
import zlib

BODY = bytes(i % 251 for i in range(100_000))
OTHER = bytes((i * 7) % 241 for i in range(90_000))
ETAG = '"v1"'
lock = threading.Lock()
seen = []
counts = {}


class Request:
    def __init__(self, sock, host, line, headers):
        self.sock = sock
        self.host = host
        self.method, self.path, _ = line.split(" ", 2)
        self.headers = headers
        with lock:
            self.nth = counts[self.path] = counts.get(self.path, 0) + 1

    def send(self, data):
        self.sock.sendall(data)

    def reply(self, status, body=b"", *, length=None, **fields):
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}"]
        lines += [f"{k.replace('_', '-')}: {v}" for k, v in fields.items()]
        self.send("\r\n".join(lines + ["", ""]).encode("latin-1") + body)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionResetError

    def part(self, body, **fields):
        """200, or 206 when Range is there and If-Range holds."""
        wanted = self.headers.get("range")
        validators = (fields.get("ETag"), fields.get("Last_Modified"))
        if wanted is None or self.headers.get("if-range", validators[0]) not in validators:
            return self.reply("200 OK", body, **fields)
        start, _, end = wanted.removeprefix("bytes=").partition("-")
        first, last = int(start), min(int(end or len(body) - 1), len(body) - 1)
        if first >= len(body):
            return self.reply("416 Range Not Satisfiable", Content_Range=f"bytes */{len(body)}")
        return self.reply("206 Partial Content", body[first:last + 1],
                          Content_Range=f"bytes {first}-{last}/{len(body)}", **fields)

    def break_first(self, **fields):
        """The first time half of BODY, then a reset."""
        if self.nth == 1:
            self.reply("200 OK", BODY[:50_000], length=len(BODY), **fields)
            self.reset()


def ok(r):
    r.reply("200 OK", BODY, ETag=ETAG, Last_Modified="Wed, 01 Jan 2020 00:00:00 GMT",
            Content_Type="Application/Octet-Stream; charset=x")


def json_utf8(r):
    r.reply("200 OK", BODY, Content_Type='Application/x+JSON; v=1; Charset="UTF-8"')


def json_latin1(r):
    r.reply("200 OK", BODY, Content_Type="application/x+json; charset=latin-1")


def resume_etag(r):
    r.break_first(ETag=ETAG)
    r.part(BODY, ETag=ETAG)


def resume_date(r):
    dates = {"Last_Modified": "Wed, 01 Jan 2020 00:00:00 GMT", "Date": "Thu, 02 Jan 2020 00:00:00 GMT"}
    r.break_first(**dates)
    r.part(BODY, **dates)


def resume_none(r):
    r.break_first()
    r.part(BODY)


def resume_weak(r):
    r.break_first(ETag='W/"v1"')
    r.part(BODY, ETag='W/"v1"')


def resume_fresh_date(r):
    dates = {"Last_Modified": "Wed, 01 Jan 2020 00:00:00 GMT", "Date": "Wed, 01 Jan 2020 00:00:00 GMT"}
    r.break_first(**dates)
    r.part(BODY, **dates)


def resume_changed(r):
    r.break_first(ETag=ETAG)
    r.part(OTHER, ETag='"v2"')


def resume_wrong_start(r):
    r.break_first(ETag=ETAG)
    if "range" in r.headers:
        return r.reply("206 Partial Content", BODY[40_000:], ETag=ETAG,
                       Content_Range=f"bytes 40000-{len(BODY) - 1}/{len(BODY)}")
    return r.reply("200 OK", BODY, ETag=ETAG)


def resume_other_total(r):
    r.break_first(ETag=ETAG)
    if "range" in r.headers:
        start = int(r.headers["range"].removeprefix("bytes=").rstrip("-"))
        return r.reply("206 Partial Content", OTHER[start:], ETag=ETAG,
                       Content_Range=f"bytes {start}-{len(OTHER) - 1}/{len(OTHER)}")
    return r.reply("200 OK", BODY, ETag=ETAG)


def resume_gone(r):
    r.break_first(ETag=ETAG)
    r.reply("404 Not Found", b"gone")


def resume_in_pieces(r):
    """Each answer breaks after 30,000 bytes more."""
    start = int(r.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
    piece = BODY[start:start + 30_000]
    if start == 0:
        r.reply("200 OK", piece, length=len(BODY), ETag=ETAG)
    else:
        r.reply("206 Partial Content", piece, length=len(BODY) - start, ETag=ETAG,
                Content_Range=f"bytes {start}-{len(BODY) - 1}/{len(BODY)}")
    if start + 30_000 < len(BODY):
        r.reset()


def breaks_always(r):
    r.reply("200 OK", BODY[:100], length=len(BODY))
    r.reset()


def big_chunked(r):
    r.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(1000):
        r.send(b"%x\r\n%s\r\n" % (len(BODY), BODY))
    r.send(b"0\r\n\r\n")


def chunked_short(r):
    """Whole, as its framing says; what would follow is no part of it."""
    if "range" in r.headers:
        return r.reply("416 Range Not Satisfiable", Content_Range="bytes */100")
    r.send(b'HTTP/1.1 200 OK\r\nETag: "short"\r\nTransfer-Encoding: chunked\r\n\r\n'
           b"64\r\n%s\r\n0\r\n\r\n" % BODY[:100])


def empty(r):
    r.reply("200 OK", b"")


def empty_chunked(r):
    r.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")


def empty_to_end(r):
    r.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    r.sock.close()


def endless_headers(r):
    r.send(b"HTTP/1.1 200 OK\r\n")
    for i in range(100_000):
        r.send(b"X-%d: %s\r\n" % (i, b"a" * 200))


def slow(r):
    r.reply("200 OK", b"", length=len(BODY))
    for i in range(600):
        r.send(BODY[i:i + 1])
        stopping.wait(0.05)


def trickle(r):
    """Fast enough to be let live, long enough for several progress messages."""
    r.reply("200 OK", b"", length=20 * 4096)
    for _ in range(20):
        r.send(BODY[:4096])
        stopping.wait(0.05)


def trickle_body(r):
    r.reply("200 OK", b"", length=len(BODY))
    for at in range(0, len(BODY), 10_000):
        r.send(BODY[at:at + 10_000])
        stopping.wait(0.05)


def stall(r):
    stopping.wait(30)


def bomb(r):
    r.reply("200 OK", gzip.compress(bytes(50_000_000)), Content_Encoding="gzip")


def gzip_nothing(r):
    """Blocks that decode to nothing, for ever."""
    head = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    r.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + head)
    for _ in range(200):
        r.send(b"\0\0\0\xff\xff" * 20_000)


def zstd_raw(r):
    text = b"zstd text"
    block = ((len(text) << 3) | 1).to_bytes(3, "little") + text
    r.reply("200 OK", b"\x28\xb5\x2f\xfd\x20" + bytes([len(text)]) + block, Content_Encoding="zstd")


def zstd_frame(data):
    """Without compression: RFC 8878, raw blocks in a window of 8 MiB, no checksum."""
    at, blocks = 0, b""
    while at < len(data):
        piece = data[at:at + 50_000]
        at += len(piece)
        blocks += ((len(piece) << 3) | (at == len(data))).to_bytes(3, "little") + piece
    return b"\x28\xb5\x2f\xfd\0\x68" + blocks


def gzip_without_end():
    """Whole up to a byte's end, and neither a last block nor a checksum."""
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    return z.compress(BODY) + z.flush(zlib.Z_SYNC_FLUSH)


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 0xff]) + data[at + 1 if at != -1 else len(data):]


GZIP, ZSTD = gzip.compress(BODY), zstd_frame(BODY)
ZEROS = b"\x28\xb5\x2f\xfd\0\x68" + (131072 << 3 | 2).to_bytes(3, "little") + b"\0"  # a block of 128 KiB, and no last one
CODED = {
    "gzip": {"whole": GZIP, "members": gzip.compress(BODY[:9]) + gzip.compress(b"") + gzip.compress(BODY[9:]),
             "no-end": gzip_without_end(), "crc": flipped(GZIP, -6), "size": flipped(GZIP, -1),
             "trailing": GZIP + b"more", "zeros": GZIP + bytes(8), "second-cut": gzip.compress(BODY[:9]) + GZIP[:-1],
             "second-begun": GZIP + b"\x1f", "second-odd": GZIP + b"\x1fmore and more", "empty": b"", "plain": BODY},
    "zstd": {"whole": ZSTD, "members": zstd_frame(BODY[:9]) + zstd_frame(BODY[9:]), "trailing": ZSTD + b"more and more",
             "second-cut": zstd_frame(BODY[:9]) + ZSTD[:-1], "second-begun": ZSTD + b"\x28", "empty": b"", "plain": BODY,
             "bomb": ZEROS + ZEROS[6:] * 400, "window": ZSTD[:5] + b"\x70" + ZSTD[6:],
             "nothing": b"\x50\x2a\x4d\x18\xf0\xff\0\0" + bytes(0xfff0)},
}


def coded(r):
    """/coded/CODING/WHAT[/HOW]: "cut-N" is the whole without its last N bytes."""
    coding, what, *how = r.path.removeprefix("/coded/").split("/")
    cut = what.removeprefix("cut-")
    body = CODED[coding]["whole"][:-int(cut)] if cut != what else CODED[coding][what]
    if what == "nothing":
        body *= 40
    if how == ["chunked"]:
        r.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % coding.encode())
        for at in range(0, len(body), 997):
            r.send(b"%x\r\n%s\r\n" % (len(body[at:at + 997]), body[at:at + 997]))
        return r.send(b"0\r\n\r\n")
    if how == ["close"]:
        r.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nConnection: close\r\n\r\n" % coding.encode() + body)
        return r.sock.close()
    if how == ["once"] and r.nth > 1:
        body = CODED[coding]["whole"]
    return r.reply("200 OK", body, Content_Encoding=coding)


def to_other_port(r):
    r.reply("302 Found", Location=f"{scheme}://127.0.0.1:{ports[2]}/ok")


def to_file_host(r):
    r.reply("302 Found", b"moved", Location=f"{scheme}://127.0.0.1:{ports[1]}/ok")


def then_ok(status, times, **fields):
    def handle(r):
        if r.nth <= times:
            return r.reply(status, b"busy", **fields)
        return ok(r)
    return handle


def peer(r):
    """Whom the client's certificate names."""
    subject = (r.sock.getpeercert() or {}).get("subject", ((("", "nobody"),),))
    r.reply("200 OK", subject[0][0][1].encode())


def wants_token(r):
    """/v2/CASE/...: 401 until a token of that case comes. The realm lies on host 0, 1 or 2, as its case says."""
    case = r.path.split("/")[2]
    where = {"own": 0, "unlisted": 2}.get(case, 1)
    given = r.headers.get("authorization", "")
    with lock:
        good = given.startswith("Bearer t-" + case) and given not in revoked
    if good and case == "moved":
        return r.reply("307 Temporary Redirect", Location=f"{scheme}://127.0.0.1:{ports[1]}/ok")
    if good and case == "once":
        with lock:
            revoked.add(given)
    if good and case != "never":
        return r.reply("200 OK", BODY, ETag=ETAG)
    realm = "scheme://nowhere" if case == "odd" else f"{scheme}://127.0.0.1:{ports[where]}/token-{case}"
    name = "/".join(r.path.split("/")[2:-2])
    scope = {"pushing": "repository:pushing:pull,push", "other": "repository:private/app:pull", "longer": "repository:longer/app:pull",
             "two": "repository:two:pull repository:private/app:pull", "twice": "repository:twice:pull repository:twice:pull",
             "maker": "aws", "bare": ""}.get(case, f"repository:{name}:pull")
    challenge = f'Bearer realm="{realm}",service="the registry"' + (f',scope="{scope}"' if scope else "")
    if case == "basic":
        challenge = "Bearer authorization_uri=https://login.example.org/"
    return r.reply("401 Unauthorized", b"who?", WWW_Authenticate=challenge)


def token(r):
    """/token-CASE?service=...: a token, or what the case has in its place."""
    case = r.path.partition("?")[0].removeprefix("/token-")
    bodies = {"nested": b'{"token": {"x": "t"}}', "long": b'{"token": "' + b"a" * 100_000 + b'"}',
              "line": b'{"token": "t\\r\\nX-Evil: yes"}', "html": b"<html>", "empty": b""}
    if case == "refused":
        return r.reply("403 Forbidden", b"no")
    if case == "redirected":
        return r.reply("302 Found", Location=f"{scheme}://127.0.0.1:{ports[1]}/token-own")
    if case == "busy" and r.nth == 1:
        return r.reply("503 Service Unavailable", b"later")
    text = b'{"token": "t-%s-%d", "expires_in": 300}' % (case.encode(), r.nth)
    return r.reply("200 OK", bodies.get(case, text), Content_Type="application/json")


revoked = set()


def route(path):
    if path.startswith("/v2/"):
        return wants_token
    if path.startswith("/token-"):
        return token
    if path.startswith("/coded/"):
        return coded
    return ROUTES.get(path, lambda r: r.reply("404 Not Found"))


ROUTES = {
    "/json-utf8": json_utf8, "/json-latin1": json_latin1,
    "/peer": peer,
    "/ok": ok,
    "/range": lambda r: r.part(BODY, ETag=ETAG),
    "/no-range": lambda r: r.reply("200 OK", BODY, ETag=ETAG),
    "/unasked-range": lambda r: r.reply("206 Partial Content", BODY[:10],
                                        Content_Range=f"bytes 0-9/{len(BODY)}"),
    "/encoded-range": lambda r: r.reply("206 Partial Content", BODY[:10], Content_Encoding="gzip",
                                        Content_Range=f"bytes 0-9/{len(BODY)}"),
    "/longer-range": lambda r: r.reply("206 Partial Content", BODY[:11],
                                       Content_Range=f"bytes 0-9/{len(BODY)}"),
    "/shorter-range": lambda r: r.reply("206 Partial Content", BODY[:9],
                                        Content_Range=f"bytes 0-9/{len(BODY)}"),
    "/not-modified": lambda r: r.reply("304 Not Modified", ETag=ETAG),
    "/missing": lambda r: r.reply("404 Not Found", b"no such file"),
    "/missing-big": lambda r: r.reply("404 Not Found", BODY * 5),
    "/resume-etag": resume_etag, "/resume-date": resume_date, "/resume-none": resume_none,
    "/resume-weak": resume_weak, "/resume-fresh-date": resume_fresh_date,
    "/resume-changed": resume_changed, "/resume-wrong-start": resume_wrong_start,
    "/resume-other-total": resume_other_total, "/resume-gone": resume_gone,
    "/resume-in-pieces": resume_in_pieces, "/breaks-always": breaks_always,
    "/short": lambda r: (r.reply("200 OK", BODY[:500], length=1000), r.sock.close()),
    "/long": lambda r: (r.reply("200 OK", BODY[:500], length=100), r.sock.close()),
    "/big": lambda r: r.reply("200 OK", b"", length=10 ** 12),
    "/big-chunked": big_chunked, "/chunked-short": chunked_short, "/empty": empty,
    "/empty-chunked": empty_chunked, "/empty-to-end": empty_to_end, "/endless-headers": endless_headers,
    "/slow": slow, "/trickle": trickle, "/trickle-as-body": trickle_body, "/stall": stall,
    "/bomb": bomb, "/gzip-nothing": gzip_nothing, "/zstd": zstd_raw,
    "/gzip": lambda r: r.reply("200 OK", gzip.compress(BODY), Content_Encoding="gzip",
                               Content_Type="text/HTML"),
    "/bad-gzip": lambda r: r.reply("200 OK", b"\x1f\x8b\x08\0garbage garbage", Content_Encoding="gzip"),
    "/br": lambda r: r.reply("200 OK", b"x", Content_Encoding="br"),
    "/twice": lambda r: r.reply("200 OK", gzip.compress(GZIP), Content_Encoding="gzip, gzip"),
    "/two-lines": lambda r: r.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Encoding: gzip\r\n"
                                   b"Content-Encoding: zstd\r\n\r\nx"),
    "/identity": lambda r: r.reply("200 OK", BODY, Content_Encoding="identity"),
    "/transfer-gzip": lambda r: r.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
                                       % (len(GZIP), GZIP)),
    "/to-other-port": to_other_port, "/to-file-host": to_file_host,
    "/to-relative": lambda r: r.reply("301 Moved", Location="./ok#part"),
    "/to-itself": lambda r: r.reply("302 Found", Location="/to-itself"),
    "/to-user": lambda r: r.reply("302 Found", Location=f"{scheme}://u:p@127.0.0.1:{ports[1]}/ok"),
    "/to-file": lambda r: r.reply("302 Found", Location="file:///etc/passwd"),
    "/to-ftp": lambda r: r.reply("302 Found", Location="ftp://127.0.0.1/ok"),
    "/to-nowhere": lambda r: r.reply("302 Found", b"", Location="http://\x01bad/"),
    "/busy-once": then_ok("503 Service Unavailable", 1),
    "/limited-once": then_ok("429 Too Many Requests", 1, Retry_After="1"),
    "/limited-again": then_ok("429 Too Many Requests", 1, Retry_After="1"),
    "/limited-long": then_ok("429 Too Many Requests", 1, Retry_After="3600"),
    "/busy": lambda r: r.reply("503 Service Unavailable", b"busy"),
    "/ourselves": lambda r: r.reply("508 Loop Detected"),
    "/not-http": lambda r: (r.send(b"SSH-2.0-OpenSSH\r\n"), r.sock.close()),
    "/hostile-status": lambda r: (r.send(b"HTTP/1.1 500 \x1b[31mred\r\nContent-Length: 0\r\n\r\n")),
    "/bad-fields": lambda r: r.reply("200 OK", b"x", ETag='"' + "e" * 600 + '"',
                                     Content_Type="text/\x1b[31m", Last_Modified="\x01"),
}


def read_request(sock, buffered):
    while b"\r\n\r\n" not in buffered:
        data = sock.recv(65536)
        if not data:
            return None, b""
        buffered += data
    head, _, rest = buffered.partition(b"\r\n\r\n")
    return head.decode("latin-1").split("\r\n"), rest


def serve(sock, host):
    buffered = b""
    try:
        if tls is not None:
            sock = tls.wrap_socket(sock, server_side=True)
        while True:
            lines, buffered = read_request(sock, buffered)
            if lines is None:
                return
            headers = {k.lower(): v.strip() for k, _, v in (s.partition(":") for s in lines[1:])}
            if lines[0].startswith("GET /-/seen "):
                with lock:
                    text = "\n".join(seen).encode("latin-1")
                    seen.clear()
                    counts.clear()
                    revoked.clear()
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text) + text)
                continue
            request = Request(sock, host, lines[0], headers)
            noted = ("range", "if-range", "if-none-match", "authorization", "accept",
                     "accept-encoding", "user-agent", "x-customhouse-instance")
            with lock:
                seen.append(f"{host} {request.path} " +
                            " ".join(f"{k}={headers[k]}" for k in noted if k in headers))
            route(request.path)(request)
    except OSError:
        pass
    finally:
        sock.close()


def accept(listener, host):
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve, args=(sock, host), daemon=True).start()


tls = None
if len(sys.argv) > 1:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(sys.argv[1])
    tls.load_verify_locations(sys.argv[2])
    tls.verify_mode = ssl.CERT_OPTIONAL
scheme = "http" if tls is None else "https"
stopping = threading.Event()
ports = []
for name in ("own", "files", "other"):
    listener = socket.create_server(("127.0.0.1", 0))
    ports.append(listener.getsockname()[1])
    threading.Thread(target=accept, args=(listener, name), daemon=True).start()
print(*ports, flush=True)
sys.stdin.read()
