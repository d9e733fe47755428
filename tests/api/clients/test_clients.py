# SPDX-License-Identifier: Apache-2.0
"""All seven operations by every client, with and without signatures: what each client makes of our answers."""
import itertools
import re
import time

import pytest

from support.processes import wait_until
from support.program import jdbc
from support.sdk import Client

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
numbers = itertools.count()


def ok(client, agent, operation, input):
    told = client.call(operation, input, **agent.settings)
    assert "output" in told, told
    assert client.name == "cli" or UUID.fullmatch(told["request_id"]), told
    return told["output"]


def refused(client, settings, operation, input, code, *words, status=400, typed=True):
    """The answer, which is that exception in this client's own form."""
    told = client.call(operation, input, **settings)
    assert told.get("code") == code, told
    for word in words:
        assert word in told["message"], (word, told["message"])
    if client.name != "cli":
        assert told["status"] == status and UUID.fullmatch(told["request_id"]), told
        assert (told["type"] == code) == typed, told
    return told


def fresh(client):
    return f"c{next(numbers)} of {client.name}"


def full(world, name):
    """A connection with everything of the API document, and of newer models, that is told again."""
    return {**world.jdbc(name), "Description": "d\u00e9j\u00e0 vu,\nin two lines \U0001f512", "MatchCriteria": ["a", "b \u00fc"],
            "SparkProperties": {"secretId": "x"}, "AthenaProperties": {"y": "z"}, "PythonProperties": {"p": "q"},
            "PhysicalConnectionRequirements": {"SubnetId": "subnet-1", "SecurityGroupIdList": ["sg-1", "sg-2"],
                                               "AvailabilityZone": "eu-west-1a"},
            "AuthenticationConfiguration": {"AuthenticationType": "BASIC", "SecretArn": world.secret}}


def test_what_was_created_is_told_again(world, client, agent):
    name = fresh(client)
    asked = full(world, name)
    began = time.time()
    assert ok(client, agent, "CreateConnection", {"CatalogId": "123456789012", "ConnectionInput": asked, "Tags": {"team": "x"}}) == {
        "CreateConnectionStatus": "READY"}
    told = ok(client, agent, "GetConnection", {"Name": name, "CatalogId": "123456789012"})["Connection"]
    for member in ("CreationTime", "LastUpdatedTime"):
        assert began - 1 < told.pop(member) < time.time() + 1
    assert told.pop("LastUpdatedBy") == (agent.key["id"] if agent.key else "testconn serve")
    assert told.pop("Status") == "READY"
    assert told == asked


def test_passwords_are_hidden_where_asked(world, client, agent):
    name = fresh(client)
    agent.boto3.create_connection(ConnectionInput=world.jdbc(name))
    asked = {"Name": name, "HidePassword": True}
    assert "PASSWORD" not in ok(client, agent, "GetConnection", asked)["Connection"]["ConnectionProperties"]
    (listed,) = [each for each in ok(client, agent, "GetConnections", {"HidePassword": True})["ConnectionList"] if each["Name"] == name]
    assert listed["ConnectionProperties"].keys() == {"JDBC_CONNECTION_URL", "USERNAME"}


def test_pages_and_filters(world, client, agent):
    mark = fresh(client)
    names = [f"{mark} {letter}" for letter in "abcde"]
    for name in names:
        agent.boto3.create_connection(ConnectionInput={**world.jdbc(name), "MatchCriteria": [mark, name]})
    agent.boto3.create_connection(ConnectionInput={"Name": f"{mark} n", "ConnectionType": "NETWORK", "ConnectionProperties": {},
                                                   "MatchCriteria": [mark]})
    asked = {"Filter": {"MatchCriteria": [mark], "ConnectionType": "JDBC"}, "MaxResults": 2}
    listed, pages, token = [], 0, None
    while pages == 0 or token:
        page = ok(client, agent, "GetConnections", {**asked, **({"NextToken": token} if token else {})})
        listed += [each["Name"] for each in page["ConnectionList"]]
        pages, token = pages + 1, page.get("NextToken")
    assert sorted(listed) == names
    assert pages == (1 if client.name == "cli" else 3)  # the CLI turns the pages itself
    assert [each["Name"] for each in ok(client, agent, "GetConnections", {"Filter": {"MatchCriteria": [names[3]]}})["ConnectionList"]
            ] == [names[3]]
    assert ok(client, agent, "GetConnections", {"Filter": {"MatchCriteria": ["nobody's"]}}) == {"ConnectionList": []}


