"""Clients of container registries, each with folders of its own and nothing of the host's configuration: Debian's skopeo,
podman, docker and containerd, and crane and oras, which are Go modules.

As root on a plain machine none of them needs more than its package: podman and docker store with vfs, containerd with its native
snapshotter, so none mounts an overlay; docker makes no network; nothing is run in a container. containerd and dockerd are
processes of the tests, on sockets of their own; where one cannot start its tests are skipped, and say why."""
import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest

from . import clients, go_tools, service


PACKAGES = {"ctr": "containerd", "dockerd": "docker.io"}


def need(program):
    path = shutil.which(program)
    if path is None:
        raise unittest.SkipTest(f"no {program}: apt-get install {PACKAGES.get(program, program)}")
    return path


class Daemon:
    """A process that clients of its own speak with; `ready()` says whether it answers."""

    def __init__(self, name, argv, log_path, env, ready):
        with open(log_path, "wb") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, env=env)
        end = time.monotonic() + 30
        while not ready():
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                with open(log_path, errors="replace") as f:
                    raise unittest.SkipTest(f"{name} does not start here: {f.read()[-600:]}")
            time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class ContainerClient:
    """A folder for one client: `run` returns (exit status, all that was printed)."""

    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="ch-oci-", dir="/tmp")  # short: sockets lie in it
        self.env = clients.clean_env(self.home)

    def remove(self):
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.remove()

    def path(self, *parts):
        return os.path.join(self.home, *parts)

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
        return path

    def run(self, argv, timeout=300):
        done = subprocess.run(argv, capture_output=True, text=True, errors="replace", env=self.env, timeout=timeout,
                              stdin=subprocess.DEVNULL, cwd=self.home)
        return done.returncode, done.stdout + done.stderr


class Skopeo(ContainerClient):
    """`mirrors`: {registry as named: (where it is asked instead)}, through a registries.conf."""

    def __init__(self, mirrors=None):
        super().__init__()
        self.program = need("skopeo")
        conf = self.write("registries.conf", registries_conf(mirrors or {}))
        os.makedirs(self.path("registries.d"))
        self.options = ["--insecure-policy", "--registries-conf", conf, "--registries.d", self.path("registries.d"),
                        "--tmpdir", self.home, "--override-os", "linux", "--override-arch", "amd64"]

    def inspect(self, image, *options):
        return self.run([self.program, *self.options, "inspect", "--retry-times", "0", "--tls-verify=false", *options,
                         "docker://" + image])

    def copy(self, image, to, *options):
        """`to`: a folder's name; "oci:" before it for that layout, else "dir:"."""
        kind, _, name = to.rpartition(":")
        return self.run([self.program, *self.options, "copy", "--retry-times", "0", "--src-tls-verify=false", *options,
                         "docker://" + image, f"{kind or 'dir'}:{self.path(name)}"])


def layout(client, image):
    """The image as an OCI layout on disk, below the client's folder; its path."""
    path = client.path("layout")
    os.makedirs(os.path.join(path, "blobs", "sha256"), exist_ok=True)
    for blob in [*image.manifests, *image.blobs]:
        with open(os.path.join(path, "blobs", "sha256", blob.digest.partition(":")[2]), "wb") as f:
            f.write(blob.data)
    with open(os.path.join(path, "oci-layout"), "w") as f:
        json.dump({"imageLayoutVersion": "1.0.0"}, f)
    entry = image.manifest.descriptor(annotations={"org.opencontainers.image.ref.name": "1"})
    with open(os.path.join(path, "index.json"), "w") as f:
        json.dump({"schemaVersion": 2, "manifests": [entry]}, f)
    return path


def shipped(name, *changes):
    """What is shipped for clients, for another gateway. Each change is of something that stands there."""
    with open(os.path.join(service.ROOT, "deploy", "clients", name)) as f:
        text = f.read()
    for was, becomes in changes:
        if was not in text:
            raise AssertionError(f"{name} has no {was!r}")
        text = text.replace(was, becomes)
    return text


def registries_conf(mirrors):
    """For each {prefix: where it is asked instead}."""
    lines = ["unqualified-search-registries = []", 'short-name-mode = "disabled"']
    lines += [shipped("registries.conf", ('"mcr.microsoft.com"', f'"{prefix}"'),
                      ('location = "packages.example.org/mcr"', f'location = "{mirror}"\ninsecure = true'))
              for prefix, mirror in mirrors.items()]
    return "\n".join(lines) + "\n"


