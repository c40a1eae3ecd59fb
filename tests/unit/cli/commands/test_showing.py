"""What a command shows, on a terminal and in a pipe."""

import io
import sys
from typing import Any

import click
import pytest

from cli.commands.showing import Showing, cell, fits, moment

NAMES = ("id", "name", "reason", "last")
ROWS = [["i" * 36, "n" * 30, "r" * 50, "l" * 10]]


class Terminal(io.StringIO):
    """Standard output that is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"), (True, "yes"), (False, "no"), (1234567, "1,234,567"), (1.23456, "1.235"),
        ("two\tlines\nand \x1b[31m red", "two lines and [31m red"), ([1, "a"], "1, a"),
        ({"a": None, "b": "x", "c": [1]}, "a=null, b=x, c=[1]"), ("道 可", "道 可"),
    ],
)  # fmt: skip
def test_a_value_is_one_line_without_tabs(value: Any, shown: str) -> None:
    """Also where a user's text has line ends, tabs or what terminals obey."""
    assert cell(value) == shown


def test_times() -> None:
    """To the second, in UTC."""
    assert moment("2026-11-25T22:00:39.553751Z") == "2026-11-25 22:00:39Z"
    assert moment(None) == "-"


@pytest.mark.parametrize(("width", "fit"), [(500, True), (78, True), (77, False), (5, False)])
def test_whether_a_table_fits(width: int, fit: bool) -> None:
    """Names and reasons may be folded."""
    assert fits(NAMES, ROWS, width) == fit


@pytest.mark.parametrize("width", [200, 100, 80, 60])
def test_no_column_gets_lost(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """However narrow the terminal is: what was not folded stands there whole."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(width))
    Showing(as_json=False).table(NAMES, ROWS)
    told = click.unstyle(terminal.getvalue())
    assert "i" * 36 in told
    assert "l" * 10 in told
    assert told.count("r") >= 50
    assert all(len(line) <= width for line in told.splitlines())


def test_a_table_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns that stand below each other, also with wide characters; no tabs, no blanks behind."""
    Showing(as_json=False).table(("id", "name", "x"), [["1", "道可", None], ["22", "a\tb", 3]])
    assert capsys.readouterr().out == "ID  NAME  X\n1   道可  -\n22  a b   3\n"


def test_a_table_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What looks like markup is a name like any other."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    Showing(as_json=False).table(("id", "name"), [["1", "[bold]x[/bold] [/]"]])
    assert "[bold]x[/bold] [/]" in terminal.getvalue()


def test_what_is_made(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its id in a pipe, all of it as JSON, a sentence on a terminal."""
    row = {"id": "1", "name": "ü"}
    Showing(as_json=False).made(row, "Made 1.")
    Showing(as_json=True).made(row, "Made 1.")
    Showing(as_json=True).note("Made 1.")
    told = capsys.readouterr()
    assert (told.out, told.err) == ('1\n{\n  "id": "1",\n  "name": "ü"\n}\n', "")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    Showing(as_json=False).made(row, "Made 1.")
    assert terminal.getvalue() == "Made 1.\n"


def test_a_card(capsys: pytest.CaptureFixture[str]) -> None:
    """A field a line; what is empty is left out."""
    Showing(as_json=False).card({"id": 1, "none": None, "empty": [], "a name": False})
    assert capsys.readouterr().out == "id      1\na name  no\n"
