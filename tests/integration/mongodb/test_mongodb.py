# SPDX-License-Identifier: Apache-2.0
"""testconn against FerretDB, a real server of MongoDB's protocol: every login, TLS mode and certificate, with pymongo as
an independent judge of the same cases."""
import json
import socket
import ssl
import time

import pytest

from support.mongodb import FerretDB, Front, definition, pymongo
from support.processes import contents, free_port, running, wait_until
from support.program import PROGRAM, batch, certificates, rules, run, stages, verdict

CA = str(certificates() / "ca.pem")
ENFORCED = {"JDBC_ENFORCE_SSL": "true", "CUSTOM_JDBC_CERT": CA}
ADMIN = "?authSource=admin"
PLAIN = "?authSource=admin&tls=false"


@pytest.fixture(scope="module")
def server():
    with FerretDB() as running_server:
        yield running_server


def expect(report, code, stage, *words):
    assert (report.get("code"), report.get("stage"), report["status"]) == (code, stage, "failed"), report
    for word in words:
        assert word in report["reason"], (word, report["reason"])
    assert report["remedy"] and stages(report)[stage] == "failed"


def judge(server, user, password, query="", tls=True, **options):
    """The code of the server's error that pymongo ends with, None when it is let in."""
    errors = pymongo().errors
    options = {**({"tls": True, "tlsCAFile": CA} if tls else {}), "serverSelectionTimeoutMS": 3000, "directConnection": True, **options}
    try:
        with pymongo().MongoClient(server.url(tls=tls, query=query), username=user, password=password, **options) as client:
            client["orders"].list_collection_names()
        return None
    except errors.OperationFailure as error:
        return error.code
    except errors.PyMongoError as error:
        return type(error).__name__


def test_a_right_definition_passes_over_verified_tls(server):
    report = verdict(definition(server.url(tls=True, query=ADMIN), **ENFORCED))
    assert report["exit"] == 0, report
    assert set(stages(report).values()) == {"passed"} and len(stages(report)) == 8
    assert report["tls"]["verified"] is True and report["tls"]["chain"][0]["subject"] == "CN=localhost"
    assert report["server"] == {"product": "MongoDB", "version": "7.0.42"}
    assert report["target"] == {"host": "localhost", "port": server.tls_port, "address": "127.0.0.1", "database": "orders", "user": "app"}
    login, query = report["stages"][-2:]
    assert login["facts"]["role"] == "standalone" and login["facts"]["wire_version"] == 21
    assert login["facts"]["mechanism"] == "SCRAM-SHA-256" and login["facts"]["auth_source"] == "admin"
    assert query["facts"]["authenticated_as"] == "app@admin" and query["facts"]["topology"] == "Single"
    assert query["facts"]["implementation"] == "FerretDB v1.24.0"
    assert judge(server, "app", "pw-app", ADMIN) is None


def test_no_database_is_needed(server):
    report = verdict(definition(server.url("", query=PLAIN)))
    assert report["exit"] == 0 and "database" not in report["target"]


def test_the_database_property_fills_in(server):
    report = verdict(definition(server.url("", query=PLAIN), DATABASE="orders"))
    assert report["exit"] == 0 and report["target"]["database"] == "orders"


@pytest.mark.parametrize("user, password, query, mechanism", [
    ("app", "pw-app", ADMIN, "SCRAM-SHA-256"),
    ("app", "pw-app", ADMIN + "&authMechanism=SCRAM-SHA-1", "SCRAM-SHA-1"),
    ("app", "pw-app", ADMIN + "&authMechanism=SCRAM-SHA-256", "SCRAM-SHA-256"),
    ("old", "pw-old", ADMIN, "SCRAM-SHA-1"),
    ("modern", "pw-modern", ADMIN, "SCRAM-SHA-256"),
    ("local", "pw-local", "", "SCRAM-SHA-256"),
    ("local", "pw-local", "?authSource=orders", "SCRAM-SHA-256"),
])
def test_logins_by_scram(server, user, password, query, mechanism):
    report = verdict(definition(server.url(tls=True, query=query), user, password, **ENFORCED))
    assert report["exit"] == 0, report
    assert report["stages"][-2]["facts"]["mechanism"] == mechanism
    assert judge(server, user, password, query) is None


