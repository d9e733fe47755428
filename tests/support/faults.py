# SPDX-License-Identifier: Apache-2.0
"""The servers of the fault matrix, and the scenes that its rows are played in: each is entered once and put back after.

A scene gives what a definition needs to know: of each engine host, port, and how testconn is run."""
import contextlib
import os
import pathlib
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile

import psycopg2

from support import bad_peer
from support.lab import SERVER, Lab
from support.mysql import MariaDB
from support.mysql_clients import Session
from support.postgresql import HBA, PostgreSQL
from support.processes import free_port, wait_until
from support.program import PROGRAM, ROOT, certificates

PORTS = {"PostgreSQL": 5432, "MariaDB": 3306, "NETWORK": 8200}
OPEN_CNF = "openssl_conf=o\n[o]\nssl_conf=s\n[s]\nsystem_default=d\n[d]\nCipherString=ALL:@SECLEVEL=0\nMinProtocol=TLSv1\n"


class Place:
    """Where the engines are found in a scene: PORTS of each at HOST; RUN is the command that testconn is run by, ALONE
    whether each test is a run of its own."""

    def __init__(self, ports, host="localhost", run=(), timeout="5s", alone=False):
        self.alone = alone
        self.ports, self.host, self.run, self.timeout = ports, host, [*map(str, run), str(PROGRAM)], timeout


