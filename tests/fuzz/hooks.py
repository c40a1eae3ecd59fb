"""What Schemathesis cannot know of this service."""

import json
import os
from typing import Any

import schemathesis
from schemathesis import Case, HookContext
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.openapi.checks import RejectedPositiveData

from web.api import examples

# The ids of `web.api.examples` instead of which variables FUZZ_* hold real ones: `content.fill`'s.
NAMES = (
    *("CORPUS_ID", "VERSION_ID", "JOB_ID", "CHECKPOINT_ID", "WRITING_ID", "SCHEDULE_ID"),
    *("RECEIVER_ID", "SAMPLE_ID", "USER_ID", "TEAM_ID", "TOKEN_ID"),
)
# What no schema can say: that something has this id, that a cron line is ever due, that a text is
# long enough for a spec, that a model has the shape that a run asks for, that a receipt's spec asks
# for so many texts.
BEYOND_SCHEMAS = {
    *("corpus_id", "corpus_version_id", "checkpoint_id", "from_checkpoint_id", "model", "notify"),
    *("cron", "time_zone", "url", "email", "cell", "units", "layers", "patience"),
    *("receipt", "user", "team"),
}
CODES = {
    *("corpus_too_short", "empty_corpus", "not_text", "source_unavailable", "address_refused"),
    *("unknown_prompt", "idempotency_key_reused"),
}


@schemathesis.hook
def filter_failure(
    context: HookContext, failure: Failure, case: "Case[Any]", response: Response
) -> bool:
    """Pass over a refusal of data that fits the schema where the reason is beyond schemas.

    The check takes any 422 for a fault then. It stays one for every other field and code.
    """
    if not isinstance(failure, RejectedPositiveData) or response.status_code != 422:
        return True
    problem = response.json()
    beyond = [_is_beyond_schemas(error) for error in problem["errors"]]
    return not (problem["code"] in CODES or (beyond and all(beyond)))


def _is_beyond_schemas(error: dict[str, Any]) -> bool:
    # JSON Schema takes 5.0 for an integer; this service takes what is written as one.
    written = isinstance(error["received"], float) and "a whole number" in error["accepted"]
    return written or error["field"].rpartition(".")[2] in BEYOND_SCHEMAS


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Let the document's examples name what there is."""
    text = json.dumps(raw_schema)
    for name in NAMES:
        text = text.replace(getattr(examples, name), os.environ[f"FUZZ_{name}"])
    raw_schema.clear()
    raw_schema.update(json.loads(text))


@schemathesis.hook
def map_body(context: HookContext, body: Any) -> Any:
    """Let no text be asked for at another host: what looks like an address is this machine's.

    Elsewhere an address is only noted: no worker runs that would ask it.
    """
    fetched = context.operation is not None and "/corpora" in context.operation.path
    if fetched and isinstance(body, dict) and "http" in str(body.get("url", "")).lower():
        return body | {"url": f"http://127.0.0.1:1/{len(str(body['url']))}"}
    return body
