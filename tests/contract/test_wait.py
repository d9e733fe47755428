# SPDX-License-Identifier: Apache-2.0
"""`testconn test NAME` and `testconn wait`: by name, the status afterwards, what is repeated and what never is."""
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import threading
import time

import pytest

from support.catalog import Catalog
from support.processes import free_port, running, wait_until
from support.program import BUILD, PROGRAM, jdbc
from support.silent import Silent

CANARY = "c4nary-77ab"


def network(name, port, host="127.0.0.1", **more):
    return {"Name": name, "ConnectionType": "NETWORK", "ConnectionProperties": {"HOST": host, "PORT": str(port)}, **more}


@pytest.fixture
def catalog(tmp_path):
    return Catalog(tmp_path)


class Peer:
    """Listens on a loopback port and hands each connection to ANSWER, if there is one, in a thread of its own."""

    def __init__(self, port=0, answer=None):
        self.socket = socket.create_server(("127.0.0.1", port))
        self.port = self.socket.getsockname()[1]
        self.answer = answer
        self.seen = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.seen += 1
            with connection:
                if self.answer:
                    self.answer(connection, self.seen)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


def error_packet(sqlstate, message):
    body = b"SFATAL\0VFATAL\0C" + sqlstate.encode() + b"\0M" + message.encode() + b"\0\0"
    return b"E" + (len(body) + 4).to_bytes(4, "big") + body


class Refusing:
    """Answers as a PostgreSQL without TLS that refuses logins by ERRORS in turn, the last of them for ever."""

    def __init__(self, *errors):
        self.errors = errors
        self.logins = 0

    def __call__(self, connection, number):
        connection.settimeout(5)
        while head := connection.recv(4, socket.MSG_WAITALL):
            packet = connection.recv(int.from_bytes(head, "big") - 4, socket.MSG_WAITALL)
            if packet[:4] in ((80877103).to_bytes(4, "big"), (80877104).to_bytes(4, "big")):
                connection.sendall(b"N")
                continue
            connection.sendall(error_packet(*self.errors[min(self.logins, len(self.errors) - 1)]))
            self.logins += 1
            return


STARTING = ("57P03", "the database system is starting up")
WRONG = ("28P01", 'password authentication failed for user "app"')


def pg(port, name="orders", **more):
    return jdbc(name, JDBC_CONNECTION_URL=f"jdbc:postgresql://127.0.0.1:{port}/orders", USERNAME="app", PASSWORD=CANARY, **more)


# --- test by name

def test_a_test_by_name_is_the_test_of_the_file_and_leaves_a_status(catalog):
    with Peer() as peer:
        catalog.create(network("net", peer.port))
        assert catalog.get("net")["Status"] == "READY" and "LastConnectionValidationTime" not in catalog.get("net")
        done = catalog.run("test", "net")
        assert done.returncode == 0 and done.stdout.startswith("net: ok in"), done
        stored = catalog.get("net")
        assert stored["Status"] == "READY" and "StatusReason" not in stored
        assert stored["LastConnectionValidationTime"] > stored["CreationTime"]
    done = catalog.run("test", "net", "-o", "json")
    report = json.loads(done.stdout)["tests"][0]
    assert (done.returncode, report["name"], report["code"], report["findings"]) == (1, "net", "CONNECT_REFUSED", [])
    stored = catalog.get("net")
    assert stored["Status"] == "FAILED" and report["reason"] in stored["StatusReason"]
    assert stored["StatusReason"].startswith("CONNECT_REFUSED at tcp: ") and report["remedy"] in stored["StatusReason"]
    assert stored["LastUpdatedTime"] == stored["CreationTime"], "a status is no update"


def test_an_update_takes_the_status_away(catalog):
    catalog.create(network("net", free_port()))
    catalog.run("test", "net")
    catalog.connections("update", document=network("net", 1))
    stored = catalog.get("net")
    assert stored["Status"] == "READY" and not {"StatusReason", "LastConnectionValidationTime"} & set(stored)


