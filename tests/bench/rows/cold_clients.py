"""pip and uv through an empty installation, inspection included, against straight from the upstream."""
from house.service import Service

from lib import clients
from lib.pairs import alternate
from lib.result import Result, compare

NAME = "cold-clients"


def run(bench):
    lock, _folder = bench.locked
    host = bench.host_pip
    what = ["-r", lock]
    work = [("pip", 1.15, lambda index, env: clients.pip(index, what, host.arguments() if env else (), env))]
    problem = bench.tools.missing()
    if problem:
        yield Result("uv, cold", "", reached="skipped", note=f"uv could not be installed: {problem}")
    else:
        work.append(("uv", 1.6, lambda index, env: clients.uv(bench.tools.path("uv"), index, what, env)))
    for client, wanted, start in work:
        def through_us(start=start):
            with Service(host.index_url) as service, start(service.url + "/pypi/simple", None) as run:
                return run.seconds

        def straight(start=start):
            with start(host.index_url, host.environment()) as run:
                return run.seconds
        pairs = alternate(bench.options.cold_pairs, through_us, straight, bench.options.verbose)
        yield compare(f"{client}, cold, upstream", pairs, at_most=wanted, unit=" s", digits=2)
