"""Images that are refused: by every route, with the reason in each client's own words; let pass by a person; and what a tag
that moves does."""
import json
import re
import threading

from house import images, wheels
from house.case import in_parallel
from house.container_clients import Containerd, Crane, Docker, Oras, Podman, Skopeo, hosts_toml
from house.containers import OfRegistry


class Refused(OfRegistry):
    @classmethod
    def fill(cls):
        cls.make_registry()
        cls.good = images.simple("good")
        cls.evil = images.simple("evil", evil=True)
        cls.unwanted = images.simple("unwanted")
        cls.registry.push("team/good", "1.0", cls.good)
        cls.registry.push("team/evil", "1.0", cls.evil)
        cls.registry.push("team/unwanted", "1.0", cls.unwanted)
        cls.registry.push("team/many", "1.0", images.index([cls.good, images.simple("arm", architecture="arm64", evil=True)]))

    def test_a_layer_refuses_all_of_its_image(self):
        """An evil Python package lies in the last layer alone."""
        self.is_refused_everywhere("team/evil", "1.0", self.evil, "team/evil")
        self.is_served("team/good", "1.0", self.good)

    def each_client(self, name):
        """{client: (what it does, whether it shows the body's message)}: status and text of each."""
        def skopeo():
            with Skopeo() as client:
                return client.copy(f"{self.host}/{name}:1.0", "to")

        def podman():
            with Podman() as client:
                return client.pull(f"{self.host}/{name}:1.0")

        def mirrored():
            with Podman({"mcr.example.org": self.host}) as client:
                return client.pull(f"mcr.example.org/{name}:1.0")

        def containerd():
            with Containerd({self.upstream_host: hosts_toml(self.service.url)}) as client:
                return client.pull(f"{self.upstream_host}/{name}:1.0")

        def docker():
            with Docker() as client:
                return client.docker("pull", f"{self.host}/{name}:1.0")

        def crane():
            with Crane() as client:
                return client.crane("pull", f"{self.host}/{name}:1.0", client.path("to"))

        def oras():
            with Oras() as client:
                return client.oras("manifest", "fetch", f"{self.host}/{name}:1.0")
        return {"skopeo": skopeo, "podman": podman, "registries.conf": mirrored, "docker": docker,
                "containerd": containerd, "crane": crane, "oras": oras}

    def test_each_client_says_why(self):
        self.assertEqual(self.ask("team/evil", "manifests", "1.0").status, 403)  # inspected by now
        for name, run in self.each_client("team/evil").items():
            with self.subTest(client=name):
                status, text = run()
                self.assertNotEqual(status, 0, text)
                self.assertRegex(re.sub(r"\s+", " ", text),
                                 r"(?i)team/evil@sha256:[0-9a-f]{12} held by|(denied|unavailable): team/evil@sha256:[0-9a-f]{12}")
                self.assertIn("/-/x/", text)
                self.assertNotIn("login", text)

    def test_a_package_that_nobody_has_installed_yet(self):
        """A wheel that lies in a layer, for whoever starts the image: what its inspector finds is the layer's finding."""
        for name, source, status in (("lying", images.EVIL_SOURCE, 403), ("lying-good", b"print('hello')\n", 200)):
            wheel = wheels.wheel("greeter", "1.0", files={"greeter/run.py": source})
            image = images.image([images.layer({**images.base_files(name), "opt/wheels/greeter-1.0-py3-none-any.whl": wheel})])
            self.registry.push(f"team/{name}", "1.0", image)
            a = self.ask(f"team/{name}", "manifests", "1.0")
            self.assertEqual(a.status, status, a)
            if status == 403:
                self.assertIn("hidden-code", a.reason)
                _, out, err = self.service.command("explain", f"oci:team/{name}=={image.digest}")
                self.assertIn("opt/wheels/greeter-1.0-py3-none-any.whl!greeter/run.py", out + err)

    def test_what_never_came_is_refused_too(self):
        """One layer is enough: nobody waits for the others, whose addresses say the same."""
        image, go_on = images.simple("cut", evil=True), threading.Event()
        self.registry.push("team/cut", "1.0", image)
        self.addCleanup(go_on.set)
        self.addCleanup(setattr, self.registry, "behave", self.registry.behave)

        def late(h):
            return not go_on.wait(100)
        self.registry.behave = lambda method, path: late if path.endswith(image.config.digest) else None
        self.assertEqual(self.ask("team/cut", "manifests", "1.0").status, 403)
        self.is_refused_everywhere("team/cut", "1.0", image, "team/cut")
        self.assertFalse(go_on.is_set())
        status, out, err = self.service.command("explain", f"{self.service.url}/v2/mcr/team/cut/blobs/{image.config.digest}")
        self.assertEqual(status, 0, out + err)
        self.assertIn("part", out)

    def test_layers_unpack_to_what_the_configuration_says(self):
        one, two = images.layer(images.base_files("one")), images.layer({"etc/two": b"two\n"})
        image = images.image([(one[0], two[1]), (two[0], one[1])])
        self.registry.push("team/swapped", "1.0", image)
        self.is_refused_everywhere("team/swapped", "1.0", image, "team/swapped")
        status, out, err = self.service.command("explain", f"oci:team/swapped=={image.digest}", "--json")
        self.assertEqual(status, 0, out + err)
        found = [f["evidence"] for e in json.loads(out) for f in e.get("findings", []) if f["code"] == "oci-diff-id"]
        self.assertEqual(sorted(found), [f"layer 1 is {two[1]} there", f"layer 2 is {one[1]} there"], out)

    def test_approved_it_is_pulled(self):
        """By a person who looked at it: the version is the manifest's digest."""
        image = images.simple("judged", evil=True)
        self.registry.push("team/judged", "1.0", image)
        self.is_refused_everywhere("team/judged", "1.0", image, "team/judged")
        words = ("approve", f"oci:team/judged=={image.digest}", "--reason", "read it", "--expires", "14d")
        status, out, err = self.service.command(*words)
        self.assertEqual(status, 1, out + err)
        self.assertIn("greeter/run.py line 2", out + err)
        status, out, err = self.service.command(*words, *re.search(r"--evidence \S+", out + err).group(0).split())
        self.assertEqual(status, 0, out + err)
        self.is_served("team/judged", "1.0", image)
        with Skopeo() as skopeo:
            status, text = skopeo.copy(f"{self.host}/team/judged:1.0", "to")
            self.assertEqual(status, 0, text)

    def test_denied_it_is_gone_everywhere(self):
        """From what was served a moment before, by every route, cached or not."""
        self.is_served("team/unwanted", "1.0", self.unwanted)
        status, out, err = self.service.command("deny", f"oci:team/unwanted=={self.unwanted.digest}", "--reason", "not here")
        self.assertEqual(status, 0, out + err)
        self.is_refused_everywhere("team/unwanted", "1.0", self.unwanted, "not here")

    def test_one_platform_of_an_index(self):
        """The index is a document; each of its images is judged for itself."""
        with Skopeo() as skopeo:
            status, text = skopeo.copy(f"{self.host}/team/many:1.0", "amd64")
            self.assertEqual(status, 0, text)
            skopeo.options += ["--override-arch", "arm64"]
            status, text = skopeo.copy(f"{self.host}/team/many:1.0", "arm64")
            self.assertNotEqual(status, 0, text)
            self.assertIn("team/many", text)

    def test_a_layer_of_another_name_opens_nothing(self):
        """A blob is readable through its own name's manifest alone (T24)."""
        self.is_served("team/good", "1.0", self.good)
        for blob in self.good.blobs:
            for name in ("team/none", "team/evil"):
                a = self.ask(name, "blobs", blob.digest)
                self.assertIn(a.status, (403, 404), a)

    def test_explain(self):
        self.assertEqual(self.ask("team/evil", "manifests", "1.0").status, 403)
        status, out, err = self.service.command("explain", f"oci:team/evil=={self.evil.digest}", "--json")
        self.assertEqual(status, 0, out + err)
        told = {e["file"]: e for e in json.loads(out)}
        self.assertEqual(len(told), len(self.evil.blobs) + 1, out)
        self.assertEqual({e["verdict"] for e in told.values()}, {"hold"}, out)