def test_names_all_types_and_criteria(catalog):
    with Peer() as peer:
        catalog.create(network("a", peer.port, MatchCriteria=["x", "y"]), network("b", peer.port, MatchCriteria=["y"]),
                       pg(free_port(), "c", FOO="1"))

        def tested(*arguments):
            return [test["name"] for test in json.loads(catalog.run("test", *arguments, "-o", "json").stdout)["tests"]]

        assert tested("b", "a", "b") == ["b", "a"]
        assert tested("--all") == ["a", "b", "c"]
        assert tested("--type", "NETWORK") == ["a", "b"]
        assert tested("--match", "y", "--match", "x") == ["a"]
        text = catalog.run("test", "--all")
        assert text.returncode == 1 and "3 tested: 2 ok, 1 failed" in text.stdout
        done = catalog.run("test", "--type", "KAFKA")
        assert done.returncode == 2 and done.stdout == "" and "nothing to test" in done.stderr


def test_a_name_that_is_not_there(catalog):
    with Peer() as peer:
        catalog.create(network("orders", peer.port))
        done = catalog.run("test", "ordres")
        assert done.returncode == 2 and done.stdout == "", done
        assert 'no connection "ordres"' in done.stderr and "did you mean orders ?" in done.stderr
        done = catalog.run("test", "orders", "ordres", "-o", "json")
        first, second = json.loads(done.stdout)["tests"]
        assert done.returncode == 2 and first["status"] == "ok" and "ordres" in done.stderr
        assert (second["name"], second["stage"], second["code"]) == ("ordres", "input", "INVALID_INPUT")
        done = catalog.run("test", "n" * 256)
        assert done.returncode == 2 and "256 bytes" in done.stderr


@pytest.mark.parametrize("arguments", [["a", "--input", "-"], ["--all", "--input", "-"], ["a", "--all"], ["a", "--type", "JDBC"],
                                       ["--match", "x", "--input", "-"], [], ["a", "--catalog", "x"]])
@pytest.mark.parametrize("command", ["test", "wait"])
def test_wrong_usage(catalog, command, arguments):
    done = catalog.run(command, *arguments, stdin="{}")
    assert done.returncode == 2 and done.stdout == "" and f"testconn {command}: " in done.stderr, done


def test_a_request_of_test_connection_may_name_it(catalog):
    catalog.create(network("net", free_port()))
    done = catalog.run("test", "--input", "-", "-o", "json", stdin='{"ConnectionName": "net"}')
    assert json.loads(done.stdout)["tests"][0]["code"] == "CONNECT_REFUSED"
    assert catalog.get("net")["Status"] == "FAILED"
    done = catalog.run("test", "--input", "-", stdin='{"ConnectionName": "nett"}')
    assert done.returncode == 2 and "did you mean net" in done.stderr


def test_variables_are_put_in_when_it_is_tested(catalog):
    definition = pg(free_port())
    definition["ConnectionProperties"]["PASSWORD"] = "${env:ORDERS_PASSWORD}"
    catalog.create(definition)
    done = catalog.run("test", "orders")
    assert done.returncode == 2 and "variable ORDERS_PASSWORD" in done.stdout
    done = catalog.run("test", "orders", "-o", "json", environment={"ORDERS_PASSWORD": CANARY})
    assert json.loads(done.stdout)["tests"][0]["code"] == "CONNECT_REFUSED"
    assert CANARY.encode() not in catalog.bytes()
    assert "${env:ORDERS_PASSWORD}" in catalog.connections("get", "orders").stdout, "a reference is no secret"


def test_a_file_is_tested_without_any_catalog(catalog):
    catalog.path.write_text("no catalog")
    before = catalog.path.stat()
    done = catalog.run("test", "--input", "-", stdin=json.dumps(network("net", free_port())))
    assert done.returncode == 1 and "CONNECT_REFUSED" in done.stdout
    assert catalog.path.stat().st_atime_ns == before.st_atime_ns


