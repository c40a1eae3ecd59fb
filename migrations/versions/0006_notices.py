"""Receivers, what they are told, and each try to tell them."""

import sqlalchemy as sa
from alembic import op

from shared.db import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "receivers",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("team_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(url is null) <> (email is null)", name="ck_receivers_one_address"),
        sa.CheckConstraint("(url is null) = (secret is null)", name="ck_receivers_secret"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_receivers_team_id_teams"),
        sa.PrimaryKeyConstraint("id", name="pk_receivers"),
    )
    op.create_index("ix_receivers_team_id", "receivers", ["team_id"], unique=False)
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("receiver_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("given_up_at", sa.Float(), nullable=False),
        sa.Column("next_try_at", sa.Float(), nullable=False),
        sa.Column("claimed_until", sa.Float(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "status in ('pending', 'delivered', 'failed')", name="ck_notices_status"
        ),
        sa.ForeignKeyConstraint(
            ["receiver_id"],
            ["receivers.id"],
            name="fk_notices_receiver_id_receivers",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
    )
    op.create_index(
        "ix_notices_pending",
        "notices",
        ["next_try_at"],
        unique=False,
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index("ix_notices_receiver_id", "notices", ["receiver_id", "id"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("notice_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notice_id"],
            ["notices.id"],
            name="fk_deliveries_notice_id_notices",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("notice_id", "number", name="pk_deliveries"),
    )
    op.create_table(
        "job_receivers",
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("receiver_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_job_receivers_job_id_jobs", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["receiver_id"],
            ["receivers.id"],
            name="fk_job_receivers_receiver_id_receivers",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("job_id", "receiver_id", name="pk_job_receivers"),
    )
    op.create_index("ix_job_receivers_receiver_id", "job_receivers", ["receiver_id"], unique=False)
    op.create_table(
        "schedule_receivers",
        sa.Column("schedule_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("receiver_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["receiver_id"],
            ["receivers.id"],
            name="fk_schedule_receivers_receiver_id_receivers",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["schedules.id"],
            name="fk_schedule_receivers_schedule_id_schedules",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("schedule_id", "receiver_id", name="pk_schedule_receivers"),
    )
    op.create_index(
        "ix_schedule_receivers_receiver_id", "schedule_receivers", ["receiver_id"], unique=False
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("schedule_receivers")
    op.drop_table("job_receivers")
    op.drop_table("deliveries")
    op.drop_table("notices")
    op.drop_table("receivers")
