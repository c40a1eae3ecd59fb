"""Looking after a running stack: its doctor, and a backup of it."""

import json
import subprocess
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from cli.client import Client
from shared.corpora.sources import python_reference
from tests.support.stacks import Stack, environment
from tests.support.stacks import command as charloom

pytestmark = pytest.mark.timeout(300)


def run(*words: str, code: int = 0) -> str:
    """Run the command as on the stack's machine; return what it says on standard output."""
    done = subprocess.run(
        charloom(*words), env=environment("care"), text=True, capture_output=True, check=False,
        timeout=120, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == code, f"{done.stdout}{done.stderr}"
    return done.stdout


def doctored(data: Path, code: int) -> dict[str, Any]:
    """Return the states of the checks of a folder."""
    document = json.loads(run("doctor", "--data", str(data), "--json", code=code))
    return {one["name"]: one["state"] for one in document["checks"]}


def test_a_running_stack_is_well_but_for_the_tests_settings(stack: Stack) -> None:
    """Its own Redis, its workers and its sweeper are found from its folder alone."""
    states = doctored(stack.data, 1)
    assert {name for name, state in states.items() if state != "ok"} == {"settings"}
    assert {"redis memory", "sweeper", "workers of generate", "service", "token"} <= set(states)


def test_a_backup_of_a_running_stack(stack: Stack, client: Client, tmp_path: Path) -> None:
    """It is restored into a new folder, which then is an installation that is stopped."""
    text = python_reference()[:20_000]
    (tmp_path / "text.txt").write_text(text, encoding="utf-8")
    corpus = client.upload("to be backed up", tmp_path / "text.txt")
    file, data = tmp_path / "a.backup", tmp_path / "data"
    assert "blobs of" in run("backup", str(file), "--data", str(stack.data))
    run("restore", str(file), "--data", str(stack.data), code=1)
    run("restore", str(file), "--data", str(data))
    assert [path.name for path in data.glob("*.db")] == ["charloom.db"]
    assert (data / "charloom.db").stat().st_mode & 0o077 == 0
    states = doctored(data, 1)
    assert (states["migrations"], states["service"]) == ("ok", "warning")
    again = tmp_path / "again.backup"
    run("backup", str(again), "--data", str(data))
    assert again.stat().st_size > 0
    assert corpus["id"] in _rows(again, "corpora")


def _rows(file: Path, table: str) -> str:
    with ZipFile(file) as archive:
        return archive.read(f"tables/{table}.jsonl").decode()
