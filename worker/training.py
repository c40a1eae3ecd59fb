"""The runner of training jobs: engine to job."""

import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.orm import Session

from shared.blobs import CHUNK_BYTES, StoredBlob, read_blob, slices
from shared.checkpoints.models import Checkpoint
from shared.checkpoints.queries import resume_blob
from shared.checkpoints.services import NewCheckpoint
from shared.corpora.models import CorpusVersion
from shared.db import now
from shared.jobs.models import Job
from shared.jobs.records import NewSample, record_epoch, save_state
from shared.jobs.rows import Lease, fence, happened
from shared.jobs.services import hand_back, report_progress, succeed
from shared.models.services import Judgement, JudgementVoid, decide
from shared.prompts import fit_prompt
from shared.specs import TrainingSpec
from worker.candidates import Candidate
from worker.copies import Copies
from worker.engine.checkpoints import load
from worker.engine.growth import Start
from worker.engine.reports import EpochDone, Progress
from worker.engine.state import TrainingState
from worker.engine.training import TrainingRun
from worker.engine.vocabulary import Vocabulary
from worker.heartbeat import Heartbeat
from worker.meters import Steps
from worker.models import model_file
from worker.node import Node
from worker.states import StateSaver

log = structlog.get_logger(__name__)

PROGRESS_SECONDS = 0.5


def run_training(node: Node, job: Job, lease: Lease, heartbeat: Heartbeat) -> None:
    """Train to the end, or save the state and hand the job back when told to stop.

    Raises ``LeaseLost``, ``Diverged`` and other ``UserError``s.
    """
    run = node.keep_trying(lambda: prepare(node, job, heartbeat))
    copies = node.keep_trying(lambda: Copies.of(node, job))
    steps = Steps(**run.position())
    with StateSaver(node, lease) as saver:
        for report in run:
            steps.reached(**run.position())
            if isinstance(report, EpochDone):
                saver.finish()
                store_epoch(node, lease, run, report, copies)
                heartbeat.progressed()
            else:
                heartbeat.requested = _progress(node, lease, report)
            if not run.finished and heartbeat.should_stop():
                saver.finish()
                stop(node, lease, run)
                return
            if saver.due():
                saver.save(run.state())
    finish(node, job, lease, heartbeat, run)
    log.info("job succeeded", stopped_early=run.stopped_early)


def prepare(node: Node, job: Job, heartbeat: Heartbeat) -> TrainingRun:
    """Return the run, at the place where an earlier attempt stopped if there was one.

    One that starts from a checkpoint knows that model's characters and those of the text.
    Raises ``StopRequested`` when told to stop while the text is read, ``UnknownPrompt``.
    """
    with node.db.read() as session:
        version = session.get_one(CorpusVersion, job.corpus_version_id)
        start = session.get(Checkpoint, job.checkpoint_id) if job.checkpoint_id else None
        state = resume_blob(session, job.id)
    vocabulary = Vocabulary(version.vocabulary).joined(start.vocabulary if start else "")
    text = heartbeat.watched(read_blob(node.db, version.blob_id))
    ids = vocabulary.encode_utf8(text, version.characters)
    if candidate := Candidate.of(node, job, heartbeat):
        ids = candidate.cut(ids, vocabulary)
    return TrainingRun(
        _spec(job, vocabulary), ids, vocabulary,
        state=TrainingState.from_bytes(b"".join(read_blob(node.db, state))) if state else None,
        start=_start(node, start) if start and not state else None,
        progress_seconds=PROGRESS_SECONDS,
    )  # fmt: skip


def _spec(job: Job, vocabulary: Vocabulary) -> TrainingSpec:
    """Return the job's spec, with the samples' prompt in the model's characters."""
    spec = TrainingSpec.model_validate(job.spec)
    if spec.sample_prompt is None:
        return spec
    fitted = fit_prompt(spec.sample_prompt, vocabulary.characters)
    return spec.model_copy(update={"sample_prompt": fitted.text})


def keras_model(node: Node, blob_id: str) -> Any:
    """Return the Keras model whose ``.keras`` file a blob holds."""
    with model_file(node, blob_id) as path:
        return load(path)


def _start(node: Node, checkpoint: Checkpoint) -> Start:
    return Start(keras_model(node, checkpoint.blob_id), Vocabulary(checkpoint.vocabulary))


def store_epoch(
    node: Node, lease: Lease, run: TrainingRun, done: EpochDone, copies: Copies
) -> None:
    """Store an epoch's model and resume state, then all that refers to them in one transaction."""
    record = done.record
    model, state = _store_model(node, run), _store_state(node, lease, run)
    checkpoint = NewCheckpoint(model, run.vocabulary.characters, record.loss, record.val_loss)
    samples = [NewSample(**asdict(one), copying=copies.told([one.text])) for one in done.samples]
    node.write(lambda s: record_epoch(s, lease, asdict(record), samples, checkpoint, state))
    log.info("epoch done", epoch=record.epoch, loss=round(record.loss, 4),
             val_loss=record.val_loss and round(record.val_loss, 4),
             seconds=round(record.seconds, 1))  # fmt: skip


def finish(node: Node, job: Job, lease: Lease, heartbeat: Heartbeat, run: TrainingRun) -> None:
    """End the job well; one that works for a model is judged first, as often as it takes.

    Raises ``StopRequested`` when told to stop while it is judged.
    """
    candidate = Candidate.of(node, job, heartbeat)
    while True:
        judged = candidate.judge() if candidate else None
        try:
            node.write(partial(end, lease=lease, run=run, candidate=candidate, judged=judged))
            return
        except JudgementVoid:
            log.info("judged again: another checkpoint was promoted meanwhile")


def end(
    session: Session,
    lease: Lease,
    run: TrainingRun,
    candidate: Candidate | None,
    judged: tuple[str, Judgement] | None,
) -> None:
    """Write whether the run stopped early, what was decided about it, and its end."""
    if run.stopped_early:
        happened(session, lease, "stopped_early", run.early_end())
    if candidate and judged:
        fence(session, lease)
        decision = decide(session, candidate.model_id, *judged)
        told = {"action": decision.action, "reason": decision.reason}
        happened(session, lease, "judged", told)
    succeed(session, lease)


def stop(node: Node, lease: Lease, run: TrainingRun) -> None:
    """Save where the run stands and hand the job back, in one transaction."""
    state = _store_state(node, lease, run)

    def change(session: Session) -> str:
        happened(session, lease, "state_saved", run.position())
        save_state(session, lease, state)
        return hand_back(session, lease).status

    log.info("job stopped", status=node.write(change))


def _progress(node: Node, lease: Lease, progress: Progress) -> str | None:
    numbers = asdict(progress)
    if numbers["sample"]:
        numbers["sample"]["written_at"] = now().isoformat(timespec="milliseconds")
    return node.write(lambda session: report_progress(session, lease, numbers))


def _store_model(node: Node, run: TrainingRun) -> StoredBlob:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        run.save_model(path)
        return node.store(lambda: _file_chunks(path))


def _store_state(node: Node, lease: Lease, run: TrainingRun) -> StoredBlob:
    state = run.state().to_bytes(lease.job_id)
    return node.store(lambda: slices(state))


def _file_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
