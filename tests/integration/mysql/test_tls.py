# SPDX-License-Identifier: Apache-2.0
"""TLS with a real MariaDB or MySQL (TESTCONN_SERVER): each line of the policy, both ways."""
import pytest

from support.mysql import CA, ENFORCED, KIND, MARIADB, definition, expect
from support.program import rules, stages, verdict


@pytest.fixture(scope="module")
def server():
    with KIND() as running_server:
        yield running_server


@pytest.fixture(scope="module")
def plain_server():
    with KIND(certificate=None) as running_server:
        yield running_server


@pytest.mark.parametrize("certificate, code, words", [
    ("expired", "TLS_EXPIRED", ["2021-01-01"]), ("not-yet-valid", "TLS_NOT_YET_VALID", ["2090-01-01"]),
    ("wrong-name", "TLS_NAME_MISMATCH", ["localhost", "db.internal.example"]), ("other", "TLS_UNTRUSTED", ["Other CA"]),
    ("self-signed", "TLS_UNTRUSTED", ["self-signed"]), ("leaf", "TLS_UNTRUSTED", ["intermediate"])])
def test_certificates(certificate, code, words):
    with KIND(certificate=certificate) as server:
        for url in ({**ENFORCED}, {"query": "?sslMode=VERIFY_IDENTITY", "CUSTOM_JDBC_CERT": CA}):
            refusals = server.counter("Access_denied_errors") if MARIADB else 0
            expect(verdict(definition(server, password="wrong", **url)), code, "tls", *words)
            if MARIADB:  # not a byte of a login has gone out
                assert server.counter("Access_denied_errors") == refusals
        lax = verdict(definition(server, CUSTOM_JDBC_CERT=CA))
        assert lax["exit"] == 0 and lax["tls"]["verified"] is False and "certificate-not-verified" in rules(lax)
        assert verdict(definition(server, query="?sslMode=REQUIRED", CUSTOM_JDBC_CERT=CA))["exit"] == 0
        by_chain = verdict(definition(server, query="?sslMode=VERIFY_CA", CUSTOM_JDBC_CERT=CA))
        assert (by_chain["exit"] == 0) == (certificate == "wrong-name")


def test_the_name_that_the_definition_expects():
    with KIND(certificate="wrong-name") as server:
        assert verdict(definition(server, CUSTOM_JDBC_CERT_STRING="db.internal.example", **ENFORCED))["tls"]["verified"] is True
        report = verdict(definition(server, CUSTOM_JDBC_CERT_STRING="db.example", **ENFORCED))
        expect(report, "TLS_NAME_MISMATCH", "tls", "db.example", "db.internal.example")
        assert report["property"] == "ConnectionProperties.CUSTOM_JDBC_CERT_STRING"


def test_the_systems_roots_are_the_trust_without_a_ca_of_our_own(server):
    expect(verdict(definition(server, JDBC_ENFORCE_SSL="true")), "TLS_UNTRUSTED", "tls", "Test CA", "this system's CA")


def test_a_server_without_tls(plain_server):
    for _ in range(2):  # full, then fast
        report = verdict(definition(plain_server))
        assert report["exit"] == 0 and "tls-failed" in rules(report) and "tls" not in report
    refused = verdict(definition(plain_server, **ENFORCED))
    expect(refused, "TLS_NOT_OFFERED", "tls", "offers no TLS", str(plain_server.port))
    assert refused["property"] == "ConnectionProperties.JDBC_ENFORCE_SSL"
    for query in ("?sslMode=REQUIRED", "?useSSL=true&requireSSL=true", "?sslMode=VERIFY_CA"):
        expect(verdict(definition(plain_server, query=query, CUSTOM_JDBC_CERT=CA)), "TLS_NOT_OFFERED", "tls")
    for query in ("?sslMode=DISABLED", "?useSSL=false"):
        untried = verdict(definition(plain_server, query=query))
        assert untried["exit"] == 0 and "tls-failed" not in rules(untried) and "tls" not in stages(untried)


