# SPDX-License-Identifier: Apache-2.0
"""Every client through us to an emulator that verifies signatures: what is not ours arrives as it was signed."""
import pytest

from support.aws import Moto
from support.service import Service, network


@pytest.fixture(scope="module")
def front():
    with Moto() as moto:
        identity, secret = moto.user("dev", "glue:*")
        moto.make_strict()
        with Service("--upstream", moto.url()) as service:
            yield service, {"id": identity, "secret": secret}


def test_a_database_of_the_emulators_and_a_connection_of_ours(front, client):
    service, key = front
    settings = {"endpoint": service.url, "key": key}
    name = f"sales_{client.name}"
    made = client.call("CreateDatabase", {"DatabaseInput": {"Name": name, "Description": "d\u00e9j\u00e0 vu"}}, **settings)
    assert made.get("output") == {}, made
    told = client.call("GetDatabase", {"Name": name}, **settings)
    assert told["output"]["Database"]["Description"] == "d\u00e9j\u00e0 vu", told
    assert client.call("GetDatabase", {"Name": "nobody's"}, **settings)["code"] == "EntityNotFoundException"
    assert client.call("CreateConnection", {"ConnectionInput": network(name, service.port)}, **settings)["output"] == {
        "CreateConnectionStatus": "READY"}
    assert client.call("TestConnection", {"ConnectionName": name}, **settings)["output"] == {}


def test_the_emulator_refuses_a_wrong_signature(front, client):
    service, key = front
    told = client.call("GetDatabase", {"Name": "x"}, endpoint=service.url, key={**key, "secret": "another"})
    assert "output" not in told, told
    if client.name not in ("cli", "js", "go"):  # which make nothing of moto's XML
        assert told["status"] == 403, told
