# SPDX-License-Identifier: Apache-2.0
"""The AWS CLI of the tests: a call a line in, what the CLI printed of the answer a line out. support/sdk.py says how."""
import json
import os
import re
import subprocess
import sys


def run(asked):
    settings, key = asked["client"], asked["client"].get("key")
    command = re.sub("(?<!^)(?=[A-Z])", "-", asked["operation"]).lower()
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": os.environ["PYTHONPATH"], "AWS_PAGER": ""}
    if key:
        environment |= {"AWS_ACCESS_KEY_ID": key["id"], "AWS_SECRET_ACCESS_KEY": key["secret"]}
        if key.get("token"):
            environment["AWS_SESSION_TOKEN"] = key["token"]
    return subprocess.run([sys.executable, "-m", "awscli", "glue", command, "--cli-input-json", json.dumps(asked["input"]),
                           "--endpoint-url", settings["endpoint"], "--region", settings["region"], "--output", "json",
                           *([] if key else ["--no-sign-request"]), *(["--ca-bundle", settings["ca"]] if settings.get("ca") else []),
                           *asked.get("arguments", [])],
                          capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL)


def call(asked):
    done = run(asked)
    if done.returncode == 0:
        return {"request_id": None, "output": json.loads(done.stdout) if done.stdout.strip() else {}}
    told = re.match(r"\s*(?:aws: \[ERROR\]: )?An error occurred \(([^)]*)\) when calling the \w+ operation[^:]*: (.*)", done.stderr, re.S)
    if not told:
        return {"local": done.stderr.strip(), "exit": done.returncode}
    # It prints neither a status nor a request's id nor further members.
    return {"code": told[1], "message": told[2].strip("\n"), "exit": done.returncode}


for line in sys.stdin:
    print(json.dumps(call(json.loads(line))), flush=True)
