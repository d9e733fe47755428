# SPDX-License-Identifier: Apache-2.0
"""The fault matrix: what each engine's test makes of each fault - stage, code, and the words that name the cause.

-s prints the matrix. A row is a fault, the scene that it is played in (support/faults.py), what differs in the definition,
and what is expected: of all engines, or of one by its name. Words are those of the reason or, where the test passes, of
its facts and findings. An engine that a row does not name has no part in it."""
import json
import subprocess

import pytest

from support.faults import World
from support.namespaces import need_root
from support.processes import running, wait_until
from support.program import PROGRAM, certificates, jdbc

PG, MY, NET = "PostgreSQL", "MariaDB", "NETWORK"
URLS = {PG: "jdbc:postgresql", MY: "jdbc:mariadb"}
CA = str(certificates() / "ca.pem")
ODD = "it's \"a@b:c/d 100% $HOME \\ #ü€"
MARGIN_MS = 400  # beyond the deadline, on a loaded machine


def define(engine, place, user="app", password="pw-app", database="orders", tls="verified"):
    host, port = place.host, place.ports[engine]
    if engine == NET:
        return {"Name": NET, "ConnectionType": NET, "ConnectionProperties": {"HOST": host, "PORT": str(port)}}
    off = {PG: "?sslmode=disable", MY: "?useSSL=false"}[engine] if tls == "off" else ""
    enforced = {"JDBC_ENFORCE_SSL": "true", "CUSTOM_JDBC_CERT": CA} if tls == "verified" else {}
    return jdbc(engine, JDBC_CONNECTION_URL=f"{URLS[engine]}://{host}:{port}/{database}{off}", USERNAME=user, PASSWORD=password,
                **enforced)


def row(fault, scene, *expected, **more):
    """EXPECTED: (stage, code, words...) of all engines; by name of one; an engine of None has no part."""
    names = {"pg": PG, "my": MY, "net": NET}
    own = {names[key]: more.pop(key) for key in list(more) if key in names}
    given = {engine: expected for engine in (PG, MY, NET)} if expected else {}
    return {"fault": fault, "scene": scene, "change": more, "expected": {k: v for k, v in {**given, **own}.items() if v}}


def both(fault, scene, *expected, **more):
    """A row of the two databases."""
    return row(fault, scene, *expected, **{"net": None, **more})


def certificate(fault, name, code, *words, looked_at=None):
    """The verdict where TLS is verified; where one only looks, a finding of the same words, or of those of LOOKED_AT."""
    return row(fault, f"certificate {name}", "tls", code, *words, net=("", "ok", *([looked_at] if looked_at else words)))


def foreign(peer, what):
    return row(f"answers {what}", f"peer {peer}", pg=("tls", "WRONG_PROTOCOL", what, "not PostgreSQL"),
               my=("login", "WRONG_PROTOCOL", what, "not MySQL"), net=("", "ok", f'"speaks": "{what}"'))


