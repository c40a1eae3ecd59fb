"""All kinds of faults, and the order they are drawn in."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from signal import SIGKILL, SIGTERM, Signals

from tests.chaos import kills, pauses
from tests.chaos.recovery import Fault
from tests.chaos.scene import Scene

Inject = Callable[[Scene, str], Fault | None]


@dataclass(frozen=True)
class Kind:
    """A kind of fault. ``inject`` returns None where nothing is there to be hit."""

    name: str
    inject: Inject
    # Only with this database; with both where it is None.
    backend: str | None = None
    # Done while nothing else is broken, so that what it must not do can be told.
    alone: bool = False


def _end_worker(number: Signals, *names: str) -> Inject:
    return lambda scene, kind: kills.end_worker(scene, kind, number, *names)


def _kill_pool(*names: str) -> Inject:
    return lambda scene, kind: kills.kill_pool(scene, kind, *names)


TERMINATE = "SIGTERM, training worker"
KINDS = (
    Kind("kill -9, training pool process", _kill_pool(*kills.TRAINERS)),
    Kind("kill -9, generating pool process", _kill_pool("generate")),
    Kind("kill -9, training worker", _end_worker(SIGKILL, *kills.TRAINERS)),
    Kind("kill -9, generating worker", _end_worker(SIGKILL, "generate")),
    Kind("kill -9, maintenance worker", partial(kills.kill_part, name="maintenance")),
    Kind("kill -9, beat", partial(kills.kill_part, name="beat")),
    Kind("kill -9, web master", partial(kills.kill_web, master=True)),
    Kind("kill -9, web worker", partial(kills.kill_web, master=False)),
    Kind("kill -9, Redis", kills.kill_redis),
    Kind("FLUSHALL, Redis", kills.flush_redis),
    Kind("stop and start, PostgreSQL", kills.stop_postgres, backend="postgresql"),
    Kind("freeze, training pool process", partial(pauses.freeze, whole_worker=False)),
    Kind("freeze, training worker", partial(pauses.freeze, whole_worker=True)),
    Kind("freeze, inside a transaction", pauses.freeze_with_lock),
    Kind(TERMINATE, _end_worker(SIGTERM, *kills.TRAINERS), alone=True),
    Kind("SIGTERM, generating worker", _end_worker(SIGTERM, "generate")),
    Kind("pause and resume", partial(pauses.ask, move="pause")),
    Kind("cancel and retry", partial(pauses.ask, move="cancel")),
)


class Deck:
    """Shuffled rounds of all kinds: none is forgotten, however few faults there are."""

    def __init__(self, rng: random.Random):
        self._rng = rng
        self._cards: list[Kind] = []

    def draw(self, backend: str) -> Kind:
        """Take the next kind that can be done to this database."""
        while True:
            for kind in self._cards:
                if kind.backend in (None, backend):
                    self._cards.remove(kind)
                    return kind
            # What the other database alone can take is left from the last round.
            fresh = [kind for kind in KINDS if kind not in self._cards]
            self._cards += self._rng.sample(fresh, len(fresh))

    def put_back(self, kind: Kind) -> None:
        """Take a kind later that found nothing to hit."""
        self._cards.insert(min(2, len(self._cards)), kind)
