"""Files that are larger than what the site fetches, or than what its quotas could ever hold."""
import os
import re
import signal
import stat
import unittest

from house import wheels
from house.case import Moody, add_wheel, file_path, in_parallel, with_key

MIB = 1 << 20
BULK = os.urandom(1100000)
TOO_LARGE = "held by size-limit"


class Sizes(Moody):
    @classmethod
    def configure(cls, text):
        return with_key(super().configure(text), "artifact_max_bytes", "1MiB")

    @classmethod
    def fill(cls):
        for name in ("large", "unsized", "chunked"):
            add_wheel(cls.up, name, "1.0")
        cls.large = add_wheel(cls.up, "large", "2.0", files={"large/data.bin": BULK})
        for name in ("unsized", "chunked"):
            f = add_wheel(cls.up, name, "2.0", files={f"{name}/data.bin": BULK})
            f.stated_size = False

    def configured(self, key, value):
        """This key of the configuration, without a restart."""
        self.service.edit("customhouse.yaml", lambda text: with_key(text, key, value))
        self.service.process.send_signal(signal.SIGHUP)

    def entry(self, name, version="2.0"):
        return self.page(name)[wheels.file_name(name, version)]

    def test_what_is_too_large_is_held_and_the_older_version_taken(self):
        size = f"it has {len(self.large.data)} bytes, and the largest file that is fetched here has 1048576"
        self.assertIn("held by policy: " + size, self.entry("large")["yanked"])

        def check(client):
            self.installs(client, "large", "large", "1.0")
            self.is_refused(client, "large==2.0", TOO_LARGE)
        self.with_clients(check)
        refusal = self.refused("large", "2.0", size)
        self.assertIn(size, self.service.ask(re.search(r"/-/x/\w+", refusal.reason).group()).body.decode())
        e = self.explained("large==2.0")[wheels.file_name("large", "2.0")]
        self.assertEqual((e["verdict"], e["rule"]), ("hold", "size-limit"))
        self.assertEqual(e["what_would_change_it"], f"store.artifact_max_bytes (now 1048576) of at least "
                                                    f"{len(self.large.data)} bytes in customhouse.yaml; no approval can")

    def check_found_out(self, name, size):
        """The first client is told why, the next ones take the version that fits; so also after a kill."""
        self.assertFalse(self.entry(name)["yanked"])
        self.with_clients(lambda client: self.is_refused(client, f"{name}==2.0", TOO_LARGE), ["pip-newest", "uv"])
        self.refused(name, "2.0", size)
        self.with_clients(lambda client: self.installs(client, name, name, "1.0"), ["pip-newest", "uv"])
        self.service.kill()
        self.service.start()
        self.assertIn(size, self.entry(name)["yanked"])
        asked = self.up.asked.count(f"/files/{wheels.file_name(name, '2.0')}")
        self.refused(name, "2.0", size)
        self.assertEqual(self.up.asked.count(f"/files/{wheels.file_name(name, '2.0')}"), asked)

    def test_what_is_found_too_large_is_known_from_then_on(self):
        f = self.up.find(wheels.file_name("unsized", "2.0"))
        self.check_found_out("unsized", f"it has {len(f.data)} bytes, and the largest")
        path = file_path("unsized", "2.0")
        self.configured("artifact_max_bytes", "4MiB")
        try:
            self.eventually(lambda: not self.entry("unsized")["yanked"])
            self.with_clients(lambda client: self.installs(client, "unsized", "unsized", "2.0"), ["pip-newest", "uv"])
        finally:
            self.configured("artifact_max_bytes", "1MiB")
            self.eventually(lambda: self.service.ask(path).status == 403)  # also when it has been served
        self.refused("unsized", "2.0", f"it has {len(f.data)} bytes, and the largest")
        self.assertIn("held by policy", self.entry("unsized")["yanked"])

    def test_what_says_nowhere_how_large_it_is(self):
        f = self.up.find(wheels.file_name("chunked", "2.0"))

        def endless(h):
            h.send_response(200)
            h.send_header("Connection", "close")
            h.end_headers()
            h.wfile.write(f.data)
            h.close_connection = True
            return True
        self.up.behave = lambda path: endless if path == f"/files/{f.name}" else None
        self.check_found_out("chunked", "bytes or more, and the largest file that is fetched here has 1048576")
        e = self.explained("chunked==2.0")[f.name]
        self.assertIn("store.artifact_max_bytes (now 1048576) of more than 1", e["what_would_change_it"])


