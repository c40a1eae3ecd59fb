"""The runner of scoring jobs, with the real kernel on a real database."""

import json
import time

import pytest

from shared.blobs import read_blob
from shared.checkpoints.models import Checkpoint
from shared.db import Database
from shared.jobs import answers, services
from shared.jobs.answers import result_blob
from shared.jobs.models import Job
from shared.jobs.results import Score
from shared.settings import Settings
from tests.support.factories import (
    do,
    make_generation_job,
    make_scoring_job,
    reload,
)
from tests.support.nodes import RaisedAfter, make_node
from worker.answering import look_up
from worker.heartbeat import Heartbeat
from worker.runners import run_job, work

# What is stored is so on both databases in the tests of jobs; here the engine takes the time.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def result(db: Database, job: Job) -> Score:
    """Return what came of a job."""
    with db.read() as session:
        blob_id = result_blob(session, reload(db, job))
    return Score.model_validate(json.loads(b"".join(read_blob(db, blob_id))))


def test_scores_a_text(db: Database, settings: Settings, checkpoint: Checkpoint) -> None:
    """A character after the other, each with what was likelier."""
    job = make_scoring_job(db, checkpoint, "It was", alternatives=3)
    assert work(make_node(db, settings), "generate") == 1
    found = result(db, job)
    assert reload(db, job).status == "succeeded"
    assert (found.checkpoint_id, found.characters) == (checkpoint.id, 6)
    assert "".join(score.character for score in found.scores) == "It was"
    for score in found.scores:
        likeliest = [one.probability for one in score.alternatives]
        assert likeliest == sorted(likeliest, reverse=True)
        assert score.rank is not None
        assert (score.rank == 1) == (score.alternatives[0].character == score.character)
    assert len(found.next) == 3
    assert found.bits_per_character is not None
    assert 0 < found.bits_per_character < 10


def test_next_is_what_the_next_place_has(
    db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """The alternatives that the same place has in a longer text."""
    jobs = [make_scoring_job(db, checkpoint, text) for text in ("It was", "It was ")]
    work(make_node(db, settings), "generate")
    short, long = (result(db, job) for job in jobs)
    assert len(short.next) == 5
    assert short.next == long.scores[-1].alternatives
    assert short.next != long.next


def test_unknown_characters_are_reported(
    db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """They have no score; what they were read as is told as of a prompt."""
    job = make_scoring_job(db, checkpoint, "Ït☃was")
    work(make_node(db, settings), "generate")
    found = result(db, job)
    assert [score.rank is None for score in found.scores] == [True, False, True, *[False] * 3]
    assert found.scores[0].probability is None
    assert len(found.scores[0].alternatives) == 5
    assert found.report.model_dump() == {"replaced": {"Ï": "I"}, "left_out": ["☃"]}


def test_a_stopped_worker_hands_it_back(
    db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """Another one scores it from the beginning."""
    job = make_scoring_job(db, checkpoint, "It was " * 1000)
    work(make_node(db, settings, stop=RaisedAfter(2)), "generate")
    assert reload(db, job).status == "queued"
    work(make_node(db, settings, name="node:2"), "generate")
    assert result(db, job).characters == 7000


def patient(heartbeat: Heartbeat) -> None:
    """Look up only when the heartbeat has heard what was requested."""
    deadline = time.monotonic() + 20
    while heartbeat.requested is None and time.monotonic() < deadline:
        time.sleep(0.01)
    look_up(heartbeat)


@pytest.mark.parametrize(("move", "end"), [("cancel", "cancelled"), ("pause", "paused")])
def test_moves_while_it_runs(
    db: Database, settings: Settings, checkpoint: Checkpoint, move: str, end: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """It stops at the next piece; retried or resumed, it answers."""
    job = make_scoring_job(db, checkpoint, "It was " * 1000)
    claimed = do(db, lambda s: services.claim(s, "generate", "node:1", 30))
    assert claimed is not None
    do(db, lambda s: getattr(services, move)(s, job.id))
    node = make_node(db, settings)
    with monkeypatch.context() as patched:
        patched.setattr("worker.scoring.look_up", patient)
        run_job(node, claimed)
    assert reload(db, job).status == end
    again = {"cancel": services.retry, "pause": services.resume}[move]
    do(db, lambda s: again(s, job.id))
    work(node, "generate")
    assert result(db, job).characters == 7000


def test_answers_go_before_texts(db: Database, settings: Settings, checkpoint: Checkpoint) -> None:
    """Somebody waits for them; a retried text's turn comes next."""
    text = make_generation_job(db, checkpoint)
    score = make_scoring_job(db, checkpoint)
    first = do(db, lambda s: services.claim(s, "generate", "node:1", 30))
    second = do(db, lambda s: services.claim(s, "generate", "node:1", 30))
    assert [first and first.id, second and second.id] == [score.id, text.id]


def test_old_answers_are_forgotten(
    db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """Ended ones after their time; never one that waits, nor any other job."""
    old = make_scoring_job(db, checkpoint)
    work(make_node(db, settings), "generate")
    waiting = make_scoring_job(db, checkpoint)
    assert answers.forget(db, 60) == 0
    assert answers.forget(db, -1) == 1
    with db.read() as session:
        left = {job.id for job in session.query(Job)}
    assert left == {checkpoint.job_id, waiting.id}
    assert old.id not in left


def test_a_model_goes_with_its_answers(
    db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """Ended scores keep no training job from being deleted."""
    make_scoring_job(db, checkpoint)
    work(make_node(db, settings), "generate")
    do(db, lambda s: services.delete(s, checkpoint.job_id))
    with db.read() as session:
        assert session.query(Job).count() == 0
