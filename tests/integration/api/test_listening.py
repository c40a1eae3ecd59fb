"""Listening to a job: server-sent events. The broker is away, so listeners look by themselves."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import delete as sql_delete
from sqlalchemy import event

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.db import Database
from shared.errors import TooManyListeners
from shared.jobs.models import Event
from shared.jobs.records import drop_unfinished
from shared.jobs.rows import Lease
from shared.jobs.services import cancel, delete, fail, report_progress, succeed
from shared.queue import FakeTickets
from shared.settings import Settings
from tests.integration.api.client import PREFIX, Api, field_error, problem
from tests.integration.api.conftest import MakeApi
from tests.integration.api.streams import STREAM, Frame, listening
from tests.support.apps import make_app
from tests.support.factories import (
    claim_job,
    do,
    finish_epoch,
    make_generation_job,
    make_training_job,
    write_text,
)
from web.listeners import MOST_LISTENERS, MOST_OF_A_USER
from web.standing import Standing

THE_INSTALLATION = Standing(DEFAULT_TEAM_ID)
PROGRESS: dict[str, Any] = {"epoch": 1, "epochs": 2, "step": 3, "steps": 9, "fraction": 0.25,
                            "eta_seconds": 4.5}  # fmt: skip


def numbers(frames: list[Frame]) -> list[int]:
    """Return the ids of those frames that are events of the job."""
    return [int(frame["id"]) for frame in frames if "id" in frame]


def running(db: Database) -> Lease:
    return claim_job(db, make_training_job(db))


def test_a_listener_hears_what_was_and_what_comes(api: Api, db: Database) -> None:
    """Each event is what it is in a page; the answer ends when the job has."""
    lease = running(db)
    with listening(api, lease.job_id) as stream:
        assert stream.next()["event"] == "queued"
        assert stream.next()["event"] == "running"
        finish_epoch(db, lease, sample="and then")
        heard = [stream.until("epoch"), stream.until("sample"), stream.until("checkpoint")]
        do(db, lambda s: succeed(s, lease))
        assert stream.until("succeeded")["id"] == "6"
        assert numbers(stream.rest()) == []
    page = api.get(f"/jobs/{lease.job_id}/events?after=2&limit=3").get_json()["data"]
    assert [frame["data"] for frame in heard] == page
    assert page[1]["data"]["text"] == "and then"


def test_a_listener_goes_on_behind_what_it_was_sent(api: Api, db: Database) -> None:
    """Neither a gap nor a repeat, by the header or by ``after``."""
    lease = running(db)
    finish_epoch(db, lease)
    do(db, lambda s: fail(s, lease, "diverged", "no number"))
    with listening(api, lease.job_id, **{"Last-Event-ID": "3"}) as stream:
        assert numbers(stream.rest()) == [4, 5, 6]
    path = f"{PREFIX}/jobs/{lease.job_id}/events?after=4"
    answer = api.get(path, STREAM)
    assert [line for line in answer.text.split("\n") if line.startswith("id")] == ["id: 5", "id: 6"]


def test_more_events_than_are_kept_come_all_the_same(api: Api, db: Database) -> None:
    """What is no longer in memory is read from the database."""
    lease = claim_job(db, make_generation_job(db))
    write_text(db, lease, 1, *[f"{number} " for number in range(700)])
    do(db, lambda s: succeed(s, lease))
    with listening(api, lease.job_id) as stream:
        frames = stream.rest()
    assert numbers(frames) == list(range(1, 704))
    pieces = [frame["data"]["data"]["pieces"][0] for frame in frames if frame["event"] == "text"]
    assert "".join(piece["text"] for piece in pieces) == "".join(f"{n} " for n in range(700))


def test_progress_has_no_id_and_comes_when_it_changed(api: Api, db: Database) -> None:
    """Only the last of it counts; it does not move ``Last-Event-ID``."""
    lease = running(db)
    with listening(api, lease.job_id) as stream:
        assert stream.until("progress")["data"]["fraction"] == 0
        do(db, lambda s: report_progress(s, lease, PROGRESS))
        frame = stream.until("progress")
        assert frame == {"event": "progress", "data": PROGRESS}


def test_a_sample_is_told_as_it_is_written(api: Api, db: Database) -> None:
    """Each frame has what the text went on with; whoever comes later gets it from the start."""
    lease = running(db)

    def writes(text: str, temperature: float = 0.6) -> None:
        sample = {"prompt": "It was", "text": text, "temperature": temperature, "rng_seed": 7}
        do(db, lambda s: report_progress(s, lease, PROGRESS | {"sample": sample}))

    with listening(api, lease.job_id) as stream:
        stream.until("progress")
        writes("the be")
        first = stream.until("sample_text")
        writes("the best")
        second = stream.until("sample_text")
        with listening(api, lease.job_id) as late:
            whole = late.until("sample_text")
        writes("the best", 1)
        other = stream.until("sample_text")
    place = {"epoch": 1, "temperature": 0.6, "start": 0, "written_at": None}
    assert first["data"] == place | {"text": "the be"}
    assert second["data"] == place | {"start": 6, "text": "st"}
    assert whole["data"] == place | {"text": "the best"}
    assert other["data"] == place | {"temperature": 1.0, "text": "the best"}
    assert api.get(f"/jobs/{lease.job_id}").get_json()["progress"] == PROGRESS


def test_nothing_more_to_come_is_204(api: Api, db: Database) -> None:
    """A browser then stops asking; a job that is queued again is listened to again."""
    job = make_training_job(db)
    do(db, lambda s: cancel(s, job.id))
    path = f"/jobs/{job.id}/events"
    assert api.get(path, STREAM | {"Last-Event-ID": "2"}).status_code == 204
    assert api.post(f"/jobs/{job.id}/retry").status_code == 200
    with listening(api, job.id, **{"Last-Event-ID": "2"}) as stream:
        assert stream.next()["event"] == "queued"


def test_a_deleted_job_ends_the_answer(api: Api, db: Database) -> None:
    """There is nothing to wait for any more."""
    job = make_training_job(db)
    with listening(api, job.id) as stream:
        stream.until("queued")
        do(db, lambda s: cancel(s, job.id))
        do(db, lambda s: delete(s, job.id))
        stream.rest()


def test_events_that_are_gone_end_the_answer(api: Api, db: Database) -> None:
    """What is kept neither in memory nor in the database is not looked for again and again."""
    lease = claim_job(db, make_generation_job(db))
    write_text(db, lease, 1, *[f"{number} " for number in range(500)])
    with listening(api, lease.job_id) as stream:
        stream.until("queued")
        do(db, lambda s: s.execute(sql_delete(Event).where(Event.job_id == lease.job_id)))
        assert numbers(stream.rest())[-1] == 200


def test_discarded_texts_are_told_as_void(api: Api, db: Database) -> None:
    """Whoever comes after that reads null where they were."""
    lease = claim_job(db, make_generation_job(db))
    write_text(db, lease, 1, "ab")
    do(db, lambda s: drop_unfinished(s, lease))
    do(db, lambda s: succeed(s, lease))
    with listening(api, lease.job_id) as stream:
        (piece,) = stream.until("text")["data"]["data"]["pieces"]
        assert piece["text"] is None
        assert stream.next()["event"] == "outputs_discarded"


def test_json_is_what_others_get(api: Api, db: Database) -> None:
    """With no preference, or with one for JSON, the answer is a page."""
    job = make_training_job(db)
    for accept in ("*/*", "application/json", "application/json, text/event-stream"):
        assert api.get(f"/jobs/{job.id}/events", {"Accept": accept}).mimetype == "application/json"


def test_unknown_jobs_and_bad_numbers_are_refused(api: Api, db: Database) -> None:
    """Before the answer begins."""
    missing = "01a214bb-4f62-7127-ae46-a465ee9fc6be"
    problem(api.get(f"/jobs/{missing}/events", STREAM), 404, "not_found")
    job = make_training_job(db)
    for number in ("-1", "x", "1.5"):
        answer = api.get(f"/jobs/{job.id}/events", STREAM | {"Last-Event-ID": number})
        assert field_error(answer, "Last-Event-Id")["received"] == number


def test_too_many_listeners_are_told_to_come_again(api: Api, db: Database) -> None:
    """The other requests keep their threads."""
    job = make_training_job(db)
    listeners = api.client.application.extensions["charloom"].listeners
    tail = listeners._enter(job.id, THE_INSTALLATION)
    tail.listeners = MOST_LISTENERS
    answer = api.get(f"/jobs/{job.id}/events", STREAM)
    tail.listeners = 1
    listeners._leave(tail, THE_INSTALLATION)
    problem(answer, 429, "too_many_listeners")
    assert int(answer.headers["Retry-After"]) > 0


def test_no_user_takes_all_listeners(api: Api, db: Database) -> None:
    """Who has their share waits; others, and the installation, are let in; who left has room."""
    job = make_training_job(db)
    listeners = api.client.application.extensions["charloom"].listeners
    one, other = Standing(DEFAULT_TEAM_ID, "one", "a"), Standing(DEFAULT_TEAM_ID, "other", "c")
    tails = [listeners._enter(job.id, one) for _ in range(MOST_OF_A_USER)]
    with pytest.raises(TooManyListeners):
        listeners.check_room(Standing(DEFAULT_TEAM_ID, "one", "another token"))
    listeners.check_room(other)
    listeners.check_room(THE_INSTALLATION)
    listeners._leave(tails.pop(), one)
    listeners.check_room(one)
    for tail in tails:
        listeners._leave(tail, one)
    assert listeners._of_users == {}


def test_listeners_are_sent_away_when_the_server_stops(api: Api, db: Database) -> None:
    """Else it would wait for them."""
    listeners = api.client.application.extensions["charloom"].listeners
    with listening(api, make_training_job(db).id) as stream:
        stream.until("progress")
        listeners.closing = lambda: True
        stream.rest()


def test_a_listener_holds_no_connection(api: Api, db: Database) -> None:
    """While nothing happens none is checked out."""
    listeners = api.client.application.extensions["charloom"]
    with listening(api, make_training_job(db).id) as stream:
        stream.until("progress")
        assert listeners.db.engine.pool.checkedout() == 0


def test_many_listeners_cost_one_query(make_api: MakeApi, db: Database) -> None:
    """What happens is read once a process, whoever listens."""
    api = make_api()
    lease = running(db)
    found: list[str] = []
    engine = api.client.application.extensions["charloom"].db.engine
    first, second = listening(api, lease.job_id), listening(api, lease.job_id)
    with first as one, second as other:
        for stream in (one, other):
            stream.until("progress")

        @event.listens_for(engine, "before_cursor_execute")
        def _note(_c: Any, _u: Any, statement: str, *_: Any) -> None:
            found.append(statement)

        finish_epoch(db, lease)
        for stream in (one, other):
            stream.until("checkpoint")
    assert len([text for text in found if "FROM events" in text]) == 1


@pytest.fixture
def woken_api(settings: Settings, redis_url: str, tickets: FakeTickets) -> Iterator[Api]:
    """A client of an application whose Redis is there."""
    app = make_app(settings.model_copy(update={"redis_url": redis_url}), tickets)
    yield Api(app.test_client())
    app.extensions["charloom"].db.close()


def test_a_move_through_the_api_wakes_listeners(woken_api: Api, db: Database) -> None:
    """Also one that another process made: here, the same one over Redis."""
    job = make_training_job(db)
    with listening(woken_api, job.id) as stream:
        stream.until("progress")
        woken_api.post(f"/jobs/{job.id}/pause")
        assert stream.until("paused")["id"] == "2"
