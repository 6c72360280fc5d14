"""4 KiB project page, warm, against nginx with the same bytes; plain and over TLS."""
from lib import wrk
from lib.pairs import alternate
from lib.result import compare

NAME = "page"


def run(bench):
    site, nginx = bench.site, bench.nginx
    path = site.page_path(bench.page_project)
    body = site.get(path)
    nginx.put("/page.html", body)
    for how, ours, peer in (("plain", site.url, nginx.url), ("TLS", site.tls_url, nginx.tls_url)):
        urls = (ours + path, peer + "/page.html")
        for url in urls:
            wrk.rate(url, 1)
        pairs = alternate(bench.options.wrk_pairs, *(lambda u=u: wrk.rate(u, bench.options.seconds) for u in urls),
                          bench.options.verbose)
        yield compare(f"page, {how}, nginx", pairs, at_least=1.2, note=f"{len(body)} bytes")
