"""Backups and what is restored from them, on both databases and from one to the other."""

import json
import os
import shutil
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import keras
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, text

import migrations
from cli.backups import writing
from cli.backups.archive import Archive, Manifest, opened
from cli.backups.restoring import restore
from cli.backups.writing import back_up
from cli.main import main
from shared.blobs import Blob, read_blob, reclaim
from shared.checkpoints.models import Checkpoint
from shared.db import Database
from shared.jobs.models import Job, Kind
from shared.jobs.services import expire
from shared.settings import load_settings
from tests.conftest import BACKENDS, NO_BROKER
from tests.support.counting import rows
from tests.support.factories import (
    claim_job,
    do,
    finish_epoch,
    make_blob,
    make_checkpoint,
    make_training_job,
    reload,
)
from tests.support.full import fill
from tests.support.nodes import make_node
from worker.runners import work

# How many jobs the load has committed before a backup begins.
BEFORE = 5
Make = Callable[..., str]


@pytest.fixture
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Make databases: ``new_url(backend)`` is a migrated one, with ``bare`` one without tables."""
    with ExitStack() as opened_:

        def make(backend: str, bare: bool = False) -> str:
            if backend == "sqlite":
                path = tmp_path / f"{len(list(tmp_path.glob('*.db')))}.db"
                if not bare:
                    shutil.copy(request.getfixturevalue("sqlite_template"), path)
                return f"sqlite:///{path}"
            server = request.getfixturevalue("postgres")
            url: str = opened_.enter_context(server.bare() if bare else server.migrated())
            return url

        yield make


@contextmanager
def using(url: str) -> Iterator[Database]:
    """Use a database for a block."""
    db = Database(url)
    try:
        yield db
    finally:
        db.close()


@dataclass
class Load:
    """A thread that submits jobs, finishes epochs and stores bytes until it is stopped."""

    db: Database
    committed: list[tuple[str, str]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Work; note what has been committed, as jobs with one checkpoint each."""
        while not self.stop.is_set():
            job = make_training_job(self.db)
            lease = claim_job(self.db)
            finish_epoch(self.db, lease, 1, model=os.urandom(300_000))
            self.committed.append((job.id, lease.job_id))


@contextmanager
def under_load(db: Database) -> Iterator[Load]:
    """Have a thread work on the database, well under way when the block begins."""
    load = Load(db)
    thread = threading.Thread(target=load.run)
    thread.start()
    try:
        deadline = time.monotonic() + 30
        while len(load.committed) < BEFORE:
            assert thread.is_alive(), "the load ended"
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield load
    finally:
        load.stop.set()
        thread.join()


def sums(manifest: Manifest) -> dict[str, Any]:
    """Return what is the same of two backups of the same rows."""
    return {**manifest.tables, "": manifest.blobs}


@pytest.mark.parametrize("target", BACKENDS)
@pytest.mark.parametrize("source", BACKENDS)
def test_what_was_committed_comes_back(
    new_url: Make, tmp_path: Path, source: str, target: str
) -> None:
    """While everything goes on being written, into a database of another kind, too.

    A backup of the restored database holds the same, to the byte, and tables, rows and bytes fit
    each other: what is restored refers to nothing that is not there.
    """
    first, second = new_url(source), new_url(target, bare=True)
    with using(first) as db:
        fill(db)
        # So that each claim takes the load's own jobs.
        while (job := _queued(db)) is not None:
            claim_job(db, job)
        with under_load(db) as load:
            known = list(load.committed)
            manifest = back_up(first, tmp_path / "first.backup")
    assert manifest.tables["jobs"].count > len(known)
    restore(second, tmp_path / "first.backup")
    with using(second) as db:
        with db.read() as session:
            jobs = set(session.scalars(select(Job.id)))
            checkpointed = set(session.scalars(select(Checkpoint.job_id)))
            blobs = session.scalars(select(Blob)).all()
        assert {job_id for job_id, _ in known} <= jobs
        assert {job_id for _, job_id in known} <= checkpointed
        assert all(len(b"".join(read_blob(db, blob.id))) == blob.bytes for blob in blobs)
    again = back_up(second, tmp_path / "second.backup")
    assert sums(again) == sums(manifest)
    assert again.database == target


