"""What the command makes of jobs that have not ended, and of those that answer questions."""

import json
from pathlib import Path

import pytest

from shared.db import Database
from shared.jobs.answers import keep_result
from shared.jobs.services import cancel, hand_back, succeed
from tests.integration.api.outputs import add_output
from tests.integration.cli.conftest import Charloom
from tests.support.factories import (
    claim_job,
    do,
    make_blob,
    make_checkpoint,
    make_generation_job,
    make_scoring_job,
)


def test_a_text_that_is_not_whole_is_not_downloaded(
    charloom: Charloom, db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written over what is there; how to wait is told."""
    monkeypatch.chdir(tmp_path)
    job = make_generation_job(db)
    add_output(db, claim_job(db, job), 1, "the first of two")
    (tmp_path / "kept.txt").write_text("kept", encoding="utf-8")
    for words in (["last"], [job.id], ["last", "--what", "output"]):
        done = charloom("download", *words, "-o", "kept.txt", code=1)
        assert f"job {job.id} is running: its text is not whole yet" in done.stderr
        assert f"`charloom job events {job.id} --follow`" in done.stderr
    assert charloom("download", "last", "-o", "-", code=1).stdout == ""
    assert list(tmp_path.glob("*.part")) == []
    assert (tmp_path / "kept.txt").read_text("utf-8") == "kept"


def test_the_rest_of_a_cancelled_text(charloom: Charloom, db: Database) -> None:
    """What was written until then is the job's text."""
    job = make_generation_job(db)
    lease = claim_job(db, job)
    add_output(db, lease, 1, "one of two")
    do(db, lambda s: cancel(s, job.id))
    do(db, lambda s: hand_back(s, lease))
    assert charloom("download", "last", "-o", "-").stdout == "one of two"


def test_the_last_job_is_never_a_question(charloom: Charloom, db: Database) -> None:
    """The newest training or generation job is meant; a question's result is shown by its id."""
    checkpoint = make_checkpoint(db)
    text = make_generation_job(db, checkpoint)
    score = make_scoring_job(db, checkpoint)
    do(db, lambda s: cancel(s, text.id))
    lease = claim_job(db, score)
    blob = make_blob(db, b'{"characters": 6, "bits_per_character": 2.5, "scores": [1]}')
    do(db, lambda s: keep_result(s, lease, blob.id))
    assert "result" not in charloom("job", "show", score.id).stdout
    do(db, lambda s: succeed(s, lease))
    assert json.loads(charloom("job", "show", "last", "--json").stdout)["id"] == text.id
    shown = charloom("job", "show", score.id).stdout
    assert "characters=6, bits_per_character=2.5\n" in shown
    full = json.loads(charloom("job", "show", score.id, "--json").stdout)
    assert full["result"]["scores"] == [1]
    told = charloom("download", score.id, code=1).stderr
    assert f"is a score job and writes no text; `charloom job show {score.id}` shows" in told
