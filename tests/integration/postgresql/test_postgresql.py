# SPDX-License-Identifier: Apache-2.0
"""testconn against a real PostgreSQL: every account kind and server state has its code, stage and words."""
import json
import os
import shutil
import signal
import ssl
import subprocess
import time

import psycopg2
import pytest

from support import bad_peer
from support.postgresql import HBA, PgBouncer, PostgreSQL
from support.processes import contents, free_port, running, wait_until
from support.program import BUILD, PROGRAM, certificates, jdbc, rules, run, stages, batch as run_batch, verdict

CERTIFICATES = certificates()
CA = str(CERTIFICATES / "ca.pem")
ENFORCED = {"JDBC_ENFORCE_SSL": "true", "CUSTOM_JDBC_CERT": CA}


@pytest.fixture(scope="module")
def server():
    with PostgreSQL() as running_server:
        yield running_server


def definition(server, user="app", password="pw-app", database="orders", host="localhost", query="", **more):
    return jdbc(JDBC_CONNECTION_URL=server.url(database, host, query), USERNAME=user, PASSWORD=password, **more)


def expect(report, code, stage, *words):
    assert (report["code"], report["stage"], report["status"]) == (code, stage, "failed"), report
    for word in words:
        assert word in report["reason"], (word, report["reason"])
    assert report["remedy"]
    assert stages(report)[stage] == "failed"


def test_a_right_definition_passes_over_verified_tls(server):
    report = verdict(definition(server, **ENFORCED))
    assert report["exit"] == 0 and report["status"] == "ok"
    assert stages(report) == {name: "passed" for name in ("input", "credentials", "certificate", "dns", "tcp", "tls",
                                                           "login", "query")}
    assert report["tls"]["verified"] is True and report["tls"]["version"] == "TLSv1.3"
    leaf = report["tls"]["chain"][0]
    assert leaf["subject"] == "CN=localhost" and "127.0.0.1" in leaf["sans"]
    assert (leaf["signature_algorithm"], leaf["key"], len(leaf["sha256"])) == ("SHA256withRSA", "RSA 2048", 64)
    assert report["server"]["product"] == "PostgreSQL"
    assert report["target"] == {"host": "localhost", "port": server.port, "database": "orders", "user": "app",
                                "address": report["target"]["address"]}


def test_host_port_and_engine_do_as_well_as_a_url(server):
    report = verdict(jdbc(HOST="127.0.0.1", PORT=str(server.port), JDBC_ENGINE="postgresql", DATABASE="orders",
                          USERNAME="app", PASSWORD="pw-app", **ENFORCED))
    assert report["exit"] == 0 and report["target"]["address"] == "127.0.0.1"


def test_an_ipv6_address_needs_no_dns(server):
    assert verdict(definition(server, host="[::1]", **ENFORCED))["target"]["address"] == "::1"


@pytest.mark.parametrize("user, password", [("app", "pw-app"), ("md5", "pw-md5"), ("clear", "pw-clear"),
                                             ("trusty", "anything")])
def test_every_login_method_works_with_and_without_tls(server, user, password):
    assert verdict(definition(server, user, password, **ENFORCED))["exit"] == 0
    plain = verdict(definition(server, user, password, query="?sslmode=disable"))
    assert plain["exit"] == 0 and "tls" not in plain
    assert ("password-in-clear" in rules(plain)) == (user == "clear")


