"""gate --discard: what was pushed and was denied by its inspection is gone at once, with its tags; nothing else is; and the
log says who, what and why."""
import itertools
import json
import os
import queue
import random
import re
import signal
import subprocess
import threading
import time

from house import images, people, registry, wheels
from house.hosted import Hosted
from house.service import BIN

KILLS = int(os.environ.get("CUSTOMHOUSE_E2E_KILLS", "6"))


def denied(name, architecture="amd64"):
    """A Python package lies in it with compiled code that would run whatever its source says: denied, whoever built the image."""
    files = images.python_package("colourful", "1.1", {"colourful/__pycache__/x.cpython-311.pyc": wheels.UNCHECKED_PYC})
    return images.image([images.layer({**images.base_files(name), **files})], architecture=architecture)


class House(Hosted):
    admin = True

    @classmethod
    def fill(cls):
        cls.registry = registry.Registry()
        cls.addClassCleanup(cls.registry.close)

    @classmethod
    def configure(cls, text):
        text = re.sub(r"(?m)^repositories:\n", "  - {name: registry, ecosystem: oci, url: '" + cls.registry.url + "', states_times: never}\n"
                      "repositories:\n  - {name: mcr, ecosystem: oci, upstreams: [registry]}\n"
                      "  - {name: lab, ecosystem: oci, hosted: true, environment: preprod}\n", text, count=1)
        return super().configure(text)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tokens = {}
        for name, roles in (("pipeline", ("publisher/apps", "reviewer/apps")), ("elsewhere", ("publisher/lab", "reviewer/apps"))):
            people.person(cls.service, name, *roles, service_account=True)
            cls.tokens[name] = people.token(cls.service, name, "admin")[0]

    def gate(self, *args):
        return self.gate_as("pipeline", *args)

    def gate_as(self, who, *args):
        done = subprocess.run([os.path.join(BIN, "customhouse"), "gate", "--server", f"http://127.0.0.1:{self.service.admin_port}",
                               "--repository", "apps", "--wait", "120", *args], capture_output=True, text=True, timeout=180,
                              env=dict(os.environ, CUSTOMHOUSE_TOKEN=self.tokens[who]))
        return done.returncode, done.stdout, done.stderr

    def entries(self, kind, digest):
        """What the log has of this kind about the manifest: [(place, entry, what is in clear beside it)]"""
        status, out, err = self.service.command("audit", "search", "--kind", kind)
        self.assertEqual(status, 0, err)
        lines = [json.loads(line) for line in out.splitlines()]
        return [(e["index"], e["entry"], e["clear"]) for e in lines if e["entry"].get("sha256") == digest[7:]]

    def is_there(self, name, tag, image):
        for reference in (tag, image.digest):
            a = self.pull(name, "manifests", reference, "HEAD", self.token)
            self.assertEqual((a.status, a["Docker-Content-Digest"]), (200, image.digest), a)

    def is_gone(self, name, tag, image):
        """To who pushed it, too."""
        for kind, reference, _ in self.routes(tag, image):
            for token in (None, self.token):
                with self.subTest(f"{kind} {reference} {token is None}"):
                    a = self.pull(name, kind, reference, token=token)
                    self.assertEqual(a.status, 404, a)
        self.assertEqual(json.loads(self.pull(name, "tags", "list", token=self.token).body)["tags"], [])

    def log_is_whole(self):
        status, out, err = self.service.command("audit", "verify")
        self.assertEqual(status, 0, out + err)

    def gone(self, digest):
        return [e for e in self.entries("pushed", digest) if e[1]["change"] == "manifest-gone"]

    def check_entry(self, name, image, times=1):
        """Who, what, why: the decision's entry, in which the finding stands."""
        found = self.eventually(lambda: (lambda e: e if len(e) >= times else None)(self.gone(image.digest)))
        self.assertEqual(len(found), times)
        _at, entry, clear = found[-1]
        self.assertEqual((entry["project"], entry["repository"], clear), (name, "apps", {"by": "service:pipeline"}))
        self.assertIn("hmac", entry["by"])
        status, out, err = self.service.command("audit", "search", "--kind", "decision")
        self.assertEqual(status, 0, err)
        [decision] = [e["entry"] for e in map(json.loads, out.splitlines()) if e["index"] == entry["denied_by"]]
        self.assertEqual((decision["verdict"], decision["rule"]), ("deny", "finding pyc-unchecked"))
        self.log_is_whole()


