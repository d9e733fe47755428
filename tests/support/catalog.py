# SPDX-License-Identifier: Apache-2.0
"""A catalog of a test's own, in a folder or in a database, through the program."""
import json
import os
import pathlib
import sqlite3
import subprocess

from support.program import PROGRAM, jdbc

ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("TESTCONN_") or "BUILD" in key}


class Catalog:
    def __init__(self, folder, name="catalog.db"):
        self.path = pathlib.Path(folder) / name
        self.key = pathlib.Path(f"{self.path}.key")
        self.environment = {**ENVIRONMENT, "TESTCONN_CATALOG": f"sqlite:{self.path}"}

    def arguments(self, arguments):
        """The arguments of the program, with what every command of this kind of catalog needs."""
        return [str(argument) for argument in arguments]

    def start(self, *arguments, **options):
        return subprocess.Popen([str(PROGRAM), *self.arguments(arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=self.environment, **options)

    def run(self, *arguments, stdin=None, environment=None, timeout=60, **options):
        return subprocess.run([str(PROGRAM), *self.arguments(arguments)], input=stdin, text=True, capture_output=True,
                              env={**self.environment, **(environment or {})}, timeout=timeout, **options)

    def connections(self, *arguments, document=None, **options):
        """Run a subcommand of `connections`; DOCUMENT is its input."""
        more = [] if document is None else ["--input", "-"]
        return self.run("connections", *arguments, *more,
                        stdin=None if document is None else json.dumps(document), **options)

    def create(self, *definitions, **options):
        done = self.connections("create", document=list(definitions), **options)
        assert done.returncode == 0, done.stderr
        return done

    def answer(self, *arguments, **options):
        """The JSON answer of a subcommand that must succeed."""
        done = self.connections(*arguments, "-o", "json", **options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def get(self, name, *arguments):
        return self.answer("get", name, *arguments)["Connection"]

    def names(self, *arguments):
        return [entry["Name"] for entry in self.answer("list", *arguments)["ConnectionList"]]

    def execute(self, statement, *values):
        """Run SQL in the store itself, whose table is {connections}; the rows."""
        with sqlite3.connect(self.path) as database:
            return database.execute(statement.format(connections="connections"), values).fetchall()

    def is_untouched(self):
        """Whether nothing was ever stored."""
        return not self.path.exists()

    def is_whole(self):
        """Whether the store finds itself undamaged."""
        return self.execute("pragma integrity_check") == [("ok",)]

    def bytes(self):
        """What every file beside the catalog holds, the catalog's own too."""
        return b"".join(path.read_bytes() for path in self.path.parent.iterdir() if path.is_file())


class SharedCatalog(Catalog):
    """A catalog in the database `catalog` of a PostgreSQL server; one agent of several."""

    def __init__(self, server, folder, key=None, password="pw-app", host="127.0.0.1", user="app", query=""):
        super().__init__(folder)
        self.server = server
        self.key = pathlib.Path(key or pathlib.Path(folder) / "shared.key")
        self.url = f"postgresql://{user}:{password}@{host}:{server.port}/catalog{query}"
        self.environment["TESTCONN_CATALOG"] = self.url

    def arguments(self, arguments):
        words = [str(argument) for argument in arguments]
        at = 2 if words[:1] == ["connections"] else 1
        return words if len(words) < at or "--key-file" in words else [*words[:at], "--key-file", str(self.key), *words[at:]]

    def execute(self, statement, *values):
        return self.server.rows("catalog", statement.format(connections="testconn.connections"), *values)

    def is_untouched(self):
        return self.server.rows("catalog", "select count(*) from pg_namespace where nspname = 'testconn'") == [(0,)]

    def is_whole(self):
        """Whether the index holds the rows that are there, and no criterion belongs to nobody."""
        self.execute("create extension if not exists amcheck")
        self.execute("select bt_index_check('testconn.connections_pkey', true)")
        return self.execute("select 1 from testconn.criteria where name not in (select name from testconn.connections)") == []

    def bytes(self):
        rows = self.execute("select c::text from testconn.connections c")
        return repr(rows).encode() + (self.server.folder / "log").read_bytes()


def orders(name="orders", password="pw", **more):
    """A definition that is right and whose target refuses."""
    return jdbc(name, JDBC_CONNECTION_URL="jdbc:postgresql://127.0.0.1:9/orders", USERNAME="app", PASSWORD=password, **more)
