# SPDX-License-Identifier: Apache-2.0
"""Where the results go: readers that leave, discs that are full, descriptors that are closed; quiet and verbose."""
import json
import re
import subprocess

import jsonschema
import pytest

from support.processes import free_port, running, wait_until
from support.program import PROGRAM, ROOT, jdbc, run

SCHEMA = json.loads((ROOT / "share" / "schema" / "report.schema.json").read_text())
FORMATS = ["text", "json", "ndjson"]


ROWS = re.findall(r'^REASON\((\w+), \w+, (\w+), "(\w+)"', (ROOT / "include/testconn/reasons.def").read_text(), re.MULTILINE)
OURS = ("INTERNAL", "WORKER_CRASHED", "BUSY", "CONFLICT")


def report_of(row, **more):
    code, transient, exception = row
    test = {"name": "", "status": "error" if code in OURS else "failed", "stage": "dns", "code": code, "reason": "r", "remedy": "r",
            "retryable": transient == "true", "exception": exception, "attempts": 1, "started_at": "2026-11-22T10:00:00.123Z",
            "duration_ms": 0, "findings": [],
            "stages": [{"name": "dns", "status": "failed", "duration_ms": 0, "facts": {}, "findings": []}], **more}
    return {"schema_version": 1, "summary": {"ok": 0, "failed": 1, "error": 0, "skipped": 0, "duration_ms": 0}, "tests": [test]}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_schema_is_the_law_of_every_code(row):
    jsonschema.validate(report_of(row), SCHEMA)
    stage = {"name": "dns", "status": "failed", "duration_ms": 0, "facts": {}, "findings": []}
    for wrong in ({"exception": "ConflictException" if row[0] != "CONFLICT" else "InvalidInputException"}, {"retryable": row[1] != "true"},
                  {"status": "failed" if row[0] in OURS else "error"}, {"status": "ok"}, {"code": row[0].lower()}, {"reason": "a\nb"},
                  {"stages": []}, {"stages": [stage, stage]}, {"stages": [stage, {**stage, "status": "passed"}]},
                  {"stages": [{**stage, "name": "socket"}]}, {"started_at": "2026-11-22T10:00:00Z"}, {"duration_ms": -1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(report_of(row, **wrong), SCHEMA)


def reach(name, port=None):
    return {"Name": name, "ConnectionType": "NETWORK",
            "ConnectionProperties": {"HOST": "127.0.0.1", "PORT": str(port or free_port())}}


@pytest.fixture(name="many")
def write_many(tmp_path):
    path = tmp_path / "many.json"
    path.write_text(json.dumps([reach(f"c{i}") for i in range(60)]))
    return path


def shell(command, many):
    """What a shell makes of COMMAND, with P the program and F the file."""
    return subprocess.run(["bash", "-c", "set -o pipefail; " + command], capture_output=True, text=True, timeout=60,
                          env={"P": str(PROGRAM), "F": str(many), "PATH": "/usr/bin:/bin"})


@pytest.mark.parametrize("form", FORMATS)
def test_a_reader_that_leaves_ends_the_run_in_silence(many, form):
    done = shell(f"$P test -i $F -o {form} | head -c 1", many)
    assert len(done.stdout) == 1 and done.stderr == "" and done.returncode in (1, 3)
    wait_until(lambda: running(PROGRAM) == [], 3, "the end of all processes")


@pytest.mark.parametrize("command", [f"test -i $F -o {form}" for form in FORMATS] + [
    "explain -i $F", "explain -i $F -o json", "drivers", "drivers -o json", "version", "--help", "test --help", "cert check $F"])
@pytest.mark.parametrize("where, words", [("> /dev/full", "No space left on device"), (">&-", "Bad file descriptor")])
def test_output_that_cannot_be_written_is_told_with_exit_3(many, command, where, words):
    done = shell(f"$P {command} {where}", many)
    assert done.returncode == 3 and done.stderr.count("\n") == 1 and f"standard output: {words}" in done.stderr


def test_closed_descriptors_are_never_given_to_a_socket(many):
    assert shell("$P test -i - <&-", many).returncode == 2
    done = shell("$P test -i $F -o json <&- 2>&-", many)
    jsonschema.validate(json.loads(done.stdout), SCHEMA)
    assert shell("$P test --bogus 2>&-", many).returncode == 2


def test_quiet_shows_failures_only(tmp_path):
    from socket import create_server
    with create_server(("127.0.0.1", 0)) as server:
        good = reach("good", server.getsockname()[1])
        for definitions in (good, [good, good]):
            done = run(["test", "-q", "-i", "-"], stdin=json.dumps(definitions))
            assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        done = run(["test", "-q", "-i", "-"], stdin=json.dumps([good, reach("bad")]))
        assert done.returncode == 1 and "bad" in done.stdout and "good" not in done.stdout
        done = run(["test", "-v", "-i", "-"], stdin=json.dumps([good, reach("bad")]))
        assert "good: ok in" in done.stdout and "bad: FAILED at tcp" in done.stdout
        assert done.stdout.count("  tcp          ") == 2 and "\n\n\n" not in done.stdout


@pytest.mark.parametrize("names, code", [
    (["good"], 0), (["bad"], 1), (["wrong"], 2), (["ours"], 3), (["good", "bad"], 1), (["good", "wrong"], 2),
    (["bad", "wrong"], 1), (["bad", "wrong", "ours", "good"], 3), (["wrong", "ours"], 3)])
def test_exit_codes_of_mixed_results(names, code):
    from socket import create_server
    from support.program import BUILD
    drivers = BUILD / "tests" / "drivers"
    with create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        engine = {"HOST": "127.0.0.1", "PORT": port, "JDBC_ENGINE": "misbehave", "USERNAME": "u", "PASSWORD": "p"}
        kinds = {"good": jdbc("good", DATABASE="pass", **engine), "bad": jdbc("bad", DATABASE="hang", **engine),
                 "ours": jdbc("ours", DATABASE="no-reason", **engine), "wrong": jdbc("wrong")}
        for form in FORMATS:
            done = run(["test", "-i", "-", "-o", form, "-t", "500ms", "--drivers", drivers],
                       stdin=json.dumps([kinds[name] for name in names]))
            assert done.returncode == code, done.stdout
            if form == "json":
                jsonschema.validate(json.loads(done.stdout), SCHEMA)
            if form == "ndjson":
                assert sorted(json.loads(line)["name"] for line in done.stdout.splitlines()) == sorted(names)


def test_a_batch_names_the_problems_of_wrong_definitions_at_its_end():
    done = run(["test", "-i", "-"], stdin=json.dumps([jdbc("wrong"), reach("bad")]))
    lines = done.stdout.splitlines()
    assert any(line.startswith("FAILED  wrong") and line.endswith("INVALID_INPUT: 2 problems") for line in lines)
    assert 'standard input: 2 problems in connection "wrong"' in lines and lines[-1].startswith("2 tested: ")
