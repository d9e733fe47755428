# SPDX-License-Identifier: Apache-2.0
"""The command line from outside: usage, input forms, exit codes, the JSON report and its schema."""
import json
import os

import jsonschema
import pytest

from support import bad_peer
from support.processes import free_port
from support.program import PROGRAM, ROOT, batch, certificates, jdbc, rules, run, verdict

SCHEMA = json.loads((ROOT / "share" / "schema" / "report.schema.json").read_text())
CERTIFICATES = certificates()


def closed(name="orders", **more):
    """A definition that fails at tcp."""
    return jdbc(name, JDBC_CONNECTION_URL=f"jdbc:postgresql://127.0.0.1:{free_port()}/orders", USERNAME="app",
                PASSWORD="pw", **more)


@pytest.mark.parametrize("arguments, words", [
    ([], ["no command"]),
    (["tset"], ["unknown command", "did you mean test"]),
    (["test"], ["--input"]),
    (["test", "--inptu", "x"], ["unknown option", "--input"]),
    (["test", "--input"], ["needs a value"]),
    (["test", "orders"], ['no connection "orders"', "no such file"]),
    (["test", "orders", "--input", "-"], ["together"]),
    (["test", "--input", "/nonexistent/file"], ["/nonexistent/file", "No such file"]),
    (["test", "--input", "/"], ["directory"]),
    (["test", "--input", "-", "--jobs", "0"], ["--jobs"]),
    (["test", "--input", "-", "--jobs", "x"], ["--jobs"]),
    (["test", "--input", "-", "--timeout", "10"], ["--timeout", "ms, s or m"]),
    (["test", "--input", "-", "--timeout", "-1s"], ["--timeout"]),
    (["test", "--input", "-", "--timeout", "0s"], ["--timeout"]),
    (["test", "--input", "-", "--timeout", "1h"], ["--timeout", "ms, s or m"]),
    (["test", "--input", "-", "--timeout", "9999999999s"], ["--timeout", "1440m"]),
    (["test", "--input", "-", "--timeout="], ["--timeout"]),
    (["test", "--input", "-", "-j", "9999999"], ["--jobs", "1000000"]),
    (["test", "--input", "-", "--output", "xml"], ["text, json, ndjson"]),
    (["test", "--input", "-", "-vo"], ["--output needs a value"]),
    (["test", "--input", "-", "-vZ"], ["unknown option -vZ"]),
    (["test", "--inp", "-"], ["did you mean --input"]),
    (["test", "--input", "-", "--input", "-"], ["twice"]),
    (["test", "--input="], ["empty"]),
    (["te\x1b[31mst"], ["unknown command", "test"]),
    (["test", "--te\x1b[31mst"], ["unknown option"]),
    (["test", "--input", "-", "--strict=yes"], ["no value"]),
    (["explain"], ["--input"]),
    (["drivers", "x"], ["unexpected"]),
])
def test_wrong_usage_is_told_on_stderr_with_exit_2(arguments, words):
    done = run(arguments, stdin="{}")
    assert done.returncode == 2 and done.stdout == "" and "\x1b" not in done.stderr, done
    for word in words:
        assert word in done.stderr, done.stderr


def test_letters_stand_together():
    done = run(["test", "-qvt1s", "-ojson", "-i-"], stdin=json.dumps(closed()))
    assert done.returncode == 1 and json.loads(done.stdout)["tests"][0]["code"] == "CONNECT_REFUSED"


def test_all_problems_are_told_at_once_each_at_its_path():
    wrong = jdbc(JDBC_CONNECTION_URL="jdbc:postgres://db", USERNAME="app", JDBC_ENFORCE_SSL="yes",
                 JDBC_ENFORCE_TLS="true")
    report = verdict(wrong)
    assert report["exit"] == 2 and (report["stage"], report["code"]) == ("input", "INVALID_INPUT")
    paths = {finding.get("property") for finding in report["findings"]}
    assert paths == {"ConnectionProperties." + key for key in ("JDBC_CONNECTION_URL", "PASSWORD", "JDBC_ENFORCE_SSL",
                                                               "JDBC_ENFORCE_TLS")}
    for path in paths - {"ConnectionProperties.JDBC_ENFORCE_TLS"}:
        assert path in report["reason"]
    text = run(["test", "--input", "-"], stdin=json.dumps(wrong))
    assert text.returncode == 2 and '3 problems in connection "orders"' in text.stdout
    words = " ".join(text.stdout.split())
    assert "did you mean jdbc:postgresql" in words and "did you mean JDBC_ENFORCE_SSL" in words
    assert verdict(wrong, "--strict")["reason"].count("ConnectionProperties.") == 4


