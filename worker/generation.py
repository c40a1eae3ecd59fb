"""The runner of generation jobs: engine to job."""

import time
from collections.abc import Iterator
from dataclasses import replace

import structlog
from sqlalchemy.orm import Session

from shared.checkpoints.models import Checkpoint
from shared.checkpoints.queries import trained_on
from shared.jobs.models import Job
from shared.jobs.records import CUT_SHORT, INLINE_BYTES, NewOutput, drop_unfinished
from shared.jobs.rows import Lease, fence
from shared.jobs.services import hand_back, succeed
from shared.jobs.written import finish_text, write_pieces, written_bytes
from shared.prompts import FittedPrompt
from shared.receipts import text_sha256
from shared.specs import GenerationSpec
from worker.copies import copies_of, decoded
from worker.engine.sampling import Stream, Writer
from worker.engine.vocabulary import Vocabulary
from worker.gathering import Gathered
from worker.heartbeat import Heartbeat
from worker.meters import STEPS
from worker.models import character_model
from worker.node import Node
from worker.prompting import prompts
from worker.receipts import Receipts

log = structlog.get_logger(__name__)

# Texts that are written together, by as many threads as there are cores: more of them would only
# be stored later.
MOST_STREAMS = 64


def run_generation(node: Node, job: Job, lease: Lease, heartbeat: Heartbeat) -> None:
    """Write every text that no earlier attempt finished, or stop when told to.

    Raises ``LeaseLost`` and ``UserError``s.
    """
    finished = node.write(lambda session: drop_unfinished(session, lease))
    work = node.keep_trying(lambda: GenerationWork(node, job, lease, heartbeat, finished))
    for texts in work.batches():
        if not work.write(texts):
            return
    node.write(lambda session: succeed(session, lease))
    log.info("job succeeded")


class GenerationWork:
    """One generation job at work: its model, its prompts, and how far it is.

    The texts of the numbers in ``finished`` are there already.
    """

    def __init__(
        self, node: Node, job: Job, lease: Lease, heartbeat: Heartbeat, finished: set[int]
    ):
        self._node, self._lease, self._heartbeat = node, lease, heartbeat
        self._finished = finished
        self.spec = GenerationSpec.model_validate(job.spec)
        with node.db.read() as session:
            checkpoint = session.get_one(Checkpoint, job.checkpoint_id)
            version = trained_on(session, checkpoint)
        self._copies = copies_of(node, version)
        self._receipts = Receipts(job, checkpoint, version)
        self._model = character_model(node, checkpoint)
        self._vocabulary = Vocabulary(checkpoint.vocabulary)
        self._window: int = checkpoint.spec["window"]
        self.prompts = prompts(node, self.spec, checkpoint.vocabulary, version, self._window)
        self._temperatures = self.spec.temperatures()
        self._begun = time.monotonic()
        self._written, self._skipped = 0, self.spec.length * len(finished)

    def batches(self) -> list[list[int]]:
        """Return the places of the texts to write, those together that are written together.

        Whichever those are: a text does not depend on its company.
        """
        left = [text for text in range(len(self.prompts)) if text + 1 not in self._finished]
        return [left[first : first + MOST_STREAMS] for first in range(0, len(left), MOST_STREAMS)]

    def write(self, texts: list[int]) -> bool:
        """Write texts together, storing them as they grow, and record them.

        Tells whether they are finished; if not, the job is handed back.
        """
        streams = [self._stream(number) for number in texts]
        writer = Writer(self._model, self._vocabulary, streams, self.spec, self._window)
        gathered = Gathered(number + 1 for number in texts)
        for parts in writer.run(self._heartbeat.should_stop):
            self._written += (count := sum(map(len, parts)))
            STEPS.labels("generate").inc(count)
            gathered.add(parts)
            if gathered.is_due():
                self._store(gathered)
        self._store(gathered)
        outputs = [self._output(stream) for stream in streams]
        if any(output.finish_reason == CUT_SHORT for output in outputs):
            log.info("job stopped", status=self._stop(outputs, gathered.sizes()))
            return False
        self._record(outputs, gathered.sizes())
        return True

    def _store(self, gathered: Gathered) -> None:
        """Store what was gathered, with how far the job is."""
        pieces = gathered.take()
        progress = self._progress(time.monotonic() - self._begun)
        self._heartbeat.requested = self._node.write(
            lambda session: write_pieces(session, self._lease, pieces, progress=progress)
        )
        gathered.begin()

    def _stop(self, outputs: list[NewOutput], sizes: dict[int, int]) -> str:
        """Hand the job back; if it is cancelled, it keeps what it wrote."""
        status = self._node.write(self._hand_back)
        if status is None:
            self._record(outputs, sizes)
            status = self._node.write(lambda session: hand_back(session, self._lease).status)
        return status

    def _hand_back(self, session: Session) -> str | None:
        """Hand the job back, unless it is cancelled: then nothing is done yet."""
        if fence(session, self._lease) == "cancel":
            return None
        return hand_back(session, self._lease).status

    def _record(self, outputs: list[NewOutput], sizes: dict[int, int]) -> None:
        """Record texts one by one, for what goes with a long one takes its time."""
        for output in outputs:
            self._finish(output, sizes[output.number])

    def _finish(self, output: NewOutput, size: int) -> None:
        def written() -> Iterator[bytes]:
            return written_bytes(self._node.db, self._lease.job_id, output.number)

        blob = self._node.store(written) if size > INLINE_BYTES else None
        copying = self._node.keep_trying(lambda: self._copies.told(decoded(written())))
        digest = blob.sha256 if blob else self._node.keep_trying(lambda: text_sha256(written()))
        receipt = self._receipts.of(output, digest, self._model.keras)
        output = replace(output, blob=blob, copying=copying, receipt=receipt.as_json())
        self._node.write(lambda session: finish_text(session, self._lease, output))

    def _stream(self, number: int) -> Stream:
        prompt = self._vocabulary.encode(self.prompts[number].text)
        return Stream(number, prompt, self._temperatures[number])

    def _progress(self, seconds: float) -> dict[str, object]:
        total = self.spec.length * len(self.prompts)
        done = self._written + self._skipped
        speed = self._written / max(seconds, 1e-6)
        return {
            "epoch": 0, "epochs": 0, "step": done, "steps": total,
            "fraction": done / total, "characters_per_second": speed,
            "eta_seconds": (total - done) / speed if speed else None,
        }  # fmt: skip

    def _output(self, stream: Stream) -> NewOutput:
        """Return what is to be recorded of a text, whose characters stand in pieces."""
        fitted: FittedPrompt = self.prompts[stream.number]
        return NewOutput(
            number=stream.number + 1, temperature=stream.temperature, prompt=fitted.text,
            prompt_report=fitted.report(), characters=stream.written,
            rng_seed=self.spec.rng_seed, finish_reason=stream.finish_reason or CUT_SHORT,
        )  # fmt: skip
