"""Samples can be starred; epochs tell the learning rate that they ended at."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns: no old sample is starred, and of old epochs nobody knows the rate."""
    op.add_column(
        "samples", sa.Column("starred", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("epochs", sa.Column("learning_rate", sa.Float(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("epochs", "learning_rate")
    op.drop_column("samples", "starred")
