# SPDX-License-Identifier: Apache-2.0
"""A catalog in a folder of its own, through the program."""
import json
import os
import pathlib
import subprocess

from support.program import PROGRAM, jdbc

ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("TESTCONN_") or "BUILD" in key}


class Catalog:
    def __init__(self, folder, name="catalog.db"):
        self.path = pathlib.Path(folder) / name
        self.key = pathlib.Path(f"{self.path}.key")
        self.environment = {**ENVIRONMENT, "TESTCONN_CATALOG": f"sqlite:{self.path}"}

    def start(self, *arguments, **options):
        return subprocess.Popen([str(PROGRAM), *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, env=self.environment, **options)

    def run(self, *arguments, stdin=None, environment=None, timeout=60, **options):
        return subprocess.run([str(PROGRAM), *map(str, arguments)], input=stdin, text=True, capture_output=True,
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

    def bytes(self):
        """What every file beside the catalog holds, the catalog's own too."""
        return b"".join(path.read_bytes() for path in self.path.parent.iterdir() if path.is_file())


def orders(name="orders", password="pw", **more):
    """A definition that is right and whose target refuses."""
    return jdbc(name, JDBC_CONNECTION_URL="jdbc:postgresql://127.0.0.1:9/orders", USERNAME="app", PASSWORD=password, **more)
