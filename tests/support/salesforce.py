# SPDX-License-Identifier: Apache-2.0
"""Salesforce as far as a test needs it: a real OAuth2 server with its shape, and single faults by a small HTTPS server.

Both hold certificates of the tests' CA, which the program trusts only as it does any other: from the system's folder. So
testconn runs in a mount namespace of its own, where that folder has the CA as well.
"""
import base64
import contextlib
import http.server
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import time
import urllib.request

from support.processes import wait_until
from support.program import PROGRAM, ROOT, certificates
from support.server import Server
from support.web import Web

CLIENT = "3MVG9.testconn"
CLIENT_SECRET = "c4nary-client-s3cret+/=&%"
USER = "jane@acme.example"


def setup(name):
    done = subprocess.run([ROOT / "tests" / "setup" / name], check=True, capture_output=True, text=True)
    return pathlib.Path(done.stdout.strip())


class Trust:
    """/etc/ssl/certs with the tests' CA in it, for a mount namespace."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="testconn-trust-"))
        shutil.copytree("/etc/ssl/certs", self.folder / "certs", symlinks=True)
        ca = certificates() / "ca.pem"
        name = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in", ca], capture_output=True, text=True, check=True)
        shutil.copy(ca, self.folder / "certs" / f"{name.stdout.strip()}.0")

    def within(self, *command):
        """COMMAND, where this is the system's folder."""
        inner = 'mount --bind "$1" /etc/ssl/certs && shift && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", inner, "sh", str(self.folder / "certs"), *map(str, command)]

    def run(self, arguments, stdin=None, environment=None, timeout=60):
        own = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        return subprocess.run(self.within(PROGRAM, *arguments), input=stdin, text=True, capture_output=True, env={**own, **(environment or {})},
                              timeout=timeout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)


class Salesforce(Server):
    """The OAuth2 server and the instance, on one port of localhost."""

    def __init__(self, audience=None):
        super().__init__()
        made = certificates()
        self.key = self.folder / "jwt.key"
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"], check=True, capture_output=True)
        subprocess.run(["openssl", "rsa", "-in", self.key, "-pubout", "-out", self.folder / "jwt.pub"], check=True, capture_output=True)
        self.url = f"https://localhost:{self.port}"
        self.audience = audience or self.url
        self.spawn([setup("node") / "bin" / "node", "--no-warnings", ROOT / "tests" / "support" / "salesforce.mjs",
                    setup("oidc-provider"), self.port, made / "good.pem", made / "good.key", self.folder / "jwt.pub", self.audience])
        wait_until(self.answers, 60, "the OAuth2 server")

    def get(self, path):
        with urllib.request.urlopen(self.url + path, context=ssl.create_default_context(cafile=certificates() / "ca.pem")) as answer:
            return answer.read().decode()

    def mint(self, kind):
        """A code, a refresh token, or a rotating one, as a browser's login would bring."""
        return self.get(f"/test/{kind}")

    def jwt(self, key=None, algorithm="RS256", **claims):
        """A signed JWT; CLAIMS of None are left out."""
        claims = {"iss": CLIENT, "sub": USER, "aud": self.audience, "exp": int(time.time()) + 120, **claims}
        parts = [{"alg": algorithm, "typ": "JWT"}, {name: value for name, value in claims.items() if value is not None}]
        text = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key or self.key], input=text.encode(), capture_output=True,
                                check=True)
        return f"{text}.{base64.urlsafe_b64encode(signed.stdout).decode().rstrip('=')}"


class Scripted(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.seen.append({"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body})
        script = self.server.script(self.path, body)
        status, answer, *more = script if isinstance(script, tuple) else (200, script)
        if callable(answer):
            with contextlib.suppress(OSError, ssl.SSLError):
                return answer(self)
        text = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response_only(status)
        headers = {"Date": self.date_time_string(), "Content-Type": "text/html" if text.startswith(b"<") else "application/json",
                   "Content-Length": str(len(text)), **(more[0] if more else {})}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


class Fault(Web):
    """A HTTPS server that answers by SCRIPT(path, body): JSON, text, (status, either[, headers]) or (0, a function)."""

    def __init__(self, script, **more):
        super().__init__(Scripted, **more)
        self.server.script = script


def definition(url, grant="CLIENT_CREDENTIALS", secret=None, instance="same", client=CLIENT, name="crm", **oauth2):
    """A SALESFORCE ConnectionInput whose secret stands in SecretArn."""
    properties = {} if instance is None else {"INSTANCE_URL": url if instance == "same" else instance}
    given = {"OAuth2GrantType": grant, "TokenUrl": f"{url}/services/oauth2/token", **oauth2}
    if client:
        given["OAuth2ClientApplication"] = {"UserManagedClientApplicationClientId": client}
    secret = {"USER_MANAGED_CLIENT_APPLICATION_CLIENT_SECRET": CLIENT_SECRET} if secret is None else secret
    return {"Name": name, "ConnectionType": "SALESFORCE", "ConnectionProperties": properties,
            "AuthenticationConfiguration": {"AuthenticationType": "OAUTH2", "OAuth2Properties": given,
                                            "SecretArn": secret if isinstance(secret, str) else json.dumps(secret)}}