class World:
    """All servers, each started when its first scene needs it."""

    def __init__(self):
        self.stack = contextlib.ExitStack()
        self.started = {}
        self.folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="testconn-faults-")))
        self.folder.chmod(0o755)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def get(self, name, make):
        if name not in self.started:
            self.started[name] = self.stack.enter_context(make())
        return self.started[name]

    def lax(self, make):
        """A server that serves weak certificates and old TLS as well, which Debian's OpenSSL does not by itself."""
        (self.folder / "openssl.cnf").write_text(OPEN_CNF)
        os.environ["OPENSSL_CONF"] = str(self.folder / "openssl.cnf")
        try:
            return make()
        finally:
            del os.environ["OPENSSL_CONF"]

    def postgresql(self):
        hba = HBA.replace("host    all clear", "host all sspi all gss\nhost    all clear")
        return self.get("PostgreSQL", lambda: self.lax(lambda: PostgreSQL(hba=hba, max_connections="8", superuser_reserved_connections="3",
                                                                          max_wal_senders="0")))

    def mariadb(self):
        return self.get("MariaDB", lambda: self.lax(lambda: MariaDB("--ssl-cipher=ALL:@SECLEVEL=0")))

    def lab(self):
        lab = self.get("lab", Lab)
        for router in ("r1", "r2"):  # one asks for three: what a router says to one host is limited
            lab.run(router, "sysctl", "-qw", "net.ipv4.icmp_ratelimit=0")
        return lab

    def both(self, **more):
        postgresql, mariadb = self.postgresql(), self.mariadb()
        return Place({"PostgreSQL": postgresql.port, "MariaDB": mariadb.port, "NETWORK": postgresql.port}, **more)

    def scene(self, words):
        """The scene of WORDS: its name, and what it is told."""
        name, *arguments = words.split(" ", 1)
        return getattr(self, f"scene_{name}")(*arguments)

    # On loopback, with the real servers.

    @contextlib.contextmanager
    def scene_servers(self):
        yield self.both()

    @contextlib.contextmanager
    def scene_crossed(self):
        """Each asked for the other."""
        place = self.both()
        place.ports = {"PostgreSQL": place.ports["MariaDB"], "MariaDB": place.ports["PostgreSQL"], "NETWORK": place.ports["MariaDB"]}
        yield place

    @contextlib.contextmanager
    def scene_password(self, password):
        """The account app has PASSWORD."""
        as_superuser(self.postgresql(), "alter role app password %s", password)
        as_root(self.mariadb(), password)
        try:
            yield self.both()
        finally:
            as_superuser(self.postgresql(), "alter role app password %s", "pw-app")
            as_root(self.mariadb(), "pw-app")

    @contextlib.contextmanager
    def scene_certificate(self, name):
        self.serve(name)
        try:
            yield self.both()
        finally:
            self.serve("good")

    @contextlib.contextmanager
    def scene_clock(self, date):
        """This host's clock stands at DATE. In a batch the templates' environment is empty, and with it their clock right."""
        yield self.both(alone=True, run=["/usr/bin/faketime", date])

    @contextlib.contextmanager
    def scene_plain(self):
        """Servers without TLS."""
        postgresql = self.postgresql()
        mariadb = self.get("MariaDB without TLS", lambda: MariaDB(certificate=None))
        set_tls(postgresql, "off")
        try:
            yield Place({"PostgreSQL": postgresql.port, "MariaDB": mariadb.port, "NETWORK": postgresql.port})
        finally:
            set_tls(postgresql, "on")

    @contextlib.contextmanager
    def scene_full(self):
        """No session more is let in."""
        postgresql, mariadb = self.postgresql(), self.mariadb()
        mariadb.sql("set global max_connections = 10")
        with contextlib.ExitStack() as held:
            wait_until(lambda: not take_session(postgresql, held), 20, "a full PostgreSQL")
            wait_until(lambda: mariadb.counter("Threads_connected") > 10 or held.enter_context(Session(mariadb, "app")) is None,
                       20, "a full MariaDB")
            yield self.both()
        wait_until(lambda: mariadb.ask("set global max_connections = 151", check=False) is not None, 10, "room in MariaDB")
        wait_until(lambda: take_session(postgresql, held) and not held.close(), 10, "room in PostgreSQL")

    @contextlib.contextmanager
    def scene_frozen(self):
        postgresql, mariadb = self.postgresql(), self.mariadb()
        postgresql.freeze()
        mariadb.freeze()
        try:
            yield self.both(timeout="1200ms")
        finally:
            postgresql.thaw()
            mariadb.thaw()

    @contextlib.contextmanager
    def scene_leaving(self):
        """A PostgreSQL that shuts down and waits for a session to leave."""
        with PostgreSQL() as leaving:
            session = connect(leaving)
            leaving.process.terminate()
            wait_until(lambda: not refused_never(leaving), 5, "the shutdown")
            yield Place({"PostgreSQL": leaving.port})
            session.close()

    @contextlib.contextmanager
    def scene_standby(self):
        """A PostgreSQL in recovery that takes no sessions meanwhile."""
        with PostgreSQL(hot_standby="off") as standby:
            standby.stop()
            (standby.data / "standby.signal").touch()
            standby.own(standby.data / "standby.signal")
            standby.start(wait=False)
            wait_until(standby.answers, 10, "the standby")
            yield Place({"PostgreSQL": standby.port})

    # On loopback, with peers that misbehave.

    @contextlib.contextmanager
    def scene_peer(self, name):
        """NAME of each engine's bad peers; that of the shared ones where it has none of its own."""
        behaviours = {engine: {**bad_peer.PEERS, **own}.get(name) for engine, own in (
            ("PostgreSQL", bad_peer.POSTGRESQL), ("MariaDB", bad_peer.MYSQL), ("NETWORK", bad_peer.NETWORK))}
        with bad_peer.Peers({engine: behave for engine, behave in behaviours.items() if behave}) as peers:
            yield Place(peers.port, host="127.0.0.1", timeout="1200ms")

    @contextlib.contextmanager
    def scene_closed(self):
        yield Place(dict.fromkeys(PORTS, free_port()), host="127.0.0.1")

    # In network namespaces.

    def inside(self, timeout="1500ms", host=SERVER):
        return Place(PORTS, host=host, run=self.lab().inside("client"), timeout=timeout)

    @contextlib.contextmanager
    def scene_path(self, rule):
        """The second router applies RULE to what it forwards; nobody listens behind it."""
        undo = self.lab().filter("r2", rule)
        try:
            yield self.inside()
        finally:
            undo()

    @contextlib.contextmanager
    def scene_route(self):
        lab = self.lab()
        lab.run("client", "ip", "route", "del", "default")
        try:
            yield self.inside()
        finally:
            lab.run("client", "ip", "route", "add", "default", "via", "10.71.1.2")

    @contextlib.contextmanager
    def scene_resolver(self, how):
        """The client's name server: "silent", or one that knows no name."""
        lab = self.lab()
        folder = pathlib.Path("/etc/netns") / lab.name("client")
        folder.mkdir(parents=True)
        (folder / "resolv.conf").write_text(f"nameserver {'10.71.3.53' if how == 'silent' else '127.0.0.1'}\n")
        process = undo = None
        try:
            if how == "silent":
                undo = lab.filter("r1", "udp dport 53 drop")
            else:
                process = lab.spawn("client", sys.executable, ROOT / "tests" / "support" / "no_names.py", stdout=subprocess.PIPE)
                assert process.stdout.readline() == b"ready\n"
            yield self.inside(host="db.example")
        finally:
            if undo:
                undo()
            if process:
                process.kill()
                process.wait()
            shutil.rmtree(folder)

    @contextlib.contextmanager
    def scene_lossy(self, rule):
        """TLS peers with a long certificate chain behind a path that drops what RULE says of their packets."""
        lab = self.lab()
        with contextlib.ExitStack() as started:
            for engine, table in (("PostgreSQL", "POSTGRESQL"), ("MariaDB", "MYSQL")):
                process = lab.spawn("server", sys.executable, ROOT / "tests" / "support" / "bad_peer_main.py", "tls-long-chain", SERVER,
                                    PORTS[engine], table, stdout=subprocess.PIPE)
                started.callback(process.wait)
                started.callback(process.kill)
                assert process.stdout.readline() == b"ready\n"
            started.callback(lab.filter("r2", rule))
            yield self.inside(timeout="3s")

    def serve(self, name):
        """Both servers present the certificate NAME from now on."""
        postgresql, mariadb = self.postgresql(), self.mariadb()
        files = made(self.folder) if name == "md5" else certificates()
        for server, folder in ((postgresql, postgresql.data), (mariadb, mariadb.folder)):
            for end in ("pem", "key"):
                shutil.copy(files / f"{name}.{end}", folder / f"server.{end}")
                server.own(folder / f"server.{end}")
            (folder / "server.key").chmod(0o600)
        mariadb.sql("flush ssl")
        reload(postgresql)
        wanted = ssl.PEM_cert_to_DER_cert((files / f"{name}.pem").read_text().split("-----END")[0] + "-----END CERTIFICATE-----\n")
        wait_until(lambda: presented(postgresql.port) == wanted, 10, f"the certificate {name}")


