"""The database at fault under a running service: what clients and operators are told, and that it passes by itself."""
import json
import os
import sqlite3

from house.case import Alone, add_wheel, file_path, in_parallel
from house.clients import KINDS, Client

FULL = "no space left for the database"
LOCKED = "another process has the database locked"


class StoreFaults(Alone):
    def set_up(self, **kw):
        for name in ("early", "later", "third"):
            add_wheel(self.up, name, "1.0")
        service = self.service(**kw).start()
        self.assertEqual(service.ask(file_path("early", "1.0")).status, 200)
        self.assertEqual(service.ask("/pypi/simple/third/").status, 200)
        self.assertEqual(service.ask("/-/ready").status, 200)
        return service

    def is_told(self, service, why, of_ready, serves):
        """Readiness, status, the log, and who asks for a page, or for a file of a known one, or installs. serves: what was
        allowed still goes out, so that nobody may take the service out of a cluster."""
        def ready():
            a = service.ask("/-/ready")
            return a.status == (200 if serves else 503) and of_ready in a.body.decode()
        self.eventually(ready)
        self.assertIn("customhouse_store_writable 0", service.ask("/-/metrics").body.decode())
        status, out, _ = service.command("status")
        self.assertEqual(status, 1, out)
        self.assertIn("NOT able to write: " + of_ready, out)
        self.assertFalse(json.loads(service.command("status", "--json")[1])["healthy"])
        self.assertIn(f'event=store alarm="{of_ready}', service.log())
        for path, reason in (("/pypi/simple/later/", why), (file_path("later", "1.0"), why),
                             (file_path("third", "1.0"), of_ready)):
            a = service.ask(path)
            self.assertEqual(a.status, 507, a)
            self.assertIn(reason, a.reason)
            self.assertNotIn(service.state, a.reason)  # who asks need not know where it lies

        def fails(kind, name, reason):
            def job():
                with Client(kind) as client:
                    status, text = client.install(f"http://127.0.0.1:{service.port}/pypi/simple/", name)
                    self.assertNotEqual(status, 0, text)
                    self.assertIn(reason, text)
            return job
        ended = in_parallel({f"{kind} {name}": fails(kind, name, reason) for kind in KINDS
                             for name, reason in (("later", why), ("third", of_ready))})
        for what, e in ended.items():
            with self.subTest(client=what):
                if e is not None:
                    raise e

    def is_well_again(self, service):
        self.eventually(lambda: service.ask("/-/ready").body == b"ready\n")
        self.assertIn("customhouse_store_writable 1", service.ask("/-/metrics").body.decode())
        self.assertIn("the database can be written again", service.log())
        self.assertEqual(service.command("status")[0], 0)
        for name in ("early", "later", "third"):
            self.eventually(lambda name=name: service.ask(file_path(name, "1.0")).status == 200, 60)

    def test_full(self):
        folder = self.tmpfs("64m")
        service = self.set_up(folder=folder)
        filler = self.fill_disk(folder, 1 << 20)
        self.is_told(service, FULL, "no space is left for the database", serves=True)
        self.assertEqual(service.ask(file_path("early", "1.0")).status, 200)  # what is known goes on
        os.unlink(filler)
        self.is_well_again(service)

    def test_locked(self):
        service = self.set_up()
        db = sqlite3.connect(service.path("db/customhouse.db"), isolation_level=None, timeout=5)
        db.execute("BEGIN IMMEDIATE")
        service.ask("/pypi/simple/later/")  # it is seen when something is to be written
        self.is_told(service, LOCKED, LOCKED, serves=False)
        self.assertNotEqual(service.ask(file_path("third", "1.0")).status, 200)
        db.execute("ROLLBACK")
        db.close()
        self.is_well_again(service)
