# SPDX-License-Identifier: Apache-2.0
"""A driver that breaks every rule: what becomes of the test, of the run, and of the processes."""
import contextlib
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest

from support.processes import running, wait_until
from support.program import BUILD, PROGRAM, batch, jdbc, run

DRIVERS = ["--drivers", str(BUILD / "tests" / "drivers")]
SANITIZED = "asan" in BUILD.name


def act(name):
    return jdbc(name, HOST="127.0.0.1", PORT="5432", JDBC_ENGINE="misbehave", DATABASE=name, USERNAME="u", PASSWORD="p")


CASES = [
    ("pass", "ok", None), ("threads", "ok", None), ("print", "ok", None), ("processes", "ok", None),
    ("others", "ok", None), ("oneself", "ok", None),
    ("hang", "TIMED_OUT", "deadline"), ("crash", "WORKER_CRASHED", "signal 11"), ("abort", "WORKER_CRASHED", "signal 6"),
    ("exit", "WORKER_CRASHED", "status 0"), ("exit-7", "WORKER_CRASHED", "status 7"), ("flood", "INTERNAL", "report line"),
    ("garbage", "INTERNAL", "report line"), ("half-line", "WORKER_CRASHED", "status 0"), ("huge-line", "INTERNAL", "line"),
    ("unknown-stage", "INTERNAL", "report line"), ("close", "WORKER_CRASHED", None), ("no-reason", "INTERNAL", "reason"),
    ("memory", "BUSY", "no memory"),
]
if SANITIZED:  # a sanitizer needs memory without limit, and catches signals itself
    CASES = [case for case in CASES if case[0] not in ("memory", "crash", "abort", "exit")]


def check(report, name, code, words, timeout_ms=1000):
    assert report["name"] == name
    assert report.get("code", "ok") == code, report
    assert words is None or words in report["reason"], report["reason"]
    assert report["status"] == ("ok" if code == "ok" else "failed" if code == "TIMED_OUT" else "error")
    if code not in ("ok",):
        assert report["stage"] == "login"
    assert report["duration_ms"] < timeout_ms + 300


@pytest.mark.parametrize("name, code, words", CASES)
def test_a_worker_of_ones_own(name, code, words):
    exit_code, document = batch(act(name), *DRIVERS, timeout="1s")
    check(document["tests"][0], name, code, words)
    assert exit_code == {"ok": 0, "TIMED_OUT": 1}.get(code, 3)
    assert running(PROGRAM) == []


def test_workers_of_a_template_have_their_own_randomness():
    """The template has OpenSSL ready: what it drew for that must not come again in every worker."""
    hellos = []

    def listen():
        with contextlib.suppress(OSError):  # the server is closed in the end
            while True:
                accepted, _ = server.accept()
                with accepted:
                    hello = accepted.recv(4096)
                    if hello.startswith(b"\x16"):
                        hellos.append(hello[11:43])  # the random of a ClientHello

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=listen, daemon=True).start()
        servers = f"127.0.0.1:{server.getsockname()[1]}"
        batch([{"Name": f"k{index}", "ConnectionType": "KAFKA", "ConnectionProperties": {"KAFKA_BOOTSTRAP_SERVERS": servers}}
               for index in range(12)], "--jobs", "4")
    assert len(hellos) >= 12 and len(set(hellos)) == len(hellos)


def test_workers_of_a_template_side_by_side():
    began = time.monotonic()
    _, document = batch([act(name) for name, *_ in CASES] * 3, "--jobs", "16", *DRIVERS, timeout="3s")
    for report, (name, code, words) in zip(document["tests"], CASES * 3):
        check(report, name, code, words, 3000)
    assert time.monotonic() - began < 20
    assert running(PROGRAM) == []


