"""What a token costs: warm pages and files for clients that present one, against the same without."""
from lib import wrk
from lib.pairs import alternate
from lib.result import compare

NAME = "token"


def run(bench):
    site = bench.site
    token = site.token()
    work = (("page", site.page_path(bench.page_project)), ("file of 64 KiB", site.file_path("small")))
    for what, path in work:
        sides = ({"Authorization": f"Bearer {token}"}, {})
        for headers in sides:
            wrk.rate(site.url + path, 1, headers)
        pairs = alternate(bench.options.wrk_pairs,
                          *(lambda h=h: wrk.rate(site.url + path, bench.options.seconds, h) for h in sides),
                          bench.options.verbose)
        yield compare(f"{what} with a token, without", pairs, at_least=0.95)
