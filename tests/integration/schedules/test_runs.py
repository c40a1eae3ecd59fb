"""The life of a schedule on a real worker: skips, retrains, promotes, keeps, writes."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.corpora.sources import python_reference
from shared.db import Database
from shared.jobs.models import Job, Kind
from shared.jobs.services import cancel
from shared.models.models import NamedModel
from shared.schedules.models import Schedule, ScheduleRun
from shared.schedules.requests import ScheduleRequest
from shared.schedules.services import add_schedule, run_now
from shared.settings import Settings
from tests.integration.schedules.calendar import runs_of
from tests.support.factories import do, make_corpus, reload
from tests.support.nodes import make_node
from tests.support.web import serving
from worker.node import Node
from worker.runners import work
from worker.scheduling import tick

PROSE = python_reference()[:30_000]
# Not yet: by the database's clock no other time is due.
START = datetime(2100, 11, 24, tzinfo=UTC)


@dataclass
class Source:
    """A text at an address, whose server names its state."""

    text: str = PROSE
    asked: list[int] = field(default_factory=list)
    url: str = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer a request, with 304 where the text is the one that was seen."""
        body = self.text.encode()
        tag = f'"{sha256(body).hexdigest()}"'
        status = 304 if request.headers.get("If-None-Match") == tag else 200
        self.asked.append(status)
        request.send_response(status)
        request.send_header("ETag", tag)
        request.end_headers()
        if status == 200:
            request.wfile.write(body)


@pytest.fixture
def source() -> Iterator[Source]:
    made = Source()
    with serving(made.answer) as url:
        made.url = url
        yield made


@pytest.fixture
def node(db: Database, settings: Settings, tmp_path: Path) -> Node:
    return make_node(db, settings.model_copy(update={"private_addresses": True}))


def schedule_of(db: Database, url: str | None, **fields: Any) -> Schedule:
    values: dict[str, Any] = {
        "name": "nightly bard",
        "cron": "nightly",
        "corpus_id": make_corpus(db, PROSE).id,
        "url": url,
        "model": "bard",
        "training": {"preset": "tiny"},
        "generation": {"length": 50},
    }
    request = ScheduleRequest.model_validate(values | fields)
    return do(db, lambda session: add_schedule(session, DEFAULT_TEAM_ID, request, START))


def run(node: Node, schedule: Schedule, hours: int, *, train: bool = True) -> ScheduleRun:
    """Run a schedule by hand at a time, with all that comes of it; return the run as it ended."""
    moment = START + timedelta(hours=hours)
    made = do(node.db, lambda s: run_now(s, DEFAULT_TEAM_ID, schedule.id, moment))
    tick(node)
    if train:
        work(node, Kind.TRAIN)
        tick(node)
        work(node, Kind.GENERATE)
    return next(row for row in runs_of(node.db, schedule.id) if row.id == made.id)


def promoted(db: Database) -> str | None:
    with db.read() as session:
        return session.scalars(select(NamedModel.checkpoint_id)).one()


def plan(db: Database, schedule: Schedule, **columns: Any) -> None:
    """Keep other plans of a schedule, as another release may."""
    do(db, lambda s: s.execute(update(Schedule).where(Schedule.id == schedule.id).values(columns)))


def job_of(db: Database, made: ScheduleRun) -> Job:
    with db.read() as session:
        return session.get_one(Job, made.job_id)


def test_a_schedule_keeps_up_with_its_text(db: Database, node: Node, source: Source) -> None:
    """It skips an unchanged text, retrains for a changed one, and promotes what is better."""
    schedule = schedule_of(db, source.url)
    first = run(node, schedule, 1)
    assert (first.status, first.reason[:23]) == ("succeeded", "promoted: the first one")
    assert first.generation_job_id is not None
    assert job_of(db, first).checkpoint_id is None

    second = run(node, schedule, 2)
    assert (second.status, second.reason) == (
        "skipped", "the text is the one of 2100-11-24 01:00 UTC"
    )  # fmt: skip
    assert source.asked == [200, 304]
    assert second.job_id is None

    before = promoted(db)
    source.text = PROSE + "東京 ÄÖÜ: " + python_reference()[40_000:50_000]
    third = run(node, schedule, 3)
    assert third.status == "succeeded"
    assert third.reason.startswith("promoted: ")
    assert job_of(db, third).checkpoint_id == before
    assert promoted(db) != before

    before = promoted(db)
    source.text = "".join(random.Random(0).choices(sorted(set(PROSE)), k=30_000))
    fourth = run(node, schedule, 4)
    assert fourth.status == "succeeded"
    assert fourth.reason.startswith("kept: ")
    assert promoted(db) == before
    assert fourth.generation_job_id is None


def test_a_text_that_cannot_be_had_fails_the_run(db: Database, node: Node, source: Source) -> None:
    schedule = schedule_of(db, source.url + "/nowhere" * 10)
    guarded = make_node(db, node.settings.model_copy(update={"private_addresses": False}))
    refused = run(guarded, schedule, 1, train=False)
    assert (refused.status, refused.job_id) == ("failed", None)
    assert "127.0.0.1" in refused.reason


