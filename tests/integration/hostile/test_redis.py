"""What others write to Redis: the service reads it, and goes on. Nothing durable is there."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from shared.db import Database
from shared.jobs.services import succeed
from shared.queue import CeleryTickets, FakeTickets, make_celery
from shared.settings import Settings
from shared.waking import CHANNEL, MOST_HEARD, RedisWakes
from tests.integration.api.client import Api
from tests.integration.api.streams import listening
from tests.support.apps import make_app
from tests.support.factories import claim_job, do, make_training_job
from tests.support.hostile import Hostile, tried
from tests.support.servers import own_redis

# No database has a say in it.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

AREA = "What lies in Redis"
HEARD = "listeners hear what comes next"
NEWS = {
    "news that are no text": ("`0xff 0xfe` for a job's id", b"\xff\xfe"),
    "news of no job": ("a path for a job's id", b"../../etc/passwd"),
    "giant news": ("8 MB for a job's id", b"a" * 8_000_000),
}
# Requests a minute.
MOST = 5
COUNTED = "requests are answered, and counted in the web process"
COUNTS = {
    "a count that is no number": ("text where requests are counted", "abc"),
    "a count that is a list": ("a list where requests are counted", ["abc"]),
}


@pytest.fixture
def redis(request: pytest.FixtureRequest) -> Iterator["Redis"]:
    """A client of a Redis server of the test's own."""
    with own_redis() as server, Redis.from_url(server.url) as client:
        yield client


def url_of(redis: "Redis") -> str:
    """Return the server's address."""
    options = redis.connection_pool.connection_kwargs
    return f"redis://{options['host']}:{options['port']}/0"


@pytest.fixture
def api(redis: "Redis", settings: Settings) -> Iterator[Api]:
    """A client of an application that uses it."""
    given = {"redis_url": url_of(redis), "requests_per_minute": MOST}
    app = make_app(settings.model_copy(update=given), FakeTickets())
    yield Api(app.test_client())
    app.extensions["charloom"].db.close()


@tried(AREA, *(Hostile(name, tries, None, None, news, HEARD)
               for name, (tries, news) in NEWS.items()))  # fmt: skip
def test_forged_news(case: Hostile, api: Api, db: Database, redis: "Redis") -> None:
    """The thread that reads for all listeners goes on."""
    db.wakes = RedisWakes(url_of(redis))
    lease = claim_job(db, make_training_job(db))
    with listening(api, lease.job_id) as stream:
        stream.until("progress")
        while not redis.publish(CHANNEL, case.attack):
            pass
        do(db, lambda s: succeed(s, lease))
        stream.until("succeeded")


@tried(AREA, Hostile("news without end", "messages as fast as Redis takes them", None, None, None,
                     HEARD))  # fmt: skip
def test_news_without_end(case: Hostile, api: Api, db: Database, redis: "Redis") -> None:
    """Who is told of something all the time looks at the database all the same."""
    lease, over = claim_job(db, make_training_job(db)), list[bool]()

    def flood() -> None:
        while not over:
            with redis.pipeline(transaction=False) as sent:
                for number in range(MOST_HEARD):
                    sent.publish(CHANNEL, f"job {number}")
                sent.execute()

    with ThreadPoolExecutor(1) as floods, listening(api, lease.job_id) as stream:
        flooding = floods.submit(flood)
        try:
            stream.until("progress")
            do(db, lambda s: succeed(s, lease))
            stream.until("succeeded")
        finally:
            over.append(True)
        flooding.result()


@pytest.mark.usefixtures("patient_counting")
@tried(AREA, *(Hostile(name, tries, None, None, value, COUNTED)
               for name, (tries, value) in COUNTS.items()))  # fmt: skip
def test_forged_counts(case: Hostile, api: Api, redis: "Redis") -> None:
    """Nobody is let in without a count, nor kept out for a mistake of others."""
    # Who is not signed in is led to the form.
    assert api.client.get("/corpora").status_code == 303
    (key,) = redis.keys("charloom-requests*")
    redis.delete(key)
    if isinstance(case.attack, list):
        redis.rpush(key, *case.attack)
    else:
        redis.set(key, case.attack)
    answers = [api.client.get("/corpora").status_code for _ in range(MOST + 1)]
    assert answers == [303] * MOST + [429]


@tried(AREA, Hostile("a queue that is none", "text where tickets wait", None, None, "abc",
                     "the job waits, and is logged as not announced"))  # fmt: skip
def test_a_forged_queue(case: Hostile, redis: "Redis", settings: Settings) -> None:
    """Neither sending nor counting raises; the sweeper sends another one."""
    given = settings.model_copy(update={"redis_url": url_of(redis)})
    tickets = CeleryTickets(make_celery(given))
    redis.set("train", case.attack)
    assert not tickets.send("train")
    assert tickets.waiting("train") is None
    redis.delete("train")
    assert tickets.send("train")
    assert tickets.waiting("train") == 1
