# SPDX-License-Identifier: Apache-2.0
"""Peers that misbehave, each on a free loopback port of its own.

A behaviour is a function of the accepted socket; it runs in a thread, and its return closes the
connection. `PEERS` names the ones that any driver must survive; `POSTGRESQL` those that answer
PostgreSQL's SSLRequest first. What stands in here for a real server: nothing but the first bytes
of PostgreSQL's protocol (message formats of its documentation, checked against PostgreSQL 15).
"""
import os
import socket
import ssl
import struct
import threading
import time

from support.program import certificates

HOLD = 30  # seconds that a silent peer stays silent


def hold(connection):
    """Read and ignore until the other side leaves."""
    connection.settimeout(HOLD)
    try:
        while connection.recv(65536):
            pass
    except OSError:
        pass


def says(data, then=hold):
    def behave(connection):
        connection.sendall(data)
        then(connection)
    return behave


def closes(connection):
    pass


def closes_after_reading(connection):
    connection.recv(65536)


def resets(connection):
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drips(connection):
    for _ in range(HOLD):
        connection.sendall(b"R")
        time.sleep(1)


def floods(connection):
    block = os.urandom(65536)
    for _ in range(4096):
        connection.sendall(block)


def after_request(data, then=hold):
    """Say DATA once the client has spoken."""
    def behave(connection):
        connection.recv(65536)
        connection.sendall(data)
        then(connection)
    return behave


def tls(name, version=None, client_ca=None, weak=False):
    """A TLS handshake with the certificate NAME, and silence behind it."""
    made = certificates()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(made / f"{name}.pem", made / f"{name}.key")
    if version:
        context.minimum_version = context.maximum_version = version
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(made / "ca.pem")

    def behave(connection):
        connection.settimeout(HOLD)
        with context.wrap_socket(connection, server_side=True) as secured:
            hold(secured)
    return behave


def stalls_in_tls(connection):
    connection.recv(65536)
    connection.sendall(b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76")  # half a ServerHello
    hold(connection)


def ssl_request(answer, then=hold):
    """PostgreSQL: read the SSLRequest, give ANSWER, go on with THEN."""
    def behave(connection):
        request = connection.recv(8)
        if request != struct.pack("!II", 8, 80877103):
            return hold(connection)
        connection.sendall(answer)
        return then(connection)
    return behave


def postgresql_error(sqlstate, text, severity="FATAL"):
    fields = b"".join(kind + value.encode() + b"\0" for kind, value in
                      ((b"S", severity), (b"V", "FATAL"), (b"C", sqlstate), (b"M", text)))
    return b"E" + struct.pack("!I", len(fields) + 5) + fields + b"\0"


def without_tls(answer):
    """PostgreSQL without TLS: refuse the SSLRequest, and give ANSWER to the start-up packet of a plain login."""
    def behave(connection):
        if connection.recv(8) == struct.pack("!II", 8, 80877103):
            connection.sendall(b"N")
        if connection.recv(65536):
            connection.sendall(answer)
            hold(connection)
    return behave


PEERS = {
    "silent": hold,
    "closes": closes,
    "closes-after-reading": closes_after_reading,
    "resets": resets,
    "random": after_request(b"\xf3\x9a\x01\x77\xee" * 200),
    "drips": drips,
    "floods": floods,
    "huge-length": after_request(b"R\x7f\xff\xff\xff" + b"\0" * 64),
    "ssh": says(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
    "mysql": says(b"\x4a\0\0\0\x0a8.0.36\0" + b"\x08\0\0\0abcdefgh\0\xff\xf7\xff\x02\0\xff\xdf\x15" + b"\0" * 50),
    "smtp": says(b"220 mail.example ESMTP Postfix\r\n"),
    "ftp": says(b"220 (vsFTPd 3.0.3)\r\n"),
    "http": after_request(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", closes),
    "redis": after_request(b"-ERR unknown command\r\n"),
    "tls-alert": after_request(b"\x15\x03\x03\0\x02\x02\x28", closes),
    "tls-from-the-first-byte": tls("good"),
}

POSTGRESQL = {
    "no-tls": ssl_request(b"N"),
    "ssl-garbage": ssl_request(b"?????"),
    "ssl-close": ssl_request(b"", closes),
    "ssl-error": ssl_request(postgresql_error("XX000", "could not fork")),
    "tls-stalls": ssl_request(b"S", stalls_in_tls),
    "tls-silent": ssl_request(b"S"),
    "tls-closes": ssl_request(b"S", closes_after_reading),
    "tls-resets": ssl_request(b"S", resets),
    "tls-plain-text": ssl_request(b"S", after_request(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
    "tls-good-then-silent": ssl_request(b"S", tls("good")),
    "tls-long-chain": ssl_request(b"S", tls("chain")),
    "tls-expired": ssl_request(b"S", tls("expired")),
    "tls-not-yet-valid": ssl_request(b"S", tls("not-yet-valid")),
    "tls-wrong-name": ssl_request(b"S", tls("wrong-name")),
    "tls-no-ip": ssl_request(b"S", tls("no-ip")),
    "tls-other-ca": ssl_request(b"S", tls("other")),
    "tls-self-signed": ssl_request(b"S", tls("self-signed")),
    "tls-missing-intermediate": ssl_request(b"S", tls("leaf")),
    "tls-rsa1024": ssl_request(b"S", tls("rsa1024")),
    "tls-sha1": ssl_request(b"S", tls("sha1")),
    "tls-1.1": ssl_request(b"S", tls("good", ssl.TLSVersion.TLSv1_1)),
    "tls-client-certificate": ssl_request(b"S", tls("good", client_ca=True)),
    "tls-client-certificate-1.2": ssl_request(b"S", tls("good", ssl.TLSVersion.TLSv1_2, client_ca=True)),
    "refuses-login": without_tls(postgresql_error("28P01", "password authentication failed")),
    "refuses-in-german": without_tls(postgresql_error("28P01", "Passwort-Authentifizierung fehlgeschlagen", "FATAL")),
    "refuses-with-control-bytes": without_tls(postgresql_error("3D000", "data\x1b[31mbase \u202egone")),
    "starting": without_tls(postgresql_error("57P03", "the database system is starting up")),
    "unknown-login-method": without_tls(b"R" + struct.pack("!II", 8, 99)),
}


class Peers:
    """All of BEHAVIOURS listening; .port[name] is where."""

    def __init__(self, behaviours):
        self.port = {}
        self.listeners = []
        for name, behave in behaviours.items():
            listener = socket.create_server(("127.0.0.1", 0), backlog=64)
            self.port[name] = listener.getsockname()[1]
            self.listeners.append(listener)
            threading.Thread(target=self.serve, args=(listener, behave), daemon=True).start()

    @staticmethod
    def serve(listener, behave):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=Peers.handle, args=(connection, behave), daemon=True).start()

    @staticmethod
    def handle(connection, behave):
        try:
            with connection:
                behave(connection)
        except (OSError, ssl.SSLError):
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for listener in self.listeners:
            listener.close()
