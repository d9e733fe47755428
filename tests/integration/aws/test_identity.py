# SPDX-License-Identifier: Apache-2.0
"""Where the agent's own AWS credentials come from, and what is said when they do not come."""
import datetime
import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

from support.aws import CANARY, Front, Moto, environment, json_answer, json_fault, slowly, xml_fault
from support.processes import running, wait_until
from support.program import PROGRAM, batch, jdbc, verdict

SECRET = json_answer(SecretString=json.dumps({"username": "app", "password": "pw-app"}))


@pytest.fixture(scope="module")
def moto():
    with Moto() as running:
        running.client("secretsmanager").create_secret(Name="orders", SecretString=json.dumps(
            {"username": "app", "password": "pw-app"}))
        running.assumer = running.user("assumer", "sts:AssumeRole")
        running.nobody = running.user("nobody")
        running.reader = running.role("reader", "secretsmanager:GetSecretValue", "sts:AssumeRole")
        running.idle = running.role("idle", "s3:ListAllMyBuckets")
        yield running


def definition(server, **more):
    return jdbc(JDBC_CONNECTION_URL=server.url(), SECRET_ID="orders", **more)


def in_an_hour():
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def imds(role="agent", token="imds-token", **changes):
    """An instance's metadata service, with version 2 unless TOKEN is None."""
    document = {"Code": "Success", "AccessKeyId": "ASIAINSTANCE", "SecretAccessKey": CANARY, "Token": "instance-token",
                "Expiration": in_an_hour(), **changes}

    def answer(request):
        folder = "/latest/meta-data/iam/security-credentials/"
        if request.path == "/latest/api/token":
            assert request.command == "PUT" and request.headers["x-aws-ec2-metadata-token-ttl-seconds"] == "21600"
            return (200, {}, token.encode()) if token else (403, {}, b"")
        if request.path.startswith(folder):
            if token and request.headers.get("x-aws-ec2-metadata-token") != token:
                return 401, {}, b""
            name = request.path[len(folder):]
            return ((200, {}, role.encode()) if role else (404, {}, b"")) if not name else (
                200, {"Content-Type": "application/json"}, json.dumps(document).encode())
        return SECRET if request.operation == "GetSecretValue" else None
    return answer


def tried(connection, url, **variables):
    keys = variables.pop("keys", None)
    timeout = variables.pop("timeout", "10s")
    report = verdict(connection, environment=environment(url, keys, **variables), timeout=timeout)
    assert CANARY not in json.dumps(report)
    return report


def who(report):
    return report["stages"][1]["facts"]["aws_identity"]


def expect(report, code, *words, **members):
    assert (report["code"], report["stage"]) == (code, "credentials"), report
    for word in words:
        assert word in report["reason"], (word, report["reason"])
    assert report["remedy"]
    for key, value in members.items():
        assert report[key] == value


