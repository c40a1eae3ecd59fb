"""The runner of generation jobs: engine to job."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO

import structlog
from sqlalchemy.orm import Session

from shared.blobs import CHUNK_BYTES, write_blob
from shared.checkpoints.models import Checkpoint
from shared.corpora.models import CorpusVersion
from shared.jobs.models import Job
from shared.jobs.records import INLINE_BYTES, NewOutput, record_output, start_over
from shared.jobs.services import Lease, hand_back, report_progress, succeed
from shared.prompts import FittedPrompt
from shared.specs import GenerationSpec
from worker.engine.sampling import Stream, Writer
from worker.engine.vocabulary import Vocabulary
from worker.heartbeat import Heartbeat
from worker.models import character_model
from worker.node import Node
from worker.prompting import prompts

log = structlog.get_logger(__name__)

# Texts that are written together: more would need more memory and be no faster.
MOST_STREAMS = 64
PROGRESS_SECONDS = 0.5


def run_generation(node: Node, job: Job, lease: Lease, heartbeat: Heartbeat) -> None:
    """Write every text, or keep what is written and stop when told to.

    Raises ``LeaseLost`` and ``UserError``s.
    """
    node.write(lambda session: start_over(session, lease))
    work = GenerationWork(node, job, lease, heartbeat)
    for first in range(0, len(work.prompts), MOST_STREAMS):
        work.write_texts(first, first + MOST_STREAMS)
        if work.stopped:
            log.info("job stopped", status=node.write(lambda s: hand_back(s, lease)).status)
            return
    node.write(lambda session: succeed(session, lease))
    log.info("job succeeded")


class GenerationWork:
    """One generation job at work: its model, its prompts, and how far it is."""

    def __init__(self, node: Node, job: Job, lease: Lease, heartbeat: Heartbeat):
        self._node, self._lease, self._heartbeat = node, lease, heartbeat
        self.spec = GenerationSpec.model_validate(job.spec)
        with node.db.read() as session:
            checkpoint = session.get_one(Checkpoint, job.checkpoint_id)
            version = session.get_one(CorpusVersion, checkpoint.corpus_version_id)
        self._model = character_model(node, checkpoint)
        self._vocabulary = Vocabulary(checkpoint.vocabulary)
        self._window: int = checkpoint.spec["window"]
        self.prompts = prompts(node, self.spec, checkpoint.vocabulary, version, self._window)
        self._temperatures = self.spec.temperatures()
        self._begun = self._reported = time.monotonic()
        self._written = 0
        self.stopped = False

    def write_texts(self, first: int, last: int) -> None:
        """Write texts ``first`` to ``last`` - 1 and record them, finished or cut short."""
        streams = [self._stream(number) for number in range(len(self.prompts))[first:last]]
        writer = Writer(self._model, self._vocabulary, streams, self.spec, self._window)
        with ExitStack() as stack:
            files = [stack.enter_context(_text_file()) for _ in streams]
            for pieces in writer.run(self._should_stop):
                for file, piece in zip(files, pieces, strict=True):
                    file.write(piece.encode())
                self._advance(sum(map(len, pieces)))
            outputs = [self._output(s, f) for s, f in zip(streams, files, strict=True)]
        self._node.write(lambda session: self._record(session, outputs))

    def _stream(self, number: int) -> Stream:
        prompt = self._vocabulary.encode(self.prompts[number].text)
        return Stream(number, prompt, self._temperatures[number])

    def _should_stop(self) -> bool:
        self.stopped = self._heartbeat.should_stop()
        return self.stopped

    def _advance(self, characters: int) -> None:
        """Count what was written, and report it now and then."""
        self._written += characters
        now = time.monotonic()
        if now - self._reported < PROGRESS_SECONDS:
            return
        self._reported = now
        progress = self._progress(now - self._begun)
        self._heartbeat.requested = self._node.write(
            lambda session: report_progress(session, self._lease, progress)
        )

    def _progress(self, seconds: float) -> dict[str, object]:
        total = self.spec.length * len(self.prompts)
        speed = self._written / seconds
        return {
            "epoch": 0, "epochs": 0, "step": self._written, "steps": total,
            "fraction": self._written / total, "characters_per_second": speed,
            "eta_seconds": (total - self._written) / speed if speed else None,
        }  # fmt: skip

    def _output(self, stream: Stream, file: IO[bytes]) -> NewOutput:
        """Return what is to be recorded of a text; a long one's bytes are stored here."""
        size = file.tell()
        file.seek(0)
        blob = write_blob(self._node.db, _chunks(file)) if size > INLINE_BYTES else None
        text = None if blob else file.read().decode()
        fitted: FittedPrompt = self.prompts[stream.number]
        return NewOutput(
            number=stream.number + 1, temperature=stream.temperature, prompt=fitted.text,
            prompt_report=fitted.report(), characters=stream.written,
            rng_seed=self.spec.rng_seed, finish_reason=stream.finish_reason or "cancelled",
            text=text, blob=blob,
        )  # fmt: skip

    def _record(self, session: Session, outputs: list[NewOutput]) -> None:
        for output in outputs:
            record_output(session, self._lease, output)


def _text_file() -> IO[bytes]:
    """Return a file that stays in memory while it is short."""
    return tempfile.SpooledTemporaryFile(max_size=4 * INLINE_BYTES)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