REFUSED = [
    ("app", "wr0ng-canary", ADMIN, "LOGIN_REFUSED", 18, '"admin"'),
    ("app", "", ADMIN, "LOGIN_REFUSED", 18, '"admin"'),
    ("nobody", "n0-canary", ADMIN, "LOGIN_REFUSED", 18, "probably knows no such account"),
    ("nobody", "n0-canary", ADMIN + "&authMechanism=SCRAM-SHA-256", "LOGIN_REFUSED", 18, "probably knows no such account"),
    ("app", "pw-app", "", "LOGIN_REFUSED", 18, '"orders" (the URL\'s database'),
    ("app", "pw-app", "?authSource=elsewhere", "LOGIN_REFUSED", 18, '"elsewhere" (authSource of the URL)'),
    ("modern", "pw-modern", ADMIN + "&authMechanism=SCRAM-SHA-1", "LOGIN_METHOD", 334, "SCRAM-SHA-256"),
    ("old", "pw-old", ADMIN + "&authMechanism=SCRAM-SHA-256", "LOGIN_METHOD", 334, "SCRAM-SHA-1"),
    ("app", "pw-app", "?authMechanism=PLAIN", "LOGIN_METHOD", 18, "PLAIN"),
]


@pytest.mark.parametrize("user, password, query, code, number, words", REFUSED)
def test_refusals_have_code_number_user_and_source(server, user, password, query, code, number, words):
    report = verdict(definition(server.url(tls=True, query=query), user, password, **ENFORCED))
    expect(report, code, "login", f"(error {number}, ", f'"{user}"', str(server.tls_port), words)
    assert report["exit"] == 1 and report["retryable"] is False
    assert "canary" not in json.dumps(report)
    if password:  # pymongo cannot prepare an empty one
        assert judge(server, user, password, query) == number


@pytest.mark.parametrize("mechanism", ["MONGODB-AWS", "MONGODB-OIDC", "MONGODB-CR", "MONGODB-X509", "GSSAPI"])
def test_mechanisms_that_cannot_be(server, mechanism):
    report = verdict(definition(server.url(tls=True, query=f"?authMechanism={mechanism}"), **ENFORCED))
    assert report["stage"] == "login" and report["code"] in ("LOGIN_METHOD", "KERBEROS_FAILED"), report
    assert mechanism in report["reason"]


def test_plain_never_shows_the_password_without_tls(server):
    with Front(server.port, "disabled") as front:
        report = verdict(definition(front.url(query="?authMechanism=PLAIN&tls=false"), password="c4nary-pw"))
    expect(report, "LOGIN_METHOD", "login", "PLAIN", "TLS")
    assert "c4nary" not in json.dumps(report)


@pytest.mark.parametrize("password", ["'", '"', "@", ":", "/", "%", "%40", "$", "\\", "#", "a b", " lead", "пароль-日本", "{}", ",", "=",
                                      "&authSource=x", "${x", "x" * 167])
def test_odd_passwords(server, password):
    with server.client() as client:
        for user, mechanisms in (("odd256", ["SCRAM-SHA-256"]), ("odd1", ["SCRAM-SHA-1"])):
            client.admin.command({"dropUser": user}) if client.admin.command({"usersInfo": user})["users"] else None
            server.create_user(client, user, password, "admin", mechanisms)
    for user in ("odd256", "odd1"):
        assert verdict(definition(server.url(query=PLAIN), user, password))["exit"] == 0
        assert verdict(definition(server.url(query=PLAIN), user, password + "x"))["code"] == "LOGIN_REFUSED"


@pytest.mark.parametrize("user", ["a,b", "a=b", "a b", "пользователь", "a@b.example", "a:b/c"])
def test_odd_user_names(server, user):
    with server.client() as client:
        server.create_user(client, user, "pw", "admin", ["SCRAM-SHA-256"])
    # FerretDB itself cannot log in a name with a comma or an equals sign: then both clients are refused.
    accepted = verdict(definition(server.url(query=PLAIN), user, "pw"))["exit"] == 0
    assert accepted == (judge(server, user, "pw", ADMIN, tls=False) is None)
    assert accepted or set(user) & set(",=")


def test_ping_proves_no_login(server):
    """What the server answers to anybody is no proof: the test would pass without a login otherwise."""
    with pymongo().MongoClient("127.0.0.1", server.port, directConnection=True) as nobody:
        assert nobody.admin.command("ping")["ok"] == 1
        assert nobody.admin.command("connectionStatus")["authInfo"]["authenticatedUsers"] == []
    report = verdict(definition(server.url(query=PLAIN)))
    assert report["stages"][-1]["facts"]["authenticated_as"] == "app@admin"


