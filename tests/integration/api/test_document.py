"""The OpenAPI document."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from shared import errors
from shared.jobs.requests import GenerationRequest, TrainingRequest
from tests.integration.api.client import Api
from web.api.faults import FAULTS

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


def resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Return what a reference leads to; anything else is itself."""
    found: Any = document
    for name in node.get("$ref", "").split("/")[1:]:
        found = found[name]
    return node if found is document else found


def examples(content: dict[str, Any]) -> list[Any]:
    """Return the examples of a media type."""
    one = [content["example"]] if "example" in content else []
    return one + [example["value"] for example in content.get("examples", {}).values()]


def bodies(document: dict[str, Any], operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what may be sent and answered, a media type at a time."""
    for part in (operation.get("requestBody", {}), *operation["responses"].values()):
        yield from resolved(document, part).get("content", {}).values()


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
    OpenAPIV31SpecValidator(document).validate()
    assert document["info"].keys() >= {"title", "version"}
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    for path, method, operation in operations(document):
        assert method in METHODS
        assert operation["summary"]
        assert operation["description"] != operation["summary"], (method, path)
        answers = [resolved(document, answer) for answer in operation["responses"].values()]
        assert all(answer["description"] for answer in answers)
        in_path = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))
        assert all(p["schema"] for p in operation["parameters"])


def test_every_schema_is_valid(document: dict[str, Any]) -> None:
    """Schemas are JSON Schema 2020-12, each model has one name, and references lead to it."""
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        assert re.fullmatch(r"\w+", name)
        Draft202012Validator.check_schema(schema)
    for reference in references(document):
        assert resolved(document, {"$ref": reference})


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
    """Every operation tells its errors as problem details with their codes, and wants the token."""
    assert document["security"] == [{"bearer": []}]
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for path, _, operation in operations(document):
        found = {s: resolved(document, r) for s, r in operation["responses"].items() if s >= "400"}
        assert found.keys() >= {"400", "401", "500", "503"}
        assert ("404" in found) == ("{" in path)
        if "requestBody" in operation:
            assert found.keys() >= {"413", "415", "422"}
        for status, answer in found.items():
            (content,) = answer["content"].values()
            assert answer["content"].keys() == {"application/problem+json"}
            codes = content["schema"]["properties"]["code"]["enum"]
            assert codes == list(content["examples"])
            assert {FAULTS[code].status for code in codes} == {int(status)}


def test_every_operation_has_an_example(document: dict[str, Any]) -> None:
    """Of what is sent, and of what is answered: but for files without text, which have none."""
    for path, method, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert examples(content), (method, path)
        answers = [answer for s, answer in operation["responses"].items() if s in "200 201 202"]
        told = [c for answer in answers for c in answer.get("content", {}).values() if c]
        assert all(examples(content) for content in told), (method, path)
        places = [p for p in operation["parameters"] if p["in"] == "path"]
        assert all("example" in parameter for parameter in places), (method, path)
        assert told or places, (method, path)


def test_examples_fit_their_schemas(document: dict[str, Any]) -> None:
    """Each example is what its schema describes: formats, too."""
    shared = {"components": document["components"]}
    for path, method, operation in operations(document):
        for content in bodies(document, operation):
            schema = shared | content.get("schema", {})
            checker = Draft202012Validator(
                schema, format_checker=Draft202012Validator.FORMAT_CHECKER
            )
            for example in examples(content):
                found = [error.message for error in checker.iter_errors(example)]
                assert not found, (method, path, found)
        for parameter in operation["parameters"]:
            if "example" in parameter:
                Draft202012Validator(parameter["schema"]).validate(parameter["example"])


def test_every_error_of_the_code_is_described() -> None:
    """The codes of the errors that can be raised towards a caller, with their statuses; the others
    end jobs, or are those of the pages alone."""
    never = {
        *("invalid", "diverged", "not_a_model", "legacy_model", "archive_refused"),
        *("configuration_refused", "weights_refused", "not_admitted", "sign_in_failed"),
        "too_few_devices",
    }
    raised = [c for _, c in inspect.getmembers(errors, inspect.isclass)
              if issubclass(c, errors.UserError) and c.code not in never]  # fmt: skip
    assert {c.code: c.status for c in raised}.items() <= {
        code: fault.status for code, fault in FAULTS.items()
    }.items()


def test_links_lead_to_operations(document: dict[str, Any]) -> None:
    """Each names an operation, with parameters or fields that it has."""
    known = {operation["operationId"]: operation for _, _, operation in operations(document)}
    seen = set()
    for _, _, operation in operations(document):
        for answer in operation["responses"].values():
            for link in answer.get("links", {}).values():
                target = known[link["operationId"]]
                names = {parameter["name"] for parameter in target["parameters"]}
                assert link.get("parameters", {}).keys() <= names
                seen.add(link["operationId"])
    assert seen >= {"get_jobs_show", "post_jobs_cancel", "get_records_events",
                    "post_submissions_train", "get_checkpoints_bundle"}  # fmt: skip


def test_parameters_are_described(document: dict[str, Any]) -> None:
    """Filters, pages and the Idempotency-Key."""
    paths = document["paths"]
    query = {p["name"] for p in paths["/api/v1/jobs"]["get"]["parameters"]}
    assert query == {"ids", "kind", "status", "limit", "after"}
    sent = paths["/api/v1/training-jobs"]["post"]["parameters"]
    assert ("header", "idempotency-key") in {(p["in"], p["name"].lower()) for p in sent}


def test_answers_fit_their_schemas(api: Api, document: dict[str, Any]) -> None:
    """What comes is what the document promises."""
    schemas = {"components": document["components"]}
    for path, name in (("/presets", "PresetPage"), ("/jobs", "JobPage"), ("/nothing", "Problem")):
        schema = schemas | {"$ref": f"#/components/schemas/{name}"}
        Draft202012Validator(schema).validate(api.get(path).get_json())
