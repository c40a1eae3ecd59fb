"""What needs no server: clocks, disks, settings, and how findings are told."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.doctor.database import skew
from cli.doctor.findings import Finding, State, fine
from cli.doctor.machine import disk, secrets, settings_that_open
from cli.doctor.showing import as_line
from cli.folder import ensure_secrets, locked, open_folder
from cli.main import main
from shared.settings import load_settings


@pytest.mark.parametrize(
    ("there", "state", "told"),
    [(0.5, State.OK, "agrees"), (5, State.WARNING, "5.0 s ahead"),
     (-5, State.WARNING, "5.0 s behind"), (90, State.PROBLEM, "90.0 s ahead")],
)  # fmt: skip
def test_a_clock_that_is_off(there: float, state: State, told: str) -> None:
    """Little is odd, much makes deadlines of people senseless."""
    found = skew("a clock", lambda: 1000 + there, lambda: 1000.0)
    assert (found.state, told in found.text) == (state, True)
    assert bool(found.advice) == (state != State.OK)


def test_what_asking_takes_is_no_skew() -> None:
    """An answer that came after eight seconds may be of any moment of them."""
    times = iter([1000.0, 1008.0])
    assert skew("a clock", lambda: 1000.0, lambda: next(times)).state == State.OK


@pytest.mark.parametrize(
    ("free", "state"), [(9e9, State.OK), (1e9, State.WARNING), (1e6, State.PROBLEM)]
)
def test_a_disk_that_is_full(tmp_path: Path, free: float, state: State) -> None:
    """Asked of the nearest folder that is there."""
    asked: list[Path] = []

    def usage(path: Path) -> tuple[int, int, int]:
        asked.append(path)
        return (10**10, 10**10 - int(free), int(free))

    assert disk("it", tmp_path / "not" / "yet", usage).state == state
    assert asked == [tmp_path]


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [("LOG_LEVEL", "DEBUG", "LOG_LEVEL is DEBUG"),
     ("PRIVATE_ADDRESSES", "true", "PRIVATE_ADDRESSES is true"),
     ("REQUESTS_PER_MINUTE", "0", "REQUESTS_PER_MINUTE is 0"),
     ("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS has '*'")],
)  # fmt: skip
def test_a_setting_that_opens_something(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str
) -> None:
    """It is named; without it there is nothing to tell."""
    assert [one.state for one in settings_that_open(load_settings())] == [State.OK]
    monkeypatch.setenv(f"CHARLOOM_{variable}", value)
    (found,) = settings_that_open(load_settings())
    assert told in found.text
    assert found.state == State.WARNING


def test_flasks_debugger(monkeypatch: pytest.MonkeyPatch) -> None:
    """It shows source and variables to whoever meets an error."""
    monkeypatch.setenv("FLASK_DEBUG", "1")
    assert [one.state for one in settings_that_open(load_settings())] == [State.PROBLEM]


@pytest.mark.parametrize(
    ("key", "state"),
    [("change-me", State.PROBLEM), (None, State.WARNING), ("x" * 32, State.OK)],
)
def test_a_key_of_an_installation(key: str | None, state: State) -> None:
    """One that could be guessed signs sessions for anybody."""
    found = secrets(load_settings(secret_key=key, token="t" * 32), None)
    assert [one.state for one in found] == [state, State.OK]


def test_a_key_that_others_read(tmp_path: Path) -> None:
    """The folder's own are for its owner alone."""
    folder = open_folder(tmp_path / "data")
    ensure_secrets(folder)
    assert [one.state for one in secrets(load_settings(), folder)] == [State.OK, State.OK]
    folder.token_file.chmod(0o644)
    assert [one.state for one in secrets(load_settings(), folder)] == [State.OK, State.PROBLEM]


def test_a_line() -> None:
    """State, name, what was found and what to do; nothing of it commands a terminal."""
    found = Finding("a disk", State.WARNING, "full\x1b[2J\nnearly", "make room")
    assert as_line(found) == "warning  a disk: full\ufffd[2J nearly -> make room"
    assert as_line(fine("a disk", "empty")) == "ok       a disk: empty"


def doctored(*words: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """Run it; return its exit code, and of each check the state and the text."""
    done = CliRunner().invoke(main, ["doctor", "--json", *words])
    document = json.loads(done.stdout)
    checks = {one["name"]: (one["state"], one["text"]) for one in document["checks"]}
    assert document["state"] == ("ok", "warning", "problem")[done.exit_code]
    return done.exit_code, checks


def test_a_malformed_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the only finding: nothing can be looked at with it."""
    monkeypatch.setenv("CHARLOOM_MAX_LOSSES", "many")
    code, checks = doctored()
    assert (code, [*checks]) == (2, ["settings"])
    assert "CHARLOOM_MAX_LOSSES" in checks["settings"][1]


def test_a_folder_of_nobody(tmp_path: Path) -> None:
    """What is not there is told, and not made."""
    code, checks = doctored("--data", str(tmp_path / "none"))
    assert (code, checks["database"][0], checks["service"][0]) == (2, "problem", "warning")
    assert not (tmp_path / "none").exists()


def test_a_folder_whose_service_is_stopped(tmp_path: Path, sqlite_template: Path) -> None:
    """A warning, and no word of workers and Redis; while the folder is held, it runs."""
    folder = open_folder(tmp_path / "data")
    shutil.copy(sqlite_template, folder.path / "charloom.db")
    code, checks = doctored("--data", str(folder.path))
    assert (code, checks["service"][0], checks["migrations"][0]) == (1, "warning", "ok")
    assert {checks[name][0] for name in ("redis", "workers", "sweeper")} == {"skipped"}
    folder.redis_config.write_text("port 1\nrequirepass secret\n", encoding="utf-8")
    with locked(folder):
        code, checks = doctored("--data", str(folder.path))
    assert (code, checks["service"][0]) == (2, "ok")
    assert checks["redis"][0] == checks["workers of train"][0] == "problem"
