"""Every command that the documentation shows is run, as it is printed, on the running stack."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.child import ROOT
from cli.client import Client
from cli.client.events import ENDED
from shared.corpora.sources import python_reference
from tests.support.stacks import Stack, environment, wait_for
from tests.support.stacks import command as charloom

pytestmark = pytest.mark.timeout(600)

# Which answers' ids stand for the words in capital letters.
IDS = {"corpora": "CORPUS", "schedules": "SCHEDULE", "receivers": "RECEIVER",
       "training-jobs": "JOB", "generation-jobs": "JOB"}  # fmt: skip
# The documentation's own text, address and preset are a reader's; these are quick, and here.
CHANGES = {
    '"preset": "fast"}': '"preset": "tiny"}',
    '"corpus_id": "CORPUS", "notify"': '"corpus_id": "CORPUS", "preset": "tiny", "notify"',
    "https://hooks.example.org/charloom": "http://127.0.0.1:1/",
}
# What begins a command; an assignment of a fixed value, or `make`, is none.
BEGINS = r"(?:curl |charloom |cat |python3 |until |\w+=\$\()"
# What is begun by these goes on after they ended, and the next command may need its end.
BEGINNING = ("/run", "generation-jobs", "training-jobs", "schedule run")


def commands(page: str) -> list[str]:
    """Return the commands of a page, each with the lines that it goes on with."""
    text = (ROOT / page).read_text("utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    parts = [p.strip() for b in blocks for p in re.split(rf"\n+(?={BEGINS}|make )", b)]
    return [part for part in parts if re.match(BEGINS, part)]


class Reader:
    """Types the commands, with the ids of the answers so far."""

    def __init__(self, stack: Stack, client: Client, folder: Path):
        self.stack, self.client, self.folder = stack, client, folder
        self.ids: dict[str, str] = {}
        self.variables = {
            "api": f"{stack.url}/api/v1",
            "auth": f"Authorization: Bearer {stack.token}",
            "json": "Content-Type: application/json",
        }
        (folder / "my-text.txt").write_text(python_reference()[:20_000], encoding="utf-8")
        shutil.copy(ROOT / "docs" / "nightly.py", folder)

    def run(self, command: str) -> None:
        """Run a command, which must not fail, and wait for what it began."""
        self._settle()
        for old, new in CHANGES.items():
            command = command.replace(old, new)
        for word, found in self._known().items():
            command = re.sub(rf"\b{word}\b", found, command)
        said = self._bash(re.sub(r"^curl ", "curl --fail-with-body -sS ", command))
        noun = re.search(r"\$api/([\w-]+)(\s|$)", command)
        posted = " -d " in command or " -F " in command
        made = noun and posted and noun[1] in IDS and "PATCH" not in command
        if command.startswith("curl ") and noun and made:
            self.ids[IDS[noun[1]]] = json.loads(said)["id"]
        if command.startswith(("curl ", "charloom ")) and any(b in command for b in BEGINNING):
            wait_for(self._is_idle, 120)
            self._remember()

    def _bash(self, command: str) -> str:
        """Run it in a shell that knows the variables that earlier ones set."""
        assigned = re.match(r"(\w+)=\$\(", command)
        keep = f'\nprintf %s "${assigned[1]}" > .variable' if assigned else ""
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-ec", command + keep], cwd=self.folder, text=True,
            env=self._environment(), capture_output=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        if assigned:
            self.variables[assigned[1]] = (self.folder / ".variable").read_text("utf-8")
            assert self.variables[assigned[1]], f"{command}\n{done.stderr}"
        return done.stdout

    def _environment(self) -> dict[str, str]:
        installed = str(Path(charloom()[0]).parent)
        return environment("reader") | self.variables | {
            "PATH": f"{installed}:{os.environ['PATH']}",
            "CHARLOOM_URL": self.stack.url,
            "CHARLOOM_TOKEN_FILE": str(self.stack.data / "token"),
        }  # fmt: skip

    def _known(self) -> dict[str, str]:
        """Return what the words in capital letters stand for, most of it there in any case."""
        found = {}
        for corpus in self.client.corpora(limit=1):
            found["CORPUS"] = corpus["id"]
        for job in self.client.jobs(kind="train", status="succeeded", limit=1):
            found |= {"JOB": job["id"], "SAMPLE": self.client.rows(job["id"], "samples")[0]["id"]}
        return found | self.ids

    def _settle(self) -> None:
        """Wait until no job is on its way to a pause or an end that it was asked for."""
        wait_for(lambda: not any(job["requested"] for job in self.client.jobs(limit=5)), 60)

    def _is_idle(self) -> bool:
        runs = [r for one in self.client.schedules() for r in self.client.runs(one["id"])]
        at_work = any(job["status"] not in ENDED for job in self.client.jobs())
        return not at_work and all(run["ended_at"] for run in runs)

    def _remember(self) -> None:
        """Know a checkpoint that could be promoted: the first one of the newest training."""
        trained: list[dict[str, Any]] = list(self.client.jobs(kind="train", limit=1))
        self.ids["CHECKPOINT"] = self.client.rows(trained[0]["id"], "checkpoints")[0]["id"]


@pytest.mark.parametrize(
    ("page", "least"),
    [
        ("README.md", 12),
        *(("docs/schedules.md", 19), ("docs/notices.md", 6), ("docs/receipts.md", 8)),
        ("docs/api.md", 4),
        ("docs/command.md", 60),
    ],
)
def test_the_commands_of_a_page(
    stack: Stack, client: Client, tmp_path: Path, page: str, least: int
) -> None:
    """None fails, in their order; what they download is there."""
    found = commands(page)
    assert len(found) >= least
    reader = Reader(stack, client, tmp_path)
    for one in found:
        reader.run(one)
    for path in re.findall(r"(?: -o| >|nightly.py CORPUS) (\w[\w.-]*)", "\n".join(found)):
        assert (tmp_path / path).stat().st_size > 0, path


def test_the_python_of_the_command_page(stack: Stack, tmp_path: Path) -> None:
    """The client's example runs as it is printed, but for the address and the token's folder."""
    text = (ROOT / "docs/command.md").read_text("utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    code = code.replace("http://127.0.0.1:8000", stack.url).replace("var/", f"{stack.data}/")
    (tmp_path / "my-text.txt").write_text(python_reference()[:20_000], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment("reader"), text=True,
        capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "from-python.txt").read_text("utf-8")) == 500
