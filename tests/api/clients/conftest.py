# SPDX-License-Identifier: Apache-2.0
"""What the tests of real clients share: each client's program, started once a file."""
import pytest

from support.sdk import NAMES, Client


@pytest.fixture(scope="module", params=NAMES)
def client(request):
    with Client(request.param) as program:
        yield program