@pytest.mark.parametrize("user, password, database, code, words", [
    ("app", "wr0ng-canary", "orders", "LOGIN_REFUSED", ["28P01", '"app"']),
    ("nobody", "n0-canary", "orders", "LOGIN_REFUSED", ["28P01", '"nobody"']),
    ("expired", "pw-expired", "orders", "LOGIN_REFUSED", ["28P01"]),
    ("app", "", "orders", "LOGIN_REFUSED", ["empty", '"app"']),
    ("app", "pw-app", "nosuch", "DATABASE_MISSING", ["3D000", '"nosuch"']),
    ("nopriv", "pw-nopriv", "orders", "PERMISSION_DENIED", ["42501", "CONNECT"]),
    ("app", "pw-app", "closed", "LOGIN_NOT_ALLOWED", ["55000", '"closed"']),
    ("rejected", "pw-rejected", "orders", "LOGIN_NOT_ALLOWED", ["28000", "pg_hba.conf"]),
    ("nologin", "pw-nologin", "orders", "LOGIN_NOT_ALLOWED", ["28000", "not permitted to log in"]),
    ("limited", "pw-limited", "orders", "SERVER_BUSY", ["53300", '"limited"']),
    ("certified", "n0-canary", "orders", "TLS_CLIENT_CERT_REQUIRED", ["client certificate"]),
])
def test_a_refused_login_names_the_cause(server, user, password, database, code, words):
    report = verdict(definition(server, user, password, database, **ENFORCED))
    expect(report, code, "login", *words)
    assert report["exit"] == 1
    assert password == "" or password not in json.dumps(report)


URL, USER, WORD = (f"ConnectionProperties.{key}" for key in ("JDBC_CONNECTION_URL", "USERNAME", "PASSWORD"))


@pytest.mark.parametrize("user, database, blamed, remedy", [
    ("nobody", "orders", WORD, "VALID UNTIL"),
    ("app", "nosuch", URL, "correct the name"),
    ("nopriv", "orders", URL, "GRANT CONNECT"),
    ("app", "closed", URL, "ALLOW_CONNECTIONS"),
    ("rejected", "orders", USER, 'a line "reject"'),
    ("nologin", "orders", USER, "ALTER ROLE"),
    ("limited", "orders", USER, "CONNECTION LIMIT"),
])
def test_a_refusal_blames_a_property_and_says_what_to_change(server, user, database, blamed, remedy):
    report = verdict(definition(server, user, f"pw-{user}", database, **ENFORCED))
    assert report["property"] == blamed and remedy in report["remedy"]


def test_a_database_that_nobody_named_is_told_as_the_users(server):
    report = verdict(definition(server, database="", **ENFORCED))
    expect(report, "DATABASE_MISSING", "login", '"app", the user\'s name: none is given', "3D000")
    assert "none is given" in report["remedy"]


def test_a_line_break_behind_the_password_is_told(server):
    report = verdict(definition(server, password="pw-app\n", **ENFORCED))
    expect(report, "LOGIN_REFUSED", "login", "28P01")
    assert [one["property"] for one in report["findings"] if one["rule"] == "password-blank"] == [WORD]
    assert "password-blank" not in rules(verdict(definition(server, password="wr0ng", **ENFORCED)))


def test_a_user_let_in_over_tls_only_is_told_so(server):
    report = verdict(definition(server, "tlsonly", "pw-tlsonly", query="?sslmode=disable"))
    expect(report, "TLS_REQUIRED", "login", "over TLS only", "no encryption")
    assert report["property"] == URL
    report = verdict(definition(server, "certified", "any", query="?sslmode=disable"))
    expect(report, "TLS_REQUIRED", "login", "over TLS only, and there with a client certificate")
    assert verdict(definition(server, "tlsonly", "pw-tlsonly"))["exit"] == 0


@pytest.mark.parametrize("password", ["it's", 'a"b', "a@b:c/d", "100%", "$HOME ${x}", "back\\slash", "#hash",
                                      " blanks ", "пароль-ß-密", "%41", "a,b=c&d"])
def test_no_character_of_a_password_matters(server, password):
    connection = psycopg2.connect(host=str(server.folder), port=server.port, user="postgres", dbname="postgres")
    connection.autocommit = True
    connection.cursor().execute("alter role nopriv password %s", (password,))
    connection.cursor().execute("grant connect on database orders to nopriv")
    try:
        assert verdict(definition(server, "nopriv", password))["exit"] == 0
        refused = verdict(definition(server, "nopriv", password + "x"))
        assert refused["code"] == "LOGIN_REFUSED" and password.strip() + "x" not in json.dumps(refused)
    finally:
        connection.cursor().execute("revoke connect on database orders from nopriv")
        connection.cursor().execute("alter role nopriv password 'pw-nopriv'")
        connection.close()


