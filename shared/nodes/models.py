"""The machines that run jobs."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, false
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import ID, Base


class Node(Base):
    """One machine, since a worker of it was first seen; its workers' rows refer to it."""

    __tablename__ = "nodes"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    # Each with kind (cpu, gpu), name, and memory in bytes or null.
    devices: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    cores: Mapped[int]
    memory: Mapped[int | None] = mapped_column(BigInteger)
    # Of charloom, Python, TensorFlow and the cards' driver, as far as they are there.
    versions: Mapped[dict[str, str]] = mapped_column(JSON)
    # Floating-point operations a second of all its cores: None where nobody measured.
    speed: Mapped[float | None]
    labels: Mapped[list[str]] = mapped_column(JSON)
    # What it was doing when it was seen last: see worker.load.
    load: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    # On the database's clock, as its workers'.
    seen_time: Mapped[float]
    # Starts nothing new, since when; and whether what runs is to be handed back.
    draining: Mapped[bool] = mapped_column(default=False, server_default=false())
    draining_since: Mapped[datetime | None]
    hand_back: Mapped[bool] = mapped_column(default=False, server_default=false())

    @property
    def seen_at(self) -> datetime:
        """When it was seen last."""
        return datetime.fromtimestamp(self.seen_time, UTC)
