"""Forms made from pydantic models: strings to numbers, and each problem beside its field.

What is acceptable is decided by the model alone; here text only becomes what the model takes.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from flask import request
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from shared.errors import FieldProblem, UserError
from shared.problems import bounds, invalid
from web.messages import _, _l
from web.pages.labels import description, label, unset, unset_words
from web.pages.words import Words, number, sentence
from web.recalled import translated

M = TypeVar("M", bound=BaseModel)

INTEGER = re.compile(r"[+-]?[0-9]{1,30}")
DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
ESCAPES = {r"\n": "\n", r"\t": "\t", r"\\": "\\"}
SHOWN = 80
# What a ticked box sends, and what stands between several of one name.
YES, SEVERAL = "yes", " "
# These are there where one of their fields is; others that may be left out have a box.
BY_FIELDS = ("needs",)
# Fields of one number or several, and of a text in which blanks count.
NUMBERS, TEXTS = ("temperature", "sample_temperature"), ("prompt", "sample_prompt")
# Limits beyond this are there for the database's sake and say nothing to people.
ENDLESS = 10**9

# What a text may hold that becomes a list.
ACCEPTED: Words = {
    "temperature": _l("a number from 0 to 10, or up to 16 of them, separated by spaces"),
    "sample_temperature": _l("a number from 0 to 10, or up to 8 of them, separated by spaces"),
    "sample_prompt": _l("at most 1,000 characters"),
    "label": _l("up to 63 of a to z, digits, dots, hyphens and underscores"),
    "stop": _l("up to 16 texts, one a line, each at most 1,000 characters"),
    "name": _l("at most 200 characters, at least one of them visible"),
    "prompt": _l("at most 100,000 characters"),
}
LIMITS: Words = {"over": _l("over %s"), "least": _l("at least %s"), "most": _l("at most %s")}


@dataclass(frozen=True)
class Choice:
    """One value of a select or a row of radio buttons."""

    value: str
    text: str
    group: str = ""


@dataclass
class Form:
    """What was typed, what was wrong with it, and what the fields say of themselves."""

    model: type[BaseModel]
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: list[FieldProblem] = field(default_factory=list)
    message: str | None = None

    def value(self, name: str) -> str:
        """Return what was typed into a field."""
        return self.typed.get(name, "")

    def error(self, name: str) -> str | None:
        """Return what is wrong with a field: the problem, what was received, what is accepted."""
        found = [p for p in self.problems if p.field == name]
        return self._sentence(found[0]) if found else None

    def other_errors(self, *shown: str) -> list[str]:
        """Return the problems of everything but the ``shown`` fields."""
        others = (p for p in self.problems if p.field not in shown)
        rest = [f"{label(own_name(p.field))}: {translated(p.message)}" for p in others]
        return rest or ([self.message] if self.message and not self.problems else [])

    def wrong(self, *shown: str) -> list[tuple[str, str, str]]:
        """Return the ``shown`` fields that are wrong: name, what it is called, what is wrong."""
        found = {p.field: sentence(p.message) for p in reversed(self.problems)}
        return [(n, label(own_name(n)), found[n]) for n in shown if n in found]

    def filled(self, *names: str) -> int:
        """Return how many of the fields something was typed into."""
        return sum(bool(self.value(name).strip()) for name in names)

    def help(self, name: str) -> str:
        """Return a field's meaning."""
        return _with_word(own_name(name), description(self.info(name).description))

    def range(self, name: str) -> str:
        """Return a field's range in words, or ''."""
        return range_of(own_name(name), self.info(name))

    def choices(self, name: str) -> list[Choice]:
        """Return the values of a field that has few, or an empty list."""
        return [Choice(v, v) for v in literals(self.info(name))]

    def info(self, name: str) -> FieldInfo:
        """Return what the model says of a field, also of one inside another: 'training.epochs'."""
        model, own = self.model, own_name(name)
        for part in name.split(".")[:-1]:
            model = inner_model(model.model_fields[part]) or model
        return model.model_fields[own]

    def is_box(self, name: str) -> bool:
        """Tell whether a field is ticked or not."""
        return self.info(name).annotation is bool

    def numeric(self, name: str) -> str:
        """Return the keyboard that a phone should show: numeric, decimal or text."""
        kinds = leaves(self.info(name).annotation)
        if own_name(name) in NUMBERS or NoneType in kinds:
            return "text"
        return "decimal" if float in kinds else "numeric" if int in kinds else "text"

    def _sentence(self, problem: FieldProblem) -> str:
        message = sentence(problem.message)
        # What was chosen from a list says nothing to people: it is an id. A password is not shown.
        unsaid = problem.field.endswith(("_id", "password"))
        received = None if unsaid else self.value(problem.field) or problem.received
        parts, words = [message], accepted_words(problem)
        if received not in (None, ""):
            parts.append(_("Received: %(value)s.", value=_short(received)))
        if words:
            parts.append(_("Accepted: %(values)s.", values=words))
        return " ".join(parts)


def typed_values() -> dict[str, str]:
    """Return the fields of the posted form; newlines as the user meant them.

    Browsers send each newline as two characters (HTML, 4.10.21.8).
    """
    # Boxes of one name are one field.
    return {name: SEVERAL.join(texts).replace("\r\n", "\n") for name, texts in request.form.lists()}