@pytest.mark.parametrize("ca, host, code, words", [
    ("other-ca.pem", "localhost", "TLS_UNTRUSTED", ["CN=Test CA", "CN=Other CA", "not trusted"]),
    (None, "localhost", "TLS_UNTRUSTED", ["CN=Test CA"]),
])
def test_enforced_tls_wants_the_right_ca(server, ca, host, code, words):
    report = verdict(definition(server, host=host, JDBC_ENFORCE_SSL="true",
                                CUSTOM_JDBC_CERT=ca and str(CERTIFICATES / ca)))
    expect(report, code, "tls", *words)
    assert report["property"] == "ConnectionProperties.CUSTOM_JDBC_CERT"
    assert report["tls"]["verified"] is False and report["tls"]["chain"]


def test_a_ca_that_was_made_anew_under_its_name(server, tmp_path):
    """What the server presents is signed by the old one; with and without its root in the chain."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "key", "-out", tmp_path / "ca.pem",
                    "-subj", "/O=testconn tests/CN=Test CA", "-days", "300"], check=True, capture_output=True)
    ends = "-----END CERTIFICATE-----\n"
    (tmp_path / "leaf.pem").write_text((CERTIFICATES / "good.pem").read_text().split(ends)[0] + ends)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "leaf.pem", CERTIFICATES / "good.key")
    with bad_peer.Peers({"leaf": bad_peer.ssl_request(b"S", lambda peer: context.wrap_socket(peer, server_side=True))}) as peers:
        for port in (server.port, peers.port["leaf"]):
            report = verdict(jdbc(JDBC_CONNECTION_URL=f"jdbc:postgresql://localhost:{port}/orders", USERNAME="app", PASSWORD="x",
                                  JDBC_ENFORCE_SSL="true", CUSTOM_JDBC_CERT=str(tmp_path / "ca.pem")))
            expect(report, "TLS_UNTRUSTED", "tls", "CN=Test CA", "whose key is another than that of the trusted CA of that name")


def test_a_chain_of_strangers_is_told_from_its_first_certificate(tmp_path):
    """An intermediate that has nothing to do with the server's certificate takes the place of the right one."""
    ends = "-----END CERTIFICATE-----\n"
    first = [(CERTIFICATES / name).read_text().split(ends)[0] + ends for name in ("leaf.pem", "wrong-name.pem")]
    (tmp_path / "chain.pem").write_text("".join(first))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "chain.pem", CERTIFICATES / "leaf.key")
    with bad_peer.Peers({"chain": bad_peer.ssl_request(b"S", lambda peer: context.wrap_socket(peer, server_side=True))}) as peers:
        report = verdict(jdbc(JDBC_CONNECTION_URL=f"jdbc:postgresql://localhost:{peers.port['chain']}/o", USERNAME="app", PASSWORD="x",
                              **ENFORCED))
        expect(report, "TLS_UNTRUSTED", "tls", "CN=localhost", 'was issued by "CN=Test Intermediate CA', "missing intermediate")


@pytest.mark.parametrize("certificate, host, code, words", [
    ("wrong-name", "localhost", "TLS_NAME_MISMATCH", ['"localhost"', "db.internal.example"]),
    ("no-ip", "127.0.0.1", "TLS_NAME_MISMATCH", ['"127.0.0.1"', "localhost"]),
    ("expired", "localhost", "TLS_EXPIRED", ["2021-01-01T00:00:00Z"]),
    ("not-yet-valid", "localhost", "TLS_NOT_YET_VALID", ["2090-01-01T00:00:00Z"]),
    ("self-signed", "localhost", "TLS_UNTRUSTED", ["self-signed"]),
    ("leaf", "localhost", "TLS_UNTRUSTED", ["intermediate", "CN=Test Intermediate CA"]),
])
def test_each_fault_of_a_certificate_has_its_code(certificate, host, code, words):
    with PostgreSQL(certificate=certificate) as server:
        expect(verdict(definition(server, host=host, **ENFORCED)), code, "tls", *words)
        tolerant = verdict(definition(server, host=host, CUSTOM_JDBC_CERT=CA))
        assert tolerant["exit"] == 0 and tolerant["tls"]["verified"] is False
        assert any(code in finding["message"] for finding in tolerant["findings"])


