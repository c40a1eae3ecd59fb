"""What of samples and outputs is copied from the corpus."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns: of texts that are there already nobody knows."""
    for table in ("samples", "outputs"):
        op.add_column(table, sa.Column("copying", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    for table in ("samples", "outputs"):
        op.drop_column(table, "copying")
