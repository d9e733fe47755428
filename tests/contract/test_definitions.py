# SPDX-License-Identifier: Apache-2.0
"""Definitions from outside: what is refused and at which property, and what stands behind ${env:} and ${file:}."""
import json
import os

import pytest

from support.processes import free_port
from support.program import batch, certificates, jdbc, run, rules, verdict

PROPERTIES = "ConnectionProperties."
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:x"


def url():
    return f"jdbc:postgresql://127.0.0.1:{free_port()}/orders"


def login(**more):
    return jdbc(**{"JDBC_CONNECTION_URL": url(), "USERNAME": "app", "PASSWORD": "pw", **more})


def network(**members):
    return {"Name": "net", "ConnectionType": "NETWORK",
            "ConnectionProperties": {"HOST": "127.0.0.1", "PORT": str(free_port())}, **members}


def connector(kind="CUSTOM", **properties):
    return {"Name": "c", "ConnectionType": kind, "ConnectionProperties": properties}


def oauth(**members):
    return network(AuthenticationConfiguration={"OAuth2Properties": members})


@pytest.mark.parametrize("definition, path", [
    (network(Name="a\0b"), "Name"), (network(Description="\0"), "Description"), (network(MatchCriteria=["\0"]), "MatchCriteria[0]"),
    (network(ConnectionType="NETWORK\0"), "ConnectionType"), (network(Unknown={"a": ["\0"]}), "Unknown.a[0]"),
    (network(AuthenticationConfiguration={"SecretArn": ARN + "\0"}), "AuthenticationConfiguration.SecretArn"),
    (oauth(TokenUrlParametersMap={"k": "\0"}), "AuthenticationConfiguration.OAuth2Properties.TokenUrlParametersMap.k"),
    (network(ValidateCredentials="true\0"), "ValidateCredentials"), (login(PASSWORD="${env:HOME}\0"), PROPERTIES + "PASSWORD"),
] + [(login(**{key: "a\0b"}), PROPERTIES + key) for key in ("USERNAME", "PASSWORD", "JDBC_CONNECTION_URL", "DATABASE", "FOO")])
def test_a_nul_is_refused_with_its_property(definition, path):
    report = verdict(definition)
    told = [finding for finding in report["findings"] if finding["severity"] == "error"]
    assert (report["exit"], report["code"], report["property"]) == (2, "INVALID_INPUT", path)
    assert [finding["property"] for finding in told] == [path] and "NUL" in report["reason"]


def test_a_nul_of_yaml_is_told_likewise():
    done = run(["test", "-i", "-", "-o", "json"], stdin='Name: n\nConnectionType: NETWORK\nConnectionProperties: {HOST: "a\\0b", PORT: "1"}')
    assert done.returncode == 2 and '"property": "ConnectionProperties.HOST"' in done.stdout
    done = run(["test", "-i", "-", "-o", "json"], stdin='Name: n\n"Connection\\0Type": x')
    assert done.returncode == 2 and done.stdout == "" and "NUL in a key" in done.stderr