def test_a_database_that_nobody_has_written_to_is_told(server):
    report = verdict(definition(server.url("misspelt", query=PLAIN)))
    assert report["exit"] == 0 and "database-empty" in rules(report)
    assert "database-empty" not in rules(verdict(definition(server.url(query=PLAIN))))


CERTIFICATES = [
    ("good", None),
    ("chain", None),
    ("cn-only", None),
    ("expired", "TLS_EXPIRED"),
    ("not-yet-valid", "TLS_NOT_YET_VALID"),
    ("wrong-name", "TLS_NAME_MISMATCH"),
    ("other", "TLS_UNTRUSTED"),
    ("self-signed", "TLS_UNTRUSTED"),
    ("leaf", "TLS_UNTRUSTED"),
    ("rsa1024", "TLS_WEAK"),
    ("sha1", "TLS_WEAK"),
]


@pytest.mark.parametrize("certificate, code", CERTIFICATES)
def test_certificates_decide_where_tls_is_enforced_and_are_told_where_not(server, certificate, code):
    with Front(server.port, "requireTLS", certificate) as front:
        enforced = verdict(definition(front.url(query=ADMIN), **ENFORCED))
        by_url = verdict(definition(front.url(query=ADMIN + "&tls=true"), CUSTOM_JDBC_CERT=CA))
        default = verdict(definition(front.url(query=ADMIN), CUSTOM_JDBC_CERT=CA))
    if code:
        expect(enforced, code, "tls")
        expect(by_url, code, "tls")
        assert default["tls"]["verified"] is False and "certificate-not-verified" in rules(default)
    else:
        assert enforced["exit"] == by_url["exit"] == 0 and default["tls"]["verified"] is True
    if certificate not in ("rsa1024", "sha1"):
        assert default["exit"] == 0, default


def test_an_address_needs_an_address_in_the_certificate(server):
    with Front(server.port, "requireTLS", "no-ip") as front:
        expect(verdict(definition(front.url(host="127.0.0.1", query=ADMIN), **ENFORCED)), "TLS_NAME_MISMATCH", "tls", "127.0.0.1")
        assert verdict(definition(front.url(host="localhost", query=ADMIN), **ENFORCED))["exit"] == 0


def test_the_certificate_string_names_what_is_expected(server):
    with Front(server.port, "requireTLS", "wrong-name") as front:
        for text, code in (("db.internal.example", 0), ("CN=db.internal.example", 0), ("other.example", 1), ("CN=other", 1)):
            report = verdict(definition(front.url(query=ADMIN), CUSTOM_JDBC_CERT_STRING=text, **ENFORCED))
            assert report["exit"] == code, report
            if code:
                expect(report, "TLS_NAME_MISMATCH", "tls", text)
                assert report["property"] == "ConnectionProperties.CUSTOM_JDBC_CERT_STRING"


def test_the_system_has_no_reason_to_trust(server):
    expect(verdict(definition(server.url(tls=True, query=ADMIN), JDBC_ENFORCE_SSL="true")), "TLS_UNTRUSTED", "tls")


@pytest.mark.parametrize("query, code", [("tlsInsecure=true", 0), ("tlsAllowInvalidCertificates=true", 0),
                                         ("tlsAllowInvalidHostnames=true", 1)])
def test_tls_words_of_the_url(server, query, code):
    """Asked for by the URL alone, with checks switched off; JDBC_ENFORCE_SSL overrules that."""
    with Front(server.port, "requireTLS", "other") as front:
        assert verdict(definition(front.url(query=f"{ADMIN}&tls=true&{query}"), CUSTOM_JDBC_CERT=CA))["exit"] == code
        report = verdict(definition(front.url(query=f"{ADMIN}&{query}"), **ENFORCED))
        expect(report, "TLS_UNTRUSTED", "tls")
        assert "tls-overruled" in rules(report)
    with Front(server.port, "requireTLS", "wrong-name") as front:
        report = verdict(definition(front.url(query=f"{ADMIN}&tls=true&{query}"), CUSTOM_JDBC_CERT=CA))
        assert report["exit"] == 0 and report["tls"]["verified"] is False


