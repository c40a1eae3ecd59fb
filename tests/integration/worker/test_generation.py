"""The runner of generation jobs, with the real sampler on a real database."""

import pytest

from shared.checkpoints.models import Checkpoint
from shared.db import Database
from shared.jobs.models import Job, Kind, Output
from shared.jobs.queries import list_outputs, output_text
from shared.jobs.services import cancel, claim, retry
from shared.settings import Settings
from tests.support.factories import TEXT, make_generation_job, reload
from tests.support.nodes import RaisedAfter, make_node
from worker.runners import run_job, work

# What is stored is so on both databases in the tests of jobs; here the engine takes the time.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def outputs(db: Database, job: Job) -> list[Output]:
    """Return a job's outputs."""
    with db.read() as session:
        return list_outputs(session, job.id).data


def test_writes_every_text(db: Database, settings: Settings, checkpoint: Checkpoint) -> None:
    """Each temperature gives its texts, numbered from 1, each of the length asked for."""
    job = make_generation_job(db, checkpoint, temperature=[0.5, 1.0], count=2, length=30)
    work(make_node(db, settings), Kind.GENERATE)
    rows = outputs(db, job)
    assert [(row.number, row.temperature) for row in rows] == [(1, 0.5), (2, 0.5), (3, 1), (4, 1)]
    assert {row.characters for row in rows} == {30}
    assert {row.finish_reason for row in rows} == {"length"}
    assert reload(db, job).status == "succeeded"


def test_random_excerpts_come_from_the_corpus(
    db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """Without a prompt each text goes on from a window of the corpus, alike at each temperature."""
    job = make_generation_job(db, checkpoint, temperature=[0.5, 1.0], count=2)
    work(make_node(db, settings), Kind.GENERATE)
    found = [row.prompt for row in outputs(db, job)]
    assert all(len(prompt) == 20 and prompt in TEXT for prompt in found)
    assert found[:2] == found[2:]


def test_the_same_seed_gives_the_same_text(
    db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """Two jobs of one spec write the same; another seed writes something else."""
    jobs = [make_generation_job(db, checkpoint, rng_seed=seed) for seed in (3, 3, 4)]
    work(make_node(db, settings), Kind.GENERATE)
    texts = [outputs(db, job)[0].text for job in jobs]
    assert texts[0] == texts[1] != texts[2]


def test_a_prompt_is_fitted_to_the_model(
    db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """Characters that the model never saw are replaced or left out, and the output says so."""
    job = make_generation_job(db, checkpoint, prompt="Ït was ☃")
    work(make_node(db, settings), Kind.GENERATE)
    (row,) = outputs(db, job)
    assert row.prompt == "It was "
    assert row.prompt_report == {"replaced": {"Ï": "I"}, "left_out": ["☃"]}


def test_a_stop_string_ends_a_text(
    db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """A text ends with the first stop string that it writes."""
    job = make_generation_job(db, checkpoint, stop=["e", "t"], length=5000)
    work(make_node(db, settings), Kind.GENERATE)
    (row,) = outputs(db, job)
    assert row.finish_reason == "stop"
    assert row.text is not None
    assert row.text[-1] in "et"
    assert not set(row.text[:-1]) & set("et")


def test_a_long_text_is_kept_in_a_blob(
    db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """Over 64 KiB a text leaves its row, and is read back whole."""
    job = make_generation_job(db, checkpoint, length=70_000, context="state")
    work(make_node(db, settings), Kind.GENERATE)
    (row,) = outputs(db, job)
    assert row.text is None
    assert len(b"".join(output_text(db, row)).decode()) == row.characters == 70_000


def test_a_cancelled_job_keeps_what_it_wrote(
    db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """A cancelled generation ends at once and keeps its text so far."""
    job = make_generation_job(db, checkpoint, length=10_000_000)
    with db.write() as session:
        claimed = claim(session, "generate", "node:1", 30)
        cancel(session, job.id)
    assert claimed is not None
    run_job(make_node(db, settings), claimed)
    (row,) = outputs(db, job)
    assert (row.finish_reason, reload(db, job).status) == ("cancelled", "cancelled")
    assert 0 < row.characters < 10_000_000


def test_a_cancelled_job_starts_its_cut_texts_over(
    db: Database, settings: Settings, checkpoint: Checkpoint
) -> None:
    """A retry writes every text that was cut short anew: none is there twice."""
    job = make_generation_job(db, checkpoint, length=50_000, count=2)
    with db.write() as session:
        claimed = claim(session, "generate", "node:1", 30)
        cancel(session, job.id)
    assert claimed is not None
    run_job(make_node(db, settings), claimed)
    with db.write() as session:
        retry(session, job.id)
    work(make_node(db, settings), Kind.GENERATE)
    rows = outputs(db, job)
    assert [(row.number, row.characters) for row in rows] == [(1, 50_000), (2, 50_000)]
    assert {row.finish_reason for row in rows} == {"length"}


def test_a_job_that_was_handed_back_keeps_finished_texts(
    db: Database, settings: Settings, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker writes only what is missing, and the same as if nothing had happened."""
    monkeypatch.setattr("worker.generation.MOST_STREAMS", 2)
    whole = make_generation_job(db, checkpoint, length=200, count=5)
    work(make_node(db, settings), Kind.GENERATE)
    job = make_generation_job(db, checkpoint, length=200, count=5)
    # Three pieces of the first two texts, and one of the next.
    looks = 4
    work(make_node(db, settings, stop=RaisedAfter(looks)), Kind.GENERATE)
    before = outputs(db, job)
    assert reload(db, job).status == "queued"
    assert [row.number for row in before] == [1, 2], "nothing half-written is shown"
    work(make_node(db, settings, name="node:2"), Kind.GENERATE)
    after = outputs(db, job)
    assert [row.id for row in after[:2]] == [row.id for row in before]
    assert [row.text for row in after] == [row.text for row in outputs(db, whole)]
