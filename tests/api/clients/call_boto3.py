# SPDX-License-Identifier: Apache-2.0
"""boto3 of the tests: a call a line in, what boto3 made of the answer a line out. support/sdk.py says how."""
import datetime
import json
import sys

import boto3
import botocore.exceptions
from botocore import UNSIGNED
from botocore.config import Config

clients = {}


def client_of(settings):
    name = json.dumps(settings, sort_keys=True)
    if name not in clients:
        key = settings.get("key")
        options = {"aws_access_key_id": key["id"], "aws_secret_access_key": key["secret"],
                   "aws_session_token": key.get("token")} if key else {}
        clients[name] = boto3.session.Session().client(
            "glue", region_name=settings["region"], endpoint_url=settings["endpoint"], verify=settings.get("ca"),
            config=None if key else Config(signature_version=UNSIGNED), **options)
    return clients[name]


def call(asked):
    client = client_of(asked["client"])
    method = getattr(client, next(name for name, api in client.meta.method_to_api_mapping.items() if api == asked["operation"]))
    try:
        output = method(**asked["input"])
        return {"request_id": output.pop("ResponseMetadata").get("RequestId"), "output": output}
    except botocore.exceptions.ClientError as e:
        error, about = e.response["Error"], e.response["ResponseMetadata"]
        more = {name: value for name, value in e.response.items() if name not in ("Error", "ResponseMetadata", "message", "Message")}
        return {"code": error["Code"], "message": error.get("Message"), "status": about["HTTPStatusCode"],
                "request_id": about.get("RequestId"), "type": type(e).__name__, "members": more}
    except (botocore.exceptions.ParamValidationError, botocore.exceptions.BotoCoreError) as e:
        return {"local": f"{type(e).__name__}: {e}"}


def plain(value):
    assert isinstance(value, datetime.datetime), value
    return value.timestamp()


for line in sys.stdin:
    print(json.dumps(call(json.loads(line)), default=plain), flush=True)
