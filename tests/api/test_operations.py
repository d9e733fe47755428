# SPDX-License-Identifier: Apache-2.0
"""The seven operations as AWS JSON: answers, exceptions, wording, what is kept and what is hidden."""
import json
import re
import socket
import threading
import time

import pytest

from support.processes import free_port, wait_until
from support.service import Service, network, orders
from support.silent import Silent


@pytest.fixture(scope="module")
def service():
    with Service("--timeout", "5s") as running:
        yield running


@pytest.fixture(autouse=True)
def empty(request):
    yield
    if "service" in request.fixturenames:
        running = request.getfixturevalue("service")
        names = [one["Name"] for one in running.ok("GetConnections", {"MaxResults": 1000})["ConnectionList"]]
        for at in range(0, len(names), 25):
            running.ok("BatchDeleteConnection", {"ConnectionNameList": names[at:at + 25]})


def create(service, *definitions):
    for definition in definitions:
        assert service.ok("CreateConnection", {"ConnectionInput": definition}) == {"CreateConnectionStatus": "READY"}


def get(service, name, **more):
    return service.ok("GetConnection", {"Name": name, **more})["Connection"]


def test_create_and_get_give_back_what_was_given(service):
    given = {**orders(), "Description": "line\nline", "MatchCriteria": ["a", "b"], "PhysicalConnectionRequirements": {
        "SubnetId": "subnet-1", "SecurityGroupIdList": ["sg-1"], "AvailabilityZone": "eu-west-1a"}}
    before = time.time()
    create(service, given)
    got = get(service, "orders")
    assert {key: got[key] for key in given} == given
    assert got["Status"] == "READY" and "StatusReason" not in got and "LastConnectionValidationTime" not in got
    for key in ("CreationTime", "LastUpdatedTime"):
        assert isinstance(got[key], (int, float)) and before - 1 <= got[key] <= time.time() + 1


def test_headers_of_every_answer(service):
    for operation, body, status in (("GetConnections", "{}", 200), ("GetConnection", '{"Name": "nope"}', 400),
                                    ("GetConnection", "[", 400), ("Nope", "{}", 404)):
        got, headers, answer = service.call_raw(operation, body)
        assert got == status and headers["content-type"] == "application/x-amz-json-1.1"
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", headers["x-amzn-requestid"])
        assert int(headers["content-length"]) == len(answer) and "x-amzn-query-error" not in headers
        assert headers.get("x-amzn-errortype") == json.loads(answer).get("__type")


def test_what_newer_models_know_is_kept_and_secrets_are_not_given_back(service):
    given = {"Name": "crm", "ConnectionType": "SALESFORCE", "ValidateCredentials": False,
             "ConnectionProperties": {"INSTANCE_URL": "https://acme.my.salesforce.com"},
             "SparkProperties": {"a": "b"}, "AthenaProperties": {"c": "d"}, "PythonProperties": {"e": "f"},
             "ConnectionSchemaVersion": 2, "SomethingNew": 1, "AuthenticationConfiguration": {
                 "AuthenticationType": "OAUTH2", "OAuth2Properties": {
                     "OAuth2GrantType": "REFRESH_TOKEN", "TokenUrl": "https://acme.my.salesforce.com/token",
                     "OAuth2ClientApplication": {"UserManagedClientApplicationClientId": "id"},
                     "OAuth2Credentials": {"RefreshToken": "canary-refresh",
                                           "UserManagedClientApplicationClientSecret": "canary-client"}}}}
    assert service.ok("CreateConnection", {"CatalogId": "123", "ConnectionInput": given})
    status, _, answer = service.call_raw("GetConnection", '{"Name": "crm"}')
    got = json.loads(answer)["Connection"]
    assert status == 200 and b"canary" not in answer
    for key in ("SparkProperties", "AthenaProperties", "PythonProperties", "ConnectionSchemaVersion"):
        assert got[key] == given[key]
    assert got["AuthenticationConfiguration"]["OAuth2Properties"]["OAuth2GrantType"] == "REFRESH_TOKEN"


