# SPDX-License-Identifier: Apache-2.0
"""Who may do what: access keys, rights, signatures by botocore, the outbound policy, references of callers."""
import datetime
import hashlib
import json
import subprocess

import pytest

from support.aws import use_packages
from support.processes import free_port
from support.program import PROGRAM
from support.service import Service, network, orders

use_packages()

KEYS = """# who may do what
AKIDALL secret-of-all
AKIDTEST secret-of-test test
AKIDREAD secret-of-read read
AKIDSECRETS secret-of-secrets secrets,test
AKIDWRITE secret-of-write write
"""


@pytest.fixture(scope="module")
def credentials(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "credentials"
    path.write_text(KEYS)
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def service(credentials):
    with Service("--credentials", credentials, listen="127.0.0.1:0") as running:
        yield running


def presigner(body):
    """botocore's own signer of URLs takes a body for parameters of the query; here it is signed as it is."""
    import botocore.auth

    class Presigner(botocore.auth.SigV4QueryAuth):
        def _modify_request_before_signing(self, request):
            request.data = None
            super()._modify_request_before_signing(request)

        def payload(self, request):
            return hashlib.sha256(body.encode()).hexdigest()
    return Presigner


def sign(service, operation, body, key="AKIDALL", secret="secret-of-all", token=None, name="glue", region="eu-west-1",
         at=None, query=False, unsigned=(), path="/"):
    """The URL and headers of an operation as botocore signs them."""
    import botocore.auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    headers = {"Content-Type": "application/x-amz-json-1.1", "Host": service.url.split("//")[1]}
    if operation:
        headers["X-Amz-Target"] = f"AWSGlue.{operation}"
    request = AWSRequest("POST", f"{service.url}{path}", data=body,
                         headers={name: value for name, value in headers.items() if name not in unsigned})
    real = botocore.auth.get_current_datetime
    if at is not None:
        moment = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + datetime.timedelta(seconds=at)
        botocore.auth.get_current_datetime = lambda remove_tzinfo=True: moment
    try:
        if query:
            presigner(body)(Credentials(key, secret, token), name, region, expires=60).add_auth(request)
        else:
            botocore.auth.SigV4Auth(Credentials(key, secret, token), name, region).add_auth(request)
    finally:
        botocore.auth.get_current_datetime = real
    return request.url[len(service.url):], {**headers, **dict(request.headers.items())}


def ask(service, operation, body="{}", sent=None, change=None, path=None, **options):
    where, headers = sign(service, operation, body, **options)
    headers.update(change or {})
    status, _, answer = service.request("POST", path or where, sent if sent is not None else body,
                                        {name: value for name, value in headers.items() if value is not None})
    answer = json.loads(answer)
    return status, answer.get("__type", "ok")


def test_signed_by_header_and_by_query(service):
    assert ask(service, "GetConnections") == (200, "ok")
    assert ask(service, "GetConnections", token="session/token==") == (200, "ok")
    assert ask(service, "GetConnections", region="us-east-1") == (200, "ok")
    assert ask(service, "GetConnections", query=True) == (200, "ok")
    assert ask(service, "GetConnections", query=True, token="t/+=") == (200, "ok")


@pytest.mark.parametrize("options, name", [
    ({"secret": "secret-of-test"}, "InvalidSignatureException"), ({"key": "AKIDNOBODY"}, "UnrecognizedClientException"),
    ({"name": "s3"}, "InvalidSignatureException"), ({"name": "execute-api"}, "InvalidSignatureException"),
    ({"sent": '{"MaxResults": 1}'}, "InvalidSignatureException"), ({"at": -400}, "InvalidSignatureException"),
    ({"at": 400}, "InvalidSignatureException"), ({"change": {"Authorization": None}}, "MissingAuthenticationTokenException"),
    ({"change": {"Authorization": "Basic Zm9v"}}, "IncompleteSignatureException"),
    ({"change": {"Authorization": "AWS4-HMAC-SHA256 Credential=x"}}, "IncompleteSignatureException"),
    ({"change": {"X-Amz-Target": "AWSGlue.DeleteConnection"}}, "InvalidSignatureException"),
    ({"change": {"X-Amz-Date": "20200101T000000Z"}}, "IncompleteSignatureException"),
    ({"unsigned": ("X-Amz-Target",)}, "IncompleteSignatureException"), ({"change": {"Host": "127.0.0.1"}}, "InvalidSignatureException"),
    ({"change": {"X-Amz-Security-Token": "added"}}, "IncompleteSignatureException"),
    ({"query": True, "at": -61}, "InvalidSignatureException"), ({"query": True, "sent": "{ }"}, "InvalidSignatureException"),
    ({"change": {"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD"}}, "IncompleteSignatureException"),
    ({"path": "/?x=1"}, "InvalidSignatureException"),
])
def test_what_is_wrong_with_a_signature(service, options, name):
    assert ask(service, "GetConnections", **options) == (403, name)


def test_the_host_that_is_signed_is_that_of_the_target(service):
    """Who forwards a signed request to another host by its target has not got a signature for that one."""
    own = service.url.split("//")[1]
    for target, host, right in (("{url}/", own, True), ("{url}/", "other:1", True), ("http://127.0.0.2:1/", own, False)):
        assert ask(service, "GetConnections", path=target.format(url=service.url), change={"Host": host}) == (
            (200, "ok") if right else (403, "InvalidSignatureException")), (target, host)


@pytest.mark.parametrize("at", [-290, 290])
def test_five_minutes_of_skew(service, at):
    assert ask(service, "GetConnections", at=at) == (200, "ok")


RIGHTS = {"AKIDTEST": "test", "AKIDREAD": "read", "AKIDSECRETS": "secrets", "AKIDWRITE": "write"}
NEEDED = {"GetConnection": "read", "GetConnections": "read", "CreateConnection": "write", "UpdateConnection": "write",
          "DeleteConnection": "write", "BatchDeleteConnection": "write", "TestConnection": "test"}


@pytest.mark.parametrize("key", RIGHTS)
@pytest.mark.parametrize("operation", NEEDED)
def test_rights(service, key, operation):
    has = {"secrets": {"read", "test"}}.get(RIGHTS[key], {RIGHTS[key]})
    status, name = ask(service, operation, key=key, secret=f"secret-of-{RIGHTS[key]}")
    assert (name == "AccessDeniedException") == (NEEDED[operation] not in has)
    assert status == 403 if NEEDED[operation] not in has else status in (200, 400)


def test_who_may_not_see_secrets_does_not(service):
    body = json.dumps({"ConnectionInput": orders("sealed", password="canary")})
    assert ask(service, "CreateConnection", body, key="AKIDWRITE", secret="secret-of-write")[0] == 200
    for key, secret, seen in (("AKIDREAD", "secret-of-read", False), ("AKIDSECRETS", "secret-of-secrets", True)):
        for operation, body in (("GetConnection", '{"Name": "sealed"}'), ("GetConnections", "{}")):
            where, headers = sign(service, operation, body, key=key, secret=secret)
            assert (b"canary" in service.request("POST", where, body, headers)[2]) == seen


def test_what_needs_no_key(service):
    for path in ("/livez", "/readyz", "/metrics"):
        assert service.request("GET", path)[0] == 200
    for method, path in (("GET", "/probe?target=x"), ("POST", "/v1/test"), ("GET", "/v1/reports/x"), ("POST", "/")):
        assert service.request(method, path, "{}", {"Content-Type": "application/json"})[0] == 403


def test_the_log_names_the_key_and_no_secret(service):
    ask(service, "GetConnections")
    ask(service, "GetConnections", key="AKIDNOBODY", secret="wrong-secret")
    log = service.log.read_text()
    assert "access_key=AKIDALL" in log and "secret-of" not in log and "canary" not in log


def serve(*arguments):
    done = subprocess.run([str(PROGRAM), "serve", "--stateless", *map(str, arguments)], capture_output=True, text=True,
                          timeout=10)
    return done.returncode, done.stderr + done.stdout


@pytest.mark.parametrize("content, mode, words", [
    ("A b\n", 0o644, "0600"), ("A\n", 0o600, "line 1"), ("A b fly\n", 0o600, "line 1"), ("A b\nA c\n", 0o600, "line 2"),
    ("# none\n", 0o600, "no key"), (None, 0, "No such file")])
def test_credentials_that_cannot_be_used(tmp_path, content, mode, words):
    path = tmp_path / "credentials"
    if content is not None:
        path.write_text(content)
        path.chmod(mode)
    code, text = serve("--credentials", path, "--check-config")
    assert code in (2, 3) and words in text and str(path) in text


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.7:0", "example.com:0"])
def test_beyond_this_host_keys_are_needed(address, credentials):
    code, text = serve("--listen", address, "--check-config")
    assert code == 2 and "--credentials" in text
    assert serve("--listen", address, "--credentials", credentials, "--check-config")[0] == 0


def inline(definition):
    return {"TestConnectionInput": {key: value for key, value in definition.items() if key != "Name"}}


@pytest.mark.parametrize("arguments, target, denied", [
    (["--deny", "127.0.0.0/8"], "127.0.0.1", True), (["--deny", "127.0.0.2"], "127.0.0.1", False),
    (["--deny", "localhost"], "localhost", True), (["--deny", "localhost"], "127.0.0.1", False),
    (["--allow", "10.0.0.0/8,127.0.0.0/8"], "127.0.0.1", False), (["--allow", "10.0.0.0/8"], "127.0.0.1", True),
    (["--allow", "127.0.0.1:1-2"], "127.0.0.1", True), (["--allow", "*", "--deny", "*:1-65535"], "127.0.0.1", True)])
def test_the_outbound_policy(arguments, target, denied):
    with Service(*arguments) as service:
        definitions = [network("x", free_port(), target)]
        if target == "127.0.0.1":
            definitions.append(orders(JDBC_ENFORCE_SSL="true"))
        for definition in definitions:
            message = service.refused("TestConnection", inline(definition), "InvalidInputException")
            assert message.startswith("POLICY_DENIED at tcp: " if denied else "CONNECT_REFUSED at tcp: "), message


CLIENT = """
import http.client, json, sys
host, port, method, path, body, headers = json.load(sys.stdin)
connection = http.client.HTTPConnection(host, port, timeout=35)
connection.request(method, path, body, headers)
answer = connection.getresponse()
print(json.dumps([answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()]))
"""


class Elsewhere(Service):
    """The service on an address that is not loopback, in a network namespace of its own (root); its clients are in there, too."""

    host = "192.0.2.7"
    script = "ip link set lo up; ip addr add 192.0.2.7/32 dev lo; exec \"$@\""

    def start(self):
        self.command = ["unshare", "--net", "sh", "-ec", self.script, "sh", *self.command]
        super().start()

    def request(self, method, path, body=None, headers=None, timeout=40):
        asked = json.dumps([self.host, self.port, method, path, body, headers or {}])
        done = subprocess.run(["nsenter", "-t", str(self.process.pid), "-n", "/usr/bin/python3", "-c", CLIENT], input=asked, text=True,
                              capture_output=True, timeout=timeout, check=True)
        status, given, answer = json.loads(done.stdout)
        return status, given, answer.encode()


@pytest.mark.parametrize("listen", ["192.0.2.7:0", "0.0.0.0:0"])
def test_beyond_this_host(credentials, listen):
    with Elsewhere("--credentials", credentials, listen=listen) as service:
        assert service.call("GetConnections")[1]["__type"] == "MissingAuthenticationTokenException"
        assert service.request("GET", "/livez", headers={"Host": "agent.example"})[0] == 200, "whatever name it has there"
        for target, rule in (("169.254.169.254", "169.254.0.0/16"), ("224.0.0.1", "224.0.0.0/4"), ("192.0.2.7", None)):
            body = json.dumps(inline(network("x", 80, target)))
            where, headers = sign(service, "TestConnection", body)
            message = json.loads(service.request("POST", where, body, headers)[2])["Message"]
            assert message.startswith("POLICY_DENIED at tcp: " if rule else "CONNECT_REFUSED at tcp: ") and (rule or "") in message, message


@pytest.mark.parametrize("rule", ["10.0.0.0/33", "http://x", "host:0", "a b", ""])
def test_rules_that_are_none(rule):
    code, text = serve("--allow", rule or ",", "--check-config")
    assert code == (0 if not rule or rule == "a b" else 2)


REFERENCES = [{"PASSWORD": "${env:HOME}"}, {"PASSWORD": "${file:/etc/passwd}"}, {"CUSTOM_JDBC_CERT": "/etc/passwd"},
              {"CUSTOM_JDBC_CERT": "file:///etc/passwd"}, {"CUSTOM_JDBC_CERT": "certificate.pem"}]


@pytest.mark.parametrize("given", REFERENCES)
def test_what_a_caller_may_not_refer_to(given):
    with Service() as service:
        definition = orders(**given)
        key = next(iter(given))
        for operation, body in (("TestConnection", inline(definition)), ("CreateConnection", {"ConnectionInput": definition}),
                                ("UpdateConnection", {"Name": "orders", "ConnectionInput": definition})):
            message = service.refused(operation, body, "InvalidInputException")
            assert f"ConnectionProperties.{key}" in message and "passwd" not in message


def test_folders_that_the_operator_allows(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "password").write_text("pw")
    (tmp_path / "out").write_text("pw")
    with Service("--allow-files", tmp_path / "in") as service:
        def verdict(path):
            return service.call("TestConnection", inline(orders(password=f"${{file:{path}}}")))[1]["Message"]
        assert verdict(tmp_path / "in" / "password").startswith("CONNECT_REFUSED")
        for path in (tmp_path / "out", f"{tmp_path}/in/../out", f"{tmp_path}/inside", f"{tmp_path}/in/..", "in/password"):
            assert verdict(path).startswith("INVALID_INPUT at input: "), path


def test_what_the_operator_stored_may_refer_to_both(tmp_path):
    (tmp_path / "password").write_text("pw")
    with Service(environment={"ORDERS_PASSWORD": "pw"}) as service:
        for name, value in (("env", "${env:ORDERS_PASSWORD}"), ("file", f"${{file:{tmp_path}/password}}"), ("unset", "${env:NOPE}")):
            subprocess.run([str(PROGRAM), "connections", "create", "--input", "-", "--catalog", service.catalog], check=True,
                           input=json.dumps(orders(name, password=value)), text=True, capture_output=True)
            message = service.refused("TestConnection", {"ConnectionName": name}, "InvalidInputException")
            assert message.startswith("CONNECT_REFUSED" if name != "unset" else "INVALID_INPUT"), message
        assert "NOPE" in message
