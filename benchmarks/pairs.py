"""Ours and a yardstick in turn, A B A B: medians, the ratio of each pair, and what is wanted."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from yardsticks import CORPUS

PAIRS = 5
# Where `make bench` gathers the figures.
RESULTS = "CHARLOOM_BENCH_RESULTS"


@dataclass(frozen=True)
class Figure:
    """One line of the README's table, and whether it is what is wanted."""

    what: str
    ours: str
    yardstick: str
    ratio: str
    wanted: str
    met: bool
    limit: str = ""


def parser(doc: str | None) -> argparse.ArgumentParser:
    """Return a parser of what most take: a text, and how many pairs."""
    made = argparse.ArgumentParser(description=doc)
    made.add_argument("corpus", type=Path, nargs="?", default=CORPUS)
    made.add_argument("--pairs", type=int, default=PAIRS)
    return made


def compare(
    what: str,
    unit: str,
    ours: Callable[[], float],
    yardstick: Callable[[], float],
    *,
    against: str,
    wanted: float,
    pairs: int = PAIRS,
    limit: str = "",
    smaller: bool = False,
) -> Figure:
    """Measure both in turn; the figure is the median of the pairs' ratios.

    The ratio is how many times better ours is: more, or less where ``smaller`` is better.
    """
    found = []
    for number in range(1, pairs + 1):
        found.append((ours(), yardstick()))
        print(
            f"{what}, pair {number}: {_shown(found[-1][0])} and {_shown(found[-1][1])} {unit}",
            flush=True,
        )
    ratios = [b / a if smaller else a / b for a, b in found]
    ratio, mine, theirs = median(ratios), *(median(column) for column in zip(*found, strict=True))
    return tell(
        Figure(
            what,
            f"{_shown(mine)} {unit}",
            f"{against}: {_shown(theirs)} {unit}",
            f"{ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
            f"at least {wanted:g}",
            ratio >= wanted,
            limit,
        )
    )


def at_most(
    what: str,
    unit: str,
    values: list[float],
    most: float,
    limit: str = "",
    held: Callable[[list[float]], float] = max,
) -> Figure:
    """Hold the largest of some values, or what ``held`` makes of them, against a limit of ours."""
    shown = ", ".join(f"{value:.4g}" for value in values)
    found = f"{median(values):.4g} {unit} ({shown})" if len(values) > 1 else f"{shown} {unit}"
    met = held(values) <= most
    return tell(Figure(what, found, "", "", f"at most {most:g} {unit}", met, limit))


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def tell(figure: Figure) -> Figure:
    """Print a figure, and keep it for `make bench`."""
    against = f"; {figure.yardstick}; ratio {figure.ratio}" if figure.ratio else ""
    verdict = "met" if figure.met else "MISSED"
    print(f"{figure.what}: {figure.ours}{against}; wanted {figure.wanted}: {verdict}", flush=True)
    if figure.limit:
        print(f"  {figure.limit}", flush=True)
    if path := os.environ.get(RESULTS):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(figure)) + "\n")
    return figure


def finish(*figures: Figure) -> None:
    """End with an error where a figure is not what is wanted."""
    if missed := [figure.what for figure in figures if not figure.met]:
        sys.exit("not as wanted: " + ", ".join(missed))
