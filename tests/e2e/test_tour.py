"""The tour of README, as it is written there: its commands are run by root and by the two persons, each of whom reads
what README says. "..." stands for what differs from time to time, or (a line of it) for lines that are left out."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from house import conda, cosign
from house.case import add_wheel
from house.clients import Client
from house.service import BIN, ROOT, Service
from house.upstream import Upstream
from test_log import outside_modules

UIDS = {"#": 0, "ann$": 64401, "bob$": 64402}
# what ends with another status than 0, and does so in README
REFUSED = {("ann$", "pip install --target mine"): 1, ("ann$", "customhouse approve"): 1,
           ("#", "customhouse audit verify --state row"): 1, ("#", "customhouse audit verify --state byte"): 1}
COSIGN = "3.1.2"


def tour():
    """[[(who, command, lines that are shown)]], a list for each block."""
    with open(os.path.join(ROOT, "README.md")) as f:
        text = f.read()
    section = re.search(r"(?ms)^## A tour.*?(?=^## )", text)[0]
    blocks = []
    for block in re.findall(r"(?ms)^```console\n(.*?)^```$", section):
        steps = []
        for line in block.replace("\\\n", "").splitlines():
            who = line.split(" ", 1)[0]
            if who in UIDS:
                steps.append((who, line[len(who) + 1:], []))
            else:
                steps[-1][2].append(line)
        blocks.append(steps)
    return blocks


def reads(shown, said):
    """Whether what was said is what is shown."""
    pattern = "".join(r"(?:.*\n)*" if line == "..." else ".*".join(map(re.escape, line.split("..."))) + r"\n"
                      for line in shown)
    return re.fullmatch(pattern, said if said.endswith("\n") or not said else said + "\n") is not None


class Tour(unittest.TestCase):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("needs root: only root runs commands as other persons")
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
        self.dir = tempfile.mkdtemp(prefix="ch-tour-")
        self.addCleanup(shutil.rmtree, self.dir)
        os.chmod(self.dir, 0o1777)
        self.client = Client("pip-newest")
        self.addCleanup(self.client.remove)
        os.chmod(self.client.home, 0o755)
        self.programs()
        self.shells = {}

    def programs(self):
        """What they have in their PATH."""
        self.bin = os.path.join(self.dir, "bin")
        os.mkdir(self.bin)
        os.symlink(os.path.join(os.path.abspath(BIN), "customhouse"), os.path.join(self.bin, "customhouse"))
        pip = os.path.join(self.bin, "pip")
        with open(pip, "w") as f:
            f.write(f'#!/bin/sh\nexec {self.client.python} -m pip --isolated --no-cache-dir "$@" 2>&1\n')
        os.chmod(pip, 0o755)
        try:
            cosign.need(COSIGN)
            shutil.copy(cosign.path(COSIGN), os.path.join(self.bin, "cosign"))
            self.cosign = None
        except unittest.SkipTest as e:
            self.cosign = str(e)

    def environment(self, who):
        home = os.path.join(self.dir, "home" + str(UIDS[who]))
        if not os.path.isdir(home):
            os.mkdir(home)
            os.chown(home, UIDS[who], UIDS[who])
        env = {"PATH": self.bin + os.pathsep + os.environ["PATH"], "HOME": home, "LC_ALL": "C.UTF-8",
               "SERVER": self.service.url, "ADMIN": f"http://127.0.0.1:{self.service.admin_port}",
               "STATE": self.service.state, "SOURCE": ROOT, "NO_PROXY": "127.0.0.1"}
        if UIDS[who] == 0:  # Go's modules are kept there
            env["HOME"] = os.environ.get("HOME", "/root")
            env.update({k: v for k, v in os.environ.items() if k.startswith("GO")})
        return env

    def run_as(self, who, command):
        """(exit status, what is read in the terminal); variables stay for the next command."""
        kept = os.path.join(self.dir, f"variables-{UIDS[who]}")
        script = f". {kept} 2>/dev/null\n{command}\nstatus=$?\n" \
                 f"{{ echo \"wheel='$wheel'\"; echo \"vkey='$vkey'\"; }} >{kept}\nexit $status\n"
        done = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=self.environment(who), cwd=self.dir, user=UIDS[who], group=UIDS[who], extra_groups=[],
                              timeout=300)
        return done.returncode, done.stdout

    def test_it_runs_as_written(self):
        blocks = tour()
        self.assertGreater(sum(map(len, blocks)), 20)
        for i, block in enumerate(blocks):
            if i == len(blocks) - 1:
                self.service.stop()
            for who, command, shown in block:
                if self.cosign and command.startswith("cosign "):
                    with self.subTest(command=command):
                        self.skipTest(self.cosign)
                    continue
                status, said = self.run_as(who, command)
                expected = next((s for (w, begin), s in REFUSED.items() if w == who and command.startswith(begin)), 0)
                if command.startswith("pip") and "Successfully" in shown[-1]:
                    expected = 0
                told = f"{who} {command}\n{said}\n--- README has ---\n" + "\n".join(shown)
                self.assertEqual(status, expected, told)
                self.assertTrue(reads(shown, said), told)


if __name__ == "__main__":
    unittest.main()
