# SPDX-License-Identifier: Apache-2.0
"""SECRET_ID through Secrets Manager, with PostgreSQL behind it: what AWS gives, refuses, and answers instead."""
import contextlib
import json
import os
import socket
import time

import pytest

from support.aws import (CANARY, REGION, Front, Moto, environment, json_answer, json_fault, slowly, xml_fault)
from support.program import certificates, jdbc, rules, run, stages, verdict



@pytest.fixture(scope="module")
def moto():
    with Moto() as running:
        secrets = running.client("secretsmanager")
        made = {"orders": {"username": "app", "password": "pw-app"}, "upper": {"USERNAME": "app", "PASSWORD": "pw-app"},
                "mixed": {"Username": "app", "passWORD": "pw-app"}, "both": {"username": "app", "password": "pw-app",
                                                                            "USERNAME": "no", "PASSWORD": "no"},
                "wrong": {"username": "app", "password": CANARY}, "nouser": {"password": CANARY, "host": "x", "api_key": "k"},
                "number": {"username": "app", "password": 12345}, "null": {"username": None, "password": CANARY},
                "emptyuser": {"username": "", "password": CANARY}, "list": [CANARY], "empty": {}}
        arns = {name: secrets.create_secret(Name=name, SecretString=json.dumps(value))["ARN"] for name, value in made.items()}
        secrets.create_secret(Name="text", SecretString=CANARY)
        secrets.create_secret(Name="binary", SecretBinary=CANARY.encode())
        secrets.create_secret(Name="deleted", SecretString="{}")
        secrets.delete_secret(SecretId="deleted")
        far = running.client("secretsmanager", region="ap-south-1")
        arns["far"] = far.create_secret(Name="far", SecretString=json.dumps(made["orders"]))["ARN"]
        running.arns = arns
        running.reader = running.user("reader", "secretsmanager:GetSecretValue")
        running.nobody = running.user("nobody")
        running.make_strict()
        yield running


@pytest.fixture(scope="module")
def aws(moto):
    with Front(moto.url()) as front:
        yield front


def definition(server, secret="orders", **more):
    return jdbc(JDBC_CONNECTION_URL=server.url(), SECRET_ID=secret, **more)


def tried(definition, url, keys=("AKIDEXAMPLE", CANARY), **options):
    """The verdict, in which no canary may stand."""
    report = verdict(definition, environment=environment(url, keys, **options.pop("variables", {})), **options)
    assert CANARY not in json.dumps(report)
    return report


def expect(report, code, *words, stage="credentials", secret="ConnectionProperties.SECRET_ID"):
    assert (report["code"], report["stage"], report["status"]) == (code, stage, "failed"), report
    for word in words:
        assert word in report["reason"], (word, report["reason"])
    assert report["property"] == secret and report["remedy"]
    assert stages(report)["dns"] == "not reached" and report["exit"] == 1


@pytest.mark.parametrize("secret", ["orders", "upper", "both", "arn"])
def test_a_secret_logs_in(server, moto, aws, secret):
    given = moto.arns["orders"] if secret == "arn" else secret
    report = tried(definition(server, given), aws.url(), moto.reader)
    assert report["exit"] == 0, report
    facts = report["stages"][1]["facts"]
    assert facts["aws_identity"] == "the environment" and given in facts["password_from"]
    assert report["target"]["user"] == "app" and "secret-key-case" not in rules(report)


def test_keys_in_another_case_are_accepted_and_told(server, moto, aws):
    report = tried(definition(server, "mixed"), aws.url(), moto.reader)
    assert report["exit"] == 0 and "secret-key-case" in rules(report)


def test_the_region_comes_from_the_arn(server, moto, aws):
    aws.seen.clear()
    assert tried(definition(server, moto.arns["far"]), aws.url(), moto.reader)["exit"] == 0
    assert {region for *_, region in aws.seen} == {"ap-south-1"}
    expect(tried(definition(server, "far"), aws.url(), moto.reader), "SECRET_MISSING", '"far"', REGION)


def test_the_secret_of_the_authentication_configuration(server, moto, aws):
    basic = {"AuthenticationType": "BASIC", "SecretArn": moto.arns["orders"]}
    url = {"JDBC_CONNECTION_URL": server.url()}
    report = tried({**jdbc(**url), "AuthenticationConfiguration": basic}, aws.url(), moto.reader)
    assert report["exit"] == 0 and report["target"]["user"] == "app", report
    missing = {**basic, "SecretArn": moto.arns["orders"].replace("orders", "nosuch")}
    expect(tried({**jdbc(**url), "AuthenticationConfiguration": missing}, aws.url(), moto.reader), "SECRET_MISSING", "nosuch",
           secret="AuthenticationConfiguration.SecretArn")
    both = {**jdbc(**url, SECRET_ID="nosuch-id"), "AuthenticationConfiguration": basic}
    expect(tried(both, aws.url(), moto.reader), "SECRET_MISSING", "nosuch-id")


