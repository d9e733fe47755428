# SPDX-License-Identifier: Apache-2.0
"""VIEW_VALIDATION_ATHENA and VIEW_VALIDATION_REDSHIFT: the service itself is tested, by its own API."""
import json

import pytest

from support.aws import CANARY, Front, Moto, environment, json_answer, json_fault, xml_fault
from support.program import certificates, rules, stages, verdict

WORKGROUP = "ConnectionProperties.WORKGROUP_NAME"
CLUSTER = "ConnectionProperties.CLUSTER_IDENTIFIER"


@pytest.fixture(scope="module")
def moto():
    with Moto() as running:
        running.client("athena").create_work_group(Name="reports", Configuration={
            "ResultConfiguration": {"OutputLocation": "s3://results/x"}})
        redshift = running.client("redshift")
        redshift.create_cluster(ClusterIdentifier="dwh", NodeType="ra3.xlplus", MasterUsername="u", MasterUserPassword="Passw0rd")
        redshift.describe_clusters(ClusterIdentifier="dwh")  # moto's is available from the second look on
        running.reader = running.user("reader", "athena:*", "redshift:*", "redshift-data:*")
        running.data = running.user("data", "redshift-data:*")
        running.nobody = running.user("nobody")
        running.viewer = running.role("viewer", "athena:*")
        running.assumer = running.user("assumer", "sts:AssumeRole")
        running.make_strict()
        yield running


def done(request):
    """moto never finishes a statement."""
    return json_answer(Id="x", Status="FINISHED") if request.operation == "DescribeStatement" else None


@pytest.fixture(scope="module")
def aws(moto):
    with Front(moto.url(), done) as front:
        yield front


def athena(workgroup="reports", **more):
    return {"Name": "v", "ConnectionType": "VIEW_VALIDATION_ATHENA", "ConnectionProperties": {"WORKGROUP_NAME": workgroup, **more}}


def redshift(**properties):
    given = {"CLUSTER_IDENTIFIER": "dwh", "DATABASE": "dev", **properties}
    return {"Name": "v", "ConnectionType": "VIEW_VALIDATION_REDSHIFT",
            "ConnectionProperties": {key: value for key, value in given.items() if value}}


def tried(definition, url, keys=("AKIDEXAMPLE", CANARY), **options):
    report = verdict(definition, environment=environment(url, keys, **options.pop("variables", {})), **options)
    assert CANARY not in json.dumps(report)
    return report


def expect(report, code, stage, *words, blamed=WORKGROUP):
    assert (report["code"], report["stage"], report.get("property")) == (code, stage, blamed), report
    for word in words:
        assert word in report["reason"], (word, report["reason"])


def test_athena_answers(moto, aws):
    aws.seen.clear()
    report = tried(athena(), aws.url(), moto.reader)
    assert report["exit"] == 0 and report["server"]["product"] == "Amazon Athena", report
    assert aws.calls() == ["athena:GetWorkGroup", "athena:StartQueryExecution", "athena:GetQueryExecution"]
    assert stages(report)["login"] == stages(report)["query"] == "passed"
    assert report["stages"][-2]["facts"]["output_location"] == "s3://results/x"


def test_over_tls_every_stage_is_there(moto):
    with Front(moto.url(), certificate="good") as front:
        report = tried(athena(), front.url("localhost"), moto.reader,
                       variables={"AWS_CA_BUNDLE": str(certificates() / "ca.pem")})
        assert report["exit"] == 0 and report["tls"]["verified"], report
        assert [name for name, status in stages(report).items() if status == "passed"] == [
            "input", "credentials", "dns", "tcp", "tls", "login", "query"]
        assert report["target"]["host"] == "localhost" and report["target"]["port"] == front.port
        untrusted = tried(athena(), front.url("localhost"), moto.reader)
        assert (untrusted["code"], untrusted["stage"]) == ("TLS_UNTRUSTED", "tls")


def test_the_role_is_assumed_first(moto, aws):
    assert tried(athena(ROLE_ARN=moto.viewer), aws.url(), moto.assumer)["exit"] == 0
    report = tried(athena(ROLE_ARN=moto.viewer), aws.url(), moto.nobody)
    expect(report, "SECRET_DENIED", "credentials", "sts:AssumeRole", moto.viewer, blamed="ConnectionProperties.ROLE_ARN")
    assert stages(report)["dns"] == "not reached"


