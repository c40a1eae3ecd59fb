"""How surprised a model was, in colours and in order."""

from typing import Any

import pytest

from web.pages.scores import bits, coloured, level, surprises


def scored(character: str, probability: float | None) -> dict[str, Any]:
    """Return a character's score."""
    rank = None if probability is None else 3
    return {"character": character, "probability": probability, "rank": rank, "alternatives": []}


@pytest.mark.parametrize(
    ("probability", "name"),
    [(1.0, "0"), (0.51, "0"), (0.5, "1"), (0.25, "2"), (1 / 16, "3"), (1 / 64, "4"),
     (1 / 256, "5"), (0.0, "5"), (None, "x")],
)  # fmt: skip
def test_levels(probability: float | None, name: str) -> None:
    """Each begins at its number of bits; what the model does not know has its own."""
    assert level(scored("a", probability)) == name


def test_parts_of_one_colour() -> None:
    """A text is told in as few parts as it has changes of colour, and whole."""
    scores = [scored("a", 0.9), scored("b", 0.8), scored("<", None), scored("c", 0.9)]
    assert coloured(scores) == [("0", "ab"), ("x", "<"), ("0", "c")]


def test_the_greatest_surprises_come_first() -> None:
    """With their places and what was before them; unknown characters surprise nobody."""
    found = surprises([scored("a", 0.5), scored("b", 0.125), scored("☃", None), scored("c", 0.125)])
    assert [(row["character"], row["place"], row["before"]) for row in found] == [
        ("b", 2, "a"), ("c", 4, "ab☃"), ("a", 1, ""),
    ]  # fmt: skip
    assert bits(found[0]) == 3
