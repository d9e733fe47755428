# SPDX-License-Identifier: Apache-2.0
"""Real MariaDB and Oracle's real MySQL, each a copy of a formatted data directory, on free loopback ports.

KIND is the one that TESTCONN_SERVER names: the tests run once with each."""
import functools
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from support.processes import wait_until
from support.program import ROOT, certificates, jdbc, stages
from support.server import Server


@functools.cache
def find_setup(name):
    """What tests/setup/NAME has made ready, asked once; "" and why where it cannot be had."""
    done = subprocess.run([ROOT / "tests" / "setup" / name], capture_output=True, text=True)
    assert done.returncode in (0, 77), done.stderr
    return ("", done.stdout.strip()) if done.returncode == 77 else (done.stdout.strip(), "")


class MariaDB(Server):
    """OPTIONS go to the server's command line; a CERTIFICATE of None is a server without TLS."""

    account = "mysql"
    setup = "mariadb"

    def __init__(self, *options, certificate="good", wait=True):
        folder, missing = find_setup(self.setup)
        if missing:
            pytest.skip(missing)
        cached = pathlib.Path(folder)
        super().__init__()
        self.data = self.folder / "data"
        subprocess.run(["cp", "-a", self.formatted(cached), self.data], check=True)
        self.options = [*self.program(cached), f"--datadir={self.data}", f"--socket={self.folder}/socket", f"--port={self.port}",
                        "--bind-address=127.0.0.1", *self.tls_options(certificate), *options]
        try:
            self.start(wait)
        except BaseException:
            self.__exit__()
            raise

    def formatted(self, cached):
        return cached

    def program(self, cached):
        return ["mariadbd", "--no-defaults", "--innodb-log-file-size=4M", "--innodb-buffer-pool-size=8M", "--skip-log-bin",
                "--plugin-maturity=experimental"]

    def without_tls(self):
        return ["--skip-ssl"]

    def tls_options(self, name):
        if not name:
            return self.without_tls()
        made = certificates()
        for source, target in ((f"{name}.pem", "server.pem"), (f"{name}.key", "server.key"), ("ca.pem", "ca.pem")):
            shutil.copy(made / source, self.folder / target)
            self.own(self.folder / target)
        return [f"--ssl-cert={self.folder}/server.pem", f"--ssl-key={self.folder}/server.key", f"--ssl-ca={self.folder}/ca.pem"]

    def start(self, wait=True):
        self.spawn(self.options)
        if wait:
            wait_until(lambda: self.answers() and self.ask("select 1", check=False), 60, "the server")

    def stop(self, how=signal.SIGTERM):
        super().stop(how)

    def ask(self, statement, check=True):
        """The rows of STATEMENT as root, by the socket; None where it fails and CHECK is off."""
        done = subprocess.run(["mariadb", "--no-defaults", "--skip-ssl", "-u", "root", "-S", self.folder / "socket", "-NBe",
                               statement], capture_output=True, text=True)
        if done.returncode != 0:
            assert not check, done.stderr
            return None
        return [row.split("\t") for row in done.stdout.splitlines()]

    def sql(self, *statements):
        for statement in statements:
            self.ask(statement)

    def counter(self, name):
        """A status variable: "Aborted_connects"."""
        return int(self.ask(f"show global status like '{name}'")[0][1])

    def sessions(self, user):
        return int(self.ask(f"select count(*) from information_schema.processlist where user='{user}'")[0][0])

    def url(self, database="orders", host="localhost", query="", vendor="mysql"):
        return f"jdbc:{vendor}://{host}:{self.port}/{database}{query}"


class MySQL(MariaDB):
    """Oracle's server, as Debian's unstable suite has it."""

    account = None
    setup = "mysql9"

    def formatted(self, cached):
        return cached / "data"

    def program(self, cached):
        return [cached / "run", "mysqld", *(["--user=root"] if os.geteuid() == 0 else [])]

    def without_tls(self):
        return ["--tls-version="]


MARIADB = os.environ.get("TESTCONN_SERVER", "MariaDB") == "MariaDB"
KIND = MariaDB if MARIADB else MySQL
CA = str(certificates() / "ca.pem")
ENFORCED = {"JDBC_ENFORCE_SSL": "true", "CUSTOM_JDBC_CERT": CA}


def definition(server, user="app", password=None, database="orders", host="localhost", query="", vendor="mysql", **more):
    """A definition of an account, whose password is pw-NAME unless told."""
    return jdbc(JDBC_CONNECTION_URL=server.url(database, host, query, vendor), USERNAME=user,
                PASSWORD=f"pw-{user}" if password is None else password, **more)


def expect(report, code, stage, *words):
    assert (report.get("code"), report.get("stage"), report["status"]) == (code, stage, "failed"), report
    for word in words:
        assert word in report["reason"], (word, report["reason"])
    assert report["remedy"] and stages(report)[stage] == "failed"


def facts(report):
    """All facts of a report in one."""
    return {key: value for stage in report["stages"] for key, value in stage.get("facts", {}).items()}
