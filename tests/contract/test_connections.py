# SPDX-License-Identifier: Apache-2.0
"""`testconn connections`: the API's semantics, its limits at their edges, and every way a catalog can be broken."""
import json
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

from support.catalog import Catalog, orders
from support.processes import wait_until
from support.program import BUILD, PROGRAM, ROOT, jdbc

CANARY = "c4nary-5d1f"
KILLS = int(os.environ.get("TESTCONN_KILLS", "50"))
FIXTURES = ROOT / "tests" / "catalogs"


@pytest.fixture
def catalog(tmp_path):
    return Catalog(tmp_path)


def refused(done, code, *words):
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr, done.stderr
    assert CANARY not in done.stderr


# --- what each command does

def test_what_was_created_is_there_verbatim(catalog):
    definition = {**orders(FOO="${env:X} $ {}", password="${env:NOT_SET}"), "Description": "line\nline", "MatchCriteria": ["b", "a"],
                  "PhysicalConnectionRequirements": {"SubnetId": "subnet-1", "SecurityGroupIdList": ["sg-1"]}}
    catalog.create(definition)
    stored = catalog.get("orders", "--show-password")
    assert {key: stored[key] for key in definition} == definition
    assert list(stored["ConnectionProperties"]) == list(definition["ConnectionProperties"])
    assert set(stored) - set(definition) == {"CreationTime", "LastUpdatedTime", "LastUpdatedBy", "Status"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", stored["CreationTime"])


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize("command", [["get", "orders"], ["list"]])
def test_secrets_are_hidden_unless_asked_for(catalog, output, command):
    kafka = {"Name": "events", "ConnectionType": "KAFKA", "ConnectionProperties": {
        "KAFKA_BOOTSTRAP_SERVERS": "h:9092", "KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_PLAIN_USERNAME": "u",
        "KAFKA_SASL_PLAIN_PASSWORD": CANARY, "KAFKA_CLIENT_KEYSTORE_PASSWORD": CANARY, "MY_SECRET_TOKEN": CANARY}}
    url = f"jdbc:postgresql://h/d?password={CANARY}"
    catalog.create({**kafka, "Name": "a-" + kafka["Name"]}, jdbc("orders", JDBC_CONNECTION_URL=url, USERNAME="u",
                                                                PASSWORD=CANARY))
    hidden = catalog.connections(*command, "-o", output).stdout
    assert "orders" in hidden and CANARY not in hidden
    shown = catalog.connections(*command, "-o", output, "--show-password").stdout
    assert (CANARY in shown) == (output == "json" or command[0] == "get")


def test_hide_password_removes_the_member_and_keeps_the_rest(catalog):
    catalog.create(orders())
    assert list(catalog.get("orders")["ConnectionProperties"]) == ["JDBC_CONNECTION_URL", "USERNAME"]
    assert catalog.get("orders", "--show-password")["ConnectionProperties"]["PASSWORD"] == "pw"


def test_an_authorization_code_is_stored_and_never_shown(catalog):
    catalog.create({"Name": "crm", "ConnectionType": "SALESFORCE", "ConnectionProperties": {"INSTANCE_URL": "https://x.my.salesforce.com"},
                    "AuthenticationConfiguration": {
                        "AuthenticationType": "OAUTH2", "SecretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x",
                        "OAuth2Properties": {"OAuth2GrantType": "AUTHORIZATION_CODE", "TokenUrl": "https://h/t",
                                             "OAuth2ClientApplication": {"UserManagedClientApplicationClientId": "id"},
                                             "AuthorizationCodeProperties": {"AuthorizationCode": CANARY,
                                                                             "RedirectUri": "https://h.example/r"}}}})
    shown = catalog.get("crm", "--show-password")
    assert CANARY not in json.dumps(shown) and shown["AuthenticationConfiguration"]["OAuth2Properties"]["TokenUrl"]


def test_a_request_of_create_connection_brings_its_tags(catalog):
    done = catalog.connections("create", "-o", "json", document={"ConnectionInput": orders(), "Tags": {"team": "a", "empty": ""}})
    assert json.loads(done.stdout) == {"CreateConnectionStatus": "READY"}
    assert catalog.answer("get", "orders")["Tags"] == {"team": "a", "empty": ""}
    catalog.connections("update", document=orders(password="new"))
    assert catalog.answer("get", "orders")["Tags"] == {"team": "a", "empty": ""}


def test_update_replaces_the_definition_whole(catalog):
    catalog.create({**orders(), "Description": "old"})
    before = catalog.get("orders")
    time.sleep(0.01)
    done = catalog.connections("update", "orders", document={key: value for key, value in orders(password="new").items()
                                                             if key != "Name"})
    assert (done.returncode, done.stdout) == (0, "orders: updated\n"), done.stderr
    after = catalog.get("orders", "--show-password")
    assert "Description" not in after and after["ConnectionProperties"]["PASSWORD"] == "new"
    assert after["CreationTime"] == before["CreationTime"] and after["LastUpdatedTime"] > before["LastUpdatedTime"]


def test_update_refuses_another_name_and_a_missing_connection(catalog):
    catalog.create(orders())
    refused(catalog.connections("update", "orders", document=orders("other")), 2, "keeps its name")
    refused(catalog.connections("update", document=orders("other")), 2, 'no connection "other"')
    refused(catalog.connections("update", document=[orders(), orders("b")]), 2, "2 connections")


def test_create_is_all_or_nothing_and_refuses_a_taken_name(catalog):
    catalog.create(orders("taken"))
    refused(catalog.connections("create", document=[orders("new"), orders("taken", CANARY)]), 1, 'has a connection "taken" already')
    assert catalog.names() == ["taken"]
    refused(catalog.connections("create", document=[orders("new"), orders("new")]), 2, '"new" stands twice')


def test_import_takes_the_output_of_aws_and_replaces_only_when_asked(catalog):
    listing = {"ConnectionList": [{**orders("a"), "CreationTime": 1700000000.5, "LastUpdatedTime": "2024-01-01T00:00:00Z",
                                   "LastUpdatedBy": "arn:aws:iam::1:user/x", "Status": "FAILED", "StatusReason": "old",
                                   "LastConnectionValidationTime": 1700000000}, orders("b")]}
    assert catalog.connections("import", document=listing).stdout == "2 connections imported\n"
    stored = catalog.get("a")
    assert stored["Status"] == "READY" and "StatusReason" not in stored and "LastConnectionValidationTime" not in stored
    assert stored["LastUpdatedBy"] != "arn:aws:iam::1:user/x"
    refused(catalog.connections("import", document=listing), 1, "already")
    changed = {"ConnectionList": [orders("b", "new"), orders("c")]}
    assert catalog.connections("import", "--replace", document=changed).returncode == 0
    assert catalog.names() == ["a", "b", "c"]
    assert catalog.get("b", "--show-password")["ConnectionProperties"]["PASSWORD"] == "new"
    again = catalog.answer("list", "--show-password")
    assert catalog.connections("import", "--replace", document=again).returncode == 0
    assert catalog.answer("list", "--show-password")["ConnectionList"][0]["ConnectionProperties"] == \
        again["ConnectionList"][0]["ConnectionProperties"]


def test_delete_and_batch_delete(catalog):
    catalog.create(*[orders(f"n{i:02}") for i in range(30)])
    assert catalog.connections("delete", "n00").stdout == "n00: deleted\n"
    refused(catalog.connections("delete", "n00"), 2, 'no connection "n00"', "did you mean n0")
    done = catalog.connections("batch-delete", "n01", "gone", "n01", "n02", "-o", "json")
    assert done.returncode == 2
    answer = json.loads(done.stdout)
    assert answer["Succeeded"] == ["n01", "n02"] and list(answer["Errors"]) == ["gone"]
    assert answer["Errors"]["gone"]["ErrorCode"] == "EntityNotFoundException"
    refused(catalog.connections("batch-delete", *[f"n{i:02}" for i in range(3, 29)]), 2, "26 names", "at most 25")
    assert catalog.connections("batch-delete", *[f"n{i:02}" for i in range(3, 28)]).returncode == 0
    assert catalog.names() == ["n28", "n29"]


def test_list_filters_pages_and_orders_by_the_bytes_of_the_name(catalog):
    kafka = {"ConnectionType": "KAFKA", "ConnectionProperties": {"KAFKA_BOOTSTRAP_SERVERS": "h:9092"}}
    catalog.create({**orders("b"), "MatchCriteria": ["x", "y"]}, {**orders("B"), "MatchCriteria": ["x"]}, orders("ä"),
                   {"Name": "k", **kafka, "MatchCriteria": ["y", "x"]})
    assert catalog.names() == ["B", "b", "k", "ä"]
    assert catalog.names("--type", "KAFKA") == ["k"]
    assert catalog.names("--match", "x", "--match", "y") == ["b", "k"]
    assert catalog.names("--match", "x", "--type", "JDBC") == ["B", "b"]
    assert catalog.names("--match", "X") == []
    seen, token = [], []
    while True:
        page = catalog.answer("list", "--max-results", "1", *token)
        seen += [entry["Name"] for entry in page["ConnectionList"]]
        if "NextToken" not in page:
            break
        assert page["NextToken"] not in token
        token = ["--next-token", page["NextToken"]]
    assert seen == ["B", "b", "k", "ä"]
    refused(catalog.connections("list", *token, "--type", "JDBC"), 2, "token")
    refused(catalog.connections("list", "--next-token", "x" + token[1]), 2, "token")
    refused(catalog.connections("list", "--max-results", "1001"), 2, "1000")
    refused(catalog.connections("list", "--max-results", "0"), 2, "--max-results")
    refused(catalog.connections("list", "--type", "JDCB"), 2, "did you mean JDBC")


def test_what_comes_and_goes_while_one_pages_disturbs_nothing_else(catalog):
    catalog.create(*[orders(f"n{i}") for i in range(6)])
    first = catalog.answer("list", "--max-results", "3")
    catalog.connections("delete", "n2")
    catalog.connections("delete", "n4")
    catalog.create(orders("n0a"), orders("n5a"))
    rest = catalog.answer("list", "--max-results", "100", "--next-token", first["NextToken"])
    assert [entry["Name"] for entry in rest["ConnectionList"]] == ["n3", "n5", "n5a"]


def test_no_name_moves_the_cursor(catalog):
    name = "a\x9b31m\u202eb\tc\x7f"
    definition = {**orders(name), "Description": "\x9b2J", "MatchCriteria": ["\x9b2J"]}
    outputs = [catalog.create(definition), catalog.connections("list"), catalog.connections("get", name),
               catalog.connections("update", document=definition), catalog.run("test", name),
               catalog.connections("batch-delete", name, name + "x"), catalog.connections("delete", name)]
    for done in outputs:
        assert not set(done.stdout + done.stderr) & set("\x9b\u202e\t\x7f"), done


def test_the_table_for_a_person(catalog):
    catalog.create(orders(), orders("ä" * 60))
    done = catalog.connections("list")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["NAME", "TYPE", "STATUS", "TESTED", "(UTC)"] and len(lines) == 3
    assert lines[1].split() == ["orders", "JDBC", "not", "tested", "-"]


# --- limits at their edges

@pytest.mark.parametrize("name, fits", [
    ("n", True), ("n" * 255, True), ("n" * 256, False), ("ä" * 127 + "n", True), ("ä" * 128, False), ("", False),
    ("a\tb", True), ("a\nb", False), ("a\x00b", False), ("a\x7fb", True), ("\ufffe", False), ("\U0001f600", True), (" ", True),
    ("'; drop table connections; --", True), ("%s%n", True), ("../../x", True), ("-o", True), (7, False), (None, False)])
def test_names_at_their_edges(catalog, name, fits):
    done = catalog.connections("create", document={**orders(), "Name": name})
    assert done.returncode == (0 if fits else 2), done.stderr
    if fits:
        assert json.loads(catalog.connections("get", "-o", "json", "--", name).stdout)["Connection"]["Name"] == name
        assert catalog.names() == [name]
        assert catalog.connections("delete", "--", name).returncode == 0


@pytest.mark.parametrize("change, path", [
    ({"MatchCriteria": ["c"] * 11}, "MatchCriteria"), ({"MatchCriteria": [""]}, "MatchCriteria"),
    ({"Description": "d" * 2049}, "Description"), ({"ConnectionType": "NOPE"}, "ConnectionType"),
    ({"ConnectionType": "SFTP"}, "ConnectionType"), ({"ConnectionProperties": {}}, "JDBC_CONNECTION_URL"),
    ({"ConnectionProperties": {f"K{i}": "v" for i in range(101)}}, "ConnectionProperties"),
    ({"ConnectionProperties": {**orders()["ConnectionProperties"], "FOO": "v" * 1025}}, "FOO"),
    ({"Name": None}, "Name")])
def test_a_definition_that_breaks_the_api_is_not_stored(catalog, change, path):
    refused(catalog.connections("create", document={**orders(), **change}), 2, path)
    assert not catalog.path.exists()


@pytest.mark.parametrize("tags", [{"k": "v" * 257}, {"": "v"}, {"k" * 129: "v"}, {f"k{i}": "" for i in range(51)}, {"k": 1}, []])
def test_tags_at_their_edges(catalog, tags):
    refused(catalog.connections("create", document={"ConnectionInput": orders(), "Tags": tags}), 2, "Tags")


def test_the_largest_definition_fits(catalog):
    big = {"Name": "n" * 255, "ConnectionType": "JDBC", "Description": "d" * 2048, "MatchCriteria": ["c" * 254 + str(i) for i in range(10)],
           "ConnectionProperties": {**orders()["ConnectionProperties"], **{f"K{i}": "v" * 1024 for i in range(97)}}}
    tags = {f"{i:02}" + "k" * 126: "v" * 256 for i in range(50)}
    assert catalog.connections("create", document={"ConnectionInput": big, "Tags": tags}).returncode == 0
    assert catalog.get(big["Name"], "--show-password")["ConnectionProperties"] == big["ConnectionProperties"]
    assert catalog.names("--match", "c" * 254 + "9") == [big["Name"]]


def test_a_network_connection_needs_no_target_until_it_is_tested(catalog):
    catalog.create({"Name": "n", "ConnectionType": "NETWORK", "ConnectionProperties": {},
                    "PhysicalConnectionRequirements": {"SubnetId": "subnet-1"}})
    assert catalog.get("n")["ConnectionProperties"] == {}
    done = catalog.run("test", "n", "-o", "json")
    assert done.returncode == 2 and json.loads(done.stdout)["tests"][0]["code"] == "INVALID_INPUT"


def test_references_stand_for_values_of_any_kind(catalog):
    definition = {"Name": "e", "ConnectionType": "KAFKA", "ConnectionProperties": {
        "KAFKA_BOOTSTRAP_SERVERS": "${env:BROKERS}", "KAFKA_SSL_ENABLED": "${env:TLS}", "PORT": "${file:/run/port}"}}
    catalog.create(definition)
    assert catalog.get("e", "--show-password")["ConnectionProperties"] == definition["ConnectionProperties"]


def test_types_of_newer_models_are_stored(catalog):
    catalog.create({"Name": "h", "ConnectionType": "HUBSPOT", "ConnectionProperties": {}})
    assert catalog.get("h")["ConnectionType"] == "HUBSPOT"


@pytest.mark.parametrize("arguments, words", [
    ([], ["what to do is missing"]), (["crate"], ["did you mean create"]), (["create"], ["--input"]), (["get"], ["NAME"]),
    (["get", "a", "b"], ["unexpected argument b"]), (["list", "a"], ["unexpected argument a"]), (["get", "a", "--input", "-"], ["--input"]),
    (["list", "--catalog", "/tmp/x.db"], ["did you mean sqlite:/tmp/x.db"]), (["list", "--catalog", "mysql:x"], ["names no catalog"]),
    (["list", "--catalog", "sqlite:"], ["path"]), (["list", *["--match", "c"] * 11], ["--match"])])
def test_wrong_usage(catalog, arguments, words):
    refused(catalog.connections(*arguments), 2, *words)


def test_a_request_by_name_is_no_definition(catalog):
    refused(catalog.connections("create", document={"ConnectionName": "orders"}), 2, "orders", "definition")


# --- where it is

def test_the_default_is_in_the_users_state_folder(tmp_path):
    catalog = Catalog(tmp_path)
    catalog.environment.pop("TESTCONN_CATALOG")
    home = {"HOME": str(tmp_path / "home"), "XDG_STATE_HOME": ""}
    catalog.create(orders(), environment=home)
    made = tmp_path / "home" / ".local" / "state" / "testconn"
    assert (made / "catalog.db").exists() and made.stat().st_mode & 0o777 == 0o700
    state = {"HOME": "/nonexistent", "XDG_STATE_HOME": str(tmp_path / "state")}
    catalog.create(orders(), environment=state)
    assert (tmp_path / "state" / "testconn" / "catalog.db.key").stat().st_mode & 0o777 == 0o600
    done = catalog.run("connections", "list", environment={"HOME": "", "XDG_STATE_HOME": ""})
    refused(done, 2, "--catalog")


def test_files_are_for_their_owner_alone(catalog):
    os.umask(0)
    try:
        catalog.create(orders())
    finally:
        os.umask(0o022)
    for path in catalog.path.parent.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path


def test_a_catalog_that_is_not_there_is_empty_and_reading_does_not_make_it(catalog):
    assert catalog.answer("list") == {"ConnectionList": []}
    refused(catalog.connections("get", "orders"), 2, 'no connection "orders"', str(catalog.path))
    refused(catalog.connections("delete", "orders"), 2, "orders")
    refused(catalog.connections("update", document=orders()), 2, "orders")
    assert list(catalog.path.parent.iterdir()) == []


@pytest.mark.parametrize("name", ["a b", "x?mode=ro&immutable=1", "100%.db", "ü", ":memory:", "file:x", "-"])
def test_any_path_is_just_a_path(tmp_path, name):
    catalog = Catalog(tmp_path, name)
    for url in (f"sqlite:{catalog.path}", f"sqlite:{name}"):
        done = catalog.connections("list", "--catalog", url, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    catalog.connections("create", "--catalog", f"sqlite:{name}", document=orders(), cwd=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, f"{name}.key"])


# --- keys

def sealed(catalog, code, *words):
    refused(catalog.connections("get", "orders"), code, "DECRYPT_FAILED", str(catalog.key), *words)
    refused(catalog.connections("create", document=orders("new")), code, "DECRYPT_FAILED")
    refused(catalog.connections("update", document=orders()), code, "DECRYPT_FAILED")


def test_a_lost_key(catalog):
    catalog.create(orders(password=CANARY))
    kept = catalog.key.read_bytes()
    catalog.key.unlink()
    sealed(catalog, 1, "is missing")
    assert not catalog.key.exists(), "no other key was made in its place"
    assert "orders" in catalog.connections("list").stdout, "what stands in the clear needs no key"
    catalog.key.write_bytes(kept)
    catalog.key.chmod(0o600)
    assert catalog.get("orders", "--show-password")["ConnectionProperties"]["PASSWORD"] == CANARY
    catalog.key.unlink()
    assert catalog.connections("delete", "orders").returncode == 0
    catalog.create(orders())
    assert catalog.get("orders")


@pytest.mark.parametrize("change, words", [
    (lambda key: key.write_bytes(os.urandom(32)), "is not the key of this catalog"),
    (lambda key: key.write_bytes(key.read_bytes()[:31]), "31 bytes"),
    (lambda key: key.write_bytes(key.read_bytes() + b"\n"), "33 bytes"),
    (lambda key: key.write_bytes(b""), "0 bytes"),
    (lambda key: key.chmod(0o640), "0640"),
    (lambda key: key.chmod(0o602), "0602"),
    (lambda key: (key.unlink(), key.mkdir()), "not a regular file"),
    (lambda key: (key.unlink(), os.mkfifo(key, 0o600)), "not a regular file"),
    pytest.param(lambda key: os.chown(key, 12345, 0), "belongs to user id 12345",
                 marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")),
])
def test_a_key_that_is_not_right(catalog, change, words):
    catalog.create(orders(password=CANARY))
    change(catalog.key)
    sealed(catalog, 1, words)


def test_the_key_may_be_elsewhere(catalog, tmp_path):
    elsewhere = tmp_path / "elsewhere.key"
    catalog.create(orders())
    catalog.key.rename(elsewhere)
    refused(catalog.connections("get", "orders"), 1, "DECRYPT_FAILED")
    assert catalog.connections("get", "orders", "--key-file", elsewhere).returncode == 0
    moved = Catalog(tmp_path / "moved")
    moved.path.parent.mkdir()
    shutil.copy(catalog.path, moved.path)
    shutil.copy(elsewhere, moved.key)
    assert moved.get("orders"), "catalog and key move together"


def test_a_row_moved_under_another_name_does_not_open(catalog):
    catalog.create(orders("cheap"), orders("precious", CANARY))
    with sqlite3.connect(catalog.path) as database:
        database.execute("update connections set sealed = (select sealed from connections where name = 'precious') where name = 'cheap'")
    refused(catalog.connections("get", "cheap", "--show-password"), 1, "DECRYPT_FAILED", "another name")
    assert catalog.get("precious")
    refused(catalog.connections("list", "-o", "json"), 1, "cheap")
    assert catalog.connections("update", document=orders("cheap")).returncode == 0
    assert len(catalog.names()) == 2


# --- files that are no catalog, or one that cannot be used

def broken(catalog, code, *words):
    for arguments in (["get", "orders"], ["list"], ["delete", "orders"]):
        refused(catalog.connections(*arguments), code, *words)
    refused(catalog.connections("create", document=orders(password=CANARY)), code, *words)


def test_a_foreign_file(catalog):
    catalog.path.write_text("# not a database, but rather long\n" * 100)
    before = catalog.path.read_bytes()
    broken(catalog, 1, "FILE_UNREADABLE", "not a SQLite database", str(catalog.path))
    assert catalog.path.read_bytes() == before


def test_the_database_of_another_program(catalog):
    with sqlite3.connect(catalog.path) as database:
        database.execute("create table connections (name text)")
    broken(catalog, 1, "another program")


def test_a_newer_version(catalog):
    catalog.create(orders())
    with sqlite3.connect(catalog.path) as database:
        database.execute("pragma user_version = 99")
    broken(catalog, 1, "newer testconn", "version 99")


@pytest.mark.parametrize("share", [0, 10, 50, 100, 1000, 4096, 4097, 12288, -4096, -1])
def test_a_truncated_file(catalog, share):
    catalog.create(*[orders(f"n{i}") for i in range(100)])
    whole = catalog.path.read_bytes()
    cut = whole[:share]
    catalog.path.write_bytes(cut)
    if share == -1:  # SQLite makes up for a page that is not whole: all must be there, or an error
        assert len(json.loads(catalog.connections("list", "-o", "json").stdout or "{}").get("ConnectionList", [0] * 100)) == 100
        return
    for arguments in (["list", "-o", "json"], ["get", "n50"]):
        refused(catalog.connections(*arguments), 1, "FILE_UNREADABLE", str(catalog.path))
    refused(catalog.connections("create", document=orders()), 1, "FILE_UNREADABLE")
    assert catalog.path.read_bytes() == cut
    catalog.path.write_bytes(whole)
    assert len(catalog.names()) == 100


def test_bytes_that_were_changed_never_give_another_definition(catalog):
    catalog.create(*[orders(f"n{i}", CANARY) for i in range(20)])
    whole = bytearray(catalog.path.read_bytes())
    chance = random.Random(7)
    for _ in range(40):
        changed = bytearray(whole)
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        catalog.path.write_bytes(changed)
        done = catalog.connections("list", "-o", "json", "--show-password")
        assert done.returncode in (0, 1, 3), done.stderr
        if done.returncode == 0:
            for entry in json.loads(done.stdout)["ConnectionList"]:
                assert entry["ConnectionProperties"]["PASSWORD"] == CANARY


def test_an_empty_file_is_a_new_catalog_only_without_a_key(catalog):
    catalog.path.touch()
    catalog.create(orders())
    assert catalog.names() == ["orders"]
    catalog.path.write_bytes(b"")
    broken(catalog, 1, "cut short")


@pytest.mark.parametrize("kind", ["folder", "fifo", "device"])
def test_a_path_that_is_no_file(catalog, kind):
    if kind == "folder":
        catalog.path.mkdir()
    elif kind == "fifo":
        os.mkfifo(catalog.path)
    else:
        catalog.path.symlink_to("/dev/null")
    done = catalog.connections("list", timeout=20)
    refused(done, 1, "FILE_UNREADABLE", str(catalog.path))


def inside_namespace(script):
    """Run a shell script as root of a mount namespace of its own."""
    return subprocess.run(["unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec", script],
                          capture_output=True, text=True, timeout=120)


def test_a_read_only_disk_can_be_read(catalog, tmp_path):
    catalog.create(orders(), orders("b"))
    (tmp_path / "input.json").write_text(json.dumps(orders("new")))
    done = inside_namespace(f"""mount --bind {tmp_path} {tmp_path} && mount -o remount,ro,bind {tmp_path}
export TESTCONN_CATALOG=sqlite:{catalog.path}
{PROGRAM} connections get orders -o json --show-password
{PROGRAM} connections list
! {PROGRAM} connections create --input {tmp_path}/input.json
! {PROGRAM} connections delete orders
! {PROGRAM} connections create --input {tmp_path}/input.json --catalog sqlite:{tmp_path}/other/x.db
""")
    assert done.returncode == 0, done.stderr
    assert '"PASSWORD": "pw"' in done.stdout and "\nb " in done.stdout
    assert done.stderr.count("FILE_UNREADABLE") == 3 and done.stderr.count("read-only") >= 2, done.stderr
    assert "Read-only file system" in done.stderr


def test_a_read_only_disk_with_a_log_beside_the_catalog(catalog, tmp_path):
    """What was written last is in the log of a program that was killed: told, and never left out."""
    catalog.create(orders())
    with sqlite3.connect(catalog.path) as holder:
        holder.execute("select * from connections").fetchone()
        catalog.create(orders("late"))
        copy = Catalog(tmp_path, "copy.db")
        for end in ("", "-wal", ".key"):
            shutil.copy(f"{catalog.path}{end}", f"{copy.path}{end}")
    holder.close()
    assert os.path.getsize(f"{copy.path}-wal") > 0
    done = inside_namespace(f"""mount --bind {tmp_path} {tmp_path} && mount -o remount,ro,bind {tmp_path}
{PROGRAM} connections get late --catalog sqlite:{copy.path}""")
    assert done.returncode == 1 and done.stdout == "" and "FILE_UNREADABLE" in done.stderr, done
    assert f"{copy.path}-wal" in done.stderr and "read-only for us" in done.stderr
    assert copy.names() == ["late", "orders"]


def test_a_full_disk_refuses_and_keeps_what_was_acknowledged(tmp_path):
    (tmp_path / "big.json").write_text(json.dumps([orders(f"n{i}", FOO="v" * 1000) for i in range(200)]))
    (tmp_path / "small.json").write_text(json.dumps(orders("small")))
    disk = tmp_path / "disk"
    disk.mkdir()
    done = inside_namespace(f"""mount -t tmpfs -o size=200k tmpfs {disk}
export TESTCONN_CATALOG=sqlite:{disk}/catalog.db
{PROGRAM} connections create --input {tmp_path}/small.json
rc=0; {PROGRAM} connections create --input {tmp_path}/big.json || rc=$?
[ $rc = 3 ]
{PROGRAM} connections list
dd if=/dev/zero of={disk}/filler bs=1k count=1000 2> /dev/null || true
rc=0; {PROGRAM} connections update small --input {tmp_path}/small.json || rc=$?
[ $rc = 3 ] || [ $rc = 0 ]
{PROGRAM} connections get small
rm {disk}/filler
{PROGRAM} connections update small --input {tmp_path}/small.json
rm {disk}/*; dd if=/dev/zero of={disk}/filler bs=1k count=1000 2> /dev/null || true
rc=0; {PROGRAM} connections create --input {tmp_path}/small.json || rc=$?
[ $rc = 3 ]
""")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert done.stderr.count("no room is left on its disk") >= 1 and "No space left" in done.stderr, done.stderr
    assert "small: JDBC" in done.stdout and "small: updated" in done.stdout


def test_a_limit_on_the_size_of_files_is_no_crash(catalog, tmp_path):
    catalog.create(orders())
    (tmp_path / "big.json").write_text(json.dumps([orders(f"n{i}", FOO="v" * 1000) for i in range(200)]))

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))

    done = catalog.run("connections", "create", "--input", tmp_path / "big.json", preexec_fn=limit)
    assert done.returncode in (1, 3) and str(catalog.path) in done.stderr, done
    assert catalog.names() == ["orders"]


