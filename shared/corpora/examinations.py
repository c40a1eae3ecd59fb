"""What the corpus doctor found in a version: numbers alone, to be told in any language.

Offsets and lengths are characters (code points) of the cleaned text, offsets from 0.
"""

from pydantic import BaseModel, Field


class CharacterCount(BaseModel):
    """A character, and how often it stands in the text."""

    character: str
    count: int


class CategoryCount(BaseModel):
    """The characters of a Unicode general category, as `Lu` or `Nd`."""

    category: str
    distinct: int
    count: int


class ScriptCount(BaseModel):
    """The letters of a script, by the first word of their Unicode names: `latin`, `cjk`."""

    script: str
    count: int
    share: float = Field(description="Of all letters.")


class RareCharacters(BaseModel):
    """The characters that stand in the text fewer than ten times: too few to learn from."""

    distinct: int
    count: int = Field(description="How often they stand in the text, all together.")
    share: float = Field(description="Of the text.")
    characters: str = Field(description="Which, the most frequent first; the first 200.")


class InvisibleCharacter(BaseModel):
    """A character that is not seen, or looks like a plain blank."""

    code_point: str = Field(description="As `U+200B`.")
    name: str = Field(description="Its Unicode name; of control characters its common name.")
    count: int
    offset: int = Field(description="Where it stands first.")


class LongestLine(BaseModel):
    """The longest line."""

    characters: int
    offset: int


class Repeat(BaseModel):
    """A line or paragraph that is there more than once."""

    excerpt: str = Field(description="Its first 80 characters.")
    characters: int
    count: int = Field(description="How often it is there.")
    offset: int = Field(description="Where it stands first.")
    again_at: int = Field(description="Where it stands the second time.")


class Repeats(BaseModel):
    """Lines or paragraphs that are there more than once; short ones are not compared."""

    compared: int
    repeated: int = Field(description="How many are there already before them.")
    characters: int = Field(description="Of the repeated ones.")
    share: float = Field(description="Of the text.")
    capped: bool = Field(
        description="Whether the text has more different ones than are remembered: then those "
        "that came later are not found."
    )
    examples: list[Repeat] = Field(description="The five that take the most of the text.")


class Examination(BaseModel):
    """What the corpus doctor found in a text."""

    characters: int
    vocabulary_size: int
    most_frequent: list[CharacterCount] = Field(description="The first 200.")
    categories: list[CategoryCount]
    scripts: list[ScriptCount] = Field(description="The first ten.")
    rare: RareCharacters
    invisible: list[InvisibleCharacter] = Field(description="Of most to fewest.")
    lines: int
    longest_line: LongestLine
    repeated_lines: Repeats
    repeated_paragraphs: Repeats