def test_the_paths_of_a_request_are_whole():
    done = run(["test", "--input", "-"], stdin=json.dumps({"ConnectionInput": jdbc(PORT="99999", HOST="h")}))
    assert done.returncode == 2 and "ConnectionInput.ConnectionProperties.PORT" in done.stdout


@pytest.mark.parametrize("kind, properties, code", [
    ("SFTP", {}, "INVALID_INPUT"), ("JDBCC", {}, "INVALID_INPUT"), ("SNOWBALL", {}, "INVALID_INPUT"),
    ("MYSQL", {}, "UNSUPPORTED_TYPE"),
    ("JDBC", {"JDBC_CONNECTION_URL": "jdbc:oracle:thin:@//h:1521/s", "USERNAME": "u", "PASSWORD": "p"}, "DRIVER_MISSING"),
    ("JDBC", {"JDBC_CONNECTION_URL": "jdbc:db2://h:50000/s", "USERNAME": "u", "PASSWORD": "p"}, "UNSUPPORTED_TYPE"),
    ("JDBC", {"JDBC_CONNECTION_URL": "jdbc:sqlite:/etc/passwd", "USERNAME": "u", "PASSWORD": "p"}, "INVALID_INPUT"),
    ("KAFKA", {}, "INVALID_INPUT"),
    ("MONGODB", {"CONNECTION_URL": "mongodb://h:0/d", "USERNAME": "u", "PASSWORD": "p"}, "INVALID_INPUT"),
    ("NETWORK", {}, "INVALID_INPUT"),
    ("SALESFORCE", {}, "INVALID_INPUT"), ("VIEW_VALIDATION_ATHENA", {}, "INVALID_INPUT"),
])
def test_types_without_a_driver_are_validated_and_then_told_honestly(kind, properties, code):
    report = verdict({"Name": "x", "ConnectionType": kind, "ConnectionProperties": properties})
    assert (report["code"], report["stage"], report["exit"]) == (code, "input", 2), report


def test_the_exit_code_says_the_worst():
    good, wrong = closed("a"), jdbc("b")
    assert batch([wrong])[0] == 2
    assert batch([good])[0] == 1
    assert batch([wrong, good])[0] == 1


def test_reports_keep_the_schema_and_the_order_of_the_input():
    many = [closed(f"c{i}") if i % 3 else jdbc(f"c{i}") for i in range(12)]
    _, document = batch(many, "--jobs", "4")
    jsonschema.validate(document, SCHEMA)
    assert [report["name"] for report in document["tests"]] == [f"c{i}" for i in range(12)]
    lines = run(["test", "--input", "-", "-o", "ndjson"], stdin=json.dumps(many)).stdout.splitlines()
    assert {json.loads(line)["name"] for line in lines} == {f"c{i}" for i in range(12)}


def test_an_unset_variable_is_an_input_problem_that_names_it():
    report = verdict(closed(CUSTOM_JDBC_CERT="${env:NO_SUCH_VARIABLE}"))
    assert (report["stage"], report["code"]) == ("input", "INVALID_INPUT")
    assert "NO_SUCH_VARIABLE" in report["reason"] and "CUSTOM_JDBC_CERT" in report["reason"]


def test_values_come_from_variables_and_files(tmp_path):
    (tmp_path / "host").write_text("127.0.0.1\n")
    definition = jdbc(HOST="${file:%s}" % (tmp_path / "host"), PORT="${env:THE_PORT}", JDBC_ENGINE="postgresql",
                      USERNAME="$USER ${x}", PASSWORD="$$")
    report = verdict(definition, environment={"THE_PORT": str(free_port())})
    assert report["code"] == "CONNECT_REFUSED" and report["target"]["user"] == "$USER ${x}"
    for reference in ("${env:THE_PASSWORD}", "${file:%s}" % (tmp_path / "host")):
        text = run(["test", "-i", "-"], stdin=json.dumps({**closed(), "ConnectionProperties": {
            **closed()["ConnectionProperties"], "PASSWORD": reference}}), environment={"THE_PASSWORD": "c4nary"}).stdout
        assert f"password from {reference}" in " ".join(text.split()) and "c4nary" not in text


@pytest.mark.parametrize("make, words", [
    (lambda path: None, ["No such file"]),
    (lambda path: path.mkdir(), ["directory"]),
    (lambda path: os.mkfifo(path), ["FIFO"]),
    (lambda path: path.write_bytes(b"a\0b"), ["NUL"]),
    (lambda path: path.write_bytes(b"a" * 2_000_000), ["larger"]),
])
def test_a_file_that_cannot_be_read_is_told_in_time(tmp_path, make, words):
    path = tmp_path / "password"
    make(path)
    report = verdict({**closed(), "ConnectionProperties": {**closed()["ConnectionProperties"],
                                                           "PASSWORD": "${file:%s}" % path}}, timeout="1s")
    assert (report["stage"], report["code"], report["exit"]) == ("credentials", "FILE_UNREADABLE", 1), report
    assert str(path) in report["reason"] and report["property"] == "ConnectionProperties.PASSWORD"
    for word in words:
        assert word in report["reason"]
    assert report["duration_ms"] < 1300


