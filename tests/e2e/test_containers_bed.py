"""What the tests of containers stand on, without the service: the generated images are what registries take and clients pull,
and the registry of our own answers as Debian's does until it is told to lie."""
import json
import os
import unittest

from house import images, registry
from house.container_clients import Containerd, Crane, Docker, Oras, Podman, Skopeo, hosts_toml


def shapes():
    """{name: image or index}, in each of the forms."""
    return {"oci": images.simple("oci", images.FORMS),
            "docker": images.simple("docker", ("plain", "gzip"), docker=True),
            "many": images.index([images.simple("many", architecture=a) for a in ("amd64", "arm64")]),
            "list": images.index([images.simple("list", docker=True, architecture=a) for a in ("amd64", "arm64")], docker=True)}


class Bed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.debian = registry.Debian()
        cls.addClassCleanup(cls.debian.close)
        cls.ours = registry.Registry()
        cls.addClassCleanup(cls.ours.close)
        cls.shapes = shapes()
        for name, image in cls.shapes.items():
            cls.debian.push(f"house/{name}", "1", image)
            cls.ours.push(f"house/{name}", "1", image)

    def hosts(self):
        return {"debian": self.debian.host, "ours": f"127.0.0.1:{self.ours.port}"}

    def copied(self, folder):
        """What skopeo wrote: {file name: bytes}."""
        found = {}
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as f:
                found[name] = f.read()
        return found

    def test_the_same_arguments_give_the_same_bytes(self):
        self.assertEqual({n: i.digest for n, i in shapes().items()}, {n: i.digest for n, i in self.shapes.items()})
        self.assertNotEqual(images.simple("oci").digest, images.simple("oci", evil=True).digest)

    def test_skopeo_copies_every_byte(self):
        for kind, host in self.hosts().items():
            for name, image in self.shapes.items():
                with self.subTest(registry=kind, image=name), Skopeo() as skopeo:
                    status, text = skopeo.copy(f"{host}/house/{name}:1", "to", "--all")
                    self.assertEqual(status, 0, text)
                    found = self.copied(skopeo.path("to"))
                    self.assertEqual(found["manifest.json"], image.manifest.data)
                    for blob in image.blobs:
                        self.assertEqual(found[blob.digest.removeprefix("sha256:")], blob.data)

    def test_podman_pulls(self):
        with Podman() as podman:
            status, text = podman.pull(f"127.0.0.1:{self.ours.port}/house/oci:1")
            self.assertEqual(status, 0, text)
            self.assertIn(self.shapes["oci"].config.digest.removeprefix("sha256:"), text)

    def test_containerd_pulls_by_its_hosts_file(self):
        with Containerd({"mcr.example.org": hosts_toml(self.ours.url)}) as containerd:
            self.ours.asked.clear()
            status, text = containerd.pull("mcr.example.org/house/oci:1")
            self.assertEqual(status, 0, text)
            for blob in [self.shapes["oci"].manifest, *self.shapes["oci"].blobs]:
                self.assertEqual(containerd.content(blob.digest), blob.data)
            self.assertTrue(all(path.endswith("?ns=mcr.example.org") for path in self.ours.paths()), self.ours.paths())

    def test_crane_and_oras_read(self):
        with Crane() as crane, Oras() as oras:
            for kind, host in self.hosts().items():
                with self.subTest(registry=kind):
                    status, text = crane.crane("digest", f"{host}/house/many:1")
                    self.assertEqual((status, text.strip()), (0, self.shapes["many"].digest), text)
                    status, text = oras.oras("manifest", "fetch", f"{host}/house/docker:1")
                    self.assertEqual((status, json.loads(text)),
                                     (0, json.loads(self.shapes["docker"].manifest.data)), text)

    def test_a_lie_is_told(self):
        """Each fault as a client sees it: skopeo refuses what is not what it asked for."""
        image, ours = self.shapes["docker"], self.ours
        name, layer = f"127.0.0.1:{ours.port}/house/docker:1", image.layers[0]
        faults = {
            "another blob": ("blobs/" + layer.digest, lambda h: registry.send(h, 200, "application/octet-stream", b"x" * 9)),
            "cut": ("blobs/" + layer.digest, lambda h: registry.cut(h, layer.data)),
            "gone": ("manifests/1", lambda h: registry.send(h, 404, "application/json",
                                                           registry.json_error("MANIFEST_UNKNOWN", "gone"))),
        }
        for fault, (ending, answer) in faults.items():
            with self.subTest(fault), Skopeo() as skopeo:
                ours.behave = lambda method, path: answer if path.endswith(ending) else None
                try:
                    status, text = skopeo.copy(name, "to")
                finally:
                    ours.behave = lambda method, path: None
                self.assertNotEqual(status, 0, text)

    def test_what_a_refusal_looks_like(self):
        """What the gateway chooses its codes by: containerd shows the reason phrase alone, all others the message alone.
        DENIED is believed at once, and docker adds that one should log in; after UNAVAILABLE podman comes again three times."""
        ours, message, reason = self.ours, "held: being inspected; see /-/x/1", "Held by policy /-/x/1"
        where, image = f"127.0.0.1:{ours.port}/house/oci:1", self.shapes["oci"]
        runs = {Skopeo: lambda c: c.copy(where, "to"), Podman: lambda c: c.pull(where),
                Docker: lambda c: c.docker("pull", where), Containerd: lambda c: c.pull(where, "--plain-http"),
                Crane: lambda c: c.crane("manifest", where),
                Oras: lambda c: c.oras("manifest", "fetch", where)}
        for code in ("DENIED", "UNAVAILABLE"):
            body = registry.json_error(code, message)
            refusal = lambda h: registry.send(h, 405 if h.command == "HEAD" else 403, "application/json", body,  # noqa: E731
                                              reason=reason)
            for kind, run in runs.items():
                with self.subTest(code=code, client=kind.__name__), kind() as client:
                    ours.asked.clear()
                    ours.behave = lambda method, path: refusal if "/manifests/" in path else None
                    try:
                        status, text = run(client)
                    finally:
                        ours.behave = lambda method, path: None
                    self.assertNotEqual(status, 0, text)
                    self.assertIn(f"403 {reason}" if kind is Containerd else message, text)
                    self.assertEqual("docker login" in text, kind is Docker and code == "DENIED", text)
                    again = kind is Podman and code == "UNAVAILABLE"
                    gets = [method for method, path, _ in ours.asked if method == "GET" and "/manifests/" in path]
                    self.assertEqual(len(gets), 4 if again else 1, ours.paths())
        with Crane() as crane:
            self.assertEqual(crane.crane("digest", where), (0, image.digest + "\n"))

    def test_a_token_is_asked_for(self):
        """401, realm, token, and then the image: as skopeo does it, so shall the fetcher."""
        ours = registry.Registry()
        self.addCleanup(ours.close)
        files = registry.Files(ours)
        self.addCleanup(files.close)
        ours.push("house/oci", "1", self.shapes["oci"])
        ours.token_realm, ours.redirect = files.url + "/token", files.url
        with Skopeo() as skopeo:
            status, text = skopeo.copy(f"127.0.0.1:{ours.port}/house/oci:1", "to")
        self.assertEqual(status, 0, text)
        tokens = [path for _, path, _ in files.asked if path.startswith("/token?")]
        self.assertEqual(len(tokens), 1)
        self.assertIn("scope=repository%3Ahouse%2Foci%3Apull", tokens[0])


if __name__ == "__main__":
    unittest.main()