def test_a_type_of_a_newer_model_is_stored_and_not_tested(service):
    create(service, {"Name": "lake", "ConnectionType": "SAPHANA", "ConnectionProperties": {"HOST": "x"}})
    message = service.refused("TestConnection", {"ConnectionName": "lake"}, "InvalidInputException")
    assert message.startswith("UNSUPPORTED_TYPE at input: ")
    message = service.refused("CreateConnection", {"ConnectionInput": {**network("n", 1), "ConnectionType": "NETWROK"}},
                              "InvalidInputException")
    assert "NETWROK" in message and "NETWORK" in message


def test_every_violated_constraint_is_named_at_once(service):
    message = service.refused("CreateConnection", {
        "CatalogId": "", "Tags": {"": "x"}, "ConnectionInput": {
            "Name": "x" * 256, "ConnectionType": "NOPE", "Description": "d" * 2049, "MatchCriteria": ["m"] * 11,
            "ConnectionProperties": {"JDBC_ENFORCE_SSL": "yes", "HOST": "h" * 1025},
            "PhysicalConnectionRequirements": {"SubnetId": "\u0001"}}}, "InvalidInputException")
    for path in ("CatalogId", "ConnectionInput.Name", "ConnectionInput.ConnectionType", "ConnectionInput.Description",
                 "ConnectionInput.MatchCriteria", "ConnectionInput.ConnectionProperties.HOST",
                 "ConnectionInput.ConnectionProperties.JDBC_ENFORCE_SSL",
                 "ConnectionInput.PhysicalConnectionRequirements.SubnetId", "Tags"):
        assert path in message, path


def test_names_are_counted_in_bytes(service):
    create(service, network("ä" * 127, 1))
    assert get(service, "ä" * 127)["Name"] == "ä" * 127
    service.refused("CreateConnection", {"ConnectionInput": network("ä" * 128, 1)}, "InvalidInputException")


@pytest.mark.parametrize("operation, body, names", [
    ("GetConnection", {}, "Name"), ("GetConnection", {"Name": ""}, "Name"), ("GetConnection", {"Name": 7}, "Name"),
    ("GetConnection", {"Name": "x" * 256}, "Name"), ("GetConnection", {"Name": "x", "HidePassword": "maybe"}, "HidePassword"),
    ("GetConnections", {"MaxResults": 0}, "MaxResults"), ("GetConnections", {"MaxResults": 1001}, "MaxResults"),
    ("GetConnections", {"MaxResults": "7"}, "MaxResults"), ("GetConnections", {"Filter": []}, "Filter"),
    ("GetConnections", {"Filter": {"ConnectionType": "JDCB"}}, "Filter.ConnectionType"),
    ("GetConnections", {"Filter": {"MatchCriteria": ["x"] * 11}}, "Filter.MatchCriteria"),
    ("GetConnections", {"NextToken": "rubbish"}, "token"), ("CreateConnection", {}, "ConnectionInput"),
    ("CreateConnection", {"ConnectionInput": []}, "ConnectionInput"),
    ("CreateConnection", {"ConnectionInput": {}}, "ConnectionInput.Name"),
    ("UpdateConnection", {"Name": "x"}, "ConnectionInput"), ("UpdateConnection", {}, "Name"),
    ("UpdateConnection", {"Name": "x", "ConnectionInput": network("y", 1)}, "ConnectionInput.Name"),
    ("DeleteConnection", {}, "ConnectionName"), ("DeleteConnection", {"Name": "x"}, "ConnectionName"),
    ("BatchDeleteConnection", {}, "ConnectionNameList"), ("BatchDeleteConnection", {"ConnectionNameList": ["x"] * 26}, "26"),
    ("BatchDeleteConnection", {"ConnectionNameList": [""]}, "ConnectionNameList"),
    ("TestConnection", {}, "TestConnectionInput"), ("TestConnection", {"ConnectionName": ""}, "ConnectionName"),
    ("TestConnection", {"TestConnectionInput": 7}, "TestConnectionInput"),
    ("TestConnection", {"ConnectionName": "x", "TestConnectionInput": {}}, "both given"),
    ("TestConnection", {"TestConnectionInput": {"ConnectionType": "JDBC"}}, "TestConnectionInput.ConnectionProperties"),
])
def test_wrong_arguments(service, operation, body, names):
    assert names in service.refused(operation, body, "InvalidInputException")


