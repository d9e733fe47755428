# SPDX-License-Identifier: Apache-2.0
"""AWS over https through a real proxy: HTTPS_PROXY, NO_PROXY, logins, refusals, silence."""
import json
import time

import pytest

from support.aws import CANARY, Front, environment, json_answer
from support.program import certificates, jdbc, stages, verdict
from support.proxy import TinyProxy
from support.processes import free_port
from support.silent import Silent

SECRET = json_answer(SecretString=json.dumps({"username": "app", "password": "pw-app"}), VersionId="v")
CA = certificates() / "ca.pem"
USER = f"agent:{CANARY}"  # with its password


@pytest.fixture(scope="module")
def proxy():
    with TinyProxy() as running:
        yield running


@pytest.fixture(scope="module")
def guarded():
    with TinyProxy(f"BasicAuth agent {CANARY}") as running:
        yield running


@pytest.fixture()
def aws():
    with Front(answer=lambda request: SECRET, certificate="good") as front:
        yield front


def tried(server, url, timeout="10s", **variables):
    began = time.monotonic()
    report = verdict(jdbc(JDBC_CONNECTION_URL=server.url(), SECRET_ID="orders"), timeout=timeout,
                     environment=environment(url, AWS_CA_BUNDLE=str(CA), **variables))
    assert CANARY not in json.dumps(report) and time.monotonic() - began < float(timeout[:-1]) + 1.5
    return report


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_the_endpoint_is_reached_by_connect(server, proxy, aws, name):
    before = len(proxy.connects())
    report = tried(server, aws.url("localhost"), **{name: proxy.url()})
    assert report["exit"] == 0 and report["target"]["port"] == server.port, report
    assert proxy.connects()[before:] == [f"localhost:{aws.port}"] and len(aws.seen) == 1  # nothing but AWS goes that way


def test_no_proxy_names_who_is_asked_directly(server, proxy, aws):
    before = len(proxy.connects())
    for names in ("localhost", "example.org, localhost", "*", ".localhost"):
        assert tried(server, aws.url("localhost"), HTTPS_PROXY=proxy.url(), NO_PROXY=names)["exit"] == 0, names
    assert len(proxy.connects()) == before
    assert tried(server, aws.url("localhost"), HTTPS_PROXY=proxy.url(), NO_PROXY="host,ocalhost,127.0.0.1")["exit"] == 0
    assert len(proxy.connects()) == before + 1
    assert tried(server, aws.url("localhost"), HTTP_PROXY="http://127.0.0.1:1")["exit"] == 0  # that one is for http


def test_a_proxy_with_user_and_password(server, guarded, aws):
    assert tried(server, aws.url("localhost"), HTTPS_PROXY=guarded.url(USER))["exit"] == 0
    with TinyProxy("BasicAuth a p-w") as other:  # percent-encoded, as everywhere in URLs
        assert tried(server, aws.url("localhost"), HTTPS_PROXY=other.url("%61:p%2Dw"))["exit"] == 0


@pytest.mark.parametrize("login", [None, f"agent:not-{CANARY}", f"{CANARY}:x"])
def test_a_proxy_that_does_not_know_us(server, guarded, aws, login):
    report = tried(server, aws.url("localhost"), HTTPS_PROXY=guarded.url(login))
    assert (report["code"], report["stage"]) == ("CONNECT_UNREACHABLE", "credentials"), report
    for word in (f"127.0.0.1:{guarded.port}", f"localhost:{aws.port}", "HTTP status 40", "user and a password"):
        assert word in report["reason"], report["reason"]
    assert not aws.seen and stages(report)["tcp"] == "not reached"


def test_a_proxy_that_lets_nobody_there(server, aws):
    with TinyProxy("ConnectPort 1") as closed:
        report = tried(server, aws.url("localhost"), HTTPS_PROXY=closed.url(USER))
    assert (report["code"], report["stage"]) == ("CONNECT_UNREACHABLE", "credentials"), report
    assert "403" in report["reason"] and f"127.0.0.1:{closed.port}" in report["reason"] and "rules" in report["remedy"]


def test_a_proxy_that_cannot_get_there_itself(server, proxy):
    report = tried(server, f"https://localhost:{free_port()}", HTTPS_PROXY=proxy.url())
    assert (report["code"], report["stage"]) == ("CONNECT_UNREACHABLE", "credentials"), report
    assert "HTTP status 5" in report["reason"] and f"127.0.0.1:{proxy.port}" in report["reason"]


