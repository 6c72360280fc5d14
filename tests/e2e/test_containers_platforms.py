"""Indexes (T19): had once an image in them for a platform that the repository lists is, and what is not listed is left alone until
somebody asks for it; signed when all of it is. Pushed, they list what was pushed before (T24)."""
import json
import re
import unittest

from house import cosign, images
from house.container_clients import Containerd, Crane, Oras, Podman, Skopeo
from house.containers import OfRegistry
from house.hosted import Hosted
from house.service import Service
from house.upstream import Upstream
from test_containers_push_clients import layout

FORMS = (("2.5.3", ()), ("3.1.2", ()))


def attestation(of):
    """As BuildKit lists one beside the image that it is about."""
    statement = images.Blob("application/vnd.in-toto+json", json.dumps({
        "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://slsa.dev/provenance/v1",
        "subject": [{"name": "pkg:docker/many", "digest": {"sha256": of.digest[7:]}}], "predicate": {}}).encode())
    found = images.image([(statement, statement.digest)], architecture="unknown", cmd=())
    found.platform = {"architecture": "unknown", "os": "unknown"}
    return found


class Mirrored(OfRegistry):
    """`mcr` lists what every repository does that says nothing; `wide` all platforms, `arms` another one."""
    anonymous = True

    @classmethod
    def configure(cls, text):
        return re.sub(r"(?m)^    upstreams: \[registry\]\n", "    upstreams: [registry]\n"
                      "  - name: wide\n    ecosystem: oci\n    upstreams: [registry]\n    platforms: all\n"
                      "  - name: arms\n    ecosystem: oci\n    upstreams: [registry]\n    platforms: [linux/arm64/v8]\n",
                      super().configure(text), count=1)

    @classmethod
    def fill(cls):
        cls.make_registry()

    def make(self, name, amd64=False, arm64=False, others=()):
        """An index of an image each, evil or not; None: there is none."""
        kinds = [(a, evil) for a, evil in (("amd64", amd64), ("arm64", arm64)) if evil is not None]
        index = images.index([images.simple(name, architecture=a, evil=evil) for a, evil in kinds] +
                             [images.simple(name, architecture=a) for a in others])
        self.registry.push("team/" + name, "1.0", index)
        return index

    def at(self, repository, name):
        return f"127.0.0.1:{self.service.port}/{repository}/team/{name}:1.0"

    def copied(self, repository, name, *options):
        with Skopeo() as client:
            return client.copy(self.at(repository, name), "to", *options)

    def test_one_platform_is_had_and_the_others_are_left_alone(self):
        index = self.make("few", others=["s390x"])
        for client in (Skopeo, Podman, Containerd):
            with self.subTest(client.__name__), client() as c:
                at = self.at("mcr", "few")
                status, text = c.copy(at, "to") if client is Skopeo else \
                    c.pull(at, "--plain-http") if client is Containerd else c.pull(at)
                self.assertEqual(status, 0, text)
        had = {blob.digest for blob in index.images[0].blobs}
        for image in index.images[1:]:
            for digest in {blob.digest for blob in [image.manifest, *image.blobs]} - had:
                self.assertEqual(self.registry.paths(digest), [], image.platform)
        status, text = self.copied("mcr", "few", "--all")  # who asks for them has them inspected
        self.assertEqual(status, 0, text)

    def test_none_that_is_listed(self):
        index = self.make("foreign", amd64=None, others=["s390x"])
        words = "it has no image for linux/amd64, which is served here; those that it has: linux/arm64, linux/s390x"
        with Skopeo() as client:
            for architecture in "amd64", "arm64":
                client.options += ["--override-arch", architecture]
                status, text = client.copy(self.at("mcr", "foreign"), "to")
                self.assertNotEqual(status, 0, text)
                self.assertIn(words, text)
        with Podman() as client:
            status, text = client.pull(self.at("mcr", "foreign"))
            self.assertNotEqual(status, 0, text)
            self.assertIn(words, text)
        with Containerd() as client:
            status, text = client.pull(self.at("mcr", "foreign"), "--plain-http")
            self.assertNotEqual(status, 0, text)
            self.assertIn("403 team/foreign@" + index.digest[:19] + " held by platform: it has no image for linux/amd64", text)
        self.assertEqual(self.registry.paths(index.images[0].digest), [])
        a = self.ask("team/foreign", "manifests", index.images[0].digest)
        self.assertEqual((a.status, a.body), (200, index.images[0].manifest.data), a)
        status, text = self.copied("wide", "foreign", "--all")
        self.assertEqual(status, 0, text)

    def test_each_repository_by_its_own(self):
        index = self.make("half", amd64=True)
        evil, good = index.images
        status, text = self.copied("mcr", "half")
        self.assertNotEqual(status, 0, text)
        self.assertIn(f"its image {evil.digest[:19]} for linux/amd64 is held: ", text)
        with Skopeo() as client:
            client.options += ["--override-arch", "arm64"]
            status, text = client.copy(self.at("arms", "half"), "to")
            self.assertEqual(status, 0, text)
        for repository in "arms", "wide":  # each image answers for itself
            status, text = self.copied(repository, "half")
            self.assertNotEqual(status, 0, text)
            self.assertIn("hidden-code", text)
        with self.subTest("explain says which counts"):
            status, out, err = self.service.command("explain", f"oci:team/half=={index.digest}", "--repository", "mcr")
            self.assertIn(f"  lists: {evil.digest} for linux/amd64, which counts here: held (part: its layer ", out, err)
            self.assertIn(f"  lists: {good.digest} for linux/arm64: not decided yet\n", out)
            status, out, err = self.service.command("explain", f"oci:team/half=={index.digest}", "--repository", "arms", "--json")
            lists = next(f for f in json.loads(out) if f["file"].endswith(".oci-index.json"))["lists"]
            self.assertEqual([(x["platform"], x["counts"], x["verdict"]) for x in lists],
                             [("linux/amd64", False, "held"), ("linux/arm64", True, "allowed")])
        with self.subTest("the gate judges those that are listed"):
            for repository, platform, passes in (("mcr", "linux/amd64", False), ("arms", "linux/arm64/v8", True),
                                                 ("wide", "all", False)):
                status, out, err = self.service.command("gate", "--repository", repository, "--wait", "60", "team/half:1.0")
                self.assertEqual((status, err), (0 if passes else 1, ""), out)
                self.assertIn(f"for {platform}, as team/half@{index.digest}", out)

    def test_all_of_it_is_inspected_and_signed(self):
        good = images.index([images.simple("signed", architecture=a) for a in ("amd64", "arm64")])
        about = attestation(good.images[0])
        index = images.index([*good.images, about])
        self.registry.push("team/signed", "1.0", index)
        status, out, err = self.service.command("gate", "--repository", "wide", "--wait", "120", "team/signed:1.0")
        self.assertEqual((status, err), (0, ""), out)
        for version, options in FORMS:
            with self.subTest(version):
                status, text = cosign.verify_image(version, self.service,
                                                   f"127.0.0.1:{self.service.port}/wide/team/signed@{index.digest}")
                self.assertEqual(status, 0, text)
        with Podman() as client:
            status, text = client.pull(self.at("wide", "signed"))
            self.assertEqual(status, 0, text)


