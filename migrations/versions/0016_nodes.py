"""Machines register, are drained, and jobs ask for what they have."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.db import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

CLAIM, NEEDS = "ix_jobs_claim", "ix_jobs_needs"


def upgrade() -> None:
    """Jobs that are there ask for nothing; workers tell of their nodes within seconds."""
    op.create_table(
        "nodes",
        sa.Column("id", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("devices", sa.JSON(), nullable=False),
        sa.Column("cores", sa.Integer(), nullable=False),
        sa.Column("memory", sa.BigInteger(), nullable=True),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("speed", sa.Float(), nullable=True),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("load", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_time", sa.Float(), nullable=False),
        sa.Column("draining", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("draining_since", UtcDateTime(), nullable=True),
        sa.Column("hand_back", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_nodes"),
        sa.UniqueConstraint("name", name="uq_nodes_name"),
    )
    with op.batch_alter_table("workers") as workers:
        workers.add_column(sa.Column("node_id", sa.Uuid(as_uuid=False), nullable=True))
        workers.create_foreign_key(
            "fk_workers_node_id_nodes", "nodes", ["node_id"], ["id"], ondelete="SET NULL"
        )
    op.create_index("ix_workers_node_id", "workers", ["node_id"])
    op.add_column("jobs", sa.Column("needs_key", sa.Text(), server_default="", nullable=False))
    op.drop_index(CLAIM, "jobs")
    _index(CLAIM, ["team_id", "queue", "needs_key", sa.text("priority DESC"), "id"])
    _index(NEEDS, ["queue", "needs_key"], " AND needs_key <> ''")


def downgrade() -> None:
    """What jobs and schedules ask for is forgotten: any worker takes them."""
    _forget_of_schedules()
    op.drop_index(NEEDS, "jobs")
    op.drop_index(CLAIM, "jobs")
    op.drop_column("jobs", "needs_key")
    _index(CLAIM, ["team_id", "queue", sa.text("priority DESC"), "id"])
    op.drop_index("ix_workers_node_id", "workers")
    with op.batch_alter_table("workers") as workers:
        workers.drop_constraint("fk_workers_node_id_nodes", type_="foreignkey")
        workers.drop_column("node_id")
    op.drop_table("nodes")


def _forget_of_schedules() -> None:
    """The release before refuses a plan with a field that it does not know."""
    plans = ("training", "generation")
    columns = (sa.column(name, sa.JSON(none_as_null=True)) for name in plans)
    table = sa.table("schedules", sa.column("id", sa.Uuid(as_uuid=False)), *columns)
    for row in op.get_bind().execute(sa.select(table)).mappings().all():
        changed = {name: _without(row[name]) for name in plans if "needs" in (row[name] or {})}
        if changed:
            op.execute(sa.update(table).where(table.c.id == row["id"]).values(**changed))


def _without(plan: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in plan.items() if name != "needs"}


def _index(name: str, columns: list[Any], more: str = "") -> None:
    where = sa.text(f"status = 'queued'{more}")
    op.create_index(name, "jobs", columns, sqlite_where=where, postgresql_where=where)