@pytest.mark.parametrize("name, code, words", [
    ("bad-ecdsa.pem", "CERT_ALGORITHM", ["SHA256withECDSA"]), ("bad-sha1.pem", "CERT_ALGORITHM", ["SHA1withRSA"]),
    ("bad-rsa1024.pem", "CERT_KEY_TOO_SHORT", ["1024", "2048"]), ("bad-pss.pem", "CERT_ALGORITHM", ["RSASSA-PSS"]),
    ("bad-der.crt", "CERT_UNREADABLE", ["DER"]), ("bad-pkcs7.p7b", "CERT_UNREADABLE", ["PKCS#7"]),
    ("bad-pkcs12.p12", "CERT_UNREADABLE", ["PKCS#12"]), ("bad-key.pem", "CERT_UNREADABLE", ["private key"]),
    ("bad-csr.pem", "CERT_UNREADABLE", ["request"]), ("bad-page.html", "CERT_UNREADABLE", ["page"]),
    ("bad-truncated.pem", "CERT_UNREADABLE", ["cut off"]), ("bad-empty.pem", "CERT_UNREADABLE", ["empty"]),
    ("bad-rubbish", "CERT_UNREADABLE", ["neither"]), ("bad-second.pem", "CERT_UNREADABLE", ["certificate 2"]),
])
def test_the_rules_for_ca_files(name, code, words):
    report = verdict(closed(CUSTOM_JDBC_CERT=str(CERTIFICATES / name)))
    assert (report["stage"], report["code"], report["exit"]) == ("certificate", code, 1), report
    assert report["property"] == "ConnectionProperties.CUSTOM_JDBC_CERT"
    for word in [name, *words]:
        assert word in report["reason"], report["reason"]
    skipped = verdict(closed(CUSTOM_JDBC_CERT=str(CERTIFICATES / name), SKIP_CUSTOM_JDBC_CERT_VALIDATION="TRUE"))
    assert skipped["code"] == (code if code == "CERT_UNREADABLE" else "CONNECT_REFUSED")


def test_each_broken_rule_is_a_finding():
    assert {"ca-signature-algorithm", "ca-key-algorithm"} <= rules(
        verdict(closed(CUSTOM_JDBC_CERT=str(CERTIFICATES / "bad-ecdsa.pem"))))


@pytest.mark.parametrize("location", ["{}", "file://{}"])
def test_a_ca_is_named_by_path_or_url(location):
    assert verdict(closed(CUSTOM_JDBC_CERT=location.format(CERTIFICATES / "ca.pem")))["code"] == "CONNECT_REFUSED"


@pytest.mark.parametrize("connection, named", [
    ({"USERNAME": "app", "PASSWORD": "x", "CUSTOM_JDBC_CERT": "s3://bucket/ca.pem"}, "CUSTOM_JDBC_CERT"),
    ({"SECRET_ID": "orders"}, "SECRET_ID"), ({"USERNAME": "app", "ENCRYPTED_PASSWORD": "QUJD"}, "ENCRYPTED_PASSWORD"),
])
def test_what_lies_in_aws_needs_credentials(connection, named):
    report = verdict(jdbc(JDBC_CONNECTION_URL="jdbc:postgresql://h:1/d", **connection),
                     environment={"HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"})
    assert (report["stage"], report["code"]) == ("credentials", "AWS_CREDENTIALS_MISSING")
    assert report["property"] == f"ConnectionProperties.{named}" and "AWS_ACCESS_KEY_ID" in report["reason"]


def test_explain_shows_sources_and_no_secret():
    done = run(["explain", "--input", "-"], stdin=json.dumps(jdbc(
        JDBC_CONNECTION_URL="jdbc:postgresql://db.example/orders?sslmode=verify-ca&password=c4nary&connectTimeout=5",
        USERNAME="app", PASSWORD="c4nary", HOST="other")))
    assert done.returncode == 0 and "c4nary" not in done.stdout + done.stderr
    for words in ("db.example", "5432", "default of the driver", "***", "JDBC_CONNECTION_URL", "chain verified"):
        assert words in done.stdout, (words, done.stdout)
    assert json.loads(run(["explain", "-o", "json", "--input", "-"], stdin=json.dumps(closed())).stdout)[0]["values"]