def test_a_name_in_the_cn_counts_where_there_is_no_alternative_name():
    with PostgreSQL(certificate="cn-only") as server:
        assert verdict(definition(server, **ENFORCED))["tls"]["verified"] is True


def test_a_server_without_tls():
    with PostgreSQL(certificate=None, hba=HBA.replace("hostssl", "#")) as server:
        refused = verdict(definition(server, **ENFORCED))
        expect(refused, "TLS_NOT_OFFERED", "tls", "no TLS")
        assert refused["property"] == "ConnectionProperties.JDBC_ENFORCE_SSL"
        plain = verdict(definition(server))
        assert plain["exit"] == 0 and "tls-failed" in rules(plain) and "tls" not in stages(plain)
        refused = verdict(definition(server, query="?sslmode=require"))
        expect(refused, "TLS_NOT_OFFERED", "tls")
        assert refused["property"] == URL


def test_old_tls_only():
    with PostgreSQL(ssl_min_protocol_version="'TLSv1.1'", ssl_max_protocol_version="'TLSv1.1'",
                    ssl_ciphers="'ALL:@SECLEVEL=0'") as server:
        report = verdict(definition(server, **ENFORCED))
        assert report["stage"] == "tls" and report["code"] in ("TLS_VERSION", "TLS_HANDSHAKE"), report
        assert report["code"] == "TLS_VERSION", report["reason"]
        for user, code in (("app", "LOGIN_REFUSED"), ("tlsonly", "LOGIN_NOT_ALLOWED")):  # TLS is a matter of the second only
            refused = verdict(definition(server, user, "wrong"))
            expect(refused, code, "login")
            assert ("over TLS it failed before: TLS_VERSION" in refused["reason"]) == (user == "tlsonly")


def test_url_parameters_tighten_and_never_loosen(server):
    assert verdict(definition(server, query="?sslmode=verify-full"))["code"] == "TLS_UNTRUSTED"
    assert verdict(definition(server, query="?sslmode=verify-ca", CUSTOM_JDBC_CERT=CA))["exit"] == 0
    overruled = verdict(definition(server, query="?sslmode=disable", **ENFORCED))
    assert overruled["tls"]["verified"] is True and "tls-overruled" in rules(overruled)


def test_a_startup_option_that_the_server_refuses(server):
    """libpq connects once more by itself after SQLSTATE 42704; the verdict is the server's all the same."""
    report = verdict(definition(server, query="?options=-c%20nosuch=1", **ENFORCED))
    expect(report, "INVALID_INPUT", "login", "42704", "nosuch")
    assert stages(report)["tls"] == "passed" and report["exit"] == 1
    assert report["reason"].count("unrecognized") == 1 and report["property"] == URL
    findings = [json.dumps(one) for one in verdict(definition(server, query="?options=-c%20nosuch=1"))["findings"]]
    assert len(findings) == len(set(findings)) == 1


@pytest.mark.parametrize("option, code, words", [
    ("-x", "INVALID_INPUT", "42601"), ("-c%20datestyle=foo", "INVALID_INPUT", "22023"), ("-c%20log_statement=all", "PERMISSION_DENIED", "42501")])
def test_an_option_that_cannot_be_is_the_urls(server, option, code, words):
    report = verdict(definition(server, query=f"?options={option}"))
    expect(report, code, "login", words)
    assert report["property"] == URL and "URL" in report["remedy"]


def test_the_kind_of_server_asked_for(server):
    expect(verdict(definition(server, query="?targetServerType=secondary")), "QUERY_FAILED", "login", "hot standby")
    for kind in ("primary", "PREFERPRIMARY", "preferSecondary", "any"):
        assert verdict(definition(server, query=f"?targetServerType={kind}"))["exit"] == 0


