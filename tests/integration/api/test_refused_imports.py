"""Imports that a team has no room for."""

from sqlalchemy import func, select

from shared.accounts.models import DEFAULT_TEAM_ID, Team
from shared.blobs import Blob
from shared.db import Database
from tests.integration.api.client import Api, problem


def test_a_refused_import_stores_nothing(api: Api, db: Database) -> None:
    """What is over the limit of waiting jobs is refused before its file is stored."""
    with db.write() as session:
        session.get_one(Team, DEFAULT_TEAM_ID).most_queued_jobs = 0
    answer = api.upload("/checkpoints", b"x" * 100_000, "model.keras")
    problem(answer, 409, "quota_exceeded")
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Blob)) == 0
