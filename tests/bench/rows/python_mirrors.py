"""Project page and 64 KiB file, warm, against the mirrors written in Python."""
import re
import urllib.parse
import urllib.request

from lib import wrk
from lib.pairs import alternate
from lib.peers import Devpi, Proxpi
from lib.result import Result, Skip, compare

NAME = "python-mirrors"


def fetch(url):
    """Once, alone: 32 first requests at a time make these peers fail some."""
    request = urllib.request.Request(url, headers={"Accept": "text/html"})
    with urllib.request.urlopen(request, timeout=60) as r:
        return r.read().decode(errors="replace")


def file_url(page_url):
    """The first link of a page."""
    return urllib.parse.urljoin(page_url, re.search(r'href="([^"#]+)', fetch(page_url)).group(1))


def run(bench):
    problem = bench.tools.missing()
    if problem:
        raise Skip(f"the peers could not be installed: {problem}")
    site = bench.site
    for kind in (Devpi, Proxpi):
        try:
            peer = kind(bench.tools, bench.folder(kind.name), site.upstream.url)
        except Skip as e:
            yield Result(f"page and file, {kind.name}", "", reached="skipped", note=str(e))
            continue
        try:
            work = (("page", site.page_path(bench.page_project), peer.page(bench.page_project), 100),
                    ("64 KiB file", site.file_path("small"), file_url(peer.page("small")), 20))
            for what, ours, theirs, wanted in work:
                urls = (site.url + ours, theirs)
                for url in urls:
                    fetch(url)
                    wrk.rate(url, 1)
                pairs = alternate(bench.options.wrk_pairs,
                                  *(lambda u=u: wrk.rate(u, bench.options.seconds) for u in urls),
                                  bench.options.verbose)
                yield compare(f"{what}, {kind.name}", pairs, at_least=wanted)
        finally:
            peer.close()
