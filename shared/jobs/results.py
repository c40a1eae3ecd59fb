"""What answering jobs answer: the shapes of their results."""

from typing import Literal

from pydantic import BaseModel, Field


class Alternative(BaseModel):
    """A character that the model held likely."""

    character: str
    probability: float


class CharacterScore(BaseModel):
    """One character of a scored text, given all before it."""

    character: str
    probability: float | None = Field(description="Null where the model does not know it.")
    rank: int | None = Field(description="1 for the likeliest of all characters.")
    alternatives: list[Alternative] = Field(description="The likeliest, best first.")


class ReadAs(BaseModel):
    """What became of characters that the model does not know, the first 50 of each kind."""

    replaced: dict[str, str] = Field(description="What each was read as.")
    left_out: list[str] = Field(description="Passed over.")


class Score(BaseModel):
    """How likely a model finds a text."""

    checkpoint_id: str
    characters: int
    bits_per_character: float | None = Field(
        description="The mean of -log2 of the probabilities; null where none is known."
    )
    report: ReadAs
    scores: list[CharacterScore] = Field(
        description="One a character; the first one's is that of a model that has read nothing."
    )
    next: list[Alternative] = Field(
        default=[],
        description="The likeliest characters behind the whole text, best first: as many as "
        "`alternatives`.",
    )


class Difference(BaseModel):
    """Where two texts part, and how each goes on from there."""

    character: int = Field(description="Counted from 0.")
    expected: str = Field(description="What was written again.")
    received: str = Field(description="What the text has; empty where it has ended.")


class Finding(BaseModel):
    """Something that is not as the receipt says."""

    code: Literal["receipt_differs", "version_differs"] = Field(
        description="Another version alone does not make it another text."
    )
    field: str = Field(description="Of the receipt.")
    message: str


class Verification(BaseModel):
    """Whether a receipt's text was written again."""

    same: bool = Field(description="The text is the receipt's, and the receipt is unchanged.")
    compared_with: Literal["text", "stored", "sha256"] = Field(
        description="The text that was sent, the one that is stored, or, where neither is there, "
        "the receipt's SHA-256."
    )
    first_difference: Difference | None
    characters: int = Field(description="How many were written again.")
    problems: list[Finding]
