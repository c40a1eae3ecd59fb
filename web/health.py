"""Whether this process lives, and whether it can serve."""

from apiflask import APIBlueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from web.context import services

health = APIBlueprint("health", __name__, enable_openapi=False)


@health.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Answer as long as the process lives."""
    return {"status": "ok"}


@health.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Answer 200 when the database does. Redis is not asked: submissions work without it."""
    try:
        with services().db.read() as session:
            session.execute(text("select 1 from jobs limit 1"))
    except SQLAlchemyError:
        return {"status": "unavailable", "database": "unreachable or not migrated"}, 503
    return {"status": "ok"}
