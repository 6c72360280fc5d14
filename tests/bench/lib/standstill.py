"""When the machine itself stood still, as a virtual one does when its host takes the processors away. On each
processor a process that goes before all others sleeps for a millisecond at a time and notes when it woke too late;
what all of them slept through at once, no program on the machine could have answered in."""
import os
import signal
import subprocess
import sys
import time

NAP_S = 0.001
LATE_S = 0.003  # less is a kernel at work


def common(one, other):
    """The parts of time that are in both; each a list of (from, to)."""
    return [(max(a, c), min(b, d)) for a, b in one for c, d in other if max(a, c) < min(b, d)]


def overlap(start, end, spans):
    return sum(max(0.0, min(end, b) - max(start, a)) for a, b in spans)


class Standstill:
    """As a context. At its end `spans` are the times (of time.monotonic) in which all processors stood still, and
    `share` their part of the whole; None where nobody may go before others."""

    def __enter__(self):
        self.processes = [subprocess.Popen([sys.executable, __file__, str(cpu)], stdout=subprocess.PIPE, text=True)
                          for cpu in sorted(os.sched_getaffinity(0))]
        self.known = all([p.stdout.readline() == "begun\n" for p in self.processes])
        self.began = time.monotonic()
        return self

    def __exit__(self, *exc):
        took = time.monotonic() - self.began
        spans = None
        for p in self.processes:
            p.terminate()
            lines = p.communicate(timeout=10)[0].split("\n")
            own = [tuple(map(float, line.split())) for line in lines if line]
            spans = own if spans is None else common(spans, own)
        self.spans = spans if self.known else None
        self.share = sum(b - a for a, b in spans) / took if self.known else None


def main():
    running = True

    def stop(_number, _frame):
        nonlocal running
        running = False
    signal.signal(signal.SIGTERM, stop)
    try:
        os.sched_setaffinity(0, {int(sys.argv[1])})
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
    except PermissionError:
        return
    print("begun", flush=True)
    late = []
    while running:
        due = time.monotonic() + NAP_S
        time.sleep(NAP_S)
        woke = time.monotonic()
        if woke - due > LATE_S:
            late.append((due, woke))
    for due, woke in late:
        print(due, woke)


if __name__ == "__main__":
    main()
