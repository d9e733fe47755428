# SPDX-License-Identifier: Apache-2.0
"""Batches on a terminal: live lines while tests run, final lines that nothing touches again."""
import json
import re
import signal
import time

import pytest

from support import bad_peer
from support.processes import free_port, running, wait_until
from support.program import PROGRAM, certificates, jdbc, run
from support.terminal import Terminal

LIVE = re.compile(r"^\.\.\.     ")
SUM = re.compile(r"^\d+ of \d+ tested: ")


@pytest.fixture(name="peers", scope="module")
def bad_peers():
    chosen = {**bad_peer.PEERS, **bad_peer.POSTGRESQL}
    with bad_peer.Peers({name: chosen[name] for name in ("silent", "ssh", "refuses-login", "refuses-with-control-bytes",
                                                         "tls-wrong-name")}) as peers:
        yield {**peers.port, "closed": free_port()}


def at(port, name, **more):
    return jdbc(name, JDBC_CONNECTION_URL=f"jdbc:postgresql://127.0.0.1:{port}/d", USERNAME="u", PASSWORD="p", **more)


def live(terminal):
    return [line for line in terminal.visible() if LIVE.match(line)]


@pytest.fixture(name="write")
def write_definitions(tmp_path):
    def write(definitions):
        path = tmp_path / "batch.json"
        path.write_text(json.dumps(definitions))
        return path
    return write


def expected_order(lines, names):
    """Every name stands at the start of exactly one final line."""
    finals = [line.split()[1] for line in lines if re.match(r"^(ok|FAILED|ERROR|skipped) ", line)]
    assert sorted(finals) == sorted(names)
    return finals


def test_live_lines_show_what_runs_and_leave_nothing_behind(peers, write):
    names = [f"silent-{i}" for i in range(3)] + ["closed", "login"]
    path = write([at(peers["silent"], name) for name in names[:3]] +
                 [at(peers["closed"], "closed"), at(peers["refuses-login"], "login")])
    with Terminal(["test", "--input", path, "--timeout", "2500ms"]) as terminal:
        terminal.until(lambda t: len(live(t)) == 3)
        assert all("tls" in line or "input" in line for line in live(terminal)), live(terminal)
        terminal.until(lambda t: any("2 s" in line for line in live(t)))
        assert any(re.match(r"^2 of 5 tested: 0 ok, 2 failed; 3 running +2 s$", line) for line in terminal.visible())
        assert terminal.finish() == 1
        lines = terminal.lines()
    expected_order(lines, names)
    assert not [line for line in lines if LIVE.match(line) or SUM.match(line)], lines
    assert lines[-1].startswith("5 tested: 0 ok, 5 failed, in 2.") and lines[-2] == ""
    assert len(lines) == 7


def test_it_is_drawn_at_most_ten_times_a_second_and_only_on_change(peers, write):
    path = write([at(peers["silent"], f"s{i}") for i in range(40)])
    with Terminal(["test", "--input", path, "--timeout", "3s", "--jobs", "32"]) as terminal:
        terminal.finish()
        draws = terminal.raw.count(b"\r\x1b[2K")
        assert 3 <= draws <= 35 and b"\x1b[J" not in terminal.raw and b"\x1b[?25l" not in terminal.raw
        shown = [len(data) for _, data in terminal.writes]
    assert sum(shown) < 60000


def test_many_show_a_bounded_number_of_lines(peers, write):
    names = [f"s{i:02}" for i in range(40)]
    path = write([at(peers["silent"], name) for name in names])
    with Terminal(["test", "--input", path, "--timeout", "1s", "--jobs", "32"], rows=24) as terminal:
        terminal.until(lambda t: len(live(t)) == 8)
        terminal.until(lambda t: any("and 24 more" in line for line in t.visible()))
        assert any("32 running, 8 waiting" in line for line in terminal.visible()), terminal.visible()
        assert terminal.finish() == 1
        expected_order(terminal.lines(), names)
        assert len(terminal.lines()) == 42
    with Terminal(["test", "--input", path, "--timeout", "1s", "--jobs", "32"], rows=8) as terminal:
        terminal.until(lambda t: len(live(t)) == 2)
        assert terminal.finish() == 1
        expected_order(terminal.lines(), names)
        assert len(terminal.lines()) == 42


def test_more_output_than_the_screen_holds_scrolls_whole(peers, write):
    names = [f"closed-{i:03}" for i in range(150)] + ["silent"]
    path = write([at(peers["silent"], "silent")] + [at(peers["closed"], name) for name in names[:-1]])
    with Terminal(["test", "--input", path, "--timeout", "2s", "--jobs", "4"], rows=10) as terminal:
        assert terminal.finish() == 1
        lines = terminal.lines()
    expected_order(lines, names)
    assert len(lines) == 153 and not [line for line in lines if LIVE.match(line) or SUM.match(line)]