def _queued(db: Database) -> Job | None:
    with db.read() as session:
        query = select(Job).where(Job.status == "queued", Job.queue == "train")
        return session.scalars(query.order_by(Job.priority.desc(), Job.id)).first()


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_is_of_one_moment(
    new_url: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    """What is committed and deleted while the rows are read changes nothing of it."""
    url, table = new_url(backend), writing._table
    changed: list[Checkpoint] = []
    with using(url) as db:
        doomed = make_blob(db, b"nobody refers to it")
        before = rows(db, ("alembic_version", "workers", "blob_holds"))

        def meanwhile(*arguments: Any) -> Any:
            if not changed:
                changed.append(make_checkpoint(db))
                assert reclaim(db, grace_seconds=-1) >= 1
            return table(*arguments)

        monkeypatch.setattr(writing, "_table", meanwhile)
        manifest = back_up(url, tmp_path / "a.backup")
        with db.read() as session:
            assert session.get(Blob, doomed.id) is None
    assert changed
    assert {n: p.count for n, p in manifest.tables.items()} == {
        name: count for name, count in before.items() if name != "blob_chunks"
    }
    assert manifest.blobs.bytes == len(b"nobody refers to it")


def test_every_checkpoint_loads(new_url: Make, tmp_path: Path) -> None:
    """What was really trained opens in Keras after it went from SQLite to PostgreSQL."""
    url, other = new_url("sqlite"), new_url("postgresql")
    settings = load_settings(database_url=url, redis_url=NO_BROKER, cache_folder=tmp_path / "c")
    with using(url) as db:
        make_training_job(db, epochs=2)
        assert work(make_node(db, settings), Kind.TRAIN) == 1
    back_up(url, tmp_path / "trained.backup")
    restore(other, tmp_path / "trained.backup")
    with using(other) as db:
        with db.read() as session:
            checkpoints = session.scalars(select(Checkpoint)).all()
        for checkpoint in checkpoints:
            path = tmp_path / f"{checkpoint.id}.keras"
            path.write_bytes(b"".join(read_blob(db, checkpoint.blob_id)))
            model = keras.saving.load_model(path)
            assert model.output_shape[-1] == len(checkpoint.vocabulary)
    assert checkpoints


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_job_that_ran_is_queued_again(new_url: Make, tmp_path: Path, backend: str) -> None:
    """Its lease is out where it is restored: it goes on from what it had saved."""
    url, other = new_url(backend), new_url(backend)
    with using(url) as db:
        job = make_training_job(db)
        finish_epoch(db, lease := claim_job(db, job, seconds=0.1), 1)
        back_up(url, tmp_path / "a.backup")
    restore(other, tmp_path / "a.backup")
    with using(other) as db:
        time.sleep(0.1)
        assert [one.id for one in do(db, expire)] == [job.id]
        after = reload(db, job)
        assert (after.status, after.losses, after.attempt) == ("queued", 1, lease.attempt)
        assert claim_job(db, job).attempt == lease.attempt + 1


@pytest.fixture
def small(new_url: Make, tmp_path: Path) -> Path:
    """A backup of a small SQLite database."""
    url = new_url("sqlite")
    with using(url) as db:
        make_checkpoint(db)
    back_up(url, path := tmp_path / "small.backup")
    return path


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_older_one_is_brought_up_to_date(new_url: Make, tmp_path: Path, backend: str) -> None:
    """It is restored with the tables of its time, into an up to date database that is empty, too;
    then it is migrated."""
    url = new_url("sqlite", bare=True)
    migrations.upgrade(url, "0007")
    manifest = back_up(url, tmp_path / "old.backup")
    assert manifest.revision == "0007"
    other = new_url(backend)
    restore(other, tmp_path / "old.backup")
    # The head, and no row but the default team's.
    assert back_up(other, tmp_path / "new.backup").revision > "0007"
    with using(other) as db:
        assert rows(db)["teams"] == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_later_versions_database_is_not_backed_up(
    new_url: Make, tmp_path: Path, backend: str
) -> None:
    """Which of its tables a backup needs, nobody here knows; it says who does."""
    url = new_url(backend)
    with using(url) as db:
        do(db, lambda s: s.execute(text("update alembic_version set version_num = '9999'")))
    done = charloom("backup", str(tmp_path / "a.backup"), url=url, code=1)
    assert "is at migration 9999, which this version does not know" in done.stderr
    assert not (tmp_path / "a.backup").exists()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_database_in_use_is_refused(new_url: Make, small: Path, backend: str) -> None:
    """Nothing in it changes; what is in it is named."""
    url = new_url(backend)
    with using(url) as db:
        make_training_job(db)
        before = rows(db)
        done = charloom("restore", str(small), url=url, code=1)
        assert "is not empty: it has rows in blobs, corpora, corpus_versions" in done.stderr
        assert rows(db) == before


def charloom(*words: str, url: str, code: int = 0) -> Result:
    """Run the command on a database."""
    done = CliRunner().invoke(main, words, env={"CHARLOOM_DATABASE_URL": url})
    assert done.exit_code == code, (done.output, done.exception)
    return done


def rewritten(path: Path, name: str, change: Callable[[bytes], bytes | None]) -> None:
    """Write a backup anew with one of its members changed, or left out where nothing is left."""
    with ZipFile(path) as old:
        members: dict[str, bytes | None] = {name: old.read(name) for name in old.namelist()}
        members[name] = change(old.read(name))
    with ZipFile(path, "w") as new:
        for member, data in members.items():
            if data is not None:
                new.writestr(member, data)


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "cut": (lambda path: os.truncate(path, path.stat().st_size // 2), "not a whole one"),
    "no zip": (lambda path: path.write_bytes(b"nothing of the kind"), "is no backup"),
    "other rows": (
        lambda path: rewritten(path, "tables/jobs.jsonl", lambda d: d.replace(b"tiny", b"huge")),
        "tables/jobs.jsonl: its SHA-256 is not that of the manifest",
    ),
    "other bytes": (
        lambda path: rewritten(path, "blobs.bin", lambda data: data[:-1] + b"?"),
        "blobs.bin: its SHA-256",
    ),
    "missing": (
        lambda path: rewritten(path, "tables/teams.jsonl", lambda _: None),
        "tables/teams.jsonl: it is missing",
    ),
    "no manifest": (
        lambda path: rewritten(path, "manifest.json", lambda _: None),
        "manifest.json: it is missing",
    ),
    "of later tables": (
        lambda path: rewritten(path, "manifest.json", lambda d: d.replace(b'"00', b'"99')),
        "does not know",
    ),
    "of a later format": (
        lambda path: rewritten(
            path, "manifest.json", lambda d: json.dumps(json.loads(d) | {"format": 2}).encode()
        ),
        "has format 2",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_one_is_refused(new_url: Make, small: Path, damage: str) -> None:
    """What is wrong with it is named, and no table is made."""
    do_damage, told = DAMAGES[damage]
    do_damage(small)
    url = new_url("sqlite", bare=True)
    done = charloom("restore", str(small), url=url, code=1)
    assert told in done.stderr
    assert str(small) in done.stderr
    assert not Path(url.removeprefix("sqlite:///")).exists()


def test_a_flipped_bit_is_found(new_url: Make, small: Path) -> None:
    """Wherever it is in the bytes of a blob."""
    with ZipFile(small) as file:
        offset = file.getinfo("blobs.bin").header_offset
    with small.open("r+b") as raw:
        raw.seek(offset + 200)
        byte = raw.read(1)
        raw.seek(offset + 200)
        raw.write(bytes([byte[0] ^ 1]))
    done = charloom("restore", str(small), url=new_url("sqlite", bare=True), code=1)
    assert "blobs.bin: Bad CRC-32" in done.stderr


def test_the_file_is_its_owners_and_named_once(new_url: Make, small: Path, tmp_path: Path) -> None:
    """Nobody else reads it, and it is not written over."""
    assert stat.S_IMODE(small.stat().st_mode) == 0o600
    done = charloom("backup", str(small), url=new_url("sqlite"), code=1)
    assert "is there already" in done.stderr
    with opened(small) as archive:
        archive.check()
        assert isinstance(archive, Archive)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_one_leaves_no_file(
    new_url: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """Neither half a backup nor a draft of one."""
    url, folder = new_url("sqlite"), tmp_path / "backups"
    folder.mkdir()
    with using(url) as db:
        make_checkpoint(db)
    seen: list[list[Path]] = []

    def interrupted(db: Database, blob_id: str) -> Iterator[bytes]:
        yield from read_blob(db, blob_id)
        seen.append(list(folder.iterdir()))
        signal.raise_signal(number)

    monkeypatch.setattr(writing, "read_blob", interrupted)
    code = 128 + signal.SIGTERM if number == signal.SIGTERM else 1
    charloom("backup", str(folder / "a.backup"), url=url, code=code)
    assert len(seen[0]) == 1, "a draft was being written"
    assert list(folder.iterdir()) == []


def test_a_folder_without_a_database_is_no_installation(tmp_path: Path) -> None:
    """Nothing is made of it."""
    done = CliRunner().invoke(main, ["backup", str(tmp_path / "a"), "--data", str(tmp_path)])
    assert done.exit_code == 1
    assert "has no database" in done.stderr
    assert list(tmp_path.iterdir()) == []
