"""A node as a pool process has it, in the test's own process."""

import gc
import sys
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from shared.db import Database
from shared.settings import Settings
from worker.node import Node
from worker.stopping import StopFlag


@dataclass
class RaisedAfter:
    """A stop flag that goes up by itself when it has been looked at often enough: a fake."""

    looks: int
    seen: int = field(default=0)

    def is_up(self) -> bool:
        """Count the look."""
        self.seen += 1
        return self.seen > self.looks

    def raise_(self) -> None:
        """Go up now."""
        self.looks = -1


def make_node(
    db: Database, settings: Settings, *, name: str = "node:1", stop: Any = None, **parts: Any
) -> Node:
    """Return a node that works on ``db``; ``parts`` are further fields of ``Node``."""
    if "tensorflow" in sys.modules:
        _set_aside()
    return Node(settings, db, name, stop or StopFlag(), **parts)


@cache
def _set_aside() -> None:
    """Do as a pool process does when it is warm: what is there already is no garbage.

    Looking through all of TensorFlow at each job's end took half of a short test's time.
    """
    gc.collect()
    gc.freeze()