@pytest.mark.parametrize("parameter", ["targetServerType=best", "targetServerType=", "channelBinding=maybe", "channelBinding"])
def test_a_value_that_no_driver_knows_is_refused(server, parameter):
    expect(verdict(definition(server, query=f"?{parameter}")), "INVALID_INPUT", "input", parameter.split("=")[0], "none of")


def test_channel_binding_is_heeded(server):
    assert verdict(definition(server, query="?channelBinding=Require"))["exit"] == 0
    for user, query in (("app", "?channelBinding=require&sslmode=disable"), ("md5", "?channelBinding=require")):
        report = verdict(definition(server, user, f"pw-{user}", query=query))
        expect(report, "LOGIN_METHOD", "login", "channel binding")
        assert report["property"] == URL


@pytest.mark.parametrize("location", ["{text}", "${{file:{path}}}", "file://{path}"])
def test_a_ca_as_text_or_by_reference(server, location):
    path = CERTIFICATES / "ca.pem"
    ca = location.format(text=path.read_text(), path=path)
    assert verdict(definition(server, JDBC_ENFORCE_SSL="true", CUSTOM_JDBC_CERT=ca))["tls"]["verified"] is True


def test_the_certificate_string_is_the_name_demanded(server):
    assert verdict(definition(server, CUSTOM_JDBC_CERT_STRING="CN=LOCALHOST", **ENFORCED))["exit"] == 0
    expect(verdict(definition(server, CUSTOM_JDBC_CERT_STRING="cn=other", **ENFORCED)), "TLS_NAME_MISMATCH", "tls",
           "cn=other", "CN=localhost")
    mismatch = verdict(definition(server, CUSTOM_JDBC_CERT_STRING="cn=other", **ENFORCED))
    assert mismatch["remedy"].startswith("correct the name") and mismatch["property"].endswith("CUSTOM_JDBC_CERT_STRING")
    expect(verdict(definition(server, CUSTOM_JDBC_CERT_STRING="db.example", **ENFORCED)), "TLS_NAME_MISMATCH", "tls",
           "db.example")
    expect(verdict(definition(server, CUSTOM_JDBC_CERT_STRING="bücher.example", **ENFORCED)), "TLS_NAME_MISMATCH", "tls",
           '"bücher.example" (xn--bcher-kva.example)')


def test_several_hosts_are_tried_in_order(server):
    dead = free_port()
    url = f"jdbc:postgresql://127.0.0.1:{dead},localhost:{server.port}/orders"
    report = verdict(jdbc(JDBC_CONNECTION_URL=url, USERNAME="app", PASSWORD="pw-app"))
    assert report["exit"] == 0
    assert any("CONNECT_REFUSED" in finding["message"] and str(dead) in finding["message"]
               for finding in report["findings"])


def test_of_hosts_that_all_fail_the_one_that_got_furthest_counts(server):
    url = f"jdbc:postgresql://localhost:{server.port},127.0.0.1:{free_port()}/nosuch"
    report = verdict(jdbc(JDBC_CONNECTION_URL=url, USERNAME="app", PASSWORD="pw-app"))
    expect(report, "DATABASE_MISSING", "login", str(server.port))
    assert stages(report)["tcp"] == "passed" and report["target"]["port"] == server.port


def test_after_a_refused_login_no_other_host_is_tried(server):
    url = f"jdbc:postgresql://localhost:{server.port},127.0.0.1:{free_port()}/orders"
    report = verdict(jdbc(JDBC_CONNECTION_URL=url, USERNAME="app", PASSWORD="wrong"))
    expect(report, "LOGIN_REFUSED", "login")
    assert not any("CONNECT_REFUSED" in finding["message"] for finding in report["findings"])


def connect(server):
    """A session of "app"; None where there is no slot for it."""
    try:
        return psycopg2.connect(host="127.0.0.1", port=server.port, user="app", password="pw-app", dbname="orders")
    except psycopg2.OperationalError:
        return None


