# SPDX-License-Identifier: Apache-2.0
"""The edges of what a client may send: bytes that are no text, numbers, limits, hidden passwords, URLs, newer members."""
import gzip
import json
import socket
import time

import pytest

from support.service import Service, network, orders


@pytest.fixture(scope="module")
def service():
    with Service() as running:
        yield running
        assert running.process.poll() is None


@pytest.fixture(autouse=True)
def empty(service):
    yield
    names = [one["Name"] for one in service.ok("GetConnections", {"MaxResults": 1000})["ConnectionList"]]
    for at in range(0, len(names), 25):
        service.ok("BatchDeleteConnection", {"ConnectionNameList": names[at:at + 25]})


def send(service, request):
    """The whole answer to the bytes of a REQUEST whose connection ends with it."""
    with socket.create_connection(("127.0.0.1", service.port), 10) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


@pytest.mark.parametrize("target", [b"AWSGlue.\xff\xfe", b"AWSGlue." + b"a" * 91 + "é".encode(), b"\xc3\xa9" * 60, b"a" * 99 + b"\xc3\xa9", b""])
def test_a_target_of_any_bytes(service, target):
    answer = send(service, b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nX-Amz-Target: " + target +
                  b"\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 2\r\n\r\n{}")
    body = json.loads(answer.split(b"\r\n\r\n")[1])
    assert answer.startswith(b"HTTP/1.1 404 ") and body["__type"] == "UnknownOperationException", answer


@pytest.mark.parametrize("name", ["%ff", "%c3", "a%80b", "%00", ""])
def test_a_probe_of_what_is_no_name(service, name):
    answer = send(service, f"GET /probe?target={name} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400 ") and b"target" in answer, answer


@pytest.mark.parametrize("sent, words", [(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"this is TLS"), (b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"not HTTP"),
                                         (b"\r\n\x80", b"not HTTP"), (b"{}", b"not HTTP")])
def test_who_does_not_speak_http_is_told_at_once(service, sent, words):
    began = time.monotonic()
    answer = send(service, sent)
    assert answer.startswith(b"HTTP/1.1 400 ") and words in answer and time.monotonic() - began < 3, answer


def test_a_body_in_a_coding(service):
    status, _, answer = service.call_raw("GetConnections", gzip.compress(b"{}"), **{"Content-Encoding": "gzip"})
    assert (status, json.loads(answer)["__type"]) == (400, "SerializationException") and b"gzip" in answer
    assert service.call_raw("GetConnections", b"{}", **{"Content-Encoding": "identity"})[0] == 200


@pytest.mark.parametrize("body, words", [
    ('{"Name": "a", "Name": "b"}', "stands twice"), ("[" * 5000, "too deeply"), (b'{"Name": "\xff"}', "UTF-8"), ('{"Name": "a', "too early"),
    ("{}{}", "behind its end"), ('{"Name": "x", "n": 1e999}', "too large"), ("{'Name': 'x'}", "line 1, column 2"), ('{"a\\u0000": 1}', "NUL")])
def test_what_is_wrong_with_a_body(service, body, words):
    status, _, answer = service.call_raw("GetConnection", body)
    answer = json.loads(answer)
    assert (status, answer["__type"]) == (400, "SerializationException") and words in answer["Message"], answer


@pytest.mark.parametrize("operation, body, path", [
    ("GetConnection", {"Name": "a\0b"}, "Name"), ("BatchDeleteConnection", {"ConnectionNameList": ["a", "\0"]}, "ConnectionNameList[1]"),
    ("TestConnection", {"TestConnectionInput": {"ConnectionType": "JDBC", "ConnectionProperties": {"PASSWORD": "p\0q"}}},
     "TestConnectionInput.ConnectionProperties.PASSWORD"),
    ("CreateConnection", {"ConnectionInput": orders(), "Tags": {"a": "\0"}}, "Tags.a")])
