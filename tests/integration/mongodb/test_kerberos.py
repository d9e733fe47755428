# SPDX-License-Identifier: Apache-2.0
"""GSSAPI at a server that accepts by MIT's own library, with a real MIT KDC. FerretDB has no GSSAPI: the messages around
the tokens are the wire fake's."""
import json
import os

import gssapi
import pytest

from support import mongodb, mongodb_fake
from support.kdc import KDC, REALM
from support.mongodb_fake import STANDALONE, Fake, failure, message, read
from support.processes import free_port
from support.program import verdict

QUERY = "/orders?authMechanism=GSSAPI&tls=false"


@pytest.fixture(scope="module")
def kdc():
    with KDC() as one:
        os.environ["KRB5_CONFIG"] = str(one.conf)
        yield one


def accepts(keytab, knows=lambda user: True):
    """RFC 4752's server: a context, then no security layer; KNOWS says whether the user is one."""
    def behave(connection):
        context = gssapi.SecurityContext(creds=gssapi.Credentials(usage="accept", store={"keytab": str(keytab)}), usage="accept")
        offered = False
        while True:
            command, query, request = read(connection)
            name = next(iter(command))
            answer = mongodb_fake.ANSWERS.get(name, STANDALONE)
            if name in ("saslStart", "saslContinue"):
                answer = {"conversationId": 1, "done": False, "ok": 1.0}
                try:
                    if not context.complete:
                        answer["payload"] = context.step(command["payload"]) or b""
                    elif not offered:
                        offered, answer["payload"] = True, context.wrap(b"\1\0\0\0", False).message
                    else:
                        user = context.unwrap(command["payload"]).message[4:].decode()
                        behave.users.append((user, str(context.initiator_name)))
                        answer |= {"payload": b"", "done": True}
                        if not knows(user):
                            answer = failure(18, "AuthenticationFailed", "Authentication failed.")
                except gssapi.exceptions.GSSError:
                    answer = failure(18, "AuthenticationFailed", "Authentication failed.")
            connection.sendall(message(answer, query, request))
    behave.users = []
    return behave


def attempt(node, kdc, user=f"person@{REALM}", password="pw-person", query=QUERY, host="localhost", conf=None, **more):
    return verdict(mongodb.definition(f"mongodb://{host}:{node.port}{query}", user, password,
                                      MONGODB_KRB5_CONF=str(conf or kdc.conf), **more), timeout="5s")


def expect(report, *words, code="KERBEROS_FAILED"):
    assert (report.get("code"), report.get("stage")) == (code, "login"), report
    for word in words:
        assert word in report["reason"], (word, report["reason"])
    assert report["remedy"]


def test_a_password_logs_in(kdc):
    behaviour = accepts(kdc.keytab("mongodb"))
    with Fake(behaviour) as node:
        report = attempt(node, kdc)
        assert report["exit"] == 0, report
        assert behaviour.users == [(f"person@{REALM}", f"person@{REALM}")]
        facts = report["stages"][-2]["facts"]
        assert facts["mechanism"] == "GSSAPI" and facts["auth_source"] == "$external" and f"mongodb/localhost@{REALM}" in facts["ticket_for"]
        assert "pw-person" not in json.dumps(report)


def test_a_keytab_goes_before_the_password(kdc):
    behaviour = accepts(kdc.keytab("mongodb"))
    with Fake(behaviour) as node:
        report = attempt(node, kdc, f"app@{REALM}", "unused", MONGODB_KEYTAB=str(kdc.keytab("app")))
        assert report["exit"] == 0, report
        assert behaviour.users == [(f"app@{REALM}", f"app@{REALM}")]


def test_what_the_kdc_says_is_told(kdc):
    with Fake(accepts(kdc.keytab("mongodb"))) as node:
        report = attempt(node, kdc, password="wr0ng-canary")
        expect(report, f"person@{REALM}", "the password is wrong")
        assert report["property"] == "ConnectionProperties.PASSWORD" and "canary" not in json.dumps(report)
        expect(attempt(node, kdc, f"nobody@{REALM}"), f"nobody@{REALM}", "does not know our principal")
        report = attempt(node, kdc, query=QUERY + "&authMechanismProperties=SERVICE_NAME:nosuch")
        expect(report, f"nosuch/localhost@{REALM}", "does not know the service")
        assert "SERVICE_NAME" in report["remedy"]
        expect(attempt(node, kdc, f"stale@{REALM}", MONGODB_KEYTAB=str(kdc.keytab("stale"))), "keytab", f"stale@{REALM}")
        expect(attempt(node, kdc, conf=kdc.conf_for("down.conf", kdc=f"127.0.0.1:{free_port()}")), "KDC")


def test_what_the_server_refuses(kdc):
    with Fake(accepts(kdc.keytab("mongodb"), knows=lambda user: False)) as node:
        expect(attempt(node, kdc), "(error 18, AuthenticationFailed)", f"person@{REALM}", "$external", f"mongodb/localhost@{REALM}")
    with Fake(accepts(kdc.keytab("kafka"))) as node:
        # The acceptor's library sends a token of its own that says so.
        expect(attempt(node, kdc), f"person@{REALM}", "The ticket isn't for us")


def test_another_service_name_and_host(kdc):
    behaviour = accepts(kdc.keytab("kafka"))
    with Fake(behaviour) as node:
        assert attempt(node, kdc, query=QUERY + "&authMechanismProperties=SERVICE_NAME:kafka")["exit"] == 0
    with Fake(accepts(kdc.keytab("mongodb"))) as node:
        assert attempt(node, kdc, host="127.0.0.1", query=QUERY + "&authMechanismProperties=SERVICE_HOST:localhost")["exit"] == 0


def test_files_that_are_not_there(kdc):
    with Fake(accepts(kdc.keytab("mongodb"))) as node:
        report = verdict(mongodb.definition(f"mongodb://localhost:{node.port}{QUERY}", f"person@{REALM}", "x"))
        expect(report, "krb5.conf")
        assert report["property"] == "ConnectionProperties.MONGODB_KRB5_CONF"
        report = attempt(node, kdc, conf="/nonexistent/krb5.conf")
        assert (report["code"], report["stage"]) == ("FILE_UNREADABLE", "credentials")
        report = attempt(node, kdc, MONGODB_KEYTAB=str(kdc.conf))
        assert (report["code"], report["stage"]) == ("KEYSTORE_INVALID", "credentials")
