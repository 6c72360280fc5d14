"""What real clients choose from a page with held files on it: another version where they can take one, else
the reason why not."""
import unittest

from house import sdists, wheels
from house.case import Quarantine, add_wheel, days_ago
from house.upstream import File

OLD, YOUNG = 400, 1
WHY = "the policy asks for 7"


def add(up, name, version, days, tag="py3-none-any", requires_python=None, yanked=False):
    data = wheels.wheel(name, version, tag=tag, requires_python=requires_python)
    up.add(name, File(wheels.file_name(name, version, tag), data, uploaded=days_ago(days), yanked=yanked,
                      requires_python=requires_python, sidecar=wheels.metadata(name, version, (), requires_python)))


def add_sdist(up, name, version, days):
    """It says of no Python that it is for it."""
    up.add(name, File(sdists.file_name(name, version), sdists.sdist(name, version), uploaded=days_ago(days)))


class Choice(Quarantine):
    @classmethod
    def fill(cls):
        up = cls.up
        name, version, data = sdists.backend()
        add_wheel(up, name, version, data=data)
        # the newest is a source distribution, or is built for others too
        add(up, "source", "1.0", OLD)
        add_sdist(up, "source", "2.0", YOUNG)
        add(up, "mixed", "1.0", OLD)
        add(up, "mixed", "2.0", YOUNG, "cp311-cp311-win_amd64")
        add(up, "mixed", "2.0", YOUNG)
        # the older one is a source distribution, which not everybody takes who takes a wheel
        add_sdist(up, "builds", "1.0", OLD)
        add(up, "builds", "2.0", YOUNG)
        # both are
        add_sdist(up, "built", "1.0", OLD)
        add_sdist(up, "built", "2.0", YOUNG)
        # an older one that this client cannot take
        add(up, "windows", "1.0", OLD, "py3-none-win_amd64")
        add(up, "windows", "2.0", YOUNG)
        add(up, "pythonless", "1.0", OLD, requires_python=">=3.99")
        add(up, "pythonless", "2.0", YOUNG)
        add(up, "ancient", "1.0", OLD, "py2-none-any")
        add(up, "ancient", "2.0", YOUNG)
        # pre-releases and what the upstream has yanked are no other version
        add(up, "early", "2.0", YOUNG)
        add(up, "early", "3.0rc1", OLD)
        add(up, "regretted", "1.0", OLD, yanked="eats data")
        add(up, "regretted", "2.0", YOUNG)
        # the newer one needs another Python: it is no client's that cannot take it
        add(up, "future", "1.0", OLD)
        add(up, "future", "2.0", YOUNG, requires_python=">=3.99")

    def test_another_version_is_taken(self):
        def check(client):
            for name in ("source", "mixed", "built", "future"):
                self.installs(client, name, name, "1.0")
            self.is_refused(client, "source==2.0", WHY)
            self.is_refused(client, "mixed==2.0", WHY)
        self.with_clients(check, ["pip-newest", "uv"])

    def test_the_reason_is_met_where_there_is_none(self):
        def check(client):
            for name in ("builds", "windows", "pythonless", "ancient", "early", "regretted"):
                self.is_refused(client, name, WHY)
            self.is_refused(client, "builds", WHY, "--only-binary", ":all:")
        self.with_clients(check, ["pip-newest", "uv"])


if __name__ == "__main__":
    unittest.main()
