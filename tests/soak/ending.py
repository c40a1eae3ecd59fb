"""The end of a soak: every job ends as its story allows, and what is deleted is gone."""

import time
from collections import Counter
from collections.abc import Callable, Iterator

import httpx
from sqlalchemy import select

from shared.db import Database
from shared.jobs.models import ENDED, Job, Kind, Status
from tests.soak.plan import Plan
from tests.soak.storage import Storage, storage
from tests.soak.town import Story, Town

# Answers that nobody waited for are deleted by their makers' next questions.
ANSWERS = (Kind.SCORE, Kind.VERIFY)
FREED_SECONDS = 30.0
# What Database.shrink() keeps for what comes next, and a round's worth.
KEPT_FREE = 90_000_000


def drain(db: Database, town: Town, url: str, plan: Plan) -> list[str]:
    """Let what is paused go on until every job has ended; return those that did not."""
    deadline = time.monotonic() + plan.drain_seconds
    with httpx.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=30) as http:
        while (left := _unfinished(db)) and time.monotonic() < deadline:
            for job_id, status in left.items():
                if status == Status.PAUSED:
                    http.post(f"/jobs/{job_id}/resume", headers=_manager(town, job_id))
            time.sleep(1)
    return [f"job {job_id} is {status} at the end" for job_id, status in _unfinished(db).items()]


def check_stories(db: Database, town: Town) -> list[str]:
    """Return every job that ended as its story does not allow."""
    with db.read() as session:
        rows = {job.id: job for job in session.scalars(select(Job))}
    found = [f"job {job.id} is nobody's" for job in rows.values()
             if job.id not in town.jobs and job.kind not in ANSWERS]  # fmt: skip
    return found + [text for story in town.jobs.values() for text in _told(story, rows)]


def _told(story: Story, rows: dict[str, Job]) -> Iterator[str]:
    job = rows.get(story.id)
    if (job is None) != story.gone:
        yield f"job {story.id} is {'there' if job else 'gone'}; it was deleted: {story.gone}"
    elif job is not None and job.status not in story.ends:
        why = f"{job.error_code} {job.error_message}"
        yield f"job {story.id} ({story.kind}) {job.status}, not one of {story.ends}: {why}"
    elif job is not None and job.status == Status.FAILED and job.error_code != "diverged":
        yield f"job {story.id} failed with {job.error_code}"


def ends(db: Database) -> Counter[str]:
    """Return how many jobs there are of each kind and status."""
    with db.read() as session:
        rows = session.execute(select(Job.kind, Job.status)).all()
    return Counter(f"{kind} {status}" for kind, status in rows)


def delete_everything(url: str, token: str, town: Town) -> None:
    """Delete all jobs and texts of all teams, as an administrator."""
    for team in town.clubs:
        headers = {"Authorization": f"Bearer {token}", "Charloom-Team": team}
        with httpx.Client(
            base_url=f"{url}/api/v1", headers=headers, trust_env=False, timeout=60
        ) as http:
            _empty(http, "jobs", lambda row: row["kind"] != Kind.TRAIN)
            _empty(http, "jobs", lambda row: True)
            for kind in ANSWERS:
                _empty(http, f"jobs?kind={kind}", lambda row: True)
            _empty(http, "corpora", lambda row: True)


def _empty(http: httpx.Client, path: str, chosen: Callable[[dict[str, str]], bool]) -> None:
    """Delete the chosen rows of a list."""
    place, after = path.partition("?")[0], ""
    while True:
        more = {"limit": "200"} | ({"after": after} if after else {})
        page = http.get(path, params=dict(httpx.QueryParams(path.partition("?")[2])) | more).json()
        for row in filter(chosen, page["data"]):
            http.delete(f"/{place}/{row['id']}").raise_for_status()
        if not page["has_more"]:
            return
        after = page["data"][-1]["id"]


def wait_until_freed(db: Database) -> Storage:
    """Return what the database takes once the sweeper finds nothing more of what was deleted."""
    least, deadline = storage(db), time.monotonic() + FREED_SECONDS
    while time.monotonic() < deadline and (least.content or least.free > KEPT_FREE):
        time.sleep(1)
        now = storage(db)
        if now.content < least.content or now.free < least.free:
            deadline = time.monotonic() + FREED_SECONDS
        least = now
    return least


def check_freed(left: Storage) -> list[str]:
    """Return what is still there after all was deleted."""
    found = [f"{left.content} bytes of content are left of nothing"] if left.content else []
    if left.free > KEPT_FREE:
        found.append(f"{left.free} bytes of the database's file are free and kept")
    return found


def _unfinished(db: Database) -> dict[str, str]:
    with db.read() as session:
        query = select(Job.id, Job.status).where(Job.status.not_in(ENDED))
        return dict(session.execute(query).tuples().all())


def _manager(town: Town, job_id: str) -> dict[str, str]:
    """Return the header of somebody who may move a job."""
    team = town.jobs[job_id].team_id
    manager = next(p for p in town.people if p.team_id == team and p.role == "manager")
    return {"Authorization": f"Bearer {manager.token}"}