def test_an_update_replaces_all_but_the_beginning(world, client, agent):
    name = fresh(client)
    agent.boto3.create_connection(ConnectionInput=full(world, name))
    before = agent.boto3.get_connection(Name=name)["Connection"]
    assert ok(client, agent, "UpdateConnection", {"Name": name, "ConnectionInput": world.jdbc(name, USERNAME="other")}) == {}
    after = ok(client, agent, "GetConnection", {"Name": name})["Connection"]
    assert after["ConnectionProperties"]["USERNAME"] == "other" and "Description" not in after and "MatchCriteria" not in after
    assert after["CreationTime"] == before["CreationTime"].timestamp() < after["LastUpdatedTime"]


def test_deletions(world, client, agent):
    names = [fresh(client) for _ in range(3)]
    for name in names:
        agent.boto3.create_connection(ConnectionInput=world.jdbc(name))
    assert ok(client, agent, "DeleteConnection", {"ConnectionName": names[0]}) == {}
    refused(client, agent.settings, "GetConnection", {"Name": names[0]}, "EntityNotFoundException", names[0])
    told = ok(client, agent, "BatchDeleteConnection", {"ConnectionNameList": names})
    assert sorted(told["Succeeded"]) == sorted(names[1:])
    assert told["Errors"].keys() == {names[0]} and told["Errors"][names[0]]["ErrorCode"] == "EntityNotFoundException"
    assert names[0] in told["Errors"][names[0]]["ErrorMessage"]


def test_a_test_that_passes(world, client, agent):
    name = fresh(client)
    agent.boto3.create_connection(ConnectionInput=world.jdbc(name))
    began = time.time()
    assert ok(client, agent, "TestConnection", {"ConnectionName": name}) == {}
    told = wait_until(lambda: ok(client, agent, "GetConnection", {"Name": name})["Connection"].get("LastConnectionValidationTime"))
    assert began - 1 < told < time.time() + 1
    given = {key: value for key, value in world.jdbc().items() if key != "Name"}
    assert ok(client, agent, "TestConnection", {"TestConnectionInput": given}) == {}


def test_a_test_that_fails_is_told_and_kept(world, client, agent):
    name = fresh(client)
    agent.boto3.create_connection(ConnectionInput=world.jdbc(name, PASSWORD="wr0ng"))
    told = refused(client, agent.settings, "TestConnection", {"ConnectionName": name}, "InvalidInputException", "LOGIN_REFUSED", "login",
                   "app", f"127.0.0.1:{world.postgresql.port}", "28P01", "To fix it:")
    assert "wr0ng" not in told["message"]
    wait_until(lambda: ok(client, agent, "GetConnection", {"Name": name})["Connection"]["Status"] == "FAILED")
    kept = ok(client, agent, "GetConnection", {"Name": name})["Connection"]
    assert kept["StatusReason"] == told["message"] and kept["LastConnectionValidationTime"]


@pytest.mark.parametrize("password, status", [("pw-app", "READY"), ("wr0ng", "FAILED")])
def test_a_connection_is_tested_when_created(world, client, agent, password, status):
    name = fresh(client)
    asked = {"ConnectionInput": {**world.jdbc(name, PASSWORD=password), "ValidateCredentials": True}}
    assert ok(client, agent, "CreateConnection", asked) == {"CreateConnectionStatus": status}
    told = wait_until(lambda: (got := ok(client, agent, "GetConnection", {"Name": name})["Connection"])["Status"] == status
                      and "LastConnectionValidationTime" in got and got)
    assert ("StatusReason" in told) == (status == "FAILED") and "ValidateCredentials" not in told


def without_name(input):
    return {key: value for key, value in input.items() if key != "Name"}


