"""Source distributions: an honest one is built by pip from what came through the gateway; one that says
it is another project's is refused by name."""
from house import sdists
from house.case import Quarantine, add_wheel, days_ago
from house.clients import Client
from house.upstream import File


def add_sdist(up, name, version, **kw):
    f = File(sdists.file_name(name, version), sdists.sdist(name, version, **kw), uploaded=days_ago(400))
    up.add(name, f)
    return f


class Sdists(Quarantine):
    @classmethod
    def fill(cls):
        name, version, data = sdists.backend()
        add_wheel(cls.up, name, version, data=data)
        add_sdist(cls.up, "sourced", "1.0")
        add_sdist(cls.up, "masked", "1.0", inside="sourced")

    def test_an_honest_sdist_is_built_and_installed(self):
        with Client("pip-newest") as client:
            self.installs(client, "sourced", "sourced", "1.0")
        served = {r["path"] for r in self.service.access_log() if r["status"] == 200}
        self.assertIn("/pypi/files/sourced/" + sdists.file_name("sourced", "1.0"), served)

    def test_one_of_another_project_is_refused_by_name(self):
        with Client("pip-newest") as client:
            self.is_refused(client, "masked", "sdist-name-differs")
        told = self.explained("masked==1.0")[sdists.file_name("masked", "1.0")]
        self.assertEqual(told["verdict"], "deny")

    def test_no_metadata_is_announced_that_the_upstream_does_not(self):
        entry = self.page("sourced")[sdists.file_name("sourced", "1.0")]
        self.assertFalse(entry.get("core-metadata"))
