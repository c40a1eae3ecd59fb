"""What the writing desk lets write: small generation jobs that somebody waits for."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from shared.checkpoints.queries import get_checkpoint
from shared.db import database_now
from shared.errors import InvalidFields
from shared.ids import new_id
from shared.jobs.models import DESK_KEYS, ENDED, Job, Kind
from shared.jobs.queries import OF_DESK
from shared.jobs.questions import SHORT_PRIORITY
from shared.jobs.requests import GenerationRequest
from shared.jobs.submissions import Submitter, submit_generation
from shared.said import said

# Its text is on the desk by then.
KEPT = timedelta(hours=1)
# What a person waits for, and goes on from.
MOST_WRITTEN = 10_000
# What a text begins from where nothing is written yet, if the model knows it.
NEW_LINE = "\n"


def submit_writing(session: Session, who: Submitter, request: GenerationRequest) -> Job:
    """Queue what the desk wants written, before what nobody waits for; forget what it had.

    Raises ``InvalidFields``, ``UnknownPrompt``, ``NotFound``.
    """
    if request.length > MOST_WRITTEN:
        message = said("the desk writes at most {most} characters in one go", most=MOST_WRITTEN)
        raise InvalidFields.one("length", message, request.length, f"1 to {MOST_WRITTEN}")
    _forget(session, who.team_id)
    checkpoint = get_checkpoint(session, who.team_id, request.checkpoint_id or "")
    changed: dict[str, object] = {"priority": SHORT_PRIORITY}
    if not request.prompt and NEW_LINE in checkpoint.vocabulary:
        changed["prompt"] = NEW_LINE
    request = request.model_copy(update=changed)
    return submit_generation(session, replace(who, idempotency_key=DESK_KEYS + new_id()), request)


def _forget(session: Session, team_id: str) -> None:
    """Delete what the desk let write some time ago."""
    old = Job.finished_at < database_now(session) - KEPT
    which = (Job.team_id == team_id, OF_DESK, Job.kind == Kind.GENERATE, Job.status.in_(ENDED), old)
    session.execute(delete(Job).where(*which).execution_options(synchronize_session=False))
