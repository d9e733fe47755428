# SPDX-License-Identifier: Apache-2.0
"""Every kind of account of a real MariaDB or MySQL (TESTCONN_SERVER), with two independent clients as judges of the numbers,
and the server's own counters as witnesses that nobody is asked twice."""
import json
import os
import pathlib
import subprocess

import pytest

from support.mysql import ENFORCED, KIND, MARIADB, definition, expect, facts
from support.mysql_clients import Session, judge_by_connector, judge_by_mariadb
from support.processes import wait_until
from support.program import PROGRAM, batch, jdbc, rules, stages, verdict

PLAIN = "?useSSL=false"


@pytest.fixture(scope="module")
def server():
    with KIND("--bind-address=127.0.0.1,::1") as running_server:
        running_server.sql(*(OF_MARIADB if MARIADB else OF_MYSQL), *OF_BOTH)
        yield running_server


OF_BOTH = [
    "create user 'имя' identified by 'pw-имя'", """create user 'a b\\'c"d@e' identified by 'pw-a b\\'c"d@e'""",
    "create database `Заказы 1`", "create database `a-b.c%d`",
    "create user issued identified by 'pw-issued' require issuer '/CN=nobody'",
    "create user questions identified by 'pw-questions' with max_queries_per_hour 1",
    "create user initial identified by 'pw-initial'",
    "grant all on `Заказы 1`.* to 'имя'", """grant all on `a-b.c%d`.* to 'a b\\'c"d@e'""",
    "grant select on orders.* to issued, questions, initial"]
OF_MARIADB = [
    "install soname 'auth_pam'", "create user pam identified via pam using 'nosuch'",
    "create user old identified via mysql_old_password using '1234567812345678'",
    "create user either identified via ed25519 using password('pw-either') or unix_socket",
    "create user guessed identified by 'pw-guessed'", "grant select on orders.* to guessed"]
OF_MYSQL = [
    "install plugin auth_socket soname 'auth_socket.so'", "create user socket identified with auth_socket",
    "install plugin mysql_no_login soname 'mysql_no_login.so'", "create user nologin identified with mysql_no_login",
    "create user twice identified by 'pw-old'", "alter user twice identified by 'pw-twice' retain current password",
    "set global authentication_policy = '*,,'",
    "create user factors identified by 'pw-factors' and identified with auth_socket",
    f"create user longest identified by '{'p' * 213}'", f"create user longer identified by '{'p' * 214}'",
    "create user guessed identified by 'pw-guessed' failed_login_attempts 2 password_lock_time 1",
    "grant select on orders.* to twice, guessed"]

REFUSED = [
    ("app", "wr0ng-canary", "orders", "LOGIN_REFUSED", 1045),
    ("nobody", "n0-canary", "orders", "LOGIN_REFUSED", 1045),
    ("elsewhere", "pw-elsewhere", "orders", "LOGIN_REFUSED", 1045),
    ("app", "", "orders", "LOGIN_REFUSED", 1045),
    ("certified", "pw-certified", "orders", "LOGIN_REFUSED", 1045),
    ("issued", "pw-issued", "orders", "LOGIN_REFUSED", 1045),
    ("имя", "wr0ng-canary", "orders", "LOGIN_REFUSED", 1045),
    ("seeall", "pw-seeall", "nosuch", "DATABASE_MISSING", 1049),
    ("app", "pw-app", "nosuch", "PERMISSION_DENIED", 1044),
    ("app", "pw-app", "d" * 65, "DATABASE_MISSING", 1102 if MARIADB else 1059),
    ("nopriv", "pw-nopriv", "orders", "PERMISSION_DENIED", 1044),
    ("locked", "pw-locked", "orders", "LOGIN_NOT_ALLOWED", 4151 if MARIADB else 3118),
    ("locked", "wr0ng-canary", "orders", "LOGIN_REFUSED", 1045),
    ("expired", "pw-expired", "orders", "LOGIN_NOT_ALLOWED", 1820 if MARIADB else 1862),
    ("socket", "any", "orders", "LOGIN_METHOD", 1698),
    *([("old", "any", "orders", "LOGIN_METHOD", 1275)] if MARIADB else
      [("nologin", "any", "orders", "LOGIN_REFUSED", 1045), ("factors", "pw-factors", "orders", "LOGIN_REFUSED", 1045)])]


