# SPDX-License-Identifier: Apache-2.0
"""A laboratory of network namespaces: client - r1 - r2 - server, with veth links; needs root.

    client 10.71.1.1 -- 10.71.1.2 r1 10.71.2.1 -- 10.71.2.2 r2 10.71.3.1 -- 10.71.3.2 server
"""
import os
import subprocess

HOSTS = ("client", "r1", "r2", "server")
SERVER = "10.71.3.2"


def sh(*command, check=True):
    return subprocess.run(command, check=check, capture_output=True, text=True)


class Lab:
    def __init__(self):
        self.prefix = f"tc{os.getpid()}"
        self.processes = []

    def name(self, host):
        return f"{self.prefix}{host}"

    def inside(self, host, *command):
        return ["ip", "netns", "exec", self.name(host), *map(str, command)]

    def run(self, host, *command, check=True):
        return sh(*self.inside(host, *command), check=check)

    def spawn(self, host, *command, **options):
        process = subprocess.Popen(self.inside(host, *command), **options)
        self.processes.append(process)
        return process

    def link(self, left, left_address, right, right_address):
        a, b = f"{self.prefix}a", f"{self.prefix}b"
        sh("ip", "link", "add", a, "type", "veth", "peer", "name", b)
        for device, host, peer, address in ((a, left, right, left_address), (b, right, left, right_address)):
            sh("ip", "link", "set", device, "netns", self.name(host))
            self.run(host, "ip", "link", "set", device, "name", f"to-{peer}")
            self.run(host, "ip", "addr", "add", f"{address}/24", "dev", f"to-{peer}")
            # One segment a packet, as on a wire: filters then see true lengths.
            self.run(host, "ip", "link", "set", f"to-{peer}", "gso_max_segs", "1", "up")

    def __enter__(self):
        try:
            for host in HOSTS:
                sh("ip", "netns", "add", self.name(host))
                self.run(host, "ip", "link", "set", "lo", "up")
            self.link("client", "10.71.1.1", "r1", "10.71.1.2")
            self.link("r1", "10.71.2.1", "r2", "10.71.2.2")
            self.link("r2", "10.71.3.1", "server", SERVER)
            for host in ("r1", "r2"):
                self.run(host, "sysctl", "-qw", "net.ipv4.ip_forward=1")
            self.run("client", "ip", "route", "add", "default", "via", "10.71.1.2")
            self.run("r1", "ip", "route", "add", "10.71.3.0/24", "via", "10.71.2.2")
            self.run("r2", "ip", "route", "add", "10.71.1.0/24", "via", "10.71.2.1")
            self.run("server", "ip", "route", "add", "default", "via", "10.71.3.1")
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()
        for host in HOSTS:
            sh("ip", "netns", "del", self.name(host), check=False)

    def filter(self, host, rule):
        """Have HOST apply an nft RULE to what it forwards; returns a function that takes it off."""
        self.run(host, "nft", "add table inet lab; add chain inet lab forward { type filter hook forward priority 0; }; "
                 f"add rule inet lab forward {rule}")
        return lambda: self.run(host, "nft", "delete", "table", "inet", "lab")
