"""Teams take turns and have limits of their own; workers tell their memory."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

CLAIM, RUNNING = "ix_jobs_claim", "ix_jobs_running"
LIMITS = {
    "most_corpora": sa.Integer(),
    "most_corpus_bytes": sa.BigInteger(),
    "most_queued_jobs": sa.Integer(),
    "most_running_jobs": sa.Integer(),
    "most_output_characters": sa.BigInteger(),
}
MEMORY = ("memory", "device_memory")


def upgrade() -> None:
    """Turns begin anew: what jobs were stamped with is of no use any more."""
    op.create_table(
        "turns",
        sa.Column("team_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id"], ["teams.id"], name="fk_turns_team_id_teams", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("team_id", "queue", name="pk_turns"),
    )
    op.drop_index(CLAIM, "jobs")
    op.drop_column("jobs", "fair_at")
    _index(CLAIM, ["team_id", "queue", sa.text("priority DESC"), "id"], "queued")
    _index(RUNNING, ["team_id"], "running")
    for name, type_ in LIMITS.items():
        op.add_column("teams", sa.Column(name, type_, nullable=True))
    for name in MEMORY:
        op.add_column("workers", sa.Column(name, sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Waiting jobs get stamps again: equal ones, so that they go by their age."""
    for name in MEMORY:
        op.drop_column("workers", name)
    for name in LIMITS:
        op.drop_column("teams", name)
    op.drop_index(RUNNING, "jobs")
    op.drop_index(CLAIM, "jobs")
    op.add_column("jobs", sa.Column("fair_at", sa.Float(), nullable=False, server_default="0"))
    _index(CLAIM, ["queue", sa.text("priority DESC"), "fair_at", "id"], "queued")
    op.drop_table("turns")


def _index(name: str, columns: list[Any], status: str) -> None:
    where = sa.text(f"status = '{status}'")
    op.create_index(name, "jobs", columns, sqlite_where=where, postgresql_where=where)
