"""Which tests run in one process, one after the other, and which of them begin."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
SHARED_STACK = "stack"
# The longest first, small ones last: so both processes end at nearly the same time.
TURNS = (SHARED_STACK, "integration", "unit", "chaos", "fuzz", "e2e")


def group(item: pytest.Item) -> str:
    """Return the group of a test: a stack's, a folder's, or its file's."""
    folder, *names = item.path.relative_to(TESTS).with_suffix("").parts
    if folder in ("chaos", "fuzz"):
        return folder
    fixtures: list[str] = getattr(item, "fixturenames", [])
    if "stack" in fixtures:
        return SHARED_STACK
    return "/".join([folder, *names])


def turn(item: pytest.Item, name: str) -> tuple[int, str]:
    """Return what tests are sorted by, in the order of their groups."""
    folder = name.split("/")[0]
    return (TURNS.index(folder) if folder in TURNS else len(TURNS), name)
