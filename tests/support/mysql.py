# SPDX-License-Identifier: Apache-2.0
"""Real MariaDB and Oracle's real MySQL, each a copy of a formatted data directory, on free loopback ports."""
import functools
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from support.processes import wait_until
from support.program import ROOT, certificates
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
        self.start(wait)

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
            wait_until(lambda: self.answers() and self.try_sql("select 1"), 60, "the server")

    def stop(self, how=signal.SIGTERM):
        super().stop(how)

    def try_sql(self, statement):
        return subprocess.run(["mariadb", "--no-defaults", "-u", "root", "-S", self.folder / "socket", "-e", statement],
                              capture_output=True).returncode == 0

    def sql(self, statement):
        assert self.try_sql(statement), statement

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
