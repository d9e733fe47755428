# SPDX-License-Identifier: Apache-2.0
"""A real MIT KDC on a loopback port, everything in one folder."""
import os
import subprocess

from support.kafka import low_port
from support.processes import wait_until
from support.server import Server

REALM = "TESTCONN.EXAMPLE"
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
PRINCIPALS = """
addprinc -randkey kafka/localhost
ktadd -k {folder}/kafka.keytab kafka/localhost
addprinc -randkey app
ktadd -k {folder}/app.keytab app
addprinc -randkey stale
ktadd -k {folder}/stale.keytab stale
cpw -randkey stale
addprinc -randkey gone
ktadd -k {folder}/gone.keytab gone
delprinc -force gone
addprinc -randkey expired
ktadd -k {folder}/expired.keytab expired
modprinc -expire yesterday expired
addprinc -randkey retired
ktadd -k {folder}/retired.keytab retired
modprinc -allow_tix retired
ktadd -norandkey -k {folder}/two.keytab app kafka/localhost
addprinc -randkey other/localhost
addprinc -randkey mongodb/localhost
ktadd -k {folder}/mongodb.keytab mongodb/localhost
addprinc -pw pw-person person
"""


class KDC(Server):
    """AHEAD seconds: its clock is that far ahead. DATABASE is that of another KDC, to be shared."""

    def __init__(self, ahead=0, database=None):
        super().__init__()
        self.port = low_port()
        self.home = database or self.folder
        (self.folder / "kdc.conf").write_text(f"""
[kdcdefaults]
  kdc_listen = 127.0.0.1:{self.port}
  kdc_tcp_listen = 127.0.0.1:{self.port}
[realms]
  {REALM} = {{
    database_name = {self.home}/principal
    key_stash_file = {self.home}/stash
    acl_file = {self.home}/acl
    supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal
  }}
""")
        self.conf = self.folder / "krb5.conf"
        self.conf.write_text(self.client_conf())
        self.environment = {**os.environ, "KRB5_CONFIG": str(self.conf), "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf")}
        if not database:
            self.call(["/usr/sbin/kdb5_util", "create", "-r", REALM, "-s", "-P", "master"])
            self.call(["/usr/sbin/kadmin.local", "-r", REALM], PRINCIPALS.format(folder=self.folder))
        with open(self.folder / "log", "ab") as log:
            # not by the command faketime, whose child would outlive it
            clock = {"LD_PRELOAD": FAKETIME, "FAKETIME": f"+{ahead}s", "DONT_FAKE_MONOTONIC": "1"} if ahead else {}
            self.process = subprocess.Popen(["/usr/sbin/krb5kdc", "-n", "-r", REALM], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, env={**self.environment, **clock})
        wait_until(self.answers, 10, "the KDC")

    def client_conf(self, kdc=None, extra=""):
        """A krb5.conf that names this KDC, or another one."""
        return f"""
[libdefaults]
  default_realm = {REALM}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  rdns = false
  dns_canonicalize_hostname = false
  udp_preference_limit = 1
{extra}
[realms]
  {REALM} = {{
    kdc = {kdc or f"127.0.0.1:{self.port}"}
  }}
[domain_realm]
  localhost = {REALM}
"""

    def conf_for(self, name, **options):
        path = self.folder / name
        path.write_text(self.client_conf(**options))
        return path

    def keytab(self, name):
        return self.home / f"{name}.keytab"

    def call(self, command, text=None):
        done = subprocess.run(command, input=text, text=True, capture_output=True, env=self.environment)
        assert done.returncode == 0 and "while" not in done.stderr, done
