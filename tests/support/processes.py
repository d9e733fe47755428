# SPDX-License-Identifier: Apache-2.0
"""Looking at processes through /proc, waiting for conditions with a bound, and reading whole messages."""
import contextlib
import pathlib
import random
import socket
import time


_given = set()


def free_port(family=socket.AF_INET, host="127.0.0.1"):
    """A port that nobody listens on, and that nobody is given who asks the kernel for any: the server that is to have it may
    take a while to come up, and a closed one stays closed. Nor is one given twice: a server may need several."""
    given_from = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        with socket.socket(family, socket.SOCK_STREAM) as probe, contextlib.suppress(OSError):
            probe.bind((host, random.randrange(given_from - 12000, given_from) if given_from > 14000 else 0))
            port = probe.getsockname()[1]
            if (family, port) not in _given:
                _given.add((family, port))
                return port


def wait_until(condition, seconds=10, what="the condition"):
    """Wait until CONDITION() is true; fail after SECONDS."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < end, f"{what} did not come within {seconds} s"
        time.sleep(0.02)


def running(program):
    """Process ids whose executable is PROGRAM."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "exe").resolve() == pathlib.Path(program).resolve() and "State:\tZ" not in (
                        entry / "status").read_text():
                    found.append(int(entry.name))
            except OSError:
                pass
    return found


def contents(pid, *names):
    """What /proc tells of a process in the files NAMES, as bytes."""
    text = b""
    for name in names:
        try:
            text += (pathlib.Path("/proc") / str(pid) / name).read_bytes()
        except OSError:
            pass
    return text


def read_exactly(connection, count):
    """COUNT bytes; ConnectionError where the other side leaves before."""
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise ConnectionError("left early")
        data += piece
    return data
