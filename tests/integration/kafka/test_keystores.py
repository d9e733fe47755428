# SPDX-License-Identifier: Apache-2.0
"""Client keystores as keytool and openssl write them, at a broker that demands a client certificate."""
import json
import pathlib

import pytest

from support.kafka import Kafka, Listener, ingredient
from support.program import certificates, rules, verdict

CERTIFICATES = certificates()
STORES = ingredient("keystores")


@pytest.fixture(scope="module")
def broker():
    with Kafka({"MUTUAL": Listener("SSL", certificate="good", clients="required"),
                "MUTUAL12": Listener("SSL", certificate="good", clients="required", ssl_enabled_protocols="TLSv1.2"),
                "OPEN": Listener("SSL", certificate="good"), "PT": Listener("PLAINTEXT")}) as one:
        yield one


def attempt(broker, file, password="storepw", key_password=None, listener="MUTUAL", **more):
    given = {"KAFKA_BOOTSTRAP_SERVERS": broker.at(listener), "KAFKA_CUSTOM_CERT": str(CERTIFICATES / "ca.pem"),
             "KAFKA_CLIENT_KEYSTORE": str(STORES / file), "KAFKA_CLIENT_KEYSTORE_PASSWORD": password,
             "KAFKA_CLIENT_KEY_PASSWORD": key_password, **more}
    return verdict({"Name": "k", "ConnectionType": "KAFKA",
                    "ConnectionProperties": {key: value for key, value in given.items() if value is not None}})


@pytest.mark.parametrize("file, form, subject, options", [
    ("client.p12", "PKCS#12", "CN=app", {}),
    ("client-legacy.p12", "PKCS#12", "CN=app", {}),
    ("client-nopass.p12", "PKCS#12", "CN=app", {"password": None}),
    ("old-name.jks", "PKCS#12", "CN=app", {}),
    ("client.jks", "JKS", "CN=app", {}),
    ("client.jceks", "JCEKS", "CN=app", {}),
    ("client.jks", "JKS", "CN=app", {"listener": "MUTUAL12"}),
    ("key-password.jks", "JKS", "CN=app", {"key_password": "key-pw-2"}),
    ("key-password.jceks", "JCEKS", "CN=app", {"key_password": "key-pw-2"}),
    ("key-password.jks", "JKS", "CN=app", {"password": None, "key_password": "key-pw-2"}),
    ("ec.p12", "PKCS#12", "CN=elliptic", {}),
    ("ec.jks", "JKS", "CN=elliptic", {}),
    ("unicode.p12", "PKCS#12", "CN=app", {"password": "p\u00e4ssw\u00f6rd \u20ac"}),
    ("unicode.jks", "JKS", "CN=app", {"password": "p\u00e4ssw\u00f6rd \u20ac"}),
    ("chain.p12", "PKCS#12", "CN=chained", {}),
    ("chain.jks", "JKS", "CN=chained", {}),
    ("mixed.jks", "JKS", "CN=app", {}),
    ("client.pem", "PEM", "CN=app", {"password": None}),
    ("encrypted.pem", "PEM", "CN=app", {"password": "key-pw-2"}),
    ("encrypted.pem", "PEM", "CN=app", {"key_password": "key-pw-2"})])
def test_a_keystore_is_opened_and_accepted(broker, file, form, subject, options):
    report = attempt(broker, file, **options)
    assert report["status"] == "ok", report
    facts = report["stages"][1]["facts"]
    assert (facts["keystore"], facts["client_certificate"]) == (form, subject)
    assert facts["client_certificate_chain"] == (1 if file.startswith("chain") else 0)
    assert "storepw" not in json.dumps(report) and "key-pw-2" not in json.dumps(report)


