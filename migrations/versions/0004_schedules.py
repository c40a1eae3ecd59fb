"""Schedules and their runs."""

import sqlalchemy as sa
from alembic import op

from shared.db import UtcDateTime

OPEN = "status in ('waiting', 'due', 'running')"

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "schedules",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("team_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("next_due_at", UtcDateTime(), nullable=False),
        sa.Column("corpus_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("cleaning", sa.JSON(), nullable=False),
        sa.Column("validators", sa.JSON(), nullable=True),
        sa.Column("model_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("training", sa.JSON(), nullable=False),
        sa.Column("start_from", sa.Text(), nullable=False),
        sa.Column("generation", sa.JSON(), nullable=True),
        sa.Column("overlap", sa.Text(), nullable=False),
        sa.Column("missed", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("missed in ('newest', 'none')", name="ck_schedules_missed"),
        sa.CheckConstraint("overlap in ('skip', 'queue', 'replace')", name="ck_schedules_overlap"),
        sa.CheckConstraint(
            "start_from in ('scratch', 'promoted', 'last')", name="ck_schedules_start_from"
        ),
        sa.ForeignKeyConstraint(
            ["corpus_id"], ["corpora.id"], name="fk_schedules_corpus_id_corpora"
        ),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_schedules_model_id_models"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_schedules_team_id_teams"),
        sa.PrimaryKeyConstraint("id", name="pk_schedules"),
    )
    op.create_index("ix_schedules_corpus_id", "schedules", ["corpus_id"])
    op.create_index(
        "ix_schedules_due",
        "schedules",
        ["next_due_at"],
        sqlite_where=sa.text("enabled"),
        postgresql_where=sa.text("enabled"),
    )
    op.create_index("ix_schedules_model_id", "schedules", ["model_id"])
    op.create_index("ix_schedules_team_id", "schedules", ["team_id"])
    op.create_table(
        "schedule_runs",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("schedule_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("corpus_version_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("generation_job_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("claimed_until", sa.Float(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "status in ('waiting', 'due', 'running', 'succeeded', 'failed', 'cancelled', "
            "'skipped')",
            name="ck_schedule_runs_status",
        ),
        sa.ForeignKeyConstraint(
            ["corpus_version_id"],
            ["corpus_versions.id"],
            name="fk_schedule_runs_corpus_version_id_corpus_versions",
        ),
        sa.ForeignKeyConstraint(
            ["generation_job_id"],
            ["jobs.id"],
            name="fk_schedule_runs_generation_job_id_jobs",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_schedule_runs_job_id_jobs", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["schedules.id"],
            name="fk_schedule_runs_schedule_id_schedules",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_schedule_runs"),
        sa.UniqueConstraint("schedule_id", "due_at", name="uq_schedule_runs_schedule_id_due_at"),
    )
    op.create_index("ix_schedule_runs_corpus_version_id", "schedule_runs", ["corpus_version_id"])
    op.create_index("ix_schedule_runs_generation_job_id", "schedule_runs", ["generation_job_id"])
    op.create_index("ix_schedule_runs_job_id", "schedule_runs", ["job_id"])
    op.create_index(
        "ix_schedule_runs_open",
        "schedule_runs",
        ["schedule_id"],
        sqlite_where=sa.text(OPEN),
        postgresql_where=sa.text(OPEN),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("schedule_runs")
    op.drop_table("schedules")
