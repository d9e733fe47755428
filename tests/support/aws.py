# SPDX-License-Identifier: Apache-2.0
"""AWS of the tests: moto's server, made strict, behind a front that gives AWS's own forms of refusal."""
import contextlib
import http.client
import http.server
import json
import os
import re
import ssl
import subprocess
import sys
import threading
import time
import urllib.request

from support.processes import wait_until
from support.program import ROOT, certificates
from support.server import Server

REGION = "eu-west-1"
CANARY = "s3cret-canary"  # stands in secrets and keys, and may stand in no output


def packages():
    """The folder of moto and botocore, made on first use."""
    return subprocess.run([ROOT / "tests" / "setup" / "moto"], check=True, capture_output=True, text=True).stdout.strip()


def use_packages():
    """Make botocore importable."""
    folder = packages()
    if folder not in sys.path:
        sys.path.insert(0, folder)


class Moto(Server):
    """moto's server on a free port. Its data is made by the client of an administrator, before it is made strict."""

    def __init__(self):
        super().__init__()
        self.packages = packages()
        use_packages()
        self.process = None
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-c", "import sys; from moto.server import main; sys.exit(main(sys.argv[1:]))",
             "-H", "127.0.0.1", "-p", str(self.port)], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": self.packages})
        log.close()
        wait_until(self.answers, 60, "moto")

    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def client(self, service, access_key="admin", secret_key="admin", token=None, region=REGION):
        import boto3
        from botocore.config import Config
        return boto3.client(service, region_name=region, endpoint_url=self.url(), aws_access_key_id=access_key,
                            aws_secret_access_key=secret_key, aws_session_token=token,
                            config=Config(retries={"max_attempts": 0}))

    def make_strict(self):
        """From now on rights and signatures are checked."""
        urllib.request.urlopen(urllib.request.Request(f"{self.url()}/moto-api/reset-auth", data=b"0",
                                                      headers={"Content-Type": "text/plain"})).read()

    def user(self, name, *actions):
        """A user with the right to ACTIONS; its access key and secret key."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
        if actions:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]

    def role(self, name, *actions):
        """A role that may be assumed by all, with the right to ACTIONS; its ARN."""
        iam = self.client("iam")
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"},
                                                         "Action": "sts:AssumeRole"}]}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]}
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        return arn


# What moto says as XML whatever the service, as the JSON services of AWS say it: code, message, status.
AS_AWS = {"AccessDenied": ("AccessDeniedException", 400), "InvalidClientTokenId": ("UnrecognizedClientException", 400),
          "SignatureDoesNotMatch": ("InvalidSignatureException", 400)}


class Front:
    """In front of UPSTREAM ("http://host:port"): passes on what it does not answer itself, and writes down what it saw.

    ANSWER(request) returns (status, headers, body) or None; request has .service, .operation, .region, .path, .headers,
    .body. Without an UPSTREAM all else is a 404.
    """

    def __init__(self, upstream=None, answer=None, certificate=None):
        self.upstream, self.answer, self.seen = upstream, answer, []
        front = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_any(self):
                self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                scope = re.search(r"Credential=[^/]*/\d*/([^/]*)/([^/]*)/", self.headers.get("Authorization") or "")
                self.region, self.service = scope.groups() if scope else (None, None)
                form = re.search(rb"(?:^|&)Action=([A-Za-z]+)", self.body)
                target = self.headers.get("X-Amz-Target")
                self.operation = target.split(".")[-1] if target else form and form.group(1).decode()
                front.seen.append((self.service, self.operation, self.command, self.path, self.region))
                given = front.answer and front.answer(self)
                status, headers, body = given or front.pass_on(self)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    if value is not None:
                        self.send_header(name, value)
                with contextlib.suppress(OSError):  # who gave up does not listen
                    self.end_headers()
                    self.wfile.write(body)

            do_GET = do_POST = do_PUT = handle_any

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates() / f"{certificate}.pem", certificates() / f"{certificate}.key")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.scheme = "https" if certificate else "http"
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def pass_on(self, request):
        if not self.upstream:
            return 404, {}, b""
        host = self.upstream.split("//")[1]
        connection = http.client.HTTPConnection(host, timeout=30)
        headers = {name: value for name, value in request.headers.items() if name.lower() != "connection"}
        connection.request(request.command, request.path, request.body, headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        kept = {name: value for name, value in response.getheaders()
                if name.lower() not in ("connection", "content-length", "transfer-encoding", "date", "server")}
        code = re.search(rb"<Code>(\w+)</Code>", body)
        if request.headers.get("X-Amz-Target") and code and code.group(1).decode() in AS_AWS:
            name, status = AS_AWS[code.group(1).decode()]
            words = re.search(rb"<Message>(.*?)</Message>", body, re.S)
            return json_fault(name, words.group(1).decode() if words else "", status)
        return response.status, kept, body

    def url(self, host="127.0.0.1"):
        return f"{self.scheme}://{host}:{self.port}"

    def calls(self):
        """service:operation of what was seen."""
        return [f"{service}:{operation}" for service, operation, *_ in self.seen]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def json_fault(name, message, status=400):
    """A refusal as a JSON service of AWS gives it."""
    return status, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": name,
                    "x-amzn-RequestId": "11111111-2222-3333-4444-555555555555"}, json.dumps(
                        {"__type": f"com.amazonaws#{name}", "Message": message}).encode()


def json_answer(**members):
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(members).encode()


def xml_fault(name, message, status=400, **more):
    """A refusal as S3 gives it; for STS and Redshift it is one level deeper, which nobody minds."""
    inner = "".join(f"<{key}>{value}</{key}>" for key, value in more.items())
    return status, {"Content-Type": "application/xml"}, (
        f"<?xml version='1.0'?><Error><Code>{name}</Code><Message>{message}</Message>{inner}</Error>").encode()


def slowly(seconds, answer):
    """ANSWER(request), after SECONDS."""
    def behave(request):
        time.sleep(seconds)
        return answer(request) if callable(answer) else answer
    return behave


def environment(url, keys=("AKIDEXAMPLE", "secret-canary-key"), token=None, **more):
    """The environment of a run with AWS at URL and nothing of the user's own."""
    made = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_REGION": REGION}
    if url:
        made["AWS_ENDPOINT_URL"] = url
    if keys:
        made |= {"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1]}
    if token:
        made["AWS_SESSION_TOKEN"] = token
    return {**made, **{key: value for key, value in more.items() if value is not None}}
