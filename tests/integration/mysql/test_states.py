# SPDX-License-Identifier: Apache-2.0
"""Every state of a real MariaDB or MySQL (TESTCONN_SERVER): starting, full, closed to us, frozen, killed, going."""
import json
import socket
import subprocess
import threading
import time

import pytest

from support.mysql import KIND, MARIADB, definition, expect, find_setup
from support.mysql_clients import Session
from support.namespaces import own_network
from support.processes import free_port, wait_until
from support.program import PROGRAM, jdbc, verdict

ADDRESS = "10.72.0.1"  # of `elsewhere`
BOTH_ADDRESSES = f"--bind-address=127.0.0.1,{ADDRESS}"
COMING_OR_GOING = {"CONNECT_REFUSED", "SERVER_STARTING", "CONNECTION_CLOSED"}


@pytest.fixture(scope="module")
def server():
    with KIND() as running_server:
        yield running_server


@pytest.fixture
def elsewhere():
    """The tests that say so come from ADDRESS, in a network namespace of their own: no server blocks loopback."""
    find_setup(KIND.setup)  # while the network is there
    with own_network(ADDRESS, "elsewhere.test"):
        yield


def test_a_closed_port_is_told_before_anything_else():
    report = verdict(jdbc(HOST="127.0.0.1", PORT=str(free_port()), JDBC_ENGINE="mysql", USERNAME="app", PASSWORD="x"))
    expect(report, "CONNECT_REFUSED", "tcp", "127.0.0.1")


def test_a_server_that_starts_and_one_that_goes():
    """All that is seen on the way is a reason to come back."""
    with KIND(wait=False) as server:
        seen = []

        def answers():
            seen.append(verdict(definition(server)))
            return seen[-1]["exit"] == 0
        wait_until(answers, 60, "the server")
        assert len(seen) > 1 and seen[0]["code"] == "CONNECT_REFUSED"
        threading.Timer(0.05, server.stop).start()
        wait_until(lambda: not answers() and seen[-1]["code"] == "CONNECT_REFUSED", 30, "the end of the server")
        failed = [report for report in seen if report["exit"]]
        assert {report["code"] for report in failed} <= COMING_OR_GOING
        assert all(report["retryable"] for report in failed)


def test_too_many_connections():
    held = []

    def is_full():
        report = verdict(definition(server))
        if report["exit"] == 0:  # one more is let in
            held.append(Session(server, "app"))
        return report if report["exit"] else None
    with KIND("--max-connections=10" if MARIADB else "--max-connections=2") as server:
        try:
            report = wait_until(is_full, 30, "a full server")
            expect(report, "SERVER_BUSY", "login", "1040", "Too many connections")
            assert report["retryable"] is True and "max_connections" in report["remedy"]
        finally:
            for one in held:
                one.__exit__()


def test_a_blocked_host(elsewhere):
    """Port probes that never speak count: not on loopback, whose neighbours are blocked all the same."""
    with KIND("--max-connect-errors=1", BOTH_ADDRESSES) as server:
        for _ in range(3):
            with socket.create_connection((ADDRESS, server.port), source_address=(ADDRESS, 0)) as connection:
                connection.recv(1)
        report = verdict(definition(server, host=ADDRESS))
        expect(report, "LOGIN_NOT_ALLOWED", "login", "1129", "instead of a greeting", ADDRESS)
        assert "port probes" in report["remedy"] and report["retryable"] is False


def test_no_test_counts_as_an_error_of_the_host(elsewhere):
    """A host that is blocked after one connection that never spoke: none of ours is one, whether let in or refused."""
    with KIND("--max-connect-errors=1", BOTH_ADDRESSES) as server:
        for password in (None, "wrong", "wrong", "wrong", None):
            report = verdict(definition(server, host=ADDRESS, password=password))
            assert report.get("code") == (password and "LOGIN_REFUSED"), report


def test_no_account_for_this_host(elsewhere):
    with KIND("--skip-name-resolve", BOTH_ADDRESSES) as server:
        everywhere = server.ask("select user from mysql.user where host = '%' and user <> ''")
        server.sql("drop user " + ", ".join(f"'{user}'" for user, in everywhere))
        server.sql("flush privileges")  # what hosts may connect is worked out again
        expect(verdict(definition(server, host=ADDRESS)), "LOGIN_NOT_ALLOWED", "login", "1130", ADDRESS)


