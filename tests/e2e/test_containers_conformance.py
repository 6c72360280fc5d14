"""The conformance suite of OCI distribution against a hosted repository, and a mirrored one: where we differ, line by line, why.

The suite reads back each blob as soon as it is pushed. Here nobody has bytes that no ALLOW manifest links, not even who
pushed them (T24), so each of these reads is 404 (the specification has it so: a blob that the registry does not serve is not found);
the suite then tries its other ways to push the same blob, which end alike. All else passes where the policy lets it, and where it does
not, what was pushed is 403 until it is decided (the specification has no word on when what was pushed is there). Every such line is
listed here with how often and why; one that is new, passes by surprise, or is not there any more, fails here."""
import collections
import re
import tempfile

from house import conformance, images
from house.case import with_key
from house.containers import OfRegistry
from house.hosted import Hosted

WAYS = ("blob-post-put", "blob-post-only", "blob-patch-stream", "blob-patch-chunked")
# Of each set of the suite's data how many blobs are pushed before the manifest that has them.
BLOBS = {
    "image": 3, "image-uncompressed": 3, "large-manifest": 3, "index": 6, "nested-index": 10, "artifact": 2, "artifact-index": 3,
    "artifact-without-layers": 1, "artifacts-with-subject": 8, "index-with-subject": 9, "missing-subject": 2, "data-field": 3,
    "non-distributable-layers": 2, "custom-fields": 6, "no-layers": 1, "bad-digest-image": 3, "sha512": 6,
}
# Each way to push a blob by itself, and a mount: of a place whose blob no manifest has, so it becomes an upload.
ALONE = {
    "post only": ["blob-post-only"], "post+put": ["blob-post-put"], "stream": ["blob-patch-stream"],
    "chunked single": ["blob-patch-chunked"], "chunked multi": ["blob-patch-chunked"],
    "chunked multi and put chunk": ["blob-patch-chunked"], "chunked out-of-order": ["blob-patch-chunked"],
    "chunked out-of-order and put chunk": ["blob-patch-chunked"],
    "mount": [*WAYS, "blob-mount"], "mount anonymous": [*WAYS, "blob-mount-anonymous"], "mount missing": ["blob-mount"],
    "range requests": WAYS,  # which ends there: tests/e2e/test_containers.py has ranges
    "empty": [*WAYS, "blob-get"], "emptyJSON": [*WAYS, "blob-get"],
}
# Those that no manifest has in the end: what was pushed as one was not what its digest says.
NEVER_LINKED = {"bad-digest-image/pull/blob-get": 3, **{f"invalid-digest-format/{way}": 2 for way in WAYS}}
# Under the policy that everybody starts with what the suite pushes is held, since it is not what it says. Of each set: how many
# manifests it reads by digest and by tag, how many blobs, and what was found. An index is held with the images in it (T19), and
# one that has none. Of the sets that are not here nothing is held.
DENIED = {
    # whose configuration says that all layers are empty
    "image": (1, 1, 3, {"oci-diff-id"}), "image-uncompressed": (1, 1, 3, {"oci-diff-id"}), "large-manifest": (1, 1, 3, {"oci-diff-id"}),
    "index": (3, 1, 6, {"oci-diff-id"}), "nested-index": (7, 1, 10, {"oci-diff-id"}), "data-field": (1, 1, 3, {"oci-diff-id"}),
    "custom-fields": (3, 1, 6, {"oci-diff-id"}), "empty-index": (1, 1, 0, set()), "sha512": (3, 0, 6, {"oci-diff-id"}),
    "non-distributable-layers": (1, 1, 2, {"oci-diff-id", "oci-foreign"}),  # and a layer from elsewhere
    # with blobs of types that nothing here reads
    "artifact": (1, 1, 2, {"oci-type"}), "artifact-index": (3, 1, 3, {"oci-type"}), "missing-subject": (1, 1, 2, {"oci-type"}),
    # of both
    "artifacts-with-subject": (4, 3, 8, {"oci-diff-id", "oci-type"}), "index-with-subject": (6, 2, 9, {"oci-diff-id", "oci-type"}),
}
# What is held is not in the list of what refers to something.
LISTS = {"artifacts-with-subject/referrers": 1, "index-with-subject/referrers": 1, "missing-subject/referrers": 1}

def unlinked():
    """{name of a line: how often it fails for want of a link}"""
    lines = collections.Counter(NEVER_LINKED)
    for data, count in BLOBS.items():
        lines.update({f"{data}/push/{way}": count for way in WAYS})
    lines.update(f"{algorithm} blobs/{test}/{line}" for algorithm in ("sha256", "sha512") for test, names in ALONE.items()
                 for line in names)
    return lines


def denied():
    """{name of a line: how often it fails for what was found}"""
    lines = collections.Counter()
    for data, (by_digest, by_tag, blobs, _) in DENIED.items():
        for way in ("push", "pull"):
            lines.update({f"{data}/{way}/manifest-by-digest": by_digest, f"{data}/{way}/manifest-by-tag": by_tag})
        lines[f"{data}/pull/blob-get"] += blobs
    return +lines


def is_refused(line, status, code):
    """Only a read failed, and that by this answer: what else it says of it follows. A push, a length or a digest that were wrong
    would be told first."""
    # what it expected to be empty it does not compare: then the code stands in the answer alone
    return line.status == "failure" and f'"code":"{code}"' in line.why + line.talk \
        and re.match("(failed to verify returned location|blob get failed|manifest get failed): ", line.why) is not None \
        and re.findall(r"expected one of \[\d+\], received \d+", line.why) == [f"expected one of [200], received {status}"]