def test_too_many_connections():
    with PostgreSQL(max_connections="4", superuser_reserved_connections="3", max_wal_senders="0") as server:
        held = wait_until(lambda: connect(server), 10, "the slot of the session that found the server up")
        try:
            expect(verdict(definition(server, **ENFORCED)), "SERVER_BUSY", "login", "53300")
        finally:
            held.close()


def test_a_server_that_shuts_down_says_so(server):
    with PostgreSQL() as stopping:
        held = psycopg2.connect(host="127.0.0.1", port=stopping.port, user="app", password="pw-app", dbname="orders")
        stopping.process.send_signal(signal.SIGTERM)  # waits for HELD to leave
        wait_until(lambda: verdict(definition(stopping))["status"] == "failed", 5, "the shutdown")
        report = verdict(definition(stopping, **ENFORCED))
        expect(report, "SERVER_STARTING", "login", "57P03", "shutting down")
        assert "going down" in report["remedy"]
        assert report["retryable"] is True
        held.close()


@pytest.mark.parametrize("extra", [ENFORCED, {}], ids=["enforced", "default"])
def test_a_frozen_server_ends_at_the_deadline(server, extra):
    with PostgreSQL() as frozen:
        frozen.freeze()
        began = time.monotonic()
        report = verdict(definition(frozen, **extra), timeout="1s")
        took = time.monotonic() - began
        frozen.thaw()
    assert report["code"] == "TIMED_OUT" and report["retryable"] is True
    assert 0.5 < took < 1.3, took
    assert "said nothing" in report["reason"], report["reason"]
    assert report["exit"] == 1 and report["exception"] == "OperationTimeoutException"


def test_pgbouncer_is_told_from_the_server_behind_it(server):
    with PgBouncer(server.port) as bouncer:
        def ask(database="orders", user="app", password="pw-app"):
            return verdict(definition(bouncer_url(bouncer), user, password, database))
        assert ask()["exit"] == 0
        expect(ask(password="wrong"), "LOGIN_REFUSED", "login", "08P01", "SASL authentication failed")
        expect(ask(user="nobody"), "LOGIN_REFUSED", "login", "08P01")
        expect(ask(database="unknown"), "DATABASE_MISSING", "login", "no such database")
        expect(ask(database="gone"), "DATABASE_MISSING", "login", "does not exist")
        expect(ask(database="dead"), "SERVER_BUSY", "login", "08P01")
    with PgBouncer(server.port, max_client_conn=1) as full:
        held = psycopg2.connect(host="127.0.0.1", port=full.port, user="app", password="pw-app", dbname="orders")
        expect(verdict(definition(bouncer_url(full))), "SERVER_BUSY", "login", "max_client_conn")
        held.close()


@pytest.mark.parametrize("database, user, code, words, remedy", [
    ("foreign", "app", "LOGIN_REFUSED", 'password authentication failed for user "app"', "the server behind it did not"),
    ("orders", "other", "LOGIN_REFUSED", 'password authentication failed for user "other"', "the server behind it did not"),
    ("rejected", "app", "LOGIN_NOT_ALLOWED", "pg_hba.conf rejects", "the server behind it did not"),
    ("closed", "app", "LOGIN_NOT_ALLOWED", "not currently accepting connections", "ALLOW_CONNECTIONS"),
    ("orders", "nologin", "LOGIN_NOT_ALLOWED", "not permitted to log in", "LOGIN on the server behind PgBouncer")])
def test_what_the_server_behind_pgbouncer_says(server, database, user, code, words, remedy):
    """PgBouncer passes it on without its SQLSTATE, and only to who asks first: later it lets clients wait."""
    with PgBouncer(server.port) as bouncer:
        report = verdict(definition(bouncer_url(bouncer), user, f"pw-{user}", database))
        expect(report, code, "login", words, "08P01")
        assert remedy in report["remedy"]


