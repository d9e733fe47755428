# SPDX-License-Identifier: Apache-2.0
"""SASL GSSAPI at a real broker with a real MIT KDC: keytabs, services, clocks and KDCs that fail."""
import socket

import pytest

from support.kafka import Kafka, Listener
from support.kdc import KDC, REALM
from support.processes import free_port
from support.program import certificates, rules, verdict

CA = str(certificates() / "ca.pem")


@pytest.fixture(scope="module")
def kdc():
    with KDC() as one:
        yield one


@pytest.fixture(scope="module")
def broker(kdc):
    jaas = {"GSSAPI": "com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true isInitiator=false "
                      f'doNotPrompt=true keyTab="{kdc.keytab("kafka")}" principal="kafka/localhost@{REALM}";'}
    with Kafka({"SP": Listener("SASL_PLAINTEXT", mechanisms=["GSSAPI"], jaas=jaas),
                "SS": Listener("SASL_SSL", certificate="good", mechanisms=["GSSAPI"], jaas=jaas),
                "PLAIN": Listener("SASL_PLAINTEXT", mechanisms=["PLAIN"])},
               jvm=[f"-Djava.security.krb5.conf={kdc.conf}"]) as one:
        yield one


def attempt(broker, kdc, principal="app", keytab=None, service="kafka", conf=None, listener="SP", host="localhost", **options):
    given = {"KAFKA_BOOTSTRAP_SERVERS": f"{host}:{broker.port_of(listener)}", "KAFKA_SASL_MECHANISM": "GSSAPI",
             "KAFKA_SASL_GSSAPI_KEYTAB": str(keytab or kdc.keytab(principal.split("@")[0])),
             "KAFKA_SASL_GSSAPI_KRB5_CONF": str(conf or kdc.conf), "KAFKA_SASL_GSSAPI_SERVICE": service,
             "KAFKA_SASL_GSSAPI_PRINCIPAL": principal,
             **({"KAFKA_SSL_ENABLED": "false"} if listener != "SS" else {"KAFKA_CUSTOM_CERT": CA})}
    return verdict({"Name": "k", "ConnectionType": "KAFKA", "ConnectionProperties": given}, **options)


def expect(report, code, stage, *words):
    assert (report.get("code"), report.get("stage")) == (code, stage), report
    for word in words:
        assert word in report["reason"], (word, report["reason"])


@pytest.mark.parametrize("listener", ["SP", "SS"])
@pytest.mark.parametrize("principal, keytab", [("app", None), (f"app@{REALM}", None), ("app", "two")])
def test_a_keytab_logs_in(broker, kdc, principal, keytab, listener):
    report = attempt(broker, kdc, principal, keytab and kdc.keytab(keytab), listener=listener)
    assert report["status"] == "ok", report
    login = next(stage["facts"] for stage in report["stages"] if stage["name"] == "login")
    assert login["ticket_for"] == f"kafka/localhost@{REALM}"
    assert report["target"]["address"] == "127.0.0.1" and report["target"]["port"] == broker.port_of(listener)
    query = next(stage["facts"] for stage in report["stages"] if stage["name"] == "query")
    assert query["librdkafka"].endswith("works"), report


@pytest.mark.parametrize("principal, options, words, blamed", [
    ("stale", {}, ["not the principal's current one", "-1765328353"], "KEYTAB"),
    ("gone", {}, ["does not know our principal", "-1765328378"], "PRINCIPAL"),
    ("expired", {}, ["has expired", "-1765328383"], "PRINCIPAL"),
    ("retired", {}, ["locked", "-1765328366"], "PRINCIPAL"),
    ("app", {"keytab": "gone"}, ["the keytab holds no key of our principal"], "PRINCIPAL"),
    ("app", {"service": "nosuch"}, ["nosuch/localhost", "does not know the service", "-1765328377"], "SERVICE"),
    ("app", {"host": "127.0.0.1"}, ["kafka/127.0.0.1", "does not know the service"], "SERVICE")])
