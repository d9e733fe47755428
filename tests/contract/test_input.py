# SPDX-License-Identifier: Apache-2.0
"""What --input takes, and what it says of what it cannot take."""
import json
import os
import subprocess
import time

import pytest

from support.processes import free_port
from support.program import PROGRAM, batch, jdbc, run, verdict


def closed(name="orders", **more):
    """A definition that fails at tcp."""
    return jdbc(name, JDBC_CONNECTION_URL=f"jdbc:postgresql://127.0.0.1:{free_port()}/orders", USERNAME="app",
                PASSWORD="pw", **more)


def give(data, *arguments):
    """Run a test of DATA, bytes, on standard input."""
    return subprocess.run([PROGRAM, "test", "--input", "-", *arguments], input=data, capture_output=True, timeout=60)


BOMB = "a: &a [x, x]\n" + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20))


@pytest.mark.parametrize("text, words", [
    ("", ["is empty"]), (" \r\n\t\n", ["is empty"]), ("# a comment\n", ["YAML", "empty"]), ("{", ["JSON", "line 1"]),
    ('{"a": 1,}', ["JSON"]), ("a: [1", ["YAML", "line"]), ("word", ["neither", "single value"]), ('"word"', ["single value"]),
    ("12", ["single value"]), ("null", ["single value"]), ("a: 1\na: 2\n", ["line 2", "twice"]),
    ('{"Name": "a", "Name": "b"}', ["JSON", "duplicate"]), ("[]", ["no connection"]), ("{}", ["empty"]),
    ('["a"]', ["element 1"]), ('[{"Name": "a"}, 3]', ["element 2"]), ('{"ConnectionList": []}', ["no connection"]),
    ('{"x": 1}', ["no connection"]),
    ('{"ConnectionName": "a", "TestConnectionInput": {}}', ["both given"]), ("&a [*a]", ["alias"]), (BOMB, ["alias"]),
    ("Name: !!binary aGk=\n", ["YAML", "line 1", "tag"]), ("Name: !Ref x\n", ["tag"]), ("!x {a: b}", ["tag"]), ("- !<y> [a]", ["tag"]),
    ("--- {}\n--- {}\n", ["more than one"]), ('{"Name": "a"}\n{"Name": "b"}', ["JSON", "line 2"]),
    ("Name: n\nConnectionProperties:\n\tHOST: x\n", ["YAML", "line 3"]), ("[" * 100_000, ["JSON", "depth"]),
    ('{"a":' * 5000 + "1" + "}" * 5000, ["JSON", "depth"]), ("a: " + "[" * 20_000, ["YAML", "deep"]),
    ("".join(" " * i + "a:\n" for i in range(2000)), ["YAML", "deep"]),
    ('{"Name": "\\ud800"}', ["JSON"]), ('{"Name": 1e999}', ["JSON", "overflow"]),
    ('{"Resources": {"C": {"Type": "AWS::Glue::Connection"}}}', ["CloudFormation", "ConnectionInput"]),
    ('{"Type": "AWS::Glue::Connection", "Properties": {}}', ["CloudFormation"]),
    ('{"resource": {"aws_glue_connection": {}}}', ["Terraform"]), ('resource "aws_glue_connection" "x" {\n  name = "x"\n}\n', ["Terraform"]),
    ('{"connection_type": "JDBC"}', ["did you mean ConnectionType"]), ('{"connectionInput": {}}', ["did you mean ConnectionInput"]),
    ('{"ConnectionInput": 5}', ["ConnectionInput: is not an object"]), ('{"ConnectionList": {}}', ["ConnectionList: is not a list"]),
    ("Name=n,ConnectionType=JDBC", ["short form of the AWS CLI"]), ("jdbc:postgresql://h/d?password=none-of-this", ["is a URL"]),
    ("-----BEGIN CERTIFICATE-----\nMIIB\n", ["a certificate or a key"]), ("<html></html>", ["web page"]),
    ('{"Name": "a"} x', ["line 1, column 15", "written as a list"]),
], ids=lambda value: str(value)[:30] if isinstance(value, str) else None)
def test_what_is_no_definition_is_told_on_stderr_with_exit_2(text, words):
    done = run(["test", "--input", "-"], stdin=text)
    assert done.returncode == 2 and done.stdout == "" and "JSON_" not in done.stderr, done
    assert done.stderr.count("standard input") == 1 and len(done.stderr) < 400
    assert "none-of-this" not in done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


@pytest.mark.parametrize("text, words", [
    ("[]", "no connection"), ("{}", "both-missing"), ('["a"]', "element 1"), ('[{"Name": "a"}, 3]', "element 2"), ('{"x": 1}', "no connection"),
    ('{"ConnectionName": "a", "TestConnectionInput": {}}', "both given"), ('{"ConnectionName": null}', "both null"),
    ('{"ConnectionName": 1}', "ConnectionName: is not a name"), ("TestConnectionInput: [1]", "TestConnectionInput: is not an object")])
def test_a_readable_file_without_a_definition_is_a_report_for_programs(text, words):
    report = verdict(json.loads(text) if text[0] in "[{" else {"TestConnectionInput": [1]})
    assert (report["exit"], report["code"], report["stage"]) == (2, "INVALID_INPUT", "input") and words in str(report)
    done = run(["test", "-i", "-", "-o", "ndjson"], stdin=text)
    assert done.returncode == 2 and json.loads(done.stdout)["findings"]


def test_null_is_as_good_as_absent_in_a_request():
    inner = {key: value for key, value in closed().items() if key != "Name"}
    assert verdict({"ConnectionName": None, "TestConnectionInput": inner})["code"] == "CONNECT_REFUSED"


