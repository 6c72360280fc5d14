"""The side of a cluster: certificates of its API server, AdmissionReviews of every kind, and a client that sends them as it does."""
import copy
import http.client
import json
import os
import ssl
import subprocess
import uuid

EC_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
# What the API server shows; others have the same authority's certificates, too.
API_SERVER = "kube-apiserver-admission"
# {kind: (group, where the pods' specification is)}
KINDS = {"Pod": ("", ()), "PodTemplate": ("", ("template",)), "ReplicationController": ("", ("spec", "template")),
         "Deployment": ("apps", ("spec", "template")), "ReplicaSet": ("apps", ("spec", "template")),
         "StatefulSet": ("apps", ("spec", "template")), "DaemonSet": ("apps", ("spec", "template")),
         "Job": ("batch", ("spec", "template")), "CronJob": ("batch", ("spec", "jobTemplate", "spec", "template"))}


def openssl(*args):
    done = subprocess.run(["openssl", *args], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)


class Certificates:
    """In a folder: NAME.pem and NAME.key, by authorities that are called the same."""
    def __init__(self, folder):
        self.folder = folder
        for authority in ("server-ca", "client-ca", "other-ca"):
            openssl("req", "-x509", *EC_KEY, "-days", "2", "-subj", f"/CN={authority}", "-out", self.pem(authority), "-keyout",
                    self.key(authority))
        self.make("server", "server-ca", "gateway", "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:customhouse-admission.customhouse.svc")
        self.make("api-server", "client-ca", API_SERVER, "extendedKeyUsage=clientAuth")
        self.make("kubelet", "client-ca", "system:node:one", "extendedKeyUsage=clientAuth")
        self.make("imitation", "other-ca", API_SERVER, "extendedKeyUsage=clientAuth")
        self.make("wrong-use", "client-ca", API_SERVER, "extendedKeyUsage=serverAuth")
        self.make("two-names", "client-ca", f"{API_SERVER}/CN=other", "extendedKeyUsage=clientAuth")
        self.make("long-name", "client-ca", API_SERVER + "x", "extendedKeyUsage=clientAuth")

    def pem(self, name):
        return os.path.join(self.folder, name + ".pem")

    def key(self, name):
        return os.path.join(self.folder, name + ".key")

    def make(self, name, authority, common_name, extension):
        request, extensions = os.path.join(self.folder, name + ".csr"), os.path.join(self.folder, name + ".ext")
        with open(extensions, "w") as f:
            f.write(extension + "\nbasicConstraints=CA:FALSE\n")
        openssl("req", *EC_KEY, "-subj", f"/CN={common_name}", "-keyout", self.key(name), "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.pem(authority), "-CAkey", self.key(authority), "-CAcreateserial", "-days", "2",
                "-extfile", extensions, "-out", self.pem(name))


def pod_spec(image, more=None):
    return {"containers": [{"name": "main", "image": image}], **(more or {})}


def review(kind, spec, operation="CREATE", old_spec=None, namespace="web", group=None, version="v1", **more):
    """An AdmissionReview of an object whose pods are made of `spec`."""
    own_group, path = KINDS.get(kind, ("", ("spec", "template")))
    group = own_group if group is None else group

    def of(spec):
        if spec is None:
            return None
        inner = {"metadata": {"name": "thing", "namespace": namespace}, "spec": copy.deepcopy(spec)}
        for part in reversed(path):
            inner = {part: inner}
        return {"apiVersion": f"{group}/{version}".lstrip("/"), "kind": kind, "metadata": {"name": "thing", "namespace": namespace}, **inner}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {"uid": str(uuid.uuid4()), "kind": {"group": group, "version": version, "kind": kind},
                        "resource": {"group": group, "version": version, "resource": kind.lower() + "s"},
                        "name": "thing", "namespace": namespace, "operation": operation,
                        "userInfo": {"username": "alice", "groups": ["system:authenticated"]},
                        "object": of(spec), "oldObject": of(old_spec), "dryRun": False, **more}}


class ApiServer:
    """Connections to the webhook with a client certificate; `who` None: without one."""
    def __init__(self, certificates, port, who="api-server"):
        self.port = port
        self.context = ssl.create_default_context(cafile=certificates.pem("server-ca"))
        if who is not None:
            self.context.load_cert_chain(certificates.pem(who), certificates.key(who))

    def post(self, path, body, headers=None):
        """(status, text)"""
        c = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self.context)
        try:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            c.request("POST", path, data, {"Content-Type": "application/json", "Accept": "application/json, */*", **(headers or {})})
            answer = c.getresponse()
            return answer.status, answer.read().decode()
        finally:
            c.close()

    def ask(self, body, path="/k8s/validate?timeout=10s"):
        """The response in the answer to a review; checked as the API server does it."""
        status, text = self.post(path, body)
        if status != 200:
            raise AssertionError((status, text))
        answer = json.loads(text)
        if (answer["apiVersion"], answer["kind"]) != ("admission.k8s.io/v1", "AdmissionReview"):
            raise AssertionError(text)
        if answer["response"]["uid"] != body["request"]["uid"]:
            raise AssertionError(text)
        return answer["response"]