class Podman(ContainerClient):
    def __init__(self, mirrors=None):
        super().__init__()
        self.program = need("podman")
        if os.geteuid() != 0:
            raise unittest.SkipTest("podman without root needs sub-uids of its user")
        conf = self.write("registries.conf", registries_conf(mirrors or {}))
        storage = self.write("storage.conf", f'[storage]\ndriver = "vfs"\ngraphroot = "{self.path("root")}"\n'
                             f'runroot = "{self.path("runroot")}"\n')
        engine = self.write("containers.conf", '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n')
        policy = self.write("policy.json", json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))
        self.env.update(CONTAINERS_REGISTRIES_CONF=conf, CONTAINERS_STORAGE_CONF=storage, CONTAINERS_CONF=engine,
                        TMPDIR=self.home, XDG_RUNTIME_DIR=self.path("run"))
        os.makedirs(self.path("run"), mode=0o700)
        self.policy = policy
        self.options = ["--tmpdir", self.path("tmp")]

    def podman(self, *words, timeout=300):
        return self.run([self.program, *self.options, *words], timeout)

    def pull(self, image, *options):
        return self.podman("pull", "--tls-verify=false", "--signature-policy", self.policy, *options, image)

    def remove(self):
        self.podman("rmi", "--all", "--force")
        super().remove()


class Containerd(ContainerClient):
    """A containerd of its own, and ctr. `hosts`: {host as named: text of its hosts.toml}."""

    def __init__(self, hosts=None):
        super().__init__()
        self.daemon = None
        self.program, daemon = need("ctr"), need("containerd")
        self.socket = self.path("c.sock")
        config = self.write("config.toml", "\n".join((
            "version = 2", f'root = "{self.path("root")}"', f'state = "{self.path("state")}"',
            'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", '
            '"io.containerd.tracing.processor.v1.otlp", "io.containerd.snapshotter.v1.aufs", '
            '"io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", '
            '"io.containerd.snapshotter.v1.zfs"]',
            "[grpc]", f'address = "{self.socket}"', "[ttrpc]", f'address = "{self.path("t.sock")}"', "")))
        for host, text in (hosts or {}).items():
            self.write(os.path.join("certs.d", host, "hosts.toml"), text)
        os.makedirs(self.path("certs.d"), exist_ok=True)
        try:
            self.daemon = Daemon("containerd", [daemon, "--config", config], self.path("log"), self.env,
                                 lambda: self.ctr("version")[0] == 0)
        except unittest.SkipTest:
            self.remove()
            raise

    def ctr(self, *words, timeout=300):
        return self.run([self.program, "--address", self.socket, *words], timeout)

    def pull(self, image, *options):
        return self.ctr("images", "pull", "--hosts-dir", self.path("certs.d"), "--snapshotter", "native", "--platform",
                        "linux/amd64", *options, image)

    def content(self, digest):
        """The bytes that it keeps under a digest; None: it has none."""
        kind, _, number = digest.partition(":")
        path = self.path("root", "io.containerd.content.v1.content", "blobs", kind, number)
        if not os.path.exists(path):
            return None
        with open(path, "rb") as f:
            return f.read()

    def remove(self):
        if self.daemon is not None:
            self.daemon.stop()
        super().remove()


def hosts_toml(gateway):
    """Of a registry that is asked through the gateway alone, by ?ns=."""
    return shipped("hosts.toml", ("https://packages.example.org", gateway))


class Docker(ContainerClient):
    """A dockerd of its own, without networks, and Debian's docker: a newer one does not speak with it."""

    def __init__(self):
        super().__init__()
        self.daemon = None
        self.socket = "unix://" + self.path("d.sock")
        self.program, daemon = shutil.which("docker", path="/usr/bin") or need("docker.io"), need("dockerd")
        argv = [daemon, "--data-root", self.path("data"), "--exec-root", self.path("exec"), "--pidfile", self.path("pid"),
                "--config-file", self.write("daemon.json", "{}"), "--host", self.socket, "--iptables=false", "--bridge=none",
                "--storage-driver=vfs"]
        try:
            self.daemon = Daemon("dockerd", argv, self.path("log"), self.env, lambda: self.docker("version")[0] == 0)
        except unittest.SkipTest:
            self.remove()
            raise

    def docker(self, *words):
        return self.run([self.program, "--config", self.path("config"), "--host", self.socket, *words])

    def remove(self):
        if self.daemon is not None:
            self.daemon.stop()
        super().remove()


class Crane(ContainerClient):
    def __init__(self):
        super().__init__()
        self.program = go_tools.need("crane")

    def crane(self, *words):
        return self.run([self.program, "--insecure", *words])


class Oras(ContainerClient):
    def __init__(self):
        super().__init__()
        self.program = go_tools.need("oras")

    def oras(self, *words):
        """`words`: the command, which takes --plain-http at its end."""
        return self.run([self.program, *words, "--plain-http"])
