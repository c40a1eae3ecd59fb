"""The runner of generation jobs: engine to job."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO

import structlog
from sqlalchemy.orm import Session

from shared.blobs import CHUNK_BYTES
from shared.checkpoints.models import Checkpoint
from shared.corpora.models import CorpusVersion
from shared.jobs.models import Job
from shared.jobs.records import (
    CUT_SHORT,
    INLINE_BYTES,
    NewOutput,
    drop_unfinished,
    record_output,
)
from shared.jobs.rows import Lease, fence
from shared.jobs.services import hand_back, report_progress, succeed
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
    """Write every text that no earlier attempt finished, or stop when told to.

    Raises ``LeaseLost`` and ``UserError``s.
    """
    finished = node.write(lambda session: drop_unfinished(session, lease))
    work = node.keep_trying(lambda: GenerationWork(node, job, lease, heartbeat))
    for texts in work.batches():
        # Those written together stay together also the next time: how many there are sways the
        # last bit of a probability.
        if finished.issuperset(text + 1 for text in texts):
            work.skip(texts)
        elif not work.write(texts):
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
        self._written = self._skipped = 0

    def batches(self) -> list[range]:
        """Return the places of all texts, those together that are written together."""
        every = range(len(self.prompts))
        return [every[first : first + MOST_STREAMS] for first in every[::MOST_STREAMS]]

    def skip(self, texts: range) -> None:
        """Count texts as done that an earlier attempt finished."""
        self._skipped += self.spec.length * len(texts)

    def write(self, texts: range) -> bool:
        """Write texts together and record them.

        Tells whether they are finished; if not, the job is handed back.
        """
        streams = [self._stream(number) for number in texts]
        writer = Writer(self._model, self._vocabulary, streams, self.spec, self._window)
        with ExitStack() as stack:
            files = [stack.enter_context(_text_file()) for _ in streams]
            for pieces in writer.run(self._heartbeat.should_stop):
                for file, piece in zip(files, pieces, strict=True):
                    file.write(piece.encode())
                self._advance(sum(map(len, pieces)))
            outputs = [self._output(s, f) for s, f in zip(streams, files, strict=True)]
        if all(output.finish_reason != CUT_SHORT for output in outputs):
            self._node.write(lambda session: self._record(session, outputs))
            return True
        log.info("job stopped", status=self._node.write(lambda s: self._stop(s, outputs)))
        return False

    def _stop(self, session: Session, outputs: list[NewOutput]) -> str:
        """Hand the job back; if it is cancelled, it keeps what it wrote."""
        if fence(session, self._lease) == "cancel":
            self._record(session, outputs)
        return hand_back(session, self._lease).status

    def _stream(self, number: int) -> Stream:
        prompt = self._vocabulary.encode(self.prompts[number].text)
        return Stream(number, prompt, self._temperatures[number])

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
        done = self._written + self._skipped
        speed = self._written / seconds
        return {
            "epoch": 0, "epochs": 0, "step": done, "steps": total,
            "fraction": done / total, "characters_per_second": speed,
            "eta_seconds": (total - done) / speed if speed else None,
        }  # fmt: skip

    def _output(self, stream: Stream, file: IO[bytes]) -> NewOutput:
        """Return what is to be recorded of a text; a long one's bytes are stored here."""
        size = file.tell()
        file.seek(0)
        blob = self._node.store(lambda: _chunks(file)) if size > INLINE_BYTES else None
        text = None if blob else file.read().decode()
        fitted: FittedPrompt = self.prompts[stream.number]
        return NewOutput(
            number=stream.number + 1, temperature=stream.temperature, prompt=fitted.text,
            prompt_report=fitted.report(), characters=stream.written,
            rng_seed=self.spec.rng_seed, finish_reason=stream.finish_reason or CUT_SHORT,
            text=text, blob=blob,
        )  # fmt: skip

    def _record(self, session: Session, outputs: list[NewOutput]) -> None:
        for output in outputs:
            record_output(session, self._lease, output)


def _text_file() -> IO[bytes]:
    """Return a file that stays in memory while it is short."""
    return tempfile.SpooledTemporaryFile(max_size=4 * INLINE_BYTES)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
