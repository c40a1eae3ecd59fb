"""Run the benchmarks one after the other, and write their figures into the README.

python benchmarks/all.py [NAME ...]

NAME: scripts, without their ending; all of those that need no more than a corpus, yardsticks and
PyTorch. A figure that was not taken anew stays as it was.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pairs import RESULTS, Figure
from yardsticks import CHECKOUT

HERE, README = CHECKOUT / "benchmarks", CHECKOUT / "README.md"
NAMES = (
    "training_speed",
    "training_shapes",
    "time_to_quality",
    "training_memory",
    "sampling_speed",
    "writing_memory",
    "copying_check",
    "polling",
    "listeners",
    "first_step",
    "job_page",
    "downloads",
)
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
HEAD = "| figure | charloom | yardstick, same run | times better | wanted |\n" + "| --- " * 5 + "|"


def main() -> None:
    """Run them; end with an error where one does."""
    names = sys.argv[1:] or NAMES
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "figures.jsonl")
        for name in names:
            print(f"== {name}", flush=True)
            done = subprocess.run(
                [sys.executable, HERE / f"{name}.py"],
                env=os.environ | {RESULTS: str(results)},
                check=False,
            )
            failed += [name] if done.returncode else []
        lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    write([Figure(**json.loads(line)) for line in lines])
    if failed:
        sys.exit(f"not as wanted: {', '.join(failed)}")


def write(figures: list[Figure], readme: Path = README) -> None:
    """Put figures into the table between the README's marks; what they name anew is replaced."""
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    table, _, behind = rest.partition(END)
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    rows = {_name(line): line for line in lines if line not in HEAD.splitlines()}
    rows |= {_name(row): row for row in map(row_of, figures)}
    made = "\n".join([HEAD, *rows.values()])
    readme.write_text(f"{before}{BEGIN}\n{made}\n{END}{behind}", encoding="utf-8")


def row_of(figure: Figure) -> str:
    """Return a figure as a row of the table."""
    limit = f"<br><small>{figure.limit}</small>" if figure.limit else ""
    missed = "" if figure.met else " (missed)"
    cells = (figure.what + limit, figure.ours, figure.yardstick, figure.ratio,
             figure.wanted + missed)  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def _name(row: str) -> str:
    """Return what tells a row: the figure and the yardstick."""
    what, _, yardstick, *_ = (cell.strip() for cell in row.strip("|").split("|"))
    return f"{what.partition('<br>')[0]} {yardstick.partition(':')[0]}".strip()


if __name__ == "__main__":
    main()
