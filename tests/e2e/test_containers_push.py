"""Pushing to a hosted repository, request by request: what is pushed is inspected and judged as what is mirrored, and
nobody has a byte of it before it may be had."""
import hashlib
import json
import re
import threading

from house import images, people
from house.case import with_key
from house.hosted import Hosted


def entries_of(service, name, count, kind="pushed"):
    """Those of the log that are about this name, once there are so many."""
    text = people.command(service, "audit", "search", "--kind", kind)
    found = [e for e in map(json.loads, text.splitlines()) if e["entry"]["project"] == name]
    return found if len(found) >= count else None


class Pushed(Hosted):
    def test_a_good_image_is_pulled_by_every_route(self):
        image = images.simple("good", images.FORMS)
        self.push("team/good", "1.0", image)
        self.is_pulled("team/good", "1.0", image)

    def test_docker_images_and_indexes(self):
        docker = images.simple("docker", ("plain", "gzip"), docker=True)
        self.push("team/docker", "1", docker)
        self.is_pulled("team/docker", "1", docker)
        index = images.index([images.simple("many", architecture=a) for a in ("amd64", "arm64")])
        self.push("team/many", "1", index)
        self.is_pulled("team/many", "1", index)

    def test_an_evil_package_in_a_layer_refuses_the_image(self):
        image = images.simple("evil", evil=True)
        self.push("team/evil", "1.0", image)
        self.is_refused("team/evil", "1.0", image, "hidden-code")

    def test_what_is_of_an_unknown_type_is_looked_at_and_held(self):
        """All of it, manifest and "{}": whoever has the manifest has what it says."""
        script = b"#!/usr/bin/env python3\n" + images.EVIL_SOURCE
        for name, data in (("plain", b"read by nothing here" * 10), ("script", script)):
            image = images.artifact([images.Blob("application/vnd.example.thing.v1", data)])
            self.push("team/" + name, "1.0", image)
            self.is_refused("team/" + name, "1.0", image, "held by ")
            # of what the manifest says, and what the blob has, that comes first which is known first
            self.assertRegex(self.pull("team/" + name, "manifests", "1.0").reason,
                             "oci-type" if name == "plain" else "oci-type|hidden-code")
        self.eventually(lambda: "hidden-code" in people.command(self.service, "explain", f"oci:team/script=={image.digest}"))

    def test_who_pushed_sees_that_it_is_there(self):
        image = images.simple("seen", evil=True)
        self.push("team/seen", "1.0", image)
        for kind, reference, blob in self.routes("1.0", image):
            with self.subTest(f"{kind} {reference}"):
                a = self.pull("team/seen", kind, reference, "HEAD", self.token)
                self.assertEqual((a.status, a["Docker-Content-Digest"], a["Content-Length"], a.body),
                                 (200, blob.digest, str(len(blob.data)), b""), a)
                self.assertEqual(self.pull("team/seen", kind, reference, "HEAD").status, 403)
        a = self.send("GET", "team/seen/tags/list")
        self.assertEqual(json.loads(a.body), {"name": "team/seen", "tags": ["1.0"]}, a)

    def test_a_blob_that_no_manifest_names_is_nobodys(self):
        """T24: not even who uploaded it has its bytes."""
        blob = images.layer({"etc/alone": b"alone"})[0]
        self.push_blob("team/alone", blob)
        self.assertEqual(self.pull("team/alone", "blobs", blob.digest, "HEAD", self.token).status, 200)
        for token in (None, self.token):
            self.assertEqual(self.pull("team/alone", "blobs", blob.digest, token=token).status, 404)
        self.assertEqual(self.pull("team/other", "blobs", blob.digest, "HEAD", self.token).status, 404)

    def test_a_manifest_names_what_was_pushed_under_its_name(self):
        image = images.simple("whole")
        for blob in image.blobs[:-1]:
            self.push_blob("team/whole", blob)
        self.is_error(self.put_manifest("team/whole", "1.0", image.manifest), 404, "MANIFEST_BLOB_UNKNOWN",
                      image.blobs[-1].digest)
        self.push_blob("team/elsewhere", image.blobs[-1])
        self.is_error(self.put_manifest("team/whole", "1.0", image.manifest), 404, "MANIFEST_BLOB_UNKNOWN")
        self.assertEqual(self.pull("team/whole", "manifests", "1.0").status, 404)
        self.push_blob("team/whole", image.blobs[-1])
        self.assertEqual(self.put_manifest("team/whole", "1.0", image.manifest).status, 201)
        self.is_pulled("team/whole", "1.0", image)

    def test_manifests_that_are_none(self):
        image = images.simple("lies")
        for blob in image.blobs:
            self.push_blob("team/lies", blob)
        said = json.loads(image.manifest.data)
        size = json.loads(image.manifest.data)
        size["layers"][0]["size"] += 1
        both = dict(said, manifests=[])
        for what, data in (("no JSON", b"{"), ("empty", b""), ("another type", json.dumps(dict(said, mediaType="x/y")).encode()),
                           ("both", json.dumps(both).encode()), ("another size", json.dumps(size).encode())):
            with self.subTest(what):
                a = self.put_manifest("team/lies", "1.0", images.Blob(images.OCI_MANIFEST, data))
                self.is_error(a, 400, "MANIFEST_INVALID")
        a = self.put_manifest("team/lies", "1.0", images.Blob("text/plain", image.manifest.data))
        self.is_error(a, 400, "MANIFEST_INVALID", "Content-Type")
        a = self.put_manifest("team/lies", images.digest_of(b"other"), image.manifest)
        self.is_error(a, 400, "DIGEST_INVALID")
        a = self.put_manifest("team/lies", "sha256-" + 64 * "a" + ".sig", image.manifest)
        self.is_error(a, 403, "DENIED", "signatures")
        a = self.send("PUT", "team/lies/manifests/1.0", None, {"Content-Type": images.OCI_MANIFEST,
                                                               "Content-Length": str((4 << 20) + 1)})
        self.is_error(a, 413, "SIZE_INVALID")
        self.assertEqual(self.pull("team/lies", "manifests", "1.0", "HEAD", self.token).status, 404)

    def test_two_pushes_of_one_tag(self):
        """The tag is what came last; the former digest stays, decided for itself."""
        first, second = images.simple("first"), images.simple("second", evil=True)
        self.push("team/twice", "1.0", first)
        self.is_pulled("team/twice", "1.0", first)
        self.push("team/twice", "1.0", second)
        self.assertEqual(self.pull("team/twice", "manifests", "1.0", "HEAD", self.token)["Docker-Content-Digest"],
                         second.digest)
        self.assertEqual(self.pull("team/twice", "manifests", "1.0").status, 403)
        a = self.pull("team/twice", "manifests", first.digest)
        self.assertEqual((a.status, a.body), (200, first.manifest.data), a)
        self.push("team/twice", "1.0", first)
        self.is_pulled("team/twice", "1.0", first)

    def test_at_the_same_time(self):
        """Whatever comes first: the tag is one of them, whole."""
        two = [images.simple(f"race{i}") for i in range(2)]
        for image in two:
            for blob in image.blobs:
                self.push_blob("team/race", blob)
        got = [None, None]

        def put(i):
            got[i] = self.put_manifest("team/race", "1.0", two[i].manifest)
        threads = [threading.Thread(target=put, args=(i,)) for i in range(2)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual([a.status for a in got], [201, 201], got)
        tag = self.pull("team/race", "manifests", "1.0")
        self.assertEqual(tag.status, 200, tag)
        self.assertIn(tag.body, [image.manifest.data for image in two])
        for image in two:
            a = self.pull("team/race", "manifests", image.digest)
            self.assertEqual((a.status, a.body), (200, image.manifest.data), a)

    def test_delete(self):
        image = images.simple("gone")
        self.push("team/gone", "1.0", image)
        self.push("team/gone", "latest", image)
        self.is_pulled("team/gone", "1.0", image)
        self.assertEqual(self.send("DELETE", "team/gone/manifests/1.0").status, 202)
        self.assertEqual(self.pull("team/gone", "manifests", "1.0").status, 404)
        self.assertEqual(self.pull("team/gone", "manifests", "latest").status, 200)
        self.assertEqual(self.send("DELETE", f"team/gone/manifests/{image.digest}").status, 202)
        for kind, reference, _ in self.routes("latest", image):
            a = self.pull("team/gone", kind, reference)
            self.assertEqual(a.status, 404, a)
        self.is_error(self.send("DELETE", "team/gone/manifests/1.0"), 404, "MANIFEST_UNKNOWN")
        a = self.send("GET", "team/gone/tags/list")
        self.assertEqual(json.loads(a.body)["tags"], [], a)
        self.push("team/gone", "2.0", image)
        self.is_pulled("team/gone", "2.0", image)
        self.assertEqual(self.pull("team/gone", "manifests", "latest").status, 404)

    def test_delete_of_blobs(self):
        """Those that a manifest has go with it; others when somebody says so, who may."""
        image, alone = images.simple("blobs"), images.layer({"etc/alone": b"to be deleted"})[0]
        self.push("team/blobs", "1", image)
        self.push_blob("team/blobs", alone)
        self.push_blob("team/others", alone)
        path = f"team/blobs/blobs/{alone.digest}"
        self.is_error(self.send("DELETE", f"team/blobs/blobs/{image.layers[0].digest}"), 405, "UNSUPPORTED", "manifest")
        self.is_error(self.send("DELETE", f"team/blobs/blobs/{image.digest}"), 405, "UNSUPPORTED")
        self.assertEqual(self.send("DELETE", path, token=None).status, 401)
        self.assertEqual(self.send("DELETE", path).status, 202)
        self.is_error(self.send("DELETE", path), 404, "BLOB_UNKNOWN")
        entries = self.eventually(lambda: entries_of(self.service, "team/blobs", 1, "blob-deleted"))
        self.assertEqual([(e["entry"]["sha256"], e["clear"]["by"]) for e in entries], [(alone.digest[7:], "service:ci")])
        self.is_error(self.send("DELETE", "team/blobs/blobs/sha256:12"), 400, "DIGEST_INVALID")
        other = "sha512:" + hashlib.sha512(alone.data).hexdigest()
        unknown = "no bytes are known here by that digest"
        self.is_error(self.send("DELETE", f"team/blobs/blobs/{other}"), 404, "BLOB_UNKNOWN", unknown)
        self.is_error(self.send("DELETE", f"team/blobs/manifests/{other}"), 404, "MANIFEST_UNKNOWN", unknown)
        self.is_error(self.send("PUT", f"team/blobs/manifests/{other}", image.manifest.data, {"Content-Type": image.media_type}),
                      400, "DIGEST_INVALID", "not what was pushed")
        self.assertEqual(self.pull("team/blobs", "blobs", alone.digest, "HEAD", self.token).status, 404)
        self.assertEqual(self.pull("team/others", "blobs", alone.digest, "HEAD", self.token).status, 200)
        self.is_pulled("team/blobs", "1", image)
        self.push("team/blobs", "about", images.artifact([], subject=image.manifest.descriptor()))  # which keeps nothing of it
        self.assertEqual(self.send("DELETE", f"team/blobs/manifests/{image.digest}").status, 202)
        for blob in [*image.blobs, image.manifest]:
            self.assertEqual(self.send("DELETE", f"team/blobs/blobs/{blob.digest}").status, 202)
            self.assertEqual(self.pull("team/blobs", "blobs", blob.digest, "HEAD", self.token).status, 404)
        self.is_error(self.put_manifest("team/blobs", "1", image.manifest), 404, "MANIFEST_BLOB_UNKNOWN")

    def test_what_an_artifact_has_for_a_configuration(self):
        """Where something is signed "{}" is there, with what is signed: then an artifact may name it unasked."""
        image, about = images.simple("empty"), images.artifact([])
        self.push("team/empty", "1", image)
        self.assertEqual(self.pull("team/empty", "manifests", "1").status, 200)
        self.assertEqual(self.pull("team/empty", "blobs", about.config.digest, "HEAD", self.token).status, 200)
        self.assertEqual(self.put_manifest("team/empty", "2", about.manifest).status, 201)
        self.is_pulled("team/empty", "2", about)
        for manifest in (image.manifest, about.manifest):
            self.assertEqual(self.send("DELETE", f"team/empty/manifests/{manifest.digest}").status, 202)
        self.assertEqual(self.pull("team/empty", "blobs", about.config.digest).status, 404)

    def test_what_it_refers_to_is_told(self):
        """So that clients do not write it under a tag, too."""
        subject = images.simple("subject")
        self.push("team/subject", "1", subject)
        about = images.artifact([], subject=subject.manifest.descriptor())
        self.push_blob("team/subject", about.config)
        a = self.put_manifest("team/subject", about.digest, about.manifest)
        self.assertEqual((a.status, a["OCI-Subject"]), (201, subject.digest), a)
        self.assertIsNone(self.put_manifest("team/subject", "1", subject.manifest)["OCI-Subject"])
        signature = images.artifact([], "application/vnd.dev.sigstore.bundle.v0.3+json", subject=subject.manifest.descriptor())
        a = self.put_manifest("team/subject", signature.digest, signature.manifest)
        self.assertIsNone(a["OCI-Subject"], a)

    def referrers(self, name, digest, query="", token=None):
        a = self.send("GET", f"{name}/referrers/{digest}{query}", token=token)
        self.assertEqual((a.status, a["Content-Type"]), (200, images.OCI_INDEX), a)
        self.assertEqual(a["OCI-Filters-Applied"], "artifactType" if query else None)
        return json.loads(a.body)["manifests"]

    def test_what_refers_to_an_image(self):
        """Beside what is signed of it; each as long as it may be had, and by its bytes, not by its word alone."""
        image = images.simple("referred")
        self.push("team/referred", "1", image)
        self.assertEqual(self.pull("team/referred", "manifests", "1").status, 200)
        about = images.artifact([], "application/vnd.example.note", subject=image.manifest.descriptor(),
                                annotations={"org.example.by": "ci \"quoted\"", "a": ""})
        plain = images.image([images.layer({"etc/plain": b"plain"})])
        said = json.loads(plain.manifest.data)
        plain.manifest = images.document(images.OCI_MANIFEST, {**said, "subject": image.manifest.descriptor()})
        listed = images.document(images.OCI_INDEX, {"schemaVersion": 2, "mediaType": images.OCI_INDEX,
                                                    "manifests": [plain.manifest.descriptor()], "subject": image.manifest.descriptor()})
        evil = images.simple("aboutevil", evil=True)
        evil.manifest = images.document(images.OCI_MANIFEST, {**json.loads(evil.manifest.data), "subject": image.manifest.descriptor()})
        ours = {e["digest"] for e in self.referrers("team/referred", image.digest)}
        self.assertTrue(ours)
        for i in (about, plain, evil):
            self.push("team/referred", "x", i)
        self.assertEqual(self.put_manifest("team/referred", listed.digest, listed).status, 201)
        for i, status in ((about, 200), (plain, 200), (evil, 403)):
            self.assertEqual(self.pull("team/referred", "manifests", i.digest).status, status)
        self.assertEqual(self.pull("team/referred", "manifests", listed.digest).status, 200)
        of_note = {**about.manifest.descriptor(), "artifactType": "application/vnd.example.note",
                   "annotations": {"org.example.by": "ci \"quoted\"", "a": ""}}
        of_plain = {**plain.manifest.descriptor(), "artifactType": images.OCI_CONFIG}
        theirs = [e for e in self.referrers("team/referred", image.digest) if e["digest"] not in ours]
        self.assertCountEqual(theirs, [of_note, of_plain, listed.descriptor()])
        self.assertLessEqual(ours, {e["digest"] for e in self.referrers("team/referred", image.digest)})
        query = "?artifactType=application%2Fvnd.example.note"
        self.assertEqual(self.referrers("team/referred", image.digest, query), [of_note])
        self.assertEqual(self.referrers("team/referred", image.digest, query[:-1]), [])
        bundles = self.referrers("team/referred", image.digest, "?artifactType=application/vnd.dev.sigstore.bundle.v0.3%2Bjson")
        self.assertEqual({e["digest"] for e in bundles}, ours)
        tag = self.pull("team/referred", "manifests", image.digest.replace(":", "-"))
        self.assertEqual(json.loads(tag.body)["manifests"], self.referrers("team/referred", image.digest), tag)
        self.assertEqual(self.send("DELETE", f"team/referred/manifests/{about.digest}").status, 202)
        self.assertEqual(self.referrers("team/referred", image.digest, query), [])
        self.assertEqual(self.referrers("team/elsewhere", image.digest), [])

    def test_what_refers_to_nothing_that_is_here(self):
        missing = images.Blob(images.OCI_MANIFEST, b"never pushed")
        about = images.artifact([], "application/vnd.example.note", subject=missing.descriptor())
        self.assertEqual(self.referrers("team/missing", missing.digest), [])
        self.push("team/missing", "1", about)
        self.assertEqual(self.pull("team/missing", "manifests", "1").status, 200)
        self.assertEqual([e["digest"] for e in self.referrers("team/missing", missing.digest)], [about.digest])

    def test_signatures_of_others_are_no_referrers(self):
        """T23"""
        image = images.simple("unsigned", evil=True)
        self.push("team/unsigned", "1", image)
        bundle = images.Blob("application/vnd.dev.sigstore.bundle.v0.3+json", b"{\"theirs\":1}")
        for kind in ("application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.example.note"):
            theirs = images.artifact([bundle], kind, subject=image.manifest.descriptor())
            self.push("team/unsigned", "sig", theirs)
            self.assertNotEqual(self.pull("team/unsigned", "manifests", theirs.digest).status, 200)
        self.assertEqual(self.referrers("team/unsigned", image.digest), [])

    def test_layers_from_elsewhere(self):
        """Nobody has to push them, and by default nobody gets an image with one."""
        image = images.simple("foreign")
        said = json.loads(image.manifest.data)
        said["layers"].append({"mediaType": images.OCI_FOREIGN, "digest": images.digest_of(b"elsewhere"), "size": 9,
                               "urls": ["https://store.example.org/x"]})
        image.manifest = images.document(images.OCI_MANIFEST, said)
        self.push("team/foreign", "1", image)
        self.assertEqual(self.pull("team/foreign", "manifests", "1", "HEAD", self.token).status, 200)
        self.assertIn("oci-foreign", self.pull("team/foreign", "manifests", "1").reason)
        for blob in image.blobs:
            self.assertEqual(self.pull("team/foreign", "blobs", blob.digest).status, 403)

    def test_tags_in_parts(self):
        image = images.simple("parts")
        self.push("team/parts", "b", image)
        for tag in ("a", "c", "B", "z-1"):
            self.assertEqual(self.put_manifest("team/parts", tag, image.manifest).status, 201)
        got, path = [], "team/parts/tags/list?n=2"
        while path:
            a = self.send("GET", path)
            self.assertEqual((a.status, a["Content-Type"]), (200, "application/json"), a)
            got.append(json.loads(a.body)["tags"])
            path = re.fullmatch("<(.*)>; rel=\"next\"", a["Link"])[1] if a["Link"] else None
        self.assertEqual(got, [["B", "a"], ["b", "c"], ["z-1"]])
        for query, tags in (("n=0", []), ("last=a", ["b", "c", "z-1"]), ("last=bb&n=9", ["c", "z-1"]), ("last=zz", [])):
            with self.subTest(query):
                a = self.send("GET", "team/parts/tags/list?" + query)
                self.assertEqual((a.status, a["Link"], json.loads(a.body)["tags"]), (200, None, tags), a)
        for query in ("n=", "n=-1", "n=x", "n=1&n=2", "last", "n=99999999999999999999"):
            with self.subTest(query):
                self.assertEqual(self.send("GET", "team/parts/tags/list?" + query).status, 400)
        self.assertEqual(self.send("GET", "team/none/tags/list?n=1").status, 404)

    def test_whoever_was_told_finds_it(self):
        """Each answer of a push or a deletion is true for the request that follows, whatever was being looked up meanwhile."""
        image = images.simple("now")
        for blob in image.blobs:
            self.push_blob("team/now", blob)
        stop = threading.Event()

        def look():
            while not stop.is_set():
                for reference in ("1.0", image.digest):
                    self.pull("team/now", "manifests", reference)
        others = [threading.Thread(target=look) for _ in range(3)]
        for t in others:
            t.start()
        try:
            for _ in range(15):
                self.assertEqual(self.put_manifest("team/now", "1.0", image.manifest).status, 201)
                for reference in ("1.0", image.digest):
                    a = self.pull("team/now", "manifests", reference)
                    self.assertEqual((a.status, a.body), (200, image.manifest.data), a)
                self.assertEqual(self.send("DELETE", f"team/now/manifests/{image.digest}").status, 202)
                for reference in ("1.0", image.digest):
                    self.assertEqual(self.pull("team/now", "manifests", reference).status, 404)
        finally:
            stop.set()
            for t in others:
                t.join()


class Auditing(Hosted):
    policy = staticmethod(lambda text: with_key(text, "mode", "audit"))

    def test_artifacts_of_any_type(self):
        image = images.artifact([images.Blob("application/vnd.example.thing.v1", b"a thing" * 10)])
        self.push("team/thing", "1", image)
        self.is_pulled("team/thing", "1", image)

    def test_layers_from_elsewhere(self):
        """The manifest is had, which says where; the layer is not, by any address of ours."""
        image = images.simple("foreign")
        said = json.loads(image.manifest.data)
        elsewhere = images.digest_of(b"elsewhere")
        said["layers"].append({"mediaType": images.OCI_FOREIGN, "digest": elsewhere, "size": 9, "urls": ["https://store.example.org/x"]})
        image.manifest = images.document(images.OCI_MANIFEST, said)
        self.push("team/foreign", "1", image)
        self.is_pulled("team/foreign", "1", image)
        self.assertEqual(self.pull("team/foreign", "blobs", elsewhere).status, 404)

    def test_bytes_of_a_deleted_image_are_anothers(self):
        """Who has them now is asked, not who had them last, whatever the policy lets pass."""
        layer = images.layer({"etc/shared": b"shared"})
        one, two = (images.image([layer], cmd=[name]) for name in ("one", "two"))
        for tag, image in (("1", one), ("2", two)):
            self.push("team/shared", tag, image)
            self.is_pulled("team/shared", tag, image)
        self.assertEqual(self.send("DELETE", f"team/shared/manifests/{two.digest}").status, 202)
        self.is_pulled("team/shared", "1", one)
        self.assertEqual(self.send("DELETE", f"team/shared/manifests/{one.digest}").status, 202)
        self.assertEqual(self.pull("team/shared", "blobs", layer[0].digest).status, 404)


class Rights(Hosted):
    def test_without_credentials(self):
        a = self.send("POST", "team/app/blobs/uploads/", b"", token=None)
        self.assertEqual(a.status, 401, a)
        self.assertRegex(a["WWW-Authenticate"],
                         '^Bearer realm="http://[^"]+/oauth2/token",service="customhouse",scope="repository:apps/team/app:pull,push"$')
        self.is_error(a, 401, "UNAUTHORIZED")
        self.assertEqual(self.send("PUT", "team/app/manifests/1.0", b"{}", token=None).status, 401)

    def test_a_token_of_another_audience(self):
        people.person(self.service, "ann", "publisher/apps")
        pull = people.token(self.service, "ann")[0]
        message = self.is_error(self.send("POST", "team/app/blobs/uploads/", b"", token=pull), 403, "DENIED")
        self.assertIn("audience push", message)

    def test_who_has_no_such_role(self):
        people.person(self.service, "rob", "reader", "publisher/pypi")
        push = people.token(self.service, "rob", "push")[0]
        message = self.is_error(self.send("POST", "team/app/blobs/uploads/", b"", token=push), 403, "DENIED")
        self.assertIn("publisher", message)
        image = images.simple("norights")
        self.push("team/norights", "1.0", image)
        a = self.pull("team/norights", "manifests", "1.0", token=push)
        self.assertEqual(a.status, 200, a)
        alone = images.layer({"etc/norights": b"norights"})[0]
        self.push_blob("team/norights", alone)
        pull = people.token(self.service, "rob")[0]
        for token in (push, pull):  # there or not: nothing is said of that
            for path in ("manifests/1.0", f"blobs/{alone.digest}", f"blobs/{images.digest_of(b'not there')}"):
                self.is_error(self.send("DELETE", f"team/norights/{path}", token=token), 403, "DENIED")
        self.assertEqual(self.pull("team/norights", "blobs", alone.digest, "HEAD", self.token).status, 200)

    def test_what_is_mirrored_is_not_pushed_to(self):
        a = self.send("POST", "/v2/nowhere/app/blobs/uploads/", b"")
        self.assertEqual(a.status, 404, a)
        self.assertEqual(self.send("POST", "/pypi/simple/", b"").status, 405)
        self.assertEqual(self.send("PUT", "/v2/", b"").status, 405)

    def test_a_revoked_token_ends_at_once(self):
        token, number = people.token(self.service, "ci", "push")
        location = self.send("POST", "team/app/blobs/uploads/", b"", token=token)["Location"]
        people.command(self.service, "token", "revoke", str(number))
        self.assertEqual(self.send("PATCH", location, b"x", token=token).status, 401)

    def test_the_log_has_who_pushed(self):
        image = images.simple("logged")
        self.push("team/logged", "7", image)
        self.assertEqual(self.pull("team/logged", "manifests", "7").status, 200)
        text = people.command(self.service, "explain", f"oci:team/logged=={image.digest}")
        self.assertIn("pushed by service:ci", text)
        self.assertIn("as 7", text)
        self.assertEqual(self.send("DELETE", "team/logged/manifests/7").status, 202)
        entries = self.eventually(lambda: entries_of(self.service, "team/logged", 2))
        self.assertEqual([(e["entry"]["change"], e["entry"]["tag"], e["entry"]["sha256"], e["clear"]["by"]) for e in entries],
                         [("pushed", "7", image.digest[7:], "service:ci"), ("tag-gone", "7", image.digest[7:], "service:ci")])
        status, text, _ = self.service.command("audit", "verify")
        self.assertEqual(status, 0, text)
