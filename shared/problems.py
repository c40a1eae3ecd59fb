"""From pydantic's errors to ours: field, what was received, what is accepted."""

import json
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from shared.errors import FieldProblem, InvalidFields
from shared.nodes.labels import LABEL
from shared.said import Said, said

# Of what is wrong, so much is told: an answer is no larger for a request that has more.
MOST_PROBLEMS = 100
# What pydantic calls a value that is no whole number, and one that is no object.
NO_INTEGER = {"int_type", "int_parsing", "int_parsing_size", "int_from_float"}
NO_OBJECT = {"model_type", "model_attributes_type", "dict_type"}
# What texts are made of that a pattern is for.
PATTERNS = {
    LABEL: "up to 63 of a to z, digits, dots, hyphens and underscores",
    "^[0-9a-f]{64}$": "64 hexadecimal digits in lower case",
    "^[ -~]+$": "printable ASCII characters",
}
KINDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


def invalid(error: ValidationError, model: type[BaseModel]) -> InvalidFields:
    """Return the error to raise for what pydantic refused."""
    found = _first_a_field(error, model)
    told = [_problem(item, model) for item in found[:MOST_PROBLEMS]]
    if len(found) == len(told):
        return InvalidFields(None, told)
    message = said(
        "{count} fields are not acceptable: these are the first {most} of them.",
        count=len(found),
        most=MOST_PROBLEMS,
    )
    return InvalidFields(message, told)


def accepted(field: FieldInfo) -> str:
    """Return what a field accepts, in words: 'a whole number, at least 1, at most 4'."""
    limits = (_limit(item, noun) for item, noun in _metadata(field))
    return ", ".join([_kind(field), *filter(None, limits)])


def bounds(field: FieldInfo) -> dict[str, Any]:
    """Return a field's limits by name: any of ge, gt, le, lt, min_length, max_length."""
    found: dict[str, Any] = {}
    for item, _ in _metadata(field):
        for kind, name in (
            (Ge, "ge"),
            (Gt, "gt"),
            (Le, "le"),
            (Lt, "lt"),
            (MinLen, "min_length"),
            (MaxLen, "max_length"),
        ):
            if isinstance(item, kind):
                found[name] = getattr(item, name)
    return found


def _first_a_field(error: ValidationError, model: type[BaseModel]) -> list[Any]:
    """Keep one error a field: a union reports one for each of its members."""
    kept: dict[str, Any] = {}
    for item in error.errors(include_url=False):
        kept.setdefault(_place(item["loc"], model)[0], item)
    return list(kept.values())


def _place(loc: tuple[int | str, ...], model: type[BaseModel]) -> tuple[str, type[BaseModel]]:
    """Return a field's name, with dots where it lies in a spec inside, and the model it is of."""
    if not loc:
        return "", model
    name = str(loc[0])
    field = model.model_fields.get(name)
    inside = _inner(field) if field else None
    if inside is None or len(loc) == 1:
        return name, model
    rest, owner = _place(loc[1:], inside)
    return f"{name}.{rest}", owner


def _inner(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model that a field holds, if it holds one."""
    members = (field.annotation, *get_args(field.annotation))
    return next((m for m in members if isinstance(m, type) and issubclass(m, BaseModel)), None)


def _problem(item: Any, root: type[BaseModel]) -> FieldProblem:
    name, model = _place(item["loc"], root)
    field = model.model_fields.get(name.rpartition(".")[2])
    if item["type"] == "extra_forbidden" or (name and field is None):
        known = ", ".join(model.model_fields)
        return FieldProblem(name, "there is no such field", item["input"], f"one of: {known}")
    words = accepted(field) if field else "a JSON object"
    received = None if item["type"] == "missing" else item["input"]
    return FieldProblem(name, _message(item), received, words)


def _message(item: Any) -> str:
    """Return what is wrong: in words of ours where pydantic's are for programmers, or depend on
    how a text is checked."""
    if item["type"] == "missing":
        return "this field is required"
    if item["type"] in ("too_long", "string_too_long") and isinstance(item["input"], str):
        return said(
            "it has {count} characters, more than the {most} accepted here",
            count=f"{len(item['input']):,}",
            most=f"{item['ctx']['max_length']:,}",
        )
    told: str = item["msg"]
    return _of_another_kind(item) or told.removeprefix("Value error, ")


def _of_another_kind(item: Any) -> Said | None:
    if item["type"] in NO_INTEGER:
        return said("a whole number is needed here, not {kind}", kind=_received_kind(item["input"]))
    if item["type"] in NO_OBJECT:
        return said("a JSON object is needed here, not {kind}", kind=_received_kind(item["input"]))
    if item["type"] == "string_pattern_mismatch":
        return said("this text does not have the form that is needed here")
    return None


def _received_kind(value: Any) -> Said | str:
    """Return what kind of value was received; what it is stands beside the message."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    words = {
        str: said("text"),
        int: said("a whole number"),
        float: said("a decimal number"),
        list: said("a list"),
        dict: said("a JSON object"),
    }
    return words.get(type(value), type(value).__name__)


def _metadata(field: FieldInfo) -> list[tuple[Any, str]]:
    """Return the limits of a field, those inside ``Annotated`` members of a union too, each with
    what it counts if it is one of a length."""
    found = [(item, _counted(field.annotation)) for item in field.metadata]
    for member in get_args(field.annotation):
        noun = _counted(*get_args(member)[:1])
        found += [(item, noun) for item in getattr(member, "__metadata__", ())]
    flat: list[tuple[Any, str]] = []
    for item, noun in found:
        items = item.metadata if isinstance(item, FieldInfo) else [item]
        flat += [(one, noun) for one in items]
    return flat


def _counted(annotation: Any = None) -> str:
    return "values" if get_origin(annotation) is list else "characters"


def _limit(item: Any, noun: str) -> str:
    words = {
        Ge: "at least {0.ge}",
        Gt: "over {0.gt}",
        Le: "at most {0.le}",
        Lt: "under {0.lt}",
        MinLen: "{0.min_length} or more {1}",
        MaxLen: "at most {0.max_length} {1}",
    }
    if pattern := getattr(item, "pattern", None):
        return PATTERNS.get(pattern, f"of the form {pattern}")
    return next(
        (text.format(item, noun) for kind, text in words.items() if isinstance(item, kind)), ""
    )


def _kind(field: FieldInfo) -> str:
    return _kind_of(field.annotation)


def _kind_of(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        return _kind_of(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return "one of: " + ", ".join(map(str, get_args(annotation)))
    if get_origin(annotation) is list:
        return f"a list, each {_kind_of(get_args(annotation)[0])}"
    members = get_args(annotation)
    if members:
        return " or ".join(_kind_of(member) for member in members)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"a JSON object with: {', '.join(annotation.model_fields)}"
    return "null" if annotation is type(None) else KINDS.get(annotation, str(annotation))
