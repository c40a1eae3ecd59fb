"""What is over a team's limits is refused, also where two requests come at once."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from shared.accounts.models import DEFAULT_TEAM_ID, Team
from shared.corpora.models import Corpus
from shared.corpora.services import add_corpus, add_version
from shared.db import Database, now
from shared.errors import InvalidFields, ModelTooLarge, QuotaExceeded
from shared.ids import new_id
from shared.jobs import services
from shared.jobs.requests import GenerationRequest, TrainingRequest
from shared.jobs.submissions import Submitter, submit_generation, submit_training
from shared.limits.models import LIMITS, Limits
from shared.limits.queries import count_bytes, standing
from shared.workers.services import Process, see
from tests.support.factories import (
    TEXT,
    claim_job,
    do,
    make_checkpoint,
    make_corpus,
    make_team,
    make_training_job,
    stored_text,
)

GB = 10**9
BIG: dict[str, Any] = {"units": 2048, "layers": 4, "batch_size": 512, "window": 20}


def few(**most: int) -> Limits:
    """Return limits of which some are low."""
    return replace(LIMITS, **most)


def own(db: Database, **most: int) -> None:
    """Give the default team limits of its own."""
    do(db, lambda s: s.execute(update(Team).where(Team.id == DEFAULT_TEAM_ID).values(most)))


def train(db: Database, corpus_id: str, limits: Limits = LIMITS, **fields: Any) -> None:
    """Submit a training job under limits."""
    request = TrainingRequest.model_validate({"corpus_id": corpus_id, "preset": "tiny"} | fields)
    who = Submitter(DEFAULT_TEAM_ID, limits=limits)
    do(db, lambda s: submit_training(s, who, request))


def worker(db: Database, memory: int | None, device: str = "cpu", card: int | None = None) -> None:
    """Have a worker that trains say what memory it has."""
    id_ = new_id()
    process = Process(id_, f"node:{id_}", ["train"], device, now(), None, memory, card)
    do(db, lambda s: see(s, process))


def at_once(count: int, action: Callable[[int], object]) -> list[object]:
    """Do a thing in as many threads; return what was refused."""
    refused: list[object] = []
    start = threading.Barrier(count)

    def one(number: int) -> None:
        start.wait(10)
        try:
            action(number)
        except QuotaExceeded as error:
            refused.append(error)

    threads = [threading.Thread(target=one, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return refused


def test_no_more_jobs_wait_than_may(db: Database) -> None:
    """The refusal names limit, use and what to do; what runs does not count; others may."""
    corpus = make_corpus(db)
    limits = few(queued_jobs=2)
    for _ in range(2):
        train(db, corpus.id, limits)
    with pytest.raises(QuotaExceeded, match=r"queued_jobs of this team is 2 .* cancel some"):
        train(db, corpus.id, limits)
    make_training_job(db, team_id=make_team(db))
    claim_job(db)
    claim_job(db)
    train(db, corpus.id, limits)


def test_a_job_does_not_wait_again_where_too_many_do(db: Database) -> None:
    """Resumed or tried again it would: it stays as it stands."""
    corpus = make_corpus(db)
    paused, cancelled = make_training_job(db, corpus), make_training_job(db, corpus)
    do(db, lambda s: services.pause(s, paused.id))
    do(db, lambda s: services.cancel(s, cancelled.id))
    limits = few(queued_jobs=1)
    train(db, corpus.id, limits)
    with pytest.raises(QuotaExceeded):
        do(db, lambda s: services.resume(s, paused.id, limits))
    with pytest.raises(QuotaExceeded):
        do(db, lambda s: services.retry(s, cancelled.id, limits))
    claim_job(db)
    assert do(db, lambda s: services.resume(s, paused.id, limits)).status == "queued"


def test_a_teams_own_limit_goes_before(db: Database) -> None:
    """Higher or lower than the installation's."""
    corpus = make_corpus(db)
    own(db, most_queued_jobs=1)
    train(db, corpus.id)
    with pytest.raises(QuotaExceeded):
        train(db, corpus.id)
    own(db, most_queued_jobs=2)
    train(db, corpus.id, few(queued_jobs=0))


def test_the_last_place_is_taken_once(db: Database) -> None:
    """By one of six submissions that come at once, whatever the database."""
    corpus = make_corpus(db)
    refused = at_once(6, lambda _: train(db, corpus.id, few(queued_jobs=2)))
    assert len(refused) == 4


