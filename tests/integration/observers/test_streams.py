# SPDX-License-Identifier: Apache-2.0
"""kit/stream, alone and many side by side: each connection gets the verdict of its own, in time."""
import json
import ssl
import subprocess
import time

import pytest

from support import bad_peer
from support.processes import free_port
from support.program import BUILD, certificates

CERTIFICATES = certificates()


def answers(connection):
    if connection.recv(5) == b"hello":
        connection.sendall(b"world")
    bad_peer.hold(connection)


def secured(name, **options):
    """A TLS peer that answers the greeting."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{name}.pem", CERTIFICATES / f"{name}.key")
    if options.get("client_ca"):
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(CERTIFICATES / "ca.pem")

    def behave(connection):
        with context.wrap_socket(connection, server_side=True) as inside:
            answers(inside)
    return behave


def half(connection):
    connection.recv(5)
    connection.sendall(b"wo")


PLAIN = {
    "answers": (answers, "login", "NONE", ""),
    "silent": (bad_peer.hold, "login", "TIMED_OUT", "waiting for its answer to the greeting"),
    "closes": (bad_peer.closes, "login", "CONNECTION_CLOSED", "while we waited for"),
    "closes by half": (half, "login", "CONNECTION_CLOSED", "closed the connection"),
    "resets": (bad_peer.resets, "login", "CONNECTION_CLOSED", "reset the connection"),
}

SECURED = {
    "answers": (secured("good"), "login", "NONE", ""),
    "expired": (secured("expired"), "tls", "TLS_EXPIRED", "2021-01-01"),
    "wrong name": (secured("wrong-name"), "tls", "TLS_NAME_MISMATCH", "db.internal.example"),
    "other CA": (secured("other"), "tls", "TLS_UNTRUSTED", "Other CA"),
    "client certificate": (secured("good", client_ca=True), "tls", "TLS_CLIENT_CERT_REQUIRED", "client certificate"),
    "no TLS": (bad_peer.after_request(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "tls", "WRONG_PROTOCOL", "HTTP"),
    "silent": (bad_peer.hold, "tls", "TIMED_OUT", "the TLS handshake"),
    "closes": (bad_peer.closes_after_reading, "tls", "CONNECTION_CLOSED", "closed the connection"),
    "resets": (bad_peer.tls("good"), "login", "TIMED_OUT", "answer to the greeting"),
}


def stream(mode, host, *ports):
    done = subprocess.run([BUILD / "tests" / "streamed", mode, CERTIFICATES / "ca.pem", host, *map(str, ports)],
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("mode, cases", [("plain", PLAIN), ("tls", SECURED)])
def test_many_side_by_side_get_each_their_own_verdict(mode, cases):
    with bad_peer.Peers({name: case[0] for name, case in cases.items()}) as peers:
        began = time.monotonic()
        closed = free_port()
        lines = stream(mode, "localhost", *peers.port.values(), closed, *peers.port.values())
        assert time.monotonic() - began < 4
    for line, (name, (_, stage, code, words)) in zip(lines, [*cases.items(), ("closed", (None, "tcp", "CONNECT_REFUSED", "refused")), *cases.items()]):
        assert (line["stage"], line["code"]) == (stage, code), (name, line)
        assert words in line["reason"], (name, line)
        assert line["ok"] is (code == "NONE")
        # whose fault it was: the port is in the words
        assert code == "NONE" or str(line["port"]) in line["reason"], line
        assert line["address"] == ("" if name == "closed" else "127.0.0.1")


@pytest.mark.parametrize("name", PLAIN)
def test_one_alone_is_told_as_the_test(name):
    behave, stage, code, words = PLAIN[name]
    with bad_peer.Peers({"peer": behave}) as peers:
        lines = stream("plain", "127.0.0.1", peers.port["peer"])
    assert [line["stage"] for line in lines if set(line) == {"stage", "at"}] == ["dns", "tcp", "login"]
    assert lines[-1].get("code", "NONE") == code
    assert words in lines[-1].get("reason", "")


def test_no_address_and_no_name():
    assert stream("plain", "no-such-name.invalid", 1)[-1]["code"] in ("DNS_NOT_FOUND", "DNS_UNAVAILABLE")
    lines = stream("tls", "::1", free_port())
    assert (lines[-1]["stage"], lines[-1]["code"]) == ("tcp", "CONNECT_REFUSED")