def test_a_user_who_may_not_read_it(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root becomes another user")
    catalog = Catalog(tmp_path)
    catalog.create(orders())
    for folder in (tmp_path, *tmp_path.parents):
        if str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    done = subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--", PROGRAM, "connections", "list"],
                          env=catalog.environment, capture_output=True, text=True)
    if "Permission denied" in done.stderr and str(PROGRAM) in done.stderr:
        pytest.skip("the build is in a folder that other users may not enter")
    refused(done, 1, "FILE_UNREADABLE", "Permission denied", str(catalog.path))


# --- many programs at once

def test_twenty_first_runs_agree_on_one_catalog_and_one_key(catalog):
    for round_number in range(5):
        for path in catalog.path.parent.iterdir():
            path.unlink()
        running = [catalog.start("connections", "create", "--input", "-") for _ in range(20)]
        for number, process in enumerate(running):
            process.stdin.write(json.dumps(orders(f"n{number:02}")))
        for process in running:
            process.stdin.close()
        for process in running:
            errors = process.stderr.read()
            assert process.wait() == 0, (round_number, errors)
        assert catalog.names() == [f"n{i:02}" for i in range(20)]
        files = {path.name for path in catalog.path.parent.iterdir()}
        assert files - {"catalog.db-wal", "catalog.db-shm"} == {"catalog.db", "catalog.db.key"}, "no litter"


