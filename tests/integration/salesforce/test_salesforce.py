# SPDX-License-Identifier: Apache-2.0
"""testconn against a real OAuth2 server with Salesforce's shape, and against each way in which a login or an instance
goes wrong. No secret is in any output of any of it."""
import base64
import email.utils
import json
import socket
import subprocess
import time
import urllib.parse

import pytest

from support import bad_peer
from support.aws import REGION, Front, Moto
from support.processes import free_port, running, wait_until
from support.program import PROGRAM, certificates, rules, stages
from support.salesforce import CLIENT, CLIENT_SECRET, USER, Fault, Salesforce, Trust, definition

OAUTH = "AuthenticationConfiguration.OAuth2Properties"
ACCESS = "c4nary-access-t0ken!00D000000000001"
REFRESH = "c4nary-refresh-t0ken"
CODE = "c4nary-c0de"
CANARY = "c4nary"


@pytest.fixture(scope="module")
def trust():
    with Trust() as folder:
        yield folder


@pytest.fixture(scope="module")
def server():
    with Salesforce() as running_server:
        yield running_server


def test(trust, tested, *arguments, timeout="10s", environment=None):
    """The report of one definition, once no canary was seen in it, nor in what a person is shown."""
    secrets = [CANARY, base64.b64encode(CLIENT_SECRET.encode()).decode(), urllib.parse.quote_plus(CLIENT_SECRET)]
    for output in ("json", "text"):
        done = trust.run(["test", "--input", "-", "-o", output, "--timeout", timeout, *(["-v"] if output == "text" else []), *arguments],
                         stdin=json.dumps(tested), environment=environment)
        assert done.stdout, done
        for secret in secrets:
            assert secret not in done.stdout + done.stderr, done.stdout
        if output == "json":
            report = {**json.loads(done.stdout)["tests"][0], "exit": done.returncode}
            if "AuthorizationCode" in json.dumps(tested):
                return report  # a second run would find the code used
    return report


test.__test__ = False  # a helper


def expect(report, code, stage, *words):
    assert (report.get("code"), report.get("stage"), report["status"]) == (code, stage, "failed"), report
    for word in words:
        assert word in report["reason"], (word, report["reason"])
    assert report["remedy"] and stages(report)[stage] == "failed", report
    return report


def facts(report, stage):
    return next(one["facts"] for one in report["stages"] if one["name"] == stage)


def finding(report, rule):
    return next(one["message"] for one in report["findings"] if one["rule"] == rule)


# Each grant, as it should be.

def test_client_credentials(trust, server):
    report = test(trust, definition(server.url))
    assert report["exit"] == 0 and [stage["name"] for stage in report["stages"] if stage["status"] == "passed"] == [
        "input", "credentials", "dns", "tcp", "tls", "login", "query"], report
    assert report["target"]["host"] == "localhost" and report["target"]["port"] == server.port
    assert report["tls"]["verified"] and report["server"]["product"] == "Salesforce" and "61.0" in report["server"]["version"]
    query = facts(report, "query")
    assert query["instance_url"] == server.url and query["instance"] == f"localhost:{server.port}" and query["organization_id"] == "00D000000000001EAA"
    assert query["username"] == "robot@acme.example" and query["api_versions"] == ["59.0", "61.0"]
    assert facts(report, "login")["client_id"] == CLIENT


def test_a_jwt_is_made_and_signed(trust, server):
    secret = {"PRIVATE_KEY": server.key.read_text(), "USERNAME": USER}
    report = test(trust, definition(server.url, "JWT_BEARER", secret))
    assert report["exit"] == 0 and facts(report, "query")["username"] == USER, report
    lost = {"private_key": server.key.read_text().replace("\n", "\\n"), "username": USER}
    assert test(trust, definition(server.url, "JWT_BEARER", lost))["exit"] == 0
    one_line = {"private_key": server.key.read_text().replace("\n", " "), "subject": USER}
    assert test(trust, definition(server.url, "JWT_BEARER", one_line))["exit"] == 0


def test_a_given_jwt_is_looked_into_and_sent(trust, server):
    report = test(trust, definition(server.url, "JWT_BEARER", {"JWT_TOKEN": server.jwt()}))
    assert report["exit"] == 0 and facts(report, "credentials")["jwt_subject"] == USER, report
    assert not {rule for rule in rules(report) if rule.startswith("jwt-")}


