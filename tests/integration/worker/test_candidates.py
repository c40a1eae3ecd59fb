"""Training jobs that work for a model: judged, promoted or kept, with the frozen text kept out."""

import random
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.blobs import read_blob
from shared.corpora.sources import python_reference
from shared.db import Database
from shared.jobs.models import Job, Kind
from shared.jobs.queries import list_events
from shared.models.models import Action, Decision, NamedModel
from shared.models.services import ensure_model, promote, work_for
from shared.settings import Settings
from tests.support.factories import do, make_checkpoint, make_corpus, make_training_job, reload
from tests.support.nodes import make_node
from worker.candidates import Candidate
from worker.engine.training import TrainingRun
from worker.heartbeat import Heartbeat
from worker.node import Node
from worker.runners import work
from worker.training import prepare

PROSE = python_reference()[:30_000]


@pytest.fixture
def node(db: Database, settings: Settings, tmp_path: Path) -> Node:
    return make_node(db, settings)


def candidate(db: Database, text: str = PROSE, **fields: Any) -> Job:
    """Queue a job that trains for the model 'bard'."""
    job = make_training_job(db, make_corpus(db, text), **fields)
    do(db, lambda s: work_for(s, ensure_model(s, DEFAULT_TEAM_ID, "bard"), job.id))
    return job


def model(db: Database) -> NamedModel:
    with db.read() as session:
        return session.scalars(select(NamedModel)).one()


def history(db: Database) -> list[Decision]:
    with db.read() as session:
        return list(session.scalars(select(Decision).order_by(Decision.id)))


def test_the_first_is_promoted_and_noise_is_kept(db: Database, node: Node) -> None:
    job = candidate(db)
    work(node, Kind.TRAIN)
    assert reload(db, job).status == "succeeded"
    (first,) = history(db)
    assert first.action == Action.PROMOTED
    assert model(db).checkpoint_id == first.checkpoint_id
    assert first.bits_per_character is not None
    assert 2 < first.bits_per_character < 6
    with db.read() as session:
        events = [event.type for event in list_events(session, job.id).data]
    assert events[-2:] == ["judged", "succeeded"]
    noise = random.Random(0).choices(sorted(set(PROSE)), k=30_000)
    candidate(db, "".join(noise))
    work(node, Kind.TRAIN)
    second = history(db)[1]
    assert second.action == Action.KEPT
    assert "the promoted one" in second.reason
    assert second.promoted_bits_per_character == pytest.approx(first.bits_per_character)
    assert model(db).checkpoint_id == first.checkpoint_id


def test_the_frozen_text_is_never_trained_on(db: Database, node: Node) -> None:
    """Neither by the first run nor by a later one whose text goes on behind it."""
    candidate(db)
    work(node, Kind.TRAIN)
    blob_id = model(db).held_out_blob_id
    assert blob_id is not None
    frozen = b"".join(read_blob(db, blob_id)).decode()
    assert PROSE.endswith(frozen)
    assert len(frozen) == 3_000
    job = candidate(db, PROSE + python_reference()[40_000:50_000])
    run = prepared(node, job)
    trained = run.vocabulary.decode(run._text.numpy())
    assert len(trained) == 37_000
    assert not any(frozen[at : at + 41] in trained for at in range(0, 2_950, 7))


def prepared(node: Node, job: Job) -> TrainingRun:
    from shared.jobs.rows import Lease

    return prepare(node, job, Heartbeat(node, Lease(job.id, 0)))


def test_a_promotion_meanwhile_makes_the_judgement_void(
    db: Database, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The candidate is judged again, against what was promoted by hand."""
    other, judge = make_checkpoint(db), Candidate.judge
    judged: list[Any] = []

    def slow(self: Candidate) -> Any:
        found = judge(self)
        if not judged:
            do(db, lambda s: promote(s, s.get_one(NamedModel, self.model_id), other, "by hand"))
        judged.append(found)
        return found

    monkeypatch.setattr(Candidate, "judge", slow)
    monkeypatch.setattr(Candidate, "_bits", lambda self, checkpoint, text: 2.0)
    job = candidate(db)
    work(node, Kind.TRAIN)
    assert reload(db, job).status == "succeeded"
    assert [against.against for _, against in judged] == [None, other.id]
    assert [line.action for line in history(db)] == [Action.PROMOTED, Action.KEPT]
