"""The bytes of blobs may lie in a store of objects; a backup holds those that it reads."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What is there stays in the database."""
    op.add_column("blobs", sa.Column("location", sa.Text(), nullable=True))
    op.create_table(
        "blob_holds",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_blob_holds"),
    )
    released = sa.text("touched_at = 0")
    op.create_index(
        "ix_blobs_released", "blobs", ["id"], sqlite_where=released, postgresql_where=released
    )


def downgrade() -> None:
    """Refused while the store has bytes that the database has not."""
    query = sa.text("SELECT count(*) FROM blobs WHERE location IS NOT NULL")
    if outside := op.get_bind().scalar(query):
        raise RuntimeError(
            f"{outside} blobs lie in a store of objects, which the version before does not know: "
            "back up, and restore without CHARLOOM_BLOB_STORE, before the migration goes down"
        )
    op.drop_index("ix_blobs_released", "blobs")
    op.drop_table("blob_holds")
    op.drop_column("blobs", "location")
