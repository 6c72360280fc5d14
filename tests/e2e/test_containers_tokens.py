"""/oauth2/token: what clients of registries exchange their API token for, or none, as they do it; what that is good for, and
that it is good for nothing else, and no longer than what it stands for."""
import base64
import json
import re
import subprocess
import tempfile
import urllib.parse

from house import images, people, raw
from house.container_clients import Containerd, Skopeo, hosts_toml
from house.containers import OfRegistry
from house.hosted import Hosted, basic

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def part(token, n):
    text = token.split(".")[n]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


class Tokens(Hosted):
    anonymous = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        people.person(cls.service, "anna", "reader/apps")
        cls.annas, cls.annas_id = people.token(cls.service, "anna")
        cls.image = images.simple("here")
        case = cls()
        case.push("team/here", "1", cls.image)
        case.push("team/other", "1", cls.image)

    def ask(self, *scopes, token="", **words):
        """GET, as docker, podman, skopeo, crane and oras do."""
        query = urllib.parse.urlencode([("service", "customhouse"), *(("scope", s) for s in scopes), *words.items()])
        return self.send("GET", "/oauth2/token?" + query, token=token)

    def post(self, **words):
        body = urllib.parse.urlencode(words).encode()
        return self.send("POST", "/oauth2/token", body, FORM, token=None)

    def given(self, a):
        self.assertEqual(a.status, 200, a)
        self.assertEqual(a["Cache-Control"], "no-store")
        answer = json.loads(a.body)
        self.assertEqual(answer["token"], answer["access_token"])
        return answer["token"]

    def bearer(self, token, method, path, body=None):
        return self.send(method, path, body, {"Authorization": f"Bearer {token}"}, token=None)

    def is_wrong(self, a, error):
        self.is_error(a, 401, "UNAUTHORIZED")
        self.assertIn(f'error="{error}"', a["WWW-Authenticate"])

    def test_what_it_is(self):
        token = self.given(self.ask("repository:apps/team/here:pull,push", "repository:apps/team/none:delete",
                                    "repository:pypi/x:pull", "registry:catalog:*", token=self.annas))
        head, claims = part(token, 0), part(token, 1)
        status, text, _ = self.service.command("keys", "list")
        self.assertEqual(status, 0)
        self.assertIn("token", text)
        self.assertEqual(head, {"alg": "ES256", "kid": head["kid"], "typ": "JWT"})
        self.assertIn(head["kid"], text)
        self.assertEqual(claims["iss"], self.service.url)
        self.assertEqual(claims["aud"], "customhouse")
        self.assertEqual(claims["sub"], f"token:{self.annas_id}")  # no name (T26)
        self.assertTrue(0 < claims["exp"] - claims["iat"] <= 300, claims)
        self.assertEqual(claims["nbf"], claims["iat"])
        self.assertRegex(claims["jti"], "^[0-9a-f]{32}$")
        self.assertEqual(claims["access"], [{"type": "repository", "name": "apps/team/here", "actions": ["pull"]}])
        answer = json.loads(self.ask("repository:apps/team/here:pull", token=self.annas).body)
        self.assertEqual(answer["scope"], "repository:apps/team/here:pull")
        self.assertLessEqual(answer["expires_in"], 300)
        self.assertRegex(answer["issued_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertNotIn("refresh_token", answer)

    def test_anybodys_library_verifies_it(self):
        """openssl, with the key that is published."""
        token = self.given(self.ask("repository:apps/team/here:pull", token=self.annas))
        pem = self.service.ask("/-/keys/token.pem").body
        signed, _, signature = token.rpartition(".")
        raw = base64.urlsafe_b64decode(signature + "==")
        self.assertEqual(len(raw), 64)

        def integer(b):
            b = b.lstrip(b"\0") or b"\0"
            b = b"\0" + b if b[0] & 0x80 else b
            return b"\x02" + bytes([len(b)]) + b
        pair = integer(raw[:32]) + integer(raw[32:])
        with tempfile.TemporaryDirectory() as folder:
            for name, data in (("key", pem), ("sig", b"\x30" + bytes([len(pair)]) + pair), ("text", signed.encode())):
                with open(f"{folder}/{name}", "wb") as f:
                    f.write(data)
            done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", f"{folder}/key", "-signature", f"{folder}/sig",
                                   f"{folder}/text"], capture_output=True, text=True)
        self.assertEqual(done.stdout.strip(), "Verified OK", done)

    def test_it_opens_what_it_names(self):
        token = self.given(self.ask("repository:apps/team/here:pull", token=self.annas))
        for path, data in ((f"team/here/manifests/{self.image.digest}", self.image.manifest.data),
                           ("team/here/manifests/1", self.image.manifest.data),
                           *((f"team/here/blobs/{b.digest}", b.data) for b in self.image.blobs)):
            a = self.bearer(token, "GET", path)
            self.assertEqual((a.status, a.body), (200, data), path)
        self.assertEqual(self.bearer(token, "GET", "team/here/tags/list").status, 200)
        self.assertEqual(self.bearer(token, "GET", f"team/here/referrers/{self.image.digest}").status, 200)
        self.assertEqual(self.bearer(token, "GET", "/v2/").status, 200)
        for path in (f"team/other/manifests/{self.image.digest}", "team/other/manifests/1", "team/other/tags/list",
                     f"team/other/referrers/{self.image.digest}", f"team/other/blobs/{self.image.blobs[0].digest}"):
            a = self.bearer(token, "GET", path)
            self.is_wrong(a, "insufficient_scope")
            self.assertIn('scope="repository:apps/team/other:pull"', a["WWW-Authenticate"])
        for path in ("/pypi/simple/", "/-/metrics", "/"):
            self.assertEqual(self.bearer(token, "GET", path).status, 401, path)
        self.assertEqual(self.bearer(token, "GET", "/oauth2/token?scope=repository:apps/team/here:pull").status, 401)

    def test_pushing(self):
        """T21: a pull token gives no push scope; a push token gives it, where it may."""
        token = self.given(self.ask("repository:apps/team/here:pull,push,delete", token=self.annas))
        self.is_error(self.bearer(token, "POST", "team/here/blobs/uploads/", b""), 403, "DENIED", "audience push")
        token = self.given(self.ask("repository:apps/team/new:pull,push"))
        image = images.simple("new")
        for blob in image.blobs:
            a = self.bearer(token, "POST", f"team/new/blobs/uploads/?digest={blob.digest}", blob.data)
            self.assertEqual(a.status, 201, a)
        path = "team/new/manifests/1"
        a = self.send("PUT", path, image.manifest.data,
                      {"Content-Type": image.manifest.media_type, "Authorization": f"Bearer {token}"}, token=None)
        self.assertEqual(a.status, 201, a)
        self.assertEqual(self.bearer(token, "HEAD", path).status, 200)
        self.is_wrong(self.bearer(token, "DELETE", path), "insufficient_scope")
        self.is_wrong(self.bearer(token, "POST", "team/newer/blobs/uploads/", b""), "insufficient_scope")
        read = self.given(self.ask("repository:apps/team/new:pull"))
        self.is_wrong(self.bearer(read, "POST", "team/new/blobs/uploads/", b""), "insufficient_scope")
        delete = self.given(self.ask("repository:apps/team/new:delete"))
        self.assertEqual(self.bearer(delete, "DELETE", path).status, 202)

    def test_forms(self):
        scope = "repository:apps/team/here:pull"
        a = self.post(grant_type="password", username="x", password=self.annas, service="customhouse", scope=scope,
                      client_id="c", access_type="offline")
        token, answer = self.given(a), json.loads(a.body)
        self.assertEqual(self.bearer(token, "GET", "team/here/manifests/1").status, 200)
        self.assertEqual(answer["refresh_token"], self.annas)
        a = self.post(grant_type="refresh_token", refresh_token=answer["refresh_token"], service="customhouse", scope=scope,
                      client_id="c")
        self.assertEqual(self.bearer(self.given(a), "GET", "team/here/manifests/1").status, 200)
        self.assertNotIn("refresh_token", json.loads(a.body))
        for words, status, error in (
                (dict(grant_type="client_credentials"), 400, "unsupported_grant_type"),
                (dict(scope=scope), 400, "unsupported_grant_type"),
                (dict(grant_type="password", password="chp_" + "0" * 64), 401, "invalid_grant"),
                (dict(grant_type="password", password="secret"), 401, "invalid_grant"),
                (dict(grant_type="refresh_token", password=self.annas), 401, "invalid_grant"),
                (dict(grant_type="password", password=self.annas, service="other"), 400, "invalid_request"),
                (dict(grant_type="password", password=self.annas, scope="pull"), 400, "invalid_request")):
            with self.subTest(words):
                a = self.post(**words)
                self.assertEqual((a.status, json.loads(a.body)["error"]), (status, error), a)
                self.assertNotIn(self.annas, a.body.decode())
        a = self.send("POST", "/oauth2/token", b"{}", {"Content-Type": "application/json"}, token=None)
        self.assertEqual(a.status, 415, a)
        self.assertEqual(self.send("POST", "/oauth2/token", b"grant_type=password", FORM).status, 400)
        self.assertEqual(self.send("POST", "/oauth2/token", b"a" * 9000, FORM, token=None).status, 413)
        self.assertEqual(self.send("PUT", "/oauth2/token", b"").status, 405)

    def test_who_gets_none(self):
        self.assertEqual(self.ask("repository:apps/team/here:pull", token=None).status, 401)
        self.assertEqual(self.ask("repository:apps/team/here:pull", token="chp_" + "0" * 64).status, 401)
        people.person(self.service, "otto", "operator")
        admin = people.token(self.service, "ci", "admin")[0]
        self.assertEqual(self.ask("repository:apps/team/here:pull", token=admin).status, 401)
        self.assertEqual(self.ask("repository:apps/team/here:pull", token=self.annas, service="other").status, 400)
        a = self.ask("repository:apps/team/here:pull", "pull", token=self.annas)
        self.assertEqual(a.status, 400, a)

    def test_it_ends_with_its_token(self):
        token, number = people.token(self.service, "anna")
        scoped = self.given(self.ask("repository:apps/team/here:pull", token=token))
        self.assertEqual(self.bearer(scoped, "GET", "team/here/manifests/1").status, 200)
        people.command(self.service, "token", "revoke", str(number), "--reason", "it leaked")
        self.is_wrong(self.bearer(scoped, "GET", "team/here/manifests/1"), "invalid_token")

    def test_it_ends_with_the_right(self):
        people.person(self.service, "rita", "reader/apps")
        token, _ = people.token(self.service, "rita")
        scoped = self.given(self.ask("repository:apps/team/here:pull", token=token))
        self.assertEqual(self.bearer(scoped, "GET", "team/here/manifests/1").status, 200)
        people.command(self.service, "group", "revoke", "reader-apps", "rita")
        self.assertEqual(self.bearer(scoped, "GET", "team/here/manifests/1").status, 403)

    def test_it_ends_with_its_key(self):
        scoped = self.given(self.ask("repository:apps/team/here:pull", token=self.annas))
        self.assertEqual(self.bearer(scoped, "GET", "team/here/manifests/1").status, 200)
        people.command(self.service, "keys", "rotate", "token", "--reason", "it may have leaked")
        self.is_wrong(self.bearer(scoped, "GET", "team/here/manifests/1"), "invalid_token")
        again = self.given(self.ask("repository:apps/team/here:pull", token=self.annas))
        self.assertEqual(self.bearer(again, "GET", "team/here/manifests/1").status, 200)
        self.assertNotEqual(part(again, 0), part(scoped, 0))

    def test_forged(self):
        scoped = self.given(self.ask("repository:apps/team/here:pull", token=self.annas))
        head, claims, signature = scoped.split(".")
        wider = json.loads(base64.urlsafe_b64decode(claims + "=="))
        wider["access"][0]["name"] = "apps/team/other"

        def text(value):
            return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()
        for name, forged in {"claims": f"{head}.{text(wider)}.{signature}", "none": f'{text({"alg": "none"})}.{text(wider)}.',
                             "no signature": f"{head}.{text(wider)}.", "another head": f'{text({"alg": "HS256"})}.{claims}.{signature}',
                             "cut": scoped[:-4]}.items():
            with self.subTest(name):
                self.is_wrong(self.bearer(forged, "GET", "team/other/manifests/1"), "invalid_token")

    def test_basic_works_too(self):
        self.assertEqual(self.send("GET", "team/here/manifests/1", token=self.annas).status, 200)

    def test_ctr_with_credentials(self):
        """It asks for its token with a form."""
        for who, good in ((f"ci:{self.token}", True), (f"anna:{self.annas}", True), ("anna:chp_" + "0" * 64, False)):
            with Containerd() as client:
                status, text = client.pull(f"{self.host}/team/here:1", "--plain-http", "--user", who)
                self.assertEqual(status == 0, good, text)
                if good:
                    self.assertEqual(client.content(self.image.digest), self.image.manifest.data)

    def test_skopeo_deletes(self):
        self.push("team/gone", "1", images.simple("gone"))
        self.assertEqual(self.send("GET", "team/gone/manifests/1").status, 200)  # it is ALLOW
        with Skopeo() as client:
            auth = client.write("auth.json", json.dumps({"auths": {self.host.partition("/")[0]: {"auth": basic(self.token)[6:]}}}))
            status, text = client.run([client.program, *client.options, "delete", "--tls-verify=false", "--authfile", auth,
                                       f"docker://{self.host}/team/gone:1"])
            self.assertEqual(status, 0, text)
        self.assertEqual(self.send("HEAD", "team/gone/manifests/1").status, 404)


