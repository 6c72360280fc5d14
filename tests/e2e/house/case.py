"""What most tests share: one generated upstream and one service for all tests of a class."""
import datetime
import errno
import json
import os
import re
import subprocess
import tempfile
import threading
import time
import unittest

from . import wheels
from .clients import KINDS, Client
from .service import Service
from .upstream import File, Upstream


def days_ago(n):
    t = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=n)
    return t.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def add_wheel(up, name, version, data=None, days=400, sidecar=True, **kw):
    """An honest wheel, or `data` under its name, with a sidecar as an honest upstream gives it."""
    data = data if data is not None else wheels.wheel(name, version, **kw)
    meta = None
    if sidecar:
        meta = wheels.metadata(name, version, kw.get("requires", ()), kw.get("requires_python"))
    f = File(wheels.file_name(name, version), data, uploaded=days_ago(days) if days is not None else None,
             sidecar=meta, requires_python=kw.get("requires_python"))
    up.add(name, f)
    return f


def file_path(name, version, repository="pypi"):
    return f"/{repository}/files/{name}/{wheels.file_name(name, version)}"


def with_key(text, key, value):
    """customhouse.yaml with one key of one line set to another value, commented out or not."""
    changed, n = re.subn(rf"(?m)^(\s*)(?:# )?{key}:.*$", lambda m: f"{m.group(1)}{key}: {value}", text)
    if n != 1:
        raise AssertionError(f"{n} lines with the key {key} in:\n{text}")
    return changed


def with_second_upstream(text, url):
    """customhouse.yaml with an upstream `second` after the first."""
    name = re.search(r"(?m)^upstreams:\n(?:\s*#.*\n)*\s*- name: (\S+)", text).group(1)
    block = f"  - name: second\n    ecosystem: pypi\n    url: {url}\n    trust_times: true\n"
    text = re.sub(r"(?m)^repositories:", block + "\nrepositories:", text, count=1)
    return re.sub(r"(?m)^(\s*)upstreams: \[?(\S+?)\]?$", rf"\1upstreams: [{name}, second]", text, count=1)


def in_parallel(jobs):
    """{name: function} -> {name: exception or None}, all at the same time."""
    ended = {}

    def run(name, job):
        try:
            job()
            ended[name] = None
        except BaseException as e:  # raised again by the caller, in its own thread
            ended[name] = e
    threads = [threading.Thread(target=run, args=item) for item in jobs.items()]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return ended


class Quarantine(unittest.TestCase):
    """Subclasses fill `cls.up` in `fill()`, and may change configuration and policy."""
    policy = None
    admin = False

    @classmethod
    def fill(cls):
        pass

    @classmethod
    def configure(cls, text):
        return text

    @classmethod
    def setUpClass(cls):
        cls.up = Upstream()
        cls.addClassCleanup(cls.up.close)
        cls.fill()
        cls.service = Service(cls.up.url, configure=cls.configure, policy=cls.policy,
                              admin=cls.admin)
        cls.addClassCleanup(cls.service.remove)
        cls.service.start()
        cls.index = cls.service.url + "/pypi/simple/"

    def tearDown(self):
        status = self.service.process.poll()
        self.assertIsNone(status, f"the service ended by itself ({status}):\n{self.service.log()[-4000:]}")

    def with_clients(self, check, kinds=KINDS):
        """check(client) for each kind of client, all at the same time, each a subtest."""
        def one(kind):
            def job():
                with Client(kind) as client:
                    check(client)
            return job
        ended = in_parallel({kind: one(kind) for kind in kinds})
        for kind, e in ended.items():
            with self.subTest(client=kind):
                if e is not None:
                    raise e

    def installs(self, client, what, module=None, version=None, timeout=300):
        status, text = client.install(self.index, what, timeout=timeout)
        self.assertEqual(status, 0, text)
        if module:
            self.assertEqual(client.imports(module), version, text)
        return text

    def is_refused(self, client, what, reason, *options):
        status, text = client.install(self.index, *options, what)
        self.assertNotEqual(status, 0, text)
        self.assertIn(reason, text)

    def page(self, project):
        """The project's page as JSON: {file name: entry}."""
        a = self.service.ask(f"/pypi/simple/{project}/", {"Accept": "application/vnd.pypi.simple.v1+json"})
        self.assertEqual(a.status, 200, a)
        return {f["filename"]: f for f in json.loads(a.body)["files"]}

    def explained(self, what):
        """explain --json, as {file name: entry}"""
        status, out, err = self.service.command("explain", what, "--json")
        self.assertEqual(status, 0, out + err)
        return {e["file"]: e for e in json.loads(out)}

    def refused(self, name, version, reason):
        """The file answers 403 with this in its reason, on every route. Returns the answer."""
        path = file_path(name, version)
        a = self.service.ask(path)
        self.assertEqual(a.status, 403, a)
        self.assertIn(reason, a.reason)
        return a

    def eventually(self, check, seconds=10):
        """The value of check() once it is true. For what is promised within `seconds`, not for luck."""
        end = time.monotonic() + seconds
        while True:
            value = check()
            if value or time.monotonic() > end:
                self.assertTrue(value, f"not within {seconds} s")
                return value
            time.sleep(0.05)


