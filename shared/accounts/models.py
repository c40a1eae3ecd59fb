"""Teams: everything that people own belongs to one, from the first migration."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from shared.db import ID, Base

# The one team there is until accounts exist; the first migration inserts it.
DEFAULT_TEAM_ID = "00000000-0000-7000-8000-000000000001"


class Team(Base):
    """Who owns corpora and jobs."""

    __tablename__ = "teams"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str]
    created_at: Mapped[datetime]