def test_a_server_without_tls(server):
    with Front(server.port, "disabled") as front:
        expect(verdict(definition(front.url(query=ADMIN), **ENFORCED)), "TLS_NOT_OFFERED", "tls", str(front.port))
        assert front.seen == [True, False], "asked once more in the clear, and no login went there"
        expect(verdict(definition(front.url(query=ADMIN + "&tls=true"))), "TLS_NOT_OFFERED", "tls")
        report = verdict(definition(front.url(query=ADMIN)))
        assert report["exit"] == 0 and "tls-failed" in rules(report) and "tls" not in report
        assert any("TLS_NOT_OFFERED" in finding["message"] for finding in report["findings"])
        report = verdict(definition(front.url(query=PLAIN)))
        assert report["exit"] == 0 and "tls-failed" not in rules(report)


def test_a_server_that_meets_tls_with_silence(server):
    report = verdict(definition(server.url(query=ADMIN), **ENFORCED), timeout="2s")
    expect(report, "TLS_NOT_OFFERED", "tls", str(server.port))
    assert report["duration_ms"] < 2300
    assert verdict(definition(server.url(query=ADMIN)), timeout="2s")["exit"] == 0


def test_a_server_that_demands_tls(server):
    with Front(server.port, "requireTLS") as front:
        report = verdict(definition(front.url(query=PLAIN)))
        expect(report, "TLS_REQUIRED", "tls", str(front.port))
        assert verdict(definition(front.url(query=ADMIN)))["exit"] == 0
    expect(verdict(definition(server.url(tls=True, query=PLAIN))), "TLS_REQUIRED", "tls")


def test_a_server_with_both(server):
    with Front(server.port, "preferTLS") as front:
        assert verdict(definition(front.url(query=PLAIN)))["exit"] == 0
        assert "tls" in verdict(definition(front.url(query=ADMIN)))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_that_is_missing(server, version):
    with Front(server.port, "requireTLS", client_ca=True, version=version) as front:
        report = verdict(definition(front.url(query=ADMIN), **ENFORCED))
        expect(report, "TLS_CLIENT_CERT_REQUIRED", "tls", "client certificate")
        assert report["property"] == "ConnectionProperties.MONGODB_CLIENT_CERT" and "MONGODB_CLIENT_CERT" in report["remedy"]
        report = verdict(definition(front.url(query=ADMIN)))
        expect(report, "TLS_REQUIRED", "tls", "over TLS it failed before: TLS_CLIENT_CERT_REQUIRED", "a client certificate")
        assert "MONGODB_CLIENT_CERT" in report["remedy"] and "tls=true" not in report["remedy"]
        assert any("TLS_CLIENT_CERT_REQUIRED" in finding["message"] for finding in report["findings"])


def test_a_refused_login_is_not_tried_in_the_clear(server):
    with Front(server.port, "preferTLS") as front:
        expect(verdict(definition(front.url(query=ADMIN), password="wrong")), "LOGIN_REFUSED", "login")
        assert front.seen == [True]


def test_a_frozen_server(server):
    server.freeze()
    try:
        report = verdict(definition(server.url(query=PLAIN)), timeout="1s")
        expect(report, "TIMED_OUT", "login", "said nothing", str(server.port))
        assert report["duration_ms"] < 1300 and report["retryable"] is True
    finally:
        server.thaw()


def test_several_hosts_one_of_which_works(server):
    closed = free_port()
    report = verdict(definition(f"mongodb://localhost:{closed},localhost:{server.port}/orders{PLAIN}"))
    assert report["exit"] == 0, report
    assert any(str(closed) in finding["message"] and "CONNECT_REFUSED" in finding["message"] for finding in report["findings"])
    report = verdict(definition(f"mongodb://localhost:{closed},no-such.invalid:1/orders{PLAIN}"))
    expect(report, "CONNECT_REFUSED", "tcp", str(closed))
    report = verdict(definition(f"mongodb://localhost:{server.port},localhost:{closed}/orders{PLAIN}", password="wrong"))
    expect(report, "LOGIN_REFUSED", "login", str(server.port))


def test_ipv6(server):
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]
    report = verdict(definition(f"mongodb://[::1]:{port}/orders{PLAIN}"))
    expect(report, "CONNECT_REFUSED", "tcp", f"[::1]:{port}")


