# SPDX-License-Identifier: Apache-2.0
"""A threaded HTTP server of the tests, over TLS or in the clear."""
import http.server
import socket
import ssl
import threading

from support.program import certificates


class Web:
    """Serves by HANDLER until its end; CERTIFICATE is a name of the tests' certificates, None for plain HTTP."""

    def __init__(self, handler, certificate="good", address="127.0.0.1"):
        kind = type("Listener", (http.server.ThreadingHTTPServer,),
                    {"address_family": socket.AF_INET6 if ":" in address else socket.AF_INET, "daemon_threads": True})
        self.server = kind((address, 0), handler)
        self.port = self.server.server_address[1]
        self.server.seen = self.seen = []
        self.url = f"{'https' if certificate else 'http'}://localhost:{self.port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates() / f"{certificate}.pem", certificates() / f"{certificate}.key")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
