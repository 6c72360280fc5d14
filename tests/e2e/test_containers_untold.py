"""Manifests that do not say what they are, as OCI image 1.0 has them and umoci writes them: taken for what Content-Type says where
nothing else can be made of them, and refused where one client would see an image and the next an index, or Docker's format."""
import json

from house import images
from house.container_clients import Containerd, Crane, Podman, Skopeo, hosts_toml
from house.containers import OfRegistry
from house.hosted import Hosted


def untold(image):
    """The same without mediaType."""
    said = json.loads(image.manifest.data)
    del said["mediaType"]
    image.manifest = images.document(image.media_type, said)
    return image


def confused(name):
    """{what is wrong: (an image whose manifest that is, what a refusal says)}"""
    image = images.simple(name)
    said = json.loads(untold(image).manifest.data)
    child = images.simple(name).manifest.descriptor()
    docker = images.simple(name, docker=True)
    config = dict(said["config"], mediaType=images.DOCKER_CONFIG)
    return {
        "an image, and an index by its Content-Type": (images.document(images.OCI_INDEX, said), "an index, with layers"),
        "an index, and an image by its Content-Type": (
            images.document(images.OCI_MANIFEST, {"schemaVersion": 2, "manifests": [child]}), "a manifest, with manifests"),
        "both": (images.document(images.OCI_MANIFEST, dict(said, manifests=[child])), "a manifest, with manifests"),
        "both, and an index by its Content-Type": (
            images.document(images.OCI_INDEX, dict(said, manifests=[child], annotations={})), "an index, with layers"),
        "OCI's, and Docker's by its configuration": (images.document(images.OCI_MANIFEST, dict(said, config=config)), "its config"),
        "Docker's": (untold(docker).manifest, "no mediaType, the registry says"),
        "with parts of the first format": (images.document(images.OCI_MANIFEST, dict(said, fsLayers=[])), "with fsLayers"),
        "with what the first format has, too": (images.document(images.OCI_MANIFEST, dict(said, history=[])), "with history"),
        "null": (images.document(images.OCI_MANIFEST, dict(said, mediaType=None)), "mediaType: expected a string"),
        "by another key": (images.document(images.OCI_MANIFEST, dict(said, MediaType=images.OCI_INDEX)), "for mediaType"),
    }


class Pushed(Hosted):
    def test_an_image_and_an_index(self):
        image = untold(images.simple("untold"))
        self.push("team/untold", "1.0", image)
        self.is_pulled("team/untold", "1.0", image)
        index = untold(images.index([image, images.simple("told", architecture="arm64")]))
        self.push("team/index", "1.0", index)
        self.is_pulled("team/index", "1.0", index)

    def test_an_evil_one(self):
        image = untold(images.simple("untold-evil", evil=True))
        self.push("team/untold-evil", "1.0", image)
        self.is_refused("team/untold-evil", "1.0", image, "hidden-code")

    def test_what_is_one_thing_to_one_client_and_another_to_the_next(self):
        for image in (images.simple("lies"), images.simple("lies", docker=True)):
            for blob in image.blobs:
                self.push_blob("team/lies", blob)
        for what, (manifest, says) in confused("lies").items():
            with self.subTest(what):
                self.is_error(self.put_manifest("team/lies", "1.0", manifest), 400, "MANIFEST_INVALID", says)
                self.assertEqual(self.pull("team/lies", "manifests", manifest.digest, "HEAD", self.token).status, 404)


class Mirrored(OfRegistry):
    @classmethod
    def fill(cls):
        cls.make_registry()
        cls.image = untold(images.simple("untold"))
        cls.registry.push("team/untold", "1.0", cls.image)
        cls.confused = confused("lies")
        cls.registry.push("team/lies", "1.0", images.simple("lies"))
        for i, (manifest, _) in enumerate(cls.confused.values()):
            cls.registry.push("team/lies", f"lie-{i}", images.Image(manifest, images.Blob(images.OCI_EMPTY, b"{}"), [], None))

    def test_is_served_by_every_route(self):
        self.is_served("team/untold", "1.0", self.image)

    def test_clients_pull_it(self):
        def skopeo():
            with Skopeo() as client:
                return client.copy(f"{self.host}/team/untold:1.0", "to")

        def podman():
            with Podman() as client:
                return client.pull(f"{self.host}/team/untold:1.0")

        def containerd():
            with Containerd({self.upstream_host: hosts_toml(self.service.url)}) as client:
                return client.pull(f"{self.upstream_host}/team/untold:1.0")

        def crane():
            with Crane() as client:
                return client.crane("pull", f"{self.host}/team/untold:1.0", client.path("to"))
        for run in (skopeo, podman, containerd, crane):
            with self.subTest(client=run.__name__):
                status, text = run()
                self.assertEqual(status, 0, text)

    def test_what_is_one_thing_to_one_client_and_another_to_the_next(self):
        for i, (what, (manifest, says)) in enumerate(self.confused.items()):
            for reference in (f"lie-{i}", manifest.digest):
                with self.subTest(what, reference=reference):
                    a = self.ask("team/lies", "manifests", reference)
                    self.assertNotEqual(a.status, 200, a)
                    self.assertNotIn(manifest.data, a.body)
                    self.assertIn(says, (a.reason or "") + a.body.decode())
