"""Candidates are promoted or kept by what was judged; models roll back."""

import pytest
from sqlalchemy import select

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.checkpoints.models import Checkpoint
from shared.db import Database
from shared.errors import InUse, MoveRefused
from shared.jobs.services import delete, succeed
from shared.models.models import Action, Decision, NamedModel
from shared.models.services import (
    Judgement,
    JudgementVoid,
    decide,
    ensure_model,
    promote,
    roll_back,
    verdict,
)
from tests.support.factories import claim_job, do, make_checkpoint, make_training_job


@pytest.fixture
def model(db: Database) -> NamedModel:
    return do(db, lambda session: ensure_model(session, DEFAULT_TEAM_ID, "bard"))


def ended_checkpoint(db: Database) -> Checkpoint:
    """Return the checkpoint of a job that has ended."""
    job = make_training_job(db)
    lease = claim_job(db, job)
    checkpoint = make_checkpoint(db, job, lease=lease)
    do(db, lambda session: succeed(session, lease))
    return checkpoint


def judged(against: str | None = None, *, ours: float = 2.0, theirs: float | None = None,
           share: float = 0.0) -> Judgement:  # fmt: skip
    return Judgement(against, ours, theirs, 12, share)


def promoted(db: Database, model: NamedModel, checkpoint: Checkpoint, judgement: Judgement) -> str:
    """Decide about a checkpoint; return what was decided."""
    return do(db, lambda session: decide(session, model.id, checkpoint.id, judgement)).action


def current(db: Database, model: NamedModel) -> str | None:
    with db.read() as session:
        return session.get_one(NamedModel, model.id).checkpoint_id


def test_a_name_is_one_model(db: Database, model: NamedModel) -> None:
    again = do(db, lambda session: ensure_model(session, DEFAULT_TEAM_ID, "bard"))
    assert again.id == model.id


@pytest.mark.parametrize(
    ("judgement", "margin", "better", "reason"),
    [
        (judged(ours=2.0), 0.0, True, "the first one: 2.000 bits a character"),
        (judged(ours=1.9, theirs=2.0), 0.05, True, "1.900 bits a character, the promoted one 2.0"),
        (judged(ours=1.96, theirs=2.0), 0.05, False, "it must be better by more than 0.05"),
        (judged(ours=2.0, theirs=2.0), 0.0, False, "it must be better by more than 0"),
        (judged(ours=3.1, theirs=2.0), 0.0, False, "3.100 bits a character, the promoted one 2.0"),
        (judged(ours=1.0, theirs=2.0, share=0.3), 0.0, False, "30.0% of what it writes is copied"),
        (judged(ours=1.0, share=0.3), 0.0, False, "at most 20.0% may be"),
    ],
)
def test_verdicts(judgement: Judgement, margin: float, better: bool, reason: str) -> None:
    found, told = verdict(judgement, margin, 0.2)
    assert found is better
    assert reason in told


def test_the_better_one_is_promoted_and_the_worse_one_kept(db: Database, model: NamedModel) -> None:
    first, second, third = (ended_checkpoint(db) for _ in range(3))
    assert promoted(db, model, first, judged()) == Action.PROMOTED
    worse = judged(first.id, ours=2.5, theirs=2.0)
    assert promoted(db, model, second, worse) == Action.KEPT
    assert current(db, model) == first.id
    better = judged(first.id, ours=1.5, theirs=2.0)
    assert promoted(db, model, third, better) == Action.PROMOTED
    assert current(db, model) == third.id
    with db.read() as session:
        history = session.scalars(select(Decision).order_by(Decision.id)).all()
    assert [line.checkpoint_id for line in history] == [first.id, second.id, third.id]
    assert history[1].promoted_bits_per_character == 2.0


def test_a_judgement_against_another_checkpoint_is_void(db: Database, model: NamedModel) -> None:
    first, second = make_checkpoint(db), make_checkpoint(db)
    promoted(db, model, first, judged())
    with pytest.raises(JudgementVoid):
        promoted(db, model, second, judged(None, ours=0.1))
    assert current(db, model) == first.id


def test_a_model_rolls_back_step_by_step(db: Database, model: NamedModel) -> None:
    made = [ended_checkpoint(db) for _ in range(3)]
    for checkpoint in made:
        do(db, lambda s, c=checkpoint: promote(s, s.get_one(NamedModel, model.id), c, "by hand"))  # type: ignore[misc]
    for expected in (made[1], made[0]):
        do(db, lambda s: roll_back(s, s.get_one(NamedModel, model.id), "it was worse"))
        assert current(db, model) == expected.id
    with pytest.raises(MoveRefused, match="no earlier checkpoint"):
        do(db, lambda s: roll_back(s, s.get_one(NamedModel, model.id), "once more"))


def test_a_rollback_passes_over_what_was_deleted(db: Database, model: NamedModel) -> None:
    made = [ended_checkpoint(db) for _ in range(3)]
    for checkpoint in made:
        do(db, lambda s, c=checkpoint: promote(s, s.get_one(NamedModel, model.id), c, "by hand"))  # type: ignore[misc]
    do(db, lambda session: delete(session, made[1].job_id))
    do(db, lambda s: roll_back(s, s.get_one(NamedModel, model.id), "it was worse"))
    assert current(db, model) == made[0].id


def test_the_job_of_a_promoted_checkpoint_stays(db: Database, model: NamedModel) -> None:
    checkpoint = ended_checkpoint(db)
    promoted(db, model, checkpoint, judged())
    with pytest.raises(InUse, match="is the model 'bard'"):
        do(db, lambda session: delete(session, checkpoint.job_id))
