# SPDX-License-Identifier: Apache-2.0
"""Kafka's own AdminClient as an independent judge: it accepts what testconn accepts, and refuses what testconn refuses."""
import subprocess

import pytest

from support.kafka import Kafka, Listener, ingredient, low_port
from support.program import certificates, verdict

CERTIFICATES, STORES = certificates(), ingredient("keystores")
CA = str(CERTIFICATES / "ca.pem")
MODULES = {"PLAIN": "plain.Plain", "SCRAM-SHA-256": "scram.Scram", "SCRAM-SHA-512": "scram.Scram"}


def case(listener, mechanism=None, user="app", password="pw-app", ca="ca", keystore=None, kind=None, tls=True, store="storepw",
         key=None):
    """One definition in both languages, without its address."""
    protocol = ("SASL_" if mechanism else "") + ("SSL" if tls else "PLAINTEXT")
    ours = {"KAFKA_SSL_ENABLED": str(tls).lower()}
    java = {"security.protocol": protocol}
    if tls:
        ours["KAFKA_CUSTOM_CERT"] = str(CERTIFICATES / f"{ca}.pem")
        java |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(CERTIFICATES / f"{ca}.pem")}
    if mechanism:
        prefix = "KAFKA_SASL_" + mechanism.split("-")[0]
        ours |= {"KAFKA_SASL_MECHANISM": mechanism, f"{prefix}_USERNAME": user, f"{prefix}_PASSWORD": password}
        java |= {"sasl.mechanism": mechanism, "sasl.jaas.config": f"org.apache.kafka.common.security.{MODULES[mechanism]}LoginModule "
                 f'required username="{user}" password="{password}";'}
    if keystore:
        ours |= {"KAFKA_CLIENT_KEYSTORE": str(STORES / keystore), "KAFKA_CLIENT_KEYSTORE_PASSWORD": store}
        java |= {"ssl.keystore.location": str(STORES / keystore), "ssl.keystore.password": store, "ssl.keystore.type": kind}
        if key:
            ours["KAFKA_CLIENT_KEY_PASSWORD"] = java["ssl.key.password"] = key
        else:
            java["ssl.key.password"] = store
    return listener, ours, java


CASES = {
    "plaintext": case("PT", tls=False),
    "ssl": case("SSL"),
    "ssl by a CA that is not the brokers'": case("SSL", ca="other-ca"),
    "expired": case("EXPIRED"),
    "wrong name": case("WRONGNAME"),
    "missing intermediate": case("LEAF"),
    "plain": case("SS", "PLAIN"),
    "plain, wrong password": case("SS", "PLAIN", password="wrong"),
    "plain in the clear": case("SP", "PLAIN", tls=False),
    "scram 256": case("SS", "SCRAM-SHA-256"),
    "scram 512": case("SS", "SCRAM-SHA-512"),
    "scram 512, odd": case("SS", "SCRAM-SHA-512", "k=v", "p\u00e4ssw\u00f6rd \u20ac"),
    "scram 512, wrong password": case("SS", "SCRAM-SHA-512", password="wrong"),
    "scram 512, unknown user": case("SS", "SCRAM-SHA-512", user="nobody"),
    "mechanism not enabled": case("SP", "SCRAM-SHA-256", tls=False),
    "sasl where there is none": case("SSL", "PLAIN"),
    "client certificate missing": case("MUTUAL"),
    "client certificate, PKCS#12": case("MUTUAL", keystore="client.p12", kind="PKCS12"),
    "client certificate, JKS": case("MUTUAL", keystore="client.jks", kind="JKS"),
    "client certificate, JCEKS": case("MUTUAL", keystore="client.jceks", kind="JCEKS"),
    "client certificate, legacy": case("MUTUAL", keystore="client-legacy.p12", kind="PKCS12"),
    "client certificate, key password": case("MUTUAL", keystore="key-password.jks", kind="JKS", key="key-pw-2"),
    "client certificate, chain": case("MUTUAL", keystore="chain.jks", kind="JKS"),
    "client certificate without its chain": case("MUTUAL", keystore="leaf-only.jks", kind="JKS"),
    "client certificate of another CA": case("MUTUAL", keystore="foreign.jks", kind="JKS"),
    "keystore, wrong password": case("MUTUAL", keystore="client.jks", kind="JKS", store="wrong-pw"),
    "plain client on a TLS listener": case("SSL", tls=False),
    "TLS client on a plain listener": case("PT"),
    "advertised under a name without certificate": case("ADVERTISED"),
    "advertised on a closed port": case("CLOSED", tls=False),
}


@pytest.fixture(scope="module")
def broker():
    advertised = Listener("SSL", certificate="no-ip")
    advertised.advertised = ("127.0.0.1", advertised.port)
    with Kafka({
            "PT": Listener("PLAINTEXT"), "SSL": Listener("SSL", certificate="good"), "EXPIRED": Listener("SSL", certificate="expired"),
            "WRONGNAME": Listener("SSL", certificate="wrong-name"), "LEAF": Listener("SSL", certificate="leaf"),
            "SP": Listener("SASL_PLAINTEXT", mechanisms=["PLAIN"]),
            "SS": Listener("SASL_SSL", certificate="good", mechanisms=["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]),
            "MUTUAL": Listener("SSL", certificate="good", clients="required"),
            "ADVERTISED": advertised, "CLOSED": Listener("PLAINTEXT", advertised=("127.0.0.1", low_port()))}) as one:
        yield one


@pytest.fixture(scope="module")
def judged(broker):
    """What the AdminClient says of each case: (accepted, its words)."""
    lines = []
    for name, (listener, _, java) in CASES.items():
        pairs = {"bootstrap.servers": broker.at(listener), **java}
        lines.append(name + "\t" + "\x1f".join(f"{key}={value}" for key, value in pairs.items()))
    jars = ingredient("kafka")
    done = subprocess.run(["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m", "-Dfile.encoding=UTF-8", "-cp",
                           f"{ingredient('kafka-classes')}:{jars}/*", "Describe"], input="\n".join(lines) + "\n", text=True,
                          encoding="utf-8", capture_output=True, timeout=240)
    told = [line.split("\t") for line in done.stdout.splitlines() if line.split("\t")[0] in CASES]
    assert len(told) == len(CASES), done
    return {name: (outcome == "ok", words) for name, outcome, words in told}


@pytest.mark.parametrize("name", CASES)
def test_both_agree(broker, judged, name):
    listener, ours, _ = CASES[name]
    report = verdict({"Name": "k", "ConnectionType": "KAFKA",
                      "ConnectionProperties": {"KAFKA_BOOTSTRAP_SERVERS": broker.at(listener), **ours}})
    accepted, words = judged[name]
    assert (report["status"] == "ok") is accepted, (report.get("code"), report.get("reason"), words)
