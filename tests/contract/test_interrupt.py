# SPDX-License-Identifier: Apache-2.0
"""^C and SIGTERM: whatever runs is ended, what is known is told, in every format."""
import json
import os
import signal
import subprocess
import time

import jsonschema
import pytest

from support import bad_peer
from support.processes import free_port, running, wait_until
from support.program import PROGRAM, ROOT, jdbc

SCHEMA = json.loads((ROOT / "share" / "schema" / "report.schema.json").read_text())
EXIT = {signal.SIGINT: 130, signal.SIGTERM: 143}


@pytest.fixture(name="silent")
def silent_peer():
    with bad_peer.Peers({"silent": bad_peer.PEERS["silent"]}) as peers:
        yield peers.port["silent"]


def at(port, name):
    return jdbc(name, JDBC_CONNECTION_URL=f"jdbc:postgresql://127.0.0.1:{port}/d", USERNAME="u", PASSWORD="p")


def start(definitions, *arguments):
    """The program in a process group of its own, as a shell starts it; it has read its input."""
    process = subprocess.Popen([PROGRAM, "test", "--input", "-", "--timeout", "30s", *arguments], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    process.stdin.write(json.dumps(definitions))
    process.stdin.close()
    return process


def end(process, how):
    """As a terminal does: the whole group gets it, workers too."""
    os.killpg(process.pid, how)
    output = process.stdout.read()
    assert process.stderr.read() == ""
    assert process.wait(10) == EXIT[how]
    wait_until(lambda: running(PROGRAM) == [], 3, "the end of all processes")
    return output


def has_output(process):
    """A connection to the peer is there once a worker has got to it."""
    return len(running(PROGRAM)) > 1 and process.poll() is None


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("count", [1, 5])
def test_json_stays_a_document_that_keeps_the_schema(silent, how, count):
    refused = at(free_port(), "refused")
    process = start([refused] * (count > 1) + [at(silent, f"s{i}") for i in range(count)], "-o", "json", "--jobs", "3")
    wait_until(lambda: has_output(process))
    time.sleep(0.3)
    document = json.loads(end(process, how))
    jsonschema.validate(document, SCHEMA)
    silent_ones = [test for test in document["tests"] if test["name"] != "refused"]
    assert [test["name"] for test in silent_ones] == [f"s{i}" for i in range(count)]
    assert {test["status"] for test in silent_ones} == {"skipped"} and document["summary"]["skipped"] == count
    assert all("interrupted" in test["reason"] for test in silent_ones)
    assert silent_ones[0]["stage"] == "tls" and silent_ones[0]["stages"]
    assert count == 1 or document["summary"]["failed"] == 1


def test_text_and_lines_tell_what_was_not_over(silent):
    definitions = [at(free_port(), "refused"), at(silent, "first"), at(silent, "second")]
    process = start(definitions, "-o", "ndjson")
    first = process.stdout.readline()
    rest = end(process, signal.SIGINT)
    reports = [json.loads(line) for line in [first, *rest.splitlines()]]
    assert [(report["name"], report["status"]) for report in reports] == [
        ("refused", "failed"), ("first", "skipped"), ("second", "skipped")]
    process = start(definitions)
    process.stdout.readline()
    assert "1 failed, 2 skipped" in end(process, signal.SIGINT)
    process = start(at(silent, "alone"))
    wait_until(lambda: has_output(process))
    time.sleep(0.3)
    text = end(process, signal.SIGINT)
    assert text.startswith("alone: ") and "interrupted" in text and "tcp          ok" in text


@pytest.mark.parametrize("delay_ms", range(0, 24, 2))
def test_at_every_moment_the_exit_code_is_that_of_the_signal(silent, delay_ms):
    process = start([at(silent, f"s{i}") for i in range(3)])
    time.sleep(delay_ms / 1000)
    os.killpg(process.pid, signal.SIGINT)
    process.stdout.read()
    assert process.wait(10) in (130, -signal.SIGINT)
    wait_until(lambda: running(PROGRAM) == [], 3, "the end of all processes")
    assert "crashed" not in process.stderr.read().lower()
