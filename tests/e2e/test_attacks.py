"""Packages modelled on published attacks, through the real service with the default policy: tests/quality."""
import glob
import os
import re
import sys
import unittest

QUALITY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "quality")
sys.path.insert(0, QUALITY)

import run as quality  # noqa: E402  (tests/quality/run.py)
from house.service import ROOT  # noqa: E402

# Where rules and checks are written.
RULES = ("scanner/**/*.c", "scanner/**/*.h", "scanner/rules/shipped/*.yar", "policy/*.c")


class Attacks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.outcomes = list(quality.measure(quality.ATTACKS + quality.HONEST))
        cls.bad = cls.outcomes[:len(quality.ATTACKS)]
        cls.honest = cls.outcomes[len(quality.ATTACKS):]
        quality.report(cls.bad, cls.honest)

    def test_forged_archives_never_pass(self):
        forged = [o for o in self.bad if o.attack.structure]
        self.assertGreaterEqual(len(forged), 30)
        self.assertEqual([o.attack.name for o in forged if o.status == 200], [])

    def test_most_attacks_are_held_or_denied(self):
        missed = [f"{o.attack.name}: {o.attack.doc}" for o in self.bad if o.status == 200]
        self.assertGreaterEqual(quality.rate(self.bad), quality.RATE, missed)

    def test_honest_neighbours_pass(self):
        self.assertGreaterEqual(len(self.honest), 12)
        self.assertEqual([(o.attack.name, o.reason) for o in self.honest if o.status != 200], [])


class Names(unittest.TestCase):
    def test_no_rule_knows_an_attack_by_name(self):
        text = ""
        for pattern in RULES:
            files = glob.glob(os.path.join(ROOT, pattern), recursive=True)
            self.assertTrue(files, pattern)
            for path in files:
                with open(path, encoding="utf-8") as f:
                    text += f.read().lower()
        for attack in quality.ATTACKS:
            with self.subTest(attack=attack.name):
                self.assertIsNone(re.search(rf"\b{re.escape(attack.project)}\b", text), attack.project)

    def test_each_attack_is_told_and_unique(self):
        self.assertGreaterEqual(len(quality.ATTACKS), 60)
        self.assertEqual(len({a.project for a in quality.ATTACKS}), len(quality.ATTACKS))
        self.assertTrue(all(len(a.doc) > 20 for a in quality.ATTACKS))


if __name__ == "__main__":
    unittest.main()
