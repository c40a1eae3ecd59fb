"""``charloom train`` and ``charloom generate``: jobs, followed where that is asked for."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli.commands.options import ApiCommand, Several, settings, speaks

if TYPE_CHECKING:
    from cli.client import Json
    from cli.commands.session import Session

F = TypeVar("F", bound=Callable[..., Any])

JOB_OPTIONS = (
    click.option("--name", metavar="NAME", help="What the job is called."),
    click.option("--priority", type=int, help="Higher goes first among waiting jobs."),
    click.option("--notify", metavar="RECEIVER", multiple=True,
                 help="Receiver that is told of the end; may be given several times."),
    click.option("--gpu", is_flag=True, default=None, help="Run it with a GPU alone."),
    click.option("--memory", type=click.IntRange(1), metavar="BYTES",
                 help="Run it where there is so much: on the card with --gpu, else in the worker."),
    click.option("--label", metavar="LABEL", help="Run it on a node that has this label."),
    click.option("--follow", is_flag=True, help="Show the job until it has ended."),
)  # fmt: skip
# The options that say what it asks of its node, and what a request calls them.
NEEDS = {"gpu": "gpu", "memory": "memory_bytes", "label": "label"}


def job_options(command: F) -> F:
    """Give a command the options that all submissions have."""
    for option in reversed(JOB_OPTIONS):
        command = option(command)
    return command


@click.command(cls=ApiCommand)
@click.argument("corpus")
@click.option(
    "--preset", metavar="PRESET", help="What the recipe starts from: seed, fast, large, tiny."
)
@click.option("--set", "fields", metavar="FIELD=VALUE", multiple=True,
              help="A field of the recipe over the preset's; may be repeated.")  # fmt: skip
@click.option("--from", "start", metavar="CHECKPOINT",
              help="Start from its weights; a training job's id means its best.")  # fmt: skip
@job_options
@speaks()
def train(
    session: "Session",
    corpus: str,
    fields: tuple[str, ...],
    start: str | None,
    follow: bool,
    **more: Any,
) -> None:
    """Train a model on CORPUS (its id or name).

    docs/engine.md says what the presets and fields are.
    """
    from cli.commands.finding import checkpoint_id, corpus_id

    request = settings(fields) | _named(more)
    if start is not None:
        request["from_checkpoint_id"] = checkpoint_id(session.client, start)
    job = session.client.train(corpus_id(session.client, corpus), **request)
    _note_wait(session, job)
    if not follow:
        _submitted(session, job)
        return
    from cli.commands.following import follow_training

    follow_training(session, job)


@click.command(cls=ApiCommand)
@click.argument("source", metavar="JOB_OR_CHECKPOINT", required=False)
@click.option("--model", metavar="NAME", help="Write with a named model's promoted checkpoint.")
@click.option(
    "--prompt", metavar="TEXT", help="What to go on from  [default: an excerpt of the corpus]"
)
@click.option("--length", type=int, help="Characters of each text.")
@click.option("--temperature", type=float, cls=Several, metavar="NUMBER...",
              help="How daring the text is; several numbers write texts at each.")  # fmt: skip
@click.option("--count", type=int, help="Texts at each temperature.")
@click.option("--top-k", type=int, help="Draw only from the k likeliest characters.")
@click.option("--top-p", type=float, help="Draw only from the likeliest of this share.")
@click.option("--stop", metavar="TEXT", multiple=True,
              help="End a text that has written this; may be given several times.")  # fmt: skip
@click.option("--seed", "rng_seed", type=int, help="The same seed gives the same text.")
@click.option("--context", metavar="KIND", help="What the model remembers by: state or window.")
@job_options
@speaks()
def generate(session: "Session", source: str | None, follow: bool, **more: Any) -> None:
    """Write text with a checkpoint, or the best one of a training job (`last`: the newest)."""
    from cli.commands.finding import checkpoint_id

    if (source is None) == (more["model"] is None):
        raise click.UsageError("give a JOB_OR_CHECKPOINT or a --model, one of both")
    request = _named(more)
    if len(request.get("temperature", ())) == 1:
        (request["temperature"],) = request["temperature"]
    checkpoint = None if source is None else checkpoint_id(session.client, source)
    job = session.client.generate(checkpoint, **request)
    _note_wait(session, job)
    if not follow:
        _submitted(session, job)
        return
    from cli.commands.following import follow_generation

    follow_generation(session, job)


def _named(options: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the options that were given; what may be given several times as a
    list."""
    named = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in options.items()
        if value not in (None, ())
    }
    needs = {field: named.pop(option) for option, field in NEEDS.items() if option in named}
    return named | ({"needs": needs} if needs else {})


def _note_wait(session: "Session", job: "Json") -> None:
    """Say why a job waits, where no worker that is there can serve it."""
    if reason := job.get("waiting_reason"):
        session.note(f"Job {job['id']} waits: {reason}.")


def _submitted(session: "Session", job: "Json") -> None:
    hint = f"charloom job events {job['id']} --follow"
    session.made(job, f"Job {job['id']} is {job['status']}; follow it with `{hint}`.")
