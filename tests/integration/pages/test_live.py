"""What an open job page asks for: the state, the rows behind its cursors, or 304."""

from typing import Any

from shared.db import Database
from shared.jobs.records import NewOutput, record_output
from shared.jobs.services import report_progress, succeed
from tests.integration.pages.site import Site
from tests.support.factories import (
    claim_job,
    finish_epoch,
    make_generation_job,
    make_training_job,
    write_text,
)


def live(site: Site, job_id: str, **cursors: object) -> dict[str, Any]:
    """Return what is behind the cursors."""
    answer = site.client.get(f"/jobs/{job_id}/live.json", query_string=cursors)
    assert answer.status_code == 200
    body: dict[str, Any] = answer.get_json()
    return body


def keys(rows: list[dict[str, Any]], name: str) -> list[str]:
    """Return one value of each row."""
    return [row[name] for row in rows]


def texts(rows: list[dict[str, Any]]) -> list[str]:
    """Return the texts of the cells of a grid's rows."""
    return [
        "".join(part["text"] for part in cell["parts"]) for row in rows for cell in row["cells"]
    ]


def test_rows_behind_the_cursors(site: Site, db: Database) -> None:
    """Only what is new comes, oldest first; checkpoints come whole while there is news."""
    job = make_training_job(db, epochs=3, keep_checkpoints=1)
    lease = claim_job(db, job)
    for epoch in (1, 2, 3):
        finish_epoch(db, lease, epoch, sample=f"<i>秋 {epoch}", val_loss=float(epoch))
    every = live(site, job.id)["rows"]
    assert keys(every["epochs"], "epoch") == ["1", "2", "3"]
    assert texts(every["samples"]) == ["<i>秋 1", "<i>秋 2", "<i>秋 3"]
    assert [(row["epoch"], row["best"]) for row in every["checkpoints"]] == [
        ("1", True),
        ("3", False),
    ]
    new = live(site, job.id, epoch=2, sample=2, event=every["events"][-2]["seq"])["rows"]
    assert keys(new["epochs"], "epoch") == ["3"]
    assert keys(new["samples"], "epoch") == ["3"]
    assert len(new["events"]) == 1
    none = live(site, job.id, epoch=3, sample=3, event=every["events"][-1]["seq"])["rows"]
    assert none == {"epochs": [], "samples": [], "events": []}


def test_samples_of_one_epoch_stay_together(site: Site, db: Database) -> None:
    """However many there are, whoever goes on behind an epoch has had all of its samples."""
    lease = claim_job(db, make_training_job(db, epochs=7))
    for epoch in range(1, 8):
        finish_epoch(db, lease, epoch, temperatures=[n / 10 for n in range(8)])
    heard, last = [], 0
    while rows := live(site, lease.job_id, sample=last)["rows"]["samples"]:
        heard += [(row["epoch"], cell["temperature"]) for row in rows for cell in row["cells"]]
        last = int(rows[-1]["epoch"])
    assert heard == [(str(e), f"{n / 10:g}") for e in range(1, 8) for n in range(8)]


def test_nothing_new_is_304(site: Site, db: Database) -> None:
    """The same question again is answered by 304 until something changes."""
    job = make_training_job(db)
    lease = claim_job(db, job)
    path = f"/jobs/{job.id}/live.json?event=2"
    mark = site.client.get(path).headers["ETag"]
    again = site.client.get(path, headers={"If-None-Match": mark})
    assert (again.status_code, again.data) == (304, b"")
    other = site.client.get(f"{path}&epoch=1", headers={"If-None-Match": mark})
    assert other.status_code == 200
    with db.write() as session:
        report_progress(session, lease, {"fraction": 0.5})
    assert site.client.get(path, headers={"If-None-Match": mark}).status_code == 200


def test_the_state_while_it_runs_and_after(site: Site, db: Database) -> None:
    """Percent, moves and title while it runs; the end, once."""
    job = make_training_job(db, name="Prose")
    lease = claim_job(db, job)
    with db.write() as session:
        report_progress(session, lease, {"epoch": 1, "epochs": 2, "fraction": 0.999})
    running = live(site, job.id)["state"]
    assert (running["percent"], running["title"]) == (99, "99% · Prose")
    assert running["moves"] == ["pause", "cancel"]
    assert not running["ended"]
    with db.write() as session:
        succeed(session, lease)
    ended = live(site, job.id)["state"]
    assert (ended["ended"], ended["percent"], ended["moves"]) == (True, 100, ["delete"])


def test_outputs_as_they_arrive(site: Site, db: Database) -> None:
    """Texts of a generation job come behind the number that was seen."""
    job = make_generation_job(db)
    lease = claim_job(db, job)
    with db.write() as session:
        for number in (1, 2):
            record_output(session, lease, NewOutput(number, 0.6, "p", {}, 1, 0, "length", "x"))
    assert keys(live(site, job.id)["rows"]["outputs"], "number") == ["1", "2"]
    assert keys(live(site, job.id, output=1)["rows"]["outputs"], "number") == ["2"]


def test_written_text_is_no_news(site: Site, db: Database) -> None:
    """Its events are many: neither the poll nor the page lists them; the page has their text."""
    job = make_generation_job(db)
    lease = claim_job(db, job)
    write_text(db, lease, 1, *["so much "] * 60)
    assert keys(live(site, job.id)["rows"]["events"], "what") == ["Queued", "A worker took it"]
    assert live(site, job.id, event=2)["rows"] == {"outputs": [], "events": []}
    page = site.get(f"/jobs/{job.id}")
    assert "A worker took it" in page.text
    assert page.text.count("so much") == 60
    assert 'data-event="62"' in page.html


def test_odd_cursors(site: Site, db: Database) -> None:
    """A cursor that is no number, negative or huge does no harm."""
    job = make_training_job(db)
    for value in ("x", "-5", "99999999999999999999", ""):
        assert live(site, job.id, epoch=value, event=value, sample=value)["state"]


def test_a_poll_of_a_long_run_is_small(site: Site, db: Database) -> None:
    """What a poll carries does not grow with the run."""
    job = make_training_job(db, epochs=30, keep_checkpoints=1)
    lease = claim_job(db, job)
    for epoch in range(1, 31):
        finish_epoch(db, lease, epoch)
    path = f"/jobs/{job.id}/live.json?epoch=29&sample=29&event={2 + 3 * 29}"
    assert len(site.client.get(path).data) < 4000