class Discard(House):
    def test_a_person_s_word_without_inspection_discards_nothing(self):
        """T25: a denial that no bytes gave."""
        name, image = "team/named", images.simple("named")
        status, out, err = self.service.command("deny", f"oci:{name}=={image.digest}", "--repository", "apps", "--reason", "not this one")
        self.assertEqual(status, 0, out + err)
        self.push(name, "1.0", image)
        status, out, err = self.gate(f"{name}:1.0", "--discard")
        self.assertEqual((status, err), (1, ""), out)
        self.assertIn("not this one", out)
        self.assertIn("not discarded: that its inspection denies it is not stored, or it was not inspected\n", out)
        self.is_there(name, "1.0", image)

    def test_the_entry_is_of_the_file_that_is_denied_for_itself(self):
        name, image = "team/bad", denied("bad")
        self.push(name, "1.0", image)
        status, out, err = self.gate(f"{name}:1.0", "--discard")
        self.assertEqual((status, err), (1, ""), out)
        self.assertIn(f"\ndiscarded: {name}@{image.digest} is gone from apps", out)
        self.is_gone(name, "1.0", image)
        self.check_entry(name, image)
        with self.subTest("who asks again does not wait for what was not pushed"):
            began = time.monotonic()
            status, out, err = self.gate(f"{name}:1.0", "--discard")
            self.assertEqual((status, err), (1, ""), out)
            self.assertIn("NOT PASSED, unknown: ", out)
            self.assertLess(time.monotonic() - began, 60)  # of 120
        for word in f"{name}:1.0", f"{name}@{image.digest}":
            with self.subTest(f"who asks for {word} again is told when it went, and where its findings are"):
                self.assertRegex(self.gate(word)[1], r"it was taken away at \S+Z\. What was found of it: customhouse explain "
                                                     f"oci:{name}=={image.digest}\n")
        with self.subTest("pushed again, it is what it was"):
            self.push(name, "1.0", image)
            self.is_refused(name, "1.0", image, "pyc-unchecked")
            self.assertIn("\ndiscarded: ", self.gate(f"{name}@{image.digest}", "--discard")[1])
            self.is_gone(name, "1.0", image)
            self.check_entry(name, image, 2)

    def test_an_index_that_leads_to_it(self):
        """It goes with the denied one, so that no tag leads there; what else it lists stays by its digest."""
        name, bad, good = "team/many", denied("many"), images.simple("many", architecture="arm64")
        index = images.index([bad, good])
        self.push(name, "1.0", index)
        self.assertEqual(self.gate(f"{name}@{good.digest}", "--discard")[0], 0)
        status, out, err = self.gate(f"{name}:1.0", "--platform", "linux/arm64")  # which nobody gets: amd64 is served here
        self.assertEqual((status, err), (1, ""), out)
        self.assertIn(f"its image {bad.digest[:19]} for linux/amd64 is denied", out)
        self.is_there(name, "1.0", index)
        status, out, err = self.gate(f"{name}:1.0", "--discard")
        self.assertEqual((status, err), (1, ""), out)
        for image in (index, bad):
            self.assertIn(f"\ndiscarded: {name}@{image.digest}", out)
            self.check_entry(name, image)
        for reference in ("1.0", index.digest, bad.digest):
            self.assertEqual(self.pull(name, "manifests", reference, token=self.token).status, 404)
        self.assertEqual(self.pull(name, "manifests", good.digest).status, 200)

    def test_mirrored(self):
        image = denied("mirrored")
        self.registry.push("team/mirrored", "1.0", image)
        status, out, err = self.service.command("gate", "--repository", "mcr", "team/mirrored:1.0", "--discard", "--wait", "120")
        self.assertEqual((status, err), (1, ""), out)
        self.assertIn("not discarded: it is denied, and only what was pushed here is discarded\n", out)
        self.assertEqual(self.send("GET", "/v2/mcr/team/mirrored/manifests/1.0", token=None).status, 403)

    def test_another_environment_s_right(self):
        name, image = "team/rights", denied("rights")
        self.push(name, "1.0", image)
        status, out, err = self.gate_as("elsewhere", f"{name}:1.0", "--discard")
        self.assertEqual((status, out), (3, ""), err)
        self.assertIn("service:elsewhere may not do this: it needs image.delete in repository apps (prod), which role publisher gives", err)
        self.is_there(name, "1.0", image)


