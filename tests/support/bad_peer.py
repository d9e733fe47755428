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

from support import mongodb_fake
from support.processes import read_exactly
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


def resets_at_once(connection):
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


def tls(name, version=None, client_ca=None, weak=False, then=hold):
    """A TLS handshake with the certificate NAME, and behind it THEN: silence."""
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
            then(secured)
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


def without_tls(answer, then=hold):
    """PostgreSQL without TLS: refuse the SSLRequest, and give ANSWER to the start-up packet of a plain login."""
    def behave(connection):
        if connection.recv(8) == struct.pack("!II", 8, 80877103):
            connection.sendall(b"N")
        if connection.recv(65536):
            connection.sendall(answer)
            then(connection)
    return behave


def postgresql_message(kind, body=b""):
    return kind + struct.pack("!I", len(body) + 4) + body


POSTGRESQL_LET_IN = b"".join((postgresql_message(b"R", bytes(4)), postgresql_message(b"S", b"server_version\0" b"15.1\0"),
                              postgresql_message(b"Z", b"I")))
POSTGRESQL_ROW = postgresql_message(b"D", struct.pack("!HI", 1, 1) + b"1")
POSTGRESQL_ROWS = postgresql_message(b"T", struct.pack("!H", 1) + b"a\0" + bytes(18)) + POSTGRESQL_ROW


def sends_on(kind, body):
    """Messages of KIND with BODY, each with another number in it, as long as we stay."""
    def behave(connection):
        for number in range(1 << 20):
            connection.sendall(b"".join(postgresql_message(kind, body % (number * 1000 + i)) for i in range(1000)))
    return behave


def lets_in(answer, endless=b"", then=hold):
    """PostgreSQL without TLS or a login; ANSWER is to the first query, and ENDLESS follows it as long as we stay."""
    def behave(connection):
        if connection.recv(8) == struct.pack("!II", 8, 80877103):
            connection.sendall(b"N")
        if connection.recv(65536):
            connection.sendall(POSTGRESQL_LET_IN)
        if connection.recv(65536):
            connection.sendall(answer)
            while endless:
                connection.sendall(endless)
            then(connection)
    return behave


def asks_for_scram(then):
    """PostgreSQL without TLS that asks for SCRAM."""
    return without_tls(postgresql_message(b"R", struct.pack("!I", 10) + b"SCRAM-SHA-256\0\0"), then=then)


def scrams(rounds, signature=b"", pause=0, more=b"more"):
    """SCRAM with ROUNDS, whose server proves itself by SIGNATURE; a PAUSE goes before its first message's end."""
    def behave(connection):
        nonce = connection.recv(65536).split(b"r=")[1]
        message = postgresql_message(b"R", struct.pack("!I", 11) + b"r=" + nonce + more + b",s=c2FsdHNhbHQ=,i=%d" % rounds)
        connection.sendall(message[:-12 if pause else None])
        if pause:
            time.sleep(pause)
            connection.sendall(message[-12:])
        if connection.recv(65536):
            connection.sendall(postgresql_message(b"R", struct.pack("!I", 12) + b"v=" + signature))
            hold(connection)
    return behave


def mysql_packet(sequence, payload):
    return struct.pack("<I", len(payload))[:3] + bytes([sequence]) + payload


def mysql_greeting(with_tls=True, protocol=10, plugin=b"mysql_native_password"):
    """HandshakeV10 of the MySQL protocol."""
    low = 0xF7FF if not with_tls else 0xFFFF
    return mysql_packet(0, bytes([protocol]) + b"8.0.36\0" + struct.pack("<I", 8) + b"abcdefgh\0" + struct.pack(
        "<HBHHB", low, 255, 2, 0xC1FF, 21) + bytes(10) + b"ijklmnopqrst\0" + plugin + b"\0")


def mysql_error(sequence, number, text, sqlstate=None):
    state = b"#" + sqlstate.encode() if sqlstate else b""
    return mysql_packet(sequence, b"\xff" + struct.pack("<H", number) + state + text.encode())


def greets(with_tls, *answers, then=hold):
    """MySQL: greet, then give each of ANSWERS, a function or bytes, to what the client says."""
    def behave(connection):
        connection.sendall(mysql_greeting(with_tls))
        for answer in answers:
            if not connection.recv(65536):
                return
            connection.sendall(answer)
        then(connection)
    return behave


