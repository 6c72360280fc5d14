"""An upstream that takes 12 s to begin an answer, and then gives it: pip reads for 15 s, so straight from there it
installs. So it does through the service, though no answer of that may take as long."""
import time

from house.case import Moody, add_wheel

CLIENTS = ("pip-newest", "pip-debian", "uv")
SLOW_S = 12


class Slow(Moody):
    def installs_from_slow(self, name, is_slow, slow_files=True):
        for c in CLIENTS:
            add_wheel(self.up, f"{name}-{c}", "1.0")

        def wait(_handler):
            time.sleep(SLOW_S)
            return False
        self.up.behave = lambda path: wait if is_slow(path) else None

        def check(client):
            self.installs(client, f"{name}-{client.kind}", f"{name}-{client.kind}".replace("-", "_"), "1.0")
        self.with_clients(check, CLIENTS)
        asked = [path for path in self.up.asked if is_slow(path) and path.startswith("/files/")]
        self.assertTrue(asked or not slow_files, self.up.asked)
        self.assertEqual(len(asked), len(set(asked)), asked)  # each once: what comes late is not thrown away

    def test_page(self):
        self.installs_from_slow("late-page", lambda path: path.startswith("/simple/late-page-"), slow_files=False)

    def test_metadata_and_file(self):
        self.installs_from_slow("late-both", lambda path: path.startswith("/files/late_both_"))

    def test_file(self):
        self.installs_from_slow("late-file", lambda path: path.startswith("/files/late_file_") and
                                not path.endswith(".metadata"))

    def test_page_and_file(self):
        self.installs_from_slow("late-all", lambda path: "late-all-" in path or "late_all_" in path)

    def test_what_is_known_waits_for_nothing(self):
        """Nor is it asked for again by those who have it."""
        self.known("known-late", "1.0")
        self.up.behave = lambda path: (lambda _h: time.sleep(SLOW_S)) if path.startswith("/simple/") else None
        before = self.up.asked.count("/simple/known-late/")

        def is_asked_for_again():
            began = time.monotonic()
            self.assertEqual(self.service.ask("/pypi/simple/known-late/").status, 200)
            self.assertLess(time.monotonic() - began, 5)  # 3 s, once
            return self.up.asked.count("/simple/known-late/") > before
        self.eventually(is_asked_for_again)
        began = time.monotonic()
        self.assertEqual(self.service.ask("/pypi/simple/known-late/").status, 200)
        self.assertLess(time.monotonic() - began, 1)


if __name__ == "__main__":
    import unittest
    unittest.main()