ROUTER = "10.71.2.2"
ROWS = [
    # The way there.
    row("host unknown", "resolver empty", "dns", "DNS_NOT_FOUND", '"db.example" does not exist', "127.0.0.1"),
    row("resolver silent", "resolver silent", "dns", "DNS_UNAVAILABLE", "db.example", "10.71.3.53"),
    row("refused", "closed", "tcp", "CONNECT_REFUSED", "127.0.0.1 refused"),
    row("refused by a filter", "path tcp dport {5432,3306,8200} reject with tcp reset", "tcp", "CONNECT_REFUSED", "10.71.3.2 refused"),
    row("no route", "route", "tcp", "CONNECT_UNREACHABLE", "Network is unreachable"),
    row("rejected by a router", "path tcp dport {5432,3306,8200} reject with icmpx type admin-prohibited", "tcp", "CONNECT_UNREACHABLE",
        ROUTER, "administratively prohibited"),
    row("filtered (SYN dropped)", "path tcp dport {5432,3306,8200} drop", "tcp", "TIMED_OUT", "10.71.3.2", f"behind {ROUTER} it is dropped"),
    both("large packets lost (path MTU)", "lossy ip saddr 10.71.3.2 meta length > 1000 drop", "tls", "TIMED_OUT", "path MTU"),
    # What answers.
    row("accepts, then silent", "peer silent", pg=("tls", "TIMED_OUT", "said nothing", "the network is fine"),
        my=("login", "TIMED_OUT", "greeting", "said nothing"), net=("", "ok", '"silent": true')),
    row("closes at once", "peer closes", pg=("tls", "CONNECTION_CLOSED", "closed"), my=("login", "CONNECTION_CLOSED", "closed"),
        net=("", "ok", '"closes":')),
    row("resets", "peer resets", pg=("tls", "CONNECTION_CLOSED", "closed"), net=("", "ok", '"closes": "when spoken to"')),
    row("one byte per second", "peer drips", pg=("tls", "PROTOCOL_ERROR|TIMED_OUT", "127.0.0.1"), my=("login", "PROTOCOL_ERROR|TIMED_OUT", "127.0.0.1"),
        net=("", "ok", '"first_bytes": "52')),
    row("garbage", "peer random", pg=("tls", "PROTOCOL_ERROR", "does not speak"), net=("", "ok", '"first_bytes": "f3 9a')),
    both("garbage for a greeting", "peer greets-with-random-bytes", pg=None, my=("login", "PROTOCOL_ERROR", "does not greet as a MySQL server")),
    foreign("ssh", "SSH"), foreign("smtp", "SMTP"), foreign("ftp", "FTP"), foreign("http", "HTTP"), foreign("redis", "Redis"),
    row("answers the other database", "crossed", pg=("tls", "WRONG_PROTOCOL", "speaks MySQL, not PostgreSQL"),
        my=("login", "WRONG_PROTOCOL", "PostgreSQL", "not MySQL"), net=("", "ok", '"speaks": "MySQL"')),
    row("TLS from the first byte", "peer tls-from-the-first-byte", pg=("tls", "WRONG_PROTOCOL", "TLS from the first byte"),
        my=("login", "WRONG_PROTOCOL", "TLS"), net=("", "ok", '"speaks": "TLS"')),
    # TLS.
    row("no TLS where it is demanded", "plain", "tls", "TLS_NOT_OFFERED", "no TLS", net=("", "ok", '"tls_offered": false')),
    both("no TLS where it is tried", "plain", "", "ok", "TLS_NOT_OFFERED", tls="tried"),
    both("TLS demanded, switched off here", "servers", "login", "TLS_REQUIRED", '"tlsonly"', user="tlsonly", password="pw-tlsonly", tls="off",
         my=("login", "LOGIN_REFUSED", '"tlsonly"', "without TLS")),
    certificate("certificate expired", "expired", "TLS_EXPIRED", "2021-01-01T00:00:00Z"),
    certificate("certificate not yet valid", "not-yet-valid", "TLS_NOT_YET_VALID", "2090-01-01T00:00:00Z"),
    certificate("certificate for another name", "wrong-name", "TLS_NAME_MISMATCH", '"localhost"', "db.internal.example", looked_at="db.internal.example"),
    certificate("unknown CA", "other", "TLS_UNTRUSTED", "CN=Other CA"),
    certificate("self-signed", "self-signed", "TLS_UNTRUSTED", "self-signed"),
    certificate("intermediate missing", "leaf", "TLS_UNTRUSTED", "intermediate", "CN=Test Intermediate CA"),
    certificate("signed with SHA-1", "sha1", "TLS_WEAK", "SHA1", looked_at="TLS_UNTRUSTED"),
    certificate("signed with MD5", "md5", "TLS_WEAK", "MD5", looked_at="TLS_UNTRUSTED"),
    certificate("key of 1024 bits", "rsa1024", "TLS_WEAK", "1024"),
    row("address without an IP SAN", "peer tls-no-ip", "tls", "TLS_NAME_MISMATCH", '"127.0.0.1"', "localhost",
        net=("", "ok", '"speaks": "TLS"', "TLS_NAME_MISMATCH")),
    row("TLS 1.1 only", "peer tls-1.1", "tls", "TLS_VERSION", "1.2", net=("", "ok", '"speaks": "TLS"', "TLS_VERSION")),
    both("client certificate demanded", "peer tls-client-certificate", "tls", "TLS_CLIENT_CERT_REQUIRED", "client certificate"),
    both("client certificate of the account", "servers", "login", "TLS_CLIENT_CERT_REQUIRED", "client certificate", user="certified",
         password="pw-certified", my=("login", "LOGIN_REFUSED", "1045", '"certified"')),
    row("this host's clock is ahead", "clock 2060-01-01", "tls", "TLS_EXPIRED", "by this host's clock it is 2060-01-01", net=("", "ok", "the certificate expired")),
    row("this host's clock is behind", "clock 2001-01-01", "tls", "TLS_NOT_YET_VALID", "by this host's clock it is 2001-01-01", net=("", "ok", "is not valid before")),
    # The login.
    both("unknown user", "servers", "login", "LOGIN_REFUSED", '"nobody"', user="nobody", pg=("login", "LOGIN_REFUSED", '"nobody"', "28P01"),
         my=("login", "LOGIN_REFUSED", '"nobody"', "1045")),
    both("wrong password", "servers", password="wr0ng-canary", pg=("login", "LOGIN_REFUSED", '"app"', "28P01"),
         my=("login", "LOGIN_REFUSED", '"app"', "1045")),
    both("empty password", "servers", password="", pg=("login", "LOGIN_REFUSED", '"app"', "empty"),
         my=("login", "LOGIN_REFUSED", '"app"', "1045")),
    both("password of odd characters", f"password {ODD}", "", "ok", password=ODD),
    both("odd password, and another", f"password {ODD}", "login", "LOGIN_REFUSED", '"app"', password=ODD + "x-canary"),
    both("no such database", "servers", database="nosuch", pg=("login", "DATABASE_MISSING", "3D000", '"nosuch"'),
         my=("login", "PERMISSION_DENIED", "1044", "'nosuch'")),
    both("no such database, seen by its owner", "servers", user="seeall", password="pw-seeall", database="nosuch", pg=None,
         my=("login", "DATABASE_MISSING", "1049", "'nosuch'")),
    both("no right on the database", "servers", user="nopriv", password="pw-nopriv", pg=("login", "PERMISSION_DENIED", "42501", "CONNECT"),
         my=("login", "PERMISSION_DENIED", "1044", "'orders'")),
    both("pg_hba rejects", "servers", user="rejected", password="pw-rejected", my=None, pg=("login", "LOGIN_NOT_ALLOWED", "28000", "pg_hba.conf")),
    both("account locked", "servers", pg=("login", "LOGIN_NOT_ALLOWED", "28000", '"nologin"'), user="nologin", password="pw-nologin", my=None),
    both("account locked", "servers", my=("login", "LOGIN_NOT_ALLOWED", "4151", '"locked"'), user="locked", password="pw-locked", pg=None),
    both("login method of the system", "servers", my=("login", "LOGIN_METHOD", "1698", '"socket"'), user="socket", pg=None),
    both("login method GSSAPI", "servers", pg=("login", "LOGIN_METHOD", "GSSAPI", '"sspi"'), user="sspi", my=None),
    both("account's connections are used up", "servers", pg=("login", "SERVER_BUSY", "53300", '"limited"'), user="limited",
         password="pw-limited", my=None),
    both("too many connections", "full", pg=("login", "SERVER_BUSY", "53300"), my=("login", "SERVER_BUSY", "1040", "Too many connections")),
    # The server's state.
    both("starting", "peer starting", pg=("login", "SERVER_STARTING", "57P03", "starting up"), my=None, tls="tried"),
    both("in recovery", "standby", pg=("login", "SERVER_STARTING", "57P03", "not accepting connections"), my=None),
    both("shutting down", "leaving", pg=("login", "SERVER_STARTING", "57P03", "shutting down"), my=None),
    both("shutting down", "peer shutting-down", my=("login", "SERVER_STARTING", "1053"), pg=None),
    row("frozen (SIGSTOP)", "frozen", pg=("tls", "TIMED_OUT", "said nothing"), my=("login", "TIMED_OUT", "greeting", "said nothing"),
        net=("", "ok", '"silent": true')),
    both("frozen in the TLS handshake", "peer tls-stalls", "tls", "TIMED_OUT", "the TLS handshake", "said nothing"),
    both("frozen in the login", "peer tls-good-then-silent", "login", "TIMED_OUT", "login", "said nothing"),
    both("killed in the TLS handshake", "peer tls-closes", "tls", "CONNECTION_CLOSED", "closed"),
]
seen = []  # (fault, engine, stage, code, milliseconds)