def test_region_of_the_definition_goes_before_the_environments(server, moto, aws):
    assert tried(definition(server, "far", REGION="ap-south-1"), aws.url(), moto.reader)["exit"] == 0


def test_one_round_trip_and_no_more(server, moto, aws):
    aws.seen.clear()
    assert tried(definition(server), aws.url(), moto.reader)["exit"] == 0
    assert aws.calls() == ["secretsmanager:GetSecretValue"]


def test_a_wrong_password_in_the_secret_is_the_servers_to_refuse(server, moto, aws):
    report = tried(definition(server, "wrong"), aws.url(), moto.reader)
    assert (report["code"], report["stage"]) == ("LOGIN_REFUSED", "login") and '"app"' in report["reason"]


def test_username_goes_before_the_secret_and_aws_is_left_alone(server, aws):
    aws.seen.clear()
    report = tried(definition(server, "nosuch", USERNAME="app", PASSWORD="pw-app"), aws.url())
    assert report["exit"] == 0 and not aws.seen and "ignored" in rules(report)


@pytest.mark.parametrize("secret, code, words", [
    ("nosuch", "SECRET_MISSING", ['"nosuch"', "ResourceNotFoundException", "can't find the specified secret"]),
    ("deleted", "SECRET_MISSING", ['"deleted"', "marked deleted", "InvalidRequestException"]),
    ("text", "SECRET_FORMAT", ['"text"', "no JSON object", "username and password"]),
    ("list", "SECRET_FORMAT", ["another kind of JSON"]),
    ("binary", "SECRET_FORMAT", ["SecretBinary"]),
    ("nouser", "SECRET_FORMAT", ["username and password", "password, host, api_key"]),
    ("empty", "SECRET_FORMAT", ["its keys are: none"]),
    ("number", "SECRET_FORMAT", ["password", "a number"]),
    ("null", "SECRET_FORMAT", ["username", "null"]),
    ("emptyuser", "SECRET_FORMAT", ["username", "empty"]),
    ("x" * 600, "SECRET_MISSING", ["x" * 600]),
])
def test_each_fault_of_a_secret_has_its_words(server, moto, aws, secret, code, words):
    expect(tried(definition(server, secret), aws.url(), moto.reader), code, *words)


def test_no_right_is_denied_with_awss_own_words(server, moto, aws):
    expect(tried(definition(server), aws.url(), moto.nobody), "SECRET_DENIED", "user/nobody", "not authorized",
           "AccessDeniedException", "HTTP status 400")


def test_what_is_wrong_with_the_key_is_told(server, moto, aws):
    report = tried(definition(server), aws.url(), ("AKIDUNKNOWN", CANARY))
    expect(report, "SECRET_DENIED", "UnrecognizedClientException", "security token")
    assert "access key" in report["remedy"]
    report = tried(definition(server), aws.url(), (moto.reader[0], CANARY))
    expect(report, "SECRET_DENIED", "InvalidSignatureException")
    assert "secret access key" in report["remedy"]


