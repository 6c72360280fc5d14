"""The installation that is measured: one for all warm rows, in front of a generated upstream and, where
it can be reached, the index that the host's pip uses."""
import concurrent.futures
import os
import urllib.parse

from house import people, wheels
from house.service import Service
from house.upstream import File, Upstream

from lib.processes import free_port

MIB = 1 << 20
VERSION = "1.0"


def random_wheel(project, size):
    """A wheel of about this size whose content does not compress."""
    content = os.urandom(max(0, size - 1200))
    return wheels.pack(wheels.members(project, VERSION, files={f"{project}/data.bin": content}), stored=True)


def listed(name, url, file_hosts=()):
    """A further upstream, as customhouse.yaml spells it."""
    hosts = f"    file_hosts: [{', '.join(file_hosts)}]\n" if file_hosts else ""
    return f'  - name: {name}\n    ecosystem: pypi\n    url: "{url}"\n    trust_times: true\n{hosts}'


class LocalUpstream(Upstream):
    def answer(self, h):
        """Also the root list, without which devpi serves no project."""
        if h.path.rstrip("/") == "/simple":
            links = "".join(f'<a href="{p}/">{p}</a>\n' for p in sorted(self.projects))
            self.send(h, 200, "text/html", f"<!DOCTYPE html><html><body>{links}</body></html>".encode())
        else:
            super().answer(h)

    def add_wheel(self, project, data, version=VERSION):
        self.add(project, File(wheels.file_name(project, version), data,
                               sidecar=wheels.metadata(project, version)))

    def add_pages(self):
        """Projects of 4 to 24 files each; one of them has a page of about 4 KiB."""
        for n in range(4, 25):
            for i in range(n):
                version = f"1.{i}"
                self.add_wheel(f"page{n:02d}", wheels.wheel(f"page{n:02d}", version), version)


class Site:
    """`real_url`: the index behind /pypi/, None for the local one. /bench/ is always the local one."""

    def __init__(self, real_url, cert, key):
        self.upstream = LocalUpstream()
        self.tls_port = free_port()
        self.service = Service(real_url or self.upstream.url, configure=lambda text: self._edit(text, cert, key))
        self.tls_url = f"https://127.0.0.1:{self.tls_port}"
        self.service.start()

    def _edit(self, text, cert, key):
        listener = f'  - address: "127.0.0.1:{self.tls_port}"\n    tls_certificate: {cert}\n    tls_key: {key}\n'
        repository = "  - name: bench\n    ecosystem: pypi\n    upstreams: [bench]\n"
        for section, entry in (("listen", listener), ("upstreams", listed("bench", self.upstream.url)),
                               ("repositories", repository)):
            assert f"\n{section}:\n" in text, section
            text = text.replace(f"\n{section}:\n", f"\n{section}:\n{entry}")
        return text

    @property
    def url(self):
        return self.service.url

    @property
    def pid(self):
        return self.service.process.pid

    def page_path(self, project):
        return f"/bench/simple/{project}/"

    def file_path(self, project):
        return f"/bench/files/{project}/{wheels.file_name(project, VERSION)}"

    def get(self, path, **headers):
        """The body; anything but a success is an error with what the service said."""
        status, reason, _headers, body = self.service.get(path, headers=headers)
        if status not in (200, 206):
            raise RuntimeError(f"{urllib.parse.unquote(path)}: {status} {reason}\n{self.service.log()[-2000:]}")
        return body

    def bring_in(self, projects):
        """Fetched, inspected and approved; only the first byte of each is read."""
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda p: self.get(self.file_path(p), Range="bytes=0-0"), projects))

    def token(self):
        """One that may pull from every repository."""
        people.person(self.service, "bench", "reader")
        return people.token(self.service, "bench")[0]

    def close(self):
        try:
            self.service.remove()
        finally:
            self.upstream.close()
