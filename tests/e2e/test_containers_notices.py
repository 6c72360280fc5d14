"""What receivers are told of images that are pushed, in each format of a webhook."""
import os
import re
import shutil
import tempfile
import uuid

from house import images
from house.container_clients import Skopeo, layout
from house.hosted import Hosted, basic
from house.receivers import Hook


class Told(Hosted):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="ch-told-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.own, cls.acr, cls.everything = Hook(), Hook(), Hook()
        cls.events = Hook("application/cloudevents+json")
        cls.hooks = {"own": cls.own, "acr": cls.acr, "events": cls.events, "everything": cls.everything}
        for name, hook in cls.hooks.items():
            cls.addClassCleanup(hook.close)
            with open(os.path.join(cls.folder, name), "w", opener=lambda p, flags: os.open(p, flags, 0o600)) as f:
                f.write(hook.secret + "\n")
        super().setUpClass()

    @classmethod
    def configure(cls, text):
        more = {"own": "events: [images, alarms]", "acr": "format: acr", "everything": "format: customhouse",
                "events": "format: cloudevents, events: [images, alarms]"}
        return super().configure(text) + "webhooks:\n" + "".join(
            f"  - {{name: {name}, url: '{hook.url}', secret_file: {cls.folder}/{name}, {more[name]}}}\n"
            for name, hook in cls.hooks.items())

    def tearDown(self):
        for name, hook in self.hooks.items():
            self.assertEqual(hook.wrong, [], name)

    def skopeo_pushes(self, name, image):
        with Skopeo() as client:
            auth = client.write("auth.json", f'{{"auths": {{"127.0.0.1:{self.service.port}": {{"auth": "{basic(self.token)[6:]}"}}}}}}')
            status, text = client.run([client.program, *client.options, "copy", "--retry-times", "0",
                                       "--dest-tls-verify=false", "--preserve-digests", "--authfile", auth,
                                       f"oci:{layout(client, image)}:1", f"docker://{self.host}/{name}:1.0"])
            self.assertEqual(status, 0, text)

    def of(self, hook, name):
        """What it got of this image, in the order in which it came."""
        return [body for _, body in hook.got if name in str(body)]

    def test_a_good_one_waits_and_passes(self):
        image = images.simple("good")
        self.skopeo_pushes("told/good", image)
        self.eventually(lambda: all(len(self.of(h, "told/good")) == 2 for h in (self.own, self.acr, self.events)), 60)
        size = len(image.manifest.data)
        for action, body in zip(("quarantine", "push"), self.of(self.acr, "told/good")):
            self.assertEqual(set(body), {"id", "timestamp", "action", "target", "request"})
            self.assertEqual(str(uuid.UUID(body["id"], version=4)), body["id"])
            self.assertRegex(body["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
            self.assertEqual(body["action"], action)
            self.assertEqual(body["target"], {"mediaType": image.manifest.media_type, "size": size, "length": size,
                                              "digest": image.digest, "repository": "apps/told/good", "tag": "1.0"})
            self.assertEqual((body["request"]["host"], body["request"]["method"]),
                             (f"127.0.0.1:{self.service.port}", "PUT"))
        told = self.of(self.own, "told/good")
        self.assertEqual([b["type"] for b in told], ["image.quarantined", "image.passed"])
        self.assertEqual(told[0]["data"]["text"], "told/good:1.0 in apps (prod) was pushed, and waits in quarantine.\n")
        for body in told:
            self.assertEqual((body["data"]["sha256"], body["data"]["tag"]), (image.digest[7:], "1.0"))
        self.assertIn("entry", told[1]["data"])
        for kind, id, event, own in zip(("image.quarantined", "image.passed"), self.events.ids(),
                                        self.of(self.events, "told/good"), told):
            self.assertEqual(set(event), {"specversion", "id", "source", "type", "time", "datacontenttype", "data"})
            self.assertEqual((event["specversion"], event["type"]), ("1.0", "customhouse." + kind))
            self.assertIn(event["id"], self.events.ids())
            self.assertTrue(event["source"])
            self.assertEqual(event["datacontenttype"], "application/json")
            self.assertEqual(event["data"], own["data"])
        self.assertNotIn("ci", re.findall(r"\w+", str(self.own.got)))  # T26: nothing of persons
        self.assertEqual(self.of(self.everything, "told/good"), [])  # who asks for nothing gets no pushes

    def test_a_bad_one_waits_and_does_not_pass(self):
        self.skopeo_pushes("told/evil", images.simple("evil", evil=True))
        self.assertEqual(self.pull("told/evil", "manifests", "1.0").status, 403)
        self.eventually(lambda: [b["action"] for b in self.of(self.acr, "told/evil")] == ["quarantine"])
        self.eventually(lambda: [b["type"] for b in self.of(self.own, "told/evil")][:1] == ["image.quarantined"])
        image = images.simple("after")  # what comes behind it came, so no "push" of the other is on its way
        self.push("told/after", "1", image)
        self.eventually(lambda: len(self.of(self.acr, "told/after")) == 2, 60)
        self.assertEqual([b["action"] for b in self.of(self.acr, "told/evil")], ["quarantine"])
        self.assertNotIn("image.passed", [b["type"] for b in self.of(self.own, "told/evil")])
