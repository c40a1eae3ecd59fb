"""The OpenAPI document."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.jobs.requests import GenerationRequest, TrainingRequest
from tests.integration.api.client import Api

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    """The document as a client gets it."""
    found: dict[str, Any] = api.client.get("/api/v1/openapi.json").get_json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(node: Any) -> Iterator[str]:
    """Yield every reference in the document."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from references(child)


def test_every_route_is_described(api: Api, document: dict[str, Any]) -> None:
    """Each path and method under /api/v1, and nothing else."""
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in api.client.application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/") and rule.endpoint != "openapi.spec"
    }
    assert {(path, method) for path, method, _ in operations(document)} == routes


def test_the_document_has_the_shape_of_openapi(document: dict[str, Any]) -> None:
    """What OpenAPI 3.1 requires of each object is there."""
    assert document["openapi"].startswith("3.1.")
    assert document["info"].keys() >= {"title", "version"}
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    for path, method, operation in operations(document):
        assert method in METHODS
        assert operation["summary"]
        assert all(response["description"] for response in operation["responses"].values())
        in_path = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))
        assert all(p["schema"] for p in operation["parameters"])


def test_every_schema_is_valid(document: dict[str, Any]) -> None:
    """Schemas are JSON Schema 2020-12, each model has one name, and references lead to it."""
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        assert re.fullmatch(r"\w+", name)
        Draft202012Validator.check_schema(schema)
    found = {reference.removeprefix("#/components/schemas/") for reference in references(document)}
    assert found <= schemas.keys()


def test_requests_are_described_as_they_are_checked(document: dict[str, Any]) -> None:
    """The bodies' schemas have the very fields and limits of the models."""
    schemas = document["components"]["schemas"]
    for model in (TrainingRequest, GenerationRequest):
        assert schemas[model.__name__]["properties"].keys() == model.model_fields.keys()
        assert schemas[model.__name__]["additionalProperties"] is False
    assert schemas["TrainingRequest"]["properties"]["epochs"]["maximum"] == 10_000


def test_uploads_stand_beside_json(document: dict[str, Any]) -> None:
    """Corpora and versions take both bodies."""
    for path in ("/api/v1/corpora", "/api/v1/corpora/{corpus_id}/versions"):
        content = document["paths"][path]["post"]["requestBody"]["content"]
        assert content.keys() == {"application/json", "multipart/form-data"}
        form = content["multipart/form-data"]["schema"]
        assert form["properties"]["file"]["format"] == "binary"
        assert "file" in form["required"]


def test_errors_are_problems(document: dict[str, Any]) -> None:
    """Every operation tells its errors as problem details, and wants the token."""
    assert document["security"] == [{"bearer": []}]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for _, _, operation in operations(document):
        errors = {s: r for s, r in operation["responses"].items() if s >= "400"}
        assert errors.keys() >= {"401", "503"}
        for response in errors.values():
            assert response["content"].keys() == {"application/problem+json"}


def test_parameters_are_described(document: dict[str, Any]) -> None:
    """Filters, pages and the Idempotency-Key."""
    paths = document["paths"]
    query = {p["name"] for p in paths["/api/v1/jobs"]["get"]["parameters"]}
    assert query == {"kind", "status", "limit", "after"}
    sent = paths["/api/v1/training-jobs"]["post"]["parameters"]
    assert ("header", "idempotency-key") in {(p["in"], p["name"].lower()) for p in sent}


def test_answers_fit_their_schemas(api: Api, document: dict[str, Any]) -> None:
    """What comes is what the document promises."""
    schemas = {"components": document["components"]}
    for path, name in (("/presets", "PresetPage"), ("/jobs", "JobPage"), ("/nothing", "Problem")):
        schema = schemas | {"$ref": f"#/components/schemas/{name}"}
        Draft202012Validator(schema).validate(api.get(path).get_json())
