"""Schemathesis, with all its checks and phases, against the running web server."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli.child import ROOT
from shared.db import Database
from tests.conftest import BACKENDS
from tests.fuzz.content import fill
from tests.support.web_server import running_web

LONG = os.environ.get("FUZZ") == "long"
# Cases an operation and seconds in all: what is short has to fit into `make test`.
EXAMPLES, SECONDS = (40, 300) if LONG else (2, 20)
# A quiet machine makes some thousands in that time, a busy one fewer.
LEAST_CASES = 5_000 if LONG else 200
CONFIG = ROOT / "tests" / "fuzz" / "schemathesis.toml"

pytestmark = pytest.mark.timeout(SECONDS + 300)


def command(url: str) -> list[str]:
    """Return the command line: one thread, for Hypothesis' caches are not made for more."""
    program = str(Path(sys.executable).with_name("schemathesis"))
    options = ["--checks", "all", "--max-examples", str(EXAMPLES), "--max-time", str(SECONDS)]
    return [program, "--config-file", str(CONFIG), "run", f"{url}/api/v1/openapi.json",
            "--no-color", *options]  # fmt: skip


def cases(said: str) -> int:
    """Return how many cases were tried."""
    found = re.search(r"(\d+) generated", said)
    return int(found[1]) if found else 0


@pytest.mark.parametrize("database_url", BACKENDS if LONG else ["sqlite"], indirect=True)
def test_nothing_is_other_than_described(database_url: str, tmp_path: Path) -> None:
    """Whatever is sent, each answer is one that the document describes, and none is our fault."""
    db = Database(database_url)
    known = fill(db)
    db.close()
    variables = known | {"SCHEMATHESIS_HOOKS": "tests.fuzz.hooks", "PYTHONPATH": str(ROOT)}
    with running_web(database_url, tmp_path / "web.log") as url:
        done = subprocess.run(
            command(url), env=os.environ | variables, cwd=tmp_path, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    print(done.stdout[-3000:])
    assert done.returncode == 0, done.stdout
    assert cases(done.stdout) >= LEAST_CASES
