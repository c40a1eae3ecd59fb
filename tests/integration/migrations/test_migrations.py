"""Migrations: up, down, and in step with the models, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, func, inspect, select, text, update

import migrations
from shared.accounts.audit import NOBODY, Deed, note
from shared.accounts.models import DEFAULT_TEAM_ID, Team
from shared.accounts.rights import Right, Role
from shared.accounts.services import add_user
from shared.accounts.teams import set_role
from shared.accounts.tokens import NewToken, make_token
from shared.checkpoints.models import Checkpoint
from shared.corpora.models import Corpus
from shared.corpora.queries import get_corpus
from shared.db import Base, Database, database_now, make_engine, now
from shared.ids import new_id
from shared.jobs.answers import INPUT, attach, keep_result
from shared.jobs.models import IS_ANSWER, Epoch, Event, Job, Output, Sample
from shared.jobs.queries import NO_TEXT, list_samples
from shared.jobs.records import NewOutput, record_output
from shared.jobs.requests import TrainingPlan
from shared.jobs.services import succeed
from shared.jobs.stars import star
from shared.jobs.turns import best_of
from shared.models.models import NamedModel
from shared.models.services import ensure_model, promote, work_for
from shared.notices.sending import Outcome, claim_notice, record
from shared.notices.services import add_receiver, send_test, tell_job
from shared.schedules.requests import ScheduleRequest
from shared.schedules.services import add_schedule, run_now
from shared.workers.services import Process, see
from tests.support.factories import (
    claim_job,
    finish_epoch,
    make_blob,
    make_checkpoint,
    make_corpus,
    make_generation_job,
    make_import,
    make_imported,
    make_scoring_job,
    make_training_job,
    write_text,
)

CLAIM = "ix_jobs_claim"
# A later change of a table that others refer to: SQLite builds that table anew.
LATER = '''
"""A change of a parent table."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "HEAD"
ANEW = {"sqlite": "always", "postgresql": "never"}


