# SPDX-License-Identifier: Apache-2.0
"""`testconn cert check` from outside: every kind of file, every rule, exit codes, the JSON and its schema."""
import gzip
import json
import os
import pathlib
import socket
import subprocess
import time
import zipfile

import jsonschema
import pytest

from support.program import ROOT, certificates, jdbc, run, verdict

SCHEMA = json.loads((ROOT / "share" / "schema" / "certificates.schema.json").read_text())
MADE = certificates()
SYSTEM = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")


def check(*arguments, code=None, stdin=None):
    """The elements of "files", and the exit code."""
    done = run(["cert", "check", "-o", "json", *arguments], stdin=stdin)
    assert done.stderr == "", done.stderr
    document = json.loads(done.stdout)
    jsonschema.validate(document, SCHEMA)
    failed = sum(file["status"] == "failed" for file in document["files"])
    assert document["summary"] == {"ok": len(document["files"]) - failed, "failed": failed}
    assert done.returncode == (1 if failed else 0)
    assert code is None or done.returncode == code
    return document["files"]


def rules(file):
    return {(finding["rule"], finding["severity"]) for finding in file["findings"]}


@pytest.mark.parametrize("name, code, words", [
    ("bad-ecdsa.pem", "CERT_ALGORITHM", ["SHA256withECDSA", "SHA256withRSA"]),
    ("bad-sha1.pem", "CERT_ALGORITHM", ["SHA1withRSA"]), ("bad-pss.pem", "CERT_ALGORITHM", ["RSASSA-PSS"]),
    ("bad-rsa1024.pem", "CERT_KEY_TOO_SHORT", ["1024", "2048"]),
    ("bad-der.crt", "CERT_UNREADABLE", ["DER"]), ("bad-pkcs7.p7b", "CERT_UNREADABLE", ["PKCS#7"]),
    ("bad-pkcs7-der.p7b", "CERT_UNREADABLE", ["PKCS#7"]), ("bad-pkcs12.p12", "CERT_UNREADABLE", ["PKCS#12"]),
    ("bad-keystore.jks", "CERT_UNREADABLE", ["JKS"]), ("bad-keystore.jceks", "CERT_UNREADABLE", ["JCEKS"]),
    ("bad-key.pem", "CERT_UNREADABLE", ["private key"]),
    ("bad-encrypted-key.pem", "CERT_UNREADABLE", ["encrypted private key"]),
    ("bad-public.pem", "CERT_UNREADABLE", ["public key"]), ("bad-ssh.pub", "CERT_UNREADABLE", ["SSH"]),
    ("bad-csr.pem", "CERT_UNREADABLE", ["request"]), ("bad-crl.pem", "CERT_UNREADABLE", ["revocation list"]),
    ("bad-page.html", "CERT_UNREADABLE", ["page"]), ("bad-json.json", "CERT_UNREADABLE", ["JSON"]),
    ("bad-truncated.pem", "CERT_UNREADABLE", ["cut off"]), ("bad-empty.pem", "CERT_UNREADABLE", ["empty"]),
    ("bad-rubbish", "CERT_UNREADABLE", ["neither"]), ("bad-second.pem", "CERT_UNREADABLE", ["certificate 2"]),
    ("bad-utf16.pem", "CERT_UNREADABLE", ["UTF-16"]), ("bad-utf16-without-mark.pem", "CERT_UNREADABLE", ["UTF-16"]),
    ("bad-base64.pem", "CERT_UNREADABLE", ["Base64", "BEGIN CERTIFICATE"]),
    ("bad-signature.pem", "TLS_UNTRUSTED", ["names itself as its issuer"]),
    ("expired.pem", "TLS_EXPIRED", ["2021-01-01T00:00:00Z"]), ("not-yet-valid.pem", "TLS_NOT_YET_VALID", ["2090-01-01"]),
    ("rsa1024.pem", "CERT_KEY_TOO_SHORT", ["1024"]), ("sha1.pem", "CERT_ALGORITHM", ["SHA1withRSA"]),
    ("no-cert-sign.pem", "TLS_UNTRUSTED", ["keyCertSign"]),
])
def test_what_is_wrong_is_told_with_its_code(name, code, words):
    [file] = check(MADE / name, code=1)
    assert (file["code"], file["status"]) == (code, "failed"), file
    for word in [name, *words]:
        assert word in file["reason"], file["reason"]
    text = run(["cert", "check", MADE / name])
    assert text.returncode == 1 and f"FAILED: {code}" in text.stdout and "To fix it: " in text.stdout
    assert max(map(len, text.stdout.splitlines()[1:])) <= 80, text.stdout