def test_of_many_that_create_one_name_one_wins(catalog):
    running = [catalog.start("connections", "create", "--input", "-") for _ in range(10)]
    for number, process in enumerate(running):
        process.stdin.write(json.dumps(orders(password=f"pw{number}")))
        process.stdin.close()
    codes = [process.wait() for process in running]
    assert sorted(codes) == [0] + [1] * 9, [process.stderr.read() for process in running]
    assert catalog.get("orders", "--show-password")["ConnectionProperties"]["PASSWORD"] == f"pw{codes.index(0)}"


def test_a_catalog_locked_for_long_is_told(catalog):
    catalog.create(orders())
    holder = sqlite3.connect(catalog.path, isolation_level=None)
    holder.execute("begin immediate")
    began = time.monotonic()
    refused(catalog.connections("create", document=orders("new")), 3, "BUSY", "lock")
    assert 4 < time.monotonic() - began < 15
    assert catalog.get("orders"), "reading goes on"
    holder.execute("rollback")
    holder.close()
    catalog.create(orders("new"))


# --- kill -9 at any moment

def begin_write(catalog, chance, state):
    """Start one random write; returns the process, the name, and what is true when it was acknowledged."""
    name = f"n{chance.randrange(8)}"
    what = "create" if state.get(name) is None else chance.choice(["update", "delete"])
    value = f"pw{chance.randrange(10 ** 9)}" if what != "delete" else None
    arguments = ["connections", what] + ([name] if what == "delete" else ["--input", "-"])
    process = catalog.start(*arguments)
    process.stdin.write("" if what == "delete" else json.dumps(orders(name, value, FOO=CANARY * 50)))
    process.stdin.close()
    return process, name, value


