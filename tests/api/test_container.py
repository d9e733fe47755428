# SPDX-License-Identifier: Apache-2.0
"""The service as process 1 of a container: a PID namespace of its own, others' orphans, signals, an end (root)."""
import contextlib
import os
import pathlib
import signal
import subprocess
import threading

import pytest

from support.processes import contents, wait_until
from support.service import Service, network, orders
from support.silent import Silent


class Contained(Service):
    """The service behind `unshare`, which makes it process 1."""

    def start(self):
        if self.command[0] != "unshare":
            self.command = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", *self.command]
        super().start()
        (self.first,) = offspring(self.process.pid)
        assert contents(self.first, "status").decode().split("NSpid:")[1].splitlines()[0].split()[-1] == "1"

    def stop(self, how=signal.SIGTERM, seconds=20):
        if self.process.poll() is None:
            subprocess.run(["kill", f"-{how.value}", str(self.first)], check=False)
        return self.process.wait(seconds)

    def inside(self, script):
        """Run a shell script in the namespace, which ends while what it left behind runs on."""
        subprocess.run(["nsenter", "-t", str(self.first), "-p", "-m", "sh", "-c", script], check=True, timeout=10)


def offspring(pid):
    return [int(one) for one in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def below(pid):
    return [pid] + [each for child in offspring(pid) for each in below(child)]


def names(pids):
    return [contents(pid, "comm").decode().strip() for pid in pids]


def dead(pids):
    return [pid for pid in pids if b"\nState:\tZ" in contents(pid, "status")]


def test_orphans_are_reaped_and_ours_are_not_confused():
    with Contained("--timeout", "15s") as service, Silent() as server:
        service.ok("CreateConnection", {"ConnectionInput": network("up", server.port)})
        service.inside("(sleep 30 & sleep 30 &) ; exit 0")
        wait_until(lambda: names(offspring(service.first)).count("sleep") == 2, 5, "orphans that are ours now")
        # One that ends while a worker of ours is at work, one that is killed.
        answers = []
        body = {"TestConnectionInput": {key: value for key, value in orders(
            port=server.port, JDBC_ENFORCE_SSL="true").items() if key != "Name"}}
        thread = threading.Thread(target=lambda: answers.append(service.call("TestConnection", body)))
        thread.start()
        wait_until(lambda: server.visitors, 5)
        for _ in range(20):
            service.inside("(sleep 0.01 &) ; (true &) ; exit 0")
        for pid in offspring(service.first):
            if contents(pid, "comm") == b"sleep\n":
                with contextlib.suppress(ProcessLookupError):  # a short one has ended by itself
                    os.kill(pid, signal.SIGKILL)
        wait_until(lambda: "sleep" not in names(offspring(service.first)), 5, "the orphans' end")
        wait_until(lambda: not dead(below(service.first)), 5, "no zombie")
        assert not answers, "the test goes on"
        for _ in range(10):
            service.inside("(true &) ; exit 0")
            assert service.ok("TestConnection", {"ConnectionName": "up"}) == {}
        server.visitors[0].close()
        thread.join(20)
        assert answers and answers[0][1]["__type"] == "InvalidInputException", answers
        assert service.metric("testconn_catalog_restarts_total") == 0
        wait_until(lambda: not dead(below(service.first)), 5, "no zombie")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_process_1_drains(number):
    with Contained("--timeout", "2s") as service, Silent() as server:
        answers = []
        body = {"TestConnectionInput": {key: value for key, value in orders(
            port=server.port, JDBC_ENFORCE_SSL="true").items() if key != "Name"}}
        thread = threading.Thread(target=lambda: answers.append(service.call("TestConnection", body)))
        thread.start()
        wait_until(lambda: server.visitors, 5)
        everybody = below(service.first)
        subprocess.run(["kill", f"-{number.value}", str(service.first)], check=True)
        wait_until(lambda: "msg=draining" in service.log.read_text(), 5)
        thread.join(10)
        assert answers and answers[0][1]["__type"] == "OperationTimeoutException", answers
        assert service.process.wait(10) == 0
        assert not any(contents(pid, "cmdline") for pid in everybody)
        assert "msg=ended" in service.log.read_text()


def test_what_it_cannot_do_is_its_exit_code(tmp_path):
    command = ["unshare", "--pid", "--fork", "--mount-proc", *Service.command_of("--stateless", "--credentials", tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode in (2, 3) and "none" in done.stderr, done


def test_who_kills_the_service_ends_the_container():
    with Contained() as service:
        (inner,) = offspring(service.first)
        subprocess.run(["kill", "-9", str(inner)], check=True)
        assert service.process.wait(10) == 128 + signal.SIGKILL
