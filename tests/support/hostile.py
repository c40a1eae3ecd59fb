"""Hostile inputs: how one is declared, what it must leave as it was, and the table of all.

A module ``tests/integration/hostile/test_*.py`` declares its cases where it tries them::

    @tried(
        "Model files",
        Hostile("a pickle", "a pickled layer in a `.keras` file", 422, "model_refused", pickled),
    )
    def test_model_files(case: Hostile, target: Target) -> None:
        with unharmed(target):
            refused(case, target.client.post(..., content=case.attack()))

So what ``docs/security.md`` tells of (``docs/hostile.py`` writes it there) is what is tried. Such a
module is imported to make the table: what takes long to import is imported where it is used.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.db import Database
from tests.support.counting import rows
from tests.support.full import Full

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests/integration/hostile"
PAGE = ROOT / "docs/security.md"
BEGIN, END = "<!-- hostile -->", "<!-- /hostile -->"
# Tables that tell of what was refused.
UNCOUNTED = frozenset({"audit_entries"})
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Hostile:
    """An input that means harm: what it tries, and with what it is refused.

    ``attack`` is whatever the test makes the request from. Without a ``status``, ``instead`` says
    what becomes of it; so it does where it is answered like any other, as a header that is passed
    over is.
    """

    name: str
    tries: str
    status: int | None
    code: str | None = None
    attack: Any = None
    instead: str = ""

    @property
    def answer(self) -> str:
        """Return what becomes of it, as the table tells it."""
        told = [str(self.status)] if self.status else []
        told += [f"`{self.code}`"] if self.code else []
        return ": ".join(filter(None, [" ".join(told), self.instead]))


_areas: dict[str, dict[str, Hostile]] = {}


def tried(area: str, *cases: Hostile) -> pytest.MarkDecorator:
    """Run a test with each case as ``case``, and have the table tell of them in this area."""
    found = _areas.setdefault(area, {})
    for case in cases:
        other = found.setdefault(case.name, case)
        assert (other.tries, other.answer) == (case.tries, case.answer), f"{case.name}: twice"
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


def all_cases() -> dict[str, list[Hostile]]:
    """Return all cases that are tried, by area."""
    for path in sorted(CASES.glob("test_*.py")):
        import_module(f"tests.integration.hostile.{path.stem}")
    return {area: list(cases.values()) for area, cases in sorted(_areas.items())}


def table() -> str:
    """Return what the page tells of them."""
    areas = all_cases()
    lines = [f"{sum(map(len, areas.values()))} hostile inputs are tried by the tests.", ""]
    for area, cases in areas.items():
        lines += [f"### {area}", "", "| input | what it tries | answer |", "| --- | --- | --- |"]
        lines += [f"| {case.name} | {case.tries} | {case.answer} |" for case in cases]
        lines.append("")
    return "\n".join(lines)


def with_table(page: str) -> str:
    """Return the page with the table as it is now."""
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    assert found, f"no {BEGIN} with its {END}"
    return f"{before}{BEGIN}\n\n{table()}\n{END}{after}"


@dataclass(frozen=True)
class Target:
    """A service under attack: its data, a client with its token, what it has said so far."""

    db: Database
    full: Full
    client: Any
    said: Callable[[], str]
    secrets: tuple[str, ...]
    port: int = 0


@contextmanager
def unharmed(target: Target) -> Iterator[None]:
    """Whatever is done in the block stores nothing, breaks nothing and brings nothing to light."""
    before, known = rows(target.db, UNCOUNTED), len(target.said())
    yield
    assert rows(target.db, UNCOUNTED) == before
    good = target.client.get("/api/v1/jobs?limit=1")
    assert good.status_code == 200, good.text
    log = target.said()[known:]
    assert "Traceback" not in log, log
    assert not any(secret in log for secret in target.secrets), log


def refused(case: Hostile, status: int, mimetype: str, body: bytes, target: Target) -> None:
    """Check an answer: the status and the code of the case, and no word too much."""
    text = body.decode("utf-8", "replace")
    assert status == case.status, text[:500]
    if case.code:
        assert (mimetype, json.loads(body)["code"]) == (PROBLEM, case.code), text[:500]
    assert "Traceback" not in text
    assert not any(secret in text for secret in target.secrets)


def refused_answer(case: Hostile, answer: httpx.Response | Any, target: Target) -> None:
    """Check an answer of httpx or of Flask's client."""
    mimetype = answer.headers.get("Content-Type", "").partition(";")[0]
    body = answer.content if isinstance(answer, httpx.Response) else answer.data
    refused(case, answer.status_code, mimetype, body, target)
