# SPDX-License-Identifier: Apache-2.0
"""AWS of the tests: moto's server, made strict, behind a front that gives AWS's own forms of refusal."""
import subprocess
import sys

from support.program import ROOT


def packages():
    """The folder of moto and botocore, made on first use."""
    return subprocess.run([ROOT / "tests" / "setup" / "moto"], check=True, capture_output=True, text=True).stdout.strip()


def use_packages():
    """Make botocore importable."""
    folder = packages()
    if folder not in sys.path:
        sys.path.insert(0, folder)
