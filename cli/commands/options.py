"""What the commands that speak to the API have in common: their options, and how they end."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click

from cli.errors import INTERRUPTED_EXIT

URL, DATA = "http://127.0.0.1:8000", Path("var")
NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")

CONNECTION = ("server", "token_file", "data", "acting_in")
URL_HELP = f"The service's address  [default: CHARLOOM_URL, else {URL}]"
TOKEN_HELP = "File with the API's token  [default: CHARLOOM_TOKEN, CHARLOOM_TOKEN_FILE, DATA/token]"  # noqa: S105  # nosec B105

url_option = click.option("--url", "server", metavar="URL", help=URL_HELP)
token_option = click.option(
    "--token-file", type=click.Path(path_type=Path, dir_okay=False), help=TOKEN_HELP
)
data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    help=f"Folder of a service on this machine, for its token  [default: {DATA}]",
)
team_option = click.option(
    "--team",
    "acting_in",
    metavar="TEAM",
    help="Team to act in, for administrators  [default: CHARLOOM_TEAM]",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document and nothing else."
)


class Several(click.Option):
    """An option that takes several numbers after it: ``--temperature 0.4 0.8``."""

    def __init__(self, names: Sequence[str], **settings: Any):
        super().__init__(names, **settings | {"multiple": True})


class ApiCommand(click.Command):
    """A command that Ctrl-C ends with its own exit code, and that may have ``Several`` options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line."""
        several = [n for p in self.params if isinstance(p, Several) for n in p.opts]
        return super().parse_args(ctx, spread(args, several))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED_EXIT)


class ApiGroup(click.Group):
    """A noun, with commands that speak to the API."""

    command_class = ApiCommand


def spread(args: Iterable[str], several: Iterable[str]) -> list[str]:
    """Return ``args`` with the name of an option among ``several`` before each of its numbers."""
    spread_out: list[str] = []
    current, value_is_due, rest = "", False, False
    for arg in args:
        name, equals, _ = arg.partition("=")
        rest = rest or arg == "--"
        if not rest and name in several:
            current, value_is_due = name, not equals
        elif value_is_due:
            value_is_due = False
        elif not rest and current and NUMBER.fullmatch(arg):
            spread_out.append(current)
        else:
            current = ""
        spread_out.append(arg)
    return spread_out


def speaks(own_url: bool = True) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of the connection, and a ``Session`` as its first argument.

    Without ``own_url`` the command's own ``--url`` means something else: there the service's
    address stands before the command (``charloom --url ...``), or in CHARLOOM_URL.
    """
    options = [token_option, data_option, team_option, json_option]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def wrapper(**kwargs: Any) -> None:
            # Not before it is needed: help and completion should come at once.
            from cli.commands.session import opened

            own = {name: kwargs.pop(name, None) for name in CONNECTION}
            before = click.get_current_context().find_root().params
            own = {name: value or before.get(name) for name, value in own.items()}
            with opened(as_json=kwargs.pop("as_json"), **own) as session:
                command(session, **kwargs)

        for option in [url_option, *options] if own_url else options:
            wrapper = option(wrapper)
        return wrapper

    return decorate


def settings(given: Iterable[str], option: str = "--set") -> dict[str, Any]:
    """Return the fields of ``FIELD=VALUE`` words: of the training recipe, or of generation.

    Raises ``click.UsageError``, and ``UserError`` for a field that there is not.
    """
    fields = parsed(given, option)
    if fields:
        _check_names(fields, option)
    return fields


def _check_names(fields: Iterable[str], option: str) -> None:
    from difflib import get_close_matches

    from shared.errors import UserError
    from shared.jobs.requests import GenerationRequest, TrainingRequest
    from shared.specs import GenerationSpec, TrainingSpec

    for_training = option == "--set"
    known = (TrainingRequest if for_training else GenerationRequest).model_fields
    listed = [*(TrainingSpec if for_training else GenerationSpec).model_fields]
    for name in fields:
        if name not in known:
            close = get_close_matches(name, listed, 1)
            guess = f"; did you mean {close[0]}?" if close else ";"
            accepted = f"accepted: {', '.join(listed)}"
            raise UserError(f"{option} {name}: there is no such field{guess} {accepted}")


def parsed(given: Iterable[str], option: str) -> dict[str, Any]:
    """Return the fields of ``FIELD=VALUE`` words. Raises ``click.UsageError``."""
    import json

    fields: dict[str, Any] = {}
    for word in given:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{option} {word}: accepted is FIELD=VALUE")
        try:
            fields[name] = json.loads(value)
        except ValueError:
            fields[name] = value
    return fields
