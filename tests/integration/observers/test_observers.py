# SPDX-License-Identifier: Apache-2.0
"""Both observers under every client library that Debian has of the drivers there are and are to come.

The libraries verify nothing here: what is refused, the observer refused.
"""
import json
import struct
import subprocess

import pytest

from support import bad_peer
from support.processes import free_port
from support.program import BUILD, certificates

CERTIFICATES = certificates()
LIBRARIES = ["libpq", "libmariadb", "librdkafka", "libmongoc", "libcurl"]


def mysql_then(tls):
    """MySQL's greeting with the TLS bit, the client's request for TLS, then the handshake."""
    def behave(connection):
        greeting = b"\x0a8.0.36\0\x08\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\x15" + b"\0" * 10 + b"ijklmnopqrst\0mysql_native_password\0"
        connection.sendall(struct.pack("<I", len(greeting))[:3] + b"\0" + greeting)
        connection.recv(36)
        tls(connection)
    return behave


def peer(library, certificate, **options):
    tls = bad_peer.tls(certificate, **options)
    if library == "libpq":
        return bad_peer.ssl_request(b"S", tls)
    return mysql_then(tls) if library == "libmariadb" else tls


def observe(library, host, port, ca="ca.pem"):
    done = subprocess.run([BUILD / "tests" / "observed", BUILD / "tests" / f"observed_{library}.so", host, str(port),
                           CERTIFICATES / ca], capture_output=True, text=True, timeout=20)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert lines, done
    return lines


def value(lines, key):
    found = [line[key] for line in lines if key in line]
    return found[-1] if found else None


def stages(lines):
    return [line["stage"] for line in lines if set(line) == {"stage", "at"}]


CASES = [
    ("good", "localhost", "ca.pem", None),
    ("good", "127.0.0.1", "ca.pem", None),
    ("good", "localhost", "other-ca.pem", "TLS_UNTRUSTED"),
    ("wrong-name", "localhost", "ca.pem", "TLS_NAME_MISMATCH"),
    ("no-ip", "127.0.0.1", "ca.pem", "TLS_NAME_MISMATCH"),
    ("expired", "localhost", "ca.pem", "TLS_EXPIRED"),
    ("self-signed", "localhost", "ca.pem", "TLS_UNTRUSTED"),
    ("leaf", "localhost", "ca.pem", "TLS_UNTRUSTED"),
]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("certificate, host, ca, code", CASES)
def test_the_tls_observer_sees_and_decides(library, certificate, host, ca, code):
    with bad_peer.Peers({"peer": peer(library, certificate)}) as peers:
        lines = observe(library, host, peers.port["peer"], ca)
    # libcurl knows localhost and addresses without asking
    assert stages(lines)[:3] == (["tcp", "tls"] if library == "libcurl" else ["dns", "tcp", "tls"]), lines
    assert value(lines, "tls")["chain"][0]["sha256"]
    assert value(lines, "code") == code, lines
    assert value(lines, "ok") is (code is None)


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_network_observer_sees_a_closed_port(library):
    lines = observe(library, "localhost", free_port())
    assert stages(lines)[-1] == "tcp" and value(lines, "code") == "CONNECT_REFUSED", lines


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_network_observer_sees_a_name_that_does_not_resolve(library):
    lines = observe(library, "no-such-name.invalid", 1)
    assert stages(lines) == ["dns"] and value(lines, "code").startswith("DNS_"), lines
    assert "no-such-name.invalid" in value(lines, "reason")
