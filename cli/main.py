"""The ``charloom`` command."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import click

from cli.care import COMMANDS
from cli.commands import register
from cli.commands.options import team_option, token_option, url_option
from cli.errors import SERVER_EXIT, ServerFailed
from cli.terminal import shown
from shared.errors import CharloomError


class ServiceAway(click.ClickException):
    """The server or the network failed."""

    exit_code = SERVER_EXIT


class Commands(click.Group):
    """Commands whose errors are one clear line, without a traceback. The exit code is 3 where the
    server or the network failed, else 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except CharloomError as error:
            kind = ServiceAway if isinstance(error, ServerFailed) else click.ClickException
            raise kind(shown(str(error))) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False,
              callback=lambda ctx, _, wanted: _show_version(ctx) if wanted else None,
              help="Show the version and exit.")  # fmt: skip
@url_option
@token_option
@team_option
def main(server: str | None, token_file: Path | None, acting_in: str | None) -> None:
    """Train character-level LSTM language models on your own text.

    `charloom demo` shows all of it in a few minutes; `charloom up` runs the service. Settings
    come from CHARLOOM_* variables, which docs/settings.md lists. The other commands speak to a
    service that runs: docs/command.md shows each.
    """


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True,
              help="Address to listen on; only this machine's own are accepted.")  # fmt: skip
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535),
              help="Port to listen on.")  # fmt: skip
@click.option("--data", default=Path("var"), show_default=True, type=click.Path(path_type=Path),
              help="Folder for the database and the API's token; made where missing.")  # fmt: skip
def up(host: str, port: int, data: Path) -> None:
    """Run the whole service on this machine.

    Starts a Redis server (unless CHARLOOM_REDIS_URL names one), the web server, beat and the
    workers train, generate and maintenance; migrates the database first (SQLite in --data, unless
    CHARLOOM_DATABASE_URL names another). A part that dies is started again.

    Ctrl-C stops everything: a training job is handed back and goes on with the next `up`.
    """
    from cli.stack import Options
    from cli.stack import up as run

    run(Options(host, port, data))


@main.command()
@click.option("--database-url", metavar="URL",
              help="Database to migrate  [default: CHARLOOM_DATABASE_URL]")  # fmt: skip
def migrate(database_url: str | None) -> None:
    """Bring the database's tables up to date.

    `charloom up` does this by itself; run it before a new version of web and workers elsewhere.
    """
    from cli.database import migrate as run
    from cli.database import without_password
    from shared.settings import load_settings

    url = database_url or load_settings().database_url
    run(url)
    click.echo(f"The database {without_password(url)} is up to date.")


@main.command()
@click.option("--data", default=Path("var/demo"), show_default=True,
              type=click.Path(path_type=Path), help="Folder for what the demo leaves.")  # fmt: skip
@click.option("--seconds", default=60.0, show_default=True, type=click.FloatRange(1, 86400),
              help="How long to train, about.")  # fmt: skip
def demo(data: Path, seconds: float) -> None:
    """Train a model on a real text and write with it, in a few minutes.

    Starts the service on a free port, takes Shakespeare (or Python's reference, where the network
    does not give it), measures this machine, trains the `seed` preset for --seconds, writes text
    with the best checkpoint, and stops the service again.
    """
    from cli.demo import run_demo

    run_demo(data, seconds)


def _show_version(ctx: click.Context) -> None:
    try:
        found = version("charloom")
    except PackageNotFoundError:
        found = "unknown (not installed)"
    click.echo(f"charloom {found}")
    ctx.exit()


for command in COMMANDS:
    main.add_command(command)
register(main)
