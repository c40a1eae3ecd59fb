"""What of a text stands in the corpus, in parts to show, each with the way to its place."""

from collections.abc import Iterator
from typing import Any

from flask import url_for

from shared.corpora.models import CorpusVersion
from web.messages import _
from web.pages import words


def copied_card(
    text: str, copying: dict[str, Any] | None, version: CorpusVersion | None
) -> dict[str, Any]:
    """Return what of a text is copied, in words, and the text in parts that are copied or not."""
    stretches = copying["stretches"] if copying else []
    return {
        "looked": copying is not None,
        "copying": words.copying(copying) if copying else "",
        "parts": [part for part in _parts(text, stretches, version) if part["text"]],
    }


def _parts(
    text: str, stretches: list[dict[str, int]], version: CorpusVersion | None
) -> Iterator[dict[str, Any]]:
    """Yield a text's parts, those that are copied with the way to the place of their beginning."""
    at = 0
    for stretch, end in _joined(stretches):
        start = stretch["start"]
        yield {"text": text[at:start], "copied": False}
        copied = text[start:end]
        # A link of blanks alone would have no name.
        named = "" if copied.strip() else _("copied blanks")
        yield {"text": copied, "copied": True, "url": _place(stretch, version), "named": named}
        at = end
    yield {"text": text[at:], "copied": False}


def _joined(stretches: list[dict[str, int]]) -> list[tuple[dict[str, int], int]]:
    """Return the stretches with their ends; one that only prolongs another is part of it.

    They stand in order. A row of one character is found anew behind each of its characters.
    """
    found: list[tuple[dict[str, int], int]] = []
    for stretch in stretches:
        end = stretch["start"] + stretch["length"]
        if found and stretch["start"] < found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((stretch, end))
    return found


def _place(stretch: dict[str, int], version: CorpusVersion | None) -> str:
    if version is None:
        return ""
    return url_for(
        "pages.corpora.read",
        corpus_id=version.corpus_id,
        version=version.number,
        at=stretch["at"],
        length=stretch["length"],
    )
