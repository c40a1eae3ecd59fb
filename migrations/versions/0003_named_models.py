"""Named models and the decisions about their checkpoints."""

import sqlalchemy as sa
from alembic import op

from shared.db import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "models",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("team_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("checkpoint_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("held_out_blob_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("margin", sa.Float(), nullable=False),
        sa.Column("most_copied", sa.Float(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["checkpoint_id"], ["checkpoints.id"], name="fk_models_checkpoint_id_checkpoints"
        ),
        sa.ForeignKeyConstraint(
            ["held_out_blob_id"], ["blobs.id"], name="fk_models_held_out_blob_id_blobs"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_models_team_id_teams"),
        sa.PrimaryKeyConstraint("id", name="pk_models"),
        sa.UniqueConstraint("team_id", "name", name="uq_models_team_id_name"),
    )
    op.create_index("ix_models_checkpoint_id", "models", ["checkpoint_id"])
    op.create_index("ix_models_held_out_blob_id", "models", ["held_out_blob_id"])
    op.create_table(
        "decisions",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("model_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("checkpoint_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("bits_per_character", sa.Float(), nullable=True),
        sa.Column("promoted_bits_per_character", sa.Float(), nullable=True),
        sa.Column("longest_copy", sa.Integer(), nullable=True),
        sa.Column("copied_share", sa.Float(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "action in ('promoted', 'kept', 'rolled_back')", name="ck_decisions_action"
        ),
        sa.ForeignKeyConstraint(
            ["checkpoint_id"],
            ["checkpoints.id"],
            name="fk_decisions_checkpoint_id_checkpoints",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name="fk_decisions_model_id_models", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
    )
    op.create_index("ix_decisions_checkpoint_id", "decisions", ["checkpoint_id"])
    op.create_index("ix_decisions_model_id", "decisions", ["model_id", "id"])
    op.create_table(
        "model_jobs",
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("model_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_model_jobs_job_id_jobs", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name="fk_model_jobs_model_id_models", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name="pk_model_jobs"),
    )
    op.create_index("ix_model_jobs_model_id", "model_jobs", ["model_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("decisions")
    op.drop_table("model_jobs")
    op.drop_table("models")
