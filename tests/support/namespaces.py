# SPDX-License-Identifier: Apache-2.0
"""Network namespaces for tests: who cannot make them skips, which scripts/test allows in CI only where it is named."""
import contextlib
import ctypes
import os
import subprocess
import tempfile

import pytest

NEWNS, NEWNET = 0x00020000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18


def need_root(kind="network"):
    if os.geteuid() != 0:
        pytest.skip(f"{kind} namespaces need root")


@contextlib.contextmanager
def own_network(address, name):
    """Until the block ends, this thread and all that it starts are in a network namespace that has no way out, where ADDRESS
    is this host besides 127.0.0.1, and in a mount namespace whose /etc/hosts has its NAME."""
    need_root()
    libc = ctypes.CDLL(None, use_errno=True)
    folder = os.getcwd()
    homes = [(os.open(f"/proc/thread-self/ns/{kind}", os.O_RDONLY), flag) for kind, flag in (("net", NEWNET), ("mnt", NEWNS))]
    try:
        if libc.unshare(NEWNET | NEWNS) != 0:
            pytest.skip(f"no namespaces can be made here: {os.strerror(ctypes.get_errno())}")
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
        assert libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) == 0
        with tempfile.NamedTemporaryFile("w") as hosts:
            os.chmod(hosts.name, 0o644)
            hosts.write(f"127.0.0.1 localhost\n{address} {name}\n")
            hosts.flush()
            assert libc.mount(hosts.name.encode(), os.path.realpath("/etc/hosts").encode(), None, MS_BIND, None) == 0
        yield
    finally:
        for home, flag in homes:
            assert libc.setns(home, flag) == 0
            os.close(home)
        os.chdir(folder)
