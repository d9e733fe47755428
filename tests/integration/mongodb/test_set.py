# SPDX-License-Identifier: Apache-2.0
"""Replica sets, routers and servers in trouble, by the wire fake (support/README-mongodb-fake.md); pymongo judges the same."""
import json

import pytest

from support import mongodb, mongodb_fake
from support.mongodb import FerretDB, pymongo
from support.mongodb_fake import Fake, STANDALONE, failure, hold, member, server
from support.processes import free_port
from support.program import certificates, rules, verdict

PLAIN = "/orders?authSource=admin&tls=false"
SET = PLAIN + "&replicaSet=rs0"


def definition(seeds, query=PLAIN, **more):
    return mongodb.definition(f"mongodb://{','.join(seeds)}{query}", password=mongodb_fake.PASSWORD, **more)


@pytest.fixture
def nodes():
    with Fake() as a, Fake() as b, Fake() as c:
        yield a, b, c


def arrange(nodes, roles, hosts=None):
    """Make NODES a set; HOSTS is what it announces."""
    hosts = hosts or [node.address for node in nodes]
    primary = next((node.address for node, role in zip(nodes, roles) if role == "primary"), None)
    for node, role in zip(nodes, roles):
        node.behaviour = server(member(hosts, role, primary=primary, me=node.address))


def expect(report, code, stage, *words):
    assert (report.get("code"), report.get("stage"), report["status"]) == (code, stage, "failed"), report
    for word in words:
        assert word in report["reason"], (word, report["reason"])


def judge(seeds, query="", milliseconds=1000):
    """None when pymongo pings through, else the kind of its error."""
    url = f"mongodb://{','.join(seeds)}/orders?authSource=admin{query}"
    try:
        with pymongo().MongoClient(url, username="app", password=mongodb_fake.PASSWORD, serverSelectionTimeoutMS=milliseconds) as client:
            client.admin.command("ping", read_preference=client.read_preference)
        return None
    except pymongo().errors.PyMongoError as error:
        return type(error).__name__


def members(report):
    return {(one["host"], one["port"]): one.get("state", "lost") for one in report["stages"][-1]["facts"]["members"]}


def test_a_healthy_set(nodes):
    arrange(nodes, ("primary", "secondary", "arbiter"))
    for seed in nodes[:2]:
        report = verdict(definition([seed.address], SET))
        assert report["exit"] == 0 and not report["findings"], report
        assert members(report) == {("127.0.0.1", nodes[0].port): "primary", ("127.0.0.1", nodes[1].port): "secondary",
                                   ("127.0.0.1", nodes[2].port): "arbiter"}
        facts = report["stages"][-1]["facts"]
        assert facts["topology"] == "ReplicaSetWithPrimary" and facts["roles"] == ["readWrite@orders"]
        login = report["stages"][-2]["facts"]
        assert login["set_name"] == "rs0" and login["role"] == ("primary" if seed is nodes[0] else "secondary")
        assert judge([seed.address], "&replicaSet=rs0") is None


def test_a_set_is_gone_through_by_the_client_library_once(nodes):
    arrange(nodes, ("primary", "secondary", "secondary"))
    before = nodes[0].connections
    assert verdict(definition([nodes[0].address], PLAIN))["exit"] == 0
    alone = nodes[0].connections - before
    assert verdict(definition([nodes[0].address], SET))["exit"] == 0
    assert nodes[0].connections - before - alone > alone


def test_names_that_only_resolve_inside_docker(nodes):
    arrange(nodes, ("primary", "secondary", "secondary"), [f"mongo{i}.invalid:27017" for i in (1, 2, 3)])
    report = verdict(definition([nodes[0].address], SET))
    expect(report, "ADVERTISED_UNREACHABLE", "query", nodes[0].address, '"rs0"', "mongo1.invalid:27017", "mongo2.invalid:27017",
           "mongo3.invalid:27017", "DNS_")
    assert "directConnection=true" in report["remedy"] and report["retryable"] is True
    lost = [finding["message"] for finding in report["findings"] if finding["rule"] == "member-unreachable"]
    assert len(lost) == 3 and all(f"mongo{i}.invalid" in text for i, text in zip((1, 2, 3), lost))
    assert report["duration_ms"] < 1000
    assert judge([nodes[0].address], "&replicaSet=rs0") is not None


