"""TLS as clients use it: pip and uv with the site's own authority, old protocols refused, and a new
certificate taken over by SIGHUP without a restart."""
import os
import signal
import socket
import ssl
import subprocess
import time
import unittest

from house.case import add_wheel
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


if __name__ == "__main__":
    unittest.main()