def start(count):
    process = subprocess.Popen([PROGRAM, "test", "--input", "-", "--timeout", "15s", *DRIVERS], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    process.stdin.write(json.dumps([act("hang")] * count + [act("pass")] * (count > 1)))
    process.stdin.close()
    wait_until(lambda: len(running(PROGRAM)) > count, 10, "the workers")
    return process


@pytest.mark.parametrize("count", [1, 6])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_front_that_ends_takes_all_with_it(count, how):
    process = start(count)
    process.send_signal(how)
    process.stdout.read()
    assert process.wait() == {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}[how]
    wait_until(lambda: running(PROGRAM) == [], 3, "the end of all processes")


def test_a_killed_template_does_not_stop_the_run():
    process = subprocess.Popen([PROGRAM, "test", "--input", "-", "-o", "json", "--timeout", "2s", "--jobs", "2", *DRIVERS],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdin.write(json.dumps([act("hang")] * 2 + [act("pass")] * 6))
    process.stdin.close()
    wait_until(lambda: len(running(PROGRAM)) > 3, 10, "the workers")
    template = [pid for pid in running(PROGRAM)
                if b"template" in open(f"/proc/{pid}/cmdline", "rb").read() and pid != process.pid
                and os.path.exists(f"/proc/{pid}")]
    os.kill(min(template), signal.SIGKILL)
    document = json.loads(process.stdout.read())
    process.wait()
    assert [report.get("code", "ok") for report in document["tests"]] == ["TIMED_OUT"] * 2 + ["ok"] * 6
    assert running(PROGRAM) == []


@pytest.mark.applies(not SANITIZED)  # a sanitizer wants descriptors of its own
@pytest.mark.parametrize("limit", range(4, 14))
def test_so_few_descriptors_that_nothing_begins_is_told_as_our_own_want(limit):
    """No driver is called missing, and no library ends the program in its own way."""
    definition = json.dumps({"ConnectionType": "NETWORK", "ConnectionProperties": {"HOST": "127.0.0.1", "PORT": "1"}})
    done = subprocess.run(["/bin/bash", "-c", f'ulimit -n {limit}; exec "{PROGRAM}" test -i - -o ndjson'], input=definition, text=True,
                          capture_output=True)
    if done.returncode == 127:
        return  # not even the loader had enough
    code = json.loads(done.stdout)["code"] if done.stdout else None
    assert (done.returncode, code) in {(3, None), (3, "BUSY"), (3, "INTERNAL"), (1, "CONNECT_REFUSED")}, (done.returncode, done)
    assert code or "Too many open files" in done.stderr


@pytest.mark.applies(not SANITIZED and os.geteuid() == 0)
@pytest.mark.parametrize("count", [1, 3])
def test_without_proc_drivers_are_found_and_templates_start(count):
    definition = {"ConnectionType": "NETWORK", "ConnectionProperties": {"HOST": "127.0.0.1", "PORT": "1"}}
    done = subprocess.run(["unshare", "-m", "sh", "-c", f'umount -l /proc && exec "{PROGRAM}" test -i - -o ndjson'], text=True,
                          input=json.dumps([definition] * count), capture_output=True)
    assert [json.loads(line)["code"] for line in done.stdout.splitlines()] == ["CONNECT_REFUSED"] * count, done


@pytest.mark.applies(not SANITIZED)
def test_a_caller_with_less_memory_than_ours_is_no_obstacle():
    definition = json.dumps({"ConnectionType": "NETWORK", "ConnectionProperties": {"HOST": "127.0.0.1", "PORT": "1"}})
    done = subprocess.run(["/bin/bash", "-c", f'ulimit -d 65536; exec "{PROGRAM}" test -i - -o ndjson'], input=definition, text=True,
                          capture_output=True)
    assert json.loads(done.stdout)["code"] == "CONNECT_REFUSED", done


@pytest.mark.applies(not SANITIZED)
@pytest.mark.parametrize("limit", range(18000, 30000, 2000))
def test_a_module_for_which_there_is_no_room_is_not_called_missing(limit):
    definition = json.dumps(jdbc("p", JDBC_CONNECTION_URL="jdbc:postgresql://127.0.0.1:1/d", USERNAME="u", PASSWORD="p"))
    done = subprocess.run(["/bin/bash", "-c", f'ulimit -v {limit}; exec "{PROGRAM}" test -i - -o ndjson'], input=definition, text=True,
                          capture_output=True)
    code = json.loads(done.stdout)["code"] if done.stdout else None
    assert (done.returncode, code) in {(3, None), (3, "BUSY"), (3, "INTERNAL"), (127, None), (1, "CONNECT_REFUSED")}, done


@pytest.mark.applies(not SANITIZED and os.geteuid() == 0)
@pytest.mark.parametrize("limit, codes", [(1, {"BUSY"}), (2, {"BUSY"}), (6, {"CONNECT_REFUSED"})])
def test_running_out_of_processes_is_busy_after_a_while_and_not_before(limit, codes):
    """Who has no room for a worker waits a moment for others to end, and for no more than a moment."""
    tests = json.dumps([{"Name": f"n{index}", "ConnectionType": "NETWORK", "ConnectionProperties": {"HOST": "127.0.0.1", "PORT": "1"}}
                        for index in range(20)])
    user = str(61000 + os.getpid() % 4000)  # nobody else's processes count
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        # Others may not be allowed to where the build is.
        os.chmod(folder, 0o755)
        os.mkdir(f"{folder}/drivers")
        program = shutil.copy(PROGRAM, folder)
        for name in ("network.so", "network.json"):
            shutil.copy(BUILD / "drivers" / name, f"{folder}/drivers")
        done = subprocess.run(["prlimit", f"--nproc={limit}", "setpriv", f"--reuid={user}", "--regid=nogroup", "--clear-groups", "--",
                               program, "test", "-i", "-", "-o", "json"], input=tests, text=True, capture_output=True)
    reports = json.loads(done.stdout)["tests"]
    assert {report["code"] for report in reports} == codes, done
    assert all("Resource temporarily unavailable" in report["reason"] for report in reports if report["code"] == "BUSY")
    assert time.monotonic() - began < 5


def test_running_out_of_descriptors_is_busy_and_the_run_goes_on():
    done = subprocess.run(["/bin/bash", "-c", f'ulimit -n 24; exec "{PROGRAM}" test --input - -o json --timeout 2s --jobs 64 '
                           + " ".join(DRIVERS)], input=json.dumps([act("hang")] * 40), text=True, capture_output=True)
    document = json.loads(done.stdout)
    codes = {report["code"] for report in document["tests"]}
    assert codes == {"BUSY", "TIMED_OUT"} and done.returncode == 3, (codes, done.stderr)
    assert running(PROGRAM) == []


def test_openssl_is_loaded_by_who_uses_it():
    """Where there are stubs of it for the processor; else it is linked."""
    for linked in (PROGRAM, BUILD / "drivers" / "network.so"):
        needed = subprocess.run(["readelf", "-d", linked], capture_output=True, text=True, check=True).stdout
        assert ("libcrypto" in needed) == (platform.machine() != "x86_64"), linked