@pytest.mark.applies(not MARIADB)  # MySQL's own state
def test_offline_mode(server):
    server.sql("set global offline_mode = on")
    try:
        report = verdict(definition(server))
        expect(report, "SERVER_STARTING", "login", "3032")
        assert "offline" in report["remedy"] and report["retryable"] is True
    finally:
        server.sql("set global offline_mode = off")


def test_a_slow_greeting_is_waited_for(server):
    with Relay(server, lambda: time.sleep(0.7), 0) as relay:
        assert verdict(relay.definition(), timeout="5s")["exit"] == 0


class Relay:
    """Passes bytes on between a client and SERVER, and does ACT before it passes on the client's piece number AT (0: before
    the server knows of it)."""

    def __init__(self, server, act, at):
        self.server, self.act, self.at = server, act, at
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()

    def definition(self, **more):
        properties = {"JDBC_CONNECTION_URL": f"jdbc:mysql://127.0.0.1:{self.listener.getsockname()[1]}/orders",
                      "USERNAME": "app", "PASSWORD": "pw-app", **more}
        return jdbc(**properties)

    def serve(self):
        try:
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.pass_on, args=(client,), daemon=True).start()
        except OSError:
            return

    def pass_on(self, client):
        if self.at == 0:
            self.act()
        with client, socket.create_connection(("127.0.0.1", self.server.port)) as upstream:
            threading.Thread(target=self.pump, args=(upstream, client), daemon=True).start()
            for piece, data in enumerate(self.pieces(client), 1):
                if piece == self.at:
                    self.act()
                try:
                    upstream.sendall(data)
                except OSError:
                    break

    @staticmethod
    def pieces(client):
        """What CLIENT says; the first is one packet of the protocol, whatever has come behind it by then."""
        first = client.recv(65536)
        if first:
            end = int.from_bytes(first[:3], "little") + 4
            yield from filter(None, (first[:end], first[end:]))
        while data := client.recv(65536):
            yield data

    @staticmethod
    def pump(source, to):
        try:
            while data := source.recv(65536):
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


# The client's pieces are with TLS its request for that and the ClientHello, else its login.
STOPS = [("", 1, "tls", "the TLS handshake"), ("", 2, "tls", "the TLS handshake"), ("?useSSL=false", 1, "login", "login")]


@pytest.mark.parametrize("query, at, stage, awaited", STOPS)
def test_a_server_frozen_in_the_middle_costs_its_deadline_and_no_more(server, query, at, stage, awaited):
    with Relay(server, server.freeze, at) as relay:
        try:
            url = relay.definition()["ConnectionProperties"]["JDBC_CONNECTION_URL"] + (query or "?sslMode=REQUIRED")
            report = verdict(relay.definition(JDBC_CONNECTION_URL=url), timeout="1s")
            expect(report, "TIMED_OUT", stage, awaited, "said nothing")
            assert report["duration_ms"] < 1300
        finally:
            server.thaw()


@pytest.mark.parametrize("query, at, stage, awaited", STOPS)
def test_a_server_killed_in_the_middle(query, at, stage, awaited):
    def kill():
        server.process.kill()
        server.process.wait()
    with KIND() as server, Relay(server, kill, at) as relay:
        url = relay.definition()["ConnectionProperties"]["JDBC_CONNECTION_URL"] + (query or "?sslMode=REQUIRED")
        report = verdict(relay.definition(JDBC_CONNECTION_URL=url), timeout="5s")
        expect(report, "CONNECTION_CLOSED", stage, "closed", "127.0.0.1")
        assert report["retryable"] is True and report["duration_ms"] < 4000


def test_a_server_frozen_before_we_come(server):
    server.freeze()
    try:
        report = verdict(definition(server), timeout="1s")
        expect(report, "TIMED_OUT", "login", "greeting", "said nothing")
        assert "greets first" in report["remedy"] and report["duration_ms"] < 1300
    finally:
        server.thaw()


def test_a_server_that_is_killed_while_we_wait_for_it():
    with KIND() as server:
        process = subprocess.Popen([PROGRAM, "test", "--input", "-", "-o", "json", "--timeout", "5s"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        server.freeze()
        process.stdin.write(json.dumps(definition(server)))
        process.stdin.close()
        time.sleep(0.3)
        server.process.kill()
        server.process.wait()
        report = json.loads(process.stdout.read())["tests"][0]
        process.wait()
        expect(report, "CONNECTION_CLOSED", "login", "greeting")
