"""What the upstream is asked for again."""
import hashlib
import unittest

from house import wheels
from house.case import Moody, add_wheel, file_path

PIP_AND_UV = ("pip-newest", "uv")


class Transfers(Moody):
    def fetched(self, f):
        return self.up.asked.count(f"/files/{f.name}")

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


if __name__ == "__main__":
    unittest.main()
