# SPDX-License-Identifier: Apache-2.0
"""Running testconn and reading its JSON report."""
import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TESTCONN_BUILD", ROOT / "build" / "dev"))
PROGRAM = BUILD / "testconn"


def certificates():
    """The folder of the test certificates, made on first use."""
    script = ROOT / "tests" / "setup" / "certificates"
    return pathlib.Path(subprocess.run([script], check=True, capture_output=True, text=True).stdout.strip())


def run(arguments, stdin=None, environment=None, timeout=60):
    """Run the program; returns the finished process with text output."""
    return subprocess.run([str(PROGRAM), *map(str, arguments)], input=stdin, text=True, capture_output=True,
                          env=environment, timeout=timeout)


def jdbc(name="orders", **properties):
    """A JDBC ConnectionInput; values of None are left out."""
    given = {key: value for key, value in properties.items() if value is not None}
    return {"Name": name, "ConnectionType": "JDBC", "ConnectionProperties": given}


def batch(definition, *arguments, timeout="10s", environment=None):
    """Test one definition or a list; returns (exit code, the document)."""
    done = run(["test", "--input", "-", "-o", "json", "--timeout", timeout, *arguments],
               stdin=json.dumps(definition), environment=environment)
    assert done.stdout, f"no report: exit code {done.returncode}, {done.stderr}"
    return done.returncode, json.loads(done.stdout)


def verdict(definition, *arguments, **options):
    """Test one definition; returns its element of "tests", with the exit code as "exit"."""
    code, document = batch(definition, *arguments, **options)
    assert len(document["tests"]) == 1
    return {**document["tests"][0], "exit": code}


def stages(report):
    """Stage name -> status."""
    return {stage["name"]: stage["status"] for stage in report["stages"]}


def rules(report):
    """The rules of all findings."""
    return {finding["rule"] for finding in report["findings"]}