def test_no_acknowledged_write_is_lost_by_kill_9(catalog):
    """At random moments; the writer's exit code 0 or its line on standard output is the acknowledgement."""
    chance = random.Random(int(os.environ.get("TESTCONN_SEED", time.time_ns())))
    state = {}
    killed = 0
    began = time.monotonic()
    process, name, value = begin_write(catalog, chance, state)
    assert process.wait() == 0
    usual = time.monotonic() - began
    process.stdout.close(), process.stderr.close()
    state[name] = value
    while killed < KILLS:
        process, name, value = begin_write(catalog, chance, state)
        time.sleep(chance.random() * usual * 1.2)
        process.send_signal(signal.SIGKILL)
        code = process.wait()
        acknowledged = code == 0 or process.stdout.read() != ""
        errors = process.stderr.read()
        process.stdout.close(), process.stderr.close()
        assert code in (0, -signal.SIGKILL), errors
        killed += code != 0
        if acknowledged:
            state[name] = value
            continue
        listing = catalog.answer("list", "--show-password")["ConnectionList"]
        stored = {entry["Name"]: entry["ConnectionProperties"]["PASSWORD"] for entry in listing}
        assert stored.get(name) in (state.get(name), value), "either the old or the new"
        state[name] = stored.get(name)
        assert stored == {key: value for key, value in state.items() if value is not None}
    with sqlite3.connect(catalog.path) as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    assert CANARY.encode() not in catalog.bytes()


