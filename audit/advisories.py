"""Whether an advisory tells of a pinned package: ``python -m audit.advisories``, by pip-audit.

Every version of every file in requirements/ is asked about, also those for other machines. What the
service could not be asked about is told and fails, unless ``AUDIT=offline`` is set: pip-audit by
itself calls such packages skipped, and says that it found nothing.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path
from typing import Any

from audit.pins import packages, rules

FOUND, UNASKED = 1, 2
OFFLINE = os.environ.get("AUDIT") == "offline"


def main() -> None:
    """Say what is known, and exit with 1 for what was found, 2 for what could not be asked."""
    rows = [row for pins in batches() for row in ask(pins)]
    unasked = [row["name"] for row in rows if "skip_reason" in row]
    wrong = findings(rows)
    print("\n".join([*wrong, told(len(rows), unasked, len(wrong))]))
    sys.exit(FOUND if wrong else UNASKED if unasked and not OFFLINE else 0)


def told(count: int, unasked: list[str], wrong: int) -> str:
    """Return what was asked, what was found, and above all what could not be asked."""
    said = (
        f"advisories: {wrong} found, {count - len(unasked)} of {count} pinned versions asked about"
    )
    if not unasked:
        return said
    names = "all" if len(unasked) == count else ", ".join(unasked)
    how = "as AUDIT=offline allows" if OFFLINE else "AUDIT=offline goes on without"
    return f"{said}\nadvisories: NOT ASKED ({names}): the service does not answer; {how}"


def batches() -> list[list[str]]:
    """Return all pins, in lists that have a package once each."""
    columns = [[f"{p.name}=={v}" for v in sorted(p.versions)] for p in packages().values()]
    return [[pin for pin in row if pin] for row in zip_longest(*columns)]


def ask(pins: list[str]) -> list[dict[str, Any]]:
    """Return what pip-audit says of each pin; a ``skip_reason`` where it could not ask."""
    with tempfile.TemporaryDirectory() as folder:
        wanted, report = Path(folder, "wanted.txt"), Path(folder, "report.json")
        wanted.write_text("\n".join(pins))
        command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "-f", "json"]
        done = subprocess.run(
            [*command, "--progress-spinner", "off", "-r", wanted, "-o", report],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if report.exists():
            rows: list[dict[str, Any]] = json.loads(report.read_text("utf-8"))["dependencies"]
            return rows
    print(done.stderr.strip()[-500:])
    return [{"name": pin, "skip_reason": "no answer"} for pin in pins]


def findings(rows: Iterable[dict[str, Any]]) -> list[str]:
    """Return a line for each advisory that audit/rules.toml does not explain."""
    explained = rules()["advisories"]
    return [
        f"{row['name']} {row['version']}: {found['id']}, mended in "
        f"{', '.join(found['fix_versions']) or 'no version'}: {found['description'][:200]}"
        for row in rows
        for found in row.get("vulns", ())
        if not explained.keys() & {found["id"], *found["aliases"]}
    ]


if __name__ == "__main__":
    main()
