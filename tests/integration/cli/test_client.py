"""The client speaks what the application understands, noun by noun."""

import threading
from pathlib import Path
from typing import Any

import pytest

from cli.client import Client, Refused
from shared.db import Database
from shared.jobs.requests import TrainingRequest
from shared.jobs.services import succeed
from shared.schedules.requests import ScheduleRequest
from tests.integration.api.outputs import add_output
from tests.support.factories import (
    TEXT,
    claim_job,
    do,
    finish_epoch,
    make_corpus,
    make_generation_job,
    make_training_job,
    reload,
    write_text,
)


def test_corpora(client: Client, tmp_path: Path) -> None:
    """Paste, upload with cleaning, list, show, delete."""
    path = tmp_path / "moby.txt"
    path.write_text(TEXT, encoding="utf-8")
    pasted = client.add_corpus("pasted", text=TEXT)
    uploaded = client.upload("Moby", path, lowercase=True)
    assert uploaded["latest_version"]["source"] == "upload:moby.txt"
    assert client.corpus(uploaded["id"])["versions"][0]["number"] == 1
    assert [row["id"] for row in client.corpora()] == [uploaded["id"], pasted["id"]]
    assert len(client.upload_version(pasted["id"], path)["versions"]) == 1, "the same text"
    assert len(client.upload_version(pasted["id"], path, lowercase=True)["versions"]) == 2
    assert len(client.add_version(pasted["id"], text=TEXT * 2)["versions"]) == 3
    client.delete_corpus(pasted["id"])
    assert [row["name"] for row in client.corpora()] == ["Moby"]
    with pytest.raises(Refused) as caught:
        client.corpus(pasted["id"])
    assert (caught.value.status, caught.value.code) == (404, "not_found")