def test_the_states_of_pgbouncer_itself(server):
    with PgBouncer(server.port, client_tls_sslmode="require") as bouncer:
        assert verdict(definition(bouncer_url(bouncer), **ENFORCED))["exit"] == 0
        report = verdict(definition(bouncer_url(bouncer), query="?sslmode=disable"))
        expect(report, "TLS_REQUIRED", "login", "SSL required")
        assert report["property"] == URL
    with PgBouncer(server.port, client_tls_sslmode="verify-full") as bouncer:
        expect(verdict(definition(bouncer_url(bouncer))), "TLS_REQUIRED", "login", "SSL required",
               "over TLS it failed before: TLS_CLIENT_CERT_REQUIRED")
    with PgBouncer(server.port, auth_type="any") as bouncer:
        expect(verdict(definition(bouncer_url(bouncer))), "LOGIN_NOT_ALLOWED", "login", "bouncer config error")
    with PgBouncer(server.port, auth_type="trust") as bouncer:
        expect(verdict(definition(bouncer_url(bouncer), user="nobody")), "LOGIN_REFUSED", "login", '"trust" authentication failed')
    with PgBouncer(server.port) as bouncer:
        console = psycopg2.connect(host="127.0.0.1", port=bouncer.port, user="app", password="pw-app", dbname="pgbouncer")
        console.autocommit = True
        console.cursor().execute("DISABLE orders")
        expect(verdict(definition(bouncer_url(bouncer))), "LOGIN_NOT_ALLOWED", "login", "is disabled")
        console.cursor().execute("ENABLE orders")
        console.cursor().execute("PAUSE")
        report = verdict(definition(bouncer_url(bouncer)))
        expect(report, "SERVER_BUSY", "login", "query_wait_timeout")
        assert "PAUSE" in report["remedy"]
        console.close()


def bouncer_url(bouncer):
    class At:
        @staticmethod
        def url(database, host, query):
            return f"jdbc:postgresql://{host}:{bouncer.port}/{database}{query}"
    return At


def test_the_answer_agrees_with_psycopg2(server):
    """An independent client, the same cases: who is let in here is let in there."""
    for user, password, database in (("app", "pw-app", "orders"), ("app", "no", "orders"), ("app", "pw-app", "nosuch"),
                                     ("nopriv", "pw-nopriv", "orders"), ("trusty", "", "orders")):
        try:
            psycopg2.connect(host="127.0.0.1", port=server.port, user=user, password=password, dbname=database).close()
            accepted = True
        except psycopg2.OperationalError:
            accepted = False
        assert (verdict(definition(server, user, password or "x", database))["status"] == "ok") == accepted


def test_a_batch_of_a_hundred_with_ten_silent_ones(server):
    listener = subprocess.Popen(["/usr/bin/python3", "-c",
                                 "import socket,time\ns=socket.socket();s.bind(('127.0.0.1',0));s.listen(64)\n"
                                 "print(s.getsockname()[1],flush=True)\nk=[]\n"
                                 "while True: k.append(s.accept()[0])"], stdout=subprocess.PIPE, text=True)
    silent = int(listener.stdout.readline())
    try:
        many = [jdbc(f"c{i}", JDBC_CONNECTION_URL=f"jdbc:postgresql://127.0.0.1:{silent if i % 10 == 0 else server.port}"
                     "/orders", USERNAME="trusty", PASSWORD="x") for i in range(100)]
        began = time.monotonic()
        code, document = run_batch(many, "--jobs", "32", timeout="3s")
        took = time.monotonic() - began
    finally:
        listener.kill()
        listener.wait()
    assert code == 1 and took < 4.5, took
    assert [t["name"] for t in document["tests"]] == [f"c{i}" for i in range(100)]
    for index, report in enumerate(document["tests"]):
        assert report.get("code", "ok") == ("TIMED_OUT" if index % 10 == 0 else "ok"), report
    assert running(PROGRAM) == []


CANARY = "c4nary-" + "x" * 8 + "-s3cret"