@pytest.mark.parametrize("answer, code, words, remedy", [
    (json_fault("ExpiredTokenException", "The security token included in the request is expired"), "SECRET_DENIED",
     ["ExpiredTokenException", "is expired"], "renew"),
    (json_fault("InvalidSignatureException", "Signature expired: 20240101T000000Z is now earlier than 20240101T001000Z"),
     "SECRET_DENIED", ["Signature expired"], "clock"),
    (xml_fault("RequestTimeTooSkewed", "The difference &lt;too large&gt;", 403), "SECRET_DENIED",
     ["RequestTimeTooSkewed", "<too large>", "403"], "clock"),
    (json_fault("DecryptionFailure", "Secrets Manager can't decrypt the protected secret text"), "DECRYPT_FAILED",
     ["can't decrypt"], "key"),
    (json_fault("InternalServiceError", "An error occurred on the server side.", 500), "SERVER_BUSY",
     ["InternalServiceError", "500"], ""),
    (json_fault("AccessDeniedException", "echo: " + CANARY), "SECRET_DENIED", ["echo: *"], ""),
    ((403, {}, b""), "WRONG_PROTOCOL", ["HTTP status 403"], "endpoint"),
    ((302, {"Location": "https://login.example/"}, b""), "WRONG_PROTOCOL", ["302", "redirect"], "endpoint"),
    ((403, {"Content-Type": "text/html"}, b"<html><body>Blocked by the proxy</body></html>"), "WRONG_PROTOCOL",
     ["not AWS", "a page"], "endpoint"),
    ((502, {"Content-Type": "text/html"}, b"<html>Bad gateway</html>"), "SERVER_BUSY", ["502"], ""),
    ((200, {}, b"<html>Welcome</html>"), "WRONG_PROTOCOL", ["not Secrets Manager"], "endpoint"),
    ((200, {}, b""), "WRONG_PROTOCOL", ["not Secrets Manager"], "endpoint"),
    ((200, {}, b'{"SecretString": '), "WRONG_PROTOCOL", ["not Secrets Manager"], "endpoint"),
    (json_answer(Name="orders"), "SECRET_FORMAT", ["no SecretString"], ""),
    (json_answer(SecretString=json.dumps({"password": "p", "\x1b[31m" + "k" * 300: 1})), "SECRET_FORMAT", ["k" * 30], ""),
    ((200, {}, b'{"SecretString": "' + b"x" * (2 << 20) + b'"}'), "PROTOCOL_ERROR", ["more than"], ""),
    ((200, {"Content-Length": "100000"}, b"{}"), "CONNECTION_CLOSED", [], ""),
])
def test_every_answer_has_its_code(server, answer, code, words, remedy):
    def behave(request):
        if "Content-Length" in answer[1]:
            request.close_connection = True
        return answer
    with Front(answer=behave) as front:
        report = tried(definition(server), front.url())
        expect(report, code, '"orders"', *words)
        assert remedy in report["remedy"]
        assert "\x1b" not in report["reason"]


def test_throttling_is_worth_another_try_and_nothing_else_is(server, moto):
    def throttle(times):
        left = [times]

        def behave(request):
            left[0] -= 1
            return json_fault("ThrottlingException", "Rate exceeded") if left[0] >= 0 else None
        return behave
    with Front(moto.url(), throttle(2)) as front:
        assert tried(definition(server), front.url(), moto.reader)["exit"] == 0
        assert len(front.seen) == 3
    with Front(moto.url(), throttle(99)) as front:
        expect(tried(definition(server), front.url(), moto.reader), "SERVER_BUSY", "Rate exceeded", "ThrottlingException")
        assert len(front.seen) == 3
    with Front(moto.url(), throttle(99)) as front:
        tried(definition(server), front.url(), moto.reader, variables={"AWS_MAX_ATTEMPTS": "1"})
        assert len(front.seen) == 1


def test_silence_ends_at_the_deadline(server):
    with Front(answer=slowly(3, json_answer())) as front:
        began = time.monotonic()
        expect(tried(definition(server), front.url(), timeout="1s"), "TIMED_OUT", "Secrets Manager")
        assert time.monotonic() - began < 2


def test_an_answer_in_drips_ends_at_the_deadline(server):
    def drip(request):
        with contextlib.suppress(OSError):
            request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            for _ in range(40):
                request.wfile.write(b"{")
                time.sleep(0.1)
        request.close_connection = True
        return 200, {}, b""
    with Front(answer=drip) as front:
        began = time.monotonic()
        expect(tried(definition(server), front.url(), timeout="1s"), "TIMED_OUT", "Secrets Manager")
        assert time.monotonic() - began < 2


def test_a_redirect_to_itself_is_followed_nowhere(server):
    with Front(answer=lambda request: (307, {"Location": request.path}, b"")) as front:
        expect(tried(definition(server), front.url()), "WRONG_PROTOCOL", "307", "redirect")
        assert len(front.seen) == 1


def test_nobody_there_is_a_fault_of_the_fetch(server):
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    closed = f"http://127.0.0.1:{probe.getsockname()[1]}"
    expect(tried(definition(server), closed), "CONNECT_REFUSED", "Secrets Manager", closed[7:])
    expect(tried(definition(server), "http://no-such-host.invalid"), "DNS_NOT_FOUND", "no-such-host.invalid")
    probe.close()


def test_tls_to_aws_is_verified(server, moto):
    ca = str(certificates() / "ca.pem")
    for certificate, bundle, code in [("good", ca, None), ("good", None, "TLS_UNTRUSTED"),
                                      ("wrong-name", ca, "TLS_NAME_MISMATCH"), ("expired", ca, "TLS_EXPIRED")]:
        with Front(moto.url(), certificate=certificate) as front:
            report = tried(definition(server), front.url("localhost"), moto.reader, variables={"AWS_CA_BUNDLE": bundle})
            if code:
                expect(report, code, "Secrets Manager")
                assert code != "TLS_UNTRUSTED" or "AWS_CA_BUNDLE" in report["remedy"]
                assert "tls" not in report or stages(report)["tls"] == "not reached"
            else:
                assert report["exit"] == 0, report
    report = tried(definition(server), "https://127.0.0.1:1", variables={"AWS_CA_BUNDLE": "/nonexistent/ca.pem"})
    assert report["code"] == "FILE_UNREADABLE" and "AWS_CA_BUNDLE" in report["reason"] and "/nonexistent/ca.pem" in report["reason"]


