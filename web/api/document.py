"""The OpenAPI document: what APIFlask generates, made exact.

APIFlask names nested models after their parents, knows one media type a body, and describes its
own errors; here each model has one name, uploads stand beside JSON, and errors are problems.
"""

import json
import re
from typing import Any

from apiflask import APIFlask
from pydantic import BaseModel, Field

from shared.fields import UUID
from web.api.examples import EXAMPLES, TEXTS, add_examples
from web.api.faults import add_errors
from web.api.links import add_links

Document = dict[str, Any]
Responses = dict[int | str, Any]

NESTED = re.compile(r"#/components/schemas/\w+\.(\w+)")
REFERENCE = "#/components/schemas/{model}"

DESCRIPTION = (
    "Train character-level LSTM language models on your own text and generate text from them. "
    "Requests are strict; errors are RFC 9457 problem details with a stable `code`."
)
FILES = ["ETag", "Accept-Ranges", "Content-Disposition"]
HEADERS: dict[str, Document] = {
    "ETag": {"description": "Changes with what is told: for `If-None-Match` and `If-Range`."},
    "Accept-Ranges": {"description": "`bytes` where `Range` is honoured, else `none`."},
    "Content-Disposition": {"description": "Under which name it is to be saved."},
    "Content-Range": {"description": "Which bytes these are, and of how many."},
    "Location": {"description": "Where the new thing is."},
    "Retry-After": {"description": "When to ask again, in seconds, while it can still change."},
}


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str
    received: Any
    accepted: str


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable: programs may rely on it.")
    errors: list[FieldError]
    error_id: str | None = Field(None, description="Of a 500: where to look in the log.")


def describe(app: APIFlask) -> None:
    """Make the application's document this service's."""
    app.config.update(
        DESCRIPTION=DESCRIPTION,
        AUTO_SERVERS=False,
        AUTO_OPERATION_ID=True,
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        SECURITY_SCHEMES={"bearer": {"type": "http", "scheme": "bearer"}},
    )
    app.spec_processor(finish)


def download(mimetype: str, description: str, ranges: bool = True) -> Responses:
    """Return a view's ``responses`` where it answers with a file; ``ranges`` where its size is
    known before it is sent."""
    binary = mimetype not in TEXTS
    content = {mimetype: {} if binary else {"schema": {"type": "string"}}}
    whole = {"description": f"{description}.", "content": content, "headers": told(*FILES)}
    if not ranges:
        return {200: whole | {"headers": told(*FILES[1:])}}
    part = {"description": "The range that was asked for.", "content": content,
            "headers": told(*FILES, "Content-Range")}  # fmt: skip
    same = {"description": "It is what `If-None-Match` names.", "headers": told("ETag")}
    return {200: whole, 206: part, 304: same}


def answer(description: str, model: type[BaseModel]) -> Document:
    """Return a view's further response, with the model of what it answers."""
    schema = {"$ref": REFERENCE.format(model=model.__name__)}
    return {"description": f"{description}.", "content": {"application/json": {"schema": schema}}}


def told(*names: str) -> Document:
    """Return the ``headers`` of a response."""
    kind = {"Retry-After": "integer"}
    return {name: HEADERS[name] | {"schema": {"type": kind.get(name, "string")}} for name in names}


def finish(document: Document | str) -> Document:
    """Return APIFlask's document with bodies, errors, examples and security as they are."""
    if isinstance(document, str):
        raise TypeError("the document is JSON: SPEC_FORMAT must not be YAML")
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPError", None)
    _add(schemas, Problem)
    for operations in document["paths"].values():
        for operation in operations.values():
            _add_bodies(operation, schemas)
            _mend_parameters(operation)
            _add_headers(operation)
            add_errors(operation, document["components"].setdefault("responses", {}))
            add_links(operation)
            add_examples(operation)
    document["security"] = [{"bearer": []}]
    document["tags"] = _once(document["tags"])
    return _one_name_each(document)


def _once(tags: list[Document]) -> list[Document]:
    """Return each tag once: blueprints that share one would repeat it."""
    return list({tag["name"]: tag for tag in tags}.values())


def _add(schemas: Document, model: type[BaseModel]) -> Document:
    """Add a model with those inside it; return a reference to it."""
    schema = model.model_json_schema(ref_template=REFERENCE)
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema
    return {"$ref": REFERENCE.format(model=model.__name__)}


def _add_bodies(operation: Document, schemas: Document) -> None:
    """Turn a view's ``x-body``, a pair of models or one, into a JSON body and an upload."""
    models = operation.pop("x-body", None)
    if models is not None:
        *pasted, uploaded = models
        content: Document = {}
        for model in pasted:
            content["application/json"] = {"schema": _add(schemas, model)}
        content["multipart/form-data"] = {
            "schema": _upload(uploaded), "example": EXAMPLES[uploaded.__name__],
        }  # fmt: skip
        operation["requestBody"] = {"content": content}
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True


def _upload(model: type[BaseModel]) -> Document:
    schema = model.model_json_schema()
    told = schema.pop("x-files", {"file": "The text, as a file."})
    files = {
        name: {"type": "string", "format": "binary", "description": description}
        for name, description in told.items()
    }
    schema["properties"] = files | schema["properties"]
    schema["required"] = ["file", *schema.get("required", [])]
    return schema


def _mend_parameters(operation: Document) -> None:
    """Describe parameters as they are sent: none is null, and ids are UUIDs."""
    for parameter in operation["parameters"]:
        schema = parameter["schema"]
        members = [each for each in schema.pop("anyOf", []) if each != {"type": "null"}]
        schema.update(*members)
        if schema.get("default", "") is None:
            del schema["default"]
        if schema.get("type") == "array":
            parameter |= {"style": "form", "explode": False}
        if parameter["in"] == "header":
            parameter["name"] = parameter["name"].title()
        if parameter["in"] == "path":
            schema.update(UUID if parameter["name"].endswith("_id") else {"minLength": 1})
        if "description" in schema:
            parameter["description"] = schema.pop("description")


def _add_headers(operation: Document) -> None:
    for status in ("201", "202"):
        if status in operation["responses"] and operation.pop("x-location", True):
            operation["responses"][status]["headers"] = told("Location")
    for status in ("204", "304"):
        operation["responses"].get(status, {}).pop("content", None)


def _one_name_each(document: Document) -> Document:
    """Give each model one name: APIFlask repeats it as ``Parent.Child`` for every parent."""
    text = NESTED.sub(r"#/components/schemas/\1", json.dumps(document))
    renamed: Document = json.loads(text)
    schemas = renamed["components"]["schemas"]
    renamed["components"]["schemas"] = {
        name.rpartition(".")[2]: schema for name, schema in sorted(schemas.items())
    }
    return renamed