# --- secrets at rest

def test_nothing_secret_is_readable_in_the_files(catalog):
    reader = sqlite3.connect(catalog.path, isolation_level=None)
    catalog.create(orders(password=CANARY, FOO=CANARY), {**orders("b"), "Description": CANARY})
    reader.execute("begin")
    reader.execute("select count(*) from connections").fetchone()
    for number in range(5):  # the log stays while somebody reads
        catalog.connections("update", document=orders(password=f"{CANARY}{number}"))
    files = {path.name for path in catalog.path.parent.iterdir()}
    assert {"catalog.db", "catalog.db-wal", "catalog.db-shm", "catalog.db.key"} <= files
    assert CANARY.encode() not in catalog.bytes() and b"127.0.0.1:9" not in catalog.bytes()
    reader.execute("commit")
    reader.close()
    catalog.connections("delete", "orders")
    assert CANARY.encode() not in catalog.bytes()


def test_a_crash_leaves_no_core_with_a_secret(catalog, tmp_path):
    def limit():
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    process = catalog.start("connections", "create", "--input", "-", preexec_fn=limit, cwd=tmp_path)
    process.stdin.write(json.dumps(orders(password=CANARY)))
    process.stdin.flush()
    wait_until(lambda: "read" in open(f"/proc/{process.pid}/syscall").read() or
               open(f"/proc/{process.pid}/stat").read().split()[2] == "S", 5, "the reading")
    process.send_signal(signal.SIGABRT)
    process.wait()
    process.stdin = None
    for path in tmp_path.iterdir():
        assert CANARY.encode() not in path.read_bytes(), path
    assert not list(tmp_path.glob("core*"))


