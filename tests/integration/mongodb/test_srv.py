# SPDX-License-Identifier: Apache-2.0
"""mongodb+srv:// with a name server of our own: every record, every fault, each with its own words; pymongo judges."""
import json

import pytest

from support import dns, mongodb
from support.mongodb import FerretDB, pymongo
from support.processes import free_port
from support.program import certificates, rules, run, stages, verdict

CA = str(certificates() / "ca.pem")
PLAIN = "/orders?tls=false"
ADMIN = ["authSource=admin"]
HOST = {"A": ["127.0.0.1"]}


@pytest.fixture(scope="module", autouse=True)
def namespaces():
    mongodb.setup("ferretdb")  # while the network is there
    pymongo()
    if not dns.enter_namespaces():
        pytest.skip("no network and mount namespaces can be made here")


@pytest.fixture(scope="module")
def server(namespaces):
    with FerretDB() as running_server:
        yield running_server


def zone(server, *srv, txt=ADMIN, **more):
    """db.lab.test with SRV records ("host port"), and the hosts a and b below lab.test."""
    records = [f"0 5 {port} {host}." for host, port in (srv or [("a.lab.test", server.port)])]
    return {"_mongodb._tcp.db.lab.test": {"SRV": records}, "db.lab.test": {"TXT": txt} if txt else {}, "a.lab.test": HOST,
            "b.lab.test": HOST, "localhost": HOST, **more}


def judge(name="db.lab.test", query=PLAIN, user="app", password="pw-app"):
    """None when pymongo gets through, else its error."""
    try:
        with pymongo().MongoClient(f"mongodb+srv://{name}{query}", username=user, password=password, serverSelectionTimeoutMS=1500) as client:
            client["orders"].list_collection_names()
        return None
    except Exception as error:  # dnspython has its own
        return f"{type(error).__name__}: {error}"


def srv(name="db.lab.test", query=PLAIN, **more):
    return mongodb.definition(f"mongodb+srv://{name}{query}", **more)


def expect(report, code, *words, stage="dns"):
    assert (report.get("code"), report.get("stage"), report["status"]) == (code, stage, "failed"), report
    for word in words:
        assert word in report["reason"], (word, report["reason"])
    assert report["remedy"] and report["property"] == "ConnectionProperties.CONNECTION_URL"


def test_the_records_lead_to_the_server(server):
    with dns.NameServer(zone(server)):
        report = verdict(srv())
        assert report["exit"] == 0, report
        assert report["target"]["host"] == "a.lab.test" and report["target"]["port"] == server.port
        facts = report["stages"][2]["facts"]
        assert facts["srv_hosts"] == [f"a.lab.test:{server.port}"] and facts["txt"] == "authSource=admin"
        assert report["stages"][-2]["facts"]["auth_source"] == "admin"
        assert judge() is None


def test_tls_is_on_by_itself(server):
    with dns.NameServer(zone(server, ("a.lab.test", server.tls_port))):
        report = verdict(srv(query="/orders", CUSTOM_JDBC_CERT=CA))
        expect(report, "TLS_NAME_MISMATCH", "a.lab.test", "localhost", stage="tls")
        report = verdict(srv(query="/orders", CUSTOM_JDBC_CERT=CA, CUSTOM_JDBC_CERT_STRING="localhost"))
        assert report["exit"] == 0 and report["tls"]["verified"] is True
    with dns.NameServer(zone(server)):
        assert verdict(srv(query="/orders"), timeout="2s")["code"] == "TLS_NOT_OFFERED"


