"""Conda's version order and match specs, against rattler's: the same answers to the same questions, in one run."""
import os
import random
import re
import subprocess
import unittest

from house import clients, service

# As channels have them: releases, dates, openssl's letters, pre-releases of every style, hashes, epochs.
REAL = """0.4 0.4.0 0.4.1 0.9.6 0.960923 1.0 1 1.0.0 1.26.4 2.0.0rc1 2.0.0b1 2.0.0.dev0 2.0.0a4.dev20 3.12.0 3.12.0rc3
3.13.0a6 1.1.1w 1.1.1 1.1.1_ 1.1.1a 1.0.2u 9e 9d 2024a 2024.2.2 20240116.2 20230802.0 2023d 5.15.8 12.3.101 12.9.27
1!0.4.1 2!1.0 0.0.0.post105+699b871 2.1+sirius6.0.3 3.0.1+sirius6.1.0 0+unknown 0.1.dev5+g1234abc 4.2.1.post0
1.2.post1 1.1post1 1.1.post1 1.1dev1 1.1.dev1 1.1.0dev1 1.1a1 1.1.a1 1.1rc1 1.1.0rc1 0.5a1 0.5b3 0.5C1 0.5 2g6 11g
2.0b1pr0 2.2be.ta29 2.2be5ta29 2.2beta29 2.2.0.1 3.2.p.r0 3.2.pr0 3.2.pr.1 5.5.kw 14.3.1.26.g9d75bc2 r3.5 v1.0
1.2g.beta15.rc 1!2.15.1_ALPHA 10.9_3 2_3 2-3 2021_09_14 7.88.1 3.45.3 8.2_2 6.4.20240210 0.1.0_pre 1.0-beta 1.0_
18446744073709551615 4294967296 00.01.002 1.0.0.0.0 3.6.8_31 2.38.0dev 4.0alpha2 1.0.post 1.post2.dev3""".split()
PIECES = ["0", "1", "2", "10", "01", "a", "b", "rc", "dev", "post", "alpha", "A", "DEV", "Post", "g1f", "x", "devel"]
OPERATORS = ["", "=", "==", "!=", "<", "<=", ">", ">=", "~="]
BUILDS = ["py311h64a7726_0", "py_0", "0", "h1234567_1_cpython"]
BUILD_SPECS = ["py*", "*_0", "py_0", "PY_0", "*", "h*_1_*", "0"]


def generated(rng):
    """A version of a few pieces. No '_' at the end: see test_known_differences."""
    text = rng.choice(["", "", "", "1!"]) + str(rng.choice([0, 1, 2, 10]))
    for _ in range(rng.randrange(5)):
        text += rng.choice([".", ".", ".", "_", ""]) + rng.choice(PIECES)
    if rng.random() < 0.1:
        text += "+" + rng.choice(PIECES) + rng.choice(["", ".1", ".a", "_2"])
    return text


def near(rng, version):
    """Another that has much of it in common, as neighbours in a channel have."""
    how = rng.randrange(5)
    if version.endswith("_"):  # that goes only last
        return version
    if how == 0:
        return version + rng.choice([".0", ".1", "a1", "rc1", ".post1", ".dev1", "dev"])
    if how == 1 and "." in version:
        return version.rsplit(".", 1)[0]
    if how == 2:
        return re.sub(r"\d+", lambda m: str(int(m[0]) + rng.randrange(2)), version, count=1)
    if how == 3:
        return version.swapcase()
    return version


def clause(rng, version):
    op = rng.choice(OPERATORS)
    if op in ("", "=", "!=") and rng.random() < 0.3 and "+" not in version:
        return ("" if op == "=" else op) + version + ".*"
    return op + version


def version_spec(rng, version):
    parts = [clause(rng, near(rng, version)) for _ in range(rng.choice([1, 1, 1, 2, 2, 3]))]
    text = parts[0]
    for part in parts[1:]:
        text += rng.choice([",", ",", "|", ", ", " | "]) + part
    return f"({text})|{clause(rng, version)}" if rng.random() < 0.1 else text


def match_spec(rng, version):
    v = version_spec(rng, version)
    how = rng.randrange(6)
    if how == 0:
        return f"x[version='{v}']"
    if how == 1 and v[0] in "=<>!~":
        return "x" + v
    if how == 2:
        return f"x {v} {rng.choice(BUILD_SPECS)}"
    if how == 3 and re.fullmatch(r"[\w.!+]+(\.\*)?", v):
        return f"x={v}={rng.choice(BUILD_SPECS)}"
    return f"x {v}"


def segments(version):
    return re.split("[._-]", re.sub(r"^\d+!|\+.*", "", version))


