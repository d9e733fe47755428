# SPDX-License-Identifier: Apache-2.0
"""Logins out of Secrets Manager and KMS at the other databases: MariaDB, and MongoDB's protocol."""
import base64
import json

import pytest

from support.aws import CANARY, Front, Moto, environment
from support.mongodb import FerretDB
from support.mysql import MariaDB
from support.program import jdbc, stages, verdict


@pytest.fixture(scope="module")
def mariadb():
    with MariaDB() as running:
        yield running


@pytest.fixture(scope="module")
def mongod():
    with FerretDB() as running:
        yield running


@pytest.fixture(scope="module")
def moto(mariadb, mongod):
    with Moto() as running:
        secrets, kms = running.client("secretsmanager"), running.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        running.encrypt = lambda text: base64.b64encode(kms.encrypt(KeyId=key, Plaintext=text)["CiphertextBlob"]).decode()
        login = {"username": "app", "password": "pw-app"}
        for name, content in {"app": login, "wrong": {**login, "password": CANARY},
                              "rds": {**login, "engine": "mariadb", "host": "localhost", "port": mariadb.port, "dbname": "orders"},
                              "text": {**login, "engine": "mysql", "host": "localhost", "port": str(mariadb.port)}}.items():
            secrets.create_secret(Name=name, SecretString=json.dumps(content))
        yield running


@pytest.fixture()
def aws(moto):
    with Front(moto.url()) as front:
        yield front


def tried(connection, aws, **options):
    report = verdict(connection, environment=environment(aws.url()), **options)
    assert CANARY not in json.dumps(report) and "pw-app" not in json.dumps(report)
    return report


def mongo(mongod, **more):
    return {"Name": "orders", "ConnectionType": "MONGODB", "ConnectionProperties": {"CONNECTION_URL": mongod.url(query="?authSource=admin"), **more}}


def test_mariadb_by_a_secret(mariadb, aws):
    report = tried(jdbc(JDBC_CONNECTION_URL=mariadb.url(), SECRET_ID="app"), aws)
    assert report["exit"] == 0 and report["target"]["user"] == "app" and report["server"]["product"] == "MariaDB", report
    report = tried(jdbc(JDBC_CONNECTION_URL=mariadb.url(), SECRET_ID="wrong"), aws)
    assert (report["code"], report["stage"], report["property"]) == ("LOGIN_REFUSED", "login", "ConnectionProperties.SECRET_ID")
    assert "1045" in report["reason"] and "app" in report["reason"]


def test_mariadb_by_what_rds_manages(mariadb, aws):
    report = tried(jdbc(JDBC_ENGINE="mariadb", SECRET_ID="rds"), aws)
    assert report["exit"] == 0, report
    assert report["target"] == {**report["target"], "host": "localhost", "port": mariadb.port, "database": "orders"}
    report = tried(jdbc(JDBC_ENGINE="aurora-mysql", SECRET_ID="text", DATABASE="nosuch"), aws)
    assert report["stage"] == "login" and "nosuch" in report["reason"] and report["target"]["port"] == mariadb.port, report


def test_mariadb_by_an_encrypted_password(mariadb, moto, aws):
    for password, code in (("pw-app", None), (CANARY, "LOGIN_REFUSED")):
        report = tried(jdbc(JDBC_CONNECTION_URL=mariadb.url(), USERNAME="app", ENCRYPTED_PASSWORD=moto.encrypt(password)), aws)
        assert report.get("code") == code, report
    assert aws.calls() == ["kms:Decrypt", "kms:Decrypt"]


def test_mongodb_by_a_secret(mongod, aws):
    report = tried(mongo(mongod, SECRET_ID="app"), aws)
    assert report["exit"] == 0 and report["target"]["user"] == "app", report
    report = tried(mongo(mongod, SECRET_ID="wrong"), aws)
    assert (report["code"], report["stage"], report["property"]) == ("LOGIN_REFUSED", "login", "ConnectionProperties.SECRET_ID")
    assert "app" in report["reason"] and "authSource" in report["reason"]
    report = tried(mongo(mongod, SECRET_ID="nosuch"), aws)
    assert (report["code"], report["stage"]) == ("SECRET_MISSING", "credentials") and stages(report)["dns"] == "not reached"


def test_mongodb_by_an_encrypted_password(mongod, moto, aws):
    for password, code in (("pw-app", None), (CANARY, "LOGIN_REFUSED")):
        report = tried(mongo(mongod, USERNAME="app", ENCRYPTED_PASSWORD=moto.encrypt(password)), aws)
        assert report.get("code") == code, report