def test_nul_is_refused_where_it_stands(service, operation, body, path):
    assert f"{path}: holds a NUL byte" in service.refused(operation, body, "InvalidInputException")


@pytest.mark.parametrize("number, right", [("1", True), ("1000", True), ("1.0", True), ("1e2", True), ("null", True), ("0", False), ("1001", False),
                                           ("1.5", False), ("-1", False), ('"1"', False), ("true", False), ("[]", False),
                                           ("99999999999999999999", False), ("-1e300", False)])
def test_numbers(service, number, right):
    status, _, answer = service.call_raw("GetConnections", f'{{"MaxResults": {number}}}')
    assert status == (200 if right else 400), answer
    assert right or (json.loads(answer)["__type"] == "InvalidInputException" and "MaxResults: is" in json.loads(answer)["Message"])


def test_a_number_beyond_all_bounds_in_what_nobody_knows(service):
    service.refused("GetConnection", {"Name": "x", "Unknown": 10 ** 40}, "EntityNotFoundException")


def versions(service, version, **more):
    """Names, page by page, and the size of each page."""
    names, sizes, token = [], [], {}
    while True:
        page = service.ok("GetConnections", {"Filter": {"ConnectionSchemaVersion": version}, **token, **more})
        names += [one["Name"] for one in page["ConnectionList"]]
        sizes.append(len(page["ConnectionList"]))
        if "NextToken" not in page:
            return names, sizes
        token = {"NextToken": page["NextToken"]}


def test_the_version_of_the_schema_is_filtered_by(service):
    second = [{**network("b", 1), "SparkProperties": {"x": "y"}}, {**network("d", 1), "AuthenticationConfiguration": {"AuthenticationType": "BASIC"}},
              {"Name": "f", "ConnectionType": "POSTGRESQL", "ConnectionProperties": {}}]
    for one in [network("a", 1), network("c", 1), network("e", 1), *second]:
        service.ok("CreateConnection", {"ConnectionInput": one})
    assert versions(service, 1) == (["a", "c", "e"], [3])
    assert versions(service, 2, MaxResults=2) == (["b", "d", "f"], [2, 1])
    assert versions(service, 2, MaxResults=1)[0] == ["b", "d", "f"]
    for wrong in (0, 3, "1", 1.5):
        assert "Filter.ConnectionSchemaVersion" in service.refused("GetConnections", {"Filter": {"ConnectionSchemaVersion": wrong}}, "InvalidInputException")


def test_passwords_of_newer_members_are_hidden_too(service):
    given = {**orders(), "SparkProperties": {"password": "canary", "secretId": "arn", "url": "jdbc:x://u:canary@h/d?sslKeyPassword=canary"},
             "PythonProperties": {"apiToken": "canary"}, "AthenaProperties": {"lambda": "l", "client_secret": "canary"}}
    service.ok("CreateConnection", {"ConnectionInput": given})
    assert b"canary" not in service.call_raw("GetConnection", '{"Name": "orders", "HidePassword": true}')[2]
    shown = service.ok("GetConnection", {"Name": "orders", "HidePassword": True})["Connection"]
    assert shown["SparkProperties"]["secretId"] == "arn" and shown["AthenaProperties"] == {"lambda": "l"}
    assert service.ok("GetConnection", {"Name": "orders"})["Connection"]["SparkProperties"] == given["SparkProperties"]


@pytest.mark.parametrize("url", ["jdbc:postgresql://u:canary@h:1/d", "jdbc:postgresql://h:1/d?user=u&password=canary", "jdbc:oracle:thin:u/canary@h:1:x",
                                 "jdbc:sqlserver://h:1;user=u;password=canary;databaseName=d"])
