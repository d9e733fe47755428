# SPDX-License-Identifier: Apache-2.0
"""What is no broker although it looks like one, and brokers that let in few connections or keep clients waiting."""
import contextlib
import socket
import subprocess

import pytest

from support.kafka import Kafka, Listener, ingredient, low_port
from support.processes import wait_until
from support.program import rules, stages, verdict
from support.server import Server

OFF = {"KAFKA_SSL_ENABLED": "false"}
LOGIN = {"KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_PLAIN_USERNAME": "app", "KAFKA_SASL_PLAIN_PASSWORD": "pw-app"}
SERVERS = "ConnectionProperties.KAFKA_BOOTSTRAP_SERVERS"


def attempt(at, *properties, **options):
    given = {"KAFKA_BOOTSTRAP_SERVERS": at}
    for some in properties:
        given |= some
    return verdict({"Name": "k", "ConnectionType": "KAFKA", "ConnectionProperties": given}, **options)


def expect(report, code, stage, *words):
    assert (report.get("code"), report.get("stage"), stages(report)[stage]) == (code, stage, "failed"), report
    for word in words:
        assert word in report["reason"], (word, report["reason"])


@pytest.fixture(scope="module")
def broker():
    with Kafka({"PT": Listener("PLAINTEXT"), "ONE": Listener("PLAINTEXT", max_connections="1"),
                "THROTTLED": Listener("PLAINTEXT")}) as one:
        yield one


@pytest.fixture(scope="module")
def strict():
    with Kafka({"PT": Listener("PLAINTEXT"), "SP": Listener("SASL_PLAINTEXT", mechanisms=["PLAIN"]),
                "SS": Listener("SASL_SSL", certificate="good", mechanisms=["PLAIN"])},
               properties={"max.connections.per.ip": 2}) as one:
        yield one


class ZooKeeper(Server):
    """A real one, of the release of Kafka that came with it last."""

    def __init__(self):
        super().__init__()
        self.port = low_port()
        (self.folder / "zoo.cfg").write_text(f"dataDir={self.folder}\nclientPort={self.port}\nclientPortAddress=127.0.0.1\n"
                                             "admin.enableServer=false\n")
        self.spawn(["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xmx64m", "-cp",
                    f"{ingredient('kafka', '3.9.2')}/*", "org.apache.zookeeper.server.ZooKeeperServerMain", self.folder / "zoo.cfg"])
        # its port is open before it serves, and who comes in between is never answered
        wait_until(self.serves, 30, "ZooKeeper")

    def serves(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as connection:
            connection.sendall(b"srvr")
            return connection.recv(64).startswith(b"Zookeeper version")
        return False


def test_a_zookeeper_is_named():
    with ZooKeeper() as one:
        for properties, stage in ((OFF, "login"), ({}, "tls"), ({**OFF, **LOGIN}, "login")):
            report = attempt(f"localhost:{one.port}", properties)
            expect(report, "WRONG_PROTOCOL", stage, "ZooKeeper", f"localhost:{one.port}")
            assert report["property"] == SERVERS and "2181" in report["remedy"]


def test_a_controller_is_named(broker):
    at = f"localhost:{broker.controller}"
    report = attempt(at, OFF)
    expect(report, "QUERY_FAILED", "query", at, "Metadata", "a KRaft controller, not a broker")
    assert report["property"] == SERVERS and "controller.listener.names" in report["remedy"]
    expect(attempt(at), "TLS_NOT_OFFERED", "tls", "a KRaft controller, not a broker")
    expect(attempt(at, OFF, LOGIN), "LOGIN_METHOD", "login", "34", "a KRaft controller, not a broker")


@contextlib.contextmanager
def held(broker, listener, count):
    """COUNT connections of others that the broker has let in."""
    connections = [socket.create_connection(("127.0.0.1", broker.port_of(listener))) for _ in range(count)]
    for connection in connections:  # an ApiVersions request of version 0: let in is who gets an answer
        connection.settimeout(5)
        connection.sendall(bytes([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 255, 255]))
        assert connection.recv(4)
    try:
        yield
    finally:
        for connection in connections:
            connection.close()
        # the next test finds them gone
        wait_until(lambda: attempt(broker.at("PT"), OFF)["status"] == "ok", 10, "room for connections")


@pytest.mark.parametrize("listener, properties", [("PT", OFF), ("SP", {**OFF, **LOGIN})])
def test_room_for_one_connection_is_enough(strict, listener, properties):
    """Our connection is the one that is let in, librdkafka's has its place afterwards."""
    with held(strict, listener, 1):
        report = attempt(strict.at(listener), properties)
    assert report["status"] == "ok" and "installed-library-fails" not in rules(report), report


def test_a_listener_of_one_connection(broker):
    report = attempt(broker.at("ONE"), OFF)
    assert report["status"] == "ok" and "installed-library-fails" not in rules(report), report
    assert report["duration_ms"] < 1500


@pytest.mark.parametrize("listener, properties, stage, other", [("PT", OFF, "login", "with TLS"), ("SP", {**OFF, **LOGIN}, "login", "with TLS"),
                                                                ("SS", LOGIN, "tls", "in the clear")])
def test_no_room_for_another_connection(strict, listener, properties, stage, other):
    with held(strict, "PT", 2):
        report = attempt(strict.at(listener), properties)
    expect(report, "CONNECTION_CLOSED", stage, strict.at(listener), "said nothing", f"closes a connection {other} as well")
    assert "max.connections.per.ip" in report["remedy"] and report["retryable"] is True


def test_a_quota_that_keeps_us_waiting_is_told(broker):
    subprocess.run(["java", "-XX:TieredStopAtLevel=1", "-cp", f"{ingredient('kafka-classes')}:{ingredient('kafka')}/*", "Throttle",
                    broker.at("THROTTLED")], check=True, timeout=60)
    told = lambda: "throttled" in rules(attempt(broker.at("THROTTLED"), OFF))  # noqa: E731
    wait_until(told, 20, "the quota's effect")
