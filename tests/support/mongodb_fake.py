# SPDX-License-Identifier: Apache-2.0
"""A wire fake of MongoDB for what no server at hand does: replica sets with other members, failures, hostile answers.

It covers hello/isMaster by OP_QUERY and OP_MSG, SCRAM-SHA-256 with its own salt and rounds, and canned answers to any
other command; it stores nothing and checks no right. README-mongodb-fake.md says what it was checked against.
"""
import base64
import hashlib
import hmac
import os
import socket
import struct
import threading

from support.processes import read_exactly

PASSWORD = "c4nary-bad-peer-s3cret"  # what its account has
ROUNDS = 4096
HOLD = 30  # seconds that a silent peer stays silent


def encode(document):
    """BSON of a dict of texts, numbers, booleans, bytes, lists and dicts."""
    body = b""
    for key, value in document.items():
        name = key.encode() + b"\0"
        if isinstance(value, bool):
            body += b"\x08" + name + bytes([value])
        elif isinstance(value, int):
            body += (b"\x10" + name + struct.pack("<i", value)) if abs(value) < 2**31 else b"\x12" + name + struct.pack("<q", value)
        elif isinstance(value, float):
            body += b"\x01" + name + struct.pack("<d", value)
        elif isinstance(value, str):
            text = value.encode() + b"\0"
            body += b"\x02" + name + struct.pack("<i", len(text)) + text
        elif isinstance(value, bytes):
            body += b"\x05" + name + struct.pack("<iB", len(value), 0) + value
        elif isinstance(value, list):
            body += b"\x04" + name + encode({str(i): item for i, item in enumerate(value)})
        else:
            body += b"\x03" + name + encode(value)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def decode(data):
    """The same kinds out of BSON; others end the decoding with an error."""
    out, at = {}, 4
    while data[at]:
        kind, end = data[at], data.index(0, at + 1)
        name, at = data[at + 1:end].decode(), end + 1
        if kind == 0x02:
            size = struct.unpack_from("<i", data, at)[0]
            out[name], at = data[at + 4:at + 3 + size].decode(), at + 4 + size
        elif kind in (0x03, 0x04):
            size = struct.unpack_from("<i", data, at)[0]
            inner = decode(data[at:at + size])
            out[name], at = inner if kind == 3 else list(inner.values()), at + size
        elif kind == 0x05:
            size = struct.unpack_from("<i", data, at)[0]
            out[name], at = data[at + 5:at + 5 + size], at + 5 + size
        elif kind == 0x08:
            out[name], at = bool(data[at]), at + 1
        elif kind in (0x07, 0x01, 0x12, 0x09, 0x11):
            size = 12 if kind == 7 else 8
            out[name], at = data[at:at + size] if kind in (7, 1) else struct.unpack_from("<q", data, at)[0], at + size
        elif kind == 0x10:
            out[name], at = struct.unpack_from("<i", data, at)[0], at + 4
        else:
            raise ValueError(f"kind {kind} of {name}")
    return out


def message(document, query=False, to=0):
    """An OP_MSG, or an OP_REPLY for what was asked by OP_QUERY; DOCUMENT may be bytes as they are."""
    body = document if isinstance(document, bytes) else encode(document)
    fixed = struct.pack("<iqii", 8, 0, 0, 1) if query else struct.pack("<IB", 0, 0)
    return struct.pack("<iiii", 16 + len(fixed) + len(body), 1, to, 1 if query else 2013) + fixed + body


def read(connection):
    """(the command, whether by OP_QUERY, its id)."""
    length, request, _, operation = struct.unpack("<iiii", read_exactly(connection, 16))
    body = read_exactly(connection, length - 16)
    start = body.index(0, 4) + 9 if operation == 2004 else 5
    return decode(body[start:]), operation == 2004, request


def hold(connection):
    connection.settimeout(HOLD)
    try:
        while connection.recv(65536):
            pass
    except OSError:
        pass


def closes(connection):
    connection.shutdown(socket.SHUT_RDWR)


def failure(code, name, text):
    return {"ok": 0.0, "errmsg": text, "code": code, "codeName": name}


STANDALONE = {"ismaster": True, "maxBsonObjectSize": 16777216, "maxMessageSizeBytes": 48000000, "maxWriteBatchSize": 100000,
              "logicalSessionTimeoutMinutes": 30, "minWireVersion": 0, "maxWireVersion": 21, "readOnly": False,
              "helloOk": True, "ok": 1.0}


