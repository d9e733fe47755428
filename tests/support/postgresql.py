# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL, and PgBouncer in front of it, each on a free loopback port."""
import glob
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

from support.processes import free_port, wait_until
from support.program import ROOT, certificates

BIN = pathlib.Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])

HBA = """
local   all all trust
host    all trusty all trust
host    all rejected all reject
hostssl all tlsonly all scram-sha-256
host    all tlsonly all reject
host    all clear all password
host    all md5 all md5
host    all nologin all trust
hostssl all certified all cert
host    all all all scram-sha-256
"""


def as_server(command):
    """COMMAND as the user postgres when we are root, who is refused."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--", *command]


def own(path):
    if os.geteuid() == 0:
        shutil.chown(path, "postgres", "postgres")


class Server:
    """Base of servers that run in the foreground, as a child of ours, in a folder of their own."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="testconn-"))
        own(self.folder)
        self.process = None
        self.port = free_port()

    def spawn(self, command):
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(as_server(list(map(str, command))), stdout=log, stderr=log,
                                        stdin=subprocess.DEVNULL)
        log.close()

    def answers(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def stop(self, how=signal.SIGINT):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(how)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class PostgreSQL(Server):
    """A copy of the cached data directory. SETTINGS are put into its configuration."""

    def __init__(self, certificate="good", hba=HBA, **settings):
        super().__init__()
        cached = subprocess.run([ROOT / "tests" / "setup" / "postgresql"], check=True, capture_output=True,
                                text=True).stdout.strip()
        self.data = self.folder / "data"
        subprocess.run(["cp", "-a", cached, self.data], check=True)
        lines = {"port": self.port, "listen_addresses": "'127.0.0.1, ::1'", "fsync": "off",
                 "unix_socket_directories": f"'{self.folder}'", **settings}
        if certificate:
            self.use_certificate(certificate)
            lines |= {"ssl": "on", "ssl_cert_file": "'server.pem'", "ssl_key_file": "'server.key'",
                      "ssl_ca_file": "'clients.pem'"}
        (self.data / "pg_hba.conf").write_text(hba)
        with open(self.data / "postgresql.conf", "a") as file:
            file.writelines(f"{key} = {value}\n" for key, value in lines.items())
        self.start()

    def use_certificate(self, name):
        made = certificates()
        for source, target in ((f"{name}.pem", "server.pem"), (f"{name}.key", "server.key"), ("ca.pem", "clients.pem")):
            shutil.copy(made / source, self.data / target)
            own(self.data / target)
        (self.data / "server.key").chmod(0o600)

    def start(self, wait=True):
        self.spawn([BIN / "postgres", "-D", self.data])
        if wait:
            wait_until(lambda: self.answers() and self.try_sql("select 1"), 20, "PostgreSQL")

    def try_sql(self, statement):
        return subprocess.run(as_server([str(BIN / "psql"), "-X", "-q", "-h", str(self.folder), "-p", str(self.port),
                                         "-U", "postgres", "-c", statement]), capture_output=True).returncode == 0

    def sql(self, statement):
        assert self.try_sql(statement), statement

    def freeze(self):
        """Stop every process of the server, as SIGSTOP in the middle of its work does."""
        self.signal_all(signal.SIGSTOP)

    def thaw(self):
        self.signal_all(signal.SIGCONT)

    def signal_all(self, number):
        os.kill(self.process.pid, number)
        for child in subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split():
            with contextlib.suppress(ProcessLookupError):  # a session that ends just now
                os.kill(int(child), number)

    def url(self, database="orders", host="localhost", query=""):
        return f"jdbc:postgresql://{host}:{self.port}/{database}{query}"


class PgBouncer(Server):
    """PgBouncer in front of SERVER, which it may also not reach."""

    def __init__(self, server_port, max_client_conn=100, query_wait_timeout=1):
        super().__init__()
        (self.folder / "users.txt").write_text('"app" "pw-app"\n')
        (self.folder / "pgbouncer.ini").write_text(f"""
[databases]
orders = host=127.0.0.1 port={server_port} dbname=orders
gone = host=127.0.0.1 port={server_port} dbname=gone
dead = host=127.0.0.1 port={free_port()} dbname=orders
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {self.folder}/users.txt
max_client_conn = {max_client_conn}
query_wait_timeout = {query_wait_timeout}
""")
        for name in ("users.txt", "pgbouncer.ini"):
            own(self.folder / name)
        self.spawn(["pgbouncer", self.folder / "pgbouncer.ini"])
        wait_until(self.answers, 10, "PgBouncer")
