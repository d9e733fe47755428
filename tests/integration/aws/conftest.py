# SPDX-License-Identifier: Apache-2.0
"""What the tests of AWS have behind it: one PostgreSQL a file."""
import pytest

from support.postgresql import PostgreSQL


@pytest.fixture(scope="module")
def server():
    with PostgreSQL() as running:
        yield running
