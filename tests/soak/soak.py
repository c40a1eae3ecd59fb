"""One soak: a stack, its users, their walks, and what is looked at meanwhile and at the end."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from cli.folder import DataFolder
from shared import tables  # noqa: F401  (fills the metadata)
from shared.accounts.rights import Role
from shared.corpora.sources import python_reference
from shared.db import Database
from shared.jobs.models import Status
from tests.chaos.database_server import own_postgres
from tests.chaos.second_node import redis_url
from tests.soak.caller import Caller
from tests.soak.ending import (
    check_freed,
    check_stories,
    delete_everything,
    drain,
    ends,
    wait_until_freed,
)
from tests.soak.people import settle
from tests.soak.plan import ENVIRONMENT, TEAMS, Plan
from tests.soak.programs import DIVERGING, SIZES, look
from tests.soak.report import Report
from tests.soak.storage import storage
from tests.soak.tally import Tally
from tests.soak.town import Json, Story, Town
from tests.soak.verdicts import bad_lines, judge, lines
from tests.soak.walks import keep_books, walk
from tests.soak.watching import Watch
from tests.support.stacks import Stack, running_stack

FOUND_SECONDS = 300.0
# For what somebody is at when it is over: a listener, a score.
FINISH_SECONDS = 120.0
FOUNDING = {"preset": "tiny", "sample_length": 30}


@dataclass(frozen=True)
class Soaked:
    """A running stack and the ways in."""

    stack: Stack
    db: Database
    watch: Watch


def soak(backend: str, plan: Plan, seed: str, path: Path) -> Report:
    """Load a stack on a database for a while; return what was seen, and what was wrong."""
    with _running(backend, plan, path) as service:
        town, tally = Town(settle(service.db, plan.users, TEAMS), plan.most_open), Tally()
        callers = [
            Caller(service.stack.url, person, town, tally, seed, service.db)
            for person in town.people
        ]
        # In a thread of its own: where a browser was driven before, this one has a loop already.
        with ThreadPoolExecutor(1) as apart:
            seconds = apart.submit(asyncio.run, _load(callers, plan, service.watch)).result()
        return _ended(backend, plan, seed, service, town, tally, seconds)


@contextmanager
def _running(backend: str, plan: Plan, path: Path) -> Iterator[Soaked]:
    folder = DataFolder(path / "data")
    with ExitStack() as opened:
        postgres = opened.enter_context(own_postgres()) if backend == "postgresql" else None
        url = postgres.url if postgres else folder.database_url
        grace = {"CHARLOOM_BLOB_GRACE_SECONDS": str(plan.grace_seconds)}
        env = ENVIRONMENT | grace | {"CHARLOOM_DATABASE_URL": url}
        stack = opened.enter_context(running_stack(folder.path, env))
        db = Database(url)
        opened.callback(db.close)
        watch = Watch(stack.mark, redis_url(folder), plan.look_seconds)
        opened.callback(watch.close)
        yield Soaked(stack, db, watch)


async def _load(callers: list[Caller], plan: Plan, watch: Watch) -> float:
    """Let every team have a model, then all walk for the plan's time; return how long they did."""
    async with AsyncExitStack() as opened:
        for caller in callers:
            await opened.enter_async_context(caller.http)
        return await _live(callers, plan, watch)


async def _live(callers: list[Caller], plan: Plan, watch: Watch) -> float:
    managers = [caller for caller in callers if caller.person.role == Role.MANAGER]
    await asyncio.gather(*map(_found, managers, cycle(SIZES)))
    await _train_until_it_ends(managers[0], DIVERGING, Status.FAILED)
    begun = time.monotonic()
    with watch.running():
        await _walk(callers, managers, plan)
    return time.monotonic() - begun


async def _walk(callers: list[Caller], managers: list[Caller], plan: Plan) -> None:
    async with asyncio.timeout(plan.seconds + FINISH_SECONDS), asyncio.TaskGroup() as walks:
        walks.create_task(keep_books(managers))
        for caller in callers:
            walks.create_task(walk(caller, plan.think))
        await asyncio.sleep(plan.seconds)
        callers[0].town.over = True


async def _found(caller: Caller, size: Json) -> None:
    """Upload a team's text, and train the model that all of it write with.

    Each team in another size: what TensorFlow compiles, it has compiled when the walks begin.
    """
    body = {"name": "the team's", "text": python_reference()[:50_000]}
    corpus = await caller.api("found", "POST", "/corpora", {201}, json=body)
    assert corpus is not None, "the first text was not answered"
    caller.club.corpus = corpus.json()["id"]
    story = await _train_until_it_ends(caller, size, Status.SUCCEEDED)
    rows = await caller.api("found", "GET", f"/jobs/{story.id}/checkpoints", {200})
    assert rows is not None, "the first checkpoints were not answered"
    caller.club.checkpoint, caller.club.founder = rows.json()["data"][-1]["id"], story.id


async def _train_until_it_ends(caller: Caller, size: Json, end: str) -> Story:
    asked = FOUNDING | size | {"corpus_id": caller.club.corpus}
    job = await caller.api("found", "POST", "/training-jobs", {202}, json=asked)
    assert job is not None, "the first training was not answered"
    story = caller.town.tell(job.json(), caller.person, end)
    async with asyncio.timeout(FOUND_SECONDS):
        while await look(caller, story):
            await asyncio.sleep(0.5)
    return story


def _ended(
    backend: str, plan: Plan, seed: str, service: Soaked, town: Town, tally: Tally, seconds: float
) -> Report:
    """Let all jobs end, delete everything; return the report."""
    db, stack = service.db, service.stack
    complaints = drain(db, town, stack.url, plan)
    jobs, full, keys = ends(db), storage(db), service.watch.keys()
    complaints += check_stories(db, town) + tally.complaints()
    delete_everything(stack.url, stack.token, town)
    freed = wait_until_freed(db)
    flat = lines(service.watch.series, plan)
    complaints += check_freed(freed) + judge(flat, service.watch, plan) + bad_lines(stack.said())
    return Report(backend, plan, seed, seconds, tally, jobs, (full, freed), flat,
                  service.watch.redis_keys, keys, complaints)  # fmt: skip
