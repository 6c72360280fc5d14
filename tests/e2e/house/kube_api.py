"""The API server of a cluster, as far as `runtime sweep` asks it: pods of a namespace, a few at a time, and their deletion; over
TLS, for one service account. It lists what it was asked."""
import http.server
import json
import ssl
import threading
import urllib.parse

TOKEN = "eyJhbGciOi.service.account-token"
AT_ONCE = 2


def pod(namespace, name, *image_ids, uid=None, phase="Running", where="containerStatuses"):
    return {"metadata": {"namespace": namespace, "name": name, "uid": uid or f"uid-{namespace}-{name}"},
            "status": {"phase": phase, where: [{"name": f"c{i}", "imageID": image, "state": {"running": {}}} for i, image in enumerate(image_ids)]}}


class KubeApi:
    def __init__(self, certificates):
        self.pods, self.asked, self.refuse = [], [], {}
        house = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, body):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                house.asked.append((self.command, self.path, json.loads(body) if body else None))
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    return self.answer(401, {"kind": "Status", "code": 401})
                path, _, query = self.path.partition("?")
                if (self.command, path) in house.refuse:
                    return self.answer(house.refuse[self.command, path], {"kind": "Status"})
                parts = path.strip("/").split("/")
                if self.command == "GET" and parts[:3] == ["api", "v1", "namespaces"] and parts[4:] == ["pods"]:
                    return self.list(parts[3], urllib.parse.parse_qs(query))
                if self.command == "DELETE" and parts[:3] == ["api", "v1", "namespaces"] and parts[4] == "pods":
                    return self.delete(parts[3], parts[5], json.loads(body))
                return self.answer(404, {"kind": "Status", "code": 404})

            def list(self, namespace, query):
                """Goes on behind a name, as a real one does: what is deleted meanwhile moves nothing."""
                after = query["continue"][0].removeprefix("a&fter=") if "continue" in query else ""
                pods = sorted((p for p in house.pods if p["metadata"]["namespace"] == namespace and p["metadata"]["name"] > after),
                              key=lambda p: p["metadata"]["name"])
                more = "a&fter=" + pods[AT_ONCE - 1]["metadata"]["name"] if len(pods) > AT_ONCE else ""
                return self.answer(200, {"kind": "PodList", "metadata": {"continue": more}, "items": pods[:AT_ONCE]})

            def delete(self, namespace, name, options):
                for p in house.pods:
                    if (p["metadata"]["namespace"], p["metadata"]["name"]) == (namespace, name):
                        if options["preconditions"]["uid"] != p["metadata"]["uid"]:
                            return self.answer(409, {"kind": "Status", "code": 409})
                        house.pods.remove(p)
                        return self.answer(200, p)
                return self.answer(404, {"kind": "Status", "code": 404})

            do_GET = do_DELETE = do_POST = do_PUT = do_PATCH = do

            def log_message(self, *_args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.pem("server"), certificates.key("server"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
