# SPDX-License-Identifier: Apache-2.0
"""What the network does to a connection, and whether the report says it: routers, filters, path MTU."""
import json
import os
import subprocess

import pytest

from support.lab import SERVER, Lab
from support.program import PROGRAM, ROOT, certificates, jdbc

ENFORCED = {"JDBC_ENFORCE_SSL": "true", "CUSTOM_JDBC_CERT": str(certificates() / "ca.pem"),
            "CUSTOM_JDBC_CERT_STRING": "localhost"}
PORT = 5432


@pytest.fixture(scope="module")
def lab():
    if os.geteuid() != 0:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("network namespaces need root")
    with Lab() as running:
        yield running


@pytest.fixture
def peer(lab):
    def start(name, port=PORT):
        process = lab.spawn("server", "/usr/bin/python3", ROOT / "tests" / "support" / "bad_peer_main.py", name, SERVER, port,
                            stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "ready\n"
    started = []
    yield start
    for process in started:
        process.kill()
        process.wait()


def ask(lab, *arguments, port=PORT, timeout="3s", host=SERVER, properties=None):
    definition = jdbc(JDBC_CONNECTION_URL=f"jdbc:postgresql://{host}:{port}/orders", USERNAME="app", PASSWORD="pw",
                      **(properties or ENFORCED))
    done = subprocess.run(lab.inside("client", PROGRAM, "test", "--input", "-", "-o", "json", "--timeout", timeout, *arguments),
                          input=json.dumps(definition), capture_output=True, text=True)
    report = json.loads(done.stdout)["tests"][0]
    assert report["duration_ms"] < 3300
    return report


def expect(report, code, stage, *words):
    assert (report["code"], report["stage"]) == (code, stage), report
    for word in words:
        assert word in report["reason"], (word, report["reason"])


def test_silence_names_the_hop_behind_which_packets_are_dropped(lab):
    undo = lab.filter("r2", f"tcp dport {PORT} drop")
    try:
        expect(ask(lab), "TIMED_OUT", "tcp", "10.71.1.2", "10.71.2.2", "behind 10.71.2.2 it is dropped", SERVER)
    finally:
        undo()


@pytest.mark.parametrize("how, words", [
    ("reject with icmpx type admin-prohibited", ["10.71.2.2", "administratively prohibited"]),
    ("reject with icmp type host-unreachable", ["10.71.2.2", "the host does not answer"]),
    ("reject with icmp type net-unreachable", ["10.71.2.2", "no route to the network"]),
])
def test_a_rejection_names_who_rejects(lab, how, words):
    undo = lab.filter("r2", f"tcp dport {PORT} {how}")
    try:
        expect(ask(lab), "CONNECT_UNREACHABLE", "tcp", *words)
    finally:
        undo()


def test_a_reset_of_a_filter_is_a_refusal(lab):
    undo = lab.filter("r2", f"tcp dport {PORT} reject with tcp reset")
    try:
        expect(ask(lab), "CONNECT_REFUSED", "tcp", SERVER)
    finally:
        undo()


def test_a_closed_port_behind_routers(lab):
    expect(ask(lab), "CONNECT_REFUSED", "tcp", SERVER)


def test_no_route_at_all(lab):
    lab.run("client", "ip", "route", "del", "default")
    try:
        expect(ask(lab), "CONNECT_UNREACHABLE", "tcp", "Network is unreachable")
    finally:
        lab.run("client", "ip", "route", "add", "default", "via", "10.71.1.2")


def test_a_host_that_is_not_there(lab):
    report = ask(lab, host="10.71.3.77")
    assert report["stage"] == "tcp" and report["code"] in ("CONNECT_UNREACHABLE", "TIMED_OUT")
    assert "10.71.2.2" in report["reason"], report["reason"]


def test_a_silent_service_is_told_from_a_silent_network(lab, peer):
    peer("tls-good-then-silent")
    expect(ask(lab, timeout="2s"), "TIMED_OUT", "login", "said nothing", "the network is fine")


def test_packets_too_large_for_the_path_coming_in(lab, peer):
    """The server's certificate flight vanishes: the way back has a smaller MTU, and nobody says so."""
    peer("tls-long-chain")
    undo = lab.filter("r2", f"tcp sport {PORT} meta length > 1000 drop")
    try:
        report = ask(lab)
        expect(report, "TIMED_OUT", "tls", "path MTU")
        assert "MSS" in report["remedy"] or "MTU" in report["remedy"]
    finally:
        undo()


def test_packets_too_large_for_the_path_going_out(lab, peer):
    """Our TLS ClientHello vanishes; the small SSLRequest before it was acknowledged."""
    peer("tls-good-then-silent")
    undo = lab.filter("r2", f"tcp dport {PORT} meta length > 200 drop")
    try:
        expect(ask(lab), "TIMED_OUT", "tls", "path MTU", "acknowledged our small packets")
    finally:
        undo()


def test_a_path_that_dies_after_the_handshake(lab, peer):
    peer("tls-good-then-silent")
    undo = lab.filter("r2", f"tcp dport {PORT} tcp flags & syn == 0 meta length > 59 drop")  # what carries data
    try:
        expect(ask(lab), "TIMED_OUT", "tls", "acknowledged nothing more")
    finally:
        undo()


def test_trace_shows_the_path_on_success_too(lab, peer):
    peer("ssh")
    definition = {"Name": "n", "ConnectionType": "NETWORK", "ConnectionProperties": {"HOST": SERVER, "PORT": str(PORT)}}
    done = subprocess.run(lab.inside("client", PROGRAM, "test", "--input", "-", "-o", "json", "--trace"),
                          input=json.dumps(definition), capture_output=True, text=True)
    report = json.loads(done.stdout)["tests"][0]
    assert report["status"] == "ok", report
    assert report["stages"][-1]["facts"]["path"] == ["1 10.71.1.2", "2 10.71.2.2", f"3 {SERVER}"]


def test_a_silent_resolver_is_told_as_one(lab):
    """A resolv.conf of its own names a server that does not answer."""
    folder = f"/etc/netns/{lab.name('client')}"
    subprocess.run(["mkdir", "-p", folder], check=True)
    try:
        with open(f"{folder}/resolv.conf", "w") as file:
            file.write("nameserver 10.71.3.53\n")
        undo = lab.filter("r1", "udp dport 53 drop")
        report = ask(lab, host="db.example", timeout="2s")
        undo()
        expect(report, "DNS_UNAVAILABLE", "dns", "db.example", "10.71.3.53")
        assert report["retryable"] is True
    finally:
        subprocess.run(["rm", "-r", folder], check=True)
