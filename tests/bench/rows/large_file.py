"""10 MiB wheel, warm, against nginx with the same bytes; plain and over TLS."""
from lib import wrk
from lib.pairs import alternate
from lib.result import compare

NAME = "large-file"


def run(bench):
    site, nginx = bench.site, bench.nginx
    path = site.file_path("large")
    nginx.put("/large", site.get(path))
    for how, ours, peer, wanted in (("plain", site.url, nginx.url, 1.8), ("TLS", site.tls_url, nginx.tls_url, 1.0)):
        urls = (ours + path, peer + "/large")
        for url in urls:
            wrk.mib_rate(url, 1)
        pairs = alternate(bench.options.wrk_pairs, *(lambda u=u: wrk.mib_rate(u, bench.options.seconds) for u in urls),
                          bench.options.verbose)
        yield compare(f"10 MiB wheel, {how}, nginx", pairs, at_least=wanted, unit=" MiB/s", digits=0)