def starts_tls(then):
    """MySQL: greet, read the client's request for TLS (36 bytes), go on with THEN."""
    def behave(connection):
        connection.sendall(mysql_greeting())
        request = b""
        while len(request) < 36:
            piece = connection.recv(36 - len(request))
            if not piece:
                return
            request += piece
        then(connection)
    return behave


MYSQL_OK = b"\0\0\0\x02\0\0\0"
MYSQL_SWITCH = b"\xfemysql_native_password\0" + b"s" * 20 + b"\0"


def mysql_column(sequence, name):
    """Protocol::ColumnDefinition41 of a text column."""
    texts = b"".join(bytes([len(text)]) + text for text in (b"def", b"", b"", b"", name, b""))
    return mysql_packet(sequence % 256, texts + b"\x0c" + struct.pack("<HIBHB", 33, 12, 3, 0, 0) + bytes(2))


def mysql_sends_on(packet, sequence):
    """PACKET(number) for each number from SEQUENCE on, as long as we stay."""
    def behave(connection):
        for block in range(sequence, 1 << 30, 1000):
            connection.sendall(b"".join(packet(number) for number in range(block, block + 1000)))
    return behave


def asks_again(connection):
    """For a login method, whatever the answer."""
    sequence = 4
    while connection.recv(65536):
        connection.sendall(mysql_packet(sequence % 256, MYSQL_SWITCH))
        sequence += 2


MYSQL_COLUMNS = mysql_packet(1, b"\2") + mysql_column(2, b"1") + mysql_column(3, b"CURRENT_USER()") + mysql_packet(4, b"\xfe\0\0\2\0")

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
    "mysql": says(mysql_greeting()),
    "smtp": says(b"220 mail.example ESMTP Postfix\r\n"),
    "ftp": says(b"220 (vsFTPd 3.0.3)\r\n"),
    "http": after_request(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", closes),
    "redis": after_request(b"-ERR unknown command\r\n"),
    "tls-alert": after_request(b"\x15\x03\x03\0\x02\x02\x28", closes),
    "tls-from-the-first-byte": tls("good"),
}

def alters_a_record(connection):
    """Behind the handshake, a record whose bytes are not those that were enciphered."""
    connection.recv(65536)
    os.write(connection.fileno(), b"\x17\x03\x03\0\x64" + b"x" * 100)
    hold(connection)


