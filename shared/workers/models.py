"""The processes that take jobs."""

from datetime import UTC, datetime

from sqlalchemy import JSON, BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import ID, Base


def host_of(name: str) -> str:
    """Return what the machine of a worker's name is called."""
    return name.partition(":")[0]


class Worker(Base):
    """One pool process, since it was started."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    # As in the rows of the jobs that it runs: the machine's name and the process' number, with a
    # mark of its worker between where several may have that number.
    name: Mapped[str] = mapped_column(unique=True)
    # The machine that it is on: None where it has not told, as before there were nodes.
    node_id: Mapped[str | None] = mapped_column(
        ID, ForeignKey("nodes.id", ondelete="SET NULL"), index=True
    )
    queues: Mapped[list[str]] = mapped_column(JSON)
    device: Mapped[str]
    # Floating-point operations a second in products of matrices, as measured at its start: None
    # where it measured nothing.
    speed: Mapped[float | None]
    # Bytes that it may hold, in the machine's memory and on its card: None where nobody knows.
    memory: Mapped[int | None] = mapped_column(BigInteger)
    device_memory: Mapped[int | None] = mapped_column(BigInteger)
    started_at: Mapped[datetime]
    # On the database's clock, as whether it is alive is judged.
    seen_time: Mapped[float]

    @property
    def host(self) -> str:
        """What its machine is called."""
        return host_of(self.name)

    @property
    def seen_at(self) -> datetime:
        """When it was seen last."""
        return datetime.fromtimestamp(self.seen_time, UTC)
