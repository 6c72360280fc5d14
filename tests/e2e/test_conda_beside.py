"""The upstream's own documents beside its packages: run_exports.json and channeldata.json, asked for as conda-build,
rattler-build and search tools do. None of these clients is to be had here: their requests are replayed."""
import json
import unittest

from house import conda
from test_conda import OfChannel


class Beside(OfChannel):
    reserved = "    reserved: [ours]\n"

    @classmethod
    def fill(cls):
        cls.make_channel()
        cls.good = cls.channel.add("good", "1.0")
        cls.channel.add("good", "0.9", ending=".tar.bz2")
        cls.channel.add("ours", "1.0")
        cls.channel.add("native", "1.0", subdir="linux-64")
        cls.channel.documents["/chan/linux-64/run_exports.json"] = b'{"packages":{},"packages":{}}'
        exports = {f: {"run_exports": {"weak": [f], "evil": ["x"]}} for f in
                   ("good-1.0-0.conda", "ours-1.0-0.conda", "gone-1.0-0.conda")}
        cls.channel.documents["/chan/noarch/run_exports.json"] = json.dumps(
            {"info": {"subdir": "noarch", "version": 1}, "packages.conda": exports,
             "packages": {"good-0.9-0.tar.bz2": {"run_exports": {}}}}).encode()
        cls.channel.documents["/chan/channeldata.json"] = json.dumps(
            {"channeldata_version": 1, "subdirs": ["noarch", "linux-64"], "packages": {
                "good": {"version": "7.0", "summary": "it", "source_url": "https://example.org/7", "subdirs": ["linux-64"],
                         "run_exports": {"1.0": {"weak": ["good"]}, "7.0": {"weak": ["good"]}}},
                "ours": {"version": "1.0"}, "gone": {"version": "1.0"}}}).encode()

    def test_requests_of_builders_replayed_run_exports(self):
        a = self.service.ask("/chan/noarch/run_exports.json")
        self.assertEqual((a.status, a["Content-Type"]), (200, "application/json"), a)
        self.assertEqual(json.loads(a.body), {
            "info": {"subdir": "noarch", "version": 1}, "packages": {"good-0.9-0.tar.bz2": {"run_exports": {}}},
            "packages.conda": {"good-1.0-0.conda": {"run_exports": {"weak": ["good-1.0-0.conda"]}}}})
        z = self.service.ask("/chan/noarch/run_exports.json.zst")
        self.assertEqual((z.status, conda.unzstd(z.body)), (200, a.body))

    def test_requests_of_search_tools_replayed_channeldata(self):
        self.repodata()
        a = self.service.ask("/chan/channeldata.json")
        self.assertEqual(a.status, 200, a)
        self.assertEqual(json.loads(a.body), {"channeldata_version": 1, "subdirs": ["noarch"], "packages": {
            "good": {"summary": "it", "version": "1.0", "run_exports": {"1.0": {"weak": ["good"]}},
                     "subdirs": ["noarch"]}}})

    def test_unreadable_is_no_answer(self):
        a = self.service.ask("/chan/linux-64/run_exports.json")
        self.assertEqual(a.status, 502, a)
        self.assertIn(b"expected no key twice", a.body)


if __name__ == "__main__":
    unittest.main()
