"""Imports every model, so that ``Base.metadata`` holds the whole schema."""

from shared.accounts.models import Team
from shared.blobs import Blob, BlobChunk
from shared.checkpoints.models import Checkpoint, ResumeState
from shared.corpora.models import Corpus, CorpusVersion
from shared.jobs.models import Epoch, Event, Job, Output, OutputPiece, Sample

__all__ = [
    "Blob",
    "BlobChunk",
    "Checkpoint",
    "Corpus",
    "CorpusVersion",
    "Epoch",
    "Event",
    "Job",
    "Output",
    "OutputPiece",
    "ResumeState",
    "Sample",
    "Team",
]
