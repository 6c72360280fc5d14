"""Admission as Kubernetes' own API server does it: its code (house/webhook_client.py), set up by the files of deploy/kubernetes, asks
the listener. What it lets be stored, what whoever applies an object reads, and which patches its code has applied."""
import tempfile

from house import images
from house.case import with_key
from house.cluster import KINDS, pod_spec
from house.webhook_client import SERVICE, Cluster, need
from test_admission import Admission as Base

RESOURCES = {"Pod": "pods", "PodTemplate": "podtemplates", "ReplicationController": "replicationcontrollers", "Deployment": "deployments",
             "ReplicaSet": "replicasets", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets", "Job": "jobs", "CronJob": "cronjobs"}


def thing(kind, spec, namespace="web"):
    """An object of the kind, as kubectl would send it."""
    group, path = KINDS[kind]
    inner = {"metadata": {"labels": {"app": "thing"}}, "spec": spec}
    for part in reversed(path):
        inner = {part: inner}
    return {"apiVersion": f"{group}/v1".lstrip("/"), "kind": kind, **inner, "metadata": {"name": "thing", "namespace": namespace}}


def spec_in(kind, stored):
    for part in KINDS[kind][1]:
        stored = stored[part]
    return stored["spec"]


class AdmissionOfKubernetes(Base):
    @classmethod
    def configure(cls, text):
        """As deploy/kubernetes/README.md says: the service's name is one of ours."""
        return with_key(super().configure(text), "host_names", f"[{SERVICE}]")

    @classmethod
    def setUpClass(cls):
        need()
        super().setUpClass()
        cls.cluster = cls.make_cluster()

    @classmethod
    def make_cluster(cls, **kw):
        folder = tempfile.mkdtemp(dir=cls.folder)
        cluster = Cluster(cls.certificates, folder, cls.admission_port, **kw)
        cls.addClassCleanup(cluster.close)
        return cluster

    def stored(self, kind, spec, **kw):
        """The specification of the pods, as the API server stores it."""
        answer = self.cluster.ask(RESOURCES[kind], thing(kind, spec), **kw)
        self.assertTrue(answer["allowed"], answer)
        return spec_in(kind, answer["object"])

    def refused(self, kind, spec, *words, namespace="web", webhook="pin", cluster=None, **kw):
        """The message that kubectl prints. Mutation is asked first, and refuses already."""
        answer = (cluster or self.cluster).ask(RESOURCES[kind], thing(kind, spec, namespace), **kw)
        self.assertEqual((answer["allowed"], answer.get("code"), answer.get("reason")), (False, 403, "Forbidden"), answer)
        self.assertTrue(answer["message"].startswith(f'admission webhook "{webhook}.customhouse.example.org" denied the request: '), answer)
        for word in words:
            self.assertIn(word, answer["message"])
        return answer["message"]

    def test_every_kind_is_stored_or_refused(self):
        for kind in KINDS:
            for operation, old in (("CREATE", None), ("UPDATE", thing(kind, pod_spec(self.fine)))):
                with self.subTest(kind, operation=operation):
                    new = pod_spec(self.fine, {"initContainers": [{"name": "i", "image": self.image("other", "@" + self.other.digest)}]})
                    kept = self.stored(kind, new, old=old)
                    self.assertEqual([kept["containers"][0]["image"], kept["initContainers"][0]["image"]],
                                     [self.fine, self.image("other", "@" + self.other.digest)])
                    self.refused(kind, pod_spec(self.bad), self.bad, "held", "hidden-code", "customhouse exceptions request "
                                 f"oci:team/evil=={self.evil.digest} --reason TEXT", old=old)

    def test_every_place_of_an_image(self):
        for more in ({"initContainers": [{"name": "first", "image": self.bad}]},
                     {"initContainers": [{"name": "side", "image": self.bad, "restartPolicy": "Always"}]},
                     {"ephemeralContainers": [{"name": "debug", "image": self.bad}]},
                     {"volumes": [{"name": "model", "image": {"reference": self.bad, "pullPolicy": "Always"}}]},
                     {"containers": [{"name": "a", "image": self.fine}, {"name": "b", "image": self.bad}]}):
            for kind in KINDS:
                with self.subTest(more, kind=kind):
                    self.refused(kind, pod_spec(self.fine, more), self.bad)

    def test_tags_are_stored_as_digests_everywhere(self):
        tag, pinned = self.image("good", ":1.0"), self.fine
        many = self.image("many", ":1.0")
        for kind in KINDS:
            for old in (None, thing(kind, pod_spec(self.image("other", "@" + self.other.digest)))):
                with self.subTest(kind, update=old is not None):
                    kept = self.stored(kind, {"containers": [{"name": "a", "image": tag}, {"name": "b", "image": many}],
                                              "initContainers": [{"name": "i", "image": pinned}, {"name": "j", "image": tag}],
                                              "volumes": [{"name": "v", "emptyDir": {}}, {"name": "m", "image": {"reference": tag}}]}, old=old)
                    self.assertEqual([c["image"] for c in kept["containers"] + kept["initContainers"]],
                                     [pinned, self.image("many", "@" + self.good.digest), pinned, pinned])
                    self.assertEqual(kept["volumes"][1]["image"]["reference"], pinned)
                    self.refused(kind, pod_spec(self.image("evil", ":1.0")), "hidden-code", old=old)

    def test_debug_containers_of_a_running_pod(self):
        """kubectl debug: an update of the subresource pods/ephemeralcontainers."""
        old = thing("Pod", pod_spec(self.fine))
        debug = {"ephemeralContainers": [{"name": "debug", "image": self.image("other", ":1.0"), "targetContainerName": "main"}]}
        kept = self.stored("Pod", pod_spec(self.fine, debug), old=old, subresource="ephemeralcontainers")
        self.assertEqual(kept["ephemeralContainers"][0]["image"], self.image("other", "@" + self.other.digest))
        debug["ephemeralContainers"][0]["image"] = self.image("evil", ":1.0")
        self.refused("Pod", pod_spec(self.fine, debug), "hidden-code", old=old, subresource="ephemeralcontainers")

    def test_an_update_of_what_runs_already(self):
        """Who takes a label off what is no longer allowed is not stopped; who changes its image is."""
        for kind in KINDS:
            with self.subTest(kind):
                self.assertEqual(self.stored(kind, pod_spec(self.bad), old=thing(kind, pod_spec(self.bad)))["containers"][0]["image"], self.bad)
                self.refused(kind, pod_spec(self.bad), self.bad, old=thing(kind, pod_spec(self.fine)))

    def test_validation_alone_refuses_too(self):
        """Where the mutating configuration is not installed: a tag, and what is not allowed."""
        alone = self.make_cluster(left_out="MutatingWebhookConfiguration")
        for kind in KINDS:
            with self.subTest(kind):
                self.assertTrue(alone.ask(RESOURCES[kind], thing(kind, pod_spec(self.fine)))["allowed"])
                self.refused(kind, pod_spec(self.bad), self.bad, "hidden-code", webhook="allow", cluster=alone)
                self.refused(kind, pod_spec(self.image("good", ":1.0")), "a tag", self.fine, "/k8s/mutate", webhook="allow", cluster=alone)

    def test_namespaces(self):
        self.refused("Pod", pod_spec(self.fine), "its repository mcr is for prod, and this is preprod", namespace="lab")
        for left_out in ("kube-system", "customhouse"):  # by webhook.yaml
            answer = self.cluster.ask("pods", thing("Pod", pod_spec(self.bad), left_out))
            self.assertTrue(answer["allowed"], answer)

    def test_a_dry_run_is_answered_and_not_remembered(self):
        image = images.simple("dry")
        self.registry.push("team/dry", "1.0", image)
        self.assertEqual(self.service.command("gate", "team/dry:1.0", "--wait", "60")[0], 0)
        name = self.image("dry", "@" + image.digest)
        self.stored("Pod", pod_spec(name), dryRun=True)
        self.assertNotIn(image.digest, self.remembered())
        self.stored("Pod", pod_spec(name))
        self.assertIn(image.digest, self.remembered())

    def remembered(self):
        return self.service.command("runtime", "list", "--all", "--json")[1]

    def test_the_certificate_is_what_counts(self):
        """An API server with another certificate of the same authority gets no answer, and denies (failurePolicy: Fail)."""
        for who in ("kubelet", "imitation"):
            with self.subTest(who):
                answer = self.make_cluster(who=who).ask("pods", thing("Pod", pod_spec(self.fine)))
                self.assertFalse(answer["allowed"])
                self.assertEqual((answer["code"], answer["reason"]), (500, "InternalError"), answer)
                self.assertIn('failed calling webhook "pin.customhouse.example.org"', answer["message"])


# Base is of the other file: what it tests is not run twice.
for _name in [n for n in dir(Base) if n.startswith("test_")]:
    if _name not in vars(AdmissionOfKubernetes):
        setattr(AdmissionOfKubernetes, _name, None)
del Base