def test_a_refresh_token(trust, server):
    secret = {"USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET": CLIENT_SECRET, "REFRESH_TOKEN": server.mint("refresh")}
    for grant in ("REFRESH_TOKEN", "AUTHORIZATION_CODE"):
        report = test(trust, definition(server.url, grant, secret))
        assert report["exit"] == 0 and facts(report, "credentials")["login_by"] == "refresh token", report
        assert "refresh-token-rotated" not in rules(report)
    secret["REFRESH_TOKEN"] = server.mint("rotating")
    report = test(trust, definition(server.url, "REFRESH_TOKEN", secret))
    assert "refresh-token-rotated" in rules(report)


def code_of(server, **more):
    return {"AuthorizationCodeProperties": {"AuthorizationCode": server.mint("code"), "RedirectUri": "https://app.example/cb", **more}}


def test_an_inline_code_is_exchanged_and_that_is_said(trust, server):
    tested = definition(server.url, "AUTHORIZATION_CODE", **code_of(server))
    report = test(trust, tested)
    assert report["exit"] == 0 and "used up" in finding(report, "code-used"), report
    expect(test(trust, tested), "OAUTH_REFUSED", "login", "invalid_grant", "expired authorization code", CLIENT)


def test_a_stored_code_is_left_alone(trust):
    with Fault(lambda path, body: (500, {})) as host:
        tested = {**definition(host.url, "AUTHORIZATION_CODE", AuthorizationCodeProperties={"AuthorizationCode": CODE}),
                  "CreationTime": 1.7e9}
        report = test(trust, tested)
        assert report["exit"] == 0 and stages(report)["tls"] == "passed" and host.seen == [], report
    assert "not proven" in finding(report, "code-left-alone") and report["tls"]["verified"]


def test_the_code_of_a_catalog_is_left_alone(trust, tmp_path):
    with Fault(lambda path, body: (500, {})) as host:
        tested = definition(host.url, "AUTHORIZATION_CODE", AuthorizationCodeProperties={"AuthorizationCode": CODE})
        catalog = ["--catalog", f"sqlite:{tmp_path}/catalog.db"]
        assert trust.run(["connections", "create", "--input", "-", *catalog], stdin=json.dumps(tested)).returncode == 0
        done = trust.run(["test", "crm", "-o", "json", *catalog])
        report = json.loads(done.stdout)["tests"][0]
        assert done.returncode == 0 and "code-left-alone" in rules(report) and host.seen == [], report
        shown = trust.run(["connections", "get", "crm", "-o", "json", *catalog])
        assert CANARY not in shown.stdout + done.stdout and '"READY"' in shown.stdout, shown.stdout


def test_an_access_token_of_the_secret_is_shown_to_the_instance(trust, server):
    with Fault(salesforce_by(lambda *_: None)) as host:
        tested = definition(host.url, "AUTHORIZATION_CODE", {"ACCESS_TOKEN": ACCESS})
        report = test(trust, tested)
        assert report["exit"] == 0 and "access-token-used" in rules(report), report
        assert {one["method"] for one in host.seen} == {"GET"}


def test_the_newer_credentials_inline(trust, server):
    tested = definition(server.url, OAuth2Credentials={"UserManagedClientApplicationClientSecret": "${env:CRM}"})
    del tested["AuthenticationConfiguration"]["SecretArn"]
    report = test(trust, tested, environment={"CRM": CLIENT_SECRET})
    assert report["exit"] == 0 and "newer-member" in rules(report), report


def test_the_secret_by_file_and_by_environment(trust, server, tmp_path):
    secret = json.dumps({"USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET": CLIENT_SECRET})
    (tmp_path / "secret.json").write_text(secret + "\n")
    assert test(trust, definition(server.url, secret="${file:%s}" % (tmp_path / "secret.json")))["exit"] == 0
    assert test(trust, definition(server.url, secret="${env:CRM}"), environment={"CRM": secret})["exit"] == 0
    part = '{"client_secret": "${file:%s}"}' % (tmp_path / "part")
    (tmp_path / "part").write_text(CLIENT_SECRET)
    assert test(trust, definition(server.url, secret=part))["exit"] == 0
    expect(test(trust, definition(server.url, secret="${file:/nonexistent}")), "FILE_UNREADABLE", "credentials", "/nonexistent")


@pytest.fixture(scope="module")
def moto():
    with Moto() as aws:
        yield aws


