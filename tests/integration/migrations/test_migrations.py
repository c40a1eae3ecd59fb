"""Migrations: up, down, and in step with the models, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, select, text

import migrations
from shared.accounts.models import DEFAULT_TEAM_ID, Team
from shared.db import CACHE_KIB, Base, Database, make_engine, now
from shared.jobs.models import IS_ANSWER, Event, Job
from shared.jobs.queries import NO_TEXT
from shared.jobs.turns import best_of
from tests.support.counting import rows
from tests.support.factories import (
    make_checkpoint,
    make_generation_job,
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


def head() -> str:
    """Return the newest revision."""
    return migrations.known()[-1]


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
    before = rows(db)
    assert all(before[name] for name in ("jobs", "events", "epochs", "checkpoints", "samples"))
    db.close()
    own = Path(migrations.__file__).parent / "versions"
    (tmp_path / "9999_later.py").write_text(LATER.replace("HEAD", head()))
    config = migrations.config(database_url)
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", f"{own}:{tmp_path}")
    command.upgrade(config, "9999")
    assert rows(db) == before
    command.downgrade(config, head())
    assert rows(db) == before


def test_sqlites_settings(tmp_path: Path) -> None:
    """Free pages can be given back, readers do not block, references hold."""
    url = f"sqlite:///{tmp_path / 'charloom.db'}"
    migrations.upgrade(url)
    made = make_engine(url)
    with made.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("auto_vacuum", "journal_mode", "foreign_keys", "cache_size")
        }
    made.dispose()
    assert found == {
        "auto_vacuum": 2, "journal_mode": "wal", "foreign_keys": 1, "cache_size": -CACHE_KIB
    }  # fmt: skip
