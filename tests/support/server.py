# SPDX-License-Identifier: Apache-2.0
"""Servers of the tests: processes of ours on free loopback ports, stopped by process id."""
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

from support.processes import free_port


class Server:
    """Base of servers that run in the foreground, as a child of ours, in a folder of their own."""

    account = None  # whom it runs as when we are root, who is refused

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="testconn-"))
        self.own(self.folder)
        self.process = None
        self.port = free_port()

    def as_account(self, command):
        if os.geteuid() != 0 or not self.account:
            return command
        return ["setpriv", f"--reuid={self.account}", f"--regid={self.account}", "--clear-groups", "--", *command]

    def own(self, path):
        if os.geteuid() == 0 and self.account:
            shutil.chown(path, self.account, self.account)

    def spawn(self, command):
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(self.as_account(list(map(str, command))), stdout=log, stderr=log,
                                        stdin=subprocess.DEVNULL)
        log.close()

    def answers(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def stop(self, how=signal.SIGINT):
        if self.process and self.process.poll() is None:
            self.thaw()  # a test that fails may leave it frozen, its children too
            self.process.send_signal(how)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def freeze(self):
        """Stop every process of the server, as SIGSTOP in the middle of its work does."""
        self.signal_all(signal.SIGSTOP)

    def thaw(self):
        self.signal_all(signal.SIGCONT)

    def signal_all(self, number):
        self.process.send_signal(number)
        for child in subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split():
            with contextlib.suppress(ProcessLookupError):  # a session that ends just now
                os.kill(int(child), number)
