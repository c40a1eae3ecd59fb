"""Corpora and their versions."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shared.db import ID, Base


class Corpus(Base):
    """A named text."""

    __tablename__ = "corpora"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    team_id: Mapped[str] = mapped_column(ID, ForeignKey("teams.id"), index=True)
    # Who made it; null: the installation itself, or nobody knows.
    user_id: Mapped[str | None] = mapped_column(ID)
    name: Mapped[str]
    created_at: Mapped[datetime]

    versions: Mapped[list["CorpusVersion"]] = relationship(
        back_populates="corpus", order_by="CorpusVersion.number", passive_deletes=True
    )

    @property
    def latest_version(self) -> "CorpusVersion":
        """The newest version; a corpus is never stored without one."""
        return self.versions[-1]


class CorpusVersion(Base):
    """One cleaned text, addressed by the SHA-256 of its UTF-8 bytes."""

    __tablename__ = "corpus_versions"
    __table_args__ = (
        UniqueConstraint("corpus_id", "number"),
        UniqueConstraint("corpus_id", "sha256"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    corpus_id: Mapped[str] = mapped_column(ID, ForeignKey("corpora.id", ondelete="CASCADE"))
    number: Mapped[int]
    sha256: Mapped[str]
    characters: Mapped[int] = mapped_column(BigInteger)
    vocabulary: Mapped[str]
    blob_id: Mapped[str] = mapped_column(ID, ForeignKey("blobs.id"), index=True)
    source: Mapped[str]
    report: Mapped[dict[str, Any]] = mapped_column(JSON)
    # What the doctor found: None of versions from before there was one. Lists need it not.
    examination: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True), deferred=True
    )
    created_at: Mapped[datetime]

    corpus: Mapped[Corpus] = relationship(back_populates="versions")

    @property
    def vocabulary_size(self) -> int:
        """``V``: the number of distinct characters."""
        return len(self.vocabulary)
