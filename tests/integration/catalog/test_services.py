# SPDX-License-Identifier: Apache-2.0
"""Services that share a catalog in a real PostgreSQL: what one writes the others see, and one that is killed harms nobody."""
import concurrent.futures
import signal

import pytest

from support.catalog import SharedCatalog
from support.postgresql import PostgreSQL
from support.processes import wait_until
from support.service import Service, network, orders
from support.silent import Silent


@pytest.fixture(scope="module")
def server():
    with PostgreSQL() as one:
        one.sql("create database catalog owner app")
        yield one


@pytest.fixture
def start(server, tmp_path):
    """A function that starts one more service on the catalog."""
    server.rows("catalog", "drop schema if exists testconn cascade")
    server.rows("catalog", "grant create on database catalog to app")
    catalog = SharedCatalog(server, tmp_path)
    running = []

    def more(*arguments):
        running.append(Service("--catalog", catalog.url, "--key-file", catalog.key, *arguments, catalog=False))
        return running[-1]
    yield more
    for one in running:
        one.__exit__()


def get(service, name):
    return service.ok("GetConnection", {"Name": name})["Connection"]


def test_what_one_writes_the_others_see(start):
    first, second = start(), start()
    first.ok("CreateConnection", {"ConnectionInput": orders(password="canary")})
    assert get(second, "orders")["ConnectionProperties"]["PASSWORD"] == "canary"
    second.refused("CreateConnection", {"ConnectionInput": orders()}, "AlreadyExistsException")
    second.ok("UpdateConnection", {"Name": "orders", "ConnectionInput": network("orders", 9)})
    first.refused("TestConnection", {"ConnectionName": "orders"}, "InvalidInputException")
    wait_until(lambda: get(second, "orders")["Status"] == "FAILED", 5)
    for at in range(30):
        (first, second)[at % 2].ok("CreateConnection", {"ConnectionInput": network(f"n{at:02}", 9)})
    page = first.ok("GetConnections", {"MaxResults": 20})
    rest = second.ok("GetConnections", {"MaxResults": 20, "NextToken": page["NextToken"]})
    names = [one["Name"] for one in page["ConnectionList"] + rest["ConnectionList"]]
    assert names == [f"n{at:02}" for at in range(30)] + ["orders"] and "NextToken" not in rest
    assert second.ok("BatchDeleteConnection", {"ConnectionNameList": names[:25]})["Errors"] == {}
    first.refused("GetConnection", {"Name": "n00"}, "EntityNotFoundException")


def test_a_server_that_takes_no_writes_denies_them(start, server):
    service = start()
    service.ok("CreateConnection", {"ConnectionInput": orders()})
    server.rows("postgres", "alter role app in database catalog set default_transaction_read_only = on")
    try:
        second = start()
        for operation, body in (("CreateConnection", {"ConnectionInput": orders("new")}), ("UpdateConnection", {"Name": "orders", "ConnectionInput": orders()}),
                                ("DeleteConnection", {"ConnectionName": "orders"}), ("BatchDeleteConnection", {"ConnectionNameList": ["orders"]})):
            message = second.refused(operation, body, "AccessDeniedException")
            assert "read-only transaction" in message and "25006" in message and "To fix it: name the primary server" in message, message
        assert get(second, "orders")["ConnectionProperties"]["USERNAME"] == "app"
    finally:
        server.rows("postgres", "alter role app in database catalog reset default_transaction_read_only")


def test_a_schema_that_is_taken_away_is_seen_at_once(start, server):
    service = start()
    service.ok("CreateConnection", {"ConnectionInput": orders()})
    server.rows("catalog", "drop table testconn.criteria")
    message = service.refused("GetConnections", {"Filter": {"MatchCriteria": ["x"]}}, "InternalServiceException", 500)
    assert "lacks some of the catalog's own" in message and "To fix it: give another database" in message, message
    server.rows("catalog", "drop schema testconn cascade")
    assert service.ok("GetConnections") == {"ConnectionList": []}
    service.ok("CreateConnection", {"ConnectionInput": orders()})  # and made anew
    assert get(service, "orders")["ConnectionProperties"]["USERNAME"] == "app"


