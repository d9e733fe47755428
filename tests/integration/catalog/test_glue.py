# SPDX-License-Identifier: Apache-2.0
"""A catalog that lies in AWS Glue: moto's, a real PostgreSQL behind a connection, and refusals as AWS gives them."""
import json
import time

import pytest

from support.aws import CANARY, Front, Moto, environment, json_answer, json_fault, slowly
from support.catalog import orders
from support.postgresql import PostgreSQL
from support.processes import free_port
from support.program import jdbc, run
from support.service import Service

NAMES = [f"n{i:03}" for i in range(120)]


@pytest.fixture(scope="module")
def server():
    with PostgreSQL() as one:
        yield one


@pytest.fixture(scope="module")
def moto(server):
    with Moto() as one:
        glue = one.client("glue")
        definitions = [jdbc(JDBC_CONNECTION_URL=server.url(host="127.0.0.1"), USERNAME="app", PASSWORD="pw-app"), orders("closed", CANARY),
                       {"Name": "events", "ConnectionType": "KAFKA", "ConnectionProperties": {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9"}},
                       {"Name": "store", "ConnectionType": "MARKETPLACE",
                        "ConnectionProperties": {"CONNECTOR_TYPE": "Jdbc", "CONNECTOR_URL": "s3://b/x.jar", "CONNECTOR_CLASS_NAME": "x"}}]
        for definition in definitions:
            glue.create_connection(ConnectionInput=definition)
        yield one


def ask(url, *arguments, catalog="glue://eu-west-1", stdin=None, **more):
    return run([*arguments, "--catalog", catalog], stdin=stdin, environment=environment(url, **more))


def test_a_connection_of_glue_is_tested_by_its_name(moto):
    done = ask(moto.url(), "test", "orders", "-o", "json")
    report = json.loads(done.stdout)["tests"][0]
    assert done.returncode == 0 and report["status"] == "ok" and report["server"]["product"] == "PostgreSQL", (report, done.stderr)
    assert done.stderr == "", "a status that is left alone is no complaint"
    done = ask(moto.url(), "test", "orders", "closed", "-o", "json")
    assert [test["status"] for test in json.loads(done.stdout)["tests"]] == ["ok", "failed"]
    assert {c["Status"] for c in moto.client("glue").get_connections()["ConnectionList"]} == {"READY"}


@pytest.mark.parametrize("form", ["glue:eu-west-1", "glue://", "glue:{url}", "glue://{url}", "glue://us-east-1?endpoint={url}"])
def test_how_it_is_named(moto, form):
    url = None if "{url}" in form else moto.url()
    done = ask(url, "connections", "list", catalog=form.format(url=moto.url()))
    assert done.returncode == 0 and ("orders" in done.stdout) == ("us-east-1" not in form), done


@pytest.mark.parametrize("form", ["glue:eu_west", "glue:http://u:s3cret@h/", "glue://a?endpoint=x", "glue:http://", "glue://h:80"])
def test_what_is_no_name_of_it(form):
    done = ask(None, "connections", "list", catalog=form)
    assert done.returncode == 2 and "glue://REGION" in done.stderr and "s3cret" not in done.stderr, done


def test_passwords_are_asked_for_only_when_they_are_needed(moto):
    hidden = []

    def see(request):
        hidden.append(json.loads(request.body).get("HidePassword"))

    with Front(moto.url(), see) as front:
        for arguments, hide in ((["connections", "list"], True), (["connections", "list", "-o", "json"], True),
                                (["connections", "get", "closed"], True), (["connections", "get", "closed", "-o", "json"], True),
                                (["connections", "get", "closed", "--show-password", "-o", "json"], False), (["test", "orders"], False)):
            hidden.clear()
            done = ask(front.url(), *arguments)
            assert done.returncode == 0 and set(hidden) == {hide}, (arguments, hidden, done)
            assert (CANARY in done.stdout) == ("--show-password" in arguments)
        assert front.calls()[-1] == "glue:GetConnection"


def test_nothing_is_written_there(moto):
    text = json.dumps(orders("new"))
    for arguments in (["create", "--input", "-"], ["update", "--input", "-"], ["import", "--input", "-"], ["delete", "orders"],
                      ["batch-delete", "orders"]):
        done = ask(moto.url(), "connections", *arguments, stdin=text)
        assert done.returncode == 2 and "read-only" in done.stderr and "AWS Glue" in done.stderr, done


def test_the_type_that_the_answer_lacks(moto):
    listed = ask(moto.url(), "connections", "list").stdout
    rows = {line.split()[0]: line.split()[1] for line in listed.splitlines()[1:]}
    assert rows == {"closed": "JDBC", "events": "KAFKA", "orders": "JDBC", "store": "?"}
    done = ask(moto.url(), "test", "store", "-o", "json")
    report = json.loads(done.stdout)["tests"][0]
    assert done.returncode == 2 and report["code"] == "INVALID_INPUT" and report["stage"] == "input", report
    assert "ConnectionType" in report["reason"] and '"store"' in report["reason"] and "glue://eu-west-1" in report["reason"]
    assert [line.split()[0] for line in ask(moto.url(), "connections", "list", "--type", "KAFKA").stdout.splitlines()[1:]][:1] == ["events"]


def test_a_name_that_is_not_there(moto):
    done = ask(moto.url(), "test", "ordrs")
    assert done.returncode == 2 and 'no connection "ordrs"' in done.stderr and "did you mean orders" in done.stderr, done


def paged(request):
    """Three pages in an order of its own, whatever was asked for."""
    token = json.loads(request.body).get("NextToken", "0")
    part = list(reversed(NAMES))[int(token) * 40:int(token) * 40 + 40]
    more = {"NextToken": str(int(token) + 1)} if token != "2" else {}
    return json_answer(ConnectionList=[{**orders(name), "CreationTime": 1700000000.5, "MatchCriteria": ["x"]} for name in part], **more)


def test_pages():
    with Front(None, paged) as front:
        seen, token = [], []
        while True:
            done = ask(front.url(), "connections", "list", "-o", "json", "--max-results", "50", *token)
            page = json.loads(done.stdout)
            seen += [entry["Name"] for entry in page["ConnectionList"]]
            if "NextToken" not in page:
                break
            token = ["--next-token", page["NextToken"]]
        assert seen == NAMES
        assert ask(front.url(), "connections", "list", "--match", "y").stdout == ""
        assert len(ask(front.url(), "connections", "list", "--match", "x").stdout.splitlines()) == 121
        assert ask(front.url(), "connections", "list", "--next-token", "x").returncode == 2


@pytest.mark.parametrize("answer, code, words", [
    (json_fault("AccessDeniedException", "User x is not authorized to perform: glue:GetConnection"), "SECRET_DENIED",
     ["AccessDeniedException", "not authorized", "the environment"]),
    (json_fault("ExpiredTokenException", "The security token included in the request is expired"), "SECRET_DENIED", ["ExpiredTokenException"]),
    (json_fault("UnrecognizedClientException", "The security token included in the request is invalid."), "SECRET_DENIED", ["invalid"]),
    (json_fault("ThrottlingException", "Rate exceeded"), "SERVER_BUSY", ["ThrottlingException", "Rate exceeded"]),
    (json_fault("InternalServiceException", "oops", 500), "SERVER_BUSY", ["500"]),
    (json_fault("GlueEncryptionException", "cannot decrypt"), "QUERY_FAILED", ["cannot decrypt"]),
    ((200, {}, b"<html>"), "WRONG_PROTOCOL", ["not Glue"]), ((404, {}, b"<html>"), "WRONG_PROTOCOL", ["404"])])
def test_refusals(answer, code, words):
    with Front(None, lambda request: answer) as front:
        for arguments in (["connections", "get", "orders"], ["connections", "list"]):
            done = ask(front.url(), *arguments)
            assert done.returncode == 1 and done.stderr.startswith(f"testconn {' '.join(arguments[:2])}: {code}: "), done
        report = json.loads(ask(front.url(), "test", "orders", "-o", "json").stdout)["tests"][0]
        assert report["code"] == code and report["stage"] == "credentials" and f"127.0.0.1:{front.port}" in report["reason"], report
        for word in words:
            assert word in report["reason"], report
        assert ("glue:GetConnection" in report["remedy"]) == ("AccessDenied" in report["reason"]), report
        assert "secret-canary-key" not in json.dumps(report)


@pytest.mark.parametrize("answer, exception, words", [
    (json_fault("AccessDeniedException", "User x is not authorized to perform: glue:GetConnection"), "AccessDeniedException", "not authorized"),
    (json_fault("ExpiredTokenException", "The security token included in the request is expired"), "AccessDeniedException", "renew the temporary"),
    (json_fault("ThrottlingException", "Rate exceeded"), "OperationTimeoutException", "Rate exceeded"),
    (json_fault("GlueEncryptionException", "cannot decrypt"), "GlueEncryptionException", "cannot decrypt")])
def test_a_client_of_the_service_is_told_whose_fault_a_refusal_is(answer, exception, words):
    """And not by an error that it repeats in vain."""
    with Front(None, lambda request: answer) as front, serving(front.url()) as service:
        for operation, body in (("GetConnection", {"Name": "orders"}), ("GetConnections", {}), ("TestConnection", {"ConnectionName": "orders"})):
            message = service.refused(operation, body, exception)
            assert words in message and "glue:GetConnection" in message and f"127.0.0.1:{front.port}" in message, message


def test_a_type_that_cannot_be_known_is_invalid_input(moto):
    with serving(moto.url()) as service:
        for operation, body in (("GetConnection", {"Name": "store"}), ("TestConnection", {"ConnectionName": "store"})):
            message = service.refused(operation, body, "InvalidInputException")
            assert 'the ConnectionType of "store" cannot be known' in message, message


def test_nobody_is_there_or_answers():
    url = f"http://127.0.0.1:{free_port()}"
    done = ask(url, "connections", "list")
    assert done.returncode == 1 and "CONNECT_REFUSED" in done.stderr and url.split("//")[1] in done.stderr, done
    with Front(None, slowly(15, json_answer())) as front:
        began = time.monotonic()
        done = ask(front.url(), "connections", "get", "orders")
        assert done.returncode == 1 and "TIMED_OUT" in done.stderr and time.monotonic() - began < 14, done
        for arguments, code in ((["test", "orders", "--timeout", "1s"], 1), (["wait", "orders", "--wait", "1s"], 124)):
            began = time.monotonic()
            done = ask(front.url(), *arguments)
            assert done.returncode == code and "TIMED_OUT" in done.stdout and time.monotonic() - began < 5, done


def test_without_credentials_or_region(moto):
    done = ask(moto.url(), "connections", "list", keys=None, AWS_EC2_METADATA_DISABLED="true")
    assert done.returncode == 1 and "AWS_CREDENTIALS_MISSING" in done.stderr, done
    done = ask(moto.url(), "connections", "list", catalog="glue://", AWS_REGION="")
    assert done.returncode != 0 and "region" in done.stderr, done


def serving(url, *arguments, **more):
    """A service whose catalog is Glue at URL."""
    return Service("--catalog", "glue://eu-west-1", *arguments, catalog=False, environment={**environment(url), **more})


def test_the_service_asks_for_passwords_only_when_they_are_needed(moto):
    hidden = []

    def see(request):
        hidden.append(json.loads(request.body).get("HidePassword"))

    with Front(moto.url(), see) as front, serving(front.url()) as service:
        for operation, body, hide in (("GetConnection", {"Name": "closed", "HidePassword": True}, True), ("GetConnection", {"Name": "closed"}, False),
                                      ("GetConnections", {"HidePassword": True}, True), ("GetConnections", {}, False),
                                      ("TestConnection", {"ConnectionName": "orders"}, False), ("GetConnections", {"HidePassword": True}, True)):
            hidden.clear()
            answer = service.ok(operation, body)
            assert hidden and set(hidden) == {hide}, (operation, body, hidden)
            if operation != "TestConnection":
                assert (CANARY in json.dumps(answer)) == (not hide), (operation, body)


def test_the_service_denies_what_would_write_there(moto):
    with serving(moto.url()) as service:
        for operation, body in (("CreateConnection", {"ConnectionInput": orders("new")}), ("UpdateConnection", {"Name": "orders", "ConnectionInput": orders()}),
                                ("DeleteConnection", {"ConnectionName": "orders"}), ("BatchDeleteConnection", {"ConnectionNameList": ["orders"]})):
            message = service.refused(operation, body, "AccessDeniedException")
            assert "glue://eu-west-1 is read-only" in message and "AWS Glue" in message, message


FOREIGN = [{"PASSWORD": "${env:FOREIGN_CANARY}"}, {"PASSWORD": "${file:/etc/hostname}"}, {"CUSTOM_JDBC_CERT": "/etc/ssl/certs/ca-certificates.crt"},
           {"CUSTOM_JDBC_CERT": "file:///etc/hostname"}, {"JDBC_CONNECTION_URL": "jdbc:postgresql://${env:FOREIGN_CANARY}:9/orders"}]


def foreign(**properties):
    definition = orders()
    definition["ConnectionProperties"] |= properties
    return lambda request: json_answer(Connection=definition)


@pytest.mark.parametrize("properties", FOREIGN)
def test_what_stands_in_aws_may_not_refer_to_this_host(properties):
    with Front(None, foreign(**properties)) as front:
        done = ask(front.url(), "test", "orders", "-o", "json", FOREIGN_CANARY="canary-of-env")
        report = json.loads(done.stdout)["tests"][0]
        assert (done.returncode, report["code"], report["stage"]) == (2, "INVALID_INPUT", "input"), report
        assert f"ConnectionProperties.{next(iter(properties))}" in report["reason"] and "canary" not in done.stdout.replace("_CANARY", "")
        with serving(front.url(), FOREIGN_CANARY="canary-of-env") as service:
            message = service.refused("TestConnection", {"ConnectionName": "orders"}, "InvalidInputException")
            assert message.startswith("INVALID_INPUT at input: ") and "ConnectionProperties." in message, message
            assert "canary-of-env" not in message + service.log.read_text()


def test_unless_the_operator_lets_it(tmp_path):
    (tmp_path / "password").write_text("pw")
    with Front(None, foreign(PASSWORD=f"${{file:{tmp_path}/password}}")) as front:
        with serving(front.url(), "--allow-files", tmp_path) as service:
            message = service.refused("TestConnection", {"ConnectionName": "orders"}, "InvalidInputException")
            assert message.startswith("CONNECT_REFUSED at tcp: "), message
