"""The runner of imports: an uploaded file is read by a process of its own, and stored anew."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.orm import Session

import worker
from shared import errors
from shared.blobs import CHUNK_BYTES, StoredBlob, read_blob
from shared.errors import NotAModel, UserError
from shared.jobs.answers import input_blob
from shared.jobs.imports import ImportSpec, record_import
from shared.jobs.models import Job
from shared.jobs.rows import Lease
from shared.jobs.services import succeed
from shared.said import said
from worker.answering import look_up
from worker.heartbeat import Heartbeat
from worker.node import Node

log = structlog.get_logger(__name__)

READER = "worker.engine.importing"
LOOK_SECONDS, MOST_SECONDS = 0.1, 600
# Of this process' environment a reader gets these alone: no address and no secret is among them.
PASSED_ON = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT")
REFUSALS: dict[str, type[UserError]] = {
    error.code: error
    for error in (errors.NotAModel, errors.LegacyModel, errors.ArchiveRefused,
                  errors.ConfigurationRefused, errors.WeightsRefused, errors.VocabularyRefused)
}  # fmt: skip


def run_import(node: Node, job: Job, lease: Lease, heartbeat: Heartbeat) -> None:
    """Read a job's file, and store the model that was rebuilt from it.

    Raises ``LeaseLost``, ``StopRequested`` and ``UserError``s.
    """
    spec = ImportSpec.model_validate(job.spec)
    with tempfile.TemporaryDirectory(prefix="charloom-import-") as name:
        folder = Path(name)
        node.keep_trying(lambda: _fetch(node, job, folder / "upload", heartbeat))
        (folder / "request.json").write_text(json.dumps({"vocabulary": spec.vocabulary}))
        found = read_aside(folder, heartbeat)
        stored = node.store(lambda: _chunks(folder / "model.keras"))
    node.write(partial(_end, lease=lease, stored=stored, found=found))
    log.info("job succeeded")


def read_aside(folder: Path, heartbeat: Heartbeat) -> dict[str, Any]:
    """Have a folder's file read by a process that knows nothing else; return what it found.

    Raises ``UserError``s, and what ``look_up`` raises.
    """
    command = [sys.executable, "-m", READER, str(folder)]
    place = Path(worker.__file__).parents[1]
    output = folder / "log.txt"
    with output.open("wb") as file, subprocess.Popen(
        command, cwd=place, env=_environment(folder), stdin=subprocess.DEVNULL, stdout=file,
        stderr=file, close_fds=True,
    ) as process:  # fmt: skip
        try:
            _wait(process, heartbeat)
        finally:
            process.kill()
    answer = folder / "answer.json"
    if process.returncode or not answer.exists():
        log.warning("reader died", code=process.returncode, said=output.read_bytes()[-2000:])
        raise NotAModel(said("reading the file broke the reader: it is not as Keras writes it"))
    told: dict[str, Any] = json.loads(answer.read_text("utf-8"))
    if "code" in told:
        raise REFUSALS[told["code"]](told["message"])
    return told


def _wait(process: "subprocess.Popen[bytes]", heartbeat: Heartbeat) -> None:
    begun = time.monotonic()
    while process.poll() is None and time.monotonic() - begun < MOST_SECONDS:
        look_up(heartbeat)
        time.sleep(LOOK_SECONDS)


def _environment(folder: Path) -> dict[str, str]:
    """Return what a reader knows: no card, no address, no secret."""
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    own = {"HOME": str(folder), "KERAS_HOME": str(folder), "TMPDIR": str(folder),
           "CUDA_VISIBLE_DEVICES": "-1", "PYTHONDONTWRITEBYTECODE": "1"}  # fmt: skip
    return passed | own


def _fetch(node: Node, job: Job, path: Path, heartbeat: Heartbeat) -> None:
    with node.db.read() as session:
        blob_id = input_blob(session, job.id)
    with path.open("wb") as file:
        for chunk in heartbeat.watched(read_blob(node.db, blob_id)):
            file.write(chunk)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _end(session: Session, lease: Lease, stored: StoredBlob, found: dict[str, Any]) -> None:
    record_import(session, lease, stored, found["vocabulary"], found["spec"])
    succeed(session, lease)
