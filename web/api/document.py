"""The OpenAPI document: what APIFlask generates, made exact.

APIFlask names nested models after their parents, knows one media type a body, and describes its
own errors; here each model has one name, uploads stand beside JSON, and errors are problems.
"""

import json
import re
from typing import Any

from apiflask import APIFlask
from pydantic import BaseModel, Field

Document = dict[str, Any]
Responses = dict[int | str, dict[str, str | dict[str, dict[str, Any]]]]

NESTED = re.compile(r"#/components/schemas/\w+\.(\w+)")
REFERENCE = "#/components/schemas/{model}"
EVERYWHERE = {401: "The bearer token is missing or wrong", 503: "The database cannot be reached"}
WITH_BODY = {400: "Not JSON", 413: "Too large", 415: "Neither JSON nor a form this route takes"}
REFUSED = {422: "A field is not acceptable: see errors"}
UNKNOWN = {404: "There is no such thing"}

DESCRIPTION = (
    "Train character-level LSTM language models on your own text and generate text from them. "
    "Requests are strict; errors are RFC 9457 problem details with a stable `code`."
)


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


def download(mimetype: str, description: str) -> Responses:
    """Return a view's ``responses`` where it answers with a file."""
    return {200: {"description": description, "content": {mimetype: {}}}}


def finish(document: Document | str) -> Document:
    """Return APIFlask's document with bodies, errors and security as they are."""
    if isinstance(document, str):
        raise TypeError("the document is JSON: SPEC_FORMAT must not be YAML")
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPError", None)
    _add(schemas, Problem)
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _add_bodies(operation, schemas)
            _add_errors(operation, path)
    document["security"] = [{"bearer": []}]
    return _one_name_each(document)


def _add(schemas: Document, model: type[BaseModel]) -> Document:
    """Add a model with those inside it; return a reference to it."""
    schema = model.model_json_schema(ref_template=REFERENCE)
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema
    return {"$ref": REFERENCE.format(model=model.__name__)}


def _add_bodies(operation: Document, schemas: Document) -> None:
    """Turn a view's ``x-body``, a pair of models, into a JSON body and an upload."""
    models = operation.pop("x-body", None)
    if models is not None:
        pasted, uploaded = models
        content = {
            "application/json": {"schema": _add(schemas, pasted)},
            "multipart/form-data": {"schema": _upload(uploaded)},
        }
        operation["requestBody"] = {"content": content}
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True


def _upload(model: type[BaseModel]) -> Document:
    schema = model.model_json_schema()
    file = {"type": "string", "format": "binary", "description": "The text, as a file."}
    schema["properties"] = {"file": file} | schema["properties"]
    schema["required"] = ["file", *schema.get("required", [])]
    return schema


def _add_errors(operation: Document, path: str) -> None:
    responses = operation["responses"]
    texts = EVERYWHERE | (UNKNOWN if "{" in path else {})
    texts |= WITH_BODY if "requestBody" in operation else {}
    locations = {parameter["in"] for parameter in operation["parameters"]}
    texts |= REFUSED if "requestBody" in operation or "query" in locations else {}
    for status, text in texts.items():
        responses.setdefault(str(status), {"description": text})
    for status, response in responses.items():
        if status >= "400":
            schema = {"$ref": REFERENCE.format(model="Problem")}
            response["content"] = {"application/problem+json": {"schema": schema}}
        elif status in ("204", "304"):
            response.pop("content", None)


def _one_name_each(document: Document) -> Document:
    """Give each model one name: APIFlask repeats it as ``Parent.Child`` for every parent."""
    text = NESTED.sub(r"#/components/schemas/\1", json.dumps(document))
    renamed: Document = json.loads(text)
    schemas = renamed["components"]["schemas"]
    renamed["components"]["schemas"] = {
        name.rpartition(".")[2]: schema for name, schema in sorted(schemas.items())
    }
    return renamed
