# SPDX-License-Identifier: Apache-2.0
"""The HTTPS client of the modules against a real HTTP server over TLS, and peers that break every rule of HTTP."""
import http.server
import json
import os
import socket
import ssl
import subprocess
import threading
import time

import pytest

from support import bad_peer
from support.processes import free_port
from support.program import BUILD, certificates
from support.web import Web

CA = certificates() / "ca.pem"
CANARY = "c4nary-https"
OK = b"HTTP/1.1 200 OK\r\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        if self.path.startswith("/redirect-"):
            self.send_response(302)
            self.send_header("Location", self.server.places[self.path[10:]])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        text = json.dumps({"method": self.command, "path": self.path, "body": body.decode()}).encode()
        self.send_response(403 if self.path == "/denied" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def web():
    with Web(Handler) as server:
        server.server.places = {"here": "/found", "there": "https://127.0.0.1:1/found", "loop": "/redirect-loop",
                                 "clear": f"http://localhost:{server.port}/found"}
        yield server


class Said:
    def __init__(self, lines):
        self.lines = lines
        self.stages = [line["stage"] for line in lines if set(line) == {"stage", "at"}]
        self.answers = [line["answer"] for line in lines if "answer" in line]
        self.verdict = lines[-1]
        self.code = self.verdict.get("code", "ok")
        self.reason = self.verdict.get("reason", "")


def ask(url, *arguments, ca=CA, deadline=4000, environment=None):
    done = subprocess.run([BUILD / "tests" / "requested", url, ca, str(deadline), *arguments], capture_output=True, text=True,
                          timeout=30, env={**os.environ, **(environment or {})})
    assert done.returncode == 0 and done.stdout, done
    assert CANARY not in done.stdout or "body=" + CANARY in arguments, done.stdout
    return Said([json.loads(line) for line in done.stdout.splitlines()])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_an_own_request_announces_every_stage(web, host):
    said = ask(f"https://{host}:{web.port}/a")
    assert said.stages == ["credentials", "dns", "tcp", "tls", "login"] and said.code == "ok"
    assert json.loads(said.answers[0]["body"]) == {"method": "GET", "path": "/a", "body": ""}
    assert any(line.get("tls", {}).get("verified") for line in said.lines)


def test_an_ipv6_address(web):
    with Web(Handler, address="::1") as server:
        for aside in (0, 1):
            said = ask(f"https://[::1]:{server.port}/a", f"aside={aside}")
            assert said.code == "ok", said.verdict


def test_a_request_aside_reports_nothing(web):
    said = ask(f"{web.url}/a", "aside=1", "times=2")
    assert said.stages == ["credentials"] and said.code == "ok" and len(said.answers) == 2
    assert not any("fact" in line or "finding" in line or "tls" in line for line in said.lines)


def test_a_connection_is_used_again(web):
    before = threading.active_count()
    said = ask(f"{web.url}/a", "times=5")
    assert said.code == "ok" and len(said.answers) == 5
    assert threading.active_count() <= before + 1


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD"])
def test_methods_headers_and_bodies_go_as_given(web, method):
    del web.seen[:]
    said = ask(f"{web.url}/a//b/../c%20d?x=1&y", f"method={method}", "header=X-Test: one", "header=Content-Type: text/plain",
               *(["body=hello"] if method in ("POST", "PUT") else []))
    assert said.code == "ok" and said.answers[0]["status"] == 200
    command, path, headers, body = web.seen[0]
    assert (command, path, headers["X-Test"]) == (method, "/a//b/../c%20d?x=1&y", "one")
    assert body == (b"hello" if method in ("POST", "PUT") else b"")
    assert "Expect" not in headers and headers["Host"] == f"localhost:{web.port}"


def test_a_post_without_a_content_type_gets_none(web):
    del web.seen[:]
    ask(f"{web.url}/a", "method=POST", "body=x")
    assert "Content-Type" not in web.seen[0][2]


def test_any_status_is_an_answer(web):
    said = ask(f"{web.url}/denied")
    assert said.answers[0]["status"] == 403 and "Content-Type: application/json" in said.answers[0]["headers"]


def test_nothing_comes_from_the_environment(web):
    nowhere = f"http://127.0.0.1:{free_port()}"
    said = ask(f"{web.url}/a", environment={"https_proxy": nowhere, "HTTPS_PROXY": nowhere, "ALL_PROXY": nowhere,
                                            "SSL_CERT_FILE": "/nonexistent", "CURL_CA_BUNDLE": "/nonexistent"})
    assert said.code == "ok"


def test_redirects_are_followed_only_where_asked_and_to_the_same_place(web):
    assert ask(f"{web.url}/redirect-here").answers[0]["status"] == 302
    followed = ask(f"{web.url}/redirect-here", "follow=1")
    assert followed.answers[0]["status"] == 200 and '"/found"' in followed.answers[0]["body"]
    for elsewhere in ("there", "clear"):
        del web.seen[:]
        said = ask(f"{web.url}/redirect-{elsewhere}", "follow=1", "plain=1", f"header=Authorization: {CANARY}")
        assert said.answers[0]["status"] == 302 and len(web.seen) == 1, elsewhere
    assert ask(f"{web.url}/redirect-loop", "follow=1").answers[0]["status"] == 302
    assert ask(f"{web.url}/redirect-here", "follow=1", "method=POST", "body=x").answers[0]["status"] == 302


def test_plain_http_only_where_it_is_allowed():
    with Web(Handler, None) as plain:
        assert ask(f"{plain.url}/a").code == "INVALID_INPUT"
        said = ask(f"{plain.url}/a", "plain=1", "aside=1")
        assert said.code == "ok" and said.answers[0]["status"] == 200
        assert ask(f"https://localhost:{plain.port}/a").code == "WRONG_PROTOCOL"


@pytest.mark.parametrize("url, words", [
    ("ftp://localhost/", "ftp://"), ("nonsense", "scheme"), ("https://", "URL"), ("https://user:pw@localhost/", "URL"),
    ("https://localhost:99999/", "URL"), ("file:///etc/passwd", "URL"),
])
def test_urls_that_are_none(url, words):
    said = ask(url)
    assert said.code == "INVALID_INPUT" and words in said.reason and said.verdict["property"] == "URL", said.verdict
    assert "pw@" not in said.reason


TLS = [
    ("expired", "TLS_EXPIRED", "2021-01-01"), ("not-yet-valid", "TLS_NOT_YET_VALID", "2090"),
    ("wrong-name", "TLS_NAME_MISMATCH", "db.internal.example"), ("other", "TLS_UNTRUSTED", "Other CA"),
    ("self-signed", "TLS_UNTRUSTED", "self-signed"), ("leaf", "TLS_UNTRUSTED", "intermediate"),
    ("rsa1024", "TLS_WEAK", "1024"),
]


@pytest.mark.parametrize("aside", [0, 1])
@pytest.mark.parametrize("certificate, code, words", TLS)
def test_the_true_cause_of_a_tls_fault(certificate, code, words, aside):
    with bad_peer.Peers({"peer": bad_peer.tls(certificate)}) as peers:
        said = ask(f"https://localhost:{peers.port['peer']}/", f"aside={aside}")
    assert said.code == code and words in said.reason and f"localhost:{peers.port['peer']}" in said.reason, said.verdict
    assert said.verdict["stage"] == ("credentials" if aside else "tls")


def test_the_system_roots_do_not_trust_a_private_ca(web):
    assert ask(f"{web.url}/a", ca="system").code == "TLS_UNTRUSTED"


@pytest.mark.parametrize("aside", [0, 1])
def test_a_closed_port_and_a_name_that_is_none(aside):
    port = free_port()
    said = ask(f"https://127.0.0.1:{port}/", f"aside={aside}")
    assert said.code == "CONNECT_REFUSED" and f"127.0.0.1:{port}" in said.reason
    assert said.verdict["stage"] == ("credentials" if aside else "tcp")
    assert not aside or said.verdict["property"] == "URL"
    said = ask("https://no-such-name.invalid/", f"aside={aside}")
    assert said.code.startswith("DNS_") and "no-such-name.invalid" in said.reason
    assert said.verdict["stage"] == "credentials" or not aside


def after(*pieces, then=bad_peer.closes, pause=0.0):
    """Read the request, then send PIECES."""
    def behave(connection):
        connection.recv(65536)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        then(connection)
    return bad_peer.tls("good", then=behave)


def endless(block):
    def behave(connection):
        for _ in range(100_000):
            connection.sendall(block)
    return behave


def forever(block):
    """Until the client has had enough."""
    def behave(connection):
        end = time.monotonic() + bad_peer.HOLD
        while time.monotonic() < end:
            connection.sendall(block)
            time.sleep(0.1)
    return behave


BROKEN = {
    "silent": (after(then=bad_peer.hold), "TIMED_OUT", "its answer to the test's request"),
    "closes": (after(), "CONNECTION_CLOSED", "without an answer"),
    "closes-in-the-headers": (after(OK + b"Content-Le"), "CONNECTION_CLOSED|PROTOCOL_ERROR", "answer"),
    "closes-in-the-body": (after(OK + b"Content-Length: 100\r\n\r\nshort"), "CONNECTION_CLOSED", "in the middle of its answer"),
    "stops-in-the-body": (after(OK + b"Content-Length: 100\r\n\r\nshort", then=bad_peer.hold), "TIMED_OUT", "the rest of its answer"),
    "drips": (after(OK, then=forever(b"X: 1\r\n")), "TIMED_OUT", "the rest of its answer"),
    "huge-header": (after(OK, b"X: ", then=endless(b"x" * 10_000)), "PROTOCOL_ERROR", "HTTP"),
    "many-headers": (after(OK, then=endless(b"X: 1\r\n" * 1000)), "PROTOCOL_ERROR", "headers without end"),
    "interim-flood": (after(then=endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 500)), "PROTOCOL_ERROR", "headers without end"),
    "endless-body": (after(OK + b"\r\n", then=endless(b"x" * 65536)), "PROTOCOL_ERROR", "more than 1048576 bytes"),
    "long-body": (after(OK + b"Content-Length: 99999999999\r\n\r\n", then=endless(b"x" * 65536)), "PROTOCOL_ERROR", "more than"),
    "bad-length": (after(OK + b"Content-Length: many\r\n\r\nx"), "PROTOCOL_ERROR", "HTTP"),
    "two-lengths": (after(OK + b"Content-Length: 5\r\nContent-Length: 7\r\n\r\nhello77"), "ok|PROTOCOL_ERROR", ""),
    "chunk-garbage": (after(OK + b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n\r\n"), "PROTOCOL_ERROR", "chunk"),
    "chunk-unended": (after(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), "CONNECTION_CLOSED", "middle"),
    "chunk-huge": (after(OK + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\nx"), "PROTOCOL_ERROR|CONNECTION_CLOSED", "answer"),
    "nul-in-header": (after(OK + b"X: a\0b\r\n\r\n"), "PROTOCOL_ERROR", "HTTP"),
    "no-http": (after(b"what is this\r\n"), "PROTOCOL_ERROR", "not HTTP"),
    "binary": (after(b"\xf3\x9a\x01\x77\xee" * 20, then=bad_peer.hold), "PROTOCOL_ERROR", "not HTTP"),
    "smtp": (after(b"220 mail.example ESMTP\r\n", then=bad_peer.hold), "WRONG_PROTOCOL", "SMTP"),
    "redis": (after(b"-ERR unknown command\r\n", then=bad_peer.hold), "WRONG_PROTOCOL", "Redis"),
    "http2": (after(b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0d", then=bad_peer.hold), "PROTOCOL_ERROR", "not HTTP"),
}


@pytest.fixture(scope="module")
def broken():
    with bad_peer.Peers({name: case[0] for name, case in BROKEN.items()}) as peers:
        yield peers


@pytest.mark.parametrize("aside", [0, 1])
@pytest.mark.parametrize("name", BROKEN)
def test_http_that_is_broken(broken, name, aside):
    _, codes, words = BROKEN[name]
    began = time.monotonic()
    said = ask(f"https://localhost:{broken.port[name]}/?{CANARY}", f"aside={aside}", f"header=Authorization: {CANARY}", deadline=1000)
    assert said.code in codes.split("|") and words in said.reason, said.verdict
    assert time.monotonic() - began < 2.5
    if said.code != "ok":
        assert f"localhost:{broken.port[name]}" in said.reason
        assert said.verdict["stage"] == ("credentials" if aside else "login")


RAW = [
    ("ssh", "WRONG_PROTOCOL", "SSH"), ("http", "WRONG_PROTOCOL", "HTTP"), ("mysql", "WRONG_PROTOCOL", "MySQL"),
    ("closes", "CONNECTION_CLOSED", "TLS handshake"), ("resets", "CONNECTION_CLOSED", "TLS handshake"),
    ("silent", "TIMED_OUT", "the TLS handshake"), ("tls-alert", "TLS_HANDSHAKE", "handshake failure"),
    ("random", "PROTOCOL_ERROR|WRONG_PROTOCOL", "not TLS"),
]


@pytest.mark.parametrize("aside", [0, 1])
@pytest.mark.parametrize("name, codes, words", RAW)
def test_peers_without_tls(name, codes, words, aside):
    with bad_peer.Peers({name: bad_peer.PEERS[name]}) as peers:
        said = ask(f"https://localhost:{peers.port[name]}/", f"aside={aside}", deadline=1000)
    assert said.code in codes.split("|") and words in said.reason, said.verdict


def test_the_time_of_a_request_aside_is_its_own():
    """A connect that nobody answers, as to a metadata service outside its cloud, does not eat the test's time."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            fillers.append(filler)
        began = time.monotonic()
        said = ask(f"http://127.0.0.1:{port}/", "aside=1", "plain=1", "timeout=300", deadline=8000)
        took = time.monotonic() - began
        for filler in fillers:
            filler.close()
    assert said.code == "TIMED_OUT" and "does not answer" in said.reason and took < 1.5, (said.verdict, took)
    with bad_peer.Peers({"silent": after(then=bad_peer.hold)}) as peers:
        began = time.monotonic()
        assert ask(f"https://localhost:{peers.port['silent']}/", "aside=1", "timeout=300", deadline=8000).code == "TIMED_OUT"
        assert time.monotonic() - began < 1.5


class Proxy:
    """An HTTP proxy that knows CONNECT; STATUS is what it answers."""

    def __init__(self, status=200):
        self.status, self.seen = status, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.handle, args=(client,), daemon=True).start()

    def handle(self, client):
        request = client.recv(65536).decode()
        self.seen.append(request)
        client.sendall(f"HTTP/1.1 {self.status} whatever\r\nContent-Length: 0\r\n\r\n".encode() if self.status != 200
                       else b"HTTP/1.1 200 established\r\n\r\n")
        if self.status != 200:
            return client.close()
        host, port = request.split()[1].rsplit(":", 1)
        upstream = socket.create_connection(("127.0.0.1", int(port)))
        for source, target in ((client, upstream), (upstream, client)):
            threading.Thread(target=self.pipe, args=(source, target), daemon=True).start()

    @staticmethod
    def pipe(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        target.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def test_a_proxy_is_used_and_the_name_behind_it_verified(web):
    with Proxy() as proxy:
        url = f"http://user:{CANARY}@127.0.0.1:{proxy.port}"
        said = ask(f"{web.url}/a", "aside=1", f"proxy={url}")
        assert said.code == "ok" and said.answers[0]["status"] == 200, said.verdict
        assert f"CONNECT localhost:{web.port} " in proxy.seen[0] and "Proxy-Authorization: Basic" in proxy.seen[0]
        with Web(Handler, "wrong-name") as wrong:
            said = ask(f"{wrong.url}/a", "aside=1", f"proxy={url}")
            assert said.code == "TLS_NAME_MISMATCH" and said.verdict["property"] == "URL", said.verdict


@pytest.mark.parametrize("status, words", [(407, "wants a user"), (403, "403"), (502, "502")])
def test_a_proxy_that_refuses(web, status, words):
    with Proxy(status) as proxy:
        said = ask(f"{web.url}/a", "aside=1", f"proxy=http://user:{CANARY}@127.0.0.1:{proxy.port}")
    assert said.code == "CONNECT_UNREACHABLE" and words in said.reason and f"127.0.0.1:{proxy.port}" in said.reason
    said = ask(f"{web.url}/a", "aside=1", f"proxy=127.0.0.1:{free_port()}")
    assert said.code == "CONNECT_REFUSED"


def test_client_certificates_are_told(web):
    for version in (None, ssl.TLSVersion.TLSv1_2):
        with bad_peer.Peers({"peer": bad_peer.tls("good", version, client_ca=True)}) as peers:
            said = ask(f"https://localhost:{peers.port['peer']}/")
        assert said.code == "TLS_CLIENT_CERT_REQUIRED", said.verdict
