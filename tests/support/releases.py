"""The last release's code, out of the project's history, and its programs."""

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import BaseModel

from cli.child import ROOT
from cli.parts import WORKER_READY
from tests.support.stacks import START_SECONDS, STOP_SECONDS, wait_for

# Whoever makes a release names it here: from then on it is the last one.
LAST_RELEASE = "d2d382a89a1e56efd2526ee9e7cc99b0db9caea8"
PACKAGES = ("cli", "migrations", "shared", "web", "worker")


def unpack_last_release(folder: Path) -> Path:
    """Write the last release's packages into a folder, and return it; skip where there are none."""
    archive = _git("archive", LAST_RELEASE, *PACKAGES)
    if archive.returncode != 0:
        shallow = _git("rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
        why = "this clone is shallow" if shallow else archive.stderr.decode().strip()
        pytest.skip(f"the last release, {LAST_RELEASE[:7]}, is not in the history: {why}")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as packed:
        packed.extractall(folder, filter="data")
    return folder


def _git(*words: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=False)


def own_code(root: Path, env: Mapping[str, str]) -> str:
    """Return which of our code a program finds that is started in a folder."""
    return _said(root, env, "import shared; print(shared.__file__)").strip()


def fields_of(root: Path, models: Sequence[type[BaseModel]]) -> dict[str, list[str]]:
    """Return which fields models have in the code in a folder."""
    lines = ["import json", "known = {}"]
    for model in models:
        lines.append(f"from {model.__module__} import {model.__name__} as model")
        lines.append(f"known[{model.__name__!r}] = list(model.model_fields)")
    program = "\n".join([*lines, "print(json.dumps(known))"])
    return dict(json.loads(_said(root, program_env(root), program)))


def _said(root: Path, env: Mapping[str, str], program: str) -> str:
    words = [sys.executable, "-c", program]
    found = subprocess.run(words, cwd=root, env=env, capture_output=True, check=True, text=True)
    return found.stdout


@contextmanager
def worker_of(root: Path, queues: str, env: Mapping[str, str], log: Path) -> Iterator[None]:
    """Run a worker of the code in a folder until the block ends; it takes jobs by then."""
    words = [sys.executable, "-m", "celery", "--quiet", "-A", "worker.app", "worker", "-Q", queues]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*words, "-n", "old@%h", "--without-mingle", "--without-gossip"], cwd=root, env=env,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        wait_for(
            lambda: WORKER_READY in log.read_text() or process.poll() is not None, START_SECONDS
        )
        assert process.poll() is None, log.read_text()
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def program_env(root: Path, **settings: str) -> dict[str, str]:
    """Return the environment of a program of the code in a folder, with these settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHARLOOM_")}
    named = {f"CHARLOOM_{name.upper()}": value for name, value in settings.items()}
    return kept | named | {"PYTHONPATH": str(root)}