@pytest.mark.parametrize("data, words", [
    (json.dumps(closed()).encode("utf-16"), b"UTF-16"), (json.dumps(closed()).encode("utf-16-be"), b"UTF-16"),
    (json.dumps(closed("x\u00fc"), ensure_ascii=False).encode("latin-1"), b"0xfc"),
    ("Name: x\nDescription: \u00fc\n".encode("latin-1"), b"line 2, column 14 holds the byte 0xfc"),
    (b'{"Name": "a\0b"}', b"NUL byte: line 1, column 12"), (b"\xff\xfe", b"UTF-16"), (b"\x80", b"0x80"),
    (json.dumps(closed()).encode("utf-32"), b"UTF-32"),
])
def test_other_encodings_are_named(data, words):
    done = give(data)
    assert done.returncode == 2 and done.stdout == b"" and words in done.stderr, done


def test_broken_json_never_quotes_what_stands_there():
    done = run(["test", "--input", "-"], stdin='{"PASSWORD": "c4nary" "x"}')
    assert done.returncode == 2 and "c4nary" not in done.stderr


@pytest.mark.parametrize("wrap", [
    lambda d: d, lambda d: [d], lambda d: {"ConnectionInput": d}, lambda d: {"ConnectionList": [d]},
    lambda d: {"Connection": {**d, "CreationTime": 1.5, "Status": "READY"}},
    lambda d: {"TestConnectionInput": {k: v for k, v in d.items() if k != "Name"}},
    lambda d: {k: v for k, v in d.items() if k != "Name"},
])
def test_every_form_of_input_is_taken(wrap):
    code, document = batch(wrap(closed()))
    assert code == 1 and document["tests"][0]["code"] == "CONNECT_REFUSED"


@pytest.mark.parametrize("change", [
    lambda text: "\ufeff" + text, lambda text: text.replace("\n", "\r\n"), lambda text: "\n\n" + text + "\n\n"])
def test_marks_and_line_ends_do_not_matter(change):
    for text in (json.dumps(closed(), indent=2), "\n".join([
            "Name: orders", "ConnectionType: NETWORK", "ConnectionProperties:", "  HOST: 127.0.0.1",
            f"  PORT: {free_port()}", ""])):
        done = give(change(text).encode(), "-o", "json")
        report = json.loads(done.stdout)["tests"][0]
        assert (report["name"], report["code"]) == ("orders", "CONNECT_REFUSED")


def test_yaml_is_taken_with_its_scalars_as_written():
    port = free_port()
    done = run(["test", "--input", "-", "-o", "json"], stdin=f"""%YAML 1.1
---
Name: &name 012
ConnectionType: !!str JDBC
ConnectionProperties:
  HOST: 127.0.0.1
  PORT: {port}
  JDBC_ENGINE: postgresql
  USERNAME: no
  PASSWORD: 2024-01-01
  JDBC_ENFORCE_SSL: true
...
""")
    report = json.loads(done.stdout)["tests"][0]
    assert report["code"] == "CONNECT_REFUSED" and report["name"] == "012" and report["target"]["user"] == "no"


def test_a_value_of_another_kind_is_told_once():
    wrong = jdbc(HOST="h", PORT=5432, JDBC_ENGINE="postgresql", USERNAME=None, PASSWORD=1234, JDBC_ENFORCE_SSL=True)
    wrong["ConnectionProperties"]["USERNAME"] = None
    _, document = batch(wrong)
    told = [finding["property"].split(".")[1] for finding in document["tests"][0]["findings"]]
    assert sorted(told) == ["JDBC_ENFORCE_SSL", "PASSWORD", "PORT", "USERNAME"]


@pytest.mark.parametrize("make, words", [
    (lambda path: None, "No such file"), (lambda path: path.mkdir(), "directory"), (lambda path: path.symlink_to(path), "symbolic"),
    (lambda path: path.symlink_to("/dev/zero"), "device"), (lambda path: path.write_bytes(b"x" * (65 << 20)), "larger"),
])
def test_a_file_that_cannot_be_read_is_told(tmp_path, make, words):
    path = tmp_path / "input.json"
    make(path)
    done = run(["test", "--input", path])
    assert done.returncode == 2 and done.stdout == "" and str(path) in done.stderr and words in done.stderr


def test_a_fifo_is_read_and_waited_for(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with subprocess.Popen([PROGRAM, "test", "--input", path, "-o", "json"], stdout=subprocess.PIPE, text=True) as process:
        time.sleep(0.2)
        assert process.poll() is None
        path.write_text(json.dumps(closed()))
        assert json.loads(process.stdout.read())["tests"][0]["code"] == "CONNECT_REFUSED"


def test_sixty_four_megabytes_are_no_trouble(tmp_path):
    path = tmp_path / "big.json"
    path.write_text(json.dumps({"Name": "x" * (63 << 20), "ConnectionType": "NETWORK"}))
    done = run(["test", "--input", path, "-o", "json"])
    assert done.returncode == 2 and len(done.stdout) < 10_000 and json.loads(done.stdout)["tests"][0]["name"].endswith("...")


def test_twenty_thousand_wrong_definitions_are_told_in_seconds():
    began = time.monotonic()
    done = run(["test", "--input", "-", "-o", "ndjson"], stdin=json.dumps([jdbc(f"c{i}") for i in range(20_000)]))
    assert done.returncode == 2 and done.stdout.count("\n") == 20_000 and time.monotonic() - began < 45
