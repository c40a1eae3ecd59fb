"""What there is to say about a text: a stable code and numbers each, to be told in any language."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel, Field

from shared.corpora.decoding import DECLARED
from shared.corpora.examinations import Examination, Repeats

Code = Literal[
    "encoding_detected",
    "newlines_changed",
    "mixed_newlines",
    "nul_removed",
    "marks_removed",
    "short_text",
    "very_short_text",
    "large_vocabulary",
    "rare_characters",
    "invisible_characters",
    "long_lines",
    "many_repeated_lines",
    "many_repeated_paragraphs",
]
# "1MB is already considered very small": the notes of char-rnn (Karpathy, 2015).
SHORT, VERY_SHORT = 1_000_000, 50_000
# Alphabets have some hundred characters with all their marks; Chinese has thousands.
LARGE_VOCABULARY = 500
LONG_LINE = 10_000
# Of the text: a poem's refrain is less, a page's head on every page is more.
MUCH_REPEATED = 0.05


class TextFinding(BaseModel):
    """Something worth knowing before a model is trained."""

    code: Code = Field(description="Stable: programs may rely on it.")
    level: Literal["note", "warning"] = Field(
        description="`warning` where the text had better be mended first."
    )
    values: dict[str, int | float | str] = Field(description="The numbers that belong to it.")


def findings(
    characters: int, vocabulary_size: int, report: dict[str, Any], examination: Examination | None
) -> list[TextFinding]:
    """Return what there is to say about a text of ``N`` characters, ``V`` of them different.

    ``report`` tells what its cleaning found; what an examination alone can tell is left out where
    there is none.
    """
    found = [*_cleaned(report, examination), *_sizes(characters, vocabulary_size)]
    return [*found, *_examined(examination)] if examination else found


def _note(code: Code, **values: int | float | str) -> TextFinding:
    return TextFinding(code=code, level="note", values=values)


def _warning(code: Code, **values: int | float | str) -> TextFinding:
    return TextFinding(code=code, level="warning", values=values)


def _cleaned(report: dict[str, Any], examination: Examination | None) -> Iterator[TextFinding]:
    if report["encoding"] not in DECLARED:
        yield _warning("encoding_detected", encoding=report["encoding"])
    changed = report["newlines_changed"]
    if changed and examination and changed < examination.lines - 1:
        yield _note("mixed_newlines", newlines=changed, lines=examination.lines)
    elif changed:
        yield _note("newlines_changed", newlines=changed)
    if report["nul_removed"]:
        yield _warning("nul_removed", characters=report["nul_removed"])
    if report["marks_removed"]:
        yield _note("marks_removed", characters=report["marks_removed"])


def _sizes(characters: int, vocabulary_size: int) -> Iterator[TextFinding]:
    if characters < VERY_SHORT:
        yield _warning("very_short_text", characters=characters, wanted=SHORT)
    elif characters < SHORT:
        yield _note("short_text", characters=characters, wanted=SHORT)
    if vocabulary_size > LARGE_VOCABULARY:
        yield _note("large_vocabulary", characters=vocabulary_size)


def _examined(found: Examination) -> Iterator[TextFinding]:
    if found.rare.distinct:
        yield _note("rare_characters", characters=found.rare.distinct, count=found.rare.count,
                    share=found.rare.share)  # fmt: skip
    if found.invisible:
        yield _note("invisible_characters", characters=len(found.invisible),
                    count=sum(each.count for each in found.invisible))  # fmt: skip
    if found.longest_line.characters > LONG_LINE:
        yield _note("long_lines", characters=found.longest_line.characters,
                    offset=found.longest_line.offset)  # fmt: skip
    if found.repeated_lines.share > MUCH_REPEATED:
        yield _repeated("many_repeated_lines", found.repeated_lines)
    if found.repeated_paragraphs.share > MUCH_REPEATED:
        yield _repeated("many_repeated_paragraphs", found.repeated_paragraphs)


def _repeated(code: Code, repeats: Repeats) -> TextFinding:
    return _warning(code, repeated=repeats.repeated, characters=repeats.characters,
                    share=repeats.share)  # fmt: skip
