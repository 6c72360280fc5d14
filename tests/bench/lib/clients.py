"""pip and uv as a data scientist runs them, without any cache, timed from start to end."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

from house.clients import clean_env


def _scratch():
    """What clients write goes to memory where there is room: the disk's mood is not what is measured."""
    shm = "/dev/shm"
    if os.path.isdir(shm) and shutil.disk_usage(shm).free > 4 << 30:
        return shm
    return None


class Run:
    """One client run into an empty folder; its files are there until the end of the with block."""

    def __init__(self, argv, extra_env):
        self.argv, self.extra_env = argv, extra_env

    def __enter__(self):
        self.home = tempfile.mkdtemp(prefix="ch-bench-client-", dir=_scratch())
        self.out = os.path.join(self.home, "out")
        os.mkdir(self.out)
        env = clean_env(self.home)
        env.update(self.extra_env or {})
        argv = [a.replace("@OUT@", self.out) for a in self.argv]
        started = time.monotonic()
        done = subprocess.run(argv, capture_output=True, text=True, env=env, cwd=self.home, timeout=600)
        self.seconds = time.monotonic() - started
        if done.returncode != 0:
            text = (done.stdout + done.stderr).strip()
            self.__exit__(None, None, None)
            raise RuntimeError(f"{' '.join(argv)}: exit {done.returncode}\n{text[-2000:]}")
        return self

    def __exit__(self, *exc):
        shutil.rmtree(self.home, ignore_errors=True)


def pip(index_url, what, arguments=(), env=None):
    return Run([sys.executable, "-m", "pip", "--isolated", "download", "--no-cache-dir", "--quiet",
                "--only-binary", ":all:", "--dest", "@OUT@", "--index-url", index_url + "/", *arguments, *what], env)


def uv(binary, index_url, what, env=None):
    return Run([binary, "pip", "install", "--no-cache", "--no-config", "--quiet", "--only-binary", ":all:",
                "--target", "@OUT@", "--python", sys.executable, "--index-url", index_url + "/", *what], env)