@pytest.mark.parametrize("name", ["ca", "other-ca", "intermediate", "self-signed", "chain", "with-text", "crlf", "bom"])
def test_what_is_right_passes_whatever_its_lines_look_like(name):
    [file] = check(MADE / f"{name}.pem", code=0)
    assert not {severity for _, severity in rules(file)} & {"warning", "error"}, file["findings"]
    text = run(["cert", "check", MADE / f"{name}.pem"])
    assert text.returncode == 0 and ": ok: " in text.stdout


def test_each_certificate_is_described():
    [file] = check(MADE / "chain.pem")
    leaf, intermediate, root = file["certificates"]
    assert leaf["subject"] == "CN=localhost" and leaf["issuer"] == "CN=Test Intermediate CA"
    assert leaf["sans"] == ["localhost", "127.0.0.1", "::1"] and leaf["ca"] is False and leaf["key"] == "RSA 2048"
    assert (leaf["signed_by"], intermediate["signed_by"], root["self_signed"]) == (2, 3, True)
    assert intermediate["key_usage"] == ["keyCertSign"] and intermediate["ca"] and not intermediate["self_signed"]
    assert 7000 < root["days_to_expiry"] <= 7300 and root["signature_algorithm"] == "SHA256withRSA"
    fingerprint = subprocess.run(["openssl", "x509", "-in", MADE / "ca.pem", "-noout", "-fingerprint", "-sha256", "-serial"],
                                 capture_output=True, text=True, check=True).stdout
    assert root["sha256"].upper() in fingerprint.replace(":", "") and root["serial"] in fingerprint
    assert (file["order"], file["leaf"], file["verified"]) == ("leaf first", 1, True)


@pytest.mark.parametrize("name, order, expected", [
    ("root-first", "root first", ("chain-order", "right order here is 3, 2, 1")),
    ("mixed", "mixed", ("chain-order", "right order here is 1, 3, 2")),
    ("gap", "bundle", ("chain-issuer-missing", "an intermediate certificate is missing")),
    ("twice", "mixed", ("certificate-duplicate", "certificate 2 (CN=localhost) is the same as certificate 1")),
    ("unrelated", "mixed", ("chain-unrelated", "certificate 4 (CN=Other CA")),
    ("with-key", "single", ("private-key-in-file", "private key")),
    ("good", "single", ("not-a-ca", "serves only for a server")),
])
def test_the_chain_is_told_without_failing(name, order, expected):
    [file] = check(MADE / f"{name}.pem", code=0)
    assert file["order"] == order
    messages = {finding["rule"]: finding["message"] for finding in file["findings"] if finding["severity"] == "warning"}
    assert expected[0] in messages and expected[1] in messages[expected[0]], file["findings"]


def test_what_a_tls_client_would_say():
    [file] = check(MADE / "no-cert-sign.pem")
    assert file["verified"] is False and ("ca-without-cert-sign", "error") in rules(file)
    assert ("chain-not-verified", "warning") in rules(file)
    [file] = check(MADE / "rsa1024.pem", "--kafka")
    assert file["code"] == "TLS_WEAK" and "112" in file["reason"]
    [file] = check(MADE / "bad-sha1.pem")  # of a root the signature is not looked at
    assert ("tls-weak-signature", "note") in rules(file)
    [file] = check(MADE / "sha1.pem")
    assert ("tls-weak-signature", "error") in rules(file)


def test_a_self_signed_certificate_of_a_server_is_trusted_as_itself(tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "20", "-keyout", tmp_path / "key",
                    "-out", tmp_path / "own.pem", "-subj", "/CN=localhost", "-addext", "basicConstraints=CA:FALSE"],
                   check=True, capture_output=True)
    [file] = check(tmp_path / "own.pem", code=0)
    assert file["verified"] is True and file["leaf"] == 1 and file["certificates"][0]["self_signed"] is True
    assert rules(file) == {("not-a-ca", "warning"), ("certificate-expires-soon", "warning")}


