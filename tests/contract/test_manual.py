# SPDX-License-Identifier: Apache-2.0
"""--help, completion and the manual page: all of them say what the tables of the program say."""
import json
import os
import re
import subprocess

import pytest

from support.program import BUILD, PROGRAM, ROOT, run
from support.terminal import Terminal

PAGE = BUILD / "share" / "man" / "testconn.1"
COMPLETIONS = BUILD / "share" / "completions"
OPTION = re.compile(r"^  (?:-(\w), |    )--([a-z-]+)(?: ([A-Z]+))?(?: |$)")


def commands():
    """Every command that does something by itself, parts as "connections create"."""
    found = []
    for line in run(["--help"]).stdout.split("Commands:\n")[1].split("\n\n")[0].splitlines():
        name = line.split()[0]
        parts = run([name, "--help"]).stdout.partition("\nCommands:\n")[2].partition("\n\n")[0]
        found += [line.strip().split("  ")[0] for line in parts.splitlines()] or [name]
    return found


COMMANDS = commands()


def options(command):
    """(letter, name, value) of each option in the help of COMMAND."""
    text = run([*command.split(), "--help"]).stdout.partition("\nOptions:\n")[2]
    return [match.groups() for line in text.splitlines() if (match := OPTION.match(line))]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command):
    words = command.split()
    text = run([*words, "--help"]).stdout
    assert text.startswith(f"testconn {command}") and max(map(len, text.splitlines())) <= 80, text
    assert all(line == line.rstrip() for line in text.splitlines())
    assert run(["help", *words]).stdout == text and run([*words, "-h"]).stdout == text
    assert run([*words, "--help", "--bogus"]).stdout == text


def test_help_of_the_program():
    text = run(["--help"]).stdout
    assert run(["help"]).stdout == run(["-h"]).stdout == text and max(map(len, text.splitlines())) <= 80
    refused = run(["help", "tset"])
    assert refused.returncode == 2 and "did you mean test" in refused.stderr


def test_the_manual_page_has_every_command_and_option():
    text = re.sub(r"\\f.", "", PAGE.read_text()).replace("\\-", "-")
    for command in COMMANDS:
        section = re.search(rf'^\.SS "testconn {command}[" ].*?(?=^\.S[SH])', text, re.S | re.M)
        assert section, command
        for letter, name, value in options(command):
            shown = (f"-{letter}, " if letter else "") + f"--{name}" + (f" {value}" if value else "")
            assert f".TP\n{shown}\n" in section[0], (command, shown)
        assert section[0].count(".TP") == len(options(command))
    version = run(["version"]).stdout.split()[1]
    assert f"testconn {version}" in text and "@" not in text


