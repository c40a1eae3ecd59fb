"""Fitting a prompt to a model's vocabulary: the nearest known character, else left out."""

import unicodedata
from dataclasses import dataclass
from typing import Any

from shared.errors import InvalidFields, UnknownPrompt
from shared.said import said

MAX_REPORTED = 50
NO_EXCERPT = said(
    "the model was trained elsewhere, and there is no corpus to take an excerpt of: give a prompt"
)


@dataclass(frozen=True)
class FittedPrompt:
    """A prompt in known characters, and what was replaced or left out on the way."""

    text: str
    replaced: dict[str, str]
    left_out: list[str]

    def report(self) -> dict[str, Any]:
        """Return what an output says of its prompt; at most 50 characters of each kind."""
        return {
            "replaced": dict(list(self.replaced.items())[:MAX_REPORTED]),
            "left_out": self.left_out[:MAX_REPORTED],
        }


def fit_prompt(prompt: str, vocabulary: str) -> FittedPrompt:
    """Fit ``prompt`` to the characters of ``vocabulary``.

    Raises ``InvalidFields`` for an empty prompt, ``UnknownPrompt`` when no character is left.
    """
    if not prompt:
        raise InvalidFields.one(
            "prompt",
            said("the prompt is empty"),
            prompt,
            said("text, or null for a random excerpt of the corpus"),
        )
    known = set(vocabulary)
    unknown = dict.fromkeys(c for c in prompt if c not in known)
    found = {c: nearest(c, known) for c in unknown}
    text = "".join(found.get(c, c) for c in prompt)
    if not text:
        raise UnknownPrompt(
            said(
                "the model knows none of the prompt's characters: {prompt}",
                prompt=repr(prompt[:40]),
            )
        )
    replaced = {c: near for c, near in found.items() if near}
    return FittedPrompt(text, replaced, [c for c, near in found.items() if not near])


def nearest(character: str, known: set[str]) -> str:
    """Return the known characters nearest to an unknown one by NFKD and case, or ''."""
    parts = unicodedata.normalize("NFKD", character)
    bare = "".join(c for c in parts if not unicodedata.combining(c))
    forms = (character, parts, bare)
    candidates = [f(form) for form in forms for f in (str, str.lower, str.upper, str.casefold)]
    return next((c for c in candidates if c and set(c) <= known), "")
