# SPDX-License-Identifier: Apache-2.0
"""The systemd unit: right for systemd's own tools, and no verdict is another for what it takes away (root)."""
import json
import re
import shutil
import subprocess

import pytest

from support.postgresql import PostgreSQL
from support.processes import wait_until
from support.program import BUILD, ROOT, certificates
from support.service import Service, network, orders
from support.silent import Silent

UNIT = ROOT / "share" / "systemd" / "testconn.service"


class ShutIn(Service):
    """The service as the unit starts it; see support/shut_in.py."""

    def __init__(self, *arguments):
        super().__init__(*arguments, catalog=False)

    def start(self):
        (self.folder / "state").mkdir(exist_ok=True)
        if self.command[0] != "/usr/bin/python3":
            self.command = ["/usr/bin/python3", str(ROOT / "tests" / "support" / "shut_in.py"), str(UNIT), str(self.folder / "state"), str(BUILD),
                            "/usr/local/testconn/testconn", *self.command[1:]]
        super().start()


@pytest.fixture(scope="module")
def server():
    with PostgreSQL(hba="local all all trust\nhost all all all scram-sha-256\n") as one:
        yield one


@pytest.fixture(scope="module")
def outside():
    with Service("--timeout", "3s") as running:
        yield running


@pytest.fixture(scope="module")
def inside():
    with ShutIn("--timeout", "3s") as running:
        yield running


def test_systemd_finds_no_fault(tmp_path):
    shutil.copy(UNIT, tmp_path)
    unit = tmp_path / UNIT.name
    unit.write_text(unit.read_text().replace("/usr/bin/testconn", "/bin/true").replace("Documentation=man:testconn(1)\n", ""))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", unit], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, "exposure above 1.5:\n" + done.stdout
    open_doors = set(re.findall(r"✗ (\S+)", done.stdout))
    assert open_doors <= {"SystemCallFilter=~@privileged", "SystemCallFilter=~@resources", "RootDirectory=/RootImage=", "PrivateNetwork=", "DeviceAllow=",
                          "IPAddressDeny=", "RestrictAddressFamilies=~AF_NETLINK", "RestrictAddressFamilies=~AF_UNIX",
                          "RestrictAddressFamilies=~AF_(INET|INET6)"}, open_doors


@pytest.mark.parametrize("script", ["echo x > /etc/testconn", "echo x > /usr/local/testconn/x", "ls /home", "ls /root", "test -e /proc/1/status",
                                    "test -e /proc/sys/kernel/hostname", "mount -t tmpfs none /tmp", "unshare --user true", "chown 0 /tmp", "test -e /dev/tty"])
def test_what_is_imitated_holds(tmp_path, script):
    """Or the tests below would prove nothing."""
    command = ["/usr/bin/python3", ROOT / "tests" / "support" / "shut_in.py", UNIT, tmp_path, BUILD, "/bin/sh", "-ec"]
    assert subprocess.run([*command, "echo x > /var/lib/testconn/x; echo x > /tmp/x"], timeout=20).returncode == 0
    assert subprocess.run([*command, script], capture_output=True, timeout=20).returncode != 0