@pytest.mark.parametrize("user, password, database, code, number", REFUSED)
def test_refusals_have_their_code_number_and_user(server, user, password, database, code, number):
    report = verdict(definition(server, user, password, database, **ENFORCED))
    expect(report, code, "query" if number == 1820 else "login", f"(error {number}", f'"{user}"', database, str(server.port))
    assert report["exit"] == 1 and report["retryable"] is False and report["property"]
    assert "canary" not in json.dumps(report)
    assert judge_by_mariadb(server, user, password, database) == number
    if user != "factors":  # which the connector could give, and gets as far as the second
        assert judge_by_connector(server, user, password, database) == number


def test_the_causes_of_1045_are_told_apart_as_far_as_the_server_lets_us(server):
    def remedy(*account, **more):
        report = verdict(definition(server, *account, **more))
        expect(report, "LOGIN_REFUSED", "login", "1045")
        return report["remedy"]
    assert "empty" in remedy("app", "")
    assert "client certificate" in remedy("certified", **ENFORCED) and "REQUIRE SSL" not in remedy("certified", **ENFORCED)
    assert "REQUIRE SSL" in remedy("tlsonly", query=PLAIN)
    if MARIADB:
        report = verdict(definition(server, "pam", "any", **ENFORCED), timeout="20s")
        expect(report, "LOGIN_REFUSED", "login", "1045")
        assert "PAM" in report["remedy"] and "dialog" in report["remedy"]
    else:
        assert "before it looked at the password" in remedy("nologin", "any")


def test_the_judges_let_in_whom_we_let_in(server):
    for user in ("app", "tlsonly", "seeall", "имя"):
        database = "Заказы 1" if user == "имя" else "orders"
        assert verdict(definition(server, user, database=database, **ENFORCED))["exit"] == 0
        assert judge_by_mariadb(server, user, f"pw-{user}", database) is None
        assert judge_by_connector(server, user, f"pw-{user}", database) is None


def test_a_right_definition_passes_over_verified_tls(server):
    report = verdict(definition(server, **ENFORCED))
    assert report["exit"] == 0, report
    assert set(stages(report).values()) == {"passed"} and len(stages(report)) == 8
    assert report["tls"]["verified"] is True and report["tls"]["chain"][0]["subject"] == "CN=localhost"
    assert report["server"]["product"] == KIND.__name__ and report["server"]["version"][0].isdigit()
    assert report["target"]["user"] == "app" and report["target"]["database"] == "orders"
    assert facts(report)["server_version"] and facts(report)["account"] == "app@%"


@pytest.mark.parametrize("url", [
    "jdbc:mysql://{}/orders", "jdbc:mariadb://{}/orders", "jdbc:aurora://{}/orders", "jdbc:mysql:aurora://{}/orders",
    "jdbc:mariadb:aurora://{}/orders", "jdbc:mysql:loadbalance://{}/orders", "jdbc:mariadb:sequential://{}/orders",
    "jdbc:mysql:replication://{0},{0}/orders", "JDBC:MySQL://{}/orders?useUnicode=true",
    "jdbc:mysql://(host=localhost,port={1})/orders", "jdbc:mysql://address=(host=localhost)(port={1})/orders"])
def test_each_form_of_a_url(server, url):
    report = verdict(jdbc(JDBC_CONNECTION_URL=url.format(f"localhost:{server.port}", server.port), USERNAME="app",
                          PASSWORD="pw-app", **ENFORCED))
    assert report["exit"] == 0 and report["driver"] == "mysql", report


