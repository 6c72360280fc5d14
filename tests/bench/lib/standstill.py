"""Whether the machine itself stood still, as a virtual one does when its host takes the processors away: a
process that goes before all others sleeps for a millisecond at a time, and sums up how much too late it woke.
No program on the machine can answer in that time, so a percentile below that share is the machine's."""
import os
import signal
import subprocess
import sys
import time

NAP_S = 0.001
LATE_S = 0.004  # less is a kernel at work


class Standstill:
    """As a context; `share` of its time is known at its end, None where nobody may go before others."""

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()  # it has begun
        return self

    def __exit__(self, *exc):
        self.process.terminate()
        out = self.process.communicate(timeout=10)[0].strip()
        self.share = float(out) if out else None


def main():
    running = True

    def stop(_number, _frame):
        nonlocal running
        running = False
    signal.signal(signal.SIGTERM, stop)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
    except PermissionError:
        return
    print("begun", flush=True)
    started, stood = time.monotonic(), 0.0
    while running:
        before = time.monotonic()
        time.sleep(NAP_S)
        late = time.monotonic() - before - NAP_S
        stood += late if late > LATE_S else 0
    print(stood / (time.monotonic() - started))


if __name__ == "__main__":
    main()
