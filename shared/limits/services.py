"""Refusing what is over a team's limits, so that two requests never both take the last place.

Every check locks the team's row first and holds it until its transaction has ended: what is counted
then is what there is. Submissions, claims and new texts of one team wait for each other, those of
two teams never.
"""

from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.accounts.models import Team
from shared.errors import InvalidFields, ModelTooLarge, QuotaExceeded
from shared.estimates.sizes import Needs
from shared.jobs.models import Status
from shared.limits.models import Limits
from shared.limits.queries import count_bytes, count_corpora, count_jobs, limits_of
from shared.said import said
from shared.specs import GenerationSpec, TrainingSpec
from shared.workers.queries import Memories, memories


def lock_team(session: Session, team_id: str) -> None:
    """Hold a team's row until the transaction ends; who only refers to it does not wait."""
    query = select(Team.id).where(Team.id == team_id).with_for_update(key_share=True)
    session.execute(query).one()


def check_queue(session: Session, team_id: str, usual: Limits) -> None:
    """Refuse one more waiting job where a team has all that it may. Raises ``QuotaExceeded``."""
    lock_team(session, team_id)
    most = limits_of(session, team_id, usual).queued_jobs
    waiting = count_jobs(session, team_id, Status.QUEUED, most)
    if waiting >= most:
        raise QuotaExceeded(
            said(
                "the limit queued_jobs of this team is {most} and as many jobs wait: wait until "
                "some have begun, or cancel some",
                most=f"{most:,}",
            )
        )


def check_new_corpus(session: Session, team_id: str, usual: Limits, more: int = 0) -> None:
    """Refuse one more corpus, of ``more`` bytes. Raises ``QuotaExceeded``."""
    lock_team(session, team_id)
    most, found = limits_of(session, team_id, usual).corpora, count_corpora(session, team_id)
    if found >= most:
        raise QuotaExceeded(
            said(
                "the limit corpora of this team is {most} and it has {found}: delete a corpus that "
                "nothing reads",
                most=f"{most:,}",
                found=f"{found:,}",
            )
        )
    check_new_text(session, team_id, usual, more)


def check_new_text(session: Session, team_id: str, usual: Limits, more: int = 0) -> None:
    """Refuse a text of ``more`` bytes. Raises ``QuotaExceeded``.

    With none, before a text is read at all: where not a byte has room.
    """
    lock_team(session, team_id)
    most = limits_of(session, team_id, usual).corpus_bytes
    found = count_bytes(session, team_id)
    if found + max(more, 1) > most:
        raise QuotaExceeded(
            said(
                "the limit corpus_bytes of this team is {most}: its corpora have {found} bytes and "
                "this text has {more}: delete a corpus that nothing reads",
                most=f"{most:,}",
                found=f"{found:,}",
                more=f"{more:,}" if more else "…",
            )
        )


def check_memory(
    session: Session, spec: TrainingSpec, characters: int, vocabulary_size: int, limits: Limits
) -> None:
    """Refuse what no worker has the memory for. Raises ``ModelTooLarge`` with the arithmetic."""
    workers = memories(session) or [Memories(gpu=False, host=limits.worker_memory, card=None)]
    short = [_shortfall(one, spec, characters, vocabulary_size) for one in workers]
    if any(one is None for one in short):
        return
    most, needs, where = max((one for one in short if one), key=lambda one: one[0])
    raise ModelTooLarge(
        said(
            "this spec needs about {total} of memory: {weights} of weights, {optimizer} of "
            "gradients and the optimizer, {activations} of activations, {text} of text, {base} of "
            "TensorFlow; {where} has {most}",
            **{name: _size(value) for name, value in asdict(needs).items()},
            total=_size(needs.total),
            where=where,
            most=_size(most),
        )
    )


def _shortfall(
    worker: Memories, spec: TrainingSpec, characters: int, vocabulary_size: int
) -> tuple[int, Needs, str] | None:
    """Return what a worker has, what is needed, and where, if that is not enough."""
    host = Needs.of_host(spec, characters, vocabulary_size, worker.gpu)
    if worker.host is not None and host.total > worker.host:
        return worker.host, host, said("the largest worker")
    if worker.gpu and worker.card is not None:
        card = Needs.of_card(spec, characters, vocabulary_size)
        if card.total > worker.card:
            return worker.card, card, said("the largest card")
    return None


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB"


def check_outputs(session: Session, team_id: str, usual: Limits, spec: GenerationSpec) -> None:
    """Refuse a generation job that would write more than one may. Raises ``InvalidFields``."""
    most, texts = limits_of(session, team_id, usual).output_characters, len(spec.temperatures())
    if spec.length * texts > most:
        raise InvalidFields.one(
            "length",
            said(
                "{texts} texts of {length} characters are {all}; the limit output_characters of a "
                "job of this team is {most}",
                texts=f"{texts:,}",
                length=f"{spec.length:,}",
                all=f"{spec.length * texts:,}",
                most=f"{most:,}",
            ),
            spec.length,
            said("at most {most} characters for so many texts", most=f"{most // texts:,}"),
        )