@pytest.mark.parametrize("limit", ["team_queued_jobs", "team_corpus_bytes"])
def test_a_run_without_room_is_skipped(
    db: Database, node: Node, source: Source, limit: str
) -> None:
    """With the reason; the next one, when there is room, trains."""
    schedule = schedule_of(db, source.url, generation=None)
    source.text = PROSE + "And more."
    full = make_node(db, node.settings.model_copy(update={limit: 0}))
    skipped = run(full, schedule, 1, train=False)
    assert (skipped.status, skipped.job_id) == ("skipped", None)
    assert f"the limit {limit.removeprefix('team_')} of this team is 0" in skipped.reason
    assert run(node, schedule, 2).status == "succeeded"


def test_what_cannot_be_written_spoils_no_run(db: Database, node: Node) -> None:
    """The model is promoted; the reason tells why nothing writes with it."""
    schedule = schedule_of(db, None)
    full = make_node(db, node.settings.model_copy(update={"job_output_characters": 1}))
    made = run(full, schedule, 1)
    assert (made.status, made.generation_job_id) == ("succeeded", None)
    assert "nothing writes" in made.reason
    assert "output_characters" in made.reason
    assert promoted(db) is not None


def test_a_plan_of_another_release_ends_its_own_run(db: Database, node: Node) -> None:
    """One that cannot be read: the reason tells why, and others' runs begin as ever."""
    odd, good = (schedule_of(db, None, generation=None) for _ in range(2))
    plan(db, odd, training={"preset": "tiny", "later": 1})
    moment = START + timedelta(hours=1)
    for schedule in (odd, good):
        do(db, lambda s, id_=schedule.id: run_now(s, DEFAULT_TEAM_ID, id_, moment))  # type: ignore[misc]
    tick(node)
    (failed,), (begun,) = (runs_of(db, schedule.id) for schedule in (odd, good))
    assert (failed.status, failed.job_id, begun.status) == ("failed", None, "running")
    assert "later: there is no such field" in failed.reason
    plan(db, good, generation={"length": 50, "later": 1})
    work(node, Kind.TRAIN)
    tick(node)
    (made,) = runs_of(db, good.id)
    assert (made.status, made.generation_job_id) == ("succeeded", None)
    assert "nothing writes" in made.reason
    plan(db, good, training={"preset": "tiny", "later": 1})
    again = run(node, good, 2, train=False)
    assert (again.status, again.job_id) == ("failed", None)


def test_the_last_release_reads_what_asks_for_no_node(db: Database) -> None:
    """It refuses fields that it does not know: they are not kept unless somebody set them."""
    made = schedule_of(db, None, training={"preset": "tiny", "needs": None},
                       generation={"length": 50, "needs": None})  # fmt: skip
    assert made.training == {"preset": "tiny"}
    assert made.generation is not None
    assert "needs" not in made.generation
    asked = schedule_of(db, None, generation={"length": 50, "needs": {"gpu": True}})
    assert asked.generation is not None
    assert asked.generation["needs"]["gpu"] is True


def test_a_newest_version_without_an_address(db: Database, node: Node) -> None:
    schedule = schedule_of(db, None, generation=None)
    first = run(node, schedule, 1)
    assert (first.status, first.generation_job_id) == ("succeeded", None)
    assert run(node, schedule, 2).status == "skipped"


def test_a_changed_spec_trains_the_same_text(db: Database, node: Node) -> None:
    schedule = schedule_of(db, None, start_from="scratch")
    run(node, schedule, 1)

    def change(session: Any) -> None:
        session.get_one(Schedule, schedule.id).training = {"preset": "tiny", "epochs": 1}

    do(db, change)
    assert run(node, schedule, 2).status == "succeeded"


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [
        ("skip", ["running", "skipped"]),
        ("queue", ["running", "waiting"]),
        ("replace", ["cancelled", "due"]),
    ],
)
def test_overlaps(db: Database, node: Node, overlap: str, expected: list[str]) -> None:
    schedule = schedule_of(db, None, overlap=overlap)
    run(node, schedule, 1, train=False)
    do(db, lambda s: run_now(s, DEFAULT_TEAM_ID, schedule.id, START + timedelta(hours=2)))
    from shared.schedules.running import settle

    do(db, settle)
    assert [row.status for row in runs_of(db, schedule.id)] == expected


def test_one_waits_at_most(db: Database, node: Node) -> None:
    """A later run takes the place of one that waits; it runs when the first has ended."""
    schedule = schedule_of(db, None, overlap="queue")
    first = run(node, schedule, 1, train=False)
    for hours in (2, 3):
        run(node, schedule, hours, train=False)
    assert [row.status for row in runs_of(db, schedule.id)] == ["running", "skipped", "waiting"]
    job = job_of(db, first)
    do(db, lambda session: cancel(session, job.id))
    tick(node)
    assert [row.status for row in runs_of(db, schedule.id)] == ["cancelled", "skipped", "running"]
    assert reload(db, job).status == "cancelled"