@pytest.mark.parametrize("spoil, code", [
    (lambda catalog: catalog.key.unlink(), "DECRYPT_FAILED"),
    (lambda catalog: catalog.key.chmod(0o644), "DECRYPT_FAILED"),
    (lambda catalog: catalog.path.write_text("nonsense"), "FILE_UNREADABLE"),
])
def test_a_catalog_that_cannot_be_used_is_told_as_a_report(catalog, spoil, code):
    catalog.create(pg(free_port()))
    spoil(catalog)
    done = catalog.run("test", "orders", "-o", "json")
    report = json.loads(done.stdout)["tests"][0]
    assert (done.returncode, report["name"], report["stage"], report["code"]) == (1, "orders", "credentials", code)
    assert str(catalog.path) in report["reason"]
    assert catalog.run("test", "--all", "-o", "json").returncode == 1
    done = catalog.run("wait", "orders", "--wait", "5s", "--", "echo", "ran")
    assert done.returncode == 1 and code in done.stdout and "ran" not in done.stdout


def held(go):
    """A PostgreSQL that keeps its client waiting until the event GO, then is gone."""
    def answer(connection, number):
        connection.recv(8, socket.MSG_WAITALL)
        go.wait(10)
    return answer


@pytest.mark.parametrize("change", ["update", "delete", "recreate"])
def test_a_connection_that_changed_during_its_test_is_not_overwritten(catalog, change):
    go = threading.Event()
    with Peer(answer=held(go)) as peer:
        catalog.create(pg(peer.port))
        process = catalog.start("test", "orders", "-o", "json")
        wait_until(lambda: peer.seen, 10, "the connection")
        if change == "update":
            catalog.connections("update", document=pg(peer.port))
        else:
            catalog.connections("delete", "orders")
        if change == "recreate":
            catalog.create(pg(peer.port))
        go.set()
        output, errors = process.communicate(timeout=20)
    report = json.loads(output)["tests"][0]
    assert report["status"] == "failed" and [finding["rule"] for finding in report["findings"]][-1] == "connection-changed", report
    assert process.returncode == 1 and errors == ""
    if change == "delete":
        assert catalog.names() == []
    else:
        assert "LastConnectionValidationTime" not in catalog.get("orders")


def test_what_we_broke_ourselves_is_no_status(catalog):
    """A driver that crashes is our fault, and says nothing about the connection."""
    catalog.create(jdbc("net", HOST="127.0.0.1", PORT="5432", JDBC_ENGINE="misbehave", DATABASE="exit", USERNAME="u", PASSWORD="p"))
    done = catalog.run("test", "net", "--drivers", BUILD / "tests" / "drivers")
    assert done.returncode == 3 and "WORKER_CRASHED" in done.stdout
    assert "LastConnectionValidationTime" not in catalog.get("net") and catalog.get("net")["Status"] == "READY"


def test_a_locked_catalog_delays_no_verdict_and_the_status_comes_later(catalog):
    catalog.create(network("net", free_port()))
    holder = sqlite3.connect(catalog.path, isolation_level=None, check_same_thread=False)
    holder.execute("begin immediate")
    process = catalog.start("test", "net")
    began = time.monotonic()
    assert "CONNECT_REFUSED" in process.stdout.readline()
    assert time.monotonic() - began < 3
    time.sleep(0.3)
    holder.execute("rollback")
    holder.close()
    assert process.wait(10) == 1 and process.stderr.read() == ""
    assert catalog.get("net")["Status"] == "FAILED"


def test_a_status_that_cannot_be_written_is_told_and_changes_no_verdict(catalog):
    catalog.create(network("net", free_port()))
    holder = sqlite3.connect(catalog.path, isolation_level=None)
    holder.execute("begin immediate")
    done = catalog.run("test", "net")
    holder.close()
    assert done.returncode == 1 and "CONNECT_REFUSED" in done.stdout
    assert 'status of "net" was not written' in done.stderr


# --- wait

LINE = re.compile(r"^(\S+) +(waiting|ok|FAILED) +(\S+(?: ms)?) +(.*?) +(\d+(?:\.\d)? s)$")


def lines(output):
    parsed = [LINE.match(line) for line in output.splitlines()]
    assert all(parsed), output
    return [match.groups() for match in parsed]