def test_a_region_is_needed_for_a_name(server, aws):
    report = tried(definition(server), aws.url(), variables={"AWS_REGION": ""})
    assert report["stage"] == "credentials" and "region" in report["reason"] and "AWS_REGION" in report["remedy"]
    bad = tried(definition(server), aws.url(), variables={"AWS_REGION": "evil.example/"})
    assert bad["stage"] == "credentials" and "evil.example/" in bad["reason"]


# RDS-managed secrets

def test_the_secret_completes_host_port_and_database(server):
    secret = json.dumps({"username": "app", "password": "pw-app", "engine": "postgres", "host": "localhost",
                         "port": server.port, "dbname": "orders", "dbInstanceIdentifier": "db"})
    with Front(answer=lambda request: json_answer(SecretString=secret)) as front:
        report = tried(jdbc(JDBC_ENGINE="postgresql", SECRET_ID="rds"), front.url())
        assert report["exit"] == 0, report
        assert report["target"]["host"] == "localhost" and report["target"]["database"] == "orders"
        wins = tried(jdbc(JDBC_ENGINE="postgresql", HOST="127.0.0.1", PORT=str(server.port), DATABASE="nosuch", SECRET_ID="r"),
                     front.url())
        assert wins["code"] == "DATABASE_MISSING" and wins["target"]["host"] == "127.0.0.1"
        other = tried(jdbc(JDBC_ENGINE="mysql", HOST="127.0.0.1", PORT=str(server.port), SECRET_ID="r"), front.url())
        assert "secret-engine" in rules(other)


@pytest.mark.parametrize("host", [None, "", "a b", "http://db/", 5])
def test_a_secret_that_names_no_host_is_told(host):
    secret = {"username": "app", "password": CANARY}
    if host is not None:
        secret["host"] = host
    with Front(answer=lambda request: json_answer(SecretString=json.dumps(secret))) as front:
        expect(tried(jdbc(JDBC_ENGINE="postgresql", SECRET_ID="rds"), front.url()), "SECRET_FORMAT", "host", "its keys are")


# what AWS is not needed for

def loaded(pid):
    try:
        with open(f"/proc/{pid}/maps") as maps:
            return maps.read()
    except OSError:
        return ""


def loaded_during(connection, variables):
    """What the processes of a test have mapped while their PostgreSQL says nothing."""
    import subprocess
    from support.processes import running
    from support.program import PROGRAM
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connection["ConnectionProperties"]["JDBC_CONNECTION_URL"] = f"jdbc:postgresql://127.0.0.1:{silent.getsockname()[1]}/x"
        process = subprocess.Popen([str(PROGRAM), "test", "--input", "-", "--timeout", "5s"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True, env=variables)
        process.stdin.write(json.dumps(connection))
        process.stdin.close()
        silent.settimeout(10)
        accepted, _ = silent.accept()
        maps = "".join(loaded(pid) for pid in running(PROGRAM))
        process.kill()
        process.wait()
        accepted.close()
    return maps


def test_a_test_without_aws_never_comes_near_it(aws):
    aws.seen.clear()
    variables = environment(aws.url(), AWS_EC2_METADATA_SERVICE_ENDPOINT=aws.url())
    maps = loaded_during(jdbc(USERNAME="app", PASSWORD="x"), variables)
    assert "libpq" in maps and "libcurl" not in maps and "secrets/aws.so" not in maps and not aws.seen


def test_a_missing_module_is_told(server, tmp_path):
    """A host without the module still tests what needs none of it."""
    from support.program import BUILD
    folder = tmp_path / "drivers"
    folder.mkdir()
    for name in os.listdir(BUILD / "drivers"):
        if name.endswith((".so", ".json")):
            os.symlink(BUILD / "drivers" / name, folder / name)
    expect(verdict(definition(server), "--drivers", folder, environment=environment("http://127.0.0.1:1")),
           "DRIVER_MISSING", "secrets/aws.so")
    plain = jdbc(JDBC_CONNECTION_URL=server.url(), USERNAME="app", PASSWORD="pw-app")
    assert verdict(plain, "--drivers", folder)["exit"] == 0