def member(hosts, role="primary", name="rs0", primary=None, **more):
    """What a member of a set answers to hello."""
    return {**STANDALONE, "ismaster": role == "primary", "isWritablePrimary": role == "primary",
            "secondary": role == "secondary", "arbiterOnly": role == "arbiter", "setName": name, "setVersion": 1,
            "hosts": hosts, **({"primary": primary} if primary else {}), **more}


class Scram:
    """The server's side of SCRAM-SHA-256."""

    def __init__(self, rounds=ROUNDS, password=PASSWORD, continues=True, signs=True):
        self.rounds, self.password, self.continues, self.signs = rounds, password, continues, signs

    def begin(self, payload):
        self.bare = payload.decode().split(",", 2)[2]
        nonce = self.bare.split("r=", 1)[1]
        self.nonce = (nonce if self.continues else "someone-else") + base64.b64encode(os.urandom(12)).decode()
        self.salt = os.urandom(28)
        self.first = f"r={self.nonce},s={base64.b64encode(self.salt).decode()},i={self.rounds}"
        return self.first.encode()

    def end(self, payload):
        """The last message, None where the proof is wrong."""
        last = payload.decode()
        without, proof = last.rsplit(",p=", 1)
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), self.salt, self.rounds)
        said = f"{self.bare},{self.first},{without}".encode()
        stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
        key = bytes(a ^ b for a, b in zip(base64.b64decode(proof), hmac.digest(stored, said, "sha256")))
        if hashlib.sha256(key).digest() != stored:
            return None
        signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), said, "sha256")
        return b"v=" + base64.b64encode(signature if self.signs else bytes(32))


ANSWERS = {
    "ping": {"ok": 1.0},
    "buildInfo": {"version": "7.0.12", "modules": [], "ok": 1.0},
    "connectionStatus": {"authInfo": {"authenticatedUsers": [{"user": "app", "db": "admin"}],
                                      "authenticatedUserRoles": [{"role": "readWrite", "db": "orders"}]}, "ok": 1.0},
    "listCollections": {"cursor": {"id": 2**40, "ns": "orders.$cmd.listCollections",
                                   "firstBatch": [{"name": "lines", "type": "collection"}]}, "ok": 1.0},
    "endSessions": {"ok": 1.0},
}
REFUSED = failure(18, "AuthenticationFailed", "Authentication failed.")


def server(hello=STANDALONE, scram=None, mechanisms=("SCRAM-SHA-256",), **answers):
    """A behaviour for a connection. HELLO and ANSWERS (by command) are documents, bytes in place of one, or functions
    of the connection that take over; a SCRAM of None is an honest one."""
    def behave(connection):
        login = scram() if scram else Scram()
        while True:
            command, query, request = read(connection)
            name = next(iter(command))
            if name in ("isMaster", "ismaster", "hello"):
                answer = hello
                if isinstance(hello, dict) and "saslSupportedMechs" in command and mechanisms is not None:
                    answer = {**hello, "saslSupportedMechs": list(mechanisms)}
            elif name in answers:
                answer = answers[name]
            elif name == "listCollections" and isinstance(hello, dict) and hello.get("secondary") and "$readPreference" not in command:
                answer = failure(13435, "NotPrimaryNoSecondaryOk", "not primary and secondaryOk=false")
            elif name == "saslStart":
                answer = {"conversationId": 1, "done": False, "payload": login.begin(command["payload"]), "ok": 1.0}
            elif name == "saslContinue":
                last = login.end(command["payload"])
                answer = {"conversationId": 1, "done": True, "payload": last, "ok": 1.0} if last else REFUSED
            else:
                answer = ANSWERS.get(name, failure(59, "CommandNotFound", f"no such command: '{name}'"))
            if callable(answer):
                return answer(connection)
            connection.sendall(message(answer, query, request))
    return behave


class Fake:
    """BEHAVIOUR on a free loopback port; it may be replaced while it runs."""

    def __init__(self, behaviour=None, host="127.0.0.1"):
        self.behaviour = behaviour or server()
        self.listener = socket.create_server((host, 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        self.connections = 0

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.handle, args=(connection,), daemon=True).start()

    def handle(self, connection):
        try:
            with connection:
                self.behaviour(connection)
        except (OSError, ValueError, KeyError, struct.error):
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()
