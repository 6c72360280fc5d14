"""kill -9 of keeper and gateways while images are pushed: what was told to be there is there, what was not is pushed again,
an evil image is had by nobody at any time, and the log and the database are of one mind.

CUSTOMHOUSE_E2E_KILLS sets the number of kills."""
import os
import random
import signal
import threading
import time

from house import images
from house.hosted import Hosted

KILLS = int(os.environ.get("CUSTOMHOUSE_E2E_KILLS", "16"))


class Killed(Hosted):
    def setUp(self):
        self.ended = threading.Event()
        self.told, self.wrong, self.lost, self.lock = {}, [], 0, threading.Lock()

    def once(self, name, image):
        """One push, as a client does that gives up at the first error. None: its manifest's answer never came."""
        try:
            for blob in {b.digest: b for b in image.blobs}.values():
                a = self.send("POST", f"{name}/blobs/uploads/?digest={blob.digest}", blob.data)
                if a.status != 201:
                    return a
            return self.put_manifest(name, "1", image.manifest)
        except (OSError, ConnectionError):
            return None

    def push_for_ever(self, worker):
        number = 0
        while not self.ended.is_set():
            number += 1
            evil = number % 3 == 0
            name, image = f"kill/w{worker}n{number}", images.simple(f"w{worker}n{number}", evil=evil)
            while not self.ended.is_set():
                a = self.once(name, image)
                if a is not None and a.status == 201:
                    with self.lock:
                        self.told[name] = (image, evil)
                    break
                with self.lock:
                    self.lost += 1
                    if a is not None and a.status not in (401, 404, 409, 500, 503):
                        self.wrong.append((name, a))
                time.sleep(0.05)

    def pull_for_ever(self):
        """Nobody has a byte of an evil one, whenever they ask."""
        while not self.ended.is_set():
            with self.lock:
                evil = [(name, image) for name, (image, evil) in self.told.items() if evil]
            if not evil:
                time.sleep(0.02)
                continue
            name, image = random.choice(evil)
            for kind, reference, _ in self.routes("1", image):
                try:
                    a = self.pull(name, kind, reference)
                except (OSError, ConnectionError):
                    continue
                if a.status == 200:
                    self.wrong.append((name, reference, a))

    def ready(self):
        try:
            return self.service.ask("/-/ready", timeout=5).status == 200
        except OSError:
            return False

    def test_kill_9_while_images_are_pushed(self):
        threads = [threading.Thread(target=self.push_for_ever, args=(i,)) for i in range(3)]
        threads.append(threading.Thread(target=self.pull_for_ever))
        for t in threads:
            t.start()
        try:
            for i in range(KILLS):
                pids = [pid for pid, name in self.service.processes().items() if name == ("keeper", "gateway")[i % 2]]
                os.kill(random.choice(pids), signal.SIGKILL)
                with self.lock:
                    before = len(self.told)
                self.eventually(self.ready, 60)
                self.eventually(lambda: len(self.told) > before, 60)  # and pushes go on
        finally:
            self.ended.set()
            for t in threads:
                t.join()
        self.assertEqual(self.wrong, [])
        self.assertGreater(len(self.told), KILLS)
        for name, (image, evil) in self.told.items():
            with self.subTest(name):
                self.assertEqual(self.pull(name, "manifests", "1", "HEAD", self.token)["Docker-Content-Digest"], image.digest)
                if evil:
                    self.is_refused(name, "1", image, "hidden-code")
                else:
                    self.is_pulled(name, "1", image)
        status, text, err = self.service.command("audit", "verify")
        self.assertEqual(status, 0, text + err)
