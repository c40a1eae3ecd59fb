"""``charloom model``: names with a promoted checkpoint."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.commands.downloads import fetch, target_option
from cli.commands.options import ApiGroup, speaks

if TYPE_CHECKING:
    from cli.client import Json
    from cli.commands.session import Session

FILES = {"model": "model.keras", "text": "output.txt"}

reason_option = click.option("--reason", metavar="TEXT", help="What the history says of it.")


@click.group(cls=ApiGroup)
def model() -> None:
    """Names that stand for a promoted checkpoint, with their history."""


@model.command("list")
@speaks()
def list_(session: "Session") -> None:
    """List the models, oldest first."""
    from cli.commands.showing import moment

    rows = list(session.client.models())
    if session.as_json:
        session.document(rows)
        return
    names = ("name", "checkpoint", "margin", "most copied", "created")
    fields = ("name", "checkpoint_id", "margin", "most_copied")
    session.table(names, ((*(r[f] for f in fields), moment(r["created_at"])) for r in rows))


@model.command()
@click.argument("name")
@speaks()
def show(session: "Session", name: str) -> None:
    """Show a model."""
    found = session.client.model(name)
    if session.as_json:
        session.document(found)
    else:
        session.card({field: found[field] for field in found if field != "links"})


@model.command()
@click.argument("name")
@speaks()
def history(session: "Session", name: str) -> None:
    """List what was decided about a model's checkpoints, oldest first."""
    from cli.commands.showing import moment

    rows = list(session.client.history(name))
    if session.as_json:
        session.document(rows)
        return
    fields = ("action", "reason", "bits_per_character", "copied_share", "checkpoint_id")
    names = ("time", "decision", "reason", "bits", "copied", "checkpoint")
    session.table(names, ((moment(r["created_at"]), *(r[f] for f in fields)) for r in rows))


@model.command()
@click.argument("name")
@click.option("--margin", type=float, help="Bits a character that a candidate must be better by.")
@click.option("--most-copied", type=float, help="Share of what it writes that may be copied.")
@speaks()
def edit(session: "Session", name: str, **policy: float | None) -> None:
    """Change what a candidate must do to be promoted; what is left out stays as it is."""
    from cli.client.base import given

    changes = given(policy)
    if not changes:
        raise click.UsageError("nothing is to be changed: give --margin, --most-copied or both")
    found = session.client.change_model(name, **changes)
    wanted = f"margin {found['margin']:g}, most copied {found['most_copied']:g}"
    session.done(found, f"Model {name}: {wanted}.")


@model.command()
@click.argument("name")
@click.argument("checkpoint", metavar="JOB_OR_CHECKPOINT")
@reason_option
@speaks()
def promote(session: "Session", name: str, checkpoint: str, reason: str | None) -> None:
    """Make a checkpoint NAME's, whatever was judged; a new NAME makes a new model."""
    from cli.commands.finding import checkpoint_id

    found = checkpoint_id(session.client, checkpoint)
    _told(session, session.client.promote(name, found, reason))


@model.command()
@click.argument("name")
@reason_option
@speaks()
def rollback(session: "Session", name: str, reason: str | None) -> None:
    """Make the checkpoint NAME's again that was promoted before."""
    _told(session, session.client.roll_back(name, reason))


@model.command()
@click.argument("name")
@click.option("--what", type=click.Choice([*FILES]), default="model", show_default=True,
              help="The promoted model, or what was written with it last.")  # fmt: skip
@target_option
@speaks()
def download(session: "Session", name: str, what: str, target: Path) -> None:
    """Download what is promoted now."""
    from cli.client.base import at

    fetch(session, at("models", name, "latest", FILES[what]), target)


def _told(session: "Session", model: "Json") -> None:
    session.done(model, f"Model {model['name']}: checkpoint {model['checkpoint_id']} is promoted.")