# --- catalogs of earlier versions

@pytest.mark.parametrize("version", sorted(path.name for path in FIXTURES.iterdir() if path.is_dir()))
def test_catalogs_of_every_earlier_version_open(tmp_path, version):
    for path in (FIXTURES / version).iterdir():
        shutil.copy(path, tmp_path / path.name)
    catalog = Catalog(tmp_path)
    catalog.key.chmod(0o600)
    assert catalog.names() == ["events", "orders"]
    stored = catalog.get("orders", "--show-password")
    assert stored["ConnectionProperties"]["PASSWORD"] == "of version one" and stored["MatchCriteria"] == ["prod", "eu"]
    assert stored["Status"] == "FAILED" and stored["StatusReason"].startswith("CONNECT_REFUSED at tcp: ")
    assert stored["LastConnectionValidationTime"] > stored["CreationTime"]
    assert catalog.answer("get", "orders")["Tags"] == {"team": "store"}
    assert catalog.names("--match", "eu") == ["orders"] and catalog.names("--type", "KAFKA") == ["events"]
    assert catalog.connections("update", document=orders(password="of this version")).returncode == 0
    catalog.create(orders("new"))
    assert catalog.names() == ["events", "new", "orders"]


def test_the_build_has_the_module_and_the_program_does_not_link_it():
    assert (BUILD / "catalogs" / "sqlite.so").exists()
    needed = subprocess.run(["readelf", "-d", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert "sqlite" not in needed