def test_what_a_server_refuses_is_told_with_what_to_do(start, server):
    service = start()
    service.ok("CreateConnection", {"ConnectionInput": orders()})
    server.rows("postgres", "alter role app nologin")
    server.rows("postgres", "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'catalog'")
    try:
        message = service.refused("GetConnection", {"Name": "orders"}, "InternalServiceException", 500)
        assert "is not permitted to log in" in message and "28000" in message and "To fix it: " in message, message
    finally:
        server.rows("postgres", "alter role app login")
    assert get(service, "orders")["Name"] == "orders"


def test_whether_the_server_is_there_is_readiness(start, server):
    service = start()
    service.ok("CreateConnection", {"ConnectionInput": orders()})
    assert service.request("GET", "/readyz")[0] == 200
    server.rows("postgres", "alter database catalog allow_connections false")
    try:
        second = start()
        status, _, words = second.request("GET", "/readyz")
        assert status == 503 and b"the catalog cannot be asked" in words and b"not currently accepting connections" in words, words
        assert second.request("GET", "/livez")[0] == 200
    finally:
        server.rows("postgres", "alter database catalog allow_connections true")
    wait_until(lambda: second.request("GET", "/readyz")[0] == 200, 10, "readiness")


@pytest.mark.parametrize("change", ["UpdateConnection", "DeleteConnection", "both"])
def test_a_change_by_another_during_a_test_is_no_conflict(start, change):
    """The verdict is given all the same, says of what it is, and is written nowhere; each service shows its own IN_PROGRESS."""
    first, second = start("--timeout", "2s"), start()
    with Silent() as peer, concurrent.futures.ThreadPoolExecutor() as pool:
        first.ok("CreateConnection", {"ConnectionInput": orders(port=peer.port, JDBC_ENFORCE_SSL="true")})
        answer = pool.submit(first.call_raw, "TestConnection", '{"ConnectionName": "orders"}')
        wait_until(lambda: peer.visitors, 5)
        assert (get(first, "orders")["Status"], get(second, "orders")["Status"]) == ("IN_PROGRESS", "READY")
        if change != "UpdateConnection":
            second.ok("DeleteConnection", {"ConnectionName": "orders"})
        if change == "both":
            second.ok("CreateConnection", {"ConnectionInput": orders(port=peer.port, JDBC_ENFORCE_SSL="true")})
        if change == "UpdateConnection":
            second.ok("UpdateConnection", {"Name": "orders", "ConnectionInput": orders(port=peer.port, JDBC_ENFORCE_SSL="true")})
        status, headers, body = answer.result(10)
    assert status == 400 and b"OperationTimeoutException" in body
    report = first.request("GET", f"/v1/reports/{headers['x-amzn-requestid']}")[2]
    assert b'"connection-changed"' in report
    if change != "DeleteConnection":
        for service in (first, second):
            assert get(service, "orders")["Status"] == "READY" and "LastConnectionValidationTime" not in get(service, "orders")
    else:
        second.refused("GetConnection", {"Name": "orders"}, "EntityNotFoundException")


def test_updates_at_once_are_never_torn_and_never_refused(start):
    """Each is whole, the last one stands, and nobody is told of a conflict, which the API does not know for a write."""
    services = start(), start()
    services[0].ok("CreateConnection", {"ConnectionInput": orders()})

    def update(at):
        one = orders(port=1024 + at, password=f"pw{at}")
        return services[at % 2].call("UpdateConnection", {"Name": "orders", "ConnectionInput": {**one, "Description": str(at)}})
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert {status for status, _ in pool.map(update, range(100))} == {200}
    shown = [get(service, "orders") for service in services]
    assert shown[0] == shown[1]
    at = int(shown[0]["Description"])
    assert shown[0]["ConnectionProperties"] == orders(port=1024 + at, password=f"pw{at}")["ConnectionProperties"]


def test_one_that_is_killed_in_its_work_leaves_nothing_behind(start):
    first, second = start(), start()
    with Silent() as peer, concurrent.futures.ThreadPoolExecutor() as pool:
        first.ok("CreateConnection", {"ConnectionInput": orders(port=peer.port, JDBC_ENFORCE_SSL="true")})
        answer = pool.submit(first.call, "TestConnection", {"ConnectionName": "orders"})
        wait_until(lambda: peer.visitors, 5)
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        assert answer.exception(10) is not None
        wait_until(lambda: peer.closed() == 1, 5, "the end of the worker")
        assert get(second, "orders")["Status"] == "READY"
    second.ok("UpdateConnection", {"Name": "orders", "ConnectionInput": network("orders", 9)})
    third = start()
    assert get(third, "orders")["ConnectionType"] == "NETWORK"
