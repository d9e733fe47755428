# SPDX-License-Identifier: Apache-2.0
"""A real server of MongoDB's protocol, FerretDB over SQLite, on free loopback ports, and pymongo as its other client.

FerretDB has its plain and its TLS listener on two ports, and meets a TLS handshake on the plain one with silence. MongoDB
has one port and closes: Front stands before FerretDB and does that.
"""
import functools
import signal
import socket
import ssl
import subprocess
import sys
import threading

from support.processes import free_port, wait_until
from support.program import ROOT, certificates
from support.server import Server

ROOT_PASSWORD = "pw-root"
ACCOUNTS = [  # user, password, database, mechanisms
    ("app", "pw-app", "admin", ["SCRAM-SHA-1", "SCRAM-SHA-256"]),
    ("modern", "pw-modern", "admin", ["SCRAM-SHA-256"]),
    ("old", "pw-old", "admin", ["SCRAM-SHA-1"]),
    ("local", "pw-local", "orders", ["SCRAM-SHA-256"]),
]


def setup(name):
    return subprocess.run([ROOT / "tests" / "setup" / name], check=True, capture_output=True, text=True).stdout.strip()


def definition(url, user="app", password="pw-app", **more):
    """A ConnectionInput of type MONGODB."""
    return {"Name": "orders", "ConnectionType": "MONGODB",
            "ConnectionProperties": {"CONNECTION_URL": url, "USERNAME": user, "PASSWORD": password, **more}}


@functools.cache
def pymongo():
    """The module, which shares no code with ours."""
    sys.path.insert(0, setup("pymongo"))
    import pymongo as module
    return module


class FerretDB(Server):
    """SET makes it a replica set of one; CLIENT_CA demands client certificates on the TLS port."""

    def __init__(self, certificate="good", set_name=None, client_ca=False):
        super().__init__()
        made = certificates()
        self.tls_port = free_port()
        (self.folder / "data").mkdir()
        command = [setup("ferretdb"), "--handler=sqlite", f"--sqlite-url=file:{self.folder}/data/", f"--state-dir={self.folder}",
                   "--telemetry=disable", "--debug-addr=-", "--log-level=error", f"--listen-addr=127.0.0.1:{self.port}",
                   f"--listen-tls=127.0.0.1:{self.tls_port}", f"--listen-tls-cert-file={made}/{certificate}.pem",
                   f"--listen-tls-key-file={made}/{certificate}.key", "--test-enable-new-auth", "--setup-username=root",
                   f"--setup-password={ROOT_PASSWORD}", "--setup-database=admin"]
        if client_ca:
            command.append(f"--listen-tls-ca-file={made}/ca.pem")
        if set_name:
            command.append(f"--repl-set-name={set_name}")
        self.spawn(command)
        wait_until(self.answers, 20, "FerretDB")
        with self.client() as client:
            for user, password, database, mechanisms in ACCOUNTS:
                self.create_user(client, user, password, database, mechanisms)
            client["orders"]["lines"].insert_one({"n": 1})

    def client(self, user="root", password=ROOT_PASSWORD, **options):
        options = {"serverSelectionTimeoutMS": 5000, "directConnection": True, **options}
        return pymongo().MongoClient("127.0.0.1", self.port, username=user, password=password, **options)

    @staticmethod
    def create_user(client, user, password, database="admin", mechanisms=("SCRAM-SHA-256",)):
        client[database].command({"createUser": user, "pwd": password, "roles": [], "mechanisms": list(mechanisms)})

    def stop(self, how=signal.SIGKILL):
        super().stop(how)

    def url(self, database="orders", host="localhost", query="", tls=False):
        return f"mongodb://{host}:{self.tls_port if tls else self.port}/{database}{query}"


class Front:
    """One port before SERVER that behaves as MongoDB's does. MODE is its net.tls.mode: disabled (a TLS handshake is
    closed), preferTLS (both), requireTLS (anything but TLS is closed). CERTIFICATE may be changed while it runs."""

    def __init__(self, port, mode="preferTLS", certificate="good", client_ca=False, version=None):
        self.to, self.mode, self.certificate, self.client_ca, self.version = port, mode, certificate, client_ca, version
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        self.seen = []  # whether TLS, for each connection

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.handle, args=(connection,), daemon=True).start()

    def secure(self, connection):
        made = certificates()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.load_cert_chain(made / f"{self.certificate}.pem", made / f"{self.certificate}.key")
        if self.version:
            context.minimum_version = context.maximum_version = self.version
        if self.client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(made / "ca.pem")
        return context.wrap_socket(connection, server_side=True)

    def handle(self, connection):
        try:
            is_tls = connection.recv(2, socket.MSG_PEEK)[:1] == b"\x16"
            self.seen.append(is_tls)
            if is_tls == (self.mode == "disabled") and (is_tls or self.mode == "requireTLS"):
                return connection.close()
            if not is_tls and self.mode == "requireTLS":
                return connection.close()
            near = self.secure(connection) if is_tls else connection
            far = socket.create_connection(("127.0.0.1", self.to))
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.pump, args=(far, near), daemon=True).start()
            self.pump(near, far)
        except OSError:
            connection.close()

    @staticmethod
    def pump(source, target):
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
        except (OSError, ValueError):
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def url(self, database="orders", host="localhost", query=""):
        return f"mongodb://{host}:{self.port}/{database}{query}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()