def test_the_last_corpus_is_added_once(db: Database) -> None:
    """By one of four that come at once."""
    texts = [stored_text(db, TEXT + str(number)) for number in range(4)]

    def add(number: int) -> None:
        new = texts[number]
        do(db, lambda s: add_corpus(s, DEFAULT_TEAM_ID, "c", new, limits=few(corpora=1)))

    assert len(at_once(4, add)) == 3


def test_corpora_have_so_many_bytes(db: Database) -> None:
    """All versions of all corpora: a text that fits is taken, to the last byte."""
    corpus = make_corpus(db)
    more = stored_text(db, TEXT + "x")
    have = do(db, lambda s: count_bytes(s, DEFAULT_TEAM_ID))
    assert have == len(TEXT.encode())

    def add(most: int) -> Corpus:
        limits = few(corpus_bytes=most)
        return do(db, lambda s: add_version(s, DEFAULT_TEAM_ID, corpus.id, more, limits))

    with pytest.raises(QuotaExceeded, match=f"have {have:,} bytes and this text has {have + 1:,}"):
        add(2 * have)
    add(2 * have + 1)
    assert len(add(0).versions) == 2, "the same text again takes no room"


def test_one_job_writes_so_much(db: Database) -> None:
    """Length times count times temperatures; the refusal has the arithmetic."""
    checkpoint = make_checkpoint(db)
    request = GenerationRequest(
        checkpoint_id=checkpoint.id, length=100, count=3, temperature=[0.5, 1.0]
    )

    def submit(most: int) -> None:
        who = Submitter(DEFAULT_TEAM_ID, limits=few(output_characters=most))
        do(db, lambda s: submit_generation(s, who, request))

    with pytest.raises(InvalidFields) as refused:
        submit(599)
    (problem,) = refused.value.problems
    assert problem.field == "length"
    assert "6 texts of 100 characters are 600;" in problem.message
    assert problem.accepted == "at most 99 characters for so many texts"
    submit(600)


def test_a_model_must_fit_into_a_worker(db: Database) -> None:
    """Into the largest one; where none is known, into what the settings say."""
    corpus = make_corpus(db)
    with pytest.raises(ModelTooLarge, match=r"the largest worker has 2\.0 GB"):
        train(db, corpus.id, few(worker_memory=2 * GB), **BIG)
    worker(db, 4 * GB)
    with pytest.raises(ModelTooLarge) as refused:
        train(db, corpus.id, few(worker_memory=999 * GB), **BIG)
    assert "0.5 GB of weights" in str(refused.value)
    assert "the largest worker has 4.0 GB" in str(refused.value)
    train(db, corpus.id)
    worker(db, 32 * GB)
    train(db, corpus.id, **BIG)


def test_a_model_must_fit_into_a_card(db: Database) -> None:
    """What is trained on a card needs its memory, not the machine's."""
    corpus = make_corpus(db)
    worker(db, 64 * GB, "gpu 0", 2 * GB)
    with pytest.raises(ModelTooLarge, match=r"the largest card has 2\.0 GB"):
        train(db, corpus.id, **BIG)
    worker(db, 64 * GB, "gpu 1", 40 * GB)
    train(db, corpus.id, **BIG)


def test_a_worker_that_does_not_tell_takes_all(db: Database) -> None:
    """As those do that were started before there was anything to tell."""
    worker(db, None)
    train(db, make_corpus(db).id, few(worker_memory=1))


def test_what_a_team_has(db: Database) -> None:
    """By limit, and whose the limit is."""
    corpus = make_corpus(db)
    own(db, most_running_jobs=7)
    for _ in range(3):
        make_training_job(db, corpus)
    claim_job(db)
    make_training_job(db, team_id=make_team(db))
    found = do(db, lambda s: standing(s, DEFAULT_TEAM_ID, few(queued_jobs=9)))
    assert {row.name: (row.limit, row.used, row.own) for row in found} == {
        "corpora": (LIMITS.corpora, 1, False),
        "corpus_bytes": (LIMITS.corpus_bytes, len(TEXT.encode()), False),
        "queued_jobs": (9, 2, False),
        "running_jobs": (7, 1, True),
        "output_characters": (LIMITS.output_characters, None, False),
    }
