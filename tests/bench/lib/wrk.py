"""wrk: 1 thread, 32 connections."""
import re
import subprocess

ARGV = ["wrk", "-t1", "-c32", "--timeout", "20s", "-H", "Accept: text/html"]  # proxpi wants to be told
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60000.0}


def _checked(url, out):
    if "Non-2xx" in out or re.search(r"Socket errors: .*[1-9]", out) or "Requests/sec:" not in out:
        raise RuntimeError(f"wrk {url}: errors\n{out}")
    return out


def _run(url, seconds, headers=None):
    lines = [word for name, value in (headers or {}).items() for word in ("-H", f"{name}: {value}")]
    out = subprocess.run([*ARGV, *lines, f"-d{seconds}s", url], capture_output=True, text=True).stdout
    return _checked(url, out)


def rate(url, seconds, headers=None):
    """Requests per second."""
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", _run(url, seconds, headers)).group(1))


def mib_rate(url, seconds):
    """MiB per second: of large files only few requests end within a run, so whole ones say little."""
    number, unit = re.search(r"Transfer/sec:\s+([0-9.]+)([KMG])B", _run(url, seconds)).groups()
    return float(number) * {"K": 1 / 1024, "M": 1, "G": 1024}[unit]
