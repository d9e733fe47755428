# SPDX-License-Identifier: Apache-2.0
"""What answers on an open port, with real servers; and that they mind nothing of what is said to them."""
import json
import socket
import subprocess
import time

import pytest

from support.mysql import MariaDB
from support.namespaces import need_root
from support.postgresql import PostgreSQL
from support.processes import wait_until
from support.program import verdict
from support.services import Services


@pytest.fixture(scope="module")
def services():
    need_root()
    with Services() as running:
        yield running


def definition(port, host="127.0.0.1"):
    return {"Name": "n", "ConnectionType": "NETWORK", "ConnectionProperties": {"HOST": host, "PORT": str(port)}}


def is_free(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) != 0


def ask(services, port):
    done = services.test(json.dumps(definition(port)), "-o", "json")
    report = json.loads(done.stdout)["tests"][0]
    assert report["status"] == "ok" and done.returncode == 0, report
    return report, {stage["name"]: stage["facts"] for stage in report["stages"]}["tcp"]


@pytest.mark.parametrize("port, speaks, words", [
    (22, "SSH", "SSH-2.0-OpenSSH"), (2222, "SSH", "SSH-2.0-OpenSSH"),
    (6379, "Redis", "+PONG"), (7001, "Redis", "-ERR unknown command"),
    (80, "HTTP", "nginx"), (8090, "HTTP", "nginx"), (443, "TLS", ""), (8490, "TLS", ""),
    (143, "IMAP", "Dovecot"), (110, "POP3", "Dovecot"),
])
def test_each_service_is_named(services, port, speaks, words):
    report, facts = ask(services, port)
    assert facts.get("speaks") == speaks, facts
    assert words in json.dumps(facts)
    assert facts["addresses"][0]["outcome"] == "connected"
    if speaks == "TLS":
        assert report["tls"]["chain"][0]["subject"] == "CN=localhost" and report["tls"]["verified"] is False
        assert "certificate-not-verified" in {finding["rule"] for finding in report["findings"]}
    text = services.test(json.dumps(definition(port))).stdout
    assert f"speaks {speaks}" in text, text


def test_a_silent_service_on_the_port_of_one_that_greets_hears_nothing(services):
    code = ("import socket; l = socket.create_server(('127.0.0.1', 3306)); print('ready', flush=True); c, _ = l.accept(); "
            "print(c.recv(100), flush=True)")
    process = subprocess.Popen(services.inside("/usr/bin/python3", "-c", code), stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    report, facts = ask(services, 3306)
    assert facts["silent"] is True and [finding["rule"] for finding in report["findings"]] == ["nothing-was-said"]
    assert process.communicate(timeout=10)[0] == "b''\n"


@pytest.mark.parametrize("port, greeting, speaks", [
    (3306, "J\\0\\0\\0\\n8.4.0\\0" + "x" * 68, "MySQL"), (13306, "J\\0\\0\\0\\n8.4.0\\0" + "x" * 68, "MySQL"),
    (22222, "SSH-2.0-OpenSSH_9.2\\r\\n", "SSH"), (5900, "RFB 003.008\\n", "VNC"), (25, "220 mx.example ESMTP\\r\\n", "SMTP"),
])
def test_a_late_greeting_is_waited_for_where_it_may_come(port, greeting, speaks, services):
    """As of a server that looks our name up; it hears nothing from us."""
    code = (f"import socket, time; l = socket.create_server(('127.0.0.1', {port})); print('ready', flush=True); c, _ = l.accept(); "
            f"time.sleep(0.1); c.sendall(b'{greeting}'); print(c.recv(100), flush=True)")
    process = subprocess.Popen(services.inside("/usr/bin/python3", "-c", code), stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    _, facts = ask(services, port)
    assert facts.get("speaks") == speaks, facts
    assert process.communicate(timeout=10)[0] == "b''\n"


def test_the_logs_of_the_services_hold_no_complaint(services):
    for port in (22, 2222, 6379, 7001, 80, 8090, 443, 8490, 143, 110):
        ask(services, port)
    for name in ("redis-6379.log", "redis-7001.log"):
        assert "SECURITY" not in services.log(name)
    assert "invalid" not in services.log("sshd.log") and "Bad protocol" not in services.log("sshd.log")
    assert "[error]" not in services.log("nginx.error") and "[crit]" not in services.log("nginx.error")


@pytest.mark.parametrize("certificate", [None, "good"])
def test_postgresql_is_named_and_logs_nothing(certificate, monkeypatch):
    monkeypatch.setattr("support.server.free_port", lambda: next(filter(is_free, (5439, 6432, 5433, 5432))))
    with PostgreSQL(certificate) as server:
        before = (server.folder / "log").read_text()
        report = verdict(definition(server.port))
        facts = {stage["name"]: stage["facts"] for stage in report["stages"]}["tcp"]
        assert facts["speaks"] == "PostgreSQL" and facts["tls_offered"] is bool(certificate), facts
        assert ("tls" in report) is bool(certificate)
        time.sleep(0.2)  # a complaint would be written as soon as the connection is closed
        assert (server.folder / "log").read_text() == before


def test_mysql_hears_one_connection_and_the_report_says_that_it_counts():
    with MariaDB() as server:
        def connections():
            status = subprocess.run(["mariadb", "--no-defaults", "-u", "root", "-S", server.folder / "socket", "-Ne",
                                     "show global status like 'Aborted_connects'"], capture_output=True, text=True).stdout
            return int(status.split()[1])
        before = connections()
        report = verdict(definition(server.port))
        facts = {stage["name"]: stage["facts"] for stage in report["stages"]}["tcp"]
        assert facts["speaks"] == "MySQL" and "MariaDB" in facts["version"], facts
        assert "mysql-counts-connections" in {finding["rule"] for finding in report["findings"]}
        wait_until(lambda: connections() == before + 1, 5, "the one connection that counts")


def test_the_name_is_verified_where_the_root_is_known(services):
    report = json.loads(services.test(json.dumps(definition(443, "localhost")), "-o", "json").stdout)["tests"][0]
    messages = " ".join(finding["message"] for finding in report["findings"])
    assert "TLS_UNTRUSTED" in messages and "TLS_NAME_MISMATCH" not in messages
