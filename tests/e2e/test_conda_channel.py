"""A channel with one switch: a new installation has it ready to use, and asks it when a client does."""
import os
import re
import subprocess
import unittest

from house import conda
from house.service import BIN, Service
from house.upstream import Upstream
from test_conda import OfChannel


class Switch(OfChannel):
    @classmethod
    def setUpClass(cls):
        cls.up = Upstream()
        cls.addClassCleanup(cls.up.close)
        cls.make_channel()
        cls.channel.add("young", "1.0")
        cls.channel.add("young", "2.0", days=1)
        cls.url = cls.channel.url
        cls.service = Service(cls.up.url, init_args=["--conda-channel", cls.url + "/"])
        cls.addClassCleanup(cls.service.remove)
        cls.service.start()

    def test_ready_and_asks_nothing_by_itself(self):
        with open(self.service.path("customhouse.yaml")) as f:
            text = f.read()
        self.assertIn(f'- {{name: chan, ecosystem: conda, url: "{self.url}", added_at:', text)
        self.assertIn("conda install --override-channels --channel "
                      f"{self.service.url}/chan/ PACKAGE\n", self.service.log_lines)
        status, out, err = self.service.command("status")
        self.assertEqual(status, 0, err)
        self.assertEqual(self.service.ask("/chan/notices.json").status, 200)
        self.assertEqual(self.service.ask("/chan/").status, 200)
        self.service.stop()
        self.service.start()
        self.assertEqual(self.channel.asked, [])
        said, _ = self.rattler("young")
        self.assertTrue(said.get("installed"), said)
        self.assertNotEqual(self.channel.asked, [])
        # T7: by default a channel's times are its builders' word, and all of its first load counts as old
        self.assertEqual(said["solved"], ["young-2.0-0.conda"])

    def test_said_again(self):
        status, out, err = self.service.command("check")
        self.assertEqual(status, 0, err)
        for url, good in ((self.url, True), ("https://conda.example.org/other", False)):
            done = subprocess.run([os.path.join(BIN, "customhouse"), "serve", "--state", self.service.state,
                                   "--conda-channel", url], capture_output=True, text=True, timeout=60)
            said = done.stdout + done.stderr  # it runs already, which is told behind what the words mean
            self.assertNotEqual(done.returncode, 0, said)
            self.assertEqual("--conda-channel: " in said, not good, said)


class Several(unittest.TestCase):
    def test_T12_a_channel_has_one_upstream(self):
        up, first, second = Upstream(), conda.Channel(), conda.Channel()
        for end in (up, first, second):
            self.addCleanup(end.close)

        def configure(text):
            text = conda.with_channel(text, first.url)
            return re.sub(r"(?m)^repositories:\n", f"  - {{name: second, ecosystem: conda, url: '{second.url}'}}\n\nrepositories:\n",
                          text, count=1).replace("upstreams: [channel]", "upstreams: [channel, second]")
        service = Service(up.url, configure=configure)
        self.addCleanup(service.remove)
        status, out, err = service.command("check")
        self.assertEqual(status, 2, out)
        self.assertRegex(err, r"customhouse\.yaml:\d+:\d+: repositories\[0\]: .*upstreams: expected one: a name has one owner")
        self.assertRaises(RuntimeError, service.start)


if __name__ == "__main__":
    unittest.main()
