"""Memory of all processes after everything else: sum of Pss without file pages."""
from lib.processes import descendants, memory_kib
from lib.result import limit

NAME = "memory"


def run(bench):
    parts = [memory_kib(pid) for pid in descendants(bench.site.pid)]
    parts.sort(key=lambda part: -part[1])
    yield limit("memory of all processes", sum(kib for _, kib in parts) / 1024, 256, "MiB",
                ", ".join(f"{name} {kib / 1024:.1f}" for name, kib in parts))
