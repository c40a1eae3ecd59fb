"""The first tables."""

import sqlalchemy as sa
from alembic import op

from shared.accounts.models import DEFAULT_TEAM_ID
from shared.db import UtcDateTime, now

TABLES = [
    "blobs",
    "teams",
    "blob_chunks",
    "corpora",
    "corpus_versions",
    "jobs",
    "checkpoints",
    "epochs",
    "events",
    "outputs",
    "resume_states",
    "samples",
]

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table, the default team, and the index of the claim."""
    op.create_table(
        "blobs",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("touched_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_blobs"),
        sa.UniqueConstraint("sha256", name="uq_blobs_sha256"),
    )
    teams = op.create_table(
        "teams",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_teams"),
    )
    op.bulk_insert(teams, [{"id": DEFAULT_TEAM_ID, "name": "default", "created_at": now()}])
    op.create_table(
        "blob_chunks",
        sa.Column("blob_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["blob_id"], ["blobs.id"], name="fk_blob_chunks_blob_id_blobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("blob_id", "number", name="pk_blob_chunks"),
    )
    op.create_table(
        "corpora",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("team_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_corpora_team_id_teams"),
        sa.PrimaryKeyConstraint("id", name="pk_corpora"),
    )
    op.create_index("ix_corpora_team_id", "corpora", ["team_id"])
    op.create_table(
        "corpus_versions",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("corpus_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("characters", sa.BigInteger(), nullable=False),
        sa.Column("vocabulary", sa.Text(), nullable=False),
        sa.Column("blob_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["blob_id"], ["blobs.id"], name="fk_corpus_versions_blob_id_blobs"),
        sa.ForeignKeyConstraint(
            ["corpus_id"],
            ["corpora.id"],
            name="fk_corpus_versions_corpus_id_corpora",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_corpus_versions"),
        sa.UniqueConstraint("corpus_id", "number", name="uq_corpus_versions_corpus_id_number"),
        sa.UniqueConstraint("corpus_id", "sha256", name="uq_corpus_versions_corpus_id_sha256"),
    )
    op.create_index("ix_corpus_versions_blob_id", "corpus_versions", ["blob_id"])
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("team_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("requested", sa.Text(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("fair_at", sa.Float(), nullable=False),
        sa.Column("corpus_version_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("checkpoint_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("preset", sa.Text(), nullable=True),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("max_losses", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Float(), nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("request_sha256", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("kind in ('train', 'generate')", name="ck_jobs_kind"),
        sa.CheckConstraint("requested in ('cancel', 'pause')", name="ck_jobs_requested"),
        sa.CheckConstraint(
            "status in ('queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled')",
            name="ck_jobs_status",
        ),
        # Jobs and checkpoints refer to each other: SQLite takes the forward reference as it is.
        *_only_sqlite(
            sa.ForeignKeyConstraint(
                ["checkpoint_id"], ["checkpoints.id"], name="fk_jobs_checkpoint_id_checkpoints"
            )
        ),
        sa.ForeignKeyConstraint(
            ["corpus_version_id"],
            ["corpus_versions.id"],
            name="fk_jobs_corpus_version_id_corpus_versions",
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_jobs_team_id_teams"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("team_id", "idempotency_key", name="uq_jobs_team_id_idempotency_key"),
    )
    op.create_index("ix_jobs_checkpoint_id", "jobs", ["checkpoint_id"])
    op.create_index("ix_jobs_corpus_version_id", "jobs", ["corpus_version_id"])
    op.create_index(
        "ix_jobs_claim",
        "jobs",
        ["kind", sa.text("priority DESC"), "fair_at", "id"],
        sqlite_where=sa.text("status = 'queued'"),
        postgresql_where=sa.text("status = 'queued'"),
    )
    op.create_index(
        "ix_jobs_lease",
        "jobs",
        ["lease_until"],
        sqlite_where=sa.text("status = 'running'"),
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_table(
        "checkpoints",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("loss", sa.Float(), nullable=False),
        sa.Column("val_loss", sa.Float(), nullable=True),
        sa.Column("best", sa.Boolean(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("blob_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("vocabulary", sa.Text(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("corpus_version_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["blob_id"], ["blobs.id"], name="fk_checkpoints_blob_id_blobs"),
        sa.ForeignKeyConstraint(
            ["corpus_version_id"],
            ["corpus_versions.id"],
            name="fk_checkpoints_corpus_version_id_corpus_versions",
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_checkpoints_job_id_jobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_checkpoints"),
        sa.UniqueConstraint("job_id", "epoch", name="uq_checkpoints_job_id_epoch"),
    )
    op.create_index("ix_checkpoints_blob_id", "checkpoints", ["blob_id"])
    op.create_index("ix_checkpoints_corpus_version_id", "checkpoints", ["corpus_version_id"])
    if op.get_bind().dialect.name != "sqlite":
        op.create_foreign_key(
            "fk_jobs_checkpoint_id_checkpoints", "jobs", "checkpoints", ["checkpoint_id"], ["id"]
        )
    op.create_table(
        "epochs",
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("loss", sa.Float(), nullable=False),
        sa.Column("val_loss", sa.Float(), nullable=True),
        sa.Column("accuracy", sa.Float(), nullable=False),
        sa.Column("val_accuracy", sa.Float(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("characters_per_second", sa.Float(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_epochs_job_id_jobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "epoch", name="pk_epochs"),
    )
    op.create_table(
        "events",
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_events_job_id_jobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "seq", name="pk_events"),
    )
    op.create_table(
        "outputs",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("temperature", sa.Float(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("prompt_report", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("blob_id", sa.Uuid(as_uuid=False), nullable=True),
        sa.Column("characters", sa.BigInteger(), nullable=False),
        sa.Column("rng_seed", sa.BigInteger(), nullable=False),
        sa.Column("finish_reason", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["blob_id"], ["blobs.id"], name="fk_outputs_blob_id_blobs"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_outputs_job_id_jobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_outputs"),
        sa.UniqueConstraint("job_id", "number", name="uq_outputs_job_id_number"),
    )
    op.create_index("ix_outputs_blob_id", "outputs", ["blob_id"])
    op.create_table(
        "resume_states",
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("blob_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["blob_id"], ["blobs.id"], name="fk_resume_states_blob_id_blobs"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_resume_states_job_id_jobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name="pk_resume_states"),
    )
    op.create_index("ix_resume_states_blob_id", "resume_states", ["blob_id"])
    op.create_table(
        "samples",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("temperature", sa.Float(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("rng_seed", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_samples_job_id_jobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_samples"),
    )
    op.create_index("ix_samples_job_id", "samples", ["job_id"])


def _only_sqlite(constraint: sa.ForeignKeyConstraint) -> list[sa.ForeignKeyConstraint]:
    return [constraint] if op.get_bind().dialect.name == "sqlite" else []


def downgrade() -> None:
    """Drop every table; what refers to others goes first."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint("fk_jobs_checkpoint_id_checkpoints", "jobs", type_="foreignkey")
    for table in reversed(TABLES):
        op.drop_table(table)
