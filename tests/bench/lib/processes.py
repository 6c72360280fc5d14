"""Servers of one run: each in a process group of its own, all ended with the run."""
import os
import signal
import socket
import subprocess
import time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def end_group(process):
    """SIGTERM to the group, SIGKILL to what is left after 10 s."""
    for sig, wait_s in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, sig)
        except ProcessLookupError:
            break
        try:
            process.wait(wait_s)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


class Server:
    """A server until `close`; `log` is where it writes."""

    def __init__(self, argv, port, log, env=None, wait_s=60):
        self.log = log
        with open(log, "ab") as f:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=f, stderr=f, env=env,
                                            start_new_session=True)
        try:
            self._wait(argv[0], port, wait_s)
        except BaseException:
            self.close()
            raise

    def _wait(self, name, port, wait_s):
        end = time.monotonic() + wait_s
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        with open(self.log, errors="replace") as f:
            raise RuntimeError(f"{name} does not listen on port {port}: {f.read()[-2000:]}")

    def close(self):
        end_group(self.process)


def descendants(pid):
    """pid and all below it."""
    children = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as f:
                parent = int(f.read().rpartition(")")[2].split()[1])
        except OSError:
            continue  # ended meanwhile
        children.setdefault(parent, []).append(int(entry))
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], [])
    return found


def memory_kib(pid):
    """(name, Pss without file pages) of one process."""
    with open(f"/proc/{pid}/smaps_rollup") as f:
        sizes = dict(line.split()[:2] for line in f if line.startswith("Pss_"))
    with open(f"/proc/{pid}/cmdline", "rb") as f:
        name = os.path.basename(f.read().split(b"\0")[0].decode(errors="replace"))
    return name, int(sizes["Pss_Anon:"]) + int(sizes["Pss_Shmem:"])
