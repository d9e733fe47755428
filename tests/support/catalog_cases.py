# SPDX-License-Identifier: Apache-2.0
"""What a catalog of any kind does: the API's semantics, its limits at their edges, keys, many programs at once, kill -9.

A test file of a kind imports all of it and has the fixture `catalog`.
"""
import json
import os
import random
import re
import signal
import time

import pytest

from support.catalog import orders
from support.program import jdbc

CANARY = "c4nary-5d1f"
KILLS = int(os.environ.get("TESTCONN_KILLS", "50"))


def refused(done, code, *words):
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr, done.stderr
    assert CANARY not in done.stderr


# --- what each command does

def test_what_was_created_is_there_verbatim(catalog):
    definition = {**orders(FOO="${env:X} $ {}", password="${env:NOT_SET}"), "Description": "line\nline", "MatchCriteria": ["b", "a"],
                  "PhysicalConnectionRequirements": {"SubnetId": "subnet-1", "SecurityGroupIdList": ["sg-1"]}}
    catalog.create(definition)
    stored = catalog.get("orders", "--show-password")
    assert {key: stored[key] for key in definition} == definition
    assert list(stored["ConnectionProperties"]) == list(definition["ConnectionProperties"])
    assert set(stored) - set(definition) == {"CreationTime", "LastUpdatedTime", "LastUpdatedBy", "Status"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", stored["CreationTime"])


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize("command", [["get", "orders"], ["list"]])
def test_secrets_are_hidden_unless_asked_for(catalog, output, command):
    kafka = {"Name": "events", "ConnectionType": "KAFKA", "ConnectionProperties": {
        "KAFKA_BOOTSTRAP_SERVERS": "h:9092", "KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_PLAIN_USERNAME": "u",
        "KAFKA_SASL_PLAIN_PASSWORD": CANARY, "KAFKA_CLIENT_KEYSTORE_PASSWORD": CANARY, "MY_SECRET_TOKEN": CANARY}}
    url = f"jdbc:postgresql://h/d?password={CANARY}"
    catalog.create({**kafka, "Name": "a-" + kafka["Name"]}, jdbc("orders", JDBC_CONNECTION_URL=url, USERNAME="u",
                                                                PASSWORD=CANARY))
    hidden = catalog.connections(*command, "-o", output).stdout
    assert "orders" in hidden and CANARY not in hidden
    shown = catalog.connections(*command, "-o", output, "--show-password").stdout
    assert (CANARY in shown) == (output == "json" or command[0] == "get")


def test_hide_password_removes_the_member_and_keeps_the_rest(catalog):
    catalog.create(orders())
    assert list(catalog.get("orders")["ConnectionProperties"]) == ["JDBC_CONNECTION_URL", "USERNAME"]
    assert catalog.get("orders", "--show-password")["ConnectionProperties"]["PASSWORD"] == "pw"


def test_an_authorization_code_is_stored_and_never_shown(catalog):
    catalog.create({"Name": "crm", "ConnectionType": "SALESFORCE", "ConnectionProperties": {"INSTANCE_URL": "https://x.my.salesforce.com"},
                    "AuthenticationConfiguration": {
                        "AuthenticationType": "OAUTH2", "SecretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x",
                        "OAuth2Properties": {"OAuth2GrantType": "AUTHORIZATION_CODE", "TokenUrl": "https://h/t",
                                             "OAuth2ClientApplication": {"UserManagedClientApplicationClientId": "id"},
                                             "AuthorizationCodeProperties": {"AuthorizationCode": CANARY,
                                                                             "RedirectUri": "https://h.example/r"}}}})
    shown = catalog.get("crm", "--show-password")
    assert CANARY not in json.dumps(shown) and shown["AuthenticationConfiguration"]["OAuth2Properties"]["TokenUrl"]


def test_a_request_of_create_connection_brings_its_tags(catalog):
    done = catalog.connections("create", "-o", "json", document={"ConnectionInput": orders(), "Tags": {"team": "a", "empty": ""}})
    assert json.loads(done.stdout) == {"CreateConnectionStatus": "READY"}
    assert catalog.answer("get", "orders")["Tags"] == {"team": "a", "empty": ""}
    catalog.connections("update", document=orders(password="new"))
    assert catalog.answer("get", "orders")["Tags"] == {"team": "a", "empty": ""}


def test_update_replaces_the_definition_whole(catalog):
    catalog.create({**orders(), "Description": "old"})
    before = catalog.get("orders")
    time.sleep(0.01)
    done = catalog.connections("update", "orders", document={key: value for key, value in orders(password="new").items()
                                                             if key != "Name"})
    assert (done.returncode, done.stdout) == (0, "orders: updated\n"), done.stderr
    after = catalog.get("orders", "--show-password")
    assert "Description" not in after and after["ConnectionProperties"]["PASSWORD"] == "new"
    assert after["CreationTime"] == before["CreationTime"] and after["LastUpdatedTime"] > before["LastUpdatedTime"]


def test_update_refuses_another_name_and_a_missing_connection(catalog):
    catalog.create(orders())
    refused(catalog.connections("update", "orders", document=orders("other")), 2, "keeps its name")
    refused(catalog.connections("update", document=orders("other")), 2, 'no connection "other"')
    refused(catalog.connections("update", document=[orders(), orders("b")]), 2, "2 connections")


def test_create_is_all_or_nothing_and_refuses_a_taken_name(catalog):
    catalog.create(orders("taken"))
    refused(catalog.connections("create", document=[orders("new"), orders("taken", CANARY)]), 1, 'has a connection "taken" already')
    assert catalog.names() == ["taken"]
    refused(catalog.connections("create", document=[orders("new"), orders("new")]), 2, '"new" stands twice')


def test_import_takes_the_output_of_aws_and_replaces_only_when_asked(catalog):
    listing = {"ConnectionList": [{**orders("a"), "CreationTime": 1700000000.5, "LastUpdatedTime": "2024-01-01T00:00:00Z",
                                   "LastUpdatedBy": "arn:aws:iam::1:user/x", "Status": "FAILED", "StatusReason": "old",
                                   "LastConnectionValidationTime": 1700000000}, orders("b")]}
    assert catalog.connections("import", document=listing).stdout == "2 connections imported\n"
    stored = catalog.get("a")
    assert stored["Status"] == "READY" and "StatusReason" not in stored and "LastConnectionValidationTime" not in stored
    assert stored["LastUpdatedBy"] != "arn:aws:iam::1:user/x"
    refused(catalog.connections("import", document=listing), 1, "already")
    changed = {"ConnectionList": [orders("b", "new"), orders("c")]}
    assert catalog.connections("import", "--replace", document=changed).returncode == 0
    assert catalog.names() == ["a", "b", "c"]
    assert catalog.get("b", "--show-password")["ConnectionProperties"]["PASSWORD"] == "new"
    again = catalog.answer("list", "--show-password")
    assert catalog.connections("import", "--replace", document=again).returncode == 0
    assert catalog.answer("list", "--show-password")["ConnectionList"][0]["ConnectionProperties"] == \
        again["ConnectionList"][0]["ConnectionProperties"]


def test_delete_and_batch_delete(catalog):
    catalog.create(*[orders(f"n{i:02}") for i in range(30)])
    assert catalog.connections("delete", "n00").stdout == "n00: deleted\n"
    refused(catalog.connections("delete", "n00"), 2, 'no connection "n00"', "did you mean n0")
    done = catalog.connections("batch-delete", "n01", "gone", "n01", "n02", "-o", "json")
    assert done.returncode == 2
    answer = json.loads(done.stdout)
    assert answer["Succeeded"] == ["n01", "n02"] and list(answer["Errors"]) == ["gone"]
    assert answer["Errors"]["gone"]["ErrorCode"] == "EntityNotFoundException"
    refused(catalog.connections("batch-delete", *[f"n{i:02}" for i in range(3, 29)]), 2, "26 names", "at most 25")
    assert catalog.connections("batch-delete", *[f"n{i:02}" for i in range(3, 28)]).returncode == 0
    assert catalog.names() == ["n28", "n29"]


def test_list_filters_pages_and_orders_by_the_bytes_of_the_name(catalog):
    kafka = {"ConnectionType": "KAFKA", "ConnectionProperties": {"KAFKA_BOOTSTRAP_SERVERS": "h:9092"}}
    catalog.create({**orders("b"), "MatchCriteria": ["x", "y"]}, {**orders("B"), "MatchCriteria": ["x"]}, orders("ä"),
                   {"Name": "k", **kafka, "MatchCriteria": ["y", "x"]})
    assert catalog.names() == ["B", "b", "k", "ä"]
    assert catalog.names("--type", "KAFKA") == ["k"]
    assert catalog.names("--match", "x", "--match", "y") == ["b", "k"]
    assert catalog.names("--match", "x", "--type", "JDBC") == ["B", "b"]
    assert catalog.names("--match", "X") == []
    seen, token = [], []
    while True:
        page = catalog.answer("list", "--max-results", "1", *token)
        seen += [entry["Name"] for entry in page["ConnectionList"]]
        if "NextToken" not in page:
            break
        assert page["NextToken"] not in token
        token = ["--next-token", page["NextToken"]]
    assert seen == ["B", "b", "k", "ä"]
    refused(catalog.connections("list", *token, "--type", "JDBC"), 2, "token")
    refused(catalog.connections("list", "--next-token", "x" + token[1]), 2, "token")
    for wrong in ("0", "1001", "-1", "1.5", "x", "1000001"):
        refused(catalog.connections("list", "--max-results", wrong), 2, f'--max-results: "{wrong}" is not a number from 1 to 1000\n')
    refused(catalog.connections("list", "--type", "JDCB"), 2, "did you mean JDBC")


def test_what_comes_and_goes_while_one_pages_disturbs_nothing_else(catalog):
    catalog.create(*[orders(f"n{i}") for i in range(6)])
    first = catalog.answer("list", "--max-results", "3")
    catalog.connections("delete", "n2")
    catalog.connections("delete", "n4")
    catalog.create(orders("n0a"), orders("n5a"))
    rest = catalog.answer("list", "--max-results", "100", "--next-token", first["NextToken"])
    assert [entry["Name"] for entry in rest["ConnectionList"]] == ["n3", "n5", "n5a"]


def test_no_name_moves_the_cursor(catalog):
    name = "a\x9b31m\u202eb\tc\x7f"
    definition = {**orders(name), "Description": "\x9b2J", "MatchCriteria": ["\x9b2J"]}
    outputs = [catalog.create(definition), catalog.connections("list"), catalog.connections("get", name),
               catalog.connections("update", document=definition), catalog.run("test", name),
               catalog.connections("batch-delete", name, name + "x"), catalog.connections("delete", name)]
    for done in outputs:
        assert not set(done.stdout + done.stderr) & set("\x9b\u202e\t\x7f"), done


def test_the_table_for_a_person(catalog):
    catalog.create(orders(), orders("ä" * 60))
    done = catalog.connections("list")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["NAME", "TYPE", "STATUS", "TESTED", "(UTC)"] and len(lines) == 3
    assert lines[1].split() == ["orders", "JDBC", "not", "tested", "-"]


# --- limits at their edges

@pytest.mark.parametrize("name, fits", [
    ("n", True), ("n" * 255, True), ("n" * 256, False), ("ä" * 127 + "n", True), ("ä" * 128, False), ("", False),
    ("a\tb", True), ("a\nb", False), ("a\x00b", False), ("a\x7fb", True), ("\ufffe", False), ("\U0001f600", True), (" ", True),
    ("'; drop table connections; --", True), ("%s%n", True), ("../../x", True), ("-o", True), (7, False), (None, False)])
def test_names_at_their_edges(catalog, name, fits):
    done = catalog.connections("create", document={**orders(), "Name": name})
    assert done.returncode == (0 if fits else 2), done.stderr
    if fits:
        assert json.loads(catalog.connections("get", "-o", "json", "--", name).stdout)["Connection"]["Name"] == name
        assert catalog.names() == [name]
        assert catalog.connections("delete", "--", name).returncode == 0


@pytest.mark.parametrize("change, path", [
    ({"MatchCriteria": ["c"] * 11}, "MatchCriteria"), ({"MatchCriteria": [""]}, "MatchCriteria"),
    ({"Description": "d" * 2049}, "Description"), ({"ConnectionType": "NOPE"}, "ConnectionType"),
    ({"ConnectionType": "SFTP"}, "ConnectionType"), ({"ConnectionProperties": {}}, "JDBC_CONNECTION_URL"),
    ({"ConnectionProperties": {f"K{i}": "v" for i in range(101)}}, "ConnectionProperties"),
    ({"ConnectionProperties": {**orders()["ConnectionProperties"], "FOO": "v" * 1025}}, "FOO"),
    ({"Name": None}, "Name")])
def test_a_definition_that_breaks_the_api_is_not_stored(catalog, change, path):
    refused(catalog.connections("create", document={**orders(), **change}), 2, path)
    assert catalog.is_untouched()


@pytest.mark.parametrize("tags", [{"k": "v" * 257}, {"": "v"}, {"k" * 129: "v"}, {f"k{i}": "" for i in range(51)}, {"k": 1}, []])
def test_tags_at_their_edges(catalog, tags):
    refused(catalog.connections("create", document={"ConnectionInput": orders(), "Tags": tags}), 2, "Tags")


def test_the_largest_definition_fits(catalog):
    big = {"Name": "n" * 255, "ConnectionType": "JDBC", "Description": "d" * 2048, "MatchCriteria": ["c" * 254 + str(i) for i in range(10)],
           "ConnectionProperties": {**orders()["ConnectionProperties"], **{f"K{i}": "v" * 1024 for i in range(97)}}}
    tags = {f"{i:02}" + "k" * 126: "v" * 256 for i in range(50)}
    assert catalog.connections("create", document={"ConnectionInput": big, "Tags": tags}).returncode == 0
    assert catalog.get(big["Name"], "--show-password")["ConnectionProperties"] == big["ConnectionProperties"]
    assert catalog.names("--match", "c" * 254 + "9") == [big["Name"]]


def test_a_network_connection_needs_no_target_until_it_is_tested(catalog):
    catalog.create({"Name": "n", "ConnectionType": "NETWORK", "ConnectionProperties": {},
                    "PhysicalConnectionRequirements": {"SubnetId": "subnet-1"}})
    assert catalog.get("n")["ConnectionProperties"] == {}
    done = catalog.run("test", "n", "-o", "json")
    assert done.returncode == 2 and json.loads(done.stdout)["tests"][0]["code"] == "INVALID_INPUT"


def test_references_stand_for_values_of_any_kind(catalog):
    definition = {"Name": "e", "ConnectionType": "KAFKA", "ConnectionProperties": {
        "KAFKA_BOOTSTRAP_SERVERS": "${env:BROKERS}", "KAFKA_SSL_ENABLED": "${env:TLS}", "PORT": "${file:/run/port}"}}
    catalog.create(definition)
    assert catalog.get("e", "--show-password")["ConnectionProperties"] == definition["ConnectionProperties"]


def test_types_of_newer_models_are_stored(catalog):
    catalog.create({"Name": "h", "ConnectionType": "HUBSPOT", "ConnectionProperties": {}})
    assert catalog.get("h")["ConnectionType"] == "HUBSPOT"


@pytest.mark.parametrize("arguments, words", [
    ([], ["what to do is missing"]), (["crate"], ["did you mean create"]), (["create"], ["--input"]), (["get"], ["NAME"]),
    (["get", "a", "b"], ["unexpected argument b"]), (["list", "a"], ["unexpected argument a"]), (["get", "a", "--input", "-"], ["--input"]),
    (["list", "--catalog", "/tmp/x.db"], ["did you mean sqlite:/tmp/x.db"]), (["list", "--catalog", "mysql:x"], ["names no catalog"]),
    (["list", "--catalog", "sqlite:"], ["path"]), (["list", *["--match", "c"] * 11], ["--match"])])
def test_wrong_usage(catalog, arguments, words):
    refused(catalog.connections(*arguments), 2, *words)


def test_a_request_by_name_is_no_definition(catalog):
    refused(catalog.connections("create", document={"ConnectionName": "orders"}), 2, "orders", "definition")


# --- keys

def sealed(catalog, code, *words):
    refused(catalog.connections("get", "orders"), code, "DECRYPT_FAILED", str(catalog.key), *words)
    refused(catalog.connections("create", document=orders("new")), code, "DECRYPT_FAILED")
    refused(catalog.connections("update", document=orders()), code, "DECRYPT_FAILED")


def test_a_lost_key(catalog):
    catalog.create(orders(password=CANARY))
    kept = catalog.key.read_bytes()
    catalog.key.unlink()
    sealed(catalog, 1, "is missing")
    assert not catalog.key.exists(), "no other key was made in its place"
    assert "orders" in catalog.connections("list").stdout, "what stands in the clear needs no key"
    catalog.key.write_bytes(kept)
    catalog.key.chmod(0o600)
    assert catalog.get("orders", "--show-password")["ConnectionProperties"]["PASSWORD"] == CANARY
    catalog.key.unlink()
    assert catalog.connections("delete", "orders").returncode == 0
    catalog.create(orders())
    assert catalog.get("orders")


@pytest.mark.parametrize("change, words", [
    (lambda key: key.write_bytes(os.urandom(32)), "is not the key of this catalog"),
    (lambda key: key.write_bytes(key.read_bytes()[:31]), "31 bytes"),
    (lambda key: key.write_bytes(key.read_bytes() + b"\n"), "33 bytes"),
    (lambda key: key.write_bytes(b""), "0 bytes"),
    (lambda key: (key.write_bytes(b"root:x:0:0"), key.chmod(0o644)), "10 bytes"),
    (lambda key: key.chmod(0o640), "0640"),
    (lambda key: key.chmod(0o602), "0602"),
    (lambda key: (key.unlink(), key.mkdir()), "not a regular file"),
    (lambda key: (key.unlink(), os.mkfifo(key, 0o600)), "not a regular file"),
    pytest.param(lambda key: os.chown(key, 12345, 0), "belongs to user id 12345",
                 marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")),
])
def test_a_key_that_is_not_right(catalog, change, words):
    catalog.create(orders(password=CANARY))
    change(catalog.key)
    sealed(catalog, 1, words)
    assert str(catalog.key) in catalog.connections("get", "orders").stderr.split("To fix it: ")[1]


def test_a_row_moved_under_another_name_does_not_open(catalog):
    catalog.create(orders("cheap"), orders("precious", CANARY))
    catalog.execute("update {connections} set sealed = (select sealed from {connections} where name = 'precious') where name = 'cheap'")
    refused(catalog.connections("get", "cheap", "--show-password"), 1, "DECRYPT_FAILED", "another name")
    assert catalog.get("precious")
    refused(catalog.connections("list", "-o", "json"), 1, "cheap")
    assert catalog.connections("update", document=orders("cheap")).returncode == 0
    assert len(catalog.names()) == 2


# --- many programs at once

def test_of_many_that_create_one_name_one_wins(catalog):
    running = [catalog.start("connections", "create", "--input", "-") for _ in range(10)]
    for number, process in enumerate(running):
        process.stdin.write(json.dumps(orders(password=f"pw{number}")))
        process.stdin.close()
    codes = [process.wait() for process in running]
    assert sorted(codes) == [0] + [1] * 9, [process.stderr.read() for process in running]
    assert catalog.get("orders", "--show-password")["ConnectionProperties"]["PASSWORD"] == f"pw{codes.index(0)}"


# --- kill -9 at any moment

def begin_write(catalog, chance, state):
    """Start one random write; returns the process, the name, and what is true when it was acknowledged."""
    name = f"n{chance.randrange(8)}"
    what = "create" if state.get(name) is None else chance.choice(["update", "delete"])
    value = f"pw{chance.randrange(10 ** 9)}" if what != "delete" else None
    arguments = ["connections", what] + ([name] if what == "delete" else ["--input", "-"])
    process = catalog.start(*arguments)
    process.stdin.write("" if what == "delete" else json.dumps(orders(name, value, FOO=CANARY * 50)))
    process.stdin.close()
    return process, name, value


def test_no_acknowledged_write_is_lost_by_kill_9(catalog):
    """At random moments; the writer's exit code 0 or its line on standard output is the acknowledgement."""
    chance = random.Random(int(os.environ.get("TESTCONN_SEED", time.time_ns())))
    state = {}
    killed = 0
    began = time.monotonic()
    process, name, value = begin_write(catalog, chance, state)
    assert process.wait() == 0
    usual = time.monotonic() - began
    process.stdout.close(), process.stderr.close()
    state[name] = value
    while killed < KILLS:
        process, name, value = begin_write(catalog, chance, state)
        time.sleep(chance.random() * usual * 1.2)
        process.send_signal(signal.SIGKILL)
        code = process.wait()
        acknowledged = code == 0 or process.stdout.read() != ""
        errors = process.stderr.read()
        process.stdout.close(), process.stderr.close()
        assert code in (0, -signal.SIGKILL), errors
        killed += code != 0
        if acknowledged:
            state[name] = value
            continue
        listing = catalog.answer("list", "--show-password")["ConnectionList"]
        stored = {entry["Name"]: entry["ConnectionProperties"]["PASSWORD"] for entry in listing}
        assert stored.get(name) in (state.get(name), value), "either the old or the new"
        state[name] = stored.get(name)
        assert stored == {key: value for key, value in state.items() if value is not None}
    assert catalog.is_whole()
    assert CANARY.encode() not in catalog.bytes()
