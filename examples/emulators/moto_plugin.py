# SPDX-License-Identifier: Apache-2.0
"""moto's server with glue:TestConnection answered by testconn:

    testconn serve --stateless --listen 127.0.0.1:9480 &
    python3 moto_plugin.py http://127.0.0.1:9480 -p 5000
"""
import json
import sys
import urllib.error
import urllib.request

from moto.glue.responses import GlueResponse
from moto.server import main

AGENT = sys.argv.pop(1)
TESTED = ("ConnectionType", "ConnectionProperties", "AuthenticationConfiguration")


def test_connection(self):
    asked = json.loads(self.body)
    if "ConnectionName" in asked and "TestConnectionInput" not in asked:
        stored = self.glue_backend.get_connection(None, asked["ConnectionName"], None).connection_input
        asked = {"TestConnectionInput": {key: stored[key] for key in TESTED if key in stored}}
    request = urllib.request.Request(AGENT, json.dumps(asked).encode(), {
        "X-Amz-Target": "AWSGlue.TestConnection", "Content-Type": "application/x-amz-json-1.1"})
    try:
        answer = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as refused:
        answer = refused
    headers = {name.lower(): value for name, value in answer.headers.items()}
    kept = {name: headers[name] for name in ("content-type", "x-amzn-errortype") if name in headers}
    return answer.read().decode(), {**kept, "status": answer.status}


GlueResponse.test_connection = test_connection
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
