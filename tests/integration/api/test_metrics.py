"""What Prometheus is told."""

from datetime import UTC, datetime

from prometheus_client.parser import text_string_to_metric_families

from shared.db import Database
from shared.workers.services import Process, see
from tests.integration.api.client import TOKEN, Api
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