@pytest.mark.parametrize("url, words", [
    ("mongodb://app:c4nary@localhost/orders", "USERNAME and PASSWORD"),
    ("mongodb://%2Ftmp%2Fmongodb-27017.sock/orders", "Unix socket"),
    ("mongodb://localhost/orders?tlsCAFile=/etc/ssl/c4nary.pem", "CUSTOM_JDBC_CERT"),
    ("mongodb://localhost/orders?tlsCertificateKeyFile=/etc/c4nary.pem", "tlsCertificateKeyFile"),
    ("mongodb://localhost:70000/orders", "port"),
    ("mongodb://localhost/orders?authMechanism=SCRAM", "SCRAM-SHA-256"),
    ("mongodb://a,b/orders?directConnection=true", "directConnection"),
    ("mysql://localhost/orders", 'begins with "mysql://"'),
    ("mongodb://localhost:99999/orders", '99999 behind "localhost"'),
    ("mongodb://app:c4nary/orders", 'behind "app"'),
    ("mongodb://localhost/orders?tls=true&ssl=false", "contradict"),
    ("mongodb://localhost/orders?tls=yes", "tls=yes"),
    ("mongodb://localhost/orders?connectTimeoutMS=99999999999", "between 0 and 2147483647"),
])
def test_wrong_definitions(url, words):
    report = verdict(definition(url))
    assert (report["stage"], report["code"], report["exit"]) == ("input", "INVALID_INPUT", 2)
    assert words in report["reason"] and "c4nary" not in json.dumps(report)
    assert "ConnectionProperties.CONNECTION_URL" in report["reason"]


def test_a_fault_of_each_host_is_told_once():
    many = ",".join(f"localhost:{port}" for port in range(1, 60))
    assert verdict(definition(f"mongodb://{many}/orders"))["reason"].count("more than 32 hosts") == 1
    assert verdict(definition("mongodb://,,/orders"))["reason"].count("names no host") == 1


def test_the_token_of_aws_is_shown_nowhere():
    url = "mongodb://localhost/orders?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:c4nary"
    for form in ("text", "json"):
        done = run(["explain", "--input", "-", "-o", form], stdin=json.dumps(definition(url)))
        assert done.returncode == 0 and "authMechanismProperties=***" in done.stdout and "c4nary" not in done.stdout


def test_a_login_is_needed():
    report = verdict({"ConnectionType": "MONGODB", "ConnectionProperties": {"CONNECTION_URL": "mongodb://localhost/orders"}})
    assert report["code"] == "INVALID_INPUT" and "USERNAME" in report["reason"]


def test_explain_tells_where_everything_comes_from(server):
    done = run(["explain", "--input", "-", "-o", "json"],
               stdin=json.dumps(definition(f"mongodb://a,[::1]:2/orders{ADMIN}&replicaSet=rs0", password="c4nary")))
    values = {(value["field"], value["value"]) for value in json.loads(done.stdout)[0]["values"]}
    assert {("host", "a"), ("port", "27017"), ("host", "::1"), ("port", "2"), ("database", "orders"), ("driver", "mongodb"),
            ("parameter", "authSource=admin"), ("parameter", "replicaSet=rs0"), ("password", "***")} <= values
    assert "c4nary" not in done.stdout + done.stderr


def test_the_password_is_nowhere_to_be_seen(server):
    """Not in a report, an argument or an environment, while the test is in the middle of its login."""
    import subprocess
    import threading
    with Front(server.port, "preferTLS") as front, socket.create_server(("127.0.0.1", 0)) as silent:
        process = subprocess.Popen([PROGRAM, "test", "--input", "-", "--timeout", "2s", "-o", "json"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        port = silent.getsockname()[1]
        cases = [definition(front.url(query=ADMIN), password="c4nary-pw"),
                 definition(f"mongodb://127.0.0.1:{port}/orders{PLAIN}", password="c4nary-pw")]
        answer = []
        talk = threading.Thread(target=lambda: answer.extend(process.communicate(json.dumps(cases))))
        talk.start()
        wait_until(lambda: len(running(PROGRAM)) > 1, 5, "a worker")
        for pid in running(PROGRAM):
            assert b"c4nary" not in contents(pid, "cmdline", "environ")
        talk.join()
        assert "c4nary" not in answer[0] and "LOGIN_REFUSED" in answer[0]
    wait_until(lambda: running(PROGRAM) == [], 2, "the end of all workers")


def test_many_side_by_side(server):
    cases = [definition(server.url(query=PLAIN)) for _ in range(20)]
    began = time.monotonic()
    code, document = batch([{**case, "Name": f"c{i}"} for i, case in enumerate(cases)], "--jobs", "8")
    assert code == 0 and document["summary"]["ok"] == 20
    assert time.monotonic() - began < 10
