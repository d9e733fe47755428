# SPDX-License-Identifier: Apache-2.0
"""What the documents say: links lead somewhere, definitions are understood, codes, rules and options exist."""
import json
import os
import re

import pytest
import yaml

from support.program import ROOT, run

PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "src/README.md", "drivers/README.md", "tests/README.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))
EXAMPLES = sorted(path for path in (ROOT / "examples").iterdir() if path.is_file())
CODES = set(re.findall(r"^REASON\((\w+),", (ROOT / "include/testconn/reasons.def").read_text(), re.M))
SOURCES = "\n".join(path.read_text() for folder in ("src", "drivers", "secrets") for path in (ROOT / folder).rglob("*.[ch]"))


def filled(text):
    """An environment in which each variable that TEXT refers to is set."""
    return {**os.environ, **{name: "x" for name in re.findall(r"\$\{env:(\w+)\}", text)}}


def blocks(text):
    """The indented blocks of a page."""
    block = []
    for line in [*text.splitlines(), "end"]:
        if line.startswith("    ") or (block and not line):
            block.append(line[4:])
        elif block:
            yield "\n".join(block)
            block = []


def definitions(text):
    """The JSON objects of a page that are connections: each begins a block or follows a blank line."""
    for block in blocks(text):
        for piece in block.split("\n\n"):
            if piece.lstrip().startswith("{") and "ConnectionType" in piece:
                yield json.loads(piece)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        assert "://" in target or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_definition_of_a_page_is_understood(page):
    text = page.read_text()
    for definition in definitions(text):
        done = run(["explain", "--strict", "--input", "-"], stdin=json.dumps(definition), environment=filled(text))
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_option_of_a_command_line_exists(page):
    for line in page.read_text().splitlines():
        words = re.match(r"(?: {4}|\| )?(?:\$ )?(?:.*\| )?testconn ((?:connections |cert )?[a-z-]+) ([^#`]*)", line)
        if words:
            told = run([*words[1].split(), "--help"])
            for option in re.findall(r"(?<!\S)--?[a-z-]+", words[2].split(" -- ")[0]):
                assert re.search(rf"(^| ){re.escape(option)}[ ,\n]", told.stdout, re.M), (line, option)


def test_each_page_is_linked():
    index = (ROOT / "docs/README.md").read_text()
    for page in PAGES:
        if page.parent == ROOT / "docs" and page.name != "README.md":
            assert f"({page.name})" in index, page.name


def test_the_codes_of_the_readme_are_those_of_the_program():
    table = (ROOT / "README.md").read_text().split("## What a code means")[1].split("\n\n`include")[0]
    assert set(re.findall(r"`([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*)`", table)) == CODES


def test_the_rules_that_pages_name_are_found_in_the_sources():
    named = set()
    for page in PAGES:
        if page.parent == ROOT / "docs":
            for words in re.findall(r"Findings? of its own:(.*?)the others", page.read_text() + "the others", re.S):
                named |= set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", words))
    table = (ROOT / "docs/reports.md").read_text().split("## Findings")[1]
    named |= {rule for row in re.findall(r"^\|(.*?)\|", table, re.M) for rule in re.findall(r"`([a-z-]+)`", row)}
    assert len(named) > 40
    assert [rule for rule in sorted(named) if f'"{rule}"' not in SOURCES] == []


@pytest.mark.parametrize("path", [*EXAMPLES, ROOT / "docker/connections.yaml"], ids=lambda path: path.name)
def test_every_example_is_understood(path):
    done = run(["explain", "--strict", "--input", path], environment=filled(path.read_text()))
    assert done.returncode == 0 and "note:" not in done.stderr, done.stdout + done.stderr


def test_there_is_an_example_for_each_type():
    text = "\n".join(path.read_text() for path in EXAMPLES)
    for driver in json.loads(run(["drivers", "-o", "json"]).stdout):
        for kind in driver["types"]:
            assert re.search(rf"\bConnectionType\"?: \"?{kind}\b", text), kind
        assert not driver.get("subprotocols") or any(f"jdbc:{word}:" in text for word in driver["subprotocols"]), driver["name"]


def test_the_databases_of_compose_are_those_that_are_tested_there():
    services = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]
    tested = [one["Name"] for one in yaml.safe_load((ROOT / "docker/connections.yaml").read_text())]
    assert sorted(tested) == sorted(set(services) - {"testconn", "serve"})
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published and all(port.startswith("127.0.0.1:") for port in published) and len(set(published)) == len(published)


@pytest.mark.parametrize("name", ["report", "certificates"])
def test_every_member_of_a_schema_is_described(name):
    def look(node, path):
        for key, member in {**node.get("properties", {}), **node.get("$defs", {})}.items():
            if isinstance(member, dict):
                assert "description" in member, f"{path}/{key}"
                look(member, f"{path}/{key}")
    look(json.loads((ROOT / "share/schema" / f"{name}.schema.json").read_text()), name)