def test_drivers_and_version():
    text = run(["drivers"])
    assert text.returncode == 0 and "postgresql" in text.stdout and "libpq.so.5 installed" in text.stdout
    assert {driver["name"] for driver in json.loads(run(["drivers", "-o", "json"]).stdout)} >= {"postgresql"}
    assert run(["version"]).stdout.startswith("testconn ")
    for command in ("test", "explain", "drivers", "version"):
        assert run([command, "--help"]).stdout.startswith(f"testconn {command}")


def test_what_this_host_has_no_route_to_is_told_at_once():
    report = verdict({"ConnectionType": "NETWORK", "ConnectionProperties": {"HOST": "127.255.255.255", "PORT": "9"}})
    assert (report["stage"], report["code"]) == ("tcp", "CONNECT_UNREACHABLE") and "this host" in report["reason"]
    assert "path" not in report["stages"][-1]["facts"]


def test_a_time_that_is_too_short_to_begin():
    report = verdict(closed(), timeout="1ms")
    assert report["code"] == "TIMED_OUT" and "1.0 ms" in report["reason"] or report["code"] == "CONNECT_REFUSED"


def test_plain_reachability_needs_a_target_and_says_what_is_none():
    definition = {"Name": "n", "ConnectionType": "NETWORK", "ConnectionProperties": {},
                  "PhysicalConnectionRequirements": {"SubnetId": "subnet-1", "SecurityGroupIdList": ["sg-1"]}}
    report = verdict(definition)
    assert (report["code"], report["exit"]) == ("INVALID_INPUT", 2)
    for word in ("ConnectionProperties.HOST", "ConnectionProperties.PORT", "PhysicalConnectionRequirements names where"):
        assert word in report["reason"]
    for port, code in (("0", "INVALID_INPUT"), ("1", "CONNECT_REFUSED"), ("65535", "CONNECT_REFUSED"), ("65536", "INVALID_INPUT")):
        definition["ConnectionProperties"] = {"HOST": "127.0.0.1", "PORT": port}
        assert verdict(definition)["code"] == code, port


@pytest.mark.parametrize("peer, words", [
    ("ssh", "speaks SSH (SSH-2.0-OpenSSH_9.2p1 Debian-2)"), ("silent", "silent: nothing came within"),
    ("closes-after-reading", "closes the connection when spoken to"), ("random", "answers in no protocol we know (first bytes f3 9a"),
    ("tls-from-the-first-byte", "speaks TLS (TLSv1.3, CN=localhost, expires in"),
])
def test_the_line_of_plain_reachability_says_what_answers(peer, words):
    with bad_peer.Peers({peer: bad_peer.PEERS[peer]}) as peers:
        definition = {"Name": "n", "ConnectionType": "NETWORK",
                      "ConnectionProperties": {"HOST": "127.0.0.1", "PORT": str(peers.port[peer])}}
        done = run(["test", "--input", "-"], stdin=json.dumps(definition))
        assert done.returncode == 0 and words in done.stdout, done.stdout


def test_a_missing_module_is_told_and_the_rest_goes_on(tmp_path):
    report = verdict(closed(), "--drivers", str(tmp_path))
    assert (report["code"], report["exit"]) == ("DRIVER_MISSING", 2) and "postgresql" in report["reason"]
    manifest = PROGRAM.parent / "drivers" / "postgresql.json"
    (tmp_path / "postgresql.json").write_text(manifest.read_text())
    (tmp_path / "postgresql.so").write_bytes(b"no module")
    for many in ([closed()], [closed(), closed()]):
        code, document = batch(many, "--drivers", str(tmp_path))
        assert code == 2 and document["tests"][0]["code"] == "DRIVER_MISSING"
    (tmp_path / "broken.json").write_text("{")
    assert run(["drivers", "--drivers", tmp_path]).returncode == 0


def test_text_keeps_to_eighty_columns_and_a_pipe_gets_no_colour():
    done = run(["test", "--input", "-"], stdin=json.dumps(closed()))
    assert "\033" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80, done.stdout
    assert done.stdout.splitlines()[0].startswith("orders: FAILED at tcp after ")


def test_a_host_that_cannot_be_a_host_is_refused():
    for host in ("a,b", "a/b", "http://a", "[::1]", "a b", "a..b", "a:5432", "1.2.3", "a\tb", "-" * 64):
        report = verdict(jdbc(HOST=host, PORT="5432", JDBC_ENGINE="postgresql", USERNAME="u", PASSWORD="p"))
        assert report["code"] == "INVALID_INPUT" and "ConnectionProperties.HOST" in report["reason"], host
