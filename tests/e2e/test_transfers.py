"""What the upstream is asked for again: bytes behind a release by time, transfers that broke; and whom a held
file is yanked for."""
import hashlib
import os
import subprocess
import unittest

from house import wheels
from house.case import Moody, add_wheel, days_ago, file_path
from house.clients import Client
from house.upstream import File

PIP_AND_UV = ("pip-newest", "uv")


class Transfers(Moody):
    def set_policy(self, text):
        path = os.path.join(self.service.dir, "next.yaml")
        with open(path, "w") as f:
            f.write("version: 1\n" + text)
        status, out, err = self.service.command("policy", "set", path)
        self.assertEqual(status, 0, out + err)

    def fetched(self, f):
        return self.up.asked.count(f"/files/{f.name}")

    def test_T5_without_hashes_a_release_rests_on_bytes_fetched_again(self):
        """Fetched while a shorter cool-down was in force; the longer one ends in a few seconds."""
        files = []
        for name in ("lasting", "swapped"):
            f = add_wheel(self.up, name, "1.0", days=3 - 20 / 86400, sidecar=False)
            f.stated_hash = f.stated_size = False
            files.append(f)
        self.set_policy("cool_down_days: 1\n")
        for name in ("lasting", "swapped"):
            self.assertEqual(self.service.ask(file_path(name, "1.0")).status, 200)
        self.set_policy("cool_down_days: 3\n")
        for name in ("lasting", "swapped"):
            self.refused(name, "1.0", "the policy asks for 3 days")
        old = files[1].data
        files[1].data = wheels.wheel("swapped", "1.0", files={"swapped/more.py": b"x = 1\n"})
        self.eventually(lambda: self.service.ask(file_path("lasting", "1.0")).status == 200, 60)
        self.assertEqual([self.fetched(f) for f in files], [2, 1])
        self.refused("swapped", "1.0", "is not what arrived under this name before")
        self.assertEqual([self.fetched(f) for f in files], [2, 2])

        def check(client):
            self.installs(client, "lasting", "lasting", "1.0")
            self.is_refused(client, "swapped==1.0", "is not what arrived under this name before")
        self.with_clients(check, PIP_AND_UV)
        self.assertEqual([self.fetched(f) for f in files], [2, 2])
        entry = self.explained("lasting==1.0")[files[0].name]
        self.assertEqual(entry["verdict"], "allow")
        self.assertGreater(entry["bytes_confirmed"], days_ago(1))
        status, out, err = self.service.command("fetched-by", "sha256:" + hashlib.sha256(old).hexdigest())
        self.assertEqual(status, 0, out + err)  # what went out before is known

    def test_T15_a_broken_transfer_is_tried_again_whatever_the_hash(self):
        f = add_wheel(self.up, "torn", "1.0", sidecar=False)
        f.hashes, f.stated_size = {"sha512": hashlib.sha512(f.data).hexdigest()}, False
        whole = f.data
        f.data = wheels.wheel("torn", "1.0", files={"torn/other.py": b"x = 1\n"})
        self.refused("torn", "1.0", "is not the file whose hash the index stated; fetched again once")
        self.assertIn("fetching it again", self.explained("torn==1.0")[f.name]["what_would_change_it"])
        f.data = whole[:-30]
        self.refreshed("torn", lambda: self.service.ask(file_path("torn", "1.0")).status == 403
                       and self.fetched(f) >= 2)
        f.data = whole
        self.refreshed("torn", lambda: self.service.ask(file_path("torn", "1.0")).status == 200)
        self.with_clients(lambda client: self.installs(client, "torn", "torn", "1.0"), PIP_AND_UV)

    def test_a_held_file_is_yanked_for_those_who_have_another_version(self):
        """2.0 is held. For Linux there is 1.0, for Windows there is not: two files of one version, one page."""
        linux, windows = "py3-none-manylinux_2_17_x86_64", "py3-none-win_amd64"
        for version, tag, days in (("1.0", linux, 400), ("2.0", linux, 1), ("2.0", windows, 1)):
            self.up.add("parted", File(wheels.file_name("parted", version, tag),
                                       wheels.wheel("parted", version, tag=tag), uploaded=days_ago(days)))
        page = self.page("parted")
        self.assertIn("held by policy", page[wheels.file_name("parted", "2.0", linux)]["yanked"])
        self.assertFalse(page[wheels.file_name("parted", "2.0", windows)]["yanked"])

        def check(client):
            self.installs(client, "parted", "parted", "1.0")
            self.is_refused(client, "parted==2.0", "the policy asks for ")
            if client.kind == "uv":
                return
            done = subprocess.run(
                [client.python, "-m", "pip", "--isolated", "download", "--index-url", self.index, "--no-deps",
                 "--only-binary", ":all:", "--platform", "win_amd64", "-d", client.home, "parted"],
                capture_output=True, text=True, env=client.env, timeout=120)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("the policy asks for ", done.stdout + done.stderr)
        self.with_clients(check, PIP_AND_UV)


if __name__ == "__main__":
    unittest.main()
