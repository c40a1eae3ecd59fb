"""What jobs leave behind: events, epochs, checkpoints, samples, outputs."""

from shared.db import Database
from shared.jobs.records import drop_unfinished
from tests.integration.api.client import Api, field_error, ids, problem
from tests.integration.api.outputs import add_output
from tests.support.factories import (
    claim_job,
    do,
    finish_epoch,
    make_generation_job,
    make_training_job,
    write_text,
)

EVENT = {"seq", "type", "created_at", "data"}
EPOCH = {
    *("epoch", "loss", "val_loss", "accuracy", "val_accuracy"),
    *("seconds", "characters_per_second", "learning_rate", "created_at"),
}
CHECKPOINT = {"id", "job_id", "epoch", "val_loss", "best", "bytes", "sha256", "created_at"}
SAMPLE = {
    *("id", "job_id", "epoch", "temperature", "prompt", "text", "rng_seed", "copying"),
    *("starred", "created_at"),
}
OUTPUT = {
    *("id", "job_id", "number", "temperature", "prompt", "prompt_report", "text"),
    *("characters", "rng_seed", "finish_reason", "copying", "created_at"),
}


def trained(db: Database, epochs: int = 3) -> str:
    """Return a job that has run for some epochs."""
    lease = claim_job(db, make_training_job(db))
    for epoch in range(1, epochs + 1):
        finish_epoch(db, lease, epoch, val_loss=3.0 - epoch / 10, sample=f"text {epoch}")
    return lease.job_id


def test_events_follow_their_numbers(api: Api, db: Database) -> None:
    """``after`` is the last seq; the numbers have no gap."""
    job_id = trained(db)
    rows = api.get(f"/jobs/{job_id}/events").get_json()["data"]
    assert rows[0].keys() == EVENT
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    page = api.get(f"/jobs/{job_id}/events?after=2&limit=3").get_json()
    assert (page["data"], page["has_more"]) == (rows[2:5], True)


def test_events_carry_the_text_as_it_is_written(api: Api, db: Database) -> None:
    """Each piece with its place; one that was discarded is null."""
    lease = claim_job(db, make_generation_job(db))
    write_text(db, lease, 1, "道", "ab")
    path = f"/jobs/{lease.job_id}/events?after=2"
    rows = api.get(path).get_json()["data"]
    place = {"number": 1, "start": 1, "characters": 2, "start_byte": 3, "bytes": 2}
    assert [row["type"] for row in rows] == ["text", "text"]
    assert rows[1]["data"] == {"pieces": [place | {"text": "ab"}]}
    do(db, lambda s: drop_unfinished(s, lease))
    rows = api.get(path).get_json()["data"]
    assert rows[1]["data"] == {"pieces": [place | {"text": None}]}
    assert rows[2]["data"] == {"numbers": [1]}


def test_a_page_of_long_events_ends_early(api: Api, db: Database) -> None:
    """It says that there is more, and the next one goes on."""
    lease = claim_job(db, make_generation_job(db))
    write_text(db, lease, 1, *["秋" * 100_000] * 5)
    path = f"/jobs/{lease.job_id}/events"
    first = api.get(f"{path}?after=2").get_json()
    assert (len(first["data"]), first["has_more"]) == (3, True)
    rest = api.get(f"{path}?after={first['data'][-1]['seq']}").get_json()
    assert (len(rest["data"]), rest["has_more"]) == (2, False)


def test_epochs_are_listed_oldest_first(api: Api, db: Database) -> None:
    """``after`` is the last epoch."""
    job_id = trained(db)
    rows = api.get(f"/jobs/{job_id}/epochs").get_json()["data"]
    assert rows[0].keys() == EPOCH
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    page = api.get(f"/jobs/{job_id}/epochs?after=2").get_json()
    assert (page["data"], page["has_more"]) == (rows[2:], False)


def test_checkpoints_tell_the_best(api: Api, db: Database) -> None:
    """One of them is the best, by validation loss."""
    job_id = trained(db)
    rows = api.get(f"/jobs/{job_id}/checkpoints").get_json()["data"]
    assert rows[0].keys() >= CHECKPOINT
    assert [(row["epoch"], row["best"]) for row in rows] == [(1, False), (2, False), (3, True)]


def test_samples_are_paged(api: Api, db: Database) -> None:
    """``after`` is the last id."""
    path = f"/jobs/{trained(db)}/samples"
    rows = api.get(path).get_json()["data"]
    assert rows[0].keys() == SAMPLE
    assert [row["text"] for row in rows] == ["text 1", "text 2", "text 3"]
    assert ids(api.get(f"{path}?after={rows[0]['id']}")) == [row["id"] for row in rows[1:]]


def test_a_short_output_is_inline(api: Api, db: Database) -> None:
    """With all fields of the design."""
    lease = claim_job(db, make_generation_job(db))
    add_output(db, lease, 1, "道可道")
    (row,) = api.get(f"/jobs/{lease.job_id}/outputs").get_json()["data"]
    assert row.keys() >= OUTPUT
    assert (row["text"], row["characters"]) == ("道可道", 3)


def test_a_long_output_is_a_link(api: Api, db: Database) -> None:
    """Beyond 64 KiB the text is null and its link has it."""
    lease = claim_job(db, make_generation_job(db))
    text = "".join(f"line {n}\n" for n in range(60_000))
    add_output(db, lease, 1, "short")
    add_output(db, lease, 2, text)
    rows = api.get(f"/jobs/{lease.job_id}/outputs").get_json()["data"]
    assert [row["text"] for row in rows] == ["short", None]
    assert api.get(rows[1]["links"]["text"]).text == text


def test_a_training_job_has_no_outputs(api: Api, db: Database) -> None:
    """Lists of the other kind's records are empty; its downloads are not there."""
    job_id = trained(db)
    assert ids(api.get(f"/jobs/{job_id}/outputs")) == []
    problem(api.get(f"/jobs/{job_id}/output.txt"), 404, "not_found")
    problem(api.get(f"/jobs/{job_id}/output.jsonl"), 404, "not_found")


def test_after_is_checked(api: Api, db: Database) -> None:
    """Numbers where rows are numbered, ids where they have ids."""
    job_id = make_training_job(db).id
    for path in ("events", "epochs"):
        for bad in ("x", "-1", "9" * 18, "9" * 30):
            field_error(api.get(f"/jobs/{job_id}/{path}?after={bad}"), "after")
    for path in ("checkpoints", "samples", "outputs"):
        field_error(api.get(f"/jobs/{job_id}/{path}?after=7"), "after")
