"""devpi-server and proxpi as mirrors of the local upstream."""
import base64
import json
import os
import subprocess
import urllib.request

from lib.processes import Server, free_port
from lib.result import Skip


class Devpi:
    """devpi-server with one mirror index."""
    name = "devpi-server"

    def __init__(self, tools, folder, upstream_url):
        if not tools.has("devpi-server"):
            raise Skip("devpi-server is not installed")
        data = os.path.join(folder, "devpi")
        subprocess.run([tools.path("devpi-init"), "--serverdir", data, "--no-root-pypi", "--root-passwd", "x"],
                       check=True, capture_output=True)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.server = Server([tools.path("devpi-server"), "--serverdir", data, "--host", "127.0.0.1",
                              "--port", str(port)], port, os.path.join(folder, "devpi.log"))
        try:
            token = self._ask("POST", "/+login", {"user": "root", "password": "x"})["result"]["password"]
            self._ask("PUT", "/root/bench", {"type": "mirror", "volatile": False, "mirror_url": upstream_url + "/",
                                             "mirror_cache_expiry": 86400}, token)
        except BaseException:
            self.close()
            raise

    def _ask(self, method, path, body, token=None):
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            headers["X-Devpi-Auth"] = base64.b64encode(f"root:{token}".encode()).decode()
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as r:
            return json.load(r)

    def page(self, project):
        return f"{self.url}/root/bench/+simple/{project}/"

    def close(self):
        self.server.close()


class Proxpi:
    """proxpi as its own container image runs it: gunicorn, one process, two threads."""
    name = "proxpi"

    def __init__(self, tools, folder, upstream_url):
        if not tools.has("gunicorn"):
            raise Skip("proxpi is not installed")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        cache = os.path.join(folder, "proxpi")
        os.makedirs(cache)
        env = dict(os.environ, PROXPI_INDEX_URL=upstream_url + "/", PROXPI_CACHE_DIR=cache,
                   PROXPI_INDEX_TTL="86400", PROXPI_DOWNLOAD_TIMEOUT="30", NO_PROXY="127.0.0.1")
        self.server = Server([tools.path("gunicorn"), "--preload", "--threads", "2", "--bind", f"127.0.0.1:{port}",
                              "--access-logfile", os.path.join(folder, "proxpi-access.log"), "proxpi.server:app"],
                             port, os.path.join(folder, "proxpi.log"), env=env)

    def page(self, project):
        return f"{self.url}/index/{project}/"

    def close(self):
        self.server.close()