def test_the_url_goes_before_the_txt_record(server):
    with dns.NameServer(zone(server, txt=["authSource=elsewhere"])):
        report = verdict(srv())
        assert (report["code"], report["stage"]) == ("LOGIN_REFUSED", "login")
        assert '"elsewhere" (authSource of the TXT record)' in report["reason"]
        assert verdict(srv(query=PLAIN + "&authSource=admin"))["exit"] == 0
        assert judge(query=PLAIN + "&authSource=admin") is None
    with dns.NameServer(zone(server, txt=['"authSource=ad" "min&replicaSet=rs0"'])):
        report = verdict(srv())
        assert (report["code"], report["stage"]) == ("QUERY_FAILED", "query") and "the TXT record asks for replicaSet=rs0" in report["reason"]


def test_several_hosts_in_the_order_of_their_records(server):
    closed = free_port()
    records = zone(server)
    records["_mongodb._tcp.db.lab.test"] = {"SRV": [f"9 5 {server.port} a.lab.test.", f"0 5 {closed} b.lab.test."]}
    with dns.NameServer(records):
        report = verdict(srv())
        assert report["exit"] == 0 and any(f"b.lab.test:{closed}" in finding["message"] for finding in report["findings"])
        assert report["stages"][2]["facts"]["srv_hosts"] == [f"b.lab.test:{closed}", f"a.lab.test:{server.port}"]
        report = verdict(srv(query=PLAIN + "&srvMaxHosts=1"))
        assert (report["code"], report["stage"]) == ("CONNECT_REFUSED", "tcp")


def test_another_service_name(server):
    records = zone(server)
    records["_docs._tcp.db.lab.test"] = records.pop("_mongodb._tcp.db.lab.test")
    with dns.NameServer(records):
        assert verdict(srv(query=PLAIN + "&srvServiceName=docs"))["exit"] == 0
        assert judge(query=PLAIN + "&srvServiceName=docs") is None
        expect(verdict(srv()), "DNS_NOT_FOUND", "_mongodb._tcp.db.lab.test")


FAULTS = [
    ("no such name", {"_mongodb._tcp.db.lab.test": None}, "DNS_NOT_FOUND", ("_mongodb._tcp.db.lab.test", "does not exist", "NXDOMAIN", "127.0.0.1")),
    ("no such record", {"_mongodb._tcp.db.lab.test": {"A": ["127.0.0.1"]}}, "DNS_NOT_FOUND", ("has no SRV record", "_mongodb._tcp.db.lab.test")),
    ("failing", {"_mongodb._tcp.db.lab.test": {"*": "SERVFAIL"}}, "DNS_UNAVAILABLE", ("SERVFAIL", "SRV record")),
    ("refused", {"_mongodb._tcp.db.lab.test": {"*": "REFUSED"}}, "DNS_UNAVAILABLE", ("REFUSED", "SRV record")),
    ("silent", {"_mongodb._tcp.db.lab.test": {"*": "silent"}}, "DNS_UNAVAILABLE", ("no answer", "SRV record")),
    ("garbage", {"_mongodb._tcp.db.lab.test": {"*": "garbage"}}, "DNS_UNAVAILABLE|DNS_NOT_FOUND", ("SRV record",)),
    ("not offered", {"_mongodb._tcp.db.lab.test": {"SRV": ["0 0 0 ."]}}, "DNS_NOT_FOUND", ("not offered",)),
    ("port 0", {"_mongodb._tcp.db.lab.test": {"SRV": ["0 0 0 a.lab.test."]}}, "DNS_NOT_FOUND", ("port 0",)),
    ("wrong domain", {"_mongodb._tcp.db.lab.test": {"SRV": ["0 0 27017 db.other.test."]}}, "DNS_NOT_FOUND",
     ("db.other.test:27017", '"lab.test"')),
    ("the domain itself", {"_mongodb._tcp.db.lab.test": {"SRV": ["0 0 27017 lab.test."]}}, "DNS_NOT_FOUND", ("lab.test:27017",)),
    ("illegal option", {"db.lab.test": {"TXT": ["tlsInsecure=true"]}}, "DNS_NOT_FOUND", ("TXT record", "tlsInsecure", "not allowed")),
    ("no option", {"db.lab.test": {"TXT": ["hello"]}}, "DNS_NOT_FOUND", ("TXT record", "hello", "not allowed")),
    ("no value", {"db.lab.test": {"TXT": ["authSource="]}}, "DNS_NOT_FOUND", ("TXT record", "authSource", "with a value")),
    ("two texts", {"db.lab.test": {"TXT": ["authSource=admin", "replicaSet=rs0"]}}, "DNS_NOT_FOUND", ("2 TXT records",)),
    ("failing text", {"db.lab.test": {"*": "SERVFAIL"}}, "DNS_UNAVAILABLE", ("SERVFAIL", "TXT record")),
    ("silent text", {"db.lab.test": {"*": "silent"}}, "DNS_UNAVAILABLE", ("no answer", "TXT record")),
    ("host without address", {"a.lab.test": None}, "DNS_NOT_FOUND", ("a.lab.test", "does not exist")),
    ("host silent", {"a.lab.test": {"*": "silent"}}, "DNS_UNAVAILABLE", ("a.lab.test", "no answer")),
]


