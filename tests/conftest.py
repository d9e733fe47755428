# SPDX-License-Identifier: Apache-2.0
"""Makes `support` importable from every test, and every skip visible to ctest."""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

SKIPPED = 77  # the exit code that ctest takes for a skip
reasons = []


def pytest_configure(config):
    config.addinivalue_line("markers", "applies(condition): otherwise the test is none of this run's, which is no skip")


def pytest_collection_modifyitems(config, items):
    foreign = [item for item in items if not all(mark.args[0] for mark in item.iter_markers("applies"))]
    config.hook.pytest_deselected(items=foreign)
    items[:] = [item for item in items if item not in foreign]


def pytest_runtest_logreport(report):
    reason = report.longrepr[2].removeprefix("Skipped: ") if report.skipped else None
    if reason and reason not in reasons:
        reasons.append(reason)


def pytest_sessionfinish(session, exitstatus):
    if exitstatus == 0 and reasons:
        session.exitstatus = SKIPPED


def pytest_unconfigure(config):
    for reason in reasons:
        print(f"testconn: {reason}")


# No test may see the catalog of whoever runs them, or be them at AWS.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ.update(TESTCONN_CATALOG="sqlite:/nonexistent/catalog.db", AWS_EC2_METADATA_DISABLED="true",
                  AWS_CONFIG_FILE="/nonexistent/config", AWS_SHARED_CREDENTIALS_FILE="/nonexistent/credentials")
