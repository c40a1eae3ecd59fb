"""Named models: candidates are judged, promoted or kept, and rolled back.

A model's checkpoint is changed by one guarded update, with a line of its history in the same
transaction: a judgement that was made against another checkpoint than the one that is promoted now
is void, and made again.
"""

import re
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shared.blobs import keep
from shared.checkpoints.models import Checkpoint
from shared.db import now
from shared.errors import InternalError, InvalidFields, MoveRefused
from shared.ids import new_id
from shared.models.models import Action, Decision, ModelJob, NamedModel
from shared.said import said

MARGIN, MOST_COPIED = 0.0, 0.2
# It stands in addresses that people keep.
NAME = r"\w[\w.-]{0,99}"
NAME_ACCEPTED = (
    "up to 100 letters, digits, dots, hyphens and underscores, the first no dot or hyphen"
)


class JudgementVoid(InternalError):
    """Another checkpoint was promoted since the judgement began."""

    code = "judgement_void"


@dataclass(frozen=True)
class Judgement:
    """What is known of a candidate: bits a character on the model's frozen text, its own and the
    promoted checkpoint's (None where none was promoted), and what its writing copies.
    """

    against: str | None
    bits_per_character: float
    promoted_bits_per_character: float | None
    longest_copy: int
    copied_share: float


def ensure_model(session: Session, team_id: str, name: str) -> NamedModel:
    """Return the team's model of this name, which is added where there is none.

    Raises ``InvalidFields`` for a name that cannot stand in an address.
    """
    query = select(NamedModel).where(NamedModel.team_id == team_id, NamedModel.name == name)
    if model := session.scalar(query):
        return model
    if not re.fullmatch(NAME, name):
        raise InvalidFields.one("model", said("no name of a model"), name, NAME_ACCEPTED)
    model = NamedModel(
        id=new_id(),
        team_id=team_id,
        name=name,
        margin=MARGIN,
        most_copied=MOST_COPIED,
        created_at=now(),
    )
    session.add(model)
    session.flush()
    return model


def work_for(session: Session, model: NamedModel, job_id: str) -> None:
    """Let a new job work for a model."""
    session.add(ModelJob(job_id=job_id, model_id=model.id))


def freeze(session: Session, model_id: str, blob_id: str) -> None:
    """Set the text by which a model's checkpoints are judged, unless it has one."""
    keep(session, blob_id)
    unset = update(NamedModel).where(
        NamedModel.id == model_id, NamedModel.held_out_blob_id.is_(None)
    )
    session.execute(unset.values(held_out_blob_id=blob_id))


def decide(session: Session, model_id: str, checkpoint_id: str, judgement: Judgement) -> Decision:
    """Promote a candidate or keep it, by what was judged. Raises ``JudgementVoid``."""
    model = session.get_one(NamedModel, model_id, populate_existing=True, with_for_update=True)
    if model.checkpoint_id != judgement.against:
        raise JudgementVoid
    better, reason = verdict(judgement, model.margin, model.most_copied)
    if better:
        return _promote(session, model, checkpoint_id, Action.PROMOTED, reason, judgement)
    return _note(session, model, checkpoint_id, Action.KEPT, reason, judgement)


def verdict(judgement: Judgement, margin: float, most_copied: float) -> tuple[bool, str]:
    """Tell whether a candidate is to be promoted, and why or why not."""
    ours, theirs = judgement.bits_per_character, judgement.promoted_bits_per_character
    if judgement.copied_share > most_copied:
        return False, said(
            "{copied} of what it writes is copied; at most {most} may be",
            copied=f"{judgement.copied_share:.1%}",
            most=f"{most_copied:.1%}",
        )
    if theirs is None:
        return True, said("the first one: {bits} bits a character", bits=f"{ours:.3f}")
    told = said(
        "{bits} bits a character, the promoted one {promoted}",
        bits=f"{ours:.3f}",
        promoted=f"{theirs:.3f}",
    )
    if theirs - ours > margin:
        return True, told
    return False, said(
        "{why}; it must be better by more than {margin}", why=told, margin=f"{margin:g}"
    )


def promote(session: Session, model: NamedModel, checkpoint: Checkpoint, reason: str) -> Decision:
    """Make a checkpoint the model's, by hand."""
    return _promote(session, model, checkpoint.id, Action.PROMOTED, reason, by_hand=True)


def roll_back(session: Session, model: NamedModel, reason: str) -> Decision:
    """Make the checkpoint the model's again that was before this one. Raises ``MoveRefused``."""
    earlier = before(session, model)
    if earlier is None:
        raise MoveRefused(
            said(
                "the model {name} has no earlier checkpoint to roll back to",
                name=repr(model.name),
            )
        )
    return _promote(session, model, earlier, Action.ROLLED_BACK, reason, by_hand=True)


def before(session: Session, model: NamedModel) -> str | None:
    """Return the checkpoint that a model had before the promoted one, if it is still there."""
    lines = session.scalars(
        select(Decision)
        .where(Decision.model_id == model.id, Decision.action != Action.KEPT)
        .order_by(Decision.id)
    )
    promoted: list[str | None] = []
    for line in lines:
        if line.action == Action.ROLLED_BACK:
            promoted.pop()
        else:
            promoted.append(line.checkpoint_id)
    # The checkpoints of deleted jobs are gone; there is no way back to them.
    earlier = [one for one in promoted[:-1] if one and one != model.checkpoint_id]
    return earlier[-1] if earlier else None


def _promote(
    session: Session,
    model: NamedModel,
    checkpoint_id: str,
    action: Action,
    reason: str,
    judgement: Judgement | None = None,
    *,
    by_hand: bool = False,
) -> Decision:
    model.checkpoint_id = checkpoint_id
    return _note(session, model, checkpoint_id, action, reason, judgement, by_hand=by_hand)


def _note(
    session: Session,
    model: NamedModel,
    checkpoint_id: str,
    action: Action,
    reason: str,
    judgement: Judgement | None = None,
    *,
    by_hand: bool = False,
) -> Decision:
    line = Decision(
        id=new_id(),
        model_id=model.id,
        checkpoint_id=checkpoint_id,
        action=action,
        reason=str(reason),
        by_hand=by_hand,
        bits_per_character=judgement and judgement.bits_per_character,
        promoted_bits_per_character=judgement and judgement.promoted_bits_per_character,
        longest_copy=judgement and judgement.longest_copy,
        copied_share=judgement and judgement.copied_share,
        created_at=now(),
    )
    session.add(line)
    return line
