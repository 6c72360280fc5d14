"""A tour of README, as it is written there: its commands are run, each by the person who stands before it, and what is read in the
terminal is what README shows. "..." stands for what differs from time to time, or (a line of it) for lines that are left out."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from . import cosign
from .service import BIN, ROOT

COSIGN = "3.1.2"


def blocks(title, uids):
    """[[(who, command, lines that are shown)]] of the section that begins so, a list for each block."""
    with open(os.path.join(ROOT, "README.md")) as f:
        text = f.read()
    section = re.search(rf"(?ms)^## {re.escape(title)}.*?(?=^## )", text)[0]
    found = []
    for block in re.findall(r"(?ms)^```console\n(.*?)^```$", section):
        steps = []
        for line in block.replace("\\\n", "").splitlines():
            who = line.split(" ", 1)[0]
            if who in uids:
                steps.append((who, line[len(who) + 1:], []))
            else:
                steps[-1][2].append(line)
        found.append(steps)
    return found


def reads(shown, said):
    """Whether what was said is what is shown."""
    pattern = "".join(r"(?:.*\n)*" if line == "..." else ".*".join(map(re.escape, line.split("..."))) + r"\n"
                      for line in shown)
    return re.fullmatch(pattern, said if said.endswith("\n") or not said else said + "\n") is not None


class Tour(unittest.TestCase):
    """Subclasses have `service` before `self.begin()`, and may put programs into `self.bin` afterwards."""
    TITLE, UIDS = "", {"#": 0}
    REFUSED = {}  # {(who, how the command begins): what it ends with where that is not 0, and README has it so}
    KEPT = ()  # variables that stay for the next command of the same person
    MORE = {}  # of the environment

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root: only root runs commands as other persons")

    def begin(self):
        self.dir = tempfile.mkdtemp(prefix="ch-tour-")
        self.addCleanup(shutil.rmtree, self.dir)
        os.chmod(self.dir, 0o1777)
        self.bin = os.path.join(self.dir, "bin")
        os.mkdir(self.bin)
        os.symlink(os.path.join(os.path.abspath(BIN), "customhouse"), os.path.join(self.bin, "customhouse"))
        try:
            cosign.need(COSIGN)
            shutil.copy(cosign.path(COSIGN), os.path.join(self.bin, "cosign"))
            self.cosign = None
        except unittest.SkipTest as e:
            self.cosign = str(e)

    def environment(self, who):
        home = os.path.join(self.dir, "home" + str(self.UIDS[who]))
        if not os.path.isdir(home):
            os.mkdir(home)
            os.chown(home, self.UIDS[who], self.UIDS[who])
        env = {"PATH": self.bin + os.pathsep + os.environ["PATH"], "HOME": home, "LC_ALL": "C.UTF-8",
               "SERVER": self.service.url, "ADMIN": f"http://127.0.0.1:{self.service.admin_port}",
               "STATE": self.service.state, "SOURCE": ROOT, "NO_PROXY": "127.0.0.1", **self.MORE}
        if self.UIDS[who] == 0:  # Go's modules are kept there
            env["HOME"] = os.environ.get("HOME", "/root")
            env.update({k: v for k, v in os.environ.items() if k.startswith("GO")})
        return env

    def run_as(self, who, command):
        """(exit status, what is read in the terminal)"""
        kept = os.path.join(self.dir, f"variables-{self.UIDS[who]}")
        keep = "; ".join(f"echo \"{name}='${name}'\"" for name in self.KEPT) or ":"
        script = f". {kept} 2>/dev/null\n{command}\nstatus=$?\n{{ {keep}; }} >{kept}\nexit $status\n"
        done = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=self.environment(who), cwd=self.dir, user=self.UIDS[who], group=self.UIDS[who], extra_groups=[],
                              timeout=300)
        return done.returncode, done.stdout

    def walk(self, before_block=lambda i, count: None):
        """`before_block(i, how many)` before each."""
        found = blocks(self.TITLE, self.UIDS)
        self.assertGreater(sum(map(len, found)), 10)
        for i, block in enumerate(found):
            before_block(i, len(found))
            for who, command, shown in block:
                if self.cosign and command.startswith("cosign "):
                    with self.subTest(command=command):
                        self.skipTest(self.cosign)
                    continue
                status, said = self.run_as(who, command)
                expected = next((s for (w, begin), s in self.REFUSED.items() if w == who and command.startswith(begin)), 0)
                if command.startswith("pip") and "Successfully" in shown[-1]:
                    expected = 0
                told = f"{who} {command}\n{said}\n--- README has ---\n" + "\n".join(shown)
                self.assertEqual(status, expected, told)
                self.assertTrue(reads(shown, said), told)