@pytest.mark.parametrize("engine", ["mysql", "mariadb", "aurora", "aurora-mysql", "MySQL"])
def test_host_port_and_engine_do_as_well_as_a_url(server, engine):
    report = verdict(jdbc(HOST="127.0.0.1", PORT=str(server.port), JDBC_ENGINE=engine, DATABASE="orders", USERNAME="app",
                          PASSWORD="pw-app", **ENFORCED))
    assert report["exit"] == 0 and report["target"]["address"] == "127.0.0.1"


def test_no_database_is_needed(server):
    report = verdict(jdbc(HOST="127.0.0.1", PORT=str(server.port), JDBC_ENGINE="mysql", USERNAME="app", PASSWORD="pw-app"))
    assert report["exit"] == 0 and "database" not in report["target"]


def test_ipv6(server):
    report = verdict(definition(server, host="[::1]", **ENFORCED))
    assert report["exit"] == 0 and report["target"]["address"] == "::1" and report["tls"]["verified"] is True
    refused = verdict(definition(server, password="wrong", host="[::1]"))
    expect(refused, "LOGIN_REFUSED", "login", f"[::1]:{server.port}")


def test_several_hosts(server):
    nobody = "127.0.0.1:1"
    report = verdict(jdbc(JDBC_CONNECTION_URL=f"jdbc:mysql://{nobody},localhost:{server.port}/orders", USERNAME="app",
                          PASSWORD="pw-app", **ENFORCED))
    assert report["exit"] == 0 and report["target"]["port"] == server.port
    finding, = (finding for finding in report["findings"] if finding["rule"] == "endpoint-failed")
    assert nobody in finding["message"] and "CONNECT_REFUSED" in finding["message"]


@pytest.mark.parametrize("user, database", [("имя", "Заказы 1"), ("имя", "%D0%97%D0%B0%D0%BA%D0%B0%D0%B7%D1%8B%201"),
                                            ("a b'c\"d@e", "a-b.c%25d")])
def test_odd_names(server, user, database):
    report = verdict(definition(server, user, database=database, **ENFORCED))
    assert report["exit"] == 0 and facts(report)["account"] == f"{user}@%"


def test_an_empty_password_is_one(server):
    assert verdict(definition(server, "nopassword", "", **ENFORCED))["exit"] == 0
    assert verdict(definition(server, "nopassword", "", query=PLAIN))["exit"] == 0


def set_password(server, password):
    quoted = password.replace("\\", "\\\\").replace("'", "\\'")
    server.sql(f"set password for app = {'password(' if MARIADB else ''}'{quoted}'{')' if MARIADB else ''}")


@pytest.mark.parametrize("password", ["'", '"', "@", ":", "/", "%", "$", "\\", "#", "a b", " lead", "trail ", "пароль-日本",
                                      "'; drop user app; --", "${x", "%41", "tab\there", "line\nbreak", "\x7f\x01", "x" * 70])
@pytest.mark.parametrize("query", ["", PLAIN])
def test_odd_passwords(server, password, query):
    set_password(server, password)
    try:
        assert verdict(definition(server, password=password, query=query))["exit"] == 0
        assert verdict(definition(server, password=password + "x", query=query))["code"] == "LOGIN_REFUSED"
    finally:
        set_password(server, "pw-app")


@pytest.mark.applies(not MARIADB)
def test_a_password_that_the_key_cannot_encrypt(server):
    """Without TLS it goes by RSA, which has room for 213 bytes; over TLS there is no limit."""
    assert verdict(definition(server, "longest", "p" * 213, database="", query=PLAIN))["exit"] == 0
    server.sql("flush privileges")
    report = verdict(definition(server, "longer", "p" * 214, database="", query=PLAIN))
    expect(report, "LOGIN_METHOD", "login", "RSA key", "too long", "longer")
    assert report["property"] == "ConnectionProperties.PASSWORD"
    assert verdict(definition(server, "longer", "p" * 214, database=""))["exit"] == 0


METHODS = [("app", "mysql_native_password"), ("modern", "client_ed25519"), ("either", "client_ed25519")] if MARIADB else [
    ("app", "caching_sha2_password"), ("sha256", "sha256_password"), ("twice", "caching_sha2_password")]


