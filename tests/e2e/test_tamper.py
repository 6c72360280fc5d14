"""The state folder of a real service altered from outside, by SQL and by byte: beside the running service, and while it
is stopped. `customhouse audit verify` names each; what the service must not go on with, it does not."""
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

from house.case import Alone, Quarantine, add_wheel, file_path

# Rows that no entry stands for; tests/db/audit/test_altered.c says why of each.
NOT_COMPARED = {"newest", "value", "alias", "fetch", "intake", "notice", "notice_of_end", "forwarded", "refusal", "blob",
                "log_refusal", "log_sign_in", "log_command_refusal", "log_pending", "log_seal"}
# Whose rows are named by what they belong to.
NAMED_BY = {"evidence": "attestation", "policy_text": "policy_", "signing_key_end": "signing_key", "artifact": "release_file",
            "exception": "exception", "exception_ruling": "exception_|ruling", "finding": "inspection",
            "inspection_fact": "inspection", "people_fact": "", "snapshot_content": "snapshot", "log_entry": "log_",
            "ruling_fingerprint": "ruling"}
BEYOND = 2 ** 53 + 7  # no entry can say such a number


class Tampered(Quarantine):
    @classmethod
    def fill(cls):
        for name in ("one", "two", "three", "four"):
            add_wheel(cls.up, name, "1.0")
        add_wheel(cls.up, "young", "1.0", days=1)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ask, command = cls.service.ask, cls.service.command
        for name in ("one", "two"):
            ask(f"/pypi/simple/{name}/")
            ask(file_path(name, "1.0") + ".metadata")
            cls.service.get(file_path(name, "1.0"))
        ask(file_path("young", "1.0"))
        for words in (("user", "add", "ann"), ("user", "add", "bob"), ("group", "add", "readers", "ann", "bob", "--role", "reader"),
                      ("token", "add", "--user", "ann", "--audience", "pull"), ("user", "revoke", "bob", "--reason", "left"),
                      ("approve", "young==1.0", "--reason", "needed"), ("keys", "rotate", "evidence", "--reason", "time"),
                      ("deny", "two==1.0", "--reason", "stolen")):
            status, out, err = command(*words)
            assert status == 0, (words, out, err)

    def setUp(self):
        self.eventually(lambda: self.verify()[0] == 0 and "wait" not in self.verify()[1], 20)

    def verify(self):
        status, out, err = self.service.command("audit", "verify")
        return status, out + err

    def database(self):
        db = sqlite3.connect(self.service.path("db/customhouse.db"), isolation_level=None, timeout=20)
        self.addCleanup(db.close)
        return db

    def altered(self, db, table, change):
        """What is said once `change(db)` was made of the table; then it is as it was. Meanwhile the keeper stands still: it
        writes down anew what it finds missing, the policy in force for one, and that would stay in the log."""
        [keeper] = [pid for pid, name in self.service.processes().items() if name == "keeper"]
        os.kill(keeper, signal.SIGSTOP)
        try:
            return self.altered_unseen(db, table, change)
        finally:
            os.kill(keeper, signal.SIGCONT)

    def altered_unseen(self, db, table, change):
        guards = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? AND name GLOB"
                            " '*_kept_*'", (table,)).fetchall()
        db.execute(f"CREATE TEMP TABLE kept AS SELECT * FROM main.{table}")
        db.execute("BEGIN IMMEDIATE")
        for name, _sql in guards:
            db.execute(f"DROP TRIGGER {name}")
        change(db)
        db.execute("COMMIT")
        said = self.verify()
        db.execute("BEGIN IMMEDIATE")
        db.execute(f"DELETE FROM main.{table}")
        db.execute(f"INSERT INTO main.{table} SELECT * FROM temp.kept")
        for _name, sql in guards:
            db.execute(sql)
        db.execute("COMMIT")
        db.execute("DROP TABLE temp.kept")
        return said

    def is_named(self, what, table, said):
        with self.subTest(what=what, table=table):
            self.assertEqual(said[0], 1, said[1])
            self.assertRegex(said[1], rf"ALTERED database: ({NAMED_BY.get(table, table)})")

    @staticmethod
    def swap(table, columns, keys, rows):
        """Each of the two has what the other had, but its key."""
        first, second = (dict(zip(columns, row)) for row in rows)
        mixed = [tuple((mine if c in keys else other)[c] for c in columns) for mine, other in ((first, second), (second, first))]

        def change(db):
            where = " AND ".join(f"{k} IS ?" for k in keys)
            for row in (first, second):
                db.execute(f"DELETE FROM {table} WHERE {where}", [row[k] for k in keys])
            db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", mixed)
        return change if set(mixed) != set(rows) else None

    def test_rows_beside_the_running_service(self):
        db = self.database()
        tables = [t for t, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
        tried = set()
        for table in sorted(set(tables) - NOT_COMPARED):
            info = db.execute(f"SELECT name, pk FROM pragma_table_info('{table}')").fetchall()
            columns, keys = [name for name, _ in info], [name for name, pk in info if pk]
            rows = db.execute(f"SELECT * FROM {table} ORDER BY {', '.join(keys)} LIMIT 2").fetchall()
            if not rows:
                continue
            tried.add(table)
            where = " AND ".join(f"{k} IS ?" for k in keys)
            first = [dict(zip(columns, rows[0]))[k] for k in keys]
            self.is_named("deleted", table, self.altered(db, table, lambda db, t=table, w=where, f=first: db.execute(
                f"DELETE FROM {t} WHERE {w}", f)))
            # since when a name has its owner is in no entry
            change = self.swap(table, columns, keys, rows) if len(rows) > 1 and table != "owner" else None
            if change:
                self.is_named("swapped", table, self.altered(db, table, change))
        self.assertGreaterEqual(tried, {"decision", "ruling", "exception", "exception_step", "attestation", "snapshot",
                                        "inspection", "release_file", "bytes_confirmed", "sidecar", "owner", "signing_key",
                                        "person", "token", "group_grant", "served", "log_entry", "log_clear"})
        status, out = self.verify()
        self.assertEqual(status, 0, out)
        self.assertEqual(self.service.get(file_path("one", "1.0"))[0], 200)

    def test_a_number_beyond_any_entry_stops_approvals_and_nothing_else(self):
        db = self.database()
        keeper = {pid for pid, name in self.service.processes().items() if name == "keeper"}
        columns = [name for name, in db.execute("SELECT name FROM pragma_table_info('decision') WHERE name <> 'id'")]
        db.execute(f"INSERT INTO decision (id, {', '.join(columns)}) SELECT {BEYOND}, {', '.join(columns)} FROM decision LIMIT 1")
        status, out = self.verify()
        self.assertEqual(status, 1, out)
        self.assertIn(f"ALTERED database: decision {BEYOND} was never logged", out)
        self.assertNotEqual(self.service.ask(file_path("three", "1.0")).status, 200)  # no entry, no ALLOW
        self.assertEqual(self.service.get(file_path("one", "1.0"))[0], 200)
        self.assertEqual({pid for pid, name in self.service.processes().items() if name == "keeper"}, keeper)
        guard = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'decision_kept_d'").fetchone()[0]
        db.execute("DROP TRIGGER decision_kept_d")
        db.execute(f"DELETE FROM decision WHERE id >= {BEYOND}")
        db.execute(guard)
        self.eventually(lambda: self.service.ask(file_path("three", "1.0")).status == 200, 30)
        self.assertEqual(self.verify()[0], 0)


def flip(at):
    def change(path):
        with open(path, "r+b") as f:
            f.seek(at)
            byte = f.read(1)[0]
            f.seek(at)
            f.write(bytes([byte ^ 1]))
    return change


def cut(path):
    os.truncate(path, os.path.getsize(path) // 2)


def append(path):
    with open(path, "ab") as f:
        f.write(b"\0" * 32)


def swap(first, second, size=32):
    def change(path):
        with open(path, "r+b") as f:
            data = bytearray(f.read())
            one, two = data[first:first + size], data[second:second + size]
            data[first:first + size], data[second:second + size] = two, one
            f.seek(0)
            f.write(data)
    return change


FILES = (
    ("audit/entries/data", flip(30), r"entry 0 \(genesis\): its bytes are not those that were logged"),
    ("audit/entries/data", cut, r"entries \d+ to \d+"),
    ("audit/entries/data", append, r"log: entries/data has 32 bytes that are nothing's"),
    ("audit/entries/data", os.remove, r"log: entries/data is missing"),
    ("audit/entries/bundles", flip(0), r"entries 0 to \d+"),
    ("audit/entries/bundles", os.remove, r"log: entries/bundles is missing"),
    ("audit/entries/journal", flip(100), r"log: entries/journal"),
    ("audit/entries/journal", cut, r"log: entries/journal: has \d+ bytes, expected"),
    ("audit/entries/journal", os.remove, r"log: entries/journal is missing"),
    ("audit/public/hashes/0", flip(5), r"hashes of level 0: hash 0 is not the one of its entry"),
    ("audit/public/hashes/0", swap(32, 96), r"hashes of level 0: hash 1 is not(.|\n)*hash 3 is not"),
    ("audit/public/hashes/0", cut, r"hashes of level 0: there are \d+, the checkpoint states"),
    ("audit/public/hashes/0", append, r"log: public/hashes/0 has 32 bytes"),
    ("audit/public/hashes/0", os.remove, r"log: public/hashes/0 is missing"),
    ("audit/public/checkpoint", flip(3), r"the checkpoint: "),
    ("audit/public/checkpoint", cut, r"the checkpoint: "),
    ("audit/public/checkpoint", os.remove, r"the checkpoint: "),
)


class OnDisk(Quarantine):
    @classmethod
    def fill(cls):
        for name in ("one", "two", "three"):
            add_wheel(cls.up, name, "1.0")

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="ch-tamper-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.assertEqual(self.service.get(file_path("one", "1.0"))[0], 200)
        self.service.stop()
        self.addCleanup(lambda: self.service.process.poll() is None or self.service.start())

    def verify(self):
        status, out, err = self.service.command("audit", "verify")
        return status, out + err

    def is_named(self, what, expected):
        with self.subTest(what=what):
            status, out = self.verify()
            self.assertEqual(status, 1, out)
            self.assertRegex(out, "ALTERED " + expected)

    def copied(self, name):
        """(where it lies, a copy)"""
        copy = os.path.join(self.dir, name.replace("/", "_"))
        shutil.copy2(self.service.path(name), copy)
        st = os.stat(self.service.path(name))
        os.chown(copy, st.st_uid, st.st_gid)
        return self.service.path(name), copy

    @staticmethod
    def put_back(copy, path):
        """Also where it is gone; the keeper, who is another user, can write it again."""
        shutil.copy2(copy, path)
        st = os.stat(copy)
        os.chown(path, st.st_uid, st.st_gid)

    def refuses_to_start(self, why):
        with self.assertRaises(RuntimeError) as caught:
            self.service.start()
        self.assertIn(why, str(caught.exception))
        self.service.process.wait(30)

    def test_files_of_the_log(self):
        for name, change, expected in FILES:
            path, copy = self.copied(name)
            change(path)
            self.is_named(f"{name} {change}", expected)
            self.put_back(copy, path)
        self.assertEqual(self.verify()[0], 0)
        self.service.start()

    def test_private_keys(self):
        for name in sorted(os.listdir(self.service.path("keys"))):
            path, copy = self.copied("keys/" + name)
            kind = ["-algorithm", "ed25519"] if name.startswith("log-") else ["-algorithm", "EC", "-pkeyopt",
                                                                            "ec_paramgen_curve:P-256"]
            subprocess.run(["openssl", "genpkey", *kind, "-out", path], check=True, capture_output=True)
            self.is_named(name, rf"keys/{name}: expected the private half of signing_key")
            os.truncate(path, 0)
            self.is_named(name, rf"keys/{name}: expected the private half of signing_key")
            self.put_back(copy, path)
        self.assertEqual(self.verify()[0], 0)
        self.service.start()

    def test_an_older_database(self):
        path, older = self.copied("db/customhouse.db")
        self.service.start()
        self.assertEqual(self.service.get(file_path("two", "1.0"))[0], 200)
        self.service.stop()
        newer = os.path.join(self.dir, "newer")
        self.put_back(older, newer)  # whose it is
        shutil.copyfile(path, newer)
        shutil.copy2(older, path)
        self.is_named("older", r"database: log_entry \d+ is gone")
        self.refuses_to_start("is older than the audit log")
        shutil.copy2(newer, path)
        self.assertEqual(self.verify()[0], 0)
        self.service.start()
        # under the running service, which has the other one open
        os.replace(older, path)
        self.is_named("older, beside", r"database")
        self.service.kill()
        self.refuses_to_start("is older than the audit log")
        for rest in ("-wal", "-shm"):
            if os.path.exists(path + rest):
                os.remove(path + rest)
        self.put_back(newer, path)
        self.service.start()
        self.assertEqual(self.verify()[0], 0)


class RowsAlone(Alone):
    """A service of its own: what is edited here stays so."""

    def altered_by(self, *statements):
        """While the service is stopped, and without the triggers that keep facts, which come back."""
        db = sqlite3.connect(self.running.path("db/customhouse.db"), isolation_level=None)
        guards = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND name GLOB '*_kept_*'").fetchall()
        for name, _sql in guards:
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)
        for _name, sql in guards:
            db.execute(sql)
        db.close()

    def command(self, *words):
        status, out, err = self.running.command(*words)
        self.assertEqual(status, 0, (words, out, err))

    def test_no_row_alone_ends_a_denial_or_gives_back_an_approval(self):
        """What counts is the log: nothing that is served changes, `status` ends with 1, and `audit verify` names the rows."""
        for name in ("one", "two"):
            add_wheel(self.up, name, "1.0")
        add_wheel(self.up, "held", "1.0", days=1)
        add_wheel(self.up, "wanted", "1.0", days=1)
        denied, held, wanted = (file_path(name, "1.0") for name in ("two", "held", "wanted"))
        self.running = self.service().start()
        self.assertEqual(self.running.get(file_path("one", "1.0"))[0], 200)
        self.assertEqual(self.running.get(denied)[0], 200)
        self.command("deny", "two==1.0", "--reason", "stolen")
        for name in ("held", "wanted"):
            self.command("approve", f"{name}==1.0", "--reason", "needed")
        self.assertEqual(self.running.get(held)[0], 200)
        self.assertEqual(self.running.get(wanted)[0], 200)
        self.command("exceptions", "revoke", "1", "--reason", "no more")
        self.assertEqual(self.running.ask(held).status, 403)
        for what in (("UPDATE ruling SET expires_at_us = 1 WHERE deny",),
                     ("INSERT OR IGNORE INTO ruling_end SELECT id, 'user:bob', 'was wrong', 5 FROM ruling WHERE deny",),
                     ("DELETE FROM ruling_end", "DELETE FROM exception_step WHERE kind > 4"),
                     ("UPDATE exception_step SET kind = 3 WHERE kind > 4",),
                     ("DELETE FROM exception_ruling WHERE ruling = (SELECT max(id) FROM ruling)",),
                     ("DELETE FROM ruling WHERE deny",)):
            with self.subTest(what=what):
                self.eventually(lambda: "wait" not in self.verify()[1], 20)
                self.running.stop()
                self.altered_by(*what)
                status, out = self.verify()
                self.assertEqual(status, 1, out)
                self.running.start()
                for path, text in ((denied, "denied"), (held, "held")):
                    answer = self.running.ask(path)
                    self.assertEqual(answer.status, 403, answer)
                    self.assertIn(text, str(answer.reason) + str(answer.body))
        status, out, err = self.running.command("status")
        self.assertEqual(status, 1, out + err)
        self.assertIn("denials are in force by the audit log alone", out)
        self.assertIn("approvals of the database are NOT taken", out)
        self.assertEqual(self.running.ask(wanted).status, 403)  # without its exception
        self.assertEqual(self.running.get(file_path("one", "1.0"))[0], 200)  # nobody's exception

    def as_(self, uid, *words):
        status, out, err = self.running.command(*words, uid=uid)
        return status, out + err

    @unittest.skipIf(os.geteuid() != 0, "only root can run commands as other persons")
    def test_no_row_alone_approves_or_makes_an_approver(self):
        """An exception that needs two, a forged approval, a forged approver and a forged token: none of it counts."""
        ann, bob, cid = 2001, 2002, 2003
        for name in ("plain", "other"):
            add_wheel(self.up, name, "1.0", days=1)
        self.running = self.service().start()
        for name, uid in (("ann", ann), ("bob", bob), ("cid", cid)):
            self.command("user", "add", name, "--uid", str(uid))
        self.command("group", "add", "asking", "ann", "--role", "requester")
        self.command("group", "add", "deciding", "bob", "cid", "--role", "approver")
        for path in (file_path("plain", "1.0"), file_path("other", "1.0")):
            self.assertEqual(self.running.ask(path).status, 403)
        for name in ("plain", "other"):
            status, out = self.as_(ann, "exceptions", "request", f"{name}==1.0", "--reason", "needed")
            self.assertEqual(status, 0, out)
        self.eventually(lambda: "wait" not in self.verify()[1], 20)
        self.running.stop()
        self.altered_by(
            "UPDATE exception SET reason = 'urgent', requester = 'user:cid' WHERE project = 'plain'",
            "UPDATE exception_step SET reason = 'urgent', by_person = 'user:cid' WHERE exception = 1",
            "INSERT INTO people_fact (kind, by_person, at_us) VALUES (3, 'local:0', 5)",
            "INSERT INTO group_member SELECT max(id), 'deciding', 'ann' FROM people_fact",
            "INSERT INTO people_fact (kind, by_person, at_us) VALUES (5, 'local:0', 5)",
            "INSERT INTO token SELECT max(id), 'bob', 'admin', '', x'" + "ab" * 32 + "', 9000000000000000 FROM people_fact")
        status, out = self.verify()
        self.assertEqual(status, 1, out)
        for named in ("exception", "group_member", "token"):
            self.assertIn(named, out)
        self.running.start()
        self.running.ask(file_path("plain", "1.0"))
        status, out = self.as_(bob, "approve", "1")
        self.assertEqual(status, 1, out)
        self.assertIn("the database was altered", out)
        status, out = self.as_(ann, "approve", "2")  # a row alone makes nobody an approver
        self.assertEqual(status, 1, out)
        self.assertIn("it needs exception.approve", out)
        status, out, err = self.running.command("status")
        self.assertEqual(status, 1, out + err)
        self.assertIn("1 exceptions can NOT be approved", out)
        self.assertIn("2 rows about users, groups and tokens give NOTHING", out)
        self.assertIn(b"customhouse_exceptions_altered 1", self.running.ask("/-/metrics").body)
        status, out, err = self.running.command("user", "add", "eve")
        self.assertEqual(status, 1, out + err)
        self.assertIn("nothing is given", out + err)
        self.assertEqual(self.running.ask(file_path("plain", "1.0")).status, 403)
        status, out = self.as_(bob, "approve", "2")  # what was not altered goes on
        self.assertEqual(status, 0, out)
        self.assertEqual(self.running.get(file_path("other", "1.0"))[0], 200)
        status, out = self.as_(bob, "exceptions", "reject", "1", "--reason", "altered")
        self.assertEqual(status, 0, out)
        self.command("group", "revoke", "deciding", "ann", "--reason", "forged")

    def test_kill_between_row_and_entry_alters_nothing(self):
        """Rows and their entries are one group of writes: what a kill leaves is never taken for altered."""
        for n in range(8):
            add_wheel(self.up, f"k{n}", "1.0", days=1)
        self.running = self.service().start()
        for n in range(8):
            self.running.ask(file_path(f"k{n}", "1.0"))
            self.command("exceptions", "request", f"k{n}==1.0", "--reason", "needed")
            starts = [threading.Thread(target=self.running.command, args=words) for words in (
                ("user", "add", f"u{n}"), ("group", "add", f"g{n}", "--role", "reader"),
                ("approve", f"k{n}==1.0", "--reason", "needed"))]
            for t in starts:
                t.start()
            time.sleep(0.01 * n)
            self.running.kill()
            for t in starts:
                t.join()
            self.running.start()
            out = self.running.command("status", "--json")[1]
            self.assertEqual(json.loads(out)["altered"], {"approvals": 0, "denials": 0, "exceptions": 0, "people": 0}, out)

    def verify(self):
        status, out, err = self.running.command("audit", "verify")
        return status, out + err
