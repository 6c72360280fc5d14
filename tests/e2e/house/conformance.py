"""The conformance suite of OCI distribution, as its makers build it (go_tools.py), and what it found."""
import os
import subprocess
import xml.etree.ElementTree

from . import go_tools


class Line:
    """One check of the suite: where it stands, Pass, FAIL, Skip or the like, and why."""

    def __init__(self, name, status, why, talk):
        self.name, self.status, self.why, self.talk = name.partition("/")[2], status, why, talk

    def __repr__(self):
        return f"{self.status} {self.name}: {self.why}"


def run(host, user, token, folder, **settings):
    """Each line of the suite. `settings` are its own, by the names of its environment (README.md of the module)."""
    env = {"PATH": os.environ["PATH"], "HOME": folder, "OCI_RESULTS_DIR": folder, "OCI_REGISTRY": host, "OCI_TLS": "disabled",
           "OCI_USERNAME": user, "OCI_PASSWORD": token, **settings}
    done = subprocess.run([go_tools.need("conformance")], env=env, cwd=folder, capture_output=True, text=True,
                          errors="replace", timeout=540)
    path = os.path.join(folder, "junit.xml")
    if not os.path.exists(path):
        raise RuntimeError(f"the suite ended with {done.returncode} and no report:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return [Line(case.get("name"), case.get("status"), case.findtext("system-out") or "", case.findtext("system-err") or "")
            for case in xml.etree.ElementTree.parse(path).iter("testcase")]
