"""Faults that hold something up for a while: frozen processes, and what a job's owner may do."""

import signal
import time
from collections.abc import Collection
from pathlib import Path

from tests.chaos.kills import TRAINERS, busy
from tests.chaos.processes import send
from tests.chaos.recovery import Fault, GoOn
from tests.chaos.scene import Scene
from tests.chaos.service import LEASE_SECONDS

PAST_LEASE = (LEASE_SECONDS + 1, LEASE_SECONDS + 3)
# How long a process is frozen that holds a row. SQLite has one lock for all writers, so all of
# them wait; PostgreSQL ends the connection when ``idle_in_transaction_session_timeout`` is over.
WITH_LOCK = {"sqlite": (2.0, 4.0), "postgresql": PAST_LEASE}
PAST_IDLE_TIMEOUT = 18.0
ARM_SECONDS = 3.0


def freeze(scene: Scene, kind: str, whole_worker: bool) -> Fault | None:
    """SIGSTOP past the lease, then SIGCONT: by then the job is another's."""
    # One that is frozen already would be let go on too early.
    if (found := busy(scene, TRAINERS, scene.frozen)) is None:
        return None
    name, part = found
    pids, seconds = part.all if whole_worker else part.pool, scene.rng.uniform(*PAST_LEASE)
    hit = scene.running(part.pool)
    fault = Fault(kind, f"{name} {pids} for {seconds:.1f} s", GoOn(hit), hit=hit)
    send(signal.SIGSTOP, pids)
    _thaw_later(scene, pids, seconds)
    return fault


def freeze_with_lock(scene: Scene, kind: str) -> Fault | None:
    """A process stops itself inside a write transaction, where the plant tells it to."""
    if busy(scene, TRAINERS, scene.frozen) is None:
        return None
    if (pid := _freeze_one(scene.service.arm)) is None:
        return None
    scene.planted += 1
    scene.look()
    seconds = scene.rng.uniform(*WITH_LOCK[scene.service.backend])
    if scene.long and scene.planted == 1 and scene.service.backend == "postgresql":
        seconds = PAST_IDLE_TIMEOUT
    hit = scene.running((pid,))
    fault = Fault(kind, f"{pid} for {seconds:.1f} s", GoOn(hit), hit=hit)
    _thaw_later(scene, [pid], seconds)
    return fault


def ask(scene: Scene, kind: str, move: str) -> Fault | None:
    """The owner pauses or cancels a running job; soon it is resumed, or tried again."""
    if (found := busy(scene, (*TRAINERS, "generate"))) is None:
        return None
    row = scene.running(found[1].pool)[0]
    fault = Fault(kind, f"{row.kind} {row.id}", GoOn([row]), hit=[row])
    scene.ask(row, move, fault)
    return fault


def _thaw_later(scene: Scene, pids: Collection[int], seconds: float) -> None:
    def thaw() -> None:
        send(signal.SIGCONT, pids)
        scene.frozen -= set(pids)

    scene.frozen |= set(pids)
    scene.later(seconds, thaw)


def _freeze_one(arm: Path) -> int | None:
    """Arm the plant; return the process that it froze, or None when none came by."""
    arm.touch()
    deadline = time.monotonic() + ARM_SECONDS
    while arm.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        arm.unlink()
    except FileNotFoundError:
        (taken,) = arm.parent.glob(f"{arm.name}.*")
        taken.unlink()
        return int(taken.suffix[1:])
    return None
