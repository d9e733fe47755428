# SPDX-License-Identifier: Apache-2.0
"""Our SigV4 beside botocore's over generated requests: the same signatures, and its own verified by us."""
import datetime
import json
import random
import subprocess
import urllib.parse

from support.aws import use_packages
from support.program import BUILD

use_packages()
import botocore.auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402

NOW = datetime.datetime(2024, 10, 1, 12, tzinfo=datetime.timezone.utc)
SEED = 20241001
COUNT = 4000
PIECES = ["a", "Z9", "-._~", " ", "+", "%", "/", "//", "..", ".", "é", "密", "=", "&", ":", "@", "*", "'", "\"", ","]


def words(chance, most=4):
    return "".join(chance.choice(PIECES) for _ in range(chance.randint(0, most)))


def made(chance):
    """One request as it would go over the wire, and who signs it."""
    service = chance.choice(["glue", "s3", "secretsmanager", "sts", "rds-db"])
    path = "/" + urllib.parse.quote("/".join(words(chance) for _ in range(chance.randint(0, 4))), safe="/~")
    expires = chance.choice([0, 0, 900])
    names = [words(chance, 2) or "p" for _ in range(chance.randint(0, 4))]
    # botocore drops doubled names of a presigned query
    names = list(dict.fromkeys(names)) if expires else names + names[:chance.randint(0, 1)]
    query = "&".join(f"{urllib.parse.quote(name, safe='~')}={urllib.parse.quote(words(chance), safe='~')}"
                     for name in names)
    headers = [["Host", chance.choice(["db.example:3306", "x.amazonaws.com"])]]
    for name in chance.sample(["Content-Type", "X-Amz-Target", "x-custom", "X-Upper-CASE", "User-Agent", "Expect"],
                              chance.randint(0, 4)):
        headers.append([name, chance.choice(["  two   blanks\t tab ", "", "plain", "UPPER lower", "a,b , c"])])
    # botocore takes the body of a presigned request for parameters: there is none
    return {"method": chance.choice(["GET", "POST", "PUT"]), "path": path, "query": query, "headers": headers,
            "body": "" if expires else words(chance, 6), "service": service, "region": chance.choice(["us-east-1", "cn-north-1"]),
            "access_key": "AKIDEXAMPLE", "secret_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            "session_token": chance.choice([None, "SESSIONTOKEN/+="]), "now": int(NOW.timestamp()),
            "expires": expires}


def signed_by_botocore(line):
    host = line["headers"][0][1]
    request = AWSRequest(line["method"], f"https://{host}{line['path']}" + (f"?{line['query']}" if line["query"] else ""),
                         data=line["body"].encode())
    for name, value in line["headers"]:
        request.headers[name] = value
    credentials = Credentials(line["access_key"], line["secret_key"], line["session_token"])
    s3 = line["service"] == "s3"
    if line["expires"]:
        signer = botocore.auth.S3SigV4QueryAuth if s3 else botocore.auth.SigV4QueryAuth
        signer(credentials, line["service"], line["region"], expires=line["expires"]).add_auth(request)
        return {"signed_query": request.url.split("?", 1)[1]}
    signer = botocore.auth.S3SigV4Auth if s3 else botocore.auth.SigV4Auth
    signer(credentials, line["service"], line["region"]).add_auth(request)
    return {"authorization": request.headers["Authorization"]}


def signature(query):
    return urllib.parse.parse_qs(query)["X-Amz-Signature"]


def test_ours_and_botocores_are_the_same(monkeypatch):
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: NOW.replace(tzinfo=None))
    chance = random.Random(SEED)
    lines = [made(chance) for _ in range(COUNT)]
    theirs = [signed_by_botocore(line) for line in lines]
    given = "\n".join(json.dumps({key: value for key, value in {**line, **their}.items() if value is not None})
                      for line, their in zip(lines, theirs))
    done = subprocess.run([BUILD / "tests" / "sigv4_lines"], input=given, text=True, capture_output=True, check=True)
    ours = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(ours) == COUNT
    for line, their, our in zip(lines, theirs, ours):
        if line["expires"]:
            assert signature(our["signed_query"]) == signature(their["signed_query"]), (line, their, our)
        else:
            assert our["authorization"] == their["authorization"], json.dumps(line)
        if "X-Amz-Target" not in [name for name, _ in line["headers"]] or not line["expires"]:
            assert our["fault"] == 0, (line, their, our)