def test_null_is_as_good_as_absent(service):
    create(service, {**network("n", 1), "Description": None, "MatchCriteria": None})
    assert "Description" not in get(service, "n", CatalogId=None, HidePassword=None)


@pytest.mark.parametrize("body", ["", "{", "[]", '"x"', "7", "{}{}", '{"Name": "a", "Name": "b"}',
                                  b"\xff\xfe", b'{"Name": "\xff"}', "null", "[" * 5000, '{"a":' * 3000])
def test_bodies_that_are_no_object(service, body):
    status, _, answer = service.call_raw("GetConnection", body)
    expected = "InvalidInputException" if body == "" else "SerializationException"
    assert (status, json.loads(answer)["__type"]) == (400, expected)


def test_operations_that_are_none(service):
    for headers in ({}, {"X-Amz-Target": "AWSGlue.Nope"}, {"X-Amz-Target": "GetConnection"},
                    {"X-Amz-Target": "AWSGlue.getconnection"}, {"X-Amz-Target": "AWSGlue.GetDatabases"}):
        status, _, answer = service.request("POST", "/", "{}", {"Content-Type": "application/x-amz-json-1.1", **headers})
        assert (status, json.loads(answer)["__type"]) == (404, "UnknownOperationException")


def test_exceptions_of_the_catalog(service):
    create(service, network("a", 1))
    assert service.refused("CreateConnection", {"ConnectionInput": network("a", 2)},
                           "AlreadyExistsException") == "Connection a already exists."
    for operation, key in (("GetConnection", "Name"), ("DeleteConnection", "ConnectionName"),
                           ("TestConnection", "ConnectionName")):
        assert service.refused(operation, {key: "nope"}, "EntityNotFoundException") == "Connection nope not found."
    service.refused("UpdateConnection", {"Name": "nope", "ConnectionInput": network("nope", 1)}, "EntityNotFoundException")
    assert get(service, "a")["ConnectionProperties"]["PORT"] == "1"


def test_update_replaces_and_delete_deletes(service):
    create(service, {**orders(), "Description": "old"})
    first = get(service, "orders")
    assert service.ok("UpdateConnection", {"Name": "orders", "ConnectionInput": network("orders", 7)}) == {}
    second = get(service, "orders")
    assert second["ConnectionType"] == "NETWORK" and "Description" not in second
    assert second["CreationTime"] == first["CreationTime"] and second["LastUpdatedTime"] >= first["LastUpdatedTime"]
    assert service.ok("DeleteConnection", {"ConnectionName": "orders"}) == {}
    service.refused("GetConnection", {"Name": "orders"}, "EntityNotFoundException")


def test_batch_delete(service):
    create(service, *(network(f"b{i}", 1) for i in range(25)))
    answer = service.ok("BatchDeleteConnection", {"ConnectionNameList": [f"b{i}" for i in range(24)] + ["nope"]})
    assert sorted(answer["Succeeded"]) == sorted(f"b{i}" for i in range(24))
    assert answer["Errors"] == {"nope": {"ErrorCode": "EntityNotFoundException",
                                         "ErrorMessage": "Connection nope not found."}}
    assert get(service, "b24")
    assert service.ok("BatchDeleteConnection", {"ConnectionNameList": []}) == {"Succeeded": [], "Errors": {}}


