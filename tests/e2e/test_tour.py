"""README's tour of two persons and one version."""
import os
import unittest

from house import conda, tour
from house.case import add_wheel
from house.clients import Client
from house.service import Service
from house.upstream import Upstream
from test_log import outside_modules


class TwoPersons(tour.Tour):
    TITLE = "A tour: two persons, one version"
    UIDS = {"#": 0, "ann$": 64401, "bob$": 64402}
    REFUSED = {("ann$", "pip install --target mine"): 1, ("ann$", "customhouse approve"): 1,
               ("#", "customhouse audit verify --state row"): 1, ("#", "customhouse audit verify --state byte"): 1}
    KEPT = ("wheel", "vkey")

    def setUp(self):
        outside_modules()
        self.up = Upstream()
        self.addCleanup(self.up.close)
        add_wheel(self.up, "young", "1.0")
        add_wheel(self.up, "young", "2.0", days=1)
        channel = conda.Channel()
        self.addCleanup(channel.close)
        channel.add("young", "1.0")
        channel.add("young", "2.0", days=1)
        self.service = Service(self.up.url, admin=True, configure=lambda text: conda.with_channel(text, channel.url))
        self.addCleanup(self.service.remove)
        os.chmod(self.service.dir, 0o711)
        self.service.start()
        self.begin()
        client = Client("pip-newest")
        self.addCleanup(client.remove)
        os.chmod(client.home, 0o755)
        pip = os.path.join(self.bin, "pip")
        with open(pip, "w") as f:
            f.write(f'#!/bin/sh\nexec {client.python} -m pip --isolated --no-cache-dir "$@" 2>&1\n')
        os.chmod(pip, 0o755)

    def test_it_runs_as_written(self):
        def stop_at_the_end(i, count):
            if i == count - 1:
                self.service.stop()
        self.walk(stop_at_the_end)


if __name__ == "__main__":
    unittest.main()