def test_lists_are_paged(client: Client, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page after page, to the end or as many as were asked for."""
    monkeypatch.setattr("cli.client.base.MOST_ROWS", 2)
    corpus = make_corpus(db)
    made = [make_training_job(db, corpus).id for _ in range(5)]
    assert [job["id"] for job in client.jobs()] == made[::-1]
    assert [job["id"] for job in client.jobs(limit=3)] == made[:1:-1]
    assert [job["id"] for job in client.jobs(kind="generate")] == []
    assert client.presets()[0]["name"] == "seed"


def test_jobs_are_submitted_and_moved(client: Client, db: Database) -> None:
    """By fields or by a request; what is submitted again is another job."""
    corpus = make_corpus(db)
    request = TrainingRequest(corpus_id=corpus.id, preset="tiny", epochs=3)
    job = client.train(request)
    same = client.train(corpus.id, preset="tiny", epochs=3)
    assert job["id"] != same["id"]
    assert job["spec"] == same["spec"]
    assert client.pause(job["id"])["status"] == "paused"
    assert client.resume(job["id"])["status"] == "queued"
    assert client.cancel(job["id"])["status"] == "cancelled"
    assert client.retry(job["id"])["status"] == "queued"
    with pytest.raises(Refused, match="retry accepts") as caught:
        client.retry(job["id"])
    assert (caught.value.status, caught.value.code) == (409, "move_refused")
    client.cancel(job["id"])
    client.delete_job(job["id"])
    assert [row["id"] for row in client.jobs()] == [same["id"]]


def test_a_refused_submission_names_its_fields(client: Client) -> None:
    """What only the service can know is told by it."""
    with pytest.raises(Refused, match="corpus_id"):
        client.train("01890000-0000-7000-8000-000000000000", preset="tiny")


def test_what_a_job_leaves(client: Client, db: Database, tmp_path: Path) -> None:
    """Epochs, the best checkpoint, its model as a file; a text that it wrote."""
    lease = claim_job(db, make_training_job(db))
    finish_epoch(db, lease, 1, model=b"first", val_loss=2.0)
    finish_epoch(db, lease, 2, model=b"second", val_loss=3.0)
    assert [row["epoch"] for row in client.rows(lease.job_id, "epochs")] == [1, 2]
    best = client.best_checkpoint(lease.job_id)
    assert client.checkpoint(best["id"])["epoch"] == 1
    file = client.download(f"/checkpoints/{best['id']}/model.keras", tmp_path)
    assert (file.read_bytes(), file.suffix) == (b"first", ".keras")
    do(db, lambda s: succeed(s, lease))
    written = client.generate(best["id"], length=20, temperature=[0.4, 0.8])
    add_output(db, claim_job(db, queue="generate"), 1, "道可道")
    assert b"".join(client.pieces(f"/jobs/{written['id']}/output.txt")).decode() == "道可道"


def follow(client: Client, db: Database, finish: Any, job_id: str) -> list[Any]:
    """Follow a job that another thread finishes meanwhile."""
    found = []
    worker = threading.Thread(target=finish)
    for event in client.follow(job_id):
        found.append(event)
        if len(found) == 1:
            worker.start()
    worker.join()
    return found


def test_follow_to_the_end(client: Client, db: Database) -> None:
    """Every event once and in order while a worker works, and the end is the last one."""
    job = make_training_job(db)

    def finish() -> None:
        lease = claim_job(db, job)
        finish_epoch(db, lease)
        do(db, lambda s: succeed(s, lease))

    events = [e for e in follow(client, db, finish, job.id) if e["seq"] is not None]
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    types = [e["type"] for e in events]
    assert types == ["queued", "running", "epoch", "sample", "checkpoint", "succeeded"]
    assert events == client.rows(job.id, "events")
    assert client.wait(job.id, 5)["status"] == "succeeded"


def test_follow_a_text(client: Client, db: Database) -> None:
    """Its pieces carry what was written."""
    job = make_generation_job(db)

    def finish() -> None:
        lease = claim_job(db, job)
        write_text(db, lease, 1, "one ", "道\u2028two")
        do(db, lambda s: succeed(s, lease))

    told = follow(client, db, finish, job.id)
    pieces = [p["text"] for e in told if e["type"] == "text" for p in e["data"]["pieces"]]
    assert pieces == ["one ", "道\u2028two"]
    assert reload(db, job).status == "succeeded"


def test_schedules_and_models(client: Client, db: Database) -> None:
    """Add, change, run, promote, roll back."""
    corpus = make_corpus(db)
    fields: dict[str, Any] = {"cron": "nightly", "corpus_id": corpus.id, "model": "ours"}
    made = client.add_schedule(name="mine", training={"preset": "tiny"}, **fields)
    other = client.add_schedule(ScheduleRequest.model_validate({"name": "other", **fields}))
    changed = client.change_schedule(made["id"], cron="hourly", training={"epochs": 2})
    assert (changed["cron"], changed["name"]) == ("0 * * * *", "mine")
    assert changed["training"] == {"epochs": 2}
    assert len(client.schedule(made["id"])["next_times"]) == 5
    assert client.run_schedule(made["id"])["by_hand"]
    assert len(list(client.runs(made["id"]))) == 1
    client.delete_schedule(other["id"])
    assert [row["id"] for row in client.schedules()] == [made["id"]]


def test_stars(client: Client, db: Database) -> None:
    """Star a sample, list the starred ones, take the star away."""
    lease = claim_job(db, make_training_job(db))
    finish_epoch(db, lease, temperatures=[0.3, 1.0])
    first, second = (row["id"] for row in client.rows(lease.job_id, "samples"))
    client.star(second)
    starred = client.rows(lease.job_id, "samples", starred=True)
    assert [row["id"] for row in starred] == [second]
    client.star(second, starred=False)
    rest = client.rows(lease.job_id, "samples", starred=False)
    assert [row["id"] for row in rest] == [first, second]


def test_models(client: Client, db: Database) -> None:
    """Promote by hand, look at it, change what is wanted of the next one, roll back."""
    lease = claim_job(db, make_training_job(db))
    finish_epoch(db, lease, 1)
    finish_epoch(db, lease, 2)
    first, second = (row["id"] for row in client.rows(lease.job_id, "checkpoints"))
    assert client.promote("ours", first)["checkpoint_id"] == first
    assert client.promote("ours", second, "better")["checkpoint_id"] == second
    assert client.roll_back("ours")["checkpoint_id"] == first
    assert client.change_model("ours", margin=0.5)["margin"] == 0.5
    assert client.model("ours")["most_copied"] == 0.2
    assert [row["reason"] for row in client.history("ours")] == ["by hand", "better", "by hand"]
    assert [row["name"] for row in client.models()] == ["ours"]
