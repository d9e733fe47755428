# SPDX-License-Identifier: Apache-2.0
"""A catalog in a real PostgreSQL, shared by agents: all that catalogs do, and every way such a store can fail."""
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import threading
import time

import pytest

from support.bad_peer import PEERS, Peers
from support.catalog import SharedCatalog, orders
from support.catalog_cases import *  # noqa: F403
from support.catalog_cases import CANARY, KILLS, refused
from support.postgresql import PostgreSQL
from support.processes import free_port, wait_until
from support.program import BUILD, PROGRAM, certificates, jdbc

SLACK_S = 6  # of a loaded machine


@pytest.fixture(scope="module")
def server():
    with PostgreSQL(log_statement="all", max_connections=60, wal_level="logical") as one:
        one.sql("create database catalog owner app")
        yield one


@pytest.fixture
def catalog(server, tmp_path):
    server.rows("catalog", "drop schema if exists testconn cascade")
    server.rows("catalog", "grant create on database catalog to app")
    return SharedCatalog(server, tmp_path)


class Agent:
    """A process that keeps the catalog open."""

    def __init__(self, catalog, url=None):
        self.process = subprocess.Popen([BUILD / "tests" / "catalog_agent", BUILD / "catalogs", url or catalog.url, catalog.key],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        """The answer to a command; "" when the agent is gone."""
        try:
            self.process.stdin.write(" ".join(map(str, words)) + "\n")
            self.process.stdin.flush()
            return self.process.stdout.readline().rstrip("\n")
        except (BrokenPipeError, ValueError):
            return ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def agents(catalog, count):
    with Agent(catalog) as first:
        assert first.ask("put", "first", "x") == "ok"  # the key is made
    return [Agent(catalog) for _ in range(count)]


# --- tests by name

def test_a_test_by_name_leaves_its_verdict(catalog, server):
    catalog.create(jdbc(JDBC_CONNECTION_URL=server.url(host="127.0.0.1"), USERNAME="app", PASSWORD="pw-app"), orders("closed"))
    done = catalog.run("test", "orders", "closed", "-o", "json")
    assert done.returncode == 1, done.stderr
    assert [test["status"] for test in json.loads(done.stdout)["tests"]] == ["ok", "failed"]
    assert catalog.get("orders")["Status"] == "READY" and "LastConnectionValidationTime" in catalog.get("orders")
    closed = catalog.get("closed")
    assert closed["Status"] == "FAILED" and closed["StatusReason"].startswith("CONNECT_REFUSED at tcp: ")
    catalog.connections("update", document=orders("closed"))
    assert catalog.get("closed")["Status"] == "READY" and "StatusReason" not in catalog.get("closed")
    assert catalog.run("test", "--all", "-q").returncode == 1


@pytest.mark.parametrize("change", ["update", "delete", "recreate"])
def test_a_connection_that_changed_during_its_test_is_not_overwritten(catalog, change):
    seen, go = threading.Event(), threading.Event()

    def held(connection):
        seen.set()
        go.wait(20)

    with Peers({"held": held}) as peers:
        url = f"jdbc:postgresql://127.0.0.1:{peers.port['held']}/orders?sslmode=disable"
        definition = jdbc(JDBC_CONNECTION_URL=url, USERNAME="app", PASSWORD="pw")
        catalog.create(definition)
        process = catalog.start("test", "orders", "-o", "json")
        assert seen.wait(10)
        if change == "update":
            catalog.connections("update", document=definition)
        else:
            catalog.connections("delete", "orders")
        if change == "recreate":
            catalog.create(definition)
        go.set()
        report = json.loads(process.communicate(timeout=30)[0])["tests"][0]
    assert report["code"] == "CONNECTION_CLOSED" and "connection-changed" in {finding["rule"] for finding in report["findings"]}
    assert catalog.names() == ([] if change == "delete" else ["orders"])
    if change != "delete":
        assert "LastConnectionValidationTime" not in catalog.get("orders")


def test_a_locked_row_delays_no_verdict_and_the_status_comes_later(catalog, server):
    import psycopg2
    catalog.create(orders())
    holder = psycopg2.connect(host=str(server.folder), port=server.port, user="postgres", dbname="catalog")
    holder.cursor().execute("select * from testconn.connections for update")
    process = catalog.start("test", "orders")
    line = process.stdout.readline()
    assert "FAILED" in line
    holder.rollback()
    holder.close()
    process.stdout.close()
    assert process.wait(20) == 1, process.stderr.read()
    assert catalog.get("orders")["Status"] == "FAILED"


# --- keys, secrets and what may leak in

def test_every_agent_needs_the_same_key(catalog, tmp_path):
    catalog.create(orders(password=CANARY))
    other = SharedCatalog(catalog.server, tmp_path, tmp_path / "other.key")
    refused(other.connections("get", "orders"), 1, "DECRYPT_FAILED", "other.key is missing", "key id")
    refused(other.connections("create", document=orders("b")), 1, "DECRYPT_FAILED", "other.key")
    assert not other.key.exists(), "no other key was made in its place"
    other.key.write_bytes(os.urandom(32))
    other.key.chmod(0o600)
    refused(other.connections("get", "orders"), 1, "DECRYPT_FAILED", "is not the key of this catalog")
    refused(other.connections("update", document=orders()), 1, "DECRYPT_FAILED", "is not the key of this catalog")
    assert other.connections("list").returncode == 0, "what stands in the clear needs no key"
    other.key.write_bytes(catalog.key.read_bytes())
    assert other.get("orders", "--show-password")["ConnectionProperties"]["PASSWORD"] == CANARY


def test_without_a_key_file_only_the_clear_can_be_read(catalog):
    catalog.create(orders())
    catalog.arguments = lambda arguments: [str(argument) for argument in arguments]
    assert "orders" in catalog.connections("list").stdout
    refused(catalog.connections("get", "orders"), 2, "--key-file")
    refused(catalog.connections("create", document=orders("b")), 2, "--key-file")
    done = catalog.run("test", "orders")
    assert done.returncode == 2 and "--key-file" in done.stderr
    assert catalog.connections("delete", "orders").returncode == 0


def test_no_secret_reaches_the_server(catalog, server):
    catalog.create(orders(password=CANARY, FOO=CANARY), {**orders("b"), "Description": CANARY})
    catalog.connections("update", document=orders(password=CANARY + "2"))
    assert catalog.connections("import", "--replace", document={"ConnectionList": [orders("c", CANARY)]}).returncode == 0
    assert CANARY in catalog.connections("get", "orders", "--show-password").stdout
    catalog.run("test", "--all")
    log = (server.folder / "log").read_bytes()
    assert b"parameters: $1 = 'orders'" in log, "statements are logged, with their parameters"
    for shape in (CANARY.encode(), CANARY.encode().hex().encode(), b"127.0.0.1:9/orders"):
        assert shape not in log and shape not in catalog.bytes()


def test_nothing_ambient_leaks_in(catalog, server, tmp_path):
    nowhere = free_port()
    (tmp_path / ".pgpass").write_text("*:*:*:*:wrong\n")
    (tmp_path / ".pgpass").chmod(0o600)
    (tmp_path / "service").write_text(f"[s]\nhost=127.0.0.2\nport={nowhere}\n")
    (tmp_path / ".postgresql").mkdir()
    (tmp_path / ".postgresql" / "root.crt").write_text("nonsense")
    environment = {"HOME": str(tmp_path), "PGHOST": "127.0.0.2", "PGPORT": str(nowhere), "PGUSER": "nobody", "PGPASSWORD": "wrong",
                   "PGDATABASE": "gone", "PGSERVICE": "s", "PGSERVICEFILE": str(tmp_path / "service"), "PGSSLMODE": "verify-full",
                   "PGOPTIONS": "-c search_path=nowhere", "PGTZ": "nonsense", "PGPASSFILE": str(tmp_path / ".pgpass"),
                   "PGCONNECT_TIMEOUT": "nonsense", "PGCLIENTENCODING": "nonsense", "PGSSLROOTCERT": "/nonexistent",
                   "PGREQUIREPEER": "x", "PGTARGETSESSIONATTRS": "standby", "PGHOSTADDR": "127.0.0.2"}
    catalog.create(orders(password="${env:PGPASSWORD}"), environment=environment)
    assert catalog.connections("get", "orders", environment=environment).returncode == 0
    # They are still there for who means them.
    done = catalog.run("test", "orders", "-o", "json", environment=environment)
    assert json.loads(done.stdout)["tests"][0]["code"] == "CONNECT_REFUSED", done.stdout
    url = f"postgresql://app@127.0.0.1:{server.port}/catalog"
    refused(catalog.connections("list", "--catalog", url, environment=environment), 1, "LOGIN_REFUSED", "no password supplied")


def test_a_password_file_may_be_named(catalog, server, tmp_path):
    catalog.create(orders())
    path = tmp_path / "catalog.pgpass"
    path.write_text(f"127.0.0.1:{server.port}:catalog:app:pw-app\n")
    path.chmod(0o600)
    url = f"postgresql://app@127.0.0.1:{server.port}/catalog?passfile={path}"
    assert catalog.connections("list", "--catalog", url).returncode == 0


def test_the_password_of_the_url_is_shown_nowhere(catalog, server):
    peer = socket.create_server(("127.0.0.1", 0))
    url = f"postgresql://app:{CANARY}@127.0.0.1:{peer.getsockname()[1]}/catalog?password={CANARY}"
    for arguments in (["connections", "list"], ["connections", "delete", "x"], ["test", "x"]):
        process = catalog.start(*arguments, "--catalog", url)
        line = pathlib.Path(f"/proc/{process.pid}/cmdline")
        wait_until(lambda: "postgresql" in line.read_text() and CANARY not in line.read_text(), 5, "hiding it")
        process.kill()
        process.wait()
    peer.close()
    catalog.create(orders())
    url = f"postgresql://app:{CANARY}@127.0.0.1:{server.port}/catalog"
    for arguments in (["connections", "list"], ["connections", "get", "x"], ["connections", "delete", "x"], ["test", "x"],
                      ["test", "x", "-o", "json"], ["test", "--all"], ["wait", "x", "--wait", "1s"]):
        done = catalog.run(*arguments, "--catalog", url)
        assert done.returncode != 0 and CANARY not in done.stdout + done.stderr, done
    for broken in (f"postgresql://app:{CANARY}%zz@h/d", f"postgresql://app:{CANARY}@[h/d", f"postgresql://app:{CANARY}@h:x/d",
                   f"postgresql://app:{CANARY}@h/d?sslmode=nonsense", f"postgresql://app:{CANARY}@h/d?x=y",
                   f"postgresql:app:{CANARY}", f"postgres://app:{CANARY}@h/d"):
        done = catalog.connections("list", "--catalog", broken)
        assert done.returncode == 2 and CANARY not in done.stdout + done.stderr, done


# --- a store that cannot be used

@pytest.mark.parametrize("url, words", [
    ("postgresql:", ["postgresql://"]), ("postgresql://", ["names no database"]), ("postgresql://h/", ["names no database"]),
    ("postgresql:h/d", ["postgresql://USER"]), ("postgres://h/d", ["did you mean postgresql://"]),
    ("postgresql://h/d?service=x", ["takes no parameter service"]), ("postgresql://h/d?options=-cx", ["takes no parameter options"]),
    ("postgresql://h/d?replication=database", ["takes no parameter replication"]), ("postgresql://h/d?foo=x", ["foo"])])
def test_urls_that_name_no_such_catalog(catalog, url, words):
    refused(catalog.connections("list", "--catalog", url), 2, *words)


def told(catalog, code, *words, exit_code=1):
    """CODE is told by every command, with the place."""
    for arguments in (["get", "orders"], ["list"], ["delete", "orders"]):
        refused(catalog.connections(*arguments), exit_code, code, "postgresql://", *words)
    refused(catalog.connections("create", document=orders("new", password=CANARY)), exit_code, code, *words)
    done = catalog.run("test", "orders", "-o", "json")
    report = json.loads(done.stdout)["tests"][0]
    assert report["code"] == code and report["stage"] == "credentials", report
    for word in words:
        assert word in report["reason"], report


def test_a_server_that_is_away(catalog, server, tmp_path):
    url = f"postgresql://app:pw-app@127.0.0.1:{free_port()}/catalog"
    catalog.environment["TESTCONN_CATALOG"] = url
    told(catalog, "CONNECT_REFUSED", "Connection refused", url.split("@")[1])
    catalog.environment["TESTCONN_CATALOG"] = "postgresql://app:pw-app@nowhere.invalid/catalog"
    told(catalog, "DNS_NOT_FOUND", "nowhere.invalid")
    catalog.environment["TESTCONN_CATALOG"] = f"postgresql://app:pw-app@/catalog?host={tmp_path}"
    told(catalog, "CONNECT_REFUSED", "No such file")


@pytest.mark.parametrize("user, password, query, database, code, words", [
    ("app", "wrong", "", "catalog", "LOGIN_REFUSED", ['"app"', "28P01"]),
    ("rejected", "pw-rejected", "", "catalog", "LOGIN_NOT_ALLOWED", ["pg_hba.conf", "28000"]),
    ("nologin", "pw-nologin", "", "catalog", "LOGIN_NOT_ALLOWED", ["nologin", "28000"]),
    ("tlsonly", "pw-tlsonly", "?sslmode=disable", "catalog", "TLS_REQUIRED", ["no encryption"]),
    ("app", "pw-app", "", "gone", "DATABASE_MISSING", ['"gone"', "3D000"]),
    ("limited", "pw-limited", "", "catalog", "SERVER_BUSY", ["53300"]),
    ("app", "pw-app", "?sslmode=verify-full", "catalog", "TLS_UNTRUSTED", ["verify"]),
    ("app", "pw-app", "?sslmode=verify-full&sslrootcert=/nonexistent/ca.pem", "catalog", "FILE_UNREADABLE", ["/nonexistent/ca.pem"]),
    ("app", "pw-app", "?target_session_attrs=standby", "catalog", "QUERY_FAILED", ["standby"]),
    ("nopriv", "pw-nopriv", "", "orders", "PERMISSION_DENIED", ["orders", "42501"]),
])
def test_what_the_server_refuses(catalog, server, user, password, query, database, code, words):
    url = f"postgresql://{user}:{password}@127.0.0.1:{server.port}/{database}{query}"
    catalog.environment["TESTCONN_CATALOG"] = url
    told(catalog, code, *words)


def test_tls_is_verified_where_the_url_says_so(catalog, server):
    root = certificates() / "ca.pem"
    good = f"postgresql://tlsonly:pw-tlsonly@localhost:{server.port}/catalog?sslmode=verify-full&sslrootcert={root}"
    server.rows("catalog", "grant create on database catalog to tlsonly")
    catalog.create(orders(), environment={"TESTCONN_CATALOG": good})
    with PostgreSQL(certificate="wrong-name") as other:
        other.sql("create database catalog owner app")
        catalog.environment["TESTCONN_CATALOG"] = \
            f"postgresql://app:pw-app@localhost:{other.port}/catalog?sslmode=verify-full&sslrootcert={root}"
        told(catalog, "TLS_NAME_MISMATCH", "localhost")


def test_the_key_of_the_catalogs_certificate(catalog, server, tmp_path):
    certificate, key = certificates() / "client.pem", tmp_path / "own.key"
    url = f"postgresql://app:pw-app@localhost:{server.port}/catalog?sslmode=require&sslcert={certificate}&sslkey={key}"
    for name, mode, code, words, remedy in (
            ("good.key", 0o600, "KEYSTORE_INVALID", "key values mismatch", "does not belong to the certificate of sslcert"),
            ("bad-ecdsa.key", 0o600, "KEYSTORE_INVALID", "does not match private key file", "does not belong to the certificate of sslcert"),
            ("ca.pem", 0o600, "KEYSTORE_INVALID", "own.key", "a private key in PEM"),
            ("client.key", 0o644, "FILE_UNREADABLE", "group or world access", "chmod 600")):
        key.write_bytes((certificates() / name).read_bytes())
        key.chmod(mode)
        done = catalog.connections("list", environment={"TESTCONN_CATALOG": url})
        refused(done, 1, code, words, remedy)
    key.chmod(0o600)
    assert catalog.connections("list", environment={"TESTCONN_CATALOG": url}).returncode == 0


def test_rights(catalog, server):
    server.rows("catalog", "revoke create on database catalog from app")
    server.rows("postgres", "alter database catalog owner to postgres")
    server.rows("catalog", "revoke create on database catalog from public, app")
    assert catalog.answer("list") == {"ConnectionList": []}
    refused(catalog.connections("create", document=orders()), 1, "PERMISSION_DENIED", "42501", "CREATE on the database")
    server.rows("catalog", "create schema testconn authorization app")
    catalog.create(orders(), orders("b"))
    for grant in ("usage on schema testconn", "select on all tables in schema testconn"):
        server.rows("catalog", f"grant {grant} to md5")
    catalog.environment["TESTCONN_CATALOG"] = f"postgresql://md5:pw-md5@127.0.0.1:{server.port}/catalog"
    assert catalog.names() == ["b", "orders"] and catalog.get("orders")
    refused(catalog.connections("create", document=orders("c")), 1, "PERMISSION_DENIED", "permission denied", "42501")
    refused(catalog.connections("delete", "b"), 1, "PERMISSION_DENIED", "42501")
    done = catalog.run("test", "orders")
    assert done.returncode == 1 and "status" in done.stderr and "permission denied" in done.stderr
    server.rows("postgres", "alter database catalog owner to app")


def test_a_server_that_takes_no_writes(catalog, server):
    catalog.create(orders())
    server.rows("postgres", "alter role app in database catalog set default_transaction_read_only = on")
    try:
        assert catalog.names() == ["orders"]
        refused(catalog.connections("create", document=orders("b")), 1, "PERMISSION_DENIED", "read-only transaction", "25006")
    finally:
        server.rows("postgres", "alter role app in database catalog reset default_transaction_read_only")


def test_a_database_of_another_encoding(catalog, server):
    server.rows("postgres", "create database latin encoding 'LATIN1' locale 'C' template template0 owner app")
    catalog.environment["TESTCONN_CATALOG"] = f"postgresql://app:pw-app@127.0.0.1:{server.port}/latin"
    assert catalog.answer("list") == {"ConnectionList": []}
    refused(catalog.connections("create", document=orders()), 2, "LATIN1", "UTF8")


def test_the_schema_of_another_program(catalog, server):
    server.rows("catalog", "create schema testconn authorization app")
    server.rows("catalog", "create table testconn.connections (name text)")
    told(catalog, "FILE_UNREADABLE", "another program")


def test_a_newer_version(catalog, server):
    catalog.create(orders())
    with Agent(catalog) as agent:
        assert agent.ask("get", "orders").startswith("ok")
        server.rows("catalog", "update testconn.catalog set version = 99")
        told(catalog, "FILE_UNREADABLE", "newer testconn", "version 99")
        for command in (["get", "orders"], ["names"], ["put", "orders", "x"], ["delete", "orders"]):
            answer = agent.ask(*command)
            assert answer.startswith("FILE_UNREADABLE") and "version 99" in answer, "an agent that has it open sees it too"


# --- waits end

def test_a_server_that_hangs_hangs_nobody(catalog, server):
    catalog.create(orders())
    with Agent(catalog) as agent:
        assert agent.ask("get", "orders").startswith("ok")
        server.freeze()
        try:
            began = time.monotonic()
            answers = [agent.ask("get", "orders"), agent.ask("names"), agent.ask("put", "x", "y")]
            assert all(answer.startswith("TIMED_OUT") and "does not answer in time" in answer for answer in answers), answers
            assert time.monotonic() - began < 10 + 5 + SLACK_S, "who asks next does not wait as long again"
            began = time.monotonic()
            refused(catalog.connections("list"), 1, "TIMED_OUT", f"127.0.0.1:{server.port}")
            assert time.monotonic() - began < 5 + SLACK_S
            began = time.monotonic()
            done = catalog.run("test", "orders", "b", "c", "d", "-o", "json")
            assert {test["code"] for test in json.loads(done.stdout)["tests"]} == {"TIMED_OUT"}
            assert time.monotonic() - began < 5 + SLACK_S
        finally:
            server.thaw()
        wait_until(lambda: agent.ask("get", "orders").startswith("ok"), 15, "the catalog")


@pytest.mark.parametrize("kind, code", [
    ("silent", "TIMED_OUT"), ("closes", "CONNECTION_CLOSED"), ("resets", "CONNECTION_CLOSED"), ("http", "WRONG_PROTOCOL"),
    ("drips", "WRONG_PROTOCOL"), ("random", "WRONG_PROTOCOL"), ("floods", "WRONG_PROTOCOL")])
def test_something_else_that_answers(catalog, kind, code):
    with Peers({kind: PEERS[kind]}) as peers:
        catalog.environment["TESTCONN_CATALOG"] = f"postgresql://app:{CANARY}@127.0.0.1:{peers.port[kind]}/catalog"
        began = time.monotonic()
        refused(catalog.connections("list"), 1, code, f"127.0.0.1:{peers.port[kind]}")
        assert time.monotonic() - began < 5 + SLACK_S
        began = time.monotonic()
        done = catalog.run("test", "orders", "--timeout", "500ms")
        assert done.returncode == 1 and time.monotonic() - began < 4, done


def test_a_catalog_locked_for_long_is_told(catalog, server):
    import psycopg2
    catalog.create(orders())
    holder = psycopg2.connect(host=str(server.folder), port=server.port, user="postgres", dbname="catalog")
    holder.cursor().execute("lock table testconn.connections in share row exclusive mode")
    began = time.monotonic()
    refused(catalog.connections("create", document=orders("new")), 3, "BUSY", "55P03", "lock")
    assert 4 < time.monotonic() - began < 5 + SLACK_S
    assert catalog.get("orders"), "reading goes on"
    holder.rollback()
    holder.close()
    catalog.create(orders("new"))


def test_an_agent_that_stands_still_loses_its_lock(catalog, server):
    """SIGSTOP in the middle of a write: the others go on, and it begins anew when it wakes up."""
    import psycopg2
    catalog.create(orders())
    watcher = psycopg2.connect(host=str(server.folder), port=server.port, user="postgres", dbname="catalog").cursor()

    def is_locked():
        watcher.execute("select 1 from pg_locks where locktype = 'advisory'")
        return watcher.fetchone()

    stopped = catalog.start("connections", "import", "--replace", "--input", "-")
    stopped.stdin.write(json.dumps([{**orders(f"n{i}"), "Description": "v" * 400} for i in range(1500)]))
    stopped.stdin.close()
    while not is_locked():
        assert stopped.poll() is None, stopped.stderr.read()
    stopped.send_signal(signal.SIGSTOP)
    try:
        assert is_locked()
        wait_until(lambda: catalog.connections("create", document=orders("other")).returncode == 0, 40, "another's write")
    finally:
        stopped.send_signal(signal.SIGCONT)
        assert stopped.wait(30) == 0, stopped.stderr.read()
    assert catalog.names() == sorted(["orders", "other", *[f"n{i}" for i in range(1500)]])


# --- several agents

def test_twenty_first_runs_agree_on_one_catalog_and_one_key(catalog, server):
    for _ in range(3):
        server.rows("catalog", "drop schema if exists testconn cascade")
        catalog.key.unlink(missing_ok=True)
        running = [catalog.start("connections", "create", "--input", "-") for _ in range(20)]
        for number, process in enumerate(running):
            process.stdin.write(json.dumps(orders(f"n{number:02}")))
            process.stdin.close()
        for process in running:
            errors = process.stderr.read()
            assert process.wait() == 0, errors
        assert catalog.names() == [f"n{i:02}" for i in range(20)]
        assert len(catalog.answer("list", "--show-password")["ConnectionList"]) == 20


def hammer(agent, number, seconds, state, faults):
    """Writes of one agent: names of its own, whose last acknowledged text is in STATE, and one name that all write."""
    chance = random.Random(number)
    end = time.monotonic() + seconds
    count = 0
    while time.monotonic() < end:
        count += 1
        name, text = f"agent{number}-{chance.randrange(3)}", f"v{number}-{count}"
        before = state.get(name)
        what = chance.choice(["put", "update", "delete", "status", "common"])
        if what == "common":
            answer = agent.ask("put", "common", text)
        elif what == "status":
            got = agent.ask("get", name).split(" ")
            answer = agent.ask("status", name, got[1], "no") if got[0] == "ok" else "ok"
        elif what == "delete":
            answer = agent.ask("delete", name)
            state[name] = None
        else:
            answer = agent.ask(what, name, text)
            if answer == "ok":
                state[name] = text
        word = answer.split(" ")[0]
        missing = word == "INVALID_INPUT" and before is None and what in ("update", "delete")
        if word != "ok" and not missing:
            faults.append((what, answer))
            if what in ("put", "update", "delete"):
                state[name] = agent.ask("get", name)  # what became of it is not known: look, and go on from there
                wait_until(lambda: not state[name].startswith(("CONNECT", "TIMED", "SERVER", "BUSY")) or
                           state.update({name: agent.ask("get", name)}), 30, "the server")
                words = state[name].split(" ")
                found = words[3] if words[0] == "ok" else None
                assert found in (before, None if what == "delete" else text), (what, before, text, state[name], answer)
                state[name] = found


def hammer_all(running, seconds, meanwhile=lambda: None):
    states, faults, broken = [{} for _ in running], [], []

    def run(number):
        try:
            hammer(running[number], number, seconds, states[number], faults)
        except AssertionError as error:
            broken.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(running))]
    for thread in threads:
        thread.start()
    meanwhile()
    for thread in threads:
        thread.join()
    assert not broken, broken
    return {name: text for state in states for name, text in state.items() if text is not None}, faults


