"""The zip files that models come in: looked at before anything of them is unpacked."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from shared.errors import ArchiveRefused, LegacyModel, NotAModel
from shared.said import said

KIB, MIB = 1024, 1024 * 1024
# More than the largest model that a spec can ask for has.
MOST_WEIGHTS = 1024 * MIB
# What may stand in which file, and how large it may be unpacked.
MODEL = {"metadata.json": 64 * KIB, "config.json": MIB, "model.weights.h5": MOST_WEIGHTS}
BUNDLE = {
    "model.keras": MOST_WEIGHTS + 2 * MIB, "vocabulary.json": 2 * MIB, "spec.json": 64 * KIB,
    "receipt.json": 64 * KIB,
}  # fmt: skip
# Weights hardly shrink: who claims more than this has packed something else.
MOST_RATIO, RATIO_SLACK = 20, 64 * KIB
PIECE = 256 * KIB
FIRST, LEGACY = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
# The end record without a comment, and the locator that stands before it in files of the new form.
END = struct.Struct("<4s4H2LH")
LOCATOR_BYTES = 20
# A central directory of that many files with short names is far smaller.
MOST_DIRECTORY = 4 * KIB
ENCRYPTED = 0x2041
BROKEN = (BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError,
          struct.error)  # fmt: skip


def unpack(path: Path, folder: Path) -> dict[str, Path]:
    """Unpack a ``.keras`` file, or a bundle and the one in it; return the files by their names.

    Raises ``NotAModel``, ``LegacyModel``, ``ArchiveRefused``.
    """
    _look_at_ends(path)
    try:
        with ZipFile(path) as archive:
            infos = archive.infolist()
            bundle = any(info.orig_filename == "model.keras" for info in infos)
            files = _unpack_all(archive, _checked(infos, BUNDLE if bundle else MODEL), folder)
    except BROKEN as error:
        _refuse(said("it cannot be unpacked: {why}", why=ascii(str(error))[:200]), error)
    return files | unpack_model(files["model.keras"], folder) if bundle else files


def unpack_model(path: Path, folder: Path) -> dict[str, Path]:
    """Unpack the ``.keras`` file of a bundle, in which there can be no bundle."""
    _look_at_ends(path)
    try:
        with ZipFile(path) as archive:
            return _unpack_all(archive, _checked(archive.infolist(), MODEL), folder)
    except BROKEN as error:
        _refuse(said("it cannot be unpacked: {why}", why=ascii(str(error))[:200]), error)


def _look_at_ends(path: Path) -> None:
    """Look at the first bytes and the last: of a directory of millions nothing is read."""
    size = path.stat().st_size
    with path.open("rb") as file:
        first = file.read(len(LEGACY))
        if first == LEGACY:
            raise LegacyModel
        if not first.startswith(FIRST):
            raise NotAModel
        file.seek(max(0, size - END.size - LOCATOR_BYTES))
        last = file.read()
    if len(last) < END.size + LOCATOR_BYTES or last[LOCATOR_BYTES:][:4] != b"PK\x05\x06":
        _refuse(said("it does not end as a zip file without a comment does: it may be cut off"))
    _, _, _, _, entries, directory, start, _ = END.unpack(last[LOCATOR_BYTES:])
    if last.startswith(b"PK\x06\x07") or entries > len(BUNDLE) or directory > MOST_DIRECTORY:
        _refuse(said("it holds {count} files; accepted: at most {most}",
                     count=entries, most=len(BUNDLE)))  # fmt: skip
    if start + directory + END.size != size:
        _refuse(said("its directory does not stand where it says"))


def _checked(infos: list[ZipInfo], expected: Mapping[str, int]) -> list[tuple[ZipInfo, int]]:
    """Return each file with the bytes that it may have. Raises ``ArchiveRefused``."""
    names = sorted(info.orig_filename for info in infos)
    if names != sorted(expected):
        _refuse(
            said("it holds {received}; accepted: {accepted}",
                 received=", ".join(ascii(name)[:80] for name in names) or "-",
                 accepted=", ".join(sorted(expected)))
        )  # fmt: skip
    for info in infos:
        _check(info, expected[info.orig_filename])
    return [(info, expected[info.orig_filename]) for info in infos]


def _check(info: ZipInfo, most: int) -> None:
    name, mode = info.orig_filename, info.external_attr >> 16
    if info.flag_bits & ENCRYPTED:
        _refuse(said("{name} is encrypted", name=name))
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG) or info.external_attr & 0x10:
        _refuse(said("{name} is no plain file", name=name))
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        _refuse(said("{name} is packed in a way that Keras does not use", name=name))
    most = min(most, MOST_RATIO * info.compress_size + RATIO_SLACK)
    if info.file_size > most:
        _refuse(said("{name} has {count} bytes unpacked; accepted: at most {most}",
                     name=name, count=info.file_size, most=most))  # fmt: skip


def _unpack_all(
    archive: ZipFile, files: list[tuple[ZipInfo, int]], folder: Path
) -> dict[str, Path]:
    return {info.orig_filename: _unpack(archive, info, most, folder) for info, most in files}


def _unpack(archive: ZipFile, info: zipfile.ZipInfo, most: int, folder: Path) -> Path:
    """Write a file of the archive into the folder, whatever its header says of its size."""
    path, size = folder / info.orig_filename, 0
    with archive.open(info) as source, path.open("xb") as target:
        while piece := source.read(PIECE):
            size += len(piece)
            if size > most:
                _refuse(said("{name} is larger than it says", name=info.orig_filename))
            target.write(piece)
    return path


def _refuse(why: str, error: Exception | None = None) -> NoReturn:
    raise ArchiveRefused(said("the zip file is refused: {why}", why=why)) from error
