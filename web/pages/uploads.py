"""Texts that come through the form: a file, a pasted text, an address or a built-in one."""

from collections.abc import Callable, Mapping
from pathlib import PurePath
from urllib.parse import urlsplit

from flask import Request, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage
from werkzeug.sansio.multipart import Data, Field, MultipartDecoder, NeedData

from shared.corpora.cleaning import Cleaning
from shared.corpora.services import LEAST_CHARACTERS, NewText, StoredText, store_text
from shared.corpora.sources import BUILTINS
from shared.errors import FieldProblem, InvalidFields
from shared.said import said
from web.api.texts import (
    MOST_URL,
    UploadedCorpus,
    address_text,
    blaming,
    own_text,
    pasted_text,
    uploaded_text,
)
from web.context import services
from web.messages import _l
from web.pages.forms import Form, own_name, validated
from web.pages.words import Words, sentence

SOURCES = ("file", "text", "url", "builtin")
CLEANING = ("lowercase", "nfc", "squeeze")
BUILTIN_WORDS: Words = {
    "shakespeare": _l(
        "The article's text: 1,115,394 characters of Shakespeare, fetched from its address."
    ),
    "python-reference": _l(
        "The prose of Python's own reference, as this Python carries it; needs no network."
    ),
}
# The fields before the file take less than this.
HEAD_BYTES = 16 * 1024


def builtins() -> list[tuple[str, str]]:
    """Return the built-in texts, each with what it is."""
    return [(name, str(BUILTIN_WORDS[name])) for name in BUILTINS]


def source_of(typed: Mapping[str, str]) -> str:
    """Return which of the four ways was chosen, which is also the name of its field."""
    source = typed.get("source", "")
    return source if source in SOURCES else "file"


def check_given(typed: Mapping[str, str]) -> None:
    """Check that something was given in the chosen way. Raises ``InvalidFields``."""
    source = source_of(typed)
    if source == "file":
        _file()
    elif source == "builtin":
        _builtin(typed)
    elif source == "url":
        _url(typed)
    elif not typed.get("text"):
        accepted = said("at least {count} characters", count=LEAST_CHARACTERS)
        raise InvalidFields.one("text", said("the text is empty"), 0, accepted)


def name_of(typed: Mapping[str, str]) -> str:
    """Return the corpus' name. Raises ``InvalidFields``.

    An empty one is made from the file's, the address' or the built-in text's.
    """
    name = typed.get("name", "").strip() or _own_name(typed)
    if not name:
        raise InvalidFields.one(
            "name", said("this text needs a name"), None, said("at most 200 characters")
        )
    return validated(UploadedCorpus, {"name": name}).name


def store_typed(typed: Mapping[str, str]) -> StoredText:
    """Clean and store the text of the form.

    Raises ``UserError`` with a problem that names the field of the form.
    """
    source = source_of(typed)
    with blaming(source):
        return store_text(services().db, _text(source, typed))


def answered(
    form: Form, done: str | None, status: int, page: Callable[[Form], str]
) -> ResponseReturnValue:
    """Lead on to ``done``, or show the form again with what is wrong.

    A script that sends the form itself is told either as JSON: so what was chosen stays chosen.
    """
    if request.accept_mimetypes.best != "application/json":
        return redirect(done, status) if done else (page(form), status)
    if done:
        return {"location": done}, 201
    errors = {own_name(problem.field): form.error(problem.field) for problem in form.problems}
    return {"message": sentence(form.message or ""), "errors": errors}, status


def names_before_file(incoming: Request) -> dict[str, str]:
    """Return the fields that stand before the file in a form that is too large to read.

    So the page can keep them; no more than the head is read.
    """
    boundary = incoming.mimetype_params.get("boundary", "")
    if not boundary or not incoming.content_length:
        return {}
    head = incoming.environ["wsgi.input"].read(min(HEAD_BYTES, incoming.content_length))
    try:
        return _fields(MultipartDecoder(boundary.encode("latin-1")), head)
    except ValueError:
        return {}


def too_large() -> FieldProblem:
    """Return the problem of a text that is larger than what is taken."""
    most = services().settings.max_upload_bytes
    message = said(
        "the text is larger than the {most} bytes that this installation accepts", most=f"{most:,}"
    )
    return FieldProblem("file", message)


def _text(source: str, typed: Mapping[str, str]) -> NewText:
    cleaning = Cleaning(**{name: typed.get(name) == "yes" for name in CLEANING})
    if source == "text":
        return pasted_text(typed.get("text", ""), cleaning)
    if source == "builtin":
        return own_text(_builtin(typed), cleaning)
    if source == "url":
        return address_text(_url(typed), cleaning)
    return uploaded_text(_file(), cleaning)


def _builtin(typed: Mapping[str, str]) -> str:
    name = typed.get("builtin", "")
    if name not in BUILTINS:
        accepted = said("one of: {values}", values=", ".join(BUILTINS))
        raise InvalidFields.one("builtin", said("choose a built-in text"), name or None, accepted)
    return name


def _url(typed: Mapping[str, str]) -> str:
    url = typed.get("url", "").strip()
    if not 0 < len(url) <= MOST_URL:
        accepted = said(
            "an address of at most {most} characters, with http:// or https://",
            most=f"{MOST_URL:,}",
        )
        raise InvalidFields.one("url", said("type an address"), url[:100] or None, accepted)
    return url


def _file() -> FileStorage:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise InvalidFields.one("file", said("choose a file"), None, said("a text file"))
    return file


def _own_name(typed: Mapping[str, str]) -> str:
    source, file = source_of(typed), request.files.get("file")
    if source == "file" and file is not None:
        return PurePath((file.filename or "").replace("\\", "/")).stem[:200].strip()
    if source == "url":
        return _last_part(typed.get("url", ""))
    return typed.get("builtin", "") if source == "builtin" else ""


def _last_part(url: str) -> str:
    try:
        return PurePath(urlsplit(url).path).stem[:200].strip()
    except ValueError:  # It is no address: fetching it will say so.
        return ""


def _fields(decoder: MultipartDecoder, head: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    decoder.receive_data(head)
    while not isinstance(event := decoder.next_event(), NeedData):
        if isinstance(event, Field):
            name = event.name or ""
        elif isinstance(event, Data) and name:
            found[name] = found.get(name, "") + event.data.decode("utf-8", "replace")
        elif not isinstance(event, Data):
            name = ""
    return found
