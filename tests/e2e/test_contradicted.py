"""An index that contradicts what it said before, what its own page of a moment ago was without, or the bytes that came: what was known
stands, for pip and uv, at the file's route and after kill -9."""
import hashlib
import json
import unittest

from house import wheels
from house.case import Moody, add_wheel, days_ago, file_path

CLIENTS = ("pip-newest", "uv")


class Contradicted(Moody):
    @classmethod
    def fill(cls):
        cls.young = add_wheel(cls.up, "young", "1.0", days=1)
        for name in ("replaced", "gaining", "sized", "named", "shown", "regained", "hashless"):
            add_wheel(cls.up, name, "1.0")
        add_wheel(cls.up, "sized", "0.9")
        cls.up.projects["hashless"][0].stated_hash = False
        filled = add_wheel(cls.up, "filled", "1.0", sidecar=False)
        filled.stated_hash = filled.stated_size = False

    def read_again(self, project):
        """The service has read what the index says of it by now."""
        asked, path = self.up.asked.count(f"/simple/{project}/"), f"/simple/{project}/"
        self.refreshed(project, lambda: self.up.asked.count(path) >= asked + 2)

    def restarted(self):
        self.service.kill()
        self.service.start()
        self.index = self.service.url + "/pypi/simple/"

    def test_T7_a_time_that_was_stated_is_not_taken_back(self):
        why, stated = "held by cool-down: released 1 day ago", self.young.uploaded
        self.refused("young", "1.0", why)
        self.young.uploaded = days_ago(4000)
        self.read_again("young")
        self.refused("young", "1.0", why)
        self.assertEqual(self.page("young")[self.young.name]["upload-time"][:19], stated[:19])
        self.with_clients(lambda client: self.is_refused(client, "young==1.0", why), CLIENTS)
        self.restarted()
        self.refused("young", "1.0", why)
        self.read_again("young")
        self.refused("young", "1.0", why)
        self.young.uploaded = days_ago(0.1)  # that it is younger counts
        self.refreshed("young", lambda: "released 2 hours ago" in self.service.ask(file_path("young", "1.0")).reason)

    def is_contradicted(self, name, version, stated):
        a = self.refused(name, version, f"held by cool-down: the index states {stated[:10]}, but did not list it on 20")
        self.assertRegex(a.reason, r"; the policy asks for 7 days \(until 20\d\d-\d\d-\d\d")
        self.assertEqual(self.service.ask(file_path(name, version) + ".metadata").status, 403)
        self.assertIn(", but its index did not list it on 20", self.service.command("explain", wheels.file_name(name, version))[1])

    def test_T1_another_hash_of_known_metadata(self):
        """Clients would stop at the hash, and not say who is to blame."""
        f, = self.up.projects["shown"]
        self.assertEqual(self.service.ask(file_path("shown", "1.0")).status, 200)
        true = f.sidecar
        f.sidecar = wheels.metadata("shown", "1.0", ("evil",), None)
        why = "denied by finding metadata-differs"
        self.refreshed("shown", lambda: why in self.service.ask(file_path("shown", "1.0")).reason)
        self.assertEqual(self.service.ask(file_path("shown", "1.0") + ".metadata").status, 403)
        self.with_clients(lambda client: self.is_refused(client, "shown==1.0", why), CLIENTS)
        self.assertIn("which states another hash of its metadata", self.service.command("explain", f.name)[1])
        f.sidecar = true
        self.refreshed("shown", lambda: self.service.ask(file_path("shown", "1.0")).status == 200)

    def test_T8_who_names_bytes_means_these(self):
        """Not what stands under their name by now; and what became of them is told."""
        f, = self.up.projects["named"]
        former, data = "sha256:" + f.sha256, f.data
        self.assertEqual(self.service.ask(file_path("named", "1.0")).body, data)
        f.data = wheels.wheel("named", "1.0", files={"named/new.py": b"x = 2\n"})
        f.sha256 = hashlib.sha256(f.data).hexdigest()
        self.refreshed("named", lambda: self.service.ask(file_path("named", "1.0")).status == 403)
        other = f"named-1.0-py3-none-any.whl stands for other bytes by now, sha256:{f.sha256}"
        for words in (("approve", former, "--reason", "reviewed"), ("exceptions", "request", former, "--reason", "needed"),
                      ("rescan", former)):
            status, out, err = self.service.command(*words)
            self.assertEqual(status, 1, (words, out, err))
            self.assertIn(other, err)
        self.assertEqual(self.service.ask(file_path("named", "1.0")).status, 403)
        self.assertEqual(json.loads(self.service.command("exceptions", "list", "--json")[1]), [])
        status, out, err = self.service.command("explain", former)
        self.assertEqual(status, 0, err)
        self.assertIn(f"{former} came as named-1.0-py3-none-any.whl", out)
        self.assertIn(f"sha256:{f.sha256}: these are not served", out)
        self.assertIn("fetched by: 1 client", out)
        self.assertIn("nobody denied them", out)
        status, out, err = self.service.command("deny", former, "--reason", "was an attack")
        self.assertEqual(status, 0, out + err)
        self.assertIn("was an attack", self.service.command("explain", former)[1])
        [told] = json.loads(self.service.command("explain", former, "--json")[1])
        self.assertEqual((told["sha256"], told["replaced_by"], told["served"], told["clients"], told["denials"][0]["reason"]),
                         (former[7:], f.sha256, False, 1, "was an attack"))
        status, out, err = self.service.command("explain", "sha256:" + f.sha256)
        self.assertEqual(status, 0, err)
        self.assertIn("hold (cool-down)", out)

    def test_T7_other_bytes_are_not_as_old_as_those_before(self):
        f, = self.up.projects["replaced"]
        self.assertEqual(self.service.ask(file_path("replaced", "1.0")).body, f.data)
        f.data = wheels.wheel("replaced", "1.0", files={"replaced/new.py": b"x = 2\n"})
        f.sha256 = hashlib.sha256(f.data).hexdigest()
        asked = self.up.asked.count(f"/files/{f.name}")
        self.refreshed("replaced", lambda: self.service.ask(file_path("replaced", "1.0")).status == 403)
        self.is_contradicted("replaced", "1.0", f.uploaded)
        self.assertEqual(self.up.asked.count(f"/files/{f.name}"), asked)  # nor is it fetched
        self.with_clients(lambda client: self.is_refused(client, "replaced==1.0", "but did not list it on"), CLIENTS)
        self.restarted()
        self.is_contradicted("replaced", "1.0", f.uploaded)

    def lies(self, f, project):
        """One answer lists other bytes under the name. Returns the true ones, to be listed again."""
        true = f.data, f.sha256, f.stated_hash
        f.data = wheels.wheel(project, "1.0", files={f"{project}/lie{len(self.up.asked)}.py": b"x = 2\n"})
        f.sha256, f.stated_hash = hashlib.sha256(f.data).hexdigest(), True
        self.refreshed(project, lambda: self.service.ask(file_path(project, "1.0")).status == 403)
        self.is_contradicted(project, "1.0", f.uploaded)
        return true

    def test_T7_bytes_that_are_back_are_as_old_as_they_were(self):
        """One answer that lies does not take what everybody has from everybody, for a cool-down; what it listed does not gain by that."""
        f, = self.up.projects["regained"]
        path = file_path("regained", "1.0")
        self.assertEqual(self.service.ask(path).body, f.data)
        seen = self.explained(f.name)[f.name]["first_seen"]
        for restarts in (False, True):
            true = self.lies(f, "regained")
            if restarts:
                self.restarted()
                self.is_contradicted("regained", "1.0", f.uploaded)
            lie = f.data, f.sha256, f.stated_hash
            f.data, f.sha256, f.stated_hash = true
            self.refreshed("regained", lambda: self.service.ask(path).status == 200)
            self.assertEqual(self.service.ask(path).body, f.data)
            e = self.explained(f.name)[f.name]
            self.assertEqual((e["first_seen"], e["baseline"], e["verdict"], e["sha256"]), (seen, True, "allow", f.sha256))
        # a listing may lag: until each gateway has this one
        self.refreshed("regained", lambda: {self.page("regained")[f.name]["hashes"]["sha256"] for _ in range(16)} == {f.sha256})
        self.with_clients(lambda client: self.installs(client, "regained==1.0", "regained", "1.0"), CLIENTS)
        f.data, f.sha256, f.stated_hash = lie
        self.refreshed("regained", lambda: self.service.ask(path).status == 403)
        self.is_contradicted("regained", "1.0", f.uploaded)
        f.data, f.sha256, f.stated_hash = true
        f.uploaded = days_ago(1)  # what is stated of them still counts
        self.refreshed("regained", lambda: "released 1 day ago" in self.service.ask(path).reason)

    def test_T7_the_same_of_bytes_that_came_before_a_hash_was_stated(self):
        f, = self.up.projects["hashless"]
        path = file_path("hashless", "1.0")
        self.assertEqual(self.service.ask(path).body, f.data)
        true = self.lies(f, "hashless")
        f.data, f.sha256, _ = true
        self.refreshed("hashless", lambda: self.service.ask(path).status == 200)
        self.assertEqual(self.service.ask(path).body, f.data)

    def test_what_a_mirror_fills_in_later_is_of_the_same_bytes(self):
        f, = self.up.projects["filled"]
        path = file_path("filled", "1.0")
        self.assertEqual(self.service.ask(path).body, f.data)
        seen = self.explained(f.name)[f.name]["first_seen"]
        f.stated_size = True
        self.read_again("filled")
        f.stated_hash = True
        self.read_again("filled")
        f.sidecar = wheels.metadata("filled", "1.0", (), None)
        self.read_again("filled")
        self.assertEqual(self.service.ask(path).body, f.data)
        e = self.explained(f.name)[f.name]
        self.assertEqual((e["first_seen"], e["baseline"], e["verdict"]), (seen, True, "allow"))
        self.assertIn("core-metadata", self.page("filled")[f.name])
        self.with_clients(lambda client: self.installs(client, "filled==1.0", "filled", "1.0"), CLIENTS)

    def test_T7_a_file_is_not_older_than_the_page_without_it(self):
        self.assertEqual(self.service.ask(file_path("gaining", "1.0")).status, 200)
        f = add_wheel(self.up, "gaining", "1.1")
        self.refreshed("gaining", lambda: f.name in self.page("gaining"))
        self.is_contradicted("gaining", "1.1", f.uploaded)

        def check(client):
            self.installs(client, "gaining", "gaining", "1.0")
            self.is_refused(client, "gaining==1.1", "but did not list it on")
        self.with_clients(check, CLIENTS)
        # T5: what was gone and is there again is as old as it was
        self.up.projects["gaining"].reverse()
        first = self.up.projects["gaining"].pop()
        self.refreshed("gaining", lambda: self.service.ask(file_path("gaining", "1.0")).status == 403)
        self.up.projects["gaining"].append(first)
        self.refreshed("gaining", lambda: self.service.ask(file_path("gaining", "1.0")).status == 200)

    def test_a_size_that_is_stated_later_is_compared(self):
        f = self.up.projects["sized"][0]
        path = file_path("sized", "1.0")
        self.assertEqual(self.service.ask(path).body, f.data)
        why = f"held by finding size-mismatch: 5 bytes stated, {len(f.data)} received"
        f.size = 5
        self.refreshed("sized", lambda: self.service.ask(path).status == 403)
        self.refused("sized", "1.0", why.split(": ")[0])
        self.refused("sized", "1.0", why.split(": ")[-1])
        self.assertEqual(self.service.ask(path, {}, "HEAD").status, 403)
        self.assertIn("5 bytes stated", self.page("sized")[f.name]["yanked"])
        e = self.explained(f.name)[f.name]
        self.assertEqual((e["verdict"], e["rule"]), ("hold", "finding size-mismatch"))
        self.assertEqual(e["what_would_change_it"],
                         f"the upstream's index stating the size of its bytes, {len(f.data)}; no approval can")

        def check(client):
            self.installs(client, "sized", "sized", "0.9")
            self.is_refused(client, "sized==1.0", "5 bytes stated")
        self.with_clients(check, CLIENTS)
        self.restarted()
        self.refused("sized", "1.0", "5 bytes stated")
        f.size = None
        asked = self.up.asked.count(f"/files/{f.name}")
        self.refreshed("sized", lambda: self.service.ask(path).body == f.data)
        self.assertEqual(self.up.asked.count(f"/files/{f.name}"), asked)


if __name__ == "__main__":
    unittest.main()
