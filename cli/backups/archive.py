"""The file of a backup: a zip of one member a table, one with all bytes, and a manifest.

A table's member has a JSON array a row. The bytes of the blobs follow each other in the order of
their table's rows. The manifest is written last: it has the sums of all others.
"""

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from shared.errors import UserError

FORMAT = 1
MANIFEST, BLOBS = "manifest.json", "blobs.bin"
PIECE_BYTES = 256 * 1024
# What reading a damaged zip file ends in, as its place is.
DAMAGES = (BadZipFile, zlib.error, EOFError, KeyError, OSError, ValueError, NotImplementedError)


class BackupDamaged(UserError):
    """The backup is damaged."""

    code = "backup_damaged"


class Part(BaseModel):
    """What one member must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int
    sha256: str


class TablePart(Part):
    """A table's: ``count`` is its rows."""

    columns: list[str]


class BlobPart(Part):
    """That of all bytes: ``count`` is the blobs."""

    bytes: int


class Manifest(BaseModel):
    """What a backup is, and what is in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    charloom: str
    revision: str
    database: str
    created_at: AwareDatetime
    tables: dict[str, TablePart]
    blobs: BlobPart


class Member:
    """A member that is being written: counts and sums what goes into it."""

    def __init__(self, file: IO[bytes]):
        self._file, self._digest = file, sha256()
        self.count = self.bytes = 0

    @property
    def sha256(self) -> str:
        """The sum of what was written so far."""
        return self._digest.hexdigest()

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._file.write(data)
        self._digest.update(data)
        self.bytes += len(data)

    def row(self, values: list[Any]) -> None:
        """Append a table's row."""
        self.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")
        self.count += 1


@contextmanager
def member(archive: ZipFile, name: str) -> Iterator[Member]:
    """Write one member; its size need not be known before. Models are not packed any smaller."""
    info = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = ZIP_STORED if name == BLOBS else ZIP_DEFLATED
    with archive.open(info, "w", force_zip64=True) as file:
        yield Member(file)


def table_member(table: str) -> str:
    """Return the name of a table's member."""
    return f"tables/{table}.jsonl"


class Archive:
    """A backup to read."""

    def __init__(self, path: Path, file: ZipFile):
        self.path, self._zip = path, file
        self.manifest = self._manifest()

    def check(self) -> None:
        """Read all of it. Raises ``BackupDamaged`` naming the first member that is not whole."""
        for table, part in self.manifest.tables.items():
            self._check(table_member(table), part, lines=True)
        self._check(BLOBS, self.manifest.blobs)

    def rows(self, table: str) -> Iterator[dict[str, Any]]:
        """Yield a table's rows by their columns' names."""
        columns = self.manifest.tables[table].columns
        with self._reading(table_member(table)) as file:
            for line in file:
                yield dict(zip(columns, json.loads(line), strict=True))

    @contextmanager
    def blobs(self) -> Iterator[IO[bytes]]:
        """Open the bytes of all blobs."""
        with self._reading(BLOBS) as file:
            yield file

    def damaged(self, name: str, why: object) -> BackupDamaged:
        """Return the error for a member."""
        return BackupDamaged(f"the backup {self.path} is damaged: {name}: {why}")

    def _manifest(self) -> Manifest:
        with self._reading(MANIFEST) as file:
            raw = json.loads(file.read())
            if isinstance(raw, dict) and raw.get("format") != FORMAT:
                raise UserError(
                    f"the backup {self.path} has format {raw.get('format')!r:.50}; this version of "
                    f"charloom reads format {FORMAT}"
                )
            return Manifest.model_validate(raw)

    def _check(self, name: str, part: Part, lines: bool = False) -> None:
        digest, count = sha256(), 0
        with self._reading(name) as file:
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
                count += piece.count(b"\n")
        if digest.hexdigest() != part.sha256:
            raise self.damaged(name, "its SHA-256 is not that of the manifest")
        if lines and count != part.count:
            raise self.damaged(name, f"{count} rows, and {part.count} by the manifest")

    @contextmanager
    def _reading(self, name: str) -> Iterator[IO[bytes]]:
        try:
            with self._zip.open(name) as file:
                yield file
        except ValidationError as error:
            raise self.damaged(name, error.errors()[0]["msg"]) from error
        except KeyError as error:
            raise self.damaged(name, "it is missing") from error
        except DAMAGES as error:
            raise self.damaged(name, error) from error


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open a backup. Raises ``UserError`` where it is none, or of a later format."""
    try:
        file = ZipFile(path)
    except BadZipFile as error:
        raise BackupDamaged(f"{path} is no backup, or not a whole one: {error}") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    with file:
        yield Archive(path, file)
