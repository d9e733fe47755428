# SPDX-License-Identifier: Apache-2.0
"""`testconn connections` over a catalog in a file: all that catalogs do, and every way a file can be broken."""
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

from support.catalog import Catalog, orders
from support.catalog_cases import *  # noqa: F403
from support.catalog_cases import CANARY, refused
from support.processes import wait_until
from support.program import BUILD, PROGRAM, ROOT

FIXTURES = ROOT / "tests" / "catalogs"


@pytest.fixture
def catalog(tmp_path):
    return Catalog(tmp_path)


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


@pytest.mark.parametrize("mask", [0, 0o777])
def test_files_are_for_their_owner_alone_and_stay_his(catalog, mask):
    os.umask(mask)
    try:
        catalog.create(orders())
    finally:
        os.umask(0o022)
    for path in catalog.path.parent.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path


def test_a_catalog_that_is_not_there_is_empty_and_reading_does_not_make_it(catalog):
    assert catalog.answer("list") == {"ConnectionList": []}
    done = catalog.connections("list")
    assert (done.returncode, done.stdout) == (0, "") and f"the catalog sqlite:{catalog.path} holds no connection" in done.stderr
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
    def as_nobody(*command):
        return subprocess.run(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--", PROGRAM, "connections", *command],
                              env=catalog.environment, capture_output=True, text=True)
    done = as_nobody("list")
    if "Permission denied" in done.stderr and str(PROGRAM) in done.stderr:
        pytest.skip("the build is in a folder that other users may not enter")
    refused(done, 1, "FILE_UNREADABLE", "Permission denied", str(catalog.path))
    shutil.chown(catalog.path, "nobody")
    refused(as_nobody("get", "orders"), 1, "DECRYPT_FAILED", f"{catalog.path}.key", "Permission denied", "To fix it: let the user that runs testconn",
            "read the file")


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


def test_the_time_of_a_test_bounds_the_wait_for_a_lock(catalog):
    catalog.create(orders())
    holder = sqlite3.connect(catalog.path, isolation_level=None)
    holder.execute("pragma locking_mode=exclusive")
    holder.execute("begin exclusive")
    for arguments, code in ((("test", "orders", "--timeout", "500ms"), 3), (("wait", "orders", "--wait", "500ms"), 124)):
        began = time.monotonic()
        done = catalog.run(*arguments)
        assert done.returncode == code and "BUSY" in done.stdout and time.monotonic() - began < 4, done
    holder.close()


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
