"""What is asked all the time is answered from indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Lists of a team, waiting jobs by queue, and how many there are of what."""
    waits = sa.text("status = 'queued'")
    op.create_index(
        "ix_jobs_waiting",
        "jobs",
        ["queue", "created_at"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
    op.create_index("ix_jobs_team", "jobs", ["team_id", "id"])
    op.create_index(
        "ix_jobs_standing", "jobs", ["team_id", "status", "id"], postgresql_include=["kind"]
    )


def downgrade() -> None:
    """The queries stay right without them."""
    for name in ("ix_jobs_standing", "ix_jobs_team", "ix_jobs_waiting"):
        op.drop_index(name, "jobs")
