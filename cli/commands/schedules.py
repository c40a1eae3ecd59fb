"""``charloom schedule``: what is retrained, and when."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli.commands.options import ApiGroup, settings, speaks

if TYPE_CHECKING:
    from cli.client import Client, Json
    from cli.commands.session import Session

F = TypeVar("F", bound=Callable[..., Any])

FIELDS = (
    click.option("--cron", metavar="LINE", help="When: five fields, or hourly, nightly, weekly."),
    click.option("--time-zone", metavar="ZONE", help="Where that is read, as Europe/Berlin."),
    click.option("--corpus", metavar="CORPUS", help="The corpus that is trained on: id or name."),
    click.option("--model", metavar="NAME", help="The model that runs are candidates for."),
    click.option("--url", metavar="URL", help="Fetch the text from here first."),
    click.option("--lowercase/--no-lowercase", default=None, help="Clean a fetched text so."),
    click.option("--nfc/--no-nfc", default=None, help="Clean a fetched text so."),
    click.option("--squeeze/--no-squeeze", default=None, help="Clean a fetched text so."),
    click.option("--preset", metavar="PRESET", help="What the recipe starts from."),
    click.option("--set", "training", metavar="FIELD=VALUE", multiple=True,
                 help="A field of the recipe over the preset's; may be given several times."),
    click.option("--generate", "generation", metavar="FIELD=VALUE", multiple=True,
                 help="Write with what was promoted, as `length=2000` says."),
    click.option("--start-from", metavar="WHAT", help="scratch, promoted or last."),
    click.option("--overlap", metavar="WHAT", help="skip, queue or replace."),
    click.option("--missed", metavar="WHAT", help="newest or none."),
    click.option("--notify", metavar="RECEIVER", multiple=True,
                 help="Receiver that is told; may be given several times."),
    click.option("--enabled/--disabled", default=None, help="Whether it fires."),
)  # fmt: skip


def schedule_fields(command: F) -> F:
    """Give a command the fields of a schedule."""
    for option in reversed(FIELDS):
        command = option(command)
    return command


@click.group(cls=ApiGroup)
def schedule() -> None:
    """What is retrained, and when. SCHEDULE is an id, or a name that only one has."""


@schedule.command("list")
@speaks()
def list_(session: "Session") -> None:
    """List the schedules, newest first."""
    from cli.commands.showing import moment

    rows = list(session.client.schedules())
    if session.as_json:
        session.document(rows)
        return
    fields = ("id", "name", "model", "enabled", "cron", "time_zone")
    names = ("next", "id", "name", "model", "enabled", "cron", "time zone")
    session.table(names, ((moment(_next(r)), *(r[f] for f in fields)) for r in rows))


@schedule.command()
@click.argument("schedule")
@speaks()
def show(session: "Session", schedule: str) -> None:
    """Show a schedule with its next five times."""
    from cli.commands.showing import moment

    found = session.client.schedule(_id(session.client, schedule))
    if session.as_json:
        session.document(found)
        return
    times = [moment(time) for time in found["next_times"]]
    shown = {k: v for k, v in found.items() if k not in ("links", "next_due_at", "next_times")}
    session.card(shown | {"created_at": moment(found["created_at"]), "next_times": times})


@schedule.command()
@click.argument("name")
@schedule_fields
@speaks(own_url=False)
def add(session: "Session", name: str, **options: Any) -> None:
    """Add a schedule called NAME; --cron, --corpus and --model are needed."""
    for needed in ("cron", "corpus", "model"):
        if options[needed] is None:
            raise click.UsageError(f"--{needed} is needed")
    made = session.client.add_schedule(name=name, **_fields(session.client, options, {}))
    session.made(made, f"Schedule {made['id']}: {_due(made)}.")


@schedule.command()
@click.argument("schedule")
@click.option("--name", metavar="NAME", help="Another name.")
@schedule_fields
@speaks(own_url=False)
def edit(session: "Session", schedule: str, name: str | None, **options: Any) -> None:
    """Change a schedule; what is left out stays as it is."""
    before = session.client.schedule(_id(session.client, schedule))
    fields = _fields(session.client, options, before) | ({} if name is None else {"name": name})
    if not fields:
        raise click.UsageError("nothing is to be changed: give at least one option")
    changed = session.client.change_schedule(before["id"], **fields)
    session.done(changed, f"Schedule {changed['id']}: {_due(changed)}.")


@schedule.command()
@click.argument("schedule")
@speaks()
def run(session: "Session", schedule: str) -> None:
    """Run a schedule now, besides its times."""
    made = session.client.run_schedule(_id(session.client, schedule))
    session.made(made, f"Run {made['id']} is {made['status']}.")


@schedule.command()
@click.argument("schedule")
@speaks()
def runs(session: "Session", schedule: str) -> None:
    """List what became of each time, oldest first."""
    from cli.commands.showing import moment

    rows = list(session.client.runs(_id(session.client, schedule)))
    if session.as_json:
        session.document(rows)
        return
    fields = ("status", "reason", "by_hand", "job_id")
    table = ((moment(r["due_at"]), *(r[f] for f in fields)) for r in rows)
    session.table(("due", "status", "reason", "by hand", "job"), table)


@schedule.command()
@click.argument("schedule")
@speaks()
def rm(session: "Session", schedule: str) -> None:
    """Delete a schedule and its history; its jobs and its model stay."""
    found = _id(session.client, schedule)
    session.client.delete_schedule(found)
    session.done({"deleted": found}, f"Deleted schedule {found}.")


def _id(client: "Client", word: str) -> str:
    from cli.commands.finding import schedule_id

    return schedule_id(client, word)


def _next(schedule: "Json") -> str | None:
    return next(iter(schedule["next_times"]), None)


def _due(schedule: "Json") -> str:
    from cli.commands.showing import moment

    due = _next(schedule)
    return "it is disabled" if due is None else f"next due at {moment(due)}"


def _fields(client: "Client", options: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Return the request's fields of the options that were given, over those of ``before``."""
    from cli.client.base import given
    from cli.commands.finding import corpus_id

    own = ("preset", "training", "generation", "corpus", "notify")
    fields = given({name: value for name, value in options.items() if name not in own})
    if options["corpus"] is not None:
        fields["corpus_id"] = corpus_id(client, options["corpus"])
    if options["notify"]:
        fields["notify"] = list(options["notify"])
    training = settings(options["training"]) | given({"preset": options["preset"]})
    if training:
        # A preset of its own for fields alone, as where no recipe is named at all.
        fields["training"] = before.get("training", {"preset": "fast"}) | training
    if options["generation"]:
        more = settings(options["generation"], "--generate")
        fields["generation"] = (before.get("generation") or {}) | more
    return fields