def test_the_region_of_the_definition_is_asked(moto, aws):
    aws.seen.clear()
    expect(tried(athena(REGION="ap-south-1"), aws.url(), moto.reader), "DATABASE_MISSING", "login", '"reports"', "ap-south-1")
    assert aws.seen[0][-1] == "ap-south-1"


@pytest.mark.parametrize("keys, code, words", [("nobody", "PERMISSION_DENIED", ["user/nobody", "athena:GetWorkGroup"]),
                                               (("AKIDUNKNOWN", CANARY), "LOGIN_REFUSED", ["security token"])])
def test_athena_refuses(moto, aws, keys, code, words):
    keys = getattr(moto, keys) if isinstance(keys, str) else keys
    expect(tried(athena(), aws.url(), keys), code, "login", *words)


@pytest.mark.parametrize("operation, answer, code, stage, words", [
    ("GetWorkGroup", json_fault("InvalidRequestException", "WorkGroup reports is not found."), "DATABASE_MISSING", "login",
     ["is not found"]),
    ("GetWorkGroup", json_answer(), "DATABASE_MISSING", "login", ['no workgroup "reports"']),
    ("GetWorkGroup", json_answer(WorkGroup={"Name": "reports", "State": "DISABLED"}), "LOGIN_NOT_ALLOWED", "login", ["DISABLED"]),
    ("GetWorkGroup", json_fault("TooManyRequestsException", "Rate exceeded"), "SERVER_BUSY", "login", ["Rate exceeded"]),
    ("GetWorkGroup", (200, {}, b"<html>"), "WRONG_PROTOCOL", "login", ["not Athena"]),
    ("StartQueryExecution", json_fault("InvalidRequestException", "No output location provided."), "QUERY_FAILED", "query",
     ["No output location"]),
    ("StartQueryExecution", json_fault("AccessDeniedException", "not authorized to perform: athena:StartQueryExecution"),
     "PERMISSION_DENIED", "query", ["athena:StartQueryExecution"]),
    ("GetQueryExecution", json_answer(QueryExecution={"Status": {"State": "FAILED", "StateChangeReason": "out of luck"}}),
     "QUERY_FAILED", "query", ["FAILED", "out of luck"]),
    ("GetQueryExecution", json_answer(QueryExecution={"Status": {"State": "CANCELLED"}}), "QUERY_FAILED", "query", ["CANCELLED"]),
    ("GetQueryExecution", json_answer(QueryExecution={"Status": {
        "State": "FAILED", "StateChangeReason": "SCHEMA_NOT_FOUND: line 1: Schema 'x' does not exist"}}),
     "DATABASE_MISSING", "query", ["SCHEMA_NOT_FOUND"]),
    ("GetQueryExecution", json_answer(QueryExecution={"Status": {"State": "QUEUED"}}), "TIMED_OUT", "query", ["QUEUED"]),
])
def test_every_answer_of_athena_has_its_code(moto, operation, answer, code, stage, words):
    with Front(moto.url(), lambda request: answer if request.operation == operation else None) as front:
        report = tried(athena(), front.url(), moto.reader, timeout="2s")
        blamed = {"TIMED_OUT": None}.get(code, WORKGROUP if "SCHEMA" not in words[0] else "ConnectionProperties.DATABASE")
        expect(report, code, stage, *words, blamed=blamed)


def test_redshift_answers(moto, aws):
    aws.seen.clear()
    report = tried(redshift(), aws.url(), moto.reader)
    assert report["exit"] == 0 and report["server"]["product"] == "Amazon Redshift", report
    assert aws.calls() == ["redshift:DescribeClusters", "redshift-data:ExecuteStatement", "redshift-data:DescribeStatement"]


def test_a_cluster_that_may_not_be_described_may_be_queried(moto, aws):
    report = tried(redshift(), aws.url(), moto.data)
    assert report["exit"] == 0 and "describe-denied" in rules(report)
    expect(tried(redshift(), aws.url(), moto.nobody), "PERMISSION_DENIED", "login", "redshift-data:ExecuteStatement",
           blamed=CLUSTER)


def test_two_hosts_are_two_attempts(moto):
    with Front(moto.url(), done) as first, Front(moto.url(), done) as second:
        variables = {"AWS_ENDPOINT_URL_REDSHIFT": first.url(), "AWS_ENDPOINT_URL_REDSHIFT_DATA": second.url()}
        report = tried(redshift(), None, moto.reader, variables=variables)
        assert report["exit"] == 0 and report["target"]["port"] == second.port, report
        assert first.calls() == ["redshift:DescribeClusters"] and len(second.seen) == 2
    with Front(moto.url(), done) as first:
        variables = {"AWS_ENDPOINT_URL_REDSHIFT": first.url(), "AWS_ENDPOINT_URL_REDSHIFT_DATA": "http://127.0.0.1:1"}
        report = tried(redshift(), None, moto.reader, variables=variables)
        assert (report["code"], report["stage"]) == ("CONNECT_REFUSED", "tcp") and "127.0.0.1:1" in report["reason"]


