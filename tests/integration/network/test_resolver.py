# SPDX-License-Identifier: Apache-2.0
"""A name server that is silent or slow, in a mount namespace where it is the only one."""
import json
import socket
import subprocess
import threading
import time

import pytest

from support.namespaces import need_root
from support.program import PROGRAM, jdbc

ADDRESS = "127.9.9.9"
ANSWER = b"\xc0\x0c\0\x01\0\x01\0\0\0\x05\0\x04\x7f\0\0\x01"  # the name asked for: A 127.0.0.1


class Resolver:
    """Answers every question for an A record after PAUSE seconds; None: never."""

    def __init__(self, pause):
        self.pause = pause
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((ADDRESS, 53))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            data, peer = self.socket.recvfrom(4096)
            if not data:
                return
            if self.pause is not None:
                threading.Timer(self.pause, self.answer, (data, peer)).start()

    def answer(self, data, peer):
        end = data.index(b"\0", 12) + 5
        wanted = data[end - 4:end - 2] == b"\0\x01"
        head = data[:2] + b"\x81\x80\0\x01" + (b"\0\x01" if wanted else b"\0\0") + bytes(4)
        self.socket.sendto(head + data[12:end] + (ANSWER if wanted else b""), peer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.sendto(b"", (ADDRESS, 53))
        self.thread.join()
        self.socket.close()


@pytest.fixture(name="ask")
def in_a_namespace(tmp_path):
    need_root("mount")
    (tmp_path / "resolv.conf").write_text(f"nameserver {ADDRESS}\n")

    def ask(definitions, timeout):
        mount = f'mount --bind {tmp_path}/resolv.conf /etc/resolv.conf && exec "$@"'
        done = subprocess.run(["unshare", "-m", "sh", "-c", mount, "sh", PROGRAM, "test", "-i", "-", "-o", "json", "-t", timeout],
                              input=json.dumps(definitions), capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout)["tests"]
    return ask


def every_kind(port):
    login = {"USERNAME": "u", "PASSWORD": "p"}
    return [*(jdbc(JDBC_CONNECTION_URL=f"jdbc:{vendor}://db.example:{port}/d", JDBC_ENFORCE_SSL=enforced, **login)
              for vendor in ("postgresql", "mysql") for enforced in ("true", "false")),
            {"Name": "k", "ConnectionType": "KAFKA", "ConnectionProperties": {"KAFKA_BOOTSTRAP_SERVERS": f"db.example:{port}"}},
            {"Name": "m", "ConnectionType": "MONGODB", "ConnectionProperties": {"CONNECTION_URL": f"mongodb://db.example:{port}/d", **login}},
            {"Name": "n", "ConnectionType": "NETWORK", "ConnectionProperties": {"HOST": "db.example", "PORT": str(port)}}]


def test_a_silent_name_server_is_named_by_every_driver(ask):
    with Resolver(None):
        began = time.monotonic()
        for report in ask(every_kind(5432), "2s"):
            assert (report["stage"], report["code"]) == ("dns", "DNS_UNAVAILABLE") and ADDRESS in report["reason"], report
            assert report["duration_ms"] < 2300
        assert time.monotonic() - began < 4


def test_a_slow_name_server_has_all_of_the_time(ask):
    with Resolver(1.2), socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
        closed.close()
        for report in ask(every_kind(port), "3s"):
            assert (report["stage"], report["code"]) == ("tcp", "CONNECT_REFUSED"), report