def test_the_secret_by_its_arn(trust, server, moto):
    manager = moto.client("secretsmanager")
    environment = {"AWS_ENDPOINT_URL": moto.url(), "AWS_ACCESS_KEY_ID": "admin", "AWS_SECRET_ACCESS_KEY": f"{CANARY}-aws", "AWS_REGION": REGION}

    def secret(name, content):
        return manager.create_secret(Name=name, SecretString=json.dumps(content))["ARN"]
    right = secret("crm", {"USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET": CLIENT_SECRET})
    report = test(trust, definition(server.url, secret=right), environment=environment)
    assert report["exit"] == 0 and facts(report, "query")["username"], report
    key = secret("crm-key", {"PRIVATE_KEY": server.key.read_text(), "USERNAME": USER})
    assert test(trust, definition(server.url, "JWT_BEARER", key), environment=environment)["exit"] == 0
    expect(test(trust, definition(server.url, "REFRESH_TOKEN", right), environment=environment), "SECRET_FORMAT", "credentials",
           "REFRESH_TOKEN", "USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET")
    missing = expect(test(trust, definition(server.url, secret=right[:-11] + "none-abcdef"), environment=environment), "SECRET_MISSING",
                     "credentials")
    assert missing["property"] == "AuthenticationConfiguration.SecretArn"


def test_tokens_are_kept_in_the_secret_only_where_it_is_asked_for(trust, server, moto):
    manager = moto.client("secretsmanager")
    environment = {"AWS_ENDPOINT_URL": moto.url(), "AWS_ACCESS_KEY_ID": "admin", "AWS_SECRET_ACCESS_KEY": f"{CANARY}-aws", "AWS_REGION": REGION}
    before = {"client_secret": CLIENT_SECRET, "refresh_token": server.mint("rotating"), "more": "kept"}
    arn = manager.create_secret(Name="crm-tokens", SecretString=json.dumps(before))["ARN"]

    def stored():
        return json.loads(manager.get_secret_value(SecretId=arn)["SecretString"])
    tested = definition(server.url, "REFRESH_TOKEN", arn)

    def run(*arguments):
        done = trust.run(["test", "--input", "-", "-o", "json", *arguments], stdin=json.dumps(tested), environment=environment)
        assert CANARY not in done.stdout and before["refresh_token"] not in done.stdout
        return json.loads(done.stdout)["tests"][0]
    report = run("--write-back")
    after = stored()
    assert report["status"] == "ok" and {"secret-written"} == rules(report) & {"secret-written", "refresh-token-rotated"}, report
    assert after["refresh_token"] != before["refresh_token"] and after["ACCESS_TOKEN"] and after["more"] == "kept" and len(after) == 4
    assert not {after["refresh_token"], after["ACCESS_TOKEN"]} & set(json.dumps(report).split('"'))
    report = run()
    assert report["status"] == "ok" and "secret-written" not in rules(report) and stored() == after
    inline = trust.run(["test", "--input", "-", "-o", "json", "--write-back"], stdin=json.dumps(definition(server.url)))
    report = json.loads(inline.stdout)["tests"][0]
    assert report["status"] == "ok" and "stands in the definition" in finding(report, "secret-not-written")


