"""Whether what was watched stayed flat: memory, files, threads, keys, processes, the log."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.soak.plan import Plan
from tests.soak.slopes import Slope, growth, slope, thinned
from tests.soak.watching import Series, Watch

# Neighbours within it count once for the noise.
WIDTH = 60.0
# Of these the least that must be there: else there is nothing to judge by.
LEAST_LOOKS = 6
# Waiting listeners and requests in flight differ from one look to the next.
MOST_MORE = {"fds": 24.0, "threads": 24.0}
# Who asked within a minute is counted.
MOST_MORE_KEYS = 60.0
NAMES = ("web", "train", "generate", "maintenance", "beat", "redis", "supervisor")
# A traceback, or a line that says that something is our fault.
MOST_TRACED = 200
BAD = re.compile(r"Traceback \(most recent call last\)|\blevel=(error|critical)\b")


@dataclass(frozen=True)
class Line:
    """What a process took, from the end of the warm-up on."""

    series: Series
    # The median of each minute: a look may meet the hash of a password, which takes 64 MB for as
    # long as it lasts.
    minutes: list[float]
    more: dict[str, float]
    # Of all of it, and of its second half: what only fills up is slower there.
    slope: Slope | None
    later: Slope | None

    @property
    def quarters(self) -> list[float]:
        """Return the memory of the first minute, and of the last one of each quarter."""
        return [self.minutes[(len(self.minutes) - 1) * n // 4] for n in range(5)]


def lines(watched: list[Series], plan: Plan) -> list[Line]:
    """Return a line for each process that was there when the warm-up ended."""
    warm = [_warm(series, plan) for series in watched]
    return [_line(series, plan) for series in warm if series.seconds]


def judge(lines: list[Line], watch: Watch, plan: Plan) -> list[str]:
    """Return what was not flat."""
    found = [text for line in lines for text in _judged(line, plan)]
    for name in NAMES:
        if not any(line.series.name.startswith(name) for line in lines):
            found.append(f"no process of {name} was seen")
    for series in watch.series:
        if series.seconds[-1] < watch.redis_seconds[-1] - 3 * plan.look_seconds:
            found.append(f"{series.name} (pid {series.pid}) ended while it was watched")
    warm = [n for n, second in enumerate(watch.redis_seconds) if second >= plan.warm_up]
    keys = growth([watch.redis_keys[n] for n in warm])
    return found + ([f"{keys:.0f} more keys in Redis"] if keys > MOST_MORE_KEYS else [])


def bad_lines(log: str) -> list[str]:
    """Return the lines of the log that tell of our faults, each with its traceback's last line."""
    lines = log.splitlines()
    return [line[:400] + _error(lines[n + 1 :]) for n, line in enumerate(lines) if BAD.search(line)]


def _error(after: list[str]) -> str:
    """Return the line at which a traceback, indented behind the name of its part, ends."""
    said = (line.partition("| ")[2] for line in after[:MOST_TRACED])
    inside = (text for text in said if not text.startswith((" ", "Traceback")))
    return f" … {next(inside, '')[:400]}"


def _judged(line: Line, plan: Plan) -> Iterator[str]:
    name = line.series.name
    if len(line.series.seconds) < LEAST_LOOKS:
        yield f"{name} was seen {len(line.series.seconds)} times only"
    grown = line.more["memory"]
    if plan.most_growth is not None and grown > plan.most_growth:
        yield f"{name} grew by {grown / 1e6:.0f} MB: {_by_minute(line)}"
    slopes = (line.slope, line.later)
    # It grows, and does not stop: surely, for the whole interval is above the limit.
    if plan.most_slope is not None and all(s and s.low > plan.most_slope for s in slopes):
        told = " and then ".join(str(one) for one in slopes)
        yield f"{name} grows by {told} MB an hour: {_by_minute(line)}"
    for measure, most in MOST_MORE.items():
        if line.more[measure] > most:
            yield f"{name} has {line.more[measure]:.0f} more {measure}"


def _by_minute(line: Line) -> str:
    """Return what a process took in each minute."""
    return "by minute " + ", ".join(f"{memory / 1e6:.0f}" for memory in line.minutes)


def _line(series: Series, plan: Plan) -> Line:
    more = {measure: growth(values) for measure, values in series.seen.items()}
    seconds, minutes = thinned(series.seconds, series.seen["memory"], WIDTH)
    if plan.most_slope is None:
        return Line(series, minutes, more, None, None)
    half = len(minutes) // 2
    whole, later = slope(seconds, minutes), slope(seconds[half:], minutes[half:])
    return Line(series, minutes, more, whole, later)


def _warm(series: Series, plan: Plan) -> Series:
    """Return what was seen once the warm-up was over."""
    kept = [i for i, second in enumerate(series.seconds) if second >= plan.warm_up]
    seen = {m: [values[i] for i in kept] for m, values in series.seen.items()}
    return Series(series.name, series.pid, [series.seconds[i] for i in kept], seen)