def test_a_secret_never_leaves_its_place(server, tmp_path):
    """The canary is planted as password and searched for in all that testconn shows while it runs."""
    with PostgreSQL() as frozen:
        frozen.freeze()
        (tmp_path / "password").write_text(CANARY + "\n")
        many = [definition(frozen, password=CANARY), definition(frozen, password="${file:%s}" % (tmp_path / "password")),
                definition(frozen, password="${env:CANARY_VARIABLE}"), definition(server, password=CANARY),
                definition(server, query=f"?password={CANARY}&user=x", password=CANARY)]
        for form in ("text", "json", "ndjson"):
            process = subprocess.Popen([PROGRAM, "test", "--input", "-", "-o", form, "--timeout", "2s", "-v"],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                       env={"CANARY_VARIABLE": CANARY})
            process.stdin.write(json.dumps(many))
            process.stdin.close()
            wait_until(lambda: len(running(PROGRAM)) > 3, 5, "the workers")
            for pid in running(PROGRAM):
                assert CANARY.encode() not in contents(pid, "cmdline", "comm"), pid
                if pid != process.pid:  # ours was given it by the caller; a fork has it for a moment
                    wait_until(lambda pid=pid: CANARY.encode() not in contents(pid, "environ"), 1, "a worker's clean start")
            output = process.stdout.read() + process.stderr.read()
            process.wait()
            assert CANARY not in output and "TIMED_OUT" in output
        frozen.thaw()
    explained = run(["explain", "--input", "-"], stdin=json.dumps(many[3:]))
    assert CANARY not in explained.stdout + explained.stderr and "***" in explained.stdout


def test_a_worker_of_ones_own_forgets_the_callers_variables(server):
    with PostgreSQL() as frozen:
        frozen.freeze()
        process = subprocess.Popen([PROGRAM, "test", "--input", "-", "--timeout", "3s"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True, env={"CANARY_VARIABLE": CANARY})
        process.stdin.write(json.dumps(definition(frozen, password="${env:CANARY_VARIABLE}")))
        process.stdin.close()
        worker = wait_until(lambda: [pid for pid in running(PROGRAM) if pid != process.pid], 2, "the worker")[0]
        wait_until(lambda: CANARY.encode() not in contents(worker, "environ"), 1, "a worker's clean start")
        assert CANARY not in process.stdout.read() and process.wait() == 1
        frozen.thaw()


@pytest.mark.parametrize("count", [1, 8])
def test_a_killed_program_leaves_no_process(count):
    with PostgreSQL() as frozen:
        frozen.freeze()
        many = [definition(frozen) for _ in range(count)]
        process = subprocess.Popen([PROGRAM, "test", "--input", "-", "--timeout", "20s"], stdin=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, text=True)
        process.stdin.write(json.dumps(many))
        process.stdin.close()
        wait_until(lambda: len(running(PROGRAM)) > count, 5, "the workers")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        wait_until(lambda: running(PROGRAM) == [], 3, "the end of all processes")
        frozen.thaw()


def test_an_interrupted_run_prints_what_it_knows(server):
    with PostgreSQL() as frozen:
        frozen.freeze()
        process = subprocess.Popen([PROGRAM, "test", "--input", "-", "-o", "json", "--timeout", "20s"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        process.stdin.write(json.dumps([definition(server), definition(frozen)]))
        process.stdin.close()
        wait_until(lambda: len(running(PROGRAM)) > 2, 5, "the workers")
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        document = json.loads(process.stdout.read())
        assert process.wait() == 130 and document["summary"]["ok"] == 1
        frozen.thaw()
    assert running(PROGRAM) == []


def libraries_of(module):
    return subprocess.run(["ldd", module], capture_output=True, text=True, check=True).stdout


def test_what_no_test_calls_is_not_loaded(server, tmp_path):
    """libpq links libldap for service files; it would bring GnuTLS and ten libraries more."""
    drivers = BUILD / "drivers"
    assert "libpq.so" in libraries_of(drivers / "postgresql.so")
    assert "libgnutls" not in libraries_of(drivers / "postgresql.so")
    # Without its stub the module loads what the system has, and is as good.
    for name in ("postgresql.so", "postgresql.json"):
        shutil.copy(drivers / name, tmp_path / name)
    assert "libgnutls" in libraries_of(tmp_path / "postgresql.so")
    assert verdict(definition(server, **ENFORCED), "--drivers", str(tmp_path))["status"] == "ok"
