"""Runs under the Python that has py-rattler: answers what tests/base/conda/conda_answers.c is asked, in its words."""
import sys

from rattler import BuildString, MatchSpec, PackageRecord, Version


def order(a, b):
    a, b = Version(a), Version(b)
    return "<" if a < b else ">" if a > b else "="


def spec_of(text):
    """As CEP 29 has it: where rattler is lenient it forgets that "name =1.2 build" is fuzzy."""
    try:
        return MatchSpec(text, strict=True, exact_names_only=False)
    except Exception:
        return MatchSpec(text, strict=False, exact_names_only=False)


def match(spec, version, build):
    record = PackageRecord("x", version, BuildString(build), 0, "linux-64")
    return "yes" if spec_of(spec).matches(record) else "no"


for line in sys.stdin:
    kind, *fields = line.rstrip("\n").split("\t")
    try:
        print(order(*fields) if kind == "order" else match(*fields))
    except Exception as e:
        print("?", str(e).splitlines()[0])