def test_what_other_drivers_do_without_being_asked_is_a_finding(nodes):
    arrange(nodes, ("primary", "secondary", "secondary"), [f"mongo{i}.invalid:27017" for i in (1, 2, 3)])
    report = verdict(definition([nodes[0].address]))
    assert report["exit"] == 0 and "set-not-reachable" in rules(report)
    assert judge([nodes[0].address]) is not None
    report = verdict(definition([nodes[0].address], PLAIN + "&directConnection=true"))
    assert report["exit"] == 0 and not report["findings"]
    assert judge([nodes[0].address], "&directConnection=true") is None


def test_a_member_that_is_down_is_a_finding(nodes):
    arrange(nodes, ("primary", "secondary", "secondary"), [nodes[0].address, nodes[1].address, f"127.0.0.1:{free_port()}"])
    report = verdict(definition([nodes[0].address], SET))
    assert report["exit"] == 0 and "member-unreachable" in rules(report)
    assert any("CONNECT_REFUSED" in finding["message"] for finding in report["findings"])
    assert judge([nodes[0].address], "&replicaSet=rs0") is None


def test_a_frozen_member_does_not_take_the_time_of_all(nodes):
    arrange(nodes, ("primary", "secondary", "secondary"))
    nodes[2].behaviour = hold
    report = verdict(definition([nodes[0].address], SET), timeout="20s")
    assert report["exit"] == 0 and report["duration_ms"] < 4000
    assert any("TIMED_OUT" in finding["message"] for finding in report["findings"])


def test_no_primary(nodes):
    arrange(nodes, ("secondary", "secondary", "secondary"))
    report = verdict(definition([nodes[0].address], SET))
    expect(report, "SERVER_STARTING", "query", "no primary", *(node.address for node in nodes))
    assert report["retryable"] is True
    assert judge([nodes[0].address], "&replicaSet=rs0") is not None
    assert verdict(definition([nodes[0].address], SET + "&readPreference=secondary"))["exit"] == 0
    assert judge([nodes[0].address], "&replicaSet=rs0&readPreference=secondary") is None
    arrange(nodes, ("primary", "arbiter", "arbiter"))
    expect(verdict(definition([nodes[0].address], SET + "&readPreference=secondary")), "SERVER_STARTING", "query", "no secondary")


def test_an_arbiter_names_the_primary(nodes):
    arrange(nodes, ("primary", "secondary", "arbiter"))
    report = verdict(definition([nodes[2].address], SET))
    expect(report, "QUERY_FAILED", "login", "arbiter", nodes[0].address, '"app"')
    assert nodes[0].address in report["remedy"] and report["property"] == "ConnectionProperties.CONNECTION_URL"
    assert verdict(definition([nodes[2].address, nodes[0].address], SET))["exit"] == 0


def test_a_member_that_is_of_another_set_by_its_own_word(nodes):
    arrange(nodes, ("primary", "secondary", "secondary"))
    nodes[1].behaviour = server(member([nodes[1].address], "primary", name="rs9"))
    report = verdict(definition([nodes[0].address], SET))
    assert report["exit"] == 0 and rules(report) == {"member-of-another-set"}
    assert nodes[1].address in report["findings"][0]["message"] and '"rs9"' in report["findings"][0]["message"]


def test_a_removed_member_is_no_set(nodes):
    nodes[0].behaviour = server({**STANDALONE, "ismaster": False, "secondary": False, "setName": "rs0", "hosts": []})
    report = verdict(definition([nodes[0].address], SET))
    expect(report, "SERVER_STARTING", "query", "no primary", nodes[0].address)
    assert report["duration_ms"] < 1000
    assert judge([nodes[0].address], "&replicaSet=rs0") is not None


