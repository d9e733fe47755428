# SPDX-License-Identifier: Apache-2.0
"""Every driver against every bad peer: right stage and code, in time, and nothing left behind.

The drivers are those of the build, by their manifests. expectations/NAME.json says what a driver
makes of a peer: [mode, peer, stage, code, words...]; a mode is a set of properties. The words are those of the reason,
or of the facts where the test passes. Where not the definition but the operator's environment names the peer, it is in
"environment", and each case is a run of its own.
"""
import json
import os
import pathlib
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import bad_peer
from support.processes import contents, free_port, running, wait_until
from support.program import BUILD, PROGRAM, batch, certificates

DEADLINE_MS = 3000 if BUILD.name == "asan" else 1000  # sanitizers slow sixteen at a time down
CANARY = "c4nary-bad-peer-s3cret"
EXPECTATIONS = pathlib.Path(__file__).parent / "expectations"
DRIVERS = sorted(path.stem for path in (BUILD / "drivers").glob("*.json"))


def test_there_are_drivers_and_each_says_what_it_expects():
    assert DRIVERS
    for driver in DRIVERS:
        assert (EXPECTATIONS / f"{driver}.json").exists(), driver


def fill(value, names):
    """VALUE with each {name} of its texts replaced."""
    if isinstance(value, dict):
        return {key: fill(inner, names) for key, inner in value.items()}
    for name, text in names.items():
        value = value.replace(f"{{{name}}}", text)
    return value


def build(template, port, host, modes):
    """The definition of TEMPLATE with the properties of its mode put in."""
    names = {"port": str(port), "host": host, "canary": CANARY, "certificates": str(certificates())}
    return fill({"Name": "case", "ConnectionType": template["type"], "ConnectionProperties": {**template["properties"], **modes},
                 **({"AuthenticationConfiguration": template["authentication"]} if "authentication" in template else {})}, names)


def environment_of(template, port, host):
    """The variables of TEMPLATE's environment for one peer; None: none are needed."""
    if "environment" not in template:
        return None
    return {**os.environ, **fill(template["environment"], {"port": str(port), "host": host, "canary": CANARY})}


def batch_of_one(definition, environment):
    """The document of one test in an ENVIRONMENT of its own."""
    return batch(definition, timeout=f"{DEADLINE_MS}ms", environment=environment)[1]


def reports_of(definitions, environments):
    """The reports of DEFINITIONS: of one batch, or of as many runs as there are ENVIRONMENTS."""
    if environments[0] is None:
        return batch(definitions, "--jobs", "16", timeout=f"{DEADLINE_MS}ms")[1]["tests"]
    with ThreadPoolExecutor(8) as pool:
        return [document["tests"][0] for document in pool.map(batch_of_one, definitions, environments)]



def rows_for(expected, ports, missing):
    """What the driver makes of the peers in MISSING, as rows for its file: to be judged one by one before they go in."""
    cases = [(mode, peer) for mode in expected["modes"] for peer in sorted(missing)]
    made = [{**build(expected, ports[peer], "127.0.0.1", expected["modes"][mode]), "Name": "case"} for mode, peer in cases]
    reports = reports_of(made, [environment_of(expected, ports[peer], "127.0.0.1") for _, peer in cases])
    return ",\n".join(json.dumps([mode, peer, report.get("stage", ""), report.get("code", "ok")])
                      for (mode, peer), report in zip(cases, reports))


def private_kib(pid):
    """Memory of a process that is its own, in KiB."""
    for line in contents(pid, "status").decode().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return 0


@pytest.mark.applies("asan" not in BUILD.name)  # a sanitizer's shadow memory is not the worker's
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_hostile_server_costs_no_more_than_64_mib(driver):
    expected = json.loads((EXPECTATIONS / f"{driver}.json").read_text())
    with bad_peer.Peers({name: bad_peer.PEERS[name] for name in ("floods", "huge-length", "random")}) as peers:
        most = 0
        for port in peers.port.values():
            many = [build(expected, port, "127.0.0.1", mode) for mode in expected["modes"].values()]
            process = subprocess.Popen([PROGRAM, "test", "--input", "-", "--timeout", "2s"], stdin=subprocess.PIPE,
                                       stdout=subprocess.DEVNULL, text=True,
                                       env=environment_of(expected, port, "127.0.0.1"))
            process.stdin.write(json.dumps(many))
            process.stdin.close()
            while process.poll() is None:
                most = max([most, *map(private_kib, running(PROGRAM))])
    assert 0 < most < 64 * 1024


@pytest.mark.parametrize("driver", DRIVERS)
def test_bad_peers(driver):
    expected = json.loads((EXPECTATIONS / f"{driver}.json").read_text())
    behaviours = {**bad_peer.PEERS, **getattr(bad_peer, expected.get("peers", ""), {})}
    wrong = []
    with bad_peer.Peers(behaviours) as peers:
        ports = {**peers.port, "closed": free_port(), "no-such-name": 1}
        definitions, environments = [], []
        for mode, peer, *_ in expected["cases"]:
            host = "no-such-name.invalid" if peer == "no-such-name" else "127.0.0.1"
            definitions.append({**build(expected, ports[peer], host, expected["modes"][mode]),
                                "Name": f"{mode} {peer}"})
            environments.append(environment_of(expected, ports[peer], host))
        missing = set(behaviours) - {peer for _, peer, *_ in expected["cases"]}
        assert not missing, "no expectation for:\n" + rows_for(expected, ports, missing)
        tests = reports_of(definitions, environments)
        assert CANARY not in json.dumps(tests)
    for (mode, peer, stage, code, *words), report in zip(expected["cases"], tests):
        said = (report.get("stage"), report.get("code", "ok"))
        codes = code.split("|")
        if said[1] not in codes or (said[1] != "ok" and said[0] not in stage.split("|")):
            wrong.append(f"{mode} {peer}: {said}, expected {(stage, code)}: {report.get('reason')}")
        told = report.get("reason") or json.dumps([stage["facts"] for stage in report["stages"]])
        wrong += [f"{mode} {peer}: no {word!r} in {told!r}" for word in words if word not in told]
        if report["duration_ms"] > DEADLINE_MS + 300:
            wrong.append(f"{mode} {peer}: took {report['duration_ms']} ms")
    assert not wrong, "\n".join(wrong)
    wait_until(lambda: running(PROGRAM) == [], 2, "the end of all workers")