class Configured(unittest.TestCase):
    def test_where_there_are_no_images(self):
        up = Upstream()
        self.addCleanup(up.close)
        service = Service(up.url, configure=lambda text: re.sub(r"(?m)^(repositories:\n(?:.*\n)*?    ecosystem: pypi\n)",
                                                                r"\1    platforms: all\n", text, count=1))
        self.addCleanup(service.remove)
        status, out, err = service.command("check")
        self.assertEqual(status, 2, out)
        self.assertRegex(err, r"customhouse\.yaml:\d+:\d+: repositories\[0\]: .*platforms: expected none: what is in a repository of "
                              "this ecosystem is no image")
        self.assertRaises(RuntimeError, service.start)


class Pushed(Hosted):
    """Which order clients push in is what the access log says."""

    def listing(self, name):
        return images.index([images.simple(name, architecture=a) for a in ("amd64", "arm64")])

    def order(self, name):
        """The references under which manifests were put, in their order."""
        lines = sorted(self.service.access_log(), key=lambda line: line["time"])  # several processes write them
        return [line["path"].rpartition("/")[2] for line in lines
                if line["method"] == "PUT" and f"/{name}/manifests/" in line["path"] and line["status"] == 201]

    def is_pushed(self, name, index, tag="1"):
        order = self.order(name)
        self.assertIn(order[-1], (tag, index.digest), order)
        self.assertEqual(set(order[:len(index.images)]), {i.digest for i in index.images}, order)

    def skopeo(self, client, name, index, *options):
        return client.run([client.program, *client.options, "copy", "--retry-times", "0", "--dest-tls-verify=false",
                           "--dest-creds", f"ci:{self.token}", *options, f"oci:{layout(client, index)}:1",
                           f"docker://{self.host}/{name}:1"])

    def test_skopeo(self):
        index = self.listing("skopeo")
        with Skopeo() as client:
            status, text = self.skopeo(client, "by/skopeo", index, "--all", "--preserve-digests")
            self.assertEqual(status, 0, text)
        self.is_pushed("by/skopeo", index)

    def test_podman(self):
        index = self.listing("podman")
        with Podman() as client:
            client.podman("manifest", "create", "listed")
            for image in index.images:
                layout(client, image)
                status, text = client.podman("pull", "--signature-policy", client.policy, "oci:layout:1")
                self.assertEqual(status, 0, text)
                number = re.search(r"(?m)^[0-9a-f]{64}$", text).group()
                client.podman("tag", number, f"localhost/{image.platform['architecture']}")
                status, text = client.podman("manifest", "add", "listed", f"containers-storage:localhost/{image.platform['architecture']}")
                self.assertEqual(status, 0, text)
            status, text = client.podman("manifest", "push", "--all", "--tls-verify=false", "--creds", f"ci:{self.token}", "listed",
                                         f"docker://{self.host}/by/podman:1")
            self.assertEqual(status, 0, text)
        order = self.order("by/podman")  # it makes manifests of its own
        self.assertEqual((len(order), order[-1]), (3, "1"), order)
        self.assertTrue(all(reference.startswith("sha256:") for reference in order[:-1]), order)

    def test_crane(self):
        index = self.listing("crane")
        with Crane() as client:
            client.write(".docker/config.json", json.dumps({"auths": {f"127.0.0.1:{self.service.port}": {
                "username": "ci", "password": self.token}}}))
            client.env["DOCKER_CONFIG"] = client.path(".docker")
            path = layout(client, index)
            status, text = client.crane("push", path, "--index", f"{self.host}/by/crane:1")
            self.assertEqual(status, 0, text)
        order = self.order("by/crane")
        self.assertLess(max(order.index(i.digest) for i in index.images), order.index(index.digest), order)

    def test_oras(self):
        index = self.listing("oras")
        with Oras() as client:
            auth = client.write("auth.json", json.dumps({"auths": {f"127.0.0.1:{self.service.port}": {
                "username": "ci", "password": self.token}}}))
            status, text = client.run([client.program, "copy", "--from-oci-layout", layout(client, index) + ":1", "--to-plain-http",
                                       "--to-registry-config", auth, f"{self.host}/by/oras:1"])
            self.assertEqual(status, 0, text)
        self.is_pushed("by/oras", index)

    def test_an_index_before_what_it_lists(self):
        index = self.listing("alone")
        words = (f"it lists {index.images[0].digest}, and no manifest of this digest is pushed under this name: push what an index "
                 "lists before it, or all of it at once (skopeo copy --all)")
        with Skopeo() as client:
            status, text = self.skopeo(client, "team/alone", index, "--multi-arch", "index-only")
            self.assertNotEqual(status, 0, text)
            self.assertIn(words, text)
        self.assertEqual(self.send("HEAD", "team/alone/manifests/1").status, 404)
        self.is_error(self.put_manifest("team/alone", "1", index.manifest), 404, "MANIFEST_BLOB_UNKNOWN", words)
        for blob in index.blobs:
            self.push_blob("team/alone", blob)
        for image in index.images:
            self.assertEqual(self.put_manifest("team/alone", image.digest, image.manifest).status, 201)
        with self.subTest("then it is taken"), Skopeo() as client:
            status, text = self.skopeo(client, "team/alone", index, "--multi-arch", "index-only")
            self.assertEqual(status, 0, text)
        with self.subTest("elsewhere it is not"):
            self.is_error(self.put_manifest("team/elsewhere", "1", index.manifest), 404, "MANIFEST_BLOB_UNKNOWN", words)

    def test_what_it_says_of_them(self):
        image = images.simple("lies")
        self.push("team/lies", "1", image)
        for change, words in (({"size": 7}, f"it says that {image.digest} has 7 bytes, which has {len(image.manifest.data)}"),
                              ({"mediaType": images.DOCKER_MANIFEST}, f"it says that {image.digest} is of another media type than it is")):
            with self.subTest(**change):
                entry = {**image.manifest.descriptor(platform=image.platform), **change}
                lying = images.document(images.OCI_INDEX, {"schemaVersion": 2, "mediaType": images.OCI_INDEX, "manifests": [entry]})
                self.is_error(self.put_manifest("team/lies", "2", lying), 400, "MANIFEST_INVALID", words)

    def test_what_is_taken_away_after(self):
        """Its images may go at any time: then it leads nowhere, and is held for that."""
        index = self.listing("gone")
        self.push("team/gone", "1", index)
        self.is_pulled("team/gone", "1", index)
        for image in index.images:
            self.assertEqual(self.send("DELETE", f"team/gone/manifests/{image.digest}").status, 202)
        a = self.pull("team/gone", "manifests", "1")
        self.assertEqual(a.status, 403, a)
        self.assertIn("it is not pushed here, or was taken away", a.reason + json.loads(a.body)["errors"][0]["message"])