def upgrade() -> None:
    """Add a column."""
    with op.batch_alter_table("jobs", recreate=ANEW[op.get_bind().dialect.name]) as table:
        table.add_column(sa.Column("note", sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    with op.batch_alter_table("jobs", recreate=ANEW[op.get_bind().dialect.name]) as table:
        table.drop_column("note")
'''


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on a migrated database."""
    made = make_engine(database_url)
    yield made
    made.dispose()


def counts(db: Database) -> dict[str, int]:
    """Return how many rows each table has."""
    with db.read() as session:
        return {
            name: session.scalars(select(func.count()).select_from(table)).one()
            for name, table in Base.metadata.tables.items()
        }


def head() -> str:
    """Return the newest revision."""
    found = ScriptDirectory.from_config(migrations.config("sqlite://")).get_current_head()
    assert found
    return found


def test_up_and_down_leave_nothing(empty_database_url: str) -> None:
    """Down to the base no table of ours is left; up again all are there."""
    for _ in range(2):
        migrations.upgrade(empty_database_url)
        made = make_engine(empty_database_url)
        assert set(inspect(made).get_table_names()) >= set(Base.metadata.tables)
        migrations.downgrade(empty_database_url, "base")
        assert set(inspect(made).get_table_names()) == {"alembic_version"}
        made.dispose()


def test_filled_tables_go_down(database_url: str, db: Database) -> None:
    """A database in use can be taken down, though jobs and checkpoints refer to each other."""
    make_generation_job(db, make_checkpoint(db))
    db.close()
    migrations.downgrade(database_url, "base")


@pytest.mark.filterwarnings("ignore:autogenerate skipping:UserWarning")
def test_in_step_with_the_models(engine: Engine) -> None:
    """What the migrations make is what the models say."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = [d for d in compare_metadata(context, Base.metadata) if CLAIM not in repr(d)]
    assert found == []


def test_the_claims_index_is_there(engine: Engine) -> None:
    """Alembic cannot compare an index with an expression on SQLite, so this is read by hand."""
    tables = {"sqlite": "sqlite_master where name", "postgresql": "pg_indexes where indexname"}
    column = {"sqlite": "sql", "postgresql": "indexdef"}
    kind = engine.dialect.name
    with engine.connect() as connection:
        query = text(f"select {column[kind]} from {tables[kind]} = '{CLAIM}'")  # noqa: S608
        sql = connection.execute(query).scalar_one()
    for part in ("team_id", "queue", "priority DESC", "id", "WHERE", "queued"):
        assert part.lower() in sql.lower()


def test_the_claim_uses_its_index(engine: Engine) -> None:
    """Finding a team's best queued job reads the index and sorts nothing."""
    sql = str(
        best_of(DEFAULT_TEAM_ID, "train").compile(engine, compile_kwargs={"literal_binds": True})
    )
    prefix = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}[engine.dialect.name]
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET enable_seqscan = off"))
        plan = " ".join(str(row) for row in connection.execute(text(prefix + sql)))
    assert CLAIM in plan
    assert "sort" not in plan.lower()
    assert "b-tree" not in plan.lower()


def test_old_answers_are_found_by_their_index(engine: Engine) -> None:
    """However many other jobs have ended."""
    query = select(Job.id).where(text(IS_ANSWER), Job.finished_at < now()).order_by(Job.finished_at)
    sql = str(query.compile(engine, compile_kwargs={"literal_binds": True}))
    prefix = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}[engine.dialect.name]
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET enable_seqscan = off"))
        plan = " ".join(str(row) for row in connection.execute(text(prefix + sql)))
    assert "ix_jobs_answers" in plan


def test_a_page_passes_over_written_text(engine: Engine) -> None:
    """Listing what happened reads the index without the events of pieces."""
    query = select(Event.seq).where(Event.job_id == DEFAULT_TEAM_ID, Event.seq > 2, NO_TEXT)
    sql = str(query.compile(engine, compile_kwargs={"literal_binds": True}))
    prefix = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}[engine.dialect.name]
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET enable_seqscan = off"))
        plan = " ".join(str(row) for row in connection.execute(text(prefix + sql)))
    assert "ix_events_told" in plan


def test_there_is_one_team(db: Database) -> None:
    """Until accounts exist everything belongs to the default team."""
    with db.read() as session:
        assert session.scalars(select(Team.id)).all() == [DEFAULT_TEAM_ID]


def test_a_later_change_keeps_every_row(database_url: str, db: Database, tmp_path: Path) -> None:
    """Building a parent table anew empties no table that refers to it."""
    make_generation_job(db, make_checkpoint(db))
    before = counts(db)
    assert all(before[name] for name in ("jobs", "events", "epochs", "checkpoints", "samples"))
    db.close()
    own = Path(migrations.__file__).parent / "versions"
    (tmp_path / "9999_later.py").write_text(LATER.replace("HEAD", head()))
    config = migrations.config(database_url)
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", f"{own}:{tmp_path}")
    command.upgrade(config, "9999")
    assert counts(db) == before
    command.downgrade(config, head())
    assert counts(db) == before


def test_pieces_go_and_come_back_empty(database_url: str, db: Database) -> None:
    """Down, the table of pieces goes and no other row; up again it is there."""
    lease = claim_job(db, make_generation_job(db, make_checkpoint(db)))
    write_text(db, lease, 1, "It was ", "the best")
    before = counts(db)
    assert before["output_pieces"] == 2
    db.close()
    migrations.downgrade(database_url, "0001")
    with db.read() as session:
        assert "output_pieces" not in inspect(session.connection()).get_table_names()
    db.close()
    migrations.upgrade(database_url)
    assert counts(db) == before | {"output_pieces": 0, "turns": 0}


def test_answers_go_and_no_other_job(database_url: str, db: Database) -> None:
    """Down, jobs that answer go with all they left; the others keep all but their receipts, and
    have the queues of their kinds when it goes up again."""
    checkpoint = make_checkpoint(db)
    lease = claim_job(db, make_generation_job(db, checkpoint))
    with db.write() as session:
        record_output(session, lease, NewOutput(1, 1, "a", {}, 1, 0, "length", "b", receipt={}))
    before = counts(db)
    answer = claim_job(db, make_scoring_job(db, checkpoint))
    result = make_blob(db, b"{}")
    with db.write() as session:
        keep_result(session, answer, result.id)
        succeed(session, answer)
    make_scoring_job(db, checkpoint)
    db.close()
    migrations.downgrade(database_url, "0006")
    migrations.upgrade(database_url)
    emptied = {"blobs": 0, "blob_chunks": 0, "turns": 0}
    assert counts(db) | emptied == before | emptied
    with db.read() as session:
        assert [
            tuple(row) for row in session.execute(select(Job.kind, Job.queue).order_by(Job.id))
        ] == [
            ("train", "train"),
            ("generate", "generate"),
        ]
        assert session.scalars(select(Output.receipt)).all() == [None]


def test_stars_and_rates_go_and_no_row(database_url: str, db: Database) -> None:
    """Down, samples lose their stars and epochs their rates; up again none has any."""
    lease = claim_job(db, make_training_job(db))
    finish_epoch(db, lease, temperatures=[0.3, 1.0])
    with db.write() as session:
        starred = star(session, DEFAULT_TEAM_ID, list_samples(session, lease.job_id).data[0].id)
        assert starred.starred
    before = counts(db)
    db.close()
    migrations.downgrade(database_url, "0008")
    with db.read() as session:
        columns = inspect(session.connection()).get_columns("samples")
    assert "starred" not in {column["name"] for column in columns}
    db.close()
    migrations.upgrade(database_url)
    assert counts(db) == before | {"turns": 0}
    with db.read() as session:
        assert session.scalars(select(Sample.starred)).all() == [False, False]
        assert session.scalars(select(Epoch.learning_rate)).all() == [None]


def test_imports_go_with_what_they_wrote(database_url: str, db: Database) -> None:
    """Down, an import goes with its checkpoint and its texts; a run that began with it stays, as
    does a model that had promoted it; up again both are there, without it."""
    checkpoint = make_checkpoint(db)
    before = counts(db)
    row = make_imported(db, window=20, units=16)
    with db.write() as session:
        promote(session, ensure_model(session, DEFAULT_TEAM_ID, "bard"), row, "by hand")
    make_generation_job(db, row, prompt="It")
    make_scoring_job(db, row)
    with db.read() as session:
        corpus_id = session.scalars(select(Corpus.id)).one()
    begun = make_training_job(
        db, get(db, corpus_id), from_checkpoint_id=row.id, window=20, units=16
    )
    make_import(db, b"another")
    db.close()
    migrations.downgrade(database_url, "0012")
    migrations.upgrade(database_url)
    after = counts(db)
    assert after["jobs"] == before["jobs"] + 1
    assert (after["checkpoints"], after["models"]) == (before["checkpoints"], 1)
    with db.read() as session:
        assert session.get_one(Job, begun.id).checkpoint_id is None
        assert session.scalars(select(NamedModel.checkpoint_id)).all() == [None]
        assert set(session.scalars(select(Job.kind))) == {"train"}
        assert session.scalars(select(Checkpoint.id)).all() == [checkpoint.id]


def get(db: Database, corpus_id: str) -> Corpus:
    """Return a corpus with its versions."""
    with db.read() as session:
        return get_corpus(session, DEFAULT_TEAM_ID, corpus_id)


def test_turns_and_limits_go_and_no_job(database_url: str, db: Database) -> None:
    """Down, waiting jobs are claimed by their age again; up, teams have no limits of their own."""
    make_checkpoint(db)
    waiting = [make_training_job(db, priority=priority) for priority in (0, 5, 0)]
    with db.write() as session:
        session.execute(update(Team).values(most_running_jobs=1, most_corpus_bytes=10**12))
    before = counts(db)
    assert before["turns"] == 1
    db.close()
    migrations.downgrade(database_url, "0014")
    with db.read() as session:
        order = text("select name from jobs where status = 'queued' "
                     "order by priority desc, fair_at, id")  # fmt: skip
        assert len(session.scalars(order).all()) == len(waiting)
    db.close()
    migrations.upgrade(database_url)
    assert counts(db) == before | {"turns": 0}
    with db.read() as session:
        team = session.get_one(Team, DEFAULT_TEAM_ID)
        assert (team.most_running_jobs, team.most_corpus_bytes) == (None, None)
    assert claim_job(db).job_id == waiting[1].id


def test_every_step_down_keeps_what_is_older(database_url: str, db: Database) -> None:
    """Down from schedules, notices and copies a step at a time, filled; and up again."""
    fill_what_is_newer(db)
    before = counts(db)
    assert all(before[name] for name in NEWER)
    db.close()
    for revision in ("0005", "0004", "0003", "0002"):
        migrations.downgrade(database_url, revision)
    with db.read() as session:
        left = set(inspect(session.connection()).get_table_names())
    assert left == set(before) - NEWER | {"alembic_version"}
    db.close()
    migrations.upgrade(database_url)
    assert counts(db) == before | dict.fromkeys(NEWER, 0)


NEWER = {
    *("models", "model_jobs", "decisions", "schedules", "schedule_runs"),
    *("receivers", "job_receivers", "schedule_receivers", "notices", "deliveries"),
    *("job_files", "workers", "turns"),
    *("users", "memberships", "api_tokens", "audit_entries"),
}


def fill_what_is_newer(db: Database) -> None:
    """Put a row at least into every table of the later migrations."""
    checkpoint = make_checkpoint(db)
    job = make_generation_job(db, checkpoint)
    corpus = make_corpus(db)
    plan = {"name": "s", "cron": "hourly", "corpus_id": corpus.id, "model": "bard",
            "training": TrainingPlan(preset="tiny")}  # fmt: skip
    with db.write() as session:
        receiver = add_receiver(session, DEFAULT_TEAM_ID, "r", url="https://example.org")
        request = ScheduleRequest.model_validate(plan | {"notify": [receiver.id]})
        schedule = add_schedule(session, DEFAULT_TEAM_ID, request, database_now(session))
        run_now(session, DEFAULT_TEAM_ID, schedule.id, database_now(session))
        model = session.get_one(NamedModel, schedule.model_id)
        promote(session, model, checkpoint, "by hand")
        work_for(session, model, job.id)
        tell_job(session, job.id, [receiver.id])
        attach(session, job.id, INPUT, checkpoint.blob_id)
        send_test(session, receiver)
        see(session, Process(new_id(), "node:1", ["train"], "cpu", now()))
        user = add_user(session, "ada")
        set_role(session, DEFAULT_TEAM_ID, user, Role.MEMBER)
        make_token(session, user, NewToken(DEFAULT_TEAM_ID, "laptop", Right.SUBMIT))
        note(session, NOBODY, Deed("accounts.fill"))
    with db.write() as session:
        claimed = claim_notice(session)
        assert claimed is not None
        record(session, claimed, Outcome(0.1, 200))


def test_sqlites_settings(tmp_path: Path) -> None:
    """Free pages can be given back, readers do not block, references hold."""
    url = f"sqlite:///{tmp_path / 'charloom.db'}"
    migrations.upgrade(url)
    made = make_engine(url)
    with made.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("auto_vacuum", "journal_mode", "foreign_keys")
        }
    made.dispose()
    assert found == {"auto_vacuum": 2, "journal_mode": "wal", "foreign_keys": 1}