# What goes wrong once both sides have agreed on TLS, whatever the protocol around it.
TLS = {
    "tls-stalls": stalls_in_tls,
    "tls-silent": hold,
    "tls-closes": closes_after_reading,
    "tls-resets": resets,
    "tls-plain-text": after_request(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "tls-good-then-silent": tls("good"),
    "tls-long-chain": tls("chain"),
    "tls-expired": tls("expired"),
    "tls-not-yet-valid": tls("not-yet-valid"),
    "tls-wrong-name": tls("wrong-name"),
    "tls-no-ip": tls("no-ip"),
    "tls-other-ca": tls("other"),
    "tls-self-signed": tls("self-signed"),
    "tls-missing-intermediate": tls("leaf"),
    "tls-rsa1024": tls("rsa1024"),
    "tls-sha1": tls("sha1"),
    "tls-1.1": tls("good", ssl.TLSVersion.TLSv1_1),
    "tls-client-certificate": tls("good", client_ca=True),
    "tls-client-certificate-1.2": tls("good", ssl.TLSVersion.TLSv1_2, client_ca=True),
}

POSTGRESQL = {
    "resets-at-once": resets_at_once,
    "no-tls": ssl_request(b"N"),
    "ssl-garbage": ssl_request(b"?????"),
    "ssl-close": ssl_request(b"", closes),
    "ssl-error": ssl_request(postgresql_error("XX000", "could not fork")),
    **{name: ssl_request(b"S", behave) for name, behave in TLS.items()},
    "refuses-login": without_tls(postgresql_error("28P01", "password authentication failed")),
    "refuses-in-german": without_tls(postgresql_error("28P01", "Passwort-Authentifizierung fehlgeschlagen", "FATAL")),
    "refuses-with-control-bytes": without_tls(postgresql_error("3D000", "data\x1b[31mbase \u202egone")),
    "starting": without_tls(postgresql_error("57P03", "the database system is starting up")),
    "unknown-login-method": without_tls(b"R" + struct.pack("!II", 8, 99)),
    "tls-altered-record": ssl_request(b"S", tls("good", then=alters_a_record)),
    "tls-of-a-client": ssl_request(b"S", tls("client")),
    "tls-says-goodbye": ssl_request(b"S", after_request(b"\x15\x03\x03\0\x02\x01\0", closes)),
    "tls-broken-record": ssl_request(b"S", after_request(b"\x16\x03\x03\xff\xff" + bytes(100))),
    "tls-zeros": ssl_request(b"S", after_request(bytes(200))),
    "tls-handshake-failure": ssl_request(b"S", after_request(b"\x15\x03\x03\0\x02\x02\x28", closes)),
    "says-the-password": without_tls(postgresql_error("28P01", "password c4nary-bad-peer-s3cret is wrong")),
    "cannot-fork": without_tls(b"Ecould not fork new process for connection: Cannot allocate memory\n\0", closes),
    "error-without-words": without_tls(postgresql_message(b"E", b"\0"), closes),
    "wants-ldap": without_tls(postgresql_error("28000", 'LDAP authentication failed for user "app"')),
    "wants-ident": without_tls(postgresql_error("28000", 'Ident authentication failed for user "app"')),
    "wants-kerberos": without_tls(postgresql_message(b"R", struct.pack("!I", 7))),
    "wants-tls-bound-scram": without_tls(postgresql_message(b"R", struct.pack("!I", 10) + b"SCRAM-SHA-256-PLUS\0\0")),
    "pooler-failing": without_tls(postgresql_error("08P01", "server login has been failing, try again later (server_login_retry)")),
    "pooler-startup-parameter": without_tls(postgresql_error("08P01", "unsupported startup parameter: search_path")),
    "proxy-wants-tls": without_tls(postgresql_error("28000", "This RDS Proxy requires TLS connections")),
    "old-server-without-line": without_tls(postgresql_error(
        "28000", 'no pg_hba.conf entry for host "::ffff:127.0.0.1", user "app", database "orders", SSL off')),
    "gateway-demands-tls": without_tls(postgresql_error("28000", "SSL connection is required. Please specify SSL options and retry.")),
    "pooler-full": without_tls(postgresql_error("XX000", "MaxClientsInSessionMode: max clients reached")),
    "cluster-full": without_tls(postgresql_error("XX001", 'connection limit "500" exceeded for non-bootstrap users')),
    "out-of-disk": without_tls(postgresql_error("53100", "could not write lock file: No space left on device")),
    "wrong-signature": asks_for_scram(scrams(4096, b"A" * 43 + b"=")),
    "two-billion-rounds": asks_for_scram(scrams(2000000000)),
    "two-billion-rounds-in-two-pieces": asks_for_scram(scrams(2000000000, pause=0.1)),
    "two-billion-rounds-behind-a-long-nonce": asks_for_scram(scrams(2000000000, more=b"x" * 5000)),
    "two-billion-rounds-over-tls": ssl_request(b"S", tls("good", then=after_request(
        postgresql_message(b"R", struct.pack("!I", 10) + b"SCRAM-SHA-256\0\0"), scrams(2000000000)))),
    "parameters-without-end": without_tls(POSTGRESQL_LET_IN[:9], then=sends_on(b"S", b"name%d\0value\0")),
    "parameters-without-end-over-tls": ssl_request(b"S", tls("good", then=after_request(
        POSTGRESQL_LET_IN[:9], sends_on(b"S", b"name%d\0value\0")))),
    "notices-without-end-at-login": without_tls(POSTGRESQL_LET_IN[:9], then=sends_on(b"N", b"SNOTICE\0C00000\0Mwait %d\0\0")),
    "notice-of-a-gigabyte": without_tls(POSTGRESQL_LET_IN[:9] + b"N\x3f\xff\xff\xffSNOTICE\0C00000\0M", then=floods),
    "answers-two": lets_in(POSTGRESQL_ROWS[:-1] + b"2" + postgresql_message(b"C", b"SELECT 1\0") + postgresql_message(b"Z", b"I")),
    "answers-with-a-copy": lets_in(postgresql_message(b"H", b"\0\0\1\0\0")),
    "cannot-do-that": lets_in(postgresql_error("0A000", "not in this edition") + postgresql_message(b"Z", b"I")),
    "answers-nothing": lets_in(postgresql_message(b"I") + postgresql_message(b"Z", b"I")),
    "answers-without-end": lets_in(POSTGRESQL_ROWS, endless=POSTGRESQL_ROW * 1000),
    "notices-without-end": lets_in(b"", endless=postgresql_message(b"N", b"SNOTICE\0C00000\0Mwait\0\0")),
    "cancels": lets_in(postgresql_error("57014", "canceling statement due to statement timeout") + postgresql_message(b"Z", b"I")),
    "silent-at-query": lets_in(b""),
    "closes-at-query": lets_in(b"", then=closes),
}

MYSQL = {
    "resets-at-once": resets_at_once,
    **{name: starts_tls(behave) for name, behave in TLS.items()},
    "tls-altered-record": starts_tls(tls("good", then=alters_a_record)),
    "greets-with-random-bytes": says(b"\xf3\x9a\x01\x77\xee" * 200),
    "greets-by-half": says(mysql_greeting()[:30], closes),
    "greets-by-half-and-waits": says(mysql_greeting()[:30]),
    "greets-with-huge-length": says(b"\xff\xff\xff\0\x0a8.0\0" + bytes(64)),
    "greets-without-end": says(mysql_packet(0, b"\x0a" + b"8" * 200)),
    "greets-with-an-unknown-method": says(mysql_greeting(plugin=b"no_such_method")),
    "answers-nonsense-at-query": greets(False, mysql_packet(2, MYSQL_OK), mysql_packet(1, b"\0\0\0\x40")),
    "old-protocol": says(mysql_greeting(protocol=9)),
    "before-4.1": says(mysql_packet(0, b"\x0a4.0.27\0" + bytes(4) + b"abcdefgh\0\x2c\x20\x08\2\0" + bytes(13))),
    "says-the-password": says(mysql_error(0, 1105, "password c4nary-bad-peer-s3cret is wrong")),
    "no-host-name": says(mysql_error(0, 1042, "Can't get hostname for your address"), closes),
    "x-protocol": says(b"\x05\0\0\0\x0b\x08\x05\x1a\0"),
    "too-many-connections": says(mysql_error(0, 1040, "Too many connections"), closes),
    "host-blocked": says(mysql_error(0, 1129, "Host 'x' is blocked because of many connection errors"), closes),
    "host-not-allowed": says(mysql_error(0, 1130, "Host 'x' is not allowed to connect to this MySQL server"), closes),
    "shutting-down": says(mysql_error(0, 1053, "Server shutdown in progress", "08S01"), closes),
    "tls-error-packet": starts_tls(says(mysql_error(2, 1040, "Too many connections", "08004"), closes)),
    "no-tls": greets(False),
    "refuses-login": greets(False, mysql_error(2, 1045, "Access denied for user 'app'@'x' (using password: YES)", "28000")),
    "demands-the-tls-it-has-not": greets(False, mysql_error(2, 3159, "Connections using insecure transport are prohibited", "HY000")),
    "refuses-with-control-bytes": greets(False, mysql_error(2, 1049, "Unknown data\x1b[31mbase \u202e'gone'", "42000")),
    "unknown-error": greets(False, mysql_error(2, 29999, "Computer says no", "XX000")),
    "asks-for-the-clear-password": greets(False, mysql_packet(2, b"\xfemysql_clear_password\0")),
    "asks-for-the-dialog": greets(False, mysql_packet(2, b"\xfedialog\0\x04Password: ")),
    "asks-for-an-unknown-method": greets(False, mysql_packet(2, b"\xfeno_such_method\0x\0")),
    "garbage-for-login": greets(False, b"\xf3\x9a\x01\x77\xee" * 200),
    "huge-length-for-login": greets(False, b"\xff\xff\xff\x02" + bytes(64)),
    "closes-at-login": greets(False, b"", then=closes),
    "sends-a-bad-key": greets(False, mysql_packet(2, b"\xfesha256_password\0" + b"s" * 20 + b"\0"),
                              mysql_packet(4, b"\x01-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")),
    "shuts-down-at-login": greets(False, mysql_error(2, 1053, "Server shutdown in progress", "08S01")),
    "router-without-server": says(mysql_error(0, 2003, "Can't connect to remote MySQL server for client connected to 'x'", "HY000"), closes),
    "proxy-loses-its-server": greets(False, mysql_packet(2, MYSQL_OK), mysql_error(1, 2013, "Lost connection to backend server", "HY000")),
    "gateway-demands-tls": greets(False, mysql_error(2, 9002, "SSL connection is required", "28000")),
    "proxy-has-no-connection": greets(False, mysql_error(2, 9501, "Timed-out waiting to acquire database connection", "HY000")),
    "disk-full": greets(False, mysql_packet(2, MYSQL_OK), mysql_error(1, 1021, "Disk full", "HY000")),
    "not-in-sync": greets(False, mysql_packet(2, MYSQL_OK), mysql_error(1, 1047, "WSREP has not yet prepared node for use", "08S01")),
    "kills-at-query": greets(False, mysql_packet(2, MYSQL_OK), mysql_error(1, 1927, "Connection was killed", "70100")),
    "silent-at-query": greets(False, mysql_packet(2, MYSQL_OK)),
    "asks-for-a-file": greets(False, mysql_packet(2, MYSQL_OK), mysql_packet(1, b"\xfb/etc/passwd")),
    "answers-without-a-row": greets(False, mysql_packet(2, MYSQL_OK), mysql_packet(1, MYSQL_OK)),
    "asks-for-a-method-again-and-again": greets(False, mysql_packet(2, MYSQL_SWITCH), then=asks_again),
    "rows-without-end": greets(False, mysql_packet(2, MYSQL_OK), MYSQL_COLUMNS, then=mysql_sends_on(
        lambda number: mysql_packet(number % 256, b"\x011\x64" + b"x" * 100), 5)),
    "columns-without-end": greets(False, mysql_packet(2, MYSQL_OK), mysql_packet(1, b"\xfd\xff\xff\xff"), then=mysql_sends_on(
        lambda number: mysql_column(number, b"column"), 2)),
    "garbage-for-query": greets(False, mysql_packet(2, MYSQL_OK), mysql_packet(1, b"\x03" + b"\xee" * 60)),
}

A_MEMBER = mongodb_fake.member


def rubbish(host):
    return mongodb_fake.server(A_MEMBER(["127.0.0.1:1", host]))


def fails(code, name, text, at="saslStart"):
    return mongodb_fake.server(**{at: mongodb_fake.failure(code, name, text)})


def waits_for_a_line(answer):
    """Silent until a line ends that holds no NUL, as Redis is."""
    def behave(connection):
        said = b""
        while b"\n" not in said.split(b"\0")[0]:
            piece = connection.recv(65536)
            if not piece:
                return
            said += piece
        connection.sendall(answer)
    return behave


def postgresql_without_words(connection):
    """Leaves at anything but its own request for TLS."""
    if connection.recv(8) == struct.pack("!II", 8, 80877103):
        connection.sendall(b"N")
        hold(connection)


MONGODB = {
    **TLS,
    "tls-altered-record": tls("good", then=alters_a_record),
    "waits-as-redis": waits_for_a_line(b"-ERR unknown command 'HEAD'\r\n"),
    "waits-as-http": waits_for_a_line(b"HTTP/1.0 400 Bad Request\r\n\r\n"),
    "leaves-as-postgresql": postgresql_without_words,
    "good": mongodb_fake.server(),
    "hello-error": mongodb_fake.server(mongodb_fake.failure(9999, "Odd", "Computer says no")),
    "hello-shutting-down": mongodb_fake.server(mongodb_fake.failure(91, "ShutdownInProgress", "The server is in quiesce mode")),
    "hello-negative-length": after_request(struct.pack("<iiii", -5, 1, 1, 2013) + bytes(64)),
    "hello-tiny-length": after_request(struct.pack("<iiii", 7, 1, 1, 2013) + bytes(64)),
    "hello-two-gigabytes": after_request(struct.pack("<iiii", 2**31 - 1, 1, 1, 2013) + bytes(64)),
    "hello-one-megabyte": after_request(struct.pack("<iiii", 2**20, 1, 1, 2013) + bytes(64)),
    "hello-by-half": after_request(mongodb_fake.message(mongodb_fake.STANDALONE, True)[:60], closes),
    "hello-by-half-and-waits": after_request(mongodb_fake.message(mongodb_fake.STANDALONE, True)[:60]),
    "hello-header-only": after_request(struct.pack("<iiii", 200, 1, 1, 2013), closes),
    "hello-no-document": after_request(mongodb_fake.message(bytes(40), True)),
    "hello-broken-document": mongodb_fake.server(b"\x20\0\0\0\x02ok\0\xff\xff\xff\x7fyes" + bytes(32)),
    "hello-empty": mongodb_fake.server({}),
    "hello-odd-kinds": mongodb_fake.server({"ok": "yes", "ismaster": [], "hosts": "all", "setName": 7}),
    "members-without-host": rubbish(":0"),
    "members-colon": rubbish(":"),
    "members-big-port": rubbish("a:99999"),
    "members-no-bracket": rubbish("[::1:5"),
    "members-long-name": rubbish("x" * 300 + ":27017"),
    "members-line-break": rubbish("a\r\nb:27017"),
    "members-empty": rubbish(""),
    "members-numbers": mongodb_fake.server(A_MEMBER([1, 2])),
    "members-too-many": mongodb_fake.server(A_MEMBER([f"h{i}:1" for i in range(2000)])),
    "too-old": mongodb_fake.server({**mongodb_fake.STANDALONE, "maxWireVersion": 2}),
    "too-new": mongodb_fake.server({**mongodb_fake.STANDALONE, "minWireVersion": 90, "maxWireVersion": 99}),
    "uninitiated": mongodb_fake.server({**mongodb_fake.STANDALONE, "ismaster": False, "isreplicaset": True}),
    "arbiter": mongodb_fake.server(A_MEMBER(["127.0.0.1:1"], "arbiter")),
    "silent-at-login": mongodb_fake.server(saslStart=hold),
    "closes-at-login": mongodb_fake.server(saslStart=closes),
    "silent-in-login": mongodb_fake.server(saslContinue=hold),
    "garbage-for-login": mongodb_fake.server(saslStart=says(b"\xf3\x9a\x01\x77\xee" * 200)),
    "no-payload": mongodb_fake.server(saslStart={"ok": 1.0, "conversationId": 1, "done": False}),
    "long-payload": mongodb_fake.server(saslStart={"ok": 1.0, "conversationId": 1, "payload": b"r" * 70000}),
    "odd-payload": mongodb_fake.server(saslStart={"ok": 1.0, "conversationId": 1, "payload": 7}),
    "nonce-not-continued": mongodb_fake.server(scram=lambda: mongodb_fake.Scram(continues=False)),
    "wrong-signature": mongodb_fake.server(scram=lambda: mongodb_fake.Scram(signs=False)),
    "two-billion-rounds": mongodb_fake.server(scram=lambda: mongodb_fake.Scram(rounds=2000000000)),
    "one-round": mongodb_fake.server(scram=lambda: mongodb_fake.Scram(rounds=1)),
    "never-done": mongodb_fake.server(saslContinue={"ok": 1.0, "conversationId": 1, "done": False, "payload": b""}),
    "refuses-login": fails(18, "AuthenticationFailed", "Authentication failed.", "saslContinue"),
    "refuses-as-atlas": fails(8000, "AtlasError", "bad auth : Authentication failed."),
    "refuses-with-control-bytes": fails(18, "AuthenticationFailed", "data\x1b[31mbase \u202egone"),
    "mechanism-off": fails(334, "MechanismUnavailable", "Received authentication for mechanism SCRAM-SHA-256 which is not enabled"),
    "shutting-down": fails(91, "ShutdownInProgress", "interrupted at shutdown"),
    "recovering": fails(13436, "NotPrimaryOrSecondary", "node is recovering"),
    "not-initiated": fails(94, "NotYetInitialized", "no replset config has been received"),
    "not-allowed": fails(13, "Unauthorized", "not authorized on admin to execute command", "listCollections"),
    "no-rights-told": fails(13, "Unauthorized", "not authorized on orders", "connectionStatus"),
    "nobody-logged-in": mongodb_fake.server(connectionStatus={"authInfo": {"authenticatedUsers": []}, "ok": 1.0}),
    "silent-at-query": mongodb_fake.server(connectionStatus=hold),
    "closes-at-query": mongodb_fake.server(listCollections=closes),
    "throttles": fails(16500, "", "Request rate is large", "listCollections"),
    "unknown-error": fails(29999, "", "Computer says no", "listCollections"),
}


def kafka_frame(correlation, body):
    return struct.pack(">ii", len(body) + 4, correlation) + body


def kafka_read(connection):
    """A request: its api and correlation, and what follows the header's client id."""
    head = connection.recv(4, socket.MSG_WAITALL)
    if len(head) < 4:
        raise OSError("closed")
    request = connection.recv(struct.unpack(">i", head)[0], socket.MSG_WAITALL)
    api, _, correlation, name = struct.unpack_from(">hhih", request)
    return api, correlation, request[10 + name:]


# ApiVersions 3: Metadata 0-12, SaslHandshake 0-1, ApiVersions 0-4, SaslAuthenticate 0-2
KAFKA_VERSIONS = struct.pack(">hB", 0, 5) + b"".join(struct.pack(">hhhB", *row, 0) for row in (
    (3, 0, 12), (17, 0, 1), (18, 0, 4), (36, 0, 2))) + struct.pack(">iB", 0, 0)
KAFKA_MECHANISMS = struct.pack(">hih", 0, 1, 13) + b"SCRAM-SHA-512"


def kafka_string(text):
    return struct.pack(">h", len(text)) + text


def kafka_metadata(*rows, count=None, after=b""):
    """Metadata 4: rows of (id, host, port)."""
    body = struct.pack(">ii", 0, len(rows) if count is None else count)
    body += b"".join(struct.pack(">i", node) + kafka_string(host) + struct.pack(">ih", port, -1) for node, host, port in rows)
    return body + kafka_string(b"hostile") + struct.pack(">ii", 1, 0) + after


def kafka_token(code, text, token):
    return struct.pack(">h", code) + (kafka_string(text) if text else b"\xff\xff") + struct.pack(">i", len(token)) + token


def kafka(*answers, then=hold):
    """Kafka: give each of ANSWERS, the body of an answer or a function of (correlation, request) that makes all of it."""
    def behave(connection):
        for answer in answers:
            _, correlation, request = kafka_read(connection)
            connection.sendall(answer(correlation, request) if callable(answer) else kafka_frame(correlation, answer))
        then(connection)
    return behave


def scram_first(rounds, salt=b"W22ZaJ0SNY7soEsUEjb6gQ==", nonce=b"more"):
    """SCRAM's first message of the server, to the client's in a SaslAuthenticate request."""
    def answer(correlation, request):
        ours = request[4:].split(b",r=")[1]
        message = b"r=" + ours + nonce + b",s=" + salt + b",i=%d" % rounds
        return kafka_frame(correlation, kafka_token(0, None, message))
    return answer


KAFKA = {
    **TLS,
    "wrong-correlation": kafka(lambda correlation, _: kafka_frame(correlation + 7, KAFKA_VERSIONS)),
    "huge-frame": kafka(lambda correlation, _: struct.pack(">ii", 0x7FFFFFFF, correlation)),
    "negative-frame": kafka(lambda correlation, _: struct.pack(">ii", -1, correlation)),
    "short-frame": kafka(lambda correlation, _: struct.pack(">ii", 400, correlation) + b"\0\0", then=closes),
    "short-frame-and-waits": kafka(lambda correlation, _: struct.pack(">ii", 400, correlation) + b"\0\0"),
    "versions-without-end": kafka(struct.pack(">h", 0) + b"\xff\xff\xff\xff\x7f"),
    "versions-of-nothing": kafka(struct.pack(">hBiB", 0, 1, 0, 0)),
    "versions-refused": kafka(struct.pack(">hBiB", 42, 1, 0, 0)),
    "old-versions": kafka(struct.pack(">hi", 35, 0), struct.pack(">hi", 0, 1) + struct.pack(">hhh", 3, 0, 0)),
    "silent-at-metadata": kafka(KAFKA_VERSIONS),
    "garbage-for-metadata": kafka(KAFKA_VERSIONS, b"\xee" * 60),
    "endless-brokers": kafka(KAFKA_VERSIONS, kafka_metadata((1, b"a", 1), count=0x7FFFFFFF)),
    "no-brokers": kafka(KAFKA_VERSIONS, kafka_metadata()),
    "many-brokers": kafka(KAFKA_VERSIONS, kafka_metadata(*((node, b"127.0.0.1", 1) for node in range(5000)))),
    "garbage-names": kafka(KAFKA_VERSIONS, kafka_metadata((1, b"a\x1b[31m\xff\0b", 9092), (2, b"", 9092), (3, b"c", 0))),
    "huge-metadata": kafka(KAFKA_VERSIONS, lambda correlation, _: struct.pack(">ii", 1 << 30, correlation)),
    "no-such-mechanism": kafka(KAFKA_VERSIONS, struct.pack(">hih", 33, 1, 3) + b"X\x1bY"),
    "endless-mechanisms": kafka(KAFKA_VERSIONS, struct.pack(">hi", 0, 0x7FFFFFFF)),
    "refuses-login": kafka(KAFKA_VERSIONS, KAFKA_MECHANISMS, kafka_token(58, b"no \x1b[31mway \xe2\x80\xaein", b"")),
    "closes-at-login": kafka(KAFKA_VERSIONS, KAFKA_MECHANISMS, then=closes_after_reading),
    "silent-at-login": kafka(KAFKA_VERSIONS, KAFKA_MECHANISMS),
    "garbage-for-login": kafka(KAFKA_VERSIONS, KAFKA_MECHANISMS, kafka_token(0, None, b"\xf3\x9a\x01\x77")),
    "too-many-rounds": kafka(KAFKA_VERSIONS, KAFKA_MECHANISMS, scram_first(2000000000)),
    "foreign-nonce": kafka(KAFKA_VERSIONS, KAFKA_MECHANISMS, kafka_token(0, None, b"r=x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")),
    "wrong-signature": kafka(KAFKA_VERSIONS, KAFKA_MECHANISMS, scram_first(4096), kafka_token(0, None, b"v=" + b"A" * 86 + b"==")),
    "no-signature": kafka(KAFKA_VERSIONS, KAFKA_MECHANISMS, scram_first(4096), kafka_token(0, None, b"")),
}


def speaks_kafka(connection):
    """ApiVersions 0 of Kafka; a size above socket.request.max.bytes closes the connection, as a broker does."""
    size = struct.unpack("!I", read_exactly(connection, 4))[0]
    if size > 100 << 20:
        return
    key, version, correlation = struct.unpack("!hhI", read_exactly(connection, size)[:8])
    if (key, version) == (18, 0):
        connection.sendall(struct.pack("!IIhI3h", 16, correlation, 0, 1, 18, 0, 3))
        hold(connection)


def speaks_mongodb(connection):
    """OP_MSG of MongoDB, answered with {ok: 1}."""
    size, request, _, code = struct.unpack("<IIII", read_exactly(connection, 16))
    if size > 48000000 or code != 2013:
        return
    assert b"hello" in read_exactly(connection, size - 16)
    document = struct.pack("<I", 17) + b"\x01ok\0" + struct.pack("<d", 1) + b"\0"
    connection.sendall(struct.pack("<IIIII", 21 + len(document), 7, request, 2013, 0) + b"\0" + document)
    hold(connection)


def speaks_tds(connection):
    """PRELOGIN of TDS."""
    kind, _, size = struct.unpack("!BBH", read_exactly(connection, 8)[:4])
    if kind != 0x12:
        return
    read_exactly(connection, size - 8)
    options = b"\0\0\x0b\0\x06\x01\0\x11\0\x01\xff" + b"\x10\0\x03\xe8\0\0" + b"\x01"
    connection.sendall(struct.pack("!BBHHBB", 4, 1, 8 + len(options), 0, 1, 0) + options)
    hold(connection)


def speaks_tns(connection):
    """CONNECT of Oracle's TNS with COMMAND=ping, refused as a listener does."""
    size, _, kind = struct.unpack("!HHB", read_exactly(connection, 8)[:5])
    if kind != 1 or size < 58:
        return
    assert read_exactly(connection, size - 8).endswith(b"(CONNECT_DATA=(COMMAND=ping))")
    text = b"(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR=0)(ALIAS=LISTENER))"
    connection.sendall(struct.pack("!HHBBHBBH", 12 + len(text), 0, 4, 0, 0, 1, 0, len(text)) + text)


NETWORK = {
    **TLS,
    "kafka": speaks_kafka,
    "mongodb": speaks_mongodb,
    "tds": speaks_tds,
    "tns": speaks_tns,
    "postgresql": ssl_request(b"N"),
    "postgresql-tls": ssl_request(b"S", tls("good")),
    "mysql-blocked": MYSQL["host-blocked"],
    "mysql-x": MYSQL["x-protocol"],
    "https-told-in-plain": after_request(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n", closes),
    "nginx": after_request(b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\n\r\n", closes),
    "redis-locked": after_request(b"-NOAUTH Authentication required.\r\n"),
    "redis-protected": says(b"-DENIED Redis is running in protected mode\r\n", closes),
    "memcached": after_request(b"ERROR\r\n"),
    "imap": says(b"* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n"),
    "pop3": says(b"+OK Dovecot ready.\r\n"),
    "rsync": says(b"@RSYNCD: 31.0\n"),
    "telnet": says(b"\xff\xfd\x18\xff\xfd\x20"),
    "vnc": says(b"RFB 003.008\n"),
    "amqp": after_request(b"AMQP\0\0\x09\x01", closes),
}


class Peers:
    """All of BEHAVIOURS listening; .port[name] is where."""

    def __init__(self, behaviours):
        self.port = {}
        self.served = []
        for name, behave in behaviours.items():
            listener = socket.create_server(("127.0.0.1", 0), backlog=64)
            self.port[name] = listener.getsockname()[1]
            thread = threading.Thread(target=self.serve, args=(listener, behave), daemon=True)
            thread.start()
            self.served.append((listener, thread))

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
        # Closed only once its thread is out of accept(): the descriptor's number is the next listener's.
        for listener, thread in self.served:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            listener.close()
