"""The admission of Kubernetes' API server, by its own code (webhook_client/main.go): what becomes of objects that go through the
webhooks of deploy/kubernetes. Four minutes of a processor to build, so it is kept outside of the tree like cosign, and built only
when asked for:

    python3 tests/e2e/house/webhook_client.py

CUSTOMHOUSE_E2E_BUILD_WEBHOOK_CLIENT=1 has a run of the tests build it first. Without it its tests are skipped, and say so."""
import base64
import hashlib
import json
import os
import subprocess
import sys
import unittest

if __package__:
    from . import go_tools
else:  # as a program
    import go_tools

SOURCE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "webhook_client")
DEPLOY = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(SOURCE))), "deploy", "kubernetes")
# As webhook.yaml and webhook-clients.yaml name it: the server's certificate has to have this name.
SERVICE = "customhouse-admission.customhouse.svc"


def path():
    """Where it lies; of other sources there is another one."""
    digest = hashlib.sha256()
    for name in ("go.mod", "main.go"):
        with open(os.path.join(SOURCE, name), "rb") as f:
            digest.update(f.read())
    return os.path.join(go_tools.FOLDER, "webhook_client-" + digest.hexdigest()[:16])


def need():
    if not os.path.exists(path()) and os.environ.get("CUSTOMHOUSE_E2E_BUILD_WEBHOOK_CLIENT"):
        main()
    if not os.path.exists(path()):
        raise unittest.SkipTest(f"no {path()}: python3 tests/e2e/house/webhook_client.py "
                                "(or CUSTOMHOUSE_E2E_BUILD_WEBHOOK_CLIENT=1) builds it, in four minutes or more")
    return path()


def filled(folder, name, values):
    """A file of deploy/kubernetes, with this site's values in place of the example's; each has to be there."""
    with open(os.path.join(DEPLOY, name)) as f:
        text = f.read()
    for example, value in values.items():
        if example not in text:
            raise AssertionError(f"deploy/kubernetes/{name} does not have {example}")
        text = text.replace(example, value)
    target = os.path.join(folder, name)
    with open(target, "w") as f:
        f.write(text)
    return target


class Cluster:
    """An API server set up by deploy/kubernetes whose services lead to 127.0.0.1:PORT; `who` is whose certificate it
    shows, `left_out` a kind of webhook.yaml that was not applied."""
    def __init__(self, certificates, folder, port, who="api-server", left_out="",
                 namespaces=("web", "lab", "kube-system", "customhouse")):
        need()
        with open(certificates.pem("server-ca"), "rb") as f:
            authority = base64.b64encode(f.read()).decode()
        where = "/etc/kubernetes/customhouse"
        clients = filled(folder, "webhook-clients.yaml", {f"{where}/kube-apiserver-admission.pem": certificates.pem(who),
                                                          f"{where}/kube-apiserver-admission.key": certificates.key(who)})
        configuration = filled(folder, "admission-configuration.yaml", {f"{where}/webhook-clients.yaml": clients})
        hooks = filled(folder, "webhook.yaml", {base64.b64encode(b"CA BUNDLE").decode(): authority})
        if left_out:
            with open(hooks) as f:
                kept = [d for d in f.read().split("\n---\n") if f"kind: {left_out}\n" not in d]
            with open(hooks, "w") as f:
                f.write("\n---\n".join(kept))
        self.process = subprocess.Popen(
            [path(), "-configuration", configuration, "-webhooks", hooks, "-address", f"127.0.0.1:{port}", "-namespaces", ",".join(namespaces)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ask(self, resource, thing, old=None, operation=None, **more):
        """What the API server says to a request: {"allowed", "object"} or {"allowed", "code", "reason", "message"}."""
        request = {"operation": operation or ("CREATE" if old is None else "UPDATE"), "resource": resource, "object": thing, "oldObject": old, **more}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.stderr.read())
        return json.loads(line)

    def close(self):
        self.process.communicate(timeout=30)


def main():
    if os.path.exists(path()):
        return 0
    go_tools.build_own(SOURCE, path())
    return 0


if __name__ == "__main__":
    sys.exit(main())