def test_passwords_are_shown_unless_hidden(service):
    create(service, orders(password="canary"))
    assert get(service, "orders")["ConnectionProperties"]["PASSWORD"] == "canary"
    assert "PASSWORD" not in get(service, "orders", HidePassword=True)["ConnectionProperties"]
    listed = service.ok("GetConnections", {"HidePassword": True})["ConnectionList"]
    assert "PASSWORD" not in listed[0]["ConnectionProperties"]
    assert b"canary" in service.call_raw("GetConnections", "{}")[2]


def test_pages_and_filters(service):
    create(service, *({**network(f"n{i:03}", 1), "MatchCriteria": ["even" if i % 2 == 0 else "odd"]} for i in range(30)),
           orders())
    names, token, pages = [], None, 0
    while True:
        answer = service.ok("GetConnections", {"MaxResults": 7, **({"NextToken": token} if token else {})})
        names += [one["Name"] for one in answer["ConnectionList"]]
        pages += 1
        token = answer.get("NextToken")
        if not token:
            break
    assert names == sorted(f"n{i:03}" for i in range(30)) + ["orders"] and pages == 5
    even = service.ok("GetConnections", {"Filter": {"MatchCriteria": ["even"], "ConnectionType": "NETWORK"}})
    assert len(even["ConnectionList"]) == 15
    assert service.ok("GetConnections", {"Filter": {"ConnectionType": "KAFKA"}})["ConnectionList"] == []


def test_a_test_by_name_leaves_its_verdict(service):
    with Silent() as server:
        create(service, network("up", server.port), network("down", free_port()))
        assert service.ok("TestConnection", {"ConnectionName": "up"}) == {}
        message = service.refused("TestConnection", {"ConnectionName": "down"}, "InvalidInputException")
        assert message.startswith("CONNECT_REFUSED at tcp: ") and "To fix it: " in message
        up, down = get(service, "up"), get(service, "down")
        assert up["Status"] == "READY" and "StatusReason" not in up and up["LastConnectionValidationTime"] > 1e9
        assert down["Status"] == "FAILED" and down["StatusReason"].startswith("CONNECT_REFUSED at tcp: ")
        service.ok("UpdateConnection", {"Name": "down", "ConnectionInput": network("down", server.port)})
        assert get(service, "down")["Status"] == "READY" and "LastConnectionValidationTime" not in get(service, "down")


def test_an_inline_test_leaves_nothing(service):
    definition = network("x", free_port())
    del definition["Name"]
    service.refused("TestConnection", {"TestConnectionInput": definition}, "InvalidInputException")
    assert service.ok("GetConnections")["ConnectionList"] == []


def test_a_test_that_runs_out_of_time(service):
    with Silent() as server:
        create(service, orders(port=server.port, JDBC_ENFORCE_SSL="true"))
        began = time.monotonic()
        message = service.refused("TestConnection", {"ConnectionName": "orders"}, "OperationTimeoutException")
        assert time.monotonic() - began < 6 and message.startswith("TIMED_OUT at tls: ")


def in_background(function, *arguments):
    result = []
    thread = threading.Thread(target=lambda: result.append(function(*arguments)))
    thread.start()
    return lambda: (thread.join(30), result[0])[1]


def test_status_is_in_progress_while_a_test_runs(service):
    with Silent() as server:
        create(service, orders(port=server.port, JDBC_ENFORCE_SSL="true"))
        answer = in_background(service.call, "TestConnection", {"ConnectionName": "orders"})
        wait_until(lambda: get(service, "orders")["Status"] == "IN_PROGRESS", 5)
        assert service.ok("GetConnections")["ConnectionList"][0]["Status"] == "IN_PROGRESS"
        assert answer()[1]["__type"] == "OperationTimeoutException"
        assert get(service, "orders")["Status"] == "FAILED"


