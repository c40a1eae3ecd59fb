"""What do one PostgreSQL, one Redis and this machine carry, and does it hold with a long queue?

First what submitting and claiming cost while 100,000 jobs of 20 teams wait, beside a database of
the same server where 1,000 do. Then nodes that only sleep and write: threads of some
processes, woken by real tickets of a real Redis, claim, report and end short jobs on a real
PostgreSQL while the real sweeper ticks, with free slots and with all those jobs before them. They
share this machine's processors with both servers: that is the limit of what is shown, see
docs/scale.md.

python benchmarks/scale.py [--queued 100000] [--nodes 200] [--seconds 120] [--drain]
"""

import argparse
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

from pairs import Figure, at_most, compare, finish
from scale_nodes import Work, at_work
from scale_parts import Counts, Stock, stocked

from shared.jobs.models import Status

TIMES = 20
SHORT = 1_000
LIMIT = "2 cores are shared by all nodes, PostgreSQL and Redis"


def main() -> None:
    """Print what it costs behind a short queue and a long one, then what the nodes got done."""
    args = _arguments()
    with stocked() as (short, stock):
        short.fill(SHORT)
        stock.fill(args.queued)
        figures = [
            _compared("submitting a job", args.queued, stock.submit_one, short.submit_one),
            _compared("claiming a job", args.queued, stock.claim_one, short.claim_one),
        ]
        stock.end_all(Status.RUNNING, Status.QUEUED)
        waits = Run(stock, args.nodes).go(args.seconds, args.rate).waits
        figures.append(
            at_most("median time to start while slots are free", "s", [median(waits)], 1, LIMIT)
        )
        stock.fill(args.queued)
        for nodes in (10, 50, args.nodes):
            # The last one may go on for as long as anything waits.
            Run(stock, nodes).go(args.seconds, drain=args.drain and nodes == args.nodes)
    finish(*figures)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queued", type=int, default=100_000)
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--rate", type=float, default=5, help="submissions a second, slots free")
    parser.add_argument("--drain", action="store_true", help="run until nothing waits")
    return parser.parse_args()


def _compared(what: str, queued: int, long: Callable[[], Any], short: Callable[[], Any]) -> Figure:
    """Compare the median of some times: half as good is twice as long."""
    return compare(
        f"{what} while {queued:,} wait", "ms", lambda: _median(long), lambda: _median(short),
        against=f"while {SHORT:,} wait", wanted=0.5, smaller=True, limit=LIMIT,
    )  # fmt: skip


def _median(action: Callable[[], Any]) -> float:
    """Return the median milliseconds."""
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        action()
        times.append((time.perf_counter() - began) * 1e3)
    return median(times)


@dataclass
class Run:
    """Nodes at work, and what they note."""

    stock: Stock
    nodes: int
    waits: list[float] = field(default_factory=list)

    def go(self, seconds: float, rate: float = 0, *, drain: bool = False) -> "Run":
        """Let them work while jobs are submitted at that rate; print what came of it."""
        stop = threading.Event()
        sweeper = threading.Thread(target=self.stock.sweep_until, args=[stop])
        sweeper.start()
        try:
            with at_work(self.stock.settings, self.nodes) as work:
                self._watch(work, seconds, rate)
                while drain and self.stock.waiting():
                    self._watch(work, seconds, rate)
            self.waits += work.waits()
        finally:
            stop.set()
            sweeper.join(30)
        return self

    def _watch(self, work: Work, seconds: float, rate: float) -> None:
        """Look on for so long, submit meanwhile, and print what was done."""
        before, cpu, began = self.stock.counts(), work.cpu(), time.monotonic()
        self.waits += work.waits()
        ended = len(self.waits)
        while (took := time.monotonic() - began) < seconds:
            if rate:
                self.stock.submit(len(self.waits))
            time.sleep(1 / rate if rate else 1)
            self.waits += work.waits()
        own, after = work.cpu() - cpu, self.stock.counts()
        self._tell(len(self.waits) - ended, took, own, before, after, rate)

    def _tell(
        self, jobs: int, took: float, own: float, before: Counts, after: Counts, rate: float
    ) -> None:
        """Print what was done, and what it cost on each side."""
        what = f"{rate:g} submitted a second" if rate else "a long queue"
        spent = {name: getattr(after, name) - getattr(before, name) for name in vars(after)}
        each = {name: value / max(jobs, 1) for name, value in spent.items()}
        print(
            f"{self.nodes} nodes, {what}, {len(self.waits):,} begun: {jobs:,} jobs in {took:.0f} s,"
            f" {jobs / took:.1f} a second; processors of the nodes {own / took:.2f}, of PostgreSQL "
            f"{spent['database_cpu'] / took:.2f}, of Redis {spent['redis_cpu'] / took:.3f}; a job: "
            f"{own / max(jobs, 1) * 1e3:.1f} ms of the nodes, {each['database_cpu'] * 1e3:.1f} ms "
            f"of PostgreSQL, {each['redis_cpu'] * 1e3:.2f} ms of Redis, "
            f"{each['commits']:.1f} commits, {each['read']:.0f} rows read, "
            f"{each['written']:.1f} written, {each['commands']:.1f} commands",
            flush=True,
        )
        if rate:
            shown = [median(self.waits), quantiles(self.waits, n=20)[-1], max(self.waits)]
            middle, most, longest = (f"{seconds * 1e3:.0f} ms" for seconds in shown)
            print(
                f"  to the start: median {middle}, 95 of 100 {most}, longest {longest}", flush=True
            )


if __name__ == "__main__":
    main()
