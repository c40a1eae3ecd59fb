"""What a soak saw, as tables in Markdown."""

import os
import platform
from collections import Counter
from dataclasses import dataclass
from statistics import quantiles

from tests.soak.plan import Plan
from tests.soak.slopes import Slope
from tests.soak.storage import Storage
from tests.soak.tally import Tally
from tests.soak.verdicts import Line


@dataclass(frozen=True)
class Report:
    """All figures of a soak. ``complaints`` are what must not be: none is what is wanted."""

    backend: str
    plan: Plan
    seed: str
    seconds: float
    tally: Tally
    jobs: Counter[str]
    # Before everything was deleted, and after it.
    storages: tuple[Storage, Storage]
    lines: list[Line]
    redis_keys: list[float]
    keys: Counter[str]
    complaints: list[str]

    def text(self) -> str:
        """Return it in Markdown."""
        parts = (self._head(), self._answers(), self._processes(), self._rest(), self._wrong())
        return "\n\n".join(parts) + "\n"

    def _head(self) -> str:
        tally, plan = self.tally, self.plan
        return (
            f"{plan.users} users for {self.seconds / 60:.1f} minutes, seed {self.seed}, "
            f"{os.cpu_count()} processors, Python {platform.python_version()}: "
            f"{tally.requests:,} answers, {tally.failures} of the 500 kind, "
            f"{tally.broken} connections broken, {tally.wrong.total()} answers not expected. "
            f"Statuses: {_counted({str(k): v for k, v in sorted(tally.by_status.items())})}."
        )

    def _answers(self) -> str:
        rows = ["| asked | answers | median ms | p95 | p99 | statuses |", "| --- |" + " --- |" * 5]
        for kind, seconds in sorted(self.tally.seconds.items()):
            cuts = quantiles([*seconds, *seconds], n=100)
            times = " | ".join(f"{1000 * cuts[n - 1]:.0f}" for n in (50, 95, 99))
            statuses = {str(k): v for k, v in sorted(self.tally.statuses[kind].items())}
            rows.append(f"| {kind} | {len(seconds):,} | {times} | {_counted(statuses)} |")
        return "\n".join(rows)

    def _processes(self) -> str:
        rows = [
            "| process | MB when the warm-up ends, then after each quarter | MB an hour "
            "| of the second half | more files, threads |",
            "| --- | --- | --- | --- | --- |",
        ]
        for line in self.lines:
            slopes = f"{_slope(line.slope)} | {_slope(line.later)}"
            more = f"{line.more['fds']:+.0f}, {line.more['threads']:+.0f}"
            memory = ", ".join(f"{value / 1e6:.0f}" for value in line.quarters)
            rows.append(f"| {line.series.name} | {memory} | {slopes} | {more} |")
        return "\n".join(rows)

    def _rest(self) -> str:
        full, freed = self.storages
        keys = self.redis_keys
        return (
            f"Jobs by end: {_counted(dict(sorted(self.jobs.items())))}.\n\n"
            f"Database: {_storage(full)}; all deleted: {_storage(freed)}.\n\n"
            f"Redis: {keys[0]:.0f} keys at first, {min(keys):.0f} to {max(keys):.0f}, "
            f"{keys[-1]:.0f} at last ({_counted(dict(self.keys.most_common(8)))})."
        )

    def _wrong(self) -> str:
        if not self.complaints:
            return "Verdict: flat; nothing unexpected."
        return "Wrong:\n\n" + "\n".join(f"- {text}" for text in self.complaints)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} × {count:,}" for name, count in counts.items())


def _slope(slope: Slope | None) -> str:
    return "–" if slope is None else str(slope)


def _storage(found: Storage) -> str:
    return (
        f"{found.disk / 1e6:.1f} MB on disk, {found.free / 1e6:.1f} of it free, "
        f"{found.content / 1e6:.1f} MB of texts and models"
    )