def test_a_silent_proxy(server, aws):
    with Silent() as silent:
        report = tried(server, aws.url("localhost"), timeout="2s", HTTPS_PROXY=f"http://{USER}@127.0.0.1:{silent.port}")
    assert (report["code"], report["stage"]) == ("TIMED_OUT", "credentials"), report
    assert f"127.0.0.1:{silent.port}" in report["reason"] and "proxy" in report["reason"], report["reason"]


def test_a_frozen_proxy(server, aws):
    with TinyProxy() as frozen:
        frozen.freeze()
        report = tried(server, aws.url("localhost"), timeout="2s", HTTPS_PROXY=frozen.url(USER))
    assert (report["code"], report["stage"]) == ("TIMED_OUT", "credentials"), report
    assert f"127.0.0.1:{frozen.port}" in report["reason"] and "proxy" in report["reason"], report["reason"]


@pytest.mark.parametrize("place, code, words", [
    ("no-such-proxy.invalid:3128", "DNS_", ["no-such-proxy.invalid", "proxy"]),
    ("127.0.0.1:1", "CONNECT_REFUSED", ["127.0.0.1:1", "proxy"]),
])
def test_a_proxy_that_is_not_there(server, aws, place, code, words):
    report = tried(server, aws.url("localhost"), HTTPS_PROXY=f"http://{USER}@{place}")
    assert report["code"].startswith(code) and report["stage"] == "credentials", report
    assert all(word in report["reason"] for word in words), report["reason"]


@pytest.mark.parametrize("url", [f"https://{USER}@127.0.0.1:3128", f"socks5://{USER}@127.0.0.1:3128", f"http://{USER}@:x",
                                 f"http://{USER}@127.0.0.1:99999"])
def test_a_proxy_that_is_none(server, aws, url):
    report = tried(server, aws.url("localhost"), HTTPS_PROXY=url)
    assert (report["code"], report["stage"]) == ("INVALID_INPUT", "credentials") and "proxy" in report["reason"], report
    assert "HTTPS_PROXY" in report["reason"] + report["remedy"], report


def test_the_certificate_behind_the_proxy_is_the_hosts(server, proxy):
    for certificate, code in (("wrong-name", "TLS_NAME_MISMATCH"), ("expired", "TLS_EXPIRED"), ("self-signed", "TLS_UNTRUSTED")):
        with Front(answer=lambda request: SECRET, certificate=certificate) as wrong:
            report = tried(server, wrong.url("localhost"), HTTPS_PROXY=proxy.url())
            assert (report["code"], report["stage"]) == (code, "credentials"), report
            assert "localhost" in report["reason"] and not wrong.seen


def test_a_view_is_tested_by_the_proxy(proxy):
    """The test's own way, not only that of a secret: its dns and tcp are the proxy's, the certificate is the service's."""
    view = {"Name": "v", "ConnectionType": "VIEW_VALIDATION_ATHENA", "ConnectionProperties": {"WORKGROUP_NAME": "wg"}}
    answers = {"GetWorkGroup": json_answer(WorkGroup={"Name": "wg", "State": "ENABLED", "Configuration": {"ResultConfiguration": {
        "OutputLocation": "s3://a/b"}}}), "StartQueryExecution": json_answer(QueryExecutionId="x"),
        "GetQueryExecution": json_answer(QueryExecution={"Status": {"State": "SUCCEEDED"}})}
    for certificate, code in (("good", None), ("wrong-name", "TLS_NAME_MISMATCH"), ("self-signed", "TLS_UNTRUSTED")):
        with Front(answer=lambda request: answers[request.operation], certificate=certificate) as front:
            report = verdict(view, environment=environment(front.url("localhost"), AWS_CA_BUNDLE=str(CA), HTTPS_PROXY=proxy.url()))
            assert (report.get("code"), report.get("stage")) == ((code, "tls") if code else (None, None)), report
            assert not code or (f"localhost:{front.port}" in report["reason"] and not front.seen), report
    report = verdict(view, environment=environment(front.url("localhost"), AWS_CA_BUNDLE=str(CA), HTTPS_PROXY="http://no-such-proxy.invalid:1"))
    assert (report["code"][:4], report["stage"]) == ("DNS_", "dns") and "the proxy's name" in report["reason"], report


def test_something_else_at_the_proxys_port(server, aws):
    report = tried(server, aws.url("localhost"), HTTPS_PROXY=f"http://{USER}@127.0.0.1:{server.port}")  # PostgreSQL
    assert report["stage"] == "credentials" and report["code"] in ("WRONG_PROTOCOL", "CONNECTION_CLOSED", "PROTOCOL_ERROR"), report
    assert f"127.0.0.1:{server.port}" in report["reason"] and "proxy" in report["reason"], report["reason"]