@pytest.mark.parametrize("account, method", METHODS)
@pytest.mark.parametrize("tls", [True, False])
def test_every_login_method_full_and_fast(server, account, method, tls):
    server.sql("flush privileges")  # forgets caching_sha2_password's cache: the next login is a full one
    more = {"database": "", **(ENFORCED if tls else {"query": PLAIN})}
    for cached in (False, True):
        report = verdict(definition(server, account, **more))
        assert report["exit"] == 0 and ("tls" in report) == tls, report
        assert facts(report)["login_method"] == method
        if method == "caching_sha2_password":
            assert facts(report)["password_was_cached"] == cached
        by_key = method == "sha256_password" or (method == "caching_sha2_password" and not cached)
        assert ("password-key-unverified" in rules(report)) == (by_key and not tls)
    # MariaDB tells the refusal by the last of several methods, which wants no password.
    number = "1698" if account == "either" else "1045"
    expect(verdict(definition(server, account, "wrong", **more)), "LOGIN_REFUSED", "login", number)


@pytest.mark.applies(not MARIADB)
def test_a_retained_password_is_one_too(server):
    assert verdict(definition(server, "twice", "pw-old", **ENFORCED))["exit"] == 0


@pytest.mark.applies(MARIADB)
def test_a_password_in_clear_is_never_sent_without_tls(server):
    before = server.counter("Access_denied_errors")
    report = verdict(definition(server, "pam", "any", query=PLAIN))
    expect(report, "LOGIN_METHOD", "login", '"dialog"', "clear text", "client_ed25519", "pam")
    assert server.counter("Access_denied_errors") == before
    with KIND("--plugin-load-add=auth_pam", "--pam-use-cleartext-plugin=ON") as other:
        other.sql("create user pam identified via pam using 'nosuch'")
        expect(verdict(definition(other, "pam", "any", query=PLAIN)), "LOGIN_METHOD", "login", '"mysql_clear_password"')
        expect(verdict(definition(other, "pam", "any"), timeout="20s"), "LOGIN_REFUSED", "login", "1045", "over TLS")


@pytest.mark.parametrize("query, more", [("", {}), ("", ENFORCED), (PLAIN, {})])
@pytest.mark.parametrize("hosts", [1, 2])
def test_a_refused_login_is_tried_once(server, query, more, hosts):
    """However TLS stands, and whatever hosts are left: accounts lock."""
    url = f"jdbc:mysql://{','.join([f'localhost:{server.port}'] * hosts)}/orders{query}"
    refusals = server.counter("Aborted_connects")
    logins = server.counter("Connections")
    expect(verdict(jdbc(JDBC_CONNECTION_URL=url, USERNAME="app", PASSWORD="wrong", **more)), "LOGIN_REFUSED", "login")
    assert server.counter("Connections") - logins == 2  # one of them the question itself
    assert server.counter("Aborted_connects") - refusals == 1


def test_an_account_that_locks_is_asked_once_a_test(server):
    """The server counts to two: a test that asked twice would lock it out by itself."""
    if MARIADB:
        server.sql("set global max_password_errors = 2")
    number = "4150" if MARIADB else "3955"
    try:
        expect(verdict(definition(server, "guessed", "wrong")), "LOGIN_REFUSED", "login", "1045")
        assert verdict(definition(server, "guessed"))["exit"] == 0  # and starts to count anew
        expect(verdict(definition(server, "guessed", "wrong", **ENFORCED)), "LOGIN_REFUSED", "login", "1045")
        second = verdict(definition(server, "guessed", "wrong", **ENFORCED))
        if not MARIADB:  # which says so already at the attempt that locks
            expect(second, "LOGIN_NOT_ALLOWED", "login", number)
        report = verdict(definition(server, "guessed", **ENFORCED))
        expect(report, "LOGIN_NOT_ALLOWED", "login", number, '"guessed"')
        assert "who tries a wrong password" in report["remedy"]
        assert judge_by_mariadb(server, "guessed", "pw-guessed", "orders") == int(number)
        assert judge_by_connector(server, "guessed", "pw-guessed", "orders") == int(number)
    finally:
        if MARIADB:
            server.sql("set global max_password_errors = 4294967295")


