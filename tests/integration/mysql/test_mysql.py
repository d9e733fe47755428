# SPDX-License-Identifier: Apache-2.0
"""testconn against a real MariaDB or MySQL (TESTCONN_SERVER): every account kind and server state, with two independent
clients as judges of the error numbers: `mariadb` and MySQL's own Connector/Python."""
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

import pytest

from support import mysql as servers
from support.processes import free_port, wait_until
from support.program import PROGRAM, ROOT, batch, certificates, jdbc, rules, stages, verdict

CA = str(certificates() / "ca.pem")
ENFORCED = {"JDBC_ENFORCE_SSL": "true", "CUSTOM_JDBC_CERT": CA}
KIND = os.environ.get("TESTCONN_SERVER", "MariaDB")
Kind = getattr(servers, KIND)
MARIADB = KIND == "MariaDB"
ADDRESS = subprocess.run(["hostname", "-I"], capture_output=True, text=True).stdout.split()[0]  # not loopback


@pytest.fixture(scope="module")
def server():
    with Kind() as running_server:
        yield running_server


@pytest.fixture(scope="module")
def plain_server():
    with Kind(certificate=None) as running_server:
        yield running_server


def definition(server, user="app", password="pw-app", database="orders", host="localhost", query="", vendor="mysql", **more):
    return jdbc(JDBC_CONNECTION_URL=server.url(database, host, query, vendor), USERNAME=user, PASSWORD=password, **more)


def expect(report, code, stage, *words):
    assert (report["code"], report["stage"], report["status"]) == (code, stage, "failed"), report
    for word in words:
        assert word in report["reason"], (word, report["reason"])
    assert report["remedy"] and stages(report)[stage] == "failed"


def test_a_right_definition_passes_over_verified_tls(server):
    report = verdict(definition(server, **ENFORCED))
    assert report["exit"] == 0, report
    assert set(stages(report).values()) == {"passed"} and len(stages(report)) == 8
    assert report["tls"]["verified"] is True and report["tls"]["chain"][0]["subject"] == "CN=localhost"
    assert report["server"]["product"] == KIND and report["server"]["version"][0].isdigit()
    assert report["target"]["user"] == "app" and report["target"]["database"] == "orders"
    login, query = report["stages"][-2:]
    assert login["facts"]["server_version"] and query["facts"]["account"] == "app@%"


@pytest.mark.parametrize("vendor", ["mysql", "mariadb", "aurora"])
def test_each_vendor_of_a_url(server, vendor):
    assert verdict(definition(server, vendor=vendor, **ENFORCED))["exit"] == 0


@pytest.mark.parametrize("engine", ["mysql", "mariadb", "aurora", "aurora-mysql"])
def test_host_port_and_engine_do_as_well_as_a_url(server, engine):
    report = verdict(jdbc(HOST="127.0.0.1", PORT=str(server.port), JDBC_ENGINE=engine, DATABASE="orders", USERNAME="app",
                          PASSWORD="pw-app", **ENFORCED))
    assert report["exit"] == 0 and report["target"]["address"] == "127.0.0.1"


def test_no_database_is_needed(server):
    report = verdict(jdbc(HOST="127.0.0.1", PORT=str(server.port), JDBC_ENGINE="mysql", USERNAME="app", PASSWORD="pw-app"))
    assert report["exit"] == 0 and "database" not in report["target"]


REFUSED = [
    ("app", "wr0ng-canary", "orders", "LOGIN_REFUSED", 1045),
    ("nobody", "n0-canary", "orders", "LOGIN_REFUSED", 1045),
    ("elsewhere", "pw-elsewhere", "orders", "LOGIN_REFUSED", 1045),
    ("app", "", "orders", "LOGIN_REFUSED", 1045),
    ("certified", "pw-certified", "orders", "LOGIN_REFUSED", 1045),
    ("seeall", "pw-seeall", "nosuch", "DATABASE_MISSING", 1049),
    ("app", "pw-app", "nosuch", "PERMISSION_DENIED", 1044),
    ("nopriv", "pw-nopriv", "orders", "PERMISSION_DENIED", 1044),
    ("locked", "pw-locked", "orders", "LOGIN_NOT_ALLOWED", 4151 if MARIADB else 3118),
    ("expired", "pw-expired", "orders", "LOGIN_NOT_ALLOWED", 1820 if MARIADB else 1862),
    *([("socket", "any", "orders", "LOGIN_METHOD", 1698)] if MARIADB else []),
]