def test_a_secret_that_cannot_be_written_is_a_warning(trust, server, moto):
    with Front(moto.url(), lambda request: (400, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(
            {"__type": "AccessDeniedException", "Message": "not authorized to perform: secretsmanager:PutSecretValue"}).encode())
            if request.operation == "PutSecretValue" else None) as front:
        arn = moto.client("secretsmanager").create_secret(Name="crm-read-only", SecretString=json.dumps(
            {"client_secret": CLIENT_SECRET}))["ARN"]
        environment = {"AWS_ENDPOINT_URL": front.url(), "AWS_ACCESS_KEY_ID": "admin", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": REGION}
        report = test(trust, definition(server.url, secret=arn), "--write-back", environment=environment)
    assert report["exit"] == 0 and "PutSecretValue" in finding(report, "secret-not-written"), report


# Secrets that lack something.

SECRETS = [
    ("CLIENT_CREDENTIALS", {"username": "u", "password": CANARY}, ["USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET", "username, password"]),
    ("REFRESH_TOKEN", {"CLIENT_SECRET": CANARY}, ["REFRESH_TOKEN", "CLIENT_SECRET"]),
    ("JWT_BEARER", {}, ["JWT_TOKEN", "no keys"]),
    ("JWT_BEARER", {"JWT_TOKEN": CANARY}, ["no JWT", "three parts"]),
    ("JWT_BEARER", {"JWT_TOKEN": "a.b." + CANARY}, ["no JWT"]),
    ("JWT_BEARER", {"PRIVATE_KEY": CANARY, "USERNAME": USER}, ["no PEM"]),
    ("JWT_BEARER", {"PRIVATE_KEY": f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----", "USERNAME": USER}, ["cannot be read"]),
    ("CLIENT_CREDENTIALS", '{"a": ', ["no JSON object"]),
]


@pytest.mark.parametrize("grant, secret, words", SECRETS)
def test_secrets_that_lack_something(trust, grant, secret, words):
    report = test(trust, definition("https://localhost:1", grant, secret))
    expect(report, "SECRET_FORMAT", "credentials", "AuthenticationConfiguration.SecretArn", *words)
    assert report["property"] == "AuthenticationConfiguration.SecretArn"


def test_private_keys_that_do_not_do(trust, server, tmp_path):
    def key(*command):
        return subprocess.run(["openssl", *command], check=True, capture_output=True, text=True).stdout
    elliptic = key("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    locked = key("genrsa", "-aes128", "-passout", "pass:x", "2048")
    for text, words in ((elliptic, "no RSA key"), (locked, "encrypted")):
        report = test(trust, definition(server.url, "JWT_BEARER", {"PRIVATE_KEY": text, "USERNAME": USER}))
        expect(report, "SECRET_FORMAT", "credentials", words)
    report = test(trust, definition(server.url, "JWT_BEARER", {"PRIVATE_KEY": server.key.read_text()}))
    expect(report, "SECRET_FORMAT", "credentials", "USERNAME")


# Refusals of the real server.

def test_a_wrong_client_secret(trust, server):
    wrong = {"USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET": f"{CANARY}-wrong"}
    report = expect(test(trust, definition(server.url, secret=wrong)), "OAUTH_REFUSED", "login", "invalid_client", CLIENT, "HTTP 400",
                    "client credentials", f"localhost:{server.port}")
    assert "consumer secret" in report["remedy"] and report["exception"] == "FederationSourceException" and not report["retryable"]


def test_an_unknown_client(trust, server):
    report = expect(test(trust, definition(server.url, client="3MVG9.nobody")), "OAUTH_REFUSED", "login", "invalid_client_id", "3MVG9.nobody")
    assert "consumer key" in report["remedy"]


def test_a_flow_that_is_off(trust, server):
    report = expect(test(trust, definition(server.url, client="3MVG9.noflow")), "OAUTH_REFUSED", "login", "unsupported_grant_type")
    assert "turn this flow on" in report["remedy"]


def test_a_stale_refresh_token(trust, server):
    secret = {"CLIENT_SECRET": CLIENT_SECRET, "REFRESH_TOKEN": REFRESH}
    report = expect(test(trust, definition(server.url, "REFRESH_TOKEN", secret)), "OAUTH_REFUSED", "login", "expired access/refresh token")
    assert "refresh token" in report["remedy"]


def test_a_wrong_redirect_uri(trust, server):
    report = test(trust, definition(server.url, "AUTHORIZATION_CODE", **code_of(server, RedirectUri="https://other.example/cb")))
    expect(report, "OAUTH_REFUSED", "login", "invalid_grant")


JWTS = [
    ({"exp": int(time.time()) - 600}, {"jwt-expired"}, ["expired", "10 min ago"]),
    ({"aud": "https://other.example"}, {"jwt-audience"}, ["audience is invalid"]),
    ({"sub": "nobody@acme.example"}, set(), ["hasn't approved this consumer", "nobody@acme.example"]),
    ({"iss": "3MVG9.nobody"}, {"jwt-issuer"}, ["invalid_client_id"]),
    ({"nbf": int(time.time()) + 3600}, {"jwt-not-yet-valid"}, ["invalid_grant"]),
]


@pytest.mark.parametrize("claims, found, words", JWTS)
def test_jwts_that_are_wrong_are_told_before_and_after(trust, server, claims, found, words):
    if "exp" in claims:
        claims = {"exp": int(time.time()) - 600}
    report = test(trust, definition(server.url, "JWT_BEARER", {"JWT_TOKEN": server.jwt(**claims)}))
    expect(report, "OAUTH_REFUSED", "login", *words)
    assert found <= rules(report), report


def test_a_jwt_of_another_key(trust, server):
    other = certificates() / "client.key"
    report = expect(test(trust, definition(server.url, "JWT_BEARER", {"JWT_TOKEN": server.jwt(key=other)})), "OAUTH_REFUSED", "login",
                    "invalid assertion")
    assert "private key" in report["remedy"]


# A login host by script.

TOKEN = {"access_token": ACCESS, "token_type": "Bearer", "signature": f"{CANARY}-sig", "issued_at": "1"}


def salesforce_by(script, instance=None, token=None):
    """A whole Salesforce, but for what SCRIPT(path, body) knows better."""
    def answer(path, body):
        other = script(path, body)
        if other is not None:
            return other
        if path == "/services/oauth2/token":
            return {**TOKEN, **({"instance_url": instance} if instance else {}), **(token or {})}
        if path == "/services/data/":
            return [{"label": "x", "url": "/services/data/v61.0", "version": "61.0"}]
        if path == "/services/data/v61.0/limits":
            return {"DailyApiRequests": {"Max": 5, "Remaining": 4}}
        return {"user_id": "005", "organization_id": "00D", "preferred_username": "u"}
    return answer


def at_token(answer):
    return salesforce_by(lambda path, body: answer if path.endswith("/token") else None)


def refusal(error, description=None, status=400):
    return status, {"error": error, **({"error_description": description} if description else {})}


REFUSALS = [
    (refusal("invalid_grant", "authentication failure"), "OAUTH_REFUSED", "test.salesforce.com"),
    (refusal("invalid_grant", "inactive user"), "LOGIN_NOT_ALLOWED", "activate"),
    (refusal("invalid_grant", "inactive organization"), "LOGIN_NOT_ALLOWED", "organisation"),
    (refusal("invalid_grant", "ip restricted"), "LOGIN_NOT_ALLOWED", "IP ranges"),
    (refusal("invalid_grant", "login rate exceeded"), "SERVER_BUSY", "wait"),
    (refusal("invalid_grant", "user hasn't approved this consumer"), "OAUTH_REFUSED", "pre-authorise"),
    (refusal("invalid_grant", "no client credentials user enabled"), "OAUTH_REFUSED", "client credentials flow"),
    (refusal("invalid_grant", "request not supported on this domain"), "OAUTH_REFUSED", "My Domain"),
    (refusal("invalid_grant", "audience is invalid"), "OAUTH_REFUSED", "aud"),
    (refusal("unauthorized_client"), "OAUTH_REFUSED", "flow"),
    (refusal("redirect_uri_mismatch", "redirect_uri must match configuration"), "OAUTH_REFUSED", "callback"),
    (refusal("something_new", "never heard of", 401), "OAUTH_REFUSED", "client id"),
    (refusal("temporarily_unavailable", "maintenance"), "SERVER_BUSY", "later"),
    (refusal("server_error", "oops", 500), "SERVER_BUSY", "later"),
    (refusal("slow_down", "too many", 429), "SERVER_BUSY", "later"),
    ((200, {"error": "invalid_grant", "error_description": "inactive user"}), "LOGIN_NOT_ALLOWED", "activate"),
]


@pytest.mark.parametrize("answer, code, remedy", REFUSALS)
def test_what_the_login_host_refuses(trust, answer, code, remedy):
    with Fault(at_token(answer)) as host:
        report = test(trust, definition(host.url))
    expect(report, code, "login", answer[1]["error"], answer[1].get("error_description", ""), f"HTTP {answer[0]}", CLIENT)
    assert remedy in report["remedy"], report
    assert report["retryable"] == (code == "SERVER_BUSY")


PAGE = "<!DOCTYPE html><html><head><title>Down for maintenance</title></head><body></body></html>"
FOREIGN = [
    ((200, PAGE), "PROTOCOL_ERROR", ["HTML page", "Down for maintenance"]),
    ((404, PAGE), "PROTOCOL_ERROR", ["404", "HTML page"]),
    ((503, PAGE, {"Retry-After": "30"}), "SERVER_BUSY", ["503", "30"]),
    ((401, PAGE), "OAUTH_REFUSED", ["401"]),
    ((403, "<html>blocked"), "OAUTH_REFUSED", ["403", "HTML page"]),
    ((429, ""), "SERVER_BUSY", ["429", "empty body"]),
    ((500, ""), "SERVER_BUSY", ["500"]),
    ((502, "<html><title>Bad Gateway</title>"), "SERVER_BUSY", ["502", "Bad Gateway"]),
    ((400, "nonsense"), "PROTOCOL_ERROR", ["400", "nonsense"]),
    ((200, ""), "PROTOCOL_ERROR", ["empty body"]),
    ((200, {}), "PROTOCOL_ERROR", ["no access_token"]),
    ((200, {"access_token": ""}), "PROTOCOL_ERROR", ["no access_token"]),
    ((200, {"access_token": 7}), "PROTOCOL_ERROR", ["no access_token"]),
    ((200, []), "PROTOCOL_ERROR", ["JSON"]),
    ((400, [{"message": "x", "errorCode": "NOT_FOUND"}]), "PROTOCOL_ERROR", ["NOT_FOUND"]),
    ((302, "", {"Location": f"https://other.example/x?secret={CANARY}"}), "PROTOCOL_ERROR", ["https://other.example", "not followed"]),
    ((307, "", {"Location": "/elsewhere"}), "PROTOCOL_ERROR", ["another path"]),
    ((200, "x" * 300_000), "PROTOCOL_ERROR", ["more than 262144 bytes"]),
]


@pytest.mark.parametrize("answer, code, words", FOREIGN)
def test_answers_that_are_none_of_oauth2(trust, answer, code, words):
    with Fault(at_token(answer)) as host:
        expect(test(trust, definition(host.url)), code, "login", f"localhost:{host.port}", *words)


def test_a_redirect_gets_no_secret(trust):
    with Fault(lambda path, body: TOKEN) as other, Fault(at_token((307, "", {"Location": f"{other.url}/services/oauth2/token"}))) as host:
        expect(test(trust, definition(host.url)), "PROTOCOL_ERROR", "login", other.url)
        assert other.seen == []


def silent(handler):
    bad_peer.hold(handler.connection)


def drips(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        handler.wfile.write(b" ")
        time.sleep(0.2)


@pytest.mark.parametrize("behave, words", [(silent, "its answer to the token request"), (drips, "the rest of its answer")])
def test_a_slow_login_host_is_not_waited_for(trust, behave, words):
    with Fault(at_token((0, behave))) as host:
        began = time.monotonic()
        report = expect(test(trust, definition(host.url), timeout="1s"), "TIMED_OUT", "login", words)
        assert report["duration_ms"] < 1500 and time.monotonic() - began < 6


@pytest.mark.parametrize("minutes", [-10, 10])
def test_clocks_that_differ_are_told(trust, server, minutes):
    date = {"Date": email.utils.formatdate(time.time() + minutes * 60, usegmt=True)}
    words = ["behind" if minutes > 0 else "ahead of", " min"]
    with Fault(at_token((400, {"error": "invalid_grant", "error_description": "invalid assertion"}, date))) as host:
        secret = {"PRIVATE_KEY": server.key.read_text(), "USERNAME": USER}
        report = expect(test(trust, definition(host.url, "JWT_BEARER", secret)), "OAUTH_REFUSED", "login", "invalid assertion", *words)
        assert "clock" in report["remedy"] and "clock-skew" in rules(report)
    with Fault(salesforce_by(lambda path, body: (200, TOKEN, date) if path.endswith("/token") else None)) as host:
        report = test(trust, definition(host.url))
        assert report["exit"] == 0 and all(word in finding(report, "clock-skew") for word in words)


ECHOES = [
    lambda body: body,
    lambda body: urllib.parse.unquote_plus(body),
    lambda body: json.dumps(dict(urllib.parse.parse_qsl(body))),
    lambda body: urllib.parse.unquote_plus(body)[:-9],
    lambda body: urllib.parse.quote(urllib.parse.unquote_plus(body)),
    lambda body: "x" * 280 + urllib.parse.unquote_plus(body),
]


@pytest.mark.parametrize("echo", ECHOES)
def test_a_login_host_that_echoes_the_secret(trust, echo):
    secret = {"USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET": CLIENT_SECRET, "REFRESH_TOKEN": REFRESH}
    pieces = [CLIENT_SECRET[at:at + 8] for at in range(len(CLIENT_SECRET) - 7)]
    for answer in (lambda body: refusal("invalid_grant", echo(body)), lambda body: refusal(echo(body), "x"),
                   lambda body: (200, echo(body)), lambda body: (503, f"<title>{echo(body)}</title>"),
                   lambda body: (302, "", {"Location": f"https://h/{urllib.parse.quote(echo(body))}"}),
                   lambda body: {**TOKEN, "instance_url": f"https://{echo(body)}", "scope": echo(body)}):
        with Fault(lambda path, body: answer(body)) as host:
            report = test(trust, definition(host.url, "REFRESH_TOKEN", secret, instance=None))
        assert report["exit"] == 1 and not [piece for piece in pieces if piece in json.dumps(report)], report


def test_parameters_of_the_map_are_sent_and_do_not_replace_ours(trust):
    more = {"scope": "api", "api_secret": f"{CANARY}-map", "grant_type": "password"}
    with Fault(lambda path, body: refusal("invalid_grant", f"you sent {body}")) as host:
        report = expect(test(trust, definition(host.url, TokenUrlParametersMap=more)), "OAUTH_REFUSED", "login", "scope=api")
        form = dict(urllib.parse.parse_qsl(host.seen[0]["body"]))
    assert form == {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": CLIENT_SECRET, "scope": "api",
                    "api_secret": f"{CANARY}-map"}
    assert "grant_type" in finding(report, "token-parameter-ignored")


# The instance.

def tokens_of(host):
    return [one["headers"].get("Authorization") for one in host.seen]


def test_the_token_goes_to_the_named_instance_only(trust):
    with Fault(salesforce_by(lambda *_: None)) as other:
        with Fault(salesforce_by(lambda *_: None, instance=other.url.replace("localhost", "127.0.0.1"))) as host:
            report = test(trust, definition(host.url))
        assert report["exit"] == 0 and other.seen == [] and "instance-differs" in rules(report), report


@pytest.mark.parametrize("instance, words", [
    ("http://localhost:1", "no https"), ("https://evil.example", "nothing to do with it"), ("nonsense", "no https"),
    ("https://localhost@evil.example", "no https"), ("https://localhost.evil.example", "nothing to do with it"), ("", "instance_url"),
    ("https://evil.example#localhost", "no https"), ("https://localhost:port", "named beside the token"),
])
def test_an_instance_that_is_not_the_login_hosts(trust, instance, words):
    with Fault(salesforce_by(lambda *_: None, instance=instance)) as host:
        expect(test(trust, definition(host.url, instance=None)), "PROTOCOL_ERROR", "query", words)
        assert not any(tokens_of(host))


def test_an_instance_that_the_login_host_names(trust):
    with Fault(salesforce_by(lambda *_: None)) as other, Fault(salesforce_by(lambda *_: None, instance=other.url)) as host:
        report = test(trust, definition(host.url, instance=None))
        assert report["exit"] == 0 and facts(report, "query")["instance_url"] == other.url
        assert not any(tokens_of(host)) and set(tokens_of(other)) == {f"Bearer {ACCESS}"}


def test_an_instance_that_is_not_there(trust):
    port = free_port()
    with Fault(salesforce_by(lambda *_: None, instance=f"https://localhost:{port}")) as host:
        expect(test(trust, definition(host.url, instance=None)), "ADVERTISED_UNREACHABLE", "query", f"localhost:{port}", "refused")
        report = expect(test(trust, definition(host.url, instance=f"https://localhost:{port}")), "CONNECT_REFUSED", "query")
        assert report["property"] == "ConnectionProperties.INSTANCE_URL"
        expect(test(trust, definition(host.url, instance="https://no-such-name.invalid")), "DNS_NOT_FOUND"
               if subprocess.run(["getent", "hosts", "no-such-name.invalid"]).returncode == 2 and not has_no_resolver()
               else "DNS_UNAVAILABLE", "query", "no-such-name.invalid")


def has_no_resolver():
    try:
        socket.getaddrinfo("no-such-name.invalid", 1)
    except socket.gaierror as error:
        return error.errno == socket.EAI_AGAIN
    return False


@pytest.mark.parametrize("certificate, code", [("wrong-name", "TLS_NAME_MISMATCH"), ("expired", "TLS_EXPIRED"), ("self-signed", "TLS_UNTRUSTED")])
def test_an_instance_with_a_bad_certificate_gets_no_token(trust, certificate, code):
    got = []
    with bad_peer.Peers({"peer": bad_peer.tls(certificate, then=lambda secured: got.append(secured.recv(9999)))}) as peers:
        with Fault(salesforce_by(lambda *_: None)) as host:
            report = test(trust, definition(host.url, instance=f"https://localhost:{peers.port['peer']}"))
    expect(report, code, "query", f"localhost:{peers.port['peer']}")
    assert got in ([], [b""], [b"", b""]) and report["property"] == "ConnectionProperties.INSTANCE_URL"


def rest(code, message, status):
    return status, [{"message": message, "errorCode": code}]


INSTANCE = [
    (rest("INVALID_SESSION_ID", "Session expired or invalid", 401), "PERMISSION_DENIED", "INSTANCE_URL"),
    (rest("API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner", 403), "PERMISSION_DENIED", "API Enabled"),
    (rest("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403), "SERVER_BUSY", "24 hours"),
    (rest("SOMETHING_NEW", "no", 403), "PERMISSION_DENIED", "right"),
    (rest("UNKNOWN_EXCEPTION", "An unexpected error occurred", 500), "SERVER_BUSY", "later"),
    (rest("SERVER_UNAVAILABLE", "Too busy", 503), "SERVER_BUSY", "later"),
    ((401, ""), "PERMISSION_DENIED", "right"),
    ((429, PAGE), "SERVER_BUSY", "later"),
    ((200, PAGE), "PROTOCOL_ERROR", "INSTANCE_URL"),
    ((302, "", {"Location": f"https://other.example/?{CANARY}"}), "QUERY_FAILED", "INSTANCE_URL"),
    ((200, "x" * 600_000), "PROTOCOL_ERROR", "host and port"),
    ((0, silent), "TIMED_OUT", "service"),
]


@pytest.mark.parametrize("path", ["/services/data/", "/services/data/v61.0/limits"])
@pytest.mark.parametrize("answer, code, remedy", INSTANCE)
def test_what_the_instance_refuses(trust, path, answer, code, remedy):
    with Fault(salesforce_by(lambda asked, body: answer if asked == path else None)) as host:
        report = test(trust, definition(host.url), timeout="2s")
    words = [answer[1][0]["errorCode"], answer[1][0]["message"], f"HTTP {answer[0]}"] if isinstance(answer[1], list) else []
    expect(report, code, "query", f"localhost:{host.port}", *words)
    assert remedy in report["remedy"], report


def test_an_instance_without_the_rest_api(trust):
    with Fault(salesforce_by(lambda path, body: rest("NOT_FOUND", "gone", 404) if "data" in path else None)) as host:
        expect(test(trust, definition(host.url)), "QUERY_FAILED", "query", "/services/data/", "NOT_FOUND", "404")


def test_a_token_of_another_instance(trust, server):
    with Fault(lambda path, body: {**TOKEN, "instance_url": "https://other.my.salesforce.com"}) as host:
        expect(test(trust, definition(host.url, instance=server.url)), "PERMISSION_DENIED", "query", "INVALID_SESSION_ID", "HTTP 401", "the token is for", "other.my.salesforce.com")


def test_a_token_without_the_right_to_say_whose_it_is(trust):
    with Fault(salesforce_by(lambda path, body: (403, "Bad_OAuth_Token") if "userinfo" in path else None)) as host:
        report = test(trust, definition(host.url))
        assert report["exit"] == 0 and "user-unknown" in rules(report)


def test_the_token_is_proven_where_there_are_no_limits(trust):
    """By the user, or else by a list of versions that is kept from those without a token."""
    def without(*gone):
        return lambda path, body: rest("NOT_FOUND", "gone", 404) if path in gone else None
    with Fault(salesforce_by(without("/services/data/v61.0/limits"))) as host:
        assert test(trust, definition(host.url))["exit"] == 0
    with Fault(salesforce_by(without("/services/data/v61.0/limits", "/services/oauth2/userinfo"))) as host:
        expect(test(trust, definition(host.url)), "QUERY_FAILED", "query", "userinfo")


def test_secrets_echoed_by_the_instance(trust):
    answer = (403, [{"message": f"{ACCESS} and {CLIENT_SECRET}", "errorCode": ACCESS}])
    with Fault(salesforce_by(lambda path, body: answer if "data" in path else None)) as host:
        expect(test(trust, definition(host.url)), "PERMISSION_DENIED", "query", "***")
    user = {"user_id": ACCESS, "organization_id": CLIENT_SECRET, "preferred_username": f"x{ACCESS}"}
    with Fault(salesforce_by(lambda path, body: user if "userinfo" in path else None)) as host:
        assert test(trust, definition(host.url))["exit"] == 0


# Around it.

def test_the_login_hosts_own_faults_are_at_their_stages(trust):
    port = free_port()
    report = expect(test(trust, definition(f"https://localhost:{port}")), "CONNECT_REFUSED", "tcp", f"localhost:{port}")
    assert report["property"] == f"{OAUTH}.TokenUrl"
    for certificate, code in (("wrong-name", "TLS_NAME_MISMATCH"), ("self-signed", "TLS_UNTRUSTED")):
        with bad_peer.Peers({"peer": bad_peer.tls(certificate)}) as peers:
            expect(test(trust, definition(f"https://localhost:{peers.port['peer']}")), code, "tls")


def test_the_system_alone_is_trusted():
    """Without the mount namespace nobody knows the tests' CA."""
    from support.program import verdict
    with Fault(salesforce_by(lambda *_: None)) as host:
        report = verdict(definition(host.url))
        expect(report, "TLS_UNTRUSTED", "tls", "CN=localhost")
        assert host.seen == []


def test_explain_shows_no_secret(trust, server):
    tested = definition(server.url, "AUTHORIZATION_CODE", {"CLIENT_SECRET": CLIENT_SECRET}, TokenUrlParametersMap={"x": CANARY},
                        OAuth2Credentials={"RefreshToken": REFRESH}, AuthorizationCodeProperties={"AuthorizationCode": CODE})
    for output in ("text", "json"):
        done = trust.run(["explain", "--input", "-", "-o", output], stdin=json.dumps(tested))
        assert done.returncode == 0 and CANARY not in done.stdout + done.stderr, done
        assert CLIENT in done.stdout and "AUTHORIZATION_CODE" in done.stdout and server.url in done.stdout


def test_many_at_once_leave_nothing_behind(trust, server):
    many = [definition(server.url, name=f"crm-{i}") for i in range(20)]
    done = trust.run(["test", "--input", "-", "-o", "json", "--jobs", "8"], stdin=json.dumps(many))
    assert json.loads(done.stdout)["summary"]["ok"] == 20, done.stdout
    wait_until(lambda: running(PROGRAM) == [], 5, "the end of all workers")
