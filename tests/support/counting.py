"""How many rows there are: what a test stored, kept or lost."""

from collections.abc import Collection

from sqlalchemy import func, select

from shared import tables  # noqa: F401  (fills the metadata)
from shared.db import Base, Database


def rows(db: Database, besides: Collection[str] = ()) -> dict[str, int]:
    """Return how many rows each table has, but for those in ``besides``."""
    counted = [table for table in Base.metadata.sorted_tables if table.name not in besides]
    with db.read() as session:
        return {
            table.name: session.scalars(select(func.count()).select_from(table)).one()
            for table in counted
        }
