"""Pages of the database damaged under a running service: nothing passes that was not approved, and who asks is told."""
import hashlib
import json
import os
import sqlite3
import subprocess

from house import wheels
from house.case import Alone, add_wheel, file_path
from house.service import BIN

PAGE = 4096
DAMAGED = "the database is damaged"
LEAF_AND_INNER = {"tables": (0x0d, 0x05), "indexes": (0x0a, 0x02)}  # SQLite's file format, 1.6


class StoreDamage(Alone):
    def set_up(self):
        for name in ("early", "later", "third", "denied"):
            add_wheel(self.up, name, "1.0")
        add_wheel(self.up, "young", "1.0", days=1)
        add_wheel(self.up, "evil", "1.0", data=wheels.forged_directory("evil", "1.0"))
        service = self.service().start()
        for name, status in (("early", 200), ("denied", 200), ("young", 403), ("evil", 403)):
            self.assertEqual(service.ask(file_path(name, "1.0")).status, status)
        self.assertEqual(service.command("deny", "pypi:denied", "--reason", "found out")[0], 0)
        self.assertEqual(service.ask("/pypi/simple/third/").status, 200)
        service.stop()  # all of it is in the file, and nothing beside it
        service.start()
        self.assertEqual(service.ask(file_path("early", "1.0")).status, 200)  # its page is in memory
        return service

    def forget_cache(self, service):
        """What the keeper has read is read anew once somebody else has written."""
        db = sqlite3.connect(service.path("db/customhouse.db"), isolation_level=None, timeout=10)
        db.execute("UPDATE newest SET at_us = at_us + 1")
        db.close()

    def spoil_pages(self, service, kinds):
        with open(service.path("db/customhouse.db"), "r+b") as f:
            data = f.read()
            spoilt = 0
            for at in range(PAGE, len(data), PAGE):
                if data[at] in kinds:
                    f.seek(at)
                    f.write(hashlib.sha512(b"%d" % at).digest() * (PAGE // 64))
                    spoilt += 1
        self.assertGreater(spoilt, 3)

    def spoil_file(self, name):
        def spoil(service):
            with open(service.path("db/" + name), "r+b") as f:
                data = f.read()
                self.assertGreater(len(data), 32)
                if name.endswith("-wal"):
                    for at in range(32 + 24, len(data), PAGE + 24):  # the page of each frame
                        f.seek(at)
                        f.write(b"\xa5" * PAGE)
                else:
                    f.write(b"\xa5" * 100)
        return spoil

    def never_passes(self, service):
        for name in ("young", "evil", "denied"):
            for path in (file_path(name, "1.0"), file_path(name, "1.0") + ".metadata"):
                self.assertNotEqual(service.ask(path).status, 200, path)
        a = service.ask(file_path("early", "1.0"))
        if a.status == 200:
            self.assertEqual(a.body, self.up.find(wheels.file_name("early", "1.0")).data)

    def is_told(self, service):
        """Everything that people ask, where the database cannot be relied on."""
        def ready():
            a = service.ask("/-/ready")
            return a.status == 503 and DAMAGED in a.reason
        self.eventually(ready)
        for name in ("early", "third"):  # what is approved goes with the lease, however long a client waits
            last = file_path(name, "1.0") + "?wait=29"
            self.eventually(lambda last=last: service.ask(last).status in (403, 502))
        for path in ("/pypi/simple/later/", file_path("later", "1.0")):
            a = service.ask(path)
            self.assertEqual(a.status, 502, a)
            self.assertIn("db/customhouse.db", a.reason)
            self.assertIn(DAMAGED, a.reason)
            self.assertNotIn(service.state, a.reason)
        self.never_passes(service)
        self.assertIn("db/customhouse.db", service.log())
        status, out, err = service.command("status")
        self.assertEqual(status, 1, out + err)
        self.assertIn("NOT able to write: " + DAMAGED, out)
        for words in (("approve", "pypi:young==1.0", "--reason", "needed", "--expires", "7d"),
                      ("approve", wheels.file_name("young", "1.0"), "--reason", "needed", "--expires", "7d")):
            status, out, err = service.command(*words)
            self.assertEqual(status, 1, out + err)
            self.assertIn("damaged", out + err)
        status, out, err = service.command("explain", "pypi:early")
        self.assertEqual(status, 0, out + err)
        self.assertIn("served: not now: the database is damaged", out)
        self.assertFalse(json.loads(service.command("explain", "pypi:early", "--json")[1])[0]["served"])
        status, out, err = service.command("explain", "pypi:young")  # its page would have to be read
        self.assertEqual(status, 1, out + err)
        self.assertIn("db/customhouse.db", out + err)
        self.assertIn("damaged", out + err)
        status, out, err = service.command("deny", "pypi:early", "--reason", "found out")  # T4: counts at once
        self.assertIn("damaged", out + err)
        self.never_passes(service)
        self.assertNotEqual(service.ask(file_path("early", "1.0")).status, 200)

    def serve_fails(self, service):
        done = subprocess.run([os.path.join(BIN, "customhouse"), "serve", "--state", service.state],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.returncode, done.stdout

    def is_refused_at_start(self, service):
        service.stop()
        status, text = self.serve_fails(service)
        self.assertIn("customhouse.db", text)
        self.assertIn("damaged", text)

    def damaged(self, spoil, first):
        service = self.set_up()
        self.forget_cache(service)
        spoil(service)
        for path in first:
            service.ask(path)
        self.is_told(service)
        return service

    def test_tables(self):
        service = self.damaged(lambda s: self.spoil_pages(s, LEAF_AND_INNER["tables"]), ("/pypi/simple/later/",))
        self.is_refused_at_start(service)

    def test_indexes(self):
        service = self.damaged(lambda s: self.spoil_pages(s, LEAF_AND_INNER["indexes"]), ("/pypi/simple/later/",))
        self.is_refused_at_start(service)

    def test_header(self):
        """While the first page is in the log of writes, too, nobody reads it here; it is whole again with the next checkpoint."""
        service = self.set_up()
        self.forget_cache(service)
        self.spoil_file("customhouse.db")(service)
        service.ask("/pypi/simple/later/")
        self.never_passes(service)
        ready = service.ask("/-/ready")
        if ready.status != 200:
            self.is_told(service)

    def test_log_of_writes(self):
        """The WAL: what was committed last."""
        service = self.set_up()
        self.assertEqual(service.ask(file_path("third", "1.0")).status, 200)
        self.forget_cache(service)
        self.spoil_file("customhouse.db-wal")(service)
        service.ask("/pypi/simple/later/")
        self.is_told(service)