class Mirrored(OfRegistry):
    """Of a registry that is asked for by its own name (?ns=), where nobody is let in without a token, and where they are."""
    @classmethod
    def configure(cls, text):
        text = super().configure(text)
        return re.sub(r"(?m)^anonymous_pull: .*$", "anonymous_pull: false", text)

    @classmethod
    def fill(cls):
        cls.make_registry()
        cls.image = images.simple("theirs")
        cls.registry.push("team/theirs", "1", cls.image)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        people.person(cls.service, "anna", "reader/mcr")
        cls.annas, _ = people.token(cls.service, "anna")

    def test_containerd(self):
        """By the mirrored registry's own name, as Kubernetes has it; and by ours."""
        for user, good in ((f"anna:{self.annas}", True), ("anna:chp_" + "0" * 64, False)):
            with Containerd({self.upstream_host: hosts_toml(self.service.url)}) as client:
                status, text = client.pull(f"{self.upstream_host}/team/theirs:1", "--user", user)
                self.assertEqual(status == 0, good, text)
                if good:
                    self.assertEqual(client.content(self.image.digest), self.image.manifest.data)
        with Containerd() as client:
            status, text = client.pull(f"{self.host}/team/theirs:1", "--plain-http", "--user", f"anna:{self.annas}")
            self.assertEqual(status, 0, text)

    def test_skopeo(self):
        with Skopeo() as client:
            status, text = client.copy(f"{self.host}/team/theirs:1", "to", "--src-creds", f"anna:{self.annas}")
            self.assertEqual(status, 0, text)
            status, text = client.copy(f"{self.host}/team/theirs:1", "no")
            self.assertNotEqual(status, 0, text)

    def test_names_of_the_other_registry(self):
        """A token that is asked for by them is for the same images by ours."""
        query = f"service=customhouse&scope=repository:team/theirs:pull&ns={self.upstream_host}"
        a = raw.ask(self.service.port, "/oauth2/token?" + query, {"Authorization": basic(self.annas)})
        self.assertEqual(a.status, 200, a)
        token = json.loads(a.body)["token"]
        self.assertEqual([(s["name"], s["actions"]) for s in part(token, 1)["access"]], [("mcr/team/theirs", ["pull"])])
        for ns in (True, False):
            a = self.ask("team/theirs", "manifests", self.image.digest, {"Authorization": f"Bearer {token}"}, ns=ns)
            self.assertEqual((a.status, a.body), (200, self.image.manifest.data), a)
        a = raw.ask(self.service.port, "/oauth2/token?service=customhouse&scope=repository:team/theirs:pull&ns=none.example.org",
                    {"Authorization": basic(self.annas)})
        self.assertEqual(part(json.loads(a.body)["token"], 1)["access"], [])
