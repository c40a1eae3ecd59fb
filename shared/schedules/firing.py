"""Each time at which a schedule is due is fired exactly once, or recorded as skipped.

``next_due_at`` is moved by one guarded update in the transaction that records the times it passes:
whoever ticks, however many do and whenever, a time is recorded by one of them alone. The unique
(schedule, time) of the runs is the second guard, where a clock went back.

    due in time                  fired
    due while nobody ticked      the newest is fired, or none; the others are skipped
    due while a run is open      as ``overlap`` says: skip, queue, replace
"""

from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from shared.db import Database
from shared.db import now as clock
from shared.errors import MoveRefused
from shared.ids import new_id
from shared.jobs.services import cancel
from shared.said import said
from shared.schedules.models import ACTIVE, RunStatus, Schedule, ScheduleRun

# A time that is fired so much later was missed.
LATE = timedelta(minutes=5)
# Times that one transaction passes at most: it holds the write lock.
MOST_AT_ONCE = 500

MISSED = str(said("nobody kept the time when this was due"))
MADE_UP = str(said("nobody kept the time when this was due; a later time makes up for it"))
STILL_OPEN = str(said("the run before had not ended"))
DISPLACED = str(said("a later time took its place while it waited"))
REPLACED = str(said("a later run took its place"))


def fire_due(db: Database, now: datetime) -> int:
    """Fire or skip every time up to ``now`` of every schedule; return how many were dealt with."""
    with db.read() as session:
        schedules = session.scalars(select(Schedule).where(Schedule.enabled)).all()
    passed = 0
    for schedule in schedules:
        if schedule.next_due_at > schedule.timing.first(now):
            with db.write() as session:
                turn_back(session, schedule.id, now)
        while schedule.next_due_at <= now and (more := _fire(db, schedule.id, now)):
            passed += more
    return passed


def _fire(db: Database, schedule_id: str, now: datetime) -> int:
    with db.write() as session:
        return fire(session, schedule_id, now)


def fire(session: Session, schedule_id: str, now: datetime, most: int = MOST_AT_ONCE) -> int:
    """Pass up to ``most`` due times of a schedule; return how many there were."""
    schedule = _locked(session, schedule_id)
    if schedule is None or schedule.next_due_at > now:
        return 0
    times = schedule.timing.between(schedule.next_due_at, now, most)
    following = schedule.timing.first(times[-1])
    if not _moved(session, schedule, following):
        return 0
    new = _unrecorded(session, schedule_id, times)
    # The newest of all is the only one that may still be fired.
    newest = times[-1] if following > now else None
    for due_at in new:
        if due_at != newest:
            _skip(session, schedule, due_at, MADE_UP if schedule.missed == "newest" else MISSED)
        elif schedule.missed == "none" and now - due_at > LATE:
            _skip(session, schedule, due_at, MISSED)
        else:
            place(session, schedule, due_at)
    return len(times)


def turn_back(session: Session, schedule_id: str, now: datetime) -> None:
    """Let a schedule's times come again that were skipped while a clock was ahead.

    What was fired stays fired: its time will be passed over.
    """
    schedule = _locked(session, schedule_id)
    if schedule is None or not _moved(session, schedule, schedule.timing.first(now)):
        return
    ahead = (
        ScheduleRun.schedule_id == schedule_id,
        ScheduleRun.due_at > now,
        ScheduleRun.status == RunStatus.SKIPPED,
        ScheduleRun.reason.in_((MISSED, MADE_UP)),
    )
    session.execute(delete(ScheduleRun).where(*ahead))


def place(
    session: Session, schedule: Schedule, due_at: datetime, *, by_hand: bool = False
) -> ScheduleRun:
    """Record a run, due at once or as ``overlap`` says while the run before is open."""
    open_runs = session.scalars(
        select(ScheduleRun).where(
            ScheduleRun.schedule_id == schedule.id,
            ScheduleRun.status.in_((*ACTIVE, RunStatus.WAITING)),
        )
    ).all()
    if not open_runs:
        return _record(session, schedule, due_at, RunStatus.DUE, by_hand=by_hand)
    if schedule.overlap == "skip":
        return _skip(session, schedule, due_at, STILL_OPEN, by_hand=by_hand)
    for run in open_runs:
        if run.status == RunStatus.WAITING:
            end(run, RunStatus.SKIPPED, DISPLACED)
        elif schedule.overlap == "replace":
            _replace(session, run)
    return _record(session, schedule, due_at, RunStatus.WAITING, by_hand=by_hand)


def end(run: ScheduleRun, status: RunStatus, reason: str) -> None:
    """End a run that was locked, or whose schedule was."""
    run.status, run.reason, run.ended_at, run.claimed_until = status, str(reason), clock(), None


def _replace(session: Session, run: ScheduleRun) -> None:
    """Have an open run give way: at once, or when the worker of its job stops."""
    if run.job_id is None:
        end(run, RunStatus.CANCELLED, REPLACED)
        return
    run.reason = REPLACED
    # Refused where the job has just ended by itself.
    with suppress(MoveRefused):
        cancel(session, run.job_id)


def _locked(session: Session, schedule_id: str) -> Schedule | None:
    """Return an enabled schedule, its row locked until the transaction ends."""
    query = select(Schedule).where(Schedule.id == schedule_id, Schedule.enabled).with_for_update()
    return session.scalar(query, execution_options={"populate_existing": True})


def _moved(session: Session, schedule: Schedule, to: datetime) -> bool:
    """Move the next due time on; tell whether nobody else had."""
    guarded = update(Schedule).where(
        Schedule.id == schedule.id, Schedule.next_due_at == schedule.next_due_at
    )
    moved = session.execute(guarded.values(next_due_at=to).returning(Schedule.id))
    return moved.one_or_none() is not None


def _unrecorded(session: Session, schedule_id: str, times: list[datetime]) -> list[datetime]:
    """Return the times of which there is no run yet: after a clock went back there may be."""
    recorded = session.scalars(
        select(ScheduleRun.due_at).where(
            ScheduleRun.schedule_id == schedule_id,
            ScheduleRun.due_at >= times[0],
            ScheduleRun.due_at <= times[-1],
        )
    )
    return sorted(set(times) - set(recorded))


def _skip(
    session: Session, schedule: Schedule, due_at: datetime, reason: str, *, by_hand: bool = False
) -> ScheduleRun:
    run = _record(session, schedule, due_at, RunStatus.SKIPPED, by_hand=by_hand)
    end(run, RunStatus.SKIPPED, reason)
    return run


def _record(
    session: Session, schedule: Schedule, due_at: datetime, status: RunStatus, *, by_hand: bool
) -> ScheduleRun:
    run = ScheduleRun(
        id=new_id(),
        schedule_id=schedule.id,
        due_at=due_at,
        by_hand=by_hand,
        status=status,
        reason="",
        created_at=clock(),
    )
    session.add(run)
    return run
