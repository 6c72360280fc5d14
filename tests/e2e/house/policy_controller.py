"""What else a cluster can verify our signature with: Sigstore's policy-controller, whose own tester is built from source (as long
as cosign, so only `python3 tests/e2e/house/policy_controller.py` does it, or CUSTOMHOUSE_E2E_BUILD_POLICY_TESTER=1), and Kyverno. The
schemas of their resources come with their sources, which are fetched as modules."""
import json
import os
import subprocess
import sys
import unittest

if __package__:
    from . import go_tools, verifiers
else:  # as a program
    import go_tools
    verifiers = None

CONTROLLER = ("github.com/sigstore/policy-controller", "0.13.1")
KYVERNO = ("github.com/kyverno/kyverno", "1.19.1")
# {file of deploy/kubernetes: (module, where its schema lies in it)}
SCHEMAS = {"policy-controller.yaml": (CONTROLLER, "config/300-clusterimagepolicy.yaml"),
           "kyverno.yaml": (KYVERNO, "config/crds/kyverno/kyverno.io_clusterpolicies.yaml")}
TESTER = os.path.join(go_tools.FOLDER, "policy-tester-" + CONTROLLER[1])


# A structural schema as the API server applies it with strict validation of fields: none but those that it lists.
FAULTS = """
import json, sys, yaml
from jsonschema.validators import Draft202012Validator
def strict(schema):
    parts = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for part in parts:
        strict(part)
    if isinstance(schema, dict) and isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema \\
            and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema["additionalProperties"] = False
crd, thing = (yaml.safe_load(open(path)) for path in sys.argv[1:])
names, version = crd["spec"]["names"], thing["apiVersion"].partition("/")[2]
assert (names["kind"], crd["spec"]["group"]) == (thing["kind"], thing["apiVersion"].partition("/")[0]), thing
schema, = [v["schema"]["openAPIV3Schema"] for v in crd["spec"]["versions"] if v["name"] == version and v["served"]]
strict(schema)
schema["properties"].update(apiVersion={"type": "string"}, kind={"type": "string"}, metadata={"type": "object"})
print(json.dumps([error.message for error in Draft202012Validator(schema).iter_errors(thing)]))
"""


def faults(name, path):
    """What the API would not take of a file that stands for deploy/kubernetes/NAME."""
    module, definition = SCHEMAS[name]
    try:
        definition = os.path.join(go_tools.fetch(*module), definition)
    except (SystemExit, OSError) as e:
        raise unittest.SkipTest(f"the schema of {name}: {e}") from e
    python = os.path.join(verifiers.environment("resources", "jsonschema", "pyyaml"), "bin", "python")
    return json.loads(verifiers.run([python, "-c", FAULTS, definition, path]))


def need():
    if not os.path.exists(TESTER) and os.environ.get("CUSTOMHOUSE_E2E_BUILD_POLICY_TESTER"):
        main()
    if not os.path.exists(TESTER):
        raise unittest.SkipTest(f"no {TESTER}: python3 tests/e2e/house/policy_controller.py "
                                "(or CUSTOMHOUSE_E2E_BUILD_POLICY_TESTER=1) builds it, in as long as cosign takes")


def verify(policy, image, folder):
    """(exit status, what it said), as the webhook of policy-controller decides about an image."""
    env = {"PATH": os.environ["PATH"], "HOME": folder, "TUF_ROOT": os.path.join(folder, "tuf"),
           "HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "NO_PROXY": "127.0.0.1"}
    done = subprocess.run([TESTER, "--policy", policy, "--image", image], capture_output=True, text=True, env=env, cwd=folder, timeout=120)
    return done.returncode, done.stdout + done.stderr


def main():
    if not os.path.exists(TESTER):
        go_tools.build_own(go_tools.fetch(*CONTROLLER), TESTER, "./cmd/tester")
    return 0


if __name__ == "__main__":
    sys.exit(main())