def write(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return str(path)


@pytest.fixture()
def home(tmp_path):
    (tmp_path / ".aws").mkdir()
    return tmp_path


def test_nothing_anywhere_is_told_step_by_step(server):
    report = tried(definition(server), "http://127.0.0.1:1", AWS_EC2_METADATA_DISABLED="true")
    expect(report, "AWS_CREDENTIALS_MISSING", "AWS_ACCESS_KEY_ID", 'profile "default"', "/nonexistent/.aws/config",
           "/nonexistent/.aws/credentials", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
           "metadata service", "(AWS is asked because of ConnectionProperties.SECRET_ID)", property="ConnectionProperties.SECRET_ID")
    with Front(answer=imds(role="")) as front:
        expect(tried(definition(server), front.url(), AWS_EC2_METADATA_SERVICE_ENDPOINT=front.url()),
               "AWS_CREDENTIALS_MISSING", "the instance has no role")


@pytest.mark.parametrize("kind, properties, blamed", [
    ("VIEW_VALIDATION_ATHENA", {"WORKGROUP_NAME": "wg"}, "ConnectionType"),
    ("KAFKA", {"KAFKA_BOOTSTRAP_SERVERS": "b-1.x.kafka.eu-west-1.amazonaws.com:9098", "KAFKA_SASL_MECHANISM": "AWS_MSK_IAM"},
     "ConnectionProperties.KAFKA_SASL_MECHANISM"),
    ("JDBC", {"JDBC_CONNECTION_URL": "jdbc:redshift:iam://c1:eu-west-1/d?DbUser=u"}, "ConnectionProperties.JDBC_CONNECTION_URL"),
    ("JDBC", {"JDBC_CONNECTION_URL": "jdbc:postgresql://h/d", "USERNAME": "u", "PASSWORD": CANARY, "CUSTOM_JDBC_CERT": "s3://bucket/ca.pem"},
     "ConnectionProperties.CUSTOM_JDBC_CERT")])
def test_what_needs_the_credentials_is_blamed(kind, properties, blamed):
    report = tried({"Name": "x", "ConnectionType": kind, "ConnectionProperties": properties}, None, AWS_EC2_METADATA_DISABLED="true")
    expect(report, "AWS_CREDENTIALS_MISSING", f"(AWS is asked because of {blamed})", property=blamed)


def test_a_file_that_cannot_be_read_is_named(server, home):
    (home / ".aws" / "credentials").mkdir()
    report = tried(definition(server), None, HOME=str(home), AWS_EC2_METADATA_DISABLED="true")
    expect(report, "AWS_CREDENTIALS_MISSING", f"{home}/.aws/credentials: is a directory")
    os.mkfifo(home / ".aws" / "config")
    began = time.monotonic()
    report = tried(definition(server), None, HOME=str(home), AWS_EC2_METADATA_DISABLED="true", timeout="1s")
    assert time.monotonic() - began < 2
    expect(report, "AWS_CREDENTIALS_MISSING", f"{home}/.aws/config: is a FIFO that nobody writes to")


def test_a_silent_metadata_service_costs_a_second(server):
    with Front(answer=slowly(5, (200, {}, b"x"))) as front:
        began = time.monotonic()
        expect(tried(definition(server), front.url(), AWS_EC2_METADATA_SERVICE_ENDPOINT=front.url()),
               "AWS_CREDENTIALS_MISSING", front.url())
        assert time.monotonic() - began < 3


@pytest.mark.parametrize("token", ["imds-token", None])
def test_the_instances_role(server, token):
    with Front(answer=imds(token=token)) as front:
        report = tried(definition(server), front.url(), AWS_EC2_METADATA_SERVICE_ENDPOINT=front.url())
        assert report["exit"] == 0 and who(report) == "the instance's role agent"
        if token is None:
            expect(tried(definition(server), front.url(), AWS_EC2_METADATA_SERVICE_ENDPOINT=front.url(),
                         AWS_EC2_METADATA_V1_DISABLED="true"), "AWS_CREDENTIALS_MISSING", "IMDSv2", "403")


def test_a_metadata_service_that_answers_with_an_error(server):
    broken = imds(Code="AssumeRoleUnauthorizedAccess", Message="EC2 cannot assume the role agent", AccessKeyId="",
                  SecretAccessKey="")
    with Front(answer=broken) as front:
        expect(tried(definition(server), front.url(), AWS_EC2_METADATA_SERVICE_ENDPOINT=front.url()),
               "AWS_CREDENTIALS_MISSING", "EC2 cannot assume the role agent", "AssumeRoleUnauthorizedAccess")


def test_the_containers_credentials(server, tmp_path):
    def answer(request):
        if request.path == "/creds":
            if request.headers.get("Authorization") != "Bearer x":
                return 400, {}, b'{"message": "no"}'
            return json_answer(AccessKeyId="ASIA", SecretAccessKey=CANARY, Token="t", Expiration=in_an_hour())
        return SECRET
    token_file = write(tmp_path / "token", "Bearer x\n")
    with Front(answer=answer) as front:
        full = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": front.url() + "/creds"}
        for variables in ({"AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer x"}, {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token_file}):
            report = tried(definition(server), front.url(), **full, **variables)
            assert report["exit"] == 0 and who(report) == "the container's credentials endpoint", report
        expect(tried(definition(server), front.url(), **full), "AWS_CREDENTIALS_MISSING", "HTTP status 400",
               "AWS_CONTAINER_CREDENTIALS_FULL_URI")
    expect(tried(definition(server), None, AWS_CONTAINER_CREDENTIALS_FULL_URI="http://192.0.2.1/creds"),
           "AWS_CREDENTIALS_MISSING", "https")
    expect(tried(definition(server), None, AWS_CONTAINER_CREDENTIALS_FULL_URI="http://127.0.0.1:1/creds"), "CONNECT_REFUSED",
           "127.0.0.1:1")


def test_profiles(server, moto, home):
    access_key, secret_key = moto.assumer
    write(home / ".aws" / "credentials", f"[base]\naws_access_key_id = {access_key}\naws_secret_access_key = {secret_key}\n")
    with Front(moto.url()) as front:
        write(home / ".aws" / "config", f"""[default]
source_profile = base
role_arn = {moto.reader}
region = eu-west-1
services = local
[profile broken]
role_arn = {moto.reader}
source_profile = nobody
[services local]
sts =
  endpoint_url = {front.url()}
secrets_manager =
  endpoint_url = {front.url()}
""")
        report = tried(definition(server), None, HOME=str(home), AWS_REGION=None)
        assert report["exit"] == 0, report
        assert who(report) == f"the role {moto.reader}"
        assert front.calls() == ["sts:AssumeRole", "secretsmanager:GetSecretValue"]
        expect(tried(definition(server), None, HOME=str(home), AWS_PROFILE="broken"), "AWS_CREDENTIALS_MISSING", '"broken"',
               '"nobody"', "does not exist")
        expect(tried(definition(server), None, HOME=str(home), AWS_PROFILE="other"), "AWS_CREDENTIALS_MISSING", '"other"',
               "AWS_PROFILE")


def process(folder, body):
    return write(folder / "get-credentials", f"#!/bin/sh\n{body}\n", 0o700)


KEYS = ('{"Version": 1, "AccessKeyId": "AKIAPROCESS", "SecretAccessKey": "%s", "SessionToken": "t", "Expiration": "%s"}'
        % (CANARY, in_an_hour()))


@pytest.mark.parametrize("body, code, words", [
    (f"[ \"$1\" = 'two words' ] && echo '{KEYS}'", None, []),
    ("echo oops >&2; exit 3", "AWS_CREDENTIALS_MISSING", ["get-credentials", "status 3"]),
    (f"echo '{CANARY}'", "AWS_CREDENTIALS_MISSING", ["no JSON object"]),
    ("kill -9 $$", "AWS_CREDENTIALS_MISSING", ["signal 9"]),
    ("yes", "AWS_CREDENTIALS_MISSING", ["more than"]),
    ("sleep 60", "TIMED_OUT", ["did not"]),
])
def test_a_credential_process(server, home, body, code, words):
    program = process(home, body)
    write(home / ".aws" / "config", f"[default]\ncredential_process = {program} 'two words'\n")
    with Front(answer=lambda request: SECRET) as front:
        report = tried(definition(server), front.url(), HOME=str(home), timeout="2s")
        if code:
            expect(report, code, *words)
        else:
            assert report["exit"] == 0 and who(report) == "a credential process", report
    write(home / ".aws" / "config", "[default]\ncredential_process = /nonexistent/program\n")
    expect(tried(definition(server), None, HOME=str(home)), "AWS_CREDENTIALS_MISSING", "/nonexistent/program",
           "No such file")


def sts(answer):
    def behave(request):
        if request.operation and request.operation.startswith("AssumeRole"):
            return answer
        return SECRET if request.operation == "GetSecretValue" else None
    return behave


ASSUMED = (200, {"Content-Type": "text/xml"}, f"""<AssumeRoleResponse><AssumeRoleResult><Credentials>
<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>{CANARY}</SecretAccessKey><SessionToken>t+/=</SessionToken>
<Expiration>{in_an_hour()}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>""".encode())


def test_web_identity(server, tmp_path):
    token = write(tmp_path / "token", "eyJ.web.token\n")
    role = "arn:aws:iam::123456789012:role/web"
    seen = []

    def answer(request):
        if request.operation == "AssumeRoleWithWebIdentity":
            seen.append((request.headers.get("Authorization"), request.body.decode()))
        return sts(ASSUMED)(request)
    variables = {"AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": role}
    with Front(answer=answer) as front:
        report = tried(definition(server), front.url(), **variables)
        assert report["exit"] == 0 and role in who(report)
    assert seen == [(None, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3A"
                     "role%2Fweb&RoleSessionName=testconn&WebIdentityToken=eyJ.web.token")]
    with Front(answer=sts(xml_fault("ExpiredTokenException", "Token expired: current date/time"))) as front:
        report = tried(definition(server), front.url(), **variables)
        expect(report, "SECRET_DENIED", role, "Token expired", "ExpiredTokenException")
    variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = str(tmp_path / "gone")
    expect(tried(definition(server), "http://127.0.0.1:1", **variables), "FILE_UNREADABLE", "web identity token", "gone")


# ROLE_ARN of the definition

def test_a_role_of_the_connection(server, moto):
    moto.make_strict()
    with Front(moto.url()) as front:
        report = tried(definition(server), front.url(), keys=moto.assumer)
        expect(report, "SECRET_DENIED", "user/assumer", "secretsmanager:GetSecretValue")
        report = tried(definition(server, ROLE_ARN=moto.reader), front.url(), keys=moto.assumer)
        assert report["exit"] == 0 and who(report) == f"the role {moto.reader}", report
        expect(tried(definition(server, ROLE_ARN=moto.idle), front.url(), keys=moto.assumer), "SECRET_DENIED",
               "assumed-role/idle", property="ConnectionProperties.SECRET_ID")
        report = tried(definition(server, ROLE_ARN=moto.reader), front.url(), keys=moto.nobody)
        expect(report, "SECRET_DENIED", moto.reader, "sts:AssumeRole", "user/nobody", property="ConnectionProperties.ROLE_ARN")


def test_a_warm_role_costs_one_round_trip(server):
    with Front(answer=sts(ASSUMED)) as front:
        many = [definition(server, ROLE_ARN="arn:aws:iam::123456789012:role/r") for _ in range(6)]
        code, document = batch(many, environment=environment(front.url()))
        assert code == 0, document
        assert front.calls().count("sts:AssumeRole") == 1
        assert front.calls().count("secretsmanager:GetSecretValue") == 6


def test_a_failed_identity_is_asked_for_once_for_many(server):
    with Front(answer=sts(xml_fault("AccessDenied", "not authorized to perform: sts:AssumeRole", 403))) as front:
        many = [definition(server, ROLE_ARN="arn:aws:iam::123456789012:role/r") for _ in range(6)]
        code, document = batch(many, environment=environment(front.url()))
        assert code == 1 and {test["code"] for test in document["tests"]} == {"SECRET_DENIED"}
        assert front.calls() == ["sts:AssumeRole"]


def test_a_silent_sts_ends_at_each_tests_own_deadline(server):
    with Front(answer=slowly(4, ASSUMED)) as front:
        began = time.monotonic()
        report = tried(definition(server, ROLE_ARN="arn:aws:iam::123456789012:role/r"), front.url(), keys=("a", CANARY),
                       timeout="1s")
        assert time.monotonic() - began < 2
        expect(report, "TIMED_OUT")


def test_sts_that_is_something_else(server):
    role = "arn:aws:iam::123456789012:role/r"
    for answer, code in [((200, {}, b"<html></html>"), "WRONG_PROTOCOL"), ((200, {}, b"{}"), "WRONG_PROTOCOL"),
                         (json_fault("ThrottlingException", "Rate exceeded"), "SERVER_BUSY"),
                         (xml_fault("InternalFailure", "", 500), "SERVER_BUSY"),
                         (xml_fault("MalformedPolicyDocument", "x"), "SECRET_DENIED")]:
        with Front(answer=sts(answer)) as front:
            expect(tried(definition(server, ROLE_ARN=role), front.url(), keys=("a", CANARY)), code, role)


@pytest.mark.parametrize("name, text, words", [
    ("credentials", "[default]\naws_access_key_id = A\naws_secret_access_key " + CANARY + "\n", ["line 3 is neither [SECTION] nor KEY = VALUE"]),
    ("credentials", "aws_access_key_id = A\naws_secret_access_key = " + CANARY, ["line 1 stands before any [section]"]),
    ("credentials", "[default\naws_access_key_id = A\n", ["line 1 begins a section with [ and has no ]"]),
    ("config", "[dev]\nregion = x\n", ["line 1 has [dev]", "[profile dev]"]),
    ("credentials", "[default]\naws_access_key_id = A\n".encode("utf-16").decode("latin-1"), ["NUL", "no text"])])
def test_a_file_that_cannot_be_understood_is_told_by_its_line(server, home, name, text, words):
    path = home / ".aws" / name
    path.write_bytes(text.encode("latin-1"))
    for more in ({}, {"AWS_PROFILE": "dev"}):
        report = tried(definition(server), None, HOME=str(home), AWS_EC2_METADATA_DISABLED="true", **more)
        expect(report, "AWS_CREDENTIALS_MISSING", f"{path} is not understood: ", *words)
        assert report["remedy"].startswith("correct the file"), report
    assert tried(definition(server), "http://127.0.0.1:1", keys=("A", CANARY), HOME=str(home))["code"] == "CONNECT_REFUSED"


def test_the_keys_of_a_profile(server, home):
    write(home / ".aws" / "credentials", f"[default]\naws_access_key_id = A\naws_secret_access_key = {CANARY}\n")
    with Front(answer=lambda request: SECRET) as front:
        report = tried(definition(server), front.url(), HOME=str(home))
        assert report["exit"] == 0 and who(report) == 'the profile "default"'
        assert front.calls() == ["secretsmanager:GetSecretValue"]


def test_nothing_is_left_of_what_was_interrupted(server, home):
    """^C while a credential process, or STS, keeps a test waiting; and kill -9."""
    program = process(home, f"echo $$ > {home}/pid; sleep 60 & echo $! >> {home}/pid; wait")
    write(home / ".aws" / "config", f"[default]\ncredential_process = {program}\n")
    for number, code in [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]:
        (home / "pid").unlink(missing_ok=True)
        front = subprocess.Popen([str(PROGRAM), "test", "--input", "-", "-o", "json"], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True, env=environment(None, None, HOME=str(home)))
        front.stdin.write(json.dumps(definition(server)))
        front.stdin.close()
        pids = wait_until(lambda: (home / "pid").exists() and len((home / "pid").read_text().split()) == 2 and
                          (home / "pid").read_text().split(), 10, "the credential process")
        front.send_signal(number)
        assert front.wait(10) == code
        # What the process itself has started is reached where we could still reach for it.
        own = pids[:1] if number == signal.SIGKILL else pids
        wait_until(lambda: not any(is_running(pid) for pid in own), 5, "the end of the credential process")
        if number == signal.SIGKILL:
            os.kill(int(pids[1]), signal.SIGKILL)
        else:
            assert json.loads(front.stdout.read())["tests"][0]["status"] == "skipped"
    wait_until(lambda: running(PROGRAM) == [], 5, "the end of all workers")


def is_running(pid):
    try:
        return "State:\tZ" not in pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_the_way_through_a_proxy(server):
    seen = []

    def answer(request):
        seen.append(request.path)
        return SECRET
    aws = "http://secretsmanager.example:8080"
    with Front(answer=answer) as proxy:
        report = tried(definition(server), aws, keys=("a", CANARY), HTTP_PROXY=proxy.url())
        assert report["exit"] == 0 and seen == [f"{aws}/"], (report, seen)
        direct = tried(definition(server), aws, keys=("a", CANARY), HTTP_PROXY=proxy.url(), NO_PROXY="localhost,.example")
        assert direct["code"] in ("DNS_NOT_FOUND", "DNS_UNAVAILABLE") and len(seen) == 1
        # Only AWS is behind it: the database is not.
        assert report["target"]["port"] == server.port


def test_credentials_that_have_expired_are_told_and_not_asked_for_again(server, tmp_path):
    """Whoever gave them would give the same: nobody runs in circles until the deadline."""
    config, past = tmp_path / "config", "2020-01-01T00:00:00Z"
    given = json.dumps({"Version": 1, "AccessKeyId": "a", "SecretAccessKey": CANARY, "Expiration": past})
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho run >> {tmp_path}/runs\necho '{given}'\n")
    program.chmod(0o700)
    write(config, f"[default]\ncredential_process = {program}\n")
    began = time.monotonic()
    report = tried(definition(server), None, AWS_CONFIG_FILE=str(config))
    expect(report, "AWS_CREDENTIALS_MISSING", past, "credential process", "clock of this host")
    assert (tmp_path / "runs").read_text() == "run\n" and time.monotonic() - began < 3
    with Front(answer=imds(Expiration=past)) as front:
        folder = "/latest/meta-data/iam/security-credentials/agent"
        with Front(answer=lambda request: imds(token=None, Expiration=past)(request)) as container:
            report = tried(definition(server), front.url(), AWS_CONTAINER_CREDENTIALS_FULL_URI=container.url() + folder)
    expect(report, "AWS_CREDENTIALS_MISSING", past, "container's credentials endpoint")


@pytest.mark.parametrize("variables, code, words", [
    ({"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/x"}, "CONNECT_REFUSED",
     ["container's credentials endpoint", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "127.0.0.1:1"]),
    ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/dev/null", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r"}, "FILE_UNREADABLE",
     ["web identity token", "/dev/null"]),
])
def test_a_source_that_gives_nothing_is_named(server, variables, code, words):
    expect(tried(definition(server), "http://127.0.0.1:1", **variables), code, *words)