def test_an_account_that_demands_tls(server, plain_server):
    assert verdict(definition(server, "tlsonly"))["exit"] == 0
    for which, query in ((plain_server, ""), (server, "?useSSL=false")):
        refused = verdict(definition(which, "tlsonly", query=query))
        expect(refused, "LOGIN_REFUSED", "login", "1045", "without TLS")
        assert "REQUIRE SSL" in refused["remedy"]
        # Only where TLS was tried is there something to tell.
        assert ("over TLS it failed before: TLS_NOT_OFFERED" in refused["reason"]) == (which is plain_server)


def test_a_refused_login_is_not_tried_again_in_the_clear(plain_server, server):
    for which in (plain_server, server):
        before = which.counter("Aborted_connects")
        assert verdict(definition(which, password="wrong"))["code"] == "LOGIN_REFUSED"
        assert which.counter("Aborted_connects") - before == 1


@pytest.mark.applies(MARIADB)  # MySQL 9 has TLS 1.2 and newer only
def test_tls_that_fails_in_its_handshake():
    with KIND("--tls-version=TLSv1.1", "--ssl-cipher=ALL:@SECLEVEL=0") as old:
        expect(verdict(definition(old, **ENFORCED)), "TLS_VERSION", "tls", "1.2")
        expect(verdict(definition(old, query="?sslMode=REQUIRED")), "TLS_VERSION", "tls")
        lax = verdict(definition(old))
        assert lax["exit"] == 0 and "tls-failed" in rules(lax) and "tls" not in lax
        before = old.counter("Access_denied_errors")
        expect(verdict(definition(old, password="wrong")), "LOGIN_REFUSED", "login", "1045", "without TLS",
               "over TLS it failed before: TLS_VERSION")
        assert old.counter("Access_denied_errors") - before == 1


def test_url_words_of_tls(server):
    assert "tls" in verdict(definition(server, query="?useSSL=true&requireSSL=true"))
    assert "tls" not in verdict(definition(server, query="?useSSL=false"))
    assert "tls" not in verdict(definition(server, vendor="mariadb", query="?sslMode=disable"))
    assert verdict(definition(server, vendor="mariadb", query="?sslMode=verify-full", CUSTOM_JDBC_CERT=CA))["tls"]["verified"]
    for word in ("useSSL=false", "sslMode=DISABLED", "trustServerCertificate=true", "verifyServerCertificate=false"):
        overruled = verdict(definition(server, query=f"?{word}", **ENFORCED))
        assert overruled["exit"] == 0 and overruled["tls"]["verified"] and "tls-overruled" in rules(overruled)


def test_tls_demanded_by_the_server():
    with KIND("--require-secure-transport=ON") as server:
        assert verdict(definition(server))["exit"] == 0
        report = verdict(definition(server, query="?useSSL=false"))
        if MARIADB:  # which says the same as of a wrong password
            expect(report, "LOGIN_REFUSED", "login", "1045", "without TLS")
            assert "TLS" in report["remedy"]
        else:
            expect(report, "TLS_REQUIRED", "login", "3159", "without TLS")
            expect(verdict(definition(server, password="wrong", query="?useSSL=false")), "LOGIN_REFUSED", "login", "1045")


@pytest.mark.applies(not MARIADB)  # MySQL's own login methods
def test_neither_tls_nor_rsa():
    none = [f"--{method}-password-{what}" for method in ("caching-sha2", "sha256")
            for what in ("auto-generate-rsa-keys=OFF", "private-key-path=none", "public-key-path=none")]
    with KIND(*none, certificate=None) as server:
        expect(verdict(definition(server)), "LOGIN_METHOD", "login", "caching_sha2_password", "neither", "2061", '"app"',
               "over TLS it failed before: TLS_NOT_OFFERED")
    with KIND(*none) as server:
        assert verdict(definition(server))["exit"] == 0
