"""How large the database is, and how much of that is content."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select, text

from shared.blobs import BlobChunk
from shared.db import Database


@dataclass(frozen=True)
class Storage:
    """Bytes on disk, of these those that are free in the file, and those of stored content."""

    disk: int
    free: int
    content: int


def storage(db: Database) -> Storage:
    """Return what the database takes now."""
    with db.read() as session:
        content = session.scalar(select(func.sum(func.length(BlobChunk.data)))) or 0
    return Storage(*_sizes(db), int(content))


def _sizes(db: Database) -> tuple[int, int]:
    with db.engine.connect() as connection:
        if db.engine.dialect.name != "sqlite":
            size = text("SELECT pg_database_size(current_database())")
            return int(connection.scalar(size) or 0), 0
        page = int(connection.exec_driver_sql("PRAGMA page_size").scalar() or 0)
        free = int(connection.exec_driver_sql("PRAGMA freelist_count").scalar() or 0)
    file = Path(db.engine.url.database or "")
    return file.stat().st_size, free * page
