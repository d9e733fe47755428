# SPDX-License-Identifier: Apache-2.0
"""`testconn serve` on a free port, and one plain client of it."""
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

from support.processes import contents, running, wait_until
from support.program import PROGRAM

LISTENING = re.compile(r'"?msg"?[=:]"?listening"?[ ,].*address"?[=:]"?\S*:(\d+)')  # logfmt or JSON
ENVIRONMENT = {key: value for key, value in os.environ.items()
               if (not key.startswith("TESTCONN_") or "BUILD" in key) and not key.lower().endswith("_proxy")}


class Service:
    """A service with a catalog of its own; ARGUMENTS are more options of `testconn serve`."""

    host = "127.0.0.1"

    def __init__(self, *arguments, catalog=True, listen="127.0.0.1:0", environment=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="testconn-"))
        self.catalog = f"sqlite:{self.folder}/catalog.db"
        self.log = self.folder / "log"
        self.command = self.command_of("--listen", listen, *arguments)
        if catalog:
            self.command += ["--catalog", self.catalog]
        self.environment = {**ENVIRONMENT, **(environment or {})}
        self.process = None
        self.start()

    @staticmethod
    def command_of(*arguments):
        return [str(PROGRAM), "serve", *map(str, arguments)]

    def start(self):
        self.log.write_text("")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env=self.environment)
        wait_until(lambda: self.process.poll() is not None or LISTENING.search(self.log.read_text()), 20, "the service")
        assert self.process.poll() is None, self.log.read_text()
        self.port = int(LISTENING.search(self.log.read_text())[1])
        self.url = f"http://{self.host}:{self.port}"

    def request(self, method, path, body=None, headers=None, timeout=35):
        """(status, headers in lower case, body as bytes) of one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def call(self, operation, body=None, **headers):
        """(status, answer) of an operation, asked as an AWS client without credentials would."""
        status, _, answer = self.call_raw(operation, json.dumps(body if body is not None else {}), **headers)
        return status, json.loads(answer)

    def call_raw(self, operation, body, **headers):
        given = {"X-Amz-Target": f"AWSGlue.{operation}", "Content-Type": "application/x-amz-json-1.1", **headers}
        return self.request("POST", "/", body, given)

    def ok(self, operation, body=None):
        status, answer = self.call(operation, body)
        assert status == 200, answer
        return answer

    def refused(self, operation, body, exception, status=400):
        """The Message of an exception that must come."""
        got, answer = self.call(operation, body)
        assert (got, answer["__type"]) == (status, exception), answer
        return answer["Message"]

    def metric(self, name):
        text = self.request("GET", "/metrics")[2].decode()
        return sum(float(value) for value in re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", text, re.M))

    def children(self):
        """Every process that this service has made and that lives."""
        return [pid for pid in running(PROGRAM) if f"\nPPid:\t{self.process.pid}\n" in contents(pid, "status").decode()]

    def child(self, role):
        """The process of that role: "catalog-process", or "template"."""
        for pid in self.children():
            words = contents(pid, "cmdline").split(b"\0")
            if len(words) > 1 and words[1].decode() == role:
                return pid
        return None

    def stop(self, how=signal.SIGTERM, seconds=20):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def network(name, port, host="127.0.0.1"):
    """A connection that passes when the port accepts."""
    return {"Name": name, "ConnectionType": "NETWORK", "ConnectionProperties": {"HOST": host, "PORT": str(port)}}


def orders(name="orders", port=9, password="pw", **more):
    return {"Name": name, "ConnectionType": "JDBC", "ConnectionProperties": {
        "JDBC_CONNECTION_URL": f"jdbc:postgresql://127.0.0.1:{port}/orders", "USERNAME": "app", "PASSWORD": password, **more}}
