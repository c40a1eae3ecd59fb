"""The service with its blobs in a store: training, downloads, outages, backups."""

import json
from pathlib import Path
from zipfile import ZipFile

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, update

from cli.backups.restoring import restore
from cli.backups.writing import back_up
from cli.main import main
from shared.blobs import Blob, BlobChunk, read_blob, reclaim
from shared.checkpoints.models import Checkpoint
from shared.checkpoints.queries import list_checkpoints
from shared.db import Database, database_time
from shared.errors import StoreAway
from shared.jobs.models import Job, Kind
from shared.queue import FakeTickets
from shared.settings import Settings, load_settings
from tests.conftest import NO_BROKER
from tests.integration.api.client import Api
from tests.support.apps import make_app
from tests.support.buckets import Bucket
from tests.support.factories import make_blob, make_training_job, reload
from tests.support.nodes import make_node
from worker.runners import work
from worker.sweeper import Rounds, sweep

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Weather:
    """A store that is away for its next calls."""

    def __init__(self, store: object, fails: int):
        self._store, self.fails = store, fails

    def __getattr__(self, name: str) -> object:
        if self.fails > 0:
            self.fails -= 1
            raise StoreAway("a storm")
        return getattr(self._store, name)


def checkpoints(db: Database, job: Job) -> list[Checkpoint]:
    """Return a job's checkpoints."""
    with db.read() as session:
        return list_checkpoints(session, job.id).data


def test_a_model_is_trained_and_downloaded(
    stored: Database, store_settings: Settings, tickets: FakeTickets, bucket: Bucket, tmp_path: Path
) -> None:
    """Through two outages that it waits for; not a byte of a blob is in the database."""
    job = make_training_job(stored)
    stored.store = Weather(stored.store, 2)  # type: ignore[assignment]
    assert work(make_node(stored, store_settings), Kind.TRAIN) == 1
    done = reload(stored, job)
    assert (done.status, done.attempt) == ("succeeded", 1)
    with stored.read() as session:
        assert session.scalar(select(func.count()).select_from(BlobChunk)) == 0
    row = checkpoints(stored, job)[-1]
    app = make_app(store_settings, tickets)
    api = Api(app.test_client())
    model = api.get(f"/checkpoints/{row.id}/model.keras")
    assert model.data == b"".join(read_blob(stored, row.blob_id))
    part = api.get(f"/checkpoints/{row.id}/model.keras", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.data) == (206, model.data[100:200])
    (tmp_path / "bundle.zip").write_bytes(api.get(f"/checkpoints/{row.id}/bundle.zip").data)
    with ZipFile(tmp_path / "bundle.zip") as archive:
        assert archive.read("model.keras") == model.data
    app.extensions["charloom"].db.close()


def test_a_store_that_is_away_is_a_503(store_settings: Settings, tickets: FakeTickets) -> None:
    """With the time to come again; what needs no bytes is answered."""
    changes = {"blob_store_endpoint": "http://127.0.0.1:1"}
    app = make_app(store_settings.model_copy(update=changes), tickets)
    api = Api(app.test_client())
    answer = api.post("/corpora", {"name": "verse", "text": "to be or not to be " * 40})
    assert (answer.status_code, answer.get_json()["code"]) == (503, "store_unavailable")
    assert answer.headers["Retry-After"]
    assert api.get("/corpora").get_json()["data"] == []
    app.extensions["charloom"].db.close()


def test_the_sweeper_goes_on_without_the_store(
    stored: Database, away: Database, store_settings: Settings
) -> None:
    """Its round ends, and it leaves the store alone for a while."""
    make_blob(stored, b"nobody's")
    with stored.write() as session:
        session.execute(update(Blob).values(touched_at=0.0))
    rounds = Rounds(last=float("inf"))
    sweep(make_node(away, store_settings), rounds)
    assert rounds.next_reclaim > 0
    rounds.next_reclaim = 0.0
    sweep(make_node(stored, store_settings), rounds)
    with stored.read() as session:
        assert session.scalar(select(func.count()).select_from(Blob)) == 0


def test_a_backup_has_the_objects_and_is_restored_into_a_store(
    stored: Database, database_url: str, bucket: Bucket, tmp_path: Path
) -> None:
    """Under names of its own, so that neither installation deletes what is the other's."""
    kept = make_blob(stored, b"in the store" * 100_000)
    before = set(bucket.objects())
    back_up(database_url, tmp_path / "backup", bucket.store())
    url = f"sqlite:///{tmp_path / 'new.db'}"
    restore(url, tmp_path / "backup", bucket.store())
    new = Database(url, store=bucket.store())
    with new.read() as session:
        assert session.scalar(select(func.count()).select_from(BlobChunk)) == 0
    with stored.write() as session:
        session.execute(update(Blob).values(touched_at=database_time() - 61))
    assert reclaim(stored, 60) == 1
    assert before.isdisjoint(bucket.objects())
    assert b"".join(read_blob(new, kept.id)) == b"in the store" * 100_000
    new.close()
    restore(f"sqlite:///{tmp_path / 'plain.db'}", tmp_path / "backup")
    plain = Database(f"sqlite:///{tmp_path / 'plain.db'}")
    assert b"".join(read_blob(plain, kept.id)) == b"in the store" * 100_000
    plain.close()


def test_the_command_moves_what_is_in_the_database(
    db: Database, database_url: str, bucket: Bucket
) -> None:
    """And says how much; without a store it says what is missing."""
    make_blob(db, b"12345")
    variables = {"CHARLOOM_DATABASE_URL": database_url}
    refused = CliRunner().invoke(main, ["blobs", "move"], env=variables)
    assert refused.exit_code == 2
    assert "CHARLOOM_BLOB_STORE" in refused.output
    done = CliRunner().invoke(main, ["blobs", "move"], env=variables | bucket.environment())
    assert (done.exit_code, list(bucket.objects().values())) == (0, [5]), done.output
    assert "1 blobs of 5 bytes moved" in done.output


def test_the_doctor_asks_the_store(stored: Database, database_url: str, bucket: Bucket) -> None:
    """And says where one is missing that blobs lie in."""
    make_blob(stored, b"there")

    def state(**variables: str) -> str:
        given = {"CHARLOOM_DATABASE_URL": database_url, "CHARLOOM_REDIS_URL": NO_BROKER}
        done = CliRunner().invoke(main, ["doctor", "--json"], env=given | variables)
        checks = json.loads(done.output)["checks"]
        return next(str(one["state"]) for one in checks if one["name"] == "store of blobs")

    named = bucket.environment()
    assert state(**named) == "ok"
    assert state() == "problem"
    assert state(**named | {"CHARLOOM_BLOB_STORE": "s3://no-such-bucket"}) == "problem"


def test_keys_are_kept_secret(bucket: Bucket, tmp_path: Path, database_url: str) -> None:
    """From files, too; neither settings nor logs show them."""
    (tmp_path / "secret").write_text("very-secret-key\n")
    settings = load_settings(
        blob_store=f"s3://{bucket.name}",
        blob_store_key="id-of-the-key",
        blob_store_secret_file=tmp_path / "secret",
    )
    assert settings.store_keys() == ("id-of-the-key", "very-secret-key")
    assert {"id-of-the-key", "very-secret-key"} <= set(settings.known_secrets())
    assert "id-of-the-key" not in repr(settings)