def test_addresses_of_another_network(nodes):
    arrange(nodes, ("primary", "secondary", "secondary"), [f"127.0.0.1:{free_port()}" for _ in nodes])
    report = verdict(definition([nodes[0].address], SET))
    expect(report, "ADVERTISED_UNREACHABLE", "query", "refused")
    assert "rs.reconfig()" in report["remedy"] and "directConnection" in report["remedy"]
    messages = [one["message"] for one in report["findings"] if one["rule"] == "member-unreachable"]
    assert len(messages) == 3 and sum("To fix it" in message for message in messages) == 1


def test_a_primary_that_is_lost(nodes):
    arrange(nodes, ("secondary", "secondary", "secondary"), [nodes[0].address, nodes[1].address, f"127.0.0.1:{free_port()}"])
    expect(verdict(definition([nodes[0].address], SET)), "ADVERTISED_UNREACHABLE", "query", "refused", nodes[1].address)


@pytest.mark.parametrize("query, words", [("&replicaSet=rs1", ('"rs0"', "rs1")), ("&replicaSet=RS0", ('"rs0"', "RS0"))])
def test_another_set_than_asked_for(nodes, query, words):
    arrange(nodes, ("primary", "secondary", "secondary"))
    report = verdict(definition([nodes[0].address], PLAIN + query))
    expect(report, "QUERY_FAILED", "query", nodes[0].address, *words)
    assert "replicaSet=rs0" in report["remedy"] and report["property"] == "ConnectionProperties.CONNECTION_URL"
    assert judge([nodes[0].address], query) is not None


def test_a_set_is_asked_for_and_there_is_none(nodes):
    expect(verdict(definition([nodes[0].address], SET)), "QUERY_FAILED", "query", "no replica set", "rs0")
    assert judge([nodes[0].address], "&replicaSet=rs0") is not None


def test_a_real_set_of_one():
    with FerretDB(set_name="rs0") as real:
        query = "?authSource=admin&tls=false&replicaSet=rs0"
        report = verdict(mongodb.definition(real.url(query=query)))
        assert report["exit"] == 0 and not report["findings"], report
        assert members(report)[("127.0.0.1", real.port)] == "primary"
        wrong = verdict(mongodb.definition(real.url(query=query.replace("rs0", "rs1"))))
        expect(wrong, "QUERY_FAILED", "query", '"rs0"', "rs1")


def test_members_are_verified_like_the_first_host(nodes):
    """Over TLS: a member whose certificate is wrong is lost, whoever named it."""
    with mongodb.Front(nodes[0].port, "requireTLS", "good") as good, mongodb.Front(nodes[1].port, "requireTLS", "expired") as bad:
        hosts = [f"localhost:{good.port}", f"localhost:{bad.port}"]
        nodes[0].behaviour = server(member(hosts, "primary", me=hosts[0]))
        nodes[1].behaviour = server(member(hosts, "secondary", me=hosts[1]))
        enforced = {"JDBC_ENFORCE_SSL": "true", "CUSTOM_JDBC_CERT": str(certificates() / "ca.pem")}
        query = "/orders?authSource=admin&replicaSet=rs0"
        report = verdict(definition([hosts[0]], query, **enforced))
        assert report["exit"] == 0, report
        assert [finding for finding in report["findings"] if "TLS_EXPIRED" in finding["message"]]
        nodes[0].behaviour = server(member(hosts, "secondary", me=hosts[0]))
        report = verdict(definition([hosts[0]], query, **enforced))
        expect(report, "ADVERTISED_UNREACHABLE", "query", "TLS_EXPIRED", "expired")
        report = verdict(definition([hosts[1]], query, **enforced))
        expect(report, "TLS_EXPIRED", "tls")


