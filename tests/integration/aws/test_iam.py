# SPDX-License-Identifier: Apache-2.0
"""Passwords that AWS makes: jdbc:redshift:iam:// by Redshift's service, RDS by a signed token."""
import datetime
import json
import socket
import threading
import urllib.parse

import pytest

from support.aws import CANARY, Front, Moto, environment, json_fault, use_packages, xml_fault
from support.program import jdbc, rules, stages, verdict

URL = "ConnectionProperties.JDBC_CONNECTION_URL"


@pytest.fixture(scope="module")
def moto():
    with Moto() as running:
        running.client("redshift").create_cluster(ClusterIdentifier="dwh", NodeType="ra3.xlplus", MasterUsername="u",
                                                  MasterUserPassword="Passw0rd")
        running.nobody = running.user("nobody")
        running.reader = running.user("reader", "redshift:*")
        running.make_strict()
        yield running


def credentials(user="app", password="pw-app"):
    return 200, {"Content-Type": "text/xml"}, (f"<R><DbUser>{user}</DbUser><DbPassword>{password}</DbPassword>"
                                               "<Expiration>2099-01-01T00:00:00Z</Expiration></R>").encode()


def redshift(server, query="", **more):
    """A cluster at SERVER, whose host does not tell its name."""
    given = {"CLUSTER_IDENTIFIER": "dwh", "USERNAME": "app", **more}
    return jdbc(JDBC_CONNECTION_URL=f"jdbc:redshift:iam://127.0.0.1:{server.port}/orders{query}", **given)


def tried(definition, url, keys=("AKIDEXAMPLE", CANARY), **options):
    report = verdict(definition, environment=environment(url, keys, **options.pop("variables", {})), **options)
    assert CANARY not in json.dumps(report)
    return report


def test_redshift_gives_the_password(server):
    asked = []

    def answer(request):
        asked.append(urllib.parse.parse_qs(request.body.decode()))
        return credentials()
    with Front(answer=answer) as front:
        report = tried(redshift(server), front.url())
        assert report["exit"] == 0 and report["target"]["port"] == server.port, report
        assert asked == [{"Action": ["GetClusterCredentials"], "Version": ["2012-12-01"], "ClusterIdentifier": ["dwh"],
                          "DbName": ["orders"], "DbUser": ["app"]}]
        assert tried(redshift(server, "?DbUser=app&AutoCreate=true", USERNAME=None), front.url())["exit"] == 0
        assert asked[-1]["AutoCreate"] == ["true"] and asked[-1]["DbUser"] == ["app"]
        tried(redshift(server, USERNAME=None), front.url())
        assert asked[-1]["Action"] == ["GetClusterCredentialsWithIAM"] and "DbUser" not in asked[-1]
    with Front(answer=lambda request: credentials(password=CANARY)) as front:
        report = tried(redshift(server), front.url())
        assert (report["code"], report["stage"]) == ("LOGIN_REFUSED", "login") and "28P01" in report["reason"]


@pytest.mark.parametrize("answer, code, stage, words", [
    (xml_fault("ClusterNotFound", "Cluster dwh not found.", 404), "DATABASE_MISSING", "login", ['"dwh"', "not found"]),
    (xml_fault("AccessDenied", "not authorized to perform: redshift:GetClusterCredentials", 403), "PERMISSION_DENIED", "login",
     ["redshift:GetClusterCredentials"]),
    (xml_fault("InvalidClientTokenId", "The security token is invalid", 403), "LOGIN_REFUSED", "login", ["security token"]),
    (xml_fault("Throttling", "Rate exceeded"), "SERVER_BUSY", "login", ["Rate exceeded"]),
    ((200, {}, b"<R></R>"), "WRONG_PROTOCOL", "login", ["not Redshift"]),
])
def test_every_answer_of_redshift_has_its_code(server, answer, code, stage, words):
    with Front(answer=lambda request: answer) as front:
        report = tried(redshift(server), front.url())
        assert (report["code"], report["stage"], report["property"]) == (code, stage, URL), report
        assert all(word in report["reason"] for word in words), report["reason"]
        assert report["target"]["port"] == front.port and stages(report)["query"] == "not reached"


def test_moto_judges_the_request(moto, server):
    with Front(moto.url()) as front:
        report = tried(redshift(server), front.url(), moto.reader)
        assert (report["code"], report["stage"]) == ("LOGIN_REFUSED", "login") and "IAM:app" in report["reason"]
        assert tried(redshift(server), front.url(), moto.nobody)["code"] == "PERMISSION_DENIED"
        assert tried(redshift(server, CLUSTER_IDENTIFIER="nosuch"), front.url(), moto.reader)["code"] == "DATABASE_MISSING"
        refused = tried(redshift(server), "http://127.0.0.1:1", moto.reader)
        assert (refused["code"], refused["stage"]) == ("CONNECT_REFUSED", "tcp") and refused["target"]["port"] == 1


