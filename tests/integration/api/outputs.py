"""Makes outputs as a worker does."""

from typing import Any

from shared.db import Database
from shared.jobs.records import INLINE_BYTES, NewOutput, record_output
from shared.jobs.rows import Lease
from tests.support.factories import make_blob


def add_output(
    db: Database, lease: Lease, number: int, text: str, report: dict[str, Any] | None = None
) -> None:
    """Record an output of a claimed generation job; a long text goes to a blob."""
    data = text.encode()
    blob = make_blob(db, data) if len(data) > INLINE_BYTES else None
    output = NewOutput(
        number=number,
        temperature=0.5,
        prompt="It was",
        prompt_report=report or {"replaced": {}, "left_out": []},
        characters=len(text),
        rng_seed=7,
        finish_reason="length",
        text=None if blob else text,
        blob=blob,
    )
    with db.write() as session:
        record_output(session, lease, output)