def test_an_interrupt_takes_the_live_lines_away_and_tells_the_rest(peers, write):
    path = write([at(peers["silent"], f"s{i}") for i in range(5)] + [at(peers["closed"], "closed")])
    with Terminal(["test", "--input", path, "--jobs", "3"]) as terminal:
        terminal.until(lambda t: len(live(t)) == 3)
        terminal.interrupt()
        assert terminal.finish() == 130
        lines = terminal.lines()
    assert [line.split()[0] for line in lines[:6]] == ["skipped"] * 6
    assert lines[-1].startswith("0 tested: 0 ok, 0 failed, 6 skipped, in ")
    assert not [line for line in lines if LIVE.match(line) or SUM.match(line)]
    wait_until(lambda: running(PROGRAM) == [], 3, "the end of all processes")


@pytest.mark.parametrize("columns, rows", [(100, 40), (60, 24), (80, 12), (80, 6)])
def test_a_resize_keeps_the_final_lines(peers, write, columns, rows):
    names = [f"closed-{i}" for i in range(5)] + [f"silent-{i}" for i in range(3)]
    path = write([at(peers["closed"], name) for name in names[:5]] + [at(peers["silent"], name) for name in names[5:]])
    with Terminal(["test", "--input", path, "--timeout", "2s"]) as terminal:
        terminal.until(lambda t: len(live(t)) == 3)
        terminal.resize(columns, rows)
        assert terminal.finish() == 1
        lines = terminal.lines()
    assert not [line for line in lines[-5:] if LIVE.match(line) or SUM.match(line)], lines
    finals = [line.split()[1] for line in lines if re.match(r"^FAILED ", line)]
    assert set(names[5:]) <= set(finals)
    if rows >= 24:  # else the emulator forgets what it takes off above
        expected_order(lines, names)


def test_after_a_stop_the_live_lines_are_drawn_anew(peers, write):
    path = write([at(peers["silent"], f"s{i}") for i in range(2)])
    with Terminal(["test", "--input", path, "--timeout", "3s"]) as terminal:
        terminal.until(lambda t: len(live(t)) == 2)
        terminal.suspend()
        terminal.stream.feed(b"[1]+  Stopped\r\n$ fg\r\n")
        terminal.resume()
        assert terminal.finish() == 1
        lines = terminal.lines()
    assert "[1]+  Stopped" in lines and "$ fg" in lines, lines


def test_one_test_shows_where_it_is(peers, write):
    with Terminal(["test", "--input", write(at(peers["silent"], "alone")), "--timeout", "1500ms"]) as terminal:
        terminal.until(lambda t: len(live(t)) == 1 and "tls" in live(t)[0])
        assert len(terminal.visible()) == 1
        assert terminal.finish() == 1
        assert terminal.lines()[0].startswith("alone: FAILED at login after 1.")


def test_what_is_fast_is_never_shown_live(peers, write):
    with Terminal(["test", "--input", write([at(peers["closed"], "a"), at(peers["closed"], "b")])]) as terminal:
        assert terminal.finish() == 1
        assert b"\x1b[2K" not in terminal.raw and not [line for line in terminal.lines() if LIVE.match(line)]


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_final_lines_fit_the_terminal(peers, write, columns):
    path = write([at(peers["refuses-login"], "the-name-of-this-one-is-long"), at(peers["ssh"], "ssh"),
                  at(peers["tls-wrong-name"], "tls", JDBC_ENFORCE_SSL="true",
                     CUSTOM_JDBC_CERT=str(certificates() / "ca.pem"))])
    with Terminal(["test", "--input", path, "--timeout", "2s"], columns=columns) as terminal:
        terminal.finish()
        finals = [line for line in terminal.lines() if line.startswith("FAILED")]
        assert len(finals) == 3 or columns == 40
        if columns == 200:
            assert 'its certificate is for db.internal.example, *.internal.example' in "".join(finals)
        if columns == 80:
            assert all(line.endswith("...") for line in finals if "LOGIN_REFUSED" in line)


@pytest.mark.parametrize("environment, arguments, colored", [
    ({}, [], True), ({"NO_COLOR": "1"}, [], False), ({"NO_COLOR": ""}, [], True), ({}, ["--no-color"], False),
    ({"TERM": "dumb"}, [], False)])
def test_colour_is_for_terminals_that_want_it(peers, write, environment, arguments, colored):
    for definitions in (at(peers["closed"], "a"), [at(peers["closed"], "a"), at(peers["closed"], "b")]):
        with Terminal(["test", "--input", write(definitions), *arguments], environment=environment) as terminal:
            terminal.finish()
            assert (re.search(rb"\x1b\[[0-9;]*m", terminal.raw) is not None) == colored
    plain = run(["test", "--input", write(at(peers["closed"], "a"))])
    assert "\x1b" not in plain.stdout


