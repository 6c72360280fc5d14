"""TLS as clients use it: pip and uv with the site's own authority, old protocols refused, and a new
certificate taken over by SIGHUP without a restart."""
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
import unittest

from house.case import add_wheel, file_path
from house.clients import Client
from house.service import Service, free_port
from house.upstream import Upstream


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True)


EC_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def make_authority(folder):
    """The site's own authority; path of its certificate."""
    ca = os.path.join(folder, "ca.pem")
    openssl("req", "-x509", *EC_KEY, "-days", "2", "-subj", "/CN=test authority", "-out", ca,
            "-keyout", os.path.join(folder, "ca.key"))
    return ca


def make_certificate(folder, serial):
    """A certificate for 127.0.0.1 by that authority; its paths."""
    path = {name: os.path.join(folder, name) for name in
            ("tls.key", "tls.csr", "tls.pem", "tls.ext", "ca.pem", "ca.key")}
    with open(path["tls.ext"], "w") as f:
        f.write("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    openssl("req", *EC_KEY, "-subj", "/CN=customhouse test", "-keyout", path["tls.key"], "-out", path["tls.csr"])
    openssl("x509", "-req", "-in", path["tls.csr"], "-CA", path["ca.pem"], "-CAkey", path["ca.key"],
            "-set_serial", str(serial), "-days", "2", "-extfile", path["tls.ext"], "-out", path["tls.pem"])
    return path["tls.pem"], path["tls.key"]


def make_dated(folder, begin, end):
    """As make_certificate, in force from `begin` to `end` (YYYYMMDDHHMMSSZ)."""
    cert, key = make_certificate(folder, 7)
    for name, text in (("dated.index", ""), ("dated.serial", "07\n"), ("dated.cnf",
            f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/dated.index\nserial={folder}/dated.serial\nnew_certs_dir={folder}\n"
            "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")):
        with open(os.path.join(folder, name), "w") as f:
            f.write(text)
    path = {name: os.path.join(folder, name) for name in ("dated.cnf", "tls.csr", "tls.ext", "ca.pem", "ca.key")}
    openssl("ca", "-batch", "-config", path["dated.cnf"], "-in", path["tls.csr"], "-cert", path["ca.pem"], "-keyfile", path["ca.key"],
            "-startdate", begin, "-enddate", end, "-extfile", path["tls.ext"], "-out", cert, "-notext")
    return cert, key


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.up = Upstream()
        cls.addClassCleanup(cls.up.close)
        add_wheel(cls.up, "leaf", "1.0")
        cls.port = free_port()

        def configure(text):
            first = next(line for line in text.splitlines() if line.lstrip().startswith("- address:"))
            return text.replace(first, f"{first}\n  - address: \"127.0.0.1:{cls.port}\"\n"
                                       f"    tls_certificate: \"{cls.cert}\"\n    tls_key: \"{cls.key}\"")
        cls.service = Service(cls.up.url)
        cls.addClassCleanup(cls.service.remove)
        cls.ca = make_authority(cls.service.dir)
        cls.cert, cls.key = make_certificate(cls.service.dir, 1)
        cls.service.edit("customhouse.yaml", configure)
        cls.service.start()
        cls.index = f"https://127.0.0.1:{cls.port}/pypi/simple/"

    def serial(self):
        context = ssl.create_default_context(cafile=self.ca)
        with socket.create_connection(("127.0.0.1", self.port), 10) as s, \
                context.wrap_socket(s, server_hostname="127.0.0.1") as t:
            return int(t.getpeercert()["serialNumber"], 16), t.version()

    def test_pip_and_uv_install(self):
        with Client("pip-newest") as client:
            status, text = client.install(self.index, "--cert", self.ca, "leaf")
            self.assertEqual(status, 0, text)
        with Client("uv") as client:
            client.env["SSL_CERT_FILE"] = self.ca
            status, text = client.install(self.index, "leaf")
            self.assertEqual(status, 0, text)

    def test_old_protocols_are_refused(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        with socket.create_connection(("127.0.0.1", self.port), 10) as s:
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                context.wrap_socket(s)

    def test_sighup_takes_a_new_certificate_and_keeps_the_old_one_when_it_is_bad(self):
        self.assertEqual(self.serial()[0], 1)
        self.change(2)
        self.addCleanup(self.change, 1)
        with open(self.cert, "w") as f:
            f.write("no certificate\n")
        before = len(self.service.log())
        self.reload()
        self.until(lambda: "tls" in self.service.log()[before:].lower()
                   or "certificate" in self.service.log()[before:].lower())
        with socket.create_connection(("127.0.0.1", self.port), 10) as s:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with context.wrap_socket(s) as t:
                self.assertEqual(t.version(), "TLSv1.3")

    def test_one_that_clients_would_refuse_is_not_taken(self):
        at_start = self.serial()[0]
        self.addCleanup(self.change, at_start)
        for begin, end, said in (("20200101000000Z", "20210101000000Z", "expired on 2021-01-01T00:00:00Z"),
                                 ("20400101000000Z", "20410101000000Z", "is not valid before 2040-01-01T00:00:00Z")):
            with self.subTest(said):
                make_dated(self.service.dir, begin, end)
                lines = len(self.service.log_lines)
                self.reload()
                self.until(lambda: any("event=reload-failed " in line for line in self.service.log_lines[lines:]))
                line = next(line for line in self.service.log_lines[lines:] if "event=reload-failed " in line)
                self.assertRegex(line, r"customhouse\.yaml:\d+:\d+: listen\[1\]\.tls_certificate: ")
                self.assertIn(said, line)
                self.assertEqual(self.serial()[0], at_start)
                status, _, err = self.service.command("check")
                self.assertEqual(status, 2)
                self.assertIn(said, err)

    def test_whatever_is_wrong_the_old_one_stays_under_load(self):
        """The same certificate for whoever comes meanwhile; nobody's answer is lost, by a good one either."""
        at_start = self.serial()[0]
        stop, seen, faults = threading.Event(), set(), []
        context = ssl.create_default_context(cafile=self.ca)

        def load():
            while not stop.is_set():
                try:
                    with socket.create_connection(("127.0.0.1", self.port), 20) as s, \
                            context.wrap_socket(s, server_hostname="127.0.0.1") as t:
                        seen.add(int(t.getpeercert()["serialNumber"], 16))
                        for _ in range(3):  # one connection lives on
                            t.sendall(b"GET /-/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                            if not t.recv(4096).startswith(b"HTTP/1.1 200 "):
                                raise ConnectionError("no whole answer")
                except OSError as e:
                    faults.append(e)
        threads = [threading.Thread(target=load, daemon=True) for _ in range(4)]
        def read(path):
            with open(path) as f:
                return f.read()

        def write(path, text):
            with open(path, "w") as f:
                f.write(text)

        good = {path: read(path) for path in (self.cert, self.key)}

        def restore():
            for path, text in good.items():
                write(path, text)
        self.addCleanup(restore)
        self.addCleanup(stop.set)
        other = os.path.join(self.service.dir, "other")
        os.makedirs(other, exist_ok=True)
        make_authority(other)
        other_key = read(make_certificate(other, 9)[1])
        half = good[self.cert][:len(good[self.cert]) // 2]
        for t in threads:
            t.start()
        for what, path, change in (
                ("no certificate", self.cert, lambda path: write(path, "no certificate\n")),
                ("half a certificate", self.cert, lambda path: write(path, half)),
                ("nothing in it", self.cert, lambda path: write(path, "")),
                ("no such file", self.cert, os.unlink),
                ("another's key", self.key, lambda path: write(path, other_key)),
                ("no key", self.key, lambda path: write(path, "no key\n")),
                ("no such key", self.key, os.unlink),
                ("a folder", self.key, lambda path: (os.unlink(path), os.mkdir(path)))):
            with self.subTest(what=what):
                change(path)
                lines = len(self.service.log_lines)
                self.reload()
                self.until(lambda: any("event=reload-failed " in line for line in self.service.log_lines[lines:]))
                said = next(line for line in self.service.log_lines[lines:] if "event=reload-failed " in line)
                self.assertRegex(said, r"customhouse\.yaml:\d+:\d+: listen\[1\]\.tls_(certificate|key): ")
                self.assertIn(path, said)
                self.assertEqual(self.serial()[0], at_start)
                if os.path.isdir(path):
                    os.rmdir(path)
                restore()
        self.change(5)
        seen_before = set(seen)
        self.until(lambda: 5 in seen)
        restore()
        lines = len(self.service.log_lines)
        self.reload()
        self.until(lambda: any("event=reloaded " in line for line in self.service.log_lines[lines:]))
        stop.set()
        for t in threads:
            t.join(30)
        self.assertEqual(seen_before - {5}, {at_start})
        self.assertEqual(faults, [])

    def test_a_disk_that_breaks_costs_that_connection(self):
        """A file whose bytes are gone while it is sent, encrypted straight from its mapping or as it is: whoever
        reads it is cut off, and nobody else."""
        context = ssl.create_default_context(cafile=self.ca)
        gateways = sorted(pid for pid, name in self.service.processes().items() if name == "gateway")
        for port in (self.port, self.service.port):
            with self.subTest(tls=port == self.port):
                name = "large" if port == self.port else "larger"
                f = add_wheel(self.up, name, "1.0", files={name + "/data.bin": os.urandom(24 << 20)})
                self.assertEqual(self.service.ask(file_path(name, "1.0")).body, f.data)
                readers = []
                for _ in range(3):
                    s = socket.socket()
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
                    s.settimeout(30)
                    s.connect(("127.0.0.1", port))
                    if port == self.port:
                        s = context.wrap_socket(s, server_hostname="127.0.0.1")
                    self.addCleanup(s.close)
                    s.sendall(f"GET {file_path(name, '1.0')} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                    readers.append((s, len(s.recv(65536))))
                os.truncate(self.service.path(f"blobs/sha256/{f.sha256[:2]}/{f.sha256[2:]}"), 4096)
                for s, got in readers:
                    try:
                        while piece := s.recv(65536):
                            got += len(piece)
                    except OSError:
                        pass
                    self.assertLess(got, len(f.data))
                self.assertEqual(self.service.ask(file_path("leaf", "1.0")).status, 200)
        self.assertEqual(sorted(pid for pid, name in self.service.processes().items() if name == "gateway"), gateways)

    def change(self, serial):
        make_certificate(self.service.dir, serial)
        self.reload()
        self.until(lambda: self.serial()[0] == serial)

    def reload(self):
        self.service.process.send_signal(signal.SIGHUP)

    def until(self, check, seconds=10):
        end = time.monotonic() + seconds
        while not check():
            self.assertLess(time.monotonic(), end, self.service.log()[-2000:])
            time.sleep(0.05)


class Pairs(unittest.TestCase):
    """Each address shows the certificate that stands with it, here one of its own authority."""
    @classmethod
    def setUpClass(cls):
        cls.up = Upstream()
        cls.addClassCleanup(cls.up.close)
        add_wheel(cls.up, "leaf", "1.0")
        cls.service = Service(cls.up.url)
        cls.addClassCleanup(cls.service.remove)
        cls.folder = {name: os.path.join(cls.service.dir, name) for name in ("one", "two")}
        cls.ports = {name: free_port() for name in cls.folder}
        text = ""
        for number, (name, folder) in enumerate(cls.folder.items()):
            os.mkdir(folder)
            make_authority(folder)
            cert, key = make_certificate(folder, 0x11 + number)
            text += f'  - address: "127.0.0.1:{cls.ports[name]}"\n    tls_certificate: "{cert}"\n    tls_key: "{key}"\n'
        cls.service.edit("customhouse.yaml", lambda t: t.replace("\nlisten:\n", "\nlisten:\n" + text, 1))
        cls.service.start()

    said = Tls.until

    def ca(self, name):
        return os.path.join(self.folder[name], "ca.pem")

    def serial(self, name):
        """As openssl sees it, which trusts the authority of this address alone."""
        shown = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.ports[name]}", "-CAfile",
                                self.ca(name), "-verify_return_error"], input=b"", capture_output=True)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        return subprocess.run(["openssl", "x509", "-noout", "-serial"], input=shown.stdout, capture_output=True,
                              check=True).stdout.decode().strip()

    def reload(self, event):
        lines = len(self.service.log_lines)
        self.service.process.send_signal(signal.SIGHUP)
        self.said(lambda: any(f"event={event} " in line for line in self.service.log_lines[lines:]))

    def test_each_address_has_its_own(self):
        with Client("pip-newest") as client:
            for name in ("one", "two"):
                index = f"https://127.0.0.1:{self.ports[name]}/pypi/simple/"
                status, text = client.install(index, "--cert", self.ca(name), "--force-reinstall", "leaf")
                self.assertEqual(status, 0, text)
        self.assertEqual([self.serial("one"), self.serial("two")], ["serial=11", "serial=12"])
        make_certificate(self.folder["two"], 0x22)  # another pair for one of them only
        self.reload("reloaded")
        self.assertEqual([self.serial("one"), self.serial("two")], ["serial=11", "serial=22"])
        gateways = [pid for pid, name in self.service.processes().items() if name == "gateway"]
        lines = len(self.service.log_lines)
        for pid in gateways:  # the same in what starts afterwards
            os.kill(pid, signal.SIGKILL)
        self.said(lambda: sum("event=ready " in line for line in self.service.log_lines[lines:]) >= len(gateways) > 0)
        self.assertEqual([self.serial("one"), self.serial("two")], ["serial=11", "serial=22"])
        make_certificate(self.folder["one"], 0x33)  # together with a broken one: neither is shown
        with open(os.path.join(self.folder["two"], "tls.pem"), "w") as f:
            f.write("no certificate\n")
        self.reload("reload-failed")
        self.assertEqual([self.serial("one"), self.serial("two")], ["serial=11", "serial=22"])


if __name__ == "__main__":
    unittest.main()
