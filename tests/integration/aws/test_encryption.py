# SPDX-License-Identifier: Apache-2.0
"""ConnectionPasswordEncryption: passwords that are stored as ciphertexts of a KMS key, and tested by name."""
import concurrent.futures
import contextlib
import json
import time

import pytest

from support.aws import CANARY, Front, Moto, environment, json_answer, json_fault, slowly, use_packages
from support.processes import wait_until
from support.program import jdbc, run
from support.service import Service


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


# The same as a setting of the service.

def glue(service):
    use_packages()
    import boto3
    from botocore.config import Config
    return boto3.client("glue", region_name="eu-west-1", endpoint_url=service.url, aws_access_key_id="a",
                        aws_secret_access_key="b", config=Config(retries={"max_attempts": 0}))


@contextlib.contextmanager
def serving(url, keys, *arguments, **more):
    """A service whose agent calls AWS at URL; nothing secret may stand in its log."""
    variables = environment(url, keys, AWS_EC2_METADATA_DISABLED="true", **more)
    with Service(*arguments, environment={**dict.fromkeys(NOT_OURS, ""), **variables}) as service:
        yield service
        assert CANARY not in service.log.read_text()


NOT_OURS = ("AWS_PROFILE", "AWS_CA_BUNDLE", "HTTPS_PROXY", "https_proxy")


def properties_of(client, name, **more):
    return client.get_connection(Name=name, **more)["Connection"]["ConnectionProperties"]


def set_by_flag(key, folder):
    return ["--encrypt-passwords", key], {}


def set_by_file(key, folder):
    (folder / "serve.yaml").write_text(f"encrypt-passwords: {key}\n")
    return ["--config", folder / "serve.yaml"], {}


def set_by_variable(key, folder):
    return [], {"TESTCONN_ENCRYPT_PASSWORDS": key}


@pytest.mark.parametrize("how", [set_by_flag, set_by_file, set_by_variable])
def test_the_service_stores_ciphertexts_and_tests_by_them(server, moto, tmp_path, how):
    definition = jdbc(JDBC_CONNECTION_URL=server.url(), USERNAME="app", PASSWORD="pw-app")
    arguments, variables = how(moto.arn, tmp_path)
    with Front(moto.url()) as front, serving(front.url(), moto.writer, *arguments, **variables) as service:
        client = glue(service)
        assert client.create_connection(ConnectionInput=definition)["CreateConnectionStatus"] == "READY"
        first = properties_of(client, "orders")
        assert "PASSWORD" not in first and len(first["ENCRYPTED_PASSWORD"]) > 60
        hidden = properties_of(client, "orders", HidePassword=True)
        assert set(hidden) == {"JDBC_CONNECTION_URL", "USERNAME"}
        listed, = client.get_connections()["ConnectionList"]
        assert listed["ConnectionProperties"] == first  # as with ReturnConnectionPasswordEncrypted
        listed, = client.get_connections(HidePassword=True)["ConnectionList"]
        assert listed["ConnectionProperties"] == hidden and "kms:Decrypt" not in front.calls()
        client.test_connection(ConnectionName="orders")
        assert client.get_connection(Name="orders")["Connection"]["Status"] == "READY"
        client.update_connection(Name="orders", ConnectionInput=definition)
        second = properties_of(client, "orders")
        assert "PASSWORD" not in second and second["ENCRYPTED_PASSWORD"] != first["ENCRYPTED_PASSWORD"]
        # What one got may be given back as it is.
        client.update_connection(Name="orders", ConnectionInput={**definition, "ConnectionProperties": second})
        assert properties_of(client, "orders") == second
        client.test_connection(ConnectionName="orders")
        assert front.calls().count("kms:Encrypt") == 2


def test_created_and_tested_in_one_call(server, moto):
    with Front(moto.url()) as front, serving(front.url(), moto.writer, "--encrypt-passwords", moto.key) as service:
        client = glue(service)
        for password, status in (("pw-app", "READY"), (CANARY, "FAILED")):
            definition = jdbc(status, JDBC_CONNECTION_URL=server.url(), USERNAME="app", PASSWORD=password)
            made = client.create_connection(ConnectionInput={**definition, "ValidateCredentials": True})
            assert made["CreateConnectionStatus"] == status
            assert client.get_connection(Name=status)["Connection"]["Status"] == status


