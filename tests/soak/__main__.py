"""``python -m tests.soak``: the long soak, on each database in turn; with --write into the docs."""

import argparse
import re
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from cli.child import ROOT
from tests.soak.plan import LONG
from tests.soak.report import Report
from tests.soak.soak import soak

PAGE = ROOT / "docs" / "soak.md"
BACKENDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=LONG.seconds / 60)
    parser.add_argument("--database", choices=BACKENDS, action="append")
    parser.add_argument("--seed", default=str(int(time.time())))
    parser.add_argument("--write", action="store_true", help="put the figures into docs/soak.md")
    return parser.parse_args()


def main() -> int:
    """Soak, print, write; return 1 where something was wrong."""
    given, wrong = arguments(), 0
    seconds = 60 * given.minutes
    plan = replace(LONG, seconds=seconds, warm_up=min(LONG.warm_up, seconds / 3))
    for backend in given.database or BACKENDS:
        print(f"soaking on {BACKENDS[backend]}, seed {given.seed}", flush=True)
        with tempfile.TemporaryDirectory(prefix="charloom-soak-") as folder:
            report = soak(backend, plan, given.seed, Path(folder))
        print(report.text(), flush=True)
        wrong += bool(report.complaints)
        if given.write:
            write(report)
    return int(wrong > 0)


def write(report: Report) -> None:
    """Put a report in the place of the last one on its database."""
    title = f"## {BACKENDS[report.backend]}\n"
    section = re.compile(rf"^{title}.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    new = f"{title}\n{report.text()}\n"
    page = PAGE.read_text(encoding="utf-8")
    text = section.sub(lambda _: new, page) if section.search(page) else f"{page}\n{new}"
    PAGE.write_text(text.rstrip("\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
