# SPDX-License-Identifier: Apache-2.0
"""What takes time or breaks the catalog, told to all clients at once."""
import os
import pathlib
import signal
import sqlite3

import pytest

from support.processes import wait_until
from support.sdk import NAMES, Client, boto3_client
from support.service import Service, orders
from test_clients import UUID


@pytest.fixture(scope="module")
def everyone():
    clients = [Client(name) for name in NAMES]
    yield clients
    for each in clients:
        each.__exit__()


@pytest.fixture
def service():
    with Service("--timeout", "3s") as running:
        for letter in "abc":
            running.ok("CreateConnection", {"ConnectionInput": orders(letter)})
        yield running


class Catalog:
    """The service's database, from outside."""

    def __init__(self, service):
        self.path = service.catalog.removeprefix("sqlite:")
        self.database = sqlite3.connect(self.path, isolation_level=None, timeout=10)

    def run(self, statement):
        self.database.execute(statement)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.database.close()


def ask(everyone, service, operation, make):
    """Everyone's answer to OPERATION at the same time; MAKE(client) is the input."""
    for client in everyone:
        client.send(operation, make(client), endpoint=service.url)
    return [(client, client.answer()) for client in everyone]


def expect(everyone, service, operation, make, code, *words):
    for client, told in ask(everyone, service, operation, make):
        assert told.get("code") == code, (client.name, told)
        for word in words:
            assert word in told["message"], (client.name, told)
        if client.name != "cli":
            assert (told["type"], told["status"]) == (code, 400) and UUID.fullmatch(told["request_id"]), (client.name, told)
            assert told.get("attempts") in (None, 1), (client.name, told)


def test_silence_is_told_within_the_time_of_a_test(world, everyone):
    def input(client):
        asked = world.mute()
        return {"TestConnectionInput": {"ConnectionType": "JDBC", "ConnectionProperties": {
            **asked["ConnectionProperties"], "USERNAME": client.name}}}
    before = world.open.metric("testconn_tests_total")
    expect(everyone, world.open, "TestConnection", input, "OperationTimeoutException", "TIMED_OUT at", "127.0.0.1", "said nothing")
    assert world.open.metric("testconn_tests_total") - before == len(everyone)


OPERATIONS = {"CreateConnection": lambda client: {"ConnectionInput": orders(client.name)},
              "UpdateConnection": lambda client: {"Name": "a", "ConnectionInput": orders("a", user=client.name)},
              "DeleteConnection": lambda client: {"ConnectionName": "b"},
              "BatchDeleteConnection": lambda client: {"ConnectionNameList": ["a", "b"]},
              "GetConnection": lambda client: {"Name": "a"}, "GetConnections": lambda client: {},
              "TestConnection": lambda client: {"ConnectionName": "a"}}


@pytest.mark.parametrize("operation", ["CreateConnection", "UpdateConnection", "DeleteConnection", "BatchDeleteConnection"])
def test_a_catalog_that_others_write(everyone, service, operation):
    with Catalog(service) as catalog:
        catalog.run("BEGIN IMMEDIATE")
        expect(everyone, service, operation, OPERATIONS[operation], "OperationTimeoutException", "lock")
        for client, told in ask(everyone, service, "GetConnection", OPERATIONS["GetConnection"]):
            assert told["output"]["Connection"]["Name"] == "a", (client.name, told)
        catalog.run("ROLLBACK")


def test_a_catalog_that_hangs(everyone, service):
    operations = list(OPERATIONS)[:len(everyone)]
    stopped = service.child("catalog-process")
    os.kill(stopped, signal.SIGSTOP)
    for client, operation in zip(everyone, operations):
        client.send(operation, OPERATIONS[operation](client), endpoint=service.url)
    answers = [client.answer() for client in everyone]
    for client, operation, told in zip(everyone, operations, answers):
        assert told.get("code") == "OperationTimeoutException", (client.name, operation, told)
    assert boto3_client(service.url).get_connection(Name="c")["Connection"]["Name"] == "c"
    assert not pathlib.Path(f"/proc/{stopped}").exists()


def test_a_definition_that_was_damaged(everyone, service):
    with Catalog(service) as catalog:
        catalog.run("UPDATE connections SET sealed = randomblob(length(sealed)) WHERE name = 'a'")
    for operation in ("GetConnection", "GetConnections", "TestConnection"):
        expect(everyone, service, operation, OPERATIONS[operation], "GlueEncryptionException", '"a"', "damaged")
    assert boto3_client(service.url).update_connection(Name="a", ConnectionInput=orders("a"))["ResponseMetadata"]["HTTPStatusCode"] == 200
    for client, told in ask(everyone, service, "GetConnection", OPERATIONS["GetConnection"]):
        assert told["output"]["Connection"]["Name"] == "a", (client.name, told)


def test_a_key_that_was_lost(everyone, service):
    with Catalog(service) as catalog:
        os.rename(catalog.path + ".key", catalog.path + ".elsewhere")
        lost = service.child("catalog-process")
        os.kill(lost, signal.SIGKILL)
        wait_until(lambda: service.child("catalog-process") not in (None, lost), 10, "the next catalog process")
        for operation in ("CreateConnection", "GetConnection", "GetConnections", "UpdateConnection", "TestConnection"):
            expect(everyone, service, operation, OPERATIONS[operation], "GlueEncryptionException", catalog.path + ".key", "missing")
        os.rename(catalog.path + ".elsewhere", catalog.path + ".key")
    os.kill(service.child("catalog-process"), signal.SIGKILL)
    for client, told in ask(everyone, service, "GetConnection", OPERATIONS["GetConnection"]):
        assert told["output"]["Connection"]["Name"] == "a", (client.name, told)
