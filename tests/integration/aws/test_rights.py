# SPDX-License-Identifier: Apache-2.0
"""Each right that a test may lack: the verdict names the right, what it was for, who lacks it, and AWS's words and code."""
import base64
import json

import pytest

from support.aws import CANARY, REGION, Front, Moto, environment, json_fault, xml_fault
from support.program import jdbc, run, verdict

URL = {"JDBC_CONNECTION_URL": "jdbc:postgresql://127.0.0.1:1/orders"}
LOGIN = {"USERNAME": "app", "PASSWORD": CANARY}
PROPERTIES = "ConnectionProperties."


@pytest.fixture(scope="module")
def moto():
    with Moto() as running:
        running.secret = running.client("secretsmanager").create_secret(
            Name="orders", SecretString=json.dumps({"username": "app", "password": CANARY}))["ARN"]
        kms = running.client("kms")
        running.key = kms.create_key()["KeyMetadata"]["KeyId"]
        running.ciphertext = base64.b64encode(kms.encrypt(KeyId=running.key, Plaintext=b"x")["CiphertextBlob"]).decode()
        s3 = running.client("s3")
        s3.create_bucket(Bucket="certs", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket="certs", Key="ca.pem", Body=b"x")
        running.client("athena").create_work_group(Name="wg")
        running.client("redshift").create_cluster(ClusterIdentifier="c1", NodeType="dc2.large", MasterUsername="u",
                                                  MasterUserPassword="Passw0rd1", DBName="d")
        running.client("glue").create_connection(ConnectionInput={**jdbc(**URL, **LOGIN), "Name": "orders"})
        running.empty = running.role("empty", "sts:GetCallerIdentity")
        running.nobody = running.user("nobody")
        running.assumer = running.user("assumer", "sts:AssumeRole")
        running.make_strict()
        yield running


@pytest.fixture(scope="module")
def aws(moto):
    with Front(moto.url()) as front:
        yield front


def tried(definition, url, keys):
    report = verdict(definition, environment=environment(url, keys))
    assert CANARY not in json.dumps(report) and keys[1] not in json.dumps(report)
    return report


def view(kind, **properties):
    return {"Name": "v", "ConnectionType": f"VIEW_VALIDATION_{kind}", "ConnectionProperties": properties}


def salesforce(secret):
    return {"Name": "crm", "ConnectionType": "SALESFORCE", "ConnectionProperties": {"INSTANCE_URL": "https://acme.my.salesforce.com"},
            "AuthenticationConfiguration": {"AuthenticationType": "OAUTH2", "SecretArn": secret, "OAuth2Properties": {
                "OAuth2GrantType": "CLIENT_CREDENTIALS", "TokenUrl": "https://acme.my.salesforce.com/services/oauth2/token",
                "OAuth2ClientApplication": {"UserManagedClientApplicationClientId": "x"}}}}


