"""Static nginx: as many workers as we have gateways, files kept open, access log buffered."""
import gzip
import os
import subprocess

from lib.processes import Server, free_port

CONF = """
{user}
worker_processes {workers};
pid {dir}/nginx.pid;
error_log {dir}/error.log;
daemon off;
events {{ worker_connections 1024; }}
http {{
  access_log {dir}/access.log combined buffer=64k flush=5s;
  sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000000; keepalive_timeout 75s;
  open_file_cache max=10000 inactive=1h; open_file_cache_valid 1h;
  client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3;
  uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5;
  types {{ text/html html; application/vnd.pypi.simple.v1+json json; }}
  default_type application/octet-stream;
  index index.json index.html;
  gzip_static on; gzip_vary on;
  root {dir}/www;
  server {{ listen 127.0.0.1:{plain}; }}
  server {{ listen 127.0.0.1:{tls} ssl; ssl_protocols TLSv1.2 TLSv1.3;
           ssl_certificate {cert}; ssl_certificate_key {key}; }}
}}
"""


def certificate(folder):
    """Paths of a self-signed certificate for loopback, and of its key."""
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    return cert, key


class Nginx:
    def __init__(self, folder, workers, cert, key):
        self.folder = folder
        self.www = os.path.join(folder, "www")
        os.makedirs(self.www)
        port, tls = free_port(), free_port()
        self.url, self.tls_url = f"http://127.0.0.1:{port}", f"https://127.0.0.1:{tls}"
        conf = os.path.join(folder, "nginx.conf")
        with open(conf, "w") as f:
            f.write(CONF.format(dir=folder, workers=workers, plain=port, tls=tls, cert=cert, key=key,
                                user="user root;" if os.geteuid() == 0 else ""))
        binary = "/usr/sbin/nginx"
        self.server = Server([binary, "-c", conf, "-p", folder], port, os.path.join(folder, "out.log"))

    def put(self, path, body, packed=False):
        """Serves `body` under `path`; with `packed` to those who take gzip, too."""
        full = os.path.join(self.www, path.lstrip("/"))
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as f:
            f.write(body)
        if packed:
            with open(full + ".gz", "wb") as f:
                f.write(gzip.compress(body, 6))

    def close(self):
        self.server.close()
