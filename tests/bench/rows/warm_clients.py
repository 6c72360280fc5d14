"""pip and uv, warm, against static nginx with the same pages and files."""
import os
import re

from lib import clients
from lib.pairs import alternate
from lib.result import Result, compare

NAME = "warm-clients"
JSON = "application/vnd.pypi.simple.v1+json"


def copy_to_nginx(bench, folder):
    """The pages (plain and packed), files and metadata that the clients will ask for, as we serve them."""
    for name in sorted(os.listdir(folder)):
        project = re.sub(r"[-_.]+", "-", name.split("-")[0]).lower()
        page = f"/pypi/simple/{project}/"
        bench.nginx.put(page + "index.json", bench.site.get(page, Accept=JSON))
        bench.nginx.put(page + "index.json.gz", bench.site.get(page, **{"Accept": JSON, "Accept-Encoding": "gzip"}))
        for path in (f"/pypi/files/{project}/{name}", f"/pypi/files/{project}/{name}.metadata"):
            bench.nginx.put(path, bench.site.get(path))


def run(bench):
    lock, folder = bench.locked
    copy_to_nginx(bench, folder)
    count = len(os.listdir(folder))
    indexes = [base + "/pypi/simple" for base in (bench.site.url, bench.nginx.url)]
    work = [("pip", 1.10, lambda index: clients.pip(index, ["-r", lock]))]
    problem = bench.tools.missing()
    if problem:
        yield Result("uv, warm", "", reached="skipped", note=f"uv could not be installed: {problem}")
    else:
        work.append(("uv", 1.25, lambda index: clients.uv(bench.tools.path("uv"), index, ["-r", lock])))
    for client, wanted, start in work:
        def timed(index, start=start):
            with start(index) as run:
                return run.seconds
        for index in indexes:
            timed(index)
        pairs = alternate(bench.options.client_pairs, *(lambda i=i: timed(i) for i in indexes),
                          bench.options.verbose)
        yield compare(f"{client}, warm, nginx", pairs, at_most=wanted, bound=True, unit=" s", digits=2,
                      note=f"{count} files")