def test_the_client_library_gets_through_tls_as_well(nodes):
    made = certificates()
    enforced = {"JDBC_ENFORCE_SSL": "true", "CUSTOM_JDBC_CERT": str(made / "ca.pem")}
    pem = (made / "client.pem").read_text() + (made / "client.key").read_text()
    for client_ca, query, more in ((False, "?authSource=admin", {}), (True, "?authSource=admin", {"MONGODB_CLIENT_CERT": pem}),
                                   (True, "?authMechanism=MONGODB-X509", {"MONGODB_CLIENT_CERT": pem})):
        with mongodb.Front(nodes[0].port, "requireTLS", client_ca=client_ca) as front:
            host = f"localhost:{front.port}"
            nodes[0].behaviour = server(member([host], "primary", me=host), authenticate={"ok": 1.0})
            report = verdict(definition([host], f"/orders{query}&replicaSet=rs0", **enforced, **more))
            assert report["exit"] == 0 and not report["findings"], report
            assert len(front.seen) > 1 and all(front.seen)


def test_several_seeds(nodes):
    arrange(nodes, ("primary", "secondary", "arbiter"))
    closed = f"127.0.0.1:{free_port()}"
    report = verdict(definition([closed, nodes[1].address, nodes[0].address], SET))
    assert report["exit"] == 0 and [f["rule"] for f in report["findings"]] == ["endpoint-failed"]
    report = verdict(definition([nodes[0].address, closed], SET))
    assert report["exit"] == 0 and [f["rule"] for f in report["findings"]] == ["endpoint-failed"]
    report = verdict(definition([nodes[2].address, nodes[0].address], SET))
    assert report["exit"] == 0 and "arbiter" in json.dumps(report["findings"])


def test_routers(nodes):
    for node in nodes:
        node.behaviour = server({**STANDALONE, "msg": "isdbgrid"})
    report = verdict(definition([nodes[0].address]))
    assert report["exit"] == 0 and report["stages"][-1]["facts"]["topology"] == "Sharded"
    report = verdict(definition([node.address for node in nodes]))
    assert report["exit"] == 0 and set(members(report).values()) == {"mongos"}
    assert judge([node.address for node in nodes]) is None
    report = verdict(definition([nodes[0].address], SET))
    expect(report, "QUERY_FAILED", "query", "mongos", "rs0")
    assert judge([nodes[0].address], "&replicaSet=rs0") is not None


def test_servers_of_their_own_are_no_set(nodes):
    report = verdict(definition([node.address for node in nodes[:2]]))
    assert report["exit"] == 0 and rules(report) == {"standalone-among-several"}
    assert judge([node.address for node in nodes[:2]]) is not None


def test_what_a_server_in_trouble_says(nodes):
    for document, code, number in ((failure(91, "ShutdownInProgress", "shutting down"), "SERVER_STARTING", "91"),
                                   (failure(11600, "InterruptedAtShutdown", "interrupted"), "SERVER_STARTING", "11600"),
                                   (failure(13436, "NotPrimaryOrSecondary", "recovering"), "SERVER_STARTING", "13436"),
                                   (failure(462, "IngressRequestRateLimitExceeded", "slow down"), "SERVER_BUSY", "462"),
                                   (failure(8000, "AtlasError", "bad auth : authentication failed"), "LOGIN_REFUSED", "8000"),
                                   (failure(11, "UserNotFound", "Could not find user"), "LOGIN_REFUSED", "11"),
                                   (failure(334, "MechanismUnavailable", "not enabled"), "LOGIN_METHOD", "334")):
        nodes[0].behaviour = server(saslStart=document)
        expect(verdict(definition([nodes[0].address])), code, "login", f"(error {number}, {document['codeName']})", document["errmsg"])
    for document, words in ((failure(133, "FailedToSatisfyReadPreference", "no primary of shard0"), "shards"),
                            (failure(6, "HostUnreachable", "no route"), "shards"),
                            (failure(91, "ShutdownInProgress", "quiesce"), "shutting down"),
                            (failure(13436, "NotPrimaryOrSecondary", "recovering"), "recovery")):
        nodes[0].behaviour = server(listCollections=document)
        report = verdict(definition([nodes[0].address]))
        expect(report, "SERVER_STARTING", "query", f"(error {document['code']}, ", '"orders"')
        assert words in report["remedy"] and report["retryable"] is True
    nodes[0].behaviour = server(listCollections=failure(11, "UserNotFound", "Could not find user"))
    expect(verdict(definition([nodes[0].address])), "PERMISSION_DENIED", "query", "(error 11, UserNotFound)")


