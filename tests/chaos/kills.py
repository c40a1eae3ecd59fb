"""Faults that end something: processes, the broker's memory, the database."""

import signal
from collections.abc import Collection

from tests.chaos.database_server import MODES
from tests.chaos.processes import Part, send
from tests.chaos.recovery import Fault, GoOn, QueueMoves, Whole, both
from tests.chaos.scene import Scene

TRAINERS = ("train", "train2")


def busy(
    scene: Scene, names: tuple[str, ...], besides: Collection[int] = ()
) -> tuple[str, Part] | None:
    """Return one of these workers that is far enough in a job, or None.

    None of its processes is one of ``besides``.
    """
    found = [(name, part) for name in names if (part := scene.service.part(name))]
    found = [
        (name, part)
        for name, part in found
        if _is_ripe(scene, part) and not set(part.all) & set(besides)
    ]
    return scene.rng.choice(found) if found else None


def _is_ripe(scene: Scene, part: Part) -> bool:
    rows = scene.running(part.pool)
    return any(row.fraction >= scene.ripe and row.id not in scene.hurt for row in rows)


def back(scene: Scene, name: str, old: Part) -> Whole:
    """Return a condition: the part runs as another process, with as many as before."""

    def whole(_: object) -> bool:
        part = scene.service.part(name)
        return part is not None and part.main != old.main and len(part.pool) >= len(old.pool)

    return whole


def kill_pool(scene: Scene, kind: str, *names: str) -> Fault | None:
    """kill -9 of a pool process that runs a job."""
    if (found := busy(scene, names)) is None:
        return None
    name, part = found
    hit = scene.running(part.pool)
    fault = Fault(kind, f"{name} {part.pool}", GoOn(hit), hit=hit)
    send(signal.SIGKILL, part.pool)
    return fault


def end_worker(scene: Scene, kind: str, number: signal.Signals, *names: str) -> Fault | None:
    """A signal that ends a worker which runs a job, by its main process."""
    if (found := busy(scene, names)) is None:
        return None
    name, part = found
    hit = scene.running(part.pool)
    whole = both(GoOn(hit), back(scene, name, part))
    fault = Fault(kind, f"{name} {part.main}", whole, hit=hit)
    send(number, [part.main])
    return fault


def kill_part(scene: Scene, kind: str, name: str) -> Fault | None:
    """kill -9 of the main process of a part that runs no jobs."""
    if (part := scene.service.part(name)) is None:
        return None
    fault = Fault(kind, f"{name} {part.main}", back(scene, name, part))
    send(signal.SIGKILL, [part.main])
    return fault


def kill_web(scene: Scene, kind: str, master: bool) -> Fault | None:
    """kill -9 of gunicorn's master, or of one of its workers."""
    part = scene.service.part("web")
    if part is None or not part.pool:
        return None
    answers: Whole = lambda _: scene.service.web_answers()  # noqa: E731
    victim = part.main if master else scene.rng.choice(part.pool)
    whole = both(back(scene, "web", part), answers) if master else answers
    fault = Fault(kind, f"web {victim}", whole)
    send(signal.SIGKILL, [victim])
    return fault


def kill_redis(scene: Scene, kind: str) -> Fault | None:
    """kill -9 of the broker, which keeps nothing."""
    if (old := scene.service.redis_pid()) is None:
        return None
    fault = Fault(kind, f"redis {old}", lambda _: scene.service.redis_pid() not in (None, old))
    send(signal.SIGKILL, [old])
    return fault


def flush_redis(scene: Scene, kind: str) -> Fault | None:
    """FLUSHALL: every ticket that is out is lost, and beat's too."""
    if scene.service.redis_pid() is None:
        return None
    fault = Fault(kind, "redis", QueueMoves(scene.jobs))
    scene.service.flush_redis()
    return fault


def stop_postgres(scene: Scene, kind: str) -> Fault | None:
    """Stop the database, and start it again after a while."""
    if (server := scene.service.postgres) is None:
        return None
    mode, seconds = scene.rng.choice(MODES), scene.rng.uniform(1, 3)
    answers: Whole = lambda _: scene.service.web_answers()  # noqa: E731
    fault = Fault(kind, f"{mode}, away for {seconds:.1f} s", both(answers, GoOn([])))
    server.stop(mode)
    scene.later(seconds, server.start)
    return fault
