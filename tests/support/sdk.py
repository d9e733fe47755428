# SPDX-License-Identifier: Apache-2.0
"""The AWS clients of the tests, unmodified, each in a program of its own that stays: api/clients/call_* .

A program reads a call a line,
    {"client": {"endpoint": ..., "region": ..., "key": {"id": ..., "secret": ..., "token": ...}}, "operation": "GetConnection",
     "input": {...}}
where no "key" means a call without a signature, and answers with a line,
    {"request_id": ..., "output": {...}}                                          times as seconds, no absent members
    {"code", "message", "status", "request_id", "type", "members": {...}}         type: the exception's class, as the client has it
                                                                                  (of the CLI only code, message, exit)
    {"local": ...}                                                                the client did not send it, or had no answer
"""
import json
import os
import pathlib
import select
import subprocess
import time

from support.aws import REGION, packages, use_packages
from support.program import ROOT

PROGRAMS = ROOT / "tests" / "api" / "clients"
KEY = {"id": "AKIDEXAMPLE", "secret": "s3cret-canary/key+="}


def setup(name):
    return pathlib.Path(subprocess.run([ROOT / "tests" / "setup" / name], check=True, capture_output=True, text=True).stdout.strip())


def python(name, folder):
    return ["/usr/bin/python3", PROGRAMS / name], {"PYTHONPATH": str(folder)}


STARTS = {
    "boto3": lambda: python("call_boto3.py", packages()),
    "cli": lambda: python("call_cli.py", setup("aws-cli")),
    "js": lambda: ([setup("node") / "bin" / "node", "--no-warnings", PROGRAMS / "call_js.mjs", setup("sdk-js")], {}),
    # Compiled by the quick compiler alone, the JVM is ready in half the time.
    "java": lambda: (["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{setup('sdk-java')}/*", "Call"], {}),
    "go": lambda: ([setup("sdk-go")], {}),
}
NAMES = list(STARTS)


def boto3_client(url, key=None, **config):
    """A boto3 client in this process; CONFIG is botocore's."""
    use_packages()
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config
    given = key or {"id": None, "secret": None}
    return boto3.session.Session().client(
        "glue", region_name=REGION, endpoint_url=url, aws_access_key_id=given["id"], aws_secret_access_key=given["secret"],
        aws_session_token=given.get("token"), config=Config(**config) if key else Config(signature_version=UNSIGNED, **config))


class Client:
    """One client's program. Nothing of the user's own AWS settings reaches it."""

    def __init__(self, name, endpoint=None, key=None, before=()):
        self.name, self.endpoint, self.key = name, endpoint, key
        command, environment = STARTS[name]()
        self.errors = open(f"/tmp/testconn-{name}-{os.getpid()}.log", "w+")
        os.unlink(self.errors.name)
        self.process = subprocess.Popen([*before, *map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, text=True,
                                        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environment})

    def send(self, operation, input, endpoint=None, key="own", **settings):
        """Ask; the answer is left to `answer`."""
        settings |= {"endpoint": endpoint or self.endpoint, "region": REGION, "key": self.key if key == "own" else key}
        self.process.stdin.write(json.dumps({"client": {name: value for name, value in settings.items() if value is not None},
                                             "operation": operation, "input": input}) + "\n")
        self.process.stdin.flush()

    def answer(self, seconds=150):
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        line = self.process.stdout.readline() if ready else ""
        self.errors.seek(0)
        assert line, f"{self.name}: no answer within {seconds} s: {self.errors.read()}"
        return json.loads(line)

    def call(self, operation, input, **settings):
        self.send(operation, input, **settings)
        return self.answer()

    def timed(self, operation, input, **settings):
        began = time.monotonic()
        return self.call(operation, input, **settings), time.monotonic() - began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.errors.close()
