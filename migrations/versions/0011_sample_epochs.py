"""Find the samples of an epoch among very many."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Put the index by epoch in the place of the one by job."""
    op.create_index("ix_samples_epochs", "samples", ["job_id", "epoch", "temperature"])
    op.drop_index("ix_samples_job_id", "samples")


def downgrade() -> None:
    """Put the old one back."""
    op.create_index("ix_samples_job_id", "samples", ["job_id"])
    op.drop_index("ix_samples_epochs", "samples")
