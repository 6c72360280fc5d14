"""The Python peers and clients, each in a virtual environment under the build folder."""
import os
import shutil
import subprocess
import sys

WANTED = ("devpi-server", "proxpi", "gunicorn", "uv")


class Tools:
    def __init__(self, folder):
        self.env = os.path.join(folder, "peers")

    def path(self, name):
        return os.path.join(self.env, "bin", name)

    def missing(self):
        """Installs what is missing by the host's own pip configuration; what that said, else None."""
        if all(os.path.exists(self.path(n)) for n in ("devpi-server", "gunicorn", "uv")):
            return None
        print("installing " + ", ".join(WANTED), file=sys.stderr, flush=True)
        shutil.rmtree(self.env, ignore_errors=True)
        for argv in ([sys.executable, "-m", "venv", self.env],
                     [self.path("pip"), "install", "--quiet", *WANTED]):
            done = subprocess.run(argv, capture_output=True, text=True)
            if done.returncode != 0:
                return (done.stderr or done.stdout).strip().splitlines()[-1]
        return None

    def has(self, name):
        return os.path.exists(self.path(name))
