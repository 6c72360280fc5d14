#!/usr/bin/env python3
"""Bench rows 1 and 2: the HTTP core against nginx serving the same static files, in the same run.

Alternates pairs of wrk runs (1 thread, 32 connections) and prints the geometric mean of the pairs'
ratios with its 95 % confidence interval (Student's t on the logarithms).
nginx: same worker count, open_file_cache, buffered access log, sendfile.

usage: http_core.py BENCH_SERVER [--pairs N] [--seconds S] [--workers N] [--only NAME]
"""
import argparse
import math
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROWS = [  # name, path, TLS, least ratio wanted
    ("page-plain", "/page", False, 1.2),
    ("page-tls", "/page", True, 1.2),
    ("blob-plain", "/blob", False, 1.8),
    ("blob-tls", "/blob", True, 1.0),
]
T975 = {4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 11: 2.201, 14: 2.145, 19: 2.093}

NGINX = """
{user}
worker_processes {workers};
pid {dir}/nginx.pid;
error_log {dir}/error.log;
daemon off;
events {{ worker_connections 1024; }}
http {{
  access_log {dir}/access.log combined buffer=64k flush=5s;
  sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000000; keepalive_timeout 75s;
  open_file_cache max=1000 inactive=1h; open_file_cache_valid 1h;
  client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3;
  uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5;
  default_type application/octet-stream;
  server {{ listen 127.0.0.1:{plain}; root {dir}/www; }}
  server {{ listen 127.0.0.1:{tls} ssl; root {dir}/www; ssl_protocols TLSv1.2 TLSv1.3;
           ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem; }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port):
    for _ in range(100):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


def wrk(url, seconds):
    out = subprocess.run(["wrk", "-t1", "-c32", "--timeout", "20s", f"-d{seconds}s", url], capture_output=True,
                         text=True, check=True).stdout
    if "Non-2xx" in out or re.search(r"Socket errors: .*[1-9]", out):
        sys.exit(f"wrk {url}: errors\n{out}")
    rate = float(re.search(r"Requests/sec:\s+([0-9.]+)", out).group(1))
    if rate == 0:
        sys.exit(f"wrk {url}: no request ended within {seconds} s: is the machine busy?")
    return rate


def interval(ratios):
    logs = [math.log(r) for r in ratios]
    mean = statistics.mean(logs)
    df = len(logs) - 1
    t = T975.get(df) or T975[max(k for k in T975 if k <= df)]
    half = t * statistics.stdev(logs) / math.sqrt(len(logs))
    return math.exp(mean), math.exp(mean - half), math.exp(mean + half)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("server")
    p.add_argument("--pairs", type=int, default=5)
    p.add_argument("--seconds", type=int, default=3)
    p.add_argument("--workers", type=int, default=os.cpu_count())
    p.add_argument("--only")
    p.add_argument("--verbose", action="store_true", help="print each pair")
    args = p.parse_args()
    if args.pairs < 5:
        sys.exit("--pairs: at least 5, or the bounds mean nothing")
    for tool in ("nginx", "wrk", "openssl"):
        if not shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin"):
            sys.exit(f"{tool} is not installed (Debian packages: nginx-light wrk openssl)")
    d = tempfile.mkdtemp(prefix="http_core.")
    procs = []
    try:
        os.chmod(d, 0o755)
        os.mkdir(d + "/www")
        with open(d + "/www/page", "wb") as f:
            f.write((b"abcdefghijklmnopqrstuvwxyz" * 158)[:4096])
        with open(d + "/www/blob", "wb") as f:
            f.write(os.urandom(10 * 1024 * 1024))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", d + "/key.pem", "-out",
                        d + "/cert.pem", "-days", "2", "-subj", "/CN=example.org"],
                       check=True, stderr=subprocess.DEVNULL)
        ports = {n: free_port() for n in ("ours", "ours_tls", "nginx", "nginx_tls")}
        with open(d + "/nginx.conf", "w") as f:
            f.write(NGINX.format(dir=d, workers=args.workers, plain=ports["nginx"],
                                 tls=ports["nginx_tls"],
                                 user="user root;" if os.geteuid() == 0 else ""))
        quiet = {"stderr": subprocess.DEVNULL}
        procs.append(subprocess.Popen(["nginx", "-c", d + "/nginx.conf", "-p", d], **quiet))
        common = [str(args.workers), d + "/www/blob"]
        procs.append(subprocess.Popen([args.server, str(ports["ours"])] + common))
        procs.append(subprocess.Popen([args.server, str(ports["ours_tls"])] + common +
                                      [d + "/cert.pem", d + "/key.pem"]))
        for port in ports.values():
            wait_for(port)
        failed = False
        print(f"{args.workers} workers, {args.pairs} pairs of {args.seconds} s, wrk -t1 -c32, "
              f"load before {os.getloadavg()[0]:.1f}")
        for name, path, tls, wanted in ROWS:
            if args.only and args.only != name:
                continue
            scheme, suffix = ("https", "_tls") if tls else ("http", "")
            urls = [f"{scheme}://127.0.0.1:{ports[who + suffix]}{path}" for who in ("ours", "nginx")]
            for url in urls:
                wrk(url, 1)  # warm
            runs = []
            for i in range(args.pairs):
                order = urls if i % 2 == 0 else urls[::-1]
                got = {url: wrk(url, args.seconds) for url in order}
                runs.append((got[urls[0]], got[urls[1]]))
                if args.verbose:
                    print(f"  {runs[-1][0]:.1f} {runs[-1][1]:.1f}")
            ratio, low, high = interval([a / b for a, b in runs])
            verdict = "ok" if ratio >= wanted else "SHORT"
            failed = failed or verdict != "ok"
            print(f"{name:11s} ours {statistics.median(a for a, _ in runs):9.1f}/s  nginx "
                  f"{statistics.median(b for _, b in runs):9.1f}/s  ratio {ratio:.2f} "
                  f"[{low:.2f}, {high:.2f}]  wanted >= {wanted}  {verdict}", flush=True)
        return 1 if failed else 0
    finally:
        for proc in procs:
            proc.send_signal(signal.SIGTERM)
            proc.wait()
        shutil.rmtree(d)


if __name__ == "__main__":
    sys.exit(main())
