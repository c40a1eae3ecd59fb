"""Estimates: which measurements they go by."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, update

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.corpora.models import Corpus, CorpusVersion
from shared.corpora.queries import get_corpus
from shared.db import Database, make_engine, now
from shared.errors import CorpusTooShort, InvalidFields, NotFound
from shared.estimates.requests import EstimateRequest
from shared.estimates.services import Estimate, estimate, examine
from shared.estimates.speeds import STORE_SECONDS
from shared.ids import new_id
from shared.jobs.models import Epoch, Job
from shared.workers.services import Process, see
from tests.support.factories import (
    claim_job,
    do,
    finish_epoch,
    make_corpus,
    make_team,
    make_training_job,
)

LEASE = 30.0
TEXT = "It was the best of times, it was the worst of times.\n" * 100


def asked(db: Database, corpus: Corpus, **fields: Any) -> Estimate:
    """Return the estimate of a run over a corpus."""
    request = EstimateRequest.model_validate({"corpus_id": corpus.id, "preset": "tiny"} | fields)
    with db.read() as session:
        return estimate(session, DEFAULT_TEAM_ID, request, LEASE)


def started(
    db: Database, name: str, speed: float | None = None, queue: str = "train", device: str = "cpu"
) -> None:
    """Have a process say that it is there."""
    process = Process(new_id(), name, [queue], device, now(), speed)
    do(db, lambda session: see(session, process))


def trained(db: Database, corpus: Corpus, *speeds: float, **fields: Any) -> None:
    """Have a job trained on the machine ``node``, an epoch a speed."""
    lease = claim_job(db, make_training_job(db, corpus, **fields))
    for epoch, speed in enumerate(speeds, 1):
        finish_epoch(db, lease, epoch, characters_per_second=speed)


@pytest.fixture
def corpus(db: Database) -> Corpus:
    """A corpus."""
    return make_corpus(db, TEXT)


def test_no_speed_no_time(db: Database, corpus: Corpus) -> None:
    """Where nobody trains, and where those who do have measured nothing."""
    time = asked(db, corpus).time
    assert (time.seconds, time.basis, time.reason) == (None, "none", "no_workers")
    started(db, "node:1", device="gpu 0")
    started(db, "node:2", 1e9, queue="generate")
    found = asked(db, corpus)
    assert (found.time.seconds, found.time.reason) == (None, "not_measured")
    assert (found.workers.count, found.workers.gpu) == (1, True)
    assert found.memory.device


def test_a_cold_start_goes_by_what_workers_measured(db: Database, corpus: Corpus) -> None:
    """The speed at their start; twice as fast, half the time but for what is not training."""
    started(db, "node:1", 1e9)
    slow = asked(db, corpus).time
    assert (slow.basis, slow.measurements, slow.reason) == ("start", 1, None)
    started(db, "node:1", 2e9)
    fast = asked(db, corpus).time
    assert slow.epoch_seconds
    assert fast.epoch_seconds
    assert fast.epoch_seconds - STORE_SECONDS == pytest.approx(
        (slow.epoch_seconds - STORE_SECONDS) / 2
    )


def test_jobs_tell_more_than_the_start(db: Database, corpus: Corpus) -> None:
    """The same spec takes as long again; the first epoch, which compiled, does not count."""
    started(db, "node:7", 1e15)
    trained(db, corpus, 1.0, 100.0, 100.0)
    found = asked(db, corpus, validation_fraction=0.0, sample_length=0)
    assert (found.time.basis, found.time.measurements) == ("jobs", 1)
    assert found.time.epoch_seconds == pytest.approx(found.windows / 100 + STORE_SECONDS)


def test_the_likest_jobs_count(db: Database, corpus: Corpus) -> None:
    """Five of the nearest cost; those of another shape do not sway them."""
    started(db, "node:7")
    for _ in range(5):
        trained(db, corpus, 1.0, 100.0)
    trained(db, corpus, 1.0, 9.0, units=256)
    found = asked(db, corpus, validation_fraction=0.0, sample_length=0)
    assert found.time.measurements == 5
    assert found.time.epoch_seconds == pytest.approx(found.windows / 100 + STORE_SECONDS)


def test_jobs_of_other_machines_are_the_last_resort(db: Database, corpus: Corpus) -> None:
    """Behind what the workers at hand measured; it is said that it is no measure of theirs."""
    trained(db, corpus, 1.0, 100.0)
    nobody = asked(db, corpus).time
    assert (nobody.basis, nobody.reason) == ("earlier_jobs", "no_workers")
    started(db, "other:1")
    assert asked(db, corpus).time.reason == "not_measured"
    started(db, "another:1", 1e9)
    assert asked(db, corpus).time.basis == "start"


def test_an_epoch_from_before_names_no_machine(db: Database, corpus: Corpus) -> None:
    """It is taken for another's."""
    trained(db, corpus, 1.0, 100.0)
    started(db, "node:1")
    do(db, lambda session: session.execute(update(Epoch).values(worker=None)))
    assert asked(db, corpus).time.basis == "earlier_jobs"


