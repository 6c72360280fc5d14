"""cosign, as its makers build it: from source, six minutes each. So it is kept outside of the tree, and built
only when asked for:

    python3 tests/e2e/house/cosign.py

CUSTOMHOUSE_E2E_BUILD_COSIGN=1 has a run of the tests build it first, where it is not there.
Without it the tests that need it are skipped, and say so."""
import os
import subprocess
import sys
import tempfile
import unittest

if __package__:
    from . import go_tools
else:  # as a program
    import go_tools

MODULES = {"3.1.2": "github.com/sigstore/cosign/v3/cmd/cosign", "2.5.3": "github.com/sigstore/cosign/v2/cmd/cosign"}
FOLDER = os.environ.get("CUSTOMHOUSE_COSIGN", go_tools.FOLDER)


def path(version):
    return os.path.join(FOLDER, "cosign-" + version)


def need(version):
    if not os.path.exists(path(version)) and os.environ.get("CUSTOMHOUSE_E2E_BUILD_COSIGN"):
        main()
    if not os.path.exists(path(version)):
        raise unittest.SkipTest(f"no {path(version)}: python3 tests/e2e/house/cosign.py "
                                "(or CUSTOMHOUSE_E2E_BUILD_COSIGN=1) builds it, in six minutes")


def run(version, folder, *args):
    """(exit status, what it said); it knows nothing of the host, and reaches nothing."""
    env = {"PATH": os.environ["PATH"], "HOME": folder, "TUF_ROOT": os.path.join(folder, "tuf"),
           "HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1"}
    done = subprocess.run([path(version), *args], capture_output=True, text=True, env=env, cwd=folder, timeout=120)
    return done.returncode, done.stdout + done.stderr


def verify_image(version, service, reference):
    """(exit status, what it said), by the key of production's images, as somebody else's machine has it."""
    need(version)
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "image.pem"), "wb") as f:
            f.write(service.ask("/-/keys/approve-prod-image.pem").body)
        return run(version, folder, "verify", "--key", "image.pem", "--insecure-ignore-tlog", "--allow-http-registry", reference)


def main():
    wanted = {path(version): (module, version) for version, module in MODULES.items()}
    go_tools.build(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