@pytest.mark.parametrize("by_name", [True, False])
def test_the_same_test_is_joined(service, by_name):
    with Silent() as server:
        definition = orders(port=server.port, JDBC_ENFORCE_SSL="true")
        create(service, definition)
        inline = {key: definition[key] for key in ("ConnectionType", "ConnectionProperties")}
        body = {"ConnectionName": "orders"} if by_name else {"TestConnectionInput": inline}
        answers = [in_background(service.call, "TestConnection", body) for _ in range(10)]
        assert {answer()[1]["__type"] for answer in answers} == {"OperationTimeoutException"}
        assert len(server.visitors) == 1


def test_another_version_is_another_test(service):
    with Silent() as server:
        definition = orders(port=server.port, JDBC_ENFORCE_SSL="true")
        create(service, definition)
        first = in_background(service.call, "TestConnection", {"ConnectionName": "orders"})
        wait_until(lambda: server.visitors, 5)
        service.ok("UpdateConnection", {"Name": "orders", "ConnectionInput": network("orders", server.port)})
        assert service.ok("TestConnection", {"ConnectionName": "orders"}) == {}
        assert first()[1]["__type"] == "OperationTimeoutException"
        assert get(service, "orders")["Status"] == "READY"  # the old version's verdict is not written


def test_a_client_that_leaves_cancels_its_test(service):
    with Silent() as server:
        create(service, orders(port=server.port, JDBC_ENFORCE_SSL="true"))
        body = json.dumps({"ConnectionName": "orders"}).encode()
        head = (b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AWSGlue.TestConnection\r\n"
                b"Content-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\n\r\n" % len(body))
        before = service.metric("testconn_tests_cancelled_total")
        client = socket.create_connection(("127.0.0.1", service.port))
        client.sendall(head + body)
        wait_until(lambda: server.visitors, 5)
        assert service.metric("testconn_tests_in_flight") == 1
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")  # a pipelined request does not hide it
        client.close()
        wait_until(lambda: service.metric("testconn_tests_in_flight") == 0, 2)
        wait_until(lambda: server.closed() == 1, 2)
        assert service.metric("testconn_tests_cancelled_total") == before + 1
        assert get(service, "orders")["Status"] == "READY"


def test_a_test_goes_on_while_one_caller_is_left(service):
    with Silent() as server:
        create(service, orders(port=server.port, JDBC_ENFORCE_SSL="true"))
        stays = in_background(service.call, "TestConnection", {"ConnectionName": "orders"})
        wait_until(lambda: server.visitors, 5)
        leaves = socket.create_connection(("127.0.0.1", service.port))
        body = b'{"ConnectionName": "orders"}'
        leaves.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AWSGlue.TestConnection\r\n"
                       b"Content-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        leaves.close()
        assert stays()[1]["__type"] == "OperationTimeoutException"


def test_the_native_test_and_its_report(service):
    with Silent() as server:
        body = json.dumps({"TestConnectionInput": {
            "ConnectionType": "NETWORK", "ConnectionProperties": {"HOST": "127.0.0.1", "PORT": str(server.port)}}})
        status, headers, answer = service.request("POST", "/v1/test", body, {"Content-Type": "application/json"})
        document = json.loads(answer)
        assert status == 200 and document["summary"]["ok"] == 1 and document["tests"][0]["status"] == "ok"
        again = service.request("GET", f"/v1/reports/{headers['x-amzn-requestid']}")
        assert json.loads(again[2]) == document
        assert service.request("GET", "/v1/reports/nope")[0] == 404


def test_the_report_of_an_exception(service):
    status, headers, answer = service.call_raw("TestConnection", json.dumps({"TestConnectionInput": {
        "ConnectionType": "NETWORK", "ConnectionProperties": {"HOST": "127.0.0.1", "PORT": str(free_port())}}}))
    report = json.loads(service.request("GET", f"/v1/reports/{headers['x-amzn-requestid']}")[2])["tests"][0]
    assert report["code"] == "CONNECT_REFUSED" and report["reason"] in json.loads(answer)["Message"]


