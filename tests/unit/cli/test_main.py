"""The command line itself: help, errors, and that it starts without heavy imports."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli.addresses import free_port
from cli.main import main


def commands(group: click.Group) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command, those of groups with their groups'."""
    for name, command in group.commands.items():
        yield (name,)
        if isinstance(command, click.Group):
            yield from ((name, *words) for words in commands(command))


@pytest.mark.parametrize("words", sorted(commands(main)), ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    """--help tells what a command does, and every option says what it is for."""
    done = CliRunner().invoke(main, [*words, "--help"])
    assert done.exit_code == 0
    command: click.Command = main
    for word in words:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    assert command.help
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert all(option.help for option in options)


def test_lists_its_commands() -> None:
    """--help lists up, demo and migrate."""
    output = CliRunner().invoke(main, ["--help"]).output
    assert all(f"  {name} " in output for name in ("demo", "migrate", "up"))


def test_shows_its_version() -> None:
    """--version works, also where the command is not installed."""
    done = CliRunner().invoke(main, ["--version"])
    assert done.exit_code == 0
    assert done.output.startswith("charloom ")


def test_migrates_a_database(tmp_path: Path) -> None:
    """``migrate`` makes the tables and says where."""
    path = tmp_path / "new.db"
    done = CliRunner().invoke(main, ["migrate", "--database-url", f"sqlite:///{path}"])
    assert done.exit_code == 0
    assert done.output == f"The database sqlite:///{path} is up to date.\n"


def test_a_mistake_is_one_line(tmp_path: Path) -> None:
    """What the user can mend is told in one line on standard error, without a traceback."""
    url = f"sqlite:///{tmp_path}/missing/new.db"
    done = CliRunner().invoke(main, ["migrate", "--database-url", url])
    assert done.exit_code == 1
    assert done.stderr == f"Error: the database {url} could not be migrated: " + (
        "unable to open database file\n"
    )


def test_a_malformed_setting_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A malformed CHARLOOM_* variable stops ``up`` before anything starts, and is named."""
    monkeypatch.setenv("CHARLOOM_MAX_LOSSES", "many")
    arguments = ["up", "--port", str(free_port()), "--data", str(tmp_path / "data")]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 1
    assert "CHARLOOM_MAX_LOSSES" in done.stderr
    assert done.stderr.count("\n") == 1


def test_importing_the_command_loads_nothing_heavy() -> None:
    """No module of cli loads TensorFlow, Keras or the worker."""
    script = (
        "import pkgutil, importlib, sys, cli\n"
        "names = [m.name for m in pkgutil.walk_packages(cli.__path__, 'cli.')]\n"
        "[importlib.import_module(name) for name in names if name != 'cli.__main__']\n"
        "print(sorted({'tensorflow', 'keras', 'worker', 'flask'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], text=True, capture_output=True, check=True
    )
    assert done.stdout == "[]\n"


def test_the_commands_start_without_what_they_do_not_need() -> None:
    """Help and completion wait for neither HTTP, tables nor validation."""
    script = "import sys, cli.main; print(sorted({'httpx', 'rich', 'pydantic'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], text=True, capture_output=True, check=True
    )
    assert done.stdout == "[]\n"
