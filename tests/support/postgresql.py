# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL, and PgBouncer in front of it, each on a free loopback port."""
import glob
import pathlib
import shutil
import subprocess

from support.processes import free_port, wait_until
from support.program import ROOT, certificates
from support.server import Server

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
host    all certified all reject
host    all all all scram-sha-256
"""


class PostgreSQL(Server):
    """A copy of the cached data directory. SETTINGS are put into its configuration."""

    account = "postgres"

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
            self.own(self.data / target)
        (self.data / "server.key").chmod(0o600)

    def start(self, wait=True):
        self.spawn([BIN / "postgres", "-D", self.data])
        if wait:
            wait_until(lambda: self.answers() and self.try_sql("select 1"), 20, "PostgreSQL")
            # Of several addresses one is enough for it, and a stranger would answer at the other.
            assert "could not bind" not in (self.folder / "log").read_text()

    def try_sql(self, statement):
        return subprocess.run(self.as_account([str(BIN / "psql"), "-X", "-q", "-h", str(self.folder), "-p", str(self.port),
                                         "-U", "postgres", "-c", statement]), capture_output=True).returncode == 0

    def sql(self, statement):
        assert self.try_sql(statement), statement

    def rows(self, database, statement, *values, user="postgres"):
        """What a statement answers in a database, over the socket that trusts all."""
        import psycopg2
        connection = psycopg2.connect(host=str(self.folder), port=self.port, user=user, dbname=database)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def url(self, database="orders", host="localhost", query=""):
        return f"jdbc:postgresql://{host}:{self.port}/{database}{query}"


class PgBouncer(Server):
    """PgBouncer in front of SERVER, which it may also not reach. SETTINGS are put into its configuration."""

    account = "postgres"

    def __init__(self, server_port, max_client_conn=100, query_wait_timeout=1, auth_type="scram-sha-256", **settings):
        super().__init__()
        (self.folder / "users.txt").write_text('"app" "pw-app"\n"nologin" "pw-nologin"\n"other" "pw-other"\n')
        (self.folder / "pgbouncer.ini").write_text(f"""
[databases]
orders = host=127.0.0.1 port={server_port} dbname=orders
gone = host=127.0.0.1 port={server_port} dbname=gone
dead = host=127.0.0.1 port={free_port()} dbname=orders
closed = host=127.0.0.1 port={server_port} dbname=closed
rejected = host=127.0.0.1 port={server_port} dbname=orders user=rejected password=x
foreign = host=127.0.0.1 port={server_port} dbname=orders user=app password=another
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = {auth_type}
auth_file = {self.folder}/users.txt
admin_users = app
max_client_conn = {max_client_conn}
query_wait_timeout = {query_wait_timeout}
client_tls_cert_file = {self.folder}/good.pem
client_tls_key_file = {self.folder}/good.key
client_tls_ca_file = {self.folder}/ca.pem
""" + "".join(f"{key} = {value}\n" for key, value in settings.items()))
        for name in ("good.pem", "good.key", "ca.pem"):
            shutil.copy(certificates() / name, self.folder)
        for name in ("users.txt", "pgbouncer.ini", "good.pem", "good.key", "ca.pem"):
            self.own(self.folder / name)
        self.spawn(["pgbouncer", self.folder / "pgbouncer.ini"])
        wait_until(self.answers, 10, "PgBouncer")