def test_a_mechanism_that_nobody_offers(nodes):
    nodes[0].behaviour = server(mechanisms=["PLAIN"], saslStart=failure(
        334, "MechanismUnavailable", "Received authentication for mechanism SCRAM-SHA-1 which is not enabled"))
    report = verdict(definition([nodes[0].address]))
    expect(report, "LOGIN_METHOD", "login", "SCRAM-SHA-1", "it offers the account PLAIN")
    assert "authMechanism=PLAIN" in report["remedy"]


def test_rights_on_the_named_database(nodes):
    nodes[0].behaviour = server(listCollections=failure(13, "Unauthorized", "not authorized on orders to execute command"))
    report = verdict(definition([nodes[0].address]))
    expect(report, "PERMISSION_DENIED", "query", '"app"', '"orders"', "(error 13, Unauthorized)")
    assert "grantRolesToUser" in report["remedy"]
    assert verdict(definition([nodes[0].address], "/?authSource=admin&tls=false"))["exit"] == 0


def test_a_service_that_lacks_connection_status(nodes):
    nodes[0].behaviour = server(connectionStatus=failure(59, "CommandNotFound", "no such command: 'connectionStatus'"))
    report = verdict(definition([nodes[0].address]))
    assert report["exit"] == 0 and "authenticated_as" not in report["stages"][-1]["facts"]
    nodes[0].behaviour = server(connectionStatus={"ok": 1.0}, listCollections=failure(59, "CommandNotFound", "no such command"))
    assert verdict(definition([nodes[0].address]))["exit"] == 0


@pytest.mark.parametrize("option, stage", [("connectTimeoutMS", "login"), ("socketTimeoutMS", "login")])
def test_time_limits_of_the_url(nodes, option, stage):
    nodes[0].behaviour = hold if option == "connectTimeoutMS" else server(saslStart=hold)
    report = verdict(definition([nodes[0].address], f"{PLAIN}&{option}=200"), timeout="5s")
    expect(report, "TIMED_OUT", stage, f"{option}=200")
    assert report["duration_ms"] < 1000
    nodes[0].behaviour = server()
    assert verdict(definition([nodes[0].address], f"{PLAIN}&{option}=2000"))["exit"] == 0


