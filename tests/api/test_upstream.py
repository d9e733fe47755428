# SPDX-License-Identifier: Apache-2.0
"""In front of an emulator: what is not ours goes through unchanged; moto with testconn in front, and with the plug-in."""
import http.client
import json
import os
import re
import socket
import subprocess
import threading

import pytest

from support.aws import Moto, packages, use_packages
from support.postgresql import PostgreSQL
from support.processes import free_port, wait_until
from support.program import ROOT
from support.server import Server
from support.service import Service

use_packages()


class Upstream:
    """Answers each connection with ANSWER, bytes, and keeps what came."""

    def __init__(self, answer=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.answer, self.seen = answer, []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                visitor = self.socket.accept()[0]
            except OSError:
                return
            with visitor:
                got = b""
                while b"\r\n\r\n" not in got:
                    got += visitor.recv(65536)
                length = re.search(rb"\r\nContent-Length: (\d+)", got)
                while length and len(got.partition(b"\r\n\r\n")[2]) < int(length.group(1)):
                    got += visitor.recv(65536)
                self.seen.append(got)
                visitor.sendall(self.answer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def send(service, sent):
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.settimeout(10)
        client.sendall(sent)
        answer = http.client.HTTPResponse(client, method=sent.split()[0].decode())
        answer.begin()
        return answer.status, answer.getheaders(), answer.read()


def test_lines_go_through_unchanged():
    answer = (b"HTTP/1.1 201 Created\r\nServer: X\r\nx-lower: 1\r\nX-UPPER: 2\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"
              b"Connection: close\r\nContent-Length: 3\r\n\r\nabc")
    with Upstream(answer) as upstream, Service("--upstream", f"http://127.0.0.1:{upstream.port}") as service:
        status, headers, body = send(service, (
            b"PUT /bucket//a%20b/../c?x=%2F&y HTTP/1.1\r\nHost: s3.localhost:80\r\nx-Zulu: 1\r\nX-alpha:  two  blanks \r\n"
            b"x-zulu: again\r\nConnection: keep-alive\r\nKeep-Alive: 5\r\nContent-Length: 5\r\nAuthorization: AWS4 x\r\n\r\nhello"))
        assert (status, body) == (201, b"abc")
        assert headers == [("Server", "X"), ("x-lower", "1"), ("X-UPPER", "2"), ("Set-Cookie", "a"), ("Set-Cookie", "b"),
                           ("Content-Length", "3")]
        assert upstream.seen == [
            b"PUT /bucket//a%20b/../c?x=%2F&y HTTP/1.1\r\nHost: s3.localhost:80\r\nx-Zulu: 1\r\nX-alpha:  two  blanks \r\n"
            b"x-zulu: again\r\nContent-Length: 5\r\nAuthorization: AWS4 x\r\nConnection: close\r\n\r\nhello"]


@pytest.mark.parametrize("line, given, passed", [
    (b"GET http://s3.localhost:8/x HTTP/1.1", b"Host: other.localhost\r\nA: b\r\n", b"A: b\r\nHost: s3.localhost:8\r\n"),
    (b"GET http://s3.localhost/x HTTP/1.0", b"A: b\r\n", b"A: b\r\nHost: s3.localhost\r\n"),
    (b"GET /x HTTP/1.0", b"A: b\r\n", b"A: b\r\nHost:\r\n"), (b"GET /x HTTP/1.0", b"Host: [::1]\r\n", b"Host: [::1]\r\n")])
def test_the_upstream_and_we_take_a_request_for_the_same_hosts(line, given, passed):
    with Upstream() as upstream, Service("--upstream", f"http://127.0.0.1:{upstream.port}") as service:
        assert send(service, line + b"\r\n" + given + b"\r\n")[0] == 200
        target = line.split()[1]
        assert upstream.seen == [b"GET " + target + b" HTTP/1.1\r\n" + passed + b"Connection: close\r\n\r\n"]


@pytest.mark.parametrize("answer, status, body", [
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 200, b"abcde"),
    (b"HTTP/1.1 200 OK\r\n\r\nto the end", 200, b"to the end"), (b"HTTP/1.0 404 Not Found\r\n\r\n", 404, b""),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, b"x"),
    (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""), (b"HTTP/1.1 500 X\r\nContent-Length: 4\r\n\r\n<hr>", 500, b"<hr>"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", 502, None), (b"rubbish\r\n\r\n", 502, None), (b"", 502, None),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", 502, None)])