# Per case: operation, input (WORLD, NAME of a connection that is there), exception, words of its message.
ERRORS = {
    "a second of the name": ("CreateConnection", lambda world, name: {"ConnectionInput": world.jdbc(name)}, "AlreadyExistsException",
                             ["already exists"]),
    "everything wrong at once": ("CreateConnection", lambda world, name: {
        "ConnectionInput": {"Name": "n" * 256, "ConnectionType": "NOPE", "Description": "d" * 2049, "MatchCriteria": ["m"] * 11,
                            "ConnectionProperties": {"USERNAME": "u" * 1025},
                            "PhysicalConnectionRequirements": {"SubnetId": "s" * 256, "SecurityGroupIdList": ["g"] * 51}},
        "Tags": {f"t{i}": "v" for i in range(51)}}, "InvalidInputException",
        ["ConnectionInput.Name", "ConnectionInput.ConnectionType", "NOPE", "ConnectionInput.Description", "ConnectionInput.MatchCriteria",
         "ConnectionInput.ConnectionProperties.USERNAME", "ConnectionInput.PhysicalConnectionRequirements.SubnetId",
         "ConnectionInput.PhysicalConnectionRequirements.SecurityGroupIdList", "Tags", "255", "2048", "1024", "10", "50"]),
    "properties that miss": ("CreateConnection", lambda world, name: {
        "ConnectionInput": {"Name": "x", "ConnectionType": "KAFKA", "ConnectionProperties": {}}}, "InvalidInputException",
        ["KAFKA_BOOTSTRAP_SERVERS"]),
    "no authentication for Salesforce": ("CreateConnection", lambda world, name: {
        "ConnectionInput": {"Name": "x", "ConnectionType": "SALESFORCE", "ConnectionProperties": {}}}, "InvalidInputException",
        ["AuthenticationConfiguration"]),
    "too many properties": ("CreateConnection", lambda world, name: {
        "ConnectionInput": {**world.jdbc("x"), "ConnectionProperties": {f"P{i}": "v" for i in range(101)}}}, "InvalidInputException",
        ["100"]),
    "a file of the service's": ("CreateConnection", lambda world, name: {
        "ConnectionInput": world.jdbc("x", PASSWORD="${file:/etc/shadow}")}, "InvalidInputException", ["PASSWORD"]),
    "got and not there": ("GetConnection", lambda world, name: {"Name": "nobody"}, "EntityNotFoundException", ["nobody"]),
    "got by no name": ("GetConnection", lambda world, name: {"Name": "a\x07b"}, "InvalidInputException", ["Name"]),
    "listed by too large a page": ("GetConnections", lambda world, name: {"MaxResults": 1001}, "InvalidInputException",
                                   ["MaxResults", "1001", "1000"]),
    "listed by a made-up token": ("GetConnections", lambda world, name: {"NextToken": "made up"}, "InvalidInputException",
                                  ["NextToken"]),
    "listed by a type that is none": ("GetConnections", lambda world, name: {"Filter": {"ConnectionType": "NOPE"}},
                                      "InvalidInputException", ["Filter.ConnectionType", "NOPE"]),
    "updated and not there": ("UpdateConnection", lambda world, name: {"Name": "nobody", "ConnectionInput": world.jdbc("nobody")},
                              "EntityNotFoundException", ["nobody"]),
    "updated by another name": ("UpdateConnection", lambda world, name: {"Name": name, "ConnectionInput": world.jdbc("other")},
                                "InvalidInputException", ["ConnectionInput.Name", "other"]),
    "updated to nonsense": ("UpdateConnection", lambda world, name: {
        "Name": name, "ConnectionInput": {"Name": name, "ConnectionType": "JDBC", "ConnectionProperties": {"PORT": "80", "HOST": "a,b"}}},
        "InvalidInputException", ["PORT", "1024", "HOST"]),
    "deleted and not there": ("DeleteConnection", lambda world, name: {"ConnectionName": "nobody"}, "EntityNotFoundException",
                              ["nobody"]),
    "too many deleted": ("BatchDeleteConnection", lambda world, name: {"ConnectionNameList": [f"n{i}" for i in range(26)]},
                         "InvalidInputException", ["ConnectionNameList", "25"]),
    "tested and not there": ("TestConnection", lambda world, name: {"ConnectionName": "nobody"}, "EntityNotFoundException", ["nobody"]),
    "tested by name and input": ("TestConnection", lambda world, name: {
        "ConnectionName": name, "TestConnectionInput": without_name(world.jdbc())}, "InvalidInputException",
        ["ConnectionName", "TestConnectionInput"]),
    "tested by nothing": ("TestConnection", lambda world, name: {}, "InvalidInputException", ["ConnectionName", "TestConnectionInput"]),
    "a definition that is wrong": ("TestConnection", lambda world, name: {"TestConnectionInput": {
        "ConnectionType": "JDBC", "ConnectionProperties": {"JDBC_CONNECTION_URL": "jdbc:postgres://db", "JDBC_ENFORCE_SSL": "yes"}}},
        "InvalidInputException", ["INVALID_INPUT", "jdbc:postgres", "JDBC_ENFORCE_SSL"]),
    "a type without a driver": ("TestConnection", lambda world, name: {"TestConnectionInput": {
        "ConnectionType": "SFTP", "ConnectionProperties": {}}}, "InvalidInputException", ["SFTP"]),
    "no such database": ("TestConnection", lambda world, name: {"TestConnectionInput": without_name(
        world.jdbc(JDBC_CONNECTION_URL=world.postgresql.url("gone", "127.0.0.1")))}, "InvalidInputException",
        ["DATABASE_MISSING", "gone", "3D000"]),
    "nobody listens": ("TestConnection", lambda world, name: {"TestConnectionInput": without_name(
        world.jdbc(JDBC_CONNECTION_URL="jdbc:postgresql://127.0.0.1:1/orders"))}, "InvalidInputException",
        ["CONNECT_REFUSED", "127.0.0.1:1"]),
    "a secret that is denied": ("TestConnection", lambda world, name: {"TestConnectionInput": without_name(
        world.jdbc(USERNAME=None, PASSWORD=None, SECRET_ID="denied"))}, "AccessDeniedException", ["SECRET_DENIED", "denied", "user/x"]),
    "a secret that is not there": ("TestConnection", lambda world, name: {"TestConnectionInput": without_name(
        world.jdbc(USERNAME=None, PASSWORD=None, SECRET_ID="nowhere"))}, "EntityNotFoundException", ["SECRET_MISSING", "nowhere"]),
    "a password that cannot be decrypted": ("TestConnection", lambda world, name: {"TestConnectionInput": without_name(
        world.jdbc(PASSWORD=None, ENCRYPTED_PASSWORD="bm9uc2Vuc2U="))}, "GlueEncryptionException", ["DECRYPT_FAILED"]),
    "a login host that refuses": ("TestConnection", lambda world, name: {"TestConnectionInput": without_name(world.crm())},
                                  "FederationSourceException", ["OAUTH_REFUSED", "invalid client credentials"]),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors(world, client, agent, case):
    operation, make, code, words = ERRORS[case]
    name = "there"
    try:
        agent.boto3.create_connection(ConnectionInput=world.jdbc(name))
    except agent.boto3.exceptions.AlreadyExistsException:
        pass
    told = refused(client, agent.settings, operation, make(world, name), code, *words)
    if client.name != "cli":
        assert told["members"] == ({"FederationSourceErrorCode": "InvalidCredentialsException"}
                                   if code == "FederationSourceException" else {}), told


def test_a_secret_completes_a_connection(world, client, agent):
    given = without_name(world.jdbc(USERNAME=None, PASSWORD=None, SECRET_ID=world.secret))
    assert ok(client, agent, "TestConnection", {"TestConnectionInput": given}) == {}


# What a client lets through, it hands over; the rest it refuses itself.
@pytest.mark.parametrize("operation, input, words", [
    ("CreateConnection", {}, ["ConnectionInput"]),
    ("CreateConnection", {"ConnectionInput": {}}, ["Name", "ConnectionType", "ConnectionProperties"]),
    ("GetConnection", {}, ["Name"]), ("UpdateConnection", {}, ["Name", "ConnectionInput"]), ("DeleteConnection", {}, ["ConnectionName"]),
    ("BatchDeleteConnection", {}, ["ConnectionNameList"]), ("GetConnection", {"Name": ""}, ["Name"]),
    ("GetConnections", {"MaxResults": 0}, ["MaxResults"])])
def test_what_must_be_there(client, agent, operation, input, words):
    told = client.call(operation, input, **agent.settings)
    if "local" in told:
        assert client.name in ("boto3", "cli", "go"), told
        return
    assert (told["code"], told["type"], told["status"]) == ("InvalidInputException", "InvalidInputException", 400), told
    for word in words:
        assert word in told["message"], told["message"]


def test_an_operation_of_others(client, agent):
    refused(client, agent.settings, "GetDatabases", {}, "UnknownOperationException", "GetDatabases", status=404, typed=False)


def act(name):
    given = jdbc(name, HOST="127.0.0.1", PORT="5432", JDBC_ENGINE="misbehave", DATABASE=name, USERNAME="u", PASSWORD="p")
    return {"TestConnectionInput": without_name(given)}


def test_a_fault_of_ours_is_a_500_and_repeated(misbehaving, client):
    before = misbehaving.metric("testconn_tests_total")
    told = refused(client, {"endpoint": misbehaving.url}, "TestConnection", act("exit-7"), "InternalServiceException", "WORKER_CRASHED",
                   "status 7", status=500)
    assert told.get("attempts") in (None, 3, 4)
    assert misbehaving.metric("testconn_tests_total") - before == {"java": 4, "cli": 5}.get(client.name, 3)


def test_too_many_tests_at_a_time_are_told_once(misbehaving, client):
    with Client("go") as other:
        other.send("TestConnection", act("hang"), endpoint=misbehaving.url)
        wait_until(lambda: misbehaving.metric("testconn_tests_in_flight") == 1)
        before = misbehaving.metric("testconn_tests_total")
        refused(client, {"endpoint": misbehaving.url}, "TestConnection", act("pass"), "ResourceNumberLimitExceededException", "--max-tests")
        assert misbehaving.metric("testconn_tests_total") - before == 1
        name = fresh(client)
        asked = {"ConnectionInput": {"Name": name, "ConnectionType": "NETWORK", "ConnectionProperties": {}, "ValidateCredentials": True}}
        refused(client, {"endpoint": misbehaving.url}, "CreateConnection", asked, "ResourceNumberLimitExceededException", "nothing was created")
        refused(client, {"endpoint": misbehaving.url}, "GetConnection", {"Name": name}, "EntityNotFoundException", name)
        other.process.kill()  # the test of a client that goes away ends
    wait_until(lambda: misbehaving.metric("testconn_tests_in_flight") == 0)
    assert client.call("TestConnection", act("pass"), endpoint=misbehaving.url)["output"] == {}
