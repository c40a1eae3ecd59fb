"""How surprised a model is by a text, as the pages show it."""

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from web.messages import _l

# In bits: what is below the first is level 0, and so on.
LEVELS = (1, 2, 4, 6, 8)
UNKNOWN = "x"
LEGEND = (
    ("0", _l("under 1 bit: expected")),
    ("1", _l("1 to 2")),
    ("2", _l("2 to 4")),
    ("3", _l("4 to 6")),
    ("4", _l("6 to 8")),
    ("5", _l("over 8 bits: a surprise")),
    (UNKNOWN, _l("unknown to the model")),
)
MOST_TOLD, AROUND = 20, 12

Scored = dict[str, Any]


def bits(score: Scored) -> float | None:
    """Return the bits of a character's score, None for one that the model does not know."""
    found = score["probability"]
    if found is None:
        return None
    return -math.log2(found) if found > 0 else math.inf


def level(score: Scored) -> str:
    """Return the name of the colour that a character has."""
    found = bits(score)
    return UNKNOWN if found is None else str(sum(found >= bound for bound in LEVELS))


def coloured(scores: Sequence[Scored]) -> list[tuple[str, str]]:
    """Return a scored text in parts of one colour: the colour's name and the text."""
    groups = groupby(scores, key=level)
    return [(name, "".join(score["character"] for score in group)) for name, group in groups]


def surprises(scores: Sequence[Scored]) -> list[Scored]:
    """Return the characters that surprised most, each with what is before it and was likelier."""
    known = [(bits(score) or 0.0, place) for place, score in enumerate(scores)
             if score["rank"]]  # fmt: skip
    found = sorted(known, key=lambda one: (-one[0], one[1]))[:MOST_TOLD]
    return [
        scores[place]
        | {
            "bits": amount,
            "place": place + 1,
            "before": "".join(s["character"] for s in scores[max(0, place - AROUND) : place]),
        }
        for amount, place in found
    ]
