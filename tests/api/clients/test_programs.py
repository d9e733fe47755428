# SPDX-License-Identifier: Apache-2.0
"""The clients' programs themselves, against a server that is not ours: what they tell is what was asked and answered."""
import pytest

from support.aws import Front, Moto, json_answer, json_fault
from support.sdk import KEY

REQUEST = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="module")
def moto():
    with Moto() as server:
        yield server


def test_moto_understands_what_they_send_and_they_what_it_answers(moto, client):
    name = f"orders of {client.name}"
    asked = {"Name": name, "ConnectionType": "JDBC", "Description": "d\u00e9j\u00e0 vu", "MatchCriteria": ["a", "b"],
             "ConnectionProperties": {"USERNAME": "app", "PASSWORD": "\u00fc\"\\ \U0001f512"},
             "PhysicalConnectionRequirements": {"SubnetId": "subnet-1", "SecurityGroupIdList": ["sg-1", "sg-2"]}}
    settings = {"endpoint": moto.url(), "key": KEY}
    made = client.call("CreateConnection", {"ConnectionInput": asked, "Tags": {"team": "x"}}, **settings)
    assert made["output"] == {"CreateConnectionStatus": "READY"}
    told = client.call("GetConnection", {"Name": name}, **settings)
    got = told["output"]["Connection"]
    assert {key: got[key] for key in ("Name", "Description", "ConnectionProperties", "PhysicalConnectionRequirements")} == {
        key: asked[key] for key in ("Name", "Description", "ConnectionProperties", "PhysicalConnectionRequirements")}
    assert isinstance(got["CreationTime"], float)
    again = client.call("CreateConnection", {"ConnectionInput": asked}, **settings)
    assert again["code"] == "AlreadyExistsException" and name in again["message"]
    if client.name != "cli":
        assert again["type"] == "AlreadyExistsException" and again["status"] == 400 and again["request_id"]


def test_a_member_of_an_error_and_its_class_come_through(client):
    def answer(request):
        status, headers, _ = json_fault("FederationSourceException", "refused")
        return status, headers, b'{"__type": "FederationSourceException", "Message": "refused", "FederationSourceErrorCode": "X"}'
    with Front(answer=answer) as front:
        told = client.call("TestConnection", {"ConnectionName": "x"}, endpoint=front.url(), key=KEY)
    assert (told["code"], told["message"]) == ("FederationSourceException", "refused")
    if client.name != "cli":
        assert (told["type"], told["status"], told["request_id"]) == ("FederationSourceException", 400, REQUEST)
        assert told["members"] == {"FederationSourceErrorCode": "X"}


@pytest.mark.parametrize("key", [KEY, None, {**KEY, "token": "s3ssion"}], ids=["signed", "unsigned", "with a token"])
def test_signed_and_unsigned(client, key):
    seen = []

    def answer(request):
        seen.append(dict(request.headers))
        return json_answer()
    with Front(answer=answer) as front:
        assert client.call("DeleteConnection", {"ConnectionName": "x"}, endpoint=front.url(), key=key)["output"] == {}
    (headers,) = [{name.lower(): value for name, value in each.items()} for each in seen]
    assert headers["x-amz-target"] == "AWSGlue.DeleteConnection"
    assert headers.get("authorization", "none").startswith(f"AWS4-HMAC-SHA256 Credential={KEY['id']}/" if key else "none")
    assert headers.get("x-amz-security-token") == (key or {}).get("token")


def test_a_server_that_is_not_there_is_no_error_of_the_service(client):
    told = client.call("GetConnection", {"Name": "x"}, endpoint="http://127.0.0.1:1", key=KEY)
    assert told.keys() <= {"local", "exit"}, told