@pytest.mark.parametrize("name, changes, code, words", FAULTS, ids=[fault[0] for fault in FAULTS])
def test_each_fault_has_its_own_words_and_ends_in_time(server, name, changes, code, words):
    records = zone(server)
    for key, value in changes.items():
        records.pop(key, None)
        if value is not None:
            records[key] = value
    with dns.NameServer(records):
        report = verdict(srv(), timeout="2s")
        assert report["code"] in code.split("|"), report
        expect(report, report["code"], *words)
        assert report["duration_ms"] < 2200 and report["retryable"] is True
        assert set(stages(report).values()) <= {"passed", "failed", "not reached"}
        if "silent" not in name:
            assert judge() is not None


def test_nothing_answers_on_port_53(server):
    report = verdict(srv(), timeout="3s")
    expect(report, "DNS_UNAVAILABLE", "nothing answers on port 53", "127.0.0.1")
    assert report["duration_ms"] < 1000


def test_a_host_by_name_in_a_plain_url_uses_the_same_server(server):
    with dns.NameServer(zone(server)):
        url = f"mongodb://a.lab.test:{server.port}/orders?tls=false&authSource=admin"
        assert verdict(mongodb.definition(url))["exit"] == 0
        report = verdict(mongodb.definition(url.replace("a.lab", "c.lab")))
        expect(report, "DNS_NOT_FOUND", "c.lab.test")


@pytest.mark.parametrize("url, words", [
    ("mongodb+srv://db.lab.test:27017/orders", "port"),
    ("mongodb+srv://a.lab.test,b.lab.test/orders", "several hosts"),
    ("mongodb+srv://127.0.0.1/orders", "address"),
    ("mongodb+srv://db.lab.test/orders?directConnection=true", "directConnection"),
    ("mongodb+srv://app:c4nary@db.lab.test/orders", "USERNAME"),
])
def test_forms_that_are_none(url, words):
    report = verdict(mongodb.definition(url))
    assert (report["code"], report["exit"]) == ("INVALID_INPUT", 2) and words in report["reason"] and "c4nary" not in json.dumps(report)


def test_explain_says_that_the_hosts_are_not_known_yet():
    done = run(["explain", "--input", "-", "-o", "json"], stdin=json.dumps(srv(query="/orders")))
    values = {(value["field"], value["value"]) for value in json.loads(done.stdout)[0]["values"]}
    assert ("host", "db.lab.test") in values and ("port", "not known yet") in values
    assert ("tls", "required, chain and host name verified") in values


def test_a_name_of_two_parts_is_a_note(server):
    records = {"_mongodb._tcp.lab.test": {"SRV": [f"0 5 {server.port} a.lab.test."]}, "a.lab.test": HOST}
    with dns.NameServer(records):
        report = verdict(srv("lab.test", PLAIN + "&authSource=admin"))
        assert report["exit"] == 0 and "srv-short-name" in rules(report)
