"""A scanner's baseline: ``python -m audit.scan`` lets Wapiti attack a service of its own.

The service is started for it on a free port of this machine, with a new data folder, and ended
afterwards; nothing else is asked for anything. Exits with 1 for what is above `low`.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from shared.corpora.sources import python_reference
from tests.support.long_runs import wait_for_end
from tests.support.signing_in import visiting
from tests.support.stacks import Stack, running_stack

# Not `csrf`: it reports forms that refuse a changed or a missing token, as a test says of each one.
# Not `nikto`, `ssrf`, `wapp`, `xxe`: they want files or servers of other hosts.
MODULES = (
    *("backup", "blindsql", "cookieflags", "crlf", "csp", "exec", "file", "htaccess"),
    *("http_headers", "methods", "permanentxss", "redirect", "shellshock", "sql", "xss"),
)
LEVELS = {0: "informational", 1: "low", 2: "medium", 3: "high", 4: "critical"}
LOW = 1
SCAN_SECONDS, ATTACK_SECONDS = 60, 15
# It cannot read what it asks for, and then finds no link.
PLAIN = "Accept-Encoding: identity"


def main() -> None:
    """Scan, tell what was found, and exit with 1 where a finding is above low."""
    if shutil.which("wapiti") is None:
        sys.exit("make scan needs Wapiti: `apt-get install wapiti`")
    with tempfile.TemporaryDirectory() as name, running_stack(Path(name, "data")) as stack:
        fill(stack)
        found = attack(stack, Path(name))
    for level, category, where, told in sorted(found, reverse=True):
        print(f"{LEVELS[level]}: {category}: {where}: {told}")
    wrong = [row for row in found if row[0] > LOW]
    print(f"{len(found)} findings, {len(wrong)} above low")
    sys.exit(1 if wrong else 0)


def fill(stack: Stack) -> None:
    """Store a text and a trained model, so that there are pages with something on them."""
    with stack.client() as client:
        corpus = client.add_corpus("scan", text=python_reference()[:20_000])
        wait_for_end(client, client.train(corpus["id"], preset="tiny", epochs=1))


def cookies(stack: Stack) -> str:
    """Sign an administrator in, and return what a browser then sends."""
    with visiting(stack.database_url, stack.url) as browser:
        return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


def attack(stack: Stack, folder: Path) -> list[tuple[int, str, str, str]]:
    """Return level, category, address and text of each finding."""
    report, api = folder / "report.json", f"{stack.url}/api/v1"
    starts = [f"{stack.url}/", f"{api}/jobs", f"{api}/corpora", f"{stack.url}/jobs?kind=train"]
    command = [
        *("wapiti", "--url", starts[0], "--scope", "folder", "--flush-session", "--no-bugreport"),
        *(word for start in starts[1:] for word in ("--start", start)),
        *("--header", PLAIN, "--header", f"Authorization: Bearer {stack.token}"),
        *("--module", ",".join(MODULES), "--depth", "3", "--max-links-per-page", "30"),
        *("--header", f"Cookie: {cookies(stack)}"),
        *("--max-scan-time", str(SCAN_SECONDS), "--max-attack-time", str(ATTACK_SECONDS)),
        *("--format", "json", "--output", str(report)),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    print(*(line for line in done.stdout.splitlines() if "URLs and forms" in line))
    return findings(json.loads(report.read_text("utf-8")))


def findings(report: dict[str, Any]) -> list[tuple[int, str, str, str]]:
    """Return what a report tells of."""
    return [
        (row["level"], category, f"{row['method']} {row['path']}", row["info"])
        for kind in ("vulnerabilities", "anomalies")
        for category, rows in report[kind].items()
        for row in rows
    ]


if __name__ == "__main__":
    main()