class Moving(OfRegistry):
    """A tag that moves upstream."""
    @classmethod
    def fill(cls):
        cls.make_registry()

    @classmethod
    def configure(cls, text):
        return re.sub(r"(?m)^\s*#? ?index_refresh_seconds:.*$", "index_refresh_seconds: 1", super().configure(text))

    def test_a_tag_moves_to_what_is_good(self):
        old, new = images.simple("old"), images.simple("new")
        self.registry.push("team/app", "latest", old)
        self.is_served("team/app", "latest", old)
        self.registry.push("team/app", "latest", new)

        def moved():
            a = self.ask("team/app", "manifests", "latest")
            self.assertEqual(a.status, 200, a)
            self.assertIn(a["Docker-Content-Digest"], (old.digest, new.digest))
            return a["Docker-Content-Digest"] == new.digest
        self.eventually(moved, 15)
        self.is_served("team/app", "latest", new)
        self.assertEqual(self.ask("team/app", "manifests", old.digest).body, old.manifest.data)

    def test_a_tag_moves_to_what_is_refused(self):
        old, new = images.simple("kept"), images.simple("bad", evil=True)
        self.registry.push("team/tool", "latest", old)
        self.is_served("team/tool", "latest", old)
        self.registry.push("team/tool", "latest", new)
        self.eventually(lambda: self.ask("team/tool", "manifests", "latest").status == 403, 15)
        self.is_refused_everywhere("team/tool", "latest", new, "team/tool")
        a = self.ask("team/tool", "manifests", old.digest)
        self.assertEqual((a.status, a.body), (200, old.manifest.data), a)


