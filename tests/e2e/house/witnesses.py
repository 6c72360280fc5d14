"""`customhouse witness`: the real process, on a folder of its own."""
import os
import queue
import signal
import subprocess
import threading

from .service import BIN, free_port

SUBMIT = "/add-checkpoint"


class Witness:
    """`logs`: verifier keys of the logs it knows. Its own is `vkey`, once it was started."""
    def __init__(self, folder, name, logs, args=()):
        self.name, self.state, self.logs, self.args = name, os.path.join(folder, name), list(logs), list(args)
        self.port, self.process, self.lines = free_port(), None, []
        self.url = f"http://127.0.0.1:{self.port}"

    def words(self):
        words = [os.path.join(BIN, "customhouse"), "witness", "--state", self.state, "--listen",
                 f"127.0.0.1:{self.port}", *self.args]
        for vkey in self.logs:
            words += ["--log", vkey]
        return words

    def start(self):
        self.process = subprocess.Popen(self.words(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        first = queue.Queue()
        threading.Thread(target=self._read, args=(self.process, first), daemon=True).start()
        self.vkey = self.process.stdout.readline().strip()  # when it is there, it listens
        if not self.vkey:
            self.process.wait(10)
            raise RuntimeError(f"witness {self.name}: " + first.get(timeout=10))
        return self

    def _read(self, process, first):
        for line in process.stderr:
            self.lines.append(line)
            first.put(line)

    def said(self, event):
        return [line for line in self.lines if f"event={event} " in line]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)
        return self.process.returncode if self.process else None