def judge_by_mariadb(server, user, password, database):
    """The error number that `mariadb` ends with, None when it is let in."""
    done = subprocess.run(["mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", str(server.port), "-u", user, f"-p{password}",
                           f"--ssl-ca={CA}", "--ssl-verify-server-cert", "-e", "select 1", database],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return None if done.returncode == 0 else int(done.stderr.split("ERROR ")[1].split()[0])


def judge_by_connector(server, user, password, database):
    """The same of MySQL's own connector."""
    folder = subprocess.run([ROOT / "tests" / "setup" / "mysql-connector"], check=True, capture_output=True,
                            text=True).stdout.strip()
    if folder not in sys.path:
        sys.path.insert(0, folder)
    import mysql.connector
    try:
        with mysql.connector.connect(host="127.0.0.1", port=server.port, user=user, password=password, database=database,
                                     ssl_ca=CA, ssl_verify_cert=True, use_pure=True) as session:
            with session.cursor() as cursor:
                cursor.execute("select 1")
                cursor.fetchall()
        return None
    except mysql.connector.Error as error:
        return error.errno


@pytest.mark.parametrize("user, password, database, code, number", REFUSED)
def test_refusals_have_their_code_number_and_user(server, user, password, database, code, number):
    report = verdict(definition(server, user, password, database, **ENFORCED))
    expect(report, code, "query" if number == 1820 else "login", f"(error {number}", f'"{user}"', database, str(server.port))
    assert report["exit"] == 1 and report["retryable"] is False
    assert "canary" not in json.dumps(report)
    assert judge_by_mariadb(server, user, password, database) == number
    assert judge_by_connector(server, user, password, database) == number


def test_the_judges_let_in_whom_we_let_in(server):
    for user in ("app", "tlsonly", "seeall"):
        assert verdict(definition(server, user, f"pw-{user}", **ENFORCED))["exit"] == 0
        assert judge_by_mariadb(server, user, f"pw-{user}", "orders") is None
        assert judge_by_connector(server, user, f"pw-{user}", "orders") is None


def test_an_empty_password_is_one(server):
    assert verdict(definition(server, "nopassword", "", **ENFORCED))["exit"] == 0


@pytest.mark.parametrize("password", ["'", '"', "@", ":", "/", "%", "$", "\\", "#", "a b", " lead", "пароль-日本",
                                      "'; drop user app; --", "${x", "x" * 70])
def test_odd_passwords(server, password):
    quoted = password.replace("\\", "\\\\").replace("'", "\\'")
    server.sql(f"set password for app = {'password(' if MARIADB else ''}'{quoted}'{')' if MARIADB else ''}")
    try:
        assert verdict(definition(server, password=password, **ENFORCED))["exit"] == 0
        assert verdict(definition(server, password=password + "x", **ENFORCED))["code"] == "LOGIN_REFUSED"
    finally:
        server.sql(f"set password for app = {'password(' if MARIADB else ''}'pw-app'{')' if MARIADB else ''}")


@pytest.mark.parametrize("account, tls", [("modern", True), ("modern", False)] if MARIADB else
                         [("sha256", True), ("sha256", False), ("app", True), ("app", False)])
def test_every_login_method_full_and_fast(server, account, tls):
    server.sql("flush privileges")  # forgets caching_sha2_password's cache: the next login is a full one
    more = ENFORCED if tls else {}
    query = "" if tls else "?useSSL=false"
    for _ in range(2):
        report = verdict(definition(server, account, f"pw-{account}", query=query, **more))
        assert report["exit"] == 0 and ("tls" in report) == tls, report
    expect(verdict(definition(server, account, "wrong", query=query, **more)), "LOGIN_REFUSED", "login", "1045")


def test_a_server_without_tls(plain_server):
    for user in ("app", "app"):  # full, then fast
        report = verdict(definition(plain_server, user, f"pw-{user}"))
        assert report["exit"] == 0 and "tls-failed" in rules(report) and "tls" not in report
    expect(verdict(definition(plain_server, **ENFORCED)), "TLS_NOT_OFFERED", "tls", "offers no TLS")
    assert "tls-failed" not in rules(verdict(definition(plain_server, query="?sslMode=DISABLED")))
    refused = verdict(definition(plain_server, "tlsonly", "pw-tlsonly"))
    expect(refused, "LOGIN_REFUSED", "login", "without TLS")
    assert "REQUIRE SSL" in refused["remedy"]


def test_a_refused_login_is_tried_once(plain_server, server):
    """Over TLS and in the clear: one attempt each, or accounts lock."""
    counter = "show global status like 'Aborted_connects'"

    def refused(which):
        done = subprocess.run(["mariadb", "--no-defaults", "-u", "root", "-S", which.folder / "socket", "-NBe", counter],
                              capture_output=True, text=True, check=True)
        return int(done.stdout.split()[1])
    for which in (plain_server, server):
        before = refused(which)
        assert verdict(definition(which, password="wrong"))["code"] == "LOGIN_REFUSED"
        assert refused(which) - before == 1


@pytest.mark.applies(not MARIADB)  # MariaDB counts per server (max_password_errors), not per account
def test_an_account_locked_by_failures(server):
    expect(verdict(definition(server, "lockable", "wrong", **ENFORCED)), "LOGIN_NOT_ALLOWED", "login", "3955")
    expect(verdict(definition(server, "lockable", "pw-lockable", **ENFORCED)), "LOGIN_NOT_ALLOWED", "login", "3955")


@pytest.mark.parametrize("certificate, code, words", [
    ("expired", "TLS_EXPIRED", ["2021-01-01"]), ("not-yet-valid", "TLS_NOT_YET_VALID", ["2090-01-01"]),
    ("wrong-name", "TLS_NAME_MISMATCH", ["localhost", "db.internal.example"]), ("other", "TLS_UNTRUSTED", ["Other CA"]),
    ("self-signed", "TLS_UNTRUSTED", ["self-signed"]), ("leaf", "TLS_UNTRUSTED", ["intermediate"])])
def test_certificates(certificate, code, words):
    with Kind(certificate=certificate) as server:
        expect(verdict(definition(server, **ENFORCED)), code, "tls", *words)
        lax = verdict(definition(server, CUSTOM_JDBC_CERT=CA))
        assert lax["exit"] == 0 and lax["tls"]["verified"] is False and "certificate-not-verified" in rules(lax)
        expect(verdict(definition(server, query="?sslMode=VERIFY_IDENTITY", CUSTOM_JDBC_CERT=CA)), code, "tls")
        assert verdict(definition(server, query="?sslMode=REQUIRED", CUSTOM_JDBC_CERT=CA))["exit"] == 0


def test_url_words_of_tls(server):
    assert "tls" in verdict(definition(server, query="?useSSL=true&requireSSL=true"))
    assert "tls" not in verdict(definition(server, query="?useSSL=false"))
    assert "tls" not in verdict(definition(server, vendor="mariadb", query="?sslMode=disable"))
    assert verdict(definition(server, vendor="mariadb", query="?sslMode=verify-full", CUSTOM_JDBC_CERT=CA))["tls"]["verified"]
    overruled = verdict(definition(server, query="?useSSL=false", **ENFORCED))
    assert overruled["exit"] == 0 and overruled["tls"]["verified"] and "tls-overruled" in rules(overruled)


def test_tls_demanded_by_the_server():
    option = "--require-secure-transport=ON"
    with Kind(option) as server:
        assert verdict(definition(server))["exit"] == 0
        report = verdict(definition(server, query="?useSSL=false"))
        if MARIADB:  # which says the same as of a wrong password
            expect(report, "LOGIN_REFUSED", "login", "1045", "without TLS")
            assert "TLS" in report["remedy"]
        else:
            expect(report, "TLS_REQUIRED", "login", "3159", "without TLS")
            expect(verdict(definition(server, password="wrong", query="?useSSL=false")), "LOGIN_REFUSED", "login", "1045")


@pytest.mark.applies(not MARIADB)  # MySQL's own login method
def test_neither_tls_nor_rsa():
    none = [f"--{method}-password-{what}" for method in ("caching-sha2", "sha256")
            for what in ("auto-generate-rsa-keys=OFF", "private-key-path=none", "public-key-path=none")]
    with Kind(*none, certificate=None) as server:
        expect(verdict(definition(server)), "LOGIN_METHOD", "login", "without TLS")


def hold_session(server, user):
    """A session of USER that stays."""
    process = subprocess.Popen(["mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", str(server.port), "-u", user, f"-ppw-{user}",
                                "--skip-ssl" if MARIADB else f"--ssl-ca={CA}"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdin.write("select 'here';\n")
    process.stdin.flush()
    return process


def sessions(server, user):
    done = subprocess.run(["mariadb", "--no-defaults", "-u", "root", "-S", server.folder / "socket", "-NBe",
                           f"select count(*) from information_schema.processlist where user='{user}'"],
                          capture_output=True, text=True)
    return int(done.stdout or 0)


def test_limits_of_an_account(server):
    held = hold_session(server, "single")
    try:
        wait_until(lambda: sessions(server, "single") == 1, 10, "the held session")
        report = verdict(definition(server, "single", "pw-single", **ENFORCED))
        expect(report, "SERVER_BUSY", "login", "1226")
        assert report["retryable"] is True
    finally:
        held.kill()
        held.wait()
    first = verdict(definition(server, "hourly", "pw-hourly", **ENFORCED))
    assert first["exit"] == 0, first
    expect(verdict(definition(server, "hourly", "pw-hourly", **ENFORCED)), "SERVER_BUSY", "login", "1226")


def test_too_many_connections():
    with Kind("--max-connections=10" if MARIADB else "--max-connections=2") as server:
        held = [hold_session(server, "app") for _ in range(12)]
        try:
            wait_until(lambda: verdict(definition(server)).get("code") == "SERVER_BUSY", 10, "a full server")
            report = verdict(definition(server))
            expect(report, "SERVER_BUSY", "login", "1040")
        finally:
            for one in held:
                one.kill()
                one.wait()


def test_a_blocked_host():
    """Port probes that never speak count: not on loopback, whose neighbours are blocked all the same."""
    with Kind("--max-connect-errors=1", "--bind-address=0.0.0.0") as server:
        for _ in range(3):
            with socket.create_connection((ADDRESS, server.port), source_address=(ADDRESS, 0)) as connection:
                connection.recv(1)
        report = verdict(definition(server, host=ADDRESS))
        expect(report, "LOGIN_NOT_ALLOWED", "login", "1129", "instead of a greeting")
        assert "port probes" in report["remedy"]


def test_no_account_for_this_host():
    with Kind("--skip-name-resolve", "--bind-address=0.0.0.0") as server:
        users = ["app", "tlsonly", "certified", "locked", "expired", "hourly", "single", "nopriv", "nopassword", "seeall",
                 *(["modern", "socket"] if MARIADB else ["lockable", "sha256"])]
        server.sql("drop user " + ", ".join(users))
        server.sql("flush privileges")  # what hosts may connect is worked out again
        expect(verdict(definition(server, host=ADDRESS)), "LOGIN_NOT_ALLOWED", "login", "1130", ADDRESS)


@pytest.mark.applies(not MARIADB)  # MySQL's own state
def test_offline_mode():
    with Kind() as server:
        server.sql("set global offline_mode = on")
        report = verdict(definition(server))
        expect(report, "SERVER_STARTING", "login", "3032")
        assert "offline" in report["remedy"]


def test_a_frozen_server_costs_its_deadline_and_no_more():
    with Kind() as server:
        server.freeze()
        try:
            report = verdict(definition(server), timeout="1s")
            expect(report, "TIMED_OUT", "login", "greeting", "said nothing")
            assert "greets first" in report["remedy"]
            assert report["duration_ms"] < 1300
        finally:
            server.thaw()


def test_many_at_once(server):
    _, document = batch([{**definition(server, **ENFORCED), "Name": str(i)} for i in range(60)])
    assert document["summary"]["ok"] == 60, document["summary"]


def test_nothing_of_the_user_leaks_in(server, tmp_path):
    """my.cnf, MYSQL_* and LIBMARIADB_* variables of who runs us change nothing."""
    trap = "[client]\nhost=192.0.2.1\nport=1\nuser=trap\npassword=trap\nssl-ca=/nonexistent\ninit-command=select trap\n"
    for name in (".my.cnf", ".mylogin.cnf"):
        (tmp_path / name).write_text(trap)
    environment = {"HOME": str(tmp_path), "MYSQL_HOME": str(tmp_path), "MYSQL_HOST": "192.0.2.1", "MYSQL_TCP_PORT": "1",
                   "MYSQL_PWD": "trap", "MARIADB_HOME": str(tmp_path), "LIBMARIADB_PLUGIN_DIR": str(tmp_path),
                   "MYSQL_UNIX_PORT": "/nonexistent", "MARIADB_TLS_DISABLE_PEER_VERIFICATION": "1", "PATH": os.environ["PATH"]}
    assert verdict(definition(server, **ENFORCED), environment=environment)["exit"] == 0


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


def test_a_server_that_is_killed():
    """While we wait for it: the connection's end is told as one."""
    with Kind() as server:
        process = subprocess.Popen([PROGRAM, "test", "--input", "-", "-o", "json", "--timeout", "5s"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        server.freeze()
        process.stdin.write(json.dumps(definition(server)))
        process.stdin.close()
        time.sleep(0.3)
        server.process.kill()
        server.process.wait()
        report = json.loads(process.stdout.read())["tests"][0]
        process.wait()
        expect(report, "CONNECTION_CLOSED", "login", "greeting")


def test_a_closed_port_is_told_before_anything_else():
    report = verdict(jdbc(HOST="127.0.0.1", PORT=str(free_port()), JDBC_ENGINE="mysql", USERNAME="app", PASSWORD="x"))
    expect(report, "CONNECT_REFUSED", "tcp", "127.0.0.1")
