"""Candidates: what a training job that works for a model does besides training.

The model's frozen text is cut out of the text that is trained on; when the training is done its
best checkpoint is judged by it, against the promoted one, and what it writes is looked through for
copies. What is decided is written in the transaction that ends the job.
"""

from dataclasses import dataclass

from sqlalchemy import select

from shared.blobs import read_blob, slices
from shared.checkpoints.models import Checkpoint
from shared.corpora.models import CorpusVersion
from shared.jobs.models import Job
from shared.models.models import ModelJob, NamedModel
from shared.models.services import Judgement, freeze
from shared.prompts import nearest
from shared.specs import GenerationSpec, TrainingSpec
from worker.copies import Copies
from worker.engine.holding_out import frozen_characters, without
from worker.engine.judging import bits_per_character
from worker.engine.sampling import Stream, Writer
from worker.engine.stretches import Copying
from worker.engine.vocabulary import Ids, Vocabulary
from worker.heartbeat import Heartbeat
from worker.models import character_model
from worker.node import Node
from worker.prompting import excerpt
from worker.stopping import StopRequested

# What is looked through for copies.
WRITTEN_CHARACTERS = 10_000
# The article's: of several temperatures the nearest to it is written at.
USUAL_TEMPERATURE = 0.6


@dataclass(frozen=True)
class Candidate:
    """A training job at work for a model."""

    node: Node
    job: Job
    model_id: str
    heartbeat: Heartbeat

    @classmethod
    def of(cls, node: Node, job: Job, heartbeat: Heartbeat) -> "Candidate | None":
        """Return what a job does for its model, or None where it works for none."""
        with node.db.read() as session:
            query = select(ModelJob.model_id).where(ModelJob.job_id == job.id)
            model_id = session.scalar(query)
        return cls(node, job, model_id, heartbeat) if model_id else None

    def cut(self, ids: Ids, vocabulary: Vocabulary) -> Ids:
        """Return ids (N,) without the model's frozen text, which is their end where it has none."""
        if self._frozen() is None:
            text = vocabulary.decode(ids[len(ids) - frozen_characters(len(ids)) :])
            stored = self.node.store(lambda: slices(text.encode()))
            self.node.write(lambda session: freeze(session, self.model_id, stored.id))
        return without(ids, vocabulary.encode_known(self._frozen() or ""))

    def judge(self) -> tuple[str, Judgement]:
        """Return the job's best checkpoint and what is known of it. Raises ``StopRequested``."""
        with self.node.db.read() as session:
            ours = session.scalars(
                select(Checkpoint).where(Checkpoint.job_id == self.job.id, Checkpoint.best)
            ).one()
            promoted_id = session.get_one(NamedModel, self.model_id).checkpoint_id
            theirs = session.get_one(Checkpoint, promoted_id) if promoted_id else None
            version = session.get_one(CorpusVersion, self.job.corpus_version_id)
        frozen = self._frozen() or ""
        bits = [self._bits(one, frozen) for one in (ours, theirs) if one]
        copying = self._copying(ours, version)
        promoted = bits[1] if theirs else None
        return ours.id, Judgement(promoted_id, bits[0], promoted, copying.longest, copying.share)

    def _frozen(self) -> str | None:
        with self.node.db.read() as session:
            blob_id = session.get_one(NamedModel, self.model_id).held_out_blob_id
        return b"".join(read_blob(self.node.db, blob_id)).decode() if blob_id else None

    def _bits(self, checkpoint: Checkpoint, text: str) -> float:
        known = set(checkpoint.vocabulary)
        return bits_per_character(
            character_model(self.node, checkpoint),
            Vocabulary(checkpoint.vocabulary),
            text,
            nearest=lambda character: nearest(character, known),
            between=self._look_up,
        )

    def _copying(self, checkpoint: Checkpoint, version: CorpusVersion) -> Copying:
        """Write with a checkpoint, and look what of it stands in its text."""
        vocabulary = Vocabulary(checkpoint.vocabulary)
        trained = TrainingSpec.model_validate(checkpoint.spec)
        spec = GenerationSpec(length=WRITTEN_CHARACTERS)
        prompt = vocabulary.encode(excerpt(self.node, version, trained.window, checkpoint.id))
        stream = Stream(0, prompt, _usual(trained.sample_temperatures()))
        model = character_model(self.node, checkpoint)
        writer = Writer(model, vocabulary, [stream], spec, trained.window)
        pieces = []
        for (piece,) in writer.run():
            pieces.append(piece)
            self._look_up()
        return Copies(self.node, version).check(pieces)

    def _look_up(self) -> None:
        """Raise ``StopRequested`` where the job shall stop."""
        if self.heartbeat.should_stop():
            raise StopRequested


def _usual(temperatures: list[float]) -> float:
    return min(temperatures, key=lambda one: abs(one - USUAL_TEMPERATURE))
