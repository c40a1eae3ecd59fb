"""What of a text stands in the corpus, in parts to show, each with the way to its place."""

from collections.abc import Iterator
from typing import Any

from flask import url_for

from shared.corpora.models import CorpusVersion
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
    """Yield a text's parts; stretches, which stand in order, may overlap."""
    at = 0
    for stretch in stretches:
        start = max(stretch["start"], at)
        end = max(stretch["start"] + stretch["length"], at)
        yield {"text": text[at:start], "copied": False}
        yield {"text": text[start:end], "copied": True, "url": _place(stretch, version)}
        at = end
    yield {"text": text[at:], "copied": False}


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
