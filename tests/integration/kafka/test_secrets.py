# SPDX-License-Identifier: Apache-2.0
"""What a Kafka connection keeps in AWS: SCRAM secrets, encrypted passwords, and CA and keystore in S3."""
import base64
import json

import pytest

from support.aws import REGION, Front, Moto, environment
from support.kafka import Kafka, Listener, ingredient
from support.kdc import KDC, REALM
from support.program import certificates, verdict

CA = certificates() / "ca.pem"


@pytest.fixture(scope="module")
def kdc():
    with KDC() as one:
        yield one


@pytest.fixture(scope="module")
def moto(kdc):
    with Moto() as running:
        kms, s3, secrets = running.client("kms"), running.client("s3"), running.client("secretsmanager")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        running.encrypted = {name: base64.b64encode(kms.encrypt(KeyId=key, Plaintext=name)["CiphertextBlob"]).decode()
                             for name in ("pw-app", "storepw", "key-pw-2")}
        s3.create_bucket(Bucket="kafka", CreateBucketConfiguration={"LocationConstraint": REGION})
        for name, content in {"ca.pem": CA, "client.jks": ingredient("keystores") / "client.jks",
                              "key-password.jks": ingredient("keystores") / "key-password.jks",
                              "app.keytab": kdc.keytab("app"), "krb5.conf": kdc.conf}.items():
            s3.put_object(Bucket="kafka", Key=name, Body=content.read_bytes())
        running.arn = {name: secrets.create_secret(Name=f"AmazonMSK_{name}", SecretString=json.dumps(
            {"username": "app", "password": password}))["ARN"] for name, password in (("right", "pw-app"), ("wrong", "c4nary"))}
        running.arn["nameless"] = secrets.create_secret(Name="AmazonMSK_nameless", SecretString=json.dumps(
            {"user": "app", "password": "c4nary"}))["ARN"]
        running.stranger = running.user("stranger", "s3:GetObject")
        running.reader = running.user("reader", "kms:Decrypt", "s3:GetObject", "secretsmanager:GetSecretValue")
        running.make_strict()
        yield running


@pytest.fixture(scope="module")
def aws(moto):
    with Front(moto.url()) as front:
        yield front


@pytest.fixture(scope="module")
def broker(kdc):
    jaas = {"GSSAPI": "com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true isInitiator=false "
                      f'doNotPrompt=true keyTab="{kdc.keytab("kafka")}" principal="kafka/localhost@{REALM}";'}
    with Kafka({"SS": Listener("SASL_SSL", certificate="good", mechanisms=["PLAIN", "SCRAM-SHA-512"]),
                "KERBEROS": Listener("SASL_SSL", certificate="good", mechanisms=["GSSAPI"], jaas=jaas),
                "MUTUAL": Listener("SSL", certificate="good", clients="required")},
               jvm=[f"-Djava.security.krb5.conf={kdc.conf}"]) as one:
        yield one


def attempt(broker, moto, aws, listener="SS", identity=None, **given):
    definition = {"Name": "k", "ConnectionType": "KAFKA", "ConnectionProperties": {
        "KAFKA_BOOTSTRAP_SERVERS": broker.at(listener), "KAFKA_CUSTOM_CERT": "s3://kafka/ca.pem", **given}}
    report = verdict(definition, environment=environment(aws.url(), identity or moto.reader))
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


def test_keytab_and_krb5_conf_of_s3(broker, moto, aws):
    given = {"KAFKA_SASL_MECHANISM": "GSSAPI", "KAFKA_SASL_GSSAPI_SERVICE": "kafka", "KAFKA_SASL_GSSAPI_PRINCIPAL": "app",
             "KAFKA_SASL_GSSAPI_KEYTAB": "s3://kafka/app.keytab", "KAFKA_SASL_GSSAPI_KRB5_CONF": "s3://kafka/krb5.conf"}
    report = attempt(broker, moto, aws, "KERBEROS", **given)
    assert report["status"] == "ok", report
    report = attempt(broker, moto, aws, "KERBEROS", **{**given, "KAFKA_SASL_GSSAPI_KRB5_CONF": "s3://kafka/ca.pem"})
    assert (report["code"], report["stage"], report["property"]) == (
        "FILE_UNREADABLE", "credentials", "ConnectionProperties.KAFKA_SASL_GSSAPI_KRB5_CONF"), report
    assert "s3://kafka/ca.pem" in report["reason"]