@pytest.mark.parametrize("who, answer, exception, words", [
    ("nobody", None, "GlueEncryptionException", ["SECRET_DENIED", "kms:Encrypt", "user/nobody"]),
    ("writer", json_fault("NotFoundException", "Key 'k' does not exist"), "GlueEncryptionException", ["does not exist"]),
    ("writer", json_fault("DisabledException", "arn:k is disabled."), "GlueEncryptionException", ["is disabled"]),
    ("writer", json_fault("ThrottlingException", "Rate exceeded"), "GlueEncryptionException", ["SERVER_BUSY", "Rate exceeded"]),
    ("writer", (200, {}, b"<html>"), "GlueEncryptionException", ["WRONG_PROTOCOL"]),
    (None, None, "GlueEncryptionException", ["AWS_CREDENTIALS_MISSING"]),
])
def test_where_kms_refuses_the_service_stores_nothing(moto, who, answer, exception, words):
    before = jdbc(JDBC_CONNECTION_URL="jdbc:postgresql://h/d", SECRET_ID="orders")
    definition = jdbc(JDBC_CONNECTION_URL="jdbc:postgresql://h/d", USERNAME="app", PASSWORD=CANARY)
    keys = getattr(moto, who) if who else None
    with Front(moto.url(), lambda request: answer) as front, \
            serving(front.url(), keys, "--encrypt-passwords", moto.key, AWS_MAX_ATTEMPTS="1") as service:
        client = glue(service)
        client.create_connection(ConnectionInput={**before, "Name": "kept"})  # nothing to encrypt asks nobody
        assert not front.seen
        for call, arguments in ((client.create_connection, {}), (client.update_connection, {"Name": "kept"})):
            with pytest.raises(Exception) as caught:
                name = arguments.get("Name", "orders")
                call(**arguments, ConnectionInput={**definition, "Name": name})
            error = caught.value.response["Error"]
            assert error["Code"] == exception, error
            assert "nothing was stored" in error["Message"] and moto.key in error["Message"], error
            assert all(word in error["Message"] for word in words) and CANARY not in error["Message"], error
        kept, = client.get_connections()["ConnectionList"]
        assert (kept["Name"], kept["ConnectionProperties"]) == ("kept", before["ConnectionProperties"])


def test_the_service_waits_for_kms_and_for_nothing_else(moto):
    definition = jdbc(JDBC_CONNECTION_URL="jdbc:postgresql://h/d", USERNAME="app", PASSWORD=CANARY)
    quiet = lambda request: slowly(20, json_answer())(request) if request.operation == "Encrypt" else None
    with Front(moto.url(), quiet) as front, \
            serving(front.url(), moto.writer, "--encrypt-passwords", moto.key, "--timeout", "9s") as service:
        client = glue(service)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            began = time.monotonic()
            creating = pool.submit(client.create_connection, ConnectionInput=definition)
            wait_until(lambda: "kms:Encrypt" in front.calls(), 10, "KMS to be asked")
            asked = time.monotonic()
            assert client.get_connections()["ConnectionList"] == []
            assert time.monotonic() - asked < 1 and not creating.done()
            with pytest.raises(Exception) as caught:
                creating.result(20)
            assert caught.value.response["Error"]["Code"] == "OperationTimeoutException"
            assert time.monotonic() - began < 6
        assert client.get_connections()["ConnectionList"] == []


def test_a_client_that_leaves_is_no_harm(moto):
    definition = jdbc(JDBC_CONNECTION_URL="jdbc:postgresql://h/d", USERNAME="app", PASSWORD=CANARY)
    late = lambda request: time.sleep(1) if request.operation == "Encrypt" else None
    with Front(moto.url(), late) as front, serving(front.url(), moto.writer, "--encrypt-passwords", moto.key) as service:
        with pytest.raises(OSError):
            service.request("POST", "/", json.dumps({"ConnectionInput": definition}),
                            {"X-Amz-Target": "AWSGlue.CreateConnection", "Content-Type": "application/x-amz-json-1.1"},
                            timeout=0.5)
        client = glue(service)
        wait_until(lambda: client.get_connections()["ConnectionList"], 10, "the connection")
        assert "ENCRYPTED_PASSWORD" in properties_of(client, "orders")


@pytest.mark.parametrize("option", [False, True])
def test_the_variable_counts_at_the_shell_too_and_the_option_goes_before_it(moto, catalog, option):
    definition = jdbc(JDBC_CONNECTION_URL="jdbc:postgresql://h/d", USERNAME="app", PASSWORD="pw-app")
    with Front(moto.url()) as front:
        done = run(["connections", "create", "--input", "-", "--catalog", catalog,
                    *(["--encrypt-passwords", moto.key] if option else [])], stdin=json.dumps(definition),
                   environment=environment(front.url(), moto.writer,
                                           TESTCONN_ENCRYPT_PASSWORDS="alias/nope" if option else moto.key))
        assert done.returncode == 0, done.stderr
        assert "ENCRYPTED_PASSWORD" in stored(catalog, front.url(), moto.writer)


def test_a_service_without_a_catalog_encrypts_nothing():
    done = run(["serve", "--stateless", "--encrypt-passwords", "k"])
    assert done.returncode == 2 and "--stateless and --encrypt-passwords exclude each other" in done.stderr
