# SPDX-License-Identifier: Apache-2.0
"""Salesforce through a real proxy: HTTPS_PROXY and NO_PROXY of who runs testconn, for the login host and the instance."""
import json

import pytest

from support.processes import free_port
from support.program import stages
from support.proxy import TinyProxy
from support.salesforce import CLIENT_SECRET, Fault, Salesforce, Trust, definition
from support.service import Service
from support.silent import Silent

CANARY = "c4nary"
USER = f"agent:{CANARY}"


@pytest.fixture(scope="module")
def trust():
    with Trust() as folder:
        yield folder


@pytest.fixture(scope="module")
def server():
    with Salesforce() as running:
        yield running


@pytest.fixture(scope="module")
def proxy():
    with TinyProxy() as running:
        yield running


def tried(trust, tested, *arguments, timeout="10s", **variables):
    done = trust.run(["test", "--input", "-", "-o", "json", "--timeout", timeout, *arguments], stdin=json.dumps(tested), environment=variables)
    assert CANARY not in done.stdout + done.stderr and CLIENT_SECRET not in done.stdout
    return {**json.loads(done.stdout)["tests"][0], "exit": done.returncode}


def facts(report, stage):
    return next(one["facts"] for one in report["stages"] if one["name"] == stage)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_login_host_and_instance_are_reached_by_connect(trust, server, proxy, name):
    before = len(proxy.connects())
    report = tried(trust, definition(server.url), **{name: proxy.url()})
    assert report["exit"] == 0 and report["tls"]["verified"], report
    assert facts(report, "dns")["proxy"] == f"127.0.0.1:{proxy.port}" and report["target"]["port"] == server.port
    went = proxy.connects()[before:]
    assert len(went) >= 2 and set(went) == {f"localhost:{server.port}"}


def test_no_proxy_names_who_is_asked_directly(trust, server, proxy):
    before = len(proxy.connects())
    for names in ("localhost", "example.org, localhost", "*"):
        report = tried(trust, definition(server.url), HTTPS_PROXY="http://127.0.0.1:1", NO_PROXY=names)
        assert report["exit"] == 0 and "proxy" not in facts(report, "dns"), report
    assert tried(trust, definition(server.url), HTTP_PROXY="http://127.0.0.1:1")["exit"] == 0  # that one is for http
    assert len(proxy.connects()) == before


def test_a_proxy_with_user_and_password(trust, server):
    with TinyProxy(f"BasicAuth agent {CANARY}") as guarded:
        assert tried(trust, definition(server.url), HTTPS_PROXY=guarded.url(USER))["exit"] == 0
        report = tried(trust, definition(server.url), HTTPS_PROXY=guarded.url(f"agent:not-{CANARY}"))
    assert report["code"] == "CONNECT_UNREACHABLE" and "user and a password" in report["reason"], report
    assert f"127.0.0.1:{guarded.port}" in report["reason"] and f"localhost:{server.port}" in report["reason"]


def test_a_stored_code_is_left_alone_behind_a_proxy_too(trust, proxy):
    with Fault(lambda path, body: (500, {})) as host:
        tested = {**definition(host.url, "AUTHORIZATION_CODE", AuthorizationCodeProperties={"AuthorizationCode": CANARY}), "CreationTime": 1.7e9}
        report = tried(trust, tested, HTTPS_PROXY=proxy.url())
        assert report["exit"] == 0 and stages(report)["tls"] == "passed" and report["tls"]["verified"], report
        assert all(CANARY not in str(one) for one in host.seen)


@pytest.mark.parametrize("place, code, stage, words", [
    ("no-such-proxy.invalid:3128", "DNS_", "dns", ["the proxy's name \"no-such-proxy.invalid\""]), ("127.0.0.1:1", "CONNECT_REFUSED", "tcp", ["127.0.0.1:1", "proxy"])])
def test_a_proxy_that_is_not_there(trust, server, place, code, stage, words):
    report = tried(trust, definition(server.url), HTTPS_PROXY=f"http://{USER}@{place}")
    assert report["code"].startswith(code) and report["stage"] == stage and all(word in report["reason"] for word in words), report


def test_a_proxy_that_cannot_get_there_keeps_silent_or_is_another_program(trust, server, proxy):
    report = tried(trust, definition(f"https://localhost:{free_port()}"), HTTPS_PROXY=proxy.url())
    assert report["code"] == "CONNECT_UNREACHABLE" and "HTTP status 5" in report["reason"], report
    with Silent() as silent:
        report = tried(trust, definition(server.url), timeout="2s", HTTPS_PROXY=f"http://{USER}@127.0.0.1:{silent.port}")
    assert report["code"] == "TIMED_OUT" and f"127.0.0.1:{silent.port}" in report["reason"] and "proxy" in report["reason"], report


@pytest.mark.parametrize("host, rule", [("login.example", "*.example"), ("10.1.2.3", "10.0.0.0/8")])
def test_what_a_caller_may_not_reach_he_may_not_by_the_proxy_either(proxy, host, rule):
    before = len(proxy.connects())
    with Service("--deny", rule, environment={"HTTPS_PROXY": proxy.url()}) as service:
        body = {key: value for key, value in definition(f"https://{host}").items() if key != "Name"}
        message = service.refused("TestConnection", {"TestConnectionInput": body}, "InvalidInputException")
        assert message.startswith("POLICY_DENIED") and rule in message and host.strip("[]") in message and "proxy" in message, message
    assert len(proxy.connects()) == before


@pytest.mark.parametrize("url", [f"https://{USER}@127.0.0.1:3128", f"socks5://{USER}@127.0.0.1:3128", f"http://{USER}@:x"])
def test_a_proxy_that_is_none(trust, server, url):
    report = tried(trust, definition(server.url), HTTPS_PROXY=url)
    assert report["code"] == "INVALID_INPUT" and "the proxy" in report["reason"] and "HTTPS_PROXY" in report["remedy"], report


def test_the_certificate_behind_the_proxy_is_the_hosts(trust, proxy):
    for certificate, code in (("wrong-name", "TLS_NAME_MISMATCH"), ("expired", "TLS_EXPIRED"), ("self-signed", "TLS_UNTRUSTED")):
        with Fault(lambda path, body: (200, {}), certificate=certificate) as wrong:
            report = tried(trust, definition(wrong.url), HTTPS_PROXY=proxy.url())
            assert (report["code"], report["stage"]) == (code, "tls"), report
            assert f"localhost:{wrong.port}" in report["reason"] and f"by the proxy 127.0.0.1:{proxy.port}" in report["reason"], report
            assert wrong.seen == []