def kafka(secret):
    return {"Name": "k", "ConnectionType": "KAFKA", "ConnectionProperties": {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512", "KAFKA_SASL_SCRAM_SECRETS_ARN": secret}}


RIGHTS = [
    ("secretsmanager:GetSecretValue", lambda moto: jdbc(**URL, SECRET_ID="orders"), 'the secret "orders"', "SECRET_ID"),
    ("secretsmanager:GetSecretValue", lambda moto: kafka(moto.secret), "secret:orders-", "KAFKA_SASL_SCRAM_SECRETS_ARN"),
    ("secretsmanager:GetSecretValue", lambda moto: salesforce(moto.secret), "secret:orders-", None),
    ("kms:Decrypt", lambda moto: jdbc(**URL, USERNAME="app", ENCRYPTED_PASSWORD=moto.ciphertext), "ENCRYPTED_PASSWORD", "ENCRYPTED_PASSWORD"),
    ("s3:GetObject", lambda moto: jdbc(**URL, **LOGIN, CUSTOM_JDBC_CERT="s3://certs/ca.pem"), "s3://certs/ca.pem", "CUSTOM_JDBC_CERT"),
    ("sts:AssumeRole", lambda moto: jdbc(**URL, SECRET_ID="orders", ROLE_ARN=moto.empty), "role/empty", "ROLE_ARN"),
    ("redshift:GetClusterCredentials", lambda moto: jdbc(
        JDBC_CONNECTION_URL="jdbc:redshift:iam://c1.x.eu-west-1.redshift.amazonaws.com:5439/d?DbUser=u"), '"c1"', "JDBC_CONNECTION_URL"),
    ("redshift:GetClusterCredentialsWithIAM", lambda moto: jdbc(
        JDBC_CONNECTION_URL="jdbc:redshift:iam://c1.x.eu-west-1.redshift.amazonaws.com:5439/d"), '"c1"', "JDBC_CONNECTION_URL"),
    ("redshift:DescribeClusters", lambda moto: jdbc(JDBC_CONNECTION_URL="jdbc:redshift:iam://c1:eu-west-1/d?DbUser=u"), '"c1"', "JDBC_CONNECTION_URL"),
    ("athena:GetWorkGroup", lambda moto: view("ATHENA", WORKGROUP_NAME="wg"), '"wg"', "WORKGROUP_NAME"),
    ("redshift-data:ExecuteStatement", lambda moto: view("REDSHIFT", CLUSTER_IDENTIFIER="c1", DATABASE="d"), '"c1"', "CLUSTER_IDENTIFIER"),
]


@pytest.mark.parametrize("right, definition, resource, blamed", RIGHTS, ids=[f"{row[0]}-{row[3]}" for row in RIGHTS])
def test_a_right_that_is_lacking(moto, aws, right, definition, resource, blamed):
    report = tried(definition(moto), aws.url(), moto.nobody)
    at_login = right.split(":")[0] in ("redshift", "athena", "redshift-data")
    assert (report["code"], report["stage"]) == (("PERMISSION_DENIED", "login") if at_login else ("SECRET_DENIED", "credentials")), report
    assert report["property"] == (PROPERTIES + blamed if blamed else "AuthenticationConfiguration.SecretArn")
    who = f"access key {moto.nobody[0]}" if right.startswith("s3:") else "arn:aws:iam::123456789012:user/nobody"
    for word in (f"asked by {right} ", resource, who, "AccessDenied", "HTTP status 40", REGION):
        assert word in report["reason"], (word, report["reason"])
    assert f"allow {right}" in report["remedy"], report["remedy"]


def test_a_role_without_the_right_is_who_lacks_it(moto, aws):
    report = tried(jdbc(**URL, SECRET_ID="orders", ROLE_ARN=moto.empty), aws.url(), moto.assumer)
    assert (report["code"], report["property"]) == ("SECRET_DENIED", PROPERTIES + "SECRET_ID")
    assert "assumed-role/empty/" in report["reason"] and "allow secretsmanager:GetSecretValue" in report["remedy"], report


@pytest.mark.parametrize("arguments, right", [(["connections", "list"], "glue:GetConnections"), (["connections", "get", "orders"], "glue:GetConnection"),
                                              (["test", "orders"], "glue:GetConnection"), (["test", "--all"], "glue:GetConnections")])
def test_a_catalog_in_glue_that_may_not_be_read(moto, aws, arguments, right):
    done = run([*arguments, "--catalog", f"glue://{REGION}"], environment=environment(aws.url(), moto.nobody))
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 1 and "SECRET_DENIED" in said, said
    for word in (f"asked by {right} ", "user/nobody", "AccessDeniedException", "To fix it: grant the named identity glue:GetConnection"):
        assert word in said, (word, said)


WORDS = "User: arn:aws:iam::1:user/x is not authorized to perform: {} on resource: arn:aws:kms:eu-west-1:1:key/k"


@pytest.mark.parametrize("properties, answer, remedy", [
    ({"SECRET_ID": "orders"}, json_fault("AccessDeniedException", "Access to KMS is not allowed"), "allow kms:Decrypt on the KMS key"),
    ({**LOGIN, "CUSTOM_JDBC_CERT": "s3://certs/ca.pem"}, xml_fault("AccessDenied", WORDS.format("kms:Decrypt") + " because no identity-based policy "
                                                                   "allows the kms:Decrypt action", 403), "allow kms:Decrypt on the KMS key"),
    ({"SECRET_ID": "orders"}, json_fault("AccessDeniedException", WORDS.format("secretsmanager:GetSecretValue") + " with an explicit deny in a "
                                         "service control policy"), "take secretsmanager:GetSecretValue on the secret \"orders\" out of the statement"),
    ({"SECRET_ID": "orders"}, json_fault("ExpiredTokenException", "The security token included in the request is expired"), "renew the temporary"),
])
def test_another_right_than_the_one_of_the_call(properties, answer, remedy):
    with Front(answer=lambda request: answer) as front:
        report = tried(jdbc(**URL, **properties), front.url(), ("AKIDEXAMPLE", "secret-canary-key"))
        assert report["code"] == "SECRET_DENIED" and report["remedy"].startswith(remedy), report
