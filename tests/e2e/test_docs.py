"""Every command of the documentation of schedules and notices is run, on the running stack."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cli.child import ROOT
from cli.client import Client
from shared.corpora.sources import python_reference
from tests.support.stacks import Stack, wait_for

pytestmark = pytest.mark.timeout(300)

# Which answers' ids stand for the words in capital letters.
IDS = {"corpora": "CORPUS", "schedules": "SCHEDULE", "receivers": "RECEIVER",
       "training-jobs": "JOB", "generation-jobs": "JOB"}  # fmt: skip
# The documentation's own text, address and preset are a reader's; these are quick, and here.
CHANGES = {
    '"preset": "fast"': '"preset": "tiny"',
    '"corpus_id": "CORPUS", "notify"': '"corpus_id": "CORPUS", "preset": "tiny", "notify"',
    "https://hooks.example.org/charloom": "http://127.0.0.1:1/",
}


def commands(page: str) -> list[str]:
    """Return the curl commands of a page, each with the lines that it goes on with."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [c for block in blocks for c in re.split(r"\n(?=curl )", block) if c.startswith("curl")]


class Reader:
    """Types the commands, with the ids of the answers so far."""

    def __init__(self, stack: Stack, client: Client, folder: Path):
        self.stack, self.client, self.folder = stack, client, folder
        self.ids: dict[str, str] = {}
        (folder / "my-text.txt").write_text(python_reference()[:20_000], encoding="utf-8")

    def run(self, command: str) -> None:
        """Run a command, which must not fail, and wait for what it began."""
        for old, new in CHANGES.items():
            command = command.replace(old, new)
        for word, found in self.ids.items():
            command = command.replace(word, found)
        said = self._bash(command.replace("curl ", "curl --fail-with-body -sS ", 1))
        noun = re.search(r"\$api/([\w-]+)(\s|$)", command)
        posted = " -d " in command or " -F " in command
        if noun and posted and "PATCH" not in command:
            self.ids[IDS[noun[1]]] = json.loads(said)["id"]
        if command.endswith("/run") or "generation-jobs" in command:
            wait_for(self._is_idle, 120)
            self._remember()

    def _bash(self, command: str) -> str:
        script = (
            f"api={self.stack.url}/api/v1\nauth='Authorization: Bearer {self.stack.token}'\n"
            f"json='Content-Type: application/json'\n{command}"
        )
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, text=True, capture_output=True, check=False,
            timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _is_idle(self) -> bool:
        jobs = self.client.get("/jobs")["data"]
        schedules = self.client.get("/schedules")["data"]
        runs = [
            r for one in schedules for r in self.client.get(f"/schedules/{one['id']}/runs")["data"]
        ]
        at_work = any(job["status"] in ("queued", "running") for job in jobs)
        return not at_work and all(run["ended_at"] for run in runs)

    def _remember(self) -> None:
        """Know a checkpoint that could be promoted: the first one of all."""
        jobs: list[dict[str, Any]] = self.client.get("/jobs")["data"]
        trained = next(job for job in jobs if job["kind"] == "train")
        self.ids["CHECKPOINT"] = self.client.rows(trained["id"], "checkpoints")[0]["id"]


@pytest.mark.parametrize(
    ("page", "least"), [("schedules.md", 18), ("notices.md", 6), ("receipts.md", 8)]
)
def test_the_commands_of_a_page(
    stack: Stack, client: Client, tmp_path: Path, page: str, least: int
) -> None:
    """None fails, in their order; what they download is there."""
    found = commands(page)
    assert len(found) >= least
    reader = Reader(stack, client, tmp_path)
    for command in found:
        reader.run(command)
    for path in re.findall(r" -o (\S+)", "\n".join(found)):
        assert (tmp_path / path).stat().st_size > 0
