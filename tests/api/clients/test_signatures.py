# SPDX-License-Identifier: Apache-2.0
"""Every client's own signer before a service that verifies: right and wrong keys, clocks, tokens, rights, and a presigned request."""
import http.client
import json
import urllib.parse

import pytest

from conftest import KEYS
from support.aws import REGION, use_packages
from support.sdk import Client, boto3_client

RIGHT = KEYS["all"]
FAULTS = {"no signature": (None, "MissingAuthenticationTokenException", "Missing Authentication Token"),
          "wrong secret": ({**RIGHT, "secret": RIGHT["secret"] + "x"}, "InvalidSignatureException", "signature"),
          "unknown key": ({**RIGHT, "id": "AKNOBODY"}, "UnrecognizedClientException", "not known")}


@pytest.mark.parametrize("fault", FAULTS)
def test_who_is_not_let_in(world, client, fault):
    key, code, words = FAULTS[fault]
    told = client.call("GetConnections", {}, endpoint=world.guarded.url, key=key)
    assert told["code"] == code and words in told["message"], told
    assert RIGHT["secret"] not in json.dumps(told)
    if client.name != "cli":
        assert told["status"] == 403 and told["request_id"]


def test_a_session_token_that_is_signed_disturbs_nothing(world, client):
    told = client.call("GetConnections", {}, endpoint=world.guarded.url, key={**RIGHT, "token": "s3ssion/+=" * 20})
    assert "output" in told, told


# The rights of a key: what each may do of (test, read, read passwords, write).
@pytest.mark.parametrize("who, may", [("all", "trsw"), ("reader", "r"), ("secrets", "rs"), ("tester", "t"), ("writer", "w")])
def test_rights(world, client, who, may):
    admin = world.agents["guarded"].boto3
    name = f"rights of {client.name} {who}"
    admin.create_connection(ConnectionInput=world.jdbc(name))
    settings = {"endpoint": world.guarded.url, "key": KEYS[who]}
    asked = {"r": ("GetConnection", {"Name": name}), "t": ("TestConnection", {"ConnectionName": name}),
             "w": ("UpdateConnection", {"Name": name, "ConnectionInput": world.jdbc(name)})}
    for right, (operation, input) in asked.items():
        told = client.call(operation, input, **settings)
        if right in may:
            assert "output" in told, (operation, told)
        else:
            assert told["code"] == "AccessDeniedException" and KEYS[who]["id"] in told["message"], (operation, told)
        if operation == "GetConnection" and right in may:
            assert ("PASSWORD" in told["output"]["Connection"]["ConnectionProperties"]) == ("s" in may)
    admin.delete_connection(ConnectionName=name)


@pytest.mark.parametrize("offset, words", [("-10m", "expired"), ("+10m", "current")])
def test_a_clock_that_is_wrong(world, offset, words):
    with Client("boto3", before=["faketime", "-f", offset]) as late:
        told = late.call("GetConnections", {}, endpoint=world.guarded.url, key=RIGHT)
    assert told["code"] == "InvalidSignatureException" and words in told["message"], told
    assert told["status"] == 403


@pytest.mark.parametrize("offset", ["-1h", "+1h"])
@pytest.mark.parametrize("name", ["js", "java"])
def test_a_client_that_can_puts_its_clock_right_by_ours(world, name, offset):
    with Client(name, before=["faketime", "-f", offset]) as late:
        told = late.call("GetConnections", {}, endpoint=world.guarded.url, key=RIGHT)
    assert "output" in told, told


def presign(world, operation, body, expires, key=RIGHT):
    """The URL and the headers of a POST that botocore presigned, the body's hash and the operation in it."""
    use_packages()
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    import hashlib

    class Signer(SigV4QueryAuth):
        def payload(self, request):
            return hashlib.sha256(body).hexdigest()
    request = AWSRequest("POST", world.guarded.url + "/", headers={"X-Amz-Target": f"AWSGlue.{operation}"})
    Signer(Credentials(key["id"], key["secret"]), "glue", REGION, expires=expires).add_auth(request)
    return request.url


@pytest.mark.parametrize("change, status", [("nothing", 200), ("the body", 403), ("the operation", 403), ("the key", 403)])
def test_a_presigned_request(world, change, status):
    body = b'{"MaxResults": 1}'
    key = {**RIGHT, "secret": "another"} if change == "the key" else RIGHT
    url = urllib.parse.urlsplit(presign(world, "GetConnections", body, 300, key))
    connection = http.client.HTTPConnection(url.netloc, timeout=30)
    connection.request("POST", f"{url.path}?{url.query}", body.replace(b"1", b"2") if change == "the body" else body, {
        "X-Amz-Target": "AWSGlue.TestConnection" if change == "the operation" else "AWSGlue.GetConnections",
        "Content-Type": "application/x-amz-json-1.1"})
    answer = connection.getresponse()
    told = json.loads(answer.read())
    connection.close()
    assert answer.status == status, told
    assert status == 200 or told["__type"] == "InvalidSignatureException", told


def test_boto3_over_a_service_of_another_name_is_refused(world):
    use_packages()
    import boto3
    from botocore.exceptions import ClientError
    client = boto3.client("athena", region_name=REGION, endpoint_url=world.guarded.url, aws_access_key_id=RIGHT["id"],
                          aws_secret_access_key=RIGHT["secret"])
    with pytest.raises(ClientError) as thrown:
        client.list_work_groups()
    assert thrown.value.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 404)


def test_any_region_is_as_good(world):
    for region in ("us-east-1", "cn-north-1", "eu-west-1"):
        use_packages()
        import boto3
        client = boto3.client("glue", region_name=region, endpoint_url=world.guarded.url, aws_access_key_id=RIGHT["id"],
                              aws_secret_access_key=RIGHT["secret"])
        assert client.get_connections(MaxResults=1)["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert boto3_client(world.guarded.url, RIGHT).get_connections(MaxResults=1)