def test_wait_tells_each_change_of_state_and_then_runs_the_command(catalog):
    port = free_port()
    catalog.create(pg(port))
    process = catalog.start("wait", "orders", "--wait", "20s", "--", "/bin/sh", "-c", "echo ran; exit 7")
    first = process.stdout.readline()
    assert LINE.match(first).groups()[:3] == ("orders", "waiting", "tcp")
    refusing = Refusing(STARTING, STARTING, STARTING, WRONG)
    with Peer(port, refusing):
        output, errors = process.communicate(timeout=30)
        told = lines(output)
        assert [line[1:3] for line in told] == [("waiting", "login"), ("FAILED", "login")], output
        assert "SERVER_STARTING" in told[0][3] and "starting up" in told[0][3]
        assert "LOGIN_REFUSED" in told[1][3] and "(waiting cannot help)" in told[1][3]
        assert process.returncode == 1 and errors == "" and refusing.logins == 4, "none after the refusal"
    assert catalog.get("orders")["Status"] == "FAILED" and CANARY not in output


def test_wait_of_several_ends_when_all_are_there(catalog):
    ports = [free_port(), free_port()]
    catalog.create(network("a", ports[0]), network("b", ports[1]))
    process = catalog.start("wait", "a", "b", "--wait", "20s", "--", "/bin/sh", "-c", "echo ran; exit 7")
    assert {LINE.match(process.stdout.readline()).group(1) for _ in range(2)} == {"a", "b"}
    with Peer(ports[0]):
        assert LINE.match(process.stdout.readline()).groups()[:2] == ("a", "ok")
        with Peer(ports[1]):
            output, errors = process.communicate(timeout=30)
    told, _, rest = output.partition("\n")
    assert LINE.match(told).groups()[:2] == ("b", "ok") and rest == "ran\n"
    assert process.returncode == 7 and errors == ""
    assert {catalog.get(name)["Status"] for name in "ab"} == {"READY"}
    assert running(PROGRAM) == []


def test_the_deadline_is_kept_and_told(catalog):
    catalog.create(network("net", free_port()))
    began = time.monotonic()
    done = catalog.run("wait", "net", "--wait", "2s", "--", "echo", "ran")
    took = time.monotonic() - began
    assert done.returncode == 124 and 1.95 <= took < 3, took
    told = lines(done.stdout)
    assert [line[1] for line in told] == ["waiting", "FAILED"] and "CONNECT_REFUSED" in told[1][3]
    attempts = int(re.search(r"gave up after (\d+) attempts", told[1][3]).group(1))
    assert 4 <= attempts <= 12 and "ran" not in done.stdout
    assert catalog.get("net")["Status"] == "FAILED"


def test_a_silent_service_does_not_move_the_deadline(catalog):
    with Peer(answer=lambda connection, number: time.sleep(30)) as peer:
        catalog.create(pg(peer.port))
        began = time.monotonic()
        done = catalog.run("wait", "orders", "--wait", "1500ms", "--timeout", "10s")
        assert done.returncode == 124 and 1.4 < time.monotonic() - began < 2.5
        assert "TIMED_OUT" in done.stdout and running(PROGRAM) == []


@pytest.mark.parametrize("definition, code, exit_code", [
    (lambda: pg(1, JDBC_ENFORCE_SSL="maybe"), "INVALID_INPUT", 2),
    (lambda: {"Name": "h", "ConnectionType": "HUBSPOT", "ConnectionProperties": {}}, "UNSUPPORTED_TYPE", 2),
])
def test_what_waiting_cannot_help_ends_it_at_once(catalog, definition, code, exit_code):
    began = time.monotonic()
    done = catalog.run("wait", "--input", "-", "--wait", "20s", "--", "echo", "ran",
                       stdin=json.dumps([definition(), network("net", free_port())]))
    assert done.returncode == exit_code and code in done.stdout and "ran" not in done.stdout, done
    assert time.monotonic() - began < 5


def test_a_name_that_is_not_there_ends_it_at_once(catalog):
    catalog.create(network("net", free_port()))
    done = catalog.run("wait", "net", "nett", "--wait", "20s", "--", "echo", "ran")
    assert done.returncode == 2 and done.stdout == "" and "did you mean net" in done.stderr


