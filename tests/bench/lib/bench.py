"""What rows share, made when the first row asks for it and ended with the run."""
import contextlib
import functools
import os
import shutil
import tempfile

from lib import clients, nginx
from lib.host_pip import HostPip
from lib.result import Skip
from lib.site import MIB, Site, random_wheel
from lib.tools import Tools

WANTED = ("numpy", "pandas", "scikit-learn", "requests", "flask")


class Bench:
    def __init__(self, options):
        self.options = options
        self.workers = os.cpu_count()
        self.tools = Tools(options.tools)
        self.stack = contextlib.ExitStack()
        self.dir = tempfile.mkdtemp(prefix="ch-bench-")
        os.chmod(self.dir, 0o755)
        self.stack.callback(shutil.rmtree, self.dir, ignore_errors=True)

    def close(self):
        self.stack.close()

    def bin(self, name):
        path = os.path.join(os.environ["CUSTOMHOUSE_BIN"], name)
        if not os.path.exists(path):
            raise Skip(f"{name} is not built (-DCH_BENCH=ON)")
        return path

    def start(self, thing):
        """Has a `close`, called at the end of the run."""
        self.stack.callback(thing.close)
        return thing

    def folder(self, name):
        path = os.path.join(self.dir, name)
        os.makedirs(path)
        return path

    @functools.cached_property
    def certificate(self):
        return nginx.certificate(self.folder("tls"))

    @functools.cached_property
    def nginx(self):
        return self.start(nginx.Nginx(self.folder("nginx"), self.workers, *self.certificate))

    @functools.cached_property
    def host_pip(self):
        return HostPip()

    @functools.cached_property
    def real_problem(self):
        """Why the real upstream is not to be had; None when it is."""
        if self.options.no_upstream:
            return "asked to leave the real upstream alone"
        try:
            self.host_pip.must_answer()
        except Skip as e:
            return str(e)
        return None

    @functools.cached_property
    def site(self):
        """With the projects `pageNN` (see page_project), `large` (10 MiB) and `small` (64 KiB)."""
        site = self.start(Site(None if self.real_problem else self.host_pip.index_url, *self.certificate))
        site.upstream.add_wheel("large", random_wheel("large", 10 * MIB))
        site.upstream.add_wheel("small", random_wheel("small", 64 * 1024))
        site.upstream.add_pages()
        site.bring_in(["large", "small"])
        return site

    @functools.cached_property
    def page_project(self):
        """The project whose page is nearest to 4 KiB."""
        sizes = {p: len(self.site.get(self.site.page_path(p))) for p in self.site.upstream.projects
                 if p.startswith("page")}
        return min(sizes, key=lambda p: abs(sizes[p] - 4096))

    @functools.cached_property
    def locked(self):
        """(requirements file, folder of the wheels): what the site releases today of WANTED, pinned."""
        if self.real_problem:
            raise Skip(self.real_problem)
        folder = self.folder("wheels")
        with clients.pip(self.site.url + "/pypi/simple", WANTED) as run:
            for name in os.listdir(run.out):
                shutil.copy(os.path.join(run.out, name), folder)
        path = os.path.join(self.dir, "lock.txt")
        with open(path, "w") as f:
            f.writelines("{}=={}\n".format(*name.split("-")[:2]) for name in sorted(os.listdir(folder)))
        return path, folder
