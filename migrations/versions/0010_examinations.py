"""What the corpus doctor found; how fast workers are, and who trained an epoch."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TRAINING = sa.text("kind = 'train'")


def upgrade() -> None:
    """Add the columns and the index: of texts that are there already nobody knows."""
    op.add_column("corpus_versions", sa.Column("examination", sa.JSON(), nullable=True))
    op.add_column("epochs", sa.Column("worker", sa.Text(), nullable=True))
    op.add_column("workers", sa.Column("speed", sa.Float(), nullable=True))
    op.create_index(
        "ix_jobs_training", "jobs", ["id"], sqlite_where=TRAINING, postgresql_where=TRAINING
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_jobs_training", "jobs")
    op.drop_column("workers", "speed")
    op.drop_column("epochs", "worker")
    op.drop_column("corpus_versions", "examination")
