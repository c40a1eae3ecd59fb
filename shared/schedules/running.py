"""From a due run to its end: its text is looked at, its job submitted, what was decided told.

due      a process claims it, looks at the text, and skips it or submits its job
running  its job ended: the run ends, with what was decided as its reason
waiting  the run before it ended: it is due
"""

from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shared.accounts.audit import SCHEDULE, Actor, Deed, note
from shared.checkpoints.models import Checkpoint
from shared.corpora.models import CorpusVersion
from shared.corpora.queries import get_corpus
from shared.db import database_time
from shared.errors import QuotaExceeded, UserError
from shared.fields import Spec
from shared.jobs.models import ENDED, Job, Status
from shared.jobs.requests import GenerationRequest, TrainingPlan, TrainingRequest
from shared.jobs.submissions import Submitter, submit_generation, submit_training
from shared.limits.models import LIMITS, Limits
from shared.models.models import Action, Decision, NamedModel
from shared.models.services import work_for
from shared.notices.queries import told_of
from shared.notices.services import schedule_told
from shared.problems import invalid
from shared.said import said
from shared.schedules.firing import end
from shared.schedules.models import ACTIVE, RunStatus, Schedule, ScheduleRun

# How long a process may look at a run's text before another one does.
CLAIM_SECONDS = 300.0
S = TypeVar("S", bound=Spec)
OPEN = (*ACTIVE, RunStatus.WAITING)
ENDS = {
    Status.FAILED: RunStatus.FAILED,
    Status.CANCELLED: RunStatus.CANCELLED,
    Status.SUCCEEDED: RunStatus.SUCCEEDED,
}


@dataclass(frozen=True)
class ClaimedRun:
    """A due run that this process alone looks at."""

    id: str
    schedule: Schedule


