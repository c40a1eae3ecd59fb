"""Logs: one line each, and a job's id on every line written while it runs."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from shared.logs import configure_logs
from shared.settings import load_settings


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def logged(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """Return the one line that was logged, as JSON."""
    (line,) = capsys.readouterr().err.splitlines()
    found: dict[str, object] = json.loads(line)
    return found


def test_a_bound_job_is_on_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever logs while a job runs carries the job's id."""
    configure_logs(load_settings(log_json=True))
    with structlog.contextvars.bound_contextvars(job="j1", attempt=2):
        structlog.get_logger("worker").info("epoch done", epoch=3)
    line = logged(capsys)
    assert (line["job"], line["attempt"], line["epoch"]) == ("j1", 2, 3)
    assert (line["level"], line["event"]) == ("info", "epoch done")


def test_a_librarys_line_carries_the_job_too(capsys: pytest.CaptureFixture[str]) -> None:
    """Logs of the standard library pass through the same processors."""
    configure_logs(load_settings(log_json=True))
    with structlog.contextvars.bound_contextvars(job="j1"):
        logging.getLogger("celery.worker").warning("lost %s", "it")
    line = logged(capsys)
    assert (line["job"], line["event"], line["logger"]) == ("j1", "lost it", "celery.worker")


def test_behind_the_job_its_id_is_gone(capsys: pytest.CaptureFixture[str]) -> None:
    """The next job's lines do not carry the last one's id."""
    configure_logs(load_settings(log_json=True))
    with structlog.contextvars.bound_contextvars(job="j1"):
        pass
    structlog.get_logger("worker").info("idle")
    assert "job" not in logged(capsys)


def test_lines_for_people_are_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    """A newline in a value does not break the line."""
    configure_logs(load_settings())
    structlog.get_logger("worker").info("sample", text="two\nlines")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("level=info event=sample text=two\\nlines")


def test_a_traceback_keeps_its_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reads the log can read where it failed."""
    configure_logs(load_settings())
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger("worker").exception("job failed")
    assert capsys.readouterr().err.splitlines()[-1] == "ValueError: broken"


def test_the_level_is_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    """What is under the level is not written."""
    configure_logs(load_settings(log_level="ERROR"))
    structlog.get_logger("worker").warning("quiet")
    assert capsys.readouterr().err == ""
