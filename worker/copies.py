"""Looking for copies: a corpus version's index, in the folder that this node keeps them in."""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import structlog

from shared.corpora.models import CorpusVersion
from shared.corpora.queries import version_text
from shared.jobs.models import Job
from worker.engine.copying import CopyIndex
from worker.engine.stretches import Copying
from worker.engine.vocabulary import Ids, Vocabulary
from worker.node import Node

log = structlog.get_logger(__name__)


class Copies:
    """Looks what of a text stands word for word in a corpus version; the index is opened once."""

    def __init__(self, node: Node, version: CorpusVersion):
        self._node, self._version = node, version
        self._vocabulary = Vocabulary(version.vocabulary)
        folder = node.settings.cache_folder
        self._index = CopyIndex(folder, version.sha256, version.characters, self._ids)

    @classmethod
    def of(cls, node: Node, job: Job) -> "Copies":
        """Return what looks for copies of the text that a job's model is trained on."""
        with node.db.read() as session:
            return cls(node, session.get_one(CorpusVersion, job.corpus_version_id))

    def check(self, text: Iterable[str]) -> Copying:
        """Tell what of a text, which comes in pieces, is copied.

        Raises ``OSError`` where the index cannot be kept.
        """
        return self._index.check(self._vocabulary.encode_known(piece) for piece in text)

    def told(self, text: Iterable[str]) -> dict[str, Any] | None:
        """Return what is to be stored of a text's copies; None where no index can be kept: for
        want of that no job shall fail. The database's outages are ridden out.
        """
        try:
            return _told(self.check(text))
        except OSError as error:
            log.warning("copies not looked for: the index cannot be kept", error=str(error))
            return None

    def _ids(self, first: int, end: int) -> Ids:
        return self._node.keep_trying(lambda: self._read(first, end))

    def _read(self, first: int, end: int) -> Ids:
        chunks = _between(version_text(self._node.db, self._version), first, end)
        return self._vocabulary.encode_utf8(chunks, end - first)


class NoCopies:
    """Stands where there is no text that anything could be copied from."""

    def told(self, text: Iterable[str]) -> None:
        """Tell nothing."""


def copies_of(node: Node, version: CorpusVersion | None) -> Copies | NoCopies:
    """Return what looks for copies of the text that a model was trained on, where it is here."""
    return NoCopies() if version is None else Copies(node, version)


def decoded(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield the text of UTF-8 bytes, whose chunks may end inside a character."""
    return codecs.iterdecode(chunks, "utf-8")


def _between(chunks: Iterable[bytes], first: int, end: int) -> Iterator[bytes]:
    """Yield the UTF-8 bytes of the characters between two places of a text."""
    at = 0
    for text in decoded(chunks):
        yield text[max(first - at, 0) : max(end - at, 0)].encode()
        at += len(text)
        if at >= end:
            return


def _told(copying: Copying) -> dict[str, Any]:
    return {
        "characters": copying.characters,
        "longest": copying.longest,
        "copied": copying.copied,
        "share": copying.share,
        "found": copying.found,
        "stretches": [asdict(copy) for copy in copying.copies],
    }
