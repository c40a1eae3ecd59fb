"""Fifty users at once for a while: nothing fails, everything ends, nothing grows."""

import os
import sys
import time
from pathlib import Path

import pytest

from tests.soak.plan import SHORT
from tests.soak.soak import soak

# Of fifty users in that time: less than half of what a quiet machine answers.
LEAST_ANSWERS = 1_500
pytestmark = pytest.mark.timeout(600)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are watched in /proc")
def test_a_mixed_load_leaves_nothing_behind(tmp_path: Path) -> None:
    """Every answer is the expected one, every job ends, and memory stays where it was."""
    seed = os.environ.get("SOAK_SEED") or str(int(time.time()))
    print(f"\nSOAK_SEED={seed}", flush=True)
    report = soak("sqlite", SHORT, seed, tmp_path)
    print(report.text())
    assert not report.complaints, "\n".join(report.complaints)
    assert report.tally.failures == 0
    assert report.tally.requests > LEAST_ANSWERS
    assert report.tally.by_status[429] < report.tally.requests / 10
