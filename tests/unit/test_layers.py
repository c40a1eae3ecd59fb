"""Who may import whom: read from the source, and seen in processes of their own."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"tensorflow", "keras"}
SERVERS = {"celery", "kombu", "redis", "sqlalchemy", "flask", "apiflask"}

# Folder: what nothing below it may import.
FORBIDDEN = {
    "shared": {"web", "worker", "cli", "flask", "apiflask"} | HEAVY,
    "web": {"worker", "cli"} | HEAVY,
    "worker": {"web", "cli", "flask", "apiflask"},
    "worker/engine": {"web", "cli"} | SERVERS,
    "cli": {"web", "worker"} | HEAVY,
}
# Of our own modules the engine knows only these: no database, no queue.
ENGINE_MAY = (
    "shared.specs",
    "shared.errors",
    "shared.said",
    "shared.vocabularies",
    "worker.engine",
)


def imported(source: str) -> Iterator[str]:
    """Yield every module that Python source imports, inside functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def offences(source: str, forbidden: set[str]) -> list[str]:
    """Return the imports of ``source`` that ``forbidden`` top-level packages are in."""
    return [name for name in imported(source) if name.split(".")[0] in forbidden]


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_no_forbidden_import(folder: str) -> None:
    """No file imports what its layer must not know."""
    files = sorted((ROOT / folder).rglob("*.py"))
    found = {str(f.relative_to(ROOT)): offences(f.read_text(), FORBIDDEN[folder]) for f in files}
    assert files
    assert {name: names for name, names in found.items() if names} == {}


def test_the_engine_knows_specs_and_errors_only() -> None:
    """Of this project the engine imports specs, errors, messages and itself."""
    for file in (ROOT / "worker/engine").rglob("*.py"):
        own = [n for n in imported(file.read_text()) if n.split(".")[0] in ("shared", "worker")]
        assert [name for name in own if not name.startswith(ENGINE_MAY)] == [], file.name


@pytest.mark.parametrize(
    "planted",
    ["import worker", "from worker.app import app", "def f():\n    import worker.tasks as t",
     "from tensorflow import keras"],
)  # fmt: skip
def test_the_check_sees_a_planted_import(planted: str) -> None:
    """A forbidden import in web is found, however it is written: the check above can fail."""
    source = (ROOT / "web/factory.py").read_text()
    assert offences(source, FORBIDDEN["web"]) == []
    assert len(offences(f"{source}\n{planted}\n", FORBIDDEN["web"])) == 1


def loaded_by(code: str) -> set[str]:
    """Return the top-level packages that a fresh Python has loaded after ``code``."""
    code += "\nimport sys; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
        timeout=60,
    )  # fmt: skip
    return set(done.stdout.splitlines()[-1].split())


def test_a_web_process_loads_neither_tensorflow_nor_the_worker() -> None:
    """Making the application leaves them out, whatever is imported on the way."""
    assert loaded_by("from web import create_app; create_app()").isdisjoint(HEAVY | {"worker"})


def test_a_workers_parent_does_not_load_tensorflow() -> None:
    """The Celery app and its tasks start lean: TensorFlow is for the pool's processes."""
    assert loaded_by("import worker.app, worker.tasks").isdisjoint(HEAVY)


def test_the_engine_loads_no_queue_and_no_database() -> None:
    """Training can be imported with neither Celery nor a database."""
    found = loaded_by("import worker.engine.training, worker.engine.sampling")
    assert "tensorflow" in found
    assert found.isdisjoint(SERVERS)


def test_writing_needs_no_tensorflow() -> None:
    """A generation process reads models and writes texts without it."""
    code = "import worker.generation; from worker.engine import warm_up_writer; warm_up_writer()"
    assert loaded_by(code).isdisjoint(HEAVY)


def test_reading_a_file_of_others_needs_no_tensorflow() -> None:
    """A file is refused before anything is loaded that could run it; nothing unpickles."""
    code = "import worker.importing, worker.engine.importing.reading"
    assert loaded_by(code).isdisjoint(HEAVY)


def test_the_command_starts_light() -> None:
    """The command shows its help without TensorFlow."""
    assert loaded_by("import cli.main").isdisjoint(HEAVY)


def test_a_command_of_the_api_loads_no_database() -> None:
    """Each is a process of its own: what a program calls in a loop must not begin with a second."""
    assert loaded_by("import cli.client").isdisjoint({"sqlalchemy", "celery", "redis", *HEAVY})
