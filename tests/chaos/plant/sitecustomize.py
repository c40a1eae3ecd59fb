"""Planted in the stack by PYTHONPATH: freezes a training process inside a write transaction.

Python imports this module when it starts; the product knows nothing of it. It only waits for a
fork: the pool processes of a training worker then listen to their own statements, and the first
that renames the arming file away stops itself while it holds its job's row.
"""

import os
import signal
import sys
from typing import Any

ARM = "CHAOS_ARM"


def freeze_when_armed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    """Stop this process behind a write of a running job, if the file says so."""
    # A claim or an end changes the status: what is wanted is a job that runs, and goes on to.
    if not statement.startswith("UPDATE jobs") or "status=" in statement.split("WHERE")[0]:
        return
    path = os.environ[ARM]
    if not os.path.exists(path):
        return
    try:
        os.rename(path, f"{path}.{os.getpid()}")
    except FileNotFoundError:  # another process was faster
        return
    os.kill(os.getpid(), signal.SIGSTOP)


def listen() -> None:
    """Listen, in a pool process of a training worker."""
    if "-Q train" not in " ".join(sys.argv) or "sqlalchemy.engine" not in sys.modules:
        return
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    event.listen(Engine, "after_cursor_execute", freeze_when_armed)


if ARM in os.environ:
    os.register_at_fork(after_in_child=listen)