def test_what_an_upstream_answers(answer, status, body):
    with Upstream(answer) as upstream, Service("--upstream", f"http://127.0.0.1:{upstream.port}") as service:
        got, _, text = send(service, b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert got == status and (body is None or text == body)
        assert body is not None or str(upstream.port) in json.loads(text)["message"]


def test_head_keeps_the_length():
    with Upstream(b"HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n") as upstream, \
            Service("--upstream", f"http://127.0.0.1:{upstream.port}") as service:
        status, headers, body = send(service, b"HEAD /object HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (status, body) == (200, b"") and ("Content-Length", "77") in headers


def test_an_upstream_that_is_not_there():
    with Service("--upstream", f"http://localhost:{free_port()}") as service:
        assert service.request("GET", "/x")[0] == 502
        assert service.ok("GetConnections")["ConnectionList"] == []  # ours are answered all the same


def test_ours_never_go_through():
    with Upstream() as upstream, Service("--upstream", f"http://127.0.0.1:{upstream.port}/") as service:
        service.ok("GetConnections")
        for path in ("/livez", "/metrics"):
            service.request("GET", path)
        assert upstream.seen == []
        assert service.call_raw("GetDatabases", "{}")[2] == b"hi"
        assert service.request("POST", "/", "Action=x", {"Content-Type": "application/x-www-form-urlencoded"})[2] == b"hi"
        assert service.request("POST", "/", "x", {"Origin": "http://evil.example"})[0] == 403
        assert len(upstream.seen) == 2


@pytest.mark.parametrize("url", ["https://a", "http://", "http://a:0", "http://a/b", "a:1", "http://a:x"])
def test_urls_that_are_none(url):
    from support.program import run
    done = run(["serve", "--upstream", url, "--check-config"])
    assert done.returncode == 2 and url in done.stderr


class MotoWithPlugin(Server):
    def __init__(self, agent):
        super().__init__()
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                ["/usr/bin/python3", str(ROOT / "examples" / "emulators" / "moto_plugin.py"), agent, "-H", "127.0.0.1", "-p",
                 str(self.port)], stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": packages()})
        wait_until(self.answers, 60, "moto")


def client(url):
    import boto3
    from botocore.config import Config
    return boto3.client("glue", region_name="eu-west-1", endpoint_url=url, aws_access_key_id="a", aws_secret_access_key="b",
                        config=Config(retries={"total_max_attempts": 1}))


def definition(name, server, password="pw-app"):
    return {"Name": name, "ConnectionType": "JDBC", "ConnectionProperties": {
        "JDBC_CONNECTION_URL": server.url(), "USERNAME": "app", "PASSWORD": password}}


def check(glue, server):
    """A database of moto's, a connection, and its test against a real PostgreSQL, well and badly."""
    glue.create_database(DatabaseInput={"Name": "sales"})
    assert glue.get_database(Name="sales")["Database"]["Name"] == "sales"
    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.get_database(Name="nope")
    glue.create_connection(ConnectionInput=definition("right", server))
    glue.create_connection(ConnectionInput=definition("wrong", server, "canary"))
    glue.test_connection(ConnectionName="right")
    with pytest.raises(glue.exceptions.InvalidInputException) as refused:
        glue.test_connection(ConnectionName="wrong")
    message = refused.value.response["Error"]["Message"]
    assert message.startswith("LOGIN_REFUSED at login: ") and "28P01" in message and "canary" not in message


def test_in_front_of_moto():
    with PostgreSQL() as server, Moto() as moto, Service("--upstream", moto.url()) as service:
        check(client(service.url), server)


def test_moto_with_the_plug_in():
    with PostgreSQL() as server, Service("--stateless", catalog=False) as service, MotoWithPlugin(service.url) as moto:
        check(client(f"http://127.0.0.1:{moto.port}"), server)
