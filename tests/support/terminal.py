# SPDX-License-Identifier: Apache-2.0
"""The program on a terminal: a pty, and an emulator that shows what a person would see."""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import pyte

from support.program import PROGRAM

UTF8 = {"LC_ALL": "C.UTF-8"}


class Terminal:
    """Runs PROGRAM with ARGUMENTS on a terminal of COLUMNS x ROWS; `raw` keeps every byte it wrote."""

    def __init__(self, arguments, columns=80, rows=24, environment=None, program=PROGRAM):
        self.screen = pyte.HistoryScreen(columns, rows, history=10000, ratio=0.5)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.master, slave = pty.openpty()
        self.resize(columns, rows, tell=False)
        self.began = time.monotonic()
        self.writes = []  # (seconds, bytes) as they came
        self.process = subprocess.Popen(
            [str(program), *map(str, arguments)], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env={"TERM": "xterm-256color", "PATH": os.environ["PATH"], **UTF8, **(environment or {})})
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)

    def resize(self, columns, rows, tell=True):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if tell:
            self.screen.resize(rows, columns)

    def read(self, seconds):
        """Take in what comes within SECONDS; False at the end of output."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.master], [], [], left)[0]:
                return True
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return False
            if not data:
                return False
            self.raw += data
            self.writes.append((time.monotonic() - self.began, data))
            self.stream.feed(data)
        return True

    def until(self, condition, seconds=10):
        """Take in output until CONDITION(self)."""
        end = time.monotonic() + seconds
        while not condition(self):
            assert time.monotonic() < end and self.read(0.02), "\n".join(self.lines())
        return self

    def finish(self, seconds=20):
        """Take in everything to the end; returns the exit code."""
        while self.read(seconds):
            assert time.monotonic() < self.began + seconds, "\n".join(self.lines())
        return self.process.wait(5)

    def key(self, data):
        os.write(self.master, data)

    def interrupt(self):
        self.key(b"\x03")

    def suspend(self):
        os.killpg(self.process.pid, signal.SIGSTOP)

    def resume(self):
        os.killpg(self.process.pid, signal.SIGCONT)

    def visible(self):
        """The lines on the screen, without blanks at their ends and empty ones below."""
        lines = [line.rstrip() for line in self.screen.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def lines(self):
        """Scrollback and screen."""
        above = ["".join(row[x].data for x in range(self.screen.columns)).rstrip() for row in self.screen.history.top]
        return above + self.visible()