def is_unlinked(line):
    """Nothing is wrong but that a blob, there for who pushed it, is not to be read."""
    return is_refused(line, 404, "BLOB_UNKNOWN")


def is_denied(line):
    """By the policy, which says so."""
    return is_refused(line, 403, "DENIED") and "/-/policies/" in line.why


def reasons(lines):
    """{set of data: what was found, as the refusals say}"""
    found = collections.defaultdict(set)
    for line in lines:
        found[line.name.partition("/")[0]].update(re.findall(r'(?:/-/policies/finding-|finding )(oci-[a-z0-9-]+)[":]', line.why))
    return dict(found)


class Suite(Hosted):
    maxDiff = None
    settings = {"OCI_API_BLOBS_UPLOAD_CANCEL": "true", "OCI_API_BLOBS_DIGEST_HEADER": "true",
                "OCI_API_MANIFESTS_DIGEST_HEADER": "true"}

    def run_suite(self):
        """Its lines that do not pass, by name."""
        with tempfile.TemporaryDirectory() as folder:
            lines = conformance.run(f"127.0.0.1:{self.service.port}", "ci", self.token, folder,
                                    OCI_REPO1="apps/conformance/one", OCI_REPO2="apps/conformance/two", **self.settings)
        self.assertGreater(sum(line.status == "passed" for line in lines), 200)
        return [line for line in lines if line.status != "passed"]

    def counted(self, lines):
        return dict(collections.Counter(line.name for line in lines))


class Permitting(Suite):
    """Where the policy lets pass what the suite pushes: images whose layers are not what their configuration says, layers
    from elsewhere."""
    policy = staticmethod(lambda text: with_key(text, "mode", "audit"))

    def test_nothing_but_reads_of_what_no_manifest_links(self):
        lines = self.run_suite()
        for line in lines:
            self.assertTrue(is_unlinked(line), line)
        self.assertEqual(self.counted(lines), dict(unlinked()))


class ByDefault(Suite):
    def test_every_further_difference_is_a_denial(self):
        lines = self.run_suite()
        refused = [line for line in lines if is_denied(line)]
        self.assertEqual(self.counted(line for line in lines if is_unlinked(line)), dict(unlinked()))
        self.assertEqual(self.counted(refused), dict(denied()))
        self.assertEqual(reasons(refused), {data: why for data, (*_, why) in DENIED.items()})
        further = [line for line in lines if not is_unlinked(line) and not is_denied(line)]
        self.assertEqual(self.counted(further), LISTS, further)


class Mirrored(OfRegistry):
    """What comes from elsewhere is read alone: what may be had without a difference, and of the rest nothing."""
    debian = True  # ours lists no tags
    settings = {"OCI_API_PUSH": "false", "OCI_API_BLOBS_DELETE": "false", "OCI_API_MANIFESTS_DELETE": "false",
                "OCI_API_TAGS_DELETE": "false",
                "OCI_FILTER_TEST": "OCI Conformance Test/read-only"}  # beyond that the suite breaks off where it does not push

    @classmethod
    def fill(cls):
        cls.make_registry()
        cls.good = [images.simple("read"), images.index([images.simple("read", architecture=a) for a in ("amd64", "arm64")])]
        cls.evil = [images.simple("evil", evil=True)]
        for name, read in (("good", cls.good), ("evil", cls.evil)):
            for i, image in enumerate(read):
                cls.registry.push("team/" + name, f"{i}.0", image)

    def read(self, name, read):
        """(the lines of the suite that it ran, {name: how many of them read what there is})"""
        found = {"tags": {f"{i}.0" for i in range(len(read))}, "manifests": {m.digest for image in read for m in image.manifests},
                 "blobs": {b.digest for image in read for b in image.blobs}, "referrers": {image.digest for image in read}}
        data = {f"OCI_RO_DATA_{what.upper()}": " ".join(sorted(those)) for what, those in found.items()}
        with tempfile.TemporaryDirectory() as folder:
            lines = conformance.run(f"127.0.0.1:{self.service.port}", "", "", folder, OCI_REPO1="mcr/team/" + name, **data, **self.settings)
        counts = {}
        for way, manifest, blob in (("head", "manifest-head-by", "blob-head"), ("pull", "manifest-by", "blob-get")):
            counts.update({f"read-only/{way}/{manifest}-tag": len(found["tags"]), f"read-only/{way}/{blob}": len(found["blobs"]),
                           f"read-only/{way}/{manifest}-digest": len(found["manifests"])})
        return [line for line in lines if line.status != "skipped"], counts

    def test_what_may_be_had(self):
        lines, counts = self.read("good", self.good)
        self.assertEqual([line for line in lines if line.status != "passed"], [])
        self.assertEqual(collections.Counter(line.name for line in lines), {**counts, "read-only/tag-list": 1, "read-only/referrers": 1})

    def test_what_may_not_be_had(self):
        lines, counts = self.read("evil", self.evil)
        differ = [line for line in lines if line.status != "passed"]
        self.assertEqual(collections.Counter(line.name for line in differ), counts)
        for line in differ:
            self.assertRegex(line.why, "expected one of .200., received 403$")
            if "/pull/" in line.name:  # where the policy says so
                self.assertIn("/-/policies/", line.talk)
        self.assertEqual([line.name for line in lines if line.status == "passed"], ["read-only/tag-list", "read-only/referrers"])
