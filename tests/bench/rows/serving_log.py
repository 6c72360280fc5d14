"""What it costs that who gets what is recorded: warm files of the service beside one whose gateway tells nobody, which is built
for this alone. Pages are not recorded; a page that both serve says how alike the two are."""
import os
import shutil

import lib  # noqa: F401 (makes the end-to-end tests' house importable)
from house import service

from lib import wrk
from lib.pairs import alternate
from lib.result import compare
from lib.site import Site, random_wheel

NAME = "serving-log"


def executables(bench):
    """Those of the service, with the other gateway among them."""
    unlogged, folder = bench.bin("bench_gateway_unlogged"), bench.folder("unlogged")
    for name in sorted(os.listdir(os.environ["CUSTOMHOUSE_BIN"])):
        path = bench.bin(name)
        if os.path.isfile(path) and not name.startswith(("test_", "fuzz_", "bench_", "gateway")):
            shutil.copy2(path, os.path.join(folder, name))
    shutil.copy2(unlogged, os.path.join(folder, "gateway"))
    os.chmod(folder, 0o755)
    return folder


def other_site(bench):
    known = service.BIN
    service.BIN = executables(bench)
    try:
        site = bench.start(Site(None, *bench.certificate))
    finally:
        service.BIN = known
    site.upstream.add_wheel("small", random_wheel("small", 64 * 1024))
    site.upstream.add_pages()
    site.bring_in(["small"])
    return site


def run(bench):
    sites = (bench.site, other_site(bench))
    for what, paths in (("file of 64 KiB", [s.file_path("small") for s in sites]),
                        ("page", [s.page_path(bench.page_project) for s in sites])):
        urls = [site.url + path for site, path in zip(sites, paths)]
        for url in urls:
            wrk.rate(url, 1)
        pairs = alternate(bench.options.wrk_pairs, *(lambda u=u: wrk.rate(u, bench.options.seconds) for u in urls),
                          bench.options.verbose)
        yield compare(f"{what}, serving log on, off", pairs, at_least=0.95)
