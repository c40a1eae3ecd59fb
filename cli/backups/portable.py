"""Tables as they stand in a database of any revision, with values that fit every database."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from alembic.migration import MigrationContext
from sqlalchemy import (
    CHAR,
    JSON,
    Boolean,
    Column,
    Connection,
    DateTime,
    Float,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    Uuid,
    cast,
    select,
    type_coerce,
)
from sqlalchemy.types import TypeEngine, UserDefinedType

from shared.blobs import BlobChunk, BlobHold
from shared.db import ID, UtcDateTime
from shared.errors import InternalError
from shared.workers.models import Worker

# Alembic's own; the bytes, which have a member of their own; and who was at work at that moment,
# as this backup.
MOMENTARY = (Worker.__tablename__, BlobHold.__tablename__)
LEFT_OUT = ("alembic_version", BlobChunk.__tablename__, *MOMENTARY)
ROWS_AT_ONCE = 100


class RawJson(UserDefinedType[str]):
    """PostgreSQL's JSON as the text it is: what tells null from nothing is not lost on the way."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return the type's name."""
        return "JSON"

    def column_expression(self, column: Any) -> Any:
        """Read it as text."""
        return cast(column, Text)

    def bind_expression(self, value: Any) -> Any:
        """Write it from text."""
        return cast(type_coerce(value, Text), JSON)


def revision_of(connection: Connection) -> str | None:
    """Return the migration that the database is at; None where it has no tables."""
    return MigrationContext.configure(connection).get_current_revision()


def tables_of(connection: Connection) -> list[Table]:
    """Return the tables that a backup holds, by name. Raises ``InternalError``."""
    metadata = MetaData()
    metadata.reflect(connection)
    found = [table for table in metadata.tables.values() if table.name not in LEFT_OUT]
    for table in found:
        for column in table.columns:
            column.type = _portable(column, connection.dialect.name)
    return sorted(found, key=lambda table: table.name)


def _portable(column: Column[Any], dialect: str) -> TypeEngine[Any]:
    kind = column.type
    if isinstance(kind, (Uuid, CHAR)):
        return ID
    if isinstance(kind, DateTime):
        return UtcDateTime()
    if isinstance(kind, JSON):
        return Text() if dialect == "sqlite" else RawJson()
    if isinstance(kind, (Boolean, Integer, Float, String)):
        return kind
    raise InternalError(f"no backup can hold {column.table.name}.{column.name}: it is {kind!r}")


def in_order(table: Table) -> Select[Any]:
    """Return the query for a table's rows, always in the same order; blobs that are whole only."""
    query = select(table).order_by(*table.primary_key.columns)
    if table.name == "blobs":
        query = query.where(table.c.sha256.is_not(None))
    return query.execution_options(yield_per=ROWS_AT_ONCE)


def plain(values: Any) -> list[Any]:
    """Return a row's values as JSON has them."""
    return [value.isoformat() if isinstance(value, datetime) else value for value in values]


def typed(table: Table, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield rows with times where the table has times. Raises ``ValueError``."""
    times = [column.name for column in table.columns if isinstance(column.type, UtcDateTime)]
    for row in rows:
        for name in times:
            row[name] = row[name] and datetime.fromisoformat(row[name])
        yield row
