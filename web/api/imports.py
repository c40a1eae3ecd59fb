"""Model files on their way in."""

from collections.abc import Iterator
from typing import BinaryIO, cast

from flask import request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import UnsupportedMediaType

from shared.blobs import CHUNK_BYTES, StoredBlob, write_blob
from shared.errors import FieldProblem, InvalidFields, VocabularyRefused
from shared.jobs.imports import FILES, ImportBody, ImportRequest, ImportSpec
from shared.jobs.submissions import Submitter, is_known_key
from shared.limits.services import check_queue
from shared.said import said
from shared.vocabularies import MOST_BYTES, checked, read_vocabulary
from web.api.inputs import validated
from web.api.texts import MULTIPART
from web.context import services

UNNAMED = "model"


def check_room(who: Submitter) -> None:
    """Refuse an import that a team has no place for, before a byte of its file is stored.

    What is stored and refused would stay for the grace time. Raises ``QuotaExceeded``.
    """
    with services().db.read() as session:
        # One that is sent again takes no place.
        if not is_known_key(session, who):
            check_queue(session, who.team_id, who.limits)


def incoming_model() -> tuple[ImportRequest, StoredBlob]:
    """Return what a form asks for, and its file as it is stored, which nobody has looked into.

    Raises ``InvalidFields``, ``VocabularyRefused``.
    """
    if request.mimetype != MULTIPART:
        raise UnsupportedMediaType(
            f"the body must be {MULTIPART}; received {request.mimetype or 'no Content-Type'}"
        )
    return taken(validated(ImportBody, _fields()))


def taken(body: ImportBody) -> tuple[ImportRequest, StoredBlob]:
    """Return the request of a form whose fields are as they should be, and its file as stored."""
    file, vocabulary = _file(), _vocabulary(body)
    name = file_name(file)
    stored = write_blob(services().db, _pieces(cast(BinaryIO, file.stream)))
    spec = ImportSpec(
        file=name or None, sha256=stored.sha256, bytes=stored.bytes, vocabulary=vocabulary
    )
    return ImportRequest(name=body.name or name.strip() or UNNAMED, spec=spec), stored


def file_name(file: FileStorage) -> str:
    """Return what of a file's name can be shown."""
    last = (file.filename or "").replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in last if character.isprintable())[:200]


def _fields() -> dict[str, object]:
    """Return the text parts of a form; one that comes twice stays a list, which is refused."""
    given: dict[str, object] = {
        name: values[0] if len(values) == 1 else values for name, values in request.form.lists()
    }
    # No field takes one; as a text it would be a name.
    return given | {name: ["a file"] for name in set(request.files) - set(FILES)}


def _file() -> FileStorage:
    files = [file for file in request.files.getlist("file") if file.filename]
    if len(files) != 1:
        message = said("choose a file") if not files else said("only one file is taken at a time")
        raise InvalidFields.one("file", message, len(files), said("one .keras file, or a bundle"))
    return files[0]


def _vocabulary(body: ImportBody) -> str | None:
    """Return the characters that came with a file, as a file of their own or as text."""
    files = [file for file in request.files.getlist("vocabulary") if file.filename]
    if len(files) + (body.characters is not None) > 1:
        message = said("the characters are there twice")
        raise InvalidFields.one("vocabulary", message, len(files), said("a file, or characters"))
    try:
        if files:
            return read_vocabulary(files[0].stream.read(MOST_BYTES + 1))
        return body.characters and checked(list(body.characters))
    except VocabularyRefused as error:
        error.problems = [FieldProblem("vocabulary" if files else "characters", error.args[0])]
        raise


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(CHUNK_BYTES):
        yield piece
