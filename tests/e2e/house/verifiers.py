"""Verifiers from Python, each in an environment of its own."""
import fcntl
import json
import os
import shutil
import subprocess
import unittest

from .clients import TOOLS, run, system_python

CHECK = """
import json, sys
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey
key = SSlibKey("", "ecdsa", "ecdsa-sha2-nistp256", {"public": open(sys.argv[1]).read()})
envelope = Envelope.from_dict(json.load(open(sys.argv[2])))
try:
    envelope.verify([key], 1)
except VerificationError:
    sys.exit(3)
sys.stdout.buffer.write(envelope.payload)
"""


JUNIT = """
import json, sys
from junitparser import JUnitXml
print(json.dumps([{"suite": suite.name, "tests": suite.tests, "failures": suite.failures, "name": case.name, "classname": case.classname,
                   "result": case.result[0].type if case.result else None, "message": case.result[0].message if case.result else None,
                   "text": case.result[0].text if case.result else None}
                  for suite in JUnitXml.fromfile(sys.argv[1]) for case in suite]))
"""

SARIF = """
import json, sys
from jsonschema.validators import validator_for
schema = json.load(open(sys.argv[1]))
validator = validator_for(schema)(schema)
print(json.dumps([error.message for error in validator.iter_errors(json.load(open(sys.argv[2])))]))
"""
# Has the schema of SARIF 2.1.0 as OASIS published it, in this file.
SARIF_PACKAGE = "@microsoft/jest-sarif@1.0.0-beta.0"
SARIF_SCHEMA = "package/lib/schemas/sarif-2.1.0-rtm.5.json"

# What is wrong with each file by the published schema, and which of its package URLs are not as they would be written,
# but for what of them is encoded: of '/' in a qualifier the specification and its library differ.
CYCLONEDX = """
import json, sys
from urllib.parse import unquote
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
validator = JsonStrictValidator(SchemaVersion.V1_6)
for path in sys.argv[1:]:
    text = open(path, encoding="utf-8").read()
    faults = [str(e) for e in validator.validate_str(text, all_errors=True) or ()]
    doc = json.loads(text)
    urls = [c["purl"] for c in [doc["metadata"]["component"], *doc["components"]] if "purl" in c]
    print(json.dumps(faults + [u for u in urls if unquote(PackageURL.from_string(u).to_string()) != unquote(u)]))
"""

SPDX = """
import json, sys
from spdx_tools.spdx.parser.error import SPDXParsingError
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
for path in sys.argv[1:]:
    try:
        found = [m.validation_message for m in validate_full_spdx_document(parse_file(path), "SPDX-2.3")]
    except SPDXParsingError as e:
        found = e.get_messages()
    print(json.dumps(found))
"""


def environment(name, *packages, more=None):
    """The folder of a virtual environment with these packages; made once. more(folder): what else belongs into it."""
    env = os.path.join(TOOLS, name)
    os.makedirs(TOOLS, exist_ok=True)
    with open(env + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # classes run side by side, in processes of their own
        if not os.path.exists(os.path.join(env, "complete")):
            shutil.rmtree(env, ignore_errors=True)
            try:
                run([system_python(), "-m", "venv", env])
                run([os.path.join(env, "bin", "python"), "-m", "pip", "install", "-q", *packages])
                if more is not None:
                    more(env)
            except (RuntimeError, OSError) as e:
                raise unittest.SkipTest(f"{name}: {(str(e).strip() or repr(e)).splitlines()[-1]}")
            with open(os.path.join(env, "complete"), "w"):
                pass
    return env


def schemathesis():
    """The program, in an environment of its own; fetched once."""
    return os.path.join(environment("schemathesis", "schemathesis"), "bin", "schemathesis")


def junit_cases(path):
    """The test cases in a file of JUnit's XML, as junitparser reads it."""
    python = os.path.join(environment("junitparser", "junitparser==5.0.3"), "bin", "python")
    return json.loads(run([python, "-c", JUNIT, path]))


def sarif_faults(path):
    """What is wrong with a file by the published schema of SARIF 2.1.0."""
    def schema(env):
        run(["npm", "pack", "--silent", "--pack-destination", env, SARIF_PACKAGE])
        archive, = [name for name in os.listdir(env) if name.endswith(".tgz")]
        run(["tar", "-xzf", os.path.join(env, archive), "-C", env, SARIF_SCHEMA])
    env = environment("sarif", "jsonschema", more=schema)
    return json.loads(run([os.path.join(env, "bin", "python"), "-c", SARIF, os.path.join(env, SARIF_SCHEMA), path]))


def securesystemslib():
    """check(key, envelope) -> the payload, None when the signature is not the key's. Fetched once."""
    python = os.path.join(environment("securesystemslib", "securesystemslib[crypto]"), "bin", "python")

    def check(key, envelope):
        done = subprocess.run([python, "-c", CHECK, key, envelope], capture_output=True)
        if done.returncode not in (0, 3):
            raise AssertionError(done.stderr.decode())
        return done.stdout if done.returncode == 0 else None
    return check


def cyclonedx_faults(*paths):
    """What is wrong with each file by the published schema of CycloneDX 1.6, as their own library reads it."""
    python = os.path.join(environment("cyclonedx", "cyclonedx-python-lib[json-validation]"), "bin", "python")
    return [json.loads(line) for line in run([python, "-c", CYCLONEDX, *paths]).splitlines()]


def spdx_faults(*paths):
    """What is wrong with each file (*.spdx.json) by SPDX 2.3, as SPDX's own library reads it."""
    python = os.path.join(environment("spdx-tools", "spdx-tools"), "bin", "python")
    return [json.loads(line) for line in run([python, "-c", SPDX, *paths]).splitlines()]
