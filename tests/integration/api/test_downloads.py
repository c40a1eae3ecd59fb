"""Downloads: what they hold, and how they are named."""

import json

from sqlalchemy import delete

from shared.blobs import BlobChunk
from shared.db import Database
from shared.jobs.rows import Lease
from tests.integration.api.client import Api, problem
from tests.integration.api.outputs import add_output
from tests.support.factories import (
    claim_job,
    finish_epoch,
    make_checkpoint,
    make_generation_job,
    make_training_job,
)

# Over 64 KiB and several chunks, with characters that chunk borders cut.
LONG = "道可道,非常道。\n" * 40_000


def generating(db: Database, name: str = "mine") -> Lease:
    """Return the lease of a running generation job."""
    return claim_job(db, make_generation_job(db, name=name))


def test_output_txt_is_the_text_alone(api: Api, db: Database) -> None:
    """Several texts, short and long, are joined by one newline and nothing else."""
    lease = generating(db)
    for number, text in enumerate(("one", LONG, "", "two\n"), 1):
        add_output(db, lease, number, text)
    answer = api.get(f"/jobs/{lease.job_id}/output.txt")
    assert answer.content_type == "text/plain; charset=utf-8"
    assert answer.text == "\n".join(("one", LONG, "", "two\n"))


def test_output_txt_of_many_texts(api: Api, db: Database) -> None:
    """More texts than one read of the database takes."""
    lease = generating(db)
    texts = [f"text {number}" for number in range(1, 121)]
    for number, text in enumerate(texts, 1):
        add_output(db, lease, number, text)
    assert api.get(f"/jobs/{lease.job_id}/output.txt").text.split("\n") == texts


def test_output_txt_of_one_number(api: Api, db: Database) -> None:
    """One text can be asked for by its number."""
    lease = generating(db)
    add_output(db, lease, 1, "one")
    add_output(db, lease, 2, "two")
    assert api.get(f"/jobs/{lease.job_id}/output.txt?number=2").text == "two"
    problem(api.get(f"/jobs/{lease.job_id}/output.txt?number=3"), 404, "not_found")


def test_output_jsonl_has_everything(api: Api, db: Database) -> None:
    """Each line is an output with its whole text, however long."""
    lease = generating(db)
    add_output(db, lease, 1, 'a "quote"\n')
    add_output(db, lease, 2, LONG)
    answer = api.get(f"/jobs/{lease.job_id}/output.jsonl")
    assert answer.mimetype == "application/x-ndjson"
    first, second = (json.loads(line) for line in answer.text.splitlines() if line)
    assert (first["number"], first["text"]) == (1, 'a "quote"\n')
    assert (second["text"], second["finish_reason"]) == (LONG, "length")
    assert first.keys() == api.get(f"/jobs/{lease.job_id}/outputs").get_json()["data"][0].keys() - {
        "links"
    }


def test_samples_are_downloaded(api: Api, db: Database) -> None:
    """For reading with headings, and as JSON lines."""
    lease = claim_job(db, make_training_job(db))
    for epoch in (1, 2):
        finish_epoch(db, lease, epoch, sample=f"text {epoch}")
    text = api.get(f"/jobs/{lease.job_id}/samples.txt").text
    assert text.startswith("== epoch 1, temperature 0.6 ==\ntext 1\n\n== epoch 2")
    lines = api.get(f"/jobs/{lease.job_id}/samples.jsonl").text.splitlines()
    listed = api.get(f"/jobs/{lease.job_id}/samples").get_json()["data"]
    assert [json.loads(line) for line in lines] == listed


def test_a_job_without_texts_downloads_nothing(api: Api, db: Database) -> None:
    """Before the first text the file is empty, not an error."""
    lease = generating(db)
    for path in ("output.txt", "output.jsonl"):
        answer = api.get(f"/jobs/{lease.job_id}/{path}")
        assert (answer.status_code, answer.data) == (200, b"")


def test_a_file_is_named_after_its_job(api: Api, db: Database) -> None:
    """Safe on every system, in plain ASCII and (RFC 6266) in full."""
    lease = generating(db, name='../道 "x"; y')
    header = api.get(f"/jobs/{lease.job_id}/output.txt").headers["Content-Disposition"]
    assert header == (
        "attachment; filename=\"-x-y-output.txt\"; filename*=UTF-8''%E9%81%93-x-y-output.txt"
    )


def test_a_model_is_downloaded(api: Api, db: Database) -> None:
    """The bytes as they were stored, with length, name and an ETag."""
    model = bytes(range(256)) * 4000
    lease = claim_job(db, make_training_job(db, name="mine"))
    finish_epoch(db, lease, model=model)
    (row,) = api.get(f"/jobs/{lease.job_id}/checkpoints").get_json()["data"]
    answer = api.get(f"/checkpoints/{row['id']}/model.keras")
    assert answer.data == model
    assert answer.content_length == row["bytes"] == len(model)
    assert "mine-epoch-1-model.keras" in answer.headers["Content-Disposition"]
    again = api.get(answer.request.path, {"If-None-Match": f'"{row["sha256"]}"'})
    assert again.status_code == 304


def test_a_checkpoint_is_shown(api: Api, db: Database) -> None:
    """By its id, with a link to its model."""
    checkpoint = make_checkpoint(db)
    shown = api.get(f"/checkpoints/{checkpoint.id}").get_json()
    assert (shown["id"], shown["job_id"]) == (checkpoint.id, checkpoint.job_id)
    assert api.get(shown["links"]["model"]).status_code == 200


def test_an_unknown_checkpoint(api: Api) -> None:
    """404, for the record and its file."""
    for path in ("/checkpoints/nothing", "/checkpoints/nothing/model.keras"):
        problem(api.get(path), 404, "not_found")


def test_a_damaged_blob_is_our_fault(api: Api, db: Database) -> None:
    """Bytes that are gone make an error, not an empty file."""
    checkpoint = make_checkpoint(db)
    with db.write() as session:
        session.execute(delete(BlobChunk).where(BlobChunk.blob_id == checkpoint.blob_id))
    problem(api.get(f"/checkpoints/{checkpoint.id}/model.keras"), 500, "internal")
