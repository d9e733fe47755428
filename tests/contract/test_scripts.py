# SPDX-License-Identifier: Apache-2.0
"""The scripts say how they are called, and do nothing where they are called otherwise: a label that nothing bears would
pass with no test run."""
import subprocess

import pytest

from support.program import ROOT


def call(script, *arguments):
    return subprocess.run([ROOT / "scripts" / script, *arguments], capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("script, arguments, words", [
    ("test", ["-L", "nope"], 'no label begins with "nope"'),
    ("test", ["-L"], "usage: scripts/test"),
    ("test", ["unit"], "usage: scripts/test"),
    ("test", ["-L", "unit", "lint"], "usage: scripts/test"),
    ("test", ["-R", "x"], "usage: scripts/test"),
    ("install", [], "build quickstart run test"),
    ("install", ["build", "nope"], '"nope"'),
    ("build", [], "presets are: dev"),
    ("build", ["nope"], "presets are: dev"),
    ("lint", ["nope"], "usage: scripts/lint"),
    ("quickstart", ["now"], "usage: scripts/quickstart"),
])
def test_wrong_usage_is_told(script, arguments, words):
    done = call(script, *arguments)
    assert (done.returncode, done.stdout) == (2, "") and words in done.stderr


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_the_labels_are_told(option):
    done = call("test", option)
    assert (done.returncode, done.stderr) == (0, "")
    for label in ("unit", "contract", "integration-mongodb", "release", "fuzz"):
        assert label in done.stdout.split()
