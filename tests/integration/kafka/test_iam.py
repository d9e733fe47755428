# SPDX-License-Identifier: Apache-2.0
"""AWS_MSK_IAM at a real broker whose validator decodes the token and computes its signature again."""
import json

import pytest

from support.kafka import Kafka, Listener, ingredient
from support.program import certificates, verdict

ACCESS, SECRET, SESSION = "AKIDTESTCONN", "c4nary/iam+secret", "c4nary/session+token="
REGION = "eu-central-1"


def a_broker(*more):
    listener = Listener("SASL_SSL", certificate="good", mechanisms=["OAUTHBEARER"],
                        **{"oauthbearer_sasl_server_callback_handler_class": "IamTokens"})
    return Kafka({"IAM": listener, "PLAIN": Listener("SASL_SSL", certificate="good", mechanisms=["PLAIN"])},
                 jvm=[f"-Diam.access={ACCESS}", f"-Diam.secret={SECRET}", f"-Diam.region={REGION}", *more],
                 class_path=[ingredient("kafka-classes")])


@pytest.fixture(scope="module")
def broker():
    with a_broker() as one:
        yield one


def attempt(broker, access=ACCESS, secret=SECRET, session=None, region=REGION, listener="IAM", environment=None, **more):
    given = {"KAFKA_BOOTSTRAP_SERVERS": broker.at(listener), "KAFKA_CUSTOM_CERT": str(certificates() / "ca.pem"),
             "KAFKA_SASL_MECHANISM": "AWS_MSK_IAM", "REGION": region, **more}
    identity = {"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": session,
                "AWS_EC2_METADATA_DISABLED": "true", **(environment or {})}
    return verdict({"Name": "k", "ConnectionType": "KAFKA",
                    "ConnectionProperties": {key: value for key, value in given.items() if value is not None}},
                   environment={key: value for key, value in identity.items() if value is not None})


def test_the_agents_identity_logs_in(broker):
    report = attempt(broker)
    assert report["status"] == "ok", report
    facts = {stage["name"]: stage["facts"] for stage in report["stages"]}
    assert facts["credentials"]["region"] == REGION and "environment" in facts["credentials"]["aws_identity"]
    assert facts["query"]["librdkafka"].endswith("works"), report
    assert "c4nary" not in json.dumps(report)


def test_the_agents_own_region_does_as_well(broker):
    assert attempt(broker, region=None, environment={"AWS_REGION": REGION})["status"] == "ok"
    report = attempt(broker, region=None)
    assert (report["code"], report["stage"], report["property"]) == ("INVALID_INPUT", "credentials", "ConnectionProperties.REGION")


def test_temporary_credentials():
    with a_broker(f"-Diam.session={SESSION}") as one:
        assert attempt(one, session=SESSION)["status"] == "ok"
        assert attempt(one)["code"] == "LOGIN_REFUSED"


@pytest.mark.parametrize("what", [{"secret": "c4nary-wrong"}, {"access": "AKIDOTHER"}, {"region": "us-east-1"}])
def test_a_wrong_identity_is_refused(broker, what):
    report = attempt(broker, **what)
    assert (report["code"], report["stage"]) == ("LOGIN_REFUSED", "login"), report
    for word in (what.get("access", ACCESS), "invalid_token", "58", "AWS_MSK_IAM"):
        assert word in report["reason"], report["reason"]
    assert "c4nary" not in json.dumps(report)


def test_no_identity(broker):
    report = attempt(broker, access=None, secret=None)
    assert (report["code"], report["stage"]) == ("AWS_CREDENTIALS_MISSING", "credentials"), report


def test_where_it_is_not_enabled(broker):
    report = attempt(broker, listener="PLAIN")
    assert (report["code"], report["stage"]) == ("LOGIN_METHOD", "login") and "PLAIN" in report["reason"], report


def test_it_needs_tls(broker):
    report = attempt(broker, KAFKA_SSL_ENABLED="false", KAFKA_CUSTOM_CERT=None)
    assert report["code"] == "INVALID_INPUT" and "AWS_MSK_IAM needs TLS" in report["reason"]
