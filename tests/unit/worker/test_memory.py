"""How much memory a worker may hold, by the machine and by its groups."""

import os
from pathlib import Path

import pytest

from worker.memory import Allowance, available, held

MACHINE = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
MIB = 1024 * 1024


def written(path: Path, text: str) -> Path:
    """Write a file, with the folders that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/a/b\n", {"a/memory.max": "1048576\n", "a/b/memory.max": "max\n"}, MIB),
        ("0::/a/b\n", {"a/memory.max": "max\n", "a/b/memory.max": "2097152\n"}, 2 * MIB),
        # In a container: its own path is not there, its limit stands at the root.
        ("0::/docker/x\n", {"memory.max": "3145728\n"}, 3 * MIB),
        ("5:cpu:/\n4:memory:/x\n", {"memory/x/memory.limit_in_bytes": "4194304\n"}, 4 * MIB),
        # What version 1 says where there is no limit.
        ("4:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712\n"}, MACHINE),
        ("0::/\n", {"memory.max": "max\n"}, MACHINE),
        ("", {}, MACHINE),
    ],
)
def test_the_least_limit_holds(
    tmp_path: Path, groups: str, files: dict[str, str], expected: int
) -> None:
    """Of the machine, of the process' group and of those it lies in."""
    for name, text in files.items():
        written(tmp_path / "limits" / name, text)
    found = available(written(tmp_path / "cgroup", groups), tmp_path / "limits")
    assert found == expected


def test_this_process_has_some() -> None:
    """At least what this test holds."""
    found = available()
    assert found is not None
    assert 0 < found <= MACHINE


def test_a_machine_without_groups(tmp_path: Path) -> None:
    """As macOS has none."""
    assert available(tmp_path / "nothing", tmp_path / "nowhere") == MACHINE


def test_what_a_process_holds_is_read(tmp_path: Path) -> None:
    """What is in no file, on the disk too; None where nobody tells."""
    rows = "VmRSS:\t  900 kB\nRssAnon:\t  300 kB\nRssFile:\t 600 kB\nVmSwap:\t   10 kB\n"
    assert held(written(tmp_path / "status", rows)) == 310 * 1024
    assert held(tmp_path / "nothing") is None


@pytest.mark.parametrize(
    ("most", "seen", "used_up"),
    [
        (100, [1000, 1100], False),
        (100, [1000, 1101], True),
        (100, [1000, 500], False),
        (0, [1000, 10**12], False),
        (100, [None, 10**12], False),
        (100, [1000, None], False),
    ],
)
def test_a_process_may_grow_by_its_allowance(
    most: int, seen: list[int | None], used_up: bool
) -> None:
    """By no more than that since it began; 0, or nobody who tells, is no limit."""
    rows = iter(seen)
    allowance = Allowance(most, lambda: next(rows))
    allowance.begin()
    assert allowance.is_used_up() == used_up


def test_an_allowance_that_has_not_begun_limits_nothing() -> None:
    """What a process holds while it starts is no growth."""
    assert not Allowance(1, lambda: 10**12).is_used_up()
