"""What the host's pip is configured for: the upstream of the cold rows. No registry is named here."""
import os
import re
import ssl
import subprocess
import sys
import urllib.error
import urllib.request

from lib.result import Skip

BUILT_IN = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
OPTION = re.compile(r"^(?:global|download|install|:env:)\.(index-url|cert|proxy)='(.*)'$", re.MULTILINE)


def _run(*argv):
    return subprocess.run([sys.executable, *argv], capture_output=True, text=True).stdout.strip()


class HostPip:
    def __init__(self):
        set_by = dict(OPTION.findall(_run("-m", "pip", "config", "list")))
        self.index_url = (set_by.get("index-url") or _run("-c", BUILT_IN)).rstrip("/")
        self.cert = set_by.get("cert")
        self.proxy = set_by.get("proxy")

    def must_answer(self):
        """Skip with the reason unless a page comes."""
        if not self.index_url:
            raise Skip("this host's pip names no index")
        context = ssl.create_default_context(cafile=self.cert)
        try:
            with urllib.request.urlopen(self.index_url + "/flask/", timeout=20, context=context) as r:
                r.read()
        except (OSError, urllib.error.URLError) as e:
            raise Skip(f"the index of this host's pip does not answer: {getattr(e, 'reason', e)}") from None

    def arguments(self):
        """For pip, to go straight there."""
        return (["--cert", self.cert] if self.cert else []) + (["--proxy", self.proxy] if self.proxy else [])

    def environment(self):
        """For uv, the same; and the host's proxies for both."""
        env = {k: v for k, v in os.environ.items() if k.lower() in ("http_proxy", "https_proxy", "all_proxy")}
        if self.cert:
            env["SSL_CERT_FILE"] = self.cert
        if self.proxy:
            env["HTTPS_PROXY"] = env["HTTP_PROXY"] = self.proxy
        return env
