# SPDX-License-Identifier: Apache-2.0
"""testconn against real Kafka brokers: every security mode, the fault list, advertised listeners that lead nowhere."""
import json
import socket
import subprocess

import pytest

from support.kafka import CLUSTER_ID, Kafka, Listener, low_port
from support.processes import contents, free_port, running, wait_until
from support.program import PROGRAM, batch, certificates, rules, stages, verdict

CERTIFICATES = certificates()
CA = str(CERTIFICATES / "ca.pem")
OFF = {"KAFKA_SSL_ENABLED": "false"}
TLS = {"KAFKA_CUSTOM_CERT": CA}
SERVED = ["good", "expired", "not-yet-valid", "wrong-name", "no-ip", "other", "self-signed", "leaf", "chain", "rsa1024", "sha1"]


def plain(user="app", password="pw-app"):
    return {"KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_PLAIN_USERNAME": user, "KAFKA_SASL_PLAIN_PASSWORD": password}


def scram(user="app", password="pw-app", mechanism="SCRAM-SHA-512"):
    return {"KAFKA_SASL_MECHANISM": mechanism, "KAFKA_SASL_SCRAM_USERNAME": user, "KAFKA_SASL_SCRAM_PASSWORD": password}


def kafka(servers, *properties, name="events"):
    given = {"KAFKA_BOOTSTRAP_SERVERS": servers}
    for some in properties:
        given |= some
    return {"Name": name, "ConnectionType": "KAFKA", "ConnectionProperties": given}


def expect(report, code, stage, *words):
    assert (report.get("code"), report.get("stage"), report["status"]) == (code, stage, "failed"), report
    for word in words:
        assert word in report["reason"], (word, report["reason"])
    assert report["remedy"]
    assert stages(report)[stage] == "failed"


def mechanism_of(properties):
    return properties[-1]["KAFKA_SASL_MECHANISM"]


def facts(report, stage="query"):
    return next(one["facts"] for one in report["stages"] if one["name"] == stage)


def findings(report, rule):
    return [finding["message"] for finding in report["findings"] if finding["rule"] == rule]


