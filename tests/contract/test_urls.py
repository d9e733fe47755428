# SPDX-License-Identifier: Apache-2.0
"""URLs from outside: parameters that are refused however they are written, hosts and ports, and passwords never shown."""
import json

import pytest

from support.processes import free_port
from support.program import batch, jdbc, run

URL = "ConnectionProperties.JDBC_CONNECTION_URL"
DESCRIPTOR = "jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=h)(PORT=1))(CONNECT_DATA=(SERVICE_NAME=s))%s)"

REFUSED_PARAMETERS = [
    "jdbc:postgresql://h/d?a=b&%73ocketFactory=x", "jdbc:postgresql://h/d?LOGGERFILE=x", "jdbc:postgresql://h/d?x=1;socketFactory=y",
    "jdbc:redshift://h/d?IniFile=x", "jdbc:redshift://h/d?logpath=x", "jdbc:mysql://h/d?allowLoadLocalInfile", "jdbc:mysql://h/d?a&&%61utoDeserialize=1",
    "jdbc:mysql://h/d??allowLoadLocalInfile=true", "jdbc:mysql://h/d?a=b&amp;allowLoadLocalInfile=true", "jdbc:mysql://h/d;allowLoadLocalInfile=true",
    "jdbc:mysql://h/d?u=jdbc%3Amysql%3A//h/d%3FallowLoadLocalInfile%3Dtrue", "jdbc:mysql://(host=h,port=1,allowLoadLocalInfile=true)/d",
    "jdbc:mysql://address=(host=h)(port=1)(queryInterceptors=x)/d", "jdbc:mariadb://h/d?initSql=x", "jdbc:sqlserver://h;;TrustStore = {/x}",
    "jdbc:snowflake://h/?privateKeyFile=x&db=d", "jdbc:oracle:thin:@//h:1/s?oracle.jdbc.config.file=x", "jdbc:oracle:thin:@//h:1/s?oracle.net.tns_admin=x",
    DESCRIPTOR % "(WALLET_LOCATION=(SOURCE=(METHOD=FILE)(METHOD_DATA=(DIRECTORY=/x))))", DESCRIPTOR % "(security=(my_wallet_directory=/x))",
    "jdbc:h2:tcp://h/x;INIT=RUNSCRIPT FROM 'x'", "jdbc:h2:tcp://h/x;TRACE_LEVEL_FILE=3", "jdbc:db2://h:5/x:traceFile=/x;",
    "jdbc:db2://h:5/x:clientRerouteServerListJNDIName=x;", "jdbc:jtds:sqlserver://h/x;logFile=/x", "jdbc:sap://h:1/?traceFile=x",
]

REFUSED = [
    "jdbc:oracle:thin:@ldaps://h/x", "jdbc:oracle:thin:@CONFIG-file:///x", "jdbc:oracle:thin:@alias", "jdbc:oracle:oci8:@//h/s", "jdbc:H2:FILE:x",
    "jdbc:h2:mem:x", "jdbc:derby:memory:x", "jdbc:hsqldb:res:x", "jdbc:SQLite:/x", "jdbc:postgresql://[127.0.0.1]:1/d", "jdbc:sqlserver://[h]:1",
    "jdbc:postgresql://[fe80::1%25eth0]:1/d", "jdbc:postgresql://h,:1/d", "jdbc:postgresql://h:65536/d", "jdbc:postgresql://h:+1/d",
    "jdbc:postgresql:// h/d", " jdbc:postgresql://h/d", "jdbc", "jdbc:", "jdbc:postgresql://h/d#x", "jdbc:postgresql://h%00/d",
]


def definitions(urls, **more):
    return [jdbc(JDBC_CONNECTION_URL=url, USERNAME="u", PASSWORD="p", **more) for url in urls]


def test_refused_parameters_are_found_however_they_are_written():
    for url, report in zip(REFUSED_PARAMETERS, batch(definitions(REFUSED_PARAMETERS))[1]["tests"]):
        told = {finding["rule"] for finding in report["findings"] if finding["severity"] == "error"}
        assert (report["code"], report["property"], told) == ("INVALID_INPUT", URL, {"url-parameter-refused"}), url


def test_refused_urls():
    for url, report in zip(REFUSED, batch(definitions(REFUSED))[1]["tests"]):
        assert (report["code"], report["stage"], report["property"]) == ("INVALID_INPUT", "input", URL), url


def test_problems_of_hosts_and_parameters_are_told_together():
    report = batch(definitions(["jdbc:postgresql://h:0/d?sslmode=odd&socketFactory=x"], JDBC_ENFORCE_SSL="yes"))[1]["tests"][0]
    for word in ("port", "sslmode", "socketFactory", "JDBC_ENFORCE_SSL"):
        assert word in report["reason"]


CREDENTIALS = [
    "jdbc:postgresql://u:c4nary@h/d", "jdbc:mysql://u:p@ss/c4nary@h/d", "jdbc:mysql://u:c4nary/x@h/d", "jdbc:mysql://(host=h,user=u,password=c4nary)/d",
    "jdbc:oracle:thin:u/c4nary@//h:1/s", "jdbc:sqlserver://u:c4nary@h;a=b", "jdbc:mysql://h/d?password=a&c4nary", "jdbc:mysql://h/d?password=a&c4nary=b",
    "jdbc:mysql://h/d?pa%73sword=c4nary&token=c4nary", "jdbc:sqlserver://h;password=a;c4nary", "jdbc:sqlserver://h;password={a;c4nary",
    "jdbc:sqlserver://h;PWD=c4nary;a=b", "jdbc:db2://h:1/d:user=u;password=c4nary;", "jdbc:db2://h:1/d:password=a&c4nary=b;traceFile=x",
    "jdbc:foo:u/c4nary@h", "jdbc:foo://u:c4nary@h/d", DESCRIPTOR % "(PASSWORD=c4nary)",
]


@pytest.mark.parametrize("arguments", [["test", "-v"], ["test", "-o", "json"], ["test", "-o", "ndjson"], ["explain"], ["explain", "-o", "json"]])
def test_passwords_of_urls_are_never_shown(arguments):
    for more in ({}, {"JDBC_ENFORCE_SSL": "odd"}):
        done = run([*arguments, "-i", "-"], stdin=json.dumps(definitions(CREDENTIALS, **more)))
        assert done.stdout and "c4nary" not in done.stdout + done.stderr


def test_each_of_the_hosts_that_fail_is_told_once():
    ports = [free_port() for _ in range(3)]
    url = f"jdbc:postgresql://localhost:{ports[0]},[::1]:{ports[1]},127.0.0.1:{ports[2]}/d"
    report = batch(definitions([url]))[1]["tests"][0]
    told = [finding["message"].split(": ")[0] for finding in report["findings"] if finding["rule"] == "endpoint-failed"]
    assert sorted(told) == sorted([f"localhost:{ports[0]}", f"[::1]:{ports[1]}", f"127.0.0.1:{ports[2]}"])
    assert report["code"] == "CONNECT_REFUSED" and f"localhost:{ports[0]}" in report["reason"]


@pytest.mark.parametrize("url, meant", [("postgresql://h/d", "jdbc:postgresql://"), ("postgres://h/d", "jdbc:postgresql://"),
                                        ("mysql://h/d", "jdbc:mysql://"), ("http://h/d", None), ("h:1/d", None)])
def test_a_url_of_another_client_is_told_in_ours(url, meant):
    reason = batch(definitions([url]))[1]["tests"][0]["reason"]
    assert 'does not begin with "jdbc:"' in reason and (meant in reason if meant else "did you mean" not in reason)
