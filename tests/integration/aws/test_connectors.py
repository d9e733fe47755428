# SPDX-License-Identifier: Apache-2.0
"""${key} in the URLs of connectors: filled out of the secret before anything else is known of the target."""
import json

import pytest

from support.aws import CANARY, Front, environment, json_answer, json_fault, slowly
from support.program import rules, run, stages, verdict

SECRET_ID = "ConnectionProperties.SECRET_ID"
URL = "ConnectionProperties.CONNECTION_URL"
TEMPLATE = "jdbc:postgresql://${host}:${port}/${db}"


def connector(url=TEMPLATE, kind="CUSTOM", **more):
    given = {"CONNECTOR_TYPE": "Jdbc", "CONNECTOR_URL": "s3://b/p.jar", "CONNECTOR_CLASS_NAME": "org.postgresql.Driver",
             "CONNECTION_URL": url, "SECRET_ID": "prod/orders", **more}
    return {"Name": "c", "ConnectionType": kind,
            "ConnectionProperties": {key: value for key, value in given.items() if value is not None}}


def holding(secret):
    text = secret if isinstance(secret, str) else json.dumps(secret)
    return lambda request: json_answer(ARN="a", Name="prod/orders", VersionId="v1", SecretString=text)


def tried(definition, answer, **options):
    with Front(answer=answer) as front:
        report = verdict(definition, environment=environment(front.url(), **options.pop("variables", {})), **options)
        assert CANARY not in json.dumps(report) and "secret-canary-key" not in json.dumps(report)
        return report, front.calls()


@pytest.fixture()
def held(server):
    return {"host": "127.0.0.1", "port": server.port, "db": "orders", "username": "app", "password": "pw-app"}


@pytest.mark.parametrize("kind", ["CUSTOM", "MARKETPLACE"])
@pytest.mark.parametrize("key", ["CONNECTION_URL", "JDBC_CONNECTION_URL"])
def test_the_secret_fills_the_url_and_logs_in(server, held, kind, key):
    definition = connector(None, kind, **{key: TEMPLATE + "?ApplicationName=x"})
    report, calls = tried(definition, holding(held))
    assert report["exit"] == 0, report
    assert report["target"] == {**report["target"], "host": "127.0.0.1", "port": server.port, "database": "orders", "user": "app"}
    assert report["driver"] == "postgresql" and report["server"]["product"] == "PostgreSQL"
    assert calls == ["secretsmanager:GetSecretValue"]  # once, not for each use
    facts = report["stages"][1]["facts"]
    assert facts["url_from"] == '${host}, ${port}, ${db} of the secret "prod/orders"' and facts["secret_version"] == "v1"
    assert [stage["name"] for stage in report["stages"]][:2] == ["input", "credentials"]


def test_the_login_of_the_url_is_the_secrets(server, held):
    url = TEMPLATE + "?user=${Login}&password=${Word}"
    report, _ = tried(connector(url), holding({**held, "login": "app", "Word": "pw-app", "username": "x", "password": "y"}))
    assert report["exit"] == 0 and report["target"]["user"] == "app" and "credentials-in-url" not in rules(report), report
    report, _ = tried(connector(url), holding({**held, "login": "app", "Word": CANARY}))
    assert (report["code"], report["stage"]) == ("LOGIN_REFUSED", "login") and '"app"' in report["reason"]


def test_a_user_of_the_definition_goes_before_the_secrets(held):
    report, _ = tried(connector(USERNAME="app", PASSWORD="pw-app"), holding({**held, "username": "x", "password": CANARY}))
    assert report["exit"] == 0 and "ignored" not in rules(report), report


def test_the_whole_url_may_be_a_secret(server, held):
    whole = f"jdbc:postgresql://127.0.0.1:{server.port}/orders"
    report, _ = tried(connector("${url}"), holding({**held, "url": whole}))
    assert report["exit"] == 0, report
    report, _ = tried(connector("${url}"), holding({**held, "url": f"jdbc:{CANARY}://h/d"}))
    assert (report["code"], report["stage"], report["property"]) == ("SECRET_FORMAT", "credentials", SECRET_ID), report
    assert "${url}" in report["reason"] and "names no database driver" in report["reason"]


def test_what_the_secret_holds_is_not_filled_in_turn(held):
    report, _ = tried(connector(), holding({**held, "db": "${password}"}))
    assert report["code"] == "DATABASE_MISSING" and "${password}" in report["reason"] and "pw-app" not in json.dumps(report)