def test_a_dumb_terminal_gets_plain_lines(peers, write):
    path = write([at(peers["silent"], "a"), at(peers["silent"], "b")])
    with Terminal(["test", "--input", path, "--timeout", "1s"], environment={"TERM": "dumb"}) as terminal:
        assert terminal.finish() == 1
        assert b"\x1b" not in terminal.raw and len(terminal.lines()) == 4


def test_nothing_a_server_or_a_name_says_moves_the_cursor_or_fakes_a_line(peers, write):
    wicked = "x\x1b[2J\x1b[H\rok      all      1 ms\nok      none\u202e\u0085\u2028\x9b31m\u200b"
    definitions = [at(peers["refuses-with-control-bytes"], wicked), at(peers["closed"], "plain"),
                   {**jdbc("a\nb"), "ConnectionProperties": {"BAD\x1b[2J\nKEY": "1", "PORT": "\x1b[31mx"}}]
    path = write(definitions)
    for arguments in (["test", "--input", path], ["test", "-v", "--input", path], ["explain", "--input", path]):
        with Terminal([*arguments]) as terminal:
            terminal.finish()
            codes = set(re.findall(rb"\x1b\[[0-9;?]*[A-Za-z]", terminal.raw))
            assert codes <= {b"\x1b[0m", b"\x1b[1;31m", b"\x1b[32m", b"\x1b[33m", b"\x1b[2m", b"\x1b[2K", b"\x1b[A"}, codes
            text = terminal.raw.replace(b"\r\n", b"\n").replace(b"\r\x1b[", b"\x1b[")
            assert b"\r" not in text and "\u202e".encode() not in text and b"\xc2\x9b" not in text
            assert not [line for line in terminal.lines() if line.startswith("ok ")]
    single = write(definitions[0])
    with Terminal(["test", "--input", single]) as terminal:
        terminal.finish()
        assert not [line for line in terminal.lines()[1:] if line.startswith("ok ")]


def test_a_word_longer_than_a_line_cannot_fake_one(peers, write):
    name = "y" * 72 + "ok:forged"
    path = write({**at(peers["closed"], "n"), "ConnectionProperties": {"HOST": "n" * 300, "PORT": "5432", name: "x"}})
    with Terminal(["test", "--input", path]) as terminal:
        assert terminal.finish() == 2
        lines = terminal.lines()
        first = next(i for i, line in enumerate(lines) if not line)
        assert all(line.startswith("  ") for line in lines[first + 1:]), lines


def test_the_locale_decides_what_is_printable(peers, write):
    path = write([at(peers["closed"], "Bücher-東京"), at(peers["closed"], "zwei")])
    ascii_text = run(["test", "--input", path], environment={"LC_ALL": "C"}).stdout
    assert ascii_text.isascii() and "B\\u00fccher-\\u6771\\u4eac" in ascii_text
    for locale in ({"LC_ALL": "C.UTF-8"}, {"LANG": "C.UTF-8"}, {"LC_CTYPE": "xx_XX.UTF-8"}):
        lines = run(["test", "--input", path], environment=locale).stdout.splitlines()
        assert "Bücher-東京" in lines[0] + lines[1]
        # 東京 takes four columns: what follows the names stands in one column on a terminal.
        columns = {line.split()[1]: line.index("ms") + line.count("東") + line.count("京") for line in lines[:2]}
        assert len(set(columns.values())) == 1, lines
    report = json.loads(run(["test", "--input", path, "-o", "json"], environment={"LC_ALL": "C"}).stdout)
    assert report["tests"][0]["name"] == "Bücher-東京"


def test_a_hang_up_ends_the_run(peers, write):
    path = write([at(peers["silent"], f"s{i}") for i in range(3)])
    with Terminal(["test", "--input", path]) as terminal:
        terminal.until(lambda t: len(live(t)) == 3)
        terminal.process.send_signal(signal.SIGHUP)
        assert terminal.finish() == -signal.SIGHUP
    wait_until(lambda: running(PROGRAM) == [], 3, "the end of all processes")


def test_a_pipe_gets_each_line_when_its_test_ends(peers, write):
    import subprocess
    path = write([at(peers["silent"], "silent"), at(peers["closed"], "closed")])
    with subprocess.Popen([PROGRAM, "test", "--input", path, "--timeout", "2s"], stdout=subprocess.PIPE,
                          text=True) as process:
        began = time.monotonic()
        assert process.stdout.readline().startswith("FAILED  closed") and time.monotonic() - began < 1.5
        assert process.stdout.readline().startswith("FAILED  silent") and time.monotonic() - began > 1.5