@pytest.fixture(scope="module")
def world():
    need_root()
    with World() as running_world:
        yield running_world
    print_matrix()


def print_matrix():
    print(f"\n\n{'fault':40} {'engine':10} {'stage':6} {'code':26} {'ms':>7}")
    for fault, engine, stage, code, milliseconds in seen:
        print(f"{fault:40.40} {engine:10} {stage or '':6} {code:26} {milliseconds:7.1f}")
    print(f"{len(ROWS)} faults, {len(seen)} verdicts")


def ask(place, definitions):
    """The reports of DEFINITIONS, in their order: of one run, or of a run each."""
    if place.alone and len(definitions) > 1:
        return [report for definition in definitions for report in ask(place, [definition])]
    done = subprocess.run([*place.run, "test", "--input", "-", "-o", "json", "--timeout", place.timeout], input=json.dumps(definitions),
                          capture_output=True, text=True, timeout=60)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)["tests"]


def judge(engine, report, expected):
    """What is wrong with REPORT, as texts."""
    stage, codes, *words = expected
    code = report.get("code", report["status"])
    told = report.get("reason") or json.dumps([report["stages"], report["findings"]])
    if code not in codes.split("|") or report.get("stage", "") != stage:
        yield f"{engine}: {report.get('stage')} {code}, expected {stage} {codes}: {told}"
    else:
        yield from (f"{engine}: no {word!r} in {told}" for word in words if word not in told)
        if stage and not report["remedy"]:
            yield f"{engine}: no remedy"


@pytest.mark.parametrize("one", ROWS, ids=[one["fault"].replace(" ", "-") for one in ROWS])
def test_fault(world, one):
    wrong = []
    with world.scene(one["scene"]) as place:
        engines = [engine for engine in one["expected"] if engine in place.ports]
        assert engines == list(one["expected"]), "an engine that has no part in the scene"
        reports = ask(place, [define(engine, place, **one["change"]) for engine in engines])
    limit = float(place.timeout.removesuffix("ms")) if place.timeout.endswith("ms") else float(place.timeout[:-1]) * 1000
    for engine, report in zip(engines, reports):
        seen.append((one["fault"], engine, report.get("stage"), report.get("code", report["status"]), report["duration_ms"]))
        wrong += judge(engine, report, one["expected"][engine])
        if report["duration_ms"] > limit + MARGIN_MS:
            wrong.append(f"{engine}: took {report['duration_ms']} ms")
        assert "canary" not in json.dumps(report)
    assert not wrong, "\n".join(wrong)


def test_nothing_is_left_behind(world):
    wait_until(lambda: running(PROGRAM) == [], 3, "the end of all workers")
