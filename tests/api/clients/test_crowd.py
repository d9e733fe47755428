# SPDX-License-Identifier: Apache-2.0
"""Many callers of boto3 at once, its paginator, and callers that lose patience."""
import concurrent.futures
import socket
import threading
import time

import pytest

from support.postgresql import PostgreSQL
from support.processes import running, wait_until
from support.program import PROGRAM
from support.sdk import boto3_client
from support.service import Service, network

CALLERS = 200


@pytest.fixture(scope="module")
def postgresql():
    with PostgreSQL(max_connections=300) as server:
        yield server


@pytest.fixture
def service():
    with Service("--timeout", "20s") as running_service:
        yield running_service


# What a caller's connection gets, by his number.
FATES = [({}, None), ({"PASSWORD": "wr0ng"}, "LOGIN_REFUSED"), ({"DATABASE": "gone"}, "DATABASE_MISSING"), ({"USERNAME": "nobody"}, "LOGIN_REFUSED")]


def fate(number, postgresql):
    change, code = FATES[number % len(FATES)]
    database = change.get("DATABASE", "orders")
    # Of no two callers is it the same test, or they would be joined.
    given = {"USERNAME": "app", "PASSWORD": "pw-app", **change,
             "JDBC_CONNECTION_URL": postgresql.url(database, "127.0.0.1", f"?ApplicationName=caller-{number}")}
    return {"ConnectionType": "JDBC", "ConnectionProperties": {key: value for key, value in given.items() if key != "DATABASE"}}, code


def outcome(client, **asked):
    """None, or the code that stands first in the message."""
    try:
        client.test_connection(**asked)
        return None
    except client.exceptions.InvalidInputException as e:
        return e.response["Message"].split()[0]


def test_200_callers_get_each_his_own_verdict(postgresql, service):
    client = boto3_client(service.url, max_pool_connections=CALLERS)
    barrier = threading.Barrier(CALLERS)

    def call(number):
        asked, code = fate(number, postgresql)
        if number % 2:
            name = f"caller {number}"
            client.create_connection(ConnectionInput={"Name": name, **asked})
        barrier.wait(60)
        got = outcome(client, **({"ConnectionName": name} if number % 2 else {"TestConnectionInput": asked}))
        return got == code, number, got, code
    with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
        results = list(pool.map(call, range(CALLERS)))
    assert [each for each in results if not each[0]] == []
    wait_until(lambda: service.metric("testconn_tests_in_flight") == 0)
    left = postgresql.try_sql("do $$ begin if (select count(*) from pg_stat_activity where usename = 'app') > 0 then raise 'left'; end if; end $$")
    assert left, "a session of a test is left at the server"
    told = {each["Name"]: each for each in client.get_paginator("get_connections").paginate().build_full_result()["ConnectionList"]}
    assert len(told) == CALLERS // 2
    wait_until(lambda: all("LastConnectionValidationTime" in each for each in client.get_paginator("get_connections").paginate(
        PaginationConfig={"PageSize": 1000}).build_full_result()["ConnectionList"]), 20, "every status")
    service.stop()
    assert running(PROGRAM) == []


def test_the_paginator(service):
    client = boto3_client(service.url)
    names = [f"n{number:03}" for number in range(57)]
    for name in names:
        client.create_connection(ConnectionInput=network(name, 9))
    pages = client.get_paginator("get_connections")
    for size in (1, 10, 57, 1000):
        got = [[each["Name"] for each in page["ConnectionList"]] for page in pages.paginate(PaginationConfig={"PageSize": size})]
        assert sum(got, []) == names
        assert [len(page) for page in got if page] == [size] * (57 // size) + [57 % size] * (57 % size > 0)
    first = pages.paginate(PaginationConfig={"MaxItems": 20, "PageSize": 7}).build_full_result()
    rest = pages.paginate(PaginationConfig={"StartingToken": first["NextToken"]}).build_full_result()
    assert [each["Name"] for each in first["ConnectionList"] + rest["ConnectionList"]] == names


class Counting:
    """A peer that is silent and counts: .accepted ever, .most at a time."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        self.accepted = self.open = self.most = 0
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with self.lock:
                self.accepted += 1
                self.open += 1
                self.most = max(self.most, self.open)
            threading.Thread(target=self.hold, args=(connection,), daemon=True).start()

    def hold(self, connection):
        with connection:
            try:
                while connection.recv(4096):
                    pass
            except OSError:
                pass
        with self.lock:
            self.open -= 1

    def definition(self):
        return {"ConnectionType": "JDBC", "ConnectionProperties": {
            "JDBC_CONNECTION_URL": f"jdbc:postgresql://127.0.0.1:{self.port}/orders?sslmode=disable", "USERNAME": "app", "PASSWORD": "pw"}}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def lose_patience(service, definition, attempts):
    use = boto3_client(service.url, read_timeout=1, retries={"total_max_attempts": attempts, "mode": "standard"})
    with pytest.raises(Exception, match="[Rr]ead timeout"):
        use.test_connection(TestConnectionInput=definition)


def test_a_caller_who_loses_patience_takes_his_test_with_him(service):
    with Counting() as peer:
        lose_patience(service, peer.definition(), 3)
        wait_until(lambda: service.metric("testconn_tests_in_flight") == 0 and peer.open == 0, 5, "the end of the test")
        assert peer.accepted == 3 and peer.most == 1
        assert service.metric("testconn_tests_cancelled_total") == 3


def test_repetitions_join_what_others_wait_for():
    with Service("--timeout", "6s") as service, Counting() as peer, concurrent.futures.ThreadPoolExecutor(1) as pool:
        patient = boto3_client(service.url)
        began = time.monotonic()
        waiting = pool.submit(lambda: patient.test_connection(TestConnectionInput=peer.definition()))
        wait_until(lambda: peer.accepted == 1)
        lose_patience(service, peer.definition(), 3)
        assert peer.accepted == 1
        with pytest.raises(patient.exceptions.OperationTimeoutException):
            waiting.result(30)
        assert time.monotonic() - began < 8 and service.metric("testconn_tests_total") == 1