@pytest.mark.parametrize("secret, words", [
    ({"host": "h", "username": "app", "password": CANARY}, ["${port}, ${db}", "host, username, password", '"prod/orders"']),
    ({"host": "h", "port": [1], "db": CANARY}, ["${port}"]),
    ({"host": "h", "port": None, "db": {"x": CANARY}}, ["${port}, ${db}"]),
    ({"host": "h", "port": 1, "db": "d\0" + CANARY}, ["no JSON"]),
    ({}, ["${host}, ${port}, ${db}", "none"]),
    ("[]", ["another kind of JSON"]),
    (f"{CANARY}", ["no JSON"]),
    ({"host": "h", "port": 1, "db": "d"}, ["username and password", "host, port, db"]),
    ({"host": f"u:{CANARY}@h", "port": 1, "db": "d", "username": "u", "password": "p"}, ["before the host", "${host}"]),
    ({"host": "h", "port": "http", "db": "d", "username": "u", "password": "p"}, ["has a port"]),
    ({"host": "h", "port": 0, "db": "d", "username": "u", "password": "p"}, ["the port 0"]),
    ({"host": "h", "port": 1, "db": "d?socketFactory=" + CANARY, "username": "u", "password": "p"}, ["socketFactory"]),
    ({"host": "h", "port": 1, "db": "a/" + CANARY, "username": "u", "password": "p"}, ["slash"]),
])
def test_a_secret_that_does_not_fill_it(secret, words):
    report, _ = tried(connector(), holding(secret))
    assert (report["code"], report["stage"], report["exit"]) == ("SECRET_FORMAT", "credentials", 1), report
    assert report["property"] == SECRET_ID and all(word in report["reason"] for word in words), report["reason"]
    assert stages(report)["input"] == "passed"


@pytest.mark.parametrize("answer, code", [
    (json_fault("ResourceNotFoundException", "Secrets Manager can't find the specified secret."), "SECRET_MISSING"),
    (json_fault("AccessDeniedException", "User: u is not authorized to perform: secretsmanager:GetSecretValue"), "SECRET_DENIED"),
    (slowly(5, json_answer()), "TIMED_OUT"),
])
def test_a_secret_that_cannot_be_had(answer, code):
    report, _ = tried(connector(), answer if callable(answer) else lambda request: answer, timeout="2s")
    assert (report["code"], report["stage"], report["property"]) == (code, "credentials", SECRET_ID), report
    assert '"prod/orders"' in report["reason"] and stages(report)["login"] != "passed"


def test_without_credentials():
    report = verdict(connector(), environment=environment(None, None, AWS_EC2_METADATA_DISABLED="true"))
    assert (report["code"], report["stage"]) == ("AWS_CREDENTIALS_MISSING", "credentials"), report


@pytest.mark.parametrize("definition, code, path, words", [
    (connector(SECRET_ID=None), "INVALID_INPUT", URL, ["${host}, ${port}, ${db}", "SECRET_ID"]),
    (connector(TEMPLATE + "?socketFactory=${x}"), "INVALID_INPUT", URL, ["socketFactory"]),
    (connector("jdbc:db2://${host}/d"), "UNSUPPORTED_TYPE", URL, ["db2"]),
    (connector("jdbc:oracle:thin:@//${host}:1521/d"), "DRIVER_MISSING", URL, ["oracle"]),
    (connector("jdbc:postgres://${host}/d"), "INVALID_INPUT", URL, ["did you mean"]),
    (connector("jdbc:sqlite:${file}"), "INVALID_INPUT", URL, ["file"]),
    (connector(CONNECTOR_TYPE="Spark"), "UNSUPPORTED_TYPE", "ConnectionProperties.CONNECTOR_TYPE", ["Spark"]),
])
def test_what_no_secret_can_mend_asks_nobody(definition, code, path, words):
    report, calls = tried(definition, holding({}))
    assert (report["code"], report["stage"], report["property"]) == (code, "input", path), report
    assert all(word in report["reason"] for word in words) and calls == []


def test_explain_says_which_key_comes_from_where():
    definition = connector(TEMPLATE + "?user=${u}&password=${p}", JDBC_ENFORCE_SSL="true")
    done = run(["explain", "--input", "-", "-o", "json"], stdin=json.dumps(definition))
    assert done.returncode == 0, done.stdout
    explained, = json.loads(done.stdout)
    values = [(one["field"], one["value"], one["source"]) for one in explained["values"]]
    for key in ("host", "port", "db", "u", "p"):
        assert ("url key", "${%s}" % key, f"key {key} of the secret, {SECRET_ID}") in values
    assert ("driver", "postgresql", URL) in values and ("url", TEMPLATE + "?user=${u}&password=***", URL) in values
    assert explained["problems"] == [] and "code" not in explained


def test_a_connector_stored_by_name(tmp_path, held):
    catalog = f"sqlite:{tmp_path}/catalog.db"
    with Front(answer=holding(held)) as front:
        variables = environment(front.url())
        done = run(["connections", "create", "--input", "-", "--catalog", catalog], stdin=json.dumps(connector()),
                   environment=variables)
        assert done.returncode == 0, done.stderr
        done = run(["test", "c", "--catalog", catalog], environment=variables)
        assert done.returncode == 0 and "ok in" in done.stdout, done.stdout