class Waiting(OfRegistry):
    """Who asks while it is inspected waits, and is never sent away with a part of it."""
    @classmethod
    def fill(cls):
        cls.make_registry()
        cls.image = images.simple("waited", images.FORMS)
        cls.registry.push("team/waited", "1.0", cls.image)

    def test_many_ask_at_once(self):
        answers = {}

        def one(i):
            def job():
                answers[i] = self.ask("team/waited", "manifests", "1.0")
            return job
        ended = in_parallel({i: one(i) for i in range(8)})
        self.assertEqual([e for e in ended.values() if e], [])
        self.assertEqual({(a.status, a.body) for a in answers.values()}, {(200, self.image.manifest.data)}, answers)
        asked = self.registry.paths()
        for blob in self.image.blobs:
            self.assertEqual(len([p for p in asked if p.endswith(blob.digest)]), 1, asked)

    def test_who_asks_waits(self):
        """GET and HEAD and real clients alike: none hears anything before the last layer has come."""
        image = images.simple("slow")
        self.registry.push("team/slow", "1.0", image)
        asked, go_on = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)
        self.addCleanup(setattr, self.registry, "behave", self.registry.behave)

        def late(h):
            asked.set()
            return not go_on.wait(50)  # then it is answered as always
        self.registry.behave = lambda method, path: late if path.endswith(image.layers[-1].digest) else None
        heard = {}

        def skopeo():
            with Skopeo() as client:
                heard["skopeo"] = client.copy(f"{self.host}/team/slow:1.0", "to")[0]

        def containerd():
            with Containerd({self.upstream_host: hosts_toml(self.service.url)}) as client:
                heard["containerd"] = client.pull(f"{self.upstream_host}/team/slow:1.0")[0]

        def raw(method, reference):
            def job():
                heard[method + reference] = self.ask("team/slow", "manifests", reference, method=method).status
            return job
        jobs = {"skopeo": skopeo, "containerd": containerd, "get": raw("GET", "1.0"), "head": raw("HEAD", "1.0"),
                "digest": raw("HEAD", image.digest)}
        all_ended = {}
        waiting = threading.Thread(target=lambda: all_ended.update(in_parallel(jobs)))
        waiting.start()
        self.assertTrue(asked.wait(30), "the layer was never asked for")
        self.assertEqual(heard, {})
        go_on.set()
        waiting.join(100)
        self.assertEqual([e for e in all_ended.values() if e], [])
        self.assertEqual(heard, {"skopeo": 0, "containerd": 0, "GET1.0": 200, "HEAD1.0": 200, "HEAD" + image.digest: 200})