def claim_run(session: Session) -> ClaimedRun | None:
    """Take the oldest due run that nobody looks at, or None."""
    free = (ScheduleRun.claimed_until.is_(None)) | (ScheduleRun.claimed_until < database_time())
    oldest = (
        select(ScheduleRun.id)
        .where(ScheduleRun.status == RunStatus.DUE, free)
        .order_by(ScheduleRun.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    claimed = update(ScheduleRun).where(ScheduleRun.id == oldest, free)
    row = session.execute(
        claimed.values(claimed_until=database_time() + CLAIM_SECONDS).returning(
            ScheduleRun.id, ScheduleRun.schedule_id
        )
    ).one_or_none()
    return ClaimedRun(row.id, session.get_one(Schedule, row.schedule_id)) if row else None


def begin(
    session: Session,
    claimed: ClaimedRun,
    sha256: str | None,
    max_losses: int,
    limits: Limits = LIMITS,
) -> None:
    """Submit the job of a run, or skip it where its text was trained on already.

    The text is the corpus' version of that ``sha256``, by default the newest one.
    """
    run = _locked(session, claimed.id)
    if run is None:
        return
    schedule = session.get_one(Schedule, run.schedule_id)
    corpus = get_corpus(session, schedule.team_id, schedule.corpus_id)
    same_text = (version for version in corpus.versions if version.sha256 == sha256)
    version = next(same_text, corpus.latest_version)
    run.corpus_version_id = version.id
    try:
        if same := _trained_on(session, schedule, version):
            reason = said("the text is the one of {time} UTC", time=f"{same.due_at:%Y-%m-%d %H:%M}")
            end(run, RunStatus.SKIPPED, reason)
            return
        who = _submitter(schedule, max_losses, limits)
        job = _submit(session, schedule, version, who)
    except QuotaExceeded as error:
        _pass_over(run, error)
        return
    except UserError as error:
        _fail(session, run, error)
        return
    run.status, run.job_id, run.claimed_until = RunStatus.RUNNING, job.id, None


def give_up(session: Session, claimed: ClaimedRun, error: UserError) -> None:
    """End a run whose text could not be had, or for which there is no room."""
    run = _locked(session, claimed.id)
    if run is None:
        return
    if isinstance(error, QuotaExceeded):
        _pass_over(run, error)
    else:
        _fail(session, run, error)


def _pass_over(run: ScheduleRun, error: QuotaExceeded) -> None:
    """Skip a run for which the team has no room now: the next one may find some."""
    end(run, RunStatus.SKIPPED, told(error))


def _fail(session: Session, run: ScheduleRun, error: UserError) -> None:
    end(run, RunStatus.FAILED, told(error))
    _tell(session, run, "failed")


def _tell(session: Session, run: ScheduleRun, what: str) -> None:
    """Have the schedule's receivers told what came of a run."""
    name = session.get_one(Schedule, run.schedule_id).name
    schedule_told(
        session,
        run.schedule_id,
        what,
        str(said("The schedule {name}: {why}", name=repr(name), why=run.reason)),
    )


def told(error: UserError) -> str:
    """Return what an error says, of fields too."""
    return "; ".join([str(error), *(f"{p.field}: {p.message}" for p in error.problems)])


def settle(session: Session, limits: Limits = LIMITS) -> None:
    """End the runs whose jobs ended, and let those begin that waited for them."""
    query = select(ScheduleRun).where(ScheduleRun.status == RunStatus.RUNNING)
    for run in session.scalars(query.with_for_update(skip_locked=True)).all():
        job = session.get(Job, run.job_id) if run.job_id else None
        if job is None:
            end(run, RunStatus.CANCELLED, said("its job was deleted"))
        elif job.status in ENDED:
            _settle(session, run, job, limits)
    session.flush()
    _wake(session)


def _decided(decision: Decision) -> str:
    if decision.action == Action.PROMOTED:
        return said("promoted: {why}", why=decision.reason)
    return said("kept: {why}", why=decision.reason)


def _settle(session: Session, run: ScheduleRun, job: Job, limits: Limits) -> None:
    decision = session.scalar(
        select(Decision)
        .join(Checkpoint, Decision.checkpoint_id == Checkpoint.id)
        .where(Checkpoint.job_id == job.id, Decision.by_hand.is_(False))
        .order_by(Decision.id)
    )
    reason = job.error_message or run.reason or said("its job was cancelled")
    if decision is not None:
        reason = _decided(decision)
        if decision.action == Action.PROMOTED:
            schedule = session.get_one(Schedule, run.schedule_id)
            who = _submitter(schedule, job.max_losses, limits)
            try:
                run.generation_job_id = _generate(session, run, decision, who)
            except UserError as error:
                reason = said("{decided}; nothing writes: {why}", decided=reason, why=told(error))
    status = ENDS[Status(job.status)]
    end(run, status, reason)
    _tell(session, run, decision.action if decision else status)


def _generate(session: Session, run: ScheduleRun, decision: Decision, who: Submitter) -> str | None:
    """Have the promoted checkpoint write, where the schedule says so. Raises ``UserError``s."""
    schedule = session.get_one(Schedule, run.schedule_id)
    if schedule.generation is None or decision.checkpoint_id is None:
        return None
    own = {"checkpoint_id": decision.checkpoint_id, "notify": told_of(session, schedule.id)}
    request = _read(GenerationRequest, schedule.generation | own)
    job = submit_generation(session, who, request)
    _note(session, schedule, job)
    work_for(session, session.get_one(NamedModel, schedule.model_id), job.id)
    return job.id


def _wake(session: Session) -> None:
    """Let waiting runs be due where no run of their schedule is open."""
    active = select(ScheduleRun.schedule_id).where(ScheduleRun.status.in_(ACTIVE))
    waiting = update(ScheduleRun).where(
        ScheduleRun.status == RunStatus.WAITING, ScheduleRun.schedule_id.not_in(active)
    )
    session.execute(waiting.values(status=RunStatus.DUE))


def _locked(session: Session, run_id: str) -> ScheduleRun | None:
    """Return a run that is still due, its row locked until the transaction ends."""
    query = select(ScheduleRun).where(ScheduleRun.id == run_id, ScheduleRun.status == RunStatus.DUE)
    options = {"populate_existing": True}
    return session.scalar(query.with_for_update(), execution_options=options)


def _trained_on(session: Session, schedule: Schedule, version: CorpusVersion) -> ScheduleRun | None:
    """Return the last run that ended well, if it trained on this very text as is asked now."""
    last = _last(session, schedule)
    if last is None or last.corpus_version_id is None or last.job_id is None:
        return None
    trained = session.get_one(CorpusVersion, last.corpus_version_id)
    job = session.get_one(Job, last.job_id)
    spec = _read(TrainingPlan, schedule.training).spec().stored()
    return last if (trained.sha256, job.spec) == (version.sha256, spec) else None


def _last(session: Session, schedule: Schedule) -> ScheduleRun | None:
    query = select(ScheduleRun).where(
        ScheduleRun.schedule_id == schedule.id, ScheduleRun.status == RunStatus.SUCCEEDED
    )
    return session.scalar(query.order_by(ScheduleRun.due_at.desc()).limit(1))


def _submit(session: Session, schedule: Schedule, version: CorpusVersion, who: Submitter) -> Job:
    """Submit a run's training job. Raises ``UserError``s."""
    model = session.get_one(NamedModel, schedule.model_id)
    own = {
        "corpus_id": schedule.corpus_id,
        "corpus_version_id": version.id,
        "name": schedule.name,
        "from_checkpoint_id": _start(session, schedule, model),
    }
    request = _read(TrainingRequest, schedule.training | own)
    job = submit_training(session, who, request)
    _note(session, schedule, job)
    work_for(session, model, job.id)
    return job


def _read(kind: type[S], stored: dict[str, Any]) -> S:
    """Read a stored plan, which another release may have written. Raises ``InvalidFields``."""
    try:
        return kind.model_validate(stored)
    except ValidationError as error:
        raise invalid(error, kind) from error


def _start(session: Session, schedule: Schedule, model: NamedModel) -> str | None:
    """Return the checkpoint that a run starts from, or None for a run from scratch."""
    if schedule.start_from == "promoted":
        return model.checkpoint_id
    last = _last(session, schedule) if schedule.start_from == "last" else None
    if last is None:
        return None
    best = select(Checkpoint.id).where(Checkpoint.job_id == last.job_id, Checkpoint.best)
    return session.scalar(best)


def _submitter(schedule: Schedule, max_losses: int, limits: Limits) -> Submitter:
    return Submitter(schedule.team_id, max_losses, user_id=schedule.user_id, limits=limits)


def _note(session: Session, schedule: Schedule, job: Job) -> None:
    """Tell the audit log that a schedule, and nobody at that time, submitted a job."""
    actor = Actor(SCHEDULE, schedule.user_id, team_id=schedule.team_id)
    details = {"job_id": job.id, "schedule_id": schedule.id}
    note(session, actor, Deed("schedules.submit", job.id, details=details))