def test_the_command_gets_the_users_own_environment_signals_and_descriptors(catalog):
    script = ("import os, signal, sys; print(os.environ['MINE'], signal.getsignal(signal.SIGPIPE) is None or "
              "open('/proc/self/status').read().split('SigIgn:')[1].split()[0], sorted(os.listdir('/proc/self/fd'))[:3], "
              "len(os.listdir('/proc/self/fd')), sys.stdin.read(), os.getpid())")
    plain = subprocess.Popen(["/bin/sh", "-c", f'exec python3 -c "{script}"'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             text=True, env={**os.environ, "MINE": "a b"})
    expected, _ = plain.communicate("input")
    with Peer() as peer:
        catalog.create(network("net", peer.port))
        catalog.environment["MINE"] = "a b"
        process = catalog.start("wait", "net", "--quiet", "--", "python3", "-c", script)
        output, errors = process.communicate("input", timeout=20)
    assert output.split()[:-1] == expected.split()[:-1], (output, expected, errors)
    assert int(output.split()[-1]) == process.pid, "it took our place"


@pytest.mark.parametrize("command, code", [("/nonexistent/command", 127), ("/etc/passwd", 126), ("/", 126)])
def test_a_command_that_cannot_be_run(catalog, command, code):
    with Peer() as peer:
        done = catalog.run("wait", "--input", "-", "--", command, stdin=json.dumps(network("net", peer.port)))
    assert done.returncode == code and command in done.stderr


def test_options_behind_the_dashes_are_the_commands(catalog):
    with Peer() as peer:
        done = catalog.run("wait", "--input", "-", "-q", "--", "echo", "--help", "--", "-x",
                           stdin=json.dumps(network("net", peer.port)))
    assert (done.returncode, done.stdout) == (0, "--help -- -x\n"), done
    assert catalog.run("wait", "--input", "-", "--").returncode == 2


@pytest.mark.parametrize("how, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_the_waiting(catalog, how, code):
    catalog.create(network("net", free_port()))
    process = catalog.start("wait", "net", "--wait", "30s")
    process.stdout.readline()
    process.send_signal(how)
    assert process.wait(5) == code
    wait_until(lambda: running(PROGRAM) == [], 3, "the end of all processes")


@pytest.mark.parametrize("how, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_a_whole_report(catalog, how, code):
    """What was seen of one stays, the other is skipped: both are counted."""
    with Silent() as silent:
        catalog.create(network("net", free_port()))
        catalog.create(pg(silent.port))
        for output in ("json", "text"):
            process = catalog.start("wait", "net", "orders", "--wait", "30s", "-o", output)
            wait_until(lambda: len(silent.visitors) > 0, 5, "the connection")
            time.sleep(0.3)  # both are seen to wait
            process.send_signal(how)
            text = process.communicate(timeout=5)[0]
            silent.visitors.clear()
            assert process.returncode == code
            if output == "json":
                document = json.loads(text)
                assert [test["status"] for test in document["tests"]] == ["failed", "skipped"], document
                assert (document["summary"]["failed"], document["summary"]["skipped"]) == (1, 1)
            else:
                assert "orders  skipped" in text and "net" in text.splitlines()[0], text


def test_one_that_waiting_cannot_help_leaves_the_others_counted(catalog):
    with Silent() as silent:
        done = catalog.run("wait", "--input", "-", "-o", "json", "--wait", "20s",
                           stdin=json.dumps([pg(silent.port), pg(1, name="bad", JDBC_ENFORCE_SSL="maybe")]))
    document = json.loads(done.stdout)
    assert done.returncode == 2 and [test["status"] for test in document["tests"]] == ["skipped", "failed"], document
    assert (document["summary"]["failed"], document["summary"]["skipped"]) == (1, 1)


def test_the_json_of_wait_counts_attempts(catalog):
    catalog.create(network("net", free_port()))
    done = catalog.run("wait", "net", "--wait", "1s", "-o", "json")
    report = json.loads(done.stdout)["tests"][0]
    assert done.returncode == 124 and report["attempts"] > 2 and report["code"] == "CONNECT_REFUSED" and report["retryable"]
