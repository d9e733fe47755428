# SPDX-License-Identifier: Apache-2.0
"""A service that accepts and never says a word."""
import socket
import threading


class Silent:
    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.visitors = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                self.visitors.append(self.socket.accept()[0])
            except OSError:
                return

    def closed(self):
        """How many visitors have left."""
        gone = 0
        for visitor in self.visitors:
            visitor.setblocking(False)
            try:
                while visitor.recv(4096):
                    pass
                gone += 1
            except BlockingIOError:
                pass
            except OSError:
                gone += 1
        return gone

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        for visitor in self.visitors:
            visitor.close()