def test_a_size_does_for_a_text(db: Database, corpus: Corpus) -> None:
    """What is told of a corpus is told of its numbers."""
    size = {"corpus_id": None, "characters": len(TEXT), "vocabulary_size": len(set(TEXT))}
    assert asked(db, corpus, **size) == asked(db, corpus)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"corpus_id": None}, "corpus_id"),
        ({"corpus_id": None, "characters": 900}, "corpus_id"),
        ({"characters": 900}, "characters"),
        ({"corpus_id": "nothing"}, "corpus_id"),
        ({"corpus_id": new_id()}, "corpus_id"),
        ({"corpus_version_id": new_id()}, "corpus_version_id"),
    ],
)
def test_what_text_is_meant_must_be_clear(
    db: Database, corpus: Corpus, fields: dict[str, Any], field: str
) -> None:
    """One corpus that there is, or a size."""
    with pytest.raises(InvalidFields) as error:
        asked(db, corpus, **fields)
    assert [problem.field for problem in error.value.problems] == [field]


def test_other_teams_texts_are_not_measured(db: Database) -> None:
    """Nor shown."""
    theirs = make_corpus(db, team_id=make_team(db))
    with pytest.raises(InvalidFields):
        asked(db, theirs)
    with db.read() as session, pytest.raises(NotFound):
        examine(session, DEFAULT_TEAM_ID, theirs.id, None, LEASE)


def test_a_text_that_is_too_short_is_refused_as_at_submission(db: Database, corpus: Corpus) -> None:
    """With the length and the least length."""
    with pytest.raises(CorpusTooShort) as error:
        asked(db, corpus, window=1000, validation_fraction=0.1)
    assert error.value.problems[0].field == "corpus_id"


def test_an_estimate_takes_few_statements(db: Database, corpus: Corpus) -> None:
    """It is asked for while somebody types: four, whatever there is."""
    started(db, "node:1")
    for _ in range(3):
        trained(db, corpus, 1.0, 100.0)
    told: list[str] = []

    def tell(_c: Any, _k: Any, statement: str, *_: Any) -> None:
        told.append(statement)

    event.listen(db.engine, "before_cursor_execute", tell)
    asked(db, corpus)
    event.remove(db.engine, "before_cursor_execute", tell)
    assert len([s for s in told if s.startswith(("SELECT", "WITH"))]) == 4, told
    assert not any("report" in s or "examination" in s for s in told)


def test_the_latest_training_jobs_are_found_by_their_index(
    db: Database, database_url: str, corpus: Corpus, plan: Callable[[Engine, str], str]
) -> None:
    """However many answers there are."""
    told: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *a: told.append(a[2]))
    asked(db, corpus)
    (sql,) = [s for s in told if "jobs" in s and "ORDER BY" in s]
    engine = make_engine(database_url)
    assert "ix_jobs_training" in plan(engine, sql)
    engine.dispose()


@pytest.fixture
def plan() -> Callable[[Engine, str], str]:
    """How a database would run a statement."""

    def of(engine: Engine, sql: str) -> str:
        prefix = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}[engine.dialect.name]
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SET enable_seqscan = off")
                connection.exec_driver_sql("SET enable_sort = off")
                rows = connection.exec_driver_sql(prefix + sql, {"param_1": 30})
            else:
                rows = connection.exec_driver_sql(prefix + sql, (30, 0))
            return " ".join(str(row) for row in rows)

    return of


def test_a_report_is_stored_with_each_version(db: Database, corpus: Corpus) -> None:
    """And told with what suits it; of a version from before there is none, and nothing breaks."""
    with db.read() as session:
        found = examine(session, DEFAULT_TEAM_ID, corpus.id, 1, LEASE)
        assert found.examination
        assert found.examination.characters == found.text.characters == len(TEXT)
        assert found.examination.vocabulary_size == found.text.vocabulary_size
        assert found.examination.repeated_lines.repeated == 99
        assert "many_repeated_lines" in [finding.code for finding in found.findings]
        assert found.estimate.parameters == found.recommendation.parameters
        with pytest.raises(NotFound):
            examine(session, DEFAULT_TEAM_ID, corpus.id, 2, LEASE)
    do(db, lambda session: session.execute(update(CorpusVersion).values(examination=None)))
    with db.read() as session:
        old = examine(session, DEFAULT_TEAM_ID, corpus.id, None, LEASE)
        assert old.examination is None
        assert [finding.code for finding in old.findings] == ["very_short_text"]
        assert old.recommendation == found.recommendation
        assert get_corpus(session, DEFAULT_TEAM_ID, corpus.id).latest_version.report


def test_how_long_a_run_takes_to_begin_is_learned(db: Database, corpus: Corpus) -> None:
    """From the claim to the first epoch's end, less what that epoch takes."""
    started(db, "node:7")
    trained(db, corpus, 1.0, 1e9)
    earlier = now() - timedelta(seconds=50)
    do(db, lambda session: session.execute(update(Job).values(started_at=earlier)))
    time = asked(db, corpus).time
    assert time.seconds
    assert time.epoch_seconds
    begun = time.seconds - 2 * time.epoch_seconds
    assert begun == pytest.approx(50 - time.epoch_seconds, abs=5)
