# SPDX-License-Identifier: Apache-2.0
"""ENCRYPTED_PASSWORD through KMS, and certificates that lie in S3."""
import base64
import json

import pytest

from support.aws import CANARY, REGION, Front, Moto, environment, json_answer, json_fault, slowly, xml_fault
from support.program import certificates, jdbc, stages, verdict

ENCRYPTED = "ConnectionProperties.ENCRYPTED_PASSWORD"
CERT = "ConnectionProperties.CUSTOM_JDBC_CERT"
ACCOUNT = "123456789012"
CA = (certificates() / "ca.pem").read_bytes()


@pytest.fixture(scope="module")
def moto():
    with Moto() as running:
        kms = running.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]

        def encrypt(plaintext, **context):
            blob = kms.encrypt(KeyId=key, Plaintext=plaintext, EncryptionContext=context)["CiphertextBlob"]
            return base64.b64encode(blob).decode()
        running.encrypted = {"plain": encrypt("pw-app"), "context": encrypt("pw-app", glue_catalog_id=ACCOUNT),
                             "other": encrypt("pw-app", glue_catalog_id="999999999999"), "binary": encrypt(b"\xff\xfe"),
                             "nul": encrypt(b"a\0b"), "wrong": encrypt(CANARY)}
        s3 = running.client("s3")
        s3.create_bucket(Bucket="certs", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.create_bucket(Bucket="dotted.certs", CreateBucketConfiguration={"LocationConstraint": REGION})
        for name in KEYS:
            s3.put_object(Bucket="certs", Key=name, Body=CA)
        s3.put_object(Bucket="dotted.certs", Key="ca.pem", Body=CA)
        s3.put_object(Bucket="certs", Key="ecdsa.pem", Body=(certificates() / "bad-ecdsa.pem").read_bytes())
        s3.put_object(Bucket="certs", Key="page.html", Body=b"<html></html>")
        s3.put_object(Bucket="certs", Key="empty.pem", Body=b"")
        running.reader = running.user("reader", "kms:Decrypt", "s3:GetObject")
        running.nobody = running.user("nobody")
        running.make_strict()
        yield running


KEYS = ["ca.pem", "a b+c.pem", "ümlaut/密.pem", "double//slash.pem", "dots/../x.pem", "per%20cent&=?#.pem", "UPPER~-_.pem"]


@pytest.fixture(scope="module")
def aws(moto):
    with Front(moto.url()) as front:
        yield front


def encrypted(server, value, **more):
    return jdbc(JDBC_CONNECTION_URL=server.url(), USERNAME="app", ENCRYPTED_PASSWORD=value, **more)


def certified(server, location, **more):
    return jdbc(JDBC_CONNECTION_URL=server.url(), USERNAME="app", PASSWORD="pw-app", JDBC_ENFORCE_SSL="true",
                CUSTOM_JDBC_CERT=location, **more)


def tried(connection, url, keys=("AKIDEXAMPLE", CANARY), **options):
    report = verdict(connection, environment=environment(url, keys), **options)
    assert CANARY not in json.dumps(report)
    return report


def expect(report, code, *words, stage="credentials", blamed=ENCRYPTED):
    assert (report["code"], report["stage"], report["property"]) == (code, stage, blamed), report
    for word in words:
        assert word in report["reason"], (word, report["reason"])
    assert report["remedy"] and stages(report)["dns"] == "not reached"


# KMS

def test_a_ciphertext_without_context_takes_one_call(server, moto, aws):
    aws.seen.clear()
    report = tried(encrypted(server, moto.encrypted["plain"]), aws.url(), moto.reader)
    assert report["exit"] == 0, report
    assert aws.calls() == ["kms:Decrypt"] and "arn:aws:kms" in report["stages"][1]["facts"]["decrypted_by"]


def test_the_documented_context_is_tried_next(server, moto, aws):
    report = tried(encrypted(server, moto.encrypted["context"]), aws.url(), moto.reader)
    assert report["exit"] == 0, report
    assert "glue_catalog_id" in report["stages"][1]["facts"]["decrypted_by"]


def test_the_ciphertext_goes_before_a_password(server, moto, aws):
    assert tried(encrypted(server, moto.encrypted["plain"], PASSWORD=CANARY), aws.url(), moto.reader)["exit"] == 0
    report = tried(encrypted(server, moto.encrypted["wrong"], PASSWORD="pw-app"), aws.url(), moto.reader)
    assert report["code"] == "LOGIN_REFUSED"


@pytest.mark.parametrize("which, code, words", [
    ("other", "DECRYPT_FAILED", ["InvalidCiphertextException", "glue_catalog_id=" + ACCOUNT]),
    ("binary", "DECRYPT_FAILED", ["no text"]),
    ("nul", "DECRYPT_FAILED", ["no text"]),
])
def test_what_decrypts_to_nothing_usable(server, moto, aws, which, code, words):
    expect(tried(encrypted(server, moto.encrypted[which]), aws.url(), moto.reader), code, *words)


@pytest.mark.parametrize("value, words", [("not base64!", ["no Base64"]), ("YQ", ["no Base64"]),
                                          (base64.b64encode(b"garbage" * 10).decode(), ["does not exist in this region"]),
                                          (base64.b64encode(b"short").decode(), ["InvalidCiphertext"])])
def test_what_is_no_ciphertext(server, moto, aws, value, words):
    expect(tried(encrypted(server, value), aws.url(), moto.reader), "DECRYPT_FAILED", *words)


def test_no_right_to_decrypt(server, moto, aws):
    expect(tried(encrypted(server, moto.encrypted["plain"]), aws.url(), moto.nobody), "SECRET_DENIED", "kms:Decrypt",
           "user/nobody")


@pytest.mark.parametrize("answer, code, words", [
    (json_fault("InvalidCiphertextException", ""), "DECRYPT_FAILED", ["no ciphertext of a KMS key"]),
    (json_fault("DisabledException", "arn:aws:kms:..:key/x is disabled."), "DECRYPT_FAILED", ["is disabled"]),
    (json_fault("KMSInvalidStateException", "key/x is pending deletion."), "DECRYPT_FAILED", ["pending deletion"]),
    (json_fault("NotFoundException", "Key 'x' does not exist"), "DECRYPT_FAILED", ["does not exist"]),
    (json_fault("KMSInternalException", "", 500), "SERVER_BUSY", ["gives no reason", "500"]),
    (json_answer(KeyId="k"), "DECRYPT_FAILED", ["no plaintext"]),
    (json_answer(KeyId="k", Plaintext="$$$"), "DECRYPT_FAILED", ["no plaintext"]),
    ((200, {}, b"<html>"), "WRONG_PROTOCOL", ["not KMS"]),
])
def test_every_answer_of_kms_has_its_code(server, moto, answer, code, words):
    with Front(answer=lambda request: answer if request.service == "kms" else None) as front:
        expect(tried(encrypted(server, moto.encrypted["plain"]), front.url()), code, *words)


# S3

@pytest.mark.parametrize("key", KEYS)
def test_a_certificate_in_s3(server, moto, aws, key):
    report = tried(certified(server, f"s3://certs/{key}"), aws.url(), moto.reader)
    assert report["exit"] == 0 and report["tls"]["verified"], report


@pytest.mark.parametrize("location", ["S3://certs/ca.pem", "s3://dotted.certs/ca.pem"])
def test_other_places(server, moto, aws, location):
    assert tried(certified(server, location), aws.url(), moto.reader)["exit"] == 0


@pytest.mark.parametrize("location, code, words, stage", [
    ("s3://certs/nosuch.pem", "FILE_UNREADABLE", ["s3://certs/nosuch.pem", "NoSuchKey", "404"], "credentials"),
    ("s3://nosuch-bucket/ca.pem", "FILE_UNREADABLE", ["nosuch-bucket", "NoSuchBucket"], "credentials"),
    ("s3://certs", "INVALID_INPUT", ["no key", "s3://BUCKET/KEY"], "input"),
    ("s3://certs/", "INVALID_INPUT", ["no key", "s3://BUCKET/KEY"], "input"),
    ("s3:///ca.pem", "INVALID_INPUT", ["no bucket", "s3://BUCKET/KEY"], "input"),
    ("s3://certs/ecdsa.pem", "CERT_ALGORITHM", ["s3://certs/ecdsa.pem"], "certificate"),
    ("s3://certs/page.html", "CERT_UNREADABLE", ["s3://certs/page.html"], "certificate"),
    ("s3://certs/empty.pem", "CERT_UNREADABLE", ["s3://certs/empty.pem"], "certificate"),
])
def test_what_is_no_certificate_in_s3(server, moto, aws, location, code, words, stage):
    expect(tried(certified(server, location), aws.url(), moto.reader), code, *words, stage=stage, blamed=CERT)


def test_no_right_to_the_file(server, moto, aws):
    expect(tried(certified(server, "s3://certs/ca.pem"), aws.url(), moto.nobody), "SECRET_DENIED", "s3://certs/ca.pem",
           "AccessDenied", "403", blamed=CERT)
    expect(tried(certified(server, "s3://certs/ca.pem"), aws.url(), ("AKIDUNKNOWN", CANARY)), "SECRET_DENIED",
           "InvalidAccessKeyId", blamed=CERT)


@pytest.mark.parametrize("redirect", [
    xml_fault("PermanentRedirect", "use another endpoint", 301, Bucket="certs"),
    xml_fault("AuthorizationHeaderMalformed", "the region 'eu-west-1' is wrong; expecting 'ap-south-1'", 400,
              Region="ap-south-1"),
    (400, {"x-amz-bucket-region": "ap-south-1", "x-amz-request-id": "x"}, b""),
])
def test_the_buckets_own_region_is_followed_once(server, redirect):
    status, headers, body = redirect
    if status == 301:
        headers = {**headers, "x-amz-bucket-region": "ap-south-1"}

    def behave(request):
        return (200, {}, CA) if request.region == "ap-south-1" else (status, headers, body)
    with Front(answer=behave) as front:
        report = tried(certified(server, "s3://certs/ca.pem"), front.url())
        assert report["exit"] == 0, report
        assert report["stages"][1]["facts"]["bucket_region"] == "ap-south-1" and len(front.seen) == 2
    with Front(answer=lambda request: (status, {**headers, "x-amz-bucket-region": "ap-south-1"}, body)) as front:
        report = tried(certified(server, "s3://certs/ca.pem"), front.url())
        assert report["stage"] == "credentials" and len(front.seen) == 2


@pytest.mark.parametrize("answer, code, words", [
    (xml_fault("SlowDown", "Please reduce your request rate.", 503), "SERVER_BUSY", ["SlowDown", "reduce your request rate"]),
    ((200, {}, b"x" * (17 << 20)), "FILE_UNREADABLE", ["larger than 16777216 bytes"]),
    ((301, {"Location": "http://127.0.0.1:1/"}, b""), "WRONG_PROTOCOL", ["301"]),
    (slowly(3, (200, {}, CA)), "TIMED_OUT", ["s3://certs/ca.pem"]),
])
def test_what_answers_instead_of_s3(server, answer, code, words):
    with Front(answer=answer if callable(answer) else lambda request: answer) as front:
        expect(tried(certified(server, "s3://certs/ca.pem"), front.url(), timeout="1500ms"), code, *words, blamed=CERT)
