"""The commands that speak to an installation's API, a file per noun."""

import click

from cli.commands import (
    accounts,
    checkpoints,
    completion,
    corpora,
    downloads,
    jobs,
    models,
    nodes,
    schedules,
    submitting,
    teams,
    tokens,
)


def register(main: click.Group) -> None:
    """Add the commands to ``charloom``."""
    for command in (
        corpora.corpus,
        submitting.train,
        submitting.generate,
        jobs.job,
        checkpoints.checkpoint,
        downloads.download,
        schedules.schedule,
        models.model,
        nodes.node,
        accounts.user,
        teams.team,
        tokens.token,
        accounts.audit,
        completion.completion,
    ):
        main.add_command(command)
