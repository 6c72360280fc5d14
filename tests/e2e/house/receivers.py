"""Who gets what goes out: a webhook's server, a mail server, a syslog server. Each checks what it takes as strictly
as its specification allows, and can be told to fail."""
import base64
import glob
import hashlib
import hmac
import http.server
import json
import os
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time

EC_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def make_certificates(folder):
    """{name: path}: an authority, and a server's certificate for 127.0.0.1 with its key."""
    path = {name: os.path.join(folder, name) for name in ("ca.pem", "ca.key", "server.pem", "server.key", "csr", "ext")}

    def openssl(*args):
        subprocess.run(["openssl", *args], check=True, capture_output=True)
    openssl("req", "-x509", *EC_KEY, "-days", "2", "-subj", "/CN=test authority", "-keyout", path["ca.key"],
            "-out", path["ca.pem"])
    openssl("req", *EC_KEY, "-subj", "/CN=receiver", "-keyout", path["server.key"], "-out", path["csr"])
    with open(path["ext"], "w") as f:
        f.write("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", path["csr"], "-CA", path["ca.pem"], "-CAkey", path["ca.key"], "-days", "2",
            "-CAcreateserial", "-extfile", path["ext"], "-out", path["server.pem"])
    return path


def server_context(certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates["server.pem"], certificates["server.key"])
    return context


class Threaded(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address, handler, wrong):
        super().__init__(address, handler)
        self.wrong = wrong

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):  # clients are killed in these tests; what they say is never past reading
            self.wrong.append(f"{type(error).__name__}: {error}")


def run(server):
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server.server_address[1]


class Hook:
    """Takes POSTs whose signature is right (Standard Webhooks); `status` is what it answers to the next ones; `type`:
    of their bodies."""

    def __init__(self, type="application/json"):
        self.type = type
        self.key = os.urandom(32)
        self.secret = "whsec_" + base64.b64encode(self.key).decode()
        self.got, self.refused, self.wrong, self.status = [], [], [], 204
        self.paths = set()  # with their queries
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:  # it was killed
                    self.close_connection = True
                    return
                hook.paths.add(self.path)
                fault = hook.fault(self.headers, body)
                status = 400 if fault else hook.status
                if fault:
                    hook.wrong.append(fault)
                elif 200 <= status <= 299:
                    hook.got.append((self.headers["webhook-id"], json.loads(body)))
                else:
                    hook.refused.append(self.headers["webhook-id"])
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass
        self.handler, self.port = Handler, 0
        self.open()
        self.url = f"http://127.0.0.1:{self.port}/hook"

    def open(self):
        """Also again after `close`, at the same address."""
        self.server = Threaded(("127.0.0.1", self.port), self.handler, self.wrong)
        self.port = run(self.server)

    def fault(self, headers, body):
        id, at = headers["webhook-id"], headers["webhook-timestamp"]
        if not id or "." in id or not re.fullmatch(r"\d+", at or "") or abs(int(at) - time.time()) > 300:
            return f"id {id}, timestamp {at}"
        mac = hmac.new(self.key, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
        if headers["webhook-signature"] != "v1," + base64.b64encode(mac).decode():
            return f"signature {headers['webhook-signature']}"
        return None if headers["Content-Type"] == self.type else f"type {headers['Content-Type']}"

    def ids(self):
        return [id for id, _ in self.got]

    def of(self, kind):
        return [body for _, body in self.got if body["type"] == kind]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Mail:
    """A mail server that wants TLS, by STARTTLS or at once, and a password before it takes anything (RFC 5321, 3207,
    4954, 8314)."""

    def __init__(self, certificates, user, password, at_once=False):
        self.got, self.wrong = [], []
        mail, context = self, server_context(certificates)
        plain = base64.b64encode(f"\0{user}\0{password}".encode()).decode()

        class Handler(socketserver.StreamRequestHandler):
            def say(self, line):
                self.wfile.write(line.encode() + b"\r\n")

            def line(self, most=1000):
                """With its end; "" when there is none any more, or it is wrong."""
                text = self.rfile.readline().decode("ascii")
                if text.endswith("\n") and (not text.endswith("\r\n") or len(text) > most):
                    mail.wrong.append(text)
                return text if text.endswith("\r\n") and len(text) <= most else ""

            def begin_tls(self):
                self.connection = context.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)

            def handle(self):
                tls, known, sender, to = False, False, None, []
                if at_once:
                    self.begin_tls()
                    tls = True
                self.say("220 receiver ESMTP")
                while line := self.line():
                    line = line[:-2]
                    word = line.split(" ")[0].upper()
                    if word == "EHLO":
                        self.say("250-receiver")
                        self.say("250 AUTH PLAIN" if tls else "250 STARTTLS")
                    elif word == "STARTTLS":
                        self.say("220 go ahead")
                        self.begin_tls()
                        tls = True
                    elif word == "AUTH":
                        if line == "AUTH PLAIN":
                            self.say("334 ")
                            line += " " + self.line()[:-2]
                        known = tls and line == f"AUTH PLAIN {plain}"
                        self.say("235 good" if known else "535 no")
                    elif word == "MAIL" and known:
                        sender, to = re.match(r"MAIL FROM:<([^>]*)>", line).group(1), []
                        self.say("250 ok")
                    elif word == "RCPT" and sender:
                        to.append(re.match(r"RCPT TO:<([^>]*)>", line).group(1))
                        self.say("250 ok")
                    elif word == "DATA" and to:
                        self.say("354 go ahead")
                        lines = []
                        while (text := self.line()) != ".\r\n":
                            if not text:
                                return
                            lines.append(text[1:-2] if text.startswith(".") else text[:-2])
                        mail.got.append((sender, to, "\n".join(lines)))
                        self.say("250 taken")
                    elif word == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("503 not now")
        self.server = Threaded(("127.0.0.1", 0), Handler, self.wrong)
        self.port = run(self.server)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