def test_what_was_hidden_does_not_replace_what_is_stored(service, url):
    given = {"Name": "orders", "ConnectionType": "JDBC", "ConnectionProperties": {"JDBC_CONNECTION_URL": url, "SECRET_ID": "s"}}
    service.ok("CreateConnection", {"ConnectionInput": given})
    hidden = service.ok("GetConnection", {"Name": "orders", "HidePassword": True})["Connection"]["ConnectionProperties"]
    assert "***" in hidden["JDBC_CONNECTION_URL"] and "canary" not in hidden["JDBC_CONNECTION_URL"]
    changed = {"Name": "orders", "ConnectionInput": {**given, "ConnectionProperties": hidden}}
    message = service.refused("UpdateConnection", changed, "InvalidInputException")
    assert "ConnectionInput.ConnectionProperties.JDBC_CONNECTION_URL: holds ***" in message
    assert service.ok("GetConnection", {"Name": "orders"})["Connection"]["ConnectionProperties"] == given["ConnectionProperties"]


def test_stars_that_are_a_password(service):
    service.ok("CreateConnection", {"ConnectionInput": orders(password="***")})
    assert service.ok("GetConnection", {"Name": "orders"})["Connection"]["ConnectionProperties"]["PASSWORD"] == "***"


@pytest.mark.parametrize("more, path", [
    ({"SparkProperties": []}, "SparkProperties"), ({"AthenaProperties": {"a": 1}}, "AthenaProperties.a"), ({"PythonProperties": {"": "x"}}, "PythonProperties"),
    ({"SparkProperties": {"k" * 129: "x"}}, "SparkProperties"), ({"SparkProperties": {"k": "x" * 2049}}, "SparkProperties.k"),
    ({"ValidateForComputeEnvironments": ["FLINK"]}, "ValidateForComputeEnvironments"), ({"ValidateForComputeEnvironments": "SPARK"}, "ValidateForComputeEnvironments")])
def test_newer_members_are_what_their_model_says(service, more, path):
    assert f"ConnectionInput.{path}" in service.refused("CreateConnection", {"ConnectionInput": {**network("n", 1), **more}}, "InvalidInputException")


@pytest.mark.parametrize("url", ["jdbc:nonsense", "nonsense", "jdbc:", "jdbc:db2://h:1/d", "jdbc:postgresql://h:99999/d", "x" * 1024])
def test_a_url_that_nobody_understands_is_stored_and_told_when_it_is_tested(service, url):
    """As AWS does: the API says of it that it is a text of at most 1024 bytes, and a JAR may know it."""
    service.ok("CreateConnection", {"ConnectionInput": orders(JDBC_CONNECTION_URL=url)})
    assert service.ok("GetConnection", {"Name": "orders"})["Connection"]["Status"] == "READY"
    service.ok("UpdateConnection", {"Name": "orders", "ConnectionInput": orders(JDBC_CONNECTION_URL=url)})
    message = service.refused("TestConnection", {"ConnectionName": "orders"}, "InvalidInputException")
    assert " at input: " in message and message.split()[0] in ("INVALID_INPUT", "UNSUPPORTED_TYPE", "DRIVER_MISSING"), message
    shown = service.ok("GetConnection", {"Name": "orders"})["Connection"]
    assert shown["Status"] == "FAILED" and shown["StatusReason"] == message
    answer = service.ok("CreateConnection", {"ConnectionInput": {**orders("second", JDBC_CONNECTION_URL=url), "ValidateCredentials": True}})
    assert answer == {"CreateConnectionStatus": "FAILED"}


@pytest.mark.parametrize("url, words", [("", "missing"), ("x" * 1025, "1025"), ("jdbc:postgresql://h\n:1/d", "control"), (7, "not a string")])
def test_a_url_that_breaks_what_the_api_says_is_not_stored(service, url, words):
    definition = orders(JDBC_CONNECTION_URL=url)
    for operation, body in (("CreateConnection", {"ConnectionInput": definition}), ("UpdateConnection", {"Name": "orders", "ConnectionInput": definition})):
        message = service.refused(operation, body, "InvalidInputException")
        assert "ConnectionInput.ConnectionProperties.JDBC_CONNECTION_URL" in message and words in message
