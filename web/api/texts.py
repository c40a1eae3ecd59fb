"""Texts on their way in: uploaded, pasted, fetched or built in."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, BinaryIO, Generic, Literal, TypeVar, cast

from flask import request
from pydantic import AfterValidator, ConfigDict, Field
from werkzeug.datastructures import FileStorage

from shared.corpora.cleaning import Cleaning
from shared.corpora.services import NewText, StoredText, builtin_text, fetched_text, store_text
from shared.errors import FieldProblem, InvalidFields, UserError
from shared.fields import Name, Spec, one_of
from shared.said import said
from web.api.inputs import json_body, validated
from web.context import services

MULTIPART = "multipart/form-data"
MOST_URL = 2000
BOOLEANS = {"true": True, "false": False}


def _whole(text: str) -> str:
    """Refuse half a surrogate pair, which JSON can write; NUL is left for the cleaning."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            said(
                "character {offset} is a lone surrogate code point, which is no text",
                offset=error.start,
            )
        ) from error
    return text


class Uploaded(Spec):
    """How a text is to be cleaned; newlines always become ``\\n``."""

    lowercase: bool = Field(False, description="Make all letters lower case.")
    nfc: bool = Field(False, description="Compose characters: Unicode NFC.")
    squeeze: bool = Field(False, description="One space for each row of blanks.")

    def cleaning(self) -> Cleaning:
        """Return what is asked of the cleaning."""
        return Cleaning(self.lowercase, self.nfc, self.squeeze)


class UploadedCorpus(Uploaded):
    """A new corpus whose text comes as a file."""

    name: Name = Field(description="What the corpus is called.")


class NewVersion(Uploaded):
    """A text: exactly one of ``text``, ``url`` and ``builtin``."""

    model_config = ConfigDict(json_schema_extra=one_of("text", "url", "builtin"))

    text: Annotated[str, AfterValidator(_whole)] | None = Field(
        None, description="The text itself."
    )
    url: Annotated[str, Field(min_length=1, max_length=MOST_URL)] | None = Field(
        None, description="A public address that the text is fetched from, by http or https."
    )
    builtin: Literal["shakespeare", "python-reference"] | None = Field(
        None, description="A text that charloom can get by itself."
    )


class NewCorpus(NewVersion):
    """A new corpus: its name and exactly one of ``text``, ``url`` and ``builtin``."""

    name: Name = Field(description="What the corpus is called.")


F = TypeVar("F", bound=Uploaded)
J = TypeVar("J", bound=NewVersion)


@dataclass(frozen=True)
class Incoming(Generic[F]):
    """A request's fields, its text, and which field the text came in."""

    fields: F
    text: NewText
    source_field: str

    def store(self) -> StoredText:
        """Clean and store the text. Raises ``UserError`` naming the field it came in."""
        with blaming(self.source_field):
            return store_text(services().db, self.text)


def incoming(uploaded: type[F], pasted: type[J]) -> Incoming[F] | Incoming[J]:
    """Return the text that the request carries. Raises ``UserError``."""
    if request.mimetype == MULTIPART:
        fields = validated(uploaded, _form_fields())
        return Incoming(fields, uploaded_text(_file(), fields.cleaning()), "file")
    return _pasted(json_body(pasted))


def uploaded_text(file: FileStorage, cleaning: Cleaning) -> NewText:
    """Return the text of an uploaded file, which stays where it was spooled."""
    name = "".join(c for c in file.filename or "" if c.isprintable())[:200]
    source = f"upload:{name}" if name else "upload"
    return NewText(cast(BinaryIO, file.stream), source, cleaning)


def pasted_text(text: str, cleaning: Cleaning) -> NewText:
    """Return a text that came as a field."""
    return NewText(io.BytesIO(text.encode()), "paste", cleaning)


def address_text(url: str, cleaning: Cleaning) -> NewText:
    """Return the text at an address. Raises ``AddressRefused``, ``SourceUnavailable``."""
    return fetched_text(url, services().settings, cleaning)


def own_text(name: str, cleaning: Cleaning) -> NewText:
    """Return a built-in text. Raises ``SourceUnavailable``."""
    return builtin_text(name, services().settings, cleaning)


# The fields of which one is given, and how its text is had.
SOURCES: dict[str, Callable[[str, Cleaning], NewText]] = {
    "text": pasted_text,
    "url": address_text,
    "builtin": own_text,
}


@contextmanager
def blaming(field: str) -> Iterator[None]:
    """Let refusals of a text name the field that it came in."""
    try:
        yield
    except UserError as error:
        problems = error.problems or [FieldProblem(field, error.args[0])]
        error.problems = [replace(problem, field=field) for problem in problems]
        raise


def _pasted(fields: J) -> Incoming[J]:
    given = [name for name in SOURCES if getattr(fields, name) is not None]
    if len(given) != 1:
        raise InvalidFields.one(
            "text",
            said("give exactly one of text, url and builtin"),
            " and ".join(given) or None,
            "one of: text, url, builtin; or a file, as multipart/form-data",
        )
    (source,) = given
    with blaming(source):
        return Incoming(fields, SOURCES[source](getattr(fields, source), fields.cleaning()), source)


def _form_fields() -> dict[str, object]:
    """Return the text parts of a form; one that comes twice stays a list, which is refused."""
    given: dict[str, object] = {}
    for name, values in request.form.lists():
        read = [BOOLEANS.get(v, v) if name in Uploaded.model_fields else v for v in values]
        given[name] = read[0] if len(read) == 1 else read
    unknown = set(request.files) - {"file"}
    # No field takes one; as a text it would be a name.
    return given | {name: ["a file"] for name in unknown}


def _file() -> FileStorage:
    files = request.files.getlist("file")
    if len(files) != 1:
        message = "this part is required" if not files else "only one file is taken at a time"
        raise InvalidFields.one("file", message, len(files), "one file, sent with a file name")
    return files[0]
