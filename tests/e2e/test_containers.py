"""Images through the gateway, from Debian's docker-registry, with the clients that people have: by tag and by digest, for one
platform and for all, each byte as the upstream has it."""
import json
import os
import unittest

from house import images, raw
from house.container_clients import Containerd, Crane, Docker, Oras, Podman, Skopeo, hosts_toml
from house.containers import AS_CLIENTS, OfRegistry


class Pulling(OfRegistry):
    debian = True

    @classmethod
    def fill(cls):
        cls.make_registry()
        cls.images = {
            "team/oci": images.simple("oci", images.FORMS),
            "team/gzip": images.simple("gzip"),
            "team/docker": images.simple("docker", ("plain", "gzip"), docker=True),
            "team/many": images.index([images.simple("many", architecture=a) for a in ("amd64", "arm64")]),
            "team/list": images.index([images.simple("list", docker=True, architecture=a) for a in ("amd64", "arm64")],
                                      docker=True),
        }
        for name, image in cls.images.items():
            cls.registry.push(name, "1.0", image)

    def test_every_byte_by_every_route(self):
        for name, image in self.images.items():
            with self.subTest(name):
                self.is_served(name, "1.0", image)

    def folder(self, path):
        found = {}
        for name in os.listdir(path):
            with open(os.path.join(path, name), "rb") as f:
                found[name] = f.read()
        return found

    def test_skopeo_copies_by_tag_and_by_digest(self):
        for name, image in self.images.items():
            for reference in (":1.0", "@" + image.digest):
                with self.subTest(name + reference), Skopeo() as skopeo:
                    status, text = skopeo.copy(f"{self.host}/{name}{reference}", "to", "--all")
                    self.assertEqual(status, 0, text)
                    found = self.folder(skopeo.path("to"))
                    self.assertEqual(found["manifest.json"], image.manifest.data)
                    for blob in image.blobs:
                        self.assertEqual(found[blob.digest.removeprefix("sha256:")], blob.data)

    def test_skopeo_takes_one_platform(self):
        index = self.images["team/many"]
        for architecture, one in zip(("amd64", "arm64"), index.images):
            with self.subTest(architecture), Skopeo() as skopeo:
                skopeo.options += ["--override-arch", architecture]
                status, text = skopeo.copy(f"{self.host}/team/many:1.0", "oci:to")
                self.assertEqual(status, 0, text)
                with open(skopeo.path("to", "index.json"), "rb") as f:
                    entries = json.load(f)["manifests"]
                self.assertEqual([e["digest"] for e in entries], [one.digest])

    def test_skopeo_inspects(self):
        with Skopeo() as skopeo:
            status, text = skopeo.inspect(f"{self.host}/team/oci:1.0")
            self.assertEqual(status, 0, text)
            told = json.loads(text[text.index("{"):])
            self.assertEqual(told["Digest"], self.images["team/oci"].digest)
            self.assertEqual(told["RepoTags"], ["1.0"])
            status, text = skopeo.inspect(f"{self.host}/team/many:1.0", "--raw")
            self.assertEqual((status, text.encode()), (0, self.images["team/many"].manifest.data))

    def test_podman_pulls(self):
        for name, mirrors in ((self.host, None), ("mcr.example.org", {"mcr.example.org": self.host})):
            with self.subTest(name), Podman(mirrors) as podman:
                status, text = podman.pull(f"{name}/team/docker:1.0")
                self.assertEqual(status, 0, text)
                self.assertIn(self.images["team/docker"].config.digest.removeprefix("sha256:"), text)

    def test_docker_pulls(self):
        with Docker() as docker:
            for name in ("team/docker", "team/gzip", "team/list"):  # this docker reads no zstd
                with self.subTest(name):
                    image = self.images[name]
                    status, text = docker.docker("pull", f"{self.host}/{name}:1.0")
                    self.assertEqual(status, 0, text)
                    self.assertIn(image.digest, text)

    def test_containerd_pulls(self):
        """Under the gateway's own name, and under the registry's by ?ns=."""
        gateway = self.service.url
        ways = {"direct": (self.host, {}),
                "ns": (self.upstream_host, {self.upstream_host: hosts_toml(gateway)})}
        for way, (named, hosts) in ways.items():
            for name in ("team/oci", "team/many"):
                with self.subTest(way=way, name=name), Containerd(hosts) as containerd:
                    options = () if hosts else ("--plain-http",)
                    status, text = containerd.pull(f"{named}/{name}:1.0", *options)
                    self.assertEqual(status, 0, text)
                    image = self.images[name]
                    one = image.images[0] if name == "team/many" else image
                    for blob in [image.manifest, one.manifest, *one.blobs]:
                        self.assertEqual(containerd.content(blob.digest), blob.data)

    def test_crane_and_oras(self):
        image = self.images["team/oci"]
        with Crane() as crane, Oras() as oras:
            status, text = crane.crane("digest", f"{self.host}/team/oci:1.0")
            self.assertEqual((status, text.strip()), (0, image.digest), text)
            status, text = crane.crane("pull", "--format", "oci", f"{self.host}/team/oci:1.0", crane.path("to"))
            self.assertEqual(status, 0, text)
            for blob in [image.manifest, *image.blobs]:
                with open(crane.path("to", "blobs", "sha256", blob.digest.removeprefix("sha256:")), "rb") as f:
                    self.assertEqual(f.read(), blob.data)
            status, text = crane.crane("ls", f"{self.host}/team/oci")
            self.assertEqual((status, text.split()), (0, ["1.0"]), text)
            status, text = oras.oras("manifest", "fetch", f"{self.host}/team/many:1.0")
            self.assertEqual((status, text.encode()), (0, self.images["team/many"].manifest.data))
            status, text = oras.run([oras.program, "copy", "--from-plain-http", f"{self.host}/team/docker:1.0",
                                     "--to-oci-layout", oras.path("layout") + ":1"])
            self.assertEqual(status, 0, text)

    def test_parts_of_a_blob(self):
        image = self.images["team/oci"]
        blob = image.layers[1]
        self.assertEqual(self.ask("team/oci", "manifests", "1.0").status, 200)
        for wanted, first, last in (("bytes=0-9", 0, 9), ("bytes=5-", 5, len(blob.data) - 1), ("bytes=-7", len(blob.data) - 7,
                                                                                            len(blob.data) - 1)):
            with self.subTest(wanted):
                a = self.ask("team/oci", "blobs", blob.digest, {"Range": wanted})
                self.assertEqual((a.status, a.body), (206, blob.data[first:last + 1]), a)
                self.assertEqual(a["Content-Range"], f"bytes {first}-{last}/{len(blob.data)}")
        a = self.ask("team/oci", "blobs", blob.digest, {"Range": "bytes=0-1,4-5"})
        self.assertEqual((a.status, a.body), (200, blob.data), a)
        a = self.ask("team/oci", "blobs", blob.digest, {"Range": f"bytes={len(blob.data)}-"})
        self.assertEqual(a.status, 416, a)
        whole = self.ask("team/oci", "blobs", blob.digest)
        self.assertEqual(self.ask("team/oci", "blobs", blob.digest, {"If-None-Match": whole["ETag"]}).status, 304)

    def test_the_version_check(self):
        a = self.service.ask("/v2/")
        self.assertEqual((a.status, a["Docker-Distribution-API-Version"]), (200, "registry/2.0"), a)

    def test_accept_decides_nothing(self):
        """What is there is one document: no type is made of another (protocols: bytes are preserved)."""
        image = self.images["team/docker"]
        for accept in (None, "*/*", images.OCI_MANIFEST):
            with self.subTest(accept):
                a = self.ask("team/docker", "manifests", "1.0", {"Accept": accept})
                self.assertEqual((a.status, a.body, a["Content-Type"]), (200, image.manifest.data, image.media_type), a)

    def test_tags(self):
        a = self.ask("team/oci", "tags", "list")
        self.assertEqual((a.status, json.loads(a.body)), (200, {"name": "team/oci", "tags": ["1.0"]}), a)

    def test_what_is_not_there(self):
        for path in ("/v2/mcr/team/oci/manifests/2.0", "/v2/mcr/team/none/manifests/1.0",
                     "/v2/mcr/team/oci/manifests/sha256:" + "0" * 63 + "1", "/v2/mcr/team/oci/blobs/sha256:" + "0" * 63 + "1",
                     "/v2/none/team/oci/manifests/1.0", "/v2/mcr/team/docker/blobs/" + self.images["team/oci"].layers[0].digest):
            with self.subTest(path):
                a = raw.ask(self.service.port, path, AS_CLIENTS, timeout=120)
                self.assertEqual((a.status, a["Content-Type"]), (404, "application/json"), a)
                self.assertTrue(json.loads(a.body)["errors"][0]["code"].endswith("_UNKNOWN"), a)

    def test_a_stranger_of_a_namespace(self):
        a = raw.ask(self.service.port, "/v2/team/oci/manifests/1.0?ns=stranger.example.org", AS_CLIENTS)
        self.assertEqual(a.status, 404, a)
        a = raw.ask(self.service.port, "/v2/mcr/team/oci/manifests/1.0?ns=stranger.example.org", AS_CLIENTS)
        self.assertEqual(a.status, 404, a)
        a = raw.ask(self.service.port, f"/v2/team/oci/manifests/1.0?ns={self.upstream_host}", AS_CLIENTS)
        self.assertEqual(a.status, 200, a)
        # the registry's own name, and it has no such image
        a = raw.ask(self.service.port, f"/v2/mcr/team/oci/manifests/1.0?ns={self.upstream_host}", AS_CLIENTS)
        self.assertEqual(a.status, 404, a)
        a = raw.ask(self.service.port, f"/v2/team/oci/manifests/1.0?ns={self.upstream_host}&ns=stranger.example.org",
                    AS_CLIENTS)
        self.assertIn(a.status, (400, 404), a)

    def test_other_spellings_are_refused(self):
        """One canonical name for right, decision, cache and log (T24)."""
        digest = self.images["team/oci"].digest
        for path in ("/v2/mcr/team%2Foci/manifests/1.0", "/v2/mcr/team//oci/manifests/1.0", "/v2/mcr/./team/oci/manifests/1.0",
                     "/v2/mcr/x/../team/oci/manifests/1.0", "/v2/mcr/team/OCI/manifests/1.0", "/v2/mcr/team/oci/manifests/1.0/",
                     "/v2//mcr/team/oci/manifests/1.0", f"/v2/mcr/team/oci/manifests/{digest.upper()}",
                     f"/v2/mcr/team/oci/manifests/sha256%3A{digest[7:].upper()}", "/v2/mcr/team/oci/manifests/",
                     "/mcr/team/oci/manifests/1.0"):
            with self.subTest(path):
                a = raw.ask(self.service.port, path, AS_CLIENTS)
                self.assertIn(a.status, (400, 404), a)

    def test_nothing_is_pushed(self):
        blob = "/v2/mcr/team/oci/blobs/" + self.images["team/oci"].layers[0].digest
        for method, path in (("PUT", "/v2/mcr/team/oci/manifests/1.0"), ("POST", "/v2/mcr/team/oci/blobs/uploads/"), ("DELETE", blob),
                             ("DELETE", "/v2/mcr/team/oci/manifests/1.0"), ("PATCH", "/v2/mcr/team/oci/blobs/uploads/1")):
            with self.subTest(method):
                a = raw.ask(self.service.port, path, {"Content-Length": "0"}, method)
                self.assertIn(a.status, (403, 404, 405), a)


if __name__ == "__main__":
    unittest.main()