MESSAGE = re.compile(rb"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) "
                     rb"([!-~]{1,32}) \[meta sequenceId=\"(\d{1,10})\"\] (.*)", re.DOTALL)


class Syslog:
    """A syslog server over TLS (RFC 5425). What it has read stays when it is killed and begins again at its port."""

    def __init__(self, certificates):
        self.context = server_context(certificates)
        self.got, self.wrong, self.port, self.slow = [], [], 0, False
        self.lock = threading.Lock()
        self.start()

    def start(self):
        syslog = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                with syslog.context.wrap_socket(self.request, server_side=True,
                                                suppress_ragged_eofs=False) as tls:
                    syslog.open.add(tls)
                    rest = b""
                    while piece := tls.recv(700 if syslog.slow else 65536):
                        rest = syslog.take(rest + piece)
                        if syslog.slow:
                            time.sleep(0.002)
                    if rest:
                        syslog.wrong.append(rest)
                    tls.unwrap()  # "MUST reply with a close_notify"
        self.open = set()
        self.server = Threaded(("127.0.0.1", self.port), Handler, self.wrong)
        self.port = run(self.server)

    def take(self, data):
        while True:
            m = re.match(rb"([1-9]\d*) ", data)
            if not m:
                if len(data) > 8:
                    self.wrong.append(data[:80])
                return data
            end = m.end() + int(m.group(1))
            if len(data) < end:
                return data
            self.note(data[m.end():end])
            data = data[end:]

    def note(self, message):
        m = MESSAGE.fullmatch(message)
        text = m and m.group(8)
        if not m or int(m.group(1)) >> 3 != 13 or (not text.isascii() and not text.startswith(b"\xef\xbb\xbf")):
            self.wrong.append(message[:200])
            return
        body = json.loads(text.decode("utf-8-sig"))
        if body["record"]["kind"] != m.group(6).decode() or int(m.group(7)) != body["entry"] + 1:
            self.wrong.append(message[:200])
        with self.lock:
            self.got.append((body["entry"], body["record"]))

    def numbers(self):
        with self.lock:
            return [n for n, _ in self.got]

    def kill(self):
        """As if its process were: connections end with what is unread in them."""
        self.server.shutdown()
        self.server.server_close()
        for tls in list(self.open):
            try:
                tls.shutdown(socket.SHUT_RD)
                tls.close()
            except OSError:
                pass

    close = kill


class Rsyslog:
    """The syslog server that most sites have, as a process: RFC 5425 in, a line for each message out, of what it has
    read there. `driver`: its TLS, "gtls" or "ossl"."""
    LINE = "%pri%|%protocol-version%|%hostname%|%app-name%|%msgid%|%structured-data%|%msg%"

    @staticmethod
    def missing(driver):
        """Why it cannot be had; None: it can."""
        if shutil.which("rsyslogd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is None:
            return "rsyslogd is not installed (Debian package rsyslog)"
        if not glob.glob(f"/usr/lib/*/rsyslog/lmnsd_{driver}.so"):
            package = {"gtls": "rsyslog-gnutls", "ossl": "rsyslog-openssl"}[driver]
            return f"rsyslog cannot speak TLS by {driver} (Debian package {package})"
        return None

    def __init__(self, certificates, driver, folder, port):
        self.folder, self.port = folder, port
        self.out, self.conf = os.path.join(folder, "received"), os.path.join(folder, "rsyslog.conf")
        with open(self.conf, "w") as f:
            f.write(f"""global(workDirectory="{folder}" maxMessageSize="128k" parser.escapeControlCharactersOnReceive="off"
       defaultNetstreamDriver="{driver}" defaultNetstreamDriverCAFile="{certificates["ca.pem"]}"
       defaultNetstreamDriverCertFile="{certificates["server.pem"]}"
       defaultNetstreamDriverKeyFile="{certificates["server.key"]}")
module(load="imtcp" streamDriver.name="{driver}" streamDriver.mode="1" streamDriver.authMode="anon")
input(type="imtcp" address="127.0.0.1" port="{port}")
template(name="line" type="string" string="{self.LINE}\\n")
action(type="omfile" file="{self.out}" template="line")
""")
        self.start()

    def start(self):
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        with open(os.path.join(self.folder, "rsyslog.log"), "a") as log:
            self.process = subprocess.Popen([shutil.which("rsyslogd", path=path), "-n", "-f", self.conf, "-i",
                                             os.path.join(self.folder, "pid")], stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    with open(os.path.join(self.folder, "rsyslog.log")) as log:
                        raise RuntimeError(f"rsyslogd does not listen: {log.read()[-2000:]}") from None
                time.sleep(0.05)

    def lines(self):
        """[[pri, version, host, app, message id, structured data, message]]; a line without its end is not there yet."""
        if not os.path.exists(self.out):
            return []
        with open(self.out, encoding="utf-8") as f:
            whole = f.read().rpartition("\n")[0]
        return [line.split("|", 6) for line in whole.split("\n") if line]

    def stop(self):
        """Orderly: what it has read it has written."""
        self.process.terminate()
        self.process.wait(20)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