def stored(agent):
    answer = agent.ask("names")
    assert answer.startswith("ok"), answer
    rows = dict(word.split("=", 1) for word in answer.split(" ")[1:])
    return {name: text for name, text in rows.items() if name.startswith("agent")}


def test_agents_that_write_at_once_lose_nothing(catalog):
    running = agents(catalog, 4)
    expected, faults = hammer_all(running, 6)
    assert not faults, faults
    assert stored(running[0]) == expected == stored(running[3])
    for agent in running:
        agent.__exit__()
    assert catalog.is_whole()


@pytest.mark.parametrize("chosen", ["orders", "--all"])
def test_wait_waits_for_the_catalog_too(catalog, server, chosen):
    """What is away is read again; it is never taken for a wrong definition."""
    catalog.create(jdbc("orders", JDBC_CONNECTION_URL=server.url(), USERNAME="app", PASSWORD="pw-app"))
    server.stop(signal.SIGINT)
    try:
        began = time.monotonic()
        done = catalog.run("wait", chosen, "--wait", "1s")
        assert done.returncode == 124 and time.monotonic() - began < 1 + SLACK_S
        assert "CONNECT_REFUSED" in done.stdout + done.stderr and "INVALID_INPUT" not in done.stdout + done.stderr
        if chosen == "orders":
            assert re.search(r"orders +waiting +credentials .*\n.*FAILED.*gave up after [2-9] attempts", done.stdout), done.stdout
        waiting = catalog.start("wait", chosen, "--wait", "30s", "--", "echo", "started")
        time.sleep(0.5)
    finally:
        (server.data / "postmaster.pid").unlink(missing_ok=True)
        server.start()
    out, _ = waiting.communicate(timeout=40)
    assert waiting.returncode == 0 and re.search(r"orders +ok .*\nstarted\n$", out), out
    assert catalog.get("orders")["Status"] == "READY"