def made(folder):
    """A certificate signed with MD5 by the tests' CA, which is not among those of all tests."""
    if not (folder / "md5.pem").exists():
        ca = certificates()
        for command in (["req", "-newkey", "rsa:2048", "-nodes", "-keyout", "md5.key", "-out", "md5.csr", "-subj", "/CN=localhost"],
                        ["x509", "-req", "-md5", "-in", "md5.csr", "-CA", ca / "ca.pem", "-CAkey", ca / "ca.key", "-set_serial", "77",
                         "-days", "300", "-extfile", "names", "-out", "md5.pem"]):
            (folder / "names").write_text("subjectAltName=DNS:localhost\n")
            subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True)
    return folder


def presented(port):
    """The certificate that PostgreSQL shows at PORT."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(struct.pack("!II", 8, 80877103))
        connection.recv(1)
        with context.wrap_socket(connection) as secured:
            return secured.getpeercert(True)


def as_superuser(server, statement, *values):
    with contextlib.closing(psycopg2.connect(host=str(server.folder), port=server.port, user="postgres", dbname="postgres")) as session:
        session.autocommit = True
        session.cursor().execute(statement, values)


def as_root(server, password):
    quoted = password.replace("\\", "\\\\").replace("'", "\\'")
    server.sql("set names utf8mb4; alter user app identified by '" + quoted + "'")


def reload(server):
    os.kill(server.process.pid, 1)


def set_tls(server, how):
    as_superuser(server, f"alter system set ssl = {how}")
    reload(server)

    def answers():
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(struct.pack("!II", 8, 80877103))
            return connection.recv(1) == (b"S" if how == "on" else b"N")
    wait_until(answers, 10, "the setting")


def connect(server):
    return psycopg2.connect(host="127.0.0.1", port=server.port, user="app", password="pw-app", dbname="orders")


def take_session(server, held):
    """One more session in HELD; False where the server has no slot."""
    try:
        held.callback(connect(server).close)
        return True
    except psycopg2.OperationalError:
        return False


def refused_never(server):
    """Whether a session is let in still."""
    with contextlib.ExitStack() as held:
        return take_session(server, held)