PASSWORDS = [("ENCRYPTED_KAFKA_SASL_PLAIN_PASSWORD", {"KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_PLAIN_USERNAME": "app"}),
             ("ENCRYPTED_KAFKA_SASL_SCRAM_PASSWORD", {"KAFKA_SASL_MECHANISM": "SCRAM-SHA-512", "KAFKA_SASL_SCRAM_USERNAME": "app"}),
             ("ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD", {"KAFKA_CLIENT_KEYSTORE": "s3://kafka/client.jks"}),
             ("ENCRYPTED_KAFKA_CLIENT_KEY_PASSWORD", {"KAFKA_CLIENT_KEYSTORE": "s3://kafka/key-password.jks",
                                                      "KAFKA_CLIENT_KEYSTORE_PASSWORD": "storepw"})]


@pytest.mark.parametrize("name, given", PASSWORDS)
def test_a_password_that_kms_does_not_decrypt_is_named(broker, moto, aws, name, given):
    report = attempt(broker, moto, aws, **given, **{name: base64.b64encode(b"no ciphertext").decode()})
    assert (report["code"], report["stage"], report["property"]) == ("DECRYPT_FAILED", "credentials", f"ConnectionProperties.{name}"), report
    report = attempt(broker, moto, aws, identity=moto.stranger, **given, **{name: moto.encrypted["pw-app"]})
    assert (report["code"], report["stage"], report["property"]) == ("SECRET_DENIED", "credentials", f"ConnectionProperties.{name}"), report
    assert "kms:Decrypt" in report["reason"] and "AccessDenied" in report["reason"], report["reason"]


def test_a_decrypted_password_may_be_wrong(broker, moto, aws):
    report = attempt(broker, moto, aws, KAFKA_SASL_MECHANISM="SCRAM-SHA-512", KAFKA_SASL_SCRAM_USERNAME="app",
                     ENCRYPTED_KAFKA_SASL_SCRAM_PASSWORD=moto.encrypted["storepw"])
    assert (report["code"], report["stage"]) == ("LOGIN_REFUSED", "login") and "storepw" not in json.dumps(report), report
    report = attempt(broker, moto, aws, "MUTUAL", KAFKA_CLIENT_KEYSTORE="s3://kafka/client.jks",
                     ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD=moto.encrypted["pw-app"])
    assert (report["code"], report["stage"]) == ("KEYSTORE_INVALID", "credentials"), report
    assert report["property"] == "ConnectionProperties.ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD", report


def test_a_scram_secret_without_a_login_says_what_it_has(broker, moto, aws):
    report = attempt(broker, moto, aws, KAFKA_SASL_MECHANISM="SCRAM-SHA-512", KAFKA_SASL_SCRAM_SECRETS_ARN=moto.arn["nameless"])
    assert (report["code"], report["stage"], report["property"]) == (
        "SECRET_FORMAT", "credentials", "ConnectionProperties.KAFKA_SASL_SCRAM_SECRETS_ARN"), report
    assert "username" in report["reason"] and "user, password" in report["reason"], report["reason"]
    report = attempt(broker, moto, aws, identity=moto.stranger, KAFKA_SASL_MECHANISM="SCRAM-SHA-512",
                     KAFKA_SASL_SCRAM_SECRETS_ARN=moto.arn["right"])
    assert (report["code"], report["stage"]) == ("SECRET_DENIED", "credentials"), report
