"""Imports every model, so that ``Base.metadata`` holds the whole schema."""

from shared.accounts.models import ApiToken, AuditEntry, Membership, Team, User
from shared.blobs import Blob, BlobChunk, BlobHold
from shared.checkpoints.models import Checkpoint, ResumeState
from shared.corpora.models import Corpus, CorpusVersion
from shared.jobs.models import Epoch, Event, Job, JobFile, Output, OutputPiece, Sample, Turn
from shared.models.models import Decision, ModelJob, NamedModel
from shared.nodes.models import Node
from shared.notices.models import Delivery, JobReceiver, Notice, Receiver, ScheduleReceiver
from shared.schedules.models import Schedule, ScheduleRun
from shared.workers.models import Worker

__all__ = [
    "ApiToken",
    "AuditEntry",
    "Blob",
    "BlobChunk",
    "BlobHold",
    "Checkpoint",
    "Corpus",
    "CorpusVersion",
    "Decision",
    "Delivery",
    "Epoch",
    "Event",
    "Job",
    "JobFile",
    "JobReceiver",
    "Membership",
    "ModelJob",
    "NamedModel",
    "Node",
    "Notice",
    "Output",
    "OutputPiece",
    "Receiver",
    "ResumeState",
    "Sample",
    "Schedule",
    "ScheduleReceiver",
    "ScheduleRun",
    "Team",
    "Turn",
    "User",
    "Worker",
]