def test_a_server_that_is_restarted_under_load(catalog, server):
    """What was acknowledged is there, also after a crash of the server; the agents find it again by themselves."""
    running = agents(catalog, 2)

    def restart():
        for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGINT):
            time.sleep(1.5)
            server.stop(how)
            time.sleep(0.3)
            (server.data / "postmaster.pid").unlink(missing_ok=True)
            server.start()

    expected, faults = hammer_all(running, 12, restart)
    assert faults, "a server that was away was seen"
    assert {answer.split(" ")[0] for _, answer in faults} <= {"CONNECT_REFUSED", "CONNECTION_CLOSED", "SERVER_STARTING", "CONFLICT"}, faults
    assert stored(running[0]) == expected == stored(running[1])
    for agent in running:
        agent.__exit__()
    assert catalog.is_whole()


def test_an_agent_killed_in_the_middle_of_writes_harms_no_other(catalog):
    """50 times kill -9 of one of two agents; nothing acknowledged to either is lost."""
    survivor = agents(catalog, 1)[0]
    chance = random.Random(int(os.environ.get("TESTCONN_SEED", time.time_ns())))
    last = {}
    for round_number in range(KILLS):
        with Agent(catalog) as victim:
            timer = threading.Timer(chance.random() * 0.15, victim.process.kill)
            timer.start()
            acknowledged, tried = last.get("agentv"), []
            while victim.process.poll() is None:
                text = f"v{round_number}-{len(tried)}"
                tried.append(text)
                if victim.ask("put", "agentv", text) == "ok":
                    acknowledged = text
                    tried.clear()
            timer.join()
        mine = f"s{round_number}"
        assert survivor.ask("put", "agents", mine) == "ok"
        rows = stored(survivor)
        assert rows["agents"] == mine
        assert rows.get("agentv") in (acknowledged, *tried), (rows, acknowledged, tried)
        last = rows
    survivor.__exit__()
    assert catalog.is_whole()


def test_it_works_through_a_pooler_of_transactions(catalog, server):
    from support.server import Server

    class Pooler(Server):
        account = "postgres"

        def __init__(self):
            super().__init__()
            (self.folder / "users.txt").write_text('"app" "pw-app"\n')
            (self.folder / "pgbouncer.ini").write_text(f"""
[databases]
catalog = host=127.0.0.1 port={server.port} dbname=catalog
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {self.folder}/users.txt
pool_mode = transaction
default_pool_size = 3
""")
            for name in ("users.txt", "pgbouncer.ini"):
                self.own(self.folder / name)
            self.spawn(["pgbouncer", self.folder / "pgbouncer.ini"])
            wait_until(self.answers, 10, "PgBouncer")

    with Pooler() as pooler:
        catalog.url = f"postgresql://app:pw-app@127.0.0.1:{pooler.port}/catalog"
        running = agents(catalog, 3)
        expected, faults = hammer_all(running, 3)
        assert not faults, faults
        assert stored(running[2]) == expected
        for agent in running:
            agent.__exit__()


def test_the_module_alone_links_the_library():
    assert (BUILD / "catalogs" / "postgresql.so").exists()
    needed = subprocess.run(["readelf", "-d", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert "libpq" not in needed
