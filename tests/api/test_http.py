# SPDX-License-Identifier: Apache-2.0
"""HTTP itself: what is malformed, too large or too slow, pipelined, half closed; and what a browser may not."""
import http.client
import json
import shutil
import socket
import ssl
import subprocess
import time

import pytest

from support.processes import contents, wait_until
from support.program import certificates, run
from support.service import Service, network


@pytest.fixture(scope="module")
def service():
    with Service() as running:
        yield running
        assert running.request("GET", "/livez")[0] == 200


def talk(service, sent, seconds=5, half=False):
    """Everything that comes back until the connection is closed or silent."""
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.settimeout(seconds)
        try:
            client.sendall(sent)
            if half:
                client.shutdown(socket.SHUT_WR)
            got = b""
            while piece := client.recv(65536):
                got += piece
            return got
        except (ConnectionResetError, BrokenPipeError):
            return got if "got" in dir() else b""
        except TimeoutError:
            return got + b"<open>"


HOST = b"Host: localhost\r\n"
LIVE = b"GET /livez HTTP/1.1\r\n" + HOST
MALFORMED = [
    (b"GET /livez HTTP/1.1\r\n\r\n", 400), (LIVE + HOST + b"\r\n", 400), (b"GET /livez\r\n\r\n", 400),
    (b"GET  /livez HTTP/1.1\r\n" + HOST + b"\r\n", 400), (b"GET /livez HTTP/1.1 \r\n" + HOST + b"\r\n", 400),
    (b"GET /livez HTTP/2.0\r\n" + HOST + b"\r\n", 505), (b"GET /livez HTTP/1.2\r\n" + HOST + b"\r\n", 505),
    (b"GET /livez HTTP/x.1\r\n" + HOST + b"\r\n", 505), (b"G(T /livez HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"GET livez HTTP/1.1\r\n" + HOST + b"\r\n", 400), (b"GET /a\x01b HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (b"GET /\xc3\xa4 HTTP/1.1\r\n" + HOST + b"\r\n", 400), (b"CONNECT a:1 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    (LIVE + b"Folded: a\r\n b\r\n\r\n", 400), (LIVE + b"Blank : a\r\n\r\n", 400), (LIVE + b"nocolon\r\n\r\n", 400),
    (LIVE + b": empty\r\n\r\n", 400), (LIVE + b"A: b\x00c\r\n\r\n", 400), (LIVE + b"A: b\rc\r\n\r\n", 400),
    (b"GET /livez HTTP/1.1\nHost: localhost\n\n", 400), (LIVE + b"Content-Length: -1\r\n\r\n", 400),
    (LIVE + b"Content-Length: 1, 1\r\n\r\nx", 400), (LIVE + b"Content-Length: 0x1\r\n\r\nx", 400),
    (LIVE + b"Content-Length: +1\r\n\r\nx", 400), (LIVE + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400),
    (LIVE + b"Content-Length: 99999999999999999999\r\n\r\n", 400), (LIVE + b"Content-Length: 9999999999\r\n\r\n", 413),
    (LIVE + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", 400),
    (LIVE + b"Transfer-Encoding: gzip\r\n\r\n", 501), (LIVE + b"Transfer-Encoding: chunked, chunked\r\n\r\n", 501),
    (LIVE + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", 400), (LIVE + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400),
    (LIVE + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400), (LIVE + b"Transfer-Encoding: chunked\r\n\r\n\r\n", 400),
    (LIVE + b"Transfer-Encoding: chunked\r\n\r\n1\na\n0\n\n", 400), (LIVE + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", 413),
    (LIVE + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", 400),
    (b"GET /livez HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    (LIVE + b"".join(b"H%d: x\r\n" % i for i in range(101)) + b"\r\n", 431), (LIVE + b"A: " + b"x" * 40000 + b"\r\n\r\n", 431),
    (b"x" * 40000, 431), (b"\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03\r\n\r\n", 400), (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
]


@pytest.mark.parametrize("sent, status", MALFORMED)
def test_malformed(service, sent, status):
    got = talk(service, sent)
    head, _, body = got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status) and b"\r\nConnection: close" in head, got
    assert json.loads(body)["__type"] and b"<open>" not in got  # the connection is closed: nothing is read on


@pytest.mark.parametrize("sent", [
    LIVE + b"\r\n", b"\r\n\r\n" + LIVE + b"\r\n", b"GET http://localhost/livez HTTP/1.1\r\n" + HOST + b"\r\n",
    LIVE + b"A:\r\nB:   x  \r\n\r\n", b"GET /livez?x=%zz&y HTTP/1.1\r\n" + HOST + b"\r\n",
    LIVE + b"Content-Length: 3\r\n\r\nabc", LIVE + b"Transfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\nT: y\r\n\r\n",
    b"GET /livez HTTP/1.0\r\n\r\n"])
def test_right_though_odd(service, sent):
    assert talk(service, sent, 0.3).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("target, host, status", [
    (b"http://127.0.0.1:1/livez", b"Host: attacker.example\r\n", 200), (b"http://[::1]:1/livez", b"Host: x\r\n", 200),
    (b"http://attacker.example/livez", HOST, 403), (b"https://attacker.example:443/livez", HOST, 403),
    (b"http://localhost/livez", b"", 400), (b"http://localhost/livez", HOST + HOST, 400), (b"http:///livez", HOST, 400),
    (b"http://:80/livez", HOST, 400), (b"http://localhost@attacker.example/livez", HOST, 400),
    (b"http://[::1/livez", HOST, 400), (b"http://localhost:8x/livez", HOST, 400), (b"http://?x", HOST, 400),
    (b"ftp://localhost/livez", HOST, 400)])
def test_the_host_of_a_target_goes_before_the_header(service, target, host, status):
    """RFC 9112, 3.2.2: whoever is named by the target is meant, whatever the header says."""
    got = talk(service, b"GET " + target + b" HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 %d " % status), got


@pytest.mark.parametrize("host", [b"a b", b"localhost:80x", b"user@localhost", b"[::1", b"local\\host", b"localhost/", b"\xc3\xa4"])
def test_a_host_that_is_none(service, host):
    assert talk(service, b"GET /livez HTTP/1.1\r\nHost: " + host + b"\r\n\r\n").startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("request_line, words", [
    (b"GET / HTTP/1.1", ["GET is not allowed at /: POST is", "X-Amz-Target"]), (b"DELETE /livez HTTP/1.1", ["DELETE is not allowed at /livez: GET is"]),
    (b"GET /v1/test HTTP/1.1", ["GET is not allowed at /v1/test: POST is"]), (b"GET /nope?x HTTP/1.1", ["there is nothing at /nope; there are /"])])
def test_what_is_there_is_told_in_place_of_what_is_not(service, request_line, words):
    message = json.loads(talk(service, request_line + b"\r\n" + HOST + b"Connection: close\r\n\r\n").partition(b"\r\n\r\n")[2])["message"]
    assert all(word in message for word in words), message


@pytest.mark.parametrize("path, headers, status, name, words", [
    (b"/glue", b"X-Amz-Target: AWSGlue.GetConnections\r\n", 404, "UnknownOperationException", "at the path /, not at /glue"),
    (b"/", b"X-Amz-Target: AWSGlue.GetConnections\r\nX-Amz-Target: AWSGlue.DeleteConnection\r\n", 400, "MalformedHttpRequestException", "twice")])
def test_what_a_client_of_aws_asks_for_wrongly_is_an_exception(service, path, headers, status, name, words):
    got = talk(service, b"POST " + path + b" HTTP/1.1\r\n" + HOST + b"Content-Type: application/x-amz-json-1.1\r\nContent-Length: 2\r\n"
               b"Connection: close\r\n" + headers + b"\r\n{}")
    body = json.loads(got.partition(b"\r\n\r\n")[2])
    assert got.startswith(b"HTTP/1.1 %d " % status) and body["__type"] == name and words in body["Message"], got


def test_connections_are_kept_and_closed_as_asked(service):
    assert talk(service, LIVE + b"\r\n", 0.3).endswith(b"<open>")
    assert talk(service, LIVE + b"Connection: close\r\n\r\n").endswith(b"ok\n")
    assert talk(service, b"GET /livez HTTP/1.0\r\n\r\n").endswith(b"ok\n")
    assert talk(service, b"GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 0.3).endswith(b"<open>")


def test_head_has_no_body(service):
    got = talk(service, b"HEAD /livez HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 200 OK\r\n") and got.endswith(b"\r\n\r\n") and b"Content-Length: 3" in got


class Narrow(Service):
    """A service with room for few descriptors."""

    @staticmethod
    def command_of(*arguments):
        return ["prlimit", "--nofile=60:60", *Service.command_of(*arguments)]


@pytest.mark.parametrize("start, words", [(lambda: Service("--max-connections", "20"), "--max-connections"), (Narrow, "Too many open files")])
def test_more_clients_than_there_is_room_for_wait_and_the_log_says_why(start, words):
    with start() as service:
        began = contents(service.process.pid, "stat").rsplit(b")", 1)[1].split()[11:13]
        clients = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(90)]
        wait_until(lambda: words in service.log.read_text(), 5, "the log line")
        time.sleep(1)
        ended = contents(service.process.pid, "stat").rsplit(b")", 1)[1].split()[11:13]
        assert sum(map(int, ended)) - sum(map(int, began)) < 30  # hundredths of a second: it waits
        assert service.log.read_text().count("no connection is accepted until one is closed") == 1
        clients[0].sendall(LIVE + b"\r\n")
        assert clients[0].recv(4096).startswith(b"HTTP/1.1 200")
        for client in clients:
            client.close()
        assert service.request("GET", "/livez", timeout=5)[0] == 200


def test_pipelined_requests_are_answered_in_order(service):
    got = talk(service, (LIVE + b"\r\n" + b"GET /nope HTTP/1.1\r\n" + HOST + b"\r\n") * 50, 0.5)
    statuses = [line.split()[1] for line in got.split(b"\r\n") if line.startswith(b"HTTP/1.1") or b"HTTP/1.1 " in line]
    assert len(statuses) == 100 and got.count(b"HTTP/1.1 404") == 50


def test_a_request_in_single_bytes(service):
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in LIVE + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n":
            client.sendall(bytes([byte]))
        client.settimeout(5)
        assert client.recv(4096).startswith(b"HTTP/1.1 200")


def test_one_who_waits_for_continue(service):
    body = b'{"Name": "nope"}'
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.settimeout(5)
        client.sendall(b"POST / HTTP/1.1\r\n" + HOST + b"X-Amz-Target: AWSGlue.GetConnection\r\nExpect: 100-continue\r\n"
                       b"Content-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\n\r\n" % len(body))
        assert client.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(body)
        assert b"EntityNotFoundException" in client.recv(4096)


def test_who_closed_his_half_is_still_answered(service):
    assert talk(service, LIVE + b"Connection: close\r\n\r\n", half=True).endswith(b"ok\n")
    body = b'{"Name": "nope"}'
    got = talk(service, b"POST / HTTP/1.1\r\n" + HOST + b"X-Amz-Target: AWSGlue.GetConnection\r\nContent-Type: "
               b"application/x-amz-json-1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body, half=True)
    assert b"EntityNotFoundException" in got


def test_a_large_body_is_taken_and_a_larger_refused(service):
    big = {"ConnectionInput": {**network("big", 1), "ConnectionProperties": {f"K{i:02}": "x" * 1024 for i in range(100)}}}
    assert service.call("CreateConnection", big)[0] == 200
    status, _, answer = service.request("POST", "/", b" " * (5 << 20), {"X-Amz-Target": "AWSGlue.GetConnection"})
    assert status == 413 and json.loads(answer)["__type"] == "RequestEntityTooLargeException"


def test_slow_clients_are_ended_and_hinder_nobody(service):
    """Who drips is ended after a while, however often a byte comes; meanwhile others are served."""
    slow = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(200)]
    try:
        began = time.monotonic()
        ended = set()
        while len(ended) < len(slow) and time.monotonic() - began < 30:
            for client in slow:
                if client in ended:
                    continue
                try:
                    client.sendall(b"G" if time.monotonic() - began < 0.5 else b"x")
                    client.setblocking(False)
                    if client.recv(4096).startswith(b"HTTP/1.1 408"):
                        ended.add(client)
                except BlockingIOError:
                    pass
                except OSError:
                    ended.add(client)
                client.setblocking(True)
            assert service.request("GET", "/livez", timeout=2)[0] == 200
            time.sleep(0.5)
        assert len(ended) == len(slow) and time.monotonic() - began < 25
    finally:
        for client in slow:
            client.close()


def test_idle_connections_cost_little(service):
    def memory():
        return int(contents(service.process.pid, "status").decode().split("VmRSS:")[1].split()[0])
    before, clients = memory(), []
    try:
        for _ in range(2000):
            client = socket.create_connection(("127.0.0.1", service.port))
            clients.append(client)
            client.sendall(LIVE + b"\r\n")
        for client in clients:
            client.settimeout(10)
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
        assert service.metric("testconn_http_connections") >= 2000
        assert (memory() - before) / 2000 < 20  # KiB
    finally:
        for client in clients:
            client.close()
    wait_until(lambda: service.metric("testconn_http_connections") < 10, 10)


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"},
                                     {"Host": "localhost.evil.example"}, {"Sec-Fetch-Site": "cross-site"},
                                     {"Host": "127.0.0.1.evil.example:80"}])
def test_browsers_are_kept_out(service, headers):
    for method, path in (("GET", "/metrics"), ("POST", "/"), ("POST", "/v1/test"), ("OPTIONS", "/")):
        status, got, _ = service.request(method, path, "{}", {"Content-Type": "application/json", **headers})
        assert status == 403 and "access-control-allow-origin" not in got


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1", "[::1]:80", "LOCALHOST", "glue.localhost:9480", "10.1.2.3:7"])
def test_own_names(service, host):
    assert service.request("GET", "/livez", headers={"Host": host})[0] == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
def test_what_a_page_can_send_without_asking_is_no_request(service, kind):
    headers = {"Content-Type": kind} if kind else {}
    status, _, answer = service.request("POST", "/", "{}", {"X-Amz-Target": "AWSGlue.GetConnections", **headers})
    assert (status, json.loads(answer)["__type"]) == (400, "SerializationException")
    assert service.request("POST", "/v1/test", "{}", headers)[0] in (400, 415)


def test_tls():
    folder = certificates()
    with Service("--tls-certificate", folder / "good.pem", "--tls-key", folder / "good.key") as running:
        context = ssl.create_default_context(cafile=folder / "ca.pem")
        connection = http.client.HTTPSConnection("localhost", running.port, timeout=10, context=context)
        for _ in range(3):
            connection.request("GET", "/livez")
            assert connection.getresponse().read() == b"ok\n"
        assert connection.sock.version() == "TLSv1.3"
        connection.close()
        assert talk(running, LIVE + b"\r\n", 2).find(b"HTTP/1.1 200") < 0  # in the clear there is nothing
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(OSError), socket.create_connection(("127.0.0.1", running.port)) as client:
            old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
            old.wrap_socket(client)
        with socket.create_connection(("127.0.0.1", running.port)) as client, \
                context.wrap_socket(client, server_hostname="localhost") as stream:
            stream.sendall(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999\r\n\r\n" + b"x" * 200000)
            assert stream.recv(4096).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("certificate, key, words", [
    ("good.pem", None, "belong together"), ("good.key", "good.key", "certificate"), ("good.pem", "ca.pem", "nothing of that kind in PEM"),
    ("good.pem", "other.key", "other.key (--tls-key) does not belong to the certificate"), ("good.pem", "bad-ecdsa.key", "does not belong"),
    ("nope.pem", "good.key", "nope.pem cannot be read: No such file"), ("good.pem", "nope.key", "nope.key cannot be read: No such file"),
    (".", "good.key", "Is a directory"), ("good.key", "good.key", "nothing of that kind in PEM"), ("good.pem", "locked.key", "pass phrase")])
def test_tls_that_cannot_be(tmp_path, certificate, key, words):
    folder = tmp_path / "certificates"
    shutil.copytree(certificates(), folder)
    subprocess.run(["openssl", "pkey", "-in", folder / "good.key", "-aes256", "-passout", "pass:x", "-out", folder / "locked.key"], check=True)
    arguments = ["--tls-certificate", folder / certificate] + (["--tls-key", folder / key] if key else [])
    done = run(["serve", "--stateless", "--check-config", *arguments])
    assert done.returncode == 2 and words in done.stderr
