"""The real service: `customhouse serve` on a state directory of its own."""
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

from . import raw

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
BIN = os.environ.get("CUSTOMHOUSE_BIN", os.path.join(ROOT, "build-test", "bin"))


# Below what the kernel gives to outgoing connections, and a range for each of the runs side by side: a port
# found free here is still free when the service listens on it.
SLOT_PORTS = 16000 + 2000 * int(os.environ.get("CUSTOMHOUSE_E2E_SLOT", "0"))
PORTS = iter(range(SLOT_PORTS + os.getpid() % 1000, SLOT_PORTS + 2000))


def free_port():
    for port in PORTS:
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no port is free")


def wait_for_end(pid, timeout=20):
    """One that is ending closes its pipe before its sockets: only its end says that its port is free again."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if not select.select([fd], [], [], timeout)[0]:
            raise RuntimeError(f"{pid} has not ended in {timeout} s")
    finally:
        os.close(fd)


class Service:
    def __init__(self, upstream_url=None, configure=None, policy=None, args=(), env=None, folder=None,
                 before_start=None, init_args=(), admin=False):
        """`configure(text) -> text` edits customhouse.yaml after init; `policy` replaces policy.yaml
        (text) or edits it (function). `init_args`: more words for init. `folder`: an existing one to lie in. `before_start` runs in the
        process that becomes `serve`. `admin`: with the administrative interface."""
        self.before_start = before_start
        self.dir = tempfile.mkdtemp(prefix="ch-e2e-", dir=folder)
        self.env = dict(os.environ, **(env or {}))
        self.state = os.path.join(self.dir, "state")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_lines, self.process = [], None
        init = [os.path.join(BIN, "customhouse"), "init", "--state", self.state,
                "--listen", f"127.0.0.1:{self.port}"]
        if upstream_url:
            init += ["--pypi-upstream", upstream_url]
        init += init_args
        done = subprocess.run(init, capture_output=True, text=True, timeout=120, env=self.env)
        if done.returncode != 0:
            raise RuntimeError(f"init: {done.stdout}{done.stderr}")
        if configure:
            self.edit("customhouse.yaml", configure)
        if policy is not None:
            self.edit("policy.yaml", policy if callable(policy) else lambda _old: policy)
        # two services of one host must not guess each other's ports
        self.admin_port = free_port() if admin else None
        self.admin_url = f"http://127.0.0.1:{self.admin_port}/api/v1" if admin else None
        self.args = ["--admin-listen", f"127.0.0.1:{self.admin_port}" if admin else "none", *args]

    def path(self, name):
        return os.path.join(self.state, name)

    def edit(self, name, change):
        with open(self.path(name)) as f:
            text = f.read()
        with open(self.path(name), "w") as f:
            f.write(change(text))

    def serve_words(self):
        return [os.path.join(BIN, "customhouse"), "serve", "--state", self.state] + self.args

    def start(self, timeout=30, log=True):
        """`log` False: it serves, and its audit log cannot be written."""
        since = self.log_since = len(self.log_lines)
        self.process = subprocess.Popen(
            self.serve_words(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.env, preexec_fn=self.before_start)
        self.reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self.reader.start()
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.process.poll() is not None:
                self.reader.join(5)
                raise RuntimeError("serve ended: " + "".join(self.log_lines))
            try:
                greeted = any(line.startswith("policy: ") for line in self.log_lines[since:])
                status, _, _, body = self.get("/-/ready") if greeted else (0, "", {}, b"")
                if status == 200 if log else b"the audit log cannot be written" in body:
                    return self
            except OSError:
                pass
            time.sleep(0.05)
        raise RuntimeError(f"not ready in {timeout} s: " + "".join(self.log_lines))

    def _read(self, process):
        for line in process.stdout:
            self.log_lines.append(line)

    def log(self):
        return "".join(self.log_lines)

    def get(self, path, headers=None, method="GET", timeout=60):
        """(status, reason, headers, body); refusals are answers, too."""
        request = urllib.request.Request(self.url + path, headers=headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as r:
                return r.status, r.reason, r.headers, r.read()
        except urllib.error.HTTPError as e:
            return e.code, e.reason, e.headers, e.read()

    def ask(self, path, headers=None, method="GET", timeout=60):
        """One request as it is: no redirect is followed, nothing added but Host."""
        return raw.ask(self.port, path, headers, method, timeout)

    def post(self, path, body, kind="application/x-www-form-urlencoded", headers=()):
        """One POST as it is."""
        lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Content-Type: {kind}",
                 f"Content-Length: {len(body)}", *headers, "Connection: close", "", ""]
        return raw.send(self.port, "\r\n".join(lines).encode() + body)

    def ask_exception(self, path, reason):
        """What a user without an account does on the page of a refused file; the exception's number."""
        refused = self.ask(path)
        link = re.search(r"/-/x/\w+", refused.reason)
        if refused.status != 403 or link is None:
            raise AssertionError(refused)
        a = self.post(link.group(0), json.dumps({"reason": reason}).encode(), "application/json")
        if a.status not in (200, 201):
            raise AssertionError(a)
        return str(json.loads(a.body)["exception"])

    def command(self, *args, timeout=120, uid=0):
        """(exit status, stdout, stderr). `uid`: by another user of this host, which only root can be."""
        other = {}
        if uid:
            os.chmod(self.dir, 0o711)  # whoever has an account here reaches the socket
            other = {"user": uid, "group": uid, "extra_groups": [], "cwd": "/", "env": dict(os.environ, HOME="/nonexistent")}
        done = subprocess.run([os.path.join(BIN, "customhouse"), args[0], "--state", self.state,
                               *args[1:]], capture_output=True, text=True, timeout=timeout, **other)
        return done.returncode, done.stdout, done.stderr

    def access_log(self):
        """The lines so far, decoded; a line is written at most a second late."""
        time.sleep(1.2)
        with open(self.path("log/access.log")) as f:
            return [json.loads(line) for line in f]

    def processes(self):
        """{pid: name} of the service's children."""
        out = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(self.process.pid)],
                             capture_output=True, text=True).stdout
        return {int(m.group(1)): m.group(2) for m in re.finditer(r"(\d+)\s+(\S+)", out)}

    def all_processes(self):
        """Pids of the supervisor, its processes and their jails."""
        pairs = re.findall(r"(\d+)\s+(\d+)", subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True,
                                                            text=True).stdout)
        found = {self.process.pid}
        for _ in range(4):
            found |= {int(pid) for pid, parent in pairs if int(parent) in found}
        return found

    def memory(self):
        """Sum of Pss without file pages, in bytes, of all processes (those that just ended: 0)."""
        total = 0
        for pid in self.all_processes():
            try:
                with open(f"/proc/{pid}/smaps_rollup") as f:
                    total += sum(int(n) for n in re.findall(r"(?m)^Pss_(?:Anon|Shmem):\s+(\d+) kB", f.read()))
            except (OSError, ProcessLookupError):
                pass
        return total * 1024

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise RuntimeError("SIGTERM did not end it in 30 s: " + self.log()[-2000:])
            finally:
                self.reader.join(5)
                self.process.stdout.close()
        return self.process.returncode if self.process else None

    def kill(self):
        """kill -9 of the supervisor; its processes end with it."""
        self.process.kill()
        self.process.wait()
        self.reader.join(20)  # ends when the last process has closed the pipe: the log is whole
        self.process.stdout.close()
        for pid in self.left_over():
            wait_for_end(pid)

    def left_over(self):
        """Pids of the processes whose start, but not whose end, this run's log tells."""
        pids = set()
        for event, pid in re.findall(r"event=(started|ended) of=\S+ pid=(\d+)", "".join(self.log_lines[self.log_since:])):
            (pids.add if event == "started" else pids.discard)(int(pid))
        return pids

    def remove(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.remove()
