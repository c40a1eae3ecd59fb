"""Stars: samples that are marked, listed and downloaded."""

import json

from shared.db import Database
from shared.jobs.queries import list_samples
from shared.jobs.services import succeed
from tests.integration.api.client import Api, field_error, ids, problem
from tests.support.factories import (
    claim_job,
    do,
    finish_epoch,
    make_team,
    make_training_job,
)


def grid(db: Database) -> str:
    """Return a running job with two epochs of two samples."""
    lease = claim_job(db, make_training_job(db))
    for epoch in (1, 2):
        finish_epoch(db, lease, epoch, sample=f"text {epoch}", temperatures=[0.3, 1.0])
    return lease.job_id


def test_a_star_is_put_and_taken_away(api: Api, db: Database) -> None:
    """Any number of times; the lists tell of it at once."""
    path = f"/jobs/{grid(db)}/samples"
    first, second, third, fourth = ids(api.get(path))
    for _ in range(2):
        for one in (second, fourth):
            answer = api.put(f"/samples/{one}/star")
            assert (answer.status_code, answer.data) == (204, b"")
        assert ids(api.get(f"{path}?starred=true")) == [second, fourth]
    rows = api.get(path).get_json()["data"]
    assert [row["starred"] for row in rows] == [False, True, False, True]
    assert ids(api.get(f"{path}?starred=false")) == [first, third]
    assert ids(api.get(f"{path}?starred=true&after={second}")) == [fourth]
    for _ in range(2):
        assert api.delete(f"/samples/{second}/star").status_code == 204
        assert ids(api.get(f"{path}?starred=true")) == [fourth]


def test_an_ended_jobs_samples_are_starred_too(api: Api, db: Database) -> None:
    """And nothing is said to have happened to the job."""
    lease = claim_job(db, make_training_job(db))
    finish_epoch(db, lease)
    do(db, lambda s: succeed(s, lease))
    path = f"/jobs/{lease.job_id}"
    before = api.get(path).headers["ETag"]
    (sample,) = ids(api.get(f"{path}/samples"))
    assert api.put(f"/samples/{sample}/star").status_code == 204
    assert ids(api.get(f"{path}/samples?starred=true")) == [sample]
    assert api.get(path).headers["ETag"] == before


def test_stars_are_downloaded_alone(api: Api, db: Database) -> None:
    """For reading and as JSON lines, in files of their own names."""
    path = f"/jobs/{grid(db)}"
    rows = api.get(f"{path}/samples").get_json()["data"]
    api.put(f"/samples/{rows[3]['id']}/star")
    text = api.get(f"{path}/samples.txt?starred=true")
    assert text.text == "== epoch 2, temperature 1 ==\ntext 2\n\n"
    assert "-stars.txt" in text.headers["Content-Disposition"]
    lines = api.get(f"{path}/samples.jsonl?starred=true").text.splitlines()
    assert [json.loads(line) for line in lines] == [rows[3] | {"starred": True}]
    whole = api.get(f"{path}/samples.jsonl").text.splitlines()
    cells = [(row["epoch"], row["temperature"], row["starred"]) for row in map(json.loads, whole)]
    assert cells == [(1, 0.3, False), (1, 1.0, False), (2, 0.3, False), (2, 1.0, True)]
    rest = api.get(f"{path}/samples.txt?starred=false").text
    assert rest.count("== epoch") == 3


def test_what_there_is_not_has_no_star(api: Api, db: Database) -> None:
    """Nor has another team's sample."""
    job = make_training_job(db, team_id=make_team(db))
    lease = claim_job(db, job)
    finish_epoch(db, lease)
    with db.read() as session:
        theirs = list_samples(session, job.id).data[0].id
    for name in (theirs, job.id, "x"):
        problem(api.put(f"/samples/{name}/star"), 404, "not_found")
        problem(api.delete(f"/samples/{name}/star"), 404, "not_found")
    mine = grid(db)
    for path in ("samples", "samples.txt", "samples.jsonl"):
        for bad in ("yes", "1", "True", ""):
            field_error(api.get(f"/jobs/{mine}/{path}?starred={bad}"), "starred")
