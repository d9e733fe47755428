# SPDX-License-Identifier: Apache-2.0
"""What the network does to a connection, and whether the report says it: routers, filters, path MTU."""
import json
import os
import re
import subprocess

import pytest

from support.lab import SERVER, Lab
from support.namespaces import need_root
from support.program import PROGRAM, ROOT, certificates, jdbc

ENFORCED = {"JDBC_ENFORCE_SSL": "true", "CUSTOM_JDBC_CERT": str(certificates() / "ca.pem"),
            "CUSTOM_JDBC_CERT_STRING": "localhost"}
PORT = 5432


@pytest.fixture(scope="module")
def lab():
    need_root()
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


@pytest.fixture
def hosts(lab):
    """Names in the client's own hosts file."""
    folder = f"/etc/netns/{lab.name('client')}"
    os.makedirs(folder)

    def write(**names):
        with open(f"{folder}/hosts", "w") as file:
            file.writelines(f"{address} {name}\n" for name, addresses in names.items() for address in addresses)
    yield write
    subprocess.run(["rm", "-r", folder], check=True)


def reach(lab, host, port=PORT, timeout="5s"):
    definition = {"Name": "n", "ConnectionType": "NETWORK", "ConnectionProperties": {"HOST": host, "PORT": str(port)}}
    done = subprocess.run(lab.inside("client", PROGRAM, "test", "--input", "-", "-o", "json", "--timeout", timeout),
                          input=json.dumps(definition), capture_output=True, text=True)
    report = json.loads(done.stdout)["tests"][0]
    tcp = {stage["name"]: stage for stage in report["stages"]}["tcp"]
    return report, tcp["facts"], {one["address"]: one["outcome"] for one in tcp["facts"]["addresses"]}


def test_a_dead_address_beside_a_living_one_is_a_finding(lab, peer, hosts):
    peer("ssh")
    hosts(both=["10.71.3.77", SERVER])
    undo = lab.filter("r2", "ip daddr 10.71.3.77 drop")
    try:
        report, facts, outcomes = reach(lab, "both")
    finally:
        undo()
    assert report["status"] == "ok" and outcomes == {"10.71.3.77": "no answer", SERVER: "connected"}, report
    assert facts["speaks"] == "SSH" and facts["address"] == SERVER == report["target"]["address"]
    dead = next(one for one in facts["addresses"] if one["address"] == "10.71.3.77")
    assert dead["code"] == "TIMED_OUT" and dead["waited_ms"] < 2000
    [finding] = [finding for finding in report["findings"] if finding["rule"] == "address-failed"]
    assert finding["severity"] == "warning" and "10.71.3.77 does not answer" in finding["message"]
    assert "behind 10.71.2.2 it is dropped" in finding["message"] and SERVER in finding["message"]
    assert report["duration_ms"] < 3000  # not the whole of the time for an address that is dead


def test_each_address_has_its_own_outcome_and_none_waits_for_the_other(lab, peer, hosts):
    peer("silent")
    hosts(three=["10.71.3.77", "10.71.2.2", SERVER, "10.71.2.1"])
    undo = lab.filter("r2", "ip daddr 10.71.3.77 reject with icmpx type admin-prohibited")
    try:
        report, facts, outcomes = reach(lab, "three")
    finally:
        undo()
    assert outcomes == {"10.71.3.77": "unreachable", "10.71.2.2": "refused", SERVER: "connected", "10.71.2.1": "refused"}
    rejected = next(one for one in facts["addresses"] if one["address"] == "10.71.3.77")
    assert rejected["rejected_by"] == "10.71.2.2" and rejected["code"] == "CONNECT_UNREACHABLE"
    assert sum(finding["rule"] == "address-failed" for finding in report["findings"]) == 3
    assert facts["silent"] is True and report["duration_ms"] < 1500


def test_more_addresses_than_are_tried_are_told(lab, peer, hosts):
    peer("ssh")
    hosts(many=[SERVER] + [f"10.71.2.{last}" for last in range(100, 140)])
    report, facts, outcomes = reach(lab, "many", timeout="2s")
    assert report["status"] == "ok" and len(outcomes) == 32 and outcomes[SERVER] == "connected"
    assert "41 addresses; 9 of them" in next(f["message"] for f in report["findings"] if f["rule"] == "addresses-left-out")


def test_where_no_address_answers_all_are_named(lab, hosts):
    hosts(none=[SERVER, "10.71.2.1"])
    report, _, outcomes = reach(lab, "none")
    expect(report, "CONNECT_REFUSED", "tcp", SERVER, "10.71.2.1", "none")
    assert set(outcomes.values()) == {"refused"}


def test_ipv6_and_ipv4_side_by_side(lab, peer, hosts):
    peer("ssh")
    hosts(dual=["2001:db8:71::7", SERVER])
    report, facts, outcomes = reach(lab, "dual")
    assert report["status"] == "ok" and outcomes == {"2001:db8:71::7": "unreachable", SERVER: "connected"}, report
    [finding] = [finding for finding in report["findings"] if finding["rule"] == "address-failed"]
    assert finding["severity"] == "note" and "no route" in finding["message"]  # this host has no IPv6 at all
    lab.run("client", "ip", "addr", "add", "2001:db8:71::7/128", "dev", "lo", "nodad")
    try:
        report, facts, outcomes = reach(lab, "dual")
        assert outcomes == {"2001:db8:71::7": "refused", SERVER: "connected"}
        process = lab.spawn("client", "/usr/bin/python3", ROOT / "tests" / "support" / "bad_peer_main.py", "smtp",
                            "2001:db8:71::7", PORT, stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == "ready\n"
        report, facts, outcomes = reach(lab, "dual")
        assert set(outcomes.values()) == {"connected"} and report["findings"] == []
        spoken = {one["address"]: one["speaks"] for one in facts["addresses"]}
        assert spoken == {"2001:db8:71::7": "SMTP", SERVER: "SSH"}
        process.kill()
    finally:
        lab.run("client", "ip", "addr", "del", "2001:db8:71::7/128", "dev", "lo")


def test_the_text_tells_addresses_and_path(lab, peer, hosts):
    peer("ssh")
    hosts(both=["10.71.2.1", SERVER])
    definition = {"Name": "n", "ConnectionType": "NETWORK", "ConnectionProperties": {"HOST": "both", "PORT": str(PORT)}}
    text = subprocess.run(lab.inside("client", PROGRAM, "test", "--input", "-", "-v", "--trace"),
                          input=json.dumps(definition), capture_output=True, text=True).stdout
    assert "1 of 2 addresses answer" in text and "speaks SSH" in text and "3 hops away" in text, text
    assert "10.71.2.1 refused" in text, text
    # Routers limit how many errors they send: a hop may be missing, the ends are not.
    assert re.search(rf"path: 1 (10\.71\.1\.2|\*), 2 (10\.71\.2\.2|\*), 3 {re.escape(SERVER)}", text), text


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
