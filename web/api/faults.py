"""The errors that the API's operations can answer with, as the document tells them."""

from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import groupby
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """An error by its stable code: its status, when it comes, and what is told of it."""

    status: int
    when: str
    detail: str
    errors: list[dict[str, Any]] = field(default_factory=list)
    more: dict[str, str] = field(default_factory=dict)

    def problem(self, code: str) -> Document:
        """Return an example of it."""
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": code,
            "errors": self.errors,
            **self.more,
        }


def _wrong(name: str, message: str, received: Any, accepted: str) -> list[dict[str, Any]]:
    return [{"field": name, "message": message, "received": received, "accepted": accepted}]


FAULTS = {
    "bad_request": Fault(400, "The request is not HTTP as this service takes it, or asks for a "
                         "host that is not this one", "Host 'evil.example' is not trusted"),
    "malformed_json": Fault(400, "The body is not JSON", "the body is not JSON: Expecting value: "
                            "line 1 column 1 (char 0)"),
    "unauthorized": Fault(401, "The bearer token is missing or wrong",
                          "The API wants 'Authorization: Bearer TOKEN'."),
    "wrong_credentials": Fault(401, "The name or the password is wrong, or the account disabled",
                               "The name or the password is wrong, or the account is disabled."),
    "forbidden": Fault(403, "The role, or the scope of the token, does not allow it",
                       "this needs the right to manage; you have the right to submit in team "
                       "default"),
    "not_found": Fault(404, "There is no such thing", "no job has the id nothing"),
    "move_refused": Fault(409, "It stands where this is not possible",
                          "a succeeded job cannot be paused"),
    "cancelled": Fault(409, "The job that was to answer was cancelled meanwhile",
                       "job 0197f3c5-3070-7296-a8a7-e61c083a4b08 gave no answer: it was cancelled"),
    "taken": Fault(409, "Something else has this name", "there is a user ada already"),
    "last_administrator": Fault(409, "It is the last administrator",
                                "This is the last administrator: make somebody else one first."),
    "quota_exceeded": Fault(409, "The team has as much of this as it may have", "the limit "
                            "queued_jobs of this team is 5,000 and as many jobs wait: wait until "
                            "some have begun, or cancel some"),
    "account_disabled": Fault(409, "The account is disabled", "the account ada is disabled"),
    "in_use": Fault(409, "Something else still needs it",
                    "a checkpoint of this job is the model 'mine': promote another one first"),
    "precondition_failed": Fault(412, "It is not what `If-Match` names any more",
                                 "this is another version now, which If-Match does not name"),
    "too_large": Fault(413, "The body is larger than this installation accepts",
                       "the request is larger than the 209,715,200 bytes accepted here"),
    "uri_too_long": Fault(414, "The address is longer than the server reads",
                          "Request Line is too large (9000 > 8190)"),
    "unsupported_media_type": Fault(415, "The body is of a type that is not taken here", "the body "
                                    "must be application/json; received text/plain"),
    "range_not_satisfiable": Fault(416, "The range begins beyond the end",
                                             "the file has 446,464 bytes"),
    "invalid_fields": Fault(422, "A field is not acceptable: see `errors`",
                            "Some fields are not acceptable.",
                            _wrong("limit", "Input should be less than or equal to 1000", 5000,
                                   "a whole number, at least 1, at most 1000")),
    "corpus_too_short": Fault(422, "The text is too short for this spec",
                              "the text has 90 characters; this spec needs 1010",
                              _wrong("corpus_id", "the text has 90 characters; this spec needs "
                                     "1010", 90, "at least 1010 characters for window 100 and "
                                     "validation_fraction 0.1")),
    "empty_corpus": Fault(422, "The text is empty", "the text is empty",
                          _wrong("text", "the text is empty", 0, "at least one character")),
    "not_text": Fault(422, "The bytes are no text in an encoding that could be told for sure",
                      "byte 0xff at offset 7 is not UTF-8",
                      _wrong("file", "byte 0xff at offset 7 is not UTF-8", None, "UTF-8")),
    "source_unavailable": Fault(422, "The text's address did not give it",
                                "https://example.org/a.txt did not give the text: 404 Not Found",
                                _wrong("url", "https://example.org/a.txt did not give the text: "
                                       "404 Not Found", None, "")),
    "address_refused": Fault(422, "The text's address is not asked",
                             "127.0.0.1 is a loopback address; only public ones are asked",
                             _wrong("url", "127.0.0.1 is a loopback address; only public ones are "
                                    "asked", None, "")),
    "vocabulary_refused": Fault(422, "The characters are not a model's",
                                "the vocabulary has 1 characters; accepted: 2 to 65536",
                                _wrong("vocabulary", "the vocabulary has 1 characters; accepted: 2 "
                                       "to 65536", None, "")),
    "unknown_prompt": Fault(422, "The model knows none of the prompt's characters",
                            "the model knows none of the prompt's characters: '千里'"),
    "model_too_large": Fault(422, "No worker has the memory that this spec needs",
                             "this spec needs about 9.1 GB of memory: 1.2 GB of weights, 7.0 GB of "
                             "gradients and the optimizer, 0.1 GB of activations, 0.0 GB of text, "
                             "0.8 GB of TensorFlow; the largest worker has 4.0 GB"),
    "idempotency_key_reused": Fault(422, "The key came with another body before",
                                    "This Idempotency-Key came with another body before."),
    "too_many_listeners": Fault(429, "As many listen as this server can serve",
                                "As many listeners as this server can serve listen already; poll, "
                                "or come again."),
    "too_many_requests": Fault(429, "More requests than are answered",
                               "More requests in a minute than this installation answers; come "
                               "again in a while."),
    "request_header_fields_too_large": Fault(431, "A header is longer than the server reads",
                                             "limit request headers fields size"),
    "internal": Fault(500, "Something went wrong on our side; the log has it under `error_id`",
                      "something went wrong on our side; the log has it as "
                      "0197f3c5-3070-7296-a8a7-e61c083a4b08",
                      more={"error_id": "0197f3c5-3070-7296-a8a7-e61c083a4b08"}),
    "database_unavailable": Fault(503, "The database cannot be reached",
                                  "the database cannot be reached; try again in a moment"),
    "store_unavailable": Fault(503, "The store of texts and models cannot be reached",
                               "the store of texts and models cannot be reached; try again in a "
                               "moment"),
}  # fmt: skip
EVERYWHERE = (
    *("bad_request", "unauthorized", "forbidden", "too_many_requests", "internal"),
    *("database_unavailable", "store_unavailable"),
)
WITH_BODY = ("malformed_json", "too_large", "unsupported_media_type", "invalid_fields")
OF_FILES = ("precondition_failed", "range_not_satisfiable")
OF_TEXTS = (
    *("not_text", "empty_corpus", "corpus_too_short", "too_large", "source_unavailable"),
    "address_refused",
    "quota_exceeded",
)
OF_PLACES = {
    "path": ("not_found", "uri_too_long"),
    "query": ("invalid_fields", "uri_too_long"),
    "header": ("invalid_fields", "request_header_fields_too_large"),
}
HEADERS: dict[int, Document] = {
    401: {"WWW-Authenticate": {"description": "`Bearer`.", "schema": {"type": "string"}}},
    416: {"Content-Range": {"description": "`bytes */SIZE`.", "schema": {"type": "string"}}},
    429: {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
    503: {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
}


def refuses(*codes: str) -> Document:
    """Return a view's ``extensions`` where it answers with errors of these codes, too."""
    return {"x-errors": list(codes)}


def add_errors(operation: Document, shared: Document) -> None:
    """Describe an operation's errors: those of all, of its parameters and body, and its own.

    ``shared`` are the document's responses, each of which is told once.
    """
    codes = [*EVERYWHERE, *operation.pop("x-errors", [])]
    codes += WITH_BODY if "requestBody" in operation else []
    for parameter in operation["parameters"]:
        codes += OF_PLACES[parameter["in"]]
    told = sorted(dict.fromkeys(codes), key=lambda code: FAULTS[code].status)
    for status, group in groupby(told, key=lambda code: FAULTS[code].status):
        same = list(group)
        name = f"{status}-" + "-".join(same)
        shared[name] = _response(same)
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/{name}"}


def _response(codes: list[str]) -> Document:
    status = FAULTS[codes[0]].status
    schema = {
        "allOf": [{"$ref": "#/components/schemas/Problem"}],
        "properties": {"status": {"const": status}, "code": {"enum": codes}},
    }
    examples = {code: {"value": FAULTS[code].problem(code)} for code in codes}
    described = {
        "description": "; ".join(f"`{code}`: {FAULTS[code].when}" for code in codes) + ".",
        "content": {"application/problem+json": {"schema": schema, "examples": examples}},
    }
    return described | ({"headers": HEADERS[status]} if status in HEADERS else {})
