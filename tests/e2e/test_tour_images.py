"""README's tour of images: from outside, and two of our own."""
import json
import os
import re
import shutil
import tempfile
import unittest

from house import cluster, images, registry, tour, wheels
from house.container_clients import need
from house.service import Service, free_port
from house.upstream import Upstream
from test_containers_push_clients import layout


class Images(tour.Tour):
    TITLE = "A tour: an image from outside, and two of our own"
    UIDS = {"#": 0, "ci$": 64403}
    REFUSED = {("ci$", "customhouse gate --environment prod --wait 120 team/bad"): 1, ("ci$", "customhouse gate --discard"): 1,
               ("ci$", "skopeo inspect"): 1}

    def configure(self, text):
        text = re.sub(r"(?m)^repositories:\n", "  - name: mcr\n    ecosystem: oci\n"
                      f"    url: {self.registry.url}\n    states_times: never\n\nrepositories:\n"
                      "  - {name: mcr, ecosystem: oci, upstreams: [mcr]}\n  - {name: apps, ecosystem: oci, hosted: true}\n", text, count=1)
        keys = (f"admission:\n  address: 127.0.0.1:{self.admission_port}\n  tls_certificate: {self.certificates.pem('server')}\n"
                f"  tls_key: {self.certificates.key('server')}\n  client_ca: {self.certificates.pem('client-ca')}\n"
                f"  client_name: {cluster.API_SERVER}\n")
        return re.sub(r"(?m)^admission:$\n", keys, text, count=1)

    def setUp(self):
        need("skopeo")
        self.registry = registry.Registry()
        self.addCleanup(self.registry.close)
        self.registry.push("team/base", "1.0", images.simple("base"))
        folder = tempfile.mkdtemp(prefix="ch-tour-keys-")
        self.addCleanup(shutil.rmtree, folder)
        self.certificates, self.admission_port = cluster.Certificates(folder), free_port()
        up = Upstream()
        self.addCleanup(up.close)
        self.service = Service(up.url, admin=True, configure=self.configure)
        self.addCleanup(self.service.remove)
        os.chmod(self.service.dir, 0o711)
        self.service.start()
        self.begin()
        self.MORE = {"REGISTRY": f"127.0.0.1:{self.service.port}", "ADMISSION": f"https://127.0.0.1:{self.admission_port}"}
        self.prepare()

    def prepare(self):
        """What a build has made, and what the cluster's API server has, all of it readable by the pipeline."""
        package = wheels.members("greeter", "1.0", files={"greeter/__pycache__/run.cpython-311.pyc": wheels.UNCHECKED_PYC})
        inside = {f"usr/lib/python3/dist-packages/{path}": data for path, data in package.items()}
        made = {"good": images.simple("good"), "bad": images.image([images.layer(images.base_files("bad")), images.layer(inside)])}
        for name, image in made.items():
            shutil.copytree(layout(self, image), self.path(name))
            with open(self.path(name + ".json"), "w") as f:
                json.dump(cluster.review("Deployment", cluster.pod_spec(f"{self.MORE['REGISTRY']}/apps/team/{name}@{image.digest}")), f)
        for name, source in (("ca.pem", self.certificates.pem("server-ca")), ("apiserver.pem", self.certificates.pem("api-server")),
                             ("apiserver.key", self.certificates.key("api-server"))):
            shutil.copy(source, self.path(name))
            os.chmod(self.path(name), 0o644)

    def path(self, name):
        return os.path.join(self.dir, name)

    def test_it_runs_as_written(self):
        self.walk()


if __name__ == "__main__":
    unittest.main()