def test_what_the_kdc_says_is_told(broker, kdc, principal, options, words, blamed):
    if "keytab" in options:
        options = {"keytab": kdc.keytab(options["keytab"])}
    report = attempt(broker, kdc, principal, **options)
    expect(report, "KERBEROS_FAILED", "login", f'"{principal}"', *words)
    assert report["property"] == f"ConnectionProperties.KAFKA_SASL_GSSAPI_{blamed}"
    assert report["duration_ms"] < 1000


def test_a_ticket_that_the_broker_has_no_key_for(broker, kdc):
    report = attempt(broker, kdc, service="other")
    expect(report, "KERBEROS_FAILED", "login", "58", f"other/localhost@{REALM}", "no such key")


def test_clocks_that_differ(broker, kdc):
    with KDC(ahead=7200, database=kdc.folder) as ahead:
        report = attempt(broker, kdc, conf=ahead.conf)
    expect(report, "KERBEROS_FAILED", "login")
    assert "clock" in report["reason"], report["reason"]


def test_a_kdc_that_is_down_is_named_by_its_address(broker, kdc):
    port = free_port()
    report = attempt(broker, kdc, conf=kdc.conf_for("down.conf", kdc=f"127.0.0.1:{port}"))
    expect(report, "KERBEROS_FAILED", "login", "no KDC of the realm can be reached", f"127.0.0.1:{port}", "refused")
    # what the KDC did is not the broker's tcp
    tcp = next(stage for stage in report["stages"] if stage["name"] == "tcp")
    assert tcp["status"] == "passed" and "failed_address" not in tcp["facts"]
    assert report["target"]["port"] == broker.port_of("SP")


@pytest.mark.parametrize("accepts", [True, False])
def test_a_silent_kdc_ends_in_time(broker, kdc, accepts):
    silent = socket.create_server(("127.0.0.1", 0), backlog=0 if not accepts else 5)
    fill = []
    for _ in range(0 if accepts else 4):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(silent.getsockname())
        fill.append(one)
    port = silent.getsockname()[1]
    report = attempt(broker, kdc, conf=kdc.conf_for("silent.conf", kdc=f"127.0.0.1:{port}"), timeout="2s")
    for one in [silent, *fill]:
        one.close()
    assert report["stage"] == "login" and report["code"] in ("TIMED_OUT", "KERBEROS_FAILED"), report
    assert str(port) in report["reason"]
    assert report["duration_ms"] < 2300


def test_a_krb5_conf_without_the_realm(broker, kdc):
    path = kdc.folder / "other.conf"
    path.write_text(kdc.client_conf().replace(f"  {REALM} = {{", "  ELSEWHERE = {"))
    expect(attempt(broker, kdc, conf=path), "KERBEROS_FAILED", "login", "names no KDC for the realm")


def test_files_that_are_none(broker, kdc):
    broken = kdc.folder / "broken"
    broken.write_text("this is neither\n{{{ a keytab nor a krb5.conf")
    report = attempt(broker, kdc, keytab=broken)
    expect(report, "KEYSTORE_INVALID", "credentials", str(broken), "no keytab")
    assert report["property"] == "ConnectionProperties.KAFKA_SASL_GSSAPI_KEYTAB"
    report = attempt(broker, kdc, conf=broken)
    expect(report, "FILE_UNREADABLE", "credentials", str(broken), "no krb5.conf")
    report = attempt(broker, kdc, keytab="/no/such.keytab")
    expect(report, "FILE_UNREADABLE", "credentials", "/no/such.keytab")


def test_a_krb5_conf_loads_no_code_and_no_other_file(broker, kdc):
    path = kdc.folder / "includes.conf"
    path.write_text("includedir /etc/krb5.conf.d/\n" + kdc.client_conf() + "[plugins]\n clpreauth = {\n  module = x:/tmp/x.so\n }\n")
    report = attempt(broker, kdc, conf=path)
    assert report["status"] == "ok" and "krb5-conf-reduced" in rules(report), report


def test_gssapi_where_it_is_not_enabled(broker, kdc):
    expect(attempt(broker, kdc, listener="PLAIN"), "LOGIN_METHOD", "login", "GSSAPI", "PLAIN")
