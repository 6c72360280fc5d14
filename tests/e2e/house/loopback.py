"""An HTTP server on loopback, of which a test says what it answers."""
import http.server
import ssl
import threading


class Loopback:
    """What is asked by `methods` comes to `handle(h)`, each in a thread of its own. `tls`: (certificate, key) files; `host`: how it is named.
    `behave(...)` may return a function that answers a request itself (handler) -> True when it did."""

    methods = ("GET",)

    def __init__(self, tls=None, host="127.0.0.1"):
        self.asked, self.down = [], False
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

        for method in self.methods:
            setattr(Handler, f"do_{method}", lambda h: outer.handle(h))

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, request, client_address):
                pass  # a peer that goes away is part of the tests

        self.server = Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.host, self.port = host, self.server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://{host}:{self.port}"

    def start(self):
        """When what `handle` needs is there."""
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def handle(self, h):
        raise NotImplementedError

    def is_answered(self, h, *asked):
        """It is down, or was told to behave otherwise: nothing more is to be said."""
        if self.down:
            h.close_connection = True
            return True
        special = self.behave(*asked)
        return bool(special and special(h))
