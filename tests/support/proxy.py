# SPDX-License-Identifier: Apache-2.0
"""tinyproxy, a real HTTP proxy, on a free loopback port."""
import re

from support.processes import wait_until
from support.server import Server


class TinyProxy(Server):
    """LINES are more of its configuration: BasicAuth, ConnectPort, Deny, Filter..."""

    def __init__(self, *lines):
        super().__init__()
        configuration = self.folder / "tinyproxy.conf"
        configuration.write_text("\n".join([f"Port {self.port}", "Listen 127.0.0.1", "Timeout 30", "LogLevel Connect",
                                            "MaxClients 20", *lines, ""]))
        self.spawn(["tinyproxy", "-d", "-c", configuration])
        wait_until(self.answers, 10, "tinyproxy")

    def url(self, user=None):
        return f"http://{user + '@' if user else ''}127.0.0.1:{self.port}"

    def connects(self):
        """HOST:PORT of each CONNECT that came."""
        return re.findall(r"CONNECT (\S+) HTTP", (self.folder / "log").read_text())
