"""Pieces of the texts that are being written, and an index of the other events."""

import sqlalchemy as sa
from alembic import op

TOLD = "type <> 'text'"

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, and the index that passes over the events of pieces."""
    op.create_table(
        "output_pieces",
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_output_pieces_job_id_jobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "number", "start", name="pk_output_pieces"),
    )
    op.create_index(
        "ix_events_told",
        "events",
        ["job_id", "seq"],
        sqlite_where=sa.text(TOLD),
        postgresql_where=sa.text(TOLD),
    )


def downgrade() -> None:
    """Drop both: the next attempt writes anew what was not finished."""
    op.drop_index("ix_events_told", "events")
    op.drop_table("output_pieces")
