"""Images pushed by the clients that people have, and pulled by the same; one with an evil package in a layer is taken, and
refused to everybody, with the reason in the client's own words."""
import json
import os
import re

from house import images
from house.container_clients import Containerd, Crane, Docker, Oras, Podman, Skopeo, layout
from house.hosted import Hosted, basic


class Clients(Hosted):
    """Where anybody on the host may pull without a token, and only who has one may push."""

    @property
    def place(self):
        """Each test has names of its own: whether something is there already is told otherwise to who may not push."""
        return self._testMethodName.replace("_", "-")

    def auth_file(self, client, name="auth.json"):
        """What `login` writes."""
        return client.write(name, json.dumps({"auths": {f"127.0.0.1:{self.service.port}": {"auth": basic(self.token)[6:]}}}))

    def pulled_without(self, name, image):
        """Nobody's token: what may be had without, each client has still."""
        to = f"{self.host}/{self.place}/{name}:1"
        with Skopeo() as client:
            yield "skopeo", client.copy(to, "to")
        with Podman() as client:
            yield "podman", client.pull(to)
        with Crane() as client:
            yield "crane", client.crane("pull", to, client.path("to"))
        with Oras() as client:
            yield "oras", client.oras("manifest", "fetch", to)
        with Containerd() as client:
            yield "containerd", client.pull(to, "--plain-http")
        with Docker() as client:
            yield "docker", client.docker("pull", to)

    def test_without_a_token(self):
        image = images.simple("open")
        self.push(f"{self.place}/open", "1", image)
        for name, (status, text) in self.pulled_without("open", image):
            with self.subTest(name):
                self.assertEqual(status, 0, text)

    def test_login(self):
        """What a person types; docker's and podman's are asked at once."""
        host, _, _ = self.host.partition("/")
        with Docker() as client:
            status, text = client.docker("login", "--username", "ci", "--password", self.token, host)
            self.assertEqual(status, 0, text)
            status, text = client.docker("login", "--username", "ci", "--password", "chp_" + 64 * "0", host)
            self.assertNotEqual(status, 0, text)
        with Podman() as client:
            status, text = client.podman("login", "--tls-verify=false", "--authfile", client.path("auth"), "--username", "ci",
                                         "--password", self.token, host)
            self.assertEqual(status, 0, text)

    def both(self, ways):
        """`ways(name, image)`: (push, pull), each (status, text). The good image comes back, the evil one does not."""
        good, evil = images.simple("good"), images.simple("evil", evil=True)
        (status, text), (pulled, told) = ways("good", good)
        self.assertEqual(status, 0, text)
        self.assertEqual(pulled, 0, told)
        self.assertEqual(self.send("HEAD", f"{self.place}/good/manifests/1").status, 200)
        (status, text), (pulled, told) = ways("evil", evil)
        self.assertEqual(status, 0, text)
        self.assertNotEqual(pulled, 0, told)
        self.assertIn("hidden-code", told)

    def test_skopeo(self):
        def ways(name, image):
            with Skopeo() as client:
                path, to = layout(client, image), f"docker://{self.host}/{self.place}/{name}:1"
                options = ["--authfile", self.auth_file(client)]
                pushed = client.run([client.program, *client.options, "copy", "--retry-times", "0", "--dest-tls-verify=false",
                                     "--preserve-digests", *options, f"oci:{path}:1", to])
                digest = self.send("HEAD", f"{self.place}/{name}/manifests/1")["Docker-Content-Digest"]
                self.assertEqual(digest, image.digest, pushed)
                return pushed, client.copy(f"{self.host}/{self.place}/{name}:1", "to", *options)
        self.both(ways)

    def test_podman(self):
        def ways(name, image):
            with Podman() as client:
                layout(client, image)
                auth = self.auth_file(client)
                # the folder's own name: podman makes a reference of what stands there
                status, text = client.podman("pull", "--signature-policy", client.policy, "oci:layout:1")
                self.assertEqual(status, 0, text)
                number = re.search(r"(?m)^[0-9a-f]{64}$", text).group()
                pushed = client.podman("push", "--tls-verify=false", "--signature-policy", client.policy, "--authfile", auth,
                                       number, f"docker://{self.host}/{self.place}/{name}:1")
                client.podman("rmi", "--all", "--force")
                return pushed, client.pull(f"{self.host}/{self.place}/{name}:1", "--authfile", auth)
        self.both(ways)

    def test_crane(self):
        def ways(name, image):
            with Crane() as client:
                self.auth_file(client, ".docker/config.json")
                client.env["DOCKER_CONFIG"] = client.path(".docker")
                to = f"{self.host}/{self.place}/{name}:1"
                pushed = client.crane("push", layout(client, image), to)
                return pushed, client.crane("pull", "--format", "oci", to, client.path("to"))
        self.both(ways)

    def test_oras(self):
        """Piece by piece: `oras copy` reads the manifest back that it has just pushed, which nobody may before it is ALLOW."""
        def ways(name, image):
            with Oras() as client:
                auth = ["--registry-config", self.auth_file(client)]
                path, to = layout(client, image), f"{self.host}/{self.place}/{name}"
                for blob in image.blobs:
                    file = os.path.join(path, "blobs", "sha256", blob.digest[7:])
                    status, text = client.oras("blob", "push", *auth, "--media-type", blob.media_type, to + "@" + blob.digest, file)
                    self.assertEqual(status, 0, text)
                file = os.path.join(path, "blobs", "sha256", image.digest[7:])
                pushed = client.oras("manifest", "push", *auth, "--media-type", image.media_type, to + ":1", file)
                pulled = client.run([client.program, "copy", "--from-plain-http", "--from-registry-config", auth[1], to + ":1",
                                     "--to-oci-layout", client.path("back") + ":1"])
                return pushed, pulled
        self.both(ways)
        with Oras() as client:
            to = f"{self.host}/{self.place}/copied:1"
            status, text = client.run([client.program, "copy", "--from-oci-layout", layout(client, images.simple("copied")) + ":1",
                                       "--to-plain-http", "--to-registry-config", self.auth_file(client), to])
            self.assertEqual(status, 0, text)

    def test_docker(self):
        def ways(name, image):
            with Docker() as client:
                to = f"{self.host}/{self.place}/{name}:1"
                self.auth_file(client, "config/config.json")
                archive = self.archive(client, image, to)
                status, text = client.docker("load", "--input", archive)
                self.assertEqual(status, 0, text)
                pushed = client.docker("push", to)
                client.docker("rmi", "--force", to)
                return pushed, client.docker("pull", to)
        self.both(ways)

    def archive(self, client, image, name):
        """As `docker load` reads it: skopeo writes that."""
        with Skopeo() as skopeo:
            path = client.path("image.tar")
            status, text = skopeo.run([skopeo.program, *skopeo.options, "copy", f"oci:{layout(skopeo, image)}:1",
                                       f"docker-archive:{path}:{name}"])
            self.assertEqual(status, 0, text)
            return path

    def test_who_may_not_is_told_so(self):
        with Skopeo() as client:
            path = layout(client, images.simple("nobody"))
            words = [client.program, *client.options, "copy", "--retry-times", "0", "--dest-tls-verify=false"]
            to = f"docker://{self.host}/{self.place}/nobody:1"
            status, text = client.run([*words, f"oci:{path}:1", to])
            self.assertNotEqual(status, 0, text)
            self.assertIn("unauthorized", text.lower())


class ClientsSignIn(Clients):
    """Where nobody is let in without a token."""
    anonymous = False

    def test_without_a_token(self):
        image = images.simple("open")
        self.push(f"{self.place}/open", "1", image)
        for name, (status, text) in self.pulled_without("open", image):
            with self.subTest(name):
                self.assertNotEqual(status, 0, text)
