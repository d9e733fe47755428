# SPDX-License-Identifier: Apache-2.0
"""ConnectionPasswordEncryption: passwords that are stored as ciphertexts of a KMS key, and tested by name."""
import json

import pytest

from support.aws import CANARY, Front, Moto, environment, json_answer, json_fault
from support.program import jdbc, run


@pytest.fixture(scope="module")
def moto():
    with Moto() as running:
        key = running.client("kms").create_key()["KeyMetadata"]
        running.key, running.arn = key["KeyId"], key["Arn"]
        running.writer = running.user("writer", "kms:Encrypt", "kms:Decrypt")
        running.nobody = running.user("nobody")
        running.make_strict()
        yield running


@pytest.fixture()
def catalog(tmp_path):
    return f"sqlite:{tmp_path}/catalog.db"


def connections(*arguments, url, keys, stdin=None):
    done = run(["connections", *arguments], stdin=stdin and json.dumps(stdin), environment=environment(url, keys))
    assert CANARY not in done.stdout + done.stderr
    return done


def stored(catalog, url, keys, name="orders"):
    done = connections("get", name, "--show-password", "-o", "json", "--catalog", catalog, url=url, keys=keys)
    return json.loads(done.stdout)["Connection"]["ConnectionProperties"]


def test_a_password_is_stored_encrypted_and_the_connection_works(server, moto, catalog):
    definition = jdbc(JDBC_CONNECTION_URL=server.url(), USERNAME="app", PASSWORD="pw-app")
    with Front(moto.url()) as front:
        for key in (moto.key, moto.arn):
            command = "create" if key == moto.key else "update"
            done = connections(command, "--input", "-", "--encrypt-passwords", key, "--catalog", catalog, url=front.url(),
                               keys=moto.writer, stdin=definition)
            assert done.returncode == 0, done.stderr
            properties = stored(catalog, front.url(), moto.writer)
            assert "PASSWORD" not in properties and len(properties["ENCRYPTED_PASSWORD"]) > 60
            hidden = connections("get", "orders", "--catalog", catalog, url=front.url(), keys=moto.writer)
            assert properties["ENCRYPTED_PASSWORD"] not in hidden.stdout
            tested = run(["test", "orders", "-o", "json", "--catalog", catalog], environment=environment(front.url(), moto.writer))
            assert tested.returncode == 0, tested.stdout


def test_every_password_that_has_an_encrypted_form(moto, catalog):
    kafka = {"Name": "k", "ConnectionType": "KAFKA", "ConnectionProperties": {
        "KAFKA_BOOTSTRAP_SERVERS": "h:9092", "KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_SASL_PLAIN_USERNAME": "u",
        "KAFKA_SASL_PLAIN_PASSWORD": CANARY, "KAFKA_CLIENT_KEYSTORE": "/k", "KAFKA_CLIENT_KEYSTORE_PASSWORD": CANARY,
        "KAFKA_CLIENT_KEY_PASSWORD": "${env:KEY_PASSWORD}"}}
    with Front(moto.url()) as front:
        done = connections("create", "--input", "-", "--encrypt-passwords", moto.key, "--catalog", catalog, url=front.url(),
                           keys=moto.writer, stdin=kafka)
        assert done.returncode == 0, done.stderr
        properties = stored(catalog, front.url(), moto.writer, "k")
        assert set(properties) == {"KAFKA_BOOTSTRAP_SERVERS", "KAFKA_SASL_MECHANISM", "KAFKA_SASL_PLAIN_USERNAME",
                                   "ENCRYPTED_KAFKA_SASL_PLAIN_PASSWORD", "KAFKA_CLIENT_KEYSTORE",
                                   "ENCRYPTED_KAFKA_CLIENT_KEYSTORE_PASSWORD", "KAFKA_CLIENT_KEY_PASSWORD"}
        assert properties["KAFKA_CLIENT_KEY_PASSWORD"] == "${env:KEY_PASSWORD}"
        assert front.calls() == ["kms:Encrypt", "kms:Encrypt"]


def test_nothing_to_encrypt_asks_nobody(catalog):
    definition = jdbc(JDBC_CONNECTION_URL="jdbc:postgresql://h/d", USERNAME="app", PASSWORD="${env:SECRET}")
    done = connections("create", "--input", "-", "--encrypt-passwords", "k", "--catalog", catalog, url="http://127.0.0.1:1",
                       keys=None, stdin=definition)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("who, answer, words", [
    ("nobody", None, ["SECRET_DENIED", "kms:Encrypt", "user/nobody"]),
    ("writer", json_fault("NotFoundException", "Key 'k' does not exist"), ["DECRYPT_FAILED", "does not exist"]),
    ("writer", json_answer(KeyId="k"), ["no ciphertext"]),
    (None, None, ["AWS_CREDENTIALS_MISSING"]),
])
def test_without_a_ciphertext_nothing_is_stored(moto, catalog, who, answer, words):
    definition = jdbc(JDBC_CONNECTION_URL="jdbc:postgresql://h/d", USERNAME="app", PASSWORD=CANARY)
    with Front(moto.url(), lambda request: answer) as front:
        keys = getattr(moto, who) if who else None
        done = run(["connections", "create", "--input", "-", "--encrypt-passwords", moto.key, "--catalog", catalog],
                   stdin=json.dumps(definition), environment=environment(front.url(), keys, AWS_EC2_METADATA_DISABLED="true"))
        assert done.returncode == 1 and CANARY not in done.stdout + done.stderr
        assert "orders: " in done.stderr and all(word in done.stderr for word in words), done.stderr
        assert json.loads(connections("list", "-o", "json", "--catalog", catalog, url=None, keys=None).stdout)["ConnectionList"] == []
