"""Faults at random moments, one after the other, each watched until it is over."""

import time
from collections.abc import Callable

from shared.jobs.models import Status
from tests.chaos.kinds import Deck, Kind
from tests.chaos.load import KEPT, Supply
from tests.chaos.plan import Plan
from tests.chaos.recovery import Fault
from tests.chaos.scene import Scene

TICK = 0.1
SETTLE_SECONDS = 120.0
END_SECONDS = 300.0
# How long a fault waits for something to hit, and how far a job is when it is hit.
TARGET_SECONDS = 4.0
RIPE = (0.1, 0.6)


class Campaign:
    """The faults of one service. Run it once."""

    def __init__(self, scene: Scene, supply: Supply, deck: Deck, plan: Plan):
        self._scene, self._supply, self._deck, self._plan = scene, supply, deck, plan
        self._all: list[Fault] = []

    @property
    def faults(self) -> list[Fault]:
        """The faults that were done; those that came too late to be are left out."""
        return [fault for fault in self._all if not fault.refused]

    def run(self) -> None:
        """Do all faults while jobs run, then wait until every job has ended."""
        with self._supply.running(), self._scene.open():
            self._until(self._busy, SETTLE_SECONDS, "the jobs did not start")
            while len(self.faults) < self._plan.faults:
                self._next(self._deck.draw(self._scene.service.backend))
            self._supply.stop()
            self._until(self._quiet, END_SECONDS, "it did not end")

    def _next(self, kind: Kind) -> None:
        """Do one fault when its time has come; later, if it finds nothing to hit for a while."""
        self._pause(self._scene.rng.uniform(0.5, 1.5) * self._plan.gap)
        most = 0 if kind.alone else self._plan.most_open - 1
        self._until(lambda: len(self._open()) <= most, SETTLE_SECONDS, f"no rest before {kind}")
        if (fault := self._inject(kind)) is None:
            self._deck.put_back(kind)
            return
        print(f"  {len(self._all) + 1:3d} {fault.kind}: {fault.what}", flush=True)
        self._all.append(fault)
        self._scene.hurt |= {row.id for row in fault.hit}
        if kind.alone:
            self._until(lambda: fault not in self._open(), SETTLE_SECONDS, f"{kind} is not over")

    def _inject(self, kind: Kind) -> Fault | None:
        self._scene.ripe = self._scene.rng.uniform(*RIPE)
        deadline = time.monotonic() + TARGET_SECONDS
        while (fault := kind.inject(self._scene, kind.name)) is None:
            if time.monotonic() > deadline:
                break
            self._tick()
        return fault

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._tick()

    def _until(self, condition: Callable[[], bool], seconds: float, complaint: str) -> None:
        """Go on until a condition holds. Raises ``AssertionError`` telling what is open."""
        deadline = time.monotonic() + seconds
        self._tick()
        while not condition():
            assert time.monotonic() < deadline, f"{complaint}; open: {self._open()}"
            self._tick()

    def _tick(self) -> None:
        """Look at everything once."""
        time.sleep(TICK)
        self._scene.act(time.monotonic())
        if not self._scene.look():
            return
        self._scene.heal()
        for fault in self._open():
            if fault.look(self._scene.jobs):
                print(f"      {fault.kind}: over after {fault.seconds:.1f} s", flush=True)
        self._scene.hurt = {row.id for fault in self._open() for row in fault.hit}

    def _open(self) -> list[Fault]:
        return [fault for fault in self.faults if fault.seconds is None]

    def _busy(self) -> bool:
        """Tell whether there are jobs enough to begin."""
        running = [row for row in self._scene.jobs.values() if row.status == Status.RUNNING]
        return len(self._supply.submitted) >= sum(KEPT.values()) and len(running) > 1

    def _quiet(self) -> bool:
        """Tell whether nothing is left to be done, by us or by the service."""
        states = {row.status for row in self._scene.jobs.values()}
        rest = self._scene.act(time.monotonic()) and self._supply.done
        return rest and not self._open() and states <= {Status.SUCCEEDED, Status.FAILED}