@pytest.mark.parametrize("file, options, blamed, words", [
    ("client.p12", {"password": "wrong"}, "KAFKA_CLIENT_KEYSTORE_PASSWORD", ["password is wrong"]),
    ("client.jks", {"password": "wrong"}, "KAFKA_CLIENT_KEYSTORE_PASSWORD", ["password is wrong"]),
    ("client.p12", {"password": None}, "KAFKA_CLIENT_KEYSTORE_PASSWORD", ["none is given"]),
    ("client.jks", {"password": None}, "KAFKA_CLIENT_KEYSTORE_PASSWORD", ["\"app\"", "none is given"]),
    ("key-password.jks", {}, "KAFKA_CLIENT_KEY_PASSWORD", ["\"app\"", "password of its own"]),
    ("key-password.jks", {"key_password": "wrong"}, "KAFKA_CLIENT_KEY_PASSWORD", ["the key's password is wrong"]),
    ("key-password.jceks", {"key_password": "wrong"}, "KAFKA_CLIENT_KEY_PASSWORD", ["the key's password is wrong"]),
    ("client.p12", {"key_password": "wrong"}, "KAFKA_CLIENT_KEY_PASSWORD", ["the key's password is wrong"]),
    ("two.jks", {}, "KAFKA_CLIENT_KEYSTORE", ["2 private keys", "\"app\"", "\"other\""]),
    ("two.p12", {}, "KAFKA_CLIENT_KEYSTORE", ["2 private keys", "\"app\"", "\"other\""]),
    ("trust.jks", {}, "KAFKA_CLIENT_KEYSTORE", ["no private key", "1 certificates"]),
    ("trust.p12", {}, "KAFKA_CLIENT_KEYSTORE", ["no private key"]),
    ("empty.jks", {}, "KAFKA_CLIENT_KEYSTORE", ["no private key", "0 certificates"]),
    ("secret.jceks", {}, "KAFKA_CLIENT_KEYSTORE", ["secret key"]),
    ("cut.jks", {}, "KAFKA_CLIENT_KEYSTORE_PASSWORD", ["damaged"]),
    ("cut.jks", {"password": None}, "KAFKA_CLIENT_KEYSTORE", ["cut off"]),
    ("cut.p12", {}, "KAFKA_CLIENT_KEYSTORE", ["cut off"]),
    ("encrypted.pem", {"password": None}, "KAFKA_CLIENT_KEYSTORE", ["encrypted", "no password"]),
    ("encrypted.pem", {"password": "wrong"}, "KAFKA_CLIENT_KEYSTORE", ["password is wrong"]),
    (CERTIFICATES / "ca.pem", {}, "KAFKA_CLIENT_KEYSTORE", ["no private key"]),
    (CERTIFICATES / "bad-der.crt", {}, "KAFKA_CLIENT_KEYSTORE", ["none that can be read"]),
    (CERTIFICATES / "bad-empty.pem", {}, "KAFKA_CLIENT_KEYSTORE", ["empty"]),
    (CERTIFICATES / "bad-page.html", {}, "KAFKA_CLIENT_KEYSTORE", ["neither PKCS#12, JKS, JCEKS nor PEM"])])
def test_a_keystore_that_is_none_is_told_before_connecting(broker, file, options, blamed, words):
    report = attempt(broker, file, **options)
    assert (report["code"], report["stage"]) == ("KEYSTORE_INVALID", "credentials"), report
    assert report["property"] == f"ConnectionProperties.{blamed}"
    for word in [str(file), *words]:
        assert word in report["reason"], report["reason"]
    assert "tcp" not in {stage["name"] for stage in report["stages"] if stage["status"] == "passed"}


@pytest.mark.parametrize("file", ["/no/such.jks", "/dev/zero", "/etc", str(CERTIFICATES / "bad-rubbish")])
def test_a_file_that_cannot_be_read(broker, file):
    report = attempt(broker, pathlib.Path(file))
    assert (report["code"], report["stage"]) == ("FILE_UNREADABLE", "credentials"), report
    assert file in report["reason"] and report["property"] == "ConnectionProperties.KAFKA_CLIENT_KEYSTORE"


@pytest.mark.parametrize("listener", ["MUTUAL", "MUTUAL12"])
@pytest.mark.parametrize("file", ["foreign.jks", "leaf-only.jks", "expired.jks"])
def test_a_certificate_that_the_broker_refuses(broker, file, listener):
    report = attempt(broker, file, listener=listener)
    assert (report["code"], report["stage"]) == ("TLS_CLIENT_CERT_REFUSED", "tls"), report
    assert "refused our client certificate" in report["reason"]
    for word in (str(STORES / file), "issued by", "certificates above it"):
        assert word in report["reason"], report["reason"]
    assert report["property"] == "ConnectionProperties.KAFKA_CLIENT_KEYSTORE"
    assert ("client-certificate-expired" in rules(report)) is (file == "expired.jks")


def test_a_certificate_where_none_is_asked_for(broker):
    assert attempt(broker, "foreign.jks", listener="OPEN")["status"] == "ok"


def test_a_keystore_without_tls_is_a_note(broker):
    report = attempt(broker, "client.jks", listener="PT", KAFKA_SSL_ENABLED="false", KAFKA_CUSTOM_CERT=None)
    assert report["status"] == "ok"
    assert {finding["property"] for finding in report["findings"] if finding["rule"] == "ignored"} >= {
        "ConnectionProperties.KAFKA_CLIENT_KEYSTORE", "ConnectionProperties.KAFKA_CLIENT_KEYSTORE_PASSWORD"}


def test_an_encrypted_password_needs_credentials_of_aws(broker):
    report = attempt(broker, "client.jks", password=None, ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD="AQICAHg=")
    assert (report["stage"], report["code"]) == ("credentials", "AWS_CREDENTIALS_MISSING") and report["property"].endswith("ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD")
