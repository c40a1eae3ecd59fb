"""The runner of verifications: a receipt's text is written again and compared."""

from collections.abc import Iterator
from typing import Literal

from shared.jobs.models import Job
from shared.jobs.queries import output_text
from shared.jobs.requests import VerifyRequest
from shared.jobs.results import Difference, Verification
from shared.jobs.rows import Lease
from worker.answering import answer, asked
from worker.comparing import first_difference
from worker.copies import decoded
from worker.heartbeat import Heartbeat
from worker.node import Node
from worker.rewriting import Rewriting

Source = Literal["text", "stored", "sha256"]


def run_verification(node: Node, job: Job, lease: Lease, heartbeat: Heartbeat) -> None:
    """Write a receipt's text again, compare it and store what came of it.

    Raises ``LeaseLost``, ``StopRequested`` and ``UserError``s.
    """
    request = VerifyRequest.model_validate_json(asked(node, job))
    rewriting = node.keep_trying(lambda: Rewriting(node, job, request.receipt))
    source, received = _received(node, request, rewriting)
    written = rewriting.pieces(lease, heartbeat)
    difference = _difference(written, received)
    findings = rewriting.findings(whole=difference is None)
    differs = difference or any(finding.code == "receipt_differs" for finding in findings)
    result = Verification(
        same=not differs, compared_with=source, first_difference=difference,
        characters=rewriting.characters, problems=findings,
    )  # fmt: skip
    answer(node, lease, result.model_dump(mode="json"))


def _received(
    node: Node, request: VerifyRequest, rewriting: Rewriting
) -> tuple[Source, Iterator[str] | None]:
    """Return the text that is said to be the receipt's, if it is anywhere."""
    if request.text is not None:
        return "text", iter([request.text])
    if rewriting.stored is not None:
        return "stored", decoded(output_text(node.db, rewriting.stored))
    return "sha256", None


def _difference(written: Iterator[str], received: Iterator[str] | None) -> Difference | None:
    """Return where the texts part; without another text it is only written."""
    if received is None:
        for _ in written:
            pass
        return None
    parting = first_difference(written, received)
    if parting is None:
        return None
    return Difference(character=parting.character, expected=parting.one, received=parting.other)
