"""The tables of blobs, which ``shared.blobs`` writes and reads and ``shared.blob_ends`` empties."""

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, exists, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import ID, Base, database_time

CHUNK_BYTES = 256 * 1024
# Goes as soon as nothing refers to it, without a grace time; and is on its way out, for good.
RELEASED, DOOMED = 0.0, -1.0
# True of the rows of the former, in the words of their index.
IS_RELEASED = text("touched_at = 0")


class Blob(Base):
    """One sequence of bytes."""

    __tablename__ = "blobs"
    __table_args__ = (
        Index("ix_blobs_released", "id", sqlite_where=IS_RELEASED, postgresql_where=IS_RELEASED),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    sha256: Mapped[str | None] = mapped_column(unique=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    # When somebody last meant to refer to it, on the database's clock: the grace time's start.
    # Two are no times: RELEASED and DOOMED.
    touched_at: Mapped[float]
    # What its object in the store is called; None where its bytes are chunks.
    location: Mapped[str | None]


class BlobChunk(Base):
    """At most 256 KiB of a blob."""

    __tablename__ = "blob_chunks"

    blob_id: Mapped[str] = mapped_column(
        ID, ForeignKey("blobs.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class BlobHold(Base):
    """Until then, on the database's clock, no object is deleted: a backup reads them."""

    __tablename__ = "blob_holds"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    until: Mapped[float]


HELD = exists().where(BlobHold.until > database_time())