def test_the_two_sets_of_rules():
    [file] = check(MADE / "bad-rsa1024.pem")
    assert ("ca-key-length", "error") in rules(file) and ("rules-differ", "note") in rules(file)
    assert file["certificates"][0]["accepted_by"] == ["kafka"] and file["rules"] == "jdbc"
    [file] = check("--kafka", MADE / "bad-rsa1024.pem")
    assert "ca-key-length" not in {rule for rule, _ in rules(file)} and file["rules"] == "kafka"
    assert [file["code"] for file in check("--kafka", MADE / "bad-ecdsa.pem")] == ["CERT_ALGORITHM"]
    assert check(MADE / "ca.pem")[0]["certificates"][0]["accepted_by"] == ["jdbc", "kafka"]


@pytest.mark.parametrize("name, host, fits", [
    ("good", "localhost", True), ("good", "127.0.0.1", True), ("good", "::1", True), ("good", "LOCALHOST", True),
    ("good", "db.example", False), ("no-ip", "127.0.0.1", False), ("cn-only", "localhost", True), ("cn-only", "127.0.0.1", False),
    ("wrong-name", "x.internal.example", True), ("wrong-name", "a.b.internal.example", False),
    ("wrong-name", "localhost", False), ("chain", "localhost", True), ("root-first", "localhost", True),
])
def test_the_name_is_checked_as_tls_does(name, host, fits):
    [file] = check(MADE / f"{name}.pem", "--name", host, code=0 if fits else 1)
    if not fits:
        assert file["code"] == "TLS_NAME_MISMATCH" and f'expected "{host}"' in file["reason"]


def test_the_report_of_a_test_says_the_same():
    report = verdict(jdbc(JDBC_CONNECTION_URL="jdbc:postgresql://127.0.0.1:1/orders", USERNAME="app", PASSWORD="pw",
                          CUSTOM_JDBC_CERT=str(MADE / "bad-ecdsa.pem")))
    [file] = check(MADE / "bad-ecdsa.pem")
    told = {(finding["rule"], finding["message"]) for finding in report["findings"] if finding["rule"].startswith("ca-")}
    assert told == {(finding["rule"], finding["message"]) for finding in file["findings"] if finding["rule"].startswith("ca-")}
    assert report["code"] == file["code"]
    report = verdict(jdbc(JDBC_CONNECTION_URL="jdbc:postgresql://127.0.0.1:1/orders", USERNAME="app", PASSWORD="pw",
                          CUSTOM_JDBC_CERT=str(MADE / "expired.pem")))
    found = {finding["rule"]: finding["severity"] for finding in report["findings"]}
    assert found["certificate-expired"] == found["not-a-ca"] == "warning" and report["code"] == "CONNECT_REFUSED"


def test_several_files_at_once_and_standard_input():
    files = check(MADE / "ca.pem", MADE / "bad-empty.pem", "/nonexistent", "-", stdin=(MADE / "ca.pem").read_text())
    assert [file["status"] for file in files] == ["ok", "failed", "failed", "ok"]
    assert files[2]["code"] == "FILE_UNREADABLE" and "/nonexistent" in files[2]["reason"]
    assert files[3]["name"] == "standard input"
    text = run(["cert", "check", MADE / "ca.pem", MADE / "bad-empty.pem"])
    assert text.returncode == 1 and "2 files: 1 ok, 1 failed." in text.stdout
    quiet = run(["cert", "check", "-q", MADE / "ca.pem", MADE / "bad-empty.pem"])
    assert quiet.stdout.startswith(str(MADE / "bad-empty.pem")) and run(["cert", "check", "-q", MADE / "ca.pem"]).stdout == ""