def listeners():
    return {
        "PT": Listener("PLAINTEXT"),
        "V6": Listener("PLAINTEXT", host="::1"),
        "SSLV6": Listener("SSL", host="::1", certificate="good"),
        "SP": Listener("SASL_PLAINTEXT", mechanisms=["PLAIN", "SCRAM-SHA-512"]),
        "SP512": Listener("SASL_PLAINTEXT", mechanisms=["SCRAM-SHA-512"]),
        "SS": Listener("SASL_SSL", certificate="good", mechanisms=["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]),
        "SSMUTUAL": Listener("SASL_SSL", certificate="good", clients="required", mechanisms=["PLAIN"]),
        "MUTUAL": Listener("SSL", certificate="good", clients="required"),
        "MUTUAL12": Listener("SSL", certificate="good", clients="required", ssl_enabled_protocols="TLSv1.2"),
        "REQUESTED": Listener("SSL", certificate="good", clients="requested"),
        "TLS12": Listener("SSL", certificate="good", ssl_enabled_protocols="TLSv1.2"),
        **{f"SSL{index}": Listener("SSL", certificate=name) for index, name in enumerate(SERVED)},
    }


@pytest.fixture(scope="module")
def broker():
    with Kafka(listeners()) as one:
        yield one


def secured(broker, certificate, host="localhost"):
    return f"{host}:{broker.port_of(f'SSL{SERVED.index(certificate)}')}"


def test_a_plaintext_listener(broker):
    report = verdict(kafka(broker.at("PT"), OFF))
    assert report["exit"] == 0 and report["status"] == "ok"
    assert stages(report) == {name: "passed" for name in ("input", "credentials", "dns", "tcp", "login", "query")}
    assert report["driver"] == "kafka" and report["server"] == {"product": "Apache Kafka", "version": "4.4"}
    told = facts(report)
    assert told["cluster_id"] == CLUSTER_ID and told["controller_id"] == 1
    assert told["brokers"] == [{"id": 1, "host": "localhost", "port": broker.port_of("PT"), "reached": True}]
    assert report["target"] == {"host": "localhost", "port": broker.port_of("PT"), "address": "127.0.0.1"}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_an_ssl_listener_is_verified(broker, host):
    report = verdict(kafka(secured(broker, "good", host), TLS))
    assert report["status"] == "ok" and report["tls"]["verified"] is True and report["tls"]["version"] == "TLSv1.3"
    assert stages(report) == {name: "passed" for name in ("input", "credentials", "certificate", "dns", "tcp", "tls", "login", "query")}


def test_ipv6(broker):
    assert verdict(kafka(broker.at("V6"), OFF))["target"]["address"] == "::1"
    assert verdict(kafka(broker.at("SSLV6"), TLS))["tls"]["verified"] is True


def test_tls_1_2(broker):
    assert verdict(kafka(broker.at("TLS12"), TLS))["tls"]["version"] == "TLSv1.2"


@pytest.mark.parametrize("listener, properties", [
    ("SP", (OFF, plain())), ("SS", (TLS, plain())), ("SP", (OFF, plain("odd one", "p,w=\\ \u00e4"))),
    ("SP", (OFF, scram())), ("SS", (TLS, scram())), ("SS", (TLS, scram(mechanism="SCRAM-SHA-256"))),
    ("SS", (TLS, scram("k=v", "p\u00e4ssw\u00f6rd \u20ac"))), ("SS", (TLS, scram("k=v", "p\u00e4ssw\u00f6rd \u20ac", "SCRAM-SHA-256")))])
def test_a_right_login_is_accepted(broker, listener, properties):
    report = verdict(kafka(broker.at(listener), *properties))
    assert report["status"] == "ok", report
    assert ("password-in-clear" in rules(report)) is (listener == "SP" and "KAFKA_SASL_PLAIN_USERNAME" in properties[1])
    assert mechanism_of(properties) in facts(report, "login")["mechanisms"]
    assert "Metadata 0-" in facts(report, "login")["api_versions"]
    assert report["target"]["user"] == next(value for key, value in properties[1].items() if key.endswith("USERNAME"))


@pytest.mark.parametrize("listener, properties, words", [
    ("SP", (OFF, plain(password="c4nary-wrong")), ["Invalid username or password"]),
    ("SS", (TLS, plain(user="nobody")), ["nobody", "Invalid username or password"]),
    ("SS", (TLS, scram(password="c4nary-wrong")), ["proof was wrong", "SCRAM-SHA-512"]),
    ("SS", (TLS, scram(user="nobody", password="c4nary-wrong")), ["nobody", "has no credentials"]),
    ("SS", (TLS, scram("only512", "pw-only", "SCRAM-SHA-256")), ["only512", "has no credentials"])])
def test_a_wrong_login_is_told_as_soon_as_the_broker_answers(broker, listener, properties, words):
    report = verdict(kafka(broker.at(listener), *properties))
    expect(report, "LOGIN_REFUSED", "login", "localhost", "SASL_AUTHENTICATION_FAILED, 58", *words)
    # the broker's own delay, and little more
    assert report["duration_ms"] < 1500
    assert "c4nary" not in json.dumps(report)
    assert report["property"].endswith("USERNAME")


def test_one_login_attempt_for_a_refused_password(broker):
    servers = ",".join([broker.at("SP"), f"127.0.0.1:{broker.port_of('SP')}"])
    report = verdict(kafka(servers, OFF, plain(password="wrong")))
    expect(report, "LOGIN_REFUSED", "login")
    assert report["target"]["host"] == "localhost"


def test_a_mechanism_that_is_not_enabled_names_those_that_are(broker):
    report = verdict(kafka(broker.at("SP512"), OFF, plain()))
    expect(report, "LOGIN_METHOD", "login", "PLAIN", "it offers: SCRAM-SHA-512", "33")
    assert report["property"] == "ConnectionProperties.KAFKA_SASL_MECHANISM"


@pytest.mark.parametrize("listener, properties", [("PT", OFF), ("SSL0", TLS)])
def test_sasl_where_there_is_none(broker, listener, properties):
    expect(verdict(kafka(broker.at(listener), properties, plain())), "LOGIN_METHOD", "login", "no SASL", "34")


@pytest.mark.parametrize("listener, properties, offered", [("SP", OFF, "PLAIN, SCRAM-SHA-512"), ("SS", TLS, "SCRAM-SHA-256")])
def test_no_sasl_where_it_is_demanded(broker, listener, properties, offered):
    report = verdict(kafka(broker.at(listener), properties))
    expect(report, "LOGIN_METHOD", "login", "demands a SASL login", offered)
    assert report["property"] == "ConnectionProperties.KAFKA_SASL_MECHANISM"


@pytest.mark.parametrize("listener, login", [("PT", {}), ("SP", plain()), ("SP", {})])
def test_tls_to_a_listener_without(broker, listener, login):
    report = verdict(kafka(broker.at(listener), login))
    expect(report, "TLS_NOT_OFFERED", "tls", "KAFKA_SSL_ENABLED", str(broker.port_of(listener)))
    assert report["property"] == "ConnectionProperties.KAFKA_SSL_ENABLED"
    assert report["duration_ms"] < 1000


@pytest.mark.parametrize("listener, login", [("SSL0", {}), ("SS", plain()), ("MUTUAL", {})])
def test_a_plain_client_on_a_tls_listener(broker, listener, login):
    report = verdict(kafka(broker.at(listener), OFF, login))
    expect(report, "TLS_REQUIRED", "tls", "KAFKA_SSL_ENABLED", str(broker.port_of(listener)))
    assert report["property"] == "ConnectionProperties.KAFKA_SSL_ENABLED"


@pytest.mark.parametrize("certificate, host, code, words", [
    ("expired", "localhost", "TLS_EXPIRED", ["2021-01-01"]),
    ("not-yet-valid", "localhost", "TLS_NOT_YET_VALID", ["2090-01-01"]),
    ("wrong-name", "localhost", "TLS_NAME_MISMATCH", ["localhost", "db.internal.example"]),
    ("no-ip", "127.0.0.1", "TLS_NAME_MISMATCH", ["127.0.0.1"]),
    ("other", "localhost", "TLS_UNTRUSTED", ["Other CA", "Test CA"]),
    ("self-signed", "localhost", "TLS_UNTRUSTED", ["self-signed"]),
    ("leaf", "localhost", "TLS_UNTRUSTED", ["Test Intermediate CA"]),
    ("rsa1024", "localhost", "TLS_WEAK", ["1024"]),
    ("sha1", "localhost", "TLS_WEAK", ["SHA1"])])
def test_a_bad_certificate_has_its_cause(broker, certificate, host, code, words):
    report = verdict(kafka(secured(broker, certificate, host), TLS))
    expect(report, code, "tls", *words)
    assert report["duration_ms"] < 1000


def test_a_private_ca_needs_to_be_given(broker):
    expect(verdict(kafka(secured(broker, "good"))), "TLS_UNTRUSTED", "tls", "Test CA", "this system's CA certificates")


def test_a_chain_is_followed(broker):
    assert verdict(kafka(secured(broker, "chain"), TLS))["status"] == "ok"


@pytest.mark.parametrize("listener, login", [("MUTUAL", {}), ("MUTUAL12", {}), ("SSMUTUAL", plain())])
def test_a_client_certificate_is_demanded(broker, listener, login):
    report = verdict(kafka(broker.at(listener), TLS, login))
    expect(report, "TLS_CLIENT_CERT_REQUIRED", "tls", "client certificate")
    assert report["property"] == "ConnectionProperties.KAFKA_CLIENT_KEYSTORE" and "KAFKA_CLIENT_KEYSTORE" in report["remedy"]


def test_a_client_certificate_that_is_only_asked_for(broker):
    assert verdict(kafka(broker.at("REQUESTED"), TLS))["status"] == "ok"


def test_a_dead_bootstrap_server_beside_a_living_one_is_a_finding(broker):
    dead = free_port()
    report = verdict(kafka(f"no-such-name.invalid:9092, 127.0.0.1:{dead} ,{broker.at('PT')},127.0.0.1:{dead}", OFF))
    assert report["status"] == "ok"
    told = findings(report, "endpoint-failed")
    assert len(told) == 2 and "DNS_" in told[0] and "CONNECT_REFUSED" in told[1] and str(dead) in told[1]
    report = verdict(kafka(f"{broker.at('PT')},127.0.0.1:{dead}", OFF))
    assert "CONNECT_REFUSED" in findings(report, "endpoint-failed")[0]


def test_of_several_dead_ones_the_furthest_decides(broker):
    dead = free_port()
    expect(verdict(kafka(f"no-such-name.invalid:1,127.0.0.1:{dead}", OFF)), "CONNECT_REFUSED", "tcp", str(dead))


def test_the_ca_file_is_held_to_the_three_algorithms(broker):
    at = secured(broker, "good")
    expect(verdict(kafka(at, {"KAFKA_CUSTOM_CERT": str(CERTIFICATES / "bad-ecdsa.pem")})), "CERT_ALGORITHM", "certificate", "ECDSA")
    skipped = {"KAFKA_SKIP_CUSTOM_CERT_VALIDATION": "true"}
    expect(verdict(kafka(at, {"KAFKA_CUSTOM_CERT": str(CERTIFICATES / "bad-ecdsa.pem")}, skipped)), "TLS_UNTRUSTED", "tls")
    expect(verdict(kafka(at, {"KAFKA_CUSTOM_CERT": "/no/such/file.pem"})), "FILE_UNREADABLE", "credentials", "/no/such/file.pem")


def test_a_frozen_broker_is_told_with_the_path_in_order(broker):
    broker.freeze()
    try:
        report = verdict(kafka(broker.at("PT"), OFF), timeout="1s")
    finally:
        broker.thaw()
    expect(report, "TIMED_OUT", "login", "said nothing", "the network is fine")
    assert report["duration_ms"] < 1300


def test_secrets_are_nowhere(broker):
    secret = "c4nary-kafka-s3cret"
    listening = socket.create_server(("127.0.0.1", 0))
    definition = kafka(f"127.0.0.1:{listening.getsockname()[1]}", OFF, plain(password=secret))

    process = subprocess.Popen([PROGRAM, "test", "--input", "-", "--timeout", "3s"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    process.stdin.write(json.dumps(definition))
    process.stdin.close()
    accepted, _ = listening.accept()
    seen = b"".join(contents(pid, "cmdline", "environ") for pid in running(PROGRAM))
    assert secret.encode() not in seen and seen
    accepted.close()
    listening.close()
    assert secret not in process.stdout.read()
    process.wait()


def test_many_side_by_side(broker):
    definitions = [kafka(broker.at("SS"), TLS, scram(), name=f"n{index}") for index in range(40)]
    code, document = batch(definitions, "--jobs", "16", timeout="20s")
    assert code == 0 and document["summary"]["ok"] == 40


def test_what_the_installed_librdkafka_cannot_is_a_finding_and_not_the_verdict(broker):
    works = verdict(kafka(broker.at("SS"), TLS, plain()))
    assert facts(works)["librdkafka"].endswith("works") and "installed-library-fails" not in rules(works)
    if facts(works)["librdkafka"].startswith("2.0.2"):
        for login, at, words in ((scram(), broker.at("SS"), "the password is right"),
                                 ({}, broker.at("SSLV6"), "certificate verify failed")):
            report = verdict(kafka(at, TLS, login))
            assert report["status"] == "ok" and "librdkafka" not in facts(report)
            told = findings(report, "installed-library-fails")
            assert len(told) == 1 and "librdkafka 2.0.2" in told[0] and words in told[0]


# Advertised listeners: a client sees only the brokers that have the listener it came in by.

@pytest.fixture(scope="module")
def cluster():
    closed, hole = low_port(), socket.socket()
    hole.bind(("127.0.0.1", 0))
    hole.listen(0)
    fill = []
    for _ in range(4):  # a full accept queue: SYNs are dropped
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(hole.getsockname())
        fill.append(one)
    wrong = Listener("SSL", certificate="no-ip")  # right as localhost, by which it is configured
    wrong.advertised = ("127.0.0.1", wrong.port)
    mixed = Listener("SSL", certificate="good")
    first = {
        "TWO": Listener("PLAINTEXT"),
        "TWOSASL": Listener("SASL_PLAINTEXT", mechanisms=["PLAIN"]),
        "DEADNAME": Listener("PLAINTEXT"),
        "DEADPORT": Listener("PLAINTEXT"),
        "FROZEN": Listener("PLAINTEXT"),
        "ADVNAME": Listener("PLAINTEXT", advertised=("broker-1.internal.invalid", 9092)),
        "ADVCLOSED": Listener("PLAINTEXT", advertised=("127.0.0.1", closed)),
        "ADVHOLE": Listener("PLAINTEXT", advertised=hole.getsockname()),
        "WRONGCERT": wrong,
        "MIXED": Listener("PLAINTEXT", advertised=("localhost", mixed.port)),
        "MIXEDSSL": mixed,
    }
    second = {
        "TWO": Listener("PLAINTEXT"),
        "TWOSASL": Listener("SASL_PLAINTEXT", mechanisms=["PLAIN"], jaas={"PLAIN": 'org.apache.kafka.common.security.plain.'
                            'PlainLoginModule required "user_app"="another";'}),
        "DEADNAME": Listener("PLAINTEXT", advertised=("broker-2.internal.invalid", 9093)),
        "DEADPORT": Listener("PLAINTEXT", advertised=("127.0.0.1", closed)),
        "FROZEN": Listener("PLAINTEXT"),
    }
    with Kafka(first) as one, Kafka(second, node=2, controller=one.controller) as two:
        wait_until(lambda: len(facts(verdict(kafka(one.at("TWO"), OFF)))["brokers"]) == 2, 30, "two brokers")
        one.second, one.closed = two, closed
        yield one
    for socket_of_ours in [hole, *fill]:
        socket_of_ours.close()


def reached(report):
    return {broker["id"]: broker["reached"] for broker in facts(report)["brokers"]}


def test_every_advertised_broker_is_reached(cluster):
    report = verdict(kafka(cluster.at("TWO"), OFF))
    assert report["status"] == "ok" and reached(report) == {1: True, 2: True} and not report["findings"]
    assert facts(report)["librdkafka"].endswith("works")


@pytest.mark.parametrize("listener, words", [
    ("DEADNAME", ["broker 2 as broker-2.internal.invalid:9093", "DNS_"]), ("DEADPORT", ["broker 2", "CONNECT_REFUSED", "127.0.0.1"]),
    ("TWOSASL", ["broker 2", "LOGIN_REFUSED"])])
def test_one_dead_advertised_broker_is_a_finding(cluster, listener, words):
    report = verdict(kafka(cluster.at(listener), OFF, plain() if "SASL" in listener else {}))
    assert report["status"] == "ok" and reached(report) == {1: True, 2: False}
    told = findings(report, "advertised-unreachable")
    assert len(told) == 1 and cluster.at(listener) in told[0] and "advertised.listeners" in told[0]
    for word in words:
        assert word in told[0]


@pytest.mark.parametrize("listener, properties, words", [
    ("ADVNAME", OFF, ["broker 1 as broker-1.internal.invalid:9092", "DNS_"]),
    ("ADVCLOSED", OFF, ["CONNECT_REFUSED"]),
    ("ADVHOLE", OFF, ["TIMED_OUT at tcp"]),
    ("WRONGCERT", TLS, ["broker 1 as 127.0.0.1:", "TLS_NAME_MISMATCH"]),
    ("MIXED", OFF, ["TLS_REQUIRED"])])
def test_the_only_advertised_broker_is_out_of_reach(cluster, listener, properties, words):
    report = verdict(kafka(cluster.at(listener), properties), timeout="4s")
    expect(report, "ADVERTISED_UNREACHABLE", "query", cluster.at(listener), "KAFKA_BOOTSTRAP_SERVERS", *words)
    assert "advertised.listeners" in report["remedy"] and report["retryable"] is True
    assert reached(report) == {1: False} and facts(report)["cluster_id"] == CLUSTER_ID
    assert report["duration_ms"] < 4000


def test_a_frozen_broker_beside_a_living_one(cluster):
    cluster.second.freeze()
    try:
        report = verdict(kafka(cluster.at("FROZEN"), OFF), timeout="3s")
    finally:
        cluster.second.thaw()
    assert report["status"] == "ok" and reached(report) == {1: True, 2: False}
    assert "TIMED_OUT at login" in findings(report, "advertised-unreachable")[0]
    assert report["duration_ms"] < 2500


def test_kafka_3_9():
    with Kafka({"SS": Listener("SASL_SSL", certificate="good", mechanisms=["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])},
               version="3.9.2") as old:
        for login in (plain(), scram(), scram(mechanism="SCRAM-SHA-256")):
            report = verdict(kafka(old.at("SS"), TLS, login))
            assert report["status"] == "ok", report
            assert report["server"]["version"] == "3.9" and facts(report)["librdkafka"].endswith("works")
        expect(verdict(kafka(old.at("SS"), TLS, scram(password="wrong"))), "LOGIN_REFUSED", "login", "58")
