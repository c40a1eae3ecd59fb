"""Corpora: add, list, show, delete."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from cli.client.base import Nouns, at, given
from cli.client.connection import Json

File = tuple[str, BinaryIO | bytes]


class Corpora(Nouns):
    """The corpora of an installation."""

    def corpora(self, limit: int | None = None) -> Iterator[Json]:
        """Yield the corpora, newest first."""
        return self.listed("/corpora", limit)

    def corpus(self, corpus_id: str) -> Json:
        """Return a corpus with its versions."""
        return self.get(at("corpora", corpus_id))

    def corpus_report(self, corpus_id: str, version: int | None = None) -> Json:
        """Return the corpus doctor's report of a version, the newest where none is named."""
        return self.get(at("corpora", corpus_id, "report"), **given({"version": version}))

    def add_corpus(self, name: str, **source: Any) -> Json:
        """Add a corpus from ``text=``, ``url=`` or ``builtin=``, cleaned by ``lowercase=``,
        ``nfc=`` and ``squeeze=``."""
        return self.post("/corpora", {"name": name, **source})

    def upload(self, name: str, path: Path, **cleaning: bool) -> Json:
        """Add a corpus from a file."""
        with path.open("rb") as file:
            return self.upload_file(name, (path.name, file), **cleaning)

    def upload_file(self, name: str, file: File, **cleaning: bool) -> Json:
        """Add a corpus from an open file, or its bytes, and its name."""
        return self._upload("/corpora", {"name": name}, file, cleaning)

    def add_version(self, corpus_id: str, **source: Any) -> Json:
        """Add a version to a corpus, from ``text=``, ``url=`` or ``builtin=``, cleaned as above;
        the corpus comes back unchanged where it has the same text already."""
        return self.post(at("corpora", corpus_id, "versions"), source)

    def upload_version(self, corpus_id: str, path: Path, **cleaning: bool) -> Json:
        """Add a version to a corpus from a file, unless it has the same text already."""
        with path.open("rb") as file:
            return self.upload_version_file(corpus_id, (path.name, file), **cleaning)

    def upload_version_file(self, corpus_id: str, file: File, **cleaning: bool) -> Json:
        """Add a version to a corpus from an open file, or its bytes, and its name."""
        return self._upload(at("corpora", corpus_id, "versions"), {}, file, cleaning)

    def delete_corpus(self, corpus_id: str) -> None:
        """Delete a corpus that no job reads."""
        self.delete(at("corpora", corpus_id))

    def _upload(
        self, path: str, fields: dict[str, str], file: File, cleaning: dict[str, bool]
    ) -> Json:
        fields |= {option: str(on).lower() for option, on in cleaning.items()}
        return self._connection.json("POST", path, data=fields, files={"file": file})
