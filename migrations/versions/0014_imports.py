"""Models that were made elsewhere: a kind of job, and checkpoints without a text or a loss."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None

KINDS = "'train', 'generate', 'score', 'verify'"
# What nothing older could tell of: imports, and what was written or asked with their models.
NEWER = "select id from jobs where kind = 'import' or corpus_version_id is null"
MADE = f"select id from checkpoints where job_id in ({NEWER})"  # noqa: S608  # nosec B608
# All that a job may have left, in tables that are there still.
CHILDREN = ("events", "output_pieces", "outputs", "samples", "epochs", "resume_states",
            "model_jobs", "job_receivers", "job_files")  # fmt: skip


def upgrade() -> None:
    """Let the columns be empty, and jobs import."""
    _change(f"{KINDS}, 'import'", nullable=True)


def downgrade() -> None:
    """Delete imports with what was made by their models alone; runs that began with one of them
    forget it, and models that had promoted one have none."""
    op.execute(f"update models set checkpoint_id = null where checkpoint_id in ({MADE})")  # noqa: S608  # nosec B608
    op.execute(f"update decisions set checkpoint_id = null where checkpoint_id in ({MADE})")  # noqa: S608  # nosec B608
    op.execute(f"update jobs set checkpoint_id = null where checkpoint_id in ({MADE})")  # noqa: S608  # nosec B608
    op.execute(
        f"update schedule_runs set generation_job_id = null where generation_job_id in ({NEWER})"  # noqa: S608  # nosec B608
    )
    # On SQLite foreign keys are off meanwhile: no delete goes on to these by itself.
    for table in CHILDREN:
        op.execute(f"delete from {table} where job_id in ({NEWER})")  # noqa: S608  # nosec B608
    op.execute(f"delete from checkpoints where job_id in ({NEWER})")  # noqa: S608  # nosec B608
    op.execute("delete from jobs where kind = 'import' or corpus_version_id is null")
    _change(KINDS, nullable=False)


def _change(kinds: str, *, nullable: bool) -> None:
    # Built anew by SQLite, it would lose its direction.
    op.drop_index("ix_jobs_claim", "jobs")
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_constraint("ck_jobs_kind", type_="check")
        jobs.create_check_constraint("ck_jobs_kind", f"kind in ({kinds})")
        jobs.alter_column(
            "corpus_version_id", existing_type=sa.Uuid(as_uuid=False), nullable=nullable
        )
    op.create_index(
        "ix_jobs_claim",
        "jobs",
        ["queue", sa.text("priority DESC"), "fair_at", "id"],
        sqlite_where=sa.text("status = 'queued'"),
        postgresql_where=sa.text("status = 'queued'"),
    )
    with op.batch_alter_table("checkpoints") as checkpoints:
        checkpoints.alter_column("loss", existing_type=sa.Float(), nullable=nullable)
        checkpoints.alter_column(
            "corpus_version_id", existing_type=sa.Uuid(as_uuid=False), nullable=nullable
        )