def test_x509(nodes):
    """Only a server with a user of that name lets it in: the command is what is tested here, over real TLS."""
    asked = []
    nodes[0].behaviour = server(authenticate={"dbname": "$external", "user": "CN=app", "ok": 1.0}, connectionStatus={
        "authInfo": {"authenticatedUsers": [{"user": "CN=app", "db": "$external"}]}, "ok": 1.0})
    made = certificates()
    pem = (made / "client.pem").read_text() + (made / "client.key").read_text()
    with mongodb.Front(nodes[0].port, "requireTLS", client_ca=True) as front:
        enforced = {"JDBC_ENFORCE_SSL": "true", "CUSTOM_JDBC_CERT": str(made / "ca.pem")}
        where = [f"localhost:{front.port}"]
        query = "/orders?authMechanism=MONGODB-X509"
        report = verdict(definition(where, query, MONGODB_CLIENT_CERT=pem, **enforced))
        assert report["exit"] == 0, report
        assert report["stages"][-1]["facts"]["authenticated_as"] == "CN=app@$external"
        assert "PRIVATE KEY" not in json.dumps(report) and not asked
        expect(verdict(definition(where, query, **enforced)), "TLS_CLIENT_CERT_REQUIRED", "tls")
        foreign = (made / "foreign-client.pem").read_text() + (made / "foreign-client.key").read_text()
        expect(verdict(definition(where, query, MONGODB_CLIENT_CERT=foreign, **enforced)), "TLS_CLIENT_CERT_REFUSED", "tls")
        expect(verdict(definition(where, query, MONGODB_CLIENT_CERT=str(made / "client.pem"), **enforced)), "KEYSTORE_INVALID",
               "credentials")
        expect(verdict(definition(where, query, MONGODB_CLIENT_CERT="/nonexistent", **enforced)), "FILE_UNREADABLE", "credentials")
    nodes[0].behaviour = server(authenticate=failure(18, "AuthenticationFailed", "Authentication failed."))
    with mongodb.Front(nodes[0].port, "requireTLS", client_ca=True) as front:
        expect(verdict(definition([f"localhost:{front.port}"], query, MONGODB_CLIENT_CERT=pem, **enforced)), "LOGIN_REFUSED", "login",
               "MONGODB-X509", "$external", "CN=app")


def test_plain_over_tls(nodes):
    with mongodb.Front(nodes[0].port, "requireTLS") as front:
        enforced = {"JDBC_ENFORCE_SSL": "true", "CUSTOM_JDBC_CERT": str(certificates() / "ca.pem")}
        where = [f"localhost:{front.port}"]
        nodes[0].behaviour = server(saslStart={"conversationId": 1, "done": True, "payload": b"", "ok": 1.0})
        report = verdict(definition(where, "/orders?authMechanism=PLAIN&authSource=$external", **enforced))
        assert report["exit"] == 0, report
        nodes[0].behaviour = server(saslStart=failure(18, "AuthenticationFailed", "Authentication failed."))
        expect(verdict(definition(where, "/orders?authMechanism=PLAIN&authSource=$external", **enforced)), "LOGIN_REFUSED", "login",
               "PLAIN", "$external")


def test_what_breaks_the_client_library_does_not_break_the_test(nodes):
    """A member that shows testconn a good list and the library, which comes later, one that crashes it; and a primary
    that has it compute for ever."""
    hosts = [node.address for node in nodes]
    good = member(hosts, "secondary", me=nodes[1].address)
    evil = member([":0", "a:99999", "[::1:5"], "secondary", me=nodes[1].address)
    seen = []

    def first_good_then_evil(connection):
        seen.append(1)
        server(good if len(seen) == 1 else evil)(connection)

    arrange(nodes, ("primary", "secondary", "secondary"))
    nodes[1].behaviour = first_good_then_evil
    report = verdict(definition([nodes[0].address], SET), timeout="5s")
    assert report["exit"] == 0 and report["duration_ms"] < 5300, report
    assert len(seen) > 1

    nodes[1].behaviour = server(member(hosts, "primary", me=nodes[1].address), scram=lambda: mongodb_fake.Scram(rounds=2000000000))
    nodes[0].behaviour = server(member(hosts, "secondary", me=nodes[0].address, primary=nodes[1].address))
    report = verdict(definition([nodes[0].address], SET), timeout="3s")
    assert report["exit"] == 0 and report["duration_ms"] < 3300, report
    assert any("does not come back" in finding["message"] for finding in report["findings"])


def test_a_member_with_a_list_of_rubbish(nodes):
    arrange(nodes, ("primary", "secondary", "secondary"))
    nodes[2].behaviour = server(member([":0", "a:99999"], "secondary", me=nodes[2].address))
    report = verdict(definition([nodes[0].address], SET))
    assert report["exit"] == 0
    assert any("PROTOCOL_ERROR" in finding["message"] and ":0" in finding["message"] for finding in report["findings"])