CLUSTER = "jdbc:redshift:iam://dwh:ap-south-1/orders?DbUser=app"


def described(address="127.0.0.1", port=5439, status="available"):
    place = f"<Endpoint><Port>{port}</Port><Address>{address}</Address></Endpoint>" if address else ""
    return 200, {"Content-Type": "text/xml"}, (f"<R><Clusters><Cluster>{place}<ClusterStatus>{status}</ClusterStatus>"
                                               "</Cluster></Clusters></R>").encode()


def test_a_cluster_is_looked_up_by_its_name(server):
    asked = []

    def answer(request):
        asked.append((request.region, urllib.parse.parse_qs(request.body.decode())))
        return described(port=server.port) if request.operation == "DescribeClusters" else credentials()
    with Front(answer=answer) as front:
        report = tried(jdbc(JDBC_CONNECTION_URL=f"{CLUSTER}&AutoCreate=true&DbGroups=one,two"), front.url())
        assert report["exit"] == 0, report
        assert report["target"] == {**report["target"], "host": "127.0.0.1", "port": server.port, "database": "orders",
                                    "user": "app"}
        assert report["server"]["product"] == "Amazon Redshift"
    (region, first), (_, second) = asked
    assert region == "ap-south-1" and first == {"Action": ["DescribeClusters"], "Version": ["2012-12-01"],
                                                "ClusterIdentifier": ["dwh"]}
    assert second == {"Action": ["GetClusterCredentials"], "Version": ["2012-12-01"], "ClusterIdentifier": ["dwh"],
                      "DbName": ["orders"], "DbUser": ["app"], "AutoCreate": ["true"],
                      "DbGroups.DbGroup.1": ["one"], "DbGroups.DbGroup.2": ["two"]}


def test_what_stands_beside_the_cluster_goes_before_it(server):
    asked = []

    def answer(request):
        asked.append((request.region, urllib.parse.parse_qs(request.body.decode())["ClusterIdentifier"][0]))
        return described(port=server.port) if request.operation == "DescribeClusters" else credentials()
    with Front(answer=answer) as front:
        for query, more in (("&ClusterID=other&Region=us-east-2", {}),
                            (";ClusterID=x;Region=x", {"CLUSTER_IDENTIFIER": "other", "REGION": "us-east-2"})):
            assert tried(jdbc(JDBC_CONNECTION_URL=CLUSTER + query, **more), front.url())["exit"] == 0
    assert set(asked) == {("us-east-2", "other")}


@pytest.mark.parametrize("answer, code, stage, words", [
    (xml_fault("ClusterNotFound", "Cluster dwh not found.", 404), "DATABASE_MISSING", "login", ['"dwh"', "not found", "ap-south-1"]),
    (xml_fault("AccessDenied", "not authorized to perform: redshift:DescribeClusters", 403), "PERMISSION_DENIED", "login",
     ["redshift:DescribeClusters"]),
    (described(None, status="creating"), "SERVER_STARTING", "login", ["creating"]),
    (described(None), "SERVER_STARTING", "login", ["no endpoint"]),
    (described(status="paused"), "SERVER_STARTING", "login", ["paused"]),
    (described("127.0.0.1/../x"), "PROTOCOL_ERROR", "login", ["127.0.0.1/../x"]),
    (described("no-such-cluster.invalid"), "DNS_", "dns", ["no-such-cluster.invalid"]),
    (described(port=1), "CONNECT_REFUSED", "tcp", ["127.0.0.1:1"]),
    ((200, {}, b"<R></R>"), "WRONG_PROTOCOL", "login", ["not Redshift"]),
])
def test_every_way_not_to_find_a_cluster(answer, code, stage, words):
    with Front(answer=lambda request: answer if request.operation == "DescribeClusters" else credentials()) as front:
        report = tried(jdbc(JDBC_CONNECTION_URL=CLUSTER), front.url())
        assert report["code"].startswith(code) and (report["stage"], report["exit"]) == (stage, 1), report
        assert all(word in report["reason"] for word in words), report["reason"]
        assert report["property"] == URL and "(the cluster's)" not in json.dumps(report)


def test_moto_finds_the_cluster_and_judges_the_requests(moto):
    with Front(moto.url()) as front:
        report = tried(jdbc(JDBC_CONNECTION_URL=CLUSTER.replace("ap-south-1", "eu-west-1")), front.url(), moto.reader)
        assert report["stage"] == "dns" and "redshift.amazonaws.com" in report["reason"], report
        assert front.calls() == ["redshift:DescribeClusters", "redshift:GetClusterCredentials"]
        report = tried(jdbc(JDBC_CONNECTION_URL=CLUSTER), front.url(), moto.nobody)
        assert report["code"] == "PERMISSION_DENIED" and "DescribeClusters" in report["remedy"]


