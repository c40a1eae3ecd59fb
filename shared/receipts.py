"""Receipts: all that it takes to write a text again, and to see that nothing was changed."""

import json
from collections.abc import Iterable
from hashlib import sha256
from importlib.metadata import version
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from shared.fields import Id, Spec
from shared.specs import MAX_OUTPUT_CHARACTERS, GenerationSpec, Seed, Temperature

# The most temperatures a spec has, times the most texts at each.
MOST_TEXTS = 16 * 100


Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Version = Annotated[str, Field(max_length=100)]


class Receipt(Spec):
    """What wrote a text: the same characters come of it again, on the same type of processor."""

    format: Literal[1] = Field(1, description="Of the receipt.")
    job_id: Id = Field(description="The generation job that the text is of.")
    number: int = Field(ge=1, le=MOST_TEXTS, description="Which of the job's texts it is.")
    corpus_version_id: Id | None = Field(
        description="The text that the model was trained on; null where that was elsewhere."
    )
    corpus_version_sha256: Sha256 | None = Field(description="Of that text's UTF-8 bytes.")
    checkpoint_id: Id = Field(description="The model that wrote.")
    checkpoint_sha256: Sha256 = Field(description="Of its .keras file.")
    spec: GenerationSpec = Field(description="What was asked for.")
    spec_sha256: Sha256 = Field(
        description="Of the spec as JSON in UTF-8, keys sorted, without blanks."
    )
    prompt_sha256: Sha256 = Field(
        description="Of what was read before the text, in characters that the model knows: made "
        "from the spec's prompt, or an excerpt that the seed and the number decide."
    )
    temperature: Temperature = Field(description="That of this text.")
    rng_seed: Seed = Field(description="The seed of all the job's texts.")
    stream: int = Field(ge=0, lt=MOST_TEXTS, description="Which random numbers of that seed.")
    charloom: Version = Field(description="The version of charloom that wrote.")
    keras: Version = Field(description="The version of Keras that stored the model.")
    characters: int = Field(ge=0, le=MAX_OUTPUT_CHARACTERS, description="The text's length.")
    finish_reason: Literal["length", "stop", "cancelled"] = Field(description="Why it ended.")
    text_sha256: Sha256 = Field(description="Of the text's UTF-8 bytes.")

    @model_validator(mode="after")
    def _is_one_of_the_texts(self) -> Self:
        texts = len(self.spec.temperatures())
        if self.number > texts:
            raise ValueError(f"the spec asks for {texts} texts: none has the number {self.number}")
        return self

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored and told: of the spec the fields that were given."""
        return self.model_dump(mode="json") | {"spec": _given(self.spec)}


def spec_sha256(spec: GenerationSpec) -> str:
    """Return the SHA-256 of a spec: of the fields that were given, so that one which came with a
    later version does not change what an older receipt says."""
    plain = json.dumps(_given(spec), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text_sha256([plain.encode()])


def text_sha256(pieces: Iterable[bytes]) -> str:
    """Return the SHA-256 of a text that comes as UTF-8 in pieces."""
    digest = sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _given(spec: GenerationSpec) -> dict[str, Any]:
    return spec.model_dump(mode="json", exclude_unset=True)


def own_version() -> str:
    """Return charloom's version."""
    return version("charloom")
