"""Verifiers from Python, each in an environment of its own."""
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


def schemathesis():
    """The program, in an environment of its own; fetched once."""
    env = os.path.join(TOOLS, "schemathesis")
    if not os.path.exists(os.path.join(env, "complete")):
        shutil.rmtree(env, ignore_errors=True)
        try:
            run([system_python(), "-m", "venv", env])
            run([os.path.join(env, "bin", "python"), "-m", "pip", "install", "-q", "schemathesis"])
        except RuntimeError as e:
            raise unittest.SkipTest(f"schemathesis: {str(e).strip().splitlines()[-1]}")
        with open(os.path.join(env, "complete"), "w"):
            pass
    return os.path.join(env, "bin", "schemathesis")


def securesystemslib():
    """check(key, envelope) -> the payload, None when the signature is not the key's. Fetched once."""
    env = os.path.join(TOOLS, "securesystemslib")
    python = os.path.join(env, "bin", "python")
    if not os.path.exists(os.path.join(env, "complete")):
        shutil.rmtree(env, ignore_errors=True)
        try:
            run([system_python(), "-m", "venv", env])
            run([python, "-m", "pip", "install", "-q", "securesystemslib[crypto]"])
        except RuntimeError as e:
            raise unittest.SkipTest(f"securesystemslib: {str(e).strip().splitlines()[-1]}")
        with open(os.path.join(env, "complete"), "w"):
            pass

    def check(key, envelope):
        done = subprocess.run([python, "-c", CHECK, key, envelope], capture_output=True)
        if done.returncode not in (0, 3):
            raise AssertionError(done.stderr.decode())
        return done.stdout if done.returncode == 0 else None
    return check