def test_an_identity_provider_that_is_not_trusted(server, tmp_path):
    (tmp_path / "token").write_text(CANARY)
    refusal = xml_fault("InvalidIdentityToken", "No OpenIDConnect provider found in your account")
    with Front(answer=lambda request: refusal) as front:
        report = tried(definition(server), front.url(), AWS_WEB_IDENTITY_TOKEN_FILE=str(tmp_path / "token"),
                       AWS_ROLE_ARN="arn:aws:iam::123456789012:role/r")
    expect(report, "SECRET_DENIED", "No OpenIDConnect provider", "role/r")
    assert "identity provider" in report["remedy"] and "expired" not in report["remedy"]


@pytest.mark.parametrize("url, words", [("htp:/x", "no host"), ("localhost:4566", "the URL is none"), ("ftp://h", "ftp://")])
def test_an_endpoint_that_is_no_url_is_told_by_its_variable(server, url, words):
    report = tried(definition(server), url, keys=("a", CANARY))
    expect(report, "INVALID_INPUT", "AWS_ENDPOINT_URL", words)
    assert "AWS_ENDPOINT_URL" in report["remedy"]


@pytest.mark.parametrize("answer, words, remedy", [
    ((401, {}, b'{"message": "no such token"}'), ["HTTP status 401", '"no such token"'], "AWS_CONTAINER_AUTHORIZATION_TOKEN"),
    ((404, {}, b'{"code": "NotFound", "message": "no task"}'), ["HTTP status 404", '"no task" NotFound'], "task or pod has a role"),
    ((500, {}, b"<html>"), ["HTTP status 500"], "task or pod has a role"),
    ((200, {}, b'{"code": "AccessDenied", "message": "the role is gone"}'), ['"the role is gone" AccessDenied', "HTTP status 200"], None),
    ((200, {}, b"{}"), ["its answer holds none"], None)])