@pytest.mark.parametrize("checker", [["mandoc", "-Tlint", "-Wwarning"], ["groff", "-man", "-ww", "-z"]])
def test_the_manual_page_has_no_fault(checker):
    done = subprocess.run([*checker, PAGE], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("shell, file, linter", [
    ("bash", "testconn", ["shellcheck", "-s", "bash"]), ("zsh", "_testconn", ["zsh", "-n"])])
def test_the_scripts_of_the_build_are_those_of_the_program(shell, file, linter):
    path = COMPLETIONS / file
    assert run(["completion", shell]).stdout == path.read_text()
    done = subprocess.run([*linter, path], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert run(["completion", "fish"]).returncode == run(["completion"]).returncode == 2


def bash(*words, cwd=None):
    """What bash offers for the last of WORDS; "=" stands alone, as bash parts words."""
    quoted = " ".join(f"'{word}'" for word in ("testconn", *words))
    script = f"source '{COMPLETIONS / 'testconn'}'; COMP_WORDS=({quoted}); COMP_CWORD={len(words)}; _testconn; " \
             "printf '%s\\n' \"${COMPREPLY[@]}\""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return set(done.stdout.split("\n")) - {""}


def test_bash_completes_commands_options_and_values(tmp_path):
    (tmp_path / "a file.json").write_text("")
    (tmp_path / "folder").mkdir()
    assert bash("") == {"help", *(command.split()[0] for command in COMMANDS)}
    assert bash("te") == {"test"} and bash("help", "ex") == {"explain"}
    for command in COMMANDS:
        expected = {f"--{name}" for _, name, _ in options(command)} | {"--help"}
        assert {word for word in bash(*command.split(), "--")} == expected, command
    assert bash("test", "-o", "") == {"text", "json", "ndjson"} == bash("test", "--output", "")
    assert bash("test", "--output", "=") == {"text", "json", "ndjson"}
    assert bash("test", "--output", "=", "n") == {"ndjson"}
    assert bash("test", "-i", "", cwd=tmp_path) == {"a file.json", "folder"}
    assert bash("test", "--input", "=", "a", cwd=tmp_path) == {"a file.json"}
    assert bash("test", "--drivers", "", cwd=tmp_path) == {"folder"}
    assert bash("test", "--timeout", "") == set() == bash("bogus", "")
    assert bash("completion", "") == {"bash", "zsh"} and bash("explain", "-o", "") == {"text", "json"}


NAMES = ["orders", "orders-2", "with blank", "$(touch ran)", "`touch ran`", "Bücher"]


@pytest.fixture(name="catalog")
def names_in_a_catalog(tmp_path, monkeypatch):
    monkeypatch.setenv("TESTCONN_CATALOG", f"sqlite:{tmp_path / 'catalog.db'}")
    monkeypatch.setenv("PATH", f"{PROGRAM.parent}:{os.environ['PATH']}")
    done = run(["connections", "create", "-i", "-"], stdin=json.dumps([
        {"Name": name, "ConnectionType": "NETWORK", "ConnectionProperties": {"HOST": "h", "PORT": "1"}} for name in NAMES]))
    assert done.returncode == 0, done.stderr


def test_bash_completes_names_and_runs_none_of_them(catalog, tmp_path):
    for words in (["test"], ["test", "-v"], ["wait"], ["connections", "get"]):
        assert bash(*words, "ord", cwd=tmp_path) == {"orders", "orders-2"}, words
        assert len(bash(*words, "", cwd=tmp_path)) == len(NAMES)
    assert bash("test", "with", cwd=tmp_path) == {"with\\ blank"} and not (tmp_path / "ran").exists()


class Zsh(Terminal):
    """An interactive zsh that has the completion of the build."""

    def __init__(self, home):
        (home / ".zshrc").write_text(f"PS1='$ '\nfpath=({COMPLETIONS} $fpath)\nautoload -Uz compinit\ncompinit -u\n"
                                     "zstyle ':completion:*' list-prompt ''\nsetopt no_list_beep\nprint ready\n")
        super().__init__(["-i"], program="zsh", columns=120, rows=40,
                         environment={"HOME": str(home), "ZDOTDIR": str(home), "PATH": os.environ["PATH"],
                                      "TESTCONN_CATALOG": os.environ["TESTCONN_CATALOG"]})
        self.until(lambda t: "ready" in t.visible())

    def offers(self, line, *words):
        self.key(line.encode() + b"\t\t")
        self.until(lambda t: all(any(word in shown for shown in t.visible()) for word in words))
        self.key(b"\x15\x0c")
        self.until(lambda t: len(t.visible()) == 1)


def test_zsh_completes_commands_options_values_and_names(catalog, tmp_path):
    (tmp_path / "orders.json").write_text("")
    with Zsh(tmp_path) as shell:
        shell.offers("testconn ", *(command.split()[0] for command in COMMANDS))
        shell.offers("testconn test --", "--input", "--jobs", "--timeout", "tests side by side")
        shell.offers("testconn test -o ", "ndjson", "text")
        shell.offers("testconn test --output=", "ndjson", "text")
        shell.offers(f"testconn test -i {tmp_path}/", "orders.json")
        shell.offers("testconn completion ", "bash", "zsh")
        shell.offers("testconn test ord", "orders", "orders-2")
        shell.offers("testconn connections ", "create", "batch-delete")
    assert not (tmp_path / "ran").exists()


def test_an_installation_has_them(tmp_path):
    done = subprocess.run(["cmake", "--install", BUILD, "--prefix", tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for path in ("bin/testconn", "share/man/man1/testconn.1", "share/bash-completion/completions/testconn",
                 "share/zsh/site-functions/_testconn", "share/testconn/report.schema.json"):
        assert (tmp_path / path).is_file(), path
    assert subprocess.run([tmp_path / "bin" / "testconn", "drivers"], capture_output=True, text=True).stdout.count("types") >= 3
    assert (ROOT / "share" / "man" / "testconn.1.in").is_file()
