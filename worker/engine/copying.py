"""How much of a written text stands word for word in the corpus.

An index is a suffix array, built once a corpus version and kept in a folder of files that are
mapped, not read: a process's own memory stays small, however long the corpus is.
"""

import os
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydivsufsort import divsufsort

from worker.engine.matching import mark_common, matching_statistics, nothing_found
from worker.engine.stretches import COPIED_STRETCH, Copying, Tally
from worker.engine.vocabulary import Ids

# A part's suffix array takes 64 MiB, and somewhat more while it is built.
PART_CHARACTERS = 2**24
# Parts overlap by so much: a stretch over two of them is found whole up to this length.
OVERLAP_CHARACTERS = 2**16
FOLDER_BYTES = 2 * 2**30
# A written text is looked through by so many places at once, and so far beyond them.
BLOCK_CHARACTERS, LOOKAHEAD_CHARACTERS = 2**16, 2**16


@dataclass(frozen=True)
class CopyIndex:
    """The suffix arrays of a corpus version, whose SHA-256 is ``key``, in the files of a folder.

    ``ids`` returns the text's (M,) from one place to another; it is called only where a file is
    missing or damaged.
    """

    folder: Path
    key: str
    characters: int
    ids: Callable[[int, int], Ids]
    part: int = PART_CHARACTERS
    overlap: int = OVERLAP_CHARACTERS

    def check(self, written: Iterable[Ids]) -> Copying:
        """Tell what of a text, whose ids come in pieces of any length, is copied.

        An id that the corpus has not matches nothing. Memory does not grow with the text: a
        stretch of more than ``LOOKAHEAD_CHARACTERS`` may be told in two.
        Matching statistics: Chang and Lawler, "Sublinear approximate string matching" (1994).
        """
        tally = Tally()
        for block, count in _blocks(written):
            tally.add(*self._matches(block, count))
        return tally.copying()

    def _matches(self, block: Ids, count: int) -> tuple[Any, Any]:
        """Return how long and where the first places of a block match longest, (count,) each."""
        lengths, places = nothing_found(count)
        for first, text, suffixes in self._parts:
            before = lengths.copy()
            matching_statistics(text, suffixes, block, lengths, places)
            places[lengths > before] += first
        return lengths, places

    @cached_property
    def _parts(self) -> list[tuple[int, Any, Any]]:
        """Each part: where it begins, its ids and its suffix array."""
        return [self._part(first) for first in range(0, self.characters, self.part)]

    def _part(self, first: int) -> tuple[int, Any, Any]:
        name = f"{self.key}-{self.part}-{self.overlap}-{first}"
        text, suffixes = (self.folder / f"{name}.{what}" for what in ("text", "suffixes"))
        if not (_intact(text) and _intact(suffixes)):
            self._build(first, text, suffixes)
        return first, _opened(text), _opened(suffixes)

    def _build(self, first: int, text: Path, suffixes: Path) -> None:
        ids = np.array(self.ids(first, min(first + self.part + self.overlap, self.characters)))
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(text, ids)
        _write(suffixes, suffix_array(ids))
        _shrink(self.folder, FOLDER_BYTES, keep={text, suffixes})


def suffix_array(ids: Ids) -> NDArray[np.int32]:
    """Return where the suffixes of ids (N,) begin, in the order of the suffixes (N,)."""
    ids = np.ascontiguousarray(ids)
    width = 1 if ids.max(initial=0) < 2**8 else 2 if ids.max(initial=0) < 2**16 else 3
    # Big-endian: then the order of bytes is that of ids.
    shifts = range(8 * (width - 1), -1, -8)
    data = np.stack([(ids >> shift if shift else ids).astype(np.uint8) for shift in shifts], 1)
    if not len(ids):
        return np.empty(0, np.int32)
    found = divsufsort(data.reshape(-1))
    whole: NDArray[np.int32] = (found if width == 1 else found[found % width == 0]) // width
    return whole.astype(np.int32, copy=False)


def in_common(ids: Ids, frozen: Ids, stretch: int = COPIED_STRETCH) -> NDArray[np.bool_]:
    """Mark the characters of ids (N,) that lie in stretches of ``frozen`` (M,) that are longer
    than ``stretch``.
    """
    marked = np.zeros(len(ids), np.bool_)
    if len(frozen):
        frozen = np.ascontiguousarray(frozen)
        mark_common(np.asarray(ids), frozen, suffix_array(frozen), stretch, marked)
    return marked


def _blocks(pieces: Iterable[Ids]) -> Iterator[tuple[Ids, int]]:
    """Yield blocks (M,) of a text, and of how many places of each the matches are wanted: behind
    those comes what they may go on with, which begins the next block, too.
    """
    waiting: list[Ids] = []
    for piece in pieces:
        waiting.append(np.asarray(piece, np.int32))
        while sum(map(len, waiting)) > BLOCK_CHARACTERS + LOOKAHEAD_CHARACTERS:
            block = np.concatenate(waiting)
            yield block[: BLOCK_CHARACTERS + LOOKAHEAD_CHARACTERS], BLOCK_CHARACTERS
            waiting = [block[BLOCK_CHARACTERS:]]
    if any(map(len, waiting)):
        block = np.concatenate(waiting)
        yield block, len(block)


def _write(path: Path, values: Any) -> None:
    """Write a file whole or not at all: the values, then their checksum."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            np.save(file, values)
            file.flush()
            checksum = _checksum(Path(file.name), os.path.getsize(file.name))
            file.write(checksum.to_bytes(4, "little"))
        except BaseException:
            os.unlink(file.name)
            raise
    os.replace(file.name, path)


def _intact(path: Path) -> bool:
    """Tell whether a file is there and as it was written; a wrong place would crash the search."""
    try:
        size = path.stat().st_size - 4
        with path.open("rb") as file:
            file.seek(max(size, 0))
            return size > 0 and file.read() == _checksum(path, size).to_bytes(4, "little")
    except OSError:
        return False


def _checksum(path: Path, size: int) -> int:
    found = 0
    with path.open("rb") as file:
        while size and (piece := file.read(min(2**20, size))):
            found, size = zlib.crc32(piece, found), size - len(piece)
    return found


def _opened(path: Path) -> Any:
    """Return the values of a file, mapped; the file's time says when it was used last."""
    os.utime(path)
    mapped = np.load(path, mmap_mode="r")
    return mapped.view(np.ndarray)


def _shrink(folder: Path, most: int, keep: set[Path]) -> None:
    """Remove the files that were not used for longest until the folder has ``most`` bytes."""
    files = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)
    size = sum(path.stat().st_size for path in files)
    for path in files:
        if size <= most or path in keep:
            continue
        size -= path.stat().st_size
        # Mapped files stay readable until they are let go.
        path.unlink(missing_ok=True)