def kafka(**more):
    return {"ConnectionType": "KAFKA", "ConnectionProperties": {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:{port}", **more}}


MONGODB = {"CONNECTION_URL": "mongodb://127.0.0.1:{port}/d", "USERNAME": "u", "PASSWORD": "p"}
SALESFORCE = {"AuthenticationType": "OAUTH2", "SecretArn": '{"USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET": "x"}', "OAuth2Properties": {
    "OAuth2GrantType": "CLIENT_CREDENTIALS", "TokenUrl": "https://127.0.0.1:{port}/services/oauth2/token",
    "OAuth2ClientApplication": {"UserManagedClientApplicationClientId": "id"}}}
TARGETS = {
    "salesforce": {"ConnectionType": "SALESFORCE", "AuthenticationConfiguration": SALESFORCE, "ConnectionProperties": {"INSTANCE_URL": "https://127.0.0.1:9"}},
    "silent": kafka(KAFKA_SSL_ENABLED="false"), "silent-tls": kafka(KAFKA_SASL_MECHANISM="SCRAM-SHA-512", KAFKA_SASL_SCRAM_USERNAME="u",
                                                                    KAFKA_SASL_SCRAM_PASSWORD="p"),
    "mongodb": {"ConnectionType": "MONGODB", "ConnectionProperties": MONGODB},
    "mongodb-tls": {"ConnectionType": "MONGODB", "ConnectionProperties": {**MONGODB, "JDBC_ENFORCE_SSL": "true"}},
    "mysql": {"ConnectionType": "JDBC", "ConnectionProperties": {"JDBC_CONNECTION_URL": "jdbc:mysql://127.0.0.1:{port}/d", "USERNAME": "u", "PASSWORD": "p"}},
    "network": {"ConnectionType": "NETWORK", "ConnectionProperties": {"HOST": "127.0.0.1", "PORT": "{port}"}},
    "two-families": {"ConnectionType": "NETWORK", "ConnectionProperties": {"HOST": "localhost", "PORT": "9"}},
    "file": {"ConnectionType": "JDBC", "ConnectionProperties": {"JDBC_CONNECTION_URL": "jdbc:mysql://127.0.0.1:{port}/d", "USERNAME": "u", "PASSWORD": "p",
                                                                "CUSTOM_JDBC_CERT": "/etc/ssl/openssl.cnf"}}}


def shape(report):
    """What does not change from run to run."""
    test = report["tests"][0]
    return {"verdict": [test.get(key) for key in ("status", "stage", "code", "driver")],
            "reason": re.sub(r"\d+(\.\d+)? m?s", "TIME", test.get("reason", "")),
            "stages": [(stage["name"], stage["status"]) for stage in test["stages"]],
            "rules": sorted(finding["rule"] for finding in test["findings"])}


def ask(service, definition):
    status, _, answer = service.request("POST", "/v1/test", json.dumps({"TestConnectionInput": definition}), {"Content-Type": "application/json"})
    assert status == 200, answer
    return shape(json.loads(answer))


@pytest.mark.parametrize("name", TARGETS)
def test_verdicts_are_the_same(inside, outside, name):
    with Silent() as peer:
        definition = json.loads(json.dumps(TARGETS[name]).replace("{port}", str(peer.port)))
        assert ask(inside, definition) == ask(outside, definition)


@pytest.mark.parametrize("more, code", [({"PASSWORD": "pw-app"}, None), ({"PASSWORD": "wrong"}, "LOGIN_REFUSED"),
                                        ({"PASSWORD": "pw-app", "JDBC_ENFORCE_SSL": "true"}, None)])
def test_a_real_server_over_tls(inside, outside, server, more, code):
    properties = {"JDBC_CONNECTION_URL": server.url(), "USERNAME": "app", "CUSTOM_JDBC_CERT": (certificates() / "ca.pem").read_text(), **more}
    definition = {"ConnectionType": "JDBC", "ConnectionProperties": properties}
    got = ask(inside, definition)
    assert got == ask(outside, definition) and got["verdict"][2] == code and ("tls", "passed") in got["stages"], got


def test_the_catalog_is_kept(inside):
    state = inside.folder / "state"
    inside.ok("CreateConnection", {"ConnectionInput": orders("kept", password="canary")})
    inside.refused("TestConnection", {"ConnectionName": "kept"}, "InvalidInputException")
    wait_until(lambda: inside.ok("GetConnection", {"Name": "kept"})["Connection"]["Status"] == "FAILED", 5)
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in state.iterdir() if not path.name.endswith(("-wal", "-shm"))} == {
        "catalog.db": "0o600", "catalog.db.key": "0o600"}
    assert inside.stop() == 0
    inside.start()
    assert inside.ok("GetConnection", {"Name": "kept"})["Connection"]["ConnectionProperties"]["PASSWORD"] == "canary"


def test_workers_are_still_confined(inside):
    """By their own filter, in the unit's: a worker that could not do so would end as INTERNAL."""
    with Silent() as peer:
        assert inside.ok("TestConnection", {"TestConnectionInput": {key: value for key, value in network("x", peer.port).items() if key != "Name"}}) == {}
    assert "confined" not in inside.log.read_text() and inside.metric("testconn_catalog_restarts_total") == 0
