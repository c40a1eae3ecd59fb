"""``charloom job``: what was submitted, and the moves that its owner may make."""

import json
from typing import TYPE_CHECKING, Any

import click

from cli.commands.options import ApiGroup, speaks

if TYPE_CHECKING:
    from cli.client import Json
    from cli.commands.session import Session

KINDS = click.Choice(["train", "generate", "score", "verify", "import"])
STATUSES = click.Choice(["queued", "running", "paused", "succeeded", "failed", "cancelled"])
MOST_SHOWN = 200
MOVES = {
    "cancel": "Cancel a job; a running one ends when its worker has stopped.",
    "pause": "Pause a job; a running one when its state is saved.",
    "resume": "Queue a paused job again.",
    "retry": "Queue a failed or cancelled job again; it goes on from its saved state.",
}


@click.group(cls=ApiGroup)
def job() -> None:
    """List, show, move and delete jobs. JOB is an id, or `last` for the newest."""


@job.command("list")
@click.option("--kind", type=KINDS, help="Only jobs of this kind.")
@click.option("--status", type=STATUSES, help="Only jobs that stand so.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True,
              help="At most so many, the newest.")  # fmt: skip
@speaks()
def list_(session: "Session", kind: str | None, status: str | None, limit: int) -> None:
    """List the jobs, newest first."""
    rows = list(session.client.jobs(kind, status, limit))
    if session.as_json:
        session.document(rows)
    else:
        session.table(("id", "kind", "status", "done", "name", "created"), map(_row, rows))


@job.command()
@click.argument("job")
@speaks()
def show(session: "Session", job: str) -> None:
    """Show a job: with its epochs and kept checkpoints, or what came of its question."""
    from cli.commands import finding

    found = finding.job(session.client, job)
    result = _result(session, found)
    if session.as_json:
        session.document(found | ({"result": result} if result else {}))
        return
    session.card(_card(found) | {"result": _in_short(result)})
    if found["kind"] == "train":
        _show_epochs(session, found["id"])


@job.command()
@click.argument("job")
@click.option("--after", type=click.IntRange(0), default=0, help="Only those behind this number.")
@click.option("--follow", is_flag=True, help="Go on until the job has ended.")
@speaks()
def events(session: "Session", job: str, after: int, follow: bool) -> None:
    """List what happened to a job, oldest first."""
    from cli.commands import finding

    found = finding.job(session.client, job)["id"]
    rows = session.client.listed(f"/jobs/{found}/events", after=after)
    if follow:
        rows = filter(lambda event: event["seq"], session.client.follow(found, after))
    if session.as_json:
        session.document(list(rows))
        return
    try:
        for event in rows:
            click.echo(_line(event, session.terminal))
    except KeyboardInterrupt:
        click.echo(f"\nNo longer followed; job {found} goes on.", err=True)
        raise


def _add_move(name: str, summary: str) -> None:
    @job.command(name, help=summary)
    @click.argument("job")
    @speaks()
    def command(session: "Session", job: str) -> None:
        from cli.commands import finding

        moved = session.client.move(finding.job(session.client, job)["id"], name)
        asked = f"; asked to {moved['requested']}" if moved["requested"] else ""
        session.done(moved, f"Job {moved['id']} is {moved['status']}{asked}.")


for _name, _summary in MOVES.items():
    _add_move(_name, _summary)


@job.command()
@click.argument("job")
@speaks()
def rm(session: "Session", job: str) -> None:
    """Delete an ended job with its epochs, samples, checkpoints, texts and events."""
    from cli.commands import finding

    found = finding.job(session.client, job)["id"]
    session.client.delete_job(found)
    session.done({"deleted": found}, f"Deleted job {found}.")


def _row(job: "Json") -> tuple[Any, ...]:
    from cli.commands.showing import moment

    done = f"{job['progress']['fraction']:.0%}"
    return job["id"], job["kind"], job["status"], done, job["name"], moment(job["created_at"])


def _card(job: "Json") -> dict[str, Any]:
    from cli.commands.showing import moment
    from cli.progress import describe

    times = {name: moment(job[f"{name}_at"]) for name in ("created", "started", "finished")}
    kept = ("id", "name", "kind", "status", "requested", "preset", "priority", "worker")
    card = {name: job[name] for name in kept} | {name: t for name, t in times.items() if t != "-"}
    error = job["error"] and f"{job['error']['code']}: {job['error']['message']}"
    standing = None if describe(job) == job["status"] else describe(job)
    checkpoint = {"checkpoint": job["checkpoint_id"], "corpus version": job["corpus_version_id"]}
    needs = {name: value for name, value in (job.get("needs") or {}).items() if value}
    waits = {"needs": needs, "standing": standing, "waiting reason": job.get("waiting_reason")}
    return card | checkpoint | waits | {"error": error, "spec": job["spec"]}


def _result(session: "Session", job: "Json") -> "Json":
    """Return what came of a scoring or a verification that has succeeded."""
    if job["kind"] in ("score", "verify") and job["status"] == "succeeded":
        return session.client.get(f"/jobs/{job['id']}/result")
    return {}


def _in_short(result: "Json") -> "Json":
    """Return the short parts of a result; all of it is in the JSON."""
    return {name: v for name, v in result.items() if isinstance(v, str | int | float)}


def _show_epochs(session: "Session", job_id: str) -> None:
    kept = {row["epoch"]: row for row in session.client.rows(job_id, "checkpoints")}
    epochs = session.client.rows(job_id, "epochs")
    if not epochs:
        return
    rows = []
    for epoch in epochs:
        checkpoint = kept.get(epoch["epoch"], {"id": None, "best": False})
        best = "best" if checkpoint["best"] else ""
        rows.append((epoch["epoch"], epoch["loss"], epoch["val_loss"], checkpoint["id"], best))
    session.table(("epoch", "loss", "validation", "checkpoint", ""), rows)


def _line(event: "Json", short: bool) -> str:
    """Return an event in a line; a ``short`` one, for people, is cut, and tells no text."""
    from cli.commands.showing import cell, moment

    data = event["data"]
    if short and event["type"] == "text":
        data = {"characters": sum(piece["characters"] for piece in data["pieces"])}
    told = json.dumps(data, ensure_ascii=False) if data else ""
    # For programs what could end a line is escaped, as JSON can say it.
    escaped = (c if c.isprintable() else json.dumps(c)[1:-1] for c in told)
    told = cell(told)[:MOST_SHOWN] if short else "".join(escaped)
    return f"{event['seq']:>5}  {moment(event['created_at'])}  {event['type']:<10}  {told}".rstrip()