def test_keys_of_aws_in_a_url_are_not_used_and_not_shown(server):
    url = CLUSTER.replace("?", f";AccessKeyID=AKIA{CANARY};SecretAccessKey={CANARY};SessionToken={CANARY};")
    with Front(answer=lambda request: described(port=server.port) if request.operation == "DescribeClusters"
               else credentials()) as front:
        report = tried(jdbc(JDBC_CONNECTION_URL=url), front.url(), keys=("AKIDEXAMPLE", "other-secret-key"))
        assert report["exit"] == 0 and "credentials-in-url" in rules(report)
    refused = tried(jdbc(JDBC_CONNECTION_URL=f"{CLUSTER}&Profile=x"), None)
    assert refused["code"] == "INVALID_INPUT" and "Profile" in refused["reason"]


def test_a_host_of_redshift_tells_cluster_and_region(server):
    asked = []

    def answer(request):
        asked.append((request.region, request.body.decode()))
        return xml_fault("ClusterNotFound", "gone", 404)
    with Front(answer=answer) as front:
        tried(jdbc(JDBC_CONNECTION_URL="jdbc:redshift:iam://my-dwh.abc.ap-south-1.redshift.amazonaws.com:5439/dev?DbUser=u"),
              front.url())
    assert asked[0][0] == "ap-south-1" and "ClusterIdentifier=my-dwh" in asked[0][1]
    report = tried(redshift(server, CLUSTER_IDENTIFIER=None), "http://127.0.0.1:1")
    assert report["code"] == "INVALID_INPUT" and "CLUSTER_IDENTIFIER" in report["reason"]


def test_a_serverless_workgroup_gives_the_password(server):
    asked = []

    def answer(request):
        asked.append((request.operation, json.loads(request.body)))
        return json_fault("ResourceNotFoundException", "Workgroup flow not found")
    with Front(answer=answer) as front:
        report = tried(jdbc(JDBC_CONNECTION_URL="jdbc:redshift:iam://flow.1.eu-west-1.redshift-serverless.amazonaws.com:5439/dev"),
                       front.url())
    assert (report["code"], report["stage"]) == ("DATABASE_MISSING", "login") and "flow" in report["reason"]
    assert asked == [("GetCredentials", {"workgroupName": "flow", "dbName": "dev"})]


def clear_password_peer(seen):
    """A PostgreSQL that asks for the password in clear text and refuses it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                first = connection.recv(4096)
                if len(first) == 8:  # SSLRequest
                    connection.sendall(b"N")
                    first = connection.recv(4096)
                if not first:
                    continue
                connection.sendall(b"R\0\0\0\x08\0\0\0\x03")
                seen.append(connection.recv(8192)[5:].rstrip(b"\0").decode())
                connection.sendall(b"E\0\0\0\x20SFATAL\0C28P01\0Mwrong token\0\0\0\0\0\0\0"[:33])
    threading.Thread(target=serve, daemon=True).start()
    return listener


def test_a_token_for_rds_is_botocores():
    use_packages()
    import botocore.auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    seen = []
    listener = clear_password_peer(seen)
    port = listener.getsockname()[1]
    report = tried(jdbc(JDBC_CONNECTION_URL=f"jdbc:postgresql://127.0.0.1:{port}/orders?sslmode=disable&wrapperPlugins=failover,iam",
                        USERNAME="jane"), None)
    listener.close()
    assert report["stage"] == "login" and seen, report
    token = seen[0]
    assert token not in json.dumps(report) and "jane" in json.dumps(report)
    place, query = token.split("/?")
    given = urllib.parse.parse_qs(query)
    assert place == f"127.0.0.1:{port}" and given["Action"] == ["connect"] and given["DBUser"] == ["jane"]
    at = datetime.datetime.strptime(given["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ")
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: at
    request = AWSRequest("GET", f"https://{place}/?Action=connect&DBUser=jane")
    botocore.auth.SigV4QueryAuth(Credentials("AKIDEXAMPLE", CANARY), "rds-db", "eu-west-1", expires=900).add_auth(request)
    assert urllib.parse.parse_qs(request.url.split("?")[1])["X-Amz-Signature"] == given["X-Amz-Signature"]


def test_a_password_beside_it_is_told_to_be_unused(server):
    with Front(answer=lambda request: credentials()) as front:
        report = tried(redshift(server, PASSWORD="other"), front.url())
        assert report["exit"] == 0 and "ignored" in rules(report)


def test_an_iam_login_needs_a_user():
    report = tried(jdbc(JDBC_CONNECTION_URL="jdbc:mariadb://127.0.0.1:1/x?credentialType=AWS-IAM"), None)
    assert report["code"] == "INVALID_INPUT" and "USERNAME" in report["reason"]