def prefixes(spec):
    """All prefixes that are asked for: of "=1.2", "1.2.*", "!=1.2.*", and 1.2 of "~=1.2.3"."""
    for op, literal, star in re.findall(r"([=!<>~]*) ?([\w.!+-]+?)(\.\*)?(?=[,|\s)'\]=]|$)", spec.replace("x", " ", 1)):
        if star or op in ("=", "~="):
            yield literal


def rattler_prefix_slip(spec, version):
    """Rattler takes 1.2a1 for 1.2.0.*: of a version that has fewer segments than the prefix it compares the last but
    in part. CEP 29 asks that "all the version segments before the glob match are equal", and conda does, too."""
    last = segments(version)[-1]
    return bool(re.search(r"\D", last) and re.search(r"\d", last) or re.fullmatch(r"[a-zA-Z].*", last)) and any(
        len(segments(p)) > len(segments(version)) for p in prefixes(spec))


class CondaVersions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if "rattler" in clients.missing:
            raise unittest.SkipTest(clients.missing["rattler"])
        cls.ours = [os.path.join(service.BIN, "conda_answers")]
        cls.theirs = [os.path.join(clients.tool("rattler-env"), "bin", "python"),
                      os.path.join(os.path.dirname(clients.__file__), "rattler_answers.py")]

    def ask(self, questions):
        """[(question, ours, theirs)]"""
        text = "".join("\t".join(q) + "\n" for q in questions)
        answers = []
        for argv in (self.ours, self.theirs):
            done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=300, check=True,
                                  env=clients.clean_env("/nonexistent"))
            answers.append(done.stdout.splitlines())
            self.assertEqual(len(answers[-1]), len(questions), argv)
        return list(zip(questions, *answers))

    def compare(self, questions, explained=lambda question: False, refused=()):
        """Both answer the same; what only one of them refuses is in `refused`, by a part of its reason."""
        same, slips, wrong = 0, 0, []
        for question, ours, theirs in self.ask(questions):
            if ours[0] == "?" and theirs[0] == "?":
                continue
            if ours[0] == "?" or theirs[0] == "?":
                if not any(reason in ours + theirs for reason in refused):
                    wrong.append((question, ours, theirs))
            elif ours == theirs:
                same += 1
            elif explained(question):
                slips += 1
            else:
                wrong.append((question, ours, theirs))
        self.assertEqual(wrong[:20], [], f"{len(wrong)} of {len(questions)}")
        print(f"{same} answers alike, {slips} explained", end=" ... ")
        return same

    def test_order(self):
        rng = random.Random(29)
        pairs = [("order", a, b) for a in REAL for b in REAL if not re.search(r"[a-zA-Z]_$", a + b)]
        for _ in range(20000):
            a = generated(rng) if rng.random() < 0.7 else rng.choice(REAL)
            pairs.append(("order", a, near(rng, a) if rng.random() < 0.7 else generated(rng)))
        self.assertGreaterEqual(self.compare(pairs, refused=("invalid number",)), 25000)

    def test_match(self):
        rng = random.Random(33)
        questions = []
        for _ in range(30000):
            v = generated(rng) if rng.random() < 0.5 else rng.choice(REAL)
            questions.append(("match", match_spec(rng, v), near(rng, v), rng.choice(BUILDS)))
        same = self.compare(questions, lambda q: rattler_prefix_slip(q[1], q[2]),
                            refused=("~= needs two numbers", "invalid number"))
        self.assertGreaterEqual(same, 20000)

    def test_known_differences(self):
        """Where rattler does otherwise than CEP 33, 29 and conda; when that changes, this says so."""
        for question, ours, theirs in (
                (("order", "1.0a_", "1.0a"), ">", "<"),  # CEP 33: "alpha_" is one string
                (("match", "x=1.2.0", "1.2a1", "0"), "no", "yes"),  # [2, 'a', 1] is not [2]
                (("match", "x ==1.2.*", "1.2.3", "0"), "?", "yes"),  # conda: exactly 1.2, with a warning
                (("match", "x ~=1", "2", "0"), "?", "yes"),  # conda refuses it, too
                (("match", "x=1.2 py_0", "1.2.3", "py_0"), "?", "yes"),  # strictly 1.2.*, leniently 1.2
                (("match", "x 1.*.3", "1.2.3", "py_0"), "yes", "?")):  # CEP 29: a glob over the text
            with self.subTest(question=question):
                (_, a, b), = self.ask([question])
                self.assertEqual((a[0] if a[0] == "?" else a, b[0] if b[0] == "?" else b), (ours, theirs))


if __name__ == "__main__":
    unittest.main()