def test_files_that_are_none_are_told_in_time(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "large").write_bytes(b"x" * (17 << 20))
    began = time.monotonic()
    for path in (tmp_path, tmp_path / "fifo", "/dev/zero", tmp_path / "large"):
        [file] = check(path, code=1)
        assert file["code"] == "FILE_UNREADABLE" and str(path) in file["reason"]
    assert time.monotonic() - began < 8


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def test_other_things_of_openssl_and_archives_are_named(tmp_path):
    key, ca = tmp_path / "key.pem", tmp_path / "ca.pem"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", ca, "-subj", "/CN=ca", "-days", "30")
    openssl("req", "-new", "-key", key, "-subj", "/CN=x", "-outform", "DER", "-out", tmp_path / "request.der")
    openssl("rsa", "-in", key, "-RSAPublicKey_out", "-out", tmp_path / "public.pem")
    openssl("ecparam", "-name", "prime256v1", "-out", tmp_path / "curve.pem")
    settings = f"[ca]\ndefault_ca=d\n[d]\ndatabase={tmp_path}/index\ndefault_md=sha256\ndefault_crl_days=30\n"
    (tmp_path / "settings").write_text(settings)
    (tmp_path / "index").write_text("")
    openssl("ca", "-config", tmp_path / "settings", "-gencrl", "-keyfile", key, "-cert", ca, "-out", tmp_path / "crl.pem")
    openssl("crl", "-in", tmp_path / "crl.pem", "-outform", "DER", "-out", tmp_path / "crl.der")
    (tmp_path / "packed.gz").write_bytes(gzip.compress(ca.read_bytes()))
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        archive.write(ca)
    (tmp_path / "key.asc").write_text("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n")
    (tmp_path / "other.pem").write_text("-----BEGIN SOMETHING-----\nMIIB\n-----END SOMETHING-----\n")
    for name, words in {"request.der": "request in binary DER", "public.pem": "a public key", "curve.pem": "parameters", "packed.gz": "gzip",
                        "crl.der": "revocation list in binary DER", "packed.zip": "ZIP", "key.asc": "PGP", "other.pem": "of another kind"}.items():
        [file] = check(tmp_path / name, code=1)
        assert file["code"] == "CERT_UNREADABLE" and words in file["reason"] and name in file["reason"], file["reason"]


def test_a_url_is_read_where_it_names_a_file_of_this_host(tmp_path):
    [file] = check(f"file://{MADE / 'bad-key.pem'}", code=1)
    assert file["code"] == "CERT_UNREADABLE" and "private key" in file["reason"]
    for url in ("s3://bucket/ca.pem", "https://host.example/ca.pem", "file://host.example/ca.pem"):
        [file] = check(url, code=1)
        assert file["code"] == "FILE_UNREADABLE" and url in file["reason"] and "is a URL" in file["reason"], file


@pytest.mark.parametrize("arguments, words", [
    ([], "subcommand is missing"), (["chekc", "x"], "did you mean check"), (["check"], "no FILE"),
    (["check", "--kafak", "x"], "--kafka"), (["check", "-o", "ndjson", "x"], "none of text"), (["check", "--name", "", "x"], "--name"),
])
def test_wrong_usage_is_exit_2(arguments, words):
    done = run(["cert", *arguments])
    assert done.returncode == 2 and done.stdout == "" and words in done.stderr, done


def test_help_names_the_subcommand():
    done = run(["cert", "--help"])
    assert done.returncode == 0 and "cert check" in done.stdout
    done = run(["cert", "check", "--help"])
    assert done.returncode == 0 and done.stdout.startswith("testconn cert check") and "--kafka" in done.stdout
    assert "cert" in run(["--help"]).stdout


@pytest.mark.skipif(not SYSTEM.exists(), reason="this system has no bundle of roots")
def test_the_roots_of_a_system_are_checked_fast():
    began = time.monotonic()
    [file] = check("--kafka", SYSTEM)
    took = time.monotonic() - began
    assert len(file["certificates"]) > 50 and file["order"] == "bundle" and took < 3
    assert all(certificate["ca"] for certificate in file["certificates"])
    assert "chain-unrelated" not in {finding["rule"] for finding in file["findings"]}


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
@pytest.mark.parametrize("ca, connections", [(None, 1), ("ca.pem", 1), ("bad-ecdsa.pem", 0), ("missing.pem", 0)])
def test_a_server_is_connected_to_once_and_not_before_the_ca_is_right(engine, ca, connections):
    """The connection that is begun while the client library loads is the library's own, and as late as it may be."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        port = server.getsockname()[1]
        extra = {"CUSTOM_JDBC_CERT": str(MADE / ca)} if ca else {}
        definition = jdbc(JDBC_CONNECTION_URL=f"jdbc:{engine}://localhost:{port}/db", USERNAME="u", PASSWORD="p",
                          JDBC_ENFORCE_SSL="true", **extra)
        assert verdict(definition, timeout="500ms")["status"] == "failed"
        server.setblocking(False)
        seen = 0
        try:
            while True:
                server.accept()[0].close()
                seen += 1
        except BlockingIOError:
            pass
        assert seen == connections
