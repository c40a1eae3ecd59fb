"""Making receipts: what a generation job's texts are written by."""

from dataclasses import dataclass
from functools import cached_property

from shared.checkpoints.models import Checkpoint
from shared.corpora.models import CorpusVersion
from shared.jobs.models import Job
from shared.jobs.records import NewOutput
from shared.receipts import Receipt, own_version, spec_sha256, text_sha256
from shared.specs import GenerationSpec


@dataclass(frozen=True)
class Receipts:
    """What all texts of a job have in common."""

    job: Job
    checkpoint: Checkpoint
    version: CorpusVersion | None

    @cached_property
    def spec(self) -> GenerationSpec:
        """The job's spec."""
        return GenerationSpec.model_validate(self.job.spec)

    def of(self, output: NewOutput, digest: str, keras: str) -> Receipt:
        """Return the receipt of a text whose SHA-256 is ``digest``, by a model that ``keras``
        stored."""
        return Receipt.model_validate({
            "job_id": self.job.id, "number": output.number,
            "corpus_version_id": self.version and self.version.id,
            "corpus_version_sha256": self.version and self.version.sha256,
            "checkpoint_id": self.checkpoint.id, "checkpoint_sha256": self.checkpoint.sha256,
            "spec": self.spec, "spec_sha256": spec_sha256(self.spec),
            "prompt_sha256": text_sha256([output.prompt.encode()]),
            "temperature": output.temperature, "rng_seed": output.rng_seed,
            "stream": output.number - 1, "charloom": own_version(), "keras": keras,
            "characters": output.characters, "finish_reason": output.finish_reason,
            "text_sha256": digest,
        })  # fmt: skip
