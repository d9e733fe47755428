# SPDX-License-Identifier: Apache-2.0
"""What the tests of real clients share: each client's program, and a world in which everything can be tested and go wrong."""
import contextlib
import json
import shutil
import socket
import tempfile
import pathlib

import pytest

from support.aws import Front, Moto, environment, json_fault
from support.postgresql import PostgreSQL
from support.program import BUILD
from support.salesforce import CLIENT, Fault, Trust
from support.sdk import KEY, NAMES, Client, boto3_client
from support.service import Service

# Keys of the guarded service, and what each may.
KEYS = {"all": KEY, "reader": {"id": "AKREADER", "secret": "r3ader-canary"}, "secrets": {"id": "AKSECRETS", "secret": "s3crets-canary"},
        "tester": {"id": "AKTESTER", "secret": "t3ster-canary"}, "writer": {"id": "AKWRITER", "secret": "wr1ter-canary"}}
RIGHTS = {"reader": "read", "secrets": "read,secrets", "tester": "test", "writer": "write"}


def pytest_collection_modifyitems(config, items):
    """The CLI, which takes half a second a call, is told each error with a signature only."""
    for item in list(items):
        given = item.callspec.params if hasattr(item, "callspec") else {}
        if given.get("client") == "cli" and given.get("agent") == "open" and item.originalname in ("test_errors", "test_what_must_be_there"):
            items.remove(item)


@pytest.fixture(scope="module", params=NAMES)
def client(request):
    with Client(request.param) as program:
        yield program


class Silent:
    """Accepts, and says nothing."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]

    def close(self):
        self.socket.close()


class Agent:
    """One of the services with the key its callers need: what most tests run against, both ways."""

    def __init__(self, service, key):
        self.service, self.key, self.url = service, key, service.url
        self.settings = {"endpoint": service.url, "key": key}
        self.boto3 = boto3_client(service.url, key)


class World:
    """A PostgreSQL, AWS with secrets, a login host that refuses, a peer that is silent, and two services of one catalog each:
    .open for all, .guarded by keys."""

    def __init__(self, stack):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="testconn-"))
        stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.postgresql = stack.enter_context(PostgreSQL())
        self.silent = Silent()
        stack.callback(self.silent.close)
        self.salesforce = stack.enter_context(Fault(lambda path, body: (400, {"error": "invalid_client",
                                                                              "error_description": "invalid client credentials"})))
        self.make_secrets(stack.enter_context(Moto()))
        self.front = stack.enter_context(Front(self.moto.url(), self.answer_for_aws))
        self.key_file = self.folder / "keys"
        self.key_file.write_text("".join(f"{key['id']} {key['secret']} {RIGHTS.get(name, '')}\n" for name, key in KEYS.items()))
        self.key_file.chmod(0o600)
        trust = stack.enter_context(Trust())
        self.open = stack.enter_context(self.service(trust))
        self.guarded = stack.enter_context(self.service(trust, "--credentials", self.key_file))
        self.agents = {"open": Agent(self.open, None), "guarded": Agent(self.guarded, KEYS["all"])}

    def service(self, trust, *arguments):
        class Trusting(Service):
            def start(self):
                if self.command[0] != "unshare":
                    self.command = trust.within(*self.command)
                super().start()
        return Trusting("--timeout", "2s", *arguments, environment=environment(self.front.url()))

    def make_secrets(self, moto):
        self.moto = moto
        secrets = moto.client("secretsmanager")
        self.secret = secrets.create_secret(Name="app", SecretString=json.dumps({"username": "app", "password": "pw-app"}))["ARN"]
        self.oauth_secret = secrets.create_secret(Name="crm", SecretString=json.dumps(
            {"USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET": "c4nary"}))["ARN"]

    @staticmethod
    def answer_for_aws(request):
        if b'"denied"' in request.body:
            return json_fault("AccessDeniedException", "User: arn:aws:iam::123456789012:user/x is not authorized to perform: "
                                                       "secretsmanager:GetSecretValue on resource: denied")
        return None

    def jdbc(self, name="orders", **properties):
        """A ConnectionInput of the PostgreSQL; properties of None are left out."""
        given = {"JDBC_CONNECTION_URL": self.postgresql.url(host="127.0.0.1"), "USERNAME": "app", "PASSWORD": "pw-app", **properties}
        return {"Name": name, "ConnectionType": "JDBC",
                "ConnectionProperties": {key: value for key, value in given.items() if value is not None}}

    def mute(self, name="silent"):
        return self.jdbc(name, JDBC_CONNECTION_URL=f"jdbc:postgresql://127.0.0.1:{self.silent.port}/orders")

    def crm(self, name="crm"):
        return {"Name": name, "ConnectionType": "SALESFORCE", "ConnectionProperties": {"INSTANCE_URL": self.salesforce.url},
                "AuthenticationConfiguration": {"AuthenticationType": "OAUTH2", "SecretArn": self.oauth_secret, "OAuth2Properties": {
                    "OAuth2GrantType": "CLIENT_CREDENTIALS", "TokenUrl": f"{self.salesforce.url}/services/oauth2/token",
                    "OAuth2ClientApplication": {"UserManagedClientApplicationClientId": CLIENT}}}}


@pytest.fixture(scope="module")
def world():
    with contextlib.ExitStack() as stack:
        yield World(stack)


@pytest.fixture(params=["open", "guarded"])
def agent(request, world):
    return world.agents[request.param]


@pytest.fixture(scope="module")
def misbehaving():
    """A service with room for one test, whose one driver does what it is told (support/misbehave.c)."""
    with Service("--timeout", "6s", "--max-tests", "1", "--drivers", BUILD / "tests" / "drivers") as running:
        yield running
