"""What the forms of both kinds of job share: their submission, and lists to choose from."""

from collections.abc import Mapping
from hashlib import sha256

from shared.checkpoints.models import Checkpoint
from shared.corpora.models import Corpus
from shared.ids import new_id
from shared.jobs.models import Job, Kind
from shared.jobs.submissions import Submitter
from web import context
from web.messages import _
from web.pages import words
from web.pages.forms import Choice

ONCE = "once"


def form_submitter(typed: Mapping[str, str]) -> Submitter:
    """Return whose job it is, with a key that makes a form sent twice one job.

    The key covers what was typed, so that going back to change something makes another job.
    """
    fields = sorted((name, text) for name, text in typed.items() if name != "csrf_token")
    key = "page-" + sha256(repr(fields).encode()).hexdigest() if typed.get(ONCE) else None
    return context.submitter(key)


def fresh_once() -> str:
    """Return the mark of a newly shown form."""
    return new_id()


def corpus_choice(corpus: Corpus) -> Choice:
    """Return a corpus as it is chosen, by its newest version."""
    latest = corpus.latest_version
    size = words.counted(latest.characters, "character")
    distinct = _("%(count)s distinct", count=f"{latest.vocabulary_size:,}")
    return Choice(corpus.id, f"{corpus.name} · {size} · {distinct}")


def checkpoint_choices(rows: list[tuple[Checkpoint, Job]]) -> list[Choice]:
    """Return the checkpoints, those of one job together, newest job first."""
    jobs = dict.fromkeys(job.id for _, job in sorted(rows, key=lambda r: r[1].id, reverse=True))
    grouped = [row for job_id in jobs for row in rows if row[1].id == job_id]
    return [Choice(checkpoint.id, _describe(checkpoint, job)) for checkpoint, job in grouped]


def _describe(row: Checkpoint, job: Job) -> str:
    # The epoch first: a narrow field cuts the end off, and names may be long.
    if job.kind == Kind.IMPORT:
        return " · ".join([_("imported"), job.name])
    parts = [_("epoch %(epoch)s", epoch=row.epoch), job.name]
    if row.val_loss is not None:
        parts.append(_("validation loss %(loss)s", loss=words.loss(row.val_loss)))
    elif row.loss is not None:
        parts.append(_("loss %(loss)s", loss=words.loss(row.loss)))
    return " · ".join([*parts, _("best")] if row.best else parts)