def test_what_a_container_answers_in_place_of_credentials(server, answer, words, remedy):
    with Front(answer=lambda request: answer) as front:
        report = tried(definition(server), front.url(), AWS_CONTAINER_CREDENTIALS_FULL_URI=front.url() + "/role")
    expect(report, "AWS_CREDENTIALS_MISSING", "the container's credentials endpoint", *words)
    assert not remedy or remedy in report["remedy"], report


@pytest.mark.parametrize("refusal, remedy", [
    (xml_fault("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403), "have the role's trust policy allow sts:AssumeRoleWithWebIdentity"),
    (xml_fault("ExpiredTokenException", "Token expired: current date/time 1 must be before 0"), "renew the web identity token")])
def test_a_web_identity_that_is_refused(server, tmp_path, refusal, remedy):
    (tmp_path / "token").write_text(CANARY)
    with Front(answer=lambda request: refusal) as front:
        report = tried(definition(server), front.url(), AWS_WEB_IDENTITY_TOKEN_FILE=str(tmp_path / "token"),
                       AWS_ROLE_ARN="arn:aws:iam::123456789012:role/r")
    expect(report, "SECRET_DENIED", "asked by sts:AssumeRoleWithWebIdentity with a web identity token", "role/r")
    assert report["remedy"].startswith(remedy), report


def test_a_region_that_is_none(server):
    report = tried(definition(server), "http://127.0.0.1:1", keys=("a", CANARY), AWS_REGION="Europe West")
    expect(report, "INVALID_INPUT", '"Europe West" is no AWS region', "AWS_REGION")
    assert "eu-west-1" in report["remedy"]