@pytest.mark.parametrize("operation, answer, code, stage, words, blamed", [
    ("DescribeClusters", xml_fault("ClusterNotFound", "Cluster dwh not found.", 404), "DATABASE_MISSING", "login",
     ['"dwh"', "ClusterNotFound"], CLUSTER),
    ("DescribeClusters", (200, {}, b"<R><ClusterStatus>paused</ClusterStatus></R>"), "SERVER_STARTING", "login", ["paused"], CLUSTER),
    ("DescribeClusters", (200, {}, b"<R><ClusterStatus>creating</ClusterStatus></R>"), "SERVER_STARTING", "login", ["creating"],
     CLUSTER),
    ("DescribeClusters", (200, {}, b"{}"), "WRONG_PROTOCOL", "login", ["not Redshift"], CLUSTER),
    ("ExecuteStatement", json_fault("ValidationException", "Redshift endpoint doesn't exist in this region."), "DATABASE_MISSING",
     "login", ["doesn't exist in this region"], CLUSTER),
    ("ExecuteStatement", json_fault("ValidationException", "Database is required"), "QUERY_FAILED", "login", ["required"], CLUSTER),
    ("ExecuteStatement", json_fault("ActiveStatementsExceededException", "too many"), "SERVER_BUSY", "login", ["too many"], CLUSTER),
    ("DescribeStatement", json_answer(Id="x", Status="FAILED", Error='FATAL: database "dev" does not exist'), "DATABASE_MISSING",
     "query", ['database "dev" does not exist'], "ConnectionProperties.DATABASE"),
    ("DescribeStatement", json_answer(Id="x", Status="FAILED", Error="ERROR: permission denied for database dev"),
     "PERMISSION_DENIED", "query", ["permission denied"], CLUSTER),
    ("DescribeStatement", json_answer(Id="x", Status="ABORTED"), "QUERY_FAILED", "query", ["ABORTED"], CLUSTER),
    ("DescribeStatement", json_answer(Id="x", Status="STARTED"), "TIMED_OUT", "query", ["STARTED", "time of the test"], None),
])
def test_every_answer_of_redshift_has_its_code(moto, operation, answer, code, stage, words, blamed):
    with Front(moto.url(), lambda request: answer if request.operation == operation else done(request)) as front:
        expect(tried(redshift(), front.url(), moto.reader, timeout="2s"), code, stage, *words, blamed=blamed)


SERVERLESS = {"CLUSTER_IDENTIFIER": None, "WORKGROUP_NAME": "flow"}


@pytest.mark.parametrize("answer, code, words", [
    (json_answer(workgroup={"workgroupName": "flow", "status": "AVAILABLE", "endpoint": {"address": "flow.example"}}), None, []),
    (json_answer(workgroup={"workgroupName": "flow", "status": "CREATING"}), "SERVER_STARTING", ["CREATING"]),
    (json_fault("ResourceNotFoundException", "Workgroup flow not found."), "DATABASE_MISSING", ["flow not found"]),
])
def test_a_serverless_workgroup(moto, answer, code, words):
    with Front(moto.url(), lambda request: answer if request.operation == "GetWorkgroup" else done(request)) as front:
        report = tried(redshift(**SERVERLESS), front.url(), moto.reader)
        if code:
            expect(report, code, "login", *words)
        else:
            assert report["exit"] == 0 and report["server"]["product"] == "Amazon Redshift Serverless", report


@pytest.mark.parametrize("definition, words", [
    (redshift(CLUSTER_IDENTIFIER=None), ["CLUSTER_IDENTIFIER"]), (redshift(DATABASE=None), ["DATABASE"]),
    (redshift(WORKGROUP_NAME="w"), ["WORKGROUP_NAME", "beside"]), (athena("a b"), ["WORKGROUP_NAME", "no name"]),
    (athena(""), ["WORKGROUP_NAME", "missing"]),
])
def test_what_is_missing_is_told_before_anybody_is_asked(definition, words):
    report = tried(definition, "http://127.0.0.1:1")
    assert (report["code"], report["exit"]) == ("INVALID_INPUT", 2)
    assert all(word in report["reason"] for word in words), report["reason"]
