"""Notices to a real server: signed, tried again, given up, and never to private addresses."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from sqlalchemy import select, update
from standardwebhooks import Webhook, WebhookVerificationError

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.db import Database, database_time
from shared.jobs.models import Job
from shared.jobs.services import cancel, fail, retry, succeed
from shared.notices.models import Delivery, Notice, NoticeStatus, Receiver
from shared.notices.sending import WAITS, Outcome, claim_notice, record
from shared.notices.services import add_receiver, delete_receiver, send_test, tell_job
from shared.settings import Settings
from tests.support.factories import claim_job, do, make_training_job
from tests.support.nodes import make_node
from tests.support.web import hangs, serving
from worker import notices
from worker.node import Node

DAY = 24 * 3600


@dataclass
class Hook:
    """A receiver's server: it answers with the next of ``codes``, the last one for ever."""

    codes: list[int] = field(default_factory=lambda: [200])
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    location: str = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Keep what was sent, and answer."""
        body = request.rfile.read(int(request.headers["Content-Length"]))
        self.heard.append(({k.lower(): v for k, v in request.headers.items()}, body))
        request.send_response(self.codes[0] if len(self.codes) == 1 else self.codes.pop(0))
        if self.location:
            request.send_header("Location", self.location)
        request.end_headers()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    with serving(made.answer) as url:
        made.url = url
        yield made


@pytest.fixture
def node(db: Database, settings: Settings) -> Node:
    return make_node(db, settings.model_copy(update={"private_addresses": True}))


def receiver_of(db: Database, url: str) -> Receiver:
    return do(db, lambda s: add_receiver(s, DEFAULT_TEAM_ID, "mine", url=url))


def told_job(db: Database, *receivers: Receiver) -> Job:
    job = make_training_job(db)
    do(db, lambda s: tell_job(s, job.id, [one.id for one in receivers]))
    return job


def end(db: Database, job: Job, how: Callable[..., Any] = succeed, *args: str) -> None:
    lease = claim_job(db, job)
    do(db, lambda session: how(session, lease, *args))


def send_all(node: Node) -> int:
    """Send every notice that is due; return how many."""
    count = 0
    while claimed := notices.claim(node):
        notices.send(node, claimed)
        count += 1
    return count


def later(db: Database, seconds: float) -> None:
    """Let so much time pass: every time of the notices is so much earlier."""
    earlier = {
        name: getattr(Notice, name) - seconds
        for name in ("given_up_at", "next_try_at", "claimed_until")
    }
    do(db, lambda session: session.execute(update(Notice).values(**earlier)))


def all_notices(db: Database) -> list[Notice]:
    with db.read() as session:
        return list(session.scalars(select(Notice).order_by(Notice.id)))


def tries(db: Database) -> list[tuple[int | None, str | None]]:
    with db.read() as session:
        rows = session.scalars(select(Delivery).order_by(Delivery.notice_id, Delivery.number))
        return [(row.status_code, row.error) for row in rows]


def test_a_jobs_end_is_told_once_and_signed(db: Database, node: Node, hook: Hook) -> None:
    receiver = receiver_of(db, hook.url)
    job = told_job(db, receiver)
    end(db, job)
    assert send_all(node) == 1
    ((headers, body),) = hook.heard
    assert receiver.secret is not None
    told = Webhook(receiver.secret).verify(body, headers)
    assert told.keys() == {"type", "id", "time"}
    assert (told["type"], told["id"]) == ("job.succeeded", job.id)
    time = datetime.fromisoformat(told["time"])
    assert abs((datetime.now(UTC) - time).total_seconds()) < 60
    assert headers["content-type"] == "application/json"
    (notice,) = all_notices(db)
    assert headers["webhook-id"] == notice.id
    assert (notice.status, tries(db)) == (NoticeStatus.DELIVERED, [(200, None)])
    assert notice.ended_at is not None
    assert send_all(node) == 0


def test_a_changed_body_fails_the_check(db: Database, node: Node, hook: Hook) -> None:
    """So the check above can fail."""
    receiver = receiver_of(db, hook.url)
    end(db, told_job(db, receiver))
    send_all(node)
    ((headers, body),) = hook.heard
    with pytest.raises(WebhookVerificationError):
        Webhook(receiver.secret or "").verify(body.replace(b"job", b"jab"), headers)
    other = receiver_of(db, hook.url)
    with pytest.raises(WebhookVerificationError):
        Webhook(other.secret or "").verify(body, headers)


def test_every_end_is_told(db: Database, hook: Hook) -> None:
    """Failure and cancelling too, and each end of a job that is retried; no other move."""
    job = told_job(db, receiver_of(db, hook.url), receiver_of(db, hook.url))
    end(db, job, fail, "diverged", "the loss is not a number")
    do(db, lambda session: retry(session, job.id))
    do(db, lambda session: cancel(session, job.id))
    do(db, lambda session: retry(session, job.id))
    end(db, job)
    types = [notice.type for notice in all_notices(db)]
    assert types == [f"job.{e}" for e in ("failed", "cancelled", "succeeded") for _ in range(2)]
    make_training_job(db)
    assert len(all_notices(db)) == 6


def test_what_is_rolled_back_is_not_told(db: Database, hook: Hook) -> None:
    job = told_job(db, receiver_of(db, hook.url))
    lease = claim_job(db, job)

    def undone() -> None:
        with db.write() as session:
            succeed(session, lease)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        undone()
    assert all_notices(db) == []


def test_errors_are_tried_again_later_and_later(db: Database, node: Node, hook: Hook) -> None:
    hook.codes = [500, 503, 404, 201]
    end(db, told_job(db, receiver_of(db, hook.url)))
    for number, wait in enumerate(WAITS[:3], 1):
        assert send_all(node) == 1
        later(db, wait - 1)
        assert send_all(node) == 0
        later(db, 1)
        assert len(hook.heard) == number
    assert send_all(node) == 1
    assert [code for code, _ in tries(db)] == [500, 503, 404, 201]
    (notice,) = all_notices(db)
    assert (notice.status, notice.tries) == (NoticeStatus.DELIVERED, 4)
    assert {headers["webhook-id"] for headers, _ in hook.heard} == {notice.id}
    assert len({body for _, body in hook.heard}) == 1


def test_after_a_day_it_is_given_up(db: Database, node: Node, hook: Hook) -> None:
    hook.codes = [500]
    end(db, told_job(db, receiver_of(db, hook.url)))
    passed, count = 0.0, 0
    while all_notices(db)[0].status == NoticeStatus.PENDING:
        count += send_all(node)
        wait = WAITS[min(count, len(WAITS)) - 1]
        later(db, wait)
        passed += wait
    assert all_notices(db)[0].status == NoticeStatus.FAILED
    assert DAY - max(WAITS) <= passed - wait <= DAY
    assert len(tries(db)) == count > 12
    later(db, DAY)
    assert send_all(node) == 0


def test_a_server_that_says_nothing(
    db: Database, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "SEND_SECONDS", 0.5)
    over = threading.Event()
    with serving(hangs(over)) as url:
        receiver_of(db, url)
        end(db, told_job(db, receiver_of(db, url)))
        send_all(node)
        over.set()
    ((code, error),) = tries(db)
    assert code is None
    assert "timed out" in (error or "") or "too slow" in (error or "")
    assert all_notices(db)[0].status == NoticeStatus.PENDING


def test_nobody_listens(db: Database, node: Node) -> None:
    with serving(hangs(threading.Event())) as url:
        pass
    end(db, told_job(db, receiver_of(db, url)))
    send_all(node)
    ((code, error),) = tries(db)
    assert (code, "refused" in (error or "")) == (None, True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::1]", "169.254.1.1"])
def test_nothing_is_sent_to_private_addresses(
    db: Database, settings: Settings, hook: Hook, host: str
) -> None:
    """By default; and that is the end of it."""
    end(db, told_job(db, receiver_of(db, hook.url.replace("127.0.0.1", host))))
    send_all(make_node(db, settings))
    assert hook.heard == []
    ((code, error),) = tries(db)
    assert code is None
    assert "only public ones are asked" in (error or "")
    assert all_notices(db)[0].status == NoticeStatus.FAILED


@pytest.mark.parametrize(("code", "final"), [(302, False), (307, False), (410, True)])
def test_redirects_are_not_followed_and_gone_is_gone(
    db: Database, node: Node, hook: Hook, code: int, final: bool
) -> None:
    hook.codes, hook.location = [code], hook.url
    end(db, told_job(db, receiver_of(db, hook.url)))
    send_all(node)
    assert len(hook.heard) == 1
    ((seen, error),) = tries(db)
    assert (seen, error is None) == (code, False)
    assert (all_notices(db)[0].status == NoticeStatus.FAILED) == final


def test_two_senders_send_once(db: Database, node: Node, hook: Hook) -> None:
    receiver = receiver_of(db, hook.url)
    for _ in range(10):
        do(db, lambda session: send_test(session, receiver))
    with ThreadPoolExecutor(4) as threads:
        counts = list(threads.map(lambda _: send_all(node), range(4)))
    assert sum(counts) == len(hook.heard) == 10
    assert len({headers["webhook-id"] for headers, _ in hook.heard}) == 10


def test_a_dead_senders_notice_is_taken_up_again(db: Database, node: Node, hook: Hook) -> None:
    """When its claim has run out; what the dead one would have written then is refused."""
    end(db, told_job(db, receiver_of(db, hook.url)))
    dead = do(db, claim_notice)
    assert dead is not None
    assert send_all(node) == 0
    later(db, 61)
    assert send_all(node) == 1
    assert do(db, lambda session: record(session, dead, Outcome(1.0, error="late"))) is None
    assert tries(db) == [(200, None)]


def test_deleted_receivers_are_told_nothing(db: Database, node: Node, hook: Hook) -> None:
    receiver = receiver_of(db, hook.url)
    end(db, told_job(db, receiver))
    claimed = notices.claim(node)
    do(db, lambda session: delete_receiver(session, DEFAULT_TEAM_ID, receiver.id))
    assert claimed is not None
    notices.send(node, claimed)  # It was on its way; nothing is written of it.
    assert (all_notices(db), tries(db)) == ([], [])


def test_the_times_are_the_databases(db: Database, hook: Hook) -> None:
    receiver = receiver_of(db, hook.url)
    notice = do(db, lambda session: send_test(session, receiver))
    with db.read() as session:
        now = session.scalars(select(database_time())).one()
    assert 0 <= now - notice.next_try_at < 30
    assert notice.given_up_at - notice.next_try_at == DAY
    assert json.loads(notice.body)["id"] == receiver.id
