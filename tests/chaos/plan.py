"""How much is done to each service: little in `make test`, much with CHAOS=long."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.load import TRAINING

LONG = os.environ.get("CHAOS") == "long"
# In the short form the one that has more to go wrong.
BACKENDS = ("sqlite", "postgresql") if LONG else ("postgresql",)

# One to three seconds on two cores.
SHORT = {"max_windows": 2400}


@dataclass(frozen=True)
class Plan:
    """How much is done to one service."""

    faults: int
    jobs: int
    # Mean seconds between two faults.
    gap: float
    # Faults that may be open at once: with more, nothing would be left to be hit.
    most_open: int
    orders: tuple[str, ...]
    # What the training orders have otherwise.
    changes: Mapping[str, Any] = field(default_factory=dict)


PLAN = (
    Plan(faults=55, jobs=22, gap=2.0, most_open=3, orders=tuple(TRAINING))
    if LONG
    else Plan(6, jobs=6, gap=0.3, most_open=5, orders=("plain", "adam"), changes=SHORT)
)
