"""Receipts of texts, small jobs that answer, their files, and a queue that is not the kind."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

IS_ANSWER = "kind in ('score', 'verify')"
# All that a job may have left, in tables that are there once the files are gone.
CHILDREN = ("events", "output_pieces", "outputs", "samples", "epochs", "resume_states",
            "model_jobs", "job_receivers")  # fmt: skip


def upgrade() -> None:
    """Add the columns and the table: so far each kind had a queue of its name."""
    op.add_column("outputs", sa.Column("receipt", sa.JSON(), nullable=True))
    op.drop_index("ix_jobs_claim", "jobs")
    op.add_column("jobs", sa.Column("queue", sa.Text(), nullable=True))
    op.execute("update jobs set queue = kind")
    with op.batch_alter_table("jobs") as jobs:
        jobs.alter_column("queue", existing_type=sa.Text(), nullable=False)
        jobs.drop_constraint("ck_jobs_kind", type_="check")
        jobs.create_check_constraint(
            "ck_jobs_kind", "kind in ('train', 'generate', 'score', 'verify')"
        )
    _index_claims("queue")
    op.create_index(
        "ix_jobs_answers",
        "jobs",
        ["finished_at"],
        sqlite_where=sa.text(IS_ANSWER),
        postgresql_where=sa.text(IS_ANSWER),
    )
    op.create_table(
        "job_files",
        sa.Column("job_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("blob_id", sa.Uuid(as_uuid=False), nullable=False),
        sa.CheckConstraint("role in ('input', 'result')", name="ck_job_files_role"),
        sa.ForeignKeyConstraint(["blob_id"], ["blobs.id"], name="fk_job_files_blob_id_blobs"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_job_files_job_id_jobs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "role", name="pk_job_files"),
    )
    op.create_index("ix_job_files_blob_id", "job_files", ["blob_id"])


def downgrade() -> None:
    """Drop them, and the jobs that nothing older could run."""
    op.drop_table("job_files")
    # On SQLite foreign keys are off meanwhile: no delete goes on to these by itself.
    for table in CHILDREN:
        op.execute(
            f"delete from {table} where job_id in (select id from jobs where {IS_ANSWER})"  # noqa: S608  # nosec B608
        )
    op.execute(f"delete from jobs where {IS_ANSWER}")  # noqa: S608  # nosec B608
    op.drop_index("ix_jobs_answers", "jobs")
    op.drop_index("ix_jobs_claim", "jobs")
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_constraint("ck_jobs_kind", type_="check")
        jobs.create_check_constraint("ck_jobs_kind", "kind in ('train', 'generate')")
        jobs.drop_column("queue")
    _index_claims("kind")
    op.drop_column("outputs", "receipt")


def _index_claims(first: str) -> None:
    op.create_index(
        "ix_jobs_claim",
        "jobs",
        [first, sa.text("priority DESC"), "fair_at", "id"],
        sqlite_where=sa.text("status = 'queued'"),
        postgresql_where=sa.text("status = 'queued'"),
    )
