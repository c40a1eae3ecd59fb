"""Two versions side by side, as while an installation is upgraded: docs/upgrading.md."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.client import Client
from shared.corpora.sources import python_reference
from shared.fields import Spec
from shared.jobs.imports import ImportSpec
from shared.jobs.requests import ScoreSpec, VerifySpec
from shared.queue import make_celery
from shared.settings import load_settings
from shared.specs import GenerationSpec, TrainingSpec
from tests.support.long_runs import wait_for_end
from tests.support.releases import (
    fields_of,
    own_code,
    program_env,
    unpack_last_release,
    worker_of,
)
from tests.support.web_server import TOKEN, running_web

pytestmark = pytest.mark.timeout(400)

SPECS: tuple[type[Spec], ...] = (TrainingSpec, GenerationSpec, ScoreSpec, VerifySpec, ImportSpec)


@pytest.fixture(scope="module")
def last_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the last release's code."""
    return unpack_last_release(tmp_path_factory.mktemp("release"))


@pytest.fixture
def old_worker(
    last_release: Path, database_url: str, redis_url: str, tmp_path: Path
) -> Iterator[Path]:
    """The log of the last release's worker of all queues, on a database of today's schema."""
    env = program_env(last_release, database_url=database_url, redis_url=redis_url,
                      cache_folder=str(tmp_path / "cache"))  # fmt: skip
    assert own_code(last_release, env) == str(last_release / "shared" / "__init__.py")
    log = tmp_path / "worker.log"
    with worker_of(last_release, "train,generate,maintenance", env, log):
        yield log


def train_and_write(client: Client, corpus_id: str) -> str:
    """Have a model trained and a text written by it; return the text."""
    job = wait_for_end(client, client.train(corpus_id, preset="tiny", epochs=1))
    checkpoint = client.best_checkpoint(job["id"])
    written = wait_for_end(client, client.generate(checkpoint["id"], length=30, prompt="the "))
    return str(client.rows(written["id"], "outputs")[0]["text"])


def test_newer_fields_are_known_as_such(last_release: Path) -> None:
    """What the last release does not know is left out of specs while it has its default."""
    known = fields_of(last_release, SPECS)
    for spec in SPECS:
        old, today = set(known[spec.__name__]), spec.model_fields.keys()
        assert old <= today, "none went"
        assert spec.newer == today - old, spec


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_last_releases_worker_does_todays_jobs(
    old_worker: Path, last_release: Path, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """It trains and writes on today's schema, for today's web server and for its own; it sweeps."""
    today = {"CHARLOOM_REDIS_URL": redis_url}
    before = today | {"PYTHONPATH": str(last_release)}
    with (
        running_web(database_url, tmp_path / "new.log", today) as new,
        running_web(database_url, tmp_path / "old.log", before, last_release) as old,
        Client(new, TOKEN) as client,
        Client(old, TOKEN) as older,
    ):
        corpus = client.add_corpus("both", text=python_reference()[:20_000])
        make_celery(load_settings(redis_url=redis_url)).send_task(
            "charloom.sweep", queue="maintenance"
        )
        assert len(train_and_write(client, corpus["id"])) == 30
        assert len(train_and_write(older, corpus["id"])) == 30
        jobs = [client.get("/jobs")["data"], older.get("/jobs")["data"]]
        assert [len(rows) for rows in jobs] == [4, 4], "each reads what came by the other"
    assert "Traceback" not in old_worker.read_text()
