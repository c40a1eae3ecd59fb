"""How PostgreSQL really ran what a test did: the plans that ``auto_explain`` tells of."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Select, event, text

from shared.db import Database

SETTINGS = (
    "LOAD 'auto_explain'",
    "SET auto_explain.log_min_duration = 0",
    "SET auto_explain.log_nested_statements = on",
    "SET auto_explain.log_analyze = on",
    "SET auto_explain.log_timing = off",
    "SET client_min_messages = log",
)
# As a long-lived connection may come to run prepared statements: one plan for all values.
GENERIC = "SET plan_cache_mode = force_generic_plan"
# Rows of these are many where a service is large.
LARGE = ("jobs", "events", "epochs", "blobs", "blob_chunks")
WHOLE = re.compile(rf"Seq Scan on ({'|'.join(LARGE)})\b")
# Rows that an index led to in vain: a wrong one is as bad as none.
IN_VAIN = re.compile(r"Rows Removed by (?:Filter|Index Recheck): (\d+)")
FEW = 1_000


@contextmanager
def told_plans(url: str, *, generic: bool = False) -> Iterator[tuple[Database, list[str]]]:
    """Yield a database, and the plans of all statements that it runs, foreign keys' included.

    ``generic``: such as hold for any values, which the server comes to for statements that are
    prepared; those it makes for the values otherwise.
    """
    plans: list[str] = []
    db = Database(url)

    def prepare(connection: Any, _record: Any) -> None:
        for setting in [*SETTINGS, *([GENERIC] if generic else [])]:
            connection.execute(setting)
        connection.commit()
        connection.add_notice_handler(lambda notice: plans.append(notice.message_primary))

    event.listen(db.engine, "connect", prepare)
    try:
        yield db, plans
    finally:
        db.close()


def read_whole(plans: list[str]) -> list[str]:
    """Return those plans that read a large table from its beginning to its end, or much in vain."""
    return [
        plan
        for plan in plans
        if WHOLE.search(plan) or any(int(found) > FEW for found in IN_VAIN.findall(plan))
    ]


def explained(db: Database, query: Select[Any]) -> str:
    """Return how a database would run a query on jobs; PostgreSQL runs it, with fresh figures."""
    sql = str(query.compile(db.engine, compile_kwargs={"literal_binds": True}))
    with db.engine.connect() as connection:
        if db.engine.dialect.name == "sqlite":
            rows = connection.execute(text(f"EXPLAIN QUERY PLAN {sql}"))
            return "\n".join(str(row[-1]) for row in rows)
        connection.execute(text("ANALYZE jobs"))
        return "\n".join(
            str(row[0]) for row in connection.execute(text(f"EXPLAIN (ANALYZE) {sql}"))
        )