def test_a_caller_keeps_his_own_deadline(service):
    with Silent() as server:
        body = {"TestConnectionInput": {key: value for key, value in orders(
            port=server.port, JDBC_ENFORCE_SSL="true").items() if key != "Name"}}
        long = in_background(service.call, "TestConnection", body)
        wait_until(lambda: server.visitors, 5)
        began = time.monotonic()
        status, _, answer = service.request("POST", "/v1/test?timeout=500ms", json.dumps(body),
                                            {"Content-Type": "application/json"})
        report = json.loads(answer)["tests"][0]
        assert time.monotonic() - began < 2 and (report["code"], report["stage"]) == ("TIMED_OUT", "tls")
        assert "others had begun" in report["reason"] and len(server.visitors) == 1
        assert long()[1]["__type"] == "OperationTimeoutException"


def test_more_tests_than_allowed_are_refused_at_once():
    with Service("--max-tests", "2", "--timeout", "3s") as service, Silent() as server:
        bodies = [{"TestConnectionInput": {key: value for key, value in orders(
            port=server.port, password=f"p{i}", JDBC_ENFORCE_SSL="true").items() if key != "Name"}} for i in range(3)]
        running = [in_background(service.call, "TestConnection", body) for body in bodies[:2]]
        wait_until(lambda: len(server.visitors) == 2, 5)
        began = time.monotonic()
        message = service.refused("TestConnection", bodies[2], "ResourceNumberLimitExceededException")
        assert message.startswith("BUSY at input: ") and time.monotonic() - began < 1
        assert all(answer()[1]["__type"] == "OperationTimeoutException" for answer in running)


def test_create_validates_where_that_is_asked_for(service):
    with Silent() as server:
        for name, port, status in (("good", server.port, "READY"), ("bad", free_port(), "FAILED")):
            answer = service.ok("CreateConnection", {"ConnectionInput": {**network(name, port), "ValidateCredentials": True}})
            assert answer == {"CreateConnectionStatus": status}
            assert get(service, name)["Status"] == status


def test_a_probe_of_prometheus(service):
    with Silent() as server:
        create(service, network("up", server.port), network("down", free_port()),
               orders("slow", port=server.port, JDBC_ENFORCE_SSL="true"))
        text = service.request("GET", "/probe?target=up")[2].decode()
        assert "\nprobe_success 1\n" in text and 'probe_stage_duration_seconds{stage="tcp"}' in text
        text = service.request("GET", "/probe?target=down")[2].decode()
        assert "\nprobe_success 0\n" in text and 'probe_failure_info{stage="tcp",reason="CONNECT_REFUSED"} 1' in text
        began = time.monotonic()
        text = service.request("GET", "/probe?target=slow", headers={"X-Prometheus-Scrape-Timeout-Seconds": "1.5"})[2].decode()
        assert 0.8 < time.monotonic() - began < 1.5 and 'reason="TIMED_OUT"' in text
        assert service.request("GET", "/probe")[0] == 400
        assert service.request("GET", "/probe?target=nope")[0] == 400


def test_metrics_and_health(service):
    assert service.request("GET", "/livez")[0] == service.request("GET", "/readyz")[0] == 200
    assert service.request("GET", "/healthz")[0] == 404 and service.request("POST", "/livez", "")[0] == 405
    text = service.request("GET", "/metrics")[2].decode()
    for name in ("testconn_build_info", "testconn_tests_total", "testconn_tests_in_flight",
                 "testconn_test_duration_seconds_bucket", "testconn_requests_total", "testconn_catalog_up"):
        assert f"\n{name}" in text, name
    assert "127.0.0.1" not in text and "orders" not in text


def test_without_a_catalog():
    with Service("--stateless", catalog=False) as service, Silent() as server:
        given = network("x", server.port)
        del given["Name"]
        assert service.ok("TestConnection", {"TestConnectionInput": given}) == {}
        assert "stateless" in service.refused("TestConnection", {"ConnectionName": "x"}, "InvalidInputException")
        service.refused("GetConnections", {}, "UnknownOperationException", 404)
        assert service.request("GET", "/readyz")[0] == 200 and service.child("catalog-process") is None