class Quotas(Moody):
    """Nothing but the quotas is small: 64 MiB is the least that they may be."""
    @classmethod
    def configure(cls, text):
        text = super().configure(text)
        for key, value in ("undecided_max_bytes", "80MiB"), ("max_bytes", "64MiB"), ("last_copies_percent", "100"):
            text = with_key(text, key, value)
        return text

    @classmethod
    def fill(cls):
        for name in ("wide", "wider"):
            add_wheel(cls.up, name, "1.0")

    def check(self, name, size, key, now):
        page = wheels.file_name(name, "2.0")
        f = add_wheel(self.up, name, "2.0", files={f"{name}/data.bin": b""})
        self.assertEqual(f.name, page)
        f.size = size
        why = f"it has {size} bytes, and the largest file that is fetched here has {now * MIB} ({key})"
        self.refreshed(name, lambda: page in self.page(name))
        self.assertIn(why, self.page(name)[page]["yanked"])

        def one(client):
            self.installs(client, name, name, "1.0")
            self.is_refused(client, f"{name}==2.0", TOO_LARGE)
        self.with_clients(one, ["pip-newest", "uv"])
        self.refused(name, "2.0", why)
        self.assertIn(f"{key} (now {now * MIB})", self.explained(f"{name}==2.0")[page]["what_would_change_it"])
        status, out, err = self.service.command("approve", f"{name}==2.0", "--reason", "needed")
        self.assertEqual(status, 1, out + err)
        self.assertIn(key, out + err)

    def test_more_than_the_quota_of_served_files_at_once(self):
        """What goes for others may be had all the same, by all; and what has gone takes no room."""
        for i in range(30):
            wheel = wheels.pack(wheels.members(f"heavy{i}", "1.0", files={"x.bin": bytes(4 * MIB)}), stored=True)
            add_wheel(self.up, f"heavy{i}", "1.0", data=wheel)

        def fetch(first):
            for i in range(10):
                name = f"heavy{(7 * i + first) % 30}"
                a = self.service.ask(file_path(name, "1.0"))
                while a.status == 307:
                    a = self.service.ask(a["Location"])
                self.assertEqual(a.status, 200, (name, a.reason))
                self.assertEqual(a.body, self.up.projects[name][0].data)
        for e in in_parallel({i: lambda i=i: fetch(i) for i in range(0, 30, 2)}).values():
            if e is not None:
                raise e
        self.eventually(lambda: not self.evicted_and_open())

    def evicted_and_open(self):
        """Files without a name that are open in gateways."""
        found = []
        for pid, name in self.service.processes().items():
            folder = f"/proc/{pid}/fd"
            for fd in os.listdir(folder) if name == "gateway" else ():
                try:
                    st = os.stat(os.path.join(folder, fd))
                except FileNotFoundError:
                    continue
                if stat.S_ISREG(st.st_mode) and st.st_nlink == 0 and st.st_size > MIB:
                    found.append(fd)
        return found

    def test_what_the_quota_of_served_files_can_never_hold(self):
        self.check("wide", 70 * MIB, "store.max_bytes", 64)
        self.check("wider", 90 * MIB, "store.max_bytes", 64)

    def test_the_last_copy_is_not_evicted(self):
        """T5: what was approved and its upstream has no more cannot be fetched again."""
        large = os.urandom(30 * MIB)
        names = ("rare", "common", "other", "unique")
        wheel = {n: add_wheel(self.up, n, "1.0", files={f"{n}/data.bin": large}) for n in names}

        def vanishes(name):
            self.assertEqual(self.service.ask(file_path(name, "1.0")).status, 200)
            add_wheel(self.up, name, "0.9")
            self.up.projects[name].remove(wheel[name])
            self.refreshed(name, lambda: self.service.ask(file_path(name, "1.0")).status == 403)
            status, out, err = self.service.command("approve", f"{name}==1.0", "--reason", "needed", "--expires", "1d")
            self.assertEqual(status, 0, out + err)
            self.assertEqual(self.service.ask(file_path(name, "1.0")).body, wheel[name].data)
        vanishes("rare")
        for name in ("common", "other"):  # there is room for two
            self.eventually(lambda: self.service.ask(file_path(name, "1.0")).status == 200)
        self.assertEqual(self.service.ask(file_path("rare", "1.0")).body, wheel["rare"].data)
        self.eventually(lambda: self.service.ask(file_path("unique", "1.0")).status == 200)
        vanishes("unique")

        self.with_clients(lambda client: self.is_refused(client, "common", "last copies"), ["pip-newest"])
        for name in ("rare", "unique"):  # whoever has locked it
            self.assertEqual(self.service.ask(file_path(name, "1.0")).body, wheel[name].data)
        self.assertIn("served 2 files", self.service.command("status")[1].split("last copies")[1])

        # T14: unless they are more than their part of the quota, and something else wants the room
        self.service.edit("customhouse.yaml", lambda text: with_key(text, "last_copies_percent", "50"))
        self.service.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: self.service.ask(file_path("common", "1.0")).status == 200)
        self.assertIn("what=\"the last copy of an approved file is lost", self.service.log())
        self.assertIn("served 1 files", self.service.command("status")[1].split("last copies")[1])


if __name__ == "__main__":
    unittest.main()
