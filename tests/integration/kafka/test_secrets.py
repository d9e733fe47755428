# SPDX-License-Identifier: Apache-2.0
"""What a Kafka connection keeps in AWS: SCRAM secrets, encrypted passwords, and CA and keystore in S3."""
import base64
import json

import pytest

from support.aws import REGION, Front, Moto, environment
from support.kafka import Kafka, Listener, ingredient
from support.program import certificates, verdict

CA = certificates() / "ca.pem"


@pytest.fixture(scope="module")
def moto():
    with Moto() as running:
        kms, s3, secrets = running.client("kms"), running.client("s3"), running.client("secretsmanager")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        running.encrypted = {name: base64.b64encode(kms.encrypt(KeyId=key, Plaintext=name)["CiphertextBlob"]).decode()
                             for name in ("pw-app", "storepw", "key-pw-2")}
        s3.create_bucket(Bucket="kafka", CreateBucketConfiguration={"LocationConstraint": REGION})
        for name, content in {"ca.pem": CA, "client.jks": ingredient("keystores") / "client.jks",
                              "key-password.jks": ingredient("keystores") / "key-password.jks"}.items():
            s3.put_object(Bucket="kafka", Key=name, Body=content.read_bytes())
        running.arn = {name: secrets.create_secret(Name=f"AmazonMSK_{name}", SecretString=json.dumps(
            {"username": "app", "password": password}))["ARN"] for name, password in (("right", "pw-app"), ("wrong", "c4nary"))}
        running.reader = running.user("reader", "kms:Decrypt", "s3:GetObject", "secretsmanager:GetSecretValue")
        running.make_strict()
        yield running


@pytest.fixture(scope="module")
def aws(moto):
    with Front(moto.url()) as front:
        yield front


@pytest.fixture(scope="module")
def broker():
    with Kafka({"SS": Listener("SASL_SSL", certificate="good", mechanisms=["PLAIN", "SCRAM-SHA-512"]),
                "MUTUAL": Listener("SSL", certificate="good", clients="required")}) as one:
        yield one


def attempt(broker, moto, aws, listener="SS", **given):
    definition = {"Name": "k", "ConnectionType": "KAFKA", "ConnectionProperties": {
        "KAFKA_BOOTSTRAP_SERVERS": broker.at(listener), "KAFKA_CUSTOM_CERT": "s3://kafka/ca.pem", **given}}
    report = verdict(definition, environment=environment(aws.url(), moto.reader))
    assert "c4nary" not in json.dumps(report)
    return report


@pytest.mark.parametrize("mechanism, key", [("SCRAM-SHA-512", "KAFKA_SASL_SCRAM_SECRETS_ARN"), ("SCRAM-SHA-512", "SECRET_ID"),
                                            ("PLAIN", "SECRET_ID")])
def test_the_login_comes_from_a_secret(broker, moto, aws, mechanism, key):
    report = attempt(broker, moto, aws, KAFKA_SASL_MECHANISM=mechanism, **{key: moto.arn["right"]})
    assert report["status"] == "ok" and report["target"]["user"] == "app", report
    report = attempt(broker, moto, aws, KAFKA_SASL_MECHANISM=mechanism, **{key: moto.arn["wrong"]})
    assert (report["code"], report["stage"], report["property"]) == ("LOGIN_REFUSED", "login", f"ConnectionProperties.{key}"), report


@pytest.mark.parametrize("mechanism, infix", [("PLAIN", "PLAIN"), ("SCRAM-SHA-512", "SCRAM")])
def test_an_encrypted_password_goes_before_one_in_the_clear(broker, moto, aws, mechanism, infix):
    report = attempt(broker, moto, aws, KAFKA_SASL_MECHANISM=mechanism, **{
        f"KAFKA_SASL_{infix}_USERNAME": "app", f"KAFKA_SASL_{infix}_PASSWORD": "c4nary",
        f"ENCRYPTED_KAFKA_SASL_{infix}_PASSWORD": moto.encrypted["pw-app"]})
    assert report["status"] == "ok", report
    assert any(finding["property"].endswith(f".KAFKA_SASL_{infix}_PASSWORD") for finding in report["findings"])


def test_a_keystore_of_s3_with_encrypted_passwords(broker, moto, aws):
    report = attempt(broker, moto, aws, "MUTUAL", KAFKA_CLIENT_KEYSTORE="s3://kafka/client.jks",
                     ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD=moto.encrypted["storepw"])
    assert report["status"] == "ok", report
    report = attempt(broker, moto, aws, "MUTUAL", KAFKA_CLIENT_KEYSTORE="s3://kafka/key-password.jks",
                     ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD=moto.encrypted["storepw"],
                     ENCRYPTED_KAFKA_CLIENT_KEY_PASSWORD=moto.encrypted["key-pw-2"])
    assert report["status"] == "ok", report


def test_what_is_missing_is_named(broker, moto, aws):
    report = attempt(broker, moto, aws, "MUTUAL", KAFKA_CLIENT_KEYSTORE="s3://kafka/gone.jks", KAFKA_CLIENT_KEYSTORE_PASSWORD="x")
    assert report["stage"] == "credentials" and report["property"] == "ConnectionProperties.KAFKA_CLIENT_KEYSTORE", report
    assert "s3://kafka/gone.jks" in report["reason"]
    report = attempt(broker, moto, aws, KAFKA_SASL_MECHANISM="SCRAM-SHA-512", KAFKA_SASL_SCRAM_SECRETS_ARN="AmazonMSK_gone")
    assert (report["code"], report["stage"]) == ("SECRET_MISSING", "credentials"), report