def test_limits_of_an_account(server):
    with Session(server, "single"):
        wait_until(lambda: server.sessions("single") == 1, 10, "the held session")
        report = verdict(definition(server, "single", **ENFORCED))
        expect(report, "SERVER_BUSY", "login", "1226", '"single"')
        assert report["retryable"] is True
    assert verdict(definition(server, "hourly", **ENFORCED))["exit"] == 0
    expect(verdict(definition(server, "hourly", **ENFORCED)), "SERVER_BUSY", "login", "1226")
    assert verdict(definition(server, "questions"))["exit"] == 0
    expect(verdict(definition(server, "questions")), "SERVER_BUSY", "query", "1226", "max_q")


def test_a_limit_for_every_account(server):
    server.sql("set global max_connections = 100")
    with KIND("--max-user-connections=1") as other, Session(other, "app"):
        wait_until(lambda: other.sessions("app") == 1, 10, "the held session")
        report = verdict(definition(other))
        expect(report, "SERVER_BUSY", "login", "1203", "max_user_connections")
        assert report["retryable"] is True


def test_a_statement_of_the_server_that_fails_at_login(server):
    server.sql("set global init_connect = 'select nonsense'")
    try:
        report = verdict(definition(server, "initial"))
        expect(report, "QUERY_FAILED", "query", "init_connect" if MARIADB else "1184")
        assert "init_connect" in report["remedy"]
    finally:
        server.sql("set global init_connect = ''")


@pytest.mark.applies(not MARIADB)
def test_an_expired_password_where_the_server_lets_one_in_to_change_it():
    with KIND("--disconnect-on-expired-password=OFF") as other:
        expect(verdict(definition(other, "expired")), "LOGIN_NOT_ALLOWED", "query", "1820", '"expired"')


def test_many_at_once(server):
    _, document = batch([{**definition(server, **ENFORCED), "Name": str(i)} for i in range(60)])
    assert document["summary"]["ok"] == 60, document["summary"]


def test_nothing_of_the_user_leaks_in(server, tmp_path):
    """my.cnf, MYSQL_* and LIBMARIADB_* variables of who runs us change nothing."""
    trap = "[client]\nhost=192.0.2.1\nport=1\nuser=trap\npassword=trap\nssl-ca=/nonexistent\ninit-command=select trap\n"
    for name in (".my.cnf", ".mylogin.cnf"):
        (tmp_path / name).write_text(trap)
    environment = {"HOME": str(tmp_path), "MYSQL_HOME": str(tmp_path), "MYSQL_HOST": "192.0.2.1", "MYSQL_TCP_PORT": "1",
                   "MYSQL_PWD": "trap", "MARIADB_HOME": str(tmp_path), "MARIADB_PLUGIN_DIR": str(tmp_path),
                   "LIBMYSQL_PLUGINS": "trap", "MYSQL_UNIX_PORT": "/nonexistent",
                   "MARIADB_TLS_DISABLE_PEER_VERIFICATION": "1", "PATH": os.environ["PATH"]}
    assert verdict(definition(server, **ENFORCED), environment=environment)["exit"] == 0
    expect(verdict(definition(server, password="", **ENFORCED), environment=environment), "LOGIN_REFUSED", "login",
           "using password: NO")


def test_the_password_is_seen_nowhere(server, tmp_path):
    """Planted in the definition, searched for in what the server's log, the output and /proc have."""
    canary = "canary-5e1f"
    process = subprocess.Popen([PROGRAM, "test", "--input", "-", "-v"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    process.stdin.write(json.dumps(definition(server, password=canary)))
    process.stdin.flush()
    seen = "".join(pathlib.Path(f"/proc/{process.pid}/{name}").read_text() for name in ("cmdline", "environ"))
    out, err = process.communicate()
    assert canary not in out + err + seen and process.returncode == 1 and "1045" in out
    assert canary not in (server.folder / "log").read_text(errors="replace")
    assert list(tmp_path.iterdir()) == []