class Killed(House):
    """kill -9 of the keeper while images are discarded: each of them is there whole or gone whole, and is gone in the end."""

    def keepers(self):
        return [pid for pid, name in self.service.processes().items() if name == "keeper"]

    def status(self, name, reference):
        try:
            return self.pull(name, "manifests", reference, "HEAD", self.token).status
        except (OSError, ConnectionError):
            return None

    def discard_each(self):
        """As a pipeline does, which begins anew when it got no answer."""
        while (work := self.queue.get()) is not None:
            name, index = work
            while not self.ended.is_set():
                status, out, err = self.gate(f"{name}:1.0", "--discard")
                if status == 1 and ("\ndiscarded: " in out or "nothing is pushed by that name now" in out):
                    break
                if status not in (1, 3):
                    self.wrong.append((name, status, out, err))
            self.told.append((name, index))

    def look_for_ever(self):
        """All of one goes at once: whoever sees that a part is gone finds nothing of the rest from then on."""
        while not self.ended.is_set():
            name, index = random.choice(self.work)
            if self.status(name, index.images[0].digest) == 404:
                for reference in ("1.0", index.digest):
                    if self.status(name, reference) == 200:
                        self.wrong.append((name, reference))

    def test_kill_9_while_images_are_discarded(self):
        self.ended, self.queue = threading.Event(), queue.Queue()
        self.work, self.wrong, self.told = [], [], []
        for at in range(4 * (KILLS + 1)):  # all of them before: whoever pushes to a keeper that was just killed is told to try again
            name, index = f"kill/n{at}", images.index([denied(f"kill{at}"), images.simple(f"kill{at}", architecture="arm64")])
            self.push(name, "1.0", index)
            self.work.append((name, index))
        left = iter(self.work)
        threads = [threading.Thread(target=self.discard_each) for _ in range(3)]
        threads.append(threading.Thread(target=self.look_for_ever))
        for t in threads:
            t.start()
        try:
            for _ in range(KILLS):
                [pid] = self.eventually(self.keepers, 60)
                before = len(self.told)
                for work in itertools.islice(left, 4):
                    self.queue.put(work)
                self.eventually(lambda: len(self.told) > before, 60)  # and others are on their way
                os.kill(pid, signal.SIGKILL)
                self.eventually(lambda: pid not in self.service.processes(), 60)
            for work in left:
                self.queue.put(work)
            self.eventually(lambda: len(self.told) == len(self.work), 120)
        finally:
            self.ended.set()
            for _ in threads:
                self.queue.put(None)
            for t in threads:
                t.join()
        self.assertEqual(self.wrong, [])
        for name, index in self.work:
            with self.subTest(name):
                bad = index.images[0]
                for reference in ("1.0", index.digest, bad.digest):
                    self.assertEqual(self.status(name, reference), 404)
                for image in (index, bad):  # once each: what was begun anew has found it gone
                    self.assertEqual(len(self.gone(image.digest)), 1)
        self.log_is_whole()