@pytest.mark.parametrize("definition, code, path, words", [
    ({"Name": "s", "ConnectionType": "SALESFORCE", "ConnectionProperties": {}, "AuthenticationConfiguration": None},
     "INVALID_INPUT", "AuthenticationConfiguration", "is missing"),
    (connector(), "INVALID_INPUT", PROPERTIES + "CONNECTOR_TYPE", "missing"),
    (connector(CONNECTOR_TYPE="Spark"), "UNSUPPORTED_TYPE", PROPERTIES + "CONNECTOR_TYPE", "Spark"),
    (connector(CONNECTOR_TYPE="jdbc"), "INVALID_INPUT", PROPERTIES + "CONNECTION_URL", "JDBC_CONNECTION_URL"),
    (connector(CONNECTOR_TYPE="JDBC", CONNECTION_URL="jdbc:postgresql://${host}/d"),
     "INVALID_INPUT", PROPERTIES + "CONNECTION_URL", "${host}"),
    (connector(CONNECTOR_TYPE="JDBC", CONNECTION_URL="", JDBC_CONNECTION_URL="jdbc:postgresql://h/d?user=${u}"),
     "INVALID_INPUT", PROPERTIES + "JDBC_CONNECTION_URL", "${u}"),
    (connector("MARKETPLACE", CONNECTOR_TYPE="JDBC", CONNECTOR_URL="x", CONNECTION_URL="jdbc:mysql://h:0/d", USERNAME="u",
               PASSWORD="p"), "INVALID_INPUT", PROPERTIES + "CONNECTOR_CLASS_NAME", "CONNECTION_URL: has the port 0"),
    (login(JDBC_CONNECTION_URL="jdbc:db2://h/d"), "UNSUPPORTED_TYPE", PROPERTIES + "JDBC_CONNECTION_URL", "db2"),
    ({"Name": "m", "ConnectionType": "HUBSPOT", "ConnectionProperties": {}}, "UNSUPPORTED_TYPE", "ConnectionType", "HUBSPOT"),
    (network(ConnectionProperties={"HOST": "u:c4nary@h", "PORT": "1"}), "INVALID_INPUT", PROPERTIES + "HOST", '"***@h"'),
    ({"Name": "k", "ConnectionType": "KAFKA", "ConnectionProperties": {"KAFKA_BOOTSTRAP_SERVERS": "u:c4nary@h:9092"}},
     "INVALID_INPUT", PROPERTIES + "KAFKA_BOOTSTRAP_SERVERS", '"***@h:9092"'),
    (login(USERNAME="", SECRET_ID='{"password": "c4nary"}'), "INVALID_INPUT", PROPERTIES + "SECRET_ID", "what a secret holds"),
    (oauth(TokenUrlParametersMap={"k" * 129: "v"}), "INVALID_INPUT",
     f'AuthenticationConfiguration.OAuth2Properties.TokenUrlParametersMap (the key "{"k" * 129}")', "129 bytes"),
], ids=lambda value: str(value)[:40])
def test_the_property_at_fault_is_named(definition, code, path, words):
    report = verdict(definition)
    assert (report["code"], report["stage"], report["property"]) == (code, "input", path) and words in report["reason"]
    assert "c4nary" not in str(report)


VARIABLES = {"TYPE": "NETWORK", "NAME": "by variable", "EMPTY": "", "ODD": "c4nary", "FILE": "${file:/etc/hostname}", "SELF": "${env:ODD}",
             "LATIN": "\udcff", "FLAG": "TRUE"}


@pytest.mark.parametrize("definition, path, words", [
    (network(ConnectionType="${env:NOPE}"), "ConnectionType", ["NOPE is not set"]),
    (login(PASSWORD="${env:NOPE}", USERNAME="${env:NOPE2}"), PROPERTIES + "USERNAME", ["NOPE is not set", "NOPE2 is not set"]),
    (login(JDBC_CONNECTION_URL="jdbc:postgresql://${env:NOPE}:5432/d"), PROPERTIES + "JDBC_CONNECTION_URL", ["NOPE is not set"]),
    (login(JDBC_ENFORCE_SSL="${env:ODD}"), PROPERTIES + "JDBC_ENFORCE_SSL", ["${env:ODD} is neither true"]),
    (network(ConnectionProperties={"HOST": "h", "PORT": "${env:ODD}"}), PROPERTIES + "PORT", ["${env:ODD} is not a number"]),
    (login(PASSWORD="${env:}${env:NOPE}"), PROPERTIES + "PASSWORD", ["NOPE is not set"]),
    (login(PASSWORD="${env:FILE}"), PROPERTIES + "PASSWORD", ["FILE holds a reference"]),
    (login(USERNAME="${env:SELF}"), PROPERTIES + "USERNAME", ["SELF holds a reference"]),
    (login(PASSWORD="${env:LATIN}"), PROPERTIES + "PASSWORD", ["LATIN is not UTF-8"]),
    (login(USERNAME="${env:EMPTY}"), PROPERTIES + "USERNAME", ["PASSWORD is given without it"]),
], ids=lambda value: str(value)[:40])
def test_variables_that_cannot_be_put_in(definition, path, words):
    report = verdict(definition, environment={**os.environ, **VARIABLES})
    assert (report["code"], report["property"]) == ("INVALID_INPUT", path) and "c4nary" not in str(report)
    for word in words:
        assert word in report["reason"]


@pytest.mark.parametrize("definition", [
    network(ConnectionType="${env:TYPE}"), network(Name="${env:NAME}"), login(JDBC_ENFORCE_SSL="${env:FLAG}"), login(PASSWORD="${env:EMPTY}"),
    login(PASSWORD="${env:SELF}"), login(PASSWORD="$ $$ ${ ${other} ${ENV:ODD} ${env:ODD", USERNAME="${env:}")])
def test_variables_that_are_put_in(definition):
    report = verdict(definition, environment={**os.environ, **VARIABLES})
    assert report["code"] == "CONNECT_REFUSED" and report["name"] in (definition["Name"], "by variable")
    assert report["connection_type"] in ("NETWORK", "JDBC")