class Alone(unittest.TestCase):
    """Each test has services, and disks, of its own, which may end."""

    def setUp(self):
        self.up = Upstream()
        self.addCleanup(self.up.close)

    def service(self, **kw):
        service = Service(self.up.url, **kw)
        self.addCleanup(service.remove)
        return service

    def eventually(self, check, seconds=15):
        end = time.monotonic() + seconds
        while not check():
            self.assertLess(time.monotonic(), end, f"not within {seconds} s")
            time.sleep(0.05)

    def tmpfs(self, size, folder=None):
        """A folder with this much room, for the owner alone; `folder`: an existing one."""
        if os.geteuid() != 0:
            self.skipTest("needs root, to mount a small file system")
        if folder is None:
            folder = tempfile.mkdtemp(prefix="ch-e2e-small-")
            self.addCleanup(os.rmdir, folder)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "none", folder],
                              capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"mount is not permitted here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=True)
        return folder

    def fill_disk(self, folder, leave):
        path = os.path.join(folder, "filler")
        room = os.statvfs(folder)
        size = max(0, room.f_bavail * room.f_frsize - leave)
        try:
            with open(path, "wb", buffering=0) as f:
                done = f.write(bytes(size))
        except OSError as e:
            if e.errno != errno.ENOSPC:
                raise
            done = 0
        # What the service wrote meanwhile may take the rest, of all that there is alone.
        self.assertTrue(done == size or leave == 0, f"{done} of {size} bytes written")
        return path


class Moody(Quarantine):
    """An upstream that changes its mind, and a service that looks every second."""
    @classmethod
    def configure(cls, text):
        return with_key(text, "index_refresh_seconds", 1)

    def setUp(self):
        self.up.behave = lambda path: None
        self.up.form, self.up.down, self.up.delay_s = "json", False, 0

    def page_is(self, project, kind, body, headers=()):
        """From now on this is the project's page."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()

        def answer(h):
            Upstream.send(h, 200, kind, body, headers)
            return True
        before = self.up.behave
        self.up.behave = lambda path: answer if path == f"/simple/{project}/" else before(path)

    def known(self, name, *versions):
        """Files that have been served once."""
        files = [add_wheel(self.up, name, version) for version in versions]
        for version in versions:
            self.assertEqual(self.service.ask(file_path(name, version)).status, 200)
        return files

    def refreshed(self, project, check, seconds=15):
        """Asks for the page until the service has seen the upstream's new state."""
        def look():
            self.service.ask(f"/pypi/simple/{project}/")
            return check()
        return self.eventually(look, seconds)
