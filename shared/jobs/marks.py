"""A job's mark: short text that differs whenever what is told of the job does.

Many ask for the same job again and again, and mostly nothing has changed. Reading the mark takes a
tenth of the time of SQLAlchemy's way to the row: its statement is compiled once, and run by the
driver itself.
"""

from collections import deque
from hashlib import sha256
from typing import Any

from sqlalchemy import Text, bindparam, cast, select

from shared.db import Database
from shared.ids import is_id
from shared.jobs.models import Job


class Marks:
    """Reads marks from one database."""

    def __init__(self, db: Database):
        self._engine = db.engine
        # Every move and every record raises the number; progress and requests are columns alone.
        query = select(Job.event_seq, cast(Job.progress, Text), Job.status).where(
            Job.id == bindparam("job_id"), Job.team_id == bindparam("team_id")
        )
        # Whoever takes one and whoever gives it back do so in one step: no lock is needed.
        self._kept: deque[Any] | None = deque() if db.engine.dialect.name == "sqlite" else None
        compiled = query.compile(dialect=db.engine.dialect)
        self._sql, self._names = str(compiled), compiled.positiontup

    def of(self, team_id: str, job_id: str) -> tuple[str, str] | None:
        """Return the mark and the status of the team's job, or None where there is none, or it
        cannot be read.
        """
        if not is_id(job_id):
            return None
        # Without hyphens both databases take them: it is how SQLite stores them.
        values = {"job_id": job_id.replace("-", ""), "team_id": team_id.replace("-", "")}
        row = self._row([values[n] for n in self._names] if self._names else values)
        if row is None:
            return None
        return sha256(f"{job_id} {row[0]} {row[1]}".encode()).hexdigest()[:32], row[2]

    def _row(self, parameters: Any) -> Any:
        return self._pooled(parameters) if self._kept is None else self._quick(parameters)

    def _quick(self, parameters: Any) -> Any:
        """Read from a file: its connections need no look whether they still stand."""
        kept: deque[Any] = self._kept  # type: ignore[assignment]
        connection: Any
        try:
            connection = kept.pop()
        except IndexError:
            pooled = self._engine.raw_connection()
            connection = pooled.dbapi_connection
            pooled.detach()
        try:
            row = connection.execute(self._sql, parameters).fetchone()
        except self._engine.dialect.loaded_dbapi.Error:
            connection.close()
            return None
        kept.append(connection)
        return row

    def _pooled(self, parameters: Any) -> Any:
        connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(self._sql, parameters)
            return cursor.fetchone()
        except self._engine.dialect.loaded_dbapi.Error:
            # The ordinary way will meet it, too, and tell it as what it is.
            return None
        finally:
            connection.close()