@pytest.mark.parametrize("content, key, code, words", [
    (b"pw\r\n", "PASSWORD", "CONNECT_REFUSED", ""), (b"${file:/etc/hostname}", "PASSWORD", "CONNECT_REFUSED", ""),
    (b"${env:HOME}", "PORT", "FILE_UNREADABLE", "holds a reference"), (b"${file:/x}", "JDBC_CONNECTION_URL", "FILE_UNREADABLE", "reference"),
    (b"\xff", "PASSWORD", "FILE_UNREADABLE", "is not UTF-8"), (b"a\0", "PASSWORD", "FILE_UNREADABLE", "NUL"),
    (b"c4nary", "JDBC_ENFORCE_SSL", "INVALID_INPUT", "is neither true"), (b"c4nary", "PORT", "INVALID_INPUT", "is not a number"),
    (b"x" * 1025, "USERNAME", "INVALID_INPUT", "1025 bytes"), (b"", "USERNAME", "INVALID_INPUT", "PASSWORD is given without it")])
def test_files_that_are_put_in(tmp_path, content, key, code, words):
    path = tmp_path / "value"
    path.write_bytes(content)
    report = verdict(login(**{key: "${file:%s}" % path}))
    assert report["code"] == code and words in report["reason"] and "c4nary" not in str(report)
    if code == "FILE_UNREADABLE":
        assert str(path) in report["reason"] and PROPERTIES + key in report["reason"] and report["property"] == PROPERTIES + key


@pytest.mark.parametrize("form, found", [
    ("file://{}", True), ("FILE://localhost{}", True), ("file:{}", True), ("{}", True), ("file://elsewhere{}", False), ("file://{}%2", False)])
def test_locations_of_files(tmp_path, form, found):
    path = tmp_path / "a b%41.pem"
    path.write_text("no certificate")
    written = str(path) if form == "{}" else str(path).replace("%", "%25").replace(" ", "%20")
    report = verdict(login(CUSTOM_JDBC_CERT=form.format(written)))
    assert report["code"] == ("CERT_UNREADABLE" if found else "FILE_UNREADABLE")
    assert report["property"] == PROPERTIES + "CUSTOM_JDBC_CERT"


@pytest.mark.parametrize("change, words", [
    (lambda pem: "\n  Our CA\n" + pem, None), (lambda pem: pem.replace("\n", "\r\n"), None), (lambda pem: pem.replace("\n", " "), "line breaks are lost"),
    (lambda pem: pem.replace("\n", "\\n"), "line breaks are lost"), (lambda pem: pem[:300], "cut off"),
    (lambda pem: pem.replace("MII", "****"), "damaged")])
def test_inline_certificates(change, words):
    report = verdict(login(CUSTOM_JDBC_CERT=change((certificates() / "ca.pem").read_text())))
    assert report["code"] == ("CERT_UNREADABLE" if words else "CONNECT_REFUSED") and (words or "") in report["reason"]


