"""Writing a receipt's text again, and what in the receipt is not as it is here."""

import time
from collections.abc import Iterator
from hashlib import sha256

from sqlalchemy import select

from shared.checkpoints.models import Checkpoint
from shared.checkpoints.queries import trained_on
from shared.corpora.models import CorpusVersion
from shared.jobs.models import Job, Output
from shared.jobs.records import CUT_SHORT
from shared.jobs.results import Finding
from shared.jobs.rows import Lease
from shared.jobs.services import report_progress
from shared.receipts import Receipt, own_version, spec_sha256, text_sha256
from worker.answering import look_up
from worker.engine.sampling import Stream, Writer
from worker.engine.vocabulary import Vocabulary
from worker.heartbeat import Heartbeat
from worker.models import character_model
from worker.node import Node
from worker.prompting import prompt

REPORT_SECONDS = 0.5


class Rewriting:
    """A receipt's text as it comes again from what is stored here.

    What decides it are the receipt's spec and number; what else it says is compared with them.
    """

    def __init__(self, node: Node, job: Job, receipt: Receipt):
        self._node, self._job, self._receipt = node, job, receipt
        with node.db.read() as session:
            checkpoint = session.get_one(Checkpoint, job.checkpoint_id)
            version = trained_on(session, checkpoint)
            named = session.get(Job, receipt.job_id)
        self._has_job = named is not None and named.team_id == job.team_id
        self.stored = self._stored()
        self._model = character_model(node, checkpoint)
        self._vocabulary = Vocabulary(checkpoint.vocabulary)
        self._window: int = checkpoint.spec["window"]
        spec, text = receipt.spec, receipt.number - 1
        self._prompt = prompt(node, spec, checkpoint.vocabulary, version, self._window, text).text
        self._stream = Stream(
            text, self._vocabulary.encode(self._prompt), spec.temperatures()[text]
        )
        self._expected = self._facts(checkpoint, version)
        self._digest = sha256()
        self._reported = time.monotonic()

    @property
    def characters(self) -> int:
        """How many were written so far."""
        return self._stream.written

    def pieces(self, lease: Lease, heartbeat: Heartbeat) -> Iterator[str]:
        """Yield the text. Raises ``LeaseLost``, ``StopRequested``."""
        spec, cut = self._receipt.spec, self._receipt.finish_reason == CUT_SHORT
        if cut and not self._receipt.characters:
            return
        if cut:
            spec = spec.model_copy(update={"length": self._receipt.characters})
        writer = Writer(self._model, self._vocabulary, [self._stream], spec, self._window)
        for (piece,) in writer.run():
            look_up(heartbeat)
            self._digest.update(piece.encode())
            self._report(lease)
            yield piece

    def findings(self, *, whole: bool) -> list[Finding]:
        """Return what is not as the receipt says; of the text's end only if it was written."""
        expected = self._expected | (self._end() if whole else {})
        told = self._receipt.as_json()
        wrong = {field: value for field, value in expected.items() if told[field] != value}
        found = [
            _differs(field, f"the receipt says {told[field]!r}; here it is {value!r}")
            for field, value in wrong.items()
        ]
        kept = (self.stored.receipt or told) if self.stored else told
        found += [
            _differs(field, "it is not what the receipt said that was made with the text")
            for field, value in kept.items()
            if field not in wrong and told.get(field) != value
        ]
        return found + self._not_there() + self._versions()

    def _facts(self, checkpoint: Checkpoint, version: CorpusVersion | None) -> dict[str, object]:
        """Return what the receipt must say, whatever was written."""
        spec = self._receipt.spec
        return {
            "corpus_version_id": version and version.id,
            "corpus_version_sha256": version and version.sha256,
            "checkpoint_sha256": checkpoint.sha256, "spec_sha256": spec_sha256(spec),
            "prompt_sha256": text_sha256([self._prompt.encode()]),
            "temperature": self._stream.temperature, "rng_seed": spec.rng_seed,
            "stream": self._stream.number, "keras": self._model.keras,
        }  # fmt: skip

    def _end(self) -> dict[str, object]:
        """Return what the receipt must say of a text that was written to its end."""
        end: dict[str, object] = {
            "characters": self.characters, "text_sha256": self._digest.hexdigest(),
        }  # fmt: skip
        cut = self._receipt.finish_reason == CUT_SHORT
        return end if cut else end | {"finish_reason": self._stream.finish_reason}

    def _not_there(self) -> list[Finding]:
        """Return that the job is there but the text is not, so that the job is not its own."""
        if self.stored is not None or not self._has_job:
            return []
        return [_differs("job_id", f"that job has no text {self._receipt.number}")]

    def _versions(self) -> list[Finding]:
        theirs, ours = self._receipt.charloom, own_version()
        if theirs == ours:
            return []
        message = f"charloom {theirs} wrote the text; charloom {ours} wrote it again"
        return [Finding(code="version_differs", field="charloom", message=message)]

    def _stored(self) -> Output | None:
        """Return the output that the receipt is of, if it is still there and the same team's."""
        query = select(Output).join(Job, Output.job_id == Job.id)
        query = query.where(Job.team_id == self._job.team_id, Job.id == self._receipt.job_id)
        with self._node.db.read() as session:
            return session.scalar(query.where(Output.number == self._receipt.number))

    def _report(self, lease: Lease) -> None:
        """Store how far it is, now and then."""
        if time.monotonic() - self._reported < REPORT_SECONDS:
            return
        self._reported = time.monotonic()
        done, steps = self.characters, max(1, self._receipt.characters)
        progress = self._job.progress | {"step": done, "fraction": min(1.0, done / steps)}
        self._node.write(lambda session: report_progress(session, lease, progress))


def _differs(field: str, message: str) -> Finding:
    return Finding(code="receipt_differs", field=field, message=message)
