"""Installing through quarantine, against a generated upstream: what works, and what is refused."""
from house import wheels
from house.case import Quarantine, add_wheel, days_ago, file_path, in_parallel
from house.clients import KINDS, Client
from house.through import installed, not_through
from house.upstream import File, Upstream

FORGERIES = {"forged": "zip-", "referrer": "direct-reference", "compiled": "pyc-unchecked",
             "lying": "hash-mismatch", "longer": "size-mismatch"}


class Installing(Quarantine):
    @classmethod
    def fill(cls):
        add_wheel(cls.up, "leaf", "1.0")
        add_wheel(cls.up, "leaf", "1.1", sidecar=False)
        add_wheel(cls.up, "tree", "2.0", requires=["leaf>=1.0"])
        add_wheel(cls.up, "young", "1.0")
        add_wheel(cls.up, "young", "2.0", days=1)
        add_wheel(cls.up, "only-young", "1.0", days=2)
        add_wheel(cls.up, "for-two", "1.0", requires_python="<3")
        add_wheel(cls.up, "for-two", "2.0", days=1)
        tag = "cp311-cp311-win_amd64"
        cls.up.add("elsewhere", File(wheels.file_name("elsewhere", "1.0", tag), wheels.wheel("elsewhere", "1.0", tag=tag),
                                     uploaded=days_ago(400)))
        add_wheel(cls.up, "elsewhere", "2.0", days=1)
        add_wheel(cls.up, "finished", "1.0a1")
        add_wheel(cls.up, "finished", "2.0", days=1)
        add_wheel(cls.up, "forged", "1.0", data=wheels.forged_directory("forged", "1.0"))
        add_wheel(cls.up, "referrer", "1.0", sidecar=False,
                  data=wheels.direct_reference("referrer", "1.0", "https://evil.example.org/x.whl"))
        add_wheel(cls.up, "compiled", "1.0", data=wheels.unchecked_pyc("compiled", "1.0"))
        lying = add_wheel(cls.up, "lying", "1.0")
        lying.sha256 = "1" * 64
        ways = {"longer": lambda h: Upstream.send(h, 200, "application/zip", b"x" * 5000) or True,
                "gone": lambda h: Upstream.send(h, 404, "text/plain", b"no") or True}
        for name in ways:
            add_wheel(cls.up, name, "1.0", sidecar=False)
        cls.up.behave = lambda path: ways.get(path.split("/")[-1].split("-")[0]) if "/files/" in path else None

    def test_installs_with_dependencies(self):
        def check(client):
            self.installs(client, "tree", "tree", "2.0")
            self.assertEqual(client.imports("leaf"), "1.1")
        self.with_clients(check)

    def test_every_file_came_through_the_gateway(self):
        """One client after the other, so that none accounts for another."""
        seen = len(self.service.access_log())
        for kind in KINDS:
            with self.subTest(client=kind), Client(kind) as client:
                self.installs(client, "tree")
                lines = self.service.access_log()[seen:]
                seen += len(lines)
                self.assertEqual([name for name, *_ in installed(client)], ["leaf", "tree"])
                self.assertEqual(not_through(client, self.service, lines), [])
                self.assertNotEqual(not_through(client, self.service, []), [])

    def test_a_young_version_that_no_other_can_replace_says_why(self):
        """Others are there, but not for this Python, this platform, or unasked (a pre-release)."""
        for project in ("for-two", "elsewhere", "finished"):
            with self.subTest(project=project):
                self.with_clients(lambda client: self.is_refused(client, project, "released 1 day ago"))

    def test_a_young_version_is_passed_over(self):
        self.with_clients(lambda client: self.installs(client, "young", "young", "1.0"))

    def test_a_pin_of_a_young_version_explains_itself(self):
        self.with_clients(lambda client: self.is_refused(client, "young==2.0", "the policy asks for 7"))

    def test_where_nothing_is_allowed_the_reason_is_seen(self):
        self.with_clients(lambda client: self.is_refused(client, "only-young", "the policy asks for 7"))

    def test_a_range_that_only_a_held_version_is_in(self):
        """uv says why; pip leaves yanked versions out of all but a pin, and names the versions that there are (PEP 592)."""
        def check(client):
            status, text = client.install(self.index, "young>1.5")
            self.assertNotEqual(status, 0, text)
            if client.kind == "uv":
                self.assertIn("the policy asks for 7", text)
            else:
                self.assertIn("No matching distribution found for young>1.5", text)
                self.assertIn("2.0", text)
        self.with_clients(check)

    def test_another_size_is_told_by_explain(self):
        f = self.up.find(wheels.file_name("longer", "1.0"))
        a = self.refused("longer", "1.0", f"finding size-mismatch: is not of the size the index stated: {len(f.data)} bytes "
                                          "stated, 5000 received")
        entry = self.explained("pypi:longer")[f.name]
        self.assertEqual((entry["verdict"], entry["rule"]), ("hold", "finding size-mismatch"))
        self.assertIn(f"{len(f.data)} bytes stated, 5000 received", entry["reason"])
        shown = self.service.ask("/-/x/" + a.reason.rsplit("/-/x/", 1)[1])
        self.assertEqual(shown.status, 200)
        self.assertIn(f"{len(f.data)} bytes stated, 5000 received".encode(), shown.body)

    def test_attacks_are_refused_by_name(self):
        def check(client):
            for project, finding in FORGERIES.items():
                self.is_refused(client, project, finding)
        self.with_clients(check)

    def test_what_the_upstream_does_not_give_as_stated_says_why(self):
        """A 5xx pip would try again, and then it does not say why."""
        def check(client):
            self.is_refused(client, "gone", "finding file-missing: is listed by the index, and its upstream does not have it: it answered 404")
        self.with_clients(check, ("pip-newest", "uv"))

    def test_approve_makes_the_same_command_succeed(self):
        add_wheel(self.up, "wanted", "1.0")
        add_wheel(self.up, "wanted", "2.0", days=1)

        def refused(client):
            self.is_refused(client, "wanted==2.0", "the policy asks for 7")
        self.with_clients(refused)
        status, out, err = self.service.command("approve", "pypi:wanted==2.0", "--reason",
                                                "reviewed by hand", "--expires", "14d")
        self.assertEqual(status, 0, out + err)
        self.with_clients(lambda client: self.installs(client, "wanted==2.0", "wanted", "2.0"))

    def test_deny_acts_at_once(self):
        add_wheel(self.up, "fallen", "1.0")
        with Client("pip-newest") as client:
            self.installs(client, "fallen")
        path = file_path("fallen", "1.0")
        self.assertEqual(self.service.ask(path).status, 200)
        status, out, err = self.service.command("deny", "pypi:fallen", "--reason", "compromised")
        self.assertEqual(status, 0, out + err)
        self.refused("fallen", "1.0", "compromised")

    def test_deny_before_any_file_is_known(self):
        status, out, err = self.service.command("deny", "pypi:expected", "--reason", "typosquat of ours")
        self.assertEqual(status, 0, out + err)
        add_wheel(self.up, "expected", "1.0")
        self.refused("expected", "1.0", "typosquat of ours")

    def test_deny_covers_what_the_words_take(self):
        """`==1.0` takes local versions (PEP 440), `>1.0` what comes after 1.0, though clients leave it out."""
        for version in ("0.9", "1.0", "1.0+local.1"):
            add_wheel(self.up, "labelled", version)
        for version in ("1.0", "1.0.post1", "1.0+local.1"):
            add_wheel(self.up, "later", version)
        for what in ("labelled==1.0", "later>1.0"):
            status, out, err = self.service.command("deny", what, "--reason", "not ours")
            self.assertEqual(status, 0, out + err)

        def check(client):
            for what in ("labelled==1.0", "labelled==1.0+local.1", "later==1.0+local.1", "later==1.0.post1"):
                self.is_refused(client, what, "not ours")
            self.installs(client, "labelled", "labelled", "0.9")
            self.installs(client, "later==1.0", "later", "1.0")
        self.with_clients(check, ["pip-newest", "uv"])
        page = self.page("labelled")
        for version in ("1.0", "1.0+local.1"):
            self.assertEqual(page[wheels.file_name("labelled", version)]["yanked"], "denied by policy: not ours")

    def test_approve_does_not_lift_an_attack(self):
        for project in FORGERIES:
            with self.subTest(project=project):
                status, out, err = self.service.command("approve", f"{project}==1.0", "--reason", "no",
                                                        "--expires", "1d")
                self.assertEqual(status, 1, out + err)
                self.assertEqual(self.service.ask(file_path(project, "1.0")).status, 403)

    def test_approve_asks_for_reason_and_end(self):
        for args in (["--expires", "1d"], ["--reason", "why", "--expires", "never"],
                     ["--reason", "why", "--expires", "366d"]):
            with self.subTest(args=args):
                status, out, err = self.service.command("approve", "pypi:young==2.0", *args)
                self.assertEqual(status, 2, out + err)

    def test_explain(self):
        status, out, err = self.service.command("explain", "pypi:young")
        self.assertEqual(status, 0, err)
        self.assertIn("the policy asks for 7", out)
        self.assertIn("policy.yaml:", out)
        self.assertEqual(self.service.ask(file_path("forged", "1.0")).status, 403)
        for what in ("forged-1.0-py3-none-any.whl", "forged==1.0",
                     self.service.url + file_path("forged", "1.0")):
            with self.subTest(what=what):
                self.assertEqual(self.explained(what)[wheels.file_name("forged", "1.0")]["verdict"], "deny")

    def test_fetched_by(self):
        with Client("pip-newest") as client:
            self.installs(client, "leaf==1.0")

        def told():
            status, out, err = self.service.command("fetched-by", "leaf-1.0-py3-none-any.whl")
            return status == 0 and "127.0.0.1" in out and "pip" in out
        self.eventually(told)

    def test_many_clients_want_the_same_new_file(self):
        f = add_wheel(self.up, "popular", "1.0")
        path, before = file_path("popular", "1.0"), len(self.up.asked)
        ended = in_parallel({i: lambda: self.assertEqual(self.service.ask(path).body, f.data)
                             for i in range(20)})
        for e in ended.values():
            if e:
                raise e
        asked = self.up.asked[before:]
        self.assertEqual(sum(1 for p in asked if p.endswith(".whl")), 1, asked)
        self.assertEqual(sum(1 for p in asked if p == "/simple/popular/"), 1, asked)


if __name__ == "__main__":
    import unittest
    unittest.main()
