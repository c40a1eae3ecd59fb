"""What a word on the command line names: by its id, by its name, or ``last``."""

from collections.abc import Callable, Iterator

from cli.client import Client, Json, Refused
from shared.errors import UserError
from shared.ids import is_id

LAST = "last"
# What somebody asked for a model or a text; a question's job is nobody's last one.
MAKING = ("train", "generate")
# What leaves a checkpoint.
LEAVING = ("train", "import")


def corpus_id(client: Client, word: str) -> str:
    """Return the id of the corpus of that id or name. Raises ``UserError``."""
    return _named("corpus", word, client.corpus, client.corpora)


def schedule_id(client: Client, word: str) -> str:
    """Return the id of the schedule of that id or name. Raises ``UserError``."""
    return _named("schedule", word, client.schedule, client.schedules)


def job(client: Client, word: str, kind: str | None = None) -> Json:
    """Return the job of that id; for ``last`` the newest of a kind, or of those that make things.

    Raises ``UserError``.
    """
    if word != LAST:
        return client.job(word)
    kinds = MAKING if kind is None else (kind,)
    found = [job for each in kinds for job in client.jobs(kind=each, limit=1)]
    if not found:
        raise UserError("there is no job yet" if kind is None else f"there is no {kind} job yet")
    # Ids begin with the time.
    return max(found, key=lambda job: str(job["id"]))


def checkpoint_id(client: Client, word: str) -> str:
    """Return the checkpoint of that id, or the best one of the training job of that id.

    Raises ``UserError``.
    """
    try:
        found = job(client, word, "train")
    except Refused as error:
        if error.status != 404:
            raise
        return _own_checkpoint(client, word)
    if found["kind"] not in LEAVING:
        accepted = ", ".join(LEAVING)
        raise UserError(
            f"job {word} is of kind {found['kind']}; accepted: {accepted}, or a checkpoint"
        )
    return str(client.best_checkpoint(found["id"])["id"])


def _own_checkpoint(client: Client, word: str) -> str:
    try:
        return str(client.checkpoint(word)["id"])
    except Refused as error:
        if error.status != 404:
            raise
        raise UserError(f"there is neither a job nor a checkpoint {word}") from error


def _named(
    noun: str,
    word: str,
    show: Callable[[str], Json],
    listed: Callable[[], Iterator[Json]],
) -> str:
    if is_id(word):
        return str(show(word)["id"])
    found = [row["id"] for row in listed() if row["name"] == word]
    if not found:
        raise UserError(f"no {noun} is called {word!r}; `charloom {noun} list` has all names")
    if len(found) > 1:
        raise UserError(
            f"{len(found)} of them are called {word!r}: name the {noun} by its id, one of "
            + ", ".join(found)
        )
    return str(found[0])
