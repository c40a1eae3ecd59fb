"""What several requests have: texts, names, ids, and what their schemas tell of them."""

import re
from typing import Annotated, Any, ClassVar, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from shared.ids import is_id
from shared.said import said

# What a name has none of: control characters, ends of lines, what turns the writing's direction.
UNSEEN = r"\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069"
# Of a name: none of those, and one at least that is no blank.
VISIBLE = rf"^[^{UNSEEN}]*[^\s{UNSEEN}][^{UNSEEN}]*$"


def _encodable(text: str) -> str:
    """Refuse lone surrogates and NUL: no database, file or answer can carry them."""
    if "\x00" in text or any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise ValueError(said("text must not contain NUL or lone surrogate code points"))
    return text


def _id(value: str) -> str:
    if not is_id(value):
        raise ValueError(said("an id is a UUID in lower case, with its hyphens"))
    return value


def _printable(text: str) -> str:
    if not text.strip() or re.search(f"[{UNSEEN}]", text):
        raise ValueError(
            said("a name has at least one visible character and no control characters")
        )
    return text


# What the validators say, as far as a pattern can: for the schemas alone, in their words it is
# told by the errors.
Text = Annotated[
    str,
    Field(json_schema_extra={"pattern": r"^[^\u0000]*$"}),
    AfterValidator(_encodable),
]
Name = Annotated[
    str,
    Field(min_length=1, max_length=200, json_schema_extra={"pattern": VISIBLE}),
    AfterValidator(_encodable),
    AfterValidator(_printable),
]
# As the document tells it: which of its characters are not, is told in our own words.
UUID = {"format": "uuid", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
Id = Annotated[str, AfterValidator(_id), Field(json_schema_extra=cast(JsonDict, UUID))]
# The id of something: what is none is refused as one that there is not.
Reference = Annotated[str, Field(json_schema_extra={"format": "uuid"})]


def one_of(*fields: str) -> JsonDict:
    """Return what the schema of a model says of which exactly one of some fields is given."""
    given = [{"required": [field], "properties": {field: {"type": "string"}}} for field in fields]
    return cast(JsonDict, {"oneOf": given})


class Spec(BaseModel):
    """The base of every spec: strict, frozen, finite numbers, no unknown fields."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)

    newer: ClassVar[frozenset[str]] = frozenset()
    """The fields that came since the last release, whose workers refuse what they do not know."""

    def stored(self) -> dict[str, Any]:
        """Return it as it is kept: without a newer field that nobody set to anything else than its
        default, so that the last release's workers can read it."""
        return self.model_dump(mode="json", exclude=self._newer_unset())

    def given(self) -> dict[str, Any]:
        """Return what somebody set of it, as it is kept."""
        return self.model_dump(mode="json", exclude_unset=True, exclude=self._newer_unset())

    def _newer_unset(self) -> set[str]:
        fields = type(self).model_fields
        return {name for name in self.newer if getattr(self, name) == fields[name].default}
