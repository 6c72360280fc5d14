"""An index as PyTorch has its own: HTML alone, whoever asks for what; addresses from the root of another folder, "+" as %2B in
them; hashes of some files, none of others; no sizes, no times, metadata beside some."""
import hashlib
import re
import urllib.parse

from house import raw, wheels
from house.case import Quarantine, with_key
from house.upstream import File, Upstream

INDEX, FILES = "/whl/cpu/", "/whl/cpu-files/"


class Torch(Upstream):
    def __init__(self):
        super().__init__()
        self.url = self.url.removesuffix("/simple") + INDEX.rstrip("/")

    def add_wheel(self, name, version, hashed, sidecar, **kw):
        self.add(name, File(wheels.file_name(name, version), wheels.wheel(name, version, **kw), stated_hash=hashed,
                            sidecar=wheels.metadata(name, version, kw.get("requires", ())) if sidecar else None))

    def answer(self, h):
        path = urllib.parse.urlsplit(h.path).path
        name = urllib.parse.unquote(path.removeprefix(FILES))
        f = self.find(name.removesuffix(".metadata"))
        if re.fullmatch(INDEX + r"[a-z-]+/", path) and path.split("/")[-2] in self.projects:
            links = "".join(f"    {self.link(f)}<br/>\n" for f in self.projects[path.split("/")[-2]])
            self.send(h, 200, "text/html", f"<!DOCTYPE html>\n<html>\n  <body>\n    <h1>Links for it</h1>\n{links}"
                      "  </body>\n</html>\n<!--TIMESTAMP 1764300000-->\n".encode())
        elif path.startswith(FILES) and f is not None and (f.sidecar is not None or not name.endswith(".metadata")):
            self.send(h, 200, "binary/octet-stream", f.sidecar if name.endswith(".metadata") else f.data)
        else:
            self.send(h, 403, "application/xml", b"<Error><Code>AccessDenied</Code></Error>")  # as S3 says that it has none

    def link(self, f):
        fragment = f"#sha256={f.sha256}" if f.stated_hash else ""
        beside = ""
        if f.sidecar is not None:
            digest = f"sha256={hashlib.sha256(f.sidecar).hexdigest()}"
            beside = f' data-dist-info-metadata="{digest}" data-core-metadata="{digest}"'
        return f'<a href="{FILES}{urllib.parse.quote(f.name)}{fragment}"{beside}>{f.name}</a>'


class TorchForm(Quarantine):
    @classmethod
    def fill(cls):
        cls.up.close()
        cls.up = Torch()
        cls.addClassCleanup(cls.up.close)
        cls.up.add_wheel("torchy", "1.0+cpu", hashed=False, sidecar=False)
        cls.up.add_wheel("torchy", "2.0+cpu", hashed=False, sidecar=False, requires=["torchy-core==2.0+cpu"])
        cls.up.add_wheel("torchy-core", "2.0+cpu", hashed=True, sidecar=True)
        cls.up.add_wheel("changing", "1.0+cpu", hashed=False, sidecar=False)

    @classmethod
    def configure(cls, text):
        return with_key(text, "states_times", "never")

    def path(self, name, version):
        return f"/pypi/files/{name}/{urllib.parse.quote(wheels.file_name(name, version))}"

    def test_pip_and_uv_install(self):
        self.with_clients(lambda client: self.installs(client, "torchy", "torchy", "2.0+cpu"))
        self.with_clients(lambda client: self.installs(client, "torchy==1.0+cpu", "torchy", "1.0+cpu"))

    def test_what_the_page_says(self):
        """Of each what the upstream says; metadata of all of them, theirs or the wheel's own."""
        before = self.page("torchy")
        self.assertEqual(set(before), {wheels.file_name("torchy", v) for v in ("1.0+cpu", "2.0+cpu")})
        f = self.up.find(wheels.file_name("torchy", "1.0+cpu"))
        a = self.service.ask(self.path("torchy", "1.0+cpu"))
        self.assertEqual((a.status, a.body), (200, f.data), a)
        self.assertEqual(before[f.name]["hashes"], {})
        core = self.up.find(wheels.file_name("torchy-core", "2.0+cpu"))
        self.assertEqual(self.page("torchy-core")[core.name]["hashes"], {"sha256": core.sha256})
        a = self.service.ask(self.path("torchy", "1.0+cpu") + ".metadata")
        self.assertEqual((a.status, a.body), (200, wheels.metadata("torchy", "1.0+cpu")))
        status, out, err = self.service.command("explain", "torchy==1.0+cpu")
        self.assertEqual(status, 0, err)
        self.assertIn("1 allowed", out)

    def test_other_bytes_are_not_served(self):
        """Without a hash the index cannot say so: what was inspected is what is served."""
        f = self.up.find(wheels.file_name("changing", "1.0+cpu"))
        first = self.service.ask(self.path("changing", "1.0+cpu"))
        self.assertEqual((first.status, first.body), (200, f.data))
        f.data = wheels.wheel("changing", "1.0+cpu", files={"changing/more.py": b"x = 1\n"})
        again = raw.ask(self.service.port, self.path("changing", "1.0+cpu"))
        self.assertEqual((again.status, again.body), (200, first.body))


if __name__ == "__main__":
    import unittest
    unittest.main()