def test_files_of_drivers_are_blamed_on_their_property():
    definitions = [{"Name": "k", "ConnectionType": "KAFKA", "ConnectionProperties": {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", key: "/nonexistent/file"}} for key in ("KAFKA_CLIENT_KEYSTORE", "KAFKA_CUSTOM_CERT")]
    for report, key in zip(batch(definitions)[1]["tests"], ("KAFKA_CLIENT_KEYSTORE", "KAFKA_CUSTOM_CERT")):
        assert report["code"] == "FILE_UNREADABLE" and f"{PROPERTIES}{key} names a file" in report["reason"]


def test_a_strict_test_refuses_unknown_keys():
    report = verdict(login(JDBC_ENFORCE_TLS="true"), "--strict")
    assert report["code"] == "INVALID_INPUT" and "JDBC_ENFORCE_SSL" in report["reason"]
    assert "unknown-property" in rules(verdict(login(JDBC_ENFORCE_TLS="true")))


@pytest.mark.parametrize("given, wanted", [("JDBC_CONECTION_URL", "JDBC_CONNECTION_URL"), ("jdbc_connection_url", "JDBC_CONNECTION_URL"),
                                           ("PASWORD", "PASSWORD"), ("Username", "USERNAME")])
def test_where_a_property_is_missing_its_misspelling_is_named(given, wanted):
    definition = login()
    definition["ConnectionProperties"][given] = definition["ConnectionProperties"].pop(wanted)
    report = verdict(definition)
    assert (report["code"], report["property"]) == ("INVALID_INPUT", PROPERTIES + wanted)
    assert f"{PROPERTIES}{wanted}: missing" in report["reason"] and f"is {given} a misspelling of it?" in report["reason"]


@pytest.mark.parametrize("host, words", [("0x7f.1", "neither a host name nor an IPv4 address"), ("127.0.0.0x1", "IPv4"), ("a.0X", "IPv4"),
                                         ("127.1", "IPv4"), ("a.1", "IPv4"), ("fe80::1%lo", "zone")])
def test_what_only_getaddrinfo_takes_for_an_address_is_refused(host, words):
    definition = network()
    definition["ConnectionProperties"]["HOST"] = host
    report = verdict(definition)
    assert (report["code"], report["stage"], report["property"]) == ("INVALID_INPUT", "input", PROPERTIES + "HOST")
    assert f'"{host}"' in report["reason"] and words in report["reason"]
    assert verdict(login(JDBC_CONNECTION_URL=f"jdbc:mysql://{host}/d"))["code"] == "INVALID_INPUT"


def test_a_host_beyond_ascii_is_told_as_it_is_written():
    report = verdict(login(JDBC_CONNECTION_URL="jdbc:postgresql://bücher.invalid/orders"))
    assert report["stage"] == "dns" and '"bücher.invalid" (xn--bcher-kva.invalid)' in report["reason"], report
    asked_in_ascii = verdict(login(JDBC_CONNECTION_URL="jdbc:postgresql://xn--bcher-kva.invalid/orders"))
    assert '"xn--bcher-kva.invalid" ' in asked_in_ascii["reason"] and "ü" not in asked_in_ascii["reason"]


def test_what_the_url_overrides_and_a_jar_are_told():
    def ignored(**more):
        return {one["property"].removeprefix(PROPERTIES) for one in verdict(login(**more))["findings"] if one["rule"] == "ignored"}
    address, port = url().removeprefix("jdbc:postgresql://").removesuffix("/orders").split(":")
    same = f"jdbc:postgresql://{address}:{port}/orders"
    assert ignored(JDBC_CONNECTION_URL=same, HOST=address, PORT=port, DATABASE="orders", JDBC_ENGINE="aurora-postgresql") == set()
    assert ignored(HOST="127.0.0.2", PORT="1999", DATABASE="other", JDBC_ENGINE="mysql") == {"HOST", "PORT", "DATABASE", "JDBC_ENGINE"}
    assert ignored(JDBC_DRIVER_JAR_URI="s3://bucket/driver.jar", JDBC_DRIVER_CLASS_NAME="org.postgresql.Driver") == {
        "JDBC_DRIVER_JAR_URI", "JDBC_DRIVER_CLASS_NAME"}


@pytest.mark.parametrize("names, words", [
    (("client.pem", "other.key"), 'its private key (RSA 2048) belongs to no certificate in it: "CN=app" was made for another one (RSA 2048)'),
    (("client.pem", "bad-ecdsa.key"), "its private key (EC 256) belongs to no certificate in it"),
    (("client.key",), "holds a private key and no certificate"), (("client.pem",), "holds no private key")])
def test_a_client_certificate_and_a_key_that_are_no_pair(tmp_path, names, words):
    path = tmp_path / "client.pem"
    path.write_text("".join((certificates() / name).read_text() for name in names))
    report = verdict({"Name": "m", "ConnectionType": "MONGODB", "ConnectionProperties": {
        "CONNECTION_URL": f"mongodb://127.0.0.1:{free_port()}/d", "USERNAME": "u", "PASSWORD": "p", "MONGODB_CLIENT_CERT": str(path)}})
    assert (report["code"], report["stage"], report["property"]) == ("KEYSTORE_INVALID", "credentials", PROPERTIES + "MONGODB_CLIENT_CERT")
    assert str(path) in report["reason"] and words in report["reason"]


def test_a_blank_around_a_location_is_told():
    report = verdict(login(JDBC_ENFORCE_SSL="true", CUSTOM_JDBC_CERT=f" {certificates() / 'ca.pem'}"))
    assert report["code"] == "FILE_UNREADABLE" and "begins or ends with a blank" in report["reason"]


def test_a_long_hint_stays_within_80_columns():
    told = run(["test", "--input", "-"], stdin=json.dumps(login(JDBC_CONNECTION_URL="jdbc:postgres://db"))).stdout
    assert "jdbc:postgresql://HOST:PORT/DATABASE ?" in told, told
    assert max(map(len, told.splitlines())) <= 80
