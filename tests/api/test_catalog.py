# SPDX-License-Identifier: Apache-2.0
"""A catalog that breaks under a running service: read-only, full, locked, damaged, without its key. What is asked for is
refused by the exception that says whose fault it is, in words that say what to do."""
import os
import shutil
import signal
import sqlite3
import subprocess

import pytest

from support.processes import wait_until
from support.program import PROGRAM
from support.service import Service, orders

WRITES = [("CreateConnection", {"ConnectionInput": orders("new")}), ("UpdateConnection", {"Name": "orders", "ConnectionInput": orders(port=7)}),
          ("DeleteConnection", {"ConnectionName": "orders"}), ("BatchDeleteConnection", {"ConnectionNameList": ["orders"]})]


class ShutIn(Service):
    """A service that sees its folder through MOUNT, a shell command of a mount namespace of its own."""

    mount = "true"

    def command_of(self, *arguments):
        return ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec", f'{self.mount}; exec "$@"', "sh",
                str(PROGRAM), "serve", *map(str, arguments)]


class ReadOnly(ShutIn):
    """Its folder is on a read-only disk. What is there was written before."""

    def command_of(self, *arguments):
        self.mount = f"mount --bind {self.folder} {self.folder}; mount -o remount,ro,bind {self.folder}"
        with Service() as writer:
            writer.ok("CreateConnection", {"ConnectionInput": orders("orders")})
            writer.stop()
            assert not (writer.folder / "catalog.db-wal").exists()  # these two are all there is to copy
            for end in ("", ".key"):
                shutil.copy(f"{writer.folder}/catalog.db{end}", f"{self.folder}/catalog.db{end}")
        return super().command_of(*arguments)


def test_a_read_only_catalog_is_read_and_writes_are_denied():
    with ReadOnly() as service:
        assert service.request("GET", "/readyz")[0] == 200
        for operation, body in WRITES:
            message = service.refused(operation, body, "AccessDeniedException")
            assert f"{service.folder}/catalog.db" in message and "read-only" in message, message
            assert "To fix it: give the user that runs testconn the right to write" in message, message
        assert service.ok("GetConnection", {"Name": "orders"})["Connection"]["ConnectionProperties"]["PASSWORD"] == "pw"
        assert service.refused("TestConnection", {"ConnectionName": "orders"}, "InvalidInputException").startswith("CONNECT_REFUSED")
        wait_until(lambda: "a status was not written" in service.log.read_text(), 5, "the log line")
        assert service.ok("GetConnection", {"Name": "orders"})["Connection"]["Status"] == "READY"


def test_a_folder_in_which_no_catalog_can_be_made():
    class Empty(ReadOnly):
        def command_of(self, *arguments):
            command = super().command_of(*arguments)
            for name in os.listdir(self.folder):
                os.unlink(self.folder / name)
            return command
    with Empty() as service:
        assert service.ok("GetConnections") == {"ConnectionList": []}
        message = service.refused(*WRITES[0], "AccessDeniedException")
        assert "Read-only file system" in message and "--catalog sqlite:PATH" in message, message


def test_a_full_disk_keeps_what_is_there_and_says_what_it_needs():
    class Small(ShutIn):
        def command_of(self, *arguments):
            self.mount = f"mount -t tmpfs -o size=1m none {self.folder}"
            return super().command_of(*arguments)

        def inside(self, script):
            subprocess.run(["nsenter", "-t", str(self.process.pid), "-m", "/bin/sh", "-c", script], capture_output=True, timeout=30)
    with Small() as service:
        service.ok("CreateConnection", {"ConnectionInput": orders("orders")})
        service.inside(f"dd if=/dev/zero of={service.folder}/filling bs=1k")
        for operation, body in WRITES:
            message = service.refused(operation, body, "OperationTimeoutException")
            assert "no room is left on its disk. To fix it: make room" in message and "catalog.db" in message, message
        assert service.ok("GetConnection", {"Name": "orders"})["Connection"]["ConnectionProperties"]["PASSWORD"] == "pw"
        service.inside(f"rm {service.folder}/filling")
        for operation, body in WRITES[:3]:
            service.ok(operation, body)


@pytest.fixture()
def service():
    with Service() as running:
        for name in ("orders", "b"):
            running.ok("CreateConnection", {"ConnectionInput": orders(name)})
        yield running


def replace_process(service):
    """The catalog process, so that nothing of what it has read counts."""
    old = service.child("catalog-process")
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: service.child("catalog-process") != old, 5, "the end of the catalog process")


def test_without_its_key_nothing_is_read_or_sealed_but_can_be_deleted(service):
    key = service.folder / "catalog.db.key"
    key.rename(service.folder / "kept")
    replace_process(service)
    for operation, body in [("GetConnection", {"Name": "orders"}), ("GetConnections", {}), ("TestConnection", {"ConnectionName": "orders"}),
                            *WRITES[:2]]:
        message = service.refused(operation, body, "GlueEncryptionException")
        assert str(key) in message and "is missing" in message and "To fix it: put the right key back" in message, message
    service.ok("DeleteConnection", {"ConnectionName": "b"})
    (service.folder / "kept").rename(key)
    assert [one["Name"] for one in service.ok("GetConnections")["ConnectionList"]] == ["orders"]


def test_a_damaged_file_is_told_and_taken_back_when_it_is_mended(service):
    path = service.folder / "catalog.db"
    sqlite3.connect(path).execute("pragma wal_checkpoint(truncate)").fetchall()
    good = path.read_bytes()
    path.write_bytes(b"rubbish" * 4000)
    replace_process(service)
    message = service.refused("GetConnection", {"Name": "orders"}, "InternalServiceException", 500)
    assert str(path) in message and "not a SQLite database" in message and "To fix it: put a copy of the file back" in message
    status, _, words = service.request("GET", "/readyz")
    assert status == 503 and b"the catalog cannot be asked: cannot open the catalog" in words and b"not a SQLite database" in words
    log = service.log.read_text()
    assert "the catalog process ended" in log and log.count("the catalog cannot be opened") == 1 and "not a SQLite database" in log
    path.write_bytes(good)
    wait_until(lambda: service.request("GET", "/readyz")[0] == 200, 5, "the mended catalog")
    assert service.ok("GetConnection", {"Name": "orders"})["Connection"]["Name"] == "orders"


def test_a_lock_of_another_program_is_a_time_out_for_writes_alone(service):
    with sqlite3.connect(service.folder / "catalog.db", isolation_level=None) as other:
        other.execute("begin immediate")
        assert service.ok("GetConnection", {"Name": "orders"})
        message = service.refused(*WRITES[0], "OperationTimeoutException")
        assert "another program holds its lock" in message and "To fix it: try again" in message, message
        assert "another program holds its lock" in service.log.read_text()
        other.execute("rollback")
    other.close()
    service.ok(*WRITES[0])