def validated(model: type[M], typed: Mapping[str, str]) -> M:
    """Return the model that the typed fields make. Raises ``InvalidFields``."""
    try:
        return model.model_validate(values(model, typed))
    except ValidationError as error:
        raise invalid(error, model) from error


def values(model: type[BaseModel], typed: Mapping[str, str]) -> dict[str, Any]:
    """Return the typed fields as the model's types; empty ones are left out.

    The word for an unset field is null, which an empty field cannot say: it is the preset's. A text
    that is no number stays text, for the model to refuse it.
    """
    given = {name: typed[name] for name in model.model_fields if name in typed}
    filled = {name: text for name, text in given.items() if text if name in TEXTS or text.strip()}
    found = {name: _value(name, model.model_fields[name], text) for name, text in filled.items()}
    return found | _inner_values(model, typed)


def _inner_values(model: type[BaseModel], typed: Mapping[str, str]) -> dict[str, Any]:
    """Return the specs inside a model; one that may be left out is asked for, or filled in."""
    found: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        inner = inner_model(info)
        if inner is None:
            continue
        prefix = f"{name}."
        own = {k.removeprefix(prefix): v for k, v in typed.items() if k.startswith(prefix)}
        if name in BY_FIELDS and not any(map(str.strip, own.values())):
            continue
        optional = NoneType in leaves(info.annotation) and name not in BY_FIELDS
        wanted = not optional or typed.get(name) == YES
        found[name] = values(inner, own) if wanted else None
    return {name: value for name, value in found.items() if value != {}}


def attempt(form: Form, work: Callable[[], str]) -> tuple[str | None, int]:
    """Do ``work``; return its result, or None and the status to answer with.

    A refusal is put into ``form``, so that it can be shown beside its field.
    """
    try:
        return work(), 303
    except UserError as error:
        fail(form, error)
        return None, error.status


def fail(form: Form, error: UserError) -> None:
    """Put a refusal into the form, so that it can be shown beside its field."""
    form.problems, form.message = error.problems, translated(error.args[0])


def range_of(name: str, info: FieldInfo) -> str:
    """Return the range of a field in words: '2 to 1,000', 'over 0, at most 10'."""
    if name in ACCEPTED:
        return str(ACCEPTED[name])
    found = bounds(info)
    low, high = found.get("ge"), found.get("le")
    if high is not None and high > ENDLESS:
        high = None
    if low is not None and high is not None:
        return _("%(low)s to %(high)s", low=number(low), high=number(high))
    limits = {"over": found.get("gt"), "least": low, "most": high}
    given = {name: number(limit) for name, limit in limits.items() if limit is not None}
    return _(", ").join(str(LIMITS[name]) % limit for name, limit in given.items())


def accepted_words(problem: FieldProblem) -> str:
    """Return what a field accepts, as a form says it."""
    own = own_name(problem.field)
    return _with_word(own, str(ACCEPTED.get(own) or translated(problem.accepted)))


def own_name(field: str) -> str:
    """Return a field's name without that of the spec it lies in."""
    return field.rpartition(".")[2]


def inner_model(info: FieldInfo) -> type[BaseModel] | None:
    """Return the model of a field that holds a spec, or None."""
    kinds = leaves(info.annotation)
    models = (k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel))
    return next(models, None)


def literals(info: FieldInfo) -> list[str]:
    """Return the values of a ``Literal`` field, or an empty list."""
    if get_origin(info.annotation) is not Literal:
        return []
    return [str(value) for value in get_args(info.annotation)]


def leaves(annotation: Any) -> set[Any]:
    """Return the plain types inside an annotation."""
    if get_origin(annotation) is Annotated:
        return leaves(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType, list):
        return set().union(*map(leaves, get_args(annotation)))
    return {annotation}


def fields_but(model: type[BaseModel], shown: Iterable[str]) -> list[str]:
    """Return the model's other fields, in their order: later ones join the form by themselves."""
    return [name for name in model.model_fields if name not in set(shown)]


def _value(name: str, info: FieldInfo, text: str) -> Any:
    if inner_model(info) is not None:
        return None
    if name == "notify":
        return text.split(SEVERAL)
    if info.annotation is bool:
        return text == YES
    if name == "stop":
        return [_unescaped(line) for line in text.split("\n") if line]
    if name in NUMBERS:
        numbers = [_number(part, {float}) for part in text.replace(";", " ").split()]
        return numbers[0] if len(numbers) == 1 else numbers
    if name in TEXTS:
        return text
    kinds = leaves(info.annotation)
    if NoneType in kinds and str not in kinds and text.strip().lower() in unset_words(name):
        return None
    return _number(text.strip(), kinds)


def _number(text: str, kinds: set[Any]) -> int | float | str:
    if int in kinds and INTEGER.fullmatch(text):
        return int(text)
    if float in kinds and DECIMAL.fullmatch(text):
        return float(text)
    return text


def _with_word(name: str, text: str) -> str:
    """Say null as it is typed into the form: an empty field stands for the default."""
    return re.sub(r"\bnull\b", _("'%(word)s'", word=unset(name)), text)


def _unescaped(line: str) -> str:
    return re.sub(r"\\[nt\\]", lambda found: ESCAPES[found[0]], line)


def _short(received: object) -> str:
    text = str(received)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"
