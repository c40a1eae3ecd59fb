"""What Prometheus is told."""

from datetime import UTC, datetime
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from shared.db import Database
from shared.ids import is_id
from shared.jobs.queries import origin_of
from shared.queue import FakeTickets
from shared.settings import Settings
from shared.workers.services import Process, see
from tests.integration.api.client import TOKEN, Api
from tests.support.apps import make_app
from tests.support.factories import claim_job, do, make_standing_job, make_training_job

ADMIN = {"Authorization": f"Bearer {TOKEN}"}


def told(api: Api) -> dict[tuple[str, ...], float]:
    """Return the values by name and labels, as Prometheus' own parser reads them."""
    answer = api.client.get("/metrics", headers=ADMIN)
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_jobs_are_counted_by_kind_and_status(api: Api, db: Database) -> None:
    """As they stand now."""
    make_standing_job(db, "failed")
    make_standing_job(db, "paused")
    lease = claim_job(db, make_training_job(db))
    make_training_job(db)
    values = told(api)
    found = {
        key[2]: value for key, value in values.items() if key[:2] == ("charloom_jobs", "train")
    }
    assert found == {"failed": 1, "paused": 1, "running": 1, "queued": 1}
    assert lease.job_id not in api.client.get("/metrics", headers=ADMIN).text


def test_queues_tell_how_long_they_wait(api: Api, db: Database) -> None:
    """One on which nothing waits tells 0."""
    assert told(api)["charloom_oldest_queued_seconds", "train"] == 0
    make_training_job(db)
    values = told(api)
    assert 0 <= values["charloom_oldest_queued_seconds", "train"] < 60
    assert values["charloom_oldest_queued_seconds", "generate"] == 0


def test_workers_are_counted_by_queue(api: Api, db: Database) -> None:
    """Those that were seen of late."""
    assert told(api)["charloom_workers", "train"] == 0
    for number in range(2):
        name = f"01a214bb-4f62-7127-ae46-a465ee9fc6b{number}"
        process = Process(name, f"node:{number}", ["train"], "cpu", datetime.now(UTC))
        do(db, lambda s, process=process: see(s, process))  # type: ignore[misc]
    assert told(api)["charloom_workers", "train"] == 2


def test_a_token_of_its_own_opens_metrics_alone(api: Api, settings: Settings) -> None:
    """Prometheus needs no administrator's; what it has is good for nothing else."""
    app = make_app(
        settings.model_copy(update={"metrics_token": SecretStr("scrape")}), FakeTickets()
    )
    client, scraper = app.test_client(), {"Authorization": "Bearer scrape"}
    assert client.get("/metrics", headers=scraper).status_code == 200
    assert client.get("/metrics", headers={"Authorization": "Bearer scrapf"}).status_code == 401
    assert client.get("/metrics").status_code == 401
    assert client.get("/api/v1/jobs", headers=scraper).status_code == 401
    assert api.client.get("/metrics", headers=scraper).status_code == 401, "where it is not set"
    app.extensions["charloom"].db.close()


def test_requests_are_timed_by_endpoint_and_status(api: Api) -> None:
    """Those that are refused, and those for nothing, too."""
    name = "charloom_http_request_duration_seconds_count"
    keys = [(name, "jobs.index", "200"), (name, "jobs.show", "404"), (name, "nothing", "404")]
    before = told(api)
    for path in ("/api/v1/jobs", "/api/v1/jobs/x", "/api/v1/nothing"):
        api.client.get(path, headers=ADMIN)
    after = told(api)
    assert [after[key] - before.get(key, 0) for key in keys] == [1, 1, 1]


def test_requests_have_an_id(api: Api, db: Database) -> None:
    """The caller's, if it is well-formed, or a new one; a job keeps that of its submission."""
    given = {**ADMIN, "X-Request-ID": "trace-me:0123"}
    assert api.client.get("/api/v1/jobs", headers=given).headers["X-Request-ID"] == "trace-me:0123"
    for bad in ("short", "two words of it", "x" * 200):
        answer = api.client.get("/api/v1/jobs", headers={**ADMIN, "X-Request-ID": bad})
        assert is_id(answer.headers["X-Request-ID"])
    corpus = api.client.post(
        "/api/v1/corpora", json={"name": "n", "text": "A journey. " * 200}, headers=ADMIN
    ).get_json()
    job = api.client.post(
        "/api/v1/training-jobs", json={"corpus_id": corpus["id"], "preset": "tiny"}, headers=given
    ).get_json()
    with db.read() as session:
        assert origin_of(session, job["id"]) == {"request": "trace-me:0123"}


def test_without_the_database_the_rest_is_told(settings: Settings, tmp_path: Path) -> None:
    """That it is away is what most wants telling then."""
    url = f"sqlite:///{tmp_path / 'no' / 'folder.db'}"
    app = make_app(settings.model_copy(update={"database_url": url}), FakeTickets())
    text = app.test_client().get("/metrics", headers=ADMIN).text
    assert "charloom_database_up 0.0" in text
    assert "charloom_jobs{" not in text
    app.extensions["charloom"].db.close()
